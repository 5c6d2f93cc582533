package blob

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/tetratelabs/wazero"
	"github.com/tetratelabs/wazero/api"

	"github.com/gotensor/gotensor/internal/wasmbin"
	"github.com/gotensor/gotensor/primitives/hash"
	"github.com/gotensor/gotensor/wasmhost"
)

// compile returns what Go's linker makes of a package below testdata, once per test run.
func compile(t testing.TB, dir string) []byte {
	t.Helper()
	if testing.Short() {
		t.Skip("it compiles the standard library for Wasm")
	}
	compiled.Lock()
	defer compiled.Unlock()
	if b := compiled.modules[dir]; b != nil {
		return b
	}
	file := filepath.Join(t.TempDir(), "module.wasm")
	build := exec.Command("go", "build", "-trimpath", "-buildvcs=false", "-ldflags=-buildid=", "-buildmode=c-shared", "-o", file, dir)
	build.Env = append(os.Environ(), "GOOS=wasip1", "GOARCH=wasm", "CGO_ENABLED=0", "GOFLAGS=", "GOWASM=", "GOEXPERIMENT=")
	if out, err := build.CombinedOutput(); err != nil {
		t.Fatalf("go build: %v\n%s", err, out)
	}
	b, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	compiled.modules[dir] = b
	return b
}

var compiled = struct {
	sync.Mutex
	modules map[string][]byte
}{modules: make(map[string][]byte)}

// guest is an instance of a blob on an engine with every extension of WebAssembly 1.0 off.
type guest struct {
	t        testing.TB
	instance api.Module
	logs     []string // "level target: message"
}

// rewrite rewrites the program below testdata, once per test run and options.
func rewrite(t testing.TB, program string, o Options) *Result {
	t.Helper()
	module := compile(t, "./testdata/"+program)
	rewritten.Lock()
	defer rewritten.Unlock()
	key := fmt.Sprint(program, o)
	if r := rewritten.results[key]; r != nil {
		return r
	}
	r, err := Rewrite(t.Context(), module, o)
	if err != nil {
		t.Fatal(err)
	}
	rewritten.results[key] = r
	return r
}

var rewritten = struct {
	sync.Mutex
	results map[string]*Result
}{results: make(map[string]*Result)}

func sample(t testing.TB, o Options) *Result {
	t.Helper()
	return rewrite(t, "sample", o)
}

// machineCode keeps what was compiled for other tests.
var machineCode = wazero.NewCompilationCache()

// run instantiates module.
func run(t testing.TB, module []byte, config wazero.RuntimeConfig) *guest {
	t.Helper()
	ctx := t.Context()
	r := wazero.NewRuntimeWithConfig(ctx, config.WithCoreFeatures(0).WithCompilationCache(machineCode))
	t.Cleanup(func() { r.Close(context.Background()) })
	g := &guest{t: t}
	env := r.NewHostModuleBuilder("env")
	env.NewFunctionBuilder().WithFunc(func(_ context.Context, m api.Module, key uint64) uint64 {
		k, _ := m.Memory().Read(uint32(key), uint32(key>>32))
		return uint64(2*len(k)) << 32
	}).Export("ext_storage_get_version_1")
	env.NewFunctionBuilder().WithFunc(func(_ context.Context, m api.Module, level uint32, target, message uint64) {
		tb, _ := m.Memory().Read(uint32(target), uint32(target>>32))
		mb, ok := m.Memory().Read(uint32(message), uint32(message>>32))
		if !ok {
			t.Errorf("message 0x%x is outside of memory", message)
		}
		g.logs = append(g.logs, fmt.Sprintf("%d %s: %s", level, tb, mb))
	}).Export("ext_logging_log_version_1")
	if _, err := env.Instantiate(ctx); err != nil {
		t.Fatal(err)
	}
	compiled, err := r.CompileModule(ctx, module)
	if err != nil {
		t.Fatal(err)
	}
	if g.instance, err = r.InstantiateModule(ctx, compiled, wazero.NewModuleConfig().WithStartFunctions()); err != nil {
		t.Fatal(err)
	}
	return g
}

