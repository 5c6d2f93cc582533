package balances

import (
	"errors"

	"github.com/gotensor/gotensor/pallets/frame"
	"github.com/gotensor/gotensor/pallets/frame/host"
	"github.com/gotensor/gotensor/pallets/system"
	"github.com/gotensor/gotensor/primitives/chain"
	"github.com/gotensor/gotensor/primitives/units"
)

// The pallet takes part in these.
var (
	_ frame.Genesis         = (*Pallet)(nil)
	_ frame.IntegrityTester = (*Pallet)(nil)
	_ frame.StateTrier      = (*Pallet)(nil)
)

// What TryState and IntegrityTest find.
var (
	ErrZeroDeposit   = errors.New("existential deposit is zero")
	ErrFreezeReasons = errors.New("more reasons to freeze than MaxFreezes")
	ErrTooManyHolds  = errors.New("account has more holds than the runtime has reasons")
	ErrTooManyFrozen = errors.New("account has more freezes than MaxFreezes")
	ErrIssuance      = errors.New("total issuance is not the sum of all accounts")
	ErrInactive      = errors.New("inactive issuance above total issuance")
	ErrReserved      = errors.New("account has more holds and named reserves than reserved balance")
	ErrFrozen        = errors.New("frozen balance of an account is not the largest of its locks and freezes")
	ErrDust          = errors.New("account with less than the existential deposit and nothing reserved")
	ErrReferences    = errors.New("account without the reference that its balance needs")
	ErrOrphan        = errors.New("locks, freezes, holds or reserves of an account that is gone")
)

// StorageVersion is the form of what is stored: since inactive issuance is tracked. Source: pallet-balances, STORAGE_VERSION, and the genesis of Subtensor's
// test network.
func (p *Pallet) StorageVersion() uint16 { return 1 }

// IntegrityTest checks the constants. Errors: ErrZeroDeposit, ErrFreezeReasons.
func (p *Pallet) IntegrityTest() error {
	if p.ExistentialDeposit == 0 {
		return ErrZeroDeposit
	}
	if p.FreezeReasons > p.MaxFreezes {
		return ErrFreezeReasons
	}
	return nil
}

// TryState checks the invariants of doc.go for the whole state, account by account. Errors: those above; which account it was, the log says.
func (p *Pallet) TryState(chain.BlockNumber) error {
	var sum units.Rao
	for who, account := range system.Accounts() {
		a := &account.Data
		var ok bool
		if sum, ok = units.CheckedAdd(sum, total(a)); !ok {
			return ErrIssuance
		}
		if err := p.tryAccount(who, &account); err != nil {
			host.Log(1, logTarget, "account "+hexadecimal(who[:])+": "+err.Error())
			return err
		}
	}
	if sum != p.TotalIssuance() {
		return ErrIssuance
	}
	if p.InactiveIssuance() > sum {
		return ErrInactive
	}
	return p.tryOrphans()
}

func (p *Pallet) tryAccount(who chain.AccountID, account *system.AccountInfo) error {
	a := &account.Data
	holds, freezes := p.Holds.Get(who), p.Freezes.Get(who)
	var named units.Rao
	for _, h := range holds {
		named = units.SaturatingAdd(named, h.Amount)
	}
	for _, r := range p.Reserves.Get(who) {
		named = units.SaturatingAdd(named, r.Amount)
	}
	switch {
	case len(holds) > int(p.MaxHolds):
		return ErrTooManyHolds
	case len(freezes) > int(p.MaxFreezes):
		return ErrTooManyFrozen
	case named > a.Reserved:
		return ErrReserved
	case a.Frozen != 0 && a.Frozen != frozen(p.Locks.Get(who), freezes):
		return ErrFrozen
	case a.Free != 0 && a.Free < p.ExistentialDeposit && a.Reserved == 0:
		return ErrDust
	case a.Free >= p.ExistentialDeposit && account.Providers == 0:
		return ErrReferences
	case isNewLogic(a) && (a.Reserved != 0 || a.Frozen != 0) && account.Consumers == 0:
		return ErrReferences
	}
	return nil
}

// hexadecimal writes bytes as 0x and digits; encoding/hex would bring fmt into the runtime.
func hexadecimal(raw []byte) string {
	const digits = "0123456789abcdef"
	text := []byte("0x")
	for _, c := range raw {
		text = append(text, digits[c>>4], digits[c&15])
	}
	return string(text)
}

// tryOrphans looks for entries of accounts that do not exist.
func (p *Pallet) tryOrphans() error {
	for who, locks := range p.Locks.All() {
		if len(locks) != 0 && !system.AccountExists(who) {
			return ErrOrphan
		}
	}
	for who, freezes := range p.Freezes.All() {
		if len(freezes) != 0 && !system.AccountExists(who) {
			return ErrOrphan
		}
	}
	for who, holds := range p.Holds.All() {
		if len(holds) != 0 && !system.AccountExists(who) {
			return ErrOrphan
		}
	}
	for who, reserves := range p.Reserves.All() {
		for _, r := range reserves {
			if r.Amount != 0 && !system.AccountExists(who) {
				return ErrOrphan
			}
		}
	}
	return nil
}
