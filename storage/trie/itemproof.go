package trie

import (
	"bytes"
	"errors"
	"fmt"
	"math/bits"
	"slices"

	"github.com/gotensor/gotensor/primitives/hash"
)

// ErrItemProof marks an item proof that does not prove its items. Errors of malformed nodes wrap ErrNode as well.
var ErrItemProof = errors.New("item proof")

func refused(format string, args ...any) error {
	return fmt.Errorf("%w: %s", ErrItemProof, fmt.Sprintf(format, args...))
}

// Item is a statement about one key: it has the value, or, where Absent is set, none.
type Item struct {
	Key, Value []byte
	Absent     bool
}

// ProveItems returns the proof that VerifyItems takes, of what the trie has at keys: the nodes on the paths to them from
// the root down and from left to right, without what the verifier can work out, which are the values at keys and the
// hashes of nodes that are in the proof. It is the format of generate_proof in Substrate's trie-db.
func (t *Trie) ProveItems(keys [][]byte) ([][]byte, error) {
	if len(keys) == 0 {
		return nil, nil
	}
	t.Root()
	keys = slices.Clone(keys)
	slices.SortFunc(keys, bytes.Compare)
	keys = slices.CompactFunc(keys, bytes.Equal)
	root, err := t.top()
	if err != nil {
		return nil, err
	}
	if root == nil {
		return [][]byte{{emptyNode}}, nil
	}
	p := itemProver{t: t, nodes: make([][]byte, 1)}
	p.nodes[0], err = p.node(root, 0, keys)
	return p.nodes, err
}

type itemProver struct {
	t     *Trie
	nodes [][]byte
}

// node returns the proof's form of n, on the path to all of keys.
func (p *itemProver) node(n *node, depth int, keys [][]byte) ([]byte, error) {
	end := depth + int(n.plen)
	// Keys that leave the path inside the partial key show only that they are absent.
	keys = slices.DeleteFunc(slices.Clone(keys), func(k []byte) bool { return n.match(k, depth) < int(n.plen) })
	shown := *n
	if len(keys) > 0 && 2*len(keys[0]) == end {
		keys = keys[1:]
		shown.flags &^= valueHashed | valueAbsent
		if n.set != 0 {
			shown.flags &^= hasValue
		} else {
			shown.data = n.data[:n.partialBytes(depth)]
		}
	}
	buf := shown.appendStart(nil, depth)
	if n.set == 0 {
		return shown.appendValue(buf, depth), nil
	}
	buf = append(buf, byte(n.set), byte(n.set>>8))
	buf = shown.appendValue(buf, depth)
	for set := n.set; set != 0; set &= set - 1 {
		i := uint(bits.TrailingZeros16(set))
		small := n.small&(1<<i) != 0
		var below [][]byte
		for len(keys) > 0 && nibble(keys[0], end) <= i {
			if nibble(keys[0], end) == i {
				below = append(below, keys[0])
			}
			keys = keys[1:]
		}
		if len(below) == 0 {
			buf = n.at(i).appendRef(buf, small)
			continue
		}
		kid, err := p.t.below(n, i, below[0], end+1)
		if err != nil {
			return nil, err
		}
		at := len(p.nodes)
		if !small {
			p.nodes = append(p.nodes, nil)
		}
		enc, err := p.node(kid, end+1, below)
		if err != nil {
			return nil, err
		}
		if small {
			buf = append(appendCompact(buf, len(enc)), enc...)
		} else {
			p.nodes[at] = enc
			buf = append(buf, 0)
		}
	}
	return buf, nil
}

// VerifyItems checks, under blake2b-256, that the trie with this root has what items state; see Hasher.VerifyItems.
func VerifyItems(root hash.H256, proof [][]byte, items []Item, v Version) error {
	return Blake2b.VerifyItems(root, proof, items, v)
}

// VerifyItems checks that the trie with this root, whose values at the items' keys were written under v, has what items
// state. It accepts exactly the proofs that verify_proof of Substrate's trie-db accepts: one without a node, value or hash
// too many. Substrate's host functions ext_trie_*_verify_proof_* are this with one present item.
// Errors wrap ErrItemProof.
func (h Hasher) VerifyItems(root hash.H256, proof [][]byte, items []Item, v Version) error {
	items = slices.Clone(items)
	slices.SortFunc(items, func(a, b Item) int { return bytes.Compare(a.Key, b.Key) })
	for i := 1; i < len(items); i++ {
		if bytes.Equal(items[i-1].Key, items[i].Key) {
			return refused("key 0x%x is stated twice", items[i].Key)
		}
	}
	if len(items) == 0 && len(proof) == 0 {
		return nil
	}
	if len(items) == 0 {
		return refused("%d nodes too many", len(proof))
	}
	if len(proof) == 0 {
		return refused("a node is missing")
	}
	c := itemChecker{h: h, v: v}
	if err := c.push(proof[0], 0, false); err != nil {
		return err
	}
	proof = proof[1:]
	for {
		top := &c.stack[len(c.stack)-1]
		down, err := c.advance(top, &items)
		if err != nil {
			return err
		}
		if down {
			end := top.depth + top.p.nibbles
			kid, err := top.kidsUntil(nibble(items[0].Key, end))
			switch {
			case err != nil:
				return err
			case len(kid) == hashLen:
				return refused("hash 0x%x is not left out", kid)
			case len(kid) > 0:
				err = c.push(kid, end+1, true)
			case len(proof) == 0:
				return refused("a node is missing")
			default:
				err = c.push(proof[0], end+1, false)
				proof = proof[1:]
			}
			if err != nil {
				return err
			}
			continue
		}
		whole, err := top.finish()
		if err != nil {
			return err
		}
		inside := top.inside
		c.stack = c.stack[:len(c.stack)-1]
		if len(c.stack) == 0 {
			if len(proof) > 0 {
				return refused("%d nodes too many", len(proof))
			}
			if got := h(whole); got != root {
				return refused("root: expected %s, got %s", root, got)
			}
			return nil
		}
		up := &c.stack[len(c.stack)-1]
		if !inside {
			sum := h(whole)
			whole = sum[:]
		}
		if up.out, err = appendKid(up.out, whole); err != nil {
			return err
		}
	}
}

