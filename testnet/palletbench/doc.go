// Package palletbench measures what the calls of this repository's runtime cost, and compares that with what they are declared to weigh.
//
// # Picture
//
//	case of a pallet ──Setup──► state, call, origin
//	                              ├─ natively:    the call alone                        ◄──► its declared weight
//	                              └─ in the blob: an extrinsic with it many times, less
//	                                              one with remarks in its place, and divided     ◄──► its declared weight
//
// # What a cost is
//
// Picoseconds, as declared weights are: the least time of several runs, and 25 µs for each entry of the state that is read, 100 µs for each that is written, as
// the runtime declares its database to cost. The entries that every block or transaction touches anyway (number, events, weights, issuance, the
// caller's account, …) are not counted, as Substrate's benchmarks do not. The state is in memory, so that the time is that of the code.
//
// # What it does not do
//
// It does not compare proof sizes, nor the weight of an empty extrinsic and of its extensions: what enters the blob once for each extrinsic is
// no part of importing a block. Calls whose origin nobody can sign for are measured natively alone. Times are of the machine that it runs on, which is not the one that weights were measured on; what is far
// below says little, and what is above says that a block could take longer than its weight says on a machine like this.
package palletbench
