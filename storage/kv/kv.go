package kv

import (
	"errors"
	"fmt"
)

// MaxKey is the longest key that a store takes, in bytes. A longer one is refused with ErrKeyTooLong.
const MaxKey = 60_000

// Errors of a store. They are found with errors.Is below the text that says what was met and what to do.
var (
	// ErrClosed: the store was closed.
	ErrClosed = errors.New("key-value store is closed")
	// ErrLocked: another process has the folder open.
	ErrLocked = errors.New("database is in use by another process")
	// ErrForeign: the folder holds something else than a database of ours.
	ErrForeign = errors.New("not a database of this program")
	// ErrNewer: a newer program wrote the folder.
	ErrNewer = errors.New("database has a newer format")
	// ErrCorrupt: what was read is not what was written.
	ErrCorrupt = errors.New("database is corrupt")
	// ErrFull: the disk has no room. Nothing of the write is visible; the store goes on reading, and writing when there is room again.
	ErrFull = errors.New("no space left on the disk")
	// ErrLimit: the system lets the process have no more open files or mappings. As with ErrFull, nothing of the write is visible, and the store goes on.
	ErrLimit = errors.New("limit of the system")
	// ErrKeyTooLong: a key is longer than MaxKey.
	ErrKeyTooLong = errors.New("key is too long")
	// ErrFailed: an earlier write or sync failed, and what the disk holds of it is not known. Nothing can be done but close and open again.
	ErrFailed = errors.New("key-value store has failed")
)

// DB is an ordered key-value store. It is safe for concurrent use; Write and Sync are called by one goroutine at a time. Keys may be empty; a value
// that is empty is there.
type DB interface {
	// Get returns the value at key, and whether there is one, as the last Write that returned before left it, or one that runs meanwhile. The value is
	// the caller's.
	Get(key []byte) (value []byte, ok bool, err error)
	// Iterator walks the keys with prefix in ascending byte order, as they were at one moment between two writes, no earlier than the last Write that
	// returned before. It goes on seeing that while writes happen, and holds its space until it is closed.
	Iterator(prefix []byte) Iterator
	// Write applies a batch of any size: every read sees all of it or nothing, and after a crash all of it is there or nothing. Where durable, it and all
	// before it have reached the disk when Write returns; where not, a crash may lose it, with every later write, never with an earlier one.
	Write(batch *Batch, durable bool) error
	// Sync brings all earlier writes to the disk.
	Sync() error
	Stats() Stats
	// Close ends the store's work. All writes are there when it is opened again, durable or not.
	Close() error
}

// Iterator walks keys. It is for one goroutine, and must be closed, before its DB is. Key and Value are valid until the next step.
type Iterator interface {
	// Next steps to the next key, to begin with to the first, and says whether there is one. At the end Err tells why it ended.
	Next() bool
	// Seek steps to the first key at or after key, forwards or backwards, never out of the prefix, and says whether there is one.
	Seek(key []byte) bool
	Key() []byte
	Value() ([]byte, error)
	Err() error
	Close()
}

// Batch is a list of writes; a later one to the same key takes the place of an earlier one. The zero value is empty.
type Batch struct {
	Ops []Op
}

// Op sets Key to Value, or deletes it.
type Op struct {
	Key, Value []byte
	Delete     bool
}

// Set adds a write; the slices are kept.
func (b *Batch) Set(key, value []byte) { b.Ops = append(b.Ops, Op{Key: key, Value: value}) }

// Delete adds a deletion.
func (b *Batch) Delete(key []byte) { b.Ops = append(b.Ops, Op{Key: key, Delete: true}) }

// Size is how many bytes of keys and values the batch holds.
func (b *Batch) Size() (n int) {
	for _, op := range b.Ops {
		n += len(op.Key) + len(op.Value)
	}
	return n
}

// Check refuses keys that no store takes.
func (b *Batch) Check() error {
	for _, op := range b.Ops {
		if len(op.Key) > MaxKey {
			return fmt.Errorf("%w: key 0x%x… has %d bytes, at most %d", ErrKeyTooLong, op.Key[:16], len(op.Key), MaxKey)
		}
	}
	return nil
}

// Stats is what a store knows of itself.
type Stats struct {
	DiskBytes   uint64 // files on disk
	MemoryBytes uint64 // caches and tables in memory
	Writes      uint64 // Write since it was opened
	Reads       uint64 // Get since it was opened
}
