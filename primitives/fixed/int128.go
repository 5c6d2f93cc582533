package fixed

import "math/bits"

// Uint128 is the unsigned integer Hi·2⁶⁴ + Lo. It is how the 128-bit fixed
// types show their bits, and Rust's u128 at the edges of the arithmetic.
type Uint128 struct{ Hi, Lo uint64 }

// Int128 is a signed 128-bit integer in two's complement: the top bit of Hi is
// the sign. Rust's i128.
type Int128 struct{ Hi, Lo uint64 }

// Uint128FromUint64 returns v as a Uint128.
func Uint128FromUint64(v uint64) Uint128 { return Uint128{Lo: v} }

// Int128FromInt64 returns v as an Int128.
func Int128FromInt64(v int64) Int128 { return Int128{Hi: uint64(v >> 63), Lo: uint64(v)} }

// String returns x in decimal.
func (x Uint128) String() string { return string(x.appendDecimal(nil)) }

// String returns x in decimal.
func (x Int128) String() string {
	neg, mag := absI128(x)
	if neg {
		return "-" + mag.String()
	}
	return mag.String()
}

func (x Uint128) appendDecimal(b []byte) []byte {
	var digits [39]byte // 2¹²⁸-1 has 39 decimal digits
	i := len(digits)
	for {
		var r uint64
		x.Hi, r = x.Hi/10, x.Hi%10
		x.Lo, r = bits.Div64(r, x.Lo, 10)
		i--
		digits[i] = byte('0' + r)
		if x == (Uint128{}) {
			return append(b, digits[i:]...)
		}
	}
}

// The kernels below exist once for each of the three representations (int64,
// Int128, Uint128), with the same names but for the suffix. Everything in the
// generated files is built from them. The bool of add, sub, neg, mul and div
// says that the exact result did not fit; the value is then the low bits of the
// exact result, which is what wrapping means everywhere in this package.

func lessI128(a, b Int128) bool {
	return int64(a.Hi) < int64(b.Hi) || a.Hi == b.Hi && a.Lo < b.Lo
}

func lessU128(a, b Uint128) bool {
	return a.Hi < b.Hi || a.Hi == b.Hi && a.Lo < b.Lo
}

func isNegI128(a Int128) bool { return int64(a.Hi) < 0 }

func addI128(a, b Int128) (Int128, bool) {
	lo, c := bits.Add64(a.Lo, b.Lo, 0)
	hi, _ := bits.Add64(a.Hi, b.Hi, c)
	return Int128{hi, lo}, int64((hi^a.Hi)&(hi^b.Hi)) < 0
}

func addU128(a, b Uint128) (Uint128, bool) {
	lo, c := bits.Add64(a.Lo, b.Lo, 0)
	hi, c := bits.Add64(a.Hi, b.Hi, c)
	return Uint128{hi, lo}, c != 0
}

func subI128(a, b Int128) (Int128, bool) {
	lo, c := bits.Sub64(a.Lo, b.Lo, 0)
	hi, _ := bits.Sub64(a.Hi, b.Hi, c)
	return Int128{hi, lo}, int64((a.Hi^b.Hi)&(a.Hi^hi)) < 0
}

func subU128(a, b Uint128) (Uint128, bool) {
	lo, c := bits.Sub64(a.Lo, b.Lo, 0)
	hi, c := bits.Sub64(a.Hi, b.Hi, c)
	return Uint128{hi, lo}, c != 0
}

func negI128(a Int128) (Int128, bool) {
	lo, c := bits.Sub64(0, a.Lo, 0)
	hi, _ := bits.Sub64(0, a.Hi, c)
	return Int128{hi, lo}, a == Int128{Hi: 1 << 63}
}

func negU128(a Uint128) (Uint128, bool) { return subU128(Uint128{}, a) }

// absI128 returns the sign and the magnitude, which for the minimum is 2¹²⁷.
func absI128(a Int128) (neg bool, mag Uint128) {
	if isNegI128(a) {
		a, _ = negI128(a)
		return true, Uint128(a)
	}
	return false, Uint128(a)
}

func shlI128(a Int128, n uint) Int128 { return Int128(shlU128(Uint128(a), n)) }

func shlU128(a Uint128, n uint) Uint128 {
	if n >= 64 {
		return Uint128{a.Lo << (n - 64), 0}
	}
	return Uint128{a.Hi<<n | a.Lo>>(64-n), a.Lo << n}
}

