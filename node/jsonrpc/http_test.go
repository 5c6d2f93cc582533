package jsonrpc_test

import (
	"context"
	"errors"
	"io"
	"net"
	"net/http"
	"net/netip"
	"strings"
	"testing"
	"time"

	"github.com/coder/websocket"
	"github.com/gotensor/gotensor/node/jsonrpc"
)

// request sends an HTTP request; headers are "Name: value".
func request(t *testing.T, method, addr, path, body string, headers ...string) *http.Response {
	t.Helper()
	r, err := http.NewRequest(method, "http://"+addr+path, strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	for _, h := range headers {
		name, value, _ := strings.Cut(h, ": ")
		if name == "Host" {
			r.Host = value
		} else {
			r.Header.Add(name, value)
		}
	}
	answer, err := http.DefaultClient.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { answer.Body.Close() })
	return answer
}

func text(t *testing.T, r *http.Response) string {
	t.Helper()
	b, err := io.ReadAll(r.Body)
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}

const hello = `{"jsonrpc":"2.0","method":"say_hello","id":1}`

// TestHTTP has the answers of jsonrpsee v0.24.9, server/src/transport/http.rs.
func TestHTTP(t *testing.T) {
	addr, _ := serve(t, jsonrpc.Config{MaxRequestSize: 100}, methods(), jsonrpc.Auto)
	for _, c := range []struct {
		name, method, contentType, body string
		status                          int
		wantType, want                  string
	}{
		{"GET", "GET", "", "", 405, "text/plain", "Used HTTP Method is not allowed. POST is required\n"},
		{"PUT", "PUT", "application/json", hello, 405, "text/plain", "Used HTTP Method is not allowed. POST is required\n"},
		{"content type", "POST", "text/plain", hello, 415, "text/plain", "Supplied content type is not allowed. Content-Type: application/json is required\n"},
		{"no content type", "POST", "", hello, 415, "text/plain", "Supplied content type is not allowed. Content-Type: application/json is required\n"},
		{"charset", "POST", "Application/JSON; charset=UTF-8", hello, 200, "application/json; charset=utf-8", `{"jsonrpc":"2.0","id":1,"result":"lo"}`},
		{"json-rpc", "POST", "application/json-rpc", hello, 200, "application/json; charset=utf-8", `{"jsonrpc":"2.0","id":1,"result":"lo"}`},
		{"too large", "POST", "application/json", hello + strings.Repeat(" ", 100), 413, "application/json; charset=utf-8",
			`{"jsonrpc":"2.0","id":null,"error":{"code":-32007,"message":"Request is too big","data":"Exceeded max limit of 100"}}`},
		{"notification", "POST", "application/json", `{"jsonrpc":"2.0","method":"x"}`, 200, "application/json; charset=utf-8", ""},
		{"any path", "POST", "application/json", hello, 200, "application/json; charset=utf-8", `{"jsonrpc":"2.0","id":1,"result":"lo"}`},
	} {
		t.Run(c.name, func(t *testing.T) {
			var headers []string
			if c.contentType != "" {
				headers = append(headers, "Content-Type: "+c.contentType)
			}
			r := request(t, c.method, addr, "/x", c.body, headers...)
			if got := text(t, r); r.StatusCode != c.status || got != c.want || r.Header.Get("Content-Type") != c.wantType {
				t.Errorf("%d %q %q", r.StatusCode, r.Header.Get("Content-Type"), got)
			}
		})
	}
	// The same without a length in front.
	r, err := http.NewRequest("POST", "http://"+addr, io.MultiReader(strings.NewReader(hello), strings.NewReader(strings.Repeat(" ", 100))))
	if err != nil {
		t.Fatal(err)
	}
	r.Header.Set("Content-Type", "application/json")
	answer, err := http.DefaultClient.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	defer answer.Body.Close()
	if answer.StatusCode != 413 {
		t.Error(answer.StatusCode)
	}
}

