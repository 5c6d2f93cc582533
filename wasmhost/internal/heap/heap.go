package heap

import (
	"errors"
	"fmt"
	"math/bits"
)

const (
	// PageSize is the size of a page of linear memory in bytes.
	PageSize = 65536
	// MaxPages is the most pages that a 32-bit linear memory can have.
	MaxPages = 65536
	// MaxAlloc is the largest allocation in bytes, 32 MiB.
	MaxAlloc = minAlloc << (orders - 1)

	minAlloc   = 8
	orders     = 23
	headerSize = 8
	alignment  = 8
	occupied   = 1 << 32
	endOfList  = 0xffffffff
)

// Errors of Alloc and Free. All of them poison the allocator.
var (
	// ErrOutOfSpace: memory is at its maximum, or cannot grow as far as the request needs.
	ErrOutOfSpace = errors.New("allocator out of space")
	// ErrTooLarge: more than MaxAlloc bytes were asked for.
	ErrTooLarge = errors.New("requested allocation too large")
	// ErrCorrupt: a header in guest memory, or a pointer to free, is not what the allocator could have made.
	ErrCorrupt = errors.New("allocator state corrupted by the guest")
	// ErrMemoryShrank: the memory passed is smaller than the one of an earlier request.
	ErrMemoryShrank = errors.New("memory shrank between two allocator requests")
	// ErrPoisoned: an earlier request ended in an error.
	ErrPoisoned = errors.New("allocator poisoned by an earlier error")
)

// Memory is the linear memory that the allocator works in. The api.Memory of wazero implements it.
type Memory interface {
	// Size returns the length in bytes; 0 stands for the full 4 GiB as well as for no page at all.
	Size() uint32
	// Grow adds pages and returns how many there were before; ok is false when memory cannot grow so far.
	Grow(pages uint32) (before uint32, ok bool)
	// ReadUint64Le and WriteUint64Le are false when the 8 bytes are not all inside.
	ReadUint64Le(offset uint32) (uint64, bool)
	WriteUint64Le(offset uint32, value uint64) bool
}

// Stats counts what an allocator did since New or Reset, in bytes, headers and rounding included.
type Stats struct {
	Allocated     uint64 // handed out at present
	AllocatedPeak uint64 // the most that Allocated has been
	AllocatedSum  uint64 // all that was ever handed out
	AddressSpace  uint64 // how far the bumper is from the heap base
}

// Allocator hands out memory of one guest instance. It is not safe for concurrent use.
// The free lists are in guest memory; only their heads are here.
type Allocator struct {
	base     uint64 // heap base, aligned
	bumper   uint64 // end of what was ever handed out; 64 bits, because it may reach 4 GiB
	seen     uint64 // memory size at the last request
	heads    [orders]uint32
	maxPages uint32
	poisoned bool
	stats    Stats
}

// New returns an allocator for the memory above heapBase. maxPages bounds the growth of memory, in pages of 64 KiB; 0
// means MaxPages. A memory that is larger than that already stays usable as far as it goes.
func New(heapBase, maxPages uint32) *Allocator {
	a := &Allocator{base: (uint64(heapBase) + alignment - 1) / alignment * alignment}
	a.Reset(maxPages)
	return a
}

// Reset forgets every allocation and error and sets a new bound on the pages (0 means MaxPages), so that the allocator can serve
// the next call on a memory that was restored.
func (a *Allocator) Reset(maxPages uint32) {
	if maxPages == 0 || maxPages > MaxPages {
		maxPages = MaxPages
	}
	*a = Allocator{base: a.base, bumper: a.base, maxPages: maxPages}
	for order := range a.heads {
		a.heads[order] = endOfList
	}
}

// Stats returns the counters.
func (a *Allocator) Stats() Stats { return a.stats }

// Alloc returns the address of size fresh bytes in mem, a multiple of 8. The bytes are not zeroed.
// Errors: ErrOutOfSpace, ErrTooLarge, ErrCorrupt, ErrMemoryShrank, ErrPoisoned.
func (a *Allocator) Alloc(mem Memory, size uint32) (ptr uint32, err error) {
	if a.poisoned {
		return 0, ErrPoisoned
	}
	ptr, err = a.alloc(mem, size)
	a.poisoned = err != nil
	return ptr, err
}

// Free gives the block at ptr back. ptr must be what Alloc returned and not be free already.
// Errors: ErrCorrupt, ErrMemoryShrank, ErrPoisoned.
func (a *Allocator) Free(mem Memory, ptr uint32) error {
	if a.poisoned {
		return ErrPoisoned
	}
	err := a.free(mem, ptr)
	a.poisoned = err != nil
	return err
}

