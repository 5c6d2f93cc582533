package kvtest

import (
	"sync"

	"github.com/gotensor/gotensor/storage/kv"
)

// Recorder is a store in memory that keeps every state it was in, so that a crash at any moment can be played back. Its moments are numbered: moment 0 is the
// beginning, and each Write or Sync that succeeds brings the next one.
type Recorder struct {
	*kv.Memory

	mu      sync.Mutex
	states  []*kv.Memory // at each moment
	durable []int        // at each moment, the last one that a crash leaves
}

// NewRecorder returns a store that begins with what m holds, and writes to m.
func NewRecorder(m *kv.Memory) *Recorder {
	return &Recorder{Memory: m, states: []*kv.Memory{m.Clone()}, durable: []int{0}}
}

// Now is the present moment.
func (r *Recorder) Now() int {
	r.mu.Lock()
	defer r.mu.Unlock()
	return len(r.states) - 1
}

// Durable is the last moment up to now that was durable at now: a crash at now leaves the state of any moment from it to now.
func (r *Recorder) Durable(now int) int {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.durable[now]
}

// At returns a store of its own with the state of a moment. It takes constant time.
func (r *Recorder) At(moment int) *kv.Memory {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.states[moment].Clone()
}

// Write implements kv.DB.
func (r *Recorder) Write(batch *kv.Batch, durable bool) error {
	if err := r.Memory.Write(batch, durable); err != nil {
		return err
	}
	r.note(durable)
	return nil
}

// Sync implements kv.DB.
func (r *Recorder) Sync() error {
	if err := r.Memory.Sync(); err != nil {
		return err
	}
	r.note(true)
	return nil
}

func (r *Recorder) note(durable bool) {
	r.mu.Lock()
	defer r.mu.Unlock()
	last := r.durable[len(r.durable)-1]
	if durable {
		last = len(r.states)
	}
	r.states, r.durable = append(r.states, r.Clone()), append(r.durable, last)
}
