package lint

import (
	"go/ast"
	"go/token"
	"maps"
	"slices"
	"strconv"
	"strings"
	"testing"
	"unicode"
	"unicode/utf8"
)

// errorMakers are the functions whose first text argument is the text of an error, with its position.
var errorMakers = map[string]int{"errors.New": 0, "fmt.Errorf": 0}

// wording judges the text of an error; it returns "" where the text is right.
func wording(text string) string {
	first, size := utf8.DecodeRuneInString(text)
	second, _ := utf8.DecodeRuneInString(text[size:])
	switch {
	case text == "":
		return "is empty: name the step and the thing"
	case unicode.IsUpper(first) && !unicode.IsUpper(second) && !unicode.IsDigit(second):
		// Names in capitals (SCALE, JSON, V15) may begin a text.
		return "starts in upper case: errors are joined behind colons, so start in lower case"
	case strings.HasSuffix(text, ".") && !strings.HasSuffix(text, "…") && !strings.HasSuffix(text, "..."):
		return "ends in a full stop: leave it out"
	}
	lower := strings.ToLower(text)
	for bad, instead := range map[string]string{
		"failed to":     "name the step and the thing: \"decode header 0x12: digest item 2: unknown kind 9\"",
		"unable to":     "name the step and the thing",
		"could not":     "name the step and the thing",
		"error while":   "name the step and the thing",
		"error during":  "name the step and the thing",
		"an error":      "name the step and the thing",
		"successfully":  "say what happened",
		"please ":       "put advice into a hint",
		"unknown error": "say what was seen",
	} {
		if strings.Contains(lower, bad) {
			return "says " + strconv.Quote(bad) + ": " + instead
		}
	}
	if i := strings.Index(lower, "cannot "); i >= 0 && strings.Contains(lower[i:], " because") {
		return `says "cannot … because": put the cause behind a colon`
	}
	return ""
}

// literal returns the text of a string literal, of a constant of the package that is one, or of such joined by +.
func (s *source) literal(e ast.Expr) (string, bool) {
	switch e := e.(type) {
	case *ast.Ident:
		if value, ok := s.constants()[e.Name]; ok {
			return s.literal(value)
		}
	case *ast.BasicLit:
		if e.Kind == token.STRING {
			text, err := strconv.Unquote(e.Value)
			return text, err == nil
		}
	case *ast.BinaryExpr:
		left, ok := s.literal(e.X)
		if !ok {
			return "", false
		}
		// The rest may be a value; the words that are written down are what is judged.
		right, _ := s.literal(e.Y)
		return left + right, true
	case *ast.ParenExpr:
		return s.literal(e.X)
	}
	return "", false
}

// constants returns the values of the package's constants by name.
func (s *source) constants() map[string]ast.Expr {
	if s.consts == nil {
		s.consts = make(map[string]ast.Expr)
		for _, file := range s.files {
			for _, decl := range file.Decls {
				gen, ok := decl.(*ast.GenDecl)
				if !ok || gen.Tok != token.CONST {
					continue
				}
				for _, spec := range gen.Specs {
					value := spec.(*ast.ValueSpec)
					for i, name := range value.Names {
						if i < len(value.Values) {
							s.consts[name.Name] = value.Values[i]
						}
					}
				}
			}
		}
	}
	return s.consts
}

// name returns "x.Sel" of a call, as it is written.
func name(call *ast.CallExpr) string {
	switch fun := call.Fun.(type) {
	case *ast.SelectorExpr:
		if x, ok := fun.X.(*ast.Ident); ok {
			return x.Name + "." + fun.Sel.Name
		}
	case *ast.Ident:
		return fun.Name
	}
	return ""
}

func badErrors(s *source) []finding {
	var out []finding
	for _, file := range s.files {
		ast.Inspect(file, func(n ast.Node) bool {
			call, ok := n.(*ast.CallExpr)
			if !ok {
				return true
			}
			at, ok := errorMakers[name(call)]
			if !ok || at >= len(call.Args) {
				return true
			}
			text, ok := s.literal(call.Args[at])
			if !ok {
				return true
			}
			if wrong := wording(text); wrong != "" {
				out = append(out, finding{s.path + " " + strconv.Quote(text), s.at(call) + ": error " + strconv.Quote(text) + " " + wrong})
			}
			return true
		})
	}
	return out
}

// otherPanics are panics that are no bugs of ours: package and function.
var otherPanics = map[string]string{
	"wasmhost *call.trapParam":      "carries a typed trap out of a host function to the engine, which recovers it at the edge of the call",
	"wasmhost *call.checkDeadline":  "carries the end of a call's time out of the engine in the same way",
	"runtime-wasm/blob *host.offer": "carries a typed error out of a host function to the engine, which recovers it at the edge of the call",
	"testnet/overlayhost Check":     "stops pallet code where a real host traps; tests recover it, testnet/native with Ext.Trap",
}

