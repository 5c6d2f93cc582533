package wasmhost

import (
	"sync"

	"golang.org/x/crypto/blake2b"

	"github.com/gotensor/gotensor/primitives/keys"
)

// Signatures remembers which signatures were found good, so that an extrinsic that the pool has judged is not verified again in its block, nor
// in the blocks of other forks. It holds between one and two times its size and forgets the oldest. What a guest is answered does not
// depend on it. It is safe for concurrent use.
type Signatures struct {
	size int

	mu          sync.Mutex
	recent, old map[[32]byte]struct{}
	hits        uint64
}

// NewSignatures returns a memory of at least size signatures, 100 bytes each.
func NewSignatures(size int) *Signatures {
	return &Signatures{size: size, recent: make(map[[32]byte]struct{})}
}

// Hits returns how often a signature was known.
func (s *Signatures) Hits() uint64 {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.hits
}

// good answers what verify answers. Only good signatures are remembered: bad ones cost whoever sends them.
func (s *Signatures) good(scheme keys.Scheme, sig, message, public []byte, verify func(sig, message, public []byte) bool) bool {
	if s == nil {
		return verify(sig, message, public)
	}
	// Signature and key have the size of their scheme, so what is hashed is unambiguous.
	h, err := blake2b.New256(nil)
	if err != nil {
		panic("BUG: blake2b refuses to work without a key: " + err.Error())
	}
	h.Write([]byte{byte(scheme)})
	h.Write(public)
	h.Write(sig)
	h.Write(message)
	var key [32]byte
	h.Sum(key[:0])

	s.mu.Lock()
	_, known := s.recent[key]
	if !known {
		_, known = s.old[key]
	}
	if known {
		s.hits++
	}
	s.mu.Unlock()
	if known {
		return true
	}
	if !verify(sig, message, public) {
		return false
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if len(s.recent) >= s.size {
		s.recent, s.old = make(map[[32]byte]struct{}, s.size), s.recent
	}
	s.recent[key] = struct{}{}
	return true
}
