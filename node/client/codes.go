package client

import (
	"bytes"
	"context"
	"fmt"
	"sync"

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

// runtime returns the runtime of a state.
//
// Source of the rule for substitutes: paritytech/polkadot-sdk substrate/client/service/src/client/wasm_substitutes.rs.
func (c *Client) runtime(ctx context.Context, state *db.State) (*wasmhost.Runtime, error) {
	block := state.Block()
	runtime := c.codes.get(block.Hash)
	if runtime == nil {
		code, ok, err := state.Get(nil, codeKey)
		if err != nil {
			return nil, fmt.Errorf("read :code of %s: %w", block, err)
		}
		if !ok {
			return nil, fmt.Errorf("%s: %w", block, ErrNoCode)
		}
		if runtime, err = c.cfg.Engine.Load(ctx, code); err != nil {
			return nil, fmt.Errorf("runtime of %s: %w", block, err)
		}
		c.codes.put(block.Hash, runtime)
	}
	if len(c.substitutes) == 0 {
		return runtime, nil
	}
	version, err := runtime.Version(ctx)
	if err != nil {
		return nil, fmt.Errorf("runtime of %s: %w", block, err)
	}
	// Of several for one spec version the last counts, as Substrate's table has one place for each.
	for i := len(c.substitutes) - 1; i >= 0; i-- {
		if s := c.substitutes[i]; s.specVersion == version.SpecVersion {
			if uint64(block.Number) >= s.from {
				return s.runtime, nil
			}
			break
		}
	}
	return runtime, nil
}

// maxCodes bounds the blocks whose runtime is known without reading its code, which has a megabyte. New blocks have that of their parent.
const maxCodes = 512

// codes remembers the runtimes of blocks, before substitution.
type codes struct {
	mu    sync.Mutex
	of    map[hash.H256]*wasmhost.Runtime
	order []hash.H256 // a ring: next is forgotten next
	next  int
}

func (c *codes) get(block hash.H256) *wasmhost.Runtime {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.of[block]
}

func (c *codes) put(block hash.H256, runtime *wasmhost.Runtime) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if _, ok := c.of[block]; ok {
		return
	}
	if c.of == nil {
		c.of = make(map[hash.H256]*wasmhost.Runtime, maxCodes)
	}
	if len(c.order) < maxCodes {
		c.order = append(c.order, block)
	} else {
		delete(c.of, c.order[c.next])
		c.order[c.next] = block
		c.next = (c.next + 1) % maxCodes
	}
	c.of[block] = runtime
}

// inherit notes the runtime of a new block, where it did not change the code.
func (c *codes) inherit(block, parent hash.H256, changes *storage.Changes) {
	for _, change := range changes.Top {
		if bytes.Equal(change.Key, codeKey) {
			return
		}
	}
	if runtime := c.get(parent); runtime != nil {
		c.put(block, runtime)
	}
}
