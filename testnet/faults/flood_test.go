package faults

import (
	"context"
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"net"
	"net/http"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"github.com/coder/websocket"

	"github.com/gotensor/gotensor/primitives/scale"
	"github.com/gotensor/gotensor/testnet/driver"
	"github.com/gotensor/gotensor/testnet/solo"
)

// slots returns the slots of the blocks from one number to another, as one stretch of the best chain.
func slots(t testing.TB, n *solo.Node, c *http.Client, from, to uint32) (out []uint64) {
	t.Helper()
	for from <= to {
		var calls []request
		var numbers []uint32
		for ; from <= to && len(numbers) < 200; from++ {
			numbers = append(numbers, from)
		}
		var hashes []string
		n.Call(t, &hashes, "chain_getBlockHash", numbers)
		for i, h := range hashes {
			calls = append(calls, call(i, "chain_getHeader", h))
		}
		answers, err := batch(t.Context(), c, n, calls)
		if err != nil {
			t.Fatal(err)
		}
		for i, a := range answers {
			var h header
			if err := json.Unmarshal(a.Result, &h); err != nil {
				t.Fatalf("header #%d: %v", numbers[i], err)
			}
			slot, err := h.slot()
			if err != nil {
				t.Fatalf("header #%d: %v", numbers[i], err)
			}
			out = append(out, slot)
		}
	}
	return out
}

// inStep fails the test where blocks share a slot, or a stretch of so many slots has none. It returns the share of slots that have a block, in percent.
func inStep(t testing.TB, slots []uint64, longest uint64) (share, gap uint64) {
	t.Helper()
	for i := 1; i < len(slots); i++ {
		if slots[i] <= slots[i-1] {
			t.Errorf("slot %d follows slot %d", slots[i], slots[i-1])
			return 0, 0
		}
		gap = max(gap, slots[i]-slots[i-1])
	}
	if gap > longest {
		t.Errorf("no block in %d slots", gap)
	}
	if len(slots) < 2 {
		return 0, gap
	}
	return 100 * uint64(len(slots)-1) / (slots[len(slots)-1] - slots[0]), gap
}

