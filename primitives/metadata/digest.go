package metadata

import (
	"errors"
	"fmt"
	"slices"

	"lukechampine.com/blake3"

	"github.com/gotensor/gotensor/primitives/hash"
	"github.com/gotensor/gotensor/primitives/scale"
)

// ErrDigest reports metadata of which no digest can be made.
var ErrDigest = errors.New("metadata digest")

// ChainInfo is what the digest of metadata covers besides the metadata.
type ChainInfo struct {
	SpecVersion uint32
	SpecName    string
	SS58Prefix  uint16
	Decimals    uint8
	Symbol      string
}

// Digest returns the metadata hash of RFC-0078: what the extension CheckMetadataHash signs, so that a wallet that cannot ask the
// chain decodes a transaction with proofs against it. It is the root over all types that an extrinsic reaches, in the order of their numbers,
// hashed with the description of the extrinsic and info. m must be of version 15. Errors wrap ErrDigest.
//
// Source: polkadot-fellows RFCs, 0078-merkleized-metadata.
func (m *Metadata) Digest(info ChainInfo) (hash.H256, error) {
	if m.Version < 15 {
		return hash.H256{}, fmt.Errorf("%w: needs version 15, got %d", ErrDigest, m.Version)
	}
	g := digester{m: m, reached: make(map[TypeID]uint64)}
	x := &m.Extrinsic
	roots := []TypeID{x.Call, x.Address, x.Signature}
	for _, e := range x.Extensions {
		roots = append(roots, e.Type, e.AdditionalSigned)
	}
	g.reach(roots)
	ids := slices.Clone(g.order)
	slices.Sort(ids)
	for i, id := range ids {
		g.reached[id] = uint64(i)
	}
	var leaves [][32]byte
	for _, id := range ids {
		for _, leaf := range g.leaves(m.Type(id)) {
			leaves = append(leaves, blake3.Sum256(leaf))
		}
	}
	extrinsic := []byte{x.Version}
	extrinsic = g.ref(g.ref(g.ref(extrinsic, x.Address), x.Call), x.Signature)
	extrinsic = scale.AppendLen(extrinsic, len(x.Extensions))
	for _, e := range x.Extensions {
		extrinsic = g.ref(g.ref(scale.AppendString(extrinsic, e.Name), e.Type), e.AdditionalSigned)
	}
	if g.err != nil {
		return hash.H256{}, g.err
	}
	root, extrinsicHash := merkleRoot(leaves), blake3.Sum256(extrinsic)
	out := append([]byte{1}, root[:]...)
	out = append(out, extrinsicHash[:]...)
	out = scale.AppendU32(out, info.SpecVersion)
	out = scale.AppendString(out, info.SpecName)
	out = scale.AppendU16(out, info.SS58Prefix)
	out = append(out, info.Decimals)
	return blake3.Sum256(scale.AppendString(out, info.Symbol)), nil
}

// merkleRoot returns the root of a complete binary tree in which leaves fill the last places: node i has the children 2i+1 and 2i+2.
func merkleRoot(leaves [][32]byte) (root [32]byte) {
	if len(leaves) == 0 {
		return root
	}
	tree := make([][32]byte, 2*len(leaves)-1)
	copy(tree[len(leaves)-1:], leaves)
	for i := len(leaves) - 2; i >= 0; i-- {
		tree[i] = blake3.Sum256(append(tree[2*i+1][:], tree[2*i+2][:]...))
	}
	return tree[0]
}

// digester numbers the types that an extrinsic reaches and writes them.
type digester struct {
	m       *Metadata
	reached map[TypeID]uint64 // number in the digest
	order   []TypeID
	err     error
}

func (g *digester) fail(format string, args ...any) {
	if g.err == nil {
		g.err = fmt.Errorf("%w: "+format, append([]any{ErrDigest}, args...)...)
	}
}

// reach collects the types that have leaves of their own: primitives, compact integers and empty types are named where they are used.
func (g *digester) reach(todo []TypeID) {
	for len(todo) > 0 {
		id := todo[len(todo)-1]
		todo = todo[:len(todo)-1]
		if _, ok := g.reached[id]; ok {
			continue
		}
		t := g.m.Type(id)
		if t == nil {
			g.fail("type %d does not exist", id)
			return
		}
		var parts []TypeID
		empty := false
		switch t.Def.Kind {
		case Composite:
			empty = len(t.Def.Fields) == 0
			for _, f := range t.Def.Fields {
				parts = append(parts, f.Type)
			}
		case Variants:
			empty = len(t.Def.Variants) == 0
			for _, v := range t.Def.Variants {
				for _, f := range v.Fields {
					parts = append(parts, f.Type)
				}
			}
		case Tuple:
			empty = len(t.Def.Elems) == 0
			parts = t.Def.Elems
		case Sequence, Array:
			parts = []TypeID{t.Def.Elem}
		case BitSequence:
		default:
			empty = true
		}
		if !empty {
			g.reached[id] = 0
			g.order = append(g.order, id)
			todo = append(todo, parts...)
		}
	}
}

