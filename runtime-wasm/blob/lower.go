package blob

import (
	"fmt"
	"slices"
	"strings"

	"github.com/gotensor/gotensor/internal/wasmbin"
)

// lowered are the extensions of WebAssembly 1.0 that Go's compiler uses, and this package replaces.
var lowered = []string{wasmbin.FeatureSignExtension, wasmbin.FeatureSaturating, wasmbin.FeatureBulkMemory}

// Instructions that are replaced.
const (
	opI32Extend8  wasmbin.Opcode = 0xc0
	opI32Extend16 wasmbin.Opcode = 0xc1
	opI64Extend8  wasmbin.Opcode = 0xc2
	opI64Extend16 wasmbin.Opcode = 0xc3
	opI64Extend32 wasmbin.Opcode = 0xc4
	opSaturate    wasmbin.Opcode = 0xfc << 16 // the first of eight
)

// wasiName returns the name of the helper for a function of the system.
func wasiName(name string) string { return "wasi_" + name }

func saturateName(op wasmbin.Opcode) string { return fmt.Sprintf("$saturate_%d", op-opSaturate) }

// helper returns the function that is added under that name.
func (w *writer) helper(name string) function {
	if f, ok := w.others[name]; ok {
		return f
	}
	switch name {
	case "$memory_grow":
		return memoryGrow
	case "$memory_copy":
		return memoryCopy
	case "$memory_fill":
		return memoryFill
	case "$check_range":
		return checkRange
	case "$flush":
		return flush
	}
	if wasi, ok := strings.CutPrefix(name, "$wasi_"); ok {
		if f, ok := wasiFunctions[wasi]; ok {
			return f
		}
	}
	for i := range saturations {
		if name == saturateName(opSaturate+wasmbin.Opcode(i)) {
			return saturations[i]
		}
	}
	panic("BUG: no helper " + name)
}

// notSupported returns a function of that many parameters that answers that the system lacks it.
func notSupported(t wasmbin.FuncType) function {
	f := function{results: "i32", body: `i32.const ` + errnoUnsupported}
	for i, p := range t.Params {
		f.params += fmt.Sprintf(" %d:%s", i, typeName(p))
	}
	return f
}

// need finds the helpers that the module needs.
func (w *writer) need() error {
	w.others = make(map[string]function)
	needed := make(map[string]bool)
	var order []string
	var add func(name string)
	add = func(name string) {
		if needed[name] || name == "$log" {
			return
		}
		needed[name] = true
		f := w.helper(name)
		words := strings.Fields(f.body)
		for i := range words {
			if words[i] == "call" {
				add(words[i+1])
			}
		}
		order = append(order, name)
	}
	for _, im := range w.m.Imports {
		if im.Module != wasiModule {
			continue
		}
		f, ok := wasiFunctions[im.Name]
		if !ok {
			f = notSupported(w.m.Types[im.Function])
			w.others["$"+wasiName(im.Name)] = f
		}
		if got := w.m.Types[im.Function]; !got.Equal(f.signature()) {
			return fmt.Errorf("%w: import of %q.%q under the type %v", ErrUnsupported, im.Module, im.Name, got)
		}
		add("$" + wasiName(im.Name))
	}
	for i := range w.m.Code {
		it := wasmbin.Instructions(w.m.Code[i].Body)
		for it.Next() {
			switch op := it.Op(); {
			case op == wasmbin.OpMemoryGrow:
				add("$memory_grow")
			case op == wasmbin.OpMemoryCopy:
				add("$memory_copy")
			case op == wasmbin.OpMemoryFill:
				add("$memory_fill")
			case op >= opSaturate && op < opSaturate+wasmbin.Opcode(len(saturations)):
				add(saturateName(op))
			}
		}
	}
	slices.Sort(order)
	w.helpers = order
	w.index = make(map[string]uint32)
	return nil
}

