package db

import (
	"sync"

	"github.com/gotensor/gotensor/primitives/hash"
)

// nodeCache keeps encoded trie nodes by their hash, so that what is in it is right for every state. It is two halves: new nodes, and those that are
// asked for again, go into the young half; when that is full it takes the place of the old one.
type nodeCache struct {
	mu         sync.Mutex
	bound      int // bytes of one half
	size       int // of the young half
	young, old map[hash.H256][]byte
}

// entryMemory is what an entry takes besides the node.
const entryMemory = 100

func newNodeCache(bytes int) *nodeCache {
	return &nodeCache{bound: bytes / 2, young: map[hash.H256][]byte{}}
}

func (c *nodeCache) get(h hash.H256) ([]byte, bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if n, ok := c.young[h]; ok {
		return n, true
	}
	n, ok := c.old[h]
	if ok {
		c.putLocked(h, n)
	}
	return n, ok
}

func (c *nodeCache) put(h hash.H256, n []byte) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if _, ok := c.young[h]; !ok {
		c.putLocked(h, n)
	}
}

func (c *nodeCache) putLocked(h hash.H256, n []byte) {
	size := entryMemory + len(n)
	if c.size+size > c.bound {
		c.old, c.young, c.size = c.young, map[hash.H256][]byte{}, 0
		if size > c.bound {
			return
		}
	}
	c.young[h] = n
	c.size += size
}
