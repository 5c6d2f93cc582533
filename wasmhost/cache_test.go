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
	"time"
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

// What is not the compiler's stays, wherever it lies.
func TestCacheKeepsForeignFiles(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "cache")
	stillGood(t, newTestEngine(t, Config{CacheDir: dir}))
	compiled := cacheFiles(t, dir)
	if len(compiled) == 0 {
		t.Fatal("nothing was cached")
	}
	folder := filepath.Dir(compiled[0])
	key := filepath.Base(compiled[0])
	foreign := []string{
		filepath.Join(dir, "thesis.txt"), filepath.Join(dir, key), filepath.Join(dir, "old.tmp"),
		filepath.Join(folder, "notes"), filepath.Join(folder, key+".bak"), filepath.Join(folder, key[1:]), filepath.Join(folder, key+".x.tmp"),
	}
	ours := filepath.Join(folder, key+".123.tmp")
	for _, path := range append([]string{ours}, foreign...) {
		if err := os.WriteFile(path, []byte("mine"), 0o600); err != nil {
			t.Fatal(err)
		}
		old := time.Now().Add(-2 * time.Hour)
		if err := os.Chtimes(path, old, old); err != nil {
			t.Fatal(err)
		}
	}
	newTestEngine(t, Config{CacheDir: dir, CacheBytes: 1})
	left := cacheFiles(t, dir)
	slices.Sort(left)
	slices.Sort(foreign)
	if !slices.Equal(left, foreign) {
		t.Errorf("left: %q, expected %q", left, foreign)
	}
}

// numbered is a good guest, each number another.
func numbered(i int) []byte {
	g := echo()
	g.exports("other", asm(constI64(int64(i))))
	return g.Encode()
}

// The folder stays within its bound while the engine runs, and what goes is what was used longest ago.
func TestCacheForgetsOldest(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "cache")
	load := func(e *Engine, i int) {
		t.Helper()
		if _, err := e.Load(context.Background(), numbered(i)); err != nil {
			t.Fatal(err)
		}
	}
	load(newTestEngine(t, Config{CacheDir: dir}), 0)
	first := cacheFiles(t, dir)
	if len(first) != 1 {
		t.Fatalf("%d files for one module", len(first))
	}
	info, err := os.Stat(first[0])
	if err != nil {
		t.Fatal(err)
	}
	old := time.Now().Add(-24 * time.Hour)
	if err := os.Chtimes(first[0], old, old); err != nil {
		t.Fatal(err)
	}
	e := newTestEngine(t, Config{CacheDir: dir, CacheBytes: 3*info.Size() + 100})
	load(e, 0)
	if info, err = os.Stat(first[0]); err != nil || !info.ModTime().After(old.Add(time.Hour)) {
		t.Fatalf("the file was used and is from %v, %v", info.ModTime(), err)
	}
	if err := os.Chtimes(first[0], old, old); err != nil {
		t.Fatal(err)
	}
	for i := 1; i < 8; i++ {
		load(e, i)
		if n := len(cacheFiles(t, dir)); n > 3 {
			t.Fatalf("%d files", n)
		}
	}
	if _, err := os.Stat(first[0]); err == nil {
		t.Error("the file that was used longest ago is still there")
	}
}

// A folder that stops working costs a node its compiled code and not more.
func TestBrokenCache(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "cache")
	if err := os.MkdirAll(dir, 0o700); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(dir, "wazero-no-folder"), nil, 0o600); err != nil {
		t.Fatal(err)
	}
	faults := 0
	e := newTestEngine(t, Config{CacheDir: dir, OnFault: func(error) { faults++ }})
	if faults != 1 {
		t.Errorf("%d faults of a folder that cannot be read", faults)
	}
	folders, err := filepath.Glob(filepath.Join(dir, "wazero-*-"+runtime.GOARCH+"-"+runtime.GOOS))
	if err != nil || len(folders) != 1 {
		t.Fatalf("folders %q, %v", folders, err)
	}
	if err := os.Remove(folders[0]); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(folders[0], nil, 0o600); err != nil {
		t.Fatal(err)
	}
	stillGood(t, e)
	r, err := e.Load(context.Background(), asker().Encode())
	if err != nil {
		t.Fatal(err)
	}
	if got := mustCall(t, r, &Env{}, "run", newModule().exports("Core_version", sevens()).Encode()); len(got) != 5 {
		t.Errorf("it answers %x", got)
	}
}
