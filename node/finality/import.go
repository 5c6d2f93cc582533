package finality

import (
	"context"
	"errors"
	"fmt"

	"github.com/gotensor/gotensor/consensus/grandpa"
	"github.com/gotensor/gotensor/node/client"
	"github.com/gotensor/gotensor/primitives/chain"
	"github.com/gotensor/gotensor/primitives/hash"
	"github.com/gotensor/gotensor/primitives/scale"
	"github.com/gotensor/gotensor/storage"
	"github.com/gotensor/gotensor/storage/db"
)

// Import is client.Import for a chain with authorities that change: what the block announces is noted in the same write, and its justification, where it has
// one that is wanted, is verified and makes it final. A justification that is not good does not undo the import: the block stands, not final.
//
// Errors: those of client.Import; grandpa.ErrAuthorities, grandpa.ErrForcedPending and others of AuthoritySet where the block announces a change that cannot
// be.
func (f *Finality) Import(ctx context.Context, b *client.Block) (hash.H256, error) {
	if f.off {
		return f.client.Import(ctx, b)
	}
	header := &b.Block.Header
	own := *b // justifications of other engines go with the block, ours after it
	own.Justifications = nil
	var justification []byte
	for _, j := range b.Justifications {
		if j.Engine == chain.EngineGrandpa {
			justification = j.Data
		} else {
			own.Justifications = append(own.Justifications, j)
		}
	}
	block := grandpa.Target{Hash: header.Hash(), Number: header.Number}
	needed, useless, err := f.importBlock(ctx, &own, block)
	if err != nil {
		if errors.Is(err, db.ErrFinalised) {
			f.change.Lock()
			f.remember(f.dropped.Add(grandpa.DroppedBlock{Block: block, Parent: header.ParentHash}, f.store, db.ErrUnknownBlock))
			f.change.Unlock()
		}
		return block.Hash, err
	}
	if justification != nil && !useless && f.wanted(block.Number, needed) {
		if err := f.Justify(ctx, block.Hash, block.Number, chain.Justification{Engine: chain.EngineGrandpa, Data: justification}); err != nil {
			f.log.Debug(fmt.Sprintf("Imported block %s, and not its justification: %v", block, err))
		}
	}
	return block.Hash, nil
}

// importBlock imports the block, and the change that it announces or enacts. needed tells that the finality of the block enacts a change, useless that this
// cannot be yet. A block that enacts a change over another one is refused, as Substrate refuses it.
func (f *Finality) importBlock(ctx context.Context, b *client.Block, block grandpa.Target) (needed, useless bool, err error) {
	header := &b.Block.Header
	change, announces := grandpa.FindChange(header)
	view := grandpa.Importing(f.store, block, header.ParentHash)
	if !announces && !f.forcedPending() {
		enacts, next, err := f.current().Enacts(block, view)
		if errors.Is(err, grandpa.ErrDependency) {
			return false, false, fmt.Errorf("block %s: %w", block, err)
		}
		_, err = f.client.Import(ctx, b)
		return enacts, enacts && !next, err
	}
	f.change.Lock()
	defer f.change.Unlock()
	if _, err := f.store.Header(block.Hash); err == nil {
		return false, false, db.ErrKnownBlock
	}
	set := f.current().Clone()
	if announces {
		if err := set.Add(change, view); err != nil {
			return false, false, fmt.Errorf("block %s: %w", block, err)
		}
	}
	forced, enacted, err := set.ApplyForced(block, view)
	if err != nil {
		return false, false, fmt.Errorf("block %s: %w", block, err)
	}
	if forced != nil {
		// The new set begins at what most of the old one had seen final, or at what is final here if that is lower.
		base := f.client.Head().Finalised
		if enacted.Median < base.Number {
			base.Number = enacted.Median
			if base.Hash, err = f.store.Hash(base.Number); err != nil {
				return false, false, err
			}
		}
		set = forced
		b.Aux = append(b.Aux, put(keySet, set), put(keyVoter, grandpa.NewVoterState(set.SetID, point(base))))
	} else {
		b.Aux = append(b.Aux, put(keySet, set))
		if announces && change.Forced {
			state, err := f.voterState(set)
			if err != nil {
				return false, false, err
			}
			state.Paused = true
			b.Aux = append(b.Aux, put(keyVoter, state))
		}
	}
	enacts, next, err := set.Enacts(block, view)
	if errors.Is(err, grandpa.ErrDependency) {
		return false, false, fmt.Errorf("block %s: %w", block, err)
	}
	if _, err := f.client.Import(ctx, b); err != nil {
		return false, false, err
	}
	f.enter(set)
	switch {
	case forced != nil:
		f.log.Info(fmt.Sprintf("👴 Applying authority set change forced at block #%d", enacted.AnnouncedAt.Number))
		f.rebuild()
	case announces && change.Forced:
		f.log.Info("Pausing old validator set: Forced change scheduled after inactivity")
		f.rebuild()
	}
	return enacts, enacts && !next, nil
}

