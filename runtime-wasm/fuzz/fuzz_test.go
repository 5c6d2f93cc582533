package fuzz

import (
	"bytes"
	"context"
	"flag"
	"math/rand/v2"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/gotensor/gotensor/pallets/frame"
	"github.com/gotensor/gotensor/pallets/frame/host"
	"github.com/gotensor/gotensor/pallets/system"
	"github.com/gotensor/gotensor/primitives/chain"
	"github.com/gotensor/gotensor/primitives/hash"
	"github.com/gotensor/gotensor/primitives/scale"
	"github.com/gotensor/gotensor/runtime-wasm/runtime"
	"github.com/gotensor/gotensor/storage"
	"github.com/gotensor/gotensor/testnet/driver"
	"github.com/gotensor/gotensor/testnet/native"
	"github.com/gotensor/gotensor/testnet/ourruntime"
	"github.com/gotensor/gotensor/testnet/randcall"
	"github.com/gotensor/gotensor/wasmhost"
)

// What arbitrary bytes do to the runtime, natively and over a real state: they are answered with a result that decodes, or refused with a frame.Panic, which is
// a trap in the blob; anything else, a Go panic above all, is a bug. What is refused leaves the state as it was.

// world is the state of a development network and what it takes to make blocks on it.
type world struct {
	genesis []storage.Change
	slot    uint64
	terms   driver.Terms
	parent  hash.H256
}

func newWorld(t testing.TB) *world {
	t.Helper()
	w := &world{slot: 141_000_000, parent: hash.H256{1}, genesis: ourruntime.Genesis(t, runtime.Presets[0].Name)}
	w.terms = driver.Terms{Version: runtime.Version, Genesis: w.parent, Birth: w.parent, MetadataHash: true}
	return w
}

// With these words, at their beginning, the runtime refuses what it is given. There are no others: what stops with another text is a bug.
var (
	undecodable = []string{"extrinsic does not decode: "}
	// A root can set the time as nobody (dispatch_as), now or on schedule, and so spoil the block that its node makes.
	spoilt = []string{
		"Timestamp must be updated only once in the block",
		"Timestamp must increment by at least <MinimumPeriod> between sequential blocks",
		"Timestamp slot must match `CurrentSlot`. ",
	}
	refusals = slices.Concat(undecodable, spoilt, []string{
		"block: ", "block does not decode: ", "inherent data does not decode: ", "Bad input data provided to ",
		"Timestamp must be updated once in the block", "Timestamp inherent data must be provided", "Timestamp inherent data not correctly encoded",
		"Slot must increase", "Slot must not decrease", "Validator with index ",
	})
)

// expect fails the test where the runtime refused with words that none of the reasons begins.
func expect(t *testing.T, refused error, reasons []string) {
	t.Helper()
	if refused != nil && !slices.ContainsFunc(reasons, func(r string) bool { return strings.HasPrefix(refused.Error(), r) }) {
		t.Fatalf("refused with %q, expected one of %q", refused, reasons)
	}
}

// call calls an export, and returns why it was refused. Where a test runs over seeds, and not a fuzzer, the blob was called before on the same state: it has
// answered, refused and written the same.
func call(t *testing.T, ext *native.Ext, export string, args []byte) (answer []byte, refused error) {
	t.Helper()
	inBlob := callBlob(t, ext, export, args)
	refused = trap(t, ext, func() {
		var ok bool
		if answer, ok = runtime.Call(export, args); !ok {
			t.Fatalf("no export %s", export)
		}
		answer = bytes.Clone(answer)
	})
	if inBlob != nil {
		if root := ext.Root(); inBlob.refused != refused || !bytes.Equal(inBlob.answer, answer) || inBlob.root != root {
			t.Fatalf("%s(0x%x):\nnative: 0x%x, %v, root %s\nblob: 0x%x, %v, root %s", export, args, answer, refused, root, inBlob.answer, inBlob.refused, inBlob.root)
		}
	}
	return answer, refused
}

// trap runs f, and returns the frame.Panic with which it stopped.
func trap(t *testing.T, ext *native.Ext, f func()) error {
	t.Helper()
	switch p := ext.Trap(f).(type) {
	case nil:
		return nil
	case frame.Panic:
		expect(t, p, refusals)
		return p
	default:
		panic(p)
	}
}

// blob is the runtime as a blob, built and compiled once.
var blob struct {
	once    sync.Once
	runtime *wasmhost.Runtime
}

// outcome is what a call of the blob came to, with the state's root behind it.
type outcome struct {
	answer  []byte
	refused error
	root    hash.H256
}

