package db

import (
	"bytes"
	"cmp"
	"encoding/binary"
	"errors"
	"fmt"
	"maps"
	"slices"

	"github.com/gotensor/gotensor/primitives/chain"
	"github.com/gotensor/gotensor/primitives/hash"
	"github.com/gotensor/gotensor/primitives/scale"
	"github.com/gotensor/gotensor/storage"
	"github.com/gotensor/gotensor/storage/kv"
	"github.com/gotensor/gotensor/storage/trie"
)

// Checked is what Check read, and what it found.
type Checked struct {
	Blocks   uint64 // final ones and others
	Journals uint64 // their records
	Heads    uint64 // values and nodes of the finalised state
	History  uint64 // its records
	States   uint64 // whose tries were walked from their roots
	// Problems are what contradicts the rules of the package, at most MaxProblems of them: Found counts all.
	Problems []string
	Found    uint64
}

// MaxProblems is how many problems Check describes.
const MaxProblems = 100

// Check reads all that is in the store and holds it against the rules of the package: that finalised blocks follow one another, that every record belongs to
// something and says what others say, and that nothing is missing. Of states, those after the best block, the last finalised one and the oldest that is kept, and so many
// others, evenly spread over those that are kept, are walked from the root: every node has the hash by which its parent calls it, every
// leaf the value that reads give, and there are no other nodes and values. It takes long, and holds up every write; reads go on.
// An error tells of a read that failed for another reason than damage; what Check found until then is with it.
func (db *DB) Check(states int) (Checked, error) {
	c := checker{db: db}
	if err := db.Settle(); err != nil {
		c.bad("background work: %v", err)
	}
	db.writing.Lock()
	defer db.writing.Unlock()
	c.last = chain.BlockNumber(db.finalised.folding.Load())
	for _, step := range []func() error{c.kinds, c.dying, c.canonical, c.headers, c.bodies, c.unfolded, c.journals, c.index, c.histories,
		func() error { return c.heads(kindNode) }, func() error { return c.heads(kindValue) }, func() error { return c.states(states) }} {
		if err := c.damage(step()); err != nil {
			return c.Checked, fmt.Errorf("check store: %w", err)
		}
	}
	if c.indexed != c.History {
		c.bad("history: %d records, %d in the index", c.History, c.indexed)
	}
	return c.Checked, nil
}

type checker struct {
	Checked
	db      *DB
	last    chain.BlockNumber     // the newest block of which the finalised state may have something
	dead    map[hash.H256]dying   // what is to be taken away
	chunks  map[hash.H256]*uint32 // of each journal, how many are still to come
	indexed uint64                // keys of the index
}

// bad notes a problem.
func (c *checker) bad(format string, args ...any) {
	if c.Found++; len(c.Problems) < MaxProblems {
		c.Problems = append(c.Problems, fmt.Sprintf(format, args...))
	}
}

// damage notes an error that tells of damage, and returns any other.
func (c *checker) damage(err error) error {
	for _, damage := range []error{kv.ErrCorrupt, trie.ErrMissing, trie.ErrCorrupt, trie.ErrNode, ErrUnknownBlock, ErrPruned} {
		if errors.Is(err, damage) {
			c.bad("%v", err)
			return nil
		}
	}
	return err
}

// keyLength is how long the keys of a kind are, 0 where that differs.
func keyLength(kind byte) int {
	switch kind {
	case kindHeader, kindBody, kindJustifications, kindDying:
		return 1 + 32
	case kindCanonical:
		return 1 + 4
	case kindUnfolded, kindJournal:
		return 1 + 4 + 32
	case kindIndex:
		return 1 + 4 + 4
	}
	return 0
}

// each calls f for every record with a prefix whose key is as long as those of its kind. What f finds damaged is noted.
func (c *checker) each(prefix []byte, f func(key, value []byte) error) error {
	it := c.db.store.Iterator(prefix)
	defer it.Close()
	for it.Next() {
		value, err := it.Value()
		if want := keyLength(it.Key()[0]); want > 0 && len(it.Key()) != want {
			c.bad("record 0x%x of kind %q: its key has %d bytes, expected %d", it.Key(), kinds[it.Key()[0]], len(it.Key()), want)
			continue
		}
		if err == nil {
			err = f(it.Key(), value)
		}
		if err := c.damage(err); err != nil {
			return fmt.Errorf("record 0x%x of kind %q: %w", it.Key(), kinds[it.Key()[0]], err)
		}
	}
	return it.Err()
}

