package wasmhost

import (
	"errors"
	"fmt"
	"unicode/utf8"

	"github.com/gotensor/gotensor/primitives/keys"
	"github.com/gotensor/gotensor/primitives/scale"
)

// Chapter "Crypto". Verification is a pure function and open to every context; what touches secret keys traps with
// ErrForbidden where the context has no keystore. Which signatures are good is said in package keys.
//
// Common forms: a key type is a pointer to 4 bytes; a public key is a pointer to 32 bytes (ecdsa: 33), a signature to 64 (ecdsa: 65), a
// digest to 32; a message is a span. A malformed key or signature is a bad one and no trap.

var cryptoFuncs = []hostFunc{
	{"ext_crypto_ed25519_public_keys_version_1", params(i32), results(i64), ed25519PublicKeys},
	{"ext_crypto_ed25519_generate_version_1", params(i32, i64), results(i32), ed25519Generate},
	{"ext_crypto_ed25519_sign_version_1", params(i32, i32, i64), results(i64), ed25519Sign},
	{"ext_crypto_ed25519_verify_version_1", params(i32, i64, i32), results(i32), ed25519Verify},
	{"ext_crypto_ed25519_batch_verify_version_1", params(i32, i64, i32), results(i32), ed25519BatchVerify},
	{"ext_crypto_sr25519_public_keys_version_1", params(i32), results(i64), sr25519PublicKeys},
	{"ext_crypto_sr25519_generate_version_1", params(i32, i64), results(i32), sr25519Generate},
	{"ext_crypto_sr25519_sign_version_1", params(i32, i32, i64), results(i64), sr25519Sign},
	{"ext_crypto_sr25519_verify_version_1", params(i32, i64, i32), results(i32), sr25519Verify1},
	{"ext_crypto_sr25519_verify_version_2", params(i32, i64, i32), results(i32), sr25519Verify2},
	{"ext_crypto_sr25519_batch_verify_version_1", params(i32, i64, i32), results(i32), sr25519BatchVerify},
	{"ext_crypto_ecdsa_public_keys_version_1", params(i32), results(i64), ecdsaPublicKeys},
	{"ext_crypto_ecdsa_generate_version_1", params(i32, i64), results(i32), ecdsaGenerate},
	{"ext_crypto_ecdsa_sign_version_1", params(i32, i32, i64), results(i64), ecdsaSign},
	{"ext_crypto_ecdsa_sign_prehashed_version_1", params(i32, i32, i32), results(i64), ecdsaSignPrehashed},
	{"ext_crypto_ecdsa_verify_version_1", params(i32, i64, i32), results(i32), ecdsaVerify1},
	{"ext_crypto_ecdsa_verify_version_2", params(i32, i64, i32), results(i32), ecdsaVerify2},
	{"ext_crypto_ecdsa_verify_prehashed_version_1", params(i32, i32, i32), results(i32), ecdsaVerifyPrehashed},
	{"ext_crypto_ecdsa_batch_verify_version_1", params(i32, i64, i32), results(i32), ecdsaBatchVerify},
	{"ext_crypto_secp256k1_ecdsa_recover_version_1", params(i32, i32), results(i64), secp256k1Recover1},
	{"ext_crypto_secp256k1_ecdsa_recover_version_2", params(i32, i32), results(i64), secp256k1Recover2},
	{"ext_crypto_secp256k1_ecdsa_recover_compressed_version_1", params(i32, i32), results(i64), secp256k1RecoverCompressed1},
	{"ext_crypto_secp256k1_ecdsa_recover_compressed_version_2", params(i32, i32), results(i64), secp256k1RecoverCompressed2},
	{"ext_crypto_start_batch_verify_version_1", nil, nil, startBatchVerify},
	{"ext_crypto_finish_batch_verify_version_1", nil, results(i32), finishBatchVerify},
}

// keystore returns the node's keys. Traps in a context without them.
func (c *call) keystore() Keystore {
	if c.env.Keystore == nil {
		c.trap(ErrForbidden)
	}
	return c.env.Keystore
}

// keyType reads a key type.
func (c *call) keyType(arg uint64, param int) keys.TypeID {
	return keys.TypeID(c.fixed(uint32(arg), 4, param))
}

// publicKeys is the body of ext_crypto_*_public_keys_version_1: key type → SCALE Vec<public key>, in the keystore's order.
func publicKeys(c *call, stack []uint64, scheme keys.Scheme) {
	public, err := c.keystore().PublicKeys(scheme, c.keyType(stack[0], 0))
	c.check(err)
	stack[0] = c.alloc(scale.AppendSeq(nil, public, scale.AppendFixed))
}

