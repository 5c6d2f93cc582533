package wasmhost

import (
	"bytes"
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"runtime"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/klauspost/compress/zstd"

	"github.com/gotensor/gotensor/internal/codeblob"
	"github.com/gotensor/gotensor/internal/wasmbin"
)

// Guests of these tests are assembled from opcodes. All of them have a heap base of 1,024 and one page unless they say otherwise.

// Function types that the guests use.
var (
	typeRun  = runtimeCallType
	typeVoid = wasmbin.FuncType{}
)

// asm joins opcodes (numbers below 256) and encoded integers ([]byte) to a function body.
func asm(parts ...any) []byte {
	var b []byte
	for _, p := range parts {
		switch p := p.(type) {
		case int:
			b = append(b, byte(p))
		case wasmbin.Opcode:
			if p > 0xff {
				b = wasmbin.AppendU32(append(b, byte(p>>16)), uint32(p&0xffff))
			} else {
				b = append(b, byte(p))
			}
		case []byte:
			b = append(b, p...)
		default:
			panic(fmt.Sprintf("BUG: asm of %T", p))
		}
	}
	return append(b, byte(wasmbin.OpEnd))
}

func constI32(v int64) []byte { return wasmbin.AppendS64([]byte{byte(wasmbin.OpI32Const)}, v) }
func constI64(v int64) []byte { return wasmbin.AppendS64([]byte{byte(wasmbin.OpI64Const)}, v) }

// callOf calls the function at index.
func callOf(index uint32) []byte { return wasmbin.AppendU32([]byte{byte(wasmbin.OpCall)}, index) }

// assembled is a module in the making; its functions come after the imports that were added first.
type assembled struct{ wasmbin.Module }

func newModule() *assembled {
	return &assembled{wasmbin.Module{
		Memories: []wasmbin.Limits{{Min: 1}},
		Globals: []wasmbin.Global{
			{Type: wasmbin.GlobalType{Type: wasmbin.I32}, Init: asm(constI32(1024))},
		},
		Exports: []wasmbin.Export{{Name: "memory", Kind: wasmbin.KindMemory}, {Name: "__heap_base", Kind: wasmbin.KindGlobal}},
	}}
}

// imports adds a host function and returns its index.
func (g *assembled) imports(name string) uint32 {
	for i := range hostFuncs {
		if hostFuncs[i].name == name {
			g.Imports = append(g.Imports, wasmbin.Import{Module: "env", Name: name, Function: g.AddType(funcType(hostFuncs[i]))})
			return uint32(len(g.Imports) - 1)
		}
	}
	panic("BUG: no host function " + name)
}

// function adds a function and returns its index.
func (g *assembled) function(t wasmbin.FuncType, locals []wasmbin.Locals, body []byte) uint32 {
	g.Functions = append(g.Functions, g.AddType(t))
	g.Code = append(g.Code, wasmbin.Code{Locals: locals, Body: body})
	return g.Imported(wasmbin.KindFunction) + uint32(len(g.Functions)) - 1
}

// run exports a runtime call "run" with the body.
func (g *assembled) run(body []byte) *assembled {
	index := g.function(typeRun, []wasmbin.Locals{{Count: 2, Type: wasmbin.I32}}, body)
	g.Exports = append(g.Exports, wasmbin.Export{Name: "run", Index: index})
	return g
}

// echo answers its arguments: the good guest.
func echo() *assembled {
	return newModule().run(asm(wasmbin.OpLocalGet, 0, 0xad, wasmbin.OpLocalGet, 1, 0xad, constI64(32), 0x86, 0x84)) // ptr | len<<32
}

// stillGood runs a good call: what came before has left the engine usable.
func stillGood(t *testing.T, e *Engine) {
	t.Helper()
	r, err := e.Load(context.Background(), echo().Encode())
	if err != nil {
		t.Fatalf("the engine does not load a good guest any more: %v", err)
	}
	if got := mustCall(t, r, &Env{}, "run", []byte("still here")); string(got) != "still here" {
		t.Fatalf("the engine's good call answers %q", got)
	}
}

