package db

import (
	"bytes"
	"slices"
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
	firsts [][]byte // the first key of each chunk of the journal, nil where it is empty
	size   int
	filter filter
	ops    atomic.Pointer[[]kv.Op] // nil where the layer was evicted; ascending by key
}

// opMemory is what an operation takes in memory besides its bytes.
const opMemory = 56

func newLayer(block hash.H256, ops []kv.Op, firsts [][]byte) *layer {
	l := &layer{hash: block, firsts: firsts, filter: newFilter(len(ops))}
	for i := range ops {
		l.filter.add(ops[i].Key)
		l.size += opMemory + len(ops[i].Key) + len(ops[i].Value)
	}
	l.ops.Store(&ops)
	return l
}

// loadLayer makes the layer of a journal.
func loadLayer(store kv.DB, block hash.H256, chunks uint32) (*layer, error) {
	ops, firsts, err := readJournal(store, block, chunks)
	if err != nil {
		return nil, err
	}
	return newLayer(block, ops, firsts), nil
}

// chunks is how many records the journal has.
func (l *layer) chunks() uint32 { return uint32(len(l.firsts)) }

// all returns the diff, from the journal where it is not in memory.
func (l *layer) all(store kv.DB) ([]kv.Op, error) {
	if ops := l.ops.Load(); ops != nil {
		return *ops, nil
	}
	ops, _, err := readJournal(store, l.hash, l.chunks())
	return ops, err
}

// get returns what the block did to key, nil where it did nothing. Of a layer that was evicted it reads one chunk.
func (l *layer) get(store kv.DB, key []byte, sum uint64) (*kv.Op, error) {
	if !l.filter.has(sum) {
		return nil, nil
	}
	var ops []kv.Op
	if held := l.ops.Load(); held != nil {
		ops = *held
	} else if i := l.chunkOf(key); i >= 0 {
		var err error
		if ops, err = readChunk(store, nil, l.hash, uint32(i)); err != nil {
			return nil, err
		}
	}
	if i := search(ops, key); i < len(ops) && bytes.Equal(ops[i].Key, key) {
		return &ops[i], nil
	}
	return nil, nil
}

// chunkOf returns the chunk that has key if one has it, -1 where key is before the first.
func (l *layer) chunkOf(key []byte) int {
	return sort.Search(len(l.firsts), func(i int) bool { return bytes.Compare(l.firsts[i], key) > 0 }) - 1
}

// run walks the part of a layer from a key up to another, exclusive. Of a layer that was evicted it holds one chunk.
type run struct {
	layer *layer
	ops   []kv.Op // what is left of what was read, the present one first; none at the end
	next  int     // chunk to read then
	end   []byte  // nil for the end of the layer
}

// walk returns a run that is at the first key at or after start.
func (l *layer) walk(store kv.DB, start, end []byte) (run, error) {
	r := run{layer: l, end: end, next: len(l.firsts)}
	if ops := l.ops.Load(); ops != nil {
		r.ops = *ops
	} else {
		r.next = max(0, l.chunkOf(start))
		if err := r.fill(store); err != nil {
			return r, err
		}
	}
	r.ops = r.ops[search(r.ops, start):]
	return r, r.fill(store)
}

// fill reads on where nothing is left, and ends the run where the next key is beyond its end.
func (r *run) fill(store kv.DB) (err error) {
	for len(r.ops) == 0 && r.next < len(r.layer.firsts) {
		if r.ops, err = readChunk(store, nil, r.layer.hash, uint32(r.next)); err != nil {
			return err
		}
		r.next++
	}
	if r.end != nil && len(r.ops) > 0 && bytes.Compare(r.ops[0].Key, r.end) >= 0 {
		r.ops, r.next = nil, len(r.layer.firsts)
	}
	return nil
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

// drop counts l no more, and lets its contents go.
func (s *layers) drop(l *layer) {
	s.mu.Lock()
	defer s.mu.Unlock()
	i := slices.Index(s.queue, l)
	if i < 0 {
		return
	}
	if i < len(s.queue)/2 { // blocks are folded in the order in which they came, so it is most often the first
		copy(s.queue[1:i+1], s.queue[:i])
		s.queue[0] = nil
		s.queue = s.queue[1:]
	} else {
		s.queue = slices.Delete(s.queue, i, i+1)
	}
	s.held -= l.size
	l.ops.Store(nil)
}

func (s *layers) memory() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.held
}
