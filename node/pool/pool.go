package pool

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"log/slog"
	"runtime"
	"slices"
	"sync"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/gotensor/gotensor/primitives/chain"
	"github.com/gotensor/gotensor/primitives/hash"
	"github.com/gotensor/gotensor/storage/db"
	"github.com/gotensor/gotensor/wasmhost"
)

// Chain is what the pool asks of the chain. ForClient makes one of a client.
type Chain interface {
	// Head returns the best and the last finalised block.
	Head() db.Head
	// Header, Body, Route and Ancestor are those of db.DB.
	Header(block hash.H256) (chain.Header, error)
	Body(block hash.H256) ([]chain.OpaqueExtrinsic, error)
	Route(from, to hash.H256) (db.Route, error)
	Ancestor(block hash.H256, n chain.BlockNumber) (hash.H256, error)
	// Validate asks the runtime in the state after block at about a transaction. Its error is an *InvalidError where the runtime found the transaction
	// invalid, and any other where it gave no answer.
	Validate(ctx context.Context, at db.Point, source Source, xt chain.OpaqueExtrinsic) (Validity, error)
}

// Defaults of Config, those of Substrate.
const (
	DefaultCount            = 8192
	DefaultKilobytes        = 20 * 1024
	DefaultBanPeriod        = 30 * time.Minute
	DefaultRevalidateBlocks = 20
	DefaultRevalidatePeriod = time.Minute
	DefaultMaxWatches       = 65_536
)

// Limits returns the limits of both queues for Substrate's flags --pool-limit and --pool-kbytes: what waits gets a tenth of each.
func Limits(count, kilobytes int) (ready, future Limit) {
	ready = Limit{count, kilobytes * 1024}
	return ready, Limit{ready.Count / 10, ready.Bytes / 10}
}

// Config says how a pool works. The zero value is Substrate's default.
type Config struct {
	Ready, Future Limit // zero: 8192 transactions and 20 MiB, 512 and 1 MiB
	// RejectFuture: transactions that require what nothing provides are refused.
	RejectFuture bool
	// BanPeriod is for how long a transaction may not come back.
	BanPeriod time.Duration
	// MaxWatches is how many watches there may be at a time.
	MaxWatches int
	// Validations is how many run at once; 0: GOMAXPROCS.
	Validations int
	// RevalidateBlocks and RevalidatePeriod are the age from which the validity of what is ready is checked again.
	RevalidateBlocks chain.BlockNumber
	RevalidatePeriod time.Duration
	// Authoring tells whether this node authors blocks; nil: it does. Where it does not, what may not be propagated is refused.
	Authoring func() bool
	// Now is the clock; nil: time.Now.
	Now     func() time.Time
	Log     *slog.Logger
	Metrics prometheus.Registerer
}

func (cfg Config) withDefaults() Config {
	if cfg.Ready == (Limit{}) {
		cfg.Ready = Limit{DefaultCount, DefaultKilobytes * 1024}
	}
	if cfg.Future == (Limit{}) {
		cfg.Future = Limit{512, 1024 * 1024}
	}
	setDefault(&cfg.BanPeriod, DefaultBanPeriod)
	setDefault(&cfg.MaxWatches, DefaultMaxWatches)
	setDefault(&cfg.Validations, runtime.GOMAXPROCS(0))
	setDefault(&cfg.RevalidateBlocks, DefaultRevalidateBlocks)
	setDefault(&cfg.RevalidatePeriod, DefaultRevalidatePeriod)
	if cfg.Authoring == nil {
		cfg.Authoring = func() bool { return true }
	}
	if cfg.Now == nil {
		cfg.Now = time.Now
	}
	if cfg.Log == nil {
		cfg.Log = slog.New(slog.DiscardHandler)
	}
	cfg.Log = cfg.Log.With("target", "txpool")
	return cfg
}

func setDefault[T comparable](field *T, value T) {
	var zero T
	if *field == zero {
		*field = value
	}
}

