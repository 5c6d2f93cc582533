package db

import (
	"bytes"

	"github.com/cespare/xxhash/v2"

	"github.com/gotensor/gotensor/primitives/chain"
	"github.com/gotensor/gotensor/storage/kv"
)

// view is the state after one block: the layers of what is not folded over what was folded, as it is after block base.
type view struct {
	folded *finalised
	base   chain.BlockNumber
	layers []*layer // the newest last
}

// get returns the value at a key of v or n.
func (v *view) get(key []byte) ([]byte, bool, error) {
	if len(v.layers) > 0 {
		sum := xxhash.Sum64(key)
		for i := len(v.layers) - 1; i >= 0; i-- {
			op, err := v.layers[i].get(v.folded.store, key, sum)
			if err != nil {
				return nil, false, err
			}
			if op != nil {
				return op.Value, !op.Delete, nil
			}
		}
	}
	return v.folded.get(key, v.base)
}

// cursor walks the keys of a view with a prefix: a merge of all layers and what was folded, in which the newest that has a key speaks for it.
type cursor struct {
	folded *walk
	more   bool // folded is at a key
	lists  [][]kv.Op
	key    []byte
	value  []byte // of a layer; nil where the key is folded's
	err    error
}

// iterate returns a cursor before the first key with prefix that is at or after from.
func (v *view) iterate(prefix, from []byte) *cursor {
	c := &cursor{}
	start := prefix
	if bytes.Compare(from, prefix) > 0 {
		start = from
	}
	for i := len(v.layers) - 1; i >= 0; i-- {
		ops, err := v.layers[i].all(v.folded.store)
		if err != nil {
			c.err = err
			return c
		}
		ops = ops[search(ops, start):]
		// Most layers have nothing in a range, and cost nothing from here on.
		if len(ops) > 0 && bytes.HasPrefix(ops[0].Key, prefix) {
			end := len(ops)
			if after := successor(prefix); after != nil {
				end = search(ops, after)
			}
			c.lists = append(c.lists, ops[:end])
		}
	}
	c.folded = v.folded.walk(prefix, v.base)
	c.step(c.folded.seek(start))
	return c
}

// successor is the least key that is greater than every key with prefix, nil where there is none.
func successor(prefix []byte) []byte {
	for i := len(prefix) - 1; i >= 0; i-- {
		if prefix[i] != 0xff {
			after := bytes.Clone(prefix[:i+1])
			after[i]++
			return after
		}
	}
	return nil
}

func (c *cursor) step(ok bool) { c.more, c.err = ok, c.folded.err }

// next moves to the next key and tells whether there is one.
func (c *cursor) next() bool {
	if c.value == nil && c.key != nil { // the present key is folded's, which stays there for its value
		c.step(c.folded.next())
	}
	for c.err == nil {
		var least *kv.Op
		for _, ops := range c.lists { // the newest first, so that of equal keys its stays
			if len(ops) > 0 && (least == nil || bytes.Compare(ops[0].Key, least.Key) < 0) {
				least = &ops[0]
			}
		}
		order := 1 // of the layers' key against the folded one
		switch {
		case least == nil && !c.more:
			c.key = nil
			return false
		case !c.more:
			order = -1
		case least != nil:
			order = bytes.Compare(least.Key, c.folded.key)
		}
		if order > 0 {
			c.key, c.value = c.folded.key, nil
			return true
		}
		if order == 0 {
			c.step(c.folded.next())
		}
		for i, ops := range c.lists {
			if len(ops) > 0 && bytes.Equal(ops[0].Key, least.Key) {
				c.lists[i] = ops[1:]
			}
		}
		if !least.Delete {
			c.key, c.value = least.Key, least.Value
			return c.err == nil
		}
	}
	return false
}

// read returns the value at the present key. It stays as it is.
func (c *cursor) read() ([]byte, error) {
	if c.value != nil {
		return c.value, nil
	}
	return bytes.Clone(c.folded.value), nil
}

func (c *cursor) close() {
	if c.folded != nil {
		c.folded.close()
		c.folded = nil
	}
}
