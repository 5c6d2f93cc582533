package keys_test

import (
	stded25519 "crypto/ed25519"
	"encoding/binary"
	"fmt"
	"math/rand"
	"os"
	"strconv"
	"testing"

	"github.com/ChainSafe/go-schnorrkel"
	"github.com/gotensor/gotensor/primitives/keys"
	"github.com/oasisprotocol/curve25519-voi/curve"
	"github.com/oasisprotocol/curve25519-voi/curve/scalar"
	"github.com/oasisprotocol/curve25519-voi/primitives/merlin"
	"github.com/oasisprotocol/curve25519-voi/primitives/sr25519"
)

// schnorrkelVerify is go-schnorrkel's answer, the second opinion on Sr25519Verify. The two part on the identity as
// public key, which go-schnorrkel refuses and Rust's schnorrkel takes.
func schnorrkelVerify(sig, message, public []byte) bool {
	if len(sig) != 64 || len(public) != 32 {
		return false
	}
	var key schnorrkel.PublicKey
	var signature schnorrkel.Signature
	if key.Decode([32]byte(public)) != nil || signature.Decode([64]byte(sig)) != nil {
		return false
	}
	ok, err := key.Verify(&signature, schnorrkel.NewSigningContext([]byte("substrate"), message))
	return ok && err == nil
}

// voiVerify is the answer of curve25519-voi's own verifier, of whose parts ours is made.
func voiVerify(sig, message, public []byte) bool {
	var key sr25519.PublicKey
	var signature sr25519.Signature
	return signature.UnmarshalBinary(sig) == nil && key.UnmarshalBinary(public) == nil &&
		key.Verify(sr25519.NewSigningContext([]byte("substrate")).NewTranscriptBytes(message), &signature)
}

// signDeprecated signs as schnorrkel did before 0.8; nonce is 64 bytes.
func signDeprecated(t testing.TB, p *keys.Sr25519Pair, message, nonce []byte) []byte {
	t.Helper()
	secret := p.Secret()
	key, err := scalar.NewFromCanonicalBytes(secret[:32])
	if err != nil {
		t.Fatal(err)
	}
	r, err := scalar.NewFromBytesModOrderWide(nonce)
	if err != nil {
		t.Fatal(err)
	}
	var point curve.RistrettoPoint
	var encoded curve.CompressedRistretto
	encoded.SetRistrettoPoint(point.MulBasepoint(curve.RISTRETTO_BASEPOINT_TABLE, r))
	transcript := merlin.NewTranscript("substrate")
	transcript.AppendMessage("sign-bytes", message)
	transcript.AppendMessage("proto-name", []byte("Schnorr-sig"))
	transcript.AppendMessage("pk", p.Public())
	transcript.AppendMessage("no", encoded[:])
	var wide [64]byte
	transcript.ExtractBytes(wide[:], "")
	k, err := scalar.NewFromBytesModOrderWide(wide[:])
	if err != nil {
		t.Fatal(err)
	}
	s, err := k.Mul(k, key).Add(k, r).MarshalBinary()
	if err != nil {
		t.Fatal(err)
	}
	return append(append([]byte(nil), encoded[:]...), s...)
}

// rounds is how many keys a differential test takes: few in CI, GOTENSOR_KEYS_ROUNDS of them where that is set.
// 48 rounds are 36,864 corruptions.
func rounds(t testing.TB) int {
	if s := os.Getenv("GOTENSOR_KEYS_ROUNDS"); s != "" {
		n, err := strconv.Atoi(s)
		if err != nil || n < 1 {
			t.Fatalf("GOTENSOR_KEYS_ROUNDS %q is no count", s)
		}
		return n
	}
	return 2
}

// TestSr25519BitFlips flips each bit of signature and public key: all implementations must refuse all.
func TestSr25519BitFlips(t *testing.T) {
	rng := rand.New(rand.NewSource(1))
	corruptions := 0
	for range rounds(t) {
		var seed [32]byte
		rng.Read(seed[:])
		pair := keys.NewSr25519(seed)
		message := make([]byte, rng.Intn(300))
		rng.Read(message)
		sig, public := pair.Sign(message), pair.Public()
		if !keys.Sr25519Verify(sig, message, public) || !schnorrkelVerify(sig, message, public) || !voiVerify(sig, message, public) || !keys.Sr25519VerifyDeprecated(sig, message, public) {
			t.Fatalf("seed 0x%x: good signature is refused", seed)
		}
		for bit := range 768 {
			part, at := sig, bit
			if bit >= 512 {
				part, at = public, bit-512
			}
			part[at/8] ^= 1 << (at % 8)
			corruptions++
			if keys.Sr25519Verify(sig, message, public) || schnorrkelVerify(sig, message, public) || voiVerify(sig, message, public) || keys.Sr25519VerifyDeprecated(sig, message, public) {
				t.Errorf("seed 0x%x, bit %d: corrupted signature is accepted", seed, bit)
			}
			part[at/8] ^= 1 << (at % 8)
		}
		old := signDeprecated(t, pair, message, append(seed[:], seed[:]...))
		if !keys.Sr25519VerifyDeprecated(old, message, public) || keys.Sr25519Verify(old, message, public) || schnorrkelVerify(old, message, public) {
			t.Errorf("seed 0x%x: signature of before 0.8 is taken for what it is not", seed)
		}
		old[63] |= 128
		if keys.Sr25519VerifyDeprecated(old, message, public) {
			t.Errorf("seed 0x%x: marked signature of before 0.8 is accepted", seed)
		}
	}
	t.Logf("%d corruptions", corruptions)
}

