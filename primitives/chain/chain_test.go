package chain

import (
	"bytes"
	"encoding/hex"
	"errors"
	"math"
	"os"
	"strings"
	"testing"

	"github.com/gotensor/gotensor/primitives/hash"
	"github.com/gotensor/gotensor/primitives/scale"
)

// Expectations of the tests in paritytech/polkadot-sdk, substrate/primitives/runtime/src/generic/era.rs.
func TestEra(t *testing.T) {
	for _, c := range []struct{ period, current, wantPeriod, wantPhase uint64 }{
		{64, 42, 64, 42},
		{32768, 20000, 32768, 20000},
		{200, 513, 256, 1},
		{2, 1, 4, 1},
		{4, 5, 4, 1},
		{1000000, 1000001, 65536, 1000001 % 65536 / 4 * 4},
		{0, 7, 4, 3},
		{math.MaxUint64, 0, 65536, 0},
	} {
		if got, want := MortalEra(c.period, c.current), (Era{c.wantPeriod, c.wantPhase}); got != want {
			t.Errorf("MortalEra(%d, %d): got %v, want %v", c.period, c.current, got, want)
		}
	}
	for _, c := range []struct {
		era  Era
		wire []byte
	}{
		{Era{}, []byte{0}},
		{MortalEra(64, 42), []byte{5 + 42%16*16, 42 / 16}},
		{MortalEra(32768, 20000), []byte{(14 + 2500%16*16) & 255, 2500 / 16}},
	} {
		if got := scale.Marshal(c.era); !bytes.Equal(got, c.wire) {
			t.Errorf("%v: got %x, want %x", c.era, got, c.wire)
		}
		if got, err := scale.Unmarshal[Era](c.wire); err != nil || got != c.era {
			t.Errorf("%x: got %v, %v, want %v", c.wire, got, err, c.era)
		}
	}
	for _, current := range []uint64{0, 1, math.MaxUint64} {
		if e := (Era{}); e.Birth(current) != 0 || e.Death(current) != math.MaxUint64 {
			t.Errorf("immortal at %d: got %d to %d", current, e.Birth(current), e.Death(current))
		}
	}
	e := MortalEra(4, 6)
	for current := uint64(6); current < 10; current++ {
		if e.Birth(current) != 6 || e.Death(current) != 10 {
			t.Errorf("%v at %d: got %d to %d, want 6 to 10", e, current, e.Birth(current), e.Death(current))
		}
	}
	if e.Birth(10) == 6 || e.Birth(5) == 6 {
		t.Error("birth is 6 outside of the era")
	}
	if got := MortalEra(4, 3).Birth(1); got != 3 {
		t.Errorf("current below phase: got birth %d, want 3", got)
	}
}

// Every two bytes that decode to an era encode to themselves; those with a period below 4 or a phase beyond it do not decode.
func TestEraExhaustive(t *testing.T) {
	valid := 0
	for v := 1; v < 1<<16; v++ {
		wire := []byte{byte(v), byte(v >> 8)}
		if wire[0] == 0 {
			continue // immortal
		}
		e, err := scale.Unmarshal[Era](wire)
		if err != nil {
			if !errors.Is(err, scale.ErrInvalid) {
				t.Fatalf("%x: got %v, want ErrInvalid", wire, err)
			}
			continue
		}
		valid++
		if got := scale.Marshal(e); !bytes.Equal(got, wire) {
			t.Fatalf("%x: %v encodes to %x", wire, e, got)
		}
	}
	// Periods of 4 to 4096 blocks have as many phases; the four longer ones have 4096 each.
	if want := (4096*2 - 4) + 4*4096; valid != want {
		t.Errorf("got %d eras, want %d", valid, want)
	}
}

