package metadata

import (
	"bytes"
	"encoding/hex"
	"errors"
	"reflect"
	"strings"
	"testing"

	"github.com/gotensor/gotensor/internal/outside"
	"github.com/gotensor/gotensor/primitives/scale"
)

func ref[T any](v T) *T { return &v }

// sample has every shape once, and a type that contains itself.
func sample(version uint8) *Metadata {
	m := &Metadata{
		Version: version,
		Types: []Type{
			{Def: Def{Kind: Primitive, Primitive: 3}},
			{Path: []string{"node", "Account"}, Params: []Param{{Name: "T"}, {Name: "B", Type: ref(TypeID(0))}},
				Def: Def{Kind: Composite, Fields: []Field{{Name: ref("free"), Type: 5, TypeName: ref("Balance"), Docs: []string{"In RAO."}}}}},
			{Path: []string{"node", "Call"}, Def: Def{Kind: Variants, Variants: []Variant{
				{Name: "remark", Index: 0, Fields: []Field{{Name: ref("data"), Type: 3}}, Docs: []string{"Says something."}},
				{Name: "batch", Index: 7, Fields: []Field{{Type: 8}}},
			}}},
			{Def: Def{Kind: Sequence, Elem: 0}},
			{Def: Def{Kind: Array, Elem: 0, Len: 32}},
			{Def: Def{Kind: Compact, Elem: 0}},
			{Def: Def{Kind: Tuple, Elems: []TypeID{0, 4}}, Docs: []string{"Pair."}},
			{Def: Def{Kind: BitSequence, Elems: []TypeID{0, 9}}},
			{Def: Def{Kind: Sequence, Elem: 2}},
			{Path: []string{"bitvec", "Lsb0"}, Def: Def{Kind: Composite}},
		},
		Pallets: []Pallet{
			{Name: "System", Index: 0, Calls: ref(TypeID(2)), Storage: &Storage{Prefix: "System", Entries: []StorageEntry{
				{Name: "Number", Modifier: Default, Value: 0, Default: []byte{0}, Docs: []string{"The block."}},
				{Name: "Account", Modifier: Optional, Hashers: []Hasher{Blake2_128Concat, Twox64Concat}, Key: ref(TypeID(6)), Value: 1, Default: []byte{}},
			}}},
			{Name: "Empty", Index: 9, Event: ref(TypeID(1)), Error: ref(TypeID(1)), Constants: []Constant{{Name: "Two", Type: 0, Value: []byte{2}, Docs: []string{"2"}}}},
		},
		Extrinsic: Extrinsic{Version: 4, Extensions: []Extension{{Name: "CheckNonce", Type: 5, AdditionalSigned: 6}}},
		Runtime:   1,
	}
	for i := range m.Types {
		m.Types[i].ID = TypeID(i)
	}
	if version == 14 {
		m.Extrinsic.Type = 3
		return m
	}
	m.Extrinsic.Address, m.Extrinsic.Call, m.Extrinsic.Signature, m.Extrinsic.Extra = 4, 2, 3, 6
	m.Pallets[0].Docs = []string{"Base."}
	m.APIs = []API{{Name: "Core", Docs: []string{"The core."}, Methods: []Method{
		{Name: "version", Output: 1, Docs: []string{"Version."}},
		{Name: "execute_block", Inputs: []Input{{Name: "block", Type: 3}}, Output: 6},
	}}}
	m.Outer = OuterEnums{Call: 2, Event: 1, Error: 1}
	m.Custom = []Custom{{Name: "link", Type: 3, Value: []byte{1, 2}}}
	return m
}

