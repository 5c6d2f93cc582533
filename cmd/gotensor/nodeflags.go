package main

import (
	"slices"
	"strings"

	"github.com/urfave/cli/v2"

	"github.com/gotensor/gotensor/wasmhost"
)

// Headings under which the help of the node lists its flags.
const (
	categoryChain   = "Chain"
	categoryAuthor  = "Authority"
	categoryRPC     = "JSON-RPC"
	categoryStore   = "Store"
	categoryPool    = "Transaction pool"
	categoryRuntime = "Runtimes and offchain workers"
	categoryKeys    = "Keys"
	categoryLog     = "Log and metrics"
	categoryIdle    = "Without effect, as this release talks to no peers"
)

// Ports that a node listens on where nothing else is said. Source: sc-cli, config.rs, DefaultConfigurationValues (paritytech/polkadot-sdk).
const (
	defaultRPCPort        = 9944
	defaultPrometheusPort = 9615
)

// keyring are the well known authorities that have a flag, in the order of sc-cli's run_cmd.rs. The seed of --alice is //Alice, and so on.
var keyring = []string{"Alice", "Bob", "Charlie", "Dave", "Eve", "Ferdie", "One", "Two"}

// A flagGroup makes the flags under one heading. Empty defaults show the value.
type flagGroup struct {
	category string
	flags    []cli.Flag
}

func (g *flagGroup) onOff(name, usage string, aliases ...string) {
	g.flags = append(g.flags, &cli.BoolFlag{Name: name, Aliases: aliases, Category: g.category, Usage: usage, DisableDefaultText: true})
}

func (g *flagGroup) text(name, value, defaults, usage string, aliases ...string) {
	g.flags = append(g.flags, &cli.StringFlag{Name: name, Aliases: aliases, Category: g.category, Value: value, DefaultText: defaults, Usage: usage})
}

func (g *flagGroup) number(name string, value uint, defaults, usage string) {
	g.flags = append(g.flags, &cli.UintFlag{Name: name, Category: g.category, Value: value, DefaultText: defaults, Usage: usage})
}

func (g *flagGroup) list(name, defaults, usage string, aliases ...string) {
	g.flags = append(g.flags, &cli.StringSliceFlag{Name: name, Aliases: aliases, Category: g.category, DefaultText: defaults, Usage: usage})
}

// shared adds copies of flags that other commands have too.
func (g *flagGroup) shared(flags ...cli.Flag) {
	for _, f := range flags {
		switch f := f.(type) {
		case *cli.BoolFlag:
			f = new(*f)
			f.Category = g.category
			g.flags = append(g.flags, f)
		case *cli.StringFlag:
			f = new(*f)
			f.Category = g.category
			g.flags = append(g.flags, f)
		case *cli.Int64Flag:
			f = new(*f)
			f.Category = g.category
			g.flags = append(g.flags, f)
		default:
			panic("BUG: flag of a kind that no group shares")
		}
	}
}

