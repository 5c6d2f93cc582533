package badgerdb

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/gotensor/gotensor/storage/kv"
)

// TestRefused opens what must not be opened. The error says what was found; nothing is changed.
func TestRefused(t *testing.T) {
	write := func(path, text string) func(t *testing.T, dir string) {
		return func(t *testing.T, dir string) {
			if err := os.WriteFile(filepath.Join(dir, path), []byte(text), 0o644); err != nil {
				t.Fatal(err)
			}
		}
	}
	// edit changes the first file of the store that matches.
	edit := func(pattern string, change func(data []byte) []byte) func(t *testing.T, dir string) {
		return func(t *testing.T, dir string) {
			files, err := filepath.Glob(filepath.Join(dir, badgerDir, pattern))
			if err != nil || len(files) == 0 {
				t.Fatalf("no %s: %v", pattern, err)
			}
			data, err := os.ReadFile(files[0])
			if err != nil {
				t.Fatal(err)
			}
			if data = change(data); data == nil {
				err = os.Remove(files[0])
			} else {
				err = os.WriteFile(files[0], data, 0o644)
			}
			if err != nil {
				t.Fatal(err)
			}
		}
	}
	remove := func([]byte) []byte { return nil }
	cut := func(n int) func([]byte) []byte { return func(data []byte) []byte { return data[:len(data)-n] } }
	flip := func(n int) func([]byte) []byte {
		return func(data []byte) []byte { data[len(data)-n] ^= 4; return data }
	}
	for _, test := range []struct {
		name   string
		store  bool // of a store with tables, not of an empty folder
		damage func(t *testing.T, dir string)
		want   error
		text   string
	}{
		{"foreign", false, write("notes.txt", "mine"), kv.ErrForeign, `"notes.txt" and no FORMAT`},
		{"another database of ours", false, write("FORMAT", "gotensor-keystore 1\n"), kv.ErrForeign, "gotensor-keystore"},
		{"newer", true, write("FORMAT", "gotensor-kv-badger 2\n"), kv.ErrNewer, "format 2, this program knows up to 1"},
		{"empty format", true, write("FORMAT", ""), kv.ErrCorrupt, "FORMAT"},
		{"format without a number", true, write("FORMAT", "gotensor-kv-badger one\n"), kv.ErrCorrupt, "one"},
		{"format zero", true, write("FORMAT", "gotensor-kv-badger 0\n"), kv.ErrCorrupt, "FORMAT"},
		{"long format", true, write("FORMAT", strings.Repeat("x", 1000)), kv.ErrCorrupt, "FORMAT"},
		{"no manifest", true, edit("MANIFEST", remove), kv.ErrCorrupt, "MANIFEST is missing"},
		{"manifest of nothing", true, edit("MANIFEST", func([]byte) []byte { return []byte{} }), kv.ErrCorrupt, "bad magic"},
		{"manifest with a wrong byte", true, edit("MANIFEST", flip(3)), kv.ErrCorrupt, "MANIFEST"},
		{"table missing", true, edit("*.sst", remove), kv.ErrCorrupt, "is missing"},
		{"table cut off", true, edit("*.sst", cut(10)), kv.ErrCorrupt, ".sst"},
		{"table of nothing", true, edit("*.sst", func([]byte) []byte { return []byte{} }), kv.ErrCorrupt, ".sst"},
		{"table with a wrong footer", true, edit("*.sst", flip(2)), kv.ErrCorrupt, ".sst"},
		{"table with a wrong index", true, edit("*.sst", flip(60)), kv.ErrCorrupt, ".sst"},
	} {
		t.Run(test.name, func(t *testing.T) {
			dir := t.TempDir()
			if test.store {
				filled(t, dir, 50)
			}
			test.damage(t, dir)
			before := contents(t, dir)
			db, err := Open(dir, small)
			if err == nil {
				db.Close()
			}
			if !errors.Is(err, test.want) || !strings.Contains(err.Error(), test.text) {
				t.Fatalf("open: %v, expected %v with %q", err, test.want, test.text)
			}
			unchanged(t, dir, before)
		})
	}
}

