package payment_test

import (
	"encoding/binary"
	"fmt"
	"math/big"
	"math/rand/v2"
	"os"
	"slices"
	"sync/atomic"
	"testing"

	"github.com/gotensor/gotensor/pallets/balances"
	"github.com/gotensor/gotensor/pallets/frame"
	"github.com/gotensor/gotensor/pallets/frame/describe"
	"github.com/gotensor/gotensor/pallets/payment"
	"github.com/gotensor/gotensor/pallets/system"
	"github.com/gotensor/gotensor/primitives/chain"
	"github.com/gotensor/gotensor/primitives/scale"
	"github.com/gotensor/gotensor/primitives/units"
	"github.com/gotensor/gotensor/testnet/native"
)

var (
	sys = system.Pallet{MaxConsumers: 16}
	b   balances.Pallet
	pay payment.Pallet
)

// a returns the account that the original's tests call by the number.
func a(n uint64) (id chain.AccountID) {
	binary.LittleEndian.PutUint64(id[:], n)
	return id
}

// author gets the fees.
var author = a(99)

// call is the call of the original's tests; what it does they do themselves.
var call = &balances.TransferAllowDeathCall{Dest: chain.AddressOf(a(2)), Value: 69}

// builder is the original's ExtBuilder, in the same words.
type builder struct {
	balanceFactor, weightFee, byteFee units.Rao
	baseWeight                        uint64
}

func build(t testing.TB, w builder) *native.Ext {
	b = balances.Pallet{Constants: balances.Constants{ExistentialDeposit: 1, MaxLocks: 100, MaxReserves: 100, MaxFreezes: 3}}
	pay = payment.Pallet{
		Constants:     payment.Constants{OperationalFeeMultiplier: 5},
		WeightToFee:   func(x frame.Weight) units.Rao { return units.SaturatingMul(units.Rao(x.RefTime), uint64(w.weightFee)) },
		LengthToFee:   func(n uint32) units.Rao { return units.SaturatingMul(units.Rao(n), uint64(w.byteFee)) },
		FeeMultiplier: payment.One,
		OnCharge:      payment.Tao{Balances: &b, Author: func() (chain.AccountID, bool) { return author, true }},
		BlockLength:   system.BlockLengthOf(5<<20, 75),
	}
	limit := frame.Weight{RefTime: 1024, ProofSize: ^uint64(0)}
	class := system.WeightsPerClass{BaseExtrinsic: frame.RefTime(w.baseWeight), MaxTotal: &limit}
	sys.BlockWeights = system.BlockWeights{MaxBlock: limit, PerClass: system.WeightsPerClasses{Normal: class, Operational: class,
		Mandatory: system.WeightsPerClass{BaseExtrinsic: class.BaseExtrinsic}}}
	frame.Install(nil, frame.Entry{Index: 0, Name: "System", Pallet: &sys}, frame.Entry{Index: 5, Name: "Balances", Pallet: &b},
		frame.Entry{Index: 6, Name: "TransactionPayment", Pallet: &pay})
	ext := native.New(t)
	ext.Run(func() {
		var endowments []balances.Endowment
		for n := uint64(1); n <= 6 && w.balanceFactor > 0; n++ {
			endowments = append(endowments, balances.Endowment{Who: a(n), Free: units.Rao(n) * 10 * w.balanceFactor})
		}
		if err := b.Endow(endowments); err != nil {
			t.Fatal(err)
		}
		if err := pay.BuildGenesis(nil); err != nil {
			t.Fatal(err)
		}
		system.SetNumber(10)
	})
	return ext
}

// check counts what a test expects.
type check struct {
	*testing.T
	expectations int
}

func eq[T comparable](x *check, got, want T) {
	x.Helper()
	x.expectations++
	if got != want {
		x.Errorf("got %v, want %v", got, want)
	}
}

// expectations and tests are the numbers of the line that TestMain prints.
var expectations, tests atomic.Int64

