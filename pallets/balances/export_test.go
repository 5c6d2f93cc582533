package balances

import (
	"github.com/gotensor/gotensor/pallets/system"
	"github.com/gotensor/gotensor/primitives/chain"
	"github.com/gotensor/gotensor/primitives/units"
)

// Mutate is mutate for tests that put an account into a state of their own.
func (p *Pallet) Mutate(who chain.AccountID, f func(a *system.AccountData)) error {
	_, err := p.mutate(who, func(a *system.AccountData, _ bool) error {
		f(a)
		return nil
	})
	return err
}

// WriteBalance is writeBalance.
func (p *Pallet) WriteBalance(who chain.AccountID, amount units.Rao) (dust units.Rao, err error) {
	return p.writeBalance(who, system.AccountOf(who), amount)
}
