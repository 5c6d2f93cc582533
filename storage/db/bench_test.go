package db

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"math/rand/v2"
	"path/filepath"
	"runtime/debug"
	"slices"
	"testing"
	"time"

	"github.com/gotensor/gotensor/primitives/chain"
	"github.com/gotensor/gotensor/primitives/hash"
	"github.com/gotensor/gotensor/storage"
	"github.com/gotensor/gotensor/storage/kv"
)

// BenchmarkReadHead reads keys at random at the finalised head, beside an engine's own database of the same keys and values: with all keys alike, where what is read is in the kernel's
// cache and seldom in the engine's, and with 10,000 hot ones, which are in both. Both sides read each hot key once before, and as many others.
func BenchmarkReadHead(b *testing.B) {
	s := benchDB(b, *benchMemory, Options{KeepStates: 16})
	head := s.state(b, s.Head().Finalised)
	if benchEngines[*benchOn].bare == nil {
		b.Skipf("engine %q is not to be had bare", *benchOn)
	}
	bare := benchBare(b, s, head)
	r := rand.New(rand.NewPCG(3, 3))
	for _, set := range []struct {
		name string
		keys int
	}{{"any", 1 << 18}, {"hot", 10_000}} {
		list := make([]int, set.keys)
		keys, physical := make([][]byte, set.keys), make([][]byte, set.keys)
		for i := range list {
			list[i] = r.IntN(*benchKeys)
			keys[i] = benchKey(list[i])
			physical[i] = valueKey(nil, keys[i])
		}
		state := func(i int) {
			value, ok, err := head.Get(nil, keys[i])
			if err != nil || !ok {
				b.Fatal(ok, err)
			}
			if _, fits := wroteBench(value, list[i]); !fits {
				b.Fatalf("key %d has 0x%x", list[i], value)
			}
		}
		engine := func(i int) {
			value, err := bare.Get(physical[i])
			if err != nil || len(value) != 4+benchValueSize {
				b.Fatal(value, err)
			}
			if _, fits := wroteBench(value[4:], list[i]); !fits {
				b.Fatalf("key %d has 0x%x", list[i], value)
			}
		}
		walk := func(i int) {
			value, ok, err := head.tries().Get(nil, keys[i])
			if err != nil || !ok || len(value) != benchValueSize {
				b.Fatal(ok, err)
			}
		}
		for i := range list {
			state(i)
			engine(i)
		}
		turn := func(do func(int)) func() {
			i := 0
			return func() { i++; do(i % len(list)) }
		}
		b.Run(set.name, func(b *testing.B) {
			compare(b, 1000, side{"bare", turn(engine)}, side{"state", turn(state)})
		})
		b.Run(set.name+"/trie", func(b *testing.B) { // what a read costs that goes through the nodes
			compare(b, 100, side{"state", turn(state)}, side{"trie", turn(walk)})
		})
	}
	checkBench(b, head, r, 1000)
}

// benchBare makes a bare database of the head's values, as they are in the store.
func benchBare(b *testing.B, s benchStore, head *State) bareStore {
	b.Helper()
	dir := filepath.Join(b.TempDir(), "bare")
	create := true
	if *benchDir != "" {
		dir = filepath.Join(*benchDir, fmt.Sprintf("%s-%d-bare", *benchOn, *benchKeys))
		create = prepared(b, dir)
	}
	bare, err := benchEngines[*benchOn].bare(filepath.Join(dir, "store"), *benchMemory)
	if err != nil {
		b.Fatal(err)
	}
	if create {
		began := time.Now()
		var batch kv.Batch
		load := func() {
			if err := bare.Load(&batch); err != nil {
				b.Fatal(err)
			}
			batch = kv.Batch{}
		}
		it := s.store.Iterator(triePrefix(kindValue, nil, 0))
		for it.Next() {
			value, err := it.Value()
			if err != nil {
				b.Fatal(err)
			}
			if batch.Set(bytes.Clone(it.Key()), bytes.Clone(value)); len(batch.Ops) == 10_000 {
				load()
			}
		}
		if err := it.Err(); err != nil {
			b.Fatal(err)
		}
		it.Close()
		load()
		// Opened anew, as the store is: what was in memory is in tables.
		if err := bare.Close(); err != nil {
			b.Fatal(err)
		}
		if bare, err = benchEngines[*benchOn].bare(filepath.Join(dir, "store"), *benchMemory); err != nil {
			b.Fatal(err)
		}
		b.Logf("bare database: %v", time.Since(began).Round(time.Millisecond))
	}
	b.Cleanup(func() {
		if err := bare.Close(); err != nil {
			b.Error(err)
		} else if create && *benchDir != "" && !b.Failed() {
			finishPrepared(b, dir)
		}
	})
	return bare
}