func TestMain(m *testing.M) {
	code := m.Run()
	if tests.Load() > 0 {
		fmt.Printf("VECTORS: %d expectations of %d tests of pallet_transaction_payment; left out: fungible_adapter_no_zero_refund_action, where Subtensor differs (TestZeroRefund)\n", expectations.Load(), tests.Load())
	}
	os.Exit(code)
}

// charge returns the extension with a tip.
func charge(tip uint64) *payment.Charge {
	c := &payment.Charge{Pallet: &pay}
	c.Decode(scale.NewDecoder(scale.AppendCompact(nil, tip)))
	return c
}

func signed(n uint64, info frame.DispatchInfo, length int) *frame.Tx {
	return &frame.Tx{Origin: frame.SignedBy(a(n)), Call: call, Info: info, Len: length, Source: frame.External}
}

// testRun is the original's test_run: all phases of the extension around body, with the weight of extensions added to what body says it cost.
func testRun(x *check, ext frame.Extension, tx *frame.Tx, body func() frame.PostInfo) frame.PostInfo {
	x.Helper()
	if _, err := ext.Validate(tx); err != nil {
		x.Fatal(err)
	}
	if err := ext.Prepare(tx); err != nil {
		x.Fatal(err)
	}
	post := body()
	if !post.HasActual {
		post.Actual, post.HasActual = tx.Info.Call, true
	}
	post.Actual = post.Actual.Add(tx.Info.Extension)
	if err := ext.PostDispatch(tx, &post, nil); err != nil {
		x.Fatal(err)
	}
	x.expectations += 2 // the original unwraps twice
	return post
}

func weight(n uint64) frame.DispatchInfo {
	return frame.DispatchInfo{Call: frame.RefTime(n)}
}

// withExtension is weight with the 10 that the extension weighs in the original's tests.
func withExtension(n uint64) frame.DispatchInfo {
	return frame.DispatchInfo{Call: frame.RefTime(n), Extension: frame.RefTime(10)}
}

func nothing() frame.PostInfo { return frame.PostInfo{} }

func used(n uint64) func() frame.PostInfo {
	return func() frame.PostInfo { return frame.Used(frame.RefTime(n)) }
}

func free(n uint64) units.Rao { return b.FreeBalance(a(n)) }

func deposited() (list []string) {
	for _, e := range system.EventRecords() {
		list = append(list, fmt.Sprintf("%x", e.Event))
	}
	return list
}

func (x *check) has(want frame.Event) {
	x.Helper()
	x.expectations++
	if !slices.Contains(deposited(), fmt.Sprintf("%x", want.AppendEvent(nil))) {
		x.Errorf("no event %#v", want)
	}
}

func (x *check) priority(info frame.DispatchInfo, tip, want uint64) {
	x.Helper()
	valid, err := charge(tip).Validate(signed(2, info, 10))
	if err != nil {
		x.Fatal(err)
	}
	eq(x, valid.Priority, want)
}

