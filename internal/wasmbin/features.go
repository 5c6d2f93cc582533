package wasmbin

import (
	"fmt"
	"slices"
)

// Features are the extensions of WebAssembly 1.0, by the names of their proposals.
const (
	FeatureMutableGlobals = "mutable-globals" // imported or exported mutable globals
	FeatureSignExtension  = "sign-extension"
	FeatureSaturating     = "saturating-float-to-int"
	FeatureMultiValue     = "multi-value"
	FeatureBulkMemory     = "bulk-memory"
	FeatureReferenceTypes = "reference-types"
	FeatureSIMD           = "simd"
	FeatureThreads        = "threads"
	FeatureTailCalls      = "tail-calls"
	FeatureExtendedConst  = "extended-const"
)

// Use says what a module uses.
type Use struct {
	// Features are the extensions that it needs, sorted.
	Features []string
	// ChangesTables: some instruction writes to a table or drops a segment, which is state of an instance besides memory and globals.
	ChangesTables bool
	// Instructions counts those of all bodies.
	Instructions uint64
	// TooComplex names the function and the bound where compiling the module could take very long; nil where it cannot. It wraps ErrTooComplex.
	TooComplex error
}

// Use walks over all code of the module. Errors wrap ErrMalformed.
func (m *Module) Use() (Use, error) {
	var u Use
	has := make(map[string]bool)
	for i := range m.Types {
		has[FeatureMultiValue] = has[FeatureMultiValue] || len(m.Types[i].Results) > 1
		for _, t := range append(slices.Clone(m.Types[i].Params), m.Types[i].Results...) {
			valueFeature(has, t)
		}
	}
	tables := len(m.Tables)
	for i := range m.Imports {
		switch im := &m.Imports[i]; im.Kind {
		case KindTable:
			tables++
			has[FeatureReferenceTypes] = has[FeatureReferenceTypes] || im.Table.Type != FuncRef
		case KindMemory:
			has[FeatureThreads] = has[FeatureThreads] || im.Memory.Shared
		case KindGlobal:
			has[FeatureMutableGlobals] = has[FeatureMutableGlobals] || im.Global.Mutable
		}
	}
	for i := range m.Tables {
		has[FeatureReferenceTypes] = has[FeatureReferenceTypes] || m.Tables[i].Type != FuncRef
	}
	has[FeatureReferenceTypes] = has[FeatureReferenceTypes] || tables > 1
	for i := range m.Memories {
		has[FeatureThreads] = has[FeatureThreads] || m.Memories[i].Shared
	}
	globals := m.Imported(KindGlobal)
	for i := range m.Exports {
		if x := &m.Exports[i]; x.Kind == KindGlobal && x.Index >= globals && m.Globals[x.Index-globals].Type.Mutable {
			has[FeatureMutableGlobals] = true
		}
	}
	for i := range m.Globals {
		valueFeature(has, m.Globals[i].Type.Type)
		if err := constFeature(has, m.Globals[i].Init); err != nil {
			return u, err
		}
	}
	for i := range m.Elements {
		e := &m.Elements[i]
		has[FeatureBulkMemory] = has[FeatureBulkMemory] || e.Mode != Active
		has[FeatureReferenceTypes] = has[FeatureReferenceTypes] || e.Exprs != nil || e.Mode == Declarative || e.Type != FuncRef
	}
	has[FeatureBulkMemory] = has[FeatureBulkMemory] || m.DataCount != nil
	for i := range m.Data {
		has[FeatureBulkMemory] = has[FeatureBulkMemory] || m.Data[i].Mode != Active
	}
	var c complexity
	for i := range m.Code {
		locals := uint64(len(m.Types[m.Functions[i]].Params))
		for _, l := range m.Code[i].Locals {
			valueFeature(has, l.Type)
			locals += uint64(l.Count)
		}
		before := u.Instructions
		it := Instructions(m.Code[i].Body)
		for it.Next() {
			u.Instructions++
			op := it.Op()
			if op >= OpBlock && op <= OpBrTable {
				c.instruction(&it)
			}
			if op < 0x45 && op != OpSelectTyped && op != OpTableGet && op != OpTableSet && op != OpCallIndirect &&
				op != OpBlock && op != OpLoop && op != OpIf {
				if op == opReturnCall || op == opReturnCallIndirect {
					has[FeatureTailCalls] = true
				}
				continue
			}
			if op < 0xc0 && op >= 0x45 {
				continue
			}
			switch {
			case op == OpBlock || op == OpLoop || op == OpIf:
				if _, ok := it.BlockType(); ok {
					has[FeatureMultiValue] = true
				}
			case op >= 0xc0 && op <= 0xc4:
				has[FeatureSignExtension] = true
			case op>>16 == prefixVector:
				has[FeatureSIMD] = true
			case op>>16 == prefixThreads:
				has[FeatureThreads] = true
			case op>>16 == prefixMisc && op&0xffff <= 7:
				has[FeatureSaturating] = true
			case op == OpTableGrow || op == OpTableFill:
				has[FeatureReferenceTypes] = true
				u.ChangesTables = true
			case op == OpTableSet:
				has[FeatureReferenceTypes] = true
				u.ChangesTables = true
			case op == OpTableCopy || op == OpTableInit || op == OpElemDrop || op == OpDataDrop:
				has[FeatureBulkMemory] = true
				u.ChangesTables = true
			case op>>16 == prefixMisc && op != OpTableSize:
				has[FeatureBulkMemory] = true
			case op == OpCallIndirect:
				if b := it.Bytes(); b[len(b)-1] != 0 {
					has[FeatureReferenceTypes] = true
				}
			default: // table.get, table.size, select with a type, references
				has[FeatureReferenceTypes] = true
			}
		}
		if err := it.Err(); err != nil {
			return u, fmt.Errorf("function body %d: %w", i, err)
		}
		if it.Depth() != 0 || it.End() != len(m.Code[i].Body) {
			return u, fmt.Errorf("%w: function body %d does not end where its size says", ErrMalformed, i)
		}
		c.body(i, len(m.Code[i].Body), locals, u.Instructions-before)
	}
	u.TooComplex = c.err
	for name, used := range has {
		if used {
			u.Features = append(u.Features, name)
		}
	}
	slices.Sort(u.Features)
	return u, nil
}

func valueFeature(has map[string]bool, t ValueType) {
	switch t {
	case V128:
		has[FeatureSIMD] = true
	case FuncRef, ExternRef:
		has[FeatureReferenceTypes] = true
	}
}

func constFeature(has map[string]bool, expr []byte) error {
	it := Instructions(expr)
	n := 0
	for it.Next() {
		n++
		if op := it.Op(); op == OpRefNull || op == OpRefFunc {
			has[FeatureReferenceTypes] = true
		}
	}
	has[FeatureExtendedConst] = has[FeatureExtendedConst] || n > 2
	return it.Err()
}
