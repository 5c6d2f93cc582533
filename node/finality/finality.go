package finality

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"math/rand/v2"
	"slices"
	"sync"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/gotensor/gotensor/consensus/aura"
	"github.com/gotensor/gotensor/consensus/grandpa"
	"github.com/gotensor/gotensor/node/client"
	"github.com/gotensor/gotensor/node/keystore"
	"github.com/gotensor/gotensor/primitives/chain"
	"github.com/gotensor/gotensor/primitives/hash"
	"github.com/gotensor/gotensor/primitives/keys"
	"github.com/gotensor/gotensor/primitives/scale"
	"github.com/gotensor/gotensor/storage"
	"github.com/gotensor/gotensor/storage/db"
)

const target = "grandpa" // of log lines, as in Substrate

// Defaults, those of Subtensor's node (node/src/service.rs) and of Substrate's template.
const (
	DefaultGossipDuration      = 333 * time.Millisecond
	DefaultJustificationPeriod = 512
)

// keysEvery is how often the keystore is asked for keys that it did not have: one that is inserted votes without a restart.
const keysEvery = 5 * time.Second

// Keys of the auxiliary storage. The names are Substrate's (sc-consensus-grandpa, aux_schema.rs); votes are kept for each voter of the node, and so otherwise than there.
var (
	keySet               = []byte("grandpa_voters")
	keyVoter             = []byte("grandpa_completed_round")
	keyBestJustification = []byte("grandpa_best_justification")
)

// Errors that callers may match.
var (
	// ErrOff: the runtime has no GrandpaApi.
	ErrOff = errors.New("runtime has no GrandpaApi")
	// ErrNotFinal: the block is not final yet.
	ErrNotFinal error = proofError("Block not yet finalized")
	// ErrNotCovered: it is not known to which set the block belongs. As long as the set never changed that is so for all blocks.
	ErrNotCovered error = proofError("Block not covered by authority set changes")
)

// proofError has the text that clients get. Source: sc-consensus-grandpa, finality_proof.rs.
type proofError string

func (e proofError) Error() string { return string(e) }

// Config says what finality works with.
type Config struct {
	Client *client.Client
	// Keystore has the keys of voters, under "gran"; nil looks on.
	Keystore *keystore.Keystore
	// GossipDuration is how long a message takes to all voters: 0 for DefaultGossipDuration. It does not matter where the node has all keys of the set.
	GossipDuration time.Duration
	// JustificationPeriod is in how many blocks one justification is kept, and taken from blocks of others: 0 for DefaultJustificationPeriod. Those of blocks that
	// change the set always are.
	JustificationPeriod uint32
	Clock               aura.Clock            // nil: the machine's
	Log                 *slog.Logger          // nil drops it
	Metrics             prometheus.Registerer // nil: none
}

// Finality makes blocks final. It is safe for concurrent use.
type Finality struct {
	cfg     Config
	client  *client.Client
	store   *db.DB
	log     *slog.Logger
	metrics metrics
	off     bool
	start   time.Time // from which the voter counts

	// change is held by whoever changes the set: who imports a block that announces a change, and who makes blocks final.
	change sync.Mutex
	// mu guards the fields below it.
	mu        sync.Mutex
	set       *grandpa.AuthoritySet // never changed where it is
	round     RoundState
	voting    bool
	listeners map[*listener]struct{}

	// wake tells Run that something happened; restart that its voter is of no more use.
	wake    chan struct{}
	restart chan struct{}
}

// New loads the set of authorities, on the first start from the runtime. Where the runtime has no GrandpaApi, Import passes blocks through, and Run does nothing.
func New(ctx context.Context, cfg Config) (*Finality, error) {
	if cfg.GossipDuration <= 0 {
		cfg.GossipDuration = DefaultGossipDuration
	}
	if cfg.JustificationPeriod == 0 {
		cfg.JustificationPeriod = DefaultJustificationPeriod
	}
	if cfg.Clock == nil {
		cfg.Clock = aura.SystemClock
	}
	if cfg.Log == nil {
		cfg.Log = slog.New(slog.DiscardHandler)
	}
	f := &Finality{
		cfg: cfg, client: cfg.Client, store: cfg.Client.Store(), log: cfg.Log.With("target", target), start: cfg.Clock.Now(),
		listeners: make(map[*listener]struct{}), wake: make(chan struct{}, 1), restart: make(chan struct{}, 1),
	}
	var err error
	if f.metrics, err = newMetrics(cfg.Metrics); err != nil {
		return nil, err
	}
	if f.set, err = f.load(ctx); errors.Is(err, ErrOff) {
		f.off = true
		f.log.Info("GRANDPA is off: the runtime has no GrandpaApi, no block becomes final")
		return f, nil
	}
	return f, err
}

