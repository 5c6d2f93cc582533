// Package finality makes blocks final: it joins the voter of package grandpa to the chain client, the keystore and the store.
//
// Picture a notary beside the record office (package client). Blocks come to the office through his room (Import): where one announces who the next authorities
// will be, he notes it in the same write. When the votes for a block are there, he seals it (Finalise), with a justification where one is to be kept; when a
// block comes with the seal of others, he looks at it and takes it over. What he must not forget stands in the store before it leaves the house.
//
//	f, err := finality.New(ctx, finality.Config{Client: c, Keystore: keys})
//	hash, err := f.Import(ctx, block)     in place of c.Import
//	err = f.Run(ctx)                      votes until ctx ends
//
// # Rules
//
//   - All blocks go through Import, or the set of authorities gets lost. Where blocks came in otherwise before the first start, the set is that of the last
//     finalised block.
//   - The set, the votes of this node, and the finality that changes either are written together, so that after a crash they belong together.
//   - Votes are cast for all voters of the set whose keys the keystore has, also for those that come to it later. Without any, the node looks on.
//   - After an error of the disk the voter begins again with what is on it. What was not written was not sent.
//
// # How far finality trails
//
// Votes stay two blocks behind the best one (grandpa.DefaultRules), as in Substrate. Where the node has all keys of the set, each new block makes the one two
// below it final, at any block time. Where it waits for others, a round takes up to four times GossipDuration, and finality trails by so many blocks more.
//
// # What it does not do
//
// There is no network yet: what voters say goes to Config.Send, what those of others say comes by Receive. To send again what got lost, and to ask for a
// catch-up, is up to a network. Equivocations are logged, not reported to the runtime. Concluded rounds are not archived, as Substrate does it for nobody to read. Authority set hard forks (Substrate's AuthoritySetHardFork) are not known. A chain whose first runtime has
// no GrandpaApi gets finality by an upgrade after the next start of the node, not before.
//
// Source: sc-consensus-grandpa in paritytech/polkadot-sdk, substrate/client/consensus/grandpa.
package finality
