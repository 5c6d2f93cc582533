// Package localchain makes block 0 of a network of our own runtime: it builds the blob, and lets the blob write the state that a preset of it describes.
//
//	code, err := localchain.Build(ctx, dir, localchain.Flavour{})   go build, rewrite, embed the metadata
//	genesis, err := localchain.Genesis(ctx, engine, code, "development")
//	block, applied, err := driver.New(engine).Author(ctx, genesis, …)
//
// The blob is that of the tree that the program was built from, so it serves tests and scenarios, not chains that must last.
//
// # What it does not do
//
// It knows no chain specification files; package node/chainspec writes and reads those.
package localchain
