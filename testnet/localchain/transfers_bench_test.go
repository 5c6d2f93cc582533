package localchain_test

import (
	"bytes"
	"encoding/hex"
	"math"
	"os"
	"strconv"
	"testing"
	"time"

	"github.com/gotensor/gotensor/internal/outside"
	"github.com/gotensor/gotensor/node/chainspec"
	"github.com/gotensor/gotensor/primitives/chain"
	"github.com/gotensor/gotensor/storage/trie"
	"github.com/gotensor/gotensor/testnet/driver"
	"github.com/gotensor/gotensor/wasmhost"
)

// transfers is how many a block of BenchmarkTransfers holds.
const transfers = 1000

// fullBlock is a block of transfers between accounts that exist, each of another sender, with what it is executed on.
type fullBlock struct {
	chain  *driver.Chain
	parent *driver.Block
	block  *driver.Block
}

// newFullBlock has alice give money to all senders in the first block after genesis; the block is the second.
func newFullBlock(b *testing.B, c *driver.Chain, genesis *driver.Block, terms driver.Terms) fullBlock {
	c.Signatures = wasmhost.NewSignatures(4 * transfers)
	duration, err := c.SlotDuration(b.Context(), genesis)
	if err != nil {
		b.Fatal(err)
	}
	author := func(parent *driver.Block, slot uint64, extrinsics []chain.OpaqueExtrinsic) *driver.Block {
		digest, inherents := driver.Slot(slot, duration)
		block, applied, err := c.Author(b.Context(), parent, digest, inherents, extrinsics)
		if err != nil {
			b.Fatal(err)
		}
		for i, a := range applied {
			if !a.OK {
				b.Fatalf("transfer %d: %x, %v", i, a.Result, a.Err)
			}
		}
		return block
	}
	alice := sender(b, "//Alice")
	var senders []*driver.Sender
	var gifts, extrinsics []chain.OpaqueExtrinsic
	for i := range transfers {
		s := sender(b, "//Transfer//"+strconv.Itoa(i))
		senders = append(senders, s)
		gifts = append(gifts, alice.Sign(transfer(s.Account(), 100_000_000_000), terms))
	}
	for i, s := range senders {
		extrinsics = append(extrinsics, s.Sign(transfer(senders[(i+transfers/2)%transfers].Account(), 12_345_678), terms))
	}
	parent := author(genesis, slot0, gifts)
	return fullBlock{c, parent, author(parent, slot0+1, extrinsics)}
}

// execute runs the block and returns how long that took by b's clock.
func (f fullBlock) execute(b *testing.B) {
	got, err := f.chain.Execute(b.Context(), f.parent, f.block.Block)
	if err != nil {
		b.Fatal(err)
	}
	if got.Hash != f.block.Hash {
		b.Fatalf("block %v, expected %v", got.Hash, f.block.Hash)
	}
}

// newSubtensor is a network of Subtensor 143, a runtime built with Rust.
func newSubtensor(b *testing.B, e *wasmhost.Engine) *network {
	spec, err := chainspec.ReadFile(outside.Path(b, 1, "opentensor/subtensor/chainspecs/raw_spec_testfinney.json"))
	if err != nil {
		b.Fatal(err)
	}
	text, err := os.ReadFile(outside.Path(b, 1, "opentensor/subtensor/node/src/chain_spec/code_substitute_2585476.txt"))
	if err != nil {
		b.Fatal(err)
	}
	code, err := hex.DecodeString(string(bytes.TrimPrefix(bytes.TrimSpace(text), []byte("0x"))))
	if err != nil {
		b.Fatal(err)
	}
	alice := sender(b, "//Alice").Account()
	if err := driver.DevGenesis(&spec.Genesis, code, alice, alice, alice, []chain.AccountID{alice}, 1_000_000_000_000_000); err != nil {
		b.Fatal(err)
	}
	built, err := spec.Genesis.Build(trie.V1)
	if err != nil {
		b.Fatal(err)
	}
	genesis, c := driver.Genesis(built), driver.New(e)
	rt, err := c.Runtime(b.Context(), genesis)
	if err != nil {
		b.Fatal(err)
	}
	version, err := rt.Version(b.Context())
	if err != nil {
		b.Fatal(err)
	}
	return &network{Chain: c, engine: e, genesis: genesis, terms: driver.Terms{Version: version, Genesis: genesis.Hash, Birth: genesis.Hash}}
}

// BenchmarkTransfers executes a block of 1,000 transfers, of 1,000 senders, whose signatures were verified before, under our runtime and under
// Subtensor's, which was built with Rust, in turn: row 4 of the targets. It reports microseconds for a transfer in the fastest block of each, and their ratio.
func BenchmarkTransfers(b *testing.B) {
	n := newNetwork(b, wasmhost.Config{})
	s := newSubtensor(b, n.engine)
	blocks := []fullBlock{newFullBlock(b, n.Chain, n.genesis, n.terms), newFullBlock(b, s.Chain, s.genesis, s.terms)}
	least := []time.Duration{math.MaxInt64, math.MaxInt64}
	for b.Loop() {
		for i, block := range blocks {
			began := time.Now()
			block.execute(b)
			least[i] = min(least[i], time.Since(began))
		}
	}
	b.ReportMetric(float64(least[0].Microseconds())/transfers, "µs/ours")
	b.ReportMetric(float64(least[1].Microseconds())/transfers, "µs/theirs")
	b.ReportMetric(float64(least[0])/float64(least[1]), "ratio")
}
