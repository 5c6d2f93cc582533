package sample

import (
	"encoding/hex"
	"errors"
	"reflect"
	"slices"
	"testing"

	"github.com/gotensor/gotensor/pallets/frame"
	"github.com/gotensor/gotensor/pallets/frame/describe"
	"github.com/gotensor/gotensor/primitives/chain"
	"github.com/gotensor/gotensor/primitives/fixed"
	"github.com/gotensor/gotensor/primitives/hash"
	"github.com/gotensor/gotensor/primitives/metadata"
	"github.com/gotensor/gotensor/primitives/scale"
	"github.com/gotensor/gotensor/testnet/native"
)

// other stands at index 0 where System would: calls of the sample are told apart from its calls.
type other struct{}

func (other) Bind(uint8, string) {}
func (other) Index() uint8       { return 0 }
func (other) Name() string       { return "Other" }
func (other) DecodeCall(d *scale.Decoder) frame.Call {
	d.FailVariant("call of other", d.U8())
	return nil
}

func install() *Pallet {
	p := &Pallet{Constants: Constants{MaxStep: 5, Prefix: []byte("re"), Home: hash.H256{1}, Fee: 7}}
	frame.Install(nil, frame.Entry{Name: "Other", Pallet: other{}}, frame.Entry{Index: 9, Name: "Sample", Pallet: p})
	return p
}

var alice, bob = chain.AccountID{0: 0xaa, 31: 0xa1}, chain.AccountID{0: 0xbb}

func record() Record {
	half := fixed.I32F32FromBits(1 << 31)
	return Record{
		At: 0x01020304, Amount: 16384, Big: scale.U128{Hi: 1}, Parts: [2]uint16{1, 2}, Key: [4]byte{'k', 'e', 'y', '!'},
		Text: "hi", Flag: true, Kind: KindLarge, Share: &half, Point: Point{X: -1, Y: 2},
	}
}

const recordHex = "04030201" + "02000100" + "17" + "000000000000000001" + "01000200" + "6b657921" + "086869" + "01" + "01" + "01" + "0000008000000000" + "ffffffff" + "02000000"