func TestHealth(t *testing.T) {
	for _, c := range []struct {
		name          string
		result        any
		health, ready int
		body          string
	}{
		{"well", map[string]any{"peers": 3, "isSyncing": false, "shouldHavePeers": true}, 200, 200, `{"peers":3,"isSyncing":false,"shouldHavePeers":true}`},
		{"syncing", map[string]any{"peers": 3, "isSyncing": true, "shouldHavePeers": true}, 200, 500, `{"peers":3,"isSyncing":true,"shouldHavePeers":true}`},
		{"alone", map[string]any{"peers": 0, "isSyncing": false, "shouldHavePeers": false}, 200, 500, `{"peers":0,"isSyncing":false,"shouldHavePeers":false}`},
		{"no health", nil, 500, 500, ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			m := methods()
			if c.result != nil {
				m.Method("system_health", func(context.Context, *jsonrpc.Params) (any, error) { return c.result, nil })
			}
			addr, _ := serve(t, jsonrpc.Config{}, m, jsonrpc.Safe)
			if r := request(t, "GET", addr, "/health", ""); r.StatusCode != c.health || text(t, r) != c.body {
				t.Error(r.StatusCode)
			}
			if r := request(t, "GET", addr, "/health/readiness", ""); r.StatusCode != c.ready || text(t, r) != "" {
				t.Error(r.StatusCode)
			}
		})
	}
}

func TestCORS(t *testing.T) {
	const page = "https://polkadot.js.org"
	const vary = "origin, access-control-request-method, access-control-request-headers"
	t.Run("all", func(t *testing.T) {
		addr, _ := serve(t, jsonrpc.Config{}, methods(), jsonrpc.Auto)
		r := request(t, "POST", addr, "/", hello, "Content-Type: application/json", "Origin: https://example.com", "Host: example.com")
		if r.StatusCode != 200 || r.Header.Get("Access-Control-Allow-Origin") != "*" || r.Header.Get("Access-Control-Expose-Headers") != "*" || r.Header.Get("Vary") != vary {
			t.Error(r.StatusCode, r.Header)
		}
		r = request(t, "OPTIONS", addr, "/", "", "Origin: https://example.com", "Access-Control-Request-Method: POST", "Access-Control-Request-Headers: content-type")
		if r.StatusCode != 200 || r.Header.Get("Access-Control-Allow-Origin") != "*" || r.Header.Get("Access-Control-Allow-Methods") != "*" ||
			r.Header.Get("Access-Control-Allow-Headers") != "*" || text(t, r) != "" {
			t.Error(r.StatusCode, r.Header)
		}
	})
	t.Run("list", func(t *testing.T) {
		addr, _ := serve(t, jsonrpc.Config{CORS: []string{"http://localhost:*", page}}, methods(), jsonrpc.Auto)
		_, port, _ := net.SplitHostPort(addr)
		for host, status := range map[string]int{addr: 200, "localhost:" + port: 200, "LOCALHOST:" + port: 200, "localhost": 403, "example.com:" + port: 403, "127.0.0.1:1": 403} {
			r := request(t, "POST", addr, "/", hello, "Content-Type: application/json", "Host: "+host, "Origin: "+page)
			got := text(t, r)
			if r.StatusCode != status {
				t.Error(host, r.StatusCode)
			}
			if status == 200 && r.Header.Get("Access-Control-Allow-Origin") != page {
				t.Error(r.Header)
			}
			if status == 403 && got != "Provided Host header is not whitelisted.\n" {
				t.Error(got)
			}
		}
		for origin, want := range map[string]int{"": 101, page: 101, "http://localhost:3000": 101, "https://localhost:3000": 403, "http://localhost.example.com": 403, "https://example.com": 403} {
			h := make(http.Header)
			if origin != "" {
				h.Set("Origin", origin)
			}
			c, r, err := websocket.Dial(context.Background(), "ws://"+addr, &websocket.DialOptions{HTTPHeader: h})
			if err == nil {
				c.CloseNow()
			}
			if r.StatusCode != want {
				t.Error(origin, r.StatusCode)
			}
		}
	})
}