// call calls a runtime API function with args right above __heap_base, where a host's allocator puts them.
func (g *guest) call(name string, args string) (string, error) {
	g.t.Helper()
	base := uint32(g.instance.ExportedGlobal("__heap_base").Get())
	if g.instance.Memory().Size() < base+pageSize {
		g.instance.Memory().Grow(1)
	}
	if !g.instance.Memory().Write(base, []byte(args)) {
		g.t.Fatalf("arguments of %d bytes do not fit", len(args))
	}
	answer, err := g.instance.ExportedFunction(name).Call(g.t.Context(), uint64(base), uint64(len(args)))
	if err != nil {
		return "", err
	}
	b, ok := g.instance.Memory().Read(uint32(answer[0]), uint32(answer[0]>>32))
	if !ok {
		g.t.Fatalf("%s: answer 0x%x is outside of memory", name, answer[0])
	}
	return string(b), nil
}

// want calls and compares.
func (g *guest) want(name, args, answer string) {
	g.t.Helper()
	if got, err := g.call(name, args); err != nil || got != answer {
		g.t.Errorf("%s(%q): got %q, %v, expected %q", name, args, got, err, answer)
	}
}

// The sample program answers right, from the state that its initialisation reached, with the compiler and with the interpreter.
func TestSample(t *testing.T) {
	for _, c := range []struct {
		name    string
		config  wazero.RuntimeConfig
		options Options
	}{
		{"compiler", wazero.NewRuntimeConfigCompiler(), Options{}},
		{"compiler, plain", wazero.NewRuntimeConfigCompiler(), Options{Plain: true}},
		{"interpreter", wazero.NewRuntimeConfigInterpreter(), Options{}},
	} {
		t.Run(c.name, func(t *testing.T) {
			g := run(t, sample(t, c.options).Module, c.config)
			g.want("Sample_words", "two nine four", "\x0ffour nine two")
			g.want("Sample_count", "", "\x01")
			g.want("Sample_count", "", "\x02")
			g.want("Sample_deep", "\x07", string([]byte{byte(701 % 256)}))
			g.want("Sample_switch", "", string([]byte{328350 & 0xff, 328350 >> 8 & 0xff, 328350 >> 16}))
			g.want("Sample_stacks", "", stacks())
			g.want("Sample_recover", "", string([]byte{80}))
			g.want("Sample_host", "abcd", "\x08")
			g.want("Sample_words", "", "\x00")
			f := float64(4) * 1e15
			g.want("Sample_floats", "\x00\x00\x00\x00", string([]byte{byte(int64(f) >> 40), byte(int64(f)), byte(uint64(f) >> 40), 4}))
			if len(g.logs) > 0 {
				t.Errorf("logged %q", g.logs)
			}
		})
	}
}

// stacks computes what Sample_stacks answers: each recursion ends at 0, and says so on the way at every depth with remainder 7.
func stacks() string {
	sum := 0
	for i := range 40 {
		for depth := i; depth < 12*i; depth += 37 + i {
			sum += depth
			if depth >= 7 {
				sum += (depth-7)/50 + 1
			}
		}
	}
	return string([]byte{byte(sum), byte(sum >> 8), byte(sum >> 16)})
}

// The program's last words are a record at error level, what it says besides are records at info level, and then it traps.
func TestLastWords(t *testing.T) {
	r := sample(t, Options{})
	g := run(t, r.Module, wazero.NewRuntimeConfigCompiler())
	g.want("Sample_print", "some text", "")
	if want := []string{"2 runtime: calls so far 0 and some text", "2 runtime: done"}; !slices.Equal(g.logs, want) {
		t.Errorf("logged %q, expected %q", g.logs, want)
	}
	for _, c := range []struct {
		name, args string
		want       []string // the first records
	}{
		{"Sample_panic", "stop", []string{"0 runtime: panic: asked to: stop", "2 runtime: goroutine 1 "}},
		{"Sample_grow", "", []string{"2 runtime: runtime: out of memory: cannot allocate ", "0 runtime: fatal error: out of memory", "2 runtime: goroutine 1 "}},
		{"Sample_blocks", "", []string{"0 runtime: fatal error: all goroutines are asleep - deadlock!", "2 runtime: goroutine 1 "}},
	} {
		g := run(t, r.Module, wazero.NewRuntimeConfigCompiler())
		_, err := g.call(c.name, c.args)
		if err == nil || !strings.Contains(err.Error(), "unreachable") {
			t.Errorf("%s: %v", c.name, err)
		}
		if !slices.EqualFunc(g.logs[:min(len(g.logs), len(c.want))], c.want, strings.HasPrefix) {
			t.Errorf("%s: logged %q, expected %q", c.name, g.logs, c.want)
		}
		for _, record := range g.logs[len(c.want):] {
			if strings.HasPrefix(record, "0 ") {
				t.Errorf("%s: further error %q", c.name, record)
			}
		}
		if got, want := g.instance.Memory().Size(), uint32(DefaultMemoryPages+1)*pageSize; got != want {
			t.Errorf("%s: memory has %d bytes, expected %d", c.name, got, want)
		}
	}
}

