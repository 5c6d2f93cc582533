// Package abi is the calling convention between a Substrate host and a runtime in Go: how an exported function takes arguments and returns a result.
//
//	//go:wasmexport Core_version
//	func coreVersion(pointer, length uint32) uint64 { return abi.Serve(runtime.CoreVersion, pointer, length) }
//
// The host puts the encoded arguments somewhere above __heap_base. They are copied, so that no Go pointer leads there. The result is a span, pointer in the
// low 32 bits and length in the high 32 bits, of bytes in Go's memory, which stay as they are until the host has read them: every call starts from the same memory,
// and nothing runs in between.
//
// # Rules
//
//   - Memory is not collected by itself: a call begins with the heap that initialisation left, ends, and is forgotten. The package turns the collector off, and the
//     runtime asks for collections where a call may take much (package host below pallets/frame).
//   - The stack has a bound far below what engines give, so that running out of it is the same event everywhere.
//   - A panic ends the call: Go writes its text to standard error, which the blob logs at level error before it traps (package blob).
//
// Elsewhere than in Wasm the package is empty.
//
// Source: Polkadot specification, appendix "Runtime API", "Calling convention".
package abi