// Pool is a transaction pool. It is safe for concurrent use.
type Pool struct {
	cfg      Config
	chain    Chain
	gate     *gate
	listener *listener
	metrics  *metrics

	closing context.Context
	close   context.CancelFunc
	work    sync.WaitGroup // what runs in the background

	// maintenance is held by who brings the pool up to a block. It guards finalised, the last final block that the pool knows of.
	maintenance sync.Mutex
	finalised   chain.BlockNumber

	mu      sync.RWMutex
	graph   *graph
	bans    *bans
	ages    uint64
	handled db.Point      // the best block that the pool knows of
	recent  []hash.H256   // that block and those before it of which the pruned tags are known
	moved   chan struct{} // closed when handled changes
	imports map[chan hash.H256]struct{}

	revalidating sync.Mutex // is held by the one that does
}

// New returns a pool at the chain's best block. The error is that of registering the metrics.
func New(cfg Config, chain Chain) (*Pool, error) {
	cfg = cfg.withDefaults()
	p := &Pool{
		cfg: cfg, chain: chain, listener: newListener(cfg.MaxWatches),
		gate:  newGate(cfg.Validations, Limit{cfg.Ready.Count + cfg.Future.Count, cfg.Ready.Bytes + cfg.Future.Bytes}),
		graph: newGraph(cfg.RejectFuture), bans: newBans(cfg.BanPeriod, max(minBans, cfg.Ready.Count+cfg.Future.Count)),
		handled: chain.Head().Best, recent: []hash.H256{chain.Head().Best.Hash}, moved: make(chan struct{}), imports: map[chan hash.H256]struct{}{},
	}
	p.finalised = chain.Head().Finalised.Number
	p.closing, p.close = context.WithCancel(context.Background())
	var err error
	if p.metrics, err = newMetrics(cfg.Metrics, p); err != nil {
		return nil, fmt.Errorf("register metrics of the transaction pool: %w", err)
	}
	return p, nil
}

// Close ends what the pool does in the background. Submissions fail with ErrClosed from then on.
func (p *Pool) Close() {
	p.close()
	p.work.Wait()
}

// Submit validates a transaction on the best block and takes it in. It returns the transaction's hash in any case. Errors: *InvalidError; ErrBanned;
// *AlreadyImportedError; *TooLowPriorityError; ErrCycle; ErrFull; ErrUnactionable; ErrNoTags; ErrFuture; *ValidationError; ErrClosed; that of ctx. Explain has the
// words for clients.
func (p *Pool) Submit(ctx context.Context, source Source, xt chain.OpaqueExtrinsic) (hash.H256, error) {
	id := identify(xt)
	_, err := p.submit(ctx, source, xt, id, false)
	return id.hash, err
}

// SubmitAndWatch is Submit, and watches what becomes of the transaction. Close the watch when it is not needed any more. Errors: those of Submit;
// ErrTooManyWatches.
func (p *Pool) SubmitAndWatch(ctx context.Context, source Source, xt chain.OpaqueExtrinsic) (hash.H256, *Watch, error) {
	id := identify(xt)
	w, err := p.submit(ctx, source, xt, id, true)
	return id.hash, w, err
}

func (p *Pool) submit(ctx context.Context, source Source, xt chain.OpaqueExtrinsic, id identity, watch bool) (*Watch, error) {
	p.metrics.submitted.Inc()
	p.mu.RLock()
	err := p.knownLocked(id.hash)
	p.mu.RUnlock()
	if err != nil {
		return nil, err
	}
	if p.closing.Err() != nil {
		return nil, ErrClosed
	}
	if id.bytes > p.cfg.Ready.Bytes && id.bytes > p.cfg.Future.Bytes {
		return nil, ErrFull // whatever the runtime says of it
	}
	if watch && p.listener.full() {
		return nil, ErrTooManyWatches
	}
	// What the runtime said on a block that is long gone, or on another fork, is wrong about what is required: it is asked again, and not for ever.
	for range maxAttempts - 1 {
		w, again, err := p.attempt(ctx, source, xt, id, watch, false)
		if !again {
			return w, err
		}
	}
	w, _, err := p.attempt(ctx, source, xt, id, watch, true)
	return w, err
}

// maxAttempts is how often a transaction is validated, where the chain outruns the validation.
const maxAttempts = 3

