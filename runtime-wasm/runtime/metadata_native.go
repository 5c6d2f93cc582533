//go:build !wasm

package runtime

import (
	"path"
	"sync"

	"github.com/gotensor/gotensor/pallets/frame"
	"github.com/gotensor/gotensor/pallets/frame/describe"
	"github.com/gotensor/gotensor/primitives/metadata"
	"github.com/gotensor/gotensor/primitives/scale"
)

// Names of the embedded files.
const (
	fileV14  = "metadata_v14.scale"
	fileV15  = "metadata_v15.scale"
	fileHash = "metadata_hash.bin"
)

// apiNames are the names in APIs, which cannot be looked at itself: it leads here.
var apiNames []string

func init() {
	for _, a := range APIs {
		apiNames = append(apiNames, a.Name)
	}
}

// Describe returns the metadata of the runtime in version 15.
func Describe() (*metadata.Metadata, error) {
	return describe.Build(describe.Runtime{Pallets: frame.Current().Pallets(), Extensions: Extensions(), APIs: apiNames})
}

// Embed computes what the blob embeds: the answers of Metadata_metadata_at_version, and the digest of RFC-0078. The files are named by their path where dir is that of
// this package. The build lays them over it.
func Embed(dir string) (map[string][]byte, error) {
	v15, err := Describe()
	if err != nil {
		return nil, err
	}
	hash, err := v15.Digest(metadata.ChainInfo{
		SpecName: Version.SpecName, SpecVersion: Version.SpecVersion, SS58Prefix: System.SS58Prefix, Decimals: 9, Symbol: "TAO",
	})
	if err != nil {
		return nil, err
	}
	return map[string][]byte{
		path.Join(dir, fileV14):  scale.AppendBytes([]byte{1}, describe.V14(v15).Encode()),
		path.Join(dir, fileV15):  scale.AppendBytes([]byte{1}, v15.Encode()),
		path.Join(dir, fileHash): hash[:],
	}, nil
}

// embedded is Embed, once.
var embedded = sync.OnceValue(func() map[string][]byte {
	files, err := Embed("")
	if err != nil {
		panic("BUG: the runtime has no metadata: " + err.Error())
	}
	hash := [32]byte(files[fileHash])
	digest = &hash
	return files
})

// metadataHash returns the digest of RFC-0078; nil before it was computed, which takes a runtime that was composed.
func metadataHash() *[32]byte { return digest }

var digest *[32]byte

// some returns the encoded Option<OpaqueMetadata> of version 14 or 15.
func some(version uint32) []byte {
	if version == 14 {
		return embedded()[fileV14]
	}
	return embedded()[fileV15]
}
