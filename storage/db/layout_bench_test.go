package db

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"math/rand/v2"
	"path/filepath"
	"slices"
	"testing"
	"time"

	"github.com/gotensor/gotensor/primitives/hash"
	"github.com/gotensor/gotensor/primitives/scale"
	"github.com/gotensor/gotensor/storage"
	"github.com/gotensor/gotensor/storage/kv"
	"github.com/gotensor/gotensor/storage/trie"
)

// hashed is the layout that this package does not have: trie nodes, and values that enter their leaves as hashes, under their hashes, each with the count of its places in the states that
// are kept. What is not needed any more is found by counting. It does what a store of it must do for a chain without forks, and no more:
//
//	r hash     count u32 ‖ node or value. An archive counts nothing
//	j number   journal: what the block adds and what it removes; until it is folded
//	p number   hashes of what the block removed: counted down when the state before it is let go of
//
// All keys are of one length here, so that leaves alone have values.
type hashed struct {
	meter   *meter
	dir     string
	nodes   *nodeCache
	roots   []hash.H256 // by block
	swept   int
	archive bool
	pending hashedDiff
}

// hashedDiff is what a block adds and removes, by hash, as often as there are places.
type hashedDiff struct {
	added   []kv.Op // the key is the hash; no value where the hash is there already
	removed []hash.H256
}

func hashedKey(kind byte, n int) []byte {
	return binary.BigEndian.AppendUint32([]byte{kind}, uint32(n))
}

// Node implements trie.NodeReader.
func (l *hashed) Node(_ []byte, h hash.H256) ([]byte, error) {
	if node, ok := l.nodes.get(h); ok {
		return node, nil
	}
	node, err := l.Value(nil, h)
	if err == nil {
		l.nodes.put(h, node)
	}
	return node, err
}

// Value implements trie.NodeReader.
func (l *hashed) Value(_ []byte, h hash.H256) ([]byte, error) {
	record, ok, err := l.meter.Get(hashKey('r', h))
	if err != nil || !ok || len(record) < 4 {
		return nil, fmt.Errorf("hash %s: %t, %d bytes: %w", h, ok, len(record), err)
	}
	return record[4:], nil
}

func (l *hashed) state(n int) *storage.TrieState {
	return storage.LoadState(l.roots[n], func([]byte) trie.NodeReader { return l })
}

// nodeList collects nodes.
type nodeList [][]byte

func (l *nodeList) PutNode(_, encoded []byte) error {
	*l = append(*l, bytes.Clone(encoded))
	return nil
}

func (l *nodeList) DeleteNode([]byte) error { return nil }

// valueOf returns the hash of the value that a leaf holds by its hash.
func valueOf(b *testing.B, node []byte) (h hash.H256, ok bool) {
	switch header := node[0]; {
	case header>>5 == 1: // a leaf whose value is a hash: the last of its encoding
		return hash.H256(node[len(node)-len(h):]), true
	case header>>6 == 2: // a branch without a value
		return h, false
	default:
		b.Fatalf("node 0x%x has a value where none is expected", node)
		return h, false
	}
}

// diff finds what the state after changes has and old has not, and the reverse.
func (l *hashed) diff(b *testing.B, old, next *storage.TrieState) (added, removed nodeList) {
	if err := next.Diff(old, func([]byte) trie.NodeSink { return &added }); err != nil {
		b.Fatal(err)
	}
	if !l.archive {
		if err := old.Diff(next, func([]byte) trie.NodeSink { return &removed }); err != nil {
			b.Fatal(err)
		}
	}
	return added, removed
}

// byHash names nodes and values by their hashes. A store that is made for it has these from the calculation of the root, so this is not part of what it is measured by.
func (l *hashed) byHash(b *testing.B, added, removed nodeList, changes *storage.Changes) (d hashedDiff) {
	values := make(map[hash.H256][]byte, len(changes.Top))
	for _, c := range changes.Top {
		values[hash.Blake2b256(c.Value)] = c.Value
	}
	for _, node := range added {
		h := hash.Blake2b256(node)
		d.added = append(d.added, kv.Op{Key: h[:], Value: node})
		if v, ok := valueOf(b, node); ok {
			d.added = append(d.added, kv.Op{Key: v[:], Value: values[v]})
		}
	}
	for _, node := range removed {
		d.removed = append(d.removed, hash.Blake2b256(node))
		if v, ok := valueOf(b, node); ok {
			d.removed = append(d.removed, v)
		}
	}
	slices.SortFunc(d.added, func(x, y kv.Op) int { return bytes.Compare(x.Key, y.Key) })
	slices.SortFunc(d.removed, func(x, y hash.H256) int { return bytes.Compare(x[:], y[:]) })
	return d
}

