// Package randcall makes random calls of any runtime from its metadata: values of every type that the metadata describes, drawn from what
// makes calls succeed now and then.
//
// Picture a dice with a face for each call of the chain, and for each argument a bag: accounts that exist, amounts from nothing to more
// than there is, hashes and blocks that earlier calls left behind. A type decides which bag it draws from by its path or by the name of its
// field, so that the package knows no pallet.
//
// # Rules
//
//   - What comes out decodes: it is the encoding of a value of the type.
//   - The same Rand gives the same calls.
//   - Calls in calls nest at most Depth deep; sequences are short.
//
// It is for tests: nothing of the chain depends on it.
package randcall

import (
	"math/rand/v2"

	"github.com/gotensor/gotensor/primitives/chain"
	"github.com/gotensor/gotensor/primitives/metadata"
	"github.com/gotensor/gotensor/primitives/scale"
)

// Depth is how deep calls nest in calls.
const Depth = 3

// Maker makes calls. It is not safe for concurrent use.
type Maker struct {
	Metadata *metadata.Metadata
	Rand     *rand.Rand
	Accounts []chain.AccountID // that exist, or may come to
	Hashes   [][32]byte        // of calls and preimages that were seen
	Numbers  []uint32          // block numbers near the head
	Funds    uint64            // about what an account has
	// Skip, where not nil, tells which calls are not made.
	Skip   func(pallet, call uint8) bool
	Sorted bool // whether sequences of accounts are in ascending order, as multisig wants them; drawn anew for each call
}

// Call returns an encoded call: pallet index, call index, arguments.
func (g *Maker) Call() []byte {
	g.Sorted = g.Rand.IntN(8) != 0
	return g.call(nil, 0)
}

// CallOf returns an encoded call of one pallet. The pallet must have calls.
func (g *Maker) CallOf(p *metadata.Pallet) []byte {
	g.Sorted = g.Rand.IntN(8) != 0
	return g.callOf(nil, p, 0)
}

func (g *Maker) call(dst []byte, depth int) []byte {
	for {
		p := &g.Metadata.Pallets[g.Rand.IntN(len(g.Metadata.Pallets))]
		if len(g.Metadata.Variants(p.Calls)) > 0 {
			return g.callOf(dst, p, depth)
		}
	}
}

func (g *Maker) callOf(dst []byte, p *metadata.Pallet, depth int) []byte {
	calls := g.Metadata.Variants(p.Calls)
	for range 1000 {
		c := &calls[g.Rand.IntN(len(calls))]
		if g.Skip != nil && g.Skip(p.Index, c.Index) {
			continue
		}
		if out, ok := g.fields(append(dst, p.Index, c.Index), c.Fields, depth); ok {
			return out
		}
	}
	return append(dst, 0, 0, 0) // System.remark of nothing: all that the pallet has is skipped
}

// fields appends values of the fields; ok is false where a type has no values.
func (g *Maker) fields(dst []byte, fields []metadata.Field, depth int) (out []byte, ok bool) {
	for _, f := range fields {
		name := ""
		if f.Name != nil {
			name = *f.Name
		}
		if dst, ok = g.value(dst, f.Type, name, depth); !ok {
			return nil, false
		}
	}
	return dst, true
}

// value appends a value of a type. name is that of the nearest field.
func (g *Maker) value(dst []byte, id metadata.TypeID, name string, depth int) ([]byte, bool) {
	t := g.Metadata.Type(id)
	if depth > 24 {
		return nil, false
	}
	last := ""
	if len(t.Path) > 0 {
		last = t.Path[len(t.Path)-1]
	}
	switch last {
	case "AccountId32":
		a := g.account()
		return append(dst, a[:]...), true
	case "H256":
		h := g.hash()
		return append(dst, h[:]...), true
	case "RuntimeCall":
		if depth >= Depth {
			return append(dst, 0, 0, 0), true // System.remark of nothing
		}
		return g.call(dst, depth+1), true
	case "MultiAddress":
		if g.Rand.IntN(20) != 0 {
			a := g.account()
			return append(append(dst, 0), a[:]...), true
		}
	case "Weight":
		return scale.AppendCompact(scale.AppendCompact(dst, g.Rand.Uint64()>>(16+g.Rand.IntN(24))), g.Rand.Uint64()>>(30+g.Rand.IntN(30))), true
	}
	switch d := &t.Def; d.Kind {
	case metadata.Composite:
		fields := d.Fields
		if len(fields) == 1 && fields[0].Name == nil {
			return g.value(dst, fields[0].Type, name, depth+1)
		}
		return g.fields(dst, fields, depth+1)
	case metadata.Variants:
		if len(d.Variants) == 0 {
			return nil, false
		}
		v := &d.Variants[g.Rand.IntN(len(d.Variants))]
		return g.fields(append(dst, v.Index), v.Fields, depth+1)
	case metadata.Sequence:
		return g.sequence(dst, d.Elem, name, depth)
	case metadata.Array:
		if d.Len == 32 {
			h := g.hash()
			return append(dst, h[:]...), true
		}
		ok := true
		for range d.Len {
			if dst, ok = g.value(dst, d.Elem, name, depth+1); !ok {
				return nil, false
			}
		}
		return dst, true
	case metadata.Tuple:
		ok := true
		for _, elem := range d.Elems {
			if dst, ok = g.value(dst, elem, name, depth+1); !ok {
				return nil, false
			}
		}
		return dst, true
	case metadata.Primitive:
		return g.primitive(dst, d.Primitive, name), true
	case metadata.Compact:
		if inner := g.Metadata.Type(d.Elem); inner.Def.Kind == metadata.Tuple && len(inner.Def.Elems) == 0 {
			return dst, true // Compact<()> is nothing
		}
		bits := 64
		for t := g.Metadata.Type(d.Elem); ; t = g.Metadata.Type(t.Def.Fields[0].Type) {
			if t.Def.Kind == metadata.Primitive {
				bits = map[metadata.PrimitiveKind]int{3: 8, 4: 16, 5: 32}[t.Def.Primitive]
				break
			}
			if t.Def.Kind != metadata.Composite || len(t.Def.Fields) != 1 {
				break
			}
		}
		n := g.number(name)
		if bits != 0 && bits < 64 {
			n &= 1<<bits - 1
		}
		return scale.AppendCompact(dst, n), true
	}
	return nil, false
}

