//go:build wasm

package main

import (
	"github.com/gotensor/gotensor/runtime-wasm/abi"
	"github.com/gotensor/gotensor/testnet/native/internal/seam"
)

//go:wasmexport Seam_run
func run(pointer, length uint32) uint64 { return abi.Serve(seam.Run, pointer, length) }

//go:wasmexport Seam_verify
func verify(pointer, length uint32) uint64 { return abi.Serve(seam.Verify, pointer, length) }

//go:wasmexport Seam_recover
func recoverKey(pointer, length uint32) uint64 { return abi.Serve(seam.Recover, pointer, length) }

//go:wasmexport Seam_panic
func panics(pointer, length uint32) uint64 { return abi.Serve(seam.Panic, pointer, length) }

//go:wasmexport Seam_read
func read(pointer, length uint32) uint64 { return abi.Serve(seam.Read, pointer, length) }

//go:wasmexport Seam_hash
func hash(pointer, length uint32) uint64 { return abi.Serve(seam.Hash, pointer, length) }

//go:wasmexport Seam_write
func write(pointer, length uint32) uint64 { return abi.Serve(seam.Write, pointer, length) }

//go:wasmexport Seam_echo
func echo(pointer, length uint32) uint64 { return abi.Serve(seam.Echo, pointer, length) }
