package wasmhost

import "github.com/gotensor/gotensor/primitives/hash"

// Chapter "Transaction index": which data of a block's extrinsics the node should keep and serve. Dropped where the environment keeps no
// index. Not undone by a storage rollback, as in Substrate.

var transactionIndexFuncs = []hostFunc{
	{"ext_transaction_index_index_version_1", params(i32, i32, i32), nil, transactionIndexIndex},
	{"ext_transaction_index_renew_version_1", params(i32, i32), nil, transactionIndexRenew},
}

// transactionIndexIndex implements ext_transaction_index_index_version_1: extrinsic, size, hash → nothing.
//
//	extrinsic: i32, its index in the block
//	size: i32, bytes of data at the end of the extrinsic
//	hash: pointer to the 32-byte hash of the data
func transactionIndexIndex(c *call, stack []uint64) {
	content := hash.H256(c.fixed(uint32(stack[2]), 32, 2))
	if c.env.TransactionIndex != nil {
		c.env.TransactionIndex.Index(uint32(stack[0]), uint32(stack[1]), content)
	}
}

// transactionIndexRenew implements ext_transaction_index_renew_version_1: extrinsic, hash → nothing. The data stays for another period.
func transactionIndexRenew(c *call, stack []uint64) {
	content := hash.H256(c.fixed(uint32(stack[1]), 32, 1))
	if c.env.TransactionIndex != nil {
		c.env.TransactionIndex.Renew(uint32(stack[0]), content)
	}
}
