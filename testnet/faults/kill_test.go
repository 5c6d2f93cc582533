package faults

import (
	"context"
	"encoding/hex"
	"encoding/json"
	"flag"
	"fmt"
	"math/rand/v2"
	"net/http"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/coder/websocket"

	"github.com/gotensor/gotensor/primitives/chain"
	"github.com/gotensor/gotensor/primitives/hash"
	"github.com/gotensor/gotensor/primitives/scale"
	"github.com/gotensor/gotensor/testnet/driver"
	"github.com/gotensor/gotensor/testnet/solo"
)

var (
	killCount = flag.Int("kill.count", 0, "how often TestKill kills the node; 0 is 25, or 1,000 with GOTENSOR_LONG=1")
	killSeed  = flag.Uint64("kill.seed", 1, "where the random numbers of TestKill begin")
)

// payer sends to one account that nobody else sends to, and each value follows from the nonce: what the two accounts must hold follows from how many of its transfers are in the chain.
type payer struct {
	*driver.Sender
	number uint32
	to     chain.AccountID
	// in is how many of its transfers are in the finalised blocks that were read; sent is what they moved.
	in   uint32
	sent uint64
	free uint64 // at genesis
}

// value of the transfer with a nonce: the first makes the receiver's account.
func (p *payer) value(nonce uint32) uint64 { return 1000 + uint64(nonce)*7 + uint64(p.number) }

// ledger is what clients were told, and what follows from the blocks.
type ledger struct {
	payers []*payer
	terms  driver.Terms

	mu    sync.Mutex
	told  map[uint32]hash.H256 // finalised blocks that a client was told of
	where map[hash.H256]hash.H256
	known map[hash.H256]paid // extrinsics that were submitted
	wrong error

	read uint32 // the last finalised block that was read
	hash hash.H256
}

// paid is a submitted transfer.
type paid struct {
	payer int
	nonce uint32
}

// newLedger begins with the payers on a chain that has nothing of theirs.
func newLedger(t testing.TB, n *solo.Node) *ledger {
	t.Helper()
	l := &ledger{terms: terms(t, n), told: map[uint32]hash.H256{}, where: map[hash.H256]hash.H256{}, known: map[hash.H256]paid{}}
	l.hash = l.terms.Genesis
	for i, uri := range []string{"//Alice", "//Bob", "//Charlie", "//Dave"} {
		p := &payer{Sender: sender(t, uri), number: uint32(i), to: sender(t, fmt.Sprintf("//Receiver//%d", i)).Account()}
		if _, _, ok := balance(t, n, p.to, l.hash); ok {
			t.Fatalf("the receiver %s exists", p.to)
		}
		_, p.free, _ = balance(t, n, p.Account(), l.hash)
		l.payers = append(l.payers, p)
	}
	return l
}

func (l *ledger) fail(err error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.wrong == nil {
		l.wrong = err
	}
}

// tell notes that a client was told that a block is final.
func (l *ledger) tell(number uint32, block hash.H256) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if before, ok := l.told[number]; ok && before != block && l.wrong == nil {
		l.wrong = fmt.Errorf("finalised #%d is %s, and was %s", number, block, before)
	}
	l.told[number] = block
}

// sign makes the next transfers of a payer.
func (l *ledger) sign(p *payer, count int) (extrinsics []chain.OpaqueExtrinsic) {
	for range count {
		nonce := p.Nonce
		xt := p.Sign(transfer(p.to, p.value(nonce)), l.terms)
		l.mu.Lock()
		l.known[xt.Hash()] = paid{int(p.number), nonce}
		l.mu.Unlock()
		extrinsics = append(extrinsics, xt)
	}
	return extrinsics
}

// load submits transfers of a payer until the node is gone.
func (l *ledger) load(ctx context.Context, n *solo.Node, c *http.Client, p *payer) {
	for ctx.Err() == nil {
		// A node that came back has lost what waited in its pool.
		if err := n.Try(ctx, &p.Nonce, "system_accountNextIndex", p.Account().String()); err != nil {
			return
		}
		for range 8 {
			var calls []request
			for i, xt := range l.sign(p, 6) {
				calls = append(calls, call(i, "author_submitExtrinsic", onWire(xt)))
			}
			if _, err := batch(ctx, c, n, calls); err != nil {
				return
			}
			select {
			case <-ctx.Done():
				return
			case <-time.After(100 * time.Millisecond):
			}
		}
	}
}

