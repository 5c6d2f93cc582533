package chain

import (
	"bytes"
	"encoding/hex"
	"encoding/json"
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/ChainSafe/go-schnorrkel"

	"github.com/gotensor/gotensor/primitives/hash"
	"github.com/gotensor/gotensor/primitives/scale"
)

func unhex(t testing.TB, s string) []byte {
	t.Helper()
	b, err := hex.DecodeString(strings.TrimPrefix(s, "0x"))
	if err != nil {
		t.Fatal(err)
	}
	return b
}

func h256(t testing.TB, s string) (h hash.H256) {
	t.Helper()
	if err := h.UnmarshalText([]byte(s)); err != nil {
		t.Fatal(err)
	}
	return h
}

type smoldotFile struct {
	Blocks []struct {
		Source     string
		Header     string
		Extrinsics []string
	}
	RococoHeader   string `json:"rococo_header"`
	Regression2336 string `json:"regression_2336"`
}

func smoldot(t testing.TB) (f smoldotFile) {
	t.Helper()
	data, err := os.ReadFile("testdata/smoldot.json")
	if err != nil {
		t.Fatal(err)
	}
	if err := json.Unmarshal(data, &f); err != nil {
		t.Fatal(err)
	}
	if len(f.Blocks) != 4 {
		t.Fatalf("got %d blocks, want 4", len(f.Blocks))
	}
	return f
}

// smoldot's four blocks are one chain: each header's hash stands in the next header.
func TestHeaderChain(t *testing.T) {
	parent := h256(t, "0x2f0aee8af43a54a36b74024c7dbde0f9df3274c2b5a428122f7a84cfa5b63083") // BlockHash(0) in the state of blocks 2 to 4
	for i, b := range smoldot(t).Blocks {
		data := unhex(t, b.Header)
		h, err := scale.Unmarshal[Header](data)
		if err != nil {
			t.Fatalf("%s: %v", b.Source, err)
		}
		if h.ParentHash != parent || h.Number != BlockNumber(i+1) {
			t.Errorf("%s: got parent %v, number %d, want %v, %d", b.Source, h.ParentHash, h.Number, parent, i+1)
		}
		if again := scale.Marshal(h); !bytes.Equal(again, data) {
			t.Errorf("%s: encoded again: got %x, want %x", b.Source, again, data)
		}
		parent = h.Hash()
	}
	if want := h256(t, "0x958cfc161d7a67c535d6883a5948f651261f49e5de37853fe3b40ceb25de10b5"); smoldot(t).Blocks[3].Header[:66] != want.String() {
		t.Errorf("block 4 does not name %v as parent", want)
	}
}

