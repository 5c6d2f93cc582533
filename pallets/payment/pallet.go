package payment

import (
	"math/bits"

	"github.com/gotensor/gotensor/pallets/balances"
	"github.com/gotensor/gotensor/pallets/frame"
	"github.com/gotensor/gotensor/pallets/frame/json"
	"github.com/gotensor/gotensor/pallets/system"
	"github.com/gotensor/gotensor/primitives/chain"
	"github.com/gotensor/gotensor/primitives/scale"
	"github.com/gotensor/gotensor/primitives/units"
)

//go:generate go run ../frame/gen

// Pallet is the transaction payment pallet.
type Pallet struct {
	Constants
	Storage

	// WeightToFee and LengthToFee say what weight and length cost: LinearWeightToFee and LengthToRao on this chain.
	WeightToFee func(frame.Weight) units.Rao
	LengthToFee func(length uint32) units.Rao
	// FeeMultiplier is what NextFeeMultiplier becomes at the end of every block: One on this chain.
	FeeMultiplier Multiplier
	// OnCharge takes the fees.
	OnCharge OnCharge
	// BlockLength bounds how many transactions fit into a block, which the priority is computed from.
	BlockLength system.BlockLength
}

// Constants are set by the runtime.
type Constants struct {
	// OperationalFeeMultiplier is how many times its fee an operational transaction has on top of its tip where transactions are put in order.
	//
	// So it stands before normal transactions of its size whose tip is not larger than that.
	OperationalFeeMultiplier uint8
}

// Storage is all that the pallet keeps.
type Storage struct {
	// By what the weight fee of the next block's transactions is multiplied. Written by every block.
	NextFeeMultiplier frame.Value[Multiplier] `default:"One"`

	// The form in which the pallet stores things. Written at genesis.
	StorageVersion frame.Value[Releases]
}

// Releases are the forms in which the pallet has stored things.
//
//frame:enum pallet_transaction_payment::Releases
type Releases uint8

// Forms.
const (
	V1Ancient Releases = 0 // the multiplier was signed
	V2        Releases = 1 // the multiplier is a FixedU128
)

// Multiplier is a FixedU128: a fraction in units of 10^-18.
type Multiplier scale.U128

// One is the multiplier that changes nothing.
var One = Multiplier{Lo: multiplierUnit}

const multiplierUnit = 1_000_000_000_000_000_000

// MultiplierOf returns num/den, rounded down; den must not be zero.
func MultiplierOf(num, den uint64) Multiplier {
	hi, lo := bits.Mul64(num, multiplierUnit)
	q, r := bits.Div64(0, hi, den)
	low, _ := bits.Div64(r, lo, den)
	return Multiplier{Hi: q, Lo: low}
}

// AppendScale appends the u128.
func (m Multiplier) AppendScale(dst []byte) []byte { return scale.AppendU128(dst, scale.U128(m)) }

// DecodeScale reads a u128.
func (m *Multiplier) DecodeScale(d *scale.Decoder) { *m = Multiplier(d.U128()) }

// Apply returns the fee times the multiplier, rounded down; as much as a fee can be where that is more. Source: sp_arithmetic,
// saturating_mul_int.
func (m Multiplier) Apply(fee units.Rao) units.Rao {
	if m == One {
		return fee
	}
	high, mid := bits.Mul64(m.Hi, uint64(fee))
	carryHi, low := bits.Mul64(m.Lo, uint64(fee))
	mid, carry := bits.Add64(mid, carryHi, 0)
	if high+carry != 0 || mid >= multiplierUnit {
		return ^units.Rao(0)
	}
	q, _ := bits.Div64(mid, low, multiplierUnit)
	return units.Rao(q)
}

// LinearWeightToFee is what weight costs on this chain: 0.0005 RAO for each picosecond, rounded to the nearest RAO and down in the middle. The
// proof is free. Source: opentensor/subtensor pallets/transaction-fee/src/lib.rs (LinearWeightToFee) and sp_weights, whose polynomial has
// this one term; rounding of sp_arithmetic, Perbill times integer.
func LinearWeightToFee(w frame.Weight) units.Rao {
	const part, whole = 500_000, 1_000_000_000
	rest := w.RefTime % whole * part
	fee := w.RefTime/whole*part + rest/whole
	if rest%whole > whole/2 {
		fee++
	}
	return units.Rao(fee)
}

