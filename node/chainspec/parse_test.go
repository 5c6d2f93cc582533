package chainspec

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"reflect"
	"runtime"
	"strings"
	"testing"

	"github.com/gotensor/gotensor/internal/outside"
	"github.com/gotensor/gotensor/primitives/hash"
)

const full = `{
	"name": "Full", "id": "full", "chainType": {"Custom": "staging"},
	"bootNodes": ["/dns/a.example/tcp/30333/p2p/12D3KooWPM4mLcKJGtyVtkggqdG84zWrd7Rij6PGQDoijh1X86Vr"],
	"telemetryEndpoints": [["wss://telemetry.example/submit/", 3]],
	"protocolId": "fll", "forkId": "f2",
	"properties": {"tokenSymbol": "TAO", "tokenDecimals": 9, "ss58Format": 42, "isEthereum": false},
	"forkBlocks": [[7, "0x0700000000000000000000000000000000000000000000000000000000000000"], [2, "0x0200000000000000000000000000000000000000000000000000000000000000"]],
	"badBlocks": ["0xbad0000000000000000000000000000000000000000000000000000000000000"],
	"codeSubstitutes": {"10": "0x0a", "9": "0x09"},
	"lightSyncState": {"finalizedBlockHeader": "0x00"},
	"relay_chain": "rococo", "para_id": 1000, "consensusEngine": null,
	"genesis": {"raw": {"top": {"0x3A636f6465": "0x0102", "0x": "0x"}, "childrenDefault": {"0xbb": {"0x01": "0x02"}, "0xaa": {}}}}
}`

func TestParseFull(t *testing.T) {
	spec, err := Parse(strings.NewReader(full))
	if err != nil {
		t.Fatal(err)
	}
	genesis := spec.Genesis
	spec.Genesis = Genesis{}
	want := &Spec{
		Name: "Full", ID: "full", ChainType: "staging",
		BootNodes:  []string{"/dns/a.example/tcp/30333/p2p/12D3KooWPM4mLcKJGtyVtkggqdG84zWrd7Rij6PGQDoijh1X86Vr"},
		Telemetry:  []TelemetryEndpoint{{"wss://telemetry.example/submit/", 3}},
		ProtocolID: "fll", ForkID: "f2",
		Properties: map[string]json.RawMessage{
			"tokenSymbol": []byte(`"TAO"`), "tokenDecimals": []byte("9"), "ss58Format": []byte("42"), "isEthereum": []byte("false"),
		},
		ForkBlocks:      []ForkBlock{{2, hash.H256{2}}, {7, hash.H256{7}}},
		BadBlocks:       []hash.H256{{0xba, 0xd0}},
		CodeSubstitutes: []CodeSubstitute{{9, []byte{9}}, {10, []byte{10}}},
		LightSyncState:  []byte(`{"finalizedBlockHeader":"0x00"}`),
		Extensions:      map[string]json.RawMessage{"relay_chain": []byte(`"rococo"`), "para_id": []byte("1000")},
	}
	if !reflect.DeepEqual(spec, want) {
		t.Errorf("got  %+v\nwant %+v", spec, want)
	}
	if got, want := spec.Token(), (Token{"TAO", 9, 42, true}); got != want {
		t.Errorf("token: got %+v, want %+v", got, want)
	}
	if got, want := genesis.Top.Keys(), []string{"", ":code"}; !reflect.DeepEqual(got, want) {
		t.Errorf("top: got %q, want %q", got, want)
	}
	if code, ok := genesis.Top.Get([]byte(":code")); !ok || !bytes.Equal(code, []byte{1, 2}) {
		t.Errorf(":code: got %x, %v", code, ok)
	}
	if value, ok := genesis.Child([]byte{0xbb}).Get([]byte{1}); !ok || !bytes.Equal(value, []byte{2}) {
		t.Errorf("child 0xbb, key 0x01: got %x, %v", value, ok)
	}
}

func TestEntries(t *testing.T) {
	var e Entries
	for _, key := range []string{"b", "a", "c", "ab"} {
		e.Set([]byte(key), []byte(key+key))
	}
	e.Delete([]byte("c"))
	e.Set([]byte("b"), nil)
	var got []string
	for key, value := range e.All() {
		got = append(got, string(key)+"="+string(value))
	}
	if want := []string{"a=aa", "ab=abab", "b="}; !reflect.DeepEqual(got, want) || e.Len() != 3 {
		t.Errorf("got %q, want %q", got, want)
	}
	for range e.All() {
		break // an iteration may stop early
	}
}

