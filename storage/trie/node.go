package trie

import (
	"encoding/binary"
	"math/bits"
)

// node is a leaf (no kids) or a branch. A node belongs to the trie whose edit tag it carries and is changed in place by
// that trie alone; every other trie copies it first (invariant I1). data is never written after it was set (I2).
//
// A node does not know where it is; callers carry its depth, the count of nibbles of the path above it. The partial key is
// stored packed and aligned to the whole key: nibble d of a key is always the high half of its byte when d is even. So a
// partial key that begins at an odd depth begins in the low half of data[0], and the other half is without meaning. This
// makes comparing with a key a comparison of bytes, and cutting nibbles from the front a reslice.
type node struct {
	// data is the partial key, then the value. A value that enters the node as its hash has that hash in front, and may itself
	// be absent where the trie was loaded and the value not yet asked for.
	data  []byte
	kids  []child // in ascending order of nibble
	edit  uint64  // tag of the edit session that owns the node
	plen  uint32  // nibbles of the partial key
	set   uint16  // bit i: there is a child at nibble i
	dirty uint16  // bit i: the merkle value of that child is unknown; the child is then in memory
	small uint16  // bit i: the merkle value of that child is its encoding, not a hash
	flags uint8
}

const (
	hasValue    = 1 << iota // the node has a value
	valueHashed             // the value enters the node as its hash
	valueAbsent             // the value is known by its hash only
	valueNew                // the value was written after the node was taken from a recorded state
)

// child is one slot of a branch. node is nil where the child was not loaded; its merkle value is then known.
type child struct {
	node   *node
	merkle [32]byte // hash, or, where the branch's small bit is set, an encoding whose length is in the last byte
}

const (
	hashLen      = 32
	maxInline    = hashLen // a value longer than this enters as its hash under V1
	emptyNode    = 0x00
	kindLeaf     = 0x40
	kindBranch   = 0x80
	kindBranchV  = 0xc0
	kindHashLeaf = 0x20
	kindHashBran = 0x10
	escapeHeader = 0x01 // compact proofs: the value of the next node follows on its own
)

// partialBytes is the count of bytes that hold the partial key of n at depth.
func (n *node) partialBytes(depth int) int {
	if n.plen == 0 {
		return 0
	}
	return (depth&1 + int(n.plen) + 1) / 2
}

func (n *node) at(i uint) *child {
	return &n.kids[bits.OnesCount16(n.set&(1<<i-1))]
}

// newLeaf returns a node whose data is empty and has room for size bytes, inside the node's own memory where size is a
// usual one. One object instead of two for each key halves what the collector of garbage has to visit.
func newLeaf(size int) *node {
	switch {
	case size <= 64:
		l := new(struct {
			node
			room [64]byte
		})
		l.data = l.room[:0]
		return &l.node
	case size <= 96:
		l := new(struct {
			node
			room [96]byte
		})
		l.data = l.room[:0]
		return &l.node
	case size <= 128:
		l := new(struct {
			node
			room [128]byte
		})
		l.data = l.room[:0]
		return &l.node
	case size <= 160:
		l := new(struct {
			node
			room [160]byte
		})
		l.data = l.room[:0]
		return &l.node
	case size <= 208:
		l := new(struct {
			node
			room [208]byte
		})
		l.data = l.room[:0]
		return &l.node
	}
	return &node{data: make([]byte, 0, size)}
}

// setData gives n its partial key, copied from the whole key, and its value. It writes them into room where they fit; no
// one else may hold that.
func (n *node) setData(room []byte, h Hasher, key []byte, depth, plen int, value []byte, v Version) {
	from, to := depth/2, (depth+plen+1)/2
	if v == V1 && len(value) > maxInline {
		sum := h(value)
		n.data = withRoom(room, to-from+hashLen+len(value))
		n.data = append(append(append(n.data, key[from:to]...), sum[:]...), value...)
		n.flags = n.flags&^valueAbsent | hasValue | valueHashed | valueNew
	} else {
		n.data = withRoom(room, to-from+len(value))
		n.data = append(append(n.data, key[from:to]...), value...)
		n.flags = n.flags&^(valueAbsent|valueHashed) | hasValue | valueNew
	}
	n.plen = uint32(plen)
}

