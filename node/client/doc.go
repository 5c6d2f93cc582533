// Package client is the chain as the rest of the node sees it: blocks that are made, imported and made final, the runtimes that belong to them, and word of all that.
//
// Picture a record office. The store (package db) is the archive. The client is the counter before it: whoever asks what the chain's rules say at a block is given the
// runtime of that block and an answer from it (Call); whoever makes a block works at a table of the office (Build) and hands it in (Import); whoever wants to know what
// happens subscribes to the office's journal (Subscribe), in which every event stands once, in the order in which it came to pass.
//
// # Rules
//
//   - The client knows no pallet. Of the state it reads :code and :heappages.
//   - A block is imported when it was executed and its state root is the header's; that its author was entitled to it is for the caller to have verified.
//   - When Import or Finalise return, what they did is on the disk, and the event is in the journal of every subscriber. A subscriber that does not read loses the oldest
//     events and is told so (LaggedError); nobody waits for it, and what is kept for it is bounded.
//   - Import and Finalise may be called by anyone at any time. Executions run side by side, changes of the store one after the other.
//   - The runtime of a block is the code in the state after it, or what the chain spec substitutes for that.
//
// What it does not do: it verifies no signature or justification, chooses between forks by length alone (db.Choice), and talks to nobody.
//
// Source: paritytech/polkadot-sdk substrate/client/service/src/client.
package client
