package frame

import (
	"github.com/gotensor/gotensor/pallets/frame/host"
	"github.com/gotensor/gotensor/primitives/scale"
)

// MaxCallMemory is how much memory decoding one call may take, wherever it comes from. Source: sp_runtime, DEFAULT_MAX_CALL_SIZE.
const MaxCallMemory = 16 << 20

// Rough costs.
const (
	callMemory     = 128     // what the struct of a call takes
	dispatchMemory = 2 << 10 // what running a call leaves behind, beside what it takes to decode
	lookEvery      = 1 << 20 // bytes between two looks at the heap
)

// allocated is how many bytes were allocated since the last look at the heap.
var allocated int

// scratches are the buffers that are given up before the heap is collected.
var scratches = []*[]byte{&keyScratch, &hashScratch, &valueScratch}

// Scratch makes a variable one of the buffers that packages keep from call to call and that are given up when memory runs short. Large values pass through them.
func Scratch(buffers ...*[]byte) { scratches = append(scratches, buffers...) }

// Allocated notes that about so many bytes were allocated and are in use no longer, or soon. Now and then it looks at the heap and collects it where much of it
// is dead (host.Collect), which in the blob nothing else does. What is noted decides when to look, and the heap's own count whether to collect. Nothing may be
// borrowed, and what is no longer needed should not be reachable.
func Allocated(bytes int) {
	if allocated += bytes; allocated < lookEvery {
		return
	}
	allocated = 0
	for _, s := range scratches {
		if cap(*s) > lookEvery {
			*s = nil
		}
	}
	decoder = scale.Decoder{}
	host.Collect()
}
