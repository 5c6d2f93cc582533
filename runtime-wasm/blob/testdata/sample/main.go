// Command sample is a small runtime in Go: what the tests of package blob rewrite and run. It is compiled for wasip1, as a reactor.
package main

import (
	"encoding/binary"
	"math/rand/v2"
	"runtime/debug"
	"slices"
	"strings"
	"time"
	"unsafe"
)

//go:wasmimport env ext_storage_get_version_1
func storageGet(key uint64) uint64

// table is made by initialisation, and is there in every call.
var table = make(map[string]int)

var squares []int

func init() {
	debug.SetGCPercent(-1)
	for i, word := range strings.Fields("zero one two three four five six seven eight nine") {
		table[word] = i
	}
	for i := range 1000 {
		squares = append(squares, i*i)
	}
}

// result is what the last call answered, kept so that its bytes stay where they are.
var result []byte

func answer(b []byte) uint64 {
	result = b
	if len(b) == 0 {
		return 0
	}
	return uint64(len(b))<<32 | uint64(uintptr(unsafe.Pointer(&b[0])))
}

func arguments(data, n uint32) []byte {
	if n == 0 {
		return nil
	}
	return unsafe.Slice((*byte)(unsafe.Pointer(uintptr(data))), n)
}

// Core_version answers a version with one API, Core 5.
//
//go:wasmexport Core_version
func version(data, n uint32) uint64 {
	b := append([]byte{6 << 2}, "sample"...)
	b = append(append(b, 9<<2), "gotensor-"...)
	b = append(b, 1, 0, 0, 0, 7, 0, 0, 0, 2, 0, 0, 0)                               // authoring, spec, impl
	b = append(b, 1<<2, 0xdf, 0x6a, 0xcb, 0x68, 0x99, 0x07, 0x60, 0x9b, 5, 0, 0, 0) // APIs
	return answer(append(b, 3, 0, 0, 0, 1))                                         // transaction, system
}

// Sample_words answers the sum of the numbers whose names are in the arguments, one byte, and the words in their order.
//
//go:wasmexport Sample_words
func words(data, n uint32) uint64 {
	list := strings.Fields(string(arguments(data, n)))
	slices.Sort(list)
	sum := 0
	for _, w := range list {
		sum += table[w]
	}
	return answer(append([]byte{byte(sum)}, strings.Join(list, " ")...))
}

// Sample_count counts the calls that this instance has seen.
//
//go:wasmexport Sample_count
func count(data, n uint32) uint64 {
	calls++
	return answer([]byte{calls})
}

var calls byte

// Sample_panic panics.
//
//go:wasmexport Sample_panic
func fail(data, n uint32) uint64 {
	panic("asked to: " + string(arguments(data, n)))
}

// Sample_print writes to standard error.
//
//go:wasmexport Sample_print
func say(data, n uint32) uint64 {
	println("calls so far", calls, "and", string(arguments(data, n)))
	println("done")
	return 0
}

// Sample_grow allocates without end.
//
//go:wasmexport Sample_grow
func grow(data, n uint32) uint64 {
	var kept [][]byte
	for i := 0; ; i++ {
		kept = append(kept, make([]byte, 1<<20))
		kept[i][i] = 1
	}
}

// Sample_deep recurses as deep as the first byte of the arguments says, times 100, and grows its stack on the way.
//
//go:wasmexport Sample_deep
func deep(data, n uint32) uint64 {
	return answer([]byte{byte(recurse(100*int(arguments(data, n)[0]), 1))})
}

//go:noinline
func recurse(n int, x byte) int {
	var local [256]byte
	local[n%256] = x
	if n == 0 {
		return int(x)
	}
	return recurse(n-1, x+1) + int(local[(n+1)%256])
}

// Sample_switch passes numbers through goroutines and channels.
//
//go:wasmexport Sample_switch
func goroutines(data, n uint32) uint64 {
	in, out := make(chan int), make(chan int)
	for range 4 {
		go func() {
			for v := range in {
				out <- squares[v]
			}
		}()
	}
	go func() {
		for i := range 100 {
			in <- i
		}
		close(in)
	}()
	sum := 0
	for range 100 {
		sum += <-out
	}
	return answer([]byte{byte(sum), byte(sum >> 8), byte(sum >> 16)})
}

// Sample_floats converts floats to integers, saturating.
//
//go:wasmexport Sample_floats
func floats(data, n uint32) uint64 {
	f := float64(n) * 1e15
	return answer([]byte{byte(int64(f) >> 40), byte(int32(f)), byte(uint64(f) >> 40), byte(int8(n))})
}

// Sample_host asks the host for a value, and answers its length.
//
//go:wasmexport Sample_host
func host(data, n uint32) uint64 {
	return answer([]byte{byte(storageGet(uint64(n)<<32|uint64(data)) >> 32)})
}

// Sample_sleep sleeps for an hour, and answers how long that was, in seconds.
//
//go:wasmexport Sample_sleep
func sleep(data, n uint32) uint64 {
	start := time.Now()
	time.Sleep(time.Hour)
	passed := time.Since(start) / time.Second
	return answer([]byte{byte(passed), byte(passed >> 8)})
}

// Sample_random answers eight random bytes.
//
//go:wasmexport Sample_random
func random(data, n uint32) uint64 {
	return answer(binary.LittleEndian.AppendUint64(nil, rand.Uint64()))
}

// Sample_blocks waits for what nobody sends.
//
//go:wasmexport Sample_blocks
func blocks(data, n uint32) uint64 {
	<-make(chan int)
	return 0
}

// Sample_stacks lets goroutines with small stacks grow them in loops, more and less deep, and waits for each in a loop. It answers the sum of the
// depths.
//
//go:wasmexport Sample_stacks
func stacks(data, n uint32) uint64 {
	sum := 0
	for i := range 40 {
		done := make(chan int)
		go func() {
			total := 0
			for depth := i; depth < 12*i; depth += 37 + i {
				total += depth - down(depth, done)
			}
			close(done)
			sum += total
		}()
		for range done {
			sum++
		}
	}
	return answer([]byte{byte(sum), byte(sum >> 8), byte(sum >> 16)})
}

// down recurses in a loop, and now and then lets another goroutine run on the way.
//
//go:noinline
func down(depth int, done chan<- int) int {
	var local [64]byte
	for i := range local {
		local[i] = byte(depth)
	}
	if depth%50 == 7 {
		done <- depth
	}
	for range 2 {
		if depth > 0 {
			depth = down(depth-1, done)
		}
	}
	for i := range local {
		depth += int(local[i]) & 0x100 // never set
	}
	return depth
}

// Sample_recover recovers from panics of all kinds in a loop, and answers how many there were.
//
//go:wasmexport Sample_recover
func recovers(data, n uint32) uint64 {
	var list []int
	var none map[string]int
	var nowhere *node
	sum := 0
	for i := range 100 {
		func() {
			defer func() {
				if recover() != nil {
					sum++
				}
			}()
			for j := range 3 {
				switch i % 5 {
				case 0:
					panic(j)
				case 1:
					list[i+j] = 1
				case 2:
					none["x"] = j
				case 3:
					nowhere.value += j
				}
			}
		}()
	}
	return answer([]byte{byte(sum)})
}

type node struct {
	space [64]int
	value int
}

func main() {}
