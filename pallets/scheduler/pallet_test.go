package scheduler

import (
	"bytes"
	"encoding/hex"
	"strings"
	"testing"

	"github.com/gotensor/gotensor/internal/vectors"
	"github.com/gotensor/gotensor/pallets/frame"
	"github.com/gotensor/gotensor/pallets/internal/testchain"
	"github.com/gotensor/gotensor/pallets/preimage"
	"github.com/gotensor/gotensor/pallets/scheduler/internal/logger"
	"github.com/gotensor/gotensor/pallets/system"
	"github.com/gotensor/gotensor/primitives/scale"
)

// on runs f on a new chain.
func on(t *testing.T, f func(e *env)) {
	t.Helper()
	newEnv(t, &vectors.Test{T: t}, f)
}

// Calls run with the base filter of their origin, and what they write is gone where they fail.
func TestOriginsAndFilters(t *testing.T) {
	on(t, func(e *env) {
		e.Ok(e.p.Schedule(testchain.Signed(1).Restrict(func(frame.Call) bool { return false }), 1, nil, 0, &logger.LogWithoutFilterCall{I: 1}))
		e.Ok(e.p.Schedule(testchain.Signed(1), 1, nil, 1, log(2)))
		e.Ok(e.p.Schedule(frame.Root(), 1, nil, 2, log(3)))
		e.run(1)
		e.Equal(e.logs.Entries, []logger.Entry{{Origin: signed(1), I: 1}, {Origin: root, I: 3}})
		e.True(testchain.Has(Dispatched{Task: Address{1, 0}}), "the first ran")
		e.True(testchain.Has(Dispatched{Task: Address{1, 1}, Result: frame.OutcomeOf(testchain.CallFiltered)}), "the second was filtered")
		e.True(testchain.Has(Dispatched{Task: Address{1, 2}}), "the third ran")
	})
}

// Subtensor's configuration: root alone may use the calls, and may change anybody's tasks.
func TestRootAlone(t *testing.T) {
	on(t, func(e *env) {
		e.p.ScheduleOrigin, e.p.HasPrivilege = nil, nil
		for _, call := range []func(origin frame.Origin) error{
			func(o frame.Origin) error { return e.p.Schedule(o, 4, nil, 0, log(1)) },
			func(o frame.Origin) error { return e.p.ScheduleNamed(o, named(1), 4, nil, 0, log(1)) },
			func(o frame.Origin) error { return e.p.ScheduleAfter(o, 4, nil, 0, log(1)) },
			func(o frame.Origin) error { return e.p.ScheduleNamedAfter(o, named(2), 4, nil, 0, log(1)) },
			func(o frame.Origin) error { return e.p.SetRetry(o, Address{4, 0}, 1, 1) },
			func(o frame.Origin) error { return e.p.SetRetryNamed(o, named(1), 1, 1) },
			func(o frame.Origin) error { return e.p.CancelRetry(o, Address{4, 0}) },
			func(o frame.Origin) error { return e.p.CancelRetryNamed(o, named(1)) },
			func(o frame.Origin) error { return e.p.Cancel(o, 4, 0) },
			func(o frame.Origin) error { return e.p.CancelNamed(o, named(1)) },
		} {
			e.noop(func() error { return call(testchain.Signed(1)) }, frame.BadOrigin)
			e.noop(func() error { return call(frame.None()) }, frame.BadOrigin)
			e.Ok(call(frame.Root()))
		}
		at, err := e.p.Place(At(4), nil, 0, signed(7), e.bound(log(1)))
		e.Ok(err)
		e.Ok(e.p.Cancel(frame.Root(), at.When, at.Index))
		for _, call := range []func() error{
			func() error { return e.p.SetRetryNamed(frame.Root(), named(9), 1, 1) },
			func() error { return e.p.CancelRetryNamed(frame.Root(), named(9)) },
			func() error { return e.p.SetRetry(frame.Root(), Address{9, 0}, 1, 1) },
			func() error { return e.p.CancelRetry(frame.Root(), Address{9, 0}) },
			func() error { return e.p.CancelNamed(frame.Root(), named(9)) },
			func() error { return frame.Transaction(func() error { return e.p.Cancel(frame.Root(), 9, 1<<32-1) }) },
		} {
			e.noop(call, NotFound)
		}
	})
}

// A large call is noted as a preimage, which goes with the task.
func TestLargeCalls(t *testing.T) {
	on(t, func(e *env) {
		large := &system.RemarkCall{Remark: make([]byte, 1000)}
		e.Ok(e.p.Schedule(frame.Root(), 2, &Period{2, 2}, 0, large))
		task := e.some(2)
		e.Equal(task.Call, lookup(large))
		status, _ := e.pre.RequestStatusFor.Get(task.Call.Hash)
		e.Equal(status.Count, uint32(2)) // of note and of the scheduler, as in the original
		e.run(2)
		e.requested(task.Call, true)
		e.run(4)
		status, _ = e.pre.RequestStatusFor.Get(task.Call.Hash)
		e.Equal(status.Count, uint32(1))
		e.Ok(e.p.Schedule(frame.Root(), 6, nil, 0, large))
		e.Ok(e.p.Cancel(frame.Root(), 6, 0))
	})
}

