package badgerdb

import (
	"encoding/binary"
	"errors"
	"fmt"
	"maps"
	"math"
	"os"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"time"

	"github.com/dgraph-io/badger/v4"
	"github.com/dgraph-io/badger/v4/options"

	"github.com/gotensor/gotensor/storage/kv"
)

// Badger's keys begin with the byte of their space.
const (
	spaceKey   = 'k' // a key of ours
	spaceMark  = 'm' // the mark, written with each number: see mark
	spacePart  = 'p' // key, part u32: a part of a value that is longer than partSize
	spaceParts = 'r' // hash of a key u64 -> u32: how many parts its value has. Keys whose value has none are not there.
	spaceStep  = 's' // step u32: written with each Badger transaction of a write but the last, where there are several
)

// User meta of a version.
const (
	metaWhole = 0 // the value
	metaParts = 1 // number of the write u64, length u64: the value is in parts of partSize, each with the number before it
)

// partSize is the longest value that is stored in one piece, and so the longest that Badger meets: all lie in its tables, none in its value log.
const partSize = 128 << 10

// Options of a store.
type Options struct {
	// Memory bounds what the store holds of memory that only it can give back, in bytes: 0 for DefaultMemory, at least MinMemory.
	Memory int64
	// Log receives what Badger has to tell, if it is not nil. It must be safe for concurrent use.
	Log func(level, line string)

	tune func(*badger.Options) // tests of this package change more
}

// Bounds of Options.Memory.
const (
	DefaultMemory = 1 << 30
	MinMemory     = 128 << 20
)

// Limits of Badger's queues.
const (
	memtables = 3  // Badger's limit of full tables waiting for the disk; with the one in use and the one under way there are memtables+2
	l0Compact = 5  // tables in level 0 that start a compaction
	l0Stall   = 16 // tables in level 0 at which writes wait
)

func badgerOptions(dir string, o Options) badger.Options {
	memory := o.Memory
	table := min(memory/32, 64<<20)
	b := badger.DefaultOptions(dir).
		WithBypassLockGuard(true). // the lock is held by folder.lock, where its error has a type
		WithLogger(logger(o.Log)).
		WithMetricsEnabled(false).
		WithDetectConflicts(false).
		WithNumVersionsToKeep(1). // of those at or below the discard mark; above it all are kept
		WithSyncWrites(false).
		WithMemTableSize(table).
		WithNumMemtables(memtables).
		WithNumLevelZeroTables(l0Compact).
		WithNumLevelZeroTablesStall(l0Stall).
		WithNumCompactors(2).
		WithBaseTableSize(min(memory/128, 64<<20)).
		WithBaseLevelSize(table).
		WithValueThreshold(partSize * 2).
		WithValueLogFileSize(1 << 20). // never written; its file is mapped all the same
		WithBlockCacheSize(memory * 5 / 16).
		WithIndexCacheSize(0). // indexes are read from the mapped file, so the kernel has them
		WithCompression(options.Snappy).
		WithChecksumVerificationMode(options.OnBlockRead)
	// A compaction builds up to some thirteen tables at once, each with about three times its size in memory, and there are two: without this they grow
	// with the depth of the tree.
	b.TableSizeMultiplier = 1
	if o.tune != nil {
		o.tune(&b)
	}
	return b
}

// DB is a kv.DB in a folder.
type DB struct {
	dir     string
	folder  *folder
	db      *badger.DB
	options badger.Options
	memory  int64 // Options.Memory

	view    atomic.Pointer[view] // what reads see
	readers readers
	stop    atomic.Pointer[error] // why nothing goes any more

	write   sync.Mutex // Write, Sync, Close
	last    uint64     // the last number that was given out
	durable uint64     // the last number that is known to be on the disk
	parts   map[uint64]uint32
	log     walLog
	discard discarder

	reads, writes atomic.Uint64
}

var _ kv.DB = (*DB)(nil)

// view is the store at one number. Its transaction only reads, so it changes nothing of itself, and all readers share it.
type view struct {
	number uint64
	txn    *badger.Txn
	parts  bool // some values are in parts
}

func (d *DB) viewAt(number uint64) *view {
	return &view{number, d.db.NewTransactionAt(number, false), len(d.parts) > 0}
}

// Open opens the store in dir, and makes it where dir does not exist or is empty.
// Errors: kv.ErrLocked, ErrForeign, ErrNewer, ErrCorrupt, ErrFull, ErrLimit, and those of the operating system. Where it finds damage in what it reads first,
// nothing in dir was changed (see doc.go). Before it returns ErrFull it may have brought logs into tables, or taken a part of an unfinished write back: it goes on with that
// when there is room.
func Open(dir string, o Options) (*DB, error) {
	if o.Memory == 0 {
		o.Memory = DefaultMemory
	}
	if o.Memory < MinMemory {
		return nil, fmt.Errorf("open database %q: memory of %d bytes, at least %d are needed", dir, o.Memory, MinMemory)
	}
	f, err := openFolder(dir)
	if err != nil {
		return nil, fmt.Errorf("open database %q: %w", dir, err)
	}
	d, err := open(f, o)
	if err != nil {
		f.close()
		return nil, fmt.Errorf("open database %q: %w", dir, err)
	}
	return d, nil
}

