package wasmbin

import (
	"bytes"
	"errors"
	"fmt"
	"unicode/utf8"
	"unsafe"
)

// ErrMalformed is wrapped by every error of Parse and Instructions.
var ErrMalformed = errors.New("malformed module")

// Limits of what Parse accepts: those of web browsers, except for the sum of locals, which browsers do not bound.
const (
	maxTypes        = 1_000_000
	maxFunctions    = 1_000_000
	maxImports      = 100_000
	maxExports      = 100_000
	maxGlobals      = 1_000_000
	maxSegments     = 100_000
	maxTables       = 100_000
	maxMemories     = 1
	maxParams       = 1_000
	maxResults      = 1_000
	maxLocals       = 50_000
	maxLocalsSum    = 10_000_000
	maxElements     = 10_000_000
	maxBody         = 7_654_321
	maxName         = 100_000
	maxMemoryPages  = 65_536
	maxCustoms      = 10_000
	maxConstantExpr = 1_000
)

// Section ids.
const (
	sectionCustom    = 0
	sectionType      = 1
	sectionImport    = 2
	sectionFunction  = 3
	sectionTable     = 4
	sectionMemory    = 5
	sectionGlobal    = 6
	sectionExport    = 7
	sectionStart     = 8
	sectionElement   = 9
	sectionCode      = 10
	sectionData      = 11
	sectionDataCount = 12
)

// sectionOrder gives the place of each section; the data count stands between elements and code.
var sectionOrder = [13]int{
	sectionType: 1, sectionImport: 2, sectionFunction: 3, sectionTable: 4, sectionMemory: 5, sectionGlobal: 6,
	sectionExport: 7, sectionStart: 8, sectionElement: 9, sectionDataCount: 10, sectionCode: 11, sectionData: 12,
}

var sectionNames = [13]string{
	"custom", "type", "import", "function", "table", "memory", "global", "export", "start", "element", "code", "data", "data count",
}

var header = []byte{0, 'a', 's', 'm', 1, 0, 0, 0}

// IsModule tells whether b starts like a core WebAssembly module of version 1.
func IsModule(b []byte) bool { return bytes.HasPrefix(b, header) }

type parser struct {
	reader
	m           *Module
	localsSum   uint64
	elementsSum uint64
	tablesSum   uint64 // elements that all tables start with
}

// Parse reads a module. The result keeps views of b.
// Errors wrap ErrMalformed and name section, item and offset.
func Parse(b []byte) (*Module, error) {
	if !IsModule(b) {
		return nil, fmt.Errorf("%w: no WebAssembly version 1 header", ErrMalformed)
	}
	p := &parser{reader: reader{data: b, pos: len(header)}, m: &Module{}}
	last := 0
	for p.left() > 0 {
		start := p.pos
		id, err := p.byte()
		if err != nil {
			return nil, malformed(start, "section id", err)
		}
		size, err := p.u32()
		if err != nil {
			return nil, malformed(start, "section size", err)
		}
		if int(id) >= len(sectionNames) {
			return nil, malformed(start, "section", fmt.Errorf("unknown id %d", id))
		}
		at := p.pos
		contents, err := p.bytes(size)
		if err != nil {
			return nil, malformed(start, sectionNames[id]+" section", fmt.Errorf("claims %d bytes, %d are left", size, p.left()))
		}
		if id != sectionCustom {
			if sectionOrder[id] <= last {
				return nil, malformed(start, sectionNames[id]+" section", errors.New("repeated or out of order"))
			}
			last = sectionOrder[id]
		}
		// A section is read by a reader of its own, so that no item can reach beyond it.
		outer := p.reader
		p.reader = reader{data: contents}
		err = p.section(id)
		if err == nil && p.left() != 0 {
			err = fmt.Errorf("%d bytes too many", p.left())
		}
		if err != nil {
			return nil, malformed(at+p.pos, sectionNames[id]+" section", err)
		}
		p.reader = outer
	}
	if len(p.m.Functions) != len(p.m.Code) {
		return nil, fmt.Errorf("%w: %d functions are declared, %d have a body", ErrMalformed, len(p.m.Functions), len(p.m.Code))
	}
	if p.m.DataCount != nil && uint64(*p.m.DataCount) != uint64(len(p.m.Data)) {
		return nil, fmt.Errorf("%w: %d data segments are announced, got %d", ErrMalformed, *p.m.DataCount, len(p.m.Data))
	}
	if err := p.m.check(); err != nil {
		return nil, fmt.Errorf("%w: %v", ErrMalformed, err)
	}
	return p.m, nil
}

