// Package naive works out from keys alone what tries do, for tests to hold the tries against.
package naive

import (
	"encoding/hex"
	"maps"
	"slices"
	"strings"
)

// Remove deletes a key from the pairs of a trie as Substrate's trie does: where the key is not there, that may take another
// one, or be what Substrate panics on, which leaves the pairs alone. See the documentation of package trie, "Deleting what is
// not there".
func Remove[V any](pairs map[string]V, key string) (panics bool) {
	if _, ok := pairs[key]; ok {
		delete(pairs, key)
		return false
	}
	absent := hex.EncodeToString([]byte(key))
	var beyond []string
	arrives := absent == "" // a walk always arrives at the root
	for _, k := range slices.Sorted(maps.Keys(pairs)) {
		path := hex.EncodeToString([]byte(k))
		if strings.HasPrefix(path, absent) {
			beyond = append(beyond, path)
		} else if strings.HasPrefix(path, absent[:len(absent)-1]) {
			arrives = true // a branch is where the last nibble begins
		}
	}
	if !arrives || len(beyond) < 2 || !strings.HasPrefix(beyond[len(beyond)-1], beyond[0]) {
		return false // no node begins where the key ends, or it has no value or no children
	}
	children := map[byte]bool{}
	for _, path := range beyond[1:] {
		children[path[len(beyond[0])]] = true
	}
	if len(children) == 1 {
		return true
	}
	lost, err := hex.DecodeString(beyond[0])
	if err != nil {
		panic("BUG: " + err.Error())
	}
	delete(pairs, string(lost))
	return false
}
