package grandpa

import (
	"errors"
	"fmt"
	"math/bits"

	"github.com/gotensor/gotensor/primitives/keys"
)

// ErrWeight: a gossiped commit or catch-up has more votes than equivocations that are tolerated explain, or a justification more than all voters could give.
var ErrWeight = errors.New("too many votes")

// checkVotes checks votes that were gossiped together: all of voters, with at least a supermajority, with no more than each tolerated equivocator's second vote
// on top of all, and signed. Source: sc-consensus-grandpa, communication/mod.rs, check_compact_commit and check_catch_up.
func checkVotes(votes []SignedVote, kind Kind, voters *VoterSet, round, setID uint64) error {
	most, carry := bits.Add64(voters.total, voters.total-voters.threshold, 0)
	if carry != 0 {
		most = ^uint64(0)
	}
	var weight uint64
	for i := range votes {
		position, ok := voters.Position(votes[i].ID)
		if !ok {
			return fmt.Errorf("%w: %s is no voter", ErrVoters, votes[i].ID)
		}
		if weight, carry = bits.Add64(weight, voters.At(position).Weight, 0); carry != 0 || weight > most {
			return fmt.Errorf("%w: %ss weigh more than %d", ErrWeight, kind, most)
		}
	}
	if weight < voters.threshold {
		return fmt.Errorf("%w: %ss weigh %d, threshold %d", ErrMinority, kind, weight, voters.threshold)
	}
	batch := keys.NewBatch(len(votes))
	var buffer [payloadSize]byte
	for i := range votes {
		v := &votes[i]
		batch.Add(keys.Ed25519, v.Signature[:], Payload(buffer[:0], Message{kind, v.Target}, round, setID), v.ID[:])
	}
	if !batch.Verify() {
		return fmt.Errorf("%w: of a %s in round %d of set %d", ErrSignature, kind, round, setID)
	}
	return nil
}

// CheckGossipedCommit checks what can be checked of a commit without the chain, signatures above all. Errors: ErrVoters, ErrMinority, ErrWeight, ErrSignature.
func CheckGossipedCommit(c *CompactCommit, voters *VoterSet, round, setID uint64) error {
	return checkVotes(c.Commit().Precommits, Precommit, voters, round, setID)
}

// CheckGossipedCatchUp checks what can be checked of a catch-up without the chain. Errors: those of CheckGossipedCommit.
func CheckGossipedCatchUp(c *CatchUp, voters *VoterSet, setID uint64) error {
	if err := checkVotes(c.Prevotes, Prevote, voters, c.Round, setID); err != nil {
		return err
	}
	return checkVotes(c.Precommits, Precommit, voters, c.Round, setID)
}
