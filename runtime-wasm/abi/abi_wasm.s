// This file lets abi_wasm.go declare functions of the Go runtime without bodies.
