package wasmhost

import (
	"context"
	"fmt"
	"sync"

	"github.com/gotensor/gotensor/primitives/chain"
	"github.com/gotensor/gotensor/primitives/scale"
	"github.com/gotensor/gotensor/storage"
	"github.com/gotensor/gotensor/storage/trie"
)

// facts are what a runtime answers whatever the state, kept from the first time that somebody asked. A runtime belongs to one code hash, so
// they are keyed by it.
type facts struct {
	mu       sync.Mutex
	version  *chain.RuntimeVersion // as Core_version answered
	metadata map[string][]byte     // by function and arguments; at most maxFacts
}

// maxFacts bounds how many versions of the metadata are kept.
const maxFacts = 8

// emptyState is the state before anything was written.
var emptyState = sync.OnceValue(func() storage.State {
	s, err := storage.NewMemoryState(&storage.Changes{}, trie.V1)
	if err != nil {
		panic("BUG: the empty state is refused: " + err.Error())
	}
	return s
})

// stateless is the environment of questions to the code alone: an empty state, written to or not, and nothing else.
// Source: substrate sc-executor, which answers them with BasicExternalities::default().
func stateless() *Env { return &Env{Storage: storage.NewOverlay(emptyState())} }

// Version returns the version of the runtime: from its custom sections where it has them, else from Core_version, which it
// calls once over an empty state.
func (r *Runtime) Version(ctx context.Context) (chain.RuntimeVersion, error) {
	if r.info.Version != nil {
		return *r.info.Version, nil
	}
	r.facts.mu.Lock()
	known := r.facts.version
	r.facts.mu.Unlock()
	if known != nil {
		return *known, nil
	}
	answer, err := r.Call(ctx, stateless(), "Core_version", nil)
	if err != nil {
		return chain.RuntimeVersion{}, err
	}
	var v chain.RuntimeVersion
	d := scale.NewDecoder(answer)
	v.DecodeScale(d) // bytes behind it are ignored, as Substrate does
	if err := d.Err(); err != nil {
		return chain.RuntimeVersion{}, fmt.Errorf("%w: answer of Core_version: %w", ErrVersion, err)
	}
	r.facts.mu.Lock()
	r.facts.version = &v
	r.facts.mu.Unlock()
	return v, nil
}

// Metadata returns the runtime's metadata as Metadata_metadata answers it, without the length in front: magic number, version, contents.
// It is asked for once. The result must not be changed.
func (r *Runtime) Metadata(ctx context.Context) ([]byte, error) {
	answer, err := r.pure(ctx, "Metadata_metadata", nil)
	if err != nil {
		return nil, err
	}
	d := scale.NewDecoder(answer)
	metadata := d.View()
	if err := d.Finish(); err != nil {
		return nil, fmt.Errorf("answer of Metadata_metadata: %w", err)
	}
	return metadata, nil
}

// MetadataAt returns the metadata of one version, 14 or 15 for example, in the form of Metadata; ok is false where the runtime has no such
// version. Runtimes that cannot be asked end in ErrUnknownAPI.
func (r *Runtime) MetadataAt(ctx context.Context, version uint32) (metadata []byte, ok bool, err error) {
	const api = "Metadata_metadata_at_version"
	answer, err := r.pure(ctx, api, scale.AppendU32(nil, version))
	if err != nil {
		return nil, false, err
	}
	d := scale.NewDecoder(answer)
	if d.Bool() { // the tag of an Option has the values of a bool
		metadata, ok = d.View(), true
	}
	if err := d.Finish(); err != nil {
		return nil, false, fmt.Errorf("answer of %s: %w", api, err)
	}
	return metadata, ok, nil
}

// pure calls a function whose answer depends on the code alone, and keeps the answer. It gets an empty state, because some
// runtimes read their state while they describe themselves, the first of Rococo's for one.
func (r *Runtime) pure(ctx context.Context, api string, args []byte) ([]byte, error) {
	key := api + "\x00" + string(args)
	r.facts.mu.Lock()
	answer, ok := r.facts.metadata[key]
	r.facts.mu.Unlock()
	if ok {
		return answer, nil
	}
	answer, err := r.Call(ctx, stateless(), api, args)
	if err != nil {
		return nil, err
	}
	r.facts.mu.Lock()
	defer r.facts.mu.Unlock()
	if r.facts.metadata == nil {
		r.facts.metadata = make(map[string][]byte)
	}
	if len(r.facts.metadata) < maxFacts {
		r.facts.metadata[key] = answer
	}
	return answer, nil
}
