// Package tinyruntime makes a runtime of about a kilobyte, byte by byte, so that tests can run a real host without a real runtime.
//
// It is what a chain's code is to a host, and no more: a module that exports its memory, __heap_base and functions of runtime
// APIs, imports host functions, and tells its version in custom sections as well as by call. Functions:
//
//	Core_version        → [Version]
//	Metadata_metadata   → [Metadata], behind its length
//	Tiny_echo(x)        → x
//	Tiny_get(key)       → Option<Vec<u8>>: the value at key of the state
//	Tiny_put(key)       → nothing; writes key as the value at key
//	Tiny_count(n)       → nothing; asks for the log level n times (u32): what a host call costs
//	Tiny_panic          traps
//	Tiny_spin           never returns
//
// It is for tests and benchmarks: nothing of the chain depends on it. Changing it changes the genesis of node/chainspec/testdata/tiny.json.
package tinyruntime

import (
	"encoding/binary"

	"github.com/gotensor/gotensor/primitives/chain"
	"github.com/gotensor/gotensor/primitives/metadata"
	"github.com/gotensor/gotensor/primitives/scale"
)

// Version is the runtime's version. System version 1 asks for state version 1.
func Version() chain.RuntimeVersion {
	return chain.RuntimeVersion{
		SpecName: "tiny", ImplName: "gotensor-tiny",
		AuthoringVersion: 1, SpecVersion: 7, ImplVersion: 2, TransactionVersion: 3, SystemVersion: 1,
		APIs: []chain.API{
			{ID: chain.APIIDOf("Core"), Version: 5},
			{ID: chain.APIIDOf("Metadata"), Version: 2},
			{ID: chain.APIIDOf("Tiny"), Version: 1},
		},
	}
}

// Metadata describes the runtime: one pallet with two calls, a storage value and a storage map.
func Metadata() *metadata.Metadata {
	calls, account := metadata.TypeID(2), metadata.TypeID(1)
	return &metadata.Metadata{
		Version: 14,
		Types: []metadata.Type{
			{Def: metadata.Def{Kind: metadata.Primitive, Primitive: 6}}, // u64
			{ID: 1, Path: []string{"AccountId32"}, Def: metadata.Def{Kind: metadata.Array, Len: 32, Elem: 3}},
			{ID: 2, Path: []string{"tiny", "Call"}, Def: metadata.Def{Kind: metadata.Variants, Variants: []metadata.Variant{
				{Name: "put", Index: 0, Fields: []metadata.Field{{Type: 1}}},
				{Name: "drop", Index: 1},
			}}},
			{ID: 3, Def: metadata.Def{Kind: metadata.Primitive, Primitive: 3}}, // u8
		},
		Pallets: []metadata.Pallet{{
			Name: "Tiny", Index: 5, Calls: &calls,
			Storage: &metadata.Storage{Prefix: "Tiny", Entries: []metadata.StorageEntry{
				{Name: "Sum", Modifier: metadata.Default, Value: 0, Default: make([]byte, 8)},
				{Name: "Owner", Modifier: metadata.Optional, Hashers: []metadata.Hasher{metadata.Blake2_128Concat}, Key: &account, Value: 1, Default: []byte{}},
			}},
		}},
		Extrinsic: metadata.Extrinsic{Version: 4, Type: 2},
		Runtime:   2,
	}
}

