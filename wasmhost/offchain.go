package wasmhost

import (
	"fmt"

	"github.com/gotensor/gotensor/primitives/scale"
)

// Chapter "Offchain". The functions of the first table need one of three capabilities, as Substrate has an extension for each: the transaction pool
// (ext_offchain_submit_transaction), the local storage (ext_offchain_local_storage_*), or, all others, the offchain worker's world. They trap with
// ErrForbidden where the context lacks it. The second table, the offchain index, is part of the state's changes and needs a state.

var offchainFuncs = []hostFunc{
	{"ext_offchain_is_validator_version_1", nil, results(i32), offchainIsValidator},
	{"ext_offchain_submit_transaction_version_1", params(i64), results(i64), offchainSubmitTransaction},
	{"ext_offchain_network_state_version_1", nil, results(i64), offchainNetworkState},
	{"ext_offchain_timestamp_version_1", nil, results(i64), offchainTimestamp},
	{"ext_offchain_sleep_until_version_1", params(i64), nil, offchainSleepUntil},
	{"ext_offchain_random_seed_version_1", nil, results(i32), offchainRandomSeed},
	{"ext_offchain_local_storage_set_version_1", params(i32, i64, i64), nil, offchainLocalSet},
	{"ext_offchain_local_storage_clear_version_1", params(i32, i64), nil, offchainLocalClear},
	{"ext_offchain_local_storage_compare_and_set_version_1", params(i32, i64, i64, i64), results(i32), offchainLocalCompareAndSet},
	{"ext_offchain_local_storage_get_version_1", params(i32, i64), results(i64), offchainLocalGet},
	{"ext_offchain_http_request_start_version_1", params(i64, i64, i64), results(i64), offchainHTTPStart},
	{"ext_offchain_http_request_add_header_version_1", params(i32, i64, i64), results(i64), offchainHTTPAddHeader},
	{"ext_offchain_http_request_write_body_version_1", params(i32, i64, i64), results(i64), offchainHTTPWriteBody},
	{"ext_offchain_http_response_wait_version_1", params(i64, i64), results(i64), offchainHTTPWait},
	{"ext_offchain_http_response_headers_version_1", params(i32), results(i64), offchainHTTPHeaders},
	{"ext_offchain_http_response_read_body_version_1", params(i32, i64, i64), results(i64), offchainHTTPReadBody},
}

var offchainIndexFuncs = []hostFunc{
	{"ext_offchain_index_set_version_1", params(i64, i64), nil, offchainIndexSet},
	{"ext_offchain_index_clear_version_1", params(i64), nil, offchainIndexClear},
}

// offchain returns what an offchain worker may do. Traps in any other context.
func (c *call) offchain() Offchain {
	if c.env.Offchain == nil {
		c.trap(ErrForbidden)
	}
	return c.env.Offchain
}

// offchainDB returns the local storage. Traps in a context without one.
func (c *call) offchainDB() OffchainDB {
	if c.env.OffchainDB == nil {
		c.trap(ErrForbidden)
	}
	return c.env.OffchainDB
}

// http returns the HTTP client of the offchain worker. Traps where it has none.
func (c *call) http() OffchainHTTP {
	client := c.offchain().HTTP()
	if client == nil {
		c.trap(ErrForbidden)
	}
	return client
}

// emptyResult is a SCALE Result<(), ()>.
func (c *call) emptyResult(ok bool) uint64 {
	if ok {
		return c.alloc([]byte{0})
	}
	return c.alloc([]byte{1})
}

// offchainIsValidator implements ext_offchain_is_validator_version_1: nothing → boolean, whether the node may author blocks.
func offchainIsValidator(c *call, stack []uint64) { stack[0] = boolean(c.offchain().IsValidator()) }

// offchainSubmitTransaction implements ext_offchain_submit_transaction_version_1: extrinsic → SCALE Result<(), ()>.
//
//	extrinsic: span of the encoded extrinsic
//	result: whether the transaction pool took it
func offchainSubmitTransaction(c *call, stack []uint64) {
	extrinsic := c.bytes(stack[0], 0)
	if c.env.TransactionPool == nil {
		c.trap(ErrForbidden)
	}
	stack[0] = c.emptyResult(c.env.TransactionPool.SubmitTransaction(extrinsic))
}

// offchainNetworkState implements ext_offchain_network_state_version_1: nothing → SCALE Result<OpaqueNetworkState, ()>.
//
//	result: Vec<u8> peer id, Vec<Vec<u8>> external addresses
func offchainNetworkState(c *call, stack []uint64) {
	peer, addresses, ok := c.offchain().NetworkState()
	if !ok {
		stack[0] = c.emptyResult(false)
		return
	}
	stack[0] = c.alloc(scale.AppendSeq(scale.AppendBytes([]byte{0}, peer), addresses, scale.AppendBytes))
}

