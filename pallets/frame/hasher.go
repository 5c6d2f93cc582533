package frame

import (
	"github.com/gotensor/gotensor/pallets/frame/host"
	"github.com/gotensor/gotensor/primitives/hash"
)

// Hasher is how the key of a map is turned into the key of the state. The numbers are those of metadata.
type Hasher uint8

// The hashers. The Concat ones put the key behind its hash, so that keys can be read back.
const (
	hashBlake2_128       Hasher = 0
	hashBlake2_256       Hasher = 1
	hashBlake2_128Concat Hasher = 2
	hashTwox128          Hasher = 3
	hashTwox256          Hasher = 4
	hashTwox64Concat     Hasher = 5
	hashIdentity         Hasher = 6
)

// HasherType is a hasher in a declaration: one of the empty types below.
type HasherType interface{ Hasher() Hasher }

type (
	// Blake2_128Concat is for keys that users choose: nobody can craft keys that crowd one branch of the trie.
	Blake2_128Concat struct{}
	// Twox64Concat is for keys that users cannot choose freely: fast, and not collision resistant.
	Twox64Concat struct{}
	// Identity is for keys that are uniformly distributed hashes already, or small and bounded in number.
	Identity struct{}
	// Blake2_128 hashes with 128 bits, and the key cannot be read back.
	Blake2_128 struct{}
	// Blake2_256 hashes with 256 bits, and the key cannot be read back.
	Blake2_256 struct{}
	// Twox128 hashes with 128 bits, and the key cannot be read back.
	Twox128 struct{}
	// Twox256 hashes with 256 bits, and the key cannot be read back.
	Twox256 struct{}
)

// Hasher implements HasherType.
func (Blake2_128Concat) Hasher() Hasher { return hashBlake2_128Concat }

// Hasher implements HasherType.
func (Twox64Concat) Hasher() Hasher { return hashTwox64Concat }

// Hasher implements HasherType.
func (Identity) Hasher() Hasher { return hashIdentity }

// Hasher implements HasherType.
func (Blake2_128) Hasher() Hasher { return hashBlake2_128 }

// Hasher implements HasherType.
func (Blake2_256) Hasher() Hasher { return hashBlake2_256 }

// Hasher implements HasherType.
func (Twox128) Hasher() Hasher { return hashTwox128 }

// Hasher implements HasherType.
func (Twox256) Hasher() Hasher { return hashTwox256 }

// Append appends the hash of key, and key itself where the hasher keeps it.
func (h Hasher) Append(dst, key []byte) []byte {
	switch h {
	case hashBlake2_128Concat:
		return append(host.AppendBlake2_128(dst, key), key...)
	case hashTwox64Concat:
		sum := hash.Twox64(key)
		return append(append(dst, sum[:]...), key...)
	case hashIdentity:
		return append(dst, key...)
	case hashBlake2_128:
		return host.AppendBlake2_128(dst, key)
	case hashBlake2_256:
		sum := host.Blake2_256(key)
		return append(dst, sum[:]...)
	case hashTwox128:
		sum := hash.Twox128(key)
		return append(dst, sum[:]...)
	case hashTwox256:
		sum := hash.Twox256(key)
		return append(dst, sum[:]...)
	}
	panic("BUG: unknown storage hasher")
}

// skip returns how many bytes stand in front of the key itself, or -1 where the hasher does not keep it.
func (h Hasher) skip() int {
	switch h {
	case hashBlake2_128Concat:
		return 16
	case hashTwox64Concat:
		return 8
	case hashIdentity:
		return 0
	}
	return -1
}
