package executive

import (
	"testing"

	"github.com/gotensor/gotensor/pallets/frame"
	"github.com/gotensor/gotensor/pallets/frame/host"
	"github.com/gotensor/gotensor/pallets/system"
	"github.com/gotensor/gotensor/primitives/chain"
	"github.com/gotensor/gotensor/primitives/hash"
	"github.com/gotensor/gotensor/primitives/keys"
	"github.com/gotensor/gotensor/primitives/scale"
	"github.com/gotensor/gotensor/testnet/native"
)

// The runtime of the original's tests: System, and two pallets with calls, hooks, inherents and unsigned transactions. Weights are a thousand times
// theirs, as our extensions have the weights of the real ones.

// The calls of the two pallets.
const (
	someFunction = iota
	someRootOperation
	someUnsignedMessage
	allowedUnsigned
	unallowedUnsigned
	inherent
	calculateStorageRoot
	someCall
	optionalInherent
	batch
	setStorage // an expensive call that says afterwards that it was cheap
	failing
)

// testCall is a call of a test pallet.
type testCall struct {
	pallet *testPallet
	index  uint8
	calls  []frame.Call // of batch
}

func (c *testCall) CallIndex() (pallet, call uint8) { return c.pallet.index, c.index }

func (c *testCall) AppendScale(dst []byte) []byte {
	dst = append(dst, c.pallet.index, c.index)
	if c.index == batch {
		dst = scale.AppendSeq(dst, c.calls, frame.AppendCall)
	}
	return dst
}

func (c *testCall) Info() frame.DispatchInfo {
	switch c.index {
	case someRootOperation:
		return frame.DispatchInfo{Call: frame.RefTime(200_000), Class: frame.Operational}
	case inherent:
		return frame.DispatchInfo{Class: frame.Mandatory}
	case optionalInherent:
		return frame.DispatchInfo{}
	}
	return frame.DispatchInfo{Call: frame.RefTime(25_000)}
}

func (c *testCall) Run(origin frame.Origin) (frame.PostInfo, error) {
	c.pallet.ran = append(c.pallet.ran, c.index)
	switch c.index {
	case someFunction:
		_, err := origin.Signed()
		return frame.PostInfo{}, err
	case someUnsignedMessage, inherent, optionalInherent:
		return frame.PostInfo{}, origin.None()
	case calculateStorageRoot:
		root := host.Root(1)
		host.Set([]byte("storage_root"), root[:])
	case someRootOperation, allowedUnsigned, unallowedUnsigned:
		return frame.PostInfo{}, origin.Root()
	case setStorage:
		host.Set([]byte("key"), []byte("value"))
		return frame.Used(frame.RefTime(5_000)), nil
	case failing:
		host.Set([]byte("key"), []byte("value"))
		return frame.PostInfo{Actual: frame.RefTime(7_000), HasActual: true, Pays: frame.No}, frame.TokenFrozen
	}
	return frame.PostInfo{}, nil
}

// testPallet is a pallet whose hooks leave traces.
type testPallet struct {
	index          uint8
	name           string
	init, idle     frame.Weight
	upgrade        frame.Weight
	ran            []uint8 // calls, and the hooks below
	workers        []chain.BlockNumber
	required       *frame.InherentError
	checked        func(data []byte) *frame.InherentError
	offersInherent bool
	idleLeft       []frame.Weight
}

// Traces of hooks among the calls.
const (
	tracePostInherents = 100 + iota
	traceIdle
	traceFinalize
)

func (p *testPallet) Bind(index uint8, name string) { p.index, p.name = index, name }
func (p *testPallet) Index() uint8                  { return p.index }
func (p *testPallet) Name() string                  { return p.name }

func (p *testPallet) DecodeCall(d *scale.Decoder) frame.Call {
	c := &testCall{pallet: p, index: d.U8()}
	switch {
	case c.index > failing:
		d.FailVariant("test call", c.index)
	case c.index == batch:
		c.calls = scale.DecodeSeq(d, frame.DecodeUnboxedCall)
	}
	return c
}

