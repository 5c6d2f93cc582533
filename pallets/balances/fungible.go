package balances

import (
	"github.com/gotensor/gotensor/pallets/frame"
	"github.com/gotensor/gotensor/pallets/system"
	"github.com/gotensor/gotensor/primitives/chain"
	"github.com/gotensor/gotensor/primitives/units"
)

// TotalIssuance returns all money there is.
func (p *Pallet) TotalIssuance() units.Rao { return p.Storage.TotalIssuance.Get() }

// InactiveIssuance returns how much of the total issuance takes no part in the economy.
func (p *Pallet) InactiveIssuance() units.Rao { return p.Storage.InactiveIssuance.Get() }

// ActiveIssuance returns how much of the total issuance takes part in the economy.
func (p *Pallet) ActiveIssuance() units.Rao {
	return units.SaturatingSub(p.TotalIssuance(), p.InactiveIssuance())
}

// MinimumBalance returns the existential deposit.
func (p *Pallet) MinimumBalance() units.Rao { return p.ExistentialDeposit }

// TotalBalance returns the free and the reserved balance of the account.
func (p *Pallet) TotalBalance(who chain.AccountID) units.Rao {
	a := system.AccountDataOf(who)
	return total(&a)
}

// FreeBalance returns what of the account's balance is neither reserved nor on hold; some of it may be frozen.
func (p *Pallet) FreeBalance(who chain.AccountID) units.Rao { return system.AccountDataOf(who).Free }

// ReservedBalance returns what of the account's balance is reserved or on hold.
func (p *Pallet) ReservedBalance(who chain.AccountID) units.Rao {
	return system.AccountDataOf(who).Reserved
}

// UsableBalance returns how much the account can send away.
func (p *Pallet) UsableBalance(who chain.AccountID) units.Rao {
	return p.ReducibleBalance(who, Expendable, Polite)
}

// UsableBalanceForFees returns how much the account can pay in fees; it stays alive.
func (p *Pallet) UsableBalanceForFees(who chain.AccountID) units.Rao {
	return p.ReducibleBalance(who, Protect, Polite)
}

// ReducibleBalance returns by how much the account's free balance may be reduced. What is frozen is not part of that where fortitude is
// Polite; freezes apply to the total, so that they rest on what is reserved first. The existential deposit is not part of it where it must
// stay: for preservation Preserve; for Protect where nothing else keeps the account alive; for Expendable where others need it alive.
func (p *Pallet) ReducibleBalance(who chain.AccountID, preservation Preservation, fortitude Fortitude) units.Rao {
	a := system.AccountOf(who)
	return p.reducible(&a, preservation, fortitude)
}

func (p *Pallet) reducible(a *system.AccountInfo, preservation Preservation, fortitude Fortitude) units.Rao {
	var untouchable units.Rao
	if fortitude == Polite {
		untouchable = units.SaturatingSub(a.Data.Frozen, a.Data.Reserved)
	}
	if preservation == Preserve ||
		preservation == Protect && a.Data.Free != 0 && a.Providers == 1 ||
		preservation == Expendable && a.Data.Free != 0 && !canDecProvider(a) {
		untouchable = max(untouchable, p.ExistentialDeposit)
	}
	return units.SaturatingSub(a.Data.Free, untouchable)
}

// canDecProvider tells whether the account can do with a provider less.
func canDecProvider(a *system.AccountInfo) bool { return a.Consumers == 0 || a.Providers > 1 }

// CanDeposit returns nil where amount can be deposited into the account. Errors: Overflow, TokenBelowMinimum.
func (p *Pallet) CanDeposit(who chain.AccountID, amount units.Rao, provenance Provenance) error {
	if amount != 0 && provenance == FromMint {
		if _, ok := units.CheckedAdd(p.TotalIssuance(), amount); !ok {
			return frame.Overflow
		}
	}
	a := system.AccountDataOf(who)
	return p.canDeposit(&a, amount)
}

// canDeposit is CanDeposit of money that exists.
func (p *Pallet) canDeposit(a *system.AccountData, amount units.Rao) error {
	if amount == 0 {
		return nil
	}
	free, ok := units.CheckedAdd(a.Free, amount)
	if !ok {
		return frame.Overflow
	}
	if free < p.ExistentialDeposit {
		return frame.TokenBelowMinimum
	}
	if _, ok := units.CheckedAdd(a.Reserved, free); !ok {
		return frame.Overflow
	}
	return nil
}

// Consequence is what would follow if an amount were withdrawn from an account.
type Consequence uint8

// Consequences of a withdrawal. The others of the original cannot come up here.
const (
	Success       Consequence = iota
	BalanceLow                // the free balance is smaller
	WouldDie                  // the account would die, and others need it alive
	Underflow                 // the issuance is smaller
	WouldBeFrozen             // freezes forbid it
	ReducedToZero             // the account dies of it, and what was left with it
)

