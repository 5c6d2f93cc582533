// Command bench is a runtime that does the work which runtimes do: what the benchmarks of package blob measure. It is compiled for wasip1, as a reactor.
// Each function takes the number of rounds (u32) and answers a checksum (u64), which is the same natively.
package main

import (
	"encoding/binary"
	"runtime/debug"
	"unsafe"

	"github.com/gotensor/gotensor/runtime-wasm/blob/testdata/bench/work"
)

func init() { debug.SetGCPercent(-1) }

var result [8]byte

func do(data uint32, f func(int) uint64) uint64 {
	rounds := *(*uint32)(unsafe.Pointer(uintptr(data)))
	binary.LittleEndian.PutUint64(result[:], f(int(rounds)))
	return 8<<32 | uint64(uintptr(unsafe.Pointer(&result[0])))
}

//go:wasmexport codec
func codec(data, n uint32) uint64 { return do(data, work.Codec) }

//go:wasmexport hashing
func hashing(data, n uint32) uint64 { return do(data, work.Hashing) }

//go:wasmexport maps
func maps(data, n uint32) uint64 { return do(data, work.Maps) }

//go:wasmexport sorting
func sorting(data, n uint32) uint64 { return do(data, work.Sorting) }

//go:wasmexport allocation
func allocation(data, n uint32) uint64 { return do(data, work.Allocation) }

//go:wasmexport arithmetic
func arithmetic(data, n uint32) uint64 { return do(data, work.Arithmetic) }

//go:wasmexport copies
func copies(data, n uint32) uint64 { return do(data, work.Copies) }

//go:wasmexport moves
func moves(data, n uint32) uint64 { return do(data, work.Moves) }

func main() {}
