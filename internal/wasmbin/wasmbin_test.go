package wasmbin

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"math"
	"os"
	"path/filepath"
	"reflect"
	"runtime"
	"slices"
	"strings"
	"testing"

	"github.com/tetratelabs/wazero"
	"github.com/tetratelabs/wazero/api"

	"github.com/gotensor/gotensor/internal/outside"
)

// specimen is a module that has something in every section.
func specimen() *Module {
	one := uint32(1)
	return &Module{
		Types: []FuncType{
			{Params: []ValueType{}, Results: []ValueType{}},
			{Params: []ValueType{I32, I64, F32, F64}, Results: []ValueType{I64}},
			{Params: []ValueType{FuncRef}, Results: []ValueType{I32, ExternRef}},
		},
		Imports: []Import{
			{Module: "env", Name: "f", Kind: KindFunction, Function: 1},
			{Module: "env", Name: "t", Kind: KindTable, Table: Table{Type: FuncRef, Limits: Limits{Min: 1}}},
			{Module: "env", Name: "memory", Kind: KindMemory, Memory: Limits{Min: 17, Max: 20, HasMax: true}},
			{Module: "env", Name: "g", Kind: KindGlobal, Global: GlobalType{Type: I32, Mutable: true}},
		},
		Functions: []uint32{0, 0},
		Tables:    []Table{{Type: ExternRef, Limits: Limits{Min: 1, Max: 9, HasMax: true}}},
		Globals: []Global{
			{Type: GlobalType{Type: I32}, Init: append(AppendS64([]byte{byte(OpI32Const)}, -5), byte(OpEnd))},
			{Type: GlobalType{Type: FuncRef, Mutable: true}, Init: []byte{byte(OpRefFunc), 1, byte(OpEnd)}},
		},
		Exports:   []Export{{Name: "run", Kind: KindFunction, Index: 1}, {Name: "größe", Kind: KindGlobal, Index: 1}},
		Start:     &one,
		DataCount: &one,
		Elements: []Element{
			{Type: FuncRef, Offset: []byte{byte(OpI32Const), 0, byte(OpEnd)}, Functions: []uint32{0, 1}},
			{Type: FuncRef, Mode: Passive, Functions: []uint32{2}},
			{Type: FuncRef, Mode: Declarative, Functions: []uint32{1}},
			{Type: FuncRef, Offset: []byte{byte(OpI32Const), 0, byte(OpEnd)}, Exprs: [][]byte{{byte(OpRefFunc), 1, byte(OpEnd)}}},
			{Type: ExternRef, Table: 1, Offset: []byte{byte(OpI32Const), 0, byte(OpEnd)}, Exprs: [][]byte{{byte(OpRefNull), byte(ExternRef), byte(OpEnd)}}},
			{Type: ExternRef, Mode: Passive, Exprs: [][]byte{{byte(OpRefNull), byte(ExternRef), byte(OpEnd)}}},
		},
		Code: []Code{
			{Locals: []Locals{{Count: 2, Type: I32}, {Count: 1, Type: F64}}, Body: []byte{byte(OpNop), byte(OpEnd)}},
			{Body: []byte{byte(OpEnd)}},
		},
		Data:    []Data{{Offset: []byte{byte(OpI32Const), 8, byte(OpEnd)}, Bytes: []byte("data")}},
		Customs: []Custom{{Name: "runtime_version", Data: []byte{1, 2, 3}}, {Name: "empty", Data: []byte{}}},
	}
}

func TestRoundTrip(t *testing.T) {
	want := specimen()
	binary := want.Encode()
	got, err := Parse(binary)
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(got.Encode(), binary) {
		t.Error("encoding what was parsed gives other bytes")
	}
	wantJSON, _ := json.Marshal(want)
	gotJSON, _ := json.Marshal(got)
	if !bytes.Equal(wantJSON, gotJSON) {
		t.Errorf("got %s\nexpected %s", gotJSON, wantJSON)
	}
}

// Every section cut short, and every byte changed, gives an error or a module that can be encoded and parsed again.
func TestDamaged(t *testing.T) {
	binary := specimen().Encode()
	for n := range binary {
		if _, err := Parse(binary[:n]); err != nil && !errors.Is(err, ErrMalformed) {
			t.Fatalf("%d bytes: %v", n, err)
		}
		damaged := bytes.Clone(binary)
		for _, b := range []byte{0, 1, 0x7f, 0x80, 0xff} {
			damaged[n] = b
			reparse(t, damaged)
		}
	}
}

