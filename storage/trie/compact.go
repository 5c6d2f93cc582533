package trie

import (
	"bytes"
	"errors"
	"fmt"
	"maps"
	"slices"

	"github.com/gotensor/gotensor/primitives/hash"
)

// ErrCompactProof marks a compact proof that is not one of the root asked for.
var ErrCompactProof = errors.New("compact proof")

func notCompact(format string, args ...any) error {
	return fmt.Errorf("%w: %s", ErrCompactProof, fmt.Sprintf(format, args...))
}

// childPrefix is the prefix of the keys in the top trie whose values are the roots of default child tries.
var childPrefix = []byte(":child_storage:default:")

// EncodeCompact turns a storage proof of the top trie with this root, and of its default child tries, into Substrate's
// compact form: nodes from the root down and from left to right without the hashes of nodes that follow, first those of
// the top trie, then those of child tries in the order of their keys. A value that its node holds as a hash follows the
// node, which then starts with an escape byte. A node or value that occurs again is referred to by its hash, so the bytes are
// those of sp-trie 47 (encode_compact there skips duplicates, also across tries); older versions repeat what occurs again.
// DecodeCompact reads both.
// Nodes that the root does not lead to are dropped. Errors: *MissingError where the root is not in the proof; ErrNode;
// ErrCompactProof where the root of a child trie is not 32 bytes long.
func EncodeCompact(root hash.H256, nodes [][]byte) ([][]byte, error) {
	set := Blake2b.NodeSet(nodes)
	c := compactor{set: set, nodes: map[hash.H256]bool{}, values: map[hash.H256]bool{}}
	if _, ok := set[root]; !ok {
		return nil, &MissingError{Hash: root}
	}
	roots, err := set.childRoots(root)
	if err != nil {
		return nil, err
	}
	if err := c.trie(root); err != nil {
		return nil, err
	}
	for _, r := range roots {
		if _, ok := set[r]; !ok {
			continue // its key was looked at, its content was not
		}
		if err := c.trie(r); err != nil {
			return nil, err
		}
	}
	return c.out, nil
}

// childRoots returns the roots of default child tries, in the order of their keys, that the proof shows. Nodes that hold one
// another many times over can lead to more keys than there are bytes in the proof; a bound on the nodes visited, far above
// what the tries of a chain need, keeps the work in proportion. ErrCompactProof beyond.
func (p NodeSet) childRoots(root hash.H256) ([]hash.H256, error) {
	var roots []hash.H256
	it := Load(root, p).Iterator(childPrefix)
	if errors.Is(it.Err(), ErrMissing) {
		return nil, nil
	}
	it.lenient = true
	it.visits = 16*len(p) + 4096
	for it.Next() {
		v, err := it.Value()
		if errors.Is(err, ErrMissing) {
			continue
		}
		if err != nil {
			return nil, err
		}
		if len(v) != hashLen {
			return nil, notCompact("root of child trie 0x%x: expected %d bytes, got %d", it.Key(), hashLen, len(v))
		}
		roots = append(roots, hash.H256(v))
	}
	if err := it.Err(); errors.Is(err, errTooManyVisits) {
		return nil, notCompact("%d nodes lead to child tries on more than %d paths", len(p), 16*len(p)+4096)
	} else if err != nil {
		return nil, err
	}
	return roots, nil
}

type compactor struct {
	set           NodeSet
	nodes, values map[hash.H256]bool // emitted
	out           [][]byte
}

// compactFrame is a node being emitted: what follows the children that were looked at, and where the result goes.
type compactFrame struct {
	p   parsed
	buf []byte
	at  int
}

