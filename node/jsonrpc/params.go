package jsonrpc

import (
	"encoding/json"
	"errors"
	"strings"
)

// Params are the parameters of one call: read them in their order with Next and Optional. What follows the last one that a handler reads
// is ignored, as the reference server does. They are valid only until the handler returns; results may not point into them.
type Params struct {
	raw    []byte // nil: none
	names  []string
	rest   []byte            // positional: what is left, from '[' or ',' on; nil at the end
	object map[string][]byte // by name, where raw is an object
	next   int
	err    error
}

func newParams(raw []byte, names []string) *Params {
	p := &Params{raw: raw, names: names}
	switch {
	case len(raw) == 0:
	case raw[0] == '[' || len(names) == 0:
		p.rest = raw
	case raw[0] == '{':
		p.object, p.err = fields(raw)
	default:
		p.rest = raw
	}
	return p
}

// fields splits an object, which skip has accepted, into its values.
func fields(b []byte) (map[string][]byte, error) {
	out := make(map[string][]byte)
	i := space(b, 1)
	for b[i] != '}' {
		start := i
		i = skipString(b, i)
		name, ok := unquote(b[start:i])
		if !ok {
			return nil, InvalidParams("invalid unicode code point")
		}
		start = space(b, space(b, i)+1)
		i = skip(b, start)
		if len(out) < maxNamed {
			out[name] = b[start:i]
		}
		if i = space(b, i); b[i] == ',' {
			i = space(b, i+1)
		}
	}
	return out, nil
}

// maxNamed bounds how many named parameters are kept: far more than any method has.
const maxNamed = 64

// Raw returns the parameters as they came; nil where the call has none.
func (p *Params) Raw() json.RawMessage { return p.raw }

var errNoMore = InvalidParams("No more params")

// value returns the next parameter as JSON, nil where there is none.
func (p *Params) value() ([]byte, error) {
	if p.err != nil {
		return nil, p.err
	}
	if p.object != nil {
		if p.next >= len(p.names) {
			return nil, nil
		}
		name := p.names[p.next]
		p.next++
		if v, ok := p.object[name]; ok {
			return v, nil
		}
		return p.object[camel(name)], nil
	}
	if len(p.rest) == 0 {
		return nil, nil
	}
	if c := p.rest[0]; c != '[' && c != ',' {
		p.err = InvalidParams("Invalid params. Expected one of '[', ']' or ',' but found " + string(appendString(nil, string(p.rest))))
		p.rest = nil
		return nil, p.err
	}
	i := space(p.rest, 1)
	if p.rest[i] == ']' { // an empty array
		p.rest = nil
		return nil, nil
	}
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

// Next reads the next parameter, which must be there, into v, a pointer. The error is a *Error to return from the handler.
func (p *Params) Next(v any) error {
	b, err := p.value()
	if err != nil {
		return err
	}
	if b == nil {
		if p.object != nil && p.next > 0 {
			return InvalidParams("missing field `" + p.names[p.next-1] + "`")
		}
		return errNoMore
	}
	return p.decode(b, v)
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
	if err := json.Unmarshal(b, v); err != nil {
		var e *Error
		if errors.As(err, &e) {
			return e
		}
		return InvalidParams(err.Error())
	}
	return nil
}
