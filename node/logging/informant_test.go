package logging

import (
	"testing"
	"time"

	"github.com/gotensor/gotensor/primitives/hash"
)

func TestInformant(t *testing.T) {
	best := hash.H256{0x4c, 0xa8, 30: 0x51, 31: 0xb8}
	final := hash.H256{0x6f, 0x24, 30: 0xa3, 31: 0x8b}
	start := time.Unix(1_800_000_000, 0)
	i := NewInformant(start)
	for _, c := range []struct {
		after time.Duration
		s     Status
		want  string
	}{
		{5 * time.Second, Status{BestNumber: 5, Best: best, FinalizedNumber: 3, Finalized: final},
			"💤 Idle (0 peers), best: #5 (0x4ca8…51b8), finalized #3 (0x6f24…a38b), ⬇ 0 ⬆ 0"},
		{10 * time.Second, Status{Sync: Downloading, Target: 531028, Peers: 4, BestNumber: 32, Best: best, FinalizedNumber: 30, Finalized: final, BytesIn: 28160, BytesOut: 400},
			"⚙️  Syncing  5.4 bps, target=#531028 (4 peers), best: #32 (0x4ca8…51b8), finalized #30 (0x6f24…a38b), ⬇ 5.5kiB/s ⬆ 80 B/s"},
		{15 * time.Second, Status{Sync: Importing, Target: 9, Peers: 1, BestNumber: 1032, Best: best, FinalizedNumber: 30, Finalized: final, BytesIn: 28160 + 50<<20, BytesOut: 400},
			"⚙️  Preparing 200.0 bps, target=#9 (1 peers), best: #1032 (0x4ca8…51b8), finalized #30 (0x6f24…a38b), ⬇ 10.0MiB/s ⬆ 0"},
		{15 * time.Second, Status{BestNumber: 7, Best: best, Finalized: final}, // no time has passed, the chain was reverted
			"💤 Idle (0 peers), best: #7 (0x4ca8…51b8), finalized #0 (0x6f24…a38b), ⬇ 0 ⬆ 0"},
	} {
		if got := i.Line(start.Add(c.after), c.s, false); got != c.want {
			t.Errorf("\ngot  %s\nwant %s", got, c.want)
		}
	}
	full := NewInformant(start).Line(start, Status{Best: best, Finalized: final}, true)
	if want := "💤 Idle (0 peers), best: #0 (" + best.String() + "), finalized #0 (" + final.String() + "), ⬇ 0 ⬆ 0"; full != want {
		t.Error(full)
	}
}

func TestImportedAndReorg(t *testing.T) {
	a := hash.H256{0x12, 0x34, 30: 0xab, 31: 0xcd}
	b := hash.H256{0x56, 0x78, 30: 0xef, 31: 0x01}
	for got, want := range map[string]string{
		Imported(true, 1, a, b, false):  "🏆 Imported #1 (0x1234…abcd → 0x5678…ef01)",
		Imported(false, 2, a, b, false): "🆕 Imported #2 (0x1234…abcd → 0x5678…ef01)",
		Imported(true, 1, a, b, true):   "🏆 Imported #1 (" + a.String() + " → " + b.String() + ")",
		Reorg(7, a, 8, b, 6, a, false):  "♻️  Reorg on #7,0x1234…abcd to #8,0x5678…ef01, common ancestor #6,0x1234…abcd",
	} {
		if got != want {
			t.Errorf("\ngot  %s\nwant %s", got, want)
		}
	}
}
