package preimage

import (
	"github.com/gotensor/gotensor/pallets/frame"
	"github.com/gotensor/gotensor/pallets/frame/host"
	"github.com/gotensor/gotensor/pallets/system"
	"github.com/gotensor/gotensor/primitives/hash"
	"github.com/gotensor/gotensor/primitives/scale"
)

// MaxInline is how many bytes a Bounded holds itself.
const MaxInline = 128

// BoundedKind is the kind of a Bounded. The numbers are those on the wire.
type BoundedKind uint8

// Kinds of Bounded.
const (
	Legacy BoundedKind = 0 // the hash of a preimage whose length is not known
	Inline BoundedKind = 1 // the bytes themselves
	Lookup BoundedKind = 2 // hash and length of a preimage
)

// Bounded is a call in a few bytes: itself, or the preimage that it is. Source: frame_support::traits::Bounded.
type Bounded struct {
	Kind  BoundedKind
	Bytes []byte    // Inline: the encoded call, at most MaxInline bytes
	Hash  hash.H256 // Legacy, Lookup
	Len   uint32    // Lookup
}

// AppendScale appends the call.
func (b Bounded) AppendScale(dst []byte) []byte {
	dst = append(dst, byte(b.Kind))
	switch b.Kind {
	case Inline:
		return scale.AppendBytes(dst, b.Bytes)
	case Lookup:
		return scale.AppendU32(append(dst, b.Hash[:]...), b.Len)
	}
	return append(dst, b.Hash[:]...)
}

// DecodeScale reads a call.
func (b *Bounded) DecodeScale(d *scale.Decoder) {
	b.Kind = BoundedKind(d.U8())
	switch b.Kind {
	case Legacy:
		b.Hash = d.Array32()
	case Inline:
		at := d.Offset()
		if b.Bytes = d.Bytes(); len(b.Bytes) > MaxInline {
			d.Fail(at, "inline call", scale.ErrRange, "more than 128 bytes")
		}
	case Lookup:
		b.Hash = d.Array32()
		b.Len = d.U32()
	default:
		d.FailVariant("bounded call", uint8(b.Kind))
	}
}

// LookupHash returns the hash of the preimage, and false for an inline call.
func (b *Bounded) LookupHash() (hash.H256, bool) { return b.Hash, b.Kind != Inline }

// LookupLen returns the length of the preimage, and false where none is needed or its length is not known.
func (b *Bounded) LookupLen() (uint32, bool) { return b.Len, b.Kind == Lookup }

// Size returns how many bytes the call has, and false where that is not known.
func (b *Bounded) Size() (uint32, bool) {
	switch b.Kind {
	case Inline:
		return uint32(len(b.Bytes)), true
	case Lookup:
		return b.Len, true
	}
	return 0, false
}

// CallHash returns the hash of the encoded call.
func (b *Bounded) CallHash() hash.H256 {
	if b.Kind == Inline {
		return host.Blake2_256(b.Bytes)
	}
	return b.Hash
}

// Bound makes a call small: one that does not fit inline becomes a preimage of the chain, which is requested. Error: Exhausted where the
// call has more than MaxSize bytes.
func (p *Pallet) Bound(c frame.Call) (Bounded, error) {
	return p.BoundBytes(c.AppendScale(nil))
}

// BoundBytes is Bound for an encoded call.
func (p *Pallet) BoundBytes(encoded []byte) (Bounded, error) {
	if len(encoded) <= MaxInline {
		return Bounded{Kind: Inline, Bytes: encoded}, nil
	}
	h, err := p.Note(encoded)
	if err != nil {
		return Bounded{}, err
	}
	return Bounded{Kind: Lookup, Hash: h, Len: uint32(len(encoded))}, nil
}

// Note stores bytes for the chain, which also requests them. Error: Exhausted where they are more than MaxSize.
func (p *Pallet) Note(bytes []byte) (hash.H256, error) {
	_, h, err := p.note(bytes, nil)
	if err == TooBig {
		return h, frame.Exhausted
	}
	return h, err
}

