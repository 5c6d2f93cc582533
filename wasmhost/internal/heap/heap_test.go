package heap

import (
	"encoding/binary"
	"errors"
	"math/rand/v2"
	"testing"
)

// testMemory is a linear memory in a slice.
type testMemory struct {
	data     []byte
	maxPages uint32
}

func newMemory(pages, maxPages uint32) *testMemory {
	return &testMemory{make([]byte, pages*PageSize), maxPages}
}

func (m *testMemory) Size() uint32 { return uint32(len(m.data)) }

func (m *testMemory) pages() uint32 { return uint32(len(m.data) / PageSize) }

func (m *testMemory) Grow(pages uint32) (uint32, bool) {
	before := m.pages()
	if uint64(before)+uint64(pages) > uint64(m.maxPages) {
		return 0, false
	}
	if pages > 0 {
		m.data = append(m.data, make([]byte, pages*PageSize)...)
	}
	return before, true
}

func (m *testMemory) ReadUint64Le(offset uint32) (uint64, bool) {
	if uint64(offset)+8 > uint64(len(m.data)) {
		return 0, false
	}
	return binary.LittleEndian.Uint64(m.data[offset:]), true
}

func (m *testMemory) WriteUint64Le(offset uint32, value uint64) bool {
	if uint64(offset)+8 > uint64(len(m.data)) {
		return false
	}
	binary.LittleEndian.PutUint64(m.data[offset:], value)
	return true
}

// step is one request: an allocation of size bytes that returns want, or, where free is set, giving back the pointer of step index of.
type step struct {
	size uint32
	free bool
	of   int
	want uint32
	err  error
}

// The cases are the unit tests of paritytech/polkadot-sdk substrate/client/allocator/src/freeing_bump.rs, under their names.
func TestSubstrateVectors(t *testing.T) {
	alloc := func(size, want uint32) step { return step{size: size, want: want} }
	free := func(of int) step { return step{free: true, of: of} }
	fail := func(size uint32, err error) step { return step{size: size, err: err} }
	failFree := func(of int, err error) step { return step{free: true, of: of, err: err} }

	full := func() (steps []step) { // 32-byte blocks up to the end of the page but for 16 bytes, then all of them given back
		for i := range PageSize / 40 {
			steps = append(steps, alloc(32, uint32(40*i+headerSize)))
		}
		for i := range PageSize / 40 {
			steps = append(steps, free(i))
		}
		return append(steps, alloc(8, PageSize-8), fail(8, ErrOutOfSpace))
	}
	cycle := func() (steps []step) {
		for i := range 9 {
			steps = append(steps, alloc(42, 24+headerSize), free(2*i))
		}
		return steps
	}

	for _, c := range []struct {
		name      string
		base      uint32
		maxPages  uint32
		steps     []step
		pages     uint32 // after all steps; 0: not stated
		allocated int64  // after all steps; -1: not stated
	}{
		{"should_allocate_properly", 0, 0, []step{alloc(1, 8)}, 1, -1},
		{"should_always_align_pointers_to_multiples_of_8", 13, 0, []step{alloc(1, 24)}, 1, -1},
		{"should_increment_pointers_properly", 0, 0, []step{alloc(1, 8), alloc(9, 24), alloc(1, 48)}, 1, -1},
		{"should_free_properly", 0, 0, []step{alloc(1, 8), alloc(1, 24), free(1)}, 1, 16},
		{"should_deallocate_and_reallocate_properly", 13, 0, []step{alloc(1, 24), alloc(9, 40), free(1), alloc(9, 40)}, 1, -1},
		{"should_build_linked_list_of_free_areas_properly", 0, 0, []step{alloc(8, 8), alloc(8, 24), alloc(8, 40), free(0), free(1), free(2), alloc(8, 40), alloc(8, 24)}, 1, -1},
		{"should_not_allocate_if_too_large", 13, 1, []step{fail(PageSize-13, ErrOutOfSpace)}, 1, -1},
		{"should_not_allocate_if_full", 0, 1, []step{alloc(PageSize/2-headerSize, 8), fail(PageSize/2, ErrOutOfSpace)}, 1, -1},
		{"should_allocate_max_possible_allocation_size", 0, 0, []step{alloc(32<<20, 8)}, 513, -1},
		{"should_not_allocate_if_requested_size_too_large", 0, 0, []step{fail(32<<20+1, ErrTooLarge)}, 1, -1},
		{"should_return_error_when_bumper_greater_than_heap_size", 0, 1, full(), 1, 16},
		{"should_include_prefixes_in_total_heap_size", 1, 0, []step{alloc(9, 16)}, 1, headerSize + 16},
		{"should_calculate_total_heap_size_to_zero", 13, 0, []step{alloc(42, 24), free(0)}, 1, 0},
		{"should_calculate_total_size_of_zero", 19, 0, cycle(), 1, 0},
		{"deallocate_needs_to_maintain_linked_list", 0, 0, []step{alloc(8, 8), alloc(8, 24), alloc(8, 40), alloc(8, 56), free(3), free(2), free(1), free(0), alloc(8, 8), alloc(8, 24), alloc(8, 40), alloc(8, 56)}, 1, -1},
		{"poison_oom", 0, 1, []step{alloc(PageSize/2, 8), fail(PageSize, ErrOutOfSpace), failFree(0, ErrPoisoned)}, 1, -1},
		{"should_grow_memory_when_running_out_of_memory", 0, 0, []step{alloc(2*PageSize, 8)}, 3, -1},
	} {
		t.Run(c.name, func(t *testing.T) {
			mem := newMemory(1, MaxPages)
			a := New(c.base, c.maxPages)
			got := make([]uint32, len(c.steps))
			for i, s := range c.steps {
				var err error
				if s.free {
					err = a.Free(mem, got[s.of])
				} else {
					got[i], err = a.Alloc(mem, s.size)
				}
				if !errors.Is(err, s.err) {
					t.Fatalf("step %d: got error %v, want %v", i, err, s.err)
				}
				if got[i] != s.want {
					t.Fatalf("step %d: got pointer %d, want %d", i, got[i], s.want)
				}
			}
			if c.pages != 0 && mem.pages() != c.pages {
				t.Errorf("memory has %d pages, want %d", mem.pages(), c.pages)
			}
			if c.allocated >= 0 && a.Stats().Allocated != uint64(c.allocated) {
				t.Errorf("%d bytes are allocated, want %d", a.Stats().Allocated, c.allocated)
			}
		})
	}
}

