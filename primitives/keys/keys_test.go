package keys_test

import (
	"bytes"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/gotensor/gotensor/primitives/hash"
	"github.com/gotensor/gotensor/primitives/keys"
)

func ExampleFromURI() {
	pair, err := keys.FromURI(keys.Sr25519, "//Alice", "")
	if err != nil {
		fmt.Println(err)
		return
	}
	sig := pair.Sign([]byte("message"))
	fmt.Printf("%x %v\n", pair.Public(), keys.Verify(keys.Sr25519, sig, []byte("message"), pair.Public()))
	// Output: d43593c715fdd31c61141abd04a99fd6822c8558854ccde39a5684e7a56da27d true
}

func TestSecretsDoNotPrint(t *testing.T) {
	const phrase = "thought ripple below disagree resource nothing three disease buzz dial regret innocent"
	uri, err := keys.ParseURI(phrase + "//secretpath///hunter2")
	if err != nil {
		t.Fatal(err)
	}
	printed := []any{uri, &uri, []any{uri}}
	secrets := []string{"ripple", "hunter2", "secretpath"}
	for _, scheme := range schemes {
		pair, err := keys.FromURI(scheme, phrase, "hunter2")
		if err != nil {
			t.Fatal(err)
		}
		printed = append(printed, pair, []keys.Pair{pair}, struct{ P keys.Pair }{pair})
		seed, ok := pair.Seed()
		if !ok {
			t.Fatalf("%s: no seed", scheme)
		}
		secrets = append(secrets, hex.EncodeToString(seed), strings.ToUpper(hex.EncodeToString(seed)), fmt.Sprint(seed)[1:20])
	}
	secret := keys.NewSr25519([32]byte{7}).Secret()
	printed, secrets = append(printed, keys.NewSr25519([32]byte{7})), append(secrets, hex.EncodeToString(secret[:32]), fmt.Sprint(secret[:])[1:20])
	for _, verb := range []string{"%v", "%+v", "%#v", "%s", "%q", "%x", "%X", "%d", "%o", "%t"} {
		for _, p := range printed {
			text := fmt.Sprintf(verb, p)
			for _, s := range secrets {
				if strings.Contains(text, s) {
					t.Errorf("%s of %T prints a secret", verb, p)
				}
			}
		}
	}
	pair, err := keys.FromURI(keys.Ecdsa, phrase, "")
	if err != nil {
		t.Fatal(err)
	}
	if data, err := json.Marshal(pair); err != nil || string(data) != "{}" {
		t.Errorf("JSON of a pair: %s, %v", data, err)
	}
	for _, bad := range []string{phrase + "x", phrase + "//", phrase + "///a\nb", "0xabcdef", phrase + "é", "0x" + strings.Repeat("g", 64)} {
		for _, scheme := range schemes {
			_, err := keys.FromURI(scheme, bad, "")
			if err == nil || strings.Contains(err.Error(), "ripple") || strings.Contains(err.Error(), "abcdef") || strings.Contains(err.Error(), "ggg") {
				t.Errorf("%s: error %v", scheme, err)
			}
		}
	}
}

func TestGenerate(t *testing.T) {
	for _, words := range []int{12, 15, 18, 21, 24} {
		seen := map[string]bool{}
		for range 20 {
			phrase, err := keys.GenerateMnemonic(words)
			if err != nil || len(strings.Fields(phrase)) != words || seen[phrase] {
				t.Fatalf("%d words: %q, %v", words, phrase, err)
			}
			seen[phrase] = true
			entropy, err := keys.MnemonicEntropy(phrase)
			if err != nil || len(entropy) != words/3*4 {
				t.Fatalf("%d words: entropy %x, %v", words, entropy, err)
			}
			if again, err := keys.EncodeMnemonic(entropy); err != nil || again != phrase {
				t.Fatalf("%q comes back as %q, %v", phrase, again, err)
			}
		}
	}
	for _, words := range []int{-3, 0, 9, 11, 13, 27} {
		if _, err := keys.GenerateMnemonic(words); !errors.Is(err, keys.ErrPhrase) {
			t.Errorf("%d words: %v", words, err)
		}
	}
	for _, n := range []int{0, 12, 15, 17, 33, 36} {
		if _, err := keys.EncodeMnemonic(make([]byte, n)); err == nil {
			t.Errorf("%d bytes of entropy: no error", n)
		}
	}
	for _, scheme := range schemes {
		for _, password := range []string{"", "pw"} {
			pair, phrase, err := keys.Generate(scheme, password)
			if err != nil {
				t.Fatal(err)
			}
			again, err := keys.FromURI(scheme, phrase, password)
			if err != nil || !bytes.Equal(again.Public(), pair.Public()) {
				t.Errorf("%s: %v comes back as %v, %v", scheme, pair, again, err)
			}
			other, err := keys.FromURI(scheme, phrase, "other")
			if err != nil || bytes.Equal(other.Public(), pair.Public()) {
				t.Errorf("%s: the password does nothing (%v)", scheme, err)
			}
		}
	}
	if _, _, err := keys.Generate(keys.Scheme(9), ""); !errors.Is(err, keys.ErrUnknownScheme) {
		t.Errorf("unknown scheme: %v", err)
	}
}