func (p *testPallet) OnInitialize(chain.BlockNumber) frame.Weight { return p.init }

func (p *testPallet) OnPostInherents(chain.BlockNumber) frame.Weight {
	p.ran = append(p.ran, tracePostInherents)
	host.Set([]byte(":post_inherent"), []byte("0"))
	return frame.Weight{}
}

func (p *testPallet) OnIdle(_ chain.BlockNumber, left frame.Weight) frame.Weight {
	p.ran = append(p.ran, traceIdle)
	p.idleLeft = append(p.idleLeft, left)
	return p.idle
}

func (p *testPallet) OnFinalize(chain.BlockNumber) { p.ran = append(p.ran, traceFinalize) }

func (p *testPallet) OnRuntimeUpgrade() frame.Weight {
	host.Set(testKey, []byte("module"))
	return p.upgrade
}

func (p *testPallet) OffchainWorker(n chain.BlockNumber) { p.workers = append(p.workers, n) }

func (p *testPallet) InherentID() [8]byte {
	return [8]byte([]byte("test123" + string('4'+rune(p.index-10))))
}

func (p *testPallet) CreateInherent(data []byte) frame.Call {
	if !p.offersInherent || data == nil {
		return nil
	}
	return &testCall{pallet: p, index: inherent}
}

func (p *testPallet) CheckInherent(_ frame.Call, data []byte) *frame.InherentError {
	if p.checked == nil {
		return nil
	}
	return p.checked(data)
}

func (p *testPallet) IsInherent(c frame.Call) bool {
	_, index := c.CallIndex()
	return index == inherent || index == optionalInherent
}

func (p *testPallet) IsInherentRequired([]byte) *frame.InherentError { return p.required }

func (p *testPallet) ValidateUnsigned(_ frame.Source, c frame.Call) (frame.ValidTransaction, error) {
	if _, index := c.CallIndex(); index != allowedUnsigned {
		return frame.ValidTransaction{}, frame.UnknownNoValidator
	}
	return frame.DefaultValid(), nil
}

func (p *testPallet) PreDispatch(c frame.Call) error {
	switch _, index := c.CallIndex(); index {
	case allowedUnsigned, inherent, optionalInherent:
		return nil
	}
	return frame.UnknownNoValidator
}

// customUpgrade is a migration of the runtime itself.
type customUpgrade struct{}

var testKey, customKey = []byte(":test:key:"), []byte(":custom:on_runtime")

func (customUpgrade) OnRuntimeUpgrade() frame.Weight {
	host.Set(testKey, []byte("custom_upgrade"))
	host.Set(customKey, []byte{1})
	system.Deposit(system.CodeUpdated{})
	return frame.RefTime(100_000)
}

type testMigrator struct{ ongoing bool }

func (m *testMigrator) Ongoing() bool      { return m.ongoing }
func (m *testMigrator) Step() frame.Weight { return frame.RefTime(3) }

// world is a runtime over a state.
type world struct {
	*native.Ext
	t               testing.TB
	sys             *system.Pallet
	custom, custom2 *testPallet
	migrator        *testMigrator
	tips            bool // transactions carry one: none
	*Executive
}

// alice, bob and carol sign with one scheme each, and have accounts in genesis.
var alice, bob, carol = pair(keys.Sr25519, "//Alice"), pair(keys.Ed25519, "//Bob"), pair(keys.Ecdsa, "//Carol")

func pair(scheme keys.Scheme, uri string) keys.Pair {
	p, err := keys.FromURI(scheme, uri, "")
	if err != nil {
		panic(err)
	}
	return p
}

func account(p keys.Pair) chain.AccountID {
	id, err := keys.AccountID(p.Scheme(), p.Public())
	if err != nil {
		panic(err)
	}
	return id
}

