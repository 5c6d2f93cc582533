package differential

import (
	"bytes"
	"context"
	"encoding/binary"
	"encoding/hex"
	"flag"
	"maps"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"github.com/gotensor/gotensor/pallets/frame"
	"github.com/gotensor/gotensor/primitives/chain"
	"github.com/gotensor/gotensor/primitives/hash"
	"github.com/gotensor/gotensor/primitives/metadata"
	"github.com/gotensor/gotensor/primitives/scale"
	"github.com/gotensor/gotensor/runtime-wasm/runtime"
	"github.com/gotensor/gotensor/storage"
	"github.com/gotensor/gotensor/storage/trie"
	"github.com/gotensor/gotensor/testnet/driver"
	"github.com/gotensor/gotensor/testnet/native"
	"github.com/gotensor/gotensor/testnet/ourruntime"
	"github.com/gotensor/gotensor/testnet/randcall"
	"github.com/gotensor/gotensor/wasmhost"
)

var (
	blocks = flag.Int("differential.blocks", 15, "blocks of a run; money is short in long ones")
	each   = flag.Int("differential.each", 25, "extrinsics that are offered to a block")
	seed   = flag.Uint64("differential.seed", 1, "seed of the first run; a failure names its own")
	runs   = flag.Int("differential.runs", 2, "runs, each of another seed")
)

// world is one way to run the runtime: natively, in the compiler, in the interpreter. Each has a state of its own.
type world struct {
	name string
	// call calls a runtime API. Error: the frame.Panic with which the runtime refused; in the blob whatever else the host says, which no world agrees with.
	call func(api string, args []byte) (answer []byte, err error)
	next func() hash.H256 // ends the block: what was written is the state of the next one; returns its root
	get  func(key []byte) []byte
	root func() hash.H256
	ext  *native.Ext // of the native world
}

// nativeWorld runs the runtime in this process. What it panics with that is not a frame.Panic is a bug and ends the test.
func nativeWorld(t *testing.T, genesis []storage.Change) *world {
	ext := native.New(t, genesis...)
	return &world{
		name: "native",
		call: func(api string, args []byte) ([]byte, error) {
			// As a host does: what a call that trapped has written is dropped.
			overlay := ext.Overlay()
			if err := overlay.Begin(); err != nil {
				t.Fatal(err)
			}
			var answer []byte
			known := false
			if reason := ext.Trap(func() { answer, known = runtime.Call(api, args) }); reason != nil {
				refusal, ok := reason.(frame.Panic)
				if !ok || strings.HasPrefix(string(refusal), "BUG") {
					t.Fatalf("native: seed %d: %s(0x%x): %T: %v", *seed, api, args, reason, reason)
				}
				if err := overlay.Rollback(); err != nil {
					t.Fatal(err)
				}
				return nil, refusal
			}
			if !known {
				t.Fatalf("no runtime API %s", api)
			}
			end(t, overlay, api, answer)
			return answer, nil
		},
		next: func() hash.H256 {
			ext.Next()
			return ext.Root()
		},
		get:  func(key []byte) []byte { v, _ := ext.Get(key); return v },
		root: ext.Root,
		ext:  ext,
	}
}

// wasmWorld runs the blob.
func wasmWorld(t *testing.T, name string, cfg wasmhost.Config, code []byte, genesis []storage.Change) *world {
	engine, err := wasmhost.NewEngine(cfg)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { engine.Close() })
	rt, err := engine.Load(context.Background(), code)
	if err != nil {
		t.Fatal(err)
	}
	state, err := newState(genesis)
	if err != nil {
		t.Fatal(err)
	}
	overlay := storage.NewOverlay(state)
	return &world{
		name: name,
		call: func(api string, args []byte) ([]byte, error) {
			if err := overlay.Begin(); err != nil {
				t.Fatal(err)
			}
			answer, err := rt.Call(context.Background(), &wasmhost.Env{Storage: overlay}, api, args)
			if err != nil {
				if err := overlay.Rollback(); err != nil {
					t.Fatal(err)
				}
				return nil, ourruntime.Refusal(err)
			}
			end(t, overlay, api, answer)
			return answer, nil
		},
		next: func() hash.H256 {
			state, _, err := overlay.Finish(trie.V1)
			if err != nil {
				t.Fatal(err)
			}
			overlay = storage.NewOverlay(state)
			return state.Root()
		},
		get: func(key []byte) []byte {
			v, _, err := overlay.Get(nil, key)
			if err != nil {
				t.Fatal(err)
			}
			return v
		},
		root: func() hash.H256 {
			root, err := overlay.Root(trie.V1)
			if err != nil {
				t.Fatal(err)
			}
			return root
		},
	}
}

