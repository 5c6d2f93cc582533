package wasmbin

import (
	"errors"
	"fmt"
)

// Opcode is an instruction: its byte, or prefix<<16 | number for those behind a prefix byte.
type Opcode uint32

// Instructions that this package and its callers ask for by name.
const (
	OpUnreachable  Opcode = 0x00
	OpNop          Opcode = 0x01
	OpBlock        Opcode = 0x02
	OpLoop         Opcode = 0x03
	OpIf           Opcode = 0x04
	OpElse         Opcode = 0x05
	OpEnd          Opcode = 0x0b
	OpBr           Opcode = 0x0c
	OpBrIf         Opcode = 0x0d
	OpBrTable      Opcode = 0x0e
	OpReturn       Opcode = 0x0f
	OpCall         Opcode = 0x10
	OpCallIndirect Opcode = 0x11
	OpDrop         Opcode = 0x1a
	OpSelect       Opcode = 0x1b
	OpSelectTyped  Opcode = 0x1c
	OpLocalGet     Opcode = 0x20
	OpLocalSet     Opcode = 0x21
	OpLocalTee     Opcode = 0x22
	OpGlobalGet    Opcode = 0x23
	OpGlobalSet    Opcode = 0x24
	OpTableGet     Opcode = 0x25
	OpTableSet     Opcode = 0x26
	OpMemorySize   Opcode = 0x3f
	OpMemoryGrow   Opcode = 0x40
	OpI32Const     Opcode = 0x41
	OpI64Const     Opcode = 0x42
	OpF32Const     Opcode = 0x43
	OpF64Const     Opcode = 0x44
	OpI32LtS       Opcode = 0x48
	OpI32Add       Opcode = 0x6a
	OpI32Sub       Opcode = 0x6b
	OpI32ShrU      Opcode = 0x76
	OpRefNull      Opcode = 0xd0
	OpRefIsNull    Opcode = 0xd1
	OpRefFunc      Opcode = 0xd2

	opReturnCall         Opcode = 0x12
	opReturnCallIndirect Opcode = 0x13

	OpMemoryInit Opcode = prefixMisc<<16 | 8
	OpDataDrop   Opcode = prefixMisc<<16 | 9
	OpMemoryCopy Opcode = prefixMisc<<16 | 10
	OpMemoryFill Opcode = prefixMisc<<16 | 11
	OpTableInit  Opcode = prefixMisc<<16 | 12
	OpElemDrop   Opcode = prefixMisc<<16 | 13
	OpTableCopy  Opcode = prefixMisc<<16 | 14
	OpTableGrow  Opcode = prefixMisc<<16 | 15
	OpTableSize  Opcode = prefixMisc<<16 | 16
	OpTableFill  Opcode = prefixMisc<<16 | 17
)

const (
	prefixMisc    = 0xfc
	prefixVector  = 0xfd
	prefixThreads = 0xfe
)

// maxDepth bounds how deep blocks nest in one body.
const maxDepth = 50_000

// Iterator walks over the instructions of a function body or constant expression.
type Iterator struct {
	r          reader
	op         Opcode
	start      int
	index      uint32
	labelCount uint32 // of br_table
	block      int64  // block type: the index of a function type where it is not negative
	depth      int
	err        error
}

// Instructions returns an iterator before the first instruction of body. It ends behind the end opcode that closes the body;
// what follows that, if anything, is not read.
func Instructions(body []byte) Iterator {
	return Iterator{r: reader{data: body}, depth: 1}
}

// Next moves to the next instruction; false behind the last or at an error.
func (it *Iterator) Next() bool {
	if it.err != nil || it.depth == 0 {
		return false
	}
	it.start = it.r.pos
	if err := it.read(); err != nil {
		it.err = fmt.Errorf("%w: instruction at %d: %v", ErrMalformed, it.start, err)
		return false
	}
	return true
}

// Op returns the instruction.
func (it *Iterator) Op() Opcode { return it.op }

// Index returns the index that the instruction names first: the function of call and ref.func, the type of call_indirect,
// the local, global or table of get and set, the segment of init and drop; the memory of memory.size and grow; 0 for others.
func (it *Iterator) Index() uint32 { return it.index }

// Labels returns the labels of br_table, the default last; nil for others.
func (it *Iterator) Labels() []uint32 {
	if it.op != OpBrTable {
		return nil
	}
	r := reader{data: it.Bytes(), pos: 1}
	n, err := r.u32()
	labels := make([]uint32, 0, it.labelCount+1)
	for range uint64(n) + 1 {
		var label uint32
		if err == nil {
			label, err = r.u32()
		}
		labels = append(labels, label)
	}
	if err != nil {
		panic("BUG: an immediate that was read cannot be read again: " + err.Error())
	}
	return labels
}

// BlockType returns the function type of block, loop and if, where they name one by its index.
func (it *Iterator) BlockType() (index uint32, ok bool) {
	if it.op != OpBlock && it.op != OpLoop && it.op != OpIf || it.block < 0 {
		return 0, false
	}
	return uint32(it.block), true
}

// Bytes returns the instruction with its immediates.
func (it *Iterator) Bytes() []byte { return it.r.data[it.start:it.r.pos] }

// AppendShortest appends the instruction with every integer in its immediates in its shortest form.
func (it *Iterator) AppendShortest(b []byte) []byte {
	r := reader{data: it.Bytes()}
	switch op := it.op; {
	case op == OpI32Const || op == OpI64Const || op == OpBlock || op == OpLoop || op == OpIf:
		r.pos = 1
		v, err := r.s64(64)
		if err != nil {
			panic("BUG: an immediate that was read cannot be read again: " + err.Error())
		}
		return AppendS64(append(b, byte(op)), v)
	case op == OpBr || op == OpBrIf || op == OpBrTable || op == OpCall || op == OpCallIndirect || op >= 0x20 && op <= 0x40:
		r.pos = 1
		b = append(b, byte(op))
		for r.left() > 0 {
			v, err := r.u32()
			if err != nil {
				panic("BUG: an immediate that was read cannot be read again: " + err.Error())
			}
			b = AppendU32(b, v)
		}
		return b
	}
	return append(b, it.Bytes()...)
}

