package grandpa

import (
	"errors"
	"slices"
	"testing"

	"github.com/gotensor/gotensor/primitives/chain"
	"github.com/gotensor/gotensor/primitives/hash"
	"github.com/gotensor/gotensor/primitives/scale"
)

// grown is a chain of which blocks up to best are there.
type grown struct {
	*tree
	best int
}

// Ancestor implements Chain.
func (c *grown) Ancestor(block hash.H256, n chain.BlockNumber) (hash.H256, error) {
	if i := index(&Target{Hash: block}); i > c.best {
		return hash.H256{}, ErrNotDescendant
	}
	return c.tree.Ancestor(block, n)
}

// BestContaining implements Blocks.
func (c *grown) BestContaining(base Target) (Target, error) {
	if index(&base) > c.best {
		return Target{}, ErrNotDescendant
	}
	n := Restrict(DefaultRules, base.Number, c.target(c.best).Number, c.target(c.best).Number)
	return c.target(int(n)), nil
}

func soloConfig(t *testing.T, local ...uint32) VoterConfig {
	t.Helper()
	var authorities []Authority
	config := VoterConfig{SetID: 1, Gossip: 1e9, Sign: func(id AuthorityID, payload []byte) (Signature, error) {
		return Signature(hash.Blake2b512(append(payload, id[:]...))), nil
	}}
	for _, i := range local {
		config.Local = append(config.Local, voterID(i))
		authorities = append(authorities, Authority{voterID(i), uint64(i)})
	}
	var err error
	if config.Voters, err = NewVoterSet(authorities); err != nil {
		t.Fatal(err)
	}
	return config
}

// drain advances a voter until it waits, and returns what became final.
func drain(t *testing.T, v *Voter, now Time, state *VoterState) (final []chain.BlockNumber) {
	t.Helper()
	for range 1000 {
		out, err := v.Advance(now)
		if err != nil {
			t.Fatal(err)
		}
		if out.State != nil {
			*state = *out.State
		}
		if out.Finalise != nil {
			final = append(final, out.Finalise.Target.Number)
		}
		if !out.Again {
			if out.Waits() {
				t.Errorf("it waits for a timer until %d", out.Wake)
			}
			return final
		}
	}
	t.Fatal("it does not come to rest")
	return nil
}

// Where a node has all votes each block makes the one two below it final, without a timer and with one round each; without blocks nothing happens.
func TestEager(t *testing.T) {
	for _, local := range [][]uint32{{1}, {1, 2, 3}} {
		c := &grown{line(100), 0}
		state := NewVoterState(1, c.target(0))
		v := NewVoter(soloConfig(t, local...), c, state, c.target(0), 0)
		for c.best < 50 {
			if got := drain(t, v, 0, &state); len(got) != 0 {
				t.Fatalf("%v", got)
			}
			c.best++
			v.NewBlocks()
			got := drain(t, v, 0, &state)
			var want []chain.BlockNumber
			if c.best > 2 {
				want = []chain.BlockNumber{chain.BlockNumber(c.best - 2)}
			}
			if !slices.Equal(got, want) {
				t.Fatalf("at %d: %v is final", c.best, got)
			}
			if c.best%7 == 0 { // it comes again
				v = NewVoter(soloConfig(t, local...), c, state, c.target(max(0, c.best-2)), 0)
			}
		}
		// Many blocks at once: at most three quarters of them in each step.
		c.best = 100
		v.NewBlocks()
		got := drain(t, v, 0, &state)
		if len(got) < 2 || got[len(got)-1] != 98 || got[0] > 87 {
			t.Errorf("%v", got)
		}
		if r := v.Round(); r > 50+uint64(len(got)) {
			t.Errorf("round %d", r)
		}
		if _, background := v.Report(); len(background) > 1 {
			t.Errorf("%d rounds in the background", len(background))
		}
	}
}

