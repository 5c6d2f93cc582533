package blockfile

import (
	"bytes"
	"errors"
	"io"
	"reflect"
	"strings"
	"testing"
	"testing/iotest"

	"github.com/gotensor/gotensor/primitives/chain"
	"github.com/gotensor/gotensor/primitives/hash"
	"github.com/gotensor/gotensor/primitives/scale"
)

func blocks() []*chain.SignedBlock {
	justified := chain.Justifications{{Engine: chain.EngineGrandpa, Data: []byte{1, 255}}}
	empty := chain.Justifications{}
	header := chain.Header{ParentHash: hash.H256{1}, Number: 1, StateRoot: hash.H256{2}, ExtrinsicsRoot: hash.H256{3}, Digest: chain.Digest{
		{Kind: chain.DigestPreRuntime, Engine: chain.EngineAura, Data: []byte{7, 0, 0, 0, 0, 0, 0, 0}},
		{Kind: chain.DigestSeal, Engine: chain.EngineAura, Data: make([]byte, 64)},
	}}
	second := chain.Header{Number: 300}
	return []*chain.SignedBlock{
		{Block: chain.Block{Header: header, Extrinsics: []chain.OpaqueExtrinsic{{4, 5}, {}}}, Justifications: &justified},
		{Block: chain.Block{Header: second}},
		{Block: chain.Block{Header: second, Extrinsics: []chain.OpaqueExtrinsic{bytes.Repeat([]byte{9}, 200_000)}}, Justifications: &empty},
	}
}

func write(t testing.TB, binary bool, blocks []*chain.SignedBlock) []byte {
	t.Helper()
	var file bytes.Buffer
	w, err := NewWriter(&file, binary, uint64(len(blocks)))
	if err != nil {
		t.Fatal(err)
	}
	for _, b := range blocks {
		if err := w.Write(b); err != nil {
			t.Fatal(err)
		}
	}
	return file.Bytes()
}

func readAll(r io.Reader, binary bool) (blocks []*chain.SignedBlock, err error) {
	in, err := NewReader(r, binary)
	if err != nil {
		return nil, err
	}
	for {
		b, err := in.Next()
		if err == io.EOF {
			return blocks, nil
		}
		if err != nil {
			return blocks, err
		}
		blocks = append(blocks, b)
	}
}

func TestRoundTrip(t *testing.T) {
	for _, binary := range []bool{true, false} {
		file := write(t, binary, blocks())
		for name, r := range map[string]io.Reader{"whole": bytes.NewReader(file), "in halves": iotest.HalfReader(bytes.NewReader(file)), "data with the end": iotest.DataErrReader(bytes.NewReader(file))} {
			got, err := readAll(r, binary)
			if err != nil {
				t.Fatalf("binary %v, %s: %v", binary, name, err)
			}
			if len(got) != len(blocks()) {
				t.Fatalf("binary %v, %s: %d blocks", binary, name, len(got))
			}
			for i, b := range blocks() {
				if !bytes.Equal(scale.Marshal(b), scale.Marshal(got[i])) || got[i].Block.Header.Hash() != b.Block.Header.Hash() {
					t.Errorf("binary %v, %s: block %d is another", binary, name, i)
				}
			}
		}
	}
}

// TestForms has the bytes: the JSON form is that of RPC's chain_getBlock (see node/rpc), the binary form SCALE behind a u64.
func TestForms(t *testing.T) {
	one := blocks()[:1]
	want := `{"block":{"header":{"parentHash":"0x01` + strings.Repeat("00", 31) + `","number":"0x1","stateRoot":"0x02` + strings.Repeat("00", 31) + `","extrinsicsRoot":"0x03` +
		strings.Repeat("00", 31) + `","digest":{"logs":["0x0661757261200700000000000000","0x05617572610101` + strings.Repeat("00", 64) + `"]}},"extrinsics":["0x080405","0x00"]},"justifications":[[[70,82,78,75],[1,255]]]}`
	if got := string(write(t, false, one)); got != want {
		t.Errorf("got  %s\nwant %s", got, want)
	}
	if got := write(t, true, one); !reflect.DeepEqual(got[:8], []byte{1, 0, 0, 0, 0, 0, 0, 0}) || !bytes.Equal(got[8:], scale.Marshal(one[0])) {
		t.Errorf("got 0x%x", got)
	}
}

