package keys

import (
	"fmt"

	"github.com/decred/dcrd/dcrec/secp256k1/v4"
	"github.com/decred/dcrd/dcrec/secp256k1/v4/ecdsa"
	"github.com/gotensor/gotensor/primitives/hash"
)

// EcdsaPair is an ECDSA key pair over secp256k1.
type EcdsaPair struct {
	key    *secp256k1.PrivateKey
	public [33]byte
}

// NewEcdsa makes the pair whose secret scalar is seed, big-endian. Errors: ErrSeed where it is zero or not below the group order.
func NewEcdsa(seed [32]byte) (*EcdsaPair, error) {
	var s secp256k1.ModNScalar
	if overflow := s.SetBytes(&seed); overflow != 0 || s.IsZero() {
		return nil, fmt.Errorf("%w: ecdsa secret out of range", ErrSeed)
	}
	p := &EcdsaPair{key: secp256k1.NewPrivateKey(&s)}
	p.public = [33]byte(p.key.PubKey().SerializeCompressed())
	return p, nil
}

// Scheme returns Ecdsa.
func (p *EcdsaPair) Scheme() Scheme { return Ecdsa }

// Public returns the compressed point, 33 bytes.
func (p *EcdsaPair) Public() []byte { return append([]byte(nil), p.public[:]...) }

// Seed returns the secret scalar, big-endian; every ecdsa pair has one.
func (p *EcdsaPair) Seed() ([]byte, bool) { return p.key.Serialize(), true }

// Format implements fmt.Formatter.
func (p *EcdsaPair) Format(f fmt.State, _ rune) { format(f, p) }

// Sign signs blake2b-256(message): see SignPrehashed.
func (p *EcdsaPair) Sign(message []byte) []byte {
	sig := p.SignPrehashed(hash.Blake2b256(message))
	return sig[:]
}

// SignPrehashed signs a digest: r, s (the low one of the two), recovery id 0 to 3. The nonce is RFC 6979's, so the
// signature is deterministic and the one that Substrate makes; only for a digest at or above the group order, which no
// hash function hits, libsecp256k1 feeds the nonce the digest as it is and this package reduces it first.
func (p *EcdsaPair) SignPrehashed(digest [32]byte) (sig [65]byte) {
	compact := ecdsa.SignCompact(p.key, digest[:], false)
	copy(sig[:64], compact[1:])
	sig[64] = compact[0] - compactMagic
	return sig
}

func (p *EcdsaPair) derive(path []Junction) (Pair, error) {
	seed, err := hardPath(Ecdsa, "Secp256k1HDKD", [32]byte(p.key.Serialize()), path)
	if err != nil {
		return nil, err
	}
	return NewEcdsa(seed)
}

// compactMagic is what the compact form of the library adds to the recovery id.
const compactMagic = 27

// EcdsaParsing says what becomes of an r or s that is not below the group order.
type EcdsaParsing uint8

// Ways to read r and s.
const (
	EcdsaStandard    EcdsaParsing = iota // refused: version 2 of the host functions
	EcdsaOverflowing                     // reduced modulo the order: version 1, libsecp256k1's parse_overflowing_slice
)

// RecoverError is why no public key came out of a signature, with the number that the host function returns.
// Source: sp_io, EcdsaVerifyError.
type RecoverError uint8

// Recovery errors. An overflowing reading never gives BadRS.
const (
	BadRS        RecoverError = 0 // r or s is not below the group order
	BadV         RecoverError = 1 // recovery id is none of 0 to 3, 27 to 30
	BadSignature RecoverError = 2 // r or s is zero, or no key fits
)

func (e RecoverError) Error() string {
	switch e {
	case BadRS:
		return "ecdsa signature: r or s out of range"
	case BadV:
		return "ecdsa signature: recovery id"
	}
	return "ecdsa signature: no public key fits"
}

// EcdsaRecover returns the public key that signed digest, x and y without the 0x04 prefix. The recovery id in sig[64]
// may have 27 added, as Ethereum does. Errors: RecoverError, checked in the order of sp_io: V, then R and S, then the point.
// Host functions ext_crypto_secp256k1_ecdsa_recover_version_1 (EcdsaOverflowing) and _2 (EcdsaStandard).
func EcdsaRecover(sig [65]byte, digest [32]byte, parsing EcdsaParsing) (public [64]byte, err error) {
	key, err := recoverEthereum(sig, digest, parsing)
	if err != nil {
		return public, err
	}
	return [64]byte(key.SerializeUncompressed()[1:]), nil
}

// EcdsaRecoverCompressed is EcdsaRecover that returns the compressed key.
// Host functions ext_crypto_secp256k1_ecdsa_recover_compressed_version_1 and _2.
func EcdsaRecoverCompressed(sig [65]byte, digest [32]byte, parsing EcdsaParsing) (public [33]byte, err error) {
	key, err := recoverEthereum(sig, digest, parsing)
	if err != nil {
		return public, err
	}
	return [33]byte(key.SerializeCompressed()), nil
}

func recoverEthereum(sig [65]byte, digest [32]byte, parsing EcdsaParsing) (*secp256k1.PublicKey, error) {
	if sig[64] > 26 {
		sig[64] -= 27
	}
	return recoverKey(&sig, digest, parsing)
}

// recoverKey recovers with a recovery id of 0 to 3. High s is taken, as both libraries of Substrate take it.
func recoverKey(sig *[65]byte, digest [32]byte, parsing EcdsaParsing) (*secp256k1.PublicKey, error) {
	if sig[64] > 3 {
		return nil, BadV
	}
	var compact [65]byte
	compact[0] = sig[64] + compactMagic
	var r, s secp256k1.ModNScalar
	overflow := r.SetByteSlice(sig[:32])
	overflow = s.SetByteSlice(sig[32:64]) || overflow
	if overflow && parsing == EcdsaStandard {
		return nil, BadRS
	}
	r.PutBytesUnchecked(compact[1:33])
	s.PutBytesUnchecked(compact[33:])
	key, _, err := ecdsa.RecoverCompact(compact[:], digest[:])
	if err != nil {
		return nil, BadSignature
	}
	return key, nil
}

// EcdsaVerify reports whether sig (65 bytes, recovery id 0 to 3) is public's (33 bytes) signature of blake2b-256(message):
// whether the key recovered from it is public. High s is taken. Host function ext_crypto_ecdsa_verify_version_2.
func EcdsaVerify(sig, message, public []byte) bool {
	return ecdsaVerify(sig, hash.Blake2b256(message), public, EcdsaStandard)
}

// EcdsaVerifyOverflowing is EcdsaVerify that reduces r and s. Host function ext_crypto_ecdsa_verify_version_1.
func EcdsaVerifyOverflowing(sig, message, public []byte) bool {
	return ecdsaVerify(sig, hash.Blake2b256(message), public, EcdsaOverflowing)
}

// EcdsaVerifyPrehashed is EcdsaVerify of a digest. Host function ext_crypto_ecdsa_verify_prehashed_version_1.
func EcdsaVerifyPrehashed(sig []byte, digest [32]byte, public []byte) bool {
	return ecdsaVerify(sig, digest, public, EcdsaStandard)
}

func ecdsaVerify(sig []byte, digest [32]byte, public []byte, parsing EcdsaParsing) bool {
	if len(sig) != 65 || len(public) != 33 {
		return false
	}
	key, err := recoverKey((*[65]byte)(sig), digest, parsing)
	return err == nil && string(key.SerializeCompressed()) == string(public)
}
