package aura

import (
	"errors"
	"fmt"
	"math"
	"slices"
	"testing"
	"testing/quick"
	"time"

	"github.com/gotensor/gotensor/primitives/chain"
	"github.com/gotensor/gotensor/primitives/hash"
)

func TestSlots(t *testing.T) {
	for _, d := range []time.Duration{time.Millisecond, 250 * time.Millisecond, 12 * time.Second, MaxSlotDuration} {
		contains := func(ms uint32, more uint16) bool {
			now := time.UnixMilli(int64(ms) * 1000).Add(time.Duration(more) * time.Microsecond)
			s := SlotAt(now, d)
			return !s.Start(d).After(now) && now.Before((s + 1).Start(d)) && SlotAt(s.Start(d), d) == s
		}
		if err := quick.Check(contains, nil); err != nil {
			t.Error(err)
		}
		for _, far := range []Slot{math.MaxUint64, math.MaxInt64, 1 << 60} {
			if far.Start(d).Before(time.UnixMilli(1 << 59)) {
				t.Errorf("slot %d begins at %v", far, far.Start(d))
			}
		}
	}
	if s := SlotAt(time.UnixMilli(-5), time.Second); s != 0 {
		t.Errorf("before 1970 it is slot %d", s)
	}
	for ms, good := range map[uint64]bool{0: false, 1: true, 250: true, 12_000: true, 86_400_000: true, 86_400_001: false, math.MaxUint64: false} {
		d, err := SlotDuration(ms)
		if good != (err == nil) || !good && !errors.Is(err, ErrSlotDuration) || good && uint64(d.Milliseconds()) != ms {
			t.Errorf("%d ms: %v, %v", ms, d, err)
		}
	}
}

// Source of the numbers: sc-consensus-slots lib.rs, exponential_slot_lenience and proposing_remaining_duration_should_… .
func TestLenience(t *testing.T) {
	const d = 6 * time.Second
	if l := Lenience(2, 1, d); l != 0 {
		t.Errorf("no slot was skipped: %v", l)
	}
	for n := Slot(3); n <= 17; n++ {
		if got, want := Lenience(n, 1, d), d<<(n/2-1); got != want {
			t.Errorf("slot %d: got %v, expected %v", n, got, want)
		}
	}
	for _, n := range []Slot{18, 19, 1000, math.MaxUint64} {
		if got := Lenience(n, 1, d); got != 128*d {
			t.Errorf("slot %d: got %v", n, got)
		}
	}
	parent := Slot(0)
	for _, c := range []struct {
		slot   Slot
		parent *Slot
		left   time.Duration
		want   time.Duration
	}{
		{1, nil, 6 * time.Second, 4 * time.Second}, {1, &parent, 6 * time.Second, 4 * time.Second}, {9, nil, 6 * time.Second, 4 * time.Second},
		{1, nil, 3 * time.Second, 3 * time.Second}, {1, nil, 0, 0}, {1, nil, -time.Second, 0},
		{2, &parent, 6 * time.Second, 8 * time.Second}, {2, &parent, time.Second, 5 * time.Second}, {3, &parent, 6 * time.Second, 12 * time.Second},
	} {
		if got := ProposingTime(c.slot, c.parent, d, c.left); got != c.want {
			t.Errorf("slot %d, %v left: got %v, expected %v", c.slot, c.left, got, c.want)
		}
	}
}

