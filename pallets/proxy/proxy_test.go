package proxy

import (
	"bytes"
	"encoding/hex"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"github.com/gotensor/gotensor/pallets/frame"
	tc "github.com/gotensor/gotensor/pallets/internal/testchain"
	"github.com/gotensor/gotensor/pallets/system"
	"github.com/gotensor/gotensor/primitives/chain"
	"github.com/gotensor/gotensor/primitives/hash"
	"github.com/gotensor/gotensor/primitives/scale"
	"github.com/gotensor/gotensor/primitives/units"
)

// The preimage of a pure account, part by part. There is no known account of another implementation here.
func TestPureAccount(t *testing.T) {
	who := tc.ID(1)
	preimage := slices.Concat([]byte("modlpy/proxy____"), who[:], []byte{0x44, 0x33, 0x22, 0x11}, []byte{5, 0, 0, 0}, []byte{14}, []byte{2, 1})
	if got, want := PureAccount(who, SudoUncheckedSetCode, 0x0102, 0x11223344, 5), hash.Blake2b256(preimage); got != chain.AccountID(want) {
		t.Errorf("%x, expected %x", got, want)
	}
}

// Golden bytes: what stands where in the state, and what calls and events look like.
func TestEncoding(t *testing.T) {
	c, p := newChain(t)
	one, two, three := tc.ID(1), tc.ID(2), tc.ID(3)
	x := func(id chain.AccountID) string { return hex.EncodeToString(id[:]) }
	callHash := hash.H256(bytes.Repeat([]byte{7}, 32))
	hash32 := strings.Repeat("07", 32)
	c.Run(func() {
		for _, err := range []error{
			p.AddProxy(tc.Signed(1), tc.Address(3), justTransfer, 0x0102),
			p.AddProxy(tc.Signed(1), tc.Address(2), Any, 0),
			p.Announce(tc.Signed(2), tc.Address(1), callHash),
			p.SetRealPaysFee(tc.Signed(1), tc.Address(2), true),
			p.Proxy(tc.Signed(2), tc.Address(1), nil, &system.SetCodeCall{}),
		} {
			if err != nil {
				t.Fatal(err)
			}
		}
	})
	twox := func(id chain.AccountID) []byte {
		sum := hash.Twox64(id[:])
		return append(sum[:], id[:]...)
	}
	for _, test := range []struct {
		item string
		keys [][]byte
		want string
	}{
		{"Proxies", [][]byte{twox(one)}, "08" + x(two) + "00" + "00000000" + x(three) + "01" + "02010000" + "0300000000000000"},
		{"Announcements", [][]byte{twox(two)}, "04" + x(one) + hash32 + "01000000" + "0200000000000000"},
		{"RealPaysFee", [][]byte{twox(one), twox(two)}, ""},
		{"LastCallResult", [][]byte{twox(one)}, "01030005000000"},
	} {
		prefix := frame.PrefixOf("Proxy", test.item)
		stored, ok := c.Get(slices.Concat(append([][]byte{prefix[:]}, test.keys...)...))
		if !ok || hex.EncodeToString(stored) != test.want {
			t.Errorf("%s: %x, %v; expected %s", test.item, stored, ok, test.want)
		}
	}
	c.Run(func() {
		p.OnFinalize(1)
		if p.LastCallResult.Has(one) {
			t.Error("the last result outlives the block")
		}
	})

	inner := &system.RemarkCall{}
	kind := NonTransfer
	id := func(id chain.AccountID) string { return "00" + x(id) }
	for _, test := range []struct {
		call frame.Call
		want string
	}{
		{&ProxyCall{tc.Address(1), nil, inner}, "1000" + id(one) + "00" + "000000"},
		{&ProxyCall{tc.Address(1), &kind, inner}, "1000" + id(one) + "0103" + "000000"},
		{&AddProxyCall{tc.Address(1), RootClaim, 2}, "1001" + id(one) + "11" + "02000000"},
		{&RemoveProxyCall{tc.Address(1), Any, 2}, "1002" + id(one) + "00" + "02000000"},
		{&RemoveProxiesCall{}, "1003"},
		{&CreatePureCall{Owner, 2, 3}, "1004" + "01" + "02000000" + "0300"},
		{&KillPureCall{tc.Address(1), Owner, 3, 100, 2}, "1005" + id(one) + "01" + "0300" + "9101" + "08"},
		{&AnnounceCall{tc.Address(1), callHash}, "1006" + id(one) + hash32},
		{&RemoveAnnouncementCall{tc.Address(1), callHash}, "1007" + id(one) + hash32},
		{&RejectAnnouncementCall{tc.Address(1), callHash}, "1008" + id(one) + hash32},
		{&ProxyAnnouncedCall{tc.Address(1), tc.Address(2), nil, inner}, "1009" + id(one) + id(two) + "00" + "000000"},
		{&PokeDepositCall{}, "100a"},
		{&SetRealPaysFeeCall{tc.Address(1), true}, "100b" + id(one) + "01"},
	} {
		wire := frame.AppendCall(nil, test.call)
		if hex.EncodeToString(wire) != test.want {
			t.Errorf("%T: %x, expected %s", test.call, wire, test.want)
		}
		back, err := scale.UnmarshalFunc(wire, frame.DecodeCall)
		if err != nil || !bytes.Equal(frame.AppendCall(nil, back), wire) {
			t.Errorf("%T: read back %v, %v", test.call, back, err)
		}
	}
	if _, err := scale.UnmarshalFunc([]byte{16, 4, 18, 0, 0, 0, 0, 0, 0}, frame.DecodeCall); err == nil {
		t.Error("kind 18 is read")
	}
	for _, test := range []struct {
		event frame.Event
		want  string
	}{
		{ProxyExecuted{}, "1000" + "00"},
		{PureCreated{one, two, Owner, 3}, "1001" + x(one) + x(two) + "01" + "0300"},
		{PureKilled{one, two, Owner, 3}, "1002" + x(one) + x(two) + "01" + "0300"},
		{Announced{one, two, callHash}, "1003" + x(one) + x(two) + hash32},
		{ProxyAdded{one, two, Any, 3}, "1004" + x(one) + x(two) + "00" + "03000000"},
		{ProxyRemoved{one, two, Any, 3}, "1005" + x(one) + x(two) + "00" + "03000000"},
		{DepositPoked{one, Announcements, 1, 2}, "1006" + x(one) + "01" + "0100000000000000" + "0200000000000000"},
		{RealPaysFeeSet{one, two, true}, "1007" + x(one) + x(two) + "01"},
	} {
		if got := hex.EncodeToString(test.event.AppendEvent(nil)); got != test.want {
			t.Errorf("%T: %s, expected %s", test.event, got, test.want)
		}
	}
}