func shrI128(a Int128, n uint) Int128 {
	hi := int64(a.Hi)
	if n >= 64 {
		return Int128{uint64(hi >> 63), uint64(hi >> (n - 64))}
	}
	return Int128{uint64(hi >> n), a.Hi<<(64-n) | a.Lo>>n}
}

func shrU128(a Uint128, n uint) Uint128 {
	if n >= 64 {
		return Uint128{0, a.Hi >> (n - 64)}
	}
	return Uint128{a.Hi >> n, a.Hi<<(64-n) | a.Lo>>n}
}

func lowI128(a Int128) uint64  { return a.Lo }
func lowU128(a Uint128) uint64 { return a.Lo }

func clearI128(a Int128, mask uint64) Int128   { return Int128{a.Hi, a.Lo &^ mask} }
func clearU128(a Uint128, mask uint64) Uint128 { return Uint128{a.Hi, a.Lo &^ mask} }

// fracI128 and its siblings give the bits under mask as a number of the
// representation.
func fracI128(a Int128, mask uint64) Int128   { return Int128{0, a.Lo & mask} }
func fracU128(a Uint128, mask uint64) Uint128 { return Uint128{0, a.Lo & mask} }

// mul256 returns the whole product, most significant word first.
func mul256(a, b Uint128) (p3, p2, p1, p0 uint64) {
	h00, p0 := bits.Mul64(a.Lo, b.Lo)
	h01, l01 := bits.Mul64(a.Lo, b.Hi)
	h10, l10 := bits.Mul64(a.Hi, b.Lo)
	h11, l11 := bits.Mul64(a.Hi, b.Hi)
	var c uint64
	p1, c = bits.Add64(h00, l01, 0)
	p2, c = bits.Add64(l11, h01, c)
	p3 = h11 + c
	p1, c = bits.Add64(p1, l10, 0)
	p2, c = bits.Add64(p2, h10, c)
	p3 += c
	return p3, p2, p1, p0
}

// mulU128 returns ⌊a·b / 2^frac⌋ for 0 < frac <= 64. A Go shift by 64 gives
// zero, so frac = 64 needs no case of its own.
func mulU128(a, b Uint128, frac uint) (Uint128, bool) {
	p3, p2, p1, p0 := mul256(a, b)
	over := p3>>frac | (p3<<(64-frac) | p2>>frac)
	return Uint128{p2<<(64-frac) | p1>>frac, p1<<(64-frac) | p0>>frac}, over != 0
}

// mulI128 returns ⌊a·b / 2^frac⌋, rounding towards minus infinity.
func mulI128(a, b Int128, frac uint) (Int128, bool) {
	p3, p2, p1, p0 := mul256(Uint128(a), Uint128(b))
	// A negative factor was read as itself plus 2¹²⁸: take the other factor,
	// shifted by 128, off again. The masks are all ones for a negative factor.
	ma, mb := uint64(int64(a.Hi)>>63), uint64(int64(b.Hi)>>63)
	var c uint64
	p2, c = bits.Sub64(p2, b.Lo&ma, 0)
	p3, _ = bits.Sub64(p3, b.Hi&ma, c)
	p2, c = bits.Sub64(p2, a.Lo&mb, 0)
	p3, _ = bits.Sub64(p3, a.Hi&mb, c)
	v := Int128{p2<<(64-frac) | p1>>frac, p1<<(64-frac) | p0>>frac}
	sign := uint64(int64(v.Hi) >> 63)
	return v, p3<<(64-frac)|p2>>frac != sign || uint64(int64(p3)>>frac) != sign
}

// div192 divides n2:n1:n0 by d, which is not zero. The quotient has three words
// only when d fits in one. Knuth's algorithm D with 64-bit digits.
func div192(n2, n1, n0 uint64, d Uint128) (q2, q1, q0 uint64, r Uint128) {
	if d.Hi == 0 {
		q2, n2 = n2/d.Lo, n2%d.Lo
		if n2|n1 != 0 {
			q1, n1 = bits.Div64(n2, n1, d.Lo)
			q0, r.Lo = bits.Div64(n1, n0, d.Lo)
			return q2, q1, q0, r
		}
		return q2, 0, n0 / d.Lo, Uint128{Lo: n0 % d.Lo}
	}
	s := uint(bits.LeadingZeros64(d.Hi))
	d = shlU128(d, s)
	n3 := n2 >> (64 - s)
	n2 = n2<<s | n1>>(64-s)
	n1 = n1<<s | n0>>(64-s)
	n0 <<= s
	if n3 != 0 || !lessU128(Uint128{n2, n1}, d) {
		q1, n2, n1 = div3by2(n3, n2, n1, d)
	}
	q0, n1, n0 = div3by2(n2, n1, n0, d)
	return 0, q1, q0, shrU128(Uint128{n1, n0}, s)
}

