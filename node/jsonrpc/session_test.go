package jsonrpc_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"math/rand/v2"
	"net"
	"net/http"
	"runtime"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/coder/websocket"
	"github.com/gotensor/gotensor/node/jsonrpc"
	"github.com/prometheus/client_golang/prometheus"
)

func TestLimits(t *testing.T) {
	m := methods()
	m.Method("text", func(_ context.Context, p *jsonrpc.Params) (any, error) {
		var n int
		if err := p.Next(&n); err != nil {
			return nil, err
		}
		return strings.Repeat("a", n), nil
	})
	addr, _ := serve(t, jsonrpc.Config{MaxRequestSize: 200, MaxResponseSize: 100, MaxBatch: 2}, m, jsonrpc.Auto)
	c := dial(t, addr)
	// Source of the answers: jsonrpsee v0.24.9, server/src/tests/ws.rs and test-utils/src/helpers.rs.
	exact := 100 - len(`{"jsonrpc":"2.0","id":1,"result":""}`)
	for _, p := range []struct{ request, want string }{
		{hello + strings.Repeat(" ", 200), `{"jsonrpc":"2.0","id":null,"error":{"code":-32007,"message":"Request is too big","data":"Exceeded max limit of 200"}}`},
		{hello, `{"jsonrpc":"2.0","id":1,"result":"lo"}`}, // the connection goes on
		{hello + strings.Repeat(" ", 200-len(hello)), `{"jsonrpc":"2.0","id":1,"result":"lo"}`},
		{fmt.Sprintf(`{"jsonrpc":"2.0","method":"text","params":[%d],"id":1}`, exact), `{"jsonrpc":"2.0","id":1,"result":"` + strings.Repeat("a", exact) + `"}`},
		{fmt.Sprintf(`{"jsonrpc":"2.0","method":"text","params":[%d],"id":1}`, exact+1),
			`{"jsonrpc":"2.0","id":1,"error":{"code":-32008,"message":"Response is too big","data":"Exceeded max limit of 100"}}`},
		{`[{"jsonrpc":"2.0","method":"text","params":[9],"id":1},{"jsonrpc":"2.0","method":"text","params":[51],"id":2}]`,
			`{"jsonrpc":"2.0","id":null,"error":{"code":-32011,"message":"The batch response was too large","data":"Exceeded max limit of 100"}}`},
		{`[1,2,3]`, `{"jsonrpc":"2.0","id":null,"error":{"code":-32010,"message":"The batch request was too large","data":"Exceeded max limit of 2"}}`},
	} {
		send(t, c, p.request)
		if got := receive(t, c); got != p.want {
			t.Errorf("%s\ngot  %s\nwant %s", p.request, got, p.want)
		}
	}

	addr, _ = serve(t, jsonrpc.Config{NoBatches: true}, methods(), jsonrpc.Auto)
	if _, got := post(t, addr, `[`+hello+`]`); got != `{"jsonrpc":"2.0","id":null,"error":{"code":-32005,"message":"Batched requests are not supported by this server"}}` {
		t.Error(got)
	}
}

func TestBinaryFrames(t *testing.T) {
	addr, _ := serve(t, jsonrpc.Config{}, methods(), jsonrpc.Auto)
	c := dial(t, addr)
	if err := c.Write(context.Background(), websocket.MessageBinary, []byte(hello)); err != nil {
		t.Fatal(err)
	}
	kind, b, err := c.Read(context.Background())
	if err != nil || kind != websocket.MessageText || string(b) != `{"jsonrpc":"2.0","id":1,"result":"lo"}` {
		t.Error(kind, string(b), err)
	}
}

func TestMaxConnections(t *testing.T) {
	addr, _ := serve(t, jsonrpc.Config{MaxConnections: 2}, methods(), jsonrpc.Auto)
	first, _ := dial(t, addr), dial(t, addr)
	_, r, err := websocket.Dial(context.Background(), "ws://"+addr, nil)
	if err == nil || r.StatusCode != 429 {
		t.Error(err)
	}
	if code, got := post(t, addr, hello); code != 429 || got != "Too many connections. Please try again later." {
		t.Error(code, got)
	}
	first.CloseNow()
	eventually(t, func() bool { code, _ := post(t, addr, hello); return code == 200 })
}

