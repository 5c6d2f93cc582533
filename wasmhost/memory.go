package wasmhost

import "fmt"

const pageSize = 65536

// maxPages bounds every linear memory in pages: one page below what 32 bits can address, because the size of a full memory
// does not fit in the 32 bits that report it, and because shrinking asks for one page more than there is (linearMemory.shrink).
const maxPages = 65535

// ResetMode says how an instance gets back to the memory it had before its first call.
type ResetMode int

// Reset modes.
const (
	// ResetPagemap copies back only the pages that the kernel says were written. Linux only, behind a self-test when the
	// engine starts; where that does not pass, the engine uses ResetCopy.
	ResetPagemap ResetMode = iota
	// ResetCopy copies the whole initial memory back: the reference.
	ResetCopy
	// ResetFresh makes a new instance for every call.
	ResetFresh
)

// String returns the word that the command line uses.
func (m ResetMode) String() string {
	switch m {
	case ResetPagemap:
		return "pagemap"
	case ResetCopy:
		return "copy"
	case ResetFresh:
		return "fresh"
	}
	return fmt.Sprintf("ResetMode(%d)", int(m))
}

// ParseResetMode reads the word that String writes.
func ParseResetMode(word string) (ResetMode, error) {
	for _, m := range []ResetMode{ResetPagemap, ResetCopy, ResetFresh} {
		if m.String() == word {
			return m, nil
		}
	}
	return 0, fmt.Errorf("reset mode %q: expected pagemap, copy or fresh", word)
}

// linearMemory is the memory of one instance. It implements wazero's experimental.LinearMemory over a region whose address
// never changes.
//
// The engine under it can grow a memory and not shrink it: compiled code keeps the length in a cache that only growing
// refreshes. But growing takes the buffer that Reallocate returns, whatever its length. So shrink sets shrinkTo and
// asks for one page more; Reallocate answers with the shorter buffer, and the cache holds the right length again.
type linearMemory struct {
	region   region
	limit    uint64 // ceiling of the present call in bytes
	high     uint64 // largest size since the last reset, in bytes
	refused  bool   // the present call asked for more than limit
	failed   bool   // the system had no memory for a growth that the present call may make
	shrinkTo uint64 // size that the next Reallocate returns; 0 for none
}

// Reallocate implements experimental.LinearMemory.
func (m *linearMemory) Reallocate(size uint64) []byte {
	if m.shrinkTo != 0 {
		size, m.shrinkTo = m.shrinkTo, 0
		return m.region.bytes(size)
	}
	if size > m.limit {
		m.refused = true
		return nil
	}
	if !m.region.commit(size) {
		m.failed = true
		return nil
	}
	m.high = max(m.high, size)
	return m.region.bytes(size)
}

// Free implements experimental.LinearMemory.
func (m *linearMemory) Free() { m.region.release() }

// grower is the part of api.Memory that shrink needs.
type grower interface {
	Grow(pages uint32) (uint32, bool)
	Size() uint32
}

// shrink sets the size that the guest sees to size, and reports whether that worked.
func (m *linearMemory) shrink(mem grower, size uint64) bool {
	m.shrinkTo = size
	_, ok := mem.Grow(1)
	m.shrinkTo = 0
	return ok && uint64(mem.Size()) == size
}
