package db

import (
	"errors"
	"flag"
	"fmt"
	"maps"
	"math/rand/v2"
	"slices"
	"sync"
	"testing"

	"github.com/gotensor/gotensor/storage/kv"
	"github.com/gotensor/gotensor/storage/kv/kvtest"
)

// snapshot returns a copy of the model.
func (m *machine) snapshot() *machine {
	c := *m
	c.alive, c.order, c.dead = maps.Clone(m.alive), slices.Clone(m.order), slices.Clone(m.dead)
	c.offchain, c.aux, c.js, c.held, c.walks = maps.Clone(m.offchain), maps.Clone(m.aux), maps.Clone(m.js), nil, nil
	return &c
}

// TestCrash crashes after every write of random sequences. What is opened again is what the last durable write left, whole, or that and more of what is done in
// the background; and it goes on from there, also where the crash comes again and again while it does.
func TestCrash(t *testing.T) {
	seeds := *crashRuns
	if testing.Short() {
		seeds = 1
	}
	crashes := 0
	for seed := range seeds {
		n, err := crashes1(seed)
		if err != nil {
			t.Fatalf("seed %d: %v", seed, err)
		}
		crashes += n
	}
	t.Logf("FAULTS: %d crashes played back", crashes)
}

var crashRuns = flag.Uint64("crash.runs", 4, "seeds of the crash test")

func crashes1(seed uint64) (int, error) {
	g, err := newGenesis(seed)
	if err != nil {
		return 0, err
	}
	r := rand.New(rand.NewPCG(seed, 11))
	kinds := []string{"import", "import", "import", "import", "import", "again", "finalise", "revert", "best", "justify", "aux", "hold", "release"}
	recorder := kvtest.NewRecorder(kv.NewMemory())
	options := randomOptions(r)
	options.chunk, options.write = 200, 900 // most blocks take several writes
	m, err := machineOn(recorder, g, options)
	if err != nil {
		return 0, err
	}
	begun := recorder.Now()
	after := map[int]*machine{begun: m.snapshot()} // what is to be found where that moment is the last durable one
	for range 40 {
		if err := m.run(step{kinds[r.IntN(len(kinds))], r.Uint64()}); err != nil {
			return 0, err
		}
		if r.IntN(2) == 0 { // else the next step comes while work goes on
			if err := m.db.Settle(); err != nil {
				return 0, err
			}
		}
		if durable := recorder.Durable(recorder.Now()); after[durable] == nil {
			after[durable] = m.snapshot()
		}
	}
	if err := m.db.Settle(); err != nil {
		return 0, err
	}
	m.close()
	crashes := 0
	for now := begun; now <= recorder.Now(); now++ {
		durable := recorder.Durable(now)
		if after[durable] == nil {
			return 0, fmt.Errorf("moment %d is durable and belongs to no step", durable)
		}
		if err := after[durable].snapshot().readStuck(recorder.At(now), r); err != nil {
			return 0, fmt.Errorf("crash at %d, durable %d, nothing done since: %w", now, durable, err)
		}
		if err := after[durable].snapshot().lookAt(recorder.At(now)); err != nil {
			return 0, fmt.Errorf("crash at %d, durable %d, looked at: %w", now, durable, err)
		}
		store, n, err := crashAgain(r, recorder.At(now), options)
		if err != nil {
			return 0, fmt.Errorf("crashes after %d: %w", now, err)
		}
		crashes += 1 + n
		c := after[durable].snapshot()
		if err := c.goOn(store, r); err != nil {
			return 0, fmt.Errorf("crash at %d, durable %d, and %d more: %w", now, durable, n, err)
		}
	}
	return crashes, nil
}

// stuck is a store whose index cannot be read, so that nothing is folded or pruned.
type stuck struct {
	*kv.Memory
	index *kvtest.Faults
}

func (s *stuck) Iterator(prefix []byte) kv.Iterator {
	if len(prefix) > 0 && prefix[0] == kindIndex {
		return s.index.Iterator(prefix)
	}
	return s.Memory.Iterator(prefix)
}

// readStuck opens a store that crashed and reads all states as they are, in the middle of a fold or of pruning.
func (m *machine) readStuck(store *kv.Memory, r *rand.Rand) (err error) {
	faults := kvtest.NewFaults(store)
	faults.Fail(kvtest.Steps, func() error { return errDisk })
	if m.db, err = Open(&stuck{store, faults}, m.options); err != nil {
		return err
	}
	defer m.close()
	for _, b := range m.order {
		if err := m.read(r, b, false); err != nil {
			return fmt.Errorf("%s: %w", b.Point, err)
		}
	}
	return m.checkHead()
}

