package db

import (
	"bytes"
	"errors"
	"fmt"
	"maps"
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/gotensor/gotensor/primitives/chain"
	"github.com/gotensor/gotensor/primitives/hash"
	"github.com/gotensor/gotensor/storage"
	"github.com/gotensor/gotensor/storage/trie"
)

// modelBlock is a block of the naive model: everything is a map, and every state is kept on its own.
type modelBlock struct {
	Point
	header  chain.Header
	body    []chain.OpaqueExtrinsic
	parent  *modelBlock
	state   map[string]map[string]string // by child ("t" the top trie, "c"+key a child trie), by key
	memory  storage.State                // of tries wholly in memory
	changes *storage.Changes
	seed    uint64 // of its content: over the same parent the same block comes out of it
}

// children are the child tries of tests.
var children = [][]byte{[]byte("a"), []byte("ab"), {}}

func trieName(child []byte) string {
	if child == nil {
		return "t"
	}
	return "c" + string(child)
}

// randomKey makes keys that share prefixes.
func randomKey(r *rand.Rand) []byte {
	k := make([]byte, r.IntN(6))
	for i := range k {
		k[i] = []byte{0x00, 0x01, 0x10, 0x7f, 0xff}[r.IntN(5)]
	}
	return k
}

func randomValue(r *rand.Rand) []byte {
	v := make([]byte, r.IntN(80))
	for i := range v {
		v[i] = byte(r.Uint32())
	}
	return v
}

// write writes at random to an overlay.
func write(r *rand.Rand, o *storage.Overlay, changes int) error {
	for range changes {
		var child []byte
		if r.IntN(4) == 0 {
			child = children[r.IntN(len(children))]
		}
		key := randomKey(r)
		var err error
		switch r.IntN(13) {
		case 12: // what is there already
			var value []byte
			var ok bool
			if value, ok, err = o.Get(child, key); ok && err == nil {
				err = o.Set(child, key, value)
			}
		case 0, 1, 2:
			err = o.Delete(child, key)
		case 3:
			if child == nil {
				_, err = o.ClearPrefix(nil, append(key, 1), nil, nil)
			} else {
				_, err = o.KillChild(child, nil, nil)
			}
		case 4:
			err = o.IndexOffchain(key, randomValue(r), r.IntN(3) > 0)
		default:
			err = o.Set(child, key, randomValue(r))
		}
		if err != nil {
			return err
		}
	}
	return nil
}

func cloneState(s map[string]map[string]string) map[string]map[string]string {
	out := map[string]map[string]string{}
	for name, values := range s {
		out[name] = maps.Clone(values)
	}
	return out
}

func applyChanges(s map[string]map[string]string, changes *storage.Changes) {
	put := func(name string, list []storage.Change) {
		if s[name] == nil {
			s[name] = map[string]string{}
		}
		for _, c := range list {
			if c.Delete {
				delete(s[name], string(c.Key))
			} else {
				s[name][string(c.Key)] = string(c.Value)
			}
		}
	}
	put("t", changes.Top)
	for _, c := range changes.Child {
		put(trieName(c.Child), c.Changes)
	}
}

// newGenesis makes a genesis at random.
func newGenesis(seed uint64) (*modelBlock, error) {
	r := rand.New(rand.NewPCG(seed, 1))
	empty, err := storage.NewMemoryState(&storage.Changes{}, trie.V0)
	if err != nil {
		return nil, err
	}
	o := storage.NewOverlay(empty)
	if err := write(r, o, 40); err != nil {
		return nil, err
	}
	state, changes, err := o.Finish(trie.V0)
	if err != nil {
		return nil, err
	}
	header := chain.Header{StateRoot: state.Root()}
	g := &modelBlock{Point: Point{0, header.Hash()}, header: header, state: map[string]map[string]string{}, memory: state}
	applyChanges(g.state, changes)
	return g, nil
}

// author executes a block at random over a state of the store, and holds the result against the model's.
func author(r *rand.Rand, parent *modelBlock, over storage.State, changes int) (*modelBlock, *Block, error) {
	o := storage.NewOverlay(over)
	if err := write(r, o, changes); err != nil {
		return nil, nil, err
	}
	version := trie.Version(r.IntN(2))
	state, list, err := o.Finish(version)
	if err != nil {
		return nil, nil, err
	}
	memory, err := parent.memory.Derive(list, version)
	if err != nil {
		return nil, nil, err
	}
	if memory.Root() != state.Root() {
		return nil, nil, fmt.Errorf("root over the store %s, in memory %s", state.Root(), memory.Root())
	}
	b := &Block{
		Header: chain.Header{
			ParentHash: parent.Hash, Number: parent.Number + 1, StateRoot: state.Root(),
			Digest: []chain.DigestItem{{Kind: chain.DigestOther, Data: []byte{byte(r.Uint32()), byte(r.Uint32()), byte(r.Uint32())}}},
		},
		Body:    []chain.OpaqueExtrinsic{randomValue(r), randomValue(r)},
		Changes: list, State: state, Choice: Choice(r.IntN(3)),
	}
	if r.IntN(4) == 0 {
		b.Justifications = chain.Justifications{{Engine: chain.EngineAura, Data: randomValue(r)}}
	}
	m := &modelBlock{
		Point: Point{b.Header.Number, b.Header.Hash()}, header: b.Header, body: b.Body, parent: parent,
		state: cloneState(parent.state), memory: memory, changes: list,
	}
	applyChanges(m.state, list)
	return m, b, nil
}

