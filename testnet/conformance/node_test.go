package conformance

import (
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"reflect"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/gotensor/gotensor/node/chainspec"
	"github.com/gotensor/gotensor/primitives/chain"
	"github.com/gotensor/gotensor/primitives/hash"
	"github.com/gotensor/gotensor/primitives/metadata"
	"github.com/gotensor/gotensor/primitives/scale"
	"github.com/gotensor/gotensor/storage/trie"
	"github.com/gotensor/gotensor/testnet/driver"
	"github.com/gotensor/gotensor/testnet/solo"
	"github.com/gotensor/gotensor/testnet/upgrades"
)

// wanted is a step of a program against a running node, and what it must find.
type wanted struct {
	step string
	// facts are what the step returns, as JSON; "" where check judges them.
	facts string
	check func(t *testing.T, facts json.RawMessage)
}

// stepsOutput is what a program prints that goes through steps.
type stepsOutput struct {
	Steps []struct {
		Name         string
		Error        *string
		Facts        json.RawMessage
		Notes        []string
		Milliseconds uint64
	}
}

// hold compares what a program found with what it must find: all steps and no others, in this order.
func hold(t *testing.T, out stepsOutput, want []wanted) {
	t.Helper()
	var got, expected []string
	for _, s := range out.Steps {
		got = append(got, s.Name)
	}
	for _, w := range want {
		expected = append(expected, w.step)
	}
	if !slices.Equal(got, expected) {
		t.Fatalf("the program went through the steps %q, expected %q", got, expected)
	}
	for i, w := range want {
		s := out.Steps[i]
		t.Run(w.step, func(t *testing.T) {
			for _, note := range s.Notes {
				t.Log(note)
			}
			if s.Error != nil {
				t.Fatal(*s.Error)
			}
			if w.check != nil {
				w.check(t, s.Facts)
				return
			}
			sameJSON(t, s.Facts, w.facts)
		})
	}
}

// sameJSON compares values, not their writing.
func sameJSON(t *testing.T, got json.RawMessage, want string) {
	t.Helper()
	var g, w any
	if err := json.Unmarshal([]byte(want), &w); err != nil {
		t.Fatalf("BUG: expected facts: %v in %s", err, want)
	}
	if err := json.Unmarshal(got, &g); err != nil {
		t.Fatalf("facts: %v in %s", err, got)
	}
	if !reflect.DeepEqual(g, w) {
		t.Errorf("got  %s\nwant %s", got, want)
	}
}

// refused is a JSON-RPC error, as JSON; data is text or nil.
func refused(code int, message string, data any) string {
	text, err := json.Marshal(map[string]any{"code": code, "message": message, "data": data})
	if err != nil {
		panic("BUG: " + err.Error())
	}
	return string(text)
}

// invalid is the refusal of a transaction that is not valid.
func invalid(why string) string { return refused(1010, "Invalid Transaction", why) }

type nodeInput struct {
	URL   string   `json:"url"`
	Steps []string `json:"steps"`
}

// connected is what polkadot.js must learn of the chain.
func (c *testChain) connected(t *testing.T, facts json.RawMessage) {
	t.Helper()
	want, err := json.Marshal(map[string]string{
		"chain": c.spec.Name, "type": c.spec.ChainType, "ss58": "42", "genesis": c.genesis.Hash.String(),
		"runtime": fmt.Sprintf("%s %d %d", c.version.SpecName, c.version.SpecVersion, c.version.TransactionVersion),
	})
	if err != nil {
		t.Fatal(err)
	}
	sameJSON(t, facts, string(want))
}

// described is what it must learn of the runtime.
func (c *testChain) described(t *testing.T, facts json.RawMessage) {
	t.Helper()
	m, err := metadata.Decode(c.metadata[14])
	if err != nil {
		t.Fatal(err)
	}
	var names []string
	for _, p := range m.Pallets {
		names = append(names, p.Name)
	}
	want, err := json.Marshal(map[string]any{"hash": hash.Blake2b256(c.metadata[14]).String(), "pallets": names})
	if err != nil {
		t.Fatal(err)
	}
	sameJSON(t, facts, string(want))
}

