package metadata

import (
	"errors"
	"fmt"
	"maps"
	"slices"

	"github.com/gotensor/gotensor/primitives/scale"
)

// ErrMagic: the bytes do not start with "meta", so they are no metadata.
var ErrMagic = errors.New(`metadata: does not start with "meta"`)

// VersionError reports a version that this package does not read.
type VersionError struct{ Version uint8 }

func (e *VersionError) Error() string {
	return fmt.Sprintf("metadata: version %d: expected 14 or 15", e.Version)
}

// magic starts all metadata: 0x6174656d, little-endian.
const magic = "meta"

// Decode reads metadata from its first byte ("meta") to its last. Runtime APIs answer with the length in front
// (Metadata_metadata), and with an option around that (Metadata_metadata_at_version).
// Errors: [ErrMagic], [*VersionError], [*scale.Error].
func Decode(data []byte) (*Metadata, error) {
	if len(data) < len(magic)+1 || string(data[:len(magic)]) != magic {
		return nil, ErrMagic
	}
	version := data[len(magic)]
	if version != 14 && version != 15 {
		return nil, &VersionError{version}
	}
	m, err := scale.UnmarshalFunc(data[len(magic)+1:], func(d *scale.Decoder) *Metadata {
		r := &reader{Decoder: d}
		return r.metadata(version)
	})
	if err != nil {
		return nil, fmt.Errorf("metadata version %d: %w", version, err)
	}
	return m, nil
}

// reader decodes, and checks that the numbers of types lead somewhere.
type reader struct {
	*scale.Decoder
	m *Metadata
	// registry: the types are being read, and refer forward. Their numbers are checked when all are there.
	registry bool
	pending  map[TypeID]int // numbers to be checked, with the offset of the first mention
}

func (r *reader) metadata(version uint8) *Metadata {
	m := &Metadata{Version: version}
	r.m, r.registry, r.pending = m, true, make(map[TypeID]int)
	m.Types = scale.DecodeSeq(r.Decoder, func(*scale.Decoder) Type { return r.typ() })
	r.indexTypes()
	m.Pallets = scale.DecodeSeq(r.Decoder, func(*scale.Decoder) Pallet { return r.pallet(version) })
	if version == 14 {
		m.Extrinsic.Type = r.id()
		m.Extrinsic.Version = r.U8()
	} else {
		m.Extrinsic.Version = r.U8()
		m.Extrinsic.Address, m.Extrinsic.Call, m.Extrinsic.Signature, m.Extrinsic.Extra = r.id(), r.id(), r.id(), r.id()
	}
	m.Extrinsic.Extensions = scale.DecodeSeq(r.Decoder, func(d *scale.Decoder) Extension {
		return Extension{Name: d.Text(), Type: r.id(), AdditionalSigned: r.id()}
	})
	m.Runtime = r.id()
	if version == 14 {
		return m
	}
	m.APIs = scale.DecodeSeq(r.Decoder, func(d *scale.Decoder) API {
		return API{Name: d.Text(), Methods: scale.DecodeSeq(d, r.method), Docs: r.docs()}
	})
	m.Outer = OuterEnums{Call: r.id(), Event: r.id(), Error: r.id()}
	m.Custom = scale.DecodeSeq(r.Decoder, func(d *scale.Decoder) Custom {
		return Custom{Name: d.Text(), Type: r.id(), Value: d.Bytes()}
	})
	return m
}

// indexTypes ends the registry: it makes types findable and checks the numbers that were read so far.
func (r *reader) indexTypes() {
	r.registry = false
	if r.Err() != nil {
		return
	}
	for i, t := range r.m.Types {
		if int64(t.ID) != int64(i) {
			// Substrate numbers types in their order. Others leave gaps.
			r.m.index = make(map[TypeID]int, len(r.m.Types))
			break
		}
	}
	if r.m.index != nil {
		for i, t := range r.m.Types {
			if _, ok := r.m.index[t.ID]; ok {
				r.Fail(r.Offset(), "type number", scale.ErrInvalid, fmt.Sprintf("%d stands twice", t.ID))
				return
			}
			r.m.index[t.ID] = i
		}
	}
	for _, id := range slices.Sorted(maps.Keys(r.pending)) {
		r.known(r.pending[id], id)
	}
}

// known checks that there is a type with that number.
func (r *reader) known(at int, id TypeID) {
	if r.m.Type(id) == nil {
		r.Fail(at, "type number", scale.ErrInvalid, fmt.Sprintf("%d is none of the %d types", id, len(r.m.Types)))
	}
}

// id reads the number of a type.
func (r *reader) id() TypeID {
	at := r.Offset()
	id := TypeID(r.CompactU32())
	if !r.registry {
		r.known(at, id)
	} else if _, ok := r.pending[id]; !ok && r.Charge(pendingCost) {
		r.pending[id] = at
	}
	return id
}

// pendingCost is what an entry of a map of numbers may take, in bytes.
const pendingCost = 64

