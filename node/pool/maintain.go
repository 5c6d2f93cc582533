package pool

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"
	"sync/atomic"

	"github.com/gotensor/gotensor/node/client"
	"github.com/gotensor/gotensor/primitives/chain"
	"github.com/gotensor/gotensor/primitives/hash"
	"github.com/gotensor/gotensor/storage/db"
)

// Handle brings the pool up to what happened to the chain: what new blocks of the best chain contain leaves it, what blocks that left the chain contained comes
// back, and watches learn of both and of finality. Call it for each event, in order; after a *client.LaggedError call Resync. An error is one of the store or of
// ctx. The pool goes on with the next event.
func (p *Pool) Handle(ctx context.Context, event client.Event) error {
	p.maintenance.Lock()
	defer p.maintenance.Unlock()
	switch {
	case event.Imported != nil:
		if !event.Imported.NewBest {
			return nil
		}
		bodies := map[hash.H256][]chain.OpaqueExtrinsic{event.Imported.Hash: event.Imported.Extrinsics}
		return p.follow(ctx, event.Imported.Point, nil, bodies)
	case event.Finalised != nil:
		return p.finalise(ctx, event.Finalised.Moved)
	}
	return nil
}

// Resync brings the pool up to the chain's head where events were lost.
func (p *Pool) Resync(ctx context.Context) error {
	p.maintenance.Lock()
	defer p.maintenance.Unlock()
	head := p.chain.Head()
	if err := p.follow(ctx, head.Best, nil, nil); err != nil {
		return err
	}
	p.finalised = head.Finalised.Number
	for _, block := range p.listener.awaited() {
		header, err := p.chain.Header(block)
		if err != nil || header.Number > head.Finalised.Number {
			continue
		}
		if on, err := p.chain.Ancestor(head.Finalised.Hash, header.Number); err == nil && on == block {
			p.listener.finalise(block)
		}
	}
	return nil
}

func (p *Pool) finalise(ctx context.Context, moved db.Moved) error {
	if len(moved.Finalised) == 0 {
		return nil
	}
	// The best chain may have been dropped, or the event of a best block may be missing.
	last := moved.Finalised[len(moved.Finalised)-1]
	p.mu.RLock()
	handled := p.handled
	p.mu.RUnlock()
	gone := func(block hash.H256) bool {
		return slices.ContainsFunc(moved.Dropped, func(d db.Point) bool { return d.Hash == block })
	}
	if gone(handled.Hash) || handled.Number < last.Number {
		to := last
		if gone(handled.Hash) {
			to = moved.Head.Best
		}
		if err := p.follow(ctx, to, moved.Retracted, nil); err != nil {
			return err
		}
	}
	p.finalised = max(p.finalised, last.Number)
	for _, block := range moved.Finalised {
		p.listener.finalise(block.Hash)
	}
	return nil
}

