package keys_test

import (
	"bufio"
	"bytes"
	"compress/gzip"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"strings"
	"testing"

	"github.com/gotensor/gotensor/primitives/hash"
	"github.com/gotensor/gotensor/primitives/keys"
	"github.com/gotensor/gotensor/primitives/ss58"
)

var schemes = []keys.Scheme{keys.Sr25519, keys.Ed25519, keys.Ecdsa}

func unhex(t testing.TB, s string) []byte {
	t.Helper()
	b, err := hex.DecodeString(strings.TrimPrefix(s, "0x"))
	if err != nil {
		t.Fatal(err)
	}
	return b
}

func readJSON(t testing.TB, file string, v any) {
	t.Helper()
	data, err := os.ReadFile("testdata/" + file)
	if err != nil {
		t.Fatal(err)
	}
	if err := json.Unmarshal(data, v); err != nil {
		t.Fatalf("%s: %v", file, err)
	}
}

// substrateCase is one line of testdata/substrate.txt.gz, which explains the operations.
type substrateCase struct {
	line   string
	op     string
	args   []string
	answer string
}

func substrateCases(t testing.TB) []substrateCase {
	t.Helper()
	file, err := os.Open("testdata/substrate.txt.gz")
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	unzipped, err := gzip.NewReader(file)
	if err != nil {
		t.Fatal(err)
	}
	lines := bufio.NewScanner(unzipped)
	var cases []substrateCase
	for lines.Scan() {
		if strings.HasPrefix(lines.Text(), "#") {
			continue
		}
		question, answer, ok := strings.Cut(lines.Text(), " = ")
		if !ok {
			t.Fatalf("line without an answer: %.80q", lines.Text())
		}
		words := strings.Fields(question)
		cases = append(cases, substrateCase{lines.Text(), words[0], words[1:], answer})
	}
	if err := lines.Err(); err != nil {
		t.Fatal(err)
	}
	return cases
}

// arg returns the bytes of argument i.
func (c substrateCase) arg(t testing.TB, i int) []byte {
	if c.args[i] == "-" {
		return nil
	}
	return unhex(t, c.args[i])
}

