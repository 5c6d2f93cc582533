package balances

import (
	"github.com/gotensor/gotensor/pallets/frame"
	"github.com/gotensor/gotensor/pallets/system"
	"github.com/gotensor/gotensor/primitives/chain"
	"github.com/gotensor/gotensor/primitives/scale"
	"github.com/gotensor/gotensor/primitives/units"
)

//go:generate go run ../frame/gen

// Pallet is the balances pallet.
type Pallet struct {
	Constants
	Storage

	// MaxHolds is how many reasons to hold the runtime has, and so how many holds an account may have.
	MaxHolds uint32
	// FreezeReasons is how many reasons to freeze the runtime has; IntegrityTest compares it with MaxFreezes.
	FreezeReasons uint32
	// DustRemoval is given what was left in accounts that were too small to live. Where it is nil, that is burned.
	DustRemoval func(Credit)
	// DoneSlash is told of slashed holds; it may be nil.
	DoneSlash func(reason frame.HoldReason, who chain.AccountID, amount units.Rao)
}

// Constants are set by the runtime.
type Constants struct {
	// ExistentialDeposit is the least balance with which an account stays alive. It must be above zero: an account that costs nothing can be
	// made by anyone any number of times.
	ExistentialDeposit units.Rao `rust:"T::Balance"`
	// MaxLocks is how many locks an account should have. It is not enforced; weights assume it.
	//
	// Locks are the older form of freezes.
	MaxLocks uint32
	// MaxReserves is how many named reserves an account may have.
	//
	// Reserves are the older form of holds.
	MaxReserves uint32
	// MaxFreezes is how many freezes an account may have at a time.
	MaxFreezes uint32
}

// Storage is all that the pallet keeps; the accounts themselves are in System.Account.
type Storage struct {
	// All money there is, in RAO: that of all accounts, and what has been taken from one and not yet been given to another.
	TotalIssuance frame.Value[units.Rao]

	// How much of the total issuance takes no part in the economy. At most TotalIssuance.
	InactiveIssuance frame.Value[units.Rao]

	// The balances of each account where a runtime keeps them in this pallet. This runtime keeps them in System.Account, and this item is empty.
	Account frame.Map[frame.Blake2_128Concat, chain.AccountID, system.AccountData] `default:"system.DefaultAccount().Data"`

	// The locks on each account's balance. They overlap: the largest one counts. Read only where locks change; what they amount to is in the
	// account.
	//
	// Locks are the older form of freezes.
	Locks frame.Map[frame.Blake2_128Concat, chain.AccountID, BalanceLocks]

	// The named reserves of each account, in the order of their names. At most MaxReserves.
	//
	// Reserves are the older form of holds.
	Reserves frame.Map[frame.Blake2_128Concat, chain.AccountID, ReserveList]

	// What is on hold in each account, and why: one entry a reason.
	Holds frame.Map[frame.Blake2_128Concat, chain.AccountID, HoldList]

	// What is frozen in each account, and why: one entry a reason. They overlap: the largest one counts. At most MaxFreezes.
	Freezes frame.Map[frame.Blake2_128Concat, chain.AccountID, FreezeList]
}

// ID is the name of a lock or of a reserve: eight bytes that its owner chose.
type ID = [8]byte

// Reasons says what a lock forbids. It is stored and otherwise ignored: every lock forbids everything.
//
//frame:enum pallet_balances::types::Reasons
type Reasons uint8

// Reasons of locks.
const (
	Fee  Reasons = 0 // paying fees of transactions
	Misc Reasons = 1 // anything but paying fees
	All  Reasons = 2 // anything
)

// or returns the reasons of both.
func (r Reasons) or(s Reasons) Reasons {
	if r == s {
		return r
	}
	return All
}

// WithdrawReasons is a set of things for which money leaves an account: frame_support's, of which only whether fees are among them matters.
type WithdrawReasons uint8

// Reasons to withdraw.
const (
	WithdrawTransactionPayment WithdrawReasons = 1 << iota
	WithdrawTransfer
	WithdrawReserve
	WithdrawFee
	WithdrawTip
	WithdrawAll WithdrawReasons = 1<<iota - 1
)

// lockReasons returns what is stored for the set.
func (r WithdrawReasons) lockReasons() Reasons {
	switch {
	case r == WithdrawTransactionPayment:
		return Fee
	case r&WithdrawTransactionPayment != 0:
		return All
	}
	return Misc
}

// BalanceLock is one lock.
//
//frame:type pallet_balances::types::BalanceLock<Balance=units.Rao>
type BalanceLock struct {
	ID      ID        `name:"id" rust:"LockIdentifier"`
	Amount  units.Rao `name:"amount" rust:"Balance"`
	Reasons Reasons   `name:"reasons" rust:"Reasons"`
}

