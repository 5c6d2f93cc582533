package ss58

import (
	"bytes"
	"encoding/hex"
	"errors"
	"strings"
	"testing"
)

// alice is the public key of //Alice, sr25519.
const alice = "d43593c715fdd31c61141abd04a99fd6822c8558854ccde39a5684e7a56da27d"

// Addresses with their public keys. Sources: "subkey" prints the first; paritytech/ss58-registry and polkadot-api list Alice under 0 and 42; the others are
// vectors of mrtnetwork/blockchain_utils, test/address/substrate (taken from ebellocchia/bip_utils).
var vectors = []struct {
	prefix  uint16
	payload string
	address string
}{
	{42, alice, "5GrwvaEF5zXb26Fz9rcQpDWS57CtERHpNehXCPcNoHGKutQY"},
	{0, alice, "15oF4uVJwmo4TdGW7VfQxNLavjCXviqxT9S1MgbjMNHr6Sp5"},
	{2, "51e5a6beae03719e2e9335a3994f8da03be34d6c71fac792c375b81e6faf3330", "ERhckLKG8dSw7uSH3pixNMkE3LvRRh6wB47BxRteGgcbzjb"},
	{10, "79d1b9f483f005398e8a9ffa6378990a6d302b882848220dfa68a50b6f2090f2", "23dKgUghw8q96xGPCybiSRDkbNJMxNK7riGoEvo4GyxFdSAe"},
	{11, "4ac158b2e3460471eb04d92950f11337b267088fd91d48052275baf7d0b0b20d", "28MGpiZD5TT4sg7LRPgL9aSsUUgd8EjhnGTUUyFLSiorkxoe"},
	{30, "446b851030cdfe955cacdb564f089419da17ce24de78b9027d7d0eb60d12ec9c", "42AVx9HAkErLQ7HEwPycg5ffboteYe3DtZzQs5kAY11eWTf3"},
	{51, "67ea0d6b7afce2a7328ab537decba8c6eaa998fc61c07908e74fca438b658195", "68VteHnLQhPF2qFiB1EbuHSSUjqVV1cU8rskmAuwXirJHARU"},
	{59, "c0922153608d966efc4fedb67825a8bb79ed689689dda2592f446e4d997842a7", "6xoQrYS9PWW2vQqBHbVaxaEDf82enqsatyNpa2xspJaCFqYS"},
}

func TestVectors(t *testing.T) {
	for _, v := range vectors {
		payload, _ := hex.DecodeString(v.payload)
		if got, err := Encode(v.prefix, payload); err != nil || got != v.address {
			t.Errorf("prefix %d: got %s, %v, want %s", v.prefix, got, err, v.address)
		}
		prefix, got, err := Decode(v.address)
		if err != nil || prefix != v.prefix || !bytes.Equal(got, payload) {
			t.Errorf("%s: got %d 0x%x, %v", v.address, prefix, got, err)
		}
	}
}

// Addresses of real networks with their prefixes, one and two bytes long. Source: subsquid/squid-sdk, package ss58-codec, test.
var networks = []struct {
	prefix  uint16
	address string
}{
	{2, "EXtQYFeY2ivDsfazZvGC9aG87DxnhWH2f9kjUUq2pXTZKF5"},
	{2, "H9Sa5qnaiK1oiLDstHRvgH9G6p9sMZ2j82hHMdxaq2QeAKk"},
	{2, "FXCgfz7AzQA1fNaUqubSgXxGh77sjWVVkypgueWLmAcwv79"},
	{0, "1zugcag7cJVBtVRnFxv5Qftn7xKAnR6YJ9x4x3XLgGgmNnS"},
	{32, "4HMMaWUW7McTGrmo9hSe9mkyKHpd9pzKGqkAFrCWnTFdwHpY"},
	{63, "7LKANFqnxGZ5zVyQNsiNZM2n9dSVLNzmkwKoUKR7AALea3vN"},
	{66, "cTMxUeDi2HdYVpedqu5AFMtyDcn4djbBfCKiPDds6k1fuFYXL"},
	{2254, "st6v8nztLTbiqY5Hw97L5FWCBmpzMsrAh5qXZ1tJs1epNvoFA"},
	{10041, "bXn5CfJB2qHvqnuMqTpXn6un9Fjch8mwkb9i3JUsGVD4ChLoe"},
}

func TestNetworks(t *testing.T) {
	for _, n := range networks {
		prefix, payload, err := Decode(n.address)
		if err != nil || prefix != n.prefix || len(payload) != 32 {
			t.Errorf("%s: got %d 0x%x, %v, want prefix %d", n.address, prefix, payload, err, n.prefix)
		}
		if got, err := Encode(prefix, payload); err != nil || got != n.address {
			t.Errorf("%s: encoded again: got %s, %v", n.address, got, err)
		}
	}
}