// BenchmarkBlock is a block that changes so many keys, stage by stage: derive has the new root over the state of the parent, import stores the block, final makes it final, fold brings
// it into the finalised state, prune lets go of a state. What is written is counted as it is handed to the engine, and as the process gives it to the disk, compaction included.
func BenchmarkBlock(b *testing.B) {
	const keep = 8
	s := benchDB(b, *benchMemory, Options{KeepStates: keep, KeepBodies: keep})
	s.folder.stop() // what it does in the background is done here, by turns
	r := rand.New(rand.NewPCG(2, 2))
	for _, changed := range []int{1000, 10_000} {
		b.Run(fmt.Sprint(changed), func(b *testing.B) {
			var st stages
			block := func() {
				at := s.Head().Finalised
				changes := benchChanges(r, changed, at.Number+1)
				var next *Block
				var parent *State
				st.time(b, "derive", func() error { next, parent = s.author(b, at, changes); return nil })
				var h hash.H256
				st.time(b, "import", func() (err error) { h, err = s.Import(next); return err })
				parent.Close()
				st.time(b, "final", func() error { _, err := s.Finalise(h, nil); return err })
				st.time(b, "fold", func() error { return untilDone(s.foldNext, s.reap) })
				st.time(b, "prune", func() error { return untilDone(s.pruneNext) })
			}
			for range keep + 2 {
				block()
			}
			st = stages{}
			logical, physical := s.meter.bytes.Load(), diskWritten()
			for b.Loop() {
				block()
			}
			st.report(b)
			b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "blocks/s")
			b.ReportMetric(float64(s.meter.bytes.Load()-logical)/float64(b.N), "written-B/block")
			b.ReportMetric(float64(diskWritten()-physical)/float64(b.N), "disk-B/block")
			checkBench(b, s.state(b, s.Head().Finalised), r, 200)
		})
	}
}

func untilDone(steps ...func() (bool, error)) error {
	for _, step := range steps {
		for more := true; more; {
			var err error
			if more, err = step(); err != nil {
				return err
			}
		}
	}
	return nil
}

// BenchmarkHistory reads states of an archive at the head and 1, 100 and as many blocks back as the flag says: keys that were changed since, keys that were not, keys that are absent,
// and pages of 1,000 keys.
func BenchmarkHistory(b *testing.B) {
	const changed = 50
	blocks := *benchBlocks
	s := openBench(b, b.TempDir(), *benchMemory, Options{}, true)
	s.meter.lazy = true
	r := rand.New(rand.NewPCG(4, 4))
	first := s.Head().Finalised
	points, began, before := []Point{first}, time.Now(), s.Stats().Store.DiskBytes
	wrote := map[int][]chain.BlockNumber{} // by key, which blocks changed it
	for n := range blocks {
		changes := &storage.Changes{}
		for range changed {
			k := r.IntN(*benchKeys)
			changes.Top = append(changes.Top, storage.Change{Key: benchKey(k), Value: benchValue(k, chain.BlockNumber(n+1))})
			if list := wrote[k]; len(list) == 0 || list[len(list)-1] != chain.BlockNumber(n+1) {
				wrote[k] = append(list, chain.BlockNumber(n+1))
			}
		}
		block, parent := s.author(b, points[n], sorted(changes))
		h, err := s.Import(block)
		if err != nil {
			b.Fatal(err)
		}
		parent.Close()
		points = append(points, Point{block.Header.Number, h})
		if n%64 == 63 {
			s.finalised(b, points[n+1])
		}
	}
	s.finalised(b, points[blocks])
	if err := s.Settle(); err != nil {
		b.Fatal(err)
	}
	size := s.reopen(b, *benchMemory, Options{})
	b.Logf("%d blocks of %d changes: %v, %d kB on disk each", blocks, changed, time.Since(began).Round(time.Second), (size-before)/uint64(blocks)>>10)
	head := s.state(b, points[blocks])
	all := make([]int, 0, len(wrote))
	for k := range wrote {
		all = append(all, k)
	}
	slices.Sort(all)
	for _, back := range slices.Compact([]int{1, min(100, blocks), blocks}) {
		at := points[blocks-back]
		past := s.state(b, at)
		checkBench(b, past, r, 100)
		var since, kept, absent []int
		for _, k := range all {
			if list := wrote[k]; list[len(list)-1] > at.Number {
				since = append(since, k)
			}
		}
		for range 10_000 {
			if k := r.IntN(*benchKeys); wrote[k] == nil {
				kept = append(kept, k)
			}
			absent = append(absent, *benchKeys+r.IntN(*benchKeys))
		}
		r.Shuffle(len(since), func(i, j int) { since[i], since[j] = since[j], since[i] })
		since = since[:min(len(since), 10_000)]
		for _, c := range []struct {
			name string
			list []int
		}{{"changed", since}, {"kept", kept}, {"absent", absent}} {
			keys := make([][]byte, len(c.list))
			want := make([]chain.BlockNumber, len(c.list)) // which block wrote what the past state has
			for i, k := range c.list {
				keys[i] = benchKey(k)
				for _, n := range wrote[k] {
					if n <= at.Number {
						want[i] = n
					}
				}
			}
			read := func(state *State) func() {
				i := 0
				return func() {
					i = (i + 1) % len(keys)
					value, ok, err := state.Get(nil, keys[i])
					if err != nil || ok == (c.name == "absent") {
						b.Fatal(ok, err)
					}
					if !ok {
						return
					}
					if n, fits := wroteBench(value, c.list[i]); !fits || state == past && n != want[i] {
						b.Fatalf("key %d: written by block %d, want %d", c.list[i], n, want[i])
					}
				}
			}
			warm(read(head), len(keys))
			warm(read(past), len(keys))
			b.Run(fmt.Sprintf("get/%s/back-%d", c.name, back), func(b *testing.B) {
				compare(b, 200, side{"head", read(head)}, side{"past", read(past)})
			})
		}
		b.Run(fmt.Sprintf("page-1000/back-%d", back), func(b *testing.B) {
			page := func(state *State) func() {
				r := rand.New(rand.NewPCG(5, 5))
				return func() { benchPage(b, state, r, 1000) }
			}
			compare(b, 1, side{"head", page(head)}, side{"past", page(past)})
		})
	}
}

