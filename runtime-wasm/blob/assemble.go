package blob

import (
	"fmt"
	"strconv"
	"strings"

	"github.com/gotensor/gotensor/internal/wasmbin"
)

// function is a function that the tool adds to a module, in a small assembly language: the names of the instructions are those of
// the WebAssembly text format, in the order in which they run. Words that begin with $ are names: of parameters and locals, else of globals and functions
// of the module, else of constants of the tool. Labels of br are numbers: how many blocks to leave. What follows ;; is a comment.
type function struct {
	params  string // "name:type …"
	results string // "type …"
	locals  string // "name:type …"
	body    string
}

// symbols are the numbers that words beginning with $ stand for in a body.
type symbols struct {
	functions, globals, constants map[string]uint32
}

// mnemonics are the instructions that the bodies use and that take no immediate.
var mnemonics = map[string]byte{
	"unreachable": 0x00, "else": 0x05, "end": 0x0b, "return": 0x0f, "drop": 0x1a, "select": 0x1b,
	"i32.eqz": 0x45, "i32.eq": 0x46, "i32.ne": 0x47, "i32.lt_s": 0x48, "i32.lt_u": 0x49, "i32.gt_u": 0x4b, "i32.le_u": 0x4d, "i32.ge_u": 0x4f,
	"i64.eqz": 0x50, "i64.lt_u": 0x54, "i64.gt_u": 0x56, "i64.ge_u": 0x5a,
	"f32.eq": 0x5b, "f32.ne": 0x5c, "f32.lt": 0x5d, "f32.gt": 0x5e, "f32.ge": 0x60,
	"f64.eq": 0x61, "f64.ne": 0x62, "f64.lt": 0x63, "f64.gt": 0x64, "f64.ge": 0x66,
	"i32.add": 0x6a, "i32.sub": 0x6b, "i32.mul": 0x6c, "i32.and": 0x71, "i32.or": 0x72, "i32.shl": 0x74, "i32.shr_s": 0x75, "i32.shr_u": 0x76,
	"i64.add": 0x7c, "i64.sub": 0x7d, "i64.mul": 0x7e, "i64.and": 0x83, "i64.or": 0x84, "i64.xor": 0x85, "i64.shl": 0x86, "i64.shr_s": 0x87, "i64.shr_u": 0x88,
	"i32.wrap_i64": 0xa7, "i32.trunc_f32_s": 0xa8, "i32.trunc_f32_u": 0xa9, "i32.trunc_f64_s": 0xaa, "i32.trunc_f64_u": 0xab,
	"i64.extend_i32_s": 0xac, "i64.extend_i32_u": 0xad,
	"i64.trunc_f32_s": 0xae, "i64.trunc_f32_u": 0xaf, "i64.trunc_f64_s": 0xb0, "i64.trunc_f64_u": 0xb1,
}

// accesses are the loads and stores; they take an offset, which follows as a number.
var accesses = map[string]byte{
	"i32.load": 0x28, "i64.load": 0x29, "i32.load8_u": 0x2d, "i32.load16_u": 0x2f,
	"i32.store": 0x36, "i64.store": 0x37, "i32.store8": 0x3a, "i32.store16": 0x3b,
}

var valueTypes = map[string]wasmbin.ValueType{"i32": wasmbin.I32, "i64": wasmbin.I64, "f32": wasmbin.F32, "f64": wasmbin.F64}

// signature returns the type of f.
func (f *function) signature() wasmbin.FuncType {
	var t wasmbin.FuncType
	for _, p := range strings.Fields(f.params) {
		t.Params = append(t.Params, typeOf(p))
	}
	for _, r := range strings.Fields(f.results) {
		t.Results = append(t.Results, typeOf(r))
	}
	return t
}

// typeOf returns the type in "name:type" or "type".
func typeOf(word string) wasmbin.ValueType {
	t, ok := valueTypes[word[strings.IndexByte(word, ':')+1:]]
	if !ok {
		panic("BUG: no type in " + word)
	}
	return t
}