// Votes that a revert, or the finality of others, took the ground from do not keep a node alone from going on, in another round.
func TestStuckVotes(t *testing.T) {
	for name, test := range map[string]struct {
		own       OwnVotes
		finalised int
		round     uint64
	}{
		"for a block that is gone":     {OwnVotes{Prevoted: &Target{hash.H256{9, 9}, 12}}, 5, 5},
		"below what is final":          {OwnVotes{Prevoted: &Target{blockHash(4), 4}, Precommitted: &Target{blockHash(4), 4}}, 5, 5},
		"that can still be counted":    {OwnVotes{Prevoted: &Target{blockHash(7), 7}}, 5, 4},
		"for just what is final":       {OwnVotes{Prevoted: &Target{blockHash(5), 5}, Precommitted: &Target{blockHash(5), 5}}, 5, 4},
		"a proposal, which counts not": {OwnVotes{Proposed: &Target{hash.H256{9, 9}, 12}}, 5, 4},
	} {
		c := &grown{line(20), 10}
		state := NewVoterState(1, c.target(0))
		state.complete(CompletedRound{Number: 3, State: genesisState(c.target(2)), Base: c.target(2)})
		test.own.Round, test.own.ID = 4, voterID(1)
		state.Own = []OwnVotes{test.own}
		v := NewVoter(soloConfig(t, 1), c, state, c.target(test.finalised), 0)
		if got := v.Round(); got != test.round {
			t.Errorf("%s: round %d, expected %d", name, got, test.round)
		}
		var votes []Outgoing
		for range 50 {
			out, err := v.Advance(0)
			if err != nil {
				t.Fatal(err)
			}
			votes = append(votes, out.Send...)
			if !out.Again {
				break
			}
		}
		for _, m := range votes {
			if own := test.own.Prevoted; own != nil && m.Vote != nil && m.Round == 4 && m.Vote.Message.Kind == Prevote && m.Vote.Message.Target != *own {
				t.Errorf("%s: %+v", name, m.Vote.Message)
			}
		}
		c.best = 20
		v.NewBlocks()
		if got := drain(t, v, 0, &state); len(got) == 0 || got[len(got)-1] != 18 {
			t.Errorf("%s: %v is final", name, got)
		}
	}
}

// A voter that cannot sign says so; nothing of what it did then is kept.
func TestSignFails(t *testing.T) {
	c := &grown{line(20), 10}
	config := soloConfig(t, 1)
	broken := errors.New("no key")
	config.Sign = func(AuthorityID, []byte) (Signature, error) { return Signature{}, broken }
	v := NewVoter(config, c, NewVoterState(1, c.target(0)), c.target(0), 0)
	if _, err := v.Advance(0); !errors.Is(err, broken) {
		t.Error(err)
	}
}