// A page that may call at all need not be one that may call unsafe methods, whatever name it gave to this machine's address.
func TestUnsafeOrigins(t *testing.T) {
	const dangerous = `{"jsonrpc":"2.0","method":"dangerous","id":1}`
	const yes, no = `{"jsonrpc":"2.0","id":1,"result":true}`, `{"jsonrpc":"2.0","id":1,"error":{"code":-32601,"message":"RPC call is unsafe to be called externally"}}`
	addr, _ := serve(t, jsonrpc.Config{UnsafeOrigins: []string{"http://localhost:*", "https://polkadot.js.org"}}, methods(), jsonrpc.Unrestricted)
	for _, c := range []struct {
		host    string
		origins []string
		want    string
	}{
		{addr, nil, yes},
		{"evil.com", nil, yes},
		{addr, []string{"https://polkadot.js.org"}, yes},
		{addr, []string{"http://localhost:3000"}, yes},
		{"evil.com", []string{"http://evil.com"}, no},
		{addr, []string{"http://localhost.evil.com"}, no},
		{addr, []string{"http://localhost:1.evil.com"}, no},
		{addr, []string{"null"}, no},
		{addr, []string{""}, no},
		{addr, []string{"https://polkadot.js.org", "http://evil.com"}, no},
	} {
		headers := []string{"Content-Type: application/json", "Host: " + c.host}
		for _, origin := range c.origins {
			headers = append(headers, "Origin: "+origin)
		}
		if got := text(t, request(t, "POST", addr, "/", dangerous, headers...)); got != c.want {
			t.Errorf("HTTP, host %s, origins %q: %s", c.host, c.origins, got)
		}
		if r := request(t, "POST", addr, "/", hello, headers...); r.StatusCode != 200 || r.Header.Get("Access-Control-Allow-Origin") != "*" {
			t.Errorf("host %s, origins %q: safe methods are not answered: %d", c.host, c.origins, r.StatusCode)
		}
		w, _, err := websocket.Dial(t.Context(), "ws://"+addr, &websocket.DialOptions{Host: c.host, HTTPHeader: http.Header{"Origin": c.origins}})
		if err != nil {
			t.Fatal(err)
		}
		send(t, w, dangerous)
		if got := receive(t, w); got != c.want {
			t.Errorf("WebSocket, host %s, origins %q: %s", c.host, c.origins, got)
		}
		w.CloseNow()
	}
}

func TestPolicies(t *testing.T) {
	const call = `{"jsonrpc":"2.0","method":"dangerous","id":1}`
	const yes, no = `{"jsonrpc":"2.0","id":1,"result":true}`, `{"jsonrpc":"2.0","id":1,"error":{"code":-32601,"message":"RPC call is unsafe to be called externally"}}`
	for _, c := range []struct{ name, listen, flag, want string }{
		{"auto on loopback", "127.0.0.1:0", "auto", yes},
		{"auto on IPv6 loopback", "[::1]:0", "auto", yes},
		{"auto on all addresses", "0.0.0.0:0", "auto", no},
		{"safe on loopback", "127.0.0.1:0", "safe", no},
		{"unsafe on all addresses", "0.0.0.0:0", "unsafe", yes},
	} {
		t.Run(c.name, func(t *testing.T) {
			p, err := jsonrpc.ParsePolicy(c.flag)
			if err != nil {
				t.Fatal(err)
			}
			l, err := net.Listen("tcp", c.listen)
			if err != nil {
				t.Skipf("no listener on %s: %v", c.listen, err)
			}
			s := jsonrpc.NewServer(jsonrpc.Config{}, methods())
			go s.Serve(context.Background(), l, p)
			defer s.Close(context.Background())
			_, port, _ := net.SplitHostPort(l.Addr().String())
			host, _, _ := net.SplitHostPort(c.listen)
			if host == "0.0.0.0" {
				host = "127.0.0.1"
			}
			addr := net.JoinHostPort(host, port)
			if _, got := post(t, addr, call); got != c.want {
				t.Error(got)
			}
			w := dial(t, addr)
			send(t, w, call)
			if got := receive(t, w); got != c.want {
				t.Error(got)
			}
			w.Close(websocket.StatusNormalClosure, "")
			http.DefaultClient.CloseIdleConnections()
		})
	}
	if _, err := jsonrpc.ParsePolicy("all"); err == nil {
		t.Error("all accepted")
	}
}

