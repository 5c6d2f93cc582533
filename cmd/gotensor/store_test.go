package main

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"go/ast"
	"go/importer"
	"go/parser"
	"go/token"
	"go/types"
	"io"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/rogpeppe/go-internal/testscript"
	"github.com/urfave/cli/v2"

	"github.com/gotensor/gotensor/node/chainspec"
	"github.com/gotensor/gotensor/primitives/chain"
	"github.com/gotensor/gotensor/storage"
	"github.com/gotensor/gotensor/storage/db"
	"github.com/gotensor/gotensor/storage/trie"
)

// makeStore is the script command mkstore BASE SPEC BLOCKS FINAL: it makes a store of a chain spec with a chain of blocks, of which as many are final.
func makeStore(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 4 {
		ts.Fatalf("usage: mkstore base spec blocks final")
	}
	blocks, err := strconv.Atoi(args[2])
	ts.Check(err)
	final, err := strconv.Atoi(args[3])
	ts.Check(err)
	ts.Check(writeStore(ts.MkAbs(args[0]), ts.MkAbs(args[1]), blocks, final))
}

func writeStore(base, specPath string, blocks, final int) (err error) {
	spec, err := chainspec.ReadFile(specPath)
	if err != nil {
		return err
	}
	genesis, err := spec.Genesis.Build(trie.V1)
	if err != nil {
		return err
	}
	dir, err := storeFolder(base, spec.ID)
	if err != nil {
		return err
	}
	store, err := db.CreateFolder(dir, db.MinMemory, genesis.Header, genesis.State, db.Options{})
	if err != nil {
		return err
	}
	defer closing(store, &err)
	parent := db.Point{Hash: genesis.Hash}
	for n := range blocks {
		if parent, err = writeBlock(store, parent, n); err != nil {
			return err
		}
		if n+1 == final {
			if _, err := store.Finalise(parent.Hash, &chain.Justification{Engine: chain.EngineGrandpa, Data: []byte("final")}); err != nil {
				return err
			}
		}
	}
	return store.Settle()
}

// writeBlock imports a block that changes some keys of the top trie and of a child trie.
func writeBlock(store *db.DB, parent db.Point, n int) (db.Point, error) {
	state, err := store.State(parent.Hash)
	if err != nil {
		return parent, err
	}
	defer state.Close()
	overlay := storage.NewOverlay(state)
	for i := range 10 {
		key := binary.BigEndian.AppendUint16([]byte("key"), uint16((n*3+i)%20))
		if err := errors.Join(overlay.Set(nil, key, fmt.Append(nil, "value of block ", n)), overlay.Set([]byte("child"), key, fmt.Append(nil, n))); err != nil {
			return parent, err
		}
	}
	next, changes, err := overlay.Finish(trie.V1)
	if err != nil {
		return parent, err
	}
	header := chain.Header{ParentHash: parent.Hash, Number: parent.Number + 1, StateRoot: next.Root(), ExtrinsicsRoot: trie.EmptyRoot}
	hash, err := store.Import(&db.Block{Header: header, Changes: changes, State: next, Body: []chain.OpaqueExtrinsic{fmt.Append(nil, "extrinsic ", n)}})
	return db.Point{Number: header.Number, Hash: hash}, err
}

