package storage

import (
	"bytes"
	"errors"
	"fmt"
	"math/rand/v2"
	"testing"

	"github.com/gotensor/gotensor/storage/trie"
)

func TestCompactLengths(t *testing.T) {
	for _, c := range []struct {
		n       uint32
		encoded string
	}{ // Polkadot specification, "Compact"; parity-scale-codec compact.rs, compact_integers_encoded_as_expected
		{0, "00"}, {63, "fc"}, {64, "0101"}, {255, "fd03"}, {511, "fd07"}, {16383, "fdff"}, {16384, "02000100"}, {65535, "feff0300"},
		{1<<30 - 1, "feffffff"}, {1 << 30, "0300000040"}, {1<<32 - 1, "03ffffffff"},
	} {
		var buf [headroom]byte
		n := putCompact(&buf, c.n)
		if got := fmt.Sprintf("%x", buf[:n]); got != c.encoded {
			t.Errorf("%d: expected %s, got %s", c.n, c.encoded, got)
		}
		if got, size, ok := sequenceLength(append(buf[:n:n], 1, 2, 3)); got != c.n || size != n || !ok {
			t.Errorf("%d: read back as %d of %d bytes, %v", c.n, got, size, ok)
		}
		if _, _, ok := sequenceLength(buf[:n-1]); ok {
			t.Errorf("%d: cut short and taken", c.n)
		}
	}
	for _, bad := range []string{"", "\x01\x00", "\xfd\x00", "\x02\x00\x00\x00", "\xfe\xff\x00\x00", "\x03\xff\xff\xff\x3f", "\x07\x00\x00\x00\x40\x00"} {
		if _, _, ok := sequenceLength([]byte(bad)); ok {
			t.Errorf("%x: taken for a length", bad)
		}
	}
}

func TestAppendWraps(t *testing.T) {
	o := NewOverlay(memory(t, content{}))
	set(t, o, nil, "k", "\x03\xff\xff\xff\xffabc")
	do(t, o.Append([]byte("k"), []byte("d")))
	want(t, o, nil, "k", "\x00abcd")
}

func TestClearCursor(t *testing.T) {
	s := memory(t, content{"top": {"a": "", "b": "", "b1": "", "b2": "", "b3": "", "c": ""}})
	for _, c := range []struct{ cursor, deleted string }{
		{"", "bb1b2b3"}, {"a", "bb1b2b3"}, {"b", "bb1b2b3"}, {"b1", "b1b2b3"}, {"b11", "b2b3"}, {"b3", "b3"}, {"b4", ""}, {"c", ""}, {"bz", ""},
	} {
		o := NewOverlay(s)
		_, err := o.ClearPrefix(nil, []byte("b"), nil, []byte(c.cursor))
		do(t, err)
		deleted := ""
		for _, change := range o.Changes().Top {
			deleted += string(change.Key)
		}
		if deleted != c.deleted {
			t.Errorf("cursor %q: expected %q, got %q", c.cursor, c.deleted, deleted)
		}
	}
}

func TestStaleChildRoot(t *testing.T) {
	// After Root, ChildRoot answers from the top trie, which Root does not write to.
	child := []byte("c")
	s := memory(t, content{"child:c": {"k": "v"}})
	before, err := s.ChildRoot(child)
	do(t, err)
	o := NewOverlay(s)
	set(t, o, child, "k", "w")
	_, err = o.Root(trie.V1)
	do(t, err)
	stale, err := o.ChildRoot(child, trie.V1)
	do(t, err)
	if stale != before {
		t.Fatalf("expected %s, got %s", before, stale)
	}
	set(t, o, nil, "x", "y")
	fresh, err := o.ChildRoot(child, trie.V1)
	do(t, err)
	if expected := rootOf(map[string]string{"k": "w"}, trie.V1); fresh != expected {
		t.Fatalf("expected %s, got %s", expected, fresh)
	}
}

func TestTransactionsAreBounded(t *testing.T) {
	o := NewOverlay(memory(t, content{}))
	for range MaxTransactions {
		do(t, o.Begin())
	}
	if err := o.Begin(); !errors.Is(err, ErrTooDeep) {
		t.Fatal(err)
	}
}

// TestRollbackLeavesNothing opens, writes and rolls back many times: lists must not grow.
func TestRollbackLeavesNothing(t *testing.T) {
	o := NewOverlay(memory(t, content{"top": {"z": "1"}}))
	set(t, o, nil, "kept", "1")
	for i := range 10000 {
		do(t, o.Begin())
		do(t, o.Begin())
		set(t, o, nil, fmt.Sprint(i), "v")
		set(t, o, []byte("child"), fmt.Sprint(i), "v")
		if i%10 == 0 {
			_, _, err := o.NextKey(nil, []byte("a"))
			do(t, err)
		}
		do(t, o.Commit())
		do(t, o.Append([]byte("kept"), []byte("x")))
		do(t, o.Rollback())
	}
	if len(o.top.entries) != 1 || len(o.top.fresh)+len(o.top.order.runs) > 2 || len(o.top.dirty) != 1 || len(o.children) != 0 || len(o.journal) != 0 {
		t.Fatalf("left: %d entries, %d fresh, %d runs, %d dirty, %d children, %d in the journal", len(o.top.entries), len(o.top.fresh),
			len(o.top.order.runs), len(o.top.dirty), len(o.children), len(o.journal))
	}
}

