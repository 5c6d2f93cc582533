package grandpa

import (
	"bytes"
	"errors"
	"math/rand/v2"
	"testing"

	"github.com/gotensor/gotensor/primitives/chain"
	"github.com/gotensor/gotensor/primitives/hash"
	"github.com/gotensor/gotensor/primitives/keys"
	"github.com/gotensor/gotensor/primitives/scale"
)

// fuzzDecoder fuzzes a decoder: what decodes is encoded to the same bytes.
func fuzzDecoder[T any, P interface {
	*T
	scale.Decodable
}](f *testing.F, encode func(T) []byte, seeds ...T) {
	f.Helper()
	for _, s := range seeds {
		f.Add(encode(s))
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		v, err := scale.Unmarshal[T, P](data)
		if err != nil {
			return
		}
		if again := encode(v); !bytes.Equal(again, data) {
			t.Errorf("%+v:\n%x, read from\n%x", v, again, data)
		}
	})
}

func encodeOf[T scale.Encodable](v T) []byte { return scale.Marshal(v) }

var (
	seedVote   = SignedVote{Target{hash.H256{1}, 2}, Signature{3}, AuthorityID{4}}
	seedHeader = chain.Header{Number: 3, Digest: []chain.DigestItem{{Kind: chain.DigestSeal, Engine: chain.EngineAura, Data: []byte{1}}}}
)

func FuzzSignedMessage(f *testing.F) {
	fuzzDecoder(f, encodeOf[SignedMessage], seedVote.message(Precommit), seedVote.message(Propose))
}

func FuzzCompactCommit(f *testing.F) {
	fuzzDecoder(f, encodeOf[CompactCommit], Commit{seedVote.Target, []SignedVote{seedVote, seedVote}}.Compact())
}

func FuzzCatchUp(f *testing.F) {
	fuzzDecoder(f, encodeOf[CatchUp], CatchUp{7, []SignedVote{seedVote}, []SignedVote{seedVote, seedVote}, seedVote.Target})
}

func FuzzHistoricalVotes(f *testing.F) {
	n := uint64(5)
	fuzzDecoder(f, encodeOf[HistoricalVotes], HistoricalVotes{[]SignedMessage{seedVote.message(Prevote)}, &n, nil})
}

func FuzzLog(f *testing.F) {
	change := ScheduledChange{[]Authority{{AuthorityID{1}, 2}}, 3}
	fuzzDecoder(f, encodeOf[Log], Log{Kind: LogScheduledChange, Change: change}, Log{Kind: LogForcedChange, Change: change, Median: 9},
		Log{Kind: LogPause, Delay: 1}, Log{Kind: LogOnDisabled, Disabled: 1})
}

func FuzzEquivocationProof(f *testing.F) {
	equivocation := Equivocation{2, AuthorityID{3}, Ballot{seedVote.Target, Signature{1}}, Ballot{Target{hash.H256{9}, 9}, Signature{2}}}
	fuzzDecoder(f, encodeOf[EquivocationProof], EquivocationProof{1, Precommit, equivocation})
}

func FuzzFinalityProof(f *testing.F) {
	fuzzDecoder(f, encodeOf[FinalityProof], FinalityProof{hash.H256{1}, []byte{1, 2, 3}, []chain.Header{seedHeader}})
}

func FuzzAuthoritySet(f *testing.F) {
	set, err := NewAuthoritySet([]Authority{{AuthorityID{1}, 2}}, 3)
	if err != nil {
		f.Fatal(err)
	}
	c := line(9)
	for _, change := range []PendingChange{{Delay: 2, AnnouncedAt: c.target(3)}, {AnnouncedAt: c.target(6)}, {AnnouncedAt: c.target(4), Forced: true}} {
		change.Next = set.Current
		if err := set.Add(change, c); err != nil {
			f.Fatal(err)
		}
	}
	fuzzDecoder(f, encodeOf[AuthoritySet], *set)
}

