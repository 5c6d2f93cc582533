// Package hash has the hash functions of the Polkadot Host and the 32-byte hash type of the chain.
//
// Every function is pure and safe for concurrent use. Blake2b is unkeyed; twox is XXH64 with the seeds
// 0, 1, 2, 3, each digest little-endian, concatenated up to the width. twox is not cryptographic: it may
// key storage only where users cannot choose the input.
//
// SHA-256 and Keccak are not there in Wasm, where Go's libraries of them bring much along: runtimes ask the host.
//
// Source: Polkadot specification, appendix "Cryptography & Encoding"; Host API, chapter "Hashing".
package hash

import (
	"encoding/binary"
	"errors"
	stdhash "hash"
	"strings"
	"sync"

	"github.com/cespare/xxhash/v2"
	"golang.org/x/crypto/blake2b"

	"github.com/gotensor/gotensor/primitives/internal/text"
)

// H256 is a 32-byte hash: of a block, a state, an extrinsic or a piece of code. Its text form is 0x and 64 hex digits.
type H256 [32]byte

// String returns the hash as 0x and 64 lowercase hex digits.
func (h H256) String() string { return text.Hex(h[:]) }

// MarshalText implements encoding.TextMarshaler with the form of String.
func (h H256) MarshalText() ([]byte, error) { return []byte(h.String()), nil }

// UnmarshalText reads 64 hex digits behind an optional 0x.
func (h *H256) UnmarshalText(given []byte) error {
	digits := strings.TrimPrefix(string(given), "0x")
	if len(digits) != 64 {
		return errors.New("hash " + text.Quote(given) + ": expected 64 hex digits, got " + text.Int(len(digits)))
	}
	if !text.ParseHex(h[:], digits) {
		return errors.New("hash " + text.Quote(given) + ": expected hex digits")
	}
	return nil
}

// state128 is a blake2b state of 16 bytes with room for its digest, so that hashing allocates nothing.
type state128 struct {
	stdhash.Hash
	sum [16]byte
}

// states128 are idle: x/crypto has no one-call form of that size, and making a state costs more than hashing a key.
var states128 = sync.Pool{New: func() any {
	h, err := blake2b.New(16, nil)
	if err != nil {
		panic("BUG: blake2b refuses a size of 16 without a key: " + err.Error())
	}
	return &state128{Hash: h}
}}

// Blake2b128 returns the 16-byte unkeyed blake2b of data: the hash of Blake2_128Concat storage keys.
func Blake2b128(data []byte) [16]byte {
	s := states128.Get().(*state128)
	s.Reset()
	s.Write(data)
	s.Sum(s.sum[:0])
	out := s.sum
	states128.Put(s)
	return out
}

// Blake2b256 returns the 32-byte unkeyed blake2b of data: block hashes, trie nodes, code hashes.
func Blake2b256(data []byte) H256 { return blake2b.Sum256(data) }

// Blake2b512 returns the 64-byte unkeyed blake2b of data.
func Blake2b512(data []byte) [64]byte { return blake2b.Sum512(data) }

// Twox64 returns XXH64 of data with seed 0, little-endian.
func Twox64(data []byte) (out [8]byte) {
	twox(out[:], data)
	return out
}

// Twox128 returns XXH64 of data with seeds 0 and 1, each little-endian. Storage prefixes are made of it.
func Twox128(data []byte) (out [16]byte) {
	twox(out[:], data)
	return out
}

// Twox256 returns XXH64 of data with seeds 0 to 3, each little-endian.
func Twox256(data []byte) (out [32]byte) {
	twox(out[:], data)
	return out
}

func twox(out, data []byte) {
	var d xxhash.Digest
	for seed := range len(out) / 8 {
		d.ResetWithSeed(uint64(seed))
		d.Write(data)
		binary.LittleEndian.PutUint64(out[8*seed:], d.Sum64())
	}
}
