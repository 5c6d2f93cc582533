package balances

import (
	"github.com/gotensor/gotensor/pallets/frame"
	"github.com/gotensor/gotensor/pallets/frame/host"
	"github.com/gotensor/gotensor/pallets/system"
	"github.com/gotensor/gotensor/primitives/chain"
	"github.com/gotensor/gotensor/primitives/units"
)

const logTarget = "runtime::balances"

// total returns free and reserved balance together.
func total(a *system.AccountData) units.Rao { return units.SaturatingAdd(a.Free, a.Reserved) }

// isNewLogic tells whether the account holds a consumer reference for what is reserved or frozen in it. Accounts that older versions have written
// lack the flag until EnsureUpgraded.
func isNewLogic(a *system.AccountData) bool { return a.Flags.Hi&system.NewLogic.Hi != 0 }

// EnsureUpgraded brings an account of an older version to the rules of this one: what is reserved in it holds a consumer reference. It
// reports whether there was something to do. Emits Upgraded.
func (p *Pallet) EnsureUpgraded(who chain.AccountID) bool {
	a := system.AccountDataOf(who)
	if isNewLogic(&a) {
		return false
	}
	a.Flags.Hi |= system.NewLogic.Hi
	if a.Reserved != 0 && a.Frozen == 0 {
		if system.Providers(who) == 0 {
			// No account of any version should be so; give it enough to live.
			host.Log(2, logTarget, "account with reserved balance and without provider reference")
			a.Free = max(a.Free, p.ExistentialDeposit)
			system.IncProviders(who)
		}
		// It has a provider, which is all that is asked for.
		_ = system.IncConsumersWithoutLimit(who)
	}
	_ = system.TryMutateExists(who, func(d *system.AccountData, _ bool) (bool, error) {
		*d = a
		return true, nil
	})
	system.Deposit(Upgraded{Who: who})
	return true
}

// mutate lets f change the account and then makes everything follow that depends on its balance: references, birth and death. isNew
// tells f that there was no account. Where f, or a reference, returns an error, nothing has changed but what f itself did elsewhere.
//
// dust is what was left in an account that was too small to live; the account is gone then, and the caller must hand the dust to handleDust
// once nothing is under way any more that its receiver could disturb. Emits Endowed, and DustLost where there is dust.
//
// It does not look after the issuance. Source: pallet_balances, try_mutate_account.
func (p *Pallet) mutate(who chain.AccountID, f func(a *system.AccountData, isNew bool) error) (dust units.Rao, err error) {
	a, isNew := p.upgraded(who, system.AccountOf(who))
	data := a.Data
	if err := f(&data, isNew); err != nil {
		return 0, err
	}
	return p.commit(who, a, data, isNew)
}

// upgraded returns the account, of which a was just read, by the rules of this version, and whether there is none.
func (p *Pallet) upgraded(who chain.AccountID, a system.AccountInfo) (_ system.AccountInfo, isNew bool) {
	if !isNewLogic(&a.Data) {
		p.EnsureUpgraded(who)
		a = system.AccountOf(who)
	}
	return a, a.Data == nobody()
}

func nobody() system.AccountData { return system.DefaultAccount().Data }

// commit is the second half of mutate: a and isNew come from upgraded, and data is what becomes of the account's.
func (p *Pallet) commit(who chain.AccountID, a system.AccountInfo, data system.AccountData, isNew bool) (dust units.Rao, err error) {
	if err := p.keepReferences(who, &a, &data); err != nil {
		return 0, err
	}
	endowment := data.Free
	// An account with something reserved has a consumer reference and lives on, however little of it is free.
	if data.Free < p.ExistentialDeposit && data.Reserved == 0 {
		dust, data = data.Free, nobody()
	}
	a.Data = data
	system.UpdateAccount(who, a)
	if isNew {
		system.Deposit(Endowed{Account: who, FreeBalance: endowment})
	}
	if dust != 0 {
		system.Deposit(DustLost{Account: who, Amount: dust})
	}
	return dust, nil
}

