package pool

import (
	"bytes"
	"cmp"
	"errors"
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/gotensor/gotensor/primitives/chain"
	"github.com/gotensor/gotensor/primitives/hash"
	"github.com/gotensor/gotensor/storage/db"
)

// model is the queues without an index: two lists, gone through from the start for every question.
type model struct {
	ids    int
	ready  []*modelTx
	future []*modelFuture
	pruned [keptTags]map[Tag]bool
	turn   int
}

type modelTx struct {
	*Transaction
	id int
	// waits are the required tags that another ready transaction provided when this one came, and no block has since.
	waits map[Tag]bool
}

// modelFuture is a waiting transaction with the tags that nothing has provided since it came. One that was provided counts as such even if its provider is dropped.
type modelFuture struct {
	*Transaction
	missing map[Tag]bool
}

func (m *model) provider(tag Tag) *modelTx {
	for _, tx := range m.ready {
		if slices.Contains(tx.Provides, tag) {
			return tx
		}
	}
	return nil
}

// satisfy says that a tag is provided, and returns what waits for nothing more.
func (m *model) satisfy(tag Tag) (ready []*Transaction) {
	for _, tx := range slices.Clone(m.future) {
		if tx.missing[tag] {
			if delete(tx.missing, tag); len(tx.missing) == 0 {
				m.future = slices.DeleteFunc(m.future, func(other *modelFuture) bool { return other == tx })
				ready = append(ready, tx.Transaction)
			}
		}
	}
	return ready
}

func (m *model) drop(tx *modelTx) {
	m.ready = slices.DeleteFunc(m.ready, func(other *modelTx) bool { return other == tx })
}

// remove takes out a transaction and what waits for one of its tags; spared are tags that somebody else provides at once.
func (m *model) remove(tx *modelTx, spared []Tag) {
	if !slices.Contains(m.ready, tx) {
		return
	}
	m.drop(tx)
	lost := slices.ContainsFunc(tx.Provides, func(tag Tag) bool { return !slices.Contains(spared, tag) })
	if !lost {
		return
	}
	for _, tag := range tx.Provides {
		for _, other := range slices.Clone(m.ready) {
			if other.waits[tag] {
				m.remove(other, spared)
			}
		}
	}
}

func (m *model) addReady(tx *Transaction) bool {
	sum, rivals := uint64(0), []*modelTx(nil)
	for _, other := range m.ready {
		if slices.ContainsFunc(tx.Provides, func(tag Tag) bool { return slices.Contains(other.Provides, tag) }) {
			sum += other.Priority
			rivals = append(rivals, other)
		}
	}
	m.ids++
	if len(rivals) > 0 && sum >= tx.Priority {
		return false
	}
	for _, rival := range rivals {
		m.remove(rival, tx.Provides)
	}
	entry := &modelTx{tx, m.ids, map[Tag]bool{}}
	for _, tag := range tx.Requires {
		if m.provider(tag) != nil {
			entry.waits[tag] = true
		}
	}
	m.ready = append(m.ready, entry)
	return true
}

func (m *model) add(tx *Transaction) (ok bool) {
	missing := map[Tag]bool{}
	for _, tag := range tx.Requires {
		if m.provider(tag) == nil && !m.pruned[0][tag] && !m.pruned[1][tag] {
			missing[tag] = true
		}
	}
	if len(missing) > 0 {
		m.future = append(m.future, &modelFuture{tx, missing})
		return true
	}
	return m.addAll(tx)
}

func (m *model) addAll(first *Transaction) bool {
	work := []*Transaction{first}
	var promoted []*Transaction
	for len(work) > 0 {
		tx := work[len(work)-1]
		work = work[:len(work)-1]
		if !m.addReady(tx) {
			if tx == first {
				return false
			}
			continue
		}
		promoted = append(promoted, tx)
		for _, tag := range tx.Provides {
			work = append(work, m.satisfy(tag)...)
		}
	}
	if !slices.ContainsFunc(m.ready, func(tx *modelTx) bool { return tx.Transaction == first }) {
		// What it unlocked took its place.
		for _, tx := range promoted {
			m.removeHash(tx.Hash)
		}
		return false
	}
	return true
}