func unhex(t *testing.T, s string) []byte {
	t.Helper()
	b, err := hex.DecodeString(s)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

func TestCodecs(t *testing.T) {
	install()
	check := func(name string, v scale.Encodable, back func(d *scale.Decoder) any, want string) {
		t.Helper()
		got := v.AppendScale([]byte{0xff})
		if hex.EncodeToString(got[1:]) != want || got[0] != 0xff {
			t.Errorf("%s encodes to %x, expected %s", name, got[1:], want)
		}
		d := scale.NewDecoder(unhex(t, want))
		if b := back(d); d.Finish() != nil || !reflect.DeepEqual(b, v) {
			t.Errorf("%s decodes to %+v: %v", name, b, d.Finish())
		}
		for n := range len(want) / 2 { // whatever is too short is an error
			d := scale.NewDecoder(unhex(t, want)[:n])
			if back(d); d.Finish() == nil {
				t.Errorf("%s: the first %d bytes decode", name, n)
			}
		}
	}
	check("record", record(), func(d *scale.Decoder) any { return scale.Decode[Record](d) }, recordHex)
	check("point", Point{1, -2}, func(d *scale.Decoder) any { return scale.Decode[Point](d) }, "01000000feffffff")
	check("kind", KindLarge, func(d *scale.Decoder) any { return scale.Decode[Kind](d) }, "01")
	check("choice", None, func(d *scale.Decoder) any { return scale.Decode[Choice](d) }, "03")
	check("names", Names{Name("a"), Name("bc"), Name("")}, func(d *scale.Decoder) any { return scale.Decode[Names](d) }, "0c"+"0461"+"086263"+"00")
	check("share", Share(256), func(d *scale.Decoder) any { return scale.Decode[Share](d) }, "00010000")
	check("id", ID{1, 2, 3, 4, 5, 6, 7, 8}, func(d *scale.Decoder) any { return scale.Decode[ID](d) }, "0102030405060708")
}

// TestRefused: values that their type does not have.
func TestRefused(t *testing.T) {
	install()
	for _, c := range []struct {
		name, bytes string
		read        func(d *scale.Decoder)
		kind        error
	}{
		{"kind 2", "02", func(d *scale.Decoder) { scale.Decode[Kind](d) }, scale.ErrInvalid},
		{"choice 1, a gap", "01", func(d *scale.Decoder) { scale.Decode[Choice](d) }, scale.ErrInvalid},
		{"four names", "10" + "00000000", func(d *scale.Decoder) { scale.Decode[Names](d) }, scale.ErrRange},
		{"a name of six bytes", "18" + "616263646566", func(d *scale.Decoder) { scale.Decode[Name](d) }, scale.ErrRange},
		{"a long name inside of names", "04" + "18" + "616263646566", func(d *scale.Decoder) { scale.Decode[Names](d) }, scale.ErrRange},
		{"call 4", "0904", func(d *scale.Decoder) { frame.DecodeCall(d) }, scale.ErrInvalid},
		{"pallet 8", "0800", func(d *scale.Decoder) { frame.DecodeCall(d) }, scale.ErrInvalid},
		{"a call without arguments", "0900", func(d *scale.Decoder) { frame.DecodeCall(d) }, scale.ErrEnd},
		{"an inner call that is cut", "0903" + "04" + "09", func(d *scale.Decoder) { frame.DecodeCall(d) }, scale.ErrEnd},
	} {
		d := scale.NewDecoder(unhex(t, c.bytes))
		c.read(d)
		if !errors.Is(d.Err(), c.kind) {
			t.Errorf("%s: got error %v, expected %v", c.name, d.Err(), c.kind)
		}
	}
}

func TestCalls(t *testing.T) {
	install()
	names := Names{Name("x")}
	for _, c := range []struct {
		call frame.Call
		hex  string
	}{
		{&AddCall{Step: 64}, "0900" + "0101"},
		{&NothingCall{}, "0902"},
		{&BatchCall{Calls: []frame.Call{&AddCall{1}, &NothingCall{}}, C: &NothingCall{}, InfoArg: []frame.Pair[uint16, Point]{{A: 5, B: Point{1, 2}}}},
			"0903" + "08" + "090004" + "0902" + "0902" + "04" + "0500" + "0100000002000000"},
		{&SetAllCall{To: chain.MultiAddress{Kind: chain.AddressID, Bytes: alice[:]}, NetUID: 3, Record: record(), Names: &names, Share: 1, ID: ID{9}, Choice: Any, Wide: scale.U256{7},
			Shares: []Share{2}, Matrix: [][2]NetUID{{1, 2}}, Indices: []Index{64}},
			"0901" + "00" + hex.EncodeToString(alice[:]) + "0300" + recordHex + "01" + "04" + "0478" + "01000000" + "0900000000000000" + "00" +
				"0700000000000000000000000000000000000000000000000000000000000000" + "04" + "02000000" + "04" + "01000200" + "04" + "0101"},
	} {
		got := c.call.AppendScale(nil)
		if hex.EncodeToString(got) != c.hex {
			t.Errorf("%T encodes to %x, expected %s", c.call, got, c.hex)
		}
		d := scale.NewDecoder(unhex(t, c.hex))
		if back := frame.DecodeCall(d); d.Finish() != nil || !reflect.DeepEqual(back, c.call) {
			t.Errorf("%T decodes to %+v: %v", c.call, back, d.Finish())
		}
	}
}

func TestInfo(t *testing.T) {
	install()
	for _, c := range []struct {
		call frame.Call
		want frame.DispatchInfo
	}{
		{&AddCall{}, frame.DispatchInfo{Call: frame.RefTime(10_000_000 + 25_000_000 + 200_000_000)}},
		{&NothingCall{}, frame.DispatchInfo{Call: frame.RefTime(5), Class: frame.Mandatory}},
		{&SetAllCall{}, frame.DispatchInfo{Call: frame.RefTime(1), Class: frame.Operational}},
		{&BatchCall{Calls: make([]frame.Call, 3), C: &NothingCall{}}, frame.DispatchInfo{Call: frame.RefTime(3 + 5), Class: frame.Mandatory, Pays: frame.No}},
	} {
		if got := c.call.Info(); got != c.want {
			t.Errorf("%T: %+v, expected %+v", c.call, got, c.want)
		}
	}
}

func TestDispatch(t *testing.T) {
	p := install()
	ext := native.New(t)
	ext.Run(func() {
		root := func() [32]byte { return ext.Root() }
		before := root()
		if _, err := frame.Dispatch(&AddCall{6}, frame.SignedBy(alice)); err != TooMuch || root() != before {
			t.Errorf("a step of 6: error %v", err)
		}
		if _, err := frame.Dispatch(&AddCall{5}, frame.None()); err != frame.BadOrigin {
			t.Errorf("a call of nobody: error %v", err)
		}
		if _, err := frame.Dispatch(&BatchCall{Calls: []frame.Call{&AddCall{5}, &AddCall{4}}}, frame.SignedBy(alice)); err != nil {
			t.Error(err)
		}
		if got := p.Count.Get(alice); got != 9 {
			t.Errorf("the count is %d, expected 9", got)
		}
		if post, err := frame.Dispatch(&BatchCall{Calls: []frame.Call{&AddCall{5}, &AddCall{6}}}, frame.SignedBy(alice)); err != TooMuch || post != frame.Used(frame.RefTime(1)) {
			t.Errorf("a batch that fails: %+v, %v", post, err)
		}
		if got := p.Count.Get(alice); got != 9 {
			t.Errorf("the count is %d after a batch that failed, expected 9", got)
		}
	})
}

func TestErrors(t *testing.T) {
	install()
	if got := NotFound.Error(); got != "Sample: NotFound" {
		t.Errorf("text %q", got)
	}
	if got := Error(77).Error(); got != "Sample: unknown error" {
		t.Errorf("text %q", got)
	}
	if got, want := frame.AsDispatchError(NotFound), frame.Module(9, 2); got != want {
		t.Errorf("%v, expected %v", got, want)
	}
}

func TestEvents(t *testing.T) {
	install()
	for _, c := range []struct {
		event frame.Event
		hex   string
	}{
		{Added{alice, 7}, "0900" + hex.EncodeToString(alice[:]) + "07000000"},
		{Noted{[]byte("x"), []ID{{1}}}, "0901" + "0478" + "04" + "0100000000000000"},
		{Moved{bob, 1, frame.OutcomeOf(NotFound)}, "0902" + hex.EncodeToString(bob[:]) + "04" + "01" + "03" + "0902000000"},
	} {
		if got := hex.EncodeToString(c.event.AppendEvent(nil)); got != c.hex {
			t.Errorf("%T encodes to %s, expected %s", c.event, got, c.hex)
		}
	}
}

// TestStorage puts values into every kind of item and reads them back, by keys that are put together here.
func TestStorage(t *testing.T) {
	p := install()
	ext := native.New(t)
	prefix := func(item string) []byte {
		a, b := hash.Twox128([]byte("Sample")), hash.Twox128([]byte(item))
		return append(a[:], b[:]...)
	}
	blake := func(k []byte) []byte {
		h := hash.Blake2b128(k)
		return append(h[:], k...)
	}
	twox := func(k []byte) []byte {
		h := hash.Twox64(k)
		return append(h[:], k...)
	}
	holds := func(name string, key []byte, want string) {
		t.Helper()
		if got, ok := ext.Get(key); !ok || hex.EncodeToString(got) != want {
			t.Errorf("%s holds %x, %v; expected %s", name, got, ok, want)
		}
	}
	key := StakeKey{alice, bob, 3}
	ext.Run(func() {
		if p.Tempo.Get() != 360 || p.Price.Get() != fixed.U64F64FromUint64(10) || p.Started.Get(4) != 5 || p.Total.Get() != 0 {
			t.Error("a default is not what the declaration says")
		}
		p.Total.Put(1)
		p.Price.Put(fixed.U64F64FromUint64(3))
		p.Gone.Put(struct{}{})
		p.Started.Put(0x0102, 7)
		p.Record.Put(1, record())
		p.Pending.Put([32]byte{1}, &AddCall{1})
		p.Uids.Put(1, alice, 5)
		p.Keys.Put(2, hash.H256{3}, []Record{record()})
		p.Alpha.Put(key, scale.U128{Lo: 1})
		p.Shares.Put(key, Names{Name("x")})
		p.Members.Put(alice, KindLarge)
		p.Members.Put(bob, KindSmall)
		one := uint64(1)
		p.Pairs.Put([]frame.Pair[NetUID, *uint64]{{A: 1, B: &one}, {A: 2}})
	})
	holds("Total", prefix("Total"), "0100000000000000")
	holds("Price", prefix("Price"), "00000000000000000300000000000000")
	holds("Gone", prefix("Gone"), "")
	holds("Started", append(prefix("StartedAt"), 2, 1), "07000000")
	holds("Record", append(prefix("Record"), twox([]byte{1, 0})...), recordHex)
	holds("Pending", append(prefix("Pending"), append([]byte{1}, make([]byte, 31)...)...), "090004")
	holds("Uids", slices.Concat(prefix("Uids"), []byte{1, 0}, blake(alice[:])), "0500")
	holds("Keys", slices.Concat(prefix("Keys"), twox([]byte{2, 0, 0, 0, 0, 0, 0, 0}), append([]byte{3}, make([]byte, 31)...)), "04"+recordHex)
	holds("Alpha", slices.Concat(prefix("Alpha"), blake(alice[:]), twox(bob[:]), []byte{3, 0}), "01000000000000000000000000000000")
	holds("Shares", slices.Concat(prefix("Shares"), blake(alice[:]), twox(bob[:]), []byte{3, 0}), "040478")
	holds("Members", append(prefix("Members"), blake(alice[:])...), "01")
	holds("CounterForMembers", prefix("CounterForMembers"), "02000000")
	holds("Pairs", prefix("Pairs"), "08"+"0100"+"010100000000000000"+"0200"+"00")
	ext.Run(func() {
		if got := p.Alpha.Get(key); got != (scale.U128{Lo: 1}) {
			t.Errorf("Alpha is %v", got)
		}
		walked := 0
		for k, v := range p.Alpha.Under(StakeKey{Hotkey: alice}, 1) {
			walked++
			if k != key || v.Lo != 1 {
				t.Errorf("Alpha of %v is %v", k, v)
			}
		}
		if walked != 1 {
			t.Errorf("%d entries under alice, expected 1", walked)
		}
		if got, ok := p.Record.Get(1); !ok || !reflect.DeepEqual(got, record()) {
			t.Errorf("Record is %+v, %v", got, ok)
		}
		if call, ok := p.Pending.Get([32]byte{1}); !ok || !reflect.DeepEqual(call, &AddCall{1}) {
			t.Errorf("Pending is %+v, %v", call, ok)
		}
	})
}

// TestDescribe looks at the description where it is more than a list of what the declarations say, which TestGenerated keeps.
func TestDescribe(t *testing.T) {
	p := install()
	m, err := describe.Build(describe.Runtime{Pallets: []frame.Pallet{p}, Extensions: []string{"CheckNonce"}, APIs: []string{"Core"}})
	if err != nil {
		t.Fatal(err)
	}
	if m, err = metadata.Decode(m.Encode()); err != nil {
		t.Fatal(err)
	}
	pallet := m.Pallet("Sample")
	if pallet == nil || pallet.Index != 9 || !slices.Equal(pallet.Docs, []string{" Pallet keeps samples.", "", " It has a second paragraph."}) {
		t.Fatalf("pallet %+v", pallet)
	}
	defaults := map[string]string{
		"Tempo": "6801", "Price": "00000000000000000a00000000000000", "StartedAt": "05000000", "Last": "00", "CounterForMembers": "00000000", "Pairs": "00",
		"Alpha": "00000000000000000000000000000000",
	}
	for _, e := range pallet.Storage.Entries {
		if want, ok := defaults[e.Name]; ok && hex.EncodeToString(e.Default) != want {
			t.Errorf("default of %s is %x, expected %s", e.Name, e.Default, want)
		}
		delete(defaults, e.Name)
	}
	for name := range defaults {
		t.Errorf("no item %s", name)
	}
	constants := map[string]string{"MaxStep": "05000000", "RemarkPrefix": "087265", "Home": "01" + hex.EncodeToString(make([]byte, 31)), "Fee": "0700000000000000"}
	for _, c := range pallet.Constants {
		if hex.EncodeToString(c.Value) != constants[c.Name] {
			t.Errorf("constant %s is %x, expected %s", c.Name, c.Value, constants[c.Name])
		}
	}
	if errors := m.Variants(pallet.Error); len(errors) != 2 || errors[1].Index != 2 {
		t.Errorf("errors %+v", errors)
	}
	record := m.Type(pallet.Storage.Entries[7].Value)
	if record == nil || len(record.Params) != 2 || record.Params[0].Type == nil || record.Params[1].Type != nil || *record.Def.Fields[1].Name != "value" ||
		m.Type(record.Def.Fields[1].Type).Def.Kind != metadata.Compact {
		t.Errorf("record %+v", record)
	}
}

// TestAllocations: reading and writing plain values allocates nothing beyond what the host does.
func TestAllocations(t *testing.T) {
	install()
	var dst []byte
	call := &AddCall{5}
	event := Added{alice, 7}
	raw := scale.AppendU64(nil, 7)
	d := scale.NewDecoder(nil)
	for name, f := range map[string]func(){
		"append call":         func() { dst = call.AppendScale(dst[:0]) },
		"append event":        func() { dst = event.AppendEvent(dst[:0]) },
		"decode account":      func() { d.Reset(alice[:]); _ = codecChainAccountID.Decode(d) },
		"decode fixed":        func() { d.Reset(raw); _ = decodeFixedI32F32(d) },
		"append part of key":  func() { dst = appendStakeKeyParts(dst[:0], StakeKey{alice, bob, 3}, 2) },
		"decode block number": func() { d.Reset(raw); _ = codecChainBlockNumber.Decode(d) },
	} {
		f() // buffers grow once
		if n := testing.AllocsPerRun(100, f); n != 0 {
			t.Errorf("%s: %v allocations", name, n)
		}
	}
}

// FuzzDecodeCall: bytes of strangers give a call that encodes to the same bytes, or an error.
func FuzzDecodeCall(f *testing.F) {
	install()
	for _, seed := range []string{"09000101", "0902", "0903080900040902090204050001000000" + "02000000", "0901", "090310"} {
		b, err := hex.DecodeString(seed)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(b)
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		install()
		d := scale.NewDecoder(data)
		call := frame.DecodeCall(d)
		if d.Err() != nil {
			return
		}
		if got := call.AppendScale(nil); hex.EncodeToString(got) != hex.EncodeToString(data[:d.Offset()]) {
			t.Errorf("%x decodes, and encodes to %x", data[:d.Offset()], got)
		}
		call.Info()
	})
}