// TestPoolFlood submits far more than the pool has room for: good transactions of many accounts, some with nonces that are not due, replacements with other tips, and invalid ones.
func TestPoolFlood(t *testing.T) {
	const size, accounts, limit, kilobytes = 100, 200, 2000, 1024
	count := either(20_000, 100_000)
	// Bans of no length: what did not come in may be tried again.
	n := start(t, solo.Config{Metrics: true, Args: []string{fmt.Sprint("--pool-limit=", limit), fmt.Sprint("--pool-kbytes=", kilobytes)}})
	term := terms(t, n)
	c := web(t, 4)

	// Accounts with funds, made in batches of Utility.
	alice, bank := sender(t, "//Alice"), make([]*driver.Sender, accounts)
	for i := range bank {
		bank[i] = sender(t, fmt.Sprintf("//Flood//%d", i))
	}
	for i := 0; i < accounts; i += 100 {
		body := scale.AppendCompact([]byte{11, 2}, 100)
		for _, s := range bank[i : i+100] {
			body = append(body, transfer(s.Account(), 1_000_000_000_000)...)
		}
		n.Call(t, nil, "author_submitExtrinsic", onWire(alice.Sign(body, term)))
	}
	last := bank[accounts-1].Account()
	waitFor(t, "accounts have funds", func() bool {
		_, head := finalised(t, n)
		_, free, _ := balance(t, n, last, head)
		return free > 0
	})

	before := weigh(t, n)
	from, _ := best(t, n)
	begun := time.Now()
	ctx, stop := context.WithCancel(t.Context())
	defer stop()

	// A client that behaves: it pays one transfer after another, with a tip, and has all of them included.
	canary := sender(t, "//Charlie")
	var paid atomic.Uint32
	canaryDone := make(chan error, 1)
	go func() {
		high := term
		high.Tip = 100_000_000
		for ctx.Err() == nil {
			want := canary.Nonce + 1
			xt := onWire(canary.Sign(transfer(alice.Account(), 777), high))
			for {
				answers, err := batch(ctx, c, n, []request{call(0, "author_submitExtrinsic", xt)})
				if err != nil {
					break // the end of the flood
				}
				if answers[0].Error == nil {
					break
				}
				if answers[0].Error.Code != 1016 { // "Immediately Dropped": the pool was full of what tips as much
					canaryDone <- fmt.Errorf("a good transfer with a tip: %w", answers[0].Error)
					return
				}
				time.Sleep(100 * time.Millisecond)
			}
			for ctx.Err() == nil {
				if next, _, _, err := tryBalance(ctx, n, canary.Account(), nil); err == nil && next >= want {
					paid.Store(next)
					break
				}
				time.Sleep(50 * time.Millisecond)
			}
		}
		canaryDone <- nil
	}()

	// What the pool holds meanwhile.
	watched := make(chan error, 1)
	var most struct{ ready, future, bytes, rss float64 }
	go func() {
		for {
			select {
			case <-ctx.Done():
				watched <- nil
				return
			case <-time.After(300 * time.Millisecond):
			}
			m, err := n.Metrics(ctx)
			if err != nil {
				if ctx.Err() == nil {
					watched <- err
					return
				}
				continue
			}
			most.ready, most.future = max(most.ready, m["substrate_sub_txpool_ready_transactions"]), max(most.future, m["substrate_sub_txpool_future_transactions"])
			most.bytes, most.rss = max(most.bytes, m["substrate_sub_txpool_ready_bytes"]), max(most.rss, m["process_resident_memory_bytes"])
		}
	}()

	var mu sync.Mutex
	codes := map[int]int{}
	accepted := 0
	var next atomic.Int64
	var clients sync.WaitGroup
	failed := make(chan error, 4)
	for lane := range 4 {
		clients.Go(func() {
			r := rand.New(rand.NewPCG(uint64(lane), 23))
			mine := bank[lane*accounts/4 : (lane+1)*accounts/4]
			nonces := make([]uint32, len(mine)) // the next good one of each
			for next.Add(size) <= int64(count) {
				calls := make([]request, size)
				for i := range calls {
					k := r.IntN(len(mine))
					s, with := mine[k], term
					body := transfer(alice.Account(), 1000+uint64(r.IntN(1000)))
					switch r.IntN(10) {
					case 0, 1, 2, 3: // good, where all those before it came in
						s.Nonce = nonces[k]
						nonces[k]++
					case 4, 5: // a gap
						s.Nonce = nonces[k] + 2 + r.Uint32N(1000)
					case 6, 7: // another tip for what may be there
						s.Nonce = nonces[k] - min(nonces[k], r.Uint32N(4))
						with.Tip = r.Uint64N(1_000_000)
					case 8: // another chain's signature
						s.Nonce = nonces[k]
						with.Genesis[0] ^= 1
					case 9: // no funds
						s.Nonce = nonces[k]
						with.Tip = 1 << 62
					}
					calls[i] = call(i, "author_submitExtrinsic", onWire(s.Sign(body, with)))
				}
				answers, err := batch(ctx, c, n, calls)
				if err != nil {
					failed <- err
					return
				}
				mu.Lock()
				for _, a := range answers {
					if a.Error == nil {
						accepted++
					} else {
						codes[a.Error.Code]++
					}
				}
				mu.Unlock()
				// A client reads how far its accounts have come, now and then.
				if r.IntN(5) == 0 {
					for k, s := range mine {
						calls[k] = call(k, "system_accountNextIndex", s.Account().String())
					}
					answers, err := batch(ctx, c, n, calls[:len(mine)])
					if err != nil {
						failed <- err
						return
					}
					for k, a := range answers {
						if err := json.Unmarshal(a.Result, &nonces[k]); err != nil {
							failed <- err
							return
						}
					}
				}
			}
		})
	}
	clients.Wait()
	took := time.Since(begun)
	to, _ := best(t, n)
	stop()
	for _, result := range []chan error{canaryDone, watched} {
		if err := <-result; err != nil {
			t.Error(err)
		}
	}
	select {
	case err := <-failed:
		t.Fatal(err)
	default:
	}
	if most.ready > limit || most.future > limit/10 || most.bytes > kilobytes<<10 {
		t.Errorf("the pool held %+v, expected at most %d ready in %d KiB and %d that wait", most, limit, kilobytes, limit/10)
	}
	if paid.Load() == 0 {
		t.Error("no transfer of a client that behaves came in")
	}
	share, gap := inStep(t, slots(t, n, c, from, to), 80)
	included := uint32(0)
	_, head := finalised(t, n)
	for _, s := range bank {
		nonce, _, _ := balance(t, n, s.Account(), head)
		included += nonce
	}
	if included == 0 || accepted == 0 {
		t.Errorf("%d were accepted, %d are in blocks", accepted, included)
	}
	paysIn(t, n, sender(t, "//Bob"), term)
	after := lighter(t, n, before)
	goesOn(t, n, 2)
	t.Logf("FAULTS: %d transactions for a pool of %d in %v: %d accepted, refused by code %v; at most %.0f ready, %.0f waiting, %.0f kB; %d blocks in %d%% of the slots, at most %d apart; %d in blocks; a client that behaves had %d transfers in; before %v, at most %.0f MB resident, after %v",
		count, limit, took.Round(time.Second), accepted, codes, most.ready, most.future, most.bytes/1e3, to-from, share, gap, included, paid.Load(), before, most.rss/1e6, after)
}

