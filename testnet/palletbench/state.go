package palletbench

import (
	"fmt"

	"github.com/gotensor/gotensor/pallets/frame"
	"github.com/gotensor/gotensor/pallets/frame/host"
	"github.com/gotensor/gotensor/primitives/chain"
	"github.com/gotensor/gotensor/primitives/keys"
	"github.com/gotensor/gotensor/runtime-wasm/runtime"
	"github.com/gotensor/gotensor/storage"
	"github.com/gotensor/gotensor/storage/trie"
)

// tracked is a state that counts which keys are read and written.
type tracked struct {
	*storage.Overlay
	ignored       map[string]bool // keys that do not count
	reads, writes map[string]bool
}

func newTracked(state storage.State, ignored map[string]bool) *tracked {
	return &tracked{storage.NewOverlay(state), ignored, make(map[string]bool), make(map[string]bool)}
}

func (t *tracked) forget() {
	clear(t.reads)
	clear(t.writes)
}

// read counts a key that is read before it is written.
func (t *tracked) read(key []byte) {
	if !t.ignored[string(key)] && !t.writes[string(key)] {
		t.reads[string(key)] = true
	}
}

func (t *tracked) wrote(key []byte) {
	if !t.ignored[string(key)] {
		t.writes[string(key)] = true
	}
}

// Get implements wasmhost.Storage, as do the methods below.
func (t *tracked) Get(child, key []byte) ([]byte, bool, error) {
	t.read(key)
	return t.Overlay.Get(child, key)
}

func (t *tracked) Has(child, key []byte) (bool, error) {
	t.read(key)
	return t.Overlay.Has(child, key)
}

func (t *tracked) NextKey(child, after []byte) ([]byte, bool, error) {
	next, ok, err := t.Overlay.NextKey(child, after)
	if ok {
		t.read(next)
	}
	return next, ok, err
}

func (t *tracked) Set(child, key, value []byte) error {
	t.wrote(key)
	return t.Overlay.Set(child, key, value)
}

func (t *tracked) Delete(child, key []byte) error {
	t.wrote(key)
	return t.Overlay.Delete(child, key)
}

func (t *tracked) Append(key, item []byte) error {
	t.wrote(key)
	return t.Overlay.Append(key, item)
}

func (t *tracked) ClearPrefix(child, prefix []byte, limit *uint32, cursor []byte) (storage.Cleared, error) {
	removed := uint32(0)
	for key := prefix; limit == nil || removed < *limit; removed++ {
		next, ok, err := t.Overlay.NextKey(child, key)
		if err != nil || !ok || len(next) < len(prefix) || string(next[:len(prefix)]) != string(prefix) {
			break
		}
		t.wrote(next)
		key = next
	}
	return t.Overlay.ClearPrefix(child, prefix, limit, cursor)
}

// native is a tracked state as the host of pallets.
type native struct {
	*tracked
	version []byte // what code answers when it is asked for its version
}

var _ host.Host = native{}

// must stops where the state refuses, which a state in memory does not.
func must(err error) {
	if err != nil {
		panic("BUG: a state in memory refuses: " + err.Error())
	}
}

func (n native) Get(key []byte) ([]byte, bool) {
	v, ok, err := n.tracked.Get(nil, key)
	must(err)
	return v, ok
}

func (n native) Set(key, value []byte)   { must(n.tracked.Set(nil, key, value)) }
func (n native) Clear(key []byte)        { must(n.tracked.Delete(nil, key)) }
func (n native) Append(key, item []byte) { must(n.tracked.Append(key, item)) }

func (n native) ClearPrefix(prefix []byte, limit uint32) (removed uint32, more bool) {
	cleared, err := n.tracked.ClearPrefix(nil, prefix, &limit, nil)
	must(err)
	return cleared.Loops, cleared.Next != nil
}

func (n native) NextKey(key []byte) ([]byte, bool) {
	next, ok, err := n.tracked.NextKey(nil, key)
	must(err)
	return next, ok
}

func (n native) Root(version uint8) [32]byte {
	root, err := n.Overlay.Root(trie.Version(version))
	must(err)
	return root
}

func (n native) Begin()    { must(n.Overlay.Begin()) }
func (n native) Rollback() { must(n.Overlay.Rollback()) }
func (n native) Commit()   { must(n.Overlay.Commit()) }

func (n native) Sr25519Verify(signature *[64]byte, message []byte, public *[32]byte) bool {
	return keys.Sr25519Verify(signature[:], message, public[:])
}

func (n native) Ed25519Verify(signature *[64]byte, message []byte, public *[32]byte) bool {
	return keys.Ed25519Verify(signature[:], message, public[:])
}

func (n native) Secp256k1RecoverCompressed(signature *[65]byte, digest *[32]byte) (public [33]byte, ok bool) {
	public, err := keys.EcdsaRecoverCompressed(*signature, *digest, keys.EcdsaStandard)
	return public, err == nil
}

func (n native) OrderedRoot(values [][]byte, version uint8) [32]byte {
	return trie.OrderedRoot(values, trie.Version(version))
}

func (n native) RuntimeVersion([]byte) ([]byte, bool) { return n.version, n.version != nil }

func (n native) Sr25519Generate([4]byte, []byte, bool) [32]byte { panic("BUG: calls make no keys") }
func (n native) Ed25519Generate([4]byte, []byte, bool) [32]byte { panic("BUG: calls make no keys") }

func (n native) OffchainIndexSet(key, value []byte) {
	must(n.Overlay.IndexOffchain(key, value, true))
}

func (n native) Log(uint8, string, string) {}
func (n native) MaxLogLevel() uint8        { return 0 }

// on runs pallet code on the state. Error: that of f, or with what pallet code stopped where the blob would trap.
func (n native) on(f func() error) (err error) {
	defer func() {
		switch reason := recover().(type) {
		case nil:
		case frame.Panic:
			err = fmt.Errorf("trap: %s", string(reason))
		default:
			panic("BUG: of a pallet or a case: " + fmt.Sprint(reason))
		}
	}()
	host.Use(n, func() { err = f() })
	return err
}

// everyday returns the keys that every block and transaction of the caller touches: what an extrinsic weighs without its call has them.
func everyday(caller chain.AccountID, author chain.AccountID) map[string]bool {
	list := make(map[string]bool)
	item := func(pallet, name string) {
		p := frame.PrefixOf(pallet, name)
		list[string(p[:])] = true
	}
	for _, name := range []string{"Number", "ParentHash", "ExecutionPhase", "EventCount", "Events", "BlockWeight", "AllExtrinsicsLen", "ExtrinsicCount",
		"ExtrinsicWeightReclaimed", "InherentsApplied", "LastRuntimeUpgrade", "Digest"} {
		item("System", name)
	}
	item("Balances", "TotalIssuance")
	item("Balances", "InactiveIssuance")
	item("TransactionPayment", "NextFeeMultiplier")
	item("Timestamp", "DidUpdate")
	item("Aura", "Authorities")
	list[":extrinsic_index"] = true
	for _, who := range []chain.AccountID{caller, author} {
		list[string(runtime.System.Account.Key(who))] = true
	}
	list[string(runtime.System.BlockHash.Key(0))] = true
	list[string(runtime.System.ExtrinsicData.Key(0))] = true
	return list
}