func withRoom(room []byte, size int) []byte {
	if cap(room) < size {
		return make([]byte, 0, size)
	}
	return room[:0]
}

// clearValue removes the value, keeping the partial key.
func (n *node) clearValue(depth int) {
	pb := n.partialBytes(depth)
	n.data = append([]byte(nil), n.data[:pb]...)
	n.flags &^= hasValue | valueHashed | valueAbsent
}

// insertKid adds a child at nibble i, whose merkle value is unknown.
func (n *node) insertKid(i uint, k *node) {
	at := bits.OnesCount16(n.set & (1<<i - 1))
	if len(n.kids) == cap(n.kids) {
		grown := make([]child, len(n.kids), min(16, max(2, 2*len(n.kids))))
		copy(grown, n.kids)
		n.kids = grown
	}
	n.kids = n.kids[:len(n.kids)+1]
	copy(n.kids[at+1:], n.kids[at:])
	n.kids[at] = child{node: k}
	n.set |= 1 << i
	n.dirty |= 1 << i
	n.small &^= 1 << i
}

// removeKid drops the child at nibble i.
func (n *node) removeKid(i uint) {
	at := bits.OnesCount16(n.set & (1<<i - 1))
	copy(n.kids[at:], n.kids[at+1:])
	n.kids[len(n.kids)-1] = child{}
	n.kids = n.kids[:len(n.kids)-1]
	if len(n.kids) == 0 {
		n.kids = nil
	}
	n.set &^= 1 << i
	n.dirty &^= 1 << i
	n.small &^= 1 << i
}

// match counts how many nibbles of the partial key agree with key from depth on.
func (n *node) match(key []byte, depth int) int {
	limit := min(int(n.plen), 2*len(key)-depth)
	if limit <= 0 {
		return 0
	}
	a, b := n.data, key[depth/2:]
	i := 0
	if depth&1 == 1 {
		if (a[0]^b[0])&0x0f != 0 {
			return 0
		}
		i, a, b = 1, a[1:], b[1:]
	}
	for limit-i >= 16 {
		if d := binary.LittleEndian.Uint64(a) ^ binary.LittleEndian.Uint64(b); d != 0 {
			break
		}
		i, a, b = i+16, a[8:], b[8:]
	}
	for limit-i >= 2 {
		if d := a[0] ^ b[0]; d != 0 {
			if d&0xf0 == 0 {
				i++
			}
			return i
		}
		i, a, b = i+2, a[1:], b[1:]
	}
	if i < limit && (a[0]^b[0])&0xf0 == 0 {
		i++
	}
	return i
}

// nibble returns nibble i of packed bytes.
func nibble(b []byte, i int) uint {
	if i&1 == 0 {
		return uint(b[i/2] >> 4)
	}
	return uint(b[i/2] & 0x0f)
}

// partialNibble returns nibble i of the partial key of n at depth.
func (n *node) partialNibble(depth, i int) uint { return nibble(n.data, depth&1+i) }

// appendHeader appends a node header: the kind in the high bits and the count of nibbles in the others and what follows.
func appendHeader(buf []byte, kind byte, kindBits, nibbles int) []byte {
	most := 0xff >> kindBits
	if nibbles < most {
		return append(buf, kind|byte(nibbles))
	}
	buf = append(buf, kind|byte(most))
	nibbles -= most
	for nibbles >= 255 {
		buf = append(buf, 255)
		nibbles -= 255
	}
	return append(buf, byte(nibbles))
}

// appendPartial appends a partial key as nodes have it: aligned to its end, a lone first nibble in a byte of its own.
// data holds it packed, from its low half on where odd is set.
func appendPartial(buf, data []byte, odd bool, nibbles int) []byte {
	if nibbles == 0 {
		return buf
	}
	if odd == (nibbles&1 == 1) {
		if odd {
			buf = append(buf, data[0]&0x0f)
			data = data[1:]
		}
		return append(buf, data[:nibbles/2]...)
	}
	if nibbles&1 == 1 {
		buf = append(buf, data[0]>>4)
	}
	for i := range nibbles / 2 {
		buf = append(buf, data[i]<<4|data[i+1]>>4)
	}
	return buf
}

