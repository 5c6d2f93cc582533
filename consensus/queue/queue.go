package queue

import (
	"cmp"
	"container/heap"
	"context"
	"errors"
	"fmt"
	"runtime"
	"slices"
	"sync"
	"time"

	"github.com/gotensor/gotensor/consensus/aura"
	"github.com/gotensor/gotensor/primitives/chain"
	"github.com/gotensor/gotensor/primitives/hash"
	"github.com/gotensor/gotensor/storage/trie"
)

// Block is a block to import.
type Block struct {
	chain.Block
	Justifications chain.Justifications
	Origin         uint8 // where it came from, as the Importer numbers it

	hash hash.H256
	size int
}

// Hash returns the block's hash. It is there once the block was submitted.
func (b *Block) Hash() hash.H256 { return b.hash }

// Outcome is what became of a block.
type Outcome uint8

// Outcomes.
const (
	Imported      Outcome = iota
	Known                 // it was in the chain already
	UnknownParent         // its parent is not there, and did not come in time
	Bad                   // it, or a block that it descends from, breaks the rules
	Future                // its slot is too far away
	Failed                // the node could not import it; another attempt may succeed
)

// String returns the outcome's name.
func (o Outcome) String() string {
	switch o {
	case Imported:
		return "imported"
	case Known:
		return "known"
	case UnknownParent:
		return "unknown parent"
	case Bad:
		return "bad"
	case Future:
		return "in the future"
	case Failed:
		return "failed"
	}
	return fmt.Sprintf("Outcome(%d)", uint8(o))
}

// Result is what became of a block, and why.
type Result struct {
	Hash    hash.H256
	Number  chain.BlockNumber
	Outcome Outcome
	Err     error // why; of Known blocks what was wrong with their justifications
}

// Errors that a Verifier or an Importer may return, wrapped or not, so that the queue knows what to do with the block. Any other error is Failed.
var (
	// ErrKnown: the block is in the chain.
	ErrKnown = errors.New("block is known")
	// ErrUnknownParent: the parent is not in the chain, or not any more.
	ErrUnknownParent = errors.New("block has an unknown parent")
)

// BadError says that a block breaks the rules, whoever looks at it and whenever.
type BadError struct{ Err error }

// Error returns the reason's text.
func (e *BadError) Error() string { return e.Err.Error() }

// Unwrap returns the reason.
func (e *BadError) Unwrap() error { return e.Err }

// FutureError says that a block cannot be judged before a moment.
type FutureError struct {
	Until time.Time
	Err   error
}

// Error returns the reason's text.
func (e *FutureError) Error() string { return e.Err.Error() }

// Unwrap returns the reason.
func (e *FutureError) Unwrap() error { return e.Err }

// ErrBody: the body is not the one that the header speaks of.
var ErrBody = errors.New("body does not match the header's extrinsics root")

// ErrAncestor: the block descends from one that is bad.
var ErrAncestor = errors.New("block descends from a bad one")

// Verifier checks blocks before they are executed. Errors: *BadError, *FutureError, others where the check could not be made.
type Verifier interface {
	// Ahead checks what can be checked of a block whose parent is not in the chain yet, and returns what Verify needs to know of it. It is called by several
	// goroutines.
	Ahead(ctx context.Context, b *Block) any
	// Verify checks a block whose parent is in the chain. ahead is what Ahead returned, or nil where it was not called. It is called by one goroutine.
	Verify(ctx context.Context, b *Block, ahead any) error
}

// Importer is the chain. Its methods are called by one goroutine.
type Importer interface {
	// Has tells whether a block is in the chain.
	Has(block hash.H256) (bool, error)
	// Import executes and stores a verified block with its justifications; that one of these is bad is no error. Errors: ErrKnown, ErrUnknownParent, *BadError, others where it could not be imported.
	Import(ctx context.Context, b *Block) error
	// Justify takes a justification of a block that is in the chain. Errors: as Import.
	Justify(ctx context.Context, block hash.H256, number chain.BlockNumber, j chain.Justification) error
}

// Limits bound what a queue holds. Zeros take those of DefaultLimits.
type Limits struct {
	Blocks  int           // all of them
	Bytes   int           // of headers, bodies and justifications, encoded
	Orphans int           // blocks whose parent is nowhere; negative: none, they are UnknownParent at once
	Future  int           // blocks whose slot has not come; negative: none
	Horizon time.Duration // how far ahead a slot may be
}

