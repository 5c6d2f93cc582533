package finality_test

import (
	"context"
	"errors"
	"log/slog"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/gotensor/gotensor/consensus/grandpa"
	"github.com/gotensor/gotensor/internal/outside"
	"github.com/gotensor/gotensor/internal/tinyruntime"
	"github.com/gotensor/gotensor/node/chainspec"
	"github.com/gotensor/gotensor/node/client"
	"github.com/gotensor/gotensor/node/finality"
	"github.com/gotensor/gotensor/node/keystore"
	"github.com/gotensor/gotensor/primitives/chain"
	"github.com/gotensor/gotensor/primitives/keys"
	"github.com/gotensor/gotensor/primitives/scale"
	"github.com/gotensor/gotensor/runtime-wasm/blob"
	"github.com/gotensor/gotensor/runtime-wasm/runtime"
	"github.com/gotensor/gotensor/storage"
	"github.com/gotensor/gotensor/storage/db"
	"github.com/gotensor/gotensor/storage/trie"
	"github.com/gotensor/gotensor/testnet/driver"
	"github.com/gotensor/gotensor/testnet/localchain"
	"github.com/gotensor/gotensor/wasmhost"
)

var built = sync.OnceValues(func() (*blob.Code, error) {
	return localchain.Build(context.Background(), "../..", localchain.Flavour{})
})

// sharedEngine serves all tests, so that the runtime is compiled once.
var sharedEngine = sync.OnceValues(func() (*wasmhost.Engine, error) { return wasmhost.NewEngine(wasmhost.Config{}) })

// network is a chain of our own runtime; open gives further clients of it.
type network struct {
	engine  *wasmhost.Engine
	genesis *driver.Block
	terms   driver.Terms
}

func newNetwork(t testing.TB, preset string) *network {
	t.Helper()
	if testing.Short() {
		t.Skip("it compiles the standard library for Wasm")
	}
	code, err := built()
	if err != nil {
		t.Fatal(err)
	}
	engine, err := sharedEngine()
	if err != nil {
		t.Fatal(err)
	}
	genesis, err := localchain.Genesis(t.Context(), engine, code.Compressed, preset)
	if err != nil {
		t.Fatal(err)
	}
	return &network{engine, genesis, driver.Terms{Version: code.Version, Genesis: genesis.Hash, Birth: genesis.Hash, MetadataHash: true}}
}

// node is a client with finality, over a store in a folder.
type node struct {
	t        testing.TB
	n        *network
	store    *db.DB
	client   *client.Client
	finality *finality.Finality
	slot     uint64
	duration uint64 // of slots, in ms
	stop     context.CancelFunc
	done     chan error
}

func keysOf(t testing.TB, uris ...string) *keystore.Keystore {
	t.Helper()
	store := keystore.New("")
	for _, uri := range uris {
		if _, err := store.Generate(keys.Ed25519, grandpa.KeyType, uri); err != nil {
			t.Fatal(err)
		}
	}
	return store
}

// start opens, or makes, the store in dir and begins to vote.
func (n *network) start(t testing.TB, dir string, keystore *keystore.Keystore, change func(*finality.Config)) *node {
	t.Helper()
	store, err := db.OpenFolder(dir, db.MinMemory, db.Options{})
	if err != nil {
		if store, err = db.CreateFolder(dir, db.MinMemory, n.genesis.Header, n.genesis.State, db.Options{}); err != nil {
			t.Fatal(err)
		}
	}
	c, err := client.New(t.Context(), client.Config{Engine: n.engine, Store: store, Signatures: wasmhost.NewSignatures(1000)})
	if err != nil {
		t.Fatal(err)
	}
	cfg := finality.Config{Client: c, Keystore: keystore}
	if change != nil {
		change(&cfg)
	}
	f, err := finality.New(t.Context(), cfg)
	if err != nil {
		t.Fatal(err)
	}
	ctx, stop := context.WithCancel(context.Background())
	out := &node{t: t, n: n, store: store, client: c, finality: f, slot: slot0 + uint64(c.Head().Best.Number)*10, duration: runtime.SlotDuration, stop: stop, done: make(chan error, 1)}
	go func() { out.done <- f.Run(ctx) }()
	t.Cleanup(out.close)
	return out
}

func (n *node) close() {
	if n.stop == nil {
		return
	}
	n.stop()
	n.stop = nil
	if err := <-n.done; err != nil {
		n.t.Error(err)
	}
	if err := n.store.Close(); err != nil {
		n.t.Error(err)
	}
}

