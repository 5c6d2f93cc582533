package db

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"maps"
	"math/rand/v2"
	"os"
	"slices"
	"strings"

	"github.com/gotensor/gotensor/primitives/chain"
	"github.com/gotensor/gotensor/primitives/hash"
	"github.com/gotensor/gotensor/storage"
	"github.com/gotensor/gotensor/storage/kv/badgerdb"
	"github.com/gotensor/gotensor/storage/trie"
)

// Tests of faults do not trust a store that was hurt to say what should be in it. A worker takes random steps on it, and tells each step before it takes it and after
// it was taken. What the blocks hold follows from their seeds. A trail is what was told: so it knows every state that the store may be in, that of the last step
// that was taken, or of the one that was under way. It makes those states again in memory, and compares all that the store has.

// seeded makes a block that follows from its seed and the state it is made on.
func seeded(seed uint64, parent Point, over storage.State) (*Block, error) {
	r := rand.New(rand.NewPCG(seed, 51))
	o := storage.NewOverlay(over)
	changes := r.IntN(40)
	if r.IntN(8) == 0 {
		changes = 300
	}
	if err := write(r, o, changes); err != nil {
		return nil, err
	}
	state, list, err := o.Finish(trie.Version(r.IntN(2)))
	if err != nil {
		return nil, err
	}
	b := &Block{
		Header: chain.Header{
			ParentHash: parent.Hash, Number: parent.Number + 1, StateRoot: state.Root(),
			Digest: []chain.DigestItem{{Kind: chain.DigestOther, Data: binary.LittleEndian.AppendUint64(nil, seed)}},
		},
		Body: []chain.OpaqueExtrinsic{randomValue(r), randomValue(r)}, Changes: list, State: state, Choice: Choice(r.IntN(12) % 4 % 3),
	}
	if r.IntN(4) == 0 {
		b.Justifications = chain.Justifications{{Engine: chain.EngineAura, Data: randomValue(r)}}
	}
	return b, nil
}

// worker takes random steps on a store.
type worker struct {
	db   *DB
	r    *rand.Rand
	tell func(format string, args ...any)
}

// step takes a step: an import, finality, a revert, another best block.
func (w *worker) step() error {
	db, r := w.db, w.r
	head := db.Head()
	var err error
	switch kind := r.IntN(20); {
	case kind < 13 && head.Best.Number < head.Finalised.Number+30:
		on := head.Best
		if r.IntN(3) == 0 {
			leaves := db.Leaves()
			on = leaves[r.IntN(len(leaves))]
		}
		if r.IntN(4) == 0 && on.Number > head.Finalised.Number {
			header, err := db.Header(on.Hash)
			if err != nil {
				return err
			}
			on = Point{on.Number - 1, header.ParentHash}
		}
		err = w.imports(on, r.Uint64())
	case kind < 18:
		above := head.Best.Number - head.Finalised.Number
		if above == 0 {
			return nil
		}
		h, err := db.Hash(head.Finalised.Number + 1 + chain.BlockNumber(r.IntN(int(above))))
		if err != nil {
			return err
		}
		w.tell("> finalise %s", h)
		if _, err := db.Finalise(h, nil); err != nil {
			return err
		}
	case kind == 18:
		n := 1 + r.IntN(3)
		w.tell("> revert %d", n)
		_, err = db.Revert(chain.BlockNumber(n))
	default:
		leaves := db.Leaves()
		h := leaves[r.IntN(len(leaves))].Hash
		w.tell("> best %s", h)
		err = db.SetBest(h)
	}
	if err != nil {
		return err
	}
	head = db.Head()
	w.tell("< %s %s", head.Best.Hash, head.Finalised.Hash)
	if r.IntN(10) == 0 {
		return db.Settle()
	}
	return nil
}

func (w *worker) imports(on Point, seed uint64) error {
	state, err := w.db.State(on.Hash)
	if err != nil {
		return err
	}
	defer state.Close()
	b, err := seeded(seed, on, state)
	if errors.Is(err, trie.ErrSubstratePanics) { // what a runtime may not do; see package storage
		return nil
	}
	if err != nil {
		return err
	}
	w.tell("> import %s %s %d %d", b.Header.Hash(), on.Hash, seed, b.Choice)
	_, err = w.db.Import(b)
	return err
}

// knownTree is what the parent knows to be in a store: blocks that are there, and the head.
type knownTree struct {
	alive map[hash.H256]Point
	head  Head
}

// trail is what is known of a store.
type trail struct {
	r       *rand.Rand
	options Options
	genesis *modelBlock
	above   map[hash.H256]hash.H256 // the parent of each block that ever was
	seeds   map[hash.H256]uint64
	models  map[hash.H256]*modelBlock
	js      map[hash.H256]chain.Justifications
	made    bool // the genesis is known to be there
	known   knownTree
	under   string            // the step that was told last, where it was not told to be taken
	states  chain.BlockNumber // the oldest state that was seen
}

