//go:build !wasm

package host

import (
	"sync"

	"github.com/gotensor/gotensor/primitives/hash"
	"github.com/gotensor/gotensor/primitives/scale"
)

// Host is who answers natively. Its functions are those of this package; keys and values are not kept by it unless copied.
type Host interface {
	Get(key []byte) ([]byte, bool) // the value stays as it is
	Set(key, value []byte)
	Clear(key []byte)
	Append(key, item []byte)
	ClearPrefix(prefix []byte, limit uint32) (removed uint32, more bool)
	NextKey(key []byte) ([]byte, bool)
	Root(version uint8) [32]byte
	Begin()
	Rollback()
	Commit()
	Sr25519Verify(signature *[64]byte, message []byte, public *[32]byte) bool
	Ed25519Verify(signature *[64]byte, message []byte, public *[32]byte) bool
	Secp256k1RecoverCompressed(signature *[65]byte, digest *[32]byte) (public [33]byte, ok bool)
	OrderedRoot(values [][]byte, version uint8) [32]byte
	RuntimeVersion(code []byte) ([]byte, bool)
	Sr25519Generate(id [4]byte, seed []byte, hasSeed bool) [32]byte
	Ed25519Generate(id [4]byte, seed []byte, hasSeed bool) [32]byte
	OffchainIndexSet(key, value []byte)
	Log(level uint8, target, message string)
	MaxLogLevel() uint8
}

var (
	mu     sync.Mutex
	active Host
)

// Use runs f with h as the host. Calls from several goroutines wait for each other.
func Use(h Host, f func()) {
	mu.Lock()
	defer mu.Unlock()
	before := active
	active = h
	defer func() { active = before }()
	f()
}

// Get returns the value at key and whether there is one.
func Get(key []byte) ([]byte, bool) {
	v, ok := active.Get(key)
	return append([]byte(nil), v...), ok
}

// Borrow is Get without a copy: the bytes must be given back to Return before anything else is read or written.
func Borrow(key []byte) ([]byte, bool) { return active.Get(key) }

// Return gives back what Borrow returned.
func Return([]byte) {}

// Exists tells whether there is a value at key.
func Exists(key []byte) bool {
	_, ok := active.Get(key)
	return ok
}

// Set sets the value at key.
func Set(key, value []byte) { active.Set(key, value) }

// Clear removes the value at key.
func Clear(key []byte) { active.Clear(key) }

// Append adds an encoded item to the sequence at key.
func Append(key, item []byte) { active.Append(key, item) }

// ClearPrefix removes at most limit keys of the state before the block under prefix, and those that the block itself wrote; more tells that some are left.
func ClearPrefix(prefix []byte, limit uint32) (removed uint32, more bool) {
	return active.ClearPrefix(prefix, limit)
}

// NextKey returns the key after key in the order of the state, and whether there is one.
func NextKey(key []byte) ([]byte, bool) { return active.NextKey(key) }

// Root returns the state root with all that was written, under the state version.
func Root(version uint8) [32]byte { return active.Root(version) }

// Begin opens a storage transaction; Rollback takes back what was written in it, Commit keeps it.
func Begin() { active.Begin() }

// Rollback ends the innermost transaction and takes back what was written in it.
func Rollback() { active.Rollback() }

// Commit ends the innermost transaction and keeps what was written in it.
func Commit() { active.Commit() }

// AppendBlake2_128 appends blake2b-128 of data to dst.
func AppendBlake2_128(dst, data []byte) []byte {
	sum := hash.Blake2b128(data)
	return append(dst, sum[:]...)
}

// Blake2_256 returns blake2b-256 of data.
func Blake2_256(data []byte) [32]byte { return hash.Blake2b256(data) }

// Twox256 returns xxhash of data with seeds 0 to 3.
func Twox256(data []byte) [32]byte { return hash.Twox256(data) }

// Keccak256 returns keccak-256 of data.
func Keccak256(data []byte) [32]byte { return hash.Keccak256(data) }

// Sr25519Verify verifies a signature under the context "substrate".
func Sr25519Verify(signature *[64]byte, message []byte, public *[32]byte) bool {
	return active.Sr25519Verify(signature, message, public)
}

// Ed25519Verify verifies a signature.
func Ed25519Verify(signature *[64]byte, message []byte, public *[32]byte) bool {
	return active.Ed25519Verify(signature, message, public)
}

// Secp256k1RecoverCompressed returns the public key whose signature of digest it is.
func Secp256k1RecoverCompressed(signature *[65]byte, digest *[32]byte) (public [33]byte, ok bool) {
	return active.Secp256k1RecoverCompressed(signature, digest)
}

// OrderedRoot returns the root of the trie of values, an encoded Vec<Vec<u8>>, by their compact indices: the extrinsics root.
func OrderedRoot(values []byte, version uint8) [32]byte {
	list, err := scale.UnmarshalFunc(values, func(d *scale.Decoder) [][]byte { return scale.DecodeSeq(d, (*scale.Decoder).View) })
	if err != nil {
		panic("BUG: values of an ordered root: " + err.Error())
	}
	return active.OrderedRoot(list, version)
}

// RuntimeVersion returns the encoded RuntimeVersion of a runtime's code, and false where it has none.
func RuntimeVersion(code []byte) ([]byte, bool) { return active.RuntimeVersion(code) }

// Sr25519Generate makes a key in the node's keystore under the id, from the seed phrase where there is one.
func Sr25519Generate(id [4]byte, seed []byte, hasSeed bool) [32]byte {
	return active.Sr25519Generate(id, seed, hasSeed)
}

// Ed25519Generate makes a key in the node's keystore under the id, from the seed phrase where there is one.
func Ed25519Generate(id [4]byte, seed []byte, hasSeed bool) [32]byte {
	return active.Ed25519Generate(id, seed, hasSeed)
}

// OffchainIndexSet sets a value of the node's offchain database; it is no part of the state.
func OffchainIndexSet(key, value []byte) { active.OffchainIndexSet(key, value) }

// Collect frees memory that is no longer in use, where there is much of it: see the package. Natively Go does that by itself.
func Collect() {}

// Log writes a line to the node's log; levels are error 1 to trace 5.
func Log(level uint8, target, message string) { active.Log(level, target, message) }

// MaxLogLevel returns the most detailed level that the node wants.
func MaxLogLevel() uint8 { return active.MaxLogLevel() }
