// Command runtime-wasm is the runtime as a program for Wasm: each runtime API is an exported function. What they do is in package runtime.
//
//	go run ./runtime-wasm/build -o bin
//
// builds it, and package blob turns what Go's linker makes into the blob that lies under the key ":code" of a chain. Package abi is the calling convention.
// Elsewhere than in Wasm the program is empty.
package main

func main() {}
