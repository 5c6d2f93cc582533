// Package wasmhost is the Polkadot Host: it runs runtimes, the WebAssembly programs that are a chain's rules, and answers the
// functions that they import.
//
// # Picture
//
//	code ──Load──► Runtime ──Call(env, "Core_version", args)──► result, or a Trap
//	                  │  instance from a pool, memory as on the first day
//	                  ▼
//	            guest code ──ext_storage_get_version_1(span)──► host function ──► env.Storage
//	                       ◄── span of a fresh allocation ─────
//
// An [Engine] compiles code once and keeps it. A [Runtime] is compiled code and a pool of instances. A call takes an instance, gives it
// an [Env], and puts it back restored. Env is everything that the call may touch: state, keys, the offchain world, limits. It is bound
// to that one call, and what it lacks is forbidden, so that a query cannot sign and a block cannot open a connection.
//
// # The table of host functions
//
// hostFuncs has one row for each function of the Host API: name, parameter types, result types, Go function. The chapters of the
// specification are files: storage.go, child_storage.go, crypto.go, hashing.go, trie.go, misc.go, allocator.go, logging.go, offchain.go,
// transaction_index.go, panic_handler.go; then benchmarking.go, tracing.go and bls.go, which are Substrate's alone, and unoffered.go, for what
// runtimes import and no host does any more. Each function decodes its arguments from guest memory, calls plain Go, and encodes the
// answer. The byte forms are those of Substrate's sp_io.
//
// # Rules and invariants
//
//   - Every call starts from the memory, the memory size and the globals that the module had after instantiation, whichever instance it
//     gets and whatever ran there before ([ResetMode]).
//   - The memory above __heap_base belongs to the host's allocator (package heap), which is Substrate's to the address: where an answer
//     lies is something a guest can see.
//   - A guest can name any bytes and pass any numbers. What does not fit ends the call in a [Trap] that names runtime API, host function
//     and parameter; the node lives. Nothing is allocated on the guest's word beyond the size of its memory.
//   - Guest bytes are views and never outlive the host function that was given them. Interfaces of Env copy what they keep.
//   - A module that imports what the table lacks, or under another signature, is refused when it is loaded, with the whole list. Only where
//     ext_misc_runtime_version asks code for its version is what is missing a function that traps.
//   - Code that would keep the compiler busy for minutes is refused ([ErrTooComplex]). Code that a guest asks for its version is interpreted,
//     outside of what the chain's runtimes share, and leaves nothing behind.
//   - A failure of the host, or the end of a context, is an error and never an answer ([ErrHost], [ErrDeadline]): what a guest sees must not
//     depend on how much time or memory a node had.
//   - What a call answers depends on code, arguments and Env alone, not on the machine or the engine. Clocks and randomness are Env's.
//
// # How a call starts from the same memory
//
// An instance costs a hundred calls, so it serves many, and is restored after each. Its memory is a mapping of the module's initial memory that is private:
// a page is either the snapshot's or a copy that was written. The kernel tells which were written (/proc/self/pagemap, searched by the kernel itself from Linux 6.7 on), and those are
// copied back; what was grown is zeroed, the size goes back, every mutable global is set. The engine proves at its start that the kernel tells the
// truth, compares the whole memory after one reset of a runtime in [Config.VerifyEvery] (where that is not set, in
// [DefaultVerifyEvery] for each 4 MiB of initial memory, so that a larger memory costs a call no more), and copies everything when either fails or the system is
// not Linux. Before the compiler sees a module it is changed: an imported memory becomes an own one, mutable globals are
// exported, the memory's maximum moves into the host (package wasmbin, linearMemory). Code that writes to tables or drops segments gets a
// new instance for every call, and an instance in which a call failed is thrown away.
//
// # How a call ends
//
// Compiled code that neither returns nor calls the host would run for ever, and stop the garbage collector with it. So code is metered: a
// counter in the module goes down with every loop iteration, function call and bulk instruction, the latter by its length, and when it is used up the
// host looks at the context; so does every host function before it starts, which is therefore the longest that a call outlives its context. What the
// counter holds is no part of what the guest can see. Memory is bounded by [Env.HeapPages], the stack by the engine.
//
// # Where it differs from Substrate
//
//   - Memory grows on demand up to its ceiling. Substrate's executor gives a runtime all of its heap pages at the start of a call where its
//     strategy is Static, so that memory.size answers a larger number there.
//   - More of WebAssembly is accepted than by Substrate's configuration of wasmtime: multiple values, bulk memory and reference types. A
//     module that uses them loads here and is refused there.
//   - Imports that no host does any more (unoffered.go) let a runtime load here.
//   - The bounds of [ErrTooComplex] and of tables are this host's own, well above what real runtimes have.
//
// # What it does not promise
//
// It does not judge blocks: whether a result means that a block is good is the caller's to say. State that a failed call wrote is the
// caller's to drop. Which instruction a guest that ran too deep or too long had reached differs between engines; that it ends does not.
// The sandbox that older runtimes import was removed from the Host API, and calling it is a trap.
//
// Source: Polkadot specification, chapter "Host API" and appendix "Runtime API"; paritytech/polkadot-sdk substrate/primitives/io and
// substrate/client/executor.
//
//	engine, err := wasmhost.NewEngine(wasmhost.Config{})
//	runtime, err := engine.Load(ctx, code)
//	env := &wasmhost.Env{Storage: storage.NewOverlay(state)}
//	metadata, err := runtime.Call(ctx, env, "Metadata_metadata", nil)
package wasmhost