// DefaultLimits are for a node that follows a chain.
var DefaultLimits = Limits{Blocks: 4096, Bytes: 256 << 20, Orphans: 256, Future: 64, Horizon: 30 * time.Second}

// MaxBad is how many bad blocks are remembered.
const MaxBad = 4096

// Config says what a queue works with. Verifier and Importer must be set.
type Config struct {
	Verifier Verifier
	Importer Importer
	Clock    aura.Clock // nil: the system's
	Limits   Limits
	Workers  int // goroutines that call Ahead; 0: one for each processor but one, at least one; negative: none
}

// ErrClosed: Run has ended, or ends.
var ErrClosed = errors.New("import queue is closed")

// errTooLarge: the block alone is more than the queue may hold.
var errTooLarge = errors.New("block is larger than the import queue")

// Queue is an import queue. It is safe for concurrent use.
type Queue struct {
	cfg Config

	mu       sync.Mutex
	all      map[hash.H256]*entry   // blocks in the hall
	children map[hash.H256][]*entry // entries that wait for a block, by its hash: one in the hall, or for orphans one that is nowhere
	ready    byOrder                // entries whose turn it is
	later    byTime                 // blocks of the future
	orphans  []*entry               // the one that waits longest first
	line     []*entry               // to be looked at ahead, in the order of submission
	running  *entry                 // what Run is busy with
	came     []hash.H256            // Arrived since then
	bad      badBlocks
	count    int
	bytes    int
	seq      uint64
	closed   bool

	room  chan struct{} // closed, and made anew, when something leaves
	work  chan struct{} // holds one element when Run has to look
	ahead chan struct{} // the same for the workers
}

// entry is a block, or a justification of a block, in the hall.
type entry struct {
	block         *Block
	justification *chain.Justification // then block is nil
	hash, parent  hash.H256            // of a justification: parent is the block that it is for
	number        chain.BlockNumber
	size          int
	seq           uint64
	done          []func(Result)
	orphan        bool
	until         time.Time // in later

	look  lookState
	found any           // what Ahead returned
	seen  chan struct{} // closed when it has, for lookRunning
}

type lookState uint8

const (
	lookNone lookState = iota
	lookRunning
	lookDone // or not to be done any more
)

// New returns a queue. Run starts it.
func New(cfg Config) *Queue {
	if cfg.Clock == nil {
		cfg.Clock = aura.SystemClock
	}
	l, d := &cfg.Limits, DefaultLimits
	l.Blocks = cmp.Or(max(l.Blocks, 0), d.Blocks)
	l.Bytes = cmp.Or(max(l.Bytes, 0), d.Bytes)
	l.Orphans = cmp.Or(l.Orphans, d.Orphans)
	l.Future = cmp.Or(l.Future, d.Future)
	l.Horizon = cmp.Or(l.Horizon, d.Horizon)
	cfg.Workers = cmp.Or(cfg.Workers, max(runtime.GOMAXPROCS(0)-1, 1))
	return &Queue{
		cfg: cfg, all: map[hash.H256]*entry{}, children: map[hash.H256][]*entry{},
		room: make(chan struct{}), work: make(chan struct{}, 1), ahead: make(chan struct{}, 1),
	}
}

// Len returns how many blocks and justifications are in the queue, and their bytes.
func (q *Queue) Len() (count, bytes int) {
	q.mu.Lock()
	defer q.mu.Unlock()
	return q.count, q.bytes
}

// Submit brings blocks in and returns how many it took: all of them unless ctx or Run ends before there is room. One with the body of another is Bad at the door. done, unless nil, is told the result of each
// that was taken, in the order in which they are settled; it must not block, nor call Submit, and may be called by several goroutines at once. A block that is in
// the queue already gets the result of the first one, whose justifications count. Neither the blocks nor what they hold may be changed any more. Errors:
// ErrClosed, that of ctx.
func (q *Queue) Submit(ctx context.Context, blocks []*Block, done func(Result)) (int, error) {
	for i, b := range blocks {
		b.hash = b.Header.Hash()
		b.size = size(b)
		e := &entry{block: b, hash: b.hash, parent: b.Header.ParentHash, number: b.Header.Number, size: b.size}
		if !ownBody(&b.Block) {
			var out results
			out.add(e, done, Bad, ErrBody)
			out.tell()
			continue
		}
		if err := q.submit(ctx, e, done); err != nil {
			return i, err
		}
	}
	return len(blocks), nil
}