type itemChecker struct {
	h     Hasher
	v     Version
	stack []itemFrame
}

// itemFrame is a node of a proof being completed.
type itemFrame struct {
	p      parsed
	depth  int
	path   []byte // a key that leads here; nil until there was one
	inside bool   // the node stands inside its parent
	out    []byte // the whole node as far as it is known; nil before its value is settled
}

func (c *itemChecker) push(enc []byte, depth int, inside bool) error {
	p, err := parse(enc)
	if err != nil {
		return fmt.Errorf("%w: %w", ErrItemProof, err)
	}
	c.stack = append(c.stack, itemFrame{p: p, depth: depth, inside: inside})
	return nil
}

// advance settles the items at f and those that f shows to be absent. It tells whether the next item lies below a child.
func (c *itemChecker) advance(f *itemFrame, items *[]Item) (down bool, err error) {
	for len(*items) > 0 {
		it := (*items)[0]
		if f.path == nil {
			f.path = it.Key // the item that led here
		} else if common(f.path, it.Key, 0) < f.depth {
			break
		}
		end := f.depth + f.p.nibbles
		found := !f.p.empty && matches(it.Key, f.depth, f.p.partial, f.p.nibbles)
		switch {
		case found && 2*len(it.Key) == end:
			if f.out != nil {
				panic("BUG: a key came after one that it is a prefix of")
			}
			leaf := f.p.set == 0
			switch {
			case leaf && (f.p.hashed || len(f.p.value) > 0), !leaf && f.p.hasValue:
				return false, refused("value of key 0x%x is not left out", it.Key)
			case leaf && it.Absent:
				return false, refused("key 0x%x has a value", it.Key)
			}
			f.p.hasValue, f.p.hashed, f.p.value = !it.Absent, false, it.Value
			if !it.Absent && c.v == V1 && len(it.Value) > maxInline {
				sum := c.h(it.Value)
				f.p.hashed, f.p.value = true, sum[:]
			}
		case found && f.p.set&(1<<nibble(it.Key, end)) != 0:
			return true, nil
		case !it.Absent:
			return false, refused("key 0x%x has no value", it.Key)
		}
		*items = (*items)[1:]
	}
	return false, nil
}

// matches tells whether key goes on with an encoded partial key at depth.
func matches(key []byte, depth int, partial []byte, nibbles int) bool {
	if 2*len(key)-depth < nibbles {
		return false
	}
	for i := range nibbles {
		if nibble(key, depth+i) != nibble(partial, nibbles&1+i) {
			return false
		}
	}
	return true
}

// start writes what precedes the children.
func (f *itemFrame) start() {
	if f.out == nil {
		f.out = f.p.appendStart(nil)
	}
}

// appendStart appends the encoding of p up to its children.
func (p *parsed) appendStart(buf []byte) []byte {
	if p.empty {
		return append(buf, emptyNode)
	}
	kind, kindBits := byte(kindBranch), 2
	switch leaf := p.set == 0; {
	case leaf && p.hashed:
		kind, kindBits = kindHashLeaf, 3
	case leaf:
		kind = kindLeaf
	case p.hashed:
		kind, kindBits = kindHashBran, 4
	case p.hasValue:
		kind = kindBranchV
	}
	buf = append(appendHeader(buf, kind, kindBits, p.nibbles), p.partial...)
	if p.set != 0 {
		buf = append(buf, byte(p.set), byte(p.set>>8))
	}
	switch {
	case p.hashed:
		return append(buf, p.value...)
	case p.hasValue:
		return append(appendCompact(buf, len(p.value)), p.value...)
	}
	return buf
}

// kidsUntil writes the children before nibble i and takes out the one at i, which must be there.
func (f *itemFrame) kidsUntil(i uint) ([]byte, error) {
	f.start()
	for {
		at := uint(bits.TrailingZeros16(f.p.set))
		f.p.set &= f.p.set - 1
		kid, err := takeKid(&f.p.kids)
		if err != nil || at == i {
			return kid, err
		}
		if f.out, err = appendKid(f.out, kid); err != nil {
			return nil, err
		}
	}
}

// finish writes the remaining children and returns the whole node.
func (f *itemFrame) finish() ([]byte, error) {
	f.start()
	for ; f.p.set != 0; f.p.set &= f.p.set - 1 {
		kid, err := takeKid(&f.p.kids)
		if err != nil {
			return nil, err
		}
		if f.out, err = appendKid(f.out, kid); err != nil {
			return nil, err
		}
	}
	return f.out, nil
}

// appendKid appends a reference to a child, which is no longer than a hash.
func appendKid(buf, kid []byte) ([]byte, error) {
	if len(kid) > hashLen {
		return nil, refused("child: %d bytes inside its parent, at most %d are possible", len(kid), hashLen)
	}
	return append(append(buf, byte(len(kid)<<2)), kid...), nil
}
