package queue

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"runtime"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/gotensor/gotensor/primitives/chain"
	"github.com/gotensor/gotensor/primitives/hash"
	"github.com/gotensor/gotensor/storage/trie"
)

// tree is a chain as the model has it: blocks by hash, and what is wrong with them. It is Importer and Verifier.
type tree struct {
	t       *testing.T
	mu      sync.Mutex
	in      map[hash.H256]bool
	order   []hash.H256
	bad     map[hash.H256]bool // Import refuses
	badSeal map[hash.H256]bool // Verify refuses
	sick    map[hash.H256]bool // Import fails by no fault of the block
	until   map[hash.H256]time.Time
	clock   *manualClock
	justs   []string
	gate    chan struct{} // where not nil, Import takes one element first
	ahead   int
}

func newTree(t *testing.T, root hash.H256) *tree {
	return &tree{t: t, in: map[hash.H256]bool{root: true}, bad: map[hash.H256]bool{}, badSeal: map[hash.H256]bool{}, sick: map[hash.H256]bool{}, until: map[hash.H256]time.Time{}}
}

var (
	errBad  = errors.New("bad by decree")
	errSeal = errors.New("bad seal by decree")
	errSick = errors.New("disk is full")
)

func (c *tree) Ahead(_ context.Context, b *Block) any {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.ahead++
	return !c.badSeal[b.Hash()]
}

func (c *tree) Verify(_ context.Context, b *Block, ahead any) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	if !c.in[b.Header.ParentHash] {
		c.t.Errorf("block %d is verified before its parent is imported", b.Header.Number)
	}
	if until, ok := c.until[b.Hash()]; ok && c.clock.Now().Before(until) {
		return fmt.Errorf("verify: %w", &FutureError{until, errors.New("not yet")})
	}
	good := !c.badSeal[b.Hash()]
	if ahead != nil && ahead.(bool) != good {
		c.t.Error("what Ahead said of another block came back")
	}
	if !good {
		return &BadError{errSeal}
	}
	return nil
}

func (c *tree) Has(h hash.H256) (bool, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.in[h], nil
}

func (c *tree) Import(ctx context.Context, b *Block) error {
	if c.gate != nil {
		select {
		case <-c.gate:
		case <-ctx.Done():
			return ctx.Err()
		}
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	switch h := b.Hash(); {
	case c.in[h]:
		c.t.Errorf("block %d is imported twice", b.Header.Number)
	case !c.in[b.Header.ParentHash]:
		c.t.Errorf("block %d is imported before its parent", b.Header.Number)
	case c.bad[h]:
		return fmt.Errorf("import: %w", &BadError{errBad})
	case c.sick[h]:
		return errSick
	default:
		c.in[h] = true
		c.order = append(c.order, h)
	}
	return nil
}

func (c *tree) Justify(_ context.Context, block hash.H256, n chain.BlockNumber, j chain.Justification) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	if !c.in[block] {
		c.t.Errorf("justification of block %d before the block", n)
	}
	if string(j.Data) == "bad" {
		return &BadError{errBad}
	}
	c.justs = append(c.justs, fmt.Sprintf("%d %s", n, j.Data))
	return nil
}

// manualClock is moved by tests.
type manualClock struct {
	mu      sync.Mutex
	now     time.Time
	waiting map[chan time.Time]time.Time
}

func newManualClock() *manualClock {
	return &manualClock{now: time.UnixMilli(1_700_000_000_000), waiting: map[chan time.Time]time.Time{}}
}

func (c *manualClock) Now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.now
}

func (c *manualClock) After(d time.Duration) <-chan time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	ch := make(chan time.Time, 1)
	c.waiting[ch] = c.now.Add(d)
	return ch
}

func (c *manualClock) advance(d time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.now = c.now.Add(d)
	for ch, at := range c.waiting {
		if !at.After(c.now) {
			ch <- c.now
			delete(c.waiting, ch)
		}
	}
}

