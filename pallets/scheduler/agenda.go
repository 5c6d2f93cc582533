package scheduler

import (
	"math"

	"github.com/gotensor/gotensor/pallets/frame"
	"github.com/gotensor/gotensor/pallets/preimage"
	"github.com/gotensor/gotensor/pallets/system"
	"github.com/gotensor/gotensor/primitives/chain"
)

// What other pallets call. Tasks are placed, moved and cancelled here without a look at who asks: that is the caller's business. Where
// the calls of the pallet say NotFound, these say Unavailable, as the trait of the original does (frame_support::traits::schedule::v3).

// Time is when a task is to run.
type Time struct {
	n     chain.BlockNumber
	after bool
}

// At is that block.
func At(n chain.BlockNumber) Time { return Time{n: n} }

// After is so many blocks after the next one.
func After(n chain.BlockNumber) Time { return Time{n, true} }

// Place schedules a call on behalf of origin and returns the task's address. A period of 0 blocks, or of less than two runs, is none.
// Errors: TargetBlockNumberInPast, and Exhausted where the block's agenda is full.
func (p *Pallet) Place(when Time, periodic *Period, priority uint8, origin frame.OriginCaller, call preimage.Bounded) (Address, error) {
	return p.add(nil, when, periodic, priority, origin, call)
}

// PlaceNamed is Place under a name. Errors: FailedToSchedule where there is a task with that name, and those of Place.
func (p *Pallet) PlaceNamed(name Name, when Time, periodic *Period, priority uint8, origin frame.OriginCaller, call preimage.Bounded) (Address, error) {
	return p.add(&name, when, periodic, priority, origin, call)
}

// Withdraw cancels a task. Error: Unavailable.
func (p *Pallet) Withdraw(at Address) error { return unavailable(p.cancel(nil, at)) }

// WithdrawNamed cancels the task with that name. Error: Unavailable. The request for the preimage of its call, and its retries, stay: so does
// the original.
func (p *Pallet) WithdrawNamed(name Name) error { return unavailable(p.cancelNamed(nil, name)) }

// Move puts a task without a name to another block. Errors: TargetBlockNumberInPast, RescheduleNoChange, Unavailable, Named, Exhausted.
func (p *Pallet) Move(at Address, when Time) (Address, error) {
	address, err := p.move(at, when)
	return address, unavailable(err)
}

// MoveNamed puts the task with that name to another block. Errors: TargetBlockNumberInPast, RescheduleNoChange, Unavailable, Exhausted.
func (p *Pallet) MoveNamed(name Name, when Time) (Address, error) {
	address, err := p.moveNamed(name, when)
	return address, unavailable(err)
}

// NextDispatch returns the block of a task. Error: Unavailable.
func (p *Pallet) NextDispatch(at Address) (chain.BlockNumber, error) {
	if uint64(at.Index) >= uint64(len(p.Agenda.Get(at.When))) {
		return 0, frame.Unavailable
	}
	return at.When, nil
}

// NextDispatchNamed returns the block of the task with that name. Error: Unavailable.
func (p *Pallet) NextDispatchNamed(name Name) (chain.BlockNumber, error) {
	at, ok := p.Lookup.Get(name)
	if !ok {
		return 0, frame.Unavailable
	}
	return p.NextDispatch(at)
}

func unavailable(err error) error {
	if err == NotFound {
		return frame.Unavailable
	}
	return err
}

// resolve returns the block that a time means. Error: TargetBlockNumberInPast.
func resolve(when Time) (chain.BlockNumber, error) {
	now, n := system.Number(), when.n
	if when.after {
		n = plus(plus(now, n), 1) // this block's tasks are through
	}
	if n <= now {
		return 0, TargetBlockNumberInPast
	}
	return n, nil
}

// plus adds block numbers, and stops at the last there is.
func plus(a, b chain.BlockNumber) chain.BlockNumber {
	return chain.BlockNumber(min(uint64(a)+uint64(b), math.MaxUint32))
}

// add places a task anew.
func (p *Pallet) add(name *Name, when Time, periodic *Period, priority uint8, origin frame.OriginCaller, call preimage.Bounded) (Address, error) {
	if name != nil && p.Lookup.Has(*name) {
		return Address{}, FailedToSchedule
	}
	n, err := resolve(when)
	if err != nil {
		return Address{}, err
	}
	task := &Task{MaybeID: name, Priority: priority, Call: call, Origin: origin}
	if periodic != nil && periodic.Count > 1 && periodic.Blocks != 0 {
		task.MaybePeriodic = &Period{periodic.Blocks, periodic.Count - 1} // one run is the one that is placed now
	}
	at, err := p.place(n, task)
	if err != nil {
		return Address{}, err
	}
	if h, ok := call.LookupHash(); ok {
		p.Preimages.Request(h)
	}
	return at, nil
}

