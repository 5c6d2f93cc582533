package json

import (
	"math/bits"
	"unicode/utf8"

	"github.com/gotensor/gotensor/primitives/chain"
)

// MaxDepth is how deep values may nest: as deep as serde_json takes them.
const MaxDepth = 128

// Value is the text of one JSON value without space around it. The zero Value is null.
type Value []byte

// Error is what is wrong with a text or a value.
type Error struct {
	Path string // names and indices of members and items on the way there, outermost first: balances[3][1]
	What string // what was expected, and what was there
}

// Error returns both.
func (e *Error) Error() string {
	if e.Path == "" {
		return e.What
	}
	return e.Path + ": " + e.What
}

// At returns err as an error of the member or item that path names; nil stays nil.
func At(path string, err error) error {
	if err == nil {
		return nil
	}
	inner, ok := err.(*Error)
	if !ok {
		return &Error{path, err.Error()}
	}
	if inner.Path == "" {
		return &Error{path, inner.What}
	}
	if inner.Path[0] != '[' {
		path += "."
	}
	return &Error{path + inner.Path, inner.What}
}

// Index returns the path of item i, for At.
func Index(i int) string { return "[" + decimal(uint64(i)) + "]" }

func decimal(n uint64) string {
	var text [20]byte
	i := len(text)
	for {
		i--
		text[i] = '0' + byte(n%10)
		if n /= 10; n == 0 {
			return string(text[i:])
		}
	}
}

// Parse returns the value that text is. Error: *Error.
func Parse(text []byte) (Value, error) {
	s := scanner{text: text}
	s.space()
	start := s.at
	s.value(0)
	end := s.at
	s.space()
	if s.wrong == "" && s.at < len(text) {
		s.wrong = "end"
	}
	if s.wrong != "" {
		return nil, &Error{What: "JSON at byte " + decimal(uint64(s.at)) + ": expected " + s.wrong}
	}
	return Value(text[start:end]), nil
}

// scanner walks over a text. Once wrong says what was expected it stands still.
type scanner struct {
	text  []byte
	at    int
	wrong string
}

// peek returns the next byte, 0 at the end.
func (s *scanner) peek() byte {
	if s.at < len(s.text) && s.wrong == "" {
		return s.text[s.at]
	}
	return 0
}

func (s *scanner) space() {
	for c := s.peek(); c == ' ' || c == '\t' || c == '\n' || c == '\r'; c = s.peek() {
		s.at++
	}
}

func (s *scanner) fail(expected string) {
	if s.wrong == "" {
		s.wrong = expected
	}
}

// take steps over c.
func (s *scanner) take(c byte) {
	if s.peek() != c {
		s.fail(string(rune(c)))
		return
	}
	s.at++
}

// value steps over a value.
func (s *scanner) value(depth int) {
	if depth > MaxDepth {
		s.fail("no deeper nesting")
		return
	}
	switch c := s.peek(); {
	case c == '{':
		s.list('}', func() {
			s.str()
			s.space()
			s.take(':')
			s.space()
			s.value(depth + 1)
		})
	case c == '[':
		s.list(']', func() { s.value(depth + 1) })
	case c == '"':
		s.str()
	case c == '-' || isDigit(c):
		s.number()
	case c == 't':
		s.word("true")
	case c == 'f':
		s.word("false")
	case c == 'n':
		s.word("null")
	default:
		s.fail("a value")
	}
}

// list steps over what stands between brackets; item steps over one item of it.
func (s *scanner) list(end byte, item func()) {
	s.at++
	s.space()
	if s.peek() == end {
		s.at++
		return
	}
	for s.wrong == "" {
		item()
		s.space()
		if s.peek() == end {
			s.at++
			return
		}
		s.take(',')
		s.space()
	}
}

func (s *scanner) word(w string) {
	for i := range len(w) {
		s.take(w[i])
	}
}

func isDigit(c byte) bool { return c >= '0' && c <= '9' }

func (s *scanner) digits() {
	if !isDigit(s.peek()) {
		s.fail("a digit")
	}
	for isDigit(s.peek()) {
		s.at++
	}
}

