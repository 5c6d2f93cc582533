package badgerdb

import (
	"bytes"
	"cmp"
	"encoding/binary"
	"fmt"
	"math"
	"slices"

	"github.com/cespare/xxhash/v2"
	"github.com/dgraph-io/badger/v4"

	"github.com/gotensor/gotensor/storage/kv"
)

// mark is written with each number, in the last of its Badger transactions. So a number without it was not written to its end.
type mark struct {
	before  uint64 // the number before, or 0
	durable uint64 // the last number that was known to be on the disk
	steps   uint32 // how many transactions came before the one with the mark
}

var markKey = []byte{spaceMark}

func (m mark) encode() []byte {
	out := binary.BigEndian.AppendUint64(nil, m.before)
	out = binary.BigEndian.AppendUint64(out, m.durable)
	return binary.BigEndian.AppendUint32(out, m.steps)
}

func decodeMark(b []byte) (mark, error) {
	if len(b) != 20 {
		return mark{}, fmt.Errorf("%w: mark of %d bytes", kv.ErrCorrupt, len(b))
	}
	return mark{binary.BigEndian.Uint64(b), binary.BigEndian.Uint64(b[8:]), binary.BigEndian.Uint32(b[16:])}, nil
}

func stepKey(step uint32) []byte { return binary.BigEndian.AppendUint32([]byte{spaceStep}, step) }

// writer writes one number, in as many of Badger's transactions as it takes.
type writer struct {
	d       *DB
	number  uint64
	before  uint64
	txn     *badger.Txn
	started int64  // entries in txn
	size    int64  // bytes in txn, as Badger counts them
	steps   uint32 // transactions before txn
	slab    []byte // room for keys
}

// newWriter begins the next number after the one before, which is the last that is complete.
func (d *DB) newWriter(before uint64) *writer {
	d.last++
	return &writer{d: d, number: d.last, before: before, txn: d.db.NewTransactionAt(d.last, true)}
}

// key puts a space before a key, and what follows behind it.
func (w *writer) key(space byte, key, suffix []byte) []byte {
	if n := 1 + len(key) + len(suffix); cap(w.slab)-len(w.slab) < n {
		w.slab = make([]byte, 0, max(n, 16<<10))
	}
	begin := len(w.slab)
	w.slab = append(append(append(w.slab, space), key...), suffix...)
	return w.slab[begin:len(w.slab):len(w.slab)]
}

// slack is what is kept free in a transaction for its step or mark and for what Badger adds.
const slack = 256

func (w *writer) set(key, value []byte, meta byte) error {
	if err := w.room(len(key) + len(value)); err != nil {
		return err
	}
	return w.txn.SetEntry(badger.NewEntry(key, value).WithMeta(meta))
}

func (w *writer) delete(key []byte) error {
	if err := w.room(len(key)); err != nil {
		return err
	}
	return w.txn.Delete(key)
}

// room ends the transaction where there is no room for an entry.
func (w *writer) room(n int) error {
	size := int64(n) + 12
	if w.started > 0 && (w.started+4 >= w.d.db.MaxBatchCount() || w.size+size+slack >= w.d.db.MaxBatchSize()) {
		if err := w.txn.Set(stepKey(w.steps), nil); err != nil {
			return err
		}
		if err := w.txn.CommitAt(w.number, nil); err != nil {
			return err
		}
		w.steps++
		w.started, w.size = 0, 0
		w.txn = w.d.db.NewTransactionAt(w.number, true)
	}
	w.started++
	w.size += size
	return nil
}

// finish completes the number, in the files. Nobody sees it yet.
func (w *writer) finish() error {
	m := mark{before: w.before, durable: w.d.durable, steps: w.steps}
	if err := w.txn.Set(markKey, m.encode()); err != nil {
		return err
	}
	return w.txn.CommitAt(w.number, nil)
}

// op adds an operation of a batch, and notes in parts how many parts its value has where that changes.
func (w *writer) op(op kv.Op, parts map[uint64]uint32) error {
	var has, had uint32
	var err error
	switch {
	case op.Delete:
		err = w.delete(w.key(spaceKey, op.Key, nil))
	case len(op.Value) <= partSize:
		err = w.set(w.key(spaceKey, op.Key, nil), op.Value, metaWhole)
	default:
		number := binary.BigEndian.AppendUint64(nil, w.number)
		err = w.set(w.key(spaceKey, op.Key, nil), binary.BigEndian.AppendUint64(number, uint64(len(op.Value))), metaParts)
		for rest := op.Value; err == nil && len(rest) > 0; has++ {
			n := min(len(rest), partSize)
			err = w.set(partKey(op.Key, has), slices.Concat(number, rest[:n]), metaWhole)
			rest = rest[n:]
		}
	}
	if err != nil || has == 0 && len(w.d.parts) == 0 && len(parts) == 0 {
		return err
	}
	// Another key with the same hash may have parts that nobody deletes then. They are not read.
	hash := xxhash.Sum64(op.Key)
	had, ok := parts[hash]
	if !ok {
		had = w.d.parts[hash]
	}
	for part := has; part < had; part++ {
		if err := w.delete(partKey(op.Key, part)); err != nil {
			return err
		}
	}
	if has == had {
		return nil
	}
	parts[hash] = has
	key := w.key(spaceParts, binary.BigEndian.AppendUint64(nil, hash), nil)
	if has == 0 {
		return w.delete(key)
	}
	return w.set(key, binary.BigEndian.AppendUint32(nil, has), metaWhole)
}