// Justify brings in a justification of a block that is in the chain or in the queue. done is told as by Submit: Imported, UnknownParent where the block is nowhere,
// Bad, Failed. Errors: as Submit.
func (q *Queue) Justify(ctx context.Context, block hash.H256, number chain.BlockNumber, j chain.Justification, done func(Result)) error {
	return q.submit(ctx, &entry{justification: &j, hash: block, parent: block, number: number, size: len(j.Data)}, done)
}

// Arrived tells that a block came into the chain by another way, so that orphans need not wait for it.
func (q *Queue) Arrived(block hash.H256) {
	q.mu.Lock()
	defer q.mu.Unlock()
	if q.running != nil {
		q.came = append(q.came, block) // it may just have been found missing
	}
	if q.all[block] == nil && len(q.children[block]) > 0 {
		q.release(block)
		signal(q.work)
	}
}

func (q *Queue) submit(ctx context.Context, e *entry, done func(Result)) error {
	var out results
	defer out.tell()
	q.mu.Lock()
	defer q.mu.Unlock()
	for {
		if q.closed {
			return ErrClosed
		}
		if e.block != nil && q.bad.has(e.hash) {
			out.add(e, done, Bad, errors.New("block is known to be bad"))
			return nil
		}
		if q.bad.has(e.parent) {
			out.add(e, done, Bad, ErrAncestor)
			if e.block != nil {
				q.bad.add(e.hash)
				for _, orphan := range slices.Clone(q.children[e.hash]) {
					q.settle(orphan, Bad, ErrAncestor, &out)
				}
				q.stir()
			}
			return nil
		}
		if e.size > q.cfg.Limits.Bytes {
			out.add(e, done, Failed, errTooLarge)
			return nil
		}
		if q.count < q.cfg.Limits.Blocks && q.bytes+e.size <= q.cfg.Limits.Bytes {
			break
		}
		// Where nothing is under way, all that is here waits for blocks that are nowhere, or for its time.
		if q.running == nil && len(q.ready) == 0 {
			q.evict(&out)
			q.stir()
			continue
		}
		room := q.room
		q.mu.Unlock()
		select {
		case <-ctx.Done():
		case <-room:
		}
		q.mu.Lock()
		if err := ctx.Err(); err != nil {
			return err
		}
	}
	if e.block != nil {
		if first := q.all[e.hash]; first != nil {
			first.done = append(first.done, done)
			q.count++
			return nil
		}
		q.all[e.hash] = e
		for _, child := range q.children[e.hash] { // orphans no more
			q.adopt(child)
		}
	}
	e.done = []func(Result){done}
	q.seq++
	e.seq = q.seq
	q.count++
	q.bytes += e.size
	if q.all[e.parent] != nil {
		q.children[e.parent] = append(q.children[e.parent], e)
	} else {
		heap.Push(&q.ready, e)
	}
	signal(q.work)
	if e.block != nil && q.cfg.Workers > 0 {
		q.line = append(q.line, e)
		signal(q.ahead)
	}
	return nil
}

// Run imports until ctx ends, and returns its error. It is called once. What is in the queue then is Failed.
func (q *Queue) Run(ctx context.Context) error {
	var workers sync.WaitGroup
	for range q.cfg.Workers {
		workers.Go(func() { q.lookAhead(ctx) })
	}
	for {
		if err := ctx.Err(); err != nil {
			workers.Wait()
			q.close(err)
			return err
		}
		e, until := q.next()
		if e != nil {
			q.process(ctx, e)
			continue
		}
		var timer <-chan time.Time
		if !until.IsZero() {
			timer = q.cfg.Clock.After(max(until.Sub(q.cfg.Clock.Now()), time.Millisecond))
		}
		select {
		case <-q.work:
		case <-timer:
		case <-ctx.Done():
		}
	}
}

// next returns whose turn it is. Where it is nobody's, it returns when the first block of the future may be looked at again; the zero time if there is none.
func (q *Queue) next() (*entry, time.Time) {
	q.mu.Lock()
	defer q.mu.Unlock()
	if len(q.later) > 0 {
		now := q.cfg.Clock.Now()
		for len(q.later) > 0 && !q.later[0].until.After(now) {
			heap.Push(&q.ready, heap.Pop(&q.later))
		}
	}
	if len(q.ready) > 0 {
		q.running, q.came = heap.Pop(&q.ready).(*entry), nil
		return q.running, time.Time{}
	}
	if len(q.later) > 0 {
		return nil, q.later[0].until
	}
	return nil, time.Time{}
}

