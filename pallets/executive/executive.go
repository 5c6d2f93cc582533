package executive

import (
	"strconv"

	"github.com/gotensor/gotensor/pallets/frame"
	"github.com/gotensor/gotensor/pallets/system"
	"github.com/gotensor/gotensor/primitives/chain"
	"github.com/gotensor/gotensor/primitives/scale"
)

// Panic is what this package panics with where a block or an argument is not valid, and Substrate's runtimes trap.
type Panic = frame.Panic

// Executive runs the blocks of a runtime. It is for one goroutine.
type Executive struct {
	pallets    []frame.Pallet
	extensions []frame.Extension
	bare       []frame.BareExtension // those of extensions that look at bare extrinsics
	migrations []frame.Upgrader

	// FreeExtensions: what extensions weigh is not counted, neither for fees nor for the block. So it is in runtimes that wrap extrinsics for Ethereum's sake
	// (fp_self_contained), as Subtensor's does.
	FreeExtensions bool
	// PoolDepth is how deep calls may nest in transactions that the pool asks about; 0 is as deep as in blocks.
	PoolDepth int

	// What the pallets have, looked up once.
	upgraders     []frame.Upgrader
	initializers  []frame.Initializer
	idlers        []frame.Idler // as many as pallets; nil where one has nothing to do
	finalizers    []frame.Finalizer
	workers       []frame.OffchainWorker
	postInherents []frame.PostInherents
	inherents     [256]frame.InherentProvider
	validators    [256]frame.UnsignedValidator

	// Of the extrinsic in hand. They are here so that one after the other uses the same memory.
	xt      extrinsic
	tx      frame.Tx
	post    frame.PostInfo // as the extensions settle it
	decoder scale.Decoder
	payload []byte // what the signature covers
	result  []byte // what was answered
}

// New returns the executive of a runtime with its transaction extensions in order. The migrations run before those of the pallets.
func New(rt *frame.Runtime, extensions []frame.Extension, migrations ...frame.Upgrader) *Executive {
	e := &Executive{pallets: rt.Pallets(), extensions: extensions, migrations: migrations}
	for _, x := range extensions {
		if b, ok := x.(frame.BareExtension); ok {
			e.bare = append(e.bare, b)
		}
	}
	e.idlers = make([]frame.Idler, len(e.pallets))
	for i, p := range e.pallets {
		e.upgraders = appendAs(e.upgraders, p)
		e.initializers = appendAs(e.initializers, p)
		e.idlers[i], _ = p.(frame.Idler)
		e.finalizers = appendAs(e.finalizers, p)
		e.workers = appendAs(e.workers, p)
		e.postInherents = appendAs(e.postInherents, p)
		e.inherents[p.Index()], _ = p.(frame.InherentProvider)
		e.validators[p.Index()], _ = p.(frame.UnsignedValidator)
	}
	return e
}

// appendAs appends p where it is a T.
func appendAs[T any](list []T, p frame.Pallet) []T {
	if t, ok := p.(T); ok {
		list = append(list, t)
	}
	return list
}

// InclusionMode says which extrinsics a block may hold. The numbers are those on the wire.
type InclusionMode uint8

// Modes of inclusion.
const (
	AllExtrinsics InclusionMode = 0
	OnlyInherents InclusionMode = 1 // the state is being migrated
)

// InitializeBlock begins the block of a header, of which number, parent and the items for the runtime in the digest count.
func (e *Executive) InitializeBlock(header *chain.Header) InclusionMode {
	var digest []chain.DigestItem
	for _, item := range header.Digest {
		if item.Kind == chain.DigestPreRuntime {
			digest = append(digest, item)
		}
	}
	// The events of the block before go first, as migrations deposit those of this block.
	system.ResetEvents()
	var used frame.Weight
	if system.RuntimeUpgraded() {
		used = e.ExecuteUpgradeHooks()
		system.NoteRuntimeUpgraded()
	}
	system.Initialize(header.Number, header.ParentHash, digest)
	for _, p := range e.initializers {
		used = used.Add(p.OnInitialize(header.Number))
	}
	system.RegisterExtraWeightUnchecked(used.Add(system.Weights().BaseBlock), frame.Mandatory)
	system.NoteFinishedInitialize()
	if migrating() {
		return OnlyInherents
	}
	return AllExtrinsics
}

// migrating tells whether the state is being moved to a new form over several blocks.
func migrating() bool {
	m := system.MigratorOf()
	return m != nil && m.Ongoing()
}

// ExecuteUpgradeHooks moves the state to the form that this runtime knows: pallets that are new to it note their form, and then all
// migrations run. It returns what that cost.
func (e *Executive) ExecuteUpgradeHooks() (used frame.Weight) {
	for _, p := range e.pallets {
		used = used.Reads(1)
		if !frame.HasState(p) {
			frame.PutStorageVersion(p)
			used = used.Writes(1)
		}
	}
	for _, m := range e.migrations {
		used = used.Add(m.OnRuntimeUpgrade())
	}
	for _, p := range e.upgraders {
		used = used.Add(p.OnRuntimeUpgrade())
	}
	return used
}

