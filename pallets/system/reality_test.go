package system_test

import (
	"bytes"
	"context"
	"encoding/hex"
	"maps"
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/gotensor/gotensor/internal/outside"
	"github.com/gotensor/gotensor/node/chainspec"
	"github.com/gotensor/gotensor/pallets/executive"
	"github.com/gotensor/gotensor/pallets/frame"
	"github.com/gotensor/gotensor/pallets/system"
	"github.com/gotensor/gotensor/primitives/chain"
	"github.com/gotensor/gotensor/primitives/hash"
	"github.com/gotensor/gotensor/primitives/scale"
	"github.com/gotensor/gotensor/storage"
	"github.com/gotensor/gotensor/storage/trie"
	"github.com/gotensor/gotensor/testnet/driver"
	"github.com/gotensor/gotensor/testnet/native"
	"github.com/gotensor/gotensor/wasmhost"
)

// items are the storage items of System, by whose keys a state's entries are told.
var items = []string{
	"Account", "ExtrinsicCount", "InherentsApplied", "BlockWeight", "AllExtrinsicsLen", "BlockHash", "ExtrinsicData", "Number", "ParentHash", "Digest", "Events",
	"EventCount", "EventTopics", "LastRuntimeUpgrade", "UpgradedToU32RefCount", "UpgradedToTripleRefCount", "ExecutionPhase", "AuthorizedUpgrade",
	"ExtrinsicWeightReclaimed", ":__STORAGE_VERSION__:",
}

// systemEntries returns the entries of System but accounts, and those that belong to no pallet but code, by item and the key behind it.
func systemEntries(state storage.State) map[string][]byte {
	prefix := hash.Twox128([]byte("System"))
	found := make(map[string][]byte)
	var key []byte
	for {
		next, ok, err := state.NextKey(nil, key)
		if err != nil {
			panic(err)
		}
		if !ok {
			return found
		}
		key = next
		name := string(key)
		if bytes.HasPrefix(key, prefix[:]) {
			name = "unknown " + hex.EncodeToString(key)
			for _, item := range items {
				if p := frame.PrefixOf("System", item); bytes.HasPrefix(key, p[:]) {
					name = strings.TrimSpace(item + " " + hex.EncodeToString(key[len(p):]))
				}
			}
		} else if key[0] != ':' {
			continue
		}
		if name == ":code" || strings.HasPrefix(name, "Account ") {
			continue
		}
		if found[name], _, err = state.Get(nil, key); err != nil {
			panic(err)
		}
	}
}

