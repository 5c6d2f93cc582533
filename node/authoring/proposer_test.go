package authoring

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/gotensor/gotensor/node/client"
	"github.com/gotensor/gotensor/node/pool"
	"github.com/gotensor/gotensor/primitives/hash"
)

// list gives transactions in a fixed order, and notes what it is told.
type list struct {
	*pool.Pool
	given    []*pool.Transaction
	next     int
	reported []hash.H256
	removed  []hash.H256
}

func (l *list) Ready(context.Context, hash.H256) iterator { return l }
func (l *list) ReportInvalid(tx *pool.Transaction)        { l.reported = append(l.reported, tx.Hash) }
func (l *list) RemoveInvalid(hashes ...hash.H256)         { l.removed = append(l.removed, hashes...) }

func (l *list) Next() (*pool.Transaction, bool) {
	if l.next == len(l.given) {
		return nil, false
	}
	l.next++
	return l.given[l.next-1], true
}

// steps is a clock that passes by a step each time it is looked at.
func steps(step time.Duration) func() time.Time {
	now := time.UnixMilli(0)
	return func() time.Time {
		old := now
		now = now.Add(step)
		return old
	}
}

// late is a clock that goes ahead by 40 minutes when filling the block has begun.
func late() func() time.Time {
	looks := 0
	return func() time.Time {
		looks++
		return time.UnixMilli(0).Add(time.Duration(min(looks/6, 1)) * 40 * time.Minute)
	}
}

// propose has a proposer build a block on genesis within budget.
func propose(t *testing.T, n *node, l *list, budget time.Duration, change func(*proposer)) *client.Built {
	t.Helper()
	p := n.proposer(t, l)
	if change != nil {
		change(p)
	}
	made, err := p.Propose(t.Context(), n.task(t, n.Head().Best, slot0, budget))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(made.Close)
	return made.(*proposal).built
}

