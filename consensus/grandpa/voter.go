package grandpa

import (
	"errors"
	"fmt"
	"slices"
)

// Time is a moment, or a distance between two, in nanoseconds. Moments count from any point that stays the same while a Voter lives; the voter has no clock.
type Time int64

// never is a moment that does not come.
const never = Time(1<<63 - 1)

// Blocks is what a voter asks of the chain.
type Blocks interface {
	Chain
	// BestContaining returns the block to prevote for: on the best chain that contains base, as far as rules and pending changes of the set let one go; base
	// itself where it is not on the best chain. ErrNotDescendant where base is unknown; Advance returns all other errors, and then the voter is of no more use.
	BestContaining(base Target) (Target, error)
}

// VoterConfig says who votes, and how fast.
type VoterConfig struct {
	SetID  uint64
	Voters *VoterSet
	// Local are the voters for whom the node votes; those that are not in the set are passed over. Where there are none, it looks on.
	Local []AuthorityID
	// Sign signs for a local voter.
	Sign func(id AuthorityID, payload []byte) (Signature, error)
	// Gossip is how long a message takes to all, at least a millisecond. Prevotes are cast two of it after the round began, precommits four, or sooner where
	// the round can be completed.
	//
	// Where all weight of the set is local there is nobody to wait for: each phase begins when the last one ends, and a round when there is a block to vote for
	// that is not final.
	Gossip Time
	// Jitter returns a time below bound, by which nodes do not all commit at once; nil stands for half of it.
	Jitter func(bound Time) Time
}

// Outgoing is a message for all other voters.
type Outgoing struct {
	Round  uint64
	Vote   *SignedMessage // or
	Commit *Commit
}

// Finalisation is a block that is final.
type Finalisation struct {
	Target Target
	Round  uint64
	Commit Commit
}

// Evidence is an equivocation and the phase of it.
type Evidence struct {
	Phase        Kind
	Equivocation Equivocation
}

// Output is what is to be done, in the order of the fields.
type Output struct {
	// State, unless nil, must be on the disk before anything else is done. It may be written together with the finality.
	State *VoterState
	// Finalise, unless nil, is to be made final. Where that changes the set of authorities this voter has done its work.
	Finalise *Finalisation
	Send     []Outgoing
	Evidence []Evidence
	// Prevotes and Precommits are how many votes were cast, and Completed which rounds ended.
	Prevotes, Precommits int
	Completed            []CompletedRound
	// Wake is when to call Advance again at the latest, if nothing happens before; never where only an event matters. See Waits.
	Wake Time
	// Again: there is more to do, Advance is to be called again now.
	Again bool
}

// Waits reports whether Advance wants to be called at Wake.
func (o *Output) Waits() bool { return o.Wake != never }

// notice is a block that became final, by votes of a round that the voter plays, or by a commit alone.
type notice struct {
	Finalisation
	played bool
}

// step is how far the node came in a round.
type step uint8

const (
	started step = iota
	proposed
	prevoted
	precommitted
	finished // without voting: the round was completed by the votes of others
)

// votingRound is a round with the node's part in it.
type votingRound struct {
	*Round
	// last is the state of the round before, shared with it, nil where the voter came to this round by a catch-up and knows none.
	last *RoundState
	// state is shared with the round after.
	state *RoundState
	step  step
	// silent: the node does not vote in this round.
	silent                 bool
	prevoteAt, precommitAt Time
	primary                *Target // what the primary voter proposed
	commit                 *Commit // of the finality that was last announced
	// While in the background: the time at which to commit, never after that, and the highest block that others committed.
	commitAt  Time
	committed *Target
}

// Voter takes part in the rounds of one set, or looks on. It is a state machine: it has neither goroutines nor a clock, its owner feeds it messages, tells it
// of new blocks and of the time, and does what Advance says. It is not safe for concurrent use.
type Voter struct {
	config VoterConfig
	blocks Blocks
	local  []AuthorityID
	eager  bool

	state VoterState
	dirty bool
	best  *votingRound
	past  []*votingRound // by number, the lowest first
	// finalised is the highest block that is known to be final, inRounds the highest one that rounds made so, which is the base of the next round.
	finalised, inRounds Target
	notices             []notice
	waiting             waiting
	out                 Output
}

