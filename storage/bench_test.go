package storage

import (
	"encoding/binary"
	"fmt"
	"runtime"
	"sync"
	"testing"

	"github.com/gotensor/gotensor/primitives/hash"
	"github.com/gotensor/gotensor/storage/trie"
)

// benchKey is the key of account i as pallets make them: 32 bytes of prefix, 16 of hash, 32 of account.
func benchKey(i int) []byte {
	var account [32]byte
	binary.LittleEndian.PutUint64(account[:], uint64(i))
	mixed := hash.Blake2b128(account[:])
	key := make([]byte, 0, 80)
	key = append(key, "system--account-system--account-"...)
	key = append(key, mixed[:]...)
	return append(key, account[:]...)
}

var bigState = sync.OnceValue(func() *TrieState {
	const n = 1_000_000
	o := NewOverlay(emptyState())
	value := make([]byte, 80)
	for i := range n {
		binary.LittleEndian.PutUint64(value, uint64(i))
		o.Set(nil, benchKey(i), value)
	}
	s, _, err := o.Finish(trie.V1)
	if err != nil {
		panic(err)
	}
	return s.(*TrieState)
})

func emptyState() *TrieState {
	s, err := NewMemoryState(&Changes{}, trie.V1)
	if err != nil {
		panic(err)
	}
	return s
}

func BenchmarkOverlay(b *testing.B) {
	const n = 10_000
	keys := make([][]byte, n)
	for i := range keys {
		keys[i] = benchKey(i)
	}
	value := make([]byte, 80)
	full := func() *Overlay {
		o := NewOverlay(emptyState())
		for _, key := range keys {
			o.Set(nil, key, value)
		}
		return o
	}
	check := func(b *testing.B, o *Overlay, entries int) {
		if len(o.top.entries) != entries {
			b.Fatalf("expected %d entries, got %d", entries, len(o.top.entries))
		}
	}
	b.Run("set-new", func(b *testing.B) {
		b.ReportAllocs()
		o := NewOverlay(emptyState())
		for i := range b.N {
			if i%n == 0 {
				o = NewOverlay(emptyState())
			}
			o.Set(nil, keys[i%n], value)
		}
		check(b, o, (b.N-1)%n+1)
	})
	b.Run("set-again", func(b *testing.B) {
		b.ReportAllocs()
		o := full()
		for i := range b.N {
			o.Set(nil, keys[i%n], value)
		}
		check(b, o, n)
	})
	b.Run("get-written", func(b *testing.B) {
		b.ReportAllocs()
		o := full()
		for i := range b.N {
			if v, ok, _ := o.Get(nil, keys[i%n]); !ok || len(v) != 80 {
				b.Fatal("value is lost")
			}
		}
	})
	b.Run("get-below-of-1M", func(b *testing.B) {
		b.ReportAllocs()
		o := NewOverlay(bigState())
		b.ResetTimer()
		for i := range b.N {
			if v, ok, _ := o.Get(nil, keys[i%n]); !ok || len(v) != 80 {
				b.Fatal("value is lost")
			}
		}
	})
	b.Run("next-key", func(b *testing.B) {
		b.ReportAllocs()
		o := full()
		after, seen := []byte{}, 0
		for range b.N {
			key, ok, _ := o.NextKey(nil, after)
			if !ok {
				if seen != n {
					b.Fatalf("walked over %d keys", seen)
				}
				after, seen = []byte{}, 0
				continue
			}
			after = key
			seen++
		}
	})
	// A new key between two looks at the order is the worst case for an order that is made when asked for.
	b.Run("set-new-and-next-key", func(b *testing.B) {
		b.ReportAllocs()
		o := NewOverlay(emptyState())
		for i := range b.N {
			if i%n == 0 {
				o = NewOverlay(emptyState())
			}
			o.Set(nil, keys[i%n], value)
			if _, ok, _ := o.NextKey(nil, nil); !ok {
				b.Fatal("key is lost")
			}
		}
	})
	// The cost of an event must not depend on how many came before: the two sizes should cost alike.
	for _, before := range []int{0, 100_000} {
		b.Run(fmt.Sprintf("append-after-%d", before), func(b *testing.B) {
			b.ReportAllocs()
			o := NewOverlay(emptyState())
			item := make([]byte, 40)
			for range before {
				o.Append([]byte("events"), item)
			}
			b.ResetTimer()
			for i := range b.N {
				// Every item in a transaction of its own; every second transaction is rolled back.
				o.Begin()
				o.Append([]byte("events"), item)
				if i%2 == 0 {
					o.Rollback()
				} else {
					o.Commit()
				}
			}
			b.StopTimer()
			v, _, _ := o.Get(nil, []byte("events"))
			if count, _, _ := sequenceLength(v); int(count) != before+b.N/2 {
				b.Fatalf("expected %d items, got %d", before+b.N/2, count)
			}
		})
	}
	// A write and its share of ten nested transactions, all committed.
	for _, depth := range []int{1, 10} {
		b.Run(fmt.Sprintf("transactions-%d-deep-of-10-writes", depth), func(b *testing.B) {
			b.ReportAllocs()
			o := full()
			for i := range b.N {
				for range depth {
					o.Begin()
				}
				for j := range 10 {
					o.Set(nil, keys[(10*i+j)%n], value)
				}
				for range depth {
					o.Commit()
				}
			}
			check(b, o, n)
		})
	}
}