// offchainTimestamp implements ext_offchain_timestamp_version_1: nothing → i64 milliseconds since 1970.
func offchainTimestamp(c *call, stack []uint64) { stack[0] = c.offchain().Timestamp() }

// offchainSleepUntil implements ext_offchain_sleep_until_version_1: deadline → nothing.
//
//	deadline: i64 milliseconds since 1970
func offchainSleepUntil(c *call, stack []uint64) {
	c.offchain().SleepUntil(c.ctx, stack[0])
	c.waited()
}

// waited ends the call where its time ran out while a function of the environment waited.
func (c *call) waited() {
	if err := c.ctx.Err(); err != nil {
		c.trap(fmt.Errorf("%w: %w", ErrDeadline, err))
	}
}

// offchainRandomSeed implements ext_offchain_random_seed_version_1: nothing → pointer to 32 random bytes.
func offchainRandomSeed(c *call, stack []uint64) {
	seed := c.offchain().RandomSeed()
	stack[0] = c.allocPointer(seed[:])
}

// storageKind reads the kind of local storage. Traps where there is no such kind.
func (c *call) storageKind(arg uint64, param int) uint32 {
	kind := uint32(arg)
	if kind != 1 && kind != 2 {
		c.trapParam(param, fmt.Errorf("%w: kind of local storage %d, expected 1 or 2", ErrArgument, kind))
	}
	return kind
}

// offchainLocalSet implements ext_offchain_local_storage_set_version_1: kind, key, value → nothing.
//
//	kind: i32, 1 persistent or 2 local to the fork
//	traps: another kind
func offchainLocalSet(c *call, stack []uint64) {
	kind, key, value := c.storageKind(stack[0], 0), c.bytes(stack[1], 1), c.bytes(stack[2], 2)
	c.offchainDB().Set(kind, key, value)
}

// offchainLocalClear implements ext_offchain_local_storage_clear_version_1: kind, key → nothing. See offchainLocalSet.
func offchainLocalClear(c *call, stack []uint64) {
	kind, key := c.storageKind(stack[0], 0), c.bytes(stack[1], 1)
	c.offchainDB().Clear(kind, key)
}

// offchainLocalCompareAndSet implements ext_offchain_local_storage_compare_and_set_version_1: kind, key, old, new → boolean.
//
//	old: SCALE Option<Vec<u8>>; None expects that the key is absent
//	new: span
//	result: whether the present value was old and now is new
//	traps: another kind; old is no such value
func offchainLocalCompareAndSet(c *call, stack []uint64) {
	kind, key := c.storageKind(stack[0], 0), c.bytes(stack[1], 1)
	old, value := decode(c, stack[2], 2, optionView), c.bytes(stack[3], 3)
	stack[0] = boolean(c.offchainDB().CompareAndSet(kind, key, old, old != nil, value))
}

// offchainLocalGet implements ext_offchain_local_storage_get_version_1: kind, key → SCALE Option<Vec<u8>>. See offchainLocalSet.
func offchainLocalGet(c *call, stack []uint64) {
	kind, key := c.storageKind(stack[0], 0), c.bytes(stack[1], 1)
	value, ok := c.offchainDB().Get(kind, key)
	stack[0] = c.allocOption(value, ok)
}

// offchainHTTPStart implements ext_offchain_http_request_start_version_1: method, uri, meta → SCALE Result<u16, ()>.
//
//	method, uri: spans of UTF-8
//	meta: span, reserved; ignored
//	result: the id of the request
//	traps: method or uri are no UTF-8
func offchainHTTPStart(c *call, stack []uint64) {
	method, uri := c.text(stack[0], 0), c.text(stack[1], 1)
	c.bytes(stack[2], 2)
	id, ok := c.http().RequestStart(method, uri)
	if !ok {
		stack[0] = c.emptyResult(false)
		return
	}
	stack[0] = c.alloc(scale.AppendU16([]byte{0}, id))
}

// offchainHTTPAddHeader implements ext_offchain_http_request_add_header_version_1: id, name, value → SCALE Result<(), ()>.
//
//	id: i32, of which 16 bits count
//	name, value: spans of UTF-8
//	traps: name or value are no UTF-8
func offchainHTTPAddHeader(c *call, stack []uint64) {
	name, value := c.text(stack[1], 1), c.text(stack[2], 2)
	stack[0] = c.emptyResult(c.http().AddHeader(uint16(stack[0]), name, value))
}

