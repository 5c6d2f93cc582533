package chainspec

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"

	"github.com/gotensor/gotensor/primitives/scale"
	"github.com/gotensor/gotensor/storage"
	"github.com/gotensor/gotensor/storage/trie"
	"github.com/gotensor/gotensor/wasmhost"
)

// MaxConfig bounds the bytes of a genesis configuration: a runtime has to hold it in its memory with what it reads from it.
const MaxConfig = 64 << 20

// Faults of a genesis that a runtime makes.
var (
	// ErrPreset: the runtime has no preset of that name.
	ErrPreset = errors.New("runtime has no such genesis preset")
	// ErrConfig: the runtime refuses the configuration. What it says follows.
	ErrConfig = errors.New("runtime refuses the genesis configuration")
)

// Builder makes genesis states with a runtime: it calls the runtime API GenesisBuilder, each time on an empty state.
// Source: polkadot-sdk, substrate/client/chain-spec/src/genesis_config_builder.rs; sp-genesis-builder for the API.
type Builder struct {
	code    []byte
	runtime *wasmhost.Runtime
}

// NewBuilder loads code, which is Wasm or compressed Wasm. Errors: those of [wasmhost.Engine.Load].
func NewBuilder(ctx context.Context, engine *wasmhost.Engine, code []byte) (*Builder, error) {
	runtime, err := engine.Load(ctx, code)
	if err != nil {
		return nil, fmt.Errorf("genesis runtime: %w", err)
	}
	return &Builder{code, runtime}, nil
}

// FromPreset returns the genesis that a runtime makes from one of its presets, in raw form. Errors: those of [NewBuilder], [Builder.Preset] and [Builder.Patch].
func FromPreset(ctx context.Context, engine *wasmhost.Engine, code []byte, preset string) (*Genesis, error) {
	b, err := NewBuilder(ctx, engine, code)
	if err != nil {
		return nil, err
	}
	patch, err := b.Preset(ctx, preset)
	if err != nil {
		return nil, err
	}
	return b.Patch(ctx, patch)
}

// Presets returns the names of the runtime's presets. Errors: those of [wasmhost.Runtime.Call], and of an answer that is no list of names.
func (b *Builder) Presets(ctx context.Context) ([]string, error) {
	d, _, err := b.call(ctx, "GenesisBuilder_preset_names", nil)
	if err != nil {
		return nil, err
	}
	names := scale.DecodeSeq(d, (*scale.Decoder).Text)
	if err := d.Finish(); err != nil {
		return nil, fmt.Errorf("answer of GenesisBuilder_preset_names: %w", err)
	}
	return names, nil
}

// Preset returns the preset of a name: a patch of the default configuration. Errors: [ErrPreset], those of [wasmhost.Runtime.Call], and of an answer that is no JSON.
func (b *Builder) Preset(ctx context.Context, name string) (json.RawMessage, error) {
	return b.preset(ctx, name, scale.AppendString([]byte{1}, name))
}

// Default returns the runtime's default configuration. Errors: those of [Builder.Preset].
func (b *Builder) Default(ctx context.Context) (json.RawMessage, error) {
	return b.preset(ctx, "", []byte{0})
}

func (b *Builder) preset(ctx context.Context, name string, args []byte) (json.RawMessage, error) {
	d, _, err := b.call(ctx, "GenesisBuilder_get_preset", args)
	if err != nil {
		return nil, err
	}
	config := scale.DecodeOption(d, (*scale.Decoder).Bytes)
	if err := d.Finish(); err != nil {
		return nil, fmt.Errorf("answer of GenesisBuilder_get_preset: %w", err)
	}
	if config == nil {
		return nil, fmt.Errorf("%w: %q", ErrPreset, name)
	}
	if !json.Valid(*config) {
		return nil, fmt.Errorf("answer of GenesisBuilder_get_preset: %w", ErrSyntax)
	}
	return *config, nil
}

// Config returns the genesis of a whole configuration, in raw form with the runtime under ":code". Errors: [ErrConfig], those of [wasmhost.Runtime.Call].
func (b *Builder) Config(ctx context.Context, config json.RawMessage) (*Genesis, error) {
	d, changes, err := b.call(ctx, "GenesisBuilder_build_state", scale.AppendBytes(nil, config))
	if err != nil {
		return nil, err
	}
	refused := d.U8() != 0
	reason := ""
	if refused {
		reason = d.Text()
	}
	if err := d.Finish(); err != nil {
		return nil, fmt.Errorf("answer of GenesisBuilder_build_state: %w", err)
	}
	if refused {
		return nil, fmt.Errorf("%w: %s", ErrConfig, reason)
	}
	g := new(Genesis)
	for _, c := range changes.Top {
		if !c.Delete {
			g.Top.Set(c.Key, c.Value)
		}
	}
	for _, child := range changes.Child {
		for _, c := range child.Changes {
			if !c.Delete {
				g.Child(child.Child).Set(c.Key, c.Value)
			}
		}
	}
	g.Top.Set(codeKey, b.code)
	return g, nil
}

// Patch returns the genesis of the default configuration with patch merged into it: members of objects take the place of those of the same name, at every depth, and
// all else that patch has, null as well, stands for what it meets. Errors: those of [Builder.Default] and [Builder.Config]; [ErrSyntax].
func (b *Builder) Patch(ctx context.Context, patch json.RawMessage) (*Genesis, error) {
	config, err := b.Default(ctx)
	if err != nil {
		return nil, err
	}
	if config, err = mergeJSON(config, patch); err != nil {
		return nil, err
	}
	return b.Config(ctx, config)
}

// call calls the runtime on an empty state, and returns its answer and what it wrote.
func (b *Builder) call(ctx context.Context, api string, args []byte) (*scale.Decoder, *storage.Changes, error) {
	empty, err := storage.NewMemoryState(&storage.Changes{}, trie.V1)
	if err != nil {
		return nil, nil, err
	}
	overlay := storage.NewOverlay(empty)
	answer, err := b.runtime.Call(ctx, &wasmhost.Env{Storage: overlay}, api, args)
	if err != nil {
		return nil, nil, fmt.Errorf("genesis: %w", err)
	}
	return scale.NewDecoder(answer), overlay.Changes(), nil
}

// mergeJSON merges patch into base. Numbers keep their text: balances exceed what floats hold.
func mergeJSON(base, patch json.RawMessage) (json.RawMessage, error) {
	var values [2]any
	for i, raw := range []json.RawMessage{base, patch} {
		dec := json.NewDecoder(bytes.NewReader(raw))
		dec.UseNumber()
		if err := dec.Decode(&values[i]); err != nil {
			return nil, fmt.Errorf("genesis configuration: %w: %v", ErrSyntax, err)
		}
	}
	out := new(bytes.Buffer)
	enc := json.NewEncoder(out)
	enc.SetEscapeHTML(false)
	if err := enc.Encode(mergeValues(values[0], values[1])); err != nil {
		return nil, fmt.Errorf("genesis configuration: %w", err)
	}
	return bytes.TrimSuffix(out.Bytes(), []byte("\n")), nil
}

func mergeValues(base, patch any) any {
	into, ok := base.(map[string]any)
	from, also := patch.(map[string]any)
	if !ok || !also {
		return patch
	}
	for name, value := range from {
		if old, ok := into[name]; ok {
			value = mergeValues(old, value)
		}
		into[name] = value
	}
	return into
}
