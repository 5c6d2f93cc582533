package wasmhost

import (
	"context"
	"strings"

	"github.com/tetratelabs/wazero/api"

	"github.com/gotensor/gotensor/wasmhost/internal/heap"
)

// maxPanicMessage bounds the words of a panicking guest that are kept, in bytes.
const maxPanicMessage = 64 << 10

// call is one runtime call in progress: all that a host function sees. It is used by one goroutine, for one call.
type call struct {
	ctx  context.Context // the caller's: for host functions that wait; its end is the call's wall-clock ceiling
	done <-chan struct{} // of ctx
	env  *Env            // what this call may touch
	rt   *Runtime        // the runtime that runs
	mem  api.Memory      // the guest's linear memory
	heap *heap.Allocator // the guest's heap above __heap_base
	api  string          // runtime API function being called, for errors
	fn   string          // host function running, for errors; empty while the guest's own code runs

	// lastError is the last record that the guest logged at error level (at most maxPanicMessage bytes). A Rust runtime
	// without the panic handler extension logs its panic and then executes unreachable.
	lastError string

	hostState
}

// hostFunc is one row of the table of host functions: what the guest imports from "env".
type hostFunc struct {
	name            string
	params, results []api.ValueType
	// fn reads its parameters from the front of stack and writes its result to stack[0].
	fn func(c *call, stack []uint64)
}

// span splits a pointer-size: pointer in the low 32 bits, length in the high 32 bits.
func span(s uint64) (ptr, n uint32) { return uint32(s), uint32(s >> 32) }

// bytes returns the guest bytes that span names, as a view: it is valid until the guest runs again or its memory grows,
// so what is kept must be copied. Traps where the bytes are outside memory; an empty span may point at its end and no further, as in
// Substrate.
// param is the number of the parameter, from 0.
func (c *call) bytes(s uint64, param int) []byte {
	ptr, n := span(s)
	return c.fixed(ptr, n, param)
}

// fixed returns n guest bytes at ptr, as a view like that of bytes.
func (c *call) fixed(ptr, n uint32, param int) []byte {
	data, ok := c.mem.Read(ptr, n)
	if !ok {
		c.trapParam(param, &RangeError{Pointer: ptr, Length: n, Memory: c.mem.Size()})
	}
	return data
}

// write copies data into guest memory at ptr. Traps where it does not fit. It copies into a view, because data given to the engine's own
// Write, an interface's method, would escape to the heap in every caller.
func (c *call) write(ptr uint32, data []byte, param int) {
	if len(data) != 0 {
		copy(c.fixed(ptr, uint32(len(data)), param), data)
	}
}

// alloc copies data to a fresh allocation on the guest's heap and returns its span. Traps where the heap is exhausted.
func (c *call) alloc(data []byte) uint64 {
	if uint64(len(data)) > uint64(^uint32(0)) {
		c.trap(ErrMemoryLimit)
	}
	ptr, err := c.heap.Alloc(c.mem, uint32(len(data)))
	if err != nil {
		c.trap(err)
	}
	c.write(ptr, data, -1)
	return uint64(len(data))<<32 | uint64(ptr)
}

// trap ends the call with err, in the name of the running host function. It does not return.
func (c *call) trap(err error) { c.trapParam(-1, err) }

// trapParam is trap where a parameter is at fault.
func (c *call) trapParam(param int, err error) {
	panic(&Trap{API: c.api, Function: c.fn, Param: param, Err: err})
}

// clip makes guest text fit to be kept in an error: bounded, valid UTF-8, a copy.
func clip(text []byte) string {
	if len(text) > maxPanicMessage {
		text = text[:maxPanicMessage]
	}
	return strings.ToValidUTF8(string(text), "\uFFFD")
}