// accepts_growing_memory and doesnt_accept_shrinking_memory of the same source.
func TestMemoryOfOtherSize(t *testing.T) {
	mem := newMemory(1, MaxPages)
	a := New(0, 0)
	for range 2 {
		if _, err := a.Alloc(mem, PageSize/2); err != nil {
			t.Fatal(err)
		}
	}
	mem.Grow(1)
	if _, err := a.Alloc(mem, PageSize/2); err != nil {
		t.Fatal(err)
	}
	mem.data = mem.data[:PageSize]
	if _, err := a.Alloc(mem, PageSize/2); !errors.Is(err, ErrMemoryShrank) {
		t.Fatalf("got %v, want ErrMemoryShrank", err)
	}
}

// modifying_the_header_leads_to_an_error of the same source, and the other ways to forge a header.
func TestForgedHeaders(t *testing.T) {
	for _, c := range []struct {
		name string
		run  func(a *Allocator, mem *testMemory, ptr uint32) error
	}{
		{"free list out of memory", func(a *Allocator, mem *testMemory, ptr uint32) error {
			if err := a.Free(mem, ptr); err != nil {
				return errors.New("free refused")
			}
			mem.WriteUint64Le(ptr-headerSize, endOfList-1)
			if _, err := a.Alloc(mem, 5); err != nil {
				return errors.New("first allocation refused")
			}
			_, err := a.Alloc(mem, 5)
			return err
		}},
		{"free list to an occupied block", func(a *Allocator, mem *testMemory, ptr uint32) error {
			if err := a.Free(mem, ptr); err != nil {
				return errors.New("free refused")
			}
			mem.WriteUint64Le(ptr-headerSize, occupied)
			_, err := a.Alloc(mem, 5)
			return err
		}},
		{"order too large", func(a *Allocator, mem *testMemory, ptr uint32) error {
			mem.WriteUint64Le(ptr-headerSize, occupied|orders)
			return a.Free(mem, ptr)
		}},
		{"order larger than all that is allocated", func(a *Allocator, mem *testMemory, ptr uint32) error {
			mem.WriteUint64Le(ptr-headerSize, occupied|(orders-1))
			return a.Free(mem, ptr)
		}},
		{"double free", func(a *Allocator, mem *testMemory, ptr uint32) error {
			if err := a.Free(mem, ptr); err != nil {
				return errors.New("free refused")
			}
			return a.Free(mem, ptr)
		}},
		{"free of null", func(a *Allocator, mem *testMemory, _ uint32) error { return a.Free(mem, 0) }},
		{"free of 7", func(a *Allocator, mem *testMemory, _ uint32) error { return a.Free(mem, 7) }},
		{"free past the end", func(a *Allocator, mem *testMemory, _ uint32) error { return a.Free(mem, PageSize+8) }},
		{"free of the last address", func(a *Allocator, mem *testMemory, _ uint32) error { return a.Free(mem, 0xffffffff) }},
	} {
		t.Run(c.name, func(t *testing.T) {
			mem := newMemory(1, 1)
			a := New(0, 0)
			ptr, err := a.Alloc(mem, 5)
			if err != nil {
				t.Fatal(err)
			}
			if err := c.run(a, mem, ptr); !errors.Is(err, ErrCorrupt) {
				t.Fatalf("got %v, want ErrCorrupt", err)
			}
			if _, err := a.Alloc(mem, 5); !errors.Is(err, ErrPoisoned) {
				t.Fatalf("after the error: got %v, want ErrPoisoned", err)
			}
			a.Reset(0)
			if ptr, err := a.Alloc(mem, 5); err != nil || ptr != headerSize {
				t.Fatalf("after a reset: got %d, %v, want %d", ptr, err, headerSize)
			}
		})
	}
}

