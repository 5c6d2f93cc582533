//go:build wasm

package abi

import "unsafe"

// maxStack bounds a goroutine's stack in bytes. What nests deepest are calls inside of calls, 256 deep at most where they decode (package scale).
const maxStack = 1 << 20

// The two settings are those of package runtime/debug, which would bring packages os and fmt along: 400 kB.

//go:linkname setGCPercent runtime/debug.setGCPercent
func setGCPercent(percent int32) int32

//go:linkname setMaxStack runtime/debug.setMaxStack
func setMaxStack(bytes int) int

func init() {
	setGCPercent(-1)
	setMaxStack(maxStack)
}

// result keeps what the last call returned.
var result []byte

// Serve answers an exported call with what f makes of its arguments.
func Serve(f func(args []byte) []byte, pointer, length uint32) uint64 {
	args := make([]byte, length)
	copy(args, unsafe.Slice((*byte)(unsafe.Add(nil, pointer)), length))
	result = f(args)
	return uint64(uintptr(unsafe.Pointer(unsafe.SliceData(result)))) | uint64(len(result))<<32
}
