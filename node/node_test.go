package node_test

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/gotensor/gotensor/node"
	"github.com/gotensor/gotensor/node/chainspec"
	"github.com/gotensor/gotensor/node/logging"
	"github.com/gotensor/gotensor/testnet/upgrades"
	"github.com/gotensor/gotensor/wasmhost"
)

// devSpec is the chain of the development preset, at 250 ms a block.
func devSpec(t testing.TB) *chainspec.Spec {
	t.Helper()
	if testing.Short() {
		t.Skip("it compiles the standard library for Wasm")
	}
	base := upgrades.Base(t)
	engine, err := wasmhost.NewEngine(wasmhost.Config{CacheDir: cache()})
	if err != nil {
		t.Fatal(err)
	}
	defer engine.Close()
	genesis, err := chainspec.FromPreset(t.Context(), engine, base.Compressed, "development")
	if err != nil {
		t.Fatal(err)
	}
	return &chainspec.Spec{Name: "Development", ID: "dev", ChainType: "Development", Genesis: *genesis}
}

// cache is a folder of compiled code for the tests of this process.
var cache = sync.OnceValue(func() string {
	dir, err := os.MkdirTemp("", "gotensor-node-test")
	if err != nil {
		panic(err)
	}
	return dir
})

func TestMain(m *testing.M) {
	code := m.Run()
	os.RemoveAll(cache())
	os.Exit(code)
}

// config is that of a node that authors alone.
func config(t testing.TB, spec *chainspec.Spec) node.Config {
	t.Helper()
	log, err := logging.New(logging.Config{Out: testWriter{t}})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { log.Close() })
	return node.Config{
		Spec: spec, Folder: filepath.Join(t.TempDir(), "dev"), Name: "test", Version: "0.0.0",
		Authority: true, ForceAuthoring: true, Seeds: []string{"//One"},
		Wasm: wasmhost.Config{CacheDir: cache()},
		RPC:  node.RPCConfig{Listen: []string{"127.0.0.1:0"}},
		Log:  log,
	}
}

type testWriter struct{ t testing.TB }

func (w testWriter) Write(line []byte) (int, error) {
	w.t.Log(strings.TrimSuffix(string(line), "\n"))
	return len(line), nil
}

// run runs a node until stop is called, which returns when it is closed.
func run(t testing.TB, cfg node.Config) (n *node.Node, stop func()) {
	t.Helper()
	n, err := node.New(t.Context(), cfg)
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan error, 1)
	go func() { done <- n.Run(ctx) }()
	stop = sync.OnceFunc(func() {
		cancel()
		if err := <-done; err != nil {
			t.Error(err)
		}
		if err := n.Close(); err != nil {
			t.Error(err)
		}
	})
	t.Cleanup(stop)
	return n, stop
}

// ask calls a method over HTTP.
func ask(t testing.TB, n *node.Node, method, params string) json.RawMessage {
	t.Helper()
	body := fmt.Sprintf(`{"jsonrpc":"2.0","id":1,"method":%q,"params":%s}`, method, params)
	response, err := http.Post("http://"+n.RPCAddresses()[0], "application/json", strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	defer response.Body.Close()
	data, err := io.ReadAll(response.Body)
	if err != nil {
		t.Fatal(err)
	}
	var answer struct {
		Result json.RawMessage
		Error  json.RawMessage
	}
	if err := json.Unmarshal(data, &answer); err != nil || answer.Error != nil {
		t.Fatalf("%s: %s %v", method, data, err)
	}
	return answer.Result
}

// waitFor waits until the chain has come so far.
func waitFor(t testing.TB, what string, done func() bool) {
	t.Helper()
	for deadline := time.Now().Add(time.Minute); !done(); time.Sleep(20 * time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatalf("%s: not within a minute", what)
		}
	}
}

// A node alone authors and finalises blocks, answers, stops, and goes on from where it stopped.
func TestNode(t *testing.T) {
	spec := devSpec(t)
	cfg := config(t, spec)
	n, stop := run(t, cfg)
	waitFor(t, "block 8", func() bool { return n.Client().Head().Best.Number >= 8 })
	waitFor(t, "block 5 final", func() bool { return n.Client().Head().Finalised.Number >= 5 })
	if got := string(ask(t, n, "system_chain", "[]")); got != `"Development"` {
		t.Errorf("chain %s", got)
	}
	if lag := n.Client().Head(); lag.Best.Number-lag.Finalised.Number > 4 {
		t.Errorf("finality lags: %+v", lag)
	}
	stop()
	final := n.Client().Head().Finalised

	n, stop = run(t, cfg)
	if head := n.Client().Head(); head.Finalised != final {
		t.Errorf("finalised %s after a restart, expected %s", head.Finalised, final)
	}
	waitFor(t, "blocks after the restart", func() bool { return n.Client().Head().Finalised.Number > final.Number+3 })
	stop()
}

// What dashboards show of a node's caches is there while it runs.
func TestCacheGauges(t *testing.T) {
	cfg := config(t, devSpec(t))
	cfg.Prometheus.Listen = "127.0.0.1:0"
	n, _ := run(t, cfg)
	set := regexp.MustCompile(`(?m)^substrate_(database|state)_cache_bytes\{.*\} [1-9]`)
	waitFor(t, "sizes of both caches", func() bool {
		response, err := http.Get("http://" + n.MetricsAddress() + "/metrics")
		if err != nil {
			t.Fatal(err)
		}
		defer response.Body.Close()
		text, err := io.ReadAll(response.Body)
		if err != nil {
			t.Fatal(err)
		}
		return len(set.FindAll(text, -1)) == 2
	})
}

// What a runtime is asked to log follows the log's filters while the node runs.
func TestRuntimeLogLevel(t *testing.T) {
	cfg := config(t, devSpec(t))
	cfg.Authority = false
	n, _ := run(t, cfg)
	level := func() (level wasmhost.LogLevel) {
		t.Helper()
		_, err := n.Client().Call(t.Context(), n.Client().Head().Best.Hash, "Core_version", nil, func(env *wasmhost.Env) { level = env.MaxLogLevel })
		if err != nil {
			t.Fatal(err)
		}
		return level
	}
	if got := level(); got != wasmhost.LogInfo {
		t.Errorf("level %d at first, expected info", got)
	}
	ask(t, n, "system_addLogFilter", `["runtime=debug"]`)
	if got := level(); got != wasmhost.LogDebug {
		t.Errorf("level %d with runtime=debug, expected debug", got)
	}
	ask(t, n, "system_resetLogFilter", "[]")
	if got := level(); got != wasmhost.LogInfo {
		t.Errorf("level %d after the reset, expected info", got)
	}
}
