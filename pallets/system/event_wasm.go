package system

import "github.com/gotensor/gotensor/primitives/hash"

// record does nothing in the blob: there the list in the state is all there is.
func record(uint32, Phase, []byte, []hash.H256) {}
