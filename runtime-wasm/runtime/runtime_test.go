package runtime_test

import (
	"bytes"
	"go/ast"
	"go/parser"
	"go/token"
	"slices"
	"strings"
	"testing"

	"github.com/gotensor/gotensor/pallets/frame"
	"github.com/gotensor/gotensor/pallets/frame/json"
	"github.com/gotensor/gotensor/pallets/system"
	"github.com/gotensor/gotensor/pallets/utility"
	"github.com/gotensor/gotensor/primitives/chain"
	"github.com/gotensor/gotensor/primitives/keys"
	"github.com/gotensor/gotensor/primitives/metadata"
	"github.com/gotensor/gotensor/primitives/scale"
	"github.com/gotensor/gotensor/primitives/units"
	"github.com/gotensor/gotensor/runtime-wasm/runtime"
	"github.com/gotensor/gotensor/testnet/native"
)

// surface is what Subtensor's runtime offers of what this one has: name, id and version of each runtime API, and its methods.
// Source: opentensor/subtensor at 14bc6f9f (spec_version 425), runtime/src/lib.rs, and the traits of polkadot-sdk stable2506 that it implements.
var surface = []struct {
	name, id string
	version  uint32
	methods  string
}{
	{"Core", "0xdf6acb689907609b", 5, "version execute_block initialize_block"},
	{"Metadata", "0x37e397fc7c91f5e4", 2, "metadata metadata_at_version metadata_versions"},
	{"BlockBuilder", "0x40fe3ad401f8959a", 6, "apply_extrinsic finalize_block inherent_extrinsics check_inherents"},
	{"GenesisBuilder", "0xfbc577b9d747efd6", 1, "build_state get_preset preset_names"},
	{"TaggedTransactionQueue", "0xd2bc9897eed08f15", 3, "validate_transaction"},
	{"OffchainWorkerApi", "0xf78b278be53f454c", 2, "offchain_worker"},
	{"AuraApi", "0xdd718d5cc53262d4", 1, "slot_duration authorities"},
	{"SessionKeys", "0xab3c0572291feb8b", 1, "generate_session_keys decode_session_keys"},
	{"GrandpaApi", "0xed99c5acb25eedf5", 3, "grandpa_authorities submit_report_equivocation_unsigned_extrinsic generate_key_ownership_proof current_set_id"},
	{"AccountNonceApi", "0xbc9d89904f5b923f", 1, "account_nonce"},
	{"TransactionPaymentApi", "0x37c8bb1350a9a2a8", 4, "query_info query_fee_details query_weight_to_fee query_length_to_fee"},
	{"TransactionPaymentCallApi", "0xf3ff14d5ab527059", 3, "query_call_info query_call_fee_details query_weight_to_fee query_length_to_fee"},
}

func TestAPIs(t *testing.T) {
	if len(runtime.APIs) != len(surface) || len(runtime.Version.APIs) != len(surface) {
		t.Fatalf("%d APIs, %d in the version, want %d", len(runtime.APIs), len(runtime.Version.APIs), len(surface))
	}
	for i, want := range surface {
		got := runtime.APIs[i]
		var methods []string
		for _, m := range got.Methods {
			methods = append(methods, m.Name)
		}
		hex := "0x"
		for _, b := range got.ID {
			hex += string("0123456789abcdef"[b>>4]) + string("0123456789abcdef"[b&15])
		}
		if got.Name != want.name || hex != want.id || got.Version != want.version || strings.Join(methods, " ") != want.methods {
			t.Errorf("%s: got %s %s %d %v", want.name, got.Name, hex, got.Version, methods)
		}
		if got.ID != chain.APIIDOf(got.Name) {
			t.Errorf("%s: the id is not the hash of the name", got.Name)
		}
		if runtime.Version.APIs[i] != (chain.API{ID: got.ID, Version: got.Version}) {
			t.Errorf("%s: the version has %v", got.Name, runtime.Version.APIs[i])
		}
	}
}

