package badgerdb

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"math"
	"os"
	"os/signal"
	"path/filepath"
	"runtime/debug"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/gotensor/gotensor/storage/kv"
)

func init() {
	children["fill"], children["robbed"], children["rss"], children["limited"], children["files"] = fill, robbed, rss, limited, files
}

// grow takes steps until one fails.
func grow(db *DB, most uint64) (i uint64, err error) {
	if i, err = where(db); err != nil {
		return i, err
	}
	i = max(i, growing)
	for n := uint64(0); n < most; n++ {
		if err := take(db, i+1); err != nil {
			return i, err
		}
		i++
		fmt.Println(i)
	}
	return i, nil
}

func growingHistory() *history {
	h := newHistory()
	h.first = growing
	return h
}

// fill writes until there is no more room than what the store keeps for itself. Nobody else writes: it goes on reading, and closes in that room.
func fill(dir string) error {
	db, err := Open(filepath.Join(dir, "db"), small)
	if err != nil {
		return err
	}
	i, err := grow(db, math.MaxUint64)
	if !errors.Is(err, kv.ErrFull) || errors.Is(err, kv.ErrFailed) {
		return fmt.Errorf("write on a full disk: %w, expected ErrFull", err)
	}
	now, err := where(db)
	if err == nil && now != i {
		err = fmt.Errorf("at step %d, expected %d", now, i)
	}
	if err == nil {
		err = growingHistory().compare(db, i)
	}
	if err != nil {
		return fmt.Errorf("reading on a full disk: %w", err)
	}
	return db.Close()
}

// robbed writes while another file takes all the room at once. It may be ended by SIGBUS.
func robbed(dir string) error {
	db, err := Open(filepath.Join(dir, "db"), small)
	if err != nil {
		return err
	}
	if _, err := grow(db, 100); err != nil {
		return err
	}
	ballast, err := os.Create(filepath.Join(dir, "ballast"))
	if err != nil {
		return err
	}
	for chunk := bytes.Repeat([]byte{1}, 64<<10); err == nil; {
		_, err = ballast.Write(chunk)
	}
	if !errors.Is(err, syscall.ENOSPC) {
		return err
	}
	if _, err := grow(db, 1); !errors.Is(err, kv.ErrFull) {
		return fmt.Errorf("write on a disk that others filled: %w, expected ErrFull", err)
	}
	if err := db.Close(); !errors.Is(err, kv.ErrFull) {
		return fmt.Errorf("close on a disk that others filled: %w, expected ErrFull", err)
	}
	return nil
}

func TestFullDisk(t *testing.T) {
	mount := t.TempDir()
	n := 1
	if long() {
		n = 8
	}
	if err := syscall.Mount("tmpfs", mount, "tmpfs", 0, "size=240m"); err != nil {
		fmt.Printf("SKIPPED: %d cases need the right to mount a tmpfs\n", 2*n)
		t.Skip(err)
	}
	defer syscall.Unmount(mount, syscall.MNT_DETACH)
	resize := func(mb int) {
		t.Helper()
		if err := syscall.Mount("tmpfs", mount, "tmpfs", syscall.MS_REMOUNT, fmt.Sprintf("size=%dm", mb)); err != nil {
			t.Fatal(err)
		}
	}
	h := growingHistory()
	path := filepath.Join(mount, "db")
	var robbedToDeath int
	for round := range n {
		resize(240 + 30*round)
		for _, job := range []string{"fill", "robbed"} {
			var out strings.Builder
			cmd := child(job, mount)
			cmd.Stdout, cmd.Stderr = &out, nil
			err := cmd.Run()
			if err != nil && job == "robbed" && cmd.ProcessState.ExitCode() == 2 {
				robbedToDeath++
			} else if err != nil {
				t.Fatalf("round %d: %s: %v", round, job, err)
			}
			var reached uint64
			for _, line := range strings.Fields(out.String()) {
				fmt.Sscan(line, &reached)
			}
			if job == "fill" {
				// Closing may have made room, by a compaction.
				if db, err := Open(path, small); err == nil {
					db.Close()
				} else if !errors.Is(err, kv.ErrFull) {
					t.Fatalf("round %d: opening without room: %v, expected ErrFull", round, err)
				}
			} else if err := os.Remove(filepath.Join(mount, "ballast")); err != nil {
				t.Fatal(err)
			}
			// A store that was full opens where there is room again.
			resize(600 + 60*round)
			db, err := Open(path, small)
			if err != nil {
				t.Fatalf("round %d: after %s: %v", round, job, err)
			}
			i, err := where(db)
			if err == nil {
				err = h.compare(db, i)
			}
			if err != nil || i < reached || i <= growing {
				t.Fatalf("round %d: after %s: step %d of %d: %v", round, job, i, reached, err)
			}
			if err := take(db, i+1); err != nil {
				t.Fatalf("round %d: after %s: %v", round, job, err)
			}
			if err := db.Close(); err != nil {
				t.Fatalf("round %d: after %s: %v", round, job, err)
			}
			t.Logf("round %d: %s: step %d", round, job, i)
		}
	}
	t.Logf("FAULTS: %d of %d robbed processes were ended by the system", robbedToDeath, n)
}