func (s *scanner) number() {
	if s.peek() == '-' {
		s.at++
	}
	if s.peek() == '0' {
		s.at++
	} else {
		s.digits()
	}
	if s.peek() == '.' {
		s.at++
		s.digits()
	}
	if c := s.peek(); c == 'e' || c == 'E' {
		s.at++
		if c := s.peek(); c == '+' || c == '-' {
			s.at++
		}
		s.digits()
	}
}

// str steps over a string.
func (s *scanner) str() {
	s.take('"')
	for s.wrong == "" {
		switch c := s.peek(); {
		case c == '"':
			s.at++
			return
		case c < 0x20: // the end of the text too
			s.fail("the end of a string")
		case c == '\\':
			s.at++
			s.escape()
		case c < utf8.RuneSelf:
			s.at++
		default:
			r, n := utf8.DecodeRune(s.text[s.at:])
			if r == utf8.RuneError && n == 1 {
				s.fail("UTF-8")
				return
			}
			s.at += n
		}
	}
}

// escape steps over what follows a backslash.
func (s *scanner) escape() {
	switch s.peek() {
	case '"', '\\', '/', 'b', 'f', 'n', 'r', 't':
		s.at++
	case 'u':
		s.at++
		for range 4 {
			if _, ok := hexDigit(s.peek()); !ok {
				s.fail("a hex digit")
				return
			}
			s.at++
		}
	default:
		s.fail("an escape")
	}
}

func hexDigit(c byte) (uint32, bool) {
	switch {
	case isDigit(c):
		return uint32(c - '0'), true
	case c >= 'a' && c <= 'f':
		return uint32(c-'a') + 10, true
	case c >= 'A' && c <= 'F':
		return uint32(c-'A') + 10, true
	}
	return 0, false
}

// IsNull tells whether the value is null, or the zero Value.
func (v Value) IsNull() bool { return len(v) == 0 || v[0] == 'n' }

// expected returns the error of a value that is something else.
func (v Value) expected(what string) error {
	text := string(v)
	if v.IsNull() {
		text = "null"
	}
	const shown = 48
	if len(text) > shown {
		cut := shown
		for !utf8.RuneStart(text[cut]) {
			cut--
		}
		text = text[:cut] + "…"
	}
	return &Error{What: "expected " + what + ", got " + text}
}

// Members calls f with name and value of each member of an object, in their order, until f returns an error, which is returned as one of
// that member. null has no members. Error: *Error for another kind of value.
func (v Value) Members(f func(name string, member Value) error) error {
	if v.IsNull() {
		return nil
	}
	if v[0] != '{' {
		return v.expected("an object")
	}
	s := scanner{text: v, at: 1}
	for s.space(); s.peek() == '"'; s.space() {
		start := s.at
		s.str()
		name := unquote(v[start:s.at])
		s.space()
		s.take(':')
		if err := f(name, s.piece()); err != nil {
			return At(name, err)
		}
		s.comma()
	}
	return nil
}

// Items calls f with each item of an array, in their order, until f returns an error, which is returned as one of that item. null has no
// items. Error: *Error for another kind of value.
func (v Value) Items(f func(i int, item Value) error) error {
	if v.IsNull() {
		return nil
	}
	if v[0] != '[' {
		return v.expected("an array")
	}
	s := scanner{text: v, at: 1}
	for i := 0; ; i++ {
		if s.space(); s.peek() == ']' {
			return nil
		}
		if err := f(i, s.piece()); err != nil {
			return At(Index(i), err)
		}
		s.comma()
	}
}

// piece steps over space and a value, which it returns.
func (s *scanner) piece() Value {
	s.space()
	start := s.at
	s.value(0)
	return Value(s.text[start:s.at])
}

func (s *scanner) comma() {
	s.space()
	if s.peek() == ',' {
		s.at++
	}
}

// Field returns the member of an object; null where there is none or the value is no object.
func (v Value) Field(name string) (found Value) {
	if v.IsNull() || v[0] != '{' {
		return nil
	}
	_ = v.Members(func(n string, member Value) error { // f gives no error
		if n == name {
			found = member
		}
		return nil
	})
	return found
}