func TestFaults(t *testing.T) {
	disk := errors.New("disk on fire")
	binary, text := write(t, true, blocks()), write(t, false, blocks()[:1])
	for name, c := range map[string]struct {
		binary bool
		in     io.Reader
		blocks int
		want   error
		text   string
	}{
		"no number":           {true, strings.NewReader("\x01"), 0, io.ErrUnexpectedEOF, "number of blocks"},
		"no blocks":           {true, bytes.NewReader(make([]byte, 8)), 0, nil, ""},
		"cut off":             {true, bytes.NewReader(binary[:len(binary)-1]), 2, io.ErrUnexpectedEOF, "block 3"},
		"one missing":         {true, bytes.NewReader(append([]byte{4}, binary[1:]...)), 3, io.ErrUnexpectedEOF, "block 4"},
		"more":                {true, bytes.NewReader(append(binary[:len(binary):len(binary)], 1, 2)), 3, nil, ""},
		"no block":            {true, bytes.NewReader(append([]byte{1, 0, 0, 0, 0, 0, 0, 0}, bytes.Repeat([]byte{0xff}, 1<<20)...)), 0, scale.ErrRange, "block 1"},
		"disk":                {true, io.MultiReader(bytes.NewReader(binary[:300]), iotest.ErrReader(disk)), 1, disk, "block 2"},
		"endless block":       {true, io.MultiReader(bytes.NewReader(append([]byte{1, 0, 0, 0, 0, 0, 0, 0}, append(make([]byte, 98), 0x04, 0xfe, 0xff, 0xff, 0xff)...)), zeros{}), 0, ErrTooLarge, ""},
		"JSON: nothing":       {false, strings.NewReader(" \n"), 0, nil, ""},
		"JSON: blanks":        {false, strings.NewReader(string(text) + "\n" + string(text) + "\n"), 2, nil, ""},
		"JSON: cut off":       {false, bytes.NewReader(text[:len(text)-1]), 0, io.ErrUnexpectedEOF, "block 1"},
		"JSON: disk":          {false, io.MultiReader(bytes.NewReader(text), iotest.ErrReader(disk)), 1, disk, "block 2"},
		"JSON: endless":       {false, io.MultiReader(strings.NewReader(`{"block": {"extrinsics": ["0x`), zeros{}), 0, ErrTooLarge, ""},
		"JSON: no header":     {false, strings.NewReader(`{"block":{}}`), 0, nil, "no member block.header"},
		"JSON: half a header": {false, strings.NewReader(`{"block":{"header":{"number":"0x1"}}}`), 0, nil, "expected parentHash"},
		"JSON: other":         {false, strings.NewReader(`[1]`), 0, nil, "block 1"},
		"JSON: number":        {false, bytes.NewReader(bytes.Replace(text, []byte(`"0x1"`), []byte(`"0x100000000"`), 1)), 0, nil, "expected a block number"},
		"JSON: plain number":  {false, bytes.NewReader(bytes.Replace(text, []byte(`"0x1"`), []byte(`1`), 1)), 1, nil, ""},
		"JSON: hash":          {false, bytes.NewReader(bytes.Replace(text, []byte(`"0x01`), []byte(`"0x`), 1)), 0, nil, "32 bytes, got 31"},
		"JSON: extrinsic":     {false, bytes.NewReader(bytes.Replace(text, []byte(`"0x080405"`), []byte(`"0x0804"`), 1)), 0, scale.ErrEnd, "extrinsic 0"},
		"JSON: digest":        {false, bytes.NewReader(bytes.Replace(text, []byte(`"0x0661`), []byte(`"0x0961`), 1)), 0, nil, "digest item 0"},
		"JSON: engine":        {false, bytes.NewReader(bytes.Replace(text, []byte(`[70,82,78,75]`), []byte(`[70,82,78]`), 1)), 0, nil, "4 bytes, got 3"},
		"JSON: byte":          {false, bytes.NewReader(bytes.Replace(text, []byte(`[1,255]`), []byte(`[1,256]`), 1)), 0, nil, "expected a byte"},
	} {
		t.Run(name, func(t *testing.T) {
			got, err := readAll(c.in, c.binary)
			if len(got) != c.blocks || c.want != nil && !errors.Is(err, c.want) || (c.want == nil && c.text == "") != (err == nil) || err != nil && !strings.Contains(err.Error(), c.text) {
				t.Errorf("%d blocks, %v", len(got), err)
			}
		})
	}
}

// zeros never ends.
type zeros struct{}

func (zeros) Read(b []byte) (int, error) {
	for i := range b {
		b[i] = '0'
	}
	return len(b), nil
}

// FuzzRead reads any bytes in both forms; what is read is written and read again to the same.
func FuzzRead(f *testing.F) {
	for _, binary := range []bool{true, false} {
		f.Add(binary, write(f, binary, blocks()[:2]))
	}
	f.Add(false, []byte(`{"block":{"header":{"number":1,"digest":{"logs":[]}},"extrinsics":null},"justifications":[[[],[]]]}`))
	f.Fuzz(func(t *testing.T, binary bool, data []byte) {
		got, _ := readAll(bytes.NewReader(data), binary)
		again, err := readAll(bytes.NewReader(write(t, !binary, got)), !binary)
		if err != nil || len(again) != len(got) {
			t.Fatalf("%d blocks, then %d: %v", len(got), len(again), err)
		}
		for i := range got {
			if !bytes.Equal(scale.Marshal(got[i]), scale.Marshal(again[i])) {
				t.Errorf("block %d is another", i)
			}
		}
	})
}

func BenchmarkRead(b *testing.B) {
	var many []*chain.SignedBlock
	for range 50 {
		many = append(many, blocks()...)
	}
	for name, binary := range map[string]bool{"binary": true, "json": false} {
		file := write(b, binary, many)
		b.Run(name, func(b *testing.B) {
			b.SetBytes(int64(len(file)))
			for b.Loop() {
				if got, err := readAll(bytes.NewReader(file), binary); err != nil || len(got) != len(many) {
					b.Fatalf("%d blocks, %v", len(got), err)
				}
			}
		})
	}
}
