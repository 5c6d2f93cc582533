package pool

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/gotensor/gotensor/primitives/chain"
	"github.com/gotensor/gotensor/primitives/scale"
	"github.com/gotensor/gotensor/storage/db"
	"github.com/gotensor/gotensor/wasmhost"
)

// nonceChain takes transfers whose nonces follow one another, from 0 for every account.
func nonceChain() *fakeChain {
	c := newFakeChain()
	c.validate = func(at db.Point, _ Source, xt chain.OpaqueExtrinsic) (Validity, error) {
		used := uint64(0)
		for block := at.Hash; ; {
			body, err := c.Body(block)
			if err != nil {
				return Validity{}, err
			}
			for _, other := range body {
				if other[1] == xt[1] {
					used++
				}
			}
			header, err := c.Header(block)
			if err != nil {
				return Validity{}, err
			}
			if header.Number == 0 {
				break
			}
			block = header.ParentHash
		}
		nonce := transferNonce(xt)
		if nonce < used {
			return Validity{}, &InvalidError{Kind: InvalidStale}
		}
		tag := func(nonce uint64) Tag { return Tag(transfer(xt[1], nonce, 0)) }
		v := Validity{Priority: uint64(xt[2]), Provides: []Tag{tag(nonce)}, Longevity: 64, Propagate: true}
		if nonce > used {
			v.Requires = []Tag{tag(nonce - 1)}
		}
		return v, nil
	}
	return c
}

func TestLife(t *testing.T) {
	c := nonceChain()
	p := newPool(t, Config{}, c)
	first, second := transfer(1, 0, 1), transfer(1, 1, 1)
	_, later, err := p.SubmitAndWatch(t.Context(), External, second)
	if err != nil {
		t.Fatal(err)
	}
	_, soon, err := p.SubmitAndWatch(t.Context(), External, first)
	if err != nil {
		t.Fatal(err)
	}
	if got := p.Status(); got != (PoolStatus{Ready: 2, ReadyBytes: 24}) {
		t.Fatalf("got %+v", got)
	}
	if got := p.Pending(); len(got) != 2 || string(got[0]) != string(first) || string(got[1]) != string(second) {
		t.Fatalf("got %x", got)
	}
	one := c.push(c.Head().Best.Hash, first)
	handle(t, p, c.best(one))
	two := c.push(one.Hash, second)
	handle(t, p, c.best(two), c.finalise(t, two))
	for _, test := range []struct {
		watch *Watch
		want  []Status
	}{
		{soon, []Status{{Kind: StatusReady}, {Kind: StatusInBlock, Block: one.Hash}, {Kind: StatusFinalized, Block: one.Hash}}},
		{later, []Status{{Kind: StatusFuture}, {Kind: StatusReady}, {Kind: StatusInBlock, Block: two.Hash}, {Kind: StatusFinalized, Block: two.Hash}}},
	} {
		got := statuses(t, test.watch)
		if len(got) != len(test.want) {
			t.Fatalf("got %v, want %v", got, test.want)
		}
		for i := range got {
			if got[i].String() != test.want[i].String() {
				t.Errorf("status %d: got %v, want %v", i, got[i], test.want[i])
			}
		}
	}
	if got := p.Status(); got != (PoolStatus{}) {
		t.Fatalf("got %+v", got)
	}
}

// TestPrunedByRival: a transaction whose nonce another one has used on the chain is invalid, and not said to be in the block.
func TestPrunedByRival(t *testing.T) {
	c := nonceChain()
	p := newPool(t, Config{}, c)
	_, w, err := p.SubmitAndWatch(t.Context(), External, transfer(1, 0, 1))
	if err != nil {
		t.Fatal(err)
	}
	handle(t, p, c.best(c.push(c.Head().Best.Hash, transfer(1, 0, 2))))
	if got := fmt.Sprint(statuses(t, w)); got != "[Ready Invalid]" {
		t.Errorf("got %s", got)
	}
	if got := p.Status(); got != (PoolStatus{}) {
		t.Errorf("got %+v", got)
	}
}

