package trie

import (
	"encoding/binary"
	"errors"
	"fmt"
	"math/bits"
)

// ErrNode marks bytes that are no encoded trie node. Every error of decoding a node wraps it.
var ErrNode = errors.New("malformed trie node")

func malformed(format string, args ...any) error {
	return fmt.Errorf("%w: %s", ErrNode, fmt.Sprintf(format, args...))
}

// parsed is an encoded node taken apart; its slices point into the input.
type parsed struct {
	empty    bool
	partial  []byte // as encoded: a lone first nibble in the low half of the first byte
	nibbles  int
	set      uint16
	hasValue bool
	hashed   bool // value is the hash of the value
	value    []byte
	kids     []byte // the children one after the other, each a SCALE sequence; see takeKid
	rest     []byte // what follows the node
}

// take returns the first n bytes of *b and moves behind them.
func take(b *[]byte, n int, what string) ([]byte, error) {
	if n > len(*b) {
		return nil, malformed("%s: expected %d bytes, got %d", what, n, len(*b))
	}
	out := (*b)[:n:n]
	*b = (*b)[n:]
	return out, nil
}

// takeCompact reads a SCALE compact u32 in its shortest form.
func takeCompact(b *[]byte, what string) (int, error) {
	if len(*b) == 0 {
		return 0, malformed("%s: no length", what)
	}
	mode := (*b)[0] & 3
	size := [4]int{1, 2, 4, 5}[mode]
	if mode == 3 && (*b)[0] != 3 {
		return 0, malformed("%s: length of more than 32 bits", what)
	}
	raw, err := take(b, size, what)
	if err != nil {
		return 0, err
	}
	var n, least uint32
	switch mode {
	case 0:
		n = uint32(raw[0]) >> 2
	case 1:
		n, least = uint32(binary.LittleEndian.Uint16(raw))>>2, 1<<6
	case 2:
		n, least = binary.LittleEndian.Uint32(raw)>>2, 1<<14
	default:
		n, least = binary.LittleEndian.Uint32(raw[1:]), 1<<30
	}
	if n < least {
		return 0, malformed("%s: length %d is not in its shortest form", what, n)
	}
	if uint64(n) > uint64(len(*b)) {
		return 0, malformed("%s: expected %d bytes, got %d", what, n, len(*b))
	}
	return int(n), nil
}

// parse takes an encoded node apart. It accepts exactly what the node codec of Substrate accepts; like it, it lets bytes
// follow. It allocates nothing, and its work is linear in the input.
func parse(b []byte) (p parsed, err error) {
	if len(b) == 0 {
		return p, malformed("no header")
	}
	first := b[0]
	b = b[1:]
	if first == emptyNode {
		p.empty, p.rest = true, b
		return p, nil
	}
	kindBits, leaf := 2, false
	switch {
	case first&0xc0 == kindLeaf:
		leaf, p.hasValue = true, true
	case first&0xc0 == kindBranch:
	case first&0xc0 == kindBranchV:
		p.hasValue = true
	case first&0xe0 == kindHashLeaf:
		kindBits, leaf, p.hasValue, p.hashed = 3, true, true, true
	case first&0xf0 == kindHashBran:
		kindBits, p.hasValue, p.hashed = 4, true, true
	default:
		return p, malformed("unknown header 0x%02x", first)
	}
	most := 0xff >> kindBits
	p.nibbles = int(first) & most
	for more := p.nibbles == most; more; {
		next, err := take(&b, 1, "count of nibbles")
		if err != nil {
			return p, err
		}
		p.nibbles += int(next[0])
		more = next[0] == 255
	}
	if len(b) == 0 {
		return p, malformed("nothing behind the header")
	}
	if p.nibbles&1 == 1 && b[0]&0xf0 != 0 {
		return p, malformed("partial key: padding 0x%x is not zero", b[0]>>4)
	}
	if p.partial, err = take(&b, (p.nibbles+1)/2, "partial key"); err != nil {
		return p, err
	}
	if !leaf {
		set, err := take(&b, 2, "children bitmap")
		if err != nil {
			return p, err
		}
		if p.set = binary.LittleEndian.Uint16(set); p.set == 0 {
			return p, malformed("branch without children")
		}
	}
	if p.hasValue {
		n := hashLen
		if !p.hashed {
			if n, err = takeCompact(&b, "value"); err != nil {
				return p, err
			}
		}
		if p.value, err = take(&b, n, "value"); err != nil {
			return p, err
		}
	}
	p.kids = b
	for set := p.set; set != 0; set &= set - 1 {
		if _, err := takeKid(&b); err != nil {
			return p, err
		}
	}
	p.kids, p.rest = p.kids[:len(p.kids)-len(b)], b
	return p, nil
}

// takeKid reads the reference to a child: 32 bytes are a hash, any other length is the encoding of the child, and none at
// all says that a proof leaves it out.
func takeKid(b *[]byte) ([]byte, error) {
	n, err := takeCompact(b, "child")
	if err != nil {
		return nil, err
	}
	return take(b, n, "child")
}

// decode reads the node at depth. Children that are encoded inside it are decoded too; they are shorter than a hash, which
// bounds the recursion. The empty node, which only a root can be, gives nil.
func decode(b []byte, depth int, edit uint64) (*node, error) {
	p, err := parse(b)
	if err != nil {
		return nil, err
	}
	if len(p.rest) != 0 {
		return nil, malformed("%d bytes behind the node", len(p.rest))
	}
	if p.empty {
		return nil, nil
	}
	if p.hasValue && (depth+p.nibbles)&1 == 1 {
		return nil, malformed("value at an odd count of nibbles")
	}
	n := &node{edit: edit, plen: uint32(p.nibbles), set: p.set}
	pb := n.partialBytes(depth)
	n.data = make([]byte, pb, pb+len(p.value))
	unpackPartial(n.data, p.partial, p.nibbles, depth&1)
	n.data = append(n.data, p.value...)
	if p.hasValue {
		n.flags |= hasValue
	}
	if p.hashed {
		n.flags |= valueHashed | valueAbsent
	}
	if p.set == 0 {
		return n, nil
	}
	n.kids = make([]child, bits.OnesCount16(p.set))
	for i, set := 0, p.set; set != 0; i, set = i+1, set&(set-1) {
		at := bits.TrailingZeros16(set)
		enc, err := takeKid(&p.kids)
		if err != nil {
			return nil, err
		}
		if len(enc) == hashLen {
			copy(n.kids[i].merkle[:], enc)
			continue
		}
		if len(enc) > hashLen {
			return nil, malformed("child: %d bytes inside its parent, at most %d are possible", len(enc), hashLen-1)
		}
		k, err := decode(enc, depth+p.nibbles+1, edit)
		if err != nil {
			return nil, err
		}
		if k == nil {
			return nil, malformed("child %d is the empty node", at)
		}
		n.kids[i].node = k
		copy(n.kids[i].merkle[:], enc)
		n.kids[i].merkle[hashLen-1] = byte(len(enc))
		n.small |= 1 << at
	}
	return n, nil
}

// unpackPartial writes an encoded partial key, which is aligned to its end, into out, aligned to the whole key: from the
// low half of out[0] on where odd is 1.
func unpackPartial(out, partial []byte, nibbles, odd int) {
	for i := range nibbles {
		v := nibble(partial, nibbles&1+i)
		if at := odd + i; at&1 == 0 {
			out[at/2] |= byte(v << 4)
		} else {
			out[at/2] |= byte(v)
		}
	}
}