// End returns the offset behind the instruction.
func (it *Iterator) End() int { return it.r.pos }

// Depth returns how many blocks are open behind the instruction, the body itself included; 0 behind the last.
func (it *Iterator) Depth() int { return it.depth }

// Err returns what stopped the walk before the end of the body; nil when it got there. It wraps ErrMalformed.
func (it *Iterator) Err() error { return it.err }

func (it *Iterator) reason() error {
	if it.err != nil {
		return it.err
	}
	return errShort
}

func (it *Iterator) read() error {
	b, err := it.r.byte()
	if err != nil {
		return err
	}
	it.op, it.index = Opcode(b), 0
	switch b {
	case prefixMisc, prefixVector, prefixThreads:
		n, err := it.r.u32()
		if err != nil {
			return err
		}
		if n > 0xffff {
			return fmt.Errorf("unknown instruction 0x%02x %d", b, n)
		}
		it.op = Opcode(b)<<16 | Opcode(n)
	}
	switch op := it.op; {
	case op == OpBlock || op == OpLoop || op == OpIf:
		if it.depth == maxDepth {
			return fmt.Errorf("blocks nest deeper than %d", maxDepth)
		}
		it.depth++
		it.block, err = it.r.s64(33) // a value type, empty, or the index of a function type
	case op == OpEnd:
		it.depth--
	case op == OpBr || op == OpBrIf || op == OpLocalGet || op == OpLocalSet || op == OpLocalTee || op == OpGlobalGet ||
		op == OpGlobalSet || op == OpTableGet || op == OpTableSet || op == OpCall || op == OpRefFunc || op == OpMemorySize ||
		op == OpMemoryGrow || op == OpDataDrop || op == OpElemDrop || op == OpMemoryFill || op == OpTableGrow ||
		op == OpTableSize || op == OpTableFill || op == opReturnCall:
		it.index, err = it.r.u32()
	case op == OpCallIndirect || op == opReturnCallIndirect || op == OpMemoryInit || op == OpMemoryCopy || op == OpTableInit || op == OpTableCopy:
		if it.index, err = it.r.u32(); err == nil {
			_, err = it.r.u32()
		}
	case op == OpBrTable:
		err = it.labels()
	case op == OpSelectTyped:
		var n uint32
		if n, err = it.r.u32(); err == nil {
			_, err = it.r.bytes(n)
		}
	case op >= 0x28 && op <= 0x3e:
		err = it.memArg()
	case op == OpI32Const:
		_, err = it.r.s64(32)
	case op == OpI64Const:
		_, err = it.r.s64(64)
	case op == OpF32Const:
		_, err = it.r.bytes(4)
	case op == OpF64Const:
		_, err = it.r.bytes(8)
	case op == OpRefNull:
		_, err = it.r.byte()
	case op == OpUnreachable || op == OpNop || op == OpElse || op == OpReturn || op == OpDrop || op == OpSelect ||
		op == OpRefIsNull || op >= 0x45 && op <= 0xc4:
	case op>>16 == prefixMisc && op&0xffff <= 7:
	case op>>16 == prefixVector:
		err = it.vector(uint32(op & 0xffff))
	case op>>16 == prefixThreads && op&0xffff == 3:
		_, err = it.r.byte() // atomic.fence
	case op>>16 == prefixThreads && op&0xffff <= 0x4e:
		err = it.memArg()
	default:
		if op > 0xff {
			return fmt.Errorf("unknown instruction 0x%02x %d", b, op&0xffff)
		}
		return fmt.Errorf("unknown instruction 0x%02x", b)
	}
	return err
}

func (it *Iterator) labels() error {
	n, err := it.r.u32()
	if err != nil {
		return err
	}
	if uint64(n) >= uint64(it.r.left()) {
		return fmt.Errorf("%d labels claimed, %d bytes are left", n, it.r.left())
	}
	it.labelCount = n
	for range uint64(n) + 1 {
		if _, err := it.r.u32(); err != nil {
			return err
		}
	}
	return nil
}

func (it *Iterator) memArg() error {
	align, err := it.r.u32()
	if err != nil {
		return err
	}
	if align >= 32 {
		return errors.New("alignment out of range")
	}
	_, err = it.r.u32()
	return err
}

// vector reads the immediates of a 128-bit vector instruction.
func (it *Iterator) vector(n uint32) error {
	var err error
	switch {
	case n <= 11 || n == 92 || n == 93: // loads and stores
		return it.memArg()
	case n == 12 || n == 13: // v128.const, i8x16.shuffle
		_, err = it.r.bytes(16)
	case n >= 21 && n <= 34: // lanes
		_, err = it.r.byte()
	case n >= 84 && n <= 91: // loads and stores of a lane
		if err = it.memArg(); err == nil {
			_, err = it.r.byte()
		}
	case n > 275:
		return fmt.Errorf("unknown vector instruction %d", n)
	}
	return err
}

// ConstI32 returns the value of a constant expression that is one i32.const.
func ConstI32(expr []byte) (uint32, bool) {
	if len(expr) == 0 || Opcode(expr[0]) != OpI32Const {
		return 0, false
	}
	r := reader{data: expr, pos: 1}
	v, err := r.s64(32)
	if err != nil || r.left() != 1 || Opcode(expr[r.pos]) != OpEnd {
		return 0, false
	}
	return uint32(v), true
}
