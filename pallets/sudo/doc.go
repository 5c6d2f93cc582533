// Package sudo lets one account, the sudo key, act as the chain itself: its calls run with the root origin, past all filters.
//
// # Picture
//
//	sudo key ──sudo(call)─────────────► call runs as Root, filters do not apply
//	         ──sudo_unchecked_weight──► the same, and the caller says what it weighs
//	         ──sudo_as(who, call)─────► call runs as who, filters do not apply
//	         ──set_key, remove_key────► somebody else's, or nobody's from now on
//
// # Rules
//
//   - The root origin may do all of this too: what runs under sudo, or was scheduled by root, can change the key.
//   - The outcome of the inner call is an event, never the outcome of the outer one: a failed inner call has written nothing and the
//     outer call succeeds.
//   - Where the key or root calls, no fee is taken in the end, although one is withheld before. Anybody else's attempt costs its fee; and
//     the transaction extension of this package keeps signed calls of others out of the pool and of blocks altogether.
//   - sudo and sudo_as weigh what the inner call weighs, and are of its class.
//
// # What it does not do
//
// It does not refund weight that the inner call did not use, and it does not check that the inner call stays below the weight that
// sudo_unchecked_weight names. Once the key is removed only root can set one.
//
// Source: paritytech/polkadot-sdk substrate/frame/sudo (pallet-sudo 41.0.0); the extension is that of opentensor/subtensor
// runtime/src/sudo_wrapper.rs.
package sudo
