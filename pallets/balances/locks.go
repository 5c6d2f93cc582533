package balances

import (
	"slices"

	"github.com/gotensor/gotensor/pallets/frame/host"
	"github.com/gotensor/gotensor/pallets/system"
	"github.com/gotensor/gotensor/primitives/chain"
	"github.com/gotensor/gotensor/primitives/units"
)

// SetLock locks amount of the account under the name, however much there is in it. Nothing is locked where amount or reasons is zero.
// Emits Locked or Unlocked.
func (p *Pallet) SetLock(id ID, who chain.AccountID, amount units.Rao, reasons WithdrawReasons) {
	if reasons == 0 || amount == 0 {
		p.RemoveLock(id, who)
		return
	}
	p.putLock(who, BalanceLock{id, amount, reasons.lockReasons()}, func(_, lock BalanceLock) BalanceLock { return lock })
}

// ExtendLock locks at least amount of the account under the name. Nothing changes where amount or reasons is zero. Emits Locked.
func (p *Pallet) ExtendLock(id ID, who chain.AccountID, amount units.Rao, reasons WithdrawReasons) {
	if amount == 0 || reasons == 0 {
		return
	}
	p.putLock(who, BalanceLock{id, amount, reasons.lockReasons()}, func(old, lock BalanceLock) BalanceLock {
		return BalanceLock{id, max(old.Amount, lock.Amount), old.Reasons.or(lock.Reasons)}
	})
}

// putLock puts the lock in the place of what has its name: the first such lock becomes what change makes of the two, others go.
func (p *Pallet) putLock(who chain.AccountID, lock BalanceLock, change func(old, lock BalanceLock) BalanceLock) {
	locks := p.Locks.Get(who)
	kept := locks[:0]
	found := false
	for _, l := range locks {
		if l.ID == lock.ID {
			if found {
				continue
			}
			found = true
			l = change(l, lock)
		}
		kept = append(kept, l)
	}
	if !found {
		kept = append(kept, lock)
	}
	p.updateLocks(who, kept)
}

// RemoveLock ends the lock under the name. Emits Unlocked.
func (p *Pallet) RemoveLock(id ID, who chain.AccountID) {
	p.updateLocks(who, slices.DeleteFunc(p.Locks.Get(who), func(l BalanceLock) bool { return l.ID == id }))
}

// BalanceLocked returns how much is locked under the name.
func (p *Pallet) BalanceLocked(id ID, who chain.AccountID) (sum units.Rao) {
	for _, l := range p.Locks.Get(who) {
		if l.ID == id {
			sum += l.Amount
		}
	}
	return sum
}

// updateLocks stores the locks of an account and what they amount to.
func (p *Pallet) updateLocks(who chain.AccountID, locks BalanceLocks) {
	if len(locks) > int(p.MaxLocks) {
		host.Log(2, logTarget, "account with more locks than weights assume")
	}
	freezes := p.Freezes.Get(who)
	var before, after units.Rao
	// Where a reference is refused, the original stores the locks all the same; they take effect with the next change.
	_, _ = p.mutate(who, func(a *system.AccountData, _ bool) error {
		before, after = a.Frozen, frozen(locks, freezes)
		a.Frozen = after
		return nil
	})
	if len(locks) == 0 {
		p.Locks.Remove(who)
	} else {
		p.Locks.Put(who, locks)
	}
	switch {
	case before > after:
		system.Deposit(Unlocked{Who: who, Amount: before - after})
	case after > before:
		system.Deposit(Locked{Who: who, Amount: after - before})
	}
}
