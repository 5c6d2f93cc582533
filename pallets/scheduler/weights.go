package scheduler

import (
	"errors"

	"github.com/gotensor/gotensor/pallets/frame"
)

// Dispatch weights. Source: paritytech/polkadot-sdk substrate/frame/scheduler/src/weights.rs, SubstrateWeight (pallet-scheduler 42.0.0,
// benchmarked 2025-02-21). Those that depend on the length of an agenda take it as s.
var (
	weightServiceAgendasBase  = frame.RefTime(1_335_000).Proof(1489).Reads(1).Writes(1)
	weightServiceTaskBase     = frame.RefTime(2_991_000)
	weightServiceTaskNamed    = frame.RefTime(4_292_000).Writes(1)
	weightServiceTaskPeriodic = frame.RefTime(2_974_000)
	weightDispatchSigned      = frame.RefTime(4_155_000).Proof(3997).Reads(2)
	weightDispatchUnsigned    = frame.RefTime(1_858_000)
	weightSetRetry            = frame.RefTime(169_783_000).Proof(110_487).Reads(1).Writes(1)
	weightSetRetryNamed       = frame.RefTime(186_544_000).Proof(110_487).Reads(2).Writes(1)
	weightCancelRetry         = frame.RefTime(169_076_000).Proof(110_487).Reads(1).Writes(1)
	weightCancelRetryNamed    = frame.RefTime(182_329_000).Proof(110_487).Reads(2).Writes(1)
)

// linear returns base + each·s, with the proof of one agenda.
func linear(base, each uint64, s uint32) frame.Weight {
	return frame.RefTime(base).Add(frame.RefTime(each).Mul(uint64(s))).Proof(110_487)
}

func weightServiceAgendaBase(s uint32) frame.Weight {
	return linear(2_409_000, 486_046, s).Reads(1).Writes(1)
}

func weightSchedule(s uint32) frame.Weight { return linear(3_815_234, 538_417, s).Reads(1).Writes(1) }

func weightCancel(s uint32) frame.Weight { return linear(2_524_382, 777_710, s).Reads(1).Writes(3) }

func weightScheduleNamed(s uint32) frame.Weight {
	return linear(8_965_037, 559_963, s).Reads(2).Writes(2)
}

func weightCancelNamed(s uint32) frame.Weight {
	return linear(7_403_622, 778_228, s).Reads(2).Writes(3)
}

func weightScheduleRetry(s uint32) frame.Weight {
	return linear(10_762_174, 16_285, s).Reads(1).Writes(2)
}

// weightServiceTaskFetched is the weight of a task whose call is a preimage of so many bytes.
func weightServiceTaskFetched(bytes uint32) frame.Weight {
	return frame.Weight{RefTime: 16_792_000, ProofSize: 3556}.Add(frame.Weight{RefTime: 23_402, ProofSize: 1}.Mul(uint64(bytes))).Reads(3).Writes(2)
}

// weightServiceTask is the weight of a task without its call.
func weightServiceTask(length uint32, looked, named, periodic bool) frame.Weight {
	w := weightServiceTaskBase
	if looked {
		w = weightServiceTaskFetched(length)
	}
	if named {
		w = w.Add(weightServiceTaskNamed.Sub(weightServiceTaskBase))
	}
	if periodic {
		w = w.Add(weightServiceTaskPeriodic.Sub(weightServiceTaskBase))
	}
	return w
}

var (
	errHeavyLookup  = errors.New("scheduler: a task with a large call does not fit MaximumWeight")
	errDanglingName = errors.New("scheduler: a name leads to no task of that name")
)