// eachEngine runs a test on the compiler and on the interpreter.
func eachEngine(t *testing.T, cfg Config, test func(t *testing.T, e *Engine)) {
	for _, interpreter := range []bool{false, true} {
		name := "compiler"
		if interpreter {
			name = "interpreter"
		}
		t.Run(name, func(t *testing.T) {
			cfg := cfg
			cfg.Interpreter = interpreter
			test(t, newTestEngine(t, cfg))
		})
	}
}

// hungry asks for memory until it gets no more.
func hungry() *assembled {
	return newModule().run(asm(wasmbin.OpLoop, 0x40, constI32(16), wasmbin.OpMemoryGrow, 0, constI32(-1), 0x47, wasmbin.OpBrIf, 0, wasmbin.OpEnd,
		wasmbin.OpUnreachable))
}

// hostileCalls are guests that load and misbehave when called.
var hostileCalls = []struct {
	name  string
	guest func() *assembled
	env   Env
	// limit ends the call after so long; 0 for no limit. A call that should trap by itself gets none.
	limit time.Duration
	want  error
	also  func(err error) error // further checks
}{
	{
		name: "infinite loop",
		guest: func() *assembled {
			return newModule().run(asm(wasmbin.OpLoop, 0x40, wasmbin.OpBr, 0, wasmbin.OpEnd, wasmbin.OpUnreachable))
		},
		limit: 50 * time.Millisecond, want: ErrDeadline,
		also: func(err error) error {
			return want(errors.Is(err, context.DeadlineExceeded), "not the context's error")
		},
	},
	{
		name: "exponential recursion without a loop",
		guest: func() *assembled {
			g := newModule()
			t := wasmbin.FuncType{Params: []wasmbin.ValueType{wasmbin.I32}}
			down := asm(wasmbin.OpLocalGet, 0, constI32(1), wasmbin.OpI32Sub)
			down = down[:len(down)-1]
			g.function(t, nil, asm(wasmbin.OpLocalGet, 0, wasmbin.OpIf, 0x40, down, callOf(0), down, callOf(0), wasmbin.OpEnd))
			return g.run(asm(constI32(80), callOf(0), wasmbin.OpUnreachable))
		},
		limit: 50 * time.Millisecond, want: ErrDeadline,
	},
	{
		name: "loop of large bulk copies",
		guest: func() *assembled {
			g := newModule()
			g.Memories[0].Min = 1024
			return g.run(asm(wasmbin.OpLoop, 0x40, constI32(0), constI32(7), constI32(1024*65536), wasmbin.OpMemoryFill, 0,
				wasmbin.OpBr, 0, wasmbin.OpEnd, wasmbin.OpUnreachable))
		},
		limit: 50 * time.Millisecond, want: ErrDeadline,
	},
	{
		name: "large bulk copies without a loop",
		guest: func() *assembled {
			g := newModule()
			g.Memories[0].Min = 1024
			return g.run(asm(repeat(2000, constI32(0), constI32(7), constI32(1024*65536), wasmbin.OpMemoryFill, 0), wasmbin.OpUnreachable))
		},
		limit: 50 * time.Millisecond, want: ErrDeadline,
	},
	{
		name: "tables filled and copied without a loop",
		guest: func() *assembled {
			g := newModule()
			g.Tables = []wasmbin.Table{{Type: wasmbin.FuncRef, Limits: wasmbin.Limits{Min: 1 << 20}}}
			return g.run(asm(repeat(3000, constI32(0), 0xd0, 0x70, constI32(1<<20), wasmbin.OpTableFill, 0,
				constI32(1), constI32(0), constI32(1<<20-1), wasmbin.OpTableCopy, 0, 0), wasmbin.OpUnreachable))
		},
		limit: 50 * time.Millisecond, want: ErrDeadline,
	},
	{
		name: "long host calls without a loop",
		guest: func() *assembled {
			g := newModule()
			keccak := g.imports("ext_hashing_keccak_256_version_1")
			g.Memories[0].Min = 512
			return g.run(asm(repeat(200, constI64(30<<20<<32), callOf(keccak), wasmbin.OpDrop), wasmbin.OpUnreachable))
		},
		limit: 50 * time.Millisecond, want: ErrDeadline,
	},
	{
		name:  "memory hog",
		guest: hungry,
		want:  ErrMemoryLimit,
	},
	{
		name: "infinite recursion",
		guest: func() *assembled {
			g := newModule()
			g.function(typeVoid, nil, asm(callOf(0)))
			return g.run(asm(callOf(0), wasmbin.OpUnreachable))
		},
		want: ErrStackOverflow,
	},
	{
		name:  "result outside memory",
		guest: func() *assembled { return newModule().run(asm(constI64(65535 | 2<<32))) },
		want:  ErrOutOfRange,
		also:  wantRange(65535, 2),
	},
	{
		name:  "result longer than memory",
		guest: func() *assembled { return newModule().run(asm(constI64(-1 << 32))) },
		want:  ErrOutOfRange,
		also:  wantRange(0, 0xffffffff),
	},
	{
		name: "host argument outside memory",
		guest: func() *assembled {
			g := newModule()
			hash := g.imports("ext_hashing_twox_64_version_1")
			return g.run(asm(constI64(0x10000|1<<32), callOf(hash), wasmbin.OpUnreachable))
		},
		want: ErrOutOfRange,
		also: func(err error) error {
			var trap *Trap
			errors.As(err, &trap)
			if err := want(trap.Function == "ext_hashing_twox_64_version_1" && trap.Param == 0, "trap does not name function and parameter"); err != nil {
				return err
			}
			return wantRange(0x10000, 1)(err)
		},
	},
	{
		name: "free of what was never allocated",
		guest: func() *assembled {
			g := newModule()
			free := g.imports("ext_allocator_free_version_1")
			return g.run(asm(constI32(40000), callOf(free), wasmbin.OpUnreachable))
		},
		want: errAny,
		also: wantFunction("ext_allocator_free_version_1"),
	},
	{
		name: "allocation of 4 GiB",
		guest: func() *assembled {
			g := newModule()
			malloc := g.imports("ext_allocator_malloc_version_1")
			return g.run(asm(constI32(-1), callOf(malloc), wasmbin.OpUnreachable))
		},
		want: errAny,
		also: wantFunction("ext_allocator_malloc_version_1"),
	},
	{
		name: "allocations without end",
		guest: func() *assembled {
			g := newModule()
			malloc := g.imports("ext_allocator_malloc_version_1")
			return g.run(asm(wasmbin.OpLoop, 0x40, constI32(1<<20), callOf(malloc), wasmbin.OpDrop, wasmbin.OpBr, 0, wasmbin.OpEnd, wasmbin.OpUnreachable))
		},
		want: errAny,
		also: wantFunction("ext_allocator_malloc_version_1"),
	},
	{
		name: "allocator header overwritten",
		guest: func() *assembled {
			g := newModule()
			malloc, free := g.imports("ext_allocator_malloc_version_1"), g.imports("ext_allocator_free_version_1")
			return g.run(asm(constI32(16), callOf(malloc), wasmbin.OpLocalSet, 2,
				wasmbin.OpLocalGet, 2, constI32(8), wasmbin.OpI32Sub, constI64(-1), 0x37, 3, 0, // i64.store over the header
				wasmbin.OpLocalGet, 2, callOf(free), wasmbin.OpUnreachable))
		},
		want: errAny,
		also: wantFunction("ext_allocator_free_version_1"),
	},
	{
		name: "panic by the panic handler",
		guest: func() *assembled {
			g := newModule()
			abort := g.imports("ext_panic_handler_abort_on_panic_version_1")
			g.Data = []wasmbin.Data{{Offset: asm(constI32(16)), Bytes: []byte("oh no")}}
			return g.run(asm(constI64(16|5<<32), callOf(abort), wasmbin.OpUnreachable))
		},
		want: errAny, also: wantPanic("oh no"),
	},
	{
		name: "panic by log and unreachable",
		guest: func() *assembled {
			g := newModule()
			log := g.imports("ext_logging_log_version_1")
			g.Data = []wasmbin.Data{{Offset: asm(constI32(16)), Bytes: []byte("panicked at lib.rs")}}
			return g.run(asm(constI32(0), constI64(0), constI64(16|18<<32), callOf(log), wasmbin.OpUnreachable))
		},
		want: errAny, also: wantPanic("panicked at lib.rs"),
	},
	{
		name:  "unreachable",
		guest: func() *assembled { return newModule().run(asm(wasmbin.OpUnreachable)) },
		want:  errAny,
		also: func(err error) error {
			return want(strings.Contains(err.Error(), "unreachable"), "does not say what trapped")
		},
	},
	{
		name: "storage without storage",
		guest: func() *assembled {
			g := newModule()
			get := g.imports("ext_storage_get_version_1")
			return g.run(asm(constI64(0), callOf(get)))
		},
		want: ErrForbidden, also: wantFunction("ext_storage_get_version_1"),
	},
}

