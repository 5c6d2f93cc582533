package wasmhost

import (
	"context"
	"encoding/binary"
	"fmt"

	"github.com/gotensor/gotensor/primitives/hash"
	"github.com/gotensor/gotensor/primitives/keys"
	"github.com/gotensor/gotensor/storage"
	"github.com/gotensor/gotensor/storage/trie"
)

// Env is everything that one runtime call may touch. It is bound to that call and to no other. A capability
// that is nil is forbidden: the host function that needs it traps with ErrForbidden.
type Env struct {
	Storage         Storage         // state of the block that the call runs on
	Keystore        Keystore        // node keys: offchain workers and session key generation
	Offchain        Offchain        // time, randomness, network: offchain workers only
	TransactionPool TransactionPool // submission of transactions: offchain workers, and calls that report equivocations
	OffchainDB      OffchainDB      // local storage: offchain workers, and whatever else the node trusts with it
	// TransactionIndex receives index and renew requests of a block. Unlike the rest nil forbids nothing: it drops them.
	TransactionIndex TransactionIndex
	// Signatures remembers good signatures of sr25519 and ed25519 from call to call; nil verifies each time.
	Signatures *Signatures
	// ProofSize returns the bytes of the proof recorded so far; nil answers the host function with u64::MAX, as Substrate does when nothing records.
	ProofSize func() uint64
	// Log receives the runtime's records of the levels up to MaxLogLevel; nil drops them. MaxLogLevel is also what ext_logging_max_level answers.
	Log         func(level LogLevel, target, message string)
	MaxLogLevel LogLevel
	// HeapPages is how many pages of 64 KiB the call may have beyond those that the module declares; 0 takes DefaultHeapPages. Calls on a chain's
	// state take what HeapPages, the function, reads there. The module's declared maximum and Config.MaxPages stay bounds.
	HeapPages uint32

	nested bool // the call answers ext_misc_runtime_version of another call
}

// heapPagesKey is where a chain's state says how many heap pages its runtime gets. Source: sp_storage, well_known_keys::HEAP_PAGES.
var heapPagesKey = []byte(":heappages")

// HeapPages returns what Env.HeapPages is for calls on this state: the u64 at ":heappages". It is 0, for the default, where the state has none
// or bytes that are no u64. Numbers beyond 32 bits lose their upper half, as in Substrate. A stored 0 is the default too, while Substrate gives the
// guest no heap then, on which no call of a real runtime gets far.
// Source: sp_state_machine, BackendRuntimeCode::runtime_code; sc_executor, WasmExecutor.
func HeapPages(state storage.Reader) (uint32, error) {
	value, ok, err := state.Get(nil, heapPagesKey)
	if err != nil {
		return 0, fmt.Errorf("read :heappages: %w", err)
	}
	if !ok || len(value) < 8 {
		return 0, nil
	}
	return binary.LittleEndian.Uint32(value), nil
}

// LogLevel is the level of a record, or the most detailed level that is wanted: then LogOff wants none. The numbers are those that
// ext_logging_max_level answers. ext_logging_log numbers the levels of records from 0, error, to 4, trace: one less.
type LogLevel uint32

// Log levels. No record has LogOff.
const (
	LogOff LogLevel = iota
	LogError
	LogWarn
	LogInfo
	LogDebug
	LogTrace
)

// Storage is the mutable state of one execution; *storage.Overlay implements it. A nil child names the top trie, an empty
// one the child trie of the empty key. Arguments are views of guest memory, here and in the interfaces below: what is kept
// must be copied. An error ends the call. Those that package storage and trie.ErrSubstratePanics name are misuse by the guest; any other is a failure of the
// back end, and the Trap wraps ErrHost.
type Storage interface {
	storage.Reader
	// EnterRuntime begins a guest call: transactions that are open now are out of the guest's reach. ExitRuntime ends it and rolls back those that the
	// guest left open. Runtime.Call calls both.
	EnterRuntime() error
	ExitRuntime() (dangling int, err error)
	Set(child, key, value []byte) error
	Delete(child, key []byte) error
	// Append adds a SCALE item to the sequence at key of the top trie, replacing what is no sequence.
	Append(key, item []byte) error
	// IndexOffchain notes a write for offchain use, a removal where set is false. It is no part of the state, and follows transactions as the
	// state does.
	IndexOffchain(key, value []byte, set bool) error
	// ClearPrefix deletes the keys that start with prefix. A nil limit deletes all. The limit counts keys of the
	// parent state only: keys that live in the overlay alone are always deleted. cursor, where not nil, is the key to resume from.
	ClearPrefix(child, prefix []byte, limit *uint32, cursor []byte) (storage.Cleared, error)
	// KillChild is ClearPrefix of a whole child trie.
	KillChild(child []byte, limit *uint32, cursor []byte) (storage.Cleared, error)
	// Root calculates the root of the top trie after all that was written so far, child roots included.
	Root(version trie.Version) (hash.H256, error)
	ChildRoot(child []byte, version trie.Version) (hash.H256, error)
	// Begin opens a nested transaction; Rollback and Commit close the innermost. Closing where the guest opened none is an error.
	Begin() error
	Rollback() error
	Commit() error
}

