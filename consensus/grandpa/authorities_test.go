package grandpa

import (
	"compress/gzip"
	"encoding/hex"
	"encoding/json"
	"errors"
	"os"
	"slices"
	"testing"

	"github.com/gotensor/gotensor/primitives/chain"
	"github.com/gotensor/gotensor/primitives/hash"
	"github.com/gotensor/gotensor/primitives/scale"
)

// Pending changes are kept, enacted and dropped as Substrate's tree of them does it, and it is encoded in the same bytes after each step.
func TestVectorForkTree(t *testing.T) {
	file, err := os.Open("testdata/fork-tree.json.gz")
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	r, err := gzip.NewReader(file)
	if err != nil {
		t.Fatal(err)
	}
	var vectors struct {
		Cases []struct {
			tree
			Ops [][]any
		}
	}
	if err := json.NewDecoder(r).Decode(&vectors); err != nil {
		t.Fatal(err)
	}
	seen := make(map[string]int)
	for i, c := range vectors.Cases {
		set, err := NewAuthoritySet([]Authority{{voterID(1), 1}}, 0)
		if err != nil {
			t.Fatal(err)
		}
		for k, op := range c.Ops {
			name, block, want, encoded := op[0].(string), int(op[1].(float64)), int(op[3].(float64)), op[4].(string)
			got := 0
			switch name {
			case "add":
				err := set.Add(PendingChange{Next: []Authority{{AuthorityID(blockHash(block + 1000)), 1}}, Delay: chain.BlockNumber(op[2].(float64)), AnnouncedAt: c.target(block)}, &c.tree)
				switch {
				case errors.Is(err, ErrDuplicateChange):
					got = 1
				case errors.Is(err, ErrReverted):
					got = 2
				case err != nil:
					t.Fatal(err)
				}
			case "enacts":
				enacts, next, err := set.Enacts(c.target(block), &c.tree)
				switch {
				case errors.Is(err, ErrDependency):
					got = 3
				case errors.Is(err, ErrReverted):
					got = 4
				case err != nil:
					t.Fatal(err)
				case next:
					got = 1
				case enacts:
					got = 2
				}
			case "final":
				before := len(set.History)
				applied, err := set.ApplyStandard(c.target(block), &c.tree)
				switch {
				case errors.Is(err, ErrDependency):
					got = 3
				case errors.Is(err, ErrReverted):
					got = 4
				case err != nil:
					t.Fatal(err)
				case applied.Change != nil:
					got = 1000 + index(&applied.Change.AnnouncedAt)
					if last := set.History[len(set.History)-1]; len(set.History) != before+1 || last.Last != c.number(block) || last.SetID+1 != set.SetID || !slices.Equal(set.Current, applied.Change.Next) {
						t.Errorf("case %d, step %d: %+v", i, k, set)
					}
				case applied.Changed:
					got = 1
				}
			}
			if got != want {
				t.Fatalf("case %d, step %d: %v: got %d", i, k, op[:4], got)
			}
			seen[name]++
			if want > 0 {
				seen[name+" "+[]string{"", "1", "2", "3", "4", "enacted"}[min(want, 5)]]++
			}
			if encoded == "" {
				continue
			}
			data := scale.AppendOption(appendNodes(nil, set.standard), set.finalised, appendNumber)
			if got := hex.EncodeToString(data); got != encoded {
				t.Fatalf("case %d after step %d: %v:\n%s, expected\n%s", i, k, op[:4], got, encoded)
			}
			if again, err := scale.Unmarshal[AuthoritySet](scale.Marshal(set)); err != nil || !slices.Equal(scale.Marshal(again), scale.Marshal(set)) {
				t.Fatalf("case %d after step %d: %v", i, k, err)
			}
		}
	}
	t.Log(seen)
	for _, name := range []string{"add 1", "enacts 1", "enacts 2", "enacts 3", "final 1", "final enacted", "final 3"} {
		if seen[name] == 0 {
			t.Errorf("no case of %s", name)
		}
	}
}

// line is a chain of n blocks above block 0.
func line(n int) *tree {
	c := &tree{Tree: []int{-1}}
	for i := range n {
		c.Tree = append(c.Tree, i)
	}
	return c
}