var errAny = errors.New("any trap")

func want(ok bool, why string) error {
	if ok {
		return nil
	}
	return errors.New(why)
}

func wantRange(ptr, n uint32) func(error) error {
	return func(err error) error {
		var r *RangeError
		return want(errors.As(err, &r) && r.Pointer == ptr && r.Length == n && r.Memory == 65536, "not the range that the guest named")
	}
}

func wantFunction(name string) func(error) error {
	return func(err error) error {
		var trap *Trap
		return want(errors.As(err, &trap) && trap.Function == name, "trap does not name "+name)
	}
}

func wantPanic(message string) func(error) error {
	return func(err error) error {
		var p *GuestPanic
		return want(errors.As(err, &p) && p.Message == message, "not the guest's words")
	}
}

// Every misbehaving call ends in its typed error, and the same engine then runs a good one.
func TestHostileCalls(t *testing.T) {
	eachEngine(t, Config{}, func(t *testing.T, e *Engine) {
		for _, h := range hostileCalls {
			t.Run(h.name, func(t *testing.T) {
				r, err := e.Load(context.Background(), h.guest().Encode())
				if err != nil {
					t.Fatal(err)
				}
				for range 2 { // the second time in what may be a pooled instance
					ctx := context.Background()
					if h.limit > 0 {
						var cancel context.CancelFunc
						ctx, cancel = context.WithTimeout(ctx, h.limit)
						defer cancel()
					}
					result, err := r.Call(ctx, &h.env, "run", nil)
					var trap *Trap
					if !errors.As(err, &trap) || trap.API != "run" {
						t.Fatalf("expected a trap, got %x, %v", result, err)
					}
					if h.want != errAny && !errors.Is(err, h.want) {
						t.Fatalf("expected %v, got %v", h.want, err)
					}
					if h.also != nil {
						if bad := h.also(err); bad != nil {
							t.Fatalf("%v: %v", bad, err)
						}
					}
				}
				stillGood(t, e)
			})
		}
		if _, err := func() ([]byte, error) {
			r, err := e.Load(context.Background(), echo().Encode())
			if err != nil {
				return nil, err
			}
			return r.Call(context.Background(), &Env{}, "no_such_function", nil)
		}(); !errors.Is(err, ErrUnknownAPI) {
			t.Errorf("expected %v, got %v", ErrUnknownAPI, err)
		}
	})
}

