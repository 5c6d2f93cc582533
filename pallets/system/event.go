package system

import (
	"math"

	"github.com/gotensor/gotensor/pallets/frame"
	"github.com/gotensor/gotensor/pallets/frame/host"
	"github.com/gotensor/gotensor/primitives/chain"
	"github.com/gotensor/gotensor/primitives/hash"
	"github.com/gotensor/gotensor/primitives/scale"
)

// DispatchEventInfo is what the events ExtrinsicSuccess and ExtrinsicFailed say of the call.
//
//frame:type frame_system::DispatchEventInfo
type DispatchEventInfo struct {
	// What the extrinsic weighed in the end, its base weight and extensions included.
	Weight frame.Weight
	// The class of the call.
	Class frame.Class `rust:"DispatchClass"`
	// Whether the sender paid for it.
	PaysFee frame.Pays `rust:"Pays"`
}

// ExtrinsicSuccess: An extrinsic was carried out.
//
//frame:event 0
type ExtrinsicSuccess struct {
	DispatchInfo DispatchEventInfo
}

// ExtrinsicFailed: An extrinsic failed; what it wrote was taken back.
//
//frame:event 1
type ExtrinsicFailed struct {
	DispatchError frame.DispatchError
	DispatchInfo  DispatchEventInfo
}

// CodeUpdated: The runtime's code has changed.
//
//frame:event 2
type CodeUpdated struct{}

// NewAccount: An account was created.
//
//frame:event 3
type NewAccount struct {
	Account chain.AccountID `rust:"T::AccountId"`
}

// KilledAccount: An account was removed.
//
//frame:event 4
type KilledAccount struct {
	Account chain.AccountID `rust:"T::AccountId"`
}

// Remarked: Somebody left a remark on the chain.
//
//frame:event 5
type Remarked struct {
	Sender chain.AccountID `rust:"T::AccountId"`
	Hash   hash.H256       `rust:"T::Hash"`
}

// UpgradeAuthorized: A code was authorized to become the runtime.
//
//frame:event 6
type UpgradeAuthorized struct {
	CodeHash     hash.H256 `rust:"T::Hash"`
	CheckVersion bool
}

// RejectedInvalidAuthorizedUpgrade: An authorized upgrade was tried and is not valid; the authorization is gone.
//
//frame:event 7
type RejectedInvalidAuthorizedUpgrade struct {
	CodeHash hash.H256 `rust:"T::Hash"`
	Error    frame.DispatchError
}

// Phase is where in a block execution is. The zero value is not a phase.
type Phase struct {
	Kind      PhaseKind
	Extrinsic uint32 // where Kind is PhaseApplyExtrinsic: its index
}

// PhaseKind is the kind of a Phase. The numbers are those on the wire.
type PhaseKind uint8

// Kinds of phases.
const (
	PhaseApplyExtrinsic PhaseKind = 0
	PhaseFinalization   PhaseKind = 1
	PhaseInitialization PhaseKind = 2
)

// AppendScale appends the phase.
func (p Phase) AppendScale(dst []byte) []byte {
	dst = append(dst, byte(p.Kind))
	if p.Kind == PhaseApplyExtrinsic {
		dst = scale.AppendU32(dst, p.Extrinsic)
	}
	return dst
}

// DecodeScale reads what AppendScale wrote.
func (p *Phase) DecodeScale(d *scale.Decoder) {
	p.Kind = PhaseKind(d.U8())
	switch p.Kind {
	case PhaseApplyExtrinsic:
		p.Extrinsic = d.U32()
	case PhaseFinalization, PhaseInitialization:
	default:
		d.FailVariant("phase", uint8(p.Kind))
	}
}

// EventRecord is an event with the phase in which it happened.
type EventRecord struct {
	Phase  Phase
	Event  []byte // RuntimeEvent: pallet index, event index, fields
	Topics []hash.H256
}

// AppendScale appends the record.
func (r EventRecord) AppendScale(dst []byte) []byte {
	dst = append(r.Phase.AppendScale(dst), r.Event...)
	return appendTopics(dst, r.Topics)
}

// DecodeScale fails: where the event ends only its pallet knows, and no pallet reads events. EventRecords has those of tests.
func (r *EventRecord) DecodeScale(d *scale.Decoder) {
	d.Fail(d.Offset(), "event record", scale.ErrInvalid, "the runtime reads no events")
}

func appendTopics(dst []byte, topics []hash.H256) []byte {
	dst = scale.AppendLen(dst, len(topics))
	for i := range topics {
		dst = append(dst, topics[i][:]...)
	}
	return dst
}

// scratch is where records, digest items and the like are put together before they are appended to a list of the state.
var scratch []byte

// Deposit adds an event to those of the block.
func Deposit(e frame.Event) { DepositIndexed(nil, e) }

// DepositIndexed adds an event to those of the block, and notes under each topic where it stands.
func DepositIndexed(topics []hash.H256, e frame.Event) {
	number := Number()
	if number == 0 {
		return // genesis has no events
	}
	phase, ok := instance.ExecutionPhase.Get()
	if !ok {
		phase.Kind = PhaseInitialization
	}
	index := instance.EventCount.Get()
	if index == math.MaxUint32 {
		return // the list is full
	}
	instance.EventCount.Put(index + 1)
	scratch = phase.AppendScale(scratch[:0])
	start := len(scratch)
	scratch = e.AppendEvent(scratch)
	record(index, phase, scratch[start:], topics)
	scratch = appendTopics(scratch, topics)
	host.Append(instance.Events.Key(), scratch)
	for _, topic := range topics {
		scratch = scale.AppendU32(scale.AppendU32(scratch[:0], uint32(number)), index)
		host.Append(instance.EventTopics.Key(topic), scratch)
	}
}

// ResetEvents removes the events of the block before.
func ResetEvents() {
	instance.Events.Kill()
	instance.EventCount.Kill()
	instance.EventTopics.Clear(math.MaxUint32)
}
