package scheduler

import (
	"fmt"
	"slices"
	"testing"

	"github.com/gotensor/gotensor/internal/vectors"
	"github.com/gotensor/gotensor/pallets/frame"
	"github.com/gotensor/gotensor/pallets/frame/host"
	"github.com/gotensor/gotensor/pallets/internal/testchain"
	"github.com/gotensor/gotensor/pallets/preimage"
	"github.com/gotensor/gotensor/pallets/scheduler/internal/logger"
	"github.com/gotensor/gotensor/pallets/system"
	"github.com/gotensor/gotensor/primitives/chain"
	"github.com/gotensor/gotensor/primitives/hash"
	"github.com/gotensor/gotensor/primitives/units"
)

// maxBlock is how much a block of the original's tests weighs at most; maximum is 80 % of it.
var (
	maxBlock = frame.Weight{RefTime: 2_000_000_000_000, ProofSize: 1<<64 - 1}
	maximum  = frame.Weight{RefTime: maxBlock.RefTime / 5 * 4, ProofSize: maxBlock.ProofSize / 5 * 4}
)

// env is a chain of the original's tests, in block 0.
type env struct {
	*vectors.Test
	p    *Pallet
	pre  *preimage.Pallet
	logs *logger.Pallet
}

var root = frame.Root().Caller

func signed(n uint64) frame.OriginCaller { return testchain.Signed(n).Caller }

// newEnv runs f on a new chain. Root and account 1 may schedule, and only the same origin may change a task; the base filter stops Log.
func newEnv(t testing.TB, v *vectors.Test, f func(e *env)) {
	e := &env{Test: v, logs: new(logger.Pallet), pre: &preimage.Pallet{BaseDeposit: 2, ByteDeposit: 1}}
	e.p = &Pallet{
		Constants: Constants{MaximumWeight: maximum, MaxScheduledPerBlock: 10},
		Preimages: e.pre,
		ScheduleOrigin: func(origin frame.Origin) error {
			if origin.Caller == root || origin.Caller == signed(1) {
				return nil
			}
			return frame.BadOrigin
		},
		HasPrivilege: func(left, right frame.OriginCaller) bool { return left == right },
	}
	filter := func(c frame.Call) bool { _, stopped := c.(*logger.LogCall); return !stopped }
	c := testchain.New(t, filter, map[uint64]units.Rao{0: 1 << 30, 1: 1 << 30},
		frame.Entry{Index: 14, Name: "Preimage", Pallet: e.pre}, frame.Entry{Index: 15, Name: "Scheduler", Pallet: e.p}, frame.Entry{Index: 99, Name: "Logger", Pallet: e.logs})
	e.pre.Currency = c.Balances
	system.Weights().MaxBlock = maxBlock
	c.Run(func() {
		system.SetNumber(0)
		f(e)
	})
}

// run goes on to the beginning of block n. Events stay.
func (e *env) run(n chain.BlockNumber) {
	for now := system.Number() + 1; now <= n; now++ {
		system.Initialize(now, hash.H256{}, nil)
		e.p.OnInitialize(now)
	}
}

var small = frame.RefTime(10)

func log(i uint32) frame.Call   { return &logger.LogCall{I: i, Weight: small} }
func timed(i uint32) frame.Call { return &logger.TimedLogCall{I: i, Weight: small} }

func heavy(i uint32, w frame.Weight) frame.Call { return &logger.LogCall{I: i, Weight: w} }

// part is w/div*mul, as the original writes it.
func part(w frame.Weight, div, mul uint64) frame.Weight {
	return frame.Weight{RefTime: w.RefTime / div * mul, ProofSize: w.ProofSize / div * mul}
}

func (e *env) bound(c frame.Call) preimage.Bounded {
	e.Helper()
	b, err := e.pre.Bound(c)
	if err != nil {
		e.Fatal(err)
	}
	return b
}

// lookup is the call as a preimage that nobody has noted yet.
func lookup(c frame.Call) preimage.Bounded {
	encoded := c.AppendScale(nil)
	return preimage.Bounded{Kind: preimage.Lookup, Hash: hash.Blake2b256(encoded), Len: uint32(len(encoded))}
}

// place schedules a call of root without a name.
func (e *env) place(when Time, periodic *Period, c frame.Call) Address {
	e.Helper()
	at, err := e.p.Place(when, periodic, 127, root, e.bound(c))
	e.Ok(err)
	return at
}

// placeNamed schedules a call of root under a name.
func (e *env) placeNamed(name Name, when Time, periodic *Period, c frame.Call) Address {
	e.Helper()
	at, err := e.p.PlaceNamed(name, when, periodic, 127, root, e.bound(c))
	e.Ok(err)
	return at
}

func named(b byte) (name Name) {
	for i := range name {
		name[i] = b
	}
	return name
}

// logged expects that root has run Log with these numbers so far.
func (e *env) logged(numbers ...uint32) {
	e.Helper()
	var want []logger.Entry
	for _, n := range numbers {
		want = append(want, logger.Entry{Origin: root, I: n})
	}
	e.True(slices.Equal(e.logs.Entries, want), fmt.Sprintf("%v ran, but %v did", numbers, e.logs.Entries))
}

func (e *env) threshold(from, to chain.BlockNumber) {
	e.logs.Threshold.Put(frame.Pair[chain.BlockNumber, chain.BlockNumber]{A: from, B: to})
}

// tasks expects so many places in the agenda of a block.
func (e *env) tasks(when chain.BlockNumber, want int) {
	e.Helper()
	e.Equal(len(e.p.Agenda.Get(when)), want)
}

// some expects a task in the first place of the agenda of a block.
func (e *env) some(when chain.BlockNumber) *Task {
	e.Helper()
	agenda := e.p.Agenda.Get(when)
	e.True(len(agenda) > 0 && agenda[0] != nil, fmt.Sprintf("a task in block %d", when))
	return agenda[0]
}

