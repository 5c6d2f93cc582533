package faults

import (
	"bytes"
	"context"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/coder/websocket"

	"github.com/gotensor/gotensor/node/chainspec"
	"github.com/gotensor/gotensor/primitives/chain"
	"github.com/gotensor/gotensor/primitives/hash"
	"github.com/gotensor/gotensor/primitives/scale"
	"github.com/gotensor/gotensor/testnet/driver"
	"github.com/gotensor/gotensor/testnet/solo"
	"github.com/gotensor/gotensor/testnet/upgrades"
	"github.com/gotensor/gotensor/wasmhost"
)

// long asks for the numbers of make faults.
func long() bool { return os.Getenv("GOTENSOR_LONG") == "1" }

// either is short in a test run, and full with make faults.
func either(short, full int) int {
	if long() {
		return full
	}
	return short
}

// patience is how long anything may take that takes a second on an idle machine.
const patience = 2 * time.Minute

// spec is the chain of all tests: the development preset of our runtime, at 250 ms a block.
func spec(t testing.TB) *chainspec.Spec {
	t.Helper()
	base := upgrades.Base(t)
	s, err := presetSpec(base.Compressed)
	if err != nil {
		t.Fatal(err)
	}
	copied := *s
	return &copied
}

// engine makes genesis states, and runs the nodes that are not processes, with the compiled code that those keep. It ends with the process.
var engine = sync.OnceValues(func() (*wasmhost.Engine, error) {
	cache, err := os.UserCacheDir()
	if err != nil {
		return nil, err
	}
	return wasmhost.NewEngine(wasmhost.Config{CacheDir: filepath.Join(cache, "gotensor", "code")})
})

var presetSpec = func() func([]byte) (*chainspec.Spec, error) {
	var once sync.Once
	var made *chainspec.Spec
	var failed error
	return func(code []byte) (*chainspec.Spec, error) {
		once.Do(func() {
			var e *wasmhost.Engine
			if e, failed = engine(); failed != nil {
				return
			}
			var genesis *chainspec.Genesis
			if genesis, failed = chainspec.FromPreset(context.Background(), e, code, "development"); failed != nil {
				return
			}
			made = &chainspec.Spec{Name: "Faults", ID: "faults", ChainType: "Development", Genesis: *genesis}
		})
		return made, failed
	}
}()

// start starts a node that authors and votes alone, and which must print nothing that no input may make it print.
func start(t testing.TB, cfg solo.Config) *solo.Node {
	t.Helper()
	return startAnd(t, cfg, "BUG", "panic:", "runtime error", "fatal error", "goroutine ", "SIGSEGV")
}

// startAnd is start with the marks of lines that must not be printed.
func startAnd(t testing.TB, cfg solo.Config, marks ...string) *solo.Node {
	t.Helper()
	if cfg.Spec == nil {
		cfg.Spec = spec(t)
	}
	cfg.Args = append([]string{"--one", "--force-authoring"}, cfg.Args...)
	n := solo.Start(t, cfg)
	t.Cleanup(func() {
		for _, line := range n.Log() {
			for _, mark := range marks {
				if strings.Contains(line, mark) {
					t.Errorf("the node printed %q", line)
					return
				}
			}
		}
	})
	return n
}

// terms are what transfers on the chain of n are signed with.
func terms(t testing.TB, n *solo.Node) driver.Terms {
	t.Helper()
	var genesis hash.H256
	n.Call(t, &hexed{genesis[:]}, "chain_getBlockHash", 0)
	return driver.Terms{Version: upgrades.Base(t).Version, Genesis: genesis, Birth: genesis, MetadataHash: true}
}

