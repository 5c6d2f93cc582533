package blob

import (
	"bytes"
	"context"
	"encoding/binary"
	"fmt"
	"math"
	"math/rand/v2"
	"testing"

	"github.com/tetratelabs/wazero"
	"github.com/tetratelabs/wazero/api"

	"github.com/gotensor/gotensor/internal/wasmbin"
)

// Instructions that only tests write.
const (
	opI32Load    = 0x28
	opI64Load    = 0x29
	opF32Load    = 0x2a
	opF64Load    = 0x2b
	opI64ExtendU = 0xad
	prefixMisc   = 0xfc
	testPages    = 4 // that modules of these tests declare once they are lowered
	operandsAt   = 16
)

// reactor returns a module like those of Go's linker with functions of the type of a runtime API, whose bodies lack the end opcode.
func reactor(pages uint32, bodies map[string][]byte, order ...string) *wasmbin.Module {
	m := &wasmbin.Module{
		Types:     []wasmbin.FuncType{initType, apiType},
		Functions: []uint32{0},
		Memories:  []wasmbin.Limits{{Min: pages}},
		Exports:   []wasmbin.Export{{Name: "_initialize", Kind: wasmbin.KindFunction}, {Name: "memory", Kind: wasmbin.KindMemory}},
		Code:      []wasmbin.Code{{Body: []byte{byte(wasmbin.OpEnd)}}},
	}
	for _, name := range order {
		m.Exports = append(m.Exports, wasmbin.Export{Name: name, Kind: wasmbin.KindFunction, Index: uint32(len(m.Functions))})
		m.Functions = append(m.Functions, 1)
		m.Code = append(m.Code, wasmbin.Code{Body: append(bytes.Clone(bodies[name]), byte(wasmbin.OpEnd))})
	}
	return m
}

// pair is a module and its blob, instantiated on one engine each, so that they can be compared. Both have testPages pages.
type pair struct {
	original, lowered api.Module
}

func newPair(t *testing.T, bodies map[string][]byte, order ...string) pair {
	t.Helper()
	ctx := t.Context()
	instantiate := func(module []byte, features api.CoreFeatures) api.Module {
		r := wazero.NewRuntimeWithConfig(ctx, wazero.NewRuntimeConfigCompiler().WithCoreFeatures(features))
		t.Cleanup(func() { r.Close(context.Background()) })
		instance, err := r.Instantiate(ctx, module)
		if err != nil {
			t.Fatal(err)
		}
		return instance
	}
	r, err := Rewrite(ctx, reactor(testPages-1, bodies, order...).Encode(), Options{MemoryPages: testPages})
	if err != nil {
		t.Fatal(err)
	}
	return pair{instantiate(reactor(testPages, bodies, order...).Encode(), inputFeatures), instantiate(r.Module, 0)}
}

// call calls a function of both with those operands in memory. trapped tells whether both trapped.
func (p pair) call(t *testing.T, name string, operands []byte) (result uint64, trapped bool) {
	t.Helper()
	var results [2]uint64
	var errs [2]error
	for i, m := range []api.Module{p.original, p.lowered} {
		if !m.Memory().Write(operandsAt, operands) {
			t.Fatal("operands do not fit")
		}
		r, err := m.ExportedFunction(name).Call(t.Context(), operandsAt, uint64(len(operands)))
		if errs[i] = err; err == nil {
			results[i] = r[0]
		}
	}
	if (errs[0] == nil) != (errs[1] == nil) || results[0] != results[1] {
		t.Fatalf("%s(%x): original 0x%x, %v; lowered 0x%x, %v", name, operands, results[0], errs[0], results[1], errs[1])
	}
	return results[0], errs[0] != nil
}

