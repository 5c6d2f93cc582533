package blob

import (
	"context"
	"encoding/binary"
	"testing"

	"github.com/tetratelabs/wazero"
	"github.com/tetratelabs/wazero/imports/wasi_snapshot_preview1"

	"github.com/gotensor/gotensor/internal/wasmbin"
	"github.com/gotensor/gotensor/runtime-wasm/blob/testdata/bench/work"
)

// countdown is a function as Go's compiler writes it: it counts local 2 down to 0, jumps forward out of the loop, adds 100 to global 1, and returns.
// Its loop has its head in the middle: segment 0 jumps to 2, 1 falls through to it, 2 jumps to 1 or to 3.
func countdown() wasmbin.Code {
	jump := func(pc, depth byte) []byte {
		return []byte{byte(wasmbin.OpI32Const), pc, byte(wasmbin.OpLocalSet), 0, byte(wasmbin.OpBr), depth}
	}
	var b []byte
	add := func(parts ...[]byte) {
		for _, p := range parts {
			b = append(b, p...)
		}
	}
	add([]byte{0x23, 0, 0x21, 1}, // prologue
		[]byte{0x02, 0x40, 0x03, 0x40, 0x02, 0x40, 0x02, 0x40, 0x02, 0x40, 0x02, 0x40},
		[]byte{0x20, 0, 0x0e, 3, 0, 1, 2, 3, 0x0b},          // br_table
		[]byte{0x20, 1, 0x41, 16, 0x6b, 0x22, 1, 0x24, 0},   // SP -= 16
		[]byte{0x42, 10, 0x21, 2}, jump(2, 3), []byte{0x0b}, // local 2 = 10
		[]byte{0x20, 2, 0x42, 1, 0x7d, 0x21, 2, 0x0b}, // local 2 -= 1
		[]byte{0x20, 2, 0x50, 0x04, 0x40}, jump(3, 2), []byte{0x0b}, jump(1, 1), []byte{0x0b},
		[]byte{0x23, 1, 0x42, 0xe4, 0, 0x7c, 0x24, 1},
		[]byte{0x20, 1, 0x41, 16, 0x6a, 0x22, 1, 0x24, 0}, // SP += 16
		[]byte{0x20, 1, 0x41, 8, 0x6a, 0x22, 1, 0x24, 0},  // SP += 8
		[]byte{0x41, 0, 0x0f},
		[]byte{0x0b, 0x00, 0x0b, 0x41, 1, 0x0b})
	return wasmbin.Code{Locals: []wasmbin.Locals{{Count: 1, Type: wasmbin.I32}, {Count: 1, Type: wasmbin.I64}}, Body: b}
}

// flowModule exports a function that calls countdown and answers global 1 and what changed of the stack pointer, which should be 8.
func flowModule() *wasmbin.Module {
	m := reactor(1, map[string][]byte{"f": {
		byte(wasmbin.OpI32Const), 0, byte(wasmbin.OpCall), 2, byte(wasmbin.OpDrop),
		byte(wasmbin.OpGlobalGet), 1, byte(wasmbin.OpGlobalGet), 0, opI64ExtendU, opI64Add,
	}}, "f")
	m.Types = append(m.Types, goType)
	m.Globals = []wasmbin.Global{
		{Type: wasmbin.GlobalType{Type: wasmbin.I32, Mutable: true}, Init: constI32(1000)},
		{Type: wasmbin.GlobalType{Type: wasmbin.I64, Mutable: true}, Init: constI64(0)},
	}
	m.Functions = append(m.Functions, uint32(len(m.Types)-1))
	m.Code = append(m.Code, countdown())
	return m
}

const opI64Add = 0x7c

// A function in the form of Go's compiler is found, gets a second body, and computes the same.
func TestSecondBody(t *testing.T) {
	for _, plain := range []bool{true, false} {
		r, err := Rewrite(t.Context(), flowModule().Encode(), Options{Plain: plain})
		if err != nil {
			t.Fatal(err)
		}
		if r.Seconds != 1 && !plain {
			t.Error("no second body")
		}
		g := run(t, r.Module, wazero.NewRuntimeConfigCompiler())
		got, err := g.instance.ExportedFunction("f").Call(t.Context(), 0, 0)
		if err != nil || got[0] != 1108 {
			t.Errorf("plain %v: got %d, %v, expected 1108", plain, got, err)
		}
	}
}

