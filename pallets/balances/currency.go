package balances

import (
	"github.com/gotensor/gotensor/pallets/frame"
	"github.com/gotensor/gotensor/pallets/system"
	"github.com/gotensor/gotensor/primitives/chain"
	"github.com/gotensor/gotensor/primitives/units"
)

// Currency is the pallet with the older functions where they differ from those of the same name: frame_support's trait Currency.
//
// Where a reference is refused after an older function has taken or given money, its event stays and the issuance follows the money that was
// not moved, as in the original, whose imbalances do that when they are dropped. Calls are transactional, so that only functions that hide
// their errors (Slash, SlashReserved, DepositCreating, MakeFreeBalanceBe) can leave that behind; with a consistent state none does.
type Currency struct{ *Pallet }

// Currency returns the pallet with the older functions.
func (p *Pallet) Currency() Currency { return Currency{p} }

// CanSlash tells whether value can be slashed from the free balance alone.
func (p *Pallet) CanSlash(who chain.AccountID, value units.Rao) bool {
	return p.FreeBalance(who) >= value
}

// Burn takes amount out of the issuance, or all there is; the caller owes the accounts' part. Emits Rescinded.
func (c Currency) Burn(amount units.Rao) Positive {
	if amount == 0 {
		return 0
	}
	issued := c.TotalIssuance()
	amount = min(amount, issued)
	c.SetTotalIssuance(issued - amount)
	system.Deposit(Rescinded{Amount: amount})
	return Positive(amount)
}

// Issue puts amount into the issuance, or as much as it can hold; the caller has it. Emits Issued.
func (c Currency) Issue(amount units.Rao) Negative {
	if amount == 0 {
		return 0
	}
	issued := c.TotalIssuance()
	amount = min(amount, ^units.Rao(0)-issued)
	c.SetTotalIssuance(issued + amount)
	system.Deposit(Issued{Amount: amount})
	return Negative(amount)
}

// DropPositive makes what is owed: the issuance becomes larger. Emits Issued.
func (p *Pallet) DropPositive(debt Positive) {
	if debt != 0 {
		p.DropDebt(Debt(debt))
		system.Deposit(Issued{Amount: units.Rao(debt)})
	}
}

// DropNegative burns the credit: the issuance becomes smaller. Emits Rescinded.
func (p *Pallet) DropNegative(credit Negative) {
	if credit != 0 {
		p.DropCredit(Credit(credit))
		system.Deposit(Rescinded{Amount: units.Rao(credit)})
	}
}

// EnsureCanWithdraw returns nil where freezes allow that amount goes and newFree is left of the free balance. Error: LiquidityRestrictions.
func (p *Pallet) EnsureCanWithdraw(who chain.AccountID, amount, newFree units.Rao) error {
	if amount != 0 && newFree < system.AccountDataOf(who).Frozen {
		return LiquidityRestrictions
	}
	return nil
}

// Transfer sends value from one account to another. Nothing happens where value is zero or the accounts are the same. Errors and events:
// those of Pallet.Transfer.
func (c Currency) Transfer(from, to chain.AccountID, value units.Rao, existence ExistenceRequirement) error {
	if value == 0 || from == to {
		return nil
	}
	preservation := Expendable
	if existence == KeepAlive {
		preservation = Preserve
	}
	_, err := c.Pallet.Transfer(from, to, value, preservation)
	return err
}

// Slash takes value from the free balance, whatever is frozen, and returns it with what could not be taken: the existential deposit stays
// where others need the account. Emits Slashed.
func (c Currency) Slash(who chain.AccountID, value units.Rao) (Negative, units.Rao) {
	if value == 0 || c.TotalBalance(who) == 0 {
		return 0, value
	}
	var slashed units.Rao
	err := c.mutateAndDust(who, func(a *system.AccountData, _ bool) error {
		slashed = min(value, a.Free)
		if !system.CanDecProvider(who) {
			slashed = min(value, units.SaturatingSub(a.Free, c.ExistentialDeposit))
		}
		a.Free -= slashed
		return nil
	})
	if err != nil {
		c.DropNegative(Negative(slashed))
		return 0, value
	}
	system.Deposit(Slashed{Who: who, Amount: slashed})
	return Negative(slashed), value - slashed
}

// DepositIntoExisting gives value to an account that exists; the caller owes it. Emits Deposit. Errors: DeadAccount, Overflow.
func (p *Pallet) DepositIntoExisting(who chain.AccountID, value units.Rao) (Positive, error) {
	if value == 0 {
		return 0, nil
	}
	var given units.Rao
	err := p.mutateAndDust(who, func(a *system.AccountData, isNew bool) error {
		if isNew {
			return DeadAccount
		}
		sum, ok := units.CheckedAdd(a.Free, value)
		if !ok {
			return frame.Overflow
		}
		a.Free, given = sum, value
		system.Deposit(Deposit{Who: who, Amount: value})
		return nil
	})
	if err != nil {
		p.DropPositive(Positive(given))
		return 0, err
	}
	return Positive(given), nil
}

// DepositCreating gives value to the account, which need not exist, and returns what the caller owes: nothing where value is less than a new
// account needs, or more than the account can hold. Emits Deposit.
func (p *Pallet) DepositCreating(who chain.AccountID, value units.Rao) Positive {
	if value == 0 {
		return 0
	}
	var given units.Rao
	err := p.mutateAndDust(who, func(a *system.AccountData, isNew bool) error {
		if isNew && value < p.ExistentialDeposit {
			return ExistentialDeposit
		}
		sum, ok := units.CheckedAdd(a.Free, value)
		if !ok {
			return nil
		}
		a.Free, given = sum, value
		system.Deposit(Deposit{Who: who, Amount: value})
		return nil
	})
	if err != nil {
		p.DropPositive(Positive(given))
		return 0
	}
	return Positive(given)
}

