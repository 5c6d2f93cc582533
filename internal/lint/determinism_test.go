package lint

import (
	"fmt"
	"go/ast"
	"go/types"
	"maps"
	"slices"
	"strconv"
	"strings"
	"testing"
)

// deterministic are the rooms whose results every node must compute alike.
var deterministic = []string{"primitives", "pallets", "runtime-wasm", "storage", "consensus"}

// nondeterminism are exceptions: package, function, rule. The reason says why the result does not depend on it.
var nondeterminism = map[string]string{
	"primitives/keys imports crypto/rand":        "fresh keys are random; nothing that a block depends on makes keys",
	"consensus/aura imports time":                "times are arguments, and so is the worker's clock; what Verify says depends on the slot that it is given",
	"consensus/queue imports time":               "its clock is an argument and decides when a block is looked at, never whether it is good",
	"storage/kv/badgerdb imports os":             "the engine of the store owns the files of its folder; what it reads from them is what was written",
	"storage/kv/badgerdb imports time":           "Close waits for reads and for Badger; no answer depends on how long",
	"storage/db least map":                       "the least key is the same in any order",
	"storage/kv/kvtest imports math/rand/v2":     "random operations of tests, from seeds",
	"runtime-wasm/blob imports os":               "it runs the Go toolchain when a blob is built; no runtime imports it",
	"runtime-wasm/blob *function.assemble float": "constants of the tool's own functions, written in decimal and exact",
	"runtime-wasm/blob *assembler.float float":   "the same",
	"runtime-wasm/build imports os":              "the command that builds blobs writes files",
	"pallets/frame/gen imports os":               "the command that writes generated code; no runtime imports it",
	"primitives/scale imports unsafe":            "Sizeof charges the memory budget of a decoder, which no valid input of the chain comes near",
}

// unpredictable are packages that give other answers on other machines.
var unpredictable = map[string]string{
	"time":         "take the time as an argument",
	"math/rand":    "take the random bytes as an argument",
	"math/rand/v2": "take the random bytes as an argument",
	"crypto/rand":  "take an io.Reader as an argument",
	"hash/maphash": "use primitives/hash",
	"os":           "I/O belongs to node or cmd: take an io.Reader",
	"net":          "network belongs to node",
	"unsafe":       "layouts differ between machines: encode with primitives/scale",
}

// finding is a breach of a rule. place is what an exception names.
type finding struct{ place, text string }

// nondeterministic finds floats, iteration over maps, and packages whose answers differ.
func nondeterministic(s *source) []finding {
	var out []finding
	for _, file := range s.files {
		for _, spec := range file.Imports {
			path, err := strconv.Unquote(spec.Path.Value)
			if err != nil {
				continue
			}
			if instead, ok := unpredictable[path]; ok {
				out = append(out, finding{s.path + " imports " + path, fmt.Sprintf("%s: import of %s in consensus code: %s", s.at(spec), path, instead)})
			}
		}
		for _, decl := range file.Decls {
			out = append(out, s.inDecl(decl)...)
		}
	}
	return out
}