// Sections of real runtimes. Sources: opentensor/subtensor node/src/chain_spec/code_substitute_2585476.txt and
// chainspecs/raw_spec_testfinney.json; smol-dot/smoldot lib/src/executor/host/westend-runtime-v9300.wasm;
// LimeChain/gosemble build/polkadot_runtime-v9400.compact.compressed.wasm and build/node_template_runtime.wasm.
var runtimes = []struct {
	name, version, apis string
	want                RuntimeVersion // without APIs
	wantAPIs            int
}{
	{
		"subtensor 143",
		"386e6f64652d73756274656e736f72386e6f64652d73756274656e736f72010000008f00000001000000000100000001",
		"df6acb689907609b0400000037e397fc7c91f5e40100000040fe3ad401f8959a06000000d2bc9897eed08f1503000000f78b278be53f454c02000000dd718d5cc53262d401000000ab3c0572291feb8b01000000ed99c5acb25eedf503000000bc9d89904f5b923f0100000037c8bb1350a9a2a803000000f3ff14d5ab52705903000000",
		RuntimeVersion{SpecName: "node-subtensor", ImplName: "node-subtensor", AuthoringVersion: 1, SpecVersion: 143, ImplVersion: 1, TransactionVersion: 1, SystemVersion: 1}, 11,
	},
	{
		"subtensor 103",
		"386e6f64652d73756274656e736f72386e6f64652d73756274656e736f72010000006700000001000000000100000001",
		"df6acb689907609b0400000037e397fc7c91f5e40100000040fe3ad401f8959a06000000d2bc9897eed08f1503000000f78b278be53f454c02000000dd718d5cc53262d401000000ab3c0572291feb8b01000000ed99c5acb25eedf503000000bc9d89904f5b923f0100000037c8bb1350a9a2a803000000f3ff14d5ab5270590300000067f4b8fba858782a0100000042e62be4a39e5b6001000000806df4ccaa9ed485010000008375104b299b74c501000000",
		RuntimeVersion{SpecName: "node-subtensor", ImplName: "node-subtensor", AuthoringVersion: 1, SpecVersion: 103, ImplVersion: 1, TransactionVersion: 1, SystemVersion: 1}, 15,
	},
	{
		"westend 9300",
		"1c77657374656e64387061726974792d77657374656e64020000005424000000000000000d00000000",
		"df6acb689907609b0400000037e397fc7c91f5e40100000040fe3ad401f8959a06000000d2bc9897eed08f1503000000f78b278be53f454c02000000af2c0297a23e6d3d0300000049eaaf1b548a0cb00100000091d5df18b0d2cf5801000000ed99c5acb25eedf503000000cbca25e39f14238702000000687ad44ad37f03c201000000ab3c0572291feb8b01000000bc9d89904f5b923f0100000037c8bb1350a9a2a801000000f3ff14d5ab5270590100000017a6bc0d0062aeb301000000",
		RuntimeVersion{SpecName: "westend", ImplName: "parity-westend", AuthoringVersion: 2, SpecVersion: 9300, TransactionVersion: 13}, 16,
	},
	{
		"polkadot 9400",
		"20706f6c6b61646f743c7061726974792d706f6c6b61646f7400000000b824000000000000001600000000",
		"df6acb689907609b0400000037e397fc7c91f5e40100000040fe3ad401f8959a0600000017a6bc0d0062aeb30100000018ef58a3b67ba77001000000d2bc9897eed08f1503000000f78b278be53f454c02000000af2c0297a23e6d3d0200000049eaaf1b548a0cb00200000091d5df18b0d2cf5802000000ed99c5acb25eedf503000000cbca25e39f14238702000000687ad44ad37f03c201000000ab3c0572291feb8b01000000bc9d89904f5b923f0100000037c8bb1350a9a2a803000000f3ff14d5ab52705903000000",
		RuntimeVersion{SpecName: "polkadot", ImplName: "parity-polkadot", SpecVersion: 9400, TransactionVersion: 22}, 17,
	},
	{
		"node-template",
		"346e6f64652d74656d706c617465346e6f64652d74656d706c617465010000006400000001000000000100000001",
		"df6acb689907609b0400000037e397fc7c91f5e40200000040fe3ad401f8959a06000000d2bc9897eed08f1503000000f78b278be53f454c02000000dd718d5cc53262d401000000ab3c0572291feb8b01000000ed99c5acb25eedf503000000bc9d89904f5b923f0100000037c8bb1350a9a2a804000000f3ff14d5ab52705903000000fbc577b9d747efd601000000",
		RuntimeVersion{SpecName: "node-template", ImplName: "node-template", AuthoringVersion: 1, SpecVersion: 100, ImplVersion: 1, TransactionVersion: 1, SystemVersion: 1}, 12,
	},
}