// TestVectors has the expectations of substrate/frame/transaction-payment/src/tests.rs, pallet-transaction-payment 41.0.0. Fees and tips, which the
// original's mock takes apart, are seen together at the author here, and apart in the event. Left out is fungible_adapter_no_zero_refund_action:
// Subtensor's handler deposits what is given back also where that is nothing (TestZeroRefund).
func TestVectors(t *testing.T) {
	operational := func(w uint64, pays frame.Pays) frame.DispatchInfo {
		return frame.DispatchInfo{Call: frame.RefTime(w), Class: frame.Operational, Pays: pays}
	}
	vectors := []struct {
		name string
		builder
		run func(x *check)
	}{
		{"transaction_extension_transaction_payment_work", builder{10, 1, 1, 5}, func(x *check) {
			testRun(x, charge(0), signed(1, withExtension(5), 10), func() frame.PostInfo {
				eq(x, free(1), 100-5-5-10-10)
				return frame.PostInfo{}
			})
			eq(x, free(1), 100-5-5-10-10)
			eq(x, b.FreeBalance(author), 5+5+10+10)
			x.has(payment.TransactionFeePaid{Who: a(1), ActualFee: 30, Tip: 0})

			testRun(x, charge(5), signed(2, withExtension(100), 10), func() frame.PostInfo {
				eq(x, free(2), 200-5-10-100-10-5)
				return frame.Used(frame.RefTime(50))
			})
			eq(x, free(2), 200-5-10-50-10-5)
			eq(x, b.FreeBalance(author), 30+5+10+50+10+5)
			x.has(payment.TransactionFeePaid{Who: a(2), ActualFee: 80, Tip: 5})
		}},
		{"transaction_extension_transaction_payment_multiplied_refund_works", builder{10, 1, 1, 5}, func(x *check) {
			pay.NextFeeMultiplier.Put(payment.MultiplierOf(3, 2))
			testRun(x, charge(5), signed(2, withExtension(100), 10), func() frame.PostInfo {
				eq(x, free(2), 200-5-10-165-5)
				return frame.Used(frame.RefTime(50))
			})
			eq(x, free(2), 200-5-10-(165-75)-5)
		}},
		{"transaction_extension_transaction_payment_is_bounded", builder{1000, 1, 0, 0}, func(x *check) {
			ext, tx := charge(0), signed(1, frame.DispatchInfo{Call: frame.MaxWeight}, 10)
			_, err := ext.Validate(tx)
			eq(x, err, nil)
			eq(x, ext.Prepare(tx), nil)
			eq(x, free(1), 10000-1024)
		}},
		{"transaction_extension_allows_free_transactions", builder{0, 1, 1, 100}, func(x *check) {
			eq(x, free(1), 0)
			_, err := charge(0).Validate(signed(1, operational(0, frame.No), 100))
			eq(x, err, nil)
			_, err = charge(0).Validate(signed(1, frame.DispatchInfo{}, 100))
			eq[error](x, err, frame.InvalidPayment)
		}},
		{"transaction_ext_length_fee_is_also_updated_per_congestion", builder{10, 1, 1, 5}, func(x *check) {
			pay.NextFeeMultiplier.Put(payment.MultiplierOf(3, 2))
			ext, tx := charge(10), signed(1, weight(3), 10)
			_, err := ext.Validate(tx)
			eq(x, err, nil)
			eq(x, ext.Prepare(tx), nil)
			eq(x, free(1), 100-10-5-10-(3*3/2))
		}},
		{"query_info_and_fee_details_works", builder{1, 2, 1, 5}, func(x *check) {
			pay.NextFeeMultiplier.Put(payment.MultiplierOf(3, 2))
			queries(x, 100)
			info := call.Info()
			eq(x, pay.QueryInfo(info, 100, true), payment.RuntimeDispatchInfo{Weight: info.Call, Class: info.Class})
			eq(x, pay.QueryFeeDetails(info, 100, true), payment.FeeDetails{})
		}},
		{"query_call_info_and_fee_details_works", builder{1, 2, 1, 5}, func(x *check) {
			pay.NextFeeMultiplier.Put(payment.MultiplierOf(3, 2))
			queries(x, uint32(len(call.AppendScale(nil))))
		}},
		{"compute_fee_works_without_multiplier", builder{0, 1, 10, 100}, func(x *check) {
			eq(x, pay.NextFeeMultiplier.Get(), payment.One)
			eq(x, pay.Fee(0, operational(0, frame.No), 10), 10)
			eq(x, pay.Fee(0, operational(0, frame.Yes), 0), 100)
			eq(x, pay.Fee(0, operational(0, frame.Yes), 69), 169)
			eq(x, pay.Fee(42, operational(0, frame.Yes), 0), 520)
			eq(x, pay.Fee(0, operational(1000, frame.Yes), 0), 1100)
		}},
		{"compute_fee_works_with_multiplier", builder{0, 1, 10, 100}, func(x *check) {
			pay.NextFeeMultiplier.Put(payment.MultiplierOf(3, 2))
			eq(x, pay.Fee(0, operational(0, frame.Yes), 0), 100)
			eq(x, pay.Fee(456, operational(123, frame.Yes), 789), 100+(3*123/2)+4560+789)
		}},
		{"compute_fee_works_with_negative_multiplier", builder{0, 1, 10, 100}, func(x *check) {
			pay.NextFeeMultiplier.Put(payment.MultiplierOf(1, 2))
			eq(x, pay.Fee(0, operational(0, frame.Yes), 0), 100)
			eq(x, pay.Fee(456, operational(123, frame.Yes), 789), 100+(123/2)+4560+789)
		}},
		{"compute_fee_does_not_overflow", builder{0, 1, 10, 100}, func(x *check) {
			eq(x, pay.Fee(^uint32(0), frame.DispatchInfo{Call: frame.MaxWeight, Class: frame.Operational}, ^units.Rao(0)), ^units.Rao(0))
		}},
		{"refund_does_not_recreate_account", builder{10, 1, 1, 5}, func(x *check) {
			testRun(x, charge(5), signed(2, weight(100), 10), func() frame.PostInfo {
				eq(x, free(2), 200-5-10-100-5)
				eq(x, b.TransferAllowDeath(frame.SignedBy(a(2)), chain.AddressOf(a(3)), free(2)), nil)
				eq(x, free(2), 0)
				return frame.Used(frame.RefTime(50))
			})
			eq(x, free(2), 0)
			x.has(balances.Transfer{From: a(2), To: a(3), Amount: 80})
			x.has(system.KilledAccount{Account: a(2)})
		}},
		{"actual_weight_higher_than_max_refunds_nothing", builder{10, 1, 1, 5}, func(x *check) {
			testRun(x, charge(5), signed(2, weight(100), 10), func() frame.PostInfo {
				eq(x, free(2), 200-5-10-100-5)
				return frame.Used(frame.RefTime(101))
			})
			eq(x, free(2), 200-5-10-100-5)
		}},
		{"zero_transfer_on_free_transaction", builder{10, 1, 1, 5}, func(x *check) {
			testRun(x, charge(0), signed(69, frame.DispatchInfo{Call: frame.RefTime(100), Pays: frame.No}, 10), func() frame.PostInfo {
				eq(x, b.TotalBalance(a(69)), 0)
				return frame.PostInfo{}
			})
			eq(x, b.TotalBalance(a(69)), 0)
			x.has(payment.TransactionFeePaid{Who: a(69)})
		}},
		{"refund_consistent_with_actual_weight", builder{10, 1, 1, 7}, func(x *check) {
			before := free(2)
			pay.NextFeeMultiplier.Put(payment.MultiplierOf(5, 4))
			info := withExtension(100)
			post := testRun(x, charge(5), signed(2, info, 10), used(33))
			eq(x, post, frame.Used(frame.RefTime(33+10)))
			eq(x, pay.ActualFee(10, info, post, 5), 7+10+((33+10)*5/4)+5)
			eq(x, before-free(2), 7+10+((33+10)*5/4)+5)
		}},
		{"should_alter_operational_priority", builder{100, 1, 1, 0}, func(x *check) {
			x.priority(weight(100), 5, 60)
			x.priority(weight(100), 10, 110)
			x.priority(operational(100, frame.Yes), 5, 5810)
			x.priority(operational(100, frame.Yes), 10, 6110)
		}},
		{"no_tip_has_some_priority", builder{100, 1, 1, 0}, func(x *check) {
			x.priority(weight(100), 0, 10)
			x.priority(operational(100, frame.Yes), 0, 5510)
		}},
		{"higher_tip_have_higher_priority", builder{100, 1, 1, 0}, func(x *check) {
			for _, info := range []frame.DispatchInfo{weight(100), operational(100, frame.Yes)} {
				var before uint64
				for tip := range uint64(3) {
					valid, err := charge(tip).Validate(signed(2, info, 10))
					if err != nil {
						x.Fatal(err)
					}
					if tip > 0 {
						eq(x, before < valid.Priority, true)
					}
					before = valid.Priority
				}
			}
		}},
		{"post_info_can_change_pays_fee", builder{10, 1, 1, 7}, func(x *check) {
			before := free(2)
			pay.NextFeeMultiplier.Put(payment.MultiplierOf(5, 4))
			post := testRun(x, charge(5), signed(2, weight(100), 10), func() frame.PostInfo { return frame.PostInfo{Pays: frame.No} })
			eq(x, pay.ActualFee(10, weight(100), post, 5), 5)
			eq(x, before-free(2), 5)
		}},
		{"genesis_config_works", builder{1, 1, 1, 0}, func(x *check) {
			if err := pay.BuildGenesis([]byte(`{"multiplier":"100000000000000000000"}`)); err != nil {
				x.Fatal(err)
			}
			eq(x, pay.NextFeeMultiplier.Get(), payment.MultiplierOf(100, 1))
		}},
		{"genesis_default_works", builder{1, 1, 1, 0}, func(x *check) {
			eq(x, pay.NextFeeMultiplier.Get(), payment.MultiplierOf(1, 1))
		}},
		{"no_fee_and_no_weight_for_other_origins", builder{1, 1, 1, 0}, func(x *check) {
			ext := charge(0)
			info := call.Info()
			info.Extension = ext.Weight(call)
			eq(x, info.Extension != frame.Weight{}, true)
			tx := &frame.Tx{Origin: frame.Root(), Call: call, Info: info, Len: len(call.AppendScale(nil))}
			_, err := ext.Validate(tx)
			eq(x, err, nil)
			eq(x, ext.Prepare(tx), nil)
			eq(x, tx.Origin.Root(), nil)
			post := frame.Used(info.Total())
			eq(x, ext.PostDispatch(tx, &post, nil), nil)
			eq(x, post.Actual, info.Call)
		}},
	}
	for _, v := range vectors {
		t.Run("tests/"+v.name, func(t *testing.T) {
			x := &check{T: t}
			build(t, v.builder).Run(func() { v.run(x) })
			if x.expectations == 0 {
				t.Error("no expectations")
			}
			expectations.Add(int64(x.expectations))
			tests.Add(1)
		})
	}
}

