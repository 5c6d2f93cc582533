// Package seam talks with whatever is on the other side of package host, and writes down what it hears. It runs natively and in Wasm: both must hear the same.
//
// A script is bytes. Each step takes one for what to do, and its arguments from those that follow; where the script ends there are zeros. The
// answer is the transcript.
package seam

import (
	"github.com/gotensor/gotensor/pallets/frame/host"
	"github.com/gotensor/gotensor/primitives/scale"
)

// Steps is how many kinds of steps there are.
const Steps = 22

// Run follows the script and returns the transcript.
func Run(script []byte) []byte {
	s := &speaker{script: script}
	depth := 0 // of open transactions
	for len(s.script) > 0 {
		switch s.byte() % Steps {
		case 0, 1:
			host.Set(s.key(), s.value())
		case 2:
			host.Clear(s.key())
		case 3:
			s.hear(host.Get(s.key()))
		case 4:
			value, ok := host.Borrow(s.key())
			s.hear(value, ok)
			if ok {
				host.Return(value)
			}
		case 5:
			s.bool(host.Exists(s.key()))
		case 6:
			host.Append(s.key(), s.value())
		case 7:
			removed, more := host.ClearPrefix(s.key(), uint32(s.byte())%8)
			s.heard = append(s.heard, byte(removed), byte(removed>>8))
			s.bool(more)
		case 8:
			s.hear(host.NextKey(s.key()))
		case 9:
			root := host.Root(1)
			s.heard = append(s.heard, root[:]...)
		case 10, 11:
			host.Begin()
			depth++
		case 12:
			if depth > 0 {
				host.Rollback()
				depth--
			}
		case 13:
			if depth > 0 {
				host.Commit()
				depth--
			}
		case 14:
			value := s.value()
			s.heard = host.AppendBlake2_128(s.heard, value)
			for _, f := range []func([]byte) [32]byte{host.Blake2_256, host.Twox256, host.Keccak256} {
				sum := f(value)
				s.heard = append(s.heard, sum[:]...)
			}
		case 15:
			var signature [64]byte
			var public [32]byte
			copy(signature[:], s.value())
			copy(public[:], s.key())
			s.bool(host.Sr25519Verify(&signature, s.value(), &public))
			s.bool(host.Ed25519Verify(&signature, s.value(), &public))
		case 16:
			var signature [65]byte
			copy(signature[:], host.AppendBlake2_128(host.AppendBlake2_128(nil, s.value()), s.key()))
			digest := host.Blake2_256(s.value())
			public, ok := host.Secp256k1RecoverCompressed(&signature, &digest)
			s.hear(public[:], ok)
		case 17:
			values := make([][]byte, s.byte()%40)
			for i := range values {
				values[i] = s.value()
			}
			root := host.OrderedRoot(scale.AppendSeq(nil, values, scale.AppendBytes), s.byte()%2)
			s.heard = append(s.heard, root[:]...)
		case 18:
			s.hear(host.RuntimeVersion(s.value()))
		case 19:
			host.OffchainIndexSet(s.key(), s.value())
		case 20:
			host.Log(1+s.byte()%5, "seam", "said "+string([]byte{'a' + s.byte()%26}))
			s.heard = append(s.heard, host.MaxLogLevel())
		case 21:
			id := [4]byte([]byte("test"))
			public := host.Sr25519Generate(id, []byte("//seam"), true)
			s.heard = append(s.heard, public[:]...)
			public = host.Ed25519Generate(id, []byte("//seam"), true)
			s.heard = append(s.heard, public[:]...)
		}
	}
	for range depth {
		host.Commit()
	}
	return s.heard
}

// Verify takes a signature, a public key and a message, and answers whether sr25519 and ed25519 find it good.
func Verify(args []byte) []byte {
	signature, public, message := [64]byte(args), [32]byte(args[64:]), args[96:]
	var s speaker
	s.bool(host.Sr25519Verify(&signature, message, &public))
	s.bool(host.Ed25519Verify(&signature, message, &public))
	return s.heard
}

// Recover takes a signature and a digest, and answers with the key.
func Recover(args []byte) []byte {
	signature, digest := [65]byte(args), [32]byte(args[65:])
	var s speaker
	public, ok := host.Secp256k1RecoverCompressed(&signature, &digest)
	s.hear(public[:], ok)
	return s.heard
}

// Panic panics with the words.
func Panic(words []byte) []byte { panic("BUG: " + string(words)) }

// Read borrows the value at a key 256 times and answers with how many bytes it saw.
func Read(key []byte) []byte {
	n := 0
	for range 256 {
		value, ok := host.Borrow(key)
		if ok {
			n += len(value)
			host.Return(value)
		}
	}
	return []byte{byte(n), byte(n >> 8), byte(n >> 16)}
}

// Hash hashes the argument 256 times.
func Hash(data []byte) []byte {
	var sum []byte
	for range 256 {
		sum = host.AppendBlake2_128(sum[:0], data)
	}
	return sum
}

// Write sets a key 256 times to its own name.
func Write(key []byte) []byte {
	for range 256 {
		host.Set(key, key)
	}
	return nil
}

// Echo answers with its argument.
func Echo(args []byte) []byte { return args }

type speaker struct{ script, heard []byte }

func (s *speaker) byte() byte {
	if len(s.script) == 0 {
		return 0
	}
	b := s.script[0]
	s.script = s.script[1:]
	return b
}

// key returns one of a few keys, some of which begin with others.
func (s *speaker) key() []byte {
	b := s.byte()
	return []byte("key/a/b/c/dd")[:4+b%8+b%2]
}

// value returns up to 300 bytes, or few.
func (s *speaker) value() []byte {
	b := s.byte()
	n := int(b) % 40
	if b >= 240 {
		n = int(b)*70 - 16800 + 60 // lengths around 64 and beyond 256 too
	}
	v := make([]byte, n)
	for i := range v {
		v[i] = b + byte(i)
	}
	return v
}

func (s *speaker) bool(ok bool) {
	b := byte(0)
	if ok {
		b = 1
	}
	s.heard = append(s.heard, b)
}

func (s *speaker) hear(value []byte, ok bool) {
	s.bool(ok)
	if ok {
		s.heard = append(append(s.heard, byte(len(value)), byte(len(value)>>8)), value...)
	}
}
