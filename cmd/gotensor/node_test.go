package main

import (
	"bytes"
	"encoding/hex"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"net/netip"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/rogpeppe/go-internal/testscript"
	"github.com/urfave/cli/v2"

	"github.com/gotensor/gotensor/node/jsonrpc"
	"github.com/gotensor/gotensor/node/offchain"
	"github.com/gotensor/gotensor/node/pool"
	"github.com/gotensor/gotensor/primitives/chain"
	"github.com/gotensor/gotensor/runtime-wasm/runtime"
	"github.com/gotensor/gotensor/storage/db"
	"github.com/gotensor/gotensor/testnet/upgrades"
	"github.com/gotensor/gotensor/wasmhost"
)

// parse returns what the flags of a node say.
func parse(t *testing.T, read func(*cli.Context) (*setup, error), args ...string) (s *setup, err error) {
	t.Helper()
	app := newApp(strings.NewReader("typed\n"), io.Discard, io.Discard)
	args = attachedValues(app, append([]string{"gotensor"}, args...))
	app.Metadata = map[string]any{commandLine: args}
	app.Command(args[1]).Action = func(c *cli.Context) error {
		if _, err := arguments(c, 0, 0); err != nil {
			return err
		}
		if _, err := newLog(c); err != nil {
			return err
		}
		s, err = read(c)
		return err
	}
	return s, app.Run(args)
}

// keeps tells whether so many states and bodies are kept, 0 for all.
func keeps(s *setup, states, bodies uint32) bool {
	return s.config.Store.KeepStates == states && s.config.Store.KeepBodies == bodies
}