func TestEmbeddedVersion(t *testing.T) {
	for _, r := range runtimes {
		v, err := EmbeddedVersion(unhex(t, r.version), unhex(t, r.apis))
		if err != nil {
			t.Errorf("%s: %v", r.name, err)
			continue
		}
		if len(v.APIs) != r.wantAPIs {
			t.Errorf("%s: got %d APIs, want %d", r.name, len(v.APIs), r.wantAPIs)
		}
		if core, ok := v.APIVersion("Core"); !ok || core != 4 {
			t.Errorf("%s: got Core %d, %v, want 4", r.name, core, ok)
		}
		for _, api := range v.APIs {
			if _, ok := api.ID.Name(); !ok {
				t.Errorf("%s: no name for API %v", r.name, api.ID)
			}
		}
		got := v
		got.APIs = nil
		if !equalVersion(got, r.want) {
			t.Errorf("%s: got %+v, want %+v", r.name, got, r.want)
		}
		if version, apis := v.EmbeddedSections(); hex.EncodeToString(version) != r.version || hex.EncodeToString(apis) != r.apis {
			t.Errorf("%s: got sections %x and %x", r.name, version, apis)
		}
		// What Core_version answers has the APIs inside.
		again, err := scale.Unmarshal[RuntimeVersion](scale.Marshal(v))
		if err != nil || !equalVersion(again, v) {
			t.Errorf("%s: decoded again: got %+v, %v", r.name, again, err)
		}
		if v.SpecVersion == 143 { // what Core_version of this blob returned under three Wasm hosts: 180 bytes with this SHA-256, first and last digits
			sum := hash.Sha2_256(scale.Marshal(v))
			if text := hex.EncodeToString(sum[:]); len(scale.Marshal(v)) != 180 || text[:8] != "362d46ba" || text[58:] != "3468a4" {
				t.Errorf("%s: got %d bytes with SHA-256 %s", r.name, len(scale.Marshal(v)), text)
			}
		}
	}
	if _, err := EmbeddedVersion(unhex(t, runtimes[0].version), []byte{1, 2, 3}); !errors.Is(err, scale.ErrEnd) || !strings.Contains(err.Error(), "runtime_apis") {
		t.Errorf("short runtime_apis: got %v", err)
	}
	r := runtimes[0]
	want, err := EmbeddedVersion(unhex(t, r.version), unhex(t, r.apis))
	if err != nil {
		t.Fatal(err)
	}
	if got, err := EmbeddedVersion(append(unhex(t, r.version), "more"...), unhex(t, r.apis)); err != nil || !equalVersion(got, want) {
		t.Errorf("bytes behind the version: got %+v, %v", got, err)
	}
	if _, err := EmbeddedVersion(nil, nil); !errors.Is(err, scale.ErrEnd) || !strings.Contains(err.Error(), "runtime_version") {
		t.Errorf("empty runtime_version: got %v", err)
	}
}

func equalVersion(a, b RuntimeVersion) bool { return bytes.Equal(everything(a), everything(b)) }

// everything encodes all fields, whatever the Core API says.
func everything(v RuntimeVersion) []byte {
	return scale.AppendU32(append(scale.Marshal(v), v.SystemVersion), v.TransactionVersion)
}