// child makes a block; tag tells siblings apart.
func child(parent *Block, tag string) *Block {
	b := &Block{}
	b.Header.Number = 1
	if parent != nil {
		b.Header.Number = parent.Header.Number + 1
		b.Header.ParentHash = parent.Header.Hash()
	}
	b.Extrinsics = []chain.OpaqueExtrinsic{chain.OpaqueExtrinsic(tag)}
	b.Header.ExtrinsicsRoot = trie.OrderedRoot([][]byte{b.Extrinsics[0].AppendScale(nil)}, trie.V0)
	b.hash = b.Header.Hash()
	return b
}

// line makes n blocks one on the other.
func line(parent *Block, n int, tag string) []*Block {
	var out []*Block
	for range n {
		parent = child(parent, tag)
		out = append(out, parent)
	}
	return out
}

// hall is a running queue and what it told.
type hall struct {
	*Queue
	t       *testing.T
	mu      sync.Mutex
	results map[hash.H256][]Result
	told    int
	order   []hash.H256
	stop    func()
}

func start(t *testing.T, cfg Config) *hall {
	t.Helper()
	h := &hall{Queue: New(cfg), t: t, results: map[hash.H256][]Result{}}
	ctx, cancel := context.WithCancel(t.Context())
	ended := make(chan error, 1)
	go func() { ended <- h.Run(ctx) }()
	h.stop = sync.OnceFunc(func() {
		cancel()
		if err := <-ended; !errors.Is(err, context.Canceled) {
			t.Errorf("Run: %v", err)
		}
		if count, bytes := h.Len(); count != 0 || bytes != 0 {
			t.Errorf("%d entries, %d bytes left", count, bytes)
		}
	})
	t.Cleanup(h.stop)
	return h
}

func (h *hall) done(r Result) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.results[r.Hash] = append(h.results[r.Hash], r)
	h.order = append(h.order, r.Hash)
	h.told++
}

func (h *hall) submit(blocks ...*Block) {
	h.t.Helper()
	if n, err := h.Submit(h.t.Context(), blocks, h.done); err != nil || n != len(blocks) {
		h.t.Fatalf("Submit took %d of %d: %v", n, len(blocks), err)
	}
}

// wait waits until n results have come.
func (h *hall) wait(n int) {
	h.t.Helper()
	for deadline := time.Now().Add(20 * time.Second); ; runtime.Gosched() {
		h.mu.Lock()
		told := h.told
		h.mu.Unlock()
		if told >= n {
			return
		}
		if time.Now().After(deadline) {
			h.t.Fatalf("%d of %d results after 20 s", told, n)
		}
	}
}

func (h *hall) expect(b *Block, want Outcome, cause error) {
	h.t.Helper()
	h.mu.Lock()
	defer h.mu.Unlock()
	results := h.results[b.Hash()]
	if len(results) == 0 {
		h.t.Fatalf("block %d: no result, expected %v", b.Header.Number, want)
	}
	r := results[len(results)-1]
	if r.Outcome != want || !errors.Is(r.Err, cause) || (r.Err == nil) != (cause == nil) || r.Number != b.Header.Number {
		h.t.Fatalf("block %d: got %v %v, expected %v %v", b.Header.Number, r.Outcome, r.Err, want, cause)
	}
}

// idle waits until everything that can be done is done.
func (h *hall) idle() {
	h.t.Helper()
	for deadline := time.Now().Add(20 * time.Second); ; runtime.Gosched() {
		h.Queue.mu.Lock()
		idle := h.running == nil && len(h.ready) == 0
		h.Queue.mu.Unlock()
		if idle {
			return
		}
		if time.Now().After(deadline) {
			h.t.Fatal("not idle after 20 s")
		}
	}
}