// TestManifest changes each byte of the manifest: nothing opens, or all that was there.
func TestManifest(t *testing.T) {
	dir := t.TempDir()
	const steps = 150
	filled(t, dir, steps)
	h := newHistory()
	path := filepath.Join(dir, badgerDir, "MANIFEST")
	data, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	var refused int
	for i := 0; i < len(data); i += 1 + len(data)/rounds(60) {
		damaged := image(t, dir)
		path := filepath.Join(damaged, badgerDir, "MANIFEST")
		data[i] ^= 1 << (i % 8)
		if err := os.WriteFile(path, data, 0o644); err != nil {
			t.Fatal(err)
		}
		data[i] ^= 1 << (i % 8)
		before := contents(t, damaged)
		db, err := Open(damaged, small)
		if err == nil {
			if err := h.compare(db, steps); err != nil {
				t.Fatalf("byte %d of %d: %v", i, len(data), err)
			}
			db.Close()
		} else if errors.Is(err, kv.ErrCorrupt) {
			unchanged(t, damaged, before)
			refused++
		} else {
			t.Fatalf("byte %d of %d: %v, expected ErrCorrupt", i, len(data), err)
		}
		os.RemoveAll(damaged)
	}
	if refused == 0 {
		t.Fatal("no damage was refused")
	}
	t.Logf("%d bytes, %d refused", len(data), refused)
}

// filled makes a store of some steps, all in tables, and closes it.
func filled(t *testing.T, dir string, steps uint64) {
	t.Helper()
	db := mustOpen(t, dir)
	for i := range steps {
		if err := take(db, i+1); err != nil {
			t.Fatal(err)
		}
	}
	if err := db.Close(); err != nil {
		t.Fatal(err)
	}
}

// noise is a value that does not compress, another for each seed.
func noise(seed uint64, n int) []byte {
	out := make([]byte, n)
	r := rand.NewChaCha8([32]byte{byte(seed), byte(seed >> 8), byte(seed >> 16)})
	r.Read(out)
	return out
}

// TestMarkUnreadable flips bits in the newest table, whose last block has the mark: nothing opens as an earlier state. What is damaged elsewhere is no matter
// of Open.
func TestMarkUnreadable(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "db")
	db := openCalm(t, dir)
	for i := range uint64(300) {
		b := &kv.Batch{}
		b.Set(fmt.Appendf(nil, "k%05d", i), noise(i, 20_000))
		if err := db.Write(b, false); err != nil {
			t.Fatal(err)
		}
	}
	// A write with steps, for the blocks of these.
	b := &kv.Batch{}
	for i := range uint64(200) {
		b.Set(fmt.Appendf(nil, "m%05d", i), noise(i, 5_000))
	}
	if err := db.Write(b, false); err != nil {
		t.Fatal(err)
	}
	if err := db.Close(); err != nil {
		t.Fatal(err)
	}
	judged := func() (*found, error) {
		f, err := inspect(filepath.Join(dir, badgerDir))
		if err == nil {
			err = f.judge()
		}
		return f, err
	}
	whole, err := judged()
	if err != nil || len(whole.steps) == 0 {
		t.Fatalf("%d steps: %v", len(whole.steps), err)
	}
	files, _ := filepath.Glob(filepath.Join(dir, badgerDir, "*.sst"))
	path := files[len(files)-1] // they are in order
	data, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	refused := 0
	step := 1 + len(data)/200
	for i := 0; i < len(data); i += step {
		if i >= len(data)-32<<10 {
			step = 1 + 32<<10/rounds(300) // where the last blocks are, and then the index
		}
		data[i] ^= 16
		if err := os.WriteFile(path, data, 0o644); err != nil {
			t.Fatal(err)
		}
		data[i] ^= 16
		f, err := judged()
		if errors.Is(err, kv.ErrCorrupt) {
			refused++
		} else if err != nil || f.base != whole.base || f.top != whole.top {
			t.Fatalf("a wrong bit in byte %d of %d: write %d of %d: %v", i, len(data), f.base, whole.base, err)
		}
	}
	if refused == 0 {
		t.Fatal("no damage was refused")
	}
}

