package pool

import (
	"errors"
	"testing"
	"time"

	"github.com/gotensor/gotensor/internal/vectors"
	"github.com/gotensor/gotensor/primitives/hash"
)

// id makes a hash of a small number, as the original tests have them.
func id(n byte) hash.H256 { return hash.H256{n} }

// tags are tags of one byte each.
func tags(values ...byte) []Tag {
	all := make([]Tag, len(values))
	for i, v := range values {
		all[i] = Tag([]byte{v})
	}
	return all
}

// base is the original's default_tx with a number, required and provided tags.
func base(n byte, requires, provides []Tag) *Transaction {
	return &Transaction{Hash: id(n), Extrinsic: []byte{n}, Bytes: 1, Priority: 5, ValidTill: 64, Requires: requires, Provides: provides, Propagate: true, Source: External}
}

func priority(p uint64, tx *Transaction) *Transaction {
	tx.Priority = p
	return tx
}

// order returns the numbers of what is ready, as an iterator gives them.
func order(g *graph) (got []byte) {
	it := iterate(g)
	for tx, ok := it.Next(); ok; tx, ok = it.Next() {
		got = append(got, tx.Hash[0])
	}
	return got
}

func iterate(g *graph) *ReadyIterator {
	p := &Pool{graph: g}
	return p.iterator()
}

func numbers(hashes []hash.H256) (got []byte) {
	for _, h := range hashes {
		got = append(got, h[0])
	}
	return got
}

func hashesOf(txs []*Transaction) (got []byte) {
	for _, tx := range txs {
		got = append(got, tx.Hash[0])
	}
	return got
}

