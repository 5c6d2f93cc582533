package executive

import (
	"encoding/hex"
	"slices"
	"strings"
	"testing"

	"github.com/gotensor/gotensor/pallets/frame"
	"github.com/gotensor/gotensor/pallets/frame/host"
	"github.com/gotensor/gotensor/pallets/system"
	"github.com/gotensor/gotensor/primitives/chain"
)

// TestUpgrade runs migrations over the state of a runtime that had one pallet less, and one pallet in an older form.
func TestUpgrade(t *testing.T) {
	w := newWorld(t)
	versionOf := func(p frame.Pallet) string {
		key := frame.PrefixOf(p.Name(), ":__STORAGE_VERSION__:")
		value, ok := host.Get(key[:])
		if !ok {
			return "none"
		}
		return hex.EncodeToString(value)
	}
	w.Run(func() {
		key := frame.PrefixOf("Custom2", ":__STORAGE_VERSION__:")
		host.Clear(key[:])
		key = frame.PrefixOf("Custom", ":__STORAGE_VERSION__:")
		host.Set(key[:], []byte{3, 0})
		w.sys.Version.SpecVersion = 1
		w.InitializeBlock(header(1))
		if got := []string{versionOf(w.sys), versionOf(w.custom), versionOf(w.custom2)}; !slices.Equal(got, []string{"0000", "0300", "0000"}) {
			t.Errorf("versions %v", got)
		}
		if frame.StorageVersion(w.custom) != 3 || frame.StorageVersion(w.custom2) != 0 {
			t.Errorf("versions %d, %d", frame.StorageVersion(w.custom), frame.StorageVersion(w.custom2))
		}
		// Three lookups, one note, the migrations, the hook, the base.
		if got, want := total(), frame.RefTime(100_000+200_000+175_000+10_000).Reads(3).Writes(1); got != want {
			t.Errorf("weight %v, want %v", got, want)
		}
		before := total()
		w.InitializeBlock(header(2))
		if got, want := total(), frame.RefTime(175_000+10_000); got != want || got == before {
			t.Errorf("the second block weighs %v, want %v: migrations ran again", got, want)
		}
	})
}

// TestHooks looks at the digest that a block begins with, and at who gets what is left of it.
func TestHooks(t *testing.T) {
	w := newWorld(t)
	w.custom.idle, w.custom2.idle = frame.RefTime(10), frame.RefTime(20)
	pre := chain.DigestItem{Kind: chain.DigestPreRuntime, Engine: chain.EngineAura, Data: []byte{1}}
	for n := chain.BlockNumber(1); n <= 6; n++ {
		w.custom.idleLeft, w.custom2.idleLeft = nil, nil
		w.Run(func() {
			h := header(n)
			h.Digest = []chain.DigestItem{{Kind: chain.DigestOther, Data: []byte("x")}, pre, {Kind: chain.DigestSeal, Engine: chain.EngineAura}}
			if mode := w.InitializeBlock(h); mode != AllExtrinsics {
				t.Errorf("mode %d", mode)
			}
			if events := system.EventRecords(); len(events) != 0 {
				t.Errorf("block %d begins with events %+v", n, events)
			}
			system.Deposit(system.CodeUpdated{})
			out := w.FinalizeBlock()
			if len(out.Digest) != 1 || string(out.Digest[0].Data) != string(pre.Data) || out.Number != n {
				t.Errorf("header %+v", out)
			}
		})
		// Of three pallets the second begins in blocks 1 and 4, the third in 2 and 5, and System, which has nothing to do, in 3 and 6.
		first, second := w.custom.idleLeft[0], w.custom2.idleLeft[0]
		if thirdFirst := n%3 == 2; thirdFirst && second.Sub(first) != frame.RefTime(20) || !thirdFirst && first.Sub(second) != frame.RefTime(10) {
			t.Errorf("block %d: custom has %v left, custom2 %v", n, first, second)
		}
	}
	w.Run(func() {
		w.migrator.ongoing = true
		if mode := w.InitializeBlock(header(7)); mode != OnlyInherents {
			t.Errorf("mode %d", mode)
		}
		w.custom.ran = nil
		before := total()
		w.FinalizeBlock()
		if !slices.Equal(w.custom.ran, []uint8{traceFinalize}) || total() != before.Add(frame.RefTime(3)) {
			t.Errorf("during a migration %v ran, weight %v", w.custom.ran, total().Sub(before))
		}
		w.migrator.ongoing = false
		w.InitializeBlock(header(8))
		system.RegisterExtraWeightUnchecked(frame.MaxWeight, frame.Mandatory)
		w.custom.ran = nil
		w.FinalizeBlock()
		if !slices.Equal(w.custom.ran, []uint8{traceFinalize}) {
			t.Errorf("in a full block %v ran", w.custom.ran)
		}
	})
}

// TestExecuteBlockRefuses changes a good block in each of its parts.
func TestExecuteBlockRefuses(t *testing.T) {
	w := newWorld(t)
	xts := [][]byte{bare(w.call(w.custom, inherent)), w.signed(alice, w.call(w.custom2, someCall), terms{})}
	good := w.buildHeader(xts...)
	if err := w.execute(encode(good, xts...)); err != nil {
		t.Fatal(err)
	}
	item := chain.DigestItem{Kind: chain.DigestPreRuntime, Engine: chain.EngineAura, Data: []byte{1}}
	other := chain.DigestItem{Kind: chain.DigestOther, Data: []byte{1}}
	block := encode(good, xts...)
	changed := func(change func(h *chain.Header)) []byte {
		h := good
		change(&h)
		return encode(h, xts...)
	}
	for name, c := range map[string]struct {
		block []byte
		why   string
	}{
		"number 0":             {changed(func(h *chain.Header) { h.Number = 0 }), "not a child of its parent"},
		"another parent":       {changed(func(h *chain.Header) { h.ParentHash = repeat(1) }), "bad proof"},
		"another number":       {changed(func(h *chain.Header) { h.Number = 2 }), "state root"},
		"an item more":         {changed(func(h *chain.Header) { h.Digest = []chain.DigestItem{item} }), "state root"},
		"an item of no engine": {changed(func(h *chain.Header) { h.Digest = []chain.DigestItem{other} }), "expected 1 digest items, got 0"},
		"a seal":               {changed(func(h *chain.Header) { h.Digest = []chain.DigestItem{{Kind: chain.DigestSeal}} }), "digest items"},
		"state root":           {changed(func(h *chain.Header) { h.StateRoot[0]++ }), "state root"},
		"extrinsics root":      {changed(func(h *chain.Header) { h.ExtrinsicsRoot[0]++ }), "extrinsics root"},
		"one extrinsic":        {encode(good, xts[0]), "state root"},
		"an extrinsic twice":   {encode(good, xts[0], xts[1], xts[1]), "extrinsic 2: invalid transaction"},
		"cut short":            {block[:len(block)-1], "does not decode"},
		"a byte more":          {append(slices.Clone(block), 0), "does not decode"},
		"no extrinsic":         {encode(good, xts[0], []byte{4, 9}), "does not decode"},
		"nothing":              {nil, "does not decode"},
	} {
		err := w.execute(c.block)
		if err == nil {
			t.Errorf("%s: executed", name)
			continue
		}
		if c.why == "bad proof" {
			c.why = frame.InvalidBadProof.Error()
		}
		if !strings.Contains(err.Error(), c.why) {
			t.Errorf("%s: refused with %q, want %q", name, err, c.why)
		}
	}
}
