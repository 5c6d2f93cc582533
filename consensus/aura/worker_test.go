package aura

import (
	"bytes"
	"context"
	"errors"
	"log/slog"
	"math/rand/v2"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/gotensor/gotensor/primitives/chain"
	"github.com/gotensor/gotensor/primitives/hash"
	"github.com/gotensor/gotensor/primitives/keys"
)

// scene is a chain, a clock, keys and a proposer for one worker. The worker waits by asking scene for the time that is to pass, so everything happens in its goroutine.
type scene struct {
	t     testing.TB
	terms Terms
	pair  keys.Pair
	now   time.Time
	best  Head
	final chain.BlockNumber
	slots []Slot // of the blocks
	wrong error  // what the chain answers
	bad   error  // what the proposer answers

	offline, syncing, noKey, lostKey bool

	wait     func(d time.Duration) time.Duration // how far the clock moves while the worker waits for d
	propose  func(ctx context.Context, task *Task)
	imported func()
	waits    int
	limit    int // of waits
	stop     context.CancelFunc
	log      bytes.Buffer
}

func newScene(t testing.TB, duration time.Duration) *scene {
	t.Helper()
	id, pair := authority(t, keys.Sr25519, "//Alice")
	s := &scene{t: t, pair: pair, terms: Terms{Authorities: []Authority{id}, Duration: duration}, now: time.UnixMilli(1_700_000_000_123), limit: 10}
	s.best.Hash = s.best.Header.Hash()
	s.wait = func(d time.Duration) time.Duration { return d }
	return s
}

func (s *scene) Now() time.Time { return s.now }

func (s *scene) After(d time.Duration) <-chan time.Time {
	s.waits++
	if s.waits > s.limit {
		s.stop()
	}
	s.now = s.now.Add(s.wait(d))
	c := make(chan time.Time, 1)
	c <- s.now
	return c
}

func (s *scene) Best(context.Context) (Head, error)         { return s.best, s.wrong }
func (s *scene) Finalised() chain.BlockNumber               { return s.final }
func (s *scene) Terms(context.Context, Head) (Terms, error) { return s.terms, s.wrong }
func (s *scene) MajorSyncing() bool                         { return s.syncing }
func (s *scene) Offline() bool                              { return s.offline }
func (s *scene) Has(a Authority) (bool, error) {
	return !s.noKey && a == Authority(s.pair.Public()), nil
}

func (s *scene) Sign(_ Authority, message []byte) ([]byte, bool, error) {
	return s.pair.Sign(message), !s.lostKey, nil
}

func (s *scene) Propose(ctx context.Context, task *Task) (Proposal, error) {
	if s.propose != nil {
		s.propose(ctx, task)
	}
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	if s.bad != nil {
		return nil, s.bad
	}
	if SlotAt(task.Now, s.terms.Duration) != task.Slot {
		s.t.Errorf("the timestamp %v is not in slot %d", task.Now, task.Slot)
	}
	if task.Time <= 0 {
		s.t.Errorf("time to propose: %v", task.Time)
	}
	return &sceneBlock{s, chain.Header{ParentHash: task.Parent.Hash, Number: task.Parent.Header.Number + 1, Digest: task.Digest}}, nil
}

type sceneBlock struct {
	s      *scene
	header chain.Header
}

func (b *sceneBlock) Header() *chain.Header { return &b.header }
func (b *sceneBlock) Close()                {}

func (b *sceneBlock) Import(_ context.Context, seal chain.DigestItem) (hash.H256, error) {
	s := b.s
	h := b.header
	h.Digest = append(h.Digest, seal)
	checked, err := Verify(&h, keys.Sr25519, s.terms.Authorities, 1<<62)
	if err != nil {
		s.t.Error(err)
		return hash.H256{}, err
	}
	if len(s.slots) > 0 && checked.Slot <= s.slots[len(s.slots)-1] {
		s.t.Errorf("slot %d after slot %d", checked.Slot, s.slots[len(s.slots)-1]) // A1
	}
	if SlotAt(s.now, s.terms.Duration) < checked.Slot && s.propose == nil {
		s.t.Errorf("block of slot %d in slot %d", checked.Slot, SlotAt(s.now, s.terms.Duration))
	}
	s.slots = append(s.slots, checked.Slot)
	s.best = Head{checked.Hash, h}
	if s.imported != nil {
		s.imported()
	}
	return checked.Hash, nil
}

// run has a worker work for so many waits, and returns what it logged.
func (s *scene) run(waits int, change func(*Config)) string {
	s.t.Helper()
	cfg := Config{Clock: s, Chain: s, Keys: s, Proposer: s, Sync: s, Log: slog.New(slog.NewTextHandler(&s.log, &slog.HandlerOptions{Level: slog.LevelDebug}))}
	if change != nil {
		change(&cfg)
	}
	return s.work(NewWorker(cfg), waits)
}

