package scale

import (
	"encoding/binary"
	"errors"
	"strconv"
	"unicode/utf8"
	"unsafe"
)

const (
	// MaxDepth is how deep values may nest, Substrate's MAX_EXTRINSIC_DEPTH.
	MaxDepth = 256
	// DefaultBudget is the memory in bytes that decoding one input may allocate unless SetBudget says otherwise.
	DefaultBudget = 128 << 20
	// aheadBytes may be allocated for a sequence before its items were read.
	aheadBytes = 64 << 10
	// exactBudget is up to which budget a sequence is allocated at once: doubling leaves as much again behind, which a runtime must hold.
	exactBudget = 16 << 20
)

// Kinds of errors, to be matched with errors.Is.
var (
	// ErrEnd: the input ends inside a value, or claims more items than it has bytes.
	ErrEnd = errors.New("input ends")
	// ErrCanonical: a compact integer is longer than its value needs.
	ErrCanonical = errors.New("not the shortest form")
	// ErrRange: a compact integer does not fit the type that is read.
	ErrRange = errors.New("value out of range")
	// ErrInvalid: a byte pattern that the type does not have (boolean 2, unknown variant, text that is not UTF-8).
	ErrInvalid = errors.New("invalid value")
	// ErrDepth: values nest deeper than MaxDepth.
	ErrDepth = errors.New("nested too deep")
	// ErrBudget: decoding would allocate more than the memory budget.
	ErrBudget = errors.New("memory budget exhausted")
	// ErrTrailing: bytes are left over behind the value.
	ErrTrailing = errors.New("bytes left over")
)

// Error says where decoding stopped and why.
type Error struct {
	Offset int    // byte of the input at which the value that could not be read starts
	What   string // what was being read: "u32", "compact length", "digest item"
	Path   string // items of sequences on the way there, outermost first: "item 3: item 0: "; empty outside sequences
	Kind   error  // one of the Err… values of this package, or what the codec of a type gave to Fail
	Detail string // expected and got; may be empty
}

// Error returns one line: "scale: item 3: u32 at byte 17: input ends: need 4 bytes, 2 remain".
func (e *Error) Error() string {
	s := "scale: " + e.Path + e.What + " at byte " + itoa(e.Offset) + ": " + e.Kind.Error()
	if e.Detail != "" {
		s += ": " + e.Detail
	}
	return s
}

// itoa stands in for fmt, whose formatting code would add 350 kB to the Wasm of every runtime.
func itoa(n int) string { return strconv.Itoa(n) }

// Unwrap returns Kind.
func (e *Error) Unwrap() error { return e.Kind }

// Decodable is a type that reads itself. DecodeScale reports errors through the decoder (see Decoder.Fail) and need not look at them:
// after the first, every read returns zero.
type Decodable interface{ DecodeScale(d *Decoder) }

// Decoder reads SCALE values from a byte slice. The first error sticks: see the package text. It is not safe for concurrent use.
type Decoder struct {
	data   []byte // the whole input; nil after an error, which is what makes the error stick
	pos    int    // bytes read. A position, as reslicing would write a pointer (and its GC barrier) with each read
	depth  int
	most   int // how deep values may nest
	budget int
	err    *Error
}

// NewDecoder returns a decoder of data, which must not change while it is in use.
func NewDecoder(data []byte) *Decoder {
	return &Decoder{data: data, budget: DefaultBudget, most: MaxDepth}
}

// Reset makes d a decoder of data as NewDecoder returns one, without allocating.
func (d *Decoder) Reset(data []byte) { *d = Decoder{data: data, budget: DefaultBudget, most: MaxDepth} }

// SetBudget sets how many bytes decoding may allocate from here on.
func (d *Decoder) SetBudget(bytes int) { d.budget = bytes }

// Budget returns how many bytes decoding may still allocate.
func (d *Decoder) Budget() int { return d.budget }

// SetDepth sets how deep values may nest from here on; it is MaxDepth to begin with.
func (d *Decoder) SetDepth(most int) { d.most = most }

// Unmarshal decodes all of data as one T. Bytes left over are an error.
func Unmarshal[T any, P interface {
	*T
	Decodable
}](data []byte) (T, error) {
	return UnmarshalFunc(data, Decode[T, P])
}

