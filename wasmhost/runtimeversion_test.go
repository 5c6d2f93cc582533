package wasmhost

import (
	"bytes"
	"context"
	"encoding/hex"
	"errors"
	"fmt"
	"path/filepath"
	"testing"
	"time"

	"github.com/gotensor/gotensor/internal/wasmbin"
)

// asker hands its arguments to ext_misc_runtime_version as code, and answers what that says.
func asker() *assembled {
	g := newModule()
	ask := g.imports("ext_misc_runtime_version_version_1")
	return g.run(asm(wasmbin.OpLocalGet, 0, 0xad, wasmbin.OpLocalGet, 1, 0xad, constI64(32), 0x86, 0x84, callOf(ask)))
}

// exports adds a runtime call of that name with the body.
func (g *assembled) exports(name string, body []byte) *assembled {
	index := g.function(typeRun, nil, body)
	g.Exports = append(g.Exports, wasmbin.Export{Name: name, Index: index})
	return g
}

// missing imports a function that no host offers and returns its index.
func (g *assembled) missing(module, name string) uint32 {
	g.Imports = append(g.Imports, wasmbin.Import{Module: module, Name: name, Function: g.AddType(typeVoid)})
	return uint32(len(g.Imports) - 1)
}

// sevens is a body that answers three bytes of 7 from address 16.
func sevens(before ...any) []byte {
	return asm(append(before, constI32(16), constI32(0x070707), 0x36, 2, 0, constI64(16|3<<32))...)
}

// What ext_misc_runtime_version answers where the code at hand has no version section.
func TestRuntimeVersionAsked(t *testing.T) {
	const none, some = "00", "010c070707"
	for _, c := range []struct {
		name  string
		guest func() *assembled
		want  string
	}{
		{"answer", func() *assembled { return newModule().exports("Core_version", sevens()) }, some},
		{"no Core_version", echo, none},
		{"trap", func() *assembled { return newModule().exports("Core_version", asm(wasmbin.OpUnreachable)) }, none},
		{"no memory", func() *assembled {
			g := newModule().exports("Core_version", sevens())
			g.Memories, g.Exports = nil, g.Exports[1:]
			return g
		}, none},
		{"too complex", compileBombs[0].guest, none},
		{"function that is not offered", func() *assembled {
			g := newModule()
			g.missing("env", "ext_no_such_thing")
			g.missing("env", "ext_no_such_thing") // Rust links a function once and may import it twice
			return g.exports("Core_version", sevens())
		}, some},
		{"call of a function that is not offered", func() *assembled {
			g := newModule()
			missing := g.missing("env", "ext_no_such_thing")
			return g.exports("Core_version", sevens(callOf(missing)))
		}, none},
		{"function of another module", func() *assembled {
			g := newModule()
			g.missing("wasi_snapshot_preview1", "fd_write")
			return g.exports("Core_version", sevens())
		}, none},
		{"function of another signature", func() *assembled {
			g := newModule()
			g.missing("env", "ext_hashing_twox_64_version_1")
			return g.exports("Core_version", sevens())
		}, none},
		{"more functions that are not offered than there are stubs", func() *assembled {
			g := newModule()
			for i := range maxStubs + 1 {
				g.missing("env", fmt.Sprint("ext_no_such_thing_", i))
			}
			return g.exports("Core_version", sevens())
		}, none},
		{"state of the outer call", func() *assembled {
			g := newModule()
			get := g.imports("ext_storage_get_version_1")
			g.Data = []wasmbin.Data{{Offset: asm(constI32(16)), Bytes: []byte("key")}}
			return g.exports("Core_version", asm(constI64(16|3<<32), callOf(get)))
		}, "010400"},
		{"more memory than the outer call may have", func() *assembled {
			return newModule().exports("Core_version",
				sevens(constI32(DefaultHeapPages), wasmbin.OpMemoryGrow, 0, constI32(-1), 0x46, wasmbin.OpIf, 0x40, wasmbin.OpUnreachable, wasmbin.OpEnd))
		}, some},
		{"more memory than any call may have", func() *assembled {
			return newModule().exports("Core_version",
				sevens(constI32(DefaultHeapPages+1), wasmbin.OpMemoryGrow, 0, constI32(-1), 0x46, wasmbin.OpIf, 0x40, wasmbin.OpUnreachable, wasmbin.OpEnd))
		}, none},
		{"the question within", asker, none},
	} {
		t.Run(c.name, func(t *testing.T) {
			eachEngine(t, Config{}, func(t *testing.T, e *Engine) {
				r, err := e.Load(context.Background(), asker().Encode())
				if err != nil {
					t.Fatal(err)
				}
				answer := mustCall(t, r, &Env{Storage: newState(t, "key", "value"), HeapPages: 8}, "run", c.guest().Encode())
				if got := hex.EncodeToString(answer); got != c.want {
					t.Errorf("it answers %s, expected %s", got, c.want)
				}
			})
		})
	}
}

