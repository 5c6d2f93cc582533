package runtime_test

import (
	"bytes"
	"testing"

	"github.com/gotensor/gotensor/primitives/scale"
	"github.com/gotensor/gotensor/runtime-wasm/runtime"
	"github.com/gotensor/gotensor/testnet/native"
)

// signedBytes is an extrinsic with the call, signed by the zero account with a signature of zeros, as wallets ask for fees.
func signedBytes(call []byte) []byte {
	x := append([]byte{0x84, 0}, make([]byte, 32)...)
	x = append(append(x, 1), make([]byte, 64)...)
	x = append(x, 0, 0, 0, 0) // era, nonce, tip, metadata hash
	return scale.AppendBytes(nil, append(x, call...))
}

// fee answers with what query_info says.
func fee(t *testing.T, x []byte) (refTime, partial uint64) {
	t.Helper()
	answer, _ := runtime.Call("TransactionPaymentApi_query_info", scale.AppendU32(append([]byte{}, x...), uint32(len(x))))
	d := scale.NewDecoder(answer)
	refTime = d.Compact()
	d.Compact()
	d.U8()
	partial = d.U64()
	if err := d.Finish(); err != nil {
		t.Fatal(err)
	}
	return refTime, partial
}

// A transfer costs what its call weighs, with the base weight of an extrinsic, and its bytes: Subtensor's runtime counts nothing for extensions, as fp_self_contained asks the
// call alone what it weighs. General extrinsics pay like signed ones, bare ones do not.
func TestFees(t *testing.T) {
	ext := native.New(t)
	transfer := append(append([]byte{5, 3, 0}, make([]byte, 32)...), 4)
	ext.Run(func() {
		x := signedBytes(transfer)
		refTime, partial := fee(t, x)
		if want := uint64(164_051_000); refTime != want { // balances 42, transfer_keep_alive: 39,051,000 + a read and a write
			t.Errorf("a transfer weighs %d, expected %d", refTime, want)
		}
		if want := uint64(164_051_000/2000) + 108_157_000/2000 + uint64(len(x)); partial != want {
			t.Errorf("a transfer costs %d, expected %d", partial, want)
		}
		remark := []byte{0, 0, 0}
		if _, partial := fee(t, scale.AppendBytes(nil, append([]byte{0x45, 0, 0, 0, 0, 0}, remark...))); partial == 0 {
			t.Error("a general extrinsic costs nothing")
		}
		if _, partial := fee(t, scale.AppendBytes(nil, append([]byte{5}, remark...))); partial != 0 {
			t.Errorf("a bare extrinsic costs %d", partial)
		}
	})
}

// The pool refuses calls that nest more than eight deep. Source: opentensor/subtensor runtime/src/lib.rs, validate_transaction.
func TestPoolDepth(t *testing.T) {
	ext := native.New(t)
	nested := func(n int) []byte {
		call := append(bytes.Repeat([]byte{11, 1, 0, 0}, n), 0, 0, 0) // as_derivative n times, around a remark
		return append(append([]byte{2}, signedBytes(call)...), make([]byte, 32)...)
	}
	ext.Run(func() {
		for n, invalidCall := range map[int]bool{0: false, 8: false, 9: true, 250: true} {
			answer, _ := runtime.Call("TaggedTransactionQueue_validate_transaction", nested(n))
			if got := bytes.Equal(answer, []byte{1, 0, 0}); got != invalidCall {
				t.Errorf("%d calls in each other: answer %x, expected InvalidTransaction::Call %v", n, answer, invalidCall)
			}
		}
	})
}
