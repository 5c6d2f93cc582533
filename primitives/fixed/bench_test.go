package fixed

import (
	"math/big"
	"testing"
)

// One value an op. After the loop every result is compared with math/big, or
// with a way around the shortcut measured, so that no benchmark times a no-op.

const benchN = 1024

// benchInputs draws magnitudes as an epoch has them: below 2⁴, never zero.
func benchInputs[T any](s shape, from func(Uint128) T) (x, y [benchN]T) {
	g := splitmix(7)
	for i := range benchN {
		a, b := shrU128(s.random(&g), s.w-s.f-4), shrU128(s.random(&g), s.w-s.f-4)
		a.Lo |= 1 << 20
		b.Lo |= 1 << 20
		x[i], y[i] = from(a), from(b)
	}
	return x, y
}

// benchCheck compares out with op of x and y, for as many as were computed.
func benchCheck[T any](b *testing.B, s shape, x, y, out *[benchN]T, bits func(T) Uint128, op func(v, w *big.Int)) {
	b.StopTimer()
	for i := range min(b.N, benchN) {
		v, w := s.value(bits(x[i])), s.value(bits(y[i]))
		op(v, w)
		if want, _ := s.wrap(v); s.mask(bits(out[i])) != want {
			b.Fatalf("value %d: expected %#x, got %#x", i, want, bits(out[i]))
		}
	}
}

func bigMul(f uint) func(v, w *big.Int) { return func(v, w *big.Int) { v.Mul(v, w).Rsh(v, f) } }
func bigDiv(f uint) func(v, w *big.Int) { return func(v, w *big.Int) { v.Lsh(v, f).Quo(v, w) } }

var (
	bits32  = func(v I32F32) Uint128 { return Uint128(Int128FromInt64(v.Bits())) }
	bits64  = func(v I64F64) Uint128 { return Uint128(v.Bits()) }
	bits96  = func(v I96F32) Uint128 { return Uint128(v.Bits()) }
	bitsU64 = func(v U64F64) Uint128 { return v.Bits() }
)

func BenchmarkI32F32SaturatingAdd(b *testing.B) {
	s := shape{64, 32, true}
	x, y := benchInputs(s, inI32F32)
	var out [benchN]I32F32
	b.ReportAllocs()
	b.ResetTimer()
	for i := 0; i < b.N; i++ {
		k := i % benchN
		out[k] = x[k].SaturatingAdd(y[k])
	}
	benchCheck(b, s, &x, &y, &out, bits32, func(v, w *big.Int) { v.Add(v, w) })
}

func BenchmarkI32F32SaturatingMul(b *testing.B) {
	s := shape{64, 32, true}
	x, y := benchInputs(s, inI32F32)
	var out [benchN]I32F32
	b.ReportAllocs()
	b.ResetTimer()
	for i := 0; i < b.N; i++ {
		k := i % benchN
		out[k] = x[k].SaturatingMul(y[k])
	}
	benchCheck(b, s, &x, &y, &out, bits32, bigMul(32))
}

func BenchmarkI32F32SafeDiv(b *testing.B) {
	s := shape{64, 32, true}
	x, y := benchInputs(s, inI32F32)
	var out [benchN]I32F32
	b.ReportAllocs()
	b.ResetTimer()
	for i := 0; i < b.N; i++ {
		k := i % benchN
		out[k] = x[k].SafeDiv(y[k])
	}
	benchCheck(b, s, &x, &y, &out, bits32, bigDiv(32))
}

func BenchmarkI64F64SaturatingMul(b *testing.B) {
	s := shape{128, 64, true}
	x, y := benchInputs(s, inI64F64)
	var out [benchN]I64F64
	b.ReportAllocs()
	b.ResetTimer()
	for i := 0; i < b.N; i++ {
		k := i % benchN
		out[k] = x[k].SaturatingMul(y[k])
	}
	benchCheck(b, s, &x, &y, &out, bits64, bigMul(64))
}

func BenchmarkI64F64SafeDiv(b *testing.B) {
	s := shape{128, 64, true}
	x, y := benchInputs(s, inI64F64)
	var out [benchN]I64F64
	b.ReportAllocs()
	b.ResetTimer()
	for i := 0; i < b.N; i++ {
		k := i % benchN
		out[k] = x[k].SafeDiv(y[k])
	}
	benchCheck(b, s, &x, &y, &out, bits64, bigDiv(64))
}