func TestFaults(t *testing.T) {
	raw := func(top string) string {
		return `{"name": "a", "genesis": {"raw": {"top": {` + top + `}, "childrenDefault": {}}}}`
	}
	with := func(member string) string {
		return `{"name": "a", ` + member + `, "genesis": {"raw": {"top": {}, "childrenDefault": {}}}}`
	}
	const h = `"0x0000000000000000000000000000000000000000000000000000000000000000"`
	for _, test := range []struct {
		name, in, path string
		want           error
		text           string // part of the message
	}{
		{"empty file", ``, "", ErrSyntax, "unexpected EOF"},
		{"not an object", `[]`, "", ErrType, "expected an object, got a list"},
		{"cut off", `{"name": "a", "genesis": {"raw": {"top": {"0x01": "0x`, "genesis.raw.top[0x01]", ErrSyntax, "EOF"},
		{"comment", `{"name": "a", // no`, "", ErrSyntax, ""},
		{"more after it", raw("") + "{}", "", ErrSyntax, "more follows"},
		{"no name", `{"genesis": {"raw": {"top": {}, "childrenDefault": {}}}}`, "", ErrType, `no member "name"`},
		{"no genesis", `{"name": "a"}`, "", ErrNoGenesis, ""},
		{"empty genesis", `{"name": "a", "genesis": {}}`, "genesis", ErrNoGenesis, ""},
		{"plain without configuration", `{"name": "a", "genesis": {"runtimeGenesis": {"code": "0x00"}}}`, "genesis.runtimeGenesis", ErrType, `no member "config" or "patch"`},
		{"plain with two", `{"name": "a", "genesis": {"runtimeGenesis": {"config": {}, "patch": {}}}}`, "genesis.runtimeGenesis.patch", ErrType, "there already"},
		{"plain with more", `{"name": "a", "genesis": {"runtimeGenesis": {"config": {}, "preset": ""}}}`, "genesis.runtimeGenesis.preset", ErrType, "expected code, config or patch"},
		{"plain with code twice", `{"name": "a", "genesis": {"runtimeGenesis": {"code": "0x00", "code": "0x00"}}}`, "genesis.runtimeGenesis.code", ErrDuplicate, ""},
		{"plain and root", `{"name": "a", "genesis": {"runtimeGenesis": {"config": {}}, "stateRootHash": "0x` + strings.Repeat("00", 32) + `"}}`, "genesis", ErrType, "several of"},
		{"plain without runtime", `{"name": "a", "genesis": {"runtime": {}}}`, "genesis.runtime", ErrNativeGenesis, "build-spec --raw"},
		{"plain, and large", `{"name": "a", "genesis": {"runtimeGenesis": {"patch": "` + strings.Repeat(" ", MaxConfig) + `"}}}`, "genesis.runtimeGenesis.patch", ErrLargeConfig, ""},
		{"unknown form", `{"name": "a", "genesis": {"cooked": {}}}`, "genesis.cooked", ErrType, `got "cooked"`},
		{"raw list", `{"name": "a", "genesis": {"raw": [{}, {}]}}`, "genesis.raw", ErrType, "got a list"},
		{"both forms", `{"name": "a", "genesis": {"stateRootHash": ` + h + `, "raw": {"top": {"0x": "0x"}, "childrenDefault": {}}}}`, "genesis", ErrType, "several of"},
		{"key without 0x", raw(`"01": "0x"`), "genesis.raw.top.01", ErrType, `got "01"`},
		{"odd key", raw(`"0x012": "0x"`), "genesis.raw.top[0x012]", ErrType, "odd number of hex digits: 3"},
		{"odd value", raw(`"0x01": "0x0"`), "genesis.raw.top[0x01]", ErrType, "odd"},
		{"no hex", raw(`"0x01": "0x00zz"`), "genesis.raw.top[0x01]", ErrType, `byte 1: "zz"`},
		{"number as value", raw(`"0x01": 5`), "genesis.raw.top[0x01]", ErrType, "got 5"},
		{"same key", raw(`"0x01": "0x", "0x01": "0x"`), "genesis.raw.top[0x01]", ErrDuplicate, ""},
		{"same key, other digits", raw(`"0xab": "0x", "0xAB": "0x"`), "genesis.raw.top[0xAB]", ErrDuplicate, ""},
		{"child key in top", raw(`"0x3a6368696c645f73746f726167653a64656661756c743a01": "0x"`), "genesis.raw.top[0x3a6368696c645f73746f726167653a64656661756c743a01]", ErrChildKey, ""},
		{"same child", `{"name": "a", "genesis": {"raw": {"childrenDefault": {"0xaa": {}, "0xAA": {}}}}}`, "genesis.raw.childrenDefault[0xAA]", ErrDuplicate, ""},
		{"same member", `{"name": "a", "name": "b"}`, "name", ErrDuplicate, ""},
		{"name is a number", `{"name": 5}`, "name", ErrType, "expected a string, got 5"},
		{"boot nodes", with(`"bootNodes": "x"`), "bootNodes", ErrType, ""},
		{"chain type", with(`"chainType": {"Other": "x"}`), "chainType.Other", ErrType, `got "Other"`},
		{"chain type without a name", with(`"chainType": {}`), "chainType", ErrType, "expected a name"},
		{"chain type is a number", with(`"chainType": 5`), "chainType", ErrType, "got 5"},
		{"two custom types", with(`"chainType": {"Custom": "x", "Custom": "y"}`), "chainType.Custom", ErrDuplicate, ""},
		{"same property", with(`"properties": {"ss58Format": 42, "ss58Format": 0}`), "properties.ss58Format", ErrDuplicate, ""},
		{"properties are a list", with(`"properties": []`), "properties", ErrType, "got a list"},
		{"telemetry", with(`"telemetryEndpoints": [["x"]]`), "telemetryEndpoints", ErrType, "item 0"},
		{"telemetry of three", with(`"telemetryEndpoints": [["x", 1, 2]]`), "telemetryEndpoints", ErrType, "item 0"},
		{"telemetry with a list behind", with(`"telemetryEndpoints": [["x", 1, []]]`), "telemetryEndpoints", ErrType, "item 0"},
		{"telemetry of lists", with(`"telemetryEndpoints": [["x", 1], [[], 1]]`), "telemetryEndpoints", ErrType, "item 1"},
		{"telemetry is an object", with(`"telemetryEndpoints": [{"x": 1}]`), "telemetryEndpoints", ErrType, "item 0"},
		{"boot node is null", with(`"bootNodes": ["a", null]`), "bootNodes", ErrType, "item 1: expected a string, got null"},
		{"telemetry level", with(`"telemetryEndpoints": [["x", 256]]`), "telemetryEndpoints", ErrType, "item 0"},
		{"fork blocks", with(`"forkBlocks": [[1, "0x00"]]`), "forkBlocks", ErrType, "item 0"},
		{"fork block number", with(`"forkBlocks": [[1.5, ` + h + `]]`), "forkBlocks", ErrType, "item 0"},
		{"fork block twice", with(`"forkBlocks": [[1, ` + h + `], [2, ` + h + `], [1, ` + h + `]]`), "forkBlocks", ErrDuplicate, "block 1"},
		{"fork block twice in an object", with(`"forkBlocks": {"1": ` + h + `, "1": ` + h + `}`), "forkBlocks.1", ErrDuplicate, ""},
		{"fork block with a zero in front", with(`"forkBlocks": {"1": ` + h + `, "01": ` + h + `}`), "forkBlocks.01", ErrType, `block number, got "01"`},
		{"fork blocks are a name", with(`"forkBlocks": "x"`), "forkBlocks", ErrType, `got "x"`},
		{"bad block", with(`"badBlocks": [` + h + `, "0x00"]`), "badBlocks", ErrType, "item 1: unexpected value: expected a hash of 32 bytes, got 1"},
		{"substitute", with(`"codeSubstitutes": {"x": "0x"}`), "codeSubstitutes.x", ErrType, "block number"},
		{"substitute with a zero in front", with(`"codeSubstitutes": {"1": "0x", "01": "0x"}`), "codeSubstitutes.01", ErrType, `block number, got "01"`},
		{"substitute with a sign", with(`"codeSubstitutes": {"+1": "0x"}`), "codeSubstitutes.+1", ErrType, "block number"},
		{"substitute without a number", with(`"codeSubstitutes": {"": "0x"}`), "codeSubstitutes.", ErrType, "block number"},
		{"same substitute", with(`"codeSubstitutes": {"1": "0x", "1": "0x00"}`), "codeSubstitutes.1", ErrDuplicate, ""},
		{"raw is null", `{"name": "a", "genesis": {"raw": null}}`, "genesis.raw", ErrType, "expected an object, got null"},
		{"raw is empty", `{"name": "a", "genesis": {"raw": {}}}`, "genesis.raw", ErrType, `no member "top"`},
		{"top is null", `{"name": "a", "genesis": {"raw": {"top": null, "childrenDefault": {}}}}`, "genesis.raw.top", ErrType, "got null"},
		{"children are null", `{"name": "a", "genesis": {"raw": {"top": {}, "childrenDefault": null}}}`, "genesis.raw.childrenDefault", ErrType, "got null"},
		{"child is null", `{"name": "a", "genesis": {"raw": {"top": {}, "childrenDefault": {"0x01": null}}}}`, "genesis.raw.childrenDefault[0x01]", ErrType, "got null"},
		{"no children", `{"name": "a", "genesis": {"raw": {"top": {"0x01": "0x"}}}}`, "genesis.raw", ErrType, `no member "childrenDefault"`},
		{"no top", `{"name": "a", "genesis": {"raw": {"childrenDefault": {}}}}`, "genesis.raw", ErrType, `no member "top"`},
		{"top twice", `{"name": "a", "genesis": {"raw": {"top": {}, "childrenDefault": {}, "top": {}}}}`, "genesis.raw.top", ErrDuplicate, ""},
		{"children twice", `{"name": "a", "genesis": {"raw": {"childrenDefault": {}, "childrenDefault": {}}}}`, "genesis.raw.childrenDefault", ErrDuplicate, ""},
		{"both forms, one empty", `{"name": "a", "genesis": {"raw": {"top": {}, "childrenDefault": {}}, "stateRootHash": ` + h + `}}`, "genesis", ErrType, "several of"},
		{"root is null", `{"name": "a", "genesis": {"stateRootHash": null}}`, "genesis.stateRootHash", ErrType, ""},
		{"deep extension", with(`"x": ` + strings.Repeat("[", 20_000)), "x", ErrSyntax, ""},
	} {
		t.Run(test.name, func(t *testing.T) {
			_, err := Parse(strings.NewReader(test.in))
			var fault *Error
			if !errors.As(err, &fault) || !errors.Is(err, test.want) || fault.Path != test.path || !strings.Contains(err.Error(), test.text) {
				t.Errorf("got %v, want %v at %q with %q", err, test.want, test.path, test.text)
			}
		})
	}
}

