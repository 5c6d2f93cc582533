package faults

import (
	"context"
	"fmt"
	"math/rand/v2"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/gotensor/gotensor/consensus/aura"
	"github.com/gotensor/gotensor/node"
	"github.com/gotensor/gotensor/node/client"
	"github.com/gotensor/gotensor/node/logging"
	"github.com/gotensor/gotensor/primitives/chain"
)

// jumpy is a clock that shows what it is told to. Waits pass as they do on a machine whose wall clock is set: they do not notice.
type jumpy struct {
	mu      sync.Mutex
	off     time.Duration
	stopped time.Time // what it shows where it stands still
}

func (c *jumpy) Now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	if !c.stopped.IsZero() {
		return c.stopped
	}
	return time.Now().Add(c.off)
}

func (c *jumpy) After(d time.Duration) <-chan time.Time { return time.After(d) }

// jump sets the clock so far off from the right time.
func (c *jumpy) jump(off time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.off, c.stopped = off, time.Time{}
}

// stop has the clock stand still.
func (c *jumpy) stop() {
	now := c.Now()
	c.mu.Lock()
	defer c.mu.Unlock()
	c.stopped = now
}

// lines counts what a node logs.
type lines struct {
	mu  sync.Mutex
	all []string
}

func (l *lines) Write(line []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.all = append(l.all, string(line))
	return len(line), nil
}

// with returns the lines from one on that have the text.
func (l *lines) with(from int, text string) (found []string) {
	l.mu.Lock()
	defer l.mu.Unlock()
	for _, line := range l.all[from:] {
		if strings.Contains(line, text) {
			found = append(found, strings.TrimSpace(line))
		}
	}
	return found
}

func (l *lines) count() int {
	l.mu.Lock()
	defer l.mu.Unlock()
	return len(l.all)
}

