package wasmhost

import (
	"context"
	"errors"
	"fmt"
	"runtime"
	"slices"
	"strings"
	"sync"
	"time"
	"weak"

	"github.com/tetratelabs/wazero"
	"github.com/tetratelabs/wazero/api"
	"github.com/tetratelabs/wazero/experimental"

	"github.com/gotensor/gotensor/internal/wasmbin"
	"github.com/gotensor/gotensor/primitives/hash"
)

// features are the extensions of WebAssembly 1.0 that code may use. They are pinned, so that an update of the engine
// does not widen what the chain accepts: WebAssembly 2.0 without 128-bit vectors.
const features = api.CoreFeatureMutableGlobal | api.CoreFeatureSignExtensionOps | api.CoreFeatureNonTrappingFloatToIntConversion |
	api.CoreFeatureMultiValue | api.CoreFeatureBulkMemoryOperations | api.CoreFeatureReferenceTypes

// allowedFeatures are the same by wasmbin's names, so that refused code hears which extension it needs.
var allowedFeatures = []string{
	wasmbin.FeatureMutableGlobals, wasmbin.FeatureSignExtension, wasmbin.FeatureSaturating,
	wasmbin.FeatureMultiValue, wasmbin.FeatureBulkMemory, wasmbin.FeatureReferenceTypes,
}

// Defaults of Config.
const (
	// DefaultHeapPages is how many pages a call may add to the memory that the module declares.
	// Source: substrate sc-executor, DEFAULT_HEAP_ALLOC_PAGES.
	DefaultHeapPages = 2048
	// DefaultMaxPages bounds the whole memory of any instance: 1 GiB.
	DefaultMaxPages = 16384
	// DefaultKeep is how many runtimes stay compiled without being used.
	DefaultKeep = 4
	// DefaultVerifyEvery is how many resets of a runtime there are to one whose result is compared byte for byte, for each whole 4 MiB of initial memory (at
	// least once): 1,024 below 8 MiB, 16,384 for 64 MiB. Comparing 64 MiB takes some ten milliseconds, so that a reset bears less than a microsecond of it.
	DefaultVerifyEvery = 1024
	// DefaultCacheBytes bounds the folder of compiled code.
	DefaultCacheBytes = 1 << 30
	// compileWorkers is how many functions compile at once. More gain little, and a node has other work.
	compileWorkers = 2
)

// Config says how an engine runs code. The zero value is usable.
type Config struct {
	// Interpreter runs code in wazero's interpreter instead of compiling it. Results are the same, and come much later.
	Interpreter bool
	// CacheDir is a folder for compiled code that outlives the process; empty keeps compiled code in memory only. It is made with mode
	// 0700. What is in it is executed as it is, so nobody else may be able to write to it.
	CacheDir string
	// CacheBytes bounds the compiled code in CacheDir: what was used longest ago is deleted when an engine starts and when code is added.
	// Files that are not the engine's stay, and do not count. 0 takes DefaultCacheBytes.
	CacheBytes int64
	// Reset is how instances get back to their initial memory.
	Reset ResetMode
	// VerifyEvery compares the whole memory with the initial one after one reset in so many of a runtime, whichever instance it was, and however large the
	// memory is. 0 takes DefaultVerifyEvery for each whole 4 MiB of initial memory.
	VerifyEvery uint64
	// MaxPages bounds the memory of every instance in pages of 64 KiB, whatever Env asks for. 0 takes DefaultMaxPages.
	MaxPages uint32
	// Keep is how many runtimes stay compiled though nobody holds them. 0 takes DefaultKeep.
	Keep int
	// OnFault, where not nil, hears of what went wrong inside and was mended: a reset mode that this system cannot do, a
	// restored memory that was not the initial one, a damaged CacheDir. It may be called from several goroutines.
	OnFault func(error)
}

// Engine compiles runtimes and runs them. It is safe for concurrent use.
type Engine struct {
	cfg      Config
	reset    modeCell
	wazero   wazero.Runtime
	cache    wazero.CompilationCache
	imports  map[string]*hostFunc
	counters counters

	mu       sync.Mutex
	closed   bool
	kept     []*Runtime // most recently loaded last
	runtimes map[hash.H256]weak.Pointer[Runtime]
	loading  map[hash.H256]*loading
}

// loading is one compilation that several callers may wait for.
type loading struct {
	done chan struct{}
	rt   *Runtime
	err  error
}

