package wasmhost

import (
	"bytes"
	"fmt"
	"runtime"
	"sync"
	"sync/atomic"
)

// counters count what an engine did.
type counters struct {
	compiled, instances, calls, resets, verified, discarded, faults atomic.Uint64
}

// Stats is what an engine did since it was made.
type Stats struct {
	Compiled  uint64 // modules compiled or read from the cache
	Instances uint64 // instances made
	Calls     uint64 // runtime calls
	Resets    uint64 // instances brought back to their initial state
	Verified  uint64 // resets that were compared byte for byte
	Discarded uint64 // instances thrown away after a call: trapped, not restorable, or more than the pool keeps
	Faults    uint64 // what OnFault heard of
}

// Stats returns the counters. They are read one after the other, not at one moment.
func (e *Engine) Stats() Stats {
	c := &e.counters
	return Stats{c.compiled.Load(), c.instances.Load(), c.calls.Load(), c.resets.Load(), c.verified.Load(), c.discarded.Load(), c.faults.Load()}
}

// modeCell is the reset mode in use. It changes once at most, from pagemap to copy, when a reset was found wanting.
type modeCell struct{ v atomic.Int32 }

func (m *modeCell) get() ResetMode     { return ResetMode(m.v.Load()) }
func (m *modeCell) set(mode ResetMode) { m.v.Store(int32(mode)) }

// pool holds the instances of a runtime that wait for a call. It must not refer to the runtime, or that would never be freed.
type pool struct {
	mu       sync.Mutex
	closed   bool
	idle     []*instance // last in, first out: the warmest serves next
	snapshot *snapshot   // memory after instantiation; nil until the first instance
	calls    sync.WaitGroup
	// resets counts those of all instances: an instance may not live long enough to be verified by a count of its own.
	resets atomic.Uint64
}

// maxIdle is how many instances of a runtime wait at most. More calls than that may run; their instances are not kept.
var maxIdle = 2 * runtime.GOMAXPROCS(0)

// close refuses further calls, waits for those in progress and frees what the pool holds.
func (p *pool) close() {
	p.mu.Lock()
	p.closed = true
	p.mu.Unlock()
	p.calls.Wait()
	p.mu.Lock()
	idle, snap := p.idle, p.snapshot
	p.idle, p.snapshot = nil, nil
	p.mu.Unlock()
	for _, in := range idle {
		in.close()
	}
	if snap != nil {
		snap.close()
	}
}

// get returns an instance in its initial state. put must follow.
func (p *pool) get(r *Runtime) (*instance, error) {
	r.engine.counters.calls.Add(1)
	p.mu.Lock()
	if p.closed {
		p.mu.Unlock()
		return nil, ErrClosed
	}
	p.calls.Add(1)
	if n := len(p.idle); n > 0 {
		in := p.idle[n-1]
		p.idle[n-1] = nil
		p.idle = p.idle[:n-1]
		p.mu.Unlock()
		return in, nil
	}
	p.mu.Unlock()
	in, err := p.add(r)
	if err != nil {
		p.calls.Done()
	}
	return in, err
}

// add makes an instance, and the snapshot with the first one.
func (p *pool) add(r *Runtime) (*instance, error) {
	in, err := r.newInstance()
	if err != nil {
		return nil, err
	}
	r.engine.counters.instances.Add(1)
	mode := r.engine.reset.get()
	if mode == ResetFresh || r.info.FreshInstances {
		return in, nil
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.snapshot == nil {
		// No start function runs, so every instance of a module starts from the same bytes, and one snapshot serves all.
		if p.snapshot, err = newSnapshot(in.memory.region.bytes(uint64(r.minPages)*pageSize), mode); err != nil {
			in.close()
			return nil, fmt.Errorf("%w: %w", ErrHost, err)
		}
	}
	if mode == ResetPagemap {
		if err := in.memory.region.attach(p.snapshot); err != nil {
			in.close()
			return nil, fmt.Errorf("%w: %w", ErrHost, err)
		}
		in.attached = true
	}
	return in, nil
}

// put takes an instance back after a call: it is restored and waits for the next, or it is closed.
func (p *pool) put(r *Runtime, in *instance, ok bool) {
	defer p.calls.Done()
	e := r.engine
	mode := e.reset.get()
	if !ok || mode == ResetFresh || r.info.FreshInstances {
		e.counters.discarded.Add(1)
		in.close()
		return
	}
	p.mu.Lock()
	full := len(p.idle) >= maxIdle || p.closed
	snap := p.snapshot
	p.mu.Unlock()
	if full || snap == nil {
		e.counters.discarded.Add(1)
		in.close()
		return
	}
	if mode == ResetPagemap && !in.attached {
		mode = ResetCopy
	}
	if err := in.restore(p, e, snap, mode); err != nil {
		e.counters.discarded.Add(1)
		in.close()
		if mode == ResetPagemap {
			e.reset.set(ResetCopy)
		}
		e.fault(fmt.Errorf("reset of an instance of %s by %s: %w", r.hash, mode, err))
		return
	}
	p.mu.Lock()
	if p.closed || len(p.idle) >= maxIdle {
		p.mu.Unlock()
		e.counters.discarded.Add(1)
		in.close()
		return
	}
	p.idle = append(p.idle, in)
	p.mu.Unlock()
}

// restore brings everything that a call can change back to what it was after instantiation: memory, its size, mutable globals.
// Tables and segments a call cannot change, or the runtime is marked fresh.
func (in *instance) restore(p *pool, e *Engine, snap *snapshot, mode ResetMode) error {
	m := in.memory
	size := uint64(len(snap.data))
	if err := m.region.restore(snap, mode); err != nil {
		return err
	}
	if m.high > size {
		if err := m.region.clear(size, m.high, mode == ResetPagemap); err != nil {
			return err
		}
		if uint64(in.mem.Size()) != size && !m.shrink(in.mem, size) {
			return fmt.Errorf("shrink memory to %d bytes", size)
		}
	}
	for i := range in.globals {
		g := &in.globals[i]
		g.global.Set(g.initial)
	}
	e.counters.resets.Add(1)
	if p.resets.Add(1)%e.verifyEvery(size) == 0 {
		if err := in.verify(snap); err != nil {
			return err
		}
		e.counters.verified.Add(1)
		if in.attached {
			if err := m.region.forget(max(m.high, size)); err != nil {
				return err
			}
		}
	}
	m.high = size
	return nil
}

// verify compares the whole restored memory, and what was above it, with the initial state.
func (in *instance) verify(snap *snapshot) error {
	size := uint64(len(snap.data))
	if got := uint64(in.mem.Size()); got != size {
		return fmt.Errorf("memory has %d bytes, expected %d", got, size)
	}
	view, ok := in.mem.Read(0, uint32(size))
	if !ok || !bytes.Equal(view, snap.data) {
		return fmt.Errorf("restored memory differs from the initial one")
	}
	for _, b := range in.memory.region.bytes(max(in.memory.high, size))[size:] {
		if b != 0 {
			return fmt.Errorf("grown memory is not zero after the reset")
		}
	}
	for i := range in.globals {
		if got := in.globals[i].global.Get(); got != in.globals[i].initial {
			return fmt.Errorf("global %d is %d, expected %d", i, got, in.globals[i].initial)
		}
	}
	return nil
}
