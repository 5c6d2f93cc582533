package wasmhost

import "github.com/gotensor/gotensor/storage/trie"

// Chapter "Child storage": default child tries. The first parameter of every function is a span that names the child trie by its
// storage key, without the prefix ":child_storage:default:". The rest and the traps are as in chapter "Storage".

var childStorageFuncs = []hostFunc{
	{"ext_default_child_storage_set_version_1", params(i64, i64, i64), nil, childSet},
	{"ext_default_child_storage_get_version_1", params(i64, i64), results(i64), childGet},
	{"ext_default_child_storage_read_version_1", params(i64, i64, i64, i32), results(i64), childRead},
	{"ext_default_child_storage_clear_version_1", params(i64, i64), nil, childClear},
	{"ext_default_child_storage_storage_kill_version_1", params(i64), nil, childKill1},
	{"ext_default_child_storage_storage_kill_version_2", params(i64, i64), results(i32), childKill2},
	{"ext_default_child_storage_storage_kill_version_3", params(i64, i64), results(i64), childKill3},
	{"ext_default_child_storage_storage_kill_version_4", params(i64, i64, i64), results(i64), childKill4},
	{"ext_default_child_storage_exists_version_1", params(i64, i64), results(i32), childExists},
	{"ext_default_child_storage_clear_prefix_version_1", params(i64, i64), nil, childClearPrefix1},
	{"ext_default_child_storage_clear_prefix_version_2", params(i64, i64, i64), results(i64), childClearPrefix2},
	{"ext_default_child_storage_clear_prefix_version_3", params(i64, i64, i64, i64), results(i64), childClearPrefix3},
	{"ext_default_child_storage_root_version_1", params(i64), results(i64), childRoot1},
	{"ext_default_child_storage_root_version_2", params(i64, i32), results(i64), childRoot2},
	{"ext_default_child_storage_next_key_version_1", params(i64, i64), results(i64), childNextKey},
}

// child returns the storage key of a child trie. It is not nil: the child trie of the empty key is not the top trie.
func (c *call) child(span uint64) []byte { return nonNil(c.bytes(span, 0)) }

// childSet implements ext_default_child_storage_set_version_1: child, key, value → nothing.
func childSet(c *call, stack []uint64) {
	child, key, value := c.child(stack[0]), c.bytes(stack[1], 1), c.bytes(stack[2], 2)
	c.checkState(c.storage().Set(child, key, nonNil(value)))
}

// childGet implements ext_default_child_storage_get_version_1: child, key → SCALE Option<Vec<u8>>.
func childGet(c *call, stack []uint64) {
	child, key := c.child(stack[0]), c.bytes(stack[1], 1)
	value, ok, err := c.storage().Get(child, key)
	c.checkState(err)
	stack[0] = c.allocOption(value, ok)
}

// childRead implements ext_default_child_storage_read_version_1: child, key, buffer, offset → SCALE Option<u32>. See storageRead.
func childRead(c *call, stack []uint64) {
	child, key, buffer := c.child(stack[0]), c.bytes(stack[1], 1), c.bytes(stack[2], 2)
	value, ok, err := c.storage().Get(child, key)
	c.checkState(err)
	stack[0] = c.allocOptionU32(readInto(buffer, value, uint32(stack[3])), ok)
}

// childClear implements ext_default_child_storage_clear_version_1: child, key → nothing.
func childClear(c *call, stack []uint64) {
	child, key := c.child(stack[0]), c.bytes(stack[1], 1)
	c.checkState(c.storage().Delete(child, key))
}

// childKill1 implements ext_default_child_storage_storage_kill_version_1: child → nothing. The whole child trie goes.
func childKill1(c *call, stack []uint64) {
	_, err := c.storage().KillChild(c.child(stack[0]), nil, nil)
	c.checkState(err)
}

// childKill2 implements ext_default_child_storage_storage_kill_version_2: child, limit → boolean.
//
//	limit: SCALE Option<u32>
//	result: whether all keys are gone
func childKill2(c *call, stack []uint64) {
	child, limit := c.child(stack[0]), decode(c, stack[1], 1, optionU32)
	cleared, err := c.storage().KillChild(child, limit, nil)
	c.checkState(err)
	stack[0] = boolean(cleared.Next == nil)
}

