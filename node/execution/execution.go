// Package execution makes and runs one block: it is what a runtime and the state of a parent become the next state by.
//
// Picture a workbench. Begin lays a sheet over the parent's state; the runtime draws on the sheet, either piece by piece, as an author has it (Initialize, Inherents,
// Apply, Finalize), or all at once, as an importer has it (Execute); Finish turns sheet and state into the state after the block. What fails leaves the parent as it
// was: the sheet is thrown away.
//
// It keeps no blocks, judges no header, and knows no pallet: a block is what the runtime says it is. Whoever runs blocks over a store wants package client.
//
// Source: paritytech/polkadot-sdk substrate/client/block-builder and sp-block-builder.
//
//	x, err := execution.Begin(ctx, runtime, state, wasmhost.Env{})
//	err = x.Initialize(ctx, header); body, err := x.Inherents(ctx, data); applied, err := x.Apply(ctx, extrinsic)
//	header, err := x.Finalize(ctx); next, changes, err := x.Finish(header)
package execution

import (
	"context"
	"errors"
	"fmt"

	"github.com/gotensor/gotensor/primitives/chain"
	"github.com/gotensor/gotensor/primitives/scale"
	"github.com/gotensor/gotensor/storage"
	"github.com/gotensor/gotensor/storage/trie"
	"github.com/gotensor/gotensor/wasmhost"
)

// ErrRoot: the header states another state root than the one that execution gave.
var ErrRoot = errors.New("state root differs from the header's")

// Execution is a runtime that makes or runs one block, and what it wrote until now. It serves one goroutine.
type Execution struct {
	runtime *wasmhost.Runtime
	version chain.RuntimeVersion
	overlay *storage.Overlay
	env     wasmhost.Env

	onlyInherents bool
}

// Begin prepares a block on the state after its parent. Of env, Storage and HeapPages are filled in.
func Begin(ctx context.Context, runtime *wasmhost.Runtime, parent storage.State, env wasmhost.Env) (*Execution, error) {
	version, err := runtime.Version(ctx)
	if err != nil {
		return nil, err
	}
	if env.HeapPages, err = wasmhost.HeapPages(parent); err != nil {
		return nil, err
	}
	overlay := storage.NewOverlay(parent)
	env.Storage = overlay
	return &Execution{runtime: runtime, version: version, overlay: overlay, env: env}, nil
}

// Version returns the version of the runtime that runs the block.
func (x *Execution) Version() chain.RuntimeVersion { return x.version }

// Overlay is what was written until now, over the parent's state.
func (x *Execution) Overlay() *storage.Overlay { return x.overlay }

// Call calls a runtime API on what the block wrote until now. What it writes stays.
func (x *Execution) Call(ctx context.Context, api string, args []byte) ([]byte, error) {
	return x.runtime.Call(ctx, &x.env, api, args)
}

// Initialize begins a block: header has its parent, number and digest.
func (x *Execution) Initialize(ctx context.Context, header chain.Header) error {
	answer, err := x.Call(ctx, "Core_initialize_block", scale.Marshal(header))
	if err != nil {
		return fmt.Errorf("initialize: %w", err)
	}
	if core, _ := x.version.APIVersion("Core"); core >= 5 {
		switch { // ExtrinsicInclusionMode of sp_runtime
		case len(answer) == 1 && answer[0] <= 1:
			x.onlyInherents = answer[0] == 1
		default:
			return fmt.Errorf("initialize: runtime answered 0x%x", answer)
		}
	}
	return nil
}

// OnlyInherents tells, after Initialize, that the block may have no other extrinsics: a migration is under way that takes several blocks. Nobody takes a block
// that has some then, though the runtime applies them.
func (x *Execution) OnlyInherents() bool { return x.onlyInherents }

// Inherent is the data of one inherent provider: "timstap0" with the milliseconds since 1970, "auraslot" with the slot.
type Inherent struct {
	ID   [8]byte
	Data []byte
}

