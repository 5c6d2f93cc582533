package badgerdb

import (
	"bytes"
	"errors"
	"fmt"
	"maps"
	"math"
	"os"
	"path/filepath"
	"slices"

	"github.com/dgraph-io/badger/v4"
	"github.com/dgraph-io/badger/v4/options"
	"github.com/dgraph-io/badger/v4/table"
	"github.com/dgraph-io/badger/v4/y"
	"github.com/dgraph-io/ristretto/v2/z"

	"github.com/gotensor/gotensor/storage/kv"
)

// found is what Badger's files hold, as read before Badger opens them: it would end the process for some damage, go on with less for other, and write what
// it made of its logs into tables at once.
type found struct {
	tables   map[uint64]options.CompressionType // that the manifest names
	deep     bool                               // one of them is in a level below 0
	inTables uint64                             // the highest number in tables: all below are there, and some of it
	logs     []logFile
	top      uint64          // the highest number
	marks    map[uint64]mark // of all numbers in logs, and the newest in each table
	steps    map[step]bool   // likewise, and all in tables
	base     uint64          // the last number that is complete; judge finds it
}

type step struct {
	number uint64
	index  uint32
}

// note takes a mark or step.
func (f *found) note(key, value []byte, number uint64) error {
	switch {
	case bytes.Equal(key, markKey):
		m, err := decodeMark(value)
		if err != nil {
			return err
		}
		if m.before >= number {
			return fmt.Errorf("%w: mark at %d names %d before it", kv.ErrCorrupt, number, m.before)
		}
		f.marks[number] = m
	case len(key) == 5 && key[0] == spaceStep:
		f.steps[step{number, y.BytesToU32(key[1:])}] = true
	default:
		return fmt.Errorf("%w: mark 0x%x", kv.ErrCorrupt, key)
	}
	return nil
}

// noted tells whether the step or mark at a key is there.
func (f *found) noted(key []byte, number uint64) (ok bool) {
	if key[0] == spaceMark {
		_, ok = f.marks[number]
		return ok
	}
	return len(key) == 5 && f.steps[step{number, y.BytesToU32(key[1:])}]
}

// inspect reads manifest, ends of tables, and logs. It changes nothing.
func inspect(dir string) (*found, error) {
	f := &found{marks: map[uint64]mark{}, steps: map[step]bool{}}
	var err error
	if f.tables, f.deep, err = manifestTables(dir); err != nil {
		return nil, err
	}
	for _, id := range slices.Sorted(maps.Keys(f.tables)) {
		if err := inspectTable(dir, id, f.tables[id], f.readTable); err != nil {
			return nil, err
		}
	}
	numbers, err := logs(dir)
	if err != nil && !errors.Is(err, os.ErrNotExist) {
		return nil, err
	}
	for _, number := range numbers {
		if err := f.readLog(dir, number); err != nil {
			return nil, fmt.Errorf("log %s/%05d.mem: %w", badgerDir, number, err)
		}
	}
	return f, f.unnamed(dir)
}

// unnamed looks at the tables that the manifest does not name, which Badger removes. A crash leaves such: they were not made to their end, or are in others
// by now. Where one has more than all that is named, its record is missing: for the manifest's reader a wrong length is like an end.
func (f *found) unnamed(dir string) error {
	names, err := filepath.Glob(filepath.Join(dir, "*.sst"))
	if err != nil {
		return err
	}
	for _, name := range names {
		id, ok := table.ParseFileID(filepath.Base(name))
		if _, named := f.tables[id]; !ok || named {
			continue
		}
		var most uint64
		// One that is not readable has nothing that is needed.
		_ = inspectTable(dir, id, options.Snappy, func(t *table.Table) error { most = t.MaxVersion(); return nil })
		if most > f.top {
			return fmt.Errorf("%w: %s/%s does not name table %s with write %d, the last is %d: %s",
				kv.ErrCorrupt, badgerDir, badger.ManifestFilename, filepath.Base(name), most, f.top, advice)
		}
	}
	return nil
}

