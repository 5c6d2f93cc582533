package blob

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/tetratelabs/wazero/api"

	"github.com/gotensor/gotensor/internal/wasmbin"
)

// ErrInvalid: a module is not what Validate asks for.
var ErrInvalid = errors.New("not a portable blob")

// inputFeatures are the extensions that modules to rewrite may use.
const inputFeatures = api.CoreFeatureSignExtensionOps | api.CoreFeatureNonTrappingFloatToIntConversion | api.CoreFeatureBulkMemoryOperations

// Validate checks that module is valid WebAssembly 1.0 and what Substrate's hosts expect of a runtime: it imports functions of "env" alone, exports its own
// memory, which has no maximum, and the immutable i32 global __heap_base inside of it, and has no start function. Errors wrap ErrInvalid.
func Validate(ctx context.Context, module []byte) error {
	m, err := wasmbin.Parse(module)
	if err != nil {
		return fmt.Errorf("%w: %w", ErrInvalid, err)
	}
	use, err := m.Use()
	if err != nil {
		return fmt.Errorf("%w: %w", ErrInvalid, err)
	}
	invalid := func(format string, args ...any) error {
		return fmt.Errorf("%w: %s", ErrInvalid, fmt.Sprintf(format, args...))
	}
	if len(use.Features) > 0 {
		return invalid("it uses %s", strings.Join(use.Features, ", "))
	}
	if use.TooComplex != nil {
		return fmt.Errorf("%w: %w", ErrInvalid, use.TooComplex)
	}
	for i := range m.Imports {
		if im := &m.Imports[i]; im.Kind != wasmbin.KindFunction || im.Module != hostModule {
			return invalid("import of %s %q.%q", im.Kind, im.Module, im.Name)
		}
	}
	if m.Start != nil {
		return invalid("it has a start function")
	}
	if x, ok := m.Export(memoryName); !ok || x.Kind != wasmbin.KindMemory || len(m.Memories) != 1 || m.Memories[0].HasMax {
		return invalid("no memory of its own, exported and without a maximum")
	}
	if base, ok := heapBaseOf(m); !ok || uint64(base) > uint64(m.Memories[0].Min)*pageSize {
		return invalid("no constant inside of memory is exported as %s", heapBase)
	}
	for i := range m.Tables {
		if m.Tables[i].Limits.Min > MaxTable {
			return invalid("a table of %d, at most %d", m.Tables[i].Limits.Min, MaxTable)
		}
	}
	if err := validate(ctx, module, 0); err != nil {
		return fmt.Errorf("%w: %v", ErrInvalid, err)
	}
	return nil
}

// heapBaseOf returns the value of the exported constant __heap_base.
func heapBaseOf(m *wasmbin.Module) (uint32, bool) {
	x, ok := m.Export(heapBase)
	if !ok || x.Kind != wasmbin.KindGlobal || uint64(x.Index) >= uint64(len(m.Globals)) {
		return 0, false
	}
	g := &m.Globals[x.Index]
	base, ok := wasmbin.ConstI32(g.Init)
	return base, ok && g.Type == wasmbin.GlobalType{Type: wasmbin.I32}
}

// validate lets an engine check that module is valid with those extensions of WebAssembly 1.0 and no other.
func validate(ctx context.Context, module []byte, features api.CoreFeatures) error {
	r := newEngine(ctx, features)
	defer r.Close(context.Background()) //nolint:errcheck // it frees memory and has no error of its own
	_, err := r.CompileModule(ctx, module)
	return err
}
