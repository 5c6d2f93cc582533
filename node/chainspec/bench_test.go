package chainspec

import (
	"encoding/binary"
	"encoding/hex"
	"io"
	"runtime"
	"testing"
)

// bigSpec writes a spec of n entries with keys of 80 and values of 120 bytes, as a large chain's system accounts, without holding it.
func bigSpec(w io.Writer, n int) error {
	if _, err := io.WriteString(w, `{"name": "Big", "id": "big", "genesis": {"raw": {"childrenDefault": {}, "top": {`); err != nil {
		return err
	}
	line := make([]byte, 0, 512)
	var key [80]byte
	var value [120]byte
	for i := range n {
		binary.BigEndian.PutUint64(key[:], uint64(i))
		binary.BigEndian.PutUint64(value[8:], uint64(i))
		line = append(line[:0], `"0x`...)
		if i > 0 {
			line = append(line[:0], `,"0x`...)
		}
		line = hex.AppendEncode(line, key[:])
		line = append(line, `":"0x`...)
		line = hex.AppendEncode(line, value[:])
		line = append(line, '"')
		if _, err := w.Write(line); err != nil {
			return err
		}
	}
	_, err := io.WriteString(w, "}}}}")
	return err
}

// parseBig parses a spec while it is written, and checks what came out.
func parseBig(tb testing.TB, n int) *Spec {
	tb.Helper()
	r, w := io.Pipe()
	go func() { w.CloseWithError(bigSpec(w, n)) }()
	spec, err := Parse(r)
	if err != nil {
		tb.Fatal(err)
	}
	if spec.Genesis.Top.Len() != n {
		tb.Fatalf("got %d entries, want %d", spec.Genesis.Top.Len(), n)
	}
	return spec
}

// TestMemory: a spec takes about what its entries decode to, and not a multiple of the file.
func TestMemory(t *testing.T) {
	const n = 100_000 // 41 MB of JSON that decode to 20 MB
	var before, after runtime.MemStats
	runtime.GC()
	runtime.ReadMemStats(&before)
	spec := parseBig(t, n)
	runtime.GC()
	runtime.ReadMemStats(&after)
	const decoded = n * (80 + 120)
	if kept := int64(after.HeapAlloc) - int64(before.HeapAlloc); kept > 2*decoded {
		t.Errorf("%d entries of %d bytes keep %d bytes", n, decoded, kept)
	}
	runtime.KeepAlive(spec)
}

func BenchmarkParse(b *testing.B) {
	const n = 100_000
	b.SetBytes(n * (2*(80+120) + 10))
	b.ReportAllocs()
	for b.Loop() {
		parseBig(b, n)
	}
}
