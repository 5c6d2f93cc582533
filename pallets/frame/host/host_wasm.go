//go:build wasm

package host

import (
	"runtime"
	"unsafe"

	"github.com/gotensor/gotensor/primitives/scale"
)

// The imports. Of the functions that there are in several versions the oldest is taken that does what is needed: executors written by others know it.
//
// A span is a pointer in the low 32 bits and a length in the high 32 bits. Spans hide pointers from the compiler, so that what they point to may lie on
// the stack and need not escape. That is sound because the stack cannot move between the making of a span and its use: no stack check stands between
// them (calls of imports have none), and nothing preempts a goroutine in Wasm.

//go:wasmimport env ext_storage_get_version_1
func storageGet(key uint64) uint64

//go:wasmimport env ext_storage_set_version_1
func storageSet(key, value uint64)

//go:wasmimport env ext_storage_clear_version_1
func storageClear(key uint64)

//go:wasmimport env ext_storage_exists_version_1
func storageExists(key uint64) uint32

//go:wasmimport env ext_storage_append_version_1
func storageAppend(key, item uint64)

//go:wasmimport env ext_storage_clear_prefix_version_2
func storageClearPrefix(prefix, limit uint64) uint64

//go:wasmimport env ext_storage_next_key_version_1
func storageNextKey(key uint64) uint64

//go:wasmimport env ext_storage_root_version_2
func storageRoot(version uint32) uint64

//go:wasmimport env ext_storage_start_transaction_version_1
func storageStartTransaction()

//go:wasmimport env ext_storage_rollback_transaction_version_1
func storageRollbackTransaction()

//go:wasmimport env ext_storage_commit_transaction_version_1
func storageCommitTransaction()

//go:wasmimport env ext_hashing_blake2_128_version_1
func hashingBlake2128(data uint64) uint32

//go:wasmimport env ext_hashing_blake2_256_version_1
func hashingBlake2256(data uint64) uint32

//go:wasmimport env ext_hashing_twox_256_version_1
func hashingTwox256(data uint64) uint32

//go:wasmimport env ext_hashing_keccak_256_version_1
func hashingKeccak256(data uint64) uint32

//go:wasmimport env ext_crypto_sr25519_verify_version_2
//go:noescape
func cryptoSr25519Verify(signature unsafe.Pointer, message uint64, public unsafe.Pointer) uint32

//go:wasmimport env ext_crypto_ed25519_verify_version_1
//go:noescape
func cryptoEd25519Verify(signature unsafe.Pointer, message uint64, public unsafe.Pointer) uint32

//go:wasmimport env ext_crypto_secp256k1_ecdsa_recover_compressed_version_2
//go:noescape
func cryptoSecp256k1RecoverCompressed(signature, digest unsafe.Pointer) uint64

//go:wasmimport env ext_crypto_sr25519_generate_version_1
//go:noescape
func cryptoSr25519Generate(id unsafe.Pointer, seed uint64) uint32

//go:wasmimport env ext_crypto_ed25519_generate_version_1
//go:noescape
func cryptoEd25519Generate(id unsafe.Pointer, seed uint64) uint32

//go:wasmimport env ext_trie_blake2_256_ordered_root_version_2
func trieOrderedRoot(values uint64, version uint32) uint32

//go:wasmimport env ext_misc_runtime_version_version_1
func miscRuntimeVersion(code uint64) uint64

//go:wasmimport env ext_offchain_index_set_version_1
func offchainIndexSet(key, value uint64)

//go:wasmimport env ext_logging_log_version_1
func loggingLog(level uint32, target, message uint64)

//go:wasmimport env ext_logging_max_level_version_1
func loggingMaxLevel() uint32

//go:wasmimport env ext_allocator_free_version_1
func allocatorFree(pointer uint32)

// span packs where b is and how long.
//
//go:nosplit
func span(b []byte) uint64 {
	return uint64(uintptr(unsafe.Pointer(unsafe.SliceData(b)))) | uint64(len(b))<<32
}

//go:nosplit
func spanOf(s string) uint64 {
	return uint64(uintptr(unsafe.Pointer(unsafe.StringData(s)))) | uint64(len(s))<<32
}

