package finality

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"slices"
	"sync"
	"time"

	"github.com/gotensor/gotensor/consensus/grandpa"
	"github.com/gotensor/gotensor/node/client"
	"github.com/gotensor/gotensor/primitives/chain"
	"github.com/gotensor/gotensor/primitives/hash"
	"github.com/gotensor/gotensor/primitives/keys"
	"github.com/gotensor/gotensor/primitives/scale"
	"github.com/gotensor/gotensor/storage"
	"github.com/gotensor/gotensor/storage/db"
)

// keysEvery is how often the keystore is asked for keys that it did not have: one that is inserted votes without a restart.
const keysEvery = 5 * time.Second

// voterState returns what the voter of a set must not forget.
func (f *Finality) voterState(set *grandpa.AuthoritySet) (grandpa.VoterState, error) {
	data, ok, err := f.store.Aux(keyVoter)
	if err != nil {
		return grandpa.VoterState{}, fmt.Errorf("read %q: %w", keyVoter, err)
	}
	if ok {
		state, err := scale.Unmarshal[grandpa.VoterState](data)
		if err != nil {
			return state, fmt.Errorf("read %q: %w", keyVoter, err)
		}
		if state.SetID == set.SetID {
			return state, nil
		}
		return state, fmt.Errorf("%q is of set %d, %q has set %d", keyVoter, state.SetID, keySet, set.SetID)
	}
	return grandpa.VoterState{}, fmt.Errorf("there is %q and no %q", keySet, keyVoter)
}

// rebuild has Run begin anew with what is in the store.
func (f *Finality) rebuild() {
	select {
	case f.restart <- struct{}{}:
	default: // it will
	}
}

// poke has Run look at the chain.
func (f *Finality) poke() {
	select {
	case f.wake <- struct{}{}:
	default:
	}
}

// Run votes with the keys of the keystore that are in the set, until ctx ends, which is no error. It serves one caller.
func (f *Finality) Run(ctx context.Context) error {
	if f.off {
		<-ctx.Done()
		return nil
	}
	events := f.client.Subscribe(64)
	var watching sync.WaitGroup
	defer func() {
		events.Close()
		watching.Wait()
	}()
	watching.Go(func() {
		for {
			_, err := events.Next(ctx)
			var lagged *client.LaggedError
			if err != nil && !errors.As(err, &lagged) {
				return
			}
			f.poke()
		}
	})
	defer f.report(nil)
	for ctx.Err() == nil {
		err := f.vote(ctx)
		switch {
		case err == nil || errors.Is(err, errStale):
			continue
		case ctx.Err() != nil:
			return nil
		}
		// Nothing of what was not written was sent: the voter begins again with what is on the disk, when the chain has gone on.
		f.log.Error("GRANDPA voter error: " + err.Error())
		select {
		case <-f.wake:
		case <-ctx.Done():
		}
	}
	return nil
}

// vote runs one voter. It returns where that is of no more use.
func (f *Finality) vote(ctx context.Context) error {
	f.change.Lock()
	select {
	case <-f.restart:
	default:
	}
	set := f.current()
	state, err := f.voterState(set)
	finalised := point(f.client.Head().Finalised)
	f.change.Unlock()
	if err != nil {
		return err
	}
	local, err := f.local(set)
	if err != nil {
		return err
	}
	if state.Paused && f.forcedPending() {
		f.report(nil)
		select {
		case <-f.restart:
		case <-f.wake: // the block that announced the change may be gone, as another one became final
		case <-ctx.Done():
		}
		return nil
	}
	f.oldest.Store(uint32(state.Oldest()))
	state.Paused = false // also where the change was reverted, or is gone
	f.log.Debug(fmt.Sprintf("Starting new voter with set ID %d", set.SetID))
	voter := grandpa.NewVoter(grandpa.VoterConfig{
		SetID:  set.SetID,
		Voters: set.Voters(),
		Local:  local,
		Sign:   f.sign,
		Gossip: grandpa.Time(f.cfg.GossipDuration),
		Jitter: func(bound grandpa.Time) grandpa.Time { return grandpa.Time(rand.Int64N(int64(bound))) },
	}, blocks{f, set.SetID}, state, finalised, f.now())
	checked := f.now()
	for {
		now := f.now()
		if now >= checked+grandpa.Time(keysEvery) {
			checked = now
			if again, err := f.local(set); err != nil || !slices.Equal(again, local) {
				return err
			}
		}
		out, err := voter.Advance(now)
		if err != nil {
			return err
		}
		handoff, err := f.act(&out, set.SetID)
		if err != nil || handoff {
			return err
		}
		f.report(voter)
		if out.Again {
			if ctx.Err() != nil {
				return nil
			}
			continue
		}
		var timer <-chan time.Time
		if out.Waits() {
			timer = f.cfg.Clock.After(time.Duration(max(out.Wake-now, 0)))
		}
		select {
		case <-ctx.Done():
			return nil
		case <-f.restart:
			return nil
		case <-timer:
		case m := <-f.inbox:
			f.take(voter, m)
		case <-f.wake:
			voter.Finalised(point(f.client.Head().Finalised))
			voter.NewBlocks()
		}
	}
}

