// Package blob makes a runtime that Substrate's hosts run of what Go's compiler makes.
//
// # Picture
//
//	main.go ──Compile──► reactor ──Rewrite──► blob ──Embed──► blob with its version ──► :code
//	          (the Go     │ Wasm 2.0           │ Wasm 1.0
//	          toolchain)  │ imports WASI       │ imports env.ext_* alone
//	                      │ must run           │ has run: memory and globals are
//	                      │ _initialize first  │ as _initialize left them
//
// Think of it as a photograph. Go programs start their runtime, their heap and their packages before anything can be called. Hosts of Substrate's kind know
// nothing of that: they instantiate a module, write arguments above __heap_base and call Core_version. So the program is started once, at
// build time, and the blob is the picture of its memory at the moment when it waits for calls.
//
// # What Rewrite does
//
//   - It lowers: instructions that WebAssembly 1.0 lacks become sequences of those that it has, or calls of functions that are added (lower.go,
//     helpers.go). Go's compiler emits sign extension, saturating conversion, memory.copy and memory.fill.
//   - It closes: functions of the system (WASI) become functions of the module (wasi.go). The clock stands at one second unless somebody sleeps, random numbers
//     come from a counter, there are no files; what goes to standard error becomes log records. Go panics end in a record at error level and a trap.
//   - It bounds: the module declares all of its memory, L pages, and no maximum. memory.grow becomes a function that moves a boundary up to page L-1;
//     memory.size tells that boundary. __heap_base is the end of page L. So Go's heap lies below it and the host's above it, and they never
//     meet, though both grow. The last page below it holds text that is not logged yet.
//   - It gives functions with loops a second body, which is faster and cannot be resumed, and leaves them the first (optimise.go, flow.go).
//   - It compacts the table of functions, in which Go's linker leaves the first 4,096 entries empty: hosts bound tables.
//   - It initialises: the module made so far runs _initialize in an interpreter. Memory, without its zeros, becomes data segments, and each
//     global begins with the value that it had reached.
//   - It validates: an engine with every extension off accepts the result.
//
// # Rules and invariants
//
//   - The program that initialises is the one that is published, the lowered one: what it learnt of clock, chance and memory is what it finds later, and every build
//     tests the lowering on a few million instructions.
//   - A blob depends on the module and Options alone, and a module on its source and the toolchain that go.mod names (Compile). No clock, path, machine or order of
//     a map gets in. Two builds that differ are a bug.
//   - Initialisation must not call the host, except to log: there is no state yet. It may not run deeper than 2,000 calls.
//   - Exported functions have the type of runtime APIs, (i32, i32) → i64: arguments as address and length, the answer as a span.
//   - Each call must begin with the memory and globals of the module, which is the host's to provide, as it is for any runtime. Nothing that a call leaves behind, a
//     grown heap, a lower stack pointer after a trap, a sleeping goroutine, may be there in the next.
//   - Input is not trusted: any bytes end in an error that is named here, and not in a panic.
//
// # Why calling exports again is right
//
// Go's linker exports a wrapper for each go:wasmexport function. It checks that the stack pointer is not zero, lowers it by its frame, stores the arguments, calls the
// Go function on the goroutine that main would run on, and raises the stack pointer again. The initialiser ends in runtime.pause, which leaves exactly that
// state: the stack pointer at the bottom of that goroutine's stack, g pointing to it, PAUSE cleared by the loop that it returns to. All of it is in memory
// and the eight globals, so that the picture of them is the program, waiting. Where a call has to unwind the stack of WebAssembly, to grow the goroutine's stack or
// to switch to another goroutine, the wrapper runs the scheduler's loop until its own frame is reached.
// Source: the Go tree, cmd/internal/obj/wasm (genWasmExportWrapper), runtime/asm_wasm.s (wasm_pc_f_loop_export, pause), runtime/proc.go (main).
//
// # What it does not do
//
// It does not remove functions that nothing calls: Go's linker has done that, and what is in the table may be called. It does not turn off the garbage collector or bound the
// stack: that is the runtime's own initialisation. It does not rewrite modules of other compilers, though some would do.
//
// Specification: WebAssembly Core 1.0 and 2.0; WASI preview 1; Polkadot specification, Host API; substrate sp-version and sp-maybe-compressed-blob for the
// sections and the compression. From source to code:
//
//	code, err := blob.Build(ctx, blob.Source{Package: "./runtime-wasm"}, blob.Options{})
//	// code.Compressed goes under :code, code.Hash into System.authorize_upgrade
package blob