func TestOutcomes(t *testing.T) {
	root := child(nil, "root")
	c := newTree(t, root.Hash())
	h := start(t, Config{Verifier: c, Importer: c, Limits: Limits{Orphans: -1}})
	good := line(root, 3, "good")
	evil := line(good[0], 4, "evil")
	forged := line(good[1], 2, "forged")
	sick := line(good[2], 2, "sick")
	lost := child(child(nil, "nobody"), "lost")
	c.bad[evil[1].Hash()], c.badSeal[forged[0].Hash()], c.sick[sick[0].Hash()] = true, true, true

	h.submit(good...)
	h.submit(evil...)
	h.submit(forged...)
	h.submit(sick...)
	h.submit(lost)
	h.wait(12)
	for _, b := range good {
		h.expect(b, Imported, nil)
	}
	h.expect(evil[0], Imported, nil)
	h.expect(evil[1], Bad, errBad)
	h.expect(evil[2], Bad, ErrAncestor)
	h.expect(evil[3], Bad, ErrAncestor)
	h.expect(forged[0], Bad, errSeal)
	h.expect(forged[1], Bad, ErrAncestor)
	h.expect(sick[0], Failed, errSick)
	h.expect(sick[1], Failed, errSick)
	h.expect(lost, UnknownParent, ErrUnknownParent)

	// What is bad stays bad, with all that descends from it; what failed has another chance.
	clear(c.sick)
	clear(c.bad)
	h.submit(evil[2], child(evil[3], "more"), sick[0], sick[1], good[1])
	h.wait(17)
	if r := h.results[evil[2].Hash()][1]; r.Outcome != Bad {
		t.Errorf("block known to be bad: got %v", r.Outcome)
	}
	h.expect(child(evil[3], "more"), Bad, ErrAncestor)
	h.expect(sick[1], Imported, nil)
	h.expect(good[1], Known, nil)
}

func TestOrphans(t *testing.T) {
	root := child(nil, "root")
	c := newTree(t, root.Hash())
	h := start(t, Config{Verifier: c, Importer: c, Limits: Limits{Orphans: 2}})
	blocks := line(root, 5, "a")
	h.submit(blocks[4], blocks[3], blocks[2], blocks[1])
	h.idle()
	if c.order != nil {
		t.Fatal("orphans were imported")
	}
	h.submit(blocks[0])
	h.wait(5)
	for _, b := range blocks {
		h.expect(b, Imported, nil)
	}
	// Three are one too many: the oldest goes.
	var lost []*Block
	for i := range 3 {
		lost = append(lost, child(child(nil, fmt.Sprint("nobody", i)), "lost"))
		h.submit(lost[i], child(lost[i], "its child"))
		h.idle()
	}
	h.wait(7)
	h.expect(lost[0], UnknownParent, ErrUnknownParent)
	h.expect(child(lost[0], "its child"), UnknownParent, ErrUnknownParent)
	// A parent that came by another way.
	parent := child(nil, "nobody2")
	c.mu.Lock()
	c.in[parent.Hash()] = true
	c.mu.Unlock()
	h.Arrived(parent.Hash())
	h.wait(9)
	h.expect(lost[2], Imported, nil)
	h.stop()
	h.expect(lost[1], Failed, context.Canceled)
	if n, err := h.Submit(t.Context(), blocks, nil); n != 0 || !errors.Is(err, ErrClosed) {
		t.Errorf("Submit after the end: %d, %v", n, err)
	}
}

func TestFuture(t *testing.T) {
	root := child(nil, "root")
	c := newTree(t, root.Hash())
	c.clock = newManualClock()
	h := start(t, Config{Verifier: c, Importer: c, Clock: c.clock, Limits: Limits{Future: 1, Horizon: 10 * time.Second}})
	soon := line(root, 2, "soon")
	sooner, never := child(root, "sooner"), child(root, "never")
	c.until[soon[0].Hash()] = c.clock.Now().Add(9 * time.Second)
	c.until[sooner.Hash()] = c.clock.Now().Add(8 * time.Second)
	c.until[never.Hash()] = c.clock.Now().Add(11 * time.Second)
	h.submit(never)
	h.wait(1)
	if r := h.results[never.Hash()][0]; r.Outcome != Future {
		t.Errorf("beyond the horizon: got %v", r.Outcome)
	}
	h.submit(soon...)
	h.idle()
	h.submit(sooner) // for which soon and its child must go
	h.wait(3)
	for _, b := range soon {
		if r := h.results[b.Hash()][0]; r.Outcome != Future {
			t.Errorf("no room to wait: got %v", r.Outcome)
		}
	}
	h.idle()
	c.clock.advance(7 * time.Second)
	h.idle()
	if c.in[sooner.Hash()] {
		t.Fatal("imported before its slot")
	}
	for !c.in[sooner.Hash()] { // the queue may not have asked for the time yet
		c.clock.advance(time.Second)
		time.Sleep(time.Millisecond)
		c.mu.Lock()
		in := c.in[sooner.Hash()]
		c.mu.Unlock()
		if in {
			break
		}
	}
	h.wait(4)
	h.expect(sooner, Imported, nil)
}

