package aura

import (
	"bytes"
	"encoding/hex"
	"errors"
	"math"
	"slices"
	"strings"
	"testing"

	"github.com/gotensor/gotensor/primitives/chain"
	"github.com/gotensor/gotensor/primitives/hash"
	"github.com/gotensor/gotensor/primitives/keys"
	"github.com/gotensor/gotensor/primitives/scale"
)

// foreign are headers that Substrate nodes sealed on which //Alice was the only authority, as other people kept them. Sources: an answer to
// chain_subscribeFinalizedHeads in a Python script for the node template ("ExoGlue PoC"), and one to chain_getBlock in thewoodfish/Substrate-C-Client-Library.
var foreign = []struct {
	slot                      Slot
	hash                      string
	number                    chain.BlockNumber
	parent, state, extrinsics string
	logs                      []string
}{
	{0x10716530, "e5c10abfe884dc06e5dadcd46c085414252a2e79a3d935203c82739f53ee5e96", 0x22e,
		"104813bb06c0c2c4a2bb6aa0ef97fa0ff7057bf20004a43a009d4c76b63010b7", "558785d0f608615e9c91303a61e89c305210e5588fe691b2d718d6404deea4ed",
		"fae4ab5907139f87707541ca145fa7f04fbd3e59d8ddc38d1622a8deb51b56a7", []string{
			"0661757261203065711000000000",
			"056175726101016046f13193381060db65ea3afebe1f78f82c97cbf23950541a91af3306e9055761c304116b7fa41af6e7c38902d13fe5dd52da5034b2d892b5ed276c4a56bc87",
		}},
	{0x106f84e9, "5c7fb56af0f48134679939c29c972ebd111dcbe5fe5f54ac68006a900e710f23", 4,
		"800dbd6f47c8d76e5dc7d3409c3431e8d1154917bcf850a8ed5fa166f88e1066", "71b41e8e9b92717b2a8a2ad4c97105e462970eb2f416ef4131f026bee105bc01",
		"40a0a1ee1dbaa34a261fe7f2dc219fc14901ae354a5530615d719b4e771f83cb", []string{
			"066175726120e9846f1000000000",
			"0561757261010148299fc995bc1100a5e60ec8400fa758e1d79fdaa58f4bd8893c2c6506a2ed635518cd46ceda6f92027a23aaf6baf13f281357a7fee854a5e9edf2d32cc08a85",
		}},
}

