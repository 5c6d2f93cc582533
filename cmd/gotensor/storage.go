package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"go/format"
	"math"
	"math/rand/v2"
	"os"
	"slices"
	"strings"
	"time"

	"github.com/urfave/cli/v2"

	"github.com/gotensor/gotensor/node/chainspec"
	"github.com/gotensor/gotensor/primitives/chain"
	"github.com/gotensor/gotensor/storage"
	"github.com/gotensor/gotensor/storage/db"
	"github.com/gotensor/gotensor/storage/trie"
	"github.com/gotensor/gotensor/wasmhost"
)

// benchmarkStorageCommand measures what Substrate's "benchmark storage" does, with its names of flags; what is measured follows
// utils/frame/benchmarking-cli/src/storage (paritytech/polkadot-sdk): cmd.rs, read.rs and write.rs.
func benchmarkStorageCommand() *cli.Command {
	return &cli.Command{
		Name:  "storage",
		Usage: "measure reads and writes of a chain's state, and print their weights",
		Description: `Reads: every key of the state after the best block, in random order, one by one. Writes: the values of all these keys are replaced by random ones of the
same length, a batch at a time, each batch a block on top of the best one: its root is calculated and the block is imported, until it is on the disk. The time of
a batch is divided by its keys. Batches are about equally long; the blocks are taken back. The best block stays the best one throughout, but for the moment in
which a block is taken back: on a machine that may fail use a copy of the store. Background work (folding, pruning, compaction) is not measured, as in Substrate.

With --base-path or without --chain FILE the store of the chain is measured; where it has none yet, it is made of the chain spec. With --chain FILE alone it is
a temporary one.

   gotensor benchmark storage --chain raw_spec.json
   gotensor benchmark storage --base-path /var/lib/gotensor --chain bittensor --keys 1000000 --metric p95 --mul 1.5 --weight-path weights_gen.go`,
		Flags: append(storeFlags(),
			&cli.IntFlag{Name: "keys", Usage: "measure `N` keys, chosen at random", DefaultText: "all"},
			&cli.Uint64Flag{Name: "seed", Value: 1, Usage: "`SEED` of order, choice and values"},
			&cli.IntFlag{Name: "warmups", Value: 1, Usage: "read all keys `N` times before each measurement"},
			&cli.IntFlag{Name: "batch-size", Value: 100_000, Usage: "change at most `N` keys in a block"},
			&cli.UintFlag{Name: "state-version", Usage: "write values in this `VERSION` of the state, 0 or 1", DefaultText: "what the runtime asks for"},
			&cli.BoolFlag{Name: "include-child-trees", Usage: "measure the keys of child tries, instead of the roots of these", DisableDefaultText: true},
			&cli.BoolFlag{Name: "skip-read", Usage: "do not measure reads", DisableDefaultText: true},
			&cli.BoolFlag{Name: "skip-write", Usage: "do not measure writes", DisableDefaultText: true},
			&cli.StringFlag{Name: "metric", Value: "average", Usage: "`NAME` of what becomes the weight: max, average, median, p99, p95 or p75"},
			&cli.Float64Flag{Name: "mul", Value: 1, Usage: "multiply the weight by this `FACTOR`"},
			&cli.Uint64Flag{Name: "add", Usage: "add this many `NANOSECONDS` to the weight, after --mul"},
			&cli.StringFlag{Name: "weight-path", Usage: "write the weights to this `FILE`, as Go constants"},
			&cli.StringFlag{Name: "json-read-path", Usage: "write size and time of each read to this `FILE`"},
			&cli.StringFlag{Name: "json-write-path", Usage: "write size and time of each batch to this `FILE`"},
		),
		Action: benchmarkStorage,
	}
}