const slot0 = 141_000_000

// author makes a block after parent.
func (n *node) author(parent db.Point, extrinsics ...chain.OpaqueExtrinsic) *client.Block {
	n.t.Helper()
	n.slot++
	digest, inherents := driver.Slot(n.slot, n.duration)
	b, err := n.client.Build(n.t.Context(), parent.Hash, digest)
	if err != nil {
		n.t.Fatal(err)
	}
	defer b.Close()
	if _, err := b.Inherents(n.t.Context(), inherents); err != nil {
		n.t.Fatal(err)
	}
	for _, x := range extrinsics {
		if applied, err := b.Apply(n.t.Context(), x); err != nil || !applied.OK {
			n.t.Fatalf("%+v, %v", applied, err)
		}
	}
	built, err := b.Finish(n.t.Context())
	if err != nil {
		n.t.Fatal(err)
	}
	block := built.Block
	block.Header.Digest = append(block.Header.Digest, chain.DigestItem{Kind: chain.DigestSeal, Engine: chain.EngineAura, Data: make([]byte, 64)})
	return &client.Block{Origin: client.OriginOwn, Block: block, Built: built}
}

// grow imports a block on the best one.
func (n *node) grow(extrinsics ...chain.OpaqueExtrinsic) db.Point {
	n.t.Helper()
	b := n.author(n.client.Head().Best, extrinsics...)
	number := b.Block.Header.Number
	hash, err := n.finality.Import(n.t.Context(), b)
	if err != nil {
		n.t.Fatal(err)
	}
	return db.Point{Number: number, Hash: hash}
}

// final waits until a block is final.
func (n *node) final(number chain.BlockNumber) {
	n.t.Helper()
	deadline := time.Now().Add(20 * time.Second)
	for n.client.Head().Finalised.Number < number {
		if time.Now().After(deadline) {
			state, ok := n.finality.RoundState()
			n.t.Fatalf("block %d is not final, %d is; %+v %v", number, n.client.Head().Finalised.Number, state, ok)
		}
		time.Sleep(time.Millisecond)
	}
}

// The one authority of a chain makes blocks final, two behind the best one, with justifications that verify; a node that looks on follows by these.
func TestSolo(t *testing.T) {
	n := newNetwork(t, "development")
	dir := t.TempDir()
	a := n.start(t, dir, keysOf(t, "//One"), nil)
	voters, setID := a.finality.Voters()
	var justifications [][]byte
	got := make(chan []byte, 100)
	go a.finality.Justifications(t.Context(), func(j []byte) error { got <- j; return nil })
	time.Sleep(10 * time.Millisecond)
	for i := range chain.BlockNumber(10) {
		a.grow()
		if i >= 2 {
			a.final(i - 1)
		}
	}
	for len(justifications) < 8 {
		justifications = append(justifications, <-got)
	}
	set, err := grandpa.NewVoterSet(voters)
	if err != nil {
		t.Fatal(err)
	}
	for i, data := range justifications {
		j, err := scale.Unmarshal[grandpa.Justification](data)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := grandpa.VerifyJustification(data, j.Commit.Target, setID, set); err != nil || j.Commit.Target.Number != chain.BlockNumber(i+1) {
			t.Fatalf("%d: %+v: %v", i, j, err)
		}
	}
}

// storageKey is where a value of a pallet is kept.
func storageKey(pallet, item string) []byte { return driver.StorageKey(pallet, item) }

// schedule is a call that announces other authorities in the block at number, which is the one that it is in.
func schedule(number chain.BlockNumber, delay uint32, forced *uint32, next ...grandpa.AuthorityID) []byte {
	change := scale.AppendU32(nil, uint32(number))
	change = scale.AppendU32(change, delay)
	change = scale.AppendLen(change, len(next))
	for _, id := range next {
		change = grandpa.Authority{ID: id, Weight: 1}.AppendScale(change)
	}
	change = scale.AppendOption(change, forced, scale.AppendU32)
	call := scale.AppendLen([]byte{12, 0, 0, 4}, 1) // sudo.sudo(system.set_storage)
	call = scale.AppendBytes(call, storageKey("Grandpa", "PendingChange"))
	return scale.AppendBytes(call, change)
}

func idOf(t testing.TB, uri string) grandpa.AuthorityID {
	t.Helper()
	pair, err := keys.FromURI(keys.Ed25519, uri, "")
	if err != nil {
		t.Fatal(err)
	}
	return grandpa.AuthorityID(pair.Public())
}

