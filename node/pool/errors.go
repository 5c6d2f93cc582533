package pool

import (
	"errors"
	"fmt"

	"github.com/gotensor/gotensor/primitives/hash"
	"github.com/gotensor/gotensor/primitives/scale"
)

// Errors of submission, those of sc-transaction-pool-api (error.rs). Explain has the words that clients of Substrate know.
var (
	// ErrNoTags: the runtime names nothing that the transaction provides, so that nothing would keep it from being included again and again.
	ErrNoTags = errors.New("transaction provides no tags")
	// ErrBanned: the transaction was found invalid, was dropped, or is in a block, not long ago.
	ErrBanned = errors.New("transaction is temporarily banned")
	// ErrAlreadyImported: the transaction is in the pool. It is wrapped by *AlreadyImportedError.
	ErrAlreadyImported = errors.New("transaction is in the pool already")
	// ErrCycle: the transaction and others of the pool require one another.
	ErrCycle = errors.New("transaction and others require one another")
	// ErrFull: the pool is full of better transactions, or more of them wait for validation than the pool has room for.
	ErrFull = errors.New("transaction pool is full")
	// ErrUnactionable: the transaction is only for blocks that this node authors, and it authors none.
	ErrUnactionable = errors.New("transaction is for authors alone, and this node is none")
	// ErrFuture: the transaction requires what nothing provides, and the pool keeps none of those.
	ErrFuture = errors.New("transaction requires others, and the pool takes none that wait")
	// ErrTooManyWatches: more transactions are watched than Config.MaxWatches.
	ErrTooManyWatches = errors.New("too many watched transactions")
	// ErrClosed: the pool was closed.
	ErrClosed = errors.New("transaction pool is closed")
)

// AlreadyImportedError says which transaction is in the pool already. It is an ErrAlreadyImported.
type AlreadyImportedError struct{ Hash hash.H256 }

func (e *AlreadyImportedError) Error() string {
	return fmt.Sprintf("%v: %s", ErrAlreadyImported, e.Hash)
}

// Unwrap returns ErrAlreadyImported.
func (e *AlreadyImportedError) Unwrap() error { return ErrAlreadyImported }

// TooLowPriorityError says that what the transaction would replace has at least its priority.
type TooLowPriorityError struct {
	Old uint64 // the sum over those to be replaced
	New uint64
}

func (e *TooLowPriorityError) Error() string {
	return fmt.Sprintf("priority %d is too low: what the transaction would replace has %d", e.New, e.Old)
}

// ValidationError says that the runtime could not be asked about a transaction, or did not answer: it trapped, it lacks the API, its state is not there.
type ValidationError struct{ Err error }

func (e *ValidationError) Error() string { return fmt.Sprintf("validate transaction: %v", e.Err) }

// Unwrap returns the reason.
func (e *ValidationError) Unwrap() error { return e.Err }

// InvalidKind is why a transaction is invalid. The numbers are those on the wire (InvalidTransaction of sp_runtime).
type InvalidKind uint8

// Why a transaction is invalid.
const (
	InvalidCall                  InvalidKind = 0
	InvalidPayment               InvalidKind = 1
	InvalidFuture                InvalidKind = 2
	InvalidStale                 InvalidKind = 3
	InvalidBadProof              InvalidKind = 4
	InvalidAncientBirthBlock     InvalidKind = 5
	InvalidExhaustsResources     InvalidKind = 6
	InvalidCustom                InvalidKind = 7
	InvalidBadMandatory          InvalidKind = 8
	InvalidMandatoryValidation   InvalidKind = 9
	InvalidBadSigner             InvalidKind = 10
	InvalidIndeterminateImplicit InvalidKind = 11
	InvalidUnknownOrigin         InvalidKind = 12
)

// Why it is unknown whether a transaction is valid (UnknownTransaction of sp_runtime).
const (
	UnknownCannotLookup        InvalidKind = 0
	UnknownNoUnsignedValidator InvalidKind = 1
	UnknownCustom              InvalidKind = 2
)

// words are a kind's name and its text as Substrate gives them (sp_runtime, transaction_validity.rs).
type words struct{ name, text string }

var invalidWords = []words{
	{"Call", "Transaction call is not expected"},
	{"Payment", "Inability to pay some fees (e.g. account balance too low)"},
	{"Future", "Transaction will be valid in the future"},
	{"Stale", "Transaction is outdated"},
	{"BadProof", "Transaction has a bad signature"},
	{"AncientBirthBlock", "Transaction has an ancient birth block"},
	{"ExhaustsResources", "Transaction would exhaust the block limits"},
	{"Custom", "InvalidTransaction custom error"},
	{"BadMandatory", "A call was labelled as mandatory, but resulted in an Error."},
	{"MandatoryValidation", "Transaction dispatch is mandatory; transactions must not be validated."},
	{"BadSigner", "Invalid signing address"},
	{"IndeterminateImplicit", "The implicit data was unable to be calculated"},
	{"UnknownOrigin", "The transaction extension did not authorize any origin"},
}

