package jsonrpc

import (
	"bytes"
	"encoding/json"
	"errors"
	"strconv"
	"strings"
)

// Params are the parameters of one call: read them in their order with Next and Optional. What follows the last one that a handler reads
// is ignored, as the reference server does. They are valid only until the handler returns; results may not point into them.
type Params struct {
	raw   []byte // nil: none
	names []string
	next  int // index of the next name

	rest   []byte          // positional: what is left, from '[' or ',' on; nil at the end
	object map[string]span // by name, where raw is an object
	err    *Error          // what was wrong with all of them

	text []byte // what the reference's parser has before it at the next value: places in errors count from its start
	from int    // start of the value in text
}

// span is a part of the parameters' text.
type span struct{ from, to int }

func newParams(raw []byte, names []string) *Params {
	p := &Params{raw: raw, names: names, rest: raw}
	if len(raw) > 0 && raw[0] == '{' && len(names) > 0 {
		p.rest, p.text = nil, raw
		p.object, p.err = named(raw, names)
	}
	return p
}

// named picks the values of the names, as written or in lowerCamelCase, out of an object that skip has accepted.
func named(b []byte, names []string) (map[string]span, *Error) {
	out := make(map[string]span, len(names))
	i := space(b, 1)
	for b[i] != '}' {
		start := i
		i = skipString(b, i)
		key, ok := unquote(b[start:i])
		if !ok {
			return nil, InvalidParams("invalid unicode code point" + place(b, i))
		}
		end := i
		start = space(b, space(b, i)+1)
		i = skip(b, start)
		for _, name := range names {
			if key != name && key != camel(name) {
				continue
			}
			if _, twice := out[name]; twice {
				return nil, InvalidParams("duplicate field `" + name + "`" + place(b, end))
			}
			out[name] = span{start, i}
		}
		if i = space(b, i); b[i] == ',' {
			i = space(b, i+1)
		}
	}
	return out, nil
}

// place is how serde_json ends its errors: the line and the column in text before index i.
func place(text []byte, i int) string {
	before := text[:i]
	line := 1 + bytes.Count(before, []byte{'\n'})
	return " at line " + strconv.Itoa(line) + " column " + strconv.Itoa(i-1-bytes.LastIndexByte(before, '\n'))
}

// value returns the next parameter as JSON, nil where there is none.
func (p *Params) value() ([]byte, *Error) {
	if p.err != nil {
		return nil, p.err
	}
	if p.object != nil {
		if p.next >= len(p.names) {
			panic("BUG: more parameters read than named")
		}
		at, ok := p.object[p.names[p.next]]
		p.next++
		if !ok {
			return nil, nil
		}
		p.from = at.from
		return p.raw[at.from:at.to], nil
	}
	if len(p.rest) == 0 {
		return nil, nil
	}
	if c := p.rest[0]; c != '[' && c != ',' {
		p.err = InvalidParams("Invalid params. Expected one of '[', ']' or ',' but found " + string(appendString(nil, string(p.rest[:min(len(p.rest), 4096)]))))
		return nil, p.err
	}
	i := space(p.rest, 1)
	if p.rest[i] == ']' {
		if i > 1 { // "[]" is no parameters; "[ ]" is a mistake, there as here
			p.err = InvalidParams("expected value" + place(p.rest[1:], i))
			return nil, p.err
		}
		p.rest = nil
		return nil, nil
	}
	p.text, p.from = p.rest[1:], i-1
	end := skip(p.rest, i)
	v := p.rest[i:end]
	if i = space(p.rest, end); p.rest[i] == ']' {
		p.rest = nil
	} else {
		p.rest = p.rest[i:]
	}
	return v, nil
}

// camel turns snake_case into lowerCamelCase.
func camel(name string) string {
	parts := strings.Split(name, "_")
	for i, s := range parts[1:] {
		if s != "" {
			parts[i+1] = strings.ToUpper(s[:1]) + s[1:]
		}
	}
	return strings.Join(parts, "")
}

// Next reads the next parameter, which must be there, into v, a pointer, by the rules of encoding/json: null does not fill a type that has
// no UnmarshalJSON. The error is a *Error to return from the handler. Where an UnmarshalJSON gives a *Error of InvalidParams, the place of
// the value is added to its text.
func (p *Params) Next(v any) error {
	b, err := p.value()
	switch {
	case err != nil:
		return err
	case b != nil:
		return p.decode(b, v)
	case p.object != nil:
		return InvalidParams("missing field `" + p.names[p.next-1] + "`" + place(p.text, len(p.text)))
	}
	return InvalidParams("No more params")
}

// Optional reads the next parameter into v, a pointer, which stays as it is where the parameter is missing or null.
func (p *Params) Optional(v any) error {
	b, err := p.value()
	if err != nil {
		return err
	}
	if b == nil || string(b) == "null" {
		return nil
	}
	return p.decode(b, v)
}

func (p *Params) decode(b []byte, v any) error {
	if raw, ok := v.(*json.RawMessage); ok {
		*raw = b
		return nil
	}
	err := json.Unmarshal(b, v)
	if err == nil {
		return nil
	}
	var e *Error
	if !errors.As(err, &e) {
		return InvalidParams(err.Error())
	}
	text, ok := e.Data.(string)
	if !ok || e.Code != CodeInvalidParams {
		return e
	}
	// A scalar was read to its end when its type turned out wrong; a list or an object was not begun. Where inside of one the error
	// lies is not known here, and nothing is said of it.
	at := p.from + len(b)
	if b[0] == '[' || b[0] == '{' {
		if !strings.HasPrefix(text, "invalid type: map,") && !strings.HasPrefix(text, "invalid type: sequence,") {
			return e
		}
		at = p.from
	}
	return InvalidParams(text + place(p.text, at))
}
