package fixed

import (
	"math/big"
	"testing"
)

// These tests compare the kernels with math/big, a second judge beside the
// vectors, which says what a failure of theirs is a failure of.

func bigU(v Uint128) *big.Int {
	b := new(big.Int).SetUint64(v.Hi)
	return b.Lsh(b, 64).Or(b, new(big.Int).SetUint64(v.Lo))
}

// value reads the bits of a number of shape s.
func (s shape) value(v Uint128) *big.Int {
	b := bigU(s.mask(v))
	if s.signed && b.Bit(int(s.w-1)) == 1 {
		b.Sub(b, new(big.Int).Lsh(big.NewInt(1), s.w))
	}
	return b
}

// wrap is the low bits of b and whether they are all of it.
func (s shape) wrap(b *big.Int) (Uint128, bool) {
	m := new(big.Int).Lsh(big.NewInt(1), 128)
	low := new(big.Int).Mod(b, m)
	v := s.mask(Uint128{new(big.Int).Rsh(low, 64).Uint64(), low.Uint64()})
	return v, s.value(v).Cmp(b) != 0
}

func TestKernelsAgainstBig(t *testing.T) {
	type kernel struct {
		name string
		s    shape
		f    func(a, b Uint128) (Uint128, bool)
		want func(a, b *big.Int) *big.Int
		div  bool
	}
	i64 := func(f func(a, b int64) (int64, bool)) func(a, b Uint128) (Uint128, bool) {
		return func(a, b Uint128) (Uint128, bool) {
			v, over := f(int64(a.Lo), int64(b.Lo))
			return u(uint64(v)), over
		}
	}
	i128 := func(f func(a, b Int128) (Int128, bool)) func(a, b Uint128) (Uint128, bool) {
		return func(a, b Uint128) (Uint128, bool) {
			v, over := f(Int128(a), Int128(b))
			return Uint128(v), over
		}
	}
	add := func(a, b *big.Int) *big.Int { return new(big.Int).Add(a, b) }
	sub := func(a, b *big.Int) *big.Int { return new(big.Int).Sub(a, b) }
	rem := func(a, b *big.Int) *big.Int { return new(big.Int).Rem(a, b) }
	var kernels []kernel
	for _, frac := range []uint{1, 18, 32, 63, 64} {
		mul := func(a, b *big.Int) *big.Int { c := new(big.Int).Mul(a, b); return c.Rsh(c, frac) }
		div := func(a, b *big.Int) *big.Int { c := new(big.Int).Lsh(a, frac); return c.Quo(c, b) }
		for _, k := range []kernel{
			{"mulI128", shape{128, frac, true}, i128(func(a, b Int128) (Int128, bool) { return mulI128(a, b, frac) }), mul, false},
			{"divI128", shape{128, frac, true}, i128(func(a, b Int128) (Int128, bool) { return divI128(a, b, frac) }), div, true},
			{"mulU128", shape{128, frac, false}, func(a, b Uint128) (Uint128, bool) { return mulU128(a, b, frac) }, mul, false},
			{"divU128", shape{128, frac, false}, func(a, b Uint128) (Uint128, bool) { return divU128(a, b, frac) }, div, true},
			{"mulI64", shape{64, frac, true}, i64(func(a, b int64) (int64, bool) { return mulI64(a, b, frac) }), mul, false},
			{"divI64", shape{64, frac, true}, i64(func(a, b int64) (int64, bool) { return divI64(a, b, frac) }), div, true},
		} {
			if k.s.w > frac {
				kernels = append(kernels, k)
			}
		}
	}
	s128, u128, s64 := shape{128, 64, true}, shape{128, 64, false}, shape{64, 32, true}
	kernels = append(kernels,
		kernel{"addI128", s128, i128(addI128), add, false},
		kernel{"subI128", s128, i128(subI128), sub, false},
		kernel{"remI128", s128, i128(func(a, b Int128) (Int128, bool) { return remI128(a, b), false }), rem, true},
		kernel{"addU128", u128, addU128, add, false},
		kernel{"subU128", u128, subU128, sub, false},
		kernel{"remU128", u128, func(a, b Uint128) (Uint128, bool) { return remU128(a, b), false }, rem, true},
		kernel{"addI64", s64, i64(addI64), add, false},
		kernel{"subI64", s64, i64(subI64), sub, false},
		kernel{"remI64", s64, i64(func(a, b int64) (int64, bool) { return remI64(a, b), false }), rem, true},
	)
	n := 0
	for i, k := range kernels {
		g := splitmix(i)
		for range 5000 {
			a := k.s.draw(&g)
			b := k.s.drawSecond(a, &g)
			if k.div && b == (Uint128{}) {
				continue
			}
			got, over := k.f(a, b)
			want, wantOver := k.s.wrap(k.want(k.s.value(a), k.s.value(b)))
			if k.s.mask(got) != want || over != wantOver {
				t.Fatalf("%s, point at %d, %#x and %#x: expected %#x, overflow %t, got %#x, %t", k.name, k.s.f, a, b, want, wantOver, got, over)
			}
			n++
		}
	}
	t.Logf("%d results of %d kernels agree", n, len(kernels))
}

func TestString(t *testing.T) {
	for _, c := range []struct{ got, want string }{
		{I32F32{}.String(), "0"},
		{I32F32FromBits(1).String(), "0.00000000023283064365386962890625"},
		{I32F32FromBits(-1).String(), "-0.00000000023283064365386962890625"},
		{MinI32F32().String(), "-2147483648"},
		{I32F32FromBits(-3 << 31).String(), "-1.5"},
		{MinI64F64().String(), "-9223372036854775808"},
		{MinI96F32().String(), "-39614081257132168796771975168"},
		{U64F64FromBits(Uint128{7, 1 << 62}).String(), "7.25"},
		{MaxU96F32().String(), "79228162514264337593543950335.99999999976716935634613037109375"},
		{Int128{1 << 63, 0}.String(), "-170141183460469231731687303715884105728"},
		{Uint128{^uint64(0), ^uint64(0)}.String(), "340282366920938463463374607431768211455"},
	} {
		if c.got != c.want {
			t.Errorf("expected %s, got %s", c.want, c.got)
		}
	}
}