// inherentsApplied is what happens between the inherents of a block and its other extrinsics.
func (e *Executive) inherentsApplied() {
	system.NoteInherentsApplied()
	if migrating() {
		system.RegisterExtraWeightUnchecked(system.MigratorOf().Step(), frame.Mandatory)
		return
	}
	if len(e.postInherents) == 0 {
		return
	}
	if _, ok := weightLeft(); ok {
		var used frame.Weight
		for _, p := range e.postInherents {
			used = used.Add(p.OnPostInherents(system.Number()))
		}
		system.RegisterExtraWeightUnchecked(used, frame.Mandatory)
	}
}

// weightLeft returns what the block may still weigh, and false where time or proof is used up.
func weightLeft() (frame.Weight, bool) {
	used := system.BlockWeight()
	left := system.Weights().MaxBlock.Sub(used.Total())
	return left, left.RefTime > 0 && left.ProofSize > 0
}

// FinalizeBlock ends the block and returns its header, without a seal.
func (e *Executive) FinalizeBlock() chain.Header {
	e.endExtrinsics()
	return system.Finalize()
}

// endExtrinsics runs what follows the last extrinsic.
func (e *Executive) endExtrinsics() {
	if !system.InherentsApplied() {
		e.inherentsApplied()
	}
	system.NoteFinishedExtrinsics()
	number := system.Number()
	e.idle(number)
	for _, p := range e.finalizers {
		p.OnFinalize(number)
	}
}

// idle gives the pallets what weight is left. Each block begins with another, so that each is the first to use it once.
func (e *Executive) idle(number chain.BlockNumber) {
	if migrating() || len(e.idlers) == 0 {
		return
	}
	left, ok := weightLeft()
	if !ok {
		return
	}
	var used frame.Weight
	start := int(number % chain.BlockNumber(len(e.idlers)))
	for i := range e.idlers {
		if p := e.idlers[(start+i)%len(e.idlers)]; p != nil {
			used = used.Add(p.OnIdle(number, left.Sub(used)))
		}
	}
	system.RegisterExtraWeightUnchecked(used, frame.Mandatory)
}

// ExecuteBlock runs an encoded block of somebody else's, without its seal, and panics with a Panic where it is not valid.
func (e *Executive) ExecuteBlock(block []byte) {
	d := scale.NewDecoder(block)
	header := scale.Decode[chain.Header](d)
	count := d.Len()
	must(d.Err(), "block")

	mode := e.InitializeBlock(&header)
	if header.Number == 0 || system.BlockHash(header.Number-1) != header.ParentHash {
		panic(Panic("block: not a child of its parent"))
	}
	inherents := 0 // at the beginning of the block
	for i := range count {
		xt := d.Span(func(d *scale.Decoder) { d.View() })
		must(d.Err(), "block")
		e.decode(xt)
		inherent := e.isInherent()
		switch {
		case inherent && inherents != i:
			panic(Panic("block: inherent behind other extrinsics at index " + strconv.Itoa(i)))
		case inherent:
			inherents++
		case mode == OnlyInherents:
			panic(Panic("block: only inherents are allowed, and there is another extrinsic at index " + strconv.Itoa(i)))
		}
		if _, err := e.apply(inherent); err != nil {
			panic(Panic("block: extrinsic " + strconv.Itoa(i) + ": " + err.Error()))
		}
		e.forget()
	}
	must(d.Finish(), "block")
	e.endExtrinsics()
	check(&header, system.Finalize())
}

// check compares the header of a block with the one that came out.
func check(want *chain.Header, got chain.Header) {
	if len(want.Digest) != len(got.Digest) {
		panic(Panic("block: expected " + strconv.Itoa(len(want.Digest)) + " digest items, got " + strconv.Itoa(len(got.Digest))))
	}
	for i := range want.Digest {
		if w, g := &want.Digest[i], &got.Digest[i]; w.Kind != g.Kind || w.Engine != g.Engine || string(w.Data) != string(g.Data) {
			panic(Panic("block: digest item " + strconv.Itoa(i) + " is not the one that came out"))
		}
	}
	if want.StateRoot != got.StateRoot {
		panic(Panic("block: expected state root " + text(want.StateRoot) + ", got " + text(got.StateRoot)))
	}
	if want.ExtrinsicsRoot != got.ExtrinsicsRoot {
		panic(Panic("block: expected extrinsics root " + text(want.ExtrinsicsRoot) + ", got " + text(got.ExtrinsicsRoot)))
	}
}

func text(h [32]byte) string {
	const digits = "0123456789abcdef"
	out := []byte("0x")
	for _, b := range h {
		out = append(out, digits[b>>4], digits[b&15])
	}
	return string(out)
}

// must panics where an argument does not decode.
func must(err error, what string) {
	if err != nil {
		panic(Panic(what + " does not decode: " + err.Error()))
	}
}

// OffchainWorker runs the pallets' offchain workers after the block of the header. The state keeps nothing of it.
func (e *Executive) OffchainWorker(header *chain.Header) {
	system.Initialize(header.Number, header.ParentHash, header.Digest)
	system.PutBlockHash(header.Number, header.Hash())
	for _, p := range e.workers {
		p.OffchainWorker(header.Number)
	}
}
