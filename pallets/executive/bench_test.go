package executive

import (
	"testing"

	"github.com/gotensor/gotensor/pallets/frame"
	"github.com/gotensor/gotensor/pallets/system"
	"github.com/gotensor/gotensor/primitives/chain"
	"github.com/gotensor/gotensor/primitives/scale"
)

// roomy lifts the limits of a block.
func (w *world) roomy() *world {
	limit := frame.Weight{RefTime: 1 << 60, ProofSize: 1<<64 - 1}
	w.sys.BlockWeights.PerClass.Normal.MaxTotal, w.sys.BlockWeights.MaxBlock = &limit, limit
	return w
}

// BenchmarkApplyExtrinsic measures one transaction whose call does nothing, natively and without a signature: decoding, checks, bookkeeping. It is a
// general one, which a test extension authorizes.
func BenchmarkApplyExtrinsic(b *testing.B) {
	const n = 1000
	who := account(alice)
	w := newWorldWith(b, append([]frame.Extension{authorize{who: &who}}, extensions()...)).roomy()
	xts := make([][]byte, n)
	for i := range xts {
		explicit := append(scale.AppendCompact([]byte{0}, uint64(i)), 0)
		xts[i] = scale.Marshal(chain.NewGeneral(0, explicit, w.call(w.custom, someFunction).AppendScale(nil)))
	}
	b.ReportAllocs()
	for done := 0; done < b.N; {
		b.StopTimer()
		ext := w.Fork()
		w.custom.ran = make([]uint8, 0, n)
		ext.Run(func() {
			w.InitializeBlock(header(1))
			b.StartTimer()
			for i := 0; i < n && done < b.N; i++ {
				if r := w.ApplyExtrinsic(xts[i]); r[0] != 0 || r[1] != 0 {
					b.Fatalf("extrinsic %d: %x", i, r)
				}
				done++
			}
			b.StopTimer()
		})
		b.StartTimer()
	}
}

// BenchmarkExecuteBlock measures a block of 1,000 signed extrinsics that do nothing, natively and with their signatures.
func BenchmarkExecuteBlock(b *testing.B) {
	w := newWorld(b).roomy()
	xts := make([][]byte, 1000)
	for i := range xts {
		xts[i] = w.signed(alice, w.call(w.custom, someFunction), terms{nonce: uint32(i)})
	}
	block := w.build(xts...)
	b.ResetTimer()
	for range b.N {
		ext := w.Fork()
		if err := refusal(ext, func() { w.ExecuteBlock(block) }); err != nil {
			b.Fatal(err)
		}
		ext.Run(func() {
			if n := system.AccountNonce(account(alice)); n != 1000 || system.Number() != chain.BlockNumber(1) {
				b.Fatalf("nonce %d", n)
			}
		})
	}
}
