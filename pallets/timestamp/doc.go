// Package timestamp is the chain's clock: each block carries the time at which its author made it, in milliseconds since 1970.
//
// # Picture
//
//	author: time ──CreateInherent──► set(now), the first extrinsic ──► Now, DidUpdate ──OnTimestampSet──► Aura: the slot must match
//	importer: its own time ──CheckInherent──► refuses blocks from more than 30 s ahead, or less than MinimumPeriod behind the last
//	end of the block: DidUpdate must stand, and is taken away
//
// # Rules
//
//   - A block sets the time exactly once. One that does not, or twice, or too early, is no block: the pallet panics (frame.Panic) with
//     the words of the original, and the whole block is void. No signed transaction can get there, as set demands the origin of inherents.
//   - Before the inherent ran, Now is the time of the block before. At genesis it is 0, and the first block may set any time.
//   - Times are u64 and wrap as Rust's do in release builds; importers refuse a time that could come near the end of the range.
//
// # What it does not guarantee
//
// Times are the author's word, within half a minute of what importers believe and within the author's slot. Importers that only
// execute blocks, as in a sync from afar, do not compare them with their own clock.
//
//	seconds := timestamp.Now.Get() / 1000
//
// Source: paritytech/polkadot-sdk substrate/frame/timestamp (pallet-timestamp 40.0.0) and substrate/primitives/timestamp.
package timestamp