// childKill3 implements ext_default_child_storage_storage_kill_version_3: child, limit → SCALE KillStorageResult.
// See storageClearPrefix2.
func childKill3(c *call, stack []uint64) {
	child, limit := c.child(stack[0]), decode(c, stack[1], 1, optionU32)
	cleared, err := c.storage().KillChild(child, limit, nil)
	c.checkState(err)
	stack[0] = c.allocKilled(cleared)
}

// childKill4 implements ext_default_child_storage_storage_kill_version_4: child, limit, cursor → SCALE MultiRemovalResults.
// See storageClearPrefix3.
func childKill4(c *call, stack []uint64) {
	child := c.child(stack[0])
	limit, cursor := decode(c, stack[1], 1, optionU32), decode(c, stack[2], 2, optionView)
	cleared, err := c.storage().KillChild(child, limit, cursor)
	c.checkState(err)
	stack[0] = c.allocRemoved(cleared)
}

// childExists implements ext_default_child_storage_exists_version_1: child, key → boolean.
func childExists(c *call, stack []uint64) {
	child, key := c.child(stack[0]), c.bytes(stack[1], 1)
	ok, err := c.storage().Has(child, key)
	c.checkState(err)
	stack[0] = boolean(ok)
}

// childClearPrefix1 implements ext_default_child_storage_clear_prefix_version_1: child, prefix → nothing.
func childClearPrefix1(c *call, stack []uint64) {
	child, prefix := c.child(stack[0]), c.bytes(stack[1], 1)
	_, err := c.storage().ClearPrefix(child, prefix, nil, nil)
	c.checkState(err)
}

// childClearPrefix2 implements ext_default_child_storage_clear_prefix_version_2: child, prefix, limit → SCALE KillStorageResult.
// See storageClearPrefix2.
func childClearPrefix2(c *call, stack []uint64) {
	child, prefix, limit := c.child(stack[0]), c.bytes(stack[1], 1), decode(c, stack[2], 2, optionU32)
	cleared, err := c.storage().ClearPrefix(child, prefix, limit, nil)
	c.checkState(err)
	stack[0] = c.allocKilled(cleared)
}

// childClearPrefix3 implements ext_default_child_storage_clear_prefix_version_3: child, prefix, limit, cursor → SCALE
// MultiRemovalResults. See storageClearPrefix3.
func childClearPrefix3(c *call, stack []uint64) {
	child, prefix := c.child(stack[0]), c.bytes(stack[1], 1)
	limit, cursor := decode(c, stack[2], 2, optionU32), decode(c, stack[3], 3, optionView)
	cleared, err := c.storage().ClearPrefix(child, prefix, limit, cursor)
	c.checkState(err)
	stack[0] = c.allocRemoved(cleared)
}

// childRoot1 implements ext_default_child_storage_root_version_1: child → span of the 32-byte root under state version 0.
func childRoot1(c *call, stack []uint64) {
	root, err := c.storage().ChildRoot(c.child(stack[0]), trie.V0)
	c.checkState(err)
	stack[0] = c.alloc(root[:])
}

// childRoot2 implements ext_default_child_storage_root_version_2: child, state version → span of the 32-byte root.
//
//	version: i32, 0 or 1
//	traps: another version
func childRoot2(c *call, stack []uint64) {
	child, version := c.child(stack[0]), c.stateVersion(stack[1], 1)
	root, err := c.storage().ChildRoot(child, version)
	c.checkState(err)
	stack[0] = c.alloc(root[:])
}

// childNextKey implements ext_default_child_storage_next_key_version_1: child, key → SCALE Option<Vec<u8>>. See storageNextKey.
func childNextKey(c *call, stack []uint64) {
	child, key := c.child(stack[0]), c.bytes(stack[1], 1)
	next, ok, err := c.storage().NextKey(child, key)
	c.checkState(err)
	stack[0] = c.allocOption(next, ok)
}
