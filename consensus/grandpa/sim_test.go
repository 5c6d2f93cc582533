package grandpa

import (
	"container/heap"
	"encoding/binary"
	"errors"
	"flag"
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/gotensor/gotensor/primitives/chain"
	"github.com/gotensor/gotensor/primitives/hash"
	"github.com/gotensor/gotensor/primitives/scale"
)

var seeds = flag.Int("sim.seeds", 30, "how many networks are simulated")

// world is a simulated network: voters with a chain of their own each, messages that take their time, get lost and come twice, nodes that crash, and some that
// lie. All that happens follows from the seed.
type world struct {
	t      testing.TB
	r      *rand.Rand
	now    Time
	events eventQueue
	count  int
	blocks map[hash.H256]*simBlock
	nodes  []*simNode
	voters *VoterSet
	// calm: nothing gets lost, nobody crashes, and all hear each other.
	calm bool
	// side is where each node is while the network is split in two.
	side []int

	lost   int      // catch-ups with votes for blocks of which the node never heard
	final  []Target // by number, what anybody finalised
	signed map[string]Target
}

type simBlock struct {
	Target
	parent hash.H256
}

type event struct {
	at    Time
	order int
	do    func()
}

type eventQueue []event

func (q eventQueue) Len() int { return len(q) }
func (q eventQueue) Less(i, j int) bool {
	return q[i].at < q[j].at || q[i].at == q[j].at && q[i].order < q[j].order
}
func (q eventQueue) Swap(i, j int) { q[i], q[j] = q[j], q[i] }
func (q *eventQueue) Push(x any)   { *q = append(*q, x.(event)) }
func (q *eventQueue) Pop() any {
	old := *q
	x := old[len(old)-1]
	*q = old[:len(old)-1]
	return x
}

func (w *world) after(d Time, do func()) {
	w.count++
	heap.Push(&w.events, event{w.now + d, w.count, do})
}

func (w *world) until(end Time) {
	for len(w.events) > 0 && w.events[0].at <= end && !w.t.Failed() {
		e := heap.Pop(&w.events).(event)
		w.now = e.at
		e.do()
	}
	w.now = max(w.now, end)
}

const millisecond = Time(1e6)

func (w *world) between(low, high Time) Time { return low + Time(w.r.Int64N(int64(high-low)+1)) }

// simNode is one node. What is in the first group survives a crash.
type simNode struct {
	w         *world
	index     int
	ids       []AuthorityID // that it votes for, or lies with
	byzantine bool
	known     map[hash.H256]bool
	dropped   *Dropped
	best      Target
	finalised Target
	state     VoterState

	voter *Voter
	life  int // of a timer that was set before a crash
	lied  map[uint64]bool
}

// Ancestor implements Chain.
func (n *simNode) Ancestor(block hash.H256, number chain.BlockNumber) (hash.H256, error) {
	return n.dropped.Ancestor(simStore{n}, ErrNotDescendant, block, number)
}

// simStore has the blocks that are not dropped.
type simStore struct{ *simNode }

// Ancestor implements Chain.
func (n simStore) Ancestor(block hash.H256, number chain.BlockNumber) (hash.H256, error) {
	b := n.w.blocks[block]
	if b == nil || !n.known[block] || number > b.Number {
		return hash.H256{}, ErrNotDescendant
	}
	for b.Number > number {
		b = n.w.blocks[b.parent]
	}
	return b.Hash, nil
}

// BestContaining implements Blocks.
func (n *simNode) BestContaining(base Target) (Target, error) {
	if !n.known[base.Hash] {
		return Target{}, ErrNotDescendant
	}
	if !Descends(n, base, n.best) {
		return base, nil
	}
	number := Restrict(DefaultRules, base.Number, n.best.Number, n.best.Number)
	h, err := n.Ancestor(n.best.Hash, number)
	return Target{h, number}, err
}

