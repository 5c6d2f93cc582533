package wasmhost

import (
	"context"
	"encoding/hex"
	"errors"
	"fmt"
	"strings"
	"sync"
	"testing"

	"github.com/tetratelabs/wazero/api"

	"github.com/gotensor/gotensor/internal/wasmbin"
	"github.com/gotensor/gotensor/primitives/scale"
	"github.com/gotensor/gotensor/storage"
	"github.com/gotensor/gotensor/storage/trie"
)

// The tester guest: a module that imports every function of the table and exports, under the same names, functions that pass
// their parameters on. A test writes arguments into the guest's memory and calls an export, so that each value crosses
// the boundary as it does between a runtime and its host. "loop <name>" does so n times, freeing what comes back.

const proxyHeapBase = 1024

func proxyModule() []byte {
	m := &wasmbin.Module{
		Memories: []wasmbin.Limits{{Min: 1}},
		Globals:  []wasmbin.Global{{Type: wasmbin.GlobalType{Type: wasmbin.I32}, Init: append(wasmbin.AppendS64([]byte{0x41}, proxyHeapBase), 0x0b)}},
		Exports: []wasmbin.Export{
			{Name: "memory", Kind: wasmbin.KindMemory},
			{Name: "__heap_base", Kind: wasmbin.KindGlobal},
		},
	}
	free := uint32(0)
	for i, f := range hostFuncs {
		m.Imports = append(m.Imports, wasmbin.Import{Module: "env", Name: strings.TrimSuffix(f.name, variantSuffix), Function: m.AddType(funcType(f))})
		if f.name == "ext_allocator_free_version_1" {
			free = uint32(i)
		}
	}
	add := func(name string, t wasmbin.FuncType, body []byte) {
		m.Exports = append(m.Exports, wasmbin.Export{Name: name, Index: uint32(len(hostFuncs) + len(m.Functions))})
		m.Functions = append(m.Functions, m.AddType(t))
		m.Code = append(m.Code, wasmbin.Code{Body: append(body, 0x0b)})
	}
	pass := func(body []byte, from, n int, f uint32) []byte {
		for p := range n {
			body = wasmbin.AppendU32(append(body, 0x20), uint32(from+p)) // local.get
		}
		return wasmbin.AppendU32(append(body, 0x10), f) // call
	}
	for i, f := range hostFuncs {
		t := funcType(f)
		add(f.name, t, pass(nil, 0, len(t.Params), uint32(i)))
		body := pass([]byte{0x03, 0x40}, 1, len(t.Params), uint32(i)) // loop
		switch {
		case len(t.Results) == 0:
		case returnsAllocation(f):
			if t.Results[0] == wasmbin.I64 {
				body = append(body, 0xa7) // i32.wrap_i64
			}
			body = wasmbin.AppendU32(append(body, 0x10), free)
		default:
			body = append(body, 0x1a) // drop
		}
		body = append(body, 0x20, 0, 0x41, 1, 0x6b, 0x22, 0, 0x0d, 0, 0x0b) // local 0 counts down; br_if; end
		add("loop "+f.name, wasmbin.FuncType{Params: append([]wasmbin.ValueType{wasmbin.I32}, t.Params...)}, body)
	}
	return m.Encode()
}

func funcType(f hostFunc) wasmbin.FuncType {
	return wasmbin.FuncType{Params: valueTypes(f.params), Results: valueTypes(f.results)}
}

// returnsAllocation tells whether the result of f is an address or a span that the guest frees.
func returnsAllocation(f hostFunc) bool {
	switch {
	case len(f.results) == 0, strings.HasPrefix(f.name, "ext_sandbox"), strings.HasPrefix(f.name, "ext_wasm_tracing"):
		return false
	case f.results[0] == api.ValueTypeI64:
		return !strings.Contains(f.name, "proof_size_storage_proof_size") && !strings.Contains(f.name, "timestamp") && !strings.HasSuffix(f.name, variantSuffix)
	}
	for _, part := range []string{"ext_hashing", "ext_trie_blake2_256_root", "ext_trie_blake2_256_ordered", "ext_trie_keccak_256_root", "ext_trie_keccak_256_ordered", "_generate_", "random_seed", "current_time", "malloc"} {
		if strings.Contains(f.name, part) {
			return true
		}
	}
	return false
}

