package storage

import (
	"bytes"
	"compress/gzip"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/gotensor/gotensor/primitives/hash"
	"github.com/gotensor/gotensor/storage/trie"
)

// TestSubstrateClears does clears as sp_state_machine's Ext did them over a recording back end. What they answer, and the
// nodes that they record, are the same. testdata/README.md tells how the vectors were made.
func TestSubstrateClears(t *testing.T) {
	var cases []struct {
		Version    trie.Version
		Root       string
		Top, Child [][2]string
		Ops        []struct {
			Kind, Prefix           string
			Limit                  *uint32
			Cursor, Next           *string
			Backend, Unique, Loops uint32
		}
		Recorded     int
		RecordedHash string `json:"recorded_hash"`
	}
	f, err := os.Open("testdata/sp_state_machine_clear.json.gz")
	do(t, err)
	defer f.Close()
	z, err := gzip.NewReader(f)
	do(t, err)
	do(t, json.NewDecoder(z).Decode(&cases))
	if len(cases) == 0 {
		t.Fatal("no vectors")
	}
	unhex := func(s string) []byte {
		b, err := hex.DecodeString(s)
		do(t, err)
		return append([]byte{}, b...)
	}
	pairs := func(list [][2]string) map[string]string {
		m := map[string]string{}
		for _, p := range list {
			m[string(unhex(p[0]))] = string(unhex(p[1]))
		}
		return m
	}
	for i, c := range cases {
		all := content{"top": pairs(c.Top)}
		if len(c.Child) > 0 {
			all["child:c"] = pairs(c.Child)
		}
		inMemory, err := NewMemoryState(all.changes(), c.Version)
		do(t, err)
		if got := inMemory.Root().String(); got != "0x"+c.Root {
			t.Fatalf("case %d: root %s, want %s", i, got, c.Root)
		}
		var proof [][]byte
		run := func(what string, s State) {
			t.Helper()
			o := NewOverlay(s)
			for j, op := range c.Ops {
				var cursor []byte
				if op.Cursor != nil {
					cursor = unhex(*op.Cursor)
				}
				var child []byte
				if op.Kind != "top" {
					child = []byte("c")
				}
				clear := func() (Cleared, error) { return o.ClearPrefix(child, unhex(op.Prefix), op.Limit, cursor) }
				if op.Kind == "kill" {
					clear = func() (Cleared, error) { return o.KillChild(child, op.Limit, cursor) }
				}
				got, err := clear()
				if err != nil {
					t.Fatalf("case %d, %s, clear %d: %v", i, what, j, err)
				}
				want := Cleared{Backend: op.Backend, Unique: op.Unique, Loops: op.Loops}
				if op.Next != nil {
					want.Next = unhex(*op.Next)
				}
				if fmt.Sprint(got) != fmt.Sprint(want) || (got.Next == nil) != (want.Next == nil) {
					t.Fatalf("case %d, %s, clear %d: got %v, want %v", i, what, j, got, want)
				}
			}
		}
		view, recorder, err := Record(inMemory)
		do(t, err)
		run("in memory", view)
		proof = recorder.Proof()
		var nodes []string
		for _, n := range proof {
			nodes = append(nodes, hex.EncodeToString(n))
		}
		slices.Sort(nodes)
		if sum := hash.Blake2b256([]byte(strings.Join(nodes, ","))); len(nodes) != c.Recorded || hex.EncodeToString(sum[:]) != c.RecordedHash {
			t.Fatalf("case %d: recorded %d nodes, want %d: %v", i, len(nodes), c.Recorded, c.Ops)
		}
		if len(proof) > 0 {
			partial, err := StateFromProof(inMemory.Root(), proof)
			do(t, err)
			run("from proof", partial)
		}
	}
}

// TestIterate walks prefixes of tries from random keys on, in memory and loaded.
func TestIterate(t *testing.T) {
	for seed := range uint64(200) {
		r := rand.New(rand.NewPCG(seed, 7))
		c := randomContent(r)
		s, err := NewMemoryState(c.changes(), trie.V1)
		do(t, err)
		store := nodeStore{}
		do(t, s.Diff(&TrieState{top: freeze(trie.New())}, store.sink))
		all := readAll(s)
		store.fold(all.changes())
		for range 20 {
			var child []byte
			if r.IntN(2) == 0 {
				child = []byte{'a' + byte(r.IntN(3))}
			}
			prefix := randomKey(r)
			prefix = prefix[:len(prefix)/2]
			from := randomKey(r)
			var want []string
			for _, key := range sortedKeys(all[trieName(child)]) {
				if strings.HasPrefix(key, prefix) && key >= from {
					want = append(want, key)
				}
			}
			for _, state := range []State{s, LoadState(s.Root(), store.source)} {
				var got []string
				keys := state.Iterate(child, []byte(prefix), []byte(from))
				for keys.Next() {
					got = append(got, string(keys.Key()))
					value, err := keys.Value()
					if err != nil || string(value) != all[trieName(child)][string(keys.Key())] {
						t.Fatalf("seed %d: value of %q: %q, %v", seed, keys.Key(), value, err)
					}
				}
				do(t, keys.Err())
				keys.Close()
				if fmt.Sprintf("%q", got) != fmt.Sprintf("%q", want) {
					t.Fatalf("seed %d: prefix %q from %q: got %q, want %q", seed, prefix, from, got, want)
				}
			}
		}
	}
}

