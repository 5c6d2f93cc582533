package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"go/ast"
	"go/parser"
	"go/scanner"
	"go/token"
	"go/types"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
)

// The files that the generator writes, and so never reads of the package in hand.
const (
	palletFile   = "pallet_gen.go"
	describeFile = "pallet_describe_gen.go"
)

// loader reads packages from their source. It passes over the bodies of functions and over errors: while a pallet's generated files are
// missing or old, neither it nor the pallets that use it compile.
type loader struct {
	fset     *token.FileSet
	listed   map[string]*listed
	packages map[string]*types.Package
	declared map[string]map[string]directives // by package and type: the directives of types in packages of the module
}

// listed is what go list tells of a package.
type listed struct {
	ImportPath, Dir string
	GoFiles         []string
	ImportMap       map[string]string
	Standard        bool
	Module          *struct{ Main bool }
	Error           *struct{ Err string }
}

// newLoader returns a loader that knows the packages in dirs and all that they import, and the import paths of dirs.
func newLoader(dirs ...string) (*loader, []string, error) {
	l := &loader{
		fset: token.NewFileSet(), listed: make(map[string]*listed), packages: make(map[string]*types.Package), declared: make(map[string]map[string]directives),
	}
	args := []string{"list", "-e", "-deps", "-json=ImportPath,Dir,GoFiles,ImportMap,Standard,Module,Error", "--"}
	byDir := make(map[string]int)
	for i, dir := range dirs {
		abs, err := filepath.Abs(dir)
		if err == nil {
			abs, err = filepath.EvalSymlinks(abs)
		}
		if err != nil {
			return nil, nil, err
		}
		byDir[abs] = i
		args = append(args, abs)
	}
	cmd := exec.Command("go", args...)
	cmd.Dir = dirs[0]
	cmd.Env = append(os.Environ(), "CGO_ENABLED=0", "GOOS=", "GOARCH=") // without cgo all packages are Go; what is described is described natively
	cmd.Stderr = os.Stderr
	out, err := cmd.Output()
	if err != nil {
		return nil, nil, fmt.Errorf("go list %s: %w", strings.Join(dirs, " "), err)
	}
	paths := make([]string, len(dirs))
	for d := json.NewDecoder(strings.NewReader(string(out))); ; {
		p := new(listed)
		if err := d.Decode(p); errors.Is(err, io.EOF) {
			break
		} else if err != nil {
			return nil, nil, fmt.Errorf("go list %s: %w", strings.Join(dirs, " "), err)
		}
		l.listed[p.ImportPath] = p
		if i, ok := byDir[p.Dir]; ok {
			paths[i] = p.ImportPath
		}
	}
	for i, path := range paths {
		if path == "" || len(l.listed[path].GoFiles) == 0 {
			return nil, nil, fmt.Errorf("%s: no Go files", dirs[i])
		}
	}
	return l, paths, nil
}

// Import implements types.Importer for a path that stands in ImportMap or means itself.
func (l *loader) Import(path string) (*types.Package, error) {
	if path == "unsafe" {
		return types.Unsafe, nil
	}
	if p, ok := l.packages[path]; ok {
		return p, nil
	}
	entry, ok := l.listed[path]
	if !ok || len(entry.GoFiles) == 0 {
		return nil, fmt.Errorf("no package %q", path)
	}
	files, err := l.parse(entry, func(string) bool { return true })
	if len(files) == 0 {
		return nil, err
	}
	p, _, _ := l.check(entry, files)
	l.packages[path] = p
	return p, nil
}

// parse reads those files of a package that keep accepts. A file with an error of syntax counts as far as it goes.
func (l *loader) parse(entry *listed, keep func(name string) bool) (files []*ast.File, err error) {
	mode := parser.SkipObjectResolution
	if !entry.Standard {
		mode |= parser.ParseComments
	}
	for _, name := range entry.GoFiles {
		if !keep(name) {
			continue
		}
		file, parseErr := parser.ParseFile(l.fset, filepath.Join(entry.Dir, name), nil, mode)
		var list scanner.ErrorList
		if errors.As(parseErr, &list) {
			for _, e := range list {
				e.Pos.Filename = relative(e.Pos.Filename)
			}
		}
		err = errors.Join(err, parseErr)
		if file != nil {
			files = append(files, file)
		}
	}
	if len(files) == 0 {
		return nil, errors.Join(err, fmt.Errorf("%s: no Go files but generated ones", relative(entry.Dir)))
	}
	return files, err
}

// check type-checks the declarations of files and returns what is wrong with them beside what can be known of them.
func (l *loader) check(entry *listed, files []*ast.File) (*types.Package, *types.Info, []types.Error) {
	var problems []types.Error
	info := &types.Info{Defs: make(map[*ast.Ident]types.Object), Types: make(map[ast.Expr]types.TypeAndValue)}
	conf := types.Config{
		IgnoreFuncBodies: true,
		Importer:         mapped{l, entry.ImportMap},
		Sizes:            types.SizesFor("gc", "amd64"),
		Error: func(err error) {
			var problem types.Error
			if errors.As(err, &problem) {
				problems = append(problems, problem)
			}
		},
	}
	p, _ := conf.Check(entry.ImportPath, l.fset, files, info) // its error is the first of problems
	if entry.Module != nil && entry.Module.Main {
		l.declared[entry.ImportPath] = typeDirectives(files)
	}
	return p, info, problems
}

// mapped is the loader with the import paths of one package.
type mapped struct {
	l       *loader
	aliases map[string]string
}

func (m mapped) Import(path string) (*types.Package, error) {
	if real, ok := m.aliases[path]; ok {
		path = real
	}
	return m.l.Import(path)
}