// InherentData is the encoding of inherents, in ascending order of their ids: the argument of BlockBuilder_inherent_extrinsics and BlockBuilder_check_inherents.
func InherentData(inherents []Inherent) []byte {
	return scale.AppendSeq(nil, inherents, func(dst []byte, i Inherent) []byte {
		return scale.AppendBytes(append(dst, i.ID[:]...), i.Data)
	})
}

// Inherents has the runtime make the inherents of the block, and applies them. An inherent that the runtime then refuses ends the block.
func (x *Execution) Inherents(ctx context.Context, data []Inherent) ([]chain.OpaqueExtrinsic, error) {
	made, err := x.Call(ctx, "BlockBuilder_inherent_extrinsics", InherentData(data))
	if err != nil {
		return nil, fmt.Errorf("make inherents: %w", err)
	}
	body, err := scale.UnmarshalFunc(made, func(d *scale.Decoder) []chain.OpaqueExtrinsic {
		return scale.DecodeSlice[chain.OpaqueExtrinsic](d)
	})
	if err != nil {
		return nil, fmt.Errorf("decode inherents: %w", err)
	}
	for i, inherent := range body {
		applied, err := x.Apply(ctx, inherent)
		if err == nil {
			err = applied.Err
		}
		if err == nil && !applied.OK {
			err = fmt.Errorf("runtime answered 0x%x", applied.Result)
		}
		if err != nil {
			return nil, fmt.Errorf("inherent %d: %w", i, err)
		}
	}
	return body, nil
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

// Apply offers an extrinsic to the block. One that the runtime finds invalid, or traps over, leaves no trace, and the block goes on as that of Substrate's proposer
// does. What is not the extrinsic's doing ends the block with an error: a call that ran out of time, a host that failed.
func (x *Execution) Apply(ctx context.Context, extrinsic chain.OpaqueExtrinsic) (Applied, error) {
	if err := x.overlay.Begin(); err != nil {
		return Applied{}, err
	}
	result, err := x.Call(ctx, "BlockBuilder_apply_extrinsic", scale.Marshal(extrinsic))
	if err != nil {
		var trap *wasmhost.Trap
		if !errors.As(err, &trap) || errors.Is(err, wasmhost.ErrDeadline) || errors.Is(err, wasmhost.ErrHost) {
			return Applied{}, err
		}
		return Applied{Err: trap}, x.overlay.Rollback()
	}
	// Result<Result<(), DispatchError>, TransactionValidityError>: the outer error means that the extrinsic is in no block.
	applied := Applied{Result: result, Included: len(result) > 0 && result[0] == 0}
	applied.OK = applied.Included && len(result) > 1 && result[1] == 0
	if applied.Included {
		return applied, x.overlay.Commit()
	}
	return applied, x.overlay.Rollback()
}

// Finalize ends a block that was made piece by piece and returns its header.
func (x *Execution) Finalize(ctx context.Context) (chain.Header, error) {
	made, err := x.Call(ctx, "BlockBuilder_finalize_block", nil)
	if err != nil {
		return chain.Header{}, fmt.Errorf("finalize: %w", err)
	}
	header, err := scale.Unmarshal[chain.Header](made)
	if err != nil {
		return chain.Header{}, fmt.Errorf("decode header: %w", err)
	}
	return header, nil
}

// Execute runs a whole block. A seal at the end of the digest is not shown to the runtime, as in Substrate.
func (x *Execution) Execute(ctx context.Context, block chain.Block) error {
	block.Header, _, _ = block.Header.Unsealed()
	_, err := x.Call(ctx, "Core_execute_block", scale.Marshal(block))
	return err
}

// Finish returns the state after the block and what the block wrote, having held the root against the header's. Errors: ErrRoot.
func (x *Execution) Finish(header chain.Header) (storage.State, *storage.Changes, error) {
	state, changes, err := x.overlay.Finish(trie.Version(x.version.StateVersion()))
	if err != nil {
		return nil, nil, err
	}
	if state.Root() != header.StateRoot {
		return nil, nil, fmt.Errorf("%w: execution gave %s, the header has %s", ErrRoot, state.Root(), header.StateRoot)
	}
	return state, changes, nil
}
