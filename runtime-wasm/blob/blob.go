package blob

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/gotensor/gotensor/internal/wasmbin"
)

// Limits.
const (
	// DefaultMemoryPages is how many pages of 64 KiB a blob declares: 128 MiB, of which the last page is the blob's own.
	DefaultMemoryPages = 2048
	// MaxTable bounds the table of functions. Source: tried against executors written by others; wasmtime's pooling allocator, as Substrate sets it up.
	MaxTable = 8192
	// maxModule bounds the module to rewrite: what Substrate's hosts take as code, 50 MiB.
	maxModule = 50 << 20
	// maxPages are the pages that 32-bit addresses reach.
	maxPages = 1 << 16
)

// Errors.
var (
	// ErrUnsupported: the module is valid, and nothing that Go's linker makes of a reactor.
	ErrUnsupported = errors.New("unsupported module")
	// ErrExport: an exported function has not the type of a runtime API, or none is exported.
	ErrExport = errors.New("invalid export")
	// ErrTable: more functions than MaxTable.
	ErrTable = errors.New("table is too large")
	// ErrMemory: the program does not fit into the memory that Options give it.
	ErrMemory = errors.New("memory is too small")
	// ErrInitialise: the program trapped or called the host while it initialised.
	ErrInitialise = errors.New("initialisation failed")
)

// Options say how a module is rewritten. The zero value is usable.
type Options struct {
	// MemoryPages is how many pages of 64 KiB the blob declares, L: the program has L-1 of them, and __heap_base is their end. 0 takes DefaultMemoryPages.
	MemoryPages uint32
	// Names keeps the names of functions, for stack traces and profiles.
	Names bool
	// Plain leaves the bodies of functions as Go's compiler wrote them: the blob is smaller, and slower.
	Plain bool
}

// Result is a rewritten module.
type Result struct {
	// Module is the blob: WebAssembly 1.0, without the version sections (Embed).
	Module []byte
	// Exports are the names of the runtime API functions, in the order of the module.
	Exports []string
	// Imports are the names of the host functions, in the order of the module.
	Imports []string
	// UsedPages are the pages that the program had taken when it was initialised, of Pages that the blob declares.
	UsedPages, Pages uint32
	// Functions, Seconds, Table and Segments count functions with a body, those among them that are second bodies, entries of the table, and data segments.
	Functions, Seconds, Table, Segments int
	// Log is what the program wrote to standard error while it initialised, in whole lines.
	Log string
}

// Rewrite turns module, a reactor that Go's linker made (GOOS=wasip1 GOARCH=wasm go build -buildmode=c-shared), into a blob: see the package's
// documentation. It runs the module's initialisation, which ctx ends. The same module and options give the same bytes.
//
// Errors: wasmbin.ErrMalformed for what is no valid module, wasmbin.ErrTooComplex, ErrUnsupported, ErrExport, ErrTable, ErrMemory, ErrInitialise.
func Rewrite(ctx context.Context, module []byte, o Options) (*Result, error) {
	if o.MemoryPages == 0 {
		o.MemoryPages = DefaultMemoryPages
	}
	if o.MemoryPages < 2 || o.MemoryPages >= maxPages {
		return nil, fmt.Errorf("%w: %d pages, expected 2 to %d", ErrMemory, o.MemoryPages, maxPages-1)
	}
	m, err := read(ctx, module)
	if err != nil {
		return nil, fmt.Errorf("read module: %w", err)
	}
	w := &writer{m: m, pages: o.MemoryPages}
	w.result.Pages = w.pages
	if !o.Plain {
		w.seconds = optimise(m)
	}
	if err := w.lower(o.Names); err != nil {
		return nil, fmt.Errorf("lower module: %w", err)
	}
	if w.result.Log, err = w.initialise(ctx); err != nil {
		return nil, err
	}
	if err := w.finish(); err != nil {
		return nil, err
	}
	if err := Validate(ctx, w.result.Module); err != nil {
		return nil, err
	}
	return &w.result, nil
}

// read parses module and checks that it is valid, and of the kind that is rewritten.
func read(ctx context.Context, module []byte) (*wasmbin.Module, error) {
	if len(module) > maxModule {
		return nil, fmt.Errorf("%w: %d bytes, at most %d", ErrUnsupported, len(module), maxModule)
	}
	m, err := wasmbin.Parse(module)
	if err != nil {
		return nil, err
	}
	use, err := m.Use()
	if err != nil {
		return nil, err
	}
	if use.TooComplex != nil {
		return nil, use.TooComplex
	}
	for _, f := range use.Features {
		if !slices.Contains(lowered, f) {
			return nil, fmt.Errorf("%w: it uses %s", ErrUnsupported, f)
		}
	}
	refuse := func(what string) (*wasmbin.Module, error) { return nil, fmt.Errorf("%w: %s", ErrUnsupported, what) }
	switch {
	case use.ChangesTables:
		return refuse("it changes tables or drops segments")
	case m.Start != nil:
		return refuse("it has a start function")
	case len(m.Memories) != 1:
		return refuse(fmt.Sprintf("%d memories of its own, expected 1", len(m.Memories)))
	case len(m.Tables) > 1:
		return refuse(fmt.Sprintf("%d tables", len(m.Tables)))
	}
	for i := range m.Imports {
		im := &m.Imports[i]
		if im.Kind != wasmbin.KindFunction || im.Module != hostModule && im.Module != wasiModule {
			return refuse(fmt.Sprintf("import of %s %q.%q", im.Kind, im.Module, im.Name))
		}
		if strings.HasPrefix(im.Name, ownPrefix) {
			return refuse(fmt.Sprintf("import of %q, a name that the tool keeps", im.Name))
		}
	}
	for i := range m.Elements {
		if _, ok := wasmbin.ConstI32(m.Elements[i].Offset); !ok || m.Elements[i].Mode != wasmbin.Active {
			return refuse(fmt.Sprintf("element segment %d without a constant offset", i))
		}
	}
	for i := range m.Data {
		offset, ok := wasmbin.ConstI32(m.Data[i].Offset)
		if !ok || m.Data[i].Mode != wasmbin.Active {
			return refuse(fmt.Sprintf("data segment %d without a constant offset", i))
		}
		if uint64(offset)+uint64(len(m.Data[i].Bytes)) > uint64(m.Memories[0].Min)*pageSize {
			return refuse(fmt.Sprintf("data segment %d outside of the memory of %d pages", i, m.Memories[0].Min))
		}
	}
	for i := range m.Exports {
		if strings.HasPrefix(m.Exports[i].Name, ownPrefix) {
			return refuse(fmt.Sprintf("export of %q, a name that the tool keeps", m.Exports[i].Name))
		}
	}
	if err := validate(ctx, module, inputFeatures); err != nil {
		return nil, fmt.Errorf("%w: %v", wasmbin.ErrMalformed, err)
	}
	return m, nil
}

