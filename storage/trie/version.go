package trie

// Version is the state version of the Polkadot specification: how a value enters its node.
type Version uint8

const (
	// V0 puts every value into its node as it is.
	V0 Version = 0
	// V1 puts a value longer than 32 bytes into its node as its blake2b-256 hash.
	V1 Version = 1
)
