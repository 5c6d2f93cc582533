package db

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"github.com/gotensor/gotensor/storage/kv"
	"github.com/gotensor/gotensor/storage/kv/badgerdb"
)

// TestFullDisk takes the room on a small file system away, again and again. Imports and finality are refused with kv.ErrFull and change nothing, all that was there is read
// on; a store that is opened then is refused with the same. Where there is room again the store goes on, opened again or not, and folds what it could not.
func TestFullDisk(t *testing.T) {
	if testing.Short() {
		t.Skip("fills a disk")
	}
	t.Parallel()
	n := rounds()
	mount := t.TempDir()
	if err := syscall.Mount("tmpfs", mount, "tmpfs", 0, "size=448m"); err != nil {
		fmt.Printf("SKIPPED: %d cases need the right to mount a tmpfs\n", n)
		t.Skip(err)
	}
	defer syscall.Unmount(mount, syscall.MNT_DETACH)
	var d *disk
	full, reopened := 0, 0
	for round := range n {
		dir := filepath.Join(mount, "db")
		if round%4 == 0 {
			if d != nil {
				if err := d.worker.db.Close(); err != nil {
					t.Fatal(err)
				}
				os.RemoveAll(dir)
			}
			var err error
			if d, err = newDisk(dir, uint64(2000+round)); err != nil {
				t.Fatal(err)
			}
		}
		fail := func(step string, err error) {
			t.Helper()
			if err != nil {
				t.Fatalf("round %d: %s: %v", round, step, err)
			}
		}
		fail("steps before", d.steps(d.r.IntN(40)))
		// Another file takes the room until the store sees that there is too little.
		ballast, err := os.Create(filepath.Join(mount, "ballast"))
		fail("ballast", err)
		size := int64(0)
		for ; err == nil; size += 2 << 20 {
			fail("ballast", syscall.Fallocate(int(ballast.Fd()), 0, size, 2<<20))
			err = d.steps(1)
		}
		for range 5 {
			if !errors.Is(err, kv.ErrFull) {
				t.Fatalf("round %d: a step on a full disk: %v, expected kv.ErrFull", round, err)
			}
			full++
			// What was refused did not happen; all else is read.
			fail("head on a full disk", d.settleOn(d.worker.db))
			for err = d.steps(1); err == nil; err = d.steps(1) {
			}
		}
		d.under = ""
		fail("head on a full disk", d.there(d.worker.db, d.known))
		if _, err := d.compare(d.worker.db, d.oldest(d.options.KeepStates), false); err != nil {
			fail("reading on a full disk", err)
		}
		again := round%2 == 0
		if again {
			err = nil
			fail("close on a full disk", d.worker.db.Close())
			reopened++
			for err == nil { // closing makes room
				err = syscall.Fallocate(int(ballast.Fd()), 0, size, 1<<20)
				size += 1 << 20
			}
			if _, err := badgerdb.Open(dir, badgerdb.Options{Memory: badgerdb.MinMemory}); !errors.Is(err, kv.ErrFull) || !strings.Contains(err.Error(), dir) {
				t.Fatalf("round %d: open on a full disk: %v, expected kv.ErrFull that names %s", round, err, dir)
			}
		}
		// Truncated first: a process that another test has forked holds the file open until it executes, and with the file its room.
		fail("ballast", errors.Join(ballast.Truncate(0), ballast.Close(), os.Remove(ballast.Name())))
		if again {
			fail("open where there is room again", d.reopen())
		}
		fail("steps after", d.steps(10))
		if _, err := d.look(d.worker.db); err != nil {
			fail("look", err)
		}
	}
	if err := d.worker.db.Close(); err != nil {
		t.Fatal(err)
	}
	t.Logf("FAULTS: %d steps of the block store refused on a disk that was full %d times, %d times it was opened again", full, n, reopened)
}
