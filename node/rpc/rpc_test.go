package rpc_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/gotensor/gotensor/node/rpc"
	"github.com/gotensor/gotensor/primitives/chain"
	"github.com/gotensor/gotensor/primitives/hash"
	"github.com/gotensor/gotensor/primitives/scale"
	"github.com/gotensor/gotensor/storage"
	"github.com/gotensor/gotensor/storage/db"
	"github.com/gotensor/gotensor/storage/trie"
	"github.com/gotensor/gotensor/testnet/driver"
	"github.com/gotensor/gotensor/testnet/upgrades"
)

// What async-substrate-interface and polkadot.js ask for when they connect, in their order, answered as the store has it.
// Source: latent-to/async-substrate-interface 1.6 and 2.0, polkadot-js/api 16 (packages/api/src/base/Init.ts).
func TestConnect(t *testing.T) {
	n := start(t, nil)
	c := n.dial(n.safe)
	one := n.author()
	genesis := n.client.Genesis()

	var header struct {
		ParentHash, Number, StateRoot, ExtrinsicsRoot string
		Digest                                        struct{ Logs []string }
	}
	head := c.text("chain_getHead")
	if head != one.Hash.String() {
		t.Fatalf("head %s, expected %s", head, one)
	}
	c.get(&header, "chain_getHeader", head)
	stored, err := n.client.Store().Header(one.Hash)
	check(t, err)
	if header.Number != "0x1" || header.ParentHash != genesis.String() || header.StateRoot != stored.StateRoot.String() || len(header.Digest.Logs) != 2 ||
		header.Digest.Logs[0] != hexOf(scale.Marshal(stored.Digest[0])) {
		t.Errorf("%+v", header)
	}
	var version struct {
		SpecName                                      string
		SpecVersion, TransactionVersion, StateVersion uint32
		SystemVersion, ImplVersion, AuthoringVersion  uint32
		APIs                                          [][2]any `json:"apis"`
	}
	c.get(&version, "state_getRuntimeVersion", header.ParentHash)
	if version.SpecName != n.version.SpecName || version.SpecVersion != n.version.SpecVersion || version.StateVersion != 1 || version.SystemVersion != 1 ||
		len(version.APIs) != len(n.version.APIs) || version.APIs[0][0] != hexOf(n.version.APIs[0].ID[:]) {
		t.Errorf("%+v", version)
	}
	if metadata := unhex(t, c.text("state_getMetadata", header.ParentHash)); !bytes.HasPrefix(metadata, []byte("meta\x0e")) {
		t.Errorf("metadata begins with %x", metadata[:5])
	}
	// Arguments without 0x.
	var at15 []byte
	if result := unhex(t, c.text("state_call", "Metadata_metadata_at_version", "0f000000", header.ParentHash)); result[0] != 1 {
		t.Errorf("no metadata 15: %x", result[:8])
	} else if at15, err = scale.UnmarshalFunc(result[1:], (*scale.Decoder).Bytes); err != nil || !bytes.HasPrefix(at15, []byte("meta\x0f")) {
		t.Errorf("metadata 15 begins with %x: %v", at15[:5], err)
	}
	for _, test := range []struct{ method, params, want string }{
		{"system_chain", `[]`, `"Bittensor"`},
		{"system_chainType", `[]`, `"Local"`},
		{"system_name", `[]`, `"Gotensor Node"`},
		{"system_version", `[]`, `"0.1.0-test"`},
		{"system_properties", `[]`, `{"ss58Format":42,"tokenDecimals":9,"tokenSymbol":"TAO"}`},
		{"system_health", `[]`, `{"peers":0,"isSyncing":false,"shouldHavePeers":false}`},
		{"system_nodeRoles", `[]`, `["Authority"]`},
		{"system_localPeerId", `[]`, `"12D3KooWtest"`},
		{"system_localListenAddresses", `[]`, `[]`},
		{"system_reservedPeers", `[]`, `[]`},
		{"system_syncState", `[]`, `{"startingBlock":0,"currentBlock":1,"highestBlock":1}`},
		{"chainSpec_v1_chainName", `[]`, `"Bittensor"`},
		{"chainSpec_v1_genesisHash", `[]`, quoted(genesis)},
		{"chainSpec_v1_properties", `[]`, `{"ss58Format":42,"tokenDecimals":9,"tokenSymbol":"TAO"}`},
		{"chain_getBlockHash", `[]`, quoted(one.Hash)},
		{"chain_getBlockHash", `[null]`, quoted(one.Hash)},
		{"chain_getBlockHash", `[0]`, quoted(genesis)},
		{"chain_getBlockHash", `[2]`, `null`},
		{"chain_getBlockHash", `["0x1"]`, quoted(one.Hash)},
		{"chain_getBlockHash", `["0x00"]`, quoted(genesis)},
		{"chain_getBlockHash", `[[0,1,"0x2"]]`, `[` + quoted(genesis) + `,` + quoted(one.Hash) + `,null]`},
		{"chain_getBlockHash", `[[]]`, `[]`},
		{"chain_getBlockHash", `[ [ 1 ,"01"]]`, `[` + quoted(one.Hash) + `,` + quoted(one.Hash) + `]`},
		{"chain_getFinalizedHead", `[]`, quoted(genesis)},
		{"chain_getFinalisedHead", `[]`, quoted(genesis)},
		{"chain_getHeader", `["` + strings.Repeat("05", 32) + `"]`, `null`},
		{"chain_getBlock", `["` + strings.Repeat("05", 32) + `"]`, `null`},
		{"author_pendingExtrinsics", `[]`, `[]`},
		{"grandpa_subscribeJustifications_", `[]`, ``},
	} {
		result, e := c.try(test.method, test.params)
		if test.want == "" {
			if e == nil || e.Code != -32601 {
				t.Errorf("%s: %s", test.method, e)
			}
			continue
		}
		if e != nil || string(result) != test.want {
			t.Errorf("%s%s:\n got %s\nwant %s: %s", test.method, test.params, result, test.want, e)
		}
	}
	var listed struct{ Methods []string }
	c.get(&listed, "rpc_methods")
	for _, name := range []string{"state_call", "account_nextIndex", "state_getStorageAt", "chain_getHead", "rpc_methods", "subscribe_newHead", "author_extrinsicUpdate", "state_traceBlock"} {
		if has := slices.Contains(listed.Methods, name); has != (name != "author_extrinsicUpdate" && name != "state_traceBlock") {
			t.Errorf("rpc_methods has %s: %v", name, has)
		}
	}
	// A block with its extrinsics.
	var block struct {
		Block struct {
			Header     struct{ Number string }
			Extrinsics []string
		}
		Justifications any
	}
	c.get(&block, "chain_getBlock", head)
	body, err := n.client.Store().Body(one.Hash)
	check(t, err)
	if block.Block.Header.Number != "0x1" || len(block.Block.Extrinsics) != 1 || block.Block.Extrinsics[0] != encoded(body[0]) || block.Justifications != nil {
		t.Errorf("%+v", block)
	}
}

