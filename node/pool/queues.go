package pool

import (
	"cmp"
	"container/heap"
	"slices"

	"github.com/gotensor/gotensor/primitives/hash"
)

// readyTx is a transaction that could go into the next block, behind those that unlock it.
type readyTx struct {
	*Transaction
	id uint64 // grows with every arrival in the queue
	// unlocks are those that require a tag that this one provides; one that requires several is there as often.
	unlocks []*readyTx
	// satisfied counts the required tags that no transaction in the queue provides, because one in a block did.
	satisfied int
	best      bool // is in the set of those that nothing in the queue must precede
	gone      bool // has left the queue
	position  int  // in the heap
}

// readyQueue holds what could go into a block.
type readyQueue struct {
	ids      uint64
	provided map[Tag]*readyTx // for each tag the one that provides it
	all      map[hash.H256]*readyTx
	best     bestSet
	worst    worstFirst
	bytes    int
}

func newReadyQueue() readyQueue {
	return readyQueue{provided: map[Tag]*readyTx{}, all: map[hash.H256]*readyTx{}}
}

// add puts a transaction into the queue, whose requirements are met, and which is not in it. It returns what it replaced. Error: *TooLowPriorityError.
func (q *readyQueue) add(t *Transaction) (replaced []*Transaction, err error) {
	q.ids++
	tx := &readyTx{Transaction: t, id: q.ids}
	if replaced, err = q.replace(tx); err != nil {
		return nil, err
	}
	first := true
	for _, tag := range tx.Requires {
		if other, ok := q.provided[tag]; ok {
			other.unlocks = append(other.unlocks, tx)
			first = false
		} else {
			tx.satisfied++
		}
	}
	for _, tag := range tx.Provides {
		q.provided[tag] = tx
	}
	q.all[tx.Hash] = tx
	q.bytes += tx.Bytes
	heap.Push(&q.worst, tx)
	if first {
		q.setBest(tx)
	}
	return replaced, nil
}

func (q *readyQueue) setBest(tx *readyTx) {
	if !tx.best {
		tx.best = true
		q.best.add(tx)
	}
}

// replace takes out those that provide a tag that tx provides, where tx has a higher priority than all of them together.
func (q *readyQueue) replace(tx *readyTx) ([]*Transaction, error) {
	var rivals []*readyTx
	for _, tag := range tx.Provides {
		if rival, ok := q.provided[tag]; ok && !slices.Contains(rivals, rival) {
			rivals = append(rivals, rival)
		}
	}
	if len(rivals) == 0 {
		return nil, nil
	}
	sum := uint64(0)
	for _, rival := range rivals {
		sum = saturatingAdd(sum, rival.Priority)
	}
	if sum >= tx.Priority {
		return nil, &TooLowPriorityError{Old: sum, New: tx.Priority}
	}
	// What a rival unlocked tx unlocks, unless it went with the rival because tx does not provide all that the rival did.
	removed := q.remove(rivals, tx.Provides)
	for _, rival := range rivals {
		for _, dependant := range rival.unlocks {
			if !dependant.gone {
				tx.unlocks = append(tx.unlocks, dependant)
			}
		}
	}
	return removed, nil
}

// remove takes transactions out, and with each that no longer provides a tag those that depend on it. kept are tags that another will provide at once: a
// transaction that provides no others takes nobody along.
func (q *readyQueue) remove(roots []*readyTx, kept []Tag) (removed []*Transaction) {
	work := slices.Clone(roots)
	for len(work) > 0 {
		tx := work[len(work)-1]
		work = work[:len(work)-1]
		if tx.gone {
			continue
		}
		q.take(tx)
		lost := false
		for _, tag := range tx.Provides {
			if !slices.Contains(kept, tag) {
				lost = true
			}
			delete(q.provided, tag)
		}
		for _, tag := range tx.Requires {
			if other, ok := q.provided[tag]; ok {
				other.forget(tx)
			}
		}
		if lost {
			work = append(work, tx.unlocks...)
		}
		removed = append(removed, tx.Transaction)
	}
	return removed
}

