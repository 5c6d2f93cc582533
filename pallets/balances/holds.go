package balances

import (
	"slices"

	"github.com/gotensor/gotensor/pallets/frame"
	"github.com/gotensor/gotensor/pallets/system"
	"github.com/gotensor/gotensor/primitives/chain"
	"github.com/gotensor/gotensor/primitives/units"
)

// TotalBalanceOnHold returns what of the account's balance is on hold or reserved.
func (p *Pallet) TotalBalanceOnHold(who chain.AccountID) units.Rao { return p.ReservedBalance(who) }

// ReducibleTotalBalanceOnHold returns how much of what is on hold or reserved could go: with fortitude Polite, what freezes leave of it. They
// rest on the free balance first.
func (p *Pallet) ReducibleTotalBalanceOnHold(who chain.AccountID, fortitude Fortitude) units.Rao {
	a := system.AccountDataOf(who)
	if fortitude == Force {
		return a.Reserved
	}
	return units.SaturatingSub(a.Reserved, units.SaturatingSub(a.Frozen, a.Free))
}

func (h HoldList) index(reason frame.HoldReason) int {
	return slices.IndexFunc(h, func(x HoldAmount) bool { return x.ID == reason })
}

// BalanceOnHold returns how much is on hold in the account for the reason.
func (p *Pallet) BalanceOnHold(reason frame.HoldReason, who chain.AccountID) units.Rao {
	holds := p.Holds.Get(who)
	if i := holds.index(reason); i >= 0 {
		return holds[i].Amount
	}
	return 0
}

// HoldAvailable tells whether the account could have a hold for the reason: it must be alive, and have room for it.
func (p *Pallet) HoldAvailable(reason frame.HoldReason, who chain.AccountID) bool {
	if system.Providers(who) == 0 {
		return false
	}
	holds := p.Holds.Get(who)
	return len(holds) < int(p.MaxHolds) || holds.index(reason) >= 0
}

// EnsureCanHold returns nil where Hold would succeed. Errors: TokenFundsUnavailable, TokenCannotCreateHold.
func (p *Pallet) EnsureCanHold(reason frame.HoldReason, who chain.AccountID, amount units.Rao) error {
	if amount > p.ReducibleBalance(who, Protect, Force) {
		return frame.TokenFundsUnavailable
	}
	if !p.HoldAvailable(reason, who) {
		return frame.TokenCannotCreateHold
	}
	return nil
}

// CanHold tells whether Hold would succeed.
func (p *Pallet) CanHold(reason frame.HoldReason, who chain.AccountID, amount units.Rao) bool {
	return p.EnsureCanHold(reason, who, amount) == nil
}

// setBalanceOnHold sets how much is on hold for the reason; the free balance does not change. Errors: TooManyHolds, Overflow, Underflow, and
// those of references.
func (p *Pallet) setBalanceOnHold(reason frame.HoldReason, who chain.AccountID, amount units.Rao) error {
	a := system.AccountDataOf(who)
	holds := p.Holds.Get(who)
	var old units.Rao
	if i := holds.index(reason); i >= 0 {
		old = holds[i].Amount
		holds[i].Amount = amount
		holds = slices.DeleteFunc(holds, func(x HoldAmount) bool { return x.Amount == 0 })
	} else if amount != 0 {
		if len(holds) >= int(p.MaxHolds) {
			return TooManyHolds
		}
		holds = append(holds, HoldAmount{reason, amount})
	}
	var ok bool
	if amount > old || old == 0 {
		if a.Reserved, ok = units.CheckedAdd(a.Reserved, amount-old); !ok {
			return frame.Overflow
		}
	} else if a.Reserved, ok = units.CheckedSub(a.Reserved, old-amount); !ok {
		return frame.Underflow
	}
	_, err := p.mutate(who, func(d *system.AccountData, _ bool) error {
		*d = a
		return nil
	})
	if err != nil {
		return err
	}
	p.Holds.Put(who, holds)
	return nil
}

// decreaseBalanceOnHold reduces a hold by amount, or for BestEffort by what there is, and returns by how much. Errors: TokenFundsUnavailable,
// and those of setBalanceOnHold.
func (p *Pallet) decreaseBalanceOnHold(reason frame.HoldReason, who chain.AccountID, amount units.Rao, precision Precision) (units.Rao, error) {
	old := p.BalanceOnHold(reason, who)
	if precision == BestEffort {
		amount = min(amount, old)
	}
	if amount > old {
		return 0, frame.TokenFundsUnavailable
	}
	return amount, p.setBalanceOnHold(reason, who, old-amount)
}

// increaseBalanceOnHold increases a hold by amount and returns by how much: for BestEffort less where that would overflow. Errors: Overflow,
// and those of setBalanceOnHold.
func (p *Pallet) increaseBalanceOnHold(reason frame.HoldReason, who chain.AccountID, amount units.Rao, precision Precision) (units.Rao, error) {
	old := p.BalanceOnHold(reason, who)
	sum, ok := units.CheckedAdd(old, amount)
	if !ok {
		if precision == Exact {
			return 0, frame.Overflow
		}
		sum = ^units.Rao(0)
	}
	if sum == old {
		return 0, nil
	}
	return sum - old, p.setBalanceOnHold(reason, who, sum)
}

// Hold puts amount of the free balance on hold. What is frozen may be held too, as freezes apply to the total; the existential deposit
// stays free where nothing else keeps the account alive. Errors: TokenFundsUnavailable, TokenCannotCreateHold, and those of references.
func (p *Pallet) Hold(reason frame.HoldReason, who chain.AccountID, amount units.Rao) error {
	if err := p.EnsureCanHold(reason, who, amount); err != nil {
		return err
	}
	if _, err := p.DecreaseBalance(who, amount, Exact, Protect, Force); err != nil {
		return err
	}
	_, err := p.increaseBalanceOnHold(reason, who, amount, BestEffort)
	return err
}

