package frame

import (
	"github.com/gotensor/gotensor/primitives/chain"
	"github.com/gotensor/gotensor/primitives/scale"
)

// OriginKind says on whose behalf a call runs. The numbers are those of frame_system::RawOrigin on the wire.
type OriginKind uint8

// Kinds of origins.
const (
	OriginRoot   OriginKind = 0 // the chain itself: sudo, the scheduler, later governance
	OriginSigned OriginKind = 1 // an account
	OriginNone   OriginKind = 2 // nobody: inherents and unsigned transactions
	// OriginAuthorized is that of calls which authorise themselves; no call of this runtime does, and no call takes it.
	OriginAuthorized OriginKind = 3
)

// OriginCaller is who an origin is, in a form that can be stored: the outer enum OriginCaller of the runtime, of which System has
// the only variant.
type OriginCaller struct {
	Kind OriginKind
	Who  chain.AccountID // where Kind is OriginSigned
}

// AppendScale appends the index of System, the kind and the account.
func (o OriginCaller) AppendScale(dst []byte) []byte {
	dst = append(dst, 0, byte(o.Kind))
	if o.Kind == OriginSigned {
		dst = append(dst, o.Who[:]...)
	}
	return dst
}

// DecodeScale reads what AppendScale wrote.
func (o *OriginCaller) DecodeScale(d *scale.Decoder) {
	if pallet := d.U8(); pallet != 0 {
		d.FailVariant("origin", pallet)
		return
	}
	o.Kind = OriginKind(d.U8())
	switch o.Kind {
	case OriginSigned:
		o.Who = d.Array32()
	case OriginRoot, OriginNone, OriginAuthorized:
	default:
		d.FailVariant("system origin", uint8(o.Kind))
	}
}

// Origin is on whose behalf a call runs, and what it may call. Root passes every filter.
type Origin struct {
	Caller OriginCaller
	filter *filter
}

// filter is a chain of conditions, all of which a call must meet.
type filter struct {
	allow func(Call) bool
	next  *filter
}

// The origins. Each begins with the runtime's base filter, but Root's has none.
func Root() Origin { return Origin{Caller: OriginCaller{Kind: OriginRoot}} }

// SignedBy returns the origin of the account.
func SignedBy(who chain.AccountID) Origin {
	return Origin{Caller: OriginCaller{Kind: OriginSigned, Who: who}, filter: base()}
}

// None returns the origin of inherents.
func None() Origin { return Origin{Caller: OriginCaller{Kind: OriginNone}, filter: base()} }

// From returns the origin of a stored caller.
func From(caller OriginCaller) Origin {
	o := Origin{Caller: caller}
	if caller.Kind != OriginRoot {
		o.filter = base()
	}
	return o
}

// As returns the origin of another caller that keeps the filters of o: what a call does on behalf of others stays bound to them.
func (o Origin) As(caller OriginCaller) Origin {
	o.Caller = caller
	return o
}

// Restrict returns the origin with one more condition on what it calls.
func (o Origin) Restrict(allow func(Call) bool) Origin {
	o.filter = &filter{allow, o.filter}
	return o
}

// Allows tells whether the filters let the call through.
func (o Origin) Allows(c Call) bool {
	if o.Caller.Kind == OriginRoot {
		return true
	}
	for f := o.filter; f != nil; f = f.next {
		if !f.allow(c) {
			return false
		}
	}
	return true
}

// Signed returns the account of a signed origin. Error: BadOrigin.
func (o Origin) Signed() (who chain.AccountID, err error) {
	if o.Caller.Kind != OriginSigned {
		return who, BadOrigin
	}
	return o.Caller.Who, nil
}

// Root returns nil for the root origin. Error: BadOrigin.
func (o Origin) Root() error {
	if o.Caller.Kind != OriginRoot {
		return BadOrigin
	}
	return nil
}

// None returns nil for the origin of inherents. Error: BadOrigin.
func (o Origin) None() error {
	if o.Caller.Kind != OriginNone {
		return BadOrigin
	}
	return nil
}

// SignedOrRoot returns the account of a signed origin; ok is false for root. Error: BadOrigin.
func (o Origin) SignedOrRoot() (who chain.AccountID, ok bool, err error) {
	switch o.Caller.Kind {
	case OriginSigned:
		return o.Caller.Who, true, nil
	case OriginRoot:
		return who, false, nil
	}
	return who, false, BadOrigin
}