// lowerBody replaces what WebAssembly 1.0 lacks, and moves the indices of functions and of the table.
func (w *writer) lowerBody(c *wasmbin.Code) error {
	out := make([]byte, 0, len(c.Body)+len(c.Body)/16)
	call := func(name string) { out = wasmbin.AppendU32(append(out, byte(wasmbin.OpCall)), w.index[name]) }
	it := wasmbin.Instructions(c.Body)
	for it.Next() {
		switch op := it.Op(); op {
		case wasmbin.OpCall:
			out = wasmbin.AppendU32(append(out, byte(op)), w.functions[it.Index()])
		case wasmbin.OpCallIndirect:
			if w.first != 0 {
				out = append(wasmbin.AppendS64(append(out, byte(wasmbin.OpI32Const)), int64(int32(w.first))), byte(wasmbin.OpI32Sub))
			}
			out = append(wasmbin.AppendU32(append(out, byte(op)), it.Index()), 0)
		case wasmbin.OpMemorySize:
			out = wasmbin.AppendU32(append(out, byte(wasmbin.OpGlobalGet)), w.globals["$brk"])
		case wasmbin.OpMemoryGrow:
			call("$memory_grow")
		case wasmbin.OpMemoryCopy:
			call("$memory_copy")
		case wasmbin.OpMemoryFill:
			call("$memory_fill")
		case opI32Extend8:
			out = extend(out, wasmbin.OpI32Const, 24, opI32Shl, opI32ShrS)
		case opI32Extend16:
			out = extend(out, wasmbin.OpI32Const, 16, opI32Shl, opI32ShrS)
		case opI64Extend8:
			out = extend(out, wasmbin.OpI64Const, 56, opI64Shl, opI64ShrS)
		case opI64Extend16:
			out = extend(out, wasmbin.OpI64Const, 48, opI64Shl, opI64ShrS)
		case opI64Extend32:
			out = append(out, opI32Wrap, opI64ExtendS)
		case opSaturate, opSaturate + 1, opSaturate + 2, opSaturate + 3, opSaturate + 4, opSaturate + 5, opSaturate + 6, opSaturate + 7:
			call(saturateName(op))
		default:
			if op > 0xff {
				return fmt.Errorf("%w: instruction 0x%02x %d", ErrUnsupported, op>>16, op&0xffff)
			}
			out = it.AppendShortest(out)
		}
	}
	c.Body = out
	return it.Err()
}

// Single bytes of the sequences that sign extension becomes.
const (
	opI32Shl     = 0x74
	opI32ShrS    = 0x75
	opI64Shl     = 0x86
	opI64ShrS    = 0x87
	opI32Wrap    = 0xa7
	opI64ExtendS = 0xac
)

// extend shifts up and down again.
func extend(b []byte, constant wasmbin.Opcode, bits int64, up, down byte) []byte {
	b = append(wasmbin.AppendS64(append(b, byte(constant)), bits), up)
	return append(wasmbin.AppendS64(append(b, byte(constant)), bits), down)
}

// moveExports keeps the runtime API functions and the initialiser, and exports memory.
func (w *writer) moveExports(types []uint32) error {
	m := w.m
	exports := []wasmbin.Export{{Name: memoryName, Kind: wasmbin.KindMemory}}
	initialised := false
	for _, x := range m.Exports {
		if x.Kind != wasmbin.KindFunction {
			continue
		}
		want := apiType
		if x.Name == initialiser {
			want, initialised = initType, true
		} else {
			w.result.Exports = append(w.result.Exports, x.Name)
		}
		if got := m.Types[types[x.Index]]; !got.Equal(want) {
			return fmt.Errorf("%w: function %q has the type %v, expected %v", ErrExport, x.Name, got, want)
		}
		if x.Name == memoryName || x.Name == heapBase {
			return fmt.Errorf("%w: function %q: the name is taken", ErrExport, x.Name)
		}
		exports = append(exports, wasmbin.Export{Name: x.Name, Kind: wasmbin.KindFunction, Index: w.functions[x.Index]})
	}
	if !initialised {
		return fmt.Errorf("%w: no function %q: the module is no reactor", ErrUnsupported, initialiser)
	}
	if len(w.result.Exports) == 0 {
		return fmt.Errorf("%w: no function is exported but %q", ErrExport, initialiser)
	}
	m.Exports = exports
	return nil
}