func (r *reader) optionalID() *TypeID {
	return scale.DecodeOption(r.Decoder, func(*scale.Decoder) TypeID { return r.id() })
}

func (r *reader) docs() []string { return scale.DecodeSeq(r.Decoder, (*scale.Decoder).Text) }

func (r *reader) typ() Type {
	return Type{
		ID:   TypeID(r.CompactU32()),
		Path: r.docs(),
		Params: scale.DecodeSeq(r.Decoder, func(d *scale.Decoder) Param {
			return Param{Name: d.Text(), Type: r.optionalID()}
		}),
		Def:  r.def(),
		Docs: r.docs(),
	}
}

func (r *reader) def() Def {
	def := Def{Kind: Kind(r.U8())}
	switch def.Kind {
	case Composite:
		def.Fields = r.fields()
	case Variants:
		def.Variants = scale.DecodeSeq(r.Decoder, func(d *scale.Decoder) Variant {
			return Variant{Name: d.Text(), Fields: r.fields(), Index: d.U8(), Docs: r.docs()}
		})
	case Sequence, Compact:
		def.Elem = r.id()
	case Array:
		def.Len = r.U32()
		def.Elem = r.id()
	case Tuple:
		def.Elems = scale.DecodeSeq(r.Decoder, func(*scale.Decoder) TypeID { return r.id() })
	case Primitive:
		def.Primitive = PrimitiveKind(r.U8())
		if int(def.Primitive) >= len(primitiveNames) {
			r.FailVariant("primitive", uint8(def.Primitive))
		}
	case BitSequence:
		def.Elems = []TypeID{r.id(), r.id()}
	default:
		r.FailVariant("type definition", uint8(def.Kind))
	}
	return def
}

func (r *reader) fields() []Field {
	return scale.DecodeSeq(r.Decoder, func(d *scale.Decoder) Field {
		return Field{
			Name:     scale.DecodeOption(d, (*scale.Decoder).Text),
			Type:     r.id(),
			TypeName: scale.DecodeOption(d, (*scale.Decoder).Text),
			Docs:     r.docs(),
		}
	})
}

func (r *reader) pallet(version uint8) Pallet {
	p := Pallet{
		Name: r.Text(),
		Storage: scale.DecodeOption(r.Decoder, func(d *scale.Decoder) Storage {
			return Storage{Prefix: d.Text(), Entries: scale.DecodeSeq(d, r.entry)}
		}),
		Calls: r.optionalID(),
		Event: r.optionalID(),
		Constants: scale.DecodeSeq(r.Decoder, func(d *scale.Decoder) Constant {
			return Constant{Name: d.Text(), Type: r.id(), Value: d.Bytes(), Docs: r.docs()}
		}),
		Error: r.optionalID(),
		Index: r.U8(),
	}
	if version >= 15 {
		p.Docs = r.docs()
	}
	return p
}

func (r *reader) entry(d *scale.Decoder) StorageEntry {
	e := StorageEntry{Name: d.Text(), Modifier: Modifier(d.U8())}
	if e.Modifier > Required {
		d.FailVariant("storage modifier", uint8(e.Modifier))
	}
	switch kind := d.U8(); kind {
	case 0:
	case 1:
		e.Hashers = scale.DecodeSeq(d, func(d *scale.Decoder) Hasher {
			h := Hasher(d.U8())
			if h > Identity {
				d.FailVariant("storage hasher", uint8(h))
			}
			return h
		})
		key := r.id()
		e.Key = &key
	default:
		d.FailVariant("storage entry type", kind)
	}
	e.Value = r.id()
	e.Default = d.Bytes()
	e.Docs = r.docs()
	return e
}

func (r *reader) method(d *scale.Decoder) Method {
	return Method{
		Name: d.Text(),
		Inputs: scale.DecodeSeq(d, func(d *scale.Decoder) Input {
			return Input{Name: d.Text(), Type: r.id()}
		}),
		Output: r.id(),
		Docs:   r.docs(),
	}
}

// Versions reads the answer of Metadata_metadata_versions: the versions that a runtime offers.
func Versions(answer []byte) ([]uint32, error) {
	return scale.UnmarshalFunc(answer, func(d *scale.Decoder) []uint32 {
		return scale.DecodeSeq(d, (*scale.Decoder).U32)
	})
}

