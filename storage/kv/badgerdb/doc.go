// Package badgerdb is package kv's store on disk: Badger in managed mode, whose timestamps are the sequence numbers.
//
// Picture a clerk between a careful office and a fast but careless archive. The archive (Badger) sorts, packs and finds; the clerk sees to it that what
// it is handed can be found again after the lights went out, and checks the shelves before he lets anyone in:
//
//   - Every write carries a mark that names the number before it. So the highest number is known even where compaction removed all that was written with
//     it, and a log that lost its end before a later one shows as a break in the chain.
//   - Values over 128 KiB are cut into parts. So none lies in Badger's value log: it does not grow, needs no collection, and none of a value's bytes are
//     outside the one log that makes a batch whole.
//   - Badger syncs only the log in use. Here all are synced that a durable write depends on, and an old one as soon as a new one begins.
//   - Reads are held back to the last number whose write is complete, because Badger shows a batch key by key.
//   - A folder has a FORMAT; what is in it is looked through before Badger opens it, because Badger deletes tables that a lost manifest does not name,
//     goes on without tables whose index is damaged, and ends the process for tables that are cut off.
//
// # Memory
//
// Options.Memory is the one bound. A thirty-second of it (at most 64 MiB) is the size of a table in memory, of which there are up to five; six sixteenths
// are the cache of blocks; a compaction builds tables of a hundred-and-twenty-eighth (at most 8 MiB), up to some thirteen at once. What the collector has
// not collected yet comes on top: the process sets a memory limit (runtime/debug.SetMemoryLimit) over the bound. Files are mapped, too: those pages are the
// kernel's to take back, and count in the process's resident size until it does.
//
// The bound holds while no key has a long history of long values: Badger keeps all versions of a key in one table, which a compaction builds in memory.
//
// # What it does not guarantee
//
//   - All versions of a key lie in one table, of at most 4 GiB, and are rewritten together: 120,000 versions of 5 kB at one key made a table of 303 MB. A value
//     that changes with each block and is kept for millions of them must get its number into its key.
//   - Damage inside a table's blocks (not its index, which Open checks) is met by reads. Badger answers a block whose checksum is wrong as if it had no
//     such key, and says nothing. Check compares all checksums; it is for a store that is not open.
//   - Badger writes to mapped files. On Linux writes are refused with kv.ErrFull while there is less room than Badger needs to write out what it holds; where
//     another program takes that room in the meantime, the process is ended by SIGBUS. The store is then as after a crash: open it again.
//   - A write that fails for another reason stops the store (kv.ErrFailed) until it is opened again.
//   - A crash of the machine (not of the process) in the milliseconds between the beginning of a new log and the return of the write that began it can leave
//     that write without one before it, where neither was durable. Open then finds the break and answers kv.ErrCorrupt.
package badgerdb
