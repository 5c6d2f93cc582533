package wasmhost

import (
	"context"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/tetratelabs/wazero"
	"github.com/tetratelabs/wazero/api"

	"github.com/gotensor/gotensor/internal/wasmbin"
	"github.com/gotensor/gotensor/primitives/hash"
)

// hostPrefix starts the names of exports that the host adds to a module for its own use. No guest may use it.
const hostPrefix = "gotensor host "

// Bounds of tables: real runtimes have one, of some hundreds or thousands of elements.
const (
	maxTables        = 16
	maxTableElements = 1 << 20 // that table.grow reaches; a table that is declared larger stays as it is
)

// Runtime is a compiled runtime: the code of a chain at one version. It is safe for concurrent use, and needs no closing: an engine
// frees the runtimes that nobody holds.
type Runtime struct {
	engine   *Engine
	hash     hash.H256
	info     Info
	wazero   wazero.Runtime // where it is compiled
	compiled wazero.CompiledModule
	pool     *pool

	minPages uint32 // memory that the module declares
	maxPages uint32 // and its declared maximum; maxPages (the constant) where there is none
	mutable  int    // mutable globals, exported as hostPrefix + number
	calls    map[string]struct{}
	facts    facts
	stubs    []*hostFunc // what stands for imports that are not offered, in loadOnce
}

// CodeHash returns the blake2b-256 of the code as it was loaded, compressed or not: what a chain calls the hash of its :code.
func (r *Runtime) CodeHash() hash.H256 { return r.hash }

// Info describes the runtime's module.
func (r *Runtime) Info() *Info { return &r.info }

// Has tells whether the runtime exports the API function.
func (r *Runtime) Has(api string) bool {
	_, ok := r.calls[api]
	return ok
}

// prepare checks that m is a runtime this host can run, and turns it into the module that is compiled:
// an imported memory becomes an own one, the memory's maximum moves from the module to the host, which shrinks memory by growing
// it (linearMemory), and every mutable global is exported so that it can be restored. allowMissing gives functions that are not offered
// a stub that traps.
func (r *Runtime) prepare(m *wasmbin.Module, allowMissing bool) error {
	for _, f := range r.info.Features {
		if !slices.Contains(allowedFeatures, f) {
			return fmt.Errorf("%w: it needs the extension %s", ErrNotWasm, f)
		}
	}
	if r.info.tooComplex != nil {
		return r.info.tooComplex
	}
	if m.Start != nil {
		return ErrStartFunction
	}
	for _, x := range m.Exports {
		if strings.HasPrefix(x.Name, hostPrefix) {
			return fmt.Errorf("%w: export %q has a reserved name", ErrNotWasm, x.Name)
		}
	}
	if err := r.resolve(m, allowMissing); err != nil {
		return err
	}
	if len(m.Memories) == 0 {
		return ErrMissingMemory
	}
	mem := &m.Memories[0]
	if mem.Shared {
		return fmt.Errorf("%w: shared memory", ErrNotWasm)
	}
	r.minPages, r.maxPages = mem.Min, maxPages
	if mem.HasMax {
		r.maxPages = min(r.maxPages, mem.Max)
	}
	if r.minPages > r.engine.cfg.MaxPages {
		return fmt.Errorf("%w: the module declares %d pages, at most %d", ErrMemoryLimit, r.minPages, r.engine.cfg.MaxPages)
	}
	mem.HasMax = false

	// Tables are memory too: what growth may add to them is bounded, and their number.
	if len(m.Tables) > maxTables {
		return fmt.Errorf("%w: %d tables, at most %d", ErrNotWasm, len(m.Tables), maxTables)
	}
	for i := range m.Tables {
		l := &m.Tables[i].Limits
		if ceiling := max(l.Min, maxTableElements); !l.HasMax || l.Max > ceiling {
			l.HasMax, l.Max = true, ceiling
		}
	}

	if !r.info.hasHeapBase {
		return ErrMissingHeapBase
	}

	if err := m.Meter(tickModule, tickName, tickInterval); err != nil {
		return fmt.Errorf("%w: %w", ErrNotWasm, err)
	}
	imported := m.Imported(wasmbin.KindGlobal)
	for i := range m.Globals {
		if m.Globals[i].Type.Mutable {
			m.Exports = append(m.Exports, wasmbin.Export{
				Name: hostPrefix + strconv.Itoa(r.mutable), Kind: wasmbin.KindGlobal, Index: imported + uint32(i),
			})
			r.mutable++
		}
	}
	r.calls = make(map[string]struct{})
	types := m.FunctionTypes()
	for _, x := range m.Exports {
		if x.Kind == wasmbin.KindFunction && m.Types[types[x.Index]].Equal(runtimeCallType) {
			r.calls[x.Name] = struct{}{}
		}
	}
	// Names of functions and the like are no part of the program; what is not handed to the compiler cannot trouble it.
	m.Customs = nil
	return nil
}