func loadProxy(cfg Config) (*Runtime, error) {
	e, err := NewEngine(cfg)
	if err != nil {
		return nil, err
	}
	return e.Load(context.Background(), proxyModule())
}

// The tester, compiled and interpreted.
var (
	proxyRuntime     = sync.OnceValues(func() (*Runtime, error) { return loadProxy(Config{}) })
	proxyInterpreted = sync.OnceValues(func() (*Runtime, error) { return loadProxy(Config{Interpreter: true}) })
)

// tester is one runtime call under way, whose guest is the tester.
type tester struct {
	t   testing.TB
	in  *instance
	log *strings.Builder // where set, the conversation
}

// newTester begins a call in env.
func newTester(t testing.TB, env *Env) *tester {
	t.Helper()
	return newTesterOn(t, env, proxyRuntime)
}

// newTesterOn is newTester on one of the engines.
func newTesterOn(t testing.TB, env *Env, runtime func() (*Runtime, error)) *tester {
	t.Helper()
	r, err := runtime()
	if err != nil {
		t.Fatal(err)
	}
	in, err := r.newInstance()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(in.close)
	in.memory.limit = 64 * pageSize
	c := &in.call
	c.ctx, c.env, c.rt, c.api = context.Background(), env, r, "Tester_call"
	c.heap.Reset(64)
	return &tester{t: t, in: in}
}

// pointer is an argument that the guest passes by address; the function knows its length.
type pointer []byte

// place writes data into the guest's memory and returns where.
func (g *tester) place(data []byte) uint32 {
	g.t.Helper()
	ptr, err := g.in.call.heap.Alloc(g.in.mem, uint32(len(data)))
	if err != nil || !g.in.mem.Write(ptr, data) {
		g.t.Fatalf("place %d bytes: %v", len(data), err)
	}
	return ptr
}

// span writes data into the guest's memory and returns its pointer-size.
func (g *tester) span(data []byte) uint64 { return uint64(len(data))<<32 | uint64(g.place(data)) }

// read returns the bytes that a span names.
func (g *tester) read(s uint64) []byte {
	g.t.Helper()
	return g.readAt(s, int(s>>32))
}

// readAt returns n bytes at an address.
func (g *tester) readAt(ptr uint64, n int) []byte {
	g.t.Helper()
	data, ok := g.in.mem.Read(uint32(ptr), uint32(n))
	if !ok {
		g.t.Fatalf("result of %d bytes at %#x is outside memory", n, uint32(ptr))
	}
	return append([]byte{}, data...)
}

// values turns arguments into what the guest passes: strings and byte slices as spans, pointers as addresses, numbers as they are.
func (g *tester) values(args []any) []uint64 {
	g.t.Helper()
	out := make([]uint64, len(args))
	for i, arg := range args {
		switch a := arg.(type) {
		case string:
			out[i] = g.span([]byte(a))
		case []byte:
			out[i] = g.span(a)
		case pointer:
			out[i] = uint64(g.place(a))
		case int:
			out[i] = uint64(a)
		case uint32:
			out[i] = uint64(a)
		case uint64:
			out[i] = a
		default:
			g.t.Fatalf("argument %d has type %T", i, arg)
		}
	}
	return out
}

