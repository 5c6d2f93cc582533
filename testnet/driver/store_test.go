package driver

import (
	"bytes"
	"cmp"
	"errors"
	"flag"
	"fmt"
	"maps"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/gotensor/gotensor/primitives/chain"
	"github.com/gotensor/gotensor/primitives/hash"
	"github.com/gotensor/gotensor/storage"
	"github.com/gotensor/gotensor/storage/db"
	"github.com/gotensor/gotensor/storage/kv/badgerdb"
	"github.com/gotensor/gotensor/storage/trie"
)

var storeBlocks = flag.Int("store.blocks", 0, "blocks on the best chain in TestStoreBlocks; 5000 is the long form, and 0 takes a few hundred of the tiny runtime and 100 of a real one")

// record is what the test knows of all blocks besides the store: bodies, and what each block wrote, in the order in which the blocks came.
type record struct {
	blocks map[hash.H256]*knownBlock
	writes map[string][]written
	keys   []string // of writes, in the order in which they came
	final  []hash.H256
}

type knownBlock struct {
	header chain.Header
	body   []chain.OpaqueExtrinsic
}

type written struct {
	block  hash.H256
	number chain.BlockNumber
	value  []byte
	there  bool
}

func newRecord(genesis *Block) (*record, error) {
	r := &record{blocks: map[hash.H256]*knownBlock{}, writes: map[string][]written{}, final: []hash.H256{genesis.Hash}}
	var changes []storage.Change
	it := genesis.State.Iterate(nil, nil, nil)
	defer it.Close()
	for it.Next() {
		value, err := it.Value()
		if err != nil {
			return nil, err
		}
		changes = append(changes, storage.Change{Key: bytes.Clone(it.Key()), Value: bytes.Clone(value)})
	}
	r.add(genesis.Hash, genesis.Block, changes)
	return r, it.Err()
}

func (r *record) add(h hash.H256, block chain.Block, changes []storage.Change) {
	r.blocks[h] = &knownBlock{block.Header, block.Extrinsics}
	for _, c := range changes {
		key := string(c.Key)
		if r.writes[key] == nil {
			r.keys = append(r.keys, key)
		}
		r.writes[key] = append(r.writes[key], written{h, block.Header.Number, c.Value, !c.Delete})
	}
}

// finalise notes the finalised chain.
func (r *record) finalise(h hash.H256) {
	var line []hash.H256
	for b := r.blocks[h]; int(b.header.Number) >= len(r.final); h, b = b.header.ParentHash, r.blocks[b.header.ParentHash] {
		line = append(line, h)
	}
	slices.Reverse(line)
	r.final = append(r.final, line...)
}

// after returns a function that gives the value of a key in the state after a block.
func (r *record) after(h hash.H256) func(key string) ([]byte, bool) {
	top := r.blocks[h].header.Number
	open := map[hash.H256]bool{}
	for b := r.blocks[h]; int(b.header.Number) >= len(r.final); h, b = b.header.ParentHash, r.blocks[b.header.ParentHash] {
		open[h] = true
	}
	return func(key string) ([]byte, bool) {
		list := r.writes[key]
		for i := len(list) - 1; i >= 0; i-- { // on one chain, what came later is higher
			w := &list[i]
			if w.number <= top && (open[w.block] || int(w.number) < len(r.final) && r.final[w.number] == w.block) {
				return w.value, w.there
			}
		}
		return nil, false
	}
}

// storeRun is a chain whose blocks and states are in a store, and what was counted and timed.
type storeRun struct {
	t *testing.T
	maker
	record  *record
	options db.Options
	dir     string
	db      *db.DB
	r       *rand.Rand
	slot    uint64

	imported, forks, reorganisations, reverted, jumps, reopened int
	checks, whole, refused                                      int
	making, executing, importing, finalising, checking          time.Duration
	longest                                                     time.Duration // of an import
}

func (s *storeRun) must(err error) {
	s.t.Helper()
	if err != nil {
		s.t.Fatal(err)
	}
}