// One transaction from its nonce to its finality.
func TestTransfer(t *testing.T) {
	n := start(t, nil)
	c := n.dial(n.safe)
	alice, bob := n.sender("//Alice"), n.sender("//Bob")
	n.author()
	nonce := func() (nonce uint32) {
		t.Helper()
		c.get(&nonce, "account_nextIndex", alice.Account().String())
		return nonce
	}
	if got := nonce(); got != 0 {
		t.Errorf("nonce %d", got)
	}
	x := n.sign(alice, 0, transfer(bob.Account(), 1_000_000_000))
	id := c.text("author_submitAndWatchExtrinsic", encoded(x))
	if got := c.notified(id); got != `"ready"` {
		t.Errorf("status %s", got)
	}
	if got := nonce(); got != 1 {
		t.Errorf("nonce %d with a pending transaction", got)
	}
	var pending []string
	if c.get(&pending, "author_pendingExtrinsics"); len(pending) != 1 || pending[0] != encoded(x) {
		t.Errorf("pending %v", pending)
	}
	// A second one that waits for a third.
	alice.Nonce = 2
	late := n.sign(alice, 0, transfer(bob.Account(), 3))
	if got := c.text("author_submitExtrinsic", encoded(late)); got != late.Hash().String() {
		t.Errorf("hash %s, expected %s", got, late.Hash())
	}
	if got := nonce(); got != 1 {
		t.Errorf("nonce %d with a gap", got)
	}
	block := n.author()
	if got := c.notified(id); got != `{"inBlock":`+quoted(block.Hash)+`}` {
		t.Errorf("status %s", got)
	}
	n.finalise(block)
	if got := c.notified(id); got != `{"finalized":`+quoted(block.Hash)+`}` {
		t.Errorf("status %s", got)
	}
	if got := c.raw("author_unwatchExtrinsic", id); got != "false" && got != "true" {
		t.Errorf("unwatch: %s", got)
	}
	if got := c.text("chain_getFinalizedHead"); got != block.Hash.String() {
		t.Errorf("finalized head %s", got)
	}
	if got := c.raw("system_accountNextIndex", alice.Account().String()); got != "1" {
		t.Errorf("nonce %s in the state", got)
	}
}

