package jsonrpc

import (
	"strconv"
	"unicode/utf16"
	"unicode/utf8"
)

// The frame around a call is read with this scanner and not with encoding/json, because the rules of the reference server differ
// from that package's: names of fields are compared exactly and may not occur twice, nesting has no limit where a value is passed on
// unread, and nothing is copied before the method is known. No function here recurses, so depth costs no stack.

// space returns the first index from i on that is no JSON white space.
func space(b []byte, i int) int {
	for i < len(b) && (b[i] == ' ' || b[i] == '\t' || b[i] == '\n' || b[i] == '\r') {
		i++
	}
	return i
}

// skip returns the end of the JSON value that begins at b[i], or -1 where none does.
// Depth is kept as one bit a level: 1 for an object, 0 for an array.
func skip(b []byte, i int) int {
	var stack []byte // bits beyond the first 64 levels
	var low uint64
	depth := 0
	push := func(object bool) {
		bit := uint64(0)
		if object {
			bit = 1
		}
		if depth%64 == 0 && depth > 0 {
			for k := 0; k < 64; k += 8 {
				stack = append(stack, byte(low>>k))
			}
			low = 0
		}
		low = low&^(1<<(depth%64)) | bit<<(depth%64)
		depth++
	}
	pop := func() {
		depth--
		if depth%64 == 0 && depth > 0 {
			tail := stack[len(stack)-8:]
			low = 0
			for k := range 8 {
				low |= uint64(tail[k]) << (8 * k)
			}
			stack = stack[:len(stack)-8]
		}
	}
	inObject := func() bool { return low>>((depth-1)%64)&1 == 1 }
	// key reads `"name" :` and returns the index after the colon.
	key := func(i int) int {
		if i >= len(b) || b[i] != '"' {
			return -1
		}
		if i = skipString(b, i); i < 0 {
			return -1
		}
		if i = space(b, i); i >= len(b) || b[i] != ':' {
			return -1
		}
		return space(b, i+1)
	}
	for {
		if i >= len(b) {
			return -1
		}
		switch c := b[i]; {
		case c == '{':
			push(true)
			if i = space(b, i+1); i < len(b) && b[i] == '}' {
				pop()
				i++
				break
			}
			if i = key(i); i < 0 {
				return -1
			}
			continue
		case c == '[':
			push(false)
			if i = space(b, i+1); i < len(b) && b[i] == ']' {
				pop()
				i++
				break
			}
			continue
		case c == '"':
			i = skipString(b, i)
		case c == '-' || '0' <= c && c <= '9':
			i = skipNumber(b, i)
		case c == 't':
			i = literal(b, i, "true")
		case c == 'f':
			i = literal(b, i, "false")
		case c == 'n':
			i = literal(b, i, "null")
		default:
			return -1
		}
		if i < 0 {
			return -1
		}
		// A value has ended: close what it closes.
		for {
			if depth == 0 {
				return i
			}
			if i = space(b, i); i >= len(b) {
				return -1
			}
			if b[i] == ',' {
				i = space(b, i+1)
				if inObject() {
					if i = key(i); i < 0 {
						return -1
					}
				}
				break
			}
			if inObject() && b[i] == '}' || !inObject() && b[i] == ']' {
				pop()
				i++
				continue
			}
			return -1
		}
	}
}

func literal(b []byte, i int, word string) int {
	if len(b)-i < len(word) || string(b[i:i+len(word)]) != word {
		return -1
	}
	return i + len(word)
}

// skipString returns the index after the string that begins with the quote at b[i], or -1.
func skipString(b []byte, i int) int {
	for i++; i < len(b); i++ {
		switch c := b[i]; {
		case c == '"':
			return i + 1
		case c < 0x20:
			return -1
		case c == '\\':
			i++
			if i >= len(b) {
				return -1
			}
			switch b[i] {
			case '"', '\\', '/', 'b', 'f', 'n', 'r', 't':
			case 'u':
				if _, ok := hex4(b, i+1); !ok {
					return -1
				}
				i += 4
			default:
				return -1
			}
		}
	}
	return -1
}

