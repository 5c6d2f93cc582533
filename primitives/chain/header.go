package chain

import (
	"github.com/gotensor/gotensor/primitives/hash"
	"github.com/gotensor/gotensor/primitives/internal/text"
	"github.com/gotensor/gotensor/primitives/scale"
)

// Header is a block header.
type Header struct {
	ParentHash     hash.H256
	Number         BlockNumber
	StateRoot      hash.H256
	ExtrinsicsRoot hash.H256
	Digest         []DigestItem
}

// Hash returns the hash of the block: blake2b-256 of the encoded header, seal included.
func (h Header) Hash() hash.H256 {
	var scratch [512]byte // most headers fit; a longer one moves to the heap
	return hash.Blake2b256(h.AppendScale(scratch[:0]))
}

// AppendScale appends the header; its number is compact.
func (h Header) AppendScale(dst []byte) []byte {
	dst = append(dst, h.ParentHash[:]...)
	dst = scale.AppendCompact(dst, uint64(h.Number))
	dst = append(dst, h.StateRoot[:]...)
	dst = append(dst, h.ExtrinsicsRoot[:]...)
	dst = scale.AppendLen(dst, len(h.Digest))
	for i := range h.Digest { // not AppendSlice: through its type parameter dst would escape, and Hash allocate
		dst = h.Digest[i].AppendScale(dst)
	}
	return dst
}

// DecodeScale reads a header.
func (h *Header) DecodeScale(d *scale.Decoder) {
	h.ParentHash = d.Array32()
	h.Number = BlockNumber(d.CompactU32())
	h.StateRoot = d.Array32()
	h.ExtrinsicsRoot = d.Array32()
	h.Digest = scale.DecodeSlice[DigestItem](d)
}

// EngineID names the consensus engine that a digest item or a justification belongs to.
type EngineID [4]byte

// Consensus engines.
var (
	EngineAura    = EngineID{'a', 'u', 'r', 'a'}
	EngineBabe    = EngineID{'B', 'A', 'B', 'E'}
	EngineGrandpa = EngineID{'F', 'R', 'N', 'K'}
	EngineBeefy   = EngineID{'B', 'E', 'E', 'F'}
	EnginePow     = EngineID{'p', 'o', 'w', '_'}
)

// String returns the four bytes quoted: "aura".
func (e EngineID) String() string { return text.Quote(e[:]) }

// DigestKind is the kind of a digest item. The numbers are those on the wire. 2 and 7 belonged to the changes trie, which
// Substrate removed; they, 1 and 3 are refused.
type DigestKind uint8

// Kinds of digest items.
const (
	DigestOther                     DigestKind = 0 // any bytes
	DigestConsensus                 DigestKind = 4 // from the runtime to an engine: authority set changes
	DigestSeal                      DigestKind = 5 // the author's signature; last, and added after the runtime made the header
	DigestPreRuntime                DigestKind = 6 // from an engine to the runtime: the slot
	DigestRuntimeEnvironmentUpdated DigestKind = 8 // the block changed :code or :heappages
)

// String returns the kind's name.
func (k DigestKind) String() string {
	switch k {
	case DigestOther:
		return "Other"
	case DigestConsensus:
		return "Consensus"
	case DigestSeal:
		return "Seal"
	case DigestPreRuntime:
		return "PreRuntime"
	case DigestRuntimeEnvironmentUpdated:
		return "RuntimeEnvironmentUpdated"
	}
	return "DigestKind(" + text.Int(int(k)) + ")"
}

// DigestItem is one entry of a header's digest. Engine belongs to Consensus, Seal and PreRuntime items; Data to those and to Other.
type DigestItem struct {
	Kind   DigestKind
	Engine EngineID
	Data   []byte
}

// AppendScale appends the item.
func (i DigestItem) AppendScale(dst []byte) []byte {
	dst = append(dst, byte(i.Kind))
	switch i.Kind {
	case DigestConsensus, DigestSeal, DigestPreRuntime:
		dst = append(dst, i.Engine[:]...)
	case DigestRuntimeEnvironmentUpdated:
		return dst
	}
	return scale.AppendBytes(dst, i.Data)
}

// DecodeScale reads an item. A kind that is retired or unknown is an error.
func (i *DigestItem) DecodeScale(d *scale.Decoder) {
	i.Kind = DigestKind(d.U8())
	switch i.Kind {
	case DigestConsensus, DigestSeal, DigestPreRuntime:
		d.Read(i.Engine[:])
		i.Data = d.Bytes()
	case DigestOther:
		i.Data = d.Bytes()
	case DigestRuntimeEnvironmentUpdated:
	default:
		d.FailVariant("digest item", uint8(i.Kind))
	}
}

// Digest is the digest of a header where it stands by itself.
type Digest []DigestItem

// AppendScale appends the items behind their number.
func (g Digest) AppendScale(dst []byte) []byte { return scale.AppendSlice(dst, g) }

// DecodeScale reads what AppendScale wrote.
func (g *Digest) DecodeScale(d *scale.Decoder) { *g = scale.DecodeSlice[DigestItem](d) }

// PreRuntime returns the data of the first PreRuntime item of engine.
func (h Header) PreRuntime(engine EngineID) (data []byte, ok bool) {
	for _, item := range h.Digest {
		if item.Kind == DigestPreRuntime && item.Engine == engine {
			return item.Data, true
		}
	}
	return nil, false
}

// Unsealed returns the header without its last digest item and that item, where it is a seal: what the author signed is the hash of that header.
func (h Header) Unsealed() (header Header, seal DigestItem, ok bool) {
	last := len(h.Digest) - 1
	if last < 0 || h.Digest[last].Kind != DigestSeal {
		return h, DigestItem{}, false
	}
	seal = h.Digest[last]
	h.Digest = h.Digest[:last:last]
	return h, seal, true
}
