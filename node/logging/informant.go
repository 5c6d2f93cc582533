package logging

import (
	"fmt"
	"log/slog"
	"strconv"
	"time"

	"github.com/gotensor/gotensor/primitives/hash"
)

// The informant's lines: pure functions of what the node knows, to be logged at info with target "substrate".
// Source: polkadot-sdk stable2506, substrate/client/informant/src/{lib,display}.rs.

// Short is how lines show a hash: 0x1234…abcd.
func Short(h hash.H256) string { return fmt.Sprintf("0x%x…%x", h[:2], h[30:]) }

func hashText(h hash.H256, full bool) string {
	if full {
		return h.String()
	}
	return Short(h)
}

// FullHashes tells whether lines show whole hashes: where target substrate is logged at debug.
func (l *Log) FullHashes() bool { return l.Enabled(DefaultTarget, slog.LevelDebug) }

// Imported is the line of an imported block. A block that has had its line within the last hundred gets no second one; that is the
// caller's to remember.
func Imported(best bool, number uint64, parent, block hash.H256, full bool) string {
	mark := "🆕"
	if best {
		mark = "🏆"
	}
	return fmt.Sprintf("%s Imported #%d (%s → %s)", mark, number, hashText(parent, full), hashText(block, full))
}

// Reorg is the line of a new best block that does not descend from the old one.
func Reorg(oldNumber uint64, old hash.H256, bestNumber uint64, best hash.H256, ancestorNumber uint64, ancestor hash.H256, full bool) string {
	return fmt.Sprintf("♻️  Reorg on #%d,%s to #%d,%s, common ancestor #%d,%s",
		oldNumber, hashText(old, full), bestNumber, hashText(best, full), ancestorNumber, Short(ancestor))
}

// Sync is what the node does about blocks of others.
type Sync uint8

const (
	Idle        Sync = iota // has all blocks it knows of
	Downloading             // blocks up to Status.Target
	Importing               // blocks up to Status.Target
)

// Status is what the line that comes every five seconds tells.
type Status struct {
	Sync            Sync
	Target          uint64 // not of Idle
	Peers           int
	BestNumber      uint64
	Best            hash.H256
	FinalizedNumber uint64
	Finalized       hash.H256
	BytesIn         uint64 // since the start
	BytesOut        uint64
}

// Informant makes that line; it remembers the last one for speeds. The zero value is not ready: use NewInformant.
type Informant struct {
	last    time.Time
	number  uint64
	shown   bool
	in, out uint64
}

// InformantInterval is the time between its lines.
const InformantInterval = 5 * time.Second

// NewInformant starts at the time given.
func NewInformant(now time.Time) *Informant { return &Informant{last: now} }

// Line is the line for the status at the time given.
func (i *Informant) Line(now time.Time, s Status, full bool) string {
	elapsed := now.Sub(i.last)
	speed := ""
	if i.shown {
		var diff uint64
		if s.BestNumber > i.number {
			diff = s.BestNumber - i.number
		}
		tenths := uint64(0)
		if ms := uint64(elapsed.Milliseconds()); ms > 0 {
			tenths = diff * 10_000 / ms
		}
		speed = fmt.Sprintf(" %4.1f bps", float64(tenths)/10)
	}
	i.last, i.number, i.shown = now, s.BestNumber, true

	in, out := s.BytesIn-min(i.in, s.BytesIn), s.BytesOut-min(i.out, s.BytesOut)
	if seconds := uint64(elapsed / time.Second); seconds > 0 {
		i.in, i.out = s.BytesIn, s.BytesOut
		in, out = in/seconds, out/seconds
	}
	mark, what, target := "💤", "Idle", ""
	switch s.Sync {
	case Downloading:
		mark, what, target = "⚙️ ", "Syncing"+speed, fmt.Sprintf(", target=#%d", s.Target)
	case Importing:
		mark, what, target = "⚙️ ", "Preparing"+speed, fmt.Sprintf(", target=#%d", s.Target)
	}
	return fmt.Sprintf("%s %s%s (%d peers), best: #%d (%s), finalized #%d (%s), ⬇ %s ⬆ %s", mark, what, target, s.Peers,
		s.BestNumber, hashText(s.Best, full), s.FinalizedNumber, hashText(s.Finalized, full), rate(in), rate(out))
}

// rate shows bytes a second.
func rate(n uint64) string {
	switch {
	case n == 0:
		return "0"
	case n < 100:
		return strconv.FormatUint(n, 10) + " B/s"
	case n < 1<<20:
		return fmt.Sprintf("%.1fkiB/s", float64(n)/1024)
	}
	return fmt.Sprintf("%.1fMiB/s", float64(n)/(1<<20))
}