// Forced changes count from the best chain, one on each fork, and after the scheduled ones that were due.
func TestForcedChanges(t *testing.T) {
	c := line(20)
	fork := len(c.Tree)
	c.Tree = append(c.Tree, 4) // another block 5
	a, b := []Authority{{voterID(1), 1}}, []Authority{{voterID(2), 1}}
	set, err := NewAuthoritySet(a, 7)
	if err != nil {
		t.Fatal(err)
	}
	force := func(at int, delay, median chain.BlockNumber) PendingChange {
		return PendingChange{Next: b, Delay: delay, AnnouncedAt: c.target(at), Forced: true, Median: median}
	}
	must := func(err error) {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
	}
	must(set.Add(force(5, 5, 3), c))
	if err := set.Add(force(5, 5, 3), c); !errors.Is(err, ErrDuplicateChange) {
		t.Errorf("the same again: %v", err)
	}
	if err := set.Add(force(6, 5, 3), c); !errors.Is(err, ErrForcedPending) {
		t.Errorf("another one above: %v", err)
	}
	must(set.Add(force(fork, 2, 1), c)) // effective at 7, before that of the other fork
	if p := set.Pending(); len(p) != 2 || p[0].AnnouncedAt != c.target(fork) || p[1].Effective() != 10 {
		t.Errorf("%+v", p)
	}
	if err := set.Add(PendingChange{AnnouncedAt: c.target(8)}, c); !errors.Is(err, ErrAuthorities) {
		t.Errorf("nobody: %v", err)
	}
	if err := set.Add(PendingChange{Next: []Authority{{voterID(1), 0}}, AnnouncedAt: c.target(8)}, c); !errors.Is(err, ErrAuthorities) {
		t.Errorf("without a weight: %v", err)
	}
	for _, at := range []int{7, 9, 11} {
		if next, _, err := set.ApplyForced(c.target(at), c); next != nil || err != nil {
			t.Errorf("block %d: %+v, %v", at, next, err)
		}
	}
	next, change, err := set.ApplyForced(c.target(10), c)
	if err != nil || next == nil || next.SetID != 8 || next.Current[0] != b[0] || len(next.Pending()) != 0 || change.AnnouncedAt != c.target(5) ||
		!slices.Equal(next.History, []SetChange{{7, 3}}) || set.SetID != 7 || len(set.Pending()) != 2 {
		t.Fatalf("%+v, %v", next, err)
	}
	// A scheduled change that was due below the median must have been enacted.
	must(set.Add(PendingChange{Next: b, Delay: 1, AnnouncedAt: c.target(2)}, c))
	if _, _, err := set.ApplyForced(c.target(10), c); !errors.Is(err, ErrDependency) {
		t.Errorf("before a scheduled change: %v", err)
	}
	if at, ok := set.NextChange(c.target(4), c); !ok || at != c.target(2) {
		t.Errorf("%s %v", at, ok)
	}
	if limit, ok := set.Limit(3); !ok || limit != 3 {
		t.Errorf("%d %v", limit, ok)
	}
	if _, ok := set.Limit(4); ok {
		t.Error("the limit is below")
	}
	// Its finality drops the forced change of the other fork when one is chosen.
	applied, err := set.ApplyStandard(c.target(3), c)
	if err != nil || applied.Change == nil || len(set.Pending()) != 2 {
		t.Fatalf("%+v, %v, %v", applied, set.Pending(), err)
	}
	// What blocks announced that are no more is dropped.
	set.Retain(func(t Target) bool { return t.Number <= 5 })
	if len(set.Pending()) != 2 {
		t.Errorf("%+v", set.Pending())
	}
	set.Retain(func(t Target) bool { return t != c.target(5) })
	if p := set.Pending(); len(p) != 1 || p[0].AnnouncedAt != c.target(fork) {
		t.Errorf("%+v", p)
	}
	must(set.Add(PendingChange{Next: b, Delay: 1, AnnouncedAt: c.target(6)}, c))
	must(set.Add(PendingChange{Next: b, Delay: 1, AnnouncedAt: c.target(8)}, c))
	set.Retain(func(t Target) bool { return t.Number < 8 })
	if p := set.Pending(); len(p) != 2 || p[0].AnnouncedAt != c.target(6) {
		t.Errorf("%+v", p)
	}
}

