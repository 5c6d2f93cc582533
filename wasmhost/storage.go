package wasmhost

import (
	"fmt"
	"math"

	"github.com/gotensor/gotensor/primitives/scale"
	"github.com/gotensor/gotensor/storage"
	"github.com/gotensor/gotensor/storage/trie"
)

// Chapter "Storage": the top trie. Every function traps where the context has no state, where a span is outside memory, and
// where the back end fails; results that are spans trap where the heap is exhausted. What differs from that is said below.
//
// Keys under ":child_storage:" belong to the host. That a guest cannot write or clear them is a rule of the state (storage.Overlay).

var storageFuncs = []hostFunc{
	{"ext_storage_set_version_1", params(i64, i64), nil, storageSet},
	{"ext_storage_get_version_1", params(i64), results(i64), storageGet},
	{"ext_storage_read_version_1", params(i64, i64, i32), results(i64), storageRead},
	{"ext_storage_clear_version_1", params(i64), nil, storageClear},
	{"ext_storage_exists_version_1", params(i64), results(i32), storageExists},
	{"ext_storage_clear_prefix_version_1", params(i64), nil, storageClearPrefix1},
	{"ext_storage_clear_prefix_version_2", params(i64, i64), results(i64), storageClearPrefix2},
	{"ext_storage_clear_prefix_version_3", params(i64, i64, i64), results(i64), storageClearPrefix3},
	{"ext_storage_append_version_1", params(i64, i64), nil, storageAppend},
	{"ext_storage_root_version_1", nil, results(i64), storageRoot1},
	{"ext_storage_root_version_2", params(i32), results(i64), storageRoot2},
	{"ext_storage_changes_root_version_1", params(i64), results(i64), storageChangesRoot},
	{"ext_storage_next_key_version_1", params(i64), results(i64), storageNextKey},
	{"ext_storage_start_transaction_version_1", nil, nil, storageStartTransaction},
	{"ext_storage_rollback_transaction_version_1", nil, nil, storageRollbackTransaction},
	{"ext_storage_commit_transaction_version_1", nil, nil, storageCommitTransaction},
	{"ext_storage_proof_size_storage_proof_size_version_1", nil, results(i64), storageProofSize},
}

// storageSet implements ext_storage_set_version_1: key, value → nothing. Both are spans.
func storageSet(c *call, stack []uint64) {
	key, value := c.bytes(stack[0], 0), c.bytes(stack[1], 1)
	c.checkState(c.storage().Set(nil, key, nonNil(value)))
}

// storageGet implements ext_storage_get_version_1: key → SCALE Option<Vec<u8>>.
//
//	key: span
//	result: None where the key is absent; Some, maybe empty, where it is present
func storageGet(c *call, stack []uint64) {
	value, ok, err := c.storage().Get(nil, c.bytes(stack[0], 0))
	c.checkState(err)
	stack[0] = c.allocOption(value, ok)
}

// storageRead implements ext_storage_read_version_1: key, buffer, offset → SCALE Option<u32>.
//
//	key: span
//	buffer: span that is written: the value from offset on, as much of it as fits
//	offset: i32; past the end of the value it counts as the end
//	result: None where the key is absent; else the length of the value from offset on, whatever fitted
func storageRead(c *call, stack []uint64) {
	key, buffer := c.bytes(stack[0], 0), c.bytes(stack[1], 1)
	value, ok, err := c.storage().Get(nil, key)
	c.checkState(err)
	stack[0] = c.allocOptionU32(readInto(buffer, value, uint32(stack[2])), ok)
}

// readInto copies what fits of value from offset on to buffer, and returns the length of value from offset on.
func readInto(buffer, value []byte, offset uint32) uint32 {
	value = value[min(uint64(offset), uint64(len(value))):]
	copy(buffer, value)
	return uint32(len(value))
}

// storageClear implements ext_storage_clear_version_1: key → nothing. An absent key is no error.
func storageClear(c *call, stack []uint64) {
	c.checkState(c.storage().Delete(nil, c.bytes(stack[0], 0)))
}

// storageExists implements ext_storage_exists_version_1: key → boolean.
func storageExists(c *call, stack []uint64) {
	ok, err := c.storage().Has(nil, c.bytes(stack[0], 0))
	c.checkState(err)
	stack[0] = boolean(ok)
}

// storageClearPrefix1 implements ext_storage_clear_prefix_version_1: prefix → nothing. All keys with the prefix go.
func storageClearPrefix1(c *call, stack []uint64) {
	_, err := c.storage().ClearPrefix(nil, c.bytes(stack[0], 0), nil, nil)
	c.checkState(err)
}

// storageClearPrefix2 implements ext_storage_clear_prefix_version_2: prefix, limit → SCALE KillStorageResult.
//
//	prefix: span
//	limit: SCALE Option<u32>, the most keys of the parent state to delete; None for all
//	result: enum, 0 all removed or 1 some remain, with u32 keys of the parent state that were looked at
//	traps: limit is no such value
func storageClearPrefix2(c *call, stack []uint64) {
	prefix, limit := c.bytes(stack[0], 0), decode(c, stack[1], 1, optionU32)
	cleared, err := c.storage().ClearPrefix(nil, prefix, limit, nil)
	c.checkState(err)
	stack[0] = c.allocKilled(cleared)
}