// keepReferences changes the references of an account as its data is about to change: at least the existential deposit free provides for the
// account, anything reserved or frozen consumes. a is kept up to date with them. Errors: NoProviders, TooManyConsumers, ConsumerRemaining.
func (p *Pallet) keepReferences(who chain.AccountID, a *system.AccountInfo, data *system.AccountData) error {
	didProvide, doesProvide := a.Data.Free >= p.ExistentialDeposit, data.Free >= p.ExistentialDeposit
	didConsume, doesConsume := consumes(&a.Data), consumes(data)
	if didProvide == doesProvide && didConsume == doesConsume && (!doesConsume || a.Consumers != 0) {
		return nil
	}
	if !didProvide && doesProvide {
		system.IncProviders(who)
	}
	if didConsume && !doesConsume {
		system.DecConsumers(who)
	}
	if !didConsume && doesConsume {
		if err := system.IncConsumers(who); err != nil {
			return err
		}
	}
	if doesConsume && system.Consumers(who) == 0 {
		// No account that these rules have made is so.
		host.Log(1, logTarget, "account without the consumer reference that its balance needs")
		if err := system.IncConsumers(who); err != nil {
			return err
		}
	}
	if didProvide && !doesProvide {
		// Last, as the account may die of it.
		if err := system.DecProviders(who); err != nil {
			if didConsume && !doesConsume {
				_ = system.IncConsumers(who)
			}
			if !didConsume && doesConsume {
				system.DecConsumers(who)
			}
			return err
		}
	}
	*a = system.AccountOf(who)
	return nil
}

// consumes tells whether the account needs a consumer reference.
func consumes(a *system.AccountData) bool { return a.Reserved != 0 || a.Frozen != 0 }

// mutateAndDust is mutate with the dust seen to. The dust of functions that do not look after the issuance otherwise is at most what can be
// dust at all.
func (p *Pallet) mutateAndDust(who chain.AccountID, f func(a *system.AccountData, isNew bool) error) error {
	dust, err := p.mutate(who, f)
	p.handleRawDust(dust)
	return err
}

// handleRawDust is handleDust for at most as much as is less than the existential deposit.
func (p *Pallet) handleRawDust(dust units.Rao) {
	p.handleDust(min(dust, units.SaturatingSub(p.ExistentialDeposit, 1)))
}

// handleDust gives dust to the receiver that the runtime has set, or burns it.
func (p *Pallet) handleDust(dust units.Rao) {
	switch {
	case dust == 0:
	case p.DustRemoval != nil:
		p.DustRemoval(Credit(dust))
	default:
		p.DropCredit(Credit(dust))
	}
}

// transferReserved moves reserved balance to another account that exists, or makes it free in the same, and returns how much. Emits
// ReserveRepatriated, or Unreserved. Errors: TokenFundsUnavailable, DeadAccount, Overflow. Source: pallet_balances, do_transfer_reserved.
func (p *Pallet) transferReserved(from, to chain.AccountID, value units.Rao, precision Precision, fortitude Fortitude, status BalanceStatus) (units.Rao, error) {
	if value == 0 {
		return 0, nil
	}
	most := p.ReducibleTotalBalanceOnHold(from, fortitude)
	actual := value
	if precision == BestEffort {
		actual = min(value, most)
	}
	if actual > most {
		return 0, frame.TokenFundsUnavailable
	}
	if from == to {
		if status == StatusFree {
			return units.SaturatingSub(actual, p.Unreserve(from, actual)), nil
		}
		return actual, nil
	}
	var fromDust units.Rao
	toDust, err := p.mutate(to, func(receiver *system.AccountData, isNew bool) (err error) {
		if isNew {
			return DeadAccount
		}
		fromDust, err = p.mutate(from, func(sender *system.AccountData, _ bool) error {
			part := &receiver.Free
			if status == StatusReserved {
				part = &receiver.Reserved
			}
			sum, ok := units.CheckedAdd(*part, actual)
			if !ok {
				return frame.Overflow
			}
			*part = sum
			sender.Reserved = units.SaturatingSub(sender.Reserved, actual)
			return nil
		})
		return err
	})
	if err != nil {
		return 0, err
	}
	p.handleRawDust(fromDust)
	p.handleRawDust(toDust)
	system.Deposit(ReserveRepatriated{From: from, To: to, Amount: actual, DestinationStatus: status})
	return actual, nil
}
