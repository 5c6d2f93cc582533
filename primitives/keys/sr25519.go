package keys

import (
	"crypto/sha512"
	"fmt"

	"github.com/ChainSafe/go-schnorrkel"
	"github.com/oasisprotocol/curve25519-voi/curve"
	"github.com/oasisprotocol/curve25519-voi/curve/scalar"
	"github.com/oasisprotocol/curve25519-voi/primitives/merlin"
	"github.com/oasisprotocol/curve25519-voi/primitives/sr25519"
)

// signingContext is Substrate's for every sr25519 signature.
const signingContext = "substrate"

// sr25519Context is the transcript up to the message. NewTranscriptBytes clones it, so it serves concurrent callers.
var sr25519Context = sr25519.NewSigningContext([]byte(signingContext))

// Sr25519Pair is a Schnorr key pair over Ristretto.
type Sr25519Pair struct {
	keypair *sr25519.KeyPair
	secret  [64]byte // canonical scalar, then the nonce seed
	public  [32]byte
	seed    *[32]byte // nil where the secret is of no seed
}

// NewSr25519 makes the pair of a 32-byte seed (schnorrkel's mini secret key, expanded the Ed25519 way).
func NewSr25519(seed [32]byte) *Sr25519Pair {
	h := sha512.Sum512(seed[:])
	h[0] &= 248
	h[31] = h[31]&63 | 64
	// The clamped scalar is a multiple of the cofactor 8; schnorrkel keeps it divided, which Ristretto makes canonical.
	for i := range 32 {
		h[i] >>= 3
		if i < 31 {
			h[i] |= h[i+1] << 5
		}
	}
	p, err := sr25519FromSecret(h, &seed)
	if err != nil {
		panic("BUG: clamped scalar is not canonical: " + err.Error()) // below 2^252, so below the group order
	}
	return p
}

// sr25519FromSecret takes scalar and nonce seed; the scalar must be canonical. Errors: ErrSeed.
func sr25519FromSecret(secret [64]byte, seed *[32]byte) (*Sr25519Pair, error) {
	sk, err := sr25519.NewSecretKeyFromBytes(secret[:])
	if err != nil {
		return nil, fmt.Errorf("%w: sr25519 scalar is not canonical", ErrSeed)
	}
	p := &Sr25519Pair{keypair: sk.KeyPair(), secret: secret, seed: seed}
	public, err := p.keypair.PublicKey().MarshalBinary()
	if err != nil {
		panic("BUG: encode sr25519 public key: " + err.Error()) // the library returns no error here
	}
	p.public = [32]byte(public)
	return p, nil
}

// Scheme returns Sr25519.
func (p *Sr25519Pair) Scheme() Scheme { return Sr25519 }

// Public returns the compressed Ristretto point, 32 bytes.
func (p *Sr25519Pair) Public() []byte { return append([]byte(nil), p.public[:]...) }

// Seed returns the mini secret key, where the pair is made of one.
func (p *Sr25519Pair) Seed() ([]byte, bool) {
	if p.seed == nil {
		return nil, false
	}
	return append([]byte(nil), p.seed[:]...), true
}

// Secret returns scalar and nonce seed, which FromSeed takes back: schnorrkel's SecretKey, what sp_core calls the raw vec.
func (p *Sr25519Pair) Secret() [64]byte { return p.secret }

// Format implements fmt.Formatter.
func (p *Sr25519Pair) Format(f fmt.State, _ rune) { format(f, p) }

// Sign signs message in the context "substrate". The nonce mixes the nonce seed, the message and fresh randomness,
// so two signatures of one message differ.
func (p *Sr25519Pair) Sign(message []byte) []byte {
	sig, err := p.keypair.Sign(nil, sr25519Context.NewTranscriptBytes(message))
	if err != nil {
		panic("BUG: sr25519 sign: " + err.Error()) // only a failing randomness source could, and crypto/rand does not fail
	}
	b, err := sig.MarshalBinary()
	if err != nil {
		panic("BUG: encode sr25519 signature: " + err.Error())
	}
	return b
}

// derive walks a path. The seed survives hard junctions only. A soft child's nonce seed is random, as in schnorrkel.
func (p *Sr25519Pair) derive(path []Junction) (Pair, error) {
	for _, j := range path {
		sk := schnorrkel.NewSecretKey([32]byte(p.secret[:32]), [32]byte(p.secret[32:]))
		if j.Hard {
			mini, _, err := sk.HardDeriveMiniSecretKey(nil, j.Code)
			if err != nil {
				return nil, fmt.Errorf("derive hard sr25519 key: %v", err)
			}
			hasSeed := p.seed != nil
			if p = NewSr25519(mini.Encode()); !hasSeed {
				p.seed = nil
			}
			continue
		}
		child, err := schnorrkel.DeriveKeySoft(sk, nil, j.Code)
		if err != nil {
			return nil, fmt.Errorf("derive soft sr25519 key: %v", err)
		}
		var secret [64]byte
		scalar, nonce := child.Key().Encode(), randomSeed()
		copy(secret[:32], scalar[:])
		copy(secret[32:], nonce[:])
		if p, err = sr25519FromSecret(secret, nil); err != nil {
			return nil, err
		}
	}
	return p, nil
}