func malformed(offset int, what string, err error) error {
	return fmt.Errorf("%w: %s, offset %d: %v", ErrMalformed, what, offset, err)
}

// check tests indices that the rest of this package and its callers rely on.
func (m *Module) check() error {
	functions := uint64(m.Imported(KindFunction)) + uint64(len(m.Functions))
	spaces := [4]uint64{
		KindFunction: functions,
		KindTable:    uint64(m.Imported(KindTable)) + uint64(len(m.Tables)),
		KindMemory:   uint64(m.Imported(KindMemory)) + uint64(len(m.Memories)),
		KindGlobal:   uint64(m.Imported(KindGlobal)) + uint64(len(m.Globals)),
	}
	if spaces[KindMemory] > maxMemories {
		return fmt.Errorf("%d memories, at most %d", spaces[KindMemory], maxMemories)
	}
	for i := range m.Imports {
		if m.Imports[i].Kind == KindFunction && uint64(m.Imports[i].Function) >= uint64(len(m.Types)) {
			return fmt.Errorf("import %d has type %d of %d", i, m.Imports[i].Function, len(m.Types))
		}
	}
	for i, t := range m.Functions {
		if uint64(t) >= uint64(len(m.Types)) {
			return fmt.Errorf("function %d has type %d of %d", i, t, len(m.Types))
		}
	}
	names := make(map[string]struct{}, len(m.Exports))
	for _, e := range m.Exports {
		if uint64(e.Index) >= spaces[e.Kind] {
			return fmt.Errorf("export %q names %s %d of %d", e.Name, e.Kind, e.Index, spaces[e.Kind])
		}
		if _, ok := names[e.Name]; ok {
			return fmt.Errorf("export %q is repeated", e.Name)
		}
		names[e.Name] = struct{}{}
	}
	if m.Start != nil && uint64(*m.Start) >= functions {
		return fmt.Errorf("start function %d of %d", *m.Start, functions)
	}
	return nil
}

// count reads the length of a vector whose items take at least size bytes each.
func (p *parser) count(size int, limit uint32) (int, error) {
	n, err := p.u32()
	if err != nil {
		return 0, fmt.Errorf("count: %w", err)
	}
	if n > limit {
		return 0, fmt.Errorf("%d items, at most %d", n, limit)
	}
	if uint64(n)*uint64(size) > uint64(p.left()) {
		return 0, fmt.Errorf("%d items claimed, %d bytes are left", n, p.left())
	}
	return int(n), nil
}

// items reads a vector item by item.
func (p *parser) items(size int, limit uint32, item func(i int) error) error {
	n, err := p.count(size, limit)
	if err != nil {
		return err
	}
	for i := range n {
		if err := item(i); err != nil {
			return fmt.Errorf("item %d: %w", i, err)
		}
	}
	return nil
}

