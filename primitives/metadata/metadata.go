package metadata

// TypeID is the number of a type: see [Metadata.Type].
type TypeID uint32

// Metadata describes a runtime.
type Metadata struct {
	Version   uint8  // 14 or 15
	Types     []Type // in most runtimes type i stands at index i; see [Metadata.Type]
	Pallets   []Pallet
	Extrinsic Extrinsic
	Runtime   TypeID // the runtime's own type

	// From version 15 on.
	APIs   []API
	Outer  OuterEnums
	Custom []Custom

	index map[TypeID]int // of Types; nil where every type stands at the index that is its number
}

// Type is one type of the registry.
type Type struct {
	ID     TypeID
	Path   []string // namespace and name: sp_core, crypto, AccountId32; empty for types without a name
	Params []Param
	Def    Def
	Docs   []string
}

// Param is a type parameter; Type is nil where it is not part of the value's shape.
type Param struct {
	Name string
	Type *TypeID
}

// Kind is the kind of shape of a type. The numbers are those on the wire.
type Kind uint8

// Kinds of shapes.
const (
	Composite   Kind = 0 // Fields
	Variants    Kind = 1 // Variants
	Sequence    Kind = 2 // Elem, any number of them
	Array       Kind = 3 // Elem, Len of them
	Tuple       Kind = 4 // Elems
	Primitive   Kind = 5 // Primitive
	Compact     Kind = 6 // Elem, as a compact integer
	BitSequence Kind = 7 // Elems: the type of the store, the type of the order
)

// Def is the shape of a type. Kind says which of the other fields count; the rest are zero.
type Def struct {
	Kind      Kind
	Fields    []Field
	Variants  []Variant
	Elem      TypeID
	Elems     []TypeID
	Len       uint32
	Primitive PrimitiveKind
}

// PrimitiveKind is a type that the codec itself knows. The numbers are those on the wire.
type PrimitiveKind uint8

var primitiveNames = [...]string{"bool", "char", "str", "u8", "u16", "u32", "u64", "u128", "u256", "i8", "i16", "i32", "i64", "i128", "i256"}

// String returns the name: "u8", "bool", "str", ….
func (p PrimitiveKind) String() string {
	if int(p) < len(primitiveNames) {
		return primitiveNames[p]
	}
	return "unknown primitive"
}

// Field is a part of a composite type or of a variant.
type Field struct {
	Name     *string // nil in tuple-like types
	Type     TypeID
	TypeName *string // as the source code spells the type; nil where unknown
	Docs     []string
}

// Variant is one case of an enum: of a type, of the calls, events or errors of a pallet.
type Variant struct {
	Name   string
	Fields []Field
	Index  uint8 // on the wire
	Docs   []string
}

// Pallet describes a pallet. Calls, Event and Error are nil where the pallet has none.
type Pallet struct {
	Name      string
	Storage   *Storage
	Calls     *TypeID
	Event     *TypeID
	Constants []Constant
	Error     *TypeID
	Index     uint8    // on the wire
	Docs      []string // from version 15 on
}

// Storage are the storage items of a pallet; twox128(Prefix) starts their keys.
type Storage struct {
	Prefix  string
	Entries []StorageEntry
}

// Modifier says how an absent storage value reads. The numbers are those on the wire.
type Modifier uint8

// Modifiers.
const (
	Optional Modifier = 0 // as none
	Default  Modifier = 1 // as the entry's default
	Required Modifier = 2 // does not occur in practice
)

// Hasher is how a key of a storage map is hashed. The numbers are those on the wire.
type Hasher uint8

// Hashers.
const (
	Blake2_128       Hasher = 0
	Blake2_256       Hasher = 1
	Blake2_128Concat Hasher = 2
	Twox128          Hasher = 3
	Twox256          Hasher = 4
	Twox64Concat     Hasher = 5
	Identity         Hasher = 6
)

// StorageEntry is a storage item: a value, or, where Key is set, a map from keys to values.
type StorageEntry struct {
	Name     string
	Modifier Modifier
	Hashers  []Hasher // one for each part of the key; nil for a value
	Key      *TypeID  // with several hashers: a tuple of as many parts; nil for a value
	Value    TypeID
	Default  []byte // SCALE encoding of the default
	Docs     []string
}

// Constant is a constant of a pallet, as SCALE bytes.
type Constant struct {
	Name  string
	Type  TypeID
	Value []byte
	Docs  []string
}

// Extrinsic describes the envelope of extrinsics.
type Extrinsic struct {
	Version    uint8 // of the format, without the signed bit: 4
	Extensions []Extension

	Type TypeID // of the whole extrinsic; version 14 only

	// Parts of the extrinsic; from version 15 on.
	Address, Call, Signature, Extra TypeID
}

// Extension is a transaction extension ("signed extension").
type Extension struct {
	Name             string // identifier: CheckNonce, …
	Type             TypeID // what stands in the extrinsic
	AdditionalSigned TypeID // what is signed with it and stands nowhere
}

// API is a runtime API.
type API struct {
	Name    string // Core, Metadata, …
	Methods []Method
	Docs    []string
}

// Method is a function of a runtime API; the runtime exports it as the API's name, an underscore and its own.
type Method struct {
	Name   string
	Inputs []Input
	Output TypeID
	Docs   []string
}

// Input is a parameter of a runtime API's function.
type Input struct {
	Name string
	Type TypeID
}

// OuterEnums are the enums over all pallets.
type OuterEnums struct {
	Call, Event, Error TypeID
}

// Custom is a value that the chain attaches to its metadata.
type Custom struct {
	Name  string
	Type  TypeID
	Value []byte
}

// Pallet returns the pallet with that name, or nil.
func (m *Metadata) Pallet(name string) *Pallet {
	for i := range m.Pallets {
		if m.Pallets[i].Name == name {
			return &m.Pallets[i]
		}
	}
	return nil
}

// Type returns the type with that number, or nil.
func (m *Metadata) Type(id TypeID) *Type {
	if int64(id) < int64(len(m.Types)) && m.Types[id].ID == id {
		return &m.Types[id]
	}
	if i, ok := m.index[id]; ok {
		return &m.Types[i]
	}
	return nil
}

// Variants returns the cases of the enum with that number: the calls, events or errors of a pallet. It is nil where id is nil or
// the type is no enum.
func (m *Metadata) Variants(id *TypeID) []Variant {
	if id == nil {
		return nil
	}
	t := m.Type(*id)
	if t == nil || t.Def.Kind != Variants {
		return nil
	}
	return t.Def.Variants
}