// follow goes from the best block that the pool knows to another one. dropped are blocks of the way back that are in the store no more, from the best block down,
// and bodies are those of blocks that need not be read.
func (p *Pool) follow(ctx context.Context, to db.Point, dropped []db.Retracted, bodies map[hash.H256][]chain.OpaqueExtrinsic) error {
	p.mu.RLock()
	from := p.handled
	p.mu.RUnlock()
	if from == to {
		return nil
	}
	route, err := p.route(from, to, dropped)
	lost := err != nil
	if lost {
		// The way there is too long, or leads over blocks that are no more.
		p.cfg.Log.Debug("no way to the best block", "from", from, "to", to, "err", err)
		if route, err = p.detour(to); err != nil {
			p.cfg.Log.Debug("nor from the last final block", "to", to, "err", err)
		}
	}
	if to.Number < p.finalised || !lost && (len(route.Enacted) == 0 || route.Common.Number < p.finalised) {
		// An event from before the pool was brought up to a later block.
		return nil
	}
	if bodies == nil {
		bodies = make(map[hash.H256][]chain.OpaqueExtrinsic, len(dropped))
	}
	for _, d := range dropped {
		bodies[d.Hash] = d.Body
	}
	body := func(block hash.H256) ([]chain.OpaqueExtrinsic, error) {
		if body, ok := bodies[block]; ok {
			return body, nil
		}
		return p.chain.Body(block)
	}

	for _, block := range route.Retracted {
		p.listener.retract(block.Hash)
	}
	if lost && err == nil {
		p.retractOthers(to)
	}
	if lost || len(route.Retracted) > 0 {
		p.mu.Lock()
		p.graph.forgetPruned()
		p.recent = nil
		p.mu.Unlock()
	}
	included := make(map[hash.H256]struct{})
	parent := route.Common
	var failed error
	for _, block := range route.Enacted {
		if err := ctx.Err(); err != nil {
			return err
		}
		extrinsics, err := body(block.Hash)
		if err != nil {
			failed = fmt.Errorf("read the body of %s: %w", block, err)
		}
		for _, h := range p.prune(ctx, block, parent, extrinsics) {
			included[h] = struct{}{}
		}
		parent = block
	}
	p.metrics.pruned.Add(float64(len(included)))
	for _, block := range slices.Backward(route.Retracted) {
		extrinsics, err := body(block.Hash)
		if err != nil {
			failed = fmt.Errorf("read the body of %s: %w", block, err)
			continue
		}
		p.resubmit(ctx, to, extrinsics, included)
	}
	if len(route.Retracted) > 0 {
		p.recheck(ctx, to, route.Common.Number)
	}
	p.arrive(to)
	p.revalidate(to, lost) // all, where it is not known what left the best chain
	return failed
}

// detour is the way to a block where that from the last one is lost: the best chain above what was final when the pool looked last, or as much of it as finality is
// waited for. Blocks that were handled before are on it again, which changes nothing. What was in those that are no more is lost.
func (p *Pool) detour(to db.Point) (db.Route, error) {
	number := min(max(p.finalised, to.Number-min(to.Number, finalityBlocks)), to.Number)
	common, err := p.chain.Ancestor(to.Hash, number)
	if err != nil {
		return db.Route{}, err
	}
	return p.chain.Route(common, to.Hash)
}

// retractOthers retracts the blocks that watches wait for and that are not on the chain of a block.
func (p *Pool) retractOthers(best db.Point) {
	for _, block := range p.listener.awaited() {
		header, err := p.chain.Header(block)
		if err == nil {
			var on hash.H256
			if on, err = p.chain.Ancestor(best.Hash, header.Number); err == nil && on == block {
				continue
			}
		}
		p.listener.retract(block)
	}
}

// route is the way between two blocks of which the store may have dropped the first.
func (p *Pool) route(from, to db.Point, dropped []db.Retracted) (db.Route, error) {
	at := slices.IndexFunc(dropped, func(r db.Retracted) bool { return r.Hash == from.Hash })
	if at < 0 {
		return p.chain.Route(from.Hash, to.Hash)
	}
	// What was dropped lies above a block that was not, and which is an ancestor of all that remain.
	retracted := make([]db.Point, 0, len(dropped))
	for _, r := range dropped[at:] {
		retracted = append(retracted, r.Point)
	}
	lowest := retracted[len(retracted)-1]
	if lowest.Number == 0 {
		return db.Route{}, errors.New("block 0 was dropped")
	}
	common, err := p.chain.Ancestor(to.Hash, lowest.Number-1)
	if err != nil {
		return db.Route{}, err
	}
	route, err := p.chain.Route(common, to.Hash)
	route.Retracted = append(retracted, route.Retracted...)
	return route, err
}

// arrive says that the pool has handled a block.
func (p *Pool) arrive(at db.Point) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.handled = at
	p.recent = append(p.recent[max(0, len(p.recent)-keptTags):], at.Hash)
	close(p.moved)
	p.moved = make(chan struct{})
}

