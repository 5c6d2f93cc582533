package db

import (
	"fmt"

	"github.com/gotensor/gotensor/primitives/chain"
	"github.com/gotensor/gotensor/primitives/hash"
	"github.com/gotensor/gotensor/primitives/scale"
	"github.com/gotensor/gotensor/storage/kv"
)

// Point names a block.
type Point struct {
	Number chain.BlockNumber
	Hash   hash.H256
}

// AppendScale appends the number as u32 and the hash.
func (p Point) AppendScale(dst []byte) []byte {
	return append(scale.AppendU32(dst, uint32(p.Number)), p.Hash[:]...)
}

// DecodeScale reads a point.
func (p *Point) DecodeScale(d *scale.Decoder) {
	p.Number = chain.BlockNumber(d.U32())
	p.Hash = d.Array32()
}

// String returns "block 7 0x…".
func (p Point) String() string { return fmt.Sprintf("block %d %s", p.Number, p.Hash) }

// Head is the best and the last finalised block. Best is the finalised block or descends from it.
type Head struct {
	Best, Finalised Point
}

// AppendScale appends both points.
func (h Head) AppendScale(dst []byte) []byte { return h.Finalised.AppendScale(h.Best.AppendScale(dst)) }

// DecodeScale reads a head.
func (h *Head) DecodeScale(d *scale.Decoder) {
	h.Best.DecodeScale(d)
	h.Finalised.DecodeScale(d)
}

// pruned tells what is left: states of finalised blocks from States on, bodies from Bodies on, history from the block after Swept on.
// Swept is not above States: it stays behind while states in use read what is before.
type pruned struct {
	States, Bodies, Swept chain.BlockNumber
}

func (p pruned) AppendScale(dst []byte) []byte {
	return scale.AppendU32(scale.AppendU32(scale.AppendU32(dst, uint32(p.States)), uint32(p.Bodies)), uint32(p.Swept))
}

func (p *pruned) DecodeScale(d *scale.Decoder) {
	p.States = chain.BlockNumber(d.U32())
	p.Bodies = chain.BlockNumber(d.U32())
	p.Swept = chain.BlockNumber(d.U32())
}

// unfolded is what is needed of a block to put it into the tree of blocks without reading its header.
type unfolded struct {
	Parent hash.H256
	Root   hash.H256 // of the state
	Chunks uint32    // of the journal
}

func (u unfolded) AppendScale(dst []byte) []byte {
	return scale.AppendU32(append(append(dst, u.Parent[:]...), u.Root[:]...), u.Chunks)
}

func (u *unfolded) DecodeScale(d *scale.Decoder) {
	u.Parent = d.Array32()
	u.Root = d.Array32()
	u.Chunks = d.U32()
}

// dying is a block of which something is to be taken away: its journal where it was folded, else all that there is of it.
type dying struct {
	Chunks uint32 // of the journal
	Folded bool
}

func (x dying) AppendScale(dst []byte) []byte {
	return scale.AppendBool(scale.AppendU32(dst, x.Chunks), x.Folded)
}

func (x *dying) DecodeScale(d *scale.Decoder) {
	x.Chunks = d.U32()
	x.Folded = d.Bool()
}

type body []chain.OpaqueExtrinsic

func (b body) AppendScale(dst []byte) []byte { return scale.AppendSlice(dst, b) }
func (b *body) DecodeScale(d *scale.Decoder) { *b = scale.DecodeSlice[chain.OpaqueExtrinsic](d) }

func decodeHash(d *scale.Decoder) hash.H256 { return d.Array32() }

// record reads the record at key. What does not decode is kv.ErrCorrupt.
func record[T any](store kv.DB, key []byte, read func(*scale.Decoder) T) (v T, ok bool, err error) {
	raw, ok, err := store.Get(key)
	if err != nil {
		return v, false, fmt.Errorf("record 0x%x of kind %q: %w", key, kinds[key[0]], err)
	}
	if !ok {
		return v, false, nil
	}
	v, err = scale.UnmarshalFunc(raw, read)
	if err != nil {
		return v, false, corrupt("record 0x%x of kind %q: %v", key, kinds[key[0]], err)
	}
	return v, true, nil
}

func corrupt(format string, args ...any) error {
	return fmt.Errorf("%w: %s", kv.ErrCorrupt, fmt.Sprintf(format, args...))
}
