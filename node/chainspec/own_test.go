package chainspec

import (
	"bytes"
	"encoding/json"
	"flag"
	"os"
	"testing"

	"github.com/gotensor/gotensor/internal/tinyruntime"
	"github.com/gotensor/gotensor/primitives/hash"
	"github.com/gotensor/gotensor/storage/trie"
)

var update = flag.Bool("update", false, "rewrite testdata/tiny.json; its roots must then be calculated anew")

const tiny = "testdata/tiny.json"

// tinySpec is the spec of testdata: keys of several lengths, one the prefix of another, values on both sides of 32 bytes, and a child trie.
func tinySpec() any {
	hex := func(data []byte) string {
		text := make([]byte, 2, 2+2*len(data))
		copy(text, "0x")
		const digits = "0123456789abcdef"
		for _, b := range data {
			text = append(text, digits[b>>4], digits[b&15])
		}
		return string(text)
	}
	key := func(pallet, item string, rest ...byte) string {
		p, i := hash.Twox128([]byte(pallet)), hash.Twox128([]byte(item))
		return hex(append(append(p[:], i[:]...), rest...))
	}
	entries := map[string]string{
		hex([]byte(":code")):            hex(tinyruntime.Module()),
		hex([]byte(":extrinsic_index")): "0x00000000",
		key("Tiny", "Sum"):              "0x0700000000000000",
		key("Tiny", "Owner"):            hex(bytes.Repeat([]byte{0xaa}, 32)),
		key("Tiny", "Owner", 1):         hex(bytes.Repeat([]byte{0xbb}, 33)),
		key("Tiny", "Owner", 1, 2):      "0x",
		key("Tiny", "Owner", 0x10):      hex(bytes.Repeat([]byte{0xcc}, 100)),
	}
	return map[string]any{
		"name": "Tiny", "id": "tiny", "chainType": "Development",
		"bootNodes": []string{}, "telemetryEndpoints": nil, "protocolId": "tiny",
		"properties": map[string]any{"tokenSymbol": "TAO", "tokenDecimals": 9, "ss58Format": 42},
		"genesis": map[string]any{"raw": map[string]any{
			"top": entries,
			"childrenDefault": map[string]any{hex([]byte("crowdloan")): map[string]string{
				hex([]byte("alice")): "0x00ca9a3b00000000",
				hex([]byte("bob")):   hex(bytes.Repeat([]byte{0xdd}, 40)),
			}},
		}},
	}
}

// TestOwnSpec builds the spec of testdata, whose roots an independent program calculated: see testdata/README.md.
func TestOwnSpec(t *testing.T) {
	want, err := json.MarshalIndent(tinySpec(), "", "  ")
	if err != nil {
		t.Fatal(err)
	}
	want = append(want, '\n')
	if *update {
		if err := os.WriteFile(tiny, want, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	got, err := os.ReadFile(tiny)
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(got, want) {
		t.Errorf("%s is not what this test makes: run go test -run TestOwnSpec -update and calculate its roots anew", tiny)
	}
	spec, err := ReadFile(tiny)
	if err != nil {
		t.Fatal(err)
	}
	for version, want := range map[trie.Version][2]string{
		trie.V0: {"0xac36b392b662220d4c8cb1644e066bd9b74e160b03abe04a5a476f9b9e00189f", "0x4d551925794856ff8f3048780fbd91309e9f193de8a75279d53c6a40798350c9"},
		trie.V1: {"0x84d54e09407df3bd2974fa6b33c7e199e39d93b0d1677450e88a8b2e80abe6e5", "0xf1b975a04e5fd5b24398181f0b113a9f19056a684b268b4dea4508a53eb57330"},
	} {
		block, err := spec.Genesis.Build(version)
		if err != nil {
			t.Fatal(err)
		}
		if got := [2]string{block.Header.StateRoot.String(), block.Hash.String()}; got != want {
			t.Errorf("version %d: got root and hash %s, want %s", version, got, want)
		}
		value, ok, err := block.State.Get([]byte("crowdloan"), []byte("alice"))
		if err != nil || !ok || len(value) != 8 {
			t.Errorf("version %d: child value 0x%x, %v, %v", version, value, ok, err)
		}
	}
}
