package keys

import (
	"encoding/binary"
	"encoding/hex"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"unicode/utf8"

	"github.com/gotensor/gotensor/primitives/hash"
)

// DevPhrase is the mnemonic behind every URI that starts with "/", so also behind //Alice. Everybody knows it:
// nothing of value belongs under its keys. Source: sp_core crypto.rs, DEV_PHRASE.
const DevPhrase = "bottom drive obey lake curtain smoke basket hold race lonely fit walk"

// DevAddress is the sr25519 address of DevPhrase, SS58 prefix 42: the default of public key URIs.
const DevAddress = "5DfhGyQdFobKM8NsWvEeAKk5EQQgYe9AydgJ7rMB6E1EqRzV"

// MaxURILength bounds a secret or public key URI, in bytes. Substrate has no bound; a soft junction costs a
// multiplication on the curve, and URIs also come from RPC clients and from guests.
const MaxURILength = 8192

// What can be wrong with a secret or public key URI. Errors of this package wrap one of these and never quote
// the URI: it is a secret.
var (
	ErrURISyntax       = errors.New("key URI syntax")         // not phrase, path, password
	ErrPhrase          = errors.New("mnemonic phrase")        // wrong word count, unknown word, or checksum
	ErrSeed            = errors.New("secret seed")            // not hex, wrong length, or not a secret key of the scheme
	ErrSoftJunction    = errors.New("soft junction")          // ed25519 and ecdsa derive hard only
	ErrHardJunction    = errors.New("hard junction")          // a public key derives soft only
	ErrPublicPassword  = errors.New("password in public URI") // a public key needs none
	ErrPublicKey       = errors.New("public key")             // wrong length, or no point of the curve
	ErrUnknownScheme   = errors.New("unknown signature scheme")
	errMnemonicEntropy = errors.New("entropy length") // see EncodeMnemonic
)

// Junction is one step of a derivation path.
type Junction struct {
	Hard bool     // needs the secret key; a soft one derives public keys as well
	Code [32]byte // the chain code
}

// ParseJunction reads one path item without its slashes: a decimal number below 2^64 becomes the chain code as
// u64, little-endian; anything else as a SCALE string; a chain code above 32 bytes is hashed by blake2b-256.
// Leading zeros and one leading "+" are read as Rust's u64 parser reads them.
// Source: sp_core crypto.rs, DeriveJunction.
func ParseJunction(item string, hard bool) Junction {
	j := Junction{Hard: hard}
	if n, err := strconv.ParseUint(strings.TrimPrefix(item, "+"), 10, 64); err == nil {
		binary.LittleEndian.PutUint64(j.Code[:], n)
		return j
	}
	encoded := appendCompactLength(make([]byte, 0, len(item)+4), len(item))
	encoded = append(encoded, item...)
	if len(encoded) > len(j.Code) {
		j.Code = hash.Blake2b256(encoded)
	} else {
		copy(j.Code[:], encoded)
	}
	return j
}

// appendCompactLength appends the SCALE compact form of a length below 2^30. MaxURILength keeps lengths there.
func appendCompactLength(b []byte, n int) []byte {
	switch {
	case n < 1<<6:
		return append(b, byte(n<<2))
	case n < 1<<14:
		return append(b, byte(n<<2|1), byte(n>>6))
	default:
		return append(b, byte(n<<2|2), byte(n>>6), byte(n>>14), byte(n>>22))
	}
}

// URI is a parsed key URI: phrase/soft//hard///password. Its fields are secrets; formatting it prints none of them.
type URI struct {
	Phrase    string     // a mnemonic, a 0x seed, or for public URIs an address; empty means the development default
	Junctions []Junction // in order
	Password  *string    // nil where the URI has none; "" where it ends in "///"
}

// Format implements fmt.Formatter and prints no secret, whatever the verb.
func (u URI) Format(f fmt.State, _ rune) { _, _ = f.Write([]byte("key URI (redacted)")) }