func (e *env) agendas(want int) {
	e.Helper()
	n := 0
	for range e.p.Agenda.All() {
		n++
	}
	e.Equal(n, want)
}

func (e *env) retries(want int) {
	e.Helper()
	n := 0
	for range e.p.Retries.All() {
		n++
	}
	e.Equal(n, want)
}

func (e *env) names(want int) {
	e.Helper()
	n := 0
	for range e.p.Lookup.All() {
		n++
	}
	e.Equal(n, want)
}

// remaining expects how often a task is still retried.
func (e *env) remaining(when chain.BlockNumber, want uint8) {
	e.Helper()
	config, ok := e.p.Retries.Get(Address{when, 0})
	e.True(ok && config.Remaining == want, fmt.Sprintf("%d retries left in block %d", want, when))
}

// noop expects that f fails and changes nothing.
func (e *env) noop(f func() error, want error) {
	e.Helper()
	before := host.Root(1)
	e.Fails(f(), want)
	if host.Root(1) != before {
		e.Fatal("what failed changed the state")
	}
}

// moved makes an error of a result that does not matter.
func moved(_ Address, err error) error { return err }

func dispatched(_ chain.BlockNumber, err error) error { return err }

// last expects the last event.
func (e *env) last(want frame.Event) {
	e.Helper()
	e.Equal(testchain.Last(1), testchain.Encode(want))
}

func (e *env) setRetry(at Address, retries uint8, period chain.BlockNumber) {
	e.Helper()
	e.Ok(e.p.SetRetry(frame.Root(), at, retries, period))
}

func (e *env) setRetryNamed(name Name, retries uint8, period chain.BlockNumber) {
	e.Helper()
	e.Ok(e.p.SetRetryNamed(frame.Root(), name, retries, period))
}

// requested expects whether the preimage of a call is requested.
func (e *env) requested(b preimage.Bounded, want bool) {
	e.Helper()
	e.Equal(e.pre.IsRequested(b.CallHash()), want)
}

func (e *env) note(n uint64, c frame.Call) {
	e.Helper()
	_, err := e.pre.NotePreimage(testchain.Signed(n), c.AppendScale(nil))
	e.Ok(err)
}

