package executive

import (
	"testing"

	"github.com/gotensor/gotensor/internal/vectors"
	"github.com/gotensor/gotensor/pallets/balances"
	"github.com/gotensor/gotensor/pallets/frame"
	"github.com/gotensor/gotensor/pallets/payment"
	"github.com/gotensor/gotensor/pallets/system"
	"github.com/gotensor/gotensor/primitives/chain"
	"github.com/gotensor/gotensor/primitives/units"
	"github.com/gotensor/gotensor/testnet/native"
)

// funds are what alice has in the world with money.
const funds units.Rao = 211_000_000_000

// newMoneyWorld returns a runtime with balances and fees, where a picosecond costs a RAO and nobody gets it, over a genesis in which alice has funds.
func newMoneyWorld(t testing.TB) (*world, *balances.Pallet) {
	t.Helper()
	w := newWorld(t)
	money := &balances.Pallet{
		Constants: balances.Constants{ExistentialDeposit: 500, MaxLocks: 50, MaxReserves: 50, MaxFreezes: 1}, MaxHolds: 1, FreezeReasons: 1,
	}
	fees := &payment.Pallet{
		Constants:     payment.Constants{OperationalFeeMultiplier: 5},
		WeightToFee:   func(w frame.Weight) units.Rao { return units.Rao(w.RefTime) },
		LengthToFee:   func(uint32) units.Rao { return 0 },
		FeeMultiplier: payment.One,
		OnCharge:      payment.Tao{Balances: money, Author: func() (id chain.AccountID, ok bool) { return id, false }},
		BlockLength:   w.sys.BlockLength,
	}
	rt := frame.Install(nil, frame.Entry{Index: 0, Name: "System", Pallet: w.sys}, frame.Entry{Index: 5, Name: "Balances", Pallet: money},
		frame.Entry{Index: 6, Name: "TransactionPayment", Pallet: fees})
	exts := extensions()
	last := len(exts) - 1
	w.tips = true
	w.Executive = New(rt, append(append(exts[:last:last], &payment.Charge{Pallet: fees}), exts[last]))
	w.Ext = native.New(t)
	w.Run(func() {
		for _, p := range []frame.Genesis{w.sys, money, fees} {
			if err := p.BuildGenesis(nil); err != nil {
				t.Fatal(err)
			}
		}
		if err := money.Endow([]balances.Endowment{{Who: account(alice), Free: funds}}); err != nil {
			t.Fatal(err)
		}
	})
	w.Next()
	return w, money
}

// moneyVectors are those of frame-executive's tests that need balances and fees. Amounts are a billion times theirs.
func moneyVectors(s *vectors.Suite) {
	const value = 69_000_000_000
	s.Test("balance_transfer_dispatch_works", func(v *vectors.Test) {
		w, money := newMoneyWorld(v.T)
		w.Run(func() {
			xt := w.signed(alice, &balances.TransferAllowDeathCall{Dest: chain.AddressOf(account(bob)), Value: value}, terms{})
			info, _, err := w.Inspect(xt)
			v.Ok(err)
			fee := units.Rao(info.Total().Add(w.sys.BlockWeights.PerClass.Normal.BaseExtrinsic).RefTime)
			w.InitializeBlock(header(1))
			v.Equal(w.apply(xt), success)
			v.Equal(money.TotalBalance(account(alice)), funds-value-fee)
			v.Equal(money.TotalBalance(account(bob)), units.Rao(value))
		})
	})
	s.Test("can_not_pay_for_tx_fee_on_full_lock", func(v *vectors.Test) {
		w, money := newMoneyWorld(v.T)
		w.Run(func() {
			v.Ok(money.SetFreeze(frame.FreezeReason{}, account(alice), funds-1))
			xt := w.signed(alice, &system.RemarkCall{Remark: []byte{1}}, terms{})
			w.InitializeBlock(header(1))
			v.Equal(w.apply(xt), invalid(frame.InvalidPayment))
			v.Equal(money.TotalBalance(account(alice)), funds)
		})
	})
}
