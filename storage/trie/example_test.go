package trie_test

import (
	"fmt"

	"github.com/gotensor/gotensor/storage/trie"
)

// A trie is changed, a snapshot keeps what it was, and a proof shows one key to someone who knows the root alone.
func ExampleTrie() {
	t := trie.New()
	t.Put([]byte("alice"), []byte{1}, trie.V1)
	t.Put([]byte("bob"), []byte{2}, trie.V1)
	before := t.Snapshot()
	t.Delete([]byte("alice"))

	proof, _ := before.Prove([][]byte{[]byte("alice")})
	value, ok, _ := trie.VerifyProof(before.Root(), proof, []byte("alice"))
	fmt.Println(value, ok)
	_, ok, _ = t.Get([]byte("alice"))
	fmt.Println(ok)
	// Output:
	// [1] true
	// false
}