func (s *storeRun) open() {
	s.t.Helper()
	store, err := badgerdb.Open(s.dir, badgerdb.Options{Memory: badgerdb.MinMemory})
	s.must(err)
	if s.record == nil {
		genesis := s.start()
		s.db, err = db.Create(store, genesis.Header, genesis.State, s.options)
		s.must(err)
		s.record, err = newRecord(genesis)
		s.must(err)
		return
	}
	s.db, err = db.Open(store, s.options)
	s.must(err)
}

// parent is a block with its state as the store has it.
func (s *storeRun) parent(h hash.H256) (*Block, *db.State) {
	s.t.Helper()
	header, err := s.db.Header(h)
	s.must(err)
	state, err := s.db.State(h)
	s.must(err)
	return &Block{Block: chain.Block{Header: header}, Hash: h, State: state}, state
}

// step makes a block on the state that the store gives, executes it again on that state, read anew, and imports what that gave.
func (s *storeRun) step(on hash.H256, choice db.Choice) hash.H256 {
	s.t.Helper()
	s.slot++
	begin := time.Now()
	parent, state := s.parent(on)
	made, err := s.make(parent, s.slot)
	state.Close()
	s.must(err)
	s.making += time.Since(begin)

	begin = time.Now()
	parent, state = s.parent(on)
	defer state.Close()
	block, err := s.execute(parent, made.Block)
	s.must(err)
	s.executing += time.Since(begin)

	begin = time.Now()
	before := s.db.Head().Best.Hash
	h, err := s.db.Import(&db.Block{Header: block.Header, Body: block.Extrinsics, Changes: block.Changes, State: block.State, Choice: choice})
	s.must(err)
	took := time.Since(begin)
	s.importing += took
	s.longest = max(s.longest, took)
	s.imported++
	if h != made.Hash {
		s.t.Fatalf("block %d: imported as %s, made as %s", block.Header.Number, h, made.Hash)
	}
	if len(block.Changes.Child) > 0 {
		s.t.Fatalf("block %d: the record has no child tries", block.Header.Number)
	}
	s.record.add(h, block.Block, block.Changes.Top)
	s.moved(before)
	return h
}

// moved notes whether the best block left its chain.
func (s *storeRun) moved(before hash.H256) {
	s.t.Helper()
	now := s.db.Head().Best.Hash
	for h := now; h != before; {
		b := s.record.blocks[h]
		if b == nil || b.header.Number <= s.record.blocks[before].header.Number {
			s.reorganisations++
			return
		}
		h = b.header.ParentHash
	}
}

// ancestor is the block a number of blocks below the best one, not below the last finalised one.
func (s *storeRun) ancestor(below int) hash.H256 {
	s.t.Helper()
	head := s.db.Head()
	h, err := s.db.Hash(max(head.Finalised.Number, head.Best.Number-min(head.Best.Number, chain.BlockNumber(below))))
	s.must(err)
	return h
}

// fork makes a branch from up to five blocks back. Where it does not get the longest one, it is chosen as the best now and then.
func (s *storeRun) fork() {
	s.t.Helper()
	back := 1 + s.r.IntN(5)
	on := s.ancestor(back)
	s.forks++
	length := 1 + s.r.IntN(back+2)
	for range length {
		on = s.step(on, db.Longest)
	}
	if s.r.IntN(4) == 0 {
		before := s.db.Head().Best.Hash
		s.must(s.db.SetBest(on))
		s.moved(before)
	}
}

// finalise lets finality follow, by several blocks at once.
func (s *storeRun) finalise(lag int) {
	s.t.Helper()
	head := s.db.Head()
	behind := int(head.Best.Number - head.Finalised.Number)
	if behind <= lag {
		return
	}
	h := s.ancestor(s.r.IntN(min(behind, lag)))
	begin := time.Now()
	before := head.Best.Hash
	_, err := s.db.Finalise(h, &chain.Justification{Engine: chain.EngineGrandpa, Data: make([]byte, 300)})
	s.must(err)
	s.finalising += time.Since(begin)
	s.record.finalise(h)
	if s.db.Head().Finalised.Number > head.Finalised.Number+1 {
		s.jumps++
	}
	s.moved(before)
}

