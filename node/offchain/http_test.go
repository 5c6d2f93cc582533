package offchain

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"maps"
	"math"
	"math/rand/v2"
	"net"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/gotensor/gotensor/wasmhost"
)

const (
	ok       = wasmhost.HTTPOk
	late     = wasmhost.HTTPDeadlineReached
	broken   = wasmhost.HTTPIOError
	invalid  = wasmhost.HTTPInvalidID
	soon     = 50  // milliseconds, for what is to pass
	patience = 1e4 // milliseconds, for what is not
)

func in(milliseconds uint64) *uint64 {
	at := now() + milliseconds
	return &at
}

// newSession gives a session that ends with the test.
func newSession(t testing.TB) *session {
	t.Helper()
	c := newHTTPClient()
	s := c.session(t.Context())
	t.Cleanup(func() {
		s.close()
		c.close()
	})
	return s
}

// newServer gives a session and the address of a server that answers "Hello World!" once it has the request.
func newServer(t testing.TB) (*session, string) {
	return serve(t, func(w http.ResponseWriter, r *http.Request) {
		io.Copy(io.Discard, r.Body)
		io.WriteString(w, "Hello World!")
	})
}

func serve(t testing.TB, handle http.HandlerFunc) (*session, string) {
	t.Helper()
	server := httptest.NewServer(handle)
	t.Cleanup(server.Close) // after the session's end, as it was there first
	return newSession(t), server.URL
}

func start(t testing.TB, s *session, method, uri string) uint16 {
	t.Helper()
	id, ok := s.RequestStart(method, uri)
	if !ok {
		t.Fatalf("%s %q is refused", method, uri)
	}
	return id
}

func wait(t testing.TB, s *session, want uint16, id uint16, deadline *uint64) {
	t.Helper()
	if got := s.ResponseWait(t.Context(), []uint16{id}, deadline); !slices.Equal(got, []uint16{want}) {
		t.Fatalf("status %d, expected %d", got, want)
	}
}

func write(t testing.TB, s *session, want wasmhost.HTTPError, id uint16, chunk string, deadline *uint64) {
	t.Helper()
	if got := s.WriteBody(t.Context(), id, []byte(chunk), deadline); got != want {
		t.Fatalf("write %q: %d, expected %d", shorten([]byte(chunk)), got, want)
	}
}

func read(t testing.TB, s *session, want wasmhost.HTTPError, id uint16, size int, deadline *uint64) string {
	t.Helper()
	buffer := make([]byte, size)
	n, got := s.ReadBody(t.Context(), id, buffer, deadline)
	if got != want {
		t.Fatalf("read: %d, expected %d", got, want)
	}
	return string(buffer[:n])
}

// The cases below up to TestRandomUse are those of substrate/client/offchain/src/api/http.rs (paritytech/polkadot-sdk).

func TestPost(t *testing.T) {
	s, url := newServer(t)
	id := start(t, s, "POST", url)
	write(t, s, ok, id, "", in(patience))
	wait(t, s, 200, id, in(patience))
	if headers := s.ResponseHeaders(id); !slices.ContainsFunc(headers, func(h [2][]byte) bool { return string(h[0]) == "date" }) {
		t.Errorf("headers %q", headers)
	}
	if got := read(t, s, ok, id, 2048, in(patience)); got != "Hello World!" {
		t.Errorf("body %q", got)
	}
}

func TestRequestStartInvalid(t *testing.T) {
	s, _ := newServer(t)
	for _, c := range [][2]string{
		{"\x00", "http://localhost"}, {"", "http://localhost"}, {"GE T", "http://localhost"}, {"GET", "http://\x00localhost"}, {"GET", ""}, {"GET", "http:// localhost"},
		{"GET", "http://"}, {"GET", "http://localhost/" + strings.Repeat("a", maxHeaders)},
	} {
		if id, ok := s.RequestStart(c[0], c[1]); ok {
			t.Errorf("%q %q is request %d", c[0], shorten([]byte(c[1])), id)
		}
	}
	if len(s.requests) > 0 {
		t.Errorf("%d requests are kept", len(s.requests))
	}
}