func TestSchemes(t *testing.T) {
	for _, scheme := range schemes {
		pair, err := keys.FromURI(scheme, "", "")
		if err != nil {
			t.Fatal(err)
		}
		sig, public := pair.Sign(nil), pair.Public()
		if pair.Scheme() != scheme || len(sig) != scheme.SignatureSize() || len(public) != scheme.PublicKeySize() {
			t.Errorf("%s: pair of %s, signature of %d and key of %d bytes", scheme, pair.Scheme(), len(sig), len(public))
		}
		for n := range len(sig) { // what is cut is refused
			if keys.Verify(scheme, sig[:n], nil, public) || keys.Sr25519VerifyDeprecated(sig[:n], nil, public) || keys.EcdsaVerifyOverflowing(sig[:n], nil, public) {
				t.Errorf("%s: signature of %d bytes is accepted", scheme, n)
			}
		}
		for n := range len(public) {
			if keys.Verify(scheme, sig, nil, public[:n]) || keys.Sr25519VerifyDeprecated(sig, nil, public[:n]) {
				t.Errorf("%s: key of %d bytes is accepted", scheme, n)
			}
		}
		if keys.Verify(scheme, append(sig, 0), nil, public) || keys.Verify(scheme, sig, nil, append(public, 0)) {
			t.Errorf("%s: a byte too many is accepted", scheme)
		}
		again, err := keys.ParseScheme(scheme.String())
		if err != nil || again != scheme {
			t.Errorf("%s parses as %s, %v", scheme, again, err)
		}
		public[0] ^= 1 // the pair's own copy stays
		if bytes.Equal(public, pair.Public()) {
			t.Errorf("%s: Public lends its bytes", scheme)
		}
	}
	bad := keys.Scheme(3)
	if _, err := keys.ParseScheme("rsa"); !errors.Is(err, keys.ErrUnknownScheme) || bad.PublicKeySize() != 0 || bad.SignatureSize() != 0 || keys.Verify(bad, nil, nil, nil) {
		t.Errorf("unknown scheme: %v", err)
	}
	for _, seed := range [][]byte{nil, make([]byte, 31), make([]byte, 33), bytes.Repeat([]byte{255}, 64)} {
		for _, scheme := range schemes {
			if _, err := keys.FromSeed(scheme, seed); !errors.Is(err, keys.ErrSeed) {
				t.Errorf("%s seed of %d bytes: %v", scheme, len(seed), err)
			}
		}
	}
	if _, err := keys.FromURI(keys.Sr25519, strings.Repeat("/a", keys.MaxURILength), ""); !errors.Is(err, keys.ErrURISyntax) {
		t.Errorf("long URI: %v", err)
	}
}

func TestAccountID(t *testing.T) {
	// Source: @polkadot/keyring 14.0.3, addressRaw of //Alice.
	for scheme, want := range map[keys.Scheme]string{
		keys.Sr25519: "d43593c715fdd31c61141abd04a99fd6822c8558854ccde39a5684e7a56da27d",
		keys.Ed25519: "88dc3417d5058ec4b4503e0c12ea1a0a89be200fe98922423d4334014fa6b0ee",
		keys.Ecdsa:   "01e552298e47454041ea31273b4b630c64c104e4514aa3643490b8aaca9cf8ed",
	} {
		pair, err := keys.FromURI(scheme, "//Alice", "")
		if err != nil {
			t.Fatal(err)
		}
		if id, err := keys.AccountID(scheme, pair.Public()); err != nil || hex.EncodeToString(id[:]) != want {
			t.Errorf("%s: account %x, %v, expected %s", scheme, id, err, want)
		}
		if _, err := keys.AccountID(scheme, pair.Public()[1:]); !errors.Is(err, keys.ErrPublicKey) {
			t.Errorf("%s: short key: %v", scheme, err)
		}
	}
	if _, err := keys.AccountID(keys.Scheme(7), nil); !errors.Is(err, keys.ErrUnknownScheme) {
		t.Errorf("unknown scheme: %v", err)
	}
}