// NewVoter returns a voter that goes on from state. finalised is the last block that is final.
func NewVoter(config VoterConfig, blocks Blocks, state VoterState, finalised Target, now Time) *Voter {
	config.Gossip = max(config.Gossip, 1e6)
	if config.Jitter == nil {
		config.Jitter = func(bound Time) Time { return bound / 2 }
	}
	v := &Voter{config: config, blocks: blocks, state: state.clone(), finalised: finalised, inRounds: finalised}
	var weight uint64
	for _, id := range config.Local {
		if i, ok := config.Voters.Position(id); ok && !slices.Contains(v.local, id) {
			v.local = append(v.local, id)
			weight += config.Voters.At(i).Weight
		}
	}
	v.eager = weight == config.Voters.Total()
	if v.eager {
		v.skip()
	}
	last := v.state.last()
	// Where too many votes of the last round are for blocks of forks that are gone, what it came to is still known. Substrate's voter then takes the base for
	// the estimate.
	before := last.State
	if !before.Completable || before.Estimate == nil || v.lost(*before.Estimate) {
		before = genesisState(last.Base)
	}
	shared := &before
	if last.Number > 0 {
		if r := v.restore(last); r != nil {
			r.commitAt = v.commitTime(now)
			v.past = append(v.past, r)
			shared = r.state
		}
	}
	v.best = v.begin(last.Number+1, finalised, shared, now)
	return v
}

// lost reports whether an estimate lost to what is final, so that nothing above that one can be so by the round; or is gone, where nobody else votes.
func (v *Voter) lost(estimate Target) bool {
	if !v.known(estimate) {
		return v.eager || estimate.Number <= v.finalised.Number
	}
	return !Descends(v.blocks, v.finalised, estimate) && !Descends(v.blocks, estimate, v.finalised)
}

// skip goes on to the round after the one in which the node has votes that cannot be counted any more, because what is final has passed them, or a revert took
// the blocks. Where others vote as well they complete the round; where all votes are the node's, nobody else could.
func (v *Voter) skip() {
	stuck := uint64(0)
	for _, own := range v.state.Own {
		for _, t := range []*Target{own.Prevoted, own.Precommitted} {
			if t != nil && !Descends(v.blocks, v.finalised, *t) {
				stuck = max(stuck, own.Round)
			}
		}
	}
	if stuck > 0 {
		v.state.complete(CompletedRound{Number: stuck, State: genesisState(v.finalised), Base: v.finalised})
		v.dirty = true
	}
}

// restore makes a completed round again, for the background; nil where its votes do not complete it. Votes for blocks that are gone are passed over: what lacks
// may only leave more blocks possible, and the round incomplete.
func (v *Voter) restore(c *CompletedRound) *votingRound {
	r := &votingRound{Round: NewRound(c.Number, v.config.Voters, c.Base), state: new(RoundState), step: finished, silent: true}
	for _, m := range c.Votes {
		if _, err := r.Import(v.blocks, m); err != nil && !errors.Is(err, ErrNotDescendant) {
			return nil
		}
	}
	*r.state = r.State()
	if !r.state.Completable {
		return nil
	}
	return r
}

// begin makes a round.
func (v *Voter) begin(number uint64, base Target, last *RoundState, now Time) *votingRound {
	return &votingRound{
		Round:       NewRound(number, v.config.Voters, base),
		last:        last,
		state:       new(RoundState),
		silent:      len(v.local) == 0,
		prevoteAt:   now + 2*v.config.Gossip,
		precommitAt: now + 4*v.config.Gossip,
		commitAt:    never,
	}
}

