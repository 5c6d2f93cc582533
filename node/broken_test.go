package node

import (
	"context"
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/gotensor/gotensor/primitives/chain"
	"github.com/gotensor/gotensor/storage"
	"github.com/gotensor/gotensor/storage/db"
	"github.com/gotensor/gotensor/storage/kv"
	"github.com/gotensor/gotensor/storage/kv/kvtest"
	"github.com/gotensor/gotensor/storage/trie"
)

// A disk that is full is waited for; after a write of which nobody knows whether it is on the disk, the node ends with an error that says what to do.
func TestStoreThatBreaks(t *testing.T) {
	state, err := storage.NewMemoryState(&storage.Changes{}, trie.V1)
	if err != nil {
		t.Fatal(err)
	}
	faults := kvtest.NewFaults(kv.NewMemory())
	store, err := db.Create(faults, chain.Header{StateRoot: state.Root()}, state, db.Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer store.Close()
	n := &Node{store: store}
	if err := n.openLog(t.Context()); err != nil {
		t.Fatal(err)
	}
	defer n.Close()
	n.tasks = []task{{"store", n.watchStore}}
	ended := make(chan error, 1)
	go func() { ended <- n.Run(t.Context()) }()

	write := func() error { return store.SetAux([]storage.Change{{Key: []byte("k"), Value: []byte("v")}}) }
	lost := errors.New("input/output error")
	var fault error
	faults.Fail(kvtest.Writes, func() error { return fault })
	for _, fault = range []error{kv.ErrFull, kv.ErrLimit} {
		if err := write(); !errors.Is(err, fault) {
			t.Fatal(err)
		}
	}
	fault = nil
	if err := write(); err != nil {
		t.Fatal(err)
	}
	select {
	case err := <-ended:
		t.Fatalf("a full disk ends the node: %v", err)
	case <-time.After(50 * time.Millisecond):
	}
	fault = lost
	if err := write(); !errors.Is(err, lost) {
		t.Fatal(err)
	}
	select {
	case err := <-ended:
		if !errors.Is(err, db.ErrBroken) || !errors.Is(err, lost) || !strings.Contains(err.Error(), "check the disk") {
			t.Error(err)
		}
	case <-time.After(time.Minute):
		t.Fatal("the node goes on over a store that takes no writes")
	}

	// One that is stopped in order ends without an error.
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	healthy := &Node{cfg: n.cfg}
	if healthy.store, err = db.Create(kv.NewMemory(), chain.Header{StateRoot: state.Root()}, state, db.Options{}); err != nil {
		t.Fatal(err)
	}
	defer healthy.store.Close()
	healthy.tasks = []task{{"store", healthy.watchStore}}
	if err := healthy.Run(ctx); err != nil {
		t.Error(err)
	}
}