// inOrder are the operations that count, in order of their keys: of those with one key the last.
func inOrder(ops []kv.Op) []kv.Op {
	type place struct {
		head  uint64 // the first bytes of the key
		index int
	}
	places := make([]place, len(ops))
	ascending := true
	for i, op := range ops {
		var head [8]byte
		copy(head[:], op.Key)
		places[i] = place{binary.BigEndian.Uint64(head[:]), i}
		ascending = ascending && (i == 0 || bytes.Compare(ops[i-1].Key, op.Key) < 0)
	}
	if ascending {
		return ops
	}
	slices.SortFunc(places, func(a, b place) int {
		return cmp.Or(cmp.Compare(a.head, b.head), bytes.Compare(ops[a.index].Key, ops[b.index].Key), cmp.Compare(a.index, b.index))
	})
	out := make([]kv.Op, 0, len(ops))
	for i, p := range places {
		if i+1 == len(places) || !bytes.Equal(ops[p.index].Key, ops[places[i+1].index].Key) {
			out = append(out, ops[p.index])
		}
	}
	return out
}

// Write implements kv.DB. A batch takes about twice its size of memory besides Options.Memory while it is written.
func (d *DB) Write(batch *kv.Batch, durable bool) error {
	d.write.Lock()
	defer d.write.Unlock()
	if err := d.stop.Load(); err != nil {
		return *err
	}
	if err := batch.Check(); err != nil {
		return err
	}
	if len(batch.Ops) == 0 {
		d.writes.Add(1)
		return d.sync(durable, 0)
	}
	size := 0
	for _, op := range batch.Ops {
		if len(op.Value) > math.MaxInt32 {
			return fmt.Errorf("write: value of %d bytes at 0x%x", len(op.Value), op.Key)
		}
		size += len(op.Key) + len(op.Value) + 64
	}
	if err := room(d.dir, d.reserve()+2*int64(size)); err != nil {
		return err
	}
	// Looking costs more here, so it is done as often as there is a log, and so a table, to come.
	if d.log.turned || int64(size) > d.options.MemTableSize {
		if err := spareTables(d.dir, func() int { return len(d.db.Tables()) }, d.moreTables(2*int64(size))); err != nil {
			return err
		}
		d.log.turned = false
	}
	w := d.newWriter(d.last)
	parts := map[uint64]uint32{}
	err := w.ops(inOrder(batch.Ops), parts)
	if err == nil {
		err = w.finish()
	}
	if err != nil {
		return d.fail(fmt.Sprintf("write %d", w.number), err)
	}
	d.writes.Add(1)
	for _, op := range batch.Ops {
		if len(parts) == 0 {
			break
		}
		hash := xxhash.Sum64(op.Key)
		if n, ok := parts[hash]; ok && n > 0 {
			d.parts[hash] = n
		} else if ok {
			delete(d.parts, hash)
		}
	}
	if err := d.sync(durable, w.steps+1); err != nil {
		return err
	}
	d.view.Store(d.viewAt(w.number))
	d.advanceDiscard()
	return nil
}

func (w *writer) ops(ops []kv.Op, parts map[uint64]uint32) error {
	for _, op := range ops {
		if err := w.op(op, parts); err != nil {
			return err
		}
	}
	return nil
}

// sync brings all logs but the one in use to the disk, and where all is true that too, after a number of transactions.
func (d *DB) sync(all bool, transactions uint32) error {
	complete, err := d.log.sync(all, transactions)
	if err != nil {
		return d.fail("sync", err)
	}
	if complete {
		d.durable = d.last
	}
	return nil
}

// Sync implements kv.DB.
func (d *DB) Sync() error {
	d.write.Lock()
	defer d.write.Unlock()
	if err := d.stop.Load(); err != nil {
		return *err
	}
	return d.sync(true, 0)
}

// readParts reads which keys have values in parts.
func (d *DB) readParts() error {
	it := d.viewAt(d.last).txn.NewIterator(badger.IteratorOptions{Prefix: []byte{spaceParts}})
	defer it.Close()
	for it.Rewind(); it.Valid(); it.Next() {
		key := it.Item().Key()
		err := it.Item().Value(func(v []byte) error {
			if len(key) != 9 || len(v) != 4 {
				return fmt.Errorf("%w: parts 0x%x have 0x%x: %s", kv.ErrCorrupt, key, v, advice)
			}
			d.parts[binary.BigEndian.Uint64(key[1:])] = binary.BigEndian.Uint32(v)
			return nil
		})
		if err != nil {
			return err
		}
	}
	return nil
}

// undo takes back what is above a number: a write of the former version of each key that was touched. Until it is complete nothing is discarded, so the
// former versions are there, also where it is interrupted and begun anew.
func (d *DB) undo(base uint64) error {
	if d.last == base {
		return nil
	}
	former := d.viewAt(base).txn
	it := d.viewAt(d.last).txn.NewIterator(badger.IteratorOptions{AllVersions: true, SinceTs: base})
	defer it.Close()
	w := d.newWriter(base)
	var done []byte
	for it.Rewind(); it.Valid(); it.Next() {
		key := it.Item().Key()
		if key[0] == spaceMark || key[0] == spaceStep || bytes.Equal(key, done) {
			continue // marks and steps of their own number say nothing of others
		}
		done = append(done[:0], key...)
		item, err := former.Get(done)
		if w.started == 0 {
			if err := room(d.dir, d.reserve()+d.db.MaxBatchSize()); err != nil {
				return err
			}
		}
		switch {
		case err == badger.ErrKeyNotFound:
			err = w.delete(bytes.Clone(key))
		case err == nil:
			err = item.Value(func(v []byte) error { return w.set(bytes.Clone(key), v, item.UserMeta()) })
		}
		if err != nil {
			return fmt.Errorf("undo an unfinished write: %w", err)
		}
	}
	if err := w.finish(); err != nil {
		return fmt.Errorf("undo an unfinished write: %w", err)
	}
	return d.sync(true, w.steps+1)
}
