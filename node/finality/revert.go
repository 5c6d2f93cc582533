package finality

import (
	"github.com/gotensor/gotensor/consensus/grandpa"
	"github.com/gotensor/gotensor/primitives/chain"
	"github.com/gotensor/gotensor/storage"
	"github.com/gotensor/gotensor/storage/db"
)

// Revert takes up to n blocks back from the best one, none of which is final, as db.DB.Revert does, after the set of authorities has forgotten what they announced. It is
// for a node that stands still: Run is not under way. Where it is interrupted between the two, it is to be done again.
// Source: sc-consensus-grandpa, revert.
func (f *Finality) Revert(n chain.BlockNumber) (db.Moved, error) {
	f.change.Lock()
	defer f.change.Unlock()
	head := f.store.Head()
	n = min(n, head.Best.Number-head.Finalised.Number)
	if n > 0 && !f.off {
		to := db.Point{Number: head.Best.Number - n}
		var err error
		if to.Hash, err = f.store.Ancestor(head.Best.Hash, to.Number); err != nil {
			return db.Moved{}, err
		}
		set := f.current().Clone()
		set.Retain(func(t grandpa.Target) bool { return t.Number <= to.Number || !grandpa.Descends(f.store, point(to), t) })
		if err := f.store.SetAux([]storage.Change{put(keySet, set)}); err != nil {
			return db.Moved{}, err
		}
		f.enter(set)
	}
	return f.store.Revert(n)
}
