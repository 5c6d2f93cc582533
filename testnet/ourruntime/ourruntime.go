// Package ourruntime builds the blob of this repository's runtime for tests, and the genesis states of its presets.
//
// The blob is built once in a process, from the sources as they are, in the flavour portable.
package ourruntime

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"
	goruntime "runtime"
	"strings"
	"sync"
	"testing"

	"github.com/gotensor/gotensor/pallets/frame"
	"github.com/gotensor/gotensor/primitives/chain"
	"github.com/gotensor/gotensor/primitives/scale"
	"github.com/gotensor/gotensor/runtime-wasm/blob"
	"github.com/gotensor/gotensor/runtime-wasm/runtime"
	"github.com/gotensor/gotensor/storage"
	"github.com/gotensor/gotensor/testnet/localchain"
	"github.com/gotensor/gotensor/testnet/native"
	"github.com/gotensor/gotensor/wasmhost"
)

var build = sync.OnceValues(func() (*blob.Code, error) {
	_, here, _, ok := goruntime.Caller(0)
	if !ok {
		return nil, fmt.Errorf("build runtime: the path of the sources is not known")
	}
	return localchain.Build(context.Background(), filepath.Join(filepath.Dir(here), "..", ".."), localchain.Flavour{Portable: true})
})

// Code returns the blob, compressed: what goes under ":code".
func Code(t testing.TB) []byte {
	t.Helper()
	code, err := build()
	if err != nil {
		t.Fatal(err)
	}
	return code.Compressed
}

// Genesis returns the state of block 0 under a preset, without ":code".
func Genesis(t testing.TB, preset string) []storage.Change {
	t.Helper()
	ext := native.New(t)
	config := []byte(nil)
	for _, p := range runtime.Presets {
		if p.Name == preset {
			config = []byte(p.JSON)
		}
	}
	if config == nil {
		t.Fatalf("no preset %q", preset)
	}
	ext.Run(func() {
		if answer, ok := runtime.Call("GenesisBuilder_build_state", scale.AppendBytes(nil, config)); !ok || answer[0] != 0 {
			t.Fatalf("genesis %q: %q", preset, answer)
		}
	})
	return ext.Next().Top
}

// Refusal returns the frame.Panic with which the runtime in the blob ended a call, as Go's last words tell it, and err where the call ended otherwise: by a bug
// or out of memory, say.
func Refusal(err error) error {
	var guest *wasmhost.GuestPanic
	if errors.As(err, &guest) {
		if text, ok := strings.CutPrefix(guest.Message, "panic: "); ok {
			return frame.Panic(text)
		}
	}
	return err
}

// TryState checks the invariants of all pallets: to be called with the state as host.
func TryState(n chain.BlockNumber) error {
	for _, p := range frame.Current().Pallets() {
		if try, ok := p.(frame.StateTrier); ok {
			if err := try.TryState(n); err != nil {
				return fmt.Errorf("%s: %w", p.Name(), err)
			}
		}
	}
	return nil
}
