package wasmbin

import (
	"fmt"
)

// Meter costs. The unit stands for meterUnit bytes of code, which is some 25 instructions and about ten nanoseconds.
const (
	meterUnit = 64
	// A leaf function of at most meterLeaf bytes is not metered: its caller pays for the call.
	meterLeaf = 64
	// A bulk instruction costs a unit for so many bytes of memory or elements of a table (as powers of two, elements have eight bytes), because its
	// time is in its operand.
	meterBytes    = 12
	meterElements = 9
)

// Meter makes the module call the imported function module.name, of type () → (), again and again while it runs, so that whoever offers
// that function can end the run. Every loop iteration, every call of a function that is not a small leaf, and every
// bulk instruction, by its length, takes its cost from a new global, and when interval is used up the function is called.
//
// What the module computes stays the same. Function indices behind the imports move up by one, here and in the exports; custom
// sections that name functions by index are wrong afterwards. An index in a body that names nothing is an error, so that it
// cannot come to name what is added. Errors wrap ErrMalformed; the module is then unusable.
func (m *Module) Meter(module, name string, interval uint32) error {
	imported := m.Imported(KindFunction)
	mt := meter{
		imported:  imported,
		functions: imported + uint32(len(m.Functions)),
		counter:   m.Imported(KindGlobal) + uint32(len(m.Globals)),
		refill:    imported + 1 + uint32(len(m.Functions)),
		types:     uint32(len(m.Types)),
	}
	void := m.AddType(FuncType{})
	m.Imports = append(m.Imports, Import{Module: module, Name: name, Kind: KindFunction, Function: void})

	if err := mt.moveFunctions(m); err != nil {
		return err
	}
	full := append(AppendS64([]byte{byte(OpI32Const)}, int64(int32(interval))), byte(OpEnd))
	m.Globals = append(m.Globals, Global{Type: GlobalType{I32, true}, Init: full})

	for i := range m.Code {
		t, ok := m.typeAt(m.Functions[i])
		if !ok {
			return fmt.Errorf("%w: function body %d has no type", ErrMalformed, i)
		}
		if err := mt.rewrite(&m.Code[i], len(t.Params)); err != nil {
			return fmt.Errorf("function body %d: %w", i, err)
		}
	}
	// The slow path: tell the host, fill the counter.
	body := AppendU32([]byte{byte(OpCall)}, imported)
	body = append(body, full[:len(full)-1]...)
	body = AppendU32(append(body, byte(OpGlobalSet)), mt.counter)
	m.Functions = append(m.Functions, void)
	m.Code = append(m.Code, Code{Body: append(body, byte(OpEnd))})
	return nil
}

// moveFunctions moves function indices outside of bodies.
func (mt *meter) moveFunctions(m *Module) error {
	var err error
	for i := range m.Exports {
		if x := &m.Exports[i]; x.Kind == KindFunction {
			if x.Index, err = mt.function(x.Index); err != nil {
				return err
			}
		}
	}
	if m.Start != nil {
		if *m.Start, err = mt.function(*m.Start); err != nil {
			return err
		}
	}
	for i := range m.Globals {
		if m.Globals[i].Init, err = mt.constant(m.Globals[i].Init); err != nil {
			return err
		}
	}
	for i := range m.Elements {
		e := &m.Elements[i]
		if e.Mode == Active {
			if e.Offset, err = mt.constant(e.Offset); err != nil {
				return err
			}
		}
		for j := range e.Functions {
			if e.Functions[j], err = mt.function(e.Functions[j]); err != nil {
				return err
			}
		}
		for j := range e.Exprs {
			if e.Exprs[j], err = mt.constant(e.Exprs[j]); err != nil {
				return err
			}
		}
	}
	for i := range m.Data {
		if m.Data[i].Mode == Active {
			if m.Data[i].Offset, err = mt.constant(m.Data[i].Offset); err != nil {
				return err
			}
		}
	}
	return nil
}

// function returns the new index of a function.
func (mt *meter) function(index uint32) (uint32, error) {
	if index >= mt.functions {
		return 0, fmt.Errorf("%w: function %d of %d", ErrMalformed, index, mt.functions)
	}
	if index >= mt.imported {
		index++
	}
	return index, nil
}

// constant moves the function indices of a constant expression.
func (mt *meter) constant(expr []byte) ([]byte, error) {
	out := make([]byte, 0, len(expr)+1)
	it := Instructions(expr)
	for it.Next() {
		switch it.Op() {
		case OpRefFunc:
			index, err := mt.function(it.Index())
			if err != nil {
				return nil, err
			}
			out = AppendU32(append(out, byte(OpRefFunc)), index)
		case OpGlobalGet:
			if it.Index() >= mt.counter {
				return nil, fmt.Errorf("%w: global %d of %d", ErrMalformed, it.Index(), mt.counter)
			}
			fallthrough
		default:
			out = append(out, it.Bytes()...)
		}
	}
	return out, it.Err()
}