func (v *Voter) commitTime(now Time) Time {
	if v.eager {
		return now
	}
	return now + v.config.Jitter(2*v.config.Gossip)
}

// SetID returns the id of the set.
func (v *Voter) SetID() uint64 { return v.config.SetID }

// Round returns the number of the best round.
func (v *Voter) Round() uint64 { return v.best.Number() }

// Finalised tells the voter of a block that became final otherwise, as by a justification.
func (v *Voter) Finalised(t Target) {
	if t.Number > v.finalised.Number {
		v.finalised = t
	}
}

// errUseless tells that a message was not wanted, though nothing is wrong with it.
var errUseless = errors.New("message is of no use")

// IsUseless reports whether an error of Vote, Commit or CatchUp says that the message came too late, twice or too early, and not that something is wrong with
// it.
func IsUseless(err error) bool { return errors.Is(err, errUseless) }

// Vote takes a vote or proposal of another voter, the signature of which is good for the round and the set. One for a block that is not there yet waits for it.
// The error says why it was not taken: ErrNotDescendant, or see IsUseless.
func (v *Voter) Vote(round uint64, m SignedMessage) error {
	if _, ok := v.config.Voters.Position(m.ID); !ok {
		return fmt.Errorf("%w: %s is no voter", ErrVoters, m.ID)
	}
	r := v.round(round)
	if r == nil && round != v.best.Number()+1 {
		return fmt.Errorf("%w: round %d, the voter is in %d", errUseless, round, v.best.Number())
	}
	if r == nil || !v.known(m.Message.Target) {
		return v.waiting.vote(v, round, m)
	}
	return v.importVote(r, m)
}

// round returns a round that goes on, nil where it is not known.
func (v *Voter) round(number uint64) *votingRound {
	if number == v.best.Number() {
		return v.best
	}
	for _, r := range v.past {
		if r.Number() == number {
			return r
		}
	}
	return nil
}

// known reports whether a block is there.
func (v *Voter) known(t Target) bool {
	h, err := v.blocks.Ancestor(t.Hash, t.Number)
	return err == nil && h == t.Hash
}

func (v *Voter) importVote(r *votingRound, m SignedMessage) error {
	if !Descends(v.blocks, r.Base(), m.Message.Target) {
		return fmt.Errorf("%w: %s %s, base %s", ErrNotDescendant, m.Message.Kind, m.Message.Target, r.Base())
	}
	if m.Message.Kind == Propose {
		if m.ID == v.config.Voters.Primary(r.Number()) {
			t := m.Message.Target
			r.primary = &t
		}
		return nil
	}
	imported, err := r.Import(v.blocks, m)
	if err != nil {
		return err
	}
	if imported.Duplicate {
		return fmt.Errorf("%w: vote was there already", errUseless)
	}
	if imported.Equivocation != nil {
		v.out.Evidence = append(v.out.Evidence, Evidence{m.Message.Kind, *imported.Equivocation})
	}
	return nil
}

// Commit takes a commit of another voter, the signatures of which are good for the round and the set (CheckGossipedCommit). One with precommits for blocks that
// are not there yet waits for them. The error says why it was not taken: those of CheckCommit, or see IsUseless.
func (v *Voter) Commit(round uint64, c Commit) error {
	for i := range c.Precommits {
		if !v.known(c.Precommits[i].Target) {
			return v.waiting.commit(round, c)
		}
	}
	if !v.known(c.Target) {
		return v.waiting.commit(round, c)
	}
	if _, err := CheckCommit(&c, v.config.Voters, v.blocks); err != nil {
		return err
	}
	useful := c.Target.Number > v.finalised.Number
	if r := v.round(round); r != nil && r != v.best && r.commitAt != never {
		// The round still wants to commit: what it hears may make that needless, and completes what it knows.
		for i := range c.Precommits {
			err := v.importVote(r, c.Precommits[i].message(Precommit))
			useful = useful || err == nil
		}
		if r.committed == nil || r.committed.Number < c.Target.Number {
			t := c.Target
			r.committed, useful = &t, true
		}
	}
	if !useful {
		return fmt.Errorf("%w: %s, block %d is final", errUseless, c.Target, v.finalised.Number)
	}
	v.notices = append(v.notices, notice{Finalisation{c.Target, round, c}, false})
	return nil
}