// prune takes out what a block contains, and what cannot be in another one after it, and returns the hashes of the block's extrinsics.
func (p *Pool) prune(ctx context.Context, block, parent db.Point, extrinsics []chain.OpaqueExtrinsic) []hash.H256 {
	ids := make([]identity, len(extrinsics))
	hashes := make([]hash.H256, len(extrinsics))
	for i, xt := range extrinsics {
		ids[i] = identify(xt)
		hashes[i] = ids[i].hash
	}
	// Of those in the pool it is known what they provide. For others the runtime is asked, where there is something in the pool that could wait for it.
	provides := make([][]Tag, len(extrinsics))
	var unknown []int
	p.mu.RLock()
	empty := len(p.graph.ready.all) == 0 && len(p.graph.future.all) == 0
	for i, h := range hashes {
		if tx := p.graph.find(h); tx != nil {
			provides[i] = tx.Provides
		} else {
			unknown = append(unknown, i)
		}
	}
	p.mu.RUnlock()
	if !empty {
		p.each(len(unknown), func(i int) {
			i = unknown[i]
			if tx, err := p.validate(ctx, &parent, InBlock, extrinsics[i], ids[i]); err == nil {
				provides[i] = tx.Provides
			}
		})
	}

	p.pruneTags(ctx, block, slices.Concat(provides...), hashes)
	return hashes
}

// pruneTags takes out what provides one of tags, since a block does, and says that the extrinsics with these hashes are in the block.
func (p *Pool) pruneTags(ctx context.Context, block db.Point, tags []Tag, hashes []hash.H256) {
	p.mu.Lock()
	done := p.graph.prune(tags)
	for _, promoted := range done.promoted {
		p.announceLocked(promoted)
	}
	for _, tx := range done.failed {
		p.listener.tell(tx.Hash, Status{Kind: StatusDropped})
	}
	now := p.cfg.Now()
	included := make(map[hash.H256]struct{}, len(hashes))
	for _, h := range hashes {
		p.bans.ban(now, h)
		included[h] = struct{}{}
	}
	again := slices.DeleteFunc(done.pruned, func(tx *Transaction) bool {
		_, in := included[tx.Hash]
		return in || p.bans.banned(p.cfg.Now, tx.Hash)
	})
	p.mu.Unlock()
	// What provides a tag of the block without being in it is probably invalid now; what only led to it may be valid still.
	p.readmit(ctx, block, again)

	p.listener.include(block.Hash, hashes)
	p.clearStale(block.Number)
}

// readmit validates transactions again that left the pool with a block, and takes those in that are valid still.
func (p *Pool) readmit(ctx context.Context, at db.Point, txs []*Transaction) {
	results := make([]error, len(txs))
	valid := make([]*Transaction, len(txs))
	p.each(len(txs), func(i int) {
		valid[i], results[i] = p.validate(ctx, &at, txs[i].Source, txs[i].Extrinsic, identity{txs[i].Hash, txs[i].Bytes})
	})
	p.mu.Lock()
	defer p.mu.Unlock()
	for i, tx := range txs {
		err := results[i]
		if err == nil {
			valid[i].age = tx.age
			err = p.addLocked(valid[i])
		}
		p.lostLocked(tx.Hash, err)
	}
}

// lostLocked tells what became of a transaction that was in the pool or on the best chain and did not get into the pool again because of err.
func (p *Pool) lostLocked(h hash.H256, err error) {
	var low *TooLowPriorityError
	switch {
	case err == nil, errors.Is(err, ErrAlreadyImported):
	case errors.Is(err, ErrFull): // was told
	case errors.As(err, &low), errors.Is(err, ErrCycle), errors.Is(err, ErrFuture):
		p.listener.tell(h, Status{Kind: StatusDropped})
	default:
		if deserved(err) {
			p.bans.ban(p.cfg.Now(), h)
		}
		p.listener.tell(h, Status{Kind: StatusInvalid})
	}
}

// resubmit brings the transactions of a block that left the best chain back into the pool, but for those that are in the new blocks.
func (p *Pool) resubmit(ctx context.Context, at db.Point, extrinsics []chain.OpaqueExtrinsic, included map[hash.H256]struct{}) {
	p.metrics.resubmitted.Add(float64(len(extrinsics)))
	var txs []*Transaction
	p.mu.Lock()
	for _, xt := range extrinsics {
		id := identify(xt)
		if _, ok := included[id.hash]; ok || p.graph.contains(id.hash) {
			continue
		}
		p.bans.lift(id.hash)
		p.ages++
		txs = append(txs, &Transaction{Hash: id.hash, Extrinsic: xt, Bytes: id.bytes, Source: External, age: p.ages})
	}
	p.mu.Unlock()
	p.readmit(ctx, at, txs)
}

