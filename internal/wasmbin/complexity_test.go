package wasmbin

import (
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// What Go's own compiler makes has functions that are switches in a loop, with large branch tables. It stays below a fifth of every bound.
func TestGoModule(t *testing.T) {
	if testing.Short() {
		t.Skip("it compiles the standard library")
	}
	file := filepath.Join(t.TempDir(), "go.wasm")
	build := exec.Command("go", "build", "-buildmode=c-shared", "-o", file, "./testdata/goprogram")
	build.Env = append(os.Environ(), "GOOS=wasip1", "GOARCH=wasm", "CGO_ENABLED=0")
	if out, err := build.CombinedOutput(); err != nil {
		t.Fatalf("go build: %v\n%s", err, out)
	}
	data, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	m, err := Parse(data)
	if err != nil {
		t.Fatal(err)
	}
	use, err := m.Use()
	if err != nil || use.TooComplex != nil {
		t.Fatalf("%v, %v", err, use.TooComplex)
	}
	if use.Instructions > maxInstructions/5 || len(m.Code) < 1000 {
		t.Errorf("%d instructions in %d functions", use.Instructions, len(m.Code))
	}
	var worst complexity
	for i := range m.Code {
		var c complexity
		it := Instructions(m.Code[i].Body)
		for it.Next() {
			c.instruction(&it)
		}
		worst.branches, worst.labels = max(worst.branches, c.branches), max(worst.labels, c.labels)
		worst.labelsSum += c.labels
		worst.squares += c.branches * c.branches
	}
	if worst.branches < 100 || worst.labels < 100 || worst.branches > maxBranches/5 || worst.labels > maxLabels/5 ||
		worst.labelsSum > maxLabelsSum/5 || worst.squares > maxSquares/5 {
		t.Errorf("the worst is %+v", worst)
	}
	if err := m.Meter("host", "tick", 1000); err != nil {
		t.Error(err)
	}
}

// Each bound holds to the last one, and names the function.
func TestComplexity(t *testing.T) {
	loops := func(n int) []byte {
		var b []byte
		for range n {
			b = append(b, byte(OpLoop), 0x40, byte(OpEnd))
		}
		return append(b, byte(OpEnd))
	}
	for _, c := range []struct {
		name   string
		locals uint32
		body   []byte
		want   string
	}{
		{"loops", 0, loops(maxBranches / weightLoop), ""},
		{"more loops", 0, loops(maxBranches/weightLoop + 1), "function body 1: 16388 weighed branches, at most 16384"},
		{"locals", maxBodyLocals, loops(0), ""},
		{"more locals", maxBodyLocals + 1, loops(0), "function body 1: 2049 locals, at most 2048"},
		{"locals and loops", 750, loops(1000), ""},
		{"more locals and loops", 751, loops(1000), "function body 1: 3004000 locals times branches, at most 3000000"},
	} {
		t.Run(c.name, func(t *testing.T) {
			m := &Module{
				Types: []FuncType{{}}, Functions: []uint32{0, 0},
				Code: []Code{{Body: []byte{byte(OpEnd)}}, {Locals: []Locals{{Count: c.locals, Type: I64}}, Body: c.body}},
			}
			use, err := m.Use()
			if err != nil {
				t.Fatal(err)
			}
			if c.want == "" && use.TooComplex != nil || c.want != "" && (!errors.Is(use.TooComplex, ErrTooComplex) || !strings.HasSuffix(use.TooComplex.Error(), c.want)) {
				t.Errorf("got %v, expected %q", use.TooComplex, c.want)
			}
		})
	}
}
