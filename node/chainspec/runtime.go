package chainspec

import (
	"context"
	"fmt"

	"github.com/gotensor/gotensor/primitives/chain"
	"github.com/gotensor/gotensor/wasmhost"
)

// Version returns the version of the genesis runtime, whose StateVersion is the one that [Genesis.Build] takes. It is read from the code where
// it stands there; only for runtimes that do not say is engine used, to ask them.
// Errors: [ErrNoState], [ErrNoCode], those of [wasmhost.EmbeddedVersion], [wasmhost.Engine.Load] and [wasmhost.Runtime.Version].
func (g *Genesis) Version(ctx context.Context, engine *wasmhost.Engine) (chain.RuntimeVersion, error) {
	code, err := g.Code()
	if err != nil {
		return chain.RuntimeVersion{}, fmt.Errorf("genesis: %w", err)
	}
	stated, err := wasmhost.EmbeddedVersion(code)
	if err != nil {
		return chain.RuntimeVersion{}, fmt.Errorf("genesis: %w", err)
	}
	if stated != nil {
		return *stated, nil
	}
	runtime, err := engine.Load(ctx, code)
	if err != nil {
		return chain.RuntimeVersion{}, fmt.Errorf("genesis: %w", err)
	}
	version, err := runtime.Version(ctx)
	if err != nil {
		return chain.RuntimeVersion{}, fmt.Errorf("genesis: %w", err)
	}
	return version, nil
}
