package wasmhost

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"strings"

	"github.com/tetratelabs/wazero"
	"github.com/tetratelabs/wazero/api"
	"github.com/tetratelabs/wazero/experimental"

	"github.com/gotensor/gotensor/wasmhost/internal/heap"
)

// instance is one instance of a runtime, with all that a call needs. One goroutine uses it at a time.
type instance struct {
	module    api.Module
	memory    *linearMemory
	mem       api.Memory
	functions map[string]api.Function
	globals   []savedGlobal
	call      call
	ctx       callContext
	stack     [2]uint64
	attached  bool // the snapshot is mapped under the memory
}

// savedGlobal is a mutable global with the value that it starts every call with.
type savedGlobal struct {
	global  api.MutableGlobal
	initial uint64
}

// newInstance instantiates r.
func (r *Runtime) newInstance() (*instance, error) {
	initial := uint64(r.minPages) * pageSize
	reserved, err := newRegion(uint64(min(r.engine.cfg.MaxPages, r.maxPages)) * pageSize)
	if err != nil {
		return nil, fmt.Errorf("%w: %w", ErrHost, err)
	}
	in := &instance{memory: &linearMemory{region: reserved, limit: initial}, functions: make(map[string]api.Function)}
	// The engine has no way to hear that memory for the declared minimum is missing, so it is made before.
	if !reserved.commit(initial) {
		reserved.release()
		return nil, fmt.Errorf("%w: commit %d pages for a new instance", ErrHost, r.minPages)
	}
	in.memory.region = reserved
	ctx := experimental.WithMemoryAllocator(context.Background(), experimental.MemoryAllocatorFunc(
		func(uint64, uint64) experimental.LinearMemory { return in.memory }))
	in.module, err = r.wazero.InstantiateModule(ctx, r.compiled, wazero.NewModuleConfig().WithName("").WithStartFunctions())
	if err != nil {
		if in.module == nil {
			in.memory.Free()
		}
		return nil, fmt.Errorf("instantiate: %w: %v", ErrNotWasm, err)
	}
	in.mem = in.module.Memory()
	in.globals = make([]savedGlobal, r.mutable)
	for i := range in.globals {
		g, ok := in.module.ExportedGlobal(hostPrefix + strconv.Itoa(i)).(api.MutableGlobal)
		if !ok {
			panic("BUG: a global that was exported as mutable is not")
		}
		in.globals[i] = savedGlobal{g, g.Get()}
	}
	in.call.mem = in.mem
	in.call.heap = heap.New(r.info.HeapBase, 0)
	in.ctx.call = &in.call
	return in, nil
}

func (in *instance) close() {
	in.module.Close(context.Background()) //nolint:errcheck // frees memory and has no error of its own
}

func (in *instance) function(name string) api.Function {
	f := in.functions[name]
	if f == nil {
		f = in.module.ExportedFunction(name)
		in.functions[name] = f
	}
	return f
}

// inside runs a call with the transactions that the host has open out of the guest's reach; what the guest leaves open is rolled back.
func (in *instance) inside(ctx context.Context, r *Runtime, env *Env, api string, args []byte) ([]byte, error) {
	if env.Storage == nil {
		return in.run(ctx, r, env, api, args)
	}
	if err := env.Storage.EnterRuntime(); err != nil {
		return nil, fmt.Errorf("runtime call %s: %w", api, err)
	}
	result, err := in.run(ctx, r, env, api, args)
	if _, exitErr := env.Storage.ExitRuntime(); exitErr != nil && err == nil {
		err = fmt.Errorf("runtime call %s: %w", api, exitErr)
	}
	return result, err
}

