package db

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"slices"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/gotensor/gotensor/storage/kv"
)

// TestConcurrent reads states, old ones and held ones, and proves them, and checks the whole store, while blocks are imported, finalised, folded, pruned, reverted and imported again.
// Every read gives what the model has, or ErrPruned, or ErrUnknownBlock of a block that was dropped.
func TestConcurrent(t *testing.T) {
	for seed, options := range []Options{
		{KeepStates: 3, KeepBodies: 4, LayerMemory: 4000, NodeMemory: 5000, chunk: 300, write: 1500},
		{KeepStates: 1, KeepBodies: 1, LayerMemory: 1, NodeMemory: 1, chunk: 60, write: 200},
	} {
		t.Run(fmt.Sprint(seed), func(t *testing.T) { concurrent(t, uint64(seed), options) })
	}
}

func concurrent(t *testing.T, seed uint64, options Options) {
	g, err := newGenesis(seed)
	if err != nil {
		t.Fatal(err)
	}
	m, err := machineOn(kv.NewMemory(), g, options)
	if err != nil {
		t.Fatal(err)
	}
	defer m.close()
	var mu sync.Mutex
	blocks := []*modelBlock{g}
	done := make(chan struct{})
	var readers sync.WaitGroup
	fails := make(chan error, 5)
	whole := make([]atomic.Int64, 4) // states read by each
	var checks atomic.Int64
	readers.Go(func() {
		for {
			select {
			case <-done:
				return
			default:
			}
			checked, err := m.db.Check(3)
			if _, errC := m.db.Counts(); err != nil || errC != nil || checked.Found > 0 {
				fails <- fmt.Errorf("check: %w, %w, %q", err, errC, checked.Problems)
				return
			}
			m.db.Stats()
			checks.Add(1)
		}
	})
	for i := range 4 {
		readers.Go(func() {
			r := rand.New(rand.NewPCG(uint64(i), 23))
			for {
				select {
				case <-done:
					return
				default:
				}
				mu.Lock()
				b := blocks[len(blocks)-1-r.IntN(min(len(blocks), 12))]
				mu.Unlock()
				state, err := m.db.State(b.Hash)
				if errors.Is(err, ErrPruned) || errors.Is(err, ErrUnknownBlock) {
					continue
				}
				if err == nil {
					if r.IntN(2) == 0 {
						m.db.Settle() // so that what is below the state may be pruned
					}
					err = errors.Join(checkState(state, b), checkProof(r, state, b))
					state.Close()
					whole[i].Add(1)
				}
				if err != nil {
					fails <- fmt.Errorf("%s: %w", b.Point, err)
					return
				}
			}
		})
	}
	r := rand.New(rand.NewPCG(seed, 29))
	kinds := []string{"import", "import", "import", "import", "import", "again", "finalise", "revert", "best"}
	all := func() bool {
		return checks.Load() > 0 && !slices.ContainsFunc([]int{0, 1, 2, 3}, func(i int) bool { return whole[i].Load() == 0 })
	}
	for i := 0; (i < 300 || !all()) && len(fails) == 0; i++ { // until each has read
		if err := m.run(step{kinds[r.IntN(len(kinds))], r.Uint64()}); err != nil {
			t.Fatalf("step %d: %v", i, err)
		}
		mu.Lock()
		blocks = append(blocks, m.order[len(m.order)-1])
		mu.Unlock()
	}
	close(done)
	readers.Wait()
	select {
	case err := <-fails:
		t.Fatal(err)
	default:
	}
	if err := m.settle(); err != nil {
		t.Fatal(err)
	}
	for i := range whole {
		t.Logf("states read whole by reader %d: %d", i, whole[i].Load())
	}
	t.Logf("checks: %d", checks.Load())
}
