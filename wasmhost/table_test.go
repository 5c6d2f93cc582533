package wasmhost

import (
	"bufio"
	"bytes"
	"errors"
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/tetratelabs/wazero/api"

	"github.com/gotensor/gotensor/internal/codeblob"
	"github.com/gotensor/gotensor/internal/wasmbin"
	"github.com/gotensor/gotensor/primitives/scale"
)

func signature(params, results []api.ValueType) string {
	names := func(types []api.ValueType) string {
		out := make([]string, len(types))
		for i, t := range types {
			out[i] = api.ValueTypeName(t)
		}
		return strings.Join(out, ",")
	}
	return "(" + names(params) + ")->" + names(results)
}

// table maps an import with its signature to the row that serves it.
func table() map[string]hostFunc {
	rows := map[string]hostFunc{}
	for _, f := range hostFuncs {
		rows[strings.TrimSuffix(f.name, variantSuffix)+signature(f.params, f.results)] = f
	}
	return rows
}

func TestTable(t *testing.T) {
	form := regexp.MustCompile(`^ext_[a-z0-9_]+_version_[0-9]+( \(variant\))?$`)
	seen := map[string]bool{}
	for _, f := range hostFuncs {
		switch {
		case !form.MatchString(f.name):
			t.Errorf("%q is no name of a host function", f.name)
		case seen[f.name]:
			t.Errorf("%s is in the table twice", f.name)
		case len(f.results) > 1 || f.fn == nil:
			t.Errorf("%s has %d results, function %v", f.name, len(f.results), f.fn != nil)
		}
		seen[f.name] = true
	}
	if len(table()) != len(hostFuncs) {
		t.Errorf("%d rows for %d imports", len(hostFuncs), len(table()))
	}
	t.Logf("%d host functions", len(hostFuncs))
}

// listed are the runtimes whose imports testdata/imports.txt has.
var listed = append(slices.Clone(blobs),
	blob{name: "rococo genesis", path: "smol-dot/smoldot/lib/src/executor/host/tests/rococo-genesis.wasm"},
	blob{name: "smoldot example", path: "smol-dot/smoldot/lib/src/executor/host/zstd/example-runtime.wasm.zstd"},
	blob{name: "gosemble template 100", path: "LimeChain/gosemble/runtime/testdata/gosemble_node_template_100.wasm"},
	blob{name: "gosemble template 101", path: "LimeChain/gosemble/runtime/testdata/gosemble_node_template_101.wasm"},
	blob{name: "node template metadata 15", path: "LimeChain/gosemble/build/node_template_metadata_v15.wasm"},
)

// TestImportsOfRealRuntimes compares the table with what the real runtimes import, from the list in testdata. Every import of
// theirs has a row of its signature.
func TestImportsOfRealRuntimes(t *testing.T) {
	rows := table()
	list := readImports(t)
	served := map[string]bool{}
	for name, imports := range list {
		for _, i := range imports {
			if _, ok := rows[i]; !ok {
				t.Errorf("%s imports %s, which the host does not have", name, i)
			}
			served[i] = true
		}
	}
	var unused []string
	for i := range rows {
		if !served[i] {
			unused = append(unused, i)
		}
	}
	slices.Sort(unused)
	t.Logf("%d runtimes import %d functions; %d rows serve none of them: %s", len(list), len(served), len(unused), strings.Join(unused, " "))
	if len(list) != len(listed) || len(served) < 87 {
		t.Errorf("%d runtimes with %d imports are listed", len(list), len(served))
	}
}

