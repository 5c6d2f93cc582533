package node

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"slices"
	"strings"
	"syscall"
	"time"

	"golang.org/x/sync/errgroup"

	"github.com/gotensor/gotensor/node/client"
	"github.com/gotensor/gotensor/node/finality"
	"github.com/gotensor/gotensor/node/jsonrpc"
	"github.com/gotensor/gotensor/node/keystore"
	"github.com/gotensor/gotensor/node/logging"
	"github.com/gotensor/gotensor/node/metrics"
	"github.com/gotensor/gotensor/node/offchain"
	"github.com/gotensor/gotensor/node/pool"
	"github.com/gotensor/gotensor/node/rpc"
	"github.com/gotensor/gotensor/primitives/chain"
	"github.com/gotensor/gotensor/primitives/hash"
	"github.com/gotensor/gotensor/primitives/scale"
	"github.com/gotensor/gotensor/storage/db"
	"github.com/gotensor/gotensor/wasmhost"
)

const (
	// DefaultSignatures is how many good signatures are remembered: those of the pool and of the blocks of a minute or two.
	DefaultSignatures = 32_768
	// eventsKept bounds what a part of the node may be behind before it has to look for itself what happened.
	eventsKept = 256
	// closing is how long calls under way may take when the node stops.
	closing = 5 * time.Second
)

// Node is a node of a chain. New, Run and Close are called once each, in this order.
type Node struct {
	cfg      Config
	log      *slog.Logger
	engine   *wasmhost.Engine
	store    *db.DB
	client   *client.Client
	keystore *keystore.Keystore
	pool     *pool.Pool
	finality *finality.Finality
	secret   *[32]byte // of the node's identity

	registry  *metrics.Registry
	gauges    *metrics.Node
	exporter  *metrics.Exporter
	server    *jsonrpc.Server
	listeners []net.Listener
	tasks     []task
	closers   []func() error // called from the last to the first
}

// task is one of the machines: it runs until its context ends.
type task struct {
	name string
	run  func(context.Context) error
}

// New makes a node of cfg: opens the store, or makes it from the chain spec, loads the runtime, and binds the listeners. Nothing runs before Run. Errors:
// *GenesisError; those of package db, of listening, and of a chain spec whose runtime does not load. That the code of the best block does not load is none: the node
// tells what to do, and answers what it can.
func New(ctx context.Context, cfg Config) (_ *Node, err error) {
	n := &Node{cfg: cfg}
	defer func() {
		if err != nil {
			err = errors.Join(err, n.Close())
		}
	}()
	for _, open := range []func(context.Context) error{n.openLog, n.openMetrics, n.openChain, n.openKeys, n.openPool, n.openConsensus, n.openOffchain, n.openRPC} {
		if err := open(ctx); err != nil {
			return nil, err
		}
	}
	n.tasks = append(n.tasks, task{"informant", n.inform}, task{"pool", n.followPool}, task{"store", n.watchStore})
	return n, nil
}

func (n *Node) closer(f func() error) { n.closers = append(n.closers, f) }

func (n *Node) openLog(context.Context) (err error) {
	if n.cfg.Log == nil {
		if n.cfg.Log, err = logging.New(logging.Config{Out: io.Discard}); err != nil {
			return err
		}
		log := n.cfg.Log
		n.closer(func() error { log.Close(); return nil })
	}
	n.log = n.cfg.Log.Logger()
	return nil
}

// target is the logger of a part of the node.
func (n *Node) target(name string) *slog.Logger { return n.log.With("target", name) }

func (n *Node) openMetrics(context.Context) (err error) {
	n.registry = metrics.NewRegistry(n.cfg.Spec.ID)
	role := metrics.Full
	if n.cfg.Authority {
		role = metrics.Authority
	}
	n.gauges = metrics.NewNode(n.registry, n.cfg.Name, n.cfg.Version, role, time.Now())
	if n.cfg.Prometheus.Listen == "" {
		return nil
	}
	n.exporter, err = metrics.Export(n.cfg.Prometheus.Listen, n.registry, n.target("prometheus"))
	if errors.Is(err, syscall.EADDRINUSE) { // several nodes on a machine are no fault, and only one of them can have this port
		n.target("prometheus").Warn(n.cfg.Prometheus.Listen + " is in use: metrics are not served")
		return nil
	}
	if err != nil {
		return fmt.Errorf("prometheus: %w", err)
	}
	n.closer(func() error {
		ctx, cancel := context.WithTimeout(context.Background(), closing)
		defer cancel()
		return n.exporter.Close(ctx)
	})
	return nil
}

