package rpc_test

import (
	"context"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"net"
	"net/http"
	"runtime"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/coder/websocket"

	"github.com/gotensor/gotensor/node/rpc"
	"github.com/gotensor/gotensor/primitives/chain"
	"github.com/gotensor/gotensor/testnet/driver"
	"github.com/gotensor/gotensor/wasmhost"
)

// Every method gets parameters that are none of its own: each time there is an answer, an error with a code that its sources name or a result, and the node goes on.
func TestHostileParameters(t *testing.T) {
	n := start(t, func(d *rpc.Deps) { d.CallTimeout = time.Second })
	n.author()
	c := n.dial(n.url)
	unknown := `"0x` + strings.Repeat("ab", 32) + `"`
	values := []string{`null`, `true`, `-1`, `0`, `1.5`, `1e999`, `18446744073709551616`, `4294967296`, `""`, `"0x"`, `"0x0"`, `"0xzz"`, `"é"`, `"\ud800"`, `"\u0030x00"`,
		`[]`, `[null]`, `[[]]`, `["0x00",5]`, `{}`, `{"hash":5}`, `{"extrinsic":"0x10"}`, `{"hash":` + unknown + `,"extrinsic":"0x"}`, unknown,
		`"0x` + strings.Repeat("00", 70_000) + `"`, `"` + strings.Repeat("x", 70_000) + `"`, strings.Repeat("[", 500) + strings.Repeat("]", 500)}
	lists := []string{``, `5`, `"x"`, `{}`, `{"hash":5,"keys":7}`, `[]`}
	for _, v := range values {
		lists = append(lists, "["+v+"]", "["+v+","+v+"]", `["0x00",`+v+"]", "["+v+","+v+","+v+","+v+","+v+"]", `["0x00","0x00",`+v+`]`, `[`+unknown+`,`+v+`,`+v+`]`)
	}
	var listed struct{ Methods []string }
	c.get(&listed, "rpc_methods")
	if len(listed.Methods) < 80 {
		t.Fatalf("%d methods", len(listed.Methods))
	}
	codes := []int{-32600, -32602, -32603, -32008, 1, 2, 4, 1001, 1002, 1011, 1012, 1040, 2002, 3001, 3002, 4001, 4002, 4003, 5001, 6001, 6003}
	// These write to the store, or run the runtime: a few of the lists are enough, as their parameters are read by the same functions.
	slow := func(i int) bool { return i%5 != 0 }
	answers, refused := 0, 0
	for _, method := range listed.Methods {
		for i, params := range lists {
			if params == "" {
				params = "null"
			}
			if slow(i) && (strings.HasPrefix(method, "offchain_") || strings.HasPrefix(method, "author_") || strings.HasPrefix(method, "dev_")) {
				continue
			}
			result, e := c.try(method, params)
			answers++
			if e == nil {
				if !json.Valid(result) {
					t.Errorf("%s%.100s: %.100s", method, params, result)
				}
				if strings.Contains(strings.ToLower(method), "subscribe") && !strings.Contains(strings.ToLower(method), "unsubscribe") {
					var id string
					check(t, json.Unmarshal(result, &id))
					c.raw(strings.Replace(strings.Replace(method, "subscribe", "unsubscribe", 1), "ununsub", "unsub", 1), id)
				}
				continue
			}
			refused++
			if !slices.Contains(codes, e.Code) {
				t.Errorf("%s%.100s: %.200s", method, params, e)
			}
			if len(e.String()) > 2000 && !strings.Contains(e.Message, "trap") {
				t.Errorf("%s%.100s: an error of %d bytes", method, params, len(e.String()))
			}
		}
	}
	if answers < 5000 || refused < answers/2 {
		t.Errorf("%d answers, %d refused", answers, refused)
	}
	if got := n.author(); got.Number != 2 {
		t.Errorf("the next block is %s", got)
	}
}