// offchainHTTPWriteBody implements ext_offchain_http_request_write_body_version_1: id, chunk, deadline → SCALE Result<(), HttpError>.
//
//	chunk: span; an empty one ends the body
//	deadline: SCALE Option<u64>, milliseconds since 1970
//	result: HttpError 1 deadline reached, 2 I/O error, 3 unknown id
//	traps: deadline is no such value
func offchainHTTPWriteBody(c *call, stack []uint64) {
	chunk, deadline := c.bytes(stack[1], 1), decode(c, stack[2], 2, optionU64)
	failed := c.http().WriteBody(c.ctx, uint16(stack[0]), chunk, deadline)
	c.waited()
	if failed != HTTPOk {
		stack[0] = c.httpError(failed)
		return
	}
	stack[0] = c.emptyResult(true)
}

// httpError is the failed half of a SCALE Result<_, HttpError>. Substrate's enum has explicit discriminants from 1, which its codec
// takes for the variant indices; the specification counts from 0. Source: sp_core, offchain::HttpError.
func (c *call) httpError(failed HTTPError) uint64 { return c.alloc([]byte{1, byte(failed)}) }

// offchainHTTPWait implements ext_offchain_http_response_wait_version_1: ids, deadline → SCALE Vec<HttpRequestStatus>.
//
//	ids: SCALE Vec<u16>
//	deadline: SCALE Option<u64>, milliseconds since 1970
//	result: one for each id: enum 0 deadline reached, 1 I/O error, 2 unknown id, or 3 finished with the u16 HTTP status
//	traps: ids or deadline are no such values
func offchainHTTPWait(c *call, stack []uint64) {
	ids := decode(c, stack[0], 0, func(d *scale.Decoder) []uint16 { return scale.DecodeSeq(d, (*scale.Decoder).U16) })
	deadline := decode(c, stack[1], 1, optionU64)
	statuses := c.http().ResponseWait(c.ctx, ids, deadline)
	c.waited()
	stack[0] = c.alloc(scale.AppendSeq(nil, statuses, appendHTTPStatus))
}

// appendHTTPStatus appends a SCALE HttpRequestStatus for a status of OffchainHTTP.ResponseWait.
func appendHTTPStatus(dst []byte, status uint16) []byte {
	switch status {
	case 10:
		return append(dst, 0)
	case 20:
		return append(dst, 1)
	case 0:
		return append(dst, 2)
	}
	return scale.AppendU16(append(dst, 3), status)
}

// offchainHTTPHeaders implements ext_offchain_http_response_headers_version_1: id → SCALE Vec<(Vec<u8>, Vec<u8>)> of names and values.
func offchainHTTPHeaders(c *call, stack []uint64) {
	headers := c.http().ResponseHeaders(uint16(stack[0]))
	stack[0] = c.alloc(scale.AppendSeq(nil, headers, func(dst []byte, h [2][]byte) []byte {
		return scale.AppendBytes(scale.AppendBytes(dst, h[0]), h[1])
	}))
}

// offchainHTTPReadBody implements ext_offchain_http_response_read_body_version_1: id, buffer, deadline → SCALE Result<u32, HttpError>.
//
//	buffer: span that is written
//	deadline: SCALE Option<u64>, milliseconds since 1970
//	result: bytes written, 0 at the end of the body
//	traps: deadline is no such value
func offchainHTTPReadBody(c *call, stack []uint64) {
	buffer, deadline := c.bytes(stack[1], 1), decode(c, stack[2], 2, optionU64)
	n, failed := c.http().ReadBody(c.ctx, uint16(stack[0]), buffer, deadline)
	c.waited()
	if failed != HTTPOk {
		stack[0] = c.httpError(failed)
		return
	}
	stack[0] = c.alloc(scale.AppendU32([]byte{0}, uint32(n)))
}

// offchainIndexSet implements ext_offchain_index_set_version_1: key, value → nothing. Both are spans. The write is part of what the
// call changes: a rollback of the state around it takes it back, and the node gets it with the changes of the block (storage.Changes).
func offchainIndexSet(c *call, stack []uint64) {
	key, value := c.bytes(stack[0], 0), c.bytes(stack[1], 1)
	c.checkState(c.storage().IndexOffchain(key, value, true))
}

// offchainIndexClear implements ext_offchain_index_clear_version_1: key → nothing. See offchainIndexSet.
func offchainIndexClear(c *call, stack []uint64) {
	c.checkState(c.storage().IndexOffchain(c.bytes(stack[0], 0), nil, false))
}
