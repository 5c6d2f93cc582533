package scale

import (
	"math/bits"
	"strconv"
)

// U128 is an unsigned 128-bit integer: Hi·2^64 + Lo. The zero value is 0; values compare with ==. Money is 64-bit RAO; products of two amounts,
// shares and signed fixed-point bits are 128-bit.
type U128 struct{ Hi, Lo uint64 }

// Mul64 returns a·b, which always fits.
func Mul64(a, b uint64) U128 {
	hi, lo := bits.Mul64(a, b)
	return U128{hi, lo}
}

// String returns v in decimal.
func (v U128) String() string {
	const most uint64 = 10_000_000_000_000_000_000 // the largest power of ten in 64 bits
	high, low := v.DivMod64(most)
	if high == (U128{}) {
		return strconv.FormatUint(low, 10)
	}
	text := strconv.FormatUint(low, 10)
	return high.String() + "0000000000000000000"[len(text):] + text
}

// IsU64 reports whether v fits 64 bits.
func (v U128) IsU64() bool { return v.Hi == 0 }

// Cmp returns -1, 0 or 1 as v is less than, equal to or greater than w.
func (v U128) Cmp(w U128) int {
	switch {
	case v == w:
		return 0
	case v.Hi < w.Hi || v.Hi == w.Hi && v.Lo < w.Lo:
		return -1
	}
	return 1
}

// CheckedAdd returns v+w, and false where it overflows.
func (v U128) CheckedAdd(w U128) (U128, bool) {
	lo, c := bits.Add64(v.Lo, w.Lo, 0)
	hi, c := bits.Add64(v.Hi, w.Hi, c)
	return U128{hi, lo}, c == 0
}

// CheckedSub returns v-w, and false where w exceeds v.
func (v U128) CheckedSub(w U128) (U128, bool) {
	lo, b := bits.Sub64(v.Lo, w.Lo, 0)
	hi, b := bits.Sub64(v.Hi, w.Hi, b)
	return U128{hi, lo}, b == 0
}

// DivMod64 returns v divided by w, rounded down, and the remainder. It panics on w = 0, as Go's division does.
func (v U128) DivMod64(w uint64) (U128, uint64) {
	hi, rem := v.Hi/w, v.Hi%w
	lo, rem := bits.Div64(rem, v.Lo, w)
	return U128{hi, lo}, rem
}

// U256 is an unsigned 256-bit integer as four 64-bit limbs, least significant first: the layout of uint256.Int of
// github.com/holiman/uint256, to which it converts by uint256.Int(v). This package does without that import to keep runtimes small.
type U256 [4]uint64