// Source of the numbers: the tests of sc-consensus-slots lib.rs.
func TestBackoff(t *testing.T) {
	b := Backoff{MaxInterval: 100, UnfinalizedSlack: 5, AuthoringBias: 2}
	for now := Slot(2); now < 1000; now++ {
		if b.Rests(1, 1, 1, now) {
			t.Fatalf("slot %d: the chain does not grow, and it rests", now)
		}
	}
	best, bestSlot := chain.BlockNumber(1), Slot(1)
	for now := Slot(2); now < 300; now++ {
		if got := b.Rests(best, bestSlot, 1, now); got != (now > 8) {
			t.Fatalf("slot %d: the chain grows without finality: rests %v", now, got)
		}
		best, bestSlot = best+1, now
	}
	for now := Slot(2); now < 200; now++ {
		if got := b.Rests(207, 1, 1, now); got != (now <= 101) {
			t.Fatalf("slot %d: at the longest interval: rests %v", now, got)
		}
	}
	// should_backoff_authoring_when_finality_stalled: which slots are used when only this author works.
	best, bestSlot = 4, 10
	var rests []int
	run := 0
	for now := Slot(11); len(rests) < 16; now++ {
		if b.Rests(best, bestSlot, 2, now) {
			run++
			continue
		}
		rests = append(rests, run)
		run = 0
		best, bestSlot = best+1, now
	}
	if want := []int{0, 0, 0, 0, 0, 1, 1, 2, 2, 3, 3, 4, 4, 5, 5, 6}; !slices.Equal(rests, want) {
		t.Errorf("slots of rest between blocks: got %v, expected %v", rests, want)
	}
	if b.Rests(5, 10, 9, 20) || (Backoff{}).Rests(5, 10, 0, 11) {
		t.Error("nothing waits, and it rests")
	}
	if !(Backoff{MaxInterval: 100}).Rests(5, 10, 0, 11) {
		t.Error("a bias of 0 counts as 1")
	}
}

// Source of the sequence: sc-consensus-slots aux_schema.rs, check_equivocation_works.
func TestEquivocations(t *testing.T) {
	var q Equivocations
	check := func(now, slot Slot, name string) bool {
		c := &Checked{Unsealed: chain.Header{ParentHash: hash.Blake2b256([]byte(name)), Digest: []chain.DigestItem{PreDigest(slot)}}, Slot: slot, Author: Authority{1}}
		proof, found := q.Check(now, c)
		if found && (proof.Slot != slot || proof.Offender != c.Author || proof.First.Hash() == proof.Second.Hash() || proof.Second.Hash() != c.Unsealed.Hash()) {
			t.Errorf("%+v", proof)
		}
		return found
	}
	for i, c := range []struct {
		now, slot Slot
		name      string
		want      bool
	}{
		{2, 2, "1", false}, {3, 2, "1", false}, {4, 2, "2", true}, {5, 4, "3", false},
		{PruningBound + 2, MaxSlotCapacity + 4, "4", false}, {PruningBound + 3, MaxSlotCapacity + 4, "5", true}, {PruningBound + 4, 4, "6", false},
	} {
		if got := check(c.now, c.slot, c.name); got != c.want {
			t.Errorf("step %d: got %v, expected %v", i, got, c.want)
		}
	}
	other := &Checked{Slot: MaxSlotCapacity + 4, Author: Authority{2}}
	if _, found := q.Check(PruningBound+4, other); found {
		t.Error("another author in the same slot")
	}
}

// Whatever headers come, the memory stays bounded.
func TestEquivocationsAreBounded(t *testing.T) {
	var q Equivocations
	for slot := range Slot(5 * PruningBound) {
		q.Check(slot, &Checked{Unsealed: chain.Header{Number: 1}, Slot: slot})
		if len(q.slots) > PruningBound+1 {
			t.Fatalf("%d slots", len(q.slots))
		}
	}
	q.Check(1<<40, &Checked{Unsealed: chain.Header{Number: 1}, Slot: 1 << 40}) // the clock jumps
	if len(q.slots) != 1 || q.bytes != 256 {
		t.Fatalf("%d slots, %d bytes", len(q.slots), q.bytes)
	}
	long := []chain.DigestItem{{Kind: chain.DigestOther, Data: make([]byte, 100_000)}}
	for i := range 1000 {
		q.Check(1<<40, &Checked{Unsealed: chain.Header{ParentHash: hash.Blake2b256(fmt.Append(nil, i)), Digest: long}, Slot: 1 << 40, Author: Authority{byte(i), byte(i >> 8)}})
	}
	if q.bytes > maxEquivocationBytes || q.bytes < maxEquivocationBytes/2 {
		t.Errorf("%d bytes", q.bytes)
	}
}