// LengthToRao is what length costs on this chain: 1 RAO for each byte. Source: sp_weights, IdentityFee.
func LengthToRao(length uint32) units.Rao { return units.Rao(length) }

// InclusionFee is what a transaction pays for being in a block.
type InclusionFee struct {
	BaseFee           units.Rao // for the weight that every transaction has
	LenFee            units.Rao // for its length
	AdjustedWeightFee units.Rao // for the weight of its call and extensions, times the multiplier
}

// Total returns the sum of the three, at most what a fee can be.
func (f InclusionFee) Total() units.Rao {
	return units.SaturatingAdd(units.SaturatingAdd(f.BaseFee, f.LenFee), f.AdjustedWeightFee)
}

// FeeDetails is what a transaction pays: pallet_transaction_payment::FeeDetails. Inclusion counts where Pays is set.
type FeeDetails struct {
	Inclusion InclusionFee
	Pays      bool
	Tip       units.Rao
}

// Final returns inclusion fee and tip together, at most what a fee can be.
func (f FeeDetails) Final() units.Rao {
	if !f.Pays {
		return f.Tip
	}
	return units.SaturatingAdd(f.Inclusion.Total(), f.Tip)
}

// AppendScale appends the inclusion fee as an option, and the tip.
func (f FeeDetails) AppendScale(dst []byte) []byte {
	dst = scale.AppendBool(dst, f.Pays)
	if f.Pays {
		dst = f.Inclusion.BaseFee.AppendScale(dst)
		dst = f.Inclusion.LenFee.AppendScale(dst)
		dst = f.Inclusion.AdjustedWeightFee.AppendScale(dst)
	}
	return f.Tip.AppendScale(dst)
}

// DecodeScale reads what AppendScale wrote.
func (f *FeeDetails) DecodeScale(d *scale.Decoder) {
	if f.Pays = d.Bool(); f.Pays {
		f.Inclusion.BaseFee.DecodeScale(d)
		f.Inclusion.LenFee.DecodeScale(d)
		f.Inclusion.AdjustedWeightFee.DecodeScale(d)
	}
	f.Tip.DecodeScale(d)
}

// RuntimeDispatchInfo is what is known of a call's cost before it runs, without tip: pallet_transaction_payment::RuntimeDispatchInfo.
type RuntimeDispatchInfo struct {
	Weight     frame.Weight
	Class      frame.Class
	PartialFee units.Rao
}

// AppendScale appends the fields.
func (r RuntimeDispatchInfo) AppendScale(dst []byte) []byte {
	return r.PartialFee.AppendScale(r.Class.AppendScale(r.Weight.AppendScale(dst)))
}

// DecodeScale reads what AppendScale wrote.
func (r *RuntimeDispatchInfo) DecodeScale(d *scale.Decoder) {
	r.Weight.DecodeScale(d)
	r.Class.DecodeScale(d)
	r.PartialFee.DecodeScale(d)
}

// FeeOfWeight returns what the weight costs without the multiplier; more than a block can hold costs no more than that.
func (p *Pallet) FeeOfWeight(w frame.Weight) units.Rao {
	return p.WeightToFee(w.Min(system.Weights().MaxBlock))
}

// FeeOfLength returns what so many bytes cost.
func (p *Pallet) FeeOfLength(length uint32) units.Rao { return p.LengthToFee(length) }

// Details returns what an extrinsic of so many bytes pays before it runs, if it is signed.
func (p *Pallet) Details(length uint32, info frame.DispatchInfo, tip units.Rao) FeeDetails {
	return p.details(length, info.Total(), tip, info.Pays, info.Class)
}

// Fee returns what such an extrinsic pays before it runs, tip included.
func (p *Pallet) Fee(length uint32, info frame.DispatchInfo, tip units.Rao) units.Rao {
	return p.Details(length, info, tip).Final()
}

// ActualFee returns what it pays in the end, tip included.
func (p *Pallet) ActualFee(length uint32, info frame.DispatchInfo, post frame.PostInfo, tip units.Rao) units.Rao {
	return p.details(length, post.Weight(info), tip, post.PaysFee(info), info.Class).Final()
}

