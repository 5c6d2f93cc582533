package storage_test

import (
	"fmt"

	"github.com/gotensor/gotensor/storage"
	"github.com/gotensor/gotensor/storage/trie"
)

// A block: a call that fails leaves nothing, the rest makes the next state.
func Example() {
	genesis, err := storage.NewMemoryState(&storage.Changes{Top: []storage.Change{{Key: []byte("alice"), Value: []byte{10}}}}, trie.V1)
	if err != nil {
		panic(err)
	}
	overlay := storage.NewOverlay(genesis)
	overlay.Set(nil, []byte("alice"), []byte{9})
	overlay.Begin()
	overlay.Set(nil, []byte("bob"), []byte{99})
	overlay.Rollback()
	state, changes, err := overlay.Finish(trie.V1)
	if err != nil {
		panic(err)
	}
	was, _, _ := genesis.Get(nil, []byte("alice"))
	is, _, _ := state.Get(nil, []byte("alice"))
	fmt.Println(was, is, len(changes.Top))
	// Output: [10] [9] 1
}