func (m *model) prune(tag Tag) {
	tx := m.provider(tag)
	if tx == nil {
		return
	}
	m.drop(tx)
	var behind []*modelTx
	for _, required := range tx.Requires { // whether it waits for that tag or a block provided it: what is pruned too eagerly is validated again
		if before := m.provider(required); before != nil {
			behind = append(behind, before)
		}
	}
	for _, provided := range tx.Provides {
		for _, other := range m.ready {
			delete(other.waits, provided)
		}
	}
	for _, before := range behind {
		needed := slices.ContainsFunc(m.ready, func(other *modelTx) bool {
			return slices.ContainsFunc(before.Provides, func(tag Tag) bool { return other.waits[tag] })
		})
		if !needed && len(before.Provides) > 0 {
			for _, tag := range before.Provides {
				m.prune(tag)
			}
		}
	}
}

func (m *model) pruneAll(tags []Tag) {
	m.pruned[m.turn] = map[Tag]bool{}
	for _, tag := range tags {
		m.pruned[m.turn][tag] = true
	}
	m.turn = (m.turn + 1) % keptTags
	m.future = slices.DeleteFunc(m.future, func(tx *modelFuture) bool {
		return slices.ContainsFunc(tx.Provides, func(tag Tag) bool { return slices.Contains(tags, tag) })
	})
	var promoted []*Transaction
	for _, tag := range tags {
		promoted = append(promoted, m.satisfy(tag)...)
		m.prune(tag)
	}
	for _, tx := range promoted {
		m.addAll(tx)
	}
}

func (m *model) order() (got []byte) {
	left := slices.Clone(m.ready)
	for len(left) > 0 {
		var best *modelTx
		for _, tx := range left {
			blocked := slices.ContainsFunc(left, func(other *modelTx) bool {
				return slices.ContainsFunc(other.Provides, func(tag Tag) bool { return tx.waits[tag] })
			})
			if !blocked && (best == nil || cmp.Or(-cmp.Compare(tx.Priority, best.Priority), cmp.Compare(tx.ValidTill, best.ValidTill), cmp.Compare(tx.id, best.id)) < 0) {
				best = tx
			}
		}
		if best == nil {
			return got
		}
		got = append(got, best.Hash[0])
		left = slices.DeleteFunc(left, func(tx *modelTx) bool { return tx == best })
	}
	return got
}

func (m *model) removeHash(h hash.H256) {
	for _, tx := range slices.Clone(m.ready) {
		if tx.Hash == h {
			m.remove(tx, nil)
		}
	}
	m.future = slices.DeleteFunc(m.future, func(tx *modelFuture) bool { return tx.Hash == h })
}

// consistent checks what the indexes of a graph must say of one another.
func consistent(g *graph) error {
	size, best := 0, 0
	for h, tx := range g.ready.all {
		size += tx.Bytes
		switch {
		case tx.gone, tx.Hash != h, g.ready.worst[tx.position] != tx:
			return fmt.Errorf("ready %x is not in order", h[0])
		case tx.best:
			best++
		}
		linked, asked := 0, map[*readyTx]bool{}
		for _, tag := range tx.Requires {
			other := g.ready.provided[tag]
			if other == nil || asked[other] {
				continue
			}
			asked[other] = true
			for _, dependant := range other.unlocks {
				if dependant == tx {
					linked++
				}
			}
		}
		if linked+tx.satisfied != len(tx.Requires) || tx.best != (linked == 0) {
			return fmt.Errorf("ready %x: %d of %d tags linked, %d satisfied, best %v", h[0], linked, len(tx.Requires), tx.satisfied, tx.best)
		}
		for _, tag := range tx.Provides {
			if g.ready.provided[tag] != tx {
				return fmt.Errorf("tag %x of ready %x belongs to another", tag, h[0])
			}
		}
		for _, dependant := range tx.unlocks {
			if dependant.gone {
				return fmt.Errorf("ready %x unlocks %x, which is gone", h[0], dependant.Hash[0])
			}
		}
	}
	walked := 0
	var c cursor
	for c.descend(g.ready.best.root); c.peek() != nil; c.skip() {
		if !c.peek().best {
			return fmt.Errorf("%x is among the best ones", c.peek().Hash[0])
		}
		walked++
	}
	if walked != best || size != g.ready.bytes || len(g.ready.worst) != len(g.ready.all) {
		return fmt.Errorf("%d best ones in order, %d marked; %d bytes, counted %d", walked, best, g.ready.bytes, size)
	}
	for tag, tx := range g.ready.provided {
		if tx.gone || !slices.Contains(tx.Provides, tag) {
			return fmt.Errorf("tag %x is provided by nobody", tag)
		}
	}
	size = 0
	for h, tx := range g.future.all {
		size += tx.Bytes
		if len(tx.missing) == 0 || g.future.oldest[tx.position] != tx {
			return fmt.Errorf("future %x is not in order", h[0])
		}
		for _, tag := range tx.missing {
			if !slices.Contains(g.future.wanted[tag], tx) {
				return fmt.Errorf("future %x does not wait for %x", h[0], tag)
			}
		}
	}
	if size != g.future.bytes {
		return fmt.Errorf("%d bytes wait, counted %d", g.future.bytes, size)
	}
	for tag, waiting := range g.future.wanted {
		if len(waiting) == 0 || slices.ContainsFunc(waiting, func(tx *futureTx) bool { return g.future.all[tx.Hash] != tx }) {
			return fmt.Errorf("tag %x is wanted by nobody", tag)
		}
	}
	return nil
}

