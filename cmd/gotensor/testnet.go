package main

import (
	"net/url"
	"strings"
	"time"

	"github.com/urfave/cli/v2"

	"github.com/gotensor/gotensor/node/jsonrpc"
	"github.com/gotensor/gotensor/node/offchain"
	"github.com/gotensor/gotensor/primitives/keys"
	"github.com/gotensor/gotensor/primitives/ss58"
)

func testnetCommand() *cli.Command {
	g := flagGroup{}
	g.onOff(fastBlocksFlag.Name, "blocks every 250 ms instead of every 12 s")
	g.number("authorities", 1, "", "`NUMBER` of authorities, all of this process: 1 or 3")
	g.number("port", defaultRPCPort, "", "answer JSON-RPC on this `PORT`, on this machine only: 0 takes a free one")
	g.number("second-port", 0, "none", "answer on this `PORT` as well")
	g.text(basePathFlag.Name, "", "a new folder, which is deleted at the end", "keep the chain below this `FOLDER`, and go on with it the next time", basePathFlag.Aliases...)
	g.onOff("tmp", "keep it in a new folder, which is deleted at the end: so it is where no folder is given")
	g.shared(runtimeFlag)
	g.text("wasm-cache", "", "gotensor/code in the user's folder of caches", "keep compiled code in `FOLDER`, which nobody else may write to")
	g.list("log", "info", "log from a level on, all or by target: `[TARGET=]LEVEL`", "l")
	g.onOff("disable-log-color", "no colours")
	return &cli.Command{
		Name:  "testnet",
		Usage: "run a local chain of our runtime, with accounts that have money",
		Description: `One process is all the authorities of a chain of its own. It keeps every state, answers all that this machine asks, and prints where to
connect, and the accounts. Web pages may call too; unsafe methods are for those of this machine and of https://polkadot.js.org. Stop it with Ctrl-C.

   gotensor testnet
   gotensor testnet --fast-blocks --authorities 3
   gotensor testnet --base-path ~/mychain --second-port 9945`,
		Flags:  g.flags,
		Action: runTestnet,
	}
}

// testnetSetup reads the flags of the command testnet: of what the command node could say, this is the part for a chain that nobody depends on.
func testnetSetup(c *cli.Context) (*setup, localChain, error) {
	r := &flagReader{Context: c}
	r.conflicts()
	authorities := map[uint]string{1: "dev", 3: "local"}
	chain, ok := lookupLocal(authorities[c.Uint("authorities")], c.Bool(fastBlocksFlag.Name))
	if !ok {
		r.fail(usage(c, "--authorities %d: expected 1 or 3", c.Uint("authorities")))
	}
	s := &r.setup
	s.chain, s.base = chain.id, c.String(basePathFlag.Name)
	cfg := &s.config
	cfg.Name, cfg.Version = "testnet", nodeVersion()
	cfg.Authority, cfg.ForceAuthoring, cfg.Seeds = true, true, chain.seeds
	cfg.Offchain = offchain.Always
	cfg.RPC.Policy = jsonrpc.Unrestricted
	cfg.RPC.Server.UnsafeOrigins = unsafeOrigins
	cfg.RPC.FixedPorts, s.portFlags = true, "--port" // a script that was told a port talks to no other chain
	cfg.RPC.Listen = listenAddresses(loopback, r.port("port"))
	if second := r.port("second-port"); c.IsSet("second-port") {
		s.portFlags = "--port and --second-port"
		cfg.RPC.Listen = append(cfg.RPC.Listen, listenAddresses(loopback, second)...)
	}
	// Suites of clients hold many connections and subscriptions: the numbers are those of Subtensor's node, command.rs, customise_config.
	cfg.RPC.Server.MaxConnections, cfg.RPC.Server.MaxSubscriptions = 10_000, 10_000
	cfg.Pool.BanPeriod = noBan
	cfg.Wasm.CacheDir = c.String("wasm-cache")
	return s, chain, r.err
}

func runTestnet(c *cli.Context) error {
	if _, err := arguments(c, 0, 0); err != nil {
		return err
	}
	s, chain, err := testnetSetup(c)
	if err != nil {
		return err
	}
	return s.run(c, func(up *upReport) error {
		report, err := newTestnetReport(chain, up)
		if err != nil {
			return err
		}
		report.temporary = c.String(basePathFlag.Name) == ""
		return emit(c, report)
	})
}

// richAccounts have money at genesis, in TAO. Source: package runtime-wasm/runtime, Presets.
var richAccounts = []struct {
	uri string
	tao uint64
}{
	{"//Alice", 1_000_000}, {"//Bob", 1_000_000}, {"//Charlie", 1_000_000},
	{"//Dave", 2_000}, {"//Eve", 2_000}, {"//Ferdie", 2_000}, {"//One", 2_000}, {"//Two", 2_000}, {"//Three", 2_000},
}

type accountReport struct {
	URI     string `json:"secretURI"`
	Address string `json:"address"`
	TAO     uint64 `json:"tao"`
}

// testnetReport is what one needs to begin with a local chain.
type testnetReport struct {
	upReport
	WebSocket   []string        `json:"webSocket"`
	HTTP        []string        `json:"http"`
	Apps        string          `json:"apps"`
	SlotMillis  int             `json:"slotMilliseconds"`
	Authorities []string        `json:"authorities"` // secret URIs
	Sudo        string          `json:"sudo"`        // the secret URI of the account
	Accounts    []accountReport `json:"accounts"`

	temporary bool
	runtime   string // where a new build of the runtime will be
}

func newTestnetReport(chain localChain, up *upReport) (*testnetReport, error) {
	r := &testnetReport{upReport: *up, SlotMillis: 12_000, Authorities: chain.seeds, Sudo: "//Alice"}
	if chain.fast {
		r.SlotMillis = 250
	}
	for _, address := range up.RPC {
		r.WebSocket = append(r.WebSocket, "ws://"+address)
		r.HTTP = append(r.HTTP, "http://"+address)
	}
	r.Apps = "https://polkadot.js.org/apps/?rpc=" + url.QueryEscape(r.WebSocket[0]) + "#/explorer"
	for _, account := range richAccounts {
		pair, err := keys.FromURI(keys.Sr25519, account.uri, "")
		if err != nil {
			return nil, err
		}
		address, err := ss58.Encode(ss58.Generic, pair.Public())
		if err != nil {
			return nil, err
		}
		r.Accounts = append(r.Accounts, accountReport{account.uri, address, account.tao})
	}
	var err error
	r.runtime, err = chain.runtimeFile()
	return r, err
}

func (r *testnetReport) text(p *printer) {
	p.row("connect to", "%s", strings.Join(r.WebSocket, "  "))
	p.row("or by HTTP", "%s", strings.Join(r.HTTP, "  "))
	p.row("in a browser", "%s", r.Apps)
	kept := r.Folder
	if r.temporary {
		kept += ", until it ends"
	}
	p.row("kept in", "%s", kept)
	p.row("blocks", "every %v, by %s", time.Duration(r.SlotMillis)*time.Millisecond, strings.Join(r.Authorities, ", "))
	p.line("\nsecret URI\taddress\tTAO")
	for _, account := range r.Accounts {
		p.line("%s\t%s\t%d", account.URI, account.Address, account.TAO)
	}
	p.line(`
%s is sudo. To upgrade the runtime while the chain runs: change it, raise SpecVersion in runtime-wasm/runtime/version.go, run make runtime,
and send sudo(system.setCode) with %s.
`, r.Sudo, r.runtime)
}
