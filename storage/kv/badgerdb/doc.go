// Package badgerdb is package kv's store on disk: Badger in managed mode, whose timestamps are numbers of writes that nobody else sees.
//
// Picture a clerk between a careful office and a fast but careless archive. The archive (Badger) sorts, packs and finds; the clerk sees to it that what
// it is handed can be found again after the lights went out, and checks the shelves before he lets anyone in:
//
//   - Every write has a number, and leaves a mark with it that names the number before. A log that lost its end before a later one shows as a break in
//     the chain.
//   - A batch that is larger than one of Badger's transactions goes in several at one number: each but the last leaves a step, the last the mark with the
//     count of steps. Reads stay at the number before until it is complete. Where a crash came first, Open writes the former version of each key that was
//     touched, at a new number with a mark of its own; until that is complete nothing is discarded, so it can be interrupted and begun anew.
//   - Versions are discarded as soon as no read needs them (discard.go). A key that is overwritten without end takes the room of a few versions, also while
//     an iterator is held open over it.
//   - Values over 128 KiB are cut into parts. So none lies in Badger's value log: it does not grow, needs no collection, and none of a value's bytes are
//     outside the one log that makes a batch whole.
//   - Badger syncs only the log in use. Here all are synced that a durable write depends on, and an old one as soon as a new one begins.
//   - A store begins with a mark below level 0, because Badger drops deletions within level 0 where there is nothing below (settle in db.go; read in its source,
//     not provoked by a test).
//   - A folder has a FORMAT. What is in it is read before Badger opens it (recover.go), because Badger deletes tables that a damaged manifest does not name,
//     goes on without tables whose index is damaged, ends the process for tables that are cut off, and writes into tables what it made of damaged logs. So
//     a refusal changes nothing. Logs that are left of what is in tables already are removed: what was deleted since would come back from them.
//
// A Get costs what Badger's own does, or less: reads share one transaction, and Badger's copy of the value is handed on (BenchmarkBare).
//
// # Memory
//
// Options.Memory is the one bound. A thirty-second of it (at most 64 MiB) is the size of a table in memory, of which there are up to five, each with room for
// a third more; five sixteenths are the cache of blocks; a compaction builds tables of a hundred-and-twenty-eighth, up to some thirteen at once, of which each
// takes three times its size, and there are two. What the collector has not collected yet, and the batch that is written (about twice its size), come on
// top: the process sets a memory limit (runtime/debug.SetMemoryLimit) over the bound. TestMemory measures it under sustained writing: with MinMemory and a
// limit of 64 MiB above, the process's own memory stays below that limit, 158 MB of 192 on a busy machine; at half of MinMemory it did not. An iterator
// that is held open holds the up to five tables in memory that there were when it was made. Files are mapped, too: those pages are the kernel's to take back,
// and count in the process's resident size until it does.
//
// Each table is a file and a mapping. Linux allows a process 65,530 mappings (vm.max_map_count): with DefaultMemory tables have 8 MB, so beyond some 400 GB a
// store needs more Memory, or a higher limit. The limit of open files (ulimit -n; Go takes the hard one) comes before it in most places. On Linux Open and Write
// refuse with kv.ErrLimit before either is met, with what compactions may need at a time left free: some 230 tables, and 64 for the rest of the process. Looked
// at is what the process has in fact, once for each log; what it opens besides between two looks must be less than that.
//
// # Stalls
//
// A write waits while all five tables in memory are full. They wait for level 0 when that has 16 tables, until one compaction has merged these with the level
// below: at most about 30 times the size of a table in memory to read and to write (1 GB with DefaultMemory), which is as long as a write can wait at a time.
// That is met only where writes come faster than compactions work for as long as it takes to fill five tables in memory and eleven in level 0, half a
// gigabyte with DefaultMemory. BenchmarkSustained writes without a pause and reports the longest write.
//
// # What it does not guarantee
//
//   - Damage inside a table's blocks (not its index, which Open checks) is met by reads. Badger answers a block whose checksum is wrong as if it had no
//     such key, and says nothing. Check compares all checksums; it is for a store that is not open. And it finds the damage only until a compaction has read the table: what follows in it
//     is dropped without a word, and a new table written without it. Only blocks with marks and steps are read by Open, which refuses there.
//   - A compaction of Badger's that cannot write a table goes on without it, drops what it was made of, and says nothing. What the store can see to is that
//     there are open files, mappings and room on the disk (above). An error of the device itself (EIO), a limit of the size of files (EFBIG) and one of memory
//     for mappings (ENOMEM below vm.max_map_count, as RLIMIT_AS sets it) are not seen to, nor are limits of the whole system; where the system is not Linux,
//     none is.
//   - Damage to the end of the newest log is taken for what a crash leaves: the writes there are lost, and the store opens with what was before. So is
//     damage to the log before, where the newest holds no more than the write that began it, and nothing lost was known to be durable: a crash of the machine
//     leaves that, in the milliseconds between the beginning of a log and the sync of the one before.
//   - Badger writes to mapped files. On Linux writes are refused with kv.ErrFull while there is less room than Badger needs to write out what it holds; where
//     another program takes that room in the meantime, the process is ended by SIGBUS. The store is then as after a crash: open it again.
//   - A write that fails for another reason stops the store (kv.ErrFailed) until it is opened again.
//   - A value is at most 2 GiB.
package badgerdb
