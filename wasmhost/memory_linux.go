package wasmhost

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"os"
	"sync"
	"unsafe"

	"golang.org/x/sys/unix"
)

// hostPage is the page size of the kernel.
var hostPage = uint64(os.Getpagesize())

// bigTail is how much grown memory is zeroed by writing; what lies beyond is given back to the kernel, so that one hungry
// call does not keep its memory for ever.
const bigTail = 4 << 20

// region is the bytes behind a linear memory: address space reserved once, made accessible as the memory grows.
type region struct {
	data      []byte // the whole reservation
	committed uint64 // bytes from the start that may be touched
	dirty     []byte // scratch: entries of /proc/self/pagemap
	runs      []pageRun
}

func newRegion(capacity uint64) (region, error) {
	data, err := unix.Mmap(-1, 0, int(capacity), unix.PROT_NONE, unix.MAP_PRIVATE|unix.MAP_ANON|unix.MAP_NORESERVE)
	if err != nil {
		return region{}, fmt.Errorf("reserve %d bytes of address space: %v", capacity, err)
	}
	// A huge page would count as written, and have to be cleared, for one byte in it. Kernels without them refuse, which is as good.
	_ = unix.Madvise(data, unix.MADV_NOHUGEPAGE)
	return region{data: data}, nil
}

func (r *region) bytes(size uint64) []byte { return r.data[:size] }

func (r *region) commit(size uint64) bool {
	if size <= r.committed {
		return true
	}
	if size > uint64(len(r.data)) || unix.Mprotect(r.data[r.committed:size], unix.PROT_READ|unix.PROT_WRITE) != nil {
		return false
	}
	r.committed = size
	return true
}

func (r *region) release() {
	if r.data != nil {
		if err := unix.Munmap(r.data); err != nil {
			panic("BUG: unmap of a mapped region: " + err.Error())
		}
		*r = region{}
	}
}

// clear zeroes [from, to), which lies above the snapshot.
func (r *region) clear(from, to uint64, mapped bool) error {
	if to-from > bigTail {
		if err := unix.Madvise(r.data[from+bigTail:to], unix.MADV_DONTNEED); err != nil {
			return fmt.Errorf("give back memory: %v", err)
		}
		to = from + bigTail
	}
	if mapped {
		return r.eachWritten(from, to, func(from, to uint64) { clear(r.data[from:to]) })
	}
	clear(r.data[from:to])
	return nil
}

// snapshot is the memory of an instance before its first call, in a memory file that instances map privately.
type snapshot struct {
	data []byte // read-only view of the file
	file int
}

func newSnapshot(data []byte, mode ResetMode) (*snapshot, error) {
	fd, err := unix.MemfdCreate("gotensor-snapshot", unix.MFD_CLOEXEC|unix.MFD_ALLOW_SEALING)
	if err != nil {
		return nil, fmt.Errorf("memory file: %v", err)
	}
	s := &snapshot{file: fd}
	for rest := data; len(rest) > 0; {
		n, err := unix.Write(fd, rest)
		if err != nil && !errors.Is(err, unix.EINTR) {
			s.close()
			return nil, fmt.Errorf("write memory file: %v", err)
		}
		rest = rest[max(n, 0):]
	}
	// Sealed, so that nothing can change what every later call starts from.
	seals := unix.F_SEAL_WRITE | unix.F_SEAL_SHRINK | unix.F_SEAL_GROW | unix.F_SEAL_SEAL
	if _, err := unix.FcntlInt(uintptr(fd), unix.F_ADD_SEALS, seals); err != nil {
		s.close()
		return nil, fmt.Errorf("seal memory file: %v", err)
	}
	if len(data) == 0 {
		return s, nil
	}
	if s.data, err = unix.Mmap(fd, 0, len(data), unix.PROT_READ, unix.MAP_PRIVATE); err != nil {
		s.close()
		return nil, fmt.Errorf("map memory file: %v", err)
	}
	return s, nil
}

func (s *snapshot) close() {
	if s.data != nil {
		if err := unix.Munmap(s.data); err != nil {
			panic("BUG: unmap of a mapped snapshot: " + err.Error())
		}
		s.data = nil
	}
	if s.file >= 0 {
		unix.Close(s.file) //nolint:errcheck // nothing was written that could be lost
		s.file = -1
	}
}

