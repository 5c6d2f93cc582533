package system

import (
	"math"

	"github.com/gotensor/gotensor/pallets/frame"
	"github.com/gotensor/gotensor/pallets/frame/host"
	"github.com/gotensor/gotensor/primitives/chain"
)

// AccountExists tells whether there is such an account.
func AccountExists(who chain.AccountID) bool { return instance.Account.Has(who) }

// AccountNonce returns the number of the account's next transaction.
func AccountNonce(who chain.AccountID) uint32 { return instance.Account.Get(who).Nonce }

// IncAccountNonce counts a transaction of the account.
func IncAccountNonce(who chain.AccountID) {
	a := instance.Account.Get(who)
	a.Nonce++
	instance.Account.Put(who, a)
}

// Providers returns how many providers the account has.
func Providers(who chain.AccountID) uint32 { return instance.Account.Get(who).Providers }

// Consumers returns how many consumers the account has.
func Consumers(who chain.AccountID) uint32 { return instance.Account.Get(who).Consumers }

// Sufficients returns how many sufficients the account has.
func Sufficients(who chain.AccountID) uint32 { return instance.Account.Get(who).Sufficients }

// IsProviderRequired tells whether the account has consumers, so that it needs a provider.
func IsProviderRequired(who chain.AccountID) bool { return Consumers(who) != 0 }

// CanDecProvider tells whether a provider could go: there are no consumers, or other providers.
func CanDecProvider(who chain.AccountID) bool {
	a := instance.Account.Get(who)
	return a.Consumers == 0 || a.Providers > 1
}

// CanAccrueConsumers tells whether the account could have n consumers more: it has a provider, and stays within MaxConsumers.
func CanAccrueConsumers(who chain.AccountID, n uint32) bool {
	a := instance.Account.Get(who)
	return a.Providers > 0 && uint64(a.Consumers)+uint64(n) <= uint64(instance.MaxConsumers)
}

// CanIncConsumer tells whether the account could have one consumer more.
func CanIncConsumer(who chain.AccountID) bool { return CanAccrueConsumers(who, 1) }

// IncProviders adds a provider, and tells whether that created the account.
func IncProviders(who chain.AccountID) (created bool) {
	a := instance.Account.Get(who)
	if created = a.Providers == 0 && a.Sufficients == 0; created {
		Deposit(NewAccount{Account: who})
	}
	a.Providers = increment(a.Providers)
	instance.Account.Put(who, a)
	return created
}

// DecProviders takes a provider off that IncProviders added; with the last one, where there are no sufficients either, the account goes
// with all its data. Error: ConsumerRemaining where it is the last provider and there are consumers.
func DecProviders(who chain.AccountID) error {
	a := instance.Account.Get(who)
	if a.Providers == 0 {
		if !instance.Account.Has(who) {
			logicError("provider of an account that is gone")
			return nil
		}
		logicError("more providers go than came")
		a.Providers = 1
	}
	switch {
	case a.Providers == 1 && a.Consumers == 0 && a.Sufficients == 0:
		kill(who)
		return nil
	case a.Providers == 1 && a.Consumers > 0:
		return frame.ConsumerRemaining
	}
	a.Providers--
	instance.Account.Put(who, a)
	return nil
}

// IncSufficients adds a sufficient, and tells whether that created the account.
func IncSufficients(who chain.AccountID) (created bool) {
	a := instance.Account.Get(who)
	if created = a.Providers == 0 && a.Sufficients == 0; created {
		Deposit(NewAccount{Account: who})
	}
	a.Sufficients = increment(a.Sufficients)
	instance.Account.Put(who, a)
	return created
}

// DecSufficients takes a sufficient off that IncSufficients added, and tells whether the account went with it: it was the last, and there
// were no providers.
func DecSufficients(who chain.AccountID) (reaped bool) {
	a := instance.Account.Get(who)
	if a.Sufficients == 0 {
		if !instance.Account.Has(who) {
			logicError("sufficient of an account that is gone")
			return true
		}
		logicError("more sufficients go than came")
	}
	if a.Sufficients <= 1 && a.Providers == 0 {
		kill(who)
		return true
	}
	a.Sufficients -= min(a.Sufficients, 1)
	instance.Account.Put(who, a)
	return false
}

// IncConsumers adds a consumer. Errors: NoProviders, TooManyConsumers.
func IncConsumers(who chain.AccountID) error { return incConsumers(who, instance.MaxConsumers) }

// IncConsumersWithoutLimit adds a consumer past MaxConsumers. Error: NoProviders.
func IncConsumersWithoutLimit(who chain.AccountID) error { return incConsumers(who, math.MaxUint32) }

func incConsumers(who chain.AccountID, limit uint32) error {
	a := instance.Account.Get(who)
	if a.Providers == 0 {
		return frame.NoProviders
	}
	if a.Consumers >= limit && limit != math.MaxUint32 {
		return frame.TooManyConsumers
	}
	a.Consumers = increment(a.Consumers)
	instance.Account.Put(who, a)
	return nil
}

// DecConsumers takes a consumer off that IncConsumers added.
func DecConsumers(who chain.AccountID) {
	a := instance.Account.Get(who)
	if a.Consumers == 0 {
		logicError("more consumers go than came")
	}
	a.Consumers -= min(a.Consumers, 1)
	instance.Account.Put(who, a)
}

// AccountDataOf returns the data of the account; the default where there is none.
func AccountDataOf(who chain.AccountID) AccountData { return instance.Account.Get(who).Data }

// TryMutateExists changes the data of an account. f gets the data and whether it differs from the default, and says whether to keep
// what it left in d; else the default takes its place. It may count references on the way: an account without providers and sufficients
// afterwards is removed. Where f returns an error, that is returned and the data is as it was.
func TryMutateExists(who chain.AccountID, f func(d *AccountData, existed bool) (keep bool, err error)) error {
	data := instance.Account.Get(who).Data
	initial := DefaultAccount().Data
	keep, err := f(&data, data != initial)
	if err != nil {
		return err
	}
	if !keep {
		data = initial
	}
	a := instance.Account.Get(who)
	if a.Providers > 0 || a.Sufficients > 0 {
		a.Data = data
		instance.Account.Put(who, a)
	} else {
		instance.Account.Remove(who)
	}
	return nil
}

func kill(who chain.AccountID) {
	instance.Account.Remove(who)
	Deposit(KilledAccount{Account: who})
}

func increment(n uint32) uint32 { return n + min(1, math.MaxUint32-n) }

// logicError tells the node's operator that a pallet counts references wrongly; the chain goes on.
func logicError(what string) { host.Log(levelError, logTarget, "logic error: "+what) }

const (
	levelError = 1
	logTarget  = "runtime::system"
)
