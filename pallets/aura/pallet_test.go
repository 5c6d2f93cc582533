package aura

import (
	"bytes"
	"encoding/hex"
	"encoding/json"
	"strings"
	"testing"

	"github.com/gotensor/gotensor/internal/outside"
	"github.com/gotensor/gotensor/internal/vectors"
	"github.com/gotensor/gotensor/pallets/frame"
	"github.com/gotensor/gotensor/pallets/system"
	"github.com/gotensor/gotensor/pallets/timestamp"
	"github.com/gotensor/gotensor/primitives/chain"
	"github.com/gotensor/gotensor/primitives/scale"
	"github.com/gotensor/gotensor/testnet/native"
)

// newChain returns a state and the pallet on it, with slots of 2 ms as in the original's tests, and authorities with those first bytes.
func newChain(t *testing.T, authorities ...byte) (*native.Ext, *Pallet, *timestamp.Pallet) {
	clock := &timestamp.Pallet{Constants: timestamp.Constants{MinimumPeriod: 1}}
	p := &Pallet{Constants: Constants{SlotDuration: 2}, Now: func() uint64 { return clock.Now.Get() }}
	clock.OnTimestampSet = p.OnTimestampSet
	frame.Install(nil,
		frame.Entry{Index: 0, Name: "System", Pallet: &system.Pallet{Constants: system.Constants{BlockHashCount: 250}}},
		frame.Entry{Index: 2, Name: "Timestamp", Pallet: clock},
		frame.Entry{Index: 3, Name: "Aura", Pallet: p})
	ext := native.New(t)
	ext.Run(func() {
		var ids Authorities
		for _, a := range authorities {
			ids = append(ids, AuthorityID{a})
		}
		if len(ids) > 0 {
			p.Authorities.Put(ids)
		}
	})
	return ext, p, clock
}

// digest is that of a block of the slot.
func digest(slot uint64) []chain.DigestItem {
	return []chain.DigestItem{{Kind: chain.DigestPreRuntime, Engine: chain.EngineAura, Data: scale.AppendU64(nil, slot)}}
}

// The expectations of substrate/frame/aura/src/tests.rs.
func TestVectors(t *testing.T) {
	s := vectors.New(t, "pallet_aura")
	tryState := func(v *vectors.Test, ext *native.Ext, p *Pallet) { // the original's build_ext_and_execute_test ends with it
		ext.Run(func() { v.Ok(p.TryState(0)) })
	}
	s.Test("initial_values", func(v *vectors.Test) {
		ext, p, _ := newChain(v.T, 0, 1, 2, 3)
		ext.Run(func() {
			v.Equal(p.CurrentSlot.Get(), Slot(0))
			v.Equal(len(p.Authorities.Get()), 4)
		})
		tryState(v, ext, p)
	})
	s.Test("disabled_validators_cannot_author_blocks", func(v *vectors.Test) {
		ext, p, _ := newChain(v.T, 0, 1, 2, 3)
		p.IsDisabled = func(index uint32) bool { return index == 1 }
		v.Equal(ext.Trap(func() {
			system.Initialize(42, system.ParentHash(), digest(1))
			p.OnInitialize(42)
		}), frame.Panic("Validator with index 1 is disabled and should not be attempting to author blocks."))
	})
	s.Test("pallet_requires_slot_to_increase_unless_allowed", func(v *vectors.Test) {
		ext, p, _ := newChain(v.T, 0, 1, 2, 3)
		v.Equal(ext.Trap(func() {
			system.Initialize(42, system.ParentHash(), digest(1))
			p.OnInitialize(42)
			p.OnInitialize(42)
		}), frame.Panic("Slot must increase"))
	})
	s.Test("pallet_can_allow_unchanged_slot", func(v *vectors.Test) {
		ext, p, _ := newChain(v.T, 0, 1, 2, 3)
		p.AllowMultipleBlocksPerSlot = true
		v.Equal(ext.Trap(func() {
			system.Initialize(42, system.ParentHash(), digest(1))
			p.OnInitialize(42)
			p.OnInitialize(42)
		}), nil)
		tryState(v, ext, p)
	})
	s.Test("pallet_always_rejects_decreasing_slot", func(v *vectors.Test) {
		ext, p, _ := newChain(v.T, 0, 1, 2, 3)
		p.AllowMultipleBlocksPerSlot = true
		v.Equal(ext.Trap(func() {
			system.Initialize(42, system.ParentHash(), digest(2))
			p.OnInitialize(42)
			system.Finalize()
			system.Initialize(43, system.ParentHash(), digest(1))
			p.OnInitialize(43)
		}), frame.Panic("Slot must not decrease"))
	})
	s.Done()
}

