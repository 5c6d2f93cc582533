//go:build !wasm

package system

import (
	"github.com/gotensor/gotensor/pallets/frame"
	"github.com/gotensor/gotensor/pallets/frame/benchmark"
	"github.com/gotensor/gotensor/pallets/frame/host"
	"github.com/gotensor/gotensor/primitives/scale"
)

// Benchmarks implements benchmark.Benchmarked. Remarks are as long as a block takes them, lists have 1,000 entries.
func (p *Pallet) Benchmarks() []benchmark.Case {
	const entries = 1000
	key := func(n int) []byte {
		sum := host.Blake2_256(scale.AppendU32(nil, uint32(n)))
		return append([]byte("benchmark"), sum[:]...)
	}
	long := func() []byte { return make([]byte, 3<<20) }
	// code is a runtime that this one may be replaced by, or bytes that take as long natively, where there is none.
	code := func(e *benchmark.Env) []byte {
		if e.Code != nil {
			return e.Code
		}
		return make([]byte, 4<<20)
	}
	updated := func(e *benchmark.Env) bool {
		_, ok := host.Get(keyCode)
		return ok
	}
	byRoot := func(name string, call func(e *benchmark.Env) frame.Call, check func(e *benchmark.Env) bool) benchmark.Case {
		return benchmark.Case{Call: name, Check: check, Setup: func(e *benchmark.Env) (frame.Call, frame.Origin) { return call(e), frame.Root() }}
	}
	filled := func() {
		for n := range entries {
			host.Set(key(n), make([]byte, 32))
		}
	}
	empty := func(*benchmark.Env) bool {
		_, ok := host.Get(key(entries - 1))
		return !ok
	}
	return []benchmark.Case{
		{Call: "remark", Setup: func(e *benchmark.Env) (frame.Call, frame.Origin) { return &RemarkCall{long()}, e.Signed() }},
		{Call: "remark/empty", Setup: func(e *benchmark.Env) (frame.Call, frame.Origin) { return &RemarkCall{}, e.Signed() }},
		byRoot("set_heap_pages", func(*benchmark.Env) frame.Call { return &SetHeapPagesCall{100} }, nil),
		byRoot("set_code", func(e *benchmark.Env) frame.Call { return &SetCodeCall{code(e)} }, updated),
		byRoot("set_code_without_checks", func(e *benchmark.Env) frame.Call { return &SetCodeWithoutChecksCall{code(e)} }, updated),
		byRoot("set_storage", func(*benchmark.Env) frame.Call {
			var items []KeyValue
			for n := range entries {
				items = append(items, KeyValue{A: key(n), B: make([]byte, 32)})
			}
			return &SetStorageCall{items}
		}, func(*benchmark.Env) bool {
			_, ok := host.Get(key(entries - 1))
			return ok
		}),
		byRoot("kill_storage", func(*benchmark.Env) frame.Call {
			filled()
			var keys [][]byte
			for n := range entries {
				keys = append(keys, key(n))
			}
			return &KillStorageCall{keys}
		}, empty),
		byRoot("kill_prefix", func(*benchmark.Env) frame.Call {
			filled()
			return &KillPrefixCall{[]byte("benchmark"), entries}
		}, empty),
		{Call: "remark_with_event", Setup: func(e *benchmark.Env) (frame.Call, frame.Origin) {
			return &RemarkWithEventCall{long()}, e.Signed()
		}},
		byRoot("authorize_upgrade", func(*benchmark.Env) frame.Call { return &AuthorizeUpgradeCall{} }, nil),
		byRoot("authorize_upgrade_without_checks", func(*benchmark.Env) frame.Call { return &AuthorizeUpgradeWithoutChecksCall{} }, nil),
		{Call: "apply_authorized_upgrade", Check: updated, Setup: func(e *benchmark.Env) (frame.Call, frame.Origin) {
			c := code(e)
			p.AuthorizedUpgrade.Put(CodeUpgradeAuthorization{host.Blake2_256(c), true})
			return &ApplyAuthorizedUpgradeCall{c}, e.Signed()
		}},
	}
}
