package wasmhost

import (
	"encoding/binary"
	"testing"

	"github.com/gotensor/gotensor/primitives/keys"
)

// TestSignatureMemory: what is remembered is the very signature, bad ones never, and the oldest are forgotten.
func TestSignatureMemory(t *testing.T) {
	verified := 0
	verify := func(sig, _, _ []byte) bool { verified++; return sig[0] == 1 }
	memory := NewSignatures(4)
	ask := func(scheme keys.Scheme, sig byte, message uint32, public byte) (ok, asked bool) {
		before := verified
		s, p := make([]byte, 64), make([]byte, 32)
		s[0], p[0] = sig, public
		ok = memory.good(scheme, s, binary.LittleEndian.AppendUint32(nil, message), p, verify)
		return ok, verified > before
	}
	for _, test := range []struct {
		name      string
		scheme    keys.Scheme
		sig       byte
		message   uint32
		public    byte
		ok, asked bool
	}{
		{"new", keys.Sr25519, 1, 7, 1, true, true},
		{"known", keys.Sr25519, 1, 7, 1, true, false},
		{"another message", keys.Sr25519, 1, 8, 1, true, true},
		{"another key", keys.Sr25519, 1, 7, 2, true, true},
		{"another scheme", keys.Ed25519, 1, 7, 1, true, true},
		{"bad", keys.Sr25519, 0, 7, 1, false, true},
		{"bad again", keys.Sr25519, 0, 7, 1, false, true},
	} {
		if ok, asked := ask(test.scheme, test.sig, test.message, test.public); ok != test.ok || asked != test.asked {
			t.Errorf("%s: good %v, verified %v, expected %v, %v", test.name, ok, asked, test.ok, test.asked)
		}
	}
	for m := range uint32(20) {
		ask(keys.Sr25519, 1, 100+m, 1)
		if n := len(memory.recent) + len(memory.old); n > 8 {
			t.Fatalf("%d signatures are remembered, expected at most 8", n)
		}
	}
	if _, asked := ask(keys.Sr25519, 1, 7, 1); !asked {
		t.Error("the oldest signature was not forgotten")
	}
	if _, asked := ask(keys.Sr25519, 1, 119, 1); asked {
		t.Error("the newest signature was forgotten")
	}
	var none *Signatures
	if !none.good(keys.Sr25519, []byte{1}, nil, nil, verify) {
		t.Error("without a memory nothing is good")
	}
	if memory.Hits() == 0 {
		t.Error("no hits were counted")
	}
}