// TestImportsList compares the list in testdata with the runtimes themselves.
func TestImportsList(t *testing.T) {
	list := readImports(t)
	for _, b := range listed {
		t.Run(b.name, func(t *testing.T) {
			code := b.code(t)
			if bytes.HasPrefix(code, []byte{0x28, 0xb5, 0x2f, 0xfd}) { // a bare zstd frame
				code = append(bytes.Clone(codeblob.Prefix), code...)
			}
			module, err := Decompress(code)
			if err != nil {
				t.Fatal(err)
			}
			m, err := wasmbin.Parse(module)
			if err != nil {
				t.Fatal(err)
			}
			var got []string
			for _, i := range m.Imports {
				if i.Kind == wasmbin.KindFunction {
					f := m.Types[i.Function]
					got = append(got, i.Name+signature(apiTypes(f.Params), apiTypes(f.Results)))
				}
			}
			slices.Sort(got)
			if !slices.Equal(got, list[b.name]) {
				t.Errorf("it imports\n%s\n%s", b.name, strings.Join(got, "\n"))
			}
		})
	}
}

func apiTypes(types []wasmbin.ValueType) []api.ValueType {
	out := make([]api.ValueType, len(types))
	for i, t := range types {
		out[i] = api.ValueType(t)
	}
	return out
}

// readImports reads testdata/imports.txt: a line that is indented is an import of the runtime that the last other line names.
func readImports(t *testing.T) map[string][]string {
	file, err := os.Open("testdata/imports.txt")
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	list := map[string][]string{}
	name := ""
	lines := bufio.NewScanner(file)
	for lines.Scan() {
		line := lines.Text()
		if i, ok := strings.CutPrefix(line, "\t"); ok {
			list[name] = append(list[name], i)
		} else if line != "" && line[0] != '#' {
			name = line
		}
	}
	if lines.Err() != nil {
		t.Fatal(lines.Err())
	}
	return list
}

// numbers lists the parameters that are plain numbers; all others are pointers and spans.
var numbers = map[string][]int{
	"ext_storage_read_version_1":                           {2},
	"ext_storage_root_version_2":                           {0},
	"ext_default_child_storage_read_version_1":             {3},
	"ext_default_child_storage_root_version_2":             {1},
	"ext_offchain_sleep_until_version_1":                   {0},
	"ext_offchain_local_storage_set_version_1":             {0},
	"ext_offchain_local_storage_clear_version_1":           {0},
	"ext_offchain_local_storage_compare_and_set_version_1": {0},
	"ext_offchain_local_storage_get_version_1":             {0},
	"ext_offchain_http_request_add_header_version_1":       {0},
	"ext_offchain_http_request_write_body_version_1":       {0},
	"ext_offchain_http_response_headers_version_1":         {0},
	"ext_offchain_http_response_read_body_version_1":       {0},
	"ext_trie_blake2_256_root_version_2":                   {1},
	"ext_trie_blake2_256_ordered_root_version_2":           {1},
	"ext_trie_keccak_256_root_version_2":                   {1},
	"ext_trie_keccak_256_ordered_root_version_2":           {1},
	"ext_trie_blake2_256_verify_proof_version_2":           {4},
	"ext_trie_keccak_256_verify_proof_version_2":           {4},
	"ext_misc_print_num_version_1":                         {0},
	"ext_allocator_malloc_version_1":                       {0},
	"ext_allocator_free_version_1":                         {0}, // what it does with a bad one is the allocator's to test
	"ext_logging_log_version_1":                            {0},
	"ext_transaction_index_index_version_1":                {0, 1},
	"ext_transaction_index_renew_version_1":                {0},
	"ext_wasm_tracing_exit_version_1":                      {0},
}

// fullEnv permits everything.
func fullEnv(t testing.TB) *Env {
	world := &offchainStub{}
	return &Env{
		Storage: NewTracker(newState(t).Parent()), Keystore: &keyring{}, Offchain: world, TransactionPool: world, OffchainDB: world,
		MaxLogLevel: LogTrace, Log: func(LogLevel, string, string) {},
	}
}

// arguments are such that every function gets past reading them: spans hold zeros, which are None, an empty sequence, and text; of
// the numbers only 1 is a value everywhere.
func arguments(g *tester, f hostFunc) []any {
	args := make([]any, len(f.params))
	for i, p := range f.params {
		switch {
		case slices.Contains(numbers[f.name], i):
			args[i] = 1
		case p == i64:
			args[i] = make([]byte, 32)
		default:
			args[i] = pointer(make([]byte, 80))
		}
	}
	return args
}