// UnmarshalFunc decodes all of data with one function: UnmarshalFunc(data, (*Decoder).U32). Bytes left over are an error.
func UnmarshalFunc[T any](data []byte, read func(*Decoder) T) (T, error) {
	d := NewDecoder(data)
	v := read(d)
	if err := d.Finish(); err != nil {
		var zero T
		return zero, err
	}
	return v, nil
}

// Decode reads one T. It is DecodeScale in the shape that DecodeOption, DecodeBox and their like take: DecodeOption(d, Decode[Header]).
func Decode[T any, P interface {
	*T
	Decodable
}](d *Decoder) T {
	var v T
	P(&v).DecodeScale(d)
	return v
}

// Err returns the first error, or nil.
func (d *Decoder) Err() error {
	if d.err == nil {
		return nil
	}
	return d.err
}

// Finish returns the first error, or an ErrTrailing when input is left.
func (d *Decoder) Finish() error {
	if d.err == nil && d.pos < len(d.data) {
		d.fail(d.pos, "value", ErrTrailing, itoa(d.Remaining())+" of "+itoa(len(d.data)))
	}
	return d.Err()
}

// Offset returns how many bytes were read. After an error it is the offset of that error.
func (d *Decoder) Offset() int {
	if d.err != nil {
		return d.err.Offset
	}
	return d.pos
}

// Remaining returns how many bytes are left; 0 after an error.
func (d *Decoder) Remaining() int { return len(d.data) - d.pos }

// Fail makes cause the error of the decoder, unless it has one already. Codecs call it for values that read well and mean nothing:
// d.Fail(offset, "digest item", scale.ErrInvalid, "unknown kind 9").
func (d *Decoder) Fail(offset int, what string, cause error, detail string) {
	d.fail(offset, what, cause, detail)
}

// FailVariant reports that tag, the byte just read, is no variant of the enum called what.
func (d *Decoder) FailVariant(what string, tag uint8) {
	d.fail(d.Offset()-1, what, ErrInvalid, "unknown variant "+itoa(int(tag)))
}

func (d *Decoder) fail(offset int, what string, kind error, detail string) {
	if d.err == nil {
		d.err = &Error{Offset: offset, What: what, Kind: kind, Detail: detail}
	}
	d.data, d.pos = nil, 0
}

// short reports that n bytes were needed and fewer remain.
func (d *Decoder) short(n int, what string) {
	if d.err == nil {
		d.fail(d.Offset(), what, ErrEnd, "need "+itoa(n)+" bytes, "+itoa(d.Remaining())+" remain")
	}
}

// Charge takes n bytes from the memory budget and reports whether they were there. Codecs that allocate by themselves call it first.
func (d *Decoder) Charge(n int) bool {
	if n < 0 || n > d.budget {
		d.fail(d.Offset(), "value", ErrBudget, "need "+itoa(n)+" bytes, "+itoa(d.budget)+" left")
		return false
	}
	d.budget -= n
	return d.err == nil
}

// Enter goes one level deeper and reports whether that is allowed; a codec of a type that contains itself calls it, and Leave behind.
// DecodeSeq, DecodeSlice and DecodeBox do so by themselves.
func (d *Decoder) Enter() bool {
	d.depth++
	if d.depth > d.most {
		d.fail(d.Offset(), "value", ErrDepth, "limit "+itoa(d.most))
		return false
	}
	return d.err == nil
}

// Leave undoes one Enter.
func (d *Decoder) Leave() { d.depth-- }

// Bool reads one byte, 0 or 1.
func (d *Decoder) Bool() bool {
	v := d.U8()
	if v > 1 {
		d.fail(d.Offset()-1, "bool", ErrInvalid, "byte "+itoa(int(v)))
		return false
	}
	return v == 1
}

// U8 reads one byte.
func (d *Decoder) U8() uint8 {
	if d.Remaining() < 1 {
		d.short(1, "u8")
		return 0
	}
	v := d.data[d.pos]
	d.pos++
	return v
}

