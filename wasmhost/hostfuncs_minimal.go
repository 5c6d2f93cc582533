package wasmhost

type hostState struct{}

var hostFuncs []hostFunc
