package fixed

import (
	"math"
	"math/bits"
)

// The kernels of int128.go for the one representation that fits a word.

func lessI64(a, b int64) bool { return a < b }

func isNegI64(a int64) bool { return a < 0 }

func addI64(a, b int64) (int64, bool) {
	s := a + b
	return s, (s^a)&(s^b) < 0
}

func subI64(a, b int64) (int64, bool) {
	d := a - b
	return d, (a^b)&(a^d) < 0
}

func negI64(a int64) (int64, bool) { return -a, a == math.MinInt64 }

func shlI64(a int64, n uint) int64 { return a << n }

func shrI64(a int64, n uint) int64 { return a >> n }

func lowI64(a int64) uint64 { return uint64(a) }

func clearI64(a int64, mask uint64) int64 { return a &^ int64(mask) }

func fracI64(a int64, mask uint64) int64 { return a & int64(mask) }

// mulI64 returns ⌊a·b / 2^frac⌋, rounding towards minus infinity.
func mulI64(a, b int64, frac uint) (int64, bool) {
	h, lo := bits.Mul64(uint64(a), uint64(b))
	hi := int64(h) - a>>63&b - b>>63&a
	v := int64(uint64(hi)<<(64-frac) | lo>>frac)
	return v, hi>>frac != v>>63
}

// divI64 returns a·2^frac / b, rounding towards zero, for b not zero.
func divI64(a, b int64, frac uint) (int64, bool) {
	am, bm := uint64(a), uint64(b)
	if a < 0 {
		am = -am
	}
	if b < 0 {
		bm = -bm
	}
	var over bool
	var q uint64
	if hi := am >> (64 - frac); hi == 0 {
		q = am << frac / bm
	} else {
		over = hi >= bm
		q, _ = bits.Div64(hi%bm, am<<frac, bm)
	}
	if a^b < 0 {
		return -int64(q), over || q > 1<<63
	}
	return int64(q), over || q >= 1<<63
}

// remI64 has the sign of a. Go defines the minimum % -1 as 0, as the crate does.
func remI64(a, b int64) int64 { return a % b }

// divIntI64 returns a / n for a not negative and n a positive integer.
func divIntI64(a int64, n uint64) int64 { return int64(uint64(a) / n) }
