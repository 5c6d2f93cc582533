package wasmhost

// Chapter "Allocator": the guest's heap, which the host manages. See package heap.

var allocatorFuncs = []hostFunc{
	{"ext_allocator_malloc_version_1", params(i32), results(i32), allocatorMalloc},
	{"ext_allocator_free_version_1", params(i32), nil, allocatorFree},
}

// allocatorMalloc implements ext_allocator_malloc_version_1: size → pointer.
//
//	size: i32, bytes
//	result: i32 address, a multiple of 8; the bytes are whatever was there
//	traps: more than 32 MiB; memory at its ceiling; a header that the guest overwrote
func allocatorMalloc(c *call, stack []uint64) {
	ptr, err := c.heap.Alloc(c.mem, uint32(stack[0]))
	c.check(err)
	stack[0] = uint64(ptr)
}

// allocatorFree implements ext_allocator_free_version_1: pointer → nothing.
//
//	pointer: i32, as malloc or a host function returned it
//	traps: an address that is not in use, or a header that the guest overwrote
func allocatorFree(c *call, stack []uint64) {
	c.check(c.heap.Free(c.mem, uint32(stack[0])))
}
