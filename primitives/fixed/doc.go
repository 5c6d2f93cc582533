// Package fixed is fixed-point arithmetic with the semantics of the Rust crate
// substrate_fixed, bit for bit: the numbers in which the chain computes
// consensus, emission and prices.
//
// A number is an integer, its bits, over a power of two. I32F32 has 32 bits
// before the binary point (the sign among them) and 32 after: the value is
// Bits() / 2³². Picture a ruler with a mark every 2⁻³²; every function computes
// the exact result, then says which mark to take and what happens beyond the
// ends of the ruler.
//
//	type    bits     range            step
//	I32F32  int64    -2³¹ … 2³¹       2⁻³²
//	I64F64  Int128   -2⁶³ … 2⁶³       2⁻⁶⁴
//	I96F32  Int128   -2⁹⁵ … 2⁹⁵       2⁻³²
//	U64F64  Uint128  0 … 2⁶⁴          2⁻⁶⁴
//	U96F32  Uint128  0 … 2⁹⁶          2⁻³²
//
// # Which mark
//
// A product, a right shift and every conversion round towards minus infinity; a
// quotient rounds towards zero. Sums are exact. The functions of roots, powers
// and logarithms repeat the original's steps one by one, so their errors are the
// original's too: Exp(1) has 23 correct bits, and Ln divides by a log₂ e of 23
// bits.
//
// # Beyond the ends
//
// What can overflow has no plain form: the caller names what should happen.
//
//	Wrapping…     the low bits of the exact result
//	Saturating…   the nearest bound
//	Checked…      (value, true), or (0, false)
//	Overflowing…  (the wrapped value, whether it wrapped)
//
// What cannot overflow has only the plain form: Floor, ToI64F64 of an I32F32,
// I96F32FromUint64. Integers narrower than those offered convert on the way:
// saturating to 64 bits and then to 8 is saturating to 8.
//
// Reading Rust beside this package: a release runtime is built without overflow
// checks, so an operator (a + b, a * b, -a) and from_num, to_num, abs, ceil and
// round are the Wrapping forms here. Dividing by zero panics in the original in
// every form but the checked one, which traps the runtime; here it panics too,
// and so a divisor from outside must be tested or divided by with CheckedDiv or
// SafeDiv. Result and Option are a value and a bool.
//
// # Invariants
//
//   - No operation allocates (String and a growing AppendLE aside), reads a clock or a
//     random number, or holds a float: equal inputs give equal bits on every
//     platform, native or Wasm.
//   - Types are structs of their bits: the zero value is 0, == compares numbers,
//     and < or * on the bits by mistake does not compile.
//   - The three representations (int64, Int128, Uint128) share one set of kernels
//     each, in int64.go and int128.go; conversions meet in wide.go. The methods
//     are written out by gen.go from its templates, for the reason given there.
//
// # Not here
//
// The crate's trigonometry, Euclidean division, mixed operators with bare
// integers, bit rotation, parsing, and floats are not here, because the chain
// does not use them. Powi takes time in proportion to its exponent, as the
// original does. SafeDiv, CheckedPow, CheckedSqrt, CheckedLn and CheckedLog come
// from the chain's safe-math; ExpSafe, SigmoidSafe, SafeLn and SafePow from its
// pallets. safe-math's own checked_floor is left out: on every type the crate's
// method of that name hides it, and Floor is that one.
//
// Source: github.com/encointer/substrate-fixed v0.6.0 (d5f70362); subtensor
// primitives/safe-math. testdata/README.md describes the vectors by which the
// originals judge this package.
package fixed

//go:generate go run gen.go

// divisionByZero is what the forms without a way to say so panic with.
const divisionByZero = "BUG: fixed: division by zero"