func TestVersionLayouts(t *testing.T) {
	base := unhex(t, "04610462"+"01000000"+"02000000"+"03000000")
	with := func(core uint32, tail string) []byte {
		wire := scale.AppendSlice(bytes.Clone(base), []API{{APIIDOf("Core"), core}})
		return append(wire, unhex(t, tail)...)
	}
	for _, c := range []struct {
		name        string
		wire        []byte
		transaction uint32
		system      uint8
	}{
		{"no Core", append(bytes.Clone(base), 0), 1, 0},
		{"Core 1", with(1, ""), 1, 0},
		{"Core 2", with(2, ""), 1, 0},
		{"Core 3", with(3, "07000000"), 7, 0},
		{"Core 4", with(4, "0700000002"), 7, 2},
		{"Core 5", with(5, "0700000001"), 7, 1},
	} {
		v, err := scale.Unmarshal[RuntimeVersion](c.wire)
		if err != nil || v.TransactionVersion != c.transaction || v.SystemVersion != c.system {
			t.Errorf("%s: got %+v, %v", c.name, v, err)
		}
		if got := scale.Marshal(v); !bytes.Equal(got, c.wire) {
			t.Errorf("%s: got %x, want %x", c.name, got, c.wire)
		}
	}
	if _, err := scale.Unmarshal[RuntimeVersion](with(4, "07000000")); !errors.Is(err, scale.ErrEnd) {
		t.Errorf("Core 4 without system version: got %v, want ErrEnd", err)
	}
	if _, err := scale.Unmarshal[RuntimeVersion](with(3, "0700000001")); !errors.Is(err, scale.ErrTrailing) {
		t.Errorf("Core 3 with system version: got %v, want ErrTrailing", err)
	}
	for system, want := range map[uint8][2]uint8{0: {0, 0}, 1: {1, 0}, 2: {1, 1}, 9: {1, 1}} {
		v := RuntimeVersion{SystemVersion: system}
		if got := [2]uint8{v.StateVersion(), v.ExtrinsicsRootVersion()}; got != want {
			t.Errorf("system version %d: got %v, want %v", system, got, want)
		}
	}
}

// The ids stand in sp_api's own tests, smoldot and every runtime.
func TestAPIIDs(t *testing.T) {
	for name, want := range map[string]string{
		"Core": "df6acb689907609b", "Metadata": "37e397fc7c91f5e4", "BlockBuilder": "40fe3ad401f8959a", "TaggedTransactionQueue": "d2bc9897eed08f15",
		"GrandpaApi": "ed99c5acb25eedf5", "AuraApi": "dd718d5cc53262d4", "BabeApi": "cbca25e39f142387",
	} {
		id := APIIDOf(name)
		if hex.EncodeToString(id[:]) != want {
			t.Errorf("%s: got %x, want %s", name, id[:], want)
		}
		if id.String() != name {
			t.Errorf("%s: named %s", name, id)
		}
	}
	if got := (APIID{1}).String(); got != "0x0100000000000000" {
		t.Errorf("unknown id: got %s", got)
	}
}

func TestExtrinsics(t *testing.T) {
	call := []byte{0, 1, 8, 'h', 'i'}
	id, _ := ParseAccountID("0xd43593c715fdd31c61141abd04a99fd6822c8558854ccde39a5684e7a56da27d")
	signature := MultiSignature{SignatureSr25519, bytes.Repeat([]byte{7}, 64)}
	extensions := []byte{0, 4, 0}
	for _, c := range []struct {
		name string
		x    Extrinsic
		wire string // without the length
	}{
		{"bare 4", NewBare(call), "04" + "0001086869"},
		{"bare 5", Extrinsic{Version: 5, Type: Bare, Call: call}, "05" + "0001086869"},
		{"signed", NewSigned(AddressOf(id), signature, extensions, call), "84" + "00" + hex.EncodeToString(id[:]) + "01" + strings.Repeat("07", 64) + "000400" + "0001086869"},
		{"general", NewGeneral(0, extensions, call), "45" + "00" + "000400" + "0001086869"},
	} {
		opaque := c.x.Opaque()
		if got := hex.EncodeToString(opaque); got != c.wire {
			t.Errorf("%s: got %s, want %s", c.name, got, c.wire)
			continue
		}
		if wire := scale.Marshal(c.x); !bytes.Equal(wire, scale.AppendBytes(nil, opaque)) || opaque.Hash() != hash.Blake2b256(wire) {
			t.Errorf("%s: the submitted form is not the opaque one behind its length", c.name)
		}
		got, err := DecodeExtrinsic(opaque, swankyLayout)
		if err != nil || !bytes.Equal(got.Opaque(), opaque) || !bytes.Equal(got.Call, call) || got.Type != c.x.Type || !bytes.Equal(got.Extensions, c.x.Extensions) {
			t.Errorf("%s: got %+v, %v", c.name, got, err)
		}
		if version, kind, err := opaque.Preamble(); err != nil || version != c.x.Version || kind != c.x.Type {
			t.Errorf("%s: got preamble %d, %v, %v", c.name, version, kind, err)
		}
	}
	valid := map[byte]bool{0x04: true, 0x05: true, 0x84: true, 0x45: true}
	for first := range 256 {
		_, _, err := OpaqueExtrinsic{byte(first)}.Preamble()
		if valid[byte(first)] != (err == nil) || err != nil && !errors.Is(err, ErrExtrinsicVersion) {
			t.Errorf("first byte 0x%02x: got %v", first, err)
		}
	}
	if _, err := DecodeExtrinsic(OpaqueExtrinsic{0x84, 0}, swankyLayout); !errors.Is(err, scale.ErrEnd) {
		t.Errorf("cut signed extrinsic: got %v, want ErrEnd", err)
	}
	if _, err := DecodeExtrinsic(nil, swankyLayout); !errors.Is(err, scale.ErrEnd) {
		t.Errorf("empty extrinsic: got %v, want ErrEnd", err)
	}
}

