package wasmhost

import (
	"encoding/hex"
	"encoding/json"
	"maps"
	"os"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/gotensor/gotensor/internal/outside"
	"github.com/gotensor/gotensor/primitives/keys"
	"github.com/gotensor/gotensor/primitives/scale"
)

// suiteCase is a case of w3f/polkadot-tests; see testdata/README.md.
type suiteCase struct {
	Function string
	Input    []string
	Output   []string
}

// TestPolkadotTests runs the Host API suite of w3f/polkadot-tests through the real ABI, on both engines.
func TestPolkadotTests(t *testing.T) {
	cases := suiteCases(t)
	counts := map[string]int{}
	for name, runtime := range map[string]func() (*Runtime, error){"compiler": proxyRuntime, "interpreter": proxyInterpreted} {
		for i, c := range cases {
			t.Run(name+" "+strconv.Itoa(i)+" "+c.Function, func(t *testing.T) {
				run := suite[c.Function]
				if run == nil {
					t.Fatalf("no test for %s", c.Function)
				}
				// The suite's externalities hold an empty :code, as those of Substrate's tests do.
				env := &Env{Storage: newState(t, ":code", ""), Keystore: &keyring{}, OffchainDB: &offchainStub{}}
				got := run(newTesterOn(t, env, runtime), c.Input)
				if c.Output != nil && !slices.Equal(got, c.Output) {
					t.Errorf("got %q, want %q", got, c.Output)
				}
				if name == "compiler" {
					counts[c.Function]++
				}
			})
		}
	}
	total := 0
	for _, name := range slices.Sorted(maps.Keys(counts)) {
		total += counts[name]
		t.Logf("%3d cases of %s", counts[name], name)
	}
	t.Logf("%d cases in all, of %d in the suite", total, len(cases))
	if total != 379 || total != len(cases) {
		t.Errorf("%d cases ran, the suite has 379", total)
	}
	if len(counts) != len(suite) {
		t.Errorf("%d functions have cases, tests exist for %d", len(counts), len(suite))
	}
}

func suiteCases(t *testing.T) (cases []suiteCase) {
	data, err := os.ReadFile("testdata/polkadot_tests.json")
	if err != nil {
		t.Fatal(err)
	}
	if err := json.Unmarshal(data, &cases); err != nil {
		t.Fatal(err)
	}
	return cases
}

