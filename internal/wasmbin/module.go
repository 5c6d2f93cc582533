package wasmbin

// ValueType is the type of a value, as the binary format numbers it.
type ValueType byte

// Value types.
const (
	I32       ValueType = 0x7f
	I64       ValueType = 0x7e
	F32       ValueType = 0x7d
	F64       ValueType = 0x7c
	V128      ValueType = 0x7b
	FuncRef   ValueType = 0x70
	ExternRef ValueType = 0x6f
)

// Kind says what an import or export is.
type Kind byte

// Kinds of imports and exports.
const (
	KindFunction Kind = 0
	KindTable    Kind = 1
	KindMemory   Kind = 2
	KindGlobal   Kind = 3
)

// String returns the keyword of the text format.
func (k Kind) String() string {
	switch k {
	case KindFunction:
		return "func"
	case KindTable:
		return "table"
	case KindMemory:
		return "memory"
	case KindGlobal:
		return "global"
	}
	return "unknown"
}

// FuncType is the type of a function.
type FuncType struct {
	Params, Results []ValueType
}

// Equal tells whether two function types are the same.
func (t FuncType) Equal(u FuncType) bool {
	return string(asBytes(t.Params)) == string(asBytes(u.Params)) && string(asBytes(t.Results)) == string(asBytes(u.Results))
}

// Limits are the size bounds of a memory (in pages of 64 KiB) or of a table (in elements).
type Limits struct {
	Min    uint32
	Max    uint32 // only where HasMax
	HasMax bool
	Shared bool // a memory of the threads proposal
}

// Table is the type of a table.
type Table struct {
	Type   ValueType
	Limits Limits
}

// GlobalType is the type of a global.
type GlobalType struct {
	Type    ValueType
	Mutable bool
}

// Import is one import. Of the last four fields the one that Kind names is set.
type Import struct {
	Module, Name string
	Kind         Kind
	Function     uint32 // index into Types
	Table        Table
	Memory       Limits
	Global       GlobalType
}

// Global is a global of the module. Init is a constant expression with its end opcode.
type Global struct {
	Type GlobalType
	Init []byte
}

// Export is one export: Index counts imports first, then definitions, in the index space of Kind.
type Export struct {
	Name  string
	Kind  Kind
	Index uint32
}

// SegmentMode says when a segment is copied to its place.
type SegmentMode byte

// Modes of element and data segments. Data segments are never declarative.
const (
	Active SegmentMode = iota
	Passive
	Declarative
)

// Element is an element segment. Items are function indices, or, where Exprs is not nil, constant expressions.
type Element struct {
	Mode      SegmentMode
	Table     uint32 // Active only
	Offset    []byte // Active only: constant expression
	Type      ValueType
	Functions []uint32
	Exprs     [][]byte
}

// Data is a data segment.
type Data struct {
	Mode   SegmentMode
	Memory uint32 // Active only
	Offset []byte // Active only: constant expression
	Bytes  []byte
}

// Locals is a run of local variables of one type.
type Locals struct {
	Count uint32
	Type  ValueType
}

// Code is the body of a function: its locals besides the parameters, and an expression with its end opcode.
type Code struct {
	Locals []Locals
	Body   []byte
}

// Custom is a custom section.
type Custom struct {
	Name string
	Data []byte
}

// Module is a WebAssembly module.
type Module struct {
	Types     []FuncType
	Imports   []Import
	Functions []uint32 // type of each function that Code defines
	Tables    []Table
	Memories  []Limits
	Globals   []Global
	Exports   []Export
	Start     *uint32
	Elements  []Element
	DataCount *uint32
	Code      []Code
	Data      []Data
	Customs   []Custom
}

// Custom returns the contents of the first custom section of that name.
func (m *Module) Custom(name string) ([]byte, bool) {
	for i := range m.Customs {
		if m.Customs[i].Name == name {
			return m.Customs[i].Data, true
		}
	}
	return nil, false
}

// SetCustom replaces the contents of the first custom section of that name, or adds one.
func (m *Module) SetCustom(name string, data []byte) {
	for i := range m.Customs {
		if m.Customs[i].Name == name {
			m.Customs[i].Data = data
			return
		}
	}
	m.Customs = append(m.Customs, Custom{name, data})
}

// Export returns the export of that name.
func (m *Module) Export(name string) (Export, bool) {
	for i := range m.Exports {
		if m.Exports[i].Name == name {
			return m.Exports[i], true
		}
	}
	return Export{}, false
}

// Imported returns how many imports are of kind.
func (m *Module) Imported(kind Kind) uint32 {
	var n uint32
	for i := range m.Imports {
		if m.Imports[i].Kind == kind {
			n++
		}
	}
	return n
}

// FunctionTypes returns the index in Types of every function, imports first.
func (m *Module) FunctionTypes() []uint32 {
	var types []uint32
	for i := range m.Imports {
		if m.Imports[i].Kind == KindFunction {
			types = append(types, m.Imports[i].Function)
		}
	}
	return append(types, m.Functions...)
}

func (m *Module) typeAt(index uint32) (FuncType, bool) {
	if uint64(index) >= uint64(len(m.Types)) {
		return FuncType{}, false
	}
	return m.Types[index], true
}

// AddType returns the index of t in Types, which it is appended to where it is not there yet.
func (m *Module) AddType(t FuncType) uint32 {
	for i := range m.Types {
		if m.Types[i].Equal(t) {
			return uint32(i)
		}
	}
	m.Types = append(m.Types, t)
	return uint32(len(m.Types) - 1)
}