// NewBlocks tells the voter that there are blocks which were not there before: messages that wait for them are taken.
func (v *Voter) NewBlocks() {
	votes, commits := v.waiting.take()
	for _, w := range votes {
		_ = v.Vote(w.round, w.message) // who sent it was told already that it waits
	}
	for _, w := range commits {
		_ = v.Commit(w.round, w.commit)
	}
}

// Advance does all that can be done now.
func (v *Voter) Advance(now Time) (Output, error) {
	for {
		v.background(now)
		if v.announce() {
			break
		}
		done, err := v.play(v.best, now)
		if err != nil {
			return Output{}, err
		}
		if !done || v.best.step != precommitted {
			break
		}
		v.complete(now)
	}
	out := v.out
	v.out = Output{}
	out.Again = out.Finalise != nil
	out.Wake = v.wake(now)
	if v.dirty {
		state := v.state.clone()
		out.State, v.dirty = &state, false
	}
	return out, nil
}

// wake returns the next moment at which a timer of the voter runs out.
func (v *Voter) wake(now Time) Time {
	wake := never
	for _, r := range v.past {
		wake = min(wake, r.commitAt)
	}
	if v.eager || v.best.last == nil {
		return wake
	}
	switch v.best.step {
	case started, proposed:
		wake = min(wake, v.best.prevoteAt)
	case prevoted:
		if v.best.precommitAt > now { // past it a vote is waited for, not the time
			wake = min(wake, v.best.precommitAt)
		}
	}
	return wake
}

// background plays the rounds of the past: they commit, and are dropped when nothing can come of them any more.
func (v *Voter) background(now Time) {
	v.past = slices.DeleteFunc(v.past, func(r *votingRound) bool {
		v.notify(r)
		if now >= r.commitAt {
			r.commitAt = never
			if f := r.state.Finalised; f != nil && r.commit != nil && (r.committed == nil || r.committed.Number < f.Number) && len(v.local) > 0 {
				v.out.Send = append(v.out.Send, Outgoing{Round: r.Number(), Commit: r.commit})
			}
		}
		// A round without an estimate is one that was skipped by a catch-up.
		if r.commitAt != never || r.state.Estimate != nil && r.state.Estimate.Number > v.finalised.Number {
			return false
		}
		for i := range v.state.Completed {
			c := &v.state.Completed[i]
			if c.Number == r.Number() && (len(c.Votes) != len(r.Seen()) || !c.State.equal(*r.state)) {
				c.Votes, c.State = slices.Clone(r.Seen()), *r.state
				v.dirty = true
			}
		}
		return true
	})
}

// announce hands out one of the blocks that became final. It reports whether there was one.
func (v *Voter) announce() bool {
	for len(v.notices) > 0 {
		n := v.notices[0]
		v.notices = v.notices[1:]
		if n.played && n.Target.Number > v.inRounds.Number {
			v.inRounds = n.Target
		}
		if n.Target.Number > v.finalised.Number {
			v.finalised = n.Target
			v.out.Finalise = &n.Finalisation
			return true
		}
	}
	return false
}

// play does what is to be done in a round, and reports whether the next one may begin.
func (v *Voter) play(r *votingRound, now Time) (done bool, err error) {
	if r.last != nil {
		v.propose(r)
		if err := v.prevote(r, now); err != nil {
			return false, err
		}
		if err := v.precommit(r, now); err != nil {
			return false, err
		}
	}
	v.notify(r)
	if !r.state.Completable {
		return false, nil
	}
	if r.last == nil {
		return true, nil
	}
	// What the last round may have made final must be final before the next one begins.
	if r.last.Estimate == nil || r.last.Finalised == nil {
		return false, nil
	}
	estimate := r.last.Estimate.Number
	return estimate <= r.last.Finalised.Number || r.state.Finalised != nil && estimate <= r.state.Finalised.Number, nil
}

