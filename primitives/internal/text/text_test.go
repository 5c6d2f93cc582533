package text

import (
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"testing"
)

func TestText(t *testing.T) {
	if err := Wrap("read: "+io.EOF.Error(), io.EOF); err.Error() != fmt.Errorf("read: %w", io.EOF).Error() || !errors.Is(err, io.EOF) {
		t.Errorf("got %v", err)
	}
	if got, want := Quote("a\"\n\x00é")+Quote([]byte{0xff})+Int(-7)+Uint(1<<64-1), fmt.Sprintf("%q%q%d%d", "a\"\n\x00é", []byte{0xff}, -7, uint64(1<<64-1)); got != want {
		t.Errorf("got %s, want %s", got, want)
	}
	if got := Hex([]byte{0, 0xaf, 0x10}); got != "0x00af10" {
		t.Errorf("got %s", got)
	}
}

func TestParseHex(t *testing.T) {
	for _, s := range []string{"", "0", "00", "aF09", "g0", "0g", "é0", "00 0", "0x00"} {
		want, err := hex.DecodeString(s)
		dst := make([]byte, len(s)/2)
		if ok := ParseHex(dst, s); ok != (err == nil) || ok && string(dst) != string(want) {
			t.Errorf("%q: got %x, %v; want %x, %v", s, dst, ok, want, err)
		}
	}
	if ParseHex(make([]byte, 2), "00") {
		t.Error("too short")
	}
}