// attempt validates a transaction and takes it in, unless that must be done again, because the block that it was validated on lies too far behind. The last attempt
// takes it in all the same: periodic revalidation puts it right.
func (p *Pool) attempt(ctx context.Context, source Source, xt chain.OpaqueExtrinsic, id identity, watch, last bool) (w *Watch, again bool, err error) {
	tx, err := p.validate(ctx, nil, source, xt, id)
	if err != nil {
		if deserved(err) {
			p.mu.Lock()
			p.bans.ban(p.cfg.Now(), id.hash)
			p.mu.Unlock()
		}
		return nil, false, err
	}
	if !tx.Propagate && !p.cfg.Authoring() {
		return nil, false, ErrUnactionable
	}

	p.mu.Lock()
	defer p.mu.Unlock()
	if err := p.knownLocked(id.hash); err != nil {
		return nil, false, err // it came another way meanwhile, or is in a block by now
	}
	if !last && tx.at.Number <= p.handled.Number && !slices.Contains(p.recent, tx.at.Hash) {
		return nil, true, nil
	}
	p.ages++
	tx.age = p.ages
	if !watch {
		return nil, false, p.addLocked(tx)
	}
	if w, err = p.listener.watch(id.hash); err != nil {
		return nil, false, err
	}
	if err := p.addLocked(tx); err != nil {
		w.Close()
		return nil, false, err
	}
	return w, false, nil
}

// knownLocked tells whether a transaction need not be validated.
func (p *Pool) knownLocked(h hash.H256) error {
	if p.bans.banned(p.cfg.Now, h) {
		return ErrBanned
	}
	if p.graph.contains(h) {
		return &AlreadyImportedError{h}
	}
	return nil
}

// deserved tells whether a transaction is banned for what the runtime did with it, so that it costs no validation again: not where that is the host's doing, or
// may be otherwise on the next block.
func deserved(err error) bool {
	var invalid *InvalidError
	var trap *wasmhost.Trap
	switch {
	case errors.As(err, &invalid):
		return !invalid.Unknown
	case errors.As(err, &trap):
		return !errors.Is(err, wasmhost.ErrDeadline) && !errors.Is(err, wasmhost.ErrHost)
	}
	return errors.Is(err, ErrNoTags)
}

// validate asks the runtime about a transaction, on a block as part of maintenance, or where at is nil on the best block when its turn comes.
func (p *Pool) validate(ctx context.Context, at *db.Point, source Source, xt chain.OpaqueExtrinsic, id identity) (*Transaction, error) {
	p.metrics.scheduled.Inc()
	if err := p.gate.enter(ctx, id.bytes, at != nil); err != nil {
		return nil, err
	}
	if at == nil {
		best := p.chain.Head().Best
		at = &best
	}
	validity, err := p.chain.Validate(ctx, *at, source, xt)
	p.gate.leave()
	p.metrics.finished.Inc()
	if err != nil {
		var invalid *InvalidError
		if errors.As(err, &invalid) {
			return nil, invalid
		}
		if ctx.Err() != nil {
			return nil, ctx.Err()
		}
		return nil, &ValidationError{err}
	}
	if len(validity.Provides) == 0 {
		return nil, ErrNoTags
	}
	return newTransaction(id, xt, source, *at, p.cfg.Now(), validity), nil
}

// addLocked takes in a validated transaction, tells about all that this leads to, and drops what there is no room for. ErrFull where that is the transaction.
func (p *Pool) addLocked(tx *Transaction) error {
	done, err := p.graph.add(tx)
	if err != nil {
		for _, lost := range done.removed {
			p.listener.tell(lost.Hash, Status{Kind: StatusDropped})
		}
		return err
	}
	p.announceLocked(done)
	return p.enforceLocked(tx.Hash)
}

func (p *Pool) announceLocked(done imported) {
	if done.future {
		p.listener.tell(done.hash, Status{Kind: StatusFuture})
		return
	}
	p.listener.tell(done.hash, Status{Kind: StatusReady})
	for imports := range p.imports {
		select {
		case imports <- done.hash:
		default: // who does not read learns of the next one
		}
	}
	for _, usurped := range done.removed {
		p.listener.tell(usurped.Hash, Status{Kind: StatusUsurped, By: done.hash})
	}
	for _, promoted := range done.promoted {
		p.listener.tell(promoted, Status{Kind: StatusReady})
	}
}