// Tuple returns the items of an array of that many. Error: *Error for anything else.
func (v Value) Tuple(n int) ([]Value, error) {
	items := make([]Value, 0, n)
	if v.IsNull() || v[0] != '[' {
		return nil, v.expected("an array")
	}
	_ = v.Items(func(_ int, item Value) error { // f gives no error
		items = append(items, item)
		return nil
	})
	if len(items) != n {
		return nil, v.expected("an array of " + decimal(uint64(n)))
	}
	return items, nil
}

// Text returns a string. Error: *Error for another kind of value.
func (v Value) Text() (string, error) {
	if v.IsNull() || v[0] != '"' {
		return "", v.expected("a string")
	}
	return unquote(v), nil
}

// unquote returns the string in quoted, which is well formed. Halves of surrogate pairs that stand alone become the replacement character.
func unquote(quoted []byte) string {
	out := make([]byte, 0, len(quoted))
	for in := quoted[1 : len(quoted)-1]; len(in) > 0; {
		if in[0] != '\\' {
			out = append(out, in[0])
			in = in[1:]
			continue
		}
		c := in[1]
		in = in[2:]
		switch c {
		case 'b':
			out = append(out, '\b')
		case 'f':
			out = append(out, '\f')
		case 'n':
			out = append(out, '\n')
		case 'r':
			out = append(out, '\r')
		case 't':
			out = append(out, '\t')
		case 'u':
			r := rune(unit(in))
			in = in[4:]
			if r >= 0xd800 && r < 0xdc00 && len(in) >= 6 && in[0] == '\\' && in[1] == 'u' {
				if low := rune(unit(in[2:])); low >= 0xdc00 && low < 0xe000 {
					r = 0x10000 + (r-0xd800)<<10 + (low - 0xdc00)
					in = in[6:]
				}
			}
			out = utf8.AppendRune(out, r)
		default: // quote, backslash, slash
			out = append(out, c)
		}
	}
	return string(out)
}

// unit reads four hex digits.
func unit(in []byte) (u uint32) {
	for _, c := range in[:4] {
		d, _ := hexDigit(c)
		u = u<<4 | d
	}
	return u
}

// Uint64 returns a number that is a non-negative integer of at most 64 bits, without fraction and exponent. Error: *Error for anything else.
func (v Value) Uint64() (n uint64, err error) {
	if v.IsNull() {
		return 0, v.expected("a number")
	}
	for _, c := range v {
		hi, lo := bits.Mul64(n, 10)
		sum, carry := bits.Add64(lo, uint64(c-'0'), 0)
		if !isDigit(c) || hi|carry != 0 {
			return 0, v.expected("an integer of at most 64 bits")
		}
		n = sum
	}
	return n, nil
}

// Bool returns a truth value. Error: *Error for another kind of value.
func (v Value) Bool() (bool, error) {
	if v.IsNull() || v[0] != 't' && v[0] != 'f' {
		return false, v.expected("true or false")
	}
	return v[0] == 't', nil
}

// Account returns the account of an address: SS58 with prefix 42, or 0x and 64 hex digits. Error: *Error for anything else.
func (v Value) Account() (chain.AccountID, error) {
	text, err := v.Text()
	if err != nil {
		return chain.AccountID{}, v.expected("an address")
	}
	id, err := chain.ParseAccountID(text)
	if err != nil {
		return chain.AccountID{}, &Error{What: err.Error()}
	}
	return id, nil
}

// Hex returns the bytes of a string of 0x and hex digits. Error: *Error for anything else.
func (v Value) Hex() ([]byte, error) {
	text, err := v.Text()
	if err != nil || len(text) < 2 || len(text)%2 != 0 || text[:2] != "0x" {
		return nil, v.expected("0x and hex digits")
	}
	out := make([]byte, 0, len(text)/2-1)
	for text = text[2:]; text != ""; text = text[2:] {
		hi, ok1 := hexDigit(text[0])
		lo, ok2 := hexDigit(text[1])
		if !ok1 || !ok2 {
			return nil, v.expected("0x and hex digits")
		}
		out = append(out, byte(hi<<4|lo))
	}
	return out, nil
}