func (p *parser) section(id byte) error {
	m := p.m
	switch id {
	case sectionCustom:
		if len(m.Customs) == maxCustoms {
			return fmt.Errorf("more than %d of them", maxCustoms)
		}
		name, err := p.name()
		if err != nil {
			return err
		}
		rest, err := p.bytes(uint32(p.left()))
		if err != nil {
			return err
		}
		m.Customs = append(m.Customs, Custom{Name: name, Data: rest})
		return nil
	case sectionType:
		return p.items(3, maxTypes, func(int) error {
			form, err := p.byte()
			if err != nil {
				return err
			}
			if form != 0x60 {
				return fmt.Errorf("type form 0x%02x is not a function", form)
			}
			var t FuncType
			if t.Params, err = p.valueTypes(maxParams); err != nil {
				return fmt.Errorf("parameters: %w", err)
			}
			if t.Results, err = p.valueTypes(maxResults); err != nil {
				return fmt.Errorf("results: %w", err)
			}
			m.Types = append(m.Types, t)
			return nil
		})
	case sectionImport:
		return p.items(4, maxImports, func(int) error {
			i, err := p.importItem()
			m.Imports = append(m.Imports, i)
			return err
		})
	case sectionFunction:
		n, err := p.count(1, maxFunctions)
		if err != nil {
			return err
		}
		m.Functions = make([]uint32, n)
		for i := range m.Functions {
			if m.Functions[i], err = p.u32(); err != nil {
				return fmt.Errorf("item %d: %w", i, err)
			}
		}
		return nil
	case sectionTable:
		return p.items(3, maxTables, func(int) error {
			t, err := p.table()
			m.Tables = append(m.Tables, t)
			return err
		})
	case sectionMemory:
		return p.items(2, maxMemories, func(int) error {
			l, err := p.memory()
			m.Memories = append(m.Memories, l)
			return err
		})
	case sectionGlobal:
		return p.items(4, maxGlobals, func(int) error {
			var g Global
			var err error
			if g.Type, err = p.globalType(); err != nil {
				return err
			}
			if g.Init, err = p.constant(); err != nil {
				return err
			}
			m.Globals = append(m.Globals, g)
			return nil
		})
	case sectionExport:
		return p.items(3, maxExports, func(int) error {
			name, err := p.name()
			if err != nil {
				return err
			}
			kind, err := p.byte()
			if err != nil {
				return err
			}
			if kind > byte(KindGlobal) {
				return fmt.Errorf("export %q: unknown kind %d", name, kind)
			}
			index, err := p.u32()
			m.Exports = append(m.Exports, Export{Name: name, Kind: Kind(kind), Index: index})
			return err
		})
	case sectionStart:
		index, err := p.u32()
		m.Start = &index
		return err
	case sectionElement:
		return p.items(2, maxSegments, func(int) error {
			e, err := p.element()
			m.Elements = append(m.Elements, e)
			return err
		})
	case sectionDataCount:
		n, err := p.u32()
		m.DataCount = &n
		return err
	case sectionCode:
		n, err := p.count(2, maxFunctions)
		if err != nil {
			return err
		}
		m.Code = make([]Code, n)
		for i := range m.Code {
			if err := p.code(&m.Code[i]); err != nil {
				return fmt.Errorf("item %d: %w", i, err)
			}
		}
		return nil
	default: // sectionData
		return p.items(2, maxSegments, func(int) error {
			d, err := p.dataSegment()
			m.Data = append(m.Data, d)
			return err
		})
	}
}

func (p *parser) name() (string, error) {
	n, err := p.u32()
	if err != nil {
		return "", fmt.Errorf("name: %w", err)
	}
	if n > maxName {
		return "", fmt.Errorf("name of %d bytes, at most %d", n, maxName)
	}
	b, err := p.bytes(n)
	if err != nil {
		return "", fmt.Errorf("name of %d bytes: %w", n, err)
	}
	if !utf8.Valid(b) {
		return "", errors.New("name is not UTF-8")
	}
	return string(b), nil
}

func (p *parser) valueType() (ValueType, error) {
	b, err := p.byte()
	if err != nil {
		return 0, err
	}
	switch t := ValueType(b); t {
	case I32, I64, F32, F64, V128, FuncRef, ExternRef:
		return t, nil
	}
	return 0, fmt.Errorf("unknown value type 0x%02x", b)
}

func (p *parser) valueTypes(limit uint32) ([]ValueType, error) {
	n, err := p.count(1, limit)
	if err != nil {
		return nil, err
	}
	types := asTypes(p.data[p.pos : p.pos+n : p.pos+n])
	for range n {
		if _, err := p.valueType(); err != nil {
			return nil, err
		}
	}
	return types, nil
}

