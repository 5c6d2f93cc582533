package blob

import (
	"bytes"
	"context"
	"errors"
	"fmt"

	"github.com/tetratelabs/wazero/api"

	"github.com/gotensor/gotensor/internal/wasmbin"
	"github.com/gotensor/gotensor/primitives/chain"
	"github.com/gotensor/gotensor/primitives/scale"
)

// ErrVersion: Core_version is missing, trapped, called the host, or answered no version.
var ErrVersion = errors.New("runtime version")

// CoreVersion calls Core_version of a blob and returns what it answers. The only host functions that it may call are those of logging: what
// a runtime is must not depend on a state. Errors wrap ErrVersion.
func CoreVersion(ctx context.Context, blob []byte) (chain.RuntimeVersion, error) {
	var v chain.RuntimeVersion
	answer, err := call(ctx, blob, "Core_version")
	if err != nil {
		return v, err
	}
	d := scale.NewDecoder(answer)
	v.DecodeScale(d)
	if err := d.Finish(); err != nil {
		return chain.RuntimeVersion{}, fmt.Errorf("%w: answer of Core_version: %w", ErrVersion, err)
	}
	return v, nil
}

// call calls a function of a blob without arguments.
func call(ctx context.Context, blob []byte, name string) ([]byte, error) {
	m, err := wasmbin.Parse(blob)
	if err != nil {
		return nil, fmt.Errorf("%w: %w", ErrVersion, err)
	}
	r := newEngine(ctx, 0)
	defer r.Close(context.Background()) //nolint:errcheck // it frees memory and has no error of its own
	var h host
	instance, err := h.instantiate(ctx, r, m)
	if err != nil {
		return nil, fmt.Errorf("%w: %v", ErrVersion, err)
	}
	f := instance.ExportedFunction(name)
	if f == nil || len(f.Definition().ParamTypes()) != 2 || len(f.Definition().ResultTypes()) != 1 || f.Definition().ResultTypes()[0] != api.ValueTypeI64 {
		return nil, fmt.Errorf("%w: no function %s of a runtime API is exported", ErrVersion, name)
	}
	base, _ := heapBaseOf(m)
	answer, err := f.Call(ctx, uint64(base), 0)
	if err != nil {
		return nil, failure(ErrVersion, err, h.log.String())
	}
	view, ok := instance.Memory().Read(uint32(answer[0]), uint32(answer[0]>>32))
	if !ok {
		return nil, fmt.Errorf("%w: answer 0x%x of %s is outside of memory", ErrVersion, answer[0], name)
	}
	return bytes.Clone(view), nil
}

// Embed returns blob with the custom sections runtime_version and runtime_apis behind it, from which hosts read the version without
// running it. Sections of that name that are there already are replaced.
func Embed(blob []byte, v chain.RuntimeVersion) ([]byte, error) {
	m, err := wasmbin.Parse(blob)
	if err != nil {
		return nil, err
	}
	version, apis := v.EmbeddedSections()
	m.SetCustom("runtime_version", version)
	m.SetCustom("runtime_apis", apis)
	return m.Encode(), nil
}
