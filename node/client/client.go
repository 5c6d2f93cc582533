package client

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"

	"github.com/gotensor/gotensor/node/chainspec"
	"github.com/gotensor/gotensor/node/execution"
	"github.com/gotensor/gotensor/primitives/chain"
	"github.com/gotensor/gotensor/primitives/hash"
	"github.com/gotensor/gotensor/storage"
	"github.com/gotensor/gotensor/storage/db"
	"github.com/gotensor/gotensor/wasmhost"
)

// Errors that callers may match. Others come from packages db, wasmhost and execution.
var (
	// ErrNoCode: the state holds no runtime.
	ErrNoCode = errors.New(`state has no ":code"`)
	// ErrBadBlock: the chain spec lists the block as bad, or another one for its number.
	ErrBadBlock = errors.New("the chain spec refuses the block")
	// ErrBuilt: a built block was handed in with another header or body.
	ErrBuilt = errors.New("block is not the one that was built")
)

// Config is what a client works with.
type Config struct {
	Engine *wasmhost.Engine
	Store  *db.DB
	// Signatures remembers the good ones of all calls; nil verifies each time.
	Signatures *wasmhost.Signatures
	// Substitutes, ForkBlocks and BadBlocks are the chain spec's.
	Substitutes []chainspec.CodeSubstitute
	ForkBlocks  []chainspec.ForkBlock
	BadBlocks   []hash.H256
	// OffchainIndexing keeps what runtimes index for offchain use: --enable-offchain-indexing.
	OffchainIndexing bool
	// Log receives what runtimes log, up to the level that LogLevel returns when a call begins; each of them nil drops it.
	Log      func(level wasmhost.LogLevel, target, message string)
	LogLevel func() wasmhost.LogLevel
}

// Client is one chain: its store and its runtimes. It is safe for concurrent use.
type Client struct {
	cfg         Config
	forks       map[chain.BlockNumber]hash.H256
	substitutes []substitute // in the order of the chain spec
	codes       codes

	change sync.Mutex // held while the store changes and the change is told
	events journal
}

// New returns the client of a store. It loads the code substitutes, so that one that cannot run is known before it is needed. The store and the engine stay the
// caller's to close.
func New(ctx context.Context, cfg Config) (*Client, error) {
	c := &Client{cfg: cfg, forks: make(map[chain.BlockNumber]hash.H256)}
	for _, f := range cfg.ForkBlocks {
		c.forks[chain.BlockNumber(f.Number)] = f.Hash
	}
	for _, s := range cfg.Substitutes {
		runtime, err := cfg.Engine.Load(ctx, s.Code)
		if err != nil {
			return nil, fmt.Errorf("code substitute from block %d on: %w", s.Number, err)
		}
		version, err := runtime.Version(ctx)
		if err != nil {
			return nil, fmt.Errorf("code substitute from block %d on: %w", s.Number, err)
		}
		c.substitutes = append(c.substitutes, substitute{s.Number, version.SpecVersion, runtime})
	}
	return c, nil
}

// Store returns the store, to be read. Blocks go into it through Import and Finalise alone.
func (c *Client) Store() *db.DB { return c.cfg.Store }

// Head returns the best and the last finalised block.
func (c *Client) Head() db.Head { return c.cfg.Store.Head() }

// Genesis returns the hash of block 0.
func (c *Client) Genesis() hash.H256 { return c.cfg.Store.Genesis() }

// env is what calls may touch besides the state.
func (c *Client) env() wasmhost.Env {
	env := wasmhost.Env{Signatures: c.cfg.Signatures, Log: c.cfg.Log}
	if c.cfg.LogLevel != nil {
		env.MaxLogLevel = c.cfg.LogLevel()
	}
	return env
}

// Runtime returns the runtime that rules in the state after block at. Errors: db.ErrUnknownBlock; *db.PrunedError; ErrNoCode; *CodeError, and of
// wasmhost.Engine.Load those that say nothing about the code.
func (c *Client) Runtime(ctx context.Context, at hash.H256) (*wasmhost.Runtime, error) {
	state, err := c.cfg.Store.State(at)
	if err != nil {
		return nil, err
	}
	defer state.Close()
	return c.runtime(ctx, state)
}