func (s *scene) work(w *Worker, waits int) string {
	s.t.Helper()
	s.limit, s.waits = waits, 0
	s.log.Reset()
	ctx, cancel := context.WithCancel(s.t.Context())
	s.stop = cancel
	if err := w.Run(ctx); !errors.Is(err, context.Canceled) {
		s.t.Errorf("Run: %v", err)
	}
	return s.log.String()
}

func (s *scene) want(slots ...Slot) {
	s.t.Helper()
	first := SlotAt(time.UnixMilli(1_700_000_000_123), s.terms.Duration)
	if len(s.slots) != len(slots) {
		s.t.Fatalf("%d blocks, expected %d", len(s.slots), len(slots))
	}
	for i, want := range slots {
		if s.slots[i] != first+want {
			s.t.Errorf("block %d: slot %d, expected %d", i, s.slots[i]-first, want)
		}
	}
}

func TestAuthorsEachSlot(t *testing.T) {
	for _, d := range []time.Duration{250 * time.Millisecond, 12 * time.Second} {
		s := newScene(t, d)
		log := s.run(5, nil)
		s.want(1, 2, 3, 4, 5) // not in the slot that it starts in
		if strings.Contains(log, "WARN") || strings.Count(log, "🔖 Pre-sealed block for proposal at") != 5 {
			t.Error(log)
		}
	}
}

// Only the slots of the node's own key are used.
func TestTurns(t *testing.T) {
	s := newScene(t, time.Second)
	us := s.terms.Authorities[0]
	s.terms.Authorities = []Authority{{1}, us, {2}}
	s.run(30, nil)
	if len(s.slots) != 10 {
		t.Errorf("%d blocks", len(s.slots))
	}
	for _, slot := range s.slots {
		if slot%3 != 1 {
			t.Errorf("slot %d is another's", slot)
		}
	}
	s.terms.Authorities = nil
	s.run(5, nil)
	if len(s.slots) != 10 {
		t.Error("a block without authorities")
	}
}

func TestReasonsToRest(t *testing.T) {
	other := Authority{1}
	for _, c := range []struct {
		name   string
		scene  func(*scene)
		config func(*Config)
		blocks int
		says   string
	}{
		{"no key", func(s *scene) { s.noKey = true }, nil, 0, ""},
		{"key lost", func(s *scene) { s.lostKey = true }, nil, 0, "the key is not in the keystore any more"},
		{"syncing", func(s *scene) { s.syncing = true }, nil, 0, "Skipping slot: major sync is in progress."},
		{"offline with others", func(s *scene) {
			s.offline = true
			s.terms.Authorities = append(s.terms.Authorities, other)
		}, nil, 0, "Waiting for the network."},
		{"offline alone", func(s *scene) { s.offline = true }, nil, 4, ""},
		{"offline and forced", func(s *scene) {
			s.offline = true
			s.terms.Authorities = append(s.terms.Authorities, s.terms.Authorities[0])
		}, func(c *Config) { c.Force = true }, 4, ""},
		{"finality lags", func(*scene) {}, func(c *Config) { c.Backoff = &Backoff{MaxInterval: 100, AuthoringBias: 1} }, 2, "Backing off claiming new slot for block authorship: finality is lagging."},
		{"the proposer fails", func(s *scene) { s.bad = errors.New("runtime trapped") }, nil, 0, "Proposing failed: runtime trapped"},
		{"the chain fails", func(s *scene) { s.wrong = errors.New("disk") }, nil, 0, "Unable to fetch auxiliary data for block"},
		{"a slot of no time", func(s *scene) { s.terms.Duration = 0 }, nil, 0, "slot duration"},
	} {
		t.Run(c.name, func(t *testing.T) {
			s := newScene(t, time.Second)
			c.scene(s)
			log := s.run(4, c.config)
			if len(s.slots) != c.blocks || !strings.Contains(log, c.says) {
				t.Errorf("%d blocks, expected %d: %s", len(s.slots), c.blocks, log)
			}
		})
	}
}

// A proposer that does not end is stopped, and the next slot is used again.
func TestDiscards(t *testing.T) {
	s := newScene(t, 20*time.Millisecond)
	s.propose = func(ctx context.Context, task *Task) {
		if len(s.slots) == 1 && s.bad == nil {
			<-ctx.Done()
			s.now = s.now.Add(task.Time)
			s.bad = errors.New("once")
			return
		}
		s.bad = nil
	}
	log := s.run(4, nil)
	s.want(1, 3, 4)
	if strings.Count(log, "⌛️ Discarding proposal for slot") != 1 {
		t.Error(log)
	}
}

// Work that takes longer than a slot costs the slots that it takes, and no more.
func TestOverrun(t *testing.T) {
	s := newScene(t, time.Second)
	s.propose = func(context.Context, *Task) {
		if len(s.slots) == 1 {
			s.now = s.now.Add(2500 * time.Millisecond)
		}
	}
	s.run(3, nil)
	s.want(1, 2, 4, 5)
}