func (n *Node) openChain(ctx context.Context) (err error) {
	if n.engine = n.cfg.Engine; n.engine == nil {
		n.cfg.Wasm.OnFault = func(err error) { n.target("wasm").Warn(err.Error()) }
		if n.engine, err = wasmhost.NewEngine(n.cfg.Wasm); err != nil {
			return err
		}
		n.closer(n.engine.Close)
	}
	options := n.cfg.Store
	options.Log = func(err error) { n.target("db").Error(err.Error()) }
	store, made, err := OpenStore(ctx, n.engine, n.cfg.Spec, n.cfg.Folder, n.cfg.StoreMemory, options)
	if err != nil {
		return err
	}
	n.store = store
	n.closer(store.Close)
	if made != nil {
		n.target("sc_service").Info(fmt.Sprintf("🔨 Initializing Genesis block/state (state: %s, header-hash: %s)", logging.Short(made.Header.StateRoot), logging.Short(made.Hash)))
	}
	secret, err := nodeKey(&n.cfg)
	if err != nil {
		return err
	}
	n.secret = secret
	n.target("sub-libp2p").Info("🏷  Local node identity is: " + PeerID(n.secret))

	signatures := n.cfg.Signatures
	if signatures == 0 {
		signatures = DefaultSignatures
	}
	n.client, err = client.New(ctx, client.Config{
		Engine: n.engine, Store: store, Signatures: wasmhost.NewSignatures(signatures),
		Substitutes: n.cfg.Spec.CodeSubstitutes, ForkBlocks: n.cfg.Spec.ForkBlocks, BadBlocks: n.cfg.Spec.BadBlocks,
		OffchainIndexing: n.cfg.OffchainIndexing,
		Log:              n.logGuest, LogLevel: func() wasmhost.LogLevel { return guestLevel(n.cfg.Log.MaxLevel()) }, // system_addLogFilter changes it
	})
	if err != nil {
		return err
	}
	best := n.client.Head().Best
	// It is compiled now, not with the first block. A chain whose code does not load makes no blocks, but what it has can be read.
	if _, err := n.client.Runtime(ctx, best.Hash); err != nil {
		if !unloadable(err) {
			return err
		}
		n.target("sc_service").Error(fmt.Sprintf("❌ %v. No block can be made on #%d, nor can its state be asked by runtime calls. To go on: %s.", err, best.Number, client.Remedy(best)))
	}
	n.target("sc_service").Info(fmt.Sprintf("📦 Highest known block at #%d", best.Number))
	return nil
}

// unloadable tells whether err comes of code of the chain that does not load.
func unloadable(err error) bool {
	var code *client.CodeError
	return errors.As(err, &code)
}

// logGuest logs what a runtime logs.
func (n *Node) logGuest(level wasmhost.LogLevel, target, message string) {
	n.log.Log(context.Background(), slogLevel(level), message, "target", target)
}

func slogLevel(level wasmhost.LogLevel) slog.Level {
	switch level {
	case wasmhost.LogError:
		return slog.LevelError
	case wasmhost.LogWarn:
		return slog.LevelWarn
	case wasmhost.LogInfo:
		return slog.LevelInfo
	case wasmhost.LogDebug:
		return slog.LevelDebug
	}
	return logging.LevelTrace
}

func guestLevel(level slog.Level) wasmhost.LogLevel {
	switch {
	case level <= logging.LevelTrace:
		return wasmhost.LogTrace
	case level <= slog.LevelDebug:
		return wasmhost.LogDebug
	case level <= slog.LevelInfo:
		return wasmhost.LogInfo
	case level <= slog.LevelWarn:
		return wasmhost.LogWarn
	}
	return wasmhost.LogError
}

// openKeys opens the keystore and has the runtime make session keys of the seeds, since it alone knows which keys there are.
func (n *Node) openKeys(ctx context.Context) (err error) {
	folder := n.cfg.KeystorePath
	if folder == "" {
		folder = KeystoreFolder(n.cfg.Folder)
	}
	if n.keystore, err = keystore.Open(folder, n.cfg.KeystorePassword); err != nil {
		return err
	}
	best := n.client.Head().Best
	for _, seed := range n.cfg.Seeds {
		args := scale.AppendBytes([]byte{1}, []byte(seed))
		_, err := n.client.Call(ctx, best.Hash, "SessionKeys_generate_session_keys", args, func(env *wasmhost.Env) { env.Keystore = n.keystore })
		if unloadable(err) { // it was told of
			n.target("sc_service").Warn(fmt.Sprintf("no session keys of %q: %v", seed, err))
			continue
		}
		if err != nil {
			return fmt.Errorf("session keys of %q: %w", seed, err)
		}
	}
	return nil
}

func (n *Node) openPool(context.Context) (err error) {
	cfg := n.cfg.Pool
	cfg.Log = n.target("txpool")
	cfg.Metrics = n.registry
	cfg.Authoring = func() bool { return n.cfg.Authority }
	if n.pool, err = pool.New(cfg, pool.ForClient(n.client)); err != nil {
		return err
	}
	n.closer(func() error { n.pool.Close(); return nil })
	return nil
}

// followPool tells the pool what happens to the chain.
func (n *Node) followPool(ctx context.Context) error {
	events := n.client.Subscribe(eventsKept)
	defer events.Close()
	if err := n.pool.Resync(ctx); err != nil { // what happened before the subscription
		return err
	}
	for {
		event, err := events.Next(ctx)
		var lagged *client.LaggedError
		switch {
		case errors.As(err, &lagged):
			err = n.pool.Resync(ctx)
		case err == nil:
			err = n.pool.Handle(ctx, event)
		default:
			return err
		}
		if ctx.Err() != nil {
			return ctx.Err()
		}
		if err != nil { // the pool goes on with the next event
			n.target("txpool").Error(err.Error())
		}
	}
}

