// Package host is the seam between pallets and whoever runs them: the few functions of the Host API that a runtime uses, as
// plain Go functions.
//
// In the blob they are imports (ext_storage_get_version_1, …). Natively they go to the Host that Use has set, so that the same
// pallets run under go test over a real state.
//
//	pallets ──► host.Get ──┬─ wasm:   env.ext_storage_get_version_1
//	                       └─ native: the Host of Use
//
// # Rules
//
//   - One goroutine at a time: Use holds a lock while its function runs.
//   - Slices handed in are not kept. Borrow returns bytes that are valid until Return, which must follow; nothing may be
//     borrowed or written in between. What other functions return is the caller's.
//   - The blob's collector is off, and runs when Collect says: at points that the runtime chooses, by the heap's own count of bytes, and so at the same points on
//     every host. Nothing may be borrowed then.
//   - Bytes that a host left in the blob's memory above __heap_base are copied or used and given back at once; no Go pointer to them is kept.
//
// Source: Polkadot specification, chapter "Host API".
package host