// TestBasePool holds the queues against the tests of paritytech/polkadot-sdk, substrate/client/transaction-pool/src/graph/base_pool.rs.
func TestBasePool(t *testing.T) {
	s := vectors.New(t, "node/pool: sc-transaction-pool graph/base_pool.rs")
	defer s.Done()
	add := func(v *vectors.Test, g *graph, tx *Transaction) imported {
		v.Helper()
		done, err := g.add(tx)
		v.Ok(err)
		return done
	}
	s.Test("prune_for_ready_works", func(v *vectors.Test) {
		g := newGraph(false)
		add(v, g, base(1, nil, tags(2)))
		v.Equal(order(g), []byte{1})
		v.Equal(len(g.ready.all), 1)
		done := g.prune(tags(2))
		v.Equal(len(order(g)), 0)
		v.Equal(len(g.ready.all), 0)
		v.Equal(len(done.pruned), 1)
		v.Equal(len(done.failed), 0)
		v.Equal(len(done.promoted), 0)
	})
	s.Test("prune_for_future_works", func(v *vectors.Test) {
		g := newGraph(false)
		add(v, g, base(0xaa, tags(1), tags(2)))
		v.Equal(len(g.future.all), 1)
		done := g.prune(tags(2))
		v.Equal(len(order(g)), 0)
		v.Equal(len(g.ready.all), 0)
		v.Equal(len(g.future.all), 0)
		v.Equal(len(done.pruned), 0)
		v.Equal(hashesOf(done.failed), []byte{0xaa})
		v.Equal(len(done.promoted), 0)
	})
	s.Test("should_import_transaction_to_ready", func(v *vectors.Test) {
		g := newGraph(false)
		add(v, g, base(1, nil, tags(1)))
		v.Equal(order(g), []byte{1})
		v.Equal(len(g.ready.all), 1)
	})
	s.Test("should_not_import_same_transaction_twice", func(v *vectors.Test) {
		g := newGraph(false)
		add(v, g, base(1, nil, tags(1)))
		_, err := g.add(base(1, nil, tags(1)))
		v.True(errors.Is(err, ErrAlreadyImported), "already imported")
		v.Equal(order(g), []byte{1})
		v.Equal(len(g.ready.all), 1)
	})
	s.Test("should_import_transaction_to_future_and_promote_it_later", func(v *vectors.Test) {
		g := newGraph(false)
		add(v, g, base(1, tags(0), tags(1)))
		v.Equal(len(order(g)), 0)
		v.Equal(len(g.ready.all), 0)
		add(v, g, base(2, nil, tags(0)))
		v.Equal(len(order(g)), 2)
		v.Equal(len(g.ready.all), 2)
	})
	subgraph := func(v *vectors.Test, g *graph) {
		add(v, g, base(1, tags(0), tags(1)))
		add(v, g, base(3, tags(2), nil))
		add(v, g, base(2, tags(1), tags(3, 2)))
		add(v, g, priority(1000, base(4, tags(3, 4), nil)))
	}
	s.Test("should_promote_a_subgraph", func(v *vectors.Test) {
		g := newGraph(false)
		subgraph(v, g)
		v.Equal(len(order(g)), 0)
		v.Equal(len(g.ready.all), 0)
		done := add(v, g, base(5, nil, tags(0, 4)))
		v.Equal(order(g), []byte{5, 1, 2, 4, 3})
		v.Equal(done.hash, id(5))
		v.Equal(numbers(done.promoted), []byte{1, 2, 3, 4})
		v.Equal(len(done.removed), 0)
	})
	s.Test("should_remove_conflicting_future", func(v *vectors.Test) {
		g := newGraph(false)
		add(v, g, priority(50, base(3, tags(1), tags(3))))
		v.Equal(len(order(g)), 0)
		v.Equal(len(g.ready.all), 0)
		add(v, g, base(2, tags(1), tags(3)))
		v.Equal(len(g.future.all), 2)
		done := add(v, g, base(1, nil, tags(1)))
		v.Equal(numbers(done.promoted), []byte{3})
		v.Equal(hashesOf(done.removed), []byte{2})
		v.Equal(order(g), []byte{1, 3})
		v.Equal(len(g.future.all), 0)
	})
	cycle := func(v *vectors.Test, g *graph) {
		add(v, g, base(1, tags(0), tags(1)))
		add(v, g, base(3, tags(1), tags(2)))
		v.Equal(len(order(g)), 0)
		v.Equal(len(g.ready.all), 0)
		add(v, g, base(2, tags(2), tags(0)))
		v.Equal(len(order(g)), 0)
		v.Equal(len(g.future.all), 3)
	}
	s.Test("should_handle_a_cycle", func(v *vectors.Test) {
		g := newGraph(false)
		cycle(v, g)
		done := add(v, g, priority(50, base(4, nil, tags(0))))
		v.Equal(order(g), []byte{4, 1, 3})
		v.Equal(numbers(done.promoted), []byte{1, 3})
		v.Equal(hashesOf(done.removed), []byte{2})
		v.Equal(len(g.future.all), 0)
	})
	s.Test("should_handle_a_cycle_with_low_priority", func(v *vectors.Test) {
		g := newGraph(false)
		cycle(v, g)
		_, err := g.add(priority(1, base(4, nil, tags(0))))
		v.Fails(err, ErrCycle)
		v.Equal(len(order(g)), 0)
		v.Equal(len(g.ready.all), 0)
		v.Equal(len(g.future.all), 0)
	})
	s.Test("should_remove_invalid_transactions", func(v *vectors.Test) {
		g := newGraph(false)
		add(v, g, base(5, nil, tags(0, 4)))
		subgraph(v, g)
		add(v, g, priority(1000, base(6, tags(11), nil)))
		v.Equal(len(order(g)), 5)
		v.Equal(len(g.future.all), 1)
		g.removeSubtree(id(6), id(1))
		v.Equal(order(g), []byte{5})
		v.Equal(len(g.future.all), 0)
	})
	s.Test("should_prune_ready_transactions", func(v *vectors.Test) {
		g := newGraph(false)
		add(v, g, base(5, tags(0), tags(100)))
		add(v, g, base(1, nil, tags(1)))
		add(v, g, base(2, tags(2), tags(3)))
		add(v, g, base(3, tags(1), tags(2)))
		add(v, g, priority(1000, base(4, tags(3, 2), tags(4))))
		v.Equal(len(order(g)), 4)
		v.Equal(len(g.future.all), 1)
		done := g.prune(tags(0, 2))
		v.Equal(len(done.pruned), 2)
		v.Equal(len(done.failed), 0)
		v.Equal(len(done.promoted), 1)
		v.Equal(done.promoted[0], imported{hash: id(5)})
		v.Equal(len(g.future.all), 0)
		v.Equal(len(g.ready.all), 3)
		v.Equal(len(order(g)), 3)
	})
	s.Test("transaction_propagation", func(v *vectors.Test) {
		tx := base(4, tags(3, 2), tags(4))
		v.Equal(tx.Propagate, true)
		tx.Propagate = false
		v.Equal(tx.Propagate, false)
	})
	s.Test("should_reject_future_transactions", func(v *vectors.Test) {
		_, err := newGraph(true).add(base(5, tags(0), nil))
		v.Fails(err, ErrFuture)
	})
	s.Test("should_clear_future_queue", func(v *vectors.Test) {
		g := newGraph(false)
		add(v, g, base(5, tags(0), nil))
		v.Equal(len(g.future.all), 1)
		v.Equal(len(g.clearFuture()), 1)
		v.Equal(len(g.future.all), 0)
	})
	s.Omit("transaction_debug", "how Rust prints a transaction")
	s.Omit("should_accept_future_transactions_when_explicitly_asked_to", "a helper of the original; TestRevalidatedWithoutFuture has what it is for")
}