// newTrail begins with a store that is empty.
func newTrail(seed uint64, options Options) (*trail, error) {
	g, err := newGenesis(seed)
	if err != nil {
		return nil, err
	}
	return &trail{
		r: rand.New(rand.NewPCG(seed, 59)), options: options, genesis: g,
		above:  map[hash.H256]hash.H256{},
		seeds:  map[hash.H256]uint64{},
		models: map[hash.H256]*modelBlock{g.Hash: g},
		js:     map[hash.H256]chain.Justifications{},
		known:  knownTree{map[hash.H256]Point{g.Hash: g.Point}, Head{g.Point, g.Point}},
	}, nil
}

// hear takes in what a worker tells.
func (k *trail) hear(line string) error {
	word, rest, _ := strings.Cut(line, " ")
	switch word {
	case ">":
		k.under = rest
	case "<":
		step := k.under
		k.under = ""
		return k.acknowledged(step, rest)
	}
	return nil
}

// step applies what a child said of a step.
func (k *trail) step(tree knownTree, line string) (knownTree, error) {
	tree.alive = maps.Clone(tree.alive)
	var kind string
	var h, on hash.H256
	var seed uint64
	var n, choice uint32
	words := strings.Fields(line)
	scan := func(i int, to any) error {
		if i >= len(words) {
			return fmt.Errorf("step %q is cut off", line)
		}
		_, err := fmt.Sscan(words[i], to)
		return err
	}
	hashAt := func(i int, to *hash.H256) error {
		if i >= len(words) {
			return fmt.Errorf("step %q is cut off", line)
		}
		return to.UnmarshalText([]byte(words[i]))
	}
	if err := scan(0, &kind); err != nil {
		return tree, err
	}
	switch kind {
	case "import":
		if err := errors.Join(hashAt(1, &h), hashAt(2, &on), scan(3, &seed), scan(4, &choice)); err != nil {
			return tree, err
		}
		at := Point{tree.alive[on].Number + 1, h}
		k.above[h], k.seeds[h] = on, seed
		tree.alive[h] = at
		if c := Choice(choice); c == Best || c == Longest && at.Number > tree.head.Best.Number {
			tree.head.Best = at
		}
	case "finalise":
		if err := hashAt(1, &h); err != nil {
			return tree, err
		}
		at := tree.alive[h]
		tree.head.Finalised = at
		best := at
		for hash, p := range tree.alive {
			if !k.descends(hash, p.Number, h, at.Number) && !k.descends(h, at.Number, hash, p.Number) {
				delete(tree.alive, hash)
			} else if p.Number > best.Number || p.Number == best.Number && bytes.Compare(hash[:], best.Hash[:]) < 0 {
				best = p
			}
		}
		if b := tree.head.Best; !k.descends(b.Hash, b.Number, h, at.Number) {
			tree.head.Best = best
		}
	case "best":
		if err := hashAt(1, &h); err != nil {
			return tree, err
		}
		tree.head.Best = tree.alive[h]
	case "revert":
		if err := scan(1, &n); err != nil {
			return tree, err
		}
		n = min(n, uint32(tree.head.Best.Number-tree.head.Finalised.Number))
		if n == 0 {
			break
		}
		for range n {
			tree.head.Best = Point{tree.head.Best.Number - 1, k.above[tree.head.Best.Hash]}
		}
		maps.DeleteFunc(tree.alive, func(_ hash.H256, p Point) bool { return p.Number > tree.head.Best.Number })
	default:
		return tree, fmt.Errorf("step %q", line)
	}
	return tree, nil
}

// descends tells whether a is b or descends from it.
func (k *trail) descends(a hash.H256, aNumber chain.BlockNumber, b hash.H256, bNumber chain.BlockNumber) bool {
	for ; aNumber > bNumber; aNumber-- {
		a = k.above[a]
	}
	return a == b
}

// model is a block as its seed says, with its state in memory.
func (k *trail) model(h hash.H256) (*modelBlock, error) {
	if m := k.models[h]; m != nil {
		return m, nil
	}
	parent, err := k.model(k.above[h])
	if err != nil {
		return nil, err
	}
	b, err := seeded(k.seeds[h], parent.Point, parent.memory)
	if err != nil {
		return nil, err
	}
	if b.Header.Hash() != h {
		return nil, fmt.Errorf("block %d: made over the store it is %s, in memory %s", b.Header.Number, h, b.Header.Hash())
	}
	m := &modelBlock{Point: Point{b.Header.Number, h}, header: b.Header, body: b.Body, parent: parent, state: cloneState(parent.state), memory: b.State, changes: b.Changes}
	k.js[h] = b.Justifications
	applyChanges(m.state, b.Changes)
	k.models[h] = m
	return m, nil
}