// TestBlockAsSubtensor authors blocks with Subtensor's runtime of spec 143, applies the same extrinsics with ours, and compares headers and what
// System keeps behind each block: the same keys, and the same bytes where the other pallets have no part in them.
func TestBlockAsSubtensor(t *testing.T) {
	specPath := outside.Path(t, 3, "opentensor/subtensor/chainspecs/raw_spec_testfinney.json")
	codePath := outside.Path(t, 3, "opentensor/subtensor/node/src/chain_spec/code_substitute_2585476.txt")
	ctx := context.Background()
	spec, err := chainspec.ReadFile(specPath)
	if err != nil {
		t.Fatal(err)
	}
	text, err := os.ReadFile(codePath)
	if err != nil {
		t.Fatal(err)
	}
	code, err := hex.DecodeString(strings.TrimPrefix(strings.TrimSpace(string(text)), "0x"))
	if err != nil {
		t.Fatal(err)
	}
	alice, err := driver.NewSender("//Alice")
	if err != nil {
		t.Fatal(err)
	}
	who := alice.Account()
	if err := driver.DevGenesis(&spec.Genesis, code, who, who, who, []chain.AccountID{who}, 1e12); err != nil {
		t.Fatal(err)
	}
	built, err := spec.Genesis.Build(trie.V1)
	if err != nil {
		t.Fatal(err)
	}
	engine, err := wasmhost.NewEngine(wasmhost.Config{})
	if err != nil {
		t.Fatal(err)
	}
	c, parent := driver.New(engine), driver.Genesis(built)
	genesis := parent.Hash
	rt, err := c.Runtime(ctx, parent)
	if err != nil {
		t.Fatal(err)
	}
	version, err := rt.Version(ctx)
	if err != nil {
		t.Fatal(err)
	}

	// Ours: System over a genesis with that account, and stand-ins that decode what the extrinsics hold of other pallets.
	p := &system.Pallet{
		Constants: system.Constants{
			BlockWeights: system.SensibleBlockWeights(frame.Weight{RefTime: 4e12, ProofSize: 1<<64 - 1}, 75),
			BlockLength:  system.BlockLengthOf(10<<20, 75), BlockHashCount: 2400, Version: version,
		},
		MaxConsumers: 16,
	}
	e := executive.New(frame.Install(nil, frame.Entry{Index: 0, Name: "System", Pallet: p}, frame.Entry{Index: 2, Name: "Timestamp", Pallet: new(clock)}),
		[]frame.Extension{
			system.CheckNonZeroSender{}, system.CheckSpecVersion{}, system.CheckTxVersion{}, system.CheckGenesis{}, new(system.CheckMortality),
			new(system.CheckNonce), new(system.CheckWeight), tip{},
		})
	ext := native.New(t)
	ext.Run(func() {
		if err := p.BuildGenesis(nil); err != nil {
			t.Fatal(err)
		}
		frame.PutStorageVersion(p)
		system.IncProviders(who)
	})
	ext.Next()

	for n := range 3 {
		digest, inherents := driver.Slot(uint64(1000+n), 12000)
		remark := alice.Sign(scale.AppendString([]byte{0, 7}, "remark"), driver.Terms{Version: version, Genesis: genesis, Birth: genesis})
		block, applied, err := c.Author(ctx, parent, digest, inherents, []chain.OpaqueExtrinsic{remark})
		if err != nil {
			t.Fatal(err)
		}
		if !applied[0].OK {
			t.Fatalf("block %d: remark: %+v", n+1, applied[0])
		}
		var header chain.Header
		ext.Run(func() {
			e.InitializeBlock(&chain.Header{Number: block.Header.Number, ParentHash: block.Header.ParentHash, Digest: digest})
			for i, xt := range block.Extrinsics {
				if result := e.ApplyExtrinsic(scale.Marshal(xt)); !bytes.Equal(result, []byte{0, 0}) {
					t.Fatalf("block %d: extrinsic %d: %x", n+1, i, result)
				}
			}
			header = e.FinalizeBlock()
		})
		want := block.Header
		if header.Number != want.Number || header.ParentHash != want.ParentHash || header.ExtrinsicsRoot != want.ExtrinsicsRoot ||
			!bytes.Equal(chain.Digest(header.Digest).AppendScale(nil), chain.Digest(want.Digest).AppendScale(nil)) {
			t.Errorf("header %+v, want %+v but for the state root", header, want)
		}

		theirs := systemEntries(block.State)
		ext.Next()
		ours := systemEntries(ext.State())
		delete(theirs, ":grandpa_authorities") // of another pallet
		if got, want := slices.Sorted(maps.Keys(ours)), slices.Sorted(maps.Keys(theirs)); !slices.Equal(got, want) {
			t.Fatalf("block %d: System has %q, want %q", n+1, got, want)
		}
		compared := 0
		for name, want := range theirs {
			switch name {
			case "BlockWeight", "Events", "EventCount": // what calls weigh, and events of other pallets, are those of another spec
				continue
			}
			compared++
			if got := ours[name]; !bytes.Equal(got, want) {
				t.Errorf("block %d: %s is %x, want %x", n+1, name, got, want)
			}
		}
		if compared < 8 {
			t.Fatalf("block %d: %d values compared", n+1, compared)
		}
		// The event of the remark, with phase and topics, to the byte.
		record := system.EventRecord{
			Phase: system.Phase{Kind: system.PhaseApplyExtrinsic, Extrinsic: 1},
			Event: system.Remarked{Sender: who, Hash: hash.Blake2b256([]byte("remark"))}.AppendEvent(nil),
		}.AppendScale(nil)
		if !bytes.Contains(theirs["Events"], record) || !bytes.Contains(ours["Events"], record) {
			t.Errorf("block %d: the remark's event is not in %x or not in %x", n+1, theirs["Events"], ours["Events"])
		}
		parent = block
	}
}

// tip stands in for the extension that charges fees.
type tip struct{ frame.Plain }

func (tip) Identifier() string      { return "ChargeTransactionPayment" }
func (tip) Decode(d *scale.Decoder) { d.Compact() }

// clock stands in for the pallet with the inherent of the time.
type clock struct{}

func (*clock) Bind(uint8, string) {}
func (*clock) Index() uint8       { return 2 }
func (*clock) Name() string       { return "Timestamp" }

func (*clock) DecodeCall(d *scale.Decoder) frame.Call {
	if index := d.U8(); index != 0 {
		d.FailVariant("call of Timestamp", index)
	}
	return setTime(d.Compact())
}

func (*clock) InherentID() [8]byte                                   { return [8]byte([]byte("timstap0")) }
func (*clock) CreateInherent([]byte) frame.Call                      { return nil }
func (*clock) CheckInherent(frame.Call, []byte) *frame.InherentError { return nil }
func (*clock) IsInherent(frame.Call) bool                            { return true }

// setTime is its call.
type setTime uint64

func (setTime) CallIndex() (pallet, call uint8) { return 2, 0 }
func (c setTime) AppendScale(dst []byte) []byte {
	return scale.AppendCompact(append(dst, 2, 0), uint64(c))
}
func (setTime) Info() frame.DispatchInfo { return frame.DispatchInfo{Class: frame.Mandatory} }
func (setTime) Run(origin frame.Origin) (frame.PostInfo, error) {
	return frame.PostInfo{}, origin.None()
}