// readyTx1 is the tx of ready.rs.
func readyTransaction(n byte, requires, provides []Tag) *Transaction {
	return &Transaction{Hash: id(n), Extrinsic: []byte{n}, Bytes: 1, Priority: 1, ValidTill: 2, Requires: requires, Provides: provides, Propagate: true, Source: External}
}

// populated is the graph of ready.rs:
//
//	1 ─► 2 ─► 3 (which requires 1 too), 1 ─► 4 ─► 5 ─► 6, 1 ─► 7
func populated(v *vectors.Test) *graph {
	g := newGraph(false)
	last := readyTransaction(7, tags(3), nil)
	last.ValidTill = 1<<64 - 1
	for _, tx := range []*Transaction{
		readyTransaction(1, nil, tags(3, 4)),
		readyTransaction(2, tags(3, 4), tags(106)),
		readyTransaction(3, tags(3, 106), nil),
		last,
		readyTransaction(4, tags(3), tags(107)),
		readyTransaction(5, tags(107), tags(108)),
		readyTransaction(6, tags(108), nil),
	} {
		_, err := g.ready.add(tx)
		v.Ok(err)
	}
	best := 0
	for _, tx := range g.ready.all {
		if tx.best {
			best++
		}
	}
	v.Equal(best, 1)
	return g
}