// Memory doubles where that is enough, goes to what is needed where not, and stops at the maximum.
func TestGrowthPolicy(t *testing.T) {
	for _, c := range []struct {
		name             string
		pages, max, want uint32
		size             uint32
	}{
		{"doubles", 4, 100, 8, 4 * PageSize},
		{"needs more than double", 2, 100, 17, 16 * PageSize},
		{"bounded by the maximum", 6, 9, 9, 4 * PageSize},
		{"no page at the start", 0, 10, 1, 8},
	} {
		t.Run(c.name, func(t *testing.T) {
			mem := newMemory(c.pages, MaxPages)
			a := New(0, c.max)
			if c.pages > 4 { // leave room for less than the request
				if _, err := a.Alloc(mem, 4*PageSize-headerSize); err != nil {
					t.Fatal(err)
				}
			}
			if _, err := a.Alloc(mem, c.size); err != nil {
				t.Fatal(err)
			}
			if mem.pages() != c.want {
				t.Errorf("got %d pages, want %d", mem.pages(), c.want)
			}
		})
	}
}

func TestHeapBaseAtTheEnd(t *testing.T) {
	for _, base := range []uint32{0xffffffff, 0xfffffff9, 0xfffffff8, 0xffff0000} {
		mem := newMemory(1, MaxPages)
		if ptr, err := New(base, 16).Alloc(mem, 8); !errors.Is(err, ErrOutOfSpace) {
			t.Errorf("base %#x: got %#x, %v, want ErrOutOfSpace", base, ptr, err)
		}
	}
}

// block is an allocation of the model in the tests of traces.
type block struct{ ptr, size uint32 }