func hex4(b []byte, i int) (rune, bool) {
	if len(b)-i < 4 {
		return 0, false
	}
	var r rune
	for _, c := range b[i : i+4] {
		d := unhex(c)
		if d > 15 {
			return 0, false
		}
		r = r<<4 | rune(d)
	}
	return r, true
}

func unhex(c byte) byte {
	switch {
	case '0' <= c && c <= '9':
		return c - '0'
	case 'a' <= c && c <= 'f':
		return c - 'a' + 10
	case 'A' <= c && c <= 'F':
		return c - 'A' + 10
	}
	return 0xff
}

// skipNumber returns the index after the number at b[i], or -1.
func skipNumber(b []byte, i int) int {
	digits := func() bool {
		from := i
		for i < len(b) && '0' <= b[i] && b[i] <= '9' {
			i++
		}
		return i > from
	}
	if b[i] == '-' {
		i++
	}
	if i < len(b) && b[i] == '0' {
		i++
	} else if !digits() {
		return -1
	}
	if i < len(b) && b[i] == '.' {
		i++
		if !digits() {
			return -1
		}
	}
	if i < len(b) && (b[i] == 'e' || b[i] == 'E') {
		i++
		if i < len(b) && (b[i] == '+' || b[i] == '-') {
			i++
		}
		if !digits() {
			return -1
		}
	}
	return i
}

// unquote returns the text of a JSON string whose syntax skipString has accepted; false for a lone surrogate or invalid UTF-8.
func unquote(s []byte) (string, bool) {
	s = s[1 : len(s)-1]
	plain := true
	for _, c := range s {
		if c == '\\' {
			plain = false
			break
		}
	}
	if plain {
		return string(s), utf8.Valid(s)
	}
	out := make([]byte, 0, len(s))
	for i := 0; i < len(s); i++ {
		if s[i] != '\\' {
			out = append(out, s[i])
			continue
		}
		i++
		switch s[i] {
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
			r, _ := hex4(s, i+1)
			i += 4
			if utf16.IsSurrogate(r) {
				if len(s)-i < 7 || s[i+1] != '\\' || s[i+2] != 'u' {
					return "", false
				}
				low, ok := hex4(s, i+3)
				if r = utf16.DecodeRune(r, low); !ok || r == utf8.RuneError {
					return "", false
				}
				i += 6
			}
			out = utf8.AppendRune(out, r)
		default:
			out = append(out, s[i])
		}
	}
	return string(out), utf8.Valid(out)
}

// appendString appends s as a JSON string with the escapes serde_json writes: only quotes, backslashes and control characters.
// Bytes that are no UTF-8 become U+FFFD, so that the frame stays valid.
func appendString(b []byte, s string) []byte {
	const digits = "0123456789abcdef"
	b = append(b, '"')
	from := 0
	for i := 0; i < len(s); {
		c := s[i]
		if c >= utf8.RuneSelf {
			r, n := utf8.DecodeRuneInString(s[i:])
			if r == utf8.RuneError && n == 1 {
				b = append(b, s[from:i]...)
				b = utf8.AppendRune(b, utf8.RuneError)
				from = i + 1
			}
			i += n
			continue
		}
		if c >= 0x20 && c != '"' && c != '\\' {
			i++
			continue
		}
		b = append(b, s[from:i]...)
		switch c {
		case '"', '\\':
			b = append(b, '\\', c)
		case '\b':
			b = append(b, '\\', 'b')
		case '\f':
			b = append(b, '\\', 'f')
		case '\n':
			b = append(b, '\\', 'n')
		case '\r':
			b = append(b, '\\', 'r')
		case '\t':
			b = append(b, '\\', 't')
		default:
			b = append(b, '\\', 'u', '0', '0', digits[c>>4], digits[c&15])
		}
		i++
		from = i
	}
	return append(append(b, s[from:]...), '"')
}

// isU64 tells whether the JSON number is one Rust reads as u64: digits only, in range.
func isU64(s []byte) bool {
	_, err := strconv.ParseUint(string(s), 10, 64)
	return err == nil
}
