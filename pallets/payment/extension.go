package payment

import (
	"math/bits"

	"github.com/gotensor/gotensor/pallets/frame"
	"github.com/gotensor/gotensor/pallets/system"
	"github.com/gotensor/gotensor/primitives/chain"
	"github.com/gotensor/gotensor/primitives/scale"
	"github.com/gotensor/gotensor/primitives/units"
)

// weightCharge is what charging costs. Source: paritytech/polkadot-sdk substrate/frame/transaction-payment/src/weights.rs (SubstrateWeight),
// pallet-transaction-payment 41.0.0.
var weightCharge = frame.RefTime(35_979_000).Proof(3_593).Reads(1).Writes(1)

// Charge is the extension ChargeTransactionPayment: it carries the tip, and makes signed transactions pay. Those of other origins pay nothing.
//
// Source: pallet_transaction_payment, ChargeTransactionPayment.
type Charge struct {
	frame.Plain
	Pallet *Pallet

	tip     units.Rao
	charged bool // the transaction in hand has a payer
	payer   chain.AccountID
	fee     units.Rao // what Validate found
	paid    Paid      // what Prepare took
}

// Identifier implements frame.Extension.
func (c *Charge) Identifier() string { return "ChargeTransactionPayment" }

// Decode reads the tip, a compact u64.
func (c *Charge) Decode(d *scale.Decoder) {
	c.Reset()
	c.tip = units.Rao(d.Compact())
}

// Reset implements frame.Extension: no tip.
func (c *Charge) Reset() { *c = Charge{Pallet: c.Pallet} }

// Tip returns the tip of the transaction in hand.
func (c *Charge) Tip() units.Rao { return c.tip }

// Weight implements frame.Extension.
func (c *Charge) Weight(frame.Call) frame.Weight { return weightCharge }

// Validate finds out what the transaction costs, and whether the signer can pay. Error: InvalidPayment.
func (c *Charge) Validate(tx *frame.Tx) (frame.ValidTransaction, error) {
	c.charged = false
	who, err := tx.Origin.Signed()
	if err != nil {
		return frame.DefaultValid(), nil
	}
	if err := c.validate(tx, who); err != nil {
		return frame.ValidTransaction{}, err
	}
	valid := frame.DefaultValid()
	valid.Priority = c.Pallet.Priority(tx.Info, tx.Len, c.tip, c.fee)
	return valid, nil
}

// validate finds out what the transaction costs, and whether who can pay.
func (c *Charge) validate(tx *frame.Tx, who chain.AccountID) error {
	c.fee = c.Pallet.Fee(uint32(tx.Len), tx.Info, c.tip)
	if err := c.Pallet.OnCharge.CanWithdraw(who, tx.Call, c.fee, c.tip); err != nil {
		return err
	}
	c.charged, c.payer = true, who
	return nil
}

// Prepare takes what Validate found. Error: InvalidPayment.
func (c *Charge) Prepare(tx *frame.Tx) (err error) {
	if c.charged {
		c.paid, err = c.Pallet.OnCharge.Withdraw(c.payer, tx.Call, c.fee, c.tip)
	}
	return err
}

// PostDispatch gives back what was too much. Emits TransactionFeePaid. Where nobody pays, the weight of the extension is given back.
func (c *Charge) PostDispatch(tx *frame.Tx, post *frame.PostInfo, _ error) error {
	if !c.charged {
		if post.HasActual {
			post.Actual = post.Actual.Sub(weightCharge)
		}
		return nil
	}
	actual := c.Pallet.ActualFee(uint32(tx.Len), tx.Info, *post, c.tip)
	if err := c.Pallet.OnCharge.Settle(c.payer, actual, c.tip, c.paid); err != nil {
		return err
	}
	system.Deposit(TransactionFeePaid{Who: c.payer, ActualFee: actual, Tip: c.tip})
	return nil
}

// Priority returns how early a transaction should be taken: by its tip, and for operational ones OperationalFeeMultiplier times its fee, for each
// transaction of its size, in weight or length, that fits into a block. One RAO more than the tip counts, so that of those without a tip small ones
// come first. Source: pallet_transaction_payment, get_priority.
func (p *Pallet) Priority(info frame.DispatchInfo, length int, tip, fee units.Rao) uint64 {
	block := system.Weights().MaxBlock
	w := info.Total().Max(frame.Weight{RefTime: 1, ProofSize: 1}).Min(block)
	maxLength := uint64(p.BlockLength.Of(info.Class))
	fit := min(maxLength/min(max(uint64(length), 1), maxLength), divide(block.RefTime, w.RefTime), divide(block.ProofSize, w.ProofSize))
	priority := saturatingMul(uint64(units.SaturatingAdd(tip, 1)), fit)
	if info.Class == frame.Operational {
		virtual := saturatingMul(uint64(fee), uint64(p.OperationalFeeMultiplier))
		priority = units.SaturatingAdd(priority, saturatingMul(virtual, fit))
	}
	return priority
}

// divide returns a/b, and as much as there is where b is zero: a block without that dimension bounds nothing.
func divide(a, b uint64) uint64 {
	if b == 0 {
		return ^uint64(0)
	}
	return a / b
}

func saturatingMul(a, b uint64) uint64 {
	hi, lo := bits.Mul64(a, b)
	if hi != 0 {
		return ^uint64(0)
	}
	return lo
}

// Priorities of transactions on this chain, whatever they pay. Source: opentensor/subtensor runtime/src/lib.rs.
const (
	NormalPriority      = 1 // mandatory ones too, though there are none among transactions
	OperationalPriority = 10_000_000_000
)

// ChargeReal is Charge as this chain has it, under the same identifier: another account than the signer may pay, and the priority of a
// transaction depends on its class alone.
//
// Source: opentensor/subtensor runtime/src/transaction_payment_wrapper.rs, ChargeTransactionPaymentWrapper.
type ChargeReal struct {
	Charge
	// Payer returns who pays for a call of signer, and false where that is signer.
	Payer func(c frame.Call, signer chain.AccountID) (chain.AccountID, bool)
}

// Weight implements frame.Extension: that of Charge, and as many reads as it may take to find the payer.
func (c *ChargeReal) Weight(call frame.Call) frame.Weight { return c.Charge.Weight(call).Reads(3) }

// Validate finds out what the transaction costs and who pays, and whether he can. The origin stays the signer. Error: InvalidPayment.
func (c *ChargeReal) Validate(tx *frame.Tx) (frame.ValidTransaction, error) {
	valid := frame.DefaultValid()
	valid.Priority = NormalPriority
	if tx.Info.Class == frame.Operational {
		valid.Priority = OperationalPriority
	}
	c.charged = false
	signer, err := tx.Origin.Signed()
	if err != nil {
		return valid, nil
	}
	payer, ok := c.Payer(tx.Call, signer)
	if !ok {
		payer = signer
	}
	if err := c.validate(tx, payer); err != nil {
		return frame.ValidTransaction{}, err
	}
	return valid, nil
}

// The extensions of this package.
var (
	_ frame.Extension = (*Charge)(nil)
	_ frame.Extension = (*ChargeReal)(nil)
)
