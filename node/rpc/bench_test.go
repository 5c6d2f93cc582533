package rpc_test

import (
	"encoding/binary"
	"encoding/json"
	"fmt"
	"testing"

	"github.com/gotensor/gotensor/node/chainspec"
	"github.com/gotensor/gotensor/primitives/hash"
)

// mapPrefix is in front of the entries of a map of benchEntries entries, whose keys are as long as those of System.Account.
var mapPrefix = []byte("a map for benchmarks, hashed key")

const benchEntries = 50_000

func withMap(g *chainspec.Genesis) {
	for i := range uint32(benchEntries) {
		h := hash.Blake2b256(binary.LittleEndian.AppendUint32(nil, i))
		key := append(append(append([]byte{}, mapPrefix...), h[:16]...), h[:]...)
		g.Top.Set(key, append(h[:], h[:]...))
	}
}

// BenchmarkCalls is how long one client waits for one answer over WebSocket, server, client and JSON of the client included. The state has a map of 50,000 entries and is
// read at a block that is final and at one that is not.
func BenchmarkCalls(b *testing.B) {
	n := start(b, nil, withMap)
	for range 4 {
		n.author()
	}
	n.finalise(n.author())
	final := n.client.Head().Best
	if err := n.client.Store().Settle(); err != nil {
		b.Fatal(err)
	}
	for range 3 {
		n.author()
	}
	c := n.dial(n.safe)
	var page []string
	c.get(&page, "state_getKeysPaged", hexOf(mapPrefix), 1000, nil)
	if len(page) != 1000 {
		b.Fatalf("%d keys", len(page))
	}
	var blockHash any
	run := func(name, method, params string, check func(json.RawMessage) bool) {
		b.Run(name, func(b *testing.B) {
			b.ReportAllocs()
			size := 0
			for b.Loop() {
				result, e := c.try(method, params)
				if e != nil || !check(result) {
					b.Fatalf("%s: %.100s, %s", method, result, e)
				}
				size = len(result)
			}
			b.SetBytes(int64(size))
		})
	}
	long := func(n int) func(json.RawMessage) bool { return func(r json.RawMessage) bool { return len(r) > n } }
	run("system_name", "system_name", "[]", long(10))
	run("chain_getHeader", "chain_getHeader", "[]", long(300))
	run("chain_getBlock", "chain_getBlock", "[]", long(300))
	for name, at := range map[string]hash.H256{"final": final.Hash, "best": n.client.Head().Best.Hash} {
		blockHash = at
		run(name+"/state_getStorage", "state_getStorage", list(page[500], blockHash), long(120))
		run(name+"/state_getKeysPaged 1000", "state_getKeysPaged", list(hexOf(mapPrefix), 1000, page[500], blockHash), long(160_000))
		run(name+"/state_queryStorageAt 100", "state_queryStorageAt", list(page[:100], blockHash), long(20_000))
		run(name+"/state_queryStorageAt 1000", "state_queryStorageAt", list(page, blockHash), long(250_000))
		run(name+"/state_getReadProof 10", "state_getReadProof", list(page[:10], blockHash), long(5_000))
		run(name+"/state_getRuntimeVersion", "state_getRuntimeVersion", list(blockHash), long(300))
		run(name+"/state_call AccountNonceApi", "state_call", list("AccountNonceApi_account_nonce", hexOf(make([]byte, 32)), blockHash), long(5))
	}
	run("state_getMetadata", "state_getMetadata", "[]", long(100_000))
}

// BenchmarkImport is what subscribers cost a block: one is made and imported, and every subscriber of 400 on 20 connections gets what it asked for.
func BenchmarkImport(b *testing.B) {
	for _, subscribers := range []int{0, 20, 400} {
		b.Run(fmt.Sprint(subscribers, " subscribers"), func(b *testing.B) {
			n := start(b, nil)
			var conns []*conn
			ids := map[*conn][]string{}
			for range min(subscribers, 20) {
				c := n.dial(n.safe)
				conns = append(conns, c)
				for i := range subscribers / 20 {
					if i%2 == 0 {
						ids[c] = append(ids[c], c.text("chain_subscribeNewHeads"))
					} else {
						ids[c] = append(ids[c], c.text("state_subscribeStorage", []string{hexOf(systemEvents)}))
					}
				}
			}
			for _, c := range conns {
				for _, id := range ids[c] {
					c.notified(id)
				}
			}
			b.ResetTimer()
			for b.Loop() {
				n.author()
				for _, c := range conns {
					for _, id := range ids[c] {
						if c.notified(id) == "" {
							b.Fatal("nothing was told")
						}
					}
				}
			}
		})
	}
}
