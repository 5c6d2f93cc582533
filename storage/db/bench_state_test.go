package db

import (
	"bytes"
	"encoding/binary"
	"flag"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"runtime"
	"runtime/debug"
	"runtime/metrics"
	"slices"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/gotensor/gotensor/primitives/chain"
	"github.com/gotensor/gotensor/primitives/hash"
	"github.com/gotensor/gotensor/storage"
	"github.com/gotensor/gotensor/storage/kv"
	"github.com/gotensor/gotensor/storage/trie"
)

// What benchmarks run on.
var (
	benchKeys   = flag.Int("bench.keys", 1_000_000, "keys of the state")
	benchBlocks = flag.Int("bench.blocks", 1_000, "blocks of a benchmark of history; twenty times as many of one key")
	benchDir    = flag.String("bench.dir", "", "folder in which stores are kept and found again; where empty, each benchmark makes its own")
	benchMemory = flag.Int64("bench.memory", 512<<20, "memory bound of the key-value store in bytes")
	benchOn     = flag.String("bench.engine", "badger", "key-value store: badger or memory")
)

// benchEngine is a key-value store to measure over.
type benchEngine struct {
	open func(dir string, memory int64) (kv.DB, error)
	// bare opens a database of the engine without our code around it, with the same options, in a folder of its own; nil where there is none.
	bare func(dir string, memory int64) (bareStore, error)
}

// bareStore is an engine as its makers offer it.
type bareStore interface {
	Load(batch *kv.Batch) error
	Get(key []byte) ([]byte, error)
	Close() error
}

// benchEngines are the engines by name. A trial of another one adds a file to this package that puts it in.
var benchEngines = map[string]benchEngine{
	"memory": {open: func(string, int64) (kv.DB, error) { return kv.NewMemory(), nil }},
}

// Keys and values of the state are those of a map of accounts: a prefix of 32 bytes, the 16 of a hash, and 32 of an account; 80 bytes of value.
const (
	benchPrefix    = "a pallet's and an item's prefix."
	benchKeySize   = len(benchPrefix) + 16 + 32
	benchValueSize = 80
)

func appendBenchKey(dst []byte, i int) []byte {
	account := hash.Blake2b256(binary.BigEndian.AppendUint64(nil, uint64(i)))
	h := hash.Blake2b128(account[:])
	return append(append(append(dst, benchPrefix...), h[:]...), account[:]...)
}

func benchKey(i int) []byte { return appendBenchKey(make([]byte, 0, benchKeySize), i) }

// appendBenchValue appends what block n wrote at key i, so that every value tells whether it is in its place. No part of it is easily compressed.
func appendBenchValue(dst []byte, i int, n chain.BlockNumber) []byte {
	at, x := len(dst), uint64(i)<<32|uint64(n)
	dst = binary.LittleEndian.AppendUint64(dst, x)
	for len(dst) < at+benchValueSize {
		x += 0x9e3779b97f4a7c15
		y := (x ^ x>>30) * 0xbf58476d1ce4e5b9
		y = (y ^ y>>27) * 0x94d049bb133111eb
		dst = binary.LittleEndian.AppendUint64(dst, y^y>>31)
	}
	return dst
}

func benchValue(i int, n chain.BlockNumber) []byte {
	return appendBenchValue(make([]byte, 0, benchValueSize), i, n)
}

// wroteBench returns which block wrote a value at key i, and whether it is one of key i. It looks at eight bytes: fit for what is timed.
func wroteBench(value []byte, i int) (chain.BlockNumber, bool) {
	if len(value) != benchValueSize {
		return 0, false
	}
	x := binary.LittleEndian.Uint64(value)
	return chain.BlockNumber(uint32(x)), x>>32 == uint64(i)
}