// follow watches the chain, and transfers of a payer of its own, over a WebSocket until the node is gone.
func (l *ledger) follow(ctx context.Context, n *solo.Node, p *payer) {
	c, _, err := websocket.Dial(ctx, n.URL(), nil)
	if err != nil {
		return
	}
	defer c.CloseNow()
	c.SetReadLimit(-1)
	if err := n.Try(ctx, &p.Nonce, "system_accountNextIndex", p.Account().String()); err != nil {
		return
	}
	if err := send(ctx, c, call(0, "chain_subscribeFinalizedHeads")); err != nil {
		return
	}
	watched := map[int]hash.H256{}       // by the id of the call
	watches := map[string]hash.H256{}    // by the subscription
	early := map[string][]hash.H256{}    // told before the answer to the call was read
	final := func(tx, block hash.H256) { // a client is told in which block its transfer is final
		l.mu.Lock()
		l.where[tx] = block
		l.mu.Unlock()
	}
	for id := 1; ; {
		_, text, err := c.Read(ctx)
		if err != nil {
			return
		}
		var m struct {
			ID     *int
			Method string
			Result json.RawMessage
			Error  *solo.Error
			Params struct {
				Subscription string
				Result       json.RawMessage
			}
		}
		if err := json.Unmarshal(text, &m); err != nil {
			l.fail(fmt.Errorf("message %q: %w", text, err))
			return
		}
		switch {
		case m.Method == "chain_finalizedHead":
			var h header
			if err := json.Unmarshal(m.Params.Result, &h); err != nil {
				l.fail(err)
				return
			}
			number, block, err := h.point()
			if err != nil {
				l.fail(err)
				return
			}
			l.tell(number, block)
			for _, xt := range l.sign(p, 2) {
				watched[id] = xt.Hash()
				if err := send(ctx, c, call(id, "author_submitAndWatchExtrinsic", onWire(xt))); err != nil {
					return
				}
				id++
			}
		case m.Method == "author_extrinsicUpdate":
			var status struct{ Finalized *string }
			if json.Unmarshal(m.Params.Result, &status) != nil || status.Finalized == nil {
				continue // the others are words, or other objects
			}
			block := hashOf(*status.Finalized)
			if tx, ok := watches[m.Params.Subscription]; ok {
				final(tx, block)
			} else {
				early[m.Params.Subscription] = append(early[m.Params.Subscription], block)
			}
		case m.ID != nil && *m.ID > 0 && m.Error == nil:
			var subscription string
			if json.Unmarshal(m.Result, &subscription) != nil {
				continue
			}
			watches[subscription] = watched[*m.ID]
			for _, block := range early[subscription] {
				final(watched[*m.ID], block)
			}
		}
	}
}

// hashOf reads a hash; what is none is that of no block.
func hashOf(text string) (h hash.H256) {
	if b := fromHex(text); len(b) == len(h) {
		copy(h[:], b)
	}
	return h
}

// account reads AccountInfo: nonce, three counters, free, reserved.
func account(value []byte) (nonce uint32, free, reserved uint64, err error) {
	d := scale.NewDecoder(value)
	nonce = d.U32()
	d.U32()
	d.U32()
	d.U32()
	free, reserved = d.U64(), d.U64()
	return nonce, free, reserved, d.Err()
}

// balance returns nonce and free balance of an account after a block.
func balance(t testing.TB, n *solo.Node, who chain.AccountID, at hash.H256) (nonce uint32, free uint64, ok bool) {
	t.Helper()
	nonce, free, ok, err := tryBalance(t.Context(), n, who, &at)
	if err != nil {
		t.Fatalf("account %s: %v", who, err)
	}
	return nonce, free, ok
}

// tryBalance is balance whose error is the caller's, after the best block where at is nil.
func tryBalance(ctx context.Context, n *solo.Node, who chain.AccountID, at *hash.H256) (nonce uint32, free uint64, ok bool, err error) {
	params := []any{toHex(driver.StorageKey("System", "Account", driver.Blake2_128Concat(who[:])))}
	if at != nil {
		params = append(params, at.String())
	}
	var text string
	if err := n.Try(ctx, &text, "state_getStorage", params...); err != nil || text == "" {
		return 0, 0, false, err
	}
	value, err := hex.DecodeString(strings.TrimPrefix(text, "0x"))
	if err != nil {
		return 0, 0, false, err
	}
	nonce, free, _, err = account(value)
	return nonce, free, err == nil, err
}