// learn makes a block known, with its ancestors. As in the store, none is taken beside one that is final.
func (n *simNode) learn(h hash.H256) {
	b := n.w.blocks[h]
	if n.known[h] {
		return
	}
	if !n.known[b.parent] {
		n.learn(b.parent)
	}
	if !n.known[b.parent] || b.Number <= n.finalised.Number {
		n.dropped = n.dropped.Add(DroppedBlock{b.Target, b.parent}, simStore{n}, ErrNotDescendant)
		return
	}
	n.known[h] = true
	if b.Number > n.best.Number && Descends(n, n.finalised, b.Target) {
		n.best = b.Target
	}
	if n.voter != nil {
		n.voter.NewBlocks()
		n.advance()
	}
}

// sign is a signature that the voter, who does not look at signatures, takes for one.
func (n *simNode) sign(id AuthorityID, payload []byte) (s Signature, err error) {
	h := hash.Blake2b256(append(append([]byte{}, payload...), id[:]...))
	copy(s[:], h[:])
	return s, nil
}

// honest checks that nobody who is honest sends two votes.
func (w *world) honest(m Outgoing) {
	if m.Vote == nil {
		return
	}
	v := m.Vote.Message
	key := fmt.Sprint(m.Vote.ID, v.Kind, m.Round)
	if before, ok := w.signed[key]; ok && before != v.Target {
		w.t.Errorf("%s of %x in round %d: %s, before %s", v.Kind, m.Vote.ID[:4], m.Round, v.Target, before)
	}
	w.signed[key] = v.Target
}

const simGossip = 100 * millisecond

func (n *simNode) start() {
	n.life++
	config := VoterConfig{SetID: 3, Voters: n.w.voters, Local: n.ids, Sign: n.sign, Gossip: simGossip, Jitter: func(b Time) Time { return n.w.between(0, b) }}
	// What is on the disk is bytes.
	state, err := scale.Unmarshal[VoterState](scale.Marshal(n.state))
	if err != nil {
		n.w.t.Fatal(err)
	}
	n.voter = NewVoter(config, n, state, n.finalised, n.w.now)
	n.advance()
}

func (n *simNode) crash() {
	n.life++
	n.voter = nil
	n.w.after(n.w.between(50*millisecond, 2000*millisecond), n.start)
}

// advance does what the voter says, or crashes between two steps of that.
func (n *simNode) advance() {
	for n.voter != nil {
		out, err := n.voter.Advance(n.w.now)
		if err != nil {
			n.w.t.Fatal(err)
		}
		risk := func() bool { return !n.w.calm && n.w.r.IntN(400) == 0 }
		if risk() {
			n.crash()
			return
		}
		if f := out.Finalise; f != nil {
			n.finalise(f)
		}
		if out.State != nil {
			n.state = *out.State
		}
		if risk() {
			n.crash()
			return
		}
		for _, m := range out.Send {
			if !n.byzantine {
				n.w.honest(m)
			}
			n.w.broadcast(n, m)
		}
		for _, e := range out.Evidence {
			if !n.w.isByzantine(e.Equivocation.ID) {
				n.w.t.Errorf("%x is said to equivocate: %+v", e.Equivocation.ID[:4], e)
			}
		}
		if out.Again {
			continue
		}
		if out.Waits() {
			life := n.life
			n.w.after(max(out.Wake-n.w.now, 0), func() {
				if n.life == life {
					n.advance()
				}
			})
		}
		return
	}
}

func (n *simNode) finalise(f *Finalisation) {
	if _, err := CheckCommit(&f.Commit, n.w.voters, n); err != nil {
		n.w.t.Errorf("commit of %s in round %d: %v", f.Target, f.Round, err)
	}
	if !Descends(n, n.finalised, f.Target) {
		n.w.t.Errorf("node %d: %s is final after %s", n.index, f.Target, n.finalised)
	}
	n.drop(f.Target)
	n.finalised = f.Target
	if !Descends(n, f.Target, n.best) {
		n.best = f.Target
		for h := range n.known { // the highest, of several the least
			b := n.w.blocks[h].Target
			if (b.Number > n.best.Number || b.Number == n.best.Number && slices.Compare(b.Hash[:], n.best.Hash[:]) < 0) && Descends(n, f.Target, b) {
				n.best = b
			}
		}
	}
	for b := n.w.blocks[f.Target.Hash]; ; b = n.w.blocks[b.parent] {
		for len(n.w.final) <= int(b.Number) {
			n.w.final = append(n.w.final, Target{})
		}
		switch at := &n.w.final[b.Number]; {
		case *at == b.Target:
			return
		case *at == Target{}:
			*at = b.Target
		default:
			n.w.t.Fatalf("two blocks are final: %s and %s", at, b.Target)
		}
		if b.Number == 0 {
			return
		}
	}
}