func TestJustifications(t *testing.T) {
	root := child(nil, "root")
	c := newTree(t, root.Hash())
	c.gate = make(chan struct{})
	h := start(t, Config{Verifier: c, Importer: c})
	blocks := line(root, 2, "a")
	j := func(text string) chain.Justification {
		return chain.Justification{Engine: chain.EngineGrandpa, Data: []byte(text)}
	}
	justify := func(b *Block, text string) {
		t.Helper()
		if err := h.Justify(t.Context(), b.Hash(), b.Header.Number, j(text), h.done); err != nil {
			t.Fatal(err)
		}
	}
	h.submit(blocks...)
	justify(blocks[1], "for a block in the queue")
	close(c.gate)
	h.wait(3)
	justify(blocks[0], "for a block in the chain")
	justify(blocks[0], "bad")
	justify(child(nil, "nobody"), "for nothing")
	again := *blocks[0]
	again.Justifications = chain.Justifications{j("that came with the block again")}
	h.submit(&again)
	h.wait(7)
	want := []string{"3 for a block in the queue", "2 for a block in the chain", "2 that came with the block again"}
	if !slices.Equal(c.justs, want) {
		t.Errorf("justifications: got %q, expected %q", c.justs, want)
	}
	if got := []Outcome{h.results[blocks[0].Hash()][1].Outcome, h.results[blocks[0].Hash()][2].Outcome}; !slices.Equal(got, []Outcome{Imported, Bad}) {
		t.Errorf("outcomes of justifications: %v", got)
	}
	h.expect(child(nil, "nobody"), UnknownParent, ErrUnknownParent)
}

// TestBounds: who submits waits, and no more is held than the limits say.
func TestBounds(t *testing.T) {
	root := child(nil, "root")
	c := newTree(t, root.Hash())
	c.gate = make(chan struct{})
	blocks := line(root, 50, "a")
	limits := Limits{Blocks: 7, Bytes: 5 * size(blocks[0])}
	h := start(t, Config{Verifier: c, Importer: c, Limits: limits})
	go h.Submit(t.Context(), blocks, h.done)
	for range blocks {
		c.gate <- struct{}{}
		if count, bytes := h.Len(); count > limits.Blocks || bytes > limits.Bytes {
			t.Fatalf("%d blocks of %d bytes", count, bytes)
		}
	}
	h.wait(50)

	// A queue that is full of what waits for nothing that comes makes room.
	lost := line(child(nil, "nobody"), 20, "lost")
	h.submit(lost...)
	close(c.gate)
	more := line(blocks[49], 20, "more")
	h.submit(more...)
	for has := false; !has; has, _ = c.Has(more[19].Hash()) {
		runtime.Gosched()
	}

	ctx, cancel := context.WithTimeout(t.Context(), 10*time.Millisecond)
	defer cancel()
	c.gate = make(chan struct{})
	if n, err := h.Submit(ctx, line(more[19], 20, "never"), h.done); n >= 20 || !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("Submit into a queue that stands still took %d: %v", n, err)
	}
	huge := child(root, string(make([]byte, limits.Bytes)))
	h.submit(huge)
	h.expect(huge, Failed, errTooLarge)
	close(c.gate)
}