// clearStale takes out what is valid no longer than up to a block.
func (p *Pool) clearStale(number chain.BlockNumber) {
	p.mu.Lock()
	defer p.mu.Unlock()
	var stale []*Transaction
	for _, tx := range p.graph.ready.all {
		if tx.ValidTill <= uint64(number) {
			stale = append(stale, tx.Transaction)
		}
	}
	for _, tx := range p.graph.future.all {
		if tx.ValidTill <= uint64(number) {
			stale = append(stale, tx.Transaction)
		}
	}
	slices.SortFunc(stale, compareAge)
	hashes := make([]hash.H256, len(stale))
	for i, tx := range stale {
		hashes[i] = tx.Hash
	}
	p.removeInvalidLocked(hashes)
	p.bans.clear(p.cfg.Now())
}

// each calls f for 0 to n-1, on as many goroutines as validations may run.
func (p *Pool) each(n int, f func(int)) {
	var next atomic.Int64
	var all sync.WaitGroup
	for range min(n, p.cfg.Validations) {
		all.Go(func() {
			for i := int(next.Add(1)) - 1; i < n; i = int(next.Add(1)) - 1 {
				f(i)
			}
		})
	}
	all.Wait()
}

// minRevalidated is the least number of transactions that are validated again at a time (MIN_BACKGROUND_REVALIDATION_BATCH_SIZE).
const minRevalidated = 20

// revalidate checks in the background whether what is in the pool is valid still, the oldest first: what was validated long enough ago, or anything with all. Of what is
// due a quarter is checked with each block, so that the work that an old, full pool makes has a bound and block production has the rest. Where the last check is
// still under way it does nothing.
func (p *Pool) revalidate(at db.Point, all bool) {
	if !p.revalidating.TryLock() {
		return
	}
	now := p.cfg.Now()
	due := p.due(func(tx *Transaction) bool {
		return all || tx.at.Number+p.cfg.RevalidateBlocks <= at.Number || now.Sub(tx.validated) >= p.cfg.RevalidatePeriod
	})
	if len(due) == 0 || p.closing.Err() != nil {
		p.revalidating.Unlock()
		return
	}
	if !all {
		due = due[:min(len(due), max(minRevalidated, len(due)/4))]
	}
	p.work.Go(func() {
		defer p.revalidating.Unlock()
		// One at a time: the other processors belong to who waits.
		results := make([]error, len(due))
		txs := make([]*Transaction, len(due))
		for i, old := range due {
			if p.closing.Err() != nil {
				return
			}
			txs[i], results[i] = p.validateAgain(p.closing, at, old)
		}
		p.mu.Lock()
		defer p.mu.Unlock()
		if p.handled != at {
			// The chain went on meanwhile. What was invalid most likely is still; what was valid may require more or less by now, and is left as it is.
			clear(txs)
		}
		p.updateLocked(due, txs, results)
	})
}

// recheck validates on a new best block what was validated on blocks that left the best chain, all above common, or counts on them for a tag that it requires:
// what was in them is in the pool again, or nowhere, and what goes first has changed.
func (p *Pool) recheck(ctx context.Context, at db.Point, common chain.BlockNumber) {
	due := p.due(func(tx *Transaction) bool {
		ready := p.graph.ready.all[tx.Hash]
		return tx.at.Number > common || ready != nil && ready.satisfied > 0
	})
	results := make([]error, len(due))
	txs := make([]*Transaction, len(due))
	p.each(len(due), func(i int) { txs[i], results[i] = p.validateAgain(ctx, at, due[i]) })
	p.mu.Lock()
	defer p.mu.Unlock()
	p.updateLocked(due, txs, results)
}

