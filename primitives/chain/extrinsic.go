package chain

import (
	"errors"

	"github.com/gotensor/gotensor/primitives/hash"
	"github.com/gotensor/gotensor/primitives/internal/text"
	"github.com/gotensor/gotensor/primitives/scale"
)

// ExtrinsicType says what stands between the version byte and the call. The numbers are the upper two bits of that byte.
type ExtrinsicType uint8

// Types of extrinsics.
const (
	Bare    ExtrinsicType = 0b00 // nothing: an inherent, or an unsigned transaction; versions 4 and 5
	General ExtrinsicType = 0b01 // the version of the extensions, and the extensions; version 5
	Signed  ExtrinsicType = 0b10 // address, signature, extensions; version 4
)

// String returns the type's name.
func (t ExtrinsicType) String() string {
	switch t {
	case Bare:
		return "bare"
	case General:
		return "general"
	case Signed:
		return "signed"
	}
	return "ExtrinsicType(" + text.Int(int(t)) + ")"
}

// ErrExtrinsicVersion reports a first byte that is none of 0x04, 0x05, 0x84 and 0x45.
var ErrExtrinsicVersion = errors.New("invalid extrinsic version")

// Extrinsic is the envelope of an extrinsic, taken apart. What only the runtime's metadata describes is kept as encoded bytes.
type Extrinsic struct {
	Version          uint8 // 4 or 5
	Type             ExtrinsicType
	Address          []byte // Signed: who signed, encoded (MultiAddress on most chains)
	Signature        []byte // Signed: encoded (MultiSignature on most chains)
	ExtensionVersion uint8  // General; signed extrinsics have extension version 0 by definition
	Extensions       []byte // Signed and General: the transaction extensions, encoded one after the other
	Call             []byte // pallet index, call index, arguments
}

// NewBare returns a version 4 extrinsic without signature.
func NewBare(call []byte) Extrinsic { return Extrinsic{Version: 4, Type: Bare, Call: call} }

// NewSigned returns a version 4 extrinsic signed by the account of address. signature is over SigningPayload of call, extensions and implicit.
func NewSigned(address MultiAddress, signature MultiSignature, extensions, call []byte) Extrinsic {
	return Extrinsic{Version: 4, Type: Signed, Address: scale.Marshal(address), Signature: scale.Marshal(signature), Extensions: extensions, Call: call}
}

// NewGeneral returns a version 5 extrinsic whose extensions authorise it.
func NewGeneral(extensionVersion uint8, extensions, call []byte) Extrinsic {
	return Extrinsic{Version: 5, Type: General, ExtensionVersion: extensionVersion, Extensions: extensions, Call: call}
}

// Opaque returns the encoding without the length prefix.
func (x Extrinsic) Opaque() OpaqueExtrinsic {
	out := make(OpaqueExtrinsic, 0, 2+len(x.Address)+len(x.Signature)+len(x.Extensions)+len(x.Call))
	out = append(out, x.Version|uint8(x.Type)<<6)
	switch x.Type {
	case Signed:
		out = append(append(append(out, x.Address...), x.Signature...), x.Extensions...)
	case General:
		out = append(append(out, x.ExtensionVersion), x.Extensions...)
	}
	return append(out, x.Call...)
}

// AppendScale appends the encoding behind its length: the form that clients submit.
func (x Extrinsic) AppendScale(dst []byte) []byte { return x.Opaque().AppendScale(dst) }

// Layout steps over the parts of an extrinsic whose shape the metadata of a runtime says: each function reads its part and nothing more. All
// three must be set.
type Layout struct {
	Address   func(d *scale.Decoder)
	Signature func(d *scale.Decoder)
	// Extensions reads the extensions of a version: 0 for signed extrinsics.
	Extensions func(d *scale.Decoder, version uint8)
}

// MultiLayout returns the layout of a chain that names accounts by MultiAddress and signs with MultiSignature, given how to step over its extensions.
func MultiLayout(extensions func(d *scale.Decoder, version uint8)) Layout {
	return Layout{
		Address:    func(d *scale.Decoder) { new(MultiAddress).DecodeScale(d) },
		Signature:  func(d *scale.Decoder) { new(MultiSignature).DecodeScale(d) },
		Extensions: extensions,
	}
}

// Preamble returns version and type of x, from its first byte. No metadata is needed for that.
func (x OpaqueExtrinsic) Preamble() (version uint8, kind ExtrinsicType, err error) {
	d := scale.NewDecoder(x)
	version, kind = preamble(d)
	return version, kind, d.Err()
}

func preamble(d *scale.Decoder) (version uint8, kind ExtrinsicType) {
	first := d.U8()
	version, kind = first&0x3f, ExtrinsicType(first>>6)
	switch {
	case d.Err() != nil:
	case version == 4 && (kind == Bare || kind == Signed), version == 5 && (kind == Bare || kind == General):
		return version, kind
	default:
		d.Fail(d.Offset()-1, "extrinsic", ErrExtrinsicVersion, "first byte "+text.Hex([]byte{first}))
	}
	return 0, 0
}

// DecodeExtrinsic takes x apart with the layout of its runtime. The parts alias x. An error wraps a kind of package scale or ErrExtrinsicVersion.
// Whether the call is well-formed, and whether bytes are left behind it, only the runtime can say.
func DecodeExtrinsic(x OpaqueExtrinsic, layout Layout) (e Extrinsic, err error) {
	d := scale.NewDecoder(x)
	e.Version, e.Type = preamble(d)
	if d.Err() == nil {
		switch e.Type {
		case Signed:
			e.Address = d.Span(layout.Address)
			e.Signature = d.Span(layout.Signature)
			e.Extensions = d.Span(func(d *scale.Decoder) { layout.Extensions(d, 0) })
		case General:
			e.ExtensionVersion = d.U8()
			e.Extensions = d.Span(func(d *scale.Decoder) { layout.Extensions(d, e.ExtensionVersion) })
		}
	}
	e.Call = d.Rest()
	if err := d.Err(); err != nil {
		return Extrinsic{}, text.Wrap("decode extrinsic: "+err.Error(), err)
	}
	return e, nil
}

// maxPayload is the longest signing payload that is signed as it is.
const maxPayload = 256

// SigningPayload returns the bytes that the sender of a signed extrinsic signs: call, extensions and implicit (what the extensions add to the signature and
// not to the wire: spec version, genesis hash, …), or blake2b-256 of them where they are longer than 256 bytes.
func SigningPayload(call, extensions, implicit []byte) []byte {
	out := make([]byte, 0, len(call)+len(extensions)+len(implicit))
	out = append(append(append(out, call...), extensions...), implicit...)
	if len(out) > maxPayload {
		digest := hash.Blake2b256(out)
		return digest[:]
	}
	return out
}

// GeneralPayload returns the 32 bytes that the VerifySignature extension of a general extrinsic covers: blake2b-256 of the extension version, the call, and the
// extensions and implicit parts that follow that extension. Unlike SigningPayload it is always hashed.
func GeneralPayload(extensionVersion uint8, call, extensions, implicit []byte) hash.H256 {
	out := make([]byte, 0, 1+len(call)+len(extensions)+len(implicit))
	out = append(append(append(append(out, extensionVersion), call...), extensions...), implicit...)
	return hash.Blake2b256(out)
}