// What the pool refuses, in Substrate's words. Source: paritytech/polkadot-sdk substrate/client/rpc-api/src/author/error.rs; sdk-surface of the bittensor clients.
func TestRefused(t *testing.T) {
	n := start(t, nil)
	c := n.dial(n.safe)
	alice, bob, poor := n.sender("//Alice"), n.sender("//Bob"), n.sender("//nobody has ever sent this one anything")
	first := n.sign(alice, 10, transfer(bob.Account(), 1_000_000_000))
	bad := slices.Clone(n.sign(bob, 0, transfer(alice.Account(), 1)))
	bad[50] ^= 1
	n.author()
	if got := c.text("author_submitExtrinsic", encoded(first)); got != first.Hash().String() {
		t.Errorf("hash %s", got)
	}
	alice.Nonce = 0
	cheap := n.sign(alice, 0, transfer(bob.Account(), 2))
	for _, submit := range []string{"author_submitExtrinsic", "author_submitAndWatchExtrinsic"} {
		for _, test := range []struct {
			name string
			x    chain.OpaqueExtrinsic
			want string
		}{
			{"again", first, "1013 Transaction Already Imported: Any { .. }"},
			{"no funds", n.sign(poor, 0, transfer(bob.Account(), 1)), "1010 Invalid Transaction: Inability to pay some fees (e.g. account balance too low)"},
			{"bad signature", bad, "1010 Invalid Transaction: Transaction has a bad signature"},
			{"lower priority", cheap, "1014 Priority is too low: "},
			{"garbage", chain.OpaqueExtrinsic{1, 2, 3}, "1002 Verification Error: "},
			{"empty", chain.OpaqueExtrinsic{}, "1002 Verification Error: "},
		} {
			result, e := c.try(submit, list(encoded(test.x)))
			banned := submit == "author_submitAndWatchExtrinsic" && (test.name == "bad signature" || test.name == "garbage" || test.name == "empty")
			if banned {
				test.want = "1012 Transaction is temporarily banned"
			}
			if !strings.HasPrefix(e.String(), test.want) {
				t.Errorf("%s, %s: %s, %s, expected %s", submit, test.name, e, result, test.want)
			}
		}
	}
	if _, e := c.try("author_submitExtrinsic", `["0x"]`); e == nil || e.Code != 1040 {
		t.Errorf("nothing submitted: %s", e)
	}
	if _, e := c.try("author_submitAndWatchExtrinsic", `["0x10ff"]`); e == nil || e.Code != 1001 || !strings.HasPrefix(e.Message, "Extrinsic has invalid format: ") {
		t.Errorf("less than its length says: %s", e)
	}
	n.author()
	alice.Nonce = 0
	if _, e := c.try("author_submitExtrinsic", list(encoded(n.sign(alice, 3, transfer(bob.Account(), 3))))); e.String() != "1010 Invalid Transaction: Transaction is outdated" {
		t.Errorf("stale: %s", e)
	}
}

// Subscriptions to heads tell what is there at once, then what comes, forks and reorganisations as Substrate tells them.
func TestHeads(t *testing.T) {
	n := start(t, nil)
	c := n.dial(n.safe)
	one := n.author()
	subs := map[string]string{}
	for _, name := range []string{"chain_subscribeNewHeads", "chain_subscribeAllHeads", "chain_subscribeFinalizedHeads", "subscribe_newHead"} {
		subs[name] = c.text(name)
	}
	expect := func(name string, want db.Point) {
		t.Helper()
		got := c.notified(subs[name])
		var h struct{ StateRoot string }
		check(t, json.Unmarshal([]byte(got), &h))
		header, err := n.client.Store().Header(want.Hash)
		check(t, err)
		if numberOf(t, got) != want.Number || h.StateRoot != header.StateRoot.String() {
			t.Errorf("%s: %s, expected %s", name, got, want)
		}
	}
	expect("chain_subscribeNewHeads", one)
	expect("subscribe_newHead", one)
	expect("chain_subscribeAllHeads", one)
	expect("chain_subscribeFinalizedHeads", db.Point{Hash: n.client.Genesis()})
	two := n.author()
	expect("chain_subscribeNewHeads", two)
	expect("subscribe_newHead", two)
	expect("chain_subscribeAllHeads", two)
	fork := n.block(one) // no new best block
	expect("chain_subscribeAllHeads", fork)
	longer := n.block(fork)
	expect("chain_subscribeNewHeads", longer)
	expect("chain_subscribeAllHeads", longer)
	n.finalise(one)
	expect("chain_subscribeFinalizedHeads", one)
	n.finalise(two) // the best block is dropped
	expect("chain_subscribeFinalizedHeads", two)
	expect("chain_subscribeNewHeads", two)
	for name, id := range subs {
		if name != "subscribe_newHead" {
			c.quiet(id)
		}
	}
	for _, test := range []struct{ method, id, want string }{
		{"chain_unsubscribeNewHeads", subs["chain_subscribeNewHeads"], "true"},
		{"chain_unsubscribeNewHeads", subs["chain_subscribeNewHeads"], "false"},
		{"unsubscribe_newHead", subs["subscribe_newHead"], "true"},
		{"chain_unsubscribeAllHeads", subs["chain_subscribeAllHeads"], "true"},
		{"chain_unsubscribeFinalisedHeads", subs["chain_subscribeFinalizedHeads"], "true"},
	} {
		if got := c.raw(test.method, test.id); got != test.want {
			t.Errorf("%s: %s, expected %s", test.method, got, test.want)
		}
	}
}

