package conformance

import (
	"encoding/hex"
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/gotensor/gotensor/primitives/chain"
	"github.com/gotensor/gotensor/primitives/scale"
	"github.com/gotensor/gotensor/testnet/driver"
)

// dumpVariable names a folder. Where it is set, TestDump writes there what another host needs to run blocks of ours.
const dumpVariable = "GOTENSOR_DUMP"

// dump is a chain for another executor: its genesis, and blocks with the roots that they must give. All bytes are hex behind 0x.
type dump struct {
	Name            string      `json:"name"`
	StateVersion    uint8       `json:"state_version"`
	ParentStateRoot string      `json:"parent_state_root"` // of the genesis
	GenesisHash     string      `json:"genesis_hash"`
	Code            string      `json:"code"` // "" where it is what stands under :code
	Top             [][2]string `json:"top"`
	Children        []dumpChild `json:"children"`
	Blocks          []dumpBlock `json:"blocks"`
	Calls           [][2]string `json:"calls"` // runtime APIs and arguments, to be called on the genesis
}

type dumpChild struct {
	Key     string      `json:"key"`
	Entries [][2]string `json:"entries"`
}

type dumpBlock struct {
	Block      string   `json:"block"`       // SCALE: header and extrinsics, the argument of Core_execute_block
	InitHeader string   `json:"init_header"` // SCALE: the argument of Core_initialize_block
	Extrinsics []string `json:"extrinsics"`  // SCALE, with their length: the arguments of BlockBuilder_apply_extrinsic
	Apply      []string `json:"apply"`       // what that answers for each; "" for inherents
	Header     string   `json:"header"`      // SCALE: what BlockBuilder_finalize_block answers
	StateRoot  string   `json:"state_root"`
}

func bytesHex(b []byte) string { return "0x" + hex.EncodeToString(b) }

// TestDump writes each subject with some blocks as JSON, for hosts that others wrote and that are run by hand.
func TestDump(t *testing.T) {
	dir := os.Getenv(dumpVariable)
	if dir == "" {
		t.Skipf("%s names no folder", dumpVariable)
	}
	for _, s := range subjects {
		t.Run(s.name, func(t *testing.T) {
			c := s.get(t, 1)
			out := dump{
				Name: s.name, StateVersion: c.version.StateVersion(), GenesisHash: c.genesis.Hash.String(), ParentStateRoot: c.genesis.State.Root().String(),
				Children: []dumpChild{}, Calls: [][2]string{{"AuraApi_slot_duration", "0x"}, {"AuraApi_authorities", "0x"}, {"GrandpaApi_grandpa_authorities", "0x"}, {"Metadata_metadata", "0x"}},
			}
			changes := c.spec.Genesis.Changes()
			for _, change := range changes.Top {
				out.Top = append(out.Top, [2]string{bytesHex(change.Key), bytesHex(change.Value)})
			}
			for _, child := range changes.Child {
				d := dumpChild{Key: bytesHex(child.Child)}
				for _, change := range child.Changes {
					d.Entries = append(d.Entries, [2]string{bytesHex(change.Key), bytesHex(change.Value)})
				}
				out.Children = append(out.Children, d)
			}

			alice, bob := sender(t, "//Alice"), sender(t, "//Bob")
			parent := c.genesis
			nonce := uint32(0)
			for _, transfers := range []int{0, 1, 100} {
				var extrinsics []chain.OpaqueExtrinsic
				for i := range transfers {
					call := c.transferKeepAlive(t, bob.Account(), uint64(i+1)*taoInRao)
					extrinsics = append(extrinsics, c.sign(t, alice, call, terms{birth: c.genesis.Hash, nonce: nonce}))
					nonce++
				}
				block, applied := c.author(t, parent, extrinsics)
				if _, err := c.Execute(t.Context(), parent, block.Block); err != nil {
					t.Fatal(err)
				}
				d := dumpBlock{Block: bytesHex(scale.Marshal(block.Block)), Header: bytesHex(scale.Marshal(block.Header)), StateRoot: block.Header.StateRoot.String()}
				opening := chain.Header{ParentHash: parent.Hash, Number: block.Header.Number, Digest: opened(block)}
				d.InitHeader = bytesHex(scale.Marshal(opening))
				for i, x := range block.Extrinsics {
					d.Extrinsics = append(d.Extrinsics, bytesHex(scale.Marshal(x)))
					answer := ""
					if at := i - (len(block.Extrinsics) - len(applied)); at >= 0 {
						answer = bytesHex(applied[at].Result)
					}
					d.Apply = append(d.Apply, answer)
				}
				out.Blocks = append(out.Blocks, d)
				parent = block
			}
			data, err := json.Marshal(out)
			if err != nil {
				t.Fatal(err)
			}
			path := filepath.Join(dir, strings.ReplaceAll(s.name, " ", "-")+".json")
			if err := os.WriteFile(path, data, 0o644); err != nil {
				t.Fatal(err)
			}
			t.Logf("%s: %d bytes, genesis %s, %d blocks", path, len(data), out.GenesisHash, len(out.Blocks))
		})
	}
}

// opened is the digest that the author of block began it with.
func opened(block *driver.Block) []chain.DigestItem {
	var out []chain.DigestItem
	for _, item := range block.Header.Digest {
		if item.Kind == chain.DigestPreRuntime {
			out = append(out, item)
		}
	}
	return out
}