// now is the time that the voter is told.
func (f *Finality) now() grandpa.Time { return grandpa.Time(f.cfg.Clock.Now().Sub(f.start)) }

// act does what the voter says: first the disk.
func (f *Finality) act(out *grandpa.Output, setID uint64) (handoff bool, err error) {
	var aux []storage.Change
	if out.State != nil {
		aux = append(aux, put(keyVoter, out.State))
		f.oldest.Store(uint32(out.State.Oldest()))
	}
	switch {
	case out.Finalise != nil:
		j, err := grandpa.NewJustification(out.Finalise.Round, out.Finalise.Commit, f.store.Header)
		if err != nil {
			return false, fmt.Errorf("justification of %s: %w", out.Finalise.Target, err)
		}
		if handoff, err = f.finalise(&j, setID, false, aux...); err != nil {
			return false, err
		}
	case len(aux) > 0:
		if err := f.write(setID, aux); err != nil {
			return false, err
		}
	}
	if f.cfg.Send != nil {
		for _, m := range out.Send {
			f.cfg.Send(Message{SetID: setID, Round: m.Round, Vote: m.Vote, Commit: m.Commit})
		}
	}
	f.metrics.prevotes.Add(float64(out.Prevotes))
	f.metrics.precommits.Add(float64(out.Precommits))
	for _, r := range out.Completed {
		f.metrics.round.Set(float64(r.Number))
		f.log.Debug(fmt.Sprintf("Voter completed round %d in set %d. Estimate = %s, Finalized in round = %s", r.Number, setID, number(r.State.Estimate), number(r.State.Finalised)))
	}
	for _, e := range out.Evidence {
		q := &e.Equivocation
		f.log.Warn(fmt.Sprintf("Detected %s equivocation in the finality worker: voter %s in round %d: %s and %s", e.Phase, q.ID, q.Round, q.First.Target, q.Second.Target))
	}
	return handoff, nil
}

// write writes what the voter of a set must not forget, unless the set has changed.
func (f *Finality) write(setID uint64, aux []storage.Change) error {
	f.change.Lock()
	defer f.change.Unlock()
	if set := f.current(); set.SetID != setID || f.pausing() {
		return errStale
	}
	return f.store.SetAux(aux)
}

// pausing reports whether the voter is to begin anew, and what it knows must not take the place of what is in the store.
func (f *Finality) pausing() bool { return len(f.restart) > 0 }

func number(t *grandpa.Target) string {
	if t == nil {
		return "None"
	}
	return fmt.Sprintf("Some(%d)", t.Number)
}

// local returns the voters of a set whose keys the node has.
func (f *Finality) local(set *grandpa.AuthoritySet) ([]grandpa.AuthorityID, error) {
	if f.cfg.Keystore == nil {
		return nil, nil
	}
	var out []grandpa.AuthorityID
	for _, a := range set.Current {
		has, err := f.cfg.Keystore.Has(grandpa.KeyType, a.ID[:])
		if err != nil {
			return nil, fmt.Errorf("keystore: %w", err)
		}
		if has {
			out = append(out, a.ID)
		}
	}
	return out, nil
}

func (f *Finality) sign(id grandpa.AuthorityID, payload []byte) (s grandpa.Signature, err error) {
	signature, ok, err := f.cfg.Keystore.Sign(keys.Ed25519, grandpa.KeyType, id[:], payload)
	switch {
	case err != nil:
		return s, err
	case !ok || len(signature) != len(s):
		return s, fmt.Errorf("key is not in the keystore")
	}
	copy(s[:], signature)
	return s, nil
}

// blocks is the chain as the voter of a set sees it.
type blocks struct {
	f     *Finality
	setID uint64
}

// Ancestor implements grandpa.Chain. It knows dropped blocks, too: votes of others may be for them.
func (b blocks) Ancestor(block hash.H256, n chain.BlockNumber) (hash.H256, error) {
	return b.f.position(block, n)
}

// BestContaining implements grandpa.Blocks. Source: sc-consensus-grandpa, environment.rs, best_chain_containing.
func (b blocks) BestContaining(base grandpa.Target) (grandpa.Target, error) {
	set := b.f.current()
	if set.SetID != b.setID {
		return grandpa.Target{}, errStale // a justification changed the set, and the voter was not told yet
	}
	switch h, err := b.Ancestor(base.Hash, base.Number); {
	case errors.Is(err, db.ErrUnknownBlock), err == nil && h != base.Hash:
		return grandpa.Target{}, fmt.Errorf("%w: %s is unknown", grandpa.ErrNotDescendant, base)
	case err != nil:
		return grandpa.Target{}, err
	}
	best := point(b.f.client.Head().Best)
	if best.Number < base.Number {
		return base, nil
	}
	switch h, err := b.Ancestor(best.Hash, base.Number); {
	case err != nil:
		return grandpa.Target{}, err
	case h != base.Hash:
		return base, nil
	}
	number := best.Number
	if limit, ok := set.Limit(base.Number); ok {
		number = min(number, limit)
	}
	number = grandpa.Restrict(grandpa.DefaultRules, base.Number, best.Number, number)
	target, err := b.Ancestor(best.Hash, number)
	return grandpa.Target{Hash: target, Number: number}, err
}
