package grandpa

import (
	"github.com/gotensor/gotensor/pallets/frame"
	"github.com/gotensor/gotensor/pallets/system"
	"github.com/gotensor/gotensor/primitives/chain"
	"github.com/gotensor/gotensor/primitives/scale"
)

//go:generate go run ../frame/gen

// Pallet is the GRANDPA pallet.
type Pallet struct {
	Constants
	Storage
}

// Constants are set by the runtime.
type Constants struct {
	// How many authorities there should be at most. More are kept all the same, as a network without its voters is worse.
	MaxAuthorities uint32
	// How many nominators one authority has at most, by which reports of equivocations are weighed.
	MaxNominators uint32
	// For how many sets of authorities it is remembered in which session they were.
	MaxSetIDSessionEntries uint64 `name:"MaxSetIdSessionEntries"`
}

// Storage is all that the pallet keeps.
type Storage struct {
	// Whether the authorities are voting.
	State frame.Value[StoredState]
	// The change of authorities that was scheduled and is not in force yet.
	PendingChange frame.OptionValue[StoredPendingChange]
	// The first block at which a change may be forced again.
	NextForced frame.OptionValue[chain.BlockNumber]
	// Delay and last finalized block of the forced change that is to come with the next session, where the authorities are said to have
	// stalled.
	Stalled frame.OptionValue[Stall]
	// The number of the set of authorities, counted from genesis.
	CurrentSetID frame.Value[uint64] `name:"CurrentSetId"`
	// The last session of each set of authorities.
	SetIDSession frame.OptionMap[frame.Twox64Concat, uint64, uint32] `name:"SetIdSession"`
	// Who votes, with weights.
	Authorities frame.Value[BoundedAuthorities]
}

// ReportEquivocation reports that an authority has voted twice in one round. No such call decodes in this runtime, as its proof of key
// ownership has no values.
//
//frame:call 0
//frame:weight weightReportEquivocation(0, p.MaxNominators)
//frame:rust equivocationProof=Box<EquivocationProof<T::Hash, BlockNumberFor<T>>>, keyOwnerProof=T::KeyOwnerProof
func (p *Pallet) ReportEquivocation(origin frame.Origin, equivocationProof EquivocationProof, keyOwnerProof Void) (frame.PostInfo, error) {
	if _, err := origin.Signed(); err != nil {
		return frame.PostInfo{}, err
	}
	return frame.PostInfo{Pays: frame.No}, nil
}

// ReportEquivocationUnsigned reports that an authority has voted twice in one round, for block authors. No such call decodes in this
// runtime, as its proof of key ownership has no values.
//
//frame:call 1
//frame:weight weightReportEquivocation(0, p.MaxNominators)
//frame:rust equivocationProof=Box<EquivocationProof<T::Hash, BlockNumberFor<T>>>, keyOwnerProof=T::KeyOwnerProof
func (p *Pallet) ReportEquivocationUnsigned(origin frame.Origin, equivocationProof EquivocationProof, keyOwnerProof Void) (frame.PostInfo, error) {
	if err := origin.None(); err != nil {
		return frame.PostInfo{}, err
	}
	return frame.PostInfo{Pays: frame.No}, nil
}

// NoteStalled says that the authorities have stopped voting, so that the next session forces a change of them. For root.
//
// The change is in force delay blocks after the session begins, which should be long enough that no fork loses the announcement. The new
// authorities vote on top of best_finalized_block_number.
//
//frame:call 2
//frame:weight weightNoteStalled
//frame:rust delay=BlockNumberFor<T>, bestFinalizedBlockNumber=BlockNumberFor<T>
func (p *Pallet) NoteStalled(origin frame.Origin, delay, bestFinalizedBlockNumber chain.BlockNumber) error {
	if err := origin.Root(); err != nil {
		return err
	}
	p.Stalled.Put(Stall{delay, bestFinalizedBlockNumber})
	return nil
}

// OnFinalize announces what was scheduled in this block, and puts in force what is due. Cost: two reads in most blocks.
func (p *Pallet) OnFinalize(n chain.BlockNumber) {
	if change, ok := p.PendingChange.Get(); ok {
		if n == change.ScheduledAt {
			log := scheduledChange(change.NextAuthorities, change.Delay)
			if change.Forced != nil {
				log = forcedChange(*change.Forced, log)
			}
			depositLog(log)
		}
		if n == change.ScheduledAt+change.Delay {
			p.Authorities.Put(change.NextAuthorities)
			system.Deposit(NewAuthorities{AuthoritySet: Authorities(change.NextAuthorities)})
			p.PendingChange.Kill()
		}
	}
	switch state := p.State.Get(); state.Kind {
	case PendingPause:
		if n == state.ScheduledAt {
			depositLog(scale.AppendU32([]byte{logPause}, uint32(state.Delay)))
		}
		if n == state.ScheduledAt+state.Delay {
			p.State.Put(StoredState{Kind: PausedState})
			system.Deposit(Paused{})
		}
	case PendingResume:
		if n == state.ScheduledAt {
			depositLog(scale.AppendU32([]byte{logResume}, uint32(state.Delay)))
		}
		if n == state.ScheduledAt+state.Delay {
			p.State.Put(StoredState{Kind: Live})
			system.Deposit(Resumed{})
		}
	}
}