// A period of less than two runs, or of no blocks, is none.
func TestPeriods(t *testing.T) {
	on(t, func(e *env) {
		for i, c := range []struct{ in, want *Period }{
			{&Period{3, 0}, nil}, {&Period{3, 1}, nil}, {&Period{0, 5}, nil}, {&Period{3, 2}, &Period{3, 1}}, {nil, nil},
		} {
			e.Ok(e.p.Schedule(frame.Root(), 9, c.in, 0, log(1)))
			e.Equal(e.p.Agenda.Get(9)[i].MaybePeriodic, c.want)
		}
	})
}

func TestIntegrity(t *testing.T) {
	p := &Pallet{Constants: Constants{MaximumWeight: maximum, MaxScheduledPerBlock: 50}}
	if err := p.IntegrityTest(); err != nil {
		t.Error(err)
	}
	p.MaximumWeight = frame.RefTime(1_000_000_000)
	if p.IntegrityTest() == nil {
		t.Error("large calls can never be scheduled, and nobody says so")
	}
}

// What is stored, byte for byte. Source of the shapes: Subtensor's metadata and the SCALE codec.
func TestGolden(t *testing.T) {
	on(t, func(e *env) {
		name := named(1)
		task := &Task{
			MaybeID: &name, Priority: 63, Call: preimage.Bounded{Kind: preimage.Inline, Bytes: []byte{0, 0, 0}},
			MaybePeriodic: &Period{10, 2}, Origin: signed(7),
		}
		want := "08" + "00" + "01" + "01" + strings.Repeat("01", 32) + "3f" + "010c000000" + "010a00000002000000" + "000107" + strings.Repeat("00", 31)
		if got := hex.EncodeToString(Agenda{nil, task}.AppendScale(nil)); got != want {
			t.Errorf("agenda: got %s, expected %s", got, want)
		}
		if got := hex.EncodeToString(RetryConfig{3, 2, 5}.AppendScale(nil)); got != "030205000000" {
			t.Errorf("retries: got %s", got)
		}
		if got := hex.EncodeToString(Dispatched{Task: Address{4, 1}, Result: frame.OutcomeOf(NotFound)}.AppendEvent(nil)); got != "0f02"+"0400000001000000"+"00"+"01030f01000000" {
			t.Errorf("dispatched: got %s", got)
		}
		prefix := e.p.Agenda.Prefix()
		if got := hex.EncodeToString(prefix[:16]); got != "3db7a24cfdc9de785974746c14a99df9" { // as in the chain specifications of Westend and Paseo
			t.Errorf("prefix %s", got)
		}
		call := &ScheduleCall{When: 9, MaybePeriodic: &Period{1, 2}, Priority: 3, Call: &system.RemarkCall{}}
		raw := call.AppendScale(nil)
		if got := hex.EncodeToString(raw); got != "0f00"+"09000000"+"010100000002000000"+"03"+"000000" {
			t.Errorf("call: got %s", got)
		}
		back, err := scale.UnmarshalFunc(raw, frame.DecodeCall)
		if err != nil || !bytes.Equal(back.AppendScale(nil), raw) {
			t.Errorf("%v, %v", back, err)
		}
	})
}

// What is no agenda reads as an empty one, and never panics.
func FuzzAgenda(f *testing.F) {
	name := named(1)
	f.Add(Agenda{nil, {MaybeID: &name, MaybePeriodic: &Period{1, 2}, Origin: root}}.AppendScale(nil))
	f.Add(scale.AppendLen(nil, 51))
	f.Fuzz(func(t *testing.T, data []byte) {
		agenda, err := scale.Unmarshal[Agenda](data)
		if err == nil && (len(agenda) > 50 || !bytes.Equal(agenda.AppendScale(nil), data)) {
			t.Errorf("%x decodes as %d tasks", data, len(agenda))
		}
	})
}

// BenchmarkService runs a full agenda.
func BenchmarkService(b *testing.B) {
	newEnv(b, nil, func(e *env) {
		e.p.MaxScheduledPerBlock = 50
		for b.Loop() {
			now := system.Number()
			for range 50 {
				if _, err := e.p.Place(At(now+1), nil, 0, root, preimage.Bounded{Kind: preimage.Inline, Bytes: log(1).AppendScale(nil)}); err != nil {
					b.Fatal(err)
				}
			}
			e.run(now + 1)
			if len(e.logs.Entries) != 50 {
				b.Fatalf("%d tasks ran", len(e.logs.Entries))
			}
			e.logs.Entries = e.logs.Entries[:0]
			system.ResetEvents()
		}
	})
}