// check reads what the node has after it was opened again: all that a client was told to be final is, the finalised blocks follow each other from genesis, transfers are in
// them once and in the order of their nonces, and the balances are those that follow.
func (l *ledger) check(t testing.TB, n *solo.Node, c *http.Client) {
	t.Helper()
	ctx := t.Context()
	number, head := finalised(t, n)
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.wrong != nil {
		t.Fatal(l.wrong)
	}
	if number < l.read {
		t.Fatalf("finalised #%d, and it was #%d", number, l.read)
	}

	// Finalised is finalised.
	var numbers []uint32
	for number := range l.told {
		numbers = append(numbers, number)
	}
	slices.Sort(numbers)
	if len(numbers) > 0 {
		if last := numbers[len(numbers)-1]; last > number {
			t.Fatalf("finalised #%d, and a client was told #%d %s", number, last, l.told[last])
		}
		var have []string
		n.Call(t, &have, "chain_getBlockHash", numbers)
		for i, number := range numbers {
			if hashOf(have[i]) != l.told[number] {
				t.Fatalf("#%d is %s, and %s was final", number, have[i], l.told[number])
			}
		}
	}

	// The blocks since the last time.
	included := map[hash.H256]hash.H256{}
	for l.read < number {
		var calls []request
		var wanted []uint32
		for i := l.read + 1; i <= min(number, l.read+100); i++ {
			wanted = append(wanted, i)
		}
		var hashes []string
		n.Call(t, &hashes, "chain_getBlockHash", wanted)
		for i, h := range hashes {
			calls = append(calls, call(i, "chain_getBlock", h))
		}
		answers, err := batch(ctx, c, n, calls)
		if err != nil {
			t.Fatal(err)
		}
		for i, a := range answers {
			var got struct {
				Block struct {
					Header     header
					Extrinsics []string
				}
			}
			if err := json.Unmarshal(a.Result, &got); err != nil || a.Error != nil {
				t.Fatalf("block #%d: %v %v", wanted[i], err, a.Error)
			}
			at, block, err := got.Block.Header.point()
			if err != nil || at != wanted[i] || block != hashOf(hashes[i]) || hashOf(got.Block.Header.ParentHash) != l.hash {
				t.Fatalf("block #%d %s: its header is #%d %s after %s, %v; expected it after %s", wanted[i], hashes[i], at, block, got.Block.Header.ParentHash, err, l.hash)
			}
			for j, text := range got.Block.Extrinsics {
				raw, err := hex.DecodeString(strings.TrimPrefix(text, "0x"))
				if err != nil {
					t.Fatal(err)
				}
				xt, err := scale.UnmarshalFunc(raw, (*scale.Decoder).Bytes)
				if err != nil {
					t.Fatalf("block #%d: extrinsic %d: %v", at, j, err)
				}
				id := chain.OpaqueExtrinsic(xt).Hash()
				was, ok := l.known[id]
				switch {
				case j == 0 && !ok: // the timestamp
				case !ok:
					t.Fatalf("block #%d: extrinsic %d %s was not submitted", at, j, id)
				default:
					p := l.payers[was.payer]
					if was.nonce != p.in {
						t.Fatalf("block #%d: transfer %d of payer %d, expected %d", at, was.nonce, was.payer, p.in)
					}
					p.in++
					p.sent += p.value(was.nonce)
					included[id] = block
				}
			}
			l.read, l.hash = at, block
		}
	}
	if l.hash != head {
		t.Fatalf("finalised #%d is %s, expected %s", number, head, l.hash)
	}
	for tx, block := range l.where {
		if in, ok := included[tx]; !ok || in != block { // it was told between the last check and this one
			t.Fatalf("transfer %s is in block %s, and a client was told that it is final in %s", tx, in, block)
		}
	}
	clear(l.where)

	// Balances are what follows from the blocks.
	var pairs [][2]string
	n.Call(t, &pairs, "state_getPairs", toHex(driver.StorageKey("System", "Account")), head.String())
	held := map[chain.AccountID][]byte{}
	total := uint64(0)
	for _, pair := range pairs {
		key, err := hex.DecodeString(strings.TrimPrefix(pair[0], "0x"))
		if err != nil || len(key) < 32 {
			t.Fatalf("key %s: %v", pair[0], err)
		}
		value, err := hex.DecodeString(strings.TrimPrefix(pair[1], "0x"))
		if err != nil {
			t.Fatal(err)
		}
		_, free, reserved, err := account(value)
		if err != nil {
			t.Fatal(err)
		}
		total += free + reserved
		held[chain.AccountID(key[len(key)-32:])] = value
	}
	var text string
	n.Call(t, &text, "state_getStorage", toHex(driver.StorageKey("Balances", "TotalIssuance")), head.String())
	raw, err := hex.DecodeString(strings.TrimPrefix(text, "0x"))
	if err != nil {
		t.Fatal(err)
	}
	if issuance, err := scale.UnmarshalFunc(raw, (*scale.Decoder).U64); err != nil || issuance != total || total == 0 {
		t.Fatalf("#%d: the accounts hold %d, the total issuance is %d, %v", number, total, issuance, err)
	}
	for i, p := range l.payers {
		nonce, free, _, err := account(held[p.Account()])
		if err != nil || nonce != p.in || free > p.free-p.sent || free < p.free-p.sent-uint64(p.in)*10_000_000 {
			t.Fatalf("#%d: payer %d has nonce %d and %d RAO, %v; %d transfers of together %d are in the blocks, of %d", number, i, nonce, free, err, p.in, p.sent, p.free)
		}
		if p.in == 0 {
			continue
		}
		if _, free, _, err := account(held[p.to]); err != nil || free != p.sent {
			t.Fatalf("#%d: the receiver of payer %d holds %d, %v; expected %d of %d transfers", number, i, free, err, p.sent, p.in)
		}
	}
}