// A 64-byte secret is the pair without its seed, and derives the same children.
func TestSr25519Secret(t *testing.T) {
	pair := keys.NewSr25519([32]byte{1, 2, 3})
	secret := pair.Secret()
	again, err := keys.FromSeed(keys.Sr25519, secret[:])
	if err != nil || !bytes.Equal(again.Public(), pair.Public()) {
		t.Fatalf("%v, %v, expected %v", again, err, pair)
	}
	if _, ok := again.Seed(); ok {
		t.Error("a seed came out of nothing")
	}
	if sig := again.Sign([]byte("m")); !keys.Verify(keys.Sr25519, sig, []byte("m"), pair.Public()) {
		t.Error("signature is refused")
	}
}

// Soft derivation of the public key meets that of the secret key.
func TestSoftDerivation(t *testing.T) {
	for _, path := range []string{"", "/a", "/1/2", "/x/18446744073709551615/" + strings.Repeat("long", 20)} {
		pair, err := keys.FromURI(keys.Sr25519, path, "")
		if err != nil {
			t.Fatal(err)
		}
		public, err := keys.PublicFromURI(keys.Sr25519, path, ss58Payload)
		if err != nil || !bytes.Equal(public, pair.Public()) {
			t.Errorf("path %q: public key %x, %v, expected %x", path, public, err, pair.Public())
		}
		if sig := pair.Sign([]byte("m")); !keys.Verify(keys.Sr25519, sig, []byte("m"), public) {
			t.Errorf("path %q: signature is refused", path)
		}
	}
	for path, want := range map[string]error{"//a": keys.ErrHardJunction, "///p": keys.ErrPublicPassword, "//": keys.ErrURISyntax, "0xzz": keys.ErrPublicKey, "0x00": keys.ErrPublicKey} {
		if _, err := keys.PublicFromURI(keys.Sr25519, path, ss58Payload); !errors.Is(err, want) {
			t.Errorf("path %q: %v, expected %v", path, err, want)
		}
	}
}

func TestVRF(t *testing.T) {
	pair := keys.NewSr25519([32]byte{9})
	public := [32]byte(pair.Public())
	transcript := keys.VRFTranscript{Label: "BABE", Items: []keys.VRFItem{{Label: "slot number", Data: make([]byte, 8)}}}
	output, proof, err := pair.VRFSign(transcript)
	if err != nil {
		t.Fatal(err)
	}
	if again, _, err := pair.VRFSign(transcript); err != nil || again != output {
		t.Errorf("pre-output 0x%x, then 0x%x, %v", output, again, err)
	}
	if !keys.VRFVerify(public, transcript, output, proof) {
		t.Error("proof is refused")
	}
	other := keys.VRFTranscript{Label: "BABE", Items: []keys.VRFItem{{Label: "slot number", Data: make([]byte, 7)}}}
	if keys.VRFVerify(public, other, output, proof) || keys.VRFVerify([32]byte(keys.NewSr25519([32]byte{8}).Public()), transcript, output, proof) ||
		keys.VRFVerify(public, transcript, public, proof) || keys.VRFVerify(public, transcript, [32]byte{}, proof) ||
		keys.VRFVerify([32]byte{}, transcript, [32]byte{}, [64]byte{}) {
		t.Error("wrong proof is accepted")
	}
	for _, size := range []int{-1, 0, 65} {
		if _, err := keys.VRFBytes(public, transcript, output, nil, size); err == nil {
			t.Errorf("%d bytes: no error", size)
		}
	}
	if _, err := keys.VRFBytes(public, transcript, [32]byte{255}, nil, 32); !errors.Is(err, keys.ErrPublicKey) {
		t.Errorf("output that is no point: %v", err)
	}
}

// Ethereum's recovery ids go for recovery, and not for verification.
func TestEcdsaRecoveryID(t *testing.T) {
	pair, err := keys.NewEcdsa([32]byte{31: 1})
	if err != nil {
		t.Fatal(err)
	}
	digest := hash.Keccak256([]byte("m"))
	sig := pair.SignPrehashed(digest)
	id := sig[64]
	for v := range 256 {
		sig[64] = byte(v)
		for _, parsing := range []keys.EcdsaParsing{keys.EcdsaStandard, keys.EcdsaOverflowing} {
			public, err := keys.EcdsaRecoverCompressed(sig, digest, parsing)
			good := err == nil && bytes.Equal(public[:], pair.Public())
			if good != (byte(v) == id || byte(v) == id+27) {
				t.Errorf("recovery id %d: key %x, %v", v, public, err)
			}
			if valid := v < 4 || v > 26 && v < 31; valid == errors.Is(err, keys.BadV) {
				t.Errorf("recovery id %d: %v", v, err)
			}
		}
		if got := keys.EcdsaVerifyPrehashed(sig[:], digest, pair.Public()); got != (byte(v) == id) {
			t.Errorf("recovery id %d: verification is %v", v, got)
		}
	}
}