func open(f *folder, o Options) (_ *DB, err error) {
	d := &DB{dir: f.badger(), folder: f, options: badgerOptions(f.badger(), o), memory: o.Memory, parts: map[uint64]uint32{}}
	found, err := inspect(d.dir)
	if err != nil {
		return nil, err
	}
	if err := found.judge(); err != nil {
		return nil, err
	}
	if err := room(d.dir, d.reserve()); err != nil {
		return nil, err
	}
	if err := spareTables(d.dir, func() int { return len(found.tables) }, len(found.tables)+d.moreTables(0)); err != nil {
		return nil, err
	}
	if err := found.tidy(d.dir); err != nil {
		return nil, err
	}
	if size := found.foreignLog(d.options.MemTableSize); size > 0 || !found.deep {
		if err := d.settle(size, !found.deep); err != nil {
			return nil, err
		}
		if found, err = inspect(d.dir); err != nil {
			return nil, err
		}
		if err := found.judge(); err != nil {
			return nil, err
		}
	}
	d.db, err = openBadger(d.options)
	if err != nil {
		return nil, err
	}
	defer func() {
		if err != nil {
			d.db.Close()
		}
	}()
	if err := d.complete(found.tables); err != nil {
		return nil, err
	}
	if d.last = d.db.MaxVersion(); d.last != found.top {
		return nil, fmt.Errorf("%w: the last write in tables is %d, in files %d: %s", kv.ErrCorrupt, d.last, found.top, advice)
	}
	if err := d.log.open(d.dir); err != nil {
		return nil, err
	}
	defer func() {
		if err != nil {
			d.log.close()
		}
	}()
	d.durable = found.base
	if err := d.undo(found.base); err != nil {
		return nil, err
	}
	if err := d.readParts(); err != nil {
		return nil, err
	}
	d.view.Store(d.viewAt(d.last))
	d.db.SetDiscardTs(d.last)
	return d, nil
}

// settle opens and closes Badger, which brings its logs into tables: those of a size that was written with other options, in tables in memory that are large
// enough, and where all is in level 0, or nothing is there yet, into a level below.
//
// The latter is for a fault of Badger's: beside a compaction from level 0 that takes longer than ten seconds, another may merge what has come to level 0
// since, and drops deletions of keys where no level below has tables in the range of those that it merges. What the first one is about to write there does
// not count, so deleted keys would come back. Every range has a mark in it, or goes over it: with a mark in a level below nothing is dropped.
func (d *DB) settle(foreign int64, shallow bool) error {
	options := d.options
	if foreign > 0 {
		options.MemTableSize = 2 * max(foreign, options.MemTableSize)
	}
	options.NumCompactors, options.NumLevelZeroTablesStall, options.CompactL0OnClose = 0, math.MaxInt32, shallow
	first, err := openBadger(options)
	if err != nil {
		return err
	}
	if first.MaxVersion() == 0 {
		txn := first.NewTransactionAt(1, true)
		if err = txn.Set(markKey, mark{}.encode()); err == nil {
			err = txn.CommitAt(1, nil)
		}
	}
	if closeErr := first.Close(); err == nil {
		err = closeErr
	}
	return err
}

// complete tells whether Badger has all tables that were there before it opened. It logs a table that it cannot read, and goes on without it.
func (d *DB) complete(tables map[uint64]options.CompressionType) error {
	for _, t := range d.db.Tables() {
		delete(tables, t.ID)
	}
	if len(tables) == 0 {
		return nil
	}
	// Compactions run already. One takes its tables out of the manifest before Badger is without them.
	named, _, err := manifestTables(d.dir)
	if err != nil {
		return err
	}
	for _, id := range slices.Sorted(maps.Keys(tables)) {
		if _, ok := named[id]; ok {
			return fmt.Errorf("%w: table %06d.sst was not readable: %s", kv.ErrCorrupt, id, advice)
		}
	}
	return nil
}