// U16 reads 2 bytes, little-endian.
func (d *Decoder) U16() uint16 {
	if d.Remaining() < 2 {
		d.short(2, "u16")
		return 0
	}
	v := binary.LittleEndian.Uint16(d.data[d.pos:])
	d.pos += 2
	return v
}

// U32 reads 4 bytes, little-endian.
func (d *Decoder) U32() uint32 {
	if d.Remaining() < 4 {
		d.short(4, "u32")
		return 0
	}
	v := binary.LittleEndian.Uint32(d.data[d.pos:])
	d.pos += 4
	return v
}

// U64 reads 8 bytes, little-endian.
func (d *Decoder) U64() uint64 {
	if d.Remaining() < 8 {
		d.short(8, "u64")
		return 0
	}
	v := binary.LittleEndian.Uint64(d.data[d.pos:])
	d.pos += 8
	return v
}

// U128 reads 16 bytes, little-endian. An i128 is read as its two's complement.
func (d *Decoder) U128() U128 {
	if d.Remaining() < 16 {
		d.short(16, "u128")
		return U128{}
	}
	b := d.data[d.pos:]
	v := U128{Lo: binary.LittleEndian.Uint64(b), Hi: binary.LittleEndian.Uint64(b[8:])}
	d.pos += 16
	return v
}

// U256 reads 32 bytes, little-endian.
func (d *Decoder) U256() (v U256) {
	if d.Remaining() < 32 {
		d.short(32, "u256")
		return v
	}
	for i := range v {
		v[i] = binary.LittleEndian.Uint64(d.data[d.pos+8*i:])
	}
	d.pos += 32
	return v
}

// I8 reads one byte in two's complement.
func (d *Decoder) I8() int8 { return int8(d.U8()) }

// I16 reads 2 bytes in two's complement, little-endian.
func (d *Decoder) I16() int16 { return int16(d.U16()) }

// I32 reads 4 bytes in two's complement, little-endian.
func (d *Decoder) I32() int32 { return int32(d.U32()) }

// I64 reads 8 bytes in two's complement, little-endian.
func (d *Decoder) I64() int64 { return int64(d.U64()) }

// Compact reads a compact integer of up to 64 bits (Compact<u64>).
func (d *Decoder) Compact() uint64 {
	if d.pos < len(d.data) && d.data[d.pos]&3 == 0 { // the common case, small enough to inline
		d.pos++
		return uint64(d.data[d.pos-1] >> 2)
	}
	return d.compact(64, "compact u64")
}

// CompactU32 reads a compact integer of up to 32 bits (Compact<u32>): block numbers, lengths.
func (d *Decoder) CompactU32() uint32 { return uint32(d.compact(32, "compact u32")) }

// CompactU16 reads a compact integer of up to 16 bits (Compact<u16>).
func (d *Decoder) CompactU16() uint16 { return uint16(d.compact(16, "compact u16")) }

// CompactU8 reads a compact integer of up to 8 bits (Compact<u8>).
func (d *Decoder) CompactU8() uint8 { return uint8(d.compact(8, "compact u8")) }

// compact reads a compact integer of at most width bits.
func (d *Decoder) compact(width uint, what string) uint64 {
	b := d.data[d.pos:]
	if len(b) == 0 {
		d.short(1, what)
		return 0
	}
	var v, least uint64 // least value that needs this form
	n := 1
	switch first := b[0]; first & 3 {
	case 0:
		v = uint64(first >> 2)
	case 1:
		if n = 2; len(b) >= n {
			v, least = uint64(binary.LittleEndian.Uint16(b)>>2), 1<<6
		}
	case 2:
		if n = 4; len(b) >= n {
			v, least = uint64(binary.LittleEndian.Uint32(b)>>2), 1<<14
		}
	default:
		k := int(first>>2) + 4
		if k > 8 || uint(k)*8 > max(width, 32) {
			d.fail(d.pos, what, ErrRange, itoa(k)+" bytes of value")
			return 0
		}
		if n = 1 + k; len(b) >= n {
			for i := k; i > 0; i-- {
				v = v<<8 | uint64(b[i])
			}
			least = 1 << 30
			if k > 4 {
				least = 1 << (8 * (k - 1))
			}
		}
	}
	switch {
	case len(b) < n:
		d.short(n, what)
		return 0
	case v < least:
		d.fail(d.pos, what, ErrCanonical, strconv.FormatUint(v, 10)+" in "+itoa(n)+" bytes")
		return 0
	case width < 64 && v>>width != 0:
		d.fail(d.pos, what, ErrRange, strconv.FormatUint(v, 10))
		return 0
	}
	d.pos += n
	return v
}