// Sign extension and saturating conversion give the same as the instructions that they replace.
func TestLowerNumbers(t *testing.T) {
	type operation struct {
		name string
		op   []byte
		load byte // of the operand
		i32  bool // what it gives
	}
	operations := []operation{
		{"i32.extend8_s", []byte{0xc0}, opI32Load, true},
		{"i32.extend16_s", []byte{0xc1}, opI32Load, true},
		{"i64.extend8_s", []byte{0xc2}, opI64Load, false},
		{"i64.extend16_s", []byte{0xc3}, opI64Load, false},
		{"i64.extend32_s", []byte{0xc4}, opI64Load, false},
	}
	for i, load := range []byte{opF32Load, opF32Load, opF64Load, opF64Load, opF32Load, opF32Load, opF64Load, opF64Load} {
		operations = append(operations, operation{fmt.Sprintf("saturate %d", i), []byte{prefixMisc, byte(i)}, load, i < 4})
	}
	bodies := make(map[string][]byte)
	var order []string
	for _, o := range operations {
		body := append([]byte{byte(wasmbin.OpLocalGet), 0, o.load, 0, 0}, o.op...)
		if o.i32 {
			body = append(body, opI64ExtendU)
		}
		bodies[o.name] = body
		order = append(order, o.name)
	}
	p := newPair(t, bodies, order...)

	var integers, singles, doubles [][]byte
	for _, base := range []uint64{0, 1 << 7, 1 << 8, 1 << 15, 1 << 16, 1 << 31, 1 << 32, 1 << 63} {
		for d := -2; d <= 2; d++ {
			integers = append(integers, binary.LittleEndian.AppendUint64(nil, base+uint64(d)))
		}
	}
	rng := rand.New(rand.NewPCG(1, 2))
	for range 200 {
		integers = append(integers, binary.LittleEndian.AppendUint64(nil, rng.Uint64()>>rng.IntN(64)))
	}
	var edges []float64
	for _, f := range []float64{0, 0.5, 0.9999999, 1, 1.5, 127, 1 << 24, 1 << 31, 1 << 32, 1 << 52, 1 << 53, 1 << 63, 1 << 64, 1e300, math.MaxFloat32,
		math.SmallestNonzeroFloat64, math.Inf(1), 2147483647, 4294967295} {
		for _, g := range []float64{f, math.Nextafter(f, 0), math.Nextafter(f, math.Inf(1)), float64(math.Nextafter32(float32(f), 0)),
			float64(math.Nextafter32(float32(f), float32(math.Inf(1)))), f + 0.5, f - 0.5, f + 1, f - 1} {
			edges = append(edges, g, -g)
		}
	}
	for range 200 {
		edges = append(edges, math.Float64frombits(rng.Uint64()))
	}
	for _, f := range edges {
		singles = append(singles, binary.LittleEndian.AppendUint32(nil, math.Float32bits(float32(f))))
		doubles = append(doubles, binary.LittleEndian.AppendUint64(nil, math.Float64bits(f)))
	}
	for _, nan := range []uint32{0x7fc00000, 0xffc00000, 0x7f800001, 0xffffffff} {
		singles = append(singles, binary.LittleEndian.AppendUint32(nil, nan))
		doubles = append(doubles, binary.LittleEndian.AppendUint64(nil, uint64(nan)<<32|1))
	}
	cases := 0
	for _, o := range operations {
		operands := integers
		switch o.load {
		case opF32Load:
			operands = singles
		case opF64Load:
			operands = doubles
		}
		for _, operand := range operands {
			if _, trapped := p.call(t, o.name, operand); trapped {
				t.Fatalf("%s(%x) trapped", o.name, operand)
			}
			cases++
		}
	}
	t.Logf("%d cases", cases)
}

// bulk are functions that do memory.copy and memory.fill with three operands from memory.
func bulk() map[string][]byte {
	operands := []byte{
		byte(wasmbin.OpLocalGet), 0, opI32Load, 0, 0,
		byte(wasmbin.OpLocalGet), 0, opI32Load, 0, 4,
		byte(wasmbin.OpLocalGet), 0, opI32Load, 0, 8,
	}
	zero := []byte{byte(wasmbin.OpI64Const), 0}
	return map[string][]byte{
		"copy": append(append(bytes.Clone(operands), prefixMisc, 10, 0, 0), zero...),
		"fill": append(append(bytes.Clone(operands), prefixMisc, 11, 0), zero...),
	}
}

