package wasmhost

import (
	"bytes"
	"cmp"
	"slices"

	"github.com/gotensor/gotensor/primitives/hash"
	"github.com/gotensor/gotensor/primitives/scale"
	"github.com/gotensor/gotensor/storage/trie"
)

// Chapter "Trie": roots and proofs of tries that the guest holds in its own memory. Nothing here touches the state. Traps: an argument
// that is outside memory or no such value; a state version other than 0 and 1; heap exhausted.

var trieFuncs = []hostFunc{
	{"ext_trie_blake2_256_root_version_1", params(i64), results(i32), trieBlake2Root1},
	{"ext_trie_blake2_256_root_version_2", params(i64, i32), results(i32), trieBlake2Root2},
	{"ext_trie_blake2_256_ordered_root_version_1", params(i64), results(i32), trieBlake2OrderedRoot1},
	{"ext_trie_blake2_256_ordered_root_version_2", params(i64, i32), results(i32), trieBlake2OrderedRoot2},
	{"ext_trie_keccak_256_root_version_1", params(i64), results(i32), trieKeccakRoot1},
	{"ext_trie_keccak_256_root_version_2", params(i64, i32), results(i32), trieKeccakRoot2},
	{"ext_trie_keccak_256_ordered_root_version_1", params(i64), results(i32), trieKeccakOrderedRoot1},
	{"ext_trie_keccak_256_ordered_root_version_2", params(i64, i32), results(i32), trieKeccakOrderedRoot2},
	{"ext_trie_blake2_256_verify_proof_version_1", params(i32, i64, i64, i64), results(i32), trieBlake2VerifyProof1},
	{"ext_trie_blake2_256_verify_proof_version_2", params(i32, i64, i64, i64, i32), results(i32), trieBlake2VerifyProof2},
	{"ext_trie_keccak_256_verify_proof_version_1", params(i32, i64, i64, i64), results(i32), trieKeccakVerifyProof1},
	{"ext_trie_keccak_256_verify_proof_version_2", params(i32, i64, i64, i64, i32), results(i32), trieKeccakVerifyProof2},
}

// What these functions handle may be as large as the guest's memory, and the items many and small. So nothing is decoded ahead: an item is
// remembered by where it starts, in 4 bytes, and read where it lies.

// root is the body of ext_trie_*_root_version_*: pairs, state version → pointer to the 32-byte root.
//
//	pairs: SCALE Vec<(Vec<u8>, Vec<u8>)> of keys and values, in any order; of several with one key the last counts
func root(c *call, stack []uint64, h trie.Hasher, version trie.Version) {
	pairs := c.items(stack[0], 0, 2)
	compare := func(a, b uint32) int {
		key := pairs.at(a).View()
		c.work(len(key))
		return cmp.Or(bytes.Compare(key, pairs.at(b).View()), cmp.Compare(a, b))
	}
	if !slices.IsSortedFunc(pairs.starts, compare) {
		slices.SortFunc(pairs.starts, compare)
	}
	digest := h.RootOfSorted(func(yield func(key, value []byte) bool) {
		for i, start := range pairs.starts {
			d := pairs.at(start)
			key, value := d.View(), d.View()
			c.work(len(key) + len(value))
			if i+1 < len(pairs.starts) && bytes.Equal(key, pairs.at(pairs.starts[i+1]).View()) {
				continue
			}
			if !yield(key, value) {
				return
			}
		}
	}, version)
	stack[0] = c.allocPointer(digest[:])
}

// orderedRoot is the body of ext_trie_*_ordered_root_version_*: items, state version → pointer to the 32-byte root.
//
//	items: SCALE Vec<Vec<u8>>; the key of an item is the SCALE compact form of its index
func orderedRoot(c *call, stack []uint64, h trie.Hasher, version trie.Version) {
	items := c.items(stack[0], 0, 1)
	digest := h.OrderedRootOf(len(items.starts), func(i int) []byte {
		item := items.at(items.starts[i]).View()
		c.work(len(item))
		return item
	}, version)
	stack[0] = c.allocPointer(digest[:])
}

