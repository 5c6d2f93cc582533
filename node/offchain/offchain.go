package offchain

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"log/slog"
	goruntime "runtime"
	"sync"
	"sync/atomic"
	"time"

	"github.com/gotensor/gotensor/node/client"
	"github.com/gotensor/gotensor/primitives/chain"
	"github.com/gotensor/gotensor/primitives/hash"
	"github.com/gotensor/gotensor/primitives/scale"
	"github.com/gotensor/gotensor/storage/db"
	"github.com/gotensor/gotensor/wasmhost"
)

const (
	api    = "OffchainWorkerApi"
	target = "offchain-worker"
	// maxWaiting bounds the runs that wait for a free worker: beyond it the oldest is dropped, as its block is the least of interest.
	maxWaiting = 64
	// DefaultTimeout is how long a run may take where the configuration does not say: runs that fetch and compute for minutes are usual, one that never ends must not
	// hold its worker.
	DefaultTimeout = 10 * time.Minute
)

// Mode says on which nodes workers run.
type Mode uint8

// Modes, as the flag --offchain-worker has them.
const (
	WhenAuthority Mode = iota // on nodes that author blocks
	Always
	Never
)

// Enabled tells whether workers run on a node that authors blocks, or does not.
func (m Mode) Enabled(authority bool) bool { return m == Always || m == WhenAuthority && authority }

// Config is what workers work with.
type Config struct {
	Client *client.Client
	// Keystore, unless nil, holds the keys that workers may use.
	Keystore wasmhost.Keystore
	// Submit, unless nil, hands an extrinsic to the transaction pool as a local one.
	Submit func(context.Context, chain.OpaqueExtrinsic) (hash.H256, error)
	// Network, unless nil, tells the node's identity and addresses, each SCALE-encoded as OpaqueNetworkState has them.
	Network func() (peerID []byte, addresses [][]byte)
	// Validator is what ext_offchain_is_validator answers.
	Validator bool
	// NoHTTP forbids requests: a worker that makes one traps.
	NoHTTP bool
	// Syncing, unless nil, tells whether the node catches up with the chain: no worker runs then.
	Syncing func() bool
	// Workers is how many run at a time; 0 stands for one for each processor.
	Workers int
	// Timeout bounds a run; 0 stands for DefaultTimeout.
	Timeout time.Duration
	Logger  *slog.Logger // nil drops what is logged
}

// Workers runs the offchain workers of one chain.
type Workers struct {
	cfg    Config
	log    *slog.Logger
	events *client.Events
	http   *httpClient
	local  wasmhost.OffchainDB

	mu      sync.Mutex
	free    int // workers
	waiting []client.Imported
	running sync.WaitGroup

	missing atomic.Bool // the last runtime had no worker, and that was said
}

// New returns the workers of a client, who learn of blocks from now on. They start with Run, which must be called.
func New(cfg Config) *Workers {
	if cfg.Workers <= 0 {
		cfg.Workers = goruntime.NumCPU()
	}
	if cfg.Timeout <= 0 {
		cfg.Timeout = DefaultTimeout
	}
	log := logger(cfg.Logger).With("target", target)
	return &Workers{
		cfg: cfg, log: log, free: cfg.Workers, events: cfg.Client.Subscribe(maxWaiting), http: newHTTPClient(),
		local: NewLocalStorage(cfg.Client.Store(), cfg.Logger),
	}
}

func logger(l *slog.Logger) *slog.Logger {
	if l == nil {
		return slog.New(slog.DiscardHandler)
	}
	return l
}

// Run runs a worker for each block that becomes the best one, until ctx ends, and returns when the last has stopped. It returns ctx's error.
func (w *Workers) Run(ctx context.Context) error {
	defer w.http.close()
	defer w.running.Wait()
	defer w.events.Close()
	for {
		event, err := w.events.Next(ctx)
		var lagged *client.LaggedError
		switch {
		case errors.As(err, &lagged):
			w.log.Debug(fmt.Sprintf("No offchain workers for blocks that were imported too fast: %v", err))
		case err != nil:
			return err
		case event.Imported != nil:
			w.imported(ctx, event.Imported)
		}
	}
}

func (w *Workers) imported(ctx context.Context, block *client.Imported) {
	switch {
	case !block.NewBest:
		w.log.Debug(fmt.Sprintf("Skipping offchain workers for non-canon block: %s", block.Hash))
		return
	case w.cfg.Syncing != nil && w.cfg.Syncing():
		w.log.Debug(fmt.Sprintf("Skipping offchain workers while syncing: %s", block.Hash))
		return
	}
	// What a run needs of the block, without what the event holds on to.
	run := client.Imported{Point: block.Point, Header: block.Header}
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.free == 0 {
		if len(w.waiting) == maxWaiting {
			w.log.Warn(fmt.Sprintf("No offchain worker is free: skipping that of block %s", w.waiting[0].Hash))
			w.waiting = append(w.waiting[:0], w.waiting[1:]...)
		}
		w.waiting = append(w.waiting, run)
		return
	}
	w.free--
	w.running.Go(func() { w.work(ctx, run) })
}

