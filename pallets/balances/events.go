package balances

import (
	"github.com/gotensor/gotensor/primitives/chain"
	"github.com/gotensor/gotensor/primitives/units"
)

// Endowed: an account has come into being with a free balance.
//
//frame:event 0
type Endowed struct {
	Account     chain.AccountID `rust:"T::AccountId"`
	FreeBalance units.Rao       `rust:"T::Balance"`
}

// DustLost: an account was removed with a balance that was above zero and below the existential deposit, and that balance with it.
//
//frame:event 1
type DustLost struct {
	Account chain.AccountID `rust:"T::AccountId"`
	Amount  units.Rao       `rust:"T::Balance"`
}

// Transfer: money went from one account to another.
//
//frame:event 2
type Transfer struct {
	From   chain.AccountID `rust:"T::AccountId"`
	To     chain.AccountID `rust:"T::AccountId"`
	Amount units.Rao       `rust:"T::Balance"`
}

// BalanceSet: root has set a balance.
//
//frame:event 3
type BalanceSet struct {
	Who  chain.AccountID `rust:"T::AccountId"`
	Free units.Rao       `rust:"T::Balance"`
}

// Reserved: free balance became reserved balance.
//
//frame:event 4
type Reserved struct {
	Who    chain.AccountID `rust:"T::AccountId"`
	Amount units.Rao       `rust:"T::Balance"`
}

// Unreserved: reserved balance became free balance.
//
//frame:event 5
type Unreserved struct {
	Who    chain.AccountID `rust:"T::AccountId"`
	Amount units.Rao       `rust:"T::Balance"`
}

// ReserveRepatriated: reserved balance of one account went to another. The last field says whether it is free or reserved there.
//
//frame:event 6
type ReserveRepatriated struct {
	From              chain.AccountID `rust:"T::AccountId"`
	To                chain.AccountID `rust:"T::AccountId"`
	Amount            units.Rao       `rust:"T::Balance"`
	DestinationStatus BalanceStatus   `rust:"Status"`
}

// Deposit: an account was given money, of fees for example.
//
//frame:event 7
type Deposit struct {
	Who    chain.AccountID `rust:"T::AccountId"`
	Amount units.Rao       `rust:"T::Balance"`
}

// Withdraw: money was taken from an account, for fees for example.
//
//frame:event 8
type Withdraw struct {
	Who    chain.AccountID `rust:"T::AccountId"`
	Amount units.Rao       `rust:"T::Balance"`
}

// Slashed: money was taken from an account as a punishment.
//
//frame:event 9
type Slashed struct {
	Who    chain.AccountID `rust:"T::AccountId"`
	Amount units.Rao       `rust:"T::Balance"`
}

// Minted: money was made and given to an account.
//
//frame:event 10
type Minted struct {
	Who    chain.AccountID `rust:"T::AccountId"`
	Amount units.Rao       `rust:"T::Balance"`
}

// Burned: money was taken from an account and is no more.
//
//frame:event 11
type Burned struct {
	Who    chain.AccountID `rust:"T::AccountId"`
	Amount units.Rao       `rust:"T::Balance"`
}

// Suspended: money was taken from an account and the issuance, to be restored later.
//
//frame:event 12
type Suspended struct {
	Who    chain.AccountID `rust:"T::AccountId"`
	Amount units.Rao       `rust:"T::Balance"`
}

// Restored: money that had been suspended is back in an account.
//
//frame:event 13
type Restored struct {
	Who    chain.AccountID `rust:"T::AccountId"`
	Amount units.Rao       `rust:"T::Balance"`
}

// Upgraded: an account that was written by an older version follows the rules of this one now.
//
//frame:event 14
type Upgraded struct {
	Who chain.AccountID `rust:"T::AccountId"`
}

// Issued: the issuance was increased; the money is on its way to accounts.
//
//frame:event 15
type Issued struct {
	Amount units.Rao `rust:"T::Balance"`
}

// Rescinded: the issuance was decreased; the money was or will be taken from accounts.
//
//frame:event 16
type Rescinded struct {
	Amount units.Rao `rust:"T::Balance"`
}

// Locked: more of an account's balance is locked, by that much.
//
//frame:event 17
type Locked struct {
	Who    chain.AccountID `rust:"T::AccountId"`
	Amount units.Rao       `rust:"T::Balance"`
}

// Unlocked: less of an account's balance is locked, by that much.
//
//frame:event 18
type Unlocked struct {
	Who    chain.AccountID `rust:"T::AccountId"`
	Amount units.Rao       `rust:"T::Balance"`
}

// Frozen: more of an account's balance is frozen, by that much.
//
//frame:event 19
type Frozen struct {
	Who    chain.AccountID `rust:"T::AccountId"`
	Amount units.Rao       `rust:"T::Balance"`
}

// Thawed: less of an account's balance is frozen, by that much.
//
//frame:event 20
type Thawed struct {
	Who    chain.AccountID `rust:"T::AccountId"`
	Amount units.Rao       `rust:"T::Balance"`
}

// TotalIssuanceForced: root has changed the total issuance.
//
//frame:event 21
type TotalIssuanceForced struct {
	Old units.Rao `rust:"T::Balance"`
	New units.Rao `rust:"T::Balance"`
}
