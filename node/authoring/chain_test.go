package authoring

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/gotensor/gotensor/consensus/aura"
	"github.com/gotensor/gotensor/consensus/grandpa"
	"github.com/gotensor/gotensor/consensus/queue"
	"github.com/gotensor/gotensor/node/client"
	"github.com/gotensor/gotensor/node/execution"
	"github.com/gotensor/gotensor/node/finality"
	"github.com/gotensor/gotensor/primitives/chain"
	"github.com/gotensor/gotensor/primitives/hash"
	"github.com/gotensor/gotensor/primitives/keys"
	"github.com/gotensor/gotensor/primitives/scale"
	"github.com/gotensor/gotensor/storage/db"
	"github.com/gotensor/gotensor/storage/trie"
	"github.com/gotensor/gotensor/testnet/upgrades"
	"github.com/gotensor/gotensor/wasmhost"
)

// tree makes 50 blocks with forks on a node, most of them with transfers of its pool, and returns them in the order in which they were made.
func tree(t *testing.T, n *node) []*queue.Block {
	t.Helper()
	r := rand.New(rand.NewPCG(1, 50))
	p := n.proposer(t, nil)
	alice, bob := sender(t, "//Alice"), sender(t, "//Bob").Account()
	points := []db.Point{n.Head().Best}
	slots := map[hash.H256]aura.Slot{points[0].Hash: slot0}
	var blocks []*queue.Block
	for range 50 {
		for range r.IntN(6) {
			n.submit(t, alice.Sign(transfer(bob, 1_000_000_000), n.terms()))
		}
		parent := n.Head().Best
		if r.IntN(3) == 0 {
			parent = points[len(points)-1-r.IntN(min(len(points), 5))]
		}
		slot := slots[parent.Hash] + 1 + aura.Slot(r.IntN(3))
		point := n.author(t, p, parent, slot)
		n.follow(t)
		points, slots[point.Hash] = append(points, point), slot
		signed, err := n.Store().SignedBlock(point.Hash)
		if err != nil {
			t.Fatal(err)
		}
		blocks = append(blocks, &queue.Block{Block: signed.Block, Origin: uint8(client.OriginNetwork)})
	}
	return blocks
}

// reception is a running import queue of a node.
type reception struct {
	*queue.Queue
	mu      sync.Mutex
	results []queue.Result
	stop    func()
}

func (n *node) receive(t *testing.T, change func(*QueueConfig)) *reception {
	t.Helper()
	cfg := QueueConfig{Client: n.Client, Clock: &virtual{now: (slot0 + 10_000).Start(duration)}, Log: n.config().Log}
	if change != nil {
		change(&cfg)
	}
	r := &reception{Queue: NewQueue(cfg)}
	ctx, cancel := context.WithCancel(t.Context())
	ended := make(chan error, 1)
	go func() { ended <- r.Run(ctx) }()
	r.stop = sync.OnceFunc(func() {
		cancel()
		if err := <-ended; !errors.Is(err, context.Canceled) {
			t.Error(err)
		}
	})
	t.Cleanup(r.stop)
	return r
}