// kinds finds records of no kind.
func (c *checker) kinds() error {
	it := c.db.store.Iterator(nil)
	defer it.Close()
	for ok := it.Next(); ok; {
		key := it.Key()
		if len(key) == 0 {
			c.bad("record with an empty key")
			ok = it.Next()
			continue
		}
		if kinds[key[0]] == "" {
			c.bad("record 0x%x is of no kind", key)
		}
		if key[0] == 0xff {
			break
		}
		ok = it.Seek([]byte{key[0] + 1})
	}
	if err := it.Err(); err != nil {
		return err
	}
	known := [][]byte{keyFormat, keyGenesis, keyHead, keyFolded, keyPruned}
	return c.each([]byte{kindMeta}, func(key, _ []byte) error {
		if !slices.ContainsFunc(known, func(k []byte) bool { return bytes.Equal(k, key) }) {
			c.bad("record %q has no meaning", key)
		}
		return nil
	})
}

// dying collects what is to be taken away.
func (c *checker) dying() error {
	c.dead, c.chunks = map[hash.H256]dying{}, map[hash.H256]*uint32{}
	return c.each([]byte{kindDying}, func(key, value []byte) error {
		x, err := scale.UnmarshalFunc(value, scale.Decode[dying])
		if err != nil {
			return corrupt("record 0x%x of a dropped block: %v", key, err)
		}
		h := hash.H256(key[1:])
		c.dead[h] = x
		c.chunks[h] = &x.Chunks
		return nil
	})
}

// canonical follows the finalised chain.
func (c *checker) canonical() error {
	var next chain.BlockNumber
	var parent hash.H256
	err := c.each([]byte{kindCanonical}, func(key, value []byte) error {
		if !bytes.Equal(key, numberKey(kindCanonical, next)) || len(value) != 32 {
			return corrupt("record 0x%x of a finalised block: expected block %d", key, next)
		}
		h := hash.H256(value)
		header, err := must(c.db.store, hashKey(kindHeader, h), scale.Decode[chain.Header])
		if err == nil && (header.Hash() != h || header.Number != next || next > 0 && header.ParentHash != parent) {
			err = corrupt("header of finalised block %d %s: it is block %d %s after %s, expected one after %s", next, h, header.Number, header.Hash(), header.ParentHash, parent)
		}
		parent = h
		next++
		c.Blocks++
		return err
	})
	if err != nil {
		return err
	}
	if head := c.db.Head(); next != head.Finalised.Number+1 || parent != head.Finalised.Hash {
		c.bad("the finalised chain ends with block %d %s, the head record says %s", next-1, parent, head.Finalised)
	}
	return nil
}

// headers finds those that belong to no block.
func (c *checker) headers() error {
	return c.each([]byte{kindHeader}, func(key, value []byte) error {
		h := hash.H256(key[1:])
		header, err := scale.UnmarshalFunc(value, scale.Decode[chain.Header])
		if err != nil {
			return corrupt("header of block %s: %v", h, err)
		}
		if got := header.Hash(); got != h {
			c.bad("header of block %s has hash %s", h, got)
		}
		_, err = c.belongs("header", h, header.Number)
		return err
	})
}

// belongs notes a record of a block that is not there, and tells whether the block is a finalised one.
func (c *checker) belongs(what string, h hash.H256, n chain.BlockNumber) (final bool, err error) {
	if x, ok := c.dead[h]; ok && !x.Folded {
		return false, nil
	}
	at, final, err := c.db.canonicalHash(n)
	if err != nil || final && at == h {
		return err == nil, err
	}
	if c.db.block(h) == nil {
		c.bad("%s of block %d %s: there is no such block", what, n, h)
	}
	return false, nil
}

// block returns a block of the tree.
func (db *DB) block(h hash.H256) *node {
	db.mu.Lock()
	defer db.mu.Unlock()
	return db.tree.get(h)
}

