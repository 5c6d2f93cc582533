package frame

import (
	"github.com/gotensor/gotensor/primitives/chain"
	"github.com/gotensor/gotensor/primitives/scale"
)

// Pallet is what every pallet is to the runtime; the methods are generated. Hooks and other capabilities are the interfaces below,
// which a pallet has where it has the method.
type Pallet interface {
	// Bind gives the pallet its index and name in this runtime, and its storage items their prefixes.
	Bind(index uint8, name string)
	// Index returns the index that Bind set, and Name the name.
	Index() uint8
	Name() string
	// DecodeCall reads a call of this pallet: call index and arguments.
	DecodeCall(d *scale.Decoder) Call
}

// Initializer does something at the beginning of every block and returns what it cost.
type Initializer interface {
	OnInitialize(n chain.BlockNumber) Weight
}

// Finalizer does something at the end of every block; what it costs is part of what OnInitialize returned.
type Finalizer interface {
	OnFinalize(n chain.BlockNumber)
}

// Idler uses what weight a block has left, and returns how much of it.
type Idler interface {
	OnIdle(n chain.BlockNumber, remaining Weight) Weight
}

// Upgrader migrates what an earlier runtime stored, in the first block of this one. It returns what that cost. It is safe to run twice.
type Upgrader interface {
	OnRuntimeUpgrade() Weight
}

// OffchainWorker runs off the chain after every block of which the node is up to date.
type OffchainWorker interface {
	OffchainWorker(n chain.BlockNumber)
}

// Genesis writes the pallet's part of the first state from its part of the genesis configuration, a JSON object; config is nil where
// there is none. It validates before it writes, and an error names the entry.
type Genesis interface {
	BuildGenesis(config []byte) error
}

// IntegrityTester checks the pallet's configuration: constants that contradict each other. Tests and the build of the blob run it.
type IntegrityTester interface {
	IntegrityTest() error
}

// StateTrier checks the pallet's invariants against the whole state. Tests run it after every scenario; it may be slow.
type StateTrier interface {
	TryState(n chain.BlockNumber) error
}

// InherentProvider makes and checks the inherent extrinsic of a pallet.
type InherentProvider interface {
	// InherentID names the provider among the data of the block's author: "timstap0".
	InherentID() [8]byte
	// CreateInherent returns the call for data, or nil where the block needs none. data is nil where the author gave none.
	CreateInherent(data []byte) Call
	// CheckInherent judges a call of a block against data of the importing node: an error that is fatal or not.
	CheckInherent(c Call, data []byte) *InherentError
	// IsInherent tells whether the call is one that only inherents make.
	IsInherent(c Call) bool
}

// RequiredInherent is an InherentProvider whose inherent may have to be there.
type RequiredInherent interface {
	// IsInherentRequired returns an error where a block without the inherent is invalid, else nil.
	IsInherentRequired(data []byte) *InherentError
}

// InherentError says what is wrong with an inherent. Data is the encoded error that the runtime API answers with.
type InherentError struct {
	Fatal bool
	Data  []byte
}

// UnsignedValidator judges calls of unsigned transactions.
type UnsignedValidator interface {
	// ValidateUnsigned is asked by the pool; PreDispatch again before such a call runs in a block.
	ValidateUnsigned(source Source, c Call) (ValidTransaction, error)
	PreDispatch(c Call) error
}

// PostInherents runs after the inherents of a block and before its transactions.
type PostInherents interface {
	OnPostInherents(n chain.BlockNumber) Weight
}

// Runtime is a set of pallets. There is one at a time: Install makes it the one that calls are decoded for.
type Runtime struct {
	pallets []Pallet // in ascending order of indices
	byIndex [256]Pallet
	filter  filter
}

var current *Runtime

// Entry is a pallet with its place in the runtime.
type Entry struct {
	Index  uint8
	Name   string
	Pallet Pallet
}

// Install binds the pallets, which must stand in ascending order of their indices with System first, and makes them the runtime.
// allow is the base filter of calls; nil allows everything.
func Install(allow func(Call) bool, entries ...Entry) *Runtime {
	r := &Runtime{filter: filter{allow: allow}}
	for i, e := range entries {
		if i > 0 && e.Index <= entries[i-1].Index {
			panic("BUG: pallets out of order at " + e.Name)
		}
		e.Pallet.Bind(e.Index, e.Name)
		r.pallets = append(r.pallets, e.Pallet)
		r.byIndex[e.Index] = e.Pallet
	}
	current = r
	layers = 0
	return r
}

// Pallets returns the pallets in the order of their indices. It must not be changed.
func (r *Runtime) Pallets() []Pallet { return r.pallets }

// Pallet returns the pallet with that index, or nil.
func (r *Runtime) Pallet(index uint8) Pallet { return r.byIndex[index] }

// Current returns the runtime that is installed; nil where none is.
func Current() *Runtime { return current }

// base returns the base filter as the start of an origin's chain.
func base() *filter {
	if current == nil || current.filter.allow == nil {
		return nil
	}
	return &current.filter
}

// Event is an event of a pallet: a struct type with //frame:event, whose method is generated.
type Event interface {
	// AppendEvent appends the event as part of RuntimeEvent: pallet index, event index, fields.
	AppendEvent(dst []byte) []byte
}

// HoldReason says why an amount is on hold, as RuntimeHoldReason: the pallet and the number of its reason.
type HoldReason struct{ Pallet, Reason uint8 }

// AppendScale appends both numbers.
func (r HoldReason) AppendScale(dst []byte) []byte { return append(dst, r.Pallet, r.Reason) }

// DecodeScale reads both numbers.
func (r *HoldReason) DecodeScale(d *scale.Decoder) { r.Pallet, r.Reason = d.U8(), d.U8() }

// FreezeReason says why an amount is frozen, as RuntimeFreezeReason: the pallet and the number of its reason.
type FreezeReason struct{ Pallet, Reason uint8 }

// AppendScale appends both numbers.
func (r FreezeReason) AppendScale(dst []byte) []byte { return append(dst, r.Pallet, r.Reason) }

// DecodeScale reads both numbers.
func (r *FreezeReason) DecodeScale(d *scale.Decoder) { r.Pallet, r.Reason = d.U8(), d.U8() }
