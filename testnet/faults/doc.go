// Package faults does to a running node what the world does: it is killed, its disk fills, its clock jumps, strangers send it garbage and floods, subscribers stop reading, and its
// runtime traps. It has tests and no code.
//
// # Picture
//
//	test ──RPC over HTTP and WebSocket──► gotensor node (a process: testnet/solo) ──► folder
//	  │                                        ▲                                        ▲
//	  │                                        └── SIGKILL, SIGTERM, SIGSTOP            └── a file system of a few hundred MB, ballast
//	  └── what it was told ══ must agree with ══ what the node answers after that
//
//	TestKill          killed at any moment under load         finalised blocks and balances are what clients were told, and what the blocks add up to
//	TestFullDisk      no room left, again and again           it says so, goes on where there is room again, and so does a restart
//	TestExtrinsics    malformed extrinsics                    each is refused, blocks go on, no growth
//	TestRequests      malformed requests of every method      each is answered, or refused, no growth
//	TestPoolFlood     more transactions than the pool takes   limits hold, blocks keep their slots, good transactions get in
//	TestSubscribers   clients that stop reading               the others see every block, stuck ones are closed, memory is bounded
//	TestCallers       clients that do not read their answers  what waits is bounded, others are answered, the connections are closed
//	TestClock         a clock that jumps                      one block a slot, slots rise, it goes on once the clock is right
//	TestTrap          a runtime whose first block traps       the node lives and says what to do; a code substitute revives the chain
//	TestTerminate     SIGTERM under load                      exit code 0 within ten seconds, a clean restart
//	TestSecondNode    two nodes on one folder                 the second is refused, the first does not notice
//
// # Rules
//
//   - The node is a process, built from the sources, unless a test needs a clock of its own. It runs our runtime at 250 ms a block, with one authority that authors and finalises.
//   - No limit is near what a loaded machine needs: a test fails on what is wrong, not on what is slow.
//   - Memory is what the kernel counts: the resident set of the process, and the part of it that is its own and no page of a file; goroutines are those of its metrics.
//   - What was gone through is printed in a line that begins with FAULTS. Numbers are small in a test run; GOTENSOR_LONG=1, which make faults sets, has the full ones.
//
// # What is not shown
//
// A loss of power, in which what the kernel held is gone: package storage/kv/badgerdb cuts writes at every byte. Faults among several nodes: there is one.
// Frames and limits of the transport, and parameters of single methods, have their tests in node/jsonrpc and node/rpc.
//
//	go test ./testnet/faults
//	GOTENSOR_LONG=1 go test -timeout 2h -v ./testnet/faults
package faults
