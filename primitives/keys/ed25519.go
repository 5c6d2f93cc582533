package keys

import (
	"fmt"

	"github.com/oasisprotocol/curve25519-voi/primitives/ed25519"
)

// zip215 is the acceptance rule of ed25519-zebra, which Substrate uses: any encoding of any point, small orders
// included, a canonical s, and the equation times the cofactor. Single and batch verification agree under it.
var zip215 = &ed25519.Options{Verify: ed25519.VerifyOptionsZIP_215}

// Ed25519Pair is an Ed25519 key pair.
type Ed25519Pair struct {
	key ed25519.PrivateKey // seed, then public key
}

// NewEd25519 makes the pair of a 32-byte seed (RFC 8032's private key).
func NewEd25519(seed [32]byte) *Ed25519Pair {
	return &Ed25519Pair{key: ed25519.NewKeyFromSeed(seed[:])}
}

// Scheme returns Ed25519.
func (p *Ed25519Pair) Scheme() Scheme { return Ed25519 }

// Public returns the compressed point, 32 bytes.
func (p *Ed25519Pair) Public() []byte { return append([]byte(nil), p.key[32:]...) }

// Seed returns the 32-byte seed; every ed25519 pair has one.
func (p *Ed25519Pair) Seed() ([]byte, bool) { return append([]byte(nil), p.key[:32]...), true }

// Format implements fmt.Formatter.
func (p *Ed25519Pair) Format(f fmt.State, _ rune) { format(f, p) }

// Sign signs message, deterministically (RFC 8032).
func (p *Ed25519Pair) Sign(message []byte) []byte { return ed25519.Sign(p.key, message) }

func (p *Ed25519Pair) derive(path []Junction) (Pair, error) {
	seed, err := hardPath(Ed25519, "Ed25519HDKD", [32]byte(p.key[:32]), path)
	if err != nil {
		return nil, err
	}
	return NewEd25519(seed), nil
}

// Ed25519Verify reports whether sig is public's signature of message under ZIP-215.
// Host function ext_crypto_ed25519_verify_version_1.
func Ed25519Verify(sig, message, public []byte) bool {
	if len(sig) != ed25519.SignatureSize || len(public) != ed25519.PublicKeySize {
		return false
	}
	return ed25519.VerifyWithOptions(public, message, sig, zip215)
}