// TestNodeFlags: what each flag does to the configuration, from those of --dev on.
func TestNodeFlags(t *testing.T) {
	t.Setenv("XDG_DATA_HOME", "/data")
	keyFile := filepath.Join(t.TempDir(), "new", "node.key")
	secret := [32]byte(bytes.Repeat([]byte{0xab}, 32))
	for _, test := range []struct {
		args string // with blanks between them
		want func(s *setup) bool
	}{
		{"--dev", func(s *setup) bool {
			cfg := &s.config
			return s.chain == "dev" && s.base == "" && cfg.Authority && cfg.ForceAuthoring && slices.Equal(cfg.Seeds, []string{"//Alice", "//One"}) &&
				cfg.RPC.Server.CORS == nil && slices.Contains(cfg.RPC.Server.UnsafeOrigins, "https://polkadot.js.org") && cfg.Pool.BanPeriod == time.Nanosecond && keeps(s, 0, 0) && len(s.warnings) == 1
		}},
		{"--dev", func(s *setup) bool {
			server := &s.config.RPC.Server
			return s.config.RPC.Policy == jsonrpc.Auto && slices.Equal(s.config.RPC.Listen, []string{"127.0.0.1:9944", "[::1]:9944"}) &&
				server.MaxRequestSize == 15<<20 && server.MaxResponseSize == 15<<20 && server.MaxConnections == 100 && server.MaxSubscriptions == 1024 &&
				server.MessageBuffer == 64 && server.MaxBatch == 0 && !server.NoBatches && server.RateLimit == 0
		}},
		{"--dev", func(s *setup) bool {
			cfg := &s.config
			return cfg.Prometheus.Listen == "127.0.0.1:9615" && cfg.Pool.Ready == pool.Limit{Count: 8192, Bytes: 20480 << 10} && cfg.Pool.Future == pool.Limit{Count: 819, Bytes: 2048 << 10} &&
				cfg.Offchain == offchain.WhenAuthority && !cfg.OffchainIndexing && cfg.StoreMemory == db.DefaultMemory && cfg.Wasm.Keep == wasmhost.DefaultKeep && cfg.Wasm.Reset == wasmhost.ResetPagemap && cfg.Wasm.CacheDir == "" && cfg.NodeKey == nil
		}},
		{"--dev", func(s *setup) bool {
			return regexp.MustCompile(`^[a-z]+-[a-z]+-\d{4}$`).MatchString(s.config.Name) && strings.HasPrefix(s.config.Version, version+"-")
		}},
		{"--dev --one", func(s *setup) bool { return s.config.Name == "One" && slices.Equal(s.config.Seeds, []string{"//One"}) }},
		{"--dev --chain local", func(s *setup) bool { return s.chain == "local" && s.base == "" }},
		{"--dev --base-path there", func(s *setup) bool { return s.base == "there" }},
		{"--dev -d there", func(s *setup) bool { return s.base == "there" }},
		{"--dev -dthere", func(s *setup) bool { return s.base == "there" }},
		{"--dev --rpc-cors http://a,http://b", func(s *setup) bool {
			return slices.Equal(s.config.RPC.Server.CORS, []string{"http://a", "http://b"}) && s.config.RPC.Server.UnsafeOrigins == nil
		}},
		{"--chain dev", func(s *setup) bool {
			cfg := &s.config
			return s.base == "/data/gotensor" && !cfg.Authority && !cfg.ForceAuthoring && cfg.Seeds == nil && slices.Equal(cfg.RPC.Server.CORS, localOrigins) &&
				cfg.Pool.BanPeriod == 30*time.Minute && keeps(s, 256, 0) && len(s.warnings) == 0
		}},
		{"--chain dev --tmp", func(s *setup) bool { return s.base == "" }},
		{"--chain local --alice", func(s *setup) bool {
			return s.config.Authority && s.config.Name == "Alice" && slices.Equal(s.config.Seeds, []string{"//Alice"}) && s.config.Store.KeepStates == 0
		}},
		{"--chain local --alice=false --two", func(s *setup) bool { return s.config.Name == "Two" }},
		{"--chain local --alice --name Zoe", func(s *setup) bool {
			return s.config.Name == "Zoe" && slices.Equal(s.config.Seeds, []string{"//Alice"})
		}},
		{"--chain local --validator --force-authoring --no-grandpa", func(s *setup) bool {
			return s.config.Authority && s.config.ForceAuthoring && s.config.NoGrandpa && s.config.Seeds == nil
		}},
		{"--chain local --validator --state-pruning 1000 --blocks-pruning 5000", func(s *setup) bool {
			return keeps(s, 1000, 5000)
		}},
		{"--chain local --pruning archive --keep-blocks archive", func(s *setup) bool { return keeps(s, 0, 0) }},
		{"--chain local --db-cache 512 --database BADGER", func(s *setup) bool { return s.config.StoreMemory == 512<<20 }},
		{"--dev --rpc-port 0 --rpc-external --rpc-methods Unsafe", func(s *setup) bool {
			return s.config.RPC.Policy == jsonrpc.Unrestricted && slices.Equal(s.config.RPC.Listen, []string{"0.0.0.0:0", "[::]:0"}) && len(s.warnings) == 2
		}},
		{"--chain local --validator --unsafe-rpc-external --rpc-methods safe --rpc-cors all", func(s *setup) bool {
			return s.config.RPC.Policy == jsonrpc.Safe && s.config.RPC.Listen[0] == "0.0.0.0:9944" && s.config.RPC.Server.CORS == nil
		}},
		{"--dev --rpc-max-connections 7 --rpc-max-request-size 1 --rpc-max-response-size 2 --rpc-max-subscriptions-per-connection 3 --rpc-message-buffer-capacity-per-connection 4 --rpc-max-batch-request-len 5", func(s *setup) bool {
			server := &s.config.RPC.Server
			return server.MaxConnections == 7 && server.MaxRequestSize == 1<<20 && server.MaxResponseSize == 2<<20 && server.MaxSubscriptions == 3 && server.MessageBuffer == 4 && server.MaxBatch == 5
		}},
		{"--dev --rpc-disable-batch-requests", func(s *setup) bool { return s.config.RPC.Server.NoBatches }},
		{"--dev --rpc-rate-limit 10 --rpc-rate-limit-whitelisted-ips 10.1.2.3/8,::1 --rpc-rate-limit-trust-proxy-headers", func(s *setup) bool {
			server := &s.config.RPC.Server
			want := []netip.Prefix{netip.MustParsePrefix("10.0.0.0/8"), netip.MustParsePrefix("::1/128")}
			return server.RateLimit == 10 && slices.Equal(server.RateLimitTrusted, want) && server.TrustProxyHeaders
		}},
		{"--dev --prometheus-port 1 --prometheus-external", func(s *setup) bool { return s.config.Prometheus.Listen == "[::]:1" }},
		{"--dev --no-prometheus", func(s *setup) bool { return s.config.Prometheus.Listen == "" }},
		{"--dev --pool-limit 50 --pool-kbytes 40 --tx-ban-seconds 30", func(s *setup) bool {
			return s.config.Pool.Ready == pool.Limit{Count: 50, Bytes: 40 << 10} && s.config.Pool.BanPeriod == 30*time.Second
		}},
		{"--chain dev --tx-ban-seconds 0 --pool-type fork-aware", func(s *setup) bool { return s.config.Pool.BanPeriod == time.Nanosecond && len(s.warnings) == 1 }},
		{"--dev --wasm-execution interpreted-i-know-what-i-do --wasm-reset copy --runtime-cache-size 2 --wasm-cache there", func(s *setup) bool {
			wasm := &s.config.Wasm
			return wasm.Interpreter && wasm.Reset == wasmhost.ResetCopy && wasm.Keep == 2 && wasm.CacheDir == "there"
		}},
		{"--dev --wasm-execution Compiled --offchain-worker Never --enable-offchain-indexing true", func(s *setup) bool {
			return !s.config.Wasm.Interpreter && s.config.Offchain == offchain.Never && s.config.OffchainIndexing
		}},
		{"--dev --max-runtime-instances 5", func(s *setup) bool { return s.config.RPC.MaxRuntimeCalls == 5 }},
		{"--chain dev --offchain-worker always", func(s *setup) bool { return s.config.Offchain == offchain.Always }},
		{"--dev --keystore-path there --password secret", func(s *setup) bool { return s.config.KeystorePath == "there" && s.config.KeystorePassword == "secret" }},
		{"--dev --password-interactive", func(s *setup) bool { return s.config.KeystorePassword == "typed" }},
		{"--dev --node-key " + hex.EncodeToString(secret[:]), func(s *setup) bool { return *s.config.NodeKey == secret }},
		{"--dev --node-key 0x" + hex.EncodeToString(secret[:]), func(s *setup) bool { return *s.config.NodeKey == secret }},
		{"--dev --node-key-file " + keyFile, func(s *setup) bool {
			written, err := os.ReadFile(keyFile)
			return err == nil && bytes.Equal(written, s.config.NodeKey[:])
		}},
		{"--dev --port 30333 --bootnodes /ip4/1.2.3.4/tcp/1/p2p/x --no-mdns --discover-local --unsafe-force-node-key-generation --allow-private-ipv4 --no-telemetry --sync full", func(s *setup) bool {
			return len(s.warnings) == 2 && strings.HasSuffix(s.warnings[1], "no effect of --port, --bootnodes, --sync.")
		}},
		{"--dev -lruntime=debug,sync=trace --log warn --detailed-log-output --disable-log-color --enable-log-reloading", func(*setup) bool { return true }},
	} {
		s, err := parse(t, nodeSetup, append([]string{"node"}, strings.Fields(test.args)...)...)
		if err != nil {
			t.Errorf("%s: %v", test.args, err)
		} else if !test.want(s) {
			t.Errorf("%s: got %+v", test.args, s)
		}
	}
}