// Release makes amount of a hold free again, or for BestEffort what there is of it, and returns how much became free. Errors:
// TokenCannotCreate, TokenFundsUnavailable, and those of references.
func (p *Pallet) Release(reason frame.HoldReason, who chain.AccountID, amount units.Rao, precision Precision) (units.Rao, error) {
	if p.CanDeposit(who, amount, Extant) != nil {
		return 0, frame.TokenCannotCreate
	}
	amount, err := p.decreaseBalanceOnHold(reason, who, amount, precision)
	if err != nil {
		return 0, err
	}
	return p.IncreaseBalance(who, amount, BestEffort)
}

// ReleaseAll is Release of all that is on hold for the reason.
func (p *Pallet) ReleaseAll(reason frame.HoldReason, who chain.AccountID, precision Precision) (units.Rao, error) {
	return p.Release(reason, who, p.BalanceOnHold(reason, who), precision)
}

// SetOnHold holds or releases what brings the hold to amount. Errors: those of Hold and Release.
func (p *Pallet) SetOnHold(reason frame.HoldReason, who chain.AccountID, amount units.Rao) error {
	switch old := p.BalanceOnHold(reason, who); {
	case old < amount:
		return p.Hold(reason, who, amount-old)
	case old > amount:
		_, err := p.Release(reason, who, old-amount, Exact)
		return err
	}
	return nil
}

// BurnHeld burns amount of a hold, or for BestEffort what there is of it and freezes leave, and returns how much. Errors: TokenFrozen,
// TokenFundsUnavailable, and those of references.
func (p *Pallet) BurnHeld(reason frame.HoldReason, who chain.AccountID, amount units.Rao, precision Precision, fortitude Fortitude) (units.Rao, error) {
	liquid := p.ReducibleTotalBalanceOnHold(who, fortitude)
	if precision == BestEffort {
		amount = min(amount, liquid)
	}
	if amount > liquid {
		return 0, frame.TokenFrozen
	}
	amount, err := p.decreaseBalanceOnHold(reason, who, amount, precision)
	if err != nil {
		return 0, err
	}
	p.SetTotalIssuance(units.SaturatingSub(p.TotalIssuance(), amount))
	return amount, nil
}

// BurnAllHeld is BurnHeld of all that is on hold for the reason.
func (p *Pallet) BurnAllHeld(reason frame.HoldReason, who chain.AccountID, precision Precision, fortitude Fortitude) (units.Rao, error) {
	return p.BurnHeld(reason, who, p.BalanceOnHold(reason, who), precision, fortitude)
}

// TransferOnHold sends amount of a hold to another account, where it is free or on hold for the same reason, and returns how much. Errors:
// TokenFrozen, TokenFundsUnavailable, TokenCannotCreate, TokenCannotCreateHold, and those of references.
func (p *Pallet) TransferOnHold(reason frame.HoldReason, from, to chain.AccountID, amount units.Rao, precision Precision, mode Restriction, fortitude Fortitude) (units.Rao, error) {
	have, liquid := p.BalanceOnHold(reason, from), p.ReducibleTotalBalanceOnHold(from, fortitude)
	if precision == BestEffort {
		amount = min(amount, liquid, have)
	}
	switch {
	case amount > liquid:
		return 0, frame.TokenFrozen
	case amount > have:
		return 0, frame.TokenFundsUnavailable
	case p.CanDeposit(to, amount, Extant) != nil:
		return 0, frame.TokenCannotCreate
	case mode == OnHold && !p.HoldAvailable(reason, to):
		return 0, frame.TokenCannotCreateHold
	}
	amount, err := p.decreaseBalanceOnHold(reason, from, amount, precision)
	if err != nil {
		return 0, err
	}
	if mode == OnHold {
		return p.increaseBalanceOnHold(reason, to, amount, precision)
	}
	return p.IncreaseBalance(to, amount, precision)
}

// TransferAndHold sends amount of the free balance to another account, where it is put on hold, and returns how much. Errors:
// TokenCannotCreateHold, TokenCannotCreate, TokenFundsUnavailable, and those of references.
func (p *Pallet) TransferAndHold(reason frame.HoldReason, from, to chain.AccountID, amount units.Rao, precision Precision, preservation Preservation, fortitude Fortitude) (units.Rao, error) {
	if !p.HoldAvailable(reason, to) {
		return 0, frame.TokenCannotCreateHold
	}
	if p.CanDeposit(to, amount, Extant) != nil {
		return 0, frame.TokenCannotCreate
	}
	amount, err := p.DecreaseBalance(from, amount, precision, preservation, fortitude)
	if err != nil {
		return 0, err
	}
	_, err = p.increaseBalanceOnHold(reason, to, amount, precision)
	return amount, err
}

// SlashHeld takes amount of a hold, or what there is of it, as a punishment, and returns it with what could not be taken. The runtime's
// DoneSlash is told.
func (p *Pallet) SlashHeld(reason frame.HoldReason, who chain.AccountID, amount units.Rao) (Credit, units.Rao) {
	actual, err := p.decreaseBalanceOnHold(reason, who, amount, BestEffort)
	if err != nil {
		actual = 0
	}
	if p.DoneSlash != nil {
		p.DoneSlash(reason, who, actual)
	}
	return Credit(actual), amount - actual
}
