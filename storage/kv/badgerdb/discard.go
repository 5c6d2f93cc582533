package badgerdb

import (
	"sync"
	"sync/atomic"
	"time"
)

// Badger drops the versions of a key before the newest at or below the discard mark. The mark follows the writes at once, so that a key that changes with
// each block leaves no pile of versions behind. It must not pass the number that a read under way reads at:
//
//   - A Get, and the making of an iterator, stand in one of two buckets. The writer turns new ones to the other bucket, notes the number that they see at
//     least, and once the first has run empty, everyone sees that number or a later one: the mark moves there.
//   - An iterator, once made, holds the tables that it reads, and dropped versions with them. Only the parts of long values are read past it, through an
//     iterator of their own. It is made when the first is read, or, where there are such values, by the writer before the mark passes.

// bucket counts the reads that are in it.
type bucket struct {
	n atomic.Int64
	_ [56]byte // buckets in cache lines of their own
}

func (b *bucket) leave() { b.n.Add(-1) }

type readers struct {
	turns   atomic.Uint64 // the low bit is the bucket that is entered
	buckets [2]bucket
}

func (r *readers) enter() *bucket {
	for {
		turn := r.turns.Load()
		b := &r.buckets[turn&1]
		b.n.Add(1)
		if r.turns.Load() == turn {
			return b
		}
		// The writer has turned, and may have found the bucket empty before.
		b.leave()
	}
}

// turn makes new reads enter the other bucket, and returns the one that they entered until now.
func (r *readers) turn() *bucket { return &r.buckets[(r.turns.Add(1)-1)&1] }

// wait returns when there is no read.
func (r *readers) wait() {
	for i := range r.buckets {
		for r.buckets[i].n.Load() != 0 {
			time.Sleep(100 * time.Microsecond)
		}
	}
}

// discarder moves the mark. All but the list of iterators is the writer's.
type discarder struct {
	leaving *bucket // the bucket to run empty, nil if none is waited for
	target  uint64  // where the mark moves then

	mu        sync.Mutex
	iterators []*iterator // those that are not pinned; each knows its place
}

func (d *discarder) add(it *iterator) {
	d.mu.Lock()
	defer d.mu.Unlock()
	it.place = len(d.iterators)
	d.iterators = append(d.iterators, it)
}

func (d *discarder) remove(it *iterator) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.take(it)
}

func (d *discarder) take(it *iterator) {
	if it.place < 0 {
		return
	}
	last := len(d.iterators) - 1
	d.iterators[it.place] = d.iterators[last]
	d.iterators[it.place].place = it.place
	d.iterators[last] = nil
	d.iterators = d.iterators[:last]
	it.place = -1
}

// pin makes iterators before a number independent of the mark.
func (d *discarder) pin(number uint64) {
	d.mu.Lock()
	defer d.mu.Unlock()
	for i := len(d.iterators) - 1; i >= 0; i-- {
		if it := d.iterators[i]; it.view.number < number {
			if it.view.parts {
				it.pin()
			}
			d.take(it)
		}
	}
}

// advanceDiscard moves the mark as far as it goes. It never waits.
func (d *DB) advanceDiscard() {
	for range 2 {
		if d.discard.leaving == nil {
			d.discard.target = d.view.Load().number
			d.discard.leaving = d.readers.turn()
		}
		if d.discard.leaving.n.Load() != 0 {
			return // a later write looks again
		}
		d.discard.leaving = nil
		d.discard.pin(d.discard.target)
		d.db.SetDiscardTs(d.discard.target)
		if d.discard.target == d.last {
			return
		}
	}
}
