package lint

import (
	"bytes"
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
)

const tutorial = "docs/pallet-tutorial.md"

// step is a code block of the tutorial: a session, or what a reader does to a file.
type step struct {
	do    string // console; file: write it; append: to its end; replace: the function of that name; behind: the first line, which is there
	path  string
	lines []string
	line  int // in the tutorial
}

// tutorialSteps reads the code blocks. A block that is neither a session nor says what to do with it is an error.
func tutorialSteps(t *testing.T, text string) (steps []step) {
	for _, b := range parseMarkdown(text).blocks {
		s := step{do: b.lang, lines: b.lines, line: b.line}
		if rest, ok := strings.CutPrefix(b.lang, "go "); ok {
			s.do, s.path, _ = strings.Cut(rest, "=")
		}
		if !slices.Contains([]string{"console", "file", "append", "replace", "behind"}, s.do) || s.do != "console" && !filepath.IsLocal(s.path) {
			t.Fatalf("%s:%d: the block %q says nothing that the test understands", tutorial, b.line, b.lang)
		}
		steps = append(steps, s)
	}
	return steps
}

// TestTutorial follows the tutorial in a copy of the tree: it writes what the reader writes, runs the commands, and compares what they print.
func TestTutorial(t *testing.T) {
	if testing.Short() {
		t.Skip("compiles a copy of the tree")
	}
	text, ok := readFile(tutorial)
	if !ok {
		t.Fatalf("no %s", tutorial)
	}
	steps := tutorialSteps(t, text)
	dir := t.TempDir()
	copyTree(t, dir)
	sessions, written := 0, 0
	for _, s := range steps {
		var err error
		if s.do == "console" {
			sessions += runSession(t, dir, s)
		} else if err = s.edit(filepath.Join(dir, s.path)); err != nil {
			t.Fatalf("%s:%d: %v", tutorial, s.line, err)
		} else {
			written++
		}
		if t.Failed() {
			return
		}
	}
	if sessions < 5 || written < 5 {
		t.Errorf("%d commands and %d pieces of code: too few", sessions, written)
	}
	t.Logf("%d commands, %d pieces of code", sessions, written)
}

// copyTree copies what is needed to build.
func copyTree(t *testing.T, dir string) {
	err := filepath.WalkDir(root(), func(path string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		name, err := filepath.Rel(root(), path)
		if err != nil {
			return err
		}
		if d.IsDir() {
			if name != "." && (strings.HasPrefix(d.Name(), ".") || d.Name() == "testdata" || name == "bin") {
				return fs.SkipDir
			}
			return os.MkdirAll(filepath.Join(dir, name), 0o755)
		}
		if info, err := d.Info(); err != nil || !info.Mode().IsRegular() || info.Size() > maxFile || strings.HasSuffix(name, "_test.go") {
			return nil // gone since, or nothing to build
		}
		data, err := os.ReadFile(path)
		if err != nil {
			return nil
		}
		return os.WriteFile(filepath.Join(dir, name), data, 0o644)
	})
	if err != nil {
		t.Fatal(err)
	}
}

// edit does to a file what the step says.
func (s step) edit(path string) error {
	piece := strings.Join(s.lines, "\n") + "\n"
	if s.do == "file" {
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			return err
		}
		return os.WriteFile(path, []byte(piece), 0o644)
	}
	data, err := os.ReadFile(path)
	if err != nil {
		return err
	}
	text := string(data)
	switch s.do {
	case "append":
		text += "\n" + piece
	case "behind":
		first := "\n" + s.lines[0] + "\n"
		if strings.Count(text, first) != 1 {
			return fmt.Errorf("%s does not have the line %q once", path, s.lines[0])
		}
		text = strings.Replace(text, first, "\n"+piece, 1)
	case "replace":
		from, to, err := function(text, piece)
		if err != nil {
			return err
		}
		text = text[:from] + piece + strings.TrimPrefix(text[to:], "\n")
	}
	return os.WriteFile(path, []byte(text), 0o644)
}

