package aura

import "github.com/gotensor/gotensor/primitives/chain"

// Backoff has an author rest where finality lags: the more blocks wait for it, the more slots pass between two blocks. The fields count blocks. Source:
// sc-consensus-slots, BackoffAuthoringOnFinalizedHeadLagging.
type Backoff struct {
	MaxInterval      uint32 // never more slots than this
	UnfinalizedSlack uint32 // blocks that may wait
	AuthoringBias    uint32 // blocks beyond them for each slot of rest; 0 counts as 1
}

// DefaultBackoff is Substrate's. Subtensor's node sets UnfinalizedSlack to 6.
var DefaultBackoff = Backoff{MaxInterval: 100, UnfinalizedSlack: 50, AuthoringBias: 2}

// Rests tells whether no block is to be authored in slot now, on a best block with that number and slot.
func (b Backoff) Rests(best chain.BlockNumber, bestSlot Slot, finalised chain.BlockNumber, now Slot) bool {
	if now <= bestSlot {
		return false // should not be, and is then not this rule's business
	}
	waiting := uint32(best - min(best, finalised))
	interval := (waiting - min(waiting, b.UnfinalizedSlack)) / max(b.AuthoringBias, 1)
	return uint64(now-bestSlot) <= uint64(min(interval, b.MaxInterval))
}