// stuck opens a WebSocket whose end takes little before it is full.
func stuck(t testing.TB, n *solo.Node) *websocket.Conn {
	t.Helper()
	dialer := net.Dialer{Control: func(_, _ string, raw syscall.RawConn) (err error) {
		failed := raw.Control(func(fd uintptr) { err = syscall.SetsockoptInt(int(fd), syscall.SOL_SOCKET, syscall.SO_RCVBUF, 4096) })
		if failed != nil {
			return failed
		}
		return err
	}}
	transport := &http.Transport{DialContext: dialer.DialContext}
	c, _, err := websocket.Dial(t.Context(), n.URL(), &websocket.DialOptions{HTTPClient: &http.Client{Transport: transport}})
	if err != nil {
		t.Fatal(err)
	}
	c.SetReadLimit(-1)
	t.Cleanup(func() { c.CloseNow() })
	return c
}

// TestSubscribers has clients subscribe and stop reading. Others see every block; the node drops what it cannot hand over, and closes the connections.
func TestSubscribers(t *testing.T) {
	const sockets, each = 10, 100
	n := start(t, solo.Config{Metrics: true})
	term := terms(t, n)
	alice := sender(t, "//Alice")
	c := web(t, 2)
	events := toHex(driver.StorageKey("System", "Events"))

	// One that reads: every head, in order.
	reader := dial(t, n)
	if err := send(t.Context(), reader, call(0, "chain_subscribeNewHeads")); err != nil {
		t.Fatal(err)
	}
	var seen atomic.Uint32
	reading := make(chan error, 1)
	ctx, stop := context.WithCancel(t.Context())
	defer stop()
	go func() {
		last := uint32(0)
		for {
			_, text, err := reader.Read(ctx)
			if ctx.Err() != nil {
				err = nil
				reading <- err
				return
			}
			if err != nil {
				reading <- err
				return
			}
			var m struct {
				Params *struct{ Result header }
			}
			if err := json.Unmarshal(text, &m); err != nil || m.Params == nil {
				continue // the answer to the call
			}
			number, _, err := m.Params.Result.point()
			if err == nil && last > 0 && number != last+1 {
				err = fmt.Errorf("head #%d follows #%d", number, last)
			}
			if err != nil {
				reading <- err
				return
			}
			last = number
			seen.Store(number)
		}
	}()

	goesOn(t, n, 2)
	before := weigh(t, n)
	opened := n.Metric(t, "substrate_rpc_sessions_opened")
	from, _ := best(t, n)
	begun := time.Now()
	var conns []*websocket.Conn
	for i := range sockets {
		s := stuck(t, n)
		conns = append(conns, s)
		for j := range each {
			var r request
			switch j % 6 {
			case 0:
				r = call(j, "chain_subscribeNewHeads")
			case 1:
				r = call(j, "chain_subscribeFinalizedHeads")
			case 2:
				r = call(j, "chain_subscribeAllHeads")
			case 3, 4:
				r = call(j, "state_subscribeStorage", []string{events})
			case 5:
				if j%12 == 5 {
					r = call(j, "state_subscribeRuntimeVersion")
					break
				}
				who := sender(t, fmt.Sprintf("//Stuck//%d//%d", i, j)) // without funds, or a nonce that is not due
				if i < 2 {
					who = sender(t, "//Bob")
					who.Nonce = uint32(5 + i*each + j)
				}
				r = call(j, "author_submitAndWatchExtrinsic", onWire(who.Sign(transfer(alice.Account(), 1000), term)))
			}
			if err := send(t.Context(), s, r); err != nil {
				t.Fatal(err)
			}
		}
	}
	// Events that fill what lies between: remarks with an event each, in batches.
	var most int64
	closed := func() float64 { return n.Metric(t, "substrate_rpc_sessions_closed") }
	base := closed()
	stuckFor := time.Duration(0)
	for deadline := time.Now().Add(4 * patience); ; {
		n.Call(t, &alice.Nonce, "system_accountNextIndex", alice.Account().String())
		body := scale.AppendCompact([]byte{11, 2}, 200)
		for range 200 {
			body = append(body, 0, 7, 0) // System.remark_with_event("")
		}
		if err := n.Try(t.Context(), nil, "author_submitExtrinsic", onWire(alice.Sign(body, term))); err != nil {
			t.Log(err)
		}
		most = max(most, solo.Memory(t, n.Pid(), "VmRSS"))
		if closed() >= base+sockets {
			stuckFor = time.Since(begun)
			break
		}
		if time.Now().After(deadline) {
			t.Fatalf("%.0f of %d stuck connections are closed after %v", closed()-base, sockets, time.Since(begun))
		}
		time.Sleep(250 * time.Millisecond)
	}
	to, _ := best(t, n)
	waitFor(t, "the client that reads has seen the last block", func() bool {
		select {
		case err := <-reading:
			t.Fatal(err)
		default:
		}
		return seen.Load() >= to
	})
	share, gap := inStep(t, slots(t, n, c, from, to), 80)
	for _, s := range conns {
		s.CloseNow()
	}
	stop()
	if err := <-reading; err != nil {
		t.Error(err)
	}
	paysIn(t, n, sender(t, "//Charlie"), term)
	after := lighter(t, n, before)
	if most > before.rss+grown {
		t.Errorf("%d MB resident while clients were stuck, %d MB before", most/1e6, before.rss/1e6)
	}
	slow := 0
	for _, line := range n.Log() {
		if strings.Contains(line, "too slow") {
			slow++
		}
	}
	t.Logf("FAULTS: %d subscriptions on %d connections that read nothing, %.0f connections opened: the last was closed after %v, %d subscriptions were told to be too slow; %d blocks in %d%% of the slots, at most %d apart, all seen by a client that reads; before %v, at most %d MB resident, after %v",
		sockets*each, sockets, n.Metric(t, "substrate_rpc_sessions_opened")-opened, stuckFor.Round(time.Second), slow, to-from, share, gap, before, most/1e6, after)
}

