package grandpa

import (
	"fmt"

	"github.com/gotensor/gotensor/primitives/scale"
)

// Equivocation is two votes of one voter in one phase of a round.
type Equivocation struct {
	Round         uint64
	ID            AuthorityID
	First, Second Ballot
}

// Ballot is a vote of which voter and phase are known.
type Ballot struct {
	Target    Target
	Signature Signature
}

// AppendScale appends target and signature.
func (b Ballot) AppendScale(dst []byte) []byte {
	return append(b.Target.AppendScale(dst), b.Signature[:]...)
}

// DecodeScale reads a ballot.
func (b *Ballot) DecodeScale(d *scale.Decoder) {
	b.Target.DecodeScale(d)
	d.Read(b.Signature[:])
}

// AppendScale appends round, id and both votes.
func (e Equivocation) AppendScale(dst []byte) []byte {
	dst = scale.AppendU64(dst, e.Round)
	dst = append(dst, e.ID[:]...)
	return e.Second.AppendScale(e.First.AppendScale(dst))
}

// DecodeScale reads an equivocation.
func (e *Equivocation) DecodeScale(d *scale.Decoder) {
	e.Round = d.U64()
	e.ID = d.Array32()
	e.First.DecodeScale(d)
	e.Second.DecodeScale(d)
}

// EquivocationProof is what the runtime is shown of an equivocation.
type EquivocationProof struct {
	SetID        uint64
	Phase        Kind // Prevote or Precommit
	Equivocation Equivocation
}

// AppendScale appends set id, phase and equivocation.
func (p EquivocationProof) AppendScale(dst []byte) []byte {
	return p.Equivocation.AppendScale(append(scale.AppendU64(dst, p.SetID), byte(p.Phase)))
}

// DecodeScale reads a proof.
func (p *EquivocationProof) DecodeScale(d *scale.Decoder) {
	p.SetID = d.U64()
	p.Phase = Kind(d.U8())
	if p.Phase > Precommit {
		d.FailVariant("equivocation", uint8(p.Phase))
	}
	p.Equivocation.DecodeScale(d)
}

// Verify reports whether both votes are signed, and for different blocks. Source: sp_consensus_grandpa, check_equivocation_proof.
func (p EquivocationProof) Verify() bool {
	e := &p.Equivocation
	return e.First.Target != e.Second.Target &&
		Verify(e.ID, e.First.Signature, Message{p.Phase, e.First.Target}, e.Round, p.SetID) &&
		Verify(e.ID, e.Second.Signature, Message{p.Phase, e.Second.Target}, e.Round, p.SetID)
}

// RoundState is what the votes of a round say.
type RoundState struct {
	// PrevoteGhost is the highest block with a supermajority of prevotes.
	PrevoteGhost *Target
	// Finalised is the highest block with a supermajority of prevotes and of precommits.
	Finalised *Target
	// Estimate is the highest block that may be, or become, final in this round.
	Estimate *Target
	// Completable: no block that is not an ancestor of the estimate can become final in this round any more.
	Completable bool
}

// genesisState is the state of a round before the first: base is final.
func genesisState(base Target) RoundState {
	return RoundState{PrevoteGhost: &base, Finalised: &base, Estimate: &base, Completable: true}
}

func (s RoundState) equal(o RoundState) bool {
	same := func(a, b *Target) bool { return a == b || a != nil && b != nil && *a == *b }
	return same(s.PrevoteGhost, o.PrevoteGhost) && same(s.Finalised, o.Finalised) && same(s.Estimate, o.Estimate) && s.Completable == o.Completable
}

// AppendScale appends the three options and the flag.
func (s RoundState) AppendScale(dst []byte) []byte {
	dst = scale.AppendOption(dst, s.PrevoteGhost, scale.Append[Target])
	dst = scale.AppendOption(dst, s.Finalised, scale.Append[Target])
	dst = scale.AppendOption(dst, s.Estimate, scale.Append[Target])
	return scale.AppendBool(dst, s.Completable)
}

