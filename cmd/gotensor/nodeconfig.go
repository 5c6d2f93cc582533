package main

import (
	"crypto/rand"
	"encoding/hex"
	"errors"
	"fmt"
	"io/fs"
	"math"
	"math/big"
	"net"
	"net/netip"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/urfave/cli/v2"

	"github.com/gotensor/gotensor/node"
	"github.com/gotensor/gotensor/node/jsonrpc"
	"github.com/gotensor/gotensor/node/offchain"
	"github.com/gotensor/gotensor/node/pool"
	"github.com/gotensor/gotensor/wasmhost"
)

// setup is what the flags of a node say. Nothing was opened for it.
type setup struct {
	config   node.Config // all but Spec, Folder and Log
	chain    string      // what --chain means
	base     string      // folder of the chains; "" is a new one that is deleted at the end
	warnings []string    // logged when the node starts

	portFlags string // the flags that say where to listen
	temporary bool   // base was "", and is that new folder
	cache     string // where compiled code is kept; "" is nowhere
	kept      string // the file of the spec where the chain was begun before
	keep      bool   // the spec has to be written there
}

// nodeSetup reads the flags of the command node. What they mean together, and which contradict each other, is sc-cli's: commands/run_cmd.rs and params
// (paritytech/polkadot-sdk, stable2506).
func nodeSetup(c *cli.Context) (*setup, error) {
	r := &flagReader{Context: c}
	r.setup.portFlags = "--rpc-port and --prometheus-port"
	r.conflicts()
	for _, read := range []func(){r.readChain, r.readAuthority, r.readRPC, r.readStore, r.readPool, r.readRuntime, r.readKeys, r.readMetrics, r.readIdle} {
		if read(); r.err != nil {
			return nil, r.err
		}
	}
	return &r.setup, nil
}

// flagReader reads flags into a setup. The first error stays.
type flagReader struct {
	*cli.Context
	setup setup
	err   error
}

func (r *flagReader) fail(err error) {
	if r.err == nil {
		r.err = err
	}
}

func (r *flagReader) warn(format string, args ...any) {
	r.setup.warnings = append(r.setup.warnings, fmt.Sprintf(format, args...))
}

// given tells whether a flag stands on the command line, and is not switched off there.
func (r *flagReader) given(name string) bool {
	on, isBool := r.Value(name).(bool)
	return r.IsSet(name) && (on || !isBool)
}

// choice reads a flag whose value is one of a few words, in any case of letters.
func (r *flagReader) choice(name string, words ...string) string {
	word := strings.ToLower(r.String(name))
	if !slices.Contains(words, word) {
		r.fail(usage(r.Context, "--%s %q: expected %s", name, r.String(name), strings.Join(words, " or ")))
	}
	return word
}

// number reads a flag that is a number of something, from least to most.
func (r *flagReader) number(name string, least, most uint) int {
	n := r.Uint(name)
	if n < least || n > most {
		r.fail(usage(r.Context, "--%s %d: expected a number from %d to %d", name, n, least, most))
		return 0
	}
	return int(n)
}

// positive reads a flag that is a number of something, of which there must be some.
func (r *flagReader) positive(name string) int { return r.number(name, 1, math.MaxInt32) }

// mebibytes reads a flag that is a size in MiB, in bytes.
func (r *flagReader) mebibytes(name string) int { return r.number(name, 1, math.MaxInt32>>20) << 20 }

func (r *flagReader) port(name string) string {
	return strconv.Itoa(r.number(name, 0, math.MaxUint16))
}

// exclusive are flags of which one at most is given.
var exclusive = [][]string{
	{"alice", "bob", "charlie", "dave", "eve", "ferdie", "one", "two"},
	{"tmp", "base-path"},
	{"rpc-disable-batch-requests", "rpc-max-batch-request-len"},
	{"port", "listen-addr"},
	{"allow-private-ip", "no-private-ip"},
}

func (r *flagReader) conflicts() {
	for _, names := range exclusive {
		var found []string
		for _, name := range names {
			if r.given(name) {
				found = append(found, "--"+name)
			}
		}
		if len(found) > 1 {
			r.fail(usage(r.Context, "%s exclude each other", strings.Join(found, " and ")))
		}
	}
}

// key is the authority whose flag is given, or "".
func (r *flagReader) key() string {
	i := slices.IndexFunc(keyring, func(name string) bool { return r.given(strings.ToLower(name)) })
	if i < 0 {
		return ""
	}
	return keyring[i]
}