// run makes one call on an instance that is as it was after instantiation.
func (in *instance) run(ctx context.Context, r *Runtime, env *Env, api string, args []byte) ([]byte, error) {
	extra := uint64(env.HeapPages)
	if extra == 0 {
		extra = DefaultHeapPages
	}
	pages := uint32(min(uint64(r.minPages)+extra, uint64(r.maxPages), uint64(r.engine.cfg.MaxPages)))
	c := &in.call
	c.rt = r
	c.ctx, c.done, c.env, c.api, c.fn, c.lastError = ctx, ctx.Done(), env, api, "", ""
	c.hostState = hostState{}
	c.heap.Reset(pages)
	in.memory.limit = uint64(pages) * pageSize
	in.memory.refused, in.memory.failed = false, false
	// An idle instance keeps nothing of the call alive, and not its runtime either, which would then never be freed.
	defer func() { c.rt, c.ctx, c.done, c.env, c.hostState = nil, nil, nil, nil, hostState{} }()
	if ctx.Err() != nil {
		return nil, c.failed(fmt.Errorf("%w: %w", ErrDeadline, ctx.Err()))
	}
	// The arguments get an allocation even where they are empty, as in Substrate: so the guest's heap has the same layout.
	ptr, err := c.heap.Alloc(in.mem, uint32(len(args)))
	if err != nil {
		return nil, c.failed(fmt.Errorf("arguments of %d bytes: %w", len(args), in.withMemory(err)))
	}
	if !in.mem.Write(ptr, args) {
		return nil, c.failed(&RangeError{Pointer: ptr, Length: uint32(len(args)), Memory: in.mem.Size()})
	}
	in.stack = [2]uint64{uint64(ptr), uint64(len(args))}
	err = in.function(api).CallWithStack(&in.ctx, in.stack[:])
	if in.memory.failed {
		// What the guest did after that depends on this machine, so it is no answer.
		return nil, c.failed(fmt.Errorf("%w: memory of the guest did not grow below its ceiling of %d bytes", ErrHost, in.memory.limit))
	}
	if err != nil {
		return nil, in.explain(err)
	}
	at, n := span(in.stack[0])
	view, ok := in.mem.Read(at, n)
	if !ok {
		return nil, c.failed(fmt.Errorf("result: %w", &RangeError{Pointer: at, Length: n, Memory: in.mem.Size()}))
	}
	result := make([]byte, n)
	copy(result, view)
	return result, nil
}

// failed makes the error of a call that did not end in a host function.
func (c *call) failed(err error) error { return &Trap{API: c.api, Param: -1, Err: err} }

// withMemory adds to err that a growth of memory was refused, if one was.
func (in *instance) withMemory(err error) error {
	if in.memory.refused && !errors.Is(err, ErrMemoryLimit) {
		return fmt.Errorf("%w, %w of %d bytes", err, ErrMemoryLimit, in.memory.limit)
	}
	return err
}

// explain turns an error of the engine into one of this package.
func (in *instance) explain(err error) error {
	c := &in.call
	var trap *Trap
	if errors.As(err, &trap) { // a host function ended the call
		trap.Err = in.withMemory(trap.Err)
		return trap
	}
	// The engine's own errors are of a private type and carry the guest's stack on further lines.
	text, stack, _ := strings.Cut(err.Error(), "\n")
	text = strings.TrimPrefix(text, "wasm error: ")
	switch {
	case text == "stack overflow":
		trap = &Trap{API: c.api, Param: -1, Err: ErrStackOverflow}
	case text == "unreachable" && c.lastError != "":
		trap = &Trap{API: c.api, Param: -1, Err: &GuestPanic{Message: c.lastError}}
	case strings.HasSuffix(text, " (recovered by wazero)"):
		trap = &Trap{API: c.api, Function: c.fn, Param: -1, Err: fmt.Errorf("%w: BUG: host function panicked: %v", ErrHost, err)}
	default:
		trap = &Trap{API: c.api, Param: -1, Err: in.withMemory(errors.New(text))}
	}
	trap.Stack = strings.TrimPrefix(stack, "wasm stack trace:\n\t")
	return trap
}
