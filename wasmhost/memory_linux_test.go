package wasmhost

import (
	"bytes"
	"math/rand/v2"
	"slices"
	"testing"
	"unsafe"
)

// Both ways to find written pages find the same ones.
func TestWrittenPages(t *testing.T) {
	if !scans() {
		t.Skip("SKIPPED: 1 case needs a kernel with PAGEMAP_SCAN (Linux 6.7)")
	}
	const pages = 3000
	size := pages * hostPage
	s, err := newSnapshot(make([]byte, size), ResetPagemap)
	if err != nil {
		t.Fatal(err)
	}
	defer s.close()
	r, err := newRegion(2 * size)
	if err != nil {
		t.Fatal(err)
	}
	defer r.release()
	if !r.commit(2 * size) {
		t.Fatal("commit memory")
	}
	if err := r.attach(s); err != nil {
		t.Fatal(err)
	}
	file, err := pagemap()
	if err != nil {
		t.Fatal(err)
	}
	base := uint64(uintptr(unsafe.Pointer(unsafe.SliceData(r.data))))
	random := rand.New(rand.NewPCG(1, 2))
	sink := byte(0)
	for round := range 20 {
		for range round * 100 {
			at := random.Uint64N(2 * size)
			if random.IntN(2) == 0 {
				sink += r.data[at]
			} else {
				r.data[at]++
			}
		}
		var read, scanned [][2]uint64
		// A run of the kernel may end where its list was full, or at the border of two mappings.
		join := func(list *[][2]uint64) func(from, to uint64) {
			return func(from, to uint64) {
				if n := len(*list); n > 0 && (*list)[n-1][1] == from {
					(*list)[n-1][1] = to
				} else {
					*list = append(*list, [2]uint64{from, to})
				}
			}
		}
		if err := r.readWritten(file, base, 0, 2*size, join(&read)); err != nil {
			t.Fatal(err)
		}
		if err := r.scanWritten(file, base, 0, 2*size, join(&scanned)); err != nil {
			t.Fatal(err)
		}
		if !slices.Equal(read, scanned) || len(read) == 0 && round > 0 {
			t.Fatalf("round %d: read %d runs, scanned %d", round, len(read), len(scanned))
		}
	}
	_ = sink
}

// What it costs to find the 40 written pages among 64 MiB, most of which was never touched.
func BenchmarkWrittenPages(b *testing.B) {
	const size = 64 << 20
	s, err := newSnapshot(make([]byte, size), ResetPagemap)
	if err != nil {
		b.Fatal(err)
	}
	defer s.close()
	r, err := newRegion(size)
	if err != nil {
		b.Fatal(err)
	}
	defer r.release()
	if !r.commit(size) {
		b.Fatal("commit memory")
	}
	if err := r.attach(s); err != nil {
		b.Fatal(err)
	}
	for i := range 40 {
		r.data[uint64(i)*3*hostPage] = 1
	}
	file, err := pagemap()
	if err != nil {
		b.Fatal(err)
	}
	base := uint64(uintptr(unsafe.Pointer(unsafe.SliceData(r.data))))
	for name, find := range map[string]func(func(from, to uint64)) error{
		"read": func(f func(from, to uint64)) error { return r.readWritten(file, base, 0, size, f) },
		"scan": func(f func(from, to uint64)) error { return r.scanWritten(file, base, 0, size, f) },
	} {
		b.Run(name, func(b *testing.B) {
			if name == "scan" && !scans() {
				b.Skip("SKIPPED: 1 case needs a kernel with PAGEMAP_SCAN (Linux 6.7)")
			}
			for b.Loop() {
				pages := 0
				if err := find(func(from, to uint64) { pages += int((to - from) / hostPage) }); err != nil || pages != 40 {
					b.Fatalf("%d pages, %v", pages, err)
				}
			}
		})
	}
}

// A call that wrote much leaves an instance that later calls restore for what they wrote alone. Both ways of restoring give the snapshot.
func TestWrittenPagesAreDropped(t *testing.T) {
	const size = 4 * maxCopied
	initial := make([]byte, size)
	for i := range initial {
		initial[i] = byte(i >> 10)
	}
	s, err := newSnapshot(initial, ResetPagemap)
	if err != nil {
		t.Fatal(err)
	}
	defer s.close()
	r, err := newRegion(size)
	if err != nil {
		t.Fatal(err)
	}
	defer r.release()
	if !r.commit(size) {
		t.Fatal("commit memory")
	}
	if err := r.attach(s); err != nil {
		t.Fatal(err)
	}
	for _, test := range []struct{ wrote, left uint64 }{{maxCopied, maxCopied}, {maxCopied + hostPage, 0}, {size, 0}, {hostPage, hostPage}} {
		for at := uint64(0); at < test.wrote; at += hostPage {
			r.data[at]++
		}
		if err := r.restore(s, ResetPagemap); err != nil {
			t.Fatal(err)
		}
		left := uint64(0)
		if err := r.eachWritten(0, size, func(from, to uint64) { left += to - from }); err != nil {
			t.Fatal(err)
		}
		if left != test.left {
			t.Errorf("%d bytes were written, and %d are private after the reset, expected %d", test.wrote, left, test.left)
		}
		if !bytes.Equal(r.data[:size], initial) {
			t.Errorf("%d bytes were written, and the memory is not the initial one", test.wrote)
		}
	}
}