// queries expects the answers of both queries for the call, with base weight 5, weight fee 2, byte fee 1 and multiplier 3/2.
func queries(x *check, length uint32) {
	x.Helper()
	info := call.Info()
	w := units.Rao(min(info.Total().RefTime, 1024))
	eq(x, pay.QueryInfo(info, length, false), payment.RuntimeDispatchInfo{Weight: info.Total(), Class: info.Class, PartialFee: 5*2 + units.Rao(length) + w*2*3/2})
	eq(x, pay.QueryFeeDetails(info, length, false), payment.FeeDetails{Pays: true,
		Inclusion: payment.InclusionFee{BaseFee: 5 * 2, LenFee: units.Rao(length), AdjustedWeightFee: w * 2 * 3 / 2}})
}

// What a transaction of this chain leaves behind, event for event, and that Deposit is there also where nothing is given back. Source:
// opentensor/subtensor pallets/transaction-fee/src/lib.rs.
func TestZeroRefund(t *testing.T) {
	for name, c := range map[string]struct {
		post   frame.PostInfo
		refund units.Rao
	}{
		"all of it used":  {frame.PostInfo{}, 0},
		"half of it used": {frame.Used(frame.RefTime(50)), 50},
	} {
		t.Run(name, func(t *testing.T) {
			x := &check{T: t}
			build(t, builder{10, 1, 1, 5}).Run(func() {
				testRun(x, charge(7), signed(2, weight(100), 10), func() frame.PostInfo {
					if err := b.TransferKeepAlive(frame.SignedBy(a(2)), chain.AddressOf(a(8)), 20); err != nil {
						t.Fatal(err)
					}
					return c.post
				})
				actual := 5 + 10 + 100 + 7 - c.refund
				var want []string
				for _, e := range []frame.Event{
					balances.Withdraw{Who: a(2), Amount: 122},
					system.NewAccount{Account: a(8)}, balances.Endowed{Account: a(8), FreeBalance: 20}, balances.Transfer{From: a(2), To: a(8), Amount: 20},
					balances.Deposit{Who: a(2), Amount: c.refund},
					system.NewAccount{Account: author}, balances.Endowed{Account: author, FreeBalance: actual}, balances.Deposit{Who: author, Amount: actual},
					payment.TransactionFeePaid{Who: a(2), ActualFee: actual, Tip: 7},
				} {
					want = append(want, fmt.Sprintf("%x", e.AppendEvent(nil)))
				}
				if got := deposited(); !slices.Equal(got, want) {
					t.Errorf("got\n%s\nwant\n%s", got, want)
				}
				if err := b.TryState(0); err != nil {
					t.Error(err)
				}
			})
		})
	}
}

