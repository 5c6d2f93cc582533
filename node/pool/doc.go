// Package pool is the transaction pool: what clients submit and what is not in a block yet.
//
// # Picture
//
// A runtime says of a valid transaction which tags it requires and which it provides. FRAME's are account and nonce, so the transactions of an account form a chain,
// and those of all accounts a forest:
//
//	submit ─► validate on the best block ─► future ── all that it requires is provided ──► ready ─► author
//	                                          ▲                                           │  ▲
//	                                          └────────── what it required is gone ───────┘  └── blocks that left the best chain
//
// Ready transactions could go into the next block: the pool hands them out the best first and none before one that it requires. Future ones wait.
//
// # Rules
//
//   - Order: what is required goes first; then the higher priority, then the one that expires first, then the one that came first.
//   - A tag has one provider. Who provides a tag that others provide takes their place where its priority is higher than the sum of theirs (they are usurped), and
//     is refused otherwise.
//   - Both queues are limited in number and bytes. Beyond that the ready one of the lowest priority is dropped, of several the oldest, with what depends on it, and
//     the future one that was submitted first.
//   - What is invalid, dropped, or in a block is banned for half an hour.
//   - A new best block takes out what it contains and what provides a tag of it. A block that leaves the best chain gives back what the new ones do not contain.
//     What counted on the old ones is validated again before the author sees it.
//   - What is in the pool is validated again when it is 20 blocks or a minute old, in the background, with each block a quarter of what is due.
//   - The lock is not held while a runtime validates. So many validations run at a time as there are processors; what waits for one is limited like the queues, and
//     what the pool needs to follow the chain goes first.
//
// # What a watch tells
//
//	[Future] Ready [Broadcast…] InBlock … Finalized
//
// in this order, once each, but InBlock for every block of the best chain that the transaction is in. Instead of any of them a final status may come: Usurped,
// Dropped, Invalid, FinalityTimeout (512 blocks after its own). This is what Substrate's fork-aware pool tells. Retracted, which the older single-state pool told when
// a block left the best chain, is not told: the transaction is in the pool again or in another block, and clients take the status for a failure. A transaction that
// cannot be taken back gets Invalid or Dropped. Nor is a transaction said to be InBlock because another one with its nonce is: it gets Invalid.
//
// # What it does not do
//
// It keeps nothing over a restart, gossips nothing, and believes what the runtime says: a runtime whose tags do not describe it gets blocks full of invalid
// transactions. It has one state, that of the best block it has handled; who builds on another fork gets what is ready there only by chance.
//
//	p, err := pool.New(pool.Config{}, pool.ForClient(client))
//	hash, watch, err := p.SubmitAndWatch(ctx, pool.External, extrinsic)
//	for status, err := watch.Next(ctx); err == nil; status, err = watch.Next(ctx) { … }
//
// Source: sc-transaction-pool and sc-transaction-pool-api in paritytech/polkadot-sdk (stable2506), substrate/client/transaction-pool.
package pool