func TestSigningPayloads(t *testing.T) {
	plain := SigningPayload(make([]byte, 200), make([]byte, 50), make([]byte, 6))
	if len(plain) != 256 {
		t.Errorf("256 bytes: got %d, want them as they are", len(plain))
	}
	hashed := SigningPayload(make([]byte, 200), make([]byte, 50), make([]byte, 7))
	if want := hash.Blake2b256(make([]byte, 257)); !bytes.Equal(hashed, want[:]) {
		t.Errorf("257 bytes: got %x, want their hash", hashed)
	}
	if got, want := GeneralPayload(3, []byte{1}, []byte{2}, []byte{4}), hash.Blake2b256([]byte{3, 1, 2, 4}); got != want {
		t.Errorf("general: got %v, want %v", got, want)
	}
}

func TestMultiAddress(t *testing.T) {
	id := AccountID(bytes.Repeat([]byte{9}, 32))
	for _, c := range []struct {
		address MultiAddress
		wire    string
	}{
		{AddressOf(id), "00" + strings.Repeat("09", 32)},
		{MultiAddress{Kind: AddressIndex}, "01"},
		{MultiAddress{AddressRaw, []byte{1, 2, 3}}, "020c010203"},
		{MultiAddress{Address32, id[:]}, "03" + strings.Repeat("09", 32)},
		{MultiAddress{Address20, id[:20]}, "04" + strings.Repeat("09", 20)},
	} {
		if got := hex.EncodeToString(scale.Marshal(c.address)); got != c.wire {
			t.Errorf("kind %d: got %s, want %s", c.address.Kind, got, c.wire)
		}
		if got, err := scale.Unmarshal[MultiAddress](unhex(t, c.wire)); err != nil || got.Kind != c.address.Kind || !bytes.Equal(got.Bytes, c.address.Bytes) {
			t.Errorf("%s: got %v, %v", c.wire, got, err)
		}
	}
	if _, err := scale.Unmarshal[MultiAddress]([]byte{5}); !errors.Is(err, scale.ErrInvalid) {
		t.Errorf("kind 5: got %v, want ErrInvalid", err)
	}
	if _, ok := (MultiAddress{Address32, id[:]}).AccountID(); ok {
		t.Error("Address32 taken for an account id")
	}
	for kind, n := range map[byte]int{0: 64, 1: 64, 2: 65} {
		wire := append([]byte{kind}, make([]byte, n)...)
		if got, err := scale.Unmarshal[MultiSignature](wire); err != nil || byte(got.Kind) != kind || len(got.Bytes) != n || !bytes.Equal(scale.Marshal(got), wire) {
			t.Errorf("signature kind %d: got %v, %v", kind, got, err)
		}
	}
	if _, err := scale.Unmarshal[MultiSignature]([]byte{9}); !errors.Is(err, scale.ErrInvalid) {
		t.Errorf("signature kind 9: got %v, want ErrInvalid", err)
	}
}