// wide returns the bytes of a compact integer of more than 8 bytes, least significant first, and reads them; most is how many there may be. ok is false,
// and nothing was read, for a shorter integer; for an error it is true and the bytes are nil.
func (d *Decoder) wide(most int, what string) (le []byte, ok bool) {
	b := d.data[d.pos:]
	if len(b) == 0 || b[0]&3 != 3 || b[0]>>2 <= 4 {
		return nil, false
	}
	k := int(b[0]>>2) + 4
	switch {
	case k > most:
		d.fail(d.pos, what, ErrRange, itoa(k)+" bytes of value")
		return nil, true
	case len(b) < 1+k:
		d.short(1+k, what)
		return nil, true
	case b[k] == 0:
		d.fail(d.pos, what, ErrCanonical, itoa(k)+" bytes end in 0")
		return nil, true
	}
	d.pos += 1 + k
	return b[1 : 1+k], true
}

// CompactU128 reads a compact integer of up to 128 bits (Compact<u128>): balances.
func (d *Decoder) CompactU128() (v U128) {
	le, ok := d.wide(16, "compact u128")
	switch {
	case !ok:
		v.Lo = d.compact(64, "compact u128")
	case le != nil:
		v.Lo = binary.LittleEndian.Uint64(le)
		for i := len(le) - 1; i >= 8; i-- {
			v.Hi = v.Hi<<8 | uint64(le[i])
		}
	}
	return v
}

// Len reads the length of a sequence whose items need at least one byte each, and refuses one that exceeds the bytes that remain.
func (d *Decoder) Len() int {
	start := d.pos
	n := d.compact(32, "compact length")
	if n > uint64(d.Remaining()) {
		d.fail(start, "compact length", ErrEnd, strconv.FormatUint(n, 10)+" items claimed, "+itoa(d.Remaining())+" bytes remain")
		return 0
	}
	return int(n)
}

// Read fills dst: [u8; N], hashes, keys.
func (d *Decoder) Read(dst []byte) {
	if d.Remaining() < len(dst) {
		d.short(len(dst), "bytes")
		clear(dst)
		return
	}
	d.pos += copy(dst, d.data[d.pos:])
}

// Array32 reads 32 bytes: hashes, keys, account ids.
func (d *Decoder) Array32() (v [32]byte) {
	if d.Remaining() < 32 {
		d.short(32, "32 bytes")
		return v
	}
	v = [32]byte(d.data[d.pos:])
	d.pos += 32
	return v
}

// Take returns a view of the next n bytes; it aliases the input. It returns nil where fewer remain.
func (d *Decoder) Take(n int) []byte {
	if n < 0 || d.Remaining() < n {
		d.short(n, "bytes")
		return nil
	}
	v := d.data[d.pos : d.pos+n : d.pos+n]
	d.pos += n
	return v
}

// Span returns a view of the bytes that read reads; it aliases the input. It is nil after an error.
func (d *Decoder) Span(read func(*Decoder)) []byte {
	start := d.pos
	read(d)
	if d.err != nil {
		return nil
	}
	return d.data[start:d.pos:d.pos]
}

// View reads a length and returns a view of that many bytes; it aliases the input.
func (d *Decoder) View() []byte { return d.Take(d.Len()) }

// Rest returns a view of all bytes that are left and reads them; it aliases the input.
func (d *Decoder) Rest() []byte { return d.Take(d.Remaining()) }

// Bytes reads a length and that many bytes into a fresh slice (Vec<u8>). It returns nil only after an error.
func (d *Decoder) Bytes() []byte {
	v := d.View()
	if d.err != nil || !d.Charge(len(v)) {
		return nil
	}
	return append(make([]byte, 0, len(v)), v...)
}