// Voters returns the current set of authorities and its id, nil where finality is off.
func (f *Finality) Voters() ([]grandpa.Authority, uint64) {
	set := f.current()
	if set == nil {
		return nil, 0
	}
	return set.Current, set.SetID
}

// current returns the set, which must not be changed.
func (f *Finality) current() *grandpa.AuthoritySet {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.set
}

func (f *Finality) enter(set *grandpa.AuthoritySet) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.set = set
}

// load reads the set from the store, or else makes that of the chain's first start.
func (f *Finality) load(ctx context.Context) (*grandpa.AuthoritySet, error) {
	data, ok, err := f.store.Aux(keySet)
	if err != nil {
		return nil, fmt.Errorf("read %q: %w", keySet, err)
	}
	if ok {
		set, err := scale.Unmarshal[grandpa.AuthoritySet](data)
		if err != nil {
			return nil, fmt.Errorf("read %q: %w", keySet, err)
		}
		// Blocks may have been reverted since.
		set.Retain(func(t grandpa.Target) bool { return known(f.store, t) })
		return &set, nil
	}
	// Blocks that were imported without us: their finality is what we begin with, and what those above announce is to be noted.
	head := f.client.Head()
	at := head.Finalised.Hash
	version, err := f.client.Version(ctx, at)
	if err != nil {
		return nil, err
	}
	api, ok := version.APIVersion("GrandpaApi")
	if !ok {
		return nil, ErrOff
	}
	f.log.Info("👴 Loading GRANDPA authority set from genesis on what appears to be first startup.")
	answer, err := f.client.Call(ctx, at, "GrandpaApi_grandpa_authorities", nil)
	if err != nil {
		return nil, err
	}
	authorities, err := scale.UnmarshalFunc(answer, scale.DecodeSlice[grandpa.Authority])
	if err != nil {
		return nil, fmt.Errorf("answer of GrandpaApi_grandpa_authorities at %s: %w", at, err)
	}
	var setID uint64
	if head.Finalised.Number > 0 && api >= 3 {
		if answer, err = f.client.Call(ctx, at, "GrandpaApi_current_set_id", nil); err != nil {
			return nil, err
		}
		if setID, err = scale.UnmarshalFunc(answer, (*scale.Decoder).U64); err != nil {
			return nil, fmt.Errorf("answer of GrandpaApi_current_set_id at %s: %w", at, err)
		}
	}
	set, err := grandpa.NewAuthoritySet(authorities, setID)
	if err != nil {
		return nil, fmt.Errorf("answer of GrandpaApi_grandpa_authorities at %s: %w", at, err)
	}
	for n := head.Finalised.Number + 1; n <= head.Best.Number; n++ {
		block, err := f.store.Ancestor(head.Best.Hash, n)
		if err != nil {
			return nil, err
		}
		header, err := f.store.Header(block)
		if err != nil {
			return nil, err
		}
		if change, ok := grandpa.FindChange(&header); ok {
			if err := set.Add(change, f.store); err != nil {
				return nil, fmt.Errorf("block %d %s: %w", n, block, err)
			}
		}
	}
	state := grandpa.NewVoterState(setID, point(head.Finalised))
	return set, f.store.SetAux([]storage.Change{put(keySet, set), put(keyVoter, state)})
}

// known reports whether the store has a block.
func known(c grandpa.Chain, t grandpa.Target) bool {
	h, err := c.Ancestor(t.Hash, t.Number)
	return err == nil && h == t.Hash
}