// TestGraphModel runs random histories through the queues and through the model.
func TestGraphModel(t *testing.T) {
	for seed := range uint64(300) {
		r := rand.New(rand.NewPCG(seed, 1))
		g, m := newGraph(false), &model{}
		some := func(n, below, above int) (some []Tag) {
			for range n {
				if tag := tags(byte(above + r.IntN(below-above))); !slices.Contains(some, tag[0]) {
					some = append(some, tag...)
				}
			}
			return some
		}
		for step := range 120 {
			what := ""
			switch r.IntN(10) {
			default:
				n := byte(step)
				tx := base(n, some(r.IntN(3), 16, 0), some(1+r.IntN(2), 16, 0))
				tx.Priority, tx.ValidTill, tx.age = uint64(r.IntN(4)), uint64(r.IntN(3)), uint64(step)
				what = fmt.Sprintf("add %x requires %x provides %x", n, tx.Requires, tx.Provides)
				_, err := g.add(tx)
				if ok := m.add(tx); ok != (err == nil) {
					t.Fatalf("seed %d step %d: %s: model %v, got %v", seed, step, what, ok, err)
				}
			case 0, 1:
				pruned := some(1+r.IntN(3), 16, 0)
				what = fmt.Sprintf("prune %x", pruned)
				g.prune(pruned)
				m.pruneAll(pruned)
			case 2:
				h := id(byte(r.IntN(step + 1)))
				what = fmt.Sprintf("remove %x", h[0])
				g.removeSubtree(h)
				m.removeHash(h)
			case 3:
				limit := Limit{Count: 1 + r.IntN(12), Bytes: 100}
				what = fmt.Sprintf("limit to %d", limit.Count)
				g.enforce(limit, limit)
				for len(m.ready) > limit.Count {
					m.remove(slices.MinFunc(m.ready, func(a, b *modelTx) int {
						return cmp.Or(cmp.Compare(a.Priority, b.Priority), cmp.Compare(a.id, b.id))
					}), nil)
				}
				for len(m.future) > limit.Count {
					oldest := slices.MinFunc(m.future, func(a, b *modelFuture) int { return compareAge(a.Transaction, b.Transaction) })
					m.removeHash(oldest.Hash)
				}
			}
			if err := consistent(g); err != nil {
				t.Fatalf("seed %d step %d: %s: %v", seed, step, what, err)
			}
			if got, want := order(g), m.order(); !bytes.Equal(got, want) {
				t.Fatalf("seed %d step %d: %s: ready %x, model %x", seed, step, what, got, want)
			}
			var got, want []byte
			for h := range g.future.all {
				got = append(got, h[0])
			}
			for _, tx := range m.future {
				want = append(want, tx.Hash[0])
			}
			slices.Sort(got)
			slices.Sort(want)
			if !bytes.Equal(got, want) {
				t.Fatalf("seed %d step %d: %s: future %x, model %x", seed, step, what, got, want)
			}
		}
	}
}