// checkState holds a state of the store against the model's, whole.
func checkState(s *State, m *modelBlock) error {
	if s.Root() != m.header.StateRoot {
		return fmt.Errorf("root %s, want %s", s.Root(), m.header.StateRoot)
	}
	tries := append([][]byte{nil}, children...)
	for _, child := range tries {
		want := m.state[trieName(child)]
		sorted := slices.Sorted(maps.Keys(want))
		for _, prefix := range [][]byte{nil, {0x00}, {0xff}, {0xff, 0xff}, {0x10, 0x01}} {
			for _, from := range [][]byte{nil, {0x01}, {0xff, 0x10}} {
				it := s.Iterate(child, prefix, from)
				for _, key := range sorted {
					if !bytes.HasPrefix([]byte(key), prefix) || key < string(from) {
						continue
					}
					if !it.Next() {
						return fmt.Errorf("iterate %q prefix %x from %x: end instead of %x: %w", child, prefix, from, key, it.Err())
					}
					value, err := it.Value()
					if err != nil || string(it.Key()) != key || string(value) != want[key] {
						return fmt.Errorf("iterate %q prefix %x from %x: got %x = %x, want %x = %x: %w", child, prefix, from, it.Key(), value, key, want[key], err)
					}
				}
				if it.Next() || it.Err() != nil {
					return fmt.Errorf("iterate %q prefix %x from %x: goes on to %x: %w", child, prefix, from, it.Key(), it.Err())
				}
				it.Close()
			}
		}
		for key, value := range want {
			got, ok, err := s.Get(child, []byte(key))
			if err != nil || !ok || string(got) != value {
				return fmt.Errorf("get %q %x: %x %t %w, want %x", child, key, got, ok, err, value)
			}
		}
		memory, err := m.memory.ChildRoot(child)
		if err != nil {
			return err
		}
		if root, err := s.ChildRoot(child); child != nil && (err != nil || root != memory) {
			return fmt.Errorf("child root %q: %s %w, want %s", child, root, err, memory)
		}
	}
	return nil
}

// checkProof proves keys at random and reads them from the proof.
func checkProof(r *rand.Rand, s *State, m *modelBlock) error {
	var child []byte
	if r.IntN(2) == 0 {
		child = children[r.IntN(len(children))]
	}
	var list [][]byte
	for _, key := range slices.Sorted(maps.Keys(m.state[trieName(child)])) {
		if len(list) == 5 {
			break
		}
		list = append(list, []byte(key))
	}
	for range 3 {
		list = append(list, randomKey(r))
	}
	proof, err := storage.Prove(s, child, list)
	if err != nil {
		return fmt.Errorf("prove: %w", err)
	}
	read, err := storage.VerifyRead(s.Root(), proof, child, list)
	if err != nil {
		return fmt.Errorf("verify: %w", err)
	}
	for i, c := range read {
		value, ok := m.state[trieName(child)][string(list[i])]
		if ok == c.Delete || string(c.Value) != value {
			return fmt.Errorf("proof of %x: %x %t, want %x %t", list[i], c.Value, !c.Delete, value, ok)
		}
	}
	return nil
}

// checkBlock holds what the store says of a block that is there against the model.
func checkBlock(db *DB, m *modelBlock, want chain.Justifications, bodyPruned bool) error {
	header, err := db.Header(m.Hash)
	if err != nil || header.Hash() != m.Hash {
		return fmt.Errorf("header of %s: %w", m.Point, err)
	}
	extrinsics, err := db.Body(m.Hash)
	js, errJ := db.Justifications(m.Hash)
	sameJ := func(a, b chain.Justification) bool { return a.Engine == b.Engine && bytes.Equal(a.Data, b.Data) }
	if errJ != nil || !slices.EqualFunc(js, want, sameJ) {
		return fmt.Errorf("justifications of %s: got %v %w, want %v", m.Point, js, errJ, want)
	}
	whole, errW := db.SignedBlock(m.Hash)
	if bodyPruned {
		if !errors.Is(err, ErrPruned) || !errors.Is(errW, ErrPruned) {
			return fmt.Errorf("body of %s: got %w, %w, want ErrPruned", m.Point, err, errW)
		}
		return nil
	}
	same := func(a, b chain.OpaqueExtrinsic) bool { return bytes.Equal(a, b) }
	if err != nil || !slices.EqualFunc(extrinsics, m.body, same) {
		return fmt.Errorf("body of %s: %w", m.Point, err)
	}
	if (whole.Justifications != nil) != (len(want) > 0) || whole.Justifications != nil && !slices.EqualFunc(*whole.Justifications, want, sameJ) ||
		errW != nil || whole.Block.Header.Hash() != m.Hash || !slices.EqualFunc(whole.Block.Extrinsics, m.body, same) {
		return fmt.Errorf("%s in one: got %+v %w", m.Point, whole, errW)
	}
	return nil
}

// gone checks that a block is not there.
func gone(db *DB, h hash.H256) error {
	_, err := db.Header(h)
	_, errS := db.State(h)
	_, errB := db.Body(h)
	for _, err := range []error{err, errS, errB} {
		if !errors.Is(err, ErrUnknownBlock) {
			return fmt.Errorf("block %s: got %w, want ErrUnknownBlock", h, err)
		}
	}
	return nil
}

// twoGeneses makes two that differ.
func twoGeneses(t *testing.T) (g, other *modelBlock) {
	t.Helper()
	for seed, to := range []**modelBlock{&g, &other} {
		made, err := newGenesis(uint64(seed) + 1)
		if err != nil {
			t.Fatal(err)
		}
		*to = made
	}
	return g, other
}