// limited writes until the system refuses it a file of the size that a log has.
func limited(dir string) error {
	db, err := Open(dir, small)
	if err != nil {
		return err
	}
	signal.Ignore(syscall.SIGXFSZ)
	limit := syscall.Rlimit{Cur: uint64(db.options.MemTableSize), Max: uint64(db.options.MemTableSize)}
	if err := syscall.Setrlimit(syscall.RLIMIT_FSIZE, &limit); err != nil {
		return err
	}
	if _, err := grow(db, math.MaxUint64); !errors.Is(err, kv.ErrFailed) {
		return fmt.Errorf("write where files are limited: %w, expected ErrFailed", err)
	}
	if _, _, err := db.Get([]byte("i")); !errors.Is(err, kv.ErrFailed) {
		return fmt.Errorf("get after a failed write: %w, expected ErrFailed", err)
	}
	return nil
}

// TestWriteError lets the system refuse a write: the store stops, and what is opened then is the state after a step.
func TestWriteError(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "db")
	h := growingHistory()
	for round := range rounds(25) {
		var out strings.Builder
		cmd := child("limited", dir)
		cmd.Stdout = &out
		if err := cmd.Run(); err != nil {
			t.Fatalf("round %d: %v", round, err)
		}
		var reached uint64
		for _, line := range strings.Fields(out.String()) {
			fmt.Sscan(line, &reached)
		}
		db, err := Open(dir, small)
		if err != nil {
			t.Fatalf("round %d: %v", round, err)
		}
		i, err := where(db)
		if err == nil {
			err = h.compare(db, i)
		}
		if err != nil || i < reached {
			t.Fatalf("round %d: step %d of %d: %v", round, i, reached, err)
		}
		h.forget(i)
		if err := db.Close(); err != nil {
			t.Fatal(err)
		}
		if round%8 == 7 { // begin anew before it is large
			os.RemoveAll(dir)
			h = growingHistory()
		}
	}
}

// files writes where the process may open only some more files than a store must be able to: writes are refused then, and all is there.
func files(dir string) error {
	db, err := Open(dir, small)
	if err != nil {
		return err
	}
	open, err := os.ReadDir("/proc/self/fd")
	if err != nil {
		return err
	}
	var limit syscall.Rlimit
	if err := syscall.Getrlimit(syscall.RLIMIT_NOFILE, &limit); err != nil {
		return err
	}
	limit.Cur = uint64(len(open) + db.moreTables(0) + spare + 60)
	if err := syscall.Setrlimit(syscall.RLIMIT_NOFILE, &limit); err != nil {
		return err
	}
	i, err := grow(db, 5000)
	if !errors.Is(err, kv.ErrLimit) || errors.Is(err, kv.ErrFailed) {
		return fmt.Errorf("step %d where open files are limited: %w, expected ErrLimit", i, err)
	}
	if !strings.Contains(err.Error(), fmt.Sprintf("may have %d", limit.Cur)) || !strings.Contains(err.Error(), "ulimit -n") {
		return fmt.Errorf("does not name the limit: %w", err)
	}
	if err := growingHistory().compare(db, i); err != nil {
		return err
	}
	limit.Cur *= 2
	if err := syscall.Setrlimit(syscall.RLIMIT_NOFILE, &limit); err != nil {
		return err
	}
	if _, err := grow(db, 10); err != nil {
		return fmt.Errorf("write after the limit was raised: %w", err)
	}
	if err := db.Close(); err != nil {
		return err
	}
	limit.Cur = uint64(len(open) + spare + 100)
	if err := syscall.Setrlimit(syscall.RLIMIT_NOFILE, &limit); err != nil {
		return err
	}
	if _, err := Open(dir, small); !errors.Is(err, kv.ErrLimit) {
		return fmt.Errorf("open where open files are limited: %w, expected ErrLimit", err)
	}
	return nil
}

