package pool

import (
	"context"
	"fmt"
	"sync"

	"github.com/gotensor/gotensor/node/client"
	"github.com/gotensor/gotensor/primitives/chain"
	"github.com/gotensor/gotensor/primitives/hash"
	"github.com/gotensor/gotensor/storage/db"
)

// clientChain is the chain of a client.
type clientChain struct {
	*db.DB
	client *client.Client

	// The version of the API at the last block that was asked about.
	mu      sync.Mutex
	at      hash.H256
	version uint32
}

// ForClient returns what the pool asks of the chain, from a client.
func ForClient(c *client.Client) Chain { return &clientChain{DB: c.Store(), client: c} }

const queueAPI = "TaggedTransactionQueue"

// apiVersion returns the version of TaggedTransactionQueue in the state after a block.
func (c *clientChain) apiVersion(ctx context.Context, at hash.H256) (uint32, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.at == at {
		return c.version, nil
	}
	version, err := c.client.Version(ctx, at)
	if err != nil {
		return 0, err
	}
	api, ok := version.APIVersion(queueAPI)
	if !ok {
		return 0, fmt.Errorf("runtime has no %s", queueAPI)
	}
	c.at, c.version = at, api
	return api, nil
}

// Validate implements Chain. From version 3 of the API on the runtime is told the block, and begins the next one by itself. An older one expects that Core_initialize_block
// has begun it, and one of version 1 is not told the source either.
func (c *clientChain) Validate(ctx context.Context, at db.Point, source Source, xt chain.OpaqueExtrinsic) (Validity, error) {
	version, err := c.apiVersion(ctx, at.Hash)
	if err != nil {
		return Validity{}, err
	}
	args := make([]byte, 0, 1+len(xt)+4+len(at.Hash))
	if version >= 2 {
		args = append(args, byte(source))
	}
	args = xt.AppendScale(args)
	if version >= 3 {
		args = append(args, at.Hash[:]...)
	}
	result, err := c.call(ctx, at, version, args)
	if err != nil {
		return Validity{}, err
	}
	return DecodeValidity(result)
}

const validate = queueAPI + "_validate_transaction"

func (c *clientChain) call(ctx context.Context, at db.Point, version uint32, args []byte) ([]byte, error) {
	if version >= 3 {
		return c.client.Call(ctx, at.Hash, validate, args, client.Quiet)
	}
	next, done, err := c.client.Prepare(ctx, at.Hash, client.Quiet)
	if err != nil {
		return nil, err
	}
	defer done()
	if err := next.Initialize(ctx, chain.Header{ParentHash: at.Hash, Number: at.Number + 1}); err != nil {
		return nil, err
	}
	return next.Call(ctx, validate, args)
}