// end keeps what a call wrote where it is part of a block, and drops what queries wrote. An extrinsic that the runtime does not take is dropped too, as
// Substrate's block builder does.
func end(t *testing.T, overlay *storage.Overlay, api string, answer []byte) {
	finish := overlay.Rollback
	switch api {
	case "BlockBuilder_apply_extrinsic":
		if answer[0] == 0 {
			finish = overlay.Commit
		}
	case "Core_initialize_block", "BlockBuilder_finalize_block", "Core_execute_block":
		finish = overlay.Commit
	}
	if err := finish(); err != nil {
		t.Fatal(err)
	}
}

func newState(values []storage.Change) (storage.State, error) {
	return storage.NewMemoryState(&storage.Changes{Top: values}, trie.V1)
}

// tally counts what became of the calls of one pallet.
type tally struct{ ok, failed, invalid, trapped int }

// chainRun is a chain that several worlds make together, each extrinsic in each of them.
type chainRun struct {
	t        *testing.T
	builders []*world // the first is native
	importer *world
	meta     *metadata.Metadata
	maker    *randcall.Maker
	rand     *rand.Rand
	senders  []*driver.Sender
	genesis  hash.H256
	parent   chain.Header
	tallies  map[string]*tally
	errors   map[string]int
	events   int
}

// all calls a runtime API in every builder and demands one answer, or one reason not to give any.
func (r *chainRun) all(api string, args []byte) (answer []byte, refusal error) {
	r.t.Helper()
	for i, w := range r.builders {
		a, err := w.call(api, args)
		if i == 0 {
			answer, refusal = a, err
			continue
		}
		if err != refusal || !bytes.Equal(a, answer) {
			r.t.Fatalf("seed %d, block %d: %s(0x%x):\n%s: %v, 0x%x (%s)\n%s: %v, 0x%x (%s)", *seed, r.parent.Number+1, api, args,
				r.builders[0].name, refusal, answer, printable(answer), w.name, err, a, printable(a))
		}
	}
	return answer, refusal
}

func printable(b []byte) string {
	return strings.Map(func(r rune) rune {
		if r < ' ' || r > '~' {
			return -1
		}
		return r
	}, string(b))
}

// ruinous tells whether a call of that kind is left out: force_unreserve and force_adjust_total_issuance, by which root breaks the books; and most of those by which the sudo key is
// lost, or its money.
func (r *chainRun) ruinous(pallet, call uint8) bool {
	switch [2]uint8{pallet, call} {
	case [2]uint8{5, 5}, [2]uint8{5, 9}:
		return true
	case [2]uint8{5, 8}, [2]uint8{12, 2}, [2]uint8{12, 4}:
		return r.rand.IntN(20) != 0
	}
	return false
}

// refill returns extrinsics by which the sudo key gives money to senders that have little.
func (r *chainRun) refill() (out []chain.OpaqueExtrinsic) {
	for _, s := range r.senders[1:] {
		account := s.Account()
		info := r.builders[0].get(driver.StorageKey("System", "Account", driver.Blake2_128Concat(account[:])))
		if len(info) < 24 || binary.LittleEndian.Uint64(info[16:]) < r.maker.Funds/4 {
			call := append(append([]byte{12, 0, 5, 8, 0}, account[:]...), scale.AppendCompact(nil, r.maker.Funds)...)
			out = append(out, r.sign(r.senders[0], call))
		}
	}
	return out
}

// sign signs with the nonce that the state has.
func (r *chainRun) sign(sender *driver.Sender, call []byte) chain.OpaqueExtrinsic {
	account := sender.Account()
	nonce, _ := r.builders[0].call("AccountNonceApi_account_nonce", account[:])
	sender.Nonce = binary.LittleEndian.Uint32(nonce)
	return sender.Sign(call, r.terms())
}

func (r *chainRun) terms() driver.Terms {
	return driver.Terms{Version: runtime.Version, Genesis: r.genesis, Birth: r.genesis, MetadataHash: true}
}

