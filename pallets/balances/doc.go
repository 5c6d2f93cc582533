// Package balances is the pallet of the chain's money: who has how much of it, what of that is set aside or must stay, and how it moves.
//
// # Picture
//
//	System.Account[who].Data
//	┌──────────────── free ────────────────┬──── reserved ────┐
//	│ the account's to use                 │ on hold, or reserved the older way
//	└──────────────────────────────────────┴──────────────────┘
//	  ◄────────── frozen: so much of both together must stay ──► │ may be more than there is
//
//	sum of all accounts  =  Storage.TotalIssuance   (at the end of every call)
//
// Holds say for which reason something is reserved, and add up. Freezes, and locks, their older form, say how much must stay, and overlap:
// the largest counts. They rest on what is reserved first, as that cannot be spent anyway.
//
// # Two families of functions
//
// The fungible functions (Transfer, Withdraw, Deposit, MintInto, BurnFrom, Hold, Release, SetFreeze, …) are the ones to use. The older ones
// (Reserve, Unreserve, SetLock, and those of Currency) are for pallets that are still written to them; where both have a function of one name,
// Currency() gives the older one. Money on its way is a Credit or a Debt (Negative and Positive in the older functions): a number that stands
// for a difference between the issuance and the accounts. Go does not drop values, so who gets one must end it: Resolve, Settle, or one of the
// Drop functions.
//
// # Invariants, which TryState checks
//
//   - I1: TotalIssuance is the sum of free and reserved balance of all accounts, and InactiveIssuance is no more than that. Two
//     things break it: force_adjust_total_issuance, whose purpose is to mend it; and as in the original the end of an account's last hold while less
//     than the existential deposit is free, which only another provider makes possible: DustLost tells of that, and the issuance keeps it.
//   - I2: what an account's holds and named reserves add up to is no more than its reserved balance.
//   - I3: frozen is the largest of an account's locks and freezes. It is zero where the balance of the account had gone while another provider
//     kept it alive: then what was frozen is out of effect until its locks or freezes change, and the consumer reference for it stays, as in
//     the original.
//   - I4: an account with nothing reserved has at least the existential deposit, or nothing. What would be less is dust: it goes to DustRemoval,
//     or is burned.
//   - I5: an account with the existential deposit free has a provider reference; one with anything reserved or frozen a consumer reference.
//     Accounts written before these rules lack the flag in their data until EnsureUpgraded, which every change calls.
//   - I6: locks, freezes, holds and reserves are those of accounts that exist.
//
// # What it does not do
//
// The reasons that a lock was made for are stored and ignored. Accounts are in System.Account; the item Account here is for other runtimes and
// stays empty. Events and errors that older versions had keep their numbers. The weights of burn are the wrong way round, as they are in the
// original. Genesis takes accounts and balances and refuses to derive development accounts.
//
//	balances := &balances.Pallet{Constants: balances.Constants{ExistentialDeposit: 500, MaxLocks: 50, MaxReserves: 50, MaxFreezes: 50}, MaxHolds: 1}
//	_, err := balances.Transfer(alice, bob, 3*units.Tao, balances.Preserve)
//
// Source: paritytech/polkadot-sdk stable2506, substrate/frame/balances (pallet-balances 42.0.0) and substrate/frame/support/src/traits/tokens
// (frame-support 41.0.0), configured as in opentensor/subtensor runtime/src/lib.rs, spec 425.
package balances