// callBlob calls an export of the blob, and takes back what it wrote. It returns nil where a fuzzer runs, whose thousands of inputs the blob would hold up, and
// under -short.
func callBlob(t *testing.T, ext *native.Ext, export string, args []byte) *outcome {
	t.Helper()
	if testing.Short() || flag.Lookup("test.fuzz").Value.String() != "" {
		return nil
	}
	blob.once.Do(func() {
		code := ourruntime.Code(t)
		engine, err := wasmhost.NewEngine(wasmhost.Config{})
		if err != nil {
			t.Fatal(err)
		}
		if blob.runtime, err = engine.Load(context.Background(), code); err != nil {
			t.Fatal(err)
		}
	})
	if blob.runtime == nil {
		t.Fatal("the blob could not be made before")
	}
	overlay := ext.Overlay()
	if err := overlay.Begin(); err != nil {
		t.Fatal(err)
	}
	answer, err := blob.runtime.Call(context.Background(), &wasmhost.Env{Storage: overlay}, export, args)
	out := &outcome{answer: answer, root: ext.Root()}
	if err != nil {
		out.refused = ourruntime.Refusal(err)
	}
	if err := overlay.Rollback(); err != nil {
		t.Fatal(err)
	}
	return out
}

// must is call of what is never refused.
func must(t *testing.T, ext *native.Ext, export string, args []byte) []byte {
	t.Helper()
	answer, refused := call(t, ext, export, args)
	if refused != nil {
		t.Fatalf("%s: %v", export, refused)
	}
	return answer
}

// begin returns the state of block 1 with its time set.
func (w *world) begin(t *testing.T) *native.Ext {
	t.Helper()
	ext := native.New(t, w.genesis...)
	digest, inherents := driver.Slot(w.slot, runtime.SlotDuration)
	must(t, ext, "Core_initialize_block", chain.Header{ParentHash: w.parent, Number: 1, Digest: digest}.AppendScale(nil))
	made := must(t, ext, "BlockBuilder_inherent_extrinsics", driver.InherentData(inherents[:1]))
	d := scale.NewDecoder(made)
	for range d.Len() {
		xt := d.Span(func(d *scale.Decoder) { d.View() })
		if got := must(t, ext, "BlockBuilder_apply_extrinsic", xt); !bytes.Equal(got, []byte{0, 0}) {
			t.Fatalf("inherent: %x", got)
		}
	}
	return ext
}

// result reads an ApplyExtrinsicResult, and tells whether the extrinsic is valid.
func result(t *testing.T, answer []byte) (valid bool, outcome frame.Outcome) {
	t.Helper()
	d := scale.NewDecoder(answer)
	switch d.U8() {
	case 0:
		valid = true
		outcome.DecodeScale(d)
	case 1:
		readInvalid(d)
	default:
		t.Fatalf("result %x", answer)
	}
	if err := d.Finish(); err != nil {
		t.Fatalf("result %x: %v", answer, err)
	}
	return valid, outcome
}

// readInvalid reads a TransactionValidityError.
func readInvalid(d *scale.Decoder) {
	unknown := d.Bool()
	if kind := d.U8(); !unknown && kind == 7 || unknown && kind == 2 {
		d.U8()
	}
}

// tryState checks the invariants of all pallets.
func tryState(t *testing.T, ext *native.Ext) {
	t.Helper()
	ext.Run(func() {
		if err := ourruntime.TryState(system.Number()); err != nil {
			t.Error(err)
		}
	})
}

// calls are encoded calls of all pallets, for seeds.
func calls() [][]byte {
	alice := chain.AddressOf(chain.AccountID{1}).AppendScale(nil)
	remark := []byte{0, 0, 0}
	return [][]byte{
		remark,
		scale.AppendCompact(append([]byte{5, 0}, alice...), 1_000_000),
		append(append([]byte{16, 1}, alice...), 0, 0, 0, 0, 0),
		append(append([]byte{16, 8}, alice...), make([]byte, 32)...),
		append([]byte{11, 0, 8}, append(remark, remark...)...),
		append([]byte{12, 0}, remark...),
		append([]byte{15, 0, 9, 0, 0, 0, 0, 1}, remark...),
		append(append([]byte{15, 2}, make([]byte, 32)...), append([]byte{9, 0, 0, 0, 1, 1, 0, 0, 0, 2, 0, 0, 0, 1}, remark...)...),
		{14, 0, 12, 1, 2, 3},
		append([]byte{14, 2}, make([]byte, 32)...),
		append(append([]byte{16, 0}, alice...), append([]byte{0}, remark...)...),
		append(append([]byte{13, 0}, scale.AppendLen(nil, 1)...), append(make([]byte, 32), remark...)...),
		{2, 0, 4},
		{4, 2, 1, 0, 0, 0, 2, 0, 0, 0},
		{0, 2, 0}, {0, 7, 0}, {12, 4}, {16, 4, 0, 0, 0, 0, 0, 0, 0},
	}
}

