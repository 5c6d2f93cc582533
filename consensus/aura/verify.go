package aura

import (
	"errors"
	"fmt"

	"github.com/gotensor/gotensor/primitives/chain"
	"github.com/gotensor/gotensor/primitives/hash"
	"github.com/gotensor/gotensor/primitives/keys"
)

// What can be wrong with a header, besides ErrNoPreDigest and ErrMultiplePreDigests. They come wrapped in a *HeaderError.
var (
	ErrUnsealed           = errors.New("header is unsealed")
	ErrBadSeal            = errors.New("header has a bad seal") // the last digest item is no signature of this engine
	ErrSlotAuthorNotFound = errors.New("slot author not found") // there are no authorities
	ErrBadSignature       = errors.New("bad signature")
	// ErrFuture: the slot has not begun. The header may be good then: it was not looked at further.
	ErrFuture = errors.New("header slot is in the future")
)

// HeaderError says why a header was not accepted. Unwrap gives the reason, one of the errors above; the text is Substrate's.
type HeaderError struct {
	Hash hash.H256 // of the header with its seal
	Slot Slot      // for ErrFuture
	Err  error
}

// Error returns Substrate's text.
func (e *HeaderError) Error() string {
	switch e.Err {
	case ErrMultiplePreDigests:
		return "Multiple Aura pre-runtime headers"
	case ErrNoPreDigest:
		return "No Aura pre-runtime digest found"
	case ErrUnsealed:
		return fmt.Sprintf("Header %s is unsealed", e.Hash)
	case ErrBadSeal:
		return fmt.Sprintf("Header %s has a bad seal", e.Hash)
	case ErrSlotAuthorNotFound:
		return "Slot Author not found"
	case ErrBadSignature:
		return fmt.Sprintf("Bad signature on %s", e.Hash)
	case ErrFuture:
		return fmt.Sprintf("Header %s rejected: too far in the future", e.Hash)
	}
	return e.Err.Error()
}

// Unwrap returns the reason.
func (e *HeaderError) Unwrap() error { return e.Err }

// Checked is what a good header says.
type Checked struct {
	Hash     hash.H256    // of the header with its seal: the block's
	Unsealed chain.Header // without its seal, as the runtime sees it
	Seal     chain.DigestItem
	Slot     Slot
	Author   Authority
}

// Verify checks that the author of the header's slot sealed it. authorities are those in the state after the parent (AuraApi_authorities), now is the last slot
// whose blocks are taken: Substrate's verifier gives the current one and 1, for clocks that differ. scheme is keys.Sr25519 or keys.Ed25519. Errors:
// *HeaderError. Source: sc-consensus-aura standalone.rs, check_header_slot_and_seal.
func Verify(header *chain.Header, scheme keys.Scheme, authorities []Authority, now Slot) (*Checked, error) {
	id := header.Hash()
	fail := func(slot Slot, err error) (*Checked, error) { return nil, &HeaderError{id, slot, err} }
	if len(header.Digest) == 0 {
		return fail(0, ErrUnsealed)
	}
	unsealed, seal := *header, header.Digest[len(header.Digest)-1]
	unsealed.Digest = header.Digest[:len(header.Digest)-1]
	if seal.Kind != chain.DigestSeal || seal.Engine != chain.EngineAura || len(seal.Data) != SignatureSize {
		return fail(0, ErrBadSeal)
	}
	slot, err := SlotOf(&unsealed)
	if err != nil {
		return fail(0, err)
	}
	if slot > now {
		return fail(slot, ErrFuture)
	}
	author, ok := Author(slot, authorities)
	if !ok {
		return fail(slot, ErrSlotAuthorNotFound)
	}
	signed := unsealed.Hash()
	if !keys.Verify(scheme, seal.Data, signed[:], author[:]) {
		return fail(slot, ErrBadSignature)
	}
	return &Checked{Hash: id, Unsealed: unsealed, Seal: seal, Slot: slot, Author: author}, nil
}
