package kvtest

import (
	"errors"
	"sync"

	"github.com/gotensor/gotensor/storage/kv"
)

// Kind is a set of operations of a store.
type Kind uint8

// The operations that can be chosen.
const (
	Gets    Kind = 1 << iota // Get
	Steps                    // an iterator's Next or Seek
	Values                   // an iterator's Value
	Writes                   // Write
	Syncs                    // Sync
	Reads   = Gets | Steps | Values
	Changes = Writes | Syncs
)

// ErrCrashed is the error of every operation after a crash.
var ErrCrashed = errors.New("store has crashed")

// Faults is a store over another one that fails where it is told to.
type Faults struct {
	inner kv.DB

	mu      sync.Mutex
	crashed bool
	plans   []plan
	counts  map[Kind]int
}

// plan says what becomes of an operation of its kinds; it is asked before each.
type plan struct {
	kinds Kind
	ask   func() fault
}

// fault is an error that an operation answers; landed where it is done nevertheless. The zero value is no fault.
type fault struct {
	err    error
	landed bool
}

// NewFaults returns a store that does what inner does until it is told otherwise.
func NewFaults(inner kv.DB) *Faults { return &Faults{inner: inner, counts: map[Kind]int{}} }

// Inner is the store below.
func (f *Faults) Inner() kv.DB { return f.inner }

// Fail has ask called before each operation from now on, of those in kinds, one call at a time. Where it returns an error the operation answers that and is
// not done.
func (f *Faults) Fail(kinds Kind, ask func() error) {
	f.plan(kinds, func() fault { return fault{err: ask()} })
}

// FailAt makes the n-th operation from now on, of those in kinds, fail with err, once. It is not done.
func (f *Faults) FailAt(kinds Kind, n int, err error) {
	f.Fail(kinds, func() error {
		if n--; n == 0 {
			return err
		}
		return nil
	})
}

// CrashAt makes the n-th operation from now on, of those in kinds, the last: it and everything after it fail with ErrCrashed. Where landed, its effect is in
// the store below, as when a machine stops between a write and the answer.
func (f *Faults) CrashAt(kinds Kind, n int, landed bool) {
	f.plan(kinds, func() fault {
		if n--; n != 0 {
			return fault{}
		}
		f.crashed = true
		return fault{ErrCrashed, landed}
	})
}

func (f *Faults) plan(kinds Kind, ask func() fault) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.plans = append(f.plans, plan{kinds, ask})
}

// Count is how many operations of the kinds there were, with those that failed.
func (f *Faults) Count(kinds Kind) (n int) {
	f.mu.Lock()
	defer f.mu.Unlock()
	for kind := Gets; kind <= Syncs; kind <<= 1 {
		if kind&kinds != 0 {
			n += f.counts[kind]
		}
	}
	return n
}

// Crashed says whether a crash has happened.
func (f *Faults) Crashed() bool {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.crashed
}

// meet counts an operation and says what becomes of it. All plans are asked, so that each counts what it is about; the first fault is taken.
func (f *Faults) meet(kind Kind) (out fault) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.crashed {
		return fault{err: ErrCrashed}
	}
	f.counts[kind]++
	for _, p := range f.plans {
		if p.kinds&kind == 0 {
			continue
		}
		if got := p.ask(); out.err == nil {
			out = got
		}
	}
	return out
}

// change does a write or a sync, where it is to be done.
func (f *Faults) change(kind Kind, do func() error) error {
	fault := f.meet(kind)
	if fault.err == nil || fault.landed {
		if err := do(); err != nil {
			return err
		}
	}
	return fault.err
}

// Get implements kv.DB.
func (f *Faults) Get(key []byte) ([]byte, bool, error) {
	if err := f.meet(Gets).err; err != nil {
		return nil, false, err
	}
	return f.inner.Get(key)
}

// Write implements kv.DB.
func (f *Faults) Write(batch *kv.Batch, durable bool) error {
	return f.change(Writes, func() error { return f.inner.Write(batch, durable) })
}

// Sync implements kv.DB.
func (f *Faults) Sync() error { return f.change(Syncs, f.inner.Sync) }

// Stats implements kv.DB.
func (f *Faults) Stats() kv.Stats { return f.inner.Stats() }

// Close implements kv.DB. After a crash the store below stays open, for the test to look into or to open again.
func (f *Faults) Close() error {
	if f.Crashed() {
		return ErrCrashed
	}
	return f.inner.Close()
}

// Iterator implements kv.DB.
func (f *Faults) Iterator(prefix []byte) kv.Iterator {
	return &faultyIterator{Iterator: f.inner.Iterator(prefix), faults: f}
}

// faultyIterator ends where a step fails.
type faultyIterator struct {
	kv.Iterator
	faults *Faults
	err    error
}

func (it *faultyIterator) steps() bool {
	if it.err == nil {
		it.err = it.faults.meet(Steps).err
	}
	return it.err == nil
}

func (it *faultyIterator) Next() bool { return it.steps() && it.Iterator.Next() }

func (it *faultyIterator) Seek(key []byte) bool { return it.steps() && it.Iterator.Seek(key) }

func (it *faultyIterator) Key() []byte {
	if it.err != nil {
		return nil
	}
	return it.Iterator.Key()
}

func (it *faultyIterator) Value() ([]byte, error) {
	if it.err != nil {
		return nil, it.err
	}
	if err := it.faults.meet(Values).err; err != nil {
		return nil, err
	}
	return it.Iterator.Value()
}

func (it *faultyIterator) Err() error {
	if it.err != nil {
		return it.err
	}
	return it.Iterator.Err()
}