// TestRefusedStores: a store that is open elsewhere, and one whose files were changed, are refused by every command that opens it, with what to do.
func TestRefusedStores(t *testing.T) {
	base := t.TempDir()
	if err := writeStore(base, "../../node/chainspec/testdata/tiny.json", 30, 25); err != nil {
		t.Fatal(err)
	}
	dir := filepath.Join(base, "chains", "tiny", "db", "full")
	refused := func(name string, args []string, texts ...string) {
		t.Helper()
		var stdout, stderr bytes.Buffer
		code := run(append([]string{"gotensor"}, args...), strings.NewReader(""), &stdout, &stderr)
		for _, text := range texts {
			if code != 1 || stdout.Len() > 0 || !strings.Contains(stderr.String(), text) {
				t.Errorf("%s: %q: exit code %d, stdout %q, stderr %q, want %q", name, args, code, &stdout, &stderr, text)
			}
		}
	}
	all := func(name string, texts ...string) {
		t.Helper()
		for _, words := range [][]string{{"database", "info"}, {"database", "check"}, {"database", "prune", "--state-pruning", "9"}, {"benchmark", "storage"}} {
			refused(name, append(words, "-d", base), texts...)
		}
		refused(name, []string{"database", "backup", "-d", base, filepath.Join(base, "file")}, texts...)
		if _, err := os.Stat(filepath.Join(base, "file")); !errors.Is(err, os.ErrNotExist) {
			t.Errorf("%s: a backup was made: %v", name, err)
		}
	}
	open, err := db.OpenFolder(dir, db.MinMemory, db.Options{})
	if err != nil {
		t.Fatal(err)
	}
	all("open elsewhere", "in use by another process", "stop it, or use another folder")
	if err := open.Close(); err != nil {
		t.Fatal(err)
	}

	format := filepath.Join(dir, "FORMAT")
	text, err := os.ReadFile(format)
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(format, []byte(strings.Replace(string(text), " 1", " 7", 1)), 0o644); err != nil {
		t.Fatal(err)
	}
	all("newer", "format 7", "use the program that wrote it, or a newer one")
	if err := os.WriteFile(format, text, 0o644); err != nil {
		t.Fatal(err)
	}

	tables, err := filepath.Glob(filepath.Join(dir, "badger", "*.sst"))
	if err != nil || len(tables) == 0 {
		t.Fatalf("no tables: %v", err)
	}
	table, err := os.ReadFile(tables[0])
	if err != nil {
		t.Fatal(err)
	}
	// Of a byte alone the blocks' compression may not notice: it can come to the same.
	for i := range 50 {
		table[len(table)/3+i] ^= 0xa5
	}
	if err := os.WriteFile(tables[0], table, 0o644); err != nil {
		t.Fatal(err)
	}
	refused("damaged", []string{"database", "check", "-d", base}, "corrupt", "restore a backup, or move the folder away and synchronise again")
}

// TestInterruptedRestore: what a restore leaves that breaks off in the middle is refused with what to do.
func TestInterruptedRestore(t *testing.T) {
	base := t.TempDir()
	if err := writeStore(base, "../../node/chainspec/testdata/tiny.json", 3, 1); err != nil {
		t.Fatal(err)
	}
	// A value of more than a frame, so that it can break off after the first.
	store, err := db.OpenFolder(filepath.Join(base, "chains", "tiny", "db", "full"), db.MinMemory, db.Options{})
	if err != nil {
		t.Fatal(err)
	}
	err = store.SetOffchain(db.OffchainPersistent, []byte("large"), make([]byte, 2<<20))
	if err := errors.Join(err, store.Close()); err != nil {
		t.Fatal(err)
	}
	file := filepath.Join(base, "backup")
	gotensor := func(args ...string) (int, string) {
		var stderr bytes.Buffer
		code := run(append([]string{"gotensor", "database"}, args...), strings.NewReader(""), io.Discard, &stderr)
		return code, stderr.String()
	}
	if code, text := gotensor("backup", "-d", base, file); code != 0 {
		t.Fatal(text)
	}
	whole, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	cut := file + ".cut"
	if err := os.WriteFile(cut, whole[:len(whole)-1], 0o644); err != nil {
		t.Fatal(err)
	}
	if code, text := gotensor("restore", "-d", base, "--chain", "broken", cut); code != 1 || !strings.Contains(text, "not a whole backup") {
		t.Errorf("restore of what is cut off: %d, %q", code, text)
	}
	for _, args := range [][]string{{"info"}, {"check"}, {"prune", "--state-pruning", "9"}, {"backup"}} {
		args = append(args, "-d", base, "--chain", "broken")
		if args[0] == "backup" {
			args = append(args, file+".again")
		}
		if code, text := gotensor(args...); code != 1 || !strings.Contains(text, "delete the folder and restore again") {
			t.Errorf("%q: %d, %q", args, code, text)
		}
	}
	if err := os.RemoveAll(filepath.Join(base, "chains", "broken")); err != nil {
		t.Fatal(err)
	}
	if code, text := gotensor("restore", "-d", base, "--chain", "broken", file); code != 0 {
		t.Errorf("restore again: %q", text)
	}
}

func TestParsePruning(t *testing.T) {
	for text, want := range map[string]uint32{"archive": 0, "archive-canonical": 0, "1": 1, "256": 256, "4294967295": 1<<32 - 1} {
		if got, err := parsePruning(text); err != nil || got != want {
			t.Errorf("%q: got %d, %v, want %d", text, got, err, want)
		}
	}
	for _, text := range []string{"", "0", "-1", "4294967296", "1.5", "Archive", "0x10", " 1"} {
		if got, err := parsePruning(text); err == nil {
			t.Errorf("%q: got %d", text, got)
		}
	}
}

func TestStoreFolder(t *testing.T) {
	for _, id := range []string{"bittensor", "asset-hub-polkadot", "westend2", "a.b_c"} {
		want := filepath.Join("base", "chains", id, "db", "full")
		if got, err := storeFolder("base", id); err != nil || got != want {
			t.Errorf("%q: got %q, %v, want %q", id, got, err, want)
		}
	}
	for _, id := range []string{"", ".", "..", "../x", "a/b", `a\b`, ".hidden", "a b", "c:", "é", "a\n", strings.Repeat("a", 101)} {
		if got, err := storeFolder("base", id); err == nil {
			t.Errorf("%q: got %q", id, got)
		}
	}
}