// suite makes the calls of each test as adapters/substrate of the suite makes them, and returns the lines that it prints.
var suite = map[string]func(g *tester, in []string) []string{
	"test_storage_init": func(g *tester, _ []string) []string {
		return []string{hex.EncodeToString(g.bytes("ext_storage_root_version_1"))}
	},
	"ext_hashing_keccak_256_version_1": suiteHash("ext_hashing_keccak_256_version_1", 32),
	"ext_hashing_sha2_256_version_1":   suiteHash("ext_hashing_sha2_256_version_1", 32),
	"ext_hashing_blake2_128_version_1": suiteHash("ext_hashing_blake2_128_version_1", 16),
	"ext_hashing_blake2_256_version_1": suiteHash("ext_hashing_blake2_256_version_1", 32),
	"ext_hashing_twox_256_version_1":   suiteHash("ext_hashing_twox_256_version_1", 32),
	"ext_hashing_twox_128_version_1":   suiteHash("ext_hashing_twox_128_version_1", 16),
	"ext_hashing_twox_64_version_1":    suiteHash("ext_hashing_twox_64_version_1", 8),
	"ext_allocator_malloc_version_1":   suiteAllocator,
	"ext_allocator_free_version_1":     suiteAllocator,

	"ext_storage_set_version_1":          func(g *tester, in []string) []string { return suiteSet(g, suiteTop, in) },
	"ext_storage_get_version_1":          func(g *tester, in []string) []string { return suiteSet(g, suiteTop, in) },
	"ext_storage_clear_version_1":        func(g *tester, in []string) []string { return suiteClear(g, suiteTop, in) },
	"ext_storage_exists_version_1":       func(g *tester, in []string) []string { return suiteExists(g, suiteTop, in) },
	"ext_storage_read_version_1":         func(g *tester, in []string) []string { return suiteRead(g, suiteTop, in) },
	"ext_storage_clear_prefix_version_1": func(g *tester, in []string) []string { suiteClearPrefix(g, suiteTop, in); return nil },
	"ext_storage_next_key_version_1":     func(g *tester, in []string) []string { return suiteNextKey(g, suiteTop, in) },
	"ext_storage_root_version_1":         func(g *tester, in []string) []string { return suiteRoot(g, suiteTop, in) },
	"ext_storage_append_version_1":       suiteAppend,

	"ext_default_child_storage_set_version_1":          func(g *tester, in []string) []string { return suiteSet(g, suiteChild(in), in[2:]) },
	"ext_default_child_storage_get_version_1":          func(g *tester, in []string) []string { return suiteSet(g, suiteChild(in), in[2:]) },
	"ext_default_child_storage_clear_version_1":        func(g *tester, in []string) []string { return suiteClear(g, suiteChild(in), in[2:]) },
	"ext_default_child_storage_exists_version_1":       func(g *tester, in []string) []string { return suiteExists(g, suiteChild(in), in[2:]) },
	"ext_default_child_storage_read_version_1":         func(g *tester, in []string) []string { return suiteRead(g, suiteChild(in), in[2:]) },
	"ext_default_child_storage_clear_prefix_version_1": func(g *tester, in []string) []string { return suiteClearPrefix(g, suiteChild(in), in[2:]) },
	"ext_default_child_storage_next_key_version_1":     func(g *tester, in []string) []string { return suiteNextKey(g, suiteChild(in), in[2:]) },
	"ext_default_child_storage_root_version_1":         func(g *tester, in []string) []string { return suiteRoot(g, suiteChild(in), in[2:]) },
	"ext_default_child_storage_storage_kill_version_1": suiteKill,

	"ext_crypto_ed25519_generate_version_1":    suiteGenerate("ed25519"),
	"ext_crypto_ed25519_public_keys_version_1": suitePublicKeys("ed25519"),
	"ext_crypto_ed25519_sign_version_1":        suiteSign("ed25519", keys.Ed25519),
	"ext_crypto_ed25519_verify_version_1":      suiteSign("ed25519", keys.Ed25519),
	"ext_crypto_sr25519_generate_version_1":    suiteGenerate("sr25519"),
	"ext_crypto_sr25519_public_keys_version_1": suitePublicKeys("sr25519"),
	"ext_crypto_sr25519_sign_version_1":        suiteSign("sr25519", keys.Sr25519),
	"ext_crypto_sr25519_verify_version_1":      suiteSign("sr25519", keys.Sr25519),

	"ext_trie_blake2_256_root_version_1": func(g *tester, in []string) []string {
		pairs := scale.AppendLen(nil, len(in)/2)
		for _, s := range in {
			pairs = scale.AppendString(pairs, s)
		}
		return []string{hex.EncodeToString(g.fixed(32, "ext_trie_blake2_256_root_version_1", pairs))}
	},
	"ext_trie_blake2_256_ordered_root_version_1": func(g *tester, in []string) []string {
		items := scale.AppendSeq(nil, in, scale.AppendString)
		return []string{hex.EncodeToString(g.fixed(32, "ext_trie_blake2_256_ordered_root_version_1", items))}
	},

	"ext_offchain_local_storage_set_version_1":             suiteLocalSet,
	"ext_offchain_local_storage_get_version_1":             suiteLocalSet,
	"ext_offchain_local_storage_clear_version_1":           suiteLocalClear,
	"ext_offchain_local_storage_compare_and_set_version_1": suiteLocalCompareAndSet,
}

func suiteHash(name string, size int) func(*tester, []string) []string {
	return func(g *tester, in []string) []string { return []string{hex.EncodeToString(g.fixed(size, name, in[0]))} }
}

func suiteAllocator(g *tester, in []string) []string {
	ptr := g.must("ext_allocator_malloc_version_1", len(in[0]))
	if !g.in.mem.WriteString(uint32(ptr), in[0]) {
		g.t.Fatalf("%d bytes at %#x are outside memory", len(in[0]), ptr)
	}
	back := string(g.readAt(ptr, len(in[0])))
	g.must("ext_allocator_free_version_1", ptr)
	return []string{back}
}