func (p *parser) limits(bound uint32) (l Limits, err error) {
	flags, err := p.byte()
	if err != nil {
		return l, err
	}
	if flags > 3 {
		return l, fmt.Errorf("unknown limit flags 0x%02x", flags)
	}
	l.HasMax, l.Shared = flags&1 != 0, flags&2 != 0
	if l.Min, err = p.u32(); err != nil {
		return l, err
	}
	if l.HasMax {
		if l.Max, err = p.u32(); err != nil {
			return l, err
		}
		if l.Max < l.Min {
			return l, fmt.Errorf("minimum %d is above maximum %d", l.Min, l.Max)
		}
	}
	if l.Min > bound || l.HasMax && l.Max > bound {
		return l, fmt.Errorf("limits of %d to %d, at most %d", l.Min, l.Max, bound)
	}
	return l, nil
}

func (p *parser) memory() (Limits, error) { return p.limits(maxMemoryPages) }

func (p *parser) table() (t Table, err error) {
	if t.Type, err = p.refType(); err != nil {
		return t, err
	}
	t.Limits, err = p.limits(^uint32(0))
	if p.tablesSum += uint64(t.Limits.Min); err == nil && p.tablesSum > maxElements {
		err = fmt.Errorf("tables of %d elements in all, at most %d", p.tablesSum, maxElements)
	}
	return t, err
}

func (p *parser) refType() (ValueType, error) {
	b, err := p.byte()
	if err != nil {
		return 0, err
	}
	if t := ValueType(b); t == FuncRef || t == ExternRef {
		return t, nil
	}
	return 0, fmt.Errorf("unknown reference type 0x%02x", b)
}

func (p *parser) globalType() (t GlobalType, err error) {
	if t.Type, err = p.valueType(); err != nil {
		return t, err
	}
	mutable, err := p.byte()
	if err != nil {
		return t, err
	}
	if mutable > 1 {
		return t, fmt.Errorf("unknown mutability 0x%02x", mutable)
	}
	t.Mutable = mutable == 1
	return t, nil
}

func (p *parser) importItem() (i Import, err error) {
	if i.Module, err = p.name(); err != nil {
		return i, err
	}
	if i.Name, err = p.name(); err != nil {
		return i, err
	}
	kind, err := p.byte()
	if err != nil {
		return i, err
	}
	i.Kind = Kind(kind)
	switch i.Kind {
	case KindFunction:
		i.Function, err = p.u32()
	case KindTable:
		i.Table, err = p.table()
	case KindMemory:
		i.Memory, err = p.memory()
	case KindGlobal:
		i.Global, err = p.globalType()
	default:
		err = fmt.Errorf("unknown kind %d", kind)
	}
	if err != nil {
		return i, fmt.Errorf("import %q.%q: %w", i.Module, i.Name, err)
	}
	return i, nil
}

// constant returns the bytes of a constant expression, its end included.
func (p *parser) constant() ([]byte, error) {
	start := p.pos
	// Constant expressions are short: the walk stops at a bound, so that it cannot run over a whole section again and again.
	it := Instructions(p.data[start:])
	for n := 0; it.Next(); n++ {
		if n == maxConstantExpr {
			return nil, fmt.Errorf("constant expression of more than %d instructions", maxConstantExpr)
		}
		if it.Depth() == 0 {
			p.pos = start + it.End()
			return p.data[start:p.pos:p.pos], nil
		}
	}
	return nil, fmt.Errorf("constant expression: %w", it.reason())
}

func (p *parser) functionIndices() ([]uint32, error) {
	n, err := p.count(1, maxElements)
	if err != nil {
		return nil, err
	}
	if p.elementsSum += uint64(n); p.elementsSum > maxElements {
		return nil, fmt.Errorf("more than %d elements in all", maxElements)
	}
	functions := make([]uint32, n)
	for i := range functions {
		if functions[i], err = p.u32(); err != nil {
			return nil, fmt.Errorf("element %d: %w", i, err)
		}
	}
	return functions, nil
}