// TestRevalidatedWithoutFuture: a pool that takes nothing that waits puts what it validated again back in whatever order it comes.
func TestRevalidatedWithoutFuture(t *testing.T) {
	c := nonceChain()
	p := newPool(t, Config{RejectFuture: true, RevalidateBlocks: 1}, c)
	var watches []*Watch
	for nonce := range uint64(3) {
		_, w, err := p.SubmitAndWatch(t.Context(), External, transfer(1, nonce, 1))
		if err != nil {
			t.Fatal(err)
		}
		watches = append(watches, w)
	}
	if _, err := p.Submit(t.Context(), External, transfer(1, 5, 1)); !errors.Is(err, ErrFuture) {
		t.Errorf("got %v, want %v", err, ErrFuture)
	}
	valid := c.validate
	c.validate = func(at db.Point, source Source, xt chain.OpaqueExtrinsic) (Validity, error) {
		v, err := valid(at, source, xt)
		v.Priority += 10
		return v, err
	}
	handle(t, p, c.best(c.push(c.Head().Best.Hash)))
	p.work.Wait()
	if got := p.Status().Ready; got != 3 {
		t.Errorf("got %d ready", got)
	}
	it := p.iterator()
	for nonce := range uint64(3) {
		tx, ok := it.Next()
		if !ok || transferNonce(tx.Extrinsic) != nonce || tx.Priority != 11 {
			t.Errorf("nonce %d: got %+v, %v", nonce, tx, ok)
		}
	}
	for _, w := range watches {
		if got := fmt.Sprint(statuses(t, w)); got != "[Ready]" {
			t.Errorf("got %s", got)
		}
	}
}

// TestRevalidationPeriods: what is ready is asked about again after so many blocks or so much time, and of much only a part with each block.
func TestRevalidationPeriods(t *testing.T) {
	c := nonceChain()
	now := time.Unix(1_700_000_000, 0)
	p := newPool(t, Config{Now: func() time.Time { return now }}, c)
	const n = 200
	for account := range byte(n) {
		if _, err := p.Submit(t.Context(), External, transfer(account, 0, 1)); err != nil {
			t.Fatal(err)
		}
	}
	block := func() (asked int64) {
		before := c.asked.Load()
		handle(t, p, c.best(c.push(c.Head().Best.Hash)))
		p.work.Wait()
		return c.asked.Load() - before
	}
	for range DefaultRevalidateBlocks - 1 {
		if got := block(); got != 0 {
			t.Fatalf("%d validated again too early", got)
		}
	}
	left, blocks := int64(n), 0
	for ; left > 0; blocks++ {
		got := block()
		if want := min(left, max(minRevalidated, left/4)); got != want {
			t.Fatalf("%d validated again, want %d of %d", got, want, left)
		}
		left -= got
	}
	now = now.Add(DefaultRevalidatePeriod)
	if got := block(); got != n/4 {
		t.Errorf("after a minute: %d validated again", got)
	}
}

func TestLimits(t *testing.T) {
	ready, future := Limits(DefaultCount, DefaultKilobytes)
	if ready != (Limit{8192, 20 << 20}) || future != (Limit{819, 2 << 20}) {
		t.Errorf("got %+v %+v", ready, future)
	}
}

