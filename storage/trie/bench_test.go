package trie

import (
	"bytes"
	"encoding/binary"
	"math/rand/v2"
	"runtime"
	"slices"
	"syscall"
	"testing"
	"time"

	geth "github.com/ethereum/go-ethereum/trie"

	"github.com/gotensor/gotensor/primitives/hash"
)

// storagePairs makes keys as Substrate makes them: twox128 of a pallet and of an item, then for most items blake2_128_concat
// of an account, for some twox_64_concat of a number; 42 to 80 bytes. Values have 60 to 100 bytes. The order is random.
func storagePairs(n int) []Pair {
	r := rand.New(rand.NewPCG(8, uint64(n)))
	items := []struct{ pallet, item string }{
		{"System", "Account"}, {"System", "Account"}, {"System", "Account"}, {"SubtensorModule", "Owner"},
		{"SubtensorModule", "TotalHotkeyAlpha"}, {"Balances", "Locks"}, {"SubtensorModule", "Axons"}, {"System", "BlockHash"},
	}
	pairs := make([]Pair, n)
	for i := range pairs {
		item := items[r.IntN(len(items))]
		a, b := hash.Twox128([]byte(item.pallet)), hash.Twox128([]byte(item.item))
		key := make([]byte, 0, 80)
		key = append(append(key, a[:]...), b[:]...)
		if item.item == "BlockHash" {
			var number [4]byte
			binary.LittleEndian.PutUint32(number[:], uint32(i))
			sum := hash.Twox64(number[:])
			key = append(append(key, sum[:]...), number[:]...)
		} else {
			var account [32]byte
			for j := range 4 {
				binary.LittleEndian.PutUint64(account[8*j:], r.Uint64())
			}
			sum := hash.Blake2b128(account[:])
			key = append(append(key, sum[:]...), account[:]...)
		}
		pairs[i] = Pair{key, benchValue(r)}
	}
	return pairs
}

func benchValue(r *rand.Rand) []byte {
	v := make([]byte, 60+r.IntN(41))
	for j := 0; j+8 <= len(v); j += 8 {
		binary.LittleEndian.PutUint64(v[j:], r.Uint64())
	}
	return v
}

func sortedPairs(pairs []Pair) []Pair {
	pairs = slices.Clone(pairs)
	slices.SortFunc(pairs, func(a, b Pair) int { return bytes.Compare(a.Key, b.Key) })
	return pairs
}

// flat holds pairs in memory without pointers, so that collecting garbage costs what the tries cost and not what the
// benchmark's own data does.
type flat struct {
	data []byte
	ends []uint32 // of each key and each value
}

func flatten(pairs []Pair) *flat {
	f := new(flat)
	for _, p := range pairs {
		f.data = append(f.data, p.Key...)
		f.ends = append(f.ends, uint32(len(f.data)))
		f.data = append(f.data, p.Value...)
		f.ends = append(f.ends, uint32(len(f.data)))
	}
	return f
}

func (f *flat) len() int { return len(f.ends) / 2 }

func (f *flat) at(i int) (key, value []byte) {
	start := uint32(0)
	if i > 0 {
		start = f.ends[2*i-1]
	}
	mid, end := f.ends[2*i], f.ends[2*i+1]
	return f.data[start:mid:mid], f.data[mid:end:end]
}

const (
	benchKeys    = 1_000_000
	benchChanges = benchKeys / 100
)

// contender is a trie under measurement.
type contender interface {
	put(key, value []byte)
	root() hash.H256
}

type ours struct {
	t *Trie
	v Version
}

func (o ours) put(key, value []byte) {
	if err := o.t.Put(key, value, o.v); err != nil {
		panic(err)
	}
}
func (o ours) root() hash.H256 { return o.t.Root() }

type gethTrie struct{ t *geth.Trie }

func (g gethTrie) put(key, value []byte) {
	if err := g.t.Update(key, value); err != nil {
		panic(err)
	}
}
func (g gethTrie) root() hash.H256 { return hash.H256(g.t.Hash()) }

