package native_test

import (
	"bytes"
	"context"
	"errors"
	"math/rand/v2"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/gotensor/gotensor/pallets/frame/host"
	"github.com/gotensor/gotensor/primitives/keys"
	"github.com/gotensor/gotensor/primitives/scale"
	"github.com/gotensor/gotensor/runtime-wasm/blob"
	"github.com/gotensor/gotensor/storage"
	"github.com/gotensor/gotensor/storage/trie"
	"github.com/gotensor/gotensor/testnet/native"
	"github.com/gotensor/gotensor/testnet/native/internal/seam"
	"github.com/gotensor/gotensor/wasmhost"
)

// guest is package seam as a blob.
var guest = sync.OnceValues(func() ([]byte, error) {
	ctx := context.Background()
	module, err := blob.Compile(ctx, blob.Source{Package: "./internal/seam/guest"}, false)
	if err != nil {
		return nil, err
	}
	r, err := blob.Rewrite(ctx, module, blob.Options{})
	if err != nil {
		return nil, err
	}
	return r.Module, nil
})

// wasm is the blob over an overlay, with a keystore and a log.
type wasm struct {
	t       testing.TB
	runtime *wasmhost.Runtime
	env     *wasmhost.Env
	logs    []native.Record
}

func inWasm(t testing.TB, cfg wasmhost.Config, overlay *storage.Overlay) *wasm {
	t.Helper()
	if testing.Short() {
		t.Skip("it compiles the standard library for Wasm")
	}
	code, err := guest()
	if err != nil {
		t.Fatal(err)
	}
	engine, err := wasmhost.NewEngine(cfg)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := engine.Close(); err != nil {
			t.Error(err)
		}
	})
	w := &wasm{t: t}
	if w.runtime, err = engine.Load(t.Context(), code); err != nil {
		t.Fatal(err)
	}
	w.env = &wasmhost.Env{Storage: overlay, Keystore: keystore{}, MaxLogLevel: wasmhost.LogTrace, Log: func(level wasmhost.LogLevel, target, message string) {
		w.logs = append(w.logs, native.Record{Level: uint8(level), Target: target, Message: message})
	}}
	return w
}

func (w *wasm) call(api string, args []byte) []byte {
	w.t.Helper()
	answer, err := w.runtime.Call(w.t.Context(), w.env, api, args)
	if err != nil {
		w.t.Fatal(err)
	}
	return answer
}

// keystore makes keys of URIs.
type keystore struct{ wasmhost.Keystore }

func (keystore) Generate(scheme keys.Scheme, _ keys.TypeID, uri string) ([]byte, error) {
	pair, err := keys.FromURI(scheme, uri, "")
	if err != nil {
		return nil, err
	}
	return pair.Public(), nil
}

// The same script hears the same natively and in Wasm, logs the same, and leaves the same state behind.
func TestSeam(t *testing.T) {
	for _, engine := range []struct {
		name   string
		cfg    wasmhost.Config
		rounds int
	}{{"compiler", wasmhost.Config{}, 2000}, {"interpreter", wasmhost.Config{Interpreter: true}, 50}} {
		t.Run(engine.name, func(t *testing.T) {
			overlay := storage.NewOverlay(emptyState(t))
			w := inWasm(t, engine.cfg, overlay)
			ext := native.New(t)
			random := rand.New(rand.NewPCG(4, 2))
			for round := range engine.rounds {
				script := make([]byte, random.IntN(120))
				for i := range script {
					script[i] = byte(random.Uint32())
				}
				if round < seam.Steps { // each step at least once
					script = append([]byte{0, 1, 250, byte(round)}, script...)
				}
				compare(t, w, ext, script)
				if t.Failed() {
					t.Fatalf("round %d, script %x", round, script)
				}
				if round%5 == 4 {
					ext.Next()
					if _, _, err := overlay.Finish(native.Version); err != nil {
						t.Fatal(err)
					}
				}
			}
		})
	}
}

