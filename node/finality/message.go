package finality

import (
	"errors"
	"fmt"

	"github.com/gotensor/gotensor/consensus/grandpa"
)

// maxMessages is how many messages of others wait for the voter at most.
const maxMessages = 1024

// Errors of Receive.
var (
	// ErrOtherSet: the message is of another set of authorities than the current one.
	ErrOtherSet = errors.New("message is of another authority set")
	// ErrBusy: too many messages wait for the voter.
	ErrBusy = errors.New("too many messages wait")
)

// Message is what voters of a set tell each other: one of a vote, a commit and a catch-up.
type Message struct {
	SetID   uint64
	Round   uint64 // of a vote or commit
	Vote    *grandpa.SignedMessage
	Commit  *grandpa.Commit
	CatchUp *grandpa.CatchUp
}

// Receive verifies a message of another node and has the voter take it; it does not wait for that. Blocks it speaks of may come later. Errors: ErrOff;
// ErrOtherSet; ErrBusy; grandpa.ErrVoters, grandpa.ErrSignature, and others of grandpa.CheckGossipedCommit, where the message is bad.
func (f *Finality) Receive(m Message) error {
	if f.off {
		return ErrOff
	}
	set := f.current()
	if m.SetID != set.SetID {
		return fmt.Errorf("%w: expected %d, got %d", ErrOtherSet, set.SetID, m.SetID)
	}
	voters := set.Voters()
	var err error
	switch {
	case m.Vote != nil:
		if _, ok := voters.Position(m.Vote.ID); !ok {
			return fmt.Errorf("%w: %s is no voter", grandpa.ErrVoters, m.Vote.ID)
		}
		if !m.Vote.Verify(m.Round, m.SetID) {
			return fmt.Errorf("%w: of %s in round %d of set %d", grandpa.ErrSignature, m.Vote.ID, m.Round, m.SetID)
		}
	case m.Commit != nil:
		compact := m.Commit.Compact()
		err = grandpa.CheckGossipedCommit(&compact, voters, m.Round, m.SetID)
	case m.CatchUp != nil:
		err = grandpa.CheckGossipedCatchUp(m.CatchUp, voters, m.SetID)
	}
	if err != nil {
		return err
	}
	select {
	case f.inbox <- m:
		return nil
	default:
		return fmt.Errorf("%w: %d", ErrBusy, maxMessages)
	}
}

// take hands a message, which Receive verified, to the voter.
func (f *Finality) take(voter *grandpa.Voter, m Message) {
	if m.SetID != voter.SetID() {
		return // the set has changed since
	}
	var err error
	switch {
	case m.Vote != nil:
		err = voter.Vote(m.Round, *m.Vote)
	case m.Commit != nil:
		err = voter.Commit(m.Round, *m.Commit)
	case m.CatchUp != nil:
		err = voter.CatchUp(*m.CatchUp, f.now())
	}
	if err != nil && !grandpa.IsUseless(err) {
		f.log.Debug(fmt.Sprintf("GRANDPA message of set %d not taken: %v", m.SetID, err))
	}
}