// TestIdleSockets: sockets that say nothing are bounded too.
func TestIdleSockets(t *testing.T) {
	addr, _ := serve(t, jsonrpc.Config{MaxConnections: 1}, methods(), jsonrpc.Auto)
	var idle []net.Conn
	for range 8 {
		c, err := net.Dial("tcp", addr)
		if err != nil {
			t.Fatal(err)
		}
		defer c.Close()
		idle = append(idle, c)
	}
	late, err := net.Dial("tcp", addr)
	if err != nil {
		t.Fatal(err)
	}
	defer late.Close()
	late.SetReadDeadline(time.Now().Add(10 * time.Second))
	if _, err := late.Read(make([]byte, 1)); !errors.Is(err, io.EOF) && !errors.Is(err, syscall.ECONNRESET) {
		t.Error(err)
	}
	for _, c := range idle {
		c.Close()
	}
	eventually(t, func() bool {
		r, err := http.Post("http://"+addr, "application/json", strings.NewReader(hello))
		if err == nil {
			r.Body.Close()
		}
		return err == nil && r.StatusCode == 200
	})
}

// eventually waits for a condition that other goroutines bring about.
func eventually(t *testing.T, ok func() bool) {
	t.Helper()
	for range 1000 {
		if ok() {
			return
		}
		time.Sleep(5 * time.Millisecond)
	}
	t.Fatal("did not happen")
}

// TestPipelined has calls that can end only together: as many are worked on at once as the limit says, and no more.
func TestPipelined(t *testing.T) {
	const n = 8
	m := methods()
	var mu sync.Mutex
	waiting, most := 0, 0
	all := make(chan struct{})
	var once sync.Once
	m.Method("meet", func(ctx context.Context, _ *jsonrpc.Params) (any, error) {
		mu.Lock()
		waiting++
		most = max(most, waiting)
		if waiting == n {
			once.Do(func() { close(all) })
		}
		mu.Unlock()
		select {
		case <-all:
		case <-ctx.Done():
		}
		mu.Lock()
		waiting--
		mu.Unlock()
		return true, nil
	})
	addr, _ := serve(t, jsonrpc.Config{MaxCalls: n}, m, jsonrpc.Auto)
	c := dial(t, addr)
	for i := range 3 * n {
		send(t, c, fmt.Sprintf(`{"jsonrpc":"2.0","method":"meet","id":%d}`, i))
	}
	got := make(map[string]bool)
	for range 3 * n {
		got[receive(t, c)] = true
	}
	for i := range 3 * n {
		if !got[fmt.Sprintf(`{"jsonrpc":"2.0","id":%d,"result":true}`, i)] {
			t.Errorf("no answer to %d", i)
		}
	}
	if most != n {
		t.Errorf("%d at once", most)
	}
}

func subscribe(t testing.TB, c *websocket.Conn, method, params string) string {
	t.Helper()
	send(t, c, `{"jsonrpc":"2.0","method":"`+method+`","params":`+params+`,"id":1}`)
	var reply struct{ Result string }
	answer := receive(t, c)
	if err := json.Unmarshal([]byte(answer), &reply); err != nil || len(reply.Result) != 16 {
		t.Fatal(answer)
	}
	return reply.Result
}

