package fixed_test

import (
	"fmt"

	"github.com/gotensor/gotensor/primitives/fixed"
)

// A third of a TAO, in RAO: the quotient is rounded towards zero, its product
// and its conversion towards minus infinity.
func Example() {
	third := fixed.U96F32FromUint64(1).SafeDiv(fixed.U96F32FromUint64(3))
	rao, ok := third.CheckedMul(fixed.U96F32FromUint64(1_000_000_000))
	fmt.Println(rao.SaturatingToUint64(), ok)
	fmt.Println(fixed.MaxU96F32().SaturatingToUint64())
	fmt.Println(fixed.I32F32FromInt32(-7).SaturatingDiv(fixed.I32F32FromInt32(2)))
	// Output:
	// 333333333 true
	// 18446744073709551615
	// -3.5
}