// TestSubstrate gives the inputs of testdata/substrate.txt.gz and expects the answers that Substrate gave.
func TestSubstrate(t *testing.T) {
	answer := func(ok bool) string {
		if ok {
			return "1"
		}
		return "0"
	}
	uriErrors := map[string]error{"format": keys.ErrURISyntax, "phrase": keys.ErrPhrase, "seed": keys.ErrSeed, "path": keys.ErrSoftJunction,
		"panic": keys.ErrSeed} // sp_core ends the process where a scalar is out of range
	counts, overflowing := map[string]int{}, 0
	for _, c := range substrateCases(t) {
		counts[c.op]++
		got := ""
		switch c.op {
		case "junction":
			item, hard := strings.CutPrefix(string(c.arg(t, 0)), "/")
			j := keys.ParseJunction(item, hard)
			got = answer(j.Hard) + " " + hex.EncodeToString(j.Code[:])
		case "uri":
			scheme, err := keys.ParseScheme(c.args[0])
			if err != nil {
				t.Fatal(err)
			}
			password := ""
			if c.args[2] != "none" {
				password = string(c.arg(t, 2))
			}
			pair, err := keys.FromURI(scheme, string(c.arg(t, 1)), password)
			if err != nil {
				got = err.Error()
				if kind, ok := strings.CutPrefix(c.answer, "err "); ok && uriErrors[kind] != nil && errors.Is(err, uriErrors[kind]) {
					got = c.answer
				}
				break
			}
			got = "ok " + hex.EncodeToString(pair.Public()) + " -"
			if seed, ok := pair.Seed(); ok {
				got = "ok " + hex.EncodeToString(pair.Public()) + " " + hex.EncodeToString(seed)
				again, err := keys.FromSeed(scheme, seed)
				if err != nil || !bytes.Equal(again.Public(), pair.Public()) {
					t.Errorf("%s: the seed gives another pair (%v)", c.line, err)
				}
			}
		case "pub":
			scheme, err := keys.ParseScheme(c.args[0])
			if err != nil {
				t.Fatal(err)
			}
			public, err := keys.PublicFromURI(scheme, string(c.arg(t, 1)), ss58Payload)
			if err == nil {
				got = hex.EncodeToString(public)
			} else if got = err.Error(); strings.HasPrefix(c.answer, "err ") {
				got = c.answer
			}
		case "raw":
			secret := keys.NewSr25519([32]byte(c.arg(t, 0))).Secret()
			got = hex.EncodeToString(secret[:])
		case "sign":
			scheme, err := keys.ParseScheme(c.args[0])
			if err != nil {
				t.Fatal(err)
			}
			pair, err := keys.FromSeed(scheme, c.arg(t, 1))
			if err != nil {
				t.Fatal(err)
			}
			sig, message := pair.Sign(c.arg(t, 2)), c.arg(t, 2)
			got = hex.EncodeToString(sig)
			if scheme == keys.Sr25519 { // randomised: theirs must verify here
				if keys.Verify(scheme, unhex(t, c.answer), message, pair.Public()) {
					got = c.answer
				}
			}
			if !keys.Verify(scheme, sig, message, pair.Public()) {
				t.Errorf("%s: own signature is refused", c.line)
			}
		case "signpre":
			pair, err := keys.NewEcdsa([32]byte(c.arg(t, 0)))
			if err != nil {
				t.Fatal(err)
			}
			digest := [32]byte(c.arg(t, 1))
			sig := pair.SignPrehashed(digest)
			got = hex.EncodeToString(sig[:])
			if bytes.HasPrefix(digest[:], bytes.Repeat([]byte{0xff}, 15)) && got != c.answer {
				// Above the group order the nonces differ, see SignPrehashed; both signatures must be good.
				overflowing++
				if keys.EcdsaVerifyPrehashed(sig[:], digest, pair.Public()) && keys.EcdsaVerifyPrehashed(unhex(t, c.answer), digest, pair.Public()) {
					got = c.answer
				}
			}
		case "srv1":
			got = answer(keys.Sr25519VerifyDeprecated(c.arg(t, 0), c.arg(t, 1), c.arg(t, 2)))
		case "srv2":
			got = answer(keys.Sr25519Verify(c.arg(t, 0), c.arg(t, 1), c.arg(t, 2)))
		case "edv":
			got = answer(keys.Ed25519Verify(c.arg(t, 0), c.arg(t, 1), c.arg(t, 2)))
		case "ecv1":
			got = answer(keys.EcdsaVerifyOverflowing(c.arg(t, 0), c.arg(t, 1), c.arg(t, 2)))
		case "ecv2":
			got = answer(keys.EcdsaVerify(c.arg(t, 0), c.arg(t, 1), c.arg(t, 2)))
		case "ecp":
			got = answer(keys.EcdsaVerifyPrehashed(c.arg(t, 0), [32]byte(c.arg(t, 1)), c.arg(t, 2)))
		case "rec1", "rec2":
			parsing := keys.EcdsaStandard
			if c.op == "rec1" {
				parsing = keys.EcdsaOverflowing
			}
			sig, digest := [65]byte(c.arg(t, 0)), [32]byte(c.arg(t, 1))
			public, err := keys.EcdsaRecover(sig, digest, parsing)
			got = hex.EncodeToString(public[:])
			var code keys.RecoverError
			if errors.As(err, &code) {
				got = fmt.Sprintf("e%d", code)
			}
			compressed, err2 := keys.EcdsaRecoverCompressed(sig, digest, parsing)
			if err != err2 || err == nil && (!bytes.Equal(compressed[1:], public[:32]) || compressed[0] != 2+public[63]&1) {
				t.Errorf("%s: compressed key %x, %v", c.line, compressed, err2)
			}
		case "vrfs":
			pair := keys.NewSr25519([32]byte(c.arg(t, 0)))
			transcript := keys.VRFTranscript{Label: string(c.arg(t, 1)), Items: []keys.VRFItem{{Label: "item", Data: c.arg(t, 2)}}}
			theirs := strings.Fields(c.answer)
			output, proof, err := pair.VRFSign(transcript)
			if err != nil {
				t.Fatal(err)
			}
			public := [32]byte(pair.Public())
			made, err := keys.VRFBytes(public, transcript, output, c.arg(t, 3), 32)
			if err != nil {
				t.Fatal(err)
			}
			// The proof is randomised; both must verify.
			for _, p := range [][64]byte{proof, [64]byte(unhex(t, theirs[2]))} {
				if !keys.VRFVerify(public, transcript, output, p) {
					t.Errorf("%s: proof 0x%x is refused", c.line, p)
				}
				p[40] ^= 1
				if keys.VRFVerify(public, transcript, output, p) {
					t.Errorf("%s: corrupted proof is accepted", c.line)
				}
			}
			got = fmt.Sprintf("%x %x %s %x", public, output, theirs[2], made)
		default:
			t.Fatalf("unknown operation %q", c.op)
		}
		if got != c.answer {
			t.Errorf("%s: got %s", c.line, got)
		}
	}
	for _, op := range []string{"junction", "uri", "pub", "raw", "sign", "signpre", "srv1", "srv2", "edv", "ecv1", "ecv2", "ecp", "rec1", "rec2", "vrfs"} {
		if counts[op] == 0 {
			t.Errorf("no case of %s", op)
		}
		t.Logf("%-8s %4d cases", op, counts[op])
	}
	if overflowing > 1 {
		t.Errorf("%d digests above the group order were signed otherwise, expected 1", overflowing)
	}
}