// TestAttachedValues: flags of the program may stand before the command.
func TestAttachedValues(t *testing.T) {
	app := newApp(strings.NewReader(""), io.Discard, io.Discard)
	for line, want := range map[string]string{
		"gotensor node -lruntime=debug":             "gotensor node --log=runtime=debug",
		"gotensor --json node -lruntime=debug -dhe": "gotensor --json node --log=runtime=debug --base-path=he",
		"gotensor --json testnet -d there":          "gotensor --json testnet --base-path there",
		"gotensor --json key -lruntime":             "gotensor --json key -lruntime",
		"gotensor -lx":                              "gotensor -lx",
		"gotensor --json":                           "gotensor --json",
		"gotensor node -- -lruntime":                "gotensor node -- -lruntime",
		"gotensor":                                  "gotensor",
	} {
		if got := strings.Join(attachedValues(app, strings.Fields(line)), " "); got != want {
			t.Errorf("%s: got %s, expected %s", line, got, want)
		}
	}
}

// TestNodeFlagMistakes: what contradicts itself or makes no sense is refused, and the flag is named.
func TestNodeFlagMistakes(t *testing.T) {
	for args, want := range map[string]string{
		"":                                   "which chain? give --chain or --dev",
		"--dev --alice --bob":                "--alice and --bob exclude each other",
		"--dev --tmp --base-path there":      "--base-path exclude each other",
		"--dev --port 1 --listen-addr /ip4/": "--port and --listen-addr exclude each other",
		"--dev --allow-private-ip --no-private-ip":                         "exclude each other",
		"--dev --rpc-disable-batch-requests --rpc-max-batch-request-len 1": "exclude each other",
		"--dev --password a --password-filename b":                         "more than one of --password",
		"--chain dev --validator --rpc-external":                           "--rpc-external with --validator",
		"--dev --rpc-methods all":                                          `--rpc-methods "all": expected auto or safe or unsafe`,
		"--dev --rpc-port 65536":                                           "--rpc-port 65536: expected a number from 0 to 65535",
		"--dev --prometheus-port 65536":                                    "--prometheus-port 65536",
		"--dev --rpc-port -1":                                              `"-1"`,
		"--dev --rpc-max-request-size 0":                                   "--rpc-max-request-size 0: expected a number from 1 to 2047",
		"--dev --rpc-max-connections 0":                                    "--rpc-max-connections 0",
		"--dev --rpc-rate-limit 0":                                         "--rpc-rate-limit 0",
		"--dev --rpc-rate-limit-whitelisted-ips here":                      `--rpc-rate-limit-whitelisted-ips "here"`,
		"--dev --state-pruning 0":                                          `--state-pruning "0"`,
		"--dev --blocks-pruning some":                                      `--blocks-pruning "some"`,
		"--dev --db-cache 1":                                               "--db-cache 1: expected MiB",
		"--dev --database rocksdb":                                         `--database "rocksdb": expected badger or auto`,
		"--dev --pool-type other":                                          `--pool-type "other"`,
		"--dev --pool-limit 0":                                             "--pool-limit 0",
		"--dev --wasm-execution native":                                    `--wasm-execution "native"`,
		"--dev --wasm-reset other":                                         `--wasm-reset "other"`,
		"--dev --runtime-cache-size 256":                                   "--runtime-cache-size 256",
		"--dev --offchain-worker sometimes":                                `--offchain-worker "sometimes"`,
		"--dev --enable-offchain-indexing yes":                             `--enable-offchain-indexing "yes"`,
		"--dev --node-key 00":                                              "--node-key: expected 64 hex digits",
		"--dev --node-key-type rsa":                                        `--node-key-type "rsa"`,
		"--dev --node-key-file ../../go.mod":                               `node key "../../go.mod": expected 32 bytes`,
		"--dev --initial-consensus babe":                                   `--initial-consensus "babe": expected aura`,
		"--dev --name a.b":                                                 `--name "a.b"`,
		"--dev --name " + strings.Repeat("x", 64):                          "expected less than 64 characters",
		"--dev --log sync=loud":                                            `level "loud"`,
		"--dev --sealing manual":                                           "flag provided but not defined: -sealing",
		"--dev there":                                                      `unexpected argument "there"`,
	} {
		_, err := parse(t, nodeSetup, append([]string{"node"}, strings.Fields(args)...)...)
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: got %v, expected %q", args, err, want)
		}
		var wrong *usageError
		if want := !strings.Contains(args, "go.mod"); errors.As(err, &wrong) != want {
			t.Errorf("%s: %v is an error of the command line: %v", args, err, !want)
		}
	}
}

