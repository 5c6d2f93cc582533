package wasmhost

import (
	"bytes"
	"context"
	"encoding/binary"
	"encoding/hex"
	"errors"
	"fmt"
	"math"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/gotensor/gotensor/internal/codeblob"
	"github.com/gotensor/gotensor/internal/wasmbin"
	"github.com/gotensor/gotensor/primitives/chain"
	"github.com/gotensor/gotensor/primitives/hash"
	"github.com/gotensor/gotensor/primitives/keys"
	"github.com/gotensor/gotensor/primitives/scale"
	"github.com/gotensor/gotensor/storage"
	"github.com/gotensor/gotensor/storage/trie"
	"github.com/gotensor/gotensor/wasmhost/internal/heap"
)

func wantBytes(t *testing.T, what string, got []byte, want string) {
	t.Helper()
	if hex.EncodeToString(got) != want {
		t.Errorf("%s: got %x, want %s", what, got, want)
	}
}

func u32s(numbers ...uint32) (out []byte) {
	for _, n := range numbers {
		out = scale.AppendU32(out, n)
	}
	return out
}

// The versions of clear_prefix differ in what they take and say; the limit counts keys of the parent state only.
func TestClearPrefix(t *testing.T) {
	fresh := func() *tester {
		g := newTester(t, &Env{Storage: newState(t, "a1", "x", "a2", "x", "a3", "x", "b", "x")})
		g.must("ext_storage_set_version_1", "a0", "new")
		return g
	}
	left := func(g *tester) string {
		var keys []string
		for key, ok := g.option("ext_storage_next_key_version_1", ""); ok; key, ok = g.option("ext_storage_next_key_version_1", key) {
			keys = append(keys, key)
		}
		return strings.Join(keys, " ")
	}
	none, two := []byte{0}, append([]byte{1}, u32s(2)...)

	g := fresh()
	g.must("ext_storage_clear_prefix_version_1", "a")
	if got := left(g); got != "b" {
		t.Errorf("version 1 leaves %q", got)
	}
	g = fresh()
	wantBytes(t, "version 2 without limit", g.bytes("ext_storage_clear_prefix_version_2", "a", none), "00"+hex.EncodeToString(u32s(3)))
	g = fresh()
	wantBytes(t, "version 2 with limit", g.bytes("ext_storage_clear_prefix_version_2", "a", two), "01"+hex.EncodeToString(u32s(2)))
	if got := left(g); got != "a3 b" {
		t.Errorf("version 2 with a limit leaves %q", got)
	}
	g = fresh()
	wantBytes(t, "version 3 with limit", g.bytes("ext_storage_clear_prefix_version_3", "a", two, none), "01086133"+hex.EncodeToString(u32s(2, 3, 2)))
	wantBytes(t, "version 3 from its cursor", g.bytes("ext_storage_clear_prefix_version_3", "a", two, scale.AppendString([]byte{1}, "a3")),
		"00"+hex.EncodeToString(u32s(1, 1, 1)))
	if got := left(g); got != "b" {
		t.Errorf("version 3 leaves %q", got)
	}
}

func TestChildTries(t *testing.T) {
	none := []byte{0}
	g := newTester(t, &Env{Storage: newState(t)})
	fill := func() {
		for _, key := range []string{"k1", "k2", "q"} {
			g.must("ext_default_child_storage_set_version_1", "child", key, "value of "+key)
		}
	}
	fill()
	// The child trie of the empty key is not the top trie.
	g.must("ext_default_child_storage_set_version_1", "", "k", "v")
	if _, ok := g.option("ext_storage_get_version_1", "k"); ok {
		t.Error("a child trie's key is in the top trie")
	}
	if v, _ := g.option("ext_default_child_storage_get_version_1", "", "k"); v != "v" {
		t.Errorf("the child trie of the empty key has %q", v)
	}
	h := trie.New()
	for _, key := range []string{"k1", "k2", "q"} {
		if err := h.Put([]byte(key), []byte("value of "+key), trie.V0); err != nil {
			t.Fatal(err)
		}
	}
	root := h.Root()
	for _, got := range [][]byte{
		g.bytes("ext_default_child_storage_root_version_1", "child"),
		g.bytes("ext_default_child_storage_root_version_2", "child", 0),
	} {
		wantBytes(t, "child root", got, hex.EncodeToString(root[:]))
	}
	wantBytes(t, "clear prefix 2", g.bytes("ext_default_child_storage_clear_prefix_version_2", "child", "k", none), "00"+hex.EncodeToString(u32s(0)))
	if v, _ := g.option("ext_default_child_storage_next_key_version_1", "child", ""); v != "q" {
		t.Errorf("left is %q", v)
	}
	fill()
	wantBytes(t, "clear prefix 3", g.bytes("ext_default_child_storage_clear_prefix_version_3", "child", "k", none, none), "00"+hex.EncodeToString(u32s(0, 2, 0)))
	if got := g.must("ext_default_child_storage_storage_kill_version_2", "child", none); got != 1 {
		t.Errorf("kill 2 says %d", got)
	}
	fill()
	wantBytes(t, "kill 3", g.bytes("ext_default_child_storage_storage_kill_version_3", "child", none), "00"+hex.EncodeToString(u32s(0)))
	fill()
	wantBytes(t, "kill 4", g.bytes("ext_default_child_storage_storage_kill_version_4", "child", none, none), "00"+hex.EncodeToString(u32s(0, 3, 0)))
	empty := trie.EmptyRoot
	wantBytes(t, "root of an empty child", g.bytes("ext_default_child_storage_root_version_1", "child"), hex.EncodeToString(empty[:]))
	// What the guest may not touch by hand stays.
	g.must("ext_storage_set_version_1", ":child_storage:default:child", "forged")
	if _, ok := g.option("ext_storage_get_version_1", ":child_storage:default:child"); ok {
		t.Error("a child root was written by hand")
	}
}