// A clock that moves only while the program sleeps, and random numbers that every instance draws alike.
func TestSystem(t *testing.T) {
	r := sample(t, Options{})
	var answers []string
	for range 2 {
		g := run(t, r.Module, wazero.NewRuntimeConfigCompiler())
		g.want("Sample_sleep", "", string([]byte{3600 & 0xff, 3600 >> 8}))
		for range 3 {
			answer, err := g.call("Sample_random", "")
			if err != nil {
				t.Fatal(err)
			}
			answers = append(answers, answer)
		}
	}
	if !slices.Equal(answers[:3], answers[3:]) || answers[0] == answers[1] || answers[1] == answers[2] {
		t.Errorf("random answers %x", answers)
	}
}

// Rewriting gives the same bytes every time; another size of memory does not.
func TestDeterminism(t *testing.T) {
	module := compile(t, "./testdata/sample")
	first := sample(t, Options{})
	again, err := Rewrite(t.Context(), bytes.Clone(module), Options{})
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(first.Module, again.Module) {
		t.Error("two blobs of one module differ")
	}
	small := sample(t, Options{MemoryPages: 64})
	if bytes.Equal(first.Module, small.Module) {
		t.Error("blobs with different memories are the same")
	}
	g := run(t, small.Module, wazero.NewRuntimeConfigCompiler())
	g.want("Sample_words", "three five", "\x08five three")
	if got := g.instance.ExportedGlobal("__heap_base").Get(); got != 64*pageSize {
		t.Errorf("__heap_base is %d", got)
	}
}

// Stack traces name the program's functions where the names are kept.
func TestNames(t *testing.T) {
	r := sample(t, Options{Names: true})
	g := run(t, r.Module, wazero.NewRuntimeConfigInterpreter())
	_, err := g.call("Sample_panic", "")
	if err == nil {
		t.Fatal("no panic")
	}
	for _, name := range []string{"runtime.fatalpanic", "main.fail"} {
		if !strings.Contains(err.Error(), name) {
			t.Errorf("%s is not in the stack trace: %v", name, err)
		}
	}
}

// The version that the blob tells when it is asked is in its sections afterwards.
func TestVersion(t *testing.T) {
	r := sample(t, Options{})
	v, err := CoreVersion(t.Context(), r.Module)
	if err != nil {
		t.Fatal(err)
	}
	if v.SpecName != "sample" || v.SpecVersion != 7 || v.TransactionVersion != 3 || v.SystemVersion != 1 || len(v.APIs) != 1 {
		t.Errorf("got %+v", v)
	}
	for range 2 { // what is there is replaced
		b, err := Embed(r.Module, v)
		if err != nil {
			t.Fatal(err)
		}
		if err := Validate(t.Context(), b); err != nil {
			t.Fatal(err)
		}
		info, err := wasmhost.Inspect(b)
		if err != nil {
			t.Fatal(err)
		}
		if info.Version == nil || !reflect.DeepEqual(*info.Version, v) || len(info.CustomSections) != 2 {
			t.Errorf("sections %v say %+v", info.CustomSections, info.Version)
		}
		v.SpecVersion++
	}
	bare := reactor(1, map[string][]byte{"other": {byte(wasmbin.OpI64Const), 0}}, "other")
	other, err := Rewrite(t.Context(), bare.Encode(), Options{})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := CoreVersion(t.Context(), other.Module); !errors.Is(err, ErrVersion) {
		t.Errorf("no Core_version: %v", err)
	}
}

// The hashes are those of the code and of the encoded call. The vector is the hash of frame_system::Call::set_code with the code 1, 2, 42, as
// computed with Kusama's runtime: github.com/chevdor/subwasm, pull request 75.
func TestSetCode(t *testing.T) {
	want := [32]byte{148, 109, 109, 44, 135, 214, 234, 93, 108, 170, 48, 66, 109, 234, 165, 185, 35, 178, 164, 58, 172, 159, 112, 176, 66, 254, 114, 31, 64, 22, 217, 38}
	if got := hash.Blake2b256(setCode([]byte{1, 2, 42})); got != want {
		t.Errorf("got %s", got)
	}
	// What subwasm's library says of the same code, with the pallet's index. Source: chevdor/subwasm, substrate-runtime-proposal-hash.
	if got, want := proposalHash([]byte{1, 2, 42}).String(), "0x85233004e044626a6c08e469573369536d8de9b264b08eb6611b76b80148e429"; got != want {
		t.Errorf("proposal hash %s, expected %s", got, want)
	}
}