func (c *compactor) trie(root hash.H256) error {
	var stack []compactFrame
	push := func(h hash.H256) error {
		p, err := parse(c.set[h])
		if err != nil {
			return fmt.Errorf("node %s: %w", h, err)
		}
		f := compactFrame{p: p, at: len(c.out)}
		c.nodes[h] = true
		c.out = append(c.out, nil)
		shown := p
		if p.hashed {
			v := hash.H256(p.value)
			if value, ok := c.set[v]; ok && !c.values[v] {
				c.values[v] = true
				c.out = append(c.out, value)
				f.buf = append(f.buf, escapeHeader)
				shown.hashed, shown.value = false, nil
			}
		}
		f.buf = shown.appendStart(f.buf)
		stack = append(stack, f)
		return nil
	}
	if err := push(root); err != nil {
		return err
	}
	for len(stack) > 0 {
		f := &stack[len(stack)-1]
		if f.p.set == 0 {
			c.out[f.at] = f.buf
			stack = stack[:len(stack)-1]
			continue
		}
		f.p.set &= f.p.set - 1
		kid, err := takeKid(&f.p.kids)
		if err != nil {
			return err
		}
		if len(kid) > hashLen {
			return malformed("child: %d bytes inside its parent, at most %d are possible", len(kid), hashLen-1)
		}
		if len(kid) == hashLen {
			h := hash.H256(kid)
			if _, ok := c.set[h]; ok && !c.nodes[h] {
				f.buf = append(f.buf, 0)
				if err := push(h); err != nil {
					return err
				}
				continue
			}
		}
		f.buf = append(append(f.buf, byte(len(kid)<<2)), kid...)
	}
	return nil
}

// DecodeCompact turns a compact proof back into a storage proof: nodes and values in ascending order without duplicates.
// The proof must be of the top trie with this root; child tries must be referred to by it. Errors wrap ErrCompactProof,
// ErrNode or ErrMissing.
func DecodeCompact(root hash.H256, proof [][]byte) ([][]byte, error) {
	d := decompactor{in: proof, set: NodeSet{}}
	got, err := d.trie()
	if err != nil {
		return nil, err
	}
	if got != root {
		return nil, notCompact("root: expected %s, got %s", root, got)
	}
	roots, err := d.set.childRoots(root)
	if err != nil {
		return nil, err
	}
	// A child trie need not be in the proof, but those that are there come in order.
	for _, r := range roots {
		if len(d.in) == 0 && !d.open {
			break
		}
		if !d.open {
			if d.last, err = d.trie(); err != nil {
				return nil, err
			}
			d.open = true
		}
		if d.last == r {
			d.open = false
		}
	}
	if d.open {
		return nil, notCompact("child trie %s is not in the top trie", d.last)
	}
	if len(d.in) > 0 {
		return nil, notCompact("%d nodes too many", len(d.in))
	}
	return slices.SortedFunc(maps.Values(d.set), bytes.Compare), nil
}

type decompactor struct {
	in   [][]byte
	set  NodeSet
	last hash.H256 // root of a child trie that was read
	open bool      // and not yet found in the top trie
}

// trie reads one trie and returns its root.
func (d *decompactor) trie() (hash.H256, error) {
	type frame struct {
		p   parsed
		buf []byte
	}
	var stack []frame
	for {
		if len(d.in) == 0 {
			return hash.H256{}, notCompact("a node is missing")
		}
		enc := d.in[0]
		d.in = d.in[1:]
		escaped := len(enc) > 0 && enc[0] == escapeHeader
		if escaped {
			enc = enc[1:]
		}
		p, err := parse(enc)
		if err != nil {
			return hash.H256{}, fmt.Errorf("%w: %w", ErrCompactProof, err)
		}
		if escaped {
			if len(d.in) == 0 {
				return hash.H256{}, notCompact("a value is missing")
			}
			value := d.in[0]
			d.in = d.in[1:]
			sum := Blake2b(value)
			d.set[sum] = value
			p.hasValue, p.hashed, p.value = true, true, sum[:]
		}
		stack = append(stack, frame{p: p, buf: p.appendStart(nil)})
		for len(stack) > 0 {
			f := &stack[len(stack)-1]
			omitted := false
			for f.p.set != 0 && !omitted {
				f.p.set &= f.p.set - 1
				kid, err := takeKid(&f.p.kids)
				if err != nil {
					return hash.H256{}, err
				}
				if len(kid) > hashLen {
					return hash.H256{}, notCompact("child: %d bytes inside its parent, at most %d are possible", len(kid), hashLen)
				}
				if omitted = len(kid) == 0; !omitted {
					f.buf = append(append(f.buf, byte(len(kid)<<2)), kid...)
				}
			}
			if omitted {
				break
			}
			sum := Blake2b(f.buf)
			d.set[sum] = f.buf
			stack = stack[:len(stack)-1]
			if len(stack) == 0 {
				return sum, nil
			}
			up := &stack[len(stack)-1]
			up.buf = append(append(up.buf, hashLen<<2), sum[:]...)
		}
	}
}
