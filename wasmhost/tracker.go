package wasmhost

import (
	"bytes"
	"time"

	"github.com/gotensor/gotensor/primitives/scale"
	"github.com/gotensor/gotensor/storage"
	"github.com/gotensor/gotensor/storage/trie"
)

// Tracker is the Storage of a benchmark: an overlay that counts what reaches the state below it. It makes ext_benchmarking_*
// available to a call.
//
// A read counts where the overlay does not have the key; a write counts when it is folded into the state below, by
// ext_benchmarking_commit_db. Keys on the whitelist do not count. Clearing by prefix reads each key of the state below that it comes to.
//
// Source: paritytech/polkadot-sdk substrate/client/db/src/bench.rs.
type Tracker struct {
	*storage.Overlay
	// Now is the clock of ext_benchmarking_current_time.
	Now func() time.Time

	tracked   []trackedKey
	index     map[trackedAt]int // of tracked
	whitelist []trackedKey
}

// trackedKey is Substrate's TrackedStorageKey.
type trackedKey struct {
	key           []byte
	reads, writes uint32
	whitelisted   bool
}

// trackedAt is where a key is: in the top trie, or in the child trie of that storage key.
type trackedAt struct {
	child   string
	isChild bool
	key     string
}

// NewTracker returns an empty overlay over parent that counts.
func NewTracker(parent storage.State) *Tracker {
	t := &Tracker{Now: time.Now}
	t.Overlay = storage.NewOverlay(trackedState{parent, t})
	t.reset()
	return t
}

// trackedState is the state below the overlay of a Tracker.
type trackedState struct {
	storage.State
	tracker *Tracker
}

func (s trackedState) Get(child, key []byte) ([]byte, bool, error) {
	s.tracker.at(child, key).reads++
	return s.State.Get(child, key)
}

func (s trackedState) Has(child, key []byte) (bool, error) {
	s.tracker.at(child, key).reads++
	return s.State.Has(child, key)
}

func (s trackedState) NextKey(child, after []byte) ([]byte, bool, error) {
	s.tracker.at(child, after).reads++
	return s.State.NextKey(child, after)
}

func (s trackedState) Iterate(child, prefix, from []byte) storage.Iterator {
	return &trackedKeys{s.State.Iterate(child, prefix, from), s.tracker, child}
}

// trackedKeys is a walk over the state below the overlay of a Tracker.
type trackedKeys struct {
	storage.Iterator
	tracker *Tracker
	child   []byte
}

func (k *trackedKeys) Next() bool {
	more := k.Iterator.Next()
	if more {
		k.tracker.at(k.child, k.Key()).reads++
	}
	return more
}

func (s trackedState) Derive(changes *storage.Changes, version trie.Version) (storage.State, error) {
	derived, err := s.State.Derive(changes, version)
	if err != nil {
		return nil, err
	}
	return trackedState{derived, s.tracker}, nil
}

// Wipe goes back to the state that NewTracker was given, and counts from zero.
func (t *Tracker) Wipe() error {
	t.reset()
	return t.Overlay.Wipe()
}

// Persist counts what was written and folds it into the state below.
func (t *Tracker) Persist() error {
	changes := t.Changes()
	if err := t.Overlay.Persist(); err != nil {
		return err
	}
	for _, change := range changes.Top {
		t.at(nil, change.Key).writes++
	}
	for _, child := range changes.Child {
		for _, change := range child.Changes {
			t.at(child.Child, change.Key).writes++
		}
	}
	return nil
}

// at returns the counts of a key.
func (t *Tracker) at(child, key []byte) *trackedKey {
	where := trackedAt{string(child), child != nil, string(key)}
	i, ok := t.index[where]
	if !ok {
		i = len(t.tracked)
		t.index[where] = i
		t.tracked = append(t.tracked, trackedKey{key: bytes.Clone(key)})
	}
	return &t.tracked[i]
}

// reset counts from zero. The whitelist stays.
func (t *Tracker) reset() {
	t.tracked, t.index = nil, map[trackedAt]int{}
	for _, k := range t.whitelist {
		t.at(nil, k.key).whitelisted = true
	}
}

// counts returns keys read, reads of keys read before, keys written, and writes of keys written before.
func (t *Tracker) counts() (n [4]uint32) {
	for i := range t.tracked {
		k := &t.tracked[i]
		if k.whitelisted {
			continue
		}
		if k.reads > 0 {
			n[0]++
			n[1] += k.reads - 1
		}
		if k.writes > 0 {
			n[2]++
			n[3] += k.writes - 1
		}
	}
	return n
}

// keys returns the keys that count, those with the same first 32 bytes as one: how many of them were read, how many written.
// The order is that of first use.
func (t *Tracker) keys() []trackedKey {
	var groups []trackedKey
	index := map[string]int{}
	for i := range t.tracked {
		k := &t.tracked[i]
		if k.whitelisted {
			continue
		}
		prefix := k.key[:min(len(k.key), 32)]
		g, ok := index[string(prefix)]
		if !ok {
			g = len(groups)
			index[string(prefix)] = g
			groups = append(groups, trackedKey{key: prefix})
		}
		groups[g].reads += min(k.reads, 1)
		groups[g].writes += min(k.writes, 1)
	}
	return groups
}

// setWhitelist replaces the whitelist. It has effect from the next reset on, as in Substrate.
func (t *Tracker) setWhitelist(list []trackedKey) { t.whitelist = list }

func (t *Tracker) addToWhitelist(add trackedKey) {
	for i := range t.whitelist {
		if k := &t.whitelist[i]; bytes.Equal(k.key, add.key) {
			k.reads += add.reads
			k.writes += add.writes
			k.whitelisted = k.whitelisted || add.whitelisted
			return
		}
	}
	t.whitelist = append(t.whitelist, add)
}

func (t *Tracker) removeFromWhitelist(key []byte) {
	kept := t.whitelist[:0]
	for _, k := range t.whitelist {
		if !bytes.Equal(k.key, key) {
			kept = append(kept, k)
		}
	}
	t.whitelist = kept
}

// decodeTrackedKey and appendTrackedKey are the SCALE form of a TrackedStorageKey.
func decodeTrackedKey(d *scale.Decoder) trackedKey {
	return trackedKey{key: d.Bytes(), reads: d.U32(), writes: d.U32(), whitelisted: d.Bool()}
}

func appendTrackedKey(dst []byte, k trackedKey) []byte {
	dst = scale.AppendBytes(dst, k.key)
	dst = scale.AppendU32(scale.AppendU32(dst, k.reads), k.writes)
	return scale.AppendBool(dst, k.whitelisted)
}