// due returns the transactions for which is says so, those first that were validated on the lowest block.
func (p *Pool) due(is func(*Transaction) bool) (due []*Transaction) {
	p.mu.RLock()
	defer p.mu.RUnlock()
	for _, tx := range p.graph.ready.all {
		if is(tx.Transaction) {
			due = append(due, tx.Transaction)
		}
	}
	for _, tx := range p.graph.future.all {
		if is(tx.Transaction) {
			due = append(due, tx.Transaction)
		}
	}
	slices.SortFunc(due, func(a, b *Transaction) int { return cmp.Or(cmp.Compare(a.at.Number, b.at.Number), compareAge(a, b)) })
	return due
}

// validateAgain validates a transaction if it is still in the pool. It returns nothing where it is not.
func (p *Pool) validateAgain(ctx context.Context, at db.Point, old *Transaction) (*Transaction, error) {
	p.mu.RLock()
	gone := p.graph.find(old.Hash) != old
	p.mu.RUnlock()
	if gone {
		return nil, nil
	}
	return p.validate(ctx, &at, old.Source, old.Extrinsic, identity{old.Hash, old.Bytes})
}

// updateLocked gives transactions the validity that the runtime found last, or takes them out where it found them invalid. Where the validity differs, the
// transaction and those that depend on it are taken out and put back in, as what they require may be elsewhere now.
func (p *Pool) updateLocked(due, txs []*Transaction, results []error) {
	var invalid []hash.H256
	var order []*Transaction
	updated := make(map[hash.H256]*Transaction)
	for i, old := range due {
		tx, err := txs[i], results[i]
		switch {
		case p.graph.find(old.Hash) != old:
		case err != nil:
			// Where it is not known, it may be once others are in a block; where the host failed, it is for the next check.
			if deserved(err) {
				invalid = append(invalid, old.Hash)
			}
		case tx == nil:
		case p.sameLocked(old, tx):
			old.at, old.validated = tx.at, tx.validated
		default:
			tx.age = old.age
			updated[tx.Hash] = tx
			order = append(order, tx)
		}
	}
	p.removeInvalidLocked(invalid)
	slices.SortFunc(order, compareAge)
	var back []*Transaction
	for _, tx := range order {
		for _, removed := range p.graph.removeSubtree(tx.Hash) {
			if renewed, ok := updated[removed.Hash]; ok {
				removed = renewed
			}
			back = append(back, removed)
		}
	}
	// In which order they come back is not known before: what comes before what it requires waits in between, whether the pool takes what waits or not.
	rejectFuture := p.graph.rejectFuture
	p.graph.rejectFuture = false
	var touched []hash.H256
	by := make(map[hash.H256]hash.H256)
	for _, tx := range back {
		done, err := p.graph.add(tx)
		touched = append(append(touched, tx.Hash), done.promoted...)
		for _, lost := range done.removed {
			touched = append(touched, lost.Hash)
			if err == nil {
				by[lost.Hash] = tx.Hash
			}
		}
	}
	if p.graph.rejectFuture = rejectFuture; rejectFuture {
		p.graph.clearFuture()
	}
	for _, h := range touched {
		usurper, usurped := by[h]
		switch _, ready := p.graph.ready.all[h]; {
		case ready:
			p.listener.tell(h, Status{Kind: StatusReady})
		case p.graph.contains(h):
			p.listener.tell(h, Status{Kind: StatusFuture})
		case usurped:
			p.listener.tell(h, Status{Kind: StatusUsurped, By: usurper})
		default:
			p.listener.tell(h, Status{Kind: StatusDropped})
		}
	}
	p.enforceLocked(hash.H256{})
}

// sameLocked tells whether nothing in the graph changes with a validity: a ready transaction counts on no block for what the runtime requires still, and on blocks
// alone for what the runtime requires no longer. One that waits does not get longer to live, so that it is stale some day.
func (p *Pool) sameLocked(old, tx *Transaction) bool {
	if old.Priority != tx.Priority || old.Propagate != tx.Propagate || !slices.Equal(old.Provides, tx.Provides) {
		return false
	}
	same := slices.Equal(old.Requires, tx.Requires)
	if ready, ok := p.graph.ready.all[old.Hash]; ok {
		return old.ValidTill == tx.ValidTill && (same && ready.satisfied == 0 || len(tx.Requires) == 0 && ready.best)
	}
	return same
}
