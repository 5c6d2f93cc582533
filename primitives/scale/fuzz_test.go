package scale

import (
	"bytes"
	"math/big"
	"testing"
)

// FuzzCompact: what decodes is canonical, and the integer types agree on it.
func FuzzCompact(f *testing.F) {
	for _, c := range compactVectors {
		f.Add(unhex(f, c.wire))
	}
	f.Add(unhex(f, "0300000000"))
	f.Add(append([]byte{0xff}, bytes.Repeat([]byte{1}, 67)...))
	f.Fuzz(func(t *testing.T, data []byte) {
		d := NewDecoder(data)
		v := d.CompactBig()
		if d.Err() != nil {
			for name, err := range map[string]error{"u64": readErr(data, (*Decoder).Compact), "u128": readErr(data, (*Decoder).CompactU128), "u32": readErr(data, (*Decoder).CompactU32)} {
				if err == nil {
					t.Fatalf("%x: refused as big integer (%v), taken as %s", data, d.Err(), name)
				}
			}
			return
		}
		used := data[:d.Offset()]
		if again, err := AppendCompactBig(nil, v); err != nil || !bytes.Equal(again, used) {
			t.Fatalf("%x decodes to %v, which encodes to %x, %v", used, v, again, err)
		}
		if got, err := UnmarshalFunc(used, (*Decoder).CompactU128); (err == nil) != (v.BitLen() <= 128) || err == nil && (got.Big().Cmp(v) != 0 || !bytes.Equal(AppendCompactU128(nil, got), used)) {
			t.Fatalf("%x: %v as u128 %v, %v", used, v, got, err)
		}
		if got, err := UnmarshalFunc(used, (*Decoder).Compact); (err == nil) != v.IsUint64() || err == nil && (got != v.Uint64() || !bytes.Equal(AppendCompact(nil, got), used) || CompactLen(got) != len(used)) {
			t.Fatalf("%x: %v as u64 %v, %v", used, v, got, err)
		}
		if got, err := UnmarshalFunc(used, (*Decoder).CompactU32); (err == nil) != (v.BitLen() <= 32) || err == nil && uint64(got) != v.Uint64() {
			t.Fatalf("%x: %v as u32 %v, %v", used, v, got, err)
		}
	})
}

func readErr[T any](data []byte, read func(*Decoder) T) error {
	d := NewDecoder(data)
	read(d)
	return d.Err()
}

// everything is a value with each construct of the codec in it.
type everything struct {
	Flag   bool
	Small  uint8
	Money  U128
	Word   U256
	Count  uint64
	Wide   *big.Int
	Name   string
	Data   []byte
	Items  []pair
	Maybe  *uint32
	Tri    *bool
	Answer Result[uint16, string]
	Bits   BitVec
	Msb    BitVec
	Hash   [32]byte
	Tree   tree
}

func (e everything) AppendScale(dst []byte) []byte {
	dst = AppendU8(AppendBool(dst, e.Flag), e.Small)
	dst = AppendU256(AppendU128(dst, e.Money), e.Word)
	dst = AppendCompact(dst, e.Count)
	dst, err := AppendCompactBig(dst, e.Wide)
	if err != nil {
		panic(err)
	}
	dst = AppendBytes(AppendString(dst, e.Name), e.Data)
	dst = AppendSlice(dst, e.Items)
	dst = AppendOptionBool(AppendOption(dst, e.Maybe, AppendU32), e.Tri)
	dst = AppendResult(dst, e.Answer, AppendU16, AppendString)
	dst = AppendBits(AppendBitVec(dst, e.Bits), e.Msb, BitFormat{16, true})
	return e.Tree.AppendScale(AppendFixed(dst, e.Hash[:]))
}

func (e *everything) DecodeScale(d *Decoder) {
	e.Flag, e.Small = d.Bool(), d.U8()
	e.Money, e.Word = d.U128(), d.U256()
	e.Count, e.Wide = d.Compact(), d.CompactBig()
	e.Name, e.Data = d.Text(), d.Bytes()
	e.Items = DecodeSlice[pair](d)
	e.Maybe, e.Tri = DecodeOption(d, (*Decoder).U32), d.OptionBool()
	e.Answer = DecodeResult(d, (*Decoder).U16, (*Decoder).Text)
	e.Bits, e.Msb = d.BitVec(), d.Bits(BitFormat{16, true})
	e.Hash = d.Array32()
	e.Tree.DecodeScale(d)
}

// FuzzDecode: a value of every construct. What decodes encodes to the same bytes, except for bits behind the end of bit sequences, which are dropped:
// then encoding is a fixed point.
func FuzzDecode(f *testing.F) {
	number, yes := uint32(7), true
	full := everything{Flag: true, Money: U128{1, 2}, Count: 1 << 40, Wide: new(big.Int).Lsh(big.NewInt(3), 300), Name: "τ", Data: []byte{1}, Items: []pair{{1, []byte{2}}},
		Maybe: &number, Tri: &yes, Answer: Result[uint16, string]{Err: "no"}, Bits: bitsOf("10110"), Msb: bitsOf("1 0000 0000 1"), Tree: tree{[]tree{{}, {[]tree{{}}}}}}
	f.Add(Marshal(full))
	f.Add(Marshal(everything{Wide: new(big.Int), Answer: Result[uint16, string]{OK: true, Value: 5}}))
	f.Fuzz(func(t *testing.T, data []byte) {
		v, err := Unmarshal[everything](data)
		if err != nil {
			return
		}
		again := Marshal(v)
		if len(again) != len(data) {
			t.Fatalf("%x decodes to %+v, which encodes to %x", data, v, again)
		}
		w, err := Unmarshal[everything](again)
		if err != nil || !bytes.Equal(Marshal(w), again) {
			t.Fatalf("%x, encoded again: %v", again, err)
		}
		if v.Bits.Len%8 == 0 && v.Msb.Len%16 == 0 && !bytes.Equal(again, data) {
			t.Fatalf("%x decodes to %+v, which encodes to %x", data, v, again)
		}
	})
}