// memory.copy and memory.fill leave the same memory as the instructions, however long, however they overlap, and trap where these trap.
func TestLowerBulk(t *testing.T) {
	p := newPair(t, bulk(), "copy", "fill")
	const size = testPages * pageSize
	rng := rand.New(rand.NewPCG(3, 4))
	shuffle := func() {
		b := make([]byte, size)
		for i := range b {
			b[i] = byte(rng.Uint32())
		}
		p.original.Memory().Write(0, b)
		p.lowered.Memory().Write(0, b)
	}
	same := func(name string, a, b, n uint32) {
		t.Helper()
		x, _ := p.original.Memory().Read(0, size)
		y, _ := p.lowered.Memory().Read(0, size)
		if !bytes.Equal(x, y) {
			t.Fatalf("%s(%d, %d, %d): memory differs", name, a, b, n)
		}
	}
	cases, traps := 0, 0
	try := func(name string, a, b, n uint32) {
		t.Helper()
		var operands []byte
		for _, v := range []uint32{a, b, n} {
			operands = binary.LittleEndian.AppendUint32(operands, v)
		}
		_, trapped := p.call(t, name, operands)
		cases++
		if trapped {
			traps++
		}
		if cases%64 == 0 || trapped || n > 256 {
			same(name, a, b, n)
		}
	}
	shuffle()
	for n := uint32(0); n <= 140; n++ {
		at := uint32(1000)
		for d := uint32(0); d <= 2*n+2; d++ {
			try("copy", at+d, at+n+1, n) // from far below to far above, over every overlap
		}
		try("fill", at+n%8, n+0x1234500, n)
		same("copy", at, at, n)
	}
	for _, n := range []uint32{255, 256, 257, 1000, 4096, 65535, 65536, 100_000} {
		for _, d := range []uint32{0, 1, 7, 8, 31, 32, 33, 63, 64, 65, 1000} {
			try("copy", 40_000, 40_000+d, n)
			try("copy", 40_000+d, 40_000, n)
			try("fill", 40_000+d, n, n)
		}
	}
	// At the end of memory, and beyond 32 bits.
	for _, n := range []uint32{0, 1, 2, 3, 4, 7, 8, 15, 16, 17, 31, 32, 33, 64, 100, 1 << 16, size, size + 1, 1 << 31, 1<<32 - 1} {
		for _, a := range []uint32{0, 1, 100, size - n - 1, size - n, size - n + 1, size - 1, size, size + 1, 1 << 31, 1<<32 - 1, -n} {
			try("copy", a, 0, n)
			try("copy", 0, a, n)
			try("copy", a, a, n)
			try("fill", a, 0xab, n)
			try("fill", a, 0x1ff, n)
		}
		shuffle()
	}
	if traps == 0 || traps == cases {
		t.Errorf("%d of %d trapped", traps, cases)
	}
	t.Logf("%d cases, %d of them traps", cases, traps)
}

// memory.grow gives what there is up to the last page but one, and memory.size tells it; what grew is zero.
func TestLowerGrow(t *testing.T) {
	bodies := map[string][]byte{
		"grow": {byte(wasmbin.OpLocalGet), 0, byte(wasmbin.OpMemoryGrow), 0, opI64ExtendU},
		"size": {byte(wasmbin.OpMemorySize), 0, opI64ExtendU},
	}
	r, err := Rewrite(t.Context(), reactor(3, bodies, "grow", "size").Encode(), Options{MemoryPages: 10})
	if err != nil {
		t.Fatal(err)
	}
	g := run(t, r.Module, wazero.NewRuntimeConfigCompiler())
	call := func(name string, arg uint32, want uint32) {
		t.Helper()
		got, err := g.instance.ExportedFunction(name).Call(t.Context(), uint64(arg), 0)
		if err != nil || got[0] != uint64(want) {
			t.Errorf("%s(%d): got %d, %v, expected %d", name, arg, got, err, want)
		}
	}
	call("size", 0, 3)
	call("grow", 0, 3)
	call("grow", 7, 1<<32-1)
	call("grow", 1<<32-1, 1<<32-1)
	call("grow", 4, 3)
	call("size", 0, 7)
	call("grow", 3, 1<<32-1)
	call("grow", 2, 7)
	call("grow", 1, 1<<32-1)
	call("size", 0, 9)
	if got := g.instance.Memory().Size(); got != 10*pageSize {
		t.Errorf("memory has %d bytes", got)
	}
	if got := g.instance.ExportedGlobal("__heap_base").Get(); got != 10*pageSize {
		t.Errorf("__heap_base is %d", got)
	}
}

// The table begins with the first function that is in it, and calls through it find the same functions and the same nothing.
func TestCompactTable(t *testing.T) {
	m := reactor(1, map[string][]byte{
		"through": {byte(wasmbin.OpLocalGet), 0, byte(wasmbin.OpLocalGet), 1, byte(wasmbin.OpLocalGet), 0, byte(wasmbin.OpCallIndirect), 1, 0},
		"seven":   {byte(wasmbin.OpI64Const), 7},
	}, "through", "seven")
	m.Tables = []wasmbin.Table{{Type: wasmbin.FuncRef, Limits: wasmbin.Limits{Min: 0x1003}}}
	m.Elements = []wasmbin.Element{{Offset: constI32(0x1000), Type: wasmbin.FuncRef, Functions: []uint32{0, 1, 2}}}
	r, err := Rewrite(t.Context(), m.Encode(), Options{MemoryPages: 2})
	if err != nil {
		t.Fatal(err)
	}
	if r.Table != 3 {
		t.Errorf("the table has %d entries", r.Table)
	}
	g := run(t, r.Module, wazero.NewRuntimeConfigCompiler())
	for _, c := range []struct {
		index uint32
		ok    bool
	}{{0x1002, true}, {0x1000, false}, {0x1003, false}, {0xfff, false}, {2, false}, {0, false}, {1<<32 - 1, false}} {
		got, err := g.instance.ExportedFunction("through").Call(t.Context(), uint64(c.index), 0)
		if (err == nil) != c.ok || c.ok && got[0] != 7 {
			t.Errorf("call of 0x%x: got %d, %v", c.index, got, err)
		}
	}
}