// ss58Payload decodes an address for PublicFromURI.
func ss58Payload(address string) ([]byte, error) {
	_, payload, err := ss58.Decode(address)
	return payload, err
}

// TestPolkadotJS compares keys and signatures with those of polkadot.js.
func TestPolkadotJS(t *testing.T) {
	type key struct{ Public, Signature, Error string }
	var file struct {
		Cases []struct {
			URI                     string
			Sr25519, Ed25519, Ecdsa key
		}
	}
	readJSON(t, "polkadotjs.json", &file)
	good, soft := 0, 0
	for _, c := range file.Cases {
		for scheme, want := range map[keys.Scheme]key{keys.Sr25519: c.Sr25519, keys.Ed25519: c.Ed25519, keys.Ecdsa: c.Ecdsa} {
			pair, err := keys.FromURI(scheme, c.URI, "")
			if want.Error != "" {
				if soft++; !errors.Is(err, keys.ErrSoftJunction) {
					t.Errorf("%s %q: %v, expected %s", scheme, c.URI, err, want.Error)
				}
				continue
			}
			good++
			if err != nil || fmt.Sprintf("0x%x", pair.Public()) != want.Public {
				t.Errorf("%s %q: %v, %v, expected %s", scheme, c.URI, pair, err, want.Public)
				continue
			}
			if sig := unhex(t, want.Signature); !keys.Verify(scheme, sig, []byte(c.URI), pair.Public()) {
				t.Errorf("%s %q: signature is refused", scheme, c.URI)
			} else if scheme != keys.Sr25519 && !bytes.Equal(sig, pair.Sign([]byte(c.URI))) {
				t.Errorf("%s %q: signature differs", scheme, c.URI)
			}
		}
	}
	t.Logf("%d keys and signatures, %d refused soft paths", good, soft)
	if good < 500 || soft == 0 {
		t.Errorf("too few cases")
	}
}

func TestMnemonicVectors(t *testing.T) {
	var file struct{ Cases [][3]string }
	readJSON(t, "substrate-bip39.json", &file)
	if len(file.Cases) != 24 {
		t.Fatalf("%d cases, expected 24", len(file.Cases))
	}
	for _, c := range file.Cases {
		entropy, err := keys.MnemonicEntropy(c[0])
		if err != nil || hex.EncodeToString(entropy) != c[1] {
			t.Errorf("entropy of %q: %x, %v, expected %s", c[0], entropy, err, c[1])
		}
		if seed, err := keys.MnemonicSeed(c[0], "Substrate"); err != nil || hex.EncodeToString(seed[:]) != c[2] {
			t.Errorf("seed of %q: %x, %v, expected %s", c[0], seed, err, c[2])
		}
		if phrase, err := keys.EncodeMnemonic(unhex(t, c[1])); err != nil || phrase != c[0] {
			t.Errorf("phrase of %s: %q, %v, expected %q", c[1], phrase, err, c[0])
		}
	}
}

// TestSpeccheck runs the twelve cases of "Taming the many EdDSAs" against the row of ed25519-zebra.
func TestSpeccheck(t *testing.T) {
	var file struct {
		Zebra string
		Cases []struct {
			Message   string
			PubKey    string `json:"pub_key"`
			Signature string
		}
	}
	readJSON(t, "speccheck.json", &file)
	if len(file.Cases) != 12 || len(file.Zebra) != 12 {
		t.Fatalf("%d cases, %d answers, expected 12", len(file.Cases), len(file.Zebra))
	}
	for i, c := range file.Cases {
		want := file.Zebra[i] == 'V'
		sig, message, public := unhex(t, c.Signature), unhex(t, c.Message), unhex(t, c.PubKey)
		if got := keys.Ed25519Verify(sig, message, public); got != want {
			t.Errorf("case %d: %v, expected %v", i, got, want)
		}
		batch := keys.NewBatch(1)
		batch.Add(keys.Ed25519, sig, message, public)
		if got := batch.Verify(); got != want {
			t.Errorf("case %d in a batch: %v, expected %v", i, got, want)
		}
	}
}

