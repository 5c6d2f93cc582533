package scheduler

import (
	"github.com/gotensor/gotensor/pallets/frame"
	"github.com/gotensor/gotensor/pallets/preimage"
	"github.com/gotensor/gotensor/pallets/system"
	"github.com/gotensor/gotensor/primitives/chain"
	"github.com/gotensor/gotensor/primitives/hash"
)

//go:generate go run ../frame/gen

// Pallet is the scheduler pallet.
type Pallet struct {
	Constants
	Storage

	// Preimages keeps calls that are too large for the agenda.
	Preimages Preimages
	// ScheduleOrigin says who may use the calls. Nil: root alone.
	ScheduleOrigin func(origin frame.Origin) error
	// HasPrivilege tells whether left may change tasks of right. Nil: the same origin may, and root.
	HasPrivilege func(left, right frame.OriginCaller) bool
}

// Preimages is what the pallet needs of pallet preimage.
type Preimages interface {
	Bound(c frame.Call) (preimage.Bounded, error)
	Peek(b *preimage.Bounded) (c frame.Call, length uint32, looked bool, err error)
	Drop(b *preimage.Bounded)
	Request(h hash.H256)
}

// Constants are set by the runtime.
type Constants struct {
	// How much the tasks of a block may weigh together.
	MaximumWeight frame.Weight
	// How many tasks a block may have.
	MaxScheduledPerBlock uint32
}

// Storage is all that the pallet keeps.
type Storage struct {
	// The first block whose tasks are not through.
	IncompleteSince frame.OptionValue[chain.BlockNumber]
	// The tasks of each block; places whose task is gone are empty.
	Agenda frame.Map[frame.Twox64Concat, chain.BlockNumber, Agenda]
	// How tasks are retried, by their address.
	Retries frame.OptionMap[frame.Blake2_128Concat, Address, RetryConfig]
	// The address of each task with a name.
	Lookup frame.OptionMap[frame.Twox64Concat, Name, Address]
}

// Name is the name of a task. Names in text are hashed to get one.
type Name = [32]byte

// Address is where a task stands: the block and its place in that block's agenda.
//
//frame:tuple
type Address struct {
	When  chain.BlockNumber
	Index uint32
}

// Period says how a task is repeated.
//
//frame:tuple
type Period struct {
	Blocks chain.BlockNumber // from one run to the next
	Count  uint32            // of runs
}

// Agenda is the tasks of a block; nil where there is none any more.
//
//frame:type bounded_collections::bounded_vec::BoundedVec
//frame:bound 50
type Agenda []*Task

// Task is a call to come.
//
//frame:type pallet_scheduler::Scheduled<Name=[32]byte, Call=preimage.Bounded, BlockNumber=chain.BlockNumber, PalletsOrigin=frame.OriginCaller, AccountId=chain.AccountID>
type Task struct {
	// The name, if it has one.
	MaybeID *Name `name:"maybe_id" rust:"Option<Name>"`
	// Tasks with lower numbers run first.
	Priority uint8 `rust:"schedule::Priority"`
	// The call.
	Call preimage.Bounded `rust:"Call"`
	// How it is repeated, if it is: count is that of the runs that follow the next.
	MaybePeriodic *Period `rust:"Option<schedule::Period<BlockNumber>>"`
	// On whose behalf the call runs.
	Origin frame.OriginCaller `rust:"PalletsOrigin"`
}

// RetryConfig says how a task that fails is retried.
//
//frame:type pallet_scheduler::RetryConfig<Period=chain.BlockNumber>
type RetryConfig struct {
	// How often at first.
	TotalRetries uint8
	// How often it still is.
	Remaining uint8
	// After how many blocks.
	Period chain.BlockNumber `rust:"Period"`
}

// Schedule lets a call run at a block, or again and again from there.
//
//frame:call 0
//frame:weight weightSchedule(p.MaxScheduledPerBlock)
//frame:rust when=BlockNumberFor<T>, maybePeriodic=Option<schedule::Period<BlockNumberFor<T>>>, priority=schedule::Priority, call=Box<<T as Config>::RuntimeCall>
func (p *Pallet) Schedule(origin frame.Origin, when chain.BlockNumber, maybePeriodic *Period, priority uint8, call frame.Call) error {
	return p.schedule(origin, nil, At(when), maybePeriodic, priority, call)
}

