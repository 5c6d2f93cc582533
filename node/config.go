package node

import (
	"github.com/gotensor/gotensor/consensus/aura"
	"github.com/gotensor/gotensor/node/chainspec"
	"github.com/gotensor/gotensor/node/jsonrpc"
	"github.com/gotensor/gotensor/node/logging"
	"github.com/gotensor/gotensor/node/offchain"
	"github.com/gotensor/gotensor/node/pool"
	"github.com/gotensor/gotensor/storage/db"
	"github.com/gotensor/gotensor/wasmhost"
)

// Config is what a node is made of. The zero value of every field but Spec and Folder is usable.
type Config struct {
	// Spec is the chain, in raw form (chainspec.Genesis.MakeRaw).
	Spec *chainspec.Spec
	// Folder is where the chain is kept: db/full, keystore and network below it. It is made where it is missing.
	Folder string
	// Name is the node's, for people; Version is the program's: "0.5.0-1a2b3c4d5e6".
	Name, Version string
	// Authority: the node authors and votes with the keys in its keystore.
	Authority bool
	// ForceAuthoring authors without peers, and before the node has caught up. Without it a node alone still authors where the chain spec has no boot nodes.
	ForceAuthoring bool
	// Seeds are secret URIs of which session keys are made when the node starts, and kept in memory: "//Alice".
	Seeds []string
	// KeystorePath is the folder of keys instead of keystore below Folder; KeystorePassword is the one that the mnemonics in it were made with.
	KeystorePath, KeystorePassword string
	// NodeKey is the ed25519 secret of the node's identity; nil reads it from network/secret_ed25519 below Folder, and makes it where it is missing.
	NodeKey *[32]byte
	// NoGrandpa: the node does not vote. It follows what is final by justifications alone.
	NoGrandpa bool

	// Store says what is kept, and StoreMemory bounds its memory in bytes: 0 for db.DefaultMemory.
	Store       db.Options
	StoreMemory int64
	// Wasm is how runtimes are run. Engine, where not nil, runs them instead, and stays the caller's: it may have compiled the genesis runtime already.
	Wasm   wasmhost.Config
	Engine *wasmhost.Engine
	// Signatures is how many good signatures are remembered: 0 for a default.
	Signatures int

	RPC        RPCConfig
	Pool       pool.Config // Authoring, Log and Metrics are the node's
	Prometheus PrometheusConfig
	// Offchain says when offchain workers run. OffchainIndexing keeps what the runtime indexes for them.
	Offchain         offchain.Mode
	OffchainIndexing bool

	// Log is where the node says what happens; nil drops it.
	Log *logging.Log
	// Quiet leaves out the line that tells every five seconds how the chain stands.
	Quiet bool
	// Clock is what slots are read from; nil for the machine's.
	Clock aura.Clock
}

// RPCConfig says who may ask what.
type RPCConfig struct {
	// Listen are host:port pairs; port 0 takes any free one, and so does a port that is in use. Different hosts with one port, one after another, have the same
	// port then, too. None: no RPC.
	Listen []string
	// FixedPorts: a port that is in use is an error.
	FixedPorts bool
	// MaxRuntimeCalls is how many calls of a runtime there are together on behalf of clients: 0 takes the default of package rpc. --max-runtime-instances
	MaxRuntimeCalls int
	// Policy says whose calls of unsafe methods are answered: --rpc-methods.
	Policy jsonrpc.Policy
	// Server has the limits, and the origins that are let in. Logger and Metrics are the node's.
	Server jsonrpc.Config
}

// PrometheusConfig is where metrics are served: "" for nowhere.
type PrometheusConfig struct{ Listen string }
