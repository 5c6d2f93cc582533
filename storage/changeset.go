package storage

import (
	"slices"
	"strings"
)

// kind tells what an overlay knows about a key.
type kind uint8

const (
	absent   kind = iota // nothing: the parent state answers; such an entry is out of its changeset
	deleted              // no value, whatever the parent state has
	plain                // a value that was set as a whole
	appended             // a value that was appended to: a sequence
)

// version is a key's value at one moment. Versions are small and copied freely; the journal keeps old ones.
type version struct {
	kind  kind
	count uint32 // appended: the items that the length in front counts
	size  int    // appended: the bytes of items, from the start of the sequence's items
	value []byte // plain
	seq   *sequence
}

// cost is what counts against an overlay's limit: versions that share a buffer count it each.
func (v *version) cost() int { return len(v.value) + v.size }

// entry is what an overlay knows about one key of one trie.
type entry struct {
	key     string
	now     version
	depth   int  // open transactions when now was written; the journal has what was before, unless 0
	ordered bool // in its changeset's order, or else in fresh
	dirty   bool // in its changeset's dirty list
	derived bool // the overlay's derived state has a value or a deletion of this key that came from here
}

// live tells whether the key has a value.
func (e *entry) live() bool { return e.now.kind >= plain }

// value returns the key's value; nil and false when it is deleted. The slice stays as it is from then on.
func (e *entry) value() ([]byte, bool) {
	v := &e.now
	switch v.kind {
	case plain:
		return v.value, true
	case appended:
		if v.seq.frozen && v.seq.shown != v.count {
			v.seq = newSequence(v.seq.buf[headroom:headroom+v.size], 0)
		}
		return v.seq.value(v.count, v.size), true
	}
	return nil, false
}

// openSequence readies the present value for an append in place, without changing it, and returns whether
// that is possible: a value that does not start with a length is no sequence. It comes before the journal is written, so
// that what a rollback restores shares the buffer, and appends that follow the rollback copy nothing.
func (e *entry) openSequence(room int) bool {
	v := &e.now
	switch v.kind {
	case plain:
		count, prefix, ok := sequenceLength(v.value)
		if !ok {
			return false
		}
		items := v.value[prefix:]
		*v = version{kind: appended, count: count, size: len(items), seq: newSequence(items, room)}
		return true
	case appended:
		if v.seq.frozen {
			v.seq = newSequence(v.seq.buf[headroom:headroom+v.size], room)
		}
		return true
	}
	return false
}

// changeset holds what an execution wrote to one trie.
type changeset struct {
	child   string // storage key of the child trie; nothing for the top trie
	entries map[string]*entry
	order   order    // entries by key; fed from fresh when somebody asks for an order
	fresh   []*entry // entries that are not in order yet, oldest first
	dirty   []*entry // entries that were written since the overlay's state was derived, oldest first
}

func newChangeset(child string) *changeset {
	return &changeset{child: child, entries: map[string]*entry{}}
}

// get returns the entry of a key, or nil where the parent state answers. It is safe on a nil changeset.
func (c *changeset) get(key []byte) *entry {
	if c == nil {
		return nil
	}
	return c.entries[string(key)]
}

// sorted returns the order with all entries in it.
func (c *changeset) sorted() *order {
	fresh := slices.DeleteFunc(c.fresh, func(e *entry) bool { return e.now.kind == absent })
	if len(c.order.runs) == 0 {
		sortByKey(fresh)
		c.order.build(fresh)
	} else {
		for _, e := range fresh {
			c.order.add(e)
		}
	}
	for _, e := range fresh {
		e.ordered = true
	}
	clear(fresh)
	c.fresh = fresh[:0]
	return &c.order
}

func sortByKey(list []*entry) {
	slices.SortFunc(list, func(a, b *entry) int { return strings.Compare(a.key, b.key) })
}

// add makes an absent entry of a key that has none. The caller writes to it at once.
func (c *changeset) add(key []byte) *entry {
	e := &entry{key: string(key)}
	c.entries[e.key] = e
	c.fresh = append(c.fresh, e)
	return e
}

// drop takes out an entry that a rollback has made absent.
func (c *changeset) drop(e *entry) {
	delete(c.entries, e.key)
	if e.ordered {
		c.order.remove(e)
	}
	// A guest may open, write and roll back without end. Its entries are then the last of both lists, and leave them here.
	c.fresh = trimAbsent(c.fresh)
	c.dirty = trimAbsent(c.dirty)
}

func trimAbsent(list []*entry) []*entry {
	for len(list) > 0 && list[len(list)-1].now.kind == absent {
		list[len(list)-1] = nil
		list = list[:len(list)-1]
	}
	return list
}

// mark notes that an entry was written since the last derivation.
func (c *changeset) mark(e *entry) {
	if !e.dirty {
		e.dirty = true
		c.dirty = append(c.dirty, e)
	}
}

// take returns the entries that were written since the last derivation, or all, by key, and starts a new list.
func (c *changeset) take(everything bool) []*entry {
	list := slices.DeleteFunc(c.dirty, func(e *entry) bool { return e.now.kind == absent })
	c.dirty = nil
	for _, e := range list {
		e.dirty = false
	}
	if everything {
		list = c.all()
	} else {
		sortByKey(list)
	}
	for _, e := range list {
		e.derived = true
	}
	return list
}

// changesOf returns what entries, sorted by key, say of their trie.
func changesOf(entries []*entry) []Change {
	changes := make([]Change, len(entries))
	for i, e := range entries {
		value, ok := e.value()
		changes[i] = Change{Key: []byte(e.key), Value: value, Delete: !ok}
	}
	return changes
}

// all returns every entry by key.
func (c *changeset) all() []*entry {
	list := make([]*entry, 0, len(c.entries))
	for _, run := range c.sorted().runs {
		list = append(list, run...)
	}
	return list
}