// TestTwoListeners serves IPv4 and IPv6 from one server; ending one context closes one listener.
func TestTwoListeners(t *testing.T) {
	addr, s := serve(t, jsonrpc.Config{CORS: []string{}}, methods(), jsonrpc.Auto)
	l, err := net.Listen("tcp", "[::1]:0")
	if err != nil {
		t.Skip("no IPv6: ", err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan error, 1)
	go func() { done <- s.Serve(ctx, l, jsonrpc.Auto) }()
	for range 100 { // until Serve has taken the listener's names
		if code, _ := post(t, l.Addr().String(), hello); code == 200 {
			break
		}
		time.Sleep(time.Millisecond)
	}
	if code, got := post(t, l.Addr().String(), hello); code != 200 {
		t.Error(code, got)
	}
	// "localhost" may mean either of them, at the port of either.
	_, port, _ := net.SplitHostPort(l.Addr().String())
	if r := request(t, "POST", l.Addr().String(), "/", hello, "Content-Type: application/json", "Host: localhost:"+port); r.StatusCode != 200 {
		t.Error(r.StatusCode, text(t, r))
	}
	cancel()
	if err := <-done; err != nil {
		t.Error(err)
	}
	if code, _ := post(t, addr, hello); code != 200 {
		t.Error(code)
	}
}

func TestRateLimit(t *testing.T) {
	trusted := []netip.Prefix{netip.MustParsePrefix("192.0.2.0/24")}
	cfg := jsonrpc.Config{RateLimit: 60_000, RateLimitTrusted: trusted, TrustProxyHeaders: true}
	addr, _ := serve(t, cfg, methods(), jsonrpc.Auto)
	// A burst of a minute's calls goes through at once: here all, through the limit and past it.
	for _, forwarded := range []string{"203.0.113.9", "192.0.2.60"} {
		c, _, err := websocket.Dial(context.Background(), "ws://"+addr, &websocket.DialOptions{HTTPHeader: http.Header{"X-Forwarded-For": {forwarded}}})
		if err != nil {
			t.Fatal(err)
		}
		for range 100 {
			send(t, c, hello)
			if got := receive(t, c); got != `{"jsonrpc":"2.0","id":1,"result":"lo"}` {
				t.Fatal(got)
			}
		}
		c.CloseNow()
	}
}

// Requests over one connection share its limit; another connection has its own.
func TestRateLimitOfConnection(t *testing.T) {
	const limit = 3
	addr, _ := serve(t, jsonrpc.Config{RateLimit: limit}, methods(), jsonrpc.Auto)
	for range 2 {
		transport := &http.Transport{MaxConnsPerHost: 1}
		client := &http.Client{Transport: transport}
		call := func(timeout time.Duration) error {
			ctx, cancel := context.WithTimeout(t.Context(), timeout)
			defer cancel()
			r, err := http.NewRequestWithContext(ctx, "POST", "http://"+addr, strings.NewReader(hello))
			if err != nil {
				t.Fatal(err)
			}
			r.Header.Set("Content-Type", "application/json")
			answer, err := client.Do(r)
			if err != nil {
				return err
			}
			defer answer.Body.Close()
			_, err = io.Copy(io.Discard, answer.Body)
			return err
		}
		for range limit {
			if err := call(20 * time.Second); err != nil {
				t.Fatal(err)
			}
		}
		if err := call(200 * time.Millisecond); !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("a call over the limit: %v", err)
		}
		transport.CloseIdleConnections()
	}
}