// Err returns why a withdrawal with that consequence fails, or nil. Where keepAlive is set, the account must not die of it. Errors:
// TokenFundsUnavailable, TokenOnlyProvider, Underflow, TokenFrozen, TokenNotExpendable.
func (c Consequence) Err(keepAlive bool) error {
	switch c {
	case BalanceLow:
		return frame.TokenFundsUnavailable
	case WouldDie:
		return frame.TokenOnlyProvider
	case Underflow:
		return frame.Underflow
	case WouldBeFrozen:
		return frame.TokenFrozen
	case ReducedToZero:
		if keepAlive {
			return frame.TokenNotExpendable
		}
	}
	return nil
}

// CanWithdraw returns what would follow if amount were withdrawn from the account, and for ReducedToZero how much would be left.
func (p *Pallet) CanWithdraw(who chain.AccountID, amount units.Rao) (Consequence, units.Rao) {
	a := system.AccountOf(who)
	return p.canWithdraw(&a, amount)
}

func (p *Pallet) canWithdraw(a *system.AccountInfo, amount units.Rao) (Consequence, units.Rao) {
	if amount == 0 {
		return Success, 0
	}
	if amount > p.TotalIssuance() {
		return Underflow, 0
	}
	left, ok := units.CheckedSub(a.Data.Free, amount)
	if !ok {
		return BalanceLow, 0
	}
	if amount > p.reducible(a, Expendable, Polite) {
		return WouldBeFrozen, 0
	}
	c := Success
	if left < p.ExistentialDeposit {
		if !canDecProvider(a) {
			return WouldDie, 0
		}
		c = ReducedToZero
	}
	if units.SaturatingAdd(left, a.Data.Reserved) < a.Data.Frozen {
		return WouldBeFrozen, 0
	}
	if c == Success {
		left = 0
	}
	return c, left
}

// SetTotalIssuance sets the total issuance and nothing else.
func (p *Pallet) SetTotalIssuance(amount units.Rao) { p.Storage.TotalIssuance.Put(amount) }

// Deactivate takes amount out of the economy, as far as the issuance goes.
func (p *Pallet) Deactivate(amount units.Rao) {
	p.Storage.InactiveIssuance.Put(min(units.SaturatingAdd(p.InactiveIssuance(), amount), p.TotalIssuance()))
}

// Reactivate brings amount back into the economy.
func (p *Pallet) Reactivate(amount units.Rao) {
	p.Storage.InactiveIssuance.Put(units.SaturatingSub(p.InactiveIssuance(), amount))
}

// writeBalance sets the free balance of the account, of which a was just read, if it can be reduced so far with all force, and returns the
// dust. Errors: InsufficientBalance, and those of references.
func (p *Pallet) writeBalance(who chain.AccountID, a system.AccountInfo, amount units.Rao) (dust units.Rao, err error) {
	most := p.reducible(&a, Expendable, Force)
	a, isNew := p.upgraded(who, a)
	data := a.Data
	// The original notices the error only when the account was stored again, as it was.
	refused := units.SaturatingSub(data.Free, amount) > most
	if !refused {
		data.Free = amount
	}
	if dust, err = p.commit(who, a, data, isNew); err == nil && refused {
		err = InsufficientBalance
	}
	return dust, err
}

// DecreaseBalance takes amount from the free balance, as far as that is reducible or not at all, and returns how much it was. It does not
// look after the issuance. Errors: TokenFundsUnavailable, and those of references.
func (p *Pallet) DecreaseBalance(who chain.AccountID, amount units.Rao, precision Precision, preservation Preservation, fortitude Fortitude) (units.Rao, error) {
	actual, dust, err := p.decrease(who, system.AccountOf(who), amount, precision, preservation, fortitude)
	if err == nil {
		p.handleDust(dust)
	}
	return actual, err
}

func (p *Pallet) decrease(who chain.AccountID, a system.AccountInfo, amount units.Rao, precision Precision, preservation Preservation, fortitude Fortitude) (actual, dust units.Rao, err error) {
	reducible := p.reducible(&a, preservation, fortitude)
	if precision == BestEffort {
		amount = min(amount, reducible)
	}
	if amount > reducible {
		return 0, 0, frame.TokenFundsUnavailable
	}
	if dust, err = p.writeBalance(who, a, a.Data.Free-amount); err != nil {
		return 0, 0, err
	}
	return amount, dust, nil
}