// take removes a transaction from everything but the graph.
func (q *readyQueue) take(tx *readyTx) {
	tx.gone = true
	delete(q.all, tx.Hash)
	q.bytes -= tx.Bytes
	heap.Remove(&q.worst, tx.position)
	if tx.best {
		tx.best = false
		q.best.remove(tx)
	}
}

// forget drops one entry of those that tx unlocks.
func (tx *readyTx) forget(dependant *readyTx) {
	if i := slices.Index(tx.unlocks, dependant); i >= 0 {
		tx.unlocks = slices.Delete(tx.unlocks, i, i+1)
	}
}

// prune takes out the one that provides a tag, since a block has done so, and those that only led to it. What depends on it stays.
func (q *readyQueue) prune(tag Tag) (removed []*Transaction) {
	work := []Tag{tag}
	for len(work) > 0 {
		tag := work[len(work)-1]
		work = work[:len(work)-1]
		tx, ok := q.provided[tag]
		if !ok {
			continue
		}
		q.take(tx)
		for _, tag := range tx.Provides {
			delete(q.provided, tag)
		}
		for _, required := range tx.Requires {
			if before, ok := q.provided[required]; ok {
				before.forget(tx)
				if len(before.unlocks) == 0 {
					work = append(work, before.Provides...)
				}
			}
		}
		for _, dependant := range tx.unlocks {
			dependant.satisfied++
			if dependant.satisfied == len(dependant.Requires) {
				q.setBest(dependant)
			}
		}
		removed = append(removed, tx.Transaction)
	}
	return removed
}

// futureTx is a transaction that waits for others.
type futureTx struct {
	*Transaction
	missing  []Tag // required tags that nothing provides, each once
	position int
}

// futureQueue holds what waits for others.
type futureQueue struct {
	wanted map[Tag][]*futureTx
	all    map[hash.H256]*futureTx
	oldest oldestFirst
	bytes  int
}

func newFutureQueue() futureQueue {
	return futureQueue{wanted: map[Tag][]*futureTx{}, all: map[hash.H256]*futureTx{}}
}

func (q *futureQueue) add(t *Transaction, missing []Tag) {
	tx := &futureTx{Transaction: t, missing: missing}
	for _, tag := range missing {
		q.wanted[tag] = append(q.wanted[tag], tx)
	}
	q.all[tx.Hash] = tx
	q.bytes += tx.Bytes
	heap.Push(&q.oldest, tx)
}

func (q *futureQueue) take(tx *futureTx) {
	delete(q.all, tx.Hash)
	q.bytes -= tx.Bytes
	heap.Remove(&q.oldest, tx.position)
}

// satisfy says that a tag is provided from now on, and takes out those that wait for nothing more.
func (q *futureQueue) satisfy(tag Tag) (ready []*Transaction) {
	waiting := q.wanted[tag]
	delete(q.wanted, tag)
	for _, tx := range waiting {
		tx.missing = slices.DeleteFunc(tx.missing, func(missing Tag) bool { return missing == tag })
		if len(tx.missing) == 0 {
			q.take(tx)
			ready = append(ready, tx.Transaction)
		}
	}
	return ready
}

func (q *futureQueue) remove(tx *futureTx) {
	for _, tag := range tx.missing {
		waiting := q.wanted[tag]
		if i := slices.Index(waiting, tx); i >= 0 {
			waiting = slices.Delete(waiting, i, i+1)
		}
		if len(waiting) == 0 {
			delete(q.wanted, tag)
		} else {
			q.wanted[tag] = waiting
		}
	}
	q.take(tx)
}

// providing returns those that provide one of tags, the oldest first.
func (q *futureQueue) providing(tags map[Tag]struct{}) (found []*futureTx) {
	for _, tx := range q.all {
		if slices.ContainsFunc(tx.Provides, func(tag Tag) bool { _, ok := tags[tag]; return ok }) {
			found = append(found, tx)
		}
	}
	slices.SortFunc(found, func(a, b *futureTx) int { return compareAge(a.Transaction, b.Transaction) })
	return found
}

func compareAge(a, b *Transaction) int { return cmp.Compare(a.age, b.age) }
