package proxy

import (
	"github.com/gotensor/gotensor/pallets/frame"
	"github.com/gotensor/gotensor/primitives/chain"
	"github.com/gotensor/gotensor/primitives/hash"
	"github.com/gotensor/gotensor/primitives/units"
)

// ProxyExecuted: a proxy has made a call.
//
//frame:event 0
type ProxyExecuted struct {
	// What became of the call.
	Result frame.Outcome `rust:"DispatchResult"`
}

// PureCreated: somebody has made a pure account.
//
//frame:event 1
type PureCreated struct {
	// The pure account.
	Pure chain.AccountID `rust:"T::AccountId"`
	// Who made it.
	Who chain.AccountID `rust:"T::AccountId"`
	// The kind of its first proxy.
	ProxyType ProxyType `rust:"T::ProxyType"`
	// The index that was given to its creation.
	DisambiguationIndex uint16 `rust:"u16"`
}

// PureKilled: a pure account has been ended.
//
//frame:event 2
type PureKilled struct {
	// The pure account.
	Pure chain.AccountID `rust:"T::AccountId"`
	// Who made it.
	Spawner chain.AccountID `rust:"T::AccountId"`
	// The kind of its first proxy.
	ProxyType ProxyType `rust:"T::ProxyType"`
	// The index that was given to its creation.
	DisambiguationIndex uint16 `rust:"u16"`
}

// Announced: a proxy has announced a call.
//
//frame:event 3
type Announced struct {
	Real     chain.AccountID `rust:"T::AccountId"`
	Proxy    chain.AccountID `rust:"T::AccountId"`
	CallHash hash.H256       `rust:"CallHashOf<T>"`
}

// ProxyAdded: an account has one more proxy.
//
//frame:event 4
type ProxyAdded struct {
	Delegator chain.AccountID   `rust:"T::AccountId"`
	Delegatee chain.AccountID   `rust:"T::AccountId"`
	ProxyType ProxyType         `rust:"T::ProxyType"`
	Delay     chain.BlockNumber `rust:"BlockNumberFor<T>"`
}

// ProxyRemoved: an account has one proxy less.
//
//frame:event 5
type ProxyRemoved struct {
	Delegator chain.AccountID   `rust:"T::AccountId"`
	Delegatee chain.AccountID   `rust:"T::AccountId"`
	ProxyType ProxyType         `rust:"T::ProxyType"`
	Delay     chain.BlockNumber `rust:"BlockNumberFor<T>"`
}

// DepositPoked: a deposit has been brought to what the constants ask for.
//
//frame:event 6
type DepositPoked struct {
	Who        chain.AccountID `rust:"T::AccountId"`
	Kind       DepositKind     `rust:"DepositKind"`
	OldDeposit units.Rao       `rust:"BalanceOf<T>"`
	NewDeposit units.Rao       `rust:"BalanceOf<T>"`
}

// RealPaysFeeSet: an account has said whether it pays the fees of a delegate's proxy calls.
//
//frame:event 7
type RealPaysFeeSet struct {
	Real     chain.AccountID `rust:"T::AccountId"`
	Delegate chain.AccountID `rust:"T::AccountId"`
	PaysFee  bool            `rust:"bool"`
}

// Error is why the pallet refuses a call.
type Error uint8

const (
	// TooMany: the account has as many proxies, or the delegate as many announcements pending, as it may.
	TooMany Error = 0
	// NotFound: there is no such proxy or announcement.
	NotFound Error = 1
	// NotProxy: the sender is no proxy of the account, or not of that kind.
	NotProxy Error = 2
	// Unproxyable: a proxy of this kind may not make the call. Not in use.
	Unproxyable Error = 3
	// Duplicate: the account has this proxy already.
	Duplicate Error = 4
	// NoPermission: only a pure account that was made just so may be ended.
	NoPermission Error = 5
	// Unannounced: the call must be announced, and the delay be over, before it can be made.
	Unannounced Error = 6
	// NoSelfProxy: nobody is a proxy of their own.
	NoSelfProxy Error = 7
	// AnnouncementDepositInvariantViolated: an announcement is left without a deposit. It cannot happen.
	AnnouncementDepositInvariantViolated Error = 8
	// InvalidDerivedAccountId: the derived bytes are no account. It cannot happen with accounts of 32 bytes.
	InvalidDerivedAccountId Error = 9
)