// A call whose context is over does not start, and one that is cancelled ends.
func TestCancel(t *testing.T) {
	e := newTestEngine(t, Config{})
	r, err := e.Load(context.Background(), hostileCalls[0].guest().Encode())
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan error)
	go func() {
		_, err := r.Call(ctx, &Env{}, "run", nil)
		done <- err
	}()
	time.Sleep(10 * time.Millisecond)
	runtime.GC() // it would wait for ever for code that never gives way
	cancel()
	if err := <-done; !errors.Is(err, ErrDeadline) || !errors.Is(err, context.Canceled) {
		t.Errorf("cancelled call: %v", err)
	}
	if _, err := r.Call(ctx, &Env{}, "run", nil); !errors.Is(err, ErrDeadline) {
		t.Errorf("call that is over before it starts: %v", err)
	}
	stillGood(t, e)
}

// A guest that grows its table as far as it goes gets a bounded one.
func TestTableHog(t *testing.T) {
	eachEngine(t, Config{}, func(t *testing.T, e *Engine) {
		g := newModule()
		g.Tables = []wasmbin.Table{{Type: wasmbin.FuncRef}}
		r, err := e.Load(context.Background(), g.run(asm(
			wasmbin.OpLoop, 0x40, 0xd0, 0x70, constI32(1000), wasmbin.OpTableGrow, 0, constI32(-1), 0x47, wasmbin.OpBrIf, 0, wasmbin.OpEnd,
			constI32(16), wasmbin.OpTableSize, 0, 0x36, 2, 0, constI64(16|4<<32),
		)).Encode())
		if err != nil {
			t.Fatal(err)
		}
		if size := binary.LittleEndian.Uint32(mustCall(t, r, &Env{}, "run", nil)); size != maxTableElements/1000*1000 {
			t.Errorf("the table has %d elements", size)
		}
		stillGood(t, e)
	})
}