// stats are Substrate's (benchmarking-cli/src/shared/stats.rs): the deviation is that of all, and a percentile is the least value that so many are not above.
type stats struct {
	Count   int     `json:"count"`
	Total   uint64  `json:"total"`
	Min     uint64  `json:"min"`
	Max     uint64  `json:"max"`
	Average uint64  `json:"average"`
	Median  uint64  `json:"median"`
	StdDev  float64 `json:"stddev"`
	P99     uint64  `json:"p99"`
	P95     uint64  `json:"p95"`
	P75     uint64  `json:"p75"`
}

func newStats(values []uint64) stats {
	sorted := slices.Sorted(slices.Values(values))
	n := len(sorted)
	if n == 0 {
		return stats{}
	}
	percentile := func(p int) uint64 { return sorted[(n*p+99)/100-1] }
	s := stats{Count: n, Min: sorted[0], Max: sorted[n-1], Median: percentile(50), P99: percentile(99), P95: percentile(95), P75: percentile(75)}
	for _, v := range sorted {
		s.Total += v
	}
	mean := float64(s.Total) / float64(n)
	var squares float64
	for _, v := range sorted {
		squares += (float64(v) - mean) * (float64(v) - mean)
	}
	s.Average = uint64(mean)
	s.StdDev = math.Round(math.Sqrt(squares/float64(n))*100) / 100
	return s
}

// metrics are the names of what may become a weight.
var metrics = map[string]func(stats) uint64{
	"max": func(s stats) uint64 { return s.Max }, "average": func(s stats) uint64 { return s.Average }, "median": func(s stats) uint64 { return s.Median },
	"p99": func(s stats) uint64 { return s.P99 }, "p95": func(s stats) uint64 { return s.P95 }, "p75": func(s stats) uint64 { return s.P75 },
}

// measurement is what was measured of one kind of access: times in nanoseconds, sizes of values in bytes.
type measurement struct {
	Keys  int   `json:"keys"`
	Times stats `json:"nanoseconds"`
	Sizes stats `json:"valueBytes"`
	// Nanoseconds is the weight before it is one: picoseconds are a thousand times as many.
	Nanoseconds uint64 `json:"weightNanoseconds"`
	Weight      uint64 `json:"weight"`

	raw [][2]uint64 // size and time of each
}

func (m *measurement) add(size, nanoseconds uint64) {
	m.raw = append(m.raw, [2]uint64{size, nanoseconds})
}

// finish calculates what follows from all measurements.
func (m *measurement) finish(o *storageOptions) {
	sizes, times := make([]uint64, len(m.raw)), make([]uint64, len(m.raw))
	for i, pair := range m.raw {
		sizes[i], times[i] = pair[0], pair[1]
	}
	m.Sizes, m.Times = newStats(sizes), newStats(times)
	m.Nanoseconds = o.weight(m.Times)
	m.Weight = m.Nanoseconds * 1000
}

type storageReport struct {
	Chain        string       `json:"chain,omitempty"` // where a spec says so
	Block        pointReport  `json:"block"`
	StateVersion uint8        `json:"stateVersion"`
	Keys         int          `json:"keys"`
	Seed         uint64       `json:"seed"`
	Metric       string       `json:"metric"`
	Mul          float64      `json:"mul"`
	Add          uint64       `json:"add"`
	Read         *measurement `json:"read,omitempty"`
	Write        *measurement `json:"write,omitempty"`
	Batches      int          `json:"batches"`
	Skipped      int          `json:"keysNotWritten"` // roots of child tries, and values of no bytes
}