// TestKill kills a node under load with SIGKILL, at random moments of its life and of its start, and starts it again in the same folder.
func TestKill(t *testing.T) {
	kills := either(25, 1000)
	if *killCount > 0 {
		kills = *killCount
	}
	r := rand.New(rand.NewPCG(*killSeed, 7))
	n := start(t, solo.Config{})
	l := newLedger(t, n)
	c := web(t, 8)
	starting, restarts := 0, time.Duration(0)
	begun := time.Now()
	for kill := range kills {
		if kill%5 == 4 { // while it starts: what a kill left is opened, and that is cut off too
			starting++
			n.Launch(t)
			time.Sleep(time.Duration(r.Int64N(int64(500 * time.Millisecond))))
		} else {
			if kill > 0 {
				before := time.Now()
				n.Resume(t)
				restarts += time.Since(before)
				l.check(t, n, c)
			}
			ctx, cancel := context.WithCancel(t.Context())
			var clients sync.WaitGroup
			clients.Go(func() { l.follow(ctx, n, l.payers[0]) })
			for _, p := range l.payers[1:] {
				clients.Go(func() { l.load(ctx, n, c, p) })
			}
			if kill%5 == 3 {
				goesOn(t, n, 2)
			}
			time.Sleep(100*time.Millisecond + time.Duration(r.Int64N(int64(1900*time.Millisecond))))
			n.Kill(t)
			cancel()
			clients.Wait()
			c.CloseIdleConnections()
			continue
		}
		n.Kill(t)
	}
	took := time.Since(begun)
	n.Resume(t)
	l.check(t, n, c)
	goesOn(t, n, 3)
	l.check(t, n, c)
	transfers := uint32(0)
	for i, p := range l.payers {
		transfers += p.in
		if p.in == 0 {
			t.Errorf("no transfer of payer %d came into a finalised block", i)
		}
	}
	if len(l.told) < kills/2 {
		t.Errorf("clients were told of %d finalised blocks in %d lives", len(l.told), kills)
	}
	t.Logf("FAULTS: %d kills of the node under load in %v, %d of them while it started, %v for a restart: %d finalised blocks with %d transfers are there, of %d that were submitted, %d blocks as clients were told",
		kills, took.Round(time.Second), starting, (restarts / time.Duration(max(1, kills-starting-1))).Round(time.Millisecond), l.read, transfers, len(l.known), len(l.told))
}