// storageClearPrefix3 implements ext_storage_clear_prefix_version_3: prefix, limit, cursor → SCALE MultiRemovalResults.
//
//	prefix, limit: as in version 2
//	cursor: SCALE Option<Vec<u8>>, what the last call for this prefix returned
//	result: Option<Vec<u8>> cursor where keys remain; u32 deleted from the parent state; u32 deleted in all; u32 looked at
//	traps: limit or cursor are no such values
func storageClearPrefix3(c *call, stack []uint64) {
	prefix := c.bytes(stack[0], 0)
	limit, cursor := decode(c, stack[1], 1, optionU32), decode(c, stack[2], 2, optionView)
	cleared, err := c.storage().ClearPrefix(nil, prefix, limit, cursor)
	c.checkState(err)
	stack[0] = c.allocRemoved(cleared)
}

// allocKilled returns the span of a fresh SCALE KillStorageResult.
func (c *call) allocKilled(cleared storage.Cleared) uint64 {
	var buf [5]byte
	return c.alloc(scale.AppendU32(scale.AppendBool(buf[:0], cleared.Next != nil), cleared.Loops))
}

// allocRemoved returns the span of a fresh SCALE MultiRemovalResults.
func (c *call) allocRemoved(cleared storage.Cleared) uint64 {
	var out []byte
	if cleared.Next == nil {
		out = append(out, 0)
	} else {
		out = scale.AppendBytes(append(out, 1), cleared.Next)
	}
	for _, n := range []uint32{cleared.Backend, cleared.Unique, cleared.Loops} {
		out = scale.AppendU32(out, n)
	}
	return c.alloc(out)
}

// storageAppend implements ext_storage_append_version_1: key, item → nothing.
//
//	key: span
//	item: span of one SCALE item; it goes to the end of the SCALE sequence at key, and a value that is no sequence is replaced
func storageAppend(c *call, stack []uint64) {
	key, item := c.bytes(stack[0], 0), c.bytes(stack[1], 1)
	c.checkState(c.storage().Append(key, item))
}

// storageRoot1 implements ext_storage_root_version_1: nothing → span of the 32-byte root under state version 0.
func storageRoot1(c *call, stack []uint64) {
	root, err := c.storage().Root(trie.V0)
	c.checkState(err)
	stack[0] = c.alloc(root[:])
}

// storageRoot2 implements ext_storage_root_version_2: state version → span of the 32-byte root.
//
//	version: i32, 0 or 1
//	traps: another version
func storageRoot2(c *call, stack []uint64) {
	root, err := c.storage().Root(c.stateVersion(stack[0], 0))
	c.checkState(err)
	stack[0] = c.alloc(root[:])
}

// stateVersion reads a state version, which is an u8 of the guest.
func (c *call) stateVersion(arg uint64, param int) trie.Version {
	version := trie.Version(uint8(arg))
	if version != trie.V0 && version != trie.V1 {
		c.trapParam(param, fmt.Errorf("%w: state version %d, expected 0 or 1", ErrArgument, version))
	}
	return version
}

// storageChangesRoot implements ext_storage_changes_root_version_1: parent hash → SCALE Option<Vec<u8>>, always None.
// Changes tries were removed from Substrate; old runtimes still ask.
func storageChangesRoot(c *call, stack []uint64) {
	c.bytes(stack[0], 0)
	stack[0] = c.allocOption(nil, false)
}

// storageNextKey implements ext_storage_next_key_version_1: key → SCALE Option<Vec<u8>>.
//
//	key: span; it need not exist
//	result: the least key greater than it, in byte order
func storageNextKey(c *call, stack []uint64) {
	key, ok, err := c.storage().NextKey(nil, c.bytes(stack[0], 0))
	c.checkState(err)
	stack[0] = c.allocOption(key, ok)
}

// storageStartTransaction implements ext_storage_start_transaction_version_1. Transactions nest.
func storageStartTransaction(c *call, _ []uint64) { c.checkState(c.storage().Begin()) }

// storageRollbackTransaction implements ext_storage_rollback_transaction_version_1: the innermost transaction is undone,
// its writes to child tries and to the offchain index included.
//
//	traps: the guest has no transaction open
func storageRollbackTransaction(c *call, _ []uint64) { c.checkState(c.storage().Rollback()) }

// storageCommitTransaction implements ext_storage_commit_transaction_version_1: the innermost transaction becomes part of the one
// around it.
//
//	traps: the guest has no transaction open
func storageCommitTransaction(c *call, _ []uint64) { c.checkState(c.storage().Commit()) }

// storageProofSize implements ext_storage_proof_size_storage_proof_size_version_1: nothing → i64 bytes of the proof recorded so far,
// or 2^64-1 where nothing records.
func storageProofSize(c *call, stack []uint64) {
	stack[0] = math.MaxUint64
	if c.env.ProofSize != nil {
		stack[0] = c.env.ProofSize()
	}
}