// ParseURI splits a key URI. The phrase takes ASCII letters, digits and spaces; a path item anything but "/"; the
// password, after "///", anything but a line feed. Errors: ErrURISyntax. Source: sp_core address_uri.rs.
func ParseURI(s string) (URI, error) {
	if len(s) > MaxURILength {
		return URI{}, fmt.Errorf("%w: %d bytes, the maximum is %d", ErrURISyntax, len(s), MaxURILength)
	}
	if !utf8.ValidString(s) {
		return URI{}, fmt.Errorf("%w: not UTF-8", ErrURISyntax)
	}
	end := strings.IndexFunc(s, func(r rune) bool {
		return !(r >= '0' && r <= '9' || r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z' || r == ' ')
	})
	if end < 0 {
		end = len(s)
	}
	u := URI{Phrase: s[:end]}
	for at := end; at < len(s); {
		rest := s[at:]
		if password, ok := strings.CutPrefix(rest, "///"); ok {
			if i := strings.IndexByte(password, '\n'); i >= 0 {
				return URI{}, fmt.Errorf("%w: line feed in the password at byte %d", ErrURISyntax, at+3+i)
			}
			u.Password = &password
			return u, nil
		}
		item, ok := strings.CutPrefix(rest, "/")
		if !ok {
			return URI{}, fmt.Errorf("%w: character of the phrase at byte %d", ErrURISyntax, at)
		}
		item, hard := strings.CutPrefix(item, "/")
		if i := strings.IndexByte(item, '/'); i >= 0 {
			item = item[:i]
		}
		if item == "" {
			return URI{}, fmt.Errorf("%w: empty junction at byte %d", ErrURISyntax, at)
		}
		u.Junctions = append(u.Junctions, ParseJunction(item, hard))
		at += 1 + len(item)
		if hard {
			at++
		}
	}
	return u, nil
}

// FromURI makes the key pair of a secret URI: a mnemonic or a 0x seed of 32 bytes, or nothing, which means DevPhrase;
// then a path and a password. password, where not empty, replaces the one in the URI. A password goes into the
// seed of a mnemonic and is ignored beside a 0x seed, as in Substrate.
// Errors: ErrURISyntax, ErrPhrase, ErrSeed, ErrSoftJunction (ed25519 and ecdsa), ErrUnknownScheme.
func FromURI(scheme Scheme, uri, password string) (Pair, error) {
	u, err := ParseURI(uri)
	if err != nil {
		return nil, err
	}
	if password == "" && u.Password != nil {
		password = *u.Password
	}
	phrase := u.Phrase
	if phrase == "" {
		phrase = DevPhrase
	}
	var seed [32]byte
	if digits, ok := strings.CutPrefix(phrase, "0x"); ok {
		// Substrate's decoder takes the prefix off a second time.
		digits = strings.TrimPrefix(digits, "0x")
		if len(digits) != 2*len(seed) {
			return nil, fmt.Errorf("%w: %d hex digits, expected %d", ErrSeed, len(digits), 2*len(seed))
		}
		if _, err := hex.Decode(seed[:], []byte(digits)); err != nil {
			return nil, fmt.Errorf("%w: not hexadecimal", ErrSeed)
		}
	} else {
		full, err := MnemonicSeed(phrase, password)
		if err != nil {
			return nil, err
		}
		copy(seed[:], full[:])
	}
	pair, err := FromSeed(scheme, seed[:])
	if err != nil {
		return nil, err
	}
	return pair.derive(u.Junctions)
}

// PublicFromURI makes the public key of a public URI: an address or 0x public key, or nothing, which means DevAddress;
// then soft junctions, which sr25519 alone can derive. address decodes an SS58 address to its public key.
// Errors: ErrURISyntax, ErrPublicPassword, ErrPublicKey, ErrHardJunction, ErrSoftJunction, ErrUnknownScheme, those of address.
// Source: sp_core crypto.rs, Ss58Codec::from_string.
func PublicFromURI(scheme Scheme, uri string, address func(string) ([]byte, error)) ([]byte, error) {
	size := scheme.PublicKeySize()
	if size == 0 {
		return nil, ErrUnknownScheme
	}
	u, err := ParseURI(uri)
	if err != nil {
		return nil, err
	}
	if u.Password != nil {
		return nil, ErrPublicPassword
	}
	phrase := u.Phrase
	if phrase == "" {
		phrase = DevAddress
	}
	var public []byte
	if digits, ok := strings.CutPrefix(phrase, "0x"); ok {
		if public, err = hex.DecodeString(strings.TrimPrefix(digits, "0x")); err != nil {
			return nil, fmt.Errorf("%w: %q is not hexadecimal", ErrPublicKey, phrase)
		}
	} else if public, err = address(phrase); err != nil {
		return nil, err
	}
	if len(public) != size {
		return nil, fmt.Errorf("%w: %d bytes, expected %d for %s", ErrPublicKey, len(public), size, scheme)
	}
	if len(u.Junctions) == 0 {
		return public, nil
	}
	if scheme != Sr25519 {
		return nil, fmt.Errorf("%w: %s public keys derive no keys", ErrSoftJunction, scheme)
	}
	derived, err := Sr25519DerivePublic([32]byte(public), u.Junctions)
	if err != nil {
		return nil, err
	}
	return derived[:], nil
}