// attach maps the snapshot privately over the start of the region, in place of the equal bytes that are there: from then on
// a page is either the snapshot's or a private copy that was written.
func (r *region) attach(s *snapshot) error {
	if len(s.data) == 0 {
		return nil
	}
	_, err := unix.MmapPtr(s.file, 0, unsafe.Pointer(unsafe.SliceData(r.data)), uintptr(len(s.data)),
		unix.PROT_READ|unix.PROT_WRITE, unix.MAP_PRIVATE|unix.MAP_FIXED)
	if err != nil {
		return fmt.Errorf("map snapshot: %v", err)
	}
	return nil
}

// restore brings the start of the region back to the snapshot.
func (r *region) restore(s *snapshot, mode ResetMode) error {
	if mode != ResetPagemap {
		copy(r.data, s.data)
		return nil
	}
	written := uint64(0)
	if err := r.eachWritten(0, uint64(len(s.data)), func(from, to uint64) {
		if written += to - from; written <= maxCopied {
			copy(r.data[from:to], s.data[from:to])
		}
	}); err != nil {
		return err
	}
	if written > maxCopied {
		return r.forget(uint64(len(s.data)))
	}
	return nil
}

// maxCopied is how many bytes of written pages are copied back. What was written stays private to the instance, and would be copied after every later call: a call that
// wrote more, a whole block say, has its pages dropped instead.
const maxCopied = 512 << 10

// forget drops the private copies and mappings of the first size bytes, which hold the attached snapshot and zeros: they read the same afterwards. A look at
// all of memory has mapped each page, and every later search for written pages would find or walk over them.
func (r *region) forget(size uint64) error {
	if err := unix.Madvise(r.data[:size], unix.MADV_DONTNEED); err != nil {
		return fmt.Errorf("give back memory: %v", err)
	}
	return nil
}

// Entries of /proc/self/pagemap. Source: Linux, Documentation/admin-guide/mm/pagemap.rst.
const (
	pagePresent = 1 << 63
	pageSwapped = 1 << 62
	pageFile    = 1 << 61 // page of a file or shared: not a private copy
)

// pagemap is opened once; reads name their offset, so that it serves all goroutines.
var pagemap = sync.OnceValues(func() (*os.File, error) { return os.Open("/proc/self/pagemap") })

// eachWritten calls f for each run of pages in [from, to) that the process may have written: private pages in memory, and any in swap
// or under migration. Both bounds are multiples of the page size of Wasm, and so of the kernel's.
func (r *region) eachWritten(from, to uint64, f func(from, to uint64)) error {
	if from == to {
		return nil
	}
	file, err := pagemap()
	if err != nil {
		return fmt.Errorf("pagemap: %v", err)
	}
	base := uint64(uintptr(unsafe.Pointer(unsafe.SliceData(r.data))))
	if scans() {
		return r.scanWritten(file, base, from, to, f)
	}
	return r.readWritten(file, base, from, to, f)
}

// readWritten is eachWritten by way of an entry for each page, which costs as much as the memory is large, touched or not.
func (r *region) readWritten(file *os.File, base, from, to uint64, f func(from, to uint64)) error {
	n := int((to - from) / hostPage * 8)
	if cap(r.dirty) < n {
		r.dirty = make([]byte, n)
	}
	entries := r.dirty[:n]
	if _, err := file.ReadAt(entries, int64((base+from)/hostPage*8)); err != nil {
		return fmt.Errorf("pagemap: %v", err)
	}
	start, run := uint64(0), false
	for i := 0; i < n; i += 8 {
		e := binary.LittleEndian.Uint64(entries[i:])
		written := e&pageSwapped != 0 || e&pagePresent != 0 && e&pageFile == 0
		at := from + uint64(i/8)*hostPage
		switch {
		case written && !run:
			start, run = at, true
		case !written && run:
			f(start, at)
			run = false
		}
	}
	if run {
		f(start, to)
	}
	return nil
}

