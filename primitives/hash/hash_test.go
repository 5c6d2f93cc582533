package hash

import (
	"encoding/hex"
	"fmt"
	"testing"
)

// Expected digests: blake2b and sha2 from their RFCs (7693, 6234) and the well-known empty digests; keccak of "" as in the
// Ethereum yellow paper; twox128 of "System" and "Account" as in every Substrate storage key.
func TestKnownDigests(t *testing.T) {
	hexOf := func(b []byte) string { return hex.EncodeToString(b) }
	b512 := Blake2b512([]byte("abc"))
	b256 := Blake2b256(nil)
	b128 := Blake2b128(nil)
	k256 := Keccak256(nil)
	k512 := Keccak512(nil)
	s256 := Sha2_256([]byte("abc"))
	sys := Twox128([]byte("System"))
	acc := Twox128([]byte("Account"))
	t64 := Twox64(nil)
	t256 := Twox256([]byte("abc"))
	t128 := Twox128([]byte("abc"))
	for _, c := range []struct{ name, got, want string }{
		{"blake2b-512 abc", hexOf(b512[:]), "ba80a53f981c4d0d6a2797b69f12f6e94c212f14685ac4b74b12bb6fdbffa2d17d87c5392aab792dc252d5de4533cc9518d38aa8dbf1925ab92386edd4009923"},
		{"blake2b-256 empty", hexOf(b256[:]), "0e5751c026e543b2e8ab2eb06099daa1d1e5df47778f7787faab45cdf12fe3a8"},
		{"blake2b-128 empty", hexOf(b128[:]), "cae66941d9efbd404e4d88758ea67670"},
		{"keccak-256 empty", hexOf(k256[:]), "c5d2460186f7233c927e7db2dcc703c0e500b653ca82273b7bfad8045d85a470"},
		{"keccak-512 empty", hexOf(k512[:]), "0eab42de4c3ceb9235fc91acffe746b29c29a8c366b7c60e4e67c466f36a4304c00fa9caf9d87976ba469bcbe06713b435f091ef2769fb160cdab33d3670680e"},
		{"sha2-256 abc", hexOf(s256[:]), "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"},
		{"twox128 System", hexOf(sys[:]), "26aa394eea5630e07c48ae0c9558cef7"},
		{"twox128 Account", hexOf(acc[:]), "b99d880ec681799c0cf30e8886371da9"},
		{"twox64 empty", hexOf(t64[:]), "99e9d85137db46ef"},
		{"twox256 starts with twox128", hexOf(t256[:16]), hexOf(t128[:])},
	} {
		if c.got != c.want {
			t.Errorf("%s: got %s, want %s", c.name, c.got, c.want)
		}
	}
}

func TestTextRoundTrip(t *testing.T) {
	want := Blake2b256([]byte("x"))
	text, _ := want.MarshalText()
	var got H256
	if err := got.UnmarshalText(text); err != nil || got != want {
		t.Fatalf("got %v, %v, want %v", got, err, want)
	}
	for _, bad := range []string{"", "0x", "0x12", want.String() + "00", "0x" + want.String()[3:] + "g"} {
		if got.UnmarshalText([]byte(bad)) == nil {
			t.Errorf("%q was accepted", bad)
		}
	}
}

func BenchmarkBlake2b128(b *testing.B) {
	data := make([]byte, 32)
	want := Blake2b128(data)
	b.ReportAllocs()
	for b.Loop() {
		if Blake2b128(data) != want {
			b.Fatal("digest changed")
		}
	}
}

func BenchmarkBlake2b256(b *testing.B) {
	for _, n := range []int{32, 512, 1 << 20} {
		b.Run(fmt.Sprint(n), func(b *testing.B) {
			data := make([]byte, n)
			want := Blake2b256(data)
			b.SetBytes(int64(n))
			for b.Loop() {
				if Blake2b256(data) != want {
					b.Fatal("digest changed")
				}
			}
		})
	}
}
