package rpc_test

import (
	"context"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"net"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/coder/websocket"

	"github.com/gotensor/gotensor/node/chainspec"
	"github.com/gotensor/gotensor/node/client"
	"github.com/gotensor/gotensor/node/jsonrpc"
	"github.com/gotensor/gotensor/node/keystore"
	"github.com/gotensor/gotensor/node/pool"
	"github.com/gotensor/gotensor/node/rpc"
	"github.com/gotensor/gotensor/primitives/chain"
	"github.com/gotensor/gotensor/primitives/hash"
	"github.com/gotensor/gotensor/primitives/scale"
	"github.com/gotensor/gotensor/storage/db"
	"github.com/gotensor/gotensor/storage/trie"
	"github.com/gotensor/gotensor/testnet/driver"
	"github.com/gotensor/gotensor/testnet/upgrades"
	"github.com/gotensor/gotensor/wasmhost"
)

// node is a chain of our own runtime with its pool, under the methods, behind a real server. Blocks are made by hand.
type node struct {
	t       testing.TB
	client  *client.Client
	pool    *pool.Pool
	keys    *keystore.Keystore
	events  *client.Events
	version chain.RuntimeVersion
	slot    uint64
	imports func(context.Context, *client.Block) (hash.H256, error)
	url     string // all methods
	safe    string // without the unsafe ones
}

// An entry of a child trie that block 0 has, so that childstate_* have something to find.
var childTrie, childKeys = []byte("things"), [][]byte{[]byte("a"), []byte("ab"), []byte("b")}

// engine compiles our runtimes once for all tests.
var engine = sync.OnceValues(func() (*wasmhost.Engine, error) { return wasmhost.NewEngine(wasmhost.Config{}) })

func start(t testing.TB, change func(*rpc.Deps), more ...func(*chainspec.Genesis)) *node {
	t.Helper()
	if testing.Short() {
		t.Skip("it builds our runtime")
	}
	ctx, cancel := context.WithCancel(context.Background())
	t.Cleanup(cancel)
	base := upgrades.Base(t)
	engine, err := engine()
	check(t, err)
	genesis, err := chainspec.FromPreset(ctx, engine, base.Compressed, "development")
	check(t, err)
	for i, key := range childKeys {
		genesis.Child(childTrie).Set(key, []byte{byte(i)})
	}
	for _, f := range more {
		f(genesis)
	}
	block, err := genesis.Build(trie.V1)
	check(t, err)
	store, err := db.CreateFolder(t.TempDir(), db.MinMemory, block.Header, block.State, db.Options{})
	check(t, err)
	t.Cleanup(func() { check(t, store.Close()) })
	c, err := client.New(ctx, client.Config{Engine: engine, Store: store, Signatures: wasmhost.NewSignatures(1000)})
	check(t, err)
	p, err := pool.New(pool.Config{}, pool.ForClient(c))
	check(t, err)
	t.Cleanup(p.Close)
	n := &node{t: t, client: c, pool: p, keys: keystore.New(""), events: c.Subscribe(1000), version: base.Version, slot: 141_000_000, imports: c.Import}
	t.Cleanup(n.events.Close)
	d := rpc.Deps{Client: c, Pool: p, Keystore: n.keys,
		Spec: &chainspec.Spec{Name: "Bittensor", ID: "bittensor", ChainType: "Local",
			Properties: map[string]json.RawMessage{"ss58Format": json.RawMessage("42"), "tokenSymbol": json.RawMessage(`"TAO"`), "tokenDecimals": json.RawMessage("9")}},
		System: rpc.System{Name: "Gotensor Node", Version: "0.1.0-test", Roles: []rpc.Role{rpc.RoleAuthority}, PeerID: "12D3KooWtest"},
	}
	if change != nil {
		change(&d)
	}
	m := jsonrpc.NewMethods()
	rpc.Register(ctx, m, d)
	server := jsonrpc.NewServer(jsonrpc.Config{}, m)
	var served sync.WaitGroup
	listen := func(policy jsonrpc.Policy) string {
		l, err := net.Listen("tcp", "127.0.0.1:0")
		check(t, err)
		served.Go(func() {
			if err := server.Serve(ctx, l, policy); err != nil {
				t.Error(err)
			}
		})
		return "ws://" + l.Addr().String()
	}
	n.url, n.safe = listen(jsonrpc.Unrestricted), listen(jsonrpc.Safe)
	t.Cleanup(func() {
		ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
		defer cancel()
		check(t, server.Close(ctx))
		served.Wait()
	})
	return n
}