// TestReady holds the ready queue against the tests of graph/ready.rs.
func TestReady(t *testing.T) {
	s := vectors.New(t, "node/pool: sc-transaction-pool graph/ready.rs")
	defer s.Done()
	s.Test("should_replace_transaction_that_provides_the_same_tag", func(v *vectors.Test) {
		g := newGraph(false)
		for n := byte(2); n <= 3; n++ {
			_, err := g.ready.add(readyTransaction(n, nil, tags(n+1)))
			v.Ok(err)
		}
		v.Equal(len(order(g)), 2)
		_, err := g.ready.add(readyTransaction(1, nil, tags(3, 4)))
		var low *TooLowPriorityError
		v.True(errors.As(err, &low), "too low priority")
		_, err = g.ready.add(priority(10, readyTransaction(1, nil, tags(3, 4))))
		v.Ok(err)
		v.Equal(order(g), []byte{1})
	})
	s.Test("should_replace_multiple_transactions_correctly", func(v *vectors.Test) {
		g := newGraph(false)
		for _, tx := range []*Transaction{
			readyTransaction(0, nil, tags(0)),
			readyTransaction(1, nil, tags(1)),
			readyTransaction(2, tags(0, 1), tags(2, 3)),
			readyTransaction(3, tags(2), tags(4)),
			readyTransaction(4, tags(3), tags(5)),
		} {
			_, err := g.ready.add(tx)
			v.Ok(err)
		}
		v.Equal(len(order(g)), 5)
		_, err := g.ready.add(priority(10, readyTransaction(5, tags(0, 1), tags(2))))
		v.Ok(err)
		v.Equal(len(order(g)), 3)
	})
	s.Test("should_return_best_transactions_in_correct_order", func(v *vectors.Test) {
		v.Equal(order(populated(v)), []byte{1, 2, 3, 4, 5, 6, 7})
	})
	s.Test("should_order_refs", func(v *vectors.Test) {
		ref := func(priority, till, id uint64) *readyTx {
			return &readyTx{Transaction: &Transaction{Priority: priority, ValidTill: till}, id: id}
		}
		v.True(better(ref(3, 3, 1), ref(2, 3, 2)), "higher priority is better")
		v.True(better(ref(3, 2, 1), ref(3, 3, 2)), "lower validity is better")
		v.True(better(ref(3, 3, 1), ref(3, 3, 2)), "lower insertion id is better")
	})
	s.Test("should_skip_invalid_transactions_while_iterating", func(v *vectors.Test) {
		it := iterate(populated(v))
		for n := byte(1); n <= 4; n++ {
			tx, ok := it.Next()
			v.True(ok, "one more")
			v.Equal(tx.Hash, id(n))
			if n == 4 {
				it.ReportInvalid(tx)
			}
		}
		tx, ok := it.Next()
		v.True(ok, "one more")
		v.Equal(tx.Hash, id(7))
		_, ok = it.Next()
		v.Equal(ok, false)
	})
	s.Test("should_remove_tx_from_unlocks_set_of_its_parent", func(v *vectors.Test) {
		g := populated(v)
		first := g.ready.all[id(1)]
		v.Equal(first.unlocks[0].Hash, id(2))
		g.removeSubtree(id(2))
		for _, tx := range first.unlocks {
			v.True(tx.Hash != id(2), "2 is not unlocked by 1")
		}
	})
}

// TestBans holds the bans against the tests of graph/rotator.rs.
func TestBans(t *testing.T) {
	s := vectors.New(t, "node/pool: sc-transaction-pool graph/rotator.rs")
	defer s.Done()
	now := time.Unix(1_700_000_000, 0)
	clock := func() time.Time { return now }
	pool := func(v *vectors.Test) *Pool {
		p := newPool(v, Config{BanPeriod: 10 * time.Millisecond, Now: clock}, newFakeChain())
		tx := base(5, nil, tags(1))
		tx.ValidTill = 1
		v.Ok(p.addLocked(tx))
		v.True(!p.bans.banned(clock, id(5)), "not banned at first")
		return p
	}
	s.Test("should_not_ban_if_not_stale", func(v *vectors.Test) {
		p := pool(v)
		p.clearStale(0)
		v.True(!p.bans.banned(clock, id(5)), "not banned")
	})
	s.Test("should_ban_stale_extrinsic", func(v *vectors.Test) {
		p := pool(v)
		p.clearStale(1)
		v.True(p.bans.banned(clock, id(5)), "banned")
	})
	s.Test("should_clear_banned", func(v *vectors.Test) {
		p := pool(v)
		p.clearStale(1)
		v.True(p.bans.banned(clock, id(5)), "banned")
		p.bans.clear(now.Add(20 * time.Millisecond))
		v.True(!p.bans.banned(clock, id(5)), "not banned")
	})
	s.Test("should_garbage_collect", func(v *vectors.Test) {
		b := newBans(time.Minute, 2048)
		for i := range 2 * 2048 {
			b.ban(now, hash.H256{byte(i), byte(i >> 8), 1})
		}
		v.Equal(len(b.until), 2*2048)
		b.ban(now, id(5))
		v.Equal(len(b.until), 2048)
		v.Equal(len(b.order), 2048)
		v.True(b.banned(clock, id(5)), "the last one stays")
	})
}
