package node

import (
	"bytes"
	"os"
	"path/filepath"
	"testing"
)

// The identities of the secrets 1 and 2, as Substrate's tutorials of private networks print them for --node-key 00…01 and 00…02.
func TestPeerID(t *testing.T) {
	for last, want := range map[byte]string{
		1: "12D3KooWEyoppNCUx8Yx66oV9fJnriXwCcXwDDUA2kj6vnc6iDEp",
		2: "12D3KooWHdiAxVd8uMQR1hGWXccidmfCwLqcMpGwR6QcTP6QRMuD",
	} {
		secret := [32]byte{31: last}
		if got := PeerID(&secret); got != want {
			t.Errorf("%d: got %s, expected %s", last, got, want)
		}
	}
}

func TestNodeKey(t *testing.T) {
	cfg := &Config{Folder: t.TempDir()}
	first, err := nodeKey(cfg)
	if err != nil {
		t.Fatal(err)
	}
	again, err := nodeKey(cfg)
	if err != nil || !bytes.Equal(first[:], again[:]) {
		t.Errorf("%x, then %x: %v", first, again, err)
	}
	path := filepath.Join(t.TempDir(), "key")
	for text, good := range map[string]bool{"0x" + string(bytes.Repeat([]byte("ab"), 32)) + "\n": true, "ab": false, "": false} {
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		if _, err := ReadNodeKey(path); (err == nil) != good {
			t.Errorf("%q: %v", text, err)
		}
	}
}
