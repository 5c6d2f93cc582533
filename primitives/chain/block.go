package chain

import (
	"github.com/gotensor/gotensor/primitives/hash"
	"github.com/gotensor/gotensor/primitives/scale"
)

// OpaqueExtrinsic is an encoded extrinsic without its length prefix. The prefix is part of its encoding: AppendScale adds it and DecodeScale
// takes it off. Runtime APIs, clients and the extrinsics root use the form with the prefix.
type OpaqueExtrinsic []byte

// Hash returns blake2b-256 of the extrinsic with its length prefix: the hash that clients know it by.
func (x OpaqueExtrinsic) Hash() hash.H256 { return hash.Blake2b256(scale.Marshal(x)) }

// AppendScale appends the length and the bytes.
func (x OpaqueExtrinsic) AppendScale(dst []byte) []byte { return scale.AppendBytes(dst, x) }

// DecodeScale reads a length and that many bytes.
func (x *OpaqueExtrinsic) DecodeScale(d *scale.Decoder) { *x = d.Bytes() }

// Block is a header and the extrinsics of the body.
type Block struct {
	Header     Header
	Extrinsics []OpaqueExtrinsic
}

// AppendScale appends the header and the extrinsics.
func (b Block) AppendScale(dst []byte) []byte {
	return scale.AppendSlice(b.Header.AppendScale(dst), b.Extrinsics)
}

// DecodeScale reads a block.
func (b *Block) DecodeScale(d *scale.Decoder) {
	b.Header.DecodeScale(d)
	b.Extrinsics = scale.DecodeSlice[OpaqueExtrinsic](d)
}

// Justification is an engine's proof that a block is final.
type Justification struct {
	Engine EngineID
	Data   []byte
}

// AppendScale appends the engine and the proof.
func (j Justification) AppendScale(dst []byte) []byte {
	return scale.AppendBytes(append(dst, j.Engine[:]...), j.Data)
}

// DecodeScale reads a justification.
func (j *Justification) DecodeScale(d *scale.Decoder) {
	d.Read(j.Engine[:])
	j.Data = d.Bytes()
}

// Justifications are those of one block, at most one of each engine.
type Justifications []Justification

// AppendScale appends the justifications behind their number.
func (js Justifications) AppendScale(dst []byte) []byte {
	return scale.AppendSlice(dst, js)
}

// DecodeScale reads justifications.
func (js *Justifications) DecodeScale(d *scale.Decoder) {
	*js = scale.DecodeSlice[Justification](d)
}

// Of returns the justification of engine.
func (js Justifications) Of(engine EngineID) (data []byte, ok bool) {
	for _, j := range js {
		if j.Engine == engine {
			return j.Data, true
		}
	}
	return nil, false
}

// SignedBlock is a block with its justifications, nil where it has none.
type SignedBlock struct {
	Block          Block
	Justifications *Justifications
}

// AppendScale appends the block and the optional justifications.
func (b SignedBlock) AppendScale(dst []byte) []byte {
	return scale.AppendOption(b.Block.AppendScale(dst), b.Justifications, scale.Append[Justifications])
}

// DecodeScale reads a signed block.
func (b *SignedBlock) DecodeScale(d *scale.Decoder) {
	b.Block.DecodeScale(d)
	b.Justifications = scale.DecodeOption(d, scale.Decode[Justifications])
}
