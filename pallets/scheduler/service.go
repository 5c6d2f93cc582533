package scheduler

import (
	"slices"

	"github.com/gotensor/gotensor/pallets/frame"
	"github.com/gotensor/gotensor/pallets/system"
	"github.com/gotensor/gotensor/primitives/chain"
)

// meter counts weight against a limit.
type meter struct{ consumed, limit frame.Weight }

func (m *meter) canConsume(w frame.Weight) bool {
	sum, ok := m.consumed.CheckedAdd(w)
	return ok && sum.AllLTE(m.limit)
}

// tryConsume counts w, or nothing of it where it does not fit.
func (m *meter) tryConsume(w frame.Weight) bool {
	if !m.canConsume(w) {
		return false
	}
	m.consumed = m.consumed.Add(w)
	return true
}

// OnInitialize runs the tasks that are due, and returns what that cost: at most MaximumWeight.
func (p *Pallet) OnInitialize(chain.BlockNumber) frame.Weight {
	consumed := system.BlockWeight()
	m := meter{limit: system.Weights().MaxBlock.Sub(consumed.Total()).Min(p.MaximumWeight)}
	p.serviceAgendas(&m, system.Number())
	return m.consumed
}

// serviceAgendas runs the tasks of all blocks that are not through, up to this one.
func (p *Pallet) serviceAgendas(m *meter, now chain.BlockNumber) {
	if !m.tryConsume(weightServiceAgendasBase) {
		return
	}
	when, ok := p.IncompleteSince.Take()
	if !ok {
		when = now
	}
	incomplete := now + 1
	first := true // the first task of the first agenda is next
	base := weightServiceAgendaBase(p.MaxScheduledPerBlock)
	for when <= now && m.canConsume(base) {
		if !p.serviceAgenda(m, first, now, when) {
			incomplete = min(incomplete, when)
		}
		first = false
		when = plus(when, 1)
	}
	if incomplete = min(incomplete, when); incomplete <= now {
		system.Deposit(AgendaIncomplete{When: incomplete})
		p.IncompleteSince.Put(incomplete)
	} else {
		p.IncompleteSince.Put(now + 1)
	}
}

// serviceAgenda runs the tasks of one block, and tells whether it is through with them.
func (p *Pallet) serviceAgenda(m *meter, first bool, now, when chain.BlockNumber) bool {
	agenda := p.Agenda.Get(when)
	var order []int
	for i, task := range agenda {
		if task != nil {
			order = append(order, i)
		}
	}
	slices.SortStableFunc(order, func(a, b int) int { return int(agenda[a].Priority) - int(agenda[b].Priority) })
	m.tryConsume(weightServiceAgendaBase(uint32(len(order)))) // the caller has seen that there is room

	postponed, dropped := false, false
	for _, i := range order {
		task := agenda[i]
		if !m.canConsume(weightOf(task)) {
			postponed = true
			break
		}
		agenda[i] = nil
		switch p.serviceTask(m, now, Address{when, uint32(i)}, first, task) {
		case done:
			first = false
		case never:
			dropped = true
			agenda[i] = task
		case later:
			postponed = true
			agenda[i] = task
		}
	}
	if postponed || dropped {
		p.Agenda.Put(when, agenda)
	} else {
		p.Agenda.Remove(when)
	}
	return !postponed
}

// weightOf returns what it costs to look at a task, its call aside.
func weightOf(task *Task) frame.Weight {
	length, looked := task.Call.LookupLen()
	return weightServiceTask(length, looked, task.MaybeID != nil, task.MaybePeriodic != nil)
}

// memoryPerByte is about what a stored call takes for each of its bytes when it is decoded: at worst it is a sequence of empty items.
const memoryPerByte = 32

// fate is what became of a task that was due.
type fate uint8

const (
	done  fate = iota // it ran
	later             // there was too little weight
	never             // its call is not to be had, or too heavy
)