// sender returns the account with a secret URI.
func sender(t testing.TB, uri string) *driver.Sender {
	t.Helper()
	s, err := driver.NewSender(uri)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// transfer is Balances.transfer_keep_alive.
func transfer(to chain.AccountID, value uint64) []byte {
	return scale.AppendCompact(append([]byte{5, 3, 0}, to[:]...), value)
}

// setCode is Sudo.sudo(System.set_code(code)).
func setCode(code []byte) []byte { return append([]byte{12, 0, 0, 2}, scale.AppendBytes(nil, code)...) }

// onWire is an extrinsic as clients send it.
func onWire(xt chain.OpaqueExtrinsic) string { return toHex(scale.AppendBytes(nil, xt)) }

func toHex(b []byte) string { return "0x" + hex.EncodeToString(b) }

// fromHex reads what the node writes; what is no hex is empty.
func fromHex(text string) []byte {
	b, err := hex.DecodeString(strings.TrimPrefix(text, "0x"))
	if err != nil {
		return nil
	}
	return b
}

// hexed reads a JSON string of hex digits of just this length.
type hexed struct{ to []byte }

func (h *hexed) UnmarshalJSON(text []byte) error {
	var s string
	if err := json.Unmarshal(text, &s); err != nil {
		return err
	}
	b, err := hex.DecodeString(strings.TrimPrefix(s, "0x"))
	if err == nil && len(b) != len(h.to) {
		err = fmt.Errorf("%.100q: expected %d bytes", s, len(h.to))
	}
	copy(h.to, b)
	return err
}

// header is a header as nodes write it.
type header struct {
	ParentHash, StateRoot, ExtrinsicsRoot, Number string
	Digest                                        struct{ Logs []string }
}

// point returns the number of the header and the hash that follows from its bytes.
func (h *header) point() (number uint32, block hash.H256, err error) {
	if _, err = fmt.Sscanf(h.Number, "0x%x", &number); err != nil {
		return 0, block, fmt.Errorf("number %q: %w", h.Number, err)
	}
	var encoded []byte
	raw := func(text string) {
		b, e := hex.DecodeString(strings.TrimPrefix(text, "0x"))
		err = errors.Join(err, e)
		encoded = append(encoded, b...)
	}
	raw(h.ParentHash)
	encoded = scale.AppendCompact(encoded, uint64(number))
	raw(h.StateRoot)
	raw(h.ExtrinsicsRoot)
	encoded = scale.AppendCompact(encoded, uint64(len(h.Digest.Logs)))
	for _, log := range h.Digest.Logs {
		raw(log)
	}
	return number, hash.Blake2b256(encoded), err
}

// slot is what the header's pre-runtime digest of Aura says.
func (h *header) slot() (slot uint64, err error) {
	for _, text := range h.Digest.Logs {
		log, err := hex.DecodeString(strings.TrimPrefix(text, "0x"))
		// Kind 6, "aura", eight bytes behind their length.
		if err == nil && len(log) == 14 && string(log[:6]) == "\x06aura\x20" {
			d := scale.NewDecoder(log[6:])
			return d.U64(), d.Err()
		}
	}
	return 0, errors.New("header has no slot")
}

// finalised returns the number and hash of the last final block.
func finalised(t testing.TB, n *solo.Node) (uint32, hash.H256) {
	t.Helper()
	var block hash.H256
	n.Call(t, &hexed{block[:]}, "chain_getFinalizedHead")
	return numberOf(t, n, block), block
}

func numberOf(t testing.TB, n *solo.Node, block hash.H256) uint32 {
	t.Helper()
	var h *header
	n.Call(t, &h, "chain_getHeader", block.String())
	if h == nil {
		t.Fatalf("block %s is not there", block)
	}
	number, got, err := h.point()
	if err != nil || got != block {
		t.Fatalf("header of %s has the hash %s, %v", block, got, err)
	}
	return number
}

// best returns the header of the best block.
func best(t testing.TB, n *solo.Node) (uint32, *header) {
	t.Helper()
	var h *header
	n.Call(t, &h, "chain_getHeader")
	number, _, err := h.point()
	if err != nil {
		t.Fatal(err)
	}
	return number, h
}

// goesOn waits until the node has authored and finalised so many blocks more.
func goesOn(t testing.TB, n *solo.Node, blocks uint32) {
	t.Helper()
	from, _ := finalised(t, n)
	if number, _ := best(t, n); number > from {
		from = number // what was authored before counts for nothing
	}
	for deadline := time.Now().Add(patience); ; time.Sleep(20 * time.Millisecond) {
		now, _ := finalised(t, n)
		if now >= from+blocks {
			return
		}
		if time.Now().After(deadline) {
			number, _ := best(t, n)
			t.Fatalf("finalised #%d and best #%d after %v, expected to come from #%d to #%d", now, number, patience, from, from+blocks)
		}
	}
}

// waitFor waits until done.
func waitFor(t testing.TB, what string, done func() bool) {
	t.Helper()
	for deadline := time.Now().Add(patience); !done(); time.Sleep(20 * time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatalf("%s: not within %v", what, patience)
		}
	}
}

