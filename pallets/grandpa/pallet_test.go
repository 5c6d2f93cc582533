package grandpa

import (
	"bytes"
	"encoding/hex"
	"strings"
	"testing"

	"github.com/gotensor/gotensor/internal/vectors"
	"github.com/gotensor/gotensor/pallets/frame"
	"github.com/gotensor/gotensor/pallets/system"
	"github.com/gotensor/gotensor/primitives/chain"
	"github.com/gotensor/gotensor/primitives/hash"
	"github.com/gotensor/gotensor/primitives/scale"
	"github.com/gotensor/gotensor/testnet/native"
)

// newChain returns a state at genesis and the pallet on it, with authorities 1, 2 and 3.
func newChain(t *testing.T) (*native.Ext, *Pallet) {
	p := &Pallet{Constants: Constants{MaxAuthorities: 100, MaxNominators: 1000}}
	frame.Install(nil,
		frame.Entry{Index: 0, Name: "System", Pallet: &system.Pallet{Constants: system.Constants{BlockHashCount: 250}}},
		frame.Entry{Index: 4, Name: "Grandpa", Pallet: p})
	ext := native.New(t)
	ext.Run(func() { p.Authorities.Put(BoundedAuthorities(authorities(1, 2, 3))) })
	return ext, p
}

// authorities have weight 1 and those first bytes of their keys.
func authorities(keys ...byte) (list Authorities) {
	for _, k := range keys {
		list = append(list, Authority{AuthorityID{k}, 1})
	}
	return list
}

func initialize(n chain.BlockNumber, parent hash.H256) {
	system.ResetEvents()
	system.Initialize(n, parent, nil)
}

// finalize ends block n and returns its header.
func finalize(p *Pallet, n chain.BlockNumber) chain.Header {
	p.OnFinalize(n)
	return system.Finalize()
}

func log(data []byte) []chain.DigestItem {
	return []chain.DigestItem{{Kind: chain.DigestConsensus, Engine: chain.EngineGrandpa, Data: data}}
}

// noop expects an error and no change.
func noop(v *vectors.Test, f func() error, want error) {
	v.Helper()
	v.Fails(frame.Transaction(func() error {
		before := system.CurrentDigest()
		err := f()
		if len(system.CurrentDigest()) != len(before) {
			v.Error("the digest changed")
		}
		return err
	}), want)
}

