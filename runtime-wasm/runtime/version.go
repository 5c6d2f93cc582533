package runtime

import (
	"github.com/gotensor/gotensor/primitives/chain"
)

// API is a runtime API: what its id and version promise to clients.
type API struct {
	Name    string
	ID      chain.APIID // blake2b-64 of the name; a test compares them, so that the runtime need not hash
	Version uint32
	Methods []Method
}

// Method is a function of a runtime API. Its export is called <API>_<Name>.
type Method struct {
	Name string
	// Call takes encoded arguments and returns the encoded result. It panics where the arguments do not decode, and where the Host API asks for a trap: over a
	// block that is not valid.
	Call func(args []byte) []byte
}

// Version says what the runtime is. Where rules change, SpecVersion counts up; where the encoding of calls or extensions does, TransactionVersion too. Its APIs
// are those of the list APIs.
var Version = chain.RuntimeVersion{
	SpecName:           "node-subtensor",
	ImplName:           "node-subtensor",
	AuthoringVersion:   1,
	SpecVersion:        425,
	ImplVersion:        1,
	TransactionVersion: 1,
	SystemVersion:      1,
}

func init() {
	for _, a := range APIs {
		Version.APIs = append(Version.APIs, chain.API{ID: a.ID, Version: a.Version})
	}
	encodedVersion = Version.AppendScale(nil)
	Compose()
}

// encodedVersion is the answer of Core_version.
var encodedVersion []byte
