package frame

import (
	"github.com/gotensor/gotensor/primitives/scale"
)

// DispatchError is why a call failed, as it stands in events and results: sp_runtime::DispatchError. It is a plain value and can be
// compared.
type DispatchError struct {
	Kind   ErrorKind
	Pallet uint8    // where Kind is ErrorModule: the index of the pallet
	Code   [4]uint8 // ErrorModule: the number of the error and zeros; kinds with a detail: its number first
}

// ErrorKind is the kind of a DispatchError. The numbers are those on the wire.
type ErrorKind uint8

// Kinds of dispatch errors.
const (
	ErrorOther              ErrorKind = 0
	ErrorCannotLookup       ErrorKind = 1
	ErrorBadOrigin          ErrorKind = 2
	ErrorModule             ErrorKind = 3
	ErrorConsumerRemaining  ErrorKind = 4
	ErrorNoProviders        ErrorKind = 5
	ErrorTooManyConsumers   ErrorKind = 6
	ErrorToken              ErrorKind = 7
	ErrorArithmetic         ErrorKind = 8
	ErrorTransactional      ErrorKind = 9
	ErrorExhausted          ErrorKind = 10
	ErrorCorruption         ErrorKind = 11
	ErrorUnavailable        ErrorKind = 12
	ErrorRootNotAllowed     ErrorKind = 13
	ErrorTrie               ErrorKind = 14
	lastErrorKind                     = ErrorTrie
	errorKindsWithoutDetail           = 1<<ErrorOther | 1<<ErrorCannotLookup | 1<<ErrorBadOrigin | 1<<ErrorConsumerRemaining | 1<<ErrorNoProviders |
		1<<ErrorTooManyConsumers | 1<<ErrorExhausted | 1<<ErrorCorruption | 1<<ErrorUnavailable | 1<<ErrorRootNotAllowed
)

// Errors that no pallet owns.
var (
	Other             = DispatchError{Kind: ErrorOther}
	CannotLookup      = DispatchError{Kind: ErrorCannotLookup}
	BadOrigin         = DispatchError{Kind: ErrorBadOrigin}
	ConsumerRemaining = DispatchError{Kind: ErrorConsumerRemaining}
	NoProviders       = DispatchError{Kind: ErrorNoProviders}
	TooManyConsumers  = DispatchError{Kind: ErrorTooManyConsumers}
	Exhausted         = DispatchError{Kind: ErrorExhausted}
	Corruption        = DispatchError{Kind: ErrorCorruption}
	Unavailable       = DispatchError{Kind: ErrorUnavailable}
	RootNotAllowed    = DispatchError{Kind: ErrorRootNotAllowed}

	TokenFundsUnavailable = detail(ErrorToken, 0)
	TokenOnlyProvider     = detail(ErrorToken, 1)
	TokenBelowMinimum     = detail(ErrorToken, 2)
	TokenCannotCreate     = detail(ErrorToken, 3)
	TokenUnknownAsset     = detail(ErrorToken, 4)
	TokenFrozen           = detail(ErrorToken, 5)
	TokenUnsupported      = detail(ErrorToken, 6)
	TokenCannotCreateHold = detail(ErrorToken, 7)
	TokenNotExpendable    = detail(ErrorToken, 8)
	TokenBlocked          = detail(ErrorToken, 9)

	Underflow      = detail(ErrorArithmetic, 0)
	Overflow       = detail(ErrorArithmetic, 1)
	DivisionByZero = detail(ErrorArithmetic, 2)

	TransactionalLimitReached = detail(ErrorTransactional, 0)
	TransactionalNoLayer      = detail(ErrorTransactional, 1)
)

func detail(kind ErrorKind, code uint8) DispatchError {
	return DispatchError{Kind: kind, Code: [4]uint8{code}}
}

// Module returns error number code of the pallet with that index.
func Module(pallet, code uint8) DispatchError {
	return DispatchError{Kind: ErrorModule, Pallet: pallet, Code: [4]uint8{code}}
}

// PalletError is an error of a pallet: its type Error, whose methods are generated.
type PalletError interface {
	error
	Dispatch() DispatchError
}

// AsDispatchError returns err in the form of the wire; err must not be nil. Whatever is neither a DispatchError nor a PalletError is Other.
func AsDispatchError(err error) DispatchError {
	switch err := err.(type) {
	case DispatchError:
		return err
	case PalletError:
		return err.Dispatch()
	}
	return Other
}

var errorKindNames = [...]string{"other", "cannot lookup", "bad origin", "module", "consumer remaining", "no providers", "too many consumers",
	"token", "arithmetic", "transactional", "exhausted", "corruption", "unavailable", "root not allowed", "trie"}

// Error names the kind, and for errors of modules pallet and number.
func (e DispatchError) Error() string {
	text := "unknown"
	if int(e.Kind) < len(errorKindNames) {
		text = errorKindNames[e.Kind]
	}
	switch e.Kind {
	case ErrorModule:
		text += " " + itoa(e.Pallet) + " error " + itoa(e.Code[0])
	case ErrorToken, ErrorArithmetic, ErrorTransactional, ErrorTrie:
		text += " error " + itoa(e.Code[0])
	}
	return text
}

func itoa(n uint8) string {
	if n >= 100 {
		return string([]byte{'0' + n/100, '0' + n/10%10, '0' + n%10})
	}
	if n >= 10 {
		return string([]byte{'0' + n/10, '0' + n%10})
	}
	return string([]byte{'0' + n})
}

// AppendScale appends the error.
func (e DispatchError) AppendScale(dst []byte) []byte {
	dst = append(dst, byte(e.Kind))
	switch e.Kind {
	case ErrorModule:
		return append(append(dst, e.Pallet), e.Code[:]...)
	case ErrorToken, ErrorArithmetic, ErrorTransactional, ErrorTrie:
		return append(dst, e.Code[0])
	}
	return dst
}

// DecodeScale reads what AppendScale wrote.
func (e *DispatchError) DecodeScale(d *scale.Decoder) {
	e.Kind = ErrorKind(d.U8())
	switch {
	case e.Kind > lastErrorKind:
		d.FailVariant("dispatch error", uint8(e.Kind))
	case e.Kind == ErrorModule:
		e.Pallet = d.U8()
		d.Read(e.Code[:])
	case 1<<e.Kind&errorKindsWithoutDetail == 0:
		e.Code[0] = d.U8()
	}
}

// Outcome is the result of a call as events and storage hold it: Result<(), DispatchError>. The zero value is success.
type Outcome struct {
	Err    DispatchError
	Failed bool
}

// OutcomeOf returns the outcome of a call that returned err.
func OutcomeOf(err error) Outcome {
	if err == nil {
		return Outcome{}
	}
	return Outcome{AsDispatchError(err), true}
}

// AppendScale appends 0, or 1 and the error.
func (o Outcome) AppendScale(dst []byte) []byte {
	if !o.Failed {
		return append(dst, 0)
	}
	return o.Err.AppendScale(append(dst, 1))
}

// DecodeScale reads what AppendScale wrote.
func (o *Outcome) DecodeScale(d *scale.Decoder) {
	switch tag := d.U8(); tag {
	case 0:
	case 1:
		o.Failed = true
		o.Err.DecodeScale(d)
	default:
		d.FailVariant("result", tag)
	}
}