func TestRootVersions(t *testing.T) {
	long := strings.Repeat("long ", 10)
	g := newTester(t, &Env{Storage: newState(t)})
	g.must("ext_storage_set_version_1", "key", long)
	pairs := []trie.Pair{{Key: []byte("key"), Value: []byte(long)}}
	for version, want := range []hash.H256{trie.RootOf(pairs, trie.V0), trie.RootOf(pairs, trie.V1)} {
		g.must("ext_storage_set_version_1", "other", "x") // writes again, so that the root is calculated
		g.must("ext_storage_clear_version_1", "other")
		wantBytes(t, fmt.Sprint("root under version ", version), g.bytes("ext_storage_root_version_2", version), hex.EncodeToString(want[:]))
	}
	if got := g.bytes("ext_storage_changes_root_version_1", make([]byte, 32)); !bytes.Equal(got, []byte{0}) {
		t.Errorf("changes root: got %x", got)
	}
}

func TestTransactions(t *testing.T) {
	state := newState(t)
	g := newTester(t, &Env{Storage: state})
	begin, rollback, commit := "ext_storage_start_transaction_version_1", "ext_storage_rollback_transaction_version_1", "ext_storage_commit_transaction_version_1"
	set := func(v string) {
		g.must("ext_storage_set_version_1", "key", v)
		g.must("ext_offchain_index_set_version_1", "key", v)
	}
	want := func(v, writes string) {
		t.Helper()
		var index []string
		for _, c := range state.Changes().Offchain {
			if c.Delete {
				index = append(index, "-"+string(c.Key))
			} else {
				index = append(index, string(c.Key)+"="+string(c.Value))
			}
		}
		if got, _ := g.option("ext_storage_get_version_1", "key"); got != v || strings.Join(index, " ") != writes {
			t.Errorf("got %q and index %q, want %q and %q", got, index, v, writes)
		}
	}
	set("1")
	want("1", "key=1")
	g.must(begin)
	set("2")
	want("2", "key=2")
	g.must(begin)
	set("3")
	g.must("ext_offchain_index_clear_version_1", "gone")
	want("3", "-gone key=3")
	g.must(rollback)
	want("2", "key=2")
	g.must(begin)
	set("4")
	g.must("ext_offchain_index_clear_version_1", "gone")
	g.must(commit)
	g.must(commit)
	want("4", "-gone key=4")
	g.must(begin)
	set("5")
	g.must(rollback)
	want("4", "-gone key=4")
	_, err := g.call(rollback)
	wantTrap(t, err, rollback, -1, storage.ErrNoTransaction)
	_, err = g.call(commit)
	wantTrap(t, err, commit, -1, storage.ErrNoTransaction)
}

// What the runtime writes for offchain use is part of what the host's transaction takes back: a refused extrinsic leaves nothing there.
func TestHostRollback(t *testing.T) {
	state := newState(t)
	if err := state.Begin(); err != nil {
		t.Fatal(err)
	}
	if err := state.EnterRuntime(); err != nil {
		t.Fatal(err)
	}
	g := newTester(t, &Env{Storage: state})
	g.must("ext_offchain_index_set_version_1", "key", "value")
	g.must("ext_storage_start_transaction_version_1")
	g.must("ext_offchain_index_set_version_1", "other", "value")
	g.must("ext_storage_commit_transaction_version_1")
	if _, err := state.ExitRuntime(); err != nil {
		t.Fatal(err)
	}
	if n := len(state.Changes().Offchain); n != 2 {
		t.Errorf("%d writes before the rollback", n)
	}
	if err := state.Rollback(); err != nil {
		t.Fatal(err)
	}
	if left := state.Changes().Offchain; len(left) != 0 {
		t.Errorf("left after the rollback: %v", left)
	}
}

func TestReadAtOffsets(t *testing.T) {
	g := newTester(t, &Env{Storage: newState(t, "key", "0123456789")})
	for _, c := range []struct {
		size, offset int
		want         string
		left         uint32
	}{{4, 0, "0123", 10}, {4, 8, "89..", 2}, {4, 10, "....", 0}, {4, 11, "....", 0}, {4, math.MaxUint32, "....", 0}, {0, 3, "", 7}} {
		buffer := g.span([]byte("........")[:c.size])
		got := g.bytes("ext_storage_read_version_1", "key", buffer, c.offset)
		wantBytes(t, fmt.Sprint("read at ", c.offset), got, "01"+hex.EncodeToString(u32s(c.left)))
		if b := string(g.read(buffer)); b != c.want {
			t.Errorf("read at %d: buffer has %q, want %q", c.offset, b, c.want)
		}
	}
}