func FuzzVoterState(f *testing.F) {
	s := NewVoterState(4, seedVote.Target)
	s.complete(CompletedRound{Number: 1, State: genesisState(seedVote.Target), Base: seedVote.Target, Votes: []SignedMessage{seedVote.message(Prevote)}})
	s.Own = []OwnVotes{{2, AuthorityID{1}, nil, &seedVote.Target, nil}}
	fuzzDecoder(f, encodeOf[VoterState], s)
}

// signers are voters with keys.
func signers(t testing.TB, n int) ([]*keys.Ed25519Pair, *VoterSet) {
	t.Helper()
	pairs := make([]*keys.Ed25519Pair, n)
	authorities := make([]Authority, n)
	for i := range pairs {
		pairs[i] = keys.NewEd25519([32]byte{byte(i), byte(i >> 8), 1})
		authorities[i] = Authority{AuthorityID(pairs[i].Public()), 1}
	}
	voters, err := NewVoterSet(authorities)
	if err != nil {
		t.Fatal(err)
	}
	return pairs, voters
}

// headers makes a chain with forks: block i is the child of block parents[i].
func headers(number chain.BlockNumber, parents []int) []chain.Header {
	out := make([]chain.Header, len(parents))
	for i, p := range parents {
		out[i].StateRoot = hash.H256{byte(i), byte(i >> 8)}
		if p < 0 {
			out[i].Number = number
			continue
		}
		out[i].Number = out[p].Number + 1
		out[i].ParentHash = out[p].Hash()
	}
	return out
}

func precommitOf(pair *keys.Ed25519Pair, h chain.Header, round, set uint64) SignedVote {
	v := SignedVote{Target: Target{h.Hash(), h.Number}, ID: AuthorityID(pair.Public())}
	copy(v.Signature[:], pair.Sign(Payload(nil, Message{Precommit, v.Target}, round, set)))
	return v
}