// TestPoolModel runs random histories of a chain with forks through a pool, and asks after each block what must hold whatever happened: what is ready can be applied
// in its order to the best block, nothing is lost that could be, and every watch tells a story that is true.
func TestPoolModel(t *testing.T) {
	for seed := range uint64(25) {
		r := rand.New(rand.NewPCG(seed, 2))
		c := nonceChain()
		cfg := Config{RevalidateBlocks: chain.BlockNumber(1 + r.IntN(5))}
		p := newPool(t, cfg, c)
		watches := map[hash.H256]*Watch{}
		told := map[hash.H256][]Status{}
		tips := []db.Point{c.Head().Best}
		submitted := 0
		for step := range 150 {
			switch r.IntN(4) {
			default:
				account := byte(1 + r.IntN(4))
				used := nonceAt(t, c, c.Head().Best, account)
				xt := transfer(account, used+uint64(r.IntN(4)), byte(1+r.IntN(3)))
				h, w, err := p.SubmitAndWatch(t.Context(), External, xt)
				var low *TooLowPriorityError
				switch {
				case err == nil:
					if old := watches[h]; old != nil {
						told[h] = nil // it failed for good before, and came back
					}
					watches[h] = w
					submitted++
				case errors.Is(err, ErrBanned), errors.Is(err, ErrAlreadyImported), errors.As(err, &low):
				default:
					t.Fatalf("seed %d step %d: submit: %v", seed, step, err)
				}
			case 0:
				parent := c.Head().Best
				if fork := tips[r.IntN(len(tips))]; r.IntN(3) == 0 && fork.Number >= c.Head().Finalised.Number {
					if _, err := c.Header(fork.Hash); err == nil {
						parent = fork
					}
				}
				block := c.push(parent.Hash, bodyFor(t, r, c, p, parent)...)
				tips = append(tips, block)
				if block.Number <= c.Head().Best.Number {
					break
				}
				handle(t, p, c.best(block))
				p.work.Wait()
				if r.IntN(4) == 0 {
					route, err := c.Route(c.Head().Finalised.Hash, block.Hash)
					if err != nil {
						t.Fatal(err)
					}
					handle(t, p, c.finalise(t, route.Enacted[r.IntN(len(route.Enacted))]))
				}
			}
			if err := consistent(p.graph); err != nil {
				t.Fatalf("seed %d step %d: %v", seed, step, err)
			}
			next := map[byte]uint64{}
			for account := byte(1); account <= 4; account++ {
				next[account] = nonceAt(t, c, c.Head().Best, account)
			}
			for _, xt := range p.Pending() {
				if transferNonce(xt) != next[xt[1]] {
					t.Fatalf("seed %d step %d: ready %x comes where nonce %d is next", seed, step, xt, next[xt[1]])
				}
				next[xt[1]]++
			}
			for _, tx := range p.Future() {
				if transferNonce(tx.Extrinsic) <= next[tx.Extrinsic[1]]-1 && next[tx.Extrinsic[1]] > 0 {
					t.Fatalf("seed %d step %d: future %x waits, nonce %d is next", seed, step, tx.Extrinsic, next[tx.Extrinsic[1]])
				}
			}
			for h, w := range watches {
				told[h] = append(told[h], statuses(t, w)...)
				truthful(t, c, p, h, told[h])
			}
		}
		// Everything that is ready goes into blocks, and they become final.
		for len(p.Pending()) > 0 {
			block := c.push(c.Head().Best.Hash, p.Pending()...)
			handle(t, p, c.best(block), c.finalise(t, block))
		}
		last := c.push(c.Head().Best.Hash)
		handle(t, p, c.best(last), c.finalise(t, last))
		finalised := 0
		for h, w := range watches {
			told[h] = append(told[h], statuses(t, w)...)
			last := told[h][len(told[h])-1]
			if last.Kind == StatusFinalized {
				finalised++
			}
			if _, _, ok := p.Find(h); !ok && !last.Kind.Final() {
				t.Fatalf("seed %d: %s ends with %v", seed, h, last)
			}
		}
		if finalised == 0 || submitted < 20 {
			t.Fatalf("seed %d: %d submitted, %d final", seed, submitted, finalised)
		}
		p.Close()
	}
}

