// Package grandpa is the runtime's side of GRANDPA finality: who votes, and how the node learns of changes.
//
// # Picture
//
// The voters run GRANDPA in the node; the runtime holds their list and announces its changes in the digest of headers, where also light
// clients see them:
//
//	ScheduleChange at block n ──► digest of n: the next list, delay d ──► at the end of block n+d: Authorities = next, event NewAuthorities
//
// A normal change counts from the finality of the block that announces it, so the old voters hand over themselves. A forced change is
// for voters that have stopped: it counts from the best block, and names the last block that was finalised as far as one knows.
//
// # Rules
//
//   - One change is pending at a time. Between two forced ones lies twice the delay of the first.
//   - Pauses and resumes go the same way: announced, then in force after a delay.
//   - All of it happens at the end of blocks, in OnFinalize; the digest items are those of sp_consensus_grandpa::ConsensusLog.
//   - Reports of equivocations carry a proof of key ownership, of a type without values in Subtensor's runtime: no such call decodes.
//
// # What it does not do
//
// There are no sessions in this runtime, so nothing changes the voters by itself and CurrentSetId stays where genesis put it; the node
// counts sets by the changes that it sees. Nobody is punished.
//
// Source: paritytech/polkadot-sdk substrate/frame/grandpa (pallet-grandpa 41.0.0), substrate/primitives/consensus/grandpa; Polkadot
// specification, section "Consensus message digest"; opentensor/subtensor runtime/src/lib.rs for the configuration.
package grandpa