// Encode returns the metadata as a runtime gives it, from "meta" on. m.Version decides which fields are written.
func (m *Metadata) Encode() []byte {
	b := append([]byte(magic), m.Version)
	b = scale.AppendLen(b, len(m.Types))
	for _, t := range m.Types {
		b = appendType(appendID(b, t.ID), t)
	}
	b = scale.AppendSeq(b, m.Pallets, func(b []byte, p Pallet) []byte { return appendPallet(b, p, m.Version) })
	if m.Version == 14 {
		b = appendID(b, m.Extrinsic.Type)
		b = scale.AppendU8(b, m.Extrinsic.Version)
	} else {
		b = scale.AppendU8(b, m.Extrinsic.Version)
		for _, id := range [...]TypeID{m.Extrinsic.Address, m.Extrinsic.Call, m.Extrinsic.Signature, m.Extrinsic.Extra} {
			b = appendID(b, id)
		}
	}
	b = scale.AppendSeq(b, m.Extrinsic.Extensions, func(b []byte, e Extension) []byte {
		return appendID(appendID(scale.AppendString(b, e.Name), e.Type), e.AdditionalSigned)
	})
	b = appendID(b, m.Runtime)
	if m.Version == 14 {
		return b
	}
	b = scale.AppendSeq(b, m.APIs, func(b []byte, a API) []byte {
		b = scale.AppendString(b, a.Name)
		b = scale.AppendSeq(b, a.Methods, func(b []byte, method Method) []byte {
			b = scale.AppendString(b, method.Name)
			b = scale.AppendSeq(b, method.Inputs, func(b []byte, in Input) []byte {
				return appendID(scale.AppendString(b, in.Name), in.Type)
			})
			return appendDocs(appendID(b, method.Output), method.Docs)
		})
		return appendDocs(b, a.Docs)
	})
	b = appendID(appendID(appendID(b, m.Outer.Call), m.Outer.Event), m.Outer.Error)
	return scale.AppendSeq(b, m.Custom, func(b []byte, c Custom) []byte {
		return scale.AppendBytes(appendID(scale.AppendString(b, c.Name), c.Type), c.Value)
	})
}

func appendID(b []byte, id TypeID) []byte { return scale.AppendCompact(b, uint64(id)) }

func appendDocs(b []byte, docs []string) []byte { return scale.AppendSeq(b, docs, scale.AppendString) }

func appendType(b []byte, t Type) []byte {
	b = appendDocs(b, t.Path)
	b = scale.AppendSeq(b, t.Params, func(b []byte, p Param) []byte {
		return scale.AppendOption(scale.AppendString(b, p.Name), p.Type, appendID)
	})
	b = scale.AppendU8(b, uint8(t.Def.Kind))
	switch t.Def.Kind {
	case Composite:
		b = scale.AppendSeq(b, t.Def.Fields, appendField)
	case Variants:
		b = scale.AppendSeq(b, t.Def.Variants, func(b []byte, v Variant) []byte {
			b = scale.AppendString(b, v.Name)
			b = scale.AppendSeq(b, v.Fields, appendField)
			return appendDocs(scale.AppendU8(b, v.Index), v.Docs)
		})
	case Sequence, Compact:
		b = appendID(b, t.Def.Elem)
	case Array:
		b = appendID(scale.AppendU32(b, t.Def.Len), t.Def.Elem)
	case Tuple:
		b = scale.AppendSeq(b, t.Def.Elems, appendID)
	case Primitive:
		b = scale.AppendU8(b, uint8(t.Def.Primitive))
	case BitSequence:
		b = scale.AppendArray(b, t.Def.Elems, appendID)
	}
	return appendDocs(b, t.Docs)
}

func appendField(b []byte, f Field) []byte {
	b = scale.AppendOption(b, f.Name, scale.AppendString)
	b = appendID(b, f.Type)
	b = scale.AppendOption(b, f.TypeName, scale.AppendString)
	return appendDocs(b, f.Docs)
}

func appendPallet(b []byte, p Pallet, version uint8) []byte {
	b = scale.AppendString(b, p.Name)
	b = scale.AppendOption(b, p.Storage, func(b []byte, s Storage) []byte {
		return scale.AppendSeq(scale.AppendString(b, s.Prefix), s.Entries, appendEntry)
	})
	b = scale.AppendOption(b, p.Calls, appendID)
	b = scale.AppendOption(b, p.Event, appendID)
	b = scale.AppendSeq(b, p.Constants, func(b []byte, c Constant) []byte {
		b = appendID(scale.AppendString(b, c.Name), c.Type)
		return appendDocs(scale.AppendBytes(b, c.Value), c.Docs)
	})
	b = scale.AppendOption(b, p.Error, appendID)
	b = scale.AppendU8(b, p.Index)
	if version >= 15 {
		b = appendDocs(b, p.Docs)
	}
	return b
}

func appendEntry(b []byte, e StorageEntry) []byte {
	b = scale.AppendString(b, e.Name)
	b = scale.AppendU8(b, uint8(e.Modifier))
	if e.Key == nil {
		b = scale.AppendU8(b, 0)
	} else {
		b = scale.AppendU8(b, 1)
		b = scale.AppendSeq(b, e.Hashers, func(b []byte, h Hasher) []byte { return scale.AppendU8(b, uint8(h)) })
		b = appendID(b, *e.Key)
	}
	b = appendID(b, e.Value)
	return appendDocs(scale.AppendBytes(b, e.Default), e.Docs)
}