// justified makes a justification of the block at target by precommits for some blocks.
func justified(t testing.TB, pairs []*keys.Ed25519Pair, blocks []chain.Header, target int, votes ...int) Justification {
	t.Helper()
	commit := Commit{Target: Target{blocks[target].Hash(), blocks[target].Number}}
	for i, b := range votes {
		commit.Precommits = append(commit.Precommits, precommitOf(pairs[i], blocks[b], 5, 6))
	}
	byHash := make(map[hash.H256]chain.Header)
	for _, h := range blocks {
		byHash[h.Hash()] = h
	}
	j, err := NewJustification(5, commit, func(h hash.H256) (chain.Header, error) {
		header, ok := byHash[h]
		if !ok {
			return header, errors.New("unknown")
		}
		return header, nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return j
}

// What is in a justification beyond what is needed, and what is missing, makes it bad.
func TestVerifyJustification(t *testing.T) {
	pairs, voters := signers(t, 4)
	//  0 ─ 1 ─ 2 ─ 3 ─ 4
	//          └─ 5 ─ 6
	blocks := headers(100, []int{-1, 0, 1, 2, 3, 2, 5})
	at := func(i int) Target { return Target{blocks[i].Hash(), blocks[i].Number} }
	good := justified(t, pairs, blocks, 2, 2, 4, 6)
	if len(good.Ancestries) != 4 {
		t.Errorf("%d headers", len(good.Ancestries))
	}
	extra := precommitOf(pairs[3], blocks[3], 5, 6)
	with := func(change func(j *Justification)) []byte {
		j := good
		j.Commit.Precommits = append([]SignedVote{}, good.Commit.Precommits...)
		j.Ancestries = append([]chain.Header{}, good.Ancestries...)
		change(&j)
		return scale.Marshal(j)
	}
	stranger := keys.NewEd25519([32]byte{99})
	for name, test := range map[string]struct {
		data []byte
		want error
	}{
		"good":                            {scale.Marshal(good), nil},
		"all four":                        {with(func(j *Justification) { j.Commit.Precommits = append(j.Commit.Precommits, extra) }), nil},
		"a vote twice":                    {with(func(j *Justification) { j.Commit.Precommits = append(j.Commit.Precommits, j.Commit.Precommits[1]) }), nil},
		"a header twice":                  {with(func(j *Justification) { j.Ancestries = append(j.Ancestries, j.Ancestries[0]) }), nil},
		"a header missing":                {with(func(j *Justification) { j.Ancestries = j.Ancestries[1:] }), ErrAncestry},
		"a header too many":               {with(func(j *Justification) { j.Ancestries = append(j.Ancestries, blocks[1]) }), ErrHeaders},
		"the header of the lowest vote":   {with(func(j *Justification) { j.Ancestries = append(j.Ancestries, blocks[2]) }), ErrHeaders},
		"a vote missing":                  {with(func(j *Justification) { j.Commit.Precommits = j.Commit.Precommits[:2] }), ErrMinority},
		"no votes":                        {with(func(j *Justification) { j.Commit.Precommits, j.Ancestries = nil, nil }), ErrMinority},
		"a vote below the target":         {scale.Marshal(justified(t, pairs, blocks, 2, 2, 4, 1)), ErrMinority},
		"a higher block has the majority": {scale.Marshal(justified(t, pairs, blocks, 2, 2, 4, 3, 4)), ErrMinority},
		"votes on forks, none at the fork": {with(func(j *Justification) {
			j.Commit.Precommits[0] = precommitOf(pairs[0], blocks[3], 5, 6)
		}), ErrAncestry},
		"a vote of another round": {with(func(j *Justification) { j.Round++ }), ErrSignature},
		"a stranger's vote": {with(func(j *Justification) {
			j.Commit.Precommits = append(j.Commit.Precommits, precommitOf(stranger, blocks[4], 5, 6))
		}), nil},
		"a stranger's vote that is not signed": {with(func(j *Justification) {
			j.Commit.Precommits = append(j.Commit.Precommits, precommitOf(stranger, blocks[4], 7, 6))
		}), ErrSignature},
		"a stranger in place of a voter": {with(func(j *Justification) { j.Commit.Precommits[1] = precommitOf(stranger, blocks[4], 5, 6) }), ErrMinority},
		"another number": {with(func(j *Justification) {
			j.Commit.Precommits[1].Target.Number++
		}), ErrAncestry},
		"an equivocator": {with(func(j *Justification) {
			j.Commit.Precommits = append(j.Commit.Precommits, precommitOf(pairs[2], blocks[4], 5, 6))
		}), nil},
		"as many votes as four can give": {with(func(j *Justification) {
			for len(j.Commit.Precommits) < 8 {
				j.Commit.Precommits = append(j.Commit.Precommits, extra)
			}
		}), nil},
		"one more": {with(func(j *Justification) {
			for len(j.Commit.Precommits) < 9 {
				j.Commit.Precommits = append(j.Commit.Precommits, extra)
			}
		}), ErrWeight},
		"bytes left over": {append(scale.Marshal(good), 0), ErrJustification},
		"cut":             {scale.Marshal(good)[:100], ErrJustification},
		"too long":        {make([]byte, MaxJustification+1), ErrJustification},
	} {
		_, err := VerifyJustification(test.data, at(2), 6, voters)
		if test.want == nil && err != nil || test.want != nil && !errors.Is(err, test.want) {
			t.Errorf("%s: %v, expected %v", name, err, test.want)
		}
	}
	if _, err := VerifyJustification(scale.Marshal(good), at(3), 6, voters); !errors.Is(err, ErrTarget) {
		t.Errorf("for another block: %v", err)
	}
	if _, err := NewJustification(5, Commit{Target: at(2)}, nil); !errors.Is(err, ErrJustification) {
		t.Errorf("without votes: %v", err)
	}
}

// Whatever verifies was made by the voters: changes of any byte of a good one never pass, but in what is not signed and carries no meaning.
func FuzzVerifyJustification(f *testing.F) {
	pairs, voters := signers(f, 4)
	blocks := headers(100, []int{-1, 0, 1, 2, 3, 2, 5})
	target := Target{blocks[2].Hash(), blocks[2].Number}
	for _, votes := range [][]int{{2, 4, 6}, {2, 2, 2, 2}, {2, 3, 5, 6}, {1, 4, 4}} {
		f.Add(scale.Marshal(justified(f, pairs, blocks, 2, votes...)))
	}
	f.Add(scale.Marshal(Justification{}))
	f.Fuzz(func(t *testing.T, data []byte) {
		j, err := VerifyJustification(data, target, 6, voters)
		if err != nil {
			if !errors.Is(err, ErrJustification) {
				t.Errorf("%v", err)
			}
			return
		}
		if j.Commit.Target != target || !bytes.Equal(scale.Marshal(j), data) {
			t.Errorf("%+v", j)
		}
		// What passes has votes of a supermajority for the target or above it, each signed.
		signed := make(map[AuthorityID]bool)
		for _, p := range j.Commit.Precommits {
			if !p.message(Precommit).Verify(j.Round, 6) {
				t.Errorf("%+v is not signed", p)
			}
			if _, ok := voters.Position(p.ID); ok {
				signed[p.ID] = true
			}
		}
		if len(signed) < 3 {
			t.Errorf("%d voters", len(signed))
		}
	})
}

// A voter is fed messages that make no sense; it neither breaks nor makes anything final.
func FuzzVoter(f *testing.F) {
	f.Add(uint64(1), []byte{0, 1, 2, 3, 4, 5, 6, 7, 8, 9})
	f.Fuzz(func(t *testing.T, seed uint64, script []byte) {
		r := rand.New(rand.NewPCG(seed, 2))
		c := line(12)
		c.Tree = append(c.Tree, 4, 13, 14)
		voters, err := NewVoterSet([]Authority{{voterID(1), 1}, {voterID(2), 1}, {voterID(3), 1}, {voterID(4), 1}})
		if err != nil {
			t.Fatal(err)
		}
		v := NewVoter(VoterConfig{Voters: voters, Local: []AuthorityID{voterID(1)}, Sign: func(id AuthorityID, payload []byte) (Signature, error) {
			return Signature(hash.Blake2b512(payload)), nil
		}},
			fixed{c}, NewVoterState(0, c.target(0)), c.target(0), 0)
		now := Time(0)
		for _, op := range script[:min(len(script), 300)] {
			vote := func() SignedVote {
				return SignedVote{Target{blockHash(r.IntN(18)), chain.BlockNumber(r.IntN(14))}, Signature{byte(r.IntN(3))}, voterID(uint32(r.IntN(6)))}
			}
			if r.IntN(2) == 0 {
				vote = func() SignedVote {
					return SignedVote{c.target(r.IntN(len(c.Tree))), Signature{byte(r.IntN(3))}, voterID(uint32(2 + r.IntN(3)))}
				}
			}
			round := v.Round() + uint64(r.IntN(4)) - 2
			switch op % 5 {
			case 0, 1:
				_ = v.Vote(round, vote().message(Kind(r.IntN(3))))
			case 2:
				_ = v.Commit(round, Commit{vote().Target, []SignedVote{vote(), vote(), vote(), vote()}[:r.IntN(5)]})
			case 3:
				_ = v.CatchUp(CatchUp{round, []SignedVote{vote(), vote(), vote()}, []SignedVote{vote(), vote(), vote()}, vote().Target}, now)
			case 4:
				v.NewBlocks()
			}
			now += Time(r.Int64N(1e9))
			for range 100 {
				out, err := v.Advance(now)
				if err != nil {
					t.Fatal(err)
				}
				if f := out.Finalise; f != nil {
					if _, err := CheckCommit(&f.Commit, voters, c); err != nil {
						t.Fatalf("%+v: %v", f, err)
					}
				}
				if !out.Again {
					break
				}
			}
			if len(v.waiting.votes) > 100 || len(v.past) > 300 {
				t.Fatalf("%d votes wait, %d rounds", len(v.waiting.votes), len(v.past))
			}
		}
	})
}

// fixed is a chain that does not grow.
type fixed struct{ *tree }

// BestContaining implements Blocks.
func (c fixed) BestContaining(base Target) (Target, error) {
	if i := index(&base); i >= len(c.Tree) || c.target(i) != base {
		return Target{}, ErrNotDescendant
	}
	return c.target(max(index(&base), 12)), nil
}
