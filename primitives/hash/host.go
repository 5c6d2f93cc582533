//go:build !wasm

package hash

import (
	"crypto/sha256"

	"golang.org/x/crypto/sha3"
)

// Keccak256 returns the 32-byte Keccak of data, as Ethereum uses it (not SHA3).
func Keccak256(data []byte) (out [32]byte) {
	h := sha3.NewLegacyKeccak256()
	h.Write(data)
	h.Sum(out[:0])
	return out
}

// Keccak512 returns the 64-byte Keccak of data.
func Keccak512(data []byte) (out [64]byte) {
	h := sha3.NewLegacyKeccak512()
	h.Write(data)
	h.Sum(out[:0])
	return out
}

// Sha2_256 returns the 32-byte SHA-256 of data.
func Sha2_256(data []byte) [32]byte { return sha256.Sum256(data) }