// suiteTrie names the functions of the top trie or of child tries, and the leading arguments for the child trie meant and for another.
type suiteTrie struct {
	name       string
	own, other []any
}

var suiteTop = suiteTrie{name: "ext_storage_"}

func suiteChild(in []string) suiteTrie {
	return suiteTrie{"ext_default_child_storage_", []any{in[0]}, []any{in[1]}}
}

func (s suiteTrie) call(f string) string { return s.name + f + "_version_1" }

func with(lead []any, args ...any) []any { return append(slices.Clone(lead), args...) }

func (s suiteTrie) set(g *tester, key, value string) {
	g.must(s.call("set"), with(s.own, key, value)...)
}

func (s suiteTrie) expect(g *tester, lead []any, key, want string, wantOK bool) {
	g.t.Helper()
	if got, ok := g.option(s.call("get"), with(lead, key)...); got != want || ok != wantOK {
		g.t.Errorf("get %q: got %q, %v, want %q, %v", key, got, ok, want, wantOK)
	}
}

func suiteSet(g *tester, s suiteTrie, in []string) []string {
	s.expect(g, s.own, in[0], "", false)
	s.set(g, in[0], in[1])
	if s.other != nil {
		s.expect(g, s.other, in[0], "", false)
	}
	value, _ := g.option(s.call("get"), with(s.own, in[0])...)
	return []string{value}
}

func suiteClear(g *tester, s suiteTrie, in []string) []string {
	s.set(g, in[0], in[1])
	if s.other != nil {
		g.must(s.call("clear"), with(s.other, in[0])...)
		s.expect(g, s.own, in[0], in[1], true)
	}
	g.must(s.call("clear"), with(s.own, in[0])...)
	s.expect(g, s.own, in[0], "", false)
	return []string{}
}

func suiteExists(g *tester, s suiteTrie, in []string) []string {
	check := func(lead []any, want uint64) {
		g.t.Helper()
		if got := g.must(s.call("exists"), with(lead, in[0])...); got != want {
			g.t.Errorf("exists: got %d, want %d", got, want)
		}
	}
	check(s.own, 0)
	s.set(g, in[0], in[1])
	if s.other != nil {
		check(s.other, 0)
	}
	check(s.own, 1)
	return []string{"true"}
}

func suiteRead(g *tester, s suiteTrie, in []string) []string {
	offset, _ := strconv.Atoi(in[2])
	size, _ := strconv.Atoi(in[3])
	read := func(lead []any) (string, bool) {
		buffer := g.span(make([]byte, size))
		n, err := scale.UnmarshalFunc(g.bytes(s.call("read"), with(lead, in[0], buffer, offset)...), optionU32)
		if err != nil {
			g.t.Fatal(err)
		}
		if n == nil {
			return "", false
		}
		return string(g.read(buffer)[:min(int(*n), size)]), true
	}
	if _, ok := read(s.own); ok {
		g.t.Error("an absent key was read")
	}
	s.set(g, in[0], in[1])
	if s.other != nil {
		if _, ok := read(s.other); ok {
			g.t.Error("a key of another child trie was read")
		}
	}
	got, ok := read(s.own)
	if !ok {
		g.t.Error("the key is absent")
	}
	return []string{got}
}

func suiteClearPrefix(g *tester, s suiteTrie, in []string) []string {
	s.set(g, in[1], in[2])
	s.set(g, in[3], in[4])
	if s.other != nil {
		g.must(s.call("clear_prefix"), with(s.other, in[0])...)
	}
	g.must(s.call("clear_prefix"), with(s.own, in[0])...)
	lines := []string{}
	for _, kv := range [][2]string{{in[1], in[2]}, {in[3], in[4]}} {
		if strings.HasPrefix(kv[0], in[0]) {
			s.expect(g, s.own, kv[0], "", false)
			continue
		}
		s.expect(g, s.own, kv[0], kv[1], true)
		lines = append(lines, kv[1])
	}
	return lines
}