// proven checks the proof that the node gave a client against the root in the header, with our own trie.
func proven(t *testing.T, facts json.RawMessage) {
	t.Helper()
	var f struct {
		Root   string
		Keys   []string
		Values []*string
		Proof  []string
	}
	if err := json.Unmarshal(facts, &f); err != nil {
		t.Fatal(err)
	}
	raw := func(text string) []byte {
		data, err := hex.DecodeString(strings.TrimPrefix(text, "0x"))
		if err != nil {
			t.Fatal(err)
		}
		return data
	}
	var nodes [][]byte
	for _, n := range f.Proof {
		nodes = append(nodes, raw(n))
	}
	if len(f.Keys) != 3 || len(f.Values) != 3 || f.Values[0] == nil || f.Values[1] == nil || f.Values[2] != nil {
		t.Fatalf("%d keys with the values %v, expected two that are there and one that is not", len(f.Keys), f.Values)
	}
	root := hash.H256(raw(f.Root))
	for i, key := range f.Keys {
		value, ok, err := trie.VerifyProof(root, nodes, raw(key))
		if err != nil {
			t.Fatalf("key %s: %v", key, err)
		}
		if ok != (f.Values[i] != nil) || ok && bytesHex(value) != *f.Values[i] {
			t.Errorf("key %s: the proof says %v 0x%x", key, ok, value)
		}
	}
	if _, _, err := trie.VerifyProof(root, nodes[1:], raw(f.Keys[0])); err == nil {
		t.Error("the proof without its first node proves the same")
	}
}

// polkadotJS are the steps of polkadotjs-node.mjs on a chain of our runtime.
func polkadotJS(c *testChain) []wanted {
	return []wanted{
		{step: "connect", check: c.connected},
		{step: "metadata", check: c.described},
		{step: "system", facts: `{"peers": 0, "isSyncing": false, "roles": ["Authority"], "known": 0}`},
		{step: "transfer", facts: `{"statuses": ["Ready", "InBlock", "Finalized"], "sameBlock": true, "last": "system.ExtrinsicSuccess"}`},
		{step: "fees", facts: `{"paid": true, "estimated": true, "class": "normal", "weight": ["ref_time", "proof_size"]}`},
		{step: "nonce", facts: `{"one": 1, "two": 2, "gap": 2, "filled": ["Ready", "InBlock", "Finalized"], "waited": ["Future", "Ready", "InBlock", "Finalized"]}`},
		{step: "replacement", facts: `{"usurped": ["Ready", "Usurped"], "taken": ["Ready", "InBlock", "Finalized"],
			"low": ` + refused(1014, "Priority is too low: (N vs N)", "The transaction has too low priority to replace another transaction already in the pool.") + `,
			"again": ` + refused(1013, "Transaction Already Imported", nil) + `}`},
		{step: "pool errors", facts: `{"stale": ` + invalid("Transaction is outdated") + `, "poor": ` + invalid("Inability to pay some fees (e.g. account balance too low)") +
			`, "forged": ` + invalid("Transaction has a bad signature") + `, "genesis": ` + invalid("Transaction has a bad signature") + `, "sudo": ` + invalid("Invalid signing address") + `}`},
		{step: "bans", facts: refused(1012, "Transaction is temporarily banned", nil)},
		{step: "storage subscriptions", facts: `{"seen": ["0", "3000000000", "7000000000"]}`},
		{step: "head subscriptions", facts: `{"engines": ["PreRuntime aura", "Seal aura"]}`},
		{step: "blocks", facts: `{"calls": ["timestamp.set"], "unknown": null, "beyond": null, "many": 3}`},
		{step: "maps", facts: `{"absent": "0", "changes": 1}`},
		{step: "batch", facts: `{
			"batch": {"error": null, "events": ["utility.ItemCompleted", "utility.ItemCompleted", "utility.BatchCompleted"], "inner": null, "index": null},
			"interrupted": {"error": null, "events": ["utility.ItemCompleted", "utility.BatchInterrupted"], "inner": "Token.FundsUnavailable", "index": 1},
			"all": {"error": "Token.FundsUnavailable", "events": [], "inner": null, "index": null},
			"force": {"error": null, "events": ["utility.ItemCompleted", "utility.ItemFailed", "utility.ItemCompleted", "utility.BatchCompletedWithErrors"], "inner": "Token.FundsUnavailable", "index": null}}`},
		{step: "multisig", facts: `{"approvals": 1, "opened": ["multisig.NewMultisig"], "closed": ["multisig.MultisigExecuted"], "cancelled": ["multisig.MultisigCancelled"]}`},
		{step: "proxy", facts: `{"added": ["proxy.ProxyAdded"], "acted": "ok", "spent": true, "barred": "system.CallFiltered", "none": "proxy.NotProxy"}`},
		{step: "schedule", facts: `{"scheduled": ["scheduler.Scheduled"], "named": ["scheduler.Scheduled"], "cancelled": ["scheduler.Canceled"], "after": 4}`},
		{step: "dispatch errors", facts: `{
			"funds": "Token.FundsUnavailable system.ExtrinsicFailed", "deposit": "Token.BelowMinimum system.ExtrinsicFailed", "origin": "BadOrigin system.ExtrinsicFailed",
			"proxy": "proxy.NotFound system.ExtrinsicFailed", "multisig": "multisig.NotFound system.ExtrinsicFailed", "nested": "system.CallFiltered system.ExtrinsicFailed",
			"sudo": "BadOrigin"}`},
		{step: "eras", facts: `{"immortal": "immortal", "mortal": "mortal 8", "late": ` + invalid("Transaction has a bad signature") + `}`},
		{step: "tips", facts: `{"tip": "1234567"}`},
		{step: "dry run", facts: `{"good": "ok", "fails": "Token.FundsUnavailable", "invalid": {"Invalid": "Stale"}, "typed": true}`},
		{step: "historic state", facts: `{"genesis": "1000000000000000", "accounts": 11, "nonce": 0,
			"unknown": ` + refused(4003, "Client error: UnknownBlock: Header was not found in the database: 0x"+strings.Repeat("11", 32), nil) + `}`},
		{step: "read proof", check: proven},
		{step: "offchain storage", facts: `{"value": "0x76616c7565", "absent": true}`},
		{step: "finality", facts: `{"setId": 0, "weight": 1, "proof": ` + refused(4, "GRANDPA prove finality rpc failed: Block not covered by authority set changes", nil) + `}`},
		{step: "malformed requests", facts: `{"unknown": ` + refused(-32601, "Method not found", nil) + `, "missing": ` + refused(-32602, "Invalid params", "No more params") + `, "wrong": ` + refused(-32602, "Invalid params", nil) + `}`},
	}
}

