package wasmhost

// Chapter "Panic handler".

var panicHandlerFuncs = []hostFunc{
	{"ext_panic_handler_abort_on_panic_version_1", params(i64), nil, panicHandlerAbort},
}

// panicHandlerAbort implements ext_panic_handler_abort_on_panic_version_1: message → does not return.
//
//	message: span of UTF-8; what is no UTF-8 is replaced, since the call is lost anyway
//	traps: always, with a GuestPanic that holds the message
func panicHandlerAbort(c *call, stack []uint64) {
	c.trap(&GuestPanic{Message: clip(c.bytes(stack[0], 0))})
}
