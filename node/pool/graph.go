package pool

import (
	"slices"

	"github.com/gotensor/gotensor/primitives/hash"
)

// Limit bounds a queue.
type Limit struct {
	Count int
	Bytes int
}

func (l Limit) exceeded(count, bytes int) bool { return count > l.Count || bytes > l.Bytes }

// keptTags is for how many blocks the tags that were pruned last count as provided: what was validated before the block came, and is imported after it, still
// requires them.
const keptTags = 2

// graph is both queues and how transactions go from one to the other. It validates nothing and tells nobody; its methods say what they did.
type graph struct {
	ready        readyQueue
	future       futureQueue
	rejectFuture bool
	pruned       [keptTags]map[Tag]struct{}
	turn         int
}

func newGraph(rejectFuture bool) *graph {
	return &graph{ready: newReadyQueue(), future: newFutureQueue(), rejectFuture: rejectFuture}
}

func (g *graph) contains(h hash.H256) bool {
	if _, ok := g.ready.all[h]; ok {
		return true
	}
	_, ok := g.future.all[h]
	return ok
}

func (g *graph) find(h hash.H256) *Transaction {
	if tx, ok := g.ready.all[h]; ok {
		return tx.Transaction
	}
	if tx, ok := g.future.all[h]; ok {
		return tx.Transaction
	}
	return nil
}

// forgetPruned forgets which tags were pruned, since the blocks that provided them are not on the best chain any more.
func (g *graph) forgetPruned() { g.pruned = [keptTags]map[Tag]struct{}{} }

// imported is what became of a transaction and of others because of it.
type imported struct {
	hash     hash.H256
	future   bool           // it waits; nothing else happened
	promoted []hash.H256    // were waiting and are ready
	removed  []*Transaction // were replaced, or were waiting and no better than what they would have replaced
}

// add puts a transaction into one of the queues. Errors: *AlreadyImportedError, *TooLowPriorityError, ErrCycle, ErrFuture.
func (g *graph) add(tx *Transaction) (imported, error) {
	if g.contains(tx.Hash) {
		return imported{}, &AlreadyImportedError{tx.Hash}
	}
	var missing []Tag
	for _, tag := range tx.Requires {
		if !g.provided(tag) && !slices.Contains(missing, tag) {
			missing = append(missing, tag)
		}
	}
	if len(missing) == 0 {
		return g.addReady(tx)
	}
	if g.rejectFuture {
		return imported{}, ErrFuture
	}
	g.future.add(tx, missing)
	return imported{hash: tx.Hash, future: true}, nil
}

func (g *graph) provided(tag Tag) bool {
	if _, ok := g.ready.provided[tag]; ok {
		return true
	}
	for _, pruned := range g.pruned {
		if _, ok := pruned[tag]; ok {
			return true
		}
	}
	return false
}

// addReady puts a transaction into the ready queue, and those behind it that waited for it only. With ErrCycle the result names those that went with it.
func (g *graph) addReady(first *Transaction) (imported, error) {
	done := imported{hash: first.Hash}
	work := []*Transaction{first}
	for len(work) > 0 {
		tx := work[len(work)-1]
		work = work[:len(work)-1]
		replaced, err := g.ready.add(tx)
		if err != nil {
			if tx == first {
				return imported{}, err
			}
			done.removed = append(done.removed, tx)
			continue
		}
		if tx != first {
			done.promoted = append(done.promoted, tx.Hash)
		}
		if len(replaced) > 0 {
			done.removed = append(done.removed, replaced...)
			done.promoted = slices.DeleteFunc(done.promoted, func(h hash.H256) bool {
				return slices.ContainsFunc(replaced, func(r *Transaction) bool { return r.Hash == h })
			})
		}
		for _, tag := range tx.Provides {
			work = append(work, g.future.satisfy(tag)...)
		}
	}
	if slices.Contains(done.removed, first) {
		// What it unlocked took its place: they require one another, and none of them can be first.
		done.removed = slices.DeleteFunc(done.removed, func(tx *Transaction) bool { return tx == first })
		done.removed = append(done.removed, g.removeSubtree(done.promoted...)...)
		done.promoted = nil
		return done, ErrCycle
	}
	return done, nil
}

// removeSubtree takes transactions out, with those in the ready queue that depend on them, and returns them all.
func (g *graph) removeSubtree(hashes ...hash.H256) (removed []*Transaction) {
	for _, h := range hashes {
		if tx, ok := g.ready.all[h]; ok {
			removed = append(removed, g.ready.remove([]*readyTx{tx}, nil)...)
		} else if tx, ok := g.future.all[h]; ok {
			g.future.remove(tx)
			removed = append(removed, tx.Transaction)
		}
	}
	return removed
}

// enforce takes out the worst of each queue until they are within their limits.
func (g *graph) enforce(ready, future Limit) (removed []*Transaction) {
	for len(g.ready.worst) > 0 && ready.exceeded(len(g.ready.worst), g.ready.bytes) {
		removed = append(removed, g.ready.remove([]*readyTx{g.ready.worst[0]}, nil)...)
	}
	for len(g.future.oldest) > 0 && future.exceeded(len(g.future.oldest), g.future.bytes) {
		tx := g.future.oldest[0]
		g.future.remove(tx)
		removed = append(removed, tx.Transaction)
	}
	return removed
}

// clearFuture takes out all that waits, the oldest first.
func (g *graph) clearFuture() (removed []*Transaction) {
	for len(g.future.oldest) > 0 {
		tx := g.future.oldest[0]
		g.future.remove(tx)
		removed = append(removed, tx.Transaction)
	}
	return removed
}

// pruned is what became of transactions because a block provided tags.
type pruned struct {
	promoted []imported     // were waiting for one of the tags, with what that led to
	failed   []*Transaction // were waiting, and provide one of the tags, or could not be promoted
	pruned   []*Transaction // were ready, and provide one of the tags or only led to one that does
}

// prune takes out what provides one of tags, since a block has done so, and promotes what waited for them.
func (g *graph) prune(tags []Tag) (done pruned) {
	provided := make(map[Tag]struct{}, len(tags))
	for _, tag := range tags {
		provided[tag] = struct{}{}
	}
	g.pruned[g.turn] = provided
	g.turn = (g.turn + 1) % keptTags

	for _, tx := range g.future.providing(provided) {
		g.future.remove(tx)
		done.failed = append(done.failed, tx.Transaction)
	}
	var promote []*Transaction
	for _, tag := range tags {
		promote = append(promote, g.future.satisfy(tag)...)
		done.pruned = append(done.pruned, g.ready.prune(tag)...)
	}
	for _, tx := range promote {
		res, err := g.addReady(tx)
		if err != nil {
			done.failed = append(append(done.failed, tx), res.removed...)
			continue
		}
		done.promoted = append(done.promoted, res)
	}
	return done
}