func unhex(t testing.TB, s string) []byte {
	t.Helper()
	b, err := hex.DecodeString(s)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

func foreignHeader(t testing.TB, i int) *chain.Header {
	t.Helper()
	f := foreign[i]
	h := &chain.Header{ParentHash: hash.H256(unhex(t, f.parent)), Number: f.number, StateRoot: hash.H256(unhex(t, f.state)), ExtrinsicsRoot: hash.H256(unhex(t, f.extrinsics))}
	for _, log := range f.logs {
		item, err := scale.Unmarshal[chain.DigestItem](unhex(t, log))
		if err != nil {
			t.Fatal(err)
		}
		h.Digest = append(h.Digest, item)
	}
	return h
}

func authority(t testing.TB, scheme keys.Scheme, uri string) (Authority, keys.Pair) {
	t.Helper()
	pair, err := keys.FromURI(scheme, uri, "")
	if err != nil {
		t.Fatal(err)
	}
	return Authority(pair.Public()), pair
}

func TestForeignHeaders(t *testing.T) {
	alice, _ := authority(t, keys.Sr25519, "//Alice")
	bob, _ := authority(t, keys.Sr25519, "//Bob")
	for i, f := range foreign {
		h := foreignHeader(t, i)
		checked, err := Verify(h, keys.Sr25519, []Authority{alice}, f.slot)
		if err != nil {
			t.Fatal(err)
		}
		if checked.Slot != f.slot || checked.Author != alice || checked.Hash != hash.H256(unhex(t, f.hash)) || len(checked.Unsealed.Digest) != len(h.Digest)-1 {
			t.Errorf("%+v", checked)
		}
		// Whose slot it is decides among several.
		two := []Authority{bob, alice}
		if f.slot%2 == 0 {
			two = []Authority{alice, bob}
		}
		if _, err := Verify(h, keys.Sr25519, two, f.slot); err != nil {
			t.Error(err)
		}
		slices.Reverse(two)
		if _, err := Verify(h, keys.Sr25519, two, f.slot); !errors.Is(err, ErrBadSignature) {
			t.Errorf("out of turn: %v", err)
		}
	}
}

// sealed makes a header that an authority sealed.
func sealed(pair keys.Pair, slot Slot, items ...chain.DigestItem) *chain.Header {
	h := &chain.Header{Number: 7, ParentHash: hash.Blake2b256([]byte("parent")), Digest: append([]chain.DigestItem{PreDigest(slot)}, items...)}
	return seal(pair, h)
}

func seal(pair keys.Pair, h *chain.Header) *chain.Header {
	id := h.Hash()
	h.Digest = append(h.Digest, Seal([SignatureSize]byte(pair.Sign(id[:]))))
	return h
}

func TestVerify(t *testing.T) {
	for _, scheme := range []keys.Scheme{keys.Sr25519, keys.Ed25519} {
		alice, pair := authority(t, scheme, "//Alice")
		all := []Authority{alice}
		if _, err := Verify(sealed(pair, 5), scheme, all, 5); err != nil {
			t.Error(err)
		}
		cases := []struct {
			name   string
			header *chain.Header
			all    []Authority
			want   error
			text   string
		}{
			{"no digest", &chain.Header{Number: 7}, all, ErrUnsealed, "Header %s is unsealed"},
			{"no seal", &chain.Header{Number: 7, Digest: []chain.DigestItem{PreDigest(5)}}, all, ErrBadSeal, "Header %s has a bad seal"},
			{"seal of another engine", &chain.Header{Number: 7, Digest: []chain.DigestItem{PreDigest(5), {Kind: chain.DigestSeal, Engine: chain.EngineBabe, Data: make([]byte, 64)}}}, all, ErrBadSeal, "Header %s has a bad seal"},
			{"short seal", &chain.Header{Number: 7, Digest: []chain.DigestItem{PreDigest(5), {Kind: chain.DigestSeal, Engine: chain.EngineAura, Data: make([]byte, 63)}}}, all, ErrBadSeal, "Header %s has a bad seal"},
			{"no slot", seal(pair, &chain.Header{Number: 7}), all, ErrNoPreDigest, "No Aura pre-runtime digest found"},
			{"slot of 9 bytes", seal(pair, &chain.Header{Number: 7, Digest: []chain.DigestItem{{Kind: chain.DigestPreRuntime, Engine: chain.EngineAura, Data: make([]byte, 9)}}}), all, ErrNoPreDigest, "No Aura pre-runtime digest found"},
			{"two slots", sealed(pair, 5, PreDigest(5)), all, ErrMultiplePreDigests, "Multiple Aura pre-runtime headers"},
			{"future", sealed(pair, 6), all, ErrFuture, "Header %s rejected: too far in the future"},
			{"nobody", sealed(pair, 5), nil, ErrSlotAuthorNotFound, "Slot Author not found"},
			{"somebody else", sealed(pair, 5), []Authority{{1}}, ErrBadSignature, "Bad signature on %s"},
			{"changed", func() *chain.Header { h := sealed(pair, 5); h.Number++; return h }(), all, ErrBadSignature, "Bad signature on %s"},
		}
		for _, c := range cases {
			checked, err := Verify(c.header, scheme, c.all, 5)
			text := strings.Replace(c.text, "%s", c.header.Hash().String(), 1)
			var wrong *HeaderError
			if checked != nil || !errors.Is(err, c.want) || !errors.As(err, &wrong) || err.Error() != text || wrong.Hash != c.header.Hash() {
				t.Errorf("%v: %s: got %v, expected %q", scheme, c.name, err, text)
			}
			if c.want == ErrFuture && wrong.Slot != 6 {
				t.Errorf("slot %d", wrong.Slot)
			}
		}
	}
}

func TestGenesisHasSlotZero(t *testing.T) {
	if slot, err := SlotOf(&chain.Header{}); slot != 0 || err != nil {
		t.Errorf("%d, %v", slot, err)
	}
}

func TestAuthoritiesChange(t *testing.T) {
	log := func(data ...byte) chain.DigestItem {
		return chain.DigestItem{Kind: chain.DigestConsensus, Engine: chain.EngineAura, Data: data}
	}
	list := append([]byte{logAuthoritiesChange, 2 << 2}, make([]byte, 64)...)
	list[2], list[34] = 1, 2
	disabled := log(logOnDisabled, 1, 0, 0, 0)
	got, changed, err := AuthoritiesChange(&chain.Header{Digest: []chain.DigestItem{PreDigest(1), disabled, log(list...)}})
	if err != nil || !changed || !slices.Equal(got, []Authority{{1}, {2}}) {
		t.Errorf("%v, %v, %v", got, changed, err)
	}
	if _, changed, err := AuthoritiesChange(&chain.Header{Digest: []chain.DigestItem{PreDigest(1), disabled}}); changed || err != nil {
		t.Errorf("%v, %v", changed, err)
	}
	for name, items := range map[string][]chain.DigestItem{
		"two lists": {log(list...), log(list...)}, "nothing": {log()}, "unknown": {log(3)}, "cut off": {log(list[:65]...)}, "more": {log(append(list, 0)...)},
	} {
		if _, _, err := AuthoritiesChange(&chain.Header{Digest: items}); !errors.Is(err, ErrAuthoritiesChange) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func FuzzHeader(f *testing.F) {
	for i := range foreign {
		f.Add(foreignHeader(f, i).AppendScale(nil))
	}
	alice, _ := authority(f, keys.Sr25519, "//Alice")
	f.Fuzz(func(t *testing.T, data []byte) {
		h, err := scale.Unmarshal[chain.Header](data)
		if err != nil {
			return
		}
		before := h.AppendScale(nil)
		checked, err := Verify(&h, keys.Sr25519, []Authority{alice}, math.MaxUint64)
		if (checked == nil) == (err == nil) {
			t.Fatalf("%v, %v", checked, err)
		}
		AuthoritiesChange(&h)
		if checked != nil {
			slot, err := SlotOf(&h)
			if err != nil || slot != checked.Slot {
				t.Fatalf("%d, %v", slot, err)
			}
			whole := checked.Unsealed
			whole.Digest = append(whole.Digest[:len(whole.Digest):len(whole.Digest)], checked.Seal)
			if whole.Hash() != checked.Hash {
				t.Fatal("header and seal do not make the block")
			}
		}
		if !bytes.Equal(h.AppendScale(nil), before) {
			t.Fatal("the header was changed")
		}
	})
}

func BenchmarkVerify(b *testing.B) {
	alice, _ := authority(b, keys.Sr25519, "//Alice")
	h := foreignHeader(b, 0)
	for b.Loop() {
		if _, err := Verify(h, keys.Sr25519, []Authority{alice}, math.MaxUint64); err != nil {
			b.Fatal(err)
		}
	}
}