func warm(do func(), times int) {
	for range times {
		do()
	}
}

// benchPage reads a page of keys and values from a place at random.
func benchPage(b *testing.B, s storage.State, r *rand.Rand, size int) {
	from := append([]byte(benchPrefix), byte(r.IntN(255)))
	it := s.Iterate(nil, []byte(benchPrefix), from)
	defer it.Close()
	last, n := from, 0
	for n < min(size, *benchKeys/512) && it.Next() {
		value, err := it.Value()
		if err != nil || len(value) != benchValueSize || bytes.Compare(it.Key(), last) <= 0 {
			b.Fatalf("after 0x%x: 0x%x, %d bytes, %v", last, it.Key(), len(value), err)
		}
		last, n = append(last[:0], it.Key()...), n+1
	}
	if n == 0 || it.Err() != nil {
		b.Fatal(n, it.Err())
	}
}

// BenchmarkImport imports blocks with 1,000 changes, folds and prunes in the background as a node does, and reports the most memory that the process had besides mapped files, and the
// longest imports: what compaction holds up. The bound is the one that a node is given by --db-cache.
func BenchmarkImport(b *testing.B) {
	for _, bound := range []int64{256 << 20, 1 << 30} {
		b.Run(fmt.Sprintf("%dMiB", bound>>20), func(b *testing.B) {
			engine, options, err := divide(bound, Options{KeepStates: 256})
			if err != nil {
				b.Fatal(err)
			}
			s := openBench(b, b.TempDir(), engine.Memory, options, true)
			defer debug.SetMemoryLimit(debug.SetMemoryLimit(bound))
			collect()
			r := rand.New(rand.NewPCG(6, 6))
			var took []time.Duration
			line := []Point{s.Head().Finalised}
			physical := diskWritten()
			p := watchPeaks()
			for b.Loop() {
				at := line[len(line)-1]
				block, parent := s.author(b, at, benchChanges(r, 1000, at.Number+1))
				began := time.Now()
				h, err := s.Import(block)
				took = append(took, time.Since(began))
				if err != nil {
					b.Fatal(err)
				}
				parent.Close()
				if line = append(line, Point{at.Number + 1, h}); len(line) > 3 {
					s.finalised(b, line[1])
					line = line[1:]
				}
			}
			p.stop()
			slices.Sort(took)
			for _, q := range []struct {
				name string
				at   int
			}{{"import-ms", len(took) / 2}, {"import-p99-ms", len(took) * 99 / 100}, {"import-max-ms", len(took) - 1}} {
				b.ReportMetric(float64(took[q.at].Microseconds())/1000, q.name)
			}
			b.ReportMetric(float64(p.own>>20), "own-MiB")
			b.ReportMetric(float64(p.heap>>20), "heap-MiB")
			b.ReportMetric(float64(p.files>>20), "mapped-MiB")
			b.ReportMetric(float64(diskWritten()-physical)/float64(b.N), "disk-B/block")
			checkBench(b, s.state(b, line[len(line)-1]), r, 200)
		})
	}
}