func TestSubscriptions(t *testing.T) {
	m := methods()
	ended := make(chan error, 16)
	m.Subscription("wait_subscribe", "wait", "wait_unsubscribe", func(ctx context.Context, _ *jsonrpc.Params, s *jsonrpc.Sink) error {
		if err := s.Accept(); err != nil {
			return err
		}
		<-ctx.Done()
		ended <- s.Send(1)
		return nil
	}, jsonrpc.UnsubscribeAlias("wait_stop"))
	m.Subscription("once_subscribe", "once", "once_unsubscribe", func(_ context.Context, _ *jsonrpc.Params, s *jsonrpc.Sink) error {
		if err := s.Accept(); err != nil {
			return err
		}
		if err := s.Send(make(chan int)); err == nil || errors.Is(err, jsonrpc.ErrClosed) {
			return errors.New("a channel was sent")
		}
		if err := s.Send(jsonrpc.Hex{1}); err != nil {
			return err
		}
		panic("on purpose")
	})
	addr, _ := serve(t, jsonrpc.Config{MaxSubscriptions: 3}, m, jsonrpc.Auto)
	c := dial(t, addr)

	// The limit, and room after an end.
	ids := []string{subscribe(t, c, "wait_subscribe", "[]"), subscribe(t, c, "wait_subscribe", "[]"), subscribe(t, c, "wait_subscribe", "[]")}
	send(t, c, `{"jsonrpc":"2.0","method":"wait_subscribe","id":2}`)
	if got := receive(t, c); got != `{"jsonrpc":"2.0","id":2,"error":{"code":-32006,"message":"Too many subscriptions on the connection","data":"Exceeded max limit of 3"}}` {
		t.Error(got)
	}
	other := dial(t, addr) // another connection has its own limit, and no access to these
	for _, call := range []struct {
		c            *websocket.Conn
		method, want string
	}{
		{other, "wait_unsubscribe", "false"}, {c, "count_unsubscribe", "false"}, {c, "wait_stop", "true"}, {c, "wait_unsubscribe", "false"},
	} {
		send(t, call.c, `{"jsonrpc":"2.0","method":"`+call.method+`","params":["`+ids[0]+`"],"id":3}`)
		if got := receive(t, call.c); got != `{"jsonrpc":"2.0","id":3,"result":`+call.want+`}` {
			t.Errorf("%s: %s", call.method, got)
		}
	}
	if err := <-ended; !errors.Is(err, jsonrpc.ErrClosed) {
		t.Error(err)
	}
	eventually(t, func() bool {
		send(t, c, `{"jsonrpc":"2.0","method":"once_subscribe","id":4}`)
		return !strings.Contains(receive(t, c), "error")
	})

	// A notification follows its answer; a panic after Accept ends the subscription alone.
	if got := receive(t, c); !strings.HasPrefix(got, `{"jsonrpc":"2.0","method":"once","params":{"subscription":"`) || !strings.HasSuffix(got, `","result":"0x01"}}`) {
		t.Error(got)
	}
	send(t, c, hello)
	if got := receive(t, c); got != `{"jsonrpc":"2.0","id":1,"result":"lo"}` {
		t.Error(got)
	}

	// The end of the connection ends what is left.
	c.CloseNow()
	for range 2 {
		if err := <-ended; !errors.Is(err, jsonrpc.ErrClosed) {
			t.Error(err)
		}
	}

	// In a batch, the answer comes on its own and with the batch, as with jsonrpsee.
	send(t, other, `[{"jsonrpc":"2.0","method":"wait_subscribe","id":5},`+hello+`]`)
	first, second := receive(t, other), receive(t, other)
	if second != `[`+first+`,{"jsonrpc":"2.0","id":1,"result":"lo"}]` {
		t.Error(first, second)
	}
}

// TestSlowClient: a client that reads nothing loses its subscription, and nobody waits for it.
func TestSlowClient(t *testing.T) {
	m := methods()
	result := make(chan error, 1)
	var sent int
	m.Subscription("flood_subscribe", "flood", "flood_unsubscribe", func(ctx context.Context, _ *jsonrpc.Params, s *jsonrpc.Sink) error {
		if err := s.Accept(); err != nil {
			return err
		}
		for {
			if err := s.Send(strings.Repeat("x", 100_000)); err != nil {
				result <- err
				if ctx.Err() == nil {
					t.Error("its context goes on")
				}
				return err
			}
			sent++
		}
	})
	var log syncBuffer
	addr, _ := serve(t, jsonrpc.Config{WriteTimeout: 300 * time.Millisecond, Logger: slog.New(slog.NewTextHandler(&log, nil))}, m, jsonrpc.Auto)
	c := dial(t, addr)
	send(t, c, `{"jsonrpc":"2.0","method":"flood_subscribe","id":1}`)
	if err := <-result; !errors.Is(err, jsonrpc.ErrSlow) {
		t.Error(err)
	}
	if sent < 64 {
		t.Errorf("%d sent", sent)
	}
	eventually(t, func() bool { return strings.Contains(log.String(), "client is too slow") })
	// What lies in the queue is more than the sockets hold: the write times out and the connection is cut.
	time.Sleep(time.Second)
	ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
	defer cancel()
	for {
		if _, _, err := c.Read(ctx); err != nil {
			if ctx.Err() != nil {
				t.Error("the connection stays")
			}
			break
		}
	}
}