// runTrace plays a trace of requests on an allocator and on a naive model, which knows every live block: blocks lie above the heap base
// and inside of memory, are aligned, and never overlap each other or a header. Two bytes make one request.
func runTrace(t *testing.T, base uint32, trace []byte) {
	const maxPages = 40
	mem := newMemory(1, maxPages)
	a := New(base, maxPages)
	var live []block
	used := map[uint32]bool{} // the 8-byte units in use, headers included
	for ; len(trace) >= 2; trace = trace[2:] {
		if trace[0]&1 == 1 && len(live) > 0 {
			i := int(trace[1]) % len(live)
			b := live[i]
			live[i] = live[len(live)-1]
			live = live[:len(live)-1]
			if err := a.Free(mem, b.ptr); err != nil {
				t.Fatalf("free of %#x: %v", b.ptr, err)
			}
			for unit := b.ptr/8 - 1; unit < (b.ptr+b.size+7)/8; unit++ {
				delete(used, unit)
			}
			continue
		}
		size := uint32(trace[1]) << (trace[0] >> 1 % 9)
		ptr, err := a.Alloc(mem, size)
		if errors.Is(err, ErrOutOfSpace) {
			return
		}
		if err != nil {
			t.Fatalf("allocation of %d bytes: %v", size, err)
		}
		if ptr%alignment != 0 || ptr < base+headerSize || uint64(ptr)+uint64(size) > uint64(mem.Size()) {
			t.Fatalf("allocation of %d bytes is at %#x; the heap is %#x to %#x", size, ptr, base, mem.Size())
		}
		for unit := ptr/8 - 1; unit < (ptr+size+7)/8; unit++ {
			if used[unit] {
				t.Fatalf("allocation of %d bytes at %#x overlaps another at %#x", size, ptr, 8*unit)
			}
			used[unit] = true
		}
		for i := ptr; i < ptr+size; i++ {
			mem.data[i] = 0xa5
		}
		live = append(live, block{ptr, size})
	}
}

func TestRandomTraces(t *testing.T) {
	rng := rand.New(rand.NewPCG(1, 2))
	for range 20 {
		trace := make([]byte, 2000)
		for i := range trace {
			trace[i] = byte(rng.Uint32())
		}
		runTrace(t, rng.Uint32N(PageSize), trace)
	}
}

func FuzzTrace(f *testing.F) {
	f.Add(uint16(0), []byte{0, 1, 2, 9, 1, 0, 0, 1})
	f.Add(uint16(13), []byte{20, 255, 20, 255, 1, 1, 20, 200, 0, 0})
	f.Fuzz(func(t *testing.T, base uint16, trace []byte) { runTrace(t, uint32(base), trace) })
}

// FuzzHostileTrace lets the guest overwrite any word between the requests: nothing may panic, and no pointer may lie outside of memory.
func FuzzHostileTrace(f *testing.F) {
	f.Add([]byte{0, 8, 0, 2, 0, 0, 1, 8, 0, 0, 5, 0})
	f.Add([]byte{0, 8, 0, 1, 8, 0, 2, 0, 0, 0, 5, 0, 0, 5, 0})
	f.Fuzz(func(t *testing.T, trace []byte) {
		mem := newMemory(1, 8)
		a := New(0, 8)
		for ; len(trace) >= 3; trace = trace[3:] {
			arg := uint32(trace[1]) | uint32(trace[2])<<8
			switch trace[0] % 4 {
			case 0:
				if ptr, err := a.Alloc(mem, arg); err == nil && uint64(ptr)+uint64(arg) > uint64(mem.Size()) {
					t.Fatalf("allocation of %d bytes at %#x, memory has %#x", arg, ptr, mem.Size())
				}
			case 1:
				_ = a.Free(mem, arg)
			case 2:
				mem.WriteUint64Le(arg, uint64(trace[0])<<30|uint64(arg))
			case 3:
				mem.WriteUint64Le(arg, occupied|uint64(trace[0]>>2))
			}
		}
	})
}

func BenchmarkAllocFree(b *testing.B) {
	mem := newMemory(4, MaxPages)
	a := New(1000, 0)
	want, err := a.Alloc(mem, 100)
	if err != nil || a.Free(mem, want) != nil {
		b.Fatal("first allocation refused")
	}
	for b.Loop() {
		ptr, err := a.Alloc(mem, 100)
		if err != nil || ptr != want {
			b.Fatalf("got %#x, %v, want %#x", ptr, err, want)
		}
		if err := a.Free(mem, ptr); err != nil {
			b.Fatal(err)
		}
	}
}