// watchStore ends the node where the store can keep nothing any more: it would go on asking for blocks that it loses, and say the same with each.
func (n *Node) watchStore(ctx context.Context) error {
	err := n.store.Broken(ctx)
	if errors.Is(err, db.ErrBroken) {
		err = fmt.Errorf("%w; the node ends, as what is on the disk is certain only after a new start: check the disk and its messages in the system's log, then start the node again", err)
	}
	return err
}

func (n *Node) openOffchain(context.Context) error {
	if !n.cfg.Offchain.Enabled(n.cfg.Authority) {
		return nil
	}
	workers := offchain.New(offchain.Config{
		Client: n.client, Keystore: n.keystore, Validator: n.cfg.Authority, Logger: n.log,
		Network: func() ([]byte, [][]byte) { return scale.AppendBytes(nil, peerID(n.secret)), nil },
		Submit: func(ctx context.Context, xt chain.OpaqueExtrinsic) (hash.H256, error) {
			return n.pool.Submit(ctx, pool.Local, xt)
		},
	})
	n.tasks = append(n.tasks, task{"offchain workers", workers.Run})
	return nil
}

func (n *Node) openRPC(context.Context) error {
	if len(n.cfg.RPC.Listen) == 0 {
		return nil
	}
	listeners, err := listen(n.cfg.RPC.Listen, n.cfg.RPC.FixedPorts, n.target("rpc"))
	if err != nil {
		return fmt.Errorf("JSON-RPC server: %w", err)
	}
	n.listeners = listeners
	for _, l := range listeners {
		n.closer(func() error {
			if err := l.Close(); !errors.Is(err, net.ErrClosed) {
				return err
			}
			return nil
		})
	}
	methods := jsonrpc.NewMethods()
	role := rpc.RoleFull
	if n.cfg.Authority {
		role = rpc.RoleAuthority
	}
	ctx, cancel := context.WithCancel(context.Background())
	n.closer(func() error { cancel(); return nil })
	deps := rpc.Deps{
		Client: n.client, Pool: n.pool, Keystore: n.keystore, Finality: n.finality, Spec: n.cfg.Spec, Filters: n.cfg.Log,
		System:          rpc.System{Name: "Gotensor Node", Version: n.cfg.Version, Roles: []rpc.Role{role}, PeerID: PeerID(n.secret)},
		MaxRuntimeCalls: n.cfg.RPC.MaxRuntimeCalls, MaxResponse: n.cfg.RPC.Server.MaxResponseSize, Logger: n.target("rpc"),
	}
	rpc.Register(ctx, methods, deps)
	cfg := n.cfg.RPC.Server
	cfg.Logger, cfg.Metrics = n.target("rpc"), n.registry
	n.server = jsonrpc.NewServer(cfg, methods)
	return nil
}

// RPCAddresses are the addresses that the RPC server listens on.
func (n *Node) RPCAddresses() []string {
	addresses := make([]string, len(n.listeners))
	for i, l := range n.listeners {
		addresses[i] = l.Addr().String()
	}
	return addresses
}

// MetricsAddress is where metrics are served, "" for nowhere.
func (n *Node) MetricsAddress() string {
	if n.exporter == nil {
		return ""
	}
	return n.exporter.Addr().String()
}

// Client is the chain of the node.
func (n *Node) Client() *client.Client { return n.client }

// Pool is the transaction pool of the node.
func (n *Node) Pool() *pool.Pool { return n.pool }

// Run runs the node until ctx ends, which is no error, or something that it cannot be without fails.
func (n *Node) Run(ctx context.Context) error {
	group, running := errgroup.WithContext(ctx)
	for _, t := range n.tasks {
		group.Go(func() error {
			defer n.cfg.Log.Crash()
			err := t.run(running)
			if running.Err() != nil {
				return nil // it was stopped
			}
			if err == nil {
				err = errors.New("ended by itself")
			}
			return fmt.Errorf("%s: %w", t.name, err)
		})
	}
	if n.server != nil {
		for _, l := range n.listeners {
			// Close, below, ends it: calls under way are answered first.
			group.Go(func() error { return n.server.Serve(context.WithoutCancel(running), l, n.cfg.RPC.Policy) })
		}
		n.target("rpc").Info("Running JSON-RPC server: addr=" + strings.Join(slices.Compact(n.RPCAddresses()), ","))
		group.Go(func() error {
			<-running.Done()
			ctx, cancel := context.WithTimeout(context.Background(), closing)
			defer cancel()
			if err := n.server.Close(ctx); err != nil && !errors.Is(err, context.DeadlineExceeded) {
				return err
			}
			return nil
		})
	}
	return group.Wait()
}

// Close gives everything back. Run must have returned.
func (n *Node) Close() error {
	var failed error
	for _, f := range slices.Backward(n.closers) {
		failed = errors.Join(failed, f())
	}
	n.closers = nil
	return failed
}