type syncBuffer struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (b *syncBuffer) Write(p []byte) (int, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.b.Write(p)
}

func (b *syncBuffer) String() string {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.b.String()
}

// TestUnreadAnswers: a client that sends calls and reads no answer is stopped, and the memory held for it is bounded.
func TestUnreadAnswers(t *testing.T) {
	m := methods()
	shared := jsonrpc.Hex(make([]byte, 5<<20)) // the answers are copies of twice the size
	m.Method("large", func(context.Context, *jsonrpc.Params) (any, error) { return shared, nil })
	addr, _ := serve(t, jsonrpc.Config{WriteTimeout: 2 * time.Second}, m, jsonrpc.Auto)
	c := dial(t, addr)
	ctx, cancel := context.WithTimeout(context.Background(), 60*time.Second)
	defer cancel()
	for range 64 {
		if err := c.Write(ctx, websocket.MessageText, []byte(`{"jsonrpc":"2.0","method":"large","id":1}`)); err != nil {
			t.Fatal(err)
		}
	}
	time.Sleep(time.Second)
	var held runtime.MemStats
	runtime.GC()
	runtime.ReadMemStats(&held)
	if held.HeapAlloc > 150<<20 { // 64 MiB, one answer more, and what the test holds itself
		t.Errorf("%d bytes held", held.HeapAlloc)
	}
	var err error
	for err == nil {
		err = c.Write(ctx, websocket.MessageText, []byte(`{"jsonrpc":"2.0","method":"large","id":1}`))
	}
	if ctx.Err() != nil {
		t.Error("the server reads on")
	}
}

// TestSubscribeFlood: answers of subscriptions that end at once count as others do.
func TestSubscribeFlood(t *testing.T) {
	m := methods()
	m.Subscription("brief_subscribe", "brief", "brief_unsubscribe", func(_ context.Context, _ *jsonrpc.Params, s *jsonrpc.Sink) error {
		if err := s.Accept(); err != nil {
			return err
		}
		return s.Send(1)
	})
	addr, _ := serve(t, jsonrpc.Config{WriteTimeout: time.Second}, m, jsonrpc.Auto)
	c := dial(t, addr)
	ctx, cancel := context.WithTimeout(context.Background(), 60*time.Second)
	defer cancel()
	id := `"` + strings.Repeat("x", 10_000) + `"` // comes back with the answer
	n := 0
	var err error
	for ; err == nil; n++ {
		err = c.Write(ctx, websocket.MessageText, []byte(`{"jsonrpc":"2.0","method":"brief_subscribe","id":`+id+`}`))
	}
	if ctx.Err() != nil || n > 5000 {
		t.Errorf("the server reads on: %d calls", n)
	}
}

// TestMalformedFlood sends 10,000 malformed frames over one connection and as many requests over HTTP.
func TestMalformedFlood(t *testing.T) {
	addr, _ := serve(t, jsonrpc.Config{}, methods(), jsonrpc.Auto)
	c := dial(t, addr)
	r := rand.New(rand.NewPCG(1, 2))
	valid := []byte(`[{"jsonrpc":"2.0","method":"add","params":{"first_number":1,"b":[2,"x\u0041",null]},"id":"abc"}]`)
	frame := func() []byte {
		b := bytes.Clone(valid)
		for range 1 + r.IntN(4) {
			switch i := r.IntN(len(b)); r.IntN(3) {
			case 0:
				b[i] = byte(r.Uint32())
			case 1:
				b = append(b[:i], b[min(len(b), i+r.IntN(9)):]...)
				b = append(b, '{')
			case 2:
				b = append(b, b[i:]...)
			}
		}
		return b
	}
	var before, after runtime.MemStats
	runtime.GC()
	runtime.ReadMemStats(&before)
	go func() {
		for range 10_000 {
			if c.Write(context.Background(), websocket.MessageText, frame()) != nil {
				return
			}
		}
		c.Write(context.Background(), websocket.MessageText, []byte(`{"jsonrpc":"2.0","method":"say_hello","id":"last"}`))
	}()
	for n := 0; ; n++ {
		got := receive(t, c)
		if !json.Valid([]byte(got)) {
			t.Fatal(got)
		}
		if strings.Contains(got, `"last"`) {
			t.Logf("%d answers", n)
			break
		}
	}
	for range 1000 {
		code, got := post(t, addr, string(frame()))
		if code != 200 && code != 400 || got != "" && !json.Valid([]byte(got)) {
			t.Fatal(code, got)
		}
	}
	runtime.GC()
	runtime.ReadMemStats(&after)
	if grown := int64(after.HeapAlloc) - int64(before.HeapAlloc); grown > 16<<20 {
		t.Errorf("%d bytes more held", grown)
	}
}