func TestTimeMustLieInSlot(t *testing.T) {
	ext, p, clock := newChain(t, 0, 1, 2)
	ext.Run(func() {
		system.Initialize(1, system.ParentHash(), digest(50))
		if w := p.OnInitialize(1); w != (frame.Weight{}).Reads(2).Writes(1) {
			t.Errorf("weight %v", w)
		}
		if err := clock.Set(frame.None(), 101); err != nil {
			t.Fatal(err)
		}
		if err := p.TryState(1); err != nil {
			t.Error(err)
		}
		if index, ok := p.FindAuthor(system.CurrentDigest()); !ok || index != 50%3 {
			t.Errorf("author %d, %v", index, ok)
		}
		if id, ok := p.Author(); !ok || id != (AuthorityID{2}) || !p.IsMember(id) || p.IsMember(AuthorityID{3}) {
			t.Errorf("author %x, %v", id, ok)
		}
	})
	for _, now := range []uint64{99, 102} {
		ext, p, clock := newChain(t, 0, 1, 2)
		reason, _ := ext.Trap(func() {
			system.Initialize(1, system.ParentHash(), digest(50))
			p.OnInitialize(1)
			_ = clock.Set(frame.None(), now)
		}).(frame.Panic)
		if !strings.HasPrefix(string(reason), "Timestamp slot must match `CurrentSlot`") {
			t.Errorf("time %d: got %q", now, reason)
		}
	}
}

func TestHeaderWithoutSlot(t *testing.T) {
	ext, p, _ := newChain(t, 0)
	ext.Run(func() {
		for _, items := range [][]chain.DigestItem{
			nil,
			{{Kind: chain.DigestPreRuntime, Engine: chain.EngineBabe, Data: scale.AppendU64(nil, 7)}},
			{{Kind: chain.DigestConsensus, Engine: chain.EngineAura, Data: scale.AppendU64(nil, 7)}},
			{{Kind: chain.DigestPreRuntime, Engine: chain.EngineAura, Data: []byte{1, 2, 3}}, digest(7)[0]}, // the first of Aura counts
		} {
			system.Initialize(1, system.ParentHash(), items)
			if w := p.OnInitialize(1); w != (frame.Weight{}).Reads(1) || p.CurrentSlot.Exists() {
				t.Errorf("digest %v: weight %v, slot %d", items, w, p.CurrentSlot.Get())
			}
			if _, ok := p.FindAuthor(items); ok {
				t.Errorf("digest %v has an author", items)
			}
		}
	})
	ext, p, _ = newChain(t)
	ext.Run(func() {
		if _, ok := p.FindAuthor(digest(7)); ok {
			t.Error("an author where there are no authorities")
		}
	})
}

func TestChangeAuthorities(t *testing.T) {
	ext, p, _ := newChain(t, 1, 2)
	ext.Unchanged(func() { p.ChangeAuthorities(nil) })
	ext.Run(func() {
		p.ChangeAuthorities(Authorities{{7}})
		p.NoteDisabled(3)
		if got := p.Authorities.Get(); len(got) != 1 || got[0] != (AuthorityID{7}) {
			t.Errorf("authorities %x", got)
		}
		// sp_consensus_aura::ConsensusLog: AuthoritiesChange 1, OnDisabled 2.
		want := []string{"010407" + strings.Repeat("00", 31), "0203000000"}
		logs := system.CurrentDigest()
		for i, item := range logs {
			if item.Kind != chain.DigestConsensus || item.Engine != chain.EngineAura || hex.EncodeToString(item.Data) != want[i] {
				t.Errorf("log %d: %v", i, item)
			}
		}
		if len(logs) != 2 {
			t.Errorf("%d logs", len(logs))
		}
	})
}