// Cancel takes a task away, with or without a name, by its block and its place in that block's agenda.
//
//frame:call 1
//frame:weight weightCancel(p.MaxScheduledPerBlock)
//frame:rust when=BlockNumberFor<T>
func (p *Pallet) Cancel(origin frame.Origin, when chain.BlockNumber, index uint32) error {
	if err := p.ensure(origin); err != nil {
		return err
	}
	return p.cancel(&origin.Caller, Address{when, index})
}

// ScheduleNamed lets a call run at a block, or again and again from there, under a name by which it can be cancelled.
//
//frame:call 2
//frame:weight weightScheduleNamed(p.MaxScheduledPerBlock)
//frame:rust id=TaskName, when=BlockNumberFor<T>, maybePeriodic=Option<schedule::Period<BlockNumberFor<T>>>, priority=schedule::Priority, call=Box<<T as Config>::RuntimeCall>
func (p *Pallet) ScheduleNamed(origin frame.Origin, id Name, when chain.BlockNumber, maybePeriodic *Period, priority uint8, call frame.Call) error {
	return p.schedule(origin, &id, At(when), maybePeriodic, priority, call)
}

// CancelNamed takes the task with that name away.
//
//frame:call 3
//frame:weight weightCancelNamed(p.MaxScheduledPerBlock)
//frame:rust id=TaskName
func (p *Pallet) CancelNamed(origin frame.Origin, id Name) error {
	if err := p.ensure(origin); err != nil {
		return err
	}
	return p.cancelNamed(&origin.Caller, id)
}

// ScheduleAfter lets a call run after so many blocks more, or again and again from there.
//
//frame:call 4
//frame:weight weightSchedule(p.MaxScheduledPerBlock)
//frame:rust after=BlockNumberFor<T>, maybePeriodic=Option<schedule::Period<BlockNumberFor<T>>>, priority=schedule::Priority, call=Box<<T as Config>::RuntimeCall>
func (p *Pallet) ScheduleAfter(origin frame.Origin, after chain.BlockNumber, maybePeriodic *Period, priority uint8, call frame.Call) error {
	return p.schedule(origin, nil, After(after), maybePeriodic, priority, call)
}

// ScheduleNamedAfter lets a call run after so many blocks more, or again and again from there, under a name by which it can be cancelled.
//
//frame:call 5
//frame:weight weightScheduleNamed(p.MaxScheduledPerBlock)
//frame:rust id=TaskName, after=BlockNumberFor<T>, maybePeriodic=Option<schedule::Period<BlockNumberFor<T>>>, priority=schedule::Priority, call=Box<<T as Config>::RuntimeCall>
func (p *Pallet) ScheduleNamedAfter(origin frame.Origin, id Name, after chain.BlockNumber, maybePeriodic *Period, priority uint8, call frame.Call) error {
	return p.schedule(origin, &id, After(after), maybePeriodic, priority, call)
}

// SetRetry says that a task which fails is retried after period blocks, so many times or until it does not fail. For tasks without a name.
//
// Retries count against the weight of their block and need a place in its agenda, like any task. Those of a periodic task are copies that
// run once, and the task goes on with its period.
//
//frame:call 6
//frame:weight weightSetRetry
//frame:rust task=TaskAddress<BlockNumberFor<T>>, period=BlockNumberFor<T>
func (p *Pallet) SetRetry(origin frame.Origin, task Address, retries uint8, period chain.BlockNumber) error {
	if err := p.ensure(origin); err != nil {
		return err
	}
	return p.setRetry(origin, task, nil, retries, period)
}

