package keys

import (
	"crypto/rand"
	"fmt"

	"github.com/gotensor/gotensor/primitives/hash"
)

// Pair is a secret key with its public key. All implementations are safe for concurrent use, and format as scheme
// and public key only, whatever the verb.
type Pair interface {
	Scheme() Scheme
	// Public returns the public key as it stands on the wire: 32 bytes, or 33 compressed for ecdsa.
	Public() []byte
	// Sign signs message: 64 bytes, or 65 (r, s, recovery id) for ecdsa, which signs blake2b-256 of the message.
	Sign(message []byte) []byte
	// Seed returns the 32 bytes that FromSeed makes this pair of. sr25519 pairs behind a soft junction, or made of
	// a 64-byte secret, have none.
	Seed() (seed []byte, ok bool)
	fmt.Formatter
	derive(path []Junction) (Pair, error)
}

// PublicKeySize returns the length of the scheme's public keys in bytes, 0 for an unknown scheme.
func (s Scheme) PublicKeySize() int {
	switch s {
	case Ed25519, Sr25519:
		return 32
	case Ecdsa:
		return 33
	}
	return 0
}

// SignatureSize returns the length of the scheme's signatures in bytes, 0 for an unknown scheme.
func (s Scheme) SignatureSize() int {
	switch s {
	case Ed25519, Sr25519:
		return 64
	case Ecdsa:
		return 65
	}
	return 0
}

// ParseScheme reads the name of a scheme as Scheme.String writes it.
func ParseScheme(name string) (Scheme, error) {
	for _, s := range []Scheme{Ed25519, Sr25519, Ecdsa} {
		if s.String() == name {
			return s, nil
		}
	}
	return 0, fmt.Errorf("%w: %q, expected sr25519, ed25519 or ecdsa", ErrUnknownScheme, name)
}

// FromSeed makes a pair of a 32-byte seed; sr25519 also takes the 64 bytes of Sr25519Pair.Secret.
// Errors: ErrSeed (wrong length; for ecdsa also zero or at least the group order), ErrUnknownScheme.
func FromSeed(scheme Scheme, seed []byte) (Pair, error) {
	if scheme == Sr25519 && len(seed) == 64 {
		return sr25519FromSecret([64]byte(seed), nil)
	}
	if scheme.PublicKeySize() == 0 {
		return nil, ErrUnknownScheme
	}
	if len(seed) != 32 {
		return nil, fmt.Errorf("%w: %d bytes, expected 32", ErrSeed, len(seed))
	}
	switch scheme {
	case Sr25519:
		return NewSr25519([32]byte(seed)), nil
	case Ed25519:
		return NewEd25519([32]byte(seed)), nil
	default:
		return NewEcdsa([32]byte(seed))
	}
}

// Generate makes a pair of a fresh 12-word mnemonic, returned beside it, and a password that may be empty. The phrase
// alone does not restore a pair made with a password.
func Generate(scheme Scheme, password string) (Pair, string, error) {
	phrase, err := GenerateMnemonic(12)
	if err != nil {
		return nil, "", err
	}
	pair, err := FromURI(scheme, phrase, password)
	return pair, phrase, err
}

// Verify reports whether sig is scheme's signature of message by public. Lengths that do not fit are false, as is an
// unknown scheme. These are the rules of the host's newest verify functions: a signature without the schnorrkel
// marker is refused (Sr25519VerifyDeprecated takes it), as is an overflowing ecdsa signature (EcdsaVerifyOverflowing).
func Verify(scheme Scheme, sig, message, public []byte) bool {
	switch scheme {
	case Sr25519:
		return Sr25519Verify(sig, message, public)
	case Ed25519:
		return Ed25519Verify(sig, message, public)
	case Ecdsa:
		return EcdsaVerify(sig, message, public)
	}
	return false
}

// AccountID returns the account that a public key controls: the key itself, or blake2b-256 of an ecdsa key.
// Errors: ErrPublicKey (length), ErrUnknownScheme. Source: sp_runtime, MultiSigner::into_account.
func AccountID(scheme Scheme, public []byte) ([32]byte, error) {
	size := scheme.PublicKeySize()
	if size == 0 {
		return [32]byte{}, ErrUnknownScheme
	}
	if len(public) != size {
		return [32]byte{}, fmt.Errorf("%w: %d bytes, expected %d for %s", ErrPublicKey, len(public), size, scheme)
	}
	if scheme == Ecdsa {
		return hash.Blake2b256(public), nil
	}
	return [32]byte(public), nil
}

// format is what a pair prints.
func format(f fmt.State, p Pair) {
	fmt.Fprintf(f, "%s pair 0x%x (secret redacted)", p.Scheme(), p.Public())
}

// hardSeed derives the next seed of the schemes that know hard junctions only: blake2b-256 over the SCALE encoding of
// (label, seed, chain code).
func hardSeed(label string, seed, code [32]byte) [32]byte {
	b := appendCompactLength(make([]byte, 0, 1+len(label)+64), len(label))
	b = append(b, label...)
	b = append(b, seed[:]...)
	b = append(b, code[:]...)
	return hash.Blake2b256(b)
}

// hardPath folds hardSeed over a path. Errors: ErrSoftJunction.
func hardPath(scheme Scheme, label string, seed [32]byte, path []Junction) ([32]byte, error) {
	for i, j := range path {
		if !j.Hard {
			return seed, fmt.Errorf("%w: item %d of the path, %s derives hard only", ErrSoftJunction, i+1, scheme)
		}
		seed = hardSeed(label, seed, j.Code)
	}
	return seed, nil
}

// randomSeed returns 32 bytes of the system's randomness.
func randomSeed() (seed [32]byte) {
	_, _ = rand.Read(seed[:]) // never fails: crypto/rand ends the process instead
	return seed
}