// check holds the state after a block against the record and against its own trie.
func (s *storeRun) check(h hash.H256, whole bool) {
	s.t.Helper()
	known := s.record.blocks[h].header
	fail := func(format string, args ...any) {
		s.t.Helper()
		s.t.Fatalf("state of block %d %s: %s", known.Number, h, fmt.Sprintf(format, args...))
	}
	state, err := s.db.State(h)
	if err != nil {
		fail("%v", err)
	}
	defer state.Close()
	if state.Root() != known.StateRoot {
		fail("root %s, expected %s", state.Root(), known.StateRoot)
	}
	s.checks++

	// Reads, of what is there, what was deleted, and what never was; and proofs of all of it.
	after := s.record.after(h)
	keys := [][]byte{[]byte("never written"), {}}
	for range 10 {
		keys = append(keys, []byte(s.record.keys[s.r.IntN(len(s.record.keys))]))
	}
	for range 5 { // of those that the last blocks wrote first
		keys = append(keys, []byte(s.record.keys[len(s.record.keys)-1-s.r.IntN(min(len(s.record.keys), 100))]))
	}
	proof, err := storage.Prove(state, nil, keys)
	if err != nil {
		fail("prove: %v", err)
	}
	proved, err := storage.VerifyRead(known.StateRoot, proof, nil, keys)
	if err != nil {
		fail("verify: %v", err)
	}
	for i, key := range keys {
		value, there := after(string(key))
		got, ok, err := state.Get(nil, key)
		if err != nil || ok != there || !bytes.Equal(got, value) {
			fail("key 0x%x: got %.40x %t %v, expected %.40x %t", key, got, ok, err, value, there)
		}
		if proved[i].Delete == there || !bytes.Equal(proved[i].Value, value) {
			fail("proof of key 0x%x: got %.40x %t, expected %.40x %t", key, proved[i].Value, !proved[i].Delete, value, there)
		}
	}

	// Pages as clients ask for them, of values that are stored by key, against the walk of the trie, whose nodes are stored by path and hold each other's hashes up
	// to the root.
	tries, err := state.Derive(&storage.Changes{}, trie.V1)
	if err != nil {
		fail("%v", err)
	}
	prefix := []byte(s.record.keys[s.r.IntN(len(s.record.keys))])
	prefix = prefix[:min(len(prefix), []int{6, 16, 32}[s.r.IntN(3)])]
	most := 200
	if whole {
		prefix, most = nil, 1<<30
	}
	walk := tries.Iterate(nil, prefix, nil)
	defer walk.Close()
	from, values := prefix, 0
	for size, n := 1+s.r.IntN(50), 0; values < most; {
		page := state.Iterate(nil, prefix, from)
		for n = 0; n < size && page.Next(); n++ {
			value, err := page.Value()
			if err != nil {
				fail("key 0x%x: %v", page.Key(), err)
			}
			if !walk.Next() {
				fail("key 0x%x is not in the trie: %v", page.Key(), walk.Err())
			}
			inTrie, err := walk.Value()
			if err != nil || !bytes.Equal(page.Key(), walk.Key()) || !bytes.Equal(value, inTrie) {
				fail("prefix 0x%x: the store has 0x%x = %.40x, the trie 0x%x = %.40x: %v", prefix, page.Key(), value, walk.Key(), inTrie, err)
			}
			if recorded, there := after(string(page.Key())); !there || !bytes.Equal(recorded, value) {
				fail("key 0x%x: got %.40x, expected %.40x %t", page.Key(), value, recorded, there)
			}
			values++
			from = append(bytes.Clone(page.Key()), 0)
		}
		err := page.Err()
		page.Close()
		if err != nil {
			fail("prefix 0x%x: %v", prefix, err)
		}
		if n < size {
			if walk.Next() || walk.Err() != nil {
				fail("prefix 0x%x: the store ends after %d keys, the trie has 0x%x: %v", prefix, values, walk.Key(), walk.Err())
			}
			break
		}
	}
	if whole {
		s.whole++
		there := 0
		for _, key := range s.record.keys {
			if _, ok := after(key); ok {
				there++
			}
		}
		if values != there {
			fail("%d keys, expected %d", values, there)
		}
	}
}