func BenchmarkI96F32SaturatingMul(b *testing.B) {
	s := shape{128, 32, true}
	x, y := benchInputs(s, inI96F32)
	var out [benchN]I96F32
	b.ReportAllocs()
	b.ResetTimer()
	for i := 0; i < b.N; i++ {
		k := i % benchN
		out[k] = x[k].SaturatingMul(y[k])
	}
	benchCheck(b, s, &x, &y, &out, bits96, bigMul(32))
}

func BenchmarkI96F32SafeDiv(b *testing.B) {
	s := shape{128, 32, true}
	x, y := benchInputs(s, inI96F32)
	var out [benchN]I96F32
	b.ReportAllocs()
	b.ResetTimer()
	for i := 0; i < b.N; i++ {
		k := i % benchN
		out[k] = x[k].SafeDiv(y[k])
	}
	benchCheck(b, s, &x, &y, &out, bits96, bigDiv(32))
}

func BenchmarkU64F64SaturatingMul(b *testing.B) {
	s := shape{128, 64, false}
	x, y := benchInputs(s, inU64F64)
	var out [benchN]U64F64
	b.ReportAllocs()
	b.ResetTimer()
	for i := 0; i < b.N; i++ {
		k := i % benchN
		out[k] = x[k].SaturatingMul(y[k])
	}
	benchCheck(b, s, &x, &y, &out, bitsU64, bigMul(64))
}

func BenchmarkI32F32SaturatingToUint16(b *testing.B) {
	s := shape{64, 32, true}
	x, y := benchInputs(s, inI32F32)
	var out [benchN]uint16
	b.ReportAllocs()
	b.ResetTimer()
	for i := 0; i < b.N; i++ {
		k := i % benchN
		out[k] = x[k].SaturatingToUint16()
	}
	b.StopTimer()
	for i := range min(b.N, benchN) {
		if want := x[i].Bits() >> 32; int64(out[i]) != max(want, 0) {
			b.Fatalf("%s and %s: expected %d, got %d", x[i], y[i], want, out[i])
		}
	}
}

// BenchmarkExpSafe is the cost of a cell of liquid alpha.
func BenchmarkExpSafe(b *testing.B) {
	x, _ := benchInputs(shape{64, 32, true}, inI32F32)
	var out [benchN]I32F32
	b.ReportAllocs()
	b.ResetTimer()
	for i := 0; i < b.N; i++ {
		k := i % benchN
		out[k] = ExpSafe(x[k])
	}
	b.StopTimer()
	for i := range min(b.N, benchN) {
		if want := expByDefinition(x[i]); out[i] != want {
			b.Fatalf("exp %s: expected %s, got %s", x[i], want, out[i])
		}
	}
}

// BenchmarkExpTermByTerm is Exp without its shortcuts, for the ratio.
func BenchmarkExpTermByTerm(b *testing.B) {
	x, _ := benchInputs(shape{64, 32, true}, inI32F32)
	var out [benchN]I32F32
	b.ReportAllocs()
	b.ResetTimer()
	for i := 0; i < b.N; i++ {
		k := i % benchN
		out[k] = expByDefinition(x[k])
	}
	b.StopTimer()
	for i := range min(b.N, benchN) {
		if want := ExpSafe(x[i]); out[i] != want {
			b.Fatalf("exp %s: expected %s, got %s", x[i], want, out[i])
		}
	}
}

// expByDefinition takes every term, and divides by I32F32 numbers.
func expByDefinition(x I32F32) I32F32 {
	neg := x.IsNegative()
	x = x.WrappingAbs()
	sum, term := x.WrappingAdd(OneI32F32()), x
	for i := int32(2); i < 32; i++ {
		term = term.WrappingMul(x).WrappingDiv(I32F32FromInt32(i))
		sum = sum.WrappingAdd(term)
	}
	if neg {
		return OneI32F32().WrappingDiv(sum)
	}
	return sum
}

func BenchmarkSafeLn(b *testing.B) {
	x, _ := benchInputs(shape{64, 32, true}, inI32F32)
	var out [benchN]I32F32
	b.ReportAllocs()
	b.ResetTimer()
	for i := 0; i < b.N; i++ {
		k := i % benchN
		out[k] = SafeLn(x[k].WrappingAbs())
	}
	b.StopTimer()
	for i := range min(b.N, benchN) {
		// The way back: e^ln x is x, but for the 23 bits of log₂ e.
		a := x[i].WrappingAbs()
		if d := ExpSafe(out[i]).AbsDiff(a); I32F32FromBits(1 << 14).Less(d) {
			b.Fatalf("ln %s: got %s, whose power is off by %s", a, out[i], d)
		}
	}
}