// generate is the body of ext_crypto_*_generate_version_1: key type, seed → public key.
//
//	seed: SCALE Option<Vec<u8>>, a secret URI in UTF-8; None makes a random key
//	traps: seed is no such value, or no secret URI; the keystore does not take the key
func generate(c *call, stack []uint64, scheme keys.Scheme) {
	id, seed := c.keyType(stack[0], 0), decode(c, stack[1], 1, optionView)
	if !utf8.Valid(seed) {
		c.trapParam(1, fmt.Errorf("%w: seed is no UTF-8", ErrArgument))
	}
	uri := string(seed)
	if seed != nil && uri == "" {
		uri = keys.DevPhrase // what an empty URI means; an empty one asks the keystore for a random key
	}
	public, err := c.keystore().Generate(scheme, id, uri)
	c.check(err)
	stack[0] = c.allocPointer(public)
}

// sign is the body of ext_crypto_*_sign_version_1: key type, public key, message → SCALE Option<signature>.
//
//	result: None where the keystore does not hold the key, or is out of order
func sign(c *call, stack []uint64, scheme keys.Scheme) {
	id, public := c.keyType(stack[0], 0), c.fixed(uint32(stack[1]), uint32(scheme.PublicKeySize()), 1)
	signature, ok, err := c.keystore().Sign(scheme, id, public, c.bytes(stack[2], 2))
	stack[0] = c.allocSignature(signature, ok && err == nil)
}

// allocSignature returns the span of a fresh SCALE Option<signature>. A signature has a fixed size and so no length in front.
func (c *call) allocSignature(signature []byte, ok bool) uint64 {
	if !ok {
		return c.alloc([]byte{0})
	}
	return c.alloc(append([]byte{1}, signature...))
}

// verify is the body of ext_crypto_*_verify_version_*: signature, message, public key → boolean.
func verify(c *call, stack []uint64, scheme keys.Scheme, good func(sig, message, public []byte) bool) bool {
	return verifyWith(nil, c, stack, scheme, good)
}

// verifyWith is verify with a memory of good signatures, if there is one.
func verifyWith(memory *Signatures, c *call, stack []uint64, scheme keys.Scheme, good func(sig, message, public []byte) bool) bool {
	sig := c.fixed(uint32(stack[0]), uint32(scheme.SignatureSize()), 0)
	message := c.bytes(stack[1], 1)
	public := c.fixed(uint32(stack[2]), uint32(scheme.PublicKeySize()), 2)
	ok := memory.good(scheme, sig, message, public, good)
	stack[0] = boolean(ok)
	return ok
}

// batchState is what ext_crypto_start_batch_verify and its like keep.
type batchState struct {
	open bool
	bad  bool // a signature of the open batch was bad
}

// batchVerify is the body of ext_crypto_*_batch_verify_version_1: signature, message, public key → boolean.
// The signature is verified at once, as Substrate does since it gave batches up, and counts in the open batch, if there is one.
func batchVerify(c *call, stack []uint64, scheme keys.Scheme, good func(sig, message, public []byte) bool) {
	if !verify(c, stack, scheme, good) {
		c.batch.bad = true
	}
}

func ed25519PublicKeys(c *call, stack []uint64) { publicKeys(c, stack, keys.Ed25519) }
func ed25519Generate(c *call, stack []uint64)   { generate(c, stack, keys.Ed25519) }
func ed25519Sign(c *call, stack []uint64)       { sign(c, stack, keys.Ed25519) }
func ed25519Verify(c *call, stack []uint64) {
	verifyWith(c.env.Signatures, c, stack, keys.Ed25519, keys.Ed25519Verify)
}
func ed25519BatchVerify(c *call, stack []uint64) {
	batchVerify(c, stack, keys.Ed25519, keys.Ed25519Verify)
}

func sr25519PublicKeys(c *call, stack []uint64) { publicKeys(c, stack, keys.Sr25519) }
func sr25519Generate(c *call, stack []uint64)   { generate(c, stack, keys.Sr25519) }
func sr25519Sign(c *call, stack []uint64)       { sign(c, stack, keys.Sr25519) }

// sr25519Verify1 implements ext_crypto_sr25519_verify_version_1, which takes the signatures of schnorrkel before 0.8 as well.
func sr25519Verify1(c *call, stack []uint64) {
	verify(c, stack, keys.Sr25519, keys.Sr25519VerifyDeprecated)
}
func sr25519Verify2(c *call, stack []uint64) {
	verifyWith(c.env.Signatures, c, stack, keys.Sr25519, keys.Sr25519Verify)
}
func sr25519BatchVerify(c *call, stack []uint64) {
	batchVerify(c, stack, keys.Sr25519, keys.Sr25519Verify)
}

func ecdsaPublicKeys(c *call, stack []uint64) { publicKeys(c, stack, keys.Ecdsa) }
func ecdsaGenerate(c *call, stack []uint64)   { generate(c, stack, keys.Ecdsa) }
func ecdsaSign(c *call, stack []uint64)       { sign(c, stack, keys.Ecdsa) }

