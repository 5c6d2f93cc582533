package db

import (
	"bytes"
	"fmt"
	"slices"
	"sync"

	"github.com/gotensor/gotensor/primitives/chain"
	"github.com/gotensor/gotensor/primitives/scale"
	"github.com/gotensor/gotensor/storage/kv"
)

// folder is the background work: it folds finalised blocks, one after the other, and prunes.
type folder struct {
	db   *DB
	work chan struct{}
	quit chan struct{}
	done chan struct{}
	once sync.Once

	mu    sync.Mutex
	cond  *sync.Cond
	idle  bool
	ended bool
	err   error // of the last round of work
}

func (f *folder) start(db *DB) {
	f.db = db
	f.work, f.quit, f.done = make(chan struct{}, 1), make(chan struct{}), make(chan struct{})
	f.cond = sync.NewCond(&f.mu)
	if db.options.Still {
		f.idle, f.ended = true, true
		close(f.done)
		return
	}
	f.wake()
	go f.run()
}

// wake has it look for work.
func (f *folder) wake() {
	f.mu.Lock()
	f.idle = f.ended
	f.mu.Unlock()
	select {
	case f.work <- struct{}{}:
	default:
	}
}

// stop has it end after the step at hand, and waits for that.
func (f *folder) stop() {
	f.once.Do(func() { close(f.quit) })
	<-f.done
}

func (f *folder) run() {
	defer close(f.done)
	for {
		select {
		case <-f.quit:
			f.rest(kv.ErrClosed, true)
			return
		case <-f.work:
			f.rest(f.round(), false)
		}
	}
}

// round does all that there is to do and returns the first error. Work of the kind that came upon an error waits for the next round; other
// work does not: where the disk is full and nothing can be folded, pruning may make room.
func (f *folder) round() (err error) {
	steps := []func() (bool, error){f.db.foldNext, f.db.reap, f.db.pruneNext}
	for i := 0; i < len(steps); {
		select {
		case <-f.quit:
			return err
		default:
		}
		more, e := steps[i]()
		switch {
		case e != nil:
			steps = slices.Delete(steps, i, i+1)
			if err == nil {
				err = e
			}
			if log := f.db.options.Log; log != nil {
				log(e)
			}
		case more:
			i = 0
		default:
			i++
		}
	}
	return err
}

// failure is the error of the last round, nil where it had none.
func (f *folder) failure() error {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.ended {
		return nil
	}
	return f.err
}

func (f *folder) rest(err error, ended bool) {
	f.mu.Lock()
	defer f.mu.Unlock()
	// Work that came meanwhile is still in the channel: then it is not idle.
	f.idle = len(f.work) == 0 || err != nil
	f.err, f.ended = err, ended
	f.cond.Broadcast()
}

// Settle waits until all finalised blocks are folded and what is to be pruned is pruned, and returns the first error that this came upon. The work is
// tried again at the next Settle, Finalise or Revert; imports and reads go on meanwhile.
func (db *DB) Settle() error {
	f := &db.folder
	f.wake()
	f.mu.Lock()
	defer f.mu.Unlock()
	for !f.idle {
		f.cond.Wait()
	}
	return f.err
}

// foldNext folds the next finalised block and tells whether there was one. It holds writing for one piece of a large diff at a time, so that
// imports wait for one piece at most. States read around the pieces by their histories. What a crash leaves of it, the same fold of the same block
// completes.
func (db *DB) foldNext() (bool, error) {
	db.mu.Lock()
	n := db.tree.get(db.head.Finalised.Hash)
	if n != nil {
		n = db.tree.ancestor(n, db.folded.Number+1)
	}
	db.mu.Unlock()
	if n == nil {
		return false, nil
	}
	if err := db.fold(n); err != nil {
		return false, fmt.Errorf("fold %s: %w", n.Point, err)
	}
	return true, nil
}

func (db *DB) fold(n *node) error {
	l := n.layer()
	ops, err := l.all(db.store)
	if err != nil {
		return err
	}
	chunk, err := db.indexed(n.Number)
	if err != nil {
		return err
	}
	db.finalised.folding.Store(uint32(n.Number))
	var piece foldPiece
	for i := range ops {
		if err := piece.add(db.store, n.Number, &ops[i]); err != nil {
			return err
		}
		if piece.size < db.options.write {
			continue
		}
		db.writing.Lock()
		err := db.write(piece.finish(n.Number, chunk), false)
		db.writing.Unlock()
		if err != nil {
			return err
		}
		piece, chunk = foldPiece{}, chunk+1
	}
	db.writing.Lock()
	defer db.writing.Unlock()
	batch := piece.finish(n.Number, chunk)
	batch.Set(keyFolded, scale.Marshal(n.Point))
	batch.Delete(unfoldedKey(n.Number, n.Hash))
	batch.Set(hashKey(kindDying, n.Hash), scale.Marshal(dying{Chunks: l.chunks(), Folded: true}))
	if err := db.write(batch, false); err != nil {
		return err
	}
	db.mu.Lock()
	db.tree.fold(n)
	db.folded = n.Point
	db.dead = append(db.dead, deadBlock{n.Hash, l.chunks(), true, db.pins.end(), l})
	db.mu.Unlock()
	return nil
}

// indexed returns how many chunks of a block's index there are already: of a fold that a crash interrupted.
func (db *DB) indexed(n chain.BlockNumber) (chunks uint32, err error) {
	it := db.store.Iterator(numberKey(kindIndex, n))
	defer it.Close()
	for it.Next() {
		chunks++
	}
	return chunks, it.Err()
}

// foldPiece is a part of a fold: head records, the history of what they overwrite, and the keys of that.
type foldPiece struct {
	batch kv.Batch
	keys  [][]byte
	size  int
}

// add takes in what block n did to a key. What the head has from the block itself was put there before a crash, and what is as it was is no change.
func (p *foldPiece) add(store kv.DB, n chain.BlockNumber, op *kv.Op) error {
	record, ok, err := store.Get(op.Key)
	if err != nil {
		return err
	}
	var old []byte
	if ok {
		by, value, err := parseHead(op.Key, record)
		switch {
		case err != nil:
			return err
		case by > n:
			return corrupt("key 0x%x was written by block %d already", op.Key, by)
		case by == n, !op.Delete && bytes.Equal(value, op.Value):
			return nil
		}
		old = value
	} else if op.Delete {
		return nil
	}
	past := historyRecord(old, ok)
	key := historyKey(op.Key, n)
	p.batch.Set(key, past)
	if op.Delete {
		p.batch.Delete(op.Key)
	} else {
		p.batch.Set(op.Key, headRecord(n, op.Value))
	}
	p.keys = append(p.keys, op.Key)
	p.size += len(key) + len(past) + 2*len(op.Key) + len(op.Value)
	return nil
}

func (p *foldPiece) finish(n chain.BlockNumber, chunk uint32) *kv.Batch {
	if len(p.keys) > 0 {
		p.batch.Set(indexKey(n, chunk), scale.AppendSeq(nil, p.keys, scale.AppendBytes))
	}
	return &p.batch
}