func (r *flagReader) readChain() {
	s, dev := &r.setup, r.Bool("dev")
	switch s.chain = r.String(chainFlag.Name); {
	case s.chain != "":
	case dev:
		s.chain = "dev"
	default:
		r.fail(hint(usage(r.Context, "which chain? give --%s or --dev", chainFlag.Name), "--dev runs a chain for development; --%s takes dev, local, or the file of a chain spec", chainFlag.Name))
	}
	if !r.Bool("tmp") && (!dev || r.IsSet(basePathFlag.Name)) {
		base, err := basePath(r.Context)
		if err != nil {
			r.fail(err)
		}
		s.base = base
	}
	switch s.config.Name = r.String("name"); {
	case r.IsSet("name"):
	case r.key() != "":
		s.config.Name = r.key()
	default:
		s.config.Name = randomName()
	}
	if fault := nameFault(s.config.Name); fault != "" {
		r.fail(usage(r.Context, "--name %q: %s", s.config.Name, fault))
	}
	s.config.Version = nodeVersion()
}

// maxName bounds a node's name in characters. Source: sc-cli, config.rs, NODE_NAME_MAX_LENGTH.
const maxName = 64

// nameFault says what is wrong with a node's name, or "". Source: sc-cli, commands/run_cmd.rs, is_node_name_valid.
func nameFault(name string) string {
	switch {
	case name == "":
		return "expected a name"
	case !utf8.ValidString(name):
		return "expected UTF-8"
	case utf8.RuneCountInString(name) >= maxName:
		return fmt.Sprintf("expected less than %d characters", maxName)
	case strings.ContainsAny(name, `\.@`):
		return `expected none of \ . @`
	case strings.HasPrefix(name, "http:"), strings.HasPrefix(name, "https:"):
		return "expected a name, and no address"
	}
	return ""
}

// Words of the names that nodes give themselves.
var (
	adjectives = strings.Fields("amber brisk calm clever daring eager fleet gentle hardy jolly keen lively mellow nimble olive patient quiet rapid silver steady tidy upbeat vivid warm witty")
	nouns      = strings.Fields("badger beacon brook cedar comet dune ember falcon fern glacier harbor heron lantern maple marmot meadow otter pebble prairie quartz raven reef sparrow tensor willow")
)

// randomName makes a name like jolly-otter-4711.
func randomName() string {
	pick := func(n int) int {
		i, err := rand.Int(rand.Reader, big.NewInt(int64(n)))
		if err != nil {
			panic("BUG: " + err.Error()) // the system's randomness returns no errors
		}
		return int(i.Int64())
	}
	return fmt.Sprintf("%s-%s-%04d", adjectives[pick(len(adjectives))], nouns[pick(len(nouns))], pick(10_000))
}

// nodeVersion is what the node says about itself: the release, and the commit where that is known.
func nodeVersion() string {
	v := newVersionReport()
	commit := v.Commit[:min(len(v.Commit), 11)]
	if commit == "" {
		commit = "unknown"
	}
	return v.Version + "-" + commit
}

func (r *flagReader) readAuthority() {
	cfg, dev := &r.setup.config, r.Bool("dev")
	cfg.Authority = r.Bool("validator") || dev || r.key() != ""
	cfg.ForceAuthoring = r.Bool("force-authoring") || dev
	cfg.NoGrandpa = r.Bool("no-grandpa")
	switch {
	case r.key() != "":
		cfg.Seeds = []string{"//" + r.key()}
	case dev: // the authority of Substrate's chains for development is Alice, that of Subtensor's and ours is One
		cfg.Seeds = []string{"//Alice", "//One"}
	}
	r.choice("initial-consensus", "aura")
}

// Interfaces to listen on: this machine's own, and all.
var (
	loopback   = []string{"127.0.0.1", "::1"}
	everywhere = []string{"0.0.0.0", "::"}
)

func listenAddresses(hosts []string, port string) (addresses []string) {
	for _, host := range hosts {
		addresses = append(addresses, net.JoinHostPort(host, port))
	}
	return addresses
}

// localOrigins are the web pages that may call where nothing else is said. Source: sc-cli, commands/run_cmd.rs, rpc_cors.
var localOrigins = []string{"http://localhost:*", "http://127.0.0.1:*", "https://localhost:*", "https://127.0.0.1:*", "https://polkadot.js.org"}