// TestBrokenFrames sends bytes that are no WebSocket frames, and leaves in the middle of one.
func TestBrokenFrames(t *testing.T) {
	addr, _ := serve(t, jsonrpc.Config{MaxConnections: 4}, methods(), jsonrpc.Auto)
	for i, garbage := range []string{
		"\x81\x05hello", // not masked
		"\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff",  // no such opcode
		"\x81\xff\x7f\xff\xff\xff\xff\xff\xff\xff0000x", // 2^63 bytes announced
		"\x81\xfe\xff", // cut in the header
		"\x89\xff\x00\x00\x00\x00\x00\x00\xff\xff0000", // a ping that is too long
		"\x80\x80\x00\x00\x00\x00",                     // continues nothing
		"\xc1\x81\x00\x00\x00\x00x",                    // compressed, which was not agreed
	} {
		conn, err := net.Dial("tcp", addr)
		if err != nil {
			t.Fatal(err)
		}
		fmt.Fprintf(conn, "GET / HTTP/1.1\r\nHost: %s\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n%s", addr, garbage)
		conn.SetReadDeadline(time.Now().Add(10 * time.Second))
		var b [512]byte
		if n, err := conn.Read(b[:]); err != nil || !bytes.HasPrefix(b[:n], []byte("HTTP/1.1 101")) {
			t.Error(i, err)
		}
		conn.Close()
	}
	eventually(t, func() bool { code, _ := post(t, addr, hello); return code == 200 })
	c := dial(t, addr)
	send(t, c, hello)
	receive(t, c)
}

// TestContexts: handlers' contexts end with their connection.
func TestContexts(t *testing.T) {
	m := methods()
	started, ended := make(chan struct{}, 1), make(chan struct{}, 1)
	m.Method("wait", func(ctx context.Context, _ *jsonrpc.Params) (any, error) {
		started <- struct{}{}
		<-ctx.Done()
		ended <- struct{}{}
		return nil, ctx.Err()
	})
	addr, _ := serve(t, jsonrpc.Config{}, m, jsonrpc.Auto)
	const wait = `{"jsonrpc":"2.0","method":"wait","id":1}`
	c := dial(t, addr)
	send(t, c, wait)
	<-started
	c.CloseNow()
	<-ended

	ctx, cancel := context.WithCancel(context.Background())
	r, err := http.NewRequestWithContext(ctx, "POST", "http://"+addr, strings.NewReader(wait))
	if err != nil {
		t.Fatal(err)
	}
	r.Header.Set("Content-Type", "application/json")
	go func() { <-started; cancel() }()
	if _, err := http.DefaultClient.Do(r); err == nil {
		t.Error("answered")
	}
	<-ended
}

// TestPings: the server pings, answers pings, keeps an idle client that answers, and drops one that does not.
func TestPings(t *testing.T) {
	const interval = 30 * time.Millisecond
	addr, _ := serve(t, jsonrpc.Config{PingInterval: interval}, methods(), jsonrpc.Auto)
	pings := make(chan struct{}, 100)
	dialPing := func(answer bool) *websocket.Conn {
		c, _, err := websocket.Dial(context.Background(), "ws://"+addr, &websocket.DialOptions{
			OnPingReceived: func(context.Context, []byte) bool { pings <- struct{}{}; return answer },
		})
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { c.CloseNow() })
		return c
	}
	good := dialPing(true)
	closed := good.CloseRead(context.Background())
	for range 12 {
		<-pings
	}
	if err := good.Ping(context.Background()); err != nil || closed.Err() != nil {
		t.Error(err, closed.Err())
	}
	bad := dialPing(false)
	select {
	case <-bad.CloseRead(context.Background()).Done():
	case <-time.After(10 * time.Second):
		t.Error("a client without pongs stays")
	}
	if closed.Err() != nil {
		t.Error("the good one is gone")
	}
}

