package wasmhost

// Runtime is a loaded runtime.
type Runtime struct{}
