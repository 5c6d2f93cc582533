package keys_test

import (
	"bytes"
	"errors"
	"regexp"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/gotensor/gotensor/primitives/keys"
)

// uriPattern is the regular expression that Substrate's URI parser is to be equal to. Source: sp_core address_uri.rs.
var uriPattern = regexp.MustCompile(`^([a-zA-Z0-9 ]+)?((?://?[^/]+)*)(///(.*))?$`)

func FuzzURI(f *testing.F) {
	for _, s := range []string{"", "//Alice", keys.DevPhrase + "//a/b///pw", "0x" + strings.Repeat("ab", 32) + "/1//+2", "///", "////////", "//a\nb", "///\n", "a.b", "/é//\xff"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		uri, err := keys.ParseURI(s)
		if err != nil && !errors.Is(err, keys.ErrURISyntax) {
			t.Fatalf("error %v is not ErrURISyntax", err)
		}
		if len(s) > keys.MaxURILength || !utf8.ValidString(s) {
			if err == nil {
				t.Fatal("accepted")
			}
			return
		}
		match := uriPattern.FindStringSubmatch(s)
		if (match != nil) != (err == nil) {
			t.Fatalf("parser %v, pattern %q", err, match)
		}
		if err != nil {
			return
		}
		if uri.Phrase != match[1] || (uri.Password != nil) != (match[3] != "") || uri.Password != nil && *uri.Password != match[4] {
			t.Fatalf("phrase or password differ from %q", match)
		}
		items := 0
		for at := 0; at < len(match[2]); items++ {
			at++
			hard := at < len(match[2]) && match[2][at] == '/'
			if hard {
				at++
			}
			end := len(match[2])
			if i := strings.IndexByte(match[2][at:], '/'); i >= 0 {
				end = at + i
			}
			if items >= len(uri.Junctions) || uri.Junctions[items] != keys.ParseJunction(match[2][at:end], hard) {
				t.Fatalf("junction %d differs", items)
			}
			at = end
		}
		if items != len(uri.Junctions) {
			t.Fatalf("%d junctions, expected %d", len(uri.Junctions), items)
		}
	})
}

// FuzzDerive walks paths from a fixed seed, which unlike a phrase costs no stretching.
func FuzzDerive(f *testing.F) {
	for _, s := range []string{"", "//Alice", "/a//1/2", "//x///pw", "//18446744073709551616", "/"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, path string) {
		if strings.Count(path, "/") > 32 {
			return // nothing new in a longer one
		}
		for _, scheme := range schemes {
			pair, err := keys.FromURI(scheme, "0x"+strings.Repeat("5a", 32)+path, "")
			if err != nil {
				continue
			}
			if sig := pair.Sign([]byte(path)); !keys.Verify(scheme, sig, []byte(path), pair.Public()) {
				t.Fatalf("%s: own signature is refused", scheme)
			}
			if seed, ok := pair.Seed(); ok {
				if again, err := keys.FromSeed(scheme, seed); err != nil || !bytes.Equal(again.Public(), pair.Public()) {
					t.Fatalf("%s: the seed gives %v, %v, expected %v", scheme, again, err, pair)
				}
			}
		}
	})
}

func FuzzMnemonic(f *testing.F) {
	f.Add(keys.DevPhrase)
	f.Add(strings.Repeat("abandon ", 11) + "about")
	f.Add("  " + strings.ToUpper(keys.DevPhrase))
	f.Fuzz(func(t *testing.T, phrase string) {
		entropy, err := keys.MnemonicEntropy(phrase)
		if err != nil {
			if !errors.Is(err, keys.ErrPhrase) {
				t.Fatalf("error %v is not ErrPhrase", err)
			}
			return
		}
		again, err := keys.EncodeMnemonic(entropy)
		if err != nil || again != strings.Join(strings.Fields(phrase), " ") {
			t.Fatalf("%q comes back as %q, %v", phrase, again, err)
		}
	})
}

