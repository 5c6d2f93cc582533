package native_test

import (
	"bytes"
	"errors"
	"testing"

	"github.com/gotensor/gotensor/pallets/frame/host"
	"github.com/gotensor/gotensor/primitives/keys"
	"github.com/gotensor/gotensor/primitives/scale"
	"github.com/gotensor/gotensor/storage"
	"github.com/gotensor/gotensor/storage/trie"
	"github.com/gotensor/gotensor/testnet/native"
)

func key(s string) []byte { return []byte(s) }

// What is written through the seam is the state, and its root the trie's.
func TestState(t *testing.T) {
	ext := native.New(t, storage.Change{Key: key("b"), Value: key("2")}, storage.Change{Key: key("a"), Value: key("1")})
	var inside [32]byte
	ext.Run(func() {
		host.Set(key("c"), key("3"))
		host.Clear(key("a"))
		host.Append(key("d"), []byte{7})
		host.Append(key("d"), []byte{8})
		if v, ok := host.Get(key("b")); !ok || string(v) != "2" {
			t.Errorf("b: got %q, %v", v, ok)
		}
		if host.Exists(key("a")) || !host.Exists(key("c")) {
			t.Error("a exists, or c does not")
		}
		if next, ok := host.NextKey(key("b")); !ok || string(next) != "c" {
			t.Errorf("after b: got %q, %v", next, ok)
		}
		inside = host.Root(1)
	})
	want := trie.RootOf([]trie.Pair{{Key: key("b"), Value: key("2")}, {Key: key("c"), Value: key("3")}, {Key: key("d"), Value: []byte{8, 7, 8}}}, trie.V1)
	if ext.Root() != want || inside != want {
		t.Errorf("root %s inside %x, want %s", ext.Root(), inside, want)
	}
	changes := ext.Next()
	if len(changes.Top) != 3 || !changes.Top[0].Delete || ext.State().Root() != want {
		t.Errorf("changes %+v, root below %s", changes.Top, ext.State().Root())
	}
	ext.Fork().Set(key("x"), nil)
	if _, ok := ext.Get(key("x")); ok || ext.Root() != want {
		t.Error("a fork wrote to the state it was made of")
	}
}

// The limit counts keys of the state below; those that the block wrote go in any case.
func TestClearPrefix(t *testing.T) {
	ext := native.New(t)
	for _, k := range []string{"p1", "p2", "p3", "q"} {
		ext.Set(key(k), key("v"))
	}
	ext.Run(func() {
		if removed, more := host.ClearPrefix(key("p"), 1); removed != 0 || more {
			t.Errorf("keys of this block: got %d, %v", removed, more)
		}
	})
	for _, k := range []string{"p1", "p2", "p3"} {
		ext.Set(key(k), key("v"))
	}
	ext.Next()
	ext.Set(key("p4"), key("v"))
	ext.Run(func() {
		if removed, more := host.ClearPrefix(key("p"), 2); removed != 2 || !more {
			t.Errorf("keys of the block before: got %d, %v", removed, more)
		}
	})
	for k, want := range map[string]bool{"p1": false, "p2": false, "p3": true, "p4": false, "q": true} {
		if _, ok := ext.Get(key(k)); ok != want {
			t.Errorf("%s: there is %v, want %v", k, ok, want)
		}
	}
}

func TestTransactions(t *testing.T) {
	ext := native.New(t)
	ext.Unchanged(func() {
		host.Begin()
		host.Set(key("a"), key("1"))
		host.Rollback()
	})
	ext.Run(func() {
		host.Begin()
		host.Set(key("a"), key("1"))
		host.OffchainIndexSet(key("o"), key("1"))
		host.Commit()
	})
	var trap *native.Trap
	if reason, _ := ext.Trap(host.Commit).(error); !errors.As(reason, &trap) || !errors.Is(trap, storage.ErrNoTransaction) {
		t.Errorf("commit of nothing: got %v", reason)
	}
	if reason := ext.Trap(func() { host.Begin(); host.Set(key("b"), key("1")); panic("stop") }); reason != "stop" {
		t.Errorf("got %v", reason)
	}
	changes := ext.Next()
	if len(changes.Top) != 1 || len(changes.Offchain) != 1 {
		t.Errorf("got %+v", changes)
	}

	failing := &recorder{TB: t}
	open := native.New(failing)
	open.Run(func() { host.Begin(); host.Set(key("a"), nil) })
	if _, ok := open.Get(key("a")); ok || failing.errors != 1 {
		t.Errorf("open transaction: %d errors, a is there: %v", failing.errors, ok)
	}
	open.Unchanged(func() { host.Set(key("a"), nil) })
	if failing.errors != 2 {
		t.Errorf("a change: %d errors", failing.errors)
	}
}

// recorder counts what a test is told to fail for.
type recorder struct {
	testing.TB
	errors int
}

func (r *recorder) Errorf(string, ...any) { r.errors++ }

func TestCrypto(t *testing.T) {
	ext := native.New(t)
	ext.Run(func() {
		public := host.Sr25519Generate([4]byte([]byte("aura")), key("//Alice"), true)
		other := host.Ed25519Generate([4]byte([]byte("gran")), nil, false)
		if len(ext.Keys) != 2 || ext.Keys[0].ID != [4]byte([]byte("aura")) || !bytes.Equal(ext.Keys[1].Pair.Public(), other[:]) {
			t.Fatalf("keys: %+v", ext.Keys)
		}
		sig := [64]byte(ext.Keys[0].Pair.Sign(key("message")))
		if !host.Sr25519Verify(&sig, key("message"), &public) || host.Sr25519Verify(&sig, key("other"), &public) {
			t.Error("sr25519")
		}
		sig = [64]byte(ext.Keys[1].Pair.Sign(key("message")))
		if !host.Ed25519Verify(&sig, key("message"), &other) || host.Ed25519Verify(&sig, key("other"), &other) {
			t.Error("ed25519")
		}
		pair, err := keys.FromURI(keys.Ecdsa, "//Alice", "")
		if err != nil {
			t.Fatal(err)
		}
		digest := host.Blake2_256(key("message"))
		recovered, ok := host.Secp256k1RecoverCompressed((*[65]byte)(pair.Sign(key("message"))), &digest)
		if !ok || !bytes.Equal(recovered[:], pair.Public()) {
			t.Errorf("ecdsa: got %x, %v", recovered, ok)
		}
		if got := host.OrderedRoot(scale.AppendSeq(nil, [][]byte{key("a"), key("b")}, scale.AppendBytes), 1); got != trie.OrderedRoot([][]byte{key("a"), key("b")}, trie.V1) {
			t.Error("ordered root")
		}
		if _, ok := host.RuntimeVersion(key("no code")); ok {
			t.Error("a version of no code")
		}
		host.Log(3, "t", "m")
	})
	if len(ext.Logs) != 1 || ext.Logs[0] != (native.Record{Level: 3, Target: "t", Message: "m"}) {
		t.Errorf("logs: %+v", ext.Logs)
	}
}
