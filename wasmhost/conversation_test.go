package wasmhost

import (
	"flag"
	"os"
	"strings"
	"testing"

	"github.com/gotensor/gotensor/primitives/scale"
)

var rewrite = flag.Bool("rewrite", false, "write golden files instead of comparing with them")

// conversations are calls whose log, pointers included, is kept in testdata: where the host allocates is part of what a guest sees.
var conversations = map[string]func(t *testing.T, g *tester){
	"storage": func(t *testing.T, g *tester) {
		g.call("ext_storage_get_version_1", "absent")
		g.call("ext_storage_set_version_1", "key", "value")
		g.call("ext_storage_get_version_1", "key")
		g.call("ext_storage_start_transaction_version_1")
		g.call("ext_storage_append_version_1", "list", scale.AppendString(nil, "one"))
		g.call("ext_storage_append_version_1", "list", scale.AppendString(nil, "two"))
		g.call("ext_storage_get_version_1", "list")
		g.call("ext_storage_set_version_1", "empty", "")
		g.call("ext_storage_get_version_1", "empty")
		g.call("ext_storage_next_key_version_1", "empty")
		g.call("ext_storage_rollback_transaction_version_1")
		g.call("ext_storage_exists_version_1", "list")
		g.call("ext_default_child_storage_set_version_1", "child", "key", "in the child")
		g.call("ext_default_child_storage_root_version_2", "child", 1)
		g.call("ext_storage_root_version_2", 1)
		g.call("ext_storage_clear_prefix_version_2", "k", []byte{0})
		g.call("ext_storage_commit_transaction_version_1")
	},
	"allocator": func(t *testing.T, g *tester) {
		first, _ := g.call("ext_allocator_malloc_version_1", 1)
		second, _ := g.call("ext_allocator_malloc_version_1", 100)
		g.call("ext_allocator_free_version_1", first)
		g.call("ext_allocator_malloc_version_1", 8)
		g.call("ext_hashing_twox_64_version_1", "text")
		g.call("ext_allocator_free_version_1", second)
		g.call("ext_allocator_free_version_1", second)
		g.call("ext_allocator_malloc_version_1", 1)
	},
	"forbidden": func(t *testing.T, g *tester) {
		g.in.call.env = &Env{}
		g.call("ext_storage_get_version_1", "key")
		g.call("ext_crypto_sr25519_sign_version_1", pointer("aura"), pointer(make([]byte, 32)), "message")
		g.call("ext_offchain_timestamp_version_1")
		g.call("ext_benchmarking_wipe_db_version_1")
		g.call("ext_sandbox_memory_new_version_1", 1, 1)
		g.call("ext_crypto_finish_batch_verify_version_1")
		g.call("ext_logging_log_version_1", 9, "target", "message")
		g.call("ext_storage_set_version_1", uint64(0xffff0000_00000010), "value")
		g.call("ext_panic_handler_abort_on_panic_version_1", "panicked at 'no way', lib.rs:1:2")
	},
}

func TestConversations(t *testing.T) {
	for name, run := range conversations {
		t.Run(name, func(t *testing.T) {
			g := newTester(t, &Env{Storage: newState(t)})
			g.log = &strings.Builder{}
			run(t, g)
			path := "testdata/conversation_" + name + ".txt"
			if *rewrite {
				if err := os.WriteFile(path, []byte(g.log.String()), 0o644); err != nil {
					t.Fatal(err)
				}
			}
			want, err := os.ReadFile(path)
			if err != nil {
				t.Fatal(err)
			}
			if got := g.log.String(); got != string(want) {
				t.Errorf("got\n%s\nwant\n%s", got, want)
			}
		})
	}
}
