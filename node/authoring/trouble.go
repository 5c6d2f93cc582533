package authoring

import (
	"errors"
	"fmt"
	"log/slog"
	"sync"

	"github.com/gotensor/gotensor/node/client"
	"github.com/gotensor/gotensor/primitives/hash"
	"github.com/gotensor/gotensor/storage/db"
	"github.com/gotensor/gotensor/wasmhost"
)

// trouble tells the operator of a runtime that can make no blocks, once for each code and failure.
type trouble struct {
	store *db.DB
	log   *slog.Logger

	mu   sync.Mutex
	told struct {
		code hash.H256
		what string
	}
}

// explain says what became of an attempt to make a block on parent, and what can be done about it, where it was the runtime's doing.
func (t *trouble) explain(parent db.Point, err error) {
	var trap *wasmhost.Trap
	var unloadable *client.CodeError
	var code hash.H256
	what := err.Error()
	switch {
	case errors.Is(err, wasmhost.ErrDeadline), errors.Is(err, wasmhost.ErrHost): // the machine's
		return
	case errors.As(err, &unloadable):
		code, what = unloadable.Code, unloadable.Err.Error() // which name no block
	case errors.As(err, &trap), errors.Is(err, wasmhost.ErrUnknownAPI), errors.Is(err, wasmhost.ErrVersion), errors.Is(err, client.ErrNoCode):
		if trap != nil {
			what = trap.Error() // which names no block
		}
		var failed error
		if code, failed = t.code(parent.Hash); failed != nil {
			return // the error itself is told in any case
		}
	default:
		return
	}
	t.mu.Lock()
	known := t.told.code == code && t.told.what == what
	t.told.code, t.told.what = code, what
	t.mu.Unlock()
	if known {
		return
	}
	t.log.Error(fmt.Sprintf("❌ The runtime failed while block #%d was made on #%d (%s): %s. The hash of its code is %s. The node tries again in the next slot. "+
		"If this runtime can make no blocks any more: %s.", parent.Number+1, parent.Number, parent.Hash, what, code, client.Remedy(parent)))
}

// code returns the hash of the code in the state after a block.
func (t *trouble) code(at hash.H256) (hash.H256, error) {
	state, err := t.store.State(at)
	if err != nil {
		return hash.H256{}, err
	}
	defer state.Close()
	code, _, err := state.Get(nil, []byte(":code"))
	return hash.Blake2b256(code), err
}