// TestLimit: where the system limits open files, writes are refused before Badger meets the limit, and nothing is lost.
func TestLimit(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "db")
	var out strings.Builder
	cmd := child("files", dir)
	cmd.Stdout = &out
	if err := cmd.Run(); err != nil {
		t.Fatal(err)
	}
	lines := strings.Fields(out.String())
	var reached uint64
	fmt.Sscan(lines[len(lines)-1], &reached)
	if err := growingHistory().compare(mustOpen(t, dir), reached); err != nil {
		t.Fatal(err)
	}
	t.Logf("%d steps", reached-growing)
}

// rss fills a store and prints the peak of the process's own memory and of its resident size, and the longest write.
func rss(arg string) error {
	parts := strings.Split(arg, ",")
	var memory int64
	var keys uint64
	fmt.Sscan(parts[1], &memory)
	fmt.Sscan(parts[2], &keys)
	debug.SetMemoryLimit(memory + 64<<20) // as the process around a store does
	db, err := Open(parts[0], Options{Memory: memory})
	if err != nil {
		return err
	}
	var peakOwn, peakAll, stalled int64
	done := make(chan struct{})
	measured := make(chan struct{})
	go func() {
		defer close(measured)
		for {
			own, all := resident()
			peakOwn, peakAll = max(peakOwn, own), max(peakAll, all)
			select {
			case <-done:
				return
			case <-time.After(20 * time.Millisecond):
			}
		}
	}()
	for n := uint64(0); n < keys; {
		b := sustained(&n)
		begin := time.Now()
		if err := db.Write(b, false); err != nil {
			return err
		}
		stalled = max(stalled, time.Since(begin).Milliseconds())
	}
	key := make([]byte, 8)
	for n := uint64(1); n < keys/10; n++ {
		binary.BigEndian.PutUint64(key, n*0x9E3779B97F4A7C15)
		if _, ok, err := db.Get(key); !ok || err != nil {
			return fmt.Errorf("key %d: %v", n, err)
		}
	}
	it := db.Iterator(nil)
	var n uint64
	for it.Next() {
		n++
	}
	it.Close()
	if n < keys {
		return fmt.Errorf("%d keys", n)
	}
	close(done)
	<-measured
	fmt.Println(peakOwn, peakAll, stalled, db.Stats().DiskBytes)
	return db.Close()
}

// resident is what the process has of memory that only it can give back, and its whole resident size with pages of mapped files, in bytes.
func resident() (own, all int64) {
	status, _ := os.ReadFile("/proc/self/status")
	for _, line := range strings.Split(string(status), "\n") {
		name, rest, _ := strings.Cut(line, ":")
		var kb int64
		fmt.Sscan(rest, &kb)
		switch name {
		case "RssAnon":
			own = kb << 10
		case "VmRSS":
			all = kb << 10
		}
	}
	return own, all
}

// TestMemory compares the process's own memory with its bound, under sustained writing. The bound is the store's; the process around it has 64 MiB.
func TestMemory(t *testing.T) {
	memories, keys := []int64{MinMemory}, 500_000
	if long() {
		memories, keys = []int64{MinMemory, 4 * MinMemory, DefaultMemory}, 10_000_000
	}
	for _, memory := range memories {
		var out strings.Builder
		cmd := child("rss", fmt.Sprintf("%s,%d,%d", filepath.Join(t.TempDir(), "db"), memory, keys))
		cmd.Stdout = &out
		if err := cmd.Run(); err != nil {
			t.Fatal(err)
		}
		var own, all, stalled, disk int64
		fmt.Sscan(out.String(), &own, &all, &stalled, &disk)
		t.Logf("memory %d MB, %d keys: own %d MB, resident %d MB, longest write of 4 MB %d ms, disk %d MB", memory>>20, keys, own>>20, all>>20, stalled, disk>>20)
		if own == 0 || own > memory+64<<20 {
			t.Errorf("memory %d MB: the process took %d MB", memory>>20, own>>20)
		}
	}
}