// BenchmarkHotKey overwrites a value of 5 kB in each block, as a runtime does with its events: what its history takes, and what a read and a walk beside it cost at the head and in the past.
func BenchmarkHotKey(b *testing.B) {
	const size = 5 << 10
	blocks := *benchBlocks * 20
	defer func(n int) { *benchKeys = n }(*benchKeys)
	*benchKeys = min(*benchKeys, 10_000)
	s := openBench(b, b.TempDir(), *benchMemory, Options{}, true)
	s.folder.stop()
	s.meter.lazy = true
	hot := []byte(benchPrefix) // before all others
	value := func(n chain.BlockNumber) []byte {
		v := make([]byte, 0, size+benchValueSize)
		for len(v) < size {
			v = appendBenchValue(v, len(v), n)
		}
		return v[:size]
	}
	points := []Point{s.Head().Finalised}
	began := time.Now()
	var st stages
	for n := range chain.BlockNumber(blocks) {
		changes := &storage.Changes{Top: []storage.Change{{Key: hot, Value: value(n + 1)}}}
		block, parent := s.author(b, points[n], changes)
		var h hash.H256
		st.time(b, "import", func() (err error) { h, err = s.Import(block); return err })
		parent.Close()
		s.finalised(b, Point{n + 1, h})
		st.time(b, "fold", func() error { return untilDone(s.foldNext, s.reap) })
		points = append(points, Point{n + 1, h})
	}
	counts, err := s.Counts()
	if err != nil {
		b.Fatal(err)
	}
	st.report(b)
	for name, list := range st.spent {
		quarter := len(list) / 4
		slices.Sort(list[:quarter])
		slices.Sort(list[3*quarter:])
		b.Logf("%s: median of the first quarter of blocks %v, of the last %v, longest %v", name, list[quarter/2], list[3*quarter+quarter/2], slices.Max(list))
	}
	full := s.reopen(b, *benchMemory, Options{})
	b.Logf("%d blocks: %v, %d bytes of history and %d of index a block, %d MB on disk", blocks, time.Since(began).Round(time.Second),
		counts["history"].Bytes/uint64(blocks), counts["index"].Bytes/uint64(blocks), full>>20)
	s.folder.stop()
	sides := func(do func(b *testing.B, s *State)) func(b *testing.B) {
		return func(b *testing.B) {
			var list []side
			for _, c := range []struct {
				name string
				back int
			}{{"head", 0}, {"back-1", 1}, {"back-half", blocks / 2}, {"back-all", blocks - 1}} {
				state := s.state(b, points[blocks-c.back])
				list = append(list, side{c.name, func() { do(b, state) }})
			}
			compare(b, 10, list...)
		}
	}
	b.Run("get", sides(func(b *testing.B, s *State) {
		v, ok, err := s.Get(nil, hot)
		if err != nil || !ok || len(v) != size || binary.LittleEndian.Uint64(v)&0xffffffff != uint64(s.block.Number) {
			b.Fatalf("state of %s: %d bytes, %v, %v", s.block, len(v), ok, err)
		}
	}))
	b.Run("page-100", sides(func(b *testing.B, s *State) {
		it := s.Iterate(nil, []byte(benchPrefix), nil)
		defer it.Close()
		for i := range 100 {
			if !it.Next() {
				b.Fatal(it.Err())
			}
			if v, err := it.Value(); err != nil || i == 0 && len(v) != size || i > 0 && len(v) != benchValueSize {
				b.Fatal(len(v), err)
			}
		}
	}))
	b.Run("prune", func(b *testing.B) { // all but the last states, once
		s.options.KeepStates = 16
		began := time.Now()
		for b.Loop() {
			if err := untilDone(s.pruneNext); err != nil {
				b.Fatal(err)
			}
		}
		took := time.Since(began)
		if s.pruned.Swept < chain.BlockNumber(blocks-16) {
			b.Fatalf("swept up to %d", s.pruned.Swept)
		}
		b.ReportMetric(0, "ns/op")
		b.ReportMetric(float64(took.Nanoseconds())/float64(blocks-16), "ns/block")
		left := s.reopen(b, *benchMemory, Options{KeepStates: 16})
		b.Logf("%d MB on disk before, %d MB after", full>>20, left>>20)
	})
}