// appendCompact appends the SCALE compact form of n, which is below 2^32.
func appendCompact(buf []byte, n int) []byte {
	switch {
	case n < 1<<6:
		return append(buf, byte(n<<2))
	case n < 1<<14:
		return append(buf, byte(n<<2|1), byte(n>>6))
	case n < 1<<30:
		return binary.LittleEndian.AppendUint32(buf, uint32(n)<<2|2)
	default:
		return binary.LittleEndian.AppendUint32(append(buf, 3), uint32(n))
	}
}

// appendStart appends the header and partial key of n.
func (n *node) appendStart(buf []byte, depth int) []byte {
	kind, kindBits := byte(kindBranch), 2
	switch leaf := n.set == 0; {
	case leaf && n.flags&valueHashed != 0:
		kind, kindBits = kindHashLeaf, 3
	case leaf:
		kind = kindLeaf
	case n.flags&valueHashed != 0:
		kind, kindBits = kindHashBran, 4
	case n.flags&hasValue != 0:
		kind = kindBranchV
	}
	buf = appendHeader(buf, kind, kindBits, int(n.plen))
	return appendPartial(buf, n.data, depth&1 == 1, int(n.plen))
}

// appendValue appends the value of n as its node holds it; nothing where there is none.
func (n *node) appendValue(buf []byte, depth int) []byte {
	if n.flags&hasValue == 0 {
		return buf
	}
	v := n.data[n.partialBytes(depth):]
	if n.flags&valueHashed != 0 {
		return append(buf, v[:hashLen]...)
	}
	return append(appendCompact(buf, len(v)), v...)
}

// appendEncoded appends the encoding of n. All merkle values below must be known.
func (n *node) appendEncoded(buf []byte, depth int) []byte {
	buf = n.appendStart(buf, depth)
	if n.set == 0 {
		return n.appendValue(buf, depth)
	}
	buf = append(buf, byte(n.set), byte(n.set>>8))
	buf = n.appendValue(buf, depth)
	rest := n.set
	for k := range n.kids {
		bit := rest & -rest
		rest &^= bit
		buf = n.kids[k].appendRef(buf, n.small&bit != 0)
	}
	return buf
}

// appendRef appends the known merkle value as branches hold it: behind its compact length.
func (c *child) appendRef(buf []byte, small bool) []byte {
	if small {
		size := c.merkle[hashLen-1]
		return append(append(buf, size<<2), c.merkle[:size]...)
	}
	return append(append(buf, hashLen<<2), c.merkle[:]...)
}

// digest appends the encoding of n, computing the merkle values below that are unknown. edit is the tag of the trie that
// hashes: by I1 it may write merkle values only into its own nodes, so n must be its own where n has unknown ones.
func (n *node) digest(buf []byte, depth int, h Hasher, edit uint64) []byte {
	if n.dirty == 0 {
		return n.appendEncoded(buf, depth)
	}
	buf = n.appendStart(buf, depth)
	buf = append(buf, byte(n.set), byte(n.set>>8))
	buf = n.appendValue(buf, depth)
	depth += int(n.plen) + 1
	rest := n.set
	for i := range n.kids {
		k := &n.kids[i]
		bit := rest & -rest
		rest &^= bit
		if n.dirty&bit == 0 {
			buf = k.appendRef(buf, n.small&bit != 0)
			continue
		}
		if k.node.dirty != 0 && k.node.edit != edit {
			k.node = k.node.copyFor(edit)
		}
		// The child is encoded where its reference will stand.
		at := len(buf)
		buf = k.node.digest(append(buf, 0), depth, h, edit)
		if encoded := buf[at+1:]; len(encoded) < hashLen {
			copy(k.merkle[:], encoded)
			k.merkle[hashLen-1] = byte(len(encoded))
			buf[at] = byte(len(encoded) << 2)
			n.small |= bit
		} else {
			k.merkle = h(encoded)
			buf = append(append(buf[:at], hashLen<<2), k.merkle[:]...)
			n.small &^= bit
		}
	}
	n.dirty = 0
	return buf
}

// copyFor returns a copy of n that belongs to the session edit.
func (n *node) copyFor(edit uint64) *node {
	c := *n
	c.edit = edit
	if n.kids != nil {
		c.kids = append(make([]child, 0, len(n.kids)), n.kids...)
	}
	return &c
}
