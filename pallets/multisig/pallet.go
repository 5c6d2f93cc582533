package multisig

import (
	"bytes"
	"slices"

	"github.com/gotensor/gotensor/pallets/frame"
	"github.com/gotensor/gotensor/pallets/frame/host"
	"github.com/gotensor/gotensor/pallets/system"
	"github.com/gotensor/gotensor/primitives/chain"
	"github.com/gotensor/gotensor/primitives/scale"
	"github.com/gotensor/gotensor/primitives/units"
)

//go:generate go run ../frame/gen

// Pallet is the multisig pallet.
type Pallet struct {
	Constants
	Storage
	Currency Currency
}

// Currency is what the pallet needs of balances.
type Currency interface {
	// Reserve sets aside value of what who has free.
	Reserve(who chain.AccountID, value units.Rao) error
	// Unreserve frees value again, or as much of it as is reserved, and returns the rest.
	Unreserve(who chain.AccountID, value units.Rao) (left units.Rao)
	// ReservedBalance returns what who has in reserve.
	ReservedBalance(who chain.AccountID) units.Rao
}

// Constants are set by the runtime.
type Constants struct {
	// The deposit for an open operation.
	DepositBase units.Rao `rust:"BalanceOf<T>"`
	// The deposit for each approval that the operation needs, on top.
	DepositFactor units.Rao `rust:"BalanceOf<T>"`
	// The most signatories that an account may have.
	MaxSignatories uint32
}

// Storage is all that the pallet keeps.
type Storage struct {
	// The open operations, by account and hash of the call. Written by approvals, removed when the call runs or is cancelled. A deposit is
	// held for each. Users choose both parts of the key; the account is the result of a hash.
	Multisigs frame.OptionDoubleMap[frame.Twox64Concat, chain.AccountID, frame.Blake2_128Concat, [32]byte, Multisig]
}

// StorageVersion implements frame.Versioned: since 1 the pallet keeps no calls.
func (p *Pallet) StorageVersion() uint16 { return 1 }

// maxSignatories bounds the type of the stored approvals.
const maxSignatories = 100

// Timepoint names an extrinsic of the chain: the block and the extrinsic's number in it.
//
//frame:type pallet_multisig::Timepoint<BlockNumber=chain.BlockNumber>
type Timepoint struct {
	// The number of the block.
	Height chain.BlockNumber `rust:"BlockNumber"`
	// The number of the extrinsic in the block.
	Index uint32 `rust:"u32"`
}

// Multisig is an operation under way.
//
//frame:type pallet_multisig::Multisig<BlockNumber=chain.BlockNumber, Balance=units.Rao, AccountId=chain.AccountID, MaxApprovals>
type Multisig struct {
	// The extrinsic that began it.
	When Timepoint `rust:"Timepoint<BlockNumber>"`
	// What the depositor gets back at the end.
	Deposit units.Rao `rust:"Balance"`
	// Who began it.
	Depositor chain.AccountID `rust:"AccountId"`
	// Who has approved, in ascending order.
	Approvals Approvals `rust:"BoundedVec<AccountId, MaxApprovals>"`
}

// Approvals are accounts in ascending order.
//
//frame:type bounded_collections::bounded_vec::BoundedVec
//frame:bound maxSignatories
type Approvals []chain.AccountID

// Signatories are accounts as a call names them. They and Approvals have codecs of their own, which move all accounts at once: there may be a
// hundred, which would be most of what a call costs.
type Signatories []chain.AccountID

// AppendScale appends the accounts.
func (s Signatories) AppendScale(dst []byte) []byte {
	return appendAccounts(scale.AppendLen(dst, len(s)), s)
}

// DecodeScale reads what AppendScale wrote.
func (s *Signatories) DecodeScale(d *scale.Decoder) { *s = decodeAccounts(d) }

// AppendScale appends the accounts.
func (a Approvals) AppendScale(dst []byte) []byte {
	return appendAccounts(scale.AppendLen(dst, len(a)), a)
}

// DecodeScale reads what AppendScale wrote. More than there may be are an error.
func (a *Approvals) DecodeScale(d *scale.Decoder) {
	at := d.Offset()
	if *a = decodeAccounts(d); len(*a) > maxSignatories {
		d.Fail(at, "approvals", scale.ErrRange, "more than there may be signatories")
		*a = nil
	}
}