func TestDigestItems(t *testing.T) {
	for _, c := range []struct {
		item DigestItem
		wire string
	}{
		{DigestItem{Kind: DigestOther, Data: []byte{1}}, "000401"},
		{DigestItem{DigestConsensus, EngineGrandpa, []byte{1, 2}}, "0446524e4b080102"},
		{DigestItem{DigestSeal, EngineAura, []byte{3}}, "05617572610403"},
		{DigestItem{DigestPreRuntime, EngineBabe, nil}, "064241424500"},
		{DigestItem{Kind: DigestRuntimeEnvironmentUpdated}, "08"},
	} {
		if got := hex.EncodeToString(scale.Marshal(c.item)); got != c.wire {
			t.Errorf("%v: got %s, want %s", c.item.Kind, got, c.wire)
		}
		if got, err := scale.Unmarshal[DigestItem](unhex(t, c.wire)); err != nil || got.Kind != c.item.Kind || got.Engine != c.item.Engine || !bytes.Equal(got.Data, c.item.Data) {
			t.Errorf("%s: got %v, %v", c.wire, got, err)
		}
	}
	for _, kind := range []byte{1, 2, 3, 7, 9, 255} {
		if _, err := scale.Unmarshal[DigestItem](append([]byte{kind}, make([]byte, 40)...)); !errors.Is(err, scale.ErrInvalid) {
			t.Errorf("kind %d: got %v, want ErrInvalid", kind, err)
		}
	}
}

// The message names the digest item, the offset and the byte.
func TestHeaderErrors(t *testing.T) {
	h := Header{Digest: []DigestItem{{Kind: DigestRuntimeEnvironmentUpdated}, {Kind: DigestOther}}}
	wire := scale.Marshal(h)
	wire[len(wire)-2] = 9
	_, err := scale.Unmarshal[Header](wire)
	if want := "scale: item 1: digest item at byte 99: invalid value: unknown variant 9"; err == nil || err.Error() != want {
		t.Errorf("got %v, want %s", err, want)
	}
	for n := range len(wire) - 1 {
		if _, err := scale.Unmarshal[Header](wire[:n]); !errors.Is(err, scale.ErrEnd) {
			t.Errorf("header cut to %d bytes: got %v, want ErrEnd", n, err)
		}
	}
}

func TestBlocks(t *testing.T) {
	js := Justifications{{EngineGrandpa, []byte{1, 2, 3}}}
	want := SignedBlock{Block{Header{Number: 7}, []OpaqueExtrinsic{{4, 1}, {4, 2, 3}}}, &js}
	wire := scale.Marshal(want)
	got, err := scale.Unmarshal[SignedBlock](wire)
	if err != nil || got.Block.Header.Number != 7 || len(got.Block.Extrinsics) != 2 || !bytes.Equal(scale.Marshal(got), wire) {
		t.Errorf("got %+v, %v", got, err)
	}
	if proof, ok := got.Justifications.Of(EngineGrandpa); !ok || !bytes.Equal(proof, []byte{1, 2, 3}) {
		t.Errorf("got justification %x, %v", proof, ok)
	}
	if _, ok := js.Of(EngineBeefy); ok {
		t.Error("a BEEFY justification found")
	}
}

func TestAccountID(t *testing.T) {
	const address, digits = "5GrwvaEF5zXb26Fz9rcQpDWS57CtERHpNehXCPcNoHGKutQY", "0xd43593c715fdd31c61141abd04a99fd6822c8558854ccde39a5684e7a56da27d"
	a, err := ParseAccountID(address)
	if err != nil || a.String() != address {
		t.Errorf("got %v, %v", a, err)
	}
	if b, err := ParseAccountID(digits); err != nil || a != b {
		t.Errorf("got %v, %v, want %v", b, err, a)
	}
	for _, bad := range []string{"15oF4uVJwmo4TdGW7VfQxNLavjCXviqxT9S1MgbjMNHr6Sp5", "0x12", "0xzz", "", "5Grwva", digits[2:]} {
		if got, err := ParseAccountID(bad); err == nil {
			t.Errorf("%q: got %v, want an error", bad, got)
		}
	}
}