// Storage subscriptions tell what keys have, and then what blocks write to them, also where another fork takes over.
func TestStorageSubscription(t *testing.T) {
	n := start(t, nil)
	c := n.dial(n.safe)
	one := n.author()
	number := driver.StorageKey("System", "Number")
	bobKey := driver.StorageKey("System", "Account", driver.Blake2_128Concat(account(n, "//Bob")))
	nothing := []byte("nothing here")
	id := c.text("state_subscribeStorage", []string{hexOf(bobKey), hexOf(number), hexOf(nothing), hexOf(number)})
	type changes struct {
		Block   string
		Changes [][2]*string
	}
	next := func(block db.Point, keys ...[]byte) {
		t.Helper()
		var got changes
		text := c.notified(id)
		check(t, json.Unmarshal([]byte(text), &got))
		if got.Block != block.Hash.String() || len(got.Changes) != len(keys) {
			t.Fatalf("%s, expected %s with %d changes", text, block, len(keys))
		}
		state, err := n.client.Store().State(block.Hash)
		check(t, err)
		defer state.Close()
		for i, key := range keys {
			value, ok, err := state.Get(nil, key)
			check(t, err)
			if *got.Changes[i][0] != hexOf(key) || ok != (got.Changes[i][1] != nil) || ok && *got.Changes[i][1] != hexOf(value) {
				t.Errorf("change %d: %s, expected %x to be %x", i, text, key, value)
			}
		}
	}
	next(one, bobKey, number, nothing, number) // as they were given
	two := n.author()
	next(two, number)
	alice := n.sender("//Alice")
	fork := n.block(one, n.sign(alice, 0, transfer(chain.AccountID(account(n, "//Bob")), 5)))
	longer := n.block(fork)
	next(longer, number, bobKey, nothing) // another fork: all of them, in order
	next(n.author(), number)
	if got := c.raw("state_unsubscribeStorage", id); got != "true" {
		t.Error(got)
	}
	n.author()
	c.quiet(id)

	// Without keys it is everything, and unsafe.
	if _, e := c.try("state_subscribeStorage", `[]`); e.String() != "-32601 RPC call is unsafe to be called externally" {
		t.Errorf("without keys: %s", e)
	}
	free := n.dial(n.url)
	all := free.text("state_subscribeStorage", nil)
	block := n.author()
	var got changes
	check(t, json.Unmarshal([]byte(free.notified(all)), &got))
	if got.Block != block.Hash.String() || !slices.ContainsFunc(got.Changes, func(e [2]*string) bool { return *e[0] == hexOf(number) }) {
		t.Errorf("%+v", got)
	}
	// No keys: nothing to tell.
	none := free.text("state_subscribeStorage", []string{})
	n.author()
	free.quiet(none)
}

func account(n *node, uri string) []byte {
	a := n.sender(uri).Account()
	return a[:]
}