// What ends for a reason that is not the code's is no answer: None would be another state than on a node that had more time.
func TestRuntimeVersionDeadline(t *testing.T) {
	forever := asm(wasmbin.OpLoop, 0x40, wasmbin.OpBr, 0, wasmbin.OpEnd, wasmbin.OpUnreachable)
	eachEngine(t, Config{}, func(t *testing.T, e *Engine) {
		r, err := e.Load(context.Background(), asker().Encode())
		if err != nil {
			t.Fatal(err)
		}
		ctx, cancel := context.WithTimeout(context.Background(), 50*time.Millisecond)
		defer cancel()
		answer, err := r.Call(ctx, &Env{}, "run", newModule().exports("Core_version", forever).Encode())
		if !errors.Is(err, ErrDeadline) || wantFunction("ext_misc_runtime_version_version_1")(err) != nil {
			t.Errorf("it answers %x, %v", answer, err)
		}
		stillGood(t, e)
	})
	for err, want := range map[error]bool{
		ErrHost: true, ErrDeadline: true, ErrClosed: true, context.Canceled: true, context.DeadlineExceeded: true,
		ErrMemoryLimit: false, ErrNotWasm: false, ErrTooComplex: false, ErrStackOverflow: false, ErrForbidden: false,
	} {
		if got := hostFault(&Trap{Err: fmt.Errorf("somewhere: %w", err)}); got != want {
			t.Errorf("%v is a fault of the host: %v", err, got)
		}
	}
}

// Memory that the system does not give is not the guest's fault, and not an answer to its memory.grow.
func TestMemoryOfHost(t *testing.T) {
	region, err := newRegion(2 * pageSize)
	if err != nil {
		t.Fatal(err)
	}
	m := &linearMemory{region: region, limit: 3 * pageSize}
	defer m.Free()
	if m.Reallocate(4*pageSize) != nil || m.failed || !m.refused {
		t.Error("a growth beyond the ceiling is not refused as such")
	}
	if m.Reallocate(3*pageSize) != nil || !m.failed {
		t.Error("memory that is missing is not told apart")
	}
}

// Code that a guest asks about leaves nothing behind: no runtime that is kept, none pushed out, no file.
func TestRuntimeVersionLeavesNothing(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "cache")
	e := newTestEngine(t, Config{Keep: 1, CacheDir: dir})
	r, err := e.Load(context.Background(), asker().Encode())
	if err != nil {
		t.Fatal(err)
	}
	files := len(cacheFiles(t, dir))
	for i := range 3 {
		code := newModule().exports("Core_version", asm(constI64(int64(i)<<32))).Encode()
		mustCall(t, r, &Env{}, "run", code)
	}
	e.mu.Lock()
	kept := len(e.kept) == 1 && e.kept[0] == r
	known := len(e.runtimes)
	e.mu.Unlock()
	if !kept || known != 1 {
		t.Errorf("the chain's runtime is kept: %v; %d runtimes are known", kept, known)
	}
	if got := len(cacheFiles(t, dir)); files == 0 || got != files {
		t.Errorf("%d files of compiled code, %d before", got, files)
	}
}

// Version and metadata are asked over an empty state, which the guest may read and write.
func TestFactsOverEmptyState(t *testing.T) {
	g := newModule()
	get, set := g.imports("ext_storage_get_version_1"), g.imports("ext_storage_set_version_1")
	g.Data = []wasmbin.Data{{Offset: asm(constI32(16)), Bytes: []byte("\x04key")}}
	const key = 17 | 3<<32
	// It writes, and answers Vec(k): what it reads must be Some of the key written, or it traps.
	g.exports("Metadata_metadata", asm(
		constI64(key), callOf(get), 0xa7, 0x2d, 0, 0, wasmbin.OpIf, 0x40, wasmbin.OpUnreachable, wasmbin.OpEnd, // absent at first
		constI64(key), constI64(key), callOf(set),
		constI64(key), callOf(get), 0xa7, 0x2d, 0, 0, 0x45, wasmbin.OpIf, 0x40, wasmbin.OpUnreachable, wasmbin.OpEnd,
		constI64(16|2<<32)))
	e := newTestEngine(t, Config{})
	for range 2 { // what one call wrote the next does not see
		r, err := e.Load(context.Background(), g.Encode())
		if err != nil {
			t.Fatal(err)
		}
		if got, err := r.Metadata(context.Background()); err != nil || string(got) != "k" {
			t.Errorf("metadata %q, %v", got, err)
		}
		r.facts.metadata = nil
	}
}

// Rococo's first runtime reads its state while it describes itself.
func TestRococoGenesisMetadata(t *testing.T) {
	r := loadShared(t, blob{path: "smol-dot/smoldot/lib/src/executor/host/tests/rococo-genesis.wasm"})
	metadata, err := r.Metadata(context.Background())
	if err != nil || !bytes.HasPrefix(metadata, []byte("meta")) {
		t.Errorf("metadata of %d bytes, %v", len(metadata), err)
	}
}

// Many imports and many exports together are no more than both alone.
func TestManyImportsAndExports(t *testing.T) {
	const n = 20_000
	g := newModule()
	now := g.imports("ext_logging_max_level_version_1")
	for range n {
		g.Imports = append(g.Imports, g.Imports[now])
	}
	g.exports("Core_version", sevens())
	for i := range n {
		g.Exports = append(g.Exports, wasmbin.Export{Name: fmt.Sprint("call", i), Index: uint32(len(g.Imports))})
	}
	e := newTestEngine(t, Config{Interpreter: true})
	r, err := e.Load(context.Background(), g.Encode())
	if err != nil {
		t.Fatal(err)
	}
	if last := fmt.Sprint("call", n-1); !r.Has(last) || hex.EncodeToString(mustCall(t, r, &Env{}, last, nil)) != "070707" {
		t.Error("the last export is not found")
	}
}
