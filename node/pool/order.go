package pool

import "container/heap"

// better tells whether a comes before b where both could be next in a block: by priority, then the one that expires first, then the one that came first.
// No two have the same id, so one of two is always the better one.
func better(a, b *readyTx) bool {
	if a.Priority != b.Priority {
		return a.Priority > b.Priority
	}
	if a.ValidTill != b.ValidTill {
		return a.ValidTill < b.ValidTill
	}
	return a.id < b.id
}

// bestSet is an ordered set of transactions, the best first. A snapshot of it costs nothing and never changes, so that an iterator neither waits for the pool nor
// copies it: it is a treap, in which a change copies what a snapshot may hold of the path to it, and changes the rest in place.
type bestSet struct {
	root *tree
	// age counts the snapshots: nodes of an earlier age may be in one.
	age uint64
}

type tree struct {
	tx          *readyTx
	left, right *tree
	age         uint64
}

func (s *bestSet) snapshot() *tree {
	s.age++
	return s.root
}

func (s *bestSet) add(tx *readyTx)    { s.root = s.with(s.root, tx) }
func (s *bestSet) remove(tx *readyTx) { s.root = s.without(s.root, tx) }

// own returns t where no snapshot has it, or else a copy.
func (s *bestSet) own(t *tree) *tree {
	if t.age == s.age {
		return t
	}
	return &tree{t.tx, t.left, t.right, s.age}
}

// weight makes the heap order of the treap, and so its balance: a fixed permutation of the ids, in which neither order of arrival nor of priority shows.
func weight(tx *readyTx) uint64 {
	x := tx.id + 0x9e3779b97f4a7c15
	x = (x ^ x>>30) * 0xbf58476d1ce4e5b9
	x = (x ^ x>>27) * 0x94d049bb133111eb
	return x ^ x>>31
}

// with returns t with tx, which must not be in it.
func (s *bestSet) with(t *tree, tx *readyTx) *tree {
	if t == nil {
		return &tree{tx: tx, age: s.age}
	}
	if weight(tx) > weight(t.tx) {
		left, right := s.split(t, tx)
		return &tree{tx, left, right, s.age}
	}
	t = s.own(t)
	if better(tx, t.tx) {
		t.left = s.with(t.left, tx)
	} else {
		t.right = s.with(t.right, tx)
	}
	return t
}

// split returns what of t is better than tx and what is not.
func (s *bestSet) split(t *tree, tx *readyTx) (left, right *tree) {
	if t == nil {
		return nil, nil
	}
	t = s.own(t)
	if better(t.tx, tx) {
		t.right, right = s.split(t.right, tx)
		return t, right
	}
	left, t.left = s.split(t.left, tx)
	return left, t
}

// without returns t without tx, which must be in it.
func (s *bestSet) without(t *tree, tx *readyTx) *tree {
	switch {
	case t == nil:
		panic("BUG: a transaction marked as best is not in the set of best ones")
	case t.tx == tx:
		return s.merge(t.left, t.right)
	}
	t = s.own(t)
	if better(tx, t.tx) {
		t.left = s.without(t.left, tx)
	} else {
		t.right = s.without(t.right, tx)
	}
	return t
}

// merge joins two sets, all of left better than all of right.
func (s *bestSet) merge(left, right *tree) *tree {
	switch {
	case left == nil:
		return right
	case right == nil:
		return left
	case weight(left.tx) > weight(right.tx):
		left = s.own(left)
		left.right = s.merge(left.right, right)
		return left
	}
	right = s.own(right)
	right.left = s.merge(left, right.left)
	return right
}

// cursor walks a tree from the best one on.
type cursor []*tree

func (c *cursor) descend(t *tree) {
	for ; t != nil; t = t.left {
		*c = append(*c, t)
	}
}

func (c cursor) peek() *readyTx {
	if len(c) == 0 {
		return nil
	}
	return c[len(c)-1].tx
}

func (c *cursor) skip() {
	top := (*c)[len(*c)-1]
	*c = (*c)[:len(*c)-1]
	c.descend(top.right)
}

// worstFirst is a heap of what is ready, the first to be dropped on top: the lowest priority, of those the oldest in the queue.
type worstFirst []*readyTx

func (h worstFirst) Len() int { return len(h) }
func (h worstFirst) Less(i, j int) bool {
	if h[i].Priority != h[j].Priority {
		return h[i].Priority < h[j].Priority
	}
	return h[i].id < h[j].id
}
func (h worstFirst) Swap(i, j int) {
	h[i], h[j] = h[j], h[i]
	h[i].position, h[j].position = i, j
}
func (h *worstFirst) Push(x any) {
	tx := x.(*readyTx)
	tx.position = len(*h)
	*h = append(*h, tx)
}
func (h *worstFirst) Pop() any {
	last := len(*h) - 1
	tx := (*h)[last]
	(*h)[last] = nil
	*h = (*h)[:last]
	return tx
}

// oldestFirst is a heap of what waits, the first to be dropped on top: the one submitted first.
type oldestFirst []*futureTx

func (h oldestFirst) Len() int           { return len(h) }
func (h oldestFirst) Less(i, j int) bool { return h[i].age < h[j].age }
func (h oldestFirst) Swap(i, j int) {
	h[i], h[j] = h[j], h[i]
	h[i].position, h[j].position = i, j
}
func (h *oldestFirst) Push(x any) {
	tx := x.(*futureTx)
	tx.position = len(*h)
	*h = append(*h, tx)
}
func (h *oldestFirst) Pop() any {
	last := len(*h) - 1
	tx := (*h)[last]
	(*h)[last] = nil
	*h = (*h)[:last]
	return tx
}

// bestFirst is a heap of what an iterator may return next, the best on top.
type bestFirst []*readyTx

func (h bestFirst) Len() int           { return len(h) }
func (h bestFirst) Less(i, j int) bool { return better(h[i], h[j]) }
func (h bestFirst) Swap(i, j int)      { h[i], h[j] = h[j], h[i] }
func (h *bestFirst) Push(x any)        { *h = append(*h, x.(*readyTx)) }
func (h *bestFirst) Pop() any {
	last := len(*h) - 1
	tx := (*h)[last]
	*h = (*h)[:last]
	return tx
}

var _ = []heap.Interface{(*worstFirst)(nil), (*oldestFirst)(nil), (*bestFirst)(nil)}