// An upgrade of the runtime reaches who subscribed to its version, once, without a new connection.
func TestUpgrade(t *testing.T) {
	n := start(t, nil)
	c := n.dial(n.safe)
	id := c.text("state_subscribeRuntimeVersion")
	alias := c.text("chain_subscribeRuntimeVersion")
	version := func(id string) (v struct{ SpecVersion uint32 }) {
		t.Helper()
		check(t, json.Unmarshal([]byte(c.notified(id)), &v))
		return v
	}
	if got := version(id); got.SpecVersion != n.version.SpecVersion {
		t.Errorf("%+v", got)
	}
	version(alias)
	before := n.author()
	next := upgrades.Next(t)
	if got := c.text("author_submitExtrinsic", encoded(n.sign(n.sender("//Alice"), 0, setCode(next.Compressed)))); got == "" {
		t.Error("no hash")
	}
	upgraded := n.author()
	n.author()
	if got := version(id); got.SpecVersion != next.Version.SpecVersion {
		t.Errorf("%+v, expected %d", got, next.Version.SpecVersion)
	}
	version(alias)
	n.author()
	c.quiet(id)
	// Metadata and version are those of the block that was asked about.
	old, now := c.text("state_getMetadata", before.Hash), c.text("state_getMetadata", upgraded.Hash)
	if old == now || c.text("state_getMetadata") != now {
		t.Error("metadata did not follow the upgrade")
	}
	var v struct{ SpecVersion uint32 }
	if c.get(&v, "chain_getRuntimeVersion", before.Hash); v.SpecVersion != n.version.SpecVersion {
		t.Errorf("%+v at the block before", v)
	}
}

