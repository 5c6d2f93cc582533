package metadata

import (
	"bytes"
	"compress/gzip"
	"errors"
	"io"
	"os"
	"testing"
)

// TestDigest compares digests with those of another implementation: see testdata/README.md.
func TestDigest(t *testing.T) {
	for _, test := range []struct {
		file, want string
		info       ChainInfo
	}{
		{"substrate", "0x78133f621192f7b4b742dcbeeb039e363127d1fc395cf5fd1a8842cff2ad7181", ChainInfo{268, "node", 42, 12, "UNIT"}},
		{"polkadot", "0x64fb84f2a8fe9476818fcedee28fb2306ca3ff5c453bad7897a46dddda217df4", ChainInfo{2000000, "polkadot", 0, 12, "UNIT"}},
	} {
		packed, err := os.ReadFile("testdata/" + test.file + ".v15.gz")
		if err != nil {
			t.Fatal(err)
		}
		unpack, err := gzip.NewReader(bytes.NewReader(packed))
		if err != nil {
			t.Fatal(err)
		}
		raw, err := io.ReadAll(unpack)
		if err != nil {
			t.Fatal(err)
		}
		m, err := Decode(raw)
		if err != nil {
			t.Fatal(err)
		}
		if !bytes.Equal(m.Encode(), raw) {
			t.Errorf("%s: encodes to other bytes", test.file)
		}
		got, err := m.Digest(test.info)
		if err != nil || got.String() != test.want {
			t.Errorf("%s: digest %v, %v, expected %s", test.file, got, err, test.want)
		}
		m.Version = 14
		if _, err := m.Digest(test.info); !errors.Is(err, ErrDigest) {
			t.Errorf("%s: version 14: %v, expected ErrDigest", test.file, err)
		}
	}
}