// Sr25519DerivePublic derives a public key along soft junctions, to the key that the secret key derives along them.
// Errors: ErrPublicKey, ErrHardJunction.
func Sr25519DerivePublic(public [32]byte, path []Junction) ([32]byte, error) {
	key, err := schnorrkel.NewPublicKey(public)
	if err != nil {
		return [32]byte{}, fmt.Errorf("%w: 0x%x is no Ristretto point", ErrPublicKey, public)
	}
	for i, j := range path {
		if j.Hard {
			return [32]byte{}, fmt.Errorf("%w: item %d of the path needs the secret key", ErrHardJunction, i+1)
		}
		child, err := schnorrkel.DeriveKeySoft(key, nil, j.Code)
		if err != nil {
			return [32]byte{}, fmt.Errorf("derive soft sr25519 public key: %v", err)
		}
		if key, err = child.Public(); err != nil {
			return [32]byte{}, fmt.Errorf("derive soft sr25519 public key: %v", err)
		}
	}
	return key.Encode(), nil
}

// Sr25519Verify reports whether sig (64 bytes, marked) is public's signature of message in the context "substrate".
// Host function ext_crypto_sr25519_verify_version_2. Like schnorrkel in Rust, and unlike go-schnorrkel, it takes the
// all-zero public key (the identity point), whose signatures anybody can make.
func Sr25519Verify(sig, message, public []byte) bool {
	e, ok := newSr25519Equation(sig, true)
	if !ok {
		return false
	}
	negated, ok := negatedPoint(public)
	if !ok {
		return false
	}
	e.challenge(sr25519Challenge, sig, message, public)
	var rest curve.RistrettoPoint
	return rest.TripleScalarMulBasepointVartime(&e.k, &negated, &e.s, &e.r).IsIdentity()
}

// Sr25519VerifyDeprecated is Sr25519Verify that also takes signatures of schnorrkel before 0.8: without the marker bit,
// over an older transcript. A marked signature must be a good new one; it is not tried as an old one.
// Host function ext_crypto_sr25519_verify_version_1; version 2 and the deprecated batch verification take Sr25519Verify.
// Source: w3f/schnorrkel src/sign.rs, verify_simple_preaudit_deprecated.
func Sr25519VerifyDeprecated(sig, message, public []byte) bool {
	if len(sig) == sr25519.SignatureSize && sig[63]&marker != 0 {
		return Sr25519Verify(sig, message, public)
	}
	e, ok := newSr25519Equation(sig, false)
	if !ok {
		return false
	}
	negated, ok := negatedPoint(public)
	if !ok {
		return false
	}
	e.challenge(sr25519DeprecatedChallenge, sig, message, public)
	var rest curve.RistrettoPoint
	return rest.TripleScalarMulBasepointVartime(&e.k, &negated, &e.s, &e.r).IsIdentity()
}

// marker is the bit of a signature's last byte that tells it from an ed25519 signature.
const marker = 128

// sr25519Equation is a signature in parts: it is good when sB - kA - R is the identity. The library's own verifier does
// the same with more copies and allocations; the benchmarks and the tests have both.
type sr25519Equation struct {
	k, s scalar.Scalar
	r    curve.RistrettoPoint
}

// newSr25519Equation reads s, which must be canonical, and R, which must be a canonical encoding, from a signature
// with or without the marker.
func newSr25519Equation(sig []byte, marked bool) (e sr25519Equation, ok bool) {
	if len(sig) != sr25519.SignatureSize || sig[63]&marker != 0 != marked {
		return e, false
	}
	s := [scalar.ScalarSize]byte(sig[32:])
	s[31] &^= marker
	if !scalar.ScMinimalVartime(s[:]) {
		return e, false
	}
	if _, err := e.s.SetCanonicalBytes(s[:]); err != nil {
		return e, false
	}
	r := curve.CompressedRistretto(sig[:32])
	_, err := e.r.SetCompressed(&r)
	return e, err == nil
}

// sr25519Labels tell the transcripts of today and of before schnorrkel 0.8 apart: where the message goes in, and what
// key, R and the challenge are called.
type sr25519Labels struct {
	start        *merlin.Transcript
	key, r, name string
}

var (
	sr25519Challenge           = sr25519Labels{merlinContext(), "sign:pk", "sign:R", "sign:c"}
	sr25519DeprecatedChallenge = sr25519Labels{merlin.NewTranscript(signingContext), "pk", "no", ""}
)

func merlinContext() *merlin.Transcript {
	t := merlin.NewTranscript("SigningContext")
	t.AppendMessage("", []byte(signingContext))
	return t
}

// challenge sets k, which depends on message, key and R.
func (e *sr25519Equation) challenge(labels sr25519Labels, sig, message, public []byte) {
	t := labels.start.Clone()
	t.AppendMessage("sign-bytes", message)
	t.AppendMessage("proto-name", []byte("Schnorr-sig"))
	t.AppendMessage(labels.key, public)
	t.AppendMessage(labels.r, sig[:32])
	var wide [scalar.ScalarWideSize]byte
	t.ExtractBytes(wide[:], labels.name)
	if _, err := e.k.SetBytesModOrderWide(wide[:]); err != nil {
		panic("BUG: scalar of 64 bytes: " + err.Error())
	}
}

// negatedPoint decodes a public key, which must be a canonical encoding, and negates it.
func negatedPoint(public []byte) (p curve.RistrettoPoint, ok bool) {
	if len(public) != sr25519.PublicKeySize {
		return p, false
	}
	compressed := curve.CompressedRistretto(public)
	if _, err := p.SetCompressed(&compressed); err != nil {
		return p, false
	}
	p.Neg(&p)
	return p, true
}
