package wasmhost

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"testing"
)

// cacheFiles returns the files below dir.
func cacheFiles(t *testing.T, dir string) (paths []string) {
	t.Helper()
	err := filepath.WalkDir(dir, func(path string, d os.DirEntry, err error) error {
		if err == nil && !d.IsDir() {
			paths = append(paths, path)
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return paths
}

// A cache that is damaged in any of several ways is emptied and heard of, and the code runs all the same.
func TestDamagedCache(t *testing.T) {
	for name, damage := range map[string]func(data []byte) []byte{
		"cut short":      func(data []byte) []byte { return data[:len(data)/2] },
		"empty":          func([]byte) []byte { return nil },
		"rubbish":        func(data []byte) []byte { return slices.Repeat([]byte{0xa5}, len(data)) },
		"one byte wrong": func(data []byte) []byte { data[len(data)*3/4] ^= 1; return data },
	} {
		t.Run(name, func(t *testing.T) {
			dir := filepath.Join(t.TempDir(), "cache")
			stillGood(t, newTestEngine(t, Config{CacheDir: dir}))
			files := cacheFiles(t, dir)
			if len(files) == 0 {
				t.Fatal("nothing was cached")
			}
			for _, path := range files {
				data, err := os.ReadFile(path)
				if err != nil {
					t.Fatal(err)
				}
				if err := os.WriteFile(path, damage(data), 0o600); err != nil {
					t.Fatal(err)
				}
			}
			var faults []error
			e := newTestEngine(t, Config{CacheDir: dir, OnFault: func(err error) { faults = append(faults, err) }})
			stillGood(t, e)
			if len(faults) != 1 || !strings.Contains(faults[0].Error(), "compile cache") {
				t.Errorf("faults: %v", faults)
			}
			stillGood(t, newTestEngine(t, Config{CacheDir: dir})) // which would fail at a fault
		})
	}
}

// The folder stays within its bound, and one that others may write to is refused.
func TestCacheBounds(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "cache")
	stillGood(t, newTestEngine(t, Config{CacheDir: dir}))
	if len(cacheFiles(t, dir)) == 0 {
		t.Fatal("nothing was cached")
	}
	newTestEngine(t, Config{CacheDir: dir, CacheBytes: 1})
	if files := cacheFiles(t, dir); len(files) != 0 {
		t.Errorf("left in a cache of one byte: %q", files)
	}
	if runtime.GOOS == "windows" {
		return // which has no such modes
	}
	if err := os.Chmod(dir, 0o777); err != nil {
		t.Fatal(err)
	}
	if e, err := NewEngine(Config{CacheDir: dir}); err == nil {
		e.Close()
		t.Error("a folder that everybody may write to is used")
	}
	blocked := filepath.Join(t.TempDir(), "file")
	if err := os.WriteFile(blocked, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := NewEngine(Config{CacheDir: blocked}); err == nil {
		t.Error("a file is used as a folder")
	}
	e := newTestEngine(t, Config{})
	e.Close()
	if _, err := e.Load(context.Background(), echo().Encode()); !errors.Is(err, ErrClosed) {
		t.Errorf("a closed engine loads: %v", err)
	}
}