// IncreaseBalance adds amount to the free balance and returns how much it was: for BestEffort less where that would overflow, and nothing
// where the account would still be too small to live. It does not look after the issuance. Errors: Overflow, TokenBelowMinimum, and those of
// references.
func (p *Pallet) IncreaseBalance(who chain.AccountID, amount units.Rao, precision Precision) (units.Rao, error) {
	return p.increase(who, system.AccountOf(who), amount, precision)
}

func (p *Pallet) increase(who chain.AccountID, a system.AccountInfo, amount units.Rao, precision Precision) (units.Rao, error) {
	sum, ok := units.CheckedAdd(a.Data.Free, amount)
	if !ok {
		if precision == Exact {
			return 0, frame.Overflow
		}
		sum = ^units.Rao(0)
	}
	switch {
	case sum < p.ExistentialDeposit && precision == Exact:
		return 0, frame.TokenBelowMinimum
	case sum < p.ExistentialDeposit || sum == a.Data.Free:
		return 0, nil
	}
	dust, err := p.writeBalance(who, a, sum)
	if err != nil {
		return 0, err
	}
	p.handleDust(dust)
	return sum - a.Data.Free, nil
}

// MintInto makes amount and gives it to the account. Returns amount. Emits Minted. Errors: Overflow, TokenBelowMinimum, and those of
// references.
func (p *Pallet) MintInto(who chain.AccountID, amount units.Rao) (units.Rao, error) {
	actual, err := p.make(who, amount)
	if err != nil {
		return 0, err
	}
	system.Deposit(Minted{Who: who, Amount: amount})
	return actual, nil
}

// Restore is MintInto for what Shelve took. Emits Restored.
func (p *Pallet) Restore(who chain.AccountID, amount units.Rao) (units.Rao, error) {
	actual, err := p.make(who, amount)
	if err != nil {
		return 0, err
	}
	system.Deposit(Restored{Who: who, Amount: amount})
	return actual, nil
}

func (p *Pallet) make(who chain.AccountID, amount units.Rao) (units.Rao, error) {
	if _, ok := units.CheckedAdd(p.TotalIssuance(), amount); !ok {
		return 0, frame.Overflow
	}
	actual, err := p.IncreaseBalance(who, amount, Exact)
	if err != nil {
		return 0, err
	}
	p.SetTotalIssuance(units.SaturatingAdd(p.TotalIssuance(), actual))
	return actual, nil
}

// BurnFrom takes amount from the account, or for BestEffort what of it is reducible, and burns it. Returns how much it was. Emits Burned.
// Errors: TokenFundsUnavailable, Overflow, and those of references.
func (p *Pallet) BurnFrom(who chain.AccountID, amount units.Rao, preservation Preservation, precision Precision, fortitude Fortitude) (units.Rao, error) {
	actual, err := p.unmake(who, amount, preservation, precision, fortitude)
	if err != nil {
		return 0, err
	}
	system.Deposit(Burned{Who: who, Amount: actual})
	return actual, nil
}

// Shelve takes amount from the account and from the issuance, to be restored later. Returns amount. Emits Suspended. Errors: as of
// BurnFrom.
func (p *Pallet) Shelve(who chain.AccountID, amount units.Rao) (units.Rao, error) {
	actual, err := p.unmake(who, amount, Expendable, Exact, Polite)
	if err != nil {
		return 0, err
	}
	system.Deposit(Suspended{Who: who, Amount: actual})
	return actual, nil
}

func (p *Pallet) unmake(who chain.AccountID, amount units.Rao, preservation Preservation, precision Precision, fortitude Fortitude) (units.Rao, error) {
	actual := min(p.ReducibleBalance(who, preservation, fortitude), amount)
	if actual != amount && precision == Exact {
		return 0, frame.TokenFundsUnavailable
	}
	if actual > p.TotalIssuance() {
		return 0, frame.Overflow
	}
	actual, err := p.DecreaseBalance(who, actual, BestEffort, preservation, fortitude)
	if err != nil {
		return 0, err
	}
	p.SetTotalIssuance(units.SaturatingSub(p.TotalIssuance(), actual))
	return actual, nil
}

// Transfer sends amount from one account to another. Returns amount. Emits Transfer, and before it what becomes of the two accounts: Endowed,
// DustLost, System's NewAccount and KilledAccount. To oneself it does nothing, if it were possible. Errors: TokenFundsUnavailable,
// TokenFrozen, TokenOnlyProvider, TokenNotExpendable, TokenBelowMinimum, Underflow, Overflow, and those of references.
func (p *Pallet) Transfer(from, to chain.AccountID, amount units.Rao, preservation Preservation) (units.Rao, error) {
	sender := system.AccountOf(from)
	consequence, _ := p.canWithdraw(&sender, amount)
	if err := consequence.Err(preservation != Expendable); err != nil {
		return 0, err
	}
	receiver := system.AccountOf(to)
	if err := p.canDeposit(&receiver.Data, amount); err != nil {
		return 0, err
	}
	if from == to {
		return amount, nil
	}
	_, dust, err := p.decrease(from, sender, amount, BestEffort, preservation, Polite)
	if err != nil {
		return 0, err
	}
	if dust != 0 {
		p.handleDust(dust)
		receiver = system.AccountOf(to) // to whom the dust may have gone
	}
	// canDeposit has said that it works.
	_, _ = p.increase(to, receiver, amount, BestEffort)
	system.Deposit(Transfer{From: from, To: to, Amount: amount})
	return amount, nil
}