func appendHashes(dst []byte, list []hash.H256) []byte {
	for _, h := range list {
		dst = append(dst, h[:]...)
	}
	return dst
}

// load writes the genesis.
func (l *hashed) load(b *testing.B, state *storage.TrieState) {
	empty, err := storage.NewMemoryState(&storage.Changes{}, trie.V1)
	if err != nil {
		b.Fatal(err)
	}
	changes := &storage.Changes{}
	it := state.Iterate(nil, nil, nil)
	defer it.Close()
	for it.Next() {
		value, err := it.Value()
		if err != nil {
			b.Fatal(err)
		}
		changes.Top = append(changes.Top, storage.Change{Value: value})
	}
	added, _ := l.diff(b, empty, state)
	ops := l.byHash(b, added, nil, changes).added
	for chunk := range slices.Chunk(ops, 20_000) {
		l.fold(b, chunk)
	}
	l.roots = []hash.H256{state.Root()}
}

// write is a write of the layout.
func (l *hashed) write(b *testing.B, batch *kv.Batch, durable bool) {
	if err := l.meter.Write(batch, durable); err != nil {
		b.Fatal(err)
	}
}

// imports makes a block durable, as Import does.
func (l *hashed) imports(b *testing.B, root hash.H256, d hashedDiff) {
	journal := scale.AppendLen(nil, len(d.added))
	for _, op := range d.added {
		journal = append(scale.AppendBytes(append(journal, op.Key...), op.Value), 1)
	}
	var batch kv.Batch
	batch.Set(hashedKey('j', len(l.roots)), appendHashes(journal, d.removed))
	batch.Set([]byte("head"), root[:])
	l.write(b, &batch, true)
	l.roots = append(l.roots, root)
	l.pending = d
}

// fold counts up what was added.
func (l *hashed) fold(b *testing.B, added []kv.Op) {
	var batch kv.Batch
	for len(added) > 0 {
		op, n := added[0], uint32(1)
		for ; int(n) < len(added) && bytes.Equal(added[n].Key, op.Key); n++ {
			if op.Value == nil {
				op.Value = added[n].Value
			}
		}
		added = added[n:]
		key := append([]byte{'r'}, op.Key...)
		if !l.archive || op.Value == nil {
			record, ok, err := l.meter.Get(key)
			if err != nil || !ok && op.Value == nil {
				b.Fatal(ok, err)
			}
			if ok {
				n += binary.LittleEndian.Uint32(record)
				op.Value = record[4:]
			}
		}
		batch.Set(key, append(binary.LittleEndian.AppendUint32(make([]byte, 0, 4+len(op.Value)), n), op.Value...))
	}
	l.write(b, &batch, false)
}

func (l *hashed) foldPending(b *testing.B) {
	l.fold(b, l.pending.added)
	var batch kv.Batch
	if !l.archive {
		batch.Set(hashedKey('p', len(l.roots)-1), appendHashes(nil, l.pending.removed))
	}
	batch.Delete(hashedKey('j', len(l.roots)-1))
	l.write(b, &batch, false)
}

// prune counts down what the blocks removed before which no state is kept.
func (l *hashed) prune(b *testing.B, keep int) {
	for ; !l.archive && l.swept <= len(l.roots)-keep; l.swept++ {
		var batch kv.Batch
		list, ok, err := l.meter.Get(hashedKey('p', l.swept))
		if err != nil || !ok && l.swept > 0 {
			b.Fatal(ok, err)
		}
		batch.Delete(hashedKey('p', l.swept))
		for len(list) > 0 {
			h, n := list[:32], uint32(1)
			for list = list[32:]; len(list) > 0 && bytes.Equal(list[:32], h); list = list[32:] {
				n++
			}
			key := append([]byte{'r'}, h...)
			record, ok, err := l.meter.Get(key)
			if err != nil || !ok || binary.LittleEndian.Uint32(record) < n {
				b.Fatalf("count down %d at 0x%x: 0x%x, %v, %v", n, h, record, ok, err)
			}
			if left := binary.LittleEndian.Uint32(record) - n; left > 0 {
				batch.Set(key, append(binary.LittleEndian.AppendUint32(make([]byte, 0, len(record)), left), record[4:]...))
			} else {
				batch.Delete(key)
			}
		}
		l.write(b, &batch, false)
	}
}

