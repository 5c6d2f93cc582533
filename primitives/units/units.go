package units

import (
	"errors"
	"math/bits"
	"strings"

	"github.com/gotensor/gotensor/primitives/internal/text"
	"github.com/gotensor/gotensor/primitives/scale"
)

// Decimals is the number of decimals of TAO and of alpha.
const Decimals = 9

// Tao is one TAO in RAO.
const Tao Rao = 1_000_000_000

// Rao is an amount of money, in billionths of a TAO.
type Rao uint64

// Alpha is an amount of one subnet's token, in billionths.
type Alpha uint64

// ErrAmount reports a text that is no amount: not digits with at most nine decimals, or more than 64 bits hold.
var ErrAmount = errors.New("bad amount")

// ParseTao reads an amount in TAO: "1.5" is 1,500,000,000 RAO. It takes digits, and optionally a point and one to nine decimals; no sign, exponent, separators or unit.
// Errors wrap ErrAmount.
func ParseTao(text string) (Rao, error) {
	v, err := parse(text)
	return Rao(v), err
}

// ParseAlpha reads an amount of alpha, as ParseTao does for TAO.
func ParseAlpha(text string) (Alpha, error) {
	v, err := parse(text)
	return Alpha(v), err
}

func parse(given string) (uint64, error) {
	whole, fraction, point := strings.Cut(given, ".")
	if whole == "" || point && fraction == "" {
		return 0, bad(given, "expected digits like 12 or 1.5")
	}
	if len(fraction) > Decimals {
		return 0, bad(given, text.Int(len(fraction))+" decimals, at most "+text.Int(Decimals))
	}
	digits := whole + fraction
	var v uint64
	for i := range len(digits) + Decimals - len(fraction) {
		digit := byte('0')
		if i < len(digits) {
			digit = digits[i]
		}
		if digit < '0' || digit > '9' {
			return 0, bad(given, "expected digits like 12 or 1.5")
		}
		var ok bool
		if v, ok = CheckedMul(v, 10); ok {
			v, ok = CheckedAdd(v, uint64(digit-'0'))
		}
		if !ok {
			return 0, bad(given, "more than 18446744073.709551615")
		}
	}
	return v, nil
}

// bad returns the error of a text that is no amount.
func bad(given, what string) error {
	return text.Wrap(ErrAmount.Error()+" "+text.Quote(given)+": "+what, ErrAmount)
}

// decimal writes billionths with a point and without trailing zeros.
func decimal(v uint64) string {
	out := text.Uint(v / uint64(Tao))
	if rest := v % uint64(Tao); rest != 0 {
		nine := text.Uint(uint64(Tao) + rest)[1:] // with the zeros in front
		out += "." + strings.TrimRight(nine, "0")
	}
	return out
}

// Tao returns the amount in TAO, in the form that ParseTao reads: "1.5".
func (r Rao) Tao() string { return decimal(uint64(r)) }

// String returns the amount in TAO with its unit: "1.5 TAO".
func (r Rao) String() string { return r.Tao() + " TAO" }

// Echo returns the amount in both units, to show users what they entered: "1.5 TAO = 1500000000 RAO".
func (r Rao) Echo() string { return r.Tao() + " TAO = " + text.Uint(uint64(r)) + " RAO" }

// Wei returns the amount in wei. It is exact and always fits.
func (r Rao) Wei() Wei {
	p := scale.Mul64(uint64(r), WeiPerRao)
	return Wei{p.Lo, p.Hi}
}

// AppendScale appends the amount as a u64.
func (r Rao) AppendScale(dst []byte) []byte { return scale.AppendU64(dst, uint64(r)) }

// DecodeScale reads a u64.
func (r *Rao) DecodeScale(d *scale.Decoder) { *r = Rao(d.U64()) }

// Decimal returns the amount with a point: "1.5".
func (a Alpha) Decimal() string { return decimal(uint64(a)) }

// String returns the amount with its unit: "1.5 alpha".
func (a Alpha) String() string { return a.Decimal() + " alpha" }

// AppendScale appends the amount as a u64.
func (a Alpha) AppendScale(dst []byte) []byte { return scale.AppendU64(dst, uint64(a)) }

// DecodeScale reads a u64.
func (a *Alpha) DecodeScale(d *scale.Decoder) { *a = Alpha(d.U64()) }

// CheckedAdd returns a+b, and false where it overflows.
func CheckedAdd[T ~uint64](a, b T) (T, bool) {
	sum := a + b
	return sum, sum >= a
}

// CheckedSub returns a-b, and false where b exceeds a.
func CheckedSub[T ~uint64](a, b T) (T, bool) { return a - b, b <= a }

// CheckedMul returns a·n, and false where it overflows.
func CheckedMul[T ~uint64](a T, n uint64) (T, bool) {
	hi, lo := bits.Mul64(uint64(a), n)
	return T(lo), hi == 0
}

// SaturatingAdd returns a+b, or the greatest amount where that overflows.
func SaturatingAdd[T ~uint64](a, b T) T {
	if sum, ok := CheckedAdd(a, b); ok {
		return sum
	}
	return ^T(0)
}

// SaturatingSub returns a-b, or 0 where b exceeds a.
func SaturatingSub[T ~uint64](a, b T) T {
	if b > a {
		return 0
	}
	return a - b
}

// SaturatingMul returns a·n, or the greatest amount where that overflows.
func SaturatingMul[T ~uint64](a T, n uint64) T {
	if product, ok := CheckedMul(a, n); ok {
		return product
	}
	return ^T(0)
}

// MulDiv returns a·num/den, rounded down, with a 128-bit product; false where the result overflows or den is 0.
func MulDiv[T ~uint64](a T, num, den uint64) (T, bool) {
	hi, lo := bits.Mul64(uint64(a), num)
	if den <= hi { // also den == 0
		return 0, false
	}
	q, _ := bits.Div64(hi, lo, den)
	return T(q), true
}
