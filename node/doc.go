// Package node is a node of a chain, put together from its rooms: the chain client, the transaction pool, authoring, finality, offchain workers, JSON-RPC and metrics.
//
// Picture the engine room of a ship. New lays the pipes, in the only order in which they fit: store, client, pool, consensus, servers. Run starts the machines, each of
// which is one goroutine with a name, and waits; when the first of them fails, or the captain's context ends, all are stopped in the opposite order, and what is under
// way is finished. Close leaves the store as a clean restart wants it.
//
//	n, err := node.New(ctx, node.Config{Spec: spec, Folder: folder, …})
//	defer n.Close()
//	err = n.Run(ctx)
//
// # Rules
//
//   - The node knows no pallet: it reads what it needs to know from the runtime of each block, so an upgrade on chain needs no new node.
//   - A runtime that traps stops nothing but what it was asked for. The node says which block and which code it was and what the operator can do.
//   - Whoever talks to the node over RPC can ask it for work, never stop it or have it hold memory without bound.
//   - There is one clock (aura.Clock), so that tests can turn it.
//
// # What it does not do yet
//
// It talks to no peers: a chain is as many authorities as its process holds keys for. Flags and printing are cmd/gotensor's.
package node