// manifestTables are the tables that there are to be, and whether one is in a level below 0.
func manifestTables(dir string) (tables map[uint64]options.CompressionType, deep bool, err error) {
	tables = map[uint64]options.CompressionType{}
	file, err := os.Open(filepath.Join(dir, badger.ManifestFilename))
	if errors.Is(err, os.ErrNotExist) {
		// Without the manifest Badger would begin anew and delete every table.
		for _, pattern := range []string{"*.sst", "*.mem", "*.vlog"} {
			if names, _ := filepath.Glob(filepath.Join(dir, pattern)); len(names) > 0 {
				return nil, false, fmt.Errorf("%w: %s/%s is missing and %s/%s is there: %s",
					kv.ErrCorrupt, badgerDir, badger.ManifestFilename, badgerDir, filepath.Base(names[0]), advice)
			}
		}
		return tables, deep, nil
	}
	if err != nil {
		return nil, false, err
	}
	defer file.Close()
	// A torn record at its end is what a crash leaves; Badger cuts it off.
	manifest, _, err := badger.ReplayManifestFile(file, 0, badger.DefaultOptions(dir).WithLogger(nil))
	if err != nil {
		return nil, false, fmt.Errorf("%w: %s/%s: %v: %s", kv.ErrCorrupt, badgerDir, badger.ManifestFilename, err, advice)
	}
	for _, id := range slices.Sorted(maps.Keys(manifest.Tables)) {
		tables[id] = manifest.Tables[id].Compression
		deep = deep || manifest.Tables[id].Level > 0
	}
	return tables, deep, nil
}

// inspectTable opens a table, which checks its index and its last block, and shows it to look.
func inspectTable(dir string, id uint64, compression options.CompressionType, look func(*table.Table) error) error {
	path := table.NewFilename(id, dir)
	info, err := os.Stat(path)
	if errors.Is(err, os.ErrNotExist) {
		return fmt.Errorf("%w: table %s/%s is missing: %s", kv.ErrCorrupt, badgerDir, filepath.Base(path), advice)
	}
	if err == nil {
		err = inBadTable(path, info.Size(), compression, look)
	}
	var pathError *os.PathError
	if err != nil && !errors.As(err, &pathError) {
		return fmt.Errorf("%w: table %s/%s: %v: %s", kv.ErrCorrupt, badgerDir, filepath.Base(path), err, advice)
	}
	return err
}

// inBadTable does not trust the table.
func inBadTable(path string, size int64, compression options.CompressionType, look func(*table.Table) error) (err error) {
	defer func() {
		if r := recover(); r != nil {
			err = fmt.Errorf("unreadable: %.100v", r)
		}
	}()
	if err := inspectFooter(path, size); err != nil {
		return err
	}
	mapped, err := z.OpenMmapFile(path, os.O_RDONLY, 0)
	if err != nil {
		return err
	}
	t, err := table.OpenTable(mapped, table.Options{BlockSize: 4 << 10, Compression: compression, ChkMode: options.OnBlockRead, ReadOnly: true})
	if err != nil {
		mapped.Close(-1)
		return err
	}
	err = look(t)
	if closeErr := t.Close(-1); err == nil {
		err = closeErr
	}
	return err
}

