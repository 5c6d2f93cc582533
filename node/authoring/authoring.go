package authoring

import (
	"context"
	"fmt"
	"log/slog"
	"sync"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/gotensor/gotensor/consensus/aura"
	"github.com/gotensor/gotensor/node/client"
	"github.com/gotensor/gotensor/node/keystore"
	"github.com/gotensor/gotensor/node/pool"
	"github.com/gotensor/gotensor/primitives/chain"
	"github.com/gotensor/gotensor/primitives/hash"
	"github.com/gotensor/gotensor/primitives/keys"
	"github.com/gotensor/gotensor/storage/db"
)

// KeyType is the purpose of authoring keys in a keystore.
var KeyType = keys.TypeID{'a', 'u', 'r', 'a'}

// DefaultBlockSize is how many bytes a block may have. Source: sc-basic-authorship, DEFAULT_BLOCK_SIZE_LIMIT.
const DefaultBlockSize = 4<<20 + 512

// Config says what blocks are made with. Client, Pool and Keystore must be set.
type Config struct {
	Client   *client.Client
	Pool     *pool.Pool
	Keystore *keystore.Keystore
	// Import takes the blocks that were made, in place of Client.Import: finality.Finality.Import, where the chain has finality. nil: the client's.
	Import func(context.Context, *client.Block) (hash.H256, error)
	Clock  aura.Clock // nil: the machine's
	// Ed25519: the authorities sign with ed25519 keys, instead of sr25519. A runtime does not tell.
	Ed25519 bool
	// Sync is how the node stands to the network; nil: there is none. Force authors though it says offline.
	Sync  aura.Sync
	Force bool
	// Backoff has the node rest where finality lags; nil: it does not.
	Backoff   *aura.Backoff
	BlockSize int                   // 0: DefaultBlockSize
	Metrics   prometheus.Registerer // nil: none
	Log       *slog.Logger          // nil: none
}

// importer imports blocks.
type importer func(context.Context, *client.Block) (hash.H256, error)

// scheme is that of the authorities' keys.
func scheme(ed25519 bool) keys.Scheme {
	if ed25519 {
		return keys.Ed25519
	}
	return keys.Sr25519
}

// Authoring authors blocks with the keys of a keystore.
type Authoring struct{ worker *aura.Worker }

// New returns an authoring that Run starts. Errors: those of registering the metrics and of the store.
func New(cfg Config) (*Authoring, error) {
	if cfg.Clock == nil {
		cfg.Clock = aura.SystemClock
	}
	if cfg.Log == nil {
		cfg.Log = slog.New(slog.DiscardHandler)
	}
	if cfg.Import == nil {
		cfg.Import = cfg.Client.Import
	}
	metrics, err := newMetrics(cfg.Metrics)
	if err != nil {
		return nil, fmt.Errorf("register metrics: %w", err)
	}
	sealed, err := sealed(cfg.Client.Store())
	if err != nil {
		return nil, fmt.Errorf("slots of the leaves: %w", err)
	}
	trouble := &trouble{store: cfg.Client.Store(), log: cfg.Log.With("target", "aura")}
	return &Authoring{aura.NewWorker(aura.Config{
		Clock: cfg.Clock, Sync: cfg.Sync, Force: cfg.Force, Backoff: cfg.Backoff, Sealed: sealed, Log: cfg.Log,
		Chain: &head{client: cfg.Client, terms: newTerms(cfg.Client), trouble: trouble}, Keys: &authorKeys{cfg.Keystore, scheme(cfg.Ed25519)},
		Proposer: newProposer(cfg, readyPool{cfg.Pool}, metrics, trouble),
	})}, nil
}

// sealed returns the highest slot of any block, on whatever fork: one of them may be ours, and not on the best chain. Slots grow along each, so the leaves tell. A slot has
// one author, so the block of another one keeps no slot of ours empty.
func sealed(store *db.DB) (aura.Slot, error) {
	var highest aura.Slot
	for _, leaf := range store.Leaves() {
		header, err := store.Header(leaf.Hash)
		if err != nil {
			return 0, err
		}
		if slot, err := aura.SlotOf(&header); err == nil { // genesis has none
			highest = max(highest, slot)
		}
	}
	return highest, nil
}

// Run authors until ctx ends, and returns its error.
func (a *Authoring) Run(ctx context.Context) error { return a.worker.Run(ctx) }

// head is the aura.Chain of a client.
type head struct {
	client  *client.Client
	terms   *terms
	trouble *trouble

	mu   sync.Mutex
	best aura.Head // as it was asked for last
}

func (h *head) Best(context.Context) (aura.Head, error) {
	best := h.client.Head().Best.Hash
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.best.Hash == best {
		return h.best, nil
	}
	header, err := h.client.Store().Header(best)
	if err != nil {
		return aura.Head{Hash: best}, err
	}
	h.best = aura.Head{Hash: best, Header: header}
	return h.best, nil
}

func (h *head) Finalised() chain.BlockNumber { return h.client.Head().Finalised.Number }

func (h *head) Terms(ctx context.Context, after aura.Head) (aura.Terms, error) {
	terms, err := h.terms.after(ctx, after.Hash)
	if err != nil {
		h.trouble.explain(db.Point{Number: after.Header.Number, Hash: after.Hash}, err)
	}
	return terms, err
}

// authorKeys are the aura.Keys of a keystore.
type authorKeys struct {
	store  *keystore.Keystore
	scheme keys.Scheme
}

func (k *authorKeys) Has(a aura.Authority) (bool, error) { return k.store.Has(KeyType, a[:]) }

func (k *authorKeys) Sign(a aura.Authority, message []byte) ([]byte, bool, error) {
	return k.store.Sign(k.scheme, KeyType, a[:], message)
}

// transactions is what the proposer asks of the pool.
type transactions interface {
	// Ready waits until the pool has handled the block, or ctx ends.
	Ready(ctx context.Context, at hash.H256) iterator
	RemoveInvalid(hashes ...hash.H256)
}

type iterator interface {
	Next() (*pool.Transaction, bool)
	ReportInvalid(tx *pool.Transaction)
}

type readyPool struct{ *pool.Pool }

func (p readyPool) Ready(ctx context.Context, at hash.H256) iterator { return p.Pool.Ready(ctx, at) }
func (p readyPool) RemoveInvalid(hashes ...hash.H256)                { p.Pool.RemoveInvalid(hashes...) }