func decodeAccounts(d *scale.Decoder) []chain.AccountID {
	n := d.Len()
	raw := d.Take(32 * n)
	if len(raw) == 0 || !d.Charge(len(raw)) {
		return nil
	}
	list := make([]chain.AccountID, n)
	for i := range list {
		list[i] = chain.AccountID(raw[32*i:])
	}
	return list
}

// AsMultiThreshold1 runs a call at once as the account of the signatories with threshold one: any of them may do so alone. It fails as
// the call does.
//
// Other signatories are given in ascending order, without the sender.
//
//frame:call 0 name=as_multi_threshold_1
//frame:info infoThreshold1(call)
//frame:rust otherSignatories=Vec<T::AccountId>, call=Box<<T as Config>::RuntimeCall>
func (p *Pallet) AsMultiThreshold1(origin frame.Origin, otherSignatories Signatories, call frame.Call) (frame.PostInfo, error) {
	who, err := origin.Signed()
	if err != nil {
		return frame.PostInfo{}, err
	}
	id, err := p.account(who, otherSignatories, 1)
	if err != nil {
		return frame.PostInfo{}, err
	}
	callHash, z := hashOf(call)
	post, err := frame.Dispatch(call, frame.SignedBy(id))
	system.Deposit(MultisigExecuted{who, Now(), id, callHash, frame.OutcomeOf(err)})
	switch {
	case post.HasActual:
		post = frame.Used(weightThreshold1(z).Add(post.Actual))
	case err == nil:
		post = frame.PostInfo{}
	}
	return post, err
}

// AsMulti approves a call of the account of the signatories, and runs it if that makes threshold approvals. The first approval reserves a
// deposit.
//
// Other signatories are given in ascending order, without the sender; the timepoint is that of the first approval, and none for
// the first. The call runs only if it weighs no more than max_weight; what became of it is in the event.
//
//frame:call 1
//frame:weight weightAsMulti(len(otherSignatories), call).Add(maxWeight)
//frame:rust otherSignatories=Vec<T::AccountId>, maybeTimepoint=Option<Timepoint<BlockNumberFor<T>>>, call=Box<<T as Config>::RuntimeCall>
func (p *Pallet) AsMulti(origin frame.Origin, threshold uint16, otherSignatories Signatories, maybeTimepoint *Timepoint, call frame.Call, maxWeight frame.Weight) (frame.PostInfo, error) {
	callHash, z := hashOf(call)
	return p.operate(origin, threshold, otherSignatories, maybeTimepoint, callHash, call, z, maxWeight)
}

// ApproveAsMulti approves a call of the account of the signatories by its hash. The first approval reserves a deposit.
//
// Other signatories are given in ascending order, without the sender; the timepoint is that of the first approval, and none for
// the first. The call cannot run by this, even if enough have approved.
//
//frame:call 2
//frame:weight weightApproveCreate(len(otherSignatories)).Max(weightApproveApprove(len(otherSignatories))).Add(maxWeight)
//frame:rust otherSignatories=Vec<T::AccountId>, maybeTimepoint=Option<Timepoint<BlockNumberFor<T>>>, callHash=[u8; 32]
func (p *Pallet) ApproveAsMulti(origin frame.Origin, threshold uint16, otherSignatories Signatories, maybeTimepoint *Timepoint, callHash [32]byte, maxWeight frame.Weight) (frame.PostInfo, error) {
	return p.operate(origin, threshold, otherSignatories, maybeTimepoint, callHash, nil, 0, maxWeight)
}

// CancelAsMulti ends an operation without running its call, and returns the deposit. Only who began it may do so.
//
//frame:call 3
//frame:weight weightCancel(len(otherSignatories))
//frame:rust otherSignatories=Vec<T::AccountId>, timepoint=Timepoint<BlockNumberFor<T>>, callHash=[u8; 32]
func (p *Pallet) CancelAsMulti(origin frame.Origin, threshold uint16, otherSignatories Signatories, timepoint Timepoint, callHash [32]byte) error {
	who, id, err := p.signatory(origin, threshold, otherSignatories)
	if err != nil {
		return err
	}
	m, ok := p.Multisigs.Get(id, callHash)
	switch {
	case !ok:
		return NotFound
	case m.When != timepoint:
		return WrongTimepoint
	case m.Depositor != who:
		return NotOwner
	}
	p.Currency.Unreserve(m.Depositor, m.Deposit)
	p.Multisigs.Remove(id, callHash)
	system.Deposit(MultisigCancelled{who, timepoint, id, callHash})
	return nil
}