// element reads an element segment. Bit 0 of the flags: passive or declarative; bit 1: explicit table, or declarative;
// bit 2: expressions instead of function indices.
func (p *parser) element() (e Element, err error) {
	flags, err := p.u32()
	if err != nil {
		return e, err
	}
	if flags > 7 {
		return e, fmt.Errorf("unknown element flags %d", flags)
	}
	e.Type = FuncRef
	if flags&1 == 0 {
		if flags&2 != 0 {
			if e.Table, err = p.u32(); err != nil {
				return e, err
			}
		}
		if e.Offset, err = p.constant(); err != nil {
			return e, err
		}
	} else if e.Mode = Passive; flags&2 != 0 {
		e.Mode = Declarative
	}
	if flags&3 != 0 {
		if flags&4 != 0 {
			e.Type, err = p.refType()
		} else {
			var kind byte
			if kind, err = p.byte(); err == nil && kind != 0 {
				err = fmt.Errorf("unknown element kind %d", kind)
			}
		}
		if err != nil {
			return e, err
		}
	}
	if flags&4 == 0 {
		e.Functions, err = p.functionIndices()
		return e, err
	}
	n, err := p.count(2, maxElements)
	if err != nil {
		return e, err
	}
	if p.elementsSum += uint64(n); p.elementsSum > maxElements {
		return e, fmt.Errorf("more than %d elements in all", maxElements)
	}
	e.Exprs = make([][]byte, n)
	for i := range e.Exprs {
		if e.Exprs[i], err = p.constant(); err != nil {
			return e, fmt.Errorf("element %d: %w", i, err)
		}
	}
	return e, nil
}

func (p *parser) dataSegment() (d Data, err error) {
	flags, err := p.u32()
	if err != nil {
		return d, err
	}
	switch flags {
	case 0, 2:
		if flags == 2 {
			if d.Memory, err = p.u32(); err != nil {
				return d, err
			}
		}
		if d.Offset, err = p.constant(); err != nil {
			return d, err
		}
	case 1:
		d.Mode = Passive
	default:
		return d, fmt.Errorf("unknown data flags %d", flags)
	}
	n, err := p.u32()
	if err != nil {
		return d, err
	}
	d.Bytes, err = p.bytes(n)
	return d, err
}

func (p *parser) code(c *Code) error {
	size, err := p.u32()
	if err != nil {
		return err
	}
	if size > maxBody {
		return fmt.Errorf("body of %d bytes, at most %d", size, maxBody)
	}
	body, err := p.bytes(size)
	if err != nil {
		return fmt.Errorf("body of %d bytes: %w", size, err)
	}
	b := reader{data: body}
	runs, err := b.u32()
	if err != nil {
		return err
	}
	if uint64(runs)*2 > uint64(b.left()) {
		return fmt.Errorf("%d runs of locals claimed, %d bytes are left", runs, b.left())
	}
	var sum uint64
	bp := parser{reader: b}
	for range runs {
		n, err := bp.u32()
		if err != nil {
			return err
		}
		t, err := bp.valueType()
		if err != nil {
			return err
		}
		if sum += uint64(n); sum > maxLocals {
			return fmt.Errorf("more than %d locals", maxLocals)
		}
		c.Locals = append(c.Locals, Locals{Count: n, Type: t})
	}
	if p.localsSum += sum; p.localsSum > maxLocalsSum {
		return fmt.Errorf("more than %d locals in all functions", maxLocalsSum)
	}
	c.Body = body[bp.pos:]
	return nil
}

// asTypes and asBytes view value types as the bytes they are, so that types need no copy.
func asTypes(b []byte) []ValueType {
	return unsafe.Slice((*ValueType)(unsafe.SliceData(b)), len(b))
}

func asBytes(t []ValueType) []byte {
	return unsafe.Slice((*byte)(unsafe.SliceData(t)), len(t))
}