// What is in the state, in all the ways to ask for it.
func TestState(t *testing.T) {
	n := start(t, nil)
	c, safe := n.dial(n.url), n.dial(n.safe)
	alice := n.sender("//Alice")
	blocks := []db.Point{{Hash: n.client.Genesis()}}
	for range 3 {
		if got := c.text("author_submitExtrinsic", encoded(n.sign(alice, 0, transfer(chain.AccountID(account(n, "//Bob")), 7)))); got == "" {
			t.Error("no hash")
		}
		blocks = append(blocks, n.author())
	}
	n.finalise(blocks[2])
	for _, at := range blocks {
		state, err := n.client.Store().State(at.Hash)
		check(t, err)
		defer state.Close()
		var keys []string
		var values [][]byte
		it := state.Iterate(nil, nil, nil)
		for it.Next() {
			value, err := it.Value()
			check(t, err)
			keys, values = append(keys, hexOf(it.Key())), append(values, slices.Clone(value))
		}
		check(t, it.Err())
		it.Close()
		if len(keys) < 30 {
			t.Fatalf("%d keys", len(keys))
		}
		var got []string
		if c.get(&got, "state_getKeys", "0x", at.Hash); !slices.Equal(got, keys) {
			t.Errorf("state_getKeys: %d keys, expected %d", len(got), len(keys))
		}
		for _, size := range []int{1, 7, 1000} {
			got = nil
			var start any
			for {
				var page []string
				c.get(&page, "state_getKeysPaged", nil, size, start, at.Hash)
				got = append(got, page...)
				if len(page) < size {
					break
				}
				start = page[len(page)-1]
			}
			if !slices.Equal(got, keys) {
				t.Errorf("pages of %d: %d keys, expected %d", size, len(got), len(keys))
			}
		}
		var pairs [][2]string
		if c.get(&pairs, "state_getPairs", "0x", at.Hash); len(pairs) != len(keys) || pairs[len(pairs)-1] != [2]string{keys[len(keys)-1], hexOf(values[len(values)-1])} {
			t.Errorf("state_getPairs: %d pairs", len(pairs))
		}
		for i := 0; i < len(keys); i += 9 {
			value := hexOf(values[i])
			for _, name := range []string{"state_getStorage", "state_getStorageAt"} {
				if got := c.text(name, keys[i], at.Hash); got != value {
					t.Errorf("%s(%s): %.80s, expected %.80s", name, keys[i], got, value)
				}
			}
			if got := c.text("state_getStorageHash", keys[i], at.Hash); got != hash.Blake2b256(values[i]).String() {
				t.Errorf("state_getStorageHash(%s): %s", keys[i], got)
			}
			if got := c.raw("state_getStorageSize", keys[i], at.Hash); got != fmt.Sprint(len(values[i])) {
				t.Errorf("state_getStorageSize(%s): %s", keys[i], got)
			}
		}
		var sets []struct {
			Block   string
			Changes [][2]*string
		}
		asked := []string{keys[5], hexOf([]byte("nothing")), keys[2], keys[5]}
		if c.get(&sets, "state_queryStorageAt", asked, at.Hash); len(sets) != 1 || sets[0].Block != at.Hash.String() || len(sets[0].Changes) != 3 ||
			*sets[0].Changes[0][0] != keys[5] || sets[0].Changes[1][1] != nil || *sets[0].Changes[2][1] != hexOf(values[2]) {
			t.Errorf("state_queryStorageAt: %+v", sets)
		}
		var proof struct {
			At    string
			Proof []string
		}
		c.get(&proof, "state_getReadProof", []string{keys[5], hexOf([]byte("nothing"))}, at.Hash)
		var nodes [][]byte
		for _, node := range proof.Proof {
			nodes = append(nodes, unhex(t, node))
		}
		value, ok, err := trie.VerifyProof(state.Root(), nodes, unhex(t, keys[5]))
		if err != nil || !ok || !bytes.Equal(value, values[5]) || proof.At != at.Hash.String() {
			t.Errorf("proof: %x, %v, %v", value, ok, err)
		}
		if _, ok, err := trie.VerifyProof(state.Root(), nodes, []byte("nothing")); ok || err != nil {
			t.Errorf("proof of absence: %v, %v", ok, err)
		}
	}
	// The sum over a map, and nothing where there is nothing.
	accounts := driver.StorageKey("System", "Account")
	var entries [][2]string
	c.get(&entries, "state_getPairs", hexOf(accounts))
	sum := 0
	for _, e := range entries {
		sum += len(unhex(t, e[1]))
	}
	if got := c.raw("state_getStorageSize", hexOf(accounts)); sum == 0 || got != fmt.Sprint(sum) {
		t.Errorf("size of a map: %s, expected %d", got, sum)
	}
	for _, name := range []string{"state_getStorage", "state_getStorageHash", "state_getStorageSize"} {
		if got := c.raw(name, hexOf([]byte("nothing"))); got != "null" {
			t.Errorf("%s of nothing: %s", name, got)
		}
	}
	// History.
	number := hexOf(driver.StorageKey("System", "Number"))
	var sets []struct {
		Block   string
		Changes [][2]*string
	}
	if c.get(&sets, "state_queryStorage", []string{number, hexOf([]byte("nothing"))}, blocks[1].Hash); len(sets) != 3 || len(sets[0].Changes) != 2 || len(sets[1].Changes) != 1 ||
		*sets[2].Changes[0][1] != "0x03000000" || sets[2].Block != blocks[3].Hash.String() {
		t.Errorf("state_queryStorage: %+v", sets)
	}
	if _, e := c.try("state_queryStorage", list([]string{number}, blocks[2].Hash, blocks[1].Hash)); e.String() !=
		fmt.Sprintf("4001 Cannot resolve a block range ['\"2 (%s)\"' ... '\"1 (%s)\"]. from number > to number", blocks[2].Hash, blocks[1].Hash) {
		t.Errorf("inverted range: %s", e)
	}
	unknown := hash.Blake2b256(nil)
	if _, e := c.try("state_queryStorage", list([]string{number}, blocks[0].Hash, unknown)); e.String() !=
		fmt.Sprintf("4001 Cannot resolve a block range ['\"%s\"' ... '\"Some(%s)\"]. UnknownBlock: Header was not found in the database: %s", blocks[0].Hash, unknown, unknown) {
		t.Errorf("unknown end: %s", e)
	}

	// The child trie.
	child := hexOf([]byte(":child_storage:default:things"))
	for _, test := range []struct{ method, params, want string }{
		{"childstate_getKeys", list(child, "0x61"), `["0x61","0x6162"]`},
		{"childstate_getKeysPaged", list(child, "0x", 2, nil), `["0x61","0x6162"]`},
		{"childstate_getKeysPagedAt", list(child, nil, 2, "0x6162", blocks[1].Hash), `["0x62"]`},
		{"childstate_getStorage", list(child, "0x62"), `"0x02"`},
		{"childstate_getStorage", list(child, "0x63"), `null`},
		{"childstate_getStorageEntries", list(child, []string{"0x61", "0x63"}), `["0x00",null]`},
		{"childstate_getStorageHash", list(child, "0x62"), quoted(hash.Blake2b256([]byte{2}))},
		{"childstate_getStorageSize", list(child, "0x62"), `1`},
		{"childstate_getStorageSize", list(child, "0x63"), `null`},
	} {
		result, e := c.try(test.method, test.params)
		if e != nil || string(result) != test.want {
			t.Errorf("%s%s: %s, %s, expected %s", test.method, test.params, result, e, test.want)
		}
	}
	var proof struct{ Proof []string }
	c.get(&proof, "state_getChildReadProof", child, []string{"0x62"})
	var nodes [][]byte
	for _, node := range proof.Proof {
		nodes = append(nodes, unhex(t, node))
	}
	head, err := n.client.Store().State(blocks[3].Hash)
	check(t, err)
	defer head.Close()
	if read, err := storage.VerifyRead(head.Root(), nodes, childTrie, [][]byte{[]byte("b")}); err != nil || !bytes.Equal(read[0].Value, []byte{2}) {
		t.Errorf("child proof: %+v, %v", read, err)
	}
	if _, e := c.try("childstate_getStorage", list("0x1234", "0x62")); e.String() != "4003 Client error: Invalid child storage key" {
		t.Errorf("no child key: %s", e)
	}

	// Calls.
	block := list("Core_nothing", "0x")
	if _, e := safe.try("state_call", block); e.String() != "4003 Client error: Execution failed: Other: Exported method Core_nothing is not found" {
		t.Errorf("no such function: %s", e)
	}
	if _, e := safe.try("state_call", list("Metadata_metadata_at_version", "0x")); e == nil || e.Code != 4003 || !strings.HasPrefix(e.Message, "Client error: Execution failed: Execution aborted due to ") {
		t.Errorf("a trap: %s", e)
	}
	for _, test := range []struct{ method, params, want string }{
		{"state_call", list("Core_version", "0x", unknown), "4003 Client error: UnknownBlock: Expect block number from id: BlockId::Hash(" + unknown.String() + ")"},
		{"state_getStorage", list("0x00", unknown), "4003 Client error: UnknownBlock: Header was not found in the database: " + unknown.String()},
		{"state_getKeysPaged", list("0x00", 1, nil, unknown), "4003 Client error: UnknownBlock: Header was not found in the database: " + unknown.String()},
		{"state_getKeysPaged", list("0x00", 1001), "4002 count exceeds maximum value. value: 1001, max: 1000"},
		{"state_getRuntimeVersion", list(unknown), "4003 Client error: Api called for an unknown Block: Header was not found in the database: " + unknown.String()},
		{"state_getMetadata", list(unknown), "4003 Client error: Api called for an unknown Block: Header was not found in the database: " + unknown.String()},
		{"payment_queryInfo", list("0x0400", unknown), "1 Unable to query dispatch info.: Api called for an unknown Block: Header was not found in the database: " + unknown.String()},
	} {
		if _, e := safe.try(test.method, test.params); e.String() != test.want {
			t.Errorf("%s%s:\n got %s\nwant %s", test.method, test.params, e, test.want)
		}
	}
}

