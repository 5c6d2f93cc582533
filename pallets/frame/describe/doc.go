// Package describe makes a runtime's metadata from the descriptions of its pallets. It runs natively, when a blob is built and in
// tests, and is no part of the blob: outside of this file everything is built without Wasm only.
//
// # Picture
//
//	Go declarations ──gen──► pallet.Describe(r) ─┐
//	known types of Substrate (known.go) ─────────┼─► Registry: Go type ─► number ─► shape
//	runtime APIs (apis.go), extensions ──────────┘        └─► Build ─► V14, V15, digest of RFC-0078
//
// A type has one number: the same in V14 and V15, as clients take numbers from one and shapes from the other. Number 0 is AccountId32.
//
// # Rules
//
//   - A Go type is described by the function that Type registered for it. Without one it is what it is made of: integers, bool,
//     string, slices, arrays, pointers (Option), Pair (a tuple). A struct without a function is an error.
//   - Names are those of the Rust original wherever clients look at them: paths, variants, fields, typeName.
//   - The same declarations give the same bytes: numbers are given in the order of first use.
//
// # What it does not do
//
// It does not check that a codec does what its description says; tests decode real values with clients of others.
//
// Source: paritytech/scale-info, frame-metadata, RFC-0078; what Subtensor's metadata at spec 425 names.
package describe