// bodies holds bodies and justifications against the blocks that should have them.
func (c *checker) bodies() error {
	oldest := c.db.pruned.Bodies
	for _, kind := range []byte{kindBody, kindJustifications} {
		there := uint64(0) // those of finalised blocks
		err := c.each([]byte{kind}, func(key, value []byte) (err error) {
			h := hash.H256(key[1:])
			if kind == kindBody {
				_, err = scale.UnmarshalFunc(value, scale.Decode[body])
			} else {
				_, err = scale.UnmarshalFunc(value, scale.Decode[chain.Justifications])
			}
			if err != nil {
				c.bad("%s of block %s: %v", kinds[kind], h, err)
			}
			header, err := must(c.db.store, hashKey(kindHeader, h), scale.Decode[chain.Header])
			if err != nil {
				return err
			}
			final, err := c.belongs(kinds[kind], h, header.Number)
			if final {
				there++
				if kind == kindBody && header.Number > 0 && header.Number < oldest {
					c.bad("%s of block %d %s: they are kept from block %d on", kinds[kind], header.Number, h, oldest)
				}
			}
			return err
		})
		if err != nil {
			return err
		}
		want := c.Blocks - uint64(oldest)
		if oldest > 0 {
			want++ // that of genesis stays
		}
		if kind == kindBody && there != want {
			c.bad("bodies: expected %d of finalised blocks, got %d", want, there)
		}
	}
	return nil
}

// unfolded holds the records of blocks that are not folded against the tree of them and their headers.
func (c *checker) unfolded() error {
	count := 0
	err := c.each([]byte{kindUnfolded}, func(key, value []byte) error {
		count++
		u, err := scale.UnmarshalFunc(value, scale.Decode[unfolded])
		if err != nil {
			return corrupt("record 0x%x of an unfolded block: %v", key, err)
		}
		p := Point{chain.BlockNumber(binary.BigEndian.Uint32(key[1:])), hash.H256(key[5:])}
		if n := c.db.block(p.Hash); n == nil || n.Point != p || n.above != u.Parent || n.layer().chunks() != u.Chunks {
			c.bad("unfolded %s: it is not in the tree of blocks", p)
		}
		header, err := must(c.db.store, hashKey(kindHeader, p.Hash), scale.Decode[chain.Header])
		if err == nil && (header.Number != p.Number || header.ParentHash != u.Parent || header.StateRoot != u.Root) {
			c.bad("unfolded %s: its header is of block %d after %s with state root %s, expected %s, %s", p, header.Number, header.ParentHash, header.StateRoot, u.Parent, u.Root)
		}
		if p.Number > c.db.Head().Finalised.Number {
			c.Blocks++
			if _, ok, err := c.db.store.Get(hashKey(kindBody, p.Hash)); err != nil {
				return err
			} else if !ok {
				c.bad("body of %s is missing", p)
			}
		}
		if c.dead[p.Hash] != (dying{}) {
			c.bad("unfolded %s: it is to be taken away as well", p)
		}
		c.chunks[p.Hash] = &u.Chunks
		return err
	})
	if stats := c.db.Stats(); err == nil && count != stats.Unfolded {
		c.bad("unfolded: %d records, %d blocks in the tree", count, stats.Unfolded)
	}
	return err
}

// journals decodes all of them, and finds those of no block. Blocks and their chunks come in order.
func (c *checker) journals() error {
	var ops []kv.Op
	var next uint32
	var block hash.H256
	err := c.each([]byte{kindJournal}, func(key, value []byte) (err error) {
		c.Journals++
		h, i := hash.H256(key[1:]), binary.BigEndian.Uint32(key[33:])
		if x, dying := c.dead[h]; dying && x.Chunks == 0 {
			return nil // what is left of a journal of which a part was taken away
		}
		if h != block {
			ops, next, block = nil, 0, h
		}
		if x, ok := c.dead[h]; ok && x.Chunks == 0 { // what is left of it has no order
			return nil
		}
		left := c.chunks[h]
		if left == nil || *left == 0 || i != next {
			return corrupt("journal of block %s: chunk %d belongs to no block", h, i)
		}
		*left--
		next++
		ops, err = decodeChunk(ops[max(0, len(ops)-1):], bytes.Clone(value)) // behind the last one
		if err != nil {
			return corrupt("journal of block %s: chunk %d: %v", h, i, err)
		}
		return nil
	})
	if err != nil {
		return err
	}
	for _, h := range sortedHashes(c.chunks) {
		if left := *c.chunks[h]; left > 0 {
			c.bad("journal of block %s: %d chunks are missing", h, left)
		}
	}
	return nil
}

