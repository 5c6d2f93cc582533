package frame

import (
	"github.com/gotensor/gotensor/primitives/scale"
)

// Codec is how a value of type T is written and read. Codecs are values so that storage items of builtin types need no
// wrapper types; generated code fills them in.
type Codec[T any] struct {
	Append func(dst []byte, v T) []byte
	Decode func(d *scale.Decoder) T
}

// Scale returns the codec of a type that has its own methods.
func Scale[T scale.Encodable, P interface {
	*T
	scale.Decodable
}]() Codec[T] {
	return Codec[T]{Append: scale.Append[T], Decode: scale.Decode[T, P]}
}

// decoder is what all storage items decode with, as decoding never reads storage.
var decoder scale.Decoder

// decode reads a T from the start of raw. It reports false where raw is no T, and does not look at what follows.
func (c *Codec[T]) decode(raw []byte) (v T, ok bool) {
	decoder.Reset(raw)
	v = c.Decode(&decoder)
	if decoder.Err() != nil {
		var zero T
		return zero, false
	}
	return v, true
}
