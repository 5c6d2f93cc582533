// Package overlayhost answers most host functions of pallets from a storage overlay: state, signatures, roots.
//
// Think of it as package wasmhost without the guest: what the import of a name does there, the method of that name does here, for pallets that run in this
// process. Keys of the node, its log and the versions of code depend on who runs the pallets: who embeds [Host] adds those, and has all of frame/host's Host.
//
// What the state refuses stops the pallet code with a panic of type *[Trap], as the blob would trap.
//
//	type mine struct{ overlayhost.Host } // and Sr25519Generate, Ed25519Generate, RuntimeVersion, Log, MaxLogLevel
//
//	host.Use(mine{overlayhost.Host{State: storage.NewOverlay(state)}}, f)
package overlayhost

import (
	"fmt"

	"github.com/gotensor/gotensor/primitives/hash"
	"github.com/gotensor/gotensor/primitives/keys"
	"github.com/gotensor/gotensor/storage"
	"github.com/gotensor/gotensor/storage/trie"
)

// State is what a Host needs of *storage.Overlay, whose methods say what they do. child is always nil.
type State interface {
	Get(child, key []byte) ([]byte, bool, error)
	Set(child, key, value []byte) error
	Delete(child, key []byte) error
	Append(key, item []byte) error
	ClearPrefix(child, prefix []byte, limit *uint32, cursor []byte) (storage.Cleared, error)
	NextKey(child, after []byte) ([]byte, bool, error)
	Root(version trie.Version) (hash.H256, error)
	Begin() error
	Rollback() error
	Commit() error
	IndexOffchain(key, value []byte, set bool) error
}

// Host is a state as the host of pallets. Its methods are those of frame/host's Host. It is for one goroutine.
type Host struct{ State State }

// Trap is the panic of pallet code that asked the host for what the host refuses.
type Trap struct{ Err error }

// Error says what the host refused.
func (e *Trap) Error() string { return fmt.Sprintf("trap: %v", e.Err) }

// Unwrap returns the reason, an error of package storage.
func (e *Trap) Unwrap() error { return e.Err }

// Check stops the pallet code with a *Trap where the host refuses.
func Check(err error) {
	if err != nil {
		panic(&Trap{err})
	}
}

// Get implements host.Host, as do the methods below.
func (h Host) Get(key []byte) ([]byte, bool) {
	v, ok, err := h.State.Get(nil, key)
	Check(err)
	return v, ok
}

func (h Host) Set(key, value []byte) { Check(h.State.Set(nil, key, value)) }

func (h Host) Clear(key []byte) { Check(h.State.Delete(nil, key)) }

func (h Host) Append(key, item []byte) { Check(h.State.Append(key, item)) }

func (h Host) ClearPrefix(prefix []byte, limit uint32) (removed uint32, more bool) {
	cleared, err := h.State.ClearPrefix(nil, prefix, &limit, nil)
	Check(err)
	return cleared.Loops, cleared.Next != nil
}

func (h Host) NextKey(key []byte) ([]byte, bool) {
	next, ok, err := h.State.NextKey(nil, key)
	Check(err)
	return next, ok
}

func (h Host) Root(version uint8) [32]byte {
	root, err := h.State.Root(stateVersion(version))
	Check(err)
	return root
}

func stateVersion(v uint8) trie.Version {
	if v > uint8(trie.V1) {
		Check(fmt.Errorf("state version %d, expected 0 or 1", v))
	}
	return trie.Version(v)
}

func (h Host) Begin()    { Check(h.State.Begin()) }
func (h Host) Rollback() { Check(h.State.Rollback()) }
func (h Host) Commit()   { Check(h.State.Commit()) }

func (h Host) Sr25519Verify(signature *[64]byte, message []byte, public *[32]byte) bool {
	return keys.Sr25519Verify(signature[:], message, public[:])
}

func (h Host) Ed25519Verify(signature *[64]byte, message []byte, public *[32]byte) bool {
	return keys.Ed25519Verify(signature[:], message, public[:])
}

func (h Host) Secp256k1RecoverCompressed(signature *[65]byte, digest *[32]byte) (public [33]byte, ok bool) {
	public, err := keys.EcdsaRecoverCompressed(*signature, *digest, keys.EcdsaStandard)
	return public, err == nil
}

func (h Host) OrderedRoot(values [][]byte, version uint8) [32]byte {
	return trie.OrderedRoot(values, stateVersion(version))
}

func (h Host) OffchainIndexSet(key, value []byte) { Check(h.State.IndexOffchain(key, value, true)) }