// startFast starts a node of our runtime at the pace fast, as an archive.
func startFast(t *testing.T, cases int) (*testChain, *solo.Node) {
	t.Helper()
	c := fast.get(t, cases)
	return c, solo.Start(t, solo.Config{Spec: c.spec, Args: []string{"--one", "--force-authoring", "--state-pruning", "archive"}})
}

// TestNode has clients that nobody here wrote use a running node: polkadot.js, and async-substrate-interface in both lines, at the same time.
func TestNode(t *testing.T) {
	t.Parallel()
	c, n := startFast(t, 1)
	t.Run("clients", func(t *testing.T) {
		t.Run("polkadot.js", func(t *testing.T) {
			t.Parallel()
			want := polkadotJS(c)
			npm.ready(t, len(want))
			var out stepsOutput
			npm.run(t, "polkadotjs-node.mjs", nodeInput{URL: n.URL()}, &out)
			hold(t, out, want)
		})
		for _, p := range []struct {
			name          string
			env           *environment
			from, proxied string
		}{
			{"async-substrate-interface 1.6", sdk, "//Dave", "//Eve"},
			{"async-substrate-interface 2", btcli, "//Ferdie", "//Two"},
		} {
			t.Run(p.name, func(t *testing.T) {
				t.Parallel()
				for _, client := range []string{"sync", "async"} {
					t.Run(client, func(t *testing.T) {
						want := substrateInterface(c)
						p.env.ready(t, len(want))
						var out stepsOutput
						p.env.run(t, "node.py", map[string]string{"url": n.URL(), "client": client, "from": p.from, "proxied": p.proxied}, &out)
						hold(t, out, want)
					})
				}
			})
		}
	})
}

