package wasmhost

import "errors"

// Sandbox: running Wasm inside of Wasm. The chapter was taken out of the Host API in 2022; runtimes from before that import it for
// their contracts pallet. Such a runtime loads here and does all else, as on a Substrate node of today, which links what is missing to
// a trap: every function of this table ends the call with ErrSandbox.

// ErrSandbox: the runtime asked for the sandbox of the Host API, which was removed from it.
var ErrSandbox = errors.New("the sandbox was removed from the Host API")

var sandboxFuncs = []hostFunc{
	{"ext_sandbox_instantiate_version_1", params(i32, i64, i64, i32), results(i32), sandboxRemoved},
	{"ext_sandbox_invoke_version_1", params(i32, i64, i64, i32, i32, i32), results(i32), sandboxRemoved},
	{"ext_sandbox_memory_new_version_1", params(i32, i32), results(i32), sandboxRemoved},
	{"ext_sandbox_memory_get_version_1", params(i32, i32, i32, i32), results(i32), sandboxRemoved},
	{"ext_sandbox_memory_set_version_1", params(i32, i32, i32, i32), results(i32), sandboxRemoved},
	{"ext_sandbox_memory_teardown_version_1", params(i32), nil, sandboxRemoved},
	{"ext_sandbox_instance_teardown_version_1", params(i32), nil, sandboxRemoved},
	{"ext_sandbox_get_global_val_version_1", params(i32, i64), results(i64), sandboxRemoved},
}

func sandboxRemoved(c *call, _ []uint64) { c.trap(ErrSandbox) }