// Where there is no author, or what he gets would be too little for an account, the fee is burned; the issuance follows.
func TestBurned(t *testing.T) {
	for name, c := range map[string]struct {
		author bool
		ed     units.Rao
	}{"no author": {false, 1}, "too small an account": {true, 1000}} {
		t.Run(name, func(t *testing.T) {
			x := &check{T: t}
			build(t, builder{1000, 1, 1, 5}).Run(func() {
				b.ExistentialDeposit = c.ed
				pay.OnCharge = payment.Tao{Balances: &b, Author: func() (chain.AccountID, bool) { return author, c.author }}
				before := b.TotalIssuance()
				testRun(x, charge(0), signed(2, weight(100), 10), nothing)
				eq(x, b.TotalIssuance(), before-115)
				eq(x, b.FreeBalance(author), 0)
				if err := b.TryState(0); err != nil {
					t.Error(err)
				}
			})
		})
	}
}

// ChargeReal takes the fee from whom it is told, and orders transactions by class alone.
func TestChargeReal(t *testing.T) {
	build(t, builder{10, 1, 1, 5}).Run(func() {
		x := &check{T: t}
		payer, other := a(3), true
		ext := &payment.ChargeReal{Charge: payment.Charge{Pallet: &pay}, Payer: func(c frame.Call, signer chain.AccountID) (chain.AccountID, bool) {
			if c != frame.Call(call) || signer != a(2) {
				t.Errorf("asked for %v of %v", c, signer)
			}
			return payer, other
		}}
		ext.Decode(scale.NewDecoder([]byte{5 << 2}))
		if ext.Tip() != 5 {
			t.Fatalf("tip %d", ext.Tip())
		}
		tx := signed(2, weight(100), 10)
		testRun(x, ext, tx, func() frame.PostInfo {
			eq(x, free(2), 200)
			eq(x, free(3), 300-5-10-100-5)
			return frame.PostInfo{}
		})
		x.has(payment.TransactionFeePaid{Who: a(3), ActualFee: 120, Tip: 5})
		if who, err := tx.Origin.Signed(); who != a(2) || err != nil {
			t.Errorf("origin %v, %v", who, err)
		}
		other = false
		testRun(x, ext, signed(2, weight(100), 10), nothing)
		eq(x, free(2), 80)
		for class, want := range map[frame.Class]uint64{frame.Normal: 1, frame.Mandatory: 1, frame.Operational: 10_000_000_000} {
			valid, err := ext.Validate(signed(2, frame.DispatchInfo{Class: class}, 10))
			eq(x, err, nil)
			eq(x, valid.Priority, want)
		}
		valid, err := ext.Validate(&frame.Tx{Origin: frame.Root(), Call: call})
		eq(x, err, nil)
		eq(x, valid.Priority, 1)
		payer, other = a(77), true
		_, err = ext.Validate(signed(2, weight(100), 10))
		eq[error](x, err, frame.InvalidPayment)
		if ext.Identifier() != "ChargeTransactionPayment" {
			t.Error(ext.Identifier())
		}
		eq(x, ext.Weight(call), frame.Weight{RefTime: 35_979_000 + 25_000_000 + 100_000_000 + 3*25_000_000, ProofSize: 3_593})
		ext.Reset()
		eq(x, ext.Tip(), 0)
	})
}

