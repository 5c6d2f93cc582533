package wasmhost

import (
	"bytes"
	"context"
	"encoding/binary"
	"errors"
	"math"
	"testing"

	"github.com/gotensor/gotensor/internal/wasmbin"
	"github.com/gotensor/gotensor/storage"
	"github.com/gotensor/gotensor/storage/trie"
)

// errReader is a state whose back end is gone.
type errReader struct {
	storage.Reader
	err error
}

func (r errReader) Get(_, _ []byte) ([]byte, bool, error) { return nil, false, r.err }

func TestHeapPagesOfState(t *testing.T) {
	u64 := func(n uint64) string { return string(binary.LittleEndian.AppendUint64(nil, n)) }
	for _, c := range []struct {
		name  string
		pairs []string
		want  uint32
	}{
		{"none", nil, 0},
		{"64", []string{":heappages", u64(64)}, 64},
		{"bytes behind it", []string{":heappages", u64(64) + "more"}, 64},
		{"too short", []string{":heappages", u64(64)[:7]}, 0},
		{"2^32 + 5", []string{":heappages", u64(1<<32 + 5)}, 5},
		{"most", []string{":heappages", u64(math.MaxUint64)}, math.MaxUint32},
	} {
		if got, err := HeapPages(newState(t, c.pairs...)); err != nil || got != c.want {
			t.Errorf("%s: got %d, %v, want %d", c.name, got, err, c.want)
		}
	}
	gone := errors.New("disk is gone")
	if _, err := HeapPages(errReader{err: gone}); !errors.Is(err, gone) {
		t.Errorf("got %v", err)
	}
}

// Heap pages count beyond what the module declares; the declared maximum and the engine's bound hold whatever is asked for.
func TestHeapPages(t *testing.T) {
	// The guest grows its memory page by page as far as it goes and answers memory.size.
	guest := func(memory wasmbin.Limits) []byte {
		g := newModule().run(asm(
			wasmbin.OpLoop, 0x40, constI32(1), wasmbin.OpMemoryGrow, 0, constI32(-1), 0x47, wasmbin.OpBrIf, 0, wasmbin.OpEnd,
			constI32(16), wasmbin.OpMemorySize, 0, 0x36, 2, 0, constI64(16|4<<32),
		))
		g.Memories[0] = memory
		return g.Encode()
	}
	eachEngine(t, Config{MaxPages: 5000}, func(t *testing.T, e *Engine) {
		for _, c := range []struct {
			memory wasmbin.Limits
			extra  uint32
			want   uint32
		}{
			{wasmbin.Limits{Min: 3}, 0, 3 + DefaultHeapPages},
			{wasmbin.Limits{Min: 3}, 1, 4},
			{wasmbin.Limits{Min: 100}, 50, 150},
			{wasmbin.Limits{Min: 3, Max: 7, HasMax: true}, 50, 7},
			{wasmbin.Limits{Min: 3}, 4999, 5000},
			{wasmbin.Limits{Min: 3}, math.MaxUint32, 5000},
		} {
			r, err := e.Load(context.Background(), guest(c.memory))
			if err != nil {
				t.Fatal(err)
			}
			if got := binary.LittleEndian.Uint32(mustCall(t, r, &Env{HeapPages: c.extra}, "run", nil)); got != c.want {
				t.Errorf("%d pages declared and %d more: the guest gets %d, want %d", c.memory.Min, c.extra, got, c.want)
			}
		}
	})
}

// failing is a state whose back end is gone, all of it.
type failing struct {
	storage.State
	err error
}

func (s failing) Get(_, _ []byte) ([]byte, bool, error)     { return nil, false, s.err }
func (s failing) Has(_, _ []byte) (bool, error)             { return false, s.err }
func (s failing) NextKey(_, _ []byte) ([]byte, bool, error) { return nil, false, s.err }
func (s failing) Iterate(child, prefix, from []byte) storage.Iterator {
	return failingKeys{s.State.Iterate(child, prefix, from), s.err}
}
func (s failing) Derive(*storage.Changes, trie.Version) (storage.State, error) {
	return nil, s.err
}

type failingKeys struct {
	storage.Iterator
	err error
}

func (k failingKeys) Next() bool { return false }
func (k failingKeys) Err() error { return k.err }

// A back end that fails ends the call as a fault of the host; what the guest does wrong does not.
func TestStateFailure(t *testing.T) {
	gone := errors.New("disk is gone")
	for name, args := range map[string][]any{
		"ext_storage_get_version_1":                        {"key"},
		"ext_storage_exists_version_1":                     {"key"},
		"ext_storage_next_key_version_1":                   {"key"},
		"ext_storage_clear_prefix_version_1":               {"key"},
		"ext_storage_append_version_1":                     {"key", "item"},
		"ext_storage_root_version_1":                       {},
		"ext_default_child_storage_get_version_1":          {"child", "key"},
		"ext_default_child_storage_storage_kill_version_1": {"child"},
	} {
		g := newTester(t, &Env{Storage: storage.NewOverlay(failing{newState(t).Parent(), gone})})
		_, err := g.call(name, args...)
		wantTrap(t, err, name, -1, gone)
		wantTrap(t, err, name, -1, ErrHost)
	}
	g := newTester(t, &Env{Storage: newState(t)})
	for name, args := range map[string][]any{
		"ext_storage_commit_transaction_version_1": {},
		"ext_storage_append_version_1":             {":child_storage:default:x", "item"},
	} {
		if _, err := g.call(name, args...); err == nil || errors.Is(err, ErrHost) {
			t.Errorf("%s: got %v", name, err)
		}
	}
}

// reads remembers how a state was read.
type reads struct {
	storage.State
	log bytes.Buffer
}

func (r *reads) Get(child, key []byte) ([]byte, bool, error) {
	r.log.WriteString("get " + string(key) + " ")
	return r.State.Get(child, key)
}

func (r *reads) Has(child, key []byte) (bool, error) {
	r.log.WriteString("has " + string(key) + " ")
	return r.State.Has(child, key)
}

// To ask whether a key exists is not to read its value, which a proof would have to hold.
func TestExistsReadsNoValue(t *testing.T) {
	below := &reads{State: newState(t, "key", "value").Parent()}
	g := newTester(t, &Env{Storage: storage.NewOverlay(below)})
	if g.must("ext_storage_exists_version_1", "key") != 1 || g.must("ext_storage_exists_version_1", "other") != 0 ||
		g.must("ext_default_child_storage_exists_version_1", "child", "key") != 0 {
		t.Error("wrong answers")
	}
	if got := below.log.String(); got != "has key has other has key " {
		t.Errorf("the state was asked: %s", got)
	}
	tracker := NewTracker(newState(t, "key", "value").Parent())
	g = newTester(t, &Env{Storage: tracker})
	g.must("ext_storage_exists_version_1", "key")
	if n := tracker.counts(); n != [4]uint32{1, 0, 0, 0} {
		t.Errorf("a benchmark counts %v", n)
	}
}
