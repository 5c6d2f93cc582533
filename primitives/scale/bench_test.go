package scale

import (
	"bytes"
	"encoding/binary"
	"testing"
)

// account is the record of frame_system's Account map with a name and ten shares: about 130 bytes.
type account struct {
	ID        [32]byte
	Nonce     uint32
	Consumers uint32
	Free      U128
	Reserved  U128
	Flags     U128
	Name      []byte
	Shares    []uint64 // compact on the wire
}

func (a account) AppendScale(dst []byte) []byte {
	dst = AppendFixed(dst, a.ID[:])
	dst = AppendU32(AppendU32(dst, a.Nonce), a.Consumers)
	dst = AppendU128(AppendU128(AppendU128(dst, a.Free), a.Reserved), a.Flags)
	dst = AppendBytes(dst, a.Name)
	return AppendSeq(dst, a.Shares, AppendCompact)
}

func (a *account) DecodeScale(d *Decoder) {
	a.ID = d.Array32()
	a.Nonce, a.Consumers = d.U32(), d.U32()
	a.Free, a.Reserved, a.Flags = d.U128(), d.U128(), d.U128()
	a.Name = d.Bytes()
	a.Shares = DecodeSeq(d, (*Decoder).Compact)
}

func accounts() []account {
	list := make([]account, 10_000)
	for i := range list {
		a := &list[i]
		binary.LittleEndian.PutUint64(a.ID[:], uint64(i)*0x9e3779b97f4a7c15)
		a.Nonce, a.Consumers = uint32(i), 1
		a.Free = Mul64(uint64(i)<<40, 1<<30)
		a.Name = []byte("hotkey")
		for j := range 10 {
			a.Shares = append(a.Shares, uint64(i*j))
		}
	}
	return list
}

func BenchmarkEncode10kAccounts(b *testing.B) {
	list := accounts()
	want := AppendSlice(nil, list)
	b.SetBytes(int64(len(want)))
	b.ReportAllocs()
	buffer := make([]byte, 0, len(want))
	for b.Loop() {
		if buffer = AppendSlice(buffer[:0], list); len(buffer) != len(want) {
			b.Fatal(len(buffer))
		}
	}
	if !bytes.Equal(buffer, want) {
		b.Fatal("other bytes")
	}
}

func BenchmarkDecode10kAccounts(b *testing.B) {
	wire := AppendSlice(nil, accounts())
	b.SetBytes(int64(len(wire)))
	b.ReportAllocs()
	var list []account
	for b.Loop() {
		var err error
		if list, err = UnmarshalFunc(wire, DecodeSlice[account]); err != nil {
			b.Fatal(err)
		}
	}
	if !bytes.Equal(AppendSlice(nil, list), wire) {
		b.Fatal("other bytes")
	}
}

func BenchmarkCompact(b *testing.B) {
	var wire []byte
	var sum uint64
	for i := range 64 {
		v := uint64(1)<<i - 1
		wire, sum = AppendCompact(wire, v), sum+v
	}
	b.SetBytes(int64(len(wire)))
	for b.Loop() {
		d := NewDecoder(wire)
		var got uint64
		for range 64 {
			got += d.Compact()
		}
		if d.Finish() != nil || got != sum {
			b.Fatal(got, d.Err())
		}
	}
}