// Cases after the tests of sc-basic-authorship, with extrinsics of 400,000 bytes, of which some fill a block.
func TestProposer(t *testing.T) {
	n := newNetwork(t, nil).open(t, nil)
	uris := []string{"//Alice", "//Bob", "//Charlie", "//Dave", "//Eve", "//Ferdie", "//One", "//Two", "//Three"}
	var big, small []*pool.Transaction
	find := func(uri string, size int, what byte) *pool.Transaction {
		x := sender(t, uri).Sign(remark(size, what), n.terms())
		return &pool.Transaction{Hash: pool.HashOf(x), Extrinsic: x, Bytes: len(x) + 4}
	}
	alice := sender(t, "//Alice")
	for i := range 40 {
		x := alice.Sign(remark(400_000, byte(i)), n.terms())
		big = append(big, &pool.Transaction{Hash: pool.HashOf(x), Extrinsic: x, Bytes: len(x) + 4})
	}
	for i, uri := range uris[1:] {
		small = append(small, find(uri, 10, byte(i)))
	}
	const inherents = 1
	ended := func(reason string) {
		t.Helper()
		if log := n.logged(); !strings.Contains(log, "end: "+reason+";") {
			t.Errorf("not %s: %s", reason, log)
		}
		n.mu.Lock()
		n.log.Reset()
		n.mu.Unlock()
	}

	t.Run("all", func(t *testing.T) {
		l := &list{given: small}
		if b := propose(t, n, l, time.Minute, nil); len(b.Extrinsics) != inherents+len(small) || l.reported != nil || l.removed != nil {
			t.Errorf("%d extrinsics", len(b.Extrinsics))
		}
		ended("NoMoreTransactions")
	})
	t.Run("deadline", func(t *testing.T) { // a look at the clock is a second
		l := &list{given: small}
		b := propose(t, n, l, 12*time.Second, func(p *proposer) { p.now = steps(time.Second) })
		if got := len(b.Extrinsics) - inherents; got == 0 || got == len(small) {
			t.Errorf("%d extrinsics", got)
		}
		ended("HitDeadline")
	})
	t.Run("deadline has passed", func(t *testing.T) {
		b := propose(t, n, &list{given: small}, time.Second, func(p *proposer) { p.now = steps(160 * time.Second) })
		if len(b.Extrinsics) != inherents {
			t.Errorf("%d extrinsics", len(b.Extrinsics))
		}
		ended("HitDeadline")
	})
	t.Run("an end that takes long", func(t *testing.T) {
		b := propose(t, n, &list{given: small}, 10*time.Second, func(p *proposer) { p.now, p.ending.each = steps(time.Millisecond), time.Second })
		if len(b.Extrinsics) != inherents+len(small) {
			t.Error("half of the time must be left for transactions")
		}
		ended("NoMoreTransactions")
	})
	// So many fit, then one after the other finds no room, and before half of the time is over all others are tried.
	full := append(slices.Clone(big), small...)
	fit := 0
	t.Run("full before the soft deadline", func(t *testing.T) {
		l := &list{given: full}
		b := propose(t, n, l, time.Hour, func(p *proposer) { p.size = 1 << 30 })
		fit = len(b.Extrinsics) - inherents - len(small)
		if got := len(b.Extrinsics) - inherents; fit < 5 || fit > len(big)-maxSkipped-1 || len(l.reported) != len(big)-fit || l.removed != nil {
			t.Errorf("%d extrinsics, %d reported, %d removed", got, len(l.reported), len(l.removed))
		}
		ended("NoMoreTransactions")
	})
	t.Run("full after the soft deadline", func(t *testing.T) {
		l := &list{given: full}
		b := propose(t, n, l, time.Hour, func(p *proposer) {
			p.size, p.now = 1<<30, late()
		})
		if got := len(b.Extrinsics) - inherents; got != fit || len(l.reported) != maxSkipped+1 || l.removed != nil {
			t.Errorf("%d extrinsics, %d reported, %d removed", got, len(l.reported), len(l.removed))
		}
		ended("HitBlockWeightLimit")
	})
	t.Run("size", func(t *testing.T) {
		l := &list{given: append(slices.Clone(big[:12]), small...)}
		b := propose(t, n, l, time.Hour, func(p *proposer) { p.size = 1_000_000 })
		if got := len(b.Extrinsics) - inherents; got != 2+len(small) || len(l.reported) != 10 || len(b.Block.AppendScale(nil)) > 1_000_000 {
			t.Errorf("%d extrinsics, %d reported", got, len(l.reported))
		}
		ended("NoMoreTransactions")
	})
	t.Run("nothing fits", func(t *testing.T) {
		l := &list{given: big}
		b := propose(t, n, l, time.Hour, func(p *proposer) {
			p.size, p.now = 1000, late()
		})
		if len(b.Extrinsics) != inherents || !strings.Contains(n.logged(), "Hit block size limit of `1000` without including any transaction!") {
			t.Errorf("%d extrinsics: %s", len(b.Extrinsics), n.logged())
		}
		ended("HitBlockSizeLimit")
	})
	t.Run("invalid", func(t *testing.T) {
		future := big[3] // its nonce is 3
		garbage := &pool.Transaction{Hash: hash.H256{1}, Extrinsic: []byte{0x84, 1, 2, 3}, Bytes: 5}
		l := &list{given: append([]*pool.Transaction{future, garbage}, small...)}
		b := propose(t, n, l, time.Minute, nil)
		// One with a nonce for another block stays in the pool.
		if len(b.Extrinsics) != inherents+len(small) || !slices.Equal(l.removed, []hash.H256{garbage.Hash}) || !slices.Equal(l.reported, []hash.H256{future.Hash, garbage.Hash}) {
			t.Errorf("%d extrinsics, removed %v", len(b.Extrinsics), l.removed)
		}
		if !strings.Contains(n.logged(), "Invalid transaction: ") {
			t.Error(n.logged())
		}
		ended("NoMoreTransactions")
	})
	t.Run("no time at all", func(t *testing.T) {
		ctx, cancel := context.WithCancel(t.Context())
		cancel()
		if made, err := n.proposer(t, &list{given: small}).Propose(ctx, n.task(t, n.Head().Best, slot0, time.Second)); err == nil {
			made.Close()
			t.Error("a block came of a context that had ended")
		}
	})
}