// lookAt opens a store that crashed without work in the background: all is right in it as it is, and nothing is written.
func (m *machine) lookAt(store *kv.Memory) (err error) {
	m.options.Still = true
	if m.db, err = Open(store, m.options); err != nil {
		return err
	}
	defer m.close()
	before := store.Stats().Writes
	checked, err := m.db.Check(1)
	if err != nil || checked.Found > 0 {
		return fmt.Errorf("check: %w, %d problems: %q", err, checked.Found, checked.Problems)
	}
	if err := errors.Join(m.db.Settle(), m.checkHead(), m.checkAux()); err != nil {
		return err
	}
	if n := store.Stats().Writes - before; n > 0 {
		return fmt.Errorf("%d writes", n)
	}
	return nil
}

// crashAgain crashes a few times at one of the first writes after the store was opened, and returns what is left.
func crashAgain(r *rand.Rand, store *kv.Memory, options Options) (*kv.Memory, int, error) {
	times := r.IntN(5)
	for range times {
		recorder := kvtest.NewRecorder(store)
		faults := kvtest.NewFaults(recorder)
		faults.CrashAt(kvtest.Writes, 1+r.IntN(4), r.IntN(2) == 0)
		db, err := Open(faults, options)
		if err != nil {
			return nil, 0, err
		}
		if err := db.Settle(); err != nil && !errors.Is(err, kvtest.ErrCrashed) {
			return nil, 0, err
		}
		db.Close()
		now := recorder.Now()
		durable := recorder.Durable(now)
		store = recorder.At(durable + r.IntN(now-durable+1))
	}
	return store, times, nil
}

// goOn opens a store that crashed, checks all of it and runs a few steps.
func (m *machine) goOn(store kv.DB, r *rand.Rand) (err error) {
	if m.db, err = Open(store, m.options); err != nil {
		return err
	}
	defer m.close()
	if err := m.checkHead(); err != nil {
		return err
	}
	for range 2 {
		if err := m.run(step{stepKinds[r.IntN(12)], r.Uint64()}); err != nil {
			return err
		}
		if err := m.settle(); err != nil {
			return err
		}
	}
	return nil
}

// TestCrashGenesis crashes at every write of Create. It can be done again for the same block, and for no other.
func TestCrashGenesis(t *testing.T) {
	g, other := twoGeneses(t)
	recorder := kvtest.NewRecorder(kv.NewMemory())
	m, err := machineOn(recorder, g, Options{write: 100})
	if err != nil {
		t.Fatal(err)
	}
	m.close()
	n := recorder.Now()
	if n < 10 {
		t.Fatalf("%d writes", n)
	}
	for cut := range n {
		store := recorder.At(cut)
		if _, err := Open(store, Options{}); !errors.Is(err, ErrEmpty) {
			t.Fatalf("open after %d of %d writes: %v", cut, n, err)
		}
		if _, err := Create(store, other.header, other.memory, Options{}); cut > 0 && !errors.Is(err, ErrBlock) {
			t.Fatalf("create another after %d writes: %v", cut, err)
		} else if cut == 0 && err != nil {
			t.Fatal(err)
		} else if cut == 0 {
			continue
		}
		c := m.snapshot()
		if c.db, err = Create(store, g.header, g.memory, Options{}); err != nil {
			t.Fatalf("create again after %d writes: %v", cut, err)
		}
		if err := c.settle(); err != nil {
			t.Fatal(err)
		}
		c.close()
	}
}

var errDisk = errors.New("injected disk error")

// TestFaults runs random steps over a store whose writes fail now and then: for want of room, after which it goes on, or for good, after which it is opened
// again. Where the caller saw an error nothing has changed.
func TestFaults(t *testing.T) {
	full, broken := 0, 0
	for seed := range uint64(20) {
		g, err := newGenesis(seed)
		if err != nil {
			t.Fatal(err)
		}
		r := rand.New(rand.NewPCG(seed, 13))
		memory := kv.NewMemory()
		store := kvtest.NewFaults(memory)
		options := randomOptions(r)
		options.chunk, options.write = 300, 1500
		m, err := machineOn(store, g, options)
		if err != nil {
			t.Fatal(err)
		}
		faults := rand.New(rand.NewPCG(seed, 17))
		fail := func() error {
			switch faults.IntN(40) {
			case 0:
				broken++
				return errDisk
			case 1, 2, 3, 4:
				full++
				return []error{kv.ErrFull, kv.ErrLimit}[full%2]
			}
			return nil
		}
		store.Fail(kvtest.Writes, fail)
		for range 120 {
			err := m.run(step{stepKinds[r.IntN(len(stepKinds)-1)], r.Uint64()})
			switch {
			case errors.Is(err, kv.ErrFull), errors.Is(err, kv.ErrLimit):
			case errors.Is(err, errDisk) || errors.Is(err, ErrBroken):
				m.close()
				memory = memory.Clone()
				store = kvtest.NewFaults(memory)
				store.Fail(kvtest.Writes, fail)
				m.db, err = Open(store, m.options)
				if err != nil {
					t.Fatalf("seed %d: %v", seed, err)
				}
			case err != nil:
				t.Fatalf("seed %d: %v", seed, err)
			}
			if err := m.checkHead(); err != nil {
				t.Fatalf("seed %d: %v", seed, err)
			}
		}
		m.close()
	}
	if full == 0 || broken == 0 {
		t.Fatalf("%d full, %d broken", full, broken)
	}
	t.Logf("FAULTS: %d writes found the disk full, %d broke", full, broken)
}

