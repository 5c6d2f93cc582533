package grandpa

import (
	"slices"

	"github.com/gotensor/gotensor/primitives/chain"
	"github.com/gotensor/gotensor/primitives/scale"
)

// keepRounds is how many completed rounds are kept with their votes.
const keepRounds = 2

// CompletedRound is a round after which another one was begun.
type CompletedRound struct {
	Number uint64
	State  RoundState
	Base   Target
	Votes  []SignedMessage // in their order, at most two of a voter in each phase
}

// AppendScale appends number, state, base and votes.
func (r CompletedRound) AppendScale(dst []byte) []byte {
	dst = r.State.AppendScale(scale.AppendU64(dst, r.Number))
	return scale.AppendSlice(r.Base.AppendScale(dst), r.Votes)
}

// DecodeScale reads a round.
func (r *CompletedRound) DecodeScale(d *scale.Decoder) {
	r.Number = d.U64()
	r.State.DecodeScale(d)
	r.Base.DecodeScale(d)
	r.Votes = scale.DecodeSlice[SignedMessage](d)
}

// OwnVotes are those that this node cast for one of its voters in a round, nil where it did not.
type OwnVotes struct {
	Round                            uint64
	ID                               AuthorityID
	Proposed, Prevoted, Precommitted *Target
}

// AppendScale appends round, id and votes.
func (v OwnVotes) AppendScale(dst []byte) []byte {
	dst = append(scale.AppendU64(dst, v.Round), v.ID[:]...)
	for _, t := range []*Target{v.Proposed, v.Prevoted, v.Precommitted} {
		dst = scale.AppendOption(dst, t, scale.Append[Target])
	}
	return dst
}

// DecodeScale reads what AppendScale wrote.
func (v *OwnVotes) DecodeScale(d *scale.Decoder) {
	v.Round = d.U64()
	v.ID = d.Array32()
	for _, t := range []**Target{&v.Proposed, &v.Prevoted, &v.Precommitted} {
		*t = scale.DecodeOption(d, scale.Decode[Target])
	}
}

// VoterState is what a voter must not forget: written before a vote leaves the node, it keeps the node from voting otherwise when it comes again.
type VoterState struct {
	SetID  uint64
	Paused bool
	// Completed are the last rounds of the set, the latest first; of a new set round 0, whose base is the block with which it begins.
	Completed []CompletedRound
	Own       []OwnVotes // in the round after the last completed one, and later ones
}

// NewVoterState returns the state in which a set begins at a block that is final.
func NewVoterState(setID uint64, base Target) VoterState {
	return VoterState{SetID: setID, Completed: []CompletedRound{{State: genesisState(base), Base: base}}}
}

// AppendScale appends the state.
func (s VoterState) AppendScale(dst []byte) []byte {
	dst = scale.AppendBool(dst, s.Paused)
	dst = scale.AppendU64(dst, s.SetID)
	dst = scale.AppendSlice(dst, s.Completed)
	return scale.AppendSlice(dst, s.Own)
}

// DecodeScale reads a state.
func (s *VoterState) DecodeScale(d *scale.Decoder) {
	s.Paused = d.Bool()
	s.SetID = d.U64()
	at := d.Offset()
	s.Completed = scale.DecodeSlice[CompletedRound](d)
	s.Own = scale.DecodeSlice[OwnVotes](d)
	if d.Err() == nil && len(s.Completed) == 0 {
		d.Fail(at, "voter state", scale.ErrInvalid, "no completed round")
	}
}

// last returns the latest completed round.
func (s *VoterState) last() *CompletedRound { return &s.Completed[0] }

// Oldest returns the number of the lowest block that a round which matters may have votes for: those of others who are further have no lower base.
func (s *VoterState) Oldest() chain.BlockNumber { return s.Completed[len(s.Completed)-1].Base.Number }

// complete adds a round, or what became of it since, and forgets own votes up to it.
func (s *VoterState) complete(r CompletedRound) {
	i := slices.IndexFunc(s.Completed, func(o CompletedRound) bool { return o.Number <= r.Number })
	switch {
	case i >= 0 && s.Completed[i].Number == r.Number:
		s.Completed[i] = r
	case i >= 0:
		s.Completed = slices.Insert(s.Completed, i, r)
	default:
		s.Completed = append(s.Completed, r)
	}
	s.Completed = s.Completed[:min(len(s.Completed), keepRounds)]
	s.Own = slices.DeleteFunc(s.Own, func(v OwnVotes) bool { return v.Round <= s.last().Number })
}

// own returns the votes of id in a round, nil where there are none.
func (s *VoterState) own(round uint64, id AuthorityID) *OwnVotes {
	for i := range s.Own {
		if v := &s.Own[i]; v.Round == round && v.ID == id {
			return v
		}
	}
	return nil
}

// clone returns a copy whose lists are its own. Targets are never changed where they are.
func (s *VoterState) clone() VoterState {
	out := *s
	out.Completed = slices.Clone(s.Completed)
	out.Own = slices.Clone(s.Own)
	return out
}