// TestOtherFlags: flags that other nodes have and this one has not are refused with advice, and none of them is one that it has.
func TestOtherFlags(t *testing.T) {
	have := make(map[string]bool)
	for _, f := range nodeFlags() {
		for _, name := range f.Names() {
			if have[name] {
				t.Errorf("two flags --%s", name)
			}
			have[name] = true
		}
	}
	for name, instead := range otherFlags {
		if have[name] {
			t.Errorf("--%s is there", name)
		}
		var stderr bytes.Buffer
		if code := run([]string{"gotensor", "node", "--dev", "--" + name}, strings.NewReader(""), io.Discard, &stderr); code != 2 || !strings.Contains(stderr.String(), "hint: "+instead+"\n") {
			t.Errorf("--%s: code %d, %s", name, code, &stderr)
		}
	}
}

func TestNodeNames(t *testing.T) {
	for _, name := range []string{"short name", "www", "wwwaa", "www aa", "Ä", strings.Repeat("ü", 63)} {
		if fault := nameFault(name); fault != "" {
			t.Errorf("%q: %s", name, fault)
		}
	}
	for _, name := range []string{"", strings.Repeat("ü", 64), "Dots.not.Ok", "http://visitme", "http:visitme", "https:/visitme", `hello\world`, "email@domain", "\xff"} {
		if nameFault(name) == "" {
			t.Errorf("%q is taken", name)
		}
	}
	for range 100 {
		if name := randomName(); nameFault(name) != "" {
			t.Errorf("%q: %s", name, nameFault(name))
		}
	}
}