func (p *Pallet) details(length uint32, w frame.Weight, tip units.Rao, pays frame.Pays, class frame.Class) FeeDetails {
	if pays == frame.No {
		return FeeDetails{Tip: tip}
	}
	return FeeDetails{Pays: true, Tip: tip, Inclusion: InclusionFee{
		BaseFee:           p.FeeOfWeight(system.Weights().Of(class).BaseExtrinsic),
		LenFee:            p.FeeOfLength(length),
		AdjustedWeightFee: p.NextFeeMultiplier.Get().Apply(p.FeeOfWeight(w)),
	}}
}

// QueryInfo answers TransactionPaymentApi_query_info, and without extensions in info TransactionPaymentCallApi_query_call_info: what an extrinsic
// of so many bytes weighs and costs. Bare extrinsics cost nothing.
func (p *Pallet) QueryInfo(info frame.DispatchInfo, length uint32, bare bool) RuntimeDispatchInfo {
	return RuntimeDispatchInfo{info.Total(), info.Class, p.QueryFeeDetails(info, length, bare).Final()}
}

// QueryFeeDetails answers TransactionPaymentApi_query_fee_details, and without extensions in info TransactionPaymentCallApi_query_call_fee_details.
func (p *Pallet) QueryFeeDetails(info frame.DispatchInfo, length uint32, bare bool) FeeDetails {
	if bare {
		return FeeDetails{}
	}
	return p.Details(length, info, 0)
}

// OnFinalize sets the multiplier of the next block.
func (p *Pallet) OnFinalize(chain.BlockNumber) { p.NextFeeMultiplier.Put(p.FeeMultiplier) }

// BuildGenesis reads {"multiplier": "1000000000000000000"}, a FixedU128 as serde writes it, and writes it and the storage version. Error: *json.Error.
func (p *Pallet) BuildGenesis(config []byte) error {
	multiplier := One
	if config != nil {
		v, err := json.Parse(config)
		if err != nil {
			return err
		}
		if m := v.Field("multiplier"); !m.IsNull() {
			text, err := m.Text()
			if err != nil {
				return json.At("multiplier", err)
			}
			var ok bool
			if multiplier, ok = parseMultiplier(text); !ok {
				return json.At("multiplier", &json.Error{What: "expected a decimal number of 128 bits"})
			}
		}
	}
	p.StorageVersion.Put(V2)
	p.NextFeeMultiplier.Put(multiplier)
	return nil
}

// parseMultiplier reads the digits of a u128.
func parseMultiplier(text string) (m Multiplier, ok bool) {
	for i := range len(text) {
		digit := uint64(text[i]) - '0'
		over, low := bits.Mul64(m.Lo, 10)
		top, high := bits.Mul64(m.Hi, 10)
		var carry, more uint64
		low, carry = bits.Add64(low, digit, 0)
		high, more = bits.Add64(high, over, carry)
		if digit > 9 || top+more != 0 {
			return m, false
		}
		m = Multiplier{Lo: low, Hi: high}
	}
	return m, text != ""
}

// IntegrityTest checks that the configuration is complete.
func (p *Pallet) IntegrityTest() error {
	if p.WeightToFee == nil || p.LengthToFee == nil || p.OnCharge == nil || p.BlockLength == (system.BlockLength{}) || p.FeeMultiplier == (Multiplier{}) {
		return ErrConfig
	}
	return nil
}

// TransactionFeePaid: an account has paid a fee for a transaction, of which tip is what it gave freely.
//
//frame:event 0
type TransactionFeePaid struct {
	Who       chain.AccountID `rust:"T::AccountId"`
	ActualFee units.Rao       `rust:"BalanceOf<T>"`
	Tip       units.Rao       `rust:"BalanceOf<T>"`
}

// OnCharge takes fees from accounts and sees to where they go. There is one transaction at a time. Errors: a frame.TransactionError.
type OnCharge interface {
	// CanWithdraw returns nil where who can pay fee, tip included, for the call.
	CanWithdraw(who chain.AccountID, call frame.Call, fee, tip units.Rao) error
	// Withdraw takes it.
	Withdraw(who chain.AccountID, call frame.Call, fee, tip units.Rao) (Paid, error)
	// Settle gives back what was too much, as the call cost fee in the end, and hands on the rest.
	Settle(who chain.AccountID, fee, tip units.Rao, paid Paid) error
}

// Paid is what Withdraw took: Credit, where HasCredit. An OnCharge that takes other than TAO keeps what it needs in Other.
type Paid struct {
	Credit    balances.Credit
	HasCredit bool
	Other     any
}
