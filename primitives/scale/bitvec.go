package scale

import "slices"

// BitVec is a sequence of bits. Bit i is bit i%8 of Bytes[i/8] (least significant first), whatever the wire format; the bits behind Len are
// zero and Bytes has exactly (Len+7)/8 bytes.
type BitVec struct {
	Len   int
	Bytes []byte
}

// Bit returns bit i, which must be below Len.
func (v BitVec) Bit(i int) bool { return v.Bytes[i/8]>>(i%8)&1 == 1 }

// BitsFrom returns the bits of a slice of booleans.
func BitsFrom(bits []bool) BitVec {
	v := BitVec{Len: len(bits), Bytes: make([]byte, (len(bits)+7)/8)}
	for i, b := range bits {
		if b {
			v.Bytes[i/8] |= 1 << (i % 8)
		}
	}
	return v
}

// BitFormat is how bits lie on the wire, as the metadata of a runtime names it: in units of Store bits (8, 16, 32 or 64; each
// little-endian), the first bit being the least significant of its unit, or with Msb0 the most significant. The zero value is the usual form, BitVec<u8, Lsb0>.
type BitFormat struct {
	Store int // 0 means 8
	Msb0  bool
}

func (f BitFormat) unit() int {
	switch f.Store {
	case 0, 8:
		return 1
	case 16, 32, 64:
		return f.Store / 8
	}
	panic("BUG: bit store of " + itoa(f.Store) + " bits") // formats come from constants, or from metadata that was checked
}

// turn converts between the wire order and ours, in place: for Msb0 that is the reversal of all bits of each unit.
func (f BitFormat) turn(b []byte) {
	if !f.Msb0 {
		return
	}
	for unit := range slices.Chunk(b, f.unit()) {
		slices.Reverse(unit)
		for i, x := range unit {
			unit[i] = reverse8(x)
		}
	}
}

func reverse8(x byte) byte {
	x = x>>4 | x<<4
	x = x>>2&0x33 | x<<2&0xcc
	return x>>1&0x55 | x<<1&0xaa
}

// AppendBitVec appends v as BitVec<u8, Lsb0>.
func AppendBitVec(dst []byte, v BitVec) []byte { return AppendBits(dst, v, BitFormat{}) }

// AppendBits appends the number of bits and then the units that hold them.
func AppendBits(dst []byte, v BitVec, f BitFormat) []byte {
	dst = AppendLen(dst, v.Len)
	start := len(dst)
	dst = append(dst, v.Bytes...)
	unit := f.unit()
	for (len(dst)-start)%unit != 0 {
		dst = append(dst, 0)
	}
	f.turn(dst[start:])
	return dst
}

// BitVec reads a BitVec<u8, Lsb0>.
func (d *Decoder) BitVec() BitVec { return d.Bits(BitFormat{}) }

// Bits reads a bit sequence in the given format. Bits behind the end are ignored.
func (d *Decoder) Bits(f BitFormat) BitVec {
	unit := f.unit()
	n := int(d.CompactU32())
	units := (n + 8*unit - 1) / (8 * unit)
	wire := d.Take(units * unit)
	if wire == nil || !d.Charge(len(wire)) {
		return BitVec{}
	}
	b := append(make([]byte, 0, len(wire)), wire...)
	f.turn(b)
	b = b[:(n+7)/8]
	if n%8 != 0 {
		b[n/8] &= 1<<(n%8) - 1
	}
	return BitVec{Len: n, Bytes: b}
}