// Every method is an export of the blob, under its name and with its function, and nothing else is.
func TestExports(t *testing.T) {
	parsed, err := parser.ParseFile(token.NewFileSet(), "../exports_wasm.go", nil, parser.ParseComments)
	if err != nil {
		t.Fatal(err)
	}
	table, err := parser.ParseFile(token.NewFileSet(), "apis.go", nil, 0)
	if err != nil {
		t.Fatal(err)
	}
	// The functions in the table, in its order: composite literals {"method", Function}.
	var functions []string
	ast.Inspect(table, func(n ast.Node) bool {
		if lit, ok := n.(*ast.CompositeLit); ok && lit.Type == nil && len(lit.Elts) == 2 {
			functions = append(functions, lit.Elts[1].(*ast.Ident).Name)
		}
		return true
	})
	var want, got []string
	for _, a := range runtime.APIs {
		for _, m := range a.Methods {
			want = append(want, a.Name+"_"+m.Name+" "+functions[len(want)])
		}
	}
	for _, decl := range parsed.Decls {
		f, ok := decl.(*ast.FuncDecl)
		if !ok {
			continue
		}
		name, ok := strings.CutPrefix(f.Doc.List[len(f.Doc.List)-1].Text, "//go:wasmexport ")
		if !ok {
			t.Errorf("%s is no export", f.Name.Name)
		}
		serve := f.Body.List[0].(*ast.ReturnStmt).Results[0].(*ast.CallExpr)
		got = append(got, name+" "+serve.Args[0].(*ast.SelectorExpr).Sel.Name)
	}
	if !slices.Equal(got, want) {
		t.Errorf("exports %q\nwant    %q", got, want)
	}
}

// Indices, constants and extensions are Subtensor's. Source: opentensor/subtensor at 14bc6f9f (spec_version 425), runtime/src/lib.rs.
func TestMetadata(t *testing.T) {
	m, err := runtime.Describe()
	if err != nil {
		t.Fatal(err)
	}
	indices := map[string]uint8{"System": 0, "Timestamp": 2, "Aura": 3, "Grandpa": 4, "Balances": 5, "TransactionPayment": 6, "Utility": 11, "Sudo": 12,
		"Multisig": 13, "Preimage": 14, "Scheduler": 15, "Proxy": 16}
	if len(m.Pallets) != len(indices) {
		t.Errorf("%d pallets, want %d", len(m.Pallets), len(indices))
	}
	for _, p := range m.Pallets {
		if index, ok := indices[p.Name]; !ok || p.Index != index {
			t.Errorf("pallet %s has index %d, want %d", p.Name, p.Index, index)
		}
	}
	period := scale.AppendU64(nil, runtime.SlotDuration/2)
	constants := map[string][]byte{
		"System.BlockHashCount":                       scale.AppendU32(nil, 2400),
		"System.DbWeight":                             scale.AppendU64(scale.AppendU64(nil, 25_000_000), 100_000_000),
		"System.SS58Prefix":                           scale.AppendU16(nil, 42),
		"System.BlockLength":                          scale.AppendU32(scale.AppendU32(scale.AppendU32(nil, 7_864_320), 10_485_760), 10_485_760),
		"System.BlockWeights":                         blockWeights(),
		"System.Version":                              runtime.Version.AppendScale(nil),
		"Timestamp.MinimumPeriod":                     period,
		"Aura.SlotDuration":                           scale.AppendU64(nil, runtime.SlotDuration),
		"Grandpa.MaxAuthorities":                      scale.AppendU32(nil, 32),
		"Grandpa.MaxNominators":                       scale.AppendU32(nil, 20),
		"Grandpa.MaxSetIdSessionEntries":              scale.AppendU64(nil, 0),
		"Balances.ExistentialDeposit":                 scale.AppendU64(nil, 500),
		"Balances.MaxLocks":                           scale.AppendU32(nil, 50),
		"Balances.MaxReserves":                        scale.AppendU32(nil, 50),
		"Balances.MaxFreezes":                         scale.AppendU32(nil, 50),
		"TransactionPayment.OperationalFeeMultiplier": {5},
		"Utility.batched_calls_limit":                 scale.AppendU32(nil, 10922),
		"Multisig.DepositBase":                        scale.AppendU64(nil, 132_000_000),
		"Multisig.DepositFactor":                      scale.AppendU64(nil, 32_000_000),
		"Multisig.MaxSignatories":                     scale.AppendU32(nil, 100),
		"Scheduler.MaximumWeight":                     scale.AppendCompact(scale.AppendCompact(nil, 3_200_000_000_000), 14_757_395_258_967_641_292),
		"Scheduler.MaxScheduledPerBlock":              scale.AppendU32(nil, 50),
		"Proxy.ProxyDepositBase":                      scale.AppendU64(nil, 60_000_000),
		"Proxy.ProxyDepositFactor":                    scale.AppendU64(nil, 33_000_000),
		"Proxy.MaxProxies":                            scale.AppendU32(nil, 20),
		"Proxy.MaxPending":                            scale.AppendU32(nil, 75),
		"Proxy.AnnouncementDepositBase":               scale.AppendU64(nil, 36_000_000),
		"Proxy.AnnouncementDepositFactor":             scale.AppendU64(nil, 68_000_000),
	}
	for _, p := range m.Pallets {
		for _, c := range p.Constants {
			want, ok := constants[p.Name+"."+c.Name]
			if !ok || !bytes.Equal(c.Value, want) {
				t.Errorf("constant %s.%s is %x, want %x", p.Name, c.Name, c.Value, want)
			}
			delete(constants, p.Name+"."+c.Name)
		}
	}
	for name := range constants {
		t.Errorf("constant %s is missing", name)
	}
	var extensions []string
	for _, e := range m.Extrinsic.Extensions {
		extensions = append(extensions, e.Name)
	}
	want := "CheckNonZeroSender CheckSpecVersion CheckTxVersion CheckGenesis CheckMortality CheckNonce CheckWeight ChargeTransactionPayment " +
		"SudoTransactionExtension CheckShieldedTxValidity SubtensorTransactionExtension DrandPriority CheckMetadataHash"
	if got := strings.Join(extensions, " "); got != want {
		t.Errorf("extensions %s\nwant       %s", got, want)
	}
}