// What calls are declared to weigh with Subtensor's constants, as its metadata would show: base and slopes at 20 proxies and 75 announcements.
func TestWeights(t *testing.T) {
	_, p := newChain(t)
	p.MaxProxies, p.MaxPending = 20, 75
	free := &tc.Free{}
	read, write := uint64(frame.ReadTime), uint64(frame.WriteTime)
	for _, test := range []struct {
		call  frame.Call
		time  uint64
		proof uint64
	}{
		{&ProxyCall{tc.Address(1), nil, free}, 29_090_365 + 4*read + 2*write + 10, 4994},
		{&AddProxyCall{}, 27_388_644 + read + write, 4254},
		{&RemoveProxyCall{}, 29_108_129 + read + 2*write, 4254},
		{&RemoveProxiesCall{}, 28_523_188 + read + write, 4254},
		{&CreatePureCall{}, 28_256_636 + read + write, 4254},
		{&KillPureCall{}, 27_489_367 + read + write, 4254},
		{&AnnounceCall{}, 49_915_451 + 3*read + 2*write, 8615},
		{&RemoveAnnouncementCall{}, 41_787_991 + 2*read + 2*write, 8615},
		{&RejectAnnouncementCall{}, 41_722_977 + 2*read + 2*write, 8615},
		{&ProxyAnnouncedCall{tc.Address(1), tc.Address(1), nil, free}, 71_477_572 + 6*read + 4*write + 10, 14455},
		{&PokeDepositCall{}, 46_757_000 + 3*read + 3*write, 8615},
		{&SetRealPaysFeeCall{}, 15_115_911 + read + write, 4254},
	} {
		info := test.call.Info()
		if info.Call.RefTime != test.time || info.Call.ProofSize != test.proof || info.Class != frame.Normal {
			t.Errorf("%T: %+v, expected %d, %d", test.call, info, test.time, test.proof)
		}
		if _, is := test.call.(*ProxyCall); is != (info.Pays == frame.No) {
			t.Errorf("%T with a free call inside: pays %d", test.call, info.Pays)
		}
	}
}