// TestOnlyChain looks below folders whose names mean something to patterns.
func TestOnlyChain(t *testing.T) {
	base := filepath.Join(t.TempDir(), "a*[b]?")
	if err := os.MkdirAll(filepath.Join(base, "chains", "one", "db", "full"), 0o755); err != nil {
		t.Fatal(err)
	}
	if got, err := onlyChain(base); err != nil || got != "one" {
		t.Errorf("got %q, %v", got, err)
	}
}

// TestWriteWhole: what fails half way leaves no file.
func TestWriteWhole(t *testing.T) {
	path := filepath.Join(t.TempDir(), "file")
	failure := errors.New("failure")
	err := writeWhole(path, func(w io.Writer) error {
		_, err := w.Write([]byte("part"))
		return errors.Join(err, failure)
	})
	if entries, readErr := os.ReadDir(filepath.Dir(path)); !errors.Is(err, failure) || readErr != nil || len(entries) > 0 {
		t.Errorf("got %v, left %v, %v", err, entries, readErr)
	}
}

// TestLooking: info, check and backup leave a store as a node that was killed left it, with blocks to be folded; prune does what there is to do.
func TestLooking(t *testing.T) {
	base := t.TempDir()
	spec, err := chainspec.ReadFile("../../node/chainspec/testdata/tiny.json")
	if err != nil {
		t.Fatal(err)
	}
	genesis, err := spec.Genesis.Build(trie.V1)
	if err != nil {
		t.Fatal(err)
	}
	store, err := db.CreateFolder(filepath.Join(base, "chains", spec.ID, "db", "full"), db.MinMemory, genesis.Header, genesis.State, db.Options{Still: true})
	if err != nil {
		t.Fatal(err)
	}
	at := db.Point{Hash: genesis.Hash}
	for n := range 5 {
		if at, err = writeBlock(store, at, n); err != nil {
			t.Fatal(err)
		}
	}
	_, err = store.Finalise(at.Hash, nil)
	if err := errors.Join(err, store.Close()); err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		args []string
		want string
	}{
		{[]string{"check"}, "problems:         0"},
		{[]string{"backup", filepath.Join(base, "file")}, "finalised:   5"},
		{[]string{"info"}, "folded:       0"},
		{[]string{"prune", "--state-pruning", "100"}, "folded:       5"},
		{[]string{"check"}, "problems:         0"},
	} {
		var stdout, stderr bytes.Buffer
		args := append([]string{"gotensor", "database", c.args[0], "-d", base}, c.args[1:]...)
		if code := run(args, strings.NewReader(""), &stdout, &stderr); code != 0 || !strings.Contains(stdout.String(), c.want) {
			t.Errorf("%q: %d, %q, %q, want %q", c.args, code, stdout.String(), stderr.String(), c.want)
		}
	}
}

// TestWriteWholeTaken: what an interrupted backup left is named with what to do about it, and a file that appeared meanwhile stays as it is.
func TestWriteWholeTaken(t *testing.T) {
	path := filepath.Join(t.TempDir(), "file")
	read := func(path string) string {
		text, err := os.ReadFile(path)
		if err != nil {
			return err.Error()
		}
		return string(text)
	}
	err := writeWhole(path, func(w io.Writer) error {
		_, err := io.WriteString(w, "ours")
		return errors.Join(err, os.WriteFile(path, []byte("theirs"), 0o644))
	})
	if entries, readErr := os.ReadDir(filepath.Dir(path)); err == nil || !strings.Contains(err.Error(), "such a file already") || readErr != nil || len(entries) != 1 || read(path) != "theirs" {
		t.Errorf("a file appeared meanwhile: got %v, left %v, %v, %q", err, entries, readErr, read(path))
	}
	path += ".second"
	if err := os.WriteFile(path+".part", []byte("part"), 0o644); err != nil {
		t.Fatal(err)
	}
	write := func(w io.Writer) error {
		_, err := io.WriteString(w, "ours")
		return err
	}
	var hinted *hintError
	if err := writeWhole(path, write); !errors.Is(err, os.ErrExist) || !errors.As(err, &hinted) || read(path+".part") != "part" {
		t.Errorf("interrupted: got %v, %q", err, read(path+".part"))
	}
	if err := os.Remove(path + ".part"); err != nil {
		t.Fatal(err)
	}
	if err := writeWhole(path, write); err != nil || read(path) != "ours" {
		t.Errorf("after it was deleted: got %v, %q", err, read(path))
	}
	if _, err := os.Stat(path + ".part"); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("the part: %v", err)
	}
}