// drop makes the blocks unknown that lose to a final one, as storage/db does.
func (n *simNode) drop(final Target) {
	kids := make(map[hash.H256]bool)
	for h := range n.known {
		kids[n.w.blocks[h].parent] = true
	}
	var leaves []Target
	for h := range n.known {
		if !kids[h] {
			leaves = append(leaves, n.w.blocks[h].Target)
		}
	}
	slices.SortFunc(leaves, func(a, b Target) int { return slices.Compare(a.Hash[:], b.Hash[:]) })
	dropped, err := n.dropped.Finalise(final, leaves, n.state.Oldest(), simStore{n}, func(h hash.H256) (hash.H256, error) { return n.w.blocks[h].parent, nil })
	if err != nil {
		n.w.t.Fatal(err)
	}
	var dead []hash.H256
	for h := range n.known {
		if b := n.w.blocks[h].Target; !Descends(simStore{n}, final, b) && !Descends(simStore{n}, b, final) {
			dead = append(dead, h)
		}
	}
	for _, h := range dead {
		delete(n.known, h)
	}
	n.dropped = dropped
}

func (w *world) isByzantine(id AuthorityID) bool {
	for _, n := range w.nodes {
		if slices.Contains(n.ids, id) {
			return n.byzantine
		}
	}
	return false
}

// deliver has a node hear a message.
func (n *simNode) deliver(m Outgoing) {
	if n.voter == nil {
		return
	}
	if n.byzantine && m.Vote != nil {
		n.lie(m.Round)
	}
	if m.Vote != nil {
		_ = n.voter.Vote(m.Round, *m.Vote)
	} else if err := n.voter.Commit(m.Round, *m.Commit); err != nil && !IsUseless(err) {
		n.w.t.Errorf("commit of %s in round %d: %v", m.Commit.Target, m.Round, err)
	}
	n.advance()
}

// lie sends votes for other blocks to each other node.
func (n *simNode) lie(round uint64) {
	if n.lied[round] {
		return
	}
	n.lied[round] = true
	above := slices.Clone(n.w.final[max(0, len(n.w.final)-1):])
	for h := range n.known {
		if b := n.w.blocks[h].Target; len(n.w.final) == 0 || b.Number >= n.w.final[len(n.w.final)-1].Number {
			above = append(above, b)
		}
	}
	slices.SortFunc(above, func(a, b Target) int { return slices.Compare(a.Hash[:], b.Hash[:]) })
	if len(above) == 0 {
		return
	}
	for _, to := range n.w.nodes {
		for _, kind := range []Kind{Prevote, Precommit, Propose} {
			if n.w.r.IntN(3) == 0 {
				continue
			}
			m := Message{kind, above[n.w.r.IntN(len(above))]}
			id := n.ids[n.w.r.IntN(len(n.ids))]
			s, err := n.sign(id, Payload(nil, m, round, 3))
			if err != nil {
				n.w.t.Fatal(err)
			}
			signed := SignedMessage{m, s, id}
			n.w.after(n.w.between(0, 4*simGossip), func() { to.deliver(Outgoing{Round: round, Vote: &signed}) })
		}
	}
}

// apart reports whether two nodes do not hear each other now.
func (w *world) apart(a, b *simNode) bool { return !w.calm && w.side[a.index] != w.side[b.index] }