// Messages that cannot be taken yet wait, not without bounds; what makes no sense is refused.
func TestMessages(t *testing.T) {
	c := &grown{line(40), 10}
	config := soloConfig(t, 1, 2, 3, 4)
	config.Local = nil
	v := NewVoter(config, c, NewVoterState(1, c.target(0)), c.target(0), 0)
	vote := func(voter uint32, kind Kind, block int, s byte) SignedMessage {
		return SignedMessage{Message{kind, c.target(block)}, Signature{s}, voterID(voter)}
	}
	for name, test := range map[string]struct {
		err     error
		useless bool
		want    error
	}{
		"a stranger":              {v.Vote(1, vote(9, Prevote, 3, 0)), false, ErrVoters},
		"a round far away":        {v.Vote(7, vote(1, Prevote, 3, 0)), true, nil},
		"a vote":                  {v.Vote(1, vote(1, Prevote, 3, 0)), false, nil},
		"it again":                {v.Vote(1, vote(1, Prevote, 3, 0)), true, nil},
		"a block to come":         {v.Vote(1, vote(2, Prevote, 20, 0)), false, nil},
		"it again, it waits":      {v.Vote(1, vote(2, Prevote, 20, 0)), true, nil},
		"the next round":          {v.Vote(2, vote(2, Prevote, 3, 0)), false, nil},
		"catch-up to this one":    {v.CatchUp(CatchUp{Round: 1}, 0), true, nil},
		"catch-up of nothing":     {v.CatchUp(CatchUp{Round: 2, Base: c.target(0)}, 0), false, ErrMinority},
		"catch-up of a stranger":  {v.CatchUp(CatchUp{Round: 2, Base: c.target(0), Prevotes: []SignedVote{{Target: c.target(3), ID: voterID(9)}}}, 0), false, ErrVoters},
		"catch-up from elsewhere": {v.CatchUp(CatchUp{Round: 2, Base: Target{hash.H256{7}, 1}, Prevotes: []SignedVote{{Target: c.target(3), ID: voterID(1)}}}, 0), false, ErrNotDescendant},
		"a commit of nobody":      {v.Commit(1, Commit{Target: c.target(3)}), false, ErrMinority},
		"a commit to come":        {v.Commit(1, Commit{Target: c.target(30)}), false, nil},
	} {
		if IsUseless(test.err) != test.useless || !test.useless && (test.want == nil) != (test.err == nil) || test.want != nil && !errors.Is(test.err, test.want) {
			t.Errorf("%s: %v, expected %v", name, test.err, test.want)
		}
	}
	for i := range byte(100) {
		_ = v.Vote(1, vote(3, Prevote, 20+int(i%20), i))
		_ = v.Commit(1, Commit{Target: c.target(30)})
	}
	if len(v.waiting.votes) > 8 || len(v.waiting.commits) > maxCommits {
		t.Errorf("%d votes and %d commits wait", len(v.waiting.votes), len(v.waiting.commits))
	}
	c.best = 25
	v.NewBlocks()
	if best, _ := v.Report(); best.Prevotes.Weight != 1+2+3 || len(best.Prevotes.Missing) != 1 || best.Prevotes.Missing[0] != voterID(4) {
		t.Errorf("%+v", best)
	}
	// A commit makes its block final whatever the rounds say.
	var commit Commit
	for i := uint32(2); i <= 4; i++ {
		commit.Precommits = append(commit.Precommits, SignedVote{c.target(20), Signature{byte(i)}, voterID(i)})
	}
	commit.Target = c.target(20)
	if err := v.Commit(9, commit); err != nil {
		t.Fatal(err)
	}
	out, err := v.Advance(0)
	if err != nil || out.Finalise == nil || out.Finalise.Target != c.target(20) || out.Finalise.Round != 9 {
		t.Fatalf("%+v, %v", out, err)
	}
	if err := v.Commit(9, commit); !IsUseless(err) {
		t.Errorf("it again: %v", err)
	}
}

// The primary voter's block is prevoted for where it is above the estimate of the last round and below its prevotes.
func TestPrimary(t *testing.T) {
	c := &grown{line(40), 30}
	v := NewVoter(soloConfig(t, 1), c, NewVoterState(1, c.target(5)), c.target(5), 0)
	at := func(i int) *Target { t := c.target(i); return &t }
	for _, test := range []struct {
		estimate, ghost int
		primary         *Target
		want            int
	}{
		{5, 10, nil, 5},
		{5, 10, at(10), 10},
		{5, 10, at(7), 7},
		{5, 10, at(5), 5},
		{5, 10, at(4), 5},
		{5, 10, at(11), 5},
		{5, 10, &Target{hash.H256{9}, 7}, 5},
		{5, 10, &Target{blockHash(7), 8}, 5},
	} {
		r := &votingRound{last: &RoundState{Estimate: at(test.estimate), PrevoteGhost: at(test.ghost)}, primary: test.primary}
		if got := v.voteBase(r); got != c.target(test.want) {
			t.Errorf("%+v: %s", test, got)
		}
	}
}