func TestAddHeaderInvalid(t *testing.T) {
	s, url := newServer(t)
	refused := func(what string, id uint16, name, value string) {
		t.Helper()
		if s.AddHeader(id, name, value) {
			t.Errorf("%s: header %q: %q is taken", what, name, value)
		}
	}
	refused("unknown", 0xdead, "Foo", "bar")
	id := start(t, s, "GET", url)
	refused("name", id, "\x00", "bar")
	refused("no name", id, "", "bar")
	refused("value", id, "Foo", "\x00")
	refused("large", id, "Foo", strings.Repeat("a", maxHeaders))
	if !s.AddHeader(id, "Foo", "é\t ~") {
		t.Error("letters and tabs are refused")
	}
	id = start(t, s, "POST", url)
	if !s.AddHeader(id, "Foo", "Bar") {
		t.Error("header is refused")
	}
	write(t, s, ok, id, "\x01\x02\x03\x04", nil)
	refused("after the body", id, "Foo2", "Bar")
	id = start(t, s, "GET", url)
	s.ResponseHeaders(id)
	refused("after the response's headers", id, "Foo2", "Bar")
	id = start(t, s, "GET", url)
	read(t, s, ok, id, 0, nil)
	refused("after the response", id, "Foo2", "Bar")
}

func TestWriteBodyInvalid(t *testing.T) {
	s, url := newServer(t)
	for _, chunk := range []string{"\x01\x02\x03", ""} {
		write(t, s, invalid, 0xdead, chunk, nil)

		id := start(t, s, "POST", url)
		write(t, s, ok, id, "\x01\x02\x03\x04", nil)
		write(t, s, ok, id, "\x01\x02\x03\x04", nil)
		write(t, s, ok, id, "", nil)
		write(t, s, invalid, id, chunk, nil)

		id = start(t, s, "POST", url)
		write(t, s, ok, id, "\x01\x02\x03\x04", nil)
		s.ResponseWait(t.Context(), []uint16{id}, nil)
		write(t, s, invalid, id, chunk, nil)

		id = start(t, s, "POST", url)
		s.ResponseHeaders(id)
		write(t, s, invalid, id, chunk, nil)

		id = start(t, s, "POST", url)
		read(t, s, ok, id, 0, nil)
		write(t, s, invalid, id, chunk, nil)
	}
}

func TestResponseHeadersInvalid(t *testing.T) {
	s, url := newServer(t)
	none := func(id uint16) {
		t.Helper()
		if got := s.ResponseHeaders(id); len(got) > 0 {
			t.Errorf("headers %q", got)
		}
	}
	none(0xdead)
	id := start(t, s, "POST", url)
	write(t, s, ok, id, "", nil)
	for len(s.ResponseHeaders(id)) == 0 {
		time.Sleep(time.Millisecond)
	}
	id = start(t, s, "GET", url)
	wait(t, s, 200, id, nil)
	if len(s.ResponseHeaders(id)) == 0 {
		t.Error("no headers")
	}
	id = start(t, s, "GET", url)
	for read(t, s, ok, id, 128, nil) != "" {
	}
	none(id)
}

func TestReadBodyInvalid(t *testing.T) {
	s, url := newServer(t)
	read(t, s, invalid, 0xdead, 512, nil)
	id := start(t, s, "GET", url)
	for read(t, s, ok, id, 5, nil) != "" {
	}
	read(t, s, invalid, id, 512, nil)
}

// TestRandomUse calls everything in any order.
func TestRandomUse(t *testing.T) {
	s, url := newServer(t)
	random := rand.New(rand.NewPCG(1, 2))
	for range 50 {
		id := start(t, s, "POST", url)
		for range 250 {
			switch random.IntN(6) {
			case 0:
				s.AddHeader(id, "Foo", "Bar")
			case 1:
				s.WriteBody(t.Context(), id, []byte{1, 2, 3, 4}, nil)
			case 2:
				s.WriteBody(t.Context(), id, nil, nil)
			case 3:
				s.ResponseWait(t.Context(), []uint16{id}, nil)
			case 4:
				s.ResponseHeaders(id)
			case 5:
				s.ReadBody(t.Context(), id, make([]byte, 512), nil)
			}
		}
	}
}

