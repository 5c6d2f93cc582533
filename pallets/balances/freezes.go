package balances

import (
	"slices"

	"github.com/gotensor/gotensor/pallets/frame"
	"github.com/gotensor/gotensor/pallets/system"
	"github.com/gotensor/gotensor/primitives/chain"
	"github.com/gotensor/gotensor/primitives/units"
)

func (f FreezeList) index(id frame.FreezeReason) int {
	return slices.IndexFunc(f, func(x FreezeAmount) bool { return x.ID == id })
}

// BalanceFrozen returns how much is frozen in the account for the reason.
func (p *Pallet) BalanceFrozen(id frame.FreezeReason, who chain.AccountID) units.Rao {
	freezes := p.Freezes.Get(who)
	if i := freezes.index(id); i >= 0 {
		return freezes[i].Amount
	}
	return 0
}

// BalanceFreezable returns how much of the account could be frozen politely: all of it.
func (p *Pallet) BalanceFreezable(who chain.AccountID) units.Rao { return p.TotalBalance(who) }

// CanFreeze tells whether the account has room for a freeze for the reason.
func (p *Pallet) CanFreeze(id frame.FreezeReason, who chain.AccountID) bool {
	freezes := p.Freezes.Get(who)
	return len(freezes) < int(p.MaxFreezes) || freezes.index(id) >= 0
}

// SetFreeze freezes amount of the account for the reason, however much there is in it; nothing where amount is zero. Emits Frozen or Thawed.
// Errors: TooManyFreezes, and those of references.
func (p *Pallet) SetFreeze(id frame.FreezeReason, who chain.AccountID, amount units.Rao) error {
	if amount == 0 {
		return p.Thaw(id, who)
	}
	return p.putFreeze(id, who, func(units.Rao) units.Rao { return amount })
}

// ExtendFreeze freezes at least amount of the account for the reason. Emits Frozen. Errors: TooManyFreezes, and those of references.
func (p *Pallet) ExtendFreeze(id frame.FreezeReason, who chain.AccountID, amount units.Rao) error {
	if amount == 0 {
		return nil
	}
	return p.putFreeze(id, who, func(old units.Rao) units.Rao { return max(old, amount) })
}

func (p *Pallet) putFreeze(id frame.FreezeReason, who chain.AccountID, amount func(old units.Rao) units.Rao) error {
	freezes := p.Freezes.Get(who)
	if i := freezes.index(id); i >= 0 {
		freezes[i].Amount = amount(freezes[i].Amount)
	} else {
		if len(freezes) >= int(p.MaxFreezes) {
			return TooManyFreezes
		}
		freezes = append(freezes, FreezeAmount{id, amount(0)})
	}
	return p.updateFreezes(who, freezes)
}

// Thaw ends the freeze for the reason. Emits Thawed. Errors: those of references.
func (p *Pallet) Thaw(id frame.FreezeReason, who chain.AccountID) error {
	freezes := slices.DeleteFunc(p.Freezes.Get(who), func(x FreezeAmount) bool { return x.ID == id })
	return p.updateFreezes(who, freezes)
}

// SetFrozen is SetFreeze, with fortitude Polite only if there is so much in the account. Errors: TokenFundsUnavailable, and those of SetFreeze.
func (p *Pallet) SetFrozen(id frame.FreezeReason, who chain.AccountID, amount units.Rao, fortitude Fortitude) error {
	if fortitude == Polite && p.BalanceFreezable(who) < amount {
		return frame.TokenFundsUnavailable
	}
	return p.SetFreeze(id, who, amount)
}

// EnsureFrozen is ExtendFreeze, with fortitude Polite only if there is so much in the account. Errors: TokenFundsUnavailable, and those of ExtendFreeze.
func (p *Pallet) EnsureFrozen(id frame.FreezeReason, who chain.AccountID, amount units.Rao, fortitude Fortitude) error {
	if fortitude == Polite && p.BalanceFreezable(who) < amount {
		return frame.TokenFundsUnavailable
	}
	return p.ExtendFreeze(id, who, amount)
}

// DecreaseFrozen freezes amount less for the reason. Errors: Underflow, and those of SetFreeze.
func (p *Pallet) DecreaseFrozen(id frame.FreezeReason, who chain.AccountID, amount units.Rao) error {
	rest, ok := units.CheckedSub(p.BalanceFrozen(id, who), amount)
	if !ok {
		return frame.Underflow
	}
	return p.SetFreeze(id, who, rest)
}

// IncreaseFrozen freezes amount more for the reason, if there is so much in the account. Errors: Overflow, and those of SetFrozen.
func (p *Pallet) IncreaseFrozen(id frame.FreezeReason, who chain.AccountID, amount units.Rao) error {
	sum, ok := units.CheckedAdd(p.BalanceFrozen(id, who), amount)
	if !ok {
		return frame.Overflow
	}
	return p.SetFrozen(id, who, sum, Polite)
}

// frozen returns the largest of the locks and freezes.
func frozen(locks BalanceLocks, freezes FreezeList) (most units.Rao) {
	for _, l := range locks {
		most = max(most, l.Amount)
	}
	for _, f := range freezes {
		most = max(most, f.Amount)
	}
	return most
}

// updateFreezes stores the freezes of an account and what they amount to. Emits Frozen or Thawed.
func (p *Pallet) updateFreezes(who chain.AccountID, freezes FreezeList) error {
	var before, after units.Rao
	_, err := p.mutate(who, func(a *system.AccountData, _ bool) error {
		before, after = a.Frozen, frozen(p.Locks.Get(who), freezes)
		a.Frozen = after
		return nil
	})
	if err != nil {
		return err
	}
	if len(freezes) == 0 {
		p.Freezes.Remove(who)
	} else {
		p.Freezes.Put(who, freezes)
	}
	switch {
	case before > after:
		system.Deposit(Thawed{Who: who, Amount: before - after})
	case after > before:
		system.Deposit(Frozen{Who: who, Amount: after - before})
	}
	return nil
}