// nodeFlags are the flags of the command node: those of sc-cli's run_cmd.rs and params (paritytech/polkadot-sdk, stable2506), and a few of our own.
func nodeFlags() []cli.Flag {
	chain := flagGroup{category: categoryChain}
	chain.text(chainFlag.Name, "", "", "the chain: dev, local, or the file of a chain spec: `SPEC`")
	chain.onOff("dev", "run a chain for development: --chain dev --force-authoring --rpc-cors all --tmp, and the keys of //Alice and //One; what is given besides takes the place of its part")
	chain.text(basePathFlag.Name, "", basePathFlag.DefaultText, "keep chains, keys and the node's identity below this `FOLDER`", basePathFlag.Aliases...)
	chain.onOff("tmp", "keep them in a new folder, which is deleted at the end")
	chain.text("name", "", "two words and a number", "call the node `NAME`")
	chain.shared(runtimeFlag, fastBlocksFlag)

	author := flagGroup{category: categoryAuthor}
	author.onOff("validator", "author blocks and vote, with the keys in the keystore")
	author.onOff("force-authoring", "author without peers")
	author.onOff("no-grandpa", "do not vote on what is final")
	author.text("initial-consensus", "aura", "", "`CONSENSUS` by which blocks are authored: aura")
	for _, name := range keyring {
		author.onOff(strings.ToLower(name), "--validator --name "+name+", with the keys of //"+name)
	}

	rpc := flagGroup{category: categoryRPC}
	rpc.number("rpc-port", defaultRPCPort, "", "listen for HTTP and WebSocket on `PORT`: 0 takes a free one")
	rpc.onOff("rpc-external", "listen on all interfaces; refused with --validator")
	rpc.onOff("unsafe-rpc-external", "listen on all interfaces, with --validator too")
	rpc.text("rpc-methods", "auto", "", "offer `METHODS`: safe, unsafe, or auto, which offers unsafe ones on loopback addresses only")
	rpc.text("rpc-cors", "", "pages of this machine, and https://polkadot.js.org", "answer web pages of `ORIGINS`, with commas between them, or all")
	rpc.number("rpc-max-connections", 100, "", "`COUNT` of connections")
	rpc.number("rpc-max-request-size", 15, "", "`MiB` of a request")
	rpc.number("rpc-max-response-size", 15, "", "`MiB` of a response")
	rpc.number("rpc-max-subscriptions-per-connection", 1024, "", "`COUNT` of subscriptions of a connection")
	rpc.number("rpc-message-buffer-capacity-per-connection", 64, "", "`COUNT` of messages that wait for a client")
	rpc.onOff("rpc-disable-batch-requests", "refuse batches", "rpc-no-batch-requests")
	rpc.number("rpc-max-batch-request-len", 0, "any", "`COUNT` of requests in a batch")
	rpc.number("rpc-rate-limit", 0, "any", "`CALLS` a minute of a connection")
	rpc.list("rpc-rate-limit-whitelisted-ips", "", "`NETWORKS` without that limit, as 10.0.0.0/8")
	rpc.onOff("rpc-rate-limit-trust-proxy-headers", "believe what X-Real-IP, X-Forwarded-For and Forwarded say about who calls")

	store := flagGroup{category: categoryStore}
	store.shared(pruningFlags("256", "archive-canonical")...)
	store.flags[0].(*cli.StringFlag).DefaultText = "256; archive for an authority"
	store.shared(dbCacheFlag)
	store.text("database", "auto", "", "`ENGINE` of the store: badger, or auto, which is the same")

	pool := flagGroup{category: categoryPool}
	pool.number("pool-limit", 8192, "", "`COUNT` of transactions")
	pool.number("pool-kbytes", 20480, "", "`KiB` of transactions")
	pool.number("tx-ban-seconds", 1800, "1800; 0 with --dev", "keep a transaction that was invalid out for so many `SECONDS`")
	pool.text("pool-type", "single-state", "", "`TYPE` of the pool: single-state")

	run := flagGroup{category: categoryRuntime}
	run.text("wasm-execution", "compiled", "", "`METHOD` to run code: compiled, or interpreted-i-know-what-i-do, which is slow and comes to the same results")
	run.shared(resetFlag)
	run.text("wasm-cache", "", "gotensor/code in the user's folder of caches", "keep compiled code in `FOLDER`, which nobody else may write to")
	run.number("runtime-cache-size", wasmhost.DefaultKeep, "", "`COUNT` of runtimes that stay compiled in memory")
	run.number("max-runtime-instances", 0, "two for each processor", "`COUNT` of calls of a runtime that JSON-RPC makes together: further ones wait")
	run.text("offchain-worker", "when-authority", "", "run offchain workers `WHEN`: always, never or when-authority")
	run.text("enable-offchain-indexing", "false", "", "`true` lets the runtime write to the database of the offchain workers")

	keys := flagGroup{category: categoryKeys}
	keys.text("keystore-path", "", "keystore in the chain's folder", "keep keys in `FOLDER`")
	keys.shared(storePasswordFlags...)
	keys.text("node-key", "", "", "secret of the node's identity, 64 digits: `HEX` (it shows in the list of processes: better one of a file)")
	keys.text("node-key-file", "", "network/secret_ed25519 in the chain's folder", "`FILE` of that secret, which is made where it is missing")
	keys.text("node-key-type", "ed25519", "", "`SCHEME` of the identity: ed25519")

	log := flagGroup{category: categoryLog}
	log.list("log", "info", "log from a level on, error, warn, info, debug or trace, all or by target: `[TARGET=]LEVEL`, with commas between them", "l")
	log.onOff("detailed-log-output", "log level and target of each line, as is done where any is logged beyond info")
	log.onOff("disable-log-color", "no colours")
	log.onOff("enable-log-reloading", "not needed: system_addLogFilter, which is an unsafe method, always changes what is logged")
	log.number("prometheus-port", defaultPrometheusPort, "", "serve metrics on `PORT`: 0 takes a free one")
	log.onOff("prometheus-external", "serve metrics on all interfaces")
	log.onOff("no-prometheus", "serve no metrics")

	idle := flagGroup{category: categoryIdle}
	for _, f := range idleFlags {
		names := strings.Fields(f.names)
		if f.value == "" {
			idle.onOff(names[0], "", names[1:]...)
		} else {
			idle.list(names[0], "", "`"+f.value+"`", names[1:]...)
		}
	}
	return slices.Concat(chain.flags, author.flags, rpc.flags, store.flags, pool.flags, run.flags, keys.flags, log.flags, idle.flags)
}