// NewEngine makes an engine. Close gives its memory back.
func NewEngine(cfg Config) (*Engine, error) {
	if cfg.MaxPages == 0 {
		cfg.MaxPages = DefaultMaxPages
	}
	cfg.MaxPages = min(cfg.MaxPages, maxPages)
	if cfg.Keep == 0 {
		cfg.Keep = DefaultKeep
	}
	if cfg.CacheBytes == 0 {
		cfg.CacheBytes = DefaultCacheBytes
	}
	e := &Engine{
		cfg:      cfg,
		imports:  make(map[string]*hostFunc, len(hostFuncs)),
		runtimes: make(map[hash.H256]weak.Pointer[Runtime]),
		loading:  make(map[hash.H256]*loading),
	}
	mode, err := supported(cfg.Reset)
	if err != nil {
		e.fault(fmt.Errorf("reset mode %s is not available, using %s: %w", cfg.Reset, mode, err))
	}
	e.reset.set(mode)

	for i := range hostFuncs {
		e.imports[hostFuncs[i].name] = &hostFuncs[i]
	}
	if cfg.CacheDir != "" && !cfg.Interpreter {
		if e.cache, err = e.openCache(); err != nil {
			return nil, err
		}
	}
	all := make([]*hostFunc, len(hostFuncs))
	for i := range hostFuncs {
		all[i] = &hostFuncs[i]
	}
	if e.wazero, err = newWazero(cfg.Interpreter, e.cache, all); err != nil {
		panic("BUG: the table of host functions is refused: " + err.Error())
	}
	return e, nil
}

// newWazero makes what compiles and instantiates code that imports the functions offered. It writes compiled code to cache where that is not nil.
func newWazero(interpreter bool, cache wazero.CompilationCache, offered []*hostFunc) (wazero.Runtime, error) {
	rc := wazero.NewRuntimeConfigInterpreter()
	if !interpreter {
		rc = wazero.NewRuntimeConfigCompiler()
	}
	rc = rc.WithCoreFeatures(features).WithDebugInfoEnabled(false)
	if cache != nil {
		rc = rc.WithCompilationCache(cache)
	}
	ctx := context.Background()
	w := wazero.NewRuntimeWithConfig(ctx, rc)
	env := w.NewHostModuleBuilder("env")
	for _, f := range offered {
		env.NewFunctionBuilder().WithGoModuleFunction(hostFunction(f), f.params, f.results).Export(f.name)
	}
	own := w.NewHostModuleBuilder(tickModule)
	own.NewFunctionBuilder().WithGoModuleFunction(api.GoModuleFunc(tick), nil, nil).Export(tickName)
	for _, b := range []wazero.HostModuleBuilder{env, own} {
		if _, err := b.Instantiate(ctx); err != nil {
			w.Close(ctx) //nolint:errcheck // the error before is the one to tell
			return nil, err
		}
	}
	return w, nil
}

// The function that metered code calls while it runs (wasmbin.Meter), and how often: after some 16,384 units of about ten nanoseconds.
// The engine's own way to end a run leaves compiled code at every loop iteration, which made Metadata_metadata of a real runtime
// four to eight times slower; this one costs it 12 to 18 %. Besides, without either of them code that neither returns nor calls the host would
// stop the garbage collector, and with it the node.
const (
	tickModule   = "gotensor"
	tickName     = "tick"
	tickInterval = 1 << 14
)

// tick ends the call when its context has ended.
func tick(ctx context.Context, _ api.Module, _ []uint64) { ctx.(*callContext).call.checkDeadline() }

// checkDeadline ends the call when its context has ended.
func (c *call) checkDeadline() {
	if c.done == nil {
		return
	}
	select {
	case <-c.done:
		panic(c.failed(fmt.Errorf("%w: %w", ErrDeadline, c.ctx.Err())))
	default:
	}
}

// hostFunction is what the engine calls for an import: it finds the call in progress and notes which function runs. The time that a host
// function takes is in no counter of the guest, so that each looks at the deadline before it starts.
func hostFunction(f *hostFunc) api.GoModuleFunc {
	return func(ctx context.Context, _ api.Module, stack []uint64) {
		c := ctx.(*callContext).call
		c.checkDeadline()
		c.fn = f.name
		f.fn(c, stack)
		c.fn = "" // not so where it panics: then it is the function at fault
	}
}

// callContext carries the call through the engine to the host functions. It says nothing of deadlines: those the host watches itself.
type callContext struct {
	call *call
}

