package db

import (
	"errors"
	"fmt"
	"maps"
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/gotensor/gotensor/storage/kv"
	"github.com/gotensor/gotensor/storage/kv/kvtest"
)

// snapshot returns a copy of the model.
func (m *machine) snapshot() *machine {
	c := *m
	c.alive, c.order, c.dead = maps.Clone(m.alive), slices.Clone(m.order), slices.Clone(m.dead)
	c.offchain, c.js, c.held, c.walks = maps.Clone(m.offchain), maps.Clone(m.js), nil, nil
	return &c
}

// TestCrash crashes after every write of random sequences. What is opened again is what the last durable
// write left, whole; and it goes on from there.
func TestCrash(t *testing.T) {
	seeds := uint64(4)
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
	t.Logf("%d crashes", crashes)
}

func crashes1(seed uint64) (int, error) {
	g, err := newGenesis(seed)
	if err != nil {
		return 0, err
	}
	r := rand.New(rand.NewPCG(seed, 11))
	kinds := []string{"import", "import", "import", "import", "import", "finalise", "revert", "best", "justify", "hold", "release"}
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
		if err := m.db.Settle(); err != nil {
			return 0, err
		}
		if durable := recorder.Durable(recorder.Now()); after[durable] == nil {
			after[durable] = m.snapshot()
		}
	}
	m.close()
	crashes := 0
	for now := begun; now <= recorder.Now(); now++ {
		durable := recorder.Durable(now)
		if after[durable] == nil {
			return 0, fmt.Errorf("moment %d is durable and belongs to no step", durable)
		}
		c := after[durable].snapshot()
		if err := c.goOn(recorder.At(now), r); err != nil {
			return 0, fmt.Errorf("crash at %d, durable %d: %w", now, durable, err)
		}
		crashes++
	}
	return crashes, nil
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
	for range 3 {
		if err := m.settle(); err != nil {
			return err
		}
		if err := m.run(step{stepKinds[r.IntN(12)], r.Uint64()}); err != nil {
			return err
		}
	}
	return m.settle()
}

// TestCrashGenesis crashes at every write of Create. It can be done again for the same block, and for no other.
func TestCrashGenesis(t *testing.T) {
	g, err := newGenesis(1)
	if err != nil {
		t.Fatal(err)
	}
	other, err := newGenesis(2)
	if err != nil {
		t.Fatal(err)
	}
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
				return kv.ErrFull
			}
			return nil
		}
		store.Fail(kvtest.Writes, fail)
		for range 120 {
			err := m.run(step{stepKinds[r.IntN(len(stepKinds)-1)], r.Uint64()})
			switch {
			case errors.Is(err, kv.ErrFull):
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
	t.Logf("%d writes found the disk full, %d broke", full, broken)
}
