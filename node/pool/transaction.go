package pool

import (
	"math"
	"time"

	"github.com/gotensor/gotensor/primitives/chain"
	"github.com/gotensor/gotensor/primitives/hash"
	"github.com/gotensor/gotensor/primitives/scale"
	"github.com/gotensor/gotensor/storage/db"
)

// Source says where a transaction comes from, which a runtime may make a difference of. The numbers are those on the wire (TransactionSource of sp_runtime).
type Source uint8

// Sources of transactions.
const (
	InBlock  Source = 0 // from a block: where it came from before cannot be said
	Local    Source = 1 // made by this node: an offchain worker
	External Source = 2 // from a client or a peer
)

// String returns the source's name.
func (s Source) String() string {
	switch s {
	case InBlock:
		return "InBlock"
	case Local:
		return "Local"
	case External:
		return "External"
	}
	return "Source(?)"
}

// Tag is what a transaction requires or provides: bytes that only the runtime gives a meaning. FRAME's are the account and the nonce, encoded.
type Tag string

// Validity is what a runtime says of a valid transaction (ValidTransaction of sp_runtime).
type Validity struct {
	Priority  uint64
	Requires  []Tag
	Provides  []Tag
	Longevity uint64 // blocks for which this holds
	Propagate bool
}

// DecodeScale reads a validity.
func (v *Validity) DecodeScale(d *scale.Decoder) {
	v.Priority = d.U64()
	v.Requires = scale.DecodeSeq(d, decodeTag)
	v.Provides = scale.DecodeSeq(d, decodeTag)
	v.Longevity = d.U64()
	v.Propagate = d.Bool()
}

// AppendScale appends the validity.
func (v Validity) AppendScale(dst []byte) []byte {
	dst = scale.AppendU64(dst, v.Priority)
	dst = scale.AppendSeq(dst, v.Requires, appendTag)
	dst = scale.AppendSeq(dst, v.Provides, appendTag)
	dst = scale.AppendU64(dst, v.Longevity)
	return scale.AppendBool(dst, v.Propagate)
}

func decodeTag(d *scale.Decoder) Tag         { return Tag(d.Bytes()) }
func appendTag(dst []byte, tag Tag) []byte   { return scale.AppendString(dst, string(tag)) }
func saturatingAdd(a, b uint64) (sum uint64) { return a + min(b, math.MaxUint64-a) }

// HashOf returns the hash of a transaction: blake2b-256 of the encoding with its length.
func HashOf(xt chain.OpaqueExtrinsic) hash.H256 { return identify(xt).hash }

// DecodeValidity reads what TaggedTransactionQueue_validate_transaction returned: a TransactionValidity. Its error is an *InvalidError where the runtime found
// the transaction invalid, and one of package scale where the bytes are no TransactionValidity.
func DecodeValidity(result []byte) (Validity, error) {
	type outcome struct {
		valid   Validity
		invalid *InvalidError
	}
	o, err := scale.UnmarshalFunc(result, func(d *scale.Decoder) (o outcome) {
		switch d.U8() {
		case 0:
			o.valid.DecodeScale(d)
		case 1:
			o.invalid = new(InvalidError)
			o.invalid.DecodeScale(d)
		default:
			d.Fail(d.Offset()-1, "transaction validity", scale.ErrInvalid, "neither valid nor an error")
		}
		return o
	})
	if err != nil {
		return Validity{}, err
	}
	if o.invalid != nil {
		return Validity{}, o.invalid
	}
	return o.valid, nil
}

// Transaction is a transaction in the pool. It does not change.
type Transaction struct {
	Hash      hash.H256 // blake2b-256 of the encoding with its length
	Extrinsic chain.OpaqueExtrinsic
	Bytes     int // of the encoding with its length
	Priority  uint64
	ValidTill uint64 // the block number from which the runtime must be asked again
	Requires  []Tag
	Provides  []Tag
	Propagate bool
	Source    Source

	// at is the block that the transaction was validated on, and validated when.
	at        db.Point
	validated time.Time
	// age orders transactions by when they were first submitted.
	age uint64
}

func newTransaction(id identity, xt chain.OpaqueExtrinsic, source Source, at db.Point, now time.Time, v Validity) *Transaction {
	return &Transaction{Hash: id.hash, Extrinsic: xt, Bytes: id.bytes, Priority: v.Priority, ValidTill: saturatingAdd(uint64(at.Number), v.Longevity),
		Requires: v.Requires, Provides: v.Provides, Propagate: v.Propagate, Source: source, at: at, validated: now}
}

// identity is what is known of an extrinsic before the runtime has seen it.
type identity struct {
	hash  hash.H256
	bytes int
}

func identify(xt chain.OpaqueExtrinsic) identity {
	encoded := xt.AppendScale(make([]byte, 0, len(xt)+4))
	return identity{hash.Blake2b256(encoded), len(encoded)}
}