func TestProofSize(t *testing.T) {
	env := &Env{}
	g := newTester(t, env)
	if got := g.must("ext_storage_proof_size_storage_proof_size_version_1"); got != math.MaxUint64 {
		t.Errorf("without a recorder: got %d", got)
	}
	env.ProofSize = func() uint64 { return 123456 }
	if got := g.must("ext_storage_proof_size_storage_proof_size_version_1"); got != 123456 {
		t.Errorf("got %d", got)
	}
}

func TestAllocator(t *testing.T) {
	g := newTester(t, &Env{})
	if got := g.must("ext_allocator_malloc_version_1", 0); got != proxyHeapBase+8 {
		t.Errorf("the first allocation is at %#x, want %#x", got, proxyHeapBase+8)
	}
	_, err := g.call("ext_allocator_free_version_1", 4)
	wantTrap(t, err, "ext_allocator_free_version_1", -1, heap.ErrCorrupt)
	_, err = g.call("ext_allocator_malloc_version_1", 1)
	wantTrap(t, err, "ext_allocator_malloc_version_1", -1, heap.ErrPoisoned)
	g = newTester(t, &Env{})
	_, err = g.call("ext_allocator_malloc_version_1", 32<<20+1)
	wantTrap(t, err, "ext_allocator_malloc_version_1", -1, heap.ErrTooLarge)
	g = newTester(t, &Env{})
	_, err = g.call("ext_allocator_malloc_version_1", 5<<20) // the call may have 4 MiB
	wantTrap(t, err, "ext_allocator_malloc_version_1", -1, heap.ErrOutOfSpace)
	// The host's own answers come from the same heap.
	g = newTester(t, &Env{Storage: newState(t, "key", strings.Repeat("x", 1<<20))})
	for err = nil; err == nil; {
		_, err = g.call("ext_storage_get_version_1", "key")
	}
	wantTrap(t, err, "ext_storage_get_version_1", -1, heap.ErrOutOfSpace)
}

func TestLogging(t *testing.T) {
	var lines []string
	env := &Env{MaxLogLevel: LogDebug, Log: func(level LogLevel, target, message string) {
		lines = append(lines, fmt.Sprintf("%d %s: %s", level, target, message))
	}}
	g := newTester(t, env)
	if got := g.must("ext_logging_max_level_version_1"); got != 4 {
		t.Errorf("max level is %d", got)
	}
	g.must("ext_logging_log_version_1", 0, "runtime", "an error")
	g.must("ext_logging_log_version_1", 3, "", "a detail")
	g.must("ext_logging_log_version_1", 4, "runtime", "a trace")
	g.must("ext_logging_log_version_1", 1, "runtime", "no utf-8: \xff")
	g.must("ext_misc_print_num_version_1", uint64(math.MaxUint64))
	g.must("ext_misc_print_utf8_version_1", "τ")
	g.must("ext_misc_print_utf8_version_1", "\xff")
	g.must("ext_misc_print_hex_version_1", []byte{0, 0xab})
	want := []string{"1 runtime: an error", "4 : a detail", "4 runtime: 18446744073709551615", "4 runtime: τ", "4 runtime: 00ab"}
	if !slices.Equal(lines, want) {
		t.Errorf("got %q, want %q", lines, want)
	}
	env.MaxLogLevel = LogInfo
	g.must("ext_misc_print_num_version_1", 7)
	env.Log = nil
	g.must("ext_logging_log_version_1", 0, "runtime", "nobody listens")
	if len(lines) != len(want) {
		t.Errorf("more was logged: %q", lines[len(want):])
	}
	if got := g.in.call.lastError; got != "nobody listens" {
		t.Errorf("the last error is %q", got)
	}
}

func TestPanicHandler(t *testing.T) {
	for text, want := range map[string]string{
		"attempt to divide by zero":       "attempt to divide by zero",
		"bad \xff text":                   "bad \uFFFD text",
		strings.Repeat("x", 100_000)[:70]: strings.Repeat("x", 70),
	} {
		g := newTester(t, &Env{})
		_, err := g.call("ext_panic_handler_abort_on_panic_version_1", text)
		var p *GuestPanic
		if !errors.As(err, &p) || p.Message != want {
			t.Errorf("got %v, want %q", err, want)
		}
	}
}