func (*callContext) Deadline() (deadline time.Time, ok bool) { return time.Time{}, false }
func (*callContext) Done() <-chan struct{}                   { return nil }
func (*callContext) Err() error                              { return nil }
func (*callContext) Value(any) any                           { return nil }

func (e *Engine) fault(err error) {
	e.counters.faults.Add(1)
	if e.cfg.OnFault != nil {
		e.cfg.OnFault(err)
	}
}

// verifyEvery returns how many resets of a runtime whose initial memory has so many bytes there are to one that is verified.
func (e *Engine) verifyEvery(size uint64) uint64 {
	if e.cfg.VerifyEvery != 0 {
		return e.cfg.VerifyEvery
	}
	return DefaultVerifyEvery * max(1, size/(4<<20))
}

// Reset returns the reset mode in use, which is not the one of Config where the system cannot do that.
func (e *Engine) Reset() ResetMode { return e.reset.get() }

// Close waits for the calls in progress, which their contexts may hurry, and frees what the engine holds. Calls that come later end in ErrClosed.
func (e *Engine) Close() error {
	e.mu.Lock()
	if e.closed {
		e.mu.Unlock()
		return nil
	}
	e.closed = true
	var live []*Runtime
	for _, w := range e.runtimes {
		if r := w.Value(); r != nil {
			live = append(live, r)
		}
	}
	e.kept, e.runtimes = nil, nil
	e.mu.Unlock()
	for _, r := range live {
		r.pool.close()
	}
	err := e.wazero.Close(context.Background())
	if e.cache != nil {
		err = errors.Join(err, e.cache.Close(context.Background()))
	}
	return err
}

// Load returns the runtime of code, which may be compressed. The same code gives the same runtime, compiled once, for as long as somebody
// holds it or it is among the last few that were loaded.
// Errors: ErrNotWasm, ErrZstd, ErrCodeTooBig, ErrMissingMemory, ErrMissingHeapBase, ErrStartFunction, ErrMemoryLimit,
// ErrTooComplex, *UnknownImportsError, ErrClosed, and that of ctx.
func (e *Engine) Load(ctx context.Context, code []byte) (*Runtime, error) {
	if len(code) > MaxCode {
		return nil, fmt.Errorf("load code: %w: %d bytes, at most %d", ErrCodeTooBig, len(code), MaxCode)
	}
	key := hash.Blake2b256(code)
	for {
		e.mu.Lock()
		if e.closed {
			e.mu.Unlock()
			return nil, ErrClosed
		}
		if r := e.runtimes[key].Value(); r != nil {
			e.keep(r)
			e.mu.Unlock()
			return r, nil
		}
		l := e.loading[key]
		mine := l == nil
		if mine {
			l = &loading{done: make(chan struct{})}
			e.loading[key] = l
		}
		e.mu.Unlock()
		if mine {
			return e.load(ctx, l, key, code)
		}
		select {
		case <-l.done:
		case <-ctx.Done():
			return nil, fmt.Errorf("load code %s: %w", key, ctx.Err())
		}
		// The other caller's context may have ended: then it is this one's turn.
		if l.err == nil || !errors.Is(l.err, context.Canceled) && !errors.Is(l.err, context.DeadlineExceeded) {
			return l.rt, l.err
		}
	}
}

func (e *Engine) load(ctx context.Context, l *loading, key hash.H256, code []byte) (*Runtime, error) {
	l.rt, l.err = e.compile(ctx, key, code)
	if l.err != nil {
		l.err = fmt.Errorf("load code %s: %w", key, l.err)
	}
	e.mu.Lock()
	delete(e.loading, key)
	if l.err == nil && !e.closed {
		e.runtimes[key] = weak.Make(l.rt)
		e.keep(l.rt)
	}
	e.mu.Unlock()
	close(l.done)
	return l.rt, l.err
}

// keep makes r the most recently used runtime. e.mu is held.
func (e *Engine) keep(r *Runtime) {
	if i := slices.Index(e.kept, r); i >= 0 {
		e.kept = slices.Delete(e.kept, i, i+1)
	}
	e.kept = append(e.kept, r)
	if len(e.kept) > e.cfg.Keep {
		e.kept = slices.Delete(e.kept, 0, 1)
	}
	for k, w := range e.runtimes {
		if w.Value() == nil {
			delete(e.runtimes, k)
		}
	}
}

