package scale

import (
	"encoding/binary"
	"math/bits"
)

// Encodable is a type that knows its SCALE encoding.
type Encodable interface {
	// AppendScale appends the encoding of the receiver to dst and returns the extended slice.
	AppendScale(dst []byte) []byte
}

// Marshal returns the encoding of v in a fresh slice.
func Marshal(v Encodable) []byte { return v.AppendScale(nil) }

// Append appends the encoding of v. It is AppendScale in the shape that AppendOption, AppendResult and their like take.
func Append[T Encodable](dst []byte, v T) []byte { return v.AppendScale(dst) }

// AppendBool appends 1 for true and 0 for false.
func AppendBool(dst []byte, v bool) []byte {
	if v {
		return append(dst, 1)
	}
	return append(dst, 0)
}

// AppendU8 appends one byte.
func AppendU8(dst []byte, v uint8) []byte { return append(dst, v) }

// AppendU16 appends v in 2 bytes, little-endian.
func AppendU16(dst []byte, v uint16) []byte { return binary.LittleEndian.AppendUint16(dst, v) }

// AppendU32 appends v in 4 bytes, little-endian.
func AppendU32(dst []byte, v uint32) []byte { return binary.LittleEndian.AppendUint32(dst, v) }

// AppendU64 appends v in 8 bytes, little-endian.
func AppendU64(dst []byte, v uint64) []byte { return binary.LittleEndian.AppendUint64(dst, v) }

// AppendU128 appends v in 16 bytes, little-endian. An i128 is appended as its two's complement.
func AppendU128(dst []byte, v U128) []byte { return AppendU64(AppendU64(dst, v.Lo), v.Hi) }

// AppendU256 appends v in 32 bytes, little-endian.
func AppendU256(dst []byte, v U256) []byte {
	for _, limb := range v {
		dst = AppendU64(dst, limb)
	}
	return dst
}

// AppendI8 appends v in two's complement.
func AppendI8(dst []byte, v int8) []byte { return append(dst, uint8(v)) }

// AppendI16 appends v in two's complement, little-endian.
func AppendI16(dst []byte, v int16) []byte { return AppendU16(dst, uint16(v)) }

// AppendI32 appends v in two's complement, little-endian.
func AppendI32(dst []byte, v int32) []byte { return AppendU32(dst, uint32(v)) }

// AppendI64 appends v in two's complement, little-endian.
func AppendI64(dst []byte, v int64) []byte { return AppendU64(dst, uint64(v)) }

// AppendCompact appends v as a compact integer of 1, 2, 4, or 5 to 9 bytes.
func AppendCompact(dst []byte, v uint64) []byte {
	switch {
	case v < 1<<6:
		return append(dst, byte(v<<2))
	case v < 1<<14:
		return AppendU16(dst, uint16(v<<2)|1)
	case v < 1<<30:
		return AppendU32(dst, uint32(v<<2)|2)
	}
	n := (bits.Len64(v) + 7) / 8 // at least 4, as v is at least 2^30
	dst = append(dst, byte(n-4)<<2|3)
	for range n {
		dst = append(dst, byte(v))
		v >>= 8
	}
	return dst
}

// AppendCompactU128 appends v as a compact integer of up to 17 bytes.
func AppendCompactU128(dst []byte, v U128) []byte {
	if v.Hi == 0 {
		return AppendCompact(dst, v.Lo)
	}
	n := 8 + (bits.Len64(v.Hi)+7)/8
	dst = append(dst, byte(n-4)<<2|3)
	dst = AppendU64(dst, v.Lo)
	for hi := v.Hi; hi != 0; hi >>= 8 {
		dst = append(dst, byte(hi))
	}
	return dst
}

// CompactLen returns how many bytes AppendCompact appends for v.
func CompactLen(v uint64) int {
	switch {
	case v < 1<<6:
		return 1
	case v < 1<<14:
		return 2
	case v < 1<<30:
		return 4
	}
	return 1 + (bits.Len64(v)+7)/8
}

// AppendLen appends the length of a sequence. SCALE lengths fit 32 bits; more is a bug of the caller.
func AppendLen(dst []byte, n int) []byte {
	if n < 0 || uint64(n) > 1<<32-1 {
		panic("BUG: sequence length does not fit 32 bits") // a Go slice of this size was never read from SCALE
	}
	return AppendCompact(dst, uint64(n))
}

// AppendBytes appends v behind its length (Vec<u8>).
func AppendBytes(dst, v []byte) []byte { return append(AppendLen(dst, len(v)), v...) }

// AppendString appends the bytes of v behind their number.
func AppendString(dst []byte, v string) []byte { return append(AppendLen(dst, len(v)), v...) }

// AppendFixed appends v without a length: [u8; N], and bytes that are encoded already.
func AppendFixed(dst, v []byte) []byte { return append(dst, v...) }

// AppendSeq appends the number of items and then each item (Vec<T>, BTreeSet<T>, BTreeMap<K, V> as pairs).
func AppendSeq[T any](dst []byte, items []T, item func([]byte, T) []byte) []byte {
	return AppendArray(AppendLen(dst, len(items)), items, item)
}

// AppendSlice is AppendSeq for items that append themselves.
func AppendSlice[T Encodable](dst []byte, items []T) []byte {
	dst = AppendLen(dst, len(items))
	for i := range items {
		dst = items[i].AppendScale(dst)
	}
	return dst
}

// AppendArray appends each item and no length ([T; N]).
func AppendArray[T any](dst []byte, items []T, item func([]byte, T) []byte) []byte {
	for i := range items {
		dst = item(dst, items[i])
	}
	return dst
}

// AppendOption appends 0 for nil, and 1 and the value otherwise (Option<T>).
func AppendOption[T any](dst []byte, v *T, item func([]byte, T) []byte) []byte {
	if v == nil {
		return append(dst, 0)
	}
	return item(append(dst, 1), *v)
}

// AppendOptionBool appends the one-byte form of an optional boolean (OptionBool): 0 for nil, 1 for true, 2 for false.
func AppendOptionBool(dst []byte, v *bool) []byte {
	switch {
	case v == nil:
		return append(dst, 0)
	case *v:
		return append(dst, 1)
	}
	return append(dst, 2)
}

// Result is what a fallible call returned: Value where OK, else Err.
type Result[T, E any] struct {
	OK    bool
	Value T
	Err   E
}

// AppendResult appends 0 and the value, or 1 and the error (Result<T, E>).
func AppendResult[T, E any](dst []byte, r Result[T, E], value func([]byte, T) []byte, err func([]byte, E) []byte) []byte {
	if r.OK {
		return value(append(dst, 0), r.Value)
	}
	return err(append(dst, 1), r.Err)
}
