package chainspec

import (
	"bytes"
	"encoding/json"
	"reflect"
	"strings"
	"testing"

	"github.com/gotensor/gotensor/internal/outside"
	"github.com/gotensor/gotensor/storage/trie"
)

// settled is what every member of a spec but genesis can be.
const settled = `{"name": "A \"name\"", "id": "a", "chainType": "Local", "bootNodes": ["/ip4/127.0.0.1/tcp/1/p2p/12D3KooWPM4mLcKJGtyVtkggqdG84zWrd7Rij6PGQDoijh1X86Vr"],
 "telemetryEndpoints": [["/dns/example.org/tcp/443", 1]], "protocolId": "p", "forkId": "f", "properties": {"ss58Format": 42, "tokenSymbol": "TAO"},
 "forkBlocks": [[7, "0x0101010101010101010101010101010101010101010101010101010101010101"]],
 "badBlocks": ["0x0202020202020202020202020202020202020202020202020202020202020202"],
 "codeSubstitutes": {"3": "0x0061736d", "20": "0x00"}, "lightSyncState": {"a": [1, 2]}, "relay_chain": "westend", "para_id": 7, `

// TestWrite reads specs, writes them and reads them again.
func TestWrite(t *testing.T) {
	for name, text := range map[string]string{
		"state root":   settled + `"genesis": {"stateRootHash": "0x0303030303030303030303030303030303030303030303030303030303030303"}}`,
		"plain":        settled + `"genesis": {"runtimeGenesis": {"code": "0x0061736d", "patch": {"a": [1, null, {"b": 100000000000000000000}], "c": "<é>"}}}}`,
		"plain, whole": settled + `"genesis": {"runtimeGenesis": {"config": {}, "code": "0x"}}}`,
		"raw":          settled + `"genesis": {"raw": {"top": {"0x01": "0x", "0x": "0x02"}, "childrenDefault": {"0x05": {"0x06": "0x07", "0x08": "0x09"}, "0x04": {"0x01": "0x02"}}}}}`,
		"nothing set":  `{"name": "", "id": "", "genesis": {"raw": {"top": {}, "childrenDefault": {}}}}`,
	} {
		t.Run(name, func(t *testing.T) {
			spec, err := Parse(strings.NewReader(text))
			if err != nil {
				t.Fatal(err)
			}
			checkWrite(t, spec)
		})
	}
	for name, path := range map[string]func(t *testing.T) string{
		"tiny": func(*testing.T) string { return tiny },
		"testfinney": func(t *testing.T) string {
			return outside.Path(t, 1, "opentensor/subtensor/chainspecs/raw_spec_testfinney.json")
		},
	} {
		t.Run(name, func(t *testing.T) {
			path := path(t)
			spec, err := ReadFile(path)
			if err != nil {
				t.Fatal(err)
			}
			again := checkWrite(t, spec)
			want, err := spec.Genesis.Build(trie.V1)
			if err != nil {
				t.Fatal(err)
			}
			got, err := again.Genesis.Build(trie.V1)
			if err != nil {
				t.Fatal(err)
			}
			if got.Hash != want.Hash {
				t.Errorf("genesis hash after writing: got %s, want %s", got.Hash, want.Hash)
			}
		})
	}
}

// checkWrite fails unless what spec is written as reads as spec, and is written the same again.
func checkWrite(t *testing.T, spec *Spec) *Spec {
	t.Helper()
	var first, second bytes.Buffer
	if err := spec.Write(&first); err != nil {
		t.Fatal(err)
	}
	again, err := Parse(bytes.NewReader(first.Bytes()))
	if err != nil {
		t.Fatalf("%v\n%.2000s", err, first.String())
	}
	if err := again.Write(&second); err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(first.Bytes(), second.Bytes()) {
		t.Errorf("written twice:\n%.2000s\nand\n%.2000s", first.String(), second.String())
	}
	if got, want := flat(again), flat(spec); !reflect.DeepEqual(got, want) {
		t.Errorf("got %+v\nwant %+v", got, want)
	}
	return again
}

// flat is a spec without what may differ and mean the same: spaces in JSON, empty or missing lists.
func flat(spec *Spec) Spec {
	out := *spec
	squeeze := func(text string) string { return strings.NewReplacer(" ", "", "\n", "").Replace(text) }
	out.LightSyncState = []byte(squeeze(string(spec.LightSyncState)))
	values := func(in map[string]json.RawMessage) map[string]json.RawMessage {
		out := map[string]json.RawMessage{}
		for name, value := range in {
			out[name] = []byte(squeeze(string(value)))
		}
		return out
	}
	out.Properties, out.Extensions = values(spec.Properties), values(spec.Extensions)
	out.BootNodes = append([]string{}, spec.BootNodes...)
	out.Telemetry = append([]TelemetryEndpoint{}, spec.Telemetry...)
	return out
}
