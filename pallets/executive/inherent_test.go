package executive

import (
	"bytes"
	"fmt"
	"testing"

	"github.com/gotensor/gotensor/pallets/frame"
	"github.com/gotensor/gotensor/primitives/chain"
	"github.com/gotensor/gotensor/primitives/scale"
)

func dataOf(entries ...entry) []byte { return scale.AppendSlice(nil, entries) }

var (
	id1 = [8]byte([]byte("test1234"))
	id2 = [8]byte([]byte("test1235"))
)

// TestInherentExtrinsics makes inherents of what the author gives.
func TestInherentExtrinsics(t *testing.T) {
	w := newWorld(t)
	w.custom.offersInherent, w.custom2.offersInherent = true, true
	for _, c := range []struct {
		data []byte
		want string
	}{
		{dataOf(), "00"},
		{dataOf(entry{id2, []byte("x")}), "040c050b05"},
		{dataOf(entry{id2, nil}, entry{id1, []byte("x")}, entry{id1, []byte("y")}), "080c050a050c050b05"},
		{dataOf(entry{[8]byte{1}, []byte("x")}), "00"},
	} {
		if got := fmt.Sprintf("%x", w.InherentExtrinsics(c.data)); got != c.want {
			t.Errorf("%x: %s, want %s", c.data, got, c.want)
		}
	}
	for _, bad := range [][]byte{nil, {4}, append(dataOf(), 1), {4, 1, 2, 3, 4, 5, 6, 7, 8, 4}} {
		if err := refusal(w.Ext, func() { w.InherentExtrinsics(bad) }); err == nil {
			t.Errorf("%x was not refused", bad)
		}
	}
}

// TestCheckInherents judges inherents. The bytes are those of CheckInherentsResult: okay, fatal, errors by id.
func TestCheckInherents(t *testing.T) {
	mild := func(text string) *frame.InherentError { return &frame.InherentError{Data: []byte(text)} }
	fatal := func(text string) *frame.InherentError { return &frame.InherentError{Fatal: true, Data: []byte(text)} }
	w := newWorld(t)
	in1, in2, tx := bare(w.call(w.custom, inherent)), bare(w.call(w.custom2, inherent)), bare(w.call(w.custom2, allowedUnsigned))
	answer := func(okay, fatal bool, errors ...entry) []byte {
		return scale.AppendSlice(scale.AppendBool(scale.AppendBool(nil, okay), fatal), errors)
	}
	for name, c := range map[string]struct {
		xts         [][]byte
		one, two    *frame.InherentError // what checking says
		need, need2 *frame.InherentError
		want        []byte
	}{
		"fine":                        {[][]byte{in1, in2, tx}, nil, nil, mild("1"), mild("2"), answer(true, false)},
		"none":                        {nil, mild("a"), mild("b"), nil, nil, answer(true, false)},
		"mild":                        {[][]byte{in1, in2}, mild("a"), nil, nil, nil, answer(false, false, entry{id1, []byte("a")})},
		"two mild":                    {[][]byte{in2, in1, tx}, mild("a"), mild("b"), nil, nil, answer(false, false, entry{id1, []byte("a")}, entry{id2, []byte("b")})},
		"the first of a pallet":       {[][]byte{in1, in1}, mild("a"), nil, nil, nil, answer(false, false, entry{id1, []byte("a")})},
		"fatal ends it":               {[][]byte{in1, in2}, mild("a"), fatal("b"), nil, nil, answer(false, true, entry{id2, []byte("b")})},
		"not behind others":           {[][]byte{tx, in1}, fatal("a"), nil, nil, nil, answer(true, false)},
		"missing":                     {[][]byte{in1}, nil, nil, mild("1"), mild("2"), answer(false, false, entry{id2, []byte("2")})},
		"missing, fatal":              {nil, nil, nil, fatal("1"), fatal("2"), answer(false, true, entry{id1, []byte("1")})},
		"behind others it is missing": {[][]byte{tx, in1}, nil, nil, mild("1"), nil, answer(false, false, entry{id1, []byte("1")})},
	} {
		w.custom.checked = func([]byte) *frame.InherentError { return c.one }
		w.custom2.checked = func([]byte) *frame.InherentError { return c.two }
		w.custom.required, w.custom2.required = c.need, c.need2
		if got := w.CheckInherents(encode(chain.Header{Number: 1}, c.xts...), dataOf()); !bytes.Equal(got, c.want) {
			t.Errorf("%s: %x, want %x", name, got, c.want)
		}
	}
	w.custom.checked = func(data []byte) *frame.InherentError { return mild(string(data)) }
	w.custom.required, w.custom2.required = nil, nil
	block := encode(chain.Header{Number: 1}, in1)
	if got, want := w.CheckInherents(block, dataOf(entry{id1, []byte("time")})), answer(false, false, entry{id1, []byte("time")}); !bytes.Equal(got, want) {
		t.Errorf("data: %x, want %x", got, want)
	}
	for _, bad := range [][]byte{nil, block[:len(block)-1], append(bytes.Clone(block), 0), encode(chain.Header{}, tx, []byte{4, 9})} {
		if err := refusal(w.Ext, func() { w.CheckInherents(bad, dataOf()) }); err == nil {
			t.Errorf("%x was not refused", bad)
		}
	}
}
