package wasmhost

import (
	"errors"
	"fmt"
	"strings"

	"github.com/gotensor/gotensor/internal/wasmbin"
)

// Errors of a call that a caller may match with errors.Is. All of them leave the engine, the runtime and the node usable.
var (
	// ErrUnknownAPI: the runtime does not export the function that was called.
	ErrUnknownAPI = errors.New("runtime has no such function")
	// ErrMemoryLimit: the guest needed more linear memory than the call allows.
	ErrMemoryLimit = errors.New("memory ceiling reached")
	// ErrDeadline: the context of the call ended while the guest ran.
	ErrDeadline = errors.New("wall-clock ceiling reached")
	// ErrStackOverflow: the guest recursed deeper than the engine allows.
	ErrStackOverflow = errors.New("stack overflow")
	// ErrForbidden: the guest called a host function that the environment of this call does not permit.
	ErrForbidden = errors.New("host function is forbidden in this context")
	// ErrOutOfRange: a pointer and length of the guest name bytes outside its memory.
	ErrOutOfRange = errors.New("outside the guest's memory")
	// ErrHost: the host, not the guest, is at fault: the system has no memory for an instance, say. It says nothing about the code.
	ErrHost = errors.New("host failure")
	// ErrClosed: the engine was closed.
	ErrClosed = errors.New("engine is closed")
)

// Errors of code that cannot be loaded. Each is wrapped with what was found.
var (
	// ErrNotWasm: the code is no WebAssembly module, or one that is malformed or uses what the host does not support.
	ErrNotWasm = errors.New("not a valid WebAssembly module")
	// ErrTooComplex: compiling the code could take very long. The error names the function and the bound; what is
	// bounded stands in package wasmbin.
	ErrTooComplex = wasmbin.ErrTooComplex
	// ErrZstd: the code carries the compression prefix and what follows is no valid zstd frame.
	ErrZstd = errors.New("zstd")
	// ErrCodeTooBig: the code is larger than MaxCode, before or after decompression.
	ErrCodeTooBig = errors.New("code is too big")
	// ErrMissingMemory: the module neither imports nor defines a linear memory.
	ErrMissingMemory = errors.New("module has no memory")
	// ErrMissingHeapBase: the module exports no immutable i32 global __heap_base.
	ErrMissingHeapBase = errors.New("module exports no __heap_base")
	// ErrVersion: the runtime does not say its version in a form that can be read, in its custom sections or in its answer.
	ErrVersion = errors.New("runtime version")
	// ErrStartFunction: the module has a start function, which Substrate's executors refuse.
	ErrStartFunction = errors.New("module has a start function")
)

// UnknownImportsError lists every import of a module that the host does not offer.
type UnknownImportsError struct {
	Imports []string // "module.name: what is wrong", in the order of the module
}

func (e *UnknownImportsError) Error() string {
	return fmt.Sprintf("unknown imports: %s", strings.Join(e.Imports, ", "))
}

// Trap is the end of a runtime call that went wrong inside the guest or in a host function it called.
type Trap struct {
	API      string // runtime API function that was called
	Function string // host function that refused; empty where the guest's own code trapped
	Param    int    // number of the parameter at fault, from 0; -1 where it is none
	Err      error  // what happened; reachable through errors.Is and errors.As
	Stack    string // guest functions on the stack, a line each, where the engine knows them: for people, and not the same on every engine
}

func (t *Trap) Error() string {
	var b strings.Builder
	fmt.Fprintf(&b, "runtime call %s: ", t.API)
	if t.Function != "" {
		fmt.Fprintf(&b, "%s: ", t.Function)
		if t.Param >= 0 {
			fmt.Fprintf(&b, "parameter %d: ", t.Param)
		}
	}
	b.WriteString(t.Err.Error())
	return b.String()
}

// Unwrap returns what happened.
func (t *Trap) Unwrap() error { return t.Err }

// GuestPanic is a panic of the guest's own code, in the words of the guest: the text that it gave to
// ext_panic_handler_abort_on_panic, or the last record that it logged at error level before it trapped.
type GuestPanic struct {
	Message string // bounded by maxPanicMessage, valid UTF-8
}

func (p *GuestPanic) Error() string { return fmt.Sprintf("guest panicked: %q", p.Message) }

// RangeError tells which bytes a guest named outside its memory. It wraps ErrOutOfRange.
type RangeError struct {
	Pointer, Length uint32
	Memory          uint32 // size of the guest's memory in bytes
}

func (e *RangeError) Error() string {
	return fmt.Sprintf("%d bytes at 0x%x: %v of %d bytes", e.Length, e.Pointer, ErrOutOfRange, e.Memory)
}

// Unwrap returns ErrOutOfRange.
func (e *RangeError) Unwrap() error { return ErrOutOfRange }