func TestNextNonce(t *testing.T) {
	c := newFakeChain()
	c.validate = func(_ db.Point, _ Source, xt chain.OpaqueExtrinsic) (Validity, error) {
		account, nonce := chain.AccountID{xt[1]}, uint32(transferNonce(xt))
		tag := func(nonce uint32) Tag { return Tag(scale.AppendU32(account[:], nonce)) }
		v := Validity{Provides: []Tag{tag(nonce)}, Longevity: 64, Propagate: true}
		if nonce > 255 {
			v.Requires = []Tag{tag(nonce - 1)}
		}
		return v, nil
	}
	p := newPool(t, Config{}, c)
	for _, nonce := range []uint64{256, 255, 258} {
		if _, err := p.Submit(t.Context(), External, transfer(1, nonce, 0)); err != nil {
			t.Fatal(err)
		}
	}
	for _, test := range []struct {
		account      byte
		nonce, wants uint32
	}{{1, 255, 257}, {1, 256, 257}, {1, 257, 257}, {1, 0, 0}, {2, 255, 255}} {
		if got := p.NextNonce(chain.AccountID{test.account}, test.nonce); got != test.wants {
			t.Errorf("account %d from %d: got %d, want %d", test.account, test.nonce, got, test.wants)
		}
	}
}

// TestExplain holds the words for clients against sc-rpc-api's author/error.rs and sp_runtime's transaction_validity.rs.
func TestExplain(t *testing.T) {
	for _, test := range []struct {
		err  error
		want Explanation
		text string // of the error itself
	}{
		{&InvalidError{Kind: InvalidPayment}, Explanation{1010, "Invalid Transaction", "Inability to pay some fees (e.g. account balance too low)"}, "transaction is invalid: Payment"},
		{&InvalidError{Kind: InvalidBadProof}, Explanation{1010, "Invalid Transaction", "Transaction has a bad signature"}, "transaction is invalid: BadProof"},
		{&InvalidError{Kind: InvalidStale}, Explanation{1010, "Invalid Transaction", "Transaction is outdated"}, "transaction is invalid: Stale"},
		{&InvalidError{Kind: InvalidCustom, Custom: 25}, Explanation{1010, "Invalid Transaction", "Custom error: 25"}, "transaction is invalid: Custom(25)"},
		{&InvalidError{Unknown: true, Kind: UnknownNoUnsignedValidator}, Explanation{1011, "Unknown Transaction Validity", "NoUnsignedValidator"}, "validity of the transaction is unknown: NoUnsignedValidator"},
		{&InvalidError{Unknown: true, Kind: UnknownCustom, Custom: 7}, Explanation{1011, "Unknown Transaction Validity", "Custom(7)"}, "validity of the transaction is unknown: Custom(7)"},
		{ErrBanned, Explanation{1012, "Transaction is temporarily banned", ""}, "transaction is temporarily banned"},
		{&AlreadyImportedError{}, Explanation{1013, "Transaction Already Imported", "Any { .. }"}, "transaction is in the pool already: 0x0000000000000000000000000000000000000000000000000000000000000000"},
		{&TooLowPriorityError{Old: 5, New: 3}, Explanation{1014, "Priority is too low: (5 vs 3)", "The transaction has too low priority to replace another transaction already in the pool."}, "priority 3 is too low: what the transaction would replace has 5"},
		{ErrCycle, Explanation{1015, "Cycle Detected", ""}, "transaction and others require one another"},
		{ErrFull, Explanation{1016, "Immediately Dropped", "The transaction couldn't enter the pool because of the limit"}, "transaction pool is full"},
		{ErrUnactionable, Explanation{1018, "Unactionable", "The transaction is unactionable since it is not propagable and the local node does not author blocks"}, "transaction is for authors alone, and this node is none"},
		{ErrNoTags, Explanation{1019, "No tags provided", "Transaction does not provide any tags, so the pool can't identify it"}, "transaction provides no tags"},
		{ErrFuture, Explanation{1021, "The pool is not accepting future transactions", ""}, "transaction requires others, and the pool takes none that wait"},
		{&ValidationError{errors.New("no state")}, Explanation{1002, "Verification Error: Runtime error: no state", `RuntimeApi("no state")`}, "validate transaction: no state"},
	} {
		if got := Explain(fmt.Errorf("wrapped: %w", test.err)); got != test.want {
			t.Errorf("%v: got %+v, want %+v", test.err, got, test.want)
		}
		if got := test.err.Error(); got != test.text {
			t.Errorf("got %q, want %q", got, test.text)
		}
	}
}

