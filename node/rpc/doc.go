// Package rpc has the methods that a node answers over JSON-RPC: those of a Substrate node, under its names and aliases, with its results, its error codes and its
// texts. So polkadot.js, async-substrate-interface and others that know nothing of this node work with it.
//
// # Picture
//
// A counter hall. Package jsonrpc is the building: doors, queues, forms that are no forms. Here are the clerks, a counter for each group of methods. They own nothing;
// each goes to the room that knows:
//
//	chain_*                     heads, headers, blocks                  the store
//	state_*, childstate_*       entries, keys, proofs, runtime calls    the store's states, the chain client
//	author_*                    transactions, keys                      the pool, the keystore
//	system_*                    who this node is, nonces, dry runs      its configuration, the runtime, the pool
//	payment_*                   fees                                    the runtime
//	grandpa_*                   rounds, justifications, proofs          finality
//	offchain_*, dev_*           what offchain workers keep, statistics  the store, the runtime
//	chainSpec_v1_*              name, genesis, properties               the chain spec
//
// Subscriptions hang on one wire. A single reader follows the client's events (hub) and hands each to all feeds, a feed for each subscription; a header becomes JSON
// once, however many have asked for it.
//
//	client.Events ─► hub ─┬─► feed ─► chain_newHead
//	                      ├─► feed ─► state_storage
//	                      └─► feed ─► state_runtimeVersion
//
// # Rules
//
//   - Nothing here knows a pallet. Where Substrate's methods rely on FRAME, so do these, through what the runtime says: an amount is as wide as the answer leaves room
//     for, u64 with Subtensor, u128 with others.
//   - A subscription begins with what is there, without a gap or a repetition to what follows. The hub waits for nobody: whose feed is full (64 events, each handled in
//     microseconds), or whose client takes no notifications, loses the subscription.
//   - A storage subscription tells what the new best block wrote; where that is no child of the best block before, it reads all its keys again, so that what it told
//     of the other fork does not stay. (Substrate tells what every imported block writes, on any fork, and nothing when another one takes over.)
//   - Parameters are untrusted. They are read as serde reads them in Substrate, refused with -32602 and its words, and an error repeats no more than 128 bytes of them.
//     An odd number of hexadecimal digits is no error, as it is none there.
//   - A call ends in time (Deps.CallTimeout; ten times that for who may call unsafe methods), writes no more than DefaultCallMemory, and collects no more than is
//     answered at most. So does what a subscription reads at once. No more than Deps.MaxRuntimeCalls run a runtime together; what a runtime says of itself, which is
//     kept, does not wait behind them.
//   - A storage subscription counts its keys against what the subscriptions of its connection may keep (jsonrpc.Sink.Keep), and costs a block no more than the fewer
//     of its keys and the block's writes.
//   - Results are written by hand (Appender), in Substrate's order of fields.
//
// # What is not as in Substrate
//
//   - system_peers and system_reservedPeers are empty, and no peer can be reserved: there is no network.
//   - There is no state_traceBlock: this node traces nothing.
//   - chain_newHead also tells where finality drops the best block and another one takes its place.
//   - Where Substrate prints Rust's words for a trap, the host's stand behind "Execution aborted due to trap: "; a panic is told in the guest's own words.
//   - sync_state_genSyncSpec, mmr_*, beefy_* and babe_* are not there.
//
// Source: paritytech/polkadot-sdk substrate/client/rpc-api, substrate/client/rpc, substrate/utils/frame/rpc/system, substrate/frame/transaction-payment/rpc,
// substrate/client/consensus/grandpa/rpc, and substrate/client/rpc-spec-v2 for chainSpec_v1_*.
//
//	methods := jsonrpc.NewMethods()
//	rpc.Register(ctx, methods, rpc.Deps{Client: c, Pool: p, Keystore: k, Spec: spec, System: rpc.System{Name: "Gotensor Node", Version: "0.1.0"}})
//	server := jsonrpc.NewServer(jsonrpc.Config{}, methods)
package rpc
