package trie

import (
	"bytes"
	"encoding/hex"
	"encoding/json"
	"errors"
	"slices"
	"strings"
	"testing"

	"github.com/gotensor/gotensor/internal/outside"
	"github.com/gotensor/gotensor/primitives/hash"
)

// splitProof cuts a SCALE-encoded storage proof into its nodes.
func splitProof(t *testing.T, b []byte) (nodes [][]byte) {
	t.Helper()
	size := [4]int{1, 2, 4, 5}[b[0]&3]
	b = b[size:]
	for len(b) > 0 {
		n, err := takeCompact(&b, "node")
		if err != nil {
			t.Fatal(err)
		}
		node, err := take(&b, n, "node")
		if err != nil {
			t.Fatal(err)
		}
		nodes = append(nodes, node)
	}
	return nodes
}

// TestSmoldot checks what smoldot's tests state, in lib/src/trie: proof_decode/tests.rs (storage_value_works, issue_2035*,
// issue_2175) and calculate_root.rs.
func TestSmoldot(t *testing.T) {
	type statement struct{ Root, Key, Next, Prefix, Proof hexBytes }
	var file struct {
		Example   statement
		Next      []statement
		Issue2175 statement `json:"issue_2175"`
	}
	readVectors(t, "smoldot.json.gz", &file)
	unhex := func(s string) []byte {
		b, err := hex.DecodeString(s)
		if err != nil {
			t.Fatal(err)
		}
		return b
	}
	nodes, root := splitProof(t, file.Example.Proof), hash.H256(file.Example.Root)
	key := unhex("9c5d795d0297be56027a4b2464e3339763e6d3c1fb15805edfd024172ea4817d7081542596adb05d6140c170ac479edf7cfd5aa35357590acfe5d11a804d944e")
	if v, ok, err := VerifyProof(root, nodes, key); err != nil || !ok || hex.EncodeToString(v) != "0d1456fdda7b8ec7f9e5c794cd83194f0593e4ea" {
		t.Errorf("value: %x %v %v", v, ok, err)
	}
	if v, ok, err := VerifyProof(root, nodes, append(key, 0x25)); err != nil || ok {
		t.Errorf("absent key: %x %v %v", v, ok, err)
	}
	for _, c := range []struct {
		root hash.H256
		key  []byte
	}{{root, unhex("9c5d795d0297be56027a4b2464e3339763e6d3c1fb15805edfd024172ea4817d7000")}, {hash.H256{}, nil}} {
		if _, _, err := VerifyProof(c.root, nodes, c.key); !errors.Is(err, ErrMissing) {
			t.Errorf("key %x: %v, want a missing node", c.key, err)
		}
	}
	if len(file.Next) != 3 {
		t.Fatalf("%d next keys, want 3", len(file.Next))
	}
	for i, s := range file.Next {
		part, err := FromProof(hash.H256(s.Root), splitProof(t, s.Proof))
		if err != nil {
			t.Fatal(err)
		}
		if got, ok, err := part.NextKey(s.Key); err != nil || !ok || !bytes.Equal(got, s.Next) {
			t.Errorf("next key %d: %x %v %v, want %x", i, got, ok, err, s.Next)
		}
	}
	s := file.Issue2175
	part, err := FromProof(hash.H256(s.Root), splitProof(t, s.Proof))
	if err != nil {
		t.Fatal(err)
	}
	if it := part.IteratorAfter(s.Prefix, s.Key); it.Next() || it.Err() != nil {
		t.Errorf("issue 2175: key %x, %v, want none", it.Key(), it.Err())
	}
	one := []Pair{{[]byte("abcd"), []byte("hello world")}}
	for _, v := range []Version{V0, V1} {
		if got := RootOf(one, v).String(); got != "0x7ab18659d3b2789ef2400d107104c7d4fb93d06d9ab6a8b641a5de7c3fecc851" {
			t.Errorf("root of one node: %s", got)
		}
	}
}

// TestSmoldotPrefix walks a prefix over the nodes of many proofs, as smoldot's lib/src/trie/prefix_proof/tests.rs does.
func TestSmoldotPrefix(t *testing.T) {
	raw := outside.Read(t, 1, "smol-dot/smoldot/lib/src/trie/prefix_proof/test.json")
	var file struct {
		Prefix  string   `json:"prefix"`
		Root    string   `json:"trie_root_hash"`
		Proofs  []string `json:"proofs"`
		Entries []string `json:"expected_entries"`
	}
	if err := json.Unmarshal(raw, &file); err != nil {
		t.Fatal(err)
	}
	unhex := func(s string) []byte {
		b, err := hex.DecodeString(strings.TrimPrefix(s, "0x"))
		if err != nil {
			t.Fatal(err)
		}
		return b
	}
	var nodes [][]byte
	for _, p := range file.Proofs {
		nodes = append(nodes, splitProof(t, unhex(p))...)
	}
	part, err := FromProof(hash.H256(unhex(file.Root)), nodes)
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	it := part.Iterator(unhex(file.Prefix))
	for it.Next() {
		got = append(got, "0x"+hex.EncodeToString(it.Key()))
	}
	slices.Sort(file.Entries)
	if it.Err() != nil || len(got) == 0 || !slices.Equal(got, file.Entries) {
		t.Fatalf("%d keys, want %d: %v", len(got), len(file.Entries), it.Err())
	}
	t.Logf("%d proofs, %d nodes, %d keys", len(file.Proofs), len(nodes), len(got))
}
