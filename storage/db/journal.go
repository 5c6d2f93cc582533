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

// chunkSize is about how long a chunk of a journal gets, and writeSize at what size work that may be done in pieces is written.
const (
	chunkSize = 1 << 20
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
	for _, op := range ops {
		// Twice as long is what a key can get in a history.
		if len(op.Key) > kv.MaxKey/2-8 && len(historyKey(op.Key, 0)) > kv.MaxKey {
			return nil, fmt.Errorf("%w: key 0x%x… of %d bytes", kv.ErrKeyTooLong, op.Key[:34], len(op.Key))
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

// encodeJournal returns the chunks of a diff, at least one, each of most bytes or of one operation.
func encodeJournal(ops []kv.Op, most int) [][]byte {
	var chunks [][]byte
	for first := true; first || len(ops) > 0; first = false {
		n, size := 0, 0
		for n < len(ops) && (n == 0 || size+opSize(&ops[n]) <= most) {
			size += opSize(&ops[n])
			n++
		}
		chunk := scale.AppendLen(make([]byte, 0, 4+size), n)
		for i := range ops[:n] {
			op := &ops[i]
			chunk = scale.AppendBytes(chunk, op.Key)
			if op.Delete {
				chunk = append(chunk, 0)
			} else {
				chunk = scale.AppendBytes(append(chunk, 1), op.Value)
			}
		}
		chunks, ops = append(chunks, chunk), ops[n:]
	}
	return chunks
}

// opSize is the most that an operation takes in a journal.
func opSize(op *kv.Op) int { return len(op.Key) + len(op.Value) + 11 }

// decodeChunk appends the operations of a chunk to ops. Their slices point into chunk.
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
	return append(ops, list...), nil
}

// readJournal returns the diff of a block as it was written, in ascending order of keys.
func readJournal(store kv.DB, block hash.H256, chunks uint32) ([]kv.Op, error) {
	var ops []kv.Op
	for i := range chunks {
		chunk, ok, err := store.Get(journalKey(block, i))
		if err != nil {
			return nil, fmt.Errorf("journal of block %s: %w", block, err)
		}
		if !ok {
			return nil, corrupt("journal of block %s: chunk %d of %d is missing", block, i, chunks)
		}
		if ops, err = decodeChunk(ops, chunk); err != nil {
			return nil, corrupt("journal of block %s: chunk %d: %v", block, i, err)
		}
	}
	if !slices.IsSortedFunc(ops, func(a, b kv.Op) int { return bytes.Compare(a.Key, b.Key) }) {
		return nil, corrupt("journal of block %s: keys are out of order", block)
	}
	return ops, nil
}
