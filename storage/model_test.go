package storage

import (
	"bytes"
	"errors"
	"fmt"
	"maps"
	"math/rand/v2"
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/gotensor/gotensor/primitives/hash"
	"github.com/gotensor/gotensor/storage/internal/naive"
	"github.com/gotensor/gotensor/storage/trie"
)

// content is a naive state: for each trie its pairs. The name of the top trie is "top", of a child trie "child:" and its key.
type content map[string]map[string]string

func trieName(child []byte) string {
	if child == nil {
		return "top"
	}
	return "child:" + string(child)
}

// root calculates the root of everything anew.
func (c content) root(v trie.Version) hash.H256 {
	top := map[string]string{}
	for key, value := range c["top"] {
		if !isChildKey([]byte(key)) {
			top[key] = value
		}
	}
	for name := range c {
		child, ok := strings.CutPrefix(name, "child:")
		if !ok {
			continue
		}
		if root := rootOf(c[name], v); root != trie.EmptyRoot {
			top[string(ChildRootKey([]byte(child)))] = string(root[:])
		}
	}
	return rootOf(top, v)
}

func rootOf(pairs map[string]string, v trie.Version) hash.H256 {
	var list []trie.Pair
	for key, value := range pairs {
		list = append(list, trie.Pair{Key: []byte(key), Value: []byte(value)})
	}
	return trie.RootOf(list, v)
}

// changes returns what makes an empty state into this one.
func (c content) changes() *Changes {
	changes := &Changes{}
	for _, name := range sortedKeys(c) {
		var list []Change
		for _, key := range sortedKeys(c[name]) {
			list = append(list, Change{Key: []byte(key), Value: []byte(c[name][key])})
		}
		if child, ok := strings.CutPrefix(name, "child:"); ok {
			changes.Child = append(changes.Child, ChildChanges{Child: []byte(child), Changes: list})
		} else {
			changes.Top = list
		}
	}
	return changes
}

func sortedKeys[V any](m map[string]V) []string {
	var keys []string
	for key := range m {
		keys = append(keys, key)
	}
	slices.Sort(keys)
	return keys
}

// layer is what one transaction wrote: nil is a deletion. Writes for offchain use are under the name "offchain".
type layer map[string]map[string]*string

// model does what Overlay does, in the most direct way that comes to mind.
type model struct {
	parent  content
	layers  []layer // the first is outside of every transaction
	floor   int
	guest   bool
	written bool
	rooted  bool
}

func newModel(parent content) *model { return &model{parent: parent, layers: []layer{{}}} }

func (m *model) overlaid(child []byte, key string) (value *string, ok bool) {
	for i := len(m.layers) - 1; i >= 0; i-- {
		if value, ok := m.layers[i][trieName(child)][key]; ok {
			return value, true
		}
	}
	return nil, false
}

func (m *model) get(child []byte, key string) *string {
	if value, ok := m.overlaid(child, key); ok {
		return value
	}
	if value, ok := m.parent[trieName(child)][key]; ok {
		return &value
	}
	return nil
}

func (m *model) put(child []byte, key string, value *string) {
	top := m.layers[len(m.layers)-1]
	if top[trieName(child)] == nil {
		top[trieName(child)] = map[string]*string{}
	}
	top[trieName(child)][key] = value
	m.written = true
}

// keys returns every key that has a value.
func (m *model) keys(child []byte) []string {
	all := map[string]bool{}
	for key := range m.parent[trieName(child)] {
		all[key] = true
	}
	for _, l := range m.layers {
		for key := range l[trieName(child)] {
			all[key] = true
		}
	}
	var keys []string
	for key := range all {
		if m.get(child, key) != nil {
			keys = append(keys, key)
		}
	}
	slices.Sort(keys)
	return keys
}

func (m *model) append(key, item string) {
	old := ""
	if value := m.get(nil, key); value != nil {
		old = *value
	}
	count, size, ok := sequenceLength([]byte(old))
	if !ok {
		count, size, old = 0, 0, ""
	}
	var prefix [headroom]byte
	value := string(prefix[:putCompact(&prefix, count+1)]) + old[size:] + item
	m.put(nil, key, &value)
}

func (m *model) index(key, value string, set bool) {
	top := m.layers[len(m.layers)-1]
	if top["offchain"] == nil {
		top["offchain"] = map[string]*string{}
	}
	if top["offchain"][key] = nil; set {
		top["offchain"][key] = &value
	}
}

