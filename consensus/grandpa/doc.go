// Package grandpa is the finality gadget of Substrate chains: how the authorities agree on which blocks never go away, and how others see that they did.
//
// # Picture
//
// A vote for a block is one for all blocks below it. So votes are water that is poured onto the tips of a tree and runs down to the root: the higher one looks,
// the less of it passes there, and the highest place where more than two thirds still pass is the one that all agree on (GHOST, Round.State). A round pours
// twice:
//
//	prevotes   ──► the highest block with two thirds: what the round is about
//	precommits ──► the highest block below it with two thirds: final
//
// A later round begins where the one before may have ended (its estimate), and waits with precommits until the voters stand above it. That is why two blocks
// that are not on one chain never become final both, as long as less than a third of the weight votes twice.
//
// # What is where
//
//   - Message, SignedMessage, Commit, CatchUp, Justification, FinalityProof, Log, EquivocationProof: what is on the wire, in Substrate's encoding.
//   - VoterSet, Round: the count. A voter who votes twice in a phase counts for every block from then on.
//   - VerifyJustification, CheckCommit: pure checks of what others say.
//   - AuthoritySet: who votes, and what blocks announced of who will. Changes are enacted by a block that becomes final (scheduled), or by the depth of the
//     chain where none does any more (forced).
//   - Voter: a node's part. It has neither clock nor goroutines nor a network: its owner feeds it messages and does what Advance says, first of all to write
//     down VoterState.
//   - Rule: how far behind the best block votes stay.
//
// # Rules
//
//   - I1: a vote leaves the node after the state that has it is on the disk. A voter that comes again sends the same vote.
//   - I2: a round begins when the last one can be completed and what that may have made final is final.
//   - I3: nobody votes beyond a block that enacts a change of the set. So a set ends with a justification for just that block, and who follows the chain by
//     justifications meets each set.
//   - I4: the same messages in the same order at the same times give the same votes. Time and chance are arguments.
//
// # What it does not do
//
// It sends nothing, and does not decide which messages are worth to be passed on. The voter believes that signatures of what it is fed were checked
// (SignedMessage.Verify, CheckGossipedCommit, CheckGossipedCatchUp). With a third of the weight or more voting twice, two blocks may become final, and which
// child of a block then is the heaviest depends on the order of votes.
//
//	voters, err := grandpa.NewVoterSet(authorities)
//	justification, err := grandpa.VerifyJustification(data, grandpa.Target{Hash: hash, Number: number}, setID, voters)
//
// Source: Alistair Stewart and Eleftherios Kokoris-Kogia, "GRANDPA: a Byzantine Finality Gadget", 2020; Polkadot specification, chapter "Finality"; the crate
// finality-grandpa 0.16; sc-consensus-grandpa and sp-consensus-grandpa in paritytech/polkadot-sdk.
package grandpa
