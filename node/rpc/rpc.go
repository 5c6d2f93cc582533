package rpc

import (
	"context"
	"fmt"
	"log/slog"
	"runtime"
	"time"

	"github.com/gotensor/gotensor/node/chainspec"
	"github.com/gotensor/gotensor/node/client"
	"github.com/gotensor/gotensor/node/finality"
	"github.com/gotensor/gotensor/node/jsonrpc"
	"github.com/gotensor/gotensor/node/keystore"
	"github.com/gotensor/gotensor/node/pool"
	"github.com/gotensor/gotensor/primitives/chain"
	"github.com/gotensor/gotensor/primitives/hash"
	"github.com/gotensor/gotensor/wasmhost"
)

// Defaults of Deps.
const (
	// DefaultCallTimeout is how long one call may read or run. Source: sc-rpc, MAXIMUM_SAFE_RPC_CALL_TIMEOUT, which Substrate has for a few methods only.
	DefaultCallTimeout = 30 * time.Second
	// DefaultMaxResponse is --rpc-max-response-size.
	DefaultMaxResponse = 15 << 20
	// DefaultCallMemory bounds in bytes what one state_call may write.
	DefaultCallMemory = 256 << 20
)

// Deps are what the methods work on.
type Deps struct {
	Client   *client.Client
	Pool     *pool.Pool
	Keystore *keystore.Keystore
	// Finality is nil where there is none: grandpa_* then answer that it is not ready.
	Finality *finality.Finality
	Spec     *chainspec.Spec
	System   System
	// Filters changes what is logged; nil where that cannot be changed.
	Filters Filters
	// CallTimeout bounds what one call may take, on connections that may not call unsafe methods; 0 takes DefaultCallTimeout. The others have ten times as long.
	CallTimeout time.Duration
	// MaxResponse is the server's bound: no longer answer is collected. 0 takes DefaultMaxResponse.
	MaxResponse int
	// MaxRuntimeCalls is how many calls of a runtime there are together on behalf of clients; further ones wait within their time. 0 takes two for each processor.
	// Validations for the pool have the pool's bound. Compare --max-runtime-instances of Substrate, 8 unless set.
	MaxRuntimeCalls int
	Logger          *slog.Logger // nil: none
}

// System is what the node says of itself.
type System struct {
	Name    string // of the implementation: "Gotensor Node"
	Version string // "0.1.0-3b2c1d0e4f5"
	Roles   []Role
	PeerID  string // base58
	// ListenAddresses are multiaddresses with the peer id behind.
	ListenAddresses []string
	// ShouldHavePeers: without peers the node is not healthy.
	ShouldHavePeers bool
}

// Role is what a node runs as. Source: sc-rpc-api, NodeRole.
type Role string

// Roles.
const (
	RoleFull      Role = "Full"
	RoleAuthority Role = "Authority"
)

// Filters changes what is logged while the node runs.
type Filters interface {
	// AddFilter adds directives, "sync=debug,state=trace", to those in force.
	AddFilter(directives string)
	// ResetFilter goes back to those the node started with.
	ResetFilter()
}

// api is the methods over what they work on.
type api struct {
	Deps
	hub     *hub
	started chain.BlockNumber // the best block when the node came up
	calls   gate
	// about is for what a runtime says of itself, which is known but for the first time: it does not wait behind calls.
	about gate
}

// gate lets in as many as it has room for.
type gate chan struct{}

// enter waits for room, and returns what gives it back.
func (g gate) enter(ctx context.Context) (leave func(), err error) {
	select {
	case g <- struct{}{}:
		return func() { <-g }, nil
	case <-ctx.Done():
		return nil, fmt.Errorf("wait for other calls of a runtime: %w", ctx.Err())
	}
}

func newAPI(d Deps) *api {
	if d.CallTimeout <= 0 {
		d.CallTimeout = DefaultCallTimeout
	}
	if d.MaxResponse <= 0 {
		d.MaxResponse = DefaultMaxResponse
	}
	if d.MaxRuntimeCalls <= 0 {
		d.MaxRuntimeCalls = 2 * runtime.GOMAXPROCS(0)
	}
	if d.Logger == nil {
		d.Logger = slog.New(slog.DiscardHandler)
	}
	return &api{Deps: d, hub: newHub(d.Client, d.Logger), started: d.Client.Head().Best.Number, calls: make(gate, d.MaxRuntimeCalls), about: make(gate, 2)}
}

// Register adds all method groups to m. One goroutine follows the chain for all subscriptions, until ctx ends.
func Register(ctx context.Context, m *jsonrpc.Methods, d Deps) {
	a := newAPI(d)
	go a.hub.run(ctx)
	a.registerChain(m)
	a.registerState(m)
	a.registerChildState(m)
	a.registerAuthor(m)
	a.registerSystem(m)
	a.registerPayment(m)
	a.registerOffchain(m)
	a.registerGrandpa(m)
	a.registerDev(m)
	a.registerChainSpec(m)
}

// bounded returns the context of one call.
func (a *api) bounded(ctx context.Context) (context.Context, context.CancelFunc) {
	limit := a.CallTimeout
	if jsonrpc.UnsafeAllowed(ctx) {
		limit *= 10
	}
	return context.WithTimeout(ctx, limit)
}

// call calls a runtime API for a client.
func (a *api) call(ctx context.Context, at hash.H256, api string, args []byte, with ...func(*wasmhost.Env)) ([]byte, error) {
	leave, err := a.calls.enter(ctx)
	if err != nil {
		return nil, err
	}
	defer leave()
	return a.Client.Call(ctx, at, api, args, with...)
}

// version asks the runtime in the state after a block for its version, for a client.
func (a *api) version(ctx context.Context, at hash.H256) (chain.RuntimeVersion, error) {
	leave, err := a.about.enter(ctx)
	if err != nil {
		return chain.RuntimeVersion{}, err
	}
	defer leave()
	return a.Client.Version(ctx, at)
}

// metadata asks it for its metadata.
func (a *api) metadata(ctx context.Context, at hash.H256) ([]byte, error) {
	leave, err := a.about.enter(ctx)
	if err != nil {
		return nil, err
	}
	defer leave()
	runtime, err := a.Client.Runtime(ctx, at)
	if err != nil {
		return nil, err
	}
	return runtime.Metadata(ctx)
}

// orBest returns the block that a client named, or the best one.
func (a *api) orBest(at *hash.H256) hash.H256 {
	if at != nil {
		return *at
	}
	return a.Client.Head().Best.Hash
}
