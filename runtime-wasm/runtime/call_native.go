//go:build !wasm

package runtime

// Call calls a runtime API function by its export's name, "Core_version", with the runtime as it is when a program starts. It is how tests do what a host does with
// the blob; they run it in testnet/native. ok is false where there is no such function. It panics where the blob would trap.
func Call(export string, args []byte) (result []byte, ok bool) {
	for _, a := range APIs {
		for _, m := range a.Methods {
			if a.Name+"_"+m.Name == export {
				described()
				Compose()
				return m.Call(args), true
			}
		}
	}
	return nil, false
}
