package wasmhost

import (
	"bytes"
	"testing"

	"github.com/gotensor/gotensor/primitives/hash"
	"github.com/gotensor/gotensor/primitives/keys"
)

// loop calls a host function n times from a loop of the guest.
func (g *tester) loop(n int, name string, args []uint64) {
	g.t.Helper()
	if err := g.in.function("loop "+name).CallWithStack(&g.in.ctx, append([]uint64{uint64(n)}, args...)); err != nil {
		g.t.Fatal(g.in.explain(err))
	}
}

// BenchmarkHostCall measures a host call out of a loop of the guest, its answer's release included.
func BenchmarkHostCall(b *testing.B) {
	text := bytes.Repeat([]byte("0123456789abcdef"), 32)
	alice, err := keys.FromURI(keys.Sr25519, "//Alice", "")
	if err != nil {
		b.Fatal(err)
	}
	sig := alice.Sign(text)
	hash32 := hash.Blake2b256(text[:32])
	for _, c := range []struct {
		name, function string
		args           []any
		check          func(g *tester, args []uint64) bool
	}{
		{"nothing (log level)", "ext_logging_max_level_version_1", nil, func(g *tester, _ []uint64) bool {
			return g.must("ext_logging_max_level_version_1") == uint64(LogTrace)
		}},
		{"malloc and free", "", []any{64}, nil},
		{"get absent", "ext_storage_get_version_1", []any{"no such key"}, nil},
		{"get 512 B", "ext_storage_get_version_1", []any{"key"}, func(g *tester, args []uint64) bool {
			got := g.read(g.must("ext_storage_get_version_1", args[0]))
			return bytes.Equal(got[3:], text)
		}},
		{"read 512 B", "ext_storage_read_version_1", []any{"key", make([]byte, 512), 0}, func(g *tester, args []uint64) bool {
			return bytes.Equal(g.read(args[1]), text)
		}},
		{"set 512 B", "ext_storage_set_version_1", []any{"other", text}, func(g *tester, _ []uint64) bool {
			got, ok := g.option("ext_storage_get_version_1", "other")
			return ok && got == string(text)
		}},
		{"blake2-256 of 32 B", "ext_hashing_blake2_256_version_1", []any{text[:32]}, func(g *tester, args []uint64) bool {
			return bytes.Equal(g.fixed(32, "ext_hashing_blake2_256_version_1", args[0]), hash32[:])
		}},
		{"blake2-128 of 32 B", "ext_hashing_blake2_128_version_1", []any{text[:32]}, nil},
		{"twox-128 of 32 B", "ext_hashing_twox_128_version_1", []any{text[:32]}, nil},
		{"sr25519 verify 512 B", "ext_crypto_sr25519_verify_version_2", []any{pointer(sig), text, pointer(alice.Public())}, func(g *tester, args []uint64) bool {
			return g.must("ext_crypto_sr25519_verify_version_2", args[0], args[1], args[2]) == 1
		}},
	} {
		b.Run(c.name, func(b *testing.B) {
			g := newTester(b, &Env{Storage: newState(b, "key", string(text)), MaxLogLevel: LogTrace})
			args := g.values(c.args)
			const batch = 1000
			if c.function == "" {
				c.function = "ext_allocator_malloc_version_1"
			}
			n := 0
			b.ReportAllocs()
			for b.Loop() {
				if n++; n == batch {
					g.loop(batch, c.function, args)
					n = 0
				}
			}
			if n > 0 {
				g.loop(n, c.function, args)
			}
			b.StopTimer()
			if c.check != nil && !c.check(g, args) {
				b.Fatal("the answer is wrong")
			}
			if used := g.in.call.heap.Stats().AddressSpace; used > 1<<20 {
				b.Fatalf("the loop leaks: %d bytes of heap", used)
			}
		})
	}
}
