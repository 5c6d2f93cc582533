package db

import (
	"bytes"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/gotensor/gotensor/storage/kv"
	"github.com/gotensor/gotensor/storage/kv/badgerdb"
	"github.com/gotensor/gotensor/storage/kv/kvtest"
)

// rounds is how many faults of each kind there are.
func rounds() int {
	if os.Getenv("GOTENSOR_LONG") == "1" {
		return 150
	}
	return 25
}

// disk is a store in a folder, with a worker and a trail.
type disk struct {
	*trail
	dir    string
	worker *worker
	faults *kvtest.Faults
	heard  error
}

// newDisk makes a store.
func newDisk(dir string, seed uint64) (*disk, error) {
	r := rand.New(rand.NewPCG(seed, 67))
	keep := func() uint32 { return []uint32{0, 1, 8}[r.IntN(3)] }
	options := Options{KeepStates: keep(), KeepBodies: keep(), LayerMemory: 20_000, NodeMemory: 1 << 20, chunk: 2000, write: 2000}
	t, err := newTrail(seed, options)
	if err != nil {
		return nil, err
	}
	d := &disk{trail: t, dir: dir}
	d.worker = &worker{r: r, tell: func(format string, args ...any) {
		if err := d.hear(fmt.Sprintf(format, args...)); err != nil && d.heard == nil {
			d.heard = err
		}
	}}
	return d, d.open(func(store kv.DB) (*DB, error) { return Create(store, t.genesis.header, t.genesis.memory, options) })
}

// open opens the store, or makes it.
func (d *disk) open(with func(kv.DB) (*DB, error)) error {
	store, err := badgerdb.Open(d.dir, badgerdb.Options{Memory: badgerdb.MinMemory})
	if err != nil {
		return err
	}
	d.faults = kvtest.NewFaults(store)
	d.worker.db, err = with(d.faults)
	if err != nil {
		store.Close()
	}
	d.made = true
	return err
}

func (d *disk) reopen() error {
	return d.open(func(store kv.DB) (*DB, error) { return Open(store, d.options) })
}

// steps takes n steps, up to the first error.
func (d *disk) steps(n int) error {
	for range n {
		if err := errors.Join(d.worker.step(), d.heard); err != nil {
			return err
		}
	}
	return nil
}

var (
	errRead  = errors.New("injected error of a read")
	errWrite = errors.New("injected error of a write")
)

// TestDiskFaults has reads, writes and syncs of Badger fail now and then, below imports, finality, folds, prunes and reverts. Who asked for a step that failed sees the
// error. After one of a read the store has the state before; after one of a write or a sync it takes no more, and what is opened again has the state before or after.
func TestDiskFaults(t *testing.T) {
	t.Parallel()
	n := rounds()
	seen := map[string]int{}
	var d *disk
	for i := 0; seen["read"] < n || seen["write"] < n; i++ {
		if i%40 == 0 {
			if d != nil {
				if err := d.worker.db.Close(); err != nil {
					t.Fatal(err)
				}
			}
			var err error
			if d, err = newDisk(filepath.Join(t.TempDir(), "db"), uint64(i)); err != nil {
				t.Fatal(err)
			}
		}
		// What an earlier round aimed at may still be to come.
		if d.r.IntN(2) == 0 {
			d.faults.FailAt(kvtest.Reads, 1+d.r.IntN(600), errRead)
		} else {
			d.faults.FailAt(kvtest.Changes, 1+d.r.IntN(40), errWrite)
		}
		err := d.steps(30)
		fail := func(err error) {
			t.Helper()
			t.Fatalf("round %d: %v", i, err)
		}
		kind := "read"
		switch {
		case err == nil: // it hit nothing, or the background, which tries again
			continue
		case errors.Is(err, errWrite):
			kind = "write"
		case !errors.Is(err, errRead):
			fail(err)
		}
		seen[kind]++
		if kind == "read" {
			// The store goes on; what failed was not begun.
			if err := d.settleOn(d.worker.db); err != nil {
				fail(err)
			}
			continue
		}
		if err := d.worker.db.Close(); err != nil {
			fail(err)
		}
		if err := d.reopen(); err != nil {
			fail(err)
		}
		if seen[kind]%4 > 0 {
			if err := d.settleOn(d.worker.db); err != nil {
				fail(err)
			}
		} else if _, err := d.look(d.worker.db); err != nil {
			fail(err)
		}
	}
	if _, err := d.look(d.worker.db); err != nil {
		t.Fatal(err)
	}
	if err := d.worker.db.Close(); err != nil {
		t.Fatal(err)
	}
	t.Logf("FAULTS: %d errors of reads and %d of writes and syncs below the block store over Badger", seen["read"], seen["write"])
}