// reparse checks what holds for all bytes: Parse errs with ErrMalformed, or the module survives encoding, surveying and metering.
func reparse(t *testing.T, data []byte) {
	t.Helper()
	m, err := Parse(data)
	if err != nil {
		if !errors.Is(err, ErrMalformed) {
			t.Fatalf("error of another kind: %v", err)
		}
		return
	}
	once := m.Encode()
	again, err := Parse(once)
	if err != nil {
		t.Fatalf("what was encoded is refused: %v", err)
	}
	if !bytes.Equal(again.Encode(), once) {
		t.Fatal("encoding twice gives two results")
	}
	use, useErr := m.Use()
	if useErr != nil && !errors.Is(useErr, ErrMalformed) {
		t.Fatalf("error of another kind: %v", useErr)
	}
	if err := m.Meter("host", "tick", 1000); err != nil {
		if !errors.Is(err, ErrMalformed) {
			t.Fatalf("error of another kind: %v", err)
		}
		return
	}
	metered, err := Parse(m.Encode())
	if err != nil {
		t.Fatalf("what was metered is refused: %v", err)
	}
	after, err := metered.Use()
	if (err == nil) != (useErr == nil) && useErr == nil {
		t.Fatalf("metered code cannot be walked over: %v", err)
	}
	if useErr == nil && !slices.Equal(use.Features, after.Features) {
		t.Fatalf("metering changed the features from %q to %q", use.Features, after.Features)
	}
}

func FuzzParse(f *testing.F) {
	f.Add(specimen().Encode())
	f.Add(loops().Encode())
	f.Add([]byte("\x00asm\x01\x00\x00\x00"))
	f.Add([]byte("\x00asm\x01\x00\x00\x00\x01\xff\xff\xff\xff\x0f"))
	f.Fuzz(reparse)
}

func FuzzInstructions(f *testing.F) {
	for _, c := range loops().Code {
		f.Add(c.Body)
	}
	f.Add([]byte{0xfc, 0x0a, 0, 0, 0xfd, 0x0c, 0x0b})
	f.Fuzz(func(t *testing.T, body []byte) {
		it := Instructions(body)
		at := 0
		for it.Next() {
			if len(it.Bytes()) == 0 || it.End() != at+len(it.Bytes()) || it.Depth() < 0 {
				t.Fatalf("instruction at %d ends at %d with depth %d", at, it.End(), it.Depth())
			}
			at = it.End()
		}
		if it.Err() != nil && !errors.Is(it.Err(), ErrMalformed) {
			t.Fatal(it.Err())
		}
		if it.Err() == nil && it.Depth() != 0 {
			t.Fatal("the walk stopped before the end, without an error")
		}
	})
}

// What a module claims costs nothing: the memory that parsing takes is bounded by what is there.
func TestClaims(t *testing.T) {
	for id := byte(1); id <= 11; id++ {
		section := append(AppendU32(nil, math.MaxUint32), make([]byte, 64)...)
		data := append(append(bytes.Clone(header), id), appendBytes(nil, section)...)
		var before, after runtime.MemStats
		runtime.ReadMemStats(&before)
		_, err := Parse(data)
		runtime.ReadMemStats(&after)
		if id != sectionStart && err == nil {
			t.Errorf("section %d with a claim of 4 billion items is accepted", id)
		}
		if used := after.TotalAlloc - before.TotalAlloc; used > 1<<20 {
			t.Errorf("section %d: %d bytes were allocated", id, used)
		}
	}
}