var unknownWords = []words{
	{"CannotLookup", "Could not lookup information required to validate the transaction"},
	{"NoUnsignedValidator", "Could not find an unsigned validator for the unsigned transaction"},
	{"Custom", "UnknownTransaction custom error"},
}

// InvalidError is a TransactionValidityError: the runtime's reason why a transaction is in no block.
type InvalidError struct {
	Unknown bool        // it cannot be told whether the transaction is valid
	Kind    InvalidKind // of Invalid…, or where Unknown of Unknown…
	Custom  uint8       // with InvalidCustom and UnknownCustom
}

func (e *InvalidError) words() words {
	if e.Unknown {
		return unknownWords[e.Kind]
	}
	return invalidWords[e.Kind]
}

// custom tells whether the kind comes with a number.
func (e *InvalidError) custom() bool {
	return e.Unknown && e.Kind == UnknownCustom || !e.Unknown && e.Kind == InvalidCustom
}

// DecodeScale reads a TransactionValidityError.
func (e *InvalidError) DecodeScale(d *scale.Decoder) {
	of := len(invalidWords)
	switch d.U8() {
	case 0:
	case 1:
		e.Unknown, of = true, len(unknownWords)
	default:
		d.Fail(d.Offset()-1, "transaction validity error", scale.ErrInvalid, "neither invalid nor unknown")
	}
	kind := d.U8()
	if int(kind) >= of {
		d.Fail(d.Offset()-1, "transaction validity error", scale.ErrInvalid, fmt.Sprintf("unknown kind %d", kind))
		return
	}
	e.Kind = InvalidKind(kind)
	if e.custom() {
		e.Custom = d.U8()
	}
}

// AppendScale appends a TransactionValidityError.
func (e *InvalidError) AppendScale(dst []byte) []byte {
	outer := byte(0)
	if e.Unknown {
		outer = 1
	}
	dst = append(dst, outer, byte(e.Kind))
	if e.custom() {
		dst = append(dst, e.Custom)
	}
	return dst
}

// Name returns the kind as Rust's Debug prints it: "BadProof", "Custom(3)".
func (e *InvalidError) Name() string {
	if e.custom() {
		return fmt.Sprintf("Custom(%d)", e.Custom)
	}
	return e.words().name
}

// Text returns the kind as Rust's Display prints it: "Transaction has a bad signature".
func (e *InvalidError) Text() string { return e.words().text }

func (e *InvalidError) Error() string {
	if e.Unknown {
		return "validity of the transaction is unknown: " + e.Name()
	}
	return "transaction is invalid: " + e.Name()
}

// ExhaustsResources tells whether the transaction is valid but has no room in the block: it may go into a later one.
func (e *InvalidError) ExhaustsResources() bool {
	return !e.Unknown && e.Kind == InvalidExhaustsResources
}

// Explanation is an error of submission as JSON-RPC gives it to clients.
type Explanation struct {
	Code    int
	Message string
	Data    string // empty where there is none
}

// Explain returns the code and the texts that Substrate gives for an error of Submit (sc-rpc-api, author/error.rs).
func Explain(err error) Explanation {
	var invalid *InvalidError
	var low *TooLowPriorityError
	switch {
	case errors.As(err, &invalid) && invalid.Unknown:
		return Explanation{1011, "Unknown Transaction Validity", invalid.Name()}
	case errors.As(err, &invalid) && invalid.Kind == InvalidCustom:
		return Explanation{1010, "Invalid Transaction", fmt.Sprintf("Custom error: %d", invalid.Custom)}
	case errors.As(err, &invalid):
		return Explanation{1010, "Invalid Transaction", invalid.Text()}
	case errors.Is(err, ErrBanned):
		return Explanation{1012, "Transaction is temporarily banned", ""}
	case errors.Is(err, ErrAlreadyImported):
		// Substrate prints the hash through a type that hides it.
		return Explanation{1013, "Transaction Already Imported", "Any { .. }"}
	case errors.As(err, &low):
		return Explanation{1014, fmt.Sprintf("Priority is too low: (%d vs %d)", low.Old, low.New),
			"The transaction has too low priority to replace another transaction already in the pool."}
	case errors.Is(err, ErrCycle):
		return Explanation{1015, "Cycle Detected", ""}
	case errors.Is(err, ErrFull):
		return Explanation{1016, "Immediately Dropped", "The transaction couldn't enter the pool because of the limit"}
	case errors.Is(err, ErrUnactionable):
		return Explanation{1018, "Unactionable", "The transaction is unactionable since it is not propagable and the local node does not author blocks"}
	case errors.Is(err, ErrNoTags):
		return Explanation{1019, "No tags provided", "Transaction does not provide any tags, so the pool can't identify it"}
	case errors.Is(err, ErrFuture):
		return Explanation{1021, "The pool is not accepting future transactions", ""}
	}
	// What is no error of the pool, as a runtime that trapped, Substrate calls a verification error.
	var validation *ValidationError
	if errors.As(err, &validation) {
		err = validation.Err
	}
	return Explanation{1002, "Verification Error: Runtime error: " + err.Error(), fmt.Sprintf("RuntimeApi(%q)", err)}
}