// DecodeScale reads a state.
func (s *RoundState) DecodeScale(d *scale.Decoder) {
	s.PrevoteGhost = scale.DecodeOption(d, scale.Decode[Target])
	s.Finalised = scale.DecodeOption(d, scale.Decode[Target])
	s.Estimate = scale.DecodeOption(d, scale.Decode[Target])
	s.Completable = d.Bool()
}

// votes are those of one voter in one phase. Of an equivocator the first two are kept.
type votes struct {
	count         int
	node          int32 // of the first one, where its weight is counted
	first, second Ballot
}

// phase has the votes of all voters in one phase.
type phase struct {
	votes       []votes // by position in the set
	weight      uint64  // of all who voted
	equivocated uint64  // of those who did so twice
}

// Round counts the votes of a round. It is not safe for concurrent use.
type Round struct {
	number uint64
	voters *VoterSet
	graph  graph
	phases [2]phase
	// Seen are the votes that counted or showed an equivocation, in their order.
	seen []SignedMessage

	prevoteGhost, precommitGhost, finalised, estimate int32
	completable                                       bool
}

// NewRound returns a round without votes. All votes are for base or its descendants.
func NewRound(number uint64, voters *VoterSet, base Target) *Round {
	r := &Round{number: number, voters: voters, graph: newGraph(base), prevoteGhost: none, precommitGhost: none, finalised: none, estimate: none}
	for p := range r.phases {
		r.phases[p].votes = make([]votes, voters.Len())
	}
	return r
}

// Number returns the number of the round.
func (r *Round) Number() uint64 { return r.number }

// Base returns the base of the round.
func (r *Round) Base() Target { return r.graph.nodes[0].Target }

// Voters returns the set of voters.
func (r *Round) Voters() *VoterSet { return r.voters }

// Seen returns the votes that were counted, and those that showed an equivocation, in the order in which they came: at most two of a voter in each phase. The
// slice must not be changed.
func (r *Round) Seen() []SignedMessage { return r.seen }

// Weight returns the weight of those who voted in a phase.
func (r *Round) Weight(p Kind) uint64 { return r.phases[p].weight }

// Voted reports whether the voter at a position has voted in a phase.
func (r *Round) Voted(p Kind, position int) bool { return r.phases[p].votes[position].count > 0 }

// Imported says what a vote did.
type Imported struct {
	Voter        bool // its author is in the set
	Duplicate    bool // the same vote with the same signature was there
	Equivocation *Equivocation
}

// Import counts a prevote or precommit, the signature of which is good. A third vote of a voter, and one of a stranger, count for nothing. ErrNotDescendant,
// after which the round is as it was.
func (r *Round) Import(c Chain, m SignedMessage) (Imported, error) {
	if m.Message.Kind > Precommit {
		return Imported{}, fmt.Errorf("BUG: a %s is no vote", m.Message.Kind)
	}
	position, ok := r.voters.Position(m.ID)
	if !ok {
		return Imported{}, nil
	}
	out := Imported{Voter: true}
	weight := r.voters.At(position).Weight
	p := &r.phases[m.Message.Kind]
	v := &p.votes[position]
	ballot := Ballot{m.Message.Target, m.Signature}
	switch {
	case v.count >= 1 && v.first == ballot, v.count == 2 && v.second == ballot:
		out.Duplicate = true
		return out, nil
	case v.count == 0:
		at, err := r.graph.insert(c, m.Message.Target)
		if err != nil {
			return out, err
		}
		r.graph.vote(at, m.Message.Kind, weight)
		p.weight += weight
		v.first, v.node = ballot, at
	case v.count == 1:
		// The equivocator counts for every block from now on; the second vote need not be found in the graph.
		r.graph.equivocated(v.node, m.Message.Kind, weight)
		p.equivocated += weight
		v.second = ballot
		out.Equivocation = &Equivocation{r.number, m.ID, v.first, v.second}
	default:
		return out, nil
	}
	v.count++
	r.seen = append(r.seen, m)
	if m.Message.Kind == Prevote && p.weight >= r.voters.threshold {
		r.prevoteGhost = r.graph.ghost(max(r.prevoteGhost, 0), r.supermajority(Prevote))
	}
	r.update()
	return out, nil
}

// weight returns the weight of votes for a node in a phase, equivocators counted for every node.
func (r *Round) weight(n *node, p Kind) uint64 {
	return n.votes[p].weight - n.votes[p].equivocated + r.phases[p].equivocated
}