// extrinsic returns the next extrinsic to offer, and the pallet whose call it holds.
func (r *chainRun) extrinsic() (x chain.OpaqueExtrinsic, pallet string) {
	var p *metadata.Pallet
	for p == nil || len(r.meta.Variants(p.Calls)) == 0 {
		p = &r.meta.Pallets[r.rand.IntN(len(r.meta.Pallets))]
	}
	call := r.maker.CallOf(p)
	r.maker.Hashes = append(r.maker.Hashes, hash.Blake2b256(call))
	sender := r.senders[r.rand.IntN(len(r.senders))]
	if r.rand.IntN(4) == 0 { // by the sudo key
		call, sender = append([]byte{12, 0}, call...), r.senders[0]
	}
	if r.rand.IntN(8) == 0 && len(call) > 2 { // a preimage of a call, which scheduler and others look up
		call = scale.AppendBytes([]byte{14, 0}, call)
	}
	switch r.rand.IntN(40) {
	case 0:
		return chain.NewBare(call).Opaque(), p.Name
	case 1:
		b := make([]byte, r.rand.IntN(60))
		for i := range b {
			b[i] = byte(r.rand.Uint32())
		}
		if len(b) > 0 && r.rand.IntN(2) == 0 {
			b[0] = []byte{4, 5, 0x84, 0x45}[r.rand.IntN(4)]
		}
		return b, "bytes"
	}
	account := sender.Account()
	nonce, _ := r.builders[0].call("AccountNonceApi_account_nonce", account[:])
	sender.Nonce = binary.LittleEndian.Uint32(nonce)
	terms := r.terms()
	switch r.rand.IntN(30) {
	case 0:
		sender.Nonce += uint32(r.rand.IntN(3))
	case 1:
		terms.Version.SpecVersion++
	case 2:
		terms.Tip = r.rand.Uint64() >> r.rand.IntN(64)
	}
	x = sender.Sign(call, terms)
	switch r.rand.IntN(60) {
	case 0:
		x[r.rand.IntN(len(x))] ^= 1 << r.rand.IntN(8)
	case 1:
		x = x[:r.rand.IntN(len(x))]
	}
	return x, p.Name
}

// block makes a block in all builders, imports it and compares the roots.
func (r *chainRun) block(slot uint64) {
	t := r.t
	digest, inherents := driver.Slot(slot, runtime.SlotDuration)
	number := r.parent.Number + 1
	header := chain.Header{ParentHash: r.parent.Hash(), Number: number, Digest: digest}
	if _, err := r.all("Core_initialize_block", header.AppendScale(nil)); err != nil {
		t.Fatalf("initialise block %d: %v", number, err)
	}
	answer, err := r.all("BlockBuilder_inherent_extrinsics", driver.InherentData(inherents))
	if err != nil {
		t.Fatalf("inherents of block %d: %v", number, err)
	}
	d := scale.NewDecoder(answer)
	body := scale.DecodeSeq(d, (*scale.Decoder).Bytes)
	if err := d.Finish(); err != nil {
		t.Fatal(err)
	}
	for _, x := range body {
		if answer, err := r.all("BlockBuilder_apply_extrinsic", scale.AppendBytes(nil, x)); err != nil || !bytes.Equal(answer, []byte{0, 0}) {
			t.Fatalf("inherent of block %d: 0x%x, %v", number, answer, err)
		}
	}
	offer := func(x chain.OpaqueExtrinsic, pallet string) {
		encoded := scale.AppendBytes(nil, x)
		r.all("TaggedTransactionQueue_validate_transaction", append(append([]byte{2}, encoded...), header.ParentHash[:]...))
		answer, refusal := r.all("BlockBuilder_apply_extrinsic", encoded)
		n := r.tallies[pallet]
		if n == nil {
			n = new(tally)
			r.tallies[pallet] = n
		}
		switch {
		case refusal != nil:
			n.trapped++
			kind, _, _ := strings.Cut(refusal.Error(), ":")
			r.errors["trapped "+kind]++
		case answer[0] == 1:
			n.invalid++
			r.errors["invalid "+hex.EncodeToString(answer)]++
		case answer[1] == 1:
			n.failed++
			r.errors["failed "+hex.EncodeToString(answer)]++
		default:
			n.ok++
		}
		if refusal == nil && answer[0] == 0 {
			body = append(body, x)
		}
	}
	for _, x := range r.refill() {
		offer(x, "refill")
	}
	for range *each {
		offer(r.extrinsic())
	}
	if answer, err = r.all("BlockBuilder_finalize_block", nil); err != nil {
		t.Fatalf("finalise block %d: %v", number, err)
	}
	header, err = scale.Unmarshal[chain.Header](answer)
	if err != nil {
		t.Fatal(err)
	}
	block := scale.AppendSeq(header.AppendScale(nil), body, scale.AppendBytes)
	if _, err := r.importer.call("Core_execute_block", block); err != nil {
		t.Fatalf("seed %d: block %d with %d extrinsics is refused by who imports it: %v", *seed, number, len(body), err)
	}
	r.events += len(r.builders[0].get(driver.StorageKey("System", "Events")))
	for _, w := range append(r.builders, r.importer) {
		if root := w.next(); root != header.StateRoot {
			t.Fatalf("seed %d, block %d: root %s of %s, the header has %s", *seed, number, root, w.name, header.StateRoot)
		}
	}
	r.parent = header
	r.maker.Numbers = []uint32{uint32(number), uint32(number) + 1, uint32(number) + 2, uint32(number) + 5}
}