// The words for parameters that do not fit are serde's.
func TestParameterErrors(t *testing.T) {
	n := start(t, nil)
	c := n.dial(n.url)
	for _, test := range []struct{ method, params, want string }{
		{"chain_getHeader", `["0x12"]`, "invalid length 2, expected a (both 0x-prefixed or not) hex string with length of 64"},
		{"chain_getHeader", `["` + strings.Repeat("g", 64) + `"]`, "invalid hex character: g, at 0"},
		{"chain_getHeader", `[5]`, "invalid type: integer `5`, expected a (both 0x-prefixed or not) hex string with length of 64"},
		{"state_getStorage", `[]`, "No more params"},
		{"state_getStorage", `[null]`, "invalid type: null, expected a (both 0x-prefixed or not) hex string"},
		{"state_getStorage", `["0x0g"]`, "invalid hex character: g, at 3"},
		{"state_getKeysPaged", `["0x", -1]`, "invalid value: integer `-1`, expected u32"},
		{"state_getKeysPaged", `["0x", 4294967296]`, "invalid value: integer `4294967296`, expected u32"},
		{"state_getKeysPaged", `["0x", "1"]`, "invalid type: string \"1\", expected u32"},
		{"state_queryStorageAt", `["0x00"]`, "invalid type: string \"0x00\", expected a sequence"},
		{"state_queryStorageAt", `[["0x00", 5 , {}]]`, "invalid type: integer `5`, expected a (both 0x-prefixed or not) hex string"},
		{"state_queryStorageAt", `[[[],"0x"]]`, "invalid type: sequence, expected a (both 0x-prefixed or not) hex string"},
		{"state_call", `[true, "0x"]`, "invalid type: boolean `true`, expected a string"},
		{"chain_getBlockHash", `["latest"]`, "data did not match any variant of untagged enum ListOrValue"},
		{"chain_getBlockHash", `[-1]`, "data did not match any variant of untagged enum ListOrValue"},
		{"chain_getBlockHash", `["0x` + strings.Repeat("0", 65) + `"]`, "data did not match any variant of untagged enum ListOrValue"},
		{"chain_getBlockHash", `["0x0g"]`, "data did not match any variant of untagged enum ListOrValue"},
		{"chain_getBlockHash", `[[1, [2], 3]]`, "data did not match any variant of untagged enum ListOrValue"},
		{"chain_getBlockHash", `[[1, null]]`, "data did not match any variant of untagged enum ListOrValue"},
		{"offchain_localStorageGet", `["REMOTE", "0x00"]`, "unknown variant `REMOTE`, expected `PERSISTENT` or `LOCAL`"},
		{"system_accountNextIndex", `["5Grw"]`, `account address "5Grw": `},
	} {
		result, e := c.try(test.method, test.params)
		if e == nil || e.Code != -32602 || e.Message != "Invalid params" || !strings.HasPrefix(fmt.Sprint(e.Data), test.want) {
			t.Errorf("%s%s: %s, %s, expected %s", test.method, test.params, result, e, test.want)
		}
	}
	if _, e := c.try("chain_getBlockHash", `[4294967296]`); e.String() != "3001 `Number(4294967296)` > u32::MAX, the max block number is u32." {
		t.Error(e)
	}
	if _, e := c.try("chain_getBlockHash", `["0x100000000"]`); e.String() != "3001 `Hex(4294967296)` > u32::MAX, the max block number is u32." {
		t.Error(e)
	}
	if _, e := c.try("chain_getBlockHash", `["0x000000000000000000000000010000000000000000"]`); e.String() != "3001 `Hex(18446744073709551616)` > u32::MAX, the max block number is u32." {
		t.Error(e)
	}
	// An address of another network is the same account.
	if got := c.raw("account_nextIndex", "15oF4uVJwmo4TdGW7VfQxNLavjCXviqxT9S1MgbjMNHr6Sp5"); got != "0" {
		t.Error(got)
	}
}