// A payer that could pay when the transaction was checked and cannot any more is refused when the fee is taken.
func TestPoorer(t *testing.T) {
	build(t, builder{10, 1, 1, 5}).Run(func() {
		ext, tx := charge(0), signed(1, weight(5), 10)
		if _, err := ext.Validate(tx); err != nil {
			t.Fatal(err)
		}
		if _, err := b.Transfer(a(1), a(2), 95, balances.Preserve); err != nil {
			t.Fatal(err)
		}
		if err := ext.Prepare(tx); err != error(frame.InvalidPayment) {
			t.Errorf("got %v", err)
		}
	})
}

// Fees of this chain against integers of any size, on the edges and at random.
func TestFees(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 2))
	times := []uint64{0, 1, 999, 1000, 1001, 2000, 3000, 108_157_000, 1_000_000_000, ^uint64(0)}
	for range 2000 {
		times = append(times, r.Uint64()>>r.UintN(64))
	}
	parts, half := big.NewInt(500_000), big.NewInt(499_999_999)
	whole := big.NewInt(1_000_000_000)
	for _, v := range times {
		exact := new(big.Int).Mul(new(big.Int).SetUint64(v), parts)
		want := exact.Div(exact.Add(exact, half), whole).Uint64() // to the nearest, down in the middle
		if got := payment.LinearWeightToFee(frame.Weight{RefTime: v, ProofSize: 7}); uint64(got) != want {
			t.Fatalf("%d: got %d, want %d", v, got, want)
		}
	}
	if got := payment.LinearWeightToFee(frame.RefTime(108_157_000)); got != 54_078 {
		t.Errorf("base extrinsic: got %d, want 54078", got)
	}
	unit := big.NewInt(1_000_000_000_000_000_000)
	for range 5000 {
		m := payment.Multiplier{Lo: r.Uint64() >> r.UintN(64), Hi: r.Uint64() >> (64 - r.UintN(8)) >> r.UintN(8)}
		fee := units.Rao(r.Uint64() >> r.UintN(64))
		exact := scale.U128(m).Big()
		exact.Mul(exact, new(big.Int).SetUint64(uint64(fee))).Div(exact, unit)
		want := ^units.Rao(0)
		if exact.IsUint64() {
			want = units.Rao(exact.Uint64())
		}
		if got := m.Apply(fee); got != want {
			t.Fatalf("%v of %d: got %d, want %d", m, fee, got, want)
		}
	}
}

