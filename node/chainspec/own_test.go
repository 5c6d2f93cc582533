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
		trie.V0: {"0x759999033e40a3ed1c328a92de9389e552e30632bbe7b709d464eb48879eb122", "0x62dde8a016d24710d5a47943c0c88f326a9c890b0c72f9ddd4950a2be7cc709a"},
		trie.V1: {"0x791ee7f32661742f2aeb20155a05d93a60ec887254f0d013643ada4842bbefe5", "0x14a040482b4c40dc9e57dacdb4b8a50890ef052cd080fb3c3979f17e66588425"},
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