// Calls end in time, and answers have a bound.
func TestBounds(t *testing.T) {
	n := start(t, func(d *rpc.Deps) { d.CallTimeout, d.MaxResponse = time.Nanosecond, 1000 })
	safe := n.dial(n.safe)
	if _, e := safe.try("state_call", list("Metadata_metadata", "0x")); e == nil || e.Code != 4003 {
		t.Errorf("no time: %s", e)
	}
	if _, e := safe.try("state_getStorageSize", list("0x")); e == nil || e.Code != 4003 {
		t.Errorf("no time for a sum: %s", e)
	}
	for _, test := range []struct{ method, params string }{
		{"state_getKeys", `["0x"]`},
		{"state_getKeysPaged", `["0x", 1000]`},
		{"state_queryStorageAt", list(slices.Repeat([]string{"0x"}, 100))},
		{"state_getReadProof", list(slices.Repeat([]string{"0x"}, 100))},
		{"state_getReadProof", list([]string{hexOf([]byte(":code"))})}, // its value
		{"state_subscribeStorage", list(slices.Repeat([]string{"0x"}, 20))},
		{"state_subscribeStorage", list([]string{hexOf([]byte(":code"))})}, // its value
		{"chain_getBlockHash", "[[0" + strings.Repeat(",1", 14) + "]]"},    // 15 of 69 bytes
	} {
		if _, e := safe.try(test.method, test.params); e == nil || e.Code != -32008 || e.Message != "Response is too big" {
			t.Errorf("%s: %s", test.method, e)
		}
	}
}

// What is asked for in long lists ends in time as well.
func TestTimeOfLists(t *testing.T) {
	n := start(t, func(d *rpc.Deps) { d.CallTimeout = time.Nanosecond })
	safe := n.dial(n.safe)
	for _, test := range []struct {
		method, params string
		code           int
	}{
		{"chain_getBlockHash", "[[0" + strings.Repeat(",1", 1000) + "]]", 3002},
		{"state_getReadProof", `[["0x00","0x01"]]`, 4003},
		{"state_getChildReadProof", list("0x"+hex.EncodeToString([]byte(":child_storage:default:things")), []string{"0x61"}), 4003},
		{"state_queryStorageAt", `[["0x00","0x01"]]`, 4003},
	} {
		if result, e := safe.try(test.method, test.params); e == nil || e.Code != test.code || !strings.Contains(e.Message, "deadline exceeded") {
			t.Errorf("%s: %.100s, %s", test.method, result, e)
		}
	}
}

// No more runtime calls run together for clients than there may; one that finds no room waits no longer than it may take.
func TestRuntimeCalls(t *testing.T) {
	const room, clients = 3, 12
	n := start(t, nil)
	call := rpc.RuntimeCalls(rpc.Deps{Client: n.client, MaxRuntimeCalls: room})
	best := n.client.Head().Best.Hash
	running, release := make(chan struct{}, clients), make(chan struct{})
	var wg sync.WaitGroup
	for range clients {
		wg.Go(func() {
			_, err := call(context.Background(), best, "Core_version", nil, func(*wasmhost.Env) {
				running <- struct{}{}
				<-release
			})
			if err != nil {
				t.Error(err)
			}
		})
	}
	for range room {
		<-running
	}
	ctx, cancel := context.WithTimeout(t.Context(), 100*time.Millisecond)
	defer cancel()
	if _, err := call(ctx, best, "Core_version", nil); !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("a call without room: %v", err)
	}
	if more := len(running); more > 0 {
		t.Errorf("%d calls at a time, expected %d", room+more, room)
	}
	close(release)
	wg.Wait()
	if _, err := call(t.Context(), best, "Core_version", nil); err != nil {
		t.Error(err)
	}
}