// loggedStore notes, after each durable write, how far Badger's logs were written.
type loggedStore struct {
	kv.DB
	dir          string
	before, last map[string]int64 // at the durable write before the last one, and at the last one
	err          error
}

// Write implements kv.DB.
func (s *loggedStore) Write(batch *kv.Batch, durable bool) error {
	err := s.DB.Write(batch, durable)
	if err == nil && durable {
		s.before = s.last
		s.last, s.err = logEnds(s.dir, s.last)
	}
	return err
}

// logEnds returns how far each log below dir was written, at least as far as it was before; logs are made at their full length, of zeros.
func logEnds(dir string, before map[string]int64) (map[string]int64, error) {
	paths, err := logPaths(dir)
	if err != nil {
		return nil, err
	}
	ends := map[string]int64{}
	block := make([]byte, 32<<10)
	for _, path := range paths {
		name := filepath.Base(path)
		ends[name] = before[name]
		file, err := os.Open(path)
		if errors.Is(err, os.ErrNotExist) {
			continue // in a table by now
		}
		if err != nil {
			return nil, err
		}
		for at := before[name]; ; at += int64(len(block)) {
			n, err := file.ReadAt(block, at)
			written := int64(len(bytes.TrimRight(block[:n], "\x00")))
			if written > 0 {
				ends[name] = at + written
			}
			if written == 0 || err != nil {
				break
			}
		}
		file.Close()
	}
	return ends, nil
}

// logPaths returns Badger's logs below dir, the newest last.
func logPaths(dir string) (paths []string, err error) {
	err = filepath.WalkDir(dir, func(path string, _ os.DirEntry, err error) error {
		if strings.HasSuffix(path, ".mem") {
			paths = append(paths, path)
		}
		return err
	})
	slices.Sort(paths)
	return paths, err
}

