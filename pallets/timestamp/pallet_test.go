package timestamp

import (
	"bytes"
	"encoding/hex"
	"testing"

	"github.com/gotensor/gotensor/internal/vectors"
	"github.com/gotensor/gotensor/pallets/frame"
	"github.com/gotensor/gotensor/pallets/system"
	"github.com/gotensor/gotensor/primitives/scale"
	"github.com/gotensor/gotensor/testnet/native"
)

// newChain returns a state and the pallet on it, with the minimum period of the original's tests.
func newChain(t *testing.T) (*native.Ext, *Pallet) {
	p := &Pallet{Constants: Constants{MinimumPeriod: 5}}
	frame.Install(nil, frame.Entry{Index: 0, Name: "System", Pallet: new(system.Pallet)}, frame.Entry{Index: 2, Name: "Timestamp", Pallet: p})
	return native.New(t), p
}

// The expectations of substrate/frame/timestamp/src/tests.rs.
func TestVectors(t *testing.T) {
	s := vectors.New(t, "pallet_timestamp")
	s.Test("timestamp_works", func(v *vectors.Test) {
		ext, p := newChain(v.T)
		var captured uint64
		p.OnTimestampSet = func(now uint64) { captured = now }
		ext.Run(func() {
			p.Now.Put(46)
			v.Ok(p.Set(frame.None(), 69))
			v.Equal(p.Now.Get(), uint64(69))
			v.Equal(captured, uint64(69))
		})
	})
	s.Test("double_timestamp_should_fail", func(v *vectors.Test) {
		ext, p := newChain(v.T)
		reason := ext.Trap(func() {
			p.Now.Put(42)
			p.DidUpdate.Put(true)
			_ = p.Set(frame.None(), 69)
		})
		v.Equal(reason, frame.Panic("Timestamp must be updated only once in the block"))
	})
	s.Test("block_period_minimum_enforced", func(v *vectors.Test) {
		ext, p := newChain(v.T)
		reason := ext.Trap(func() {
			p.Now.Put(44)
			_ = p.Set(frame.None(), 46)
		})
		v.Equal(reason, frame.Panic("Timestamp must increment by at least <MinimumPeriod> between sequential blocks"))
	})
	s.Done()
}

func TestBlockWithoutTime(t *testing.T) {
	ext, p := newChain(t)
	if reason := ext.Trap(func() { p.OnFinalize(1) }); reason != frame.Panic("Timestamp must be updated once in the block") {
		t.Errorf("got %v", reason)
	}
	ext.Run(func() {
		if err := p.Set(frame.None(), 1); err != nil { // the first block may set any time
			t.Fatal(err)
		}
		p.OnFinalize(1)
		if p.DidUpdate.Exists() {
			t.Error("the mark of the update stays behind the block")
		}
	})
}

func TestSetNeedsNoOrigin(t *testing.T) {
	ext, p := newChain(t)
	ext.Unchanged(func() {
		for _, origin := range []frame.Origin{frame.Root(), frame.SignedBy([32]byte{1})} {
			if err := p.Set(origin, 7); err != frame.BadOrigin {
				t.Errorf("got %v", err)
			}
		}
	})
}

func TestInherent(t *testing.T) {
	ext, p := newChain(t)
	ext.Run(func() {
		p.Now.Put(1000)
		if id := p.InherentID(); string(id[:]) != "timstap0" {
			t.Errorf("id %q", id)
		}
		for author, want := range map[uint64]uint64{999: 1005, 1005: 1005, 2000: 2000} {
			if got := p.CreateInherent(scale.AppendU64(nil, author)).(*SetCall).Now; got != want {
				t.Errorf("author's time %d: got %d, expected %d", author, got, want)
			}
		}
		own := scale.AppendU64(nil, 5000)
		for now, want := range map[uint64][]byte{1004: {0}, 1005: nil, 5000: nil, 35_000: nil, 35_001: {1}} {
			var got []byte
			if err := p.CheckInherent(&SetCall{Now: now}, own); err != nil {
				if got = err.Data; !err.Fatal {
					t.Errorf("time %d: error is not fatal", now)
				}
			}
			if !bytes.Equal(got, want) {
				t.Errorf("time %d: got error %x, expected %x", now, got, want)
			}
		}
		other := &system.RemarkCall{}
		if p.IsInherent(other) || !p.IsInherent(&SetCall{}) || p.CheckInherent(other, own) != nil {
			t.Error("another call is taken for the inherent")
		}
	})
	for data, want := range map[string]frame.Panic{
		"":         "Timestamp inherent data must be provided",
		"01020304": "Timestamp inherent data not correctly encoded",
	} {
		raw, _ := hex.DecodeString(data)
		if data == "" {
			raw = nil
		}
		if reason := ext.Trap(func() { p.CreateInherent(raw) }); reason != want {
			t.Errorf("data %q: got %v, expected %q", data, reason, want)
		}
	}
}

// The bytes of the call as polkadot.js writes them, and the keys of the state.
func TestGolden(t *testing.T) {
	_, p := newChain(t)
	if got := hex.EncodeToString((&SetCall{Now: 1_700_000_000_000}).AppendScale(nil)); got != "02000b0068e5cf8b01" {
		t.Errorf("set: got %s", got)
	}
	if got := hex.EncodeToString(p.Now.Key()); got != "f0c365c3cf59d671eb72da0e7a4113c49f1f0515f462cdcf84e0f1d6045dfcbb" {
		t.Errorf("Now: got %s", got)
	}
	if got := hex.EncodeToString(p.DidUpdate.Key()); got != "f0c365c3cf59d671eb72da0e7a4113c4bbd108c4899964f707fdaffb82636065" {
		t.Errorf("DidUpdate: got %s", got)
	}
}