// Module returns the WebAssembly module.
func Module() []byte {
	const (
		i32, i64 = 0x7f, 0x7e
		// The guest's constants lie from dataAt to heapBase; the host's heap begins at heapBase.
		dataAt   = 1024
		heapBase = 16384
	)
	version := scale.Marshal(Version())
	meta := scale.AppendBytes(nil, Metadata().Encode())
	data := append(append([]byte(nil), version...), meta...)
	span := func(at, n int) uint64 { return uint64(n)<<32 | uint64(at) }

	// Parameters of a runtime call are local 0, the pointer, and local 1, the length: their span is local 1 << 32 | local 0.
	args := []byte{0x20, 1, 0xad, 0x42, 32, 0x86, 0x20, 0, 0xad, 0x84}
	answer := func(s uint64) []byte { return append([]byte{0x42}, sleb(int64(s))...) }
	empty := answer(span(dataAt, 0))
	exports := []struct {
		name string
		body []byte
	}{
		{"Core_version", answer(span(dataAt, len(version)))},
		{"Metadata_metadata", answer(span(dataAt+len(version), len(meta)))},
		{"Tiny_echo", args},
		{"Tiny_get", append(args[:len(args):len(args)], 0x10, 0)},
		{"Tiny_put", append(append(append(args[:len(args):len(args)], args...), 0x10, 1), empty...)},
		// The counter is loaded from the arguments into local 0, and the loop ends when it reaches 0.
		{"Tiny_count", append([]byte{
			0x20, 0, 0x28, 2, 0, 0x21, 0, // local 0 = load(local 0)
			0x02, 0x40, 0x03, 0x40, // block loop
			0x20, 0, 0x45, 0x0d, 1, // out where it is 0
			0x10, 2, 0x1a, // call, drop
			0x20, 0, 0x41, 1, 0x6b, 0x21, 0, // local 0 -= 1
			0x0c, 0, 0x0b, 0x0b,
		}, empty...)},
		{"Tiny_panic", []byte{0x00}},
		{"Tiny_spin", append([]byte{0x03, 0x40, 0x0c, 0, 0x0b}, empty...)},
	}

	b := []byte("\x00asm\x01\x00\x00\x00")
	b = section(b, 1, list( // types: runtime call, get, set, log level
		[]byte{0x60, 2, i32, i32, 1, i64},
		[]byte{0x60, 1, i64, 1, i64},
		[]byte{0x60, 2, i64, i64, 0},
		[]byte{0x60, 0, 1, i32},
	))
	b = section(b, 2, list(
		append(append(name("env"), name("ext_storage_get_version_1")...), 0, 1),
		append(append(name("env"), name("ext_storage_set_version_1")...), 0, 2),
		append(append(name("env"), name("ext_logging_max_level_version_1")...), 0, 3),
	))
	var functions, codes [][]byte
	names := [][]byte{append(name("memory"), 2, 0), append(name("__heap_base"), 3, 0)}
	for i, e := range exports {
		functions = append(functions, []byte{0})
		body := append(append([]byte{0}, e.body...), 0x0b) // no locals
		codes = append(codes, append(uleb(len(body)), body...))
		names = append(names, append(name(e.name), 0, byte(3+i)))
	}
	b = section(b, 3, list(functions...))
	b = section(b, 5, list([]byte{0, 1})) // one page at least, no maximum
	b = section(b, 6, list(append(append([]byte{i32, 0, 0x41}, sleb(heapBase)...), 0x0b)))
	b = section(b, 7, list(names...))
	b = section(b, 10, list(codes...))
	segment := append(append([]byte{0, 0x41}, sleb(dataAt)...), 0x0b)
	b = section(b, 11, list(append(append(segment, uleb(len(data))...), data...)))

	version, apis := Version().EmbeddedSections()
	b = section(b, 0, append(name("runtime_version"), version...))
	return section(b, 0, append(name("runtime_apis"), apis...))
}

func section(b []byte, id byte, content []byte) []byte {
	b = append(append(b, id), uleb(len(content))...)
	return append(b, content...)
}

// list is a vector: the number of items, and the items.
func list(items ...[]byte) []byte {
	b := uleb(len(items))
	for _, item := range items {
		b = append(b, item...)
	}
	return b
}

func name(s string) []byte { return append(uleb(len(s)), s...) }

func uleb(n int) []byte { return binary.AppendUvarint(nil, uint64(n)) }

// sleb is the signed form of LEB128.
func sleb(v int64) []byte {
	var b []byte
	for {
		low := byte(v & 0x7f)
		v >>= 7
		if v == 0 && low&0x40 == 0 || v == -1 && low&0x40 != 0 {
			return append(b, low)
		}
		b = append(b, low|0x80)
	}
}
