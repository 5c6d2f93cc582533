package keys_test

import (
	stded25519 "crypto/ed25519"

	"github.com/ethereum/go-ethereum/crypto"
	"github.com/gotensor/gotensor/primitives/hash"
)

// Second opinions for the fuzzers.

func standardVerify(sig, message, public []byte) bool {
	return len(public) == stded25519.PublicKeySize && stded25519.Verify(public, message, sig)
}

func blake(message []byte) [32]byte { return hash.Blake2b256(message) }

func goEthereumRecover(sig []byte, digest [32]byte) (public [33]byte, ok bool) {
	plain := append([]byte(nil), sig...)
	if plain[64] > 26 {
		plain[64] -= 27
	}
	key, err := crypto.SigToPub(digest[:], plain)
	if err != nil {
		return public, false
	}
	return [33]byte(crypto.CompressPubkey(key)), true
}
