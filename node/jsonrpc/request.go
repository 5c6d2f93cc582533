package jsonrpc

import (
	"bytes"
	"iter"
	"unicode/utf8"
)

// kind is what one object of a frame turned out to be.
type kind uint8

const (
	call         kind = iota // has an id: answered
	notification             // has none, or one that no call may have: not answered
	invalid                  // answered with an error
)

// request is one object of a frame. id, params point into the frame.
type request struct {
	kind   kind
	id     []byte // as it goes back: "null" where none could be read
	method string
	params []byte // nil where absent
	err    *Error // where kind is invalid
}

var null = []byte("null")

// parseRequest reads one object, given without white space around it. broken is the error where not even an id can be read.
//
// The order of attempts is the reference server's, and visible to clients: a call needs jsonrpc "2.0", a method and an id that is null,
// a string or an unsigned 64-bit integer, each once; what lacks only such an id is a notification, even where it has some other id;
// anything else is an invalid request under its id, if it has a good one. Source: jsonrpsee 0.24, server/src/server.rs,
// handle_rpc_call; types/src/request.rs.
func parseRequest(b []byte, broken *Error) request {
	bad := request{kind: invalid, id: null, err: broken}
	if len(b) == 0 || b[0] != '{' || !utf8.Valid(b) {
		return bad
	}
	var version, method, id, params []byte
	var versions, methods, ids, paramss int
	i := space(b, 1)
	if i < len(b) && b[i] == '}' {
		i++
	} else {
		for {
			start := i
			if i >= len(b) || b[i] != '"' {
				return bad
			}
			if i = skipString(b, i); i < 0 {
				return bad
			}
			name := b[start+1 : i-1]
			if bytes.IndexByte(name, '\\') >= 0 {
				text, ok := unquote(b[start:i])
				if !ok {
					return bad
				}
				name = []byte(text)
			}
			if i = space(b, i); i >= len(b) || b[i] != ':' {
				return bad
			}
			start = space(b, i+1)
			if i = skip(b, start); i < 0 {
				return bad
			}
			value := b[start:i]
			switch string(name) {
			case "jsonrpc":
				version, versions = value, versions+1
			case "method":
				method, methods = value, methods+1
			case "id":
				id, ids = value, ids+1
			case "params":
				params, paramss = value, paramss+1
			}
			if i = space(b, i); i >= len(b) {
				return bad
			}
			if b[i] == '}' {
				i++
				break
			}
			if b[i] != ',' {
				return bad
			}
			i = space(b, i+1)
		}
	}
	if space(b, i) != len(b) {
		return bad
	}

	goodID := false
	if ids == 1 {
		id, goodID = echo(id)
	}
	var name string
	ok := versions == 1 && methods == 1 && paramss <= 1
	if ok {
		ok = string(version) == `"2.0"`
		if !ok {
			v, is := str(version)
			ok = is && v == "2.0"
		}
	}
	if ok {
		name, ok = str(method)
	}
	if string(params) == "null" {
		params = nil
	}
	switch {
	case ok && goodID:
		return request{kind: call, id: id, method: name, params: params}
	case ok:
		return request{kind: notification, method: name, params: params}
	case goodID:
		return request{kind: invalid, id: id, err: errInvalidRequest}
	}
	return bad
}

// echo returns the id as the answer carries it; false where no call may have it.
// A string is written anew, as the reference server does, which changes nothing but needless escapes.
func echo(id []byte) ([]byte, bool) {
	switch {
	case string(id) == "null":
		return id, true
	case id[0] == '"':
		s, ok := unquote(id)
		if !ok {
			return nil, false
		}
		return appendString(make([]byte, 0, len(id)), s), true
	case isU64(id):
		return id, true
	}
	return nil, false
}

func str(b []byte) (string, bool) {
	if b[0] != '"' {
		return "", false
	}
	return unquote(b)
}

// count returns the number of values of an array, given without white space around it; false where it is none.
func count(b []byte) (int, bool) {
	if len(b) == 0 || b[0] != '[' || !utf8.Valid(b) {
		return 0, false
	}
	i := space(b, 1)
	if i < len(b) && b[i] == ']' {
		return 0, space(b, i+1) == len(b)
	}
	for n := 1; ; n++ {
		if i = skip(b, i); i < 0 {
			return 0, false
		}
		if i = space(b, i); i >= len(b) {
			return 0, false
		}
		if b[i] == ']' {
			return n, space(b, i+1) == len(b)
		}
		if b[i] != ',' {
			return 0, false
		}
		i = space(b, i+1)
	}
}

// values yields the values of an array that count has accepted, one at a time: a batch of millions is never held as a list.
func values(b []byte) iter.Seq[[]byte] {
	return func(yield func([]byte) bool) {
		i := space(b, 1)
		for i < len(b) && b[i] != ']' {
			end := skip(b, i)
			if !yield(b[i:end]) {
				return
			}
			if i = space(b, end); b[i] == ',' {
				i = space(b, i+1)
			}
		}
	}
}
