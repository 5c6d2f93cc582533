package wasmhost

// Wasm tracing: spans and events for a profiler of the node. This host has none, and says so: nothing is enabled, and a guest that
// reports spans all the same is told that they are not kept, as Substrate answers without a subscriber.

var tracingFuncs = []hostFunc{
	{"ext_wasm_tracing_enabled_version_1", params(i64), results(i32), tracingEnabled},
	{"ext_wasm_tracing_enter_span_version_1", params(i64), results(i64), tracingEnterSpan},
	{"ext_wasm_tracing_event_version_1", params(i64), nil, tracingEvent},
	{"ext_wasm_tracing_exit_version_1", params(i64), nil, tracingExit},
}

// tracingEnabled implements ext_wasm_tracing_enabled_version_1: metadata → boolean, always false. Traps: metadata outside memory.
func tracingEnabled(c *call, stack []uint64) {
	c.bytes(stack[0], 0)
	stack[0] = 0
}

// tracingEnterSpan implements ext_wasm_tracing_enter_span_version_1: attributes → i64 span id, 0 for a span that is not kept.
func tracingEnterSpan(c *call, stack []uint64) {
	c.bytes(stack[0], 0)
	stack[0] = 0
}

// tracingEvent implements ext_wasm_tracing_event_version_1: attributes → nothing.
func tracingEvent(c *call, stack []uint64) { c.bytes(stack[0], 0) }

// tracingExit implements ext_wasm_tracing_exit_version_1: i64 span id → nothing.
func tracingExit(*call, []uint64) {}