// Hashes of famous blocks. Polkadot's genesis and block 1: fields from ChainSafe/gossamer, lib/runtime/wazero/instance_test.go (from polkadot.js);
// Kusama's genesis: the same file. The hashes are those that block explorers show.
func TestKnownHashes(t *testing.T) {
	emptyRoot := h256(t, "0x03170a2e7597b7b7e3d84c05391d139a62b157e78786d8c082f29dcf4c111314")
	block1 := Header{
		ParentHash:     h256(t, "0x91b171bb158e2d3848fa23a9f1c25182fb8e20313b2c1eb49219da7a70ce90c3"),
		Number:         1,
		StateRoot:      h256(t, "0xc56fcd6e7a757926ace3e1ecff9b4010fc78b90d459202a339266a7f6360002f"),
		ExtrinsicsRoot: h256(t, "0x9a87f6af64ef97aff2d31bebfdd59f8fe2ef6019278b634b2515a38f1c4c2420"),
	}
	digest := unhex(t, "0x0c0642414245b501010000000093decc0f00000000362ed8d6055645487fe42e9c8640be651f70a3a2a03658046b2b43f021665704501af9b1ca6e974c257e3d26609b5f68b5b0a1da53f7f252bbe5d94948c39705c98ffa4b869dd44ac29528e3723d619cc7edf1d3f7b7a57a957f6a7e9bdb270a044241424549040118fa3437b10f6e7af8f31362df3a179b991a8c56313d1bcd6307a4d0c734c1ae310100000000000000d2419bc8835493ac89eb09d5985281f5dff4bc6c7a7ea988fd23af05f301580a0100000000000000ccb6bef60defc30724545d57440394ed1c71ea7ee6d880ed0e79871a05b5e40601000000000000005e67b64cf07d4d258a47df63835121423551712844f5b67de68e36bb9a21e12701000000000000006236877b05370265640c133fec07e64d7ca823db1dc56f2d3584b3d7c0f1615801000000000000006c52d02d95c30aa567fda284acf25025ca7470f0b0c516ddf94475a1807c4d250100000000000000000000000000000000000000000000000000000000000000000000000000000005424142450101d468680c844b19194d4dfbdc6697a35bf2b494bda2c5a6961d4d4eacfbf74574379ba0d97b5bb650c2e8670a63791a727943bcb699dc7a228bdb9e0a98c9d089")
	var err error
	block1.Digest, err = scale.UnmarshalFunc(digest, scale.DecodeSlice[DigestItem])
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		name   string
		header Header
		want   string
	}{
		{"polkadot 0", Header{StateRoot: h256(t, "0x29d0d972cd27cbc511e9589fcb7a4506d5eb6a9e8df205f00472e5ab354a4e17"), ExtrinsicsRoot: emptyRoot},
			"0x91b171bb158e2d3848fa23a9f1c25182fb8e20313b2c1eb49219da7a70ce90c3"},
		{"kusama 0", Header{StateRoot: h256(t, "0xb0006203c3a6e6bd2c6a17b1d4ae8ca49a31da0f4579da950b127774b44aef6b"), ExtrinsicsRoot: emptyRoot},
			"0xb0a8d493285c2df73290dfb7e61f870f17b41801197a149ca93654499ea3dafe"},
		{"polkadot 1", block1, "0xc0096358534ec8d21d01d34b836eed476a1c343f8724fa2153dc0725ad797a90"},
	} {
		if got := c.header.Hash(); got != h256(t, c.want) {
			t.Errorf("%s: got %v, want %s", c.name, got, c.want)
		}
	}
	kinds := []DigestKind{DigestPreRuntime, DigestConsensus, DigestSeal}
	for i, item := range block1.Digest {
		if item.Kind != kinds[i] || item.Engine != EngineBabe {
			t.Errorf("digest item %d: got %v of %v, want %v of BABE", i, item.Kind, item.Engine, kinds[i])
		}
	}
	if _, ok := block1.PreRuntime(EngineBabe); !ok {
		t.Error("no BABE pre-runtime digest found")
	}
	if _, ok := block1.PreRuntime(EngineAura); ok {
		t.Error("an Aura pre-runtime digest found")
	}
	unsealed, seal, ok := block1.Unsealed()
	if !ok || len(unsealed.Digest) != 2 || seal.Kind != DigestSeal || len(seal.Data) != 64 || len(block1.Digest) != 3 {
		t.Errorf("unsealed: got %d items, seal %v, %v", len(unsealed.Digest), seal, ok)
	}
	if _, _, ok := unsealed.Unsealed(); ok {
		t.Error("unsealed twice")
	}
}

// The headers of smoldot's own tests decode, have the numbers that their names say, and encode to the same bytes.
func TestSmoldotHeaders(t *testing.T) {
	f := smoldot(t)
	read := func(name string) []byte {
		data, err := os.ReadFile("testdata/" + name)
		if err != nil {
			t.Fatal(err)
		}
		return data
	}
	for _, c := range []struct {
		name   string
		data   []byte
		number BlockNumber
		digest []DigestItem
	}{
		{"polkadot", read("header-polkadot-512271"), 512271, []DigestItem{{Kind: DigestPreRuntime, Engine: EngineBabe}, {Kind: DigestConsensus, Engine: EngineBabe}, {Kind: DigestConsensus, Engine: EngineGrandpa}, {Kind: DigestSeal, Engine: EngineBabe}}},
		{"kusama", read("header-kusama-7472481"), 7472481, nil},
		{"rococo", unhex(t, f.RococoHeader), 0, []DigestItem{{Kind: DigestPreRuntime, Engine: EngineBabe}, {Kind: DigestConsensus, Engine: EngineBeefy}, {Kind: DigestSeal, Engine: EngineBabe}}},
	} {
		h, err := scale.Unmarshal[Header](c.data)
		if err != nil {
			t.Errorf("%s: %v", c.name, err)
			continue
		}
		if c.number != 0 && h.Number != c.number {
			t.Errorf("%s: got number %d, want %d", c.name, h.Number, c.number)
		}
		if c.digest != nil && !slices.EqualFunc(h.Digest, c.digest, func(a, b DigestItem) bool { return a.Kind == b.Kind && a.Engine == b.Engine }) {
			t.Errorf("%s: got other digest items, %d", c.name, len(h.Digest))
		}
		if !bytes.Equal(scale.Marshal(h), c.data) {
			t.Errorf("%s: encodes to other bytes", c.name)
		}
	}
	if h, err := scale.Unmarshal[Header](unhex(t, f.Regression2336)); err == nil {
		t.Errorf("regression 2336: got %v, want an error", h)
	}
}

