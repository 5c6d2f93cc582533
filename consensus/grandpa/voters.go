package grandpa

import (
	"bytes"
	"errors"
	"fmt"
	"math/bits"
	"slices"

	"github.com/gotensor/gotensor/primitives/scale"
)

// Authority is an entry of an authority set, as the runtime and digests state it.
type Authority struct {
	ID     AuthorityID
	Weight uint64
}

// AppendScale appends id and weight.
func (a Authority) AppendScale(dst []byte) []byte {
	return scale.AppendU64(append(dst, a.ID[:]...), a.Weight)
}

// DecodeScale reads an authority.
func (a *Authority) DecodeScale(d *scale.Decoder) {
	a.ID = d.Array32()
	a.Weight = d.U64()
}

// ErrVoters: a list of authorities makes no set of voters.
var ErrVoters = errors.New("no set of voters")

// VoterSet is a set of voters with weights, in the order of their keys.
type VoterSet struct {
	voters    []Authority
	total     uint64
	threshold uint64
}

// NewVoterSet makes the set of a list. Weights of a key that stands there more than once are added, those of 0 are left out. ErrVoters where nothing is left,
// or the weights do not fit 64 bits. Source: finality-grandpa, voter_set.rs.
func NewVoterSet(authorities []Authority) (*VoterSet, error) {
	s := &VoterSet{voters: make([]Authority, 0, len(authorities))}
	for _, a := range authorities {
		if a.Weight == 0 {
			continue
		}
		var carry uint64
		if s.total, carry = bits.Add64(s.total, a.Weight, 0); carry != 0 {
			return nil, fmt.Errorf("%w: weights of %d authorities do not fit 64 bits", ErrVoters, len(authorities))
		}
		s.voters = append(s.voters, a)
	}
	if len(s.voters) == 0 {
		return nil, fmt.Errorf("%w: none of %d authorities has a weight", ErrVoters, len(authorities))
	}
	slices.SortFunc(s.voters, func(a, b Authority) int { return bytes.Compare(a.ID[:], b.ID[:]) })
	merged := s.voters[:1]
	for _, a := range s.voters[1:] {
		if last := &merged[len(merged)-1]; last.ID == a.ID {
			last.Weight += a.Weight
		} else {
			merged = append(merged, a)
		}
	}
	s.voters = merged
	s.threshold = s.total - (s.total-1)/3
	return s, nil
}

// Len returns the number of voters.
func (s *VoterSet) Len() int { return len(s.voters) }

// Total returns the weight of all voters.
func (s *VoterSet) Total() uint64 { return s.total }

// Threshold returns the weight that makes a supermajority: more than two thirds.
func (s *VoterSet) Threshold() uint64 { return s.threshold }

// Position returns the position of a voter in the order of keys.
func (s *VoterSet) Position(id AuthorityID) (int, bool) {
	return slices.BinarySearchFunc(s.voters, id, func(a Authority, id AuthorityID) int { return bytes.Compare(a.ID[:], id[:]) })
}

// At returns the voter at a position, which must be below Len.
func (s *VoterSet) At(position int) Authority { return s.voters[position] }

// Primary returns the voter whose proposal is heard in a round.
func (s *VoterSet) Primary(round uint64) AuthorityID { return s.voters[round%uint64(len(s.voters))].ID }
