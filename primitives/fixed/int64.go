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
	v := hi<<(64-frac) | int64(lo>>frac)
	return v, hi != v>>(64-frac)
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
		if over = hi >= bm; over {
			hi %= bm
		}
		q, _ = bits.Div64(hi, am<<frac, bm)
	}
	if a^b < 0 {
		return -int64(q), over || q > 1<<63
	}
	return int64(q), over || q >= 1<<63
}

// remI64 has the sign of a. Go defines the minimum % -1 as 0, as the crate does.
func remI64(a, b int64) int64 { return a % b }

// signBoundI64 is the bound on the side of a, and productBoundI64 the one on the
// side of a·b: what saturates there. They are written without a branch so that
// the saturating forms stay small enough to be inlined.
func signBoundI64(a int64) int64       { return math.MaxInt64 ^ a>>63 }
func productBoundI64(a, b int64) int64 { return math.MaxInt64 ^ (a^b)>>63 }

// reciprocals holds, for i up to 63, the least m with m·i >= 2^(63+L), L being the
// length of i-1: then t / i = m·t / 2^(63+L) for each t < 2⁶³, because the excess
// of m·i is below 2^L (Granlund and Montgomery, 1994). Dividing is what a series
// would spend its time on.
var reciprocals = func() (r [64]struct {
	m     uint64
	shift uint
}) {
	for i := uint64(2); i < 64; i++ {
		l := uint(bits.Len64(i - 1))
		q, rem := bits.Div64(1<<(l-1), 0, i)
		if rem != 0 {
			q++
		}
		r[i].m, r[i].shift = q, l-1
	}
	return r
}()

// expSeriesI64 is the series of e^x for 0 <= x < 2⁶³ with frac = 32: 1 + x and the
// terms to x³¹/31!, each from the one before, rounded down. False on overflow.
func expSeriesI64(x int64) (int64, bool) {
	const frac = 32
	term := uint64(x)
	sum := term + 1<<frac
	for i := 2; i < frac && int64(sum) >= 0; i++ {
		hi, lo := bits.Mul64(term, uint64(x))
		if hi>>(frac-1) != 0 {
			return 0, false
		}
		// An integer divisor is exact in the type, so it divides the bits.
		r := &reciprocals[i]
		term, _ = bits.Mul64(hi<<(64-frac)|lo>>frac, r.m)
		term >>= r.shift
		if term == 0 {
			break // and so would all further terms be
		}
		sum += term
	}
	return int64(sum), int64(sum) >= 0
}

// log2Frac32 returns the 32 bits of fraction of the logarithm to base 2 of x, for
// 1 <= x <= 2 with 32 bits after its point: a squaring for each bit, which is set
// if the square is 2 or more, and then it is halved, rounding up. No branch
// depends on x: half of them would be mispredicted.
func log2Frac32(x uint64) uint64 {
	var f uint64
	for range 32 {
		hi, lo := bits.Mul64(x, x)
		x = hi<<32 | lo>>32
		bit := (x>>33 | x>>34) & 1 // 2 itself can square to 4
		f = f<<1 | bit
		x = x>>bit + x&bit
	}
	return f
}