// items is a SCALE sequence of groups of byte strings in guest memory.
type items struct {
	data   []byte
	starts []uint32 // where each group starts
}

// at returns a decoder of what starts there.
func (s *items) at(start uint32) *scale.Decoder { return scale.NewDecoder(s.data[start:]) }

// items finds the items of a SCALE sequence of groups of size byte strings in the guest bytes that span names.
// Traps where the bytes are outside memory or no such value.
func (c *call) items(span uint64, param, size int) items {
	s := items{data: c.bytes(span, param)}
	d := scale.NewDecoder(s.data)
	n := d.Len()
	s.starts = make([]uint32, 0, min(n, d.Remaining()/size))
	for range n {
		start := d.Offset()
		for range size {
			d.View()
		}
		if d.Err() != nil {
			break
		}
		s.starts = append(s.starts, uint32(start))
		c.work(0)
	}
	c.decoded(d, param)
	return s
}

func trieBlake2Root1(c *call, stack []uint64) { root(c, stack, trie.Blake2b, trie.V0) }
func trieBlake2Root2(c *call, stack []uint64) {
	root(c, stack, trie.Blake2b, c.stateVersion(stack[1], 1))
}
func trieBlake2OrderedRoot1(c *call, stack []uint64) { orderedRoot(c, stack, trie.Blake2b, trie.V0) }
func trieBlake2OrderedRoot2(c *call, stack []uint64) {
	orderedRoot(c, stack, trie.Blake2b, c.stateVersion(stack[1], 1))
}
func trieKeccakRoot1(c *call, stack []uint64) { root(c, stack, trie.Keccak, trie.V0) }
func trieKeccakRoot2(c *call, stack []uint64) {
	root(c, stack, trie.Keccak, c.stateVersion(stack[1], 1))
}
func trieKeccakOrderedRoot1(c *call, stack []uint64) {
	orderedRoot(c, stack, trie.Keccak, trie.V0)
}
func trieKeccakOrderedRoot2(c *call, stack []uint64) {
	orderedRoot(c, stack, trie.Keccak, c.stateVersion(stack[1], 1))
}

// verifyProof is the body of ext_trie_*_verify_proof_version_*: root, proof, key, value, state version → boolean.
//
//	root: pointer to 32 bytes
//	proof: SCALE Vec<Vec<u8>> of nodes, from the root down, without the value and the hashes that the verifier can work out: the
//	       proof of trie-db's generate_proof, not a storage proof
//	key, value: spans
//	result: whether the proof shows that the trie has value at key; a malformed proof shows nothing
func verifyProof(c *call, stack []uint64, h trie.Hasher, version trie.Version) {
	root := hash.H256(c.fixed(uint32(stack[0]), 32, 0))
	nodes := c.items(stack[1], 1, 1)
	item := trie.Item{Key: c.bytes(stack[2], 2), Value: c.bytes(stack[3], 3)}
	// Each node takes at least one nibble of the key, or is the last. A proof of more nodes is refused whatever the others are.
	proof := make([][]byte, min(len(nodes.starts), 2*len(item.Key)+2))
	for i := range proof {
		proof[i] = nodes.at(nodes.starts[i]).View()
	}
	stack[0] = boolean(h.VerifyItems(root, proof, []trie.Item{item}, version) == nil)
}

func trieBlake2VerifyProof1(c *call, stack []uint64) { verifyProof(c, stack, trie.Blake2b, trie.V0) }
func trieBlake2VerifyProof2(c *call, stack []uint64) {
	verifyProof(c, stack, trie.Blake2b, c.stateVersion(stack[4], 4))
}
func trieKeccakVerifyProof1(c *call, stack []uint64) { verifyProof(c, stack, trie.Keccak, trie.V0) }
func trieKeccakVerifyProof2(c *call, stack []uint64) {
	verifyProof(c, stack, trie.Keccak, c.stateVersion(stack[4], 4))
}