// runtimeCallType is the type of every function of a runtime API: pointer and length of the arguments to the span of the result.
var runtimeCallType = wasmbin.FuncType{
	Params:  []wasmbin.ValueType{wasmbin.I32, wasmbin.I32},
	Results: []wasmbin.ValueType{wasmbin.I64},
}

// resolve checks every import against the table of host functions and moves an imported memory into the module.
func (r *Runtime) resolve(m *wasmbin.Module, allowMissing bool) error {
	var unknown []string
	stubs := make(map[string]*hostFunc)
	kept := m.Imports[:0:0]
	for _, i := range m.Imports {
		where := i.Module + "." + i.Name
		switch {
		case i.Module == "env" && i.Kind == wasmbin.KindMemory:
			m.Memories = append(m.Memories, i.Memory)
			continue
		case i.Module == "env" && i.Kind == wasmbin.KindFunction:
			f, ok := r.engine.imports[i.Name]
			if !ok && allowMissing && len(r.stubs) < maxStubs {
				if f, ok = stubs[i.Name]; !ok {
					f, ok = newStub(i.Name, m.Types[i.Function]), true
					stubs[i.Name] = f
					r.stubs = append(r.stubs, f)
				}
			}
			if !ok {
				unknown = append(unknown, where+": no such host function")
				continue
			}
			if t := m.Types[i.Function]; !f.hasType(t) {
				i.Name += variantSuffix
				if f, ok = r.engine.imports[i.Name]; !ok || !f.hasType(t) {
					unknown = append(unknown, where+": the host function has another signature")
					continue
				}
			}
		default:
			unknown = append(unknown, fmt.Sprintf("%s: no %s is offered", where, i.Kind))
			continue
		}
		kept = append(kept, i)
	}
	if unknown != nil {
		return &UnknownImportsError{Imports: unknown}
	}
	m.Imports = kept
	if len(m.Memories) == 1 {
		for _, x := range m.Exports {
			if x.Kind == wasmbin.KindMemory {
				return nil
			}
		}
		m.Exports = append(m.Exports, wasmbin.Export{Name: hostPrefix + "memory", Kind: wasmbin.KindMemory})
	}
	return nil
}

// maxStubs bounds how many functions that are not offered get a stub. Real runtimes import some hundred functions in all.
const maxStubs = 1000

// newStub returns a host function of a type that traps.
func newStub(name string, t wasmbin.FuncType) *hostFunc {
	f := &hostFunc{name: name, fn: unoffered}
	for _, p := range t.Params {
		f.params = append(f.params, api.ValueType(p))
	}
	for _, p := range t.Results {
		f.results = append(f.results, api.ValueType(p))
	}
	return f
}

func (f *hostFunc) hasType(t wasmbin.FuncType) bool {
	return t.Equal(wasmbin.FuncType{Params: valueTypes(f.params), Results: valueTypes(f.results)})
}

func valueTypes(types []api.ValueType) []wasmbin.ValueType {
	out := make([]wasmbin.ValueType, len(types))
	for i, t := range types {
		out[i] = wasmbin.ValueType(t)
	}
	return out
}

// heapBase reads the exported immutable i32 global __heap_base of m: where the heap of the host begins.
func heapBase(m *wasmbin.Module) (uint32, bool) {
	x, ok := m.Export("__heap_base")
	if !ok || x.Kind != wasmbin.KindGlobal || uint64(x.Index) >= uint64(len(m.Globals)) {
		return 0, false
	}
	g := m.Globals[x.Index]
	if g.Type.Type != wasmbin.I32 || g.Type.Mutable {
		return 0, false
	}
	return wasmbin.ConstI32(g.Init)
}

// Call runs the function api of the runtime with args, on a memory that no other call has touched, and returns what it answers.
// Everything it may do to the world is in env. The end of ctx ends the call.
//
// Errors: ErrUnknownAPI, and otherwise a *Trap that names api and wraps what happened: ErrMemoryLimit, ErrDeadline, ErrStackOverflow,
// *GuestPanic, *RangeError, ErrForbidden, an error of the allocator or of env. What env wrote until then is the caller's to drop.
func (r *Runtime) Call(ctx context.Context, env *Env, api string, args []byte) ([]byte, error) {
	if !r.Has(api) {
		return nil, fmt.Errorf("runtime call %q: %w", api, ErrUnknownAPI)
	}
	in, err := r.pool.get(r)
	if err != nil {
		return nil, fmt.Errorf("runtime call %s: %w", api, err)
	}
	result, err := in.inside(ctx, r, env, api, args)
	r.pool.put(r, in, err == nil)
	return result, err
}
