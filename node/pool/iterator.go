package pool

import (
	"container/heap"
	"context"

	"github.com/gotensor/gotensor/primitives/hash"
)

// ReadyIterator gives the transactions of the ready queue, the best first, and none before one that it requires. It serves one goroutine. The pool may change
// meanwhile: what has left it is skipped, and what came since Ready shows up only behind something that it depends on.
type ReadyIterator struct {
	pool     *Pool
	start    cursor                 // through those that nothing must precede
	unlocked bestFirst              // all that they require was returned
	counts   map[*readyTx]int       // of required tags, for those of which some are missing
	invalid  map[*readyTx]bool      // depend on what was reported
	returned map[hash.H256]*readyTx // to find dependants of what is reported
}

// Ready returns an iterator over what is ready. It waits until the pool has handled block at or another one of its height, or until ctx is done, and then
// takes what is there. at is the block that is to be built on.
func (p *Pool) Ready(ctx context.Context, at hash.H256) *ReadyIterator {
	p.waitFor(ctx, at)
	return p.iterator()
}

func (p *Pool) iterator() *ReadyIterator {
	it := &ReadyIterator{pool: p, counts: map[*readyTx]int{}, invalid: map[*readyTx]bool{}, returned: map[hash.H256]*readyTx{}}
	p.mu.Lock()
	defer p.mu.Unlock()
	it.start.descend(p.graph.ready.best.snapshot())
	return it
}

// waitFor waits until block at was handled.
func (p *Pool) waitFor(ctx context.Context, at hash.H256) {
	header, err := p.chain.Header(at)
	if err != nil {
		return
	}
	for {
		p.mu.RLock()
		handled, moved := p.handled, p.moved
		empty := len(p.graph.ready.all) == 0 && len(p.graph.future.all) == 0
		p.mu.RUnlock()
		if empty || handled.Number >= header.Number {
			return
		}
		select {
		case <-moved:
		case <-ctx.Done():
			return
		}
	}
}

// Next returns the next transaction; false where there is none.
func (it *ReadyIterator) Next() (*Transaction, bool) {
	it.pool.mu.RLock()
	defer it.pool.mu.RUnlock()
	for {
		tx := it.start.peek()
		switch {
		case tx == nil && len(it.unlocked) == 0:
			return nil, false
		case tx == nil || len(it.unlocked) > 0 && better(it.unlocked[0], tx):
			tx = heap.Pop(&it.unlocked).(*readyTx)
		default:
			it.start.skip()
		}
		if tx.gone || it.invalid[tx] {
			continue
		}
		for _, dependant := range tx.unlocks {
			it.unlock(dependant)
		}
		it.returned[tx.Hash] = tx
		return tx.Transaction, true
	}
}

// unlock counts one of the tags that tx requires.
func (it *ReadyIterator) unlock(tx *readyTx) {
	count, ok := it.counts[tx]
	if !ok {
		count = tx.satisfied
	}
	count++
	if count < len(tx.Requires) {
		it.counts[tx] = count
		return
	}
	delete(it.counts, tx)
	heap.Push(&it.unlocked, tx)
}

// ReportInvalid says that a transaction that Next returned is not in the block, so that those that depend on it are skipped. They stay in the pool.
func (it *ReadyIterator) ReportInvalid(tx *Transaction) {
	it.pool.mu.RLock()
	defer it.pool.mu.RUnlock()
	if reported, ok := it.returned[tx.Hash]; ok {
		for _, dependant := range reported.unlocks {
			it.invalid[dependant] = true
		}
	}
}
