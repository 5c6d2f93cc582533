package wasmhost

import (
	"fmt"

	"github.com/gotensor/gotensor/wasmhost/internal/wasmbin"
)

// Info describes the module of a runtime.
type Info struct {
	CodeSize   int // bytes as loaded
	ModuleSize int // bytes after decompression
	Compressed bool
	Imports    []string // "module.name", in the order of the module
	Exports    []string // functions, in the order of the module
	// Features are the WebAssembly extensions beyond 1.0 that the module uses, sorted: see wasmbin.
	Features []string
	// ImportsMemory: the memory is imported. MinPages and MaxPages are its limits in pages of 64 KiB; MaxPages is 0 where there is none.
	ImportsMemory      bool
	MinPages, MaxPages uint32
	HeapBase           uint32
	MutableGlobals     int
	// FreshInstances: the code changes tables or segments, so that every call gets a new instance.
	FreshInstances bool
	CustomSections []Section
}

// Section is a custom section.
type Section struct {
	Name string
	Size int // bytes
}

// describe fills r.info from the module as it was loaded.
func (r *Runtime) describe(m *wasmbin.Module, codeSize, moduleSize int) error {
	use, err := m.Use()
	if err != nil {
		return fmt.Errorf("%w: %w", ErrNotWasm, err)
	}
	r.fresh = use.ChangesTables
	i := &r.info
	i.CodeSize, i.ModuleSize, i.Compressed = codeSize, moduleSize, codeSize != moduleSize
	i.Features, i.FreshInstances = use.Features, use.ChangesTables
	for _, im := range m.Imports {
		i.Imports = append(i.Imports, im.Module+"."+im.Name)
		if im.Kind == wasmbin.KindMemory {
			i.ImportsMemory, i.MinPages, i.MaxPages = true, im.Memory.Min, im.Memory.Max
		}
	}
	for _, x := range m.Exports {
		if x.Kind == wasmbin.KindFunction {
			i.Exports = append(i.Exports, x.Name)
		}
	}
	for _, mem := range m.Memories {
		i.MinPages, i.MaxPages = mem.Min, mem.Max
	}
	for _, g := range m.Globals {
		if g.Type.Mutable {
			i.MutableGlobals++
		}
	}
	i.HeapBase, _ = heapBase(m)
	for _, s := range m.Customs {
		i.CustomSections = append(i.CustomSections, Section{Name: s.Name, Size: len(s.Data)})
	}
	return nil
}