func (r *storageReport) text(p *printer) {
	if r.Chain != "" {
		p.row("chain", "%s", r.Chain)
	}
	p.row("block", "%s", r.Block)
	p.row("keys", "%d", r.Keys)
	p.row("state version", "%d", r.StateVersion)
	if r.Write != nil {
		p.row("written", "%s in %s, %d left out", count(r.Write.Keys, "key"), countOf(r.Batches, "batch", "batches"), r.Skipped)
	}
	p.line("\nnanoseconds\tcount\ttotal\tmin\tmax\taverage\tmedian\tstddev\t99th\t95th\t75th")
	line := func(name string, s stats) {
		p.line("%s\t%d\t%d\t%d\t%d\t%d\t%d\t%.2f\t%d\t%d\t%d", name, s.Count, s.Total, s.Min, s.Max, s.Average, s.Median, s.StdDev, s.P99, s.P95, s.P75)
	}
	each := func(f func(name string, m *measurement)) {
		if r.Read != nil {
			f("read", r.Read)
		}
		if r.Write != nil {
			f("write", r.Write)
		}
	}
	each(func(name string, m *measurement) { line(name, m.Times) })
	p.line("\nbytes of values\tcount\ttotal\tmin\tmax\taverage\tmedian\tstddev\t99th\t95th\t75th")
	each(func(name string, m *measurement) { line(name, m.Sizes) })
	p.line("\nweights: %s of the times x %v + %d, in picoseconds", r.Metric, r.Mul, r.Add)
	each(func(name string, m *measurement) { p.line("%s\t%s * 1_000", name, underscored(m.Nanoseconds)) })
}

// countOf is count of a noun whose plural is irregular.
func countOf(n int, one, more string) string {
	if n == 1 {
		return "1 " + one
	}
	return fmt.Sprintf("%d %s", n, more)
}

// underscored writes a number in groups of three digits, as Go reads them.
func underscored(n uint64) string {
	text := fmt.Sprint(n)
	for i := len(text) - 3; i > 0; i -= 3 {
		text = text[:i] + "_" + text[i:]
	}
	return text
}

type storageOptions struct {
	keys, warmups, batch int
	seed                 uint64
	children             bool
	metric               string
	mul                  float64
	add                  uint64
}

// weight is Substrate's (shared/weight_params.rs), in nanoseconds: the metric times mul plus add, rounded up.
func (o *storageOptions) weight(s stats) uint64 {
	const most = 1 << 54 // a thousand times as many fit, too
	return uint64(min(math.Ceil(math.FMA(float64(metrics[o.metric](s)), o.mul, float64(o.add))), most))
}

func readStorageOptions(c *cli.Context) (*storageOptions, error) {
	o := &storageOptions{
		keys: c.Int("keys"), warmups: c.Int("warmups"), batch: c.Int("batch-size"), seed: c.Uint64("seed"), children: c.Bool("include-child-trees"),
		metric: c.String("metric"), mul: c.Float64("mul"), add: c.Uint64("add"),
	}
	switch {
	case o.keys < 0 || c.IsSet("keys") && o.keys == 0:
		return nil, usage(c, "--keys %d: expected a number of keys from 1 on", o.keys)
	case o.warmups < 0:
		return nil, usage(c, "--warmups %d: expected a number of rounds", o.warmups)
	case o.batch < 1:
		return nil, usage(c, "--batch-size %d: expected a number of keys from 1 on", o.batch)
	case c.Uint("state-version") > 1:
		return nil, usage(c, "--state-version %d: expected 0 or 1", c.Uint("state-version"))
	case metrics[o.metric] == nil:
		return nil, usage(c, "--metric %q: expected max, average, median, p99, p95 or p75", o.metric)
	case !(o.mul >= 0x1p-1022 && o.mul <= math.MaxFloat64):
		return nil, usage(c, "--mul %v: expected a positive factor", o.mul)
	case c.Bool("skip-read") && c.Bool("skip-write"):
		return nil, usage(c, "--skip-read and --skip-write leave nothing to measure")
	}
	return o, nil
}