// Names in the module.
const (
	hostModule  = "env"
	logFunction = "ext_logging_log_version_1"
	initialiser = "_initialize"
	heapBase    = "__heap_base"
	memoryName  = "memory"
	ownPrefix   = "\x00blob " // of exports that exist between lowering and initialisation
)

// Types of functions that have a fixed one.
var (
	apiType  = wasmbin.FuncType{Params: []wasmbin.ValueType{wasmbin.I32, wasmbin.I32}, Results: []wasmbin.ValueType{wasmbin.I64}}
	logType  = wasmbin.FuncType{Params: []wasmbin.ValueType{wasmbin.I32, wasmbin.I64, wasmbin.I64}}
	initType = wasmbin.FuncType{}
)

// writer makes a blob of a module.
type writer struct {
	m     *wasmbin.Module
	pages uint32 // declared
	first uint32 // lowest index of the table that is used: what is subtracted from indices

	seconds   []uint32          // functions in the module that was read that have second bodies, which are behind all others
	functions []uint32          // by function index in the module that was read: what it became
	imported  uint32            // functions imported by the blob
	helpers   []string          // functions that were added, in their order
	index     map[string]uint32 // index of each, and of $log
	globals   map[string]uint32
	others    map[string]function // helpers for functions of the system that are in no table

	result Result
}

// lower turns the module into one of WebAssembly 1.0 that computes the same, from its own beginning: it is not initialised yet.
func (w *writer) lower(keepNames bool) error {
	m := w.m
	if start := m.Memories[0].Min; start > w.pages-1 {
		return fmt.Errorf("%w: the module begins with %d pages, and has %d", ErrMemory, start, w.pages-1)
	}
	types := m.FunctionTypes()
	names, err := w.oldNames(keepNames)
	if err != nil {
		return err
	}

	// Which functions are added depends on what is imported and on which instructions are used.
	if err := w.need(); err != nil {
		return err
	}
	var imports []wasmbin.Import
	for _, im := range m.Imports {
		if im.Module == hostModule {
			imports = append(imports, im)
			w.result.Imports = append(w.result.Imports, im.Name)
		}
	}
	if slices.Contains(w.helpers, "$flush") {
		at := slices.Index(w.result.Imports, logFunction)
		if at < 0 {
			at = len(imports)
			imports = append(imports, wasmbin.Import{Module: hostModule, Name: logFunction, Kind: wasmbin.KindFunction, Function: m.AddType(logType)})
			w.result.Imports = append(w.result.Imports, logFunction)
		} else if !m.Types[imports[at].Function].Equal(logType) {
			return fmt.Errorf("%w: import of %s under another type", ErrUnsupported, logFunction)
		}
		w.index["$log"] = uint32(at)
	}
	w.imported = uint32(len(imports))
	for i, name := range w.helpers {
		w.index[name] = w.imported + uint32(len(m.Functions)+i)
	}
	var host uint32
	for _, im := range m.Imports {
		if im.Module == hostModule {
			w.functions = append(w.functions, host)
			host++
		} else {
			w.functions = append(w.functions, w.index["$"+wasiName(im.Name)])
		}
	}
	for i := range m.Functions {
		w.functions = append(w.functions, w.imported+uint32(i))
	}

	if err := w.moveExports(types); err != nil {
		return err
	}
	if err := w.compactTable(); err != nil {
		return err
	}
	w.addGlobals()
	for i := range m.Code {
		if err := w.lowerBody(&m.Code[i]); err != nil {
			return fmt.Errorf("function body %d: %w", i, err)
		}
	}
	constants := map[string]uint32{
		"$limit":        w.pages - 1,
		"$log_target":   (w.pages - 1) * pageSize,
		"$log_text":     (w.pages-1)*pageSize + logText,
		"$log_end":      (w.pages-1)*pageSize + logText - 1, // where the last byte of the text is, if its length is added
		"$log_capacity": logCapacity,
	}
	for _, name := range w.helpers {
		f := w.helper(name)
		m.Functions = append(m.Functions, m.AddType(f.signature()))
		m.Code = append(m.Code, f.assemble(symbols{w.index, w.globals, constants}))
	}
	m.Imports = imports
	m.Memories = []wasmbin.Limits{{Min: w.pages}}
	m.DataCount = nil
	m.Customs = nil
	if keepNames {
		m.Customs = []wasmbin.Custom{{Name: wasmbin.NameSection, Data: w.newNames(names)}}
	}
	w.result.Functions, w.result.Seconds = len(m.Functions), len(w.seconds)
	return nil
}