// The delay counts from the block of the announcement, and only the right announcements are used up.
func TestDelay(t *testing.T) {
	c, p := newChain(t)
	c.Run(func() {
		call := tc.Transfer(6, 1)
		if err := p.AddProxy(tc.Signed(1), tc.Address(2), Any, 3); err != nil {
			t.Fatal(err)
		}
		for range 2 {
			if err := p.Announce(tc.Signed(2), tc.Address(1), hashOf(call)); err != nil {
				t.Fatal(err)
			}
		}
		for n := chain.BlockNumber(1); n < 4; n++ {
			system.SetNumber(n)
			tc.Noop(t, func() error { return p.ProxyAnnounced(tc.Signed(9), tc.Address(2), tc.Address(1), nil, call) }, Unannounced)
		}
		system.SetNumber(4)
		if err := p.ProxyAnnounced(tc.Signed(9), tc.Address(2), tc.Address(1), nil, call); err != nil {
			t.Fatal(err)
		}
		if p.Announcements.Has(tc.ID(2)) || c.Reserved(2) != 0 {
			t.Error("announcements of one call are left when it was made")
		}
		tc.Noop(t, func() error { return p.ProxyAnnounced(tc.Signed(9), tc.Address(2), tc.Address(1), nil, call) }, Unannounced)
	})
}

// Of several proxies of a delegate the first counts, by kind and delay, unless the kind is named.
func TestFind(t *testing.T) {
	c, p := newChain(t)
	c.Run(func() {
		for _, def := range []ProxyDefinition{{tc.ID(2), justUtility, 0}, {tc.ID(2), justTransfer, 5}, {tc.ID(2), justTransfer, 1}} {
			if err := p.AddDelegate(tc.ID(1), def); err != nil {
				t.Fatal(err)
			}
		}
		kind := justUtility
		for _, test := range []struct {
			kind *ProxyType
			want ProxyDefinition
		}{{nil, ProxyDefinition{tc.ID(2), justTransfer, 1}}, {&kind, ProxyDefinition{tc.ID(2), justUtility, 0}}} {
			if got, err := p.find(tc.ID(1), tc.ID(2), test.kind); err != nil || got != test.want {
				t.Errorf("%v, %v; expected %v", got, err, test.want)
			}
		}
	})
}

// A proxy cannot widen its own rights, at any depth.
func TestEscalation(t *testing.T) {
	c, p := newChain(t)
	p.Allows = func(ProxyType, frame.Call) bool { return true }
	c.Run(func() {
		if err := p.AddProxy(tc.Signed(1), tc.Address(2), justUtility, 0); err != nil {
			t.Fatal(err)
		}
		for _, call := range []frame.Call{
			&AddProxyCall{tc.Address(3), Any, 0}, &AddProxyCall{tc.Address(3), justTransfer, 0}, &RemoveProxyCall{tc.Address(3), Any, 0},
			&RemoveProxiesCall{}, &KillPureCall{Spawner: tc.Address(1)},
		} {
			if err := p.Proxy(tc.Signed(2), tc.Address(1), nil, call); err != nil {
				t.Fatal(err)
			}
			if got, _ := p.LastCallResult.Get(tc.ID(1)); got != frame.OutcomeOf(tc.CallFiltered) {
				t.Errorf("%T: %+v, expected CallFiltered", call, got)
			}
		}
		if err := p.Proxy(tc.Signed(2), tc.Address(1), nil, &AddProxyCall{tc.Address(3), justUtility, 0}); err != nil {
			t.Fatal(err)
		}
		if got, _ := p.LastCallResult.Get(tc.ID(1)); got.Failed {
			t.Errorf("a proxy of the same kind: %+v", got)
		}
	})
}