func TestSignatures(t *testing.T) {
	message := "the message"
	for _, scheme := range []keys.Scheme{keys.Ed25519, keys.Sr25519, keys.Ecdsa} {
		t.Run(scheme.String(), func(t *testing.T) {
			ring := &keyring{}
			g := newTester(t, &Env{Keystore: ring})
			f := func(name string) string { return "ext_crypto_" + scheme.String() + "_" + name }
			id := pointer("acco")
			public := g.fixed(scheme.PublicKeySize(), f("generate_version_1"), id, suiteSeed("//Alice"))
			alice, err := keys.FromURI(scheme, "//Alice", "")
			if err != nil || !bytes.Equal(public, alice.Public()) {
				t.Fatalf("got %x, %v, want %x", public, err, alice.Public())
			}
			// An empty seed is the empty URI, whose phrase is the well-known one, and not None.
			dev, err := keys.FromURI(scheme, "", "")
			if err != nil {
				t.Fatal(err)
			}
			if got := g.fixed(scheme.PublicKeySize(), f("generate_version_1"), pointer("none"), suiteSeed("")); !bytes.Equal(got, dev.Public()) {
				t.Errorf("of an empty seed: got %x, want %x", got, dev.Public())
			}
			random := g.fixed(scheme.PublicKeySize(), f("generate_version_1"), id, []byte{0})
			list := g.bytes(f("public_keys_version_1"), id)
			if !bytes.Equal(list, append([]byte{8}, append(bytes.Clone(public), random...)...)) {
				t.Errorf("public keys are %x", list)
			}
			if other := g.bytes(f("public_keys_version_1"), pointer("aura")); !bytes.Equal(other, []byte{0}) {
				t.Errorf("of another type there are %x", other)
			}
			signed := g.bytes(f("sign_version_1"), id, pointer(public), message)
			sig := signed[1:]
			if signed[0] != 1 || !keys.Verify(scheme, sig, []byte(message), public) {
				t.Errorf("signature %x is bad", signed)
			}
			if got := g.bytes(f("sign_version_1"), pointer("aura"), pointer(public), message); !bytes.Equal(got, []byte{0}) {
				t.Errorf("a key that is not held signed: %x", got)
			}
			verifiers := []string{f("verify_version_1"), f("batch_verify_version_1")}
			if scheme != keys.Ed25519 {
				verifiers = append(verifiers, f("verify_version_2"))
			}
			for _, name := range verifiers {
				if g.must(name, pointer(sig), message, pointer(public)) != 1 || g.must(name, pointer(sig), message+"!", pointer(public)) != 0 {
					t.Errorf("%s is wrong", name)
				}
			}
			bad := g.values([]any{pointer(sig), "another message", pointer(public)})
			good := g.values([]any{pointer(sig), message, pointer(public)})
			for _, c := range []struct {
				calls [][]uint64
				want  uint64
			}{{nil, 1}, {[][]uint64{good}, 1}, {[][]uint64{good, bad, good}, 0}, {[][]uint64{good, good}, 1}} {
				g.must("ext_crypto_start_batch_verify_version_1")
				for _, args := range c.calls {
					g.must(f("batch_verify_version_1"), args[0], args[1], args[2])
				}
				if got := g.must("ext_crypto_finish_batch_verify_version_1"); got != c.want {
					t.Errorf("batch of %d: got %d, want %d", len(c.calls), got, c.want)
				}
			}
			_, err = g.call("ext_crypto_finish_batch_verify_version_1")
			wantTrap(t, err, "ext_crypto_finish_batch_verify_version_1", -1, ErrMisuse)
			g.must("ext_crypto_start_batch_verify_version_1")
			_, err = g.call("ext_crypto_start_batch_verify_version_1")
			wantTrap(t, err, "ext_crypto_start_batch_verify_version_1", -1, ErrMisuse)

			// A keystore that is out of order signs nothing; it cannot answer what has no such answer.
			ring.err = errors.New("disk is gone")
			if got := g.bytes(f("sign_version_1"), id, pointer(public), message); !bytes.Equal(got, []byte{0}) {
				t.Errorf("got %x from a broken keystore", got)
			}
			_, err = g.call(f("generate_version_1"), id, []byte{0})
			wantTrap(t, err, f("generate_version_1"), -1, ring.err)
			_, err = g.call(f("public_keys_version_1"), id)
			wantTrap(t, err, f("public_keys_version_1"), -1, ring.err)
		})
	}
}

// What versions of a function differ in.
func TestVerifyVersions(t *testing.T) {
	g := newTester(t, &Env{})
	zero := pointer(make([]byte, 64))
	// ZIP-215: the zero signature of the empty message under the zero key is good. Source: sp_io, test use_dalek_ext_works.
	if g.must("ext_crypto_ed25519_verify_version_1", zero, "", pointer(make([]byte, 32))) != 1 {
		t.Error("ed25519 is not that of ZIP-215")
	}
	// Version 1 takes a signature of schnorrkel before 0.8. Source: paritytech/polkadot-sdk substrate/primitives/core/src/sr25519.rs,
	// test verify_from_old_wasm_works.
	old := pointer(fromHex(t, "28a854d54903e056f89581c691c1f7d2ff39f8f896c9e9c22475e60902cc2b3547199e0e91fa32902028f2ca2355e8cdd16cfe19ba5e8b658c94aa80f3b81a00"))
	public := pointer(keys.NewSr25519([32]byte{}).Public())
	for version, want := range map[int]uint64{1: 1, 2: 0} {
		if got := g.must(fmt.Sprint("ext_crypto_sr25519_verify_version_", version), old, "SUBSTRATE", public); got != want {
			t.Errorf("version %d says %d of a signature of before schnorrkel 0.8", version, got)
		}
	}
	pair, err := keys.FromURI(keys.Ecdsa, "//Alice", "")
	if err != nil {
		t.Fatal(err)
	}
	alice := pair.(*keys.EcdsaPair)
	digest := hash.Blake2b256([]byte("msg"))
	sig := alice.SignPrehashed(digest)
	recovered := func(version int, name string, sig [65]byte) []byte {
		return g.bytes(fmt.Sprintf("ext_crypto_secp256k1_ecdsa_%s_version_%d", name, version), pointer(sig[:]), pointer(digest[:]))
	}
	huge := sig
	copy(huge[:32], bytes.Repeat([]byte{0xff}, 32))
	badV := sig
	badV[64] = 4
	ethereum := sig
	ethereum[64] += 27
	zeros := [65]byte{}
	for _, version := range []int{1, 2} {
		for _, s := range [][65]byte{sig, ethereum} {
			if got := recovered(version, "recover_compressed", s); !bytes.Equal(got, append([]byte{0}, alice.Public()...)) {
				t.Errorf("version %d recovers %x", version, got)
			}
			if got := recovered(version, "recover", s); len(got) != 65 || got[0] != 0 || !bytes.Equal(got[1:33], alice.Public()[1:]) {
				t.Errorf("version %d recovers %x", version, got)
			}
		}
		for _, name := range []string{"recover", "recover_compressed"} {
			wantBytes(t, "bad v", recovered(version, name, badV), "0101")
			wantBytes(t, "zero r and s", recovered(version, name, zeros), "0102")
		}
	}
	wantBytes(t, "r beyond the order, version 2", recovered(2, "recover", huge), "0100")
	if got := recovered(1, "recover", huge); bytes.Equal(got, []byte{1, 0}) {
		t.Error("version 1 refuses r beyond the order")
	}
	if g.must("ext_crypto_ecdsa_verify_prehashed_version_1", pointer(sig[:]), pointer(digest[:]), pointer(alice.Public())) != 1 {
		t.Error("the prehashed signature is bad")
	}
	ring := &keyring{pairs: []ringPair{{keys.TypeID([]byte("dumy")), alice}}}
	g.in.call.env = &Env{Keystore: ring}
	signed := g.bytes("ext_crypto_ecdsa_sign_prehashed_version_1", suiteKeyType, pointer(alice.Public()), pointer(digest[:]))
	wantBytes(t, "prehashed signature", signed, "01"+hex.EncodeToString(sig[:]))
}