// refusal tells whether arg is a frame.Panic: with those a runtime refuses a block or an argument that is not valid, in the blob a trap, as the Host API asks for.
func refusal(arg ast.Expr) bool {
	call, ok := arg.(*ast.CallExpr)
	if !ok {
		return false
	}
	switch fun := call.Fun.(type) {
	case *ast.Ident:
		return fun.Name == "Panic" // package executive has it under this name
	case *ast.SelectorExpr:
		x, ok := fun.X.(*ast.Ident)
		return ok && x.Name == "frame" && fun.Sel.Name == "Panic"
	}
	return false
}

func badPanics(s *source) []finding {
	var out []finding
	for _, file := range s.files {
		for _, decl := range file.Decls {
			fn, ok := decl.(*ast.FuncDecl)
			if !ok || fn.Body == nil {
				continue
			}
			place := s.path + " "
			if fn.Recv != nil && len(fn.Recv.List) == 1 {
				place += receiver(fn.Recv.List[0].Type) + "."
			}
			place += fn.Name.Name
			ast.Inspect(fn.Body, func(n ast.Node) bool {
				call, ok := n.(*ast.CallExpr)
				if !ok || name(call) != "panic" || len(call.Args) != 1 {
					return true
				}
				arg := call.Args[0]
				if refusal(arg) {
					return true
				}
				if inner, ok := arg.(*ast.CallExpr); ok && len(inner.Args) > 0 {
					arg = inner.Args[0] // fmt.Sprintf and its like
				}
				if text, ok := s.literal(arg); !ok || !strings.HasPrefix(text, "BUG: ") {
					out = append(out, finding{place, s.at(call) + ": panic without \"BUG: \": panic only for our own bugs and say which; return an error for what input can cause"})
				}
				return true
			})
		}
	}
	return out
}

func receiver(e ast.Expr) string {
	switch e := e.(type) {
	case *ast.StarExpr:
		return "*" + receiver(e.X)
	case *ast.Ident:
		return e.Name
	case *ast.IndexExpr:
		return receiver(e.X)
	case *ast.IndexListExpr:
		return receiver(e.X)
	}
	return ""
}

func eachOfOurs(t *testing.T, judge func(s *source) []finding, excuse *excuses) {
	t.Helper()
	all := packages(t)
	for _, path := range slices.Sorted(maps.Keys(all)) {
		if !ours(path) {
			continue
		}
		for _, f := range judge(read(t, all[path])) {
			if !excuse.has(f.place) {
				t.Error(f.text)
			}
		}
	}
	excuse.finish(t)
}

// TestErrorWording: errors read well behind one another.
func TestErrorWording(t *testing.T) { eachOfOurs(t, badErrors, newExcuses(nil)) }

// TestPanics: only our own bugs panic.
func TestPanics(t *testing.T) { eachOfOurs(t, badPanics, newExcuses(otherPanics)) }

func TestWording(t *testing.T) {
	for text, right := range map[string]bool{
		"decode header 0x12: digest item 2: unknown kind 9": true,
		"%s: expected %d, got %d":                           true,
		"SCALE: input ends":                                 true,
		"V15 has no such field":                             true,
		"":                                                  false,
		"Decode header":                                     false,
		"decode header.":                                    false,
		"failed to decode":                                  false,
		"header: Unable to read":                            false,
		"cannot read %s because %v":                         false,
		"runtime exports no memory: %w":                     true,
		"value 1.5 has more than 9 decimals, at most 1e-9 TAO": true,
	} {
		if got := wording(text); (got == "") != right {
			t.Errorf("%q: got %q, right is %v", text, got, right)
		}
	}
}

func TestBadPanics(t *testing.T) {
	s := sample(t, "sample", `package sample

import "fmt"

type T[V any] struct{}

func (t *T[V]) bad(err error) { panic(err) }

func words() { panic("oh no") }

func good(n int) {
	if n > 1 {
		panic("BUG: more than one")
	}
	if n < 0 {
		panic("BUG: negative: " + fmt.Sprint(n))
	}
	if n > 7 {
		panic(seven)
	}
	if n == 6 {
		panic(Panic("block: not valid"))
	}
	panic(fmt.Sprintf("BUG: %d", n))
}

const seven = "BUG: seven"

type Panic string
`)
	var got []string
	for _, f := range badPanics(s) {
		got = append(got, f.place)
	}
	if want := []string{"sample *T.bad", "sample words"}; !slices.Equal(got, want) {
		t.Errorf("got %q, want %q", got, want)
	}
}