// call calls a host function and returns its raw result.
func (g *tester) call(name string, args ...any) (uint64, error) {
	g.t.Helper()
	f := g.in.function(name)
	if f == nil {
		g.t.Fatalf("no host function %s", name)
	}
	results, err := f.Call(&g.in.ctx, g.values(args)...)
	if err != nil {
		err = g.in.explain(err)
	}
	var result uint64
	if len(results) > 0 {
		result = results[0]
		if f.Definition().ResultTypes()[0] == i32 {
			result = uint64(uint32(result)) // the engine leaves the upper half as it was
		}
	}
	if g.log != nil {
		g.record(name, args, result, err)
	}
	return result, err
}

// must is call where the function may not trap.
func (g *tester) must(name string, args ...any) uint64 {
	g.t.Helper()
	result, err := g.call(name, args...)
	if err != nil {
		g.t.Fatalf("%s: %v", name, err)
	}
	return result
}

// bytes calls a function that returns a span.
func (g *tester) bytes(name string, args ...any) []byte {
	g.t.Helper()
	return g.read(g.must(name, args...))
}

// fixed calls a function that returns a pointer to n bytes.
func (g *tester) fixed(n int, name string, args ...any) []byte {
	g.t.Helper()
	return g.readAt(g.must(name, args...), n)
}

// option calls a function that returns a SCALE Option<Vec<u8>>.
func (g *tester) option(name string, args ...any) (value string, ok bool) {
	g.t.Helper()
	v, err := scale.UnmarshalFunc(g.bytes(name, args...), func(d *scale.Decoder) *[]byte {
		return scale.DecodeOption(d, (*scale.Decoder).Bytes)
	})
	if err != nil {
		g.t.Fatalf("%s: %v", name, err)
	}
	if v == nil {
		return "", false
	}
	return string(*v), true
}

// record appends a call to the golden log: ==> name(arguments), <== result.
func (g *tester) record(name string, args []any, result uint64, err error) {
	parts := make([]string, len(args))
	for i, arg := range args {
		switch a := arg.(type) {
		case string:
			parts[i] = fmt.Sprintf("%q", a)
		case []byte:
			parts[i] = "0x" + hex.EncodeToString(a)
		case pointer:
			parts[i] = "*0x" + hex.EncodeToString(a)
		default:
			parts[i] = fmt.Sprint(a)
		}
	}
	fmt.Fprintf(g.log, "==> %s(%s)\n", name, strings.Join(parts, ", "))
	f := g.in.call.rt.engine.imports[name]
	switch {
	case err != nil:
		fmt.Fprintf(g.log, "<== trap: %v\n", err)
	case len(f.results) == 0:
		fmt.Fprintf(g.log, "<==\n")
	case returnsAllocation(*f) && f.results[0] == api.ValueTypeI64:
		fmt.Fprintf(g.log, "<== %#x: 0x%x\n", uint32(result), g.read(result))
	default:
		fmt.Fprintf(g.log, "<== %d\n", result)
	}
}

// trap checks that err is a Trap of the function name that wraps want.
func wantTrap(t testing.TB, err error, name string, param int, want error) {
	t.Helper()
	var trap *Trap
	if !errors.As(err, &trap) {
		t.Fatalf("%s: got %v, want a trap", name, err)
	}
	if trap.Function != name || trap.Param != param || !errors.Is(err, want) || trap.API != "Tester_call" {
		t.Fatalf("got %v (function %q, parameter %d), want %q, %d, %v", err, trap.Function, trap.Param, name, param, want)
	}
	if !strings.Contains(err.Error(), name) {
		t.Fatalf("%q does not name %s", err, name)
	}
}

// newState returns an overlay over a state in memory with these pairs in the top trie; the keys must ascend.
func newState(t testing.TB, pairs ...string) *storage.Overlay {
	t.Helper()
	changes := &storage.Changes{}
	for i := 0; i < len(pairs); i += 2 {
		changes.Top = append(changes.Top, storage.Change{Key: []byte(pairs[i]), Value: []byte(pairs[i+1])})
	}
	state, err := storage.NewMemoryState(changes, trie.V0)
	if err != nil {
		t.Fatal(err)
	}
	return storage.NewOverlay(state)
}
