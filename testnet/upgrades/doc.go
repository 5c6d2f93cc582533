// Package upgrades builds the runtimes of this repository that tests start chains with, and those that they replace them by. All run at the pace fast, of 250 ms a block.
//
//	Base     the runtime as it is                                     what the chain starts with
//	Next     a version later, with the guest book of pallets/example  a call that Base lacks, and a migration that counts how often it ran
//	Broken   two versions later: the migration traps                  every block traps, until a code substitute takes its place
//	Mended   the same version with the migration of Next              that substitute
//
// The last three are built as anyone would who changes the chain: from a copy of the tree, in which some lines of the sources are others, by the tree's own build command. So the
// difference is in the source, and metadata, version sections and code follow from it.
//
// # Rules
//
//   - Each is built once in a process, when it is first asked for. A build takes some seconds, as the Go toolchain compiles what changed alone.
//   - The tree is not written to. An edit that finds its place in the source gone is an error, not a build without it.
//
// # What it does not do
//
// It puts no runtime on a chain: that is what the tests do, over RPC. It knows no flavour but portable.
package upgrades