// openBadger turns what Badger does with bad files into an error: some it returns, for some it panics.
func openBadger(o badger.Options) (db *badger.DB, err error) {
	defer func() {
		if r := recover(); r != nil {
			db, err = nil, fmt.Errorf("%w: open tables: %v", kv.ErrCorrupt, r)
		}
	}()
	db, err = badger.OpenManaged(o)
	var pathError *os.PathError
	switch {
	case err == nil:
		return db, nil
	case errors.Is(err, syscall.ENOSPC):
		return nil, fmt.Errorf("%w: %v", kv.ErrFull, err)
	case errors.As(err, &pathError), errors.Is(err, os.ErrPermission):
		return nil, err
	}
	return nil, fmt.Errorf("%w: open tables: %v", kv.ErrCorrupt, err)
}

// begin is to be called before Badger is used, and the bucket left after it where there was no error.
func (d *DB) begin() (*bucket, error) {
	b := d.readers.enter()
	if err := d.stop.Load(); err != nil {
		b.leave()
		return nil, *err
	}
	return b, nil
}

// fail stops the store for good. After a failed write Badger may be without a table to write to, and what is in its log is not known.
func (d *DB) fail(step string, err error) error {
	failed := fmt.Errorf("%w: %s: %v", kv.ErrFailed, step, err)
	d.stop.CompareAndSwap(nil, &failed)
	if errors.Is(err, syscall.ENOSPC) {
		return fmt.Errorf("%w: %w", kv.ErrFull, failed)
	}
	return failed
}

// keyBuffer holds a key with its space before it. Badger wants keys on the heap; this keeps each Get from making one.
type keyBuffer struct{ bytes []byte }

var keyBuffers = sync.Pool{New: func() any { return &keyBuffer{make([]byte, 0, 128)} }}

// Get implements kv.DB.
func (d *DB) Get(key []byte) (value []byte, ok bool, err error) {
	if len(key) > kv.MaxKey {
		return nil, false, nil
	}
	b, err := d.begin()
	if err != nil {
		return nil, false, err
	}
	defer b.leave()
	defer d.recovered("get", key, &err)
	d.reads.Add(1)
	txn := d.view.Load().txn
	buffer := keyBuffers.Get().(*keyBuffer)
	buffer.bytes = append(append(buffer.bytes[:0], spaceKey), key...)
	item, err := txn.Get(buffer.bytes)
	keyBuffers.Put(buffer)
	switch {
	case err == nil && item.UserMeta() == metaWhole:
		// Badger makes a copy for each item, which nobody else has.
		if err = item.Value(func(v []byte) error { value = v; return nil }); value == nil {
			value = []byte{}
		}
	case err == nil:
		value, err = whole(item, func(part uint32) (*badger.Item, error) { return txn.Get(partKey(key, part)) })
	case errors.Is(err, badger.ErrKeyNotFound):
		return nil, false, nil
	}
	if err != nil {
		return nil, false, fmt.Errorf("get 0x%x: %w", key, asCorrupt(err))
	}
	return value, true, nil
}

func userKey(key []byte) []byte {
	return append(append(make([]byte, 0, 1+len(key)), spaceKey), key...)
}

// partKey is the key of a part of the value at key.
func partKey(key []byte, part uint32) []byte {
	out := append(append(make([]byte, 0, 5+len(key)), spacePart), key...)
	return binary.BigEndian.AppendUint32(out, part)
}

// whole puts a value together that is in parts.
func whole(item *badger.Item, get func(part uint32) (*badger.Item, error)) ([]byte, error) {
	var number, size uint64
	err := item.Value(func(v []byte) error {
		if item.UserMeta() != metaParts || len(v) != 16 {
			return fmt.Errorf("%w: value of kind %d with %d bytes", kv.ErrCorrupt, item.UserMeta(), len(v))
		}
		number, size = binary.BigEndian.Uint64(v), binary.BigEndian.Uint64(v[8:])
		return nil
	})
	if err != nil {
		return nil, err
	}
	if size > math.MaxInt32 {
		return nil, fmt.Errorf("%w: value of %d bytes", kv.ErrCorrupt, size)
	}
	var whole []byte
	for part := uint32(0); uint64(len(whole)) < size; part++ {
		piece, err := get(part)
		if err == nil {
			err = piece.Value(func(v []byte) error {
				if len(v) <= 8 {
					return fmt.Errorf("%w: empty", kv.ErrCorrupt)
				}
				// Not the version: a write that is taken back writes a former value again.
				if from := binary.BigEndian.Uint64(v); from != number {
					return fmt.Errorf("%w: from write %d, not %d", kv.ErrCorrupt, from, number)
				}
				if whole == nil {
					whole = make([]byte, 0, size) // not before there is something of it
				}
				whole = append(whole, v[8:]...)
				return nil
			})
		}
		if err != nil {
			return nil, fmt.Errorf("part %d: %w", part, asCorrupt(err))
		}
	}
	if uint64(len(whole)) != size {
		return nil, fmt.Errorf("%w: parts of %d bytes, not %d", kv.ErrCorrupt, len(whole), size)
	}
	return whole, nil
}