func TestLEB128(t *testing.T) {
	for _, v := range []int64{0, 1, -1, 63, 64, -64, -65, 127, 128, math.MaxInt32, math.MinInt32, math.MaxInt64, math.MinInt64} {
		r := reader{data: AppendS64(nil, v)}
		if got, err := r.s64(64); err != nil || got != v || r.left() != 0 {
			t.Errorf("s64 %d: got %d, %v", v, got, err)
		}
		r = reader{data: AppendS64(nil, v)}
		if got, err := r.s64(32); v == int64(int32(v)) && (err != nil || got != v) || v != int64(int32(v)) && err == nil {
			t.Errorf("s32 %d: got %d, %v", v, got, err)
		}
	}
	for _, v := range []uint32{0, 1, 127, 128, 1 << 28, math.MaxUint32} {
		r := reader{data: AppendU32(nil, v)}
		if got, err := r.u32(); err != nil || got != v || r.left() != 0 {
			t.Errorf("u32 %d: got %d, %v", v, got, err)
		}
	}
	for _, c := range []struct {
		name, bytes string
		ok          bool
	}{
		{"u32 in five bytes with leading zeros", "\x80\x80\x80\x80\x00", true},
		{"u32 in six bytes", "\x80\x80\x80\x80\x80\x00", false},
		{"u32 of 33 bits", "\xff\xff\xff\xff\x1f", false},
	} {
		r := reader{data: []byte(c.bytes)}
		if _, err := r.u32(); (err == nil) != c.ok {
			t.Errorf("%s: %v", c.name, err)
		}
	}
	for _, c := range []struct {
		name, bytes string
		ok          bool
	}{
		{"-1 in five bytes", "\xff\xff\xff\xff\x7f", true},
		{"sign bits that differ", "\xff\xff\xff\xff\x4f", false},
		{"least", "\x80\x80\x80\x80\x78", true},
		{"s32 in six bytes", "\x80\x80\x80\x80\x80\x00", false},
	} {
		r := reader{data: []byte(c.bytes)}
		if _, err := r.s64(32); (err == nil) != c.ok {
			t.Errorf("%s: %v", c.name, err)
		}
	}
}

// loops is a module whose function "sum" adds the numbers below its argument with a call for each, and calls the import at the end.
func loops() *Module {
	sum := []byte{
		byte(OpLoop), 0x40,
		byte(OpLocalGet), 1, byte(OpLocalGet), 0, byte(OpCall), 1, byte(OpLocalSet), 1, // acc = add(acc, n)
		byte(OpLocalGet), 0, byte(OpI32Const), 1, byte(OpI32Sub), byte(OpLocalTee), 0, byte(OpBrIf), 0,
		byte(OpEnd),
		byte(OpCall), 0,
		byte(OpI32Const), 0, byte(OpLocalGet), 1, byte(OpI32Const), 0, byte(OpCallIndirect), 2, 0, byte(OpEnd), // add(0, acc) through the table
	}
	return &Module{
		Types: []FuncType{
			{},
			{Params: []ValueType{I32, I32}, Results: []ValueType{I32}},
			{Params: []ValueType{I32, I32}, Results: []ValueType{I32}},
			{Params: []ValueType{I32}, Results: []ValueType{I32}},
		},
		Imports:   []Import{{Module: "host", Name: "done", Function: 0}},
		Functions: []uint32{1, 3},
		Tables:    []Table{{Type: FuncRef, Limits: Limits{Min: 1}}},
		Elements:  []Element{{Type: FuncRef, Offset: []byte{byte(OpI32Const), 0, byte(OpEnd)}, Functions: []uint32{1}}},
		Exports:   []Export{{Name: "sum", Index: 2}},
		Code: []Code{
			{Body: []byte{byte(OpLocalGet), 0, byte(OpLocalGet), 1, 0x6a, byte(OpEnd)}},
			{Locals: []Locals{{Count: 1, Type: I32}}, Body: sum},
		},
	}
}

// runMetered calls "sum" of m with n.
func runMetered(t *testing.T, ctx context.Context, m *Module, n uint64) (result uint64, ticks, done int) {
	r := wazero.NewRuntime(ctx)
	defer r.Close(ctx)
	_, err := r.NewHostModuleBuilder("host").
		NewFunctionBuilder().WithGoFunction(api.GoFunc(func(context.Context, []uint64) { ticks++ }), nil, nil).Export("tick").
		NewFunctionBuilder().WithGoFunction(api.GoFunc(func(context.Context, []uint64) { done++ }), nil, nil).Export("done").
		Instantiate(ctx)
	if err != nil {
		t.Fatal(err)
	}
	in, err := r.Instantiate(ctx, m.Encode())
	if err != nil {
		t.Fatal(err)
	}
	got, err := in.ExportedFunction("sum").Call(ctx, n)
	if err != nil {
		t.Fatal(err)
	}
	return got[0], ticks, done
}