func aliceOf(t testing.TB) *driver.Sender {
	t.Helper()
	alice, err := driver.NewSender("//Alice")
	if err != nil {
		t.Fatal(err)
	}
	return alice
}

// copyTo imports a block of one node into another one, with a justification where there is one.
func copyTo(t testing.TB, from, to *node, block db.Point) {
	t.Helper()
	signed, err := from.store.SignedBlock(block.Hash)
	if err != nil {
		t.Fatal(err)
	}
	b := &client.Block{Origin: client.OriginNetwork, Block: signed.Block}
	if signed.Justifications != nil {
		b.Justifications = *signed.Justifications
	}
	if _, err := to.finality.Import(t.Context(), b); err != nil {
		t.Fatal(err)
	}
}

// The authorities change by a scheduled change: the old one hands over with a justification of the block that enacts it, the new one goes on, also after a
// restart. A node without keys follows by the justifications that come with blocks, and both prove the finality of old blocks.
func TestHandoff(t *testing.T) {
	n := newNetwork(t, "development")
	dir := t.TempDir()
	period := func(c *finality.Config) { c.JustificationPeriod = 4 }
	a := n.start(t, dir, keysOf(t, "//One", "//Two"), period)
	alice := aliceOf(t)
	for range 3 {
		a.grow()
	}
	a.final(1)
	at := a.grow(alice.Sign(schedule(4, 2, nil, idOf(t, "//Two")), n.terms)) // enacted by block 6
	if at.Number != 4 {
		t.Fatal(at)
	}
	for range 8 {
		a.grow()
	}
	a.final(10)
	voters, setID := a.finality.Voters()
	if setID != 1 || len(voters) != 1 || voters[0].ID != idOf(t, "//Two") {
		t.Fatalf("set %d: %v", setID, voters)
	}
	enacting, err := a.store.Hash(6)
	if err != nil {
		t.Fatal(err)
	}
	justifications, err := a.store.Justifications(enacting)
	if err != nil || len(justifications) != 1 {
		t.Fatalf("block 6: %v: %v", justifications, err)
	}
	one, err := grandpa.NewVoterSet([]grandpa.Authority{{ID: idOf(t, "//One"), Weight: 1}})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := grandpa.VerifyJustification(justifications[0].Data, grandpa.Target{Hash: enacting, Number: 6}, 0, one); err != nil {
		t.Error(err)
	}
	if state, ok := a.finality.RoundState(); !ok || state.SetID != 1 || state.Best.Total != 1 {
		t.Errorf("%+v %v", state, ok)
	}
	a.close()

	// Only the new key is there after the restart.
	a = n.start(t, dir, keysOf(t, "//Two"), period)
	for range 4 {
		a.grow()
	}
	a.final(14)

	b := n.start(t, t.TempDir(), nil, period)
	for i := chain.BlockNumber(1); i <= a.client.Head().Finalised.Number; i++ {
		h, err := a.store.Hash(i)
		if err != nil {
			t.Fatal(err)
		}
		copyTo(t, a, b, db.Point{Number: i, Hash: h})
	}
	if _, setID := b.finality.Voters(); setID != 1 {
		t.Errorf("set %d", setID)
	}
	if got := b.client.Head().Finalised.Number; got < 8 {
		t.Errorf("block %d is final", got)
	}
	for _, node := range []*node{a, b} {
		for _, test := range []struct{ block, by chain.BlockNumber }{{2, 6}, {6, 6}, {7, node.client.Head().Finalised.Number}} {
			data, err := node.finality.ProveFinality(t.Context(), test.block)
			if err != nil {
				t.Fatal(err)
			}
			proof, err := scale.Unmarshal[grandpa.FinalityProof](data)
			if err != nil {
				t.Fatal(err)
			}
			by, err := node.store.Hash(test.by)
			if err != nil || proof.Block != by || len(proof.UnknownHeaders) != int(test.by-test.block) {
				t.Errorf("proof of %d: %s with %d headers, expected %d %s: %v", test.block, proof.Block, len(proof.UnknownHeaders), test.by, by, err)
			}
			at := proof.Block
			for i := len(proof.UnknownHeaders) - 1; i >= 0; i-- {
				if proof.UnknownHeaders[i].Hash() != at {
					t.Errorf("proof of %d: header %d is not the one before", test.block, i)
				}
				at = proof.UnknownHeaders[i].ParentHash
			}
		}
		if _, err := node.finality.ProveFinality(t.Context(), 1000); !errors.Is(err, finality.ErrNotFinal) {
			t.Error(err)
		}
	}
	// A justification of a block that does not verify changes nothing.
	best := a.grow()
	bad := &client.Block{Origin: client.OriginNetwork, Justifications: chain.Justifications{{Engine: chain.EngineGrandpa, Data: justifications[0].Data}}}
	signed, err := a.store.SignedBlock(best.Hash)
	if err != nil {
		t.Fatal(err)
	}
	bad.Block = signed.Block
	before := b.client.Head().Finalised
	for i := b.client.Head().Best.Number + 1; i < best.Number; i++ {
		h, err := a.store.Hash(i)
		if err != nil {
			t.Fatal(err)
		}
		copyTo(t, a, b, db.Point{Number: i, Hash: h})
		before = b.client.Head().Finalised
	}
	if _, err := b.finality.Import(t.Context(), bad); err != nil || b.client.Head().Finalised != before {
		t.Errorf("%v, %v", b.client.Head(), err)
	}
	if err := b.finality.Justify(t.Context(), best.Hash, best.Number, bad.Justifications[0]); !errors.Is(err, grandpa.ErrTarget) {
		t.Error(err)
	}
}