// check walks the whole trie of the last state, and where it is the only one that is kept counts that there is nothing else. Of a large state it takes a sample.
func (l *hashed) check(b *testing.B, keep int) {
	state := l.state(len(l.roots) - 1)
	if *benchKeys > 200_000 {
		for i := range 1000 {
			k := i * (*benchKeys / 1000)
			value, ok, err := state.Get(nil, benchKey(k))
			if n, fits := wroteBench(value, k); err != nil || !ok || !fits || !bytes.Equal(value, benchValue(k, n)) {
				b.Fatalf("key %d: 0x%x, %v, %v", k, value, ok, err)
			}
		}
		return
	}
	it := state.Iterate(nil, nil, nil)
	defer it.Close()
	n := 0
	for it.Next() {
		if value, err := it.Value(); err != nil || len(value) != benchValueSize {
			b.Fatal(len(value), err)
		}
		n++
	}
	if n != *benchKeys || it.Err() != nil {
		b.Fatalf("%d keys, want %d: %v", n, *benchKeys, it.Err())
	}
	if keep != 1 {
		return
	}
	fresh := hashed{archive: true}
	empty, err := storage.NewMemoryState(&storage.Changes{}, trie.V1)
	if err != nil {
		b.Fatal(err)
	}
	nodes, _ := fresh.diff(b, empty, state)
	want := map[hash.H256]uint32{}
	for _, node := range nodes {
		want[hash.Blake2b256(node)]++
		if v, ok := valueOf(b, node); ok {
			want[v]++
		}
	}
	records := l.meter.Iterator([]byte{'r'})
	defer records.Close()
	for records.Next() {
		h := hash.H256(records.Key()[1:])
		record, err := records.Value()
		if err != nil || binary.LittleEndian.Uint32(record) != want[h] {
			b.Fatalf("hash %s has count %d, want %d: %v", h, binary.LittleEndian.Uint32(record), want[h], err)
		}
		delete(want, h)
	}
	if len(want) > 0 || records.Err() != nil {
		b.Fatalf("%d hashes are missing: %v", len(want), records.Err())
	}
}

// size closes the store, opens it again, and returns what it takes on disk, and the bytes of its keys and values.
func (l *hashed) size(b *testing.B) (disk, live uint64) {
	if *benchOn != "memory" {
		if err := l.meter.Close(); err != nil {
			b.Fatal(err)
		}
		l.meter.DB = openEngine(b, l.dir, *benchMemory)
	}
	return l.meter.Stats().DiskBytes, liveBytes(b, l.meter)
}

func liveBytes(b *testing.B, store kv.DB) (n uint64) {
	it := store.Iterator(nil)
	defer it.Close()
	for it.Next() {
		value, err := it.Value()
		if err != nil {
			b.Fatal(err)
		}
		n += uint64(len(it.Key()) + len(value))
	}
	if it.Err() != nil {
		b.Fatal(it.Err())
	}
	return n
}

// BenchmarkLayout gives the same blocks of 1,000 changes to this package (path) and to nodes under their hashes with counts (hash), over the same engine, with node caches of one size. In
// both, import is what makes the block durable, fold what makes it part of the finalised state, and prune what lets go of an old one. The hashing of nodes and the finding of the difference are
// in neither's times: derive ends with the root.
func BenchmarkLayout(b *testing.B) {
	for _, keep := range []uint32{8, 0} {
		b.Run(map[uint32]string{8: "pruned", 0: "archive"}[keep], func(b *testing.B) { benchLayouts(b, keep) })
	}
}