// TestClock has a node author by a clock that jumps: no slot has two blocks on whatever fork, slots rise along the chain, and the node goes on when the clock has passed the chain again.
func TestClock(t *testing.T) {
	flips := either(150, 3000)
	e, err := engine()
	if err != nil {
		t.Fatal(err)
	}
	printed := &lines{}
	log, err := logging.New(logging.Config{Out: printed})
	if err != nil {
		t.Fatal(err)
	}
	defer log.Close()
	clock := &jumpy{}
	n, err := node.New(t.Context(), node.Config{
		Spec: spec(t), Folder: filepath.Join(t.TempDir(), "clock"), Name: "clock", Version: "0.0.0",
		Authority: true, ForceAuthoring: true, Seeds: []string{"//One"}, Engine: e, Log: log, Clock: clock, Quiet: true,
	})
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	events := n.Client().Subscribe(1 << 16)
	ran := make(chan error, 1)
	go func() { ran <- n.Run(ctx) }()

	// Every block that is imported, on whatever fork.
	type block struct {
		number uint32
		slot   aura.Slot
	}
	var mu sync.Mutex
	blocks := map[aura.Slot]block{}
	top := aura.Slot(0)
	wrong := make(chan error, 1)
	collected := make(chan struct{})
	go func() {
		defer close(collected)
		fail := func(err error) {
			select {
			case wrong <- err:
			default:
			}
		}
		for {
			event, err := events.Next(ctx)
			if ctx.Err() != nil {
				return
			}
			if err != nil {
				fail(err)
				return
			}
			if event.Imported == nil {
				continue
			}
			h := event.Imported.Header
			slot, err := aura.SlotOf(&h)
			if err != nil {
				fail(err)
				return
			}
			mu.Lock()
			if other, ok := blocks[slot]; ok {
				fail(fmt.Errorf("slot %d has the blocks #%d and #%d", slot, other.number, h.Number))
			}
			if slot <= top {
				fail(fmt.Errorf("block #%d has slot %d, and a block before it %d", h.Number, slot, top))
			}
			blocks[slot], top = block{uint32(h.Number), slot}, max(top, slot)
			mu.Unlock()
		}
	}()

	head := func() (best, final uint32) {
		h := n.Client().Head()
		return uint32(h.Best.Number), uint32(h.Finalised.Number)
	}
	goesOn := func(step string) {
		t.Helper()
		from, _ := head()
		waitFor(t, step+": the node goes on", func() bool {
			select {
			case err := <-ran:
				t.Fatalf("%s: the node ended: %v", step, err)
			case err := <-wrong:
				t.Fatalf("%s: %v", step, err)
			default:
			}
			_, final := head()
			return final >= from+3
		})
	}
	// rests tells that no block comes for a while.
	rests := func(step string) {
		t.Helper()
		time.Sleep(600 * time.Millisecond) // one may be under way
		from, _ := head()
		time.Sleep(2 * time.Second)
		if now, _ := head(); now != from {
			t.Errorf("%s: block #%d came after #%d", step, now, from)
		}
	}
	said := func(step string, from int, text string, least, most int) {
		t.Helper()
		if found := printed.with(from, text); len(found) < least || len(found) > most {
			t.Errorf("%s: %q was said %d times, expected %d to %d: %q", step, text, len(found), least, most, found)
		}
	}
	const clockMark = "⏰"
	goesOn("right")

	mark := printed.count()
	clock.jump(3 * time.Hour)
	goesOn("three hours ahead")
	said("three hours ahead", mark, "The clock went ahead by", 1, 2)

	mark = printed.count()
	clock.jump(-2 * time.Hour)
	rests("two hours behind")
	said("two hours behind", mark, "The clock is behind the chain", 1, 1)
	said("two hours behind", mark, clockMark, 1, 3)
	clock.jump(0) // right, and the chain is ahead
	rests("right, with a chain of the future")
	said("right, with a chain of the future", mark, clockMark, 1, 5)

	mark = printed.count()
	clock.jump(3 * time.Hour)
	goesOn("as before")
	said("as before", mark, "The clock has passed slot", 1, 1)

	mark = printed.count()
	clock.stop()
	time.Sleep(time.Second)
	from, _ := head()
	time.Sleep(2 * time.Second)
	if now, _ := head(); now != from {
		t.Errorf("a clock that stands still: block #%d came after #%d", now, from)
	}
	said("a clock that stands still", mark, clockMark, 0, 2)
	clock.jump(3 * time.Hour)
	goesOn("it goes again")

	// Back and forth, by little and by much.
	mark = printed.count()
	begun := time.Now()
	r := rand.New(rand.NewPCG(3, 5))
	ahead := 3 * time.Hour
	before, _ := head()
	for range flips {
		off := ahead
		switch r.IntN(4) {
		case 0:
			off -= time.Duration(r.Int64N(int64(3 * time.Hour)))
		case 1:
			off += time.Duration(r.Int64N(int64(500*time.Millisecond))) - 250*time.Millisecond
		case 2:
			ahead += time.Duration(r.Int64N(int64(10 * time.Second)))
			off = ahead
		}
		clock.jump(off)
		time.Sleep(time.Duration(r.Int64N(int64(60 * time.Millisecond))))
	}
	took := time.Since(begun)
	after, _ := head()
	warned, flood := len(printed.with(mark, clockMark)), printed.count()-mark
	// A wait tells once, and a slot's wait is not shorter than what is left of 250 ms, or of what the clock shows of it.
	if warned > flips {
		t.Errorf("%d lines about %d jumps", warned, flips)
	}
	clock.jump(ahead + time.Minute)
	goesOn("after it")

	cancel()
	<-collected
	if err := <-ran; err != nil {
		t.Error(err)
	}
	select {
	case err := <-wrong:
		t.Error(err)
	default:
	}
	best := n.Client().Head().Best
	last := aura.Slot(0)
	for number := uint32(1); number <= uint32(best.Number); number++ {
		h, err := headerAt(n.Client(), number)
		if err != nil {
			t.Fatal(err)
		}
		slot, err := aura.SlotOf(h)
		if err != nil || slot <= last {
			t.Fatalf("block #%d has slot %d after slot %d, %v", number, slot, last, err)
		}
		last = slot
	}
	mu.Lock()
	imported := len(blocks)
	mu.Unlock()
	if err := n.Close(); err != nil {
		t.Error(err)
	}
	for _, text := range []string{"BUG", "panic", "goroutine "} {
		said("all along", 0, text, 0, 0)
	}
	t.Logf("FAULTS: %d jumps of the clock in %v, with %d blocks, %d lines about the clock of %d in all; %d blocks were imported, each in a slot of its own and after all before it", flips+7, took.Round(time.Second), after-before, warned, flood, imported)
}

func headerAt(c *client.Client, number uint32) (*chain.Header, error) {
	block, err := c.Store().Hash(chain.BlockNumber(number))
	if err != nil {
		return nil, fmt.Errorf("block #%d: %w", number, err)
	}
	header, err := c.Store().Header(block)
	return &header, err
}
