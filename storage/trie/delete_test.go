package trie

import (
	"encoding/hex"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"

	"github.com/gotensor/gotensor/primitives/hash"
	"github.com/gotensor/gotensor/storage/internal/naive"
)

// TestDeleteAbsent is the deletion of an absent key that takes a value with it: the two vectors of the package documentation,
// and the one on which Substrate panics. Roots are of sp-trie 47.0.0.
func TestDeleteAbsent(t *testing.T) {
	for _, c := range []struct {
		keys          []string
		absent        string
		before, after string
		lost          string
	}{
		{[]string{"ab", "aa11", "aa1122", "aa1133"}, "aa",
			"0x7ad05f4be1d761e9cbc5f02e1377d0b3e0b96647906288e7301b3c6cecc52c23",
			"0x2e04c2659a619533bb9c9e46d532ba49a4a5ba4e7a10846b8cb45e831d146cc3", "aa11"},
		{[]string{"11", "1122", "1133"}, "",
			"0xd7a0858b5b13410244e7572c0ea7edcf8119c616c8841e9b52a93fffd74e149e",
			"0x6a7437724366d576a8a1ec0bd6fde880f31e1d8975234de1c618b28bda5f0595", "11"},
		{[]string{"ab", "aa11", "aa1122"}, "aa",
			"0x2093d73c869847b074a85968e9c7fed5ca45035273ce872478292b0975e32106", "", ""},
	} {
		tr := New()
		for _, key := range c.keys {
			if err := tr.Put(unhex(t, key), []byte("v"), V1); err != nil {
				t.Fatal(err)
			}
		}
		if got := tr.Root(); got.String() != c.before {
			t.Fatalf("before: root %s, want %s", got, c.before)
		}
		err := tr.Delete(unhex(t, c.absent))
		if c.after == "" {
			if !errors.Is(err, ErrSubstratePanics) || tr.Root().String() != c.before {
				t.Fatalf("got %v and root %s, want ErrSubstratePanics", err, tr.Root())
			}
			continue
		}
		if err != nil {
			t.Fatal(err)
		}
		if got := tr.Root(); got.String() != c.after {
			t.Fatalf("after: root %s, want %s", got, c.after)
		}
		if _, ok, _ := tr.Get(unhex(t, c.lost)); ok || !tr.Nested() || fmt.Sprintf("%x", tr.Stripped()) != "["+c.lost+"]" {
			t.Fatalf("value at %s: %v; nested %v, stripped %x", c.lost, ok, tr.Nested(), tr.Stripped())
		}
	}
}

func unhex(t *testing.T, s string) []byte {
	t.Helper()
	b, err := hex.DecodeString(s)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

// TestSubstrateDeletes applies sorted changes to tries of nested keys as Substrate's delta_trie_root did: roots, recorded nodes
// and panics are the same.
func TestSubstrateDeletes(t *testing.T) {
	var cases []struct {
		Version      Version
		Base         [][2]hexBytes
		Before       hexBytes
		Delta        [][2]*hexBytes
		After        *hexBytes
		Recorded     int
		RecordedHash hexBytes `json:"recorded_hash"`
	}
	readVectors(t, "sp_trie_delete.json.gz", &cases)
	lost, panics := 0, 0
	for i, c := range cases {
		tr, model := New(), map[string][]byte{}
		for _, p := range c.Base {
			model[string(p[0])] = p[1]
			if err := tr.Put(p[0], p[1], c.Version); err != nil {
				t.Fatal(err)
			}
		}
		root := tr.Root()
		if root != hash.H256(c.Before) {
			t.Fatalf("case %d: root before %s, want %x", i, root, c.Before)
		}
		store := newStore()
		store.values = maps.Clone(model)
		if err := tr.Diff(nil, store); err != nil {
			t.Fatal(err)
		}
		// Once from memory, once from stored nodes, once from what was recorded.
		recorder := NewRecorder()
		for _, from := range []string{"memory", "store", "proof"} {
			var over *Trie
			switch from {
			case "memory":
				over = tr.Record(recorder)
			case "store":
				recorder = NewRecorder()
				over = Load(root, store).Record(recorder)
			default:
				var err error
				if over, err = FromProof(root, recorder.Proof()); err != nil && root != EmptyRoot {
					t.Fatal(err)
				}
			}
			after := maps.Clone(model)
			var err error
			for _, d := range c.Delta {
				expectPanic := false
				if d[1] != nil {
					after[string(*d[0])] = *d[1]
					err = over.Put(*d[0], *d[1], c.Version)
				} else {
					expectPanic = naive.Remove(after, string(*d[0]))
					err = over.Delete(*d[0])
				}
				if expectPanic != errors.Is(err, ErrSubstratePanics) {
					t.Fatalf("case %d, %s: delete %x: got %v, panic expected: %v", i, from, *d[0], err, expectPanic)
				}
				if err != nil {
					break
				}
			}
			if c.After == nil {
				if !errors.Is(err, ErrSubstratePanics) {
					t.Fatalf("case %d, %s: got %v, want ErrSubstratePanics", i, from, err)
				}
				panics++
				break
			}
			if err != nil {
				t.Fatalf("case %d, %s: %v", i, from, err)
			}
			if got := over.Root(); got != hash.H256(*c.After) {
				t.Fatalf("case %d, %s: root %s, want %x", i, from, got, *c.After)
			}
			lost += len(over.Stripped())
			if from == "proof" {
				break
			}
			var nodes []string
			for _, n := range recorder.Proof() {
				nodes = append(nodes, hex.EncodeToString(n))
			}
			slices.Sort(nodes)
			if sum := hash.Blake2b256([]byte(strings.Join(nodes, ","))); len(nodes) != c.Recorded || sum != hash.H256(c.RecordedHash) {
				t.Fatalf("case %d, %s: recorded %d nodes, want %d", i, from, len(nodes), c.Recorded)
			}
		}
	}
	if len(cases) == 0 || lost == 0 || panics == 0 {
		t.Fatalf("%d cases, %d values lost, %d panics: the vectors show nothing", len(cases), lost, panics)
	}
	t.Logf("%d cases, %d values lost, %d panics", len(cases), lost, panics)
}
