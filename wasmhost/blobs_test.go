package wasmhost

import (
	"encoding/hex"
	"encoding/json"
	"strings"
	"testing"

	"github.com/gotensor/gotensor/internal/outside"
)

// blob is a real runtime that nobody here wrote. The facts come from running it under gossamer, plain wazero and wasmtime.
type blob struct {
	name, path string
	// sha256 of the module, its metadata's length with the compact in front, and its specification.
	sha256       string
	metadata     int
	specName     string
	specVersion  uint32
	metadataHash string // sha256 of the metadata without the compact; empty where no other host told
}

const (
	pathSub103   = "opentensor/subtensor/chainspecs/raw_spec_testfinney.json"
	pathSub143   = "opentensor/subtensor/node/src/chain_spec/code_substitute_2585476.txt"
	pathWestend  = "smol-dot/smoldot/lib/src/executor/host/westend-runtime-v9300.wasm"
	pathPolkadot = "smol-dot/smoldot/lib/src/executor/host/zstd/polkadot-runtime-v9160.wasm.zstd"
)

var (
	sub103 = blob{"subtensor 103", pathSub103, "607c06004cf9e57f0c13782bbdb0140fbbaf6a9cdb7d83df869c5bc4b67bf69f", 44569, "node-subtensor", 103,
		"1044c2cf8b664232c482224a8bf8214fce5409d0757ca4bd8f5d3307535b7ced"}
	sub143 = blob{"subtensor 143", pathSub143, "ba0948680766f6142e0d9a8cca36d6d124108178a8a361eb7973593486311130", 88255, "node-subtensor", 143,
		"b9fbf770d55e8085fa6a0ab5e7cd7b06ac350b0ddd5ded6488a77c2a87baadc0"}
	blobs = []blob{
		sub103,
		sub143,
		{"westend 9300", pathWestend, "", 288466, "westend", 9300, ""},
		{"polkadot 9160", pathPolkadot, "", 315299, "polkadot", 9160, ""},
		{"polkadot 9400", "LimeChain/gosemble/build/polkadot_runtime-v9400.compact.compressed.wasm", "", 360659, "polkadot", 9400, ""},
		{"gossamer node", "ChainSafe/gossamer/tests/polkadotjs_test/test/node_runtime.compact.wasm", "", 185081, "node", 262, ""},
		{"node template", "LimeChain/gosemble/build/node_template_runtime.wasm", "", 33195, "node-template", 100, ""},
		{"gosemble", "LimeChain/gosemble/build/runtime.wasm", "", 26450, "node-template", 100, ""},
	}
)

// code reads the blob as a chain would hold it: from a chain spec, from hex, or as it is.
func (b blob) code(t testing.TB) []byte {
	t.Helper()
	data := b.file(t)
	switch {
	case strings.HasSuffix(b.path, ".json"):
		return fromHex(t, b.genesis(t)["0x3a636f6465"])
	case strings.HasSuffix(b.path, ".txt"):
		return fromHex(t, string(data))
	}
	return data
}

// genesis returns the entries of the top trie in the chain spec that the blob is in, in hex.
func (b blob) genesis(t testing.TB) map[string]string {
	t.Helper()
	var spec struct {
		Genesis struct {
			Raw struct{ Top map[string]string }
		}
	}
	if err := json.Unmarshal(b.file(t), &spec); err != nil {
		t.Fatalf("chain spec %s: %v", b.path, err)
	}
	return spec.Genesis.Raw.Top
}

// file reads the file that the blob is in.
func (b blob) file(t testing.TB) []byte {
	t.Helper()
	return outside.Read(t, 1, b.path)
}

func fromHex(t testing.TB, text string) []byte {
	t.Helper()
	data, err := hex.DecodeString(strings.TrimPrefix(strings.TrimSpace(text), "0x"))
	if err != nil || len(data) == 0 {
		t.Fatalf("hex of %d digits: %v", len(text), err)
	}
	return data
}