// BenchmarkMillion inserts a million keys in random order, calculates the root, changes one key in a hundred and calculates
// the root again, all on one thread, in our trie under both versions and in go-ethereum's. Roots are checked against a
// second way to calculate them. Times are processor times, collection of garbage included. The snapshot is as one is taken after each block: the changes copy what they touch.
func BenchmarkMillion(b *testing.B) {
	pairs := storagePairs(benchKeys)
	r := rand.New(rand.NewPCG(1, 1))
	changes := make([]Pair, benchChanges)
	for i := range changes {
		changes[i] = Pair{pairs[r.IntN(len(pairs))].Key, benchValue(r)}
	}
	before := sortedPairs(pairs)
	after := sorted(append(slices.Clone(before), changes...))
	flatPairs, flatChanges := flatten(pairs), flatten(changes)
	ethRoot := func(pairs []Pair) hash.H256 {
		s := geth.NewStackTrie(nil)
		for _, p := range pairs {
			if err := s.Update(p.Key, p.Value); err != nil {
				b.Fatal(err)
			}
		}
		return hash.H256(s.Hash())
	}
	contenders := []struct {
		name string
		make func() contender
		root func([]Pair) hash.H256
		want [2]hash.H256
	}{
		{"gotensor-v1", func() contender { return ours{New(), V1} }, func(p []Pair) hash.H256 { return RootOf(p, V1) }, [2]hash.H256{}},
		{"gotensor-v0", func() contender { return ours{New(), V0} }, func(p []Pair) hash.H256 { return RootOf(p, V0) }, [2]hash.H256{}},
		{"gotensor-v0-keccak", func() contender { return ours{NewWith(Keccak), V0} }, func(p []Pair) hash.H256 { return Keccak.RootOf(p, V0) }, [2]hash.H256{}},
		{"go-ethereum", func() contender {
			return gethTrie{geth.NewEmpty(nil)} // the empty trie never asks its database
		}, ethRoot, [2]hash.H256{}},
	}
	for i, c := range contenders {
		contenders[i].want = [2]hash.H256{c.root(before), c.root(after)}
	}
	pairs, changes, before, after = nil, nil, nil, nil
	for _, c := range contenders {
		b.Run(c.name, func(b *testing.B) {
			defer runtime.GOMAXPROCS(runtime.GOMAXPROCS(1))
			var insert, root, reroot time.Duration
			var heap uint64
			for b.Loop() {
				b.StopTimer()
				base := heapInUse()
				b.StartTimer()
				start := cpuTime()
				t := c.make()
				for i := range flatPairs.len() {
					t.put(flatPairs.at(i))
				}
				insert += cpuTime() - start
				start = cpuTime()
				got1 := t.root()
				root += cpuTime() - start
				b.StopTimer()
				heap = heapInUse() - base
				if o, ok := t.(ours); ok {
					o.t.Snapshot()
				}
				b.StartTimer()
				start = cpuTime()
				for i := range flatChanges.len() {
					t.put(flatChanges.at(i))
				}
				got2 := t.root()
				reroot += cpuTime() - start
				if got := [2]hash.H256{got1, got2}; got != c.want {
					b.Fatalf("roots %s, want %s", got, c.want)
				}
			}
			n := float64(b.N) * 1e6
			b.ReportMetric(float64(insert+root+reroot)/n, "total-ms")
			b.ReportMetric(float64(insert)/n, "insert-ms")
			b.ReportMetric(float64(root)/n, "root-ms")
			b.ReportMetric(float64(reroot)/n, "reroot-ms")
			b.ReportMetric(float64(heap)/(1<<20), "heap-MiB")
		})
	}
}

// cpuTime is the processor time of this process: other work on the machine does not count.
func cpuTime() time.Duration {
	var u syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &u); err != nil {
		panic(err)
	}
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}

func heapInUse() uint64 {
	runtime.GC()
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return m.HeapAlloc
}

// BenchmarkRootOf builds the root of 100,000 sorted pairs without a trie, as genesis does.
func BenchmarkRootOf(b *testing.B) {
	pairs := sortedPairs(storagePairs(100_000))
	t := New()
	for _, p := range pairs {
		if err := t.Put(p.Key, p.Value, V1); err != nil {
			b.Fatal(err)
		}
	}
	want := t.Root()
	b.ReportAllocs()
	for b.Loop() {
		if RootOf(pairs, V1) != want {
			b.Fatal("root changed")
		}
	}
}

// BenchmarkNextKey walks 10,000 keys one call at a time, as a runtime's storage iteration does.
func BenchmarkNextKey(b *testing.B) {
	pairs := sortedPairs(storagePairs(10_000))
	t := New()
	for _, p := range pairs {
		if err := t.Put(p.Key, p.Value, V1); err != nil {
			b.Fatal(err)
		}
	}
	t.Root()
	b.ReportAllocs()
	for b.Loop() {
		key, n := []byte(nil), 0
		for {
			next, ok, err := t.NextKey(key)
			if err != nil {
				b.Fatal(err)
			}
			if !ok {
				break
			}
			key, n = next, n+1
		}
		if n != len(pairs) {
			b.Fatalf("%d keys, want %d", n, len(pairs))
		}
	}
}
