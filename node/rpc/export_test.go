package rpc

import (
	"context"

	"github.com/gotensor/gotensor/primitives/hash"
	"github.com/gotensor/gotensor/wasmhost"
)

// RuntimeCalls returns how the methods over d call runtimes, for tests that look at how many such calls there are.
func RuntimeCalls(d Deps) func(ctx context.Context, at hash.H256, api string, args []byte, with ...func(*wasmhost.Env)) ([]byte, error) {
	a := newAPI(d)
	a.hub.events.Close()
	return a.call
}