// BalanceLocks are the locks of an account: a weakly bounded vector, which is read even where it is longer than MaxLocks.
type BalanceLocks []BalanceLock

// AppendScale appends the locks behind their number.
func (l BalanceLocks) AppendScale(dst []byte) []byte { return scale.AppendSlice(dst, l) }

// DecodeScale reads what AppendScale wrote.
func (l *BalanceLocks) DecodeScale(d *scale.Decoder) { *l = scale.DecodeSlice[BalanceLock](d) }

// ReserveData is one named reserve.
//
//frame:type pallet_balances::types::ReserveData<ReserveIdentifier=ID, Balance=units.Rao>
type ReserveData struct {
	ID     ID        `name:"id" rust:"ReserveIdentifier"`
	Amount units.Rao `name:"amount" rust:"Balance"`
}

// ReserveList is the named reserves of an account, in the order of their names.
//
//frame:type bounded_collections::bounded_vec::BoundedVec
//frame:bound 50
type ReserveList []ReserveData

// HoldAmount is how much is on hold for a reason.
//
//frame:type frame_support::traits::tokens::misc::IdAmount<Id=frame.HoldReason, Balance=units.Rao>
type HoldAmount struct {
	ID     frame.HoldReason `name:"id" rust:"Id"`
	Amount units.Rao        `name:"amount" rust:"Balance"`
}

// HoldList is the holds of an account.
//
//frame:type bounded_collections::bounded_vec::BoundedVec
//frame:bound 4
type HoldList []HoldAmount

// FreezeAmount is how much is frozen for a reason.
//
//frame:type frame_support::traits::tokens::misc::IdAmount<Id=frame.FreezeReason, Balance=units.Rao>
type FreezeAmount struct {
	ID     frame.FreezeReason `name:"id" rust:"Id"`
	Amount units.Rao          `name:"amount" rust:"Balance"`
}

// FreezeList is the freezes of an account.
//
//frame:type bounded_collections::bounded_vec::BoundedVec
//frame:bound 50
type FreezeList []FreezeAmount

// AdjustmentDirection says which way an amount changes.
//
//frame:enum pallet_balances::types::AdjustmentDirection
type AdjustmentDirection uint8

// Directions.
const (
	Increase AdjustmentDirection = 0
	Decrease AdjustmentDirection = 1
)

// BalanceStatus says which part of an account's balance is meant. The names on the wire are Free and Reserved.
type BalanceStatus uint8

// Parts of a balance.
const (
	StatusFree     BalanceStatus = 0
	StatusReserved BalanceStatus = 1
)

// AppendScale appends the status.
func (s BalanceStatus) AppendScale(dst []byte) []byte { return append(dst, byte(s)) }

// DecodeScale reads a status.
func (s *BalanceStatus) DecodeScale(d *scale.Decoder) {
	if *s = BalanceStatus(d.U8()); *s > StatusReserved {
		d.FailVariant("balance status", uint8(*s))
	}
}

// Preservation says how much of an account must be left by what reduces its balance.
type Preservation uint8

// Preservations.
const (
	// Expendable: the account may die of it, unless others need it alive.
	Expendable Preservation = iota
	// Protect: the account must stay alive, but the balance need not be what keeps it so.
	Protect
	// Preserve: the existential deposit must be left.
	Preserve
)

// Fortitude says whether freezes are obeyed.
type Fortitude uint8

// Fortitudes.
const (
	Polite Fortitude = iota // obey freezes and locks
	Force                   // ignore them
)

// Precision says whether less than was asked for will do.
type Precision uint8

// Precisions.
const (
	Exact      Precision = iota // all or nothing
	BestEffort                  // as much as is possible
)

// Provenance says where money that is deposited comes from.
type Provenance uint8

// Provenances.
const (
	FromMint Provenance = iota // it is made now
	Extant                     // it exists already
)

// Restriction says in what form held money arrives at another account.
type Restriction uint8

// Restrictions.
const (
	Free   Restriction = iota // as free balance
	OnHold                    // on hold there, too
)

// ExistenceRequirement is the older form of Preservation.
type ExistenceRequirement uint8

// Existence requirements.
const (
	KeepAlive ExistenceRequirement = iota
	AllowDeath
)

// Credit is money that was taken from somewhere, or made, and is in no account: the issuance holds more than the accounts. It must be
// given to an account (Resolve), or be burned (DropCredit).
type Credit units.Rao

// Debt is money that was given to an account and taken from nowhere: the accounts hold more than the issuance. It must be taken from an
// account (Settle), or be made (DropDebt).
type Debt units.Rao

// Negative is a Credit of the older functions, of whose end Drop tells with an event. Positive is such a Debt.
type (
	Negative units.Rao
	Positive units.Rao
)