// TestBadTransactionIsBanned: an invalid transaction costs one validation; one of which nothing is known, or over which the host failed, may come back.
func TestBadTransactionIsBanned(t *testing.T) {
	for _, test := range []struct {
		err    error
		banned bool
	}{
		{&InvalidError{Kind: InvalidBadProof}, true},
		{&InvalidError{Unknown: true, Kind: UnknownCannotLookup}, false},
		{errors.New("state is pruned"), false},
		{&wasmhost.Trap{}, true},
	} {
		c := newFakeChain()
		c.validate = func(db.Point, Source, chain.OpaqueExtrinsic) (Validity, error) { return Validity{}, test.err }
		p := newPool(t, Config{}, c)
		for range 2 {
			if _, err := p.Submit(t.Context(), External, transfer(1, 0, 0)); err == nil {
				t.Errorf("%v: submitted", test.err)
			}
		}
		if got := c.asked.Load() == 1; got != test.banned {
			t.Errorf("%v: asked %d times", test.err, c.asked.Load())
		}
	}
}

// TestSlowWatch: who does not read holds up nobody, costs a bounded amount, and gets the last word.
func TestSlowWatch(t *testing.T) {
	c := nonceChain()
	p := newPool(t, Config{MaxWatches: 2}, c)
	xt := transfer(1, 0, 1)
	h, w, err := p.SubmitAndWatch(t.Context(), External, xt)
	if err != nil {
		t.Fatal(err)
	}
	_, closed, err := p.SubmitAndWatch(t.Context(), External, transfer(1, 1, 1))
	if err != nil {
		t.Fatal(err)
	}
	if _, _, err := p.SubmitAndWatch(t.Context(), External, transfer(1, 2, 1)); !errors.Is(err, ErrTooManyWatches) {
		t.Errorf("a third watch: got %v", err)
	}
	closed.Close()
	if _, err := closed.Next(t.Context()); !errors.Is(err, ErrWatchEnded) {
		t.Errorf("a closed watch: got %v", err)
	}
	for i := range 1000 {
		p.Broadcast(h, []string{fmt.Sprint(i)})
	}
	block := c.push(c.Head().Best.Hash, xt)
	handle(t, p, c.best(block), c.finalise(t, block))
	got := statuses(t, w)
	if len(got) != keptStatuses || got[len(got)-1].Kind != StatusFinalized || got[len(got)-2].Kind != StatusInBlock {
		t.Errorf("got %v", got)
	}
	if len(p.listener.watched) != 0 || p.listener.count != 0 {
		t.Errorf("%d watched, %d watches are left", len(p.listener.watched), p.listener.count)
	}
}

func TestFinalityTimeout(t *testing.T) {
	c := nonceChain()
	p := newPool(t, Config{}, c)
	xt := transfer(1, 0, 1)
	_, w, err := p.SubmitAndWatch(t.Context(), External, xt)
	if err != nil {
		t.Fatal(err)
	}
	block := c.push(c.Head().Best.Hash, xt)
	handle(t, p, c.best(block))
	at := block
	for range finalityBlocks - 1 {
		at = c.push(at.Hash)
		handle(t, p, c.best(at))
	}
	if got := fmt.Sprint(statuses(t, w)); got != fmt.Sprintf("[Ready InBlock(%s, 0)]", block.Hash) {
		t.Errorf("got %s", got)
	}
	handle(t, p, c.best(c.push(at.Hash)))
	if got := fmt.Sprint(statuses(t, w)); got != fmt.Sprintf("[FinalityTimeout(%s)]", block.Hash) {
		t.Errorf("got %s", got)
	}
}

