// Package payment is the pallet that lets transactions pay: what they cost, who pays it, and where it goes.
//
// # Picture
//
//	fee = base + length + weight × multiplier + tip       nothing but the tip where the call pays no fee
//	      │      │        │
//	      │      │        0.0005 RAO for each picosecond of call and extensions, at most that of a whole block
//	      │      1 RAO for each byte
//	      0.0005 RAO for each picosecond that every extrinsic costs: 54,078 RAO
//
//	ChargeReal.Validate      find the payer; can he pay?
//	          .Prepare       take the fee             Balances.Withdraw
//	  the call runs
//	          .PostDispatch  give back what it cost less     Balances.Deposit (payer)
//	                         the rest to the block's author  Balances.Deposit (author)
//	                                                         TransactionPayment.TransactionFeePaid
//
// [Pallet] computes, [Charge] and [ChargeReal] are the transaction extension, and [OnCharge] takes the money: [Tao], which fees in other tokens can
// stand in front of, as it gets the call and says what it took in [Paid]. Who pays for others' calls is looked up by package payers.
//
// # Rules
//
//   - A transaction is taken only if the payer stays alive after paying all of the fee and the tip.
//   - What is given back is computed from what the call says that it cost; never more than was paid. If the payer has died meanwhile, the author gets all.
//   - The fee goes to the author in one deposit with the tip. If there is no author, or his account would be too small to live, it is burned.
//   - The multiplier is written at the end of every block; on this chain it is always one.
//   - Integer arithmetic that saturates, rounded as the original's: fees of each weight to the nearest RAO, down in the middle; the multiplier down.
//
// # Where this chain is not as the SDK
//
//   - The priority of transactions depends on their class alone, not on tip or fee (ChargeReal); Charge computes the SDK's.
//   - The payer gets a Deposit event also where nothing is given back (the SDK's adapter skips it since stable2506).
//   - The author of the block gets fee and tip; the payer may be the real account of a proxy call.
//
// # What it does not do
//
// Fees are not paid in alpha. The multiplier does not follow how full blocks are.
//
//	p := &payment.Pallet{WeightToFee: payment.LinearWeightToFee, LengthToFee: payment.LengthToRao, FeeMultiplier: payment.One, …}
//	p.OnCharge = payment.Tao{Balances: balances, Author: author} // author: the account whose key is that of Aura's author
//	extension := &payment.ChargeReal{Charge: payment.Charge{Pallet: p}, Payer: payers.Of(proxies).Find}
//
// Source: paritytech/polkadot-sdk stable2506, substrate/frame/transaction-payment (pallet-transaction-payment 41.0.0); opentensor/subtensor
// pallets/transaction-fee, runtime/src/lib.rs and runtime/src/transaction_payment_wrapper.rs, spec 425.
package payment
