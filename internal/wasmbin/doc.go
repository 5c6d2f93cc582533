// Package wasmbin reads, changes and writes WebAssembly modules in their binary form.
//
// Think of a module as a table of lists: types, imports, functions, tables, memories, globals, exports, segments, bodies.
// Parse turns bytes into that table, Encode turns the table back into bytes. In between a program may add an export,
// turn an imported memory into an own one, renumber functions, or look at what the code uses. Function bodies and constant
// expressions stay bytes; Instructions walks over them one instruction at a time, and is what Use and Meter are made of.
//
// Rules:
//
//   - Parse takes any bytes. It never panics, and what it allocates is bounded by a constant and a small multiple of the input:
//     a count is checked against what is left of its section before anything is made of it, and against the limits below, which
//     are those that web browsers agreed on (WebAssembly JavaScript interface, appendix "implementation limits").
//   - Parse checks structure, not types: whether a body is well typed is left to the engine that compiles it.
//   - Use says whether compiling the module could take very long (TooComplex): compilers are quadratic in the branches of a body, so some
//     ten kilobytes suffice. The bounds leave real modules room, those of Go's own compiler included.
//   - The byte slices of a Module are views of the input. Who changes them changes the input.
//   - Encode writes sections in the order of the specification, every integer in its shortest form, and custom sections last.
//     So Encode(Parse(b)) is the same module, and not always the same bytes; encoding twice gives the same bytes.
//
// What it does not do: validation, the text format, the component model, and the garbage collection proposal, whose types and
// instructions are refused as unknown.
//
// Specification: WebAssembly Core 2.0, chapter 5 "Binary format". A module with one function that returns 7:
//
//	m := &wasmbin.Module{
//		Types:     []wasmbin.FuncType{{Results: []wasmbin.ValueType{wasmbin.I32}}},
//		Functions: []uint32{0},
//		Code:      []wasmbin.Code{{Body: []byte{0x41, 7, 0x0b}}},
//		Exports:   []wasmbin.Export{{Name: "seven", Kind: wasmbin.KindFunction, Index: 0}},
//	}
//	binary := m.Encode()
package wasmbin
