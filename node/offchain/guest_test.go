package offchain

import (
	"encoding/binary"

	"github.com/gotensor/gotensor/internal/wasmbin"
	"github.com/gotensor/gotensor/primitives/chain"
	"github.com/gotensor/gotensor/primitives/scale"
)

// guest assembles a runtime whose blocks change nothing and whose offchain worker is what a test wants. Its memory: constants from 1,024 on, the host's heap above.
type guest struct {
	m       *wasmbin.Module
	data    []byte
	imports map[string]uint32
	body    []byte
}

const (
	guestData = 1024
	guestHeap = 32768
	i32, i64  = wasmbin.I32, wasmbin.I64
)

// Parameters of the worker are local 0, where its argument is, and local 1, its length. Local 2 is free.
const (
	opUnreachable = 0x00
	opDrop        = 0x1a
	opOr          = 0x84
	opAdd         = 0x7c
)

func newGuest() *guest {
	g := &guest{m: &wasmbin.Module{}, imports: make(map[string]uint32)}
	for _, f := range []struct {
		name   string
		params []wasmbin.ValueType
		result []wasmbin.ValueType
	}{
		{"ext_offchain_is_validator_version_1", nil, []wasmbin.ValueType{i32}},
		{"ext_offchain_submit_transaction_version_1", []wasmbin.ValueType{i64}, []wasmbin.ValueType{i64}},
		{"ext_offchain_network_state_version_1", nil, []wasmbin.ValueType{i64}},
		{"ext_offchain_timestamp_version_1", nil, []wasmbin.ValueType{i64}},
		{"ext_offchain_sleep_until_version_1", []wasmbin.ValueType{i64}, nil},
		{"ext_offchain_random_seed_version_1", nil, []wasmbin.ValueType{i32}},
		{"ext_offchain_local_storage_set_version_1", []wasmbin.ValueType{i32, i64, i64}, nil},
		{"ext_offchain_local_storage_compare_and_set_version_1", []wasmbin.ValueType{i32, i64, i64, i64}, []wasmbin.ValueType{i32}},
		{"ext_offchain_http_request_start_version_1", []wasmbin.ValueType{i64, i64, i64}, []wasmbin.ValueType{i64}},
		{"ext_offchain_http_request_add_header_version_1", []wasmbin.ValueType{i32, i64, i64}, []wasmbin.ValueType{i64}},
		{"ext_offchain_http_response_wait_version_1", []wasmbin.ValueType{i64, i64}, []wasmbin.ValueType{i64}},
		{"ext_offchain_http_response_read_body_version_1", []wasmbin.ValueType{i32, i64, i64}, []wasmbin.ValueType{i64}},
	} {
		g.imports[f.name] = uint32(len(g.m.Imports))
		g.m.Imports = append(g.m.Imports, wasmbin.Import{Module: "env", Name: f.name, Function: g.m.AddType(wasmbin.FuncType{Params: f.params, Results: f.result})})
	}
	return g
}

// op appends instructions to the worker.
func (g *guest) op(code ...byte) *guest {
	g.body = append(g.body, code...)
	return g
}

func (g *guest) i32(v int32) *guest {
	g.body = wasmbin.AppendS64(append(g.body, 0x41), int64(v))
	return g
}
func (g *guest) i64(v int64) *guest { g.body = wasmbin.AppendS64(append(g.body, 0x42), v); return g }

// span keeps bytes in the guest's memory and pushes where they are.
func (g *guest) span(b []byte) *guest { return g.i64(g.keep(b)) }
func (g *guest) text(s string) *guest { return g.span([]byte(s)) }

func (g *guest) keep(b []byte) int64 {
	at := guestData + len(g.data)
	g.data = append(g.data, b...)
	return int64(len(b))<<32 | int64(at)
}

// args pushes the span of the worker's argument.
func (g *guest) args() *guest { return g.op(0x20, 1, 0xad, 0x42, 32, 0x86, 0x20, 0, 0xad, opOr) }

func (g *guest) call(name string) *guest {
	f, ok := g.imports["ext_offchain_"+name+"_version_1"]
	if !ok {
		panic("BUG: no import " + name)
	}
	g.body = wasmbin.AppendU32(append(g.body, 0x10), f)
	return g
}