// pageScan is the argument of the ioctl PAGEMAP_SCAN, and pageRun a run of pages that it finds. Source: Linux 6.7, include/uapi/linux/fs.h, pm_scan_arg and page_region.
type pageScan struct {
	size, flags, start, end, walkEnd, runs, runsLen, maxPages uint64
	inverted, mask, anyOf, result                             uint64
}

type pageRun struct{ start, end, categories uint64 }

const (
	ioctlPagemapScan = 0xc0606610 // _IOWR('f', 16, struct pm_scan_arg)
	scanFile         = 1 << 2
	scanPresent      = 1 << 3
	scanSwapped      = 1 << 4
	maxRuns          = 256 // per call of the kernel
)

// scans tells whether the kernel has PAGEMAP_SCAN.
var scans = sync.OnceValue(func() bool {
	r, err := newRegion(hostPage)
	if err != nil {
		return false
	}
	defer r.release()
	file, err := pagemap()
	return err == nil && r.scanWritten(file, uint64(uintptr(unsafe.Pointer(unsafe.SliceData(r.data)))), 0, hostPage, func(uint64, uint64) {}) == nil
})

// scanWritten is eachWritten by way of the kernel's own search, which steps over what was never touched.
func (r *region) scanWritten(file *os.File, base, from, to uint64, f func(from, to uint64)) error {
	if r.runs == nil {
		r.runs = make([]pageRun, maxRuns)
	}
	scan := pageScan{
		start: base + from, end: base + to, runs: uint64(uintptr(unsafe.Pointer(&r.runs[0]))), runsLen: maxRuns,
		inverted: scanFile, mask: scanFile, anyOf: scanPresent | scanSwapped, result: scanPresent | scanSwapped,
	}
	scan.size = uint64(unsafe.Sizeof(scan))
	for scan.start < scan.end {
		n, _, errno := unix.Syscall(unix.SYS_IOCTL, file.Fd(), ioctlPagemapScan, uintptr(unsafe.Pointer(&scan)))
		if errno != 0 {
			return fmt.Errorf("scan pagemap: %v", errno)
		}
		for _, run := range r.runs[:n] {
			f(run.start-base, run.end-base)
		}
		scan.start = scan.walkEnd
	}
	return nil
}

// supported returns mode where this system can do it, and else ResetCopy with the reason.
func supported(mode ResetMode) (ResetMode, error) {
	if mode != ResetPagemap {
		return mode, nil
	}
	if err := pagemapSelfTest(); err != nil {
		return ResetCopy, err
	}
	return mode, nil
}

// pagemapSelfTest proves on this kernel that written pages are found, and no more is copied than it takes: it writes some pages
// of an attached region, restores, and compares every byte; twice, because the second round starts from pages that stayed private.
func pagemapSelfTest() error {
	const pages, tail = 64, 16
	size, high := pages*hostPage, (pages+tail)*hostPage
	initial := make([]byte, size)
	for i := range initial {
		initial[i] = byte(i*7 + i>>12)
	}
	s, err := newSnapshot(initial, ResetPagemap)
	if err != nil {
		return err
	}
	defer s.close()
	r, err := newRegion(high)
	if err != nil {
		return err
	}
	defer r.release()
	if !r.commit(high) {
		return errors.New("commit memory")
	}
	copy(r.data, initial)
	if err := r.attach(s); err != nil {
		return err
	}
	zero := make([]byte, high-size)
	for round := range uint64(2) {
		for p := round; p < pages+tail; p += 3 {
			if p%2 == 0 {
				_ = r.data[p*hostPage] // read only: maps the page of the file
			} else {
				r.data[p*hostPage+p] ^= 0xff
			}
		}
		if round == 0 {
			written := 0
			if err := r.eachWritten(0, size, func(from, to uint64) { written += int((to - from) / hostPage) }); err != nil {
				return err
			}
			if want := 11; written != want {
				return fmt.Errorf("pagemap: %d pages written, it reports %d", want, written)
			}
		}
		if err := r.restore(s, ResetPagemap); err != nil {
			return err
		}
		if err := r.clear(size, high, true); err != nil {
			return err
		}
		if !bytes.Equal(r.data[:size], initial) || !bytes.Equal(r.data[size:], zero) {
			return errors.New("pagemap: a written page was not found")
		}
	}
	return nil
}