// The host of this project runs the blob: 10,000 calls, of which some panic, each from the memory that initialisation left.
func TestHost(t *testing.T) {
	e, err := wasmhost.NewEngine(wasmhost.Config{VerifyEvery: 100})
	if err != nil {
		t.Fatal(err)
	}
	defer e.Close()
	rt, err := e.Load(t.Context(), sample(t, Options{}).Module)
	if err != nil {
		t.Fatal(err)
	}
	random := ""
	for i := range 10_000 {
		switch i % 4 {
		case 0:
			if got, err := rt.Call(t.Context(), &wasmhost.Env{}, "Sample_words", []byte("two nine four")); err != nil || string(got) != "\x0ffour nine two" {
				t.Fatalf("call %d: %q, %v", i, got, err)
			}
		case 1, 2:
			got, err := rt.Call(t.Context(), &wasmhost.Env{}, "Sample_count", nil)
			if err != nil || string(got) != "\x01" {
				t.Fatalf("call %d: %q, %v", i, got, err)
			}
		case 3:
			got, err := rt.Call(t.Context(), &wasmhost.Env{}, "Sample_random", nil)
			if err != nil || random != "" && string(got) != random {
				t.Fatalf("call %d: %x, %v, expected %x", i, got, err, random)
			}
			random = string(got)
		}
		if i%50 == 0 {
			var gone *wasmhost.GuestPanic
			_, err := rt.Call(t.Context(), &wasmhost.Env{}, "Sample_panic", []byte("now"))
			if !errors.As(err, &gone) || gone.Message != "panic: asked to: now" {
				t.Fatalf("call %d: %v", i, err)
			}
		}
	}
}

// What is valid and not what Go's linker makes of a reactor is refused, with its reason; what is not valid is malformed.
func TestRefused(t *testing.T) {
	const f = "f"
	nop := map[string][]byte{f: {byte(wasmbin.OpI64Const), 0}}
	for _, c := range []struct {
		name string
		make func(m *wasmbin.Module)
		kind error
		text string
	}{
		{"other import", func(m *wasmbin.Module) {
			m.Imports = []wasmbin.Import{{Module: "js", Name: "x", Kind: wasmbin.KindFunction}}
			shift(m)
		}, ErrUnsupported, `import of func "js"."x"`},
		{"imported memory", func(m *wasmbin.Module) {
			m.Imports = []wasmbin.Import{{Module: "env", Name: "memory", Kind: wasmbin.KindMemory}}
		}, wasmbin.ErrMalformed, ""},
		{"system call of another type", func(m *wasmbin.Module) {
			m.Imports = []wasmbin.Import{{Module: wasiModule, Name: "fd_close", Kind: wasmbin.KindFunction}}
			shift(m)
		}, ErrUnsupported, "fd_close"},
		{"unknown system call of another kind", func(m *wasmbin.Module) {
			m.Imports = []wasmbin.Import{{Module: wasiModule, Name: "new", Kind: wasmbin.KindFunction}}
			shift(m)
		}, ErrUnsupported, "new"},
		{"no initialiser", func(m *wasmbin.Module) { m.Exports = m.Exports[1:] }, ErrUnsupported, "_initialize"},
		{"nothing exported", func(m *wasmbin.Module) { m.Exports = m.Exports[:2] }, ErrExport, "no function"},
		{"another type", func(m *wasmbin.Module) { m.Exports[2].Index = 0 }, ErrExport, `"f"`},
		{"start function", func(m *wasmbin.Module) { m.Start = new(uint32) }, ErrUnsupported, "start function"},
		{"multiple values", func(m *wasmbin.Module) {
			m.Types = append(m.Types, wasmbin.FuncType{Results: []wasmbin.ValueType{wasmbin.I32, wasmbin.I32}})
		}, ErrUnsupported, "multi-value"},
		{"passive data", func(m *wasmbin.Module) { m.Data = []wasmbin.Data{{Mode: wasmbin.Passive, Bytes: []byte{1}}} }, ErrUnsupported, "data segment 0"},
		{"data outside", func(m *wasmbin.Module) { m.Data = []wasmbin.Data{{Offset: constI32(pageSize), Bytes: []byte{1}}} }, ErrUnsupported, "data segment 0"},
		{"too little memory", func(m *wasmbin.Module) { m.Memories[0].Min = DefaultMemoryPages }, ErrMemory, "2048 pages"},
		{"initialisation that traps", func(m *wasmbin.Module) { m.Code[0].Body = []byte{0, byte(wasmbin.OpEnd)} }, ErrInitialise, "unreachable"},
		{"initialisation that calls the host", func(m *wasmbin.Module) {
			m.Imports = []wasmbin.Import{{Module: "env", Name: "ext_x", Kind: wasmbin.KindFunction}}
			shift(m)
			m.Code[0].Body = []byte{byte(wasmbin.OpCall), 0, byte(wasmbin.OpEnd)}
		}, ErrInitialise, "ext_x"},
		{"invalid code", func(m *wasmbin.Module) { m.Code[1].Body = []byte{byte(wasmbin.OpEnd)} }, wasmbin.ErrMalformed, ""},
		{"too many functions", func(m *wasmbin.Module) {
			m.Tables = []wasmbin.Table{{Type: wasmbin.FuncRef, Limits: wasmbin.Limits{Min: MaxTable + 9}}}
			m.Elements = []wasmbin.Element{{Offset: constI32(3), Type: wasmbin.FuncRef, Functions: make([]uint32, MaxTable+1)}}
		}, ErrTable, "8193"},
	} {
		t.Run(c.name, func(t *testing.T) {
			m := reactor(1, nop, f)
			c.make(m)
			_, err := Rewrite(t.Context(), m.Encode(), Options{})
			if !errors.Is(err, c.kind) || !strings.Contains(err.Error(), c.text) {
				t.Errorf("got %v, expected %v with %q", err, c.kind, c.text)
			}
		})
	}
}

