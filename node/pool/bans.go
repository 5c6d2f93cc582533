package pool

import (
	"time"

	"github.com/gotensor/gotensor/primitives/hash"
)

// bans are transactions that may not come back for a time: invalid ones, dropped ones, and those that are in blocks. Beyond twice the size it expects it
// forgets down to that size, those that were banned first (Substrate's PoolRotator forgets any).
type bans struct {
	period time.Duration
	size   int
	until  map[hash.H256]time.Time
	order  []hash.H256 // as they were first banned
}

// minBans is the least number of bans that are expected.
const minBans = 2048

func newBans(period time.Duration, size int) *bans {
	return &bans{period: period, size: size, until: make(map[hash.H256]time.Time)}
}

func (b *bans) ban(now time.Time, h hash.H256) {
	if _, ok := b.until[h]; !ok {
		b.order = append(b.order, h)
	}
	b.until[h] = now.Add(b.period)
	if len(b.until) > 2*b.size {
		b.forget(func(hash.H256) bool { return len(b.until) > b.size })
	}
}

// lift ends a ban.
func (b *bans) lift(h hash.H256) { delete(b.until, h) }

func (b *bans) banned(now func() time.Time, h hash.H256) bool {
	until, ok := b.until[h]
	return ok && !until.Before(now())
}

// clear forgets the bans that are over.
func (b *bans) clear(now time.Time) {
	b.forget(func(h hash.H256) bool { return b.until[h].Before(now) })
}

// forget drops bans for which over says so, which is asked of the oldest first.
func (b *bans) forget(over func(hash.H256) bool) {
	kept := b.order[:0]
	for _, h := range b.order {
		if _, ok := b.until[h]; !ok {
			continue
		}
		if over(h) {
			delete(b.until, h)
			continue
		}
		kept = append(kept, h)
	}
	b.order = kept
}