// TestOnTheWire looks at what arrives: nothing is added, names of headers and bodies are as they were given, redirects stay where they are.
func TestOnTheWire(t *testing.T) {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer listener.Close()
	got := make(chan string, 1)
	go func() {
		for {
			conn, err := listener.Accept()
			if err != nil {
				return
			}
			var text []byte
			buffer := make([]byte, 4096)
			conn.SetReadDeadline(time.Now().Add(10 * time.Second))
			sized, whole := []byte("Content-Length: 4\r\n"), []byte("\r\n\r\n\r\n\r\n") // its body may come by itself
			for !bytes.HasSuffix(text, []byte("\r\n\r\n")) || bytes.Contains(text, sized) && !bytes.HasSuffix(text, whole) || bytes.Contains(text, []byte("chunked")) && !bytes.HasSuffix(text, []byte("\r\n0\r\n\r\n")) {
				n, err := conn.Read(buffer)
				if err != nil {
					break
				}
				text = append(text, buffer[:n]...)
			}
			got <- string(text)
			io.WriteString(conn, "HTTP/1.1 302 Found\r\nLocation: http://127.0.0.1:1/\r\nB: 2\r\nb: 1\r\nTransfer-Encoding: chunked\r\nContent-Encoding: gzip\r\n\r\n2\r\n\x1f\x8b\r\n0\r\n\r\n")
			conn.Close()
		}
	}()
	host := listener.Addr().String()
	for _, c := range []struct {
		method, uri string
		headers     [][2]string
		body        []string
		want        string
	}{
		{"GET", "http://user:word@" + host + "/a{b}%2f?c=|d#e", nil, nil, "GET /a{b}%2f?c=|d HTTP/1.1\r\nHost: " + host + "\r\n\r\n"},
		{"GET", "http://" + host, [][2]string{{"host", "other"}, {"accept", "a"}, {"accept", "b"}}, nil, "GET / HTTP/1.1\r\nHost: other\r\nAccept: a\r\nAccept: b\r\n\r\n"},
		{"POST", "http://" + host + "/", [][2]string{{"user-agent", "me"}}, []string{"abc", "de"},
			"POST / HTTP/1.1\r\nHost: " + host + "\r\nUser-Agent: me\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n2\r\nde\r\n0\r\n\r\n"},
		{"POST", "http://" + host + "/", nil, nil, "POST / HTTP/1.1\r\nHost: " + host + "\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n"},
		{"PUT", "http://" + host + "/", [][2]string{{"content-length", "4"}}, []string{"\r\n\r\n"}, "PUT / HTTP/1.1\r\nHost: " + host + "\r\nContent-Length: 4\r\n\r\n\r\n\r\n"},
		{"pOsT", "http://" + host + "/", [][2]string{{"content-length", "0"}}, nil, "pOsT / HTTP/1.1\r\nHost: " + host + "\r\n\r\n"},
	} {
		s := newSession(t)
		id := start(t, s, c.method, c.uri)
		for _, h := range c.headers {
			if !s.AddHeader(id, h[0], h[1]) {
				t.Fatalf("header %q", h)
			}
		}
		for _, piece := range c.body {
			write(t, s, ok, id, piece, in(patience))
		}
		wait(t, s, 302, id, in(patience))
		if text := <-got; text != c.want {
			t.Errorf("got  %q\nwant %q", text, c.want)
		}
		var headers []string
		for _, h := range s.ResponseHeaders(id) {
			headers = append(headers, string(h[0])+"="+string(h[1]))
		}
		if want := "b=2 b=1 content-encoding=gzip location=http://127.0.0.1:1/ transfer-encoding=chunked"; strings.Join(headers, " ") != want {
			t.Errorf("headers %q, want %q", headers, want)
		}
		if body := read(t, s, ok, id, 99, in(patience)); body != "\x1f\x8b" {
			t.Errorf("body %q", body)
		}
	}
}

// A body by nature that there is not takes no writes, and the request is lost with them.
func TestBodyOfGet(t *testing.T) {
	s, url := newServer(t)
	id := start(t, s, "GET", url)
	write(t, s, ok, id, "", nil)
	wait(t, s, 200, id, in(patience))
	id = start(t, s, "GET", url)
	write(t, s, broken, id, "abc", in(patience))
	wait(t, s, statusInvalid, id, in(patience))
}