// golden is sample in hex, worked out by hand from the tables of frame-metadata and scale-info.
func golden(version uint8) string {
	types := "28" +
		"00" + "00" + "00" + "05" + "03" + "00" +
		"04" + "08" + "106e6f6465" + "1c4163636f756e74" + "08" + "0454" + "00" + "0442" + "01" + "00" +
		"00" + "04" + "01" + "1066726565" + "14" + "01" + "1c42616c616e6365" + "04" + "1c496e2052414f2e" + "00" +
		"08" + "08" + "106e6f6465" + "1043616c6c" + "00" + "01" + "08" +
		"1872656d61726b" + "04" + "01" + "1064617461" + "0c" + "00" + "00" + "00" + "04" + "3c5361797320736f6d657468696e672e" +
		"146261746368" + "04" + "00" + "20" + "00" + "00" + "07" + "00" + "00" +
		"0c" + "00" + "00" + "02" + "00" + "00" +
		"10" + "00" + "00" + "03" + "20000000" + "00" + "00" +
		"14" + "00" + "00" + "06" + "00" + "00" +
		"18" + "00" + "00" + "04" + "08" + "00" + "10" + "04" + "14506169722e" +
		"1c" + "00" + "00" + "07" + "00" + "24" + "00" +
		"20" + "00" + "00" + "02" + "08" + "00" +
		"24" + "08" + "18626974766563" + "104c736230" + "00" + "00" + "00" + "00"
	system := "1853797374656d" + "01" + "1853797374656d" + "08" +
		"184e756d626572" + "01" + "00" + "00" + "0400" + "04" + "2854686520626c6f636b2e" +
		"1c4163636f756e74" + "00" + "01" + "08" + "02" + "05" + "18" + "04" + "00" + "00" +
		"01" + "08" + "00" + "00" + "00" + "00"
	empty := "14456d707479" + "00" + "00" + "01" + "04" + "04" + "0c54776f" + "00" + "0402" + "04" + "0432" + "01" + "04" + "09"
	extensions := "04" + "28436865636b4e6f6e6365" + "14" + "18"
	if version == 14 {
		return "6d657461" + "0e" + types + "08" + system + empty + "0c" + "04" + extensions + "04"
	}
	return "6d657461" + "0f" + types + "08" + system + "04" + "14426173652e" + empty + "00" +
		"04" + "10" + "08" + "0c" + "18" + extensions + "04" +
		"04" + "10436f7265" + "08" +
		"1c76657273696f6e" + "00" + "04" + "04" + "2056657273696f6e2e" +
		"34657865637574655f626c6f636b" + "04" + "14626c6f636b" + "0c" + "18" + "00" +
		"04" + "2454686520636f72652e" +
		"08" + "04" + "04" +
		"04" + "106c696e6b" + "0c" + "080102"
}

func TestGolden(t *testing.T) {
	for _, version := range []uint8{14, 15} {
		m := sample(version)
		data := m.Encode()
		if got, want := hex.EncodeToString(data), golden(version); got != want {
			t.Errorf("version %d: encode\ngot  %s\nwant %s", version, got, want)
		}
		back, err := Decode(data)
		if err != nil {
			t.Errorf("version %d: %v", version, err)
			continue
		}
		if !reflect.DeepEqual(back, m) {
			t.Errorf("version %d: decode\ngot  %+v\nwant %+v", version, back, m)
		}
	}
}

func TestAccessors(t *testing.T) {
	m := sample(15)
	system := m.Pallet("System")
	if system == nil || m.Pallet("system") != nil {
		t.Fatalf("pallets by name: %v, %v", system, m.Pallet("system"))
	}
	if calls := m.Variants(system.Calls); len(calls) != 2 || calls[1].Name != "batch" || calls[1].Index != 7 {
		t.Errorf("calls: %+v", calls)
	}
	if got := m.Variants(m.Pallet("Empty").Event); got != nil {
		t.Errorf("variants of a composite: %+v", got)
	}
	if m.Variants(nil) != nil || m.Variants(ref(TypeID(99))) != nil || m.Type(10) != nil || m.Type(9) == nil {
		t.Error("numbers outside the registry")
	}
	if got := m.Types[0].Def.Primitive.String(); got != "u8" {
		t.Errorf("primitive 3: %s", got)
	}
}

