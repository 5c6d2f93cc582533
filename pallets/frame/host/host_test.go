package host

import (
	"bytes"
	"go/ast"
	"go/format"
	"go/parser"
	"go/token"
	"slices"
	"strings"
	"testing"
)

// declared returns the exported functions of a file: signature and comment by name.
func declared(t *testing.T, file string) map[string]string {
	t.Helper()
	files := token.NewFileSet()
	parsed, err := parser.ParseFile(files, file, nil, parser.ParseComments)
	if err != nil {
		t.Fatal(err)
	}
	out := make(map[string]string)
	for _, decl := range parsed.Decls {
		f, ok := decl.(*ast.FuncDecl)
		if !ok || f.Recv != nil || !f.Name.IsExported() {
			continue
		}
		var text bytes.Buffer
		if err := format.Node(&text, files, f.Type); err != nil {
			t.Fatal(err)
		}
		out[f.Name.Name] = text.String() + "\n" + f.Doc.Text()
	}
	return out
}

// Both sides of the seam are the same package to whoever imports it. Use alone is native.
func TestSameFunctions(t *testing.T) {
	native, wasm := declared(t, "host_native.go"), declared(t, "host_wasm.go")
	delete(native, "Use")
	if len(native) < 20 {
		t.Fatalf("%d functions found", len(native))
	}
	for name, want := range native {
		if got := wasm[name]; got != want {
			t.Errorf("%s: in Wasm %q, natively %q", name, got, want)
		}
		delete(wasm, name)
	}
	for name := range wasm {
		t.Errorf("%s is in Wasm alone", name)
	}
}

// Imports have names of the Host API, each once.
func TestImportNames(t *testing.T) {
	files := token.NewFileSet()
	parsed, err := parser.ParseFile(files, "host_wasm.go", nil, parser.ParseComments)
	if err != nil {
		t.Fatal(err)
	}
	var names []string
	for _, group := range parsed.Comments {
		for _, c := range group.List {
			if rest, ok := strings.CutPrefix(c.Text, "//go:wasmimport "); ok {
				module, name, _ := strings.Cut(rest, " ")
				if module != "env" || !strings.HasPrefix(name, "ext_") || slices.Contains(names, name) {
					t.Errorf("import %q", rest)
				}
				names = append(names, name)
			}
		}
	}
	if len(names) < 20 {
		t.Errorf("%d imports found", len(names))
	}
}