// module ends the worker and returns the runtime, which states that version of the API; 0 for none.
func (g *guest) module(version uint32) []byte {
	worker := g.op().i64(guestData).op(0x0b).body
	v := chain.RuntimeVersion{SpecName: "guest", ImplName: "guest", SpecVersion: 1, SystemVersion: 1, APIs: []chain.API{{ID: chain.APIIDOf("Core"), Version: 5}}}
	if version > 0 {
		v.APIs = append(v.APIs, chain.API{ID: chain.APIIDOf(api), Version: version})
	}
	meta, apis := v.EmbeddedSections()
	g.m.SetCustom("runtime_version", meta)
	g.m.SetCustom("runtime_apis", apis)
	g.m.Memories = []wasmbin.Limits{{Min: 1}}
	g.m.Globals = []wasmbin.Global{{Type: wasmbin.GlobalType{Type: i32}, Init: append(wasmbin.AppendS64([]byte{0x41}, guestHeap), 0x0b)}}
	g.m.Exports = []wasmbin.Export{{Name: "memory", Kind: wasmbin.KindMemory}, {Name: "__heap_base", Kind: wasmbin.KindGlobal}}
	call := g.m.AddType(wasmbin.FuncType{Params: []wasmbin.ValueType{i32, i32}, Results: []wasmbin.ValueType{i64}})
	add := func(name string, body []byte) {
		g.m.Exports = append(g.m.Exports, wasmbin.Export{Name: name, Index: uint32(len(g.m.Imports) + len(g.m.Functions))})
		g.m.Functions = append(g.m.Functions, call)
		g.m.Code = append(g.m.Code, wasmbin.Code{Locals: []wasmbin.Locals{{Count: 1, Type: i32}}, Body: body})
	}
	add("Core_execute_block", []byte{0x42, 0, 0x0b})
	add(api+"_offchain_worker", worker)
	g.m.Data = []wasmbin.Data{{Offset: append(wasmbin.AppendS64([]byte{0x41}, guestData), 0x0b), Bytes: g.data}}
	return g.m.Encode()
}

// none is Option::<u64>::None.
var none = []byte{0}

// errand is a worker that uses everything once. It notes its argument, whether it is the first to note "once", its random seed, the network's state, and what the server says; and
// it submits an extrinsic.
func errand(uri string) *guest {
	g := newGuest()
	set := func(key string) *guest { return g.i32(1).text(key) }
	set("argument").args().call("local_storage_set")
	g.i32(1).text("once").span(none).text("yes").call("local_storage_compare_and_set")
	g.op(0x21, 2) // local 2: whether it was set
	g.op(0x20, 2, 0x04, 0x40)
	set("first").args().call("local_storage_set")
	g.op(0x0b) // end if
	g.i32(2).text("fork").text("lost").call("local_storage_set")

	set("seed").call("random_seed").op(0xad).i64(32 << 32).op(opOr).call("local_storage_set")
	set("network").call("network_state").call("local_storage_set")
	validator := g.keep([]byte{0})
	g.i32(int32(validator)).call("is_validator").op(0x3a, 0, 0) // store the byte
	set("validator").i64(validator).call("local_storage_set")
	clock := g.keep(make([]byte, 16))
	g.i32(int32(clock)).call("timestamp").op(0x37, 3, 0)
	g.call("timestamp").i64(20).op(opAdd).call("sleep_until")
	g.i32(int32(clock)).call("timestamp").op(0x37, 3, 8)
	set("clock").i64(clock).call("local_storage_set")

	g.text("GET").text(uri).text("").call("http_request_start").op(0xa7, 0x2f, 0, 1, 0x21, 2) // local 2: the id, behind the Ok
	g.op(0x20, 2).text("asker").text("guest").call("http_request_add_header").op(opDrop)
	ids := g.keep([]byte{4, 0, 0})
	g.i32(int32(ids)).op(0x20, 2, 0x3b, 0, 1) // the id into the list of ids
	set("status").i64(ids).span(none).call("http_response_wait").call("local_storage_set")
	buffer := g.keep(make([]byte, 5))
	g.op(0x20, 2).i64(buffer).span(none).call("http_response_read_body").op(opDrop)
	set("body").i64(buffer).call("local_storage_set")

	g.span(scale.AppendString(nil, "petition")).call("submit_transaction").op(opDrop)
	return g.span([]byte{40, 1}).call("submit_transaction").op(opDrop) // ten bytes, of which there is one
}

func u64(b []byte) uint64 { return binary.LittleEndian.Uint64(b) }