// take submits blocks and waits for their results, in the order in which they came.
func (r *reception) take(t *testing.T, blocks ...*queue.Block) []queue.Result {
	t.Helper()
	before := len(r.results)
	told := make(chan struct{}, len(blocks))
	done := func(res queue.Result) {
		r.mu.Lock()
		r.results = append(r.results, res)
		r.mu.Unlock()
		told <- struct{}{}
	}
	if n, err := r.Submit(t.Context(), blocks, done); err != nil || n != len(blocks) {
		t.Fatal(n, err)
	}
	for range blocks {
		select {
		case <-told:
		case <-time.After(time.Minute):
			t.Fatal("no result after a minute")
		}
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	return slices.Clone(r.results[before:])
}

// copies are the blocks as a peer would send them.
func copies(blocks []*queue.Block) []*queue.Block {
	out := make([]*queue.Block, len(blocks))
	for i, b := range blocks {
		out[i] = &queue.Block{Block: b.Block, Origin: b.Origin}
	}
	return out
}

// same wants that two nodes have the same blocks, and the same state on the best chain.
func same(t *testing.T, a, b *node, blocks []*queue.Block) {
	t.Helper()
	for _, block := range blocks {
		id := block.Header.Hash()
		one, err := a.Store().SignedBlock(id)
		if err != nil {
			t.Fatal(err)
		}
		other, err := b.Store().SignedBlock(id)
		if err != nil {
			t.Fatal(err)
		}
		if string(scale.Marshal(one)) != string(scale.Marshal(other)) {
			t.Fatalf("block %d %s differs", one.Block.Header.Number, id)
		}
		// The states were held against the header's root when they were imported; one question more shows that they are there.
		args := sender(t, "//Alice").Pair.Public()
		x, err := a.Call(t.Context(), id, "AccountNonceApi_account_nonce", args)
		if err != nil {
			t.Fatal(err)
		}
		if y, err := b.Call(t.Context(), id, "AccountNonceApi_account_nonce", args); err != nil || string(x) != string(y) {
			t.Fatalf("nonce after block %d: %x, expected %x, %v", one.Block.Header.Number, y, x, err)
		}
	}
	if slices.Compare([]chain.BlockNumber{a.Head().Best.Number}, []chain.BlockNumber{b.Head().Best.Number}) != 0 {
		t.Errorf("best block %s, expected height of %s", b.Head().Best, a.Head().Best)
	}
}

// A tree of blocks that one node authored comes through the queue of another one: in order, and in any order, and by several at once.
func TestImportOfATree(t *testing.T) {
	n := newNetwork(t, nil)
	author := n.open(t, nil)
	blocks := tree(t, author)
	forks, transfers := 0, 0
	for i, b := range blocks {
		transfers += len(b.Extrinsics) - 1
		if i > 0 && b.Header.ParentHash != blocks[i-1].Header.Hash() {
			forks++
		}
	}
	if forks < 10 || transfers < 20 {
		t.Fatalf("%d forks, %d transfers", forks, transfers)
	}

	inOrder := n.open(t, nil)
	r := inOrder.receive(t, nil)
	for i, res := range r.take(t, copies(blocks)...) {
		if res.Outcome != queue.Imported || res.Hash != blocks[i].Header.Hash() {
			t.Fatalf("block %d: %+v", i, res)
		}
	}
	same(t, author, inOrder, blocks)
	if inOrder.Head() != author.Head() {
		t.Errorf("head %+v, expected %+v", inOrder.Head(), author.Head())
	}
	for _, res := range r.take(t, copies(blocks[:5])...) {
		if res.Outcome != queue.Known {
			t.Errorf("%+v", res)
		}
	}

	anyOrder := n.open(t, nil)
	rnd := rand.New(rand.NewPCG(3, 4))
	for _, res := range anyOrder.receive(t, nil).take(t, shuffled(rnd, copies(blocks))...) {
		if res.Outcome != queue.Imported {
			t.Fatalf("%+v", res)
		}
	}
	same(t, author, anyOrder, blocks)
	if problems, err := anyOrder.Store().Check(2); err != nil || problems.Found > 0 {
		t.Errorf("%+v, %v", problems, err)
	}
}

// What is wrong with a block, and what the queue says of it.
func TestRefusedBlocks(t *testing.T) {
	n := newNetwork(t, nil)
	a, b := n.open(t, nil), n.open(t, nil)
	p := a.proposer(t, nil)
	clock := &virtual{now: (slot0 + 100).Start(duration)}
	r := b.receive(t, func(c *QueueConfig) { c.Clock = clock })
	first := a.author(t, p, a.Head().Best, slot0)
	block := func(id hash.H256) *queue.Block {
		signed, err := a.Store().SignedBlock(id)
		if err != nil {
			t.Fatal(err)
		}
		return &queue.Block{Block: signed.Block}
	}
	good := block(first.Hash)
	// reseal changes a good block and seals it as the author of its slot would.
	reseal := func(change func(*queue.Block)) *queue.Block {
		c := &queue.Block{Block: good.Block}
		c.Header.Digest = slices.Clone(good.Header.Digest[:len(good.Header.Digest)-1])
		c.Extrinsics = slices.Clone(good.Extrinsics)
		change(c)
		slot, err := aura.SlotOf(&c.Header)
		if err != nil {
			t.Fatal(err)
		}
		c.Header.Digest = append(c.Header.Digest, n.seal(t, &c.Header, slot))
		return c
	}
	forged := &queue.Block{Block: good.Block}
	forged.Header.Digest = slices.Clone(good.Header.Digest)
	forged.Header.Digest[len(forged.Header.Digest)-1] = aura.Seal([64]byte{1})
	// Made by the author of slot0, under the timestamp of another slot: the runtime refuses it.
	var trap *wasmhost.Trap
	var inherent *InherentError
	for _, c := range []struct {
		name  string
		block *queue.Block
		want  func(error) bool
	}{
		{"forged seal", forged, func(err error) bool { return errors.Is(err, aura.ErrBadSignature) }},
		{"no seal", &queue.Block{Block: func() chain.Block {
			u, _, _ := good.Header.Unsealed()
			return chain.Block{Header: u, Extrinsics: good.Extrinsics}
		}()}, func(err error) bool { return errors.Is(err, aura.ErrBadSeal) }},
		{"root", reseal(func(b *queue.Block) { b.Header.StateRoot[0]++ }), func(err error) bool { return errors.As(err, &trap) || errors.Is(err, execution.ErrRoot) }},
		{"no inherent", reseal(func(b *queue.Block) { b.Extrinsics, b.Header.ExtrinsicsRoot = nil, trie.EmptyRoot }), func(err error) bool { return errors.As(err, &trap) }},
		{"slot", reseal(func(b *queue.Block) { b.Header.Digest[0] = aura.PreDigest(slot0 + 3) }), func(err error) bool { return errors.As(err, &trap) || errors.As(err, &inherent) }},
		{"body of another", &queue.Block{Block: chain.Block{Header: good.Header, Extrinsics: good.Extrinsics[:0:0]}}, func(err error) bool { return errors.Is(err, queue.ErrBody) }},
		{"number", reseal(func(b *queue.Block) { b.Header.Number++ }), func(err error) bool { return err != nil }},
	} {
		res := r.take(t, c.block)[0]
		if res.Outcome != queue.Bad || !c.want(res.Err) {
			t.Errorf("%s: %v: %v", c.name, res.Outcome, res.Err)
		}
	}
	// Two blocks of one author in one slot are both let in, and told of.
	if res := r.take(t, good)[0]; res.Outcome != queue.Imported {
		t.Fatalf("%+v", res)
	}
	alice := sender(t, "//Alice")
	a.submit(t, alice.Sign(remark(1, 1), a.terms()))
	twin := a.author(t, p, db.Point{Hash: a.Genesis()}, slot0)
	if res := r.take(t, block(twin.Hash))[0]; res.Outcome != queue.Imported || twin == first {
		t.Fatalf("%+v", res)
	}
	if log := b.logged(); !strings.Contains(log, "Slot author is equivocating at slot 6800000000 with headers ") {
		t.Error(log)
	}
	// A block of a slot that has not come waits for it, one that is far away does not get in.
	a.follow(t)
	soon := a.author(t, p, first, slot0+110)
	far := a.author(t, p, first, slot0+1000)
	if res := r.take(t, block(far.Hash))[0]; res.Outcome != queue.Future || !errors.Is(res.Err, aura.ErrFuture) {
		t.Fatalf("%+v", res)
	}
	if res := r.take(t, block(soon.Hash))[0]; res.Outcome != queue.Imported {
		t.Fatalf("%+v", res)
	}
	if slot := aura.SlotAt(clock.Now(), duration); slot != slot0+109 { // one ahead is let in: clocks differ
		t.Errorf("it came in slot %d", slot-slot0)
	}
}

// A block that announces voters that cannot be is bad, whatever the runtime would say of it.
func TestRefusedAuthorities(t *testing.T) {
	n := newNetwork(t, nil)
	a, b := n.open(t, nil), n.open(t, nil)
	final, err := finality.New(t.Context(), finality.Config{Client: b.Client})
	if err != nil {
		t.Fatal(err)
	}
	r := b.receive(t, func(c *QueueConfig) { c.Import = final.Import })
	first := a.author(t, a.proposer(t, nil), a.Head().Best, slot0)
	signed, err := a.Store().SignedBlock(first.Hash)
	if err != nil {
		t.Fatal(err)
	}
	good := signed.Block
	announce := func(changes ...grandpa.Log) *queue.Block {
		x := &queue.Block{Block: good}
		x.Header.Digest = slices.Clone(good.Header.Digest[:len(good.Header.Digest)-1])
		for _, c := range changes {
			x.Header.Digest = append(x.Header.Digest, chain.DigestItem{Kind: chain.DigestConsensus, Engine: chain.EngineGrandpa, Data: scale.Marshal(c)})
		}
		x.Header.Digest = append(x.Header.Digest, n.seal(t, &x.Header, slot0))
		return x
	}
	nobody := announce(grandpa.Log{Kind: grandpa.LogScheduledChange})
	for range 2 { // the second time from memory
		if res := r.take(t, nobody)[0]; res.Outcome != queue.Bad {
			t.Errorf("%v: %v", res.Outcome, res.Err)
		}
	}
	if res := r.take(t, announce())[0]; res.Outcome != queue.Imported {
		t.Errorf("%+v", res)
	}

	for _, c := range []struct {
		err error
		bad bool
	}{
		{grandpa.ErrAuthorities, true}, {grandpa.ErrDuplicateChange, true}, {grandpa.ErrForcedPending, true}, {grandpa.ErrReverted, true},
		{grandpa.ErrDependency, false}, // until the change before it is final
	} {
		var bad *queue.BadError
		if got := judge(fmt.Errorf("block 5: %w", c.err)); errors.As(got, &bad) != c.bad || !errors.Is(got, c.err) {
			t.Errorf("%v became %v", c.err, got)
		}
	}
}

// The worker authors with a pool, slot by slot, in turn with three keys, and another node follows.
func TestAuthoring(t *testing.T) {
	n := newNetwork(t, nil)
	a := n.open(t, nil)
	alice, bob := sender(t, "//Alice"), sender(t, "//Bob").Account()
	for range 20 {
		a.submit(t, alice.Sign(transfer(bob, 1_000_000_000), a.terms()))
	}
	ctx, cancel := context.WithCancel(t.Context())
	cfg := a.config()
	cfg.Clock = &virtual{now: slot0.Start(duration).Add(-time.Millisecond), limit: 12, stop: cancel}
	cfg.Import = func(ctx context.Context, b *client.Block) (hash.H256, error) {
		id, err := a.Import(ctx, b)
		a.follow(t)
		return id, err
	}
	w, err := New(cfg)
	if err != nil {
		t.Fatal(err)
	}
	if err := w.Run(ctx); !errors.Is(err, context.Canceled) {
		t.Fatal(err)
	}
	best := a.Head().Best
	if best.Number != 12 || a.pool.Status().Ready != 0 {
		t.Fatalf("%s, %+v: %s", best, a.pool.Status(), a.logged())
	}
	authors := map[aura.Authority]int{}
	count := 0
	for i := range chain.BlockNumber(12) {
		id, err := a.Store().Hash(i + 1)
		if err != nil {
			t.Fatal(err)
		}
		signed, err := a.Store().SignedBlock(id)
		if err != nil {
			t.Fatal(err)
		}
		terms, err := newTerms(a.Client).after(t.Context(), signed.Block.Header.ParentHash)
		if err != nil {
			t.Fatal(err)
		}
		checked, err := aura.Verify(&signed.Block.Header, keys.Sr25519, terms.Authorities, slot0+12)
		if err != nil || checked.Slot != slot0+aura.Slot(i) {
			t.Fatalf("%+v, %v", checked, err)
		}
		authors[checked.Author]++
		count += len(signed.Block.Extrinsics) - 1
	}
	if len(authors) != 3 || count != 20 {
		t.Errorf("%d authors, %d transfers", len(authors), count)
	}
	for _, line := range []string{"🙌 Starting consensus session on top of parent 0x", "🎁 Prepared block for proposing at 1 (", "end: NoMoreTransactions; extrinsics_count: 21", "🔖 Pre-sealed block for proposal at 12. Hash now " + best.Hash.String()} {
		if !strings.Contains(a.logged(), line) {
			t.Errorf("not in the log: %q", line)
		}
	}
	if strings.Contains(a.logged(), "level=WARN") {
		t.Error(a.logged())
	}
}

// After a restart, and the clock went back a little, no second block of a slot is made, though the first is on a fork that lost.
func TestRestartBeforeSlot(t *testing.T) {
	n := newNetwork(t, nil)
	a := n.open(t, nil)
	p := a.proposer(t, nil)
	genesis := a.Head().Best
	last := a.author(t, p, a.author(t, p, genesis, slot0), slot0+1)
	lost := a.author(t, p, genesis, slot0+3)
	if a.Head().Best != last || lost.Number != 1 {
		t.Fatalf("best %s", a.Head().Best)
	}
	ctx, cancel := context.WithCancel(t.Context())
	cfg := a.config()
	cfg.Clock = &virtual{now: (slot0 + 3).Start(duration).Add(-time.Millisecond), limit: 2, stop: cancel}
	w, err := New(cfg)
	if err != nil {
		t.Fatal(err)
	}
	if err := w.Run(ctx); !errors.Is(err, context.Canceled) {
		t.Fatal(err)
	}
	header, err := a.Store().Header(a.Head().Best.Hash)
	if err != nil {
		t.Fatal(err)
	}
	if slot, err := aura.SlotOf(&header); err != nil || slot != slot0+4 || header.ParentHash != last.Hash {
		t.Errorf("best block %s of slot %d on %s, %v: %s", a.Head().Best, slot-slot0, header.ParentHash, err, a.logged())
	}
}

// A runtime that traps, or does not even load, kills nobody: the operator is told once what to do, and the code substitute that he is told to add brings the chain back.
func TestRuntimeThatFails(t *testing.T) {
	traps := upgrades.Broken(t).Compressed
	code, err := wasmhost.Decompress(upgrades.Base(t).Compressed)
	if err != nil {
		t.Fatal(err)
	}
	unloadable := bytes.Replace(code, []byte("__heap_base"), []byte("__heap_bust"), 1)
	if bytes.Equal(unloadable, code) {
		t.Fatal("the runtime has no __heap_base")
	}
	for _, c := range []struct {
		name           string
		broken, mended []byte
		attempt, what  string
	}{
		{"traps", traps, upgrades.Mended(t).Compressed, "Proposing failed", upgrades.Trap},
		{"does not load", unloadable, upgrades.Base(t).Compressed, "Unable to fetch auxiliary data", wasmhost.ErrMissingHeapBase.Error()},
	} {
		t.Run(c.name, func(t *testing.T) {
			n := newNetwork(t, c.broken)
			run := func(change func(*client.Config)) *node {
				a := n.open(t, change)
				ctx, cancel := context.WithCancel(t.Context())
				cfg := a.config()
				cfg.Clock = &virtual{now: slot0.Start(duration).Add(-time.Millisecond), limit: 5, stop: cancel}
				w, err := New(cfg)
				if err != nil {
					t.Fatal(err)
				}
				if err := w.Run(ctx); !errors.Is(err, context.Canceled) {
					t.Fatal(err)
				}
				return a
			}
			a := run(nil)
			log := a.logged()
			if a.Head().Best.Number != 0 || strings.Count(log, c.attempt) < 5 || strings.Count(log, "The runtime failed while block #1 was made on #0") != 1 ||
				!strings.Contains(log, hash.Blake2b256(c.broken).String()) || !strings.Contains(log, "codeSubstitutes") || !strings.Contains(log, c.what) {
				t.Errorf("%s: %s", a.Head().Best, log)
			}
			b := run(func(cfg *client.Config) { cfg.Substitutes = append(cfg.Substitutes, substitute(0, c.mended)) })
			if b.Head().Best.Number != 5 {
				t.Errorf("%s: %s", b.Head().Best, b.logged())
			}
		})
	}
}

// By the machine's clock, with more in the pool than a block of 250 ms has room for: whatever the machine can do, slots are not lost one after the other.
func TestFullPool(t *testing.T) {
	n := newNetwork(t, nil)
	a := n.open(t, nil)
	alice, bob := sender(t, "//Alice"), sender(t, "//Bob").Account()
	const transfers = 1000
	for range transfers {
		a.submit(t, alice.Sign(transfer(bob, 1_000_000_000), a.terms()))
	}
	ctx, cancel := context.WithTimeout(t.Context(), 2*time.Minute)
	defer cancel()
	cfg := a.config()
	cfg.Import = func(ctx context.Context, b *client.Block) (hash.H256, error) {
		id, err := a.Import(ctx, b)
		a.follow(t)
		if a.pool.Status().Ready == 0 {
			cancel()
		}
		return id, err
	}
	w, err := New(cfg)
	if err != nil {
		t.Fatal(err)
	}
	if err := w.Run(ctx); !errors.Is(err, context.Canceled) {
		t.Fatalf("%v: %s with %d transfers left", err, a.Head().Best, a.pool.Status().Ready)
	}
	nonce, err := a.Call(t.Context(), a.Head().Best.Hash, "AccountNonceApi_account_nonce", alice.Pair.Public())
	if err != nil || string(nonce) != string(scale.AppendU32(nil, transfers)) {
		t.Errorf("nonce %x, %v", nonce, err)
	}
	t.Logf("%d transfers in %d blocks; %d proposals were discarded", transfers, a.Head().Best.Number, strings.Count(a.logged(), "⌛️ Discarding proposal"))
}
