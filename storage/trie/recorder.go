package trie

import (
	"bytes"
	"errors"
	"maps"
	"slices"
	"sync"

	"github.com/gotensor/gotensor/primitives/hash"
)

// ErrNoTransaction is returned when a recorder's transaction is closed and none is open.
var ErrNoTransaction = errors.New("recorder: no open transaction")

// Recorder collects the nodes of recorded states that executions touched, and the touched values that nodes hold as hashes.
// One recorder may serve several tries at once, such as the top trie and child tries; it is safe for concurrent use.
type Recorder struct {
	mu    sync.Mutex
	nodes map[hash.H256][]byte
	size  int
	open  [][]hash.H256 // for each open transaction, what it added
}

// NewRecorder returns an empty recorder.
func NewRecorder() *Recorder { return &Recorder{nodes: map[hash.H256][]byte{}} }

// Record returns a snapshot of t, all of whose nodes now present are recorded when reads or writes of the snapshot, and of
// snapshots of it, touch them. Nodes that are written afterwards are not. Root is called on t first.
func (t *Trie) Record(r *Recorder) *Trie {
	t.Root()
	s := t.Snapshot()
	s.recorder = r
	s.recorded = s.tag() - 1
	return s
}

func (r *Recorder) add(h hash.H256, b []byte) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.addLocked(h, b)
}

func (r *Recorder) addLocked(h hash.H256, b []byte) {
	if _, ok := r.nodes[h]; ok {
		return
	}
	r.nodes[h] = b
	r.size += scaleSize(len(b))
	if n := len(r.open); n > 0 {
		r.open[n-1] = append(r.open[n-1], h)
	}
}

// addNode is add of a node in memory, encoded only where it is new.
func (r *Recorder) addNode(n *node, depth int, h hash.H256) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if _, ok := r.nodes[h]; !ok {
		r.addLocked(h, n.appendEncoded(nil, depth))
	}
}

// scaleSize is the size of n bytes as a SCALE sequence.
func scaleSize(n int) int {
	var room [5]byte
	return len(appendCompact(room[:0], n)) + n
}

// Size returns the sum of the SCALE sizes of the recorded nodes and values. It is what ext_storage_proof_size_* answers.
func (r *Recorder) Size() int {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.size
}

// Proof returns what was recorded as a storage proof: encoded nodes and values in ascending order, without duplicates.
func (r *Recorder) Proof() [][]byte {
	r.mu.Lock()
	defer r.mu.Unlock()
	return slices.SortedFunc(maps.Values(r.nodes), bytes.Compare)
}

// Begin opens a nested transaction.
func (r *Recorder) Begin() {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.open = append(r.open, nil)
}

// Rollback closes the innermost transaction and forgets what was recorded since it was opened.
func (r *Recorder) Rollback() error {
	r.mu.Lock()
	defer r.mu.Unlock()
	if len(r.open) == 0 {
		return ErrNoTransaction
	}
	last := len(r.open) - 1
	for _, h := range r.open[last] {
		r.size -= scaleSize(len(r.nodes[h]))
		delete(r.nodes, h)
	}
	r.open = r.open[:last]
	return nil
}

// Commit closes the innermost transaction and keeps what it recorded.
func (r *Recorder) Commit() error {
	r.mu.Lock()
	defer r.mu.Unlock()
	if len(r.open) == 0 {
		return ErrNoTransaction
	}
	last := len(r.open) - 1
	if last > 0 {
		r.open[last-1] = append(r.open[last-1], r.open[last]...)
	}
	r.open = r.open[:last]
	return nil
}
