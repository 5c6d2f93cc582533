package pool

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"

	"github.com/gotensor/gotensor/primitives/hash"
)

// StatusKind is what happened to a watched transaction.
type StatusKind uint8

// What happens to transactions. Those marked final are the last of a watch.
const (
	StatusFuture          StatusKind = iota // waits for transactions that it requires
	StatusReady                             // could go into the next block
	StatusBroadcast                         // Peers got it
	StatusInBlock                           // is in Block at Index
	StatusRetracted                         // Block is not on the best chain any more. See the package text: this pool does not say it
	StatusFinalityTimeout                   // final: Block was not finalised for too long
	StatusFinalized                         // final: Block is final
	StatusUsurped                           // final: the transaction By took its place
	StatusDropped                           // final: there was no room for it
	StatusInvalid                           // final: it is not valid any more
)

var statusNames = []string{"Future", "Ready", "Broadcast", "InBlock", "Retracted", "FinalityTimeout", "Finalized", "Usurped", "Dropped", "Invalid"}

// String returns the kind's name in Substrate.
func (k StatusKind) String() string {
	if int(k) < len(statusNames) {
		return statusNames[k]
	}
	return fmt.Sprintf("StatusKind(%d)", uint8(k))
}

// Final tells whether nothing follows.
func (k StatusKind) Final() bool {
	switch k {
	case StatusFinalityTimeout, StatusFinalized, StatusUsurped, StatusDropped, StatusInvalid:
		return true
	}
	return false
}

// Status is one thing that happened to a watched transaction. (TransactionStatus of sc-transaction-pool-api.)
type Status struct {
	Kind  StatusKind
	Block hash.H256 // of InBlock, Retracted, FinalityTimeout, Finalized
	Index int       // of InBlock, Finalized: the position among the block's extrinsics
	By    hash.H256 // of Usurped
	Peers []string  // of Broadcast
}

// String returns the status in words, for logs and tests.
func (s Status) String() string {
	switch s.Kind {
	case StatusBroadcast:
		return fmt.Sprintf("Broadcast(%q)", s.Peers)
	case StatusInBlock, StatusFinalized:
		return fmt.Sprintf("%s(%s, %d)", s.Kind, s.Block, s.Index)
	case StatusRetracted, StatusFinalityTimeout:
		return fmt.Sprintf("%s(%s)", s.Kind, s.Block)
	case StatusUsurped:
		return fmt.Sprintf("Usurped(%s)", s.By)
	}
	return s.Kind.String()
}

// ErrWatchEnded: the last status was read, or the watch was closed.
var ErrWatchEnded = errors.New("watch ended")

// keptStatuses is how many statuses a watch keeps that were not read. A transaction has four in its life where no chain is left.
const keptStatuses = 16

// Watch is the statuses of one transaction, in order. It serves one reader at a time. Who does not read for long loses the oldest, never the final one.
type Watch struct {
	listener *listener
	hash     hash.H256

	mu    sync.Mutex
	queue []Status
	ended bool
	wake  chan struct{} // has room for one: there is something to look at
}

// Hash returns the hash of the transaction.
func (w *Watch) Hash() hash.H256 { return w.hash }

// Next waits for the next status. Errors: ErrWatchEnded; that of ctx.
func (w *Watch) Next(ctx context.Context) (Status, error) {
	for {
		w.mu.Lock()
		if len(w.queue) > 0 {
			s := w.queue[0]
			w.queue = w.queue[1:]
			w.mu.Unlock()
			return s, nil
		}
		ended := w.ended
		w.mu.Unlock()
		if ended {
			return Status{}, ErrWatchEnded
		}
		select {
		case <-w.wake:
		case <-ctx.Done():
			return Status{}, ctx.Err()
		}
	}
}

// Close ends the watch. What was not read is lost, and whoever waits in Next gets ErrWatchEnded.
func (w *Watch) Close() {
	w.listener.remove(w)
	w.mu.Lock()
	w.queue, w.ended = nil, true
	w.mu.Unlock()
	w.signal()
}

func (w *Watch) signal() {
	select {
	case w.wake <- struct{}{}:
	default:
	}
}

func (w *Watch) push(s Status) {
	w.mu.Lock()
	if !w.ended {
		if len(w.queue) == keptStatuses {
			w.queue = w.queue[1:]
		}
		w.queue = append(w.queue, s)
		w.ended = s.Kind.Final()
	}
	w.mu.Unlock()
	w.signal()
}

// finalityBlocks is for how many blocks finality is waited for (MAX_FINALITY_WATCHERS).
const finalityBlocks = 512

