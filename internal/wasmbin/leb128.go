package wasmbin

import (
	"encoding/binary"
	"errors"
	"math"
)

var (
	errShort    = errors.New("unexpected end")
	errOverlong = errors.New("integer too long")
)

// reader takes a byte slice apart from its front.
type reader struct {
	data []byte
	pos  int
}

func (r *reader) left() int { return len(r.data) - r.pos }

func (r *reader) byte() (byte, error) {
	if r.pos >= len(r.data) {
		return 0, errShort
	}
	b := r.data[r.pos]
	r.pos++
	return b, nil
}

func (r *reader) bytes(n uint32) ([]byte, error) {
	if uint64(n) > uint64(r.left()) {
		return nil, errShort
	}
	b := r.data[r.pos : r.pos+int(n) : r.pos+int(n)]
	r.pos += int(n)
	return b, nil
}

// u32 reads an unsigned LEB128 of at most 32 bits: at most five bytes, and no bit beyond the 32nd.
func (r *reader) u32() (uint32, error) {
	var v uint32
	for shift := 0; shift < 35; shift += 7 {
		b, err := r.byte()
		if err != nil {
			return 0, err
		}
		if shift == 28 && b > 0x0f {
			return 0, errOverlong
		}
		v |= uint32(b&0x7f) << shift
		if b < 0x80 {
			return v, nil
		}
	}
	return 0, errOverlong
}

// s64 reads a signed LEB128 of at most bits bits (32, 33 or 64); the unused bits of the last byte must repeat the sign.
func (r *reader) s64(bits int) (int64, error) {
	var v int64
	for shift := 0; ; shift += 7 {
		b, err := r.byte()
		if err != nil {
			return 0, err
		}
		if rest := bits - shift; rest <= 7 {
			payload := int8(b<<1) >> 1
			if b >= 0x80 || payload < -1<<(rest-1) || payload > 1<<(rest-1)-1 {
				return 0, errOverlong
			}
		}
		v |= int64(b&0x7f) << shift
		if b < 0x80 {
			if shift+7 < 64 && b&0x40 != 0 {
				v |= -1 << (shift + 7)
			}
			return v, nil
		}
	}
}

// AppendU32 appends v as unsigned LEB128 in its shortest form.
func AppendU32(b []byte, v uint32) []byte {
	for v >= 0x80 {
		b = append(b, byte(v)|0x80)
		v >>= 7
	}
	return append(b, byte(v))
}

// AppendS64 appends v as signed LEB128 in its shortest form; it serves i32.const and i64.const alike.
func AppendS64(b []byte, v int64) []byte {
	for {
		low := byte(v & 0x7f)
		v >>= 7
		if v == 0 && low&0x40 == 0 || v == -1 && low&0x40 != 0 {
			return append(b, low)
		}
		b = append(b, low|0x80)
	}
}

// AppendF32 appends v as f32.const has it: four bytes, little-endian.
func AppendF32(b []byte, v float32) []byte {
	return binary.LittleEndian.AppendUint32(b, math.Float32bits(v))
}

// AppendF64 appends v as f64.const has it: eight bytes, little-endian.
func AppendF64(b []byte, v float64) []byte {
	return binary.LittleEndian.AppendUint64(b, math.Float64bits(v))
}

func appendBytes(b, data []byte) []byte {
	return append(AppendU32(b, uint32(len(data))), data...)
}