// The expectations of substrate/frame/grandpa/src/tests.rs.
func TestVectors(t *testing.T) {
	s := vectors.New(t, "pallet_grandpa")
	var none hash.H256
	zero := chain.BlockNumber(0)

	s.Test("authorities_change_logged", func(v *vectors.Test) {
		ext, p := newChain(v.T)
		ext.Run(func() {
			initialize(1, none)
			v.Ok(p.ScheduleChange(authorities(4, 5, 6), 0, nil))
			system.NoteFinishedExtrinsics()
			header := finalize(p, 1)
			v.Equal(header.Digest, log(scheduledChange(BoundedAuthorities(authorities(4, 5, 6)), 0)))
			events := system.EventRecords()
			v.Equal(len(events), 1)
			v.Equal(events[0].Phase.Kind, system.PhaseFinalization)
			v.Equal(events[0].Event, NewAuthorities{authorities(4, 5, 6)}.AppendEvent(nil))
			v.Equal(len(events[0].Topics), 0)
		})
	})
	s.Test("authorities_change_logged_after_delay", func(v *vectors.Test) {
		ext, p := newChain(v.T)
		ext.Run(func() {
			initialize(1, none)
			v.Ok(p.ScheduleChange(authorities(4, 5, 6), 1, nil))
			header := finalize(p, 1)
			v.Equal(header.Digest, log(scheduledChange(BoundedAuthorities(authorities(4, 5, 6)), 1)))
			v.Equal(len(system.EventRecords()), 0)
			initialize(2, header.Hash())
			system.NoteFinishedExtrinsics()
			finalize(p, 2)
			events := system.EventRecords()
			v.Equal(len(events), 1)
			v.Equal(events[0].Event, NewAuthorities{authorities(4, 5, 6)}.AppendEvent(nil))
		})
	})
	s.Test("cannot_schedule_change_when_one_pending", func(v *vectors.Test) {
		ext, p := newChain(v.T)
		again := func() error { return p.ScheduleChange(authorities(5), 1, nil) }
		ext.Run(func() {
			initialize(1, none)
			v.Ok(p.ScheduleChange(authorities(4, 5, 6), 1, nil))
			v.True(p.PendingChange.Exists(), "a change is pending")
			noop(v, again, ChangePending)
			header := finalize(p, 1)
			initialize(2, header.Hash())
			v.True(p.PendingChange.Exists(), "a change is pending")
			noop(v, again, ChangePending)
			header = finalize(p, 2)
			initialize(3, header.Hash())
			v.True(!p.PendingChange.Exists(), "no change is pending")
			v.Ok(again())
			finalize(p, 3)
		})
	})
	s.Test("dispatch_forced_change", func(v *vectors.Test) {
		ext, p := newChain(v.T)
		nextForced := func(want chain.BlockNumber) {
			v.Helper()
			next, ok := p.NextForced.Get()
			v.True(ok && next == want, "the next forced change")
		}
		ext.Run(func() {
			initialize(1, none)
			v.Ok(p.ScheduleChange(authorities(4, 5, 6), 5, &zero))
			v.True(p.PendingChange.Exists(), "a change is pending")
			noop(v, func() error { return p.ScheduleChange(authorities(5), 1, &zero) }, ChangePending)
			header := finalize(p, 1)
			for i := chain.BlockNumber(2); i < 7; i++ {
				initialize(i, header.Hash())
				change, _ := p.PendingChange.Get()
				v.True(change.Forced != nil, "the pending change is forced")
				nextForced(11)
				noop(v, func() error { return p.ScheduleChange(authorities(5), 1, nil) }, ChangePending)
				noop(v, func() error { return p.ScheduleChange(authorities(5), 1, &zero) }, ChangePending)
				header = finalize(p, i)
			}
			initialize(7, header.Hash())
			v.True(!p.PendingChange.Exists(), "no change is pending")
			v.Equal(Authorities(p.Authorities.Get()), authorities(4, 5, 6))
			v.Ok(p.ScheduleChange(authorities(5), 1, nil))
			header = finalize(p, 7)

			initialize(8, header.Hash())
			v.True(p.PendingChange.Exists(), "a change is pending")
			v.Equal(Authorities(p.Authorities.Get()), authorities(4, 5, 6))
			noop(v, func() error { return p.ScheduleChange(authorities(5), 1, nil) }, ChangePending)
			header = finalize(p, 8)

			for i := chain.BlockNumber(9); i < 11; i++ {
				initialize(i, header.Hash())
				v.True(!p.PendingChange.Exists(), "no change is pending")
				v.Equal(Authorities(p.Authorities.Get()), authorities(5))
				nextForced(11)
				noop(v, func() error { return p.ScheduleChange(authorities(5, 6), 5, &zero) }, TooSoon)
				header = finalize(p, i)
			}
			initialize(11, header.Hash())
			v.True(!p.PendingChange.Exists(), "no change is pending")
			v.Ok(p.ScheduleChange(authorities(5, 6, 7), 5, &zero))
			nextForced(21)
			finalize(p, 11)
		})
	})
	s.Test("schedule_pause_only_when_live", func(v *vectors.Test) {
		ext, p := newChain(v.T)
		ext.Run(func() {
			initialize(1, none)
			v.Ok(p.SchedulePause(1))
			v.Equal(p.State.Get(), StoredState{Kind: PendingPause, ScheduledAt: 1, Delay: 1})
			finalize(p, 1)
			initialize(2, none)
			noop(v, func() error { return p.SchedulePause(1) }, PauseFailed)
			finalize(p, 2)
			v.Equal(p.State.Get(), StoredState{Kind: PausedState})
		})
	})
	s.Test("schedule_resume_only_when_paused", func(v *vectors.Test) {
		ext, p := newChain(v.T)
		ext.Run(func() {
			initialize(1, none)
			noop(v, func() error { return p.ScheduleResume(1) }, ResumeFailed)
			v.Equal(p.State.Get(), StoredState{Kind: Live})
			v.Ok(p.SchedulePause(0))
			finalize(p, 1)
			v.Equal(p.State.Get(), StoredState{Kind: PausedState})
			initialize(2, none)
			v.Ok(p.ScheduleResume(2))
			finalize(p, 2)
			for n := chain.BlockNumber(3); n < 5; n++ {
				initialize(n, none)
				finalize(p, n)
			}
			v.Equal(p.State.Get(), StoredState{Kind: Live})
		})
	})
	s.Test("report_equivocation_has_valid_weight", func(v *vectors.Test) {
		flat, grows := true, true
		for n := uint32(1); n < 1000; n++ {
			before, after := weightReportEquivocation(n, 1000), weightReportEquivocation(n+1, 1000)
			if n < 100 {
				flat = flat && before == after
			} else {
				grows = grows && before.RefTime < after.RefTime
			}
		}
		v.True(flat, "the weight is the same for up to 100 validators")
		v.True(grows, "the weight grows with each validator above 100")
	})
	s.Omit("time_slot_have_sane_ord", "time slots belong to offences, which this runtime does not have")
	s.Omit("report_equivocation_current_set_works, …_old_set_works, …_invalid_set_id, …_invalid_session, …_invalid_key_owner_proof, …_invalid_equivocation_proof, "+
		"…_validate_unsigned_prevents_duplicates, valid_equivocation_reports_dont_pay_fees", "they need a proof of key ownership, which has no values in this runtime")
	s.Omit("on_new_session_doesnt_start_new_set_if_schedule_change_failed, cleans_up_old_set_id_session_mappings, always_schedules_a_change_on_new_session_when_stalled",
		"there are no sessions in this runtime")
	s.Done()
}