func point(p db.Point) grandpa.Target { return grandpa.Target{Hash: p.Hash, Number: p.Number} }

func put(key []byte, v scale.Encodable) storage.Change {
	return storage.Change{Key: key, Value: scale.Marshal(v)}
}

// Import is client.Import for a chain with authorities that change: what the block announces is noted in the same write, and its justification, where it has one that is wanted,
// is verified and makes it final. A justification that is not good does not undo the import: the block stands, not final.
//
// Errors: those of client.Import; grandpa.ErrAuthorities, grandpa.ErrForcedPending and others of AuthoritySet where the block announces a change that cannot be.
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
		return block.Hash, err
	}
	if justification != nil && !useless && f.wanted(block.Number, needed) {
		if err := f.Justify(ctx, block.Hash, block.Number, chain.Justification{Engine: chain.EngineGrandpa, Data: justification}); err != nil {
			f.log.Debug(fmt.Sprintf("Imported block %s, and not its justification: %v", block, err))
		}
	}
	return block.Hash, nil
}

// importBlock imports the block, and the change that it announces or enacts. needed tells that the finality of the block enacts a change, useless that this cannot be yet. A block that enacts a change
// over another one is refused, as Substrate refuses it.
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

// Justify verifies a justification of a block that is in the store, and makes it final. Those of other engines are passed over. Errors: those of grandpa.VerifyJustification;
// db.ErrUnknownBlock, and others of the store; ErrOff.
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

// finalise makes a block final, with what that does to the set, in one write with aux. keep keeps the justification in any case. handoff tells that the set is another one now.
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
	if state.Paused {
		select {
		case <-f.restart:
		case <-ctx.Done():
		}
		return nil
	}
	f.log.Debug(fmt.Sprintf("Starting new voter with set ID %d", set.SetID))
	voter := grandpa.NewVoter(grandpa.VoterConfig{
		SetID:  set.SetID,
		Voters: set.Voters(),
		Local:  local,
		Sign:   f.sign,
		Gossip: grandpa.Time(f.cfg.GossipDuration),
		Jitter: func(bound grandpa.Time) grandpa.Time { return grandpa.Time(rand.Int64N(int64(bound))) },
	}, blocks{f, set.SetID}, state, finalised, f.now())
	defer f.report(nil)
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
	f.metrics.prevotes.Add(float64(out.Prevotes))
	f.metrics.precommits.Add(float64(out.Precommits))
	for _, r := range out.Completed {
		f.metrics.round.Set(float64(r.Number))
		f.log.Debug(fmt.Sprintf("Voter completed round %d in set %d. Estimate = %s, Finalized in round = %s", r.Number, setID, number(r.State.Estimate), number(r.State.Finalised)))
	}
	for _, e := range out.Evidence {
		f.log.Warn(fmt.Sprintf("Detected %s equivocation in the finality worker: voter %s in round %d: %s and %s", e.Phase, e.Equivocation.ID, e.Equivocation.Round, e.Equivocation.First.Target, e.Equivocation.Second.Target))
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

// Ancestor implements grandpa.Chain.
func (b blocks) Ancestor(block hash.H256, n chain.BlockNumber) (hash.H256, error) {
	return b.f.store.Ancestor(block, n)
}

// BestContaining implements grandpa.Blocks. Source: sc-consensus-grandpa, environment.rs, best_chain_containing.
func (b blocks) BestContaining(base grandpa.Target) (grandpa.Target, bool) {
	set := b.f.current()
	if set.SetID != b.setID {
		return grandpa.Target{}, false // a justification changed the set, and the voter was not told yet
	}
	if !known(b, base) {
		return grandpa.Target{}, false
	}
	best := point(b.f.client.Head().Best)
	if !grandpa.Descends(b, base, best) {
		return base, true
	}
	number := best.Number
	if limit, ok := set.Limit(base.Number); ok {
		number = min(number, limit)
	}
	number = grandpa.Restrict(grandpa.DefaultRules, base.Number, best.Number, number)
	target, err := b.Ancestor(best.Hash, number)
	if err != nil {
		return grandpa.Target{}, false
	}
	return grandpa.Target{Hash: target, Number: number}, true
}