// TestSchnorrkelSignatures verifies what go-schnorrkel signs.
func TestSchnorrkelSignatures(t *testing.T) {
	for i := range 32 {
		var seed [32]byte
		binary.LittleEndian.PutUint64(seed[:], uint64(i))
		mini, err := schnorrkel.NewMiniSecretKeyFromRaw(seed)
		if err != nil {
			t.Fatal(err)
		}
		public, pair := mini.Public().Encode(), keys.NewSr25519(seed)
		if string(pair.Public()) != string(public[:]) {
			t.Fatalf("seed %d: public key %x, expected %x", i, pair.Public(), public)
		}
		message := seed[:i]
		sig, err := mini.ExpandEd25519().Sign(schnorrkel.NewSigningContext([]byte("substrate"), message))
		if err != nil {
			t.Fatal(err)
		}
		encoded := sig.Encode()
		if !keys.Sr25519Verify(encoded[:], message, public[:]) {
			t.Errorf("seed %d: signature is refused", i)
		}
	}
}

// TestEd25519AgainstStandardLibrary: signatures are equal, and what the standard library takes ZIP-215 takes.
func TestEd25519AgainstStandardLibrary(t *testing.T) {
	rng := rand.New(rand.NewSource(2))
	for range rounds(t) {
		var seed [32]byte
		rng.Read(seed[:])
		pair, std := keys.NewEd25519(seed), stded25519.NewKeyFromSeed(seed[:])
		message := make([]byte, rng.Intn(300))
		rng.Read(message)
		sig, public := pair.Sign(message), pair.Public()
		if want := stded25519.Sign(std, message); string(sig) != string(want) {
			t.Fatalf("seed 0x%x: signature %x, expected %x", seed, sig, want)
		}
		for bit := range 768 {
			part, at := sig, bit
			if bit >= 512 {
				part, at = public, bit-512
			}
			part[at/8] ^= 1 << (at % 8)
			if keys.Ed25519Verify(sig, message, public) || stded25519.Verify(public, message, sig) {
				t.Errorf("seed 0x%x, bit %d: corrupted signature is accepted", seed, bit)
			}
			part[at/8] ^= 1 << (at % 8)
		}
	}
}

// TestBatch compares batches, good and with bad signatures in them, with one verification after the other.
func TestBatch(t *testing.T) {
	if batch := keys.NewBatch(0); !batch.Verify() || len(batch.VerifyEach()) != 0 {
		t.Error("empty batch is bad")
	}
	rng := rand.New(rand.NewSource(3))
	for round := range 40 {
		batch, bad := keys.NewBatch(rng.Intn(4)), rng.Intn(3)
		var want []bool
		all := true
		for i := range 1 + rng.Intn(20) {
			var seed [32]byte
			rng.Read(seed[:])
			scheme := schemes[rng.Intn(3)]
			pair, err := keys.FromSeed(scheme, seed[:])
			if err != nil {
				t.Fatal(err)
			}
			message := []byte(fmt.Sprint("message ", i))
			sig, public := pair.Sign(message), pair.Public()
			if bad > 0 && rng.Intn(6) == 0 {
				switch rng.Intn(6) {
				case 0:
					sig[rng.Intn(len(sig))] ^= 1 << rng.Intn(8)
				case 1:
					public[rng.Intn(len(public))] ^= 1 << rng.Intn(8)
				case 2:
					sig = sig[:rng.Intn(len(sig))]
				case 3:
					public = append(public, 0)
				case 4:
					scheme = keys.Scheme(rng.Intn(256))
				case 5:
					message = nil
				}
			}
			good := keys.Verify(scheme, sig, message, public)
			want, all = append(want, good), all && good
			batch.Add(scheme, sig, message, public)
			clear(sig)
			clear(public)
			clear(message)
		}
		if got := batch.Verify(); got != all || batch.Len() != len(want) {
			t.Errorf("round %d: batch of %d is %v, expected %v", round, batch.Len(), got, all)
		}
		if got := batch.VerifyEach(); fmt.Sprint(got) != fmt.Sprint(want) {
			t.Errorf("round %d: %v, expected %v", round, got, want)
		}
	}
}