// readTable takes a table's highest number, the newest of its marks, and its steps.
func (f *found) readTable(t *table.Table) error {
	f.inTables = max(f.inTables, t.MaxVersion())
	f.top = max(f.top, t.MaxVersion())
	if y.CompareKeys(t.Biggest(), y.KeyWithTs(markKey, math.MaxUint64)) < 0 || t.Smallest()[0] > spaceStep {
		return nil
	}
	it := t.NewIterator(table.NOCACHE)
	defer it.Close()
	note := func() error { return f.note(y.ParseKey(it.Key()), it.Value().Value, y.ParseTs(it.Key())) }
	// The iterator ends where a block is damaged as it does at the end of the table, whose keys reach to Biggest.
	if it.Seek(y.KeyWithTs(markKey, math.MaxUint64)); !it.Valid() {
		return fmt.Errorf("%w: block of the mark", kv.ErrCorrupt)
	}
	if y.ParseKey(it.Key())[0] == spaceMark {
		if err := note(); err != nil {
			return err
		}
	}
	steps := y.KeyWithTs([]byte{spaceStep}, math.MaxUint64)
	if y.CompareKeys(t.Biggest(), steps) < 0 {
		return nil
	}
	for it.Seek(steps); it.Valid() && y.ParseKey(it.Key())[0] == spaceStep; it.Next() {
		if err := note(); err != nil {
			return err
		}
		if bytes.Equal(it.Key(), t.Biggest()) {
			return nil
		}
	}
	if !it.Valid() {
		return fmt.Errorf("%w: block of the steps", kv.ErrCorrupt)
	}
	return nil
}

// judge finds the last number that is complete, or that something is missing below it.
//
// Tables have all below their highest number. From there on, each number names the one before it, and counts its steps. What has no mark at the top is what
// a crash left of a number. A number at the top whose predecessors are not there is the one that began a log, where the machine stopped before those before
// it reached the disk: Badger does not sync a log when it begins the next, the writer does so right after. That is so only as long as what is missing was
// not durable.
func (f *found) judge() error {
	numbers := slices.Sorted(maps.Keys(f.marks))
	slices.Reverse(numbers)
	if len(numbers) == 0 {
		return nil // all there is, if anything, is of a first write that was not completed
	}
	f.base = numbers[0]
	lacking := f.lacking(f.base)
	if lacking != "" && len(numbers) > 1 && numbers[1] >= f.marks[f.base].durable || len(numbers) == 1 && f.marks[f.base].durable == 0 && lacking != "" {
		f.base = 0
		if len(numbers) > 1 {
			f.base = numbers[1]
		}
	}
	for at := f.base; at >= f.inTables && at > 0; at = f.marks[at].before {
		if lacking := f.lacking(at); lacking != "" {
			return fmt.Errorf("%w: the log of write %d is there and %s is not: %s", kv.ErrCorrupt, f.top, lacking, advice)
		}
	}
	return nil
}

// lacking is what there should be where the mark of a number is, and is not.
func (f *found) lacking(number uint64) string {
	m := f.marks[number]
	if number < f.inTables {
		return ""
	}
	for i := range m.steps {
		if !f.steps[step{number, i}] {
			return fmt.Sprintf("step %d of write %d", i, number)
		}
	}
	if _, ok := f.marks[m.before]; !ok && m.before >= f.inTables && m.before > 0 {
		return fmt.Sprintf("write %d", m.before)
	}
	return ""
}

// tidy removes logs that Badger must not see.
func (f *found) tidy(dir string) error {
	removed := false
	for _, log := range f.logs {
		// One of no bytes is what a crash leaves between the making of a file and its first size: Badger refuses to open with it. One that is all in
		// tables is left where an iterator held its table in memory: what was deleted since would come back.
		if log.size == 0 || log.max > 0 && (log.max < f.inTables || log.inTable) {
			if err := os.Remove(logPath(dir, log.number)); err != nil {
				return err
			}
			removed = true
		}
	}
	values, _ := filepath.Glob(filepath.Join(dir, "*.vlog"))
	for _, name := range values {
		info, err := os.Stat(name)
		if err == nil && info.Size() == 0 {
			err, removed = os.Remove(name), true
		}
		if err != nil {
			return err
		}
	}
	if !removed {
		return nil
	}
	return syncDir(dir)
}

// foreignLog is the size of a log that was written with tables in memory of another size, 0 if there is none.
func (f *found) foreignLog(table int64) (size int64) {
	for _, log := range f.logs {
		if log.max >= f.inTables && log.size != 2*table && log.size > table/8 {
			size = max(size, log.size)
		}
	}
	return size
}
