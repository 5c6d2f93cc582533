// Package queue brings blocks into the chain: from a file, later from peers, in whatever order and on whatever forks they come.
//
// The picture is a customs hall. Submit is the door, which lets in so many blocks and so many bytes and no more: who brings more waits outside. Papers (the header
// and its seal) are looked at by several officers at once, as far ahead as blocks stand in line; one gate lets blocks into the chain, one after the other, parents
// before children. Each block leaves the hall with one Result, and the one who brought it is told.
//
//	Submit ─► body? bad? ─► line ─► Verifier.Ahead (many at once) ─► Verifier.Verify ─► Importer.Import ─► Result
//	                          │ parent in the hall: wait for it                    │ Future: wait for its slot
//	                          │ parent nowhere: orphans, a few
//
// # Rules
//
//   - Q1: a block is imported after its parent, and blocks whose parents are there are imported in the order in which they were submitted.
//   - Q2: every block that Submit took gets exactly one Result for each time that it was submitted, at the latest when Run ends.
//   - Q3: what is held is bounded by Limits, blocks and bytes, whoever submits. Orphans and blocks of the future have bounds of their own within these, beyond
//     which the one that waited longest (orphans), or has longest to wait (future), goes with the outcome UnknownParent or Future.
//   - Q4: a bad block is remembered (the last MaxBad of them), and it and all that descends from it are Bad without another look. A block that could not be
//     imported for a reason that is not the block's, a full disk say, is Failed, as are those that waited for it, and nothing is remembered.
//   - Q5: a hash stands for a header, and a header for one body. A block with another body is Bad at the door, and that says nothing about its hash: who sends a good
//     header with a body of his own keeps nobody's block out.
//   - Q6: what Ahead found out is a guess until Verify, which is called with the parent in the chain, has settled it.
//
// # What it does not do
//
// It asks for no missing parents, judges no peers, and chooses no best block. What makes a block good is the business of Verifier and Importer.
//
// Source: the shape of paritytech/polkadot-sdk substrate/client/consensus/common, import_queue; which refuses blocks of unknown parents and of the future at once
// and verifies one at a time.
package queue