func compare(t *testing.T, w *wasm, ext *native.Ext, script []byte) {
	t.Helper()
	w.logs, ext.Logs = nil, nil
	got := w.call("Seam_run", script)
	var want []byte
	ext.Run(func() { want = seam.Run(script) })
	if !bytes.Equal(got, want) {
		t.Errorf("in Wasm   %x\nnatively  %x", got, want)
	}
	if !slices.Equal(w.logs, ext.Logs) {
		t.Errorf("logs: in Wasm %v, natively %v", w.logs, ext.Logs)
	}
	root, err := w.env.Storage.Root(trie.V1)
	if err != nil || root != ext.Root() {
		t.Errorf("root in Wasm %s, natively %s, %v", root, ext.Root(), err)
	}
}

func emptyState(t testing.TB) storage.State {
	t.Helper()
	s, err := storage.NewMemoryState(&storage.Changes{}, trie.V1)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// Good signatures are good on both sides.
func TestSeamSignatures(t *testing.T) {
	w := inWasm(t, wasmhost.Config{}, storage.NewOverlay(emptyState(t)))
	ext := native.New(t)
	both := func(api string, f func([]byte) []byte, args, want []byte) {
		t.Helper()
		got := w.call(api, args)
		var natively []byte
		ext.Run(func() { natively = f(args) })
		if !bytes.Equal(got, want) || !bytes.Equal(natively, want) {
			t.Errorf("%s: in Wasm %x, natively %x, want %x", api, got, natively, want)
		}
	}
	for scheme, want := range map[keys.Scheme][]byte{keys.Sr25519: {1, 0}, keys.Ed25519: {0, 1}} {
		pair, err := keys.FromURI(scheme, "//Alice", "")
		if err != nil {
			t.Fatal(err)
		}
		args := append(append(pair.Sign(key("message")), pair.Public()...), "message"...)
		both("Seam_verify", seam.Verify, args, want)
		args[0] ^= 1
		both("Seam_verify", seam.Verify, args, []byte{0, 0})
	}
	pair, err := keys.FromURI(keys.Ecdsa, "//Alice", "")
	if err != nil {
		t.Fatal(err)
	}
	digest := blake2(key("message"))
	both("Seam_recover", seam.Recover, append(pair.Sign(key("message")), digest...), append([]byte{1, 33, 0}, pair.Public()...))
}

func blake2(data []byte) []byte {
	sum := host.Blake2_256(data)
	return sum[:]
}

// The host sees the words of a panic, and the next call is as good as any.
func TestSeamPanic(t *testing.T) {
	w := inWasm(t, wasmhost.Config{}, storage.NewOverlay(emptyState(t)))
	_, err := w.runtime.Call(t.Context(), w.env, "Seam_panic", []byte("no such thing"))
	var panicked *wasmhost.GuestPanic
	if !errors.As(err, &panicked) || !strings.Contains(panicked.Message, "panic: BUG: no such thing") {
		t.Errorf("got %v", err)
	}
	big := bytes.Repeat([]byte{7}, 3<<20)
	if got := w.call("Seam_echo", big); !bytes.Equal(got, big) {
		t.Errorf("echo of %d bytes gave %d", len(big), len(got))
	}
	if got := w.call("Seam_echo", nil); len(got) != 0 {
		t.Errorf("echo of nothing gave %x", got)
	}
}

// What a call and a host function cost from Go in Wasm. Read, Hash and Write make 256 round trips a call; read has two host functions for each, get and free.
func BenchmarkSeam(b *testing.B) {
	state, err := storage.NewMemoryState(&storage.Changes{Top: []storage.Change{{Key: key("account"), Value: make([]byte, 80)}}}, trie.V1)
	if err != nil {
		b.Fatal(err)
	}
	w := inWasm(b, wasmhost.Config{}, storage.NewOverlay(state))
	for _, bench := range []struct {
		api        string
		args, want []byte
		trips      int
	}{
		{"Seam_echo", key("account"), key("account"), 0},
		{"Seam_read", key("account"), scale.AppendU32(nil, 256*80)[:3], 256},
		{"Seam_hash", key("account"), host.AppendBlake2_128(nil, key("account")), 256},
		{"Seam_write", key("written"), nil, 256},
	} {
		b.Run(bench.api, func(b *testing.B) {
			for b.Loop() {
				if got := w.call(bench.api, bench.args); !bytes.Equal(got, bench.want) {
					b.Fatalf("got %x", got)
				}
			}
			if bench.trips > 0 {
				b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N*bench.trips), "ns/trip")
			}
		})
	}
}
