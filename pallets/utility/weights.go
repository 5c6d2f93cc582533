package utility

import "github.com/gotensor/gotensor/pallets/frame"

// Dispatch weights. Source: opentensor/subtensor pallets/utility/src/weights.rs, SubstrateWeight (benchmarked 2026-06-23).
var (
	weightBatch              = perCall{frame.RefTime(19_446_696).Proof(3983).Reads(2), 5_450_264}
	weightBatchAll           = perCall{frame.RefTime(13_428_230).Proof(3983).Reads(2), 5_663_250}
	weightForceBatch         = perCall{frame.RefTime(12_134_867).Proof(3983).Reads(2), 5_477_293}
	weightAsDerivative       = frame.RefTime(15_378_000).Proof(3983).Reads(2)
	weightDispatchAs         = frame.RefTime(6_893_000)
	weightDispatchAsFallible = frame.RefTime(7_113_000)
	weightIfElse             = frame.RefTime(21_831_000).Proof(3983).Reads(2)
)

// perCall is a weight with a part for each inner call.
type perCall struct {
	base frame.Weight
	each uint64 // picoseconds
}

// of returns the weight for n inner calls, without theirs.
func (w perCall) of(n int) frame.Weight {
	return w.base.Add(frame.RefTime(w.each).Mul(uint64(n)))
}

// info returns what is known of a batch before it runs: it weighs as much as its calls and the part for each, and pays if one of them does.
func (w perCall) info(calls []frame.Call) frame.DispatchInfo {
	info := frame.DispatchInfo{Call: w.of(len(calls)), Class: frame.Normal, Pays: frame.No}
	for _, c := range calls {
		inner := c.Info()
		info.Call = info.Call.Add(inner.Call)
		if inner.Pays == frame.Yes {
			info.Pays = frame.Yes
		}
	}
	return info
}
