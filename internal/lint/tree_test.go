package lint

import (
	"bytes"
	"encoding/json"
	"errors"
	"go/ast"
	"go/importer"
	"go/parser"
	"go/token"
	"go/types"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"
)

const module = "github.com/gotensor/gotensor"

// pkg is a package as go list describes it.
type pkg struct {
	ImportPath string
	Dir        string
	Doc        string
	Export     string
	GoFiles    []string
	Imports    []string
	Deps       []string
}

// rel returns the package's path below the module: "primitives/hash".
func rel(importPath string) string {
	return strings.TrimPrefix(strings.TrimPrefix(importPath, module), "/")
}

// ours reports whether a package belongs to the module.
func ours(importPath string) bool {
	return importPath == module || strings.HasPrefix(importPath, module+"/")
}

// under reports whether path is dir or below it.
func under(path, dir string) bool { return path == dir || strings.HasPrefix(path, dir+"/") }

// root is the directory of the module.
var root = sync.OnceValue(func() string {
	out, err := exec.Command("go", "env", "GOMOD").Output()
	if err != nil {
		panic("BUG: go env GOMOD: " + err.Error())
	}
	return filepath.Dir(strings.TrimSpace(string(out)))
})

// load lists the packages of the module and all that they depend on, compiled, so that types of dependencies are known.
// A package that does not compile fails the tests that need its types, and no others.
var load = sync.OnceValues(func() (map[string]*pkg, error) {
	cmd := exec.Command("go", "list", "-e", "-deps", "-export", "-json=ImportPath,Dir,Doc,Export,GoFiles,Imports,Deps", "./...")
	cmd.Dir = root()
	var stderr bytes.Buffer
	cmd.Stderr = &stderr
	out, err := cmd.Output()
	if err != nil {
		return nil, errors.New(stderr.String())
	}
	packages := make(map[string]*pkg)
	for dec := json.NewDecoder(bytes.NewReader(out)); ; {
		p := new(pkg)
		if err := dec.Decode(p); err == io.EOF {
			return packages, nil
		} else if err != nil {
			return nil, err
		}
		packages[p.ImportPath] = p
	}
})

func packages(t *testing.T) map[string]*pkg {
	t.Helper()
	all, err := load()
	if err != nil {
		t.Fatalf("go list: %v", err)
	}
	if len(all) == 0 {
		t.Fatal("go list: no packages")
	}
	return all
}

// source is a parsed package.
type source struct {
	path  string // below the module
	fset  *token.FileSet
	files []*ast.File
	info  *types.Info // nil where types were not asked for

	consts map[string]ast.Expr // see constants
}

// at returns the position of a node, below the module.
func (s *source) at(n ast.Node) string {
	pos := s.fset.Position(n.Pos())
	if name, err := filepath.Rel(root(), pos.Filename); err == nil && filepath.IsAbs(pos.Filename) {
		pos.Filename = filepath.ToSlash(name)
	}
	return pos.String()
}

// read parses the files of one of our packages, without its tests.
func read(t *testing.T, p *pkg) *source {
	t.Helper()
	s := &source{path: rel(p.ImportPath), fset: token.NewFileSet()}
	for _, name := range p.GoFiles {
		file, err := parser.ParseFile(s.fset, filepath.Join(p.Dir, name), nil, parser.ParseComments|parser.SkipObjectResolution)
		if err != nil {
			t.Fatal(err)
		}
		s.files = append(s.files, file)
	}
	return s
}

// check adds the types of all expressions, and reports whether they are all known.
func (s *source) check(t *testing.T, all map[string]*pkg) bool {
	t.Helper()
	s.info = &types.Info{
		Types: make(map[ast.Expr]types.TypeAndValue),
		Defs:  make(map[*ast.Ident]types.Object),
		Uses:  make(map[*ast.Ident]types.Object),
	}
	conf := types.Config{Importer: importer.ForCompiler(s.fset, "gc", func(path string) (io.ReadCloser, error) {
		p, ok := all[path]
		if !ok || p.Export == "" {
			return nil, errors.New("no export data of " + path)
		}
		return os.Open(p.Export)
	})}
	if _, err := conf.Check(module+"/"+s.path, s.fset, s.files, s.info); err != nil {
		t.Errorf("%s: %v", s.path, err)
		return false
	}
	return true
}

// sample parses and checks one file that a test of a rule made up.
func sample(t *testing.T, path, text string) *source {
	t.Helper()
	s := &source{path: path, fset: token.NewFileSet()}
	file, err := parser.ParseFile(s.fset, "sample.go", text, parser.ParseComments|parser.SkipObjectResolution)
	if err != nil {
		t.Fatal(err)
	}
	s.files = []*ast.File{file}
	s.check(t, packages(t))
	return s
}

// tracked returns the files that git knows and that exist, below the module; new files that are not ignored count.
var tracked = sync.OnceValues(func() ([]string, error) {
	cmd := exec.Command("git", "ls-files", "-z", "--cached", "--others", "--exclude-standard")
	cmd.Dir = root()
	out, err := cmd.Output()
	if err != nil {
		return nil, err
	}
	var files []string
	for name := range strings.SplitSeq(strings.TrimSuffix(string(out), "\x00"), "\x00") {
		if info, err := os.Stat(filepath.Join(root(), name)); err == nil && info.Mode().IsRegular() {
			files = append(files, name)
		}
	}
	return files, nil
})

func files(t *testing.T, suffix string) []string {
	t.Helper()
	all, err := tracked()
	if err != nil {
		t.Fatalf("git ls-files: %v", err)
	}
	var out []string
	for _, name := range all {
		if strings.HasSuffix(name, suffix) {
			out = append(out, name)
		}
	}
	if len(out) == 0 {
		t.Fatalf("no files named *%s", suffix)
	}
	return out
}

// excuses are exceptions to a rule, by place, with the reason.
type excuses struct {
	list map[string]string
	used map[string]bool
}

func newExcuses(list map[string]string) *excuses {
	return &excuses{list: list, used: make(map[string]bool)}
}

// has reports whether place is excused, and remembers that the excuse was needed.
func (e *excuses) has(place string) bool {
	_, ok := e.list[place]
	if ok {
		e.used[place] = true
	}
	return ok
}

// finish complains about excuses that nothing needed.
func (e *excuses) finish(t *testing.T) {
	t.Helper()
	for place, reason := range e.list {
		if !e.used[place] {
			t.Errorf("exception for %s (%s) is no longer needed: remove it from the list", place, reason)
		}
	}
}
