package client_test

import (
	"testing"

	"github.com/gotensor/gotensor/primitives/scale"
	"github.com/gotensor/gotensor/testnet/driver"
)

// What a transaction costs the pool besides its signature, which is remembered, and what a trivial call of the runtime costs.
func BenchmarkCall(b *testing.B) {
	n := newNetwork(b)
	c := n.open(b, nil)
	alice, err := driver.NewSender("//Alice")
	if err != nil {
		b.Fatal(err)
	}
	to := alice.Account()
	best := c.Head().Best.Hash
	extrinsic := alice.Sign(scale.AppendCompact(append([]byte{5, 3, 0}, to[:]...), 1), n.terms)
	for _, call := range []struct {
		name, api string
		args      []byte
	}{
		{"version", "Core_version", nil},
		{"nonce", "AccountNonceApi_account_nonce", alice.Pair.Public()},
		{"validate", "TaggedTransactionQueue_validate_transaction", append(append([]byte{2}, scale.Marshal(extrinsic)...), best[:]...)},
	} {
		b.Run(call.name, func(b *testing.B) {
			for b.Loop() {
				answer, err := c.Call(b.Context(), best, call.api, call.args)
				if err != nil || len(answer) == 0 || call.name == "validate" && answer[0] != 0 {
					b.Fatalf("%x, %v", answer, err)
				}
			}
		})
		b.Run(call.name+"/parallel", func(b *testing.B) {
			b.RunParallel(func(pb *testing.PB) {
				for pb.Next() {
					if _, err := c.Call(b.Context(), best, call.api, call.args); err != nil {
						b.Error(err)
					}
				}
			})
		})
	}
}
