package main

import (
	"bytes"
	"flag"
	"go/ast"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
)

var rewrite = flag.Bool("rewrite", false, "write what the generator says now into testdata")

// root is the directory of the module.
const root = "../../.."

// generateLine is how a package asks for the generator.
var generateLine = regexp.MustCompile(`(?m)^//go:generate go run (\S+)$`)

// generatedDirs returns the directories of the packages that ask for this generator.
func generatedDirs(t *testing.T) (dirs []string) {
	self, err := filepath.Abs(".")
	if err != nil {
		t.Fatal(err)
	}
	err = filepath.WalkDir(filepath.Join(root, "pallets"), func(path string, d fs.DirEntry, err error) error {
		switch {
		case err != nil:
			return err
		case d.IsDir() && (d.Name() == "testdata" || strings.HasPrefix(d.Name(), ".copy")):
			return fs.SkipDir
		case d.IsDir() || filepath.Ext(path) != ".go":
			return nil
		}
		text, err := os.ReadFile(path)
		if err != nil {
			return err
		}
		for _, m := range generateLine.FindAllSubmatch(text, -1) {
			if abs, err := filepath.Abs(filepath.Join(filepath.Dir(path), string(m[1]))); err == nil && abs == self {
				dirs = append(dirs, filepath.Dir(path))
			}
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return slices.Compact(dirs)
}

// TestGenerated: the generated files in the tree are what the declarations say.
func TestGenerated(t *testing.T) {
	dirs := generatedDirs(t)
	if len(dirs) < 2 {
		t.Fatalf("found %d packages with a go:generate line, expected the pallets and internal/sample", len(dirs))
	}
	outputs, err := generateAll(dirs)
	if err != nil {
		t.Error(err)
	}
	for _, o := range outputs {
		if err := o.fresh(); err != nil {
			t.Error(err)
		}
	}
	t.Logf("%d packages", len(dirs))
}

// TestDeterministic: what is written does not depend on what else is read, nor on the run.
func TestDeterministic(t *testing.T) {
	alone, err := generateAll([]string{"internal/sample"})
	if err != nil {
		t.Fatal(err)
	}
	together, err := generateAll([]string{"../../system", "internal/sample"})
	if err != nil {
		t.Fatal(err)
	}
	for i, o := range alone {
		if other := together[len(together)-len(alone)+i]; !bytes.Equal(o.content, other.content) {
			t.Errorf("%s: %d bytes alone, %d bytes of other content beside another package", o.path, len(o.content), len(other.content))
		}
	}
}

// TestErrors compares what the generator says of the packages in testdata with what is kept beside them: go test -rewrite changes that.
func TestErrors(t *testing.T) {
	dirs, err := filepath.Glob("testdata/*")
	if err != nil || len(dirs) == 0 {
		t.Fatalf("no packages in testdata: %v", err)
	}
	lines := 0
	for _, dir := range dirs {
		t.Run(filepath.Base(dir), func(t *testing.T) {
			outputs, err := generateAll([]string{dir})
			if err == nil {
				t.Fatal("no error")
			}
			if len(outputs) > 0 {
				t.Errorf("%d files for a package with errors", len(outputs))
			}
			got := err.Error() + "\n"
			golden := filepath.Join(dir, "errors.txt")
			if *rewrite {
				if err := os.WriteFile(golden, []byte(got), 0o644); err != nil {
					t.Fatal(err)
				}
			}
			want, err := os.ReadFile(golden)
			if err != nil {
				t.Fatal(err)
			}
			if got != string(want) {
				t.Errorf("got\n%swant\n%s", got, want)
			}
			lines += strings.Count(got, "\n")
			for line := range strings.Lines(got) {
				if !regexp.MustCompile(`^testdata/\w+/\w+\.go:[1-9][0-9]*:`).MatchString(line) {
					t.Errorf("no file and line in front of %q", line)
				}
			}
		})
	}
	t.Logf("%d errors", lines)
}

// copySample puts the sample's declarations, without what is generated, into a directory of the module.
func copySample(t *testing.T) string {
	dir, err := os.MkdirTemp("internal", ".copy") // ./... passes over names with a dot
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { os.RemoveAll(dir) })
	text, err := os.ReadFile("internal/sample/sample.go")
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(dir, "sample.go"), text, 0o644); err != nil {
		t.Fatal(err)
	}
	return dir
}

// TestRun runs the command on a pallet whose files are missing, fresh, old, and broken.
func TestRun(t *testing.T) {
	dir := copySample(t)
	var stderr bytes.Buffer
	run := func(wantCode int, wantText string, args ...string) {
		t.Helper()
		stderr.Reset()
		if code := run(append(args, dir), &stderr); code != wantCode {
			t.Errorf("run %q: code %d, expected %d: %s", args, code, wantCode, stderr.String())
		}
		if got := stderr.String(); !strings.Contains(got, wantText) || wantText == "" && got != "" {
			t.Errorf("run %q: got %q, expected %q", args, got, wantText)
		}
	}
	run(1, "pallet_gen.go is missing: run go generate", "-check")
	run(0, "")
	run(0, "", "-check")
	for _, name := range []string{palletFile, describeFile} {
		got, err := os.ReadFile(filepath.Join(dir, name))
		if err != nil {
			t.Fatal(err)
		}
		want, err := os.ReadFile(filepath.Join("internal/sample", name))
		if err != nil {
			t.Fatal(err)
		}
		if !bytes.Equal(got, want) {
			t.Errorf("%s of a package without generated files is not that of the sample", name)
		}
		for _, old := range []string{"package sample\n\nfunc (p *Pallet) Bind() {}\n\ntype AddCall int\n", "package sample\n\nfunc {"} {
			if err := os.WriteFile(filepath.Join(dir, name), []byte(old), 0o644); err != nil {
				t.Fatal(err)
			}
			run(1, name+" is older than the declarations: run go generate", "-check")
			run(0, "")
			run(0, "", "-check")
		}
	}
	run(2, "usage: gen", "-unknown")

	if err := os.WriteFile(filepath.Join(dir, "sample.go"), []byte("package sample\n\ntype Pallet struct {\n"), 0o644); err != nil {
		t.Fatal(err)
	}
	run(1, "sample.go:3:22: expected '}', found 'EOF'")

	// A package that has nothing to generate has no files.
	if err := os.WriteFile(filepath.Join(dir, "sample.go"), []byte("package sample\n"), 0o644); err != nil {
		t.Fatal(err)
	}
	run(1, "has nothing to say any more", "-check")
	run(0, "")
	for _, name := range []string{palletFile, describeFile} {
		if _, err := os.Stat(filepath.Join(dir, name)); err == nil {
			t.Errorf("%s is still there", name)
		}
	}
	if err := os.Remove(filepath.Join(dir, "sample.go")); err != nil {
		t.Fatal(err)
	}
	run(1, "no Go files")
}

// TestTypesOnly: a package without a pallet gets codecs and descriptions of its types, and no pallet.
func TestTypesOnly(t *testing.T) {
	dir := copySample(t)
	src := `package shared

// Pair is two numbers.
//
//frame:type some_crate::Pair
type Pair struct{ A, B uint32 }

// Error is no pallet's.
type Error uint8
`
	if err := os.WriteFile(filepath.Join(dir, "sample.go"), []byte(src), 0o644); err != nil {
		t.Fatal(err)
	}
	outputs, err := generateAll([]string{dir})
	if err != nil {
		t.Fatal(err)
	}
	code, description := string(outputs[0].content), string(outputs[1].content)
	for _, want := range []string{"func (v Pair) AppendScale(dst []byte) []byte {", "func (v *Pair) DecodeScale(d *scale.Decoder) {"} {
		if !strings.Contains(code, want) {
			t.Errorf("code has no %q:\n%s", want, code)
		}
	}
	if !strings.Contains(description, `describe.Composite("some_crate::Pair", nil,`) {
		t.Errorf("the type is not described:\n%s", description)
	}
	for _, no := range []string{"Pallet", "Dispatch", "instance"} {
		if strings.Contains(code+description, no) {
			t.Errorf("%q stands in what is generated for types alone", no)
		}
	}
}

// TestSmallPallets: pallets that have only some of what a pallet may have compile, natively and for the blob.
func TestSmallPallets(t *testing.T) {
	var dirs []string
	for name, src := range map[string]string{
		"nothing":   "type Pallet struct{}\n",
		"constants": "type Pallet struct{ Constants }\n\ntype Constants struct{ Max uint32 }\n",
		"storage":   "import \"github.com/gotensor/gotensor/pallets/frame\"\n\ntype Pallet struct{ Storage }\n\ntype Storage struct{ Count frame.Value[uint8] }\n",
		"event":     "type Pallet struct{}\n\n//frame:event 3\ntype Done struct{}\n",
		"error":     "type Pallet struct{}\n\ntype Error uint8\n\nconst Bad Error = 0\n",
		"call":      "import \"github.com/gotensor/gotensor/pallets/frame\"\n\ntype Pallet struct{}\n\n//frame:call 7\n//frame:weight frame.Weight{}\nfunc (*Pallet) Do(frame.Origin) error { return nil }\n",
	} {
		dir := copySample(t)
		if err := os.WriteFile(filepath.Join(dir, "sample.go"), []byte("package "+name+"\n\n"+src), 0o644); err != nil {
			t.Fatal(err)
		}
		dirs = append(dirs, "./"+dir)
	}
	var stderr bytes.Buffer
	if code := run(dirs, &stderr); code != 0 {
		t.Fatal(stderr.String())
	}
	for _, env := range [][]string{{"GOOS=", "GOARCH="}, {"GOOS=wasip1", "GOARCH=wasm"}} {
		cmd := exec.Command("go", append([]string{"vet"}, dirs...)...)
		cmd.Env = append(os.Environ(), env...)
		if out, err := cmd.CombinedOutput(); err != nil {
			t.Errorf("%s: %v\n%s", env, err, out)
		}
	}
}

func TestSnake(t *testing.T) {
	for name, want := range map[string]string{
		"IPType": "ip_type", "NewFree": "new_free", "ID": "id", "IDs": "ids", "netUID": "net_uid", "netUIDs": "net_uids", "who": "who",
		"TransferKeepAlive": "transfer_keep_alive", "AsMulti": "as_multi", "maybeTimepoint": "maybe_timepoint", "SetKey2": "set_key2", "H": "h",
		"EVMKey": "evm_key", "hotkeyIDsOf": "hotkey_ids_of", "already_snake": "already_snake", "IDString": "id_string",
	} {
		if got := snake(name); got != want {
			t.Errorf("snake(%q) = %q, expected %q", name, got, want)
		}
	}
}

func TestDocs(t *testing.T) {
	group := func(lines ...string) *ast.CommentGroup {
		g := new(ast.CommentGroup)
		for _, line := range lines {
			g.List = append(g.List, &ast.Comment{Text: line})
		}
		return g
	}
	for _, c := range []struct {
		group         *ast.CommentGroup
		docs, without []string
	}{
		{nil, nil, nil},
		{group("//frame:call 0"), nil, nil},
		{group("// Added: an account has counted.", "//", "//frame:event 0"), []string{" Added: an account has counted."}, []string{" An account has counted."}},
		{group("// Added has a form", "// of two lines.", "//", "//   - indented"), []string{" Added has a form", " of two lines.", "", "   - indented"}, []string{" Added has a form", " of two lines.", "", "   - indented"}},
		{group("// AddedMore: other."), []string{" AddedMore: other."}, []string{" AddedMore: other."}},
	} {
		if got := docs(c.group); !slices.Equal(got, c.docs) {
			t.Errorf("docs: got %q, expected %q", got, c.docs)
		}
		if got := docsWithout(c.group, "Added"); !slices.Equal(got, c.without) {
			t.Errorf("docsWithout: got %q, expected %q", got, c.without)
		}
	}
}

func TestPairs(t *testing.T) {
	names, texts, ok := pairs("a=T::Balance, b = Vec<(A, B)>,c=u8")
	if !ok || !slices.Equal(names, []string{"a", "b", "c"}) || !slices.Equal(texts, []string{"T::Balance", "Vec<(A, B)>", "u8"}) {
		t.Errorf("got %q %q %v", names, texts, ok)
	}
	if _, _, ok := pairs("T::Balance"); ok {
		t.Error("a text without a name was understood")
	}
}

// BenchmarkGenerate is one run on the sample, with all that it imports.
func BenchmarkGenerate(b *testing.B) {
	for b.Loop() {
		outputs, err := generateAll([]string{"internal/sample"})
		if err != nil || len(outputs) != 2 || len(outputs[0].content) < 1000 {
			b.Fatalf("%d files: %v", len(outputs), err)
		}
	}
}