// process verifies and imports an entry.
func (q *Queue) process(ctx context.Context, e *entry) {
	outcome, err := Imported, error(nil)
	if e.justification != nil {
		outcome, err = q.justify(ctx, e.parent, e.number, *e.justification)
	} else {
		outcome, err = q.block(ctx, e)
		if outcome == Known { // the block may have come without them before
			for _, j := range e.block.Justifications {
				_, bad := q.justify(ctx, e.hash, e.number, j)
				err = errors.Join(err, bad)
			}
		}
	}

	var out results
	defer out.tell()
	q.mu.Lock()
	defer q.mu.Unlock()
	q.running = nil
	if e.block == nil || !q.wait(e, outcome, err, &out) {
		q.settle(e, outcome, err, &out)
	}
	q.stir() // also where nothing left: all that is here may wait now, and then who wants in makes room
}

// justify has a justification imported.
func (q *Queue) justify(ctx context.Context, block hash.H256, number chain.BlockNumber, j chain.Justification) (Outcome, error) {
	has, err := q.cfg.Importer.Has(block)
	if err != nil {
		return Failed, err
	}
	if !has {
		return UnknownParent, ErrUnknownParent
	}
	return judge(q.cfg.Importer.Justify(ctx, block, number, j))
}

// block has a block verified and imported.
func (q *Queue) block(ctx context.Context, e *entry) (Outcome, error) {
	has, err := q.cfg.Importer.Has(e.hash)
	if err != nil {
		return Failed, err
	}
	if has {
		return Known, nil
	}
	if has, err = q.cfg.Importer.Has(e.parent); err != nil {
		return Failed, err
	}
	if !has {
		return UnknownParent, ErrUnknownParent
	}
	if err := q.cfg.Verifier.Verify(ctx, e.block, q.take(e)); err != nil {
		return judge(err)
	}
	outcome, err := judge(q.cfg.Importer.Import(ctx, e.block))
	if outcome == Known { // it came by another way meanwhile
		err = nil
	}
	return outcome, err
}

// judge tells what an error of a Verifier or an Importer makes of a block.
func judge(err error) (Outcome, error) {
	var bad *BadError
	var future *FutureError
	switch {
	case err == nil:
		return Imported, nil
	case errors.Is(err, ErrKnown):
		return Known, nil
	case errors.As(err, &bad):
		return Bad, err
	case errors.As(err, &future):
		return Future, err
	case errors.Is(err, ErrUnknownParent):
		return UnknownParent, err
	}
	return Failed, err
}

// wait keeps a block in the hall that may still become good: an orphan, or one of the future. It returns false where there is no waiting for it.
func (q *Queue) wait(e *entry, outcome Outcome, err error, out *results) bool {
	limits := q.cfg.Limits
	switch outcome {
	case UnknownParent:
		if limits.Orphans < 0 {
			return false
		}
		if q.all[e.parent] != nil { // it came meanwhile
			q.children[e.parent] = append(q.children[e.parent], e)
			return true
		}
		if slices.Contains(q.came, e.parent) {
			heap.Push(&q.ready, e)
			return true
		}
		if q.bad.has(e.parent) {
			q.settle(e, Bad, ErrAncestor, out)
			return true
		}
		e.orphan = true
		q.children[e.parent] = append(q.children[e.parent], e)
		q.orphans = append(q.orphans, e)
		if len(q.orphans) > limits.Orphans {
			q.settle(q.orphans[0], UnknownParent, ErrUnknownParent, out)
		}
		return true
	case Future:
		var future *FutureError
		errors.As(err, &future)
		if limits.Future < 0 || future.Until.Sub(q.cfg.Clock.Now()) > limits.Horizon {
			return false
		}
		e.until = future.Until
		heap.Push(&q.later, e)
		if len(q.later) > limits.Future {
			q.settle(q.furthest(), Future, err, out)
		}
		return true
	}
	return false
}