// Metered code computes what it did, and calls the host as often as its work asks.
func TestMeter(t *testing.T) {
	ctx := context.Background()
	run := func(m *Module, n uint64) (result uint64, ticks, done int) { return runMetered(t, ctx, m, n) }
	const n = 100_000
	want, ticks, done := run(loops(), n)
	if want != n*(n+1)/2%(1<<32) || ticks != 0 || done != 1 {
		t.Fatalf("plain: %d, %d ticks, %d done", want, ticks, done)
	}
	m := loops()
	if err := m.Meter("host", "tick", 1000); err != nil {
		t.Fatal(err)
	}
	got, ticks, done := run(m, n)
	if got != want || done != 1 {
		t.Errorf("metered: %d, expected %d; %d done", got, want, done)
	}
	if ticks < n/1100 || ticks > n/100 {
		t.Errorf("%d ticks for %d rounds", ticks, n)
	}
}

// Bulk instructions do what they did, and cost by their length: memory by bytes, tables by elements.
func TestMeterBulk(t *testing.T) {
	ctx := context.Background()
	op := func(o Opcode, immediates ...byte) []byte {
		return append([]byte{byte(o >> 16), byte(o)}, immediates...)
	}
	null := []byte{byte(OpRefNull), byte(FuncRef)}
	n, zero := []byte{byte(OpLocalGet), 0}, []byte{byte(OpI32Const), 0}
	for _, c := range []struct {
		name  string
		code  [][]byte // of type () → (); the parameter is the length
		shift int
	}{
		{"memory.fill", [][]byte{zero, {byte(OpI32Const), 7}, n, op(OpMemoryFill, 0)}, 12},
		{"memory.copy", [][]byte{{byte(OpI32Const), 8}, zero, n, op(OpMemoryCopy, 0, 0)}, 12},
		{"memory.init", [][]byte{zero, zero, n, op(OpMemoryInit, 0, 0)}, 12},
		{"table.fill", [][]byte{zero, null, n, op(OpTableFill, 0)}, 9},
		{"table.copy", [][]byte{{byte(OpI32Const), 8}, zero, n, op(OpTableCopy, 0, 0)}, 9},
		{"table.init", [][]byte{zero, zero, n, op(OpTableInit, 0, 0)}, 9},
		{"table.grow", [][]byte{null, n, op(OpTableGrow, 0), {byte(OpDrop)}}, 9},
	} {
		t.Run(c.name, func(t *testing.T) {
			const length, times, interval = 1 << 17, 8, 10
			body := bytes.Repeat(slices.Concat(c.code...), times)
			body = append(body, byte(OpI32Const), 0, 0x28, 0, 0)
			body = append(append(body, op(OpTableSize, 0)...), byte(OpI32Add), byte(OpEnd)) // first word of the memory + size of the table
			count := uint32(1)
			m := &Module{
				Types:     []FuncType{{}, {Params: []ValueType{I32}, Results: []ValueType{I32}}},
				Imports:   []Import{{Module: "host", Name: "done"}},
				Functions: []uint32{1},
				Tables:    []Table{{Type: FuncRef, Limits: Limits{Min: length + 8}}},
				Memories:  []Limits{{Min: 4}},
				Exports:   []Export{{Name: "sum", Index: 1}},
				Elements:  []Element{{Mode: Passive, Type: FuncRef, Functions: make([]uint32, length)}},
				DataCount: &count,
				Data:      []Data{{Mode: Passive, Bytes: bytes.Repeat([]byte{3}, length)}},
				Code:      []Code{{Body: body}},
			}
			want, _, _ := runMetered(t, ctx, m, length)
			if err := m.Meter("host", "tick", interval); err != nil {
				t.Fatal(err)
			}
			got, ticks, _ := runMetered(t, ctx, m, length)
			if got != want {
				t.Errorf("metered: %d, expected %d", got, want)
			}
			if units := times * (length>>c.shift + 1); units/(length>>c.shift+interval) > ticks || ticks > times+1 {
				t.Errorf("%d ticks for %d units", ticks, units)
			}
		})
	}
}