// FuzzExtrinsic: any bytes as an extrinsic of a block. One that is not valid leaves no trace once its host has dropped what it wrote.
func FuzzExtrinsic(f *testing.F) {
	w := newWorld(f)
	alice, err := driver.NewSender("//Alice")
	if err != nil {
		f.Fatal(err)
	}
	f.Add([]byte{})
	f.Add([]byte{0xff, 0xff, 0xff, 0xff, 0xff})
	for _, c := range calls() {
		f.Add(scale.AppendBytes(nil, chain.NewBare(c).Opaque()))
		f.Add(scale.AppendBytes(nil, alice.Sign(c, w.terms)))
		alice.Nonce = 0
	}
	f.Fuzz(func(t *testing.T, xt []byte) {
		ext := w.begin(t)
		before := ext.Root()
		overlay := ext.Overlay()
		overlay.Begin()
		answer, refused := call(t, ext, "BlockBuilder_apply_extrinsic", xt)
		if refused == nil {
			if valid, _ := result(t, answer); valid {
				if err := overlay.Commit(); err != nil {
					t.Fatal(err)
				}
				must(t, ext, "BlockBuilder_finalize_block", nil)
				return
			}
		}
		if err := overlay.Rollback(); err != nil {
			t.Fatal(err)
		}
		if after := ext.Root(); after != before {
			t.Errorf("refused (%v) or not valid, and the root is %s instead of %s", refused, after, before)
		}
	})
}

// FuzzSignedCall: any bytes as the call of an extrinsic that is signed well, by a user. The pallets' invariants hold after it, and the block can be finalized.
func FuzzSignedCall(f *testing.F) {
	w := newWorld(f)
	bob, err := driver.NewSender("//Bob")
	if err != nil {
		f.Fatal(err)
	}
	for _, c := range calls() {
		f.Add(c)
	}
	f.Fuzz(func(t *testing.T, c []byte) {
		bob.Nonce = 0
		xt := scale.AppendBytes(nil, bob.Sign(c, w.terms))
		ext := w.begin(t)
		answer, refused := call(t, ext, "BlockBuilder_apply_extrinsic", xt)
		if refused != nil {
			expect(t, refused, undecodable)
			return
		}
		if valid, _ := result(t, answer); !valid {
			return
		}
		tryState(t, ext)
		must(t, ext, "BlockBuilder_finalize_block", nil)
	})
}

// FuzzDispatch: any bytes as a call, for any origin. A call that fails has written nothing.
func FuzzDispatch(f *testing.F) {
	w := newWorld(f)
	for _, c := range calls() {
		for origin := range byte(3) {
			f.Add(origin, c)
		}
	}
	f.Fuzz(func(t *testing.T, origin byte, encoded []byte) {
		ext := w.begin(t)
		bob := chain.AccountID{2}
		refused := trap(t, ext, func() {
			d := scale.NewDecoder(encoded)
			c := frame.DecodeCall(d)
			if d.Err() != nil {
				return
			}
			o := [...]frame.Origin{frame.Root(), frame.SignedBy(bob), frame.None()}[origin%3]
			before := host.Root(1)
			if _, err := frame.Dispatch(c, o); err != nil && host.Root(1) != before {
				t.Errorf("%x failed with %v and has changed the state", encoded, err)
			}
		})
		expect(t, refused, spoilt)
	})
}

// FuzzBlock: any bytes as a block. What is executed has the root that its header claims.
func FuzzBlock(f *testing.F) {
	w := newWorld(f)
	for _, b := range w.blocks(f) {
		f.Add(b)
	}
	f.Add([]byte{})
	f.Fuzz(func(t *testing.T, block []byte) {
		ext := native.New(t, w.genesis...)
		if _, refused := call(t, ext, "Core_execute_block", block); refused != nil {
			return
		}
		header := scale.Decode[chain.Header](scale.NewDecoder(block))
		if root := ext.Root(); root != header.StateRoot {
			t.Errorf("root %s, the header says %s", root, header.StateRoot)
		}
	})
}

