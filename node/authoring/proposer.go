package authoring

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"time"

	"github.com/gotensor/gotensor/consensus/aura"
	"github.com/gotensor/gotensor/node/client"
	"github.com/gotensor/gotensor/node/execution"
	"github.com/gotensor/gotensor/node/pool"
	"github.com/gotensor/gotensor/primitives/chain"
	"github.com/gotensor/gotensor/primitives/hash"
	"github.com/gotensor/gotensor/primitives/scale"
	"github.com/gotensor/gotensor/storage/db"
	"github.com/gotensor/gotensor/wasmhost"
)

// maxSkipped is how many transactions may find no room before the block counts as full. Source: sc-basic-authorship, MAX_SKIPPED_TRANSACTIONS.
const maxSkipped = 8

// leastStopped is how long a transaction must have run before it leaves the pool for having been stopped: a new runtime's code, say, may need more than a slot of a quarter
// of a second on a busy machine.
const leastStopped = 2 * time.Second

// proposer builds blocks of what is ready. It serves one goroutine.
type proposer struct {
	client  *client.Client
	imports importer
	pool    transactions
	metrics *proposerMetrics
	size    int
	now     func() time.Time // of the deadlines; tests replace it
	log     *slog.Logger     // of Substrate's crate, which names no target
	debug   *slog.Logger

	trouble *trouble

	ending ending
}

func newProposer(cfg Config, p transactions, m *proposerMetrics, t *trouble) *proposer {
	return &proposer{client: cfg.Client, imports: cfg.Import, pool: p, metrics: m, size: cmp.Or(cfg.BlockSize, DefaultBlockSize), now: time.Now, trouble: t,
		log: cfg.Log.With("target", "sc_basic_authorship::basic_authorship"), debug: cfg.Log.With("target", "basic-authorship")}
}

// Inherents returns what the block of a slot has the runtime make inherents of, in ascending order of their ids.
func Inherents(slot aura.Slot, now time.Time) []execution.Inherent {
	return []execution.Inherent{
		{ID: [8]byte([]byte("auraslot")), Data: scale.AppendU64(nil, uint64(slot))},
		{ID: [8]byte([]byte("timstap0")), Data: scale.AppendU64(nil, uint64(now.UnixMilli()))},
	}
}

// Propose builds the block of a task.
func (p *proposer) Propose(ctx context.Context, task *aura.Task) (aura.Proposal, error) {
	began := p.now()
	p.log.Info(fmt.Sprintf("🙌 Starting consensus session on top of parent %s (#%d)", task.Parent.Hash, task.Parent.Header.Number))
	budget := task.Time / 100 * 98 // the rest brings the result back
	built, reason, err := p.build(ctx, task, began.Add(budget), began.Add(budget-budget/10))
	if err != nil {
		p.trouble.explain(db.Point{Number: task.Parent.Header.Number, Hash: task.Parent.Hash}, err)
		return nil, err
	}
	took := p.now().Sub(began)
	p.metrics.block(len(built.Extrinsics), reason, took)
	p.log.Info(fmt.Sprintf("🎁 Prepared block for proposing at %d (%d ms) hash: %s; parent_hash: %s; end: %s; extrinsics_count: %d",
		built.Header.Number, took.Milliseconds(), built.Header.Hash(), short(built.Header.ParentHash), reasons[reason].log, len(built.Extrinsics)))
	return &proposal{p.imports, built}, nil
}

// short is a hash as Rust prints it for people.
func short(h hash.H256) string { return fmt.Sprintf("0x%x…%x", h[:2], h[30:]) }

// build makes a block that is done at end. No more extrinsics go into it after deadline.
func (p *proposer) build(ctx context.Context, task *aura.Task, end, deadline time.Time) (*client.Built, endReason, error) {
	builder, err := p.client.Build(ctx, task.Parent.Hash, task.Digest)
	if err != nil {
		return nil, 0, err
	}
	defer builder.Close()
	began := p.now()
	if _, err := builder.Inherents(ctx, Inherents(task.Slot, task.Now)); err != nil {
		return nil, 0, err
	}
	p.metrics.inherents.Observe(p.now().Sub(began).Seconds())

	reason := transactionForbidden
	if !builder.OnlyInherents() {
		if reason, err = p.fill(ctx, builder, end, deadline); err != nil {
			return nil, 0, err
		}
	}
	began = p.now()
	built, err := builder.Finish(ctx)
	p.ending.learn(builder.Len(), p.now().Sub(began)) // also where it failed: most likely because the time was over, and then the next block must leave more
	return built, reason, err
}

// ending is what the ends of blocks took lately: what any block takes, and what each extrinsic adds.
type ending struct{ any, each time.Duration }

// fewExtrinsics is below how many extrinsics a block tells what any block takes, and from how many on what each of them adds.
const fewExtrinsics = 64

// learn takes in what the end of a block took. What is more than before counts at once, what is less little by little.
func (e *ending) learn(extrinsics int, took time.Duration) {
	learn := func(old *time.Duration, now time.Duration) { *old = max(now, (7**old+now)/8) }
	if extrinsics < fewExtrinsics {
		learn(&e.any, took)
		return
	}
	learn(&e.each, max(took-e.any, 0)/time.Duration(extrinsics))
}

