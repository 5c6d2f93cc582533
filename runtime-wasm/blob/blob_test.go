package blob

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"sync"
	"testing"

	"github.com/tetratelabs/wazero"
	"github.com/tetratelabs/wazero/api"
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

// sample rewrites the sample program, once per test run and options.
func sample(t testing.TB, o Options) *Result {
	t.Helper()
	module := compile(t, "./testdata/sample")
	rewritten.Lock()
	defer rewritten.Unlock()
	if r := rewritten.results[o]; r != nil {
		return r
	}
	r, err := Rewrite(t.Context(), module, o)
	if err != nil {
		t.Fatal(err)
	}
	rewritten.results[o] = r
	return r
}

var rewritten = struct {
	sync.Mutex
	results map[Options]*Result
}{results: make(map[Options]*Result)}

// run instantiates module.
func run(t testing.TB, module []byte, config wazero.RuntimeConfig) *guest {
	t.Helper()
	ctx := t.Context()
	r := wazero.NewRuntimeWithConfig(ctx, config.WithCoreFeatures(0))
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
	r := sample(t, Options{})
	for _, engine := range []struct {
		name   string
		config wazero.RuntimeConfig
	}{{"compiler", wazero.NewRuntimeConfigCompiler()}, {"interpreter", wazero.NewRuntimeConfigInterpreter()}} {
		t.Run(engine.name, func(t *testing.T) {
			g := run(t, r.Module, engine.config)
			g.want("Sample_words", "two nine four", "\x0ffour nine two")
			g.want("Sample_count", "", "\x01")
			g.want("Sample_count", "", "\x02")
			g.want("Sample_deep", "\x07", string([]byte{byte(701 % 256)}))
			g.want("Sample_switch", "", string([]byte{328350 & 0xff, 328350 >> 8 & 0xff, 328350 >> 16}))
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
