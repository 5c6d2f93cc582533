package aura

import (
	"errors"
	"fmt"
	"math"
	"math/bits"
	"time"
)

// Slot counts slot durations since 1970.
type Slot uint64

// MaxSlotDuration bounds the slot duration that a runtime may state: a day.
const MaxSlotDuration = 24 * time.Hour

// ErrSlotDuration: the runtime states a slot duration of no time at all, or beyond MaxSlotDuration.
var ErrSlotDuration = errors.New("slot duration")

// SlotDuration returns the answer of AuraApi_slot_duration, milliseconds, as a duration that the functions of this package take. Errors: ErrSlotDuration.
func SlotDuration(milliseconds uint64) (time.Duration, error) {
	if milliseconds == 0 || milliseconds > uint64(MaxSlotDuration/time.Millisecond) {
		return 0, fmt.Errorf("%w: expected 1 to %d ms, got %d", ErrSlotDuration, MaxSlotDuration/time.Millisecond, milliseconds)
	}
	return time.Duration(milliseconds) * time.Millisecond, nil
}

// SlotAt returns the slot that a moment lies in: 0 before 1970. duration is whole milliseconds, at least one.
func SlotAt(now time.Time, duration time.Duration) Slot {
	return Slot(uint64(max(now.UnixMilli(), 0)) / uint64(duration/time.Millisecond))
}

// Start returns the moment a slot begins at. A slot that no clock will reach begins at the end of time: math.MaxInt64 milliseconds.
func (s Slot) Start(duration time.Duration) time.Time {
	high, low := bits.Mul64(uint64(s), uint64(duration/time.Millisecond))
	if high != 0 || low > math.MaxInt64 {
		low = math.MaxInt64
	}
	return time.UnixMilli(int64(low))
}

// behind returns how many slots lie between parent and s without a block: none where s is the next one.
func (s Slot) behind(parent Slot) uint64 {
	if s <= parent {
		return 0
	}
	return uint64(s - parent - 1)
}

// Lenience. Source: sc-consensus-slots, slot_lenience_exponential.
const (
	lenienceStep = 2 // empty slots that double it
	lenienceCap  = 7 // doublings
)

// Lenience returns by how much longer a block in slot may take where slots before it stayed empty: nothing where parent is the slot before, else a slot duration,
// doubled for each two that are empty, at most 128 of them.
func Lenience(slot, parent Slot, duration time.Duration) time.Duration {
	skipped := slot.behind(parent)
	if skipped == 0 {
		return 0
	}
	return duration << min(skipped/lenienceStep, lenienceCap)
}

// proposing is the part of a slot that a block may be built in. The rest is for import and for its way to the others. Source: the node templates.
func proposing(d time.Duration) time.Duration { return d * 2 / 3 }

// ProposingTime returns how long the block of slot may be built: two thirds of a slot or what is left of it, and two thirds of the Lenience. left is the time
// to the slot's end. parent is the slot of the parent, nil for genesis and where it has none. Source: sc-consensus-slots, proposing_remaining_duration.
func ProposingTime(slot Slot, parent *Slot, duration, left time.Duration) time.Duration {
	time := max(min(left, proposing(duration)), 0)
	if parent != nil {
		time += proposing(Lenience(slot, *parent, duration))
	}
	return time
}