func TestTrieFunctions(t *testing.T) {
	pairs := []trie.Pair{{Key: []byte("alfa"), Value: make([]byte, 40)}, {Key: []byte("bravo"), Value: []byte("b")}, {Key: []byte("do"), Value: []byte("verb")}, {Key: []byte("dog"), Value: bytes.Repeat([]byte("puppy"), 9)}}
	var encoded, items []byte
	encoded = scale.AppendLen(encoded, len(pairs)+1)
	items = scale.AppendLen(items, len(pairs))
	encoded = scale.AppendString(scale.AppendString(encoded, "dog"), "replaced below")
	var values [][]byte
	for _, p := range pairs {
		encoded = scale.AppendBytes(scale.AppendBytes(encoded, p.Key), p.Value)
		items = scale.AppendBytes(items, p.Value)
		values = append(values, p.Value)
	}
	g := newTester(t, &Env{})
	for name, h := range map[string]trie.Hasher{"blake2_256": trie.Blake2b, "keccak_256": trie.Keccak} {
		for version := range trie.Version(2) {
			root, ordered := h.RootOf(pairs, version), h.OrderedRoot(values, version)
			wantBytes(t, "root", g.fixed(32, "ext_trie_"+name+"_root_version_2", encoded, int(version)), hex.EncodeToString(root[:]))
			wantBytes(t, "ordered root", g.fixed(32, "ext_trie_"+name+"_ordered_root_version_2", items, int(version)), hex.EncodeToString(ordered[:]))
			if version == trie.V0 {
				wantBytes(t, "root", g.fixed(32, "ext_trie_"+name+"_root_version_1", encoded), hex.EncodeToString(root[:]))
				wantBytes(t, "ordered root", g.fixed(32, "ext_trie_"+name+"_ordered_root_version_1", items), hex.EncodeToString(ordered[:]))
			}
			whole := trie.NewWith(h)
			for _, p := range pairs {
				if err := whole.Put(p.Key, p.Value, version); err != nil {
					t.Fatal(err)
				}
			}
			for _, p := range pairs {
				nodes, err := whole.ProveItems([][]byte{p.Key})
				if err != nil {
					t.Fatal(err)
				}
				proof := scale.AppendSeq(nil, nodes, scale.AppendBytes)
				check := func(want uint64, root, proof, key, value []byte, version trie.Version) {
					t.Helper()
					if got := g.must("ext_trie_"+name+"_verify_proof_version_2", pointer(root), proof, key, value, int(version)); got != want {
						t.Errorf("%s version %d: proof of %q: got %d, want %d", name, version, key, got, want)
					}
				}
				check(1, root[:], proof, p.Key, p.Value, version)
				check(0, root[:], proof, p.Key, append(bytes.Clone(p.Value), 0), version)
				check(0, root[:], proof, []byte("other"), p.Value, version)
				check(0, make([]byte, 32), proof, p.Key, p.Value, version)
				check(0, root[:], []byte{0}, p.Key, p.Value, version)
				if len(p.Value) > 32 {
					check(0, root[:], proof, p.Key, p.Value, 1-version)
				}
				if version == trie.V0 && g.must("ext_trie_"+name+"_verify_proof_version_1", pointer(root[:]), proof, p.Key, p.Value) != 1 {
					t.Errorf("version 1 of %s refuses the proof of %q", name, p.Key)
				}
			}
		}
	}
}