// TestDifferential makes a chain of random extrinsics of all pallets, valid and not, natively and in the blob, compiled and interpreted: all
// answers of the runtime are the same, the words in which it refuses to answer too, and so is every state root. A fourth state imports the blocks. After every block the pallets' invariants hold,
// the issuance equation among them.
func TestDifferential(t *testing.T) {
	code := ourruntime.Code(t)
	genesis := ourruntime.Genesis(t, "development")
	for run := range *runs {
		if run > 0 {
			*seed++
		}
		builders := []*world{
			nativeWorld(t, genesis),
			wasmWorld(t, "compiler", wasmhost.Config{}, code, genesis),
			wasmWorld(t, "interpreter", wasmhost.Config{Interpreter: true}, code, genesis),
		}
		r := &chainRun{
			t: t, builders: builders, importer: wasmWorld(t, "importer", wasmhost.Config{}, code, genesis),
			rand: rand.New(rand.NewPCG(*seed, 0)), tallies: make(map[string]*tally), errors: make(map[string]int),
		}
		answer, _ := builders[0].call("Metadata_metadata_at_version", []byte{15, 0, 0, 0})
		d := scale.NewDecoder(answer[1:])
		var err error
		if r.meta, err = metadata.Decode(d.View()); err != nil {
			t.Fatal(err)
		}
		r.maker = &randcall.Maker{Metadata: r.meta, Rand: r.rand, Funds: 1_000_000_000_000, Skip: r.ruinous}
		for _, name := range []string{"//Alice", "//Bob", "//Charlie", "//Dave", "//Eve", "//Ferdie"} {
			s, err := driver.NewSender(name)
			if err != nil {
				t.Fatal(err)
			}
			r.senders, r.maker.Accounts = append(r.senders, s), append(r.maker.Accounts, s.Account())
		}
		root := builders[0].root()
		r.parent = chain.Header{StateRoot: root, ExtrinsicsRoot: trie.Blake2b.EmptyRoot()}
		r.genesis = r.parent.Hash()
		for n := range *blocks {
			r.block(uint64(1000 + n))
			builders[0].ext.Run(func() {
				if err := ourruntime.TryState(r.parent.Number); err != nil {
					t.Fatalf("seed %d, after block %d: %v", *seed, r.parent.Number, err)
				}
			})
		}
		var total tally
		for _, p := range slices.Sorted(maps.Keys(r.tallies)) {
			n := r.tallies[p]
			t.Logf("%-20s %4d ok %4d failed %4d invalid %4d trapped", p, n.ok, n.failed, n.invalid, n.trapped)
			total.ok, total.failed, total.invalid, total.trapped = total.ok+n.ok, total.failed+n.failed, total.invalid+n.invalid, total.trapped+n.trapped
		}
		for _, kind := range slices.Sorted(maps.Keys(r.errors)) {
			t.Logf("%4d %s", r.errors[kind], kind)
		}
		t.Logf("seed %d: %d blocks, %d extrinsics ok, %d failed, %d invalid, %d trapped, %d kinds of errors, %d bytes of events: one root in all worlds", *seed, *blocks,
			total.ok, total.failed, total.invalid, total.trapped, len(r.errors), r.events)
		if total.ok < *blocks || total.failed < *blocks || total.invalid == 0 {
			t.Errorf("too little happened: %+v", total)
		}
	}
}
