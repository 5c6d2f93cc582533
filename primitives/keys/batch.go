package keys

import (
	"github.com/oasisprotocol/curve25519-voi/primitives/ed25519"
	"github.com/oasisprotocol/curve25519-voi/primitives/sr25519"
)

// Batch verifies many signatures together, which costs less than one after the other where all are good (see the
// benchmarks) and a little more where one is bad. It accepts exactly what Verify accepts, but for a chance of 2^-128
// that its random weights hide a bad signature. Nothing given to Add is kept by reference. Not safe for concurrent use.
type Batch struct {
	sr   *sr25519.BatchVerifier
	ed   *ed25519.BatchVerifier
	at   []batchSlot
	nSr  int
	nEd  int
	good []bool // ecdsa, verified when added: there is no batch form
}

// batchSlot says where the answer to one signature is found.
type batchSlot struct {
	scheme Scheme
	index  int
}

// NewBatch returns an empty batch with room for capacity signatures; more may be added.
func NewBatch(capacity int) *Batch {
	return &Batch{
		sr: sr25519.NewBatchVerifierWithCapacity(capacity),
		ed: ed25519.NewBatchVerifierWithCapacity(capacity).ForceNoPublicKeyExpansion(),
		at: make([]batchSlot, 0, capacity),
	}
}

// Add adds a signature. One of the wrong length, or of an unknown scheme, makes the batch bad.
func (b *Batch) Add(scheme Scheme, sig, message, public []byte) {
	switch {
	case scheme == Sr25519:
		var key sr25519.PublicKey
		var signature sr25519.Signature
		// What does not parse stays uninitialised, and the verifier counts it as bad.
		if signature.UnmarshalBinary(sig) == nil {
			_ = key.UnmarshalBinary(public)
		}
		b.sr.Add(&key, sr25519Context.NewTranscriptBytes(message), &signature)
		b.at = append(b.at, batchSlot{Sr25519, b.nSr})
		b.nSr++
	case scheme == Ed25519 && len(sig) == ed25519.SignatureSize && len(public) == ed25519.PublicKeySize:
		b.ed.AddWithOptions(public, message, sig, zip215)
		b.at = append(b.at, batchSlot{Ed25519, b.nEd})
		b.nEd++
	default:
		b.at = append(b.at, batchSlot{Ecdsa, len(b.good)})
		b.good = append(b.good, Verify(scheme, sig, message, public))
	}
}

// Len returns the number of signatures added.
func (b *Batch) Len() int { return len(b.at) }

// Verify reports whether all signatures are good; an empty batch is.
func (b *Batch) Verify() bool {
	for _, good := range b.good {
		if !good {
			return false
		}
	}
	return (b.nSr == 0 || b.sr.VerifyBatchOnly(nil)) && (b.nEd == 0 || b.ed.VerifyBatchOnly(nil))
}

// VerifyEach returns for each signature, in the order of Add, whether it is good.
func (b *Batch) VerifyEach() []bool {
	_, sr := b.sr.Verify(nil)
	_, ed := b.ed.Verify(nil)
	each := make([]bool, len(b.at))
	for i, slot := range b.at {
		switch slot.scheme {
		case Sr25519:
			each[i] = sr[slot.index]
		case Ed25519:
			each[i] = ed[slot.index]
		default:
			each[i] = b.good[slot.index]
		}
	}
	return each
}
