//go:build !wasm

package describe

import (
	"fmt"
	"reflect"
	"strings"

	"github.com/gotensor/gotensor/pallets/frame"
	"github.com/gotensor/gotensor/primitives/chain"
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

// Registry gives each type that occurs its number in metadata.
type Registry struct {
	types  []metadata.Type
	ids    map[reflect.Type]metadata.TypeID
	shapes map[string]metadata.TypeID // types that no Go type stands for: compact, tuples, …, by a text that names them

	// Enums over all pallets, which are known when all pallets have described themselves.
	call, event, errors, holdReason, freezeReason metadata.TypeID
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

// Of returns the number of T.
func Of[T any](r *Registry) metadata.TypeID { return r.of(reflect.TypeFor[T]()) }

// newRegistry returns a registry in which number 0 is AccountId32.
func newRegistry() *Registry {
	r := &Registry{ids: make(map[reflect.Type]metadata.TypeID), shapes: make(map[string]metadata.TypeID)}
	Of[chain.AccountID](r)
	r.call, r.event, r.errors = r.reserve(), r.reserve(), r.reserve()
	r.holdReason, r.freezeReason = r.reserve(), r.reserve()
	r.ids[reflect.TypeFor[frame.Call]()] = r.call
	r.ids[reflect.TypeFor[frame.HoldReason]()] = r.holdReason
	r.ids[reflect.TypeFor[frame.FreezeReason]()] = r.freezeReason
	return r
}

// RuntimeCall returns the number of the enum of all calls, RuntimeEvent that of all events.
func (r *Registry) RuntimeCall() metadata.TypeID { return r.call }

// RuntimeEvent returns the number of the enum of all events.
func (r *Registry) RuntimeEvent() metadata.TypeID { return r.event }

func (r *Registry) reserve() metadata.TypeID {
	id := metadata.TypeID(len(r.types))
	r.types = append(r.types, metadata.Type{ID: id})
	return id
}

func (r *Registry) set(id metadata.TypeID, t metadata.Type) {
	t.ID = id
	r.types[id] = t
}

// named returns the number of a type under a key of the caller's, described once.
func (r *Registry) named(key string, describe func() metadata.Type) metadata.TypeID {
	if id, ok := r.shapes[key]; ok {
		return id
	}
	id := r.reserve()
	r.shapes[key] = id
	r.set(id, describe())
	return id
}

var primitives = map[reflect.Kind]metadata.PrimitiveKind{
	reflect.Bool: 0, reflect.String: 2, reflect.Uint8: 3, reflect.Uint16: 4, reflect.Uint32: 5, reflect.Uint64: 6,
	reflect.Int8: 9, reflect.Int16: 10, reflect.Int32: 11, reflect.Int64: 12,
}

func (r *Registry) primitive(kind metadata.PrimitiveKind) metadata.TypeID {
	return r.named(kind.String(), func() metadata.Type {
		return metadata.Type{Def: metadata.Def{Kind: metadata.Primitive, Primitive: kind}}
	})
}

func (r *Registry) of(t reflect.Type) metadata.TypeID {
	if id, ok := r.ids[t]; ok {
		return id
	}
	if describe, ok := descriptions[t]; ok {
		id := r.reserve()
		r.ids[t] = id
		r.set(id, describe(r))
		return id
	}
	id := r.derive(t)
	r.ids[t] = id
	return id
}

func (r *Registry) derive(t reflect.Type) metadata.TypeID {
	if kind, ok := primitives[t.Kind()]; ok {
		return r.primitive(kind)
	}
	switch t.Kind() {
	case reflect.Slice:
		return Seq(r, r.of(t.Elem()))
	case reflect.Array:
		return Array(r, r.of(t.Elem()), uint32(t.Len()))
	case reflect.Pointer:
		return Option(r, r.of(t.Elem()))
	case reflect.Struct:
		if t.NumField() == 0 {
			return Tuple(r)
		}
		if strings.HasPrefix(t.Name(), "Pair[") {
			return Tuple(r, r.of(t.Field(0).Type), r.of(t.Field(1).Type))
		}
	}
	panic(fmt.Sprintf("BUG: type %s has no description: give it a //frame: directive, or register it with describe.Type", t))
}

// Composite returns a struct with a path like "pallet_balances::types::AccountData".
func Composite(path string, params []metadata.Param, fields ...metadata.Field) metadata.Type {
	return metadata.Type{Path: strings.Split(path, "::"), Params: params, Def: metadata.Def{Kind: metadata.Composite, Fields: fields}}
}

// Enum returns an enum with a path.
func Enum(path string, params []metadata.Param, variants ...metadata.Variant) metadata.Type {
	return metadata.Type{Path: strings.Split(path, "::"), Params: params, Def: metadata.Def{Kind: metadata.Variants, Variants: variants}}
}

// Field returns a field; name is empty where it has none, typeName where the spelling of the source is not known.
func Field(name string, t metadata.TypeID, typeName string, docs ...string) metadata.Field {
	f := metadata.Field{Type: t, Docs: docs}
	if name != "" {
		f.Name = &name
	}
	if typeName != "" {
		f.TypeName = &typeName
	}
	return f
}

// Variant returns a case of an enum.
func Variant(name string, index uint8, docs []string, fields ...metadata.Field) metadata.Variant {
	return metadata.Variant{Name: name, Index: index, Docs: docs, Fields: fields}
}

// Units returns cases without fields, numbered from 0.
func Units(names ...string) (variants []metadata.Variant) {
	for i, name := range names {
		variants = append(variants, Variant(name, uint8(i), nil))
	}
	return variants
}

// Params returns type parameters from pairs of a name and a metadata.TypeID, or nil where the parameter is no part of the shape.
func Params(pairs ...any) (params []metadata.Param) {
	for i := 0; i < len(pairs); i += 2 {
		p := metadata.Param{Name: pairs[i].(string)}
		if id, ok := pairs[i+1].(metadata.TypeID); ok {
			p.Type = &id
		}
		params = append(params, p)
	}
	return params
}

// Tuple returns the number of the tuple of types.
func Tuple(r *Registry, types ...metadata.TypeID) metadata.TypeID {
	return r.named(fmt.Sprint("tuple", types), func() metadata.Type {
		return metadata.Type{Def: metadata.Def{Kind: metadata.Tuple, Elems: types}}
	})
}

// Seq returns the number of the sequence of t.
func Seq(r *Registry, t metadata.TypeID) metadata.TypeID {
	return r.named(fmt.Sprint("seq ", t), func() metadata.Type {
		return metadata.Type{Def: metadata.Def{Kind: metadata.Sequence, Elem: t}}
	})
}

// Array returns the number of the array of n of t.
func Array(r *Registry, t metadata.TypeID, n uint32) metadata.TypeID {
	return r.named(fmt.Sprint("array ", t, " ", n), func() metadata.Type {
		return metadata.Type{Def: metadata.Def{Kind: metadata.Array, Elem: t, Len: n}}
	})
}

// Compact returns the number of t as a compact integer.
func Compact(r *Registry, t metadata.TypeID) metadata.TypeID {
	return r.named(fmt.Sprint("compact ", t), func() metadata.Type {
		return metadata.Type{Def: metadata.Def{Kind: metadata.Compact, Elem: t}}
	})
}

// Option returns the number of the option of t.
func Option(r *Registry, t metadata.TypeID) metadata.TypeID {
	return r.named(fmt.Sprint("option ", t), func() metadata.Type {
		return Enum("Option", Params("T", t), Variant("None", 0, nil), Variant("Some", 1, nil, Field("", t, "")))
	})
}

// Result returns the number of the result with value v and error e.
func Result(r *Registry, v, e metadata.TypeID) metadata.TypeID {
	return r.named(fmt.Sprint("result ", v, " ", e), func() metadata.Type {
		return Enum("Result", Params("T", v, "E", e), Variant("Ok", 0, nil, Field("", v, "")), Variant("Err", 1, nil, Field("", e, "")))
	})
}

// BoundedVec returns the number of a bounded vector of t under the path of its kind: bounded_collections::bounded_vec::BoundedVec or …weak_bounded_vec::WeakBoundedVec.
func BoundedVec(r *Registry, path string, t metadata.TypeID) metadata.TypeID {
	return r.named(fmt.Sprint(path, " ", t), func() metadata.Type {
		return Composite(path, Params("T", t, "S", nil), Field("", Seq(r, t), "Vec<T>"))
	})
}