func sortedHashes[V any](m map[hash.H256]V) []hash.H256 {
	return slices.SortedFunc(maps.Keys(m), func(a, b hash.H256) int { return bytes.Compare(a[:], b[:]) })
}

// index looks for the history of each key of the index. Chunks of a block come in order, and so do the keys in them.
func (c *checker) index() error {
	var of chain.BlockNumber
	var next uint32
	var last []byte
	return c.each([]byte{kindIndex}, func(key, value []byte) error {
		n, i := chain.BlockNumber(binary.BigEndian.Uint32(key[1:])), binary.BigEndian.Uint32(key[5:])
		if n != of {
			of, next, last = n, i, nil // what was interrupted in taking away the first chunks goes on with the others
		}
		if n <= c.db.pruned.Swept || n > c.last || i != next {
			c.bad("index of block %d, chunk %d: history is kept from block %d to %d, expected chunk %d", n, i, c.db.pruned.Swept+1, c.last, next)
		}
		next = i + 1
		keys, err := decodeIndex(value)
		if err != nil {
			return corrupt("index of block %d, chunk %d: %v", n, i, err)
		}
		for _, k := range keys {
			c.indexed++
			if bytes.Compare(k, last) <= 0 {
				c.bad("index of block %d, chunk %d: key 0x%x is behind 0x%x", n, i, k, last)
			}
			last = bytes.Clone(k)
			_, ok, err := c.db.store.Get(historyKey(k, n))
			if err != nil {
				return err
			}
			if !ok {
				c.bad("index of block %d, chunk %d: key 0x%x has no history", n, i, k)
			}
		}
		return nil
	})
}

// histories finds those of neither values nor nodes; heads looks at the others.
func (c *checker) histories() error {
	it := c.db.store.Iterator([]byte{kindHistory})
	defer it.Close()
	for ok := it.Next(); ok; {
		key := it.Key()
		if len(key) > 1 && (key[1] == kindValue || key[1] == kindNode) {
			ok = it.Seek([]byte{kindHistory, key[1] + 1})
			continue
		}
		c.History++
		c.bad("history 0x%x is of neither a value nor a node", key)
		ok = it.Next()
	}
	return it.Err()
}

// heads goes along the keys of v or n and their history, which are in the same order.
func (c *checker) heads(kind byte) error {
	past := c.db.store.Iterator(historyPrefix([]byte{kind}))
	defer past.Close()
	more := past.Next()
	// through passes the history of all keys up to one, and tells whether the last record is key's own, and of which block that is.
	through := func(key []byte) (own bool, by chain.BlockNumber, err error) {
		var last []byte
		created := false
		for ; more; more = past.Next() {
			k, n, err := parseHistoryKey(nil, past.Key())
			if err != nil {
				return false, 0, err
			}
			if key != nil && bytes.Compare(k, key) > 0 {
				break
			}
			record, err := past.Value()
			if err != nil {
				return false, 0, err
			}
			_, there, err := parseHistory(k, record)
			if err != nil {
				return false, 0, err
			}
			c.History++
			if !bytes.Equal(k, last) {
				if created && !bytes.Equal(last, key) {
					c.bad("key 0x%x: block %d wrote it, and it is not there", last, by)
				}
				created = false
			}
			if created && !there {
				c.bad("key 0x%x: block %d overwrote nothing, block %d wrote it before", k, n, by)
			}
			if n <= c.db.pruned.Swept || n > c.last {
				c.bad("key 0x%x: history of block %d, it is kept from block %d to %d", k, n, c.db.pruned.Swept+1, c.last)
			}
			last, by, created = k, n, !there
		}
		own = last != nil && bytes.Equal(last, key)
		if created && !own {
			c.bad("key 0x%x: block %d wrote it, and it is not there", last, by)
		}
		return own, by, past.Err()
	}
	err := c.each([]byte{kind}, func(key, value []byte) error {
		c.Heads++
		n, _, err := parseHead(key, value)
		if err != nil {
			return err
		}
		own, by, err := through(bytes.Clone(key))
		switch {
		case err != nil:
			return err
		case n > c.last:
			c.bad("key 0x%x: block %d wrote it, the last one folded is %d", key, n, c.last)
		case own && n != by, !own && n > c.db.pruned.States:
			c.bad("key 0x%x: block %d wrote it, its history ends with block %d", key, n, by)
		}
		return nil
	})
	if err != nil {
		return err
	}
	_, _, err = through(nil)
	return err
}