// furthest returns the block of the future that has longest to wait.
func (q *Queue) furthest() *entry {
	return slices.MaxFunc(q.later, func(a, b *entry) int { return cmp.Or(a.until.Compare(b.until), cmp.Compare(a.seq, b.seq)) })
}

// evict makes room where all wait: the oldest orphan goes with what descends from it, and where there is none the block of the future that has longest to wait.
func (q *Queue) evict(out *results) {
	switch {
	case len(q.orphans) > 0:
		q.settle(q.orphans[0], UnknownParent, ErrUnknownParent, out)
	case len(q.later) > 0:
		q.settle(q.furthest(), Future, errors.New("block of the future, and no room to wait"), out)
	default:
		panic("BUG: an import queue that is full, idle, and waits for nothing") // entries are ready, running, waiting, or descend from such
	}
}

// settle takes an entry out of the hall. Those that wait for it are next if it is in the chain, and share its fate if it is not.
func (q *Queue) settle(e *entry, outcome Outcome, err error, out *results) {
	type leaving struct {
		e       *entry
		outcome Outcome
		err     error
	}
	for leave := []leaving{{e, outcome, err}}; len(leave) > 0; leave = leave[1:] {
		e, outcome, err := leave[0].e, leave[0].outcome, leave[0].err
		q.count -= len(e.done)
		q.bytes -= e.size
		for _, done := range e.done {
			out.add(e, done, outcome, err)
		}
		q.forget(e)
		if e.block == nil {
			continue
		}
		delete(q.all, e.hash)
		switch outcome {
		case Imported, Known:
			q.release(e.hash)
			continue
		case Bad:
			q.bad.add(e.hash)
			err = ErrAncestor
		}
		for _, child := range q.children[e.hash] {
			leave = append(leave, leaving{child, outcome, err})
		}
		delete(q.children, e.hash)
	}
}

// forget takes an entry off the lists that it may be on by itself. A child is taken off its parent's by who settles the parent.
func (q *Queue) forget(e *entry) {
	q.skipLook(e)
	if i := slices.Index(q.later, e); i >= 0 {
		heap.Remove(&q.later, i)
	}
	if e.orphan {
		q.adopt(e)
		siblings := slices.DeleteFunc(q.children[e.parent], func(c *entry) bool { return c == e })
		if len(siblings) == 0 {
			delete(q.children, e.parent)
		} else {
			q.children[e.parent] = siblings
		}
	}
}

// adopt takes an orphan off the list of orphans. It stays among the children of its parent.
func (q *Queue) adopt(e *entry) {
	if e.orphan {
		e.orphan = false
		q.orphans = slices.DeleteFunc(q.orphans, func(o *entry) bool { return o == e })
	}
}

// release makes those ready that waited for a block.
func (q *Queue) release(block hash.H256) {
	for _, child := range q.children[block] {
		q.adopt(child)
		heap.Push(&q.ready, child)
	}
	delete(q.children, block)
}

// close ends the queue.
func (q *Queue) close(err error) {
	var out results
	defer out.tell()
	q.mu.Lock()
	defer q.mu.Unlock()
	q.closed = true
	for len(q.ready) > 0 {
		q.settle(heap.Pop(&q.ready).(*entry), Failed, err, &out)
	}
	for len(q.orphans) > 0 {
		q.settle(q.orphans[0], Failed, err, &out)
	}
	for len(q.later) > 0 {
		q.settle(q.later[0], Failed, err, &out)
	}
	if q.count != 0 || len(q.all) != 0 || len(q.children) != 0 {
		panic(fmt.Sprintf("BUG: an import queue that was emptied holds %d entries", q.count))
	}
	q.stir()
}

// stir wakes those who wait for room.
func (q *Queue) stir() {
	close(q.room)
	q.room = make(chan struct{})
}

// lookAhead is a worker: it looks at blocks in line before it is their turn.
func (q *Queue) lookAhead(ctx context.Context) {
	for {
		e := q.nextInLine()
		if e == nil {
			select {
			case <-ctx.Done():
				return
			case <-q.ahead:
			}
			continue
		}
		signal(q.ahead) // for the next worker: there may be more
		found := q.cfg.Verifier.Ahead(ctx, e.block)
		q.mu.Lock()
		e.found, e.look = found, lookDone
		close(e.seen)
		q.mu.Unlock()
		if ctx.Err() != nil {
			return
		}
	}
}

