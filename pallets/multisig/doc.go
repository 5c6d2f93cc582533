// Package multisig lets several accounts act as one: an account that is derived from them and from how many of them must agree runs a
// call once enough have approved it.
//
// # Picture
//
//	signatories A B C, threshold 2 ──► account M = blake2-256("modlpy/utilisuba", [A, B, C] sorted, 2)
//
//	A: approve_as_multi(hash of call) ──► Multisigs[M, hash] = {when, deposit of A, approvals [A]}
//	B: as_multi(call)                 ──► second approval: entry removed, deposit returned, call runs as M
//	A: cancel_as_multi                ──► entry removed, deposit returned
//
// # Rules
//
//   - The account exists nowhere until somebody sends money to it: who knows the signatories and the threshold knows the account.
//   - The other signatories are given in ascending order and without the sender, at least one and fewer than MaxSignatories.
//   - An operation is named by the account and blake2-256 of the encoded call. Who joins one that is under way also names when it began
//     (block and extrinsic), so that an approval never falls on a later operation with the same call.
//   - The first to approve reserves DepositBase + threshold × DepositFactor, and gets it back at the end. Only they may cancel, or bring
//     the deposit to what the constants now say (poke_deposit, which is free if it changed something).
//   - The call runs when the threshold is reached and somebody has sent the call itself; approvals beyond the threshold are refused. Its weight
//     must not exceed the max_weight that the sender gives. It runs with the origin of the account and the runtime's base filter
//     alone, whatever filters the sender has.
//   - A threshold of one needs no state: as_multi_threshold_1 runs the call at once, and fails as it does.
//   - Invariants (TryState): approvals are in ascending order, at least one, at most MaxSignatories; and no account has less in reserve than the
//     sum of its deposits here.
//
// # What it does not do
//
// It keeps no calls: somebody must send the call again for the last approval. It does not tell signatories what waits for them. The
// invariant of deposits does not hold after root has taken reserves away by force.
//
// Source: paritytech/polkadot-sdk substrate/frame/multisig (pallet-multisig 41.0.0, storage version 1).
package multisig