func (g *Maker) sequence(dst []byte, elem metadata.TypeID, name string, depth int) ([]byte, bool) {
	n := g.Rand.IntN(4)
	if e := g.Metadata.Type(elem); e.Def.Kind == metadata.Primitive && e.Def.Primitive == 3 { // bytes
		b := make([]byte, g.Rand.IntN(40))
		for i := range b {
			b[i] = byte(g.Rand.Uint32())
		}
		return scale.AppendBytes(dst, b), true
	} else if len(e.Path) > 0 && e.Path[len(e.Path)-1] == "AccountId32" && g.Sorted {
		var list []chain.AccountID
		for _, a := range g.Accounts {
			if g.Rand.IntN(len(g.Accounts)) < 3 {
				at := 0
				for at < len(list) && string(list[at][:]) < string(a[:]) {
					at++
				}
				list = append(list[:at], append([]chain.AccountID{a}, list[at:]...)...)
			}
		}
		return scale.AppendSlice(dst, list), true
	}
	dst = scale.AppendLen(dst, n)
	ok := true
	for range n {
		if dst, ok = g.value(dst, elem, name, depth+1); !ok {
			return nil, false
		}
	}
	return dst, true
}

func (g *Maker) account() chain.AccountID {
	if g.Rand.IntN(30) == 0 {
		var a chain.AccountID
		a[0], a[31] = byte(g.Rand.Uint32()), byte(g.Rand.Uint32())
		return a
	}
	return g.Accounts[g.Rand.IntN(len(g.Accounts))]
}

func (g *Maker) hash() (h [32]byte) {
	if len(g.Hashes) > 0 && g.Rand.IntN(5) != 0 {
		return g.Hashes[len(g.Hashes)-1-g.Rand.IntN(min(len(g.Hashes), 16))]
	}
	h[0] = byte(g.Rand.IntN(4))
	return h
}

// number returns an amount, a count or a block, as the field's name suggests.
func (g *Maker) number(name string) uint64 {
	switch name {
	case "when", "height", "after", "delay", "period", "now":
		if len(g.Numbers) > 0 && g.Rand.IntN(3) != 0 {
			return uint64(g.Numbers[g.Rand.IntN(len(g.Numbers))])
		}
		return uint64(g.Rand.IntN(5))
	case "threshold", "index", "ext_index", "priority", "retries", "subkeys":
		return uint64(g.Rand.IntN(5))
	}
	switch g.Rand.IntN(6) {
	case 0:
		return uint64(g.Rand.IntN(3))
	case 1:
		return g.Rand.Uint64() >> g.Rand.IntN(64)
	case 2:
		return g.Funds
	}
	return g.Rand.Uint64N(g.Funds/100 + 1)
}

func (g *Maker) primitive(dst []byte, kind metadata.PrimitiveKind, name string) []byte {
	n := g.number(name)
	switch kind {
	case 0:
		return scale.AppendBool(dst, g.Rand.IntN(2) == 0)
	case 2:
		return scale.AppendString(dst, "text")
	case 3, 9:
		return append(dst, byte(n))
	case 4, 10:
		return scale.AppendU16(dst, uint16(n))
	case 1, 5, 11:
		return scale.AppendU32(dst, uint32(n))
	case 6, 12:
		return scale.AppendU64(dst, n)
	case 7, 13:
		return scale.AppendU128(dst, scale.U128{Lo: n})
	}
	return scale.AppendU256(dst, scale.U256{n})
}
