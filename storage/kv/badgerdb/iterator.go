package badgerdb

import (
	"bytes"
	"errors"
	"fmt"
	"sync"

	"github.com/dgraph-io/badger/v4"

	"github.com/gotensor/gotensor/storage/kv"
)

// Iterator implements kv.DB.
func (d *DB) Iterator(prefix []byte) kv.Iterator {
	b, err := d.begin()
	if err != nil {
		return &iterator{err: err}
	}
	defer b.leave()
	it := &iterator{db: d, view: d.view.Load(), prefix: userKey(prefix)}
	defer d.recovered("iterate", prefix, &it.err)
	it.it = it.view.txn.NewIterator(badger.IteratorOptions{Prefix: it.prefix})
	d.discard.add(it)
	return it
}

type iterator struct {
	db      *DB
	view    *view
	it      *badger.Iterator
	prefix  []byte // with its space, as target
	target  []byte // of Seek
	started bool
	valid   bool
	err     error
	place   int // in discarder.iterators

	mu     sync.Mutex
	parts  *badger.Iterator // of the parts of long values at the same number
	closed bool
}

// Next implements kv.Iterator.
func (it *iterator) Next() bool {
	switch {
	case !it.started:
		return it.seek(it.prefix)
	case !it.valid:
		return false
	}
	return it.step(it.it.Next)
}

// Seek implements kv.Iterator.
func (it *iterator) Seek(key []byte) bool {
	it.target = append(append(it.target[:0], spaceKey), key...)
	switch {
	case bytes.Compare(it.target, it.prefix) <= 0:
		return it.seek(it.prefix)
	case !bytes.HasPrefix(it.target, it.prefix):
		it.started, it.valid = true, false // behind all of them
		return false
	}
	return it.seek(it.target)
}

func (it *iterator) seek(target []byte) bool {
	it.started = true
	return it.step(func() { it.it.Seek(target) })
}

func (it *iterator) step(move func()) bool {
	it.valid = false
	if it.err != nil || it.it == nil {
		return false
	}
	b, err := it.db.begin()
	if err != nil {
		it.err = err
		return false
	}
	defer b.leave()
	it.move(move)
	return it.valid
}

func (it *iterator) move(move func()) {
	defer it.db.recovered("iterate", it.prefix[1:], &it.err)
	move()
	it.valid = it.it.Valid()
}

// Key implements kv.Iterator.
func (it *iterator) Key() []byte {
	if !it.valid {
		return nil
	}
	return it.it.Item().Key()[1:]
}

// Value implements kv.Iterator.
func (it *iterator) Value() (value []byte, err error) {
	if it.err != nil {
		return nil, it.err
	}
	if !it.valid {
		return nil, errors.New("iterator is at no key")
	}
	b, err := it.db.begin()
	if err != nil {
		return nil, err
	}
	defer b.leave()
	key := it.Key()
	defer it.db.recovered("iterate", key, &err)
	item := it.it.Item()
	if item.UserMeta() == metaWhole {
		err = item.Value(func(v []byte) error { value = v; return nil })
	} else {
		it.pin()
		value, err = whole(item, func(part uint32) (*badger.Item, error) {
			it.parts.Seek(partKey(key, part)) // parts of another key may lie between
			if !it.parts.Valid() || !bytes.Equal(it.parts.Item().Key(), partKey(key, part)) {
				return nil, fmt.Errorf("%w: missing", kv.ErrCorrupt)
			}
			return it.parts.Item(), nil
		})
	}
	if err != nil {
		return nil, fmt.Errorf("iterate at 0x%x: %w", key, asCorrupt(err))
	}
	if value == nil {
		value = []byte{}
	}
	return value, nil
}

// pin makes the iterator of the parts, where it is not there.
func (it *iterator) pin() {
	it.mu.Lock()
	defer it.mu.Unlock()
	if it.parts == nil && !it.closed {
		prefix := append([]byte{spacePart}, it.prefix[1:]...)
		it.parts = it.view.txn.NewIterator(badger.IteratorOptions{Prefix: prefix})
	}
}

// Err implements kv.Iterator.
func (it *iterator) Err() error { return it.err }

// Close implements kv.Iterator.
func (it *iterator) Close() {
	it.valid = false
	if it.it == nil {
		return
	}
	it.db.discard.remove(it)
	it.mu.Lock()
	defer it.mu.Unlock()
	it.it.Close()
	it.it, it.closed = nil, true
	if it.parts != nil {
		it.parts.Close()
	}
}