// What the runtime API answers, byte by byte.
func TestEncoding(t *testing.T) {
	info := payment.RuntimeDispatchInfo{Weight: frame.Weight{RefTime: 1 << 20, ProofSize: 3}, Class: frame.Operational, PartialFee: 0x0102030405060708}
	if got := fmt.Sprintf("%x", scale.Marshal(info)); got != "02004000"+"0c"+"01"+"0807060504030201" {
		t.Error(got)
	}
	again, err := scale.Unmarshal[payment.RuntimeDispatchInfo](scale.Marshal(info))
	if err != nil || again != info {
		t.Error(again, err)
	}
	for _, c := range []struct {
		details payment.FeeDetails
		want    string
	}{
		{payment.FeeDetails{}, "00" + "0000000000000000"},
		{payment.FeeDetails{Pays: true, Inclusion: payment.InclusionFee{BaseFee: 1, LenFee: 2, AdjustedWeightFee: 3}, Tip: 4},
			"01" + "0100000000000000" + "0200000000000000" + "0300000000000000" + "0400000000000000"},
	} {
		if got := fmt.Sprintf("%x", scale.Marshal(c.details)); got != c.want {
			t.Errorf("got %s, want %s", got, c.want)
		}
		if again, err := scale.Unmarshal[payment.FeeDetails](scale.Marshal(c.details)); err != nil || again != c.details {
			t.Error(again, err)
		}
	}
}

// The multiplier is written by every block, and read as one where nothing was written.
func TestFinalize(t *testing.T) {
	ext := build(t, builder{1, 1, 1, 0})
	key := pay.NextFeeMultiplier.Key()
	ext.Run(func() {
		pay.NextFeeMultiplier.Kill()
		if pay.NextFeeMultiplier.Get() != payment.One {
			t.Error(pay.NextFeeMultiplier.Get())
		}
		pay.OnFinalize(10)
	})
	value, ok := ext.Get(key)
	if !ok || fmt.Sprintf("%x", value) != "000064a7b3b6e00d0000000000000000" { // spec425.json, default_hex
		t.Errorf("%x", value)
	}
	version, _ := ext.Get(pay.StorageVersion.Key())
	if fmt.Sprintf("%x", version) != "01" {
		t.Errorf("%x", version)
	}
	if err := pay.IntegrityTest(); err != nil {
		t.Error(err)
	}
	if err := new(payment.Pallet).IntegrityTest(); err != payment.ErrConfig {
		t.Error(err)
	}
}

