package native

import (
	"testing"

	"github.com/gotensor/gotensor/pallets/frame/host"
	"github.com/gotensor/gotensor/primitives/hash"
	"github.com/gotensor/gotensor/primitives/keys"
	"github.com/gotensor/gotensor/storage"
	"github.com/gotensor/gotensor/storage/trie"
	"github.com/gotensor/gotensor/testnet/overlayhost"
)

// Version is the state version under which values are written: that of the runtime.
const Version = trie.V1

// Ext is a state that pallet code runs on. It is for one goroutine.
type Ext struct {
	t       testing.TB
	overlay *storage.Overlay
	// Logs is what the runtime has logged, the oldest first.
	Logs []Record
	// MaxLogLevel is what the runtime is told of the most detailed level that is wanted: at first 5, everything.
	MaxLogLevel uint8
	// Keys are the keys that the runtime had made, the oldest first.
	Keys []Key
}

// Record is a line of the log. Levels are error 1 to trace 5.
type Record struct {
	Level           uint8
	Target, Message string
}

// Key is a key of the node's keystore under the id of its purpose.
type Key struct {
	ID   [4]byte
	Pair keys.Pair
}

// Trap is the panic of pallet code that asked the host for what the host refuses.
type Trap = overlayhost.Trap

// New returns a state with the values given, in any order, and nothing written yet.
func New(t testing.TB, values ...storage.Change) *Ext {
	t.Helper()
	empty, err := storage.NewMemoryState(&storage.Changes{}, Version)
	if err != nil {
		t.Fatal(err)
	}
	e := Over(t, empty)
	for _, v := range values {
		e.must(e.overlay.Set(nil, v.Key, v.Value))
	}
	e.Next()
	return e
}

// Over returns a state with nothing written yet, over that of a block that was made elsewhere.
func Over(t testing.TB, state storage.State) *Ext {
	return &Ext{t: t, overlay: storage.NewOverlay(state), MaxLogLevel: 5}
}

// must ends the test over an error that only the test's own doing can bring about.
func (e *Ext) must(err error) {
	if err != nil {
		e.t.Helper()
		e.t.Fatal(err)
	}
}

// Run runs pallet code on the state. A transaction that it leaves open fails the test. Panics come through, with open transactions taken back.
func (e *Ext) Run(f func()) {
	e.t.Helper()
	host.Use(seam{overlayhost.Host{State: e.overlay}, e}, func() {
		e.must(e.overlay.EnterRuntime())
		done := false
		defer func() {
			dangling, err := e.overlay.ExitRuntime()
			if err != nil || done && dangling > 0 {
				e.t.Errorf("%d storage transactions left open, %v", dangling, err)
			}
		}()
		f()
		done = true
	})
}

// Trap is Run of code that may stop: it returns what f panicked with, or nil. What f wrote outside of transactions stays, as on any host: its caller drops the
// block, or wraps the call into a transaction of its own.
func (e *Ext) Trap(f func()) (reason any) {
	e.t.Helper()
	defer func() { reason = recover() }()
	e.Run(f)
	return nil
}

// Unchanged is Run, and fails the test where f changed the state.
func (e *Ext) Unchanged(f func()) {
	e.t.Helper()
	before := e.Root()
	e.Run(f)
	if after := e.Root(); after != before {
		e.t.Errorf("the state changed: root %s, before %s", after, before)
	}
}

// Root returns the root of the state with all that was written.
func (e *Ext) Root() hash.H256 {
	e.t.Helper()
	root, err := e.overlay.Root(Version)
	e.must(err)
	return root
}

// Get returns the value at key and whether there is one.
func (e *Ext) Get(key []byte) ([]byte, bool) {
	e.t.Helper()
	v, ok, err := e.overlay.Get(nil, key)
	e.must(err)
	return append([]byte(nil), v...), ok
}

// Set sets the value at key.
func (e *Ext) Set(key, value []byte) {
	e.t.Helper()
	e.must(e.overlay.Set(nil, key, value))
}

// Clear removes the value at key.
func (e *Ext) Clear(key []byte) {
	e.t.Helper()
	e.must(e.overlay.Delete(nil, key))
}

// Overlay is what was written since New or Next, over the state then. A test may use all of it between runs.
func (e *Ext) Overlay() *storage.Overlay { return e.overlay }

// Next closes the block: what was written becomes the state below, on which limits of ClearPrefix count from now on. It returns the changes.
func (e *Ext) Next() *storage.Changes {
	e.t.Helper()
	_, changes, err := e.overlay.Finish(Version)
	e.must(err)
	return changes
}

// State returns the state below what was written: that after the last block that Next closed.
func (e *Ext) State() storage.State { return e.overlay.Parent() }

// Fork returns another Ext over the same State, with nothing written.
func (e *Ext) Fork() *Ext {
	fork := Over(e.t, e.State())
	fork.MaxLogLevel = e.MaxLogLevel
	return fork
}