// shift moves the functions of a module of reactor up by one, for an import.
func shift(m *wasmbin.Module) {
	for i := range m.Exports {
		if m.Exports[i].Kind == wasmbin.KindFunction {
			m.Exports[i].Index++
		}
	}
}

// FuzzRewrite: any bytes end in a blob that is valid, or in an error of this package, within bounds of time and memory.
func FuzzRewrite(f *testing.F) {
	f.Add(reactor(1, bulk(), "copy", "fill").Encode())
	m := reactor(1, map[string][]byte{"f": {byte(wasmbin.OpLocalGet), 0, 0xc0, byte(wasmbin.OpMemoryGrow), 0, opI64ExtendU}}, "f")
	m.Types = append(m.Types, wasiFunctionType("fd_write"), wasiFunctionType("proc_exit"))
	m.Imports = []wasmbin.Import{
		{Module: wasiModule, Name: "fd_write", Kind: wasmbin.KindFunction, Function: 2},
		{Module: wasiModule, Name: "proc_exit", Kind: wasmbin.KindFunction, Function: 3},
	}
	shift(m)
	shift(m)
	m.Globals = []wasmbin.Global{{Type: wasmbin.GlobalType{Type: wasmbin.F64, Mutable: true}, Init: []byte{byte(wasmbin.OpF64Const), 0, 0, 0, 0, 0, 0, 0, 0, byte(wasmbin.OpEnd)}}}
	m.Data = []wasmbin.Data{{Offset: constI32(100), Bytes: []byte("some data")}}
	f.Add(m.Encode())
	f.Add(flowModule().Encode())
	known := []error{wasmbin.ErrMalformed, wasmbin.ErrTooComplex, ErrUnsupported, ErrExport, ErrTable, ErrMemory, ErrInitialise}
	f.Fuzz(func(t *testing.T, module []byte) {
		ctx, cancel := context.WithTimeout(t.Context(), 500*time.Millisecond)
		defer cancel()
		r, err := Rewrite(ctx, module, Options{MemoryPages: 8, Names: true})
		if err != nil {
			if !slices.ContainsFunc(known, func(k error) bool { return errors.Is(err, k) }) {
				t.Fatalf("unknown error: %v", err)
			}
			return
		}
		if _, err := CoreVersion(ctx, r.Module); err != nil && !errors.Is(err, ErrVersion) {
			t.Fatalf("unknown error: %v", err)
		}
	})
}

func wasiFunctionType(name string) wasmbin.FuncType {
	f := wasiFunctions[name]
	return f.signature()
}