// compactTable moves the elements of the table to its beginning. Go's linker leaves the first 4,096 empty, which hold no function either way: a call of
// one of them trapped because it was empty, and traps because its index wraps around.
func (w *writer) compactTable() error {
	m := w.m
	if len(m.Tables) == 0 {
		return nil
	}
	first, end := uint64(1)<<32, uint64(0)
	for i := range m.Elements {
		offset, _ := wasmbin.ConstI32(m.Elements[i].Offset)
		first = min(first, uint64(offset))
		end = max(end, uint64(offset)+uint64(len(m.Elements[i].Functions)))
	}
	if end > uint64(m.Tables[0].Limits.Min) {
		return fmt.Errorf("%w: elements up to %d in a table of %d", ErrUnsupported, end, m.Tables[0].Limits.Min)
	}
	if first = min(first, end); end-first > MaxTable {
		return fmt.Errorf("%w: %d entries, at most %d", ErrTable, end-first, MaxTable)
	}
	w.first = uint32(first)
	for i := range m.Elements {
		e := &m.Elements[i]
		offset, _ := wasmbin.ConstI32(e.Offset)
		e.Offset = constI32(offset - w.first)
		for j, f := range e.Functions {
			e.Functions[j] = w.functions[f]
		}
	}
	w.result.Table = int(end - first)
	m.Tables[0].Limits = wasmbin.Limits{Min: uint32(end - first)}
	return nil
}

// addGlobals adds what the helpers remember, and __heap_base.
func (w *writer) addGlobals() {
	m := w.m
	w.globals = make(map[string]uint32)
	add := func(name string, t wasmbin.ValueType, init []byte) {
		w.globals[name] = uint32(len(m.Globals))
		m.Globals = append(m.Globals, wasmbin.Global{Type: wasmbin.GlobalType{Type: t, Mutable: name != heapBase}, Init: init})
	}
	add("$brk", wasmbin.I32, constI32(m.Memories[0].Min))
	add("$clock", wasmbin.I64, constI64(clockStart))
	add("$random", wasmbin.I64, constI64(randomSeed))
	add("$logged", wasmbin.I32, constI32(0))
	add(heapBase, wasmbin.I32, constI32(w.pages*pageSize))
	m.Exports = append(m.Exports, wasmbin.Export{Name: heapBase, Kind: wasmbin.KindGlobal, Index: w.globals[heapBase]})
}

func constI32(v uint32) []byte {
	return append(wasmbin.AppendS64([]byte{byte(wasmbin.OpI32Const)}, int64(int32(v))), byte(wasmbin.OpEnd))
}

func constI64(v int64) []byte {
	return append(wasmbin.AppendS64([]byte{byte(wasmbin.OpI64Const)}, v), byte(wasmbin.OpEnd))
}

// oldNames returns the names of functions in the module that was read.
func (w *writer) oldNames(keep bool) ([]wasmbin.FunctionName, error) {
	section, ok := w.m.Custom(wasmbin.NameSection)
	if !keep || !ok {
		return nil, nil
	}
	names, err := wasmbin.ParseFunctionNames(section)
	if err != nil {
		return nil, err
	}
	// A second body has the name of the first.
	second := make(map[uint32]uint32)
	for i, index := range w.seconds {
		second[index] = uint32(len(w.m.FunctionTypes()) - len(w.seconds) + i)
	}
	for _, n := range names {
		if index, ok := second[n.Index]; ok {
			names = append(names, wasmbin.FunctionName{Index: index, Name: n.Name})
		}
	}
	return names, nil
}

// newNames returns the name section of the blob.
func (w *writer) newNames(old []wasmbin.FunctionName) []byte {
	var all []wasmbin.FunctionName
	own := w.imported + uint32(len(w.m.Functions)-len(w.helpers)) // the helpers come behind
	for _, n := range old {
		if uint64(n.Index) < uint64(len(w.functions)) && w.functions[n.Index] < own {
			all = append(all, wasmbin.FunctionName{Index: w.functions[n.Index], Name: n.Name})
		}
	}
	for _, name := range w.helpers {
		all = append(all, wasmbin.FunctionName{Index: w.index[name], Name: "blob." + name[1:]})
	}
	slices.SortStableFunc(all, func(a, b wasmbin.FunctionName) int { return int(int64(a.Index) - int64(b.Index)) })
	all = slices.CompactFunc(all, func(a, b wasmbin.FunctionName) bool { return a.Index == b.Index })
	return wasmbin.EncodeFunctionNames(all)
}