// Fees as the runtime counts them, and dry runs.
func TestPayment(t *testing.T) {
	n := start(t, nil)
	c := n.dial(n.url)
	one := n.author()
	alice := n.sender("//Alice")
	x := n.sign(alice, 5, transfer(chain.AccountID(account(n, "//Bob")), 7))
	var info struct {
		Weight     map[string]uint64
		Class      string
		PartialFee string
	}
	c.get(&info, "payment_queryInfo", encoded(x), one.Hash)
	if info.Weight["ref_time"] == 0 || info.Class != "normal" || info.PartialFee == "" {
		t.Errorf("%+v", info)
	}
	var details struct {
		InclusionFee struct{ BaseFee, LenFee, AdjustedWeightFee json.RawMessage }
	}
	if c.get(&details, "payment_queryFeeDetails", encoded(x)); details.InclusionFee.LenFee == nil {
		t.Errorf("%+v", details)
	}
	if got := c.text("system_dryRun", encoded(x)); got != "0x0000" {
		t.Errorf("dry run: %s", got)
	}
	if got := c.text("system_dryRunAt", encoded(n.sign(alice, 0, transfer(chain.AccountID(account(n, "//Bob")), 7))), one.Hash); got != "0x010002" { // Err(Invalid(Future))
		t.Errorf("dry run of a later nonce: %s", got)
	}
	if _, e := c.try("system_dryRun", `["0x10"]`); e == nil || e.Code != 2 || e.Message != "Unable to dry run extrinsic" {
		t.Errorf("dry run of garbage: %s", e)
	}
	if _, e := c.try("payment_queryInfo", `["0x10"]`); e == nil || e.Code != 2 || e.Message != "Unable to query dispatch info." {
		t.Errorf("fee of garbage: %s", e)
	}
	// A dry run leaves nothing behind.
	if got := c.raw("account_nextIndex", alice.Account().String()); got != "0" {
		t.Errorf("nonce %s", got)
	}
}