// notify looks at what the votes of a round say now. A block is announced as final when the round can be completed and the node has voted in it, so that a
// voter that comes again never makes the round anew on a base that was final by its votes.
func (v *Voter) notify(r *votingRound) {
	*r.state = r.State()
	f := r.state.Finalised
	if !r.state.Completable || f == nil || r.step != precommitted && r.last != nil {
		return
	}
	if r.commit != nil && r.commit.Target == *f {
		return
	}
	commit := r.Commit(v.blocks)
	if commit == nil {
		return // it is final here, and cannot be shown to others: the next round will
	}
	r.commit = commit
	v.notices = append(v.notices, notice{Finalisation{*f, r.Number(), *commit}, true})
}

// propose sends, as the primary voter, what may have been final in the last round, where that is not certain.
func (v *Voter) propose(r *votingRound) {
	primary := v.config.Voters.Primary(r.Number())
	if r.step != started || r.last.Estimate == nil || !slices.Contains(v.local, primary) {
		return
	}
	if f := r.last.Finalised; f != nil && r.last.Estimate.Number <= f.Number {
		return
	}
	own := v.own(r.Number(), primary)
	if own.Proposed == nil {
		own.Proposed, v.dirty = r.last.Estimate, true
	}
	if v.cast(r, primary, Message{Propose, *own.Proposed}) == nil {
		r.step = proposed
	}
}

// own returns the votes of a local voter in a round.
func (v *Voter) own(round uint64, id AuthorityID) *OwnVotes {
	if own := v.state.own(round, id); own != nil {
		return own
	}
	v.state.Own = append(v.state.Own, OwnVotes{Round: round, ID: id})
	return &v.state.Own[len(v.state.Own)-1]
}

// cast signs a message, counts it, and hands it out.
func (v *Voter) cast(r *votingRound, id AuthorityID, m Message) error {
	signature, err := v.config.Sign(id, Payload(nil, m, r.Number(), v.config.SetID))
	if err != nil {
		return fmt.Errorf("sign %s of round %d for %s: %w", m.Kind, r.Number(), id, err)
	}
	signed := SignedMessage{m, signature, id}
	v.out.Send = append(v.out.Send, Outgoing{Round: r.Number(), Vote: &signed})
	// An old vote of the node that is below the base by now counts for nothing here.
	if err := v.importVote(r, signed); err != nil && !IsUseless(err) && !errors.Is(err, ErrNotDescendant) {
		return err
	}
	return nil
}

// prevote casts prevotes when it is time.
func (v *Voter) prevote(r *votingRound, now Time) error {
	if r.step > proposed {
		return nil
	}
	if !v.eager && now < r.prevoteAt && !r.State().Completable {
		return nil
	}
	if r.silent {
		r.step = prevoted
		return nil
	}
	base := v.voteBase(r)
	target, err := v.blocks.BestContaining(base)
	switch {
	case err == nil:
	case !errors.Is(err, ErrNotDescendant):
		return fmt.Errorf("best block above %s: %w", base, err)
	case v.eager:
		return nil // nobody else completes the round
	default:
		// What was there has disappeared: who cannot prevote does not precommit either.
		r.step, r.silent = finished, true
		return nil
	}
	if v.eager && target.Number <= v.finalised.Number && !v.hasPrevoted(r) {
		return nil
	}
	for _, id := range v.local {
		own := v.own(r.Number(), id)
		if own.Prevoted == nil {
			own.Prevoted, v.dirty = &target, true
			v.out.Prevotes++
		}
		if err := v.cast(r, id, Message{Prevote, *own.Prevoted}); err != nil {
			return err
		}
	}
	r.step = prevoted
	return nil
}

