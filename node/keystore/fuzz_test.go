package keystore_test

import (
	"encoding/hex"
	"os"
	"path/filepath"
	"testing"

	"github.com/gotensor/gotensor/primitives/keys"
)

// FuzzKeyFile reads any bytes as a key file: a signature that comes out is good, and nothing panics.
func FuzzKeyFile(f *testing.F) {
	for _, s := range []string{`"//Alice"`, `"0x0000000000000000000000000000000000000000000000000000000000000001"`, `"//A\u006cice/1///p"`, "null", `"`, "\xff"} {
		f.Add([]byte(s))
	}
	alice, err := hex.DecodeString("88dc3417d5058ec4b4503e0c12ea1a0a89be200fe98922423d4334014fa6b0ee")
	if err != nil {
		f.Fatal(err)
	}
	f.Fuzz(func(t *testing.T, content []byte) {
		dir := t.TempDir()
		if err := os.WriteFile(filepath.Join(dir, hex.EncodeToString(gran[:])+hex.EncodeToString(alice)), content, 0o600); err != nil {
			t.Fatal(err)
		}
		sig, ok, err := open(t, dir, "").Sign(keys.Ed25519, gran, alice, []byte("m"))
		if ok == (err != nil) || ok && !keys.Verify(keys.Ed25519, sig, []byte("m"), alice) {
			t.Fatalf("sign: %v, %v", ok, err)
		}
	})
}