// offchain returns what Changes.Offchain is.
func (m *model) offchain() []Change {
	all := map[string]*string{}
	for _, l := range m.layers {
		maps.Copy(all, l["offchain"])
	}
	changes := []Change{}
	for _, key := range sortedKeys(all) {
		change := Change{Key: []byte(key), Delete: true}
		if value := all[key]; value != nil {
			change = Change{Key: []byte(key), Value: []byte(*value)}
		}
		changes = append(changes, change)
	}
	return changes
}

func (m *model) clear(child []byte, prefix string, limit *uint32, cursor []byte) (cleared Cleared) {
	m.written = true
	for _, key := range m.keys(child) {
		if _, ok := m.overlaid(child, key); ok && strings.HasPrefix(key, prefix) {
			cleared.Unique++
			m.put(child, key, nil)
		}
	}
	for _, key := range sortedKeys(m.parent[trieName(child)]) {
		if !strings.HasPrefix(key, prefix) || key < string(cursor) {
			continue
		}
		if limit != nil && *limit == cleared.Loops {
			cleared.Next = []byte(key)
			break
		}
		cleared.Loops++
		if m.get(child, key) != nil {
			m.put(child, key, nil)
			cleared.Backend++
		}
	}
	cleared.Unique += cleared.Backend
	return cleared
}

// after returns the parent's content with all that was written applied to it trie by trie, in the order of keys, and whether
// Substrate would panic over it.
func (m *model) after(v trie.Version) (c content, panics bool) {
	c = content{}
	for name, pairs := range m.parent {
		c[name] = maps.Clone(pairs)
	}
	written := layer{"top": {}}
	for _, l := range m.layers {
		for name, pairs := range l {
			if written[name] == nil {
				written[name] = map[string]*string{}
			}
			maps.Copy(written[name], pairs)
		}
	}
	maps.DeleteFunc(written["top"], func(key string, _ *string) bool { return isChildKey([]byte(key)) })
	for _, name := range sortedKeys(written) { // child tries come before the top trie
		if name == "offchain" {
			continue
		}
		if c[name] == nil {
			c[name] = map[string]string{}
		}
		for _, key := range sortedKeys(written[name]) {
			if value := written[name][key]; value != nil {
				c[name][key] = *value
			} else if naive.Remove(c[name], key) {
				return nil, true
			}
		}
		if child, ok := strings.CutPrefix(name, "child:"); ok {
			key := string(ChildRootKey([]byte(child)))
			if root := rootOf(c[name], v); root != trie.EmptyRoot {
				value := string(root[:])
				written["top"][key] = &value
			} else {
				written["top"][key] = nil
			}
		}
	}
	return c, false
}

func (m *model) root(v trie.Version) (root hash.H256, panics bool) {
	c, panics := m.after(v)
	if panics {
		return root, true
	}
	m.written, m.rooted = false, true
	return rootOf(c["top"], v), false
}

func (m *model) childRoot(child []byte, v trie.Version) (root hash.H256, panics bool) {
	touched := false
	for _, l := range m.layers {
		touched = touched || len(l[trieName(child)]) > 0
	}
	key := string(ChildRootKey(child))
	if !touched || m.rooted && !m.written {
		if value := m.get(nil, key); value != nil {
			return hash.H256([]byte(*value)), false
		}
		return trie.EmptyRoot, false
	}
	c, panics := m.after(v)
	if panics {
		return root, true
	}
	root = rootOf(c[trieName(child)], v)
	if root == trie.EmptyRoot {
		m.put(nil, key, nil)
	} else {
		value := string(root[:])
		m.put(nil, key, &value)
	}
	m.rooted = true
	return root, false
}

func (m *model) close(commit bool) error {
	last := len(m.layers) - 1
	if last == m.floor {
		return ErrNoTransaction
	}
	l := m.layers[last]
	m.layers = m.layers[:last]
	if !commit {
		m.written = true
		return nil
	}
	for name, pairs := range l {
		if m.layers[last-1][name] == nil {
			m.layers[last-1][name] = map[string]*string{}
		}
		maps.Copy(m.layers[last-1][name], pairs)
	}
	return nil
}

// op is one step of a random run.
type op struct {
	name       string
	child      []byte
	key, value string
	limit      *uint32
	cursor     []byte
}

func (o op) String() string {
	limit := "none"
	if o.limit != nil {
		limit = fmt.Sprint(*o.limit)
	}
	return fmt.Sprintf("%s child=%q key=%q value=%.40q limit=%s cursor=%q", o.name, o.child, o.key, o.value, limit, o.cursor)
}