func suiteNextKey(g *tester, s suiteTrie, in []string) []string {
	next := func(lead []any, key, want string, wantOK bool) {
		g.t.Helper()
		if got, ok := g.option(s.call("next_key"), with(lead, key)...); got != want || ok != wantOK {
			g.t.Errorf("next key of %q: got %q, %v, want %q, %v", key, got, ok, want, wantOK)
		}
	}
	next(s.own, in[0], "", false)
	s.set(g, in[0], in[1])
	s.set(g, in[2], in[3])
	low, high := min(in[0], in[2]), max(in[0], in[2])
	next(s.own, low, high, true)
	next(s.own, high, "", false)
	if s.other != nil {
		next(s.other, low, "", false)
		next(s.other, high, "", false)
	}
	return []string{high}
}

func suiteRoot(g *tester, s suiteTrie, in []string) []string {
	s.set(g, in[0], in[1])
	s.set(g, in[2], in[3])
	if s.other != nil {
		other := suiteTrie{s.name, s.other, nil}
		other.set(g, in[0], in[3])
		other.set(g, in[2], in[1])
	}
	return []string{hex.EncodeToString(g.bytes(s.call("root"), s.own...))}
}

func suiteKill(g *tester, in []string) []string {
	s, in := suiteChild(in), in[2:]
	s.set(g, in[0], in[1])
	s.set(g, in[2], in[3])
	g.must(s.call("storage_kill"), s.other...)
	s.expect(g, s.own, in[0], in[1], true)
	s.expect(g, s.own, in[2], in[3], true)
	g.must(s.call("storage_kill"), s.own...)
	s.expect(g, s.own, in[0], "", false)
	s.expect(g, s.own, in[2], "", false)
	return []string{}
}

func suiteAppend(g *tester, in []string) []string {
	appendAll := func(key string, items ...string) string {
		suiteTop.expect(g, nil, key, "", false)
		for _, item := range items {
			g.must("ext_storage_append_version_1", key, scale.AppendString(nil, item))
		}
		value, _ := g.option("ext_storage_get_version_1", key)
		got, err := scale.UnmarshalFunc([]byte(value), func(d *scale.Decoder) []string { return scale.DecodeSeq(d, (*scale.Decoder).Text) })
		if err != nil {
			g.t.Fatal(err)
		}
		return strings.Join(got, ";")
	}
	return []string{appendAll(in[0], in[1], in[3]), appendAll(in[2], in[3], in[1], in[3], in[1])}
}

// suiteKeyType is the key type of the suite: sp_core's DUMMY.
var suiteKeyType = pointer("dumy")

func suiteSeed(seed string) []byte { return scale.AppendString([]byte{1}, seed) }

func suiteGenerate(scheme string) func(*tester, []string) []string {
	return func(g *tester, in []string) []string {
		return []string{hex.EncodeToString(g.fixed(32, "ext_crypto_"+scheme+"_generate_version_1", suiteKeyType, suiteSeed(in[0])))}
	}
}

func suitePublicKeys(scheme string) func(*tester, []string) []string {
	return func(g *tester, in []string) []string {
		var want []string
		for _, seed := range in {
			want = append(want, string(g.fixed(32, "ext_crypto_"+scheme+"_generate_version_1", suiteKeyType, suiteSeed(seed))))
		}
		got, err := scale.UnmarshalFunc(g.bytes("ext_crypto_"+scheme+"_public_keys_version_1", suiteKeyType), func(d *scale.Decoder) []string {
			return scale.DecodeSeq(d, func(d *scale.Decoder) string { return string(d.Take(32)) })
		})
		slices.Sort(want)
		if err != nil || !slices.Equal(slices.Sorted(slices.Values(got)), want) {
			g.t.Errorf("got %x, %v, want %x", got, err, want)
		}
		return nil
	}
}

func suiteSign(scheme string, s keys.Scheme) func(*tester, []string) []string {
	return func(g *tester, in []string) []string {
		public := g.fixed(32, "ext_crypto_"+scheme+"_generate_version_1", suiteKeyType, suiteSeed(in[0]))
		signed := g.bytes("ext_crypto_"+scheme+"_sign_version_1", suiteKeyType, pointer(public), in[1])
		if len(signed) != 65 || signed[0] != 1 {
			g.t.Fatalf("signature is %x", signed)
		}
		if !keys.Verify(s, signed[1:], []byte(in[1]), public) {
			g.t.Error("the signature is bad")
		}
		if g.must("ext_crypto_"+scheme+"_verify_version_1", pointer(signed[1:]), in[1], pointer(public)) != 1 {
			g.t.Error("the host says that the signature is bad")
		}
		if g.must("ext_crypto_"+scheme+"_verify_version_1", pointer(signed[1:]), in[1]+".", pointer(public)) != 0 {
			g.t.Error("the host says that a signature of another message is good")
		}
		return nil
	}
}