// hasPrevoted reports whether a local voter did so in an earlier life.
func (v *Voter) hasPrevoted(r *votingRound) bool {
	return slices.ContainsFunc(v.state.Own, func(o OwnVotes) bool { return o.Round == r.Number() && o.Prevoted != nil })
}

// voteBase returns the block whose best descendant is to be prevoted for: what may have been final in the last round, or what the primary voter proposed, where
// that is above it and below what was prevoted for in the last round.
func (v *Voter) voteBase(r *votingRound) Target {
	estimate, ghost := *r.last.Estimate, r.last.PrevoteGhost
	switch p := r.primary; {
	case p == nil || ghost == nil:
	case *p == *ghost, below(v.blocks, *p, *ghost) && below(v.blocks, estimate, *p):
		return *p
	}
	return estimate
}

// precommit casts precommits when it is time.
func (v *Voter) precommit(r *votingRound, now Time) error {
	if r.step != prevoted {
		return nil
	}
	state := r.State()
	if state.PrevoteGhost == nil || !Descends(v.blocks, *r.last.Estimate, *state.PrevoteGhost) {
		return nil
	}
	if !v.eager && now < r.precommitAt && !state.Completable {
		return nil
	}
	if r.silent {
		r.step = precommitted
		return nil
	}
	for _, id := range v.local {
		own := v.own(r.Number(), id)
		if own.Precommitted == nil {
			own.Precommitted, v.dirty = state.PrevoteGhost, true
			v.out.Precommits++
		}
		if err := v.cast(r, id, Message{Precommit, *own.Precommitted}); err != nil {
			return err
		}
	}
	r.step = precommitted
	return nil
}

// complete ends the best round and begins the next one.
func (v *Voter) complete(now Time) {
	r := v.best
	v.completed(r)
	// What this round made final is announced after the next one has begun: the base of a round is what was final before the last one.
	v.best = v.begin(r.Number()+1, v.inRounds, r.state, now)
	v.retire(r, now)
	v.NewBlocks()
}

func (v *Voter) completed(r *votingRound) {
	c := CompletedRound{r.Number(), *r.state, r.Base(), slices.Clone(r.Seen())}
	v.state.complete(c)
	v.dirty = true
	v.out.Completed = append(v.out.Completed, c)
}

// retire puts a round into the background.
func (v *Voter) retire(r *votingRound, now Time) {
	r.commitAt = v.commitTime(now)
	v.past = append(v.past, r)
}

// CatchUp takes the votes that complete a later round than the best one, the signatures of which are good (CheckGossipedCatchUp), and goes on after it. Votes
// for blocks that are not known are passed over, as if the sender had not heard them, where the others are enough; Substrate refuses the whole. The error says why it was not taken: ErrVoters, ErrMinority, ErrNotDescendant, or see IsUseless.
func (v *Voter) CatchUp(c CatchUp, now Time) error {
	if c.Round <= v.best.Number() || c.Round == ^uint64(0) {
		return fmt.Errorf("%w: catch-up to round %d, the voter is in %d", errUseless, c.Round, v.best.Number())
	}
	r := &votingRound{Round: NewRound(c.Round, v.config.Voters, c.Base), state: new(RoundState), step: finished, silent: true}
	var passed error
	for phase, votes := range [][]SignedVote{c.Prevotes, c.Precommits} {
		for i := range votes {
			imported, err := r.Import(v.blocks, votes[i].message(Kind(phase)))
			if errors.Is(err, ErrNotDescendant) {
				passed = err
				continue
			}
			if err != nil {
				return fmt.Errorf("catch-up to round %d: %w", c.Round, err)
			}
			if !imported.Voter {
				return fmt.Errorf("catch-up to round %d: %w: %s is no voter", c.Round, ErrVoters, votes[i].ID)
			}
		}
	}
	*r.state = r.State()
	if threshold := v.config.Voters.Threshold(); r.Weight(Prevote) < threshold || r.Weight(Precommit) < threshold || !r.state.Completable {
		if passed != nil {
			return fmt.Errorf("catch-up to round %d: %w", c.Round, passed)
		}
		return fmt.Errorf("catch-up to round %d: %w: the votes do not complete it", c.Round, ErrMinority)
	}
	old := v.best
	v.best = v.begin(c.Round+1, v.inRounds, r.state, now)
	if f := r.state.Finalised; f != nil && f.Number > v.inRounds.Number {
		v.inRounds = *f
	}
	v.completed(r)
	v.retire(old, now)
	v.retire(r, now)
	v.NewBlocks()
	return nil
}

