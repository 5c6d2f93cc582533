package blob

import (
	"context"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/tetratelabs/wazero"
	"github.com/tetratelabs/wazero/api"

	"github.com/gotensor/gotensor/internal/wasmbin"
)

// newEngine returns what runs modules in this package. It interprets, because what runs is short and compiling takes longer; the interpreter also
// bounds the depth of calls to 2,000, so that what gets through runs on every engine. ctx ends what runs.
func newEngine(ctx context.Context, features api.CoreFeatures) wazero.Runtime {
	return wazero.NewRuntimeWithConfig(ctx, wazero.NewRuntimeConfigInterpreter().WithCoreFeatures(features).
		WithCloseOnContextDone(true).WithDebugInfoEnabled(false))
}

// host offers the functions that a module imports. All end the call but those that log.
type host struct {
	log strings.Builder
}

// offer adds the host functions that m imports to r.
func (h *host) offer(ctx context.Context, r wazero.Runtime, m *wasmbin.Module) error {
	env := r.NewHostModuleBuilder(hostModule)
	offered := make(map[string]bool)
	for i := range m.Imports {
		im := &m.Imports[i]
		if offered[im.Name] {
			continue
		}
		offered[im.Name] = true
		f := api.GoModuleFunc(func(context.Context, api.Module, []uint64) {
			panic(fmt.Errorf("call of host function %s", im.Name))
		})
		switch im.Name {
		case logFunction:
			f = h.record
		case "ext_logging_max_level_version_1":
			f = func(_ context.Context, _ api.Module, stack []uint64) { stack[0] = 5 }
		}
		t := m.Types[im.Function]
		env.NewFunctionBuilder().WithGoModuleFunction(f, apiTypes(t.Params), apiTypes(t.Results)).Export(im.Name)
	}
	_, err := env.Instantiate(ctx)
	return err
}

// record keeps a log record's text.
func (h *host) record(_ context.Context, module api.Module, stack []uint64) {
	const keep = 1 << 16
	message, ok := module.Memory().Read(uint32(stack[2]), uint32(stack[2]>>32))
	if ok && h.log.Len() < keep {
		h.log.Write(message)
		h.log.WriteByte('\n')
	}
}

func apiTypes(types []wasmbin.ValueType) []api.ValueType {
	out := make([]api.ValueType, len(types))
	for i, t := range types {
		out[i] = api.ValueType(t)
	}
	return out
}

// instantiate runs nothing: it makes an instance of the lowered module.
func (h *host) instantiate(ctx context.Context, r wazero.Runtime, m *wasmbin.Module) (api.Module, error) {
	if err := h.offer(ctx, r, m); err != nil {
		return nil, err
	}
	compiled, err := r.CompileModule(ctx, m.Encode())
	if err != nil {
		return nil, err
	}
	return r.InstantiateModule(ctx, compiled, wazero.NewModuleConfig().WithName("").WithStartFunctions())
}

// initialise runs the initialiser, and makes memory and globals as it left them what the module begins with. It returns what was logged.
func (w *writer) initialise(ctx context.Context) (string, error) {
	m := w.m
	// For the time of this run every mutable global is exported.
	exports := len(m.Exports)
	for i := range m.Globals {
		if m.Globals[i].Type.Mutable {
			m.Exports = append(m.Exports, wasmbin.Export{Name: ownPrefix + strconv.Itoa(i), Kind: wasmbin.KindGlobal, Index: uint32(i)})
		}
	}
	defer func() { m.Exports = m.Exports[:exports] }()

	r := newEngine(ctx, api.CoreFeatureMutableGlobal)
	defer r.Close(context.Background()) //nolint:errcheck // it frees memory and has no error of its own
	var h host
	instance, err := h.instantiate(ctx, r, m)
	if err != nil {
		return "", fmt.Errorf("%w: %v", ErrInitialise, err)
	}
	if _, err := instance.ExportedFunction(initialiser).Call(ctx); err != nil {
		return "", failure(ErrInitialise, err, h.log.String())
	}

	memory, ok := instance.Memory().Read(0, instance.Memory().Size())
	if !ok {
		panic("BUG: a memory is shorter than its size")
	}
	m.Data = segments(memory)
	for i := range m.Globals {
		g := &m.Globals[i]
		if !g.Type.Mutable {
			continue
		}
		value := instance.ExportedGlobal(ownPrefix + strconv.Itoa(i)).Get()
		if g.Init, ok = constant(g.Type.Type, value); !ok {
			return "", fmt.Errorf("%w: global %d of type 0x%02x", ErrUnsupported, i, byte(g.Type.Type))
		}
		if uint32(i) == w.globals["$brk"] {
			w.result.UsedPages = uint32(value)
		}
	}
	return h.log.String(), nil
}

// failure describes a trap: what the program said, else what the engine says.
func failure(kind, err error, log string) error {
	if text := strings.TrimSpace(log); text != "" {
		return fmt.Errorf("%w: %s", kind, text)
	}
	text, _, _ := strings.Cut(err.Error(), "\n")
	return fmt.Errorf("%w: %s", kind, strings.TrimSuffix(text, " (recovered by wazero)"))
}

// constant returns the constant expression of a value in the engine's form.
func constant(t wasmbin.ValueType, value uint64) ([]byte, bool) {
	switch t {
	case wasmbin.I32:
		return constI32(uint32(value)), true
	case wasmbin.I64:
		return constI64(int64(value)), true
	case wasmbin.F32:
		b := []byte{byte(wasmbin.OpF32Const), byte(value), byte(value >> 8), byte(value >> 16), byte(value >> 24)}
		return append(b, byte(wasmbin.OpEnd)), true
	case wasmbin.F64:
		b := []byte{byte(wasmbin.OpF64Const)}
		for shift := 0; shift < 64; shift += 8 {
			b = append(b, byte(value>>shift))
		}
		return append(b, byte(wasmbin.OpEnd)), true
	}
	return nil, false
}

// minGap is the least run of zeros that ends a data segment. A segment costs some eight bytes, and time in every new instance; zeros cost next to
// nothing in the compressed blob.
const minGap = 256

// segments returns the data segments that make memory out of zeros.
func segments(memory []byte) []wasmbin.Data {
	var out []wasmbin.Data
	for at := 0; at < len(memory); {
		if memory[at] == 0 {
			at++
			continue
		}
		end := at // behind the last byte that is not zero
		for i := at; i < len(memory) && i-end < minGap; i++ {
			if memory[i] != 0 {
				end = i + 1
			}
		}
		out = append(out, wasmbin.Data{Offset: constI32(uint32(at)), Bytes: slices.Clone(memory[at:end])})
		at = end
	}
	return out
}

// finish writes the module as it is now, without its initialiser.
func (w *writer) finish() error {
	w.m.Exports = slices.DeleteFunc(w.m.Exports, func(x wasmbin.Export) bool { return x.Name == initialiser })
	w.result.Segments = len(w.m.Data)
	w.result.Module = w.m.Encode()
	if len(w.result.Module) > maxModule {
		return fmt.Errorf("%w: %d bytes after initialisation, at most %d", ErrUnsupported, len(w.result.Module), maxModule)
	}
	return nil
}
