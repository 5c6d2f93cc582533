package chainspec

import (
	"encoding/json"
	"errors"
	"fmt"

	"github.com/gotensor/gotensor/primitives/hash"
)

// MaxSize bounds the bytes of a chain spec: real raw specs reach a few hundred megabytes.
const MaxSize = 1 << 30

// MaxSettings bounds the bytes of a chain spec outside of genesis.raw, genesis.runtimeGenesis and codeSubstitutes, with another 128 for each element of a list and each
// member of an object that is read there: real specs have less than 1 MiB, most of it the light sync state.
const MaxSettings = 16 << 20

// Spec is a chain spec. Fields that the file leaves out are zero; [Spec.ChainType] is then "Live", as in Substrate.
type Spec struct {
	Name string // for people: "Bittensor"
	ID   string // for file names and options: "bittensor"
	// ChainType is "Development", "Local" or "Live", or the name of a custom type.
	ChainType  string
	BootNodes  []string // multiaddresses with the peer identity
	Telemetry  []TelemetryEndpoint
	ProtocolID string // part of the network protocols' names; "" stands for none
	ForkID     string
	// Properties are free; see [Spec.Token] for those that every wallet reads.
	Properties map[string]json.RawMessage
	// ForkBlocks are blocks whose hash is known: a different block of that number is refused.
	ForkBlocks []ForkBlock
	BadBlocks  []hash.H256
	// CodeSubstitutes are runtimes that replace the one on chain from a block on, in the order of the block numbers.
	CodeSubstitutes []CodeSubstitute
	LightSyncState  json.RawMessage // nil where there is none
	// Extensions are all other members of the file, as they stand there: relay_chain, para_id, ….
	Extensions map[string]json.RawMessage
	Genesis    Genesis
}

// TelemetryEndpoint is a server that receives telemetry up to a verbosity (0 the least, 9 the most).
type TelemetryEndpoint struct {
	URL       string
	Verbosity uint8
}

// ForkBlock is a block number with the only hash that is right for it.
type ForkBlock struct {
	Number uint64
	Hash   hash.H256
}

// CodeSubstitute is the code that runs from the block number on until the chain itself upgrades to another spec version.
type CodeSubstitute struct {
	Number uint64
	Code   []byte // as in ":code": Wasm, or compressed Wasm
}

// Token is how the chain's own currency is shown. Fields that the properties do not state, or state as a
// list for several currencies, are zero.
type Token struct {
	Symbol     string
	Decimals   uint8
	SS58Format uint16
	HasSS58    bool // SS58Format was stated: prefix 0 is Polkadot's
}

// Token reads tokenSymbol, tokenDecimals and ss58Format of the properties, leaving out what does not have the usual type.
func (s *Spec) Token() Token {
	var t Token
	read := func(name string, to any) bool {
		raw, ok := s.Properties[name]
		return ok && string(raw) != "null" && json.Unmarshal(raw, to) == nil
	}
	if !read("tokenSymbol", &t.Symbol) {
		t.Symbol = ""
	}
	if !read("tokenDecimals", &t.Decimals) {
		t.Decimals = 0
	}
	if t.HasSS58 = read("ss58Format", &t.SS58Format); !t.HasSS58 {
		t.SS58Format = 0
	}
	return t
}

// Error is a fault of a chain spec, with the place where it was found. Err is one of the sentinels of this package or describes a
// malformed value; callers may match it.
type Error struct {
	Path   string // members down to the fault: genesis.raw.top[0x3a636f6465]; empty for the file as a whole
	Offset int64  // bytes into the file, at or shortly after the fault
	Err    error
}

func (e *Error) Error() string {
	if e.Path == "" {
		return fmt.Sprintf("chain spec: byte %d: %v", e.Offset, e.Err)
	}
	return fmt.Sprintf("chain spec: %s (byte %d): %v", e.Path, e.Offset, e.Err)
}

// Unwrap returns the fault without its place.
func (e *Error) Unwrap() error { return e.Err }

// Faults of a chain spec that callers may want to tell apart.
var (
	// ErrNativeGenesis: the genesis is in an old plain form, a configuration that only the chain's own node can turn into state.
	ErrNativeGenesis = errors.New(`plain genesis without its runtime: make the raw form with the chain's own "build-spec --raw"`)
	// ErrPlainGenesis: the entries of the genesis are still to be made, by [Genesis.MakeRaw].
	ErrPlainGenesis = errors.New("plain genesis: its state is not made yet")
	// ErrNoGenesis: genesis is missing, or holds none of raw entries, runtime and configuration, and state root.
	ErrNoGenesis = errors.New("no genesis: expected raw, runtimeGenesis or stateRootHash")
	// ErrNoState: the spec gives the genesis state by its root alone, and the state itself was asked for.
	ErrNoState = errors.New("genesis state is given by its root alone")
	// ErrNoCode: the genesis has no entry ":code", so there is no runtime.
	ErrNoCode = errors.New(`genesis state has no entry ":code"`)
	// ErrDuplicate: a member stands twice.
	ErrDuplicate = errors.New("stands twice")
	// ErrChildKey: the top trie has a key of a child trie.
	ErrChildKey = errors.New("key of a child trie in the top trie: child tries belong under childrenDefault")
	// ErrTooLarge: the file exceeds [MaxSize].
	ErrTooLarge = fmt.Errorf("larger than %d bytes", MaxSize)
	// ErrLargeConfig: the configuration of a plain genesis exceeds [MaxConfig].
	ErrLargeConfig = fmt.Errorf("genesis configuration of more than %d bytes", MaxConfig)
	// ErrSettings: what stands outside of those members exceeds [MaxSettings].
	ErrSettings = fmt.Errorf("more than %d bytes outside of genesis and codeSubstitutes", MaxSettings)
	// ErrSyntax: the file is not JSON.
	ErrSyntax = errors.New("not JSON")
	// ErrType: a value has another type or form than its place asks for.
	ErrType = errors.New("unexpected value")
)