// SchedulePause lets the authorities pause in so many blocks. Error: PauseFailed.
func (p *Pallet) SchedulePause(inBlocks chain.BlockNumber) error {
	if p.State.Get().Kind != Live {
		return PauseFailed
	}
	p.State.Put(StoredState{Kind: PendingPause, ScheduledAt: system.Number(), Delay: inBlocks})
	return nil
}

// ScheduleResume lets the authorities vote again in so many blocks. Error: ResumeFailed.
func (p *Pallet) ScheduleResume(inBlocks chain.BlockNumber) error {
	if p.State.Get().Kind != PausedState {
		return ResumeFailed
	}
	p.State.Put(StoredState{Kind: PendingResume, ScheduledAt: system.Number(), Delay: inBlocks})
	return nil
}

// ScheduleChange puts other authorities in place at the end of the block that is inBlocks from now; 0 is this one. forced, where not nil,
// makes it a forced change and is the last block that was finalised as far as one knows. Errors: ChangePending, TooSoon.
func (p *Pallet) ScheduleChange(next Authorities, inBlocks chain.BlockNumber, forced *chain.BlockNumber) error {
	if p.PendingChange.Exists() {
		return ChangePending
	}
	now := system.Number()
	if forced != nil {
		if next, ok := p.NextForced.Get(); ok && next > now {
			return TooSoon
		}
		p.NextForced.Put(now + inBlocks*2) // the next one when twice the window has passed
	}
	p.PendingChange.Put(StoredPendingChange{ScheduledAt: now, Delay: inBlocks, NextAuthorities: BoundedAuthorities(next), Forced: forced})
	return nil
}

// NoteDisabled tells the node that the authority with that index is disabled.
func (p *Pallet) NoteDisabled(index uint32) {
	depositLog(scale.AppendU64([]byte{logOnDisabled}, uint64(index)))
}

// ValidateUnsigned refuses all unsigned transactions: the only one that there could be does not decode.
func (p *Pallet) ValidateUnsigned(frame.Source, frame.Call) (frame.ValidTransaction, error) {
	return frame.ValidTransaction{}, frame.InvalidCall
}

// PreDispatch refuses all unsigned transactions.
func (p *Pallet) PreDispatch(frame.Call) error { return frame.InvalidCall }

// Kinds of consensus logs, as the node decodes them: sp_consensus_grandpa::ConsensusLog.
const (
	logScheduledChange = 1
	logForcedChange    = 2
	logOnDisabled      = 3
	logPause           = 4
	logResume          = 5
)

func scheduledChange(next BoundedAuthorities, delay chain.BlockNumber) []byte {
	return scale.AppendU32(scale.AppendSlice([]byte{logScheduledChange}, next), uint32(delay))
}

// forcedChange makes a forced change of the log of a scheduled one.
func forcedChange(median chain.BlockNumber, scheduled []byte) []byte {
	return append(scale.AppendU32([]byte{logForcedChange}, uint32(median)), scheduled[1:]...)
}

func depositLog(data []byte) {
	system.DepositLog(chain.DigestItem{Kind: chain.DigestConsensus, Engine: chain.EngineGrandpa, Data: data})
}

// NewAuthorities: other authorities vote from now on.
//
//frame:event 0
type NewAuthorities struct {
	// Who votes, with weights.
	AuthoritySet Authorities `rust:"AuthorityList"`
}

// Paused: the authorities do not vote from now on.
//
//frame:event 1
type Paused struct{}

// Resumed: the authorities vote again.
//
//frame:event 2
type Resumed struct{}

// Error is why the pallet refuses a call.
type Error uint8

const (
	// PauseFailed: only authorities that are voting can be paused: these are paused already, or about to be.
	PauseFailed Error = 0
	// ResumeFailed: only authorities that are paused can be resumed.
	ResumeFailed Error = 1
	// ChangePending: another change of authorities is pending; wait until it is in force.
	ChangePending Error = 2
	// TooSoon: the last forced change is too recent for another.
	TooSoon Error = 3
	// InvalidKeyOwnershipProof: the report's proof of key ownership is invalid.
	InvalidKeyOwnershipProof Error = 4
	// InvalidEquivocationProof: the report's proof of equivocation is invalid.
	InvalidEquivocationProof Error = 5
	// DuplicateOffenceReport: the equivocation was reported before.
	DuplicateOffenceReport Error = 6
)

// StorageVersion is the form of what is stored.
func (p *Pallet) StorageVersion() uint16 { return 5 }