// PokeDeposit brings the deposit of an operation to what the constants now ask for. Only who began it may do so, and pays no fee if the
// deposit has changed.
//
//frame:call 4
//frame:weight weightPoke(len(otherSignatories))
//frame:rust otherSignatories=Vec<T::AccountId>, callHash=[u8; 32]
func (p *Pallet) PokeDeposit(origin frame.Origin, threshold uint16, otherSignatories Signatories, callHash [32]byte) (frame.PostInfo, error) {
	who, id, err := p.signatory(origin, threshold, otherSignatories)
	if err != nil {
		return frame.PostInfo{}, err
	}
	m, ok := p.Multisigs.Get(id, callHash)
	switch {
	case !ok:
		return frame.PostInfo{}, NotFound
	case m.Depositor != who:
		return frame.PostInfo{}, NotOwner
	}
	before, after := m.Deposit, p.deposit(threshold)
	switch {
	case after == before:
		return frame.PostInfo{}, nil
	case after > before:
		if err := p.Currency.Reserve(who, after-before); err != nil {
			return frame.PostInfo{}, err
		}
	default:
		p.Currency.Unreserve(who, before-after)
	}
	m.Deposit = after
	p.Multisigs.Put(id, callHash, m)
	system.Deposit(DepositPoked{who, callHash, before, after})
	return frame.PostInfo{Pays: frame.No}, nil
}

// operate counts an approval. call is nil where only the hash is known, and z the length of the call or 0.
func (p *Pallet) operate(origin frame.Origin, threshold uint16, others []chain.AccountID, at *Timepoint, callHash [32]byte, call frame.Call, z int, maxWeight frame.Weight) (frame.PostInfo, error) {
	who, id, err := p.signatory(origin, threshold, others)
	if err != nil {
		return frame.PostInfo{}, err
	}
	m, ok := p.Multisigs.Get(id, callHash)
	if !ok {
		if at != nil {
			return frame.PostInfo{}, UnexpectedTimepoint
		}
		deposit := p.deposit(threshold)
		if err := p.Currency.Reserve(who, deposit); err != nil {
			return frame.PostInfo{}, err
		}
		p.Multisigs.Put(id, callHash, Multisig{Now(), deposit, who, Approvals{who}})
		system.Deposit(NewMultisig{who, id, callHash})
		return frame.Used(weightCreate(len(others), z)), nil
	}

	switch {
	case at == nil:
		return frame.PostInfo{}, NoTimepoint
	case m.When != *at:
		return frame.PostInfo{}, WrongTimepoint
	}
	approvals := len(m.Approvals)
	place, approved := slices.BinarySearchFunc(m.Approvals, who, compare)
	counts := !approved && approvals < int(threshold) // what is not needed is not counted
	if counts {
		approvals++
	}
	if call != nil && approvals >= int(threshold) {
		if !call.Info().Call.AllLTE(maxWeight) {
			return frame.PostInfo{}, MaxWeightTooLow
		}
		// The entry goes first, so that the call cannot come upon it.
		p.Multisigs.Remove(id, callHash)
		p.Currency.Unreserve(m.Depositor, m.Deposit)
		post, err := frame.Dispatch(call, frame.SignedBy(id))
		system.Deposit(MultisigExecuted{who, *at, id, callHash, frame.OutcomeOf(err)})
		if !post.HasActual {
			return frame.PostInfo{}, nil
		}
		return frame.Used(weightComplete(len(others), z).Add(post.Actual)), nil
	}
	if !counts {
		return frame.PostInfo{}, AlreadyApproved
	}
	if len(m.Approvals) >= int(p.MaxSignatories) {
		return frame.PostInfo{}, TooManySignatories
	}
	m.Approvals = slices.Insert(m.Approvals, place, who)
	p.Multisigs.Put(id, callHash, m)
	system.Deposit(MultisigApproval{who, *at, id, callHash})
	return frame.Used(weightApprove(len(others), z)), nil
}

