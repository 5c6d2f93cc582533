package keystore_test

import (
	"bytes"
	"encoding/hex"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"github.com/gotensor/gotensor/node/keystore"
	"github.com/gotensor/gotensor/primitives/hash"
	"github.com/gotensor/gotensor/primitives/keys"
	"github.com/gotensor/gotensor/wasmhost"
)

var _ wasmhost.Keystore = (*keystore.Keystore)(nil)

var (
	aura = keys.TypeID{'a', 'u', 'r', 'a'}
	gran = keys.TypeID{'g', 'r', 'a', 'n'}
	beef = keys.TypeID{'b', 'e', 'e', 'f'}

	schemes = []keys.Scheme{keys.Sr25519, keys.Ed25519, keys.Ecdsa}
)

func open(t *testing.T, dir, password string) *keystore.Keystore {
	t.Helper()
	store, err := keystore.Open(dir, password)
	if err != nil {
		t.Fatal(err)
	}
	return store
}

func TestGenerateSignReopen(t *testing.T) {
	for _, password := range []string{"", "secret"} {
		for _, scheme := range schemes {
			t.Run(fmt.Sprintf("%s/%q", scheme, password), func(t *testing.T) {
				dir := filepath.Join(t.TempDir(), "chains", "test", "keystore")
				store := open(t, dir, password)
				public, err := store.Generate(scheme, aura, "")
				if err != nil {
					t.Fatal(err)
				}
				for range 2 { // as made, and as read back
					got, err := store.PublicKeys(scheme, aura)
					if err != nil || len(got) != 1 || !bytes.Equal(got[0], public) {
						t.Fatalf("public keys %x, %v, expected %x", got, err, public)
					}
					if other, err := store.PublicKeys(scheme, gran); err != nil || len(other) != 0 {
						t.Fatalf("keys of another purpose: %x, %v", other, err)
					}
					sig, ok, err := store.Sign(scheme, aura, public, []byte("message"))
					if err != nil || !ok || !keys.Verify(scheme, sig, []byte("message"), public) {
						t.Fatalf("sign: %x, %v, %v", sig, ok, err)
					}
					if _, ok, err := store.Sign(scheme, gran, public, nil); ok || err != nil {
						t.Fatalf("sign for another purpose: %v, %v", ok, err)
					}
					store = open(t, dir, password)
				}
				_, ok, err := open(t, dir, "wrong").Sign(scheme, aura, public, nil)
				if ok || !errors.Is(err, keystore.ErrMismatch) {
					t.Fatalf("wrong password: %v, %v, expected ErrMismatch", ok, err)
				}
				info, err := os.Stat(dir)
				if err != nil || info.Mode().Perm() != 0o700 {
					t.Fatalf("folder mode %v, %v", info.Mode(), err)
				}
				files, err := os.ReadDir(dir)
				if err != nil || len(files) != 1 || files[0].Name() != "61757261"+hex.EncodeToString(public) {
					t.Fatalf("files %v, %v", files, err)
				}
				if info, err := files[0].Info(); err != nil || info.Mode().Perm() != 0o600 {
					t.Fatalf("file mode %v, %v", info.Mode(), err)
				}
			})
		}
	}
}

// TestReadsSubstrateFiles signs with the keys in testdata, which a Substrate node's key store wrote.
func TestReadsSubstrateFiles(t *testing.T) {
	imon := keys.TypeID{'i', 'm', 'o', 'n'}
	for dir, password := range map[string]string{"substrate": "", "substrate-password": "hunter2"} {
		store, found := open(t, filepath.Join("testdata", dir), password), 0
		for _, c := range []struct {
			scheme keys.Scheme
			id     keys.TypeID
		}{{keys.Sr25519, aura}, {keys.Sr25519, imon}, {keys.Ed25519, gran}, {keys.Ecdsa, beef}} {
			public, err := store.PublicKeys(c.scheme, c.id)
			if err != nil || len(public) != 1 {
				t.Fatalf("%s %s: %d keys, %v, expected 1", dir, c.id, len(public), err)
			}
			sig, ok, err := store.Sign(c.scheme, c.id, public[0], []byte("m"))
			if err != nil || !ok || !keys.Verify(c.scheme, sig, []byte("m"), public[0]) {
				t.Fatalf("%s %s: sign: %v, %v", dir, c.id, ok, err)
			}
			found++
		}
		if held, err := store.Has(aura, []byte{0x0a}); !held || err != nil {
			t.Fatalf("%s: key of one byte: %v, %v", dir, held, err)
		}
		t.Logf("%s: signed with %d keys", dir, found)
	}
	// The same text as Substrate writes.
	dir := t.TempDir()
	if err := open(t, dir, "").Insert(aura, "//Alice//\"quoted\" \\ <&> ü", []byte{0x0a}); err != nil {
		t.Fatal(err)
	}
	want, err := os.ReadFile("testdata/substrate/617572610a")
	if err != nil {
		t.Fatal(err)
	}
	if got, err := os.ReadFile(filepath.Join(dir, "617572610a")); err != nil || !bytes.Equal(got, want) {
		t.Fatalf("wrote %q, %v, expected %q", got, err, want)
	}
}