// Version returns the version of the runtime that rules in the state after block at. Errors: those of Runtime; wasmhost.ErrVersion.
func (c *Client) Version(ctx context.Context, at hash.H256) (chain.RuntimeVersion, error) {
	runtime, err := c.Runtime(ctx, at)
	if err != nil {
		return chain.RuntimeVersion{}, err
	}
	return runtime.Version(ctx)
}

// Call calls a runtime API on the state after block at. What it writes is dropped. Each of with may add to what the call may touch, and may put another
// Storage over the state, which it finds in Env.Storage as a *storage.Overlay. Errors: those of Runtime and of wasmhost.Runtime.Call.
func (c *Client) Call(ctx context.Context, at hash.H256, api string, args []byte, with ...func(*wasmhost.Env)) ([]byte, error) {
	state, err := c.cfg.Store.State(at)
	if err != nil {
		return nil, err
	}
	defer state.Close()
	runtime, err := c.runtime(ctx, state)
	if err != nil {
		return nil, err
	}
	env := c.env()
	env.Storage = storage.NewOverlay(state)
	if env.HeapPages, err = wasmhost.HeapPages(state); err != nil {
		return nil, err
	}
	for _, f := range with {
		f(&env)
	}
	return runtime.Call(ctx, &env, api, args)
}

// Quiet is for calls on behalf of strangers, to be given to Call or Prepare: what the runtime logs is told to who debugs alone. Bytes that make a runtime panic are no fault of
// the node, and a stack trace for each would let anybody fill its log; the caller has the panic in the error.
func Quiet(env *wasmhost.Env) {
	log := env.Log
	if log == nil || env.MaxLogLevel < wasmhost.LogDebug {
		env.Log = nil
		return
	}
	env.Log = func(level wasmhost.LogLevel, target, message string) {
		log(max(level, wasmhost.LogDebug), target, message)
	}
}

// Prepare begins an execution on the state after parent: for a block that is to be made, or looked at, outside of Build and Import. The function that comes with it
// must be called when neither the execution nor the state that came of it is needed any more. Each of with may add to what the execution may touch.
func (c *Client) Prepare(ctx context.Context, parent hash.H256, with ...func(*wasmhost.Env)) (*execution.Execution, func(), error) {
	state, err := c.cfg.Store.State(parent)
	if err != nil {
		return nil, nil, err
	}
	on, err := c.prepare(ctx, state, with...)
	if err != nil {
		state.Close()
		return nil, nil, err
	}
	return on, state.Close, nil
}

func (c *Client) prepare(ctx context.Context, state *db.State, with ...func(*wasmhost.Env)) (*execution.Execution, error) {
	runtime, err := c.runtime(ctx, state)
	if err != nil {
		return nil, err
	}
	env := c.env()
	for _, f := range with {
		f(&env)
	}
	return execution.Begin(ctx, runtime, state, env)
}

// Builder makes a block piece by piece. It serves one goroutine.
type Builder struct {
	on     *execution.Execution
	state  *db.State
	parent db.Point
	body   []chain.OpaqueExtrinsic
	size   int
}

// Build begins a block after parent, whose header starts with digest. Close the builder in any case.
func (c *Client) Build(ctx context.Context, parent hash.H256, digest chain.Digest) (*Builder, error) {
	state, err := c.cfg.Store.State(parent)
	if err != nil {
		return nil, fmt.Errorf("build on %s: %w", parent, err)
	}
	b := &Builder{state: state, parent: state.Block()}
	fail := func(err error) (*Builder, error) {
		b.Close()
		return nil, fmt.Errorf("build block %d: %w", b.parent.Number+1, err)
	}
	if b.on, err = c.prepare(ctx, state); err != nil {
		return fail(err)
	}
	header := chain.Header{ParentHash: parent, Number: b.parent.Number + 1, Digest: slices.Clone(digest)}
	b.size = len(header.AppendScale(nil))
	if err := b.on.Initialize(ctx, header); err != nil {
		return fail(err)
	}
	return b, nil
}