func TestFailures(t *testing.T) {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	nobody := "http://" + listener.Addr().String()
	listener.Close()
	cut, cutURL := serve(t, func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Length", "100")
		io.WriteString(w, "abc")
		w.(http.Flusher).Flush()
		panic(http.ErrAbortHandler)
	})
	for name, uri := range map[string]string{"nobody there": nobody, "relative": "/path", "name alone": "nope", "scheme": "ftp://127.0.0.1/"} {
		id := start(t, cut, "POST", uri)
		if got := cut.ResponseWait(t.Context(), []uint16{id, id}, in(patience)); !slices.Equal(got, []uint16{statusIOError, statusIOError}) {
			t.Errorf("%s: %v", name, got)
		}
		wait(t, cut, statusInvalid, id, in(patience)) // it is forgotten
		id = start(t, cut, "POST", uri)
		read(t, cut, invalid, id, 10, in(patience)) // as Substrate has it
	}
	id := start(t, cut, "GET", cutURL)
	if got := read(t, cut, ok, id, 10, in(patience)); got != "abc" {
		t.Errorf("body %q", got)
	}
	read(t, cut, broken, id, 10, in(patience))
	read(t, cut, invalid, id, 10, in(patience))
}

// A server that does not answer, and one that stops in the middle, cost until the deadline and no more. Both can be waited for again.
func TestStuckServers(t *testing.T) {
	release := make(chan struct{})
	s, url := serve(t, func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/middle" {
			io.WriteString(w, "half")
			w.(http.Flusher).Flush()
		}
		select {
		case <-release:
			io.WriteString(w, "done")
		case <-r.Context().Done():
		}
	})
	silent, middle := start(t, s, "GET", url), start(t, s, "GET", url+"/middle")
	wait(t, s, 200, middle, in(patience))
	if got := s.ResponseWait(t.Context(), []uint16{silent, middle, 0xdead}, in(soon)); !slices.Equal(got, []uint16{statusDeadline, 200, statusInvalid}) {
		t.Errorf("statuses %v", got)
	}
	read(t, s, late, silent, 10, in(0))
	if got := read(t, s, ok, middle, 10, in(0)); got != "half" && got != "" {
		t.Errorf("body %q", got)
	}
	read(t, s, late, middle, 10, in(soon))
	past := uint64(1)
	wait(t, s, statusDeadline, silent, &past)
	close(release)
	wait(t, s, 200, silent, in(patience))
	for _, id := range []uint16{silent, middle} {
		if got := read(t, s, ok, id, 10, in(patience)); got != "done" {
			t.Errorf("body %q", got)
		}
	}

	// The end of the call ends what waits without a deadline, and that of the run the requests.
	stuck, url := serve(t, func(_ http.ResponseWriter, r *http.Request) { <-r.Context().Done() })
	id := start(t, stuck, "GET", url)
	ctx, cancel := context.WithTimeout(t.Context(), soon*time.Millisecond)
	defer cancel()
	if got := stuck.ResponseWait(ctx, []uint16{id}, nil); !slices.Equal(got, []uint16{statusDeadline}) {
		t.Errorf("statuses %v", got)
	}
	never := uint64(math.MaxUint64)
	ctx, cancel = context.WithTimeout(t.Context(), soon*time.Millisecond)
	defer cancel()
	if _, got := stuck.ReadBody(ctx, id, make([]byte, 1), &never); got != late {
		t.Errorf("read: %d", got)
	}
	stuck.close()
}

// A body without an end passes through in pieces, and one that nobody reads waits at the server.
func TestEndlessBodies(t *testing.T) {
	sent := make(chan int, 1)
	s, url := serve(t, func(w http.ResponseWriter, r *http.Request) {
		piece, n := make([]byte, 1<<16), 0
		for r.Context().Err() == nil {
			k, err := w.Write(piece)
			n += k
			if err != nil {
				break
			}
		}
		sent <- n
	})
	id := start(t, s, "GET", url)
	total := 0
	for total < 8<<20 {
		total += len(read(t, s, ok, id, 1<<16, in(patience)))
	}
	s.remove(id)
	if n := <-sent; n < total {
		t.Errorf("sent %d, got %d", n, total)
	}
	id = start(t, s, "GET", url)
	wait(t, s, 200, id, in(patience))
	time.Sleep(soon * time.Millisecond)
	if got := len(s.requests[id].arriving); got > chunks {
		t.Errorf("%d pieces are kept", got)
	}
	// No room in the buffer: the rest of the body is skipped, until the deadline.
	read(t, s, late, id, 0, in(soon))
}