// at returns the address as a pointer.
func at(address uint32) unsafe.Pointer { return unsafe.Add(nil, address) }

// view returns the bytes of a span as they lie in the host's part of memory.
func view(s uint64) []byte { return unsafe.Slice((*byte)(at(uint32(s))), int(uint32(s>>32))) }

// option returns the bytes of an encoded Option<Vec<u8>> inside of it, and whether it has some.
func option(encoded []byte) ([]byte, bool) {
	if len(encoded) == 0 || encoded[0] == 0 {
		return nil, false
	}
	if len(encoded) > 1 && encoded[1]&3 == 0 { // most values are shorter than 64 bytes
		return encoded[2:], true
	}
	switch encoded[1] & 3 {
	case 1:
		return encoded[3:], true
	case 2:
		return encoded[5:], true
	}
	return encoded[6:], true
}

// taken copies the Option<Vec<u8>> of a span and gives the host's allocation back.
func taken(s uint64) ([]byte, bool) {
	inner, ok := option(view(s))
	if ok {
		inner = append(make([]byte, 0, len(inner)), inner...)
	}
	allocatorFree(uint32(s))
	return inner, ok
}

// taken32 copies 32 bytes and gives the host's allocation back.
func taken32(address uint32) (out [32]byte) {
	out = *(*[32]byte)(at(address))
	allocatorFree(address)
	return out
}

// borrowed is the address of the allocation that Borrow returned a part of.
var borrowed uint32

// Get returns the value at key and whether there is one.
func Get(key []byte) ([]byte, bool) { return taken(storageGet(span(key))) }

// Borrow is Get without a copy: the bytes must be given back to Return before anything else is read or written.
func Borrow(key []byte) ([]byte, bool) {
	s := storageGet(span(key))
	value, ok := option(view(s))
	if !ok {
		allocatorFree(uint32(s)) // there is no Return of what was not there
		return nil, false
	}
	borrowed = uint32(s)
	return value, true
}

// Return gives back what Borrow returned.
func Return([]byte) { allocatorFree(borrowed) }

// Exists tells whether there is a value at key.
func Exists(key []byte) bool { return storageExists(span(key)) != 0 }

// Set sets the value at key.
func Set(key, value []byte) { storageSet(span(key), span(value)) }

// Clear removes the value at key.
func Clear(key []byte) { storageClear(span(key)) }

// Append adds an encoded item to the sequence at key.
func Append(key, item []byte) { storageAppend(span(key), span(item)) }

// ClearPrefix removes at most limit keys of the state before the block under prefix, and those that the block itself wrote; more tells that some are left.
func ClearPrefix(prefix []byte, limit uint32) (removed uint32, more bool) {
	some := [5]byte{1, byte(limit), byte(limit >> 8), byte(limit >> 16), byte(limit >> 24)}
	s := storageClearPrefix(span(prefix), span(some[:]))
	result := (*[5]byte)(at(uint32(s)))
	removed = uint32(result[1]) | uint32(result[2])<<8 | uint32(result[3])<<16 | uint32(result[4])<<24
	more = result[0] != 0
	allocatorFree(uint32(s))
	return removed, more
}

// NextKey returns the key after key in the order of the state, and whether there is one.
func NextKey(key []byte) ([]byte, bool) { return taken(storageNextKey(span(key))) }

// Root returns the state root with all that was written, under the state version.
func Root(version uint8) [32]byte { return taken32(uint32(storageRoot(uint32(version)))) }

// Begin opens a storage transaction; Rollback takes back what was written in it, Commit keeps it.
func Begin() { storageStartTransaction() }

// Rollback ends the innermost transaction and takes back what was written in it.
func Rollback() { storageRollbackTransaction() }

// Commit ends the innermost transaction and keeps what was written in it.
func Commit() { storageCommitTransaction() }

// AppendBlake2_128 appends blake2b-128 of data to dst.
func AppendBlake2_128(dst, data []byte) []byte {
	digest := hashingBlake2128(span(data))
	dst = append(dst, (*[16]byte)(at(digest))[:]...)
	allocatorFree(digest)
	return dst
}

