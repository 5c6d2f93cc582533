// Package utility runs calls inside of calls: several at once, as a derived account, or with a fallback.
//
// # Picture
//
//	batch        a b c   stops at the first that fails, keeps what ran before it, and succeeds
//	force_batch  a b c   runs all, whatever fails, and succeeds
//	batch_all    a b c   all or nothing: fails as its first failing call does
//	if_else      a b     b only if a failed; fails only if both do
//	as_derivative i c    c as an account derived from the sender and the number i
//
// The rest is for root: dispatch_as and dispatch_as_fallible run a call as any origin, with_weight counts it with a given weight.
//
// # Rules
//
//   - Nobody gains rights here: the inner call has the origin of the outer one with its filters, and a derived account is a fresh one.
//     Root passes all filters. The none origin may use nothing, so inherents cannot be batched.
//   - Each inner call has a storage layer of its own: one that fails has written nothing. There are at most frame.MaxLayers of them inside
//     of each other; the decoder refuses calls nested deeper than scale.MaxDepth before that.
//   - A batch_all may hold no batch_all, at any depth: its filter goes along with the origin.
//   - The declared weight is that of the inner calls together with a part for each; afterwards it is what they really used.
//     The class is always Normal, whatever the inner calls are, and a batch pays a fee if one of its calls does (both as in Subtensor, where
//     Polkadot SDK makes a batch of operational calls operational).
//   - Events tell what happened: ItemCompleted or ItemFailed behind the events of each inner call, then one for the whole.
//   - BatchedCallsLimit bounds how many calls a batch holds. It is a constant of metadata.
//
// The pallet keeps nothing in the state.
//
// # What it does not do
//
// A batch is no transaction of its own: unlike batch_all it leaves the writes of the calls before a failing one. Whether batches may stand
// in batches is for the base filter of the runtime to say; Subtensor's says no.
//
// Source: opentensor/subtensor pallets/utility, a fork of paritytech/polkadot-sdk substrate/frame/utility.
package utility