// endless is a spec whose one value never ends.
type endless struct{ begun bool }

func (e *endless) Read(b []byte) (int, error) {
	if !e.begun {
		e.begun = true
		return copy(b, `{"name": "a", "x": [`), nil
	}
	for i := range b {
		b[i] = ' '
	}
	return len(b), nil
}

func TestTooLarge(t *testing.T) {
	if err := newParser(new(endless), 1<<20).spec(new(Spec)); !errors.Is(err, ErrTooLarge) {
		t.Errorf("got %v, want %v", err, ErrTooLarge)
	}
}

// TestSettingsBudget: what is neither raw genesis nor code to substitute may not take more than MaxSettings, however it is cut into values.
func TestSettingsBudget(t *testing.T) {
	const genesis = `, "genesis": {"raw": {"top": {}, "childrenDefault": {}}}}`
	many := func(open, item, end string, bytes int) string {
		return open + strings.Repeat(item+",", bytes/(len(item)+1)) + item + end
	}
	const h = `"0x0000000000000000000000000000000000000000000000000000000000000000"`
	numbered := func(form string) string {
		var b strings.Builder
		for i := range 200_000 {
			fmt.Fprintf(&b, form, i)
		}
		return b.String()
	}
	long := `"` + strings.Repeat("x", MaxSettings) + `"`
	code := `"0x` + strings.Repeat("00", MaxSettings) + `"`
	for _, test := range []struct {
		name, settings, path string
	}{
		{"telemetry", `"telemetryEndpoints": ` + many("[", `["",0]`, "]", 3<<20), "telemetryEndpoints"},
		{"boot nodes", `"bootNodes": ` + many("[", `""`, "]", 3<<20), "bootNodes"},
		{"fork blocks", `"forkBlocks": ` + many("[", `[1,`+h+`]`, "]", MaxSettings), "forkBlocks"},
		{"bad blocks", `"badBlocks": ` + many("[", h, "]", MaxSettings), "badBlocks"},
		{"properties", `"properties": {` + numbered(`"%d":0,`) + `"x":0}`, "properties.*"},
		{"members", numbered(`"%d":0,`) + `"x": 0`, "*"},
		{"name", `"id": ` + long, "id"},
		{"extension", `"x": ` + long, "x"},
		{"extension of parts", `"x": ` + many("[", "[]", "]", MaxSettings), "x"},
		{"substitutes", `"codeSubstitutes": {` + numbered(`"%d":"0x",`) + `"x":""}`, "codeSubstitutes.*"},
		{"behind a substitute", `"codeSubstitutes": {"1": ` + code + `}, "x": ` + long, "x"},
	} {
		t.Run(test.name, func(t *testing.T) {
			in := `{"name": "a", ` + test.settings + genesis
			var before, after runtime.MemStats
			runtime.ReadMemStats(&before)
			_, err := Parse(strings.NewReader(in))
			runtime.ReadMemStats(&after)
			var fault *Error
			if !errors.Is(err, ErrSettings) || !errors.As(err, &fault) {
				t.Fatalf("got %v, want %v", err, ErrSettings)
			}
			if base, any := strings.CutSuffix(test.path, "*"); fault.Path != test.path && !(any && strings.HasPrefix(fault.Path, base)) {
				t.Errorf("got path %q, want %q", fault.Path, test.path)
			}
			if used := after.TotalAlloc - before.TotalAlloc; used > 6*MaxSettings && test.name != "behind a substitute" {
				t.Errorf("it allocated %d bytes for %d", used, len(in))
			}
		})
	}
	// Code and state do not count, nor do they use up what is left for settings behind them.
	for _, in := range []string{
		`{"codeSubstitutes": {"1": ` + code + `}, "x": "` + strings.Repeat("x", MaxSettings/2) + `", "name": "a"` + genesis,
		`{"genesis": {"raw": {"top": {"0x01": ` + code + `}, "childrenDefault": {}}}, "x": "` + strings.Repeat("x", MaxSettings/2) + `", "name": "a"}`,
	} {
		if _, err := Parse(strings.NewReader(in)); err != nil {
			t.Error(err)
		}
	}
}

