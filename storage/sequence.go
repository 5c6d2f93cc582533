package storage

import "encoding/binary"

// A sequence is the buffer of a value that is being appended to: headroom for the longest compact length, then the
// items. The length in front is written only when somebody looks, so an append costs its item and no more.
//
// Several versions of one value (the present one and those that a rollback would restore) share one buffer: each
// remembers how much of it is its own, and since appends only ever write behind the present end, a version is restored by
// taking its length again. Once a slice of the buffer has been handed out it is frozen, and the next append
// moves to a copy; that keeps every slice that a caller got from the overlay as it was.
type sequence struct {
	buf    []byte // headroom bytes, then the items of the longest version
	frozen bool   // a slice was handed out, with the length shown below in front
	shown  uint32 // the length that the headroom shows; only when frozen
}

// headroom is the size of the longest compact encoding of a 32-bit length.
const headroom = 5

// newSequence copies the items of a value into a fresh buffer with room for more.
func newSequence(items []byte, room int) *sequence {
	buf := make([]byte, headroom+len(items), headroom+len(items)+max(room, len(items)/4, 32))
	copy(buf[headroom:], items)
	return &sequence{buf: buf}
}

// value writes the length in front of the first size bytes of items and returns the whole, which is frozen from then on.
// The caller has made sure that the buffer is not frozen with another length.
func (s *sequence) value(count uint32, size int) []byte {
	var prefix [headroom]byte
	n := putCompact(&prefix, count)
	if !s.frozen {
		copy(s.buf[headroom-n:], prefix[:n])
		s.frozen, s.shown = true, count
	}
	return s.buf[headroom-n : headroom+size : headroom+size]
}

// putCompact writes the SCALE compact encoding of n and returns how many bytes it takes.
func putCompact(dst *[headroom]byte, n uint32) int {
	switch {
	case n < 1<<6:
		dst[0] = byte(n << 2)
		return 1
	case n < 1<<14:
		binary.LittleEndian.PutUint16(dst[:], uint16(n<<2)|1)
		return 2
	case n < 1<<30:
		binary.LittleEndian.PutUint32(dst[:], n<<2|2)
		return 4
	}
	dst[0] = 3
	binary.LittleEndian.PutUint32(dst[1:], n)
	return 5
}

// sequenceLength reads the compact length in front of a value: the length, how many bytes it takes, and whether value
// starts with a valid one. Only the shortest form of a number is valid, and nothing above 32 bits. What follows is
// not looked at. Source: parity-scale-codec, Decode for Compact<u32>.
func sequenceLength(value []byte) (count uint32, size int, ok bool) {
	if len(value) == 0 {
		return 0, 0, false
	}
	switch value[0] & 3 {
	case 0:
		return uint32(value[0] >> 2), 1, true
	case 1:
		if len(value) < 2 {
			return 0, 0, false
		}
		n := uint32(binary.LittleEndian.Uint16(value) >> 2)
		return n, 2, n >= 1<<6
	case 2:
		if len(value) < 4 {
			return 0, 0, false
		}
		n := binary.LittleEndian.Uint32(value) >> 2
		return n, 4, n >= 1<<14
	}
	if value[0] != 3 || len(value) < 5 {
		return 0, 0, false
	}
	n := binary.LittleEndian.Uint32(value[1:])
	return n, 5, n >= 1<<30
}