// TestRandomTrees submits the blocks of random trees in random order, in random batches by several goroutines, some bad, some twice, and compares what became of
// each with what the tree says.
func TestRandomTrees(t *testing.T) {
	runs := 300
	if testing.Short() {
		runs = 30
	}
	for seed := range uint64(runs) {
		r := rand.New(rand.NewPCG(seed, 5))
		root := child(nil, "root")
		c := newTree(t, root.Hash())
		blocks := []*Block{root}
		n := 1 + r.IntN(80)
		for i := range n {
			parent := blocks[len(blocks)-1-r.IntN(min(len(blocks), 6))]
			b := child(parent, fmt.Sprint(i))
			blocks = append(blocks, b)
			switch r.IntN(40) {
			case 0:
				c.bad[b.Hash()] = true
			case 1:
				c.badSeal[b.Hash()] = true
			}
		}
		blocks = blocks[1:]
		fate := map[hash.H256]Outcome{root.Hash(): Imported}
		for _, b := range blocks {
			fate[b.Hash()] = Imported
			if fate[b.Header.ParentHash] == Bad || c.bad[b.Hash()] || c.badSeal[b.Hash()] {
				fate[b.Hash()] = Bad
			}
		}
		inOrder := r.IntN(3) == 0
		if !inOrder {
			r.Shuffle(len(blocks), func(i, j int) { blocks[i], blocks[j] = blocks[j], blocks[i] })
		}
		h := start(t, Config{Verifier: c, Importer: c, Limits: Limits{Orphans: 100}, Workers: r.IntN(4) - 1})
		total := 0
		var wg sync.WaitGroup
		for rest := blocks; len(rest) > 0; {
			k := 1 + r.IntN(len(rest))
			batch := slices.Clone(rest[:k])
			rest = rest[k:]
			if r.IntN(4) == 0 {
				twice := *batch[r.IntN(k)]
				batch = append(batch, &twice)
			}
			total += len(batch)
			if inOrder {
				h.submit(batch...)
			} else {
				wg.Go(func() { h.submit(batch...) })
			}
		}
		wg.Wait()
		h.wait(total)
		h.idle()
		for _, b := range blocks {
			for _, res := range h.results[b.Hash()] {
				got := res.Outcome
				if got == Known {
					got = Imported
				}
				if got != fate[b.Hash()] {
					t.Fatalf("seed %d: block %d: got %v (%v), expected %v", seed, b.Header.Number, res.Outcome, res.Err, fate[b.Hash()])
				}
			}
			if len(h.results[b.Hash()]) == 0 {
				t.Fatalf("seed %d: block %d has no result", seed, b.Header.Number)
			}
		}
		if inOrder { // Q1
			var want []hash.H256
			for _, b := range blocks {
				if fate[b.Hash()] == Imported {
					want = append(want, b.Hash())
				}
			}
			if !slices.Equal(c.order, want) {
				t.Fatalf("seed %d: not imported in the order of submission", seed)
			}
		}
		h.stop()
	}
}

func TestBadBlocksAreBounded(t *testing.T) {
	var b badBlocks
	for i := range 3 * MaxBad {
		b.add(hash.Blake2b256(fmt.Append(nil, i)))
	}
	if len(b.known) != MaxBad || len(b.ring) != MaxBad {
		t.Errorf("%d bad blocks", len(b.known))
	}
	if b.has(hash.Blake2b256([]byte("0"))) || !b.has(hash.Blake2b256(fmt.Append(nil, 3*MaxBad-1))) {
		t.Error("the oldest ones must go")
	}
}

// A good header with the body of somebody else keeps nobody's block out: neither the block itself, whether it comes later or waits, nor what descends from it.
func TestForeignBody(t *testing.T) {
	root := child(nil, "root")
	chain1 := line(root, 3, "a")
	foreign := func(b *Block, body ...chain.OpaqueExtrinsic) *Block {
		return &Block{Block: chain.Block{Header: b.Header, Extrinsics: body}}
	}
	c := newTree(t, root.Header.Hash())
	h := start(t, Config{Verifier: c, Importer: c})
	h.submit(chain1[2]) // an orphan
	h.idle()
	long := chain.OpaqueExtrinsic(strings.Repeat("x", 100)) // so that the forms of the root differ
	for i, evil := range []*Block{foreign(chain1[0]), foreign(chain1[1], long), foreign(chain1[2], chain1[2].Extrinsics[0], chain1[2].Extrinsics[0])} {
		h.submit(evil)
		h.wait(i + 1)
		h.expect(evil, Bad, ErrBody)
	}
	h.submit(chain1[0], chain1[1])
	h.wait(6)
	for _, b := range chain1 {
		h.expect(b, Imported, nil)
	}
	for _, v := range []trie.Version{trie.V0, trie.V1} {
		b := child(chain1[2], string(long))
		b.Header.ExtrinsicsRoot = trie.OrderedRoot([][]byte{long.AppendScale(nil)}, v)
		h.submit(b)
		h.wait(7 + int(v))
		h.expect(b, Imported, nil)
	}
}