// idleFlags are flags of nodes with peers. They are taken, so that scripts that start other nodes start this one, and named in a warning; but for those
// that ask for nothing that there is not: less discovery, no telemetry, an identity that is made.
var idleFlags = []struct {
	names, value string // with blanks between names; no value: a switch
	quiet        bool
}{
	{"port", "PORT", false},
	{"listen-addr", "ADDRESS", false},
	{"public-addr", "ADDRESS", false},
	{"bootnodes", "ADDRESS", false},
	{"reserved-nodes", "ADDRESS", false},
	{"reserved-only", "", false},
	{"in-peers", "COUNT", false},
	{"in-peers-light", "COUNT", false},
	{"out-peers", "COUNT", false},
	{"max-parallel-downloads", "COUNT", false},
	{"max-blocks-per-request", "COUNT", false},
	{"network-backend", "BACKEND", false},
	{"sync", "MODE", false},
	{"history-backfill", "MODE", false},
	{"telemetry-url", "URL", false},
	{"discover-local", "", true},
	{"no-mdns", "", true},
	{"allow-private-ip allow-private-ipv4", "", true},
	{"no-private-ip no-private-ipv4", "", true},
	{"unsafe-force-node-key-generation", "", true},
	{"no-telemetry", "", true},
	{"insecure-validator-i-know-what-i-do", "", true},
}

// otherFlags are flags of Substrate's or Subtensor's node that this one does not take, with what to do instead.
var otherFlags = map[string]string{
	"sealing":                         "blocks come at the slots of Aura; --fast-blocks has slots of 250 ms",
	"wasmtime-instantiation-strategy": "--wasm-reset says how memory gets fresh between calls",
	"wasm-runtime-overrides":          "codeSubstitutes in the chain spec replaces a runtime from a block on",
	"trie-cache-size":                 "--db-cache bounds all that the store holds in memory",
	"warm-up-trie-cache":              "--db-cache bounds all that the store holds in memory",
	"execution":                       "runtimes always run as Wasm: leave it out",
	"tracing-targets":                 "there is no profiling by spans: --log logs by target",
	"tracing-receiver":                "there is no profiling by spans: --log logs by target",
	"experimental-rpc-endpoint":       "--rpc-port and --rpc-external say where the node listens",
	"rpc-listen-addrs":                "--rpc-port and --rpc-external say where the node listens",
	"ws-port":                         "HTTP and WebSocket share --rpc-port",
	"ws-external":                     "HTTP and WebSocket share --rpc-external",
	"three":                           "insert the keys of //Three into the keystore, as with Subtensor's node, or run gotensor testnet --authorities 3",
	"enable-dev-signer":               "the chain's own EVM is not there yet",
	"frontier-backend-type":           "the chain's own EVM is not there yet",
}

// attachedValues writes the short flags of a node as long ones, and parts them from values that stand behind them without a blank: Substrate's parser takes
// "-lruntime=debug", and "-l" beside "--log".
func attachedValues(app *cli.App, args []string) []string {
	begin := 1 // of the command, behind flags of the program as --json
	for begin < len(args) && strings.HasPrefix(args[begin], "-") {
		begin++
	}
	if begin >= len(args) || args[begin] != "node" && args[begin] != "testnet" {
		return args
	}
	long := make(map[string]string) // by all names
	for _, f := range app.Command(args[begin]).Flags {
		for _, name := range f.Names() {
			long[name] = f.Names()[0]
		}
	}
	args = slices.Clone(args)
	for i, arg := range args {
		if i <= begin {
			continue
		}
		if arg == "--" {
			break
		}
		if len(arg) < 2 || arg[0] != '-' || arg[1] == '-' {
			continue
		}
		short, value := arg[1:2], strings.TrimPrefix(arg[2:], "=")
		name, _, _ := strings.Cut(arg[1:], "=")
		switch {
		case long[short] == "" || len(name) > 1 && long[name] != "": // a long name behind one dash is one
		case value == "":
			args[i] = "--" + long[short]
		default:
			args[i] = "--" + long[short] + "=" + value
		}
	}
	return args
}
