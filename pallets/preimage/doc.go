// Package preimage keeps large pieces of data on the chain under their hashes, so that other pallets can hold 32 bytes where a call of
// thousands is meant.
//
// # Picture
//
//	             note (deposit)                         request (by the chain)
//	nobody ────────────────────► Unrequested ─────────────────────────────────► Requested: count, perhaps bytes, perhaps a deposit
//	   ▲                             │                                               │        ▲  note: bytes come
//	   └──── unnote: deposit back ───┘ ◄──── last unrequest, deposit still there ────┘        │
//	   └──── last unrequest, no deposit: bytes go ────────────────────────────────────────────┘
//
// A user who notes bytes pays a deposit that grows with their length, until they are unnoted. Pallets that will need bytes request them:
// as long as requests are open the bytes stay, and whoever notes them then pays nothing. Root notes without a deposit, which counts as a
// request.
//
// # Bounded calls
//
// Bounded is how pallets store calls: up to 128 bytes inline, more as hash and length of a preimage that Bound notes. Peek reads the call
// back, Realize reads it and gives the request up, Drop gives it up unread.
//
//	bounded, err := preimages.Bound(call)      // noted and requested, if large
//	…
//	call, size, err := preimages.Realize(&bounded)
//
// # Rules
//
//   - A preimage has at most MaxSize bytes. PreimageFor's key holds the length, so that who knows it reads no more than it said.
//   - The deposit is a hold of the reason HoldReason: BaseDeposit + ByteDeposit per byte, on the account that noted.
//   - Each request is given up once; giving up more than was requested is refused and a bug of the caller.
//   - StatusFor is how earlier versions kept RequestStatusFor, with reserves in place of holds. Entries move over when touched, or by
//     EnsureUpdated.
//
// # What it does not do
//
// It does not expire anything, and does not look at what the bytes are: Peek of bytes that are no call is Corruption.
//
// Source: paritytech/polkadot-sdk substrate/frame/preimage (pallet-preimage 41.0.0); frame_support::traits::preimages,
// fungible::HoldConsideration, LinearStoragePrice; opentensor/subtensor runtime/src/lib.rs for the deposits.
package preimage
