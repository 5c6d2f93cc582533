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
	"github.com/gotensor/gotensor/storage/trie"
)

// seam is an Ext as the host of pallets. Each function does what the import of the same name does in package wasmhost.
type seam struct{ *Ext }

var _ host.Host = seam{}

// check stops the pallet code where the host refuses.
func (s seam) check(err error) {
	if err != nil {
		panic(&Trap{err})
	}
}

func (s seam) Get(key []byte) ([]byte, bool) {
	v, ok, err := s.overlay.Get(nil, key)
	s.check(err)
	return v, ok
}

func (s seam) Set(key, value []byte) { s.check(s.overlay.Set(nil, key, value)) }

func (s seam) Clear(key []byte) { s.check(s.overlay.Delete(nil, key)) }

func (s seam) Append(key, item []byte) { s.check(s.overlay.Append(key, item)) }

func (s seam) ClearPrefix(prefix []byte, limit uint32) (removed uint32, more bool) {
	cleared, err := s.overlay.ClearPrefix(nil, prefix, &limit, nil)
	s.check(err)
	return cleared.Loops, cleared.Next != nil
}

func (s seam) NextKey(key []byte) ([]byte, bool) {
	next, ok, err := s.overlay.NextKey(nil, key)
	s.check(err)
	return next, ok
}

func (s seam) Root(version uint8) [32]byte {
	root, err := s.overlay.Root(s.version(version))
	s.check(err)
	return root
}

func (s seam) version(version uint8) trie.Version {
	if version > uint8(trie.V1) {
		s.check(fmt.Errorf("state version %d, expected 0 or 1", version))
	}
	return trie.Version(version)
}

func (s seam) Begin()    { s.check(s.overlay.Begin()) }
func (s seam) Rollback() { s.check(s.overlay.Rollback()) }
func (s seam) Commit()   { s.check(s.overlay.Commit()) }

func (s seam) Sr25519Verify(signature *[64]byte, message []byte, public *[32]byte) bool {
	return keys.Sr25519Verify(signature[:], message, public[:])
}

func (s seam) Ed25519Verify(signature *[64]byte, message []byte, public *[32]byte) bool {
	return keys.Ed25519Verify(signature[:], message, public[:])
}

func (s seam) Secp256k1RecoverCompressed(signature *[65]byte, digest *[32]byte) (public [33]byte, ok bool) {
	public, err := keys.EcdsaRecoverCompressed(*signature, *digest, keys.EcdsaStandard)
	return public, err == nil
}

func (s seam) OrderedRoot(values [][]byte, version uint8) [32]byte {
	return trie.OrderedRoot(values, s.version(version))
}

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
		uri = fmt.Sprintf("//native//%d", len(s.Keys))
	}
	pair, err := keys.FromURI(scheme, uri, "")
	s.check(err)
	s.Keys = append(s.Keys, Key{id, pair})
	return [32]byte(pair.Public())
}

func (s seam) OffchainIndexSet(key, value []byte) { s.check(s.overlay.IndexOffchain(key, value, true)) }

func (s seam) Log(level uint8, target, message string) {
	s.Logs = append(s.Logs, Record{level, target, message})
}

func (s seam) MaxLogLevel() uint8 { return s.Ext.MaxLogLevel }

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