// TestZIP215SmallOrders verifies the 196 signatures whose key and R are the 14 encodings of points of small order and
// whose s is zero. ZIP-215 takes all, for any message. Source: ed25519-zebra tests/small_order.rs.
func TestZIP215SmallOrders(t *testing.T) {
	encodings := smallOrderEncodings(t)
	if len(encodings) != 14 {
		t.Fatalf("%d encodings, expected 14", len(encodings))
	}
	batch, n := keys.NewBatch(196), 0
	for _, a := range encodings {
		for _, r := range encodings {
			n++
			sig := append(append([]byte(nil), r...), make([]byte, 32)...)
			for _, message := range []string{"Zcash", "", "any"} {
				if !keys.Ed25519Verify(sig, []byte(message), a) {
					t.Errorf("key 0x%x, R 0x%x, message %q: refused", a, r, message)
				}
			}
			batch.Add(keys.Ed25519, sig, []byte("Zcash"), a)
			sig[32] = 1 // s = 1 moves the point out of the small subgroup
			if keys.Ed25519Verify(sig, []byte("Zcash"), a) {
				t.Errorf("key 0x%x, R 0x%x, s = 1: accepted", a, r)
			}
		}
	}
	if n != 196 || !batch.Verify() {
		t.Errorf("batch of %d: refused", n)
	}
}

// smallOrderEncodings lists the canonical and non-canonical encodings of the eight points whose order divides 8: their
// y is 0, 1, -1, or one of the two that the order-8 points share up to sign; y + p where it fits in 255 bits; either
// sign bit, which for x = 0 encodes one point twice.
func smallOrderEncodings(t testing.TB) (encodings [][]byte) {
	for _, y := range []string{
		"0000000000000000000000000000000000000000000000000000000000000000", // 0
		"0100000000000000000000000000000000000000000000000000000000000000", // 1
		"ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f", // -1
		"edffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f", // 0 + p
		"eeffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f", // 1 + p
		"26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc05", // order 8
		"c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac037a", // order 8
	} {
		plain := unhex(t, y)
		signed := append([]byte(nil), plain...)
		signed[31] |= 0x80
		encodings = append(encodings, plain, signed)
	}
	return encodings
}

