//go:build !linux

package wasmhost

import "bytes"

// region is the bytes behind a linear memory: here an ordinary slice, which may move when it grows.
type region struct {
	data     []byte
	capacity uint64
}

func newRegion(capacity uint64) (region, error) { return region{capacity: capacity}, nil }

func (r *region) bytes(size uint64) []byte { return r.data[:size] }

func (r *region) commit(size uint64) bool {
	if size > r.capacity {
		return false
	}
	if have := uint64(len(r.data)); size > have {
		grown := make([]byte, min(max(size, have+have/2), r.capacity))
		copy(grown, r.data)
		r.data = grown
	}
	return true
}

func (r *region) release() { r.data = nil }

func (r *region) clear(from, to uint64, _ bool) error {
	clear(r.data[from:to])
	return nil
}

// snapshot is the memory of an instance before its first call.
type snapshot struct {
	data []byte
}

func newSnapshot(data []byte, _ ResetMode) (*snapshot, error) {
	return &snapshot{data: bytes.Clone(data)}, nil
}

func (s *snapshot) close() {}

func (r *region) attach(*snapshot) error { return nil }

func (r *region) forget(uint64) error { return nil }

func (r *region) restore(s *snapshot, _ ResetMode) error {
	copy(r.data, s.data)
	return nil
}

// supported returns the mode that this system can do instead of mode.
func supported(mode ResetMode) (ResetMode, error) {
	if mode == ResetPagemap {
		return ResetCopy, nil
	}
	return mode, nil
}