// div3by2 divides u2:u1:u0 by d, whose top bit is set and which is greater than
// u2:u1, so that the quotient is one word.
func div3by2(u2, u1, u0 uint64, d Uint128) (q, r1, r0 uint64) {
	var rhat, carry uint64
	if u2 == d.Hi {
		// The guess is the greatest digit; its remainder is u1 + d.Hi.
		q = ^uint64(0)
		rhat, carry = bits.Add64(u1, d.Hi, 0)
	} else {
		q, rhat = bits.Div64(u2, u1, d.Hi)
	}
	// The guess is at most two too big (Knuth 4.3.1, theorem B).
	h, l := bits.Mul64(q, d.Lo)
	for carry == 0 && (h > rhat || h == rhat && l > u0) {
		q--
		rhat, carry = bits.Add64(rhat, d.Hi, 0)
		var b uint64
		l, b = bits.Sub64(l, d.Lo, 0)
		h -= b
	}
	r0, b := bits.Sub64(u0, l, 0)
	r1, _ = bits.Sub64(rhat, h, b)
	return q, r1, r0
}

// divU128 returns ⌊a·2^frac / b⌋ for 0 < frac <= 64 and b not zero.
func divU128(a, b Uint128, frac uint) (Uint128, bool) {
	q2, q1, q0, _ := div192(a.Hi>>(64-frac), a.Hi<<frac|a.Lo>>(64-frac), a.Lo<<frac, b)
	return Uint128{q1, q0}, q2 != 0
}

// divI128 returns a·2^frac / b, rounding towards zero, for b not zero.
func divI128(a, b Int128, frac uint) (Int128, bool) {
	an, am := absI128(a)
	bn, bm := absI128(b)
	q, over := divU128(am, bm, frac)
	if an != bn {
		v, _ := negI128(Int128(q))
		return v, over || q.Hi>>63 != 0 && q != Uint128{Hi: 1 << 63}
	}
	return Int128(q), over || q.Hi>>63 != 0
}

func remU128(a, b Uint128) Uint128 {
	_, _, _, r := div192(0, a.Hi, a.Lo, b)
	return r
}

// remI128 has the sign of a, like Go's and Rust's %.
func remI128(a, b Int128) Int128 {
	neg, am := absI128(a)
	_, bm := absI128(b)
	r := Int128(remU128(am, bm))
	if neg {
		r, _ = negI128(r)
	}
	return r
}

// signBoundI128 is the bound on the side of a, and productBoundI128 the one on
// the side of a·b.
func signBoundI128(a Int128) Int128 {
	s := uint64(int64(a.Hi) >> 63)
	return Int128{1<<63 - 1 ^ s, ^s}
}

func productBoundI128(a, b Int128) Int128 { return signBoundI128(Int128{Hi: a.Hi ^ b.Hi}) }

// expSeriesI128 is the series of e^x for x >= 0: 1 + x and the terms to
// x^(frac-1)/(frac-1)!, each from the one before, rounded down. False on overflow.
func expSeriesI128(x Int128, frac uint) (Int128, bool) {
	term := Uint128(x)
	sum, _ := addU128(term, shlU128(Uint128{Lo: 1}, frac))
	for i := uint64(2); i < uint64(frac) && int64(sum.Hi) >= 0; i++ {
		t, over := mulU128(term, Uint128(x), frac)
		if over || int64(t.Hi) < 0 {
			return Int128{}, false
		}
		// An integer divisor is exact in the type, so it divides the bits.
		var r uint64
		term.Hi, r = t.Hi/i, t.Hi%i
		term.Lo, _ = bits.Div64(r, t.Lo, i)
		if term == (Uint128{}) {
			break // and so would all further terms be
		}
		sum, _ = addU128(sum, term)
	}
	return Int128(sum), int64(sum.Hi) >= 0
}

// log2Frac64 is log2Frac32 with 64 bits after the point.
func log2Frac64(x Int128) uint64 {
	var f uint64
	v := Uint128(x)
	for range 64 {
		v, _ = mulU128(v, v, 64)
		bit := (v.Hi>>1 | v.Hi>>2) & 1
		f = f<<1 | bit
		lo, c := bits.Add64(v.Lo>>bit|v.Hi<<63&-bit, v.Lo&bit, 0)
		v = Uint128{v.Hi>>bit + c, lo}
	}
	return f
}