// substrateInterface are the steps of node.py on a chain of our runtime.
func substrateInterface(c *testChain) []wanted {
	return []wanted{
		{step: "connect", facts: fmt.Sprintf(`{"chain": %q, "type": %q, "runtime": "%s %d", "symbol": "TAO", "supported": [true, true, true]}`, c.spec.Name, c.spec.ChainType, c.version.SpecName, c.version.SpecVersion)},
		{step: "read", facts: `{"deposit": 500, "absent": 0, "decimals": 9}`},
		{step: "maps", facts: `{"accounts": 11, "issued": 3016000000000000}`},
		{step: "calls", facts: `{"name": "node-subtensor", "duration": 250}`},
		{step: "inclusion", facts: `{"ok": true, "finalized": false, "near": true, "last": "System.ExtrinsicSuccess", "error": null}`},
		{step: "finalization", facts: `{"ok": true, "finalized": true}`},
		{step: "mortal", facts: `{"ok": true, "tip": 777, "mortal": true}`},
		{step: "unwatched", facts: `{"next": 1}`},
		{step: "fails", facts: `{"ok": [false, false], "module": ["Module", "NotFound"]}`},
		{step: "calls_in_calls", facts: `{"received": 8000000000, "spent": true, "proxied": true}`},
		{step: "heads", facts: `{"follow": [1, 1, 1]}`},
		{step: "subscribed", facts: `{"later": [true, true]}`},
		{step: "blocks", facts: `{"first": "Timestamp.set", "found": true, "events": true}`},
		{step: "historic", facts: `{"number": 1, "nonce": 0, "free": 2000000000000, "called": 0, "beyond": null}`},
		{step: "refused", facts: `{"stale": [1010, "Invalid Transaction", "Transaction is outdated"], "poor": [1010, "Invalid Transaction", "Inability to pay some fees (e.g. account balance too low)"]}`},
	}
}

// TestNodeUpgrade has polkadot.js replace the runtime while it stays connected, in both ways that there are.
func TestNodeUpgrade(t *testing.T) {
	t.Parallel()
	for _, how := range []string{"setCode", "authorizeUpgrade"} {
		t.Run(how, func(t *testing.T) {
			t.Parallel()
			want := []wanted{
				{step: "refused", facts: `{"noRuntime": "system.FailedToExtractRuntimeVersion", "garbage": "system.FailedToExtractRuntimeVersion", "same": "system.SpecVersionNeedsToIncrease",
					"other": "system.InvalidSpecName", "signed": "BadOrigin", "nothing": "system.NothingAuthorized", "unauthorized": "system.Unauthorized",
					"unsigned": ` + invalid("Transaction call is not expected") + `, "rejected": "system.InvalidSpecName"}`},
				{step: "upgraded", facts: `{"logged": true, "before": 0, "after": 1, "told": [0, 1], "client": 1, "code": true}`},
				{step: "migrated", facts: `{"first": "0x01", "upgrade": 1, "later": "0x01"}`},
				{step: "new call", facts: `{"statuses": ["Ready", "InBlock", "Finalized"], "events": ["guestBook.Signed"], "text": "was here", "error": "guestBook.Empty", "old": [false, true],
					"stale": ` + invalid("Transaction has a bad signature") + `}`},
				{step: "restarted", facts: `{"disconnected": true, "connected": true, "statuses": ["Ready", "InBlock", "Finalized"], "ran": "0x01", "version": 1}`},
			}
			npm.ready(t, len(want))
			_, n := startFast(t, len(want))
			base, next := upgrades.Base(t), upgrades.Next(t)
			other := upgrades.Stating(t, next, func(v *chain.RuntimeVersion) { v.SpecName = "other" })
			pid := n.Pid()
			var out stepsOutput
			npm.converse(t, "polkadotjs-upgrade.mjs", map[string]string{
				"url": n.URL(), "how": how, "code": bytesHex(next.Compressed), "same": bytesHex(base.Compressed), "other": bytesHex(other.Compressed), "migrated": upgrades.Migrated.String(),
			}, &out, func(what string) error {
				if what != "restart" {
					return errors.New("no such thing")
				}
				if n.Pid() != pid {
					return errors.New("the node was another process before")
				}
				n.Restart(t)
				return nil
			})
			hold(t, out, want)
		})
	}
}