func TestSignPrehashed(t *testing.T) {
	store := keystore.New("")
	public, err := store.Generate(keys.Ecdsa, beef, "//Alice")
	if err != nil {
		t.Fatal(err)
	}
	digest := hash.Keccak256([]byte("commitment"))
	sig, ok, err := store.SignPrehashed(beef, public, digest)
	if err != nil || !ok || !keys.EcdsaVerifyPrehashed(sig, digest, public) {
		t.Fatalf("sign: %x, %v, %v", sig, ok, err)
	}
	if _, ok, err := store.SignPrehashed(aura, public, digest); ok || err != nil {
		t.Fatalf("sign with a key that is not held: %v, %v", ok, err)
	}
}

// A key made from a URI is not written, and a store's password is none of its business.
func TestGenerateFromURIIsEphemeral(t *testing.T) {
	dir := t.TempDir()
	store := open(t, dir, "secret")
	for _, scheme := range schemes {
		uri := "//Alice//stash"
		if scheme == keys.Sr25519 {
			uri = "//Alice/soft"
		}
		public, err := store.Generate(scheme, aura, uri)
		if err != nil {
			t.Fatal(err)
		}
		pair, err := keys.FromURI(scheme, uri, "")
		if err != nil || !bytes.Equal(pair.Public(), public) {
			t.Fatalf("%s: public key %x, expected %x (%v)", scheme, public, pair.Public(), err)
		}
		sig, ok, err := store.Sign(scheme, aura, public, []byte("m"))
		if err != nil || !ok || !keys.Verify(scheme, sig, []byte("m"), public) {
			t.Fatalf("%s: sign: %v, %v", scheme, ok, err)
		}
	}
	if files, err := os.ReadDir(dir); err != nil || len(files) != 0 {
		t.Fatalf("files %v, %v, expected none", files, err)
	}
	if _, err := store.Generate(keys.Sr25519, aura, "no mnemonic"); !errors.Is(err, keys.ErrPhrase) || strings.Contains(err.Error(), "no mnemonic") {
		t.Fatalf("bad URI: %v", err)
	}
}

func TestPublicKeysAreSortedAndUnique(t *testing.T) {
	store := open(t, t.TempDir(), "")
	for i := range 20 {
		uri := fmt.Sprintf("//%d", i)
		public, err := store.Generate(keys.Ed25519, gran, uri)
		if err != nil {
			t.Fatal(err)
		}
		if i%2 == 0 { // in memory and in a file
			if err := store.Insert(gran, uri, public); err != nil {
				t.Fatal(err)
			}
		}
	}
	got, err := store.PublicKeys(keys.Ed25519, gran)
	if err != nil || len(got) != 20 {
		t.Fatalf("%d keys, %v, expected 20", len(got), err)
	}
	for i := 1; i < len(got); i++ {
		if bytes.Compare(got[i-1], got[i]) >= 0 {
			t.Fatalf("keys %d and %d are out of order", i-1, i)
		}
	}
	// The length is all that tells schemes apart.
	if same, err := store.PublicKeys(keys.Sr25519, gran); err != nil || len(same) != 20 {
		t.Fatalf("%d keys as sr25519, %v", len(same), err)
	}
	if none, err := store.PublicKeys(keys.Ecdsa, gran); err != nil || len(none) != 0 {
		t.Fatalf("%d keys as ecdsa, %v", len(none), err)
	}
	if _, ok, err := store.Sign(keys.Sr25519, gran, got[0], nil); ok || !errors.Is(err, keystore.ErrMismatch) {
		t.Fatalf("sign as another scheme: %v, %v, expected ErrMismatch", ok, err)
	}
}

