package payment_test

import (
	"testing"

	"github.com/gotensor/gotensor/pallets/frame"
	"github.com/gotensor/gotensor/pallets/payment"
	"github.com/gotensor/gotensor/pallets/system"
	"github.com/gotensor/gotensor/primitives/chain"
	"github.com/gotensor/gotensor/primitives/units"
)

// A signed transfer with its fee, from Validate to PostDispatch, over a real overlay. It ends with a check of what everybody has.
func BenchmarkChargedTransfer(bench *testing.B) {
	build(bench, builder{1 << 40, 1, 1, 5}).Run(func() {
		ext := &payment.ChargeReal{Charge: payment.Charge{Pallet: &pay}, Payer: func(frame.Call, chain.AccountID) (chain.AccountID, bool) { return chain.AccountID{}, false }}
		tx := signed(2, weight(100), 10)
		tx.Origin = frame.SignedBy(a(1))
		payer, receiver := free(1), free(2)
		n := units.Rao(0)
		bench.ReportAllocs()
		for bench.Loop() {
			if _, err := ext.Validate(tx); err != nil {
				bench.Fatal(err)
			}
			if err := ext.Prepare(tx); err != nil {
				bench.Fatal(err)
			}
			post, err := frame.Dispatch(tx.Call, tx.Origin)
			if err != nil {
				bench.Fatal(err)
			}
			if err := ext.PostDispatch(tx, &post, nil); err != nil {
				bench.Fatal(err)
			}
			if n++; n%1000 == 0 {
				system.ResetEvents() // a block's worth
			}
		}
		const fee = 5 + 10 + 100
		if free(1) != payer-n*(fee+69) || free(2) != receiver+n*69 || b.FreeBalance(author) != n*fee {
			bench.Fatalf("after %d: %d, %d and %d", uint64(n), uint64(free(1)), uint64(free(2)), uint64(b.FreeBalance(author)))
		}
	})
}
