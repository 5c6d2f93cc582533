// Package native runs pallets in this process over a real state: an overlay over a trie in memory, as package frame/host's Host.
//
// # Picture
//
//	test ──► Ext.Run(f) ──► f: pallet code ──► frame/host ──┐
//	  └────► Ext.Get, Set, Root ────────────────────────────┴─► storage.Overlay ──► storage.TrieState
//
// An [Ext] is the state at one moment of one block. [Ext.Next] closes the block: what was written becomes the state that the next one is made on. What
// the blob does under package wasmhost and what the same code does here meet the same overlay, the same trie, the same signature checks.
//
// # Rules
//
//   - Pallet code runs inside of Run, and nowhere else. Two Exts take turns; Run does not nest.
//   - State version 1, as the runtime's.
//   - A storage transaction that the code left open is an error of the test, and taken back.
//   - What stops the blob, a transaction closed that was never opened for one, panics here with a *Trap; [Ext.Trap] catches it as it catches the panics of pallets.
//   - Keys made without a seed are the same in every run.
//
// # What it does not do
//
// It does not bring memory back to what it was before a call: what pallets keep in variables stays, while in the blob every call starts from the same memory.
//
//	ext := native.New(t)
//	ext.Run(func() {
//		counter.Count.Put(alice, 1)
//	})
//	if root := ext.Root(); …
package native