// TestClose: calls under way are answered, subscriptions end, sockets close with 1001.
func TestClose(t *testing.T) {
	m := methods()
	started, ended := make(chan struct{}, 2), make(chan struct{}, 1)
	release := make(chan struct{})
	m.Method("wait", func(ctx context.Context, _ *jsonrpc.Params) (any, error) {
		started <- struct{}{}
		<-release
		return jsonrpc.Hex(make([]byte, 1<<20)), ctx.Err()
	})
	m.Subscription("wait_subscribe", "wait", "wait_unsubscribe", func(ctx context.Context, _ *jsonrpc.Params, s *jsonrpc.Sink) error {
		if err := s.Accept(); err != nil {
			return err
		}
		<-ctx.Done()
		close(ended)
		return nil
	})
	addr, s := serve(t, jsonrpc.Config{}, m, jsonrpc.Auto)
	c := dial(t, addr)
	subscribe(t, c, "wait_subscribe", "[]")
	const wait = `{"jsonrpc":"2.0","method":"wait","id":1}`
	send(t, c, wait)
	overHTTP := make(chan int, 1)
	go func() {
		_, got := post(t, addr, wait)
		overHTTP <- len(got)
	}()
	<-started
	<-started
	closed := make(chan error, 1)
	go func() {
		ctx, cancel := context.WithTimeout(context.Background(), 20*time.Second)
		defer cancel()
		closed <- s.Close(ctx)
	}()
	<-ended
	send(t, c, hello) // too late: not answered
	close(release)
	const size = len(`{"jsonrpc":"2.0","id":1,"result":"0x"}`) + 2<<20
	if got := receive(t, c); len(got) != size {
		t.Error(len(got))
	}
	_, _, err := c.Read(context.Background())
	if websocket.CloseStatus(err) != websocket.StatusGoingAway {
		t.Error(err)
	}
	if got := <-overHTTP; got != size {
		t.Error(got)
	}
	if err := <-closed; err != nil {
		t.Error(err)
	}
	if _, _, err := websocket.Dial(context.Background(), "ws://"+addr, nil); err == nil {
		t.Error("a new connection")
	}
}

// TestCloseStuck: a handler that does not end does not keep the server.
func TestCloseStuck(t *testing.T) {
	m := methods()
	started, release := make(chan struct{}), make(chan struct{})
	m.Method("stuck", func(context.Context, *jsonrpc.Params) (any, error) {
		close(started)
		<-release
		return nil, nil
	})
	addr, s := serve(t, jsonrpc.Config{}, m, jsonrpc.Auto)
	c := dial(t, addr)
	send(t, c, `{"jsonrpc":"2.0","method":"stuck","id":1}`)
	<-started
	ctx, cancel := context.WithTimeout(context.Background(), 50*time.Millisecond)
	defer cancel()
	if err := s.Close(ctx); !errors.Is(err, context.DeadlineExceeded) {
		t.Error(err)
	}
	close(release)
}

func TestPanicIsLogged(t *testing.T) {
	var log syncBuffer
	addr, _ := serve(t, jsonrpc.Config{Logger: slog.New(slog.NewTextHandler(&log, nil))}, methods(), jsonrpc.Auto)
	post(t, addr, `{"jsonrpc":"2.0","method":"panics","id":1}`)
	if got := log.String(); !strings.Contains(got, "BUG: RPC handler panicked") || !strings.Contains(got, "on purpose") || !strings.Contains(got, "server_test.go") {
		t.Error(got)
	}
}

