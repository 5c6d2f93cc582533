package fixed

// The chain's own functions over the library's: what epochs and emissions call.

// ExpSafe returns e to the power x, for x clamped to -20 … 20; where Exp fails, 0
// for x <= 0 and else the greatest value.
// Source: subtensor pallets/subtensor/src/epoch/math.rs, exp_safe.
func ExpSafe(x I32F32) I32F32 {
	x = x.Max(I32F32FromInt32(-20)).Min(I32F32FromInt32(20))
	if v, ok := x.Exp(); ok {
		return v
	}
	if x.IsPositive() {
		return MaxI32F32()
	}
	return I32F32{}
}

// SigmoidSafe returns 1 / (1 + e^(-rho·(x-kappa))), saturating at each step.
// Source: subtensor pallets/subtensor/src/epoch/math.rs, sigmoid_safe.
func SigmoidSafe(x, rho, kappa I32F32) I32F32 {
	one := OneI32F32()
	offset := x.SaturatingSub(kappa)
	negRho := rho.SaturatingMul(one.SaturatingNeg())
	exp := ExpSafe(negRho.SaturatingMul(offset))
	return one.SafeDiv(exp.SaturatingAdd(one))
}

// SafeLn returns the natural logarithm of x, or 0 where Ln fails.
// Source: subtensor pallets/subtensor/src/epoch/math.rs, safe_ln.
func SafeLn(x I32F32) I32F32 {
	v, _ := x.Ln()
	return v
}

// SafePow returns x to the power p by way of I32F32's Ln and Exp: 0 where Ln
// fails, and the greatest integer of I32F32 where Exp does.
// Source: subtensor pallets/subtensor/src/coinbase/subnet_emissions.rs, safe_pow.
func SafePow(x, p U64F64) U64F64 {
	ln, ok := x.SaturatingToI32F32().Ln()
	if !ok {
		return U64F64{}
	}
	v, ok := p.SaturatingToI32F32().SaturatingMul(ln).Exp()
	if !ok {
		v = I32F32FromInt32(1<<31 - 1)
	}
	return v.SaturatingToU64F64()
}