// TestCallers has clients call for large answers that they do not read. What waits for them is bounded, others are answered, and the connections are closed.
func TestCallers(t *testing.T) {
	const sockets, calls = 60, 300
	n := start(t, solo.Config{Metrics: true})
	term := terms(t, n)
	var metadata string
	n.Call(t, &metadata, "state_getMetadata")
	goesOn(t, n, 2)
	before := weigh(t, n)
	base := n.Metric(t, "substrate_rpc_sessions_closed")
	begun := time.Now()
	var clients sync.WaitGroup
	for range sockets {
		s := stuck(t, n)
		clients.Go(func() {
			for j := range calls { // until the node reads no more
				if send(t.Context(), s, call(j, "state_getMetadata")) != nil {
					return
				}
			}
		})
	}
	var most int64
	slowest := time.Duration(0)
	waitFor(t, "the connections are closed", func() bool {
		asked := time.Now()
		n.Call(t, nil, "system_health")
		slowest = max(slowest, time.Since(asked))
		most = max(most, solo.Memory(t, n.Pid(), "VmRSS"))
		return n.Metric(t, "substrate_rpc_sessions_closed") >= base+sockets
	})
	took := time.Since(begun)
	clients.Wait()
	paysIn(t, n, sender(t, "//Charlie"), term)
	after := weigh(t, n)
	// All together may have 128 MiB of answers that wait, and each connection 1 MiB; garbage comes to as much.
	if limit := before.rss + 2*(128+sockets)<<20 + grown; most > limit {
		t.Errorf("%d MB resident while answers waited, expected at most %d MB", most/1e6, limit/1e6)
	}
	t.Logf("FAULTS: %d connections that call for %d kB each %d times and read nothing: closed after %v, others were answered within %v; before %v, at most %d MB resident, after %v",
		sockets, len(metadata)/1e3, calls, took.Round(time.Second), slowest.Round(time.Millisecond), before, most/1e6, after)
}
