package fixed

import (
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"testing"
)

// TestGenerated fails when a generated file is not what gen.go writes.
func TestGenerated(t *testing.T) {
	if runtime.GOOS == "wasip1" {
		t.Skip("no processes here")
	}
	dir := t.TempDir()
	if out, err := exec.Command("go", "run", "gen.go", "-out", dir).CombinedOutput(); err != nil {
		t.Fatalf("go run gen.go: %v\n%s", err, out)
	}
	names, err := filepath.Glob(filepath.Join(dir, "*"))
	if err != nil || len(names) == 0 {
		t.Fatalf("generated %d files, error %v", len(names), err)
	}
	for _, n := range names {
		want, err := os.ReadFile(n)
		if err != nil {
			t.Fatal(err)
		}
		got, err := os.ReadFile(filepath.Base(n))
		if err != nil {
			t.Fatal(err)
		}
		if string(got) != string(want) {
			t.Errorf("%s is out of date: run go generate", filepath.Base(n))
		}
	}
}