// place puts a task into the agenda of a block. Error: Exhausted.
func (p *Pallet) place(when chain.BlockNumber, task *Task) (Address, error) {
	agenda := p.Agenda.Get(when)
	index := len(agenda)
	if uint32(index) < p.MaxScheduledPerBlock {
		agenda = append(agenda, task)
	} else {
		for index = 0; index < len(agenda) && agenda[index] != nil; index++ {
		}
		if index == len(agenda) {
			return Address{}, frame.Exhausted
		}
		agenda[index] = task
	}
	p.Agenda.Put(when, agenda)
	at := Address{when, uint32(index)}
	if task.MaybeID != nil {
		p.Lookup.Put(*task.MaybeID, at)
	}
	system.Deposit(Scheduled{When: when, Index: at.Index})
	return at, nil
}

// trim drops the empty places at the end of an agenda, and an agenda that has no others.
func (p *Pallet) trim(when chain.BlockNumber) {
	agenda := p.Agenda.Get(when)
	n := len(agenda)
	for n > 0 && agenda[n-1] == nil {
		n--
	}
	switch n {
	case 0:
		p.Agenda.Remove(when)
	case len(agenda):
	default:
		p.Agenda.Put(when, agenda[:n])
	}
}

// cancel takes a task away; origin, where not nil, must have its privilege. Errors: NotFound, BadOrigin.
func (p *Pallet) cancel(origin *frame.OriginCaller, at Address) error {
	agenda := p.Agenda.Get(at.When)
	var task *Task
	if uint64(at.Index) < uint64(len(agenda)) {
		task = agenda[at.Index]
		if origin != nil && task != nil {
			if err := p.ensurePrivilege(*origin, task.Origin); err != nil {
				return err
			}
		}
		agenda[at.Index] = nil
	}
	p.Agenda.Put(at.When, agenda)
	if task == nil {
		return NotFound
	}
	p.Preimages.Drop(&task.Call)
	if task.MaybeID != nil {
		p.Lookup.Remove(*task.MaybeID)
	}
	p.Retries.Remove(at)
	p.trim(at.When)
	system.Deposit(Canceled(at))
	return nil
}

// cancelNamed is cancel by name. Where nobody's privilege is asked for, retries and the request for the preimage stay, as in the original.
func (p *Pallet) cancelNamed(origin *frame.OriginCaller, name Name) error {
	at, ok := p.Lookup.Get(name)
	if !ok {
		return NotFound
	}
	agenda := p.Agenda.Get(at.When)
	if uint64(at.Index) < uint64(len(agenda)) {
		if task := agenda[at.Index]; origin != nil && task != nil {
			if err := p.ensurePrivilege(*origin, task.Origin); err != nil {
				return err
			}
			p.Retries.Remove(at)
			p.Preimages.Drop(&task.Call)
		}
		agenda[at.Index] = nil
	}
	p.Agenda.Put(at.When, agenda)
	p.trim(at.When)
	system.Deposit(Canceled(at))
	p.Lookup.Remove(name)
	return nil
}

func (p *Pallet) move(at Address, when Time) (Address, error) {
	n, err := resolve(when)
	if err != nil {
		return Address{}, err
	}
	if n == at.When {
		return Address{}, RescheduleNoChange
	}
	if task := p.task(at); task != nil && task.MaybeID != nil {
		return Address{}, Named
	}
	return p.transplant(at, n)
}

func (p *Pallet) moveNamed(name Name, when Time) (Address, error) {
	n, err := resolve(when)
	if err != nil {
		return Address{}, err
	}
	at, ok := p.Lookup.Get(name)
	if !ok {
		return Address{}, NotFound
	}
	if n == at.When {
		return Address{}, RescheduleNoChange
	}
	return p.transplant(at, n)
}

// transplant takes a task from its agenda into another.
func (p *Pallet) transplant(at Address, when chain.BlockNumber) (Address, error) {
	agenda := p.Agenda.Get(at.When)
	if uint64(at.Index) >= uint64(len(agenda)) || agenda[at.Index] == nil {
		return Address{}, NotFound
	}
	task := agenda[at.Index]
	agenda[at.Index] = nil
	p.Agenda.Put(at.When, agenda)
	p.trim(at.When)
	system.Deposit(Canceled(at))
	return p.place(when, task)
}