// ecdsaSignPrehashed implements ext_crypto_ecdsa_sign_prehashed_version_1: key type, public key, digest → SCALE Option<signature>.
func ecdsaSignPrehashed(c *call, stack []uint64) {
	id, public := c.keyType(stack[0], 0), c.fixed(uint32(stack[1]), 33, 1)
	signature, ok, err := c.keystore().SignPrehashed(id, public, [32]byte(c.fixed(uint32(stack[2]), 32, 2)))
	stack[0] = c.allocSignature(signature, ok && err == nil)
}

// ecdsaVerify1 implements ext_crypto_ecdsa_verify_version_1, which reduces r and s where they are not below the group order.
func ecdsaVerify1(c *call, stack []uint64)     { verify(c, stack, keys.Ecdsa, keys.EcdsaVerifyOverflowing) }
func ecdsaVerify2(c *call, stack []uint64)     { verify(c, stack, keys.Ecdsa, keys.EcdsaVerify) }
func ecdsaBatchVerify(c *call, stack []uint64) { batchVerify(c, stack, keys.Ecdsa, keys.EcdsaVerify) }

// ecdsaVerifyPrehashed implements ext_crypto_ecdsa_verify_prehashed_version_1: signature, digest, public key → boolean.
func ecdsaVerifyPrehashed(c *call, stack []uint64) {
	sig := c.fixed(uint32(stack[0]), 65, 0)
	digest := [32]byte(c.fixed(uint32(stack[1]), 32, 1))
	stack[0] = boolean(keys.EcdsaVerifyPrehashed(sig, digest, c.fixed(uint32(stack[2]), 33, 2)))
}

// recoverArgs reads the arguments of ext_crypto_secp256k1_ecdsa_recover*: pointer to a signature of 65 bytes, pointer to a digest.
func recoverArgs(c *call, stack []uint64) (sig [65]byte, digest [32]byte) {
	return [65]byte(c.fixed(uint32(stack[0]), 65, 0)), [32]byte(c.fixed(uint32(stack[1]), 32, 1))
}

// allocRecovered returns the span of a fresh SCALE Result<public key, EcdsaVerifyError>.
func (c *call) allocRecovered(public []byte, err error) uint64 {
	if err == nil {
		return c.alloc(append([]byte{0}, public...))
	}
	var kind keys.RecoverError
	if !errors.As(err, &kind) {
		c.trap(err)
	}
	return c.alloc([]byte{1, byte(kind)})
}

// recoverKey is the body of ext_crypto_secp256k1_ecdsa_recover_version_*: signature, digest → SCALE Result<[u8; 64], error>.
//
//	result: x and y of the public key; or the enum 0 bad r or s, 1 bad v, 2 bad signature
func recoverKey(c *call, stack []uint64, parsing keys.EcdsaParsing) {
	sig, digest := recoverArgs(c, stack)
	public, err := keys.EcdsaRecover(sig, digest, parsing)
	stack[0] = c.allocRecovered(public[:], err)
}

// recoverCompressed is the body of ext_crypto_secp256k1_ecdsa_recover_compressed_version_*, whose key has 33 bytes. See recoverKey.
func recoverCompressed(c *call, stack []uint64, parsing keys.EcdsaParsing) {
	sig, digest := recoverArgs(c, stack)
	public, err := keys.EcdsaRecoverCompressed(sig, digest, parsing)
	stack[0] = c.allocRecovered(public[:], err)
}

func secp256k1Recover1(c *call, stack []uint64) { recoverKey(c, stack, keys.EcdsaOverflowing) }
func secp256k1Recover2(c *call, stack []uint64) { recoverKey(c, stack, keys.EcdsaStandard) }
func secp256k1RecoverCompressed1(c *call, stack []uint64) {
	recoverCompressed(c, stack, keys.EcdsaOverflowing)
}
func secp256k1RecoverCompressed2(c *call, stack []uint64) {
	recoverCompressed(c, stack, keys.EcdsaStandard)
}

// startBatchVerify implements ext_crypto_start_batch_verify_version_1: nothing → nothing.
//
//	traps: a batch is open already
func startBatchVerify(c *call, _ []uint64) {
	if c.batch.open {
		c.trap(fmt.Errorf("%w: a batch is open already", ErrMisuse))
	}
	c.batch = batchState{open: true}
}

// finishBatchVerify implements ext_crypto_finish_batch_verify_version_1: nothing → boolean, whether every signature of the batch was good.
//
//	traps: no batch is open
func finishBatchVerify(c *call, stack []uint64) {
	if !c.batch.open {
		c.trap(fmt.Errorf("%w: no batch is open", ErrMisuse))
	}
	stack[0] = boolean(!c.batch.bad)
	c.batch = batchState{}
}