// The digest items, as the node decodes them (sp_consensus_grandpa::ConsensusLog).
func TestLogs(t *testing.T) {
	ext, p := newChain(t)
	median := chain.BlockNumber(9)
	authority := "04" + strings.Repeat("00", 31) + "0100000000000000"
	ext.Run(func() {
		for _, c := range []struct {
			do   func() error
			want string
		}{
			{func() error { return p.ScheduleChange(authorities(4), 3, nil) }, "0104" + authority + "03000000"},
			{func() error { return p.ScheduleChange(authorities(4), 3, &median) }, "020900000004" + authority + "03000000"},
			{func() error { return p.SchedulePause(0) }, "0400000000"},
			{func() error { return p.ScheduleResume(7) }, "0507000000"},
			{func() error { p.NoteDisabled(2); return nil }, "030200000000000000"},
		} {
			initialize(100, hash.H256{})
			if err := c.do(); err != nil {
				t.Fatal(err)
			}
			p.OnFinalize(100)
			digest := system.CurrentDigest()
			if len(digest) != 1 || hex.EncodeToString(digest[0].Data) != c.want || digest[0].Engine != chain.EngineGrandpa {
				t.Errorf("got %v, expected %s", digest, c.want)
			}
			p.PendingChange.Kill()
			if p.State.Get().Kind == PendingResume {
				p.State.Kill()
			}
		}
	})
}

func TestNoteStalled(t *testing.T) {
	ext, p := newChain(t)
	ext.Run(func() {
		if err := p.NoteStalled(frame.SignedBy(chain.AccountID{}), 1, 2); err != frame.BadOrigin {
			t.Errorf("got %v", err)
		}
		if err := p.NoteStalled(frame.Root(), 1, 2); err != nil {
			t.Error(err)
		}
		if stall, ok := p.Stalled.Get(); !ok || stall != (Stall{1, 2}) {
			t.Errorf("stall %v", stall)
		}
	})
	if info := (&NoteStalledCall{}).Info(); info.Call != frame.RefTime(103_000_000) || info.Class != frame.Normal {
		t.Errorf("info %+v", info)
	}
}

// No report decodes, however it goes on behind the proof of equivocation; and no unsigned transaction is valid.
func TestReportsDoNotDecode(t *testing.T) {
	_, p := newChain(t)
	proof := EquivocationProof{SetID: 1, Precommit: true, Round: 2}.AppendScale(nil)
	for index := byte(0); index < 2; index++ {
		for _, rest := range [][]byte{nil, {0}, make([]byte, 100)} {
			d := scale.NewDecoder(append(append([]byte{4, index}, proof...), rest...))
			if frame.DecodeCall(d); d.Err() == nil {
				t.Errorf("call %d decodes with %d bytes for a proof of key ownership", index, len(rest))
			}
		}
	}
	if _, err := p.ValidateUnsigned(frame.Local, &NoteStalledCall{}); err != frame.InvalidCall {
		t.Errorf("got %v", err)
	}
	if err := p.PreDispatch(&NoteStalledCall{}); err != frame.InvalidCall {
		t.Errorf("got %v", err)
	}
}

