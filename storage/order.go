package storage

import (
	"slices"
	"sort"
)

// order holds entries sorted by key: a list of sorted runs of bounded size. Finding is two binary searches; adding and
// taking away move at most one run's pointers, whatever the order in which a guest chooses its keys. A tree
// with random priorities would be an invitation to a guest that knows them.
type order struct {
	runs [][]*entry // none is empty
}

// runSize is the size at which a run is cut in two; 4 KiB of pointers to move at most.
const runSize = 512

// position is a place in an order: that of the entry at run r, index i. The zero position of an empty order is its end.
type position struct{ r, i int }

// seek returns the position of the first entry whose key is at or after key, or strictly after it.
func (o *order) seek(key string, strict bool) position {
	reached := func(e *entry) bool { return e.key > key || !strict && e.key == key }
	r := sort.Search(len(o.runs), func(r int) bool { return reached(o.runs[r][len(o.runs[r])-1]) })
	if r == len(o.runs) {
		return position{r: r}
	}
	run := o.runs[r]
	return position{r, sort.Search(len(run), func(i int) bool { return reached(run[i]) })}
}

// at returns the entry at p, or nil at the end.
func (o *order) at(p position) *entry {
	if p.r >= len(o.runs) {
		return nil
	}
	return o.runs[p.r][p.i]
}

// next returns the position after p.
func (o *order) next(p position) position {
	if p.i++; p.i == len(o.runs[p.r]) {
		return position{r: p.r + 1}
	}
	return p
}

// build fills an empty order with sorted entries.
func (o *order) build(list []*entry) {
	for len(list) > 0 {
		n := min(len(list), runSize/2)
		o.runs = append(o.runs, slices.Clone(list[:n]))
		list = list[n:]
	}
}

// add puts in an entry whose key is not there yet.
func (o *order) add(e *entry) {
	if len(o.runs) == 0 {
		o.runs = append(o.runs, []*entry{e})
		return
	}
	p := o.seek(e.key, false)
	if p.r == len(o.runs) {
		p.r--
		p.i = len(o.runs[p.r])
	}
	run := append(o.runs[p.r], nil)
	copy(run[p.i+1:], run[p.i:])
	run[p.i] = e
	o.runs[p.r] = run
	if len(run) < runSize {
		return
	}
	upper := append(make([]*entry, 0, runSize), run[runSize/2:]...)
	clear(run[runSize/2:])
	o.runs[p.r] = run[:runSize/2]
	o.runs = append(o.runs, nil)
	copy(o.runs[p.r+2:], o.runs[p.r+1:])
	o.runs[p.r+1] = upper
}

// remove takes out an entry that is there.
func (o *order) remove(e *entry) {
	p := o.seek(e.key, false)
	if o.at(p) != e {
		panic("BUG: entry is not in the order that it was added to")
	}
	run := o.runs[p.r]
	copy(run[p.i:], run[p.i+1:])
	run[len(run)-1] = nil
	if o.runs[p.r] = run[:len(run)-1]; len(run) > 1 {
		return
	}
	copy(o.runs[p.r:], o.runs[p.r+1:])
	o.runs[len(o.runs)-1] = nil
	o.runs = o.runs[:len(o.runs)-1]
}