// TestNodeTrap gives a chain a runtime that traps in its first block. The node lives, answers, and says what happened and what can be done; and what it says revives the chain.
func TestNodeTrap(t *testing.T) {
	t.Parallel()
	c, n := startFast(t, 1)
	broken, mended := upgrades.Broken(t), upgrades.Mended(t)
	alice := sender(t, "//Alice")
	// head returns number and hash of the best block.
	head := func() (number uint64, hash string) {
		t.Helper()
		var header struct{ Number string }
		n.Call(t, &hash, "chain_getBlockHash")
		n.Call(t, &header, "chain_getHeader", hash)
		number, err := strconv.ParseUint(strings.TrimPrefix(header.Number, "0x"), 16, 64)
		if err != nil {
			t.Fatal(err)
		}
		return number, hash
	}
	setCode := c.call(t, "Sudo", "sudo", c.call(t, "System", "set_code", scale.AppendBytes(nil, broken.Compressed)))
	n.Call(t, nil, "author_submitExtrinsic", bytesHex(scale.Marshal(c.sign(t, alice, setCode, terms{birth: c.genesis.Hash}))))
	said := n.WaitLog(t, "The runtime failed", time.Minute)
	stuck, at := head()
	for _, words := range []string{upgrades.Trap, hash.Blake2b256(broken.Compressed).String(), fmt.Sprintf(`"codeSubstitutes": {"%d": "0x…"}`, stuck)} {
		if !strings.Contains(said, words) {
			t.Errorf("the node says nothing of %q:\n%s", words, said)
		}
	}
	// It stays where it is, and answers from the runtime that is there.
	time.Sleep(2 * time.Second)
	if number, hash := head(); number != stuck || hash != at {
		t.Errorf("the head is #%d %s, and was #%d %s", number, hash, stuck, at)
	}
	var version struct{ SpecVersion uint32 }
	n.Call(t, &version, "state_getRuntimeVersion")
	if version.SpecVersion != broken.Version.SpecVersion {
		t.Errorf("the runtime has version %d, expected %d", version.SpecVersion, broken.Version.SpecVersion)
	}
	if text := strings.Join(n.Log(), "\n"); strings.Count(text, "The runtime failed") != 1 {
		t.Errorf("the node says it %d times", strings.Count(text, "The runtime failed"))
	}

	n.Stop(t)
	spec := *c.spec
	spec.CodeSubstitutes = []chainspec.CodeSubstitute{{Number: stuck, Code: mended.Compressed}}
	n.Respecify(t, &spec)
	n.Resume(t)
	late := time.Now().Add(time.Minute)
	for number, _ := head(); number < stuck+3; number, _ = head() {
		if time.Now().After(late) {
			t.Fatalf("the chain stays at #%d", number)
		}
		time.Sleep(50 * time.Millisecond)
	}
	var entry string
	n.Call(t, &entry, "state_getStorage", bytesHex(driver.StorageKey(upgrades.GuestBook, "Entries", driver.Blake2_128Concat(upgrades.Migrated[:]))))
	if !strings.HasPrefix(entry, "0x0401") {
		t.Errorf("the migration wrote %s", entry)
	}
	var onChain string
	n.Call(t, &onChain, "state_getStorageHash", bytesHex([]byte(":code")))
	if onChain != hash.Blake2b256(broken.Compressed).String() {
		t.Errorf("the code on chain is %s", onChain)
	}
}

// TestNodeSubtensor runs the node on a chain of Subtensor's own runtime, which Rust made, with the development account as its only authority: the node knows no pallet. A block takes twelve
// seconds.
func TestNodeSubtensor(t *testing.T) {
	t.Parallel()
	want := []wanted{
		{step: "connect"},
		{step: "metadata"},
		{step: "transfer", facts: `{"statuses": ["Ready", "InBlock", "Finalized"], "sameBlock": true, "last": "system.ExtrinsicSuccess"}`},
		{step: "maps", facts: `{"absent": "0", "changes": 1}`},
		{step: "read proof", check: proven},
	}
	npm.ready(t, len(want))
	c := control.get(t, len(want))
	want[0].check, want[1].check = c.connected, c.described
	n := solo.Start(t, solo.Config{Spec: c.spec, Args: []string{"--dev"}})
	in := nodeInput{URL: n.URL()}
	for _, w := range want {
		in.Steps = append(in.Steps, w.step)
	}
	var out stepsOutput
	npm.run(t, "polkadotjs-node.mjs", in, &out)
	hold(t, out, want)
}
