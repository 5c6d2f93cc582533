package scale

import (
	"errors"
	"testing"
)

type pair struct {
	A uint32
	B []byte
}

func (p pair) AppendScale(dst []byte) []byte { return AppendBytes(AppendU32(dst, p.A), p.B) }
func (p *pair) DecodeScale(d *Decoder)       { p.A, p.B = d.U32(), d.Bytes() }

func TestUnmarshal(t *testing.T) {
	want := []pair{{1, []byte("one")}, {2, []byte{}}}
	wire := AppendSeq(nil, want, Append[pair])
	got, err := UnmarshalFunc(wire, func(d *Decoder) []pair { return DecodeSeq(d, Decode[pair]) })
	if err != nil || len(got) != 2 || got[0].A != 1 || string(got[0].B) != "one" || got[1].A != 2 {
		t.Fatalf("got %v, %v", got, err)
	}
	if _, err := Unmarshal[pair](append(Marshal(want[0]), 0)); !errors.Is(err, ErrTrailing) {
		t.Fatalf("got %v, want ErrTrailing", err)
	}
	if _, err := Unmarshal[pair](Marshal(want[0])[:6]); !errors.Is(err, ErrEnd) {
		t.Fatalf("got %v, want ErrEnd", err)
	}
}
