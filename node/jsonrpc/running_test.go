package jsonrpc_test

import (
	"context"
	"fmt"
	"sync/atomic"
	"testing"
	"time"

	"github.com/coder/websocket"

	"github.com/gotensor/gotensor/node/jsonrpc"
)

// A connection that sends many calls and reads no answer has few results in memory at a time, however large each is.
func TestRunning(t *testing.T) {
	var running, most, made atomic.Int64
	m := jsonrpc.NewMethods()
	m.Method("big", func(context.Context, *jsonrpc.Params) (any, error) {
		now := running.Add(1)
		defer running.Add(-1)
		for {
			old := most.Load()
			if now <= old || most.CompareAndSwap(old, now) {
				break
			}
		}
		made.Add(1)
		time.Sleep(time.Millisecond)
		return jsonrpc.Hex(make([]byte, 2<<20)), nil
	})
	addr, _ := serve(t, jsonrpc.Config{}, m, jsonrpc.Unrestricted)
	conn, _, err := websocket.Dial(t.Context(), "ws://"+addr, nil)
	if err != nil {
		t.Fatal(err)
	}
	defer conn.CloseNow()
	for i := range 64 {
		if err := conn.Write(t.Context(), websocket.MessageText, fmt.Appendf(nil, `{"jsonrpc":"2.0","id":%d,"method":"big"}`, i)); err != nil {
			t.Fatal(err)
		}
	}
	// Until nothing more comes: 64 MiB of answers are 16, and as many again may be under way or in the socket.
	for last := int64(-1); made.Load() != last; time.Sleep(300 * time.Millisecond) {
		last = made.Load()
	}
	if most.Load() > 8 || made.Load() > 40 {
		t.Errorf("%d handlers ran together and %d answers were made for a client that reads none", most.Load(), made.Load())
	}
}
