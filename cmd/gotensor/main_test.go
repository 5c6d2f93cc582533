package main

import (
	"bytes"
	"flag"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	"github.com/rogpeppe/go-internal/testscript"

	"github.com/gotensor/gotensor/internal/outside"
	"github.com/gotensor/gotensor/internal/tinyruntime"
	"github.com/gotensor/gotensor/primitives/metadata"
	"github.com/gotensor/gotensor/primitives/scale"
	"github.com/gotensor/gotensor/storage"
	"github.com/gotensor/gotensor/storage/db"
	"github.com/gotensor/gotensor/storage/trie"
	"github.com/gotensor/gotensor/wasmhost"
)

var update = flag.Bool("update", false, "rewrite the expected outputs of the scripts in testdata with what gotensor prints")

func TestMain(m *testing.M) {
	testscript.Main(m, map[string]func(){
		"gotensor": func() { os.Exit(run(os.Args, os.Stdin, os.Stdout, os.Stderr)) },
	})
}

// TestScripts runs the sessions of testdata. Each begins in a folder with chain.json, the spec of node/chainspec/testdata, and runtime.wasm, the runtime in it.
// mkstore is a command of theirs: see makeStore.
func TestScripts(t *testing.T) {
	spec, err := os.ReadFile("../../node/chainspec/testdata/tiny.json")
	if err != nil {
		t.Fatal(err)
	}
	testscript.Run(t, testscript.Params{
		Dir:                 "testdata",
		RequireExplicitExec: true,
		RequireUniqueNames:  true,
		UpdateScripts:       *update,
		Cmds:                map[string]func(ts *testscript.TestScript, neg bool, args []string){"mkstore": makeStore},
		Setup: func(env *testscript.Env) error {
			env.Setenv("XDG_CACHE_HOME", filepath.Join(env.WorkDir, ".cache"))
			env.Setenv(outside.Variable, os.Getenv(outside.Variable))
			env.Setenv("MIN_CACHE", strconv.Itoa(db.MinMemory>>20)) // of --db-cache
			if err := os.WriteFile(filepath.Join(env.WorkDir, "chain.json"), spec, 0o644); err != nil {
				return err
			}
			return os.WriteFile(filepath.Join(env.WorkDir, "runtime.wasm"), tinyruntime.Module(), 0o644)
		},
		Condition: func(cond string) (bool, error) {
			if cond == "outside" {
				return os.Getenv(outside.Variable) != "", nil
			}
			return os.Getenv(cond) != "", nil
		},
	})
}

// TestRunTakesNoProcess: run uses the streams it is given and returns what main exits with.
func TestRunTakesNoProcess(t *testing.T) {
	for _, test := range []struct {
		args   []string
		stdin  string
		code   int
		stdout string
		stderr string
	}{
		{[]string{"key", "verify"}, "", 2, "", "gotensor: expected SIGNATURE"},
		{[]string{"key", "sign", "--suri", "//Alice", "--scheme", "ed25519"}, "hello", 0, "0x", ""},
		{[]string{"key", "inspect"}, "//Alice\n", 0, "5GrwvaEF5zXb26Fz9rcQpDWS57CtERHpNehXCPcNoHGKutQY", ""},
	} {
		var stdout, stderr bytes.Buffer
		code := run(append([]string{"gotensor"}, test.args...), strings.NewReader(test.stdin), &stdout, &stderr)
		if code != test.code || !strings.Contains(stdout.String(), test.stdout) || !strings.HasPrefix(stderr.String(), test.stderr) {
			t.Errorf("%q: got %d, %q, %q; want %d, %q, %q", test.args, code, &stdout, &stderr, test.code, test.stdout, test.stderr)
		}
	}
}

// TestRealMetadata: what real runtimes answer decodes, and encodes to the same bytes.
func TestRealMetadata(t *testing.T) {
	engine, err := wasmhost.NewEngine(wasmhost.Config{Interpreter: true})
	if err != nil {
		t.Fatal(err)
	}
	defer engine.Close()
	state, err := storage.NewMemoryState(new(storage.Changes), trie.V1)
	if err != nil {
		t.Fatal(err)
	}
	for _, test := range []struct {
		rel     string
		version uint32
		pallets int
		calls   int
	}{
		{"opentensor/subtensor/chainspecs/raw_spec_testfinney.json", 14, 9, 74},
		{"opentensor/subtensor/node/src/chain_spec/code_substitute_2585476.txt", 14, 19, 118},
		{"smol-dot/smoldot/lib/src/executor/host/westend-runtime-v9300.wasm", 14, 48, 246},
		{"smol-dot/smoldot/lib/src/executor/host/zstd/polkadot-runtime-v9160.wasm.zstd", 14, 49, 277},
		{"LimeChain/gosemble/build/polkadot_runtime-v9400.compact.compressed.wasm", 14, 53, 312},
		{"LimeChain/gosemble/build/node_template_runtime.wasm", 14, 8, 26},
		{"LimeChain/gosemble/build/runtime.wasm", 14, 7, 19},
		{"LimeChain/gosemble/build/runtime.wasm", 15, 7, 0},
		{"LimeChain/gosemble/build/node_template_metadata_v15.wasm", 15, 8, 25},
	} {
		t.Run(filepath.Base(test.rel), func(t *testing.T) {
			src, err := readSource(outside.Path(t, 1, test.rel))
			if err != nil {
				t.Fatal(err)
			}
			runtime, err := engine.Load(t.Context(), src.code)
			if err != nil {
				t.Fatal(err)
			}
			env := &wasmhost.Env{Storage: storage.NewOverlay(state)}
			answer, err := runtime.Call(t.Context(), env, "Metadata_metadata_at_version", scale.AppendU32(nil, test.version))
			if err == nil {
				answer = answer[1:] // Some
			} else if answer, err = runtime.Call(t.Context(), env, "Metadata_metadata", nil); err != nil {
				t.Fatal(err)
			}
			raw, err := scale.UnmarshalFunc(answer, (*scale.Decoder).View)
			if err != nil {
				t.Fatal(err)
			}
			m, err := metadata.Decode(raw)
			if err != nil {
				t.Fatal(err)
			}
			if !bytes.Equal(m.Encode(), raw) {
				t.Error("encoding differs")
			}
			r := newMetadataReport(m, len(raw))
			if uint32(r.Version) != test.version || len(r.Pallets) != test.pallets || r.Calls != test.calls {
				t.Errorf("got version %d with %d pallets and %d calls, want %d with %d and %d", r.Version, len(r.Pallets), r.Calls, test.version, test.pallets, test.calls)
			}
		})
	}
}

// TestMachineRows: the rows measure something, and what they do is right.
func TestMachineRows(t *testing.T) {
	for _, row := range machineRows {
		if row.category == "Disk" && testing.Short() {
			continue
		}
		if v, err := row.run(1, t.TempDir()); err != nil || v <= 0 {
			t.Errorf("%s: %v, %v", row.function, v, err)
		}
	}
}

func TestKind(t *testing.T) {
	for in, want := range map[string]byte{
		"": 0, " \n": 0, "{": '{', "\n {\"name\"": '{', "0x": 0, "0x52bc": 'x', "52BC\n": 'x', "\x00asm": 0, "R\xbcSv": 0, "0xzz": 0,
	} {
		if got := kind([]byte(in)); got != want {
			t.Errorf("%q: got %q, want %q", in, got, want)
		}
	}
}
