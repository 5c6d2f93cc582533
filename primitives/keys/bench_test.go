package keys_test

import (
	stded25519 "crypto/ed25519"
	"encoding/binary"
	"fmt"
	"testing"

	"github.com/ChainSafe/go-schnorrkel"
	"github.com/gotensor/gotensor/primitives/keys"
)

// benchMessage is as long as the payload of a transfer.
var benchMessage = make([]byte, 120)

// signed is a signature with what it takes to verify it.
type signed struct{ sig, message, public []byte }

// signatures makes n good signatures by n keys.
func signatures(b *testing.B, scheme keys.Scheme, n int) []signed {
	b.Helper()
	all := make([]signed, n)
	for i := range all {
		var seed [32]byte
		binary.LittleEndian.PutUint64(seed[:], uint64(i+1))
		pair, err := keys.FromSeed(scheme, seed[:])
		if err != nil {
			b.Fatal(err)
		}
		message := append([]byte(nil), benchMessage...)
		message[0] = byte(i)
		all[i] = signed{pair.Sign(message), message, pair.Public()}
	}
	return all
}

// benchVerify measures verify, and checks that it takes the good and refuses a bad signature.
func benchVerify(b *testing.B, all []signed, verify func(sig, message, public []byte) bool) {
	b.ReportAllocs()
	for i := 0; b.Loop(); i++ {
		if s := &all[i%len(all)]; !verify(s.sig, s.message, s.public) {
			b.Fatal("good signature is refused")
		}
	}
	b.StopTimer()
	if s := all[0]; verify(s.sig, s.message[1:], s.public) {
		b.Fatal("bad signature is accepted")
	}
}

func BenchmarkVerify(b *testing.B) {
	for _, scheme := range schemes {
		b.Run(scheme.String(), func(b *testing.B) {
			benchVerify(b, signatures(b, scheme, 64), func(sig, message, public []byte) bool { return keys.Verify(scheme, sig, message, public) })
		})
	}
	b.Run("sr25519/go-schnorrkel", func(b *testing.B) { benchVerify(b, signatures(b, keys.Sr25519, 64), schnorrkelVerify) })
	b.Run("sr25519/curve25519-voi", func(b *testing.B) { benchVerify(b, signatures(b, keys.Sr25519, 64), voiVerify) })
	b.Run("sr25519/deprecated", func(b *testing.B) {
		pair := keys.NewSr25519([32]byte{1})
		all := []signed{{signDeprecated(b, pair, benchMessage, make([]byte, 64)), benchMessage, pair.Public()}}
		benchVerify(b, all, keys.Sr25519VerifyDeprecated)
	})
	b.Run("ed25519/standard-library", func(b *testing.B) {
		benchVerify(b, signatures(b, keys.Ed25519, 64), func(sig, message, public []byte) bool { return stded25519.Verify(public, message, sig) })
	})
}

// BenchmarkBatch reports ns per signature.
func BenchmarkBatch(b *testing.B) {
	for _, scheme := range []keys.Scheme{keys.Sr25519, keys.Ed25519} {
		for _, size := range []int{1, 4, 16, 64, 256} {
			b.Run(fmt.Sprintf("%s/%d", scheme, size), func(b *testing.B) {
				all := signatures(b, scheme, size)
				run := func() bool {
					batch := keys.NewBatch(size)
					for i := range all {
						batch.Add(scheme, all[i].sig, all[i].message, all[i].public)
					}
					return batch.Verify()
				}
				b.ReportAllocs()
				for b.Loop() {
					if !run() {
						b.Fatal("good batch is refused")
					}
				}
				b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/float64(size), "ns/sig")
				all[size-1].message = nil
				if run() {
					b.Fatal("bad batch is accepted")
				}
			})
		}
	}
}

func BenchmarkSign(b *testing.B) {
	check := func(b *testing.B, scheme keys.Scheme, sig, public []byte) {
		if !keys.Verify(scheme, sig, benchMessage, public) {
			b.Fatal("signature is bad")
		}
	}
	for _, scheme := range schemes {
		b.Run(scheme.String(), func(b *testing.B) {
			pair, err := keys.FromURI(scheme, "//Alice", "")
			if err != nil {
				b.Fatal(err)
			}
			var sig []byte
			b.ReportAllocs()
			for b.Loop() {
				sig = pair.Sign(benchMessage)
			}
			check(b, scheme, sig, pair.Public())
		})
	}
	b.Run("sr25519/go-schnorrkel", func(b *testing.B) {
		mini, err := schnorrkel.NewMiniSecretKeyFromRaw([32]byte{1})
		if err != nil {
			b.Fatal(err)
		}
		secret, public := mini.ExpandEd25519(), mini.Public().Encode()
		var sig *schnorrkel.Signature
		for b.Loop() {
			if sig, err = secret.Sign(schnorrkel.NewSigningContext([]byte("substrate"), benchMessage)); err != nil {
				b.Fatal(err)
			}
		}
		encoded := sig.Encode()
		check(b, keys.Sr25519, encoded[:], public[:])
	})
	b.Run("ed25519/standard-library", func(b *testing.B) {
		pair := keys.NewEd25519([32]byte{1})
		secret := stded25519.NewKeyFromSeed(append([]byte{1}, make([]byte, 31)...))
		var sig []byte
		for b.Loop() {
			sig = stded25519.Sign(secret, benchMessage)
		}
		check(b, keys.Ed25519, sig, pair.Public())
	})
}

func BenchmarkEcdsaRecover(b *testing.B) {
	pair, err := keys.NewEcdsa([32]byte{1})
	if err != nil {
		b.Fatal(err)
	}
	digest := blake(benchMessage)
	sig := pair.SignPrehashed(digest)
	var public [33]byte
	b.ReportAllocs()
	for b.Loop() {
		if public, err = keys.EcdsaRecoverCompressed(sig, digest, keys.EcdsaStandard); err != nil {
			b.Fatal(err)
		}
	}
	if string(public[:]) != string(pair.Public()) {
		b.Fatal("wrong key")
	}
}

func BenchmarkFromURI(b *testing.B) {
	for _, uri := range []string{"//Alice", "0x5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a//Alice"} {
		b.Run(uri[:4], func(b *testing.B) {
			for b.Loop() {
				if _, err := keys.FromURI(keys.Sr25519, uri, ""); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}
