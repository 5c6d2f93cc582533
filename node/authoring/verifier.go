package authoring

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"math"
	"slices"
	"strings"

	"github.com/gotensor/gotensor/consensus/aura"
	"github.com/gotensor/gotensor/consensus/grandpa"
	"github.com/gotensor/gotensor/consensus/queue"
	"github.com/gotensor/gotensor/node/client"
	"github.com/gotensor/gotensor/node/execution"
	"github.com/gotensor/gotensor/primitives/chain"
	"github.com/gotensor/gotensor/primitives/hash"
	"github.com/gotensor/gotensor/primitives/keys"
	"github.com/gotensor/gotensor/primitives/scale"
	"github.com/gotensor/gotensor/storage/db"
	"github.com/gotensor/gotensor/wasmhost"
)

// QueueConfig says what blocks of others are checked with. Client must be set.
type QueueConfig struct {
	Client *client.Client
	// Import takes the blocks that were found good, with their justifications, which it has to verify: finality.Finality.Import. nil: the client's, without
	// justifications.
	Import  func(context.Context, *client.Block) (hash.H256, error)
	Clock   aura.Clock // nil: the machine's
	Ed25519 bool       // as Config has it
	// Justify takes a justification of a block that is in the chain. An error says what is wrong with it; a *queue.BadError that it is bad. nil: they are left aside.
	Justify func(ctx context.Context, block hash.H256, number chain.BlockNumber, j chain.Justification) error
	Limits  queue.Limits
	Workers int
	Log     *slog.Logger // nil: none
}

// NewQueue returns the import queue of a client, which its Run starts. Origins of its blocks are client.Origin.
func NewQueue(cfg QueueConfig) *queue.Queue {
	v := NewVerifier(cfg)
	return queue.New(queue.Config{Verifier: v, Importer: v, Clock: v.cfg.Clock, Limits: cfg.Limits, Workers: cfg.Workers})
}

// Verifier checks blocks of others, and brings them into the chain of a client: both the Verifier and the Importer of an import queue.
type Verifier struct {
	cfg           QueueConfig
	scheme        keys.Scheme
	terms         *terms
	log           *slog.Logger
	equivocations aura.Equivocations
}

// NewVerifier returns a verifier. Limits and Workers of cfg are NewQueue's.
func NewVerifier(cfg QueueConfig) *Verifier {
	if cfg.Clock == nil {
		cfg.Clock = aura.SystemClock
	}
	if cfg.Log == nil {
		cfg.Log = slog.New(slog.DiscardHandler)
	}
	return &Verifier{cfg: cfg, scheme: scheme(cfg.Ed25519), terms: newTerms(cfg.Client), log: cfg.Log.With("target", "aura")}
}

// looked is what Ahead found out, if the authorities are these.
type looked struct {
	authorities []aura.Authority
	checked     *aura.Checked
	err         error
}

// Ahead implements queue.Verifier: it checks the seal as if the authorities of the last block that was verified were still the same.
func (v *Verifier) Ahead(_ context.Context, b *queue.Block) any {
	assumed, ok := v.terms.assumed()
	if !ok {
		return nil
	}
	l := &looked{authorities: assumed.Authorities}
	l.checked, l.err = aura.Verify(&b.Header, v.scheme, assumed.Authorities, math.MaxUint64) // whether it is of the future Verify will see
	return l
}

// Verify implements queue.Verifier: slot and seal against the authorities after the parent, then the inherents against the clock, where the runtime can check them
// (version 2 of BlockBuilder). Source: sc-consensus-aura import_queue.rs.
func (v *Verifier) Verify(ctx context.Context, b *queue.Block, ahead any) error {
	terms, err := v.terms.after(ctx, b.Header.ParentHash)
	if errors.Is(err, db.ErrUnknownBlock) { // it was dropped a moment ago
		return errors.Join(queue.ErrUnknownParent, err)
	}
	if err != nil {
		return fmt.Errorf("authorities at %s: %w", b.Header.ParentHash, err)
	}
	now := v.cfg.Clock.Now()
	slot := aura.SlotAt(now, terms.Duration)
	latest := slot + 1 // clocks differ

	var checked *aura.Checked
	if l, ok := ahead.(*looked); ok && slices.Equal(l.authorities, terms.Authorities) && (l.err != nil || l.checked.Slot <= latest) {
		checked, err = l.checked, l.err
	} else {
		checked, err = aura.Verify(&b.Header, v.scheme, terms.Authorities, latest)
	}
	var wrong *aura.HeaderError
	switch {
	case errors.Is(err, aura.ErrFuture) && errors.As(err, &wrong):
		return &queue.FutureError{Until: (wrong.Slot - 1).Start(terms.Duration), Err: err}
	case err != nil:
		return &queue.BadError{Err: err}
	}
	if found, ok := v.equivocations.Check(latest, checked); ok {
		v.log.Info(fmt.Sprintf("Slot author is equivocating at slot %d with headers %s and %s", found.Slot, found.First.Hash(), found.Second.Hash()))
	}
	return v.checkInherents(ctx, b, checked, Inherents(checked.Slot, now))
}

