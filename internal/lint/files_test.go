package lint

import (
	"bytes"
	"go/format"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// maxFile bounds a file of the repository: large inputs are built, or read from the folder of outside files.
const maxFile = 1 << 20

// TestFiles: every file is small, and every Go file is formatted.
func TestFiles(t *testing.T) {
	for _, name := range files(t, "") {
		info, err := os.Stat(filepath.Join(root(), name))
		if err != nil {
			continue // gone since it was listed
		}
		if info.Size() > maxFile {
			t.Errorf("%s has %d bytes, at most %d: build it, compress it, or read it through internal/outside", name, info.Size(), maxFile)
		}
	}
	for _, name := range files(t, ".go") {
		data, err := os.ReadFile(filepath.Join(root(), name))
		if err != nil {
			continue
		}
		formatted, err := format.Source(data)
		if err != nil {
			t.Errorf("%s: %v", name, err)
		} else if !bytes.Equal(formatted, data) {
			t.Errorf("%s is not formatted: run make fmt", name)
		}
	}
}

// TestPackageDocs: every package says what it is.
func TestPackageDocs(t *testing.T) {
	all := packages(t)
	for _, path := range slices.Sorted(maps.Keys(all)) {
		p := all[path]
		if ours(path) && len(p.GoFiles) > 0 && strings.TrimSpace(p.Doc) == "" {
			t.Errorf("%s has no package text: write doc.go (what it is, one picture, rules, what it does not promise)", rel(path))
		}
	}
}
