package units

import (
	"encoding/binary"
	"math/bits"

	"github.com/gotensor/gotensor/primitives/scale"
)

// WeiPerRao is how many wei one RAO is: the EVM counts TAO with 18 decimals, the chain with 9.
const WeiPerRao = 1_000_000_000

// Wei is an amount of money as the EVM counts it, in 10^-18 TAO: 256 bits as four limbs, least significant first. It converts to
// scale.U256 and to uint256.Int of github.com/holiman/uint256 by a plain Go conversion; amounts compare with ==.
type Wei scale.U256

// Rao returns the amount in RAO, rounded down, and the wei below one RAO that remain. ok is false, and nothing else is set, where it does not
// fit 64 bits.
func (w Wei) Rao() (rao Rao, rest uint64, ok bool) {
	// The quotient of w by 10^9 fits 64 bits only if w has nothing above 128 bits and the limb above the lowest is below the divisor.
	if w[3] != 0 || w[2] != 0 || w[1] >= WeiPerRao {
		return 0, 0, false
	}
	q, rest := bits.Div64(w[1], w[0], WeiPerRao)
	return Rao(q), rest, true
}

// Cmp returns -1, 0 or 1 as w is less than, equal to or greater than v.
func (w Wei) Cmp(v Wei) int {
	for i := len(w) - 1; i >= 0; i-- {
		switch {
		case w[i] < v[i]:
			return -1
		case w[i] > v[i]:
			return 1
		}
	}
	return 0
}

// CheckedAdd returns w+v, and false where it overflows.
func (w Wei) CheckedAdd(v Wei) (sum Wei, ok bool) {
	var carry uint64
	for i := range w {
		sum[i], carry = bits.Add64(w[i], v[i], carry)
	}
	return sum, carry == 0
}

// CheckedSub returns w-v, and false where v exceeds w.
func (w Wei) CheckedSub(v Wei) (difference Wei, ok bool) {
	var borrow uint64
	for i := range w {
		difference[i], borrow = bits.Sub64(w[i], v[i], borrow)
	}
	return difference, borrow == 0
}

// WeiFromBytes32 reads 32 bytes, most significant first: the form of EVM words.
func WeiFromBytes32(b [32]byte) (w Wei) {
	for i := range w {
		w[i] = binary.BigEndian.Uint64(b[24-8*i:])
	}
	return w
}

// Bytes32 returns the amount as 32 bytes, most significant first: the form of EVM words.
func (w Wei) Bytes32() (b [32]byte) {
	for i, limb := range w {
		binary.BigEndian.PutUint64(b[24-8*i:], limb)
	}
	return b
}