// TestResync: after events were lost, pool and watches are where they would be, and late events change nothing.
func TestResync(t *testing.T) {
	c := nonceChain()
	p := newPool(t, Config{}, c)
	first, second, third := transfer(1, 0, 1), transfer(1, 1, 1), transfer(1, 2, 1)
	var watches []*Watch
	for _, xt := range []chain.OpaqueExtrinsic{first, second, third} {
		_, w, err := p.SubmitAndWatch(t.Context(), External, xt)
		if err != nil {
			t.Fatal(err)
		}
		watches = append(watches, w)
	}
	one := c.push(c.Head().Best.Hash, first)
	handle(t, p, c.best(one))
	two := c.push(one.Hash, second)
	lost := c.best(two)
	c.best(c.push(two.Hash))
	lostToo := c.finalise(t, one)
	if err := p.Resync(t.Context()); err != nil {
		t.Fatal(err)
	}
	handle(t, p, lost, lostToo)
	for i, want := range []string{
		fmt.Sprintf("[Ready InBlock(%s, 0) Finalized(%s, 0)]", one.Hash, one.Hash),
		fmt.Sprintf("[Ready InBlock(%s, 0)]", two.Hash),
		"[Ready]",
	} {
		if got := fmt.Sprint(statuses(t, watches[i])); got != want {
			t.Errorf("watch %d: got %s, want %s", i, got, want)
		}
	}
	if got := p.Pending(); len(got) != 1 || string(got[0]) != string(third) {
		t.Errorf("got %x", got)
	}
}

// TestResyncFromDroppedFork: events were lost, and with them the fork that the pool stood on. What was included meanwhile is told of, and what was on the fork alone not
// claimed any longer.
func TestResyncFromDroppedFork(t *testing.T) {
	c := nonceChain()
	p := newPool(t, Config{}, c)
	genesis := c.Head().Best
	var watches []*Watch
	txs := []chain.OpaqueExtrinsic{transfer(1, 0, 1), transfer(1, 1, 1), transfer(1, 2, 1), transfer(2, 0, 1)}
	for _, xt := range txs {
		_, w, err := p.SubmitAndWatch(t.Context(), External, xt)
		if err != nil {
			t.Fatal(err)
		}
		watches = append(watches, w)
	}
	fork := c.push(genesis.Hash, txs[0], txs[3])
	handle(t, p, c.best(fork))
	one := c.push(genesis.Hash, txs[0])
	two := c.push(one.Hash, txs[1])
	bestTwo, finalOne := c.best(two), c.finalise(t, one)
	three := c.push(two.Hash, txs[2])
	bestThree := c.best(three)
	if err := p.Resync(t.Context()); err != nil {
		t.Fatal(err)
	}
	handle(t, p, bestTwo, finalOne, bestThree, c.finalise(t, two))
	for i, want := range []string{
		fmt.Sprintf("[Ready InBlock(%s, 0) InBlock(%s, 0) Finalized(%s, 0)]", fork.Hash, one.Hash, one.Hash),
		fmt.Sprintf("[Ready InBlock(%s, 0) Finalized(%s, 0)]", two.Hash, two.Hash),
		fmt.Sprintf("[Ready InBlock(%s, 0)]", three.Hash),
		fmt.Sprintf("[Ready InBlock(%s, 1)]", fork.Hash),
	} {
		if got := fmt.Sprint(statuses(t, watches[i])); got != want {
			t.Errorf("watch %d: got %s, want %s", i, got, want)
		}
	}
	if got := p.Pending(); len(got) != 0 {
		t.Errorf("got %x", got)
	}
	if blocks := p.listener.awaited(); len(blocks) != 1 || blocks[0] != three.Hash {
		t.Errorf("finality of %s is waited for", blocks)
	}
}

