// Package offchain runs offchain workers: the part of a runtime that each node runs for itself after a block, with a clock, randomness, HTTP, a storage of its own and
// a way to hand in transactions, and without any say in the state.
//
// Picture an office whose clerks read each new minute of the council (a block) and go about errands in town: they telephone, keep notes in the office's own cabinet, and
// drop petitions into the council's letter box. What they do in the minute book is thrown away when they come back, so that the council never waits for them and never
// depends on them. There are a few clerks; who does not come back in time is called off.
//
// # Rules
//
//   - One run for each block that becomes the best one, on the state after it, while the node is not catching up. Blocks of other forks get none.
//   - Import never waits. At most [Config.Workers] run at a time; of those that wait, the newest [maxWaiting] do. A run ends after [Config.Timeout] at the latest, and all
//     that it began ends with it: requests, sleep.
//   - A guest bounds nothing by itself, so this package does: requests in flight by all runs together, requests and header bytes of one run. Bodies pass through in
//     pieces, both ways, and are never whole in memory.
//   - Redirects are not followed, nothing is decompressed, no proxy is asked, no cookie kept, no header added but what HTTP demands. This is what Substrate's client (hyper) does.
//   - The local storage of the kind "persistent" is the store's, with Substrate's keys. The kind "local", which would follow forks, exists nowhere: reads find nothing,
//     writes are dropped, and both are logged as errors, as in Substrate.
//
// # What it does not do
//
// It knows no pallet: whether a runtime has a worker, and which version of the API, the runtime's version says. Several runs may be under way at once, and that of an earlier
// block may end after that of a later one; runtimes have locks in the local storage for that. Nothing is tried again: a worker that failed has its next chance with
// the next block.
//
// Where Substrate differs: it puts no bound on the time of a run, the number of waiting runs, and requests; its headers of a response come in the order of arrival, here in that of their names.
//
// Source: paritytech/polkadot-sdk (stable2506), substrate/client/offchain/src/{lib,api}.rs, api/{http,timestamp}.rs; sp-core offchain/storage.rs.
//
//	workers := offchain.New(offchain.Config{Client: client, Submit: pool.SubmitLocal, Logger: log})
//	err := workers.Run(ctx) // until ctx ends
package offchain