// work runs the worker of a block, and then those that wait.
func (w *Workers) work(ctx context.Context, block client.Imported) {
	for {
		w.run(ctx, &block)
		w.mu.Lock()
		if len(w.waiting) == 0 || ctx.Err() != nil {
			w.free++
			w.mu.Unlock()
			return
		}
		block = w.waiting[0]
		w.waiting = append(w.waiting[:0], w.waiting[1:]...)
		w.mu.Unlock()
	}
}

func (w *Workers) run(ctx context.Context, block *client.Imported) {
	ctx, cancel := context.WithTimeout(ctx, w.cfg.Timeout)
	defer cancel()
	runtime, err := w.cfg.Client.Version(ctx, block.Hash)
	if err != nil {
		w.log.Debug(fmt.Sprintf("Failed to get `OffchainWorker` runtime api version: %v", err))
		return
	}
	version, ok := runtime.APIVersion(api)
	if !ok {
		if !w.missing.Swap(true) { // Substrate says it at every block
			w.log.Error("`OffchainWorker` runtime api not found. Consider turning off offchain workers if they are not part of your runtime.")
		}
		return
	}
	w.missing.Store(false)
	args := scale.Marshal(block.Header)
	if version < 2 {
		args = scale.AppendU32(nil, uint32(block.Number))
	}
	w.log.Debug(fmt.Sprintf("Running offchain workers at %s", block.Hash))
	world := &world{Workers: w}
	if !w.cfg.NoHTTP {
		session := w.http.session(ctx)
		defer session.close()
		world.session = session
	}
	_, err = w.cfg.Client.Call(ctx, block.Hash, api+"_offchain_worker", args, func(env *wasmhost.Env) {
		env.Offchain, env.OffchainDB = world, w.local
		if w.cfg.Keystore != nil {
			env.Keystore = w.cfg.Keystore
		}
		if w.cfg.Submit != nil {
			env.TransactionPool = NewTransactions(ctx, w.cfg.Submit, w.cfg.Logger)
		}
	})
	var pruned *db.PrunedError
	switch {
	case err == nil:
	case errors.Is(err, context.Canceled), errors.As(err, &pruned), errors.Is(err, db.ErrUnknownBlock):
		// The node stops, or the block has gone while its run waited.
		w.log.Debug(fmt.Sprintf("No offchain workers at %s: %v", block.Hash, err))
	default:
		w.log.Error(fmt.Sprintf("Error running offchain workers at %s: %v", block.Hash, err))
	}
}

// world is what an offchain worker alone may touch. It implements wasmhost.Offchain.
type world struct {
	*Workers
	session *session // nil where requests are forbidden
}

func (w *world) IsValidator() bool { return w.cfg.Validator }

func (w *world) NetworkState() (peerID []byte, addresses [][]byte, ok bool) {
	if w.cfg.Network == nil {
		return nil, nil, false
	}
	peerID, addresses = w.cfg.Network()
	return peerID, addresses, true
}

func (w *world) Timestamp() uint64 { return now() }

func (w *world) SleepUntil(ctx context.Context, deadline uint64) {
	after, stop := wake(&deadline)
	defer stop()
	select {
	case <-after:
	case <-ctx.Done():
	}
}

func (w *world) RandomSeed() (seed [32]byte) {
	rand.Read(seed[:]) // never fails
	return seed
}

func (w *world) HTTP() wasmhost.OffchainHTTP {
	if w.session == nil {
		return nil
	}
	return w.session
}

// now is the time in milliseconds since 1970.
func now() uint64 { return uint64(max(time.Now().UnixMilli(), 0)) }

// wake returns a channel from which something can be received once deadline, in milliseconds since 1970, is reached: never where it is nil, at once where it has passed.
// stop must be called in the end.
func wake(deadline *uint64) (after <-chan time.Time, stop func()) {
	if deadline == nil {
		return nil, func() {}
	}
	const most = uint64(1) << 40 // 34 years, which a time.Duration holds
	wait := time.Duration(0)
	if now := now(); *deadline > now {
		wait = time.Duration(min(*deadline-now, most)) * time.Millisecond
	}
	timer := time.NewTimer(wait)
	return timer.C, func() { timer.Stop() }
}
