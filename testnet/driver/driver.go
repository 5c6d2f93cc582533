package driver

import (
	"context"
	"errors"
	"fmt"

	"github.com/gotensor/gotensor/node/chainspec"
	"github.com/gotensor/gotensor/node/execution"
	"github.com/gotensor/gotensor/primitives/chain"
	"github.com/gotensor/gotensor/primitives/hash"
	"github.com/gotensor/gotensor/storage"
	"github.com/gotensor/gotensor/wasmhost"
)

// Errors of authoring and execution.
var (
	// ErrNoCode: the state holds no runtime.
	ErrNoCode = errors.New("state has no :code")
	// ErrRoot: the header states another root than the one that execution gave.
	ErrRoot = execution.ErrRoot
	// ErrParent: the block does not follow the block that it was to be executed on.
	ErrParent = errors.New("block does not follow its parent")
)

var codeKey = []byte(":code")

// Block is a block with the state after it.
type Block struct {
	chain.Block
	Hash    hash.H256
	State   storage.State
	Changes *storage.Changes // what the block wrote, relative to the state of its parent; nil for genesis
}

// Chain authors and executes blocks of one chain. It keeps no blocks: callers hold those they go on from, so forks are a matter of which parent they name.
type Chain struct {
	engine *wasmhost.Engine
	// Signatures, where not nil, remembers the good ones, so that executing a block does not verify again what authoring it did.
	Signatures *wasmhost.Signatures
	// Log receives what the runtime logs at info level and above; nil drops it.
	Log func(level wasmhost.LogLevel, target, message string)
}

// New returns a chain whose runtimes run on engine.
func New(engine *wasmhost.Engine) *Chain { return &Chain{engine: engine} }

// Genesis returns block 0 as chainspec builds it.
func Genesis(block *chainspec.Block) *Block {
	return &Block{Block: chain.Block{Header: block.Header}, Hash: block.Hash, State: block.State}
}

// Runtime returns the runtime in the state after block.
func (c *Chain) Runtime(ctx context.Context, block *Block) (*wasmhost.Runtime, error) {
	code, ok, err := block.State.Get(nil, codeKey)
	if err != nil {
		return nil, fmt.Errorf("read :code of block %d: %w", block.Header.Number, err)
	}
	if !ok {
		return nil, fmt.Errorf("block %d %s: %w", block.Header.Number, block.Hash, ErrNoCode)
	}
	return c.engine.Load(ctx, code)
}

// Query calls a runtime API on the state after block. What the call writes is dropped.
func (c *Chain) Query(ctx context.Context, block *Block, api string, args []byte) ([]byte, error) {
	runtime, err := c.Runtime(ctx, block)
	if err != nil {
		return nil, err
	}
	env := c.env()
	env.Storage = storage.NewOverlay(block.State)
	if env.HeapPages, err = wasmhost.HeapPages(block.State); err != nil {
		return nil, err
	}
	return runtime.Call(ctx, &env, api, args)
}

// env is what calls may touch besides the state.
func (c *Chain) env() wasmhost.Env {
	env := wasmhost.Env{Log: c.Log, Signatures: c.Signatures}
	if c.Log != nil {
		env.MaxLogLevel = wasmhost.LogInfo
	}
	return env
}

// Inherent is the data of one inherent provider.
type Inherent = execution.Inherent

// InherentData is the encoding of data for the runtime's inherents.
func InherentData(inherents []Inherent) []byte { return execution.InherentData(inherents) }

// Applied is what became of an extrinsic that was offered to a block.
type Applied = execution.Applied

func (c *Chain) begin(ctx context.Context, parent *Block) (*execution.Execution, error) {
	runtime, err := c.Runtime(ctx, parent)
	if err != nil {
		return nil, err
	}
	return execution.Begin(ctx, runtime, parent.State, c.env())
}

// Author makes the block after parent: digest opens its header, inherents become its first extrinsics, and of extrinsics those follow that the runtime takes.
// The results stand in the order of extrinsics.
func (c *Chain) Author(ctx context.Context, parent *Block, digest []chain.DigestItem, inherents []Inherent, extrinsics []chain.OpaqueExtrinsic) (*Block, []Applied, error) {
	number := parent.Header.Number + 1
	fail := func(step string, err error) (*Block, []Applied, error) {
		return nil, nil, fmt.Errorf("author block %d: %s: %w", number, step, err)
	}
	on, err := c.begin(ctx, parent)
	if err != nil {
		return fail("begin", err)
	}
	if err := on.Initialize(ctx, chain.Header{ParentHash: parent.Hash, Number: number, Digest: digest}); err != nil {
		return fail("begin", err)
	}
	body, err := on.Inherents(ctx, inherents)
	if err != nil {
		return fail("inherents", err)
	}
	results := make([]Applied, len(extrinsics))
	for i, extrinsic := range extrinsics {
		results[i], err = on.Apply(ctx, extrinsic)
		if err != nil {
			return fail(fmt.Sprintf("extrinsic %d", i), err)
		}
		if results[i].Included {
			body = append(body, extrinsic)
		}
	}
	header, err := on.Finalize(ctx)
	if err != nil {
		return fail("end", err)
	}
	block, err := finish(on, chain.Block{Header: header, Extrinsics: body})
	if err != nil {
		return fail("close", err)
	}
	return block, results, nil
}

// Execute runs a block on the state of its parent with Core_execute_block and checks that the resulting root is the header's. A seal at the end of the digest
// is kept in the block and not shown to the runtime, as in Substrate.
func (c *Chain) Execute(ctx context.Context, parent *Block, block chain.Block) (*Block, error) {
	fail := func(step string, err error) (*Block, error) {
		return nil, fmt.Errorf("execute block %d %s: %s: %w", block.Header.Number, block.Header.Hash(), step, err)
	}
	if block.Header.ParentHash != parent.Hash || block.Header.Number != parent.Header.Number+1 {
		return fail("parent", fmt.Errorf("%w: it names %s, got %d %s", ErrParent, block.Header.ParentHash, parent.Header.Number, parent.Hash))
	}
	on, err := c.begin(ctx, parent)
	if err != nil {
		return fail("begin", err)
	}
	if err := on.Execute(ctx, block); err != nil {
		return fail("run", err)
	}
	done, err := finish(on, block)
	if err != nil {
		return fail("close", err)
	}
	return done, nil
}

func finish(on *execution.Execution, block chain.Block) (*Block, error) {
	state, changes, err := on.Finish(block.Header)
	if err != nil {
		return nil, err
	}
	return &Block{Block: block, Hash: block.Header.Hash(), State: state, Changes: changes}, nil
}