// An index that names nothing must not come to name what metering adds.
func TestMeterRefusesDanglingIndices(t *testing.T) {
	for name, body := range map[string][]byte{
		"local":    {byte(OpI32Const), 0, byte(OpLocalSet), 2, byte(OpUnreachable), byte(OpEnd)},
		"global":   {byte(OpI32Const), 0, byte(OpGlobalSet), 0, byte(OpUnreachable), byte(OpEnd)},
		"function": {byte(OpCall), 3, byte(OpUnreachable), byte(OpEnd)},
		"type":     {byte(OpI32Const), 0, byte(OpCallIndirect), 4, 0, byte(OpUnreachable), byte(OpEnd)},
		"block":    {byte(OpBlock), 4, byte(OpEnd), byte(OpUnreachable), byte(OpEnd)},
		"ref.func": {byte(OpRefFunc), 3, byte(OpUnreachable), byte(OpEnd)},
	} {
		m := loops()
		m.Code[1] = Code{Locals: []Locals{{Count: 1, Type: I32}}, Body: body}
		if err := m.Meter("host", "tick", 1000); !errors.Is(err, ErrMalformed) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestUse(t *testing.T) {
	for _, c := range []struct {
		name    string
		change  func(m *Module)
		want    string
		changes bool
	}{
		{"plain", func(*Module) {}, "", false},
		{"sign extension", body(0x41, 0, 0xc0, 0x1a), FeatureSignExtension, false},
		{"saturating", body(0x43, 0, 0, 0, 0, 0xfc, 0, 0x1a), FeatureSaturating, false},
		{"memory.copy", body(0x41, 0, 0x41, 0, 0x41, 0, 0xfc, 10, 0, 0), FeatureBulkMemory, false},
		{"elem.drop", body(0xfc, 13, 0), FeatureBulkMemory, true},
		{"table.set", body(0x41, 0, 0xd0, 0x70, 0x26, 0), FeatureReferenceTypes, true},
		{"vectors", body(0xfd, 0x80, 0x01, 0x1a), FeatureSIMD, false},
		{"atomics", body(0xfe, 3, 0), FeatureThreads, false},
		{"tail call", body(0x12, 0), FeatureTailCalls, false},
		{"results", func(m *Module) { m.Types[0].Results = []ValueType{I32, I32} }, FeatureMultiValue, false},
		{"sum in a constant", func(m *Module) {
			m.Globals = []Global{{Type: GlobalType{Type: I32}, Init: []byte{0x41, 1, 0x41, 1, 0x6a, 0x0b}}}
		}, FeatureExtendedConst, false},
		{"exported mutable global", func(m *Module) {
			m.Globals = []Global{{Type: GlobalType{Type: I32, Mutable: true}, Init: []byte{0x41, 1, 0x0b}}}
			m.Exports = append(m.Exports, Export{Name: "g", Kind: KindGlobal})
		}, FeatureMutableGlobals, false},
	} {
		t.Run(c.name, func(t *testing.T) {
			m := loops()
			c.change(m)
			u, err := m.Use()
			if err != nil {
				t.Fatal(err)
			}
			if got := strings.Join(u.Features, " "); got != c.want || u.ChangesTables != c.changes {
				t.Errorf("got %q, changes tables: %v; expected %q, %v", got, u.ChangesTables, c.want, c.changes)
			}
		})
	}
}

func body(instructions ...byte) func(m *Module) {
	return func(m *Module) { m.Code[0].Body = append(instructions, byte(OpUnreachable), byte(OpEnd)) }
}

// Real modules come out of a round trip as they were: their compilers write what Encode writes.
func TestRealModules(t *testing.T) {
	for _, rel := range []string{
		"LimeChain/gosemble/build/runtime.wasm",
		"LimeChain/gosemble/build/node_template_runtime.wasm",
		"ChainSafe/gossamer/tests/polkadotjs_test/test/node_runtime.compact.wasm",
	} {
		t.Run(filepath.Base(rel), func(t *testing.T) {
			data, err := os.ReadFile(outside.Path(t, 1, rel))
			if err != nil {
				t.Fatal(err)
			}
			m, err := Parse(data)
			if err != nil {
				t.Fatal(err)
			}
			again, err := Parse(m.Encode())
			if err != nil {
				t.Fatal(err)
			}
			if !reflect.DeepEqual(m, again) {
				t.Error("the round trip changes the module")
			}
			reparse(t, data)
		})
	}
}