// Keys, offchain storage, statistics, log filters: unsafe, and not for everybody.
func TestUnsafe(t *testing.T) {
	filters := &filters{}
	n := start(t, func(d *rpc.Deps) { d.Filters = filters })
	c, safe := n.dial(n.url), n.dial(n.safe)
	alice := n.sender("//Alice")
	public := hexOf(alice.Pair.Public())
	x := n.sign(alice, 0, transfer(chain.AccountID(account(n, "//Bob")), 7))
	c.text("author_submitExtrinsic", encoded(x))
	one := n.author()
	keys := c.text("author_rotateKeys")
	for _, test := range []struct{ method, params, want string }{
		{"author_insertKey", list("aura", "//Alice", public), "null"},
		{"author_hasKey", list(public, "aura"), "true"},
		{"author_hasKey", list(public, "gran"), "false"},
		{"author_hasKey", list(public, "grandpa"), "1040 Invalid key type ID format (should be of length four)"},
		{"author_insertKey", list("aura", "//Alice", "0x"+strings.Repeat("00", 200)), "1040 The key store is unavailable"},
		{"author_hasSessionKeys", list(keys), "true"},
		{"author_hasSessionKeys", list("0x" + strings.Repeat("11", len(keys)/2-1)), "false"},
		{"author_hasSessionKeys", list("0x010203"), "1040 Session keys are not encoded correctly"},
		{"offchain_localStorageSet", list("PERSISTENT", "0x01", "0x0203"), "null"},
		{"offchain_localStorageGet", list("PERSISTENT", "0x01"), `"0x0203"`},
		{"offchain_localStorageClear", list("PERSISTENT", "0x01"), `null`},
		{"offchain_localStorageGet", list("PERSISTENT", "0x01"), `null`},
		{"offchain_localStorageGet", list("LOCAL", "0x01"), "5001 This storage kind is not available yet."},
		{"system_peers", list(), `[]`},
		{"system_addReservedPeer", list("/ip4/198.51.100.19/tcp/30333"), "2002 this node has no peer-to-peer network"},
		{"system_removeReservedPeer", list("12D3"), "2002 this node has no peer-to-peer network"},
		{"system_unstable_networkState", list(), `{"peerId":"12D3KooWtest","listenedAddresses":[],"externalAddresses":[],"connectedPeers":{},"notConnectedPeers":{},"peerset":null}`},
		{"system_addLogFilter", list("sync=debug"), "null"},
		{"system_resetLogFilter", list(), "null"},
		{"state_getPairs", list("0x1234567890"), "[]"},
		{"state_queryStorage", list([]string{}, n.client.Genesis()), "[]"},
		{"dev_getBlockStats", list(n.client.Genesis()), "null"},
		{"dev_getBlockStats", list(hash.Blake2b256(nil)), "null"},
		{"author_removeExtrinsic", list([]any{map[string]any{"hash": x.Hash()}}), `[]`},
		{"system_dryRun", list("0x0400"), ""},
	} {
		result, e := c.try(test.method, test.params)
		got := string(result)
		if e != nil {
			got = e.String()
		}
		if test.want != "" && got != test.want {
			t.Errorf("%s%s: %s, expected %s", test.method, test.params, got, test.want)
		}
		if _, e := safe.try(test.method, test.params); e.String() != "-32601 RPC call is unsafe to be called externally" {
			t.Errorf("%s for everybody: %s", test.method, e)
		}
	}
	if strings.Join(filters.said, " ") != "sync=debug reset" {
		t.Errorf("filters: %q", filters.said)
	}
	var stats struct{ WitnessLen, WitnessCompactLen, BlockLen, NumExtrinsics int }
	c.get(&stats, "dev_getBlockStats", one.Hash)
	block, err := n.client.Store().SignedBlock(one.Hash)
	check(t, err)
	unsealed, _, _ := block.Block.Header.Unsealed()
	if want := len(scale.Marshal(chain.Block{Header: unsealed, Extrinsics: block.Block.Extrinsics})); stats.BlockLen != want || stats.NumExtrinsics != 2 ||
		stats.WitnessCompactLen == 0 || stats.WitnessLen <= stats.WitnessCompactLen {
		t.Errorf("%+v, expected a block of %d bytes", stats, want)
	}
	// Two transactions, of which one depends on the other.
	first, second := n.sign(alice, 0, transfer(chain.AccountID(account(n, "//Bob")), 7)), n.sign(alice, 0, transfer(chain.AccountID(account(n, "//Bob")), 8))
	c.text("author_submitExtrinsic", encoded(first))
	c.text("author_submitExtrinsic", encoded(second))
	var removed []string
	if c.get(&removed, "author_removeExtrinsic", []any{map[string]any{"extrinsic": encoded(first)}}); len(removed) != 2 || !slices.Contains(removed, second.Hash().String()) {
		t.Errorf("removed %v", removed)
	}
	if _, e := c.try("author_submitExtrinsic", list(encoded(first))); e.String() != "1012 Transaction is temporarily banned" {
		t.Errorf("after it was removed: %s", e)
	}
}

type filters struct{ said []string }

func (f *filters) AddFilter(directives string) { f.said = append(f.said, directives) }

func (f *filters) ResetFilter() { f.said = append(f.said, "reset") }