func TestBadFiles(t *testing.T) {
	dir := t.TempDir()
	store := open(t, dir, "")
	alice, err := hex.DecodeString("d43593c715fdd31c61141abd04a99fd6822c8558854ccde39a5684e7a56da27d")
	if err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(dir, "61757261"+hex.EncodeToString(alice))
	for _, content := range []string{"", "//Alice", `{"a":1}`, "null", `"//Alice" x`, `"`, `"` + strings.Repeat("a", 1<<20) + `"`, `"//Bob"`, `"//Alice/"`} {
		if err := os.WriteFile(path, []byte(content), 0o600); err != nil {
			t.Fatal(err)
		}
		if _, ok, err := store.Sign(keys.Sr25519, aura, alice, nil); ok || err == nil || strings.Contains(err.Error(), "//") {
			t.Errorf("content %.20q: %v, %v, expected an error that does not quote it", content, ok, err)
		}
	}
	// What serde_json may write between and around, and escapes.
	for _, content := range []string{`"//Alice"`, " \"//Alice\"\n", `"\/\/\u0041lice"`} {
		if err := os.WriteFile(path, []byte(content), 0o600); err != nil {
			t.Fatal(err)
		}
		if _, ok, err := store.Sign(keys.Sr25519, aura, alice, nil); !ok || err != nil {
			t.Errorf("content %q: %v, %v", content, ok, err)
		}
	}
	if err := os.Remove(path); err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{"6175", "61757261", "network.json", ".key-1234", "0x" + filepath.Base(path), strings.ToUpper(filepath.Base(path))} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte("x"), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	if got, err := store.Keys(aura); err != nil || len(got) != 0 {
		t.Fatalf("keys %x, %v, expected none", got, err)
	}
	for _, public := range [][]byte{nil, make([]byte, 124)} {
		if err := store.Insert(aura, "//Alice", public); !errors.Is(err, keystore.ErrPublicKeyLength) {
			t.Errorf("insert for a public key of %d bytes: %v", len(public), err)
		}
		if held, err := store.Has(aura, public); held || err != nil {
			t.Errorf("has a public key of %d bytes: %v, %v", len(public), held, err)
		}
	}
	if err := store.Insert(aura, "\xff", alice); !errors.Is(err, keys.ErrURISyntax) {
		t.Errorf("insert of a URI that is not UTF-8: %v", err)
	}
}

func TestInMemory(t *testing.T) {
	store := keystore.New("pass")
	public, err := store.Generate(keys.Ed25519, gran, "")
	if err != nil {
		t.Fatal(err)
	}
	if held, err := store.Has(gran, public); !held || err != nil {
		t.Fatalf("has: %v, %v", held, err)
	}
	if _, ok, err := store.Sign(keys.Ed25519, gran, public, nil); !ok || err != nil {
		t.Fatalf("sign: %v, %v", ok, err)
	}
	for i := 1; i < keystore.MaxInMemory; i++ {
		if err := store.Insert(aura, "//Alice", []byte(fmt.Sprint(i))); err != nil {
			t.Fatal(err)
		}
	}
	if err := store.Insert(aura, "//Alice", []byte("1")); err != nil {
		t.Fatalf("replace a key in a full store: %v", err)
	}
	if err := store.Insert(aura, "//Alice", []byte("x")); !errors.Is(err, keystore.ErrFull) {
		t.Fatalf("insert into a full store: %v, expected ErrFull", err)
	}
}

func TestConcurrentUse(t *testing.T) {
	store := open(t, t.TempDir(), "")
	var wg sync.WaitGroup
	for i := range 8 {
		wg.Go(func() {
			public, err := store.Generate(keys.Ed25519, gran, fmt.Sprintf("//%d", i))
			if err == nil {
				err = store.Insert(gran, fmt.Sprintf("//%d", i), public)
			}
			if err == nil {
				_, err = store.PublicKeys(keys.Ed25519, gran)
			}
			if err == nil {
				_, _, err = store.Sign(keys.Ed25519, gran, public, nil)
			}
			if err != nil {
				t.Error(err)
			}
		})
	}
	wg.Wait()
	if got, err := store.PublicKeys(keys.Ed25519, gran); err != nil || len(got) != 8 {
		t.Fatalf("%d keys, %v, expected 8", len(got), err)
	}
}

func TestFormatHidesSecrets(t *testing.T) {
	store := keystore.New("hunter2")
	if _, err := store.Generate(keys.Ed25519, gran, "//Alice"); err != nil {
		t.Fatal(err)
	}
	for _, verb := range []string{"%v", "%+v", "%#v", "%s", "%x", "%d", "%q"} {
		if s := fmt.Sprintf(verb, store); s != "keystore in memory" {
			t.Errorf("%s prints %q", verb, s)
		}
	}
}