// opened holds what a child found against what is known.
func (k *trail) opened(line string) error {
	k.made = true
	if got := fmt.Sprintf("%s %s", k.known.head.Best.Hash, k.known.head.Finalised.Hash); got != line {
		return fmt.Errorf("opened with head %s, expected %s", line, got)
	}
	return nil
}

// acknowledged takes a step that a child took, the empty one where there was nothing to do.
func (k *trail) acknowledged(step, line string) error {
	if step != "" {
		next, err := k.step(k.known, step)
		if err != nil {
			return err
		}
		k.known = next
	}
	if got := fmt.Sprintf("%s %s", k.known.head.Best.Hash, k.known.head.Finalised.Hash); got != line {
		return fmt.Errorf("after %q the head is %s, expected %s", step, line, got)
	}
	return nil
}

// check opens a store that was hurt, and looks at all of it.
func (k *trail) check(dir string) (states int, err error) {
	store, err := badgerdb.Open(dir, badgerdb.Options{Memory: badgerdb.MinMemory})
	if err != nil {
		return 0, err
	}
	db, err := Open(store, k.options)
	if errors.Is(err, ErrEmpty) && !k.made {
		return 0, store.Close()
	}
	if err != nil {
		store.Close()
		return 0, err
	}
	states, err = k.look(db)
	if e := db.Close(); err == nil {
		err = e
	}
	return states, err
}

// settleOn finds out whether a store has the step that was under way.
func (k *trail) settleOn(db *DB) error {
	step := k.under
	k.made, k.under = true, ""
	err := k.there(db, k.known)
	if err == nil || step == "" {
		return err
	}
	next, e := k.step(k.known, step)
	if e != nil {
		return e
	}
	if e := k.there(db, next); e != nil {
		return fmt.Errorf("neither the state before %q nor the one after it: %w; %w", step, err, e)
	}
	k.known = next
	return nil
}

// look holds all that a store has against what is known of it.
func (k *trail) look(db *DB) (states int, err error) {
	if err := k.settleOn(db); err != nil {
		return 0, err
	}
	// What the background work finds unfinished must not be seen in reads, before or after it is done.
	oldest := k.oldest(k.options.KeepStates)
	if k.r.IntN(2) == 0 {
		n, err := k.compare(db, oldest, false)
		if err != nil {
			return 0, fmt.Errorf("before the background work: %w", err)
		}
		states += n
	}
	if err := db.Settle(); err != nil {
		return 0, err
	}
	if got := db.Stats().OldestState; got != max(oldest, k.states) {
		return 0, fmt.Errorf("the oldest state is of block %d, expected %d", got, max(oldest, k.states))
	}
	k.states = max(oldest, k.states)
	n, err := k.compare(db, k.states, true)
	if err != nil {
		return 0, err
	}
	checked, err := db.Check(1)
	if err == nil && checked.Found > 0 {
		err = fmt.Errorf("check found %d problems: %s", checked.Found, checked.Problems[0])
	}
	return states + n, errors.Join(err, k.counts(db))
}

func (k *trail) oldest(keep uint32) chain.BlockNumber {
	if final := k.known.head.Finalised.Number; keep > 0 && uint32(final) >= keep {
		return final - chain.BlockNumber(keep) + 1
	}
	return 0
}

// there compares head and blocks.
func (k *trail) there(db *DB, tree knownTree) error {
	if got := db.Head(); got != tree.head {
		return fmt.Errorf("head %v, expected %v", got, tree.head)
	}
	byNumber := map[chain.BlockNumber][]hash.H256{}
	last := tree.head.Best.Number
	for h, p := range tree.alive {
		byNumber[p.Number] = append(byNumber[p.Number], h)
		last = max(last, p.Number)
	}
	for n := range last + 2 {
		want := byNumber[n]
		slices.SortFunc(want, func(a, b hash.H256) int { return bytes.Compare(a[:], b[:]) })
		if got, err := db.Hashes(n); want != nil && err != nil || want == nil && !errors.Is(err, ErrUnknownBlock) || !slices.Equal(got, want) {
			return fmt.Errorf("hashes of block %d: got %v, %v, expected %v", n, got, err, want)
		}
	}
	return nil
}

