package aura

import (
	"errors"

	"github.com/gotensor/gotensor/primitives/chain"
	"github.com/gotensor/gotensor/primitives/scale"
)

// Authority is a public key that authors blocks, sr25519 on most chains and ed25519 on some.
type Authority [32]byte

// AppendScale appends the 32 bytes.
func (a Authority) AppendScale(dst []byte) []byte { return append(dst, a[:]...) }

// DecodeScale reads 32 bytes.
func (a *Authority) DecodeScale(d *scale.Decoder) { *a = d.Array32() }

// DecodeAuthorities reads the answer of AuraApi_authorities.
func DecodeAuthorities(answer []byte) ([]Authority, error) {
	return scale.UnmarshalFunc(answer, scale.DecodeSlice[Authority])
}

// SignatureSize is the length of a seal's signature in both schemes.
const SignatureSize = 64

// Errors of what stands in the digest.
var (
	// ErrMultiplePreDigests: the digest names more than one slot.
	ErrMultiplePreDigests = errors.New("multiple aura pre-runtime digests")
	// ErrNoPreDigest: the digest names no slot.
	ErrNoPreDigest = errors.New("no aura pre-runtime digest")
	// ErrAuthoritiesChange: the runtime's message to the engine is malformed, or there are two. Substrate's node does not read it; smoldot refuses two.
	ErrAuthoritiesChange = errors.New("aura consensus digest")
)

// PreDigest returns the item that names the slot: it is in the header before the runtime sees it.
func PreDigest(slot Slot) chain.DigestItem {
	return chain.DigestItem{Kind: chain.DigestPreRuntime, Engine: chain.EngineAura, Data: scale.AppendU64(nil, uint64(slot))}
}

// Seal returns the item that holds the author's signature: the last one.
func Seal(signature [SignatureSize]byte) chain.DigestItem {
	return chain.DigestItem{Kind: chain.DigestSeal, Engine: chain.EngineAura, Data: signature[:]}
}

// SlotOf returns the slot that a header names: 0 for genesis. An item of the engine that is not 8 bytes long is passed over, as in Substrate. Errors:
// ErrNoPreDigest, ErrMultiplePreDigests.
func SlotOf(header *chain.Header) (Slot, error) {
	if header.Number == 0 {
		return 0, nil
	}
	return slotIn(header.Digest)
}

func slotIn(digest []chain.DigestItem) (slot Slot, err error) {
	found := false
	for i := range digest {
		item := &digest[i]
		if item.Kind != chain.DigestPreRuntime || item.Engine != chain.EngineAura {
			continue
		}
		s, err := scale.UnmarshalFunc(item.Data, (*scale.Decoder).U64)
		if err != nil {
			continue
		}
		if found {
			return 0, ErrMultiplePreDigests
		}
		slot, found = Slot(s), true
	}
	if !found {
		return 0, ErrNoPreDigest
	}
	return slot, nil
}

// Author returns whose slot it is; false where there are no authorities.
func Author(slot Slot, authorities []Authority) (Authority, bool) {
	if len(authorities) == 0 {
		return Authority{}, false
	}
	return authorities[uint64(slot)%uint64(len(authorities))], true
}

// Variants of sp_consensus_aura's ConsensusLog.
const (
	logAuthoritiesChange = 1
	logOnDisabled        = 2
)

// AuthoritiesChange returns the authorities that a header announces for the blocks after it; false where it announces none. Errors: ErrAuthoritiesChange.
func AuthoritiesChange(header *chain.Header) (authorities []Authority, changed bool, err error) {
	for _, item := range header.Digest {
		if item.Kind != chain.DigestConsensus || item.Engine != chain.EngineAura {
			continue
		}
		list, isList, err := decodeLog(item.Data)
		if err != nil {
			return nil, false, errors.Join(ErrAuthoritiesChange, err)
		}
		if !isList {
			continue
		}
		if changed {
			return nil, false, errors.Join(ErrAuthoritiesChange, errors.New("two lists of authorities"))
		}
		authorities, changed = list, true
	}
	return authorities, changed, nil
}

func decodeLog(data []byte) (authorities []Authority, isList bool, err error) {
	_, err = scale.UnmarshalFunc(data, func(d *scale.Decoder) struct{} {
		switch variant := d.U8(); variant {
		case logAuthoritiesChange:
			authorities, isList = scale.DecodeSlice[Authority](d), true
		case logOnDisabled:
			d.U32()
		default:
			d.FailVariant("ConsensusLog", variant)
		}
		return struct{}{}
	})
	return authorities, isList, err
}