// TestSpCore repeats what the tests of sp_core expect of known keys.
// Source: polkadot-sdk substrate/primitives/core/src/{sr25519,ed25519,ecdsa}.rs and subkey's documentation for //Alice.
func TestSpCore(t *testing.T) {
	const seed = "0x9d61b19deffd5a60ba844af492ec2cc44449c5697b326919703bac031cae7f60"
	for _, c := range []struct {
		scheme keys.Scheme
		uri    string
		public string
	}{
		{keys.Sr25519, "//Alice", "d43593c715fdd31c61141abd04a99fd6822c8558854ccde39a5684e7a56da27d"},
		{keys.Sr25519, "/Alice", "d6c71059dbbe9ad2b0ed3f289738b800836eb425544ce694825285b958ca755e"},
		{keys.Ed25519, "//Alice", "88dc3417d5058ec4b4503e0c12ea1a0a89be200fe98922423d4334014fa6b0ee"},
		{keys.Ecdsa, "//Alice", "020a1091341fe5664bfa1782d5e04779689068c916b04cb365ec3153755684d9a1"},
		{keys.Sr25519, seed, "44a996beb1eef7bdcab976ab6d2ca26104834164ecf28fb375600576fcc6eb0f"},
		{keys.Ed25519, seed, "d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a"},
		{keys.Ecdsa, seed, "028db55b05db86c0b1786ca49f095d76344c9e6056b2f02701a7e7f3c20aabfd91"},
		{keys.Sr25519, "0x" + hex.EncodeToString([]byte("12345678901234567890123456789012")), "741c08a06f41c596608f6774259bd9043304adfa5d3eea62760bd9be97634d63"},
		{keys.Ed25519, "0x" + hex.EncodeToString([]byte("12345678901234567890123456789012")), "2f8c6129d816cf51c374bc7f08c3e63ed156cf78aefb4a6550d97b87997977ee"},
		{keys.Ecdsa, "0x" + hex.EncodeToString([]byte("12345678901234567890123456789012")), "035676109c54b9a16d271abeb4954316a40a32bcce023ac14c8e26e958aa68fba9"},
	} {
		pair, err := keys.FromURI(c.scheme, c.uri, "")
		if err != nil || hex.EncodeToString(pair.Public()) != c.public {
			t.Errorf("%s %s: %v, %v, expected %s", c.scheme, c.uri, pair, err, c.public)
		}
	}
	ecdsa, err := keys.NewEcdsa([32]byte(unhex(t, seed)))
	if err != nil {
		t.Fatal(err)
	}
	sig := ecdsa.Sign(nil)
	if want := "3dde91174bd9359027be59a428b8146513df80a2a3c7eda2194f64de04a69ab97b753169e94db6ffd50921a2668a48b94ca11e3d32c1ff19cfe88890aa7e8f3c00"; hex.EncodeToString(sig) != want {
		t.Errorf("ecdsa signature %x, expected %s", sig, want)
	}
	if full, err := keys.EcdsaRecover([65]byte(sig), hash.Blake2b256(nil), keys.EcdsaStandard); err != nil || hex.EncodeToString(full[:]) != "8db55b05db86c0b1786ca49f095d76344c9e6056b2f02701a7e7f3c20aabfd913ebbe148dd17c56551a52952371071a6c604b3f3abe8f2c8fa742158ea6dd7d4" {
		t.Errorf("recovered key %x, %v", full, err)
	}
	if sig := keys.NewEd25519([32]byte(unhex(t, seed))).Sign(nil); hex.EncodeToString(sig) != "e5564300c360ac729086e2cc806e828a84877f1eb8e5d974d873e065224901555fb8821590a33bacc61e39701cf9b46bd25bf5f0595bbe24655141438e7a100b" {
		t.Errorf("ed25519 signature %x", sig)
	}
	// One hard junction of zeros.
	for scheme, want := range map[keys.Scheme]string{keys.Ed25519: "ede3354e133f9c8e337ddd6ee5415ed4b4ffe5fc7d21e933f4930a3730e5b21c", keys.Ecdsa: "b8eefc4937200a8382d00050e050ced2d4ab72cc2ef1b061477afb51564fdd61"} {
		pair, err := keys.FromURI(scheme, seed+"//0", "")
		if err != nil {
			t.Fatal(err)
		}
		if got, _ := pair.Seed(); hex.EncodeToString(got) != want {
			t.Errorf("%s: derived seed %x, expected %s", scheme, got, want)
		}
	}
}

// TestDeprecatedSignatures verifies known signatures of schnorrkel before 0.8.
// Source: sp_core sr25519.rs, verify_known_old_message_should_work and verify_from_old_wasm_works.
func TestDeprecatedSignatures(t *testing.T) {
	for _, c := range []struct{ public, sig, message string }{
		{
			"b4bfa1f7a5166695eb75299fd1c4c03ea212871c342f2c5dfea0902b2c246918",
			"5a9755f069939f45d96aaf125cf5ce7ba1db998686f87f2fb3cbdea922078741a73891ba265f70c31436e18a9acd14d189d73c12317ab6c313285cd938453202",
			"Verifying that I am the owner of 5G9hQLdsKQswNPgB499DeA5PkFBbgkLPJWkkS6FAM6xGQ8xD. Hash: 221455a3\n",
		},
		{
			hex.EncodeToString(keys.NewSr25519([32]byte{}).Public()),
			"28a854d54903e056f89581c691c1f7d2ff39f8f896c9e9c22475e60902cc2b3547199e0e91fa32902028f2ca2355e8cdd16cfe19ba5e8b658c94aa80f3b81a00",
			"SUBSTRATE",
		},
	} {
		sig, public := unhex(t, c.sig), unhex(t, c.public)
		if !keys.Sr25519VerifyDeprecated(sig, []byte(c.message), public) {
			t.Errorf("%q: refused", c.message)
		}
		if keys.Sr25519Verify(sig, []byte(c.message), public) {
			t.Errorf("%q: accepted by the new rule", c.message)
		}
		for bit := range 512 {
			sig[bit/8] ^= 1 << (bit % 8)
			if keys.Sr25519VerifyDeprecated(sig, []byte(c.message), public) {
				t.Errorf("%q: accepted with bit %d flipped", c.message, bit)
			}
			sig[bit/8] ^= 1 << (bit % 8)
		}
	}
}
