package jsonrpc

import (
	"context"
	"encoding/json"
	"math/rand/v2"
	"net"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/coder/websocket"
)

// TestProxyAddr has the cases of sc-rpc-server, utils.rs, tests.
func TestProxyAddr(t *testing.T) {
	for _, c := range []struct {
		name, header string
		values       []string
		want         string
	}{
		{"empty", "X-Other", []string{"x"}, ""},
		{"host_from_x_real_ip", "X-Real-Ip", []string{"127.0.0.1"}, "127.0.0.1"},
		{"ip_from_forwarded_works", "Forwarded", []string{"for=192.0.2.60;proto=http;by=203.0.113.43;host=example.com"}, "192.0.2.60"},
		{"ip_from_forwarded_multiple", "Forwarded", []string{"for=127.0.0.1", "for=192.0.2.60", "for=192.0.2.61"}, "127.0.0.1"},
		{"ip_from_x_forwarded_works", "X-Forwarded-For", []string{"127.0.0.1,192.0.2.60,0.0.0.1"}, "127.0.0.1"},
		{"IPv6 with a port", "Forwarded", []string{`For="[2001:db8:cafe::17]:4711"`}, "2001:db8:cafe::17"},
		{"garbage", "Forwarded", []string{"for=;;,for"}, ""},
	} {
		h := http.Header{c.header: c.values}
		got := ""
		if a, ok := proxyAddr(h); ok {
			got = a.String()
		}
		if got != c.want {
			t.Errorf("%s: %q", c.name, got)
		}
	}
}

func TestLimiter(t *testing.T) {
	l := newLimiter(60)
	now := time.Unix(1_800_000_000, 0)
	for i := range 60 {
		if d := l.take(now); d != 0 {
			t.Fatal(i, d)
		}
	}
	if d := l.take(now); d != time.Second {
		t.Error(d)
	}
	if d := l.take(now.Add(999 * time.Millisecond)); d != time.Millisecond {
		t.Error(d)
	}
	if d := l.take(now.Add(time.Second)); d != 0 {
		t.Error(d)
	}
	if d := l.take(now.Add(time.Second)); d != time.Second {
		t.Error(d)
	}

	// Ten tries, then the call is refused; no limiter never refuses.
	full := newLimiter(60_000)
	for full.take(time.Now()) == 0 {
	}
	if limited, ok := full.wait(context.Background()); !limited || !ok {
		t.Error("a call that waits a moment is refused")
	}
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	if _, ok := l.wait(ctx); ok {
		t.Error("waited on after the end")
	}
	var none *limiter
	if limited, ok := none.wait(ctx); limited || !ok {
		t.Error("no limit, and yet")
	}
}

func TestNewID(t *testing.T) {
	seen := make(map[byte]int)
	for range 2000 {
		id := newID()
		if len(id) != 16 {
			t.Fatal(id)
		}
		for i := range id {
			seen[id[i]]++
		}
	}
	if len(seen) != 62 {
		t.Errorf("%d letters", len(seen))
	}
}

func TestCamel(t *testing.T) {
	for in, want := range map[string]string{"hash": "hash", "start_key": "startKey", "a_b_c": "aBC", "x_": "x"} {
		if got := camel(in); got != want {
			t.Errorf("%q: %q", in, got)
		}
	}
}

func seeds(f *testing.F) {
	for _, s := range []string{
		`{"jsonrpc":"2.0","method":"a","params":[1,"x",null,{"a":[true,false]}],"id":"\u0041"}`,
		`{"jsonrpc":"2.0","method":"a","params":{"first_number":1,"b":-0.5e+7}}`,
		`[{"id":1},[],{}]`, `[ ]`, "{\"id\":\"\xff\"}", `{"a":"\ud83d\ude00\ud83d"}`, `[[[[[[`,
		`{"jsonrpc":"2.0","method":"a","id":18446744073709551616}`, "[1,\n2]", `{"b":1,"b":2}`,
	} {
		f.Add([]byte(s))
	}
}

// FuzzRequest: no frame panics or gives an answer that is no JSON, and the scanner accepts what encoding/json accepts.
func FuzzRequest(f *testing.F) {
	seeds(f)
	m := NewMethods()
	m.Method("a", func(_ context.Context, p *Params) (any, error) {
		var a, b json.RawMessage
		var c *uint32
		if err := p.Next(&a); err != nil {
			return nil, err
		}
		if err := p.Optional(&c); err != nil {
			return nil, err
		}
		if err := p.Next(&b); err != nil {
			return nil, err
		}
		return []json.RawMessage{a, b}, nil
	}, Names("first_number", "x", "b"))
	s := NewServer(Config{MaxBatch: 100}, m)
	f.Fuzz(func(t *testing.T, b []byte) {
		if len(b) < 10_000 { // encoding/json refuses deeper nesting than that
			end := skip(b, space(b, 0))
			if accepted := end >= 0 && space(b, end) == len(b); accepted != json.Valid(b) {
				t.Fatalf("accepted %v: %q", accepted, b)
			}
		}
		frame, ok := start(b)
		if !ok {
			return
		}
		if out := s.answer(t.Context(), &peer{proto: "http"}, frame).out; out != nil && !json.Valid(out) {
			t.Fatalf("%q → %q", b, out)
		}
	})
}