// A server that takes no body: the worker is told at the deadline, and the piece that was not taken can be written again.
func TestBodyNobodyTakes(t *testing.T) {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer listener.Close()
	s := newSession(t)
	id := start(t, s, "POST", "http://"+listener.Addr().String())
	chunk := strings.Repeat("a", 1<<20)
	written := 0
	for ; written < 1000; written++ {
		if got := s.WriteBody(t.Context(), id, []byte(chunk), in(soon)); got == late {
			break
		} else if got != ok {
			t.Fatalf("write: %d", got)
		}
	}
	if written == 1000 {
		t.Error("a gigabyte is taken by nobody")
	}
	write(t, s, late, id, chunk, in(0))
	s.remove(id)
	write(t, s, invalid, id, chunk, in(0))
}

// The response may come before the body is whole.
func TestEarlyResponse(t *testing.T) {
	s, url := serve(t, func(w http.ResponseWriter, r *http.Request) {
		http.NewResponseController(w).EnableFullDuplex()
		first := make([]byte, 3)
		io.ReadFull(r.Body, first)
		w.WriteHeader(201)
		w.(http.Flusher).Flush()
		rest, _ := io.ReadAll(r.Body)
		fmt.Fprintf(w, "%s, %s", first, rest)
	})
	id := start(t, s, "POST", url)
	write(t, s, ok, id, "abc", in(patience))
	select {
	case <-s.requests[id].done:
	case <-time.After(10 * time.Second):
		t.Fatal("no response")
	}
	write(t, s, ok, id, "de", in(patience))
	write(t, s, ok, id, "", in(patience))
	wait(t, s, 201, id, in(patience))
	if got := read(t, s, ok, id, 100, in(patience)); got != "abc, de" {
		t.Errorf("body %q", got)
	}
}

// TestBounds runs into the bounds: ids, requests of a run, requests on the wire.
func TestBounds(t *testing.T) {
	release := make(chan struct{})
	arrived := make(chan struct{}, maxRequests)
	s, url := serve(t, func(_ http.ResponseWriter, r *http.Request) {
		arrived <- struct{}{}
		select {
		case <-release:
		case <-r.Context().Done():
		}
	})
	for range maxInFlight {
		s.dispatch(s.requests[start(t, s, "GET", url)])
	}
	for range maxInFlight {
		<-arrived
	}
	id := start(t, s, "GET", url)
	wait(t, s, statusDeadline, id, in(soon))
	select {
	case <-arrived:
		t.Error("one request too many is on the wire")
	default:
	}
	close(release)
	wait(t, s, 200, id, in(patience))

	s = newSession(t)
	for range maxRequests {
		start(t, s, "GET", url)
	}
	if _, ok := s.RequestStart("GET", url); ok {
		t.Error("one request too many")
	}
	for id := range maps.Clone(s.requests) {
		s.remove(id)
	}
	s.next = math.MaxUint16 - 1
	if id := start(t, s, "GET", url); id != math.MaxUint16-1 {
		t.Errorf("id %d", id)
	}
	if id, ok := s.RequestStart("GET", url); ok {
		t.Errorf("id %d: as in Substrate, the last one is not given", id)
	}
}

func BenchmarkRequest(b *testing.B) {
	s, url := newServer(b)
	for b.Loop() {
		s.next = 0
		id := start(b, s, "GET", url)
		wait(b, s, 200, id, nil)
		if got := read(b, s, ok, id, 100, nil); got != "Hello World!" {
			b.Fatalf("body %q", got)
		}
		if got := read(b, s, ok, id, 100, nil); got != "" {
			b.Fatalf("more body: %q", got)
		}
	}
}
