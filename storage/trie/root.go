package trie

import (
	"bytes"
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
	if len(pairs) == 0 {
		return h.EmptyRoot()
	}
	for i := 1; i < len(pairs); i++ {
		if bytes.Compare(pairs[i-1].Key, pairs[i].Key) >= 0 {
			pairs = sorted(pairs)
			break
		}
	}
	b := builder{h: h, v: v}
	b.subtree(pairs, 0)
	return h(b.buf)
}

// OrderedRoot returns the root of a list: the root of the trie that maps the SCALE compact form of each index to its item.
func (h Hasher) OrderedRoot(items [][]byte, v Version) hash.H256 {
	pairs := make([]Pair, len(items))
	keys := make([]byte, 0, 4*len(items))
	for i, item := range items {
		at := len(keys)
		keys = appendCompact(keys, i)
		pairs[i] = Pair{keys[at:len(keys):len(keys)], item}
	}
	return h.RootOf(pairs, v)
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

// builder encodes nodes at the end of one buffer; a child is encoded where its reference will stand, and then replaced by it.
type builder struct {
	h   Hasher
	v   Version
	buf []byte
}

// subtree appends the encoding of the node above all of pairs, which agree in the first depth nibbles.
func (b *builder) subtree(pairs []Pair, depth int) {
	first := pairs[0].Key
	if len(pairs) == 1 {
		b.start(kindLeaf, first, depth, 2*len(first)-depth, pairs)
		b.value(pairs[0].Value)
		return
	}
	end := common(first, pairs[len(pairs)-1].Key, depth)
	kind, valued := byte(kindBranch), 2*len(first) == end
	if valued {
		kind = kindBranchV
	}
	b.start(kind, first, depth, end-depth, pairs)
	at := len(b.buf)
	b.buf = append(b.buf, 0, 0)
	if valued {
		b.value(pairs[0].Value)
		pairs = pairs[1:]
	}
	var set uint16
	for len(pairs) > 0 {
		i := nibble(pairs[0].Key, end)
		set |= 1 << i
		n := 1
		for n < len(pairs) && nibble(pairs[n].Key, end) == i {
			n++
		}
		ref := len(b.buf)
		b.buf = append(b.buf, 0)
		b.subtree(pairs[:n], end+1)
		if encoded := b.buf[ref+1:]; len(encoded) < hashLen {
			b.buf[ref] = byte(len(encoded) << 2)
		} else {
			sum := b.h(encoded)
			b.buf = append(append(b.buf[:ref], hashLen<<2), sum[:]...)
		}
		pairs = pairs[n:]
	}
	b.buf[at], b.buf[at+1] = byte(set), byte(set>>8)
}

// start appends header and partial key; where the node has a value, it is that of pairs[0].
func (b *builder) start(kind byte, key []byte, depth, nibbles int, pairs []Pair) {
	kindBits := 2
	if kind != kindBranch && b.v == V1 && len(pairs[0].Value) > maxInline {
		if kind == kindLeaf {
			kind, kindBits = kindHashLeaf, 3
		} else {
			kind, kindBits = kindHashBran, 4
		}
	}
	b.buf = appendHeader(b.buf, kind, kindBits, nibbles)
	b.buf = appendPartial(b.buf, key[depth/2:], depth&1 == 1, nibbles)
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
