package driver

import (
	"bytes"
	"context"
	"encoding/json"
	"slices"
	"strings"
	"testing"

	"github.com/gotensor/gotensor/internal/outside"
	"github.com/gotensor/gotensor/node/chainspec"
	"github.com/gotensor/gotensor/primitives/chain"
	"github.com/gotensor/gotensor/primitives/hash"
	"github.com/gotensor/gotensor/primitives/scale"
	"github.com/gotensor/gotensor/storage"
	"github.com/gotensor/gotensor/storage/trie"
	"github.com/gotensor/gotensor/wasmhost"
)

// stateOf makes the state of hex keys and values, children by their storage key.
//
// Fixtures list the roots of child tries among the keys of the top trie; a state calculates them, so they are taken out here and compared.
func stateOf(t *testing.T, top map[string]string, children map[string]map[string]string, version trie.Version) storage.State {
	t.Helper()
	list := func(entries map[string]string) (out []storage.Change) {
		for key, value := range entries {
			out = append(out, storage.Change{Key: unhex(t, []byte(key)), Value: unhex(t, []byte(value))})
		}
		slices.SortFunc(out, func(a, b storage.Change) int { return strings.Compare(string(a.Key), string(b.Key)) })
		return out
	}
	changes := &storage.Changes{Top: list(top)}
	roots := map[string][]byte{}
	changes.Top = slices.DeleteFunc(changes.Top, func(c storage.Change) bool {
		child, ok := bytes.CutPrefix(c.Key, storage.ChildRootKey(nil))
		if ok {
			roots[string(child)] = c.Value
		}
		return ok
	})
	for key, entries := range children {
		changes.Child = append(changes.Child, storage.ChildChanges{Child: unhex(t, []byte(key)), Changes: list(entries)})
	}
	slices.SortFunc(changes.Child, func(a, b storage.ChildChanges) int { return strings.Compare(string(a.Child), string(b.Child)) })
	state, err := storage.NewMemoryState(changes, version)
	if err != nil {
		t.Fatal(err)
	}
	for child, want := range roots {
		if root, err := state.ChildRoot([]byte(child)); err != nil || !bytes.Equal(root[:], want) {
			t.Fatalf("root of child trie 0x%x: got %s, %v, want 0x%x", child, root, err, want)
		}
	}
	return state
}

// execute runs block on state and wants the root in its header. Only the state of the parent is known, not its header.
func execute(t *testing.T, c *Chain, state storage.State, block chain.Block) {
	t.Helper()
	parent := &Block{State: state, Hash: block.Header.ParentHash}
	parent.Header.Number = block.Header.Number - 1
	done, err := c.Execute(context.Background(), parent, block)
	if err != nil {
		t.Fatal(err)
	}
	t.Logf("block %d: root %s, %d keys of the top trie changed", block.Header.Number, done.State.Root(), len(done.Changes.Top))
}

// TestSmoldotBlocks executes the blocks that smoldot records in lib/src/executor/runtime_call: a pallet that creates, reads and destroys child tries.
func TestSmoldotBlocks(t *testing.T) {
	names := []string{"child-trie-create-multiple", "child-trie-create-one", "child-trie-destroy", "child-trie-read-basic"}
	var c *Chain
	for _, name := range names {
		data := outside.Read(t, len(names), "smol-dot/smoldot/lib/src/executor/runtime_call/"+name+".json")
		if c == nil {
			c = New(engine(t, wasmhost.Config{}))
		}
		t.Run(name, func(t *testing.T) {
			var fixture struct {
				Block struct {
					Header string
					Body   []string
				}
				ParentStorage struct {
					MainTrie   map[string]string
					ChildTries map[string]map[string]string
				}
			}
			if err := json.Unmarshal(data, &fixture); err != nil {
				t.Fatal(err)
			}
			header, err := scale.Unmarshal[chain.Header](unhex(t, []byte(fixture.Block.Header)))
			if err != nil {
				t.Fatal(err)
			}
			block := chain.Block{Header: header}
			for _, x := range fixture.Block.Body {
				extrinsic, err := scale.Unmarshal[chain.OpaqueExtrinsic](unhex(t, []byte(x)))
				if err != nil {
					t.Fatal(err)
				}
				block.Extrinsics = append(block.Extrinsics, extrinsic)
			}
			execute(t, c, stateOf(t, fixture.ParentStorage.MainTrie, fixture.ParentStorage.ChildTries, trie.V1), block)
		})
	}
}

// recorded is a block of a public chain with the root of its parent's state. Source of the values: ChainSafe/gossamer,
// lib/runtime/wazero/instance_test.go, where they come from nodes of those chains.
type recorded struct {
	name       string
	parentRoot string
	header     [4]string // parent hash, state root, extrinsics root, digest (encoded)
	number     chain.BlockNumber
	body       string // encoded
	state      func(t *testing.T) storage.State
}

const gossamer = "ChainSafe/gossamer/"