func BenchmarkDerive(b *testing.B) {
	for _, changed := range []int{1, 1000, 10_000} {
		b.Run(fmt.Sprintf("%d-of-1M", changed), func(b *testing.B) {
			s := bigState()
			o := NewOverlay(s)
			for i := range changed {
				o.Set(nil, benchKey(i*(1_000_000/changed)), []byte("changed"))
			}
			changes := o.Changes()
			b.ReportAllocs()
			b.ResetTimer()
			var derived State
			for range b.N {
				var err error
				if derived, err = s.Derive(changes, trie.V1); err != nil {
					b.Fatal(err)
				}
			}
			b.StopTimer()
			if root, err := o.Root(trie.V1); err != nil || root != derived.Root() || root == s.Root() {
				b.Fatal("wrong root", err)
			}
		})
	}
}

// BenchmarkRootAgain is the root after one more write, over 10,000 that were in the last root already.
func BenchmarkRootAgain(b *testing.B) {
	o := NewOverlay(bigState())
	for i := range 10_000 {
		o.Set(nil, benchKey(i), []byte("changed"))
	}
	last, err := o.Root(trie.V1)
	if err != nil {
		b.Fatal(err)
	}
	b.ReportAllocs()
	b.ResetTimer()
	var value [8]byte
	for i := range b.N {
		binary.LittleEndian.PutUint64(value[:], uint64(i))
		o.Set(nil, benchKey(i%10_000), value[:])
		root, err := o.Root(trie.V1)
		if err != nil || root == last {
			b.Fatal("the root does not change", err)
		}
		last = root
	}
}

// BenchmarkNewMemoryState is a genesis of 100,000 keys.
func BenchmarkNewMemoryState(b *testing.B) {
	o := NewOverlay(emptyState())
	for i := range 100_000 {
		o.Set(nil, benchKey(i), make([]byte, 80))
	}
	changes := o.Changes()
	expected, err := o.Root(trie.V1)
	if err != nil {
		b.Fatal(err)
	}
	b.ResetTimer()
	for range b.N {
		s, err := NewMemoryState(changes, trie.V1)
		if err != nil || s.Root() != expected {
			b.Fatal("wrong root", err)
		}
	}
}

// BenchmarkBlocksKept keeps a chain of states, each with 10 changes over a million keys, and reports what one more costs in memory.
func BenchmarkBlocksKept(b *testing.B) {
	s := bigState()
	heap := func() float64 {
		var m runtime.MemStats
		runtime.GC()
		runtime.ReadMemStats(&m)
		return float64(m.HeapAlloc)
	}
	kept := make([]State, 0, b.N)
	var state State = s
	before := heap()
	b.ResetTimer()
	for i := range b.N {
		o := NewOverlay(state)
		for j := range 10 {
			var value [80]byte
			binary.LittleEndian.PutUint64(value[:], uint64(i+1)<<32)
			o.Set(nil, benchKey((i*7919+j*99_991)%1_000_000), value[:])
		}
		next, _, err := o.Finish(trie.V1)
		if err != nil || next.Root() == state.Root() {
			b.Fatal("the root does not change", err)
		}
		kept = append(kept, next)
		state = next
	}
	b.StopTimer()
	b.ReportMetric((heap()-before)/float64(b.N), "kept-B/block")
	runtime.KeepAlive(kept)
}