// checkBench reads keys at random in a state whole, from the flat values and from the trie.
func checkBench(b *testing.B, s *State, r *rand.Rand, times int) {
	b.Helper()
	for range times {
		i := r.IntN(*benchKeys)
		key := benchKey(i)
		value, ok, err := s.Get(nil, key)
		n, fits := wroteBench(value, i)
		if err != nil || !ok || !fits || n > s.block.Number || !bytes.Equal(value, benchValue(i, n)) {
			b.Fatalf("key %d in the state of %s: 0x%x, %v, %v", i, s.block, value, ok, err)
		}
		again, ok, err := s.tries().Get(nil, key) // every node and value on the way has its hash
		if err != nil || !ok || !bytes.Equal(again, value) {
			b.Fatalf("key %d in the trie of %s: 0x%x, %v, %v", i, s.block, again, ok, err)
		}
	}
}

// benchGenesis returns a state in memory of the keys.
func benchGenesis(b *testing.B) *storage.TrieState {
	b.Helper()
	slab := make([]byte, 0, *benchKeys*(benchKeySize+benchValueSize))
	changes := &storage.Changes{Top: make([]storage.Change, *benchKeys)}
	for i := range changes.Top {
		at := len(slab)
		slab = appendBenchKey(slab, i)
		mid := len(slab)
		slab = appendBenchValue(slab, i, 0)
		changes.Top[i] = storage.Change{Key: slab[at:mid:mid], Value: slab[mid:len(slab):len(slab)]}
	}
	slices.SortFunc(changes.Top, func(x, y storage.Change) int { return bytes.Compare(x.Key, y.Key) })
	state, err := storage.NewMemoryState(changes, trie.V1)
	if err != nil {
		b.Fatal(err)
	}
	return state
}

// benchStore is a store under measurement.
type benchStore struct {
	*DB
	meter *meter
	dir   string
}

// benchDB opens a store with as many keys as the flag says: in the folder of the flag, where it is found again as the last benchmark left it, or in one of its own.
func benchDB(b *testing.B, memory int64, options Options) benchStore {
	b.Helper()
	if *benchDir == "" {
		return openBench(b, b.TempDir(), memory, options, true)
	}
	dir := filepath.Join(*benchDir, fmt.Sprintf("%s-%d", *benchOn, *benchKeys))
	return openBench(b, dir, memory, options, prepared(b, dir))
}

// preparedName is the file that says what a prepared folder holds. It is written when that is complete.
const preparedName = "PREPARED"

func preparedText() string {
	return fmt.Sprintf("format %d, %d keys of %d bytes, values of %d bytes\n", Format, *benchKeys, benchKeySize, benchValueSize)
}

// prepared makes an empty folder of dir unless it holds what is wanted. It tells whether it did.
func prepared(b *testing.B, dir string) bool {
	text, err := os.ReadFile(filepath.Join(dir, preparedName))
	if err == nil && string(text) == preparedText() {
		return false
	}
	if err == nil {
		b.Fatalf("folder %q holds %q, want %q: take it away", dir, text, preparedText())
	}
	if err := os.RemoveAll(dir); err != nil {
		b.Fatal(err)
	}
	if err := os.MkdirAll(dir, 0o755); err != nil {
		b.Fatal(err)
	}
	return true
}

func finishPrepared(b *testing.B, dir string) {
	if err := os.WriteFile(filepath.Join(dir, preparedName), []byte(preparedText()), 0o644); err != nil {
		b.Fatal(err)
	}
}

