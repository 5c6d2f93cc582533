package executive

import (
	"testing"

	"github.com/gotensor/gotensor/pallets/frame"
	"github.com/gotensor/gotensor/pallets/frame/host"
	"github.com/gotensor/gotensor/pallets/system"
	"github.com/gotensor/gotensor/primitives/scale"
)

// seeds are extrinsics of all forms, valid ones and not.
func (w *world) seeds() [][]byte {
	c := w.call(w.custom, someFunction)
	deep := c
	for range 300 {
		deep = &testCall{pallet: w.custom, index: batch, calls: []frame.Call{deep}}
	}
	return [][]byte{
		nil, {0}, {0xff, 0xff, 0xff, 0xff}, {3, 0xff, 0xff, 0xff, 0xff}, w.signed(alice, c, terms{}), w.signed(bob, c, terms{nonce: 2}),
		w.signed(carol, w.call(w.custom, failing), terms{hash: true}), bare(w.call(w.custom, inherent)), bare(w.call(w.custom2, allowedUnsigned)),
		bare(&system.RemarkCall{Remark: []byte("remark")}), bare(&system.SetStorageCall{Items: []system.KeyValue{{A: []byte("a"), B: []byte("b")}}}),
		w.signed(alice, &system.RemarkWithEventCall{Remark: []byte("remark")}, terms{}), bare(deep),
		scale.AppendBytes(nil, append([]byte{0x45, 0, 0, 0, 0}, c.AppendScale(nil)...)),
		bare(&system.ApplyAuthorizedUpgradeCall{Code: []byte("code")}),
	}
}

// FuzzApplyExtrinsic: whatever the bytes are, the answer is a result that decodes, or a Panic; and where the extrinsic is not valid, the state is what it was
// before once the caller has dropped what was written.
func FuzzApplyExtrinsic(f *testing.F) {
	w := newWorld(f)
	for _, xt := range w.seeds() {
		f.Add(xt)
	}
	f.Fuzz(func(t *testing.T, xt []byte) {
		w := newWorld(t)
		ext := w.Fork()
		var before, after [32]byte
		valid := false
		refused := refusal(ext, func() {
			w.InitializeBlock(header(1))
			before = host.Root(1)
			host.Begin()
			done := false
			defer func() {
				if !done {
					host.Rollback()
					after = host.Root(1)
				}
			}()
			d := scale.NewDecoder(w.ApplyExtrinsic(xt))
			r := decodeResult(d)
			if err := d.Finish(); err != nil {
				t.Errorf("result %+v: %v", r, err)
			}
			if valid = r.invalid == nil; valid {
				host.Commit()
				done = true
				w.FinalizeBlock()
			}
		})
		if (refused != nil || !valid) && after != before {
			t.Errorf("refused (%v) or not valid, and the state changed", refused)
		}
	})
}

// FuzzValidateTransaction: whatever the bytes are, the answer is a result that decodes, or a Panic.
func FuzzValidateTransaction(f *testing.F) {
	w := newWorld(f)
	for _, xt := range w.seeds() {
		f.Add(xt)
	}
	f.Fuzz(func(t *testing.T, xt []byte) {
		w := newWorld(t)
		_ = refusal(w.Fork(), func() { _, _ = w.validate(xt) })
	})
}

// FuzzExecuteBlock: whatever the bytes are, the block is executed or refused with a Panic; what is executed has the root that the header claims.
func FuzzExecuteBlock(f *testing.F) {
	w := newWorld(f)
	for _, xt := range w.seeds() {
		f.Add(encode(*header(1), xt))
	}
	f.Add(w.build())
	f.Add(w.build(bare(w.call(w.custom, inherent)), w.signed(alice, w.call(w.custom2, someCall), terms{})))
	f.Fuzz(func(t *testing.T, block []byte) {
		_ = newWorld(t).execute(block)
	})
}

// FuzzInherents: whatever the bytes are, making and checking inherents answers or refuses with a Panic.
func FuzzInherents(f *testing.F) {
	w := newWorld(f)
	f.Add(dataOf(), w.build())
	f.Add(dataOf(entry{id1, []byte("x")}), w.build(bare(w.call(w.custom, inherent))))
	f.Fuzz(func(t *testing.T, data, block []byte) {
		w := newWorld(t)
		w.custom.offersInherent = true
		_ = refusal(w.Fork(), func() { w.InherentExtrinsics(data) })
		_ = refusal(w.Fork(), func() { w.CheckInherents(block, data) })
	})
}
