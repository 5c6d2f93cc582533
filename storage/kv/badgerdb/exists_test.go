package badgerdb

import (
	"errors"
	"os"
	"path/filepath"
	"testing"

	"github.com/gotensor/gotensor/storage/kv"
)

// TestExists: there is a store once it was opened, and asking makes none.
func TestExists(t *testing.T) {
	top := t.TempDir()
	dir := filepath.Join(top, "store")
	for _, empty := range []string{dir, top} {
		if got, err := Exists(empty); got || err != nil {
			t.Errorf("%s: %t, %v", empty, got, err)
		}
	}
	if entries, err := os.ReadDir(top); err != nil || len(entries) > 0 {
		t.Errorf("something was made: %v, %v", entries, err)
	}
	db, err := Open(dir, small)
	if err != nil {
		t.Fatal(err)
	}
	if got, err := Exists(dir); !got || err != nil {
		t.Errorf("open: %t, %v", got, err)
	}
	if err := db.Close(); err != nil {
		t.Fatal(err)
	}
	if got, err := Exists(dir); !got || err != nil {
		t.Errorf("closed: %t, %v", got, err)
	}
	if _, err := Exists(top); !errors.Is(err, kv.ErrForeign) {
		t.Errorf("a folder with something else: %v", err)
	}
}