// TestTestnetFlags: a local chain answers this machine alone, keeps all states, and forgets itself unless a folder is given.
func TestTestnetFlags(t *testing.T) {
	read := func(c *cli.Context) (*setup, error) {
		s, _, err := testnetSetup(c)
		return s, err
	}
	for args, want := range map[string]func(s *setup) bool{
		"": func(s *setup) bool {
			cfg := &s.config
			return s.chain == "dev" && s.base == "" && cfg.Authority && slices.Equal(cfg.Seeds, []string{"//One"}) && keeps(s, 0, 0) && cfg.RPC.Policy == jsonrpc.Unrestricted &&
				cfg.RPC.Server.CORS == nil && slices.Contains(cfg.RPC.Server.UnsafeOrigins, "http://localhost:*") && slices.Equal(cfg.RPC.Listen, []string{"127.0.0.1:9944", "[::1]:9944"}) && cfg.Prometheus.Listen == ""
		},
		"--fast-blocks --authorities 3 -d there": func(s *setup) bool { return s.chain == "local_fast" && len(s.config.Seeds) == 3 && s.base == "there" },
		"--port 0 --second-port 9945": func(s *setup) bool {
			return slices.Equal(s.config.RPC.Listen, []string{"127.0.0.1:0", "[::1]:0", "127.0.0.1:9945", "[::1]:9945"})
		},
	} {
		if s, err := parse(t, read, append([]string{"testnet"}, strings.Fields(args)...)...); err != nil || !want(s) {
			t.Errorf("%s: %v, got %+v", args, err, s)
		}
	}
	for args, want := range map[string]string{
		"--authorities 2": "--authorities 2: expected 1 or 3",
		"--port 70000":    "--port 70000",
		"--tmp -d there":  "exclude each other",
	} {
		if _, err := parse(t, read, append([]string{"testnet"}, strings.Fields(args)...)...); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: got %v, expected %q", args, err, want)
		}
	}
}

