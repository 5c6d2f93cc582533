package aura

import (
	"maps"
	"slices"
	"sync"

	"github.com/gotensor/gotensor/primitives/chain"
	"github.com/gotensor/gotensor/primitives/hash"
)

// Bounds of Equivocations. The first two are Substrate's (sc-consensus-slots, aux_schema.rs).
const (
	// MaxSlotCapacity is how many slots back equivocations are noticed.
	MaxSlotCapacity = 1000
	// PruningBound is how many slots are kept before those beyond MaxSlotCapacity go.
	PruningBound = 2 * MaxSlotCapacity
	// maxEquivocationBytes bounds the headers that are kept: the digest of a header is as long as its author likes. Beyond it no more are noted.
	maxEquivocationBytes = 8 << 20
)

// Equivocation is the proof that an authority made two blocks in one slot: two headers that it sealed, without their seals.
type Equivocation struct {
	Slot          Slot
	Offender      Authority
	First, Second chain.Header
}

// Equivocations notes the headers of recent slots and finds authorities that sealed two in one. Memory is bounded, and what was noted goes with the process. The
// zero value is ready, and safe for concurrent use.
type Equivocations struct {
	mu    sync.Mutex
	slots map[Slot][]noted
	first Slot // no slot below it is in slots
	bytes int
}

type noted struct {
	author Authority
	hash   hash.H256
	header chain.Header
	size   int
}

// Check notes a header that Verify found good (Checked.Unsealed, Slot, Author) and returns the proof where its author sealed another one in the same slot before.
// now is the current slot: headers more than MaxSlotCapacity slots older are not looked at.
func (q *Equivocations) Check(now Slot, c *Checked) (*Equivocation, bool) {
	q.mu.Lock()
	defer q.mu.Unlock()
	if now > c.Slot && now-c.Slot > MaxSlotCapacity {
		return nil, false
	}
	if q.slots == nil {
		q.slots, q.first = make(map[Slot][]noted), c.Slot
	}
	if now < q.first {
		return nil, false // slots come in order; the clock went back
	}
	id := c.Unsealed.Hash()
	for _, n := range q.slots[c.Slot] {
		if n.author != c.Author {
			continue
		}
		if n.hash == id {
			return nil, false
		}
		return &Equivocation{Slot: c.Slot, Offender: c.Author, First: n.header, Second: c.Unsealed}, true
	}
	if now-q.first >= PruningBound {
		keep := now - MaxSlotCapacity
		for _, s := range slices.Sorted(maps.Keys(q.slots)) {
			if s >= keep {
				break
			}
			for _, n := range q.slots[s] {
				q.bytes -= n.size
			}
			delete(q.slots, s)
		}
		q.first = keep
	}
	n := noted{author: c.Author, hash: id, header: clone(&c.Unsealed)}
	n.size = 256 // header, hash, author and what the map takes
	for _, item := range n.header.Digest {
		n.size += 32 + len(item.Data)
	}
	if q.bytes+n.size > maxEquivocationBytes {
		return nil, false
	}
	q.bytes += n.size
	q.slots[c.Slot] = append(q.slots[c.Slot], n)
	q.first = min(q.first, c.Slot)
	return nil, false
}

// clone copies what a header aliases: it may be part of a much larger message.
func clone(h *chain.Header) chain.Header {
	c := *h
	c.Digest = slices.Clone(h.Digest)
	for i := range c.Digest {
		c.Digest[i].Data = slices.Clone(c.Digest[i].Data)
	}
	return c
}