// meter rewrites bodies.
type meter struct {
	imported  uint32 // first function index that moves
	functions uint32 // functions, globals and types that the module had: larger indices named nothing
	counter   uint32 // index of the new global, so also how many there were
	types     uint32
	refill    uint32 // index of the slow path
	local     uint32 // index of the local that the present body gets, so also how many it had
	loops     []int  // sizes of the loops of the present body, in order
	open      []int  // number of each open block that is a loop, else -1
	out       []byte
}

func (mt *meter) rewrite(c *Code, params int) error {
	calls, err := mt.survey(c.Body)
	if err != nil {
		return err
	}
	locals := uint32(params)
	for _, l := range c.Locals {
		locals += l.Count
	}
	mt.local = locals
	out := mt.out[:0]
	used := false
	if calls || len(c.Body) > meterLeaf {
		out = mt.charge(out, uint32(1+len(c.Body)/meterUnit))
		used = true
	}
	loop := 0
	it := Instructions(c.Body)
	for it.Next() {
		if err := mt.inside(&it); err != nil {
			return err
		}
		switch op := it.Op(); op {
		case OpCall, OpRefFunc, opReturnCall:
			index, err := mt.function(it.Index())
			if err != nil {
				return err
			}
			out = AppendU32(append(out, byte(op)), index)
		case OpLoop:
			out = append(out, it.Bytes()...)
			out = mt.charge(out, uint32(1+mt.loops[loop]/meterUnit))
			used = true
			loop++
		case OpMemoryCopy, OpMemoryFill, OpMemoryInit:
			out = append(mt.chargeLength(out, meterBytes), it.Bytes()...)
			used = true
		case OpTableCopy, OpTableFill, OpTableInit, OpTableGrow:
			out = append(mt.chargeLength(out, meterElements), it.Bytes()...)
			used = true
		default:
			out = append(out, it.Bytes()...)
		}
	}
	if err := it.Err(); err != nil {
		return err
	}
	mt.out = out
	c.Body = append(make([]byte, 0, len(out)), out...)
	if used {
		c.Locals = append(c.Locals[:len(c.Locals):len(c.Locals)], Locals{Count: 1, Type: I32})
	}
	return nil
}

// inside checks the indices of the index spaces that grow.
func (mt *meter) inside(it *Iterator) error {
	index, limit, what := it.Index(), uint32(0), ""
	switch it.Op() {
	case OpLocalGet, OpLocalSet, OpLocalTee:
		limit, what = mt.local, "local"
	case OpGlobalGet, OpGlobalSet:
		limit, what = mt.counter, "global"
	case OpCallIndirect, opReturnCallIndirect:
		limit, what = mt.types, "type"
	case OpBlock, OpLoop, OpIf:
		t, ok := it.BlockType()
		if !ok {
			return nil
		}
		index, limit, what = t, mt.types, "type"
	default:
		return nil
	}
	if index >= limit {
		return fmt.Errorf("%w: %s %d of %d", ErrMalformed, what, index, limit)
	}
	return nil
}

// survey notes how many bytes each loop has, and whether the body calls anything.
func (mt *meter) survey(body []byte) (calls bool, err error) {
	mt.loops, mt.open = mt.loops[:0], mt.open[:0]
	it := Instructions(body)
	for it.Next() {
		switch it.Op() {
		case OpCall, OpCallIndirect, opReturnCall, opReturnCallIndirect:
			calls = true
		case OpLoop:
			mt.open = append(mt.open, len(mt.loops))
			mt.loops = append(mt.loops, -it.End())
		case OpBlock, OpIf:
			mt.open = append(mt.open, -1)
		case OpEnd:
			if n := len(mt.open); n > 0 {
				if l := mt.open[n-1]; l >= 0 {
					mt.loops[l] += it.End()
				}
				mt.open = mt.open[:n-1]
			}
		}
	}
	return calls, it.Err()
}

// charge takes cost from the counter and calls the slow path when it is used up.
func (mt *meter) charge(b []byte, cost uint32) []byte {
	b = AppendU32(append(b, byte(OpGlobalGet)), mt.counter)
	b = AppendS64(append(b, byte(OpI32Const)), int64(cost))
	return mt.settle(b)
}

// chargeLength charges for the length on top of the stack, which stays there: one unit, and one more for each 1<<shift.
func (mt *meter) chargeLength(b []byte, shift byte) []byte {
	b = AppendU32(append(b, byte(OpLocalTee)), mt.local)
	b = AppendU32(append(b, byte(OpGlobalGet)), mt.counter)
	b = AppendU32(append(b, byte(OpLocalGet)), mt.local)
	b = append(b, byte(OpI32Const), shift, byte(OpI32ShrU), byte(OpI32Const), 1, byte(OpI32Add))
	return mt.settle(b)
}

// settle takes the cost on top of the stack from the counter below it.
func (mt *meter) settle(b []byte) []byte {
	b = AppendU32(append(b, byte(OpI32Sub), byte(OpLocalTee)), mt.local)
	b = AppendU32(append(b, byte(OpGlobalSet)), mt.counter)
	b = AppendU32(append(b, byte(OpLocalGet)), mt.local)
	b = append(b, byte(OpI32Const), 0, byte(OpI32LtS), byte(OpIf), 0x40)
	b = AppendU32(append(b, byte(OpCall)), mt.refill)
	return append(b, byte(OpEnd))
}