func TestUpgradeCountsSlotAnew(t *testing.T) {
	ext, p, clock := newChain(t, 1)
	ext.Run(func() {
		clock.Now.Put(1000)
		p.CurrentSlot.Put(500)
		if w := p.OnRuntimeUpgrade(); w != (frame.Weight{}).Reads(2) || p.CurrentSlot.Get() != 500 {
			t.Errorf("weight %v, slot %d", w, p.CurrentSlot.Get())
		}
		p.SlotDuration = 10
		for range 2 {
			p.OnRuntimeUpgrade()
			if p.CurrentSlot.Get() != 100 {
				t.Errorf("slot %d", p.CurrentSlot.Get())
			}
		}
	})
}

func TestGenesis(t *testing.T) {
	ext, p, _ := newChain(t)
	for config, want := range map[string]string{
		`{"authorities":[7]}`: "authorities[0]: ",
		`{"authorities":{}}`:  "authorities: ",
		`[`:                   "",
		`{"authorities":["` + strings.TrimSuffix(strings.Repeat(chain.AccountID{}.String()+`","`, 33), `,"`) + `]}`: "authorities[32]: more authorities",
	} {
		ext.Unchanged(func() {
			if err := p.BuildGenesis([]byte(config)); err == nil || !strings.HasPrefix(err.Error(), want) {
				t.Errorf("%s: got %v", config, err)
			}
		})
	}
	ext.Unchanged(func() {
		for _, config := range [][]byte{nil, []byte(`{}`), []byte(`{"authorities":[]}`)} {
			if err := p.BuildGenesis(config); err != nil {
				t.Error(err)
			}
		}
	})
}

// Genesis of Bittensor's test network: the same authorities give the same entry of the state.
func TestGenesisOfTestnet(t *testing.T) {
	const file = "opentensor/subtensor/chainspecs/raw_spec_testfinney.json"
	var spec struct {
		Genesis struct {
			Raw struct{ Top map[string]string }
		}
	}
	if err := json.Unmarshal(outside.Read(t, 1, file), &spec); err != nil {
		t.Fatal(err)
	}
	ext, p, _ := newChain(t)
	want, err := hex.DecodeString(strings.TrimPrefix(spec.Genesis.Raw.Top["0x"+hex.EncodeToString(p.Authorities.Key())], "0x"))
	if err != nil || len(want) == 0 {
		t.Fatalf("no authorities in %s: %v", file, err)
	}
	authorities, err := scale.Unmarshal[Authorities](want)
	if err != nil {
		t.Fatal(err)
	}
	var addresses []chain.AccountID
	for _, a := range authorities {
		addresses = append(addresses, chain.AccountID(a))
	}
	config, err := json.Marshal(map[string]any{"authorities": addresses})
	if err != nil {
		t.Fatal(err)
	}
	ext.Run(func() {
		if err := p.BuildGenesis(config); err != nil {
			t.Fatal(err)
		}
	})
	if got, _ := ext.Get(p.Authorities.Key()); !bytes.Equal(got, want) {
		t.Errorf("got %x, expected %x", got, want)
	}
}

// A list that is longer than its bound does not decode, as a BoundedVec of the original.
func TestBound(t *testing.T) {
	ext, p, _ := newChain(t)
	ext.Set(p.Authorities.Key(), scale.AppendSlice(nil, make(Authorities, MaxAuthorities+1)))
	ext.Run(func() {
		if n := len(p.Authorities.Get()); n != 0 {
			t.Errorf("%d authorities", n)
		}
	})
}