// TestCompactedAtOpen has compactions replace all tables between the reading of the manifest and the look at what Badger has: none is missing then.
func TestCompactedAtOpen(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "db")
	db, err := Open(dir, small)
	if err != nil {
		t.Fatal(err)
	}
	defer func() {
		if db != nil {
			db.Close()
		}
	}()
	for i := range uint64(200) {
		batch, _ := stepBatch(i + 1)
		if err := db.Write(batch, false); err != nil {
			t.Fatal(err)
		}
	}
	if err := db.Close(); err != nil {
		t.Fatal(err)
	}
	if db, err = Open(dir, small); err != nil {
		t.Fatal(err)
	}
	before, _, err := manifestTables(db.dir)
	if err != nil || len(before) == 0 {
		t.Fatal(len(before), err)
	}
	if err := db.db.Flatten(1); err != nil {
		t.Fatal(err)
	}
	after, _, err := manifestTables(db.dir)
	if err != nil {
		t.Fatal(err)
	}
	gone := 0
	for id := range before {
		if _, ok := after[id]; !ok {
			gone++
		}
	}
	if gone == 0 {
		t.Fatal("no table was compacted")
	}
	if err := db.complete(before); err != nil {
		t.Error(err)
	}
}

func TestNotAFolder(t *testing.T) {
	path := filepath.Join(t.TempDir(), "file")
	if err := os.WriteFile(path, []byte("text"), 0o644); err != nil {
		t.Fatal(err)
	}
	if _, err := Open(path, small); !errors.Is(err, kv.ErrForeign) {
		t.Errorf("open a file: %v", err)
	}
	if _, err := Open(t.TempDir(), Options{Memory: 1}); err == nil {
		t.Error("a store without memory opens")
	}
	if os.Geteuid() == 0 {
		fmt.Println("SKIPPED: 1 case needs a user who may not do everything")
		return
	}
	dir := t.TempDir()
	filled(t, dir, 50)
	if err := os.Chmod(dir, 0); err != nil {
		t.Fatal(err)
	}
	defer os.Chmod(dir, 0o755)
	if _, err := Open(dir, small); !errors.Is(err, os.ErrPermission) {
		t.Errorf("open a folder of someone else: %v", err)
	}
}

// TestStartsOver opens what a crash leaves of a folder that was being made.
func TestStartsOver(t *testing.T) {
	for _, names := range [][]string{{"LOCK"}, {"LOCK", "FORMAT.new"}, {"LOCK", "FORMAT"}, {"LOCK", "FORMAT", "badger/00001.mem"}} {
		dir := t.TempDir()
		for _, name := range names {
			if name == "badger/00001.mem" {
				filled(t, dir, 50) // and a log that has no size yet
				name = "badger/09999.mem"
			}
			var text string
			if name == "FORMAT" {
				text = "gotensor-kv-badger 1\n"
			}
			if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o644); err != nil {
				t.Fatal(err)
			}
		}
		if err := mustOpen(t, dir).Close(); err != nil {
			t.Errorf("%q: %v", names, err)
		}
	}
}

// TestCheck finds a wrong bit anywhere in a table.
func TestCheck(t *testing.T) {
	dir := t.TempDir()
	filled(t, dir, 50)
	if err := Check(dir); err != nil {
		t.Fatal(err)
	}
	files, _ := filepath.Glob(filepath.Join(dir, badgerDir, "*.sst"))
	data, err := os.ReadFile(files[0])
	if err != nil {
		t.Fatal(err)
	}
	for i := 0; i < len(data); i += 1 + len(data)/200 {
		data[i] ^= 16
		if err := os.WriteFile(files[0], data, 0o644); err != nil {
			t.Fatal(err)
		}
		if err := Check(dir); !errors.Is(err, kv.ErrCorrupt) {
			t.Fatalf("a wrong bit in byte %d of %d: %v", i, len(data), err)
		}
		data[i] ^= 16
	}
	if err := Check(t.TempDir()); !errors.Is(err, kv.ErrForeign) {
		t.Errorf("check of an empty folder: %v", err)
	}
}