// What is written is what is read, and rounds are kept in order, two of them.
func TestVoterState(t *testing.T) {
	c := line(9)
	s := NewVoterState(7, c.target(1))
	for _, n := range []uint64{1, 3, 2, 3} {
		s.Own = append(s.Own, OwnVotes{Round: n, ID: voterID(1)}, OwnVotes{Round: n + 1, ID: voterID(1)})
		s.complete(CompletedRound{Number: n, State: genesisState(c.target(int(n))), Base: c.target(1)})
	}
	if len(s.Completed) != 2 || s.Completed[0].Number != 3 || s.Completed[1].Number != 2 {
		t.Errorf("%+v", s.Completed)
	}
	for _, o := range s.Own {
		if o.Round <= 3 {
			t.Errorf("%+v", o)
		}
	}
	again, err := scale.Unmarshal[VoterState](scale.Marshal(s))
	if err != nil || !slices.Equal(scale.Marshal(again), scale.Marshal(s)) {
		t.Error(err)
	}
	if _, err := scale.Unmarshal[VoterState](scale.Marshal(VoterState{})); err == nil {
		t.Error("a state without rounds is read")
	}
}

// Votes stay as far behind the best block as in Substrate: the cases of before_best_by_has_cutoff_at_base and others in sc-consensus-grandpa, voting_rule.rs.
func TestRules(t *testing.T) {
	for _, test := range []struct {
		rules            []Rule
		base, best, want chain.BlockNumber
	}{
		{[]Rule{BeforeBest(2)}, 1, 5, 3},
		{[]Rule{BeforeBest(2)}, 2, 5, 3},
		{[]Rule{BeforeBest(2)}, 3, 5, 3},
		{[]Rule{BeforeBest(2)}, 4, 5, 4},
		{[]Rule{BeforeBest(2)}, 5, 5, 5},
		{[]Rule{BeforeBest(50), BeforeBest(50)}, 0, 200, 150},
		{DefaultRules, 0, 1, 0},
		{DefaultRules, 0, 2, 0},
		{DefaultRules, 0, 3, 1},
		{DefaultRules, 10, 13, 11},
		{DefaultRules, 10, 20, 18},
		{DefaultRules, 0, 100, 75},
		{DefaultRules, 1<<32 - 2, 1<<32 - 1, 1<<32 - 2},
	} {
		if got := Restrict(test.rules, test.base, test.best, test.best); got != test.want {
			t.Errorf("%d on %d: %d, expected %d", test.best, test.base, got, test.want)
		}
	}
}

// forked is a chain that, as storage/db does, has dropped the blocks beside the one that is final.
type forked struct {
	*tree
	final, best Target
}

// Ancestor implements Chain.
func (c forked) Ancestor(block hash.H256, n chain.BlockNumber) (hash.H256, error) {
	at := c.target(index(&Target{Hash: block}))
	if !Descends(c.tree, c.final, at) && !Descends(c.tree, at, c.final) {
		return hash.H256{}, ErrNotDescendant
	}
	return c.tree.Ancestor(block, n)
}

// BestContaining implements Blocks.
func (c forked) BestContaining(base Target) (Target, error) {
	if at, err := c.Ancestor(base.Hash, base.Number); err != nil || at != base.Hash {
		return Target{}, ErrNotDescendant
	}
	if !Descends(c, base, c.best) {
		return base, nil
	}
	return c.best, nil
}