// SetBalance makes or burns what brings the free balance to amount, as far as that is possible, and returns what it is then. Emits Minted or
// Burned.
func (p *Pallet) SetBalance(who chain.AccountID, amount units.Rao) units.Rao {
	old := p.FreeBalance(who)
	if old > amount {
		burned, err := p.BurnFrom(who, old-amount, Expendable, BestEffort, Force)
		if err != nil {
			return old
		}
		return units.SaturatingSub(old, burned)
	}
	made, err := p.MintInto(who, amount-old)
	if err != nil {
		return old
	}
	return units.SaturatingAdd(old, made)
}

// Issue makes money that is in no account yet, less than amount only where the issuance would overflow. Emits Issued, if it is not zero.
func (p *Pallet) Issue(amount units.Rao) Credit {
	old := p.TotalIssuance()
	sum := units.SaturatingAdd(old, amount)
	p.SetTotalIssuance(sum)
	if sum != old {
		system.Deposit(Issued{Amount: sum - old})
	}
	return Credit(sum - old)
}

// Rescind burns money that is still in accounts, less than amount only where there is not so much. Emits Rescinded.
func (p *Pallet) Rescind(amount units.Rao) Debt {
	old := p.TotalIssuance()
	rest := units.SaturatingSub(old, amount)
	p.SetTotalIssuance(rest)
	system.Deposit(Rescinded{Amount: old - rest})
	return Debt(old - rest)
}

// Pair makes a debt and a credit of amount, which is as if nothing had happened. Emits Issued and Rescinded. Error: Other, where the
// issuance would overflow.
func (p *Pallet) Pair(amount units.Rao) (Debt, Credit, error) {
	credit := p.Issue(amount)
	debt := p.Rescind(amount)
	if units.Rao(credit) != amount || units.Rao(debt) != amount {
		p.DropDebt(debt)
		p.DropCredit(credit)
		return 0, 0, frame.Other
	}
	return debt, credit, nil
}

// Deposit gives value to the account; the caller owes it. Emits Deposit. Errors: those of IncreaseBalance.
func (p *Pallet) Deposit(who chain.AccountID, value units.Rao, precision Precision) (Debt, error) {
	actual, err := p.IncreaseBalance(who, value, precision)
	if err != nil {
		return 0, err
	}
	system.Deposit(Deposit{Who: who, Amount: actual})
	return Debt(actual), nil
}

// Withdraw takes value from the account and gives it to the caller. Emits Withdraw. Errors: those of DecreaseBalance.
func (p *Pallet) Withdraw(who chain.AccountID, value units.Rao, precision Precision, preservation Preservation, fortitude Fortitude) (Credit, error) {
	actual, err := p.DecreaseBalance(who, value, precision, preservation, fortitude)
	if err != nil {
		return 0, err
	}
	system.Deposit(Withdraw{Who: who, Amount: actual})
	return Credit(actual), nil
}

// Resolve gives the credit to the account. Where that fails, the caller still has it. Emits Deposit. Errors: those of IncreaseBalance.
func (p *Pallet) Resolve(who chain.AccountID, credit Credit) error {
	_, err := p.Deposit(who, units.Rao(credit), Exact)
	return err
}

// Settle takes the debt from the account. Where that fails, the caller still has it. Emits Withdraw. Errors: those of DecreaseBalance.
func (p *Pallet) Settle(who chain.AccountID, debt Debt, preservation Preservation) error {
	_, err := p.Withdraw(who, units.Rao(debt), Exact, preservation, Polite)
	return err
}

// DropCredit burns the credit: the issuance becomes smaller.
func (p *Pallet) DropCredit(credit Credit) {
	if credit != 0 {
		p.SetTotalIssuance(units.SaturatingSub(p.TotalIssuance(), units.Rao(credit)))
	}
}

// DropDebt makes what is owed: the issuance becomes larger.
func (p *Pallet) DropDebt(debt Debt) {
	if debt != 0 {
		p.SetTotalIssuance(units.SaturatingAdd(p.TotalIssuance(), units.Rao(debt)))
	}
}
