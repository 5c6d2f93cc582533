package trie

import (
	"bytes"
	"iter"
	"slices"

	"github.com/gotensor/gotensor/primitives/hash"
)

// Pair is a key and its value.
type Pair struct{ Key, Value []byte }

// RootOf returns the blake2b-256 root of a trie with these pairs; see Hasher.RootOf.
func RootOf(pairs []Pair, v Version) hash.H256 { return Blake2b.RootOf(pairs, v) }

// OrderedRoot returns the blake2b-256 root of a list: the root of the trie that maps the SCALE compact form of each index
// to its item. Extrinsics roots are of this kind, under V0 or V1 as the runtime's system version says.
func OrderedRoot(items [][]byte, v Version) hash.H256 { return Blake2b.OrderedRoot(items, v) }

// RootOf returns the root of a trie with these pairs, without building the trie. Pairs in ascending order of their keys
// are taken as they are; others are sorted in a copy first. Of several pairs with one key the last counts.
func (h Hasher) RootOf(pairs []Pair, v Version) hash.H256 {
	for i := 1; i < len(pairs); i++ {
		if bytes.Compare(pairs[i-1].Key, pairs[i].Key) >= 0 {
			pairs = sorted(pairs)
			break
		}
	}
	return h.RootOfSorted(func(yield func(key, value []byte) bool) {
		for i := range pairs {
			if !yield(pairs[i].Key, pairs[i].Value) {
				return
			}
		}
	}, v)
}

// OrderedRoot returns the root of a list: the root of the trie that maps the SCALE compact form of each index to its item.
func (h Hasher) OrderedRoot(items [][]byte, v Version) hash.H256 {
	return h.OrderedRootOf(len(items), func(i int) []byte { return items[i] }, v)
}

// OrderedRootOf is OrderedRoot of n items, each of which item is asked for once, in the order of the trie's keys.
func (h Hasher) OrderedRootOf(n int, item func(i int) []byte, v Version) hash.H256 {
	return h.RootOfSorted(func(yield func(key, value []byte) bool) {
		var key []byte
		for i := range compactOrder(n) {
			key = appendCompact(key[:0], i)
			if !yield(key, item(i)) {
				return
			}
		}
	}, v)
}

// compactOrder yields the numbers below n in the byte order of their SCALE compact forms. Those are little-endian behind the kind of the form
// in the low bits, so the order is that of the low 6 bits of the number, then of the form, then of the next 8 bits, and so on.
func compactOrder(n int) iter.Seq[int] {
	return func(yield func(int) bool) {
		// walk tries every byte in the place at shift, and whatever may follow it up to end.
		var walk func(number, shift, end, least int) bool
		walk = func(number, shift, end, least int) bool {
			if shift == end {
				return number < least || yield(number)
			}
			for b := 0; b < 256 && number|b<<shift < n; b++ {
				if !walk(number|b<<shift, shift+8, end, least) {
					return false
				}
			}
			return true
		}
		for low := range min(n, 1<<6) {
			if !yield(low) || !walk(low, 6, 14, 1<<6) || !walk(low, 6, 30, 1<<14) {
				return
			}
			if low == 0 && n > 1<<30 && !walk(0, 0, 32, 1<<30) {
				return
			}
		}
	}
}

// sorted returns the pairs in ascending order of keys, the last of those with one key alone.
func sorted(pairs []Pair) []Pair {
	pairs = slices.Clone(pairs)
	slices.SortStableFunc(pairs, func(a, b Pair) int { return bytes.Compare(a.Key, b.Key) })
	out := pairs[:0]
	for i := range pairs {
		if i+1 == len(pairs) || !bytes.Equal(pairs[i].Key, pairs[i+1].Key) {
			out = append(out, pairs[i])
		}
	}
	return out
}

// RootOfSorted returns the root of a trie with pairs that come in strictly ascending order of their keys. It holds the branches on the way to
// one key and nothing else. Keys are copied; a value must stay as it is until the root is there.
func (h Hasher) RootOfSorted(pairs iter.Seq2[[]byte, []byte], v Version) hash.H256 {
	b := builder{h: h, v: v}
	some := false
	var last, value []byte
	for k, v := range pairs {
		if some {
			b.add(last, value, common(last, k, 0))
		}
		some, last, value = true, append(last[:0], k...), v
	}
	if !some {
		return h.EmptyRoot()
	}
	b.add(last, value, -1)
	return h(b.buf)
}

