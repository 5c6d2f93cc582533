package chainspec_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"strings"
	"testing"

	"github.com/gotensor/gotensor/internal/tinyruntime"
	"github.com/gotensor/gotensor/node/chainspec"
	"github.com/gotensor/gotensor/storage"
	"github.com/gotensor/gotensor/storage/trie"
	"github.com/gotensor/gotensor/testnet/ourruntime"
	"github.com/gotensor/gotensor/wasmhost"
)

func newEngine(t *testing.T) *wasmhost.Engine {
	t.Helper()
	engine, err := wasmhost.NewEngine(wasmhost.Config{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := engine.Close(); err != nil {
			t.Error(err)
		}
	})
	return engine
}

// TestBuilder makes the states of this repository's runtime: by the blob as natively, by preset as by the plain spec that states it.
func TestBuilder(t *testing.T) {
	if testing.Short() {
		t.Skip("it compiles the standard library for Wasm")
	}
	ctx, engine, code := t.Context(), newEngine(t), ourruntime.Code(t)
	b, err := chainspec.NewBuilder(ctx, engine, code)
	if err != nil {
		t.Fatal(err)
	}
	presets, err := b.Presets(ctx)
	if err != nil || strings.Join(presets, " ") != "development local_testnet" {
		t.Fatalf("presets %q, %v", presets, err)
	}
	for _, preset := range presets {
		g, err := chainspec.FromPreset(ctx, engine, code, preset)
		if err != nil {
			t.Fatal(err)
		}
		block, err := g.Build(trie.V1)
		if err != nil {
			t.Fatal(err)
		}
		natively, err := storage.NewMemoryState(&storage.Changes{Top: withCode(ourruntime.Genesis(t, preset), code)}, trie.V1)
		if err != nil {
			t.Fatal(err)
		}
		if got, want := block.Header.StateRoot, natively.Root(); got != want {
			t.Errorf("%s: root %s, natively %s", preset, got, want)
		}
		patch, err := b.Preset(ctx, preset)
		if err != nil {
			t.Fatal(err)
		}
		plain := &chainspec.Spec{Name: "Plain", ID: "plain", ChainType: "Local", Genesis: chainspec.Genesis{Plain: &chainspec.Plain{Code: code, Config: patch, Patch: true}}}
		if _, err := plain.Genesis.Build(trie.V1); !errors.Is(err, chainspec.ErrPlainGenesis) {
			t.Errorf("%s: a plain genesis is built: %v", preset, err)
		}
		var text bytes.Buffer
		if err := plain.Write(&text); err != nil {
			t.Fatal(err)
		}
		again, err := chainspec.Parse(&text)
		if err != nil {
			t.Fatal(err)
		}
		if err := again.Genesis.MakeRaw(ctx, engine); err != nil {
			t.Fatal(err)
		}
		if raw, err := again.Genesis.Build(trie.V1); err != nil || raw.Hash != block.Hash {
			t.Errorf("%s: plain spec gives %v, %v, expected %s", preset, raw, err, block.Hash)
		}
	}

	config, err := b.Default(ctx)
	if err != nil {
		t.Fatal(err)
	}
	whole := chainspec.Genesis{Plain: &chainspec.Plain{Code: code, Config: config}}
	empty := chainspec.Genesis{Plain: &chainspec.Plain{Code: code, Config: json.RawMessage(`{}`), Patch: true}}
	var roots [2]string
	for i, g := range []*chainspec.Genesis{&whole, &empty} {
		if err := g.MakeRaw(ctx, engine); err != nil {
			t.Fatal(err)
		}
		block, err := g.Build(trie.V1)
		if err != nil {
			t.Fatal(err)
		}
		roots[i] = block.Hash.String()
	}
	if roots[0] != roots[1] {
		t.Errorf("default configuration gives %s, as an empty patch %s", roots[0], roots[1])
	}

	if _, err := chainspec.FromPreset(ctx, engine, code, "mainnet"); !errors.Is(err, chainspec.ErrPreset) || !strings.Contains(err.Error(), `"mainnet"`) {
		t.Errorf("no such preset: %v", err)
	}
	if _, err := b.Patch(ctx, json.RawMessage(`{"timestamp": {}}`)); !errors.Is(err, chainspec.ErrConfig) || !strings.Contains(err.Error(), "timestamp: no pallet") {
		t.Errorf("refused configuration: %v", err)
	}
	if _, err := b.Patch(ctx, json.RawMessage(`{"timestamp": `)); !errors.Is(err, chainspec.ErrSyntax) {
		t.Errorf("no JSON: %v", err)
	}
}

// withCode puts the code where it is in the order of keys.
func withCode(changes []storage.Change, code []byte) []storage.Change {
	key := []byte(":code")
	for i, c := range changes {
		if bytes.Compare(c.Key, key) > 0 {
			return append(append(append([]storage.Change(nil), changes[:i]...), storage.Change{Key: key, Value: code}), changes[i:]...)
		}
	}
	return append(changes, storage.Change{Key: key, Value: code})
}

// A runtime without the API, and code that is none.
func TestBuilderFaults(t *testing.T) {
	ctx, engine := t.Context(), newEngine(t)
	if _, err := chainspec.FromPreset(ctx, engine, tinyruntime.Module(), "development"); !errors.Is(err, wasmhost.ErrUnknownAPI) {
		t.Errorf("runtime without the API: %v", err)
	}
	if _, err := chainspec.FromPreset(ctx, engine, []byte("\x00asm"), "development"); !errors.Is(err, wasmhost.ErrNotWasm) {
		t.Errorf("no runtime: %v", err)
	}
	g := chainspec.Genesis{Plain: &chainspec.Plain{Config: json.RawMessage("{}")}}
	if err := g.MakeRaw(ctx, engine); !errors.Is(err, chainspec.ErrNoCode) {
		t.Errorf("no code: %v", err)
	}
}
