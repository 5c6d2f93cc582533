package palletbench

import (
	"fmt"

	"github.com/gotensor/gotensor/pallets/frame"
	"github.com/gotensor/gotensor/pallets/frame/host"
	"github.com/gotensor/gotensor/primitives/chain"
	"github.com/gotensor/gotensor/runtime-wasm/runtime"
	"github.com/gotensor/gotensor/storage"
	"github.com/gotensor/gotensor/testnet/overlayhost"
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
	overlayhost.Host
	state   *tracked
	version []byte // what code answers when it is asked for its version
}

func newNative(t *tracked, version []byte) native {
	return native{overlayhost.Host{State: t}, t, version}
}

var _ host.Host = native{}

func (n native) RuntimeVersion([]byte) ([]byte, bool) { return n.version, n.version != nil }

func (n native) Sr25519Generate([4]byte, []byte, bool) [32]byte { panic("BUG: calls make no keys") }
func (n native) Ed25519Generate([4]byte, []byte, bool) [32]byte { panic("BUG: calls make no keys") }

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
