// Package kvtest holds what engines and users of package kv are tested with.
//
// Run checks an engine against everything that package kv promises and that needs no crash; random operations against a naive model are part of it. Bench
// measures it. Both are called from the engine's own tests:
//
//	func TestEngine(t *testing.T) {
//		kvtest.Run(t, kvtest.Harness{Open: open, Reopen: reopen})
//	}
//
// Faults and Recorder are for tests of what is built on a store. Faults is a store that fails, or stops for good, at an operation that is chosen beforehand.
// Recorder keeps every state of a store, to find in it what a crash at any moment would have left:
//
//	recorder := kvtest.NewRecorder(kv.NewMemory())
//	faults := kvtest.NewFaults(recorder)
//	faults.FailAt(kvtest.Reads, 7, errDisk)  // the seventh read fails
//	faults.CrashAt(kvtest.Writes, 3, false)  // the third write never arrives, and nothing after it
//	…
//	now := recorder.Now()
//	for moment := recorder.Durable(now); moment <= now; moment++ {
//		left := recorder.At(moment) // what the next start of the program may find
//	}
//
// What it does not do: crashes of real engines, which need a process to kill or a disk to fill and stand in the engine's own tests; faults that go with the
// medium, as torn files.
package kvtest
