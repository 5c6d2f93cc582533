package jsonrpc

import (
	"bytes"
	"encoding/binary"
	"encoding/json"
	"slices"
)

// Appender is a result that writes its own JSON: the way for large results, which then exist once, in the frame that is sent.
type Appender interface {
	// AppendJSON appends one valid JSON value to b.
	AppendJSON(b []byte) []byte
}

// Hex is a result of bytes: "0x" and two lowercase digits a byte, the form of every SCALE value in Substrate's RPC.
type Hex []byte

// AppendJSON appends the quoted hexadecimal form.
func (h Hex) AppendJSON(b []byte) []byte {
	b = append(b, `"0x`...)
	at := len(b)
	b = slices.Grow(b, 2*len(h)+1)[:at+2*len(h)]
	out := b[at:]
	for len(h) >= 4 && len(out) >= 8 {
		binary.LittleEndian.PutUint64(out, uint64(digits[h[0]])|uint64(digits[h[1]])<<16|uint64(digits[h[2]])<<32|uint64(digits[h[3]])<<48)
		h, out = h[4:], out[8:]
	}
	for i, c := range h {
		binary.LittleEndian.PutUint16(out[2*i:], digits[c])
	}
	return append(b, '"')
}

// digits are the two hexadecimal digits of each byte, the first one low.
var digits = func() (t [256]uint16) {
	const hex = "0123456789abcdef"
	for i := range t {
		t[i] = uint16(hex[i>>4]) | uint16(hex[i&15])<<8
	}
	return t
}()

// MarshalJSON is AppendJSON, for Hex inside other values.
func (h Hex) MarshalJSON() ([]byte, error) {
	return h.AppendJSON(make([]byte, 0, 4+2*len(h))), nil
}

// appendValue appends v as JSON. Escapes are as serde_json's in the strings it writes itself; values that go through encoding/json
// differ only in that U+2028 and U+2029 are escaped.
func appendValue(b []byte, v any) ([]byte, error) {
	switch v := v.(type) {
	case nil:
		return append(b, "null"...), nil
	case bool:
		if v {
			return append(b, "true"...), nil
		}
		return append(b, "false"...), nil
	case string:
		return appendString(b, v), nil
	case json.RawMessage:
		if v == nil {
			return append(b, "null"...), nil
		}
		return append(b, v...), nil
	case Appender:
		return v.AppendJSON(b), nil
	}
	w := bytes.NewBuffer(b)
	e := json.NewEncoder(w)
	e.SetEscapeHTML(false)
	if err := e.Encode(v); err != nil {
		return b, err
	}
	b = w.Bytes()
	return b[:len(b)-1], nil // Encode ends with a newline
}

// appendHead appends the start of an answer up to its id.
func appendHead(b, id []byte) []byte {
	b = append(b, `{"jsonrpc":"2.0","id":`...)
	return append(b, id...)
}

func appendError(b, id []byte, e *Error) []byte {
	b = append(appendHead(b, id), `,"error":`...)
	return append(e.appendJSON(b), '}')
}
