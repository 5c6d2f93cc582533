package badgerdb

import (
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"

	"github.com/dgraph-io/badger/v4/table"
	"github.com/gofrs/flock"

	"github.com/gotensor/gotensor/storage/kv"
)

// A folder holds
//
//	FORMAT   one line: formatName and the format's number
//	LOCK     locked while a process has the folder open
//	badger/  Badger's files
const (
	formatFile = "FORMAT"
	freshFile  = "FORMAT.new" // FORMAT before it has its name
	lockFile   = "LOCK"
	badgerDir  = "badger"
)

// formatName is the first word in FORMAT.
const formatName = "gotensor-kv-badger"

// Format is the number of the layout on disk. It only grows: a program opens its own and, having brought them up to date, older ones, never newer ones.
//
//	1: spaces k, m, p, r and s, values in parts of 128 KiB, Badger's manifest version 8
const Format = 1

// advice ends the text of an error about damaged files.
const advice = "restore a backup, or move the folder away and synchronise again"

type folder struct {
	path string
	lock *flock.Flock
}

func (f *folder) badger() string { return filepath.Join(f.path, badgerDir) }

func (f *folder) close() {
	if f.lock != nil {
		f.lock.Close()
		f.lock = nil
	}
}

// openFolder locks a folder of ours, or makes one of a path where there is nothing.
func openFolder(path string) (*folder, error) {
	fresh, err := look(path)
	if err != nil {
		return nil, err
	}
	if fresh {
		if err := os.MkdirAll(path, 0o755); err != nil {
			return nil, err
		}
	}
	f, err := lockFolder(path)
	if err != nil {
		return nil, err
	}
	// Another process may have made it while the lock was free.
	if fresh, err = look(path); err == nil && fresh {
		err = writeFormat(path)
	}
	if err == nil {
		err = os.MkdirAll(f.badger(), 0o755) // not there yet, too, where a crash came between the two
	}
	if err != nil {
		f.close()
		return nil, err
	}
	return f, nil
}

func lockFolder(path string) (*folder, error) {
	f := &folder{path: path, lock: flock.New(filepath.Join(path, lockFile), flock.SetPermissions(0o644))}
	locked, err := f.lock.TryLock()
	if err != nil {
		f.close()
		return nil, err
	}
	if !locked {
		f.close()
		return nil, fmt.Errorf("%w: stop it, or use another folder", kv.ErrLocked)
	}
	return f, nil
}

// look says whether a path is free to make a folder of ours, without changing anything, and refuses what is neither free nor ours.
func look(path string) (fresh bool, err error) {
	info, err := os.Stat(path)
	if errors.Is(err, os.ErrNotExist) {
		return true, nil
	}
	if err != nil {
		return false, err
	}
	if !info.IsDir() {
		return false, fmt.Errorf("%w: %q is a file: give the path of a folder", kv.ErrForeign, path)
	}
	entries, err := os.ReadDir(path)
	if err != nil {
		return false, err
	}
	names := map[string]bool{}
	for _, e := range entries {
		names[e.Name()] = true
	}
	if !names[formatFile] {
		delete(names, lockFile)
		delete(names, freshFile)
		for _, e := range entries {
			if names[e.Name()] {
				return false, fmt.Errorf("%w: %q and no %s in it: use another folder, or an empty one", kv.ErrForeign, e.Name(), formatFile)
			}
		}
		return true, nil
	}
	return false, readFormat(path)
}

func readFormat(path string) error {
	file, err := os.Open(filepath.Join(path, formatFile))
	if err != nil {
		return err
	}
	defer file.Close()
	text, err := io.ReadAll(io.LimitReader(file, 200))
	if err != nil {
		return err
	}
	name, rest, _ := strings.Cut(string(text), " ")
	number, err := strconv.Atoi(strings.TrimSuffix(rest, "\n"))
	switch {
	case name != formatName && strings.HasPrefix(name, "gotensor-"):
		return fmt.Errorf("%w: %s has %q, expected %q: use another folder", kv.ErrForeign, formatFile, name, formatName)
	case name != formatName || err != nil || number < 1:
		return fmt.Errorf("%w: %s has %q, expected \"%s %d\": %s", kv.ErrCorrupt, formatFile, text, formatName, Format, advice)
	case number > Format:
		return fmt.Errorf("%w: format %d, this program knows up to %d: use the program that wrote it, or a newer one", kv.ErrNewer, number, Format)
	}
	return nil
}

// writeFormat makes FORMAT, all of it or none.
func writeFormat(path string) error {
	name := filepath.Join(path, formatFile)
	fresh := filepath.Join(path, freshFile)
	file, err := os.Create(fresh)
	if err != nil {
		return err
	}
	_, err = fmt.Fprintf(file, "%s %d\n", formatName, Format)
	if err == nil {
		err = file.Sync()
	}
	if closeErr := file.Close(); err == nil {
		err = closeErr
	}
	if err == nil {
		err = os.Rename(fresh, name)
	}
	if err != nil {
		os.Remove(fresh)
		return err
	}
	return syncDir(path)
}

func syncDir(path string) error {
	dir, err := os.Open(path)
	if err != nil {
		return err
	}
	defer dir.Close()
	return dir.Sync()
}

// inspectFooter checks the lengths at the end of a table, from back to front: length of the checksum, checksum, length of the index, index.
func inspectFooter(path string, size int64) error {
	file, err := os.Open(path)
	if err != nil {
		return err
	}
	defer file.Close()
	end := size
	for _, what := range []string{"checksum", "index"} {
		var length [4]byte
		if end < 4 {
			return fmt.Errorf("%d bytes: %s is cut off", size, what)
		}
		if _, err := file.ReadAt(length[:], end-4); err != nil {
			return err
		}
		n := int64(binary.BigEndian.Uint32(length[:]))
		if n == 0 || n > end-4 {
			return fmt.Errorf("%d bytes: %s of %d bytes", size, what, n)
		}
		end -= 4 + n
	}
	return nil
}

// Check reads every table and every log of the store in dir, which must not be open, and compares all checksums. It changes nothing.
// Errors: those of Open.
func Check(dir string) error {
	fresh, err := look(dir)
	if err == nil && fresh {
		err = fmt.Errorf("%w: there is none", kv.ErrForeign)
	}
	if err != nil {
		return fmt.Errorf("check database %q: %w", dir, err)
	}
	f, err := lockFolder(dir)
	if err != nil {
		return fmt.Errorf("check database %q: %w", dir, err)
	}
	defer f.close()
	if err := f.check(); err != nil {
		return fmt.Errorf("check database %q: %w", dir, err)
	}
	return nil
}

func (f *folder) check() error {
	found, err := inspect(f.badger())
	if err != nil {
		return err
	}
	if err := found.judge(); err != nil {
		return err
	}
	for _, id := range slices.Sorted(maps.Keys(found.tables)) {
		if err := inspectTable(f.badger(), id, found.tables[id], (*table.Table).VerifyChecksum); err != nil {
			return err
		}
	}
	return nil
}