// Every prefix and payload length comes back, and with every legal checksum length.
func TestLengths(t *testing.T) {
	for prefix := uint16(0); prefix <= MaxPrefix; prefix++ {
		address, err := Encode(prefix, []byte{1, 2, 3, 4})
		if reserved(prefix) {
			if !errors.Is(err, ErrPrefix) {
				t.Fatalf("prefix %d: got %v, want ErrPrefix", prefix, err)
			}
			continue
		}
		if err != nil {
			t.Fatal(err)
		}
		if got, payload, err := Decode(address); err != nil || got != prefix || !bytes.Equal(payload, []byte{1, 2, 3, 4}) {
			t.Fatalf("prefix %d, %s: got %d 0x%x, %v", prefix, address, got, payload, err)
		}
	}
	for _, n := range []int{1, 2, 4, 8, 32, 33} {
		payload := bytes.Repeat([]byte{7}, n)
		most := n // the greatest checksum
		if n > 8 {
			most = 2
		}
		for sum := 1; sum <= most; sum++ {
			if n > 8 && sum != 2 {
				continue
			}
			raw := append([]byte{42}, payload...)
			check := checksum(raw)
			address := Base58(append(raw, check[:sum]...))
			if prefix, got, err := Decode(address); err != nil || prefix != 42 || !bytes.Equal(got, payload) {
				t.Errorf("%d bytes of payload, %d of checksum: got %d 0x%x, %v", n, sum, prefix, got, err)
			}
		}
	}
	for _, n := range []int{0, 3, 5, 7, 9, 31, 34} {
		if _, err := Encode(42, make([]byte, n)); !errors.Is(err, ErrLength) {
			t.Errorf("payload of %d bytes: got %v, want ErrLength", n, err)
		}
	}
	if _, err := Encode(MaxPrefix+1, make([]byte, 32)); !errors.Is(err, ErrPrefix) {
		t.Errorf("prefix 16384: got %v, want ErrPrefix", err)
	}
}

func TestErrors(t *testing.T) {
	const good = "5GrwvaEF5zXb26Fz9rcQpDWS57CtERHpNehXCPcNoHGKutQY"
	twoBytes := func() string { // prefix 42 written in two bytes
		raw := append([]byte{0x40 | 42>>2, 42 & 3 << 6}, make([]byte, 32)...)
		check := checksum(raw)
		return Base58(append(raw, check[:2]...))
	}()
	reservedPrefix := func() string {
		raw := append([]byte{46}, make([]byte, 32)...)
		check := checksum(raw)
		return Base58(append(raw, check[:2]...))
	}()
	for _, c := range []struct {
		name, address string
		kind          error
		says          string
	}{
		{"character", strings.Replace(good, "v", "0", 1), ErrBase58, "character '0' at position 5"},
		{"not ascii", "5Grwvä", ErrBase58, "at position 6"},
		{"checksum", good[:47] + "Z", ErrChecksum, "expected 0x"},
		{"swapped", "5GrwvaEF5zXb26Fz9rcQpDWS57CtERHpNehXCPcNoHGKutYQ", ErrChecksum, "got 0x"},
		{"short", good[:40], ErrLength, "bytes behind the prefix"},
		{"empty", "", ErrLength, "nothing"},
		{"long", strings.Repeat("1", 65), ErrLength, "65 characters"},
		{"half a prefix", Base58([]byte{0x40}), ErrLength, "one of two bytes"},
		{"first byte", Base58(append([]byte{0x80}, make([]byte, 34)...)), ErrPrefix, "0x80"},
		{"two bytes for one", twoBytes, ErrPrefix, "42 in two bytes"},
		{"reserved", reservedPrefix, ErrPrefix, "46 is reserved"},
	} {
		_, _, err := Decode(c.address)
		if !errors.Is(err, c.kind) || !strings.Contains(err.Error(), c.says) {
			t.Errorf("%s: got %v, want %v with %q", c.name, err, c.kind, c.says)
		}
	}
}

func FuzzDecode(f *testing.F) {
	for _, v := range vectors {
		f.Add(v.address)
	}
	for _, n := range networks {
		f.Add(n.address)
	}
	f.Fuzz(func(t *testing.T, address string) {
		prefix, payload, err := Decode(address)
		if err != nil {
			return
		}
		again, err := Encode(prefix, payload)
		if err != nil {
			t.Fatalf("%q decoded to %d 0x%x: %v", address, prefix, payload, err)
		}
		if len(payload) >= 32 && again != address { // short payloads may carry longer checksums
			t.Fatalf("%q encoded again as %q", address, again)
		}
	})
}

func BenchmarkDecode(b *testing.B) {
	for b.Loop() {
		if prefix, _, err := Decode(vectors[0].address); err != nil || prefix != 42 {
			b.Fatal(prefix, err)
		}
	}
}

func BenchmarkEncode(b *testing.B) {
	payload, _ := hex.DecodeString(alice)
	for b.Loop() {
		if got, err := Encode(42, payload); err != nil || got != vectors[0].address {
			b.Fatal(got, err)
		}
	}
}
