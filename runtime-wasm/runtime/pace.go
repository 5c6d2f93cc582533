//go:build !fast

package runtime

// Fast tells whether this is the runtime of local networks, built with the tag fast: the same rules at another pace.
const Fast = false

// SlotDuration is how long an Aura slot is, in milliseconds. Source: opentensor/subtensor common/src/lib.rs, time.
const SlotDuration = 12_000
