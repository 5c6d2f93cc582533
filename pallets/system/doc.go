// Package system is the pallet under all others: accounts and what keeps them alive, the block in hand, events, the runtime's code, and
// the checks that every transaction passes.
//
// # Picture
//
//	Initialize ─► hooks ─► extrinsics ──────────────────────────────────────► hooks ─► Finalize ─► header
//	   number        │        │ NoteExtrinsic, call, NoteAppliedExtrinsic        │        roots
//	   parent hash   └────────┴───────── Deposit(event), DepositLog(item) ───────┘
//	   digest
//
//	account = nonce, data (balances) and three counts:
//	   providers    reasons why the account exists: a balance
//	   sufficients  the same, but such an account cannot have consumers
//	   consumers    who needs the account: locks, holds; while there are any, the last provider stays
//
// A runtime has the pallet once, at index 0, so other pallets call functions of the package: system.Deposit(e), system.Number().
//
// # Rules
//
//   - An account is created, with the event NewAccount, when its first provider or sufficient appears, and is removed, with
//     KilledAccount, when the last of them goes. Nobody else creates or removes accounts.
//   - In block 0 there are no events: whatever genesis deposits is dropped.
//   - Events stay in the state after their block, for clients to read, and go at the beginning of the next. So do Number, ParentHash and Digest.
//     What Finalize removes: ExecutionPhase, ExtrinsicCount, ExtrinsicData, AllExtrinsicsLen, InherentsApplied, :intrablock_entropy.
//   - BlockHash has the hashes of the last BlockHashCount blocks and of genesis. A block's own hash is not known inside of it.
//   - BlockWeight counts by class: what the calls declared, minus what they gave back, and the hooks as Mandatory. A class's limit
//     refuses transactions; Mandatory has none.
//   - Every key and value is that of frame-system, as the state root is.
//
// # What it does not do
//
// It does not order what happens in a block: package executive does. AccountData is here because the account's value holds it; its
// meaning is that of package balances. Nonces start at 0 again when an account is removed and comes back.
//
// Source: paritytech/polkadot-sdk substrate/frame/system at polkadot-stable2506 (frame-system 41.0.0), with the nonce check of
// opentensor/subtensor runtime/src/check_nonce.rs.
//
//	created := system.IncProviders(who)
//	err := system.TryMutateExists(who, func(d *system.AccountData, existed bool) (keep bool, err error) {
//		d.Free += amount
//		return true, nil
//	})
package system