func blockWeights() []byte {
	weight := func(dst []byte, w frame.Weight) []byte { return w.AppendScale(dst) }
	some := func(dst []byte, time, proof uint64) []byte {
		return weight(append(dst, 1), frame.Weight{RefTime: time, ProofSize: proof})
	}
	const all = 1<<64 - 1
	const normal, start = 13_835_058_055_282_163_711, 1_844_674_407_370_955_161 // 75 % of all rounded to the nearest, and 10 %
	base := frame.RefTime(108_157_000)
	out := weight(nil, frame.RefTime(431_614_000))
	out = weight(out, frame.Weight{RefTime: 4_000_000_000_000, ProofSize: all})
	out = some(some(some(weight(out, base), 2_599_891_843_000, normal-start), 3_000_000_000_000, normal), 0, 0)
	out = some(some(some(weight(out, base), 3_599_891_843_000, all-start), 4_000_000_000_000, all), 1_000_000_000_000, all-normal)
	return append(weight(out, base), 0, 0, 0)
}

// The configuration contradicts itself nowhere.
func TestIntegrity(t *testing.T) {
	tested := 0
	for _, p := range runtime.Compose().Pallets() {
		if i, ok := p.(frame.IntegrityTester); ok {
			tested++
			if err := i.IntegrityTest(); err != nil {
				t.Errorf("%s: %v", p.Name(), err)
			}
		}
	}
	if tested == 0 {
		t.Error("nothing tested")
	}
}

// call calls a runtime API natively.
func call(t testing.TB, ext *native.Ext, export string, args []byte) (answer []byte) {
	t.Helper()
	ok := false
	ext.Run(func() { answer, ok = runtime.Call(export, args) })
	if !ok {
		t.Fatalf("there is no %s", export)
	}
	return answer
}

// genesis returns the state that a preset describes.
func genesis(t testing.TB, preset string) *native.Ext {
	t.Helper()
	ext := native.New(t)
	d := scale.NewDecoder(call(t, ext, "GenesisBuilder_get_preset", scale.AppendString([]byte{1}, preset)))
	config := scale.DecodeOption(d, (*scale.Decoder).Bytes)
	if err := d.Finish(); err != nil || config == nil {
		t.Fatalf("preset %s: %v", preset, err)
	}
	if answer := call(t, ext, "GenesisBuilder_build_state", scale.AppendBytes(nil, *config)); !bytes.Equal(answer, []byte{0}) {
		t.Fatalf("preset %s: %q", preset, answer)
	}
	ext.Next()
	return ext
}