func TestAPI(t *testing.T) {
	_, p := newChain(t)
	proof := EquivocationProof{}.AppendScale(nil)
	for _, c := range []struct {
		answer func([]byte) ([]byte, error)
		args   []byte
		ok     bool
	}{
		{p.SubmitReport, append(proof, 8, 1, 2), true},
		{p.SubmitReport, append(proof, 8, 1), false},
		{p.SubmitReport, proof, false},
		{p.GenerateKeyOwnershipProof, make([]byte, 40), true},
		{p.GenerateKeyOwnershipProof, make([]byte, 39), false},
		{p.GenerateKeyOwnershipProof, make([]byte, 41), false},
	} {
		got, err := c.answer(c.args)
		if c.ok != (err == nil) || c.ok && !bytes.Equal(got, []byte{0}) {
			t.Errorf("%d bytes: got %x, %v", len(c.args), got, err)
		}
	}
}

func TestGenesis(t *testing.T) {
	ext, p := newChain(t)
	ext.Run(func() { p.Authorities.Kill() })
	address := chain.AccountID{7}.String()
	for config, want := range map[string]string{
		`{"authorities":[["` + address + `"]]}`:       "authorities[0]",
		`{"authorities":[["` + address + `","one"]]}`: "authorities[0][1]: ",
		`{"authorities":[["x",1]]}`:                   "authorities[0][0]: ",
	} {
		ext.Unchanged(func() {
			if err := p.BuildGenesis([]byte(config)); err == nil || !strings.HasPrefix(err.Error(), want) {
				t.Errorf("%s: got %v", config, err)
			}
		})
	}
	ext.Run(func() {
		if err := p.BuildGenesis([]byte(`{"authorities":[["` + address + `",1]]}`)); err != nil {
			t.Fatal(err)
		}
		if got := p.Authorities.Get(); len(got) != 1 || got[0] != authorities(7)[0] {
			t.Errorf("authorities %v", got)
		}
		if session, ok := p.SetIDSession.Get(0); !ok || session != 0 || !p.CurrentSetID.Exists() {
			t.Error("the first set is not noted")
		}
	})
	// The keys that the genesis of Bittensor's test network has under Grandpa (opentensor/subtensor, chainspecs/raw_spec_testfinney.json).
	for key, want := range map[string][]byte{
		"5f9cc45b7a00c5899361e1c6099678dc8a2d09463effcc78a22d75b9cb87dffc":                                 make([]byte, 8),
		"5f9cc45b7a00c5899361e1c6099678dcd47cb8f5328af743ddfb361e7180e7fcbb1bdbcacd6ac9340000000000000000": make([]byte, 4),
	} {
		raw, _ := hex.DecodeString(key)
		if got, ok := ext.Get(raw); !ok || !bytes.Equal(got, want) {
			t.Errorf("key %s: %x, %v", key, got, ok)
		}
	}
}

func FuzzEquivocationProof(f *testing.F) {
	f.Add(EquivocationProof{Precommit: true}.AppendScale(nil))
	f.Fuzz(func(t *testing.T, data []byte) {
		proof, err := scale.Unmarshal[EquivocationProof](data)
		if err == nil && !bytes.Equal(proof.AppendScale(nil), data) {
			t.Errorf("%x decodes as %v", data, proof)
		}
	})
}

func FuzzStoredState(f *testing.F) {
	f.Add(StoredState{Kind: PendingPause, ScheduledAt: 1, Delay: 2}.AppendScale(nil))
	f.Add([]byte{4})
	f.Fuzz(func(t *testing.T, data []byte) {
		state, err := scale.Unmarshal[StoredState](data)
		if err == nil && !bytes.Equal(state.AppendScale(nil), data) {
			t.Errorf("%x decodes as %v", data, state)
		}
	})
}
