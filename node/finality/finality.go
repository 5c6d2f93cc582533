package finality

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"sync"
	"sync/atomic"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/gotensor/gotensor/consensus/aura"
	"github.com/gotensor/gotensor/consensus/grandpa"
	"github.com/gotensor/gotensor/node/client"
	"github.com/gotensor/gotensor/node/keystore"
	"github.com/gotensor/gotensor/primitives/chain"
	"github.com/gotensor/gotensor/primitives/hash"
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

// Keys of the auxiliary storage. The names are Substrate's (sc-consensus-grandpa, aux_schema.rs); votes are kept for each voter of the node, and so otherwise
// than there.
var (
	keySet               = []byte("grandpa_voters")
	keyVoter             = []byte("grandpa_completed_round")
	keyBestJustification = []byte("grandpa_best_justification")
	keyDropped           = []byte("grandpa_dropped_blocks") // a grandpa.Dropped, which Substrate has not
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
	// JustificationPeriod is in how many blocks one justification is kept, and taken from blocks of others: 0 for DefaultJustificationPeriod. Those of blocks
	// that change the set always are.
	JustificationPeriod uint32
	// Send gives a message of this node's voters to those of others (their Receive); it must not wait. nil drops them.
	Send    func(Message)
	Clock   aura.Clock            // nil: the machine's
	Log     *slog.Logger          // nil drops it
	Metrics prometheus.Registerer // nil: none
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
	dropped   *grandpa.Dropped
	round     RoundState
	voting    bool
	listeners map[*listener]struct{}

	// oldest is what the voter's state says: no block below is voted for any more.
	oldest atomic.Uint32

	// wake tells Run that something happened; restart that its voter is of no more use.
	wake    chan struct{}
	restart chan struct{}
	inbox   chan Message // verified ones of others
}

// New loads the set of authorities, on the first start from the runtime. Where the runtime has no GrandpaApi, Import passes blocks through, and Run does
// nothing.
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
		listeners: make(map[*listener]struct{}), dropped: new(grandpa.Dropped), wake: make(chan struct{}, 1), restart: make(chan struct{}, 1),
		inbox: make(chan Message, maxMessages),
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

// position is Ancestor of the store, and of blocks that lost to a final one.
func (f *Finality) position(block hash.H256, n chain.BlockNumber) (hash.H256, error) {
	f.mu.Lock()
	dropped := f.dropped
	f.mu.Unlock()
	return dropped.Ancestor(f.store, db.ErrUnknownBlock, block, n)
}

// remember takes the place of what is known of dropped blocks.
func (f *Finality) remember(dropped *grandpa.Dropped) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.dropped = dropped
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
		if data, ok, err = f.store.Aux(keyDropped); err != nil {
			return nil, fmt.Errorf("read %q: %w", keyDropped, err)
		}
		if ok {
			dropped, err := scale.Unmarshal[grandpa.Dropped](data)
			if err != nil {
				return nil, fmt.Errorf("read %q: %w", keyDropped, err)
			}
			f.dropped = &dropped
		}
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
