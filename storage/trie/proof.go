package trie

import (
	"bytes"
	"slices"

	"github.com/gotensor/gotensor/primitives/hash"
)

// Prove returns the storage proof of keys, present or not: the encoded nodes on the paths to them, and the values that
// nodes hold as hashes, in ascending order, without duplicates. It is the content of Substrate's StorageProof.
func (t *Trie) Prove(keys [][]byte) ([][]byte, error) {
	r := NewRecorder()
	s := t.Record(r)
	for _, key := range keys {
		if _, _, err := s.Get(key); err != nil {
			return nil, err
		}
	}
	return r.Proof(), nil
}

// FromProof returns the partial trie that a storage proof holds. What the proof lacks is met as a *MissingError by the read
// or write that needs it. Nodes that nothing refers to are without effect. The proof's slices are kept and must not change.
func FromProof(root hash.H256, nodes [][]byte) (*Trie, error) { return Blake2b.FromProof(root, nodes) }

// FromProof is FromProof under h.
func (h Hasher) FromProof(root hash.H256, nodes [][]byte) (*Trie, error) {
	set := h.NodeSet(nodes)
	if _, ok := set[root]; !ok && root != h.EmptyRoot() {
		return nil, &MissingError{Hash: root}
	}
	return LoadWith(h, root, set), nil
}

// NodeSet is a NodeReader of nodes and values by their hash, such as those of a storage proof. The keys are trusted to be the
// hashes; Hasher.NodeSet makes them.
type NodeSet map[hash.H256][]byte

// NodeSet returns the set of nodes, which it keeps: they must not change.
func (h Hasher) NodeSet(nodes [][]byte) NodeSet {
	set := make(NodeSet, len(nodes))
	for _, n := range nodes {
		set[h(n)] = n
	}
	return set
}

// Node implements NodeReader.
func (s NodeSet) Node(path []byte, h hash.H256) ([]byte, error) {
	if n, ok := s[h]; ok {
		return n, nil
	}
	return nil, &MissingError{Path: slices.Clone(path), Hash: h}
}

// Value implements NodeReader.
func (s NodeSet) Value(key []byte, h hash.H256) ([]byte, error) {
	if v, ok := s[h]; ok {
		return v, nil
	}
	return nil, &MissingError{Path: bytes.Clone(key), Hash: h, Value: true}
}

// VerifyProof reads key from a storage proof: its value, or that the trie has none. A *MissingError tells that the proof
// does not reach that far; ErrNode that a node is malformed.
func VerifyProof(root hash.H256, nodes [][]byte, key []byte) (value []byte, ok bool, err error) {
	t, err := FromProof(root, nodes)
	if err != nil {
		return nil, false, err
	}
	return t.Get(key)
}
