package db

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/gotensor/gotensor/storage/kv"
	"github.com/gotensor/gotensor/storage/kv/badgerdb"
)

// TestFolder creates a store in a folder, opens it again, and with it meets every refusal: each says what was found, and leaves the folder as it was.
func TestFolder(t *testing.T) {
	g, other := twoGeneses(t)
	top := t.TempDir()
	dir := filepath.Join(top, "a", "b")
	open := func() (*DB, error) { return OpenFolder(dir, MinMemory, Options{}) }
	refused := func(name string, want error, text string, f func() (*DB, error)) {
		t.Helper()
		before := listFiles(t, top)
		db, err := f()
		if err == nil {
			db.Close()
		}
		if !errors.Is(err, want) || !strings.Contains(err.Error(), text) {
			t.Errorf("%s: got %v, want %v and %q", name, err, want, text)
		}
		if after := listFiles(t, top); after != before {
			t.Errorf("%s: the folder was\n%s\nand is\n%s", name, before, after)
		}
	}
	refused("no folder", ErrEmpty, "create one from the chain's spec", open)
	least := fmt.Sprintf("at least %d MiB are needed", MinMemory>>20)
	if _, err := OpenFolder(dir, MinMemory-1, Options{}); err == nil || !strings.Contains(err.Error(), least) {
		t.Errorf("too little memory: %v", err)
	}
	if _, err := CreateFolder(dir, 1, g.header, g.memory, Options{}); err == nil || !strings.Contains(err.Error(), least) {
		t.Errorf("too little memory: %v", err)
	}

	db, err := CreateFolder(dir, MinMemory, g.header, g.memory, Options{})
	if err != nil {
		t.Fatal(err)
	}
	refused("open twice", kv.ErrLocked, "use another folder", open)
	if err := db.Close(); err != nil {
		t.Fatal(err)
	}
	for range 2 {
		if db, err = open(); err != nil {
			t.Fatal(err)
		}
		if err := checkBlock(db, g, nil, false); err != nil {
			t.Error(err)
		}
		state, err := db.State(g.Hash)
		if err != nil {
			t.Fatal(err)
		}
		if err := checkState(state, g); err != nil {
			t.Error(err)
		}
		state.Close()
		if err := db.Close(); err != nil {
			t.Fatal(err)
		}
	}
	if _, err := CreateFolder(dir, MinMemory, g.header, g.memory, Options{}); !errors.Is(err, ErrExists) {
		t.Errorf("create twice: %v", err)
	}
	if _, err := CreateFolder(dir, MinMemory, other.header, other.memory, Options{}); !errors.Is(err, ErrExists) {
		t.Errorf("create twice: %v", err)
	}
	refused("restore", ErrExists, "restore into another folder", func() (*DB, error) {
		_, err := RestoreFolder(t.Context(), bytes.NewReader(nil), dir, MinMemory, nil)
		return nil, err
	})

	format := filepath.Join(dir, "FORMAT")
	good, err := os.ReadFile(format)
	if err != nil {
		t.Fatal(err)
	}
	for text, want := range map[string]error{"gotensor-kv-badger 99\n": kv.ErrNewer, "gotensor-kv-badger x\n": kv.ErrCorrupt, "gotensor-kv-other 1\n": kv.ErrForeign} {
		if err := os.WriteFile(format, []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
		refused(text, want, "FORMAT"[:0], open)
	}
	if err := os.WriteFile(format, good, 0o644); err != nil {
		t.Fatal(err)
	}
	if db, err = open(); err != nil {
		t.Fatal(err)
	}
	db.Close()
	if err := os.Remove(format); err != nil {
		t.Fatal(err)
	}
	refused("foreign", kv.ErrForeign, "use another folder", open)
}

// TestMemoryDivided: the parts are no more than the whole, and the least bound gives the engine its least.
func TestMemoryDivided(t *testing.T) {
	for _, memory := range []int64{0, MinMemory, MinMemory + 12345678, 1 << 40} {
		engine, o, err := divide(memory, Options{LayerMemory: 7, KeepStates: 3})
		if err != nil {
			t.Fatal(err)
		}
		if memory == 0 {
			memory = DefaultMemory
		}
		if sum := engine.Memory + int64(o.LayerMemory) + int64(o.NodeMemory); sum > memory || sum < memory-3 || o.KeepStates != 3 {
			t.Errorf("%d: divided into %d, %+v", memory, engine.Memory, o)
		}
		if engine.Memory < badgerdb.MinMemory || o.LayerMemory < 1<<20 || o.NodeMemory < 1<<20 {
			t.Errorf("%d: divided into %d, %+v", memory, engine.Memory, o)
		}
	}
}

// TestUnfinishedCreation: what a crash in the creation leaves is completed for the same block 0, and refused for another.
func TestUnfinishedCreation(t *testing.T) {
	g, other := twoGeneses(t)
	dir := t.TempDir()
	store, err := badgerdb.Open(dir, badgerdb.Options{Memory: badgerdb.MinMemory})
	if err != nil {
		t.Fatal(err)
	}
	// The first writes of a creation that ends then.
	db, err := Create(&stopping{DB: store, left: 3}, g.header, g.memory, Options{write: 100})
	if !errors.Is(err, errStopped) {
		t.Fatalf("creation that is stopped: %v, %v", db, err)
	}
	if err := store.Close(); err != nil {
		t.Fatal(err)
	}
	if _, err := OpenFolder(dir, MinMemory, Options{}); !errors.Is(err, ErrEmpty) {
		t.Errorf("open: %v", err)
	}
	if _, err := CreateFolder(dir, MinMemory, other.header, other.memory, Options{}); !errors.Is(err, ErrBlock) || !strings.Contains(err.Error(), g.Hash.String()) {
		t.Errorf("for another block: %v", err)
	}
	db, err = CreateFolder(dir, MinMemory, g.header, g.memory, Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	state, err := db.State(g.Hash)
	if err != nil {
		t.Fatal(err)
	}
	defer state.Close()
	if err := checkState(state, g); err != nil {
		t.Error(err)
	}
}

var errStopped = errors.New("stopped")

// stopping is a store that takes some writes, and then none.
type stopping struct {
	kv.DB
	left int
}

func (s *stopping) Write(batch *kv.Batch, durable bool) error {
	if s.left == 0 {
		return errStopped
	}
	s.left--
	return s.DB.Write(batch, durable)
}

// listFiles is what a folder holds, names and contents.
func listFiles(t *testing.T, dir string) string {
	t.Helper()
	var out strings.Builder
	err := filepath.WalkDir(dir, func(path string, d os.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			out.WriteString(path + "\n")
			return err
		}
		text, err := os.ReadFile(path)
		out.WriteString(path + " " + hashOf(text) + "\n")
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return out.String()
}

// TestRestoreFolder backs up a store in a folder and restores it into another; what an interrupted restore leaves is refused.
func TestRestoreFolder(t *testing.T) {
	g, err := newGenesis(1)
	if err != nil {
		t.Fatal(err)
	}
	from, to, broken := filepath.Join(t.TempDir(), "from"), filepath.Join(t.TempDir(), "to"), filepath.Join(t.TempDir(), "broken")
	store, err := badgerdb.Open(from, badgerdb.Options{Memory: badgerdb.MinMemory})
	if err != nil {
		t.Fatal(err)
	}
	m, err := machineOn(store, g, Options{KeepStates: 2})
	if err != nil {
		t.Fatal(err)
	}
	defer m.close()
	for i := range uint64(60) {
		if err := m.run(step{stepKinds[i%11], i}); err != nil {
			t.Fatal(err)
		}
	}
	var backup bytes.Buffer
	info, err := m.db.Backup(t.Context(), &backup, nil)
	if err != nil {
		t.Fatal(err)
	}
	got, err := RestoreFolder(t.Context(), bytes.NewReader(backup.Bytes()), to, MinMemory, nil)
	if err != nil || got != info || got.Head != m.head {
		t.Fatalf("got %+v, %v, want %+v", got, err, info)
	}
	if _, err := RestoreFolder(t.Context(), bytes.NewReader(backup.Bytes()), to, MinMemory, nil); !errors.Is(err, ErrExists) {
		t.Errorf("restore twice: %v", err)
	}
	restored, err := OpenFolder(to, MinMemory, m.options)
	if err != nil {
		t.Fatal(err)
	}
	defer restored.Close()
	letGo(m)
	if err := sameAs(restored, m); err != nil {
		t.Error(err)
	}

	// A backup that cannot be read from its beginning leaves no folder, one that breaks off a folder that says what to do.
	if _, err := RestoreFolder(t.Context(), bytes.NewReader(backup.Bytes()[:20]), broken, MinMemory, nil); !errors.Is(err, ErrBackup) {
		t.Errorf("cut off at the beginning: %v", err)
	}
	if _, err := os.Stat(broken); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("a folder was made: %v", err)
	}
	if _, err := RestoreFolder(t.Context(), bytes.NewReader(backup.Bytes()[:backup.Len()-1]), broken, MinMemory, nil); !errors.Is(err, ErrBackup) {
		t.Errorf("cut off at the end: %v", err)
	}
	for name, f := range map[string]func() (*DB, error){
		"open":   func() (*DB, error) { return OpenFolder(broken, MinMemory, Options{}) },
		"create": func() (*DB, error) { return CreateFolder(broken, MinMemory, g.header, g.memory, Options{}) },
	} {
		if _, err := f(); !errors.Is(err, ErrRestore) || !strings.Contains(err.Error(), "delete the folder and restore again") {
			t.Errorf("%s: %v", name, err)
		}
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := RestoreFolder(ctx, bytes.NewReader(backup.Bytes()), filepath.Join(t.TempDir(), "x"), MinMemory, nil); !errors.Is(err, context.Canceled) {
		t.Errorf("cancelled: %v", err)
	}
}