// LastCompleted returns the votes of the last completed round, as a catch-up for others; ok is false where the set has none yet.
func (v *Voter) LastCompleted() (c CatchUp, ok bool) {
	last := v.state.last()
	c = CatchUp{Round: last.Number, Base: last.Base}
	for _, m := range last.Votes {
		vote := SignedVote{m.Message.Target, m.Signature, m.ID}
		if m.Message.Kind == Prevote {
			c.Prevotes = append(c.Prevotes, vote)
		} else {
			c.Precommits = append(c.Precommits, vote)
		}
	}
	return c, last.Number > 0
}

// waiting are messages that cannot be taken yet, of a later round or for blocks that are not there. Their number is bounded; what is too much is lost, as
// messages are.
type waiting struct {
	votes   []waitingVote
	of      map[author][]SignedMessage // the votes again
	commits []waitingCommit
}

// author is a voter in a round.
type author struct {
	round uint64
	id    AuthorityID
}

type waitingVote struct {
	round   uint64
	message SignedMessage
}

type waitingCommit struct {
	round  uint64
	commit Commit
}

// maxCommits is how many commits wait at most. The latest ones are kept.
const maxCommits = 8

func (w *waiting) vote(v *Voter, round uint64, m SignedMessage) error {
	by := author{round, m.ID}
	if slices.Contains(w.of[by], m) {
		return fmt.Errorf("%w: vote waits already", errUseless)
	}
	// In each of two or three rounds a voter has two phases and a proposal, and may equivocate.
	if len(w.of[by]) >= 6 || len(w.votes) >= 16*v.config.Voters.Len() {
		return fmt.Errorf("%w: too many votes of %s wait", errUseless, m.ID)
	}
	if w.of == nil {
		w.of = make(map[author][]SignedMessage)
	}
	w.of[by] = append(w.of[by], m)
	w.votes = append(w.votes, waitingVote{round, m})
	return nil
}

func (w *waiting) commit(round uint64, c Commit) error {
	if len(w.commits) >= maxCommits {
		w.commits = slices.Delete(w.commits, 0, 1)
	}
	w.commits = append(w.commits, waitingCommit{round, c})
	return nil
}

// take empties the list; what still cannot be taken comes back.
func (w *waiting) take() ([]waitingVote, []waitingCommit) {
	votes, commits := w.votes, w.commits
	*w = waiting{}
	return votes, commits
}

// PhaseReport says who voted in a phase.
type PhaseReport struct {
	Weight  uint64        // of those who did
	Missing []AuthorityID // those who did not, in their order
}

// RoundReport says how far a round is.
type RoundReport struct {
	Round, Total, Threshold uint64
	Prevotes, Precommits    PhaseReport
}

// Report returns the best round, and those in the background, the earliest first.
func (v *Voter) Report() (best RoundReport, background []RoundReport) {
	report := func(r *votingRound) RoundReport {
		out := RoundReport{Round: r.Number(), Total: r.voters.Total(), Threshold: r.voters.Threshold()}
		for kind, p := range []*PhaseReport{&out.Prevotes, &out.Precommits} {
			p.Weight = r.Weight(Kind(kind))
			for i := range r.voters.Len() {
				if !r.Voted(Kind(kind), i) {
					p.Missing = append(p.Missing, r.voters.At(i).ID)
				}
			}
		}
		return out
	}
	for _, r := range v.past {
		background = append(background, report(r))
	}
	return report(v.best), background
}