// extensions are those of frame_system in Subtensor's order, and the metadata hash.
func extensions() []frame.Extension {
	return []frame.Extension{
		system.CheckNonZeroSender{}, system.CheckSpecVersion{}, system.CheckTxVersion{}, system.CheckGenesis{}, new(system.CheckMortality),
		new(system.CheckNonce), new(system.CheckWeight), &system.CheckMetadataHash{Hash: &metadataHash},
	}
}

var metadataHash = [32]byte(hash.Blake2b256([]byte("metadata")))

// newWorld returns the runtime over its genesis.
func newWorld(t testing.TB) *world {
	t.Helper()
	return newWorldWith(t, extensions())
}

func newWorldWith(t testing.TB, extensions []frame.Extension) *world {
	t.Helper()
	normal := frame.Weight{RefTime: 1_024_000_000, ProofSize: 1<<64 - 1}
	base := frame.RefTime(5_000)
	class := system.WeightsPerClass{BaseExtrinsic: base, MaxTotal: &normal, Reserved: &frame.Weight{}}
	w := &world{
		t: t, custom: &testPallet{init: frame.RefTime(175_000), idle: frame.RefTime(175_000), upgrade: frame.RefTime(200_000)},
		custom2: &testPallet{}, migrator: new(testMigrator),
	}
	w.sys = &system.Pallet{
		Constants: system.Constants{
			BlockWeights: system.BlockWeights{
				BaseBlock: frame.RefTime(10_000), MaxBlock: normal,
				PerClass: system.WeightsPerClasses{Normal: class, Operational: class, Mandatory: system.WeightsPerClass{BaseExtrinsic: base}},
			},
			BlockLength: system.BlockLengthOf(5<<20, 75), BlockHashCount: 10, DbWeight: system.DbWeight{Read: 10, Write: 100},
			Version: chain.RuntimeVersion{SystemVersion: 1, TransactionVersion: 7},
		},
		MaxConsumers: 16, Migrator: w.migrator,
	}
	rt := frame.Install(nil, frame.Entry{Index: 0, Name: "System", Pallet: w.sys}, frame.Entry{Index: 10, Name: "Custom", Pallet: w.custom},
		frame.Entry{Index: 11, Name: "Custom2", Pallet: w.custom2})
	w.Executive = New(rt, extensions, customUpgrade{})
	w.Ext = native.New(t)
	w.Run(func() {
		if err := w.sys.BuildGenesis([]byte("{}")); err != nil {
			t.Fatal(err)
		}
		for _, p := range rt.Pallets() {
			frame.PutStorageVersion(p)
		}
		for _, p := range []keys.Pair{alice, bob, carol} {
			system.IncProviders(account(p))
		}
	})
	w.Next()
	return w
}

func (w *world) call(pallet *testPallet, index uint8) frame.Call {
	return &testCall{pallet: pallet, index: index}
}

// terms are what a test may sign otherwise than a wallet would.
type terms struct {
	nonce uint32
	era   chain.Era
	birth hash.H256 // of an era
	hash  bool      // of metadata
	spec  uint32
}

// signed returns an extrinsic of the runtime in the form that clients submit, made by package chain and not by what is tested.
func (w *world) signed(p keys.Pair, c frame.Call, of terms) []byte {
	explicit := scale.AppendCompact(of.era.AppendScale(nil), uint64(of.nonce))
	if w.tips {
		explicit = append(explicit, 0)
	}
	explicit = append(explicit, 0)
	genesis := repeat(69)
	implicit := scale.AppendU32(scale.AppendU32(nil, of.spec), 7)
	implicit = append(implicit, genesis[:]...)
	if of.era.IsImmortal() {
		of.birth = genesis
	}
	implicit = append(implicit, of.birth[:]...)
	if of.hash {
		explicit[len(explicit)-1] = 1
		implicit = append(append(implicit, 1), metadataHash[:]...)
	} else {
		implicit = append(implicit, 0)
	}
	call := c.AppendScale(nil)
	signature := chain.MultiSignature{Kind: chain.SignatureKind(p.Scheme()), Bytes: p.Sign(chain.SigningPayload(call, explicit, implicit))}
	return scale.Marshal(chain.NewSigned(chain.AddressOf(account(p)), signature, explicit, call))
}