func TestSetOf(t *testing.T) {
	for _, test := range []struct {
		history []SetChange
		n       chain.BlockNumber
		set     uint64
		latest  bool
		ok      bool
	}{
		{nil, 0, 0, false, false},
		{nil, 5, 0, false, false},
		{[]SetChange{{0, 41}, {1, 81}, {2, 121}}, 20, 0, false, true},
		{[]SetChange{{0, 41}, {1, 81}, {2, 121}}, 41, 0, false, true},
		{[]SetChange{{0, 41}, {1, 81}, {2, 121}}, 42, 1, false, true},
		{[]SetChange{{0, 41}, {1, 81}, {2, 121}}, 121, 2, false, true},
		{[]SetChange{{0, 41}, {1, 81}, {2, 121}}, 122, 0, true, true},
		{[]SetChange{{1, 81}, {2, 121}}, 40, 0, false, false}, // what was before is not known
		{[]SetChange{{1, 81}, {2, 121}}, 82, 2, false, true},
	} {
		s := AuthoritySet{History: test.history}
		if change, latest, ok := s.SetOf(test.n); change.SetID != test.set || latest != test.latest || ok != test.ok {
			t.Errorf("block %d of %v: %+v %v %v", test.n, test.history, change, latest, ok)
		}
	}
}

// A header announces at most one change: the first forced one, or else the first scheduled one.
func TestFindChange(t *testing.T) {
	item := func(l Log) chain.DigestItem {
		return chain.DigestItem{Kind: chain.DigestConsensus, Engine: chain.EngineGrandpa, Data: scale.Marshal(l)}
	}
	change := func(id uint32, delay chain.BlockNumber) ScheduledChange {
		return ScheduledChange{[]Authority{{voterID(id), 1}}, delay}
	}
	header := chain.Header{Number: 9, Digest: []chain.DigestItem{
		{Kind: chain.DigestPreRuntime, Engine: chain.EngineGrandpa, Data: scale.Marshal(Log{Kind: LogScheduledChange, Change: change(9, 1)})},
		{Kind: chain.DigestConsensus, Engine: chain.EngineAura, Data: scale.Marshal(Log{Kind: LogScheduledChange, Change: change(9, 1)})},
		{Kind: chain.DigestConsensus, Engine: chain.EngineGrandpa, Data: []byte{1, 2, 3}},
		item(Log{Kind: LogPause, Delay: 4}),
		item(Log{Kind: LogScheduledChange, Change: change(1, 5)}),
		item(Log{Kind: LogScheduledChange, Change: change(2, 6)}),
	}}
	got, ok := FindChange(&header)
	if !ok || got.Forced || got.Delay != 5 || got.Next[0].ID != voterID(1) || got.AnnouncedAt != (Target{header.Hash(), 9}) || got.Effective() != 14 {
		t.Errorf("%+v %v", got, ok)
	}
	header.Digest = append(header.Digest, item(Log{Kind: LogForcedChange, Median: 3, Change: change(3, ^chain.BlockNumber(0))}), item(Log{Kind: LogForcedChange, Median: 4, Change: change(4, 8)}))
	if got, ok = FindChange(&header); !ok || !got.Forced || got.Median != 3 || got.Next[0].ID != voterID(3) || got.Effective() != ^chain.BlockNumber(0) {
		t.Errorf("%+v %v", got, ok)
	}
	header.Digest = header.Digest[:4]
	if got, ok := FindChange(&header); ok {
		t.Errorf("%+v", got)
	}
	for _, l := range []Log{{Kind: LogOnDisabled, Disabled: 7}, {Kind: LogResume, Delay: 4}, {Kind: LogForcedChange, Median: 1, Change: change(1, 2)}} {
		if again, err := scale.Unmarshal[Log](scale.Marshal(l)); err != nil || !slices.Equal(scale.Marshal(again), scale.Marshal(l)) || again.Kind != l.Kind {
			t.Errorf("%+v: %+v, %v", l, again, err)
		}
	}
}

// A block that is about to be imported is seen above its parent.
func TestImporting(t *testing.T) {
	c := line(3)
	next := Target{hash.H256{0xff}, 4}
	view := Importing(c, next, blockHash(3))
	for n := range chain.BlockNumber(5) {
		want := next.Hash
		if n < 4 {
			want = blockHash(int(n))
		}
		if got, err := view.Ancestor(next.Hash, n); err != nil || got != want {
			t.Errorf("block %d: %s, %v", n, got, err)
		}
	}
	if _, err := view.Ancestor(next.Hash, 5); err == nil {
		t.Error("there is a block above it")
	}
}
