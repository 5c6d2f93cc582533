package wasmhost

import "github.com/gotensor/gotensor/primitives/hash"

// Chapter "Hashing". Every function takes a span and returns a pointer to a fresh digest; a digest is as many bytes as its name says
// bits by 8. Traps: span outside memory; heap exhausted. Package hash has the rules.

var hashingFuncs = []hostFunc{
	{"ext_hashing_keccak_256_version_1", params(i64), results(i32), hashingKeccak256},
	{"ext_hashing_keccak_512_version_1", params(i64), results(i32), hashingKeccak512},
	{"ext_hashing_sha2_256_version_1", params(i64), results(i32), hashingSha2256},
	{"ext_hashing_blake2_128_version_1", params(i64), results(i32), hashingBlake2128},
	{"ext_hashing_blake2_256_version_1", params(i64), results(i32), hashingBlake2256},
	{"ext_hashing_twox_64_version_1", params(i64), results(i32), hashingTwox64},
	{"ext_hashing_twox_128_version_1", params(i64), results(i32), hashingTwox128},
	{"ext_hashing_twox_256_version_1", params(i64), results(i32), hashingTwox256},
}

func hashingKeccak256(c *call, stack []uint64) {
	digest := hash.Keccak256(c.bytes(stack[0], 0))
	stack[0] = c.allocPointer(digest[:])
}

func hashingKeccak512(c *call, stack []uint64) {
	digest := hash.Keccak512(c.bytes(stack[0], 0))
	stack[0] = c.allocPointer(digest[:])
}

func hashingSha2256(c *call, stack []uint64) {
	digest := hash.Sha2_256(c.bytes(stack[0], 0))
	stack[0] = c.allocPointer(digest[:])
}

func hashingBlake2128(c *call, stack []uint64) {
	digest := hash.Blake2b128(c.bytes(stack[0], 0))
	stack[0] = c.allocPointer(digest[:])
}

func hashingBlake2256(c *call, stack []uint64) {
	digest := hash.Blake2b256(c.bytes(stack[0], 0))
	stack[0] = c.allocPointer(digest[:])
}

func hashingTwox64(c *call, stack []uint64) {
	digest := hash.Twox64(c.bytes(stack[0], 0))
	stack[0] = c.allocPointer(digest[:])
}

func hashingTwox128(c *call, stack []uint64) {
	digest := hash.Twox128(c.bytes(stack[0], 0))
	stack[0] = c.allocPointer(digest[:])
}

func hashingTwox256(c *call, stack []uint64) {
	digest := hash.Twox256(c.bytes(stack[0], 0))
	stack[0] = c.allocPointer(digest[:])
}