// FuzzString: what appendString writes, unquote and encoding/json read back.
func FuzzString(f *testing.F) {
	f.Add("a\n\"\\\x00é\xff\u2028")
	f.Fuzz(func(t *testing.T, s string) {
		quoted := appendString(nil, s)
		want := strings.ToValidUTF8(s, "\ufffd")
		if got, ok := unquote(quoted); !ok || strings.ToValidUTF8(got, "") != got {
			t.Fatalf("%q: %q", s, quoted)
		}
		var got string
		if err := json.Unmarshal(quoted, &got); err != nil {
			t.Fatal(err)
		}
		if strings.ToValidUTF8(s, "") == s && got != want {
			t.Fatalf("%q: %q", s, got)
		}
	})
}

// Notifications that wait are bounded for all connections together: those that read nothing leave the others what these need, and what is counted is given back.
func TestQueuedRoom(t *testing.T) {
	s := &Server{}
	r := rand.New(rand.NewPCG(1, 2))
	sessions, waiting := make([]*session, 40), make([][]int, 40)
	for i := range sessions {
		sessions[i] = &session{server: s}
	}
	const largest = 300_000
	held := func() (sum int) {
		for _, c := range sessions {
			sum += c.queued
		}
		return sum
	}
	refused := 0
	for range 20_000 {
		i := r.IntN(len(sessions))
		if len(waiting[i]) > 0 && (i >= 20 || r.IntN(50) == 0) { // the first ones hardly read
			sessions[i].giveLocked(waiting[i][0])
			waiting[i] = waiting[i][1:]
		}
		size := 1 + r.IntN(largest)
		if sessions[i].takeLocked(size) {
			waiting[i] = append(waiting[i], size)
		} else if refused++; i >= 20 {
			t.Fatalf("connection %d reads, and is refused %d bytes with %d that wait", i, size, sessions[i].queued)
		}
	}
	if most := sharedQueued + len(sessions)*(ownQueued+largest); held() > most || held() < sharedQueued || refused == 0 {
		t.Errorf("%d bytes wait, expected %d to %d; %d were refused", held(), sharedQueued, most, refused)
	}
	for i, sizes := range waiting {
		for _, size := range sizes {
			sessions[i].giveLocked(size)
		}
	}
	if held() != 0 || s.queued.Load() != 0 {
		t.Errorf("%d bytes wait, %d of them shared, expected none", held(), s.queued.Load())
	}
}

// However connections end, what was counted for them is given back: bytes that stay counted would take room from all others for ever.
func TestWeightIsGivenBack(t *testing.T) {
	m := NewMethods()
	large := strings.Repeat("x", 100_000)
	m.Method("large", func(context.Context, *Params) (any, error) { return large, nil })
	m.Subscription("subscribe", "told", "unsubscribe", func(ctx context.Context, _ *Params, s *Sink) error {
		if err := s.Accept(); err != nil {
			return err
		}
		for ctx.Err() == nil {
			if err := s.Send(large); err != nil {
				return err
			}
		}
		return ctx.Err()
	})
	s := NewServer(Config{}, m)
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	go s.Serve(context.Background(), l, Auto)
	defer s.Close(context.Background())
	r := rand.New(rand.NewPCG(3, 4))
	frames := []string{`{"jsonrpc":"2.0","id":1,"method":"large"}`, `[{"jsonrpc":"2.0","id":1,"method":"large"},{"jsonrpc":"2.0","id":2,"method":"large"}]`,
		`{"jsonrpc":"2.0","id":1,"method":"subscribe"}`, `[{"jsonrpc":"2.0","id":1,"method":"subscribe"}]`, `{"jsonrpc":"2.0","id":1}`, `{`}
	for range 30 {
		c, _, err := websocket.Dial(t.Context(), "ws://"+l.Addr().String(), nil)
		if err != nil {
			t.Fatal(err)
		}
		c.SetReadLimit(-1)
		for range r.IntN(60) {
			if err := c.Write(t.Context(), websocket.MessageText, []byte(frames[r.IntN(len(frames))])); err != nil {
				t.Fatal(err)
			}
		}
		for range r.IntN(20) {
			ctx, cancel := context.WithTimeout(t.Context(), 5*time.Millisecond)
			_, _, err := c.Read(ctx)
			cancel()
			if err != nil {
				break
			}
		}
		c.CloseNow()
	}
	for deadline := time.Now().Add(time.Minute); ; time.Sleep(10 * time.Millisecond) {
		s.mu.Lock()
		open := len(s.sessions)
		s.mu.Unlock()
		if open == 0 {
			break
		}
		if time.Now().After(deadline) {
			t.Fatalf("%d sessions are open", open)
		}
	}
	if w, q := s.weight.Load(), s.queued.Load(); w != 0 || q != 0 {
		t.Errorf("%d bytes of frames and answers and %d of notifications are counted, expected none", w, q)
	}
}