// Random calls: the state stays sound, deposits are what is in reserve, and failures change nothing.
func TestRandom(t *testing.T) {
	c, p := newChain(t)
	r := rand.New(rand.NewPCG(3, 4))
	c.Run(func() {
		for n := uint64(1); n <= 4; n++ {
			c.SetFree(tc.ID(n), 1000)
		}
		reached := map[string]int{}
		var pures []chain.AccountID
		for i := range 5000 {
			if r.IntN(10) == 0 {
				system.SetNumber(system.Number() + 1)
			}
			who, other := uint64(1+r.IntN(4)), uint64(1+r.IntN(4))
			kind, delay := ProxyType(r.IntN(3)), chain.BlockNumber(r.IntN(2))
			p.ProxyDepositBase, p.AnnouncementDepositFactor = units.Rao(1+r.IntN(2)), units.Rao(1+r.IntN(2))
			inner := frame.Call(&system.RemarkCall{Remark: []byte{byte(r.IntN(2))}})
			call := []frame.Call{
				&AddProxyCall{tc.Address(other), kind, delay},
				&RemoveProxyCall{tc.Address(other), kind, delay},
				&RemoveProxiesCall{},
				&CreatePureCall{kind, delay, uint16(i)},
				&AnnounceCall{tc.Address(other), hashOf(inner)},
				&RemoveAnnouncementCall{tc.Address(other), hashOf(inner)},
				&RejectAnnouncementCall{tc.Address(other), hashOf(inner)},
				&ProxyAnnouncedCall{tc.Address(who), tc.Address(other), nil, inner},
				&ProxyCall{tc.Address(other), nil, inner},
				&PokeDepositCall{},
				&SetRealPaysFeeCall{tc.Address(other), r.IntN(2) == 0},
			}[r.IntN(11)]
			if create, is := call.(*CreatePureCall); is {
				if len(pures) > 20 {
					continue
				}
				pures = append(pures, PureAccount(tc.ID(who), kind, create.Index, system.Number(), 0))
			}
			if _, err := frame.DispatchBypassFilter(call, tc.Signed(who)); err != nil {
				tc.Noop(t, func() error { _, e := frame.DispatchBypassFilter(call, tc.Signed(who)); return e }, err)
				reached[err.Error()]++
			} else {
				_, index := call.CallIndex()
				reached["call "+string('0'+rune(index))]++
			}
			if err := p.TryState(1); err != nil {
				t.Fatal(err)
			}
		}
		for _, want := range []string{"call 0", "call 1", "call 2", "call 3", "call 4", "call 6", "call 7", "call 8", "call 9", "call :", "call ;",
			"Proxy: TooMany", "Proxy: NotFound", "Proxy: NotProxy", "Proxy: Duplicate", "Proxy: Unannounced", "Proxy: NoSelfProxy"} {
			if reached[want] == 0 {
				t.Errorf("%s did not come: %v", want, reached)
			}
		}
		var deposits, reserved units.Rao
		for _, d := range p.Proxies.All() {
			deposits += d.Deposit
		}
		for _, a := range p.Announcements.All() {
			deposits += a.Deposit
		}
		for n := uint64(1); n <= 4; n++ {
			reserved += c.Reserved(n)
		}
		if deposits != reserved {
			t.Errorf("%d in deposits, %d in reserve", deposits, reserved)
		}
	})
}

// TryState and IntegrityTest find what they are there for.
func TestInvariants(t *testing.T) {
	c, p := newChain(t)
	def := func(n uint64) ProxyDefinition { return ProxyDefinition{Delegate: tc.ID(n)} }
	c.Run(func() {
		for _, test := range []struct {
			list Definitions
			want error
		}{
			{nil, errProxies}, {Definitions{def(2), def(1)}, errProxies}, {Definitions{def(1), def(1)}, errProxies},
			{Definitions{def(1), def(2), def(3), def(4), def(5)}, errProxies}, {Definitions{def(1), def(2)}, nil},
		} {
			p.Proxies.Put(tc.ID(1), ProxyRecord{test.list, 0})
			if err := p.TryState(1); err != test.want {
				t.Errorf("%v: %v, expected %v", test.list, err, test.want)
			}
		}
		for _, test := range []struct {
			record AnnouncementRecord
			want   error
		}{
			{AnnouncementRecord{}, errAnnouncements}, {AnnouncementRecord{make(Pending, 3), 0}, errAnnouncements},
			{AnnouncementRecord{make(Pending, 1), 1}, errReserve}, {AnnouncementRecord{make(Pending, 1), 0}, nil},
		} {
			p.Announcements.Put(tc.ID(1), test.record)
			if err := p.TryState(1); err != test.want {
				t.Errorf("%v: %v, expected %v", test.record, err, test.want)
			}
		}
	})
	if err := p.IntegrityTest(); err != nil {
		t.Error(err)
	}
	p.MaxPending = 76
	if err := p.IntegrityTest(); err != errLimits {
		t.Error(err)
	}
}
