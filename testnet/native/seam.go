package native

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"

	"github.com/klauspost/compress/zstd"

	"github.com/gotensor/gotensor/internal/codeblob"
	"github.com/gotensor/gotensor/internal/wasmbin"
	"github.com/gotensor/gotensor/pallets/frame/host"
	"github.com/gotensor/gotensor/primitives/chain"
	"github.com/gotensor/gotensor/primitives/keys"
	"github.com/gotensor/gotensor/testnet/overlayhost"
)

// seam is an Ext as the host of pallets. Each function does what the import of the same name does in package wasmhost.
type seam struct {
	overlayhost.Host
	ext *Ext
}

var _ host.Host = seam{}

func (s seam) Sr25519Generate(id [4]byte, seed []byte, hasSeed bool) [32]byte {
	return s.generate(keys.Sr25519, id, seed, hasSeed)
}

func (s seam) Ed25519Generate(id [4]byte, seed []byte, hasSeed bool) [32]byte {
	return s.generate(keys.Ed25519, id, seed, hasSeed)
}

// generate makes a key of the secret URI in seed, or where there is none of how many were made before.
func (s seam) generate(scheme keys.Scheme, id [4]byte, seed []byte, hasSeed bool) [32]byte {
	uri := string(seed)
	if !hasSeed {
		uri = fmt.Sprintf("//native//%d", len(s.ext.Keys))
	}
	pair, err := keys.FromURI(scheme, uri, "")
	overlayhost.Check(err)
	s.ext.Keys = append(s.ext.Keys, Key{id, pair})
	return [32]byte(pair.Public())
}

func (s seam) Log(level uint8, target, message string) {
	s.ext.Logs = append(s.ext.Logs, Record{level, target, message})
}

func (s seam) MaxLogLevel() uint8 { return s.ext.MaxLogLevel }

// maxCode bounds what code unpacks to. Source: substrate sp-maybe-compressed-blob, CODE_BLOB_BOMB_LIMIT.
const maxCode = 50 << 20

// RuntimeVersion reads the version from the custom sections of code. Code without them has to be run to tell, and has no version here.
func (s seam) RuntimeVersion(code []byte) ([]byte, bool) {
	version, err := embeddedVersion(code)
	if err != nil {
		return nil, false
	}
	out := version.AppendScale(nil)
	// The answer has all fields, whatever the version of the Core API is, as package wasmhost and Substrate write it.
	core, _ := version.APIVersion("Core")
	if core < 3 {
		out = binary.LittleEndian.AppendUint32(out, version.TransactionVersion)
	}
	if core < 4 {
		out = append(out, version.SystemVersion)
	}
	return out, true
}

func embeddedVersion(code []byte) (v chain.RuntimeVersion, err error) {
	if packed, ok := bytes.CutPrefix(code, codeblob.Prefix); ok {
		d, err := zstd.NewReader(nil, zstd.WithDecoderConcurrency(1), zstd.WithDecoderMaxMemory(maxCode))
		if err != nil {
			return v, err
		}
		defer d.Close()
		if code, err = d.DecodeAll(packed, nil); err != nil {
			return v, err
		}
	}
	m, err := wasmbin.Parse(code)
	if err != nil {
		return v, err
	}
	section, ok := m.Custom("runtime_version")
	if !ok {
		return v, errors.New("code has no section runtime_version")
	}
	apis, _ := m.Custom("runtime_apis")
	return chain.EmbeddedVersion(section, apis)
}