// Blake2_256 returns blake2b-256 of data.
func Blake2_256(data []byte) [32]byte { return taken32(hashingBlake2256(span(data))) }

// Twox256 returns xxhash of data with seeds 0 to 3.
func Twox256(data []byte) [32]byte { return taken32(hashingTwox256(span(data))) }

// Keccak256 returns keccak-256 of data.
func Keccak256(data []byte) [32]byte { return taken32(hashingKeccak256(span(data))) }

// Sr25519Verify verifies a signature under the context "substrate".
func Sr25519Verify(signature *[64]byte, message []byte, public *[32]byte) bool {
	return cryptoSr25519Verify(unsafe.Pointer(signature), span(message), unsafe.Pointer(public)) != 0
}

// Ed25519Verify verifies a signature.
func Ed25519Verify(signature *[64]byte, message []byte, public *[32]byte) bool {
	return cryptoEd25519Verify(unsafe.Pointer(signature), span(message), unsafe.Pointer(public)) != 0
}

// Secp256k1RecoverCompressed returns the public key whose signature of digest it is.
func Secp256k1RecoverCompressed(signature *[65]byte, digest *[32]byte) (public [33]byte, ok bool) {
	s := cryptoSecp256k1RecoverCompressed(unsafe.Pointer(signature), unsafe.Pointer(digest))
	if result := view(s); len(result) == 34 && result[0] == 0 {
		public, ok = [33]byte(result[1:]), true
	}
	allocatorFree(uint32(s))
	return public, ok
}

// OrderedRoot returns the root of the trie of values, an encoded Vec<Vec<u8>>, by their compact indices: the extrinsics root.
func OrderedRoot(values []byte, version uint8) [32]byte {
	return taken32(trieOrderedRoot(span(values), uint32(version)))
}

// RuntimeVersion returns the encoded RuntimeVersion of a runtime's code, and false where it has none.
func RuntimeVersion(code []byte) ([]byte, bool) { return taken(miscRuntimeVersion(span(code))) }

// Sr25519Generate makes a key in the node's keystore under the id, from the seed phrase where there is one.
func Sr25519Generate(id [4]byte, seed []byte, hasSeed bool) [32]byte {
	phrase := seedOption(seed, hasSeed)
	return taken32(cryptoSr25519Generate(unsafe.Pointer(&id), span(phrase)))
}

// Ed25519Generate makes a key in the node's keystore under the id, from the seed phrase where there is one.
func Ed25519Generate(id [4]byte, seed []byte, hasSeed bool) [32]byte {
	phrase := seedOption(seed, hasSeed)
	return taken32(cryptoEd25519Generate(unsafe.Pointer(&id), span(phrase)))
}

func seedOption(seed []byte, hasSeed bool) []byte {
	if !hasSeed {
		return []byte{0}
	}
	return scale.AppendBytes([]byte{1}, seed)
}

// OffchainIndexSet sets a value of the node's offchain database; it is no part of the state.
func OffchainIndexSet(key, value []byte) { offchainIndexSet(span(key), span(value)) }

// The heap is collected when it has so many bytes, and so many more than the last collection left. Blocks of a few thousand transfers stay below.
const (
	collectAbove = 32 << 20
	collectMore  = 16 << 20
)

var (
	memory runtime.MemStats
	kept   uint64 // bytes of the heap that the last collection left
)

// Collect frees memory that is no longer in use, where there is much of it: see the package. Natively Go does that by itself.
func Collect() {
	runtime.ReadMemStats(&memory)
	if memory.HeapAlloc < max(collectAbove, kept+collectMore) {
		return
	}
	runtime.GC()
	runtime.ReadMemStats(&memory)
	kept = memory.HeapAlloc
}

// Log writes a line to the node's log; levels are error 1 to trace 5.
func Log(level uint8, target, message string) {
	loggingLog(uint32(level)-1, spanOf(target), spanOf(message)) // the numbers of records begin with 0, error
}

// MaxLogLevel returns the most detailed level that the node wants.
func MaxLogLevel() uint8 { return uint8(loggingMaxLevel()) }