// reserve is the time that the end of a block with one more extrinsic may take, at most half of all the time.
func (e *ending) reserve(extrinsics int, all time.Duration) time.Duration {
	return min(e.any+e.each*time.Duration(extrinsics+1), all/2)
}

// fill puts ready transactions into a block.
func (p *proposer) fill(ctx context.Context, builder *client.Builder, end, deadline time.Time) (endReason, error) {
	now := p.now()
	left, all := max(deadline.Sub(now), 0), end.Sub(now)
	soft := now.Add(left / 2)
	ready := p.ready(ctx, builder.Parent(), left/8)

	var invalid []hash.H256
	defer func() {
		if len(invalid) > 0 {
			p.pool.RemoveInvalid(invalid...)
		}
	}()
	skipped, pushed := 0, false
	// full tells whether a transaction that found no room was one too many.
	full := func(tx *pool.Transaction, now time.Time) bool {
		ready.ReportInvalid(tx)
		skipped++
		return skipped > maxSkipped && !now.Before(soft)
	}
	for {
		tx, ok := ready.Next()
		if !ok {
			return noMoreTransactions, nil
		}
		now := p.now()
		if now.After(deadline) || end.Sub(now) < p.ending.reserve(builder.Len(), all) {
			p.debug.Debug("Consensus deadline reached when pushing block transactions, proceeding with proposing.")
			return hitDeadline, nil
		}
		if builder.Size()+tx.Bytes > p.size {
			if full(tx, now) {
				if !pushed {
					p.debug.Warn(fmt.Sprintf("Hit block size limit of `%d` without including any transaction!", p.size))
				}
				return hitBlockSizeLimit, nil
			}
			continue
		}
		applied, err := builder.Apply(ctx, tx.Extrinsic)
		switch {
		case err != nil:
			// The block is lost. One that takes all the time there is would take it from every block; but where slots are short, empty ones make the next longer.
			if took := p.now().Sub(now); errors.Is(err, wasmhost.ErrDeadline) && 2*took > end.Sub(now) && now.Before(soft) && took >= leastStopped {
				p.debug.Warn(fmt.Sprintf("[%s] Transaction ran for %v and was stopped: it leaves the pool.", tx.Hash, took.Round(time.Millisecond)))
				invalid = append(invalid, tx.Hash)
			}
			return 0, err
		case applied.Included:
			pushed = true
		case applied.Err == nil && noRoom(applied.Result):
			if full(tx, p.now()) {
				p.debug.Debug("Reached block weight limit, proceeding with proposing.")
				return hitBlockWeightLimit, nil
			}
		default:
			ready.ReportInvalid(tx)
			p.debug.Debug(fmt.Sprintf("[%s] Invalid transaction: %v at: %s", tx.Hash, refusal(applied), builder.Parent().Hash))
			if !elsewhere(applied) {
				invalid = append(invalid, tx.Hash)
			}
		}
	}
}

// ready returns what the pool has after it has handled parent, or what it has after wait.
func (p *proposer) ready(ctx context.Context, parent db.Point, wait time.Duration) iterator {
	limited, cancel := context.WithTimeout(ctx, wait)
	defer cancel()
	ready := p.pool.Ready(limited, parent.Hash)
	if limited.Err() != nil && ctx.Err() == nil {
		p.debug.Warn(fmt.Sprintf("Timeout fired waiting for transaction pool at block #%d. Proceeding with production.", parent.Number))
	}
	return ready
}

// noRoom tells whether an ApplyExtrinsicResult is InvalidTransaction::ExhaustsResources.
func noRoom(result []byte) bool {
	refused := validity(result)
	return refused != nil && refused.ExhaustsResources()
}

// elsewhere tells whether a transaction that was refused may be good on another block than the parent: its nonce is too high or too low, where the pool has not
// handled the parent yet. The pool itself finds out which of them are of no use any more. Source: sc-transaction-pool, report_invalid of the fork-aware pool.
func elsewhere(a execution.Applied) bool {
	refused := validity(a.Result)
	return refused != nil && !refused.Unknown && (refused.Kind == pool.InvalidFuture || refused.Kind == pool.InvalidStale)
}

// refusal is why an extrinsic is not in the block.
func refusal(a execution.Applied) error {
	if a.Err != nil {
		return a.Err
	}
	if refused := validity(a.Result); refused != nil {
		return refused
	}
	return fmt.Errorf("runtime answered 0x%x", a.Result)
}

// validity returns the TransactionValidityError of an ApplyExtrinsicResult; nil where it is none.
func validity(result []byte) *pool.InvalidError {
	if len(result) == 0 || result[0] != 1 {
		return nil
	}
	refused, err := scale.Unmarshal[pool.InvalidError](result[1:])
	if err != nil {
		return nil
	}
	return &refused
}

// proposal is a block that was built.
type proposal struct {
	imports importer
	built   *client.Built
}

func (p *proposal) Header() *chain.Header { return &p.built.Header }
func (p *proposal) Close()                { p.built.Close() }

// Import puts the sealed block into the chain.
func (p *proposal) Import(ctx context.Context, seal chain.DigestItem) (hash.H256, error) {
	block := p.built.Block
	block.Header.Digest = append(block.Header.Digest[:len(block.Header.Digest):len(block.Header.Digest)], seal)
	return p.imports(ctx, &client.Block{Origin: client.OriginOwn, Block: block, Built: p.built})
}
