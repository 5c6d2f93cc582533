package grandpa

import (
	"errors"
	"slices"
	"testing"

	"github.com/gotensor/gotensor/primitives/chain"
	"github.com/gotensor/gotensor/primitives/hash"
	"github.com/gotensor/gotensor/primitives/scale"
)

// What is remembered of dropped blocks are all that lost, once each, with the way down to what is final, until no round can have votes for them.
func TestDropped(t *testing.T) {
	//  0 ─ 1 ─ 2 ─ 3 ─ 4
	//      │   └─ 5 ─ 6    (3, 4)
	//      │      └─ 7     (4)
	//      └─ 8            (2)
	full := &tree{Tree: []int{-1, 0, 1, 2, 3, 2, 5, 5, 1}}
	at := full.target
	parent := func(h hash.H256) (hash.H256, error) { return blockHash(full.Tree[index(&Target{Hash: h})]), nil }
	none := new(Dropped)
	final := at(3)
	leaves := []Target{at(4), at(6), at(7), at(8)}
	d, err := none.Finalise(final, leaves, 0, full, parent)
	if err != nil || d.Len() != 4 {
		t.Fatalf("%+v, %v", d, err)
	}
	read, err := scale.Unmarshal[Dropped](scale.Marshal(d))
	if err != nil || !slices.Equal(read.list, d.list) {
		t.Fatalf("%+v, %v", read, err)
	}
	store := forked{full, final, at(4)}
	for _, block := range []int{4, 5, 6, 7, 8} {
		for n := range at(block).Number + 2 {
			got, err := read.Ancestor(store, ErrNotDescendant, at(block).Hash, n)
			want, bad := full.Ancestor(at(block).Hash, n)
			if got != want && bad == nil || (err == nil) != (bad == nil) {
				t.Errorf("ancestor %d of %d: %s, expected %s: %v", n, block, got, want, err)
			}
		}
	}
	if again, err := read.Finalise(at(4), []Target{at(4)}, 0, store, parent); err != nil || again != &read {
		t.Errorf("%+v, %v", again, err)
	}
	if less, err := read.Finalise(at(4), []Target{at(4)}, 3, store, parent); err != nil || less.Len() != 2 {
		t.Errorf("%+v, %v", less, err)
	}
	broken := errors.New("disk")
	if _, err := none.Finalise(final, leaves, 0, full, func(hash.H256) (hash.H256, error) { return hash.H256{}, broken }); !errors.Is(err, broken) {
		t.Error(err)
	}
	// One that was not taken is remembered where its parent is known.
	if got := none.Add(DroppedBlock{at(6), at(5).Hash}, store, ErrNotDescendant); got != none {
		t.Errorf("%+v", got)
	}
	one := none.Add(DroppedBlock{at(5), at(2).Hash}, store, ErrNotDescendant)
	two := one.Add(DroppedBlock{at(6), at(5).Hash}, store, ErrNotDescendant)
	if got, err := two.Ancestor(store, ErrNotDescendant, at(6).Hash, 2); two.Len() != 2 || err != nil || got != at(2).Hash || two.Add(DroppedBlock{at(6), at(5).Hash}, store, ErrNotDescendant) != two {
		t.Errorf("%+v: %s, %v", two, got, err)
	}
	if got := none.Add(DroppedBlock{Target{hash.H256{7}, 9}, at(2).Hash}, store, ErrNotDescendant); got != none {
		t.Errorf("with another number: %+v", got)
	}
	// Their number is bounded.
	long := none
	for i := range uint16(maxDropped + 10) {
		long = long.Add(DroppedBlock{Target{hash.H256{99, byte(i), byte(i >> 8)}, 3}, at(2).Hash}, store, ErrNotDescendant)
	}
	if long.Len() != maxDropped {
		t.Error(long.Len())
	}
}

// remembered is a chain that knows where dropped blocks lay.
type remembered struct {
	forked
	dropped *Dropped
}

// Ancestor implements Chain.
func (c remembered) Ancestor(block hash.H256, n chain.BlockNumber) (hash.H256, error) {
	return c.dropped.Ancestor(c.forked, ErrNotDescendant, block, n)
}

// A catch-up has votes that were cast for a block which is dropped here: it is taken, with just what the round came to for those who have the block.
func TestCatchUpDropped(t *testing.T) {
	full := &tree{Tree: []int{-1, 0, 1, 2, 3, 4, 5, 6, 7, 3}} // 9 is beside 4
	set := voterSet(t, [][2]uint64{{1, 1}, {2, 1}, {3, 1}, {4, 1}})
	vote := func(id uint32, b int) SignedVote { return SignedVote{full.target(b), signatureOf(id), voterID(id)} }
	catchUp := CatchUp{Round: 5, Base: full.target(2), Prevotes: []SignedVote{vote(4, 9), vote(1, 8), vote(2, 8)}, Precommits: []SignedVote{vote(1, 3), vote(2, 3), vote(4, 3)}}
	complete := NewRound(5, set, catchUp.Base)
	for phase, votes := range [][]SignedVote{catchUp.Prevotes, catchUp.Precommits} {
		for i := range votes {
			if _, err := complete.Import(full, votes[i].message(Kind(phase))); err != nil {
				t.Fatal(err)
			}
		}
	}
	none := new(Dropped)
	dropped, err := none.Finalise(full.target(4), []Target{full.target(8), full.target(9)}, 2, full, func(h hash.H256) (hash.H256, error) {
		return blockHash(full.Tree[index(&Target{Hash: h})]), nil
	})
	if err != nil || dropped.Len() != 1 {
		t.Fatalf("%+v, %v", dropped, err)
	}
	for _, d := range []*Dropped{none, dropped} {
		c := remembered{forked{full, full.target(4), full.target(8)}, d}
		v := NewVoter(VoterConfig{SetID: 1, Voters: set, Gossip: 1e6}, c, NewVoterState(1, full.target(2)), full.target(4), 0)
		err := v.CatchUp(catchUp, 0)
		if d == none {
			if !errors.Is(err, ErrNotDescendant) {
				t.Errorf("without the block: %v", err)
			}
			continue
		}
		if err != nil || v.Round() != 6 || !v.state.last().State.equal(complete.State()) {
			t.Errorf("round %d: %+v, expected %+v: %v", v.Round(), v.state.last().State, complete.State(), err)
		}
	}
	// Where the other votes are enough, the place of the block does not matter.
	catchUp.Prevotes = append(catchUp.Prevotes, vote(3, 8))
	v := NewVoter(VoterConfig{SetID: 1, Voters: set, Gossip: 1e6}, forked{full, full.target(4), full.target(8)}, NewVoterState(1, full.target(2)), full.target(4), 0)
	if err := v.CatchUp(catchUp, 0); err != nil || v.Round() != 6 {
		t.Errorf("round %d: %v", v.Round(), err)
	}
}