// blocks are valid ones, without seals: with the inherent alone, and with transactions.
func (w *world) blocks(f *testing.F) (encoded [][]byte) {
	alice, err := driver.NewSender("//Alice")
	if err != nil {
		f.Fatal(err)
	}
	for _, cs := range [][][]byte{nil, calls()[:4]} {
		ext := native.New(f, w.genesis...)
		digest, inherents := driver.Slot(w.slot, runtime.SlotDuration)
		alice.Nonce = 0
		ext.Run(func() {
			runtime.Call("Core_initialize_block", chain.Header{ParentHash: w.parent, Number: 1, Digest: digest}.AppendScale(nil))
			made, _ := runtime.Call("BlockBuilder_inherent_extrinsics", driver.InherentData(inherents[:1]))
			extrinsics, err := scale.UnmarshalFunc(bytes.Clone(made), func(d *scale.Decoder) [][]byte { return scale.DecodeSeq(d, (*scale.Decoder).Bytes) })
			if err != nil {
				f.Fatal(err)
			}
			for _, c := range cs {
				extrinsics = append(extrinsics, alice.Sign(c, w.terms))
			}
			for _, xt := range extrinsics {
				if got, _ := runtime.Call("BlockBuilder_apply_extrinsic", scale.AppendBytes(nil, xt)); got[0] != 0 {
					f.Fatalf("extrinsic %x: %x", xt, got)
				}
			}
			header, _ := runtime.Call("BlockBuilder_finalize_block", nil)
			encoded = append(encoded, scale.AppendSeq(bytes.Clone(header), extrinsics, scale.AppendBytes))
		})
	}
	return encoded
}

// FuzzInherents: any bytes as the data of which inherents are made, and as a block and the data by which it is judged.
func FuzzInherents(f *testing.F) {
	w := newWorld(f)
	_, inherents := driver.Slot(w.slot, runtime.SlotDuration)
	f.Add(driver.InherentData(inherents))
	f.Add(driver.InherentData(inherents[:1]))
	f.Add([]byte{0})
	for _, b := range w.blocks(f) {
		f.Add(append(b, driver.InherentData(inherents)...))
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		ext := native.New(t, w.genesis...)
		before := ext.Root()
		_, _ = call(t, ext, "BlockBuilder_inherent_extrinsics", data)
		_, _ = call(t, ext, "BlockBuilder_check_inherents", data)
		if after := ext.Root(); after != before {
			t.Errorf("the state changed: root %s, before %s", after, before)
		}
	})
}

// writers are the exports that change the state; TaggedTransactionQueue's host drops what it wrote.
var writers = map[string]bool{
	"Core_execute_block": true, "Core_initialize_block": true, "BlockBuilder_apply_extrinsic": true, "BlockBuilder_finalize_block": true,
	"GenesisBuilder_build_state": true, "TaggedTransactionQueue_validate_transaction": true, "OffchainWorkerApi_offchain_worker": true,
}

// FuzzAPI: any bytes as the arguments of any runtime API function. Only those that make blocks write.
func FuzzAPI(f *testing.F) {
	w := newWorld(f)
	var exports []string
	for _, a := range runtime.APIs {
		for _, m := range a.Methods {
			exports = append(exports, a.Name+"_"+m.Name)
		}
	}
	alice, err := driver.NewSender("//Alice")
	if err != nil {
		f.Fatal(err)
	}
	xt := scale.AppendBytes(nil, alice.Sign(calls()[1], w.terms))
	for i := range exports {
		f.Add(byte(i), []byte{})
		f.Add(byte(i), make([]byte, 32))
		f.Add(byte(i), append(append([]byte{2}, xt...), make([]byte, 32)...))
		f.Add(byte(i), append(append([]byte{}, xt...), 200, 0, 0, 0))
		f.Add(byte(i), append(calls()[1], 200, 0, 0, 0))
		f.Add(byte(i), scale.AppendString(nil, runtime.Presets[1].JSON))
	}
	f.Fuzz(func(t *testing.T, index byte, args []byte) {
		export := exports[int(index)%len(exports)]
		ext := native.New(t, w.genesis...)
		before := ext.Root()
		_, _ = call(t, ext, export, args)
		if after := ext.Root(); after != before && !writers[export] {
			t.Errorf("%s changed the state", export)
		}
	})
}

// FuzzGenesis: any text as a genesis configuration.
func FuzzGenesis(f *testing.F) {
	for _, p := range runtime.Presets {
		f.Add(p.JSON)
	}
	f.Add(`{"aura":{"authorities":[1]}}`)
	f.Add(`{"system":null,"sudo":{"key":null}}`)
	f.Fuzz(func(t *testing.T, config string) {
		ext := native.New(t)
		answer, refused := call(t, ext, "GenesisBuilder_build_state", scale.AppendBytes(nil, []byte(config)))
		if refused != nil {
			t.Fatal(refused)
		}
		d := scale.NewDecoder(answer)
		if d.U8() == 1 && d.Text() == "" {
			t.Error("an error without a text")
		}
		if err := d.Finish(); err != nil {
			t.Errorf("answer %x: %v", answer, err)
		}
	})
}