// Voters who come again after blocks were dropped that some had voted for still know what may have been final in their last round, so that no two blocks of
// different chains become final. Of seven honest ones the last lacked blocks 4 to 8 in round 5 and prevoted for another one beside them; its precommit for 8
// comes when the others have gone on.
func TestRestartAfterDrop(t *testing.T) {
	// 0 to 8 are a chain; 9 is beside 4, and 10 to 13 are on 5, a longer chain than that of 8.
	full := &tree{Tree: []int{-1, 0, 1, 2, 3, 4, 5, 6, 7, 3, 5, 10, 11, 12}}
	set := voterSet(t, [][2]uint64{{1, 1}, {2, 1}, {3, 1}, {4, 1}, {5, 1}, {6, 1}, {7, 1}})
	// lost: what is left of the votes completes nothing.
	for _, lost := range []bool{false, true} {
		r := NewRound(5, set, full.target(2))
		vote := func(id uint32, k Kind, b int) {
			t.Helper()
			if _, err := r.Import(full, SignedMessage{Message{k, full.target(b)}, signatureOf(id), voterID(id)}); err != nil {
				t.Fatal(err)
			}
		}
		vote(7, Prevote, 9)
		vote(6, Prevote, 4)
		for _, id := range []uint32{1, 2, 3, 4, 5} {
			vote(id, Prevote, 8)
		}
		for _, id := range []uint32{1, 2, 3, 4} {
			vote(id, Precommit, 8)
		}
		vote(5, Precommit, 4)
		if s := r.State(); !s.Completable || *s.Finalised != full.target(4) || *s.Estimate != full.target(8) {
			t.Fatalf("%+v", s)
		}
		state := NewVoterState(1, full.target(2))
		last := CompletedRound{Number: 5, State: r.State(), Base: full.target(2), Votes: r.Seen()}
		if lost {
			last.Votes = last.Votes[:3]
		}
		state.complete(last)
		chain := forked{full, full.target(4), full.target(13)}
		var voters []*Voter
		for _, id := range []uint32{1, 2, 3, 4, 5, 6} {
			config := VoterConfig{SetID: 1, Voters: set, Local: []AuthorityID{voterID(id)}, Gossip: 1e6, Sign: func(AuthorityID, []byte) (Signature, error) { return Signature{}, nil }}
			voters = append(voters, NewVoter(config, chain, state, chain.final, 0))
		}
		votes := 0
		for now := Time(0); now < 100e6; now += 1e6 {
			for i, v := range voters {
				for again := true; again; {
					out, err := v.Advance(now)
					if err != nil {
						t.Fatal(err)
					}
					again = out.Again
					if f := out.Finalise; f != nil && !Descends(full, f.Target, full.target(8)) && !Descends(full, full.target(8), f.Target) {
						t.Fatalf("voter %d: %s is final in round %d", i+1, f.Target, f.Round)
					}
					for _, o := range out.Send {
						if o.Vote == nil {
							continue
						}
						votes++
						for j, w := range voters {
							if j != i {
								_ = w.Vote(o.Round, *o.Vote)
							}
						}
					}
				}
			}
		}
		vote(7, Precommit, 8)
		if s := r.State(); *s.Finalised != full.target(8) || votes < 6 {
			t.Fatalf("%+v, %d votes", s, votes)
		}
	}
}

// failing is a chain a look at which fails now and then.
type failing struct {
	*grown
	err error
}

// BestContaining implements Blocks.
func (c *failing) BestContaining(base Target) (Target, error) {
	if err := c.err; err != nil {
		c.err = nil
		return Target{}, err
	}
	return c.grown.BestContaining(base)
}

// Where the best block cannot be read Advance says so, and a voter that is made again goes on; a base that is not there for once does not stop a voter who has
// all votes.
func TestBestFails(t *testing.T) {
	broken := errors.New("disk")
	for _, fail := range []error{broken, ErrNotDescendant} {
		c := &failing{grown: &grown{line(100), 0}}
		state := NewVoterState(1, c.target(0))
		v := NewVoter(soloConfig(t, 1), c, state, c.target(0), 0)
		for c.best < 5 {
			c.best++
			v.NewBlocks()
			drain(t, v, 0, &state)
		}
		c.err = fail
		if fail == broken {
			if _, err := v.Advance(0); !errors.Is(err, broken) {
				t.Error(err)
			}
			v = NewVoter(soloConfig(t, 1), c, state, c.target(3), 0)
		}
		for c.best < 50 {
			c.best++
			v.NewBlocks()
			final := drain(t, v, 0, &state)
			if c.best > 6 && !slices.Equal(final, []chain.BlockNumber{chain.BlockNumber(c.best - 2)}) {
				t.Fatalf("%v: at %d %v is final", fail, c.best, final)
			}
		}
	}
}
