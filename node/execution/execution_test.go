package execution

import (
	"bytes"
	"context"
	"encoding/binary"
	"errors"
	"testing"

	"github.com/gotensor/gotensor/internal/tinyruntime"
	"github.com/gotensor/gotensor/primitives/chain"
	"github.com/gotensor/gotensor/primitives/scale"
	"github.com/gotensor/gotensor/storage"
	"github.com/gotensor/gotensor/storage/trie"
	"github.com/gotensor/gotensor/wasmhost"
)

// applier is a runtime with BlockBuilder_apply_extrinsic alone. It writes to the state and to the offchain index, and then finds an empty extrinsic
// invalid, takes one of a byte, and traps over a longer one.
func applier() []byte {
	join := func(parts ...[]byte) []byte { return bytes.Join(parts, nil) }
	vector := func(n byte, parts ...[]byte) []byte { return append([]byte{n}, join(parts...)...) }
	name := func(s string) []byte { return append([]byte{byte(len(s))}, s...) }
	section := func(id byte, body []byte) []byte {
		return append(binary.AppendUvarint([]byte{id}, uint64(len(body))), body...)
	}
	span := func(ptr, n int64) []byte { // i64.const in signed LEB128
		out, v := []byte{0x42}, ptr|n<<32
		for ; v > 0x3f; v >>= 7 {
			out = append(out, byte(v)|0x80)
		}
		return append(out, byte(v))
	}
	key := span(16, 3)
	body := join([]byte{0},
		key, key, []byte{0x10, 0}, // ext_storage_set("key", "key")
		key, key, []byte{0x10, 1}, // ext_offchain_index_set("key", "key")
		[]byte{0x20, 1, 0x41, 2, 0x4b, 0x04, 0x40, 0x00, 0x0b}, // length > 2: unreachable
		[]byte{0x20, 1, 0x41, 1, 0x46, 0x04, 0x7e}, span(32, 2), []byte{0x05}, span(40, 2), []byte{0x0b, 0x0b},
	)
	return join([]byte("\x00asm\x01\x00\x00\x00"),
		section(1, vector(2, []byte{0x60, 2, 0x7e, 0x7e, 0}, []byte{0x60, 2, 0x7f, 0x7f, 1, 0x7e})),
		section(2, vector(2, name("env"), name("ext_storage_set_version_1"), []byte{0, 0}, name("env"), name("ext_offchain_index_set_version_1"), []byte{0, 0})),
		section(3, []byte{1, 1}),
		section(5, []byte{1, 0, 1}),
		section(6, []byte{1, 0x7f, 0, 0x41, 0x80, 0x08, 0x0b}), // 1024
		section(7, vector(3, name("memory"), []byte{2, 0}, name("__heap_base"), []byte{3, 0}, name("BlockBuilder_apply_extrinsic"), []byte{0, 2})),
		section(10, append(binary.AppendUvarint([]byte{1}, uint64(len(body))), body...)),
		section(11, vector(2, []byte{0, 0x41, 16, 0x0b}, name("key"), []byte{0, 0x41, 32, 0x0b}, name("\x01\x00"))),
	)
}

// An extrinsic that is invalid, or over which the runtime traps, leaves nothing behind in the state or in the offchain index, and the next one is
// offered to the same block. A call that ran out of time ends the block.
func TestApply(t *testing.T) {
	ctx := context.Background()
	runtime, err := newEngine(t).Load(ctx, applier())
	if err != nil {
		t.Fatal(err)
	}
	state, err := storage.NewMemoryState(&storage.Changes{}, trie.V1)
	if err != nil {
		t.Fatal(err)
	}
	overlay := storage.NewOverlay(state)
	on := &Execution{runtime: runtime, overlay: overlay, env: wasmhost.Env{Storage: overlay}}
	for _, c := range []struct {
		name         string
		extrinsic    chain.OpaqueExtrinsic
		trap         bool
		included, ok bool
	}{
		{"trap", chain.OpaqueExtrinsic("long"), true, false, false},
		{"invalid", nil, false, false, false},
		{"good", chain.OpaqueExtrinsic("x"), false, true, true},
	} {
		applied, err := on.Apply(ctx, c.extrinsic)
		if err != nil {
			t.Fatalf("%s: %v", c.name, err)
		}
		var trap *wasmhost.Trap
		if errors.As(applied.Err, &trap) != c.trap || applied.Included != c.included || applied.OK != c.ok {
			t.Errorf("%s: got %+v", c.name, applied)
		}
		changes, left := overlay.Changes(), 0
		if c.included {
			left = 1
		}
		if len(changes.Top) != left || len(changes.Offchain) != left {
			t.Errorf("%s: %d changes of the state and %d of the offchain index, want %d of each", c.name, len(changes.Top), len(changes.Offchain), left)
		}
	}
	over, cancel := context.WithCancel(ctx)
	cancel()
	if _, err := on.Apply(over, chain.OpaqueExtrinsic("x")); !errors.Is(err, wasmhost.ErrDeadline) {
		t.Errorf("out of time: got %v", err)
	}
}

// The memory of a call is what the state below says at :heappages.
func TestHeapPages(t *testing.T) {
	state, err := storage.NewMemoryState(&storage.Changes{Top: []storage.Change{{Key: []byte(":heappages"), Value: scale.AppendU64(nil, 17)}}}, trie.V1)
	if err != nil {
		t.Fatal(err)
	}
	runtime, err := newEngine(t).Load(t.Context(), tinyruntime.Module())
	if err != nil {
		t.Fatal(err)
	}
	if on, err := Begin(t.Context(), runtime, state, wasmhost.Env{}); err != nil || on.env.HeapPages != 17 {
		t.Errorf("got %+v, %v", on, err)
	}
}

func newEngine(t *testing.T) *wasmhost.Engine {
	e, err := wasmhost.NewEngine(wasmhost.Config{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := e.Close(); err != nil {
			t.Error(err)
		}
	})
	return e
}