func openBench(b *testing.B, dir string, memory int64, options Options, create bool) benchStore {
	b.Helper()
	store := openEngine(b, filepath.Join(dir, "store"), memory)
	m := &meter{DB: store}
	var db *DB
	var err error
	if create {
		began := time.Now()
		func() {
			defer debug.SetGCPercent(debug.SetGCPercent(40)) // ten million keys are to fit into the memory of a small machine
			state := benchGenesis(b)
			db, err = Create(m, chain.Header{StateRoot: state.Root()}, state, options)
		}()
		if err == nil {
			err = store.Sync()
		}
		debug.FreeOSMemory()
		b.Logf("genesis of %d keys: %v, %d MB on disk", *benchKeys, time.Since(began).Round(time.Millisecond), store.Stats().DiskBytes>>20)
	} else {
		db, err = Open(m, options)
	}
	if err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() {
		if err := db.Close(); err != nil {
			b.Error(err)
		}
		if create && dir != "" && *benchDir != "" && !b.Failed() {
			finishPrepared(b, dir)
		}
	})
	if err := db.Settle(); err != nil {
		b.Fatal(err)
	}
	calm()
	return benchStore{db, m, dir}
}

// calm waits until the compaction of what was written before has come to an end, two minutes at most.
func calm() {
	last := diskWritten()
	for range 120 {
		time.Sleep(time.Second)
		now := diskWritten()
		if now-last < 1<<20 {
			return
		}
		last = now
	}
}

func openEngine(b *testing.B, dir string, memory int64) kv.DB {
	b.Helper()
	engine, ok := benchEngines[*benchOn]
	if !ok {
		b.Fatalf("no engine %q", *benchOn)
	}
	store, err := engine.open(dir, memory)
	if err != nil {
		b.Fatal(err)
	}
	return store
}

// meter counts what is written to a store.
type meter struct {
	kv.DB
	bytes, ops atomic.Int64
	lazy       bool // nothing is durable: for blocks that are not what is measured
}

func (m *meter) Write(batch *kv.Batch, durable bool) error {
	m.bytes.Add(int64(batch.Size()))
	m.ops.Add(int64(len(batch.Ops)))
	return m.DB.Write(batch, durable && !m.lazy)
}

// benchChanges are what block n changes, at so many keys at random.
func benchChanges(r *rand.Rand, changed int, n chain.BlockNumber) *storage.Changes {
	changes := &storage.Changes{Top: make([]storage.Change, changed)}
	for i := range changes.Top {
		k := r.IntN(*benchKeys)
		changes.Top[i] = storage.Change{Key: benchKey(k), Value: benchValue(k, n)}
	}
	return sorted(changes)
}

func sorted(c *storage.Changes) *storage.Changes {
	slices.SortFunc(c.Top, func(x, y storage.Change) int { return bytes.Compare(x.Key, y.Key) })
	c.Top = slices.CompactFunc(c.Top, func(x, y storage.Change) bool { return bytes.Equal(x.Key, y.Key) })
	return c
}

// author makes the block with these changes. The state of the parent is to be closed after its import.
func (s benchStore) author(b *testing.B, parent Point, changes *storage.Changes) (*Block, *State) {
	b.Helper()
	state, err := s.State(parent.Hash)
	if err != nil {
		b.Fatal(err)
	}
	next, err := state.Derive(changes, trie.V1)
	if err != nil {
		b.Fatal(err)
	}
	return &Block{Header: chain.Header{ParentHash: parent.Hash, Number: parent.Number + 1, StateRoot: next.Root()}, Changes: changes, State: next}, state
}

func (s benchStore) finalised(b *testing.B, at Point) {
	b.Helper()
	if _, err := s.Finalise(at.Hash, nil); err != nil {
		b.Fatal(err)
	}
}

func (s benchStore) state(b *testing.B, at Point) *State {
	b.Helper()
	state, err := s.State(at.Hash)
	if err != nil {
		b.Fatal(err)
	}
	b.Cleanup(state.Close)
	return state
}

// side is one of several things that are compared.
type side struct {
	name string
	do   func()
}