// serviceTask runs a task, as long as that fits the meter.
func (p *Pallet) serviceTask(m *meter, now chain.BlockNumber, at Address, first bool, task *Task) fate {
	if task.MaybeID != nil {
		p.Lookup.Remove(*task.MaybeID)
	}
	call, length, looked, err := p.Preimages.Peek(&task.Call)
	if err != nil {
		system.Deposit(CallUnavailable{Task: at, ID: task.MaybeID})
		p.Preimages.Drop(&task.Call) // no need to wait for it any more
		m.tryConsume(weightOf(task))
		return never
	}
	m.tryConsume(weightServiceTask(length, looked, task.MaybeID != nil, task.MaybePeriodic != nil))

	result, ok := dispatch(m, task.Origin, call)
	frame.Allocated(memoryPerByte * int(length))
	switch {
	case !ok && first:
		p.Preimages.Drop(&task.Call)
		system.Deposit(PermanentlyOverweight{Task: at, ID: task.MaybeID})
		return never
	case !ok:
		return later
	}
	retry, hasRetry := p.Retries.Take(at)
	system.Deposit(Dispatched{Task: at, ID: task.MaybeID, Result: frame.OutcomeOf(result)})
	if hasRetry && result != nil {
		p.retry(m, now, at, task, retry)
	}
	if task.MaybePeriodic == nil {
		p.Preimages.Drop(&task.Call)
		return done
	}
	wake := plus(now, task.MaybePeriodic.Blocks)
	if task.MaybePeriodic.Count > 1 {
		task.MaybePeriodic = &Period{task.MaybePeriodic.Blocks, task.MaybePeriodic.Count - 1}
	} else {
		task.MaybePeriodic = nil
	}
	next, err := p.place(wake, task)
	if err != nil {
		p.Preimages.Drop(&task.Call)
		system.Deposit(PeriodicFailed{Task: at, ID: task.MaybeID})
	} else if hasRetry {
		p.Retries.Put(next, retry)
	}
	return done
}

// dispatch runs a call if it fits the meter, and counts what it cost; ok is false where it does not fit.
func dispatch(m *meter, origin frame.OriginCaller, call frame.Call) (result error, ok bool) {
	base := weightDispatchUnsigned
	if origin.Kind == frame.OriginSigned {
		base = weightDispatchSigned
	}
	weight := call.Info().Call
	if !m.canConsume(base.Add(weight)) {
		return nil, false
	}
	post, result := frame.Dispatch(call, frame.From(origin))
	if post.HasActual {
		weight = post.Actual
	}
	m.tryConsume(base)
	m.tryConsume(weight)
	return result, true
}

// retry places a copy of a task that has failed, if it may be retried once more.
func (p *Pallet) retry(m *meter, now chain.BlockNumber, at Address, task *Task, config RetryConfig) {
	if !m.tryConsume(weightScheduleRetry(p.MaxScheduledPerBlock)) {
		system.Deposit(RetryFailed{Task: at, ID: task.MaybeID})
		return
	}
	if config.Remaining == 0 {
		return
	}
	config.Remaining--
	again := &Task{Priority: task.Priority, Call: task.Call, Origin: task.Origin}
	next, err := p.place(plus(now, config.Period), again)
	if err != nil {
		p.Preimages.Drop(&again.Call)
		system.Deposit(RetryFailed{Task: at, ID: nil})
		return
	}
	p.Retries.Put(next, config)
}

// IntegrityTest sees that tasks with calls of up to a MiB leave room for the call.
func (p *Pallet) IntegrityTest() error {
	limit := frame.Weight{RefTime: ninetyPercent(p.MaximumWeight.RefTime), ProofSize: ninetyPercent(p.MaximumWeight.ProofSize)}
	for _, size := range []uint32{128, 1024, 1 << 20} {
		w := weightServiceAgendasBase.Add(weightServiceAgendaBase(p.MaxScheduledPerBlock)).Add(weightServiceTask(size, true, true, true))
		if w.AnyGT(limit) {
			return errHeavyLookup
		}
	}
	return nil
}

func ninetyPercent(n uint64) uint64 { return n - n/10 - min(n%10, 1) }

// TryState sees that each name leads to a task of that name.
func (p *Pallet) TryState(chain.BlockNumber) error {
	for name, at := range p.Lookup.All() {
		task := p.task(at)
		if task == nil || task.MaybeID == nil || *task.MaybeID != name {
			return errDanglingName
		}
	}
	return nil
}