// suiteKinds returns the kind of local storage that is meant, and the other one.
func suiteKinds(in string) (kind, other int) {
	if in == "0" {
		return 1, 2
	}
	return 2, 1
}

func suiteLocal(g *tester, kind int, key, want string, wantOK bool) {
	g.t.Helper()
	if got, ok := g.option("ext_offchain_local_storage_get_version_1", kind, key); got != want || ok != wantOK {
		g.t.Errorf("local storage %d at %q: got %q, %v, want %q, %v", kind, key, got, ok, want, wantOK)
	}
}

func suiteLocalSet(g *tester, in []string) []string {
	kind, other := suiteKinds(in[0])
	suiteLocal(g, kind, in[1], "", false)
	g.must("ext_offchain_local_storage_set_version_1", kind, in[1], in[2])
	suiteLocal(g, other, in[1], "", false)
	suiteLocal(g, kind, in[1], in[2], true)
	return []string{in[2]}
}

func suiteLocalClear(g *tester, in []string) []string {
	kind, other := suiteKinds(in[0])
	g.must("ext_offchain_local_storage_set_version_1", kind, in[1], in[2])
	g.must("ext_offchain_local_storage_clear_version_1", other, in[1])
	suiteLocal(g, kind, in[1], in[2], true)
	g.must("ext_offchain_local_storage_clear_version_1", kind, in[1])
	suiteLocal(g, kind, in[1], "", false)
	return []string{}
}

func suiteLocalCompareAndSet(g *tester, in []string) []string {
	kind, other := suiteKinds(in[0])
	key, old, value := in[1], in[2], in[3]
	set := func(kind int, expected []byte, value string, want uint64) {
		g.t.Helper()
		if got := g.must("ext_offchain_local_storage_compare_and_set_version_1", kind, key, expected, value); got != want {
			g.t.Errorf("compare and set: got %d, want %d", got, want)
		}
	}
	set(kind, []byte{0}, old, 1)
	set(kind, suiteSeed(value), old, 0)
	suiteLocal(g, kind, key, old, true)
	set(other, suiteSeed(old), value, 0)
	set(kind, suiteSeed(old), value, 1)
	got, _ := g.option("ext_offchain_local_storage_get_version_1", kind, key)
	return []string{got}
}

// TestPolkadotTestsSource compares the cases in testdata with the suite itself: the same functions, and no input or output that it does not state.
func TestPolkadotTestsSource(t *testing.T) {
	const dir = "w3f/polkadot-tests/fixtures/host-api/"
	functions := string(outside.Read(t, 1, dir+"HostApiFunctions.jl"))
	inputs := string(outside.Read(t, 1, dir+"HostApiInputs.jl"))
	outputs := string(outside.Read(t, 1, dir+"HostApiOutputs.jl"))
	cases := suiteCases(t)
	names := map[string]bool{}
	for _, c := range cases {
		names[c.Function] = true
		for _, in := range c.Input {
			if _, err := strconv.Atoi(in); err != nil && !strings.Contains(inputs, `"`+in+`"`) {
				t.Errorf("%s: input %q is not in the suite", c.Function, in)
			}
		}
		if out := strings.Join(c.Output, `\n`); !strings.Contains(outputs, `"`+out+`"`) && !strings.Contains(outputs, `"`+out+`\n"`) {
			t.Errorf("%s: output %q is not in the suite", c.Function, out)
		}
	}
	quoted := regexp.MustCompile(`"[a-z0-9_]+"`).FindAllString(functions, -1)
	for _, name := range quoted {
		if !names[strings.Trim(name, `"`)] {
			t.Errorf("%s has no case", name)
		}
	}
	if len(quoted) != len(names) || len(names) == 0 {
		t.Errorf("the suite has %d functions, testdata %d", len(quoted), len(names))
	}
}