func (f *Finality) forcedPending() bool {
	for _, c := range f.current().Pending() {
		if c.Forced {
			return true
		}
	}
	return false
}

// wanted reports whether a justification of a block is taken, or kept: one in each period, and those that change the set. Source: should_process_justification.
func (f *Finality) wanted(number chain.BlockNumber, enacts bool) bool {
	last := f.client.Head().Finalised.Number
	period := chain.BlockNumber(f.cfg.JustificationPeriod)
	return enacts || last == 0 || last/period != number/period
}

// Justify verifies a justification of a block that is in the store, and makes it final. Those of other engines are passed over. Errors: those of
// grandpa.VerifyJustification; db.ErrUnknownBlock, and others of the store; ErrOff.
func (f *Finality) Justify(_ context.Context, block hash.H256, number chain.BlockNumber, j chain.Justification) error {
	switch {
	case j.Engine != chain.EngineGrandpa:
		return nil
	case f.off:
		return ErrOff
	}
	set := f.current()
	justification, err := grandpa.VerifyJustification(j.Data, grandpa.Target{Hash: block, Number: number}, set.SetID, set.Voters())
	if err != nil {
		return err
	}
	handoff, err := f.finalise(justification, set.SetID, true)
	if handoff {
		f.log.Info(fmt.Sprintf("👴 Imported justification for block #%d that triggers command Changing authorities, signaling voter.", number))
		f.rebuild()
	}
	if err == nil {
		f.poke()
	}
	return err
}

// errStale: the set changed since the votes for a block were looked at.
var errStale = errors.New("the authority set has changed")

// finalise makes a block final, with what that does to the set, in one write with aux. keep keeps the justification in any case. handoff tells that the set is
// another one now.
func (f *Finality) finalise(j *grandpa.Justification, setID uint64, keep bool, aux ...storage.Change) (handoff bool, err error) {
	f.change.Lock()
	defer f.change.Unlock()
	block := j.Commit.Target
	set := f.current()
	if set.SetID != setID || len(aux) > 0 && f.pausing() {
		return false, fmt.Errorf("finalise %s: %w: expected %d, got %d", block, errStale, setID, set.SetID)
	}
	if last := f.client.Head().Finalised; block.Number <= last.Number {
		if h, err := f.store.Hash(block.Number); err == nil && h == block.Hash {
			f.log.Warn(fmt.Sprintf("Re-finalized block %s in the canonical chain, current best finalized is #%d", block, last.Number))
			if len(aux) > 0 {
				return false, f.store.SetAux(aux)
			}
			return false, nil
		}
	}
	set = set.Clone()
	applied, err := set.ApplyStandard(block, f.store)
	if err != nil {
		return false, fmt.Errorf("finalise %s: %w", block, err)
	}
	var leaves []grandpa.Target
	for _, leaf := range f.store.Leaves() {
		leaves = append(leaves, point(leaf))
	}
	before := f.dropped // changed by whoever holds change alone
	dropped, err := before.Finalise(block, leaves, chain.BlockNumber(f.oldest.Load()), f.store, func(h hash.H256) (hash.H256, error) {
		header, err := f.store.Header(h)
		return header.ParentHash, err
	})
	if err != nil {
		return false, fmt.Errorf("finalise %s: %w", block, err)
	}
	if dropped != before {
		aux = append(aux, put(keyDropped, dropped))
		f.remember(dropped)
	}
	encoded := scale.Marshal(j)
	aux = append(aux, storage.Change{Key: keyBestJustification, Value: encoded})
	if applied.Changed {
		aux = append(aux, put(keySet, set))
	}
	if applied.Change != nil {
		aux = append(aux, put(keyVoter, grandpa.NewVoterState(set.SetID, block)))
	}
	var kept *chain.Justification
	if keep || f.wanted(block.Number, applied.Change != nil) {
		kept = &chain.Justification{Engine: chain.EngineGrandpa, Data: encoded}
	}
	if _, err := f.client.Finalise(block.Hash, kept, aux...); err != nil {
		return false, fmt.Errorf("finalise %s: %w", block, err)
	}
	f.enter(set)
	if c := applied.Change; c != nil {
		f.log.Info(fmt.Sprintf("👴 Applying authority set change scheduled at block #%d", c.AnnouncedAt.Number))
		if len(set.Current) > 16 {
			f.log.Info(fmt.Sprintf("👴 Applying GRANDPA set change to new set with %d authorities", len(set.Current)))
		} else {
			f.log.Info("👴 Applying GRANDPA set change to new set " + describe(set.Current))
		}
	}
	f.log.Debug(fmt.Sprintf("Finalizing blocks up to (%d, %s)", block.Number, block.Hash))
	f.notify(encoded)
	return applied.Change != nil, nil
}