// Closing an engine waits for its calls, and later ones hear that it is closed.
func TestCloseWaits(t *testing.T) {
	e := newTestEngine(t, Config{})
	r, err := e.Load(context.Background(), hostileCalls[0].guest().Encode())
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	ended := make(chan error, 1)
	go func() {
		_, err := r.Call(ctx, &Env{}, "run", nil)
		ended <- err
	}()
	collectUntil(t, func() bool { return e.Stats().Instances == 1 })
	time.AfterFunc(20*time.Millisecond, cancel)
	if err := e.Close(); err != nil {
		t.Fatal(err)
	}
	if err := <-ended; !errors.Is(err, ErrDeadline) {
		t.Errorf("the call in progress ends in %v", err)
	}
	if _, err := r.Call(context.Background(), &Env{}, "run", nil); !errors.Is(err, ErrClosed) {
		t.Errorf("a later call ends in %v", err)
	}
}

// bomb is compressed code that unpacks to size zero bytes behind a Wasm header.
func bomb(t *testing.T, size int) []byte {
	var b bytes.Buffer
	b.Write(codeblob.Prefix)
	w, err := zstd.NewWriter(&b)
	if err != nil {
		t.Fatal(err)
	}
	zeros := make([]byte, 1<<20)
	w.Write([]byte("\x00asm\x01\x00\x00\x00"))
	for range size >> 20 {
		if _, err := w.Write(zeros); err != nil {
			t.Fatal(err)
		}
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

// hostileCode is code that must not load.
var hostileCode = []struct {
	name string
	code func(t *testing.T) []byte
	want error
}{
	{"nothing", func(*testing.T) []byte { return nil }, ErrNotWasm},
	{"text", func(*testing.T) []byte { return []byte("what is this") }, ErrNotWasm},
	{"component", func(*testing.T) []byte { return []byte("\x00asm\x0d\x00\x01\x00") }, ErrNotWasm},
	{"prefix alone", func(*testing.T) []byte { return codeblob.Prefix }, ErrNotWasm},
	{"prefix and rubbish", func(*testing.T) []byte { return append(bytes.Clone(codeblob.Prefix), "rubbish rubbish"...) }, ErrZstd},
	{"too big", func(*testing.T) []byte { return make([]byte, MaxCode+1) }, ErrCodeTooBig},
	{"zstd bomb of 4 GiB", func(t *testing.T) []byte { return bomb(t, 4<<30) }, ErrCodeTooBig},
	{"frame that claims an exbibyte", func(t *testing.T) []byte {
		frame := []byte{0x28, 0xb5, 0x2f, 0xfd, 0xe0} // single segment, content size in 8 bytes
		frame = binary.LittleEndian.AppendUint64(frame, 1<<60)
		return append(append(bytes.Clone(codeblob.Prefix), frame...), 1, 0, 0)
	}, ErrZstd},
	{"frame that asks for a window of 2 TiB", func(t *testing.T) []byte {
		return append(bytes.Clone(codeblob.Prefix), 0x28, 0xb5, 0x2f, 0xfd, 0x00, 0xf8, 1, 0, 0)
	}, ErrZstd},
	{"cut short", func(*testing.T) []byte { b := echo().Encode(); return b[:len(b)-3] }, ErrNotWasm},
	{"section that claims 4 GiB", func(*testing.T) []byte { return []byte("\x00asm\x01\x00\x00\x00\x01\xff\xff\xff\xff\x0f\x01") }, ErrNotWasm},
	{"four billion locals", func(*testing.T) []byte {
		g := echo()
		g.Code[0].Locals = []wasmbin.Locals{{Count: 0xfffffff0, Type: wasmbin.I64}}
		return g.Encode()
	}, ErrNotWasm},
	{"local that is not there", func(*testing.T) []byte {
		return newModule().run(asm(wasmbin.OpLocalGet, 4, wasmbin.OpUnreachable)).Encode()
	}, ErrNotWasm},
	{"global that is not there", func(*testing.T) []byte { // the place of the counter
		return newModule().run(asm(constI32(0), wasmbin.OpGlobalSet, 1, wasmbin.OpUnreachable)).Encode()
	}, ErrNotWasm},
	{"function that is not there", func(*testing.T) []byte { return newModule().run(asm(callOf(1), wasmbin.OpUnreachable)).Encode() }, ErrNotWasm},
	{"body that is badly typed", func(*testing.T) []byte { return newModule().run(asm(constI32(0))).Encode() }, ErrNotWasm},
	{"vectors", func(*testing.T) []byte {
		return newModule().run(asm(0xfd, 12, make([]byte, 16), wasmbin.OpDrop, wasmbin.OpUnreachable)).Encode()
	}, ErrNotWasm},
	{"start function", func(*testing.T) []byte {
		g := echo()
		start := g.function(typeVoid, nil, asm())
		g.Start = &start
		return g.Encode()
	}, ErrStartFunction},
	{"no memory", func(*testing.T) []byte { g := echo(); g.Memories, g.Exports = nil, g.Exports[1:]; return g.Encode() }, ErrMissingMemory},
	{"no heap base", func(*testing.T) []byte { g := echo(); g.Exports = g.Exports[2:]; return g.Encode() }, ErrMissingHeapBase},
	{"mutable heap base", func(*testing.T) []byte { g := echo(); g.Globals[0].Type.Mutable = true; return g.Encode() }, ErrMissingHeapBase},
	{"memory of 4 GiB", func(*testing.T) []byte { g := echo(); g.Memories[0].Min = 65536; return g.Encode() }, ErrMemoryLimit},
	{"tables of a billion elements", func(*testing.T) []byte {
		g := echo()
		for range 100 {
			g.Tables = append(g.Tables, wasmbin.Table{Type: wasmbin.FuncRef, Limits: wasmbin.Limits{Min: 10_000_000}})
		}
		return g.Encode()
	}, ErrNotWasm},
	{"a hundred tables", func(*testing.T) []byte {
		g := echo()
		g.Tables = make([]wasmbin.Table, 100)
		for i := range g.Tables {
			g.Tables[i].Type = wasmbin.FuncRef
		}
		return g.Encode()
	}, ErrNotWasm},
	{"shared memory", func(*testing.T) []byte {
		g := echo()
		g.Memories[0] = wasmbin.Limits{Min: 1, Max: 2, HasMax: true, Shared: true}
		return g.Encode()
	}, ErrNotWasm},
	{"reserved export", func(*testing.T) []byte {
		g := echo()
		g.Exports = append(g.Exports, wasmbin.Export{Name: hostPrefix + "0", Kind: wasmbin.KindGlobal})
		return g.Encode()
	}, ErrNotWasm},
	{"data outside memory", func(*testing.T) []byte {
		g := echo()
		g.Data = []wasmbin.Data{{Offset: asm(constI32(65536)), Bytes: []byte{1}}}
		return g.Encode()
	}, ErrNotWasm},
	{"version of rubbish", func(*testing.T) []byte {
		g := echo()
		g.Customs = []wasmbin.Custom{{Name: "runtime_version", Data: []byte("rubbish")}}
		return g.Encode()
	}, ErrVersion},
	{"version with a name of 1 GiB", func(*testing.T) []byte {
		g := echo()
		g.Customs = []wasmbin.Custom{{Name: "runtime_version", Data: []byte{0x02, 0x00, 0x00, 0xff, 'x'}}}
		return g.Encode()
	}, ErrVersion},
	{"APIs cut short", func(*testing.T) []byte {
		g := echo()
		g.Customs = []wasmbin.Custom{{Name: "runtime_version", Data: make([]byte, 15)}, {Name: "runtime_apis", Data: make([]byte, 13)}}
		return g.Encode()
	}, ErrVersion},
}

// Code that must not load ends in its typed error without using more memory than its bounds allow, and the engine stays usable.
func TestHostileCode(t *testing.T) {
	eachEngine(t, Config{}, func(t *testing.T, e *Engine) {
		for _, h := range hostileCode {
			t.Run(h.name, func(t *testing.T) {
				code := h.code(t)
				var before, after runtime.MemStats
				runtime.ReadMemStats(&before)
				r, err := e.Load(context.Background(), code)
				runtime.ReadMemStats(&after)
				if err == nil && h.want == ErrNotWasm {
					_, err = r.Call(context.Background(), &Env{}, "run", nil) // what shows when a memory is filled shows with the first instance
				}
				if !errors.Is(err, h.want) {
					t.Fatalf("expected %v, got %v", h.want, err)
				}
				if used := after.TotalAlloc - before.TotalAlloc; used > 6*MaxCode {
					t.Errorf("%d bytes were allocated on the way", used)
				}
				stillGood(t, e)
			})
		}
		t.Run("unknown imports", func(t *testing.T) {
			g := newModule()
			void := g.AddType(typeVoid)
			g.Imports = []wasmbin.Import{
				{Module: "env", Name: "ext_no_such_thing", Function: void},
				{Module: "env", Name: "ext_hashing_twox_64_version_1", Function: void},
				{Module: "wasi_snapshot_preview1", Name: "fd_write", Function: void},
				{Module: "env", Name: "table", Kind: wasmbin.KindTable, Table: wasmbin.Table{Type: wasmbin.FuncRef}},
				{Module: tickModule, Name: tickName, Function: void},
			}
			_, err := e.Load(context.Background(), g.run(asm(wasmbin.OpUnreachable)).Encode())
			var unknown *UnknownImportsError
			if !errors.As(err, &unknown) || len(unknown.Imports) != 5 {
				t.Fatalf("expected five unknown imports, got %v", err)
			}
			stillGood(t, e)
		})
	})
}

// One engine, one runtime, many goroutines: each call gets its own answer, bad calls beside good ones.
func TestConcurrentCalls(t *testing.T) {
	for _, mode := range []ResetMode{ResetPagemap, ResetCopy, ResetFresh} {
		t.Run(mode.String(), func(t *testing.T) {
			e := newTestEngine(t, Config{Reset: mode, VerifyEvery: 3})
			var wg sync.WaitGroup
			for i := range 8 {
				wg.Go(func() {
					good, err := e.Load(context.Background(), echo().Encode())
					if err != nil {
						t.Error(err)
						return
					}
					bad, err := e.Load(context.Background(), hungry().Encode())
					if err != nil {
						t.Error(err)
						return
					}
					for n := range 50 {
						args := bytes.Repeat([]byte{byte(i)}, 1000*n)
						if got, err := good.Call(context.Background(), &Env{}, "run", args); err != nil || !bytes.Equal(got, args) {
							t.Errorf("good call answers %d bytes, %v", len(got), err)
						}
						if n%10 == 0 {
							if _, err := bad.Call(context.Background(), &Env{HeapPages: 64}, "run", nil); !errors.Is(err, ErrMemoryLimit) {
								t.Errorf("hungry call: %v", err)
							}
						}
					}
				})
			}
			wg.Wait()
		})
	}
}