func (r *Round) supermajority(p Kind) func(*node) bool {
	return func(n *node) bool { return r.weight(n, p) >= r.voters.threshold }
}

// update computes what follows from the votes: what is final, what may become so, and whether more could.
func (r *Round) update() {
	precommits := &r.phases[Precommit]
	if r.prevoteGhost == none {
		return
	}
	if precommits.weight < r.voters.threshold {
		// Any block may still get its precommits: those who have not voted yet, and as many equivocators as are tolerated, are enough.
		r.estimate = r.prevoteGhost
		return
	}
	r.finalised = r.graph.ancestor(r.prevoteGhost, r.supermajority(Precommit))

	// Weight that can still come to a block: of those who have not voted, and of those who voted elsewhere and equivocate, as far as that is tolerated. From
	// here on it is enough to look at blocks of the graph, since no other could get a supermajority.
	absent := r.voters.total - precommits.weight
	var more uint64
	if tolerated := r.voters.total - r.voters.threshold; tolerated > precommits.equivocated {
		more = tolerated - precommits.equivocated
	}
	possible := func(n *node) bool {
		got := r.weight(n, Precommit)
		need := r.voters.threshold // compared step by step, as the sum may pass 64 bits
		if got >= need || absent >= need-got {
			return true
		}
		return min(precommits.weight-got, more) >= need-got-absent
	}
	r.estimate = r.graph.ancestor(r.prevoteGhost, possible)
	r.completable = r.estimate != none && (r.estimate != r.prevoteGhost || r.graph.ghost(r.estimate, possible) == r.estimate)
}

func (r *Round) target(at int32) *Target {
	if at == none {
		return nil
	}
	t := r.graph.nodes[at].Target
	return &t
}

// State returns what the votes say.
func (r *Round) State() RoundState {
	return RoundState{r.target(r.prevoteGhost), r.target(r.finalised), r.target(r.estimate), r.completable}
}

// PrecommitGhost returns the highest block with a supermajority of precommits, nil where there is none.
func (r *Round) PrecommitGhost() *Target {
	if r.phases[Precommit].weight >= r.voters.threshold {
		r.precommitGhost = r.graph.ghost(max(r.precommitGhost, 0), r.supermajority(Precommit))
	}
	return r.target(r.precommitGhost)
}

// Commit returns the finalised block with precommits that prove it, in the order of voters; nil where none is final, or nothing that others take for a proof
// can be made of the votes.
//
// A proof must have a lowest precommit that all others descend from (CheckCommit). So votes beside the chain of the finalised block are left out, those of
// equivocators among them, unless the weight of these is needed; and where nobody voted for just that block, a vote for one below it is added. Substrate's
// voter puts both votes of every equivocator in, and then refuses its own commit where one is beside.
func (r *Round) Commit(c Chain) *Commit {
	if r.finalised == none {
		return nil
	}
	for _, both := range []bool{false, true} {
		if out := r.commit(c, both); out != nil {
			return out
		}
	}
	return nil
}

// commit makes a commit of a vote of each voter, of both votes of equivocators where both is set; nil where it proves nothing.
func (r *Round) commit(c Chain, both bool) *Commit {
	out := &Commit{Target: r.graph.nodes[r.finalised].Target}
	exact := false
	var below *SignedVote
	for i := range r.phases[Precommit].votes {
		v := &r.phases[Precommit].votes[i]
		for _, b := range []Ballot{v.first, v.second}[:v.count] {
			vote := SignedVote{b.Target, b.Signature, r.voters.At(i).ID}
			switch {
			case Descends(c, out.Target, b.Target):
				exact = exact || b.Target == out.Target
			case both && v.count == 2:
			default:
				if below == nil && Descends(c, b.Target, out.Target) {
					below = &vote
				}
				continue
			}
			out.Precommits = append(out.Precommits, vote)
			if !both {
				break
			}
		}
	}
	if !exact && below != nil {
		out.Precommits = append(out.Precommits, *below)
	}
	if _, err := CheckCommit(out, r.voters, c); err != nil {
		return nil
	}
	return out
}
