package wasmhost

import "errors"

// What real runtimes import and this host does not do. A runtime that imports such a function loads and does all else; calling it ends the
// call with ErrNotOffered. That is a choice of this host, so that old runtimes can be looked at: a Substrate node of today refuses to execute code
// whose imports it lacks, these too, and links what is missing to a trap only where it reads a version
// (ext_misc_runtime_version, here Engine.loadOnce). Source: substrate sc-executor, WasmExecutor, allow_missing_host_functions.
//
// The sandbox (Wasm inside of Wasm) was taken out of the Host API in 2022; older runtimes import it for their contracts pallet. The
// other functions are an interface of LimeChain's own, between the benchmark builds of LimeChain/gosemble and a fork of gossamer.

// ErrNotOffered: the runtime called a function that it may import and that this host does not do.
var ErrNotOffered = errors.New("host function is not offered")

var unofferedFuncs = []hostFunc{
	{"ext_sandbox_instantiate_version_1", params(i32, i64, i64, i32), results(i32), unoffered},
	{"ext_sandbox_invoke_version_1", params(i32, i64, i64, i32, i32, i32), results(i32), unoffered},
	{"ext_sandbox_memory_new_version_1", params(i32, i32), results(i32), unoffered},
	{"ext_sandbox_memory_get_version_1", params(i32, i32, i32, i32), results(i32), unoffered},
	{"ext_sandbox_memory_set_version_1", params(i32, i32, i32, i32), results(i32), unoffered},
	{"ext_sandbox_memory_teardown_version_1", params(i32), nil, unoffered},
	{"ext_sandbox_instance_teardown_version_1", params(i32), nil, unoffered},
	{"ext_sandbox_get_global_val_version_1", params(i32, i64), results(i64), unoffered},

	{"ext_benchmarking_current_time_version_1" + variantSuffix, nil, results(i64), unoffered},
	{"ext_benchmarking_db_read_count_version_1", nil, results(i32), unoffered},
	{"ext_benchmarking_db_write_count_version_1", nil, results(i32), unoffered},
	{"ext_benchmarking_start_db_tracker_version_1", nil, nil, unoffered},
	{"ext_benchmarking_stop_db_tracker_version_1", nil, nil, unoffered},
	{"ext_benchmarking_store_snapshot_db_version_1", nil, nil, unoffered},
	{"ext_benchmarking_restore_snapshot_db_version_1", nil, nil, unoffered},
}

func unoffered(c *call, _ []uint64) { c.trap(ErrNotOffered) }

// variantSuffix ends the name of a row whose function some runtimes import under a second signature. The import itself has the name
// without it.
const variantSuffix = " (variant)"