func benchmarkStorage(c *cli.Context) (err error) {
	if _, err := arguments(c, 0, 0); err != nil {
		return err
	}
	o, err := readStorageOptions(c)
	if err != nil {
		return err
	}
	ctx, stop := interruptible(c)
	defer stop()
	store, spec, remove, err := storeToMeasure(ctx, c)
	if err != nil {
		return err
	}
	defer func() {
		closing(store, &err)
		if removed := remove(); err == nil {
			err = removed
		}
	}()
	b := &storageBenchmark{ctx: ctx, store: store, options: o, ticker: newTicker(c), head: store.Head(), random: rand.New(rand.NewPCG(o.seed, 0))}
	if err := b.collect(); err != nil {
		return err
	}
	if b.version, err = stateVersion(ctx, c, store, b.head.Best); err != nil {
		return err
	}
	r := &storageReport{
		Block: newPointReport(b.head.Best), StateVersion: uint8(b.version), Keys: len(b.keys), Seed: o.seed, Metric: o.metric, Mul: o.mul, Add: o.add,
	}
	if spec != nil {
		r.Chain = spec.Name
	}
	if !c.Bool("skip-read") {
		if r.Read, err = b.read(); err != nil {
			return err
		}
		if err := writeRaw(c.String("json-read-path"), r.Read); err != nil {
			return err
		}
	}
	if !c.Bool("skip-write") {
		if r.Write, r.Skipped, err = b.write(); err != nil {
			return err
		}
		r.Batches = len(r.Write.raw)
		if err := writeRaw(c.String("json-write-path"), r.Write); err != nil {
			return err
		}
	}
	if path := c.String("weight-path"); path != "" {
		text, err := weightFile(r, c.App.Metadata[commandLine])
		if err == nil {
			err = os.WriteFile(path, text, 0o644)
		}
		if err != nil {
			return err
		}
	}
	return emit(c, r)
}

// storeToMeasure opens the store that the flags mean, makes it of the chain spec where there is none, or makes a temporary one. remove takes that away.
func storeToMeasure(ctx context.Context, c *cli.Context) (store *db.DB, spec *chainspec.Spec, remove func() error, err error) {
	memory, err := storeMemory(c)
	if err != nil {
		return nil, nil, nil, err
	}
	remove = func() error { return nil }
	temporary := !c.IsSet(basePathFlag.Name) && isFile(c.String(chainFlag.Name))
	var dir string
	if temporary {
		if spec, err = chainspec.ReadFile(c.String(chainFlag.Name)); err != nil {
			return nil, nil, nil, specHint(c.String(chainFlag.Name), err)
		}
		top, err := os.MkdirTemp("", "gotensor-benchmark-")
		if err != nil {
			return nil, nil, nil, err
		}
		remove = func() error { return os.RemoveAll(top) }
		dir = top
	} else {
		if dir, spec, err = chosenStore(c); err != nil {
			return nil, nil, nil, err
		}
		store, err = db.OpenFolder(dir, memory, ready(c, memory, db.Options{}))
		if err == nil || spec == nil || !errors.Is(err, db.ErrEmpty) {
			return store, spec, remove, err
		}
	}
	store, err = createStore(ctx, c, dir, memory, spec)
	if err != nil {
		return nil, nil, nil, errors.Join(err, remove())
	}
	return store, spec, remove, nil
}

func isFile(path string) bool {
	info, err := os.Stat(path)
	return err == nil && !info.IsDir()
}

// createStore makes a store of a chain spec.
func createStore(ctx context.Context, c *cli.Context, dir string, memory int64, spec *chainspec.Spec) (*db.DB, error) {
	engine, err := newEngine(c, wasmhost.Config{})
	if err != nil {
		return nil, err
	}
	defer engine.Close()
	version, err := spec.Genesis.Version(ctx, engine)
	if err != nil {
		return nil, err
	}
	if err := spec.Genesis.MakeRaw(ctx, engine); err != nil {
		return nil, err
	}
	block, err := spec.Genesis.Build(trie.Version(version.StateVersion()))
	if err != nil {
		return nil, err
	}
	return db.CreateFolder(dir, memory, block.Header, block.State, ready(c, memory, db.Options{}))
}