func FuzzHeader(f *testing.F) {
	for _, b := range smoldot(f).Blocks {
		f.Add(unhex(f, b.Header))
	}
	f.Add(unhex(f, smoldot(f).RococoHeader))
	f.Add(unhex(f, smoldot(f).Regression2336))
	f.Fuzz(func(t *testing.T, data []byte) {
		h, err := scale.Unmarshal[Header](data)
		if err == nil && !bytes.Equal(scale.Marshal(h), data) {
			t.Fatalf("%x decodes to %+v, which encodes to %x", data, h, scale.Marshal(h))
		}
	})
}

func FuzzBlock(f *testing.F) {
	f.Add(scale.Marshal(SignedBlock{Block: Block{Header{Number: 7}, []OpaqueExtrinsic{{4, 1}}}, Justifications: &Justifications{{EngineGrandpa, []byte{1}}}}))
	f.Fuzz(func(t *testing.T, data []byte) {
		b, err := scale.Unmarshal[SignedBlock](data)
		if err == nil && !bytes.Equal(scale.Marshal(b), data) {
			t.Fatalf("%x decodes to %+v, which encodes to %x", data, b, scale.Marshal(b))
		}
	})
}

func FuzzExtrinsic(f *testing.F) {
	for _, b := range smoldot(f).Blocks {
		for _, x := range b.Extrinsics {
			if len(x) < 1000 {
				f.Add([]byte(unhex(f, x))[2:])
			}
		}
	}
	f.Add([]byte(NewGeneral(0, []byte{0, 0, 0}, []byte{1, 2}).Opaque()))
	f.Add([]byte(NewBare([]byte{1, 2}).Opaque()))
	f.Fuzz(func(t *testing.T, data []byte) {
		x, err := DecodeExtrinsic(data, swankyLayout)
		if err == nil && !bytes.Equal(x.Opaque(), data) {
			t.Fatalf("%x decodes to %+v, which encodes to %x", data, x, x.Opaque())
		}
	})
}

func FuzzRuntimeVersion(f *testing.F) {
	for _, r := range runtimes {
		f.Add(unhex(f, r.version), unhex(f, r.apis))
	}
	f.Fuzz(func(t *testing.T, version, apis []byte) {
		v, err := scale.Unmarshal[RuntimeVersion](version)
		if err == nil && !bytes.Equal(scale.Marshal(v), version) {
			t.Fatalf("%x decodes to %+v, which encodes to %x", version, v, scale.Marshal(v))
		}
		if v, err := EmbeddedVersion(version, apis); err == nil && len(apis) > 0 && 12*len(v.APIs) != len(apis) {
			t.Fatalf("%d APIs from %d bytes", len(v.APIs), len(apis))
		}
	})
}

func BenchmarkHeaderDecode(b *testing.B) {
	for _, c := range []struct{ name, file string }{{"polkadot-512271-16kB", "testdata/header-polkadot-512271"}, {"rococo-325B", ""}} {
		data := unhex(b, smoldot(b).RococoHeader)
		if c.file != "" {
			var err error
			if data, err = os.ReadFile(c.file); err != nil {
				b.Fatal(err)
			}
		}
		want := hash.Blake2b256(data)
		b.Run(c.name, func(b *testing.B) {
			b.ReportAllocs()
			b.SetBytes(int64(len(data)))
			var h Header
			for b.Loop() {
				var err error
				if h, err = scale.Unmarshal[Header](data); err != nil {
					b.Fatal(err)
				}
			}
			if h.Hash() != want {
				b.Fatal("the decoded header has another hash")
			}
		})
	}
}

func BenchmarkHeaderHash(b *testing.B) {
	h, err := scale.Unmarshal[Header](unhex(b, smoldot(b).RococoHeader))
	if err != nil {
		b.Fatal(err)
	}
	want := hash.Blake2b256(unhex(b, smoldot(b).RococoHeader))
	b.ReportAllocs()
	for b.Loop() {
		if h.Hash() != want {
			b.Fatal("another hash")
		}
	}
}
