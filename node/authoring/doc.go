// Package authoring makes blocks and lets blocks in, on a chain whose engine is Aura: it puts the engine (consensus/aura), the import queue (consensus/queue), the
// transaction pool and the client together.
//
// The picture is a workshop with two doors. At the one in front Authoring makes blocks: the slot worker calls the proposer when it is this node's turn, the proposer
// takes inherents and ready transactions as long as there are any, as long as they fit and as there is time, and the block goes out sealed. At the other, Queue takes
// in blocks that others made: header and seal are checked against the authorities after the parent, the inherents against the clock, and then the client executes
// them.
//
//	slot ─► aura.Worker ─► proposer ─► client.Build … Apply … Finish ─► seal ─► client.Import
//	blocks ─► queue.Queue ─► verifier (aura.Verify, BlockBuilder_check_inherents) ─► client.Import ─► justifications
//
// # Rules
//
//   - What the chain demands is read from its runtime at the parent: AuraApi_authorities and AuraApi_slot_duration. The package knows no pallet. Inherents are
//     "timstap0", milliseconds since 1970, and "auraslot", the slot, both of one reading of the clock.
//   - A block ends early when nothing is ready any more. It never waits for transactions.
//   - Building keeps to its time: 98 % of what the worker grants, less a tenth for the end of the block, or less what ends of blocks of that many extrinsics took
//     lately, where that is more. After half of the time the block counts as full when 8 transactions found no room.
//   - A transaction that the runtime refuses leaves the pool, unless it has the wrong nonce, as the pool may be a block behind or ahead; one that only finds no
//     room stays. Those that depend on either are passed over.
//   - A runtime that traps costs the slot. The log says what happened, with block number and code hash, and what an operator can do.
//   - What Ahead found out about a seal is used only where the authorities after the parent turned out to be those that it assumed.
//
// # What it does not do
//
// It has no network and no sync. Finality is package finality's: justifications that come with blocks go to Config.Justify.
//
// Source: paritytech/polkadot-sdk stable2506, substrate/client/basic-authorship, substrate/client/proposer-metrics, substrate/client/consensus/aura.
//
//	a, err := authoring.New(authoring.Config{Client: client, Pool: pool, Keystore: keys})
//	err = a.Run(ctx)
package authoring
