package conformance

import (
	"encoding/hex"
	"encoding/json"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/gotensor/gotensor/primitives/chain"
	"github.com/gotensor/gotensor/primitives/metadata"
	"github.com/gotensor/gotensor/primitives/scale"
	"github.com/gotensor/gotensor/testnet/driver"
)

// dumpVariable names a folder. Where it is set, TestBlocks writes there what another host needs to run blocks of ours.
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

// TestBlocks makes five blocks of each subject with calls of most pallets, and imports them. It writes them as JSON where dumpVariable is set, for hosts that others wrote and
// that are run by hand.
func TestBlocks(t *testing.T) {
	dir := os.Getenv(dumpVariable)
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

			alice := sender(t, "//Alice")
			parent := c.genesis
			nonce := uint32(0)
			for _, calls := range dumpCalls(t, c) {
				var extrinsics []chain.OpaqueExtrinsic
				for _, call := range calls {
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
			if dir == "" {
				return
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

// dumpCalls are the calls of Alice, who is the sudo key, in each block: none, one, many transfers, one or more of most pallets, and none again while what was scheduled runs.
func dumpCalls(t *testing.T, c *testChain) [][][]byte {
	bob, charlie := sender(t, "//Bob").Account(), sender(t, "//Charlie").Account()
	u8 := func(v uint8) []byte { return []byte{v} }
	u16 := func(v uint16) []byte { return scale.AppendU16(nil, v) }
	u32 := func(v uint32) []byte { return scale.AppendU32(nil, v) }
	bytes := func(v string) []byte { return scale.AppendString(nil, v) }
	list := func(items ...[]byte) []byte {
		return append(scale.AppendCompact(nil, uint64(len(items))), slices.Concat(items...)...)
	}
	address := func(id chain.AccountID) []byte { return scale.Marshal(chain.AddressOf(id)) }
	none := u8(0)
	transfer := func(amount uint64) []byte { return c.transferKeepAlive(t, bob, amount) }
	remark := c.call(t, "System", "remark_with_event", bytes("a remark"))

	many := make([][]byte, 100)
	for i := range many {
		many[i] = transfer(uint64(i+1) * taoInRao)
	}
	const mixed = 4 // number of the block
	m, err := metadata.Decode(c.metadata[14])
	if err != nil {
		t.Fatal(err)
	}
	mixture := [][]byte{remark}
	// Of a pallet that the control lacks there is nothing.
	add := func(pallet, name string, arguments ...[]byte) {
		if m.Pallet(pallet) != nil {
			mixture = append(mixture, c.call(t, pallet, name, arguments...))
		}
	}
	add("Utility", "batch", list(remark, transfer(1_000), remark))
	add("Utility", "batch_all", list(transfer(2_000), transfer(3_000)))
	add("Utility", "force_batch", list(transfer(1<<62), remark)) // the first fails
	add("Proxy", "add_proxy", address(charlie), u8(0), u32(0))
	add("Proxy", "create_pure", u8(0), u32(0), u16(7))
	add("Multisig", "as_multi_threshold_1", list(bob[:]), remark)
	add("Preimage", "note_preimage", bytes("a preimage of some length, so that a reader sees it"))
	add("Sudo", "sudo", c.call(t, "Balances", "force_transfer", address(bob), address(charlie), scale.AppendCompact(nil, 5_000)))
	add("Sudo", "sudo", c.call(t, "System", "set_storage", list(slices.Concat(bytes("a key"), bytes("a value that is longer than thirty-two bytes, so that it is hashed")))))
	add("Sudo", "sudo", c.call(t, "Scheduler", "schedule", u32(mixed+1), none, u8(0), remark))
	add("Sudo", "sudo", c.call(t, "Scheduler", "schedule_after", u32(1), none, u8(63), transfer(1))) // Root has nothing to transfer
	return [][][]byte{{}, {transfer(taoInRao)}, many, mixture, {}}
}
