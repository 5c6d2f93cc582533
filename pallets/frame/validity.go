package frame

import (
	"github.com/gotensor/gotensor/primitives/scale"
)

// Source is where a transaction comes from. The numbers are those on the wire.
type Source uint8

// Sources of transactions.
const (
	InBlock  Source = 0 // it is in a block already
	Local    Source = 1 // this node made it
	External Source = 2 // a peer or a client sent it
)

// TransactionError is why a transaction is not taken: sp_runtime::TransactionValidityError. It is a plain value.
type TransactionError struct {
	Unknown bool  // the transaction may become valid; else it is invalid
	Kind    uint8 // variant of InvalidTransaction or UnknownTransaction
	Code    uint8 // detail of the kinds that have one: Custom, BadMandatory has none
}

// Reasons why transactions are invalid or unknown. Source: sp_runtime::transaction_validity.
var (
	InvalidCall                = TransactionError{Kind: 0}
	InvalidPayment             = TransactionError{Kind: 1}
	InvalidFuture              = TransactionError{Kind: 2}
	InvalidStale               = TransactionError{Kind: 3}
	InvalidBadProof            = TransactionError{Kind: 4}
	InvalidAncientBirthBlock   = TransactionError{Kind: 5}
	InvalidExhaustsResources   = TransactionError{Kind: 6}
	InvalidBadMandatory        = TransactionError{Kind: 8}
	InvalidMandatoryValidation = TransactionError{Kind: 9}
	InvalidBadSigner           = TransactionError{Kind: 10}
	InvalidIndeterminate       = TransactionError{Kind: 11}
	InvalidUnknownOrigin       = TransactionError{Kind: 12}
	UnknownCannotLookup        = TransactionError{Unknown: true, Kind: 0}
	UnknownNoValidator         = TransactionError{Unknown: true, Kind: 1}
)

// InvalidCustom returns the invalid transaction error with a number of the runtime's own.
func InvalidCustom(code uint8) TransactionError { return TransactionError{Kind: 7, Code: code} }

const kindCustom = 7        // InvalidTransaction::Custom
const kindUnknownCustom = 2 // UnknownTransaction::Custom

// Error names kind and code.
func (e TransactionError) Error() string {
	text := "invalid transaction "
	if e.Unknown {
		text = "unknown transaction "
	}
	return text + itoa(e.Kind) + "/" + itoa(e.Code)
}

// AppendScale appends the error.
func (e TransactionError) AppendScale(dst []byte) []byte {
	if e.Unknown {
		dst = append(dst, 1, e.Kind)
		if e.Kind == kindUnknownCustom {
			dst = append(dst, e.Code)
		}
		return dst
	}
	dst = append(dst, 0, e.Kind)
	if e.Kind == kindCustom {
		dst = append(dst, e.Code)
	}
	return dst
}

// AsTransactionError returns err as what the pool is told; whatever is no TransactionError is InvalidCall.
func AsTransactionError(err error) TransactionError {
	if e, ok := err.(TransactionError); ok {
		return e
	}
	return InvalidCall
}

// ValidTransaction is what the pool must know of a valid transaction.
type ValidTransaction struct {
	Priority  uint64
	Requires  [][]byte
	Provides  [][]byte
	Longevity uint64 // blocks
	Propagate bool
}

// DefaultValid is the valid transaction without conditions.
func DefaultValid() ValidTransaction { return ValidTransaction{Longevity: ^uint64(0), Propagate: true} }

// Combine returns what holds where both hold.
func (v ValidTransaction) Combine(w ValidTransaction) ValidTransaction {
	return ValidTransaction{
		Priority:  saturatingAdd(v.Priority, w.Priority),
		Requires:  append(v.Requires, w.Requires...),
		Provides:  append(v.Provides, w.Provides...),
		Longevity: min(v.Longevity, w.Longevity),
		Propagate: v.Propagate && w.Propagate,
	}
}

// AppendScale appends the value.
func (v ValidTransaction) AppendScale(dst []byte) []byte {
	dst = scale.AppendU64(dst, v.Priority)
	dst = scale.AppendSeq(dst, v.Requires, scale.AppendBytes)
	dst = scale.AppendSeq(dst, v.Provides, scale.AppendBytes)
	dst = scale.AppendU64(dst, v.Longevity)
	return scale.AppendBool(dst, v.Propagate)
}

// Tx is a transaction on its way through the extensions: what they may look at, and what they tell each other.
type Tx struct {
	Origin  Origin
	Call    Call
	Info    DispatchInfo // with the weight of extensions
	Len     int          // bytes of the extrinsic with its length prefix
	Source  Source
	Encoded []byte // the encoded call, which signatures and implications cover
}

// Extension is one transaction extension of the runtime: a check, and perhaps a deed, before and after each signed transaction's
// call. Extensions are singletons that hold what they decoded of the transaction in hand; there is one at a time.
type Extension interface {
	// Identifier is the name in metadata, by which clients know what to encode.
	Identifier() string
	// Decode reads the extension's part of the extrinsic.
	Decode(d *scale.Decoder)
	// Reset puts the extension into the state for transactions that carry none of it: bare ones.
	Reset()
	// AppendImplicit appends what is signed and not sent.
	AppendImplicit(dst []byte) ([]byte, error)
	// Weight is what the extension costs for the call.
	Weight(c Call) Weight
	// Validate judges the transaction, in the pool and in blocks. It may change tx.Origin. Error: a TransactionError.
	Validate(tx *Tx) (ValidTransaction, error)
	// Prepare does what must be done before the call runs: nonce, fee. Error: a TransactionError.
	Prepare(tx *Tx) error
	// PostDispatch settles after the call ran, with its result; it may set post.Pays or the weight. Error: a TransactionError.
	PostDispatch(tx *Tx, post *PostInfo, result error) error
}

// BareExtension is an Extension that also looks at bare extrinsics, in blocks and in the pool.
type BareExtension interface {
	Extension
	BareValidate(tx *Tx) (ValidTransaction, error)
	BarePrepare(tx *Tx) error
	BarePostDispatch(tx *Tx, post *PostInfo, result error) error
}

// Plain is an Extension that decodes, adds, checks and does nothing. Embed it and write what differs.
type Plain struct{}

// Decode implements Extension.
func (Plain) Decode(*scale.Decoder) {}

// Reset implements Extension.
func (Plain) Reset() {}

// AppendImplicit implements Extension.
func (Plain) AppendImplicit(dst []byte) ([]byte, error) { return dst, nil }

// Weight implements Extension.
func (Plain) Weight(Call) Weight { return Weight{} }

// Validate implements Extension.
func (Plain) Validate(*Tx) (ValidTransaction, error) { return DefaultValid(), nil }

// Prepare implements Extension.
func (Plain) Prepare(*Tx) error { return nil }

// PostDispatch implements Extension.
func (Plain) PostDispatch(*Tx, *PostInfo, error) error { return nil }
