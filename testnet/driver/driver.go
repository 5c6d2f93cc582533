package driver

import (
	"context"
	"errors"
	"fmt"

	"github.com/gotensor/gotensor/node/chainspec"
	"github.com/gotensor/gotensor/primitives/chain"
	"github.com/gotensor/gotensor/primitives/hash"
	"github.com/gotensor/gotensor/primitives/scale"
	"github.com/gotensor/gotensor/storage"
	"github.com/gotensor/gotensor/storage/trie"
	"github.com/gotensor/gotensor/wasmhost"
)

// Errors of authoring and execution.
var (
	// ErrNoCode: the state holds no runtime.
	ErrNoCode = errors.New("state has no :code")
	// ErrRoot: the header states another root than the one that execution gave.
	ErrRoot = errors.New("state root differs from the header's")
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
	env, err := c.env(storage.NewOverlay(block.State))
	if err != nil {
		return nil, err
	}
	return runtime.Call(ctx, env, api, args)
}

// env is the environment of calls on what is written over the state below overlay, which says how much memory they get.
func (c *Chain) env(overlay *storage.Overlay) (*wasmhost.Env, error) {
	pages, err := wasmhost.HeapPages(overlay.Parent())
	if err != nil {
		return nil, err
	}
	env := &wasmhost.Env{Storage: overlay, HeapPages: pages, Log: c.Log, Signatures: c.Signatures}
	if c.Log != nil {
		env.MaxLogLevel = wasmhost.LogInfo
	}
	return env, nil
}

// Inherent is the data of one inherent provider: "timstap0" with the milliseconds since 1970, "auraslot" with the slot.
type Inherent struct {
	ID   [8]byte
	Data []byte
}

// InherentData is the encoding of data for the runtime's inherents: the argument of BlockBuilder_inherent_extrinsics.
func InherentData(inherents []Inherent) []byte {
	return scale.AppendSeq(nil, inherents, func(dst []byte, i Inherent) []byte {
		return scale.AppendBytes(append(dst, i.ID[:]...), i.Data)
	})
}

// Applied is what became of an extrinsic that was offered to a block.
type Applied struct {
	// Included tells whether the extrinsic is in the block. It is not when the runtime found it invalid, or trapped over it.
	Included bool
	// OK tells whether its call succeeded.
	OK bool
	// Result is the encoded ApplyExtrinsicResult; nil where the runtime trapped.
	Result []byte
	// Err is how the runtime trapped over the extrinsic, a *wasmhost.Trap, or nil.
	Err error
}

// execution is a runtime that is about to make or to run a block, and the overlay over the parent's state that it writes to.
type execution struct {
	runtime *wasmhost.Runtime
	version chain.RuntimeVersion
	overlay *storage.Overlay
	env     *wasmhost.Env
}

func (c *Chain) begin(ctx context.Context, parent *Block) (*execution, error) {
	runtime, err := c.Runtime(ctx, parent)
	if err != nil {
		return nil, err
	}
	version, err := runtime.Version(ctx)
	if err != nil {
		return nil, err
	}
	overlay := storage.NewOverlay(parent.State)
	env, err := c.env(overlay)
	if err != nil {
		return nil, err
	}
	return &execution{runtime, version, overlay, env}, nil
}

func (on *execution) call(ctx context.Context, api string, args []byte) ([]byte, error) {
	return on.runtime.Call(ctx, on.env, api, args)
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
	header := chain.Header{ParentHash: parent.Hash, Number: number, Digest: digest}
	if _, err := on.call(ctx, "Core_initialize_block", scale.Marshal(header)); err != nil {
		return fail("initialize", err)
	}

	made, err := on.call(ctx, "BlockBuilder_inherent_extrinsics", InherentData(inherents))
	if err != nil {
		return fail("make inherents", err)
	}
	body, err := scale.UnmarshalFunc(made, func(d *scale.Decoder) []chain.OpaqueExtrinsic {
		return scale.DecodeSlice[chain.OpaqueExtrinsic](d)
	})
	if err != nil {
		return fail("decode inherents", err)
	}
	for i, inherent := range body {
		applied, err := on.apply(ctx, inherent)
		if err != nil {
			return fail(fmt.Sprintf("inherent %d", i), err)
		}
		if applied.Err != nil {
			return fail(fmt.Sprintf("inherent %d", i), applied.Err)
		}
		if !applied.Included || !applied.OK {
			return fail(fmt.Sprintf("inherent %d", i), fmt.Errorf("runtime answered 0x%x", applied.Result))
		}
	}
	results := make([]Applied, len(extrinsics))
	for i, extrinsic := range extrinsics {
		results[i], err = on.apply(ctx, extrinsic)
		if err != nil {
			return fail(fmt.Sprintf("extrinsic %d", i), err)
		}
		if results[i].Included {
			body = append(body, extrinsic)
		}
	}

	made, err = on.call(ctx, "BlockBuilder_finalize_block", nil)
	if err != nil {
		return fail("finalize", err)
	}
	header, err = scale.Unmarshal[chain.Header](made)
	if err != nil {
		return fail("decode header", err)
	}
	block, err := on.seal(chain.Block{Header: header, Extrinsics: body})
	if err != nil {
		return fail("close", err)
	}
	return block, results, nil
}

// apply offers an extrinsic to the block being made. One that the runtime finds invalid, or traps over, leaves no trace, and the block goes on as
// that of Substrate's proposer does. What is not the extrinsic's doing ends the block: a call that ran out of time, a host that failed.
func (on *execution) apply(ctx context.Context, extrinsic chain.OpaqueExtrinsic) (Applied, error) {
	if err := on.overlay.Begin(); err != nil {
		return Applied{}, err
	}
	result, err := on.call(ctx, "BlockBuilder_apply_extrinsic", scale.Marshal(extrinsic))
	if err != nil {
		var trap *wasmhost.Trap
		if !errors.As(err, &trap) || errors.Is(err, wasmhost.ErrDeadline) || errors.Is(err, wasmhost.ErrHost) {
			return Applied{}, err
		}
		return Applied{Err: trap}, on.overlay.Rollback()
	}
	// Result<Result<(), DispatchError>, TransactionValidityError>: the outer error means that the extrinsic is in no block.
	applied := Applied{Result: result, Included: len(result) > 0 && result[0] == 0}
	applied.OK = applied.Included && len(result) > 1 && result[1] == 0
	if applied.Included {
		return applied, on.overlay.Commit()
	}
	return applied, on.overlay.Rollback()
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
	unsealed := block
	unsealed.Header, _, _ = block.Header.Unsealed()
	if _, err := on.call(ctx, "Core_execute_block", scale.Marshal(unsealed)); err != nil {
		return fail("Core_execute_block", err)
	}
	done, err := on.seal(block)
	if err != nil {
		return fail("close", err)
	}
	return done, nil
}

// seal turns what an execution wrote into the state after block, and holds it against the header.
func (on *execution) seal(block chain.Block) (*Block, error) {
	state, changes, err := on.overlay.Finish(trie.Version(on.version.StateVersion()))
	if err != nil {
		return nil, err
	}
	if state.Root() != block.Header.StateRoot {
		return nil, fmt.Errorf("%w: execution gave %s, the header has %s", ErrRoot, state.Root(), block.Header.StateRoot)
	}
	return &Block{Block: block, Hash: block.Header.Hash(), State: state, Changes: changes}, nil
}
