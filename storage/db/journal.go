package db

import (
	"bytes"
	"fmt"
	"slices"

	"github.com/gotensor/gotensor/primitives/hash"
	"github.com/gotensor/gotensor/primitives/scale"
	"github.com/gotensor/gotensor/storage"
	"github.com/gotensor/gotensor/storage/kv"
	"github.com/gotensor/gotensor/storage/trie"
)

// chunkSize is about how long a chunk of a journal gets: what is read for a key of a layer that was evicted. writeSize is at what size work that may be done in
// pieces is written.
const (
	chunkSize = 16 << 10
	writeSize = 4 << 20
)

// diffOps returns what turns the stored state old into state: values and nodes under their keys in the store, in ascending order.
func diffOps(old, state *storage.TrieState, changes *storage.Changes) ([]kv.Op, error) {
	var ops []kv.Op
	values := func(child []byte, list []storage.Change) {
		for _, c := range list {
			ops = append(ops, kv.Op{Key: valueKey(child, c.Key), Value: c.Value, Delete: c.Delete})
		}
	}
	values(nil, changes.Top)
	for _, c := range changes.Child {
		values(c.Child, c.Changes)
	}
	err := state.Diff(old, func(child []byte) trie.NodeSink { return &nodeOps{child: child, ops: &ops} })
	if err != nil {
		return nil, err
	}
	slices.SortFunc(ops, func(a, b kv.Op) int { return bytes.Compare(a.Key, b.Key) })
	for i, op := range ops {
		if err := storable(op.Key); err != nil {
			return nil, err
		}
		if i > 0 && bytes.Equal(ops[i-1].Key, op.Key) {
			return nil, fmt.Errorf("%w: key 0x%x is in its changes twice", ErrBlock, op.Key)
		}
	}
	return ops, nil
}

// nodeOps collects the nodes of one trie.
type nodeOps struct {
	child []byte
	ops   *[]kv.Op
}

// PutNode implements trie.NodeSink.
func (n *nodeOps) PutNode(path, encoded []byte) error {
	*n.ops = append(*n.ops, kv.Op{Key: nodeKey(n.child, path), Value: bytes.Clone(encoded)})
	return nil
}

// DeleteNode implements trie.NodeSink.
func (n *nodeOps) DeleteNode(path []byte) error {
	*n.ops = append(*n.ops, kv.Op{Key: nodeKey(n.child, path), Delete: true})
	return nil
}

// splitJournal cuts a diff into the parts that become chunks, at least one, each of most bytes or of one operation.
func splitJournal(ops []kv.Op, most int) (parts [][]kv.Op) {
	for first := true; first || len(ops) > 0; first = false {
		n, size := 0, 0
		for n < len(ops) && (n == 0 || size+opSize(&ops[n]) <= most) {
			size += opSize(&ops[n])
			n++
		}
		parts, ops = append(parts, ops[:n]), ops[n:]
	}
	return parts
}

// firstsOf returns the first key of each part.
func firstsOf(parts [][]kv.Op) [][]byte {
	firsts := make([][]byte, len(parts))
	for i, part := range parts {
		if len(part) > 0 {
			firsts[i] = bytes.Clone(part[0].Key)
		}
	}
	return firsts
}

func encodeChunk(ops []kv.Op) []byte {
	size := 4
	for i := range ops {
		size += opSize(&ops[i])
	}
	chunk := scale.AppendLen(make([]byte, 0, size), len(ops))
	for i := range ops {
		op := &ops[i]
		chunk = scale.AppendBytes(chunk, op.Key)
		if op.Delete {
			chunk = append(chunk, 0)
		} else {
			chunk = scale.AppendBytes(append(chunk, 1), op.Value)
		}
	}
	return chunk
}

// opSize is the most that an operation takes in a journal.
func opSize(op *kv.Op) int { return len(op.Key) + len(op.Value) + 11 }

// decodeChunk appends the operations of a chunk to ops, all of which they must be after. Their slices point into chunk.
func decodeChunk(ops []kv.Op, chunk []byte) ([]kv.Op, error) {
	d := scale.NewDecoder(chunk)
	d.SetBudget(len(chunk) * 64) // an operation of three bytes, the least, takes 56 in memory
	list := scale.DecodeSeq(d, func(d *scale.Decoder) (op kv.Op) {
		op.Key = d.View()
		if op.Delete = !d.Bool(); !op.Delete {
			op.Value = d.View()
		}
		return op
	})
	if err := d.Finish(); err != nil {
		return nil, err
	}
	first := max(1, len(ops))
	ops = append(ops, list...)
	for i := first; i < len(ops); i++ {
		if bytes.Compare(ops[i-1].Key, ops[i].Key) >= 0 {
			return nil, fmt.Errorf("key 0x%x is behind key 0x%x", ops[i].Key, ops[i-1].Key)
		}
	}
	return ops, nil
}

// readChunk appends the operations of one chunk of a journal to ops.
func readChunk(store kv.DB, ops []kv.Op, block hash.H256, i uint32) ([]kv.Op, error) {
	chunk, ok, err := store.Get(journalKey(block, i))
	if err != nil {
		return nil, fmt.Errorf("journal of block %s: %w", block, err)
	}
	if !ok {
		return nil, corrupt("journal of block %s: chunk %d is missing", block, i)
	}
	if ops, err = decodeChunk(ops, chunk); err != nil {
		return nil, corrupt("journal of block %s: chunk %d: %v", block, i, err)
	}
	return ops, nil
}

// readJournal returns the diff of a block as it was written, in ascending order of keys, and the first key of each chunk.
func readJournal(store kv.DB, block hash.H256, chunks uint32) (ops []kv.Op, firsts [][]byte, err error) {
	for i := range chunks {
		n := len(ops)
		if ops, err = readChunk(store, ops, block, i); err != nil {
			return nil, nil, err
		}
		var first []byte
		if len(ops) > n {
			first = bytes.Clone(ops[n].Key)
		}
		firsts = append(firsts, first)
	}
	return ops, firsts, nil
}
