package chain

import (
	"errors"
	"strings"

	"github.com/gotensor/gotensor/primitives/internal/text"
	"github.com/gotensor/gotensor/primitives/scale"
	"github.com/gotensor/gotensor/primitives/ss58"
)

// BlockNumber counts blocks from genesis, which is 0. Headers hold it as a compact integer, runtimes as a u32.
type BlockNumber uint32

// AccountID names an account: for most, a public key; for others, a hash that stands in for one. Its text form is the SS58 address with
// prefix 42, which Bittensor and generic Substrate chains use.
type AccountID [32]byte

// String returns the SS58 address with prefix 42.
func (a AccountID) String() string {
	text, err := ss58.Encode(ss58.Generic, a[:])
	if err != nil {
		panic("BUG: ss58 refuses 32 bytes under prefix 42: " + err.Error())
	}
	return text
}

// MarshalText implements encoding.TextMarshaler with the form of String.
func (a AccountID) MarshalText() ([]byte, error) { return []byte(a.String()), nil }

// UnmarshalText reads what ParseAccountID reads.
func (a *AccountID) UnmarshalText(text []byte) error {
	id, err := ParseAccountID(string(text))
	if err == nil {
		*a = id
	}
	return err
}

// ParseAccountID reads an SS58 address with prefix 42, or 0x and 64 hex digits. An address of another network is an error: money sent there
// by mistake is lost.
func ParseAccountID(given string) (id AccountID, err error) {
	if digits, ok := strings.CutPrefix(given, "0x"); ok {
		if !text.ParseHex(id[:], digits) {
			return AccountID{}, errors.New("account id " + text.Quote(given) + ": expected 0x and 64 hex digits")
		}
		return id, nil
	}
	prefix, payload, err := ss58.Decode(given)
	switch {
	case err != nil:
		return id, err
	case prefix != ss58.Generic:
		return id, errors.New("address " + text.Quote(given) + ": expected network prefix " + text.Int(ss58.Generic) + ", got " + text.Int(int(prefix)))
	case len(payload) != len(id):
		return id, errors.New("address " + text.Quote(given) + ": expected 32 bytes, got " + text.Int(len(payload)))
	}
	return AccountID(payload), nil
}

// AppendScale appends the 32 bytes.
func (a AccountID) AppendScale(dst []byte) []byte { return append(dst, a[:]...) }

// DecodeScale reads 32 bytes.
func (a *AccountID) DecodeScale(d *scale.Decoder) { *a = d.Array32() }

// AddressKind says how a MultiAddress names an account. The numbers are those on the wire.
type AddressKind uint8

// Kinds of addresses.
const (
	AddressID    AddressKind = 0 // the account id
	AddressIndex AddressKind = 1 // an account index; see MultiAddress
	AddressRaw   AddressKind = 2 // any bytes
	Address32    AddressKind = 3 // 32 bytes that are no account id
	Address20    AddressKind = 4 // 20 bytes, as on Ethereum
)

// MultiAddress is how an extrinsic names an account (MultiAddress<AccountId, ()> of sp_runtime): by Kind with its bytes. Subtensor, Polkadot and
// their like have no account indices, so the index variant holds nothing; a chain that has them says so in its metadata, and its addresses do not
// decode with this type.
type MultiAddress struct {
	Kind  AddressKind
	Bytes []byte // 32 for AddressID and Address32, 20 for Address20, none for AddressIndex
}

// AddressOf returns the address that is the account id.
func AddressOf(id AccountID) MultiAddress { return MultiAddress{AddressID, id[:]} }

// AccountID returns the account id where the address is one.
func (a MultiAddress) AccountID() (id AccountID, ok bool) {
	if a.Kind != AddressID || len(a.Bytes) != len(id) {
		return id, false
	}
	return AccountID(a.Bytes), true
}

// AppendScale appends the kind and its bytes, which must have the length of the kind.
func (a MultiAddress) AppendScale(dst []byte) []byte {
	dst = append(dst, byte(a.Kind))
	if a.Kind == AddressRaw {
		return scale.AppendBytes(dst, a.Bytes)
	}
	return append(dst, a.Bytes...)
}

// DecodeScale reads the kind and its bytes.
func (a *MultiAddress) DecodeScale(d *scale.Decoder) {
	a.Kind = AddressKind(d.U8())
	switch a.Kind {
	case AddressID, Address32:
		a.Bytes = copied(d, 32)
	case Address20:
		a.Bytes = copied(d, 20)
	case AddressRaw:
		a.Bytes = d.Bytes()
	case AddressIndex:
		a.Bytes = nil
	default:
		d.FailVariant("address", uint8(a.Kind))
	}
}

// SignatureKind is the scheme of a MultiSignature. The numbers are those on the wire, and those of keys.Scheme.
type SignatureKind uint8

// Signature schemes.
const (
	SignatureEd25519 SignatureKind = 0
	SignatureSr25519 SignatureKind = 1
	SignatureEcdsa   SignatureKind = 2
)

// MultiSignature is a signature with its scheme: 64 bytes for ed25519 and sr25519, 65 for ecdsa.
type MultiSignature struct {
	Kind  SignatureKind
	Bytes []byte
}

// AppendScale appends the scheme and the signature, which must have the length of the scheme.
func (s MultiSignature) AppendScale(dst []byte) []byte {
	return append(append(dst, byte(s.Kind)), s.Bytes...)
}

// DecodeScale reads the scheme and the signature.
func (s *MultiSignature) DecodeScale(d *scale.Decoder) {
	s.Kind = SignatureKind(d.U8())
	switch s.Kind {
	case SignatureEd25519, SignatureSr25519:
		s.Bytes = copied(d, 64)
	case SignatureEcdsa:
		s.Bytes = copied(d, 65)
	default:
		d.FailVariant("signature", uint8(s.Kind))
	}
}

// copied reads n bytes into a fresh slice.
func copied(d *scale.Decoder, n int) []byte {
	v := d.Take(n)
	if v == nil || !d.Charge(n) {
		return nil
	}
	return append(make([]byte, 0, n), v...)
}
