package jsonrpc

import (
	"encoding/json"
	"fmt"
	"strconv"
)

// Codes of errors. Source: jsonrpsee 0.24, types/src/error.rs; the last one: sc-rpc-server, middleware/rate_limit.rs.
const (
	CodeParse                = -32700
	CodeInvalidRequest       = -32600
	CodeMethodNotFound       = -32601
	CodeInvalidParams        = -32602
	CodeInternal             = -32603
	CodeBatchesNotSupported  = -32005
	CodeTooManySubscriptions = -32006
	CodeOversizedRequest     = -32007
	CodeOversizedResponse    = -32008
	CodeTooBigBatchRequest   = -32010
	CodeTooBigBatchResponse  = -32011
	CodeRateLimited          = -32999
)

// Error is the error object of an answer. A handler returns *Error to choose what its client sees; any other error of a handler
// goes to the log and the client sees an internal error.
type Error struct {
	Code    int
	Message string
	// Data is left out where nil. json.RawMessage is taken as it is, other values are encoded as results are.
	Data any
}

func (e *Error) Error() string {
	if e.Data == nil {
		return fmt.Sprintf("%s (%d)", e.Message, e.Code)
	}
	return fmt.Sprintf("%s (%d): %v", e.Message, e.Code, e.Data)
}

var (
	errParse          = &Error{Code: CodeParse, Message: "Parse error"}
	errInvalidRequest = &Error{Code: CodeInvalidRequest, Message: "Invalid request"}
	errMethodNotFound = &Error{Code: CodeMethodNotFound, Message: "Method not found"}
	errInternal       = &Error{Code: CodeInternal, Message: "Internal error"}
	errNoBatches      = &Error{Code: CodeBatchesNotSupported, Message: "Batched requests are not supported by this server"}
)

// ErrUnsafe answers a call of an unsafe method from a connection that may not make it. Source: sc-rpc-api, policy.rs, UnsafeRpcError.
var ErrUnsafe = &Error{Code: CodeMethodNotFound, Message: "RPC call is unsafe to be called externally"}

// InvalidParams is the error for parameters that do not fit; data says how, in the words of the reference server where it has any.
func InvalidParams(data string) *Error {
	return &Error{Code: CodeInvalidParams, Message: "Invalid params", Data: data}
}

func exceeded(code int, message string, limit int) *Error {
	return &Error{Code: code, Message: message, Data: "Exceeded max limit of " + strconv.Itoa(limit)}
}

// appendJSON appends {"code":…,"message":…,"data":…}. Data that does not encode is left out.
func (e *Error) appendJSON(b []byte) []byte {
	b = append(b, `{"code":`...)
	b = strconv.AppendInt(b, int64(e.Code), 10)
	b = append(b, `,"message":`...)
	b = appendString(b, e.Message)
	if e.Data != nil {
		if with, err := appendValue(append(b, `,"data":`...), e.Data); err == nil {
			b = with
		}
	}
	return append(b, '}')
}

// MarshalJSON writes the error object, for results that carry errors inside.
func (e *Error) MarshalJSON() ([]byte, error) { return e.appendJSON(nil), nil }

var _ json.Marshaler = (*Error)(nil)