func TestFaults(t *testing.T) {
	good, err := hex.DecodeString(golden(14))
	if err != nil {
		t.Fatal(err)
	}
	change := func(at int, to byte) []byte {
		bad := bytes.Clone(good)
		bad[at] = to
		return bad
	}
	var version *VersionError
	for _, test := range []struct {
		name string
		in   []byte
		want error
		text string
	}{
		{"nothing", nil, ErrMagic, ""},
		{"other magic", []byte("metb\x0e\x00"), ErrMagic, ""},
		{"cut", good[:len(good)-1], scale.ErrEnd, ""},
		{"more", append(bytes.Clone(good), 0), scale.ErrTrailing, ""},
		{"number twice", change(6, 4), scale.ErrInvalid, "1 stands twice"},
		{"runtime type leads nowhere", change(len(good)-1, 10<<2), scale.ErrInvalid, "10 is none of the 10 types"},
		{"type refers to none", change(6, 10<<2), scale.ErrInvalid, "0 is none of the 10 types"},
		{"kind of type", change(9, 8), scale.ErrInvalid, "type definition"},
		{"primitive", change(10, 15), scale.ErrInvalid, "primitive"},
		{"huge registry", []byte("meta\x0e\xfe\xff\xff\xff"), scale.ErrEnd, ""},
	} {
		if _, err := Decode(test.in); !errors.Is(err, test.want) || !strings.Contains(err.Error(), test.text) {
			t.Errorf("%s: got %v, want %v with %q", test.name, err, test.want, test.text)
		}
	}
	if _, err := Decode([]byte("meta\x0c")); !errors.As(err, &version) || version.Version != 12 {
		t.Errorf("version 12: %v", err)
	}
}

// TestGaps: gosemble numbers types with gaps.
func TestGaps(t *testing.T) {
	m := &Metadata{Version: 14, Types: []Type{
		{ID: 7, Def: Def{Kind: Sequence, Elem: 2}},
		{ID: 2, Def: Def{Kind: Primitive, Primitive: 3}},
	}, Extrinsic: Extrinsic{Type: 7}, Runtime: 2}
	back, err := Decode(m.Encode())
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(back.Encode(), m.Encode()) || back.Type(2) != &back.Types[1] || back.Type(7) != &back.Types[0] || back.Type(0) != nil {
		t.Errorf("got %+v", back)
	}
}

func TestVersions(t *testing.T) {
	got, err := Versions([]byte{12, 14, 0, 0, 0, 15, 0, 0, 0, 255, 255, 255, 255})
	if err != nil || !reflect.DeepEqual(got, []uint32{14, 15, 1<<32 - 1}) {
		t.Errorf("got %v, %v", got, err)
	}
}

// TestNodeTemplate reads the metadata of Substrate's node template as smoldot keeps it. The runtimes that the tests of cmd/gotensor
// call are further vectors.
func TestNodeTemplate(t *testing.T) {
	text := outside.Read(t, 1, "smol-dot/smoldot/full-node/tests/substrate-node-template-metadata.hex")
	data, err := hex.DecodeString(strings.TrimPrefix(strings.TrimSpace(string(text)), "0x"))
	if err != nil {
		t.Fatal(err)
	}
	m, err := Decode(data)
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(m.Encode(), data) {
		t.Error("encoding differs")
	}
	if got := len(m.Variants(m.Pallet("Balances").Calls)); got == 0 {
		t.Error("Balances has no calls")
	}
}

// FuzzMetadata: no input panics; what is accepted encodes to itself.
func FuzzMetadata(f *testing.F) {
	for _, version := range []uint8{14, 15} {
		f.Add(sample(version).Encode())
	}
	f.Add([]byte("meta\x0d\x00"))
	f.Fuzz(func(t *testing.T, data []byte) {
		m, err := Decode(data)
		if err != nil {
			return
		}
		if got := m.Encode(); !bytes.Equal(got, data) {
			t.Fatalf("encoded 0x%x from 0x%x", got, data)
		}
	})
}
