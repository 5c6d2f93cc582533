package wasmhost

import (
	"bytes"
	"context"
	"encoding/hex"
	"errors"
	"maps"
	"reflect"
	"slices"
	"strings"
	"testing"

	"github.com/gotensor/gotensor/storage"
	"github.com/gotensor/gotensor/storage/trie"
)

// withoutArguments are the functions of runtime APIs that take no argument, by the name that is exported.
// Source: sp-api declarations in paritytech/polkadot-sdk, and pallets/*/runtime-api in opentensor/subtensor.
var withoutArguments = []string{
	"Core_version",
	"Metadata_metadata",
	"Metadata_metadata_versions",
	"AuraApi_slot_duration",
	"AuraApi_authorities",
	"BabeApi_configuration",
	"BabeApi_current_epoch_start",
	"BabeApi_current_epoch",
	"BabeApi_next_epoch",
	"GrandpaApi_grandpa_authorities",
	"GrandpaApi_current_set_id",
	"BeefyApi_beefy_genesis",
	"BeefyApi_validator_set",
	"MmrApi_mmr_root",
	"MmrApi_mmr_leaf_count",
	"AuthorityDiscoveryApi_authorities",
	"BlockBuilder_finalize_block",
	"BlockBuilder_random_seed",
	"GenesisBuilder_create_default_config",
	"ParachainHost_validators",
	"ParachainHost_validator_groups",
	"ParachainHost_availability_cores",
	"ParachainHost_session_index_for_child",
	"ParachainHost_candidate_events",
	"ParachainHost_on_chain_votes",
	"ParachainHost_pvfs_require_precheck",
	"ParachainHost_disputes",
	"DelegateInfoRuntimeApi_get_delegates",
	"SubnetInfoRuntimeApi_get_subnets_info",
	"SubnetRegistrationRuntimeApi_get_network_registration_cost",
}

// trapsWithoutState are the functions that end in a panic of the runtime, under every host, in the state that the test gives them, with
// the runtime's own words for it.
var trapsWithoutState = map[string]string{
	"BlockBuilder_finalize_block": "Timestamp must be updated once in the block",
	"BabeApi_current_epoch":       "EpochConfig is initialized in genesis",
	"BabeApi_next_epoch":          "EpochConfig is initialized in genesis",
}

// state returns the state that the blob's functions are called on: the genesis of the chain spec that the blob is from, and nothing where it
// came alone.
func (b blob) state(t testing.TB) storage.State {
	t.Helper()
	changes := &storage.Changes{}
	if strings.HasSuffix(b.path, ".json") {
		top := b.genesis(t)
		for _, key := range slices.Sorted(maps.Keys(top)) {
			value, err := hex.DecodeString(strings.TrimPrefix(top[key], "0x"))
			if err != nil {
				t.Fatal(err)
			}
			changes.Top = append(changes.Top, storage.Change{Key: fromHex(t, key), Value: value})
		}
	}
	state, err := storage.NewMemoryState(changes, trie.V0)
	if err != nil {
		t.Fatal(err)
	}
	return state
}

// answerOf is what a call ended in: the bytes, or the guest's last words.
func answerOf(t testing.TB, r *Runtime, state storage.State, api string) (answer []byte, words string) {
	t.Helper()
	answer, err := r.Call(context.Background(), &Env{Storage: storage.NewOverlay(state), MaxLogLevel: LogError}, api, nil)
	if err == nil {
		return answer, ""
	}
	var trap *Trap
	if !errors.As(err, &trap) {
		t.Fatalf("%s: %v", api, err)
	}
	return nil, trap.Err.Error()
}

// Every function without argument that a real runtime has answers, or ends in a panic of the runtime that is known; and the interpreter says the same.
func TestCallsWithoutArgument(t *testing.T) {
	interpreter := newTestEngine(t, Config{Interpreter: true})
	for _, b := range blobs {
		t.Run(b.name, func(t *testing.T) {
			compiled := loadShared(t, b)
			interpreted, err := interpreter.Load(context.Background(), b.code(t))
			if err != nil {
				t.Fatal(err)
			}
			state := b.state(t)
			answered, trapped := 0, 0
			for _, api := range withoutArguments {
				if !slices.Contains(compiled.Info().Exports, api) {
					continue
				}
				answer, words := answerOf(t, compiled, state, api)
				other, otherWords := answerOf(t, interpreted, state, api)
				if !bytes.Equal(answer, other) || words != otherWords {
					t.Errorf("%s: compiler %d bytes, %q; interpreter %d bytes, %q", api, len(answer), words, len(other), otherWords)
				}
				if words == "" {
					answered++
					if len(answer) == 0 {
						t.Errorf("%s: empty answer", api)
					}
					t.Logf("%s: %d bytes", api, len(answer))
					continue
				}
				trapped++
				t.Logf("%s: %s", api, words)
				if known := trapsWithoutState[api]; known == "" || !strings.Contains(words, known) {
					t.Errorf("%s: trap: %s", api, words)
				}
			}
			if answered < 5 {
				t.Errorf("only %d functions answer", answered)
			}
			t.Logf("%d answered, %d trapped", answered, trapped)
		})
	}
}

// The version that the custom sections tell is the one that the runtime answers.
func TestEmbeddedVersion(t *testing.T) {
	for _, b := range blobs {
		t.Run(b.name, func(t *testing.T) {
			r := loadShared(t, b)
			told, err := r.Version(context.Background())
			if err != nil {
				t.Fatal(err)
			}
			if told.SpecName != b.specName || told.SpecVersion != b.specVersion {
				t.Errorf("version %s %d, expected %s %d", told.SpecName, told.SpecVersion, b.specName, b.specVersion)
			}
			stated, err := EmbeddedVersion(b.code(t))
			if err != nil || !reflect.DeepEqual(stated, r.Info().Version) {
				t.Errorf("the sections state %+v, %v, expected %+v", stated, err, r.Info().Version)
			}
			answer := mustCall(t, r, &Env{}, "Core_version", nil)
			if r.Info().Version != nil && !bytes.Equal(told.AppendScale(nil), answer) {
				t.Errorf("the sections say %x, the runtime answers %x", told.AppendScale(nil), answer)
			}
			metadata, err := r.Metadata(context.Background())
			if err != nil {
				t.Fatal(err)
			}
			if !bytes.HasPrefix(metadata, []byte("meta")) {
				t.Errorf("metadata starts with % x", metadata[:4])
			}
			if _, _, err := r.MetadataAt(context.Background(), 14); r.Has("Metadata_metadata_at_version") != (err == nil) || err != nil && !errors.Is(err, ErrUnknownAPI) {
				t.Errorf("metadata of version 14: %v", err)
			}
		})
	}
}
