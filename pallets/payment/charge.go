package payment

import (
	"errors"

	"github.com/gotensor/gotensor/pallets/balances"
	"github.com/gotensor/gotensor/pallets/frame"
	"github.com/gotensor/gotensor/primitives/chain"
	"github.com/gotensor/gotensor/primitives/units"
)

// ErrConfig reports a pallet of which the runtime has not set all fields.
var ErrConfig = errors.New("transaction payment is not configured")

// Balances is what Tao needs of package balances.
type Balances interface {
	CanWithdraw(who chain.AccountID, amount units.Rao) (balances.Consequence, units.Rao)
	Withdraw(who chain.AccountID, value units.Rao, precision balances.Precision, preservation balances.Preservation, fortitude balances.Fortitude) (balances.Credit, error)
	Deposit(who chain.AccountID, value units.Rao, precision balances.Precision) (balances.Debt, error)
	TotalBalance(who chain.AccountID) units.Rao
	Resolve(who chain.AccountID, credit balances.Credit) error
	DropCredit(credit balances.Credit)
}

// Tao takes fees in TAO and gives them, with tips, to the author of the block. Where there is no author, or he cannot be paid, they are burned.
//
// Source: opentensor/subtensor pallets/transaction-fee/src/lib.rs, SubtensorTxFeeHandler and TransactionFeeHandler.
type Tao struct {
	Balances Balances
	// Author returns the author of the block, or false where there is none.
	Author func() (chain.AccountID, bool)
}

// CanWithdraw implements OnCharge: the account must be able to pay without dying of it. Error: InvalidPayment.
func (t Tao) CanWithdraw(who chain.AccountID, _ frame.Call, fee, _ units.Rao) error {
	if fee == 0 {
		return nil
	}
	if consequence, _ := t.Balances.CanWithdraw(who, fee); consequence != balances.Success {
		return frame.InvalidPayment
	}
	return nil
}

// Withdraw implements OnCharge. Emits Balances.Withdraw. Error: InvalidPayment.
func (t Tao) Withdraw(who chain.AccountID, _ frame.Call, fee, _ units.Rao) (Paid, error) {
	if fee == 0 {
		return Paid{}, nil
	}
	credit, err := t.Balances.Withdraw(who, fee, balances.Exact, balances.Preserve, balances.Polite)
	if err != nil {
		return Paid{}, frame.InvalidPayment
	}
	return Paid{Credit: credit, HasCredit: true}, nil
}

// Settle implements OnCharge. Emits Balances.Deposit for what the payer gets back, also where that is nothing, and for what the author gets. A
// payer who is gone gets nothing back.
func (t Tao) Settle(who chain.AccountID, fee, _ units.Rao, paid Paid) error {
	if !paid.HasCredit {
		return nil
	}
	credit := paid.Credit
	if t.Balances.TotalBalance(who) > 0 {
		refund := units.SaturatingSub(units.Rao(credit), fee)
		if debt, err := t.Balances.Deposit(who, refund, balances.BestEffort); err == nil {
			credit -= balances.Credit(debt)
		}
	}
	if credit == 0 {
		return nil
	}
	author, ok := t.Author()
	if !ok || t.Balances.Resolve(author, credit) != nil {
		t.Balances.DropCredit(credit)
	}
	return nil
}