// request is a call in a batch.
type request struct {
	Version string `json:"jsonrpc"`
	ID      int    `json:"id"`
	Method  string `json:"method"`
	Params  []any  `json:"params"`
}

// response is its answer.
type response struct {
	ID     *int
	Result json.RawMessage
	Error  *solo.Error
}

func call(id int, method string, params ...any) request {
	if params == nil {
		params = []any{}
	}
	return request{"2.0", id, method, params}
}

// web has connections of its own, so that what one test leaves open does not reach the next.
func web(t testing.TB, connections int) *http.Client {
	transport := &http.Transport{MaxIdleConnsPerHost: connections, MaxConnsPerHost: connections}
	t.Cleanup(transport.CloseIdleConnections)
	return &http.Client{Transport: transport, Timeout: patience}
}

// post sends a body to the node and returns the answer.
func post(ctx context.Context, c *http.Client, n *solo.Node, body []byte) ([]byte, error) {
	r, err := http.NewRequestWithContext(ctx, http.MethodPost, "http"+strings.TrimPrefix(n.URL(), "ws"), bytes.NewReader(body))
	if err != nil {
		return nil, err
	}
	r.Header.Set("Content-Type", "application/json")
	answer, err := c.Do(r)
	if err != nil {
		return nil, err
	}
	defer answer.Body.Close()
	return io.ReadAll(answer.Body)
}

// batch calls several methods in one request.
func batch(ctx context.Context, c *http.Client, n *solo.Node, calls []request) ([]response, error) {
	body, err := json.Marshal(calls)
	if err != nil {
		return nil, err
	}
	text, err := post(ctx, c, n, body)
	if err != nil {
		return nil, err
	}
	var answers []response
	if err := json.Unmarshal(text, &answers); err != nil {
		return nil, fmt.Errorf("answer %.200q: %w", text, err)
	}
	if len(answers) != len(calls) {
		return nil, fmt.Errorf("%d answers to %d calls: %.200q", len(answers), len(calls), text)
	}
	return answers, nil
}

// dial opens a WebSocket, which the test's end closes.
func dial(t testing.TB, n *solo.Node) *websocket.Conn {
	t.Helper()
	c, _, err := websocket.Dial(t.Context(), n.URL(), nil)
	if err != nil {
		t.Fatal(err)
	}
	c.SetReadLimit(-1)
	t.Cleanup(func() { c.CloseNow() })
	return c
}

// send writes a value as JSON.
func send(ctx context.Context, c *websocket.Conn, v any) error {
	body, err := json.Marshal(v)
	if err != nil {
		return err
	}
	return c.Write(ctx, websocket.MessageText, body)
}

// weight is what the process of a node takes: memory, and goroutines.
type weight struct {
	rss, anon  int64 // bytes
	goroutines int
}

func (w weight) String() string {
	return fmt.Sprintf("%d MB resident, %d MB its own, %d goroutines", w.rss/1e6, w.anon/1e6, w.goroutines)
}

func weigh(t testing.TB, n *solo.Node) weight {
	t.Helper()
	return weight{solo.Memory(t, n.Pid(), "VmRSS"), solo.Memory(t, n.Pid(), "RssAnon"), int(n.Metric(t, "go_goroutines"))}
}