type brokenReader struct{ err error }

func (b brokenReader) Read([]byte) (int, error) { return 0, b.err }

func TestReaderError(t *testing.T) {
	disk := errors.New("disk on fire")
	_, err := Parse(io.MultiReader(strings.NewReader(`{"name": "a", `), brokenReader{disk}))
	if !errors.Is(err, disk) {
		t.Errorf("got %v, want %v", err, disk)
	}
}

// TestRealSpecs parses the specs of other projects, in every form that occurs.
func TestRealSpecs(t *testing.T) {
	for _, test := range []struct {
		rel       string
		id        string
		entries   int
		want      error
		stateRoot string
	}{
		{"opentensor/subtensor/chainspecs/raw_spec_testfinney.json", "bittensor", 46, nil, ""},
		{"opentensor/subtensor/scripts/specs/raonet.json", "bittensor", 301, nil, ""},
		{"ChainSafe/gossamer/chain/westend/chain-spec-raw.json", "westend2", 93, nil, ""},
		{"ChainSafe/gossamer/chain/kusama/chain-spec-raw.json", "ksmcc3", 3419, nil, ""},
		{"ChainSafe/gossamer/chain/westend-local/westend-local-spec.json", "", 0, ErrNativeGenesis, ""},
		{"smol-dot/smoldot/demo-chain-specs/polkadot.json", "polkadot", 0, nil, "0x29d0d972cd27cbc511e9589fcb7a4506d5eb6a9e8df205f00472e5ab354a4e17"},
		{"smol-dot/smoldot/lib/src/chain_spec/tests/issue-598.json", "dev", 155, nil, ""},
	} {
		t.Run(test.rel, func(t *testing.T) {
			spec, err := ReadFile(outside.Path(t, 1, test.rel))
			if !errors.Is(err, test.want) {
				t.Fatalf("got %v, want %v", err, test.want)
			}
			if err != nil {
				return
			}
			if spec.ID != test.id || spec.Genesis.Top.Len() != test.entries {
				t.Errorf("got id %q and %d entries, want %q and %d", spec.ID, spec.Genesis.Top.Len(), test.id, test.entries)
			}
			if root := spec.Genesis.StateRoot; root != nil {
				if root.String() != test.stateRoot || spec.LightSyncState == nil {
					t.Errorf("got root %s, want %s with a light sync state", root, test.stateRoot)
				}
			}
		})
	}
}