// inclusion is a watched transaction in a block.
type inclusion struct {
	hash  hash.H256
	index int
}

// watched are the watches of one transaction.
type watched struct {
	watches       []*Watch
	future, ready bool        // were told
	blocks        []hash.H256 // that it was said to be in
}

// listener tells watches what happens. It has its own lock, and takes no other while it holds it but those of watches.
type listener struct {
	max int

	mu      sync.Mutex
	count   int
	watched map[hash.H256]*watched
	// blocks are those of the best chain whose finality is waited for, the oldest first, and included what is watched in them.
	blocks   []hash.H256
	included map[hash.H256][]inclusion
}

func newListener(most int) *listener {
	return &listener{max: most, watched: map[hash.H256]*watched{}, included: map[hash.H256][]inclusion{}}
}

// full tells whether no more transactions can be watched.
func (l *listener) full() bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.count >= l.max
}

// watch begins to watch a transaction. ErrTooManyWatches.
func (l *listener) watch(h hash.H256) (*Watch, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.count >= l.max {
		return nil, ErrTooManyWatches
	}
	w := &Watch{listener: l, hash: h, wake: make(chan struct{}, 1)}
	of := l.watched[h]
	if of == nil {
		of = new(watched)
		l.watched[h] = of
	}
	of.watches = append(of.watches, w)
	l.count++
	return w, nil
}

func (l *listener) remove(w *Watch) {
	l.mu.Lock()
	defer l.mu.Unlock()
	of := l.watched[w.hash]
	if of == nil {
		return
	}
	for i, other := range of.watches {
		if other == w {
			of.watches = append(of.watches[:i], of.watches[i+1:]...)
			l.count--
			break
		}
	}
	if len(of.watches) == 0 {
		delete(l.watched, w.hash)
	}
}

// tell passes a status on. What a client was told already is not repeated: a transaction is future only before it is ready, ready once, and once in
// each block, as the fork-aware pool tells it.
func (l *listener) tell(h hash.H256, s Status) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.tellLocked(h, s)
}

func (l *listener) tellLocked(h hash.H256, s Status) {
	of := l.watched[h]
	if of == nil {
		return
	}
	switch s.Kind {
	case StatusFuture:
		if of.ready || of.future {
			return
		}
		of.future = true
	case StatusReady:
		if of.ready {
			return
		}
		of.ready = true
	case StatusInBlock:
		if slices.Contains(of.blocks, s.Block) {
			return
		}
		of.blocks = append(of.blocks, s.Block)
	}
	for _, w := range of.watches {
		w.push(s)
	}
	if s.Kind.Final() {
		l.count -= len(of.watches)
		delete(l.watched, h)
	}
}

// include says that a block of the best chain has these transactions, in the order of its extrinsics.
func (l *listener) include(block hash.H256, hashes []hash.H256) {
	l.mu.Lock()
	defer l.mu.Unlock()
	var in []inclusion
	for i, h := range hashes {
		if l.watched[h] == nil {
			continue
		}
		in = append(in, inclusion{h, i})
		l.tellLocked(h, Status{Kind: StatusInBlock, Block: block, Index: i})
	}
	if !slices.Contains(l.blocks, block) {
		l.blocks = append(l.blocks, block)
	}
	if len(in) > 0 {
		l.included[block] = in
	}
	for len(l.blocks) > finalityBlocks {
		late := l.blocks[0]
		l.blocks = l.blocks[1:]
		for _, i := range l.included[late] {
			l.tellLocked(i.hash, Status{Kind: StatusFinalityTimeout, Block: late})
		}
		delete(l.included, late)
	}
}

// retract says that a block is not on the best chain any more.
func (l *listener) retract(block hash.H256) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.dropLocked(block)
}

// finalise says that a block is final.
func (l *listener) finalise(block hash.H256) {
	l.mu.Lock()
	defer l.mu.Unlock()
	for _, i := range l.included[block] {
		l.tellLocked(i.hash, Status{Kind: StatusFinalized, Block: block, Index: i.index})
	}
	l.dropLocked(block)
}

func (l *listener) dropLocked(block hash.H256) {
	delete(l.included, block)
	for i, b := range l.blocks {
		if b == block {
			l.blocks = append(l.blocks[:i], l.blocks[i+1:]...)
			break
		}
	}
}

// awaited returns the blocks with watched transactions whose finality is waited for, the oldest first.
func (l *listener) awaited() (blocks []hash.H256) {
	l.mu.Lock()
	defer l.mu.Unlock()
	for _, block := range l.blocks {
		if len(l.included[block]) > 0 {
			blocks = append(blocks, block)
		}
	}
	return blocks
}
