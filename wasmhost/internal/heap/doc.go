// Package heap is the allocator of the Polkadot Host: the freeing-bump allocator that hands out memory of the guest.
//
// A runtime built with Substrate has no allocator of its own. It asks the host through ext_allocator_malloc and
// ext_allocator_free, and the host itself allocates the buffers that its answers are returned in. Where the pieces lie
// is part of the protocol in effect: a guest that reads its own pointers would see the difference.
//
//	0            heap base                     bumper                       memory size
//	+------------+----------------------------+---------------------------+
//	| guest data | header block header block … | never handed out so far   |
//	+------------+----------------------------+---------------------------+
//
// # Rules
//
//   - Sizes are rounded up to a power of two between 8 bytes and 32 MiB; order n means blocks of 8 << n bytes, 23 orders.
//   - Every block is preceded by a header of 8 bytes, a little-endian u64. Bit 32 set: occupied, the low half is the order.
//     Bit 32 clear: free, the low half is the header address of the next free block of that order, or 0xffffffff.
//   - Alloc takes the block freed last from the list of its order, else moves the bumper. Blocks are never split or merged.
//   - Where the bumper passes the end of memory, memory grows to twice its pages, bounded by the maximum, or to what is
//     needed where that is more.
//   - After any error the allocator is poisoned: each later request is an error. The call that caused it is lost anyway.
//
// Blocks are aligned to 8 bytes and never overlap as long as the guest leaves the headers alone. The headers live in guest
// memory, so a guest can forge them; it then hurts only itself. No forged header makes this package panic, loop, or touch a
// byte outside of the memory it was given.
//
// What it does not do: memory that the guest grows on its own above the bumper is handed out like any other, as in
// Substrate. Allocations above 32 MiB, which newer Substrate nodes grant to offchain calls, are refused here always.
//
// Source: paritytech/polkadot-sdk substrate/client/allocator/src/freeing_bump.rs; Polkadot specification, Host API,
// chapter "Allocator".
//
//	a := heap.New(heapBase, 2048)
//	ptr, err := a.Alloc(mem, 100) // 128 bytes at ptr, header at ptr-8
//	err = a.Free(mem, ptr)
package heap