func TestGenesisErrors(t *testing.T) {
	ext := build(t, builder{1, 1, 1, 0})
	ext.Unchanged(func() {
		for config, want := range map[string]string{
			`{"multiplier":1}`:    `multiplier: expected a string, got 1`,
			`{"multiplier":"1x"}`: `multiplier: expected a decimal number of 128 bits`,
			`{"multiplier":""}`:   `multiplier: expected a decimal number of 128 bits`,
			`{"multiplier":"340282366920938463463374607431768211456"}`: `multiplier: expected a decimal number of 128 bits`,
			`{`: `JSON at byte 1: expected "`,
		} {
			if err := pay.BuildGenesis([]byte(config)); err == nil || err.Error() != want {
				t.Errorf("%s: got %v, want %s", config, err, want)
			}
		}
	})
	ext.Run(func() {
		if err := pay.BuildGenesis([]byte(`{"multiplier":"340282366920938463463374607431768211455"}`)); err != nil {
			t.Error(err)
		}
		if got := pay.NextFeeMultiplier.Get(); got != (payment.Multiplier{Lo: ^uint64(0), Hi: ^uint64(0)}) {
			t.Error(got)
		}
	})
}

// The pallet describes itself as spec425.json has it.
func TestDescribe(t *testing.T) {
	build(t, builder{1, 1, 1, 0})
	m, err := describe.Build(describe.Runtime{Pallets: []frame.Pallet{&sys, &b, &pay}})
	if err != nil {
		t.Fatal(err)
	}
	p := m.Pallets[2]
	if p.Name != "TransactionPayment" || p.Index != 6 || len(p.Storage.Entries) != 2 || p.Calls != nil || p.Error != nil || p.Event == nil || len(p.Constants) != 1 {
		t.Errorf("%+v", p)
	}
	if e := p.Storage.Entries[0]; e.Name != "NextFeeMultiplier" || fmt.Sprintf("%x", e.Default) != "000064a7b3b6e00d0000000000000000" {
		t.Errorf("%+v", e)
	}
	if c := p.Constants[0]; c.Name != "OperationalFeeMultiplier" || fmt.Sprintf("%x", c.Value) != "05" {
		t.Errorf("%+v", c)
	}
}

// Arbitrary bytes as the extension's part of a transaction, as answers of the API, and as genesis configuration: no panic, and what is read is
// written as it was.
func FuzzDecode(f *testing.F) {
	f.Add([]byte{5 << 2})
	f.Add([]byte{1, 0, 0, 0, 0, 0, 0, 0, 0, 1})
	f.Add([]byte(`{"multiplier":"1000000000000000000"}`))
	f.Fuzz(func(t *testing.T, raw []byte) {
		ext, d := &payment.Charge{Pallet: &pay}, scale.NewDecoder(raw)
		ext.Decode(d)
		if d.Err() == nil && string(scale.AppendCompact(nil, uint64(ext.Tip()))) != string(raw[:d.Offset()]) {
			t.Errorf("%x read as a tip of %d", raw, uint64(ext.Tip()))
		}
		if v, err := scale.Unmarshal[payment.FeeDetails](raw); err == nil && string(scale.Marshal(v)) != string(raw) {
			t.Errorf("%x read as %+v", raw, v)
		}
		if v, err := scale.Unmarshal[payment.RuntimeDispatchInfo](raw); err == nil && string(scale.Marshal(v)) != string(raw) {
			t.Errorf("%x read as %+v", raw, v)
		}
		build(t, builder{0, 1, 1, 0}).Run(func() {
			if err := pay.BuildGenesis(raw); err == nil && pay.StorageVersion.Get() != payment.V2 {
				t.Errorf("%q: no error and nothing written", raw)
			}
		})
	})
}