// stateVersion is what the flag says, or else the runtime of the state after a block.
func stateVersion(ctx context.Context, c *cli.Context, store *db.DB, at db.Point) (trie.Version, error) {
	if c.IsSet("state-version") {
		return trie.Version(c.Uint("state-version")), nil
	}
	state, err := store.State(at.Hash)
	if err != nil {
		return 0, err
	}
	defer state.Close()
	code, ok, err := state.Get(nil, []byte(":code"))
	if err != nil {
		return 0, err
	}
	if !ok {
		return 0, hint(fmt.Errorf("the state after %s has no runtime", at), "--state-version says how values are written")
	}
	engine, err := newEngine(c, wasmhost.Config{})
	if err != nil {
		return 0, err
	}
	defer engine.Close()
	_, version, err := (&source{code: code}).load(ctx, engine)
	return trie.Version(version.StateVersion()), err
}

// stateKey is a key of the state; child is nil for the top trie.
type stateKey struct{ child, key []byte }

type storageBenchmark struct {
	ctx     context.Context
	store   *db.DB
	options *storageOptions
	ticker  *ticker
	head    db.Head
	version trie.Version
	random  *rand.Rand
	keys    []stateKey // in random order
}

// childRoot is what keys of the roots of child tries begin with.
var childRoot = storage.ChildRootKey(nil)

// collect chooses the keys, each with the same chance, without holding more than it chooses.
func (b *storageBenchmark) collect() error {
	state, err := b.store.State(b.head.Best.Hash)
	if err != nil {
		return err
	}
	defer state.Close()
	seen := 0
	var walk func(child []byte) error
	walk = func(child []byte) error {
		it := state.Iterate(child, nil, nil)
		defer it.Close()
		for it.Next() {
			b.ticker.tell("benchmark: %d keys found", seen)
			if err := context.Cause(b.ctx); err != nil {
				return err
			}
			if child == nil && b.options.children && bytes.HasPrefix(it.Key(), childRoot) {
				if err := walk(append([]byte{}, it.Key()[len(childRoot):]...)); err != nil {
					return err
				}
				continue
			}
			seen++
			if k := b.options.keys; k == 0 || len(b.keys) < k {
				b.keys = append(b.keys, stateKey{child, bytes.Clone(it.Key())})
			} else if at := b.random.IntN(seen); at < k {
				b.keys[at] = stateKey{child, bytes.Clone(it.Key())}
			}
		}
		return it.Err()
	}
	if err := walk(nil); err != nil {
		return err
	}
	if len(b.keys) == 0 {
		return fmt.Errorf("the state after %s has no keys", b.head.Best)
	}
	b.random.Shuffle(len(b.keys), func(i, j int) { b.keys[i], b.keys[j] = b.keys[j], b.keys[i] })
	return nil
}

// round reads all keys in turn.
func (b *storageBenchmark) round(what string, done func(size int, took time.Duration)) error {
	state, err := b.store.State(b.head.Best.Hash)
	if err != nil {
		return err
	}
	defer state.Close()
	for i, k := range b.keys {
		begin := time.Now()
		value, ok, err := state.Get(k.child, k.key)
		took := time.Since(begin)
		if err == nil && !ok {
			err = fmt.Errorf("%w: key 0x%x was there and is not", errWrong, k.key)
		}
		if err != nil {
			return err
		}
		done(len(value), took)
		b.ticker.tell("benchmark: %s, %d of %s", what, i+1, count(len(b.keys), "key"))
		if err := context.Cause(b.ctx); err != nil {
			return err
		}
	}
	return nil
}

func (b *storageBenchmark) warmup() error {
	for range b.options.warmups {
		if err := b.round("warm-up", func(int, time.Duration) {}); err != nil {
			return err
		}
	}
	return nil
}

func (b *storageBenchmark) read() (*measurement, error) {
	if err := b.warmup(); err != nil {
		return nil, err
	}
	m := &measurement{Keys: len(b.keys)}
	err := b.round("read", func(size int, took time.Duration) { m.add(uint64(size), uint64(took)) })
	m.finish(b.options)
	return m, err
}