// compile makes the runtime that Load returns.
func (e *Engine) compile(ctx context.Context, key hash.H256, code []byte) (*Runtime, error) {
	r, module, err := e.prepare(key, code, false)
	if err != nil {
		return nil, err
	}
	r.wazero = e.wazero
	r.compiled, err = compileModule(ctx, r.wazero, module)
	if cacheFault(err) && ctx.Err() == nil {
		// A damaged or unwritable folder of compiled code must not keep a node from running: it is emptied, and the code compiled.
		e.fault(fmt.Errorf("compile cache %s is emptied: %w", e.cfg.CacheDir, err))
		e.pruneCache(-1)
		r.compiled, err = compileModule(ctx, r.wazero, module)
	}
	if cacheFault(err) && ctx.Err() == nil {
		e.fault(fmt.Errorf("compile cache %s is not used: %w", e.cfg.CacheDir, err))
		return e.compileAlone(ctx, r, module, e.cfg.Interpreter)
	}
	if err != nil {
		return nil, err
	}
	if e.cache != nil {
		e.touchCache(module)
		e.pruneCache(e.cfg.CacheBytes)
	}
	e.counters.compiled.Add(1)
	compiled := r.compiled
	// Nobody holds the runtime any more: its instances and its machine code go.
	runtime.AddCleanup(r, func(p *pool) {
		p.close()
		compiled.Close(context.Background()) //nolint:errcheck // it frees memory and has no error of its own
	}, r.pool)
	return r, nil
}

// compileAlone compiles r outside of what the engine's runtimes share: nothing of it reaches the folder of compiled code, and all of it goes with r. It may
// import its stubs too.
func (e *Engine) compileAlone(ctx context.Context, r *Runtime, module []byte, interpreter bool) (*Runtime, error) {
	offered := slices.Clone(r.stubs)
	for _, name := range r.info.Imports {
		if f := e.imports[strings.TrimPrefix(name, "env.")]; f != nil && !slices.Contains(offered, f) {
			offered = append(offered, f)
			if variant := e.imports[f.name+variantSuffix]; variant != nil {
				offered = append(offered, variant)
			}
		}
	}
	w, err := newWazero(interpreter, nil, offered)
	if err != nil {
		return nil, fmt.Errorf("%w: %v", ErrNotWasm, err)
	}
	r.wazero = w
	if r.compiled, err = compileModule(ctx, w, module); err != nil {
		w.Close(ctx) //nolint:errcheck // the error before is the one to tell
		return nil, err
	}
	e.counters.compiled.Add(1)
	runtime.AddCleanup(r, func(p *pool) {
		p.close()
		w.Close(context.Background()) //nolint:errcheck // it frees memory and has no error of its own
	}, r.pool)
	return r, nil
}

// loadOnce returns a runtime for one question to code that a guest handed over. It is read for the occasion, so that it neither pushes
// a runtime of the chain out nor stays; the interpreter runs it, because compiling for one short call takes longer, and long enough to be a weapon; and code may import functions that are not offered: they trap when they are called.
// Source: substrate sc-executor, WasmExecutor::read_runtime_version, whose allow_missing_host_functions is set.
func (e *Engine) loadOnce(ctx context.Context, code []byte) (*Runtime, error) {
	r, module, err := e.prepare(hash.Blake2b256(code), code, true)
	if err != nil {
		return nil, err
	}
	return e.compileAlone(ctx, r, module, true)
}

// free gives back at once what a runtime of loadOnce holds. No call may be in progress.
func (r *Runtime) free() {
	r.pool.close()
	r.wazero.Close(context.Background()) //nolint:errcheck // it frees memory and has no error of its own
}

// prepare reads code and makes what is compiled of it.
func (e *Engine) prepare(key hash.H256, code []byte, allowMissing bool) (*Runtime, []byte, error) {
	info, m, err := inspect(code)
	if err != nil {
		return nil, nil, err
	}
	r := &Runtime{engine: e, hash: key, info: *info, pool: &pool{}}
	if err := r.prepare(m, allowMissing); err != nil {
		return nil, nil, err
	}
	return r, m.Encode(), nil
}

// compileModule compiles module. Its errors are those of ctx, ErrNotWasm, or what cacheFault knows.
func compileModule(ctx context.Context, w wazero.Runtime, module []byte) (wazero.CompiledModule, error) {
	compiled, err := w.CompileModule(experimental.WithCompilationWorkers(ctx, compileWorkers), module)
	switch {
	case err == nil:
		return compiled, nil
	case ctx.Err() != nil:
		return nil, ctx.Err()
	}
	return nil, fmt.Errorf("%w: %w", ErrNotWasm, err)
}
