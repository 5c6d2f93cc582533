package balances

import (
	"github.com/gotensor/gotensor/pallets/frame"
	"github.com/gotensor/gotensor/pallets/system"
	"github.com/gotensor/gotensor/primitives/chain"
	"github.com/gotensor/gotensor/primitives/units"
)

// TransferAllowDeath sends free balance to another account.
//
// If less than the existential deposit is left in the sender's account, the account goes, and what was left with it, unless something else
// keeps it alive.
//
//frame:call 0
//frame:weight weightTransferAllowDeath
//frame:compact value
//frame:rust dest=AccountIdLookupOf<T>, value=T::Balance
func (p *Pallet) TransferAllowDeath(origin frame.Origin, dest chain.MultiAddress, value units.Rao) error {
	return p.transferSigned(origin, dest, value, Expendable)
}

// ForceTransfer is TransferAllowDeath by root from any account.
//
//frame:call 2
//frame:weight weightForceTransfer
//frame:compact value
//frame:rust source=AccountIdLookupOf<T>, dest=AccountIdLookupOf<T>, value=T::Balance
func (p *Pallet) ForceTransfer(origin frame.Origin, source, dest chain.MultiAddress, value units.Rao) error {
	if err := origin.Root(); err != nil {
		return err
	}
	from, err := frame.Lookup(source)
	if err != nil {
		return err
	}
	to, err := frame.Lookup(dest)
	if err != nil {
		return err
	}
	_, err = p.Transfer(from, to, value, Expendable)
	return err
}

// TransferKeepAlive sends free balance to another account, but not so much that the sender's account would go.
//
//frame:call 3
//frame:weight weightTransferKeepAlive
//frame:compact value
//frame:rust dest=AccountIdLookupOf<T>, value=T::Balance
func (p *Pallet) TransferKeepAlive(origin frame.Origin, dest chain.MultiAddress, value units.Rao) error {
	return p.transferSigned(origin, dest, value, Preserve)
}

func (p *Pallet) transferSigned(origin frame.Origin, dest chain.MultiAddress, value units.Rao, preservation Preservation) error {
	from, err := origin.Signed()
	if err != nil {
		return err
	}
	to, err := frame.Lookup(dest)
	if err != nil {
		return err
	}
	_, err = p.Transfer(from, to, value, preservation)
	return err
}

// TransferAll sends all that can be sent of the sender's balance to another account.
//
// What is frozen, reserved or on hold cannot be sent, and neither can the existential deposit where others need the account; so the account
// does not always go.
//
// - `dest`: who receives it.
// - `keep_alive`: whether the existential deposit stays, so that the sender's account lives on.
//
//frame:call 4
//frame:weight weightTransferAll
//frame:rust dest=AccountIdLookupOf<T>
func (p *Pallet) TransferAll(origin frame.Origin, dest chain.MultiAddress, keepAlive bool) error {
	from, err := origin.Signed()
	if err != nil {
		return err
	}
	preservation := preservationOf(keepAlive)
	value := p.ReducibleBalance(from, preservation, Polite)
	to, err := frame.Lookup(dest)
	if err != nil {
		return err
	}
	_, err = p.Transfer(from, to, value, preservation)
	return err
}

func preservationOf(keepAlive bool) Preservation {
	if keepAlive {
		return Preserve
	}
	return Expendable
}

// ForceUnreserve makes reserved balance of an account free again. Root only.
//
//frame:call 5
//frame:weight weightForceUnreserve
//frame:rust who=AccountIdLookupOf<T>, amount=T::Balance
func (p *Pallet) ForceUnreserve(origin frame.Origin, who chain.MultiAddress, amount units.Rao) error {
	if err := origin.Root(); err != nil {
		return err
	}
	account, err := frame.Lookup(who)
	if err != nil {
		return err
	}
	p.Unreserve(account, amount)
	return nil
}

// UpgradeAccounts brings accounts that an older version has written to the rules of this one.
//
// It costs no fee if at least nine of ten accounts needed it.
//
// - `who`: the accounts.
//
//frame:call 6
//frame:weight weightUpgradeAccounts(uint64(len(who)))
//frame:rust who=Vec<T::AccountId>
func (p *Pallet) UpgradeAccounts(origin frame.Origin, who []chain.AccountID) (frame.PostInfo, error) {
	if _, err := origin.Signed(); err != nil {
		return frame.PostInfo{}, err
	}
	upgraded := 0
	for _, account := range who {
		if p.EnsureUpgraded(account) {
			upgraded++
		}
	}
	if len(who) != 0 && upgraded*10 >= len(who)*9 {
		return frame.PostInfo{Pays: frame.No}, nil
	}
	return frame.PostInfo{}, nil
}

// ForceSetBalance sets the free balance of an account; the issuance follows. Less than the existential deposit is zero. Root only.
//
//frame:call 8
//frame:weight weightForceSetBalance
//frame:compact newFree
//frame:rust who=AccountIdLookupOf<T>, newFree=T::Balance
func (p *Pallet) ForceSetBalance(origin frame.Origin, who chain.MultiAddress, newFree units.Rao) error {
	if err := origin.Root(); err != nil {
		return err
	}
	account, err := frame.Lookup(who)
	if err != nil {
		return err
	}
	if newFree < p.ExistentialDeposit {
		newFree = 0
	}
	var old units.Rao
	err = p.mutateAndDust(account, func(a *system.AccountData, _ bool) error {
		old, a.Free = a.Free, newFree
		return nil
	})
	if err != nil {
		return err
	}
	p.DropPositive(Positive(units.SaturatingSub(newFree, old)))
	p.DropNegative(Negative(units.SaturatingSub(old, newFree)))
	system.Deposit(BalanceSet{Who: account, Free: newFree})
	return nil
}

// ForceAdjustTotalIssuance changes the total issuance and no account. Root only.
//
// - `direction`: whether it becomes larger or smaller; it stops at what can be.
// - `delta`: by how much; above zero.
//
//frame:call 9
//frame:weight weightForceAdjustTotalIssuance
//frame:compact delta
//frame:rust delta=T::Balance
func (p *Pallet) ForceAdjustTotalIssuance(origin frame.Origin, direction AdjustmentDirection, delta units.Rao) error {
	if err := origin.Root(); err != nil {
		return err
	}
	if delta == 0 {
		return DeltaZero
	}
	old := p.TotalIssuance()
	issuance := units.SaturatingAdd(old, delta)
	if direction == Decrease {
		issuance = units.SaturatingSub(old, delta)
	}
	if p.InactiveIssuance() > issuance {
		return IssuanceDeactivated
	}
	p.SetTotalIssuance(issuance)
	system.Deposit(TotalIssuanceForced{Old: old, New: issuance})
	return nil
}

// Burn destroys free balance of the sender: the total issuance becomes smaller, unlike when it is sent to an account that nobody can use.
//
// If less than the existential deposit is left in the sender's account, the account goes, unless keep_alive is set.
//
//frame:call 10
//frame:weight weightBurn(keepAlive)
//frame:compact value
//frame:rust value=T::Balance
func (p *Pallet) Burn(origin frame.Origin, value units.Rao, keepAlive bool) error {
	who, err := origin.Signed()
	if err != nil {
		return err
	}
	_, err = p.BurnFrom(who, value, preservationOf(keepAlive), Exact, Polite)
	return err
}
