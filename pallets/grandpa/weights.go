package grandpa

import "github.com/gotensor/gotensor/pallets/frame"

// Dispatch weights. Source: paritytech/polkadot-sdk substrate/frame/grandpa/src/default_weights.rs (pallet-grandpa 41.0.0), which nobody
// benchmarked.

const (
	micros = 1_000_000 // picoseconds
	nanos  = 1_000
)

var weightNoteStalled = frame.RefTime(3 * micros).Writes(1)

// weightReportEquivocation returns the weight of a report among so many validators, but at least 100, each with so many nominators.
func weightReportEquivocation(validators, nominators uint32) frame.Weight {
	v, n := uint64(max(validators, 100)), uint64(nominators)
	return frame.RefTime(35*micros + 175*nanos*v).Reads(5). // the proof of key ownership
								Add(frame.RefTime(95 * micros)).                                               // the proof of equivocation
								Add(frame.RefTime(110*micros + 25*micros*n)).Reads(14 + 3*n).Writes(10 + 3*n). // the report
								Reads(2)                                                                       // the session of the set
}
