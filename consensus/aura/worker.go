package aura

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"time"

	"github.com/gotensor/gotensor/primitives/chain"
	"github.com/gotensor/gotensor/primitives/hash"
)

// Clock tells the time. The worker reads slots from it and waits by it, nothing else.
type Clock interface {
	Now() time.Time
	// After returns a channel on which the time comes when d has passed.
	After(d time.Duration) <-chan time.Time
}

// SystemClock is the clock of the machine.
var SystemClock Clock = systemClock{}

type systemClock struct{}

func (systemClock) Now() time.Time                         { return time.Now() }
func (systemClock) After(d time.Duration) <-chan time.Time { return time.After(d) }

// Head is a block to build on.
type Head struct {
	Hash   hash.H256
	Header chain.Header
}

// Terms are what the state after a block says about the next one.
type Terms struct {
	Authorities []Authority   // AuraApi_authorities
	Duration    time.Duration // AuraApi_slot_duration, checked by SlotDuration
}

// Chain is what the worker asks of the chain.
type Chain interface {
	Best(ctx context.Context) (Head, error)
	Finalised() chain.BlockNumber
	// Terms is asked several times for each slot and must not cost a call of the runtime each time.
	Terms(ctx context.Context, after Head) (Terms, error)
}

// Keys are the node's keys for this engine.
type Keys interface {
	Has(authority Authority) (bool, error)
	// Sign signs a hash; ok is false where the key is not held.
	Sign(authority Authority, message []byte) (signature []byte, ok bool, err error)
}

// Sync tells how the node stands to the network.
type Sync interface {
	MajorSyncing() bool // it is far behind: no blocks are authored
	Offline() bool      // it has no peers: where there are several authorities, it waits for some
}

// Task is a block to build.
type Task struct {
	Parent Head
	Slot   Slot
	Now    time.Time     // the block's timestamp, which lies in Slot
	Digest chain.Digest  // the pre-runtime digest
	Time   time.Duration // what building may take
}

// Proposer builds blocks.
type Proposer interface {
	// Propose builds a block. Where it takes longer than task.Time, ctx ends, and what was built is lost.
	Propose(ctx context.Context, task *Task) (Proposal, error)
}

// Proposal is a block without its seal.
type Proposal interface {
	Header() *chain.Header
	// Import puts the block with the seal into the chain and returns its hash.
	Import(ctx context.Context, seal chain.DigestItem) (hash.H256, error)
	// Close lets go of what is held for Import. It may be called after it, too.
	Close()
}

// Config says what a worker works with. Clock, Chain, Keys and Proposer must be set.
type Config struct {
	Clock    Clock
	Chain    Chain
	Keys     Keys
	Proposer Proposer
	Sync     Sync         // nil: no network to wait for
	Force    bool         // author though Sync says offline
	Backoff  *Backoff     // nil: author however finality lags
	Sealed   Slot         // the highest slot that a header was sealed in before this start: A1
	Log      *slog.Logger // nil: none
}

// Worker authors a block in each slot that belongs to one of its keys.
type Worker struct {
	cfg   Config
	aura  *slog.Logger
	slots *slog.Logger

	sealed  Slot // the highest slot that a header was sealed in: A1
	resting bool // it was said that slots wait for the clock: A3
}

// NewWorker returns a worker. Run starts it.
func NewWorker(cfg Config) *Worker {
	log := cfg.Log
	if log == nil {
		log = slog.New(slog.DiscardHandler)
	}
	return &Worker{cfg: cfg, sealed: cfg.Sealed, aura: log.With("target", "aura"), slots: log.With("target", "slots")}
}

// retry is how long the worker waits where the chain does not even tell how long a slot is.
const retry = time.Second

// jump is what a clock may be off after a wait before it is told of, if it is not a whole slot.
const jump = 5 * time.Second

// Run authors until ctx ends, and returns its error.
func (w *Worker) Run(ctx context.Context) error {
	var last Slot // that was handled
	var duration time.Duration
	for {
		head, terms, err := w.look(ctx)
		if ctx.Err() != nil {
			return ctx.Err()
		}
		if err != nil {
			w.aura.Warn(fmt.Sprintf("Unable to fetch auxiliary data for block %s: %v", head.Hash, err))
			if err := w.wait(ctx, max(duration, retry), duration); err != nil {
				return err
			}
			continue
		}
		now := w.cfg.Clock.Now()
		slot := SlotAt(now, terms.Duration)
		if terms.Duration != duration { // at the start, or slots are counted otherwise from now on: let this one pass
			duration, last = terms.Duration, slot
		}
		if slot == last {
			if err := w.wait(ctx, (slot + 1).Start(duration).Sub(now), duration); err != nil {
				return err
			}
			continue
		}
		last = slot
		w.onSlot(ctx, now, slot, head, terms)
	}
}

func (w *Worker) look(ctx context.Context) (Head, Terms, error) {
	head, err := w.cfg.Chain.Best(ctx)
	if err != nil {
		return head, Terms{}, fmt.Errorf("best block: %w", err)
	}
	terms, err := w.cfg.Chain.Terms(ctx, head)
	if err == nil && (terms.Duration < time.Millisecond || terms.Duration > MaxSlotDuration) {
		err = fmt.Errorf("%w: %v", ErrSlotDuration, terms.Duration)
	}
	return head, terms, err
}