// The expectations of substrate/frame/scheduler/src/tests.rs (opentensor/polkadot-sdk, 643be825). Weights are not those of the original's
// mock but the real ones, with which its tests hold as well.
func TestVectors(t *testing.T) {
	s := vectors.New(t, "pallet_scheduler")
	test := func(name string, f func(e *env)) {
		s.Test(name, func(v *vectors.Test) { newEnv(v.T, v, f) })
	}

	test("basic_scheduling_works", func(e *env) {
		e.True(!frame.SignedBy(chain.AccountID{}).Allows(log(42)), "the base filter stops the call")
		e.place(At(4), nil, log(42))
		e.run(3)
		e.logged()
		e.run(4)
		e.logged(42)
		e.run(100)
		e.logged(42)
	})
	test("scheduling_with_preimages_works", func(e *env) {
		hashed := lookup(log(42))
		_, err := e.p.Place(At(4), nil, 127, root, hashed)
		e.Ok(err)
		e.note(0, log(42))
		e.requested(hashed, true)
		e.run(3)
		e.logged()
		e.run(4)
		e.True(!e.pre.Have(&hashed), "the preimage is gone")
		e.requested(hashed, false)
		e.logged(42)
		e.run(100)
		e.logged(42)
	})
	test("schedule_after_works", func(e *env) {
		e.run(2)
		e.True(!frame.SignedBy(chain.AccountID{}).Allows(log(42)), "the base filter stops the call")
		e.place(After(3), nil, log(42))
		e.run(5)
		e.logged()
		e.run(6)
		e.logged(42)
		e.run(100)
		e.logged(42)
	})
	test("schedule_after_zero_works", func(e *env) {
		e.run(2)
		e.True(!frame.SignedBy(chain.AccountID{}).Allows(log(42)), "the base filter stops the call")
		e.place(After(0), nil, log(42))
		e.run(3)
		e.logged(42)
		e.run(100)
		e.logged(42)
	})
	test("periodic_scheduling_works", func(e *env) {
		e.place(At(4), &Period{3, 3}, log(42))
		e.run(3)
		e.logged()
		e.run(4)
		e.logged(42)
		e.run(6)
		e.logged(42)
		e.run(7)
		e.logged(42, 42)
		e.run(9)
		e.logged(42, 42)
		e.run(10)
		e.logged(42, 42, 42)
		e.run(100)
		e.logged(42, 42, 42)
	})
	retryOnce := func(e *env) {
		e.retries(1)
		e.run(3)
		e.logged()
		e.some(4)
		e.run(4)
		e.tasks(4, 0)
		e.some(7)
		e.logged()
		e.run(6)
		e.some(7)
		e.logged()
		e.run(7)
		e.tasks(7, 0)
		e.some(10)
		e.logged()
		e.run(8)
		e.some(10)
		e.logged()
		e.run(9)
		e.logged()
		e.retries(1)
		e.run(10)
		e.logged(42)
		e.retries(0)
		e.run(11)
		e.logged(42)
		e.run(12)
		e.logged(42)
		e.run(100)
		e.logged(42)
	}
	test("retry_scheduling_works", func(e *env) {
		e.threshold(8, 100)
		e.place(At(4), nil, timed(42))
		e.some(4)
		e.setRetry(Address{4, 0}, 10, 3)
		retryOnce(e)
	})
	test("named_retry_scheduling_works", func(e *env) {
		e.threshold(8, 100)
		e.Equal(e.placeNamed(named(1), At(4), nil, timed(42)), Address{4, 0})
		e.some(4)
		e.setRetryNamed(named(1), 10, 3)
		retryOnce(e)
	})
	retryTwo := func(e *env) {
		e.retries(2)
		e.run(3)
		e.logged()
		e.tasks(4, 2)
		e.run(4)
		e.tasks(4, 0)
		e.tasks(5, 1)
		e.tasks(7, 1)
		e.logged()
		e.run(5)
		e.tasks(6, 1)
		e.tasks(7, 1)
		e.retries(2)
		e.logged()
		e.run(6)
		e.tasks(7, 2)
		e.retries(2)
		e.logged()
		e.run(7)
		e.tasks(7, 0)
		e.tasks(8, 0)
		e.tasks(10, 1)
		e.retries(1)
		e.logged()
		e.run(8)
		e.tasks(10, 1)
		e.logged()
		e.run(9)
		e.logged()
		e.retries(1)
		e.run(10)
		e.logged(42)
		e.retries(0)
		e.run(11)
		e.logged(42)
		e.run(12)
		e.logged(42)
		e.run(100)
		e.logged(42)
	}
	test("retry_scheduling_multiple_tasks_works", func(e *env) {
		e.threshold(8, 100)
		e.place(At(4), nil, timed(20))
		e.place(At(4), nil, timed(42))
		e.tasks(4, 2)
		e.setRetry(Address{4, 0}, 3, 1)
		e.setRetry(Address{4, 1}, 10, 3)
		retryTwo(e)
	})
	test("retry_scheduling_multiple_named_tasks_works", func(e *env) {
		e.threshold(8, 100)
		e.placeNamed(named(20), At(4), nil, timed(20))
		e.placeNamed(named(42), At(4), nil, timed(42))
		e.tasks(4, 2)
		e.setRetryNamed(named(20), 3, 1)
		e.setRetryNamed(named(42), 10, 3)
		retryTwo(e)
	})
	retryPeriodic := func(e *env, name *Name) {
		at := func(when chain.BlockNumber) {
			e.Helper()
			if name != nil {
				address, ok := e.p.Lookup.Get(*name)
				e.True(ok && address == Address{when, 0}, fmt.Sprintf("the name leads to block %d", when))
			}
		}
		holds := func(when chain.BlockNumber) {
			e.Helper()
			n := 0
			for _, task := range e.p.Agenda.Get(when) {
				if task != nil {
					n++
				}
			}
			e.Equal(n, 1)
		}
		e.retries(1)
		e.run(3)
		e.logged()
		e.some(4)
		e.run(4)
		e.tasks(4, 0)
		e.some(7)
		e.retries(1)
		e.logged(42)
		e.run(6)
		e.some(7)
		e.logged(42)
		e.run(7)
		e.tasks(7, 0)
		e.some(10)
		e.retries(1)
		e.logged(42, 42)
		e.run(9)
		e.some(10)
		e.logged(42, 42)
		e.remaining(10, 10)
		e.run(10)
		e.some(13)
		e.some(12)
		e.remaining(12, 9)
		e.remaining(13, 10)
		e.retries(2)
		at(13)
		e.logged(42, 42)
		e.run(12)
		e.some(13)
		e.some(14)
		e.remaining(14, 8)
		e.remaining(13, 10)
		e.retries(2)
		e.logged(42, 42)
		e.run(13)
		e.some(16)
		e.some(14)
		e.True(e.some(16).MaybePeriodic != nil, "the task goes on with its period")
		e.True(e.some(15).MaybePeriodic == nil, "a retry runs once")
		e.True(e.some(14).MaybePeriodic == nil, "a retry runs once")
		e.retries(3)
		e.remaining(14, 8)
		e.remaining(15, 9)
		e.remaining(16, 10)
		at(16)
		e.logged(42, 42)
		e.threshold(14, 100)
		e.run(14)
		e.True(e.some(15).MaybePeriodic == nil, "a retry runs once")
		holds(16)
		e.some(16)
		e.remaining(15, 9)
		e.remaining(16, 10)
		e.retries(2)
		e.logged(42, 42, 42)
		e.run(15)
		holds(16)
		e.some(16)
		e.tasks(17, 0)
		e.remaining(16, 10)
		e.retries(1)
		at(16)
		e.logged(42, 42, 42, 42)
		e.run(16)
		e.some(19)
		e.tasks(18, 0)
		e.tasks(17, 0)
		e.remaining(19, 10)
		e.retries(1)
		at(19)
		e.logged(42, 42, 42, 42, 42)
		e.run(19)
		e.agendas(0)
		e.retries(0)
		if name != nil {
			e.names(0)
		}
		e.logged(42, 42, 42, 42, 42, 42)
	}
	test("retry_scheduling_with_period_works", func(e *env) {
		e.threshold(4, 8)
		e.place(At(4), &Period{3, 6}, timed(42))
		e.some(4)
		e.setRetry(Address{4, 0}, 10, 2)
		retryPeriodic(e, nil)
	})
	test("named_retry_scheduling_with_period_works", func(e *env) {
		name := named(42)
		e.threshold(4, 8)
		e.placeNamed(name, At(4), &Period{3, 6}, timed(42))
		e.some(4)
		e.setRetryNamed(name, 10, 2)
		retryPeriodic(e, &name)
	})
	test("retry_scheduling_expires", func(e *env) {
		e.threshold(1, 3)
		e.place(At(4), nil, timed(42))
		e.some(4)
		e.setRetry(Address{4, 0}, 3, 1)
		e.retries(1)
		e.run(3)
		e.logged()
		e.some(4)
		for n := chain.BlockNumber(4); n < 7; n++ {
			e.run(n)
			e.tasks(n, 0)
			e.some(n + 1)
			e.remaining(n+1, uint8(6-n))
			e.logged()
		}
		e.run(7)
		e.agendas(0)
		e.retries(0)
		e.logged()
	})
	test("set_retry_bad_origin", func(e *env) {
		_, err := e.p.Place(At(4), nil, 127, signed(101), e.bound(timed(42)))
		e.Ok(err)
		e.some(4)
		e.Fails(e.p.SetRetry(testchain.Signed(102), Address{4, 0}, 10, 2), frame.BadOrigin)
	})
	test("set_named_retry_bad_origin", func(e *env) {
		_, err := e.p.PlaceNamed(named(42), At(4), nil, 127, signed(101), e.bound(timed(42)))
		e.Ok(err)
		e.some(4)
		e.Fails(e.p.SetRetryNamed(testchain.Signed(102), named(42), 10, 2), frame.BadOrigin)
	})
	test("set_retry_works", func(e *env) {
		e.place(At(4), nil, timed(42))
		e.some(4)
		e.setRetry(Address{4, 0}, 10, 2)
		config, _ := e.p.Retries.Get(Address{4, 0})
		e.Equal(config, RetryConfig{10, 10, 2})
	})
	test("set_named_retry_works", func(e *env) {
		e.placeNamed(named(42), At(4), nil, timed(42))
		e.some(4)
		e.setRetryNamed(named(42), 10, 2)
		address, _ := e.p.Lookup.Get(named(42))
		config, _ := e.p.Retries.Get(address)
		e.Equal(config, RetryConfig{10, 10, 2})
	})
	test("retry_periodic_full_cycle", func(e *env) {
		e.threshold(1, 1000)
		e.placeNamed(named(42), At(10), &Period{100, 4}, timed(42))
		e.some(10)
		e.setRetryNamed(named(42), 2, 1)
		e.retries(1)
		e.run(9)
		e.logged()
		e.some(10)
		e.run(10)
		e.tasks(10, 0)
		e.some(110)
		e.retries(1)
		e.logged(42)
		e.run(109)
		e.some(110)
		e.remaining(110, 2)
		e.logged(42)
		e.threshold(1, 2)
		e.run(110)
		e.some(210)
		e.some(111)
		e.remaining(111, 1)
		e.remaining(210, 2)
		e.retries(2)
		e.logged(42)
		e.run(111)
		e.some(210)
		e.some(112)
		e.remaining(210, 2)
		e.remaining(112, 0)
		e.retries(2)
		e.logged(42)
		e.run(112)
		e.some(210)
		e.agendas(1)
		e.run(209)
		e.some(210)
		e.agendas(1)
		e.run(210)
		e.some(310)
		e.some(211)
		e.remaining(211, 1)
		e.remaining(310, 2)
		e.retries(2)
		e.logged(42)
		e.threshold(1, 1000)
		e.run(211)
		e.some(310)
		e.agendas(1)
		e.remaining(310, 2)
		e.retries(1)
		e.logged(42, 42)
		e.run(310)
		e.agendas(0)
		e.retries(0)
		e.logged(42, 42, 42)
	})
	test("reschedule_works", func(e *env) {
		e.True(!frame.SignedBy(chain.AccountID{}).Allows(log(42)), "the base filter stops the call")
		e.Equal(e.place(At(4), nil, log(42)), Address{4, 0})
		e.run(3)
		e.logged()
		at, err := e.p.move(Address{4, 0}, At(6))
		e.Ok(err)
		e.Equal(at, Address{6, 0})
		e.noop(func() error { return moved(e.p.move(Address{6, 0}, At(6))) }, RescheduleNoChange)
		e.run(4)
		e.logged()
		e.run(6)
		e.logged(42)
		e.run(100)
		e.logged(42)
	})
	test("reschedule_named_works", func(e *env) {
		e.True(!frame.SignedBy(chain.AccountID{}).Allows(log(42)), "the base filter stops the call")
		e.Equal(e.placeNamed(named(1), At(4), nil, log(42)), Address{4, 0})
		e.run(3)
		e.logged()
		at, err := e.p.moveNamed(named(1), At(6))
		e.Ok(err)
		e.Equal(at, Address{6, 0})
		e.noop(func() error { return moved(e.p.moveNamed(named(1), At(6))) }, RescheduleNoChange)
		e.run(4)
		e.logged()
		e.run(6)
		e.logged(42)
		e.run(100)
		e.logged(42)
	})
	test("reschedule_named_periodic_works", func(e *env) {
		to := func(n chain.BlockNumber) {
			e.Helper()
			at, err := e.p.moveNamed(named(1), At(n))
			e.Ok(err)
			e.Equal(at, Address{n, 0})
		}
		e.True(!frame.SignedBy(chain.AccountID{}).Allows(log(42)), "the base filter stops the call")
		e.Equal(e.placeNamed(named(1), At(4), &Period{3, 3}, log(42)), Address{4, 0})
		e.run(3)
		e.logged()
		to(5)
		to(6)
		e.run(5)
		e.logged()
		e.run(6)
		e.logged(42)
		to(10)
		e.run(9)
		e.logged(42)
		e.run(10)
		e.logged(42, 42)
		e.run(13)
		e.logged(42, 42, 42)
		e.run(100)
		e.logged(42, 42, 42)
	})
	test("cancel_named_scheduling_works_with_normal_cancel", func(e *env) {
		e.placeNamed(named(1), At(4), nil, log(69))
		at := e.place(At(4), nil, log(42))
		e.run(3)
		e.logged()
		e.Ok(e.p.cancelNamed(nil, named(1)))
		e.Ok(e.p.cancel(nil, at))
		e.run(100)
		e.logged()
	})
	test("cancel_named_periodic_scheduling_works", func(e *env) {
		e.placeNamed(named(1), At(4), &Period{3, 3}, log(42))
		_, err := e.p.PlaceNamed(named(1), At(4), nil, 127, root, e.bound(log(69)))
		e.Fails(err, FailedToSchedule)
		e.placeNamed(named(2), At(8), nil, log(69))
		e.run(3)
		e.logged()
		e.run(4)
		e.logged(42)
		e.run(6)
		e.Ok(e.p.cancelNamed(nil, named(1)))
		e.run(100)
		e.logged(42, 69)
	})
	test("scheduler_respects_weight_limits", func(e *env) {
		e.place(At(4), nil, heavy(42, part(maximum, 3, 2)))
		e.place(At(4), nil, heavy(69, part(maximum, 3, 2)))
		e.run(4)
		e.logged(42)
		e.run(5)
		e.logged(42, 69)
	})
	test("retry_respects_weight_limits", func(e *env) {
		e.place(At(8), nil, heavy(42, part(maximum, 3, 2)))
		e.threshold(8, 100)
		e.place(At(4), nil, &logger.TimedLogCall{I: 20, Weight: part(maximum, 3, 2)})
		e.setRetry(Address{4, 0}, 10, 1)
		e.run(4)
		e.some(5)
		e.some(8)
		e.retries(1)
		e.logged()
		e.run(7)
		e.tasks(8, 2)
		e.retries(1)
		e.logged()
		e.run(8)
		agenda := e.p.Agenda.Get(8)
		e.True(agenda[0] == nil, "the first task ran")
		e.True(agenda[1] != nil, "the second did not")
		e.retries(1)
		e.logged(42)
		e.run(9)
		e.agendas(0)
		e.retries(0)
		e.logged(42, 20)
	})
	test("try_schedule_retry_respects_weight_limits", func(e *env) {
		m := meter{limit: part(weightScheduleRetry(10), 10, 1)}
		e.True(m.canConsume(weightServiceAgendaBase(10).Sub(weightServiceAgendaBase(1))), "a retry costs more than what an agenda's weight is too high")
		w := maximum.Sub(weightServiceAgendasBase).Sub(weightServiceAgendaBase(10)).Sub(weightServiceTask(0, false, false, false))
		e.threshold(8, 100)
		e.place(At(4), nil, &logger.TimedLogCall{I: 20, Weight: w})
		e.setRetry(Address{4, 0}, 10, 1)
		e.run(4)
		e.agendas(0)
		e.retries(0)
		e.logged()
		e.last(RetryFailed{Task: Address{4, 0}})
	})
	test("scheduler_does_not_delete_permanently_overweight_call", func(e *env) {
		e.place(At(4), nil, heavy(42, maximum))
		e.run(100)
		e.logged()
		e.last(PermanentlyOverweight{Task: Address{4, 0}})
		e.some(4)
	})
	test("scheduler_handles_periodic_failure", func(e *env) {
		bound := e.bound(heavy(42, part(maximum, 3, 2)))
		_, err := e.p.Place(At(4), &Period{4, 1<<32 - 1}, 127, root, bound)
		e.Ok(err)
		e.run(20)
		e.Equal(len(e.logs.Entries), 5)
		for range 10 {
			_, err := e.p.Place(At(28), nil, 120, root, bound)
			e.Ok(err)
		}
		e.run(24)
		e.Equal(len(e.logs.Entries), 6)
		e.last(PeriodicFailed{Task: Address{24, 0}})
	})
	test("scheduler_handles_periodic_unavailable_preimage", func(e *env) {
		call := heavy(42, part(maximum, 3, 2))
		bound := lookup(call)
		e.requested(bound, false)
		_, err := e.p.Place(At(4), &Period{4, 1<<32 - 1}, 127, root, bound)
		e.Ok(err)
		e.requested(bound, true)
		e.note(1, call)
		e.run(4)
		e.Equal(len(e.logs.Entries), 1)
		e.pre.Unnote(bound.Hash)
		e.pre.Request(bound.Hash)
		e.run(100)
		e.Equal(len(e.logs.Entries), 1)
		e.requested(bound, false)
	})
	test("scheduler_respects_priority_ordering", func(e *env) {
		for i, n := range []uint32{42, 69} {
			_, err := e.p.Place(At(4), nil, uint8(1-i), root, e.bound(heavy(n, part(maximum, 3, 1))))
			e.Ok(err)
		}
		e.run(4)
		e.logged(69, 42)
	})
	test("scheduler_respects_priority_ordering_with_soft_deadlines", func(e *env) {
		for _, x := range []struct {
			i        uint32
			fifths   uint64
			priority uint8
		}{{42, 2, 255}, {69, 2, 127}, {2600, 4, 126}} {
			_, err := e.p.Place(At(4), nil, x.priority, root, e.bound(heavy(x.i, part(maximum, 5, x.fifths))))
			e.Ok(err)
		}
		e.run(4)
		e.logged(2600)
		e.run(5)
		e.logged(2600, 69, 42)
	})
	test("on_initialize_weight_is_correct", func(e *env) {
		weight := func(extra uint64) frame.Weight { return frame.RefTime(25 + extra) }
		_, err := e.p.PlaceNamed(named(1), At(3), nil, 255, root, e.bound(heavy(3, weight(1))))
		e.Ok(err)
		_, err = e.p.Place(At(2), &Period{1000, 3}, 128, root, e.bound(heavy(42, weight(2))))
		e.Ok(err)
		_, err = e.p.Place(At(2), nil, 127, root, e.bound(heavy(69, weight(3))))
		e.Ok(err)
		_, err = e.p.PlaceNamed(named(2), At(1), &Period{1000, 3}, 126, root, e.bound(heavy(2600, weight(4))))
		e.Ok(err)
		task := func(named, periodic bool, extra uint64) frame.Weight {
			return weightServiceTask(0, false, named, periodic).Add(weightDispatchUnsigned).Add(weight(extra))
		}
		step := func(now chain.BlockNumber, tasks uint32, want frame.Weight) {
			e.Helper()
			system.SetNumber(now)
			e.Equal(e.p.OnInitialize(42), weightServiceAgendasBase.Add(weightServiceAgendaBase(tasks)).Add(want))
			since, ok := e.p.IncompleteSince.Get()
			e.True(ok && since == now+1, "the next block is next")
		}
		step(1, 1, task(true, true, 4))
		e.logged(2600)
		step(2, 2, task(false, true, 3).Add(task(false, false, 2)))
		e.logged(2600, 69, 42)
		step(3, 1, task(true, false, 1))
		e.logged(2600, 69, 42, 3)
		step(4, 0, frame.Weight{})
		system.RegisterExtraWeightUnchecked(maxBlock, frame.Mandatory)
		e.Equal(e.p.OnInitialize(444), frame.Weight{})
	})
	test("root_calls_works", func(e *env) {
		e.Ok(e.p.ScheduleNamed(frame.Root(), named(1), 4, nil, 127, log(69)))
		e.Ok(e.p.Schedule(frame.Root(), 4, nil, 127, log(42)))
		e.run(3)
		e.tasks(4, 2)
		e.logged()
		e.Ok(e.p.CancelNamed(frame.Root(), named(1)))
		e.Ok(e.p.Cancel(frame.Root(), 4, 1))
		e.run(100)
		e.logged()
	})
	test("fails_to_schedule_task_in_the_past", func(e *env) {
		e.run(3)
		e.noop(func() error { return e.p.ScheduleNamed(frame.Root(), named(1), 2, nil, 127, log(69)) }, TargetBlockNumberInPast)
		e.noop(func() error { return e.p.Schedule(frame.Root(), 2, nil, 127, log(42)) }, TargetBlockNumberInPast)
		e.noop(func() error { return e.p.Schedule(frame.Root(), 3, nil, 127, log(42)) }, TargetBlockNumberInPast)
	})
	test("should_use_origin", func(e *env) {
		e.Ok(e.p.ScheduleNamed(testchain.Signed(1), named(1), 4, nil, 127, log(69)))
		e.Ok(e.p.Schedule(testchain.Signed(1), 4, nil, 127, log(42)))
		e.run(3)
		e.tasks(4, 2)
		e.logged()
		e.Ok(e.p.CancelNamed(testchain.Signed(1), named(1)))
		e.Ok(e.p.Cancel(testchain.Signed(1), 4, 1))
		e.run(100)
		e.logged()
	})
	test("should_check_origin", func(e *env) {
		e.noop(func() error { return e.p.ScheduleNamed(testchain.Signed(2), named(1), 4, nil, 127, log(69)) }, frame.BadOrigin)
		e.noop(func() error { return e.p.Schedule(testchain.Signed(2), 4, nil, 127, log(42)) }, frame.BadOrigin)
	})
	test("should_check_origin_for_cancel", func(e *env) {
		e.Ok(e.p.ScheduleNamed(testchain.Signed(1), named(1), 4, nil, 127, &logger.LogWithoutFilterCall{I: 69, Weight: small}))
		e.Ok(e.p.Schedule(testchain.Signed(1), 4, nil, 127, &logger.LogWithoutFilterCall{I: 42, Weight: small}))
		e.run(3)
		e.tasks(4, 2)
		e.logged()
		for _, other := range []frame.Origin{testchain.Signed(2), frame.Root()} {
			e.noop(func() error { return e.p.CancelNamed(other, named(1)) }, frame.BadOrigin)
			e.noop(func() error { return e.p.Cancel(other, 4, 1) }, frame.BadOrigin)
		}
		e.run(5)
		e.Equal(e.logs.Entries, []logger.Entry{{Origin: signed(1), I: 69}, {Origin: signed(1), I: 42}})
	})
	test("cancel_removes_retry_entry", func(e *env) {
		e.threshold(99, 100)
		e.place(At(4), nil, timed(20))
		e.placeNamed(named(1), At(4), nil, timed(42))
		e.tasks(4, 2)
		e.setRetry(Address{4, 0}, 10, 1)
		e.setRetryNamed(named(1), 10, 1)
		e.retries(2)
		e.run(3)
		e.logged()
		e.tasks(4, 2)
		e.run(4)
		e.tasks(4, 0)
		e.tasks(5, 2)
		e.logged()
		e.run(5)
		e.tasks(6, 2)
		e.retries(2)
		e.logged()
		e.names(0)
		e.Ok(e.p.Cancel(frame.Root(), 6, 0))
		e.run(6)
		e.tasks(7, 1)
		e.True(!e.p.Retries.Has(Address{4, 0}), "the retries are gone")
		e.retries(1)
		e.logged()
		e.Ok(e.p.Cancel(frame.Root(), 7, 0))
		e.run(7)
		e.tasks(8, 0)
		e.retries(0)
	})
	test("cancel_retries_works", func(e *env) {
		e.threshold(99, 100)
		e.place(At(4), nil, timed(20))
		e.placeNamed(named(1), At(4), nil, timed(42))
		e.tasks(4, 2)
		e.setRetry(Address{4, 0}, 10, 1)
		e.setRetryNamed(named(1), 10, 1)
		e.retries(2)
		e.run(3)
		e.logged()
		e.tasks(4, 2)
		e.Ok(e.p.CancelRetry(frame.Root(), Address{4, 0}))
		e.retries(1)
		e.Ok(e.p.CancelRetryNamed(frame.Root(), named(1)))
		e.retries(0)
		e.run(4)
		e.tasks(4, 0)
		e.retries(0)
	})
	test("postponed_named_task_cannot_be_rescheduled", func(e *env) {
		call := heavy(42, frame.RefTime(1000))
		hashed := lookup(call)
		name := Name(hashed.Hash)
		address, err := e.p.PlaceNamed(name, At(4), nil, 127, root, hashed)
		e.Ok(err)
		e.requested(hashed, true)
		e.True(e.p.Lookup.Has(name), "the name is there")
		e.run(10)
		e.logged()
		e.last(CallUnavailable{Task: Address{4, 0}, ID: &name})
		e.requested(hashed, false)
		e.True(!e.p.Lookup.Has(name), "the name is gone")
		e.agendas(1)
		e.Equal(e.p.Agenda.Get(4), Agenda{{MaybeID: &name, Priority: 127, Call: hashed, Origin: root}})
		e.note(0, call)
		e.run(1000)
		e.logged()
		e.requested(hashed, false)
		e.Fails(moved(e.p.moveNamed(name, At(1001))), NotFound)
		e.Fails(moved(e.p.move(address, At(1001))), Named)
	})
	test("scheduler_v3_anon_basic_works", func(e *env) {
		e.place(At(4), nil, log(42))
		e.run(3)
		e.logged()
		e.run(4)
		e.logged(42)
		e.run(100)
		e.logged(42)
	})
	test("scheduler_v3_anon_cancel_works", func(e *env) {
		address := e.place(At(4), nil, log(42))
		e.Ok(e.p.Withdraw(address))
		e.run(100)
		e.logged()
		e.Fails(e.p.Withdraw(address), frame.Unavailable)
	})
	test("scheduler_v3_anon_reschedule_works", func(e *env) {
		address := e.place(At(4), nil, log(42))
		e.run(3)
		e.logged()
		e.noop(func() error { return moved(e.p.Move(address, At(4))) }, RescheduleNoChange)
		e.noop(func() error { return moved(e.p.Move(address, At(3))) }, TargetBlockNumberInPast)
		e.Ok(moved(e.p.Move(address, At(5))))
		e.run(4)
		e.logged()
		e.run(5)
		e.logged(42)
		e.noop(func() error { return moved(e.p.Move(address, At(10))) }, frame.Unavailable)
	})
	test("scheduler_v3_anon_next_schedule_time_works", func(e *env) {
		address := e.place(At(4), nil, log(42))
		e.run(3)
		e.logged()
		when, err := e.p.NextDispatch(address)
		e.True(err == nil && when == 4, "in block 4")
		e.run(4)
		e.logged(42)
		e.noop(func() error { return dispatched(e.p.NextDispatch(address)) }, frame.Unavailable)
	})
	test("scheduler_v3_anon_reschedule_and_next_schedule_time_work", func(e *env) {
		old := e.place(At(4), nil, log(42))
		e.run(3)
		e.logged()
		when, err := e.p.NextDispatch(old)
		e.True(err == nil && when == 4, "in block 4")
		address, err := e.p.Move(old, At(5))
		e.Ok(err)
		e.True(address != old, "another address")
		when, err = e.p.NextDispatch(address)
		e.True(err == nil && when == 5, "in block 5")
		e.run(4)
		e.logged()
		e.run(5)
		e.logged(42)
	})
	test("scheduler_v3_anon_schedule_agenda_overflows", func(e *env) {
		for range 10 {
			e.place(At(4), nil, log(42))
		}
		e.noop(func() error { return moved(e.p.Place(At(4), nil, 127, root, e.bound(log(42)))) }, frame.Exhausted)
		e.run(4)
		e.Equal(len(e.logs.Entries), 10)
	})
	test("scheduler_v3_anon_cancel_and_schedule_fills_holes", func(e *env) {
		var addresses []Address
		for range 10 {
			addresses = append(addresses, e.place(At(4), nil, log(42)))
		}
		for _, at := range addresses[:3] {
			e.Ok(e.p.Withdraw(at))
		}
		for i := range uint32(3) {
			e.Equal(e.place(At(4), nil, log(42)).Index, i)
		}
		e.run(4)
		e.Equal(len(e.logs.Entries), 10)
	})
	test("scheduler_v3_anon_reschedule_fills_holes", func(e *env) {
		var addresses []Address
		for range 10 {
			addresses = append(addresses, e.place(At(4), nil, log(42)))
		}
		lastThree := []Address{addresses[9], addresses[8], addresses[7]}
		var moves []Address
		for _, at := range lastThree {
			to, err := e.p.Move(at, At(5))
			e.Ok(err)
			moves = append(moves, to)
		}
		slices.Reverse(lastThree)
		for i, at := range moves {
			to, err := e.p.Move(at, At(4))
			e.Ok(err)
			e.Equal(to, lastThree[i])
		}
		e.run(4)
		e.Equal(len(e.logs.Entries), 10)
	})
	test("scheduler_v3_named_basic_works", func(e *env) {
		e.placeNamed(named(1), At(4), nil, log(42))
		e.run(3)
		e.logged()
		e.run(4)
		e.logged(42)
		e.run(100)
		e.logged(42)
	})
	test("scheduler_v3_named_cancel_named_works", func(e *env) {
		e.placeNamed(named(1), At(4), nil, log(42))
		e.Ok(e.p.WithdrawNamed(named(1)))
		e.run(100)
		e.logged()
		e.noop(func() error { return e.p.WithdrawNamed(named(1)) }, frame.Unavailable)
	})
	test("scheduler_v3_named_cancel_without_name_works", func(e *env) {
		address := e.placeNamed(named(1), At(4), nil, log(42))
		e.Ok(e.p.Withdraw(address))
		e.run(100)
		e.logged()
		e.Fails(e.p.Withdraw(address), frame.Unavailable)
	})
	test("scheduler_v3_named_reschedule_named_works", func(e *env) {
		address := e.placeNamed(named(1), At(4), nil, log(42))
		e.run(3)
		e.logged()
		e.noop(func() error { return moved(e.p.Move(address, At(10))) }, Named)
		e.noop(func() error { return moved(e.p.MoveNamed(named(1), At(4))) }, RescheduleNoChange)
		e.noop(func() error { return moved(e.p.MoveNamed(named(1), At(3))) }, TargetBlockNumberInPast)
		e.Ok(moved(e.p.MoveNamed(named(1), At(5))))
		e.run(4)
		e.logged()
		e.run(5)
		e.logged(42)
		e.noop(func() error { return moved(e.p.MoveNamed(named(1), At(10))) }, frame.Unavailable)
		e.noop(func() error { return moved(e.p.Move(address, At(10))) }, frame.Unavailable)
	})
	test("scheduler_v3_named_next_schedule_time_works", func(e *env) {
		address := e.placeNamed(named(1), At(4), nil, log(42))
		e.run(3)
		e.logged()
		when, err := e.p.NextDispatchNamed(named(1))
		e.True(err == nil && when == 4, "in block 4")
		when, err = e.p.NextDispatch(address)
		e.True(err == nil && when == 4, "in block 4")
		e.run(4)
		e.logged(42)
		e.noop(func() error { return dispatched(e.p.NextDispatchNamed(named(1))) }, frame.Unavailable)
		e.noop(func() error { return dispatched(e.p.NextDispatch(address)) }, frame.Unavailable)
	})
	test("cancel_last_task_removes_agenda", func(e *env) {
		first, second := e.place(At(4), nil, log(42)), e.place(At(4), nil, log(42))
		e.tasks(4, 2)
		e.Ok(e.p.cancel(nil, first))
		e.tasks(4, 2)
		e.Ok(e.p.cancel(nil, second))
		e.tasks(4, 0)
	})
	test("cancel_named_last_task_removes_agenda", func(e *env) {
		e.placeNamed(named(1), At(4), nil, log(42))
		e.placeNamed(named(2), At(4), nil, log(42))
		e.tasks(4, 2)
		e.Ok(e.p.cancelNamed(nil, named(2)))
		e.tasks(4, 1)
		e.Ok(e.p.cancelNamed(nil, named(1)))
		e.tasks(4, 0)
	})
	test("reschedule_last_task_removes_agenda", func(e *env) {
		first, second := e.place(At(4), nil, log(42)), e.place(At(4), nil, log(42))
		e.tasks(4, 2)
		e.Ok(e.p.cancel(nil, first))
		e.tasks(4, 2)
		at, err := e.p.move(second, At(5))
		e.Ok(err)
		e.Equal(at, Address{5, 0})
		e.tasks(4, 0)
	})
	test("reschedule_named_last_task_removes_agenda", func(e *env) {
		e.placeNamed(named(1), At(4), nil, log(42))
		e.placeNamed(named(2), At(4), nil, log(42))
		e.tasks(4, 2)
		e.Ok(e.p.cancelNamed(nil, named(1)))
		e.tasks(4, 2)
		at, err := e.p.moveNamed(named(2), At(5))
		e.Ok(err)
		e.Equal(at, Address{5, 0})
		e.tasks(4, 0)
	})
	test("unavailable_call_is_detected", func(e *env) {
		bound, name := lookup(log(42)), named(1)
		_, err := e.p.PlaceNamed(name, At(4), nil, 127, root, bound)
		e.Ok(err)
		e.True(!e.pre.Have(&bound), "the preimage is not there")
		e.requested(bound, true)
		e.run(4)
		e.last(CallUnavailable{Task: Address{4, 0}, ID: &name})
		e.requested(bound, false)
	})
	remark := &system.RemarkCall{Remark: make([]byte, 3<<20)}
	test("postponed_task_is_still_available", func(e *env) {
		e.Ok(e.p.Schedule(frame.Root(), 4, nil, 128, remark))
		e.run(3)
		e.tasks(4, 1)
		e.p.MaximumWeight = weightServiceAgendaBase(10).Add(weightServiceAgendasBase)
		e.run(4)
		e.some(4)
		e.last(AgendaIncomplete{When: 4})
		e.p.MaximumWeight = maximum
		e.run(5)
		e.tasks(4, 0)
	})
	test("on_initialize_misses_blocks", func(e *env) {
		e.run(1)
		e.Ok(e.p.Schedule(frame.Root(), 2, nil, 128, remark))
		e.tasks(2, 1)
		system.SetNumber(6)
		e.run(7)
		e.tasks(2, 0)
		e.last(Dispatched{Task: Address{2, 0}})
	})
	test("on_initialize_runs_twice_for_the_same_block", func(e *env) {
		since := func(want chain.BlockNumber) {
			e.Helper()
			got, ok := e.p.IncompleteSince.Get()
			e.True(ok && got == want, "the next block is next")
		}
		e.run(1)
		since(2)
		e.Ok(e.p.Schedule(frame.Root(), 2, nil, 128, remark))
		e.tasks(2, 1)
		e.run(2)
		e.tasks(2, 0)
		since(3)
		e.p.OnInitialize(2)
		since(3)
	})
	test("not_permanently_overweight_when_task_from_not_first_agenda", func(e *env) {
		e.run(1)
		e.place(At(6), nil, heavy(42, maximum))
		system.SetNumber(10)
		e.run(11)
		e.tasks(6, 1)
		e.last(AgendaIncomplete{When: 6})
		e.run(12)
		e.last(PermanentlyOverweight{Task: Address{6, 0}})
		e.tasks(6, 1)
		since, ok := e.p.IncompleteSince.Get()
		e.True(ok && since == 13, "the next block is next")
	})
	s.Omit("migration_to_v4_works, test_migrate_origin", "no chain of this runtime had an earlier version")
	s.Done()
}