// FuzzSr25519 lets three implementations answer, and the batch.
func FuzzSr25519(f *testing.F) {
	pair := keys.NewSr25519([32]byte{1})
	f.Add(pair.Sign([]byte("message")), []byte("message"), pair.Public())
	f.Add(signDeprecated(f, pair, []byte("message"), make([]byte, 64)), []byte("message"), pair.Public())
	f.Add(bytes.Repeat([]byte{255}, 64), []byte{}, bytes.Repeat([]byte{255}, 32))
	f.Fuzz(func(t *testing.T, sig, message, public []byte) {
		got := keys.Sr25519Verify(sig, message, public)
		identity := bytes.Equal(public, make([]byte, 32))
		if want := schnorrkelVerify(sig, message, public); got != want && !identity {
			t.Fatalf("verify %v, go-schnorrkel %v", got, want)
		}
		if want := voiVerify(sig, message, public); got != want {
			t.Fatalf("verify %v, curve25519-voi %v", got, want)
		}
		deprecated := keys.Sr25519VerifyDeprecated(sig, message, public)
		if marked := len(sig) == 64 && sig[63]&128 != 0; got && !deprecated || marked && deprecated != got {
			t.Fatalf("verify %v, deprecated %v", got, deprecated)
		}
		batch := keys.NewBatch(1)
		batch.Add(keys.Sr25519, sig, message, public)
		if each := batch.VerifyEach(); batch.Verify() != got || len(each) != 1 || each[0] != got {
			t.Fatalf("verify %v, batch %v", got, each)
		}
	})
}

func FuzzEd25519(f *testing.F) {
	pair := keys.NewEd25519([32]byte{1})
	f.Add(pair.Sign([]byte("message")), []byte("message"), pair.Public())
	for _, encoding := range smallOrderEncodings(f) {
		f.Add(append(append([]byte(nil), encoding...), make([]byte, 32)...), []byte("Zcash"), encoding)
	}
	f.Fuzz(func(t *testing.T, sig, message, public []byte) {
		got := keys.Ed25519Verify(sig, message, public)
		if standardVerify(sig, message, public) && !got {
			t.Fatal("the standard library accepts and ZIP-215 does not")
		}
		batch := keys.NewBatch(1)
		batch.Add(keys.Ed25519, sig, message, public)
		if each := batch.VerifyEach(); batch.Verify() != got || len(each) != 1 || each[0] != got {
			t.Fatalf("verify %v, batch %v", got, each)
		}
	})
}

// FuzzEcdsa lets recovery and verification, each in both forms, answer together.
func FuzzEcdsa(f *testing.F) {
	pair, err := keys.NewEcdsa([32]byte{1})
	if err != nil {
		f.Fatal(err)
	}
	f.Add(pair.Sign([]byte("message")), []byte("message"))
	f.Add(bytes.Repeat([]byte{255}, 65), []byte{})
	f.Add(make([]byte, 65), []byte{})
	f.Fuzz(func(t *testing.T, sig, message []byte) {
		if len(sig) != 65 {
			if keys.EcdsaVerify(sig, message, make([]byte, 33)) || keys.EcdsaVerifyOverflowing(sig, message, make([]byte, 33)) {
				t.Fatal("accepted")
			}
			return
		}
		digest := blake(message)
		strict, strictErr := keys.EcdsaRecoverCompressed([65]byte(sig), digest, keys.EcdsaStandard)
		loose, looseErr := keys.EcdsaRecoverCompressed([65]byte(sig), digest, keys.EcdsaOverflowing)
		if errors.Is(looseErr, keys.BadRS) || strictErr == nil && (looseErr != nil || strict != loose) || errors.Is(strictErr, keys.BadV) != errors.Is(looseErr, keys.BadV) {
			t.Fatalf("standard %x, %v; overflowing %x, %v", strict, strictErr, loose, looseErr)
		}
		if got := keys.EcdsaVerify(sig, message, strict[:]); got != (strictErr == nil && sig[64] < 4) {
			t.Fatalf("verify %v, recover %v", got, strictErr)
		}
		if got := keys.EcdsaVerifyOverflowing(sig, message, loose[:]); got != (looseErr == nil && sig[64] < 4) {
			t.Fatalf("verify overflowing %v, recover %v", got, looseErr)
		}
		if errors.Is(strictErr, keys.BadV) {
			return // go-ethereum built without C reads further recovery ids
		}
		if want, ok := goEthereumRecover(sig, digest); ok != (strictErr == nil) || ok && want != strict {
			t.Fatalf("recovered %x, %v; go-ethereum %x, %v", strict, strictErr, want, ok)
		}
	})
}