// TestRichAccounts: the accounts that the testnet prints have what it says, as the runtime's presets state it.
func TestRichAccounts(t *testing.T) {
	report, err := newTestnetReport(localChains[0], &upReport{RPC: []string{"127.0.0.1:1"}})
	if err != nil {
		t.Fatal(err)
	}
	for _, chain := range localChains {
		i := slices.IndexFunc(runtime.Presets, func(p runtime.Preset) bool { return p.Name == chain.preset })
		if i < 0 {
			t.Fatalf("the runtime has no preset %q", chain.preset)
		}
		var preset struct {
			Aura     struct{ Authorities []string }
			Balances struct{ Balances [][2]any }
			Sudo     struct{ Key string }
		}
		if err := json.Unmarshal([]byte(runtime.Presets[i].JSON), &preset); err != nil {
			t.Fatal(err)
		}
		has := make(map[string]any)
		for _, b := range preset.Balances.Balances {
			has[b[0].(string)] = b[1]
		}
		address := make(map[string]string)
		for _, a := range report.Accounts {
			address[a.URI] = a.Address
			if has[a.Address] != float64(a.TAO*1e9) {
				t.Errorf("%s: %v RAO, the report says %d TAO", a.URI, has[a.Address], a.TAO)
			}
		}
		if preset.Sudo.Key != address[report.Sudo] {
			t.Errorf("sudo is %s", preset.Sudo.Key)
		}
		for i, seed := range chain.seeds {
			if preset.Aura.Authorities[i] != address[seed] {
				t.Errorf("authority %d is %s", i, preset.Aura.Authorities[i])
			}
		}
		if len(chain.seeds) != len(preset.Aura.Authorities) {
			t.Errorf("%d authorities, %d seeds", len(preset.Aura.Authorities), len(chain.seeds))
		}
	}
}

// TestNodeScripts runs the sessions of testdata/node with real nodes. Each has fast.wasm, our runtime with slots of 250 ms, and rebuilt.wasm, a later build of it.
// Commands of theirs: await FILE PATTERN waits until a line of a growing file matches; call UP OUT METHOD [PARAMS] asks the node whose --json document is in
// UP, and writes what it answers to OUT.
func TestNodeScripts(t *testing.T) {
	base, cache := upgrades.Base(t), t.TempDir()
	rebuilt := upgrades.Stating(t, base, func(v *chain.RuntimeVersion) { v.SpecVersion++ })
	testscript.Run(t, testscript.Params{
		Dir:                 "testdata/node",
		RequireExplicitExec: true,
		RequireUniqueNames:  true,
		UpdateScripts:       *update,
		Cmds:                map[string]func(ts *testscript.TestScript, neg bool, args []string){"await": awaitLine, "call": callNode},
		Setup: func(env *testscript.Env) error {
			env.Setenv("XDG_CACHE_HOME", cache)
			env.Setenv("XDG_DATA_HOME", filepath.Join(env.WorkDir, ".data"))
			return errors.Join(os.WriteFile(filepath.Join(env.WorkDir, "fast.wasm"), base.Compressed, 0o644),
				os.WriteFile(filepath.Join(env.WorkDir, "rebuilt.wasm"), rebuilt.Compressed, 0o644))
		},
	})
}

func awaitLine(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 2 {
		ts.Fatalf("usage: await FILE PATTERN")
	}
	pattern := regexp.MustCompile("(?m)" + args[1])
	var text []byte
	for end := time.Now().Add(2 * time.Minute); time.Now().Before(end); time.Sleep(20 * time.Millisecond) {
		var err error
		if text, err = os.ReadFile(ts.MkAbs(args[0])); err == nil && pattern.Match(text) {
			return
		}
	}
	ts.Fatalf("%s has no %q:\n%s", args[0], args[1], text)
}

func callNode(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) < 3 || len(args) > 4 {
		ts.Fatalf("usage: call UP OUT METHOD [PARAMS]")
	}
	var up upReport
	ts.Check(json.Unmarshal([]byte(ts.ReadFile(args[0])), &up))
	params := "[]"
	if len(args) == 4 {
		params = args[3]
	}
	response, err := http.Post("http://"+up.RPC[0], "application/json", strings.NewReader(`{"jsonrpc":"2.0","id":1,"method":"`+args[2]+`","params":`+params+`}`))
	ts.Check(err)
	defer response.Body.Close()
	text, err := io.ReadAll(response.Body)
	ts.Check(err)
	ts.Check(os.WriteFile(ts.MkAbs(args[1]), text, 0o644))
}