// unsafeOrigins are the web pages that may call unsafe methods where all may call: whatever page a developer looks at could insert keys otherwise, or move the chain. They
// are those pages, at the port that an address need not name and by IPv6 as well.
var unsafeOrigins = append([]string{"http://localhost", "http://127.0.0.1", "http://[::1]", "http://[::1]:*", "https://localhost", "https://127.0.0.1", "https://[::1]", "https://[::1]:*"}, localOrigins...)

func (r *flagReader) readRPC() {
	rpc := &r.setup.config.RPC
	policy, err := jsonrpc.ParsePolicy(r.choice("rpc-methods", "auto", "safe", "unsafe"))
	if err != nil {
		r.fail(err)
	}
	rpc.Policy = policy
	if r.Bool("rpc-external") && r.Bool("validator") && policy != jsonrpc.Unrestricted {
		r.fail(hint(usage(r.Context, "--rpc-external with --validator: the RPC of an authority is not for everybody"), "who knows the risk gives --unsafe-rpc-external, or --rpc-methods unsafe"))
	}
	hosts := loopback
	if r.Bool("rpc-external") || r.Bool("unsafe-rpc-external") {
		hosts = everywhere
		if policy == jsonrpc.Unrestricted {
			r.warn("It isn't safe to expose RPC publicly without a proxy server that filters available set of RPC methods.")
		}
	}
	rpc.Listen = listenAddresses(hosts, r.port("rpc-port"))
	server := &rpc.Server
	switch {
	case r.IsSet("rpc-cors"):
		server.CORS = origins(r.String("rpc-cors"))
	case r.Bool("dev"):
		r.warn("Running in --dev mode, RPC CORS has been disabled.")
	default:
		server.CORS = localOrigins
	}
	if server.CORS == nil {
		server.UnsafeOrigins = unsafeOrigins
	}
	server.MaxRequestSize = r.mebibytes("rpc-max-request-size")
	server.MaxResponseSize = r.mebibytes("rpc-max-response-size")
	server.MaxConnections = r.positive("rpc-max-connections")
	server.MaxSubscriptions = r.positive("rpc-max-subscriptions-per-connection")
	server.MessageBuffer = r.positive("rpc-message-buffer-capacity-per-connection")
	server.NoBatches = r.Bool("rpc-disable-batch-requests")
	if r.IsSet("rpc-max-batch-request-len") {
		server.MaxBatch = r.positive("rpc-max-batch-request-len")
	}
	if r.IsSet("rpc-rate-limit") {
		server.RateLimit = r.positive("rpc-rate-limit")
	}
	for _, text := range r.StringSlice("rpc-rate-limit-whitelisted-ips") {
		network, err := netip.ParsePrefix(text)
		if err != nil {
			addr, failed := netip.ParseAddr(text)
			if failed != nil {
				r.fail(usage(r.Context, "--rpc-rate-limit-whitelisted-ips %q: expected a network, as 10.0.0.0/8", text))
				return
			}
			network = netip.PrefixFrom(addr, addr.BitLen())
		}
		server.RateLimitTrusted = append(server.RateLimitTrusted, network.Masked())
	}
	server.TrustProxyHeaders = r.Bool("rpc-rate-limit-trust-proxy-headers")
}

// origins reads --rpc-cors: nil stands for all. Source: sc-cli, arg_enums.rs, Cors.
func origins(text string) []string {
	list := strings.Split(text, ",")
	if slices.Contains(list, "all") || slices.Contains(list, "*") {
		return nil
	}
	return list
}

func (r *flagReader) readStore() {
	cfg := &r.setup.config
	var err error
	if cfg.Store, err = pruningOptions(r.Context); err != nil {
		r.fail(err)
	}
	// Substrate's default is 256 for all; before it had one, an authority kept everything. Ours does, because nobody else has what it prunes.
	if cfg.Authority && !r.IsSet(statePruning) {
		cfg.Store.KeepStates = 0
	}
	if cfg.StoreMemory, err = storeMemory(r.Context); err != nil {
		r.fail(err)
	}
	switch engine := strings.ToLower(r.String("database")); engine {
	case "auto", "badger":
	default:
		r.fail(hint(usage(r.Context, "--database %q: expected badger or auto", engine), "there is one engine; gotensor import-blocks reads what another node exports"))
	}
}

