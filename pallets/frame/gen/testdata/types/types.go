// Package types has types that the generator refuses.
package types

//frame:type
type NoPath struct{ A uint32 }

//frame:type pallet_types::Both
//frame:tuple
type Both struct{ A uint32 }

//frame:type pallet_types::Open<T=uint32
type Open struct{ A uint32 }

//frame:type pallet_types::Expression<T=uint32 +>
type Expression struct{ A uint32 }

//frame:tuple
type NoStruct uint32

//frame:type pallet_types::Generic
type Generic[T any] struct{ A T }

//frame:enum pallet_types::Wide
type Wide uint16

//frame:enum pallet_types::Empty
type Empty uint8

//frame:enum pallet_types::Same
type Same uint8

const (
	SameA Same = 0
	SameB Same = 0
	SameC      = SameA
)

//frame:bound 3
type NoType []byte

//frame:type pallet_types::Bound
//frame:bound 3
type Bound [3]byte

//frame:type pallet_types::Half
type Half struct{ A uint32 }

func (Half) AppendScale(dst []byte) []byte { return dst }

//frame:type pallet_types::Floats
type Floats []float32

//frame:type pallet_types::Other
type Other Half

//frame:name Something
func function() {}

//frame:compact
type Signed int32

//frame:compact
type Struct struct{ A uint32 }