var modelOps = []string{
	"set", "set", "set", "set", "delete", "delete", "append", "append", "append", "append", "get", "get", "next", "next", "next",
	"has", "index", "index", "clear", "kill", "begin", "begin", "begin", "commit", "commit", "rollback", "rollback", "root", "childroot", "childroot", "enter", "exit", "finish",
}

func randomKey(r *rand.Rand) string {
	switch r.IntN(16) {
	case 3, 4, 5, 6: // one key that much happens to
		return "ab"
	case 0:
		return string(ChildRootKey([]byte{'a' + byte(r.IntN(3))}))
	case 1:
		return ":child_storage:other"
	case 2:
		return ":child_storag"
	}
	letters := "\x00ab\xff"
	var key []byte
	for range r.IntN(4) {
		key = append(key, letters[r.IntN(len(letters))])
	}
	return string(key)
}

func randomValue(r *rand.Rand) string {
	switch r.IntN(8) {
	case 0:
		return ""
	case 1:
		return strings.Repeat("v", r.IntN(80))
	case 2: // sequences one short of a longer length
		return "\xfc" + strings.Repeat("s", r.IntN(3))
	case 3:
		return "\xfd\xff" + strings.Repeat("s", r.IntN(3))
	case 4:
		return "\xfe\xff\xff\xff" + strings.Repeat("s", r.IntN(3))
	case 5:
		return "\x03\xff\xff\xff\xff" + strings.Repeat("s", r.IntN(3))
	case 6: // not in their shortest form
		return []string{"\x01\x00", "\x02\x00\x00\x00", "\x03\x00\x00\x00\x00", "\x07\x00\x00\x00\x40\x00", "\x01"}[r.IntN(5)]
	}
	return string([]byte{byte(r.IntN(256)), byte(r.IntN(256)), byte(r.IntN(256))})
}

func randomOps(r *rand.Rand, n int) []op {
	ops := make([]op, n)
	for i := range ops {
		o := op{name: modelOps[r.IntN(len(modelOps))], key: randomKey(r), value: randomValue(r)}
		if r.IntN(3) == 0 {
			o.child = []byte{'a' + byte(r.IntN(3))}
		}
		if r.IntN(2) == 0 {
			limit := uint32(r.IntN(6))
			o.limit = &limit
		}
		if r.IntN(3) == 0 {
			o.cursor = []byte(randomKey(r))
		}
		ops[i] = o
	}
	return ops
}

func randomContent(r *rand.Rand) content {
	c := content{"top": {}}
	for range r.IntN(30) {
		if key := randomKey(r); !isChildKey([]byte(key)) {
			c["top"][key] = randomValue(r)
		}
	}
	for child := range r.IntN(3) {
		name := "child:" + string(rune('a'+child))
		c[name] = map[string]string{}
		for range 1 + r.IntN(12) {
			c[name][randomKey(r)] = randomValue(r)
		}
	}
	return c
}