func TestWipeAndPersist(t *testing.T) {
	o := NewOverlay(memory(t, content{"top": {"genesis": "1"}}))
	do(t, o.EnterRuntime())
	do(t, o.Begin())
	set(t, o, nil, "a", "1")
	do(t, o.Persist())
	want(t, o, nil, "a", "1")
	if len(o.Changes().Top) != 0 {
		t.Fatal("changes were not folded in")
	}
	want(t, o.Parent(), nil, "a", "1")
	do(t, o.Begin())
	set(t, o, nil, "b", "1")
	do(t, o.Wipe())
	want(t, o, nil, "a", "-")
	want(t, o, nil, "b", "-")
	want(t, o, nil, "genesis", "1")
	if _, err := o.ExitRuntime(); err != nil {
		t.Fatal(err)
	}
	do(t, o.Begin())
	for _, f := range []func() error{o.Wipe, o.Persist} {
		if err := f(); !errors.Is(err, ErrOpenTransaction) {
			t.Fatal(err)
		}
		do(t, o.EnterRuntime())
		if err := f(); !errors.Is(err, ErrOpenTransaction) {
			t.Fatal(err)
		}
		_, err := o.ExitRuntime()
		do(t, err)
	}
}

// broken is a state below which the disk fails.
type broken struct{ State }

var errDisk = errors.New("disk on fire")

func (broken) Get(child, key []byte) ([]byte, bool, error) { return nil, false, errDisk }
func (broken) Has(child, key []byte) (bool, error)         { return false, errDisk }
func (broken) Iterate(child, prefix, from []byte) Iterator {
	return &trieKeys{Iterator: trie.New().Iterator(nil), err: errDisk}
}
func (broken) NextKey(child, key []byte) ([]byte, bool, error) { return nil, false, errDisk }
func (broken) Derive(*Changes, trie.Version) (State, error)    { return nil, errDisk }

func TestBackEndErrorsComeThrough(t *testing.T) {
	o := NewOverlay(broken{memory(t, content{})})
	key := []byte("k")
	calls := map[string]func() error{
		"get":    func() error { _, _, err := o.Get(nil, key); return err },
		"has":    func() error { _, err := o.Has(nil, key); return err },
		"next":   func() error { _, _, err := o.NextKey(nil, key); return err },
		"append": func() error { return o.Append(key, key) },
		"clear":  func() error { _, err := o.ClearPrefix(nil, key, nil, nil); return err },
		"kill":   func() error { _, err := o.KillChild(key, nil, nil); return err },
		"root":   func() error { _, err := o.Root(trie.V1); return err },
		"child":  func() error { _, err := o.ChildRoot(key, trie.V1); return err },
		"finish": func() error { _, _, err := o.Finish(trie.V1); return err },
	}
	for _, name := range sortedKeys(calls) {
		if err := calls[name](); !errors.Is(err, errDisk) {
			t.Errorf("%s: got %v", name, err)
		}
	}
}

// TestRootAfterFailure derives again from the parent after an error, when the back end is well again.
func TestRootAfterFailure(t *testing.T) {
	s := memory(t, content{"top": {"a": "1"}})
	o := NewOverlay(s)
	set(t, o, nil, "b", "2")
	_, err := o.Root(trie.V1)
	do(t, err)
	well := o.derived
	o.derived = broken{well}
	set(t, o, nil, "c", "3")
	if _, err := o.Root(trie.V1); !errors.Is(err, errDisk) {
		t.Fatal(err)
	}
	root, err := o.Root(trie.V1)
	do(t, err)
	if expected := rootOf(map[string]string{"a": "1", "b": "2", "c": "3"}, trie.V1); root != expected {
		t.Fatalf("expected %s, got %s", expected, root)
	}
}

// TestOrder adds and removes at random and checks against a sorted list.
func TestOrder(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 1))
	var o order
	present := map[string]*entry{}
	for step := range 20000 {
		key := fmt.Sprint(r.IntN(4000))
		if e := present[key]; e != nil && r.IntN(3) > 0 {
			o.remove(e)
			delete(present, key)
		} else if e == nil {
			present[key] = &entry{key: key}
			o.add(present[key])
		}
		if step%1000 != 0 {
			continue
		}
		keys := sortedKeys(present)
		p := o.seek("", false)
		for _, key := range keys {
			if e := o.at(p); e != present[key] {
				t.Fatalf("step %d: expected %q, got %v", step, key, e)
			}
			p = o.next(p)
		}
		if o.at(p) != nil {
			t.Fatalf("step %d: more than %d entries", step, len(keys))
		}
		for i, key := range keys {
			if got := o.at(o.seek(key, false)); got.key != key {
				t.Fatalf("seek %q: got %q", key, got.key)
			}
			if got := o.at(o.seek(key, true)); (got == nil) != (i+1 == len(keys)) || got != nil && got.key != keys[i+1] {
				t.Fatalf("seek after %q: got %v", key, got)
			}
		}
	}
}