func TestOffchain(t *testing.T) {
	world := &offchainStub{validator: true, now: 1000}
	g := newTester(t, &Env{Offchain: world, TransactionPool: world})
	if g.must("ext_offchain_is_validator_version_1") != 1 || g.must("ext_offchain_timestamp_version_1") != 1000 {
		t.Error("validator or time is wrong")
	}
	g.must("ext_offchain_sleep_until_version_1", 5000)
	if world.now != 5000 {
		t.Errorf("slept until %d", world.now)
	}
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	g.in.call.ctx = ctx
	for name, args := range map[string][]any{
		"ext_offchain_sleep_until_version_1":             {6000},
		"ext_offchain_http_request_write_body_version_1": {0, "", []byte{0}},
		"ext_offchain_http_response_wait_version_1":      {[]byte{0}, []byte{0}},
		"ext_offchain_http_response_read_body_version_1": {0, "", []byte{0}},
	} {
		_, err := g.call(name, args...)
		wantTrap(t, err, name, -1, ErrDeadline)
	}
	g.in.call.ctx = context.Background()
	seed := world.RandomSeed()
	wantBytes(t, "random seed", g.fixed(32, "ext_offchain_random_seed_version_1"), hex.EncodeToString(seed[:]))
	wantBytes(t, "submit", g.bytes("ext_offchain_submit_transaction_version_1", "extrinsic"), "00")
	world.full = true
	wantBytes(t, "submit to a full pool", g.bytes("ext_offchain_submit_transaction_version_1", "extrinsic"), "01")
	if !slices.Equal(world.pool, []string{"extrinsic"}) {
		t.Errorf("the pool has %q", world.pool)
	}
	wantBytes(t, "unknown network state", g.bytes("ext_offchain_network_state_version_1"), "01")
	world.peer, world.addresses = "me", []string{"a", "bc"}
	wantBytes(t, "network state", g.bytes("ext_offchain_network_state_version_1"), "00086d65080461086263")
}

// Each of the three offchain capabilities opens its own functions and no others, and the trap names the function that lacks one.
func TestOffchainCapabilities(t *testing.T) {
	world := &offchainStub{}
	for capability, env := range map[string]*Env{"worker": {Offchain: world}, "pool": {TransactionPool: world}, "local storage": {OffchainDB: world}} {
		for name, c := range map[string]struct {
			needs string
			args  []any
		}{
			"ext_offchain_is_validator_version_1":                  {"worker", nil},
			"ext_offchain_timestamp_version_1":                     {"worker", nil},
			"ext_offchain_http_request_start_version_1":            {"worker", []any{"GET", "http://localhost/", ""}},
			"ext_offchain_submit_transaction_version_1":            {"pool", []any{"extrinsic"}},
			"ext_offchain_local_storage_set_version_1":             {"local storage", []any{1, "key", "value"}},
			"ext_offchain_local_storage_clear_version_1":           {"local storage", []any{2, "key"}},
			"ext_offchain_local_storage_get_version_1":             {"local storage", []any{1, "key"}},
			"ext_offchain_local_storage_compare_and_set_version_1": {"local storage", []any{1, "key", []byte{0}, "value"}},
		} {
			g := newTester(t, env)
			_, err := g.call(name, c.args...)
			if capability != c.needs {
				wantTrap(t, err, name, -1, ErrForbidden)
			} else if err != nil {
				t.Errorf("with the capability %s: %v", capability, err)
			}
		}
	}
}

func TestOffchainHTTP(t *testing.T) {
	world := &offchainStub{now: 1000}
	g := newTester(t, &Env{Offchain: world})
	none, past := []byte{0}, append([]byte{1}, binary.LittleEndian.AppendUint64(nil, 999)...)
	start := "ext_offchain_http_request_start_version_1"
	wantBytes(t, "start", g.bytes(start, "POST", "http://localhost/", ""), "000000")
	wantBytes(t, "start of what is no HTTP", g.bytes(start, "GET", "file:///etc/passwd", ""), "01")
	header := "ext_offchain_http_request_add_header_version_1"
	wantBytes(t, "header", g.bytes(header, 0x10000, "accept", "*/*"), "00")
	wantBytes(t, "header of an unknown request", g.bytes(header, 7, "accept", "*/*"), "01")
	write := "ext_offchain_http_request_write_body_version_1"
	wantBytes(t, "body", g.bytes(write, 0, "body", none), "00")
	wantBytes(t, "body too late", g.bytes(write, 0, "body", past), "0101")
	wantBytes(t, "body of an unknown request", g.bytes(write, 9, "body", none), "0103")
	wait := "ext_offchain_http_response_wait_version_1"
	ids := scale.AppendSeq(nil, []uint16{0, 5}, scale.AppendU16)
	wantBytes(t, "wait before the end", g.bytes(wait, ids, none), "080102")
	wantBytes(t, "end of body", g.bytes(write, 0, "", none), "00")
	wantBytes(t, "body after the end", g.bytes(write, 0, "more", none), "0102")
	wantBytes(t, "wait", g.bytes(wait, ids, none), "0803c80002")
	wantBytes(t, "wait too late", g.bytes(wait, ids, past), "080002")
	headers := "ext_offchain_http_response_headers_version_1"
	wantBytes(t, "headers", g.bytes(headers, 0), "0830"+hex.EncodeToString([]byte("content-type"))+"28"+hex.EncodeToString([]byte("text/plain"))+"14"+hex.EncodeToString([]byte("empty"))+"00")
	wantBytes(t, "headers of an unknown request", g.bytes(headers, 5), "00")
	read := "ext_offchain_http_response_read_body_version_1"
	buffer := g.span(make([]byte, 16))
	var answer []byte
	for {
		got := g.bytes(read, 0, buffer, none)
		n := binary.LittleEndian.Uint32(got[1:])
		if got[0] != 0 || n > 16 {
			t.Fatalf("read: got %x", got)
		}
		if n == 0 {
			break
		}
		answer = append(answer, g.read(buffer)[:n]...)
	}
	if want := "POST\nhttp://localhost/\nbody\naccept: */*"; string(answer) != want {
		t.Errorf("the answer is %q, want %q", answer, want)
	}
	wantBytes(t, "read too late", g.bytes(read, 0, buffer, past), "0101")
	wantBytes(t, "read of an unknown request", g.bytes(read, 3, buffer, none), "0103")
}