func (b *storageBenchmark) write() (*measurement, int, error) {
	for _, leaf := range b.store.Leaves() {
		if leaf.Number > b.head.Best.Number {
			return nil, 0, hint(fmt.Errorf("%s is above the best block %d, and would be taken back with the blocks of the benchmark", leaf, b.head.Best.Number),
				"measure a copy, or with --skip-write")
		}
	}
	if err := b.warmup(); err != nil {
		return nil, 0, err
	}
	keys, err := b.writable()
	if err != nil {
		return nil, 0, err
	}
	m := &measurement{Keys: len(keys)}
	batches := (len(keys) + b.options.batch - 1) / b.options.batch
	for i := range batches {
		batch := keys[len(keys)*i/batches : len(keys)*(i+1)/batches]
		size, took, err := b.writeBatch(batch)
		if err != nil {
			return nil, 0, fmt.Errorf("batch %d of %d: %w", i+1, batches, err)
		}
		m.add(uint64(size/len(batch)), uint64(took)/uint64(len(batch)))
		b.ticker.tell("benchmark: written, %d of %s", i+1, countOf(batches, "batch", "batches"))
		if err := context.Cause(b.ctx); err != nil {
			return nil, 0, err
		}
	}
	m.finish(b.options)
	return m, len(b.keys) - len(keys), nil
}

// writable returns the keys that can be written: what the trie itself writes cannot be set, and a value of no bytes has no other of its length.
func (b *storageBenchmark) writable() (keys []stateKey, err error) {
	state, err := b.store.State(b.head.Best.Hash)
	if err != nil {
		return nil, err
	}
	defer state.Close()
	for _, k := range b.keys {
		value, _, err := state.Get(k.child, k.key)
		if err != nil {
			return nil, err
		}
		if len(value) > 0 && !(k.child == nil && bytes.HasPrefix(k.key, childRoot)) {
			keys = append(keys, k)
		}
	}
	if len(keys) == 0 {
		return nil, fmt.Errorf("the state after %s has no keys to write", b.head.Best)
	}
	return keys, nil
}

// writeBatch imports a block that changes keys, and takes it back.
func (b *storageBenchmark) writeBatch(batch []stateKey) (size int, took time.Duration, err error) {
	at, size, took, last, err := b.importBatch(batch)
	if err != nil {
		return 0, 0, err
	}
	return size, took, errors.Join(b.checkWritten(at, batch[len(batch)-1], last), b.takeBack(at))
}

// importBatch imports a block that changes keys; last is the new value of the last one. No state is held afterwards, so that nothing of the block stays for its sake.
func (b *storageBenchmark) importBatch(batch []stateKey) (at db.Point, size int, took time.Duration, last []byte, err error) {
	// A state of its own for each batch, so that none profits from the nodes that another one read.
	state, err := b.store.State(b.head.Best.Hash)
	if err != nil {
		return at, 0, 0, nil, err
	}
	defer state.Close()
	overlay := storage.NewOverlay(state)
	for _, k := range batch {
		old, _, err := state.Get(k.child, k.key)
		if err != nil {
			return at, 0, 0, nil, err
		}
		last = make([]byte, len(old))
		for i := range last {
			last[i] = byte(b.random.Uint32())
		}
		if bytes.Equal(last, old) {
			last[0] ^= 1
		}
		if err := overlay.Set(k.child, k.key, last); err != nil {
			return at, 0, 0, nil, err
		}
		size += len(last)
	}
	at, took, err = b.importBlock(overlay)
	return at, size, took, last, err
}