// Text reads a length and that many bytes of UTF-8. (It is not called String so that printing a decoder does not read from it.)
func (d *Decoder) Text() string {
	start := d.Offset()
	v := d.View()
	if !utf8.Valid(v) {
		d.fail(start, "string", ErrInvalid, "not UTF-8")
		return ""
	}
	if !d.Charge(len(v)) {
		return ""
	}
	return string(v)
}

// DecodeSeq reads a length and that many items with one function (Vec<T> and its like). It returns nil for none.
func DecodeSeq[T any](d *Decoder, item func(*Decoder) T) []T {
	n := d.Len()
	if n == 0 || !d.Enter() {
		return nil
	}
	var items []T
	for i := range n {
		if i == len(items) {
			items = extend(d, items, n)
		}
		if d.err == nil {
			items[i] = item(d)
		}
		if d.err != nil {
			d.err.Path = "item " + itoa(i) + ": " + d.err.Path
			return nil
		}
	}
	d.Leave()
	return items
}

// DecodeSlice is DecodeSeq for items that read themselves, and faster: it reads each where it stays.
func DecodeSlice[T any, P interface {
	*T
	Decodable
}](d *Decoder) []T {
	n := d.Len()
	if n == 0 || !d.Enter() {
		return nil
	}
	var items []T
	for i := range n {
		if i == len(items) {
			items = extend(d, items, n)
		}
		if d.err == nil {
			P(&items[i]).DecodeScale(d)
		}
		if d.err != nil {
			d.err.Path = "item " + itoa(i) + ": " + d.err.Path
			return nil
		}
	}
	d.Leave()
	return items
}

// extend returns items with room for more, at most n in all: all of them where the budget is small and allows it, else first for what the remaining
// input could be worth, then twice as many. Where the budget does not allow that the decoder has an error.
func extend[T any](d *Decoder, items []T, n int) []T {
	var zero T
	size := max(int(unsafe.Sizeof(zero)), 1)
	more := min(n-len(items), len(items))
	switch {
	case len(items) > 0:
	case d.budget <= exactBudget && n <= d.budget/size:
		more = n
	default:
		more = min(n, max(aheadBytes, 2*d.Remaining())/size+1)
	}
	if !d.Charge(more * size) {
		return items
	}
	longer := make([]T, len(items)+more)
	copy(longer, items)
	return longer
}

// DecodeArray fills items without reading a length ([T; N]).
func DecodeArray[T any](d *Decoder, items []T, item func(*Decoder) T) {
	for i := range items {
		items[i] = item(d)
	}
}

// DecodeBox reads one T one level deeper (Box<T>): the way for a type to contain itself. It returns nil after an error.
func DecodeBox[T any](d *Decoder, item func(*Decoder) T) *T {
	if !d.Enter() {
		return nil
	}
	defer d.Leave()
	return allocate(d, item)
}

func allocate[T any](d *Decoder, item func(*Decoder) T) *T {
	var zero T
	if !d.Charge(int(unsafe.Sizeof(zero))) {
		return nil
	}
	v := item(d)
	if d.err != nil {
		return nil
	}
	return &v
}

// DecodeOption reads an Option<T>: nil for none, and after an error. A T that contains itself goes through DecodeBox.
func DecodeOption[T any](d *Decoder, item func(*Decoder) T) *T {
	switch tag := d.U8(); {
	case tag == 0:
		return nil
	case tag == 1:
		return allocate(d, item)
	default:
		d.FailVariant("option", tag)
		return nil
	}
}

// OptionBool reads the one-byte form of an optional boolean (OptionBool).
func (d *Decoder) OptionBool() *bool {
	switch tag := d.U8(); tag {
	case 0:
		return nil
	case 1, 2:
		v := tag == 1
		return &v
	default:
		d.FailVariant("optional bool", tag)
		return nil
	}
}

// DecodeResult reads a Result<T, E>.
func DecodeResult[T, E any](d *Decoder, value func(*Decoder) T, err func(*Decoder) E) (r Result[T, E]) {
	switch tag := d.U8(); tag {
	case 0:
		r.OK = d.err == nil
		r.Value = value(d)
	case 1:
		r.Err = err(d)
	default:
		d.FailVariant("result", tag)
	}
	return r
}