// TestAllRealSpecs parses every other spec of those projects that gives a state: none of them lacks what is asked of a spec.
func TestAllRealSpecs(t *testing.T) {
	const demo = "smol-dot/smoldot/demo-chain-specs/"
	for _, rel := range []string{
		"ChainSafe/gossamer/chain/paseo/chain-spec-raw.json",
		"ChainSafe/gossamer/chain/westend-dev/westend-dev-spec-raw.json",
		"ChainSafe/gossamer/chain/westend-local/westend-local-spec-raw.json",
		"ChainSafe/gossamer/tests/utils/genesis_two_auths_secondaryvrf_0_9_10.json",
		"ChainSafe/gossamer/cmd/gossamer/commands/test_inputs/test-chain-spec-raw.json",
		"smol-dot/smoldot/full-node/tests/substrate-node-template.json",
		"smol-dot/smoldot/wasm-node/javascript/test/westend.json",
		demo + "ksmcc3.json", demo + "ksmcc3_asset_hub.json", demo + "ksmcc3_bridge_hub.json", demo + "ksmcc3_coretime.json",
		demo + "ksmcc3_encointer.json", demo + "ksmcc3_people.json", demo + "paseo.json", demo + "paseo_asset_hub.json",
		demo + "paseo_coretime.json", demo + "paseo_people.json", demo + "polkadot_asset_hub.json", demo + "polkadot_bridge_hub.json",
		demo + "polkadot_collectives.json", demo + "polkadot_coretime.json", demo + "polkadot_people.json", demo + "rococo_v2_2.json",
		demo + "rococo_v2_2_asset_hub.json", demo + "rococo_v2_2_bridge_hub.json", demo + "rococo_v2_2_people.json", demo + "westend2.json",
		demo + "westend2_asset_hub.json", demo + "westend2_bridge_hub.json", demo + "westend2_collectives.json", demo + "westend2_coretime.json",
		demo + "westend2_people.json",
	} {
		t.Run(rel, func(t *testing.T) {
			spec, err := ReadFile(outside.Path(t, 1, rel))
			if err != nil {
				t.Fatal(err)
			}
			if spec.ID == "" || (spec.Genesis.StateRoot == nil) != (spec.Genesis.Top.Len() > 0) {
				t.Errorf("id %q, state root %v, %d entries", spec.ID, spec.Genesis.StateRoot, spec.Genesis.Top.Len())
			}
		})
	}
}

