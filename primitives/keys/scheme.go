package keys

// Scheme is a signature scheme. The numbers are those of the MultiSignature enum on the wire.
type Scheme uint8

// Signature schemes.
const (
	Ed25519 Scheme = 0
	Sr25519 Scheme = 1
	Ecdsa   Scheme = 2
)

// String returns the scheme's name as on the command line: "ed25519", "sr25519" or "ecdsa".
func (s Scheme) String() string {
	switch s {
	case Ed25519:
		return "ed25519"
	case Sr25519:
		return "sr25519"
	case Ecdsa:
		return "ecdsa"
	}
	return "unknown scheme"
}

// TypeID names the purpose of a key in a keystore: "aura", "gran", ….
type TypeID [4]byte