// importBlock makes a block of what an overlay holds. Its time is that of the root and of the import.
func (b *storageBenchmark) importBlock(overlay *storage.Overlay) (at db.Point, took time.Duration, err error) {
	begin := time.Now()
	state, changes, err := overlay.Finish(b.version)
	if err != nil {
		return at, 0, err
	}
	block := &db.Block{
		Header: chain.Header{
			ParentHash: b.head.Best.Hash, Number: b.head.Best.Number + 1, StateRoot: state.Root(), ExtrinsicsRoot: trie.EmptyRoot,
			Digest: []chain.DigestItem{{Kind: chain.DigestOther, Data: []byte("gotensor benchmark storage")}},
		},
		Changes: changes, State: state, Choice: db.NotBest,
	}
	at = db.Point{Number: block.Header.Number}
	at.Hash, err = b.store.Import(block)
	return at, time.Since(begin), err
}

// checkWritten reads what was written, so that a benchmark of nothing is found out.
func (b *storageBenchmark) checkWritten(at db.Point, k stateKey, want []byte) error {
	state, err := b.store.State(at.Hash)
	if err != nil {
		return err
	}
	defer state.Close()
	got, _, err := state.Get(k.child, k.key)
	if err == nil && !bytes.Equal(got, want) {
		err = fmt.Errorf("%w: key 0x%x has a value of %d bytes that was not written", errWrong, k.key, len(got))
	}
	return err
}

// takeBack takes back a block on top of the best one.
func (b *storageBenchmark) takeBack(at db.Point) error {
	if err := b.store.SetBest(at.Hash); err != nil {
		return err
	}
	if _, err := b.store.Revert(1); err != nil {
		return err
	}
	if err := b.store.Settle(); err != nil {
		return err
	}
	if head := b.store.Head(); head != b.head {
		return fmt.Errorf("%w: the best block was %s, and is %s", errWrong, b.head.Best, head.Best)
	}
	return nil
}

// writeRaw writes size and time of each measurement, in the form of Substrate's files.
func writeRaw(path string, m *measurement) error {
	if path == "" {
		return nil
	}
	text, err := json.MarshalIndent(map[string]any{"ns_per_size": m.raw}, "", "  ")
	if err != nil {
		return err
	}
	return os.WriteFile(path, append(text, '\n'), 0o644)
}

// weightFile is a Go file with the weights as constants: our runtime is a Go program, so they go into it as they are.
func weightFile(r *storageReport, words any) ([]byte, error) {
	var out bytes.Buffer
	line := func(format string, args ...any) { fmt.Fprintf(&out, format+"\n", args...) }
	line("// Code generated by \"gotensor benchmark storage\"; DO NOT EDIT.")
	line("//")
	if list, ok := words.([]string); ok {
		line("// command: gotensor %s", strings.Join(strings.Fields(strings.Join(list[min(1, len(list)):], " ")), " ")) // on one line
	}
	if r.Chain != "" {
		line("// chain: %q", r.Chain)
	}
	line("// block: %s", r.Block)
	line("// keys: %d, state version %d, seed %d", r.Keys, r.StateVersion, r.Seed)
	line("// gotensor: %s\n", version)
	line("package weights\n")
	line("// Dispatch weights of access to the store, as reference time in picoseconds: the %s of the measured nanoseconds times %v plus %d.", r.Metric, r.Mul, r.Add)
	line("const (")
	constant := func(name, what string, m *measurement) {
		if m == nil {
			return
		}
		t := m.Times
		line("// %s is the weight of %s.", name, what)
		line("//")
		line("//\tmin, max:      %s, %s", underscored(t.Min), underscored(t.Max))
		line("//\taverage:       %s", underscored(t.Average))
		line("//\tmedian:        %s", underscored(t.Median))
		line("//\tstddev:        %.2f", t.StdDev)
		line("//\t99th 95th 75th: %s, %s, %s", underscored(t.P99), underscored(t.P95), underscored(t.P75))
		line("%s uint64 = %s * 1_000", name, underscored(m.Nanoseconds))
	}
	constant("StorageRead", "the read of one key", r.Read)
	constant("StorageWrite", "the write of one key", r.Write)
	line(")")
	return format.Source(out.Bytes())
}