// The keys that a connection's subscriptions look for have a bound, and room comes back when one ends.
func TestKeysOfSubscriptions(t *testing.T) {
	n := start(t, nil)
	c := n.dial(n.safe)
	many := make([]string, 100_000)
	for i := range many {
		many[i] = fmt.Sprintf("0x%064x", i)
	}
	first := c.text("state_subscribeStorage", many)
	if _, e := c.try("state_subscribeStorage", list(many)); e == nil || e.String() != "-32006 Subscriptions of the connection keep too many bytes: Exceeded max limit of 16777216" {
		t.Errorf("the keys of a second subscription: %s", e)
	}
	n.author()
	if got := c.raw("state_unsubscribeStorage", first); got != "true" {
		t.Error(got)
	}
	for deadline := time.Now().Add(20 * time.Second); ; time.Sleep(10 * time.Millisecond) {
		if _, e := c.try("state_subscribeStorage", list(many)); e == nil {
			return
		} else if time.Now().After(deadline) {
			t.Fatalf("the room of a subscription that has ended: %s", e)
		}
	}
}

// Clients that subscribe to much and read nothing neither stop the chain nor those who read, and their connections leave nothing behind.
func TestStuckSubscribers(t *testing.T) {
	n := start(t, nil)
	before := runtime.NumGoroutine()
	var stuck []*conn
	var raw []net.Conn
	for range 25 {
		var c net.Conn
		dial := &websocket.DialOptions{HTTPClient: oneConn(&c)}
		ws, _, err := websocket.Dial(t.Context(), n.safe, dial)
		check(t, err)
		s := &conn{t: t, ws: ws, told: make(map[string][]json.RawMessage)}
		for range 4 {
			s.text("chain_subscribeNewHeads")
			s.text("chain_subscribeAllHeads")
			s.text("state_subscribeStorage", []string{hexOf(systemEvents)})
			s.text("state_subscribeRuntimeVersion")
		}
		stuck, raw = append(stuck, s), append(raw, c)
	}
	reader := n.dial(n.safe)
	id := reader.text("chain_subscribeNewHeads")
	reader.notified(id)
	for i := range 100 {
		block := n.author()
		if got := numberOf(t, reader.notified(id)); got != block.Number || got != chain.BlockNumber(i+1) {
			t.Fatalf("block %d, expected %s", got, block)
		}
	}
	for i, s := range stuck {
		if i%2 == 0 {
			_ = raw[i].Close() // without a word
		} else {
			_ = s.ws.CloseNow() // the server sees the end
		}
	}
	deadline := time.Now().Add(20 * time.Second)
	for runtime.NumGoroutine() > before+20 {
		if time.Now().After(deadline) {
			t.Fatalf("%d goroutines, %d before", runtime.NumGoroutine(), before)
		}
		time.Sleep(20 * time.Millisecond)
	}
}

// A client that goes away while its transaction waits does not keep it watched.
func TestGone(t *testing.T) {
	n := start(t, nil)
	alice := n.sender("//Alice")
	for range 20 {
		c := n.dial(n.safe)
		c.text("author_submitAndWatchExtrinsic", encoded(n.sign(alice, 0, transfer(chain.AccountID(account(n, "//Bob")), 7))))
		_ = c.ws.CloseNow()
	}
	if block := n.author(); block.Number != 1 {
		t.Error(block)
	}
	ctx, cancel := context.WithTimeout(t.Context(), 5*time.Second)
	defer cancel()
	c := n.dial(n.safe)
	if got := c.raw("account_nextIndex", alice.Account().String()); got != "20" || ctx.Err() != nil {
		t.Errorf("nonce %s", got)
	}
}

var systemEvents = driver.StorageKey("System", "Events")

// oneConn is an HTTP client that tells which connection it made.
func oneConn(made *net.Conn) *http.Client {
	return &http.Client{Transport: &http.Transport{DialContext: func(ctx context.Context, network, address string) (net.Conn, error) {
		c, err := (&net.Dialer{}).DialContext(ctx, network, address)
		*made = c
		return c, err
	}}}
}