var recordings = []recorded{
	{
		name:       "kusama 1",
		parentRoot: "0xb0006203c3a6e6bd2c6a17b1d4ae8ca49a31da0f4579da950b127774b44aef6b",
		number:     1,
		header: [4]string{
			"0xb0a8d493285c2df73290dfb7e61f870f17b41801197a149ca93654499ea3dafe",
			"0xfabb0c6e92d29e8bb2167f3c6fb0ddeb956a4278a3cf853661af74a076fc9cb7",
			"0xa35fb7f7616f5c979d48222b3d2fa7cb2331ef73954726714d91ca945cc34fd8",
			"0x0c0642414245340201000000ef55a50f00000000044241424549040118ca239392960473fe1bc65f94ee27d890a49c1b200c006ff5dcc525330ecc16770100000000000000b46f01874ce7abbb5220e8fd89bede0adad14c73039d91e28e881823433e723f0100000000000000d684d9176d6eb69887540c9a89fa6097adea82fc4b0ff26d1062b488f352e179010000000000000068195a71bdde49117a616424bdc60a1733e96acb1da5aeab5d268cf2a572e94101000000000000001a0575ef4ae24bdfd31f4cb5bd61239ae67c12d4e64ae51ac756044aa6ad8200010000000000000018168f2aad0081a25728961ee00627cfe35e39833c805016632bf7c14da5800901000000000000000000000000000000000000000000000000000000000000000000000000000000054241424501014625284883e564bc1e4063f5ea2b49846cdddaa3761d04f543b698c1c3ee935c40d25b869247c36c6b8a8cbbd7bb2768f560ab7c276df3c62df357a7e3b1ec8d",
		},
		body: "0x08280402000b90110eb36e011004140000",
		state: func(t *testing.T) storage.State {
			spec, err := chainspec.ReadFile(outside.Path(t, 1, gossamer+"chain/kusama/chain-spec-raw.json"))
			if err != nil {
				t.Fatal(err)
			}
			genesis, err := spec.Genesis.Build(trie.V0)
			if err != nil {
				t.Fatal(err)
			}
			if got := genesis.Hash.String(); got != "0xb0a8d493285c2df73290dfb7e61f870f17b41801197a149ca93654499ea3dafe" {
				t.Fatalf("genesis hash of Kusama: got %s", got)
			}
			return genesis.State
		},
	},
	{
		name:       "kusama 3784",
		parentRoot: "0x948338bc0976aee78879d559a1f42385407e5a481b05a91d2a9386aa7507e7a0",
		number:     3784,
		header: [4]string{
			"0x4843b4aa38cf2e3e2f6fae401b98dd705bed668a82dd3751dc38f1601c814ca8",
			"0xac44cc18ec22f0f3fca39dfe8725c0383af1c982a833e081fbb2540e46eb09a5",
			"0x52b7d4852fc648cb8f908901e1e36269593c25050c31718454bca74b69115d12",
			"0x080642414245340203000000bd64a50f0000000005424142450101bc0d6850dba8d32ea1dbe26cb4ac56da6cca662c7cc642dc8eed32d2bddd65029f0721436eafeebdf9b4f17d1673c6bc6c3c51fe3dda3121a5fc60c657a5808b",
		},
		body: "0x10280402000bb00d69b46e0114040900193b10041400009101041300eaaec5728cd6ea9160ff92a49bb45972c532d2163241746134726aaa5b2f72129d8650715320f23765c6306503669f69bf684b188dea73b1e247dd1dd166513b1c13daa387c35f24ac918d2fa772b73cffd20204a8875e48a1b11bb3229deb7f00",
		state: func(t *testing.T) storage.State {
			var answer struct{ Result [][2]string }
			if err := json.Unmarshal(outside.Read(t, 1, gossamer+"lib/runtime/test_data/kusama/block3783.out"), &answer); err != nil {
				t.Fatal(err)
			}
			top := map[string]string{}
			for _, pair := range answer.Result {
				top[pair[0]] = pair[1]
			}
			return stateOf(t, top, nil, trie.V0)
		},
	},
}

// TestRecordedBlocks executes blocks of public chains on the recorded state of their parents.
func TestRecordedBlocks(t *testing.T) {
	for _, r := range recordings {
		t.Run(r.name, func(t *testing.T) {
			state := r.state(t)
			if got := state.Root().String(); got != r.parentRoot {
				t.Fatalf("root of the parent's state: got %s, want %s", got, r.parentRoot)
			}
			block := chain.Block{Header: chain.Header{Number: r.number}}
			for i, to := range []*hash.H256{&block.Header.ParentHash, &block.Header.StateRoot, &block.Header.ExtrinsicsRoot} {
				if err := to.UnmarshalText([]byte(r.header[i])); err != nil {
					t.Fatal(err)
				}
			}
			var err error
			block.Header.Digest, err = scale.UnmarshalFunc(unhex(t, []byte(r.header[3])), func(d *scale.Decoder) []chain.DigestItem {
				return scale.DecodeSlice[chain.DigestItem](d)
			})
			if err != nil {
				t.Fatal(err)
			}
			block.Extrinsics, err = scale.UnmarshalFunc(unhex(t, []byte(r.body)), func(d *scale.Decoder) []chain.OpaqueExtrinsic {
				return scale.DecodeSlice[chain.OpaqueExtrinsic](d)
			})
			if err != nil {
				t.Fatal(err)
			}
			execute(t, New(engine(t, wasmhost.Config{})), state, block)
		})
	}
}