// workloads are the functions of the program bench, with rounds that take about a millisecond natively.
var workloads = []struct {
	name   string
	native func(int) uint64
	rounds int
}{
	{"codec", work.Codec, 200}, {"hashing", work.Hashing, 1000}, {"maps", work.Maps, 500}, {"sorting", work.Sorting, 20},
	{"allocation", work.Allocation, 200}, {"arithmetic", work.Arithmetic, 500}, {"copies", work.Copies, 2000}, {"moves", work.Moves, 1000},
}

// work calls a workload.
func (g *guest) work(name string, rounds int) uint64 {
	g.t.Helper()
	memory := g.instance.Memory()
	const at = 8192 // Go's linker leaves it free, for arguments under JavaScript
	memory.Write(at, binary.LittleEndian.AppendUint32(nil, uint32(rounds)))
	answer, err := g.instance.ExportedFunction(name).Call(g.t.Context(), at, 4)
	if err != nil {
		g.t.Fatalf("%s: %v", name, err)
	}
	sum, ok := memory.ReadUint64Le(uint32(answer[0]))
	if !ok {
		g.t.Fatalf("%s: answer 0x%x is outside of memory", name, answer[0])
	}
	return sum
}

// Go's own code computes in a blob what it computes natively, with second bodies, of which there are hundreds, and without.
func TestWork(t *testing.T) {
	for _, plain := range []bool{true, false} {
		r := rewrite(t, "bench", Options{Plain: plain})
		if plain != (r.Seconds == 0) || !plain && r.Seconds < 200 {
			t.Errorf("plain %v: %d second bodies", plain, r.Seconds)
		}
		g := run(t, r.Module, wazero.NewRuntimeConfigCompiler())
		for _, w := range workloads {
			for _, rounds := range []int{0, 1, 17} {
				if got, want := g.work(w.name, rounds), w.native(rounds); got != want {
					t.Errorf("plain %v: %s(%d): got 0x%x, expected 0x%x", plain, w.name, rounds, got, want)
				}
			}
		}
	}
}

// What Go-in-Wasm costs: each workload natively, as Go's compiler made it under WASI, lowered only (plain), and as a blob.
func BenchmarkWork(b *testing.B) {
	guests := []struct {
		name  string
		start func() *guest
	}{
		{"reactor", func() *guest { return runReactor(b, compile(b, "./testdata/bench")) }},
		{"plain", func() *guest {
			return run(b, rewrite(b, "bench", Options{Plain: true}).Module, wazero.NewRuntimeConfigCompiler())
		}},
		{"blob", func() *guest { return run(b, rewrite(b, "bench", Options{}).Module, wazero.NewRuntimeConfigCompiler()) }},
	}
	for _, w := range workloads {
		want := w.native(w.rounds)
		b.Run(w.name+"/native", func(b *testing.B) {
			for b.Loop() {
				if w.native(w.rounds) != want {
					b.Fatal("another result")
				}
			}
		})
		for _, g := range guests {
			b.Run(w.name+"/"+g.name, func(b *testing.B) {
				in := g.start()
				for i := 0; b.Loop(); i++ {
					if i%16 == 15 { // nothing collects garbage inside
						b.StopTimer()
						in = g.start()
						b.StartTimer()
					}
					if in.work(w.name, w.rounds) != want {
						b.Fatal("another result")
					}
				}
			})
		}
	}
}

// runReactor instantiates what Go's linker made, and initialises it.
func runReactor(t testing.TB, module []byte) *guest {
	ctx := t.Context()
	r := wazero.NewRuntimeWithConfig(ctx, wazero.NewRuntimeConfigCompiler().WithCoreFeatures(inputFeatures).WithCompilationCache(machineCode))
	t.Cleanup(func() { r.Close(context.Background()) })
	wasi_snapshot_preview1.MustInstantiate(ctx, r)
	instance, err := r.InstantiateWithConfig(ctx, module, wazero.NewModuleConfig().WithStartFunctions("_initialize"))
	if err != nil {
		t.Fatal(err)
	}
	return &guest{t: t, instance: instance}
}
