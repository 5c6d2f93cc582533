// Command goprogram is a library in WebAssembly as Go's own compiler makes it: what a runtime written in Go looks like.
package main

import (
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"sort"
	"strings"
)

//go:wasmexport run
func run(a, b uint32) uint64 {
	m := map[string]int{"a": int(a), "b": int(b)}
	keys := slices.Collect(maps.Keys(m))
	sort.Strings(keys)
	text, err := json.Marshal(m)
	return uint64(len(fmt.Sprintf("%v %s %v %s", keys, text, err, strings.Repeat("x", int(a)))))
}

func main() {}
