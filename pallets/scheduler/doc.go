// Package scheduler runs calls at blocks to come: once or again and again, under a name or without one, with retries where they fail.
//
// # Picture
//
//	schedule ──► Agenda[when][index]: call, origin, priority, period        Lookup[name] ──► (when, index)
//
//	OnInitialize(now): IncompleteSince … now, each agenda by priority
//	    call not readable ───────────────► CallUnavailable, stays where it is and is never looked at again
//	    no weight left ──────────────────► stays, IncompleteSince remembers the block; the next block begins there
//	    could not run even as the first ─► PermanentlyOverweight, stays likewise
//	    ran ─────────────────────────────► Dispatched; failed and to be retried: into Agenda[now+retry period];
//	                                       periodic: into Agenda[now+period]
//
// A task is addressed by the block and its place in that block's agenda. Large calls are preimages: the scheduler requests them when a task
// is placed and gives the request up when it is through with it.
//
// # Rules
//
//   - Tasks run at the beginning of a block with what weight hooks before this one have left of it, at most MaximumWeight.
//   - The first task of the first agenda may use all of that; a task that is too heavy even then will never run.
//   - Lower priorities run first; of equal ones that which was placed first.
//   - Calls run with the base filter of their origin, whatever filter was on the origin that scheduled them.
//   - An agenda has at most MaxScheduledPerBlock tasks. Holes are filled when the end is reached.
//   - Who cancels or changes a task must have the privilege of its origin: the same origin, or root.
//   - A retry is a nameless copy that runs once, so the periods of the original are not touched by it.
//
// # What it does not guarantee
//
// A task runs at its block or later, never earlier; a runtime upgrade in between may have changed what its call means. A task that was
// postponed loses its name, and one in the current block cannot be cancelled any more, as the agenda was read before the first task ran: both
// as in the original.
//
//	address, err := tasks.Schedule(scheduler.At(1000), nil, 0, frame.Root().Caller, bounded)
//
// Source: paritytech/polkadot-sdk substrate/frame/scheduler (pallet-scheduler 42.0.0), frame_support::traits::schedule::v3;
// opentensor/subtensor runtime/src/lib.rs for the configuration. Migrations from versions before 4 are left out: no chain of ours had them.
package scheduler