// SetRetryNamed says that a task with a name which fails is retried after period blocks, so many times or until it does not fail.
//
// Retries count against the weight of their block and need a place in its agenda, like any task. Those of a periodic task are nameless copies
// that run once, and the task goes on with its period.
//
//frame:call 7
//frame:weight weightSetRetryNamed
//frame:rust id=TaskName, period=BlockNumberFor<T>
func (p *Pallet) SetRetryNamed(origin frame.Origin, id Name, retries uint8, period chain.BlockNumber) error {
	if err := p.ensure(origin); err != nil {
		return err
	}
	task, ok := p.Lookup.Get(id)
	if !ok {
		return NotFound
	}
	return p.setRetry(origin, task, &id, retries, period)
}

// CancelRetry says that a task is not retried any more.
//
//frame:call 8
//frame:weight weightCancelRetry
//frame:rust task=TaskAddress<BlockNumberFor<T>>
func (p *Pallet) CancelRetry(origin frame.Origin, task Address) error {
	if err := p.ensure(origin); err != nil {
		return err
	}
	return p.cancelRetry(origin, task, nil)
}

// CancelRetryNamed says that the task with that name is not retried any more.
//
//frame:call 9
//frame:weight weightCancelRetryNamed
//frame:rust id=TaskName
func (p *Pallet) CancelRetryNamed(origin frame.Origin, id Name) error {
	if err := p.ensure(origin); err != nil {
		return err
	}
	task, ok := p.Lookup.Get(id)
	if !ok {
		return NotFound
	}
	return p.cancelRetry(origin, task, &id)
}

// ensure lets pass who may use the calls.
func (p *Pallet) ensure(origin frame.Origin) error {
	if p.ScheduleOrigin != nil {
		return p.ScheduleOrigin(origin)
	}
	return origin.Root()
}

func (p *Pallet) schedule(origin frame.Origin, name *Name, when Time, periodic *Period, priority uint8, call frame.Call) error {
	if err := p.ensure(origin); err != nil {
		return err
	}
	bounded, err := p.Preimages.Bound(call)
	if err != nil {
		return err
	}
	_, err = p.add(name, when, periodic, priority, origin.Caller, bounded)
	return err
}

func (p *Pallet) setRetry(origin frame.Origin, at Address, name *Name, retries uint8, period chain.BlockNumber) error {
	task := p.task(at)
	if task == nil {
		return NotFound
	}
	if err := p.ensurePrivilege(origin.Caller, task.Origin); err != nil {
		return err
	}
	p.Retries.Put(at, RetryConfig{TotalRetries: retries, Remaining: retries, Period: period})
	system.Deposit(RetrySet{Task: at, ID: name, Period: period, Retries: retries})
	return nil
}

func (p *Pallet) cancelRetry(origin frame.Origin, at Address, name *Name) error {
	task := p.task(at)
	if task == nil {
		return NotFound
	}
	if err := p.ensurePrivilege(origin.Caller, task.Origin); err != nil {
		return err
	}
	p.Retries.Remove(at)
	system.Deposit(RetryCancelled{Task: at, ID: name})
	return nil
}

// task returns the task at an address, or nil.
func (p *Pallet) task(at Address) *Task {
	agenda := p.Agenda.Get(at.When)
	if uint64(at.Index) >= uint64(len(agenda)) {
		return nil
	}
	return agenda[at.Index]
}

// ensurePrivilege lets left pass where it may change tasks of right. Error: BadOrigin.
func (p *Pallet) ensurePrivilege(left, right frame.OriginCaller) error {
	if p.HasPrivilege != nil {
		if !p.HasPrivilege(left, right) {
			return frame.BadOrigin
		}
	} else if left != right && left.Kind != frame.OriginRoot {
		return frame.BadOrigin
	}
	return nil
}

// Error is why the pallet refuses a call.
type Error uint8

const (
	// FailedToSchedule: there is a task with that name already.
	FailedToSchedule Error = 0
	// NotFound: there is no such task.
	NotFound Error = 1
	// TargetBlockNumberInPast: tasks can only be scheduled for blocks after this one.
	TargetBlockNumberInPast Error = 2
	// RescheduleNoChange: the task is scheduled for that block already.
	RescheduleNoChange Error = 3
	// Named: the task has a name; use the function for tasks with names.
	Named Error = 4
)

// StorageVersion is the form of what is stored.
func (p *Pallet) StorageVersion() uint16 { return 4 }
