package wasmhost

import (
	"fmt"

	"github.com/gotensor/gotensor/internal/wasmbin"
	"github.com/gotensor/gotensor/primitives/chain"
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
	HeapBase           uint32 // where the host's heap begins in memory
	hasHeapBase        bool
	MutableGlobals     int
	// FreshInstances: the code changes tables or segments, so that every call gets a new instance.
	FreshInstances bool
	CustomSections []Section
	// Version is what the custom sections say; nil where there are none, and only a call can tell.
	Version *chain.RuntimeVersion
	// Instructions counts those of all functions.
	Instructions uint64
	tooComplex   error // wasmbin.Use.TooComplex
}

// Section is a custom section.
type Section struct {
	Name string
	Size int // bytes
}

// Inspect describes the module in code, which may be compressed, without compiling it and whatever it imports.
// Errors: ErrNotWasm, ErrZstd, ErrCodeTooBig, ErrVersion.
func Inspect(code []byte) (*Info, error) {
	info, _, err := inspect(code)
	return info, err
}

// EmbeddedVersion returns the version that the custom sections of code state, nil where there are none. It is what Inspect says of it, without a look at the functions, whose
// instructions take most of Inspect's time. Errors: ErrNotWasm, ErrZstd, ErrCodeTooBig, ErrVersion.
func EmbeddedVersion(code []byte) (*chain.RuntimeVersion, error) {
	module, err := Decompress(code)
	if err != nil {
		return nil, err
	}
	m, err := wasmbin.Parse(module)
	if err != nil {
		return nil, fmt.Errorf("%w: %w", ErrNotWasm, err)
	}
	return embeddedVersion(m)
}

// embeddedVersion reads the version sections. One that is there and cannot be read makes the code invalid, as in Substrate.
func embeddedVersion(m *wasmbin.Module) (*chain.RuntimeVersion, error) {
	section, ok := m.Custom("runtime_version")
	if !ok {
		return nil, nil
	}
	apis, _ := m.Custom("runtime_apis")
	v, err := chain.EmbeddedVersion(section, apis)
	if err != nil {
		return nil, fmt.Errorf("%w: %w", ErrVersion, err)
	}
	return &v, nil
}

// inspect unpacks, reads and describes code.
func inspect(code []byte) (*Info, *wasmbin.Module, error) {
	module, err := Decompress(code)
	if err != nil {
		return nil, nil, err
	}
	m, err := wasmbin.Parse(module)
	if err != nil {
		return nil, nil, fmt.Errorf("%w: %w", ErrNotWasm, err)
	}
	use, err := m.Use()
	if err != nil {
		return nil, nil, fmt.Errorf("%w: %w", ErrNotWasm, err)
	}
	i := &Info{
		CodeSize: len(code), ModuleSize: len(module), Compressed: IsCompressed(code),
		Features: use.Features, FreshInstances: use.ChangesTables, Instructions: use.Instructions,
		tooComplex: use.TooComplex,
	}
	if i.Version, err = embeddedVersion(m); err != nil {
		return nil, nil, err
	}
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
	i.HeapBase, i.hasHeapBase = heapBase(m)
	for _, s := range m.Customs {
		i.CustomSections = append(i.CustomSections, Section{Name: s.Name, Size: len(s.Data)})
	}
	return i, m, nil
}