// TestFlood submits far more than there is room for, from many sides at once: what waits and what is kept stays within the limits, no more is validated at a time
// than may be, and maintenance goes first.
func TestFlood(t *testing.T) {
	const submissions, validations = 100_000, 2
	c := newFakeChain()
	var running, most atomic.Int64
	c.validate = func(_ db.Point, source Source, xt chain.OpaqueExtrinsic) (Validity, error) {
		for n := running.Add(1); ; {
			if old := most.Load(); n <= old || most.CompareAndSwap(old, n) {
				break
			}
		}
		defer running.Add(-1)
		return Validity{Priority: uint64(xt[2]), Provides: []Tag{Tag(xt)}, Longevity: 64, Propagate: true}, nil
	}
	cfg := Config{Ready: Limit{500, 1 << 20}, Future: Limit{50, 1 << 20}, Validations: validations}
	p := newPool(t, cfg, c)
	var all sync.WaitGroup
	var accepted, full atomic.Int64
	for i := range uint64(submissions) {
		all.Go(func() {
			_, err := p.Submit(context.Background(), External, transfer(1, i, byte(i%200)))
			switch {
			case err == nil:
				accepted.Add(1)
			case errors.Is(err, ErrFull):
				full.Add(1)
			default:
				t.Error(err)
			}
		})
	}
	done := make(chan struct{})
	go func() { all.Wait(); close(done) }()
	at := c.Head().Best
	for flooding := true; flooding; {
		select {
		case <-done:
			flooding = false
		default:
		}
		p.gate.mu.Lock()
		waiting := p.gate.waiting.Len()
		p.gate.mu.Unlock()
		if waiting > cfg.Ready.Count+cfg.Future.Count {
			t.Fatalf("%d wait", waiting)
		}
		if s := p.Status(); s.Ready > cfg.Ready.Count {
			t.Fatalf("%d are ready", s.Ready)
		}
		at = c.push(at.Hash, p.Pending()...)
		handle(t, p, c.best(at))
	}
	if accepted.Load()+full.Load() != submissions || accepted.Load() == 0 {
		t.Errorf("%d accepted, %d refused", accepted.Load(), full.Load())
	}
	if got := most.Load(); got > validations {
		t.Errorf("%d validated at once", got)
	}
	if err := consistent(p.graph); err != nil {
		t.Error(err)
	}
	if len(p.bans.until) > 2*minBans || len(p.bans.order) > 2*minBans+1 {
		t.Errorf("%d bans, %d in order", len(p.bans.until), len(p.bans.order))
	}
}

// TestConcurrent has all that the pool does going on at once, for the race detector and for the invariants at the end.
func TestConcurrent(t *testing.T) {
	c := nonceChain()
	registry := prometheus.NewRegistry()
	p := newPool(t, Config{RevalidateBlocks: 1, Metrics: registry}, c)
	imports, stop := p.Imports()
	var all sync.WaitGroup
	ctx, cancel := context.WithCancel(t.Context())
	for account := byte(1); account <= 4; account++ {
		all.Go(func() {
			for nonce := uint64(0); nonce < 150; nonce++ {
				_, w, err := p.SubmitAndWatch(t.Context(), External, transfer(account, nonce, 1))
				if err != nil {
					t.Errorf("account %d nonce %d: %v", account, nonce, err)
					return
				}
				if nonce%3 == 0 {
					all.Go(func() {
						for {
							if _, err := w.Next(ctx); err != nil {
								w.Close()
								return
							}
						}
					})
				}
			}
		})
	}
	all.Go(func() {
		for ctx.Err() == nil {
			it := p.Ready(ctx, c.Head().Best.Hash)
			for tx, ok := it.Next(); ok; tx, ok = it.Next() {
				if transferNonce(tx.Extrinsic)%7 == 0 {
					it.ReportInvalid(tx)
				}
			}
			p.Status()
			p.NextNonce(chain.AccountID{1}, 0)
			select {
			case <-imports:
			default:
			}
		}
	})
	at, included := c.Head().Best, 0
	for deadline := time.Now().Add(20 * time.Second); included < 4*150; {
		if time.Now().After(deadline) {
			t.Fatalf("%d are in blocks", included)
		}
		body := p.Pending()
		if len(body) == 0 {
			time.Sleep(time.Millisecond)
			continue
		}
		if len(body) > 40 {
			body = body[:40]
		}
		included += len(body)
		at = c.push(at.Hash, body...)
		handle(t, p, c.best(at), c.finalise(t, at))
	}
	cancel()
	all.Wait()
	stop()
	p.work.Wait()
	if got := p.Status(); got != (PoolStatus{}) {
		t.Errorf("got %+v", got)
	}
	if err := consistent(p.graph); err != nil {
		t.Error(err)
	}
	families, err := registry.Gather()
	if err != nil {
		t.Fatal(err)
	}
	values := map[string]float64{}
	for _, f := range families {
		m := f.GetMetric()[0]
		values[f.GetName()] = m.GetCounter().GetValue() + m.GetGauge().GetValue()
	}
	if values["substrate_sub_txpool_submitted_transactions"] != 600 || values["substrate_sub_txpool_block_transactions_pruned"] != 600 ||
		values["substrate_sub_txpool_validations_scheduled"] != values["substrate_sub_txpool_validations_finished"] || values["substrate_sub_txpool_ready_transactions"] != 0 {
		t.Errorf("metrics: %v", values)
	}
}