// asCorrupt marks an error of a read as one of damaged files: Badger's reads come from mapped memory and have no other.
func asCorrupt(err error) error {
	if errors.Is(err, kv.ErrCorrupt) {
		return err
	}
	return fmt.Errorf("%w: %v", kv.ErrCorrupt, err)
}

// recovered turns a panic of Badger's, which it has for damaged blocks, and where a write has just failed, into an error.
func (d *DB) recovered(step string, key []byte, err *error) {
	if r := recover(); r != nil {
		// A write under way may be the one that fails, and not have said so yet. Close waits for this read, so its lock is not waited for.
		for d.stop.Load() == nil {
			if d.write.TryLock() {
				d.write.Unlock()
				break
			}
			time.Sleep(time.Millisecond)
		}
		if failed := d.stop.Load(); failed != nil {
			*err = *failed
			return
		}
		*err = fmt.Errorf("%s 0x%x: %w: %v", step, key, kv.ErrCorrupt, r)
	}
}

// Stats implements kv.DB.
func (d *DB) Stats() kv.Stats {
	stats := kv.Stats{Reads: d.reads.Load(), Writes: d.writes.Load()}
	b, err := d.begin()
	if err != nil {
		return stats
	}
	defer b.leave()
	stats.DiskBytes = diskBytes(d.dir)
	if m := d.db.BlockCacheMetrics(); m != nil {
		stats.MemoryBytes += m.CostAdded() - m.CostEvicted()
	}
	numbers, _ := logs(d.dir)
	stats.MemoryBytes += uint64(d.options.MemTableSize) * uint64(len(numbers)) // each log has its table in memory
	return stats
}

// closePatience is how long Close waits for a store that has failed.
const closePatience = 10 * time.Second

// Close implements kv.DB. What was written without durable is on the disk after it. Iterators must be closed before it: one that is not keeps tables mapped
// and files of tables that are gone.
func (d *DB) Close() error {
	d.write.Lock()
	defer d.write.Unlock()
	failed := d.stop.Load()
	if failed == nil {
		if _, err := d.log.sync(true, 0); err != nil {
			d.fail("close", err)
			failed = d.stop.Load()
		}
	}
	if failed != nil && errors.Is(*failed, kv.ErrClosed) {
		return kv.ErrClosed
	}
	closed := kv.ErrClosed
	d.stop.Store(&closed)
	d.readers.wait()
	d.log.close()
	if failed == nil {
		if err := room(d.dir, (memtables+2)*d.options.MemTableSize); err != nil {
			// All is in the logs. Badger would write its tables now, and the process would end where there is no room for them.
			return fmt.Errorf("close database: everything is saved, but the folder stays locked until the process ends: %w", err)
		}
	}
	done := make(chan error, 1)
	go func() {
		// The lock is held until Badger's goroutines are gone, or with them for ever.
		err := d.db.Close()
		d.folder.close()
		done <- err
	}()
	if failed == nil {
		if err := <-done; err != nil {
			return fmt.Errorf("close database: %w", err)
		}
		return nil
	}
	select {
	case <-done:
		return fmt.Errorf("close database: %w", *failed)
	case <-time.After(closePatience):
		// Badger tries for ever to write out what it holds.
		return fmt.Errorf("close database: tables are not written yet, and the folder stays locked: %w", *failed)
	}
}

// reserve is how much room must be left for Badger to write out what it has taken: it writes to mapped files, and a full disk under those ends the
// process. There are the tables in memory with their logs, level 0, and what two compactions write before they remove what they read.
func (d *DB) reserve() int64 {
	return (2*(memtables+2)+l0Stall)*d.options.MemTableSize + d.memory
}

// moreTables is how many tables Badger may come to have besides those that there are before room is looked for again, where more bytes are written: those that
// reserve has room for. It must be able to open each that it makes: a compaction whose tables cannot be made goes on without what was to be in them.
func (d *DB) moreTables(bytes int64) int {
	return int((d.reserve() + bytes) / d.options.BaseTableSize)
}

func diskBytes(dir string) (n uint64) {
	entries, err := os.ReadDir(dir)
	if err != nil {
		return 0
	}
	for _, e := range entries {
		if info, err := e.Info(); err == nil {
			n += onDisk(info)
		}
	}
	return n
}

// logger passes Badger's lines on.
type logger func(level, line string)

func (l logger) log(level, format string, args ...any) {
	if l != nil {
		l(level, strings.TrimRight(fmt.Sprintf(format, args...), "\n"))
	}
}

func (l logger) Errorf(format string, args ...any)   { l.log("error", format, args...) }
func (l logger) Warningf(format string, args ...any) { l.log("warning", format, args...) }
func (l logger) Infof(format string, args ...any)    { l.log("info", format, args...) }
func (l logger) Debugf(string, ...any)               {}
