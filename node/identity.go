package node

import (
	"crypto/ed25519"
	"crypto/rand"
	"encoding/hex"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"github.com/gotensor/gotensor/primitives/ss58"
)

// KeyFile is where the secret of the node's identity is below the folder of a chain, as with a Substrate node.
func KeyFile(chain string) string { return filepath.Join(chain, "network", "secret_ed25519") }

// ReadNodeKey reads a secret as Substrate's --node-key-file has it: 32 bytes, or their hex.
func ReadNodeKey(path string) (*[32]byte, error) {
	data, err := os.ReadFile(path)
	if err != nil {
		return nil, fmt.Errorf("node key: %w", err)
	}
	key, err := ParseNodeKey(data)
	if err != nil {
		return nil, fmt.Errorf("node key %q: %w", path, err)
	}
	return key, nil
}

// ParseNodeKey reads what stands in such a file.
func ParseNodeKey(data []byte) (*[32]byte, error) {
	if len(data) != ed25519.SeedSize {
		var err error
		if data, err = hex.DecodeString(strings.TrimPrefix(strings.TrimSpace(string(data)), "0x")); err != nil || len(data) != ed25519.SeedSize {
			return nil, errors.New("expected 32 bytes, raw or in hex")
		}
	}
	return (*[32]byte)(data), nil
}

// nodeKey returns the secret of the node's identity, and makes it where it is missing.
func nodeKey(cfg *Config) (*[32]byte, error) {
	if cfg.NodeKey != nil {
		return cfg.NodeKey, nil
	}
	path := KeyFile(cfg.Folder)
	key, err := ReadNodeKey(path)
	if !errors.Is(err, fs.ErrNotExist) {
		return key, err
	}
	key = new([32]byte)
	rand.Read(key[:])
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		return nil, fmt.Errorf("node key: %w", err)
	}
	// Beside and renamed, so that a crash leaves no half key.
	if err := os.WriteFile(path+".new", key[:], 0o600); err != nil {
		return nil, fmt.Errorf("node key: %w", err)
	}
	if err := os.Rename(path+".new", path); err != nil {
		return nil, fmt.Errorf("node key: %w", err)
	}
	return key, nil
}

// peerID is the name of an identity on a libp2p network: a multihash of its public key, which is short enough to be its own hash. Source: libp2p specs, peer-ids.
func peerID(secret *[32]byte) []byte {
	public := ed25519.NewKeyFromSeed(secret[:]).Public().(ed25519.PublicKey)
	// Multihash "identity" of 36 bytes: a protobuf message of key type 1, ed25519, and the 32 bytes of the key.
	return append([]byte{0, 36, 8, 1, 18, 32}, public...)
}

// PeerID is the name of an identity as people read it.
func PeerID(secret *[32]byte) string { return ss58.Base58(peerID(secret)) }