// TestStats has the figures of Substrate's own test (benchmarking-cli/src/shared/stats.rs, stats_correct), and short lists.
func TestStats(t *testing.T) {
	var values []uint64
	for i := range uint64(100) {
		values = append(values, 1+i*37%100)
	}
	want := stats{Count: 100, Total: 5050, Min: 1, Max: 100, Average: 50, Median: 50, StdDev: 28.87, P99: 99, P95: 95, P75: 75}
	if got := newStats(values); got != want {
		t.Errorf("got %+v, want %+v", got, want)
	}
	for n := range 10 {
		if got := newStats(values[:n]); got.Count != n || got.P99 != got.Max {
			t.Errorf("%d values: got %+v", n, got)
		}
	}
}

// TestWeight has the figure of Substrate's own test (shared/weight_params.rs, calc_weight_works): 113 x 0.75 + 3, rounded up.
func TestWeight(t *testing.T) {
	s := stats{Average: 113, Median: 7, Max: 1 << 62}
	for _, test := range []struct {
		o    storageOptions
		want uint64
	}{
		{storageOptions{metric: "average", mul: 0.75, add: 3}, 88},
		{storageOptions{metric: "median", mul: 1}, 7},
		{storageOptions{metric: "max", mul: 1e300}, 1 << 54},
	} {
		if got := test.o.weight(s); got != test.want {
			t.Errorf("%+v: got %d, want %d", test.o, got, test.want)
		}
	}
}

func TestUnderscored(t *testing.T) {
	for n, want := range map[uint64]string{0: "0", 999: "999", 1000: "1_000", 25_000_000: "25_000_000", 123_456: "123_456"} {
		if got := underscored(n); got != want {
			t.Errorf("%d: got %q, want %q", n, got, want)
		}
	}
}

// TestWeightFile compiles the file of weights.
func TestWeightFile(t *testing.T) {
	m := &measurement{}
	m.add(10, 25_000)
	m.finish(&storageOptions{metric: "average", mul: 1})
	text, err := weightFile(&storageReport{Chain: "a\nb", Read: m, Write: m, Metric: "average", Mul: 1}, []string{"gotensor", "--chain", "x\nimport \"os\""})
	if err != nil {
		t.Fatal(err)
	}
	fset := token.NewFileSet()
	file, err := parser.ParseFile(fset, "weights.go", text, parser.ParseComments)
	if err != nil {
		t.Fatalf("%v\n%s", err, text)
	}
	if !ast.IsGenerated(file) {
		t.Errorf("not marked as generated:\n%s", text)
	}
	pkg, err := (&types.Config{Importer: importer.Default()}).Check("weights", fset, []*ast.File{file}, nil)
	if err != nil {
		t.Fatalf("%v\n%s", err, text)
	}
	for _, name := range []string{"StorageRead", "StorageWrite"} {
		c, ok := pkg.Scope().Lookup(name).(*types.Const)
		if !ok || c.Val().ExactString() != "25000000" {
			t.Errorf("%s: %v\n%s", name, c, text)
		}
	}
}

// TestTicker: a long work tells how far it is, on stderr, and not more often than it should.
func TestTicker(t *testing.T) {
	var stderr bytes.Buffer
	tick := newTicker(cli.NewContext(&cli.App{ErrWriter: &stderr}, nil, nil))
	tick.tell("nothing yet")
	tick.next = time.Now().Add(-time.Second)
	tick.tell("%d records", 7)
	tick.tell("too soon")
	if got := stderr.String(); got != "gotensor: 7 records\n" {
		t.Errorf("got %q", got)
	}
}

func TestSize(t *testing.T) {
	for n, want := range map[uint64]string{0: "0 bytes", 1: "1 byte", 1023: "1023 bytes", 1024: "1.0 KiB", 3 << 19: "1.5 MiB", 5 << 30: "5.0 GiB"} {
		if got := size(n); got != want {
			t.Errorf("%d: got %q, want %q", n, got, want)
		}
	}
}

// TestStorePage: the bounds of memory that docs/store.md names are those of the store.
func TestStorePage(t *testing.T) {
	page, err := os.ReadFile("../../docs/store.md")
	if err != nil {
		t.Fatal(err)
	}
	if want := fmt.Sprintf("| `--db-cache MiB` | %d | the one bound of the store's memory, at least %d:", db.DefaultMemory>>20, db.MinMemory>>20); !strings.Contains(string(page), want) {
		t.Errorf("docs/store.md does not say %q", want)
	}
}
