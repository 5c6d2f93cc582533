package main

import (
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"io/fs"
	"os"
	"os/exec"
	"path"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/gotensor/gotensor/runtime-wasm/blob"
	"github.com/gotensor/gotensor/runtime-wasm/runtime"
)

// program is the one that these tests build: the sample of package blob.
const program = "./runtime-wasm/blob/testdata/sample"

// command runs the go command in dir and returns what it prints.
func command(t *testing.T, dir string, args ...string) []byte {
	t.Helper()
	var stderr bytes.Buffer
	cmd := exec.Command("go", args...)
	cmd.Dir, cmd.Stderr = dir, &stderr
	cmd.Env = append(os.Environ(), "GOOS=wasip1", "GOARCH=wasm", "CGO_ENABLED=0")
	out, err := cmd.Output()
	if err != nil {
		t.Fatalf("go %s: %v\n%s", strings.Join(args, " "), err, stderr.Bytes())
	}
	return out
}

// moduleRoot is the directory of go.mod.
func moduleRoot(t *testing.T) string {
	return filepath.Dir(strings.TrimSpace(string(command(t, ".", "env", "GOMOD"))))
}

// copyTree copies go.mod, go.sum and every package of the module that pkg is made of from root to a directory of its own.
func copyTree(t *testing.T, root, pkg string, tags []string) string {
	t.Helper()
	to := t.TempDir()
	duplicate := func(name string) {
		b, err := os.ReadFile(filepath.Join(root, name))
		if err != nil {
			t.Fatal(err)
		}
		if err := os.MkdirAll(filepath.Dir(filepath.Join(to, name)), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(filepath.Join(to, name), b, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	duplicate("go.mod")
	duplicate("go.sum")
	out := json.NewDecoder(bytes.NewReader(command(t, root, "list", "-deps", "-tags="+strings.Join(tags, ","), "-json=Dir,Module,GoFiles,EmbedFiles", pkg)))
	for {
		var p struct {
			Dir                 string
			Module              *struct{ Main bool }
			GoFiles, EmbedFiles []string
		}
		if err := out.Decode(&p); errors.Is(err, io.EOF) {
			return to
		} else if err != nil {
			t.Fatal(err)
		}
		if p.Module == nil || !p.Module.Main {
			continue
		}
		for _, name := range slices.Concat(p.GoFiles, p.EmbedFiles) {
			rel, err := filepath.Rel(root, filepath.Join(p.Dir, name))
			if err != nil {
				t.Fatal(err)
			}
			duplicate(rel)
		}
	}
}

// A blob depends on its source alone: the tree as it is, a copy elsewhere, and a copy in a repository with changes that are not committed, under
// settings of the user that would change what the toolchain makes, give the same bytes. The runtime itself is built so too.
func TestSameBytes(t *testing.T) {
	if testing.Short() {
		t.Skip("it compiles the standard library for Wasm")
	}
	root := moduleRoot(t)
	for _, pkg := range []string{program, "./runtime-wasm"} {
		for _, f := range flavours {
			t.Run(pkg+" "+f.name, func(t *testing.T) {
				files, err := runtime.Embed(path.Join(pkg, "runtime"))
				if err != nil {
					t.Fatal(err)
				}
				source := func(dir string) blob.Source {
					return blob.Source{Dir: dir, Package: pkg, Tags: append(pace(), f.tags...), Files: files}
				}
				want, err := blob.Build(t.Context(), source(root), blob.Options{})
				if err != nil {
					t.Fatal(err)
				}
				dirty := copyTree(t, root, pkg, append(pace(), f.tags...))
				if git, err := exec.LookPath("git"); err == nil {
					for _, args := range [][]string{{"init", "-q"}, {"add", "."}, {"-c", "user.name=x", "-c", "user.email=x", "commit", "-q", "-m", "x"}} {
						if out, err := exec.Command(git, append([]string{"-C", dirty}, args...)...).CombinedOutput(); err != nil {
							t.Fatalf("git %v: %v\n%s", args, err, out)
						}
					}
					if err := os.WriteFile(filepath.Join(dirty, "new.txt"), []byte("not committed"), 0o644); err != nil {
						t.Fatal(err)
					}
				}
				t.Setenv("GOFLAGS", "-ldflags=-X=main.x=y -tags=other -buildvcs=true")
				t.Setenv("GOWASM", "satconv")
				t.Setenv("GODEBUG", "asyncpreemptoff=1")
				for _, dir := range []string{copyTree(t, root, pkg, append(pace(), f.tags...)), dirty} {
					got, err := blob.Build(t.Context(), source(dir), blob.Options{})
					if err != nil {
						t.Fatal(err)
					}
					if got.Hash != want.Hash || !bytes.Equal(got.Module, want.Module) || got.Proposal != want.Proposal {
						t.Errorf("from another directory: %d bytes with code hash %s, expected %d with %s", len(got.Module), got.Hash, len(want.Module), want.Hash)
					}
				}
			})
		}
	}
}

// The command writes both forms of a flavour, and prints the hashes of what it wrote.
func TestRun(t *testing.T) {
	if testing.Short() {
		t.Skip("it compiles the standard library for Wasm")
	}
	t.Chdir(moduleRoot(t))
	dir := filepath.Join(t.TempDir(), "out")
	var stdout, stderr bytes.Buffer
	if exit := run(t.Context(), []string{"-o", dir, "-flavour", "portable", "-package", program}, &stdout, &stderr); exit != 0 {
		t.Fatalf("exit code %d: %s", exit, stderr.Bytes())
	}
	c, err := blob.Build(t.Context(), blob.Source{Package: program, Tags: []string{"portable"}}, blob.Options{})
	if err != nil {
		t.Fatal(err)
	}
	for name, want := range map[string][]byte{"gotensor_portable" + suffix() + ".wasm": c.Module, "gotensor_portable" + suffix() + ".compact.compressed.wasm": c.Compressed} {
		if got, err := os.ReadFile(filepath.Join(dir, name)); err != nil || !bytes.Equal(got, want) {
			t.Errorf("%s: %d bytes, %v, expected %d", name, len(got), err, len(want))
		}
	}
	for _, want := range []string{"portable" + suffix() + ": sample-7 (gotensor--2.tx3.au1), 1 runtime APIs\n", c.Hash.String(), c.Proposal.String()} {
		if !strings.Contains(stdout.String(), want) {
			t.Errorf("%q is not in %q", want, stdout.String())
		}
	}
}

// Mistakes end in one line that names them, and write nothing.
func TestRunMistakes(t *testing.T) {
	t.Chdir(moduleRoot(t))
	broken := t.TempDir()
	for _, c := range []struct {
		args []string
		exit int
		want string
	}{
		{[]string{"-flavour", "other"}, 2, `unknown flavour "other"`},
		{[]string{"more"}, 2, `unexpected argument "more"`},
		{[]string{"-package", "./no-such-package"}, 1, "compile runtime: go build"},
		{[]string{"-package", "./primitives/hash"}, 1, "native" + suffix() + ": "},
	} {
		var stdout, stderr bytes.Buffer
		if exit := run(t.Context(), append([]string{"-o", filepath.Join(broken, "out")}, c.args...), &stdout, &stderr); exit != c.exit {
			t.Errorf("%v: exit code %d, expected %d", c.args, exit, c.exit)
		}
		if !strings.Contains(stderr.String(), c.want) || stdout.Len() > 0 {
			t.Errorf("%v: %q and %q, expected %q", c.args, stdout.String(), stderr.String(), c.want)
		}
	}
	if _, err := os.Stat(filepath.Join(broken, "out")); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("the folder was written: %v", err)
	}
}