// runModel does ops on an overlay and a model and returns the first difference.
func runModel(parent content, v trie.Version, ops []op) error {
	genesis, err := NewMemoryState(parent.changes(), v)
	if err != nil {
		return err
	}
	if got, want := genesis.Root(), parent.root(v); got != want {
		return fmt.Errorf("genesis: expected root %s, got %s", want, got)
	}
	parent = content{}
	base := readAll(genesis)
	for name := range base {
		parent[name] = base[name]
	}
	o, m := NewOverlay(genesis), newModel(parent)
	type seen struct {
		slice []byte
		copy  string
	}
	var handed []seen
	for i, step := range ops {
		fail := func(format string, args ...any) error {
			return fmt.Errorf("step %d, %s: %s", i, step, fmt.Sprintf(format, args...))
		}
		var got, want any
		key := []byte(step.key)
		switch step.name {
		case "set":
			if err := o.Set(step.child, key, []byte(step.value)); err != nil {
				return fail("%v", err)
			}
			if step.child != nil || !isChildKey(key) {
				value := step.value
				m.put(step.child, step.key, &value)
			}
		case "delete":
			if err := o.Delete(step.child, key); err != nil {
				return fail("%v", err)
			}
			if step.child != nil || !isChildKey(key) {
				m.put(step.child, step.key, nil)
			}
		case "append":
			err := o.Append(key, []byte(step.value))
			if isChildKey(key) {
				if !errors.Is(err, ErrChildKey) {
					return fail("expected ErrChildKey, got %v", err)
				}
				break
			}
			if err != nil {
				return fail("%v", err)
			}
			m.append(step.key, step.value)
		case "get":
			value, ok, err := o.Get(step.child, key)
			if err != nil {
				return fail("%v", err)
			}
			if ok {
				handed = append(handed, seen{value, string(value)})
			}
			got, want = fmt.Sprintf("%q %v", value, ok), `"" false`
			if value := m.get(step.child, step.key); value != nil {
				want = fmt.Sprintf("%q true", *value)
			}
		case "next":
			next, ok, err := o.NextKey(step.child, key)
			if err != nil {
				return fail("%v", err)
			}
			got, want = fmt.Sprintf("%q %v", next, ok), `"" false`
			for _, k := range m.keys(step.child) {
				if k > step.key {
					want = fmt.Sprintf("%q true", k)
					break
				}
			}
		case "has":
			has, err := o.Has(step.child, key)
			if err != nil {
				return fail("%v", err)
			}
			got, want = has, m.get(step.child, step.key) != nil
		case "index":
			set := len(step.value) != 1
			if err := o.IndexOffchain(key, []byte(step.value), set); err != nil {
				return fail("%v", err)
			}
			m.index(step.key, step.value, set)
		case "clear":
			prefix := step.key[:len(step.key)/2]
			cleared, err := o.ClearPrefix(step.child, []byte(prefix), step.limit, step.cursor)
			if err != nil {
				return fail("%v", err)
			}
			expected := Cleared{}
			if step.child != nil || !touchesChildKeys([]byte(prefix)) {
				expected = m.clear(step.child, prefix, step.limit, step.cursor)
			}
			got, want = fmt.Sprintf("%+v", cleared), fmt.Sprintf("%+v", expected)
		case "kill":
			if step.child == nil {
				break
			}
			cleared, err := o.KillChild(step.child, step.limit, step.cursor)
			if err != nil {
				return fail("%v", err)
			}
			got, want = fmt.Sprintf("%+v", cleared), fmt.Sprintf("%+v", m.clear(step.child, "", step.limit, step.cursor))
		case "begin":
			if err := o.Begin(); err != nil {
				return fail("%v", err)
			}
			m.layers = append(m.layers, layer{})
		case "commit":
			got, want = errors.Is(o.Commit(), ErrNoTransaction), m.close(true) != nil
		case "rollback":
			got, want = errors.Is(o.Rollback(), ErrNoTransaction), m.close(false) != nil
		case "enter":
			got, want = o.EnterRuntime() == nil, !m.guest
			if !m.guest {
				m.guest, m.floor = true, len(m.layers)-1
			}
		case "exit":
			_, err := o.ExitRuntime()
			got, want = err == nil, m.guest
			if m.guest {
				for len(m.layers)-1 > m.floor {
					m.close(false)
				}
				m.guest, m.floor = false, 0
			}
		case "root":
			expected, panics := m.root(v)
			root, err := o.Root(v)
			if panics && errors.Is(err, trie.ErrSubstratePanics) {
				return nil
			}
			if err != nil {
				return fail("%v", err)
			}
			got, want = root, expected
		case "childroot":
			if step.child == nil {
				break
			}
			expected, panics := m.childRoot(step.child, v)
			root, err := o.ChildRoot(step.child, v)
			if panics && errors.Is(err, trie.ErrSubstratePanics) {
				return nil
			}
			if err != nil {
				return fail("%v", err)
			}
			got, want = root, expected
		case "finish":
			state, changes, err := o.Finish(v)
			if len(m.layers) > 1 {
				if !errors.Is(err, ErrOpenTransaction) {
					return fail("expected ErrOpenTransaction, got %v", err)
				}
				break
			}
			c, panics := m.after(v)
			if panics && errors.Is(err, trie.ErrSubstratePanics) {
				return nil
			}
			if err != nil {
				return fail("%v", err)
			}
			got, want = state.Root(), rootOf(c["top"], v)
			flat := applyFlat(m.parent, changes)
			if offchain := m.offchain(); fmt.Sprint(offchain) != fmt.Sprint(changes.Offchain) {
				return fail("offchain: expected %v, got %v", offchain, changes.Offchain)
			}
			after := readAll(state.(*TrieState))
			if !equalContent(flat, after) {
				return fail("changes over flat values give %q, the state has %q", flat, after)
			}
			m = &model{parent: after, layers: []layer{{}}, guest: m.guest}
		}
		if got != want {
			return fail("expected %v, got %v", want, got)
		}
		if held := recount(o); held != o.held {
			return fail("the overlay counts %d bytes held, there are %d", o.held, held)
		}
		for _, s := range handed {
			if string(s.slice) != s.copy {
				return fail("a slice handed out before changed from %q to %q", s.copy, s.slice)
			}
		}
	}
	for len(m.layers) > 1 && !m.guest {
		if o.Commit() != nil || m.close(true) != nil {
			return errors.New("commit at the end")
		}
	}
	want, panics := m.root(v)
	root, err := o.Root(v)
	if panics && errors.Is(err, trie.ErrSubstratePanics) {
		return nil
	}
	if err != nil {
		return err
	}
	if root != want {
		return fmt.Errorf("root at the end: expected %s, got %s", want, root)
	}
	return nil
}