// compare holds all blocks against what their seeds say: those below the oldest state without theirs.
func (k *trail) compare(db *DB, oldest chain.BlockNumber, settled bool) (states int, err error) {
	bodies := k.oldest(k.options.KeepBodies)
	for h, p := range k.known.alive {
		m, err := k.model(h)
		if err != nil {
			return states, err
		}
		pruned := p.Number > 0 && p.Number < bodies
		if settled || !pruned {
			if err := checkBlock(db, m, k.js[h], pruned); err != nil {
				return states, err
			}
		}
		state, err := db.State(h)
		switch {
		case p.Number < oldest && (errors.Is(err, ErrPruned) || err == nil && !settled):
			if state != nil {
				state.Close()
			}
			continue
		case err != nil || p.Number < oldest:
			return states, fmt.Errorf("state of %s: %v, kept from block %d on", p, err, oldest)
		}
		if err := k.compareState(state, m); err != nil {
			return states, fmt.Errorf("state of %s: %w", p, err)
		}
		state.Close()
		states++
	}
	for h := range k.above {
		if _, there := k.known.alive[h]; !there && k.r.IntN(8) == 0 {
			if err := gone(db, h); err != nil {
				return states, err
			}
		}
	}
	return states, nil
}

// compareState reads a state whole: all tries by walking them, some keys on their own, and a proof of them.
func (k *trail) compareState(s *State, m *modelBlock) error {
	if s.Root() != m.header.StateRoot {
		return fmt.Errorf("root %s, expected %s", s.Root(), m.header.StateRoot)
	}
	for _, child := range append([][]byte{nil}, children...) {
		want := m.state[trieName(child)]
		it := s.Iterate(child, nil, nil)
		for _, key := range slices.Sorted(maps.Keys(want)) {
			if !it.Next() {
				return fmt.Errorf("trie %q ends before key 0x%x: %v", child, key, it.Err())
			}
			value, err := it.Value()
			if err != nil || string(it.Key()) != key || string(value) != want[key] {
				return fmt.Errorf("trie %q: got 0x%x = 0x%x, expected 0x%x = 0x%x: %v", child, it.Key(), value, key, want[key], err)
			}
		}
		if it.Next() || it.Err() != nil {
			return fmt.Errorf("trie %q goes on to key 0x%x: %v", child, it.Key(), it.Err())
		}
		it.Close()
		for range 10 {
			key := randomKey(k.r)
			value, ok, err := s.Get(child, key)
			if v, there := want[string(key)]; err != nil || ok != there || string(value) != v {
				return fmt.Errorf("trie %q: got 0x%x = 0x%x %t %v, expected 0x%x %t", child, key, value, ok, err, v, there)
			}
		}
		root, err := s.ChildRoot(child)
		if child == nil {
			continue
		}
		if in, e := m.memory.ChildRoot(child); err != nil || e != nil || root != in {
			return fmt.Errorf("root of child trie %q: got %s %v, expected %s", child, root, err, in)
		}
	}
	if k.r.IntN(4) > 0 {
		return checkProof(k.r, s, m)
	}
	// All keys: the proof has every node of the trie.
	keys := [][]byte{}
	for key := range m.state["t"] {
		keys = append(keys, []byte(key))
	}
	proof, err := storage.Prove(s, nil, keys)
	if err != nil {
		return err
	}
	read, err := storage.VerifyRead(m.header.StateRoot, proof, nil, keys)
	if err != nil {
		return err
	}
	for i, key := range keys {
		if read[i].Delete || string(read[i].Value) != m.state["t"][string(key)] {
			return fmt.Errorf("proof of key 0x%x: 0x%x %t, expected 0x%x", key, read[i].Value, !read[i].Delete, m.state["t"][string(key)])
		}
	}
	return nil
}

// counts checks that nothing is left over of work that a kill interrupted.
func (k *trail) counts(db *DB) error {
	counts, err := db.Counts()
	if err != nil {
		return err
	}
	final := k.known.head.Finalised
	bodies, open := 0, 0
	for _, p := range k.known.alive {
		if p.Number == 0 || p.Number >= k.oldest(k.options.KeepBodies) {
			bodies++
		}
		if p.Number > final.Number {
			open++
		}
	}
	m, err := k.model(final.Hash)
	if err != nil {
		return err
	}
	values := 0
	for _, trie := range m.state {
		values += len(trie)
	}
	want := map[string]int{
		"meta": 5, "headers": len(k.known.alive), "bodies": bodies, "numbers": int(final.Number) + 1, "unfolded": open, "dropped": 0, "state values": values,
	}
	if k.states == final.Number {
		want["history"], want["index"] = 0, 0
	}
	for name, n := range want {
		if got := counts[name].Keys; got != uint64(n) {
			return fmt.Errorf("%s: %d records, expected %d", name, got, n)
		}
	}
	if got := counts["journals"].Keys; got < uint64(open) || open == 0 && got > 0 {
		return fmt.Errorf("journals: %d records of %d blocks", got, open)
	}
	return nil
}

// copyFolder copies a store that nobody has open.
func copyFolder(from, to string) error { return os.CopyFS(to, os.DirFS(from)) }