// The presets give money and keys to those whose secret URIs everybody knows.
func TestPresets(t *testing.T) {
	names := call(t, native.New(t), "GenesisBuilder_preset_names", nil)
	if want := scale.AppendSeq(nil, []string{"development", "local_testnet"}, scale.AppendString); !bytes.Equal(names, want) {
		t.Errorf("names %q", names)
	}
	for preset, authorities := range map[string][]string{"development": {"//One"}, "local_testnet": {"//One", "//Two", "//Three"}} {
		ext := genesis(t, preset)
		var aura, grandpa []byte
		for _, uri := range authorities {
			aura = append(aura, public(t, keys.Sr25519, uri)...)
			grandpa = scale.AppendU64(append(grandpa, public(t, keys.Ed25519, uri)...), 1)
		}
		count := scale.AppendCompact(nil, uint64(len(authorities)))
		if got := call(t, ext, "AuraApi_authorities", nil); !bytes.Equal(got, append(count, aura...)) {
			t.Errorf("%s: Aura authorities %x", preset, got)
		}
		if got := call(t, ext, "GrandpaApi_grandpa_authorities", nil); !bytes.Equal(got, append(count, grandpa...)) {
			t.Errorf("%s: GRANDPA authorities %x", preset, got)
		}
		ext.Run(func() {
			var sum units.Rao
			for uri, tao := range map[string]units.Rao{"//Alice": 1e6, "//Bob": 1e6, "//Charlie": 1e6, "//Dave": 2000, "//Eve": 2000, "//Ferdie": 2000,
				"//One": 2000, "//Two": 2000, "//Three": 2000} {
				who := chain.AccountID(public(t, keys.Sr25519, uri))
				if got := runtime.Balances.FreeBalance(who); got != tao*1e9 {
					t.Errorf("%s: %s has %s, want %s", preset, uri, got, tao*1e9)
				}
				sum += tao * 1e9
			}
			if got, want := runtime.Balances.TotalIssuance(), sum+2*2000*1e9; got != want {
				t.Errorf("%s: issuance %s, want %s", preset, got, want)
			}
			if key, ok := runtime.Sudo.Key.Get(); !ok || key != chain.AccountID(public(t, keys.Sr25519, "//Alice")) {
				t.Errorf("%s: sudo key %s", preset, key)
			}
		})
	}
}

func public(t testing.TB, scheme keys.Scheme, uri string) []byte {
	t.Helper()
	pair, err := keys.FromURI(scheme, uri, "")
	if err != nil {
		t.Fatal(err)
	}
	return pair.Public()
}

// The default configuration and an empty one give the same state, and what is wrong is named.
func TestBuildState(t *testing.T) {
	build := func(config string) (*native.Ext, string) {
		ext := native.New(t)
		d := scale.NewDecoder(call(t, ext, "GenesisBuilder_build_state", scale.AppendString(nil, config)))
		if d.U8() == 0 {
			return ext, ""
		}
		return ext, d.Text()
	}
	d := scale.NewDecoder(call(t, native.New(t), "GenesisBuilder_get_preset", []byte{0}))
	d.U8()
	standard, err1 := build(d.Text())
	empty, err2 := build("{}")
	if err1 != "" || err2 != "" || standard.Root() != empty.Root() {
		t.Errorf("default: %q, empty: %q, roots %s, %s", err1, err2, standard.Root(), empty.Root())
	}
	if got := call(t, native.New(t), "GenesisBuilder_get_preset", scale.AppendString([]byte{1}, "mainnet")); !bytes.Equal(got, []byte{0}) {
		t.Errorf("unknown preset: %x", got)
	}
	for config, want := range map[string]string{
		`{`:                          "JSON at byte 1: expected \"",
		`[]`:                         "expected an object, got []",
		`{"timestamp":{}}`:           "timestamp: no pallet of this name has a genesis configuration",
		`{"sudo":{"key":"5Grw"}}`:    "sudo.key: address \"5Grw\": ",
		`{"aura":{"authorities":1}}`: "aura.authorities: expected an array, got 1",
		`{"balances":{"balances":[["0x` + strings.Repeat("07", 32) + `",499]]}}`: "balances.balances[0]: balance below the existential deposit",
	} {
		if _, err := build(config); !strings.HasPrefix(err, want) {
			t.Errorf("%s: got %q, want %q", config, err, want)
		}
	}
	if _, err := json.Parse([]byte(runtime.Presets[0].JSON)); err != nil {
		t.Error(err)
	}
}

// Arguments that do not decode, or are too long, end the call as in the original.
func TestBadArguments(t *testing.T) {
	ext := genesis(t, "development")
	tried := 0
	for _, a := range runtime.APIs {
		for _, m := range a.Methods {
			for _, args := range [][]byte{bytes.Repeat([]byte{0xff}, 5), bytes.Repeat([]byte{0}, 4000)} {
				tried++
				fork := ext.Fork()
				reason := fork.Trap(func() { runtime.Call(a.Name+"_"+m.Name, args) })
				if _, ok := reason.(frame.Panic); !ok {
					t.Errorf("%s_%s of %d bytes: got %v", a.Name, m.Name, len(args), reason)
				}
			}
		}
	}
	if tried == 0 {
		t.Error("nothing tried")
	}
	if _, ok := runtime.Call("Core_nothing", nil); ok {
		t.Error("there is a Core_nothing")
	}
}