// TestDeleteOrder: what a deletion of an absent key takes depends on what is written before it, so a second root is
// calculated from the parent as Substrate does it, and Finish tells what was lost.
func TestDeleteOrder(t *testing.T) {
	key := func(s string) string { b, _ := hex.DecodeString(s); return string(b) }
	for _, child := range [][]byte{nil, []byte("c")} {
		parent := content{"top": {}}
		parent[trieName(child)] = map[string]string{key("aa11"): "v", key("aa1122"): "v", key("aa1133"): "v"}
		s := memory(t, parent)
		o := NewOverlay(s)
		// Nothing but the root begins before aa, in the middle of whose child aa ends: nothing is lost.
		del(t, o, child, key("aa"))
		root, err := o.Root(trie.V1)
		do(t, err)
		if root != s.Root() {
			t.Fatalf("expected root %s, got %s", s.Root(), root)
		}
		// Now a branch comes in before: aa ends where its child begins, and aa11 goes. A second step would keep it.
		set(t, o, child, key("a9"), "v")
		state, changes, err := o.Finish(trie.V1)
		do(t, err)
		list := changes.Top
		if child != nil {
			list = changes.Child[0].Changes
		}
		wantChanges(t, list, key("a9")+"=v", "-"+key("aa"), "-"+key("aa11"))
		want(t, state, child, key("aa11"), "-")
		expected := content{"top": {}}
		expected[trieName(child)] = map[string]string{key("a9"): "v", key("aa1122"): "v", key("aa1133"): "v"}
		if got := expected.root(trie.V1); state.Root() != got {
			t.Fatalf("expected root %s, got %s", got, state.Root())
		}
	}
}

// TestDeleteThatOnlyASecondStepCannotDo: over what the first root made, the deletion is one that Substrate panics on; in one
// step it comes before what it would meet.
func TestDeleteThatOnlyASecondStepCannotDo(t *testing.T) {
	o := NewOverlay(memory(t, content{}))
	set(t, o, nil, "\xff\xff\xff", "v")
	set(t, o, nil, "\xff", "v")
	first, err := o.Root(trie.V1)
	do(t, err)
	del(t, o, nil, "")
	if again, err := o.Root(trie.V1); err != nil || again != first {
		t.Fatalf("expected root %s, got %s, %v", first, again, err)
	}
}

// TestDiffOfStatesLoadedApart: child tries that differ are found where neither state was derived from the other.
func TestDiffOfStatesLoadedApart(t *testing.T) {
	for seed := range uint64(60) {
		r := rand.New(rand.NewPCG(seed, 9))
		store, states := [2]nodeStore{{}, {}}, [2]*TrieState{}
		for i := range states {
			s, err := NewMemoryState(randomContent(r).changes(), trie.V1)
			do(t, err)
			do(t, s.Diff(&TrieState{top: freeze(trie.New())}, store[i].sink))
			store[i].fold(readAll(s).changes())
			states[i] = LoadState(s.Root(), store[i].source)
		}
		moved := store[0].clone()
		do(t, states[1].Diff(states[0], moved.sink))
		nodes := func(s nodeStore) (out []string) {
			for name, t := range s {
				for path, n := range t.nodes {
					out = append(out, fmt.Sprintf("%s %x %x", name, path, n))
				}
			}
			slices.Sort(out)
			return out
		}
		if a, b := fmt.Sprint(nodes(moved)), fmt.Sprint(nodes(store[1])); a != b {
			t.Fatalf("seed %d: got\n%s\nwant\n%s", seed, a, b)
		}
	}
}

// countingReader counts the nodes read.
type countingReader struct {
	trie.NodeReader
	reads map[string]int
}

func (c countingReader) Node(path []byte, h hash.H256) ([]byte, error) {
	c.reads[string(path)]++
	return c.NodeReader.Node(path, h)
}

// TestNothingIsReadTwice derives over a loaded state, deletions among the changes, and diffs: of every node that writes
// loaded, one read is all.
func TestNothingIsReadTwice(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 1))
	c := content{"top": {}, "child:a": {}}
	key := func() string { return string([]byte{byte(r.IntN(8)), byte(r.IntN(8)), byte(r.IntN(256)), 1}) }
	value := string(bytes.Repeat([]byte("v"), 30))
	for range 1000 {
		c["top"][key()], c["child:a"][key()] = value, value
	}
	s := memory(t, c)
	store := nodeStore{}
	do(t, s.Diff(&TrieState{top: freeze(trie.New())}, store.sink))
	reads, opened := map[string]map[string]int{}, map[string]int{}
	loaded := LoadState(s.Root(), func(child []byte) trie.NodeReader {
		name := trieName(child)
		opened[name]++
		if reads[name] == nil {
			reads[name] = map[string]int{}
		}
		return countingReader{store.of(child), reads[name]}
	})
	o := NewOverlay(loaded)
	for _, child := range [][]byte{nil, []byte("a")} {
		for _, key := range sortedKeys(c[trieName(child)])[:100] {
			set(t, o, child, key, "other")
		}
	}
	state, _, err := o.Finish(trie.V1)
	do(t, err)
	do(t, state.(*TrieState).Diff(loaded, nodeStore{}.sink))
	for name, paths := range reads {
		if len(paths) < 10 {
			t.Fatalf("%s: %d nodes read", name, len(paths))
		}
		for path, n := range paths {
			// The way to the child's root is walked once by the read of it and once by the write.
			if n > 1 && !(name == "top" && n == 2) {
				t.Errorf("%s: node %x was read %d times", name, path, n)
			}
		}
		if opened[name] != 1 {
			t.Errorf("%s: opened %d times", name, opened[name])
		}
	}
	for range 10 {
		for _, key := range sortedKeys(c["child:a"])[:3] {
			want(t, loaded, []byte("a"), key, value)
		}
	}
	if opened["child:a"] != 1 {
		t.Errorf("reads opened the child trie %d times", opened["child:a"])
	}
}