func (r *flagReader) readPool() {
	cfg := &r.setup.config.Pool
	cfg.Ready, cfg.Future = pool.Limits(r.positive("pool-limit"), r.number("pool-kbytes", 1, math.MaxInt32>>10))
	switch {
	case r.IsSet("tx-ban-seconds"):
		cfg.BanPeriod = time.Duration(r.number("tx-ban-seconds", 0, math.MaxInt32)) * time.Second
	case !r.Bool("dev"): // sc-transaction-pool, TransactionPoolOptions::new_with_params
		cfg.BanPeriod = pool.DefaultBanPeriod
	}
	cfg.BanPeriod = max(cfg.BanPeriod, noBan)
	if r.choice("pool-type", "single-state", "fork-aware") == "fork-aware" {
		r.warn("--pool-type fork-aware: there is one type of pool, single-state, which is used.")
	}
}

// noBan is a ban that is over at once: 0 stands for the pool's default.
const noBan = time.Nanosecond

func (r *flagReader) readRuntime() {
	cfg := &r.setup.config
	switch r.choice("wasm-execution", "compiled", "interpreted-i-know-what-i-do", "interpreted") {
	case "interpreted-i-know-what-i-do", "interpreted":
		cfg.Wasm.Interpreter = true
		r.warn("Runtimes are interpreted: blocks take many times as long.")
	}
	mode, err := wasmhost.ParseResetMode(r.String(resetFlag.Name))
	if err != nil {
		r.fail(usage(r.Context, "--%s %q: expected pagemap, copy or fresh", resetFlag.Name, r.String(resetFlag.Name)))
	}
	cfg.Wasm.Reset = mode
	cfg.Wasm.Keep = r.number("runtime-cache-size", 1, math.MaxUint8)
	cfg.Wasm.CacheDir = r.String("wasm-cache")
	if r.IsSet("max-runtime-instances") {
		cfg.RPC.MaxRuntimeCalls = r.positive("max-runtime-instances")
	}
	switch r.choice("offchain-worker", "always", "never", "when-authority") {
	case "always":
		cfg.Offchain = offchain.Always
	case "never":
		cfg.Offchain = offchain.Never
	}
	cfg.OffchainIndexing = r.choice("enable-offchain-indexing", "true", "false") == "true"
}

func (r *flagReader) readKeys() {
	cfg := &r.setup.config
	cfg.KeystorePath = r.String("keystore-path")
	var err error
	if cfg.KeystorePassword, err = passwordOf(r.Context); err != nil {
		r.fail(err)
	}
	r.choice("node-key-type", "ed25519")
	switch {
	case r.IsSet("node-key"):
		secret, err := hex.DecodeString(strings.TrimPrefix(r.String("node-key"), "0x"))
		if err != nil || len(secret) != len(cfg.NodeKey) {
			r.fail(usage(r.Context, "--node-key: expected %d hex digits", 2*len(cfg.NodeKey)))
			return
		}
		cfg.NodeKey = (*[32]byte)(secret)
	case r.IsSet("node-key-file"):
		if cfg.NodeKey, err = nodeKeyFile(r.String("node-key-file")); err != nil {
			r.fail(err)
		}
	}
}

// nodeKeyFile reads the secret of an identity, which is made where there is no such file.
func nodeKeyFile(path string) (*[32]byte, error) {
	secret, err := node.ReadNodeKey(path)
	if !errors.Is(err, fs.ErrNotExist) {
		return secret, err
	}
	secret = new([32]byte)
	rand.Read(secret[:])
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		return nil, fmt.Errorf("node key: %w", err)
	}
	if err := writeSecret(path, secret[:]); err != nil {
		return nil, fmt.Errorf("node key: %w", err)
	}
	return secret, nil
}

func (r *flagReader) readMetrics() {
	host := loopback[0]
	if r.Bool("prometheus-external") {
		host = everywhere[1] // which is IPv4 as well
	}
	if port := r.port("prometheus-port"); !r.Bool("no-prometheus") {
		r.setup.config.Prometheus.Listen = net.JoinHostPort(host, port)
	}
}

// readIdle warns of flags that have no effect.
func (r *flagReader) readIdle() {
	var names []string
	for _, f := range idleFlags {
		if name, _, _ := strings.Cut(f.names, " "); !f.quiet && r.given(name) {
			names = append(names, "--"+name)
		}
	}
	if len(names) > 0 {
		r.warn("This release talks to no peers and sends no telemetry: no effect of %s.", strings.Join(names, ", "))
	}
}