// inDecl finds them in one declaration: one finding a rule is enough.
func (s *source) inDecl(decl ast.Decl) []finding {
	name := "declarations"
	if fn, ok := decl.(*ast.FuncDecl); ok {
		name = fn.Name.Name
		if fn.Recv != nil && len(fn.Recv.List) == 1 {
			name = types.ExprString(fn.Recv.List[0].Type) + "." + name
		}
	}
	found := make(map[string]finding)
	add := func(rule string, n ast.Node, text string) {
		place := s.path + " " + name + " " + rule
		if _, ok := found[place]; !ok {
			found[place] = finding{place, s.at(n) + ": " + text}
		}
	}
	sorted := make(map[ast.Expr]bool) // arguments of slices.Sorted and its like
	ast.Inspect(decl, func(n ast.Node) bool {
		switch n := n.(type) {
		case *ast.RangeStmt:
			if isMap(s.info.TypeOf(n.X)) {
				add("map", n, "range over a map has no order: range over slices.Sorted(maps.Keys(m)), or keep a sorted slice")
			}
		case *ast.CallExpr:
			switch callee := s.callee(n); callee {
			case "slices.Sorted", "slices.SortedFunc", "slices.SortedStableFunc":
				for _, arg := range n.Args {
					sorted[arg] = true
				}
			case "maps.Keys", "maps.Values", "maps.All":
				if !sorted[n] {
					add("map", n, callee+" has no order: wrap it into slices.Sorted")
				}
			}
		}
		if expr, ok := n.(ast.Expr); ok && isFloat(s.info.TypeOf(expr)) {
			add("float", n, "floating point in consensus code: use primitives/fixed, or integers with the rounding stated")
		}
		if spec, ok := n.(*ast.GoStmt); ok && under(s.path, "pallets") {
			add("goroutine", spec, "goroutines in a pallet: state transitions run in one thread")
		}
		return true
	})
	return slices.Collect(func(yield func(finding) bool) {
		for _, place := range slices.Sorted(maps.Keys(found)) {
			if !yield(found[place]) {
				return
			}
		}
	})
}

// callee returns "package.Function" of a call of a package's function.
func (s *source) callee(call *ast.CallExpr) string {
	fun := call.Fun
	if index, ok := fun.(*ast.IndexExpr); ok {
		fun = index.X
	}
	sel, ok := fun.(*ast.SelectorExpr)
	if !ok {
		return ""
	}
	if f, ok := s.info.Uses[sel.Sel].(*types.Func); ok && f.Pkg() != nil && f.Signature().Recv() == nil {
		return f.Pkg().Path() + "." + f.Name()
	}
	return ""
}

func isMap(t types.Type) bool {
	if t == nil {
		return false
	}
	if p, ok := t.(*types.TypeParam); ok {
		t = p.Constraint()
	}
	_, ok := t.Underlying().(*types.Map)
	return ok
}

func isFloat(t types.Type) bool {
	if t == nil {
		return false
	}
	b, ok := t.Underlying().(*types.Basic)
	return ok && b.Info()&(types.IsFloat|types.IsComplex) != 0
}

// TestDeterminism: where state is computed, the same input gives the same result on every machine.
func TestDeterminism(t *testing.T) {
	excuse := newExcuses(nondeterminism)
	all := packages(t)
	var judged int
	for _, path := range slices.Sorted(maps.Keys(all)) {
		p := all[path]
		if !ours(path) || !slices.ContainsFunc(deterministic, func(dir string) bool { return under(rel(path), dir) }) {
			continue
		}
		judged++
		s := read(t, p)
		if !s.check(t, all) {
			continue
		}
		for _, f := range nondeterministic(s) {
			if !excuse.has(f.place) {
				t.Errorf("%s\n\t(an exception would be named %q)", f.text, f.place)
			}
		}
	}
	if judged == 0 {
		t.Error("no packages judged")
	}
	excuse.finish(t)
}

func TestNondeterministic(t *testing.T) {
	s := sample(t, "pallets/sample", `package sample

import (
	"maps"
	"slices"
	"time"
)

type T struct{ m map[string]int }

func (t *T) Bad() {
	for range t.m {
	}
}

func alsoBad(m map[string]int) []string { return slices.Collect(maps.Keys(m)) }

func good(m map[string]int) []string { return slices.Sorted(maps.Keys(m)) }

func float(a int) int { return int(1.5 * float64(a)) }

const million uint64 = 1e6 // a constant that is an integer in the end

func clock() int64 { return time.Now().Unix() }

func background() { go clock() }
`)
	var got []string
	for _, f := range nondeterministic(s) {
		got = append(got, strings.TrimPrefix(f.place, "pallets/sample "))
	}
	want := []string{"imports time", "*T.Bad map", "alsoBad map", "float float", "background goroutine"}
	if !slices.Equal(got, want) {
		t.Errorf("got %q, want %q", got, want)
	}
}