// TestTornTail takes what a machine leaves that stops: the logs up to the last durable write, and of what came after it a part, or zeros, or nonsense. What is opened is the
// state that the last durable write left; where the last was torn itself, it is that or the one before.
func TestTornTail(t *testing.T) {
	if testing.Short() {
		t.Skip("waits for the disk")
	}
	t.Parallel()
	n := rounds()
	base := t.TempDir()
	torn := map[string]int{}
	for i := 0; torn["after"] < n || torn["within"] < n; i++ {
		dir := filepath.Join(base, fmt.Sprint(i))
		d, err := newDisk(dir, uint64(1000+i))
		if err != nil {
			t.Fatal(err)
		}
		logged := &loggedStore{dir: dir}
		if err := d.worker.db.Close(); err != nil {
			t.Fatal(err)
		}
		err = d.open(func(store kv.DB) (*DB, error) {
			logged.DB = store
			return Open(logged, d.options)
		})
		if err != nil {
			t.Fatal(err)
		}
		db := d.worker.db
		if err := d.steps(5 + d.r.IntN(60)); err != nil {
			t.Fatal(err)
		}
		// The state before the last step, for where that is torn.
		tell := d.worker.tell
		var steps []string
		before := d.known
		d.worker.tell = func(format string, args ...any) {
			line := fmt.Sprintf(format, args...)
			if strings.HasPrefix(line, ">") {
				before = d.known
				steps = append(steps, line[2:])
			}
			tell(format, args...)
		}
		for last := len(steps); len(steps) == last || len(before.alive) == len(d.known.alive); {
			if err := d.steps(1); err != nil {
				t.Fatal(err)
			}
		}
		within := i%2 == 0
		if !within {
			// More that is not synced: folds and prunes of what was finalised, and what workers write.
			if err := db.Settle(); err != nil {
				t.Fatal(err)
			}
			for range d.r.IntN(20) {
				if err := db.SetOffchain([]byte("worker"), randomKey(d.r), randomValue(d.r)); err != nil {
					t.Fatal(err)
				}
			}
		}
		db.writing.Lock() // as the machine stops, nobody writes
		image := dir + ".image"
		err = copyFolder(dir, image)
		db.writing.Unlock()
		if err = errors.Join(err, logged.err, db.Close()); err != nil {
			t.Fatal(err)
		}
		how, err := tear(d.r, image, logged, within)
		if err != nil {
			t.Fatal(err)
		}
		if how != "" {
			kind := "after"
			if within {
				kind = "within"
				d.known, d.under = before, steps[len(steps)-1]
			}
			if _, err := d.check(image); err != nil {
				t.Fatalf("round %d, torn %s the last durable write: %s: %v", i, kind, how, err)
			}
			torn[kind]++
		}
		os.RemoveAll(dir)
		os.RemoveAll(image)
	}
	t.Logf("FAULTS: %d torn tails behind the last durable write, %d within it", torn["after"], torn["within"])
}

// tear spoils the end of the newest log below dir, from somewhere behind the last durable write on, or within it. It says what it did, "" where there is nothing to spoil.
func tear(r *rand.Rand, dir string, logged *loggedStore, within bool) (string, error) {
	ends, err := logEnds(dir, nil)
	if err != nil {
		return "", err
	}
	paths, err := logPaths(dir)
	if err != nil || len(paths) == 0 {
		return "", err
	}
	newest := paths[len(paths)-1]
	name := filepath.Base(newest)
	from, to := logged.last[name], ends[name]
	if within {
		from, to = logged.before[name], logged.last[name]
	}
	if from >= to {
		return "", nil
	}
	cut := from + r.Int64N(to-from)
	content, err := os.ReadFile(newest)
	if err != nil {
		return "", err
	}
	how := ""
	switch r.IntN(3) {
	case 0:
		how, content = "cut off", content[:cut]
	case 1:
		how = "zeros"
		clear(content[cut:])
	default:
		how = "nonsense"
		clear(content[ends[name]:])
		for i := cut; i < ends[name]; i++ {
			content[i] = byte(r.Uint32())
		}
	}
	return fmt.Sprintf("%s from byte %d on, which is between %d and %d", how, cut, from, to), os.WriteFile(newest, content, 0o600)
}

// TestTwoProcesses opens the folder of a store in which another process imports blocks. It is refused with kv.ErrLocked that names the folder, for as long as that process
// lives, and not hurt.
func TestTwoProcesses(t *testing.T) {
	if testing.Short() {
		t.Skip("starts processes")
	}
	const n = 25
	k, err := newKillRun(filepath.Join(t.TempDir(), "db"), 5, "")
	if err != nil {
		t.Fatal(err)
	}
	refused := 0
	k.meanwhile = func() error {
		for range n {
			_, err := OpenFolder(k.dir, MinMemory, k.options)
			if !errors.Is(err, kv.ErrLocked) || !strings.Contains(err.Error(), k.dir) {
				return fmt.Errorf("a second process: %v, expected kv.ErrLocked that names %s", err, k.dir)
			}
			refused++
		}
		return nil
	}
	for refused == 0 { // the first may be killed while it opens
		if _, err := k.live("any"); err != nil {
			t.Fatal(err)
		}
		if _, err := k.check(k.dir); err != nil {
			t.Fatal(err)
		}
	}
	t.Logf("FAULTS: %d openings of a folder that another process had open", refused)
}