// Every pointer and span outside memory ends the call in a trap that names function, parameter, address, length and memory.
func TestBadPointers(t *testing.T) {
	tried := 0
	for _, f := range hostFuncs {
		for i, p := range f.params {
			if slices.Contains(numbers[f.name], i) || strings.HasPrefix(f.name, "ext_sandbox") {
				continue
			}
			bad := []uint64{64 * pageSize, 0xffffffff, pageSize - 3}
			if p == i64 {
				bad = []uint64{64 * pageSize, 64*pageSize | 1<<32, 0xffffffff | 1<<32, 0xffffffff_00000000, 0xffffffff_ffffffff, pageSize - 3 | 4<<32}
			}
			for _, value := range bad {
				g := newTester(t, fullEnv(t))
				args := arguments(g, f)
				args[i] = value
				_, err := g.call(f.name, args...)
				wantTrap(t, err, f.name, i, ErrOutOfRange)
				var r *RangeError
				if !errors.As(err, &r) || r.Pointer != uint32(value) || r.Memory != pageSize || p == i64 && r.Length != uint32(value>>32) {
					t.Errorf("%s, parameter %d, %#x: got %+v", f.name, i, value, r)
				}
				tried++
			}
		}
	}
	t.Logf("%d bad pointers", tried)
}

// Every function that touches what the context does not have traps with ErrForbidden; no other function does.
func TestForbidden(t *testing.T) {
	forbidden := regexp.MustCompile(`^ext_(storage_[^p]|default_child_storage_|offchain_|benchmarking_)|^ext_crypto_.*_(public_keys|generate|sign|sign_prehashed)_version`)
	open := 0
	for _, f := range hostFuncs {
		t.Run(f.name, func(t *testing.T) {
			g := newTester(t, &Env{})
			_, err := g.call(f.name, arguments(g, f)...)
			switch {
			case slices.ContainsFunc(unofferedFuncs, func(u hostFunc) bool { return u.name == f.name }):
				wantTrap(t, err, f.name, -1, ErrNotOffered)
			case forbidden.MatchString(f.name) && f.name != "ext_storage_changes_root_version_1":
				wantTrap(t, err, f.name, -1, ErrForbidden)
			default:
				open++
				if errors.Is(err, ErrForbidden) {
					t.Errorf("forbidden: %v", err)
				}
			}
		})
	}
	t.Logf("%d functions are open to every context", open)
}