// Withdraw takes value from the free balance and gives it to the caller. Emits Withdraw. Errors: InsufficientBalance, Expendability,
// LiquidityRestrictions, and those of references.
func (c Currency) Withdraw(who chain.AccountID, value units.Rao, liveness ExistenceRequirement) (Negative, error) {
	if value == 0 {
		return 0, nil
	}
	var taken units.Rao
	err := c.mutateAndDust(who, func(a *system.AccountData, _ bool) error {
		free, ok := units.CheckedSub(a.Free, value)
		if !ok {
			return InsufficientBalance
		}
		if kills := free < c.ExistentialDeposit && a.Free >= c.ExistentialDeposit; kills && liveness == KeepAlive {
			return Expendability
		}
		if err := c.EnsureCanWithdraw(who, value, free); err != nil {
			return err
		}
		a.Free, taken = free, value
		system.Deposit(Withdraw{Who: who, Amount: value})
		return nil
	})
	if err != nil {
		c.DropNegative(Negative(taken))
		return 0, err
	}
	return Negative(taken), nil
}

// MakeFreeBalanceBe sets the free balance and returns what of it came from nowhere, or what was left over; one of the two is zero. Nothing
// happens where value is less than a new account needs. Emits BalanceSet.
func (p *Pallet) MakeFreeBalanceBe(who chain.AccountID, value units.Rao) (Positive, Negative) {
	var made Positive
	var left Negative
	err := p.mutateAndDust(who, func(a *system.AccountData, isNew bool) error {
		if isNew && value < p.ExistentialDeposit {
			return ExistentialDeposit
		}
		if a.Free <= value {
			made = Positive(value - a.Free)
		} else {
			left = Negative(a.Free - value)
		}
		a.Free = value
		system.Deposit(BalanceSet{Who: who, Free: value})
		return nil
	})
	if err != nil {
		p.DropPositive(made)
		p.DropNegative(left)
		return 0, 0
	}
	return made, left
}

// CanReserve tells whether Reserve would succeed.
func (p *Pallet) CanReserve(who chain.AccountID, value units.Rao) bool {
	if value == 0 {
		return true
	}
	a := system.AccountDataOf(who)
	free, ok := units.CheckedSub(a.Free, value)
	return ok && free >= p.ExistentialDeposit && free >= a.Frozen
}

// Reserve moves value from the free to the reserved balance. Emits Reserved. Errors: InsufficientBalance, Overflow, LiquidityRestrictions,
// and those of references: the existential deposit must stay free where nothing else provides for the account.
func (p *Pallet) Reserve(who chain.AccountID, value units.Rao) error {
	if value == 0 {
		return nil
	}
	err := p.mutateAndDust(who, func(a *system.AccountData, _ bool) (err error) {
		var ok bool
		if a.Free, ok = units.CheckedSub(a.Free, value); !ok {
			return InsufficientBalance
		}
		if a.Reserved, ok = units.CheckedAdd(a.Reserved, value); !ok {
			return frame.Overflow
		}
		return p.EnsureCanWithdraw(who, value, a.Free)
	})
	if err == nil {
		system.Deposit(Reserved{Who: who, Amount: value})
	}
	return err
}

// Unreserve moves value from the reserved to the free balance, or what there is, and returns what there was too little. Emits Unreserved.
func (p *Pallet) Unreserve(who chain.AccountID, value units.Rao) units.Rao {
	if value == 0 || p.TotalBalance(who) == 0 {
		return value
	}
	var actual units.Rao
	err := p.mutateAndDust(who, func(a *system.AccountData, _ bool) error {
		actual = min(a.Reserved, value)
		a.Reserved -= actual
		a.Free = units.SaturatingAdd(a.Free, actual)
		return nil
	})
	if err != nil {
		return value
	}
	system.Deposit(Unreserved{Who: who, Amount: actual})
	return value - actual
}

// SlashReserved takes value from the reserved balance as a punishment, and returns it with what there was too little. Emits Slashed.
func (p *Pallet) SlashReserved(who chain.AccountID, value units.Rao) (Negative, units.Rao) {
	if value == 0 || p.TotalBalance(who) == 0 {
		return 0, value
	}
	var actual units.Rao
	err := p.mutateAndDust(who, func(a *system.AccountData, _ bool) error {
		actual = min(value, a.Reserved)
		a.Reserved -= actual
		return nil
	})
	if err != nil {
		p.DropNegative(Negative(actual))
		return 0, value
	}
	system.Deposit(Slashed{Who: who, Amount: actual})
	return Negative(actual), value - actual
}

// RepatriateReserved moves value of one account's reserved balance to the free or reserved balance of another, which must exist, as far as
// there is so much and freezes allow, and returns how much it could not move. Emits ReserveRepatriated. Errors: DeadAccount, Overflow, and
// those of references.
func (p *Pallet) RepatriateReserved(from, to chain.AccountID, value units.Rao, status BalanceStatus) (units.Rao, error) {
	actual, err := p.transferReserved(from, to, value, BestEffort, Polite, status)
	if err != nil {
		return 0, err
	}
	return units.SaturatingSub(value, actual), nil
}
