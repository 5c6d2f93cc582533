package wasmhost

import (
	"encoding/binary"

	"github.com/gotensor/gotensor/primitives/scale"
)

// Benchmarking: what runtimes built with runtime-benchmarks import to measure their own dispatch weights. It is no chapter of the
// specification; the source is paritytech/polkadot-sdk substrate/frame/benchmarking/src/utils.rs. Every function traps with ErrForbidden where
// the environment is not one for benchmarks: they are never part of a block.

var benchmarkingFuncs = []hostFunc{
	{"ext_benchmarking_current_time_version_1", nil, results(i32), benchmarkingCurrentTime},
	{"ext_benchmarking_wipe_db_version_1", nil, nil, benchmarkingWipe},
	{"ext_benchmarking_commit_db_version_1", nil, nil, benchmarkingCommit},
	{"ext_benchmarking_read_write_count_version_1", nil, results(i64), benchmarkingCount},
	{"ext_benchmarking_reset_read_write_count_version_1", nil, nil, benchmarkingResetCount},
	{"ext_benchmarking_get_whitelist_version_1", nil, results(i64), benchmarkingGetWhitelist},
	{"ext_benchmarking_set_whitelist_version_1", params(i64), nil, benchmarkingSetWhitelist},
	{"ext_benchmarking_add_to_whitelist_version_1", params(i64), nil, benchmarkingAddToWhitelist},
	{"ext_benchmarking_remove_from_whitelist_version_1", params(i64), nil, benchmarkingRemoveFromWhitelist},
	{"ext_benchmarking_get_read_and_written_keys_version_1", nil, results(i64), benchmarkingKeys},
	{"ext_benchmarking_proof_size_version_1", nil, results(i64), benchmarkingProofSize},
}

// tracker returns the counter of reads and writes. Traps where the environment is not one for benchmarks.
func (c *call) tracker() *Tracker {
	t, ok := c.env.Storage.(*Tracker)
	if !ok {
		c.trap(ErrForbidden)
	}
	return t
}

// benchmarkingCurrentTime implements ext_benchmarking_current_time_version_1: nothing → pointer to an u128 of nanoseconds since 1970.
func benchmarkingCurrentTime(c *call, stack []uint64) {
	var now [16]byte
	binary.LittleEndian.PutUint64(now[:], uint64(c.tracker().Now().UnixNano()))
	stack[0] = c.allocPointer(now[:])
}

// benchmarkingWipe implements ext_benchmarking_wipe_db_version_1: the state is again what it was before anything was written.
func benchmarkingWipe(c *call, _ []uint64) { c.check(c.tracker().Wipe()) }

// benchmarkingCommit implements ext_benchmarking_commit_db_version_1: what was written becomes the state that reads are counted on.
func benchmarkingCommit(c *call, _ []uint64) { c.check(c.tracker().Persist()) }

// benchmarkingCount implements ext_benchmarking_read_write_count_version_1: nothing → SCALE (u32, u32, u32, u32): keys read,
// reads of keys read before, keys written, writes of keys written before.
func benchmarkingCount(c *call, stack []uint64) {
	var out []byte
	for _, n := range c.tracker().counts() {
		out = scale.AppendU32(out, n)
	}
	stack[0] = c.alloc(out)
}

// benchmarkingResetCount implements ext_benchmarking_reset_read_write_count_version_1. The whitelist stays.
func benchmarkingResetCount(c *call, _ []uint64) { c.tracker().reset() }

// benchmarkingGetWhitelist implements ext_benchmarking_get_whitelist_version_1: nothing → SCALE Vec<TrackedStorageKey>.
func benchmarkingGetWhitelist(c *call, stack []uint64) {
	stack[0] = c.alloc(scale.AppendSeq(nil, c.tracker().whitelist, appendTrackedKey))
}

// benchmarkingSetWhitelist implements ext_benchmarking_set_whitelist_version_1: SCALE Vec<TrackedStorageKey> → nothing. Access to these
// keys does not count.
//
//	traps: the argument is no such value
func benchmarkingSetWhitelist(c *call, stack []uint64) {
	t := c.tracker()
	t.setWhitelist(decode(c, stack[0], 0, func(d *scale.Decoder) []trackedKey { return scale.DecodeSeq(d, decodeTrackedKey) }))
}

// benchmarkingAddToWhitelist implements ext_benchmarking_add_to_whitelist_version_1: SCALE TrackedStorageKey → nothing. Where the key is on
// the list, the counts add up.
//
//	traps: the argument is no such value
func benchmarkingAddToWhitelist(c *call, stack []uint64) {
	t := c.tracker()
	t.addToWhitelist(decode(c, stack[0], 0, decodeTrackedKey))
}

// benchmarkingRemoveFromWhitelist implements ext_benchmarking_remove_from_whitelist_version_1: span of a key → nothing.
func benchmarkingRemoveFromWhitelist(c *call, stack []uint64) {
	t := c.tracker()
	t.removeFromWhitelist(c.bytes(stack[0], 0))
}

// benchmarkingKeys implements ext_benchmarking_get_read_and_written_keys_version_1: nothing → SCALE Vec<(Vec<u8>, u32, u32, bool)>: for each
// group of keys its common prefix, reads, writes, and whether it is on the whitelist.
func benchmarkingKeys(c *call, stack []uint64) {
	stack[0] = c.alloc(scale.AppendSeq(nil, c.tracker().keys(), func(dst []byte, k trackedKey) []byte {
		dst = scale.AppendBytes(dst, k.key)
		dst = scale.AppendU32(scale.AppendU32(dst, k.reads), k.writes)
		return scale.AppendBool(dst, k.whitelisted)
	}))
}

// benchmarkingProofSize implements ext_benchmarking_proof_size_version_1: nothing → SCALE Option<u32> bytes of the proof recorded so far.
func benchmarkingProofSize(c *call, stack []uint64) {
	c.tracker()
	if c.env.ProofSize == nil {
		stack[0] = c.allocOptionU32(0, false)
		return
	}
	stack[0] = c.allocOptionU32(uint32(min(c.env.ProofSize(), 1<<32-1)), true)
}