func benchLayouts(b *testing.B, keep uint32) {
	options := Options{KeepStates: keep, KeepBodies: keep}
	paths := openBench(b, b.TempDir(), *benchMemory, options, true)
	paths.folder.stop()
	dir := filepath.Join(b.TempDir(), "store")
	hashes := &hashed{dir: dir, meter: &meter{DB: openEngine(b, dir, *benchMemory)}, nodes: newNodeCache(options.filled().NodeMemory), archive: keep == 0}
	b.Cleanup(func() {
		if err := hashes.meter.Close(); err != nil {
			b.Error(err)
		}
	})
	hashes.load(b, benchGenesis(b))
	collect()
	paths.reopen(b, *benchMemory, options)
	paths.folder.stop()
	pathDisk, pathLive := paths.Stats().Store.DiskBytes, liveBytes(b, paths.meter)
	hashDisk, hashLive := hashes.size(b)
	b.Logf("genesis: path %d MB on disk, %d of keys and values; hash %d and %d", pathDisk>>20, pathLive>>20, hashDisk>>20, hashLive>>20)

	r := rand.New(rand.NewPCG(8, 8))
	points := []Point{paths.Head().Finalised}
	block := func(b *testing.B, path, hash *stages) {
		at := points[len(points)-1]
		changes := benchChanges(r, 1000, at.Number+1)
		var next *Block
		var parent *State
		path.time(b, "path-derive", func() error { next, parent = paths.author(b, at, changes); return nil })
		p := Point{at.Number + 1, next.Header.Hash()}
		path.time(b, "path-import", func() (err error) { _, err = paths.Import(next); return err })
		parent.Close()
		paths.finalised(b, p)
		path.time(b, "path-fold", func() error { return untilDone(paths.foldNext, paths.reap) })
		path.time(b, "path-prune", func() error { return untilDone(paths.pruneNext) })
		points = append(points, p)

		old := hashes.state(int(at.Number))
		var derived storage.State
		hash.time(b, "hash-derive", func() (err error) { derived, err = old.Derive(changes, trie.V1); return err })
		if derived.Root() != next.Header.StateRoot {
			b.Fatalf("root over hashes %s, over paths %s", derived.Root(), next.Header.StateRoot)
		}
		added, removed := hashes.diff(b, old, derived.(*storage.TrieState))
		d := hashes.byHash(b, added, removed, changes)
		hash.time(b, "hash-import", func() error { hashes.imports(b, derived.Root(), d); return nil })
		hash.time(b, "hash-fold", func() error { hashes.foldPending(b); return nil })
		hash.time(b, "hash-prune", func() error { hashes.prune(b, int(keep)); return nil })
	}
	for range keep + 2 {
		block(b, &stages{}, &stages{})
	}
	b.Run("block", func(b *testing.B) {
		var path, hash stages
		pathBytes, hashBytes := paths.meter.bytes.Load(), hashes.meter.bytes.Load()
		for b.Loop() {
			block(b, &path, &hash)
		}
		b.ReportMetric(0, "ns/op")
		path.report(b)
		hash.report(b)
		b.ReportMetric(float64(paths.meter.bytes.Load()-pathBytes)/float64(b.N), "path-B/block")
		b.ReportMetric(float64(hashes.meter.bytes.Load()-hashBytes)/float64(b.N), "hash-B/block")
	})
	paths.reopen(b, *benchMemory, options)
	paths.folder.stop()
	n := len(points) - 1
	pathDisk1, pathLive1 := paths.Stats().Store.DiskBytes, liveBytes(b, paths.meter)
	hashDisk1, hashLive1 := hashes.size(b)
	growth := func(old, now uint64) int { return (int(now) - int(old)) / n >> 10 }
	b.Logf("after %d blocks, kB a block: path %d on disk, %d of keys and values; hash %d and %d", n,
		growth(pathDisk, pathDisk1), growth(pathLive, pathLive1), growth(hashDisk, hashDisk1), growth(hashLive, hashLive1))

	for _, back := range []int{0, 1, 100} {
		if back >= n || keep > 0 && back >= int(keep) {
			continue
		}
		path, hash := paths.state(b, points[n-back]), hashes.state(n-back)
		checkBench(b, path, r, 100)
		list := make([][]byte, 10_000)
		for i := range list {
			list[i] = benchKey(r.IntN(*benchKeys))
		}
		get := func(s storage.Reader) func() {
			i := 0
			return func() {
				i = (i + 1) % len(list)
				if value, ok, err := s.Get(nil, list[i]); err != nil || !ok || len(value) != benchValueSize {
					b.Fatal(len(value), ok, err)
				}
			}
		}
		warm(get(path), len(list))
		warm(get(hash), len(list))
		b.Run(fmt.Sprintf("get/back-%d", back), func(b *testing.B) {
			compare(b, 200, side{"path", get(path)}, side{"hash", get(hash)})
		})
		page := func(s storage.State) func() {
			r := rand.New(rand.NewPCG(5, 5))
			return func() { benchPage(b, s, r, 1000) }
		}
		b.Run(fmt.Sprintf("page-1000/back-%d", back), func(b *testing.B) {
			compare(b, 1, side{"path", page(path)}, side{"hash", page(hash)})
		})
	}
	began := time.Now()
	hashes.check(b, int(keep))
	if keep > 0 {
		hashes.prune(b, 1)
		hashes.check(b, 1)
	}
	b.Logf("checked in %v", time.Since(began).Round(time.Millisecond))
}
