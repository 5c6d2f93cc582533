// Package outside finds the files that tests need and the repository does not hold: real runtimes, chain specs and fixtures of other projects.
//
// The environment variable GOTENSOR_OUTSIDE names their folder, laid out as <owner>/<repository>/<path in the repository>.
// docs/outside-files.md lists what it should hold.
package outside

import (
	"os"
	"path/filepath"
	"testing"
)

// Variable is the name of the environment variable.
const Variable = "GOTENSOR_OUTSIDE"

// Path returns the path of rel ("owner/repository/path") below the folder of outside files. Where the variable is unset it
// prints SKIPPED with the count of cases that do not run, and skips the test; where it is set and the file is missing the test fails.
func Path(t testing.TB, cases int, rel string) string {
	t.Helper()
	dir := os.Getenv(Variable)
	if dir == "" {
		t.Skipf("SKIPPED: %d cases need %s (%s)", cases, Variable, rel)
	}
	path := filepath.Join(dir, filepath.FromSlash(rel))
	if _, err := os.Stat(path); err != nil {
		t.Fatalf("outside file %s: %v", rel, err)
	}
	return path
}

// Read returns the contents of the file at Path.
func Read(t testing.TB, cases int, rel string) []byte {
	t.Helper()
	data, err := os.ReadFile(Path(t, cases, rel))
	if err != nil {
		t.Fatalf("outside file %s: %v", rel, err)
	}
	return data
}