// Numbers of type references on the wire.
const (
	refCompactU8 = 15
	refVoid      = 21
	refID        = 22
)

// ref appends the reference to a type.
func (g *digester) ref(dst []byte, id TypeID) []byte {
	t := g.m.Type(id)
	switch {
	case t == nil:
		g.fail("type %d does not exist", id)
	case t.Def.Kind == Primitive:
		return append(dst, byte(t.Def.Primitive))
	case t.Def.Kind == Compact:
		p, void, ok := g.integer(t.Def.Elem)
		switch {
		case void:
			return append(dst, refVoid)
		case !ok || p < 3 || p > 8: // u8 to u256
			g.fail("type %d: compact of what is no unsigned integer", id)
		default:
			return append(dst, refCompactU8+byte(p)-3)
		}
	default:
		if n, ok := g.reached[id]; ok {
			return scale.AppendCompact(append(dst, refID), n)
		}
		return append(dst, refVoid)
	}
	return dst
}

// integer returns the primitive inside a type, through composites and tuples of one part; void where there is nothing inside.
func (g *digester) integer(id TypeID) (p PrimitiveKind, void, ok bool) {
	for range len(g.m.Types) {
		t := g.m.Type(id)
		switch {
		case t == nil:
			return 0, false, false
		case t.Def.Kind == Primitive:
			return t.Def.Primitive, false, true
		case t.Def.Kind == Composite && len(t.Def.Fields) == 1:
			id = t.Def.Fields[0].Type
		case t.Def.Kind == Tuple && len(t.Def.Elems) == 1:
			id = t.Def.Elems[0]
		case t.Def.Kind == Composite && len(t.Def.Fields) == 0, t.Def.Kind == Tuple && len(t.Def.Elems) == 0:
			return 0, true, true
		default:
			return 0, false, false
		}
	}
	return 0, false, false
}

// leaves returns the leaves of a type: one, or one for each variant in the order of their indices.
func (g *digester) leaves(t *Type) (out [][]byte) {
	leaf := func(kind byte, body func(dst []byte) []byte) {
		dst := scale.AppendSeq(nil, t.Path, scale.AppendString)
		out = append(out, scale.AppendCompact(body(append(dst, kind)), g.reached[t.ID]))
	}
	def := &t.Def
	switch def.Kind {
	case Composite:
		leaf(0, func(dst []byte) []byte { return g.fields(dst, def.Fields) })
	case Variants:
		variants := slices.Clone(def.Variants)
		slices.SortStableFunc(variants, func(a, b Variant) int { return int(a.Index) - int(b.Index) })
		for _, v := range variants {
			leaf(1, func(dst []byte) []byte {
				return scale.AppendCompact(g.fields(scale.AppendString(dst, v.Name), v.Fields), uint64(v.Index))
			})
		}
	case Sequence:
		leaf(2, func(dst []byte) []byte { return g.ref(dst, def.Elem) })
	case Array:
		leaf(3, func(dst []byte) []byte { return g.ref(scale.AppendU32(dst, def.Len), def.Elem) })
	case Tuple:
		leaf(4, func(dst []byte) []byte { return scale.AppendSeq(dst, def.Elems, g.ref) })
	case BitSequence:
		leaf(5, func(dst []byte) []byte { return g.bits(dst, def) })
	}
	return out
}

func (g *digester) fields(dst []byte, fields []Field) []byte {
	text := func(dst []byte, s string) []byte { return scale.AppendString(dst, s) }
	return scale.AppendSeq(dst, fields, func(dst []byte, f Field) []byte {
		dst = g.ref(scale.AppendOption(dst, f.Name, text), f.Type)
		return scale.AppendOption(dst, f.TypeName, text)
	})
}

// bits appends the bytes of a unit of a bit sequence, and whether the least significant bit comes first.
func (g *digester) bits(dst []byte, def *Def) []byte {
	if len(def.Elems) != 2 {
		g.fail("bit sequence of %d types, expected 2", len(def.Elems))
		return dst
	}
	p, _, ok := g.integer(def.Elems[0])
	if !ok || p < 3 || p > 6 {
		g.fail("bit sequence: type %d is no unit", def.Elems[0])
		return dst
	}
	order := g.m.Type(def.Elems[1])
	return scale.AppendBool(append(dst, 1<<(p-3)), order != nil && slices.Contains(order.Path, "Lsb0"))
}
