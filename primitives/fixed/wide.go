package fixed

import "math/bits"

// wide is a 192-bit integer in two's complement, most significant word first:
// the room in which conversions happen. Any source (at most 128 bits) shifted
// left by the greatest difference of binary points (64) fits, so a conversion
// is widen, shift, narrow, and only narrowing can overflow.
type wide struct{ e, h, l uint64 }

func wideI64(v int64) wide {
	s := uint64(v >> 63)
	return wide{s, s, uint64(v)}
}

func wideU64(v uint64) wide { return wide{0, 0, v} }

func wideI128(v Int128) wide { return wide{uint64(int64(v.Hi) >> 63), v.Hi, v.Lo} }

func wideU128(v Uint128) wide { return wide{0, v.Hi, v.Lo} }

// shl shifts left by n <= 64.
func (w wide) shl(n uint) wide {
	return wide{w.e<<n | w.h>>(64-n), w.h<<n | w.l>>(64-n), w.l << n}
}

// shlFull shifts a whole Uint128 left by 64. One of 2¹²⁷ or more would read as
// negative: its top bit moves to the bottom of the word, because no target holds
// it and all that must remain is the sign and that it overflows.
func (w wide) shlFull() wide {
	return wide{w.h&^(1<<63) | w.h>>63, w.l, 0}
}

// shr shifts right by n <= 64, rounding towards minus infinity.
func (w wide) shr(n uint) wide {
	return wide{uint64(int64(w.e) >> n), w.e<<(64-n) | w.h>>n, w.h<<(64-n) | w.l>>n}
}

func (w wide) neg() bool { return int64(w.e) < 0 }

// The narrowing forms give the low bits and whether that changed the value.

func (w wide) toI64() (int64, bool) {
	s := uint64(int64(w.l) >> 63)
	return int64(w.l), w.h != s || w.e != s
}

func (w wide) toU16() (uint16, bool) { return uint16(w.l), w.e|w.h|w.l>>16 != 0 }

func (w wide) toU32() (uint32, bool) { return uint32(w.l), w.e|w.h|w.l>>32 != 0 }

func (w wide) toU64() (uint64, bool) { return w.l, w.e|w.h != 0 }

func (w wide) toI128() (Int128, bool) {
	return Int128{w.h, w.l}, w.e != uint64(int64(w.h)>>63)
}

func (w wide) toU128() (Uint128, bool) { return Uint128{w.h, w.l}, w.e != 0 }

// word is wide for the conversions that one word holds, which are in the chain's
// inner loops: an I32F32 to an integer of 64 bits or less.
type word int64

func (w word) shr(n uint) word { return w >> n }

func (w word) toI64() (int64, bool)  { return int64(w), false }
func (w word) toU16() (uint16, bool) { return uint16(w), uint64(w)>>16 != 0 }
func (w word) toU32() (uint32, bool) { return uint32(w), uint64(w)>>32 != 0 }
func (w word) toU64() (uint64, bool) { return uint64(w), w < 0 }

// decimal returns w / 2^frac in decimal, exactly.
func (w wide) decimal(frac uint) string {
	b := make([]byte, 0, 110)
	if w.neg() {
		// The magnitude fits: sources have at most 128 bits.
		mag, _ := negI128(Int128{w.h, w.l})
		w = wide{0, mag.Hi, mag.Lo}
		b = append(b, '-')
	}
	n := w.shr(frac)
	b = Uint128{n.h, n.l}.appendDecimal(b)
	f := w.l << (64 - frac) // frac <= 64: the fraction, at the top of a word
	if f != 0 {
		b = append(b, '.')
	}
	for f != 0 {
		var digit uint64
		digit, f = bits.Mul64(f, 10)
		b = append(b, byte('0'+digit))
	}
	return string(b)
}
