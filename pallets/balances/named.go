package balances

import (
	"bytes"
	"slices"

	"github.com/gotensor/gotensor/pallets/frame"
	"github.com/gotensor/gotensor/pallets/system"
	"github.com/gotensor/gotensor/primitives/chain"
	"github.com/gotensor/gotensor/primitives/units"
)

// find returns where the reserve with that name is, or would be.
func (r ReserveList) find(id ID) (int, bool) {
	return slices.BinarySearchFunc(r, id, func(x ReserveData, id ID) int { return bytes.Compare(x.ID[:], id[:]) })
}

// ReservedBalanceNamed returns how much is reserved under the name.
func (p *Pallet) ReservedBalanceNamed(id ID, who chain.AccountID) units.Rao {
	reserves := p.Reserves.Get(who)
	if i, ok := reserves.find(id); ok {
		return reserves[i].Amount
	}
	return 0
}

// ReserveNamed is Reserve under a name. Errors: Overflow, TooManyReserves, and those of Reserve.
func (p *Pallet) ReserveNamed(id ID, who chain.AccountID, value units.Rao) error {
	if value == 0 {
		return nil
	}
	reserves := p.Reserves.Get(who)
	i, ok := reserves.find(id)
	if ok {
		if reserves[i].Amount, ok = units.CheckedAdd(reserves[i].Amount, value); !ok {
			return frame.Overflow
		}
	} else {
		if len(reserves) >= int(p.MaxReserves) {
			return TooManyReserves
		}
		reserves = slices.Insert(reserves, i, ReserveData{id, value})
	}
	if err := p.Reserve(who, value); err != nil {
		return err
	}
	p.Reserves.Put(who, reserves)
	return nil
}

// UnreserveNamed is Unreserve of what is reserved under the name.
func (p *Pallet) UnreserveNamed(id ID, who chain.AccountID, value units.Rao) units.Rao {
	if value == 0 {
		return 0
	}
	reserves := p.Reserves.Get(who)
	i, ok := reserves.find(id)
	if !ok {
		return value
	}
	part := min(reserves[i].Amount, value)
	actual := units.SaturatingSub(part, p.Unreserve(who, part))
	reserves[i].Amount -= actual
	if reserves[i].Amount == 0 {
		reserves = slices.Delete(reserves, i, i+1)
	}
	p.putReserves(who, reserves)
	return value - actual
}

func (p *Pallet) putReserves(who chain.AccountID, reserves ReserveList) {
	if len(reserves) == 0 {
		p.Reserves.Remove(who)
	} else {
		p.Reserves.Put(who, reserves)
	}
}

// UnreserveAllNamed unreserves all that is reserved under the name and returns how much that was.
func (p *Pallet) UnreserveAllNamed(id ID, who chain.AccountID) units.Rao {
	value := p.ReservedBalanceNamed(id, who)
	p.UnreserveNamed(id, who, value)
	return value
}

// EnsureReservedNamed reserves or unreserves what brings the reserve under the name to value. Errors: those of ReserveNamed.
func (p *Pallet) EnsureReservedNamed(id ID, who chain.AccountID, value units.Rao) error {
	current := p.ReservedBalanceNamed(id, who)
	if current > value {
		p.UnreserveNamed(id, who, current-value)
		return nil
	}
	return p.ReserveNamed(id, who, value-current)
}

// SlashReservedNamed is SlashReserved of what is reserved under the name. Emits Slashed twice, as the original does: for the reserved balance
// and for the name. An entry that becomes zero stays.
func (p *Pallet) SlashReservedNamed(id ID, who chain.AccountID, value units.Rao) (Negative, units.Rao) {
	if value == 0 {
		return 0, 0
	}
	reserves := p.Reserves.Get(who)
	i, ok := reserves.find(id)
	if !ok {
		p.Reserves.Put(who, reserves)
		return 0, value
	}
	part := min(reserves[i].Amount, value)
	credit, left := p.SlashReserved(who, part)
	actual := units.SaturatingSub(part, left)
	reserves[i].Amount -= actual
	system.Deposit(Slashed{Who: who, Amount: actual})
	p.Reserves.Put(who, reserves)
	return credit, value - actual
}

// SlashAllReservedNamed is SlashReservedNamed of all that is reserved under the name.
func (p *Pallet) SlashAllReservedNamed(id ID, who chain.AccountID) Negative {
	credit, _ := p.SlashReservedNamed(id, who, p.ReservedBalanceNamed(id, who))
	return credit
}

// RepatriateAllReservedNamed is RepatriateReservedNamed of all that is reserved under the name.
func (p *Pallet) RepatriateAllReservedNamed(id ID, from, to chain.AccountID, status BalanceStatus) error {
	_, err := p.RepatriateReservedNamed(id, from, to, p.ReservedBalanceNamed(id, from), status)
	return err
}

// RepatriateReservedNamed is RepatriateReserved of what is reserved under the name; what arrives reserved has the same name there. An entry
// that becomes zero stays. Errors: TooManyReserves, and those of RepatriateReserved.
func (p *Pallet) RepatriateReservedNamed(id ID, from, to chain.AccountID, value units.Rao, status BalanceStatus) (units.Rao, error) {
	if value == 0 {
		return 0, nil
	}
	if from == to {
		if status == StatusFree {
			return p.UnreserveNamed(id, from, value), nil
		}
		return units.SaturatingSub(value, p.ReservedBalanceNamed(id, from)), nil
	}
	reserves := p.Reserves.Get(from)
	i, ok := reserves.find(id)
	if !ok {
		p.Reserves.Put(from, reserves)
		return value, nil
	}
	part := min(reserves[i].Amount, value)
	left, err := p.RepatriateReserved(from, to, part, status)
	if err != nil {
		return 0, err
	}
	actual := units.SaturatingSub(part, left)
	if status == StatusReserved {
		received := p.Reserves.Get(to)
		j, ok := received.find(id)
		switch {
		case ok:
			received[j].Amount = units.SaturatingAdd(received[j].Amount, actual)
		case len(received) >= int(p.MaxReserves):
			return 0, TooManyReserves
		default:
			received = slices.Insert(received, j, ReserveData{id, actual})
		}
		p.Reserves.Put(to, received)
	}
	reserves[i].Amount -= actual
	p.Reserves.Put(from, reserves)
	return value - actual, nil
}