func (q *Queue) nextInLine() *entry {
	q.mu.Lock()
	defer q.mu.Unlock()
	for len(q.line) > 0 {
		e := q.line[0]
		q.line[0], q.line = nil, q.line[1:]
		if e != q.running { // Verify is about to look at that one
			e.look, e.seen = lookRunning, make(chan struct{})
			return e
		}
		e.look = lookDone
	}
	q.line = nil
	return nil
}

// take returns what Ahead found out about a block. It waits where that is under way, and has it left out where it was not begun.
func (q *Queue) take(e *entry) any {
	q.mu.Lock()
	running := e.look == lookRunning
	q.skipLook(e)
	q.mu.Unlock()
	if running {
		<-e.seen
	}
	return e.found // no worker touches it any more
}

// skipLook has a block left out by the workers that they did not begin.
func (q *Queue) skipLook(e *entry) {
	if e.look == lookNone {
		e.look = lookDone
		if i := slices.Index(q.line, e); i >= 0 {
			q.line = slices.Delete(q.line, i, i+1)
		}
	}
}

// signal leaves a note for who waits on c.
func signal(c chan struct{}) {
	select {
	case c <- struct{}{}:
	default:
	}
}

// ownBody tells whether the extrinsics are those that the header speaks of. Which of the two forms of the root the chain has, only its runtime tells; but no other body has
// either, so what is wrong with a block that passes is what its hash stands for.
func ownBody(b *chain.Block) bool {
	for _, v := range []trie.Version{trie.V0, trie.V1} {
		root := trie.Blake2b.OrderedRootOf(len(b.Extrinsics), func(i int) []byte { return b.Extrinsics[i].AppendScale(nil) }, v)
		if root == b.Header.ExtrinsicsRoot {
			return true
		}
	}
	return false
}

// size is what a block counts for in bytes.
func size(b *Block) int {
	n := 4 + 3*32
	for _, item := range b.Header.Digest {
		n += 16 + len(item.Data)
	}
	for _, x := range b.Extrinsics {
		n += 8 + len(x)
	}
	for _, j := range b.Justifications {
		n += 8 + len(j.Data)
	}
	return n
}

// results are told when the lock is not held any more.
type results []func()

func (r *results) add(e *entry, done func(Result), outcome Outcome, err error) {
	if done != nil {
		*r = append(*r, func() { done(Result{e.hash, e.number, outcome, err}) })
	}
}

func (r *results) tell() {
	for _, tell := range *r {
		tell()
	}
}

// badBlocks remembers the last MaxBad bad blocks.
type badBlocks struct {
	known map[hash.H256]bool
	ring  []hash.H256
	next  int
}

func (b *badBlocks) has(h hash.H256) bool { return b.known[h] }

func (b *badBlocks) add(h hash.H256) {
	if b.known[h] {
		return
	}
	if b.known == nil {
		b.known = map[hash.H256]bool{}
	}
	if len(b.ring) < MaxBad {
		b.ring = append(b.ring, h)
	} else {
		delete(b.known, b.ring[b.next])
		b.ring[b.next] = h
		b.next = (b.next + 1) % MaxBad
	}
	b.known[h] = true
}

// byOrder is a heap of entries by their order of submission.
type byOrder []*entry

func (h byOrder) Len() int           { return len(h) }
func (h byOrder) Less(i, j int) bool { return h[i].seq < h[j].seq }
func (h byOrder) Swap(i, j int)      { h[i], h[j] = h[j], h[i] }
func (h *byOrder) Push(x any)        { *h = append(*h, x.(*entry)) }
func (h *byOrder) Pop() any          { return pop((*[]*entry)(h)) }

// byTime is a heap of entries by the moment they wait for.
type byTime []*entry

func (h byTime) Len() int { return len(h) }
func (h byTime) Less(i, j int) bool {
	return cmp.Or(h[i].until.Compare(h[j].until), cmp.Compare(h[i].seq, h[j].seq)) < 0
}
func (h byTime) Swap(i, j int) { h[i], h[j] = h[j], h[i] }
func (h *byTime) Push(x any)   { *h = append(*h, x.(*entry)) }
func (h *byTime) Pop() any     { return pop((*[]*entry)(h)) }

func pop(s *[]*entry) *entry {
	last := len(*s) - 1
	e := (*s)[last]
	(*s)[last] = nil
	*s = (*s)[:last]
	return e
}