func TestSessionKeys(t *testing.T) {
	ext := native.New(t)
	d := scale.NewDecoder(call(t, ext, "SessionKeys_generate_session_keys", scale.AppendString([]byte{1}, "//One")))
	got := d.Bytes()
	want := append(public(t, keys.Sr25519, "//One"), public(t, keys.Ed25519, "//One")...)
	if d.Finish() != nil || !bytes.Equal(got, want) {
		t.Errorf("got %x, want %x", got, want)
	}
	answer := call(t, ext, "SessionKeys_decode_session_keys", scale.AppendBytes(nil, got))
	pair := func(dst []byte, key []byte, id string) []byte { return append(scale.AppendBytes(dst, key), id...) }
	if want := pair(pair([]byte{1, 8}, got[:32], "aura"), got[32:], "gran"); !bytes.Equal(answer, want) {
		t.Errorf("got %x, want %x", answer, want)
	}
	if answer := call(t, ext, "SessionKeys_decode_session_keys", scale.AppendBytes(nil, got[1:])); !bytes.Equal(answer, []byte{0}) {
		t.Errorf("keys that are too short: %x", answer)
	}
	if id := ext.Keys; len(id) != 2 || id[0].ID != [4]byte([]byte("aura")) || id[1].ID != [4]byte([]byte("gran")) {
		t.Errorf("keystore: %v", id)
	}
}

// The metadata that the API answers with is that of Describe, in both versions.
func TestMetadataAPI(t *testing.T) {
	ext := native.New(t)
	d := scale.NewDecoder(call(t, ext, "Metadata_metadata", nil))
	v14, err := metadata.Decode(d.Bytes())
	if err != nil || v14.Version != 14 || d.Finish() != nil {
		t.Fatalf("version 14: %v", err)
	}
	d = scale.NewDecoder(call(t, ext, "Metadata_metadata_at_version", scale.AppendU32(nil, 15)))
	some := d.U8()
	v15, err := metadata.Decode(d.Bytes())
	if err != nil || some != 1 || v15.Version != 15 || d.Finish() != nil || len(v15.APIs) != len(runtime.APIs) {
		t.Fatalf("version 15: %v", err)
	}
	if len(v14.Types) != len(v15.Types) || len(v14.Pallets) != len(v15.Pallets) {
		t.Error("the versions differ")
	}
	if got := call(t, ext, "Metadata_metadata_at_version", scale.AppendU32(nil, 16)); !bytes.Equal(got, []byte{0}) {
		t.Errorf("version 16: %x", got)
	}
	if got := call(t, ext, "Metadata_metadata_versions", nil); !bytes.Equal(got, []byte{8, 14, 0, 0, 0, 15, 0, 0, 0}) {
		t.Errorf("versions %x", got)
	}
	for _, a := range v15.APIs {
		i := slices.IndexFunc(runtime.APIs, func(b runtime.API) bool { return b.Name == a.Name })
		if i < 0 || len(runtime.APIs[i].Methods) != len(a.Methods) {
			t.Fatalf("metadata has API %s", a.Name)
		}
		for j, m := range a.Methods {
			if runtime.APIs[i].Methods[j].Name != m.Name {
				t.Errorf("metadata has %s_%s, the runtime %s", a.Name, m.Name, runtime.APIs[i].Methods[j].Name)
			}
		}
	}
}

// Batches are not nested directly in batches; deeper, behind another call, they are.
func TestFilter(t *testing.T) {
	ext := genesis(t, "development")
	alice := chain.AccountID(public(t, keys.Sr25519, "//Alice"))
	remark := &system.RemarkCall{}
	batch := &utility.BatchCall{Calls: []frame.Call{remark}}
	for _, c := range []struct {
		call    frame.Call
		allowed bool
	}{
		{batch, true},
		{&utility.BatchCall{Calls: []frame.Call{remark, batch}}, false},
		{&utility.BatchAllCall{Calls: []frame.Call{&utility.ForceBatchCall{}}}, false},
		{&utility.ForceBatchCall{Calls: []frame.Call{&utility.AsDerivativeCall{Call: batch}}}, true},
	} {
		fork := ext.Fork()
		fork.Run(func() {
			runtime.Compose()
			_, err := frame.Dispatch(c.call, frame.SignedBy(alice))
			if filtered := err == error(frame.Module(0, 5)); filtered == c.allowed {
				t.Errorf("%T: got %v, allowed is %v", c.call, err, c.allowed)
			}
		})
	}
}
