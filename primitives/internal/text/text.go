// Package text puts error texts together for packages that runtimes compile in. It does what fmt would, of which the smallest use
// adds half a megabyte to a runtime, as encoding/hex does, which imports it.
package text

import "strconv"

// Wrap returns an error with that text that wraps err.
func Wrap(text string, err error) error { return &wrapped{text, err} }

type wrapped struct {
	text string
	err  error
}

func (w *wrapped) Error() string { return w.text }
func (w *wrapped) Unwrap() error { return w.err }

// Quote returns s as %q writes it.
func Quote[T string | []byte](s T) string { return strconv.Quote(string(s)) }

// Int returns n in decimal.
func Int(n int) string { return strconv.Itoa(n) }

// Uint returns n in decimal.
func Uint(n uint64) string { return strconv.FormatUint(n, 10) }

const digits = "0123456789abcdef"

// Hex returns 0x and two lowercase digits for each byte.
func Hex(b []byte) string {
	out := make([]byte, 2, 2+2*len(b))
	out[0], out[1] = '0', 'x'
	for _, c := range b {
		out = append(out, digits[c>>4], digits[c&15])
	}
	return string(out)
}

// ParseHex reads hex digits into dst, which they must fill, and tells whether that is what s is.
func ParseHex[T string | []byte](dst []byte, s T) bool {
	if len(s) != 2*len(dst) {
		return false
	}
	for i := range dst {
		hi, lo := digit(s[2*i]), digit(s[2*i+1])
		if hi|lo > 15 {
			return false
		}
		dst[i] = hi<<4 | lo
	}
	return true
}

// digit returns the value of a hex digit, more than 15 for what is none.
func digit(c byte) byte {
	switch {
	case c >= '0' && c <= '9':
		return c - '0'
	case c >= 'a' && c <= 'f':
		return c - 'a' + 10
	case c >= 'A' && c <= 'F':
		return c - 'A' + 10
	}
	return 0xff
}