// split puts the nodes on other sides, now and then all on one.
func (w *world) split() {
	w.after(w.between(500*millisecond, 4000*millisecond), w.split)
	whole := w.r.IntN(3) == 0
	for i := range w.side {
		w.side[i] = w.r.IntN(2)
		if whole {
			w.side[i] = 0
		}
	}
}

func (w *world) broadcast(from *simNode, m Outgoing) {
	for _, to := range w.nodes {
		if to == from || w.apart(from, to) {
			continue
		}
		copies := 1
		delay := w.between(millisecond, simGossip)
		if !w.calm {
			switch w.r.IntN(20) {
			case 0, 1:
				copies = 0
			case 2:
				copies = 2
			case 3:
				delay = w.between(simGossip, 10*simGossip)
			}
		}
		for range copies {
			w.after(delay, func() { to.deliver(m) })
			delay += w.between(0, simGossip)
		}
	}
}

// talk is what gossip does beyond the first sending: a node tells another one what it lacks.
func (n *simNode) talk() {
	n.w.after(n.w.between(300*millisecond, 700*millisecond), n.talk)
	to := n.w.nodes[n.w.r.IntN(len(n.w.nodes))]
	if n.voter == nil || to.voter == nil || to == n || n.w.apart(n, to) {
		return
	}
	for _, h := range []hash.H256{n.best.Hash, n.finalised.Hash} {
		to.learn(h)
	}
	if to.voter == nil { // it crashed over that
		return
	}
	if mine, theirs := n.voter.Round(), to.voter.Round(); mine > theirs {
		if c, ok := n.voter.LastCompleted(); ok && c.Round >= theirs {
			for _, v := range append(slices.Clone(c.Prevotes), c.Precommits...) {
				if n.known[v.Target.Hash] {
					to.learn(v.Target.Hash)
				}
			}
			if to.voter == nil {
				return
			}
			if c.Round > theirs {
				// Nobody can tell where a block was that all have dropped before the other one heard of it.
				lost := func(v SignedVote) bool { return !to.voter.known(v.Target) }
				without := slices.ContainsFunc(c.Prevotes, lost) || slices.ContainsFunc(c.Precommits, lost)
				switch err := to.voter.CatchUp(c, n.w.now); {
				case err == nil, IsUseless(err):
				case without && errors.Is(err, ErrNotDescendant):
					n.w.lost++
				default:
					n.w.t.Errorf("catch-up to round %d: %v", c.Round, err)
				}
				to.advance()
			}
		}
	}
	for _, c := range slices.Clone(n.voter.state.Completed) { // gossip keeps the votes of the last rounds
		for _, m := range c.Votes {
			if n.known[m.Message.Target.Hash] {
				to.learn(m.Message.Target.Hash)
			}
			to.deliver(Outgoing{Round: c.Number, Vote: &m})
		}
	}
	if n.voter == nil {
		return
	}
	rounds := append([]*votingRound{n.voter.best}, n.voter.past...)
	for _, r := range rounds {
		for _, m := range r.Seen() {
			if n.known[m.Message.Target.Hash] { // who hears of a block that he does not have asks for it
				to.learn(m.Message.Target.Hash)
			}
			to.deliver(Outgoing{Round: r.Number(), Vote: &m})
		}
		if r.commit != nil {
			to.deliver(Outgoing{Round: r.Number(), Commit: r.commit})
		}
		if n.voter == nil {
			return
		}
	}
}

