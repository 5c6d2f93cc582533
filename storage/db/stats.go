package db

import (
	"fmt"

	"github.com/gotensor/gotensor/primitives/chain"
	"github.com/gotensor/gotensor/storage/kv"
)

// Count is how many keys there are, and the bytes of them and their values, before compression.
type Count struct {
	Keys, Bytes uint64
}

// Stats is what a store holds.
type Stats struct {
	Head        Head
	Folded      Point             // the finalised block up to which diffs are folded
	OldestState chain.BlockNumber // of the finalised blocks
	OldestBody  chain.BlockNumber
	Unfolded    int // blocks above Folded
	LayerMemory int // bytes that their diffs take in memory
	StatesInUse int // states that were not closed
	// OldestInUse is the finalised block at which the oldest of them reads, Folded's where there is none: the history after it stays.
	OldestInUse chain.BlockNumber
	Dropped     int // blocks that were folded or dropped whose journals are still there, for the sake of states in use
	// Failure is why the background work does not go on, nil where it does. It is tried again with every Finalise.
	Failure error
	Store   kv.Stats
}

// Stats returns what is known without reading.
func (db *DB) Stats() Stats {
	store, failure := db.store.Stats(), db.folder.failure()
	db.mu.Lock()
	defer db.mu.Unlock()
	return Stats{
		Head: db.head, Folded: db.folded, OldestState: db.pruned.States, OldestBody: db.pruned.Bodies, Unfolded: len(db.tree.blocks),
		LayerMemory: db.layers.memory(), StatesInUse: db.pins.all, OldestInUse: db.pins.least(db.folded.Number), Dropped: len(db.dead), Failure: failure, Store: store,
	}
}

// kinds are the kinds of records, as Counts names them.
var kinds = map[byte]string{
	kindMeta: "meta", kindHeader: "headers", kindBody: "bodies", kindJustifications: "justifications", kindCanonical: "numbers", kindHistory: "history", kindIndex: "index",
	kindUnfolded: "unfolded", kindJournal: "journals", kindDying: "dropped", kindOffchain: "offchain", kindAux: "aux", kindValue: "state values", kindNode: "trie nodes",
}

// Counts reads all that is in the store now and counts it by kind. It takes long, and holds up nobody.
func (db *DB) Counts() (map[string]Count, error) {
	counts := map[string]Count{}
	it := db.store.Iterator(nil)
	defer it.Close()
	for it.Next() {
		value, err := it.Value()
		if err != nil {
			return nil, fmt.Errorf("count records: key 0x%x: %w", it.Key(), err)
		}
		if len(it.Key()) == 0 || kinds[it.Key()[0]] == "" {
			return nil, fmt.Errorf("count records: %w: key 0x%x", ErrForeign, it.Key())
		}
		name := kinds[it.Key()[0]]
		c := counts[name]
		c.Keys++
		c.Bytes += uint64(len(it.Key()) + len(value))
		counts[name] = c
	}
	if err := it.Err(); err != nil {
		return nil, fmt.Errorf("count records: %w", err)
	}
	return counts, nil
}