// Unnote takes back a Note, or removes a user's preimage: it is UnnotePreimage by root.
func (p *Pallet) Unnote(h hash.H256) {
	if err := p.unnote(h, nil); err != nil {
		host.Log(1, "runtime::preimage", "unnote of what was not noted")
	}
}

// Len returns how many bytes the preimage has, and false where it is not here.
func (p *Pallet) Len(h hash.H256) (uint32, bool) {
	p.ensureUpdated(h)
	status, ok := p.RequestStatusFor.Get(h)
	return status.Len, ok && status.HasLen
}

// Fetch returns a preimage. Error: Unavailable where it is not here.
func (p *Pallet) Fetch(h hash.H256) ([]byte, error) {
	length, ok := p.Len(h)
	if !ok {
		return nil, frame.Unavailable
	}
	return p.FetchLen(h, length)
}

// FetchLen returns a preimage of that length. Error: Unavailable where it is not here, or has another length.
func (p *Pallet) FetchLen(h hash.H256, length uint32) ([]byte, error) {
	bytes, ok := p.PreimageFor.Get(Key{h, length})
	if !ok {
		return nil, frame.Unavailable
	}
	return bytes, nil
}

// IsRequested tells whether there are requests for the preimage.
func (p *Pallet) IsRequested(h hash.H256) bool {
	p.ensureUpdated(h)
	status, ok := p.RequestStatusFor.Get(h)
	return ok && status.Requested
}

// Request asks for a preimage: from now on it is free to store, and stays until each request has been given up.
func (p *Pallet) Request(h hash.H256) {
	p.ensureUpdated(h)
	status, _ := p.RequestStatusFor.Get(h)
	if !status.Requested {
		status.Requested, status.Count = true, 1
	} else if status.Count+1 != 0 {
		status.Count++
	}
	p.RequestStatusFor.Put(h, status)
	if status.Count == 1 {
		system.Deposit(PreimageRequested{Hash: h})
	}
}

// Unrequest gives a request up; with the last one, bytes that nobody has a deposit for go.
func (p *Pallet) Unrequest(h hash.H256) {
	if err := p.unrequest(h); err != nil {
		host.Log(1, "runtime::preimage", "more requests given up than were made")
	}
}

// Have tells whether the call can be read now.
func (p *Pallet) Have(b *Bounded) bool {
	if b.Kind == Inline {
		return true
	}
	_, ok := p.Len(b.Hash)
	return ok
}

// Hold requests the preimage of a call, if it has one.
func (p *Pallet) Hold(b *Bounded) {
	if h, ok := b.LookupHash(); ok {
		p.Request(h)
	}
}

// Drop gives up the request for the preimage of a call, if it has one.
func (p *Pallet) Drop(b *Bounded) {
	if h, ok := b.LookupHash(); ok {
		p.Unrequest(h)
	}
}

// Peek reads a call. length is the length of its preimage, and looked is false where it was inline. Errors: Unavailable where the preimage
// is not here, Corruption where it is no call of this runtime, or one that takes more memory than calls of extrinsics may.
func (p *Pallet) Peek(b *Bounded) (c frame.Call, length uint32, looked bool, err error) {
	encoded := b.Bytes
	switch b.Kind {
	case Lookup:
		encoded, err = p.FetchLen(b.Hash, b.Len)
	case Legacy:
		encoded, err = p.Fetch(b.Hash)
	}
	if err != nil {
		return nil, 0, false, err
	}
	if c, err = frame.DecodeStoredCall(encoded); err != nil {
		return nil, 0, false, frame.Corruption
	}
	if b.Kind == Inline {
		return c, 0, false, nil
	}
	return c, uint32(len(encoded)), true, nil
}

// Realize is Peek, and gives the request up where that went well.
func (p *Pallet) Realize(b *Bounded) (c frame.Call, length uint32, looked bool, err error) {
	if c, length, looked, err = p.Peek(b); err == nil {
		p.Drop(b)
	}
	return c, length, looked, err
}