// A change is forced on a chain where nothing becomes final any more, as the voter is gone. The voters pause, and the new one begins at what was final.
func TestForced(t *testing.T) {
	n := newNetwork(t, "development")
	a := n.start(t, t.TempDir(), keysOf(t, "//Two"), nil)
	alice := aliceOf(t)
	for range 3 {
		a.grow()
	}
	median := uint32(0)
	a.grow(alice.Sign(schedule(4, 2, &median, idOf(t, "//Two")), n.terms)) // in force at block 6
	a.grow()
	if got := a.client.Head().Finalised.Number; got != 0 {
		t.Fatalf("block %d is final", got)
	}
	if voters, setID := a.finality.Voters(); setID != 0 || voters[0].ID != idOf(t, "//One") {
		t.Fatalf("set %d: %v", setID, voters)
	}
	for range 4 {
		a.grow()
	}
	if voters, setID := a.finality.Voters(); setID != 1 || voters[0].ID != idOf(t, "//Two") {
		t.Fatalf("set %d: %v", setID, voters)
	}
	a.final(7)
}

// Where a block lay that lost to a final one is remembered, on the disk, for the rounds in which others may have voted for it, and then forgotten.
func TestDropped(t *testing.T) {
	n := newNetwork(t, "development")
	dir := t.TempDir()
	a := n.start(t, dir, keysOf(t, "//One"), nil)
	remembered := func() *grandpa.Dropped {
		t.Helper()
		data, ok, err := a.store.Aux([]byte("grandpa_dropped_blocks"))
		if err != nil || !ok {
			t.Fatalf("%v %v", ok, err)
		}
		dropped, err := scale.Unmarshal[grandpa.Dropped](data)
		if err != nil {
			t.Fatal(err)
		}
		return &dropped
	}
	var line []db.Point
	for range 5 {
		line = append(line, a.grow())
	}
	a.final(3)
	var fork []db.Point
	for at := line[3]; len(fork) < 2; at = fork[len(fork)-1] {
		hash, err := a.finality.Import(t.Context(), a.author(at))
		if err != nil {
			t.Fatal(err)
		}
		fork = append(fork, db.Point{Number: at.Number + 1, Hash: hash})
	}
	if best := a.client.Head().Best; best != fork[1] {
		t.Fatal(best)
	}
	// The other one of the two chains wins.
	for at := line[4]; at.Number < 8; {
		hash, err := a.finality.Import(t.Context(), a.author(at))
		if err != nil {
			t.Fatal(err)
		}
		at = db.Point{Number: at.Number + 1, Hash: hash}
		if at.Number == 7 {
			a.final(5)
			break
		}
	}
	dropped := remembered()
	for _, p := range fork {
		for below, want := range map[chain.BlockNumber]db.Point{4: line[3], p.Number: p} {
			if at, err := dropped.Ancestor(a.store, db.ErrUnknownBlock, p.Hash, below); err != nil || at != want.Hash {
				t.Errorf("%s: %s is at %d: %v", p, at, below, err)
			}
		}
		if _, err := a.store.Header(p.Hash); !errors.Is(err, db.ErrUnknownBlock) {
			t.Errorf("%s is there: %v", p, err)
		}
	}
	a.close()
	a = n.start(t, dir, keysOf(t, "//One"), nil)
	a.slot += 1000
	for range 6 {
		a.grow()
		a.final(a.client.Head().Best.Number - 2)
	}
	if got := remembered().Len(); got != 0 {
		t.Errorf("%d blocks are remembered", got)
	}
}