// FuzzOverlay does steps that bytes choose on the overlay and on the model.
func FuzzOverlay(f *testing.F) {
	f.Add(uint64(1), []byte("abcdefghijklmnopqrstuvwxyz"))
	f.Add(uint64(2), bytes.Repeat([]byte{3, 200, 17, 90}, 20))
	f.Fuzz(func(t *testing.T, seed uint64, data []byte) {
		if len(data) > 300 {
			return
		}
		r := rand.New(rand.NewPCG(seed, 7))
		parent := randomContent(r)
		ops := randomOps(r, len(data))
		for i, b := range data {
			ops[i].name = modelOps[int(b)%len(modelOps)]
		}
		if err := runModel(parent, trie.Version(seed%2), ops); err != nil {
			t.Fatal(err)
		}
	})
}

func TestArgumentsAreCopied(t *testing.T) {
	o := NewOverlay(memory(t, content{}))
	guest := []byte("value")
	do(t, o.Set(nil, []byte("k"), guest))
	do(t, o.Append([]byte("l"), guest))
	guest[0] = 'X'
	want(t, o, nil, "k", "value")
	want(t, o, nil, "l", "\x04value")
}

func TestLimit(t *testing.T) {
	s := memory(t, content{"top": {"a1": "", "a2": "", "a3": ""}})
	key, megabyte := []byte("k"), make([]byte, 1<<20)
	calls := map[string]func(o *Overlay, i int) error{
		"set":          func(o *Overlay, i int) error { return o.Set(nil, fmt.Append(nil, i), megabyte) },
		"set nested":   func(o *Overlay, i int) error { o.Begin(); return o.Set(nil, key, megabyte) },
		"append":       func(o *Overlay, i int) error { return o.Append(key, megabyte) },
		"delete":       func(o *Overlay, i int) error { return o.Delete([]byte("child"), fmt.Append(nil, i)) },
		"clear prefix": func(o *Overlay, i int) error { _, err := o.ClearPrefix(nil, []byte("a"), nil, nil); return err },
	}
	for _, name := range sortedKeys(calls) {
		o := NewOverlay(s)
		o.SetLimit(10 << 20)
		if name == "clear prefix" {
			o.SetLimit(2 * entryCost)
		}
		var err error
		for i := 0; err == nil && i < 1<<20; i++ {
			err = calls[name](o, i)
		}
		if !errors.Is(err, ErrLimit) {
			t.Errorf("%s: got %v", name, err)
		}
		if o.held > 12<<20 {
			t.Errorf("%s: %d bytes held", name, o.held)
		}
	}
	// What is written over does not count, nor what is rolled back.
	o := NewOverlay(s)
	o.SetLimit(4 << 20)
	for range 100 {
		do(t, o.Set(nil, key, megabyte))
		do(t, o.Begin())
		do(t, o.Set(nil, key, megabyte))
		do(t, o.Rollback())
	}
}

// TestIndexOffchain: writes for offchain use follow transactions, the last one counts, and they change neither a root nor
// whether one is fresh.
func TestIndexOffchain(t *testing.T) {
	o := NewOverlay(memory(t, content{"top": {"a": "1"}}))
	before, err := o.Root(trie.V1)
	do(t, err)
	index := func(key, value string) { t.Helper(); do(t, o.IndexOffchain([]byte(key), []byte(value), value != "-")) }
	index("b", "1")
	index("a", "1")
	do(t, o.Begin())
	index("b", "2")
	index("gone", "1")
	do(t, o.Begin())
	index("a", "-")
	do(t, o.Commit())
	do(t, o.Rollback())
	wantChanges(t, o.Changes().Offchain, "a=1", "b=1")
	do(t, o.Begin())
	index("b", "-")
	index("c", "")
	do(t, o.Commit())
	want(t, o, nil, "a", "1")
	want(t, o, nil, "b", "-")
	state, changes, err := o.Finish(trie.V1)
	do(t, err)
	wantChanges(t, changes.Offchain, "a=1", "-b", "c=")
	if len(changes.Top) != 0 || state.Root() != before {
		t.Fatalf("writes for offchain use changed the state: %v", changes.Top)
	}
	if _, changes, err = o.Finish(trie.V1); err != nil || len(changes.Offchain) != 0 {
		t.Fatalf("writes for offchain use came twice: %v, %v", changes.Offchain, err)
	}
	o.SetLimit(1000)
	if err := o.IndexOffchain([]byte("k"), make([]byte, 1000), true); !errors.Is(err, ErrLimit) {
		t.Fatalf("expected ErrLimit, got %v", err)
	}
}
