// Gen writes what follows from the declarations of a pallet: pallet_gen.go and pallet_describe_gen.go. What it reads is told in
// package frame.
//
//	*.go of the pallet ──go/parser, go/types──► declarations ──► pallet_gen.go           codecs, call types, dispatch   in the blob
//	                                                        └──► pallet_describe_gen.go  Describe, for metadata         native only
//
// A package asks for it with a line, and go generate runs it there; gen -check fails where a file is missing or old, and so does a
// test of this package, which looks at every package that has the line:
//
//	//go:generate go run ../frame/gen
//
// A package without a type Pallet gets the codecs and descriptions of its types alone.
//
// # Rules
//
//   - Generated files are never read of the package in hand, and nothing that fails to type-check outside of a declaration matters: a
//     pallet's own code uses what is still to be written. Other packages are read with their generated files; a type of theirs with a
//     directive has a codec even while its file is missing.
//   - Equal declarations give equal bytes: nothing depends on the order of a map, the machine or the time.
//   - What is written is what a careful person would write: a method calls scale's functions one after the other. Functions for
//     items of sequences have names (appendNetUID), so that nothing is allocated to call them, and what they read stays off the heap.
//   - Every error names the line and what to write instead, and nothing is written for a package with an error.
//
// # What it does not do
//
// Enums with data and other types with a codec of their own are written by hand (see describe.Type). Types with type parameters have no
// generated codec. A type that contains itself does so through a slice, which the decoder bounds; an option of itself is written by hand with scale.DecodeBox.
package main
