package scheduler

import (
	"github.com/gotensor/gotensor/pallets/frame"
	"github.com/gotensor/gotensor/primitives/chain"
)

// Scheduled: a task was placed.
//
//frame:event 0
type Scheduled struct {
	When  chain.BlockNumber `rust:"BlockNumberFor<T>"`
	Index uint32
}

// Canceled: a task was taken away.
//
//frame:event 1
type Canceled struct {
	When  chain.BlockNumber `rust:"BlockNumberFor<T>"`
	Index uint32
}

// Dispatched: a task ran.
//
//frame:event 2
type Dispatched struct {
	Task   Address       `rust:"TaskAddress<BlockNumberFor<T>>"`
	ID     *Name         `rust:"Option<TaskName>"`
	Result frame.Outcome `rust:"DispatchResult"`
}

// RetrySet: a task is retried from now on where it fails.
//
//frame:event 3
type RetrySet struct {
	Task    Address           `rust:"TaskAddress<BlockNumberFor<T>>"`
	ID      *Name             `rust:"Option<TaskName>"`
	Period  chain.BlockNumber `rust:"BlockNumberFor<T>"`
	Retries uint8
}

// RetryCancelled: a task is not retried any more.
//
//frame:event 4
type RetryCancelled struct {
	Task Address `rust:"TaskAddress<BlockNumberFor<T>>"`
	ID   *Name   `rust:"Option<TaskName>"`
}

// CallUnavailable: the call of a task was not to be had when it was due, so the task will not run.
//
//frame:event 5
type CallUnavailable struct {
	Task Address `rust:"TaskAddress<BlockNumberFor<T>>"`
	ID   *Name   `rust:"Option<TaskName>"`
}

// PeriodicFailed: a task is not repeated, as the agenda of the block was full.
//
//frame:event 6
type PeriodicFailed struct {
	Task Address `rust:"TaskAddress<BlockNumberFor<T>>"`
	ID   *Name   `rust:"Option<TaskName>"`
}

// RetryFailed: a task is not retried, as the agenda of the block was full or there was no weight left to place it.
//
//frame:event 7
type RetryFailed struct {
	Task Address `rust:"TaskAddress<BlockNumberFor<T>>"`
	ID   *Name   `rust:"Option<TaskName>"`
}

// PermanentlyOverweight: a task can never run, as it weighs more than a block has for tasks.
//
//frame:event 8
type PermanentlyOverweight struct {
	Task Address `rust:"TaskAddress<BlockNumberFor<T>>"`
	ID   *Name   `rust:"Option<TaskName>"`
}

// AgendaIncomplete: the tasks from that block on are not through.
//
//frame:event 9
type AgendaIncomplete struct {
	When chain.BlockNumber `rust:"BlockNumberFor<T>"`
}