// swankyLayout steps over the extensions of the runtime that made smoldot's blocks: era, compact nonce, compact tip; the others are empty.
var swankyLayout = MultiLayout(func(d *scale.Decoder, version uint8) {
	new(Era).DecodeScale(d)
	d.CompactU32()
	d.CompactU128()
})

// The signatures of real transactions verify over our signing payload: Alice signed it with another implementation. The runtime (spec version 3,
// transaction version 1, from its runtime_version section) adds both versions and, for an immortal era, the genesis hash twice.
func TestRealSignatures(t *testing.T) {
	genesis := h256(t, "0x2f0aee8af43a54a36b74024c7dbde0f9df3274c2b5a428122f7a84cfa5b63083")
	implicit := scale.AppendU32(scale.AppendU32(nil, 3), 1)
	implicit = append(append(implicit, genesis[:]...), genesis[:]...)
	alice, err := ParseAccountID("5GrwvaEF5zXb26Fz9rcQpDWS57CtERHpNehXCPcNoHGKutQY")
	if err != nil {
		t.Fatal(err)
	}
	bare, short, long := 0, 0, 0
	for _, b := range smoldot(t).Blocks {
		for i, text := range b.Extrinsics {
			wire := unhex(t, text)
			opaque, err := scale.Unmarshal[OpaqueExtrinsic](wire)
			if err != nil {
				t.Fatalf("%s: extrinsic %d: %v", b.Source, i, err)
			}
			x, err := DecodeExtrinsic(opaque, swankyLayout)
			if err != nil {
				t.Fatalf("%s: extrinsic %d: %v", b.Source, i, err)
			}
			if !bytes.Equal(scale.Marshal(x), wire) {
				t.Errorf("%s: extrinsic %d encodes to other bytes", b.Source, i)
			}
			if x.Type == Bare {
				bare++
				continue
			}
			address, err := scale.Unmarshal[MultiAddress](x.Address)
			if id, ok := address.AccountID(); err != nil || !ok || id != alice {
				t.Errorf("%s: extrinsic %d: got signer %v, %v", b.Source, i, id, err)
			}
			signature, err := scale.Unmarshal[MultiSignature](x.Signature)
			if err != nil || signature.Kind != SignatureSr25519 {
				t.Fatalf("%s: extrinsic %d: got signature %v, %v", b.Source, i, signature, err)
			}
			payload := SigningPayload(x.Call, x.Extensions, implicit)
			if len(payload) == 32 {
				long++
			} else {
				short++
			}
			if !verifySr25519(t, alice, [64]byte(signature.Bytes), payload) {
				t.Errorf("%s: extrinsic %d: signature does not verify", b.Source, i)
			}
			payload[0] ^= 1
			if verifySr25519(t, alice, [64]byte(signature.Bytes), payload) {
				t.Errorf("%s: extrinsic %d: signature verifies over another payload", b.Source, i)
			}
		}
	}
	if bare != 4 || short != 2 || long != 1 {
		t.Errorf("got %d bare, %d short and %d hashed payloads; want 4, 2 and 1", bare, short, long)
	}
}

func verifySr25519(t *testing.T, key AccountID, signature [64]byte, message []byte) bool {
	t.Helper()
	public, err := schnorrkel.NewPublicKey(key)
	if err != nil {
		t.Fatal(err)
	}
	var s schnorrkel.Signature
	if err := s.Decode(signature); err != nil {
		t.Fatal(err)
	}
	ok, err := public.Verify(&s, schnorrkel.NewSigningContext([]byte("substrate"), message))
	return ok && err == nil
}