func check(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// block makes a block after parent of what is given, seals it, imports it and tells the pool.
func (n *node) block(parent db.Point, extrinsics ...chain.OpaqueExtrinsic) db.Point {
	n.t.Helper()
	ctx := n.t.Context()
	n.slot++
	digest, inherents := driver.Slot(n.slot, 250)
	b, err := n.client.Build(ctx, parent.Hash, digest)
	check(n.t, err)
	defer b.Close()
	_, err = b.Inherents(ctx, inherents)
	check(n.t, err)
	for _, x := range extrinsics {
		if applied, err := b.Apply(ctx, x); err != nil || !applied.OK {
			n.t.Fatalf("%x: %+v, %v", x, applied, err)
		}
	}
	built, err := b.Finish(ctx)
	check(n.t, err)
	whole := built.Block
	whole.Header.Digest = append(whole.Header.Digest, chain.DigestItem{Kind: chain.DigestSeal, Engine: chain.EngineAura, Data: make([]byte, 64)})
	h, err := n.imports(ctx, &client.Block{Origin: client.OriginOwn, Block: whole, Built: built})
	check(n.t, err)
	n.settle()
	return db.Point{Number: parent.Number + 1, Hash: h}
}

// author makes the next block of what the pool has.
func (n *node) author() db.Point {
	n.t.Helper()
	return n.block(n.client.Head().Best, n.pool.Pending()...)
}

func (n *node) finalise(block db.Point) {
	n.t.Helper()
	_, err := n.client.Finalise(block.Hash, nil)
	check(n.t, err)
	n.settle()
}

// settle tells the pool what happened.
func (n *node) settle() {
	n.t.Helper()
	for {
		ctx, cancel := context.WithTimeout(n.t.Context(), time.Millisecond)
		e, err := n.events.Next(ctx)
		cancel()
		if errors.Is(err, context.DeadlineExceeded) {
			return
		}
		check(n.t, err)
		check(n.t, n.pool.Handle(n.t.Context(), e))
	}
}

func (n *node) sender(uri string) *driver.Sender {
	s, err := driver.NewSender(uri)
	check(n.t, err)
	return s
}

func (n *node) sign(from *driver.Sender, tip uint64, call []byte) chain.OpaqueExtrinsic {
	return from.Sign(call, driver.Terms{Version: n.version, Genesis: n.client.Genesis(), Birth: n.client.Genesis(), MetadataHash: true, Tip: tip})
}

// transfer is Balances.transfer_keep_alive, in RAO.
func transfer(to chain.AccountID, amount uint64) []byte {
	return scale.AppendCompact(append([]byte{5, 3, 0}, to[:]...), amount)
}

// setCode is Sudo.sudo(System.set_code(code)).
func setCode(code []byte) []byte {
	return append([]byte{12, 0, 0, 2}, scale.AppendBytes(nil, code)...)
}

// conn is a client: requests and answers one after the other, notifications by subscription.
type conn struct {
	t    testing.TB
	ws   *websocket.Conn
	next int
	told map[string][]json.RawMessage
}

func (n *node) dial(url string) *conn {
	n.t.Helper()
	ws, _, err := websocket.Dial(n.t.Context(), url, nil)
	check(n.t, err)
	ws.SetReadLimit(64 << 20)
	n.t.Cleanup(func() { _ = ws.CloseNow() }) // it may be closed already
	return &conn{t: n.t, ws: ws, told: make(map[string][]json.RawMessage)}
}

type message struct {
	ID     json.RawMessage `json:"id"`
	Result json.RawMessage `json:"result"`
	Error  *answerError    `json:"error"`
	Method string          `json:"method"`
	Params struct {
		Subscription string          `json:"subscription"`
		Result       json.RawMessage `json:"result"`
	} `json:"params"`
}

type answerError struct {
	Code    int    `json:"code"`
	Message string `json:"message"`
	Data    any    `json:"data"`
}

func (e *answerError) String() string {
	if e == nil {
		return "no error"
	}
	if e.Data == nil {
		return fmt.Sprintf("%d %s", e.Code, e.Message)
	}
	return fmt.Sprintf("%d %s: %v", e.Code, e.Message, e.Data)
}

func (c *conn) read() message {
	c.t.Helper()
	ctx, cancel := context.WithTimeout(c.t.Context(), 20*time.Second)
	defer cancel()
	_, data, err := c.ws.Read(ctx)
	check(c.t, err)
	var m message
	if err := json.Unmarshal(data, &m); err != nil {
		c.t.Fatalf("%.300s: %v", data, err)
	}
	return m
}

// try calls a method with the text of its parameters, as JSON.
func (c *conn) try(method, params string) (json.RawMessage, *answerError) {
	c.t.Helper()
	c.next++
	id := fmt.Sprintf(`"aB%d"`, c.next)
	frame := fmt.Sprintf(`{"jsonrpc":"2.0","id":%s,"method":%q,"params":%s}`, id, method, params)
	check(c.t, c.ws.Write(c.t.Context(), websocket.MessageText, []byte(frame)))
	for {
		m := c.read()
		if m.Method != "" {
			c.told[m.Params.Subscription] = append(c.told[m.Params.Subscription], m.Params.Result)
			continue
		}
		if string(m.ID) != id {
			c.t.Fatalf("answer to %s, expected %s", m.ID, id)
		}
		return m.Result, m.Error
	}
}

// list writes values as JSON parameters.
func list(values ...any) string {
	text, err := json.Marshal(values)
	if err != nil {
		panic(err)
	}
	if values == nil {
		return "[]"
	}
	return string(text)
}

// raw calls a method that must succeed.
func (c *conn) raw(method string, params ...any) string {
	c.t.Helper()
	result, e := c.try(method, list(params...))
	if e != nil {
		c.t.Fatalf("%s%.200s: %s", method, list(params...), e)
	}
	return string(result)
}

// get calls a method and reads the result into v.
func (c *conn) get(v any, method string, params ...any) {
	c.t.Helper()
	text := c.raw(method, params...)
	if err := json.Unmarshal([]byte(text), v); err != nil {
		c.t.Fatalf("%s: %.300s: %v", method, text, err)
	}
}

func (c *conn) text(method string, params ...any) (s string) {
	c.t.Helper()
	c.get(&s, method, params...)
	return s
}

// notified returns the next notification of a subscription.
func (c *conn) notified(id string) string {
	c.t.Helper()
	for len(c.told[id]) == 0 {
		m := c.read()
		if m.Method == "" {
			c.t.Fatalf("an answer to %s that nobody asked for", m.ID)
		}
		c.told[m.Params.Subscription] = append(c.told[m.Params.Subscription], m.Params.Result)
	}
	first := c.told[id][0]
	c.told[id] = c.told[id][1:]
	return string(first)
}

// quiet fails where a subscription has something to say that was not read. A call that follows on the same connection has flushed it.
func (c *conn) quiet(id string) {
	c.t.Helper()
	time.Sleep(50 * time.Millisecond) // a handler may be about to send it
	c.raw("system_name")
	if got := c.told[id]; len(got) > 0 {
		c.t.Errorf("unexpected notification %.300s", got[0])
	}
}

func hexOf(data []byte) string { return "0x" + hex.EncodeToString(data) }

func unhex(t testing.TB, text string) []byte {
	t.Helper()
	data, err := hex.DecodeString(strings.TrimPrefix(text, "0x"))
	check(t, err)
	return data
}

func encoded(x chain.OpaqueExtrinsic) string { return hexOf(scale.Marshal(x)) }

func numberOf(t testing.TB, headerText string) (n chain.BlockNumber) {
	t.Helper()
	var h struct{ Number string }
	check(t, json.Unmarshal([]byte(headerText), &h))
	if _, err := fmt.Sscanf(h.Number, "0x%x", &n); err != nil {
		t.Fatalf("%s: %v", headerText, err)
	}
	return n
}

func quoted(h hash.H256) string { return `"` + h.String() + `"` }