// nonceAt counts the transfers of an account up to a block.
func nonceAt(t *testing.T, c *fakeChain, at db.Point, account byte) (used uint64) {
	for block := at.Hash; ; {
		body, err := c.Body(block)
		if err != nil {
			t.Fatal(err)
		}
		for _, xt := range body {
			if xt[1] == account {
				used++
			}
		}
		header, err := c.Header(block)
		if err != nil {
			t.Fatal(err)
		}
		if header.Number == 0 {
			return used
		}
		block = header.ParentHash
	}
}

// bodyFor is the body of a block: some of what is ready, as far as it fits on the parent, and rivals that the pool never saw.
func bodyFor(t *testing.T, r *rand.Rand, c *fakeChain, p *Pool, parent db.Point) (body []chain.OpaqueExtrinsic) {
	next := map[byte]uint64{}
	for account := byte(1); account <= 4; account++ {
		next[account] = nonceAt(t, c, parent, account)
	}
	add := func(xt chain.OpaqueExtrinsic) {
		if transferNonce(xt) == next[xt[1]] {
			next[xt[1]]++
			body = append(body, xt)
		}
	}
	for _, xt := range p.Pending() {
		switch r.IntN(5) {
		case 0:
			add(transfer(xt[1], transferNonce(xt), 99))
		case 1:
		default:
			add(xt)
		}
	}
	return body
}

// truthful checks what a watch has told.
func truthful(t *testing.T, c *fakeChain, p *Pool, h hash.H256, told []Status) {
	t.Helper()
	for i, s := range told {
		switch {
		case s.Kind == StatusRetracted:
			t.Fatalf("%s: told %v", h, told)
		case s.Kind.Final() && i != len(told)-1, s.Kind == StatusFuture && i > 0, slices.ContainsFunc(told[:i], func(o Status) bool { return o.String() == s.String() }):
			t.Fatalf("%s: told %v", h, told)
		case s.Kind == StatusInBlock, s.Kind == StatusFinalized:
			body, err := c.Body(s.Block)
			if errors.Is(err, db.ErrUnknownBlock) && s.Kind == StatusInBlock {
				continue // dropped since
			}
			if err != nil || s.Index >= len(body) || HashOf(body[s.Index]) != h {
				t.Fatalf("%s: %v is not so: %v", h, s, err)
			}
		}
	}
}

// TestSnapshots: a snapshot of the best ones stays as it was, whatever is added and removed after it.
func TestSnapshots(t *testing.T) {
	walk := func(root *tree) (got []*readyTx) {
		var c cursor
		for c.descend(root); c.peek() != nil; c.skip() {
			got = append(got, c.peek())
		}
		return got
	}
	compare := func(a, b *readyTx) int {
		if better(a, b) {
			return -1
		}
		return 1
	}
	for seed := range uint64(50) {
		r := rand.New(rand.NewPCG(seed, 3))
		var s bestSet
		var now []*readyTx
		type snapshot struct {
			root *tree
			want []*readyTx
		}
		var snapshots []snapshot
		for id := range uint64(300) {
			switch r.IntN(5) {
			default:
				tx := &readyTx{Transaction: &Transaction{Priority: uint64(r.IntN(5)), ValidTill: uint64(r.IntN(3))}, id: id}
				s.add(tx)
				now = append(now, tx)
				slices.SortFunc(now, compare)
			case 0, 1:
				if len(now) > 0 {
					i := r.IntN(len(now))
					s.remove(now[i])
					now = slices.Delete(slices.Clone(now), i, i+1)
				}
			case 2:
				snapshots = append(snapshots, snapshot{s.snapshot(), slices.Clone(now)})
			}
			if !slices.Equal(walk(s.root), now) {
				t.Fatalf("seed %d step %d: the set is not in order", seed, id)
			}
		}
		for i, old := range snapshots {
			if !slices.Equal(walk(old.root), old.want) {
				t.Fatalf("seed %d: snapshot %d has changed", seed, i)
			}
		}
	}
}