// FuzzChainSpec: no input panics, and what is accepted is accepted again in the same way.
func FuzzChainSpec(f *testing.F) {
	files, err := filepath.Glob("testdata/*.json")
	if err != nil || len(files) == 0 {
		f.Fatalf("no specs in testdata: %v", err)
	}
	for _, file := range files {
		data, err := os.ReadFile(file)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(data)
	}
	f.Add([]byte(full))
	f.Add([]byte(`{"name":"a","genesis":{"stateRootHash":"0x29d0d972cd27cbc511e9589fcb7a4506d5eb6a9e8df205f00472e5ab354a4e17"}}`))
	f.Add([]byte(`{"name":"a","forkBlocks":{"3":"0x29d0d972cd27cbc511e9589fcb7a4506d5eb6a9e8df205f00472e5ab354a4e17"},"genesis":{"raw":{"top":{},"childrenDefault":{}}}}`))
	f.Fuzz(func(t *testing.T, data []byte) {
		spec, err := Parse(bytes.NewReader(data))
		if err != nil {
			var fault *Error
			if !errors.As(err, &fault) {
				t.Fatalf("untyped error %v", err)
			}
			return
		}
		again, err := Parse(bytes.NewReader(data))
		if err != nil || !reflect.DeepEqual(spec, again) {
			t.Fatalf("second reading differs: %v", err)
		}
		spec.Token()
		var last []byte
		for key := range spec.Genesis.Top.All() {
			if last != nil && bytes.Compare(last, key) >= 0 {
				t.Fatalf("key 0x%x after 0x%x", key, last)
			}
			last = key
		}
	})
}