// signatory returns the signer and the account that it shares with the others. Errors: BadOrigin, MinimumThreshold, those of account.
func (p *Pallet) signatory(origin frame.Origin, threshold uint16, others []chain.AccountID) (who, id chain.AccountID, err error) {
	if who, err = origin.Signed(); err != nil {
		return who, id, err
	}
	if threshold < 2 {
		return who, id, MinimumThreshold
	}
	id, err = p.account(who, others, threshold)
	return who, id, err
}

// account returns the account of who and the others. Errors: TooFewSignatories, TooManySignatories, SignatoriesOutOfOrder,
// SenderInSignatories.
func (p *Pallet) account(who chain.AccountID, others []chain.AccountID, threshold uint16) (id chain.AccountID, err error) {
	switch {
	case len(others) == 0:
		return id, TooFewSignatories
	case uint64(len(others)) >= uint64(p.MaxSignatories):
		return id, TooManySignatories
	}
	place := 0
	for i := range others { // by index: there may be a hundred, and copies cost
		if i > 0 && bytes.Compare(others[i-1][:], others[i][:]) >= 0 {
			return id, SignatoriesOutOfOrder
		}
		switch order := bytes.Compare(others[i][:], who[:]); {
		case order == 0:
			return id, SenderInSignatories
		case order < 0:
			place = i + 1
		}
	}
	preimage := start(len(others) + 1)
	preimage = appendAccounts(preimage, others[:place])
	preimage = append(preimage, who[:]...)
	return finish(appendAccounts(preimage, others[place:]), threshold), nil
}

// Account returns the account that threshold of the signatories control: blake2-256 of "modlpy/utilisuba", the signatories as a
// sequence, and the threshold. They must be in ascending order.
func Account(signatories []chain.AccountID, threshold uint16) chain.AccountID {
	return finish(appendAccounts(start(len(signatories)), signatories), threshold)
}

func start(signatories int) []byte {
	preimage := make([]byte, 0, 16+4+32*signatories+2)
	return scale.AppendLen(append(preimage, "modlpy/utilisuba"...), signatories)
}

func appendAccounts(dst []byte, list []chain.AccountID) []byte {
	for i := range list {
		dst = append(dst, list[i][:]...)
	}
	return dst
}

func finish(preimage []byte, threshold uint16) chain.AccountID {
	return host.Blake2_256(scale.AppendU16(preimage, threshold))
}

func compare(a, b chain.AccountID) int { return bytes.Compare(a[:], b[:]) }

// deposit returns what the one who begins an operation reserves.
func (p *Pallet) deposit(threshold uint16) units.Rao {
	return units.SaturatingAdd(p.DepositBase, units.SaturatingMul(p.DepositFactor, uint64(threshold)))
}

// Now returns the timepoint of the extrinsic that runs; outside of extrinsics it counts as the first of the block.
func Now() Timepoint {
	index, _ := system.ExtrinsicIndex()
	return Timepoint{system.Number(), index}
}

// encoded is where calls are encoded for their hash and length: they can be large, and calls are judged often.
var encoded []byte

func init() { frame.Scratch(&encoded) }

func hashOf(call frame.Call) ([32]byte, int) {
	encoded = frame.AppendCall(encoded[:0], call)
	return host.Blake2_256(encoded), len(encoded)
}

func length(call frame.Call) int {
	encoded = frame.AppendCall(encoded[:0], call)
	return len(encoded)
}

// TryState implements frame.StateTrier.
func (p *Pallet) TryState(chain.BlockNumber) error {
	var deposits []deposited
	for _, m := range p.Multisigs.All() {
		ascending := slices.IsSortedFunc(m.Approvals, compare) && len(slices.Compact(slices.Clone(m.Approvals))) == len(m.Approvals)
		if !ascending || len(m.Approvals) == 0 || len(m.Approvals) > int(p.MaxSignatories) {
			return errApprovals
		}
		deposits = append(deposits, deposited{m.Depositor, m.Deposit})
	}
	slices.SortFunc(deposits, func(a, b deposited) int { return compare(a.who, b.who) })
	for len(deposits) > 0 {
		who, sum := deposits[0].who, units.Rao(0)
		for len(deposits) > 0 && deposits[0].who == who {
			sum = units.SaturatingAdd(sum, deposits[0].amount)
			deposits = deposits[1:]
		}
		if p.Currency.ReservedBalance(who) < sum {
			return errReserve
		}
	}
	return nil
}