// Keystore holds the node's keys.
type Keystore interface {
	// PublicKeys returns the public keys of a purpose, in a stable order.
	PublicKeys(scheme keys.Scheme, id keys.TypeID) ([][]byte, error)
	// Generate makes a key, from the secret URI where it is not empty, stores it and returns its public key.
	Generate(scheme keys.Scheme, id keys.TypeID, uri string) ([]byte, error)
	// Sign signs message; ok is false when the key is not held. ECDSA signs blake2b-256(message).
	Sign(scheme keys.Scheme, id keys.TypeID, public, message []byte) (signature []byte, ok bool, err error)
	// SignPrehashed is ECDSA over a 32-byte digest that the runtime made.
	SignPrehashed(id keys.TypeID, public []byte, digest [32]byte) (signature []byte, ok bool, err error)
}

// TransactionIndex receives ext_transaction_index_*: extrinsic is its index in the block, size and hash are of the data in it.
type TransactionIndex interface {
	Index(extrinsic, size uint32, contentHash hash.H256)
	Renew(extrinsic uint32, contentHash hash.H256)
}

// Offchain is what an offchain worker alone may do.
type Offchain interface {
	IsValidator() bool
	NetworkState() (peerID []byte, addresses [][]byte, ok bool)
	Timestamp() uint64 // milliseconds since 1970
	// SleepUntil waits until deadline, in milliseconds since 1970, or until ctx, the call's, ends.
	SleepUntil(ctx context.Context, deadline uint64)
	RandomSeed() [32]byte
	HTTP() OffchainHTTP // nil forbids HTTP
}

// TransactionPool takes transactions that the runtime makes.
type TransactionPool interface {
	// SubmitTransaction tells whether the pool took the encoded extrinsic.
	SubmitTransaction(extrinsic []byte) bool
}

// OffchainDB is the node's local storage, which is no part of the chain. Kind of storage: 1 persistent, 2 local to the fork.
type OffchainDB interface {
	Set(kind uint32, key, value []byte)
	Clear(kind uint32, key []byte)
	// CompareAndSet sets value where the present one equals old (absent: hasOld false), and tells whether it did.
	CompareAndSet(kind uint32, key, old []byte, hasOld bool, value []byte) bool
	Get(kind uint32, key []byte) ([]byte, bool)
}

// OffchainHTTP is the HTTP client of offchain workers; deadlines are milliseconds since 1970, nil means none. What waits also ends
// with ctx, the call's, whose end then ends the call. The error codes of the Host API: see HTTPError.
type OffchainHTTP interface {
	RequestStart(method, uri string) (id uint16, ok bool)
	AddHeader(id uint16, name, value string) bool
	WriteBody(ctx context.Context, id uint16, chunk []byte, deadline *uint64) HTTPError
	// ResponseWait returns a status for each id: 0 unknown id, 10 deadline reached, 20 I/O error, else the HTTP status.
	ResponseWait(ctx context.Context, ids []uint16, deadline *uint64) []uint16
	ResponseHeaders(id uint16) [][2][]byte
	ReadBody(ctx context.Context, id uint16, buffer []byte, deadline *uint64) (int, HTTPError)
}

// HTTPError is an error code of the offchain HTTP functions.
type HTTPError uint8

// HTTP error codes; HTTPOk is success.
const (
	HTTPOk HTTPError = iota
	HTTPDeadlineReached
	HTTPIOError
	HTTPInvalidID
)
