package wasmhost

import (
	"encoding/binary"
	"errors"
	"fmt"

	"github.com/gotensor/gotensor/primitives/scale"
)

// BLS12-381. The Host API has no such chapter: these are the functions of sp_crypto_ec_utils::bls12_381::host_calls, which Subtensor's
// node offers besides it and its pallet-drand calls to verify the beacon's pulses. Names and encodings are those of version 0.16.0,
// which Subtensor's Cargo.lock has.
//
// Every argument is a span and every result a SCALE Result<Vec<u8>, ()>. What stands in a span is encoded as ark-scale does
// for host calls, neither compressed nor validated:
//
//	number of a field   48 bytes, scalar 32 bytes: little endian and below the modulus
//	E2, E12             their numbers from the lowest on
//	affine point        x and y as in ZCash's format, big endian, E2 with the higher number first; of the three flags in the first byte the one
//	                    for compressed points is refused, the one for infinity makes the rest meaningless, the third is ignored
//	Jacobian point      three field elements X, Y, Z in the little endian form; Z = 0 is infinity
//	list                u64 little endian, then so many elements
//
// Bytes behind a value are ignored. Anything else that is no such value makes the result Err and no trap.
//
// No point is tested to lie on its curve or in its subgroup, and results are Jacobian or unreduced. So what a runtime gets to see
// depends on the formulas and on the order in which points are added, not on the group alone; both follow arkworks (ark-ec 0.4.2), on garbage too.
var blsFuncs = []hostFunc{
	{"ext_host_calls_bls12_381_multi_miller_loop_version_1", params(i64, i64), results(i64), blsMultiMillerLoop},
	{"ext_host_calls_bls12_381_final_exponentiation_version_1", params(i64), results(i64), blsFinalExponentiation},
	{"ext_host_calls_bls12_381_msm_g1_version_1", params(i64, i64), results(i64), blsMSMG1},
	{"ext_host_calls_bls12_381_msm_g2_version_1", params(i64, i64), results(i64), blsMSMG2},
	{"ext_host_calls_bls12_381_mul_projective_g1_version_1", params(i64, i64), results(i64), blsMulG1},
	{"ext_host_calls_bls12_381_mul_projective_g2_version_1", params(i64, i64), results(i64), blsMulG2},
}

// errBLS is the one error that the guest gets to know: Err(()).
var errBLS = errors.New("no BLS12-381 value, or lists of different lengths")

// allocBLS returns the span of a fresh SCALE Result<Vec<u8>, ()>.
func (c *call) allocBLS(value []byte, err error) uint64 {
	if errors.Is(err, errBLS) {
		return c.alloc([]byte{1})
	}
	c.check(err)
	return c.alloc(append(scale.AppendLen([]byte{0}, len(value)), value...))
}

// blsMultiMillerLoop implements ext_host_calls_bls12_381_multi_miller_loop_version_1: list of affine points of G1, list of affine points of
// G2 → E12, the product of the Miller loops of the pairs.
//
//	traps: the lists differ in length, where the original panics
func blsMultiMillerLoop(c *call, stack []uint64) {
	a, b := c.bytes(stack[0], 0), c.bytes(stack[1], 1)
	value, err := multiMillerLoop(a, b, c.checkDeadline)
	stack[0] = c.allocBLS(value, err)
}

// blsFinalExponentiation implements ext_host_calls_bls12_381_final_exponentiation_version_1: E12 → E12. Err for 0.
func blsFinalExponentiation(c *call, stack []uint64) {
	stack[0] = c.allocBLS(finalExponentiation(c.bytes(stack[0], 0)))
}

// blsMSMG1 implements ext_host_calls_bls12_381_msm_g1_version_1: list of affine points, list of scalars → Jacobian point, the sum of
// the products. Err where the lists differ in length.
func blsMSMG1(c *call, stack []uint64) {
	bases, scalars := c.bytes(stack[0], 0), c.bytes(stack[1], 1)
	value, err := blsG1.msm(bases, scalars, c.checkDeadline)
	stack[0] = c.allocBLS(value, err)
}

// blsMSMG2 implements ext_host_calls_bls12_381_msm_g2_version_1. See blsMSMG1.
func blsMSMG2(c *call, stack []uint64) {
	bases, scalars := c.bytes(stack[0], 0), c.bytes(stack[1], 1)
	value, err := blsG2.msm(bases, scalars, c.checkDeadline)
	stack[0] = c.allocBLS(value, err)
}

// blsMulG1 implements ext_host_calls_bls12_381_mul_projective_g1_version_1: Jacobian point, list of u64 → Jacobian point, the product with
// the number whose limbs the list has, the lowest first; it may exceed the group's order.
func blsMulG1(c *call, stack []uint64) {
	base, scalar := c.bytes(stack[0], 0), c.bytes(stack[1], 1)
	value, err := blsG1.mul(base, scalar, c.checkDeadline)
	stack[0] = c.allocBLS(value, err)
}

// blsMulG2 implements ext_host_calls_bls12_381_mul_projective_g2_version_1. See blsMulG1.
func blsMulG2(c *call, stack []uint64) {
	base, scalar := c.bytes(stack[0], 0), c.bytes(stack[1], 1)
	value, err := blsG2.mul(base, scalar, c.checkDeadline)
	stack[0] = c.allocBLS(value, err)
}

// blsList returns the n elements of size bytes each that the list in data has, back to back.
func blsList(data []byte, size int) (elements []byte, n int, err error) {
	if len(data) < 8 {
		return nil, 0, errBLS
	}
	count, elements := binary.LittleEndian.Uint64(data), data[8:]
	if count > uint64(len(elements)/size) {
		return nil, 0, errBLS
	}
	n = int(count)
	return elements[:n*size], n, nil
}

// errBLSPairs: the Miller loop takes pairs.
func errBLSPairs(a, b int) error {
	return fmt.Errorf("%w: %d points of G1 and %d of G2, expected pairs", ErrArgument, a, b)
}