// deposited is a deposit and whose it is.
type deposited struct {
	who    chain.AccountID
	amount units.Rao
}

// violation is a broken invariant.
type violation string

func (v violation) Error() string { return string(v) }

const (
	errApprovals = violation("multisig: approvals are not between one and MaxSignatories accounts in ascending order")
	errReserve   = violation("multisig: an account has less in reserve than its deposits")
)

// NewMultisig: somebody has begun an operation.
//
//frame:event 0
type NewMultisig struct {
	Approving chain.AccountID `rust:"T::AccountId"`
	Multisig  chain.AccountID `rust:"T::AccountId"`
	CallHash  [32]byte        `rust:"CallHash"`
}

// MultisigApproval: somebody has approved an operation.
//
//frame:event 1
type MultisigApproval struct {
	Approving chain.AccountID `rust:"T::AccountId"`
	Timepoint Timepoint       `rust:"Timepoint<BlockNumberFor<T>>"`
	Multisig  chain.AccountID `rust:"T::AccountId"`
	CallHash  [32]byte        `rust:"CallHash"`
}

// MultisigExecuted: enough have approved, and the call has run.
//
//frame:event 2
type MultisigExecuted struct {
	Approving chain.AccountID `rust:"T::AccountId"`
	Timepoint Timepoint       `rust:"Timepoint<BlockNumberFor<T>>"`
	Multisig  chain.AccountID `rust:"T::AccountId"`
	CallHash  [32]byte        `rust:"CallHash"`
	Result    frame.Outcome   `rust:"DispatchResult"`
}

// MultisigCancelled: an operation has ended without its call.
//
//frame:event 3
type MultisigCancelled struct {
	Cancelling chain.AccountID `rust:"T::AccountId"`
	Timepoint  Timepoint       `rust:"Timepoint<BlockNumberFor<T>>"`
	Multisig   chain.AccountID `rust:"T::AccountId"`
	CallHash   [32]byte        `rust:"CallHash"`
}

// DepositPoked: the deposit of an operation has changed.
//
//frame:event 4
type DepositPoked struct {
	Who        chain.AccountID `rust:"T::AccountId"`
	CallHash   [32]byte        `rust:"CallHash"`
	OldDeposit units.Rao       `rust:"BalanceOf<T>"`
	NewDeposit units.Rao       `rust:"BalanceOf<T>"`
}

// Error is why the pallet refuses a call.
type Error uint8

const (
	// MinimumThreshold: the threshold must be two or more.
	MinimumThreshold Error = 0
	// AlreadyApproved: the sender has approved this call already, or it needs no more approvals.
	AlreadyApproved Error = 1
	// NoApprovalsNeeded: the call needs no more approvals. Not in use.
	NoApprovalsNeeded Error = 2
	// TooFewSignatories: there must be at least one other signatory.
	TooFewSignatories Error = 3
	// TooManySignatories: there are more signatories than MaxSignatories.
	TooManySignatories Error = 4
	// SignatoriesOutOfOrder: the other signatories must be in ascending order, each once.
	SignatoriesOutOfOrder Error = 5
	// SenderInSignatories: the sender is not to be among the other signatories.
	SenderInSignatories Error = 6
	// NotFound: there is no such operation.
	NotFound Error = 7
	// NotOwner: only who began the operation may do this.
	NotOwner Error = 8
	// NoTimepoint: the operation is under way, so give the timepoint of its first approval.
	NoTimepoint Error = 9
	// WrongTimepoint: the operation that is under way began at another timepoint.
	WrongTimepoint Error = 10
	// UnexpectedTimepoint: no operation is under way, so give no timepoint.
	UnexpectedTimepoint Error = 11
	// MaxWeightTooLow: the call weighs more than max_weight.
	MaxWeightTooLow Error = 12
	// AlreadyStored: the call is stored already. Not in use.
	AlreadyStored Error = 13
)