// transactions remembers what a transaction index was told.
type transactions []string

func (x *transactions) Index(extrinsic, size uint32, content hash.H256) {
	*x = append(*x, fmt.Sprintf("index %d: %d bytes, %s", extrinsic, size, content))
}

func (x *transactions) Renew(extrinsic uint32, content hash.H256) {
	*x = append(*x, fmt.Sprintf("renew %d: %s", extrinsic, content))
}

func TestTransactionIndex(t *testing.T) {
	content := hash.Blake2b256([]byte("content"))
	env := &Env{}
	g := newTester(t, env)
	g.must("ext_transaction_index_index_version_1", 1, 100, pointer(content[:])) // nobody keeps an index
	var told transactions
	env.TransactionIndex = &told
	g.must("ext_transaction_index_index_version_1", 2, 200, pointer(content[:]))
	g.must("ext_transaction_index_renew_version_1", 3, pointer(content[:]))
	want := []string{"index 2: 200 bytes, " + content.String(), "renew 3: " + content.String()}
	if !slices.Equal(told, want) {
		t.Errorf("got %q, want %q", told, want)
	}
}

// versionModule is a runtime of that version, which it tells in custom sections or by a call, with further bytes behind it.
func versionModule(t *testing.T, version chain.RuntimeVersion, sections bool, behind ...byte) []byte {
	answer := append(version.AppendScale(nil), behind...)
	m := &wasmbin.Module{
		Types:     []wasmbin.FuncType{runtimeCallType},
		Functions: []uint32{0},
		Memories:  []wasmbin.Limits{{Min: 1}},
		Globals:   []wasmbin.Global{{Type: wasmbin.GlobalType{Type: wasmbin.I32}, Init: append(wasmbin.AppendS64([]byte{0x41}, 4096), 0x0b)}},
		Exports:   []wasmbin.Export{{Name: "memory", Kind: wasmbin.KindMemory}, {Name: "__heap_base", Kind: wasmbin.KindGlobal}, {Name: "Core_version"}},
		Code:      []wasmbin.Code{{Body: append(wasmbin.AppendS64([]byte{0x42}, int64(len(answer))<<32|16), 0x0b)}},
		Data:      []wasmbin.Data{{Offset: []byte{0x41, 16, 0x0b}, Bytes: answer}},
	}
	if sections {
		m.Code[0].Body = []byte{0x00, 0x0b} // it is not called
		bare := version
		bare.APIs = nil
		var apis []byte
		for _, a := range version.APIs {
			apis = a.AppendScale(apis)
		}
		section := bare.AppendScale(nil)
		section = append(scale.AppendU32(section, version.TransactionVersion), version.SystemVersion)
		section = append(section, behind...)
		m.Customs = []wasmbin.Custom{{Name: "runtime_version", Data: section}, {Name: "runtime_apis", Data: apis}}
	}
	return m.Encode()
}

func TestRuntimeVersion(t *testing.T) {
	version := chain.RuntimeVersion{SpecName: "tester", ImplName: "t", AuthoringVersion: 1, SpecVersion: 7, ImplVersion: 2, TransactionVersion: 3, SystemVersion: 1,
		APIs: []chain.API{{ID: chain.APIIDOf("Core"), Version: 4}}}
	want := string(version.AppendScale(nil))
	g := newTester(t, &Env{})
	const name = "ext_misc_runtime_version_version_1"
	ask := func(code []byte) (string, bool) {
		g.in.call.heap.Reset(2000)
		g.in.memory.limit = 2000 * pageSize
		return g.option(name, code)
	}
	for _, sections := range []bool{true, false} {
		code := versionModule(t, version, sections)
		packed, err := codeblob.Compress(code)
		if err != nil {
			t.Fatal(err)
		}
		for _, c := range [][]byte{code, packed} {
			if got, ok := ask(c); !ok || got != want {
				t.Errorf("sections %v: got %x, %v, want %x", sections, got, ok, want)
			}
		}
	}
	// The Core API of before transaction versions: read from sections, all fields are written.
	old := version
	old.APIs = []chain.API{{ID: chain.APIIDOf("Core"), Version: 2}}
	section := encodeVersion(old)
	if len(section) != len(want) {
		t.Errorf("a version of Core 2 has %d bytes, want %d", len(section), len(want))
	}
	for name, code := range map[string][]byte{"nothing": nil, "no module": []byte("\x00asm"), "no version": proxyModule(), "cut": versionModule(t, version, false)[:100],
		"bad section": (&wasmbin.Module{Customs: []wasmbin.Custom{{Name: "runtime_version", Data: []byte{1}}}}).Encode()} {
		if got, ok := ask(code); ok {
			t.Errorf("%s: got %x", name, got)
		}
		if v, err := EmbeddedVersion(code); v != nil || err == nil && name != "no version" {
			t.Errorf("%s: the sections state %+v, %v", name, v, err)
		}
	}
	g.in.call.env = &Env{nested: true}
	_, err := g.call(name, versionModule(t, version, true))
	wantTrap(t, err, name, -1, ErrForbidden)
}