// Parent returns the block that the new one follows.
func (b *Builder) Parent() db.Point { return b.parent }

// Version returns the version of the runtime that makes the block.
func (b *Builder) Version() chain.RuntimeVersion { return b.on.Version() }

// OnlyInherents tells that the block may have no other extrinsics: see execution.Execution.OnlyInherents.
func (b *Builder) OnlyInherents() bool { return b.on.OnlyInherents() }

// Inherents makes the inherents, applies them and returns them. data stands in ascending order of the ids.
func (b *Builder) Inherents(ctx context.Context, data []execution.Inherent) ([]chain.OpaqueExtrinsic, error) {
	made, err := b.on.Inherents(ctx, data)
	if err != nil {
		return nil, fmt.Errorf("build block %d: %w", b.parent.Number+1, err)
	}
	for _, x := range made {
		b.add(x)
	}
	return made, nil
}

// Apply offers an extrinsic to the block: see execution.Execution.Apply. After an error the block is lost.
func (b *Builder) Apply(ctx context.Context, extrinsic chain.OpaqueExtrinsic) (execution.Applied, error) {
	applied, err := b.on.Apply(ctx, extrinsic)
	if err != nil {
		return applied, fmt.Errorf("build block %d: apply extrinsic %s: %w", b.parent.Number+1, extrinsic.Hash(), err)
	}
	if applied.Included {
		b.add(extrinsic)
	}
	return applied, nil
}

func (b *Builder) add(x chain.OpaqueExtrinsic) {
	b.body = append(b.body, x)
	b.size += len(x) + 4 // the length in front of it
}

// Size returns the bytes of the block until now: of the header as it began, and of the extrinsics. It may be a few more than the encoding has.
func (b *Builder) Size() int { return b.size }

// Len returns how many extrinsics are in the block until now, inherents included.
func (b *Builder) Len() int { return len(b.body) }

// Finish ends the block. The builder is of no more use, and the state belongs to what is returned.
func (b *Builder) Finish(ctx context.Context) (*Built, error) {
	header, err := b.on.Finalize(ctx)
	if err == nil {
		built := &Built{Block: chain.Block{Header: header, Extrinsics: b.body}, parent: b.state}
		if built.state, built.changes, err = b.on.Finish(header); err == nil {
			b.state = nil
			return built, nil
		}
	}
	return nil, fmt.Errorf("build block %d: %w", b.parent.Number+1, err)
}

// Close gives up the block, unless it was finished.
func (b *Builder) Close() {
	if b.state != nil {
		b.state.Close()
		b.state = nil
	}
}

// Built is a block that was made here, without a seal, and what making it left behind, so that Import need not execute it.
type Built struct {
	chain.Block
	parent  *db.State
	state   storage.State
	changes *storage.Changes
}

// Close gives up a block that is not handed to Import.
func (b *Built) Close() { b.parent.Close() }

// Origin says where a block came from.
type Origin uint8

// Origins.
const (
	OriginOwn     Origin = iota + 1 // authored by this node
	OriginFile                      // read from a file
	OriginNetwork                   // announced by a peer
)

// Block is a block to import.
type Block struct {
	Origin Origin
	// Block has the seal in its header.
	Block          chain.Block
	Justifications chain.Justifications
	// Built is what Build gave for this block, which belongs to Import from then on; nil has Import execute the block.
	Built  *Built
	Choice db.Choice
	// Aux is written to the auxiliary storage together with the block.
	Aux []storage.Change
}