// compare measures sides in turn, in rounds of so many operations, so that whatever else the machine does meets all of them. Reported are nanoseconds an operation of each
// side, and the median over rounds of its ratio to the first one.
func compare(b *testing.B, operations int, sides ...side) {
	b.Helper()
	spent := make([]time.Duration, len(sides))
	ratios := make([][]float64, len(sides))
	rounds := 0
	for b.Loop() {
		round := make([]time.Duration, len(sides))
		for k := range sides {
			i := (k + rounds) % len(sides) // nobody is always the first
			began := time.Now()
			for range operations {
				sides[i].do()
			}
			round[i] = time.Since(began)
			spent[i] += round[i]
		}
		for i := range sides {
			ratios[i] = append(ratios[i], float64(round[i])/float64(round[0]))
		}
		rounds++
	}
	b.ReportMetric(0, "ns/op")
	for i, s := range sides {
		b.ReportMetric(float64(spent[i].Nanoseconds())/float64(rounds*operations), s.name+"-ns")
		if i > 0 {
			slices.Sort(ratios[i])
			b.ReportMetric(ratios[i][rounds/2], s.name+"/"+sides[0].name)
		}
	}
}

// stages adds up what the stages of a block take.
type stages struct {
	names []string
	spent map[string][]time.Duration
}

func (s *stages) time(b *testing.B, name string, do func() error) {
	b.Helper()
	began := time.Now()
	err := do()
	took := time.Since(began)
	if err != nil {
		b.Fatalf("%s: %v", name, err)
	}
	if s.spent == nil {
		s.spent = map[string][]time.Duration{}
	}
	if s.spent[name] == nil {
		s.names = append(s.names, name)
	}
	s.spent[name] = append(s.spent[name], took)
}

// report reports the median of each stage in milliseconds.
func (s *stages) report(b *testing.B) {
	for _, name := range s.names {
		list := slices.Clone(s.spent[name])
		slices.Sort(list)
		b.ReportMetric(float64(list[len(list)/2].Microseconds())/1000, name+"-ms")
	}
}

// diskWritten is how many bytes the process has given to the disk, 0 where the system does not tell.
func diskWritten() int64 { return procNumber("/proc/self/io", "write_bytes:") }

// resident is what the process has in memory of its own, not of mapped files, in bytes; 0 where the system does not tell.
func resident() int64 { return procNumber("/proc/self/status", "RssAnon:") << 10 }

func procNumber(file, name string) int64 {
	text, _ := os.ReadFile(file)
	for line := range strings.Lines(string(text)) {
		if fields := strings.Fields(line); len(fields) > 1 && fields[0] == name {
			n, _ := strconv.ParseInt(fields[1], 10, 64)
			return n
		}
	}
	return 0
}

// peaks watches memory until stop.
type peaks struct {
	own, files, heap int64 // bytes: resident besides files, resident of mapped files, live and dead objects of the Go heap
	quit             chan struct{}
	done             sync.WaitGroup
}

func watchPeaks() *peaks {
	p := &peaks{quit: make(chan struct{})}
	sample := []metrics.Sample{{Name: "/memory/classes/heap/objects:bytes"}}
	p.done.Go(func() {
		for {
			metrics.Read(sample)
			p.heap = max(p.heap, int64(sample[0].Value.Uint64()))
			p.own = max(p.own, resident())
			p.files = max(p.files, procNumber("/proc/self/status", "RssFile:")<<10)
			select {
			case <-p.quit:
				return
			case <-time.After(20 * time.Millisecond):
			}
		}
	})
	return p
}

func (p *peaks) stop() {
	close(p.quit)
	p.done.Wait()
}

// reopen closes a store and opens it again, so that everything written is in tables, and returns its size.
func (s *benchStore) reopen(b *testing.B, memory int64, options Options) uint64 {
	b.Helper()
	if *benchOn == "memory" {
		return s.Stats().Store.DiskBytes
	}
	if err := s.Close(); err != nil {
		b.Fatal(err)
	}
	next := openBench(b, s.dir, memory, options, false)
	s.DB, s.meter = next.DB, next.meter
	return s.Stats().Store.DiskBytes
}

func collect() {
	runtime.GC()
	debug.FreeOSMemory()
}