// TestEveryFault has each read and each write of a sequence of steps fail, one in each run. Whoever is told of it finds nothing changed, and does it again; a read that
// fails is never taken for something that is not there. What fails in the background is done again.
func TestEveryFault(t *testing.T) {
	kinds := []string{"import", "import", "read", "finalise", "import", "again", "page", "settle", "import", "best", "import", "read", "justify", "offchain", "aux", "route", "settle",
		"finalise", "revert", "prove", "settle"}
	for _, c := range []struct {
		name  string
		kinds kvtest.Kind
		err   error
		every int // of the operations, unless the flag asks for all
	}{
		{"read", kvtest.Reads, errDisk, 31},
		{"full", kvtest.Writes, kv.ErrFull, 1},
		{"write", kvtest.Writes, errDisk, 1},
	} {
		t.Run(c.name, func(t *testing.T) {
			runs, told := 0, 0
			for seed := range *faultRuns {
				r := rand.New(rand.NewPCG(seed, 37))
				base, err := newMachine(seed)
				if err != nil {
					t.Fatal(err)
				}
				base.options.KeepBodies = 3
				for range 15 {
					if err := base.run(step{[]string{"import", "import", "finalise"}[r.IntN(3)], r.Uint64()}); err != nil {
						t.Fatal(err)
					}
				}
				// As a crash leaves it, with work to be done.
				memory := base.db.store.(*kv.Memory).Clone()
				base.close()
				steps := make([]step, len(kinds))
				for i, kind := range kinds {
					steps[i] = step{kind, r.Uint64()}
				}
				every := c.every
				if *faultRuns > 1 {
					every = 1
				}
				for at := 1; ; at += every {
					faults := kvtest.NewFaults(memory.Clone())
					faults.FailAt(c.kinds, at, c.err)
					m := base.snapshot()
					n, err := m.runOver(faults, steps, c.err)
					if err != nil {
						t.Fatalf("seed %d, operation %d: %v", seed, at, err)
					}
					if n > 0 {
						told++
					}
					if runs++; faults.Count(c.kinds) < at {
						break
					}
				}
			}
			t.Logf("FAULTS: %d faults, %d of them in front of the caller", runs, told)
			if told == 0 {
				t.Error("no caller was told of a fault")
			}
		})
	}
}

var faultRuns = flag.Uint64("fault.runs", 1, "seeds of the test of every fault")

// runOver opens a store and runs steps on it. One that fails with fault is done again; it returns how many did.
func (m *machine) runOver(store *kvtest.Faults, steps []step, fault error) (met int, err error) {
	var mu sync.Mutex
	var logged error
	m.options.Log = func(err error) {
		mu.Lock()
		defer mu.Unlock()
		if !errors.Is(err, fault) {
			logged = err
		}
	}
	open := func() error {
		var err error
		m.db, err = Open(store, m.options)
		return err
	}
	again := func(do func() error) error {
		err := do()
		if err == nil {
			return nil
		}
		if !errors.Is(err, fault) {
			return err
		}
		if err.Error() == fault.Error() {
			return fmt.Errorf("the error does not say what was being done: %q", err)
		}
		met++
		if m.broken() {
			m.close()
			store = kvtest.NewFaults(store.Inner().(*kv.Memory).Clone())
			if err := open(); err != nil {
				return fmt.Errorf("open again: %w", err)
			}
		}
		if err := do(); err != nil {
			return fmt.Errorf("again: %w", err)
		}
		return nil
	}
	m.db = nil
	if err := again(open); err != nil {
		return met, fmt.Errorf("open: %w", err)
	}
	defer func() { m.close() }()
	for i, s := range steps {
		err := again(func() error {
			if s.kind == "settle" {
				return m.db.Settle()
			}
			return m.run(s)
		})
		if err == nil {
			err = again(m.checkHead)
		}
		if err != nil {
			return met, fmt.Errorf("step %d %s: %w", i, s, err)
		}
	}
	if err := again(m.db.Settle); err != nil {
		return met, err
	}
	if err := m.db.Stats().Failure; err != nil {
		return met, fmt.Errorf("the background work goes on, and says it does not: %w", err)
	}
	if err := again(m.settle); err != nil {
		return met, err
	}
	mu.Lock()
	defer mu.Unlock()
	return met, logged
}

// broken tells whether the store is to be opened again.
func (m *machine) broken() bool {
	if m.db == nil {
		return false
	}
	m.db.writing.Lock()
	defer m.db.writing.Unlock()
	return m.db.broken != nil
}