// Bytes behind a version are ignored, in the custom section and in the answer of Core_version, as in Substrate: such a runtime loads.
func TestVersionWithMore(t *testing.T) {
	want := chain.RuntimeVersion{SpecName: "tester", ImplName: "t", SpecVersion: 7, TransactionVersion: 3, SystemVersion: 1,
		APIs: []chain.API{{ID: chain.APIIDOf("Core"), Version: 4}}}
	e := newTestEngine(t, Config{})
	for _, sections := range []bool{true, false} {
		r, err := e.Load(context.Background(), versionModule(t, want, sections, 1, 2, 3))
		if err != nil {
			t.Fatal(err)
		}
		got, err := r.Version(context.Background())
		if err != nil || !bytes.Equal(encodeVersion(got), encodeVersion(want)) {
			t.Errorf("sections %v: got %+v, %v", sections, got, err)
		}
	}
}

func TestTracing(t *testing.T) {
	g := newTester(t, &Env{})
	if g.must("ext_wasm_tracing_enabled_version_1", "metadata") != 0 || g.must("ext_wasm_tracing_enter_span_version_1", "span") != 0 {
		t.Error("tracing is on")
	}
	g.must("ext_wasm_tracing_event_version_1", "event")
	g.must("ext_wasm_tracing_exit_version_1", 0)
}

// Source of the counts: paritytech/polkadot-sdk substrate/client/db/src/bench.rs, tests iteration_is_also_counted_in_rw_counts and
// read_to_main_and_child_tries.
func TestBenchmarking(t *testing.T) {
	tracker := NewTracker(newState(t, "known", "value").Parent())
	tracker.Now = func() time.Time { return time.Unix(1, 5) }
	env := &Env{Storage: tracker}
	g := newTester(t, env)
	const name = "ext_benchmarking_"
	counts := func(want ...uint32) {
		t.Helper()
		if got := g.bytes(name + "read_write_count_version_1"); !bytes.Equal(got, u32s(want...)) {
			t.Errorf("counts are %x, want %v", got, want)
		}
	}
	counts(0, 0, 0, 0)
	for range 2 {
		for _, key := range []string{"foo", "bar"} {
			g.option("ext_storage_get_version_1", key)
			g.option("ext_default_child_storage_get_version_1", "child1", key)
			g.option("ext_default_child_storage_get_version_1", "child2", key)
		}
		g.must("ext_storage_set_version_1", "foo", "1")
		g.must("ext_default_child_storage_set_version_1", "child1", "foo", "1")
		g.option("ext_storage_get_version_1", "foo") // the overlay has it
		g.must(name + "commit_db_version_1")
		counts(6, 0, 2, 0)
		if v, _ := g.option("ext_storage_get_version_1", "foo"); v != "1" {
			t.Errorf("after the commit foo is %q", v)
		}
		counts(6, 1, 2, 0)
		g.must(name + "wipe_db_version_1")
		if _, ok := g.option("ext_storage_get_version_1", "foo"); ok {
			t.Error("foo outlived the wipe")
		}
		g.must(name + "reset_read_write_count_version_1")
		counts(0, 0, 0, 0)
	}
	whitelist := func(key string, reads, writes uint32, whitelisted bool) []byte {
		return appendTrackedKey(nil, trackedKey{[]byte(key), reads, writes, whitelisted})
	}
	g.must("ext_storage_clear_prefix_version_1", "k") // a walk reads the keys that it comes to
	counts(1, 0, 0, 0)
	g.must(name + "wipe_db_version_1")
	list := append([]byte{4}, whitelist("known", 1, 0, false)...)
	g.must(name+"set_whitelist_version_1", list)
	g.must(name+"add_to_whitelist_version_1", whitelist("known", 1, 2, true))
	g.must(name+"add_to_whitelist_version_1", whitelist("other", 0, 0, true))
	wantBytes(t, "whitelist", g.bytes(name+"get_whitelist_version_1"), "08"+hex.EncodeToString(append(whitelist("known", 2, 2, true), whitelist("other", 0, 0, true)...)))
	g.must(name+"remove_from_whitelist_version_1", "other")
	g.must(name + "reset_read_write_count_version_1")
	g.option("ext_storage_get_version_1", "known")
	counts(0, 0, 0, 0)
	long := strings.Repeat("p", 32)
	g.option("ext_storage_get_version_1", long+"1")
	g.option("ext_storage_get_version_1", long+"2")
	g.option("ext_storage_get_version_1", long+"2")
	counts(2, 1, 0, 0)
	wantBytes(t, "keys", g.bytes(name+"get_read_and_written_keys_version_1"), "0480"+hex.EncodeToString([]byte(long))+hex.EncodeToString(u32s(2, 0))+"00")
	wantBytes(t, "time", g.fixed(16, name+"current_time_version_1"), "05ca9a3b000000000000000000000000")
	wantBytes(t, "proof size", g.bytes(name+"proof_size_version_1"), "00")
	env.ProofSize = func() uint64 { return 1 << 40 }
	wantBytes(t, "large proof size", g.bytes(name+"proof_size_version_1"), "01ffffffff")
}