func bare(c frame.Call) []byte { return scale.Marshal(chain.NewBare(c.AppendScale(nil))) }

func repeat(b byte) (h hash.H256) {
	for i := range h {
		h[i] = b
	}
	return h
}

func header(n chain.BlockNumber) *chain.Header {
	return &chain.Header{Number: n, ParentHash: repeat(69)}
}

// result is an ApplyExtrinsicResult.
type result struct {
	outcome frame.Outcome
	invalid error
}

// apply applies an extrinsic as a block builder does: what an invalid one wrote is dropped.
func (w *world) apply(xt []byte) (r result) {
	w.t.Helper()
	host.Begin()
	d := scale.NewDecoder(w.ApplyExtrinsic(xt))
	r = decodeResult(d)
	if err := d.Finish(); err != nil {
		w.t.Fatal(err)
	}
	if r.invalid != nil {
		host.Rollback()
	} else {
		host.Commit()
	}
	return r
}

func decodeResult(d *scale.Decoder) (r result) {
	if d.U8() == 0 {
		r.outcome.DecodeScale(d)
		return r
	}
	r.invalid = decodeInvalid(d)
	return r
}

func decodeInvalid(d *scale.Decoder) error {
	e := frame.TransactionError{Unknown: d.Bool(), Kind: d.U8()}
	if e.Kind == 7 && !e.Unknown || e.Kind == 2 && e.Unknown {
		e.Code = d.U8()
	}
	return e
}

// validate asks the pool's question.
func (w *world) validate(xt []byte) (valid frame.ValidTransaction, err error) {
	w.t.Helper()
	host.Begin()
	defer host.Rollback()
	d := scale.NewDecoder(w.ValidateTransaction(frame.External, xt, repeat(69)))
	if d.U8() == 0 {
		valid = frame.ValidTransaction{Priority: d.U64()}
		valid.Requires = scale.DecodeSeq(d, (*scale.Decoder).Bytes)
		valid.Provides = scale.DecodeSeq(d, (*scale.Decoder).Bytes)
		valid.Longevity, valid.Propagate = d.U64(), d.Bool()
	} else {
		err = decodeInvalid(d)
	}
	if e := d.Finish(); e != nil {
		w.t.Fatal(e)
	}
	return valid, err
}

// build makes block 1 of extrinsics that must be valid, on a state of its own, and returns it encoded.
func (w *world) build(xts ...[]byte) []byte {
	w.t.Helper()
	return encode(w.buildHeader(xts...), xts...)
}

func (w *world) buildHeader(xts ...[]byte) chain.Header {
	w.t.Helper()
	ext := w.Fork()
	var out chain.Header
	ext.Run(func() {
		w.InitializeBlock(header(1))
		for i, xt := range xts {
			if r := w.apply(xt); r.invalid != nil || r.outcome.Failed {
				w.t.Fatalf("extrinsic %d: %+v", i, r)
			}
		}
		out = w.FinalizeBlock()
	})
	if root := ext.Root(); root != out.StateRoot {
		w.t.Fatalf("header says state root %x, the state has %x", out.StateRoot, root)
	}
	return out
}

func encode(h chain.Header, xts ...[]byte) []byte {
	return scale.AppendSeq(h.AppendScale(nil), xts, scale.AppendFixed)
}

// execute runs an encoded block on a state of its own, and returns why it was refused; other panics go on.
func (w *world) execute(block []byte) (refused error) {
	w.t.Helper()
	return refusal(w.Fork(), func() { w.ExecuteBlock(block) })
}

// refusal runs f, and returns the Panic with which it stopped.
func refusal(ext *native.Ext, f func()) error {
	switch p := ext.Trap(f).(type) {
	case nil:
		return nil
	case Panic:
		return p
	default:
		panic(p)
	}
}