// Once the block that announced a forced change is reverted, the voters go on.
func TestForcedReverted(t *testing.T) {
	n := newNetwork(t, "development")
	dir := t.TempDir()
	a := n.start(t, dir, keysOf(t, "//One"), nil)
	for range 3 {
		a.grow()
	}
	a.final(1)
	median := uint32(0)
	a.grow(aliceOf(t).Sign(schedule(4, 20, &median, idOf(t, "//Two")), n.terms))
	a.stop()
	if err := <-a.done; err != nil {
		t.Fatal(err)
	}
	moved, err := a.finality.Revert(1)
	if err != nil || moved.Head.Best.Number != 3 {
		t.Fatalf("%+v: %v", moved, err)
	}
	a.done <- nil
	a.close()
	a = n.start(t, dir, keysOf(t, "//One"), nil)
	a.slot += 1000
	for range 6 {
		a.grow()
	}
	a.final(7)
}

// Three authorities, all of whom are needed, vote in two nodes that tell each other.
func TestTwoNodes(t *testing.T) {
	n := newNetwork(t, "local_testnet")
	var nodes [2]*node
	var sent [2]chan finality.Message
	for i, uris := range [][]string{{"//One", "//Two"}, {"//Three"}} {
		queue := make(chan finality.Message, 10_000)
		sent[i] = queue
		nodes[i] = n.start(t, t.TempDir(), keysOf(t, uris...), func(c *finality.Config) {
			c.GossipDuration = 10 * time.Millisecond
			c.Send = func(m finality.Message) { queue <- m }
		})
	}
	bad := make(chan error, 1)
	votes := make(chan finality.Message, 10_000)
	for i := range nodes {
		go func() {
			for {
				select {
				case <-t.Context().Done():
					return
				case m := <-sent[i]:
					if m.Vote != nil {
						votes <- m
					}
					if err := nodes[1-i].finality.Receive(m); err != nil {
						select {
						case bad <- err:
						default:
						}
					}
				}
			}
		}()
	}
	a, b := nodes[0], nodes[1]
	for range 6 {
		block := a.author(a.client.Head().Best)
		again := &client.Block{Origin: client.OriginNetwork, Block: block.Block}
		if _, err := a.finality.Import(t.Context(), block); err != nil {
			t.Fatal(err)
		}
		if _, err := b.finality.Import(t.Context(), again); err != nil {
			t.Fatal(err)
		}
	}
	a.final(4)
	b.final(4)
	select {
	case err := <-bad:
		t.Error(err)
	default:
	}
	// What is not signed, of a stranger, or of another set, is refused.
	m := <-votes
	forged := *m.Vote
	forged.Signature[0]++
	stranger := *m.Vote
	stranger.ID[0]++
	for name, test := range map[string]struct {
		m    finality.Message
		want error
	}{
		"another set":           {finality.Message{SetID: m.SetID + 1, Round: m.Round, Vote: m.Vote}, finality.ErrOtherSet},
		"another round":         {finality.Message{SetID: m.SetID, Round: m.Round + 1, Vote: m.Vote}, grandpa.ErrSignature},
		"forged":                {finality.Message{SetID: m.SetID, Round: m.Round, Vote: &forged}, grandpa.ErrSignature},
		"a stranger":            {finality.Message{SetID: m.SetID, Round: m.Round, Vote: &stranger}, grandpa.ErrVoters},
		"a commit of nobody":    {finality.Message{SetID: m.SetID, Round: m.Round, Commit: new(grandpa.Commit)}, grandpa.ErrMinority},
		"a catch-up of nothing": {finality.Message{SetID: m.SetID, CatchUp: new(grandpa.CatchUp)}, grandpa.ErrMinority},
	} {
		if err := b.finality.Receive(test.m); !errors.Is(err, test.want) {
			t.Errorf("%s: %v", name, err)
		}
	}
	// What waits for the voter is bounded.
	b.stop()
	if err := <-b.done; err != nil {
		t.Fatal(err)
	}
	b.done <- nil
	for i := 0; ; i++ {
		if err := b.finality.Receive(m); errors.Is(err, finality.ErrBusy) {
			break
		} else if err != nil || i > 10_000 {
			t.Fatal(i, err)
		}
	}
}