// typeName returns the name of a number type.
func typeName(t wasmbin.ValueType) string {
	switch t {
	case wasmbin.I32:
		return "i32"
	case wasmbin.I64:
		return "i64"
	case wasmbin.F32:
		return "f32"
	case wasmbin.F64:
		return "f64"
	}
	panic(fmt.Sprintf("BUG: no number type 0x%02x", byte(t)))
}

// assemble returns the body of f in binary form.
func (f *function) assemble(s symbols) wasmbin.Code {
	var code wasmbin.Code
	locals := make(map[string]uint32)
	for _, p := range strings.Fields(f.params + " " + f.locals) {
		name, _, _ := strings.Cut(p, ":")
		locals["$"+name] = uint32(len(locals))
	}
	for _, l := range strings.Fields(f.locals) {
		code.Locals = append(code.Locals, wasmbin.Locals{Count: 1, Type: typeOf(l)})
	}
	var words []string
	for line := range strings.Lines(f.body) {
		line, _, _ = strings.Cut(line, ";;")
		words = append(words, strings.Fields(line)...)
	}
	a := assembler{words: words}
	for len(a.words) > 0 {
		op := a.word()
		switch op {
		case "block", "loop", "if":
			a.out = append(a.out, map[string]byte{"block": 0x02, "loop": 0x03, "if": 0x04}[op], 0x40)
		case "br":
			a.index(wasmbin.OpBr, nil)
		case "br_if":
			a.index(wasmbin.OpBrIf, nil)
		case "call":
			a.index(wasmbin.OpCall, s.functions)
		case "local.get":
			a.index(wasmbin.OpLocalGet, locals)
		case "local.set":
			a.index(wasmbin.OpLocalSet, locals)
		case "local.tee":
			a.index(wasmbin.OpLocalTee, locals)
		case "global.get":
			a.index(wasmbin.OpGlobalGet, s.globals)
		case "global.set":
			a.index(wasmbin.OpGlobalSet, s.globals)
		case "memory.size":
			a.out = append(a.out, byte(wasmbin.OpMemorySize), 0)
		case "i32.const":
			a.out = wasmbin.AppendS64(append(a.out, byte(wasmbin.OpI32Const)), int64(int32(a.number(s.constants))))
		case "i64.const":
			a.out = wasmbin.AppendS64(append(a.out, byte(wasmbin.OpI64Const)), a.number(s.constants))
		case "f32.const":
			a.out = wasmbin.AppendF32(append(a.out, byte(wasmbin.OpF32Const)), float32(a.float(32)))
		case "f64.const":
			a.out = wasmbin.AppendF64(append(a.out, byte(wasmbin.OpF64Const)), a.float(64))
		default:
			if opcode, ok := accesses[op]; ok {
				a.out = append(a.out, opcode, 0) // no alignment is promised
				a.out = wasmbin.AppendU32(a.out, uint32(a.number(s.constants)))
			} else if opcode, ok := mnemonics[op]; ok {
				a.out = append(a.out, opcode)
			} else {
				panic("BUG: unknown instruction " + op)
			}
		}
	}
	code.Body = append(a.out, byte(wasmbin.OpEnd))
	return code
}

// assembler takes words and gives bytes.
type assembler struct {
	words []string
	out   []byte
}

func (a *assembler) word() string {
	if len(a.words) == 0 {
		panic("BUG: an instruction lacks its immediate")
	}
	w := a.words[0]
	a.words = a.words[1:]
	return w
}

// index writes an instruction with the index that the next word names.
func (a *assembler) index(op wasmbin.Opcode, space map[string]uint32) {
	a.out = wasmbin.AppendU32(append(a.out, byte(op)), uint32(a.number(space)))
}

func (a *assembler) number(space map[string]uint32) int64 {
	w := a.word()
	if v, ok := space[w]; ok {
		return int64(v)
	}
	if v, err := strconv.ParseInt(w, 0, 64); err == nil {
		return v
	}
	v, err := strconv.ParseUint(w, 0, 64)
	if err != nil {
		panic("BUG: nothing is called " + w)
	}
	return int64(v)
}

func (a *assembler) float(bits int) float64 {
	v, err := strconv.ParseFloat(a.word(), bits)
	if err != nil {
		panic("BUG: " + err.Error())
	}
	return v
}
