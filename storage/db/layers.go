package db

import (
	"bytes"
	"sort"
	"sync"
	"sync/atomic"

	"github.com/cespare/xxhash/v2"

	"github.com/gotensor/gotensor/primitives/hash"
	"github.com/gotensor/gotensor/storage/kv"
)

// layer is the diff of one block that is not in the finalised state yet: what its journal says, in memory as far as there is room.
type layer struct {
	hash   hash.H256
	chunks uint32
	size   int
	filter filter
	ops    atomic.Pointer[[]kv.Op] // nil where the layer was evicted; ascending by key
	users  int                     // states in use that read it, for which the journal is kept; the DB's mutex guards it
}

// opMemory is what an operation takes in memory besides its bytes.
const opMemory = 56

func newLayer(block hash.H256, chunks uint32, ops []kv.Op) *layer {
	l := &layer{hash: block, chunks: chunks, filter: newFilter(len(ops))}
	for i := range ops {
		l.filter.add(ops[i].Key)
		l.size += opMemory + len(ops[i].Key) + len(ops[i].Value)
	}
	l.ops.Store(&ops)
	return l
}

// all returns the diff, from the journal where it is not in memory.
func (l *layer) all(store kv.DB) ([]kv.Op, error) {
	if ops := l.ops.Load(); ops != nil {
		return *ops, nil
	}
	return readJournal(store, l.hash, l.chunks)
}

// get returns what the block did to key, nil where it did nothing.
func (l *layer) get(store kv.DB, key []byte, sum uint64) (*kv.Op, error) {
	if !l.filter.has(sum) {
		return nil, nil
	}
	ops, err := l.all(store)
	if err != nil {
		return nil, err
	}
	if i := search(ops, key); i < len(ops) && bytes.Equal(ops[i].Key, key) {
		return &ops[i], nil
	}
	return nil, nil
}

// search returns the index of the first operation at or after key.
func search(ops []kv.Op, key []byte) int {
	return sort.Search(len(ops), func(i int) bool { return bytes.Compare(ops[i].Key, key) >= 0 })
}

// filter tells which keys a layer surely has not, so that a read asks few of the layers below it, and reads few journals of those that were evicted.
// It is a Bloom filter of ten bits a key and four probes: one key in 80 is asked for in vain.
type filter []uint64

func newFilter(keys int) filter { return make(filter, keys*10/64+1) }

// probe gives the place of probe i, by two halves of one hash.
func (f filter) probe(sum uint64, i uint64) (word int, bit uint64) {
	at := (sum>>32 + i*(sum&0xffffffff|1)) % uint64(len(f)*64)
	return int(at / 64), 1 << (at % 64)
}

func (f filter) add(key []byte) {
	sum := xxhash.Sum64(key)
	for i := range uint64(4) {
		word, bit := f.probe(sum, i)
		f[word] |= bit
	}
}

func (f filter) has(sum uint64) bool {
	for i := range uint64(4) {
		if word, bit := f.probe(sum, i); f[word]&bit == 0 {
			return false
		}
	}
	return true
}

// layers keeps the layers' memory below a bound: where they take more, the oldest lose their contents, which their journals have. Blocks are read at
// the head, and the newest layer with a key answers, so the oldest are asked least; they are also the next to be folded.
type layers struct {
	mu    sync.Mutex
	bound int
	held  int
	queue []*layer // those with contents, in the order in which they came
}

// keep counts l, and evicts others where that is needed.
func (s *layers) keep(l *layer) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.queue = append(s.queue, l)
	s.held += l.size
	for s.held > s.bound {
		old := s.queue[0]
		s.queue[0] = nil
		s.queue = s.queue[1:]
		s.held -= old.size
		old.ops.Store(nil)
	}
}

// drop counts l no more. Its contents stay for states that are still in use.
func (s *layers) drop(l *layer) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for i, other := range s.queue {
		if other == l {
			copy(s.queue[i:], s.queue[i+1:])
			s.queue[len(s.queue)-1] = nil
			s.queue = s.queue[:len(s.queue)-1]
			s.held -= l.size
			return
		}
	}
}

func (s *layers) memory() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.held
}
