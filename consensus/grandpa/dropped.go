package grandpa

import (
	"cmp"
	"errors"
	"fmt"
	"slices"

	"github.com/gotensor/gotensor/primitives/chain"
	"github.com/gotensor/gotensor/primitives/hash"
	"github.com/gotensor/gotensor/primitives/scale"
)

// maxDropped is how many dropped blocks are remembered at most, those that were dropped last.
const maxDropped = 1024

// DroppedBlock says where a block lay that is not there any more.
type DroppedBlock struct {
	Block  Target
	Parent hash.H256
}

// AppendScale appends block and parent.
func (b DroppedBlock) AppendScale(dst []byte) []byte {
	return append(b.Block.AppendScale(dst), b.Parent[:]...)
}

// DecodeScale reads a block.
func (b *DroppedBlock) DecodeScale(d *scale.Decoder) {
	b.Block.DecodeScale(d)
	b.Parent = d.Array32()
}

// Dropped remembers where the blocks lay that lost to a final one. Votes that others cast for them before they knew of that still count for the blocks below: a
// round may need them to be complete. The zero value has none. It is never changed where it is.
type Dropped struct {
	list  []DroppedBlock
	index map[hash.H256]int
}

// AppendScale appends the blocks, those that were dropped first before others.
func (d *Dropped) AppendScale(dst []byte) []byte { return scale.AppendSlice(dst, d.list) }

// DecodeScale reads blocks.
func (d *Dropped) DecodeScale(from *scale.Decoder) {
	*d = *newDropped(scale.DecodeSlice[DroppedBlock](from))
}

func newDropped(list []DroppedBlock) *Dropped {
	d := &Dropped{list, make(map[hash.H256]int, len(list))}
	for i := range list {
		d.index[list[i].Block.Hash] = i
	}
	return d
}

// Len returns how many blocks there are.
func (d *Dropped) Len() int { return len(d.list) }

// Finalise returns the blocks with those that are dropped when final becomes so: of the chains down from leaves those that are not on its chain. Blocks up to
// base, of which no round can have votes any more, are forgotten (see VoterState.Oldest). parent returns the parent of a block that c has. Where nothing
// changes it returns d.
func (d *Dropped) Finalise(final Target, leaves []Target, base chain.BlockNumber, c Chain, parent func(hash.H256) (hash.H256, error)) (*Dropped, error) {
	var more []DroppedBlock
	seen := make(map[hash.H256]bool)
	for _, at := range leaves {
		for at.Number > base && !seen[at.Hash] && !Descends(c, final, at) && !Descends(c, at, final) {
			above, err := parent(at.Hash)
			if err != nil {
				return d, fmt.Errorf("parent of %s: %w", at, err)
			}
			seen[at.Hash] = true
			if _, ok := d.index[at.Hash]; !ok {
				more = append(more, DroppedBlock{at, above})
			}
			at = Target{above, at.Number - 1}
		}
	}
	keep := func(b DroppedBlock) bool { return b.Block.Number > base }
	if len(more) == 0 && !slices.ContainsFunc(d.list, func(b DroppedBlock) bool { return !keep(b) }) {
		return d, nil
	}
	// The highest ones first: where there are too many, those close to what is final stay.
	slices.SortStableFunc(more, func(a, b DroppedBlock) int { return cmp.Compare(b.Block.Number, a.Block.Number) })
	list := slices.Concat(d.list, more)
	list = slices.DeleteFunc(list, func(b DroppedBlock) bool { return !keep(b) })
	return newDropped(list[max(0, len(list)-maxDropped):]), nil
}

// Add returns the blocks with one more that c did not take, as another one was final; d where its parent is not known either, or it was there.
func (d *Dropped) Add(block DroppedBlock, c Chain, unknown error) *Dropped {
	if _, ok := d.index[block.Block.Hash]; ok || block.Block.Number == 0 {
		return d
	}
	if at, err := d.Ancestor(c, unknown, block.Parent, block.Block.Number-1); err != nil || at != block.Parent {
		return d
	}
	list := append(slices.Clone(d.list), block)
	return newDropped(list[max(0, len(list)-maxDropped):])
}

// Ancestor is that of c for all blocks that c has, and for dropped ones. unknown is the error by which c tells that it does not have a block.
func (d *Dropped) Ancestor(c Chain, unknown error, block hash.H256, n chain.BlockNumber) (hash.H256, error) {
	at, err := c.Ancestor(block, n)
	if err == nil || !errors.Is(err, unknown) {
		return at, err
	}
	i, ok := d.index[block]
	if !ok {
		return at, err
	}
	for ; ok; i, ok = d.index[block] {
		switch b := &d.list[i]; {
		case n > b.Block.Number:
			return at, err
		case n == b.Block.Number:
			return block, nil
		default:
			block = b.Parent
		}
	}
	return c.Ancestor(block, n)
}