// function returns where the function that piece declares stands in text, with its comment.
func function(text, piece string) (from, to int, err error) {
	find := func(src, name string) (*ast.FuncDecl, *token.FileSet, error) {
		fset := token.NewFileSet()
		f, err := parser.ParseFile(fset, "", src, parser.ParseComments)
		if err != nil {
			return nil, nil, err
		}
		for _, d := range f.Decls {
			if fn, ok := d.(*ast.FuncDecl); ok && (name == "" || fn.Name.Name == name) {
				return fn, fset, nil
			}
		}
		return nil, nil, fmt.Errorf("no function %s", name)
	}
	want, _, err := find("package p\n"+piece, "")
	if err != nil {
		return 0, 0, err
	}
	fn, fset, err := find(text, want.Name.Name)
	if err != nil {
		return 0, 0, err
	}
	start := fn.Pos()
	if fn.Doc != nil {
		start = fn.Doc.Pos()
	}
	return fset.Position(start).Offset, fset.Position(fn.End()).Offset, nil
}

var elapsed = regexp.MustCompile(`\t([0-9.]+s|\(cached\))$`)

// runSession runs the commands of a session and compares what they print, but for times. It returns how many there are.
func runSession(t *testing.T, dir string, s step) (commands int) {
	for i := 0; i < len(s.lines); {
		command, ok := strings.CutPrefix(s.lines[i], "$ ")
		if !ok {
			t.Errorf("%s:%d: a session begins with a command", tutorial, s.line)
			return commands
		}
		var want []string
		for i++; i < len(s.lines) && !strings.HasPrefix(s.lines[i], "$ "); i++ {
			want = append(want, elapsed.ReplaceAllString(s.lines[i], "\t0s"))
		}
		words := strings.Fields(command)
		cmd := exec.Command(words[0], words[1:]...)
		cmd.Dir = dir
		cmd.Env = append(os.Environ(), "GOFLAGS=-trimpath") // what is built does not depend on the directory, so that it is built once
		var out bytes.Buffer
		cmd.Stdout, cmd.Stderr = &out, &out
		if err := cmd.Run(); err != nil {
			t.Errorf("%s:%d: %s: %v\n%s", tutorial, s.line, command, err, out.String())
			return commands
		}
		var got []string
		for line := range strings.Lines(strings.TrimRight(out.String(), "\n")) {
			got = append(got, elapsed.ReplaceAllString(strings.TrimRight(line, "\n"), "\t0s"))
		}
		if !slices.Equal(got, want) {
			t.Errorf("%s:%d: %s printed\n%s\nand not\n%s", tutorial, s.line, command, strings.Join(got, "\n"), strings.Join(want, "\n"))
		}
		commands++
	}
	return commands
}

func TestTutorialEdits(t *testing.T) {
	path := filepath.Join(t.TempDir(), "x", "a.go")
	for _, s := range []struct {
		step step
		want string
	}{
		{step{do: "file", lines: []string{"package a", "", "// F is old.", "func F() {}", "", "var x int"}}, "package a\n\n// F is old.\nfunc F() {}\n\nvar x int\n"},
		{step{do: "append", lines: []string{"var y int"}}, "package a\n\n// F is old.\nfunc F() {}\n\nvar x int\n\nvar y int\n"},
		{step{do: "replace", lines: []string{"// F is new.", "func F() { x++ }"}}, "package a\n\n// F is new.\nfunc F() { x++ }\n\nvar x int\n\nvar y int\n"},
		{step{do: "behind", lines: []string{"var x int", "var z int"}}, "package a\n\n// F is new.\nfunc F() { x++ }\n\nvar x int\nvar z int\n\nvar y int\n"},
	} {
		if err := s.step.edit(path); err != nil {
			t.Fatalf("%s: %v", s.step.do, err)
		}
		if got, err := os.ReadFile(path); err != nil || string(got) != s.want {
			t.Errorf("%s: got %q, %v; expected %q", s.step.do, got, err, s.want)
		}
	}
	for _, s := range []step{
		{do: "behind", lines: []string{"var absent int", "var z int"}},
		{do: "replace", lines: []string{"func G() {}"}},
	} {
		if s.edit(path) == nil {
			t.Errorf("%s of %q was done", s.do, s.lines)
		}
	}
}
