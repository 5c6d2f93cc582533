package jsonrpc_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/coder/websocket"
	"github.com/gotensor/gotensor/node/jsonrpc"
)

// methods are those of the tests.
func methods() *jsonrpc.Methods {
	m := jsonrpc.NewMethods()
	m.Method("say_hello", func(context.Context, *jsonrpc.Params) (any, error) { return "lo", nil })
	m.Method("add", func(_ context.Context, p *jsonrpc.Params) (any, error) {
		var a, b uint32
		if err := p.Next(&a); err != nil {
			return nil, err
		}
		if err := p.Next(&b); err != nil {
			return nil, err
		}
		return a + b, nil
	}, jsonrpc.Names("first_number", "b"))
	m.Method("optional", func(_ context.Context, p *jsonrpc.Params) (any, error) {
		var a *uint32
		if err := p.Optional(&a); err != nil {
			return nil, err
		}
		return a, nil
	})
	m.Method("panics", func(context.Context, *jsonrpc.Params) (any, error) { panic("on purpose") })
	m.Method("fails", func(context.Context, *jsonrpc.Params) (any, error) { return nil, errors.New("a reason") })
	m.Method("hex", func(_ context.Context, p *jsonrpc.Params) (any, error) {
		var n int
		if err := p.Next(&n); err != nil {
			return nil, err
		}
		return jsonrpc.Hex(make([]byte, n)), nil
	})
	m.Method("dangerous", func(context.Context, *jsonrpc.Params) (any, error) { return true, nil }, jsonrpc.Unsafe())
	m.Method("strict", func(_ context.Context, p *jsonrpc.Params) (any, error) {
		var a, b strict
		if err := p.Next(&a); err != nil {
			return nil, err
		}
		return nil, p.Next(&b)
	}, jsonrpc.Names("a", "b"))
	m.Method("panics_later", func(context.Context, *jsonrpc.Params) (any, error) { return panicking{}, nil })
	m.Method("panics_error", func(context.Context, *jsonrpc.Params) (any, error) { return nil, panicking{} })
	m.Method("channel", func(context.Context, *jsonrpc.Params) (any, error) { return make(chan int), nil })
	m.Method("custom", func(context.Context, *jsonrpc.Params) (any, error) {
		return nil, fmt.Errorf("step: %w", &jsonrpc.Error{Code: 1010, Message: "Invalid <Transaction>", Data: map[string][]int{"a": {1}}})
	})
	m.Method("shapes", func(context.Context, *jsonrpc.Params) (any, error) {
		return []any{jsonrpc.Hex{}, jsonrpc.Hex{0, 255, 16, 0xab, 0xcd, 0xef}, "a<b>&\x00", nil, json.RawMessage(`{"x":1}`)}, nil
	})
	refuse := func(err error) jsonrpc.SubscriptionHandler {
		return func(context.Context, *jsonrpc.Params, *jsonrpc.Sink) error { return err }
	}
	m.Subscription("refuse_subscribe", "refuse", "refuse_unsubscribe", refuse(&jsonrpc.Error{Code: 4, Message: "no"}))
	m.Subscription("mute_subscribe", "mute", "mute_unsubscribe", refuse(nil))
	m.Subscription("panic_subscribe", "panic", "panic_unsubscribe", func(context.Context, *jsonrpc.Params, *jsonrpc.Sink) error { panic("on purpose") })
	m.Subscription("count_subscribe", "count", "count_unsubscribe", func(ctx context.Context, p *jsonrpc.Params, s *jsonrpc.Sink) error {
		var n int
		if err := p.Next(&n); err != nil {
			return err
		}
		if err := s.Accept(); err != nil {
			return err
		}
		for i := range n {
			if err := s.Send(i); err != nil {
				return err
			}
		}
		<-ctx.Done()
		return nil
	}, jsonrpc.Alias("count_alias"))
	return m
}

// strict takes numbers only and says so as a method's own type does.
type strict int

func (s *strict) UnmarshalJSON(b []byte) error {
	if b[0] < '0' || b[0] > '9' {
		return jsonrpc.InvalidParams("invalid type")
	}
	return nil
}

type panicking struct{}

func (panicking) Error() string { panic("on purpose") }

func (panicking) AppendJSON([]byte) []byte { panic("on purpose") }

func serve(t testing.TB, cfg jsonrpc.Config, m *jsonrpc.Methods, p jsonrpc.Policy) (addr string, s *jsonrpc.Server) {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	s = jsonrpc.NewServer(cfg, m)
	done := make(chan error, 1)
	go func() { done <- s.Serve(context.Background(), l, p) }()
	t.Cleanup(func() {
		ctx, cancel := context.WithTimeout(context.Background(), 5*time.Second)
		defer cancel()
		s.Close(ctx)
		if err := <-done; err != nil {
			t.Error("serve:", err)
		}
	})
	return l.Addr().String(), s
}

func post(t testing.TB, addr, body string) (int, string) {
	t.Helper()
	r, err := http.Post("http://"+addr, "application/json", strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	defer r.Body.Close()
	b, err := io.ReadAll(r.Body)
	if err != nil {
		t.Fatal(err)
	}
	return r.StatusCode, string(b)
}

func dial(t testing.TB, addr string) *websocket.Conn {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), 5*time.Second)
	defer cancel()
	c, _, err := websocket.Dial(ctx, "ws://"+addr, nil)
	if err != nil {
		t.Fatal(err)
	}
	c.SetReadLimit(-1)
	t.Cleanup(func() { c.CloseNow() })
	return c
}

func send(t testing.TB, c *websocket.Conn, frame string) {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
	defer cancel()
	if err := c.Write(ctx, websocket.MessageText, []byte(frame)); err != nil {
		t.Fatal(err)
	}
}

func receive(t testing.TB, c *websocket.Conn) string {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
	defer cancel()
	_, b, err := c.Read(ctx)
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}

func TestSmoke(t *testing.T) {
	addr, _ := serve(t, jsonrpc.Config{}, methods(), jsonrpc.Auto)
	if code, got := post(t, addr, `{"jsonrpc":"2.0","method":"add","params":[1,2],"id":1}`); code != 200 || got != `{"jsonrpc":"2.0","id":1,"result":3}` {
		t.Error(code, got)
	}
	c := dial(t, addr)
	send(t, c, `{"jsonrpc":"2.0","method":"count_subscribe","params":[2],"id":"a"}`)
	first := receive(t, c)
	if !strings.HasPrefix(first, `{"jsonrpc":"2.0","id":"a","result":"`) || len(first) != len(`{"jsonrpc":"2.0","id":"a","result":"0123456789abcdef"}`) {
		t.Fatal(first)
	}
	id := first[len(first)-18 : len(first)-2]
	for _, n := range []string{"0", "1"} {
		want := `{"jsonrpc":"2.0","method":"count","params":{"subscription":"` + id + `","result":` + n + `}}`
		if got := receive(t, c); got != want {
			t.Fatal(got, want)
		}
	}
	for _, want := range []string{"true", "false"} {
		send(t, c, `{"jsonrpc":"2.0","method":"count_unsubscribe","params":["`+id+`"],"id":7}`)
		if got := receive(t, c); got != `{"jsonrpc":"2.0","id":7,"result":`+want+`}` {
			t.Fatal(got)
		}
	}
}