func newWorld(t testing.TB, seed uint64, nodes, byzantine, keysEach int) *world {
	w := &world{t: t, r: rand.New(rand.NewPCG(seed, 1)), blocks: make(map[hash.H256]*simBlock), signed: make(map[string]Target)}
	genesis := Target{hash.Blake2b256([]byte("genesis")), 0}
	w.blocks[genesis.Hash] = &simBlock{Target: genesis}
	var authorities []Authority
	for i := range nodes {
		n := &simNode{w: w, index: i, byzantine: i < byzantine, known: map[hash.H256]bool{genesis.Hash: true}, best: genesis, finalised: genesis, dropped: new(Dropped), lied: make(map[uint64]bool)}
		for k := range keysEach {
			id := AuthorityID(hash.Blake2b256([]byte{byte(i), byte(k)}))
			n.ids = append(n.ids, id)
			authorities = append(authorities, Authority{id, 1})
		}
		n.state = NewVoterState(3, genesis)
		w.nodes = append(w.nodes, n)
	}
	var err error
	if w.voters, err = NewVoterSet(authorities); err != nil {
		t.Fatal(err)
	}
	for _, n := range w.nodes {
		if n.byzantine {
			n.ids = n.ids[:0:0]
			for k := range keysEach {
				n.ids = append(n.ids, AuthorityID(hash.Blake2b256([]byte{byte(n.index), byte(k)})))
			}
		}
		w.after(w.between(0, 500*millisecond), n.start)
		w.after(w.between(0, 500*millisecond), n.talk)
	}
	w.side = make([]int, nodes)
	w.after(0, w.produce)
	w.after(0, w.split)
	return w
}

// produce makes a block on the best one of some node, sometimes two on the same.
func (w *world) produce() {
	w.after(w.between(200*millisecond, 300*millisecond), w.produce)
	makers := 1
	if !w.calm {
		makers += w.r.IntN(2)
	}
	for range makers {
		n := w.nodes[w.r.IntN(len(w.nodes))]
		w.count++
		b := &simBlock{Target{hash.Blake2b256(binary.LittleEndian.AppendUint64(nil, uint64(w.count))), n.best.Number + 1}, n.best.Hash}
		w.blocks[b.Hash] = b
		for _, to := range w.nodes {
			if w.apart(n, to) {
				continue
			}
			delay := w.between(0, simGossip)
			if to == n {
				delay = 0
			} else if !w.calm && w.r.IntN(10) == 0 {
				delay = w.between(0, 3000*millisecond)
			}
			w.after(delay, func() { to.learn(b.Hash) })
		}
	}
}

func (w *world) least() chain.BlockNumber {
	least := ^chain.BlockNumber(0)
	for _, n := range w.nodes {
		if !n.byzantine {
			least = min(least, n.finalised.Number)
		}
	}
	return least
}

// In a network that loses messages, crashes and lies, no two blocks become final that are not on one chain, and nobody who is honest votes twice. Once it is
// calm, finality goes on, near the best block.
func TestSimulation(t *testing.T) {
	var lags []chain.BlockNumber
	rounds, lost := uint64(0), 0
	for seed := range uint64(*seeds) {
		nodes := 4 + int(seed%4)
		byzantine := 0
		if seed%3 > 0 {
			byzantine = (nodes - 1) / 3
		}
		keys := 1 + int(seed/7%2)
		t.Run(fmt.Sprint("seed", seed), func(t *testing.T) {
			w := newWorld(t, seed, nodes, byzantine, keys)
			w.until(20_000 * millisecond)
			w.calm = true
			w.until(30_000 * millisecond)
			before := w.least()
			w.until(40_000 * millisecond)
			after := w.least()
			best := chain.BlockNumber(0)
			for _, n := range w.nodes {
				best = max(best, n.best.Number)
				if n.voter != nil {
					rounds = max(rounds, n.voter.Round())
				}
			}
			// In ten seconds forty blocks are made.
			if after < before+25 || best-after > 20 {
				t.Errorf("%d nodes, %d of them lie: %d was final at 30 s, %d at 40 s, the best block is %d", nodes, byzantine, before, after, best)
			}
			lags = append(lags, best-after)
			lost += w.lost
		})
	}
	slices.Sort(lags)
	if len(lags) > 0 {
		t.Logf("%d networks, up to %d rounds; finality is %d blocks behind at the median, %d at most; %d catch-ups could not be taken", len(lags), rounds, lags[len(lags)/2], lags[len(lags)-1], lost)
		if lost > len(lags)/4 {
			t.Errorf("%d catch-ups could not be taken", lost)
		}
	}
}