func (a *Allocator) alloc(mem Memory, size uint32) (uint32, error) {
	memSize, err := a.observe(mem)
	if err != nil {
		return 0, err
	}
	if size > MaxAlloc {
		return 0, fmt.Errorf("%w: %d bytes, at most %d", ErrTooLarge, size, MaxAlloc)
	}
	order := orderOf(size)
	block := uint64(minAlloc)<<order + headerSize

	header := a.heads[order]
	if header != endOfList {
		if uint64(header)+block > memSize {
			return 0, fmt.Errorf("%w: free list of order %d points to %#x, memory has %d bytes", ErrCorrupt, order, header, memSize)
		}
		link, ok := mem.ReadUint64Le(header)
		if !ok || link&occupied != 0 {
			return 0, fmt.Errorf("%w: free list of order %d points to the occupied header at %#x", ErrCorrupt, order, header)
		}
		a.heads[order] = uint32(link)
	} else if header, err = a.bump(mem, memSize, block); err != nil {
		return 0, err
	}
	if !mem.WriteUint64Le(header, occupied|uint64(order)) {
		return 0, fmt.Errorf("%w: header at %#x is outside of memory", ErrCorrupt, header)
	}

	a.stats.Allocated += block
	a.stats.AllocatedSum += block
	a.stats.AllocatedPeak = max(a.stats.AllocatedPeak, a.stats.Allocated)
	a.stats.AddressSpace = a.bumper - a.base
	return header + headerSize, nil
}

func (a *Allocator) free(mem Memory, ptr uint32) error {
	if _, err := a.observe(mem); err != nil {
		return err
	}
	if ptr < headerSize {
		return fmt.Errorf("%w: free of %#x, which leaves no room for a header", ErrCorrupt, ptr)
	}
	header := ptr - headerSize
	value, ok := mem.ReadUint64Le(header)
	if !ok {
		return fmt.Errorf("%w: free of %#x, which is outside of memory", ErrCorrupt, ptr)
	}
	if value&occupied == 0 {
		return fmt.Errorf("%w: free of %#x, which is free already", ErrCorrupt, ptr)
	}
	order := uint32(value)
	if order >= orders {
		return fmt.Errorf("%w: header of %#x has order %d, at most %d", ErrCorrupt, ptr, order, orders-1)
	}
	// The head moves first, as in Substrate; both happen, since the header was readable and so can be written.
	next := a.heads[order]
	a.heads[order] = header
	mem.WriteUint64Le(header, uint64(next))

	block := uint64(minAlloc)<<order + headerSize
	if block > a.stats.Allocated {
		return fmt.Errorf("%w: free of %#x gives back %d bytes, %d are in use", ErrCorrupt, ptr, block, a.stats.Allocated)
	}
	a.stats.Allocated -= block
	return nil
}

// bump takes block bytes from the space never handed out, growing memory where it has to, and returns their address.
func (a *Allocator) bump(mem Memory, memSize, block uint64) (uint32, error) {
	end := a.bumper + block
	if end > memSize {
		pages, needed := memSize/PageSize, (end+PageSize-1)/PageSize
		if pages >= uint64(a.maxPages) || needed > uint64(a.maxPages) {
			return 0, fmt.Errorf("%w: %d pages are needed, memory has %d, at most %d", ErrOutOfSpace, needed, pages, a.maxPages)
		}
		next := max(min(2*pages, uint64(a.maxPages)), needed)
		if _, ok := mem.Grow(uint32(next - pages)); !ok {
			return 0, fmt.Errorf("%w: memory does not grow from %d to %d pages", ErrOutOfSpace, pages, next)
		}
		// What this request sees next is the grown memory; a later one compares with it.
		a.seen = next * PageSize
	}
	header := uint32(a.bumper)
	a.bumper = end
	return header, nil
}

// observe returns the size of mem in bytes and checks that it did not shrink since the last request.
func (a *Allocator) observe(mem Memory) (uint64, error) {
	size := uint64(mem.Size())
	if size == 0 {
		pages, _ := mem.Grow(0)
		size = uint64(pages) * PageSize
	}
	if size < a.seen {
		return 0, fmt.Errorf("%w: %d bytes, %d before", ErrMemoryShrank, size, a.seen)
	}
	a.seen = size
	return size, nil
}

// orderOf returns the order of the least block that holds size bytes; size is at most MaxAlloc.
func orderOf(size uint32) int {
	return bits.Len32((max(size, minAlloc) - 1) / minAlloc)
}
