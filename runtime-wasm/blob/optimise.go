package blob

import (
	"slices"

	"github.com/gotensor/gotensor/internal/wasmbin"
)

// Go's WebAssembly has to let a goroutine be left in the middle of a call and be resumed there: stacks grow and goroutines switch that way. So each function
// is a switch in a loop, by the place to go to, and every jump goes round through the switch, the loops of the program among them; engines that do not see
// through it pass every local variable through there. The stack pointer is a global, so that every call waits for the memory that holds it, three times.
//
// Two things are done about it, neither of which changes what a program computes, or its memory:
//
//   - Jumps forward go straight to where they lead (thread).
//   - A function with a loop gets a second body, which cannot be resumed: loops are loops, and the stack pointer is a parameter. Direct calls from one such body to
//     another stay among them. The first body stays in the table, where all others find it. Called at its beginning it calls the second; called
//     to be resumed it goes on itself, because both have the same frames on the stack in memory.
//
// A second body that finds its callee unwinding returns that, like the first, and is resumed as the first. Where a call returns otherwise, the stack has not
// moved, since moving it unwinds; so its caller still knows the stack pointer.

// goType is the type of Go functions: where to go on, 0 for the beginning, gives whether the stack is being unwound. Second bodies have the same type, and take
// the stack pointer.
var goType = wasmbin.FuncType{Params: []wasmbin.ValueType{wasmbin.I32}, Results: []wasmbin.ValueType{wasmbin.I32}}

// What Go's linker makes of its registers.
const (
	globalSP = 0
	localPC  = 0 // the parameter
	localSP  = 1
)

// optimise adds second bodies, behind the others. It returns the function that each belongs to, in their order.
func optimise(m *wasmbin.Module) []uint32 {
	if len(m.Globals) <= globalSP || m.Globals[globalSP].Type != (wasmbin.GlobalType{Type: wasmbin.I32, Mutable: true}) {
		return nil
	}
	imported := m.Imported(wasmbin.KindFunction)
	var first []uint32
	var structured [][]byte
	second := make(map[uint32]uint32)
	for i := range m.Code {
		c := &m.Code[i]
		if !m.Types[m.Functions[i]].Equal(goType) || len(c.Locals) == 0 || c.Locals[0].Type != wasmbin.I32 {
			continue
		}
		f, ok := readFlow(c.Body)
		if !ok {
			continue
		}
		c.Body = f.thread()
		o, ok := f.sort()
		if !ok || !o.back {
			continue
		}
		body := f.structure(&o)
		if _, ok := passSP(body, nil); !ok {
			continue
		}
		second[imported+uint32(i)] = imported + uint32(len(m.Code)+len(first))
		first = append(first, imported+uint32(i))
		structured = append(structured, body)
	}
	for i, index := range first {
		c := &m.Code[index-imported]
		body, _ := passSP(structured[i], second)
		m.Functions = append(m.Functions, m.Functions[index-imported])
		m.Code = append(m.Code, wasmbin.Code{Locals: c.Locals, Body: body})
	}
	for _, index := range first {
		c := &m.Code[index-imported]
		c.Body = append(begin(second[index]), c.Body...)
	}
	return first
}

// begin is what a first body does when it is called at its beginning: it calls the second, and then pops the return address, as the second does
// not write the global.
func begin(second uint32) []byte {
	b := []byte{
		byte(wasmbin.OpLocalGet), localPC, opI32Eqz, byte(wasmbin.OpIf), blockVoid,
		byte(wasmbin.OpGlobalGet), globalSP, byte(wasmbin.OpLocalTee), localSP, byte(wasmbin.OpCall),
	}
	b = wasmbin.AppendU32(b, second)
	return append(b,
		byte(wasmbin.OpIf), blockVoid, byte(wasmbin.OpI32Const), 1, byte(wasmbin.OpReturn), byte(wasmbin.OpEnd),
		byte(wasmbin.OpLocalGet), localSP, byte(wasmbin.OpI32Const), 8, byte(wasmbin.OpI32Add), byte(wasmbin.OpGlobalSet), globalSP,
		byte(wasmbin.OpI32Const), 0, byte(wasmbin.OpReturn), byte(wasmbin.OpEnd))
}

const opI32Eqz = 0x45

// passSP rewrites a body so that the stack pointer is its parameter and stays in a local. Around calls of functions that second does not have, the
// global has it. ok is false where the body does anything else with it than code of Go's compiler does: such functions switch stacks.
func passSP(body []byte, second map[uint32]uint32) (out []byte, ok bool) {
	list := instructions(body)
	is := func(i int, op wasmbin.Opcode, index uint32) bool {
		return i >= 0 && i < len(list) && list[i].op == op && list[i].index == index
	}
	out = make([]byte, 0, len(body))
	inside := false // the last call was of a second body
	for i := 0; i < len(list); i++ {
		in := &list[i]
		switch {
		case is(i, wasmbin.OpGlobalGet, globalSP):
			// The prologue, or the one that follows a call.
			if !is(i+1, wasmbin.OpLocalSet, localSP) || i > 0 && list[i-1].op != wasmbin.OpCall && list[i-1].op != wasmbin.OpCallIndirect {
				return nil, false
			}
			switch {
			case i == 0:
				out = append(out, byte(wasmbin.OpLocalGet), localPC, byte(wasmbin.OpLocalSet), localSP)
			case inside: // the callee popped the return address
				out = append(out, byte(wasmbin.OpLocalGet), localSP, byte(wasmbin.OpI32Const), 8, byte(wasmbin.OpI32Add), byte(wasmbin.OpLocalSet), localSP)
			default:
				out = append(out, byte(wasmbin.OpGlobalGet), globalSP, byte(wasmbin.OpLocalSet), localSP)
			}
			i++
		case is(i, wasmbin.OpLocalTee, localSP):
			// SP += n
			if !is(i+1, wasmbin.OpGlobalSet, globalSP) || !is(i-3, wasmbin.OpLocalGet, localSP) || !is(i-2, wasmbin.OpI32Const, 0) ||
				!is(i-1, wasmbin.OpI32Add, 0) && !is(i-1, wasmbin.OpI32Sub, 0) {
				return nil, false
			}
			out = append(out, byte(wasmbin.OpLocalSet), localSP)
			i++
		case is(i, wasmbin.OpGlobalSet, globalSP), is(i, wasmbin.OpLocalSet, localSP):
			return nil, false
		case in.op == wasmbin.OpCall || in.op == wasmbin.OpCallIndirect:
			var to uint32
			to, inside = second[in.index]
			// A first body is called at its beginning.
			inside = inside && in.op == wasmbin.OpCall && i > 0 && slices.Equal(body[list[i-1].start:in.start], []byte{byte(wasmbin.OpI32Const), 0})
			if inside {
				out = append(out[:len(out)-2], byte(wasmbin.OpLocalGet), localSP, byte(wasmbin.OpCall))
				out = wasmbin.AppendU32(out, to)
				continue
			}
			out = append(out, byte(wasmbin.OpLocalGet), localSP, byte(wasmbin.OpGlobalSet), globalSP)
			out = append(out, body[in.start:in.end]...)
		default:
			out = append(out, body[in.start:in.end]...)
		}
	}
	return out, true
}
