package scale

import (
	"math/big"
	"math/bits"
)

// U128 is an unsigned 128-bit integer: Hi·2^64 + Lo. The zero value is 0; values compare with ==. Money is 64-bit RAO; products of two amounts,
// shares and signed fixed-point bits are 128-bit.
type U128 struct{ Hi, Lo uint64 }

// Mul64 returns a·b, which always fits.
func Mul64(a, b uint64) U128 {
	hi, lo := bits.Mul64(a, b)
	return U128{hi, lo}
}

// U128FromBig returns v, and false where v is negative or has more than 128 bits.
func U128FromBig(v *big.Int) (U128, bool) {
	if v.Sign() < 0 || v.BitLen() > 128 {
		return U128{}, false
	}
	return U128{Hi: new(big.Int).Rsh(v, 64).Uint64(), Lo: new(big.Int).And(v, new(big.Int).SetUint64(1<<64-1)).Uint64()}, true
}

// Big returns v as a big integer.
func (v U128) Big() *big.Int {
	b := new(big.Int).SetUint64(v.Hi)
	return b.Lsh(b, 64).Or(b, new(big.Int).SetUint64(v.Lo))
}

// String returns v in decimal.
func (v U128) String() string { return v.Big().String() }

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

// U256FromBig returns v, and false where v is negative or has more than 256 bits.
func U256FromBig(v *big.Int) (u U256, ok bool) {
	if v.Sign() < 0 || v.BitLen() > 256 {
		return u, false
	}
	var le [32]byte
	v.FillBytes(le[:])
	for i, j := 0, 31; i < j; i, j = i+1, j-1 {
		le[i], le[j] = le[j], le[i]
	}
	return NewDecoder(le[:]).U256(), true
}

// Big returns v as a big integer.
func (v U256) Big() *big.Int {
	b := new(big.Int)
	for i := len(v) - 1; i >= 0; i-- {
		b.Lsh(b, 64).Or(b, new(big.Int).SetUint64(v[i]))
	}
	return b
}

// String returns v in decimal.
func (v U256) String() string { return v.Big().String() }
