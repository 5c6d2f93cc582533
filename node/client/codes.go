package client

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"sync"

	"github.com/gotensor/gotensor/primitives/chain"
	"github.com/gotensor/gotensor/primitives/hash"
	"github.com/gotensor/gotensor/storage"
	"github.com/gotensor/gotensor/storage/db"
	"github.com/gotensor/gotensor/wasmhost"
)

var codeKey = []byte(":code")

// substitute is code that runs instead of the chain's, in states from a block on whose own code has the same spec version.
type substitute struct {
	from        uint64
	specVersion uint32
	runtime     *wasmhost.Runtime
}

// CodeError says that the code of a state does not load, whoever tries and whenever: such a chain makes no blocks any more, unless a substitute takes the code's place.
type CodeError struct {
	Block db.Point // the state is that after this block
	Code  hash.H256
	Err   error // one of those that wasmhost.Engine.Load has for code
}

// Error returns the reason's text.
func (e *CodeError) Error() string { return fmt.Sprintf("runtime of %s: %v", e.Block, e.Err) }

// Unwrap returns the reason.
func (e *CodeError) Unwrap() error { return e.Err }

// Remedy tells an operator how a chain goes on whose runtime can make no block after one.
func Remedy(after db.Point) string {
	return fmt.Sprintf("stop the node, add a working runtime with the same spec version to the chain spec, as \"codeSubstitutes\": {\"%d\": \"0x…\"}, and start the node again. "+
		"It runs in place of the code on chain from block #%d on, until the chain upgrades itself to another spec version", after.Number, after.Number+1)
}

// code is what is known of the code of a state, before substitution.
type code struct {
	runtime *wasmhost.Runtime
	// Of code that does not load: why, and the version that its sections state, nil where they state none.
	failed  *CodeError
	version *chain.RuntimeVersion
}

// load loads the code of a state. The error is one that says nothing about the code.
func (c *Client) load(ctx context.Context, state *db.State) (*code, error) {
	block := state.Block()
	blob, ok, err := state.Get(nil, codeKey)
	if err != nil {
		return nil, fmt.Errorf("read :code of %s: %w", block, err)
	}
	if !ok {
		return nil, fmt.Errorf("%s: %w", block, ErrNoCode)
	}
	runtime, err := c.cfg.Engine.Load(ctx, blob)
	switch {
	case err == nil:
		return &code{runtime: runtime}, nil
	case ctx.Err() != nil, errors.Is(err, context.Canceled), errors.Is(err, context.DeadlineExceeded), errors.Is(err, wasmhost.ErrHost), errors.Is(err, wasmhost.ErrClosed):
		return nil, fmt.Errorf("runtime of %s: %w", block, err)
	}
	failed := &code{failed: &CodeError{Block: block, Code: hash.Blake2b256(blob), Err: err}}
	if version, err := wasmhost.EmbeddedVersion(blob); err == nil {
		failed.version = version
	}
	return failed, nil
}

// runtime returns the runtime of a state.
//
// Source of the rule for substitutes: paritytech/polkadot-sdk substrate/client/service/src/client/wasm_substitutes.rs, which asks the chain's own code for its
// version by a call and so has none for code that does not load; here the sections are enough.
func (c *Client) runtime(ctx context.Context, state *db.State) (*wasmhost.Runtime, error) {
	block := state.Block()
	own := c.codes.get(block.Hash)
	if own == nil {
		var err error
		if own, err = c.load(ctx, state); err != nil {
			return nil, err
		}
		c.codes.put(block.Hash, own)
	}
	if len(c.substitutes) > 0 {
		version := own.version
		if own.runtime != nil {
			v, err := own.runtime.Version(ctx)
			if err != nil {
				return nil, fmt.Errorf("runtime of %s: %w", block, err)
			}
			version = &v
		}
		if s := c.substituteFor(version, block.Number); s != nil {
			return s, nil
		}
	}
	if own.failed != nil {
		return nil, &CodeError{Block: block, Code: own.failed.Code, Err: own.failed.Err} // it may have come from the parent
	}
	return own.runtime, nil
}

// substituteFor returns what runs instead of code of a version, in the state after block number; nil for nothing.
func (c *Client) substituteFor(version *chain.RuntimeVersion, number chain.BlockNumber) *wasmhost.Runtime {
	if version == nil {
		return nil
	}
	// Of several for one spec version the last counts, as Substrate's table has one place for each.
	for i := len(c.substitutes) - 1; i >= 0; i-- {
		if s := c.substitutes[i]; s.specVersion == version.SpecVersion {
			if uint64(number) >= s.from {
				return s.runtime
			}
			break
		}
	}
	return nil
}

// maxCodes bounds the blocks whose code is known without reading its code, which has a megabyte. New blocks have that of their parent.
const maxCodes = 512

// codes remembers the codes of blocks.
type codes struct {
	mu    sync.Mutex
	of    map[hash.H256]*code
	order []hash.H256 // a ring: next is forgotten next
	next  int
}

func (c *codes) get(block hash.H256) *code {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.of[block]
}

func (c *codes) put(block hash.H256, own *code) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if _, ok := c.of[block]; ok {
		return
	}
	if c.of == nil {
		c.of = make(map[hash.H256]*code, maxCodes)
	}
	if len(c.order) < maxCodes {
		c.order = append(c.order, block)
	} else {
		delete(c.of, c.order[c.next])
		c.order[c.next] = block
		c.next = (c.next + 1) % maxCodes
	}
	c.of[block] = own
}

// inherit notes the code of a new block, where it did not change the code.
func (c *codes) inherit(block, parent hash.H256, changes *storage.Changes) {
	for _, change := range changes.Top {
		if bytes.Equal(change.Key, codeKey) {
			return
		}
	}
	if own := c.get(parent); own != nil {
		c.put(block, own)
	}
}
