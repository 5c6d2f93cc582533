package storage

import (
	"errors"
	"fmt"

	"github.com/gotensor/gotensor/primitives/hash"
	"github.com/gotensor/gotensor/storage/trie"
)

// Recordable is a State that can tell what was touched. Every state of this package is one.
type Recordable interface {
	State
	Record(r *trie.Recorder) State
}

// ErrNotRecordable is returned for a state that cannot record.
var ErrNotRecordable = errors.New("state cannot record")

// Record returns a view of a state and a recorder of the nodes and values that reads and writes of the view touch. An
// execution over the view leaves a proof (Recorder.Proof) from which StateFromProof makes a state that is enough to repeat
// it; Recorder.Size is what the runtime is told as the size of the proof.
func Record(s State) (State, *trie.Recorder, error) {
	recordable, ok := s.(Recordable)
	if !ok {
		return nil, nil, ErrNotRecordable
	}
	r := trie.NewRecorder()
	return recordable.Record(r), r, nil
}

// Prove returns the storage proof of keys of one trie, present or not. For a child trie it starts at the root of the top
// trie, as Substrate's prove_child_read does. trie.EncodeCompact makes the compact form of it.
func Prove(s State, child []byte, keys [][]byte) ([][]byte, error) {
	view, r, err := Record(s)
	if err != nil {
		return nil, err
	}
	for _, key := range keys {
		if _, _, err := view.Get(child, key); err != nil {
			return nil, fmt.Errorf("prove key 0x%x: %w", key, err)
		}
	}
	return r.Proof(), nil
}

// StateFromProof returns the part of the state with that root which a storage proof holds: enough for what the proof was
// made for. Whatever needs more gives a *trie.MissingError; a malformed node gives trie.ErrNode. Nodes to which
// nothing refers are without effect. The proof's slices are kept and must not change.
func StateFromProof(root hash.H256, nodes [][]byte) (*TrieState, error) {
	set := trie.Blake2b.NodeSet(nodes)
	if _, ok := set[root]; !ok && root != trie.EmptyRoot {
		return nil, fmt.Errorf("state root: %w", &trie.MissingError{Hash: root})
	}
	return LoadState(root, func([]byte) trie.NodeReader { return set }), nil
}

// VerifyRead returns what a storage proof says about keys of one trie of the state with that root, in the order of keys: a
// Change with Delete stands for a key that is not there. Errors as StateFromProof.
func VerifyRead(root hash.H256, nodes [][]byte, child []byte, keys [][]byte) ([]Change, error) {
	s, err := StateFromProof(root, nodes)
	if err != nil {
		return nil, err
	}
	read := make([]Change, len(keys))
	for i, key := range keys {
		value, ok, err := s.Get(child, key)
		if err != nil {
			return nil, fmt.Errorf("read key 0x%x from proof: %w", key, err)
		}
		read[i] = Change{Key: key, Value: value, Delete: !ok}
	}
	return read, nil
}