// TestSeeds: the seeds reach what they are for: all calls decode, and those that users may make run.
func TestSeeds(t *testing.T) {
	w := newWorld(t)
	bob, err := driver.NewSender("//Bob")
	if err != nil {
		t.Fatal(err)
	}
	succeeded := 0
	for _, c := range calls() {
		bob.Nonce = 0
		ext := w.begin(t)
		answer, refused := call(t, ext, "BlockBuilder_apply_extrinsic", scale.AppendBytes(nil, bob.Sign(c, w.terms)))
		if refused != nil {
			t.Errorf("%x: %v", c, refused)
			continue
		}
		valid, outcome := result(t, answer)
		t.Logf("%x: valid %v, outcome %v", c[:2], valid, outcome)
		if valid && !outcome.Failed {
			succeeded++
		}
	}
	if succeeded < 8 {
		t.Errorf("%d seeds succeed", succeeded)
	}
}

// FuzzSequence: blocks of random calls of root and users, drawn from metadata by two seeds. A call that fails has written nothing, scheduled calls run, and after
// each block the invariants of all pallets hold.
func FuzzSequence(f *testing.F) {
	w := newWorld(f)
	described, err := runtime.Describe()
	if err != nil {
		f.Fatal(err)
	}
	var accounts []chain.AccountID
	for _, uri := range []string{"//Alice", "//Bob", "//Charlie", "//Dave"} {
		s, err := driver.NewSender(uri)
		if err != nil {
			f.Fatal(err)
		}
		accounts = append(accounts, s.Account())
	}
	// Left out: what breaks invariants where root says so: System's calls, force_unreserve of what is on hold, force_adjust_total_issuance.
	skip := func(pallet, call uint8) bool {
		return pallet == 0 && call != 0 && call != 7 || pallet == 5 && (call == 5 || call == 9)
	}
	for seed := range uint64(4) {
		f.Add(seed, seed)
	}
	f.Fuzz(func(t *testing.T, seed1, seed2 uint64) {
		random := rand.New(rand.NewPCG(seed1, seed2))
		maker := &randcall.Maker{Metadata: described, Rand: random, Accounts: accounts, Funds: 1_000_000_000_000, Skip: skip}
		ext := native.New(t, w.genesis...)
		parent := w.parent
		for n := range uint64(6) {
			digest, inherents := driver.Slot(w.slot+n, runtime.SlotDuration)
			header := chain.Header{ParentHash: parent, Number: chain.BlockNumber(n + 1), Digest: digest}
			if _, refused := call(t, ext, "Core_initialize_block", header.AppendScale(nil)); refused != nil {
				expect(t, refused, spoilt)
				return // root has scheduled the inherent as nobody: it has stopped its chain
			}
			made := scale.NewDecoder(must(t, ext, "BlockBuilder_inherent_extrinsics", driver.InherentData(inherents[:1])))
			for range made.Len() {
				if _, refused := call(t, ext, "BlockBuilder_apply_extrinsic", made.Span(func(d *scale.Decoder) { d.View() })); refused != nil {
					expect(t, refused, spoilt)
					return // likewise
				}
			}
			maker.Numbers = []uint32{uint32(n), uint32(n + 1), uint32(n + 2), uint32(n + 3)}
			for range 15 {
				encoded := maker.Call()
				maker.Hashes = append(maker.Hashes, hash.Blake2b256(encoded))
				origin := frame.Root()
				if who := random.IntN(len(accounts) + 2); who < len(accounts) {
					origin = frame.SignedBy(accounts[who])
				}
				refused := trap(t, ext, func() {
					c, err := scale.UnmarshalFunc(encoded, frame.DecodeCall)
					if err != nil {
						return // an address of a form that has no values here
					}
					before := host.Root(1)
					if _, err := frame.Dispatch(c, origin); err != nil && host.Root(1) != before {
						t.Errorf("%x failed with %v and has changed the state", encoded, err)
					}
				})
				if refused != nil {
					expect(t, refused, spoilt)
					return // the inherent once more, by root as nobody (dispatch_as): no block
				}
			}
			tryState(t, ext)
			header = scale.Decode[chain.Header](scale.NewDecoder(must(t, ext, "BlockBuilder_finalize_block", nil)))
			parent = header.Hash()
			ext.Next()
		}
	})
}
