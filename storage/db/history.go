package db

import (
	"bytes"
	"encoding/binary"
	"sync/atomic"

	"github.com/gotensor/gotensor/primitives/chain"
	"github.com/gotensor/gotensor/storage/kv"
)

// finalised is the folded state in the store, as it is after the last folded block and as it was after each before that whose history is kept.
//
// A key of v or n has one record at the head, with the number of the block that wrote it. What a block overwrites goes into the key's history before the
// head changes. So who wants the value after block B has it at the head if that was written by B or before, and else in the history, as what the first block after B
// overwrote.
type finalised struct {
	store kv.DB
	// folding is the newest block of which the head may have something: the one being folded, or else the last folded one.
	folding atomic.Uint32
}

// headRecord is what is stored at a key of v or n.
func headRecord(n chain.BlockNumber, value []byte) []byte {
	return append(binary.LittleEndian.AppendUint32(make([]byte, 0, 4+len(value)), uint32(n)), value...)
}

// parseHead returns what a head record holds. The value points into it.
func parseHead(key, record []byte) (chain.BlockNumber, []byte, error) {
	if len(record) < 4 {
		return 0, nil, corrupt("record at key 0x%x has %d bytes", key, len(record))
	}
	return chain.BlockNumber(binary.LittleEndian.Uint32(record)), record[4:], nil
}

// historyRecord is what a history holds: what was there before, or that there was nothing.
func historyRecord(value []byte, ok bool) []byte {
	if !ok {
		return []byte{0}
	}
	return append(append(make([]byte, 0, 1+len(value)), 1), value...)
}

func parseHistory(key, record []byte) (value []byte, ok bool, err error) {
	switch {
	case len(record) == 1 && record[0] == 0:
		return nil, false, nil
	case len(record) > 0 && record[0] == 1:
		return record[1:], true, nil
	}
	return nil, false, corrupt("history at key 0x%x", key)
}

// get returns the value at a key of v or n after block at, whose history is kept.
func (f *finalised) get(key []byte, at chain.BlockNumber) ([]byte, bool, error) {
	record, ok, err := f.store.Get(key)
	if err != nil {
		return nil, false, err
	}
	if ok {
		n, value, err := parseHead(key, record)
		if err != nil || n <= at {
			return value, err == nil, err
		}
	} else if f.after(at) {
		// Looked at after the read: where it holds, nothing had been deleted since.
		return nil, false, nil
	}
	it := f.store.Iterator(historyOf(key))
	defer it.Close()
	if it.Seek(historyKey(key, at+1)) {
		record, err := it.Value()
		if err != nil {
			return nil, false, err
		}
		value, had, err := parseHistory(key, record)
		return bytes.Clone(value), had, err
	}
	if err := it.Err(); err != nil {
		return nil, false, err
	}
	if ok {
		return nil, false, corrupt("history of key 0x%x after block %d is missing", key, at)
	}
	return nil, false, nil
}

// after tells whether the head is as it is after block at.
func (f *finalised) after(at chain.BlockNumber) bool { return f.folding.Load() <= uint32(at) }

// walk returns a walk over the keys of v or n with prefix as they are after block at. It begins before the first.
func (f *finalised) walk(prefix []byte, at chain.BlockNumber) *walk {
	w := &walk{at: at, prefix: prefix, head: f.store.Iterator(prefix)}
	// In this order: what the head's iterator does not see any more, the history's does.
	if !f.after(at) {
		w.past = f.store.Iterator(historyPrefix(prefix))
	}
	return w
}

// walk merges the head and the history.
type walk struct {
	at     chain.BlockNumber
	prefix []byte
	head   kv.Iterator
	past   kv.Iterator // nil where the head is all there is to know
	err    error

	headKey []byte // nil at the end
	pastKey []byte // the key that the history speaks of; nil at the end
	pastBuf []byte

	key   []byte
	value []byte // valid until the next step
}

// seek steps to the first key at or after from.
func (w *walk) seek(from []byte) bool {
	if bytes.Compare(from, w.prefix) < 0 {
		from = w.prefix
	}
	w.headStep(w.head.Seek(from))
	if w.past != nil {
		w.pastStep(w.past.Seek(historyPrefix(from)))
	}
	return w.settle()
}

// next steps to the next key.
func (w *walk) next() bool {
	if w.key == nil || w.err != nil {
		return false
	}
	if w.pastKey != nil && bytes.Equal(w.pastKey, w.key) {
		w.pastSkip()
	}
	if w.headKey != nil && bytes.Equal(w.headKey, w.key) {
		w.headStep(w.head.Next())
	}
	return w.settle()
}

func (w *walk) headStep(ok bool) {
	if w.headKey = nil; ok {
		w.headKey = w.head.Key()
	} else if w.err == nil {
		w.err = w.head.Err()
	}
}

// pastStep goes on from where the history's iterator is to the next key that was overwritten after block at.
func (w *walk) pastStep(ok bool) {
	for w.pastKey = nil; ok && w.err == nil; {
		key, n, err := parseHistoryKey(w.pastBuf[:0], w.past.Key())
		if err != nil {
			w.err = err
			return
		}
		w.pastBuf = key
		if n > w.at {
			w.pastKey = key
			return
		}
		ok = w.pastForward(historyKey(key, w.at+1))
	}
	if w.err == nil {
		w.err = w.past.Err()
	}
}

// pastSkip leaves the history of the present key behind.
func (w *walk) pastSkip() {
	// 00 02 is after the end 00 01 of a key and before 00 ff within one.
	w.pastStep(w.pastForward(append(historyPrefix(w.pastKey), 0, 2)))
}

// pastForward goes on to the first record at or after target. In most histories that is near, and a step costs a small part of what a seek costs.
func (w *walk) pastForward(target []byte) bool {
	for range 16 {
		if !w.past.Next() {
			return false
		}
		if bytes.Compare(w.past.Key(), target) >= 0 {
			return true
		}
	}
	return w.past.Seek(target)
}

// settle finds the least key that was there after block at, from where both sides are.
func (w *walk) settle() bool {
	for w.err == nil {
		order := -1 // of the head's key against the history's
		switch {
		case w.headKey == nil && w.pastKey == nil:
			w.key = nil
			return false
		case w.headKey == nil:
			order = 1
		case w.pastKey != nil:
			order = bytes.Compare(w.headKey, w.pastKey)
		}
		if order <= 0 {
			record, err := w.head.Value()
			if err != nil {
				w.err = err
				break
			}
			n, value, err := parseHead(w.headKey, record)
			if err != nil {
				w.err = err
				break
			}
			if n <= w.at {
				w.key = append(w.key[:0], w.headKey...)
				w.value = value
				return true
			}
			if order < 0 {
				w.err = corrupt("history of key 0x%x after block %d is missing", w.headKey, w.at)
				break
			}
		}
		record, err := w.past.Value()
		if err != nil {
			w.err = err
			break
		}
		value, ok, err := parseHistory(w.pastKey, record)
		if err != nil {
			w.err = err
			break
		}
		if ok {
			w.key = append(w.key[:0], w.pastKey...)
			w.value = value
			return true
		}
		same := order == 0
		w.pastSkip()
		if same {
			w.headStep(w.head.Next())
		}
	}
	w.key = nil
	return false
}

func (w *walk) close() {
	w.head.Close()
	if w.past != nil {
		w.past.Close()
	}
}