// builder makes the nodes of a trie from pairs in order of their keys. A node is made when the first key that is not below it is known.
type builder struct {
	h    Hasher
	v    Version
	open []openBranch // branches above the last key, the root first
	buf  []byte       // the last node that was made
}

// openBranch is a branch that may get further children.
type openBranch struct {
	depth  int // nibbles of the path to it, its own partial key included
	valued bool
	value  []byte
	set    uint16
	kids   []byte // references to its children, as its encoding has them
}

// add adds a pair. The key after it agrees with it in the first next nibbles; -1 says that there is none.
func (b *builder) add(key, value []byte, next int) {
	b.openAt(next)
	if next == 2*len(key) { // the keys that follow are below this one
		top := &b.open[len(b.open)-1]
		top.valued, top.value = true, value
		return
	}
	b.start(kindLeaf, key, b.above(len(b.open), -1), 2*len(key), value)
	b.value(value)
	for len(b.open) > 0 {
		last := len(b.open) - 1
		top := &b.open[last]
		b.refer(top, nibble(key, top.depth))
		if top.depth <= next {
			return
		}
		kind := byte(kindBranch)
		if top.valued {
			kind = kindBranchV
		}
		b.start(kind, key, b.above(last, next), top.depth, top.value)
		b.buf = append(b.buf, byte(top.set), byte(top.set>>8))
		if top.valued {
			b.value(top.value)
		}
		b.buf = append(b.buf, top.kids...)
		b.open = b.open[:last]
		b.openAt(next)
	}
}

// above returns where the partial key of a node begins that has n open branches above it, and one at depth next that may not be open yet.
func (b *builder) above(n, next int) int {
	if n > 0 {
		next = max(next, b.open[n-1].depth)
	}
	return next + 1
}

// openAt opens a branch at depth where there is none and those that are open end above.
func (b *builder) openAt(depth int) {
	n := len(b.open)
	if depth < 0 || n > 0 && b.open[n-1].depth >= depth {
		return
	}
	if n == cap(b.open) {
		b.open = append(b.open, openBranch{depth: depth})
		return
	}
	b.open = b.open[:n+1] // a branch that was here left its buffer
	b.open[n] = openBranch{depth: depth, kids: b.open[n].kids[:0]}
}

// refer makes the last node a child of top.
func (b *builder) refer(top *openBranch, at uint) {
	top.set |= 1 << at
	if len(b.buf) < hashLen {
		top.kids = append(append(top.kids, byte(len(b.buf)<<2)), b.buf...)
		return
	}
	sum := b.h(b.buf)
	top.kids = append(append(top.kids, hashLen<<2), sum[:]...)
}

// start begins a node with its header and its partial key, the nibbles of key between from and to.
func (b *builder) start(kind byte, key []byte, from, to int, value []byte) {
	kindBits := 2
	if kind != kindBranch && b.v == V1 && len(value) > maxInline {
		if kind == kindLeaf {
			kind, kindBits = kindHashLeaf, 3
		} else {
			kind, kindBits = kindHashBran, 4
		}
	}
	b.buf = appendHeader(b.buf[:0], kind, kindBits, to-from)
	b.buf = appendPartial(b.buf, key[from/2:], from&1 == 1, to-from)
}

func (b *builder) value(value []byte) {
	if b.v == V1 && len(value) > maxInline {
		sum := b.h(value)
		b.buf = append(b.buf, sum[:]...)
	} else {
		b.buf = append(appendCompact(b.buf, len(value)), value...)
	}
}

// common returns the count of nibbles in which a and b agree, knowing that the first depth do.
func common(a, b []byte, depth int) int {
	i, most := depth/2, min(len(a), len(b))
	for i < most && a[i] == b[i] {
		i++
	}
	if i < most && a[i]>>4 == b[i]>>4 {
		return 2*i + 1
	}
	return 2 * i
}