func TestClockGoesAhead(t *testing.T) {
	s := newScene(t, 12*time.Second)
	s.wait = func(d time.Duration) time.Duration {
		if s.waits == 3 {
			return d + time.Hour
		}
		return d
	}
	log := s.run(5, nil)
	s.want(1, 2, 303, 304, 305)
	if strings.Count(log, "⏰") != 1 || !strings.Contains(log, "The clock went ahead by 1h0m0s") {
		t.Error(log)
	}
}

// A clock that comes back from where blocks were authored stops the chain until it has passed them, says so once, and goes on.
func TestClockComesBack(t *testing.T) {
	s := newScene(t, 12*time.Second)
	s.wait = func(d time.Duration) time.Duration {
		switch s.waits {
		case 2:
			return d + 10*time.Minute
		case 4:
			return d - 10*time.Minute
		}
		return d
	}
	log := s.run(60, nil)
	if len(s.slots) != 3+60-53 { // 1, 52 and 53; the 4th wait leads to slot 4, and so on
		t.Errorf("%d blocks: %v", len(s.slots), s.slots)
	}
	for text, count := range map[string]int{"The clock went back by 10m0s": 1, "The clock is behind the chain": 1, "blocks are authored again": 1, "⏰": 4} {
		if got := strings.Count(log, text); got != count {
			t.Errorf("%q: %d times, expected %d", text, got, count)
		}
	}
	if strings.Contains(log, "Proposing failed") {
		t.Error(log)
	}
}

// A chain whose best block is of the future, as after a restart with a clock that was set back.
func TestChainOfTheFuture(t *testing.T) {
	s := newScene(t, time.Second)
	future := SlotAt(s.now, time.Second) + 20
	s.best.Header = *sealed(s.pair, future)
	s.best.Hash = s.best.Header.Hash()
	log := s.run(25, nil)
	s.want(21, 22, 23, 24, 25)
	if strings.Count(log, "level=WARN") != 1 || !strings.Contains(log, "revert the blocks of the future") {
		t.Error(log)
	}
}

// A slot duration that changes with an upgrade does not lead to two blocks in a slot.
func TestDurationChanges(t *testing.T) {
	s := newScene(t, 12*time.Second)
	s.imported = func() {
		if len(s.slots) == 2 {
			s.terms.Duration = 250 * time.Millisecond
		}
	}
	s.run(6, nil)
	if len(s.slots) < 5 {
		t.Errorf("%d blocks", len(s.slots))
	}
}

// TestJumps lets the clock do what it likes: A1 and A2 hold, which scene checks, and when the clock is good again, blocks are authored again.
func TestJumps(t *testing.T) {
	var resting sync.Map
	for seed := range uint64(60) {
		r := rand.New(rand.NewPCG(seed, 9))
		d := []time.Duration{250 * time.Millisecond, 12 * time.Second}[seed%2]
		s := newScene(t, d)
		jump := func(most int64) time.Duration { return time.Duration(r.Int64N(most)) * time.Millisecond }
		s.wait = func(wait time.Duration) time.Duration {
			switch r.IntN(12) {
			case 0:
				return wait + jump(100_000)
			case 1:
				return wait - jump(100_000)
			case 2:
				return wait - jump(10)
			case 3:
				return 0
			case 4:
				return wait + jump(2*d.Milliseconds())
			}
			return wait
		}
		s.propose = func(context.Context, *Task) {
			switch r.IntN(20) {
			case 0:
				s.now = s.now.Add(jump(100_000))
			case 1:
				s.now = s.now.Add(-jump(100_000))
			default:
				s.now = s.now.Add(jump(d.Milliseconds()))
			}
		}
		w := NewWorker(Config{Clock: s, Chain: s, Keys: s, Proposer: s, Log: slog.New(slog.NewTextHandler(&s.log, nil))})
		s.work(w, 300)
		// The clock is good, and passes what was authored in the future.
		s.wait, s.propose = func(wait time.Duration) time.Duration { return wait }, nil
		if len(s.slots) > 0 {
			if ahead := s.slots[len(s.slots)-1].Start(d).Sub(s.now); ahead > 0 {
				resting.Store(seed, true)
				s.now = s.now.Add(ahead + d)
			}
		}
		before := len(s.slots)
		s.work(w, 10)
		if got := len(s.slots) - before; got < 10 || got > 11 {
			t.Fatalf("seed %d: %d blocks in 10 good slots", seed, got)
		}
	}
	n := 0
	resting.Range(func(any, any) bool { n++; return true })
	if n == 0 {
		t.Error("no run left blocks in the future")
	}
}

func TestSystemClock(t *testing.T) {
	began := SystemClock.Now()
	if d := (<-SystemClock.After(time.Millisecond)).Sub(began); d < time.Millisecond {
		t.Error(d)
	}
}