// states walks those that are to be walked.
func (c *checker) states(others int) error {
	head, stats := c.db.Head(), c.db.Stats()
	walk := map[hash.H256]bool{head.Best.Hash: true, head.Finalised.Hash: true}
	add := func(n chain.BlockNumber) error {
		h, _, err := c.db.canonicalHash(n)
		walk[h] = true
		return err
	}
	if err := add(stats.OldestState); err != nil {
		return err
	}
	c.db.mu.Lock()
	open := c.db.tree.list(func(*node) bool { return true })
	c.db.mu.Unlock()
	folded := int(stats.Folded.Number-stats.OldestState) + 1
	all := folded + len(open)
	others = min(others, all)
	for i := range others {
		at := i * all / others
		if at >= folded {
			walk[open[at-folded].Hash] = true
		} else if err := add(stats.OldestState + chain.BlockNumber(at)); err != nil {
			return err
		}
	}
	for _, h := range sortedHashes(walk) {
		s, err := c.db.State(h)
		if err == nil {
			err = c.state(s)
			s.Close()
		}
		if err := c.damage(err); err != nil {
			return err
		}
	}
	return nil
}

// state walks the tries of a state.
func (c *checker) state(s *State) error {
	c.States++
	var nodes, values int
	if err := c.trie(s, nil, s.root, &nodes, &values); err != nil {
		return err
	}
	prefix := storage.ChildRootKey(nil)
	children := s.Iterate(nil, prefix, nil)
	defer children.Close()
	for children.Next() {
		child := bytes.Clone(children.Key()[len(prefix):])
		root, err := s.ChildRoot(child)
		if err == nil {
			err = c.trie(s, child, root, &nodes, &values)
		}
		if err != nil {
			return err
		}
	}
	if err := children.Err(); err != nil {
		return err
	}
	for _, kind := range []byte{kindNode, kindValue} {
		got, want := 0, nodes
		if kind == kindValue {
			want = values
		}
		it := s.iterate([]byte{kind}, nil)
		for it.next() {
			got++
		}
		it.close()
		if it.err != nil {
			return it.err
		}
		if got != want {
			c.bad("state of %s: its tries have %d %s, the store %d", s.block, want, kinds[kind], got)
		}
	}
	return nil
}

// trie walks one trie from its root, beside the values that reads give.
func (c *checker) trie(s *State, child []byte, root hash.H256, nodes, values *int) error {
	it := trie.Load(root, &countingNodes{s, child, nodes}).Iterator(nil)
	flat := s.Iterate(child, nil, nil)
	defer flat.Close()
	for it.Next() {
		*values++
		want, err := it.Value()
		if err != nil {
			return fmt.Errorf("state of %s: child trie 0x%x: key 0x%x: %w", s.block, child, it.Key(), err)
		}
		if !flat.Next() {
			return cmp.Or(flat.Err(), corrupt("state of %s: child trie 0x%x: value of key 0x%x is missing", s.block, child, it.Key()))
		}
		if got, err := flat.Value(); err != nil {
			return err
		} else if !bytes.Equal(flat.Key(), it.Key()) || !bytes.Equal(got, want) {
			return corrupt("state of %s: child trie 0x%x: expected key 0x%x with a value of %d bytes, got 0x%x with one of %d", s.block, child, it.Key(), len(want), flat.Key(), len(got))
		}
	}
	if err := it.Err(); err != nil {
		return fmt.Errorf("state of %s: child trie 0x%x: %w", s.block, child, err)
	}
	return flat.Err()
}

// countingNodes reads the nodes of one trie from the store, whatever a cache has, and counts them.
type countingNodes struct {
	state *State
	child []byte
	count *int
}

// Node implements trie.NodeReader.
func (n *countingNodes) Node(path []byte, h hash.H256) ([]byte, error) {
	*n.count++
	encoded, ok, err := n.state.read(nodeKey(n.child, path))
	if err == nil && !ok {
		err = &trie.MissingError{Path: path, Hash: h}
	}
	return encoded, err
}

// Value implements trie.NodeReader.
func (n *countingNodes) Value(key []byte, h hash.H256) ([]byte, error) {
	value, ok, err := n.state.Get(n.child, key)
	if err == nil && !ok {
		err = &trie.MissingError{Path: key, Hash: h, Value: true}
	}
	return value, err
}