// kept holds all blocks against the record: those from the oldest state on have their state, those before it and before the oldest body answer that they were pruned.
// Where some is above 0, that many states are looked at instead of all.
func (s *storeRun) kept(some int) {
	s.t.Helper()
	begin := time.Now()
	s.must(s.db.Settle())
	stats := s.db.Stats()
	head := stats.Head
	for what, c := range map[string]struct {
		keep   uint32
		oldest chain.BlockNumber
	}{"state": {s.options.KeepStates, stats.OldestState}, "body": {s.options.KeepBodies, stats.OldestBody}} {
		expected := chain.BlockNumber(0)
		if c.keep > 0 && uint32(head.Finalised.Number) >= c.keep {
			expected = head.Finalised.Number - chain.BlockNumber(c.keep) + 1
		}
		if c.oldest != expected {
			s.t.Fatalf("the oldest %s kept is of block %d, expected %d", what, c.oldest, expected)
		}
	}
	number := int(head.Best.Number) + 1
	every := 1
	if some > 0 {
		every = max(1, (number-int(stats.OldestState))/some)
	}
	for n := range chain.BlockNumber(number) {
		hashes, err := s.db.Hashes(n)
		s.must(err)
		if n <= head.Finalised.Number && (len(hashes) != 1 || hashes[0] != s.record.final[n]) {
			s.t.Fatalf("finalised block %d: got %v, expected %s", n, hashes, s.record.final[n])
		}
		for _, h := range hashes {
			known := s.record.blocks[h]
			header, err := s.db.Header(h)
			if err != nil || header.Hash() != h || header.StateRoot != known.header.StateRoot {
				s.t.Fatalf("header of block %d %s: %v", n, h, err)
			}
			body, err := s.db.Body(h)
			if n > 0 && n < stats.OldestBody {
				s.isPruned(err, "body", n, stats.OldestBody)
			} else if err != nil || !slices.EqualFunc(body, known.body, func(a, b chain.OpaqueExtrinsic) bool { return bytes.Equal(a, b) }) {
				s.t.Fatalf("body of block %d: %d extrinsics, expected %d: %v", n, len(body), len(known.body), err)
			}
			if n < stats.OldestState {
				_, err := s.db.State(h)
				s.isPruned(err, "state", n, stats.OldestState)
			} else if int(n)%every == 0 || n > head.Finalised.Number {
				s.check(h, n == stats.OldestState || n == head.Best.Number || int(n)%(every*100) == 0)
			}
		}
	}
	s.checking += time.Since(begin)
}

func (s *storeRun) isPruned(err error, what string, n, oldest chain.BlockNumber) {
	s.t.Helper()
	var pruned *db.PrunedError
	if !errors.As(err, &pruned) || !errors.Is(err, db.ErrPruned) || pruned.What != what || pruned.Number != n || pruned.Oldest != oldest {
		s.t.Fatalf("%s of block %d: got %v, expected a PrunedError that names block %d", what, n, err, oldest)
	}
	s.refused++
}

// report prints what there is; since is what the disk had at block from.
func (s *storeRun) report(from chain.BlockNumber, since uint64) uint64 {
	s.t.Helper()
	s.must(s.db.Settle())
	counts, err := s.db.Counts()
	s.must(err)
	stats := s.db.Stats()
	n, size := stats.Head.Best.Number, stats.Store.DiskBytes
	if s.imported > 0 {
		each := func(d time.Duration) time.Duration {
			return (d / time.Duration(s.imported)).Round(10 * time.Microsecond)
		}
		s.t.Logf("block %d: %d imported, %d forks, %d reorganisations, %d blocks reverted, %d times finality jumped, %d times opened again; a block takes %v to make, %v to execute, %v to import (at most %v), its finality %v",
			n, s.imported, s.forks, s.reorganisations, s.reverted, s.jumps, s.reopened, each(s.making), each(s.executing), each(s.importing), s.longest.Round(time.Millisecond), each(s.finalising))
	}
	if n > from {
		s.t.Logf("block %d: %.2f MB on disk, %+.0f bytes a block since block %d", n, float64(size)/1e6, (float64(size)-float64(since))/float64(n-from), from)
	}
	var lines []string
	for _, name := range slices.Sorted(maps.Keys(counts)) {
		c := counts[name]
		lines = append(lines, fmt.Sprintf("%s %d, %.2f MB", name, c.Keys, float64(c.Bytes)/1e6))
	}
	s.t.Logf("block %d: records and their bytes before compression: %s", n, strings.Join(lines, "; "))
	return size
}