// The time that ends of blocks take is learnt, at once where it grows and slowly where it shrinks.
func TestEnding(t *testing.T) {
	var e ending
	if e.reserve(1000, time.Second) != 0 {
		t.Error("nothing is known")
	}
	e.learn(1, 2*time.Millisecond)
	e.learn(1000, 22*time.Millisecond)
	for extrinsics, want := range map[int]time.Duration{0: 2020 * time.Microsecond, 999: 22 * time.Millisecond, 1_000_000: time.Second / 2} {
		if got := e.reserve(extrinsics, time.Second); got != want {
			t.Errorf("%d extrinsics: got %v, expected %v", extrinsics, got, want)
		}
	}
	e.learn(1000, 2*time.Millisecond)
	if e.each != 17500*time.Nanosecond {
		t.Error(e.each)
	}
	e.learn(0, 0)
	if e.any != 1750*time.Microsecond {
		t.Error(e.any)
	}
}

func FuzzJudge(f *testing.F) {
	f.Add([]byte{1, 0, 0})
	f.Add(append(append([]byte{0, 1, 4}, "timstap0"...), 4, 1))
	f.Add(append(append([]byte{0, 1, 4}, "auraslot"...), 4, 1))
	f.Add([]byte{1, 0, 6})
	f.Fuzz(func(t *testing.T, data []byte) {
		if err := judgeInherents(data); err != nil && err.Error() == "" {
			t.Error("an error without a word")
		}
		noRoom(data)
		validity(data)
	})
}

func TestJudgeInherents(t *testing.T) {
	for _, c := range []struct {
		answer string
		want   string
	}{
		{"\x01\x00\x00", "<nil>"},
		{"\x00\x01\x04timstap0\x04\x00", "Inherent error: The time since the last timestamp is lower than the minimum period."},
		{"\x00\x01\x04timstap0\x04\x01", "Inherent error: The timestamp of the block is too far in the future."},
		{"\x00\x01\x04auraslot\x04\x00", "Unknown inherent error for identifier: auraslot"},
		{"\x00\x01\x00", "the runtime refuses the inherents"},
	} {
		if got := fmt.Sprint(judgeInherents([]byte(c.answer))); got != c.want {
			t.Errorf("%q: got %s, expected %s", c.answer, got, c.want)
		}
	}
	if judgeInherents(nil) == nil || judgeInherents([]byte{2, 0, 0}) == nil {
		t.Error("no answer is taken for a good one")
	}
}

// transfersInBlock is how many a block of BenchmarkPropose holds.
const transfersInBlock = 1000

// BenchmarkPropose builds a block of 1,000 transfers from a pool: row "µs/transfer". "ratio" is what that takes over applying the same extrinsics by hand.
func BenchmarkPropose(b *testing.B) {
	n := newNetwork(b, nil).open(b, nil)
	alice, bob := sender(b, "//Alice"), sender(b, "//Bob").Account()
	for range transfersInBlock {
		n.submit(b, alice.Sign(transfer(bob, 1_000_000_000), n.terms()))
	}
	p := n.proposer(b, nil)
	best := n.Head().Best
	task := n.task(b, best, slot0, time.Hour)
	propose := func() time.Duration {
		began := time.Now()
		made, err := p.Propose(b.Context(), task)
		took := time.Since(began)
		if err != nil {
			b.Fatal(err)
		}
		defer made.Close()
		if got := len(made.(*proposal).built.Extrinsics); got != 1+transfersInBlock {
			b.Fatalf("%d extrinsics", got)
		}
		return took
	}
	pending := n.pool.Pending()
	byHand := func() time.Duration {
		began := time.Now()
		builder, err := n.Build(b.Context(), best.Hash, task.Digest)
		if err != nil {
			b.Fatal(err)
		}
		defer builder.Close()
		if _, err := builder.Inherents(b.Context(), Inherents(task.Slot, task.Now)); err != nil {
			b.Fatal(err)
		}
		for _, x := range pending {
			if applied, err := builder.Apply(b.Context(), x); err != nil || !applied.OK {
				b.Fatalf("%+v, %v", applied, err)
			}
		}
		built, err := builder.Finish(b.Context())
		if err != nil {
			b.Fatal(err)
		}
		built.Close()
		return time.Since(began)
	}
	least, bare := time.Duration(1<<62), time.Duration(1<<62)
	for b.Loop() {
		least, bare = min(least, propose()), min(bare, byHand())
	}
	b.ReportMetric(float64(least.Microseconds())/transfersInBlock, "µs/transfer")
	b.ReportMetric(float64(least)/float64(bare), "ratio")
}
