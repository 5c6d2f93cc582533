package jsonrpc_test

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/coder/websocket"
	"github.com/gotensor/gotensor/node/jsonrpc"
)

// The trivial call answers in a few bytes; the large one in 600 kB of hexadecimal digits, about what state_getMetadata gives.
var calls = []struct {
	name, request string
	size          int // of the answer
}{
	{"trivial", `{"jsonrpc":"2.0","id":1,"method":"say_hello"}`, len(`{"jsonrpc":"2.0","id":1,"result":"lo"}`)},
	{"600kB", `{"jsonrpc":"2.0","id":1,"method":"hex","params":[300000]}`, len(`{"jsonrpc":"2.0","id":1,"result":"0x"}`) + 600_000},
}

func BenchmarkWebSocketPipelined(b *testing.B) {
	for _, call := range calls {
		b.Run(call.name, func(b *testing.B) {
			addr, _ := serve(b, jsonrpc.Config{}, methods(), jsonrpc.Auto)
			c := dial(b, addr)
			frame := []byte(call.request)
			ctx := context.Background()
			b.SetBytes(int64(call.size))
			b.ReportAllocs()
			b.ResetTimer()
			go func() {
				for range b.N {
					if c.Write(ctx, websocket.MessageText, frame) != nil {
						return
					}
				}
			}()
			for range b.N {
				_, r, err := c.Reader(ctx)
				if err != nil {
					b.Fatal(err)
				}
				n, err := io.Copy(io.Discard, r)
				if err != nil || int(n) != call.size {
					b.Fatal(n, err)
				}
			}
		})
	}
}

func BenchmarkHTTPKeepAlive(b *testing.B) {
	for _, call := range calls {
		b.Run(call.name, func(b *testing.B) {
			addr, _ := serve(b, jsonrpc.Config{}, methods(), jsonrpc.Auto)
			b.SetBytes(int64(call.size))
			b.ReportAllocs()
			for b.Loop() {
				r, err := http.Post("http://"+addr, "application/json", strings.NewReader(call.request))
				if err != nil {
					b.Fatal(err)
				}
				n, err := io.Copy(io.Discard, r.Body)
				r.Body.Close()
				if err != nil || int(n) != call.size {
					b.Fatal(n, err)
				}
			}
		})
	}
}

// BenchmarkBatch is a batch of 100 trivial calls.
func BenchmarkBatch(b *testing.B) {
	addr, _ := serve(b, jsonrpc.Config{}, methods(), jsonrpc.Auto)
	one := calls[0].request
	frame := "[" + one + strings.Repeat(","+one, 99) + "]"
	c := dial(b, addr)
	b.ReportAllocs()
	for b.Loop() {
		send(b, c, frame)
		if got := receive(b, c); len(got) != 1+100*(calls[0].size+1) {
			b.Fatal(got)
		}
	}
}

// BenchmarkHex is the encoding of a large result alone, beside the copy of as many bytes.
func BenchmarkHex(b *testing.B) {
	data := bytes.Repeat([]byte{0xab}, 300_000)
	want := fmt.Sprintf(`"0x%x"`, data)
	out := make([]byte, 0, len(want))
	b.Run("append", func(b *testing.B) {
		b.SetBytes(int64(len(want)))
		for b.Loop() {
			if got := jsonrpc.Hex(data).AppendJSON(out); len(got) != len(want) {
				b.Fatal(len(got))
			}
		}
	})
	b.Run("copy", func(b *testing.B) {
		b.SetBytes(int64(len(want)))
		for b.Loop() {
			if got := append(out, want...); len(got) != len(want) {
				b.Fatal(len(got))
			}
		}
	})
}

// BenchmarkBaseline is the transport alone, to compare the trivial calls with: net/http and coder/websocket sending the same bytes from a
// handler that looks at nothing.
func BenchmarkBaseline(b *testing.B) {
	request, answer := []byte(calls[0].request), []byte(`{"jsonrpc":"2.0","id":1,"result":"lo"}`)
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Method == http.MethodPost {
			io.Copy(io.Discard, r.Body)
			w.Write(answer)
			return
		}
		c, err := websocket.Accept(w, r, nil)
		if err != nil {
			return
		}
		defer c.CloseNow()
		for {
			if _, _, err := c.Read(r.Context()); err != nil {
				return
			}
			if c.Write(r.Context(), websocket.MessageText, answer) != nil {
				return
			}
		}
	}))
	defer server.Close()
	b.Run("WebSocket", func(b *testing.B) {
		c := dial(b, strings.TrimPrefix(server.URL, "http://"))
		ctx := context.Background()
		b.ReportAllocs()
		b.ResetTimer()
		go func() {
			for range b.N {
				if c.Write(ctx, websocket.MessageText, request) != nil {
					return
				}
			}
		}()
		for range b.N {
			if _, got, err := c.Read(ctx); err != nil || !bytes.Equal(got, answer) {
				b.Fatal(string(got), err)
			}
		}
	})
	b.Run("HTTP", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			r, err := http.Post(server.URL, "application/json", bytes.NewReader(request))
			if err != nil {
				b.Fatal(err)
			}
			n, err := io.Copy(io.Discard, r.Body)
			r.Body.Close()
			if err != nil || int(n) != len(answer) {
				b.Fatal(n, err)
			}
		}
	})
}