// wait waits for d and tells where the clock did not. Whatever it shows then, the caller reads it anew.
func (w *Worker) wait(ctx context.Context, d, duration time.Duration) error {
	clock := w.cfg.Clock
	before := clock.Now().Round(0) // the wall clock alone: the other one knows no jumps
	select {
	case <-ctx.Done():
		return ctx.Err()
	case <-clock.After(max(d, time.Millisecond)):
	}
	off := clock.Now().Round(0).Sub(before) - d
	switch tolerance := max(jump, duration); {
	case off > tolerance:
		w.slots.Warn(fmt.Sprintf("⏰ The clock went ahead by %v, or this machine slept: the slots in between are skipped.", off.Round(time.Millisecond)))
	case off < -tolerance:
		w.slots.Warn(fmt.Sprintf("⏰ The clock went back by %v.", (-off).Round(time.Millisecond)))
	}
	return nil
}

// onSlot authors the block of a slot where it is one of ours.
func (w *Worker) onSlot(ctx context.Context, now time.Time, slot Slot, head Head, terms Terms) {
	cfg := &w.cfg
	if cfg.Sync != nil && cfg.Sync.MajorSyncing() {
		w.slots.Debug("Skipping slot: major sync is in progress.")
		return
	}
	var parent *Slot
	if s, err := SlotOf(&head.Header); err == nil && head.Header.Number > 0 {
		parent = &s
	}
	if w.rests(now, slot, parent, head, terms.Duration) {
		return
	}

	budget := ProposingTime(slot, parent, terms.Duration, (slot + 1).Start(terms.Duration).Sub(now))
	if budget <= 0 {
		w.aura.Debug(fmt.Sprintf("Skipping proposal slot %d since there's no time left to propose", slot))
		return
	}
	if parent != nil {
		if skipped := slot.behind(*parent); skipped > 0 {
			w.aura.Debug(fmt.Sprintf("No block for %d slots. Applying exponential lenience, total proposing duration: %dms", skipped, budget.Milliseconds()))
		}
	}
	if !cfg.Force && cfg.Sync != nil && cfg.Sync.Offline() && len(terms.Authorities) > 1 {
		w.aura.Debug("Skipping proposal slot. Waiting for the network.")
		return
	}
	author, ok := Author(slot, terms.Authorities)
	if !ok {
		return
	}
	if ok, err := cfg.Keys.Has(author); err != nil || !ok {
		if err != nil {
			w.aura.Warn(fmt.Sprintf("Unable to author block in slot %d: key 0x%x: %v", slot, author, err))
		}
		return
	}
	if cfg.Backoff != nil && parent != nil && cfg.Backoff.Rests(head.Header.Number, *parent, cfg.Chain.Finalised(), slot) {
		w.aura.Info("Backing off claiming new slot for block authorship: finality is lagging.")
		return
	}

	w.aura.Debug(fmt.Sprintf("Starting authorship at slot: %d", slot))
	limited, cancel := context.WithTimeout(ctx, budget)
	proposal, err := cfg.Proposer.Propose(limited, &Task{Parent: head, Slot: slot, Now: now, Digest: chain.Digest{PreDigest(slot)}, Time: budget})
	late := limited.Err() != nil
	cancel()
	switch {
	case err == nil:
	case ctx.Err() != nil: // the node stops
		return
	case late:
		w.aura.Info(fmt.Sprintf("⌛️ Discarding proposal for slot %d; block production took too long", slot))
		return
	default:
		w.aura.Warn(fmt.Sprintf("Proposing failed: %v", err))
		return
	}
	defer proposal.Close()
	if err := w.seal(ctx, slot, author, proposal); err != nil {
		w.aura.Warn(fmt.Sprintf("Error with block built on %s: %v", head.Hash, err))
	}
}

// rests tells whether a slot must stay empty by A1, because the clock is behind the chain, and says so once.
func (w *Worker) rests(now time.Time, slot Slot, parent *Slot, head Head, duration time.Duration) bool {
	after := w.sealed
	if parent != nil {
		after = max(after, *parent)
	}
	if slot > after {
		if w.resting {
			w.slots.Info(fmt.Sprintf("⏰ The clock has passed slot %d of the chain: blocks are authored again.", after))
		}
		w.resting = false
		return false
	}
	if after-slot <= 1 { // a clock of another node is ahead by less than a slot
		w.slots.Debug(fmt.Sprintf("Skipping slot %d: a block of slot %d exists.", slot, after))
		return true
	}
	if !w.resting {
		until := (after + 1).Start(duration)
		w.slots.Warn(fmt.Sprintf("⏰ The clock is behind the chain: it is slot %d, and a block of slot %d exists (best block #%d %s). No block can be authored before %s, in %v. "+
			"Set the clock right; if it was ahead before and is right now, wait, or revert the blocks of the future.",
			slot, after, head.Header.Number, head.Hash, until.UTC().Format(time.RFC3339), until.Sub(now).Round(time.Second)))
	}
	w.resting = true
	return true
}

// seal signs a proposal and has it imported.
func (w *Worker) seal(ctx context.Context, slot Slot, author Authority, proposal Proposal) error {
	header := proposal.Header()
	before := header.Hash()
	signature, ok, err := w.cfg.Keys.Sign(author, before[:])
	if err == nil && !ok {
		err = errors.New("the key is not in the keystore any more")
	}
	if err == nil && len(signature) != SignatureSize {
		err = fmt.Errorf("signature: expected %d bytes, got %d", SignatureSize, len(signature))
	}
	if err != nil {
		return fmt.Errorf("sign with key 0x%x: %w", author, err)
	}
	w.sealed = slot
	seal := Seal([SignatureSize]byte(signature))
	sealed := *header
	sealed.Digest = append(header.Digest[:len(header.Digest):len(header.Digest)], seal)
	w.aura.Info(fmt.Sprintf("🔖 Pre-sealed block for proposal at %d. Hash now %s, previously %s.", header.Number, sealed.Hash(), before))
	_, err = proposal.Import(ctx, seal)
	return err
}