// TestStoreBlocks drives a runtime over the store on Badger: with forks that win and forks that lose, a best block that is chosen, finality that follows and jumps, reverts, and a
// store that is closed and opened again; as an archive, and pruned. At intervals and at the end the states that are kept answer reads, pages and proofs with the
// root of their header and what the test recorded, and what was pruned says so.
func TestStoreBlocks(t *testing.T) {
	for _, c := range []struct {
		name string
		new  func(t *testing.T, cases int) maker
		most int // without -store.blocks
	}{
		{"tiny", func(t *testing.T, _ int) maker { return newTinyMaker(t) }, 250},
		{"spec 143", newSubtensorMaker, 100},
	} {
		for _, mode := range []string{"archive", "pruned"} {
			t.Run(c.name+" "+mode, func(t *testing.T) {
				most := cmp.Or(*storeBlocks, c.most)
				var options db.Options
				if mode == "pruned" {
					options = db.Options{KeepStates: uint32(min(256, most/8)), KeepBodies: uint32(min(512, most/4))}
				}
				storeBlocksOf(t, c.new(t, most), options, most)
			})
		}
	}
}

func storeBlocksOf(t *testing.T, m maker, options db.Options, most int) {
	const lag = 24
	s := &storeRun{t: t, maker: m, options: options, dir: t.TempDir(), r: rand.New(rand.NewPCG(uint64(most), 41))}
	begin := time.Now()
	s.open()
	defer func() { s.db.Close() }()
	size, from := s.report(0, 0), chain.BlockNumber(0)
	reports, checks, openings := marks(most, 5), marks(most, 10), marks(most, 4)
	for n := 0; n < most; n = int(s.db.Head().Best.Number) {
		switch {
		case n > 10 && s.r.IntN(12) == 0:
			s.fork()
		case n > 10 && s.r.IntN(25) == 0:
			gone, err := s.db.Revert(chain.BlockNumber(1 + s.r.IntN(3)))
			s.must(err)
			s.reverted += len(gone.Retracted)
		default:
			s.step(s.db.Head().Best.Hash, db.Longest)
		}
		if s.r.IntN(5) == 0 {
			s.finalise(lag)
		}
		best := s.db.Head().Best.Number
		if checks.passed(best) {
			s.kept(100)
		}
		if openings.passed(best) {
			head := s.db.Head()
			s.must(s.db.Close())
			s.open()
			if s.db.Head() != head {
				t.Fatalf("head after opening again: %v, expected %v", s.db.Head(), head)
			}
			s.reopened++
		}
		if reports.passed(best) {
			size, from = s.report(from, size), best
		}
	}
	took := time.Since(begin)
	s.kept(0)
	last := time.Since(begin) - took
	switch {
	case s.reorganisations == 0 || s.jumps == 0 || s.reverted == 0 || s.reopened == 0:
		t.Errorf("%d reorganisations, %d jumps of finality, %d reverts, %d openings: each is to happen", s.reorganisations, s.jumps, s.reverted, s.reopened)
	case options.KeepStates > 0 && s.refused == 0:
		t.Error("nothing was pruned")
	}
	t.Logf("in all %d states checked, %d of them whole; %d pruned states and bodies refused; %v, of which making %v, executing %v, importing %v, finalising %v, checks %v (the last, of all, %v)",
		s.checks, s.whole, s.refused, time.Since(begin).Round(time.Second), s.making.Round(time.Second), s.executing.Round(time.Second),
		s.importing.Round(time.Second), s.finalising.Round(time.Millisecond), s.checking.Round(time.Second), last.Round(time.Second))
}

// marker tells when a chain has grown over the next of its marks.
type marker struct{ every, next int }

// marks divides a chain.
func marks(most, parts int) *marker { return &marker{max(1, most/parts), max(1, most/parts)} }

func (m *marker) passed(n chain.BlockNumber) bool {
	if int(n) < m.next {
		return false
	}
	m.next = (int(n)/m.every + 1) * m.every
	return true
}
