//go:build !wasm

package describe

import (
	"reflect"

	"github.com/gotensor/gotensor/primitives/metadata"
)

// Describer is a pallet that describes itself; the method is generated.
type Describer interface {
	Describe(r *Registry) Pallet
}

// Pallet is the description of a pallet. Lists are in the order of metadata; nil where the pallet has none.
type Pallet struct {
	Docs      []string
	Storage   []Item
	Calls     []metadata.Variant
	Events    []metadata.Variant
	Errors    []metadata.Variant
	Constants []metadata.Constant
}

// Item is a storage item.
type Item struct {
	Name     string
	Docs     []string
	Optional bool // an absent value reads as none, else as Default
	Hashers  []metadata.Hasher
	Keys     []metadata.TypeID // as many as Hashers; none for a value
	Value    metadata.TypeID
	Default  []byte // encoded; empty byte 0 where Optional
}

// Registry gives each Go type that occurs its number in metadata.
type Registry struct {
	types []metadata.Type
	ids   map[reflect.Type]metadata.TypeID
	shape map[string]metadata.TypeID
}

// descriptions are how types that are not what reflection shows describe themselves.
var descriptions = make(map[reflect.Type]func(r *Registry) metadata.Type)

// Type registers how T describes itself: generated files and those of hand-written codecs call it when the program starts.
//
//	func init() {
//		describe.Type[AccountData](func(r *describe.Registry) metadata.Type {
//			return describe.Composite("pallet_balances::types::AccountData", describe.Params("Balance", describe.Of[units.Rao](r)),
//				describe.Field("free", describe.Of[units.Rao](r), "Balance"), …)
//		})
//	}
func Type[T any](describe func(r *Registry) metadata.Type) {
	descriptions[reflect.TypeFor[T]()] = describe
}