func TestRegistration(t *testing.T) {
	for name, do := range map[string]func(m *jsonrpc.Methods){
		"method twice":      func(m *jsonrpc.Methods) { m.Method("add", nil) },
		"alias of a method": func(m *jsonrpc.Methods) { m.Method("new", nil, jsonrpc.Alias("add")) },
		"one name for both": func(m *jsonrpc.Methods) { m.Subscription("s", "s", "s", nil) },
	} {
		func() {
			defer func() {
				if r, _ := recover().(string); !strings.HasPrefix(r, "BUG: ") {
					t.Errorf("%s: %v", name, r)
				}
			}()
			do(methods())
		}()
	}
}

func TestMetrics(t *testing.T) {
	r := prometheus.NewRegistry()
	addr, _ := serve(t, jsonrpc.Config{Metrics: r}, methods(), jsonrpc.Auto)
	post(t, addr, hello)
	post(t, addr, `{"jsonrpc":"2.0","method":"made_up_1","id":1}`)
	post(t, addr, `{"jsonrpc":"2.0","method":"made_up_2","id":1}`)
	c := dial(t, addr)
	send(t, c, `[`+hello+`,`+hello+`]`)
	receive(t, c)
	c.Close(websocket.StatusNormalClosure, "")
	var got string
	eventually(t, func() bool {
		families, err := r.Gather()
		if err != nil {
			t.Fatal(err)
		}
		var lines []string
		for _, f := range families {
			for _, m := range f.Metric {
				line := f.GetName()
				for _, l := range m.Label {
					line += " " + l.GetName() + "=" + l.GetValue()
				}
				switch {
				case m.Counter != nil:
					line += fmt.Sprint(" ", m.Counter.GetValue())
				case m.Histogram != nil:
					line += fmt.Sprint(" ", m.Histogram.GetSampleCount())
				}
				lines = append(lines, line)
			}
		}
		got = strings.Join(lines, "\n")
		return strings.Contains(got, "sessions_time")
	})
	const want = `substrate_rpc_calls_finished is_error=false is_rate_limited=false method=say_hello protocol=http 1
substrate_rpc_calls_finished is_error=false is_rate_limited=false method=say_hello protocol=ws 2
substrate_rpc_calls_finished is_error=true is_rate_limited=false method=unknown protocol=http 2
substrate_rpc_calls_started method=say_hello protocol=http 1
substrate_rpc_calls_started method=say_hello protocol=ws 2
substrate_rpc_calls_started method=unknown protocol=http 2
substrate_rpc_calls_time is_rate_limited=false method=say_hello protocol=http 1
substrate_rpc_calls_time is_rate_limited=false method=say_hello protocol=ws 2
substrate_rpc_calls_time is_rate_limited=false method=unknown protocol=http 2
substrate_rpc_sessions_closed 1
substrate_rpc_sessions_opened 1
substrate_rpc_sessions_time protocol=ws 1`
	if got != want {
		t.Error(got)
	}
}

// What a subscription was asked with does not stay for as long as it lives.
func TestParametersOfSubscriptions(t *testing.T) {
	const size, subscriptions = 4 << 20, 20
	m := methods()
	m.Subscription("sub_large", "large", "unsub_large", func(ctx context.Context, p *jsonrpc.Params, s *jsonrpc.Sink) error {
		var raw json.RawMessage
		if err := p.Next(&raw); err != nil {
			return err
		}
		if err := s.Keep(1); err != nil {
			return err
		}
		raw = nil
		if err := s.Accept(); err != nil {
			return err
		}
		<-ctx.Done()
		return nil
	})
	addr, _ := serve(t, jsonrpc.Config{}, m, jsonrpc.Auto)
	c := dial(t, addr)
	frame := `{"jsonrpc":"2.0","method":"sub_large","id":1,"params":["` + strings.Repeat("x", size) + `"]}`
	for range subscriptions {
		send(t, c, frame)
		if got := receive(t, c); !strings.Contains(got, `"result"`) {
			t.Fatal(got)
		}
	}
	var stats runtime.MemStats
	for range 50 {
		runtime.GC()
		if runtime.ReadMemStats(&stats); stats.HeapAlloc < size*subscriptions/2 {
			return
		}
		time.Sleep(10 * time.Millisecond)
	}
	t.Errorf("%d subscriptions hold %d bytes", subscriptions, stats.HeapAlloc)
}