// checkInherents has the runtime compare the inherents of a block with those that it would have now.
func (v *Verifier) checkInherents(ctx context.Context, b *queue.Block, checked *aura.Checked, data []execution.Inherent) error {
	version, err := v.cfg.Client.Version(ctx, b.Header.ParentHash)
	if err != nil {
		return err
	}
	if builder, ok := version.APIVersion("BlockBuilder"); !ok || builder < 2 {
		return nil
	}
	args := chain.Block{Header: checked.Unsealed, Extrinsics: b.Extrinsics}.AppendScale(nil)
	answer, err := v.cfg.Client.Call(ctx, b.Header.ParentHash, "BlockBuilder_check_inherents", append(args, execution.InherentData(data)...))
	if err != nil {
		return judge(err)
	}
	return judgeInherents(answer)
}

// InherentError says which inherent of a block does not hold.
type InherentError struct {
	ID   [8]byte
	Data []byte // what the runtime said
}

// Variants of sp_timestamp's InherentError.
const (
	timestampTooEarly       = 0
	timestampTooFarInFuture = 1
	timestampIdentifier     = "timstap0"
	textTooEarly            = "The time since the last timestamp is lower than the minimum period."
	textTooFarInFuture      = "The timestamp of the block is too far in the future."
)

// Error returns Substrate's text.
func (e *InherentError) Error() string {
	if string(e.ID[:]) == timestampIdentifier && len(e.Data) == 1 {
		switch e.Data[0] {
		case timestampTooEarly:
			return "Inherent error: " + textTooEarly
		case timestampTooFarInFuture:
			return "Inherent error: " + textTooFarInFuture
		}
	}
	return "Unknown inherent error for identifier: " + strings.ToValidUTF8(string(e.ID[:]), "\ufffd")
}

// judgeInherents reads a CheckInherentsResult: okay, fatal error, and the errors by their inherents. Of several errors the first is returned.
func judgeInherents(answer []byte) error {
	okay := false
	errs, err := scale.UnmarshalFunc(answer, func(d *scale.Decoder) []InherentError {
		okay = d.Bool()
		d.Bool()
		return scale.DecodeSeq(d, func(d *scale.Decoder) (e InherentError) {
			d.Read(e.ID[:])
			e.Data = d.Bytes()
			return e
		})
	})
	switch {
	case err != nil:
		return fmt.Errorf("answer of BlockBuilder_check_inherents: %w", err)
	case okay:
		return nil
	case len(errs) == 0:
		return &queue.BadError{Err: errors.New("the runtime refuses the inherents")}
	}
	if e := &errs[0]; string(e.ID[:]) == timestampIdentifier && len(e.Data) == 1 && e.Data[0] == timestampTooFarInFuture {
		return e // by this clock, now
	}
	return &queue.BadError{Err: &errs[0]}
}

// Has implements queue.Importer.
func (v *Verifier) Has(block hash.H256) (bool, error) {
	_, err := v.cfg.Client.Store().Header(block)
	if errors.Is(err, db.ErrUnknownBlock) {
		return false, nil
	}
	return err == nil, err
}

// Import implements queue.Importer.
func (v *Verifier) Import(ctx context.Context, b *queue.Block) error {
	block := &client.Block{Origin: client.Origin(b.Origin), Block: b.Block, Justifications: b.Justifications}
	importer := v.cfg.Import
	if importer == nil {
		importer, block.Justifications = v.cfg.Client.Import, nil // nobody verifies them
	}
	_, err := importer(ctx, block)
	return judge(err)
}

// Justify implements queue.Importer.
func (v *Verifier) Justify(ctx context.Context, block hash.H256, number chain.BlockNumber, j chain.Justification) error {
	if v.cfg.Justify == nil {
		return nil
	}
	return v.cfg.Justify(ctx, block, number, j)
}

// judge tells the queue whose fault it is that a block did not get in.
func judge(err error) error {
	var trap *wasmhost.Trap
	switch {
	case err == nil:
		return nil
	case errors.Is(err, db.ErrKnownBlock):
		return errors.Join(queue.ErrKnown, err)
	case errors.Is(err, db.ErrUnknownBlock):
		return errors.Join(queue.ErrUnknownParent, err)
	case errors.Is(err, wasmhost.ErrDeadline), errors.Is(err, wasmhost.ErrHost): // a call that took too long, a host that failed
		return err
	case errors.As(err, &trap), errors.Is(err, execution.ErrRoot), errors.Is(err, client.ErrBadBlock), errors.Is(err, db.ErrFinalised), errors.Is(err, db.ErrBlock):
		return &queue.BadError{Err: err}
	case errors.Is(err, grandpa.ErrAuthorities), errors.Is(err, grandpa.ErrDuplicateChange), errors.Is(err, grandpa.ErrForcedPending), errors.Is(err, grandpa.ErrReverted):
		return &queue.BadError{Err: err} // by what the block and those below it announce
	}
	// grandpa.ErrDependency is among the rest: when the change that it waits for is final, the block may come in.
	return err
}