// Three authorities whose keys are all in one node make blocks final as one does; with two keys of three the node waits for the third as long as it must.
func TestManyKeys(t *testing.T) {
	n := newNetwork(t, "local_testnet")
	for name, uris := range map[string][]string{"all": {"//One", "//Two", "//Three"}, "one is enough for nothing": {"//One"}} {
		t.Run(name, func(t *testing.T) {
			a := n.start(t, t.TempDir(), keysOf(t, uris...), func(c *finality.Config) { c.GossipDuration = 5 * time.Millisecond })
			for range 6 {
				a.grow()
			}
			if len(uris) == 3 {
				a.final(4)
				return
			}
			time.Sleep(100 * time.Millisecond)
			state, ok := a.finality.RoundState()
			if !ok || a.client.Head().Finalised.Number != 0 || state.Best.Number != 1 || state.Best.Total != 3 || state.Best.Threshold != 3 || state.Best.Prevotes != 1 || len(state.Best.NoPrevote) != 2 {
				t.Errorf("%+v %v", state, ok)
			}
		})
	}
}

// A node that is stopped at any time goes on from where it was, and its votes are not others than before.
func TestRestarts(t *testing.T) {
	n := newNetwork(t, "development")
	dir := t.TempDir()
	final := chain.BlockNumber(0)
	for range 6 {
		a := n.start(t, dir, keysOf(t, "//One"), nil)
		if got := a.client.Head().Finalised.Number; got < final {
			t.Fatalf("block %d is final, %d was", got, final)
		}
		for range 4 {
			a.grow()
		}
		a.final(a.client.Head().Best.Number - 2)
		a.grow() // its votes come, or not
		a.close()
		final = a.client.Head().Best.Number - 3
	}
}

// The runtime of a Subtensor network is finalised as our own is: the node knows no pallet.
func TestSubtensor(t *testing.T) {
	spec, err := chainspec.ReadFile(outside.Path(t, 1, "opentensor/subtensor/chainspecs/raw_spec_testfinney.json"))
	if err != nil {
		t.Fatal(err)
	}
	finaliser := chain.AccountID(idOf(t, "//Ferdie"))
	alice := aliceOf(t).Account()
	if err := driver.DevGenesis(&spec.Genesis, nil, alice, finaliser, alice, nil, 0); err != nil {
		t.Fatal(err)
	}
	genesis, err := spec.Genesis.Build(trie.V1)
	if err != nil {
		t.Fatal(err)
	}
	engine, err := sharedEngine()
	if err != nil {
		t.Fatal(err)
	}
	n := &network{engine: engine, genesis: driver.Genesis(genesis)}
	a := n.start(t, t.TempDir(), keysOf(t, "//Ferdie"), nil)
	duration, err := driver.New(engine).SlotDuration(t.Context(), n.genesis)
	if err != nil {
		t.Fatal(err)
	}
	a.duration = duration
	for range 6 {
		a.grow()
	}
	a.final(4)
}

// Where the runtime has no GrandpaApi, blocks are imported, none becomes final, and clients are told.
func TestOff(t *testing.T) {
	state, err := storage.NewMemoryState(&storage.Changes{Top: []storage.Change{{Key: []byte(":code"), Value: tinyruntime.Module()}}}, trie.V1)
	if err != nil {
		t.Fatal(err)
	}
	engine, err := sharedEngine()
	if err != nil {
		t.Fatal(err)
	}
	header := chain.Header{StateRoot: state.Root()}
	n := &network{engine: engine, genesis: &driver.Block{Block: chain.Block{Header: header}, Hash: header.Hash(), State: state}}
	var log strings.Builder
	a := n.start(t, t.TempDir(), keysOf(t, "//One"), func(c *finality.Config) { c.Log = slog.New(slog.NewTextHandler(&log, nil)) })
	if voters, _ := a.finality.Voters(); voters != nil {
		t.Error(voters)
	}
	if _, ok := a.finality.RoundState(); ok {
		t.Error("there is a voter")
	}
	if _, err := a.finality.ProveFinality(t.Context(), 0); !errors.Is(err, finality.ErrOff) {
		t.Error(err)
	}
	if err := a.finality.Justify(t.Context(), n.genesis.Hash, 0, chain.Justification{Engine: chain.EngineGrandpa}); !errors.Is(err, finality.ErrOff) {
		t.Error(err)
	}
	if got := log.String(); strings.Count(got, "\n") != 1 || !strings.Contains(got, "GRANDPA is off") {
		t.Errorf("%s", got)
	}
}
