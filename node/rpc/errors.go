package rpc

import (
	"errors"
	"fmt"

	"github.com/gotensor/gotensor/node/jsonrpc"
	"github.com/gotensor/gotensor/node/pool"
	"github.com/gotensor/gotensor/primitives/hash"
	"github.com/gotensor/gotensor/storage/db"
	"github.com/gotensor/gotensor/wasmhost"
)

// Codes of errors. Sources: sc-rpc-api, error.rs (base) and the error.rs of each group; substrate-frame-rpc-system and pallet-transaction-payment-rpc; sc-consensus-
// grandpa-rpc, error.rs.
const (
	authorBadFormat      = 1001
	authorOther          = 1040
	systemPeerArgument   = 2002
	chainOther           = 3001
	chainClient          = 3002
	stateBlockRange      = 4001
	stateCount           = 4002
	stateClient          = 4003
	offchainStorageKind  = 5001
	devBlockQuery        = 6001
	devBlockExecution    = 6003
	devWitnessCompaction = 6004
	frameRuntime         = 1
	frameDecode          = 2
	grandpaNotReady      = 1
	grandpaSetTooLarge   = 2
	grandpaStateTooLarge = 3
	grandpaProve         = 4
)

// errChildKey: what was given as the key of a child trie is none.
var errChildKey = errors.New("invalid child storage key")

// reason returns an error of the store or of a runtime call in Substrate's words. unknown is what it says first of a block that is not there: a plain query of the
// back end says "UnknownBlock", a call of a runtime API "Api called for an unknown Block", and a call of any function by its name, as state_call makes it, asks for the
// block's number first. Clients look for these texts. Sources: sp_blockchain and sp_api, error.rs; sc-executor-common, error.rs; sc-client-db, state_at; sc-service,
// call_executor.rs.
func reason(err error, at hash.H256, api, unknown string) string {
	var guest *wasmhost.GuestPanic
	var trap *wasmhost.Trap
	switch {
	case errors.Is(err, db.ErrPruned) && unknown == ofCall:
		return reason(err, at, api, ofBackend)
	case errors.Is(err, db.ErrPruned):
		return fmt.Sprintf("%s: State already discarded for %s", unknown, at)
	case errors.Is(err, db.ErrUnknownBlock) && unknown == ofCall:
		return fmt.Sprintf("%s: Expect block number from id: BlockId::Hash(%s)", ofBackend, at)
	case errors.Is(err, db.ErrUnknownBlock):
		return fmt.Sprintf("%s: Header was not found in the database: %s", unknown, at)
	case errors.Is(err, wasmhost.ErrUnknownAPI):
		return "Execution failed: Other: Exported method " + clip(api) + " is not found"
	case errors.As(err, &guest):
		return "Execution failed: Execution aborted due to panic: " + guest.Message
	case errors.As(err, &trap):
		return "Execution failed: Execution aborted due to trap: " + trap.Error()
	case errors.Is(err, errChildKey):
		return "Invalid child storage key"
	}
	return "Backend error: " + err.Error()
}

const (
	ofBackend = "UnknownBlock"
	ofAPI     = "Api called for an unknown Block"
	ofCall    = "call"
)

// backendError is the answer where reading the chain failed.
func backendError(code int, err error, at hash.H256) error {
	return withReason(code, err, at, "", ofBackend)
}

// apiError is the answer where a call of a runtime API failed.
func apiError(code int, err error, at hash.H256, api string) error {
	return withReason(code, err, at, api, ofAPI)
}

func withReason(code int, err error, at hash.H256, api, unknown string) error {
	var already *jsonrpc.Error
	if errors.As(err, &already) {
		return already
	}
	return &jsonrpc.Error{Code: code, Message: "Client error: " + reason(err, at, api, unknown)}
}

// frameError is the answer of the methods that stand for pallets: message says what was wanted, the reason is its data.
func frameError(message string, err error, at hash.H256, api string) error {
	return &jsonrpc.Error{Code: frameRuntime, Message: message, Data: reason(err, at, api, ofAPI)}
}

// poolError is the answer where the pool refused a transaction.
func poolError(err error) error {
	e := pool.Explain(err)
	out := &jsonrpc.Error{Code: e.Code, Message: e.Message}
	if e.Data != "" {
		out.Data = e.Data
	}
	return out
}