// TestGate: a place goes to maintenance first, and who gives up leaves the line.
func TestGate(t *testing.T) {
	g := newGate(1, Limit{2, 100})
	if err := g.enter(t.Context(), 1, false); err != nil {
		t.Fatal(err)
	}
	order := make(chan string, 3)
	wait := func(name string, urgent bool) {
		before := g.urgent.Len() + g.waiting.Len()
		go func() {
			if err := g.enter(context.Background(), 40, urgent); err != nil {
				t.Error(err)
			}
			order <- name
		}()
		for {
			g.mu.Lock()
			n := g.urgent.Len() + g.waiting.Len()
			g.mu.Unlock()
			if n > before {
				return
			}
			time.Sleep(time.Millisecond)
		}
	}
	wait("first", false)
	if err := g.enter(t.Context(), 70, false); !errors.Is(err, ErrFull) {
		t.Errorf("too many bytes: got %v", err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if err := g.enter(ctx, 1, false); !errors.Is(err, context.Canceled) {
		t.Errorf("given up: got %v", err)
	}
	wait("second", false)
	if err := g.enter(t.Context(), 1, false); !errors.Is(err, ErrFull) {
		t.Errorf("too many: got %v", err)
	}
	wait("urgent", true)
	for _, want := range []string{"urgent", "first", "second"} {
		g.leave()
		if got := <-order; got != want {
			t.Errorf("got %s, want %s", got, want)
		}
	}
	g.leave()
	if g.free != 1 || g.bytes != 0 {
		t.Errorf("%d free, %d bytes", g.free, g.bytes)
	}
}

func FuzzDecodeValidity(f *testing.F) {
	f.Add([]byte{0, 1, 0, 0, 0, 0, 0, 0, 0, 0, 4, 4, 7, 64, 0, 0, 0, 0, 0, 0, 0, 1})
	f.Add([]byte{1, 0, 7, 25})
	f.Add([]byte{1, 1, 2, 3})
	f.Add([]byte{1, 0, 4})
	f.Fuzz(func(t *testing.T, data []byte) {
		v, err := DecodeValidity(data)
		var invalid *InvalidError
		switch {
		case err == nil:
			if again := v.AppendScale([]byte{0}); !bytes.Equal(again, data) {
				t.Errorf("%x encodes to %x", data, again)
			}
		case errors.As(err, &invalid):
			if again := invalid.AppendScale([]byte{1}); !bytes.Equal(again, data) {
				t.Errorf("%x encodes to %x", data, again)
			}
			if invalid.Name() == "" || invalid.Text() == "" || Explain(err).Code == 0 {
				t.Errorf("%x has no words", data)
			}
		}
	})
}
