package wasmhost

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"os"
	"path/filepath"
	"runtime"
	"sync"
	"testing"
	"time"
)

// newTestEngine makes an engine that is closed with the test. A fault of a reset fails the test.
func newTestEngine(t testing.TB, cfg Config) *Engine {
	t.Helper()
	if cfg.OnFault == nil {
		cfg.OnFault = func(err error) { t.Errorf("reset fault: %v", err) }
	}
	e, err := NewEngine(cfg)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := e.Close(); err != nil {
			t.Error(err)
		}
	})
	return e
}

// sharedEngine is one engine for the tests that only run good code, so that each real blob is compiled once, and on one machine
// not again by the next test run.
var sharedEngine = sync.OnceValues(func() (*Engine, error) { return NewEngine(Config{Keep: 16, CacheDir: testCache()}) })

// testCache is a folder for compiled code in the user's cache; none where there is no such place.
func testCache() string {
	dir, err := os.UserCacheDir()
	if err != nil {
		return ""
	}
	return filepath.Join(dir, "gotensor-test")
}

func loadShared(t testing.TB, b blob) *Runtime {
	t.Helper()
	code := b.code(t)
	e, err := sharedEngine()
	if err != nil {
		t.Fatal(err)
	}
	r, err := e.Load(context.Background(), code)
	if err != nil {
		t.Fatal(err)
	}
	return r
}

func mustCall(t testing.TB, r *Runtime, env *Env, api string, args []byte) []byte {
	t.Helper()
	result, err := r.Call(context.Background(), env, api, args)
	if err != nil {
		t.Fatalf("%s: %v", api, err)
	}
	return result
}

// Every real blob loads, tells its version, and gives the metadata that other hosts get from it.
func TestRealBlobs(t *testing.T) {
	for _, b := range blobs {
		t.Run(b.name, func(t *testing.T) {
			code := b.code(t)
			module, err := Decompress(code)
			if err != nil {
				t.Fatal(err)
			}
			if sum := sha256.Sum256(module); b.sha256 != "" && hex.EncodeToString(sum[:]) != b.sha256 {
				t.Fatalf("module has sha256 %x, expected %s", sum, b.sha256)
			}
			r := loadShared(t, b)
			version := mustCall(t, r, &Env{}, "Core_version", nil)
			if !bytes.Contains(version, []byte(b.specName)) {
				t.Errorf("version %x does not name %q", version, b.specName)
			}
			metadata := mustCall(t, r, &Env{}, "Metadata_metadata", nil)
			if len(metadata) != b.metadata {
				t.Errorf("metadata has %d bytes, expected %d", len(metadata), b.metadata)
			}
			if sum := sha256.Sum256(metadata[4:]); b.metadataHash != "" && hex.EncodeToString(sum[:]) != b.metadataHash {
				t.Errorf("metadata has sha256 %x, expected %s", sum, b.metadataHash)
			}
		})
	}
}

// collectUntil collects garbage until done; a bound on the tries stands in for a clock.
func collectUntil(t testing.TB, done func() bool) {
	t.Helper()
	for range 1000 {
		if done() {
			return
		}
		runtime.GC()
		time.Sleep(time.Millisecond)
	}
	t.Error("it is not freed")
}