// Import executes a block, unless it was built here, stores it with the state after it, and tells the subscribers. Errors: db.ErrKnownBlock; db.ErrUnknownBlock for
// the parent; db.ErrFinalised; ErrBadBlock; ErrBuilt; execution.ErrRoot; *wasmhost.Trap where the runtime refuses the block, and others of wasmhost, which say nothing
// about it.
func (c *Client) Import(ctx context.Context, b *Block) (hash.H256, error) {
	if b.Built != nil {
		defer b.Built.Close()
	}
	header := b.Block.Header
	block := db.Point{Number: header.Number, Hash: header.Hash()}
	fail := func(err error) (hash.H256, error) { return block.Hash, fmt.Errorf("import %s: %w", block, err) }
	if expected, ok := c.forks[block.Number]; ok && expected != block.Hash {
		return fail(fmt.Errorf("%w: block %d is %s", ErrBadBlock, block.Number, expected))
	}
	if slices.Contains(c.cfg.BadBlocks, block.Hash) {
		return fail(ErrBadBlock)
	}
	if _, err := c.cfg.Store.Header(block.Hash); err == nil {
		return fail(db.ErrKnownBlock)
	}
	record := &db.Block{Header: header, Body: b.Block.Extrinsics, Justifications: b.Justifications, Choice: b.Choice, Aux: b.Aux}
	if b.Built != nil {
		unsealed, _, _ := header.Unsealed()
		if unsealed.Hash() != b.Built.Header.Hash() || !slices.EqualFunc(b.Block.Extrinsics, b.Built.Extrinsics, func(x, y chain.OpaqueExtrinsic) bool { return bytes.Equal(x, y) }) {
			return fail(ErrBuilt)
		}
		record.State, record.Changes = b.Built.state, b.Built.changes
	} else {
		parent, err := c.cfg.Store.State(header.ParentHash)
		if err != nil {
			return fail(fmt.Errorf("parent: %w", err))
		}
		defer parent.Close()
		if parent.Block().Number+1 != block.Number {
			return fail(fmt.Errorf("%w: its parent is %s", db.ErrBlock, parent.Block()))
		}
		on, err := c.prepare(ctx, parent)
		if err != nil {
			return fail(err)
		}
		if err := on.Execute(ctx, b.Block); err != nil {
			return fail(err)
		}
		if record.State, record.Changes, err = on.Finish(header); err != nil {
			return fail(err)
		}
	}

	if !c.cfg.OffchainIndexing {
		without := *record.Changes
		without.Offchain = nil
		record.Changes = &without
	}

	c.change.Lock()
	defer c.change.Unlock()
	before := c.Head().Best
	if _, err := c.cfg.Store.Import(record); err != nil {
		return block.Hash, err // it names the block
	}
	c.codes.inherit(block.Hash, header.ParentHash, record.Changes)
	event := &Imported{Point: block, Header: header, Origin: b.Origin, NewBest: c.Head().Best == block, Changes: record.Changes, Extrinsics: b.Block.Extrinsics}
	if event.NewBest {
		event.Route = c.route(before, header)
	}
	c.events.add(Event{Imported: event})
	return block.Hash, nil
}

// route is the way from the old best block to the new one. One that is too long to name is given as the new block alone: whoever needs the rest compares the chains.
func (c *Client) route(from db.Point, to chain.Header) db.Route {
	enacted := db.Point{Number: to.Number, Hash: to.Hash()}
	if to.ParentHash == from.Hash {
		return db.Route{Common: from, Enacted: []db.Point{enacted}}
	}
	route, err := c.cfg.Store.Route(from.Hash, enacted.Hash)
	if err != nil {
		return db.Route{Common: db.Point{Number: to.Number - 1, Hash: to.ParentHash}, Enacted: []db.Point{enacted}}
	}
	return route
}

// Finalise makes a block final with all its ancestors, keeps its justification, unless nil, writes aux together with that, and tells the subscribers. Errors: those of
// db.DB.Finalise.
func (c *Client) Finalise(block hash.H256, justification *chain.Justification, aux ...storage.Change) (db.Moved, error) {
	c.change.Lock()
	defer c.change.Unlock()
	before := c.Head().Best
	header, err := c.cfg.Store.Header(block) // before anything is done that subscribers must be told of
	if err != nil {
		return db.Moved{}, fmt.Errorf("finalise block %s: %w", block, err)
	}
	moved, err := c.cfg.Store.Finalise(block, justification, aux...)
	if err != nil || len(moved.Finalised) == 0 {
		return moved, err
	}
	c.events.add(Event{Finalised: &Finalised{Moved: moved, Header: header, NewBest: moved.Head.Best != before}})
	return moved, nil
}