// Arguments that are no such value trap, and say which parameter.
func TestBadArguments(t *testing.T) {
	none, five := []byte{0}, []byte{5}
	for _, c := range []struct {
		name  string
		args  []any
		param int
	}{
		{"ext_storage_clear_prefix_version_2", []any{"a", five}, 1},
		{"ext_storage_clear_prefix_version_2", []any{"a", ""}, 1},
		{"ext_storage_clear_prefix_version_2", []any{"a", []byte{1, 0, 0, 0}}, 1},
		{"ext_storage_clear_prefix_version_3", []any{"a", none, five}, 2},
		{"ext_storage_clear_prefix_version_3", []any{"a", none, []byte{1, 8, 0}}, 2},
		{"ext_storage_root_version_2", []any{2}, 0},
		{"ext_default_child_storage_storage_kill_version_2", []any{"a", five}, 1},
		{"ext_default_child_storage_storage_kill_version_3", []any{"a", five}, 1},
		{"ext_default_child_storage_storage_kill_version_4", []any{"a", none, five}, 2},
		{"ext_default_child_storage_clear_prefix_version_2", []any{"a", "b", five}, 2},
		{"ext_default_child_storage_clear_prefix_version_3", []any{"a", "b", none, five}, 3},
		{"ext_default_child_storage_root_version_2", []any{"a", 255}, 1},
		{"ext_crypto_sr25519_generate_version_1", []any{pointer("aura"), five}, 1},
		{"ext_crypto_sr25519_generate_version_1", []any{pointer("aura"), []byte{1, 4, 0xff}}, 1},
		{"ext_trie_blake2_256_root_version_1", []any{[]byte{4, 0}}, 0},
		{"ext_trie_blake2_256_root_version_1", []any{[]byte{0xfe, 0xff, 0xff, 0xff}}, 0},
		{"ext_trie_blake2_256_ordered_root_version_1", []any{[]byte{0x02, 0, 0, 0x40}}, 0},
		{"ext_trie_blake2_256_ordered_root_version_2", []any{none, 2}, 1},
		{"ext_trie_keccak_256_root_version_2", []any{none, 2}, 1},
		{"ext_trie_keccak_256_verify_proof_version_1", []any{pointer(make([]byte, 32)), five, "", ""}, 1},
		{"ext_logging_log_version_1", []any{5, "", ""}, 0},
		{"ext_logging_log_version_1", []any{255, "", ""}, 0},
		{"ext_logging_log_version_1", []any{1, "\xff", ""}, 1},
		{"ext_offchain_local_storage_set_version_1", []any{0, "", ""}, 0},
		{"ext_offchain_local_storage_get_version_1", []any{3, ""}, 0},
		{"ext_offchain_local_storage_compare_and_set_version_1", []any{1, "", five, ""}, 2},
		{"ext_offchain_http_request_start_version_1", []any{"GET", "\xc3", ""}, 1},
		{"ext_offchain_http_request_write_body_version_1", []any{0, "", []byte{1, 0}}, 2},
		{"ext_offchain_http_response_wait_version_1", []any{[]byte{8, 0, 0}, none}, 0},
		{"ext_benchmarking_set_whitelist_version_1", []any{[]byte{4, 0}}, 0},
		{"ext_benchmarking_add_to_whitelist_version_1", []any{[]byte{0, 0, 0, 0, 0, 0, 0, 0, 0, 2}}, 0},
	} {
		g := newTester(t, fullEnv(t))
		_, err := g.call(c.name, c.args...)
		wantTrap(t, err, c.name, c.param, ErrArgument)
	}
	g := newTester(t, fullEnv(t))
	_, err := g.call("ext_storage_clear_prefix_version_2", "a", five)
	if !errors.Is(err, scale.ErrInvalid) {
		t.Errorf("%v does not wrap the decoder's error", err)
	}
}

// FuzzHostCalls makes calls of any functions with any numbers for arguments. Each returns or traps; memory stays within its ceiling.
func FuzzHostCalls(f *testing.F) {
	f.Add([]byte{0, 0, 4, 0, 0, 1, 0, 4, 0, 0, 1})
	f.Add([]byte{30, 9, 9, 9, 9, 9, 9, 9, 9, 9, 9})
	f.Add([]byte{77, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255})
	f.Fuzz(func(t *testing.T, program []byte) {
		g := newTester(t, fullEnv(t))
		for calls := 0; len(program) > 0 && calls < 8; calls++ {
			row := hostFuncs[int(program[0])%len(hostFuncs)]
			program = program[1:]
			args := make([]any, len(row.params))
			for i, p := range row.params {
				var raw [5]byte
				program = program[copy(raw[:], program):]
				value := uint64(raw[0])<<8 | uint64(raw[1])
				if p == i64 {
					value |= uint64(raw[2])<<32 | uint64(raw[3]&1)<<(32+17) | uint64(raw[4])<<56
				}
				args[i] = value
			}
			if row.name == "ext_misc_runtime_version_version_1" {
				continue // loading code has its own fuzzers
			}
			if _, err := g.call(row.name, args...); err != nil {
				var trap *Trap
				if !errors.As(err, &trap) || trap.Function == "" && !errors.Is(err, ErrMemoryLimit) {
					t.Fatalf("%s%v: %v", row.name, args, err)
				}
				if strings.Contains(err.Error(), "BUG") {
					t.Fatal(err)
				}
				return
			}
			if size := g.in.mem.Size(); size > 64*pageSize {
				t.Fatalf("memory has %d bytes", size)
			}
		}
	})
}
