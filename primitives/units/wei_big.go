//go:build !wasm

package units

import (
	"math/big"

	"github.com/gotensor/gotensor/primitives/scale"
)

// Big integers are not there in Wasm: see package scale.

// Big returns the amount as a big integer.
func (w Wei) Big() *big.Int { return scale.U256(w).Big() }

// WeiFromBig returns v, and false where it is negative or has more than 256 bits.
func WeiFromBig(v *big.Int) (Wei, bool) {
	u, ok := scale.U256FromBig(v)
	return Wei(u), ok
}

// String returns the amount in decimal with its unit: "1500000000000000000 wei".
func (w Wei) String() string { return w.Big().String() + " wei" }