func (p *Pool) enforceLocked(added hash.H256) (err error) {
	now := p.cfg.Now()
	for _, tx := range p.graph.enforce(p.cfg.Ready, p.cfg.Future) {
		p.bans.ban(now, tx.Hash)
		p.listener.tell(tx.Hash, Status{Kind: StatusDropped})
		if tx.Hash == added {
			err = ErrFull
		}
	}
	return err
}

// RemoveInvalid takes out transactions that turned out to be invalid, with those that depend on them, and returns all that are gone. Those named may not come
// back for a while.
func (p *Pool) RemoveInvalid(hashes ...hash.H256) []*Transaction {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.removeInvalidLocked(hashes)
}

func (p *Pool) removeInvalidLocked(hashes []hash.H256) []*Transaction {
	now := p.cfg.Now()
	for _, h := range hashes {
		p.bans.ban(now, h)
	}
	removed := p.graph.removeSubtree(hashes...)
	for _, tx := range removed {
		p.listener.tell(tx.Hash, Status{Kind: StatusInvalid})
	}
	p.metrics.invalid.Add(float64(len(removed)))
	return removed
}

// Find returns a transaction of the pool.
func (p *Pool) Find(h hash.H256) (tx *Transaction, ready, ok bool) {
	p.mu.RLock()
	defer p.mu.RUnlock()
	if tx, ok := p.graph.ready.all[h]; ok {
		return tx.Transaction, true, true
	}
	tx = p.graph.find(h)
	return tx, false, tx != nil
}

// Pending returns all that is ready, in the order in which it would go into a block.
func (p *Pool) Pending() []chain.OpaqueExtrinsic {
	it := p.iterator()
	var pending []chain.OpaqueExtrinsic
	for tx, ok := it.Next(); ok; tx, ok = it.Next() {
		pending = append(pending, tx.Extrinsic)
	}
	return pending
}

// Future returns all that waits, in the order in which it came.
func (p *Pool) Future() []*Transaction {
	p.mu.RLock()
	defer p.mu.RUnlock()
	waiting := make([]*Transaction, 0, len(p.graph.future.all))
	for _, tx := range p.graph.future.all {
		waiting = append(waiting, tx.Transaction)
	}
	slices.SortFunc(waiting, compareAge)
	return waiting
}

// PoolStatus is what the queues hold.
type PoolStatus struct{ Ready, ReadyBytes, Future, FutureBytes int }

// PoolStatus returns what the queues hold.
func (p *Pool) Status() PoolStatus {
	p.mu.RLock()
	defer p.mu.RUnlock()
	return PoolStatus{len(p.graph.ready.all), p.graph.ready.bytes, len(p.graph.future.all), p.graph.future.bytes}
}

// NextNonce returns the nonce that an account's next transaction needs, where the chain's state says nonce: behind all of its transactions that are ready. It
// relies on FRAME's tags, as Substrate's system_accountNextIndex does: the account and the nonce, encoded.
func (p *Pool) NextNonce(account chain.AccountID, nonce uint32) uint32 {
	tag := append(account[:], 0, 0, 0, 0)
	p.mu.RLock()
	defer p.mu.RUnlock()
	for ; ; nonce++ {
		binary.LittleEndian.PutUint32(tag[len(account):], nonce)
		tx, ok := p.graph.ready.provided[Tag(tag)]
		if !ok || string(tx.Provides[0]) != string(tag) {
			return nonce
		}
	}
}

// keptImports is how many hashes a reader of Imports may be behind.
const keptImports = 1024

// Imports returns a channel with the hashes of what becomes ready when it is submitted. A reader who is more than 1024 behind misses some. stop ends it.
func (p *Pool) Imports() (imports <-chan hash.H256, stop func()) {
	c := make(chan hash.H256, keptImports)
	p.mu.Lock()
	p.imports[c] = struct{}{}
	p.mu.Unlock()
	return c, func() {
		p.mu.Lock()
		delete(p.imports, c)
		p.mu.Unlock()
	}
}

// Broadcast says that peers got a transaction.
func (p *Pool) Broadcast(h hash.H256, peers []string) {
	p.listener.tell(h, Status{Kind: StatusBroadcast, Peers: peers})
}
