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
	more   bool  // folded is at a key
	runs   []run // of layers that have keys left, the newest first
	store  kv.DB
	key    []byte // nil before the first and after the last
	op     *kv.Op // what a layer has at key; nil where the key is folded's
	err    error
}

// iterate returns a cursor before the first key with prefix that is at or after from.
func (v *view) iterate(prefix, from []byte) *cursor {
	c := &cursor{store: v.folded.store}
	start, end := prefix, successor(prefix)
	if bytes.Compare(from, prefix) > 0 {
		start = from
	}
	for i := len(v.layers) - 1; i >= 0; i-- {
		r, err := v.layers[i].walk(c.store, start, end)
		if err != nil {
			c.err = err
			return c
		}
		if len(r.ops) > 0 { // most layers have nothing in a range, and cost nothing from here on
			c.runs = append(c.runs, r)
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
	if c.op == nil && c.key != nil { // the present key is folded's, which stayed there for its value
		c.step(c.folded.next())
	}
	for c.err == nil {
		var least *kv.Op
		for i := range c.runs { // the newest first, so that of equal keys its stays
			if op := &c.runs[i].ops[0]; least == nil || bytes.Compare(op.Key, least.Key) < 0 {
				least = op
			}
		}
		order := 1 // of the layers' key against the folded one
		switch {
		case least == nil && !c.more:
			c.key, c.op = nil, nil
			return false
		case !c.more:
			order = -1
		case least != nil:
			order = bytes.Compare(least.Key, c.folded.key)
		}
		if order > 0 {
			c.key, c.op = c.folded.key, nil
			return true
		}
		if order == 0 {
			c.step(c.folded.next())
		}
		c.pass(least.Key)
		if !least.Delete && c.err == nil {
			c.key, c.op = least.Key, least
			return true
		}
	}
	c.key, c.op = nil, nil
	return false
}

// pass moves the layers beyond a key.
func (c *cursor) pass(key []byte) {
	left := c.runs[:0]
	for _, r := range c.runs {
		if bytes.Equal(r.ops[0].Key, key) {
			r.ops = r.ops[1:]
			if err := r.fill(c.store); err != nil && c.err == nil {
				c.err = err
			}
		}
		if len(r.ops) > 0 {
			left = append(left, r)
		}
	}
	c.runs = left
}

// read returns the value at the present key, nil where there is none. It stays as it is.
func (c *cursor) read() []byte {
	switch {
	case c.key == nil:
		return nil
	case c.op != nil:
		return c.op.Value
	default:
		return bytes.Clone(c.folded.value)
	}
}

func (c *cursor) close() {
	if c.folded != nil {
		c.folded.close()
		c.folded = nil
	}
}
