package ourruntime

import (
	"testing"

	"github.com/gotensor/gotensor/pallets/frame"
	"github.com/gotensor/gotensor/wasmhost"
)

// TestRefusal: what the blob's last words must be to agree with a frame.Panic.
func TestRefusal(t *testing.T) {
	for message, want := range map[string]error{
		"panic: block does not decode": frame.Panic("block does not decode"),
		"fatal error: out of memory":   nil,
		"runtime: out of memory":       nil,
		"Timestamp must be updated":    nil,
	} {
		err := error(&wasmhost.Trap{API: "Core_execute_block", Param: -1, Err: &wasmhost.GuestPanic{Message: message}})
		if want == nil {
			want = err
		}
		if got := Refusal(err); got != want {
			t.Errorf("%q: expected %v, got %v", message, want, got)
		}
	}
}