// recount counts what an overlay holds.
func recount(o *Overlay) (held int) {
	sets := []*changeset{o.top, o.offchain}
	for _, set := range o.children {
		sets = append(sets, set)
	}
	for _, set := range sets {
		for _, e := range set.entries {
			held += entryCost + len(e.key) + e.now.cost()
		}
	}
	for i := range o.journal {
		held += undoCost + o.journal[i].was.cost()
	}
	return held
}

// readAll reads a state key by key.
func readAll(s *TrieState) content {
	c := content{}
	read := func(child []byte) {
		pairs := map[string]string{}
		key, ok := []byte{}, true
		for ok {
			if value, has, _ := s.Get(child, key); has {
				pairs[string(key)] = string(value)
			}
			key, ok, _ = s.NextKey(child, key)
		}
		c[trieName(child)] = pairs
	}
	read(nil)
	for _, key := range sortedKeys(c["top"]) {
		if child, ok := strings.CutPrefix(key, defaultChildPrefix); ok {
			read([]byte(child))
		}
	}
	return c
}

func applyFlat(c content, changes *Changes) content {
	flat := content{}
	for name, pairs := range c {
		flat[name] = map[string]string{}
		for key, value := range pairs {
			flat[name][key] = value
		}
	}
	write := func(child []byte, list []Change) {
		name := trieName(child)
		if flat[name] == nil {
			flat[name] = map[string]string{}
		}
		for _, change := range list {
			if change.Delete {
				delete(flat[name], string(change.Key))
			} else {
				flat[name][string(change.Key)] = string(change.Value)
			}
		}
	}
	write(nil, changes.Top)
	for _, child := range changes.Child {
		write(child.Child, child.Changes)
	}
	return flat
}

func equalContent(a, b content) bool {
	for _, pair := range [][2]content{{a, b}, {b, a}} {
		for name, pairs := range pair[0] {
			for key, value := range pairs {
				if other, ok := pair[1][name][key]; !ok || other != value {
					return false
				}
			}
		}
	}
	return true
}

// shrink takes out steps as long as the run still fails.
func shrink(parent content, v trie.Version, ops []op) []op {
	for size := len(ops) / 2; size > 0; size /= 2 {
		for i := 0; i+size <= len(ops); {
			fewer := append(slices.Clone(ops[:i]), ops[i+size:]...)
			if runModel(parent, v, fewer) != nil {
				ops = fewer
			} else {
				i += size
			}
		}
	}
	return ops
}

// runs is how many seeds a random test tries.
func runs(short, usual, long int) int {
	switch {
	case os.Getenv("GOTENSOR_LONG") == "1":
		return long
	case testing.Short():
		return short
	}
	return usual
}

// TestOverlayModel does the same random steps on the overlay and on a naive model. A failure names its seed and prints the
// fewest steps that still fail.
func TestOverlayModel(t *testing.T) {
	for seed := range runs(300, 3000, 100_000) {
		r := rand.New(rand.NewPCG(uint64(seed), 2))
		v := trie.Version(seed % 2)
		parent := randomContent(r)
		ops := randomOps(r, 5+r.IntN(120))
		if err := runModel(parent, v, ops); err != nil {
			ops = shrink(parent, v, ops)
			err = runModel(parent, v, ops)
			var text bytes.Buffer
			for i, o := range ops {
				fmt.Fprintf(&text, "%3d %s\n", i, o)
			}
			t.Fatalf("seed %d, version %d: %v\nparent %q\n%s", seed, v, err, parent, text.String())
		}
	}
}
