package example

import (
	"bytes"
	"encoding/hex"
	"testing"

	"github.com/gotensor/gotensor/pallets/frame"
	"github.com/gotensor/gotensor/pallets/frame/describe"
	"github.com/gotensor/gotensor/pallets/system"
	"github.com/gotensor/gotensor/primitives/chain"
	"github.com/gotensor/gotensor/primitives/scale"
	"github.com/gotensor/gotensor/testnet/native"
)

var alice, bob, carol = chain.AccountID{1}, chain.AccountID{2}, chain.AccountID{3}

// run runs f in block 1 of a chain with System and the guest book.
func run(t *testing.T, f func(ext *native.Ext, p *Pallet)) {
	p := &Pallet{Constants: Constants{MaxLength: 8, MaxRecent: 2, Period: 10}}
	frame.Install(nil, frame.Entry{Index: 0, Name: "System", Pallet: new(system.Pallet)}, frame.Entry{Index: 99, Name: "Book", Pallet: p})
	ext := native.New(t)
	ext.Run(func() {
		system.SetNumber(1)
		f(ext, p)
	})
}

// refused dispatches a call that must fail with want and change nothing.
func refused(t *testing.T, ext *native.Ext, call frame.Call, origin frame.Origin, want error) {
	t.Helper()
	before := ext.Root()
	if _, err := frame.Dispatch(call, origin); err != want {
		t.Errorf("%T: error %v, expected %v", call, err, want)
	}
	if ext.Root() != before {
		t.Errorf("%T was refused, and changed the state", call)
	}
}

func accepted(t *testing.T, call frame.Call, origin frame.Origin) {
	t.Helper()
	if _, err := frame.Dispatch(call, origin); err != nil {
		t.Errorf("%T: %v", call, err)
	}
}

func lastEvent(t *testing.T, want frame.Event) {
	t.Helper()
	events := system.EventRecords()
	if len(events) == 0 || !bytes.Equal(events[len(events)-1].Event, want.AppendEvent(nil)) {
		t.Errorf("the last of %d events is not %T%+v", len(events), want, want)
	}
}

func TestSign(t *testing.T) {
	run(t, func(ext *native.Ext, p *Pallet) {
		accepted(t, &SignCall{Text: Text("hello")}, frame.SignedBy(alice))
		lastEvent(t, Signed{Who: alice, Entries: 1})
		if e, ok := p.Entries.Get(alice); !ok || string(e.Text) != "hello" || e.At != 1 {
			t.Errorf("the entry is %+v, %v", e, ok)
		}
		refused(t, ext, &SignCall{}, frame.SignedBy(bob), Empty)
		refused(t, ext, &SignCall{Text: Text("x")}, frame.None(), frame.BadOrigin)
		accepted(t, &SignCall{Text: Text("again")}, frame.SignedBy(alice))
		lastEvent(t, Signed{Who: alice, Entries: 1})
	})
}

func TestPeriods(t *testing.T) {
	run(t, func(ext *native.Ext, p *Pallet) {
		accepted(t, &SignCall{Text: Text("a")}, frame.SignedBy(alice))
		accepted(t, &SignCall{Text: Text("b")}, frame.SignedBy(bob))
		refused(t, ext, &SignCall{Text: Text("c")}, frame.SignedBy(carol), TooMany)
		for n := chain.BlockNumber(2); n <= 10; n++ {
			if weight, last := p.OnInitialize(n), n == 10; last != (weight == frame.RefTime(2_000_000).Writes(1)) {
				t.Errorf("block %d costs %+v", n, weight)
			}
		}
		accepted(t, &SignCall{Text: Text("c")}, frame.SignedBy(carol))
		if p.Recent.Get() != 1 || p.Entries.Count() != 3 {
			t.Errorf("%d recent of %d entries, expected 1 of 3", p.Recent.Get(), p.Entries.Count())
		}
	})
}

func TestErase(t *testing.T) {
	run(t, func(ext *native.Ext, p *Pallet) {
		refused(t, ext, &EraseCall{}, frame.SignedBy(alice), NotFound)
		refused(t, ext, &EraseCall{}, frame.Root(), frame.BadOrigin)
		accepted(t, &SignCall{Text: Text("a")}, frame.SignedBy(alice))
		accepted(t, &EraseCall{}, frame.SignedBy(alice))
		lastEvent(t, Erased{Who: alice})
		if p.Entries.Has(alice) || p.Entries.Count() != 0 || p.Recent.Get() != 1 {
			t.Error("the entry is still there, or the period has forgotten it")
		}
	})
}

func TestOpenAndClose(t *testing.T) {
	run(t, func(ext *native.Ext, p *Pallet) {
		refused(t, ext, &SetOpenCall{}, frame.SignedBy(alice), frame.BadOrigin)
		accepted(t, &SetOpenCall{Open: false}, frame.Root())
		lastEvent(t, Switched{Open: false})
		refused(t, ext, &SignCall{Text: Text("a")}, frame.SignedBy(alice), Closed)
		accepted(t, &SetOpenCall{Open: true}, frame.Root())
		accepted(t, &SignCall{Text: Text("a")}, frame.SignedBy(alice))
		if info := (&SetOpenCall{}).Info(); info.Class != frame.Operational || info.Pays != frame.No {
			t.Errorf("info %+v", info)
		}
	})
}

func TestGenesis(t *testing.T) {
	run(t, func(_ *native.Ext, p *Pallet) {
		if err := p.BuildGenesis(nil); err != nil || !p.Open.Get() {
			t.Errorf("no configuration: open %v, error %v", p.Open.Get(), err)
		}
		if err := p.BuildGenesis([]byte(`{"open":false}`)); err != nil || p.Open.Get() {
			t.Errorf("closed: open %v, error %v", p.Open.Get(), err)
		}
		if err := p.BuildGenesis([]byte(`{"open":1}`)); err == nil {
			t.Error("a number was read as a truth value")
		}
	})
}

// TestEncodings freezes what stands in blocks and in the state: to change one of these is to write a migration.
func TestEncodings(t *testing.T) {
	run(t, func(_ *native.Ext, p *Pallet) {
		for want, got := range map[string][]byte{
			"6300" + "0c616263":   (&SignCall{Text: Text("abc")}).AppendScale(nil),
			"6301":                (&EraseCall{}).AppendScale(nil),
			"630201":              (&SetOpenCall{Open: true}).AppendScale(nil),
			"086869" + "07000000": Entry{Text: Text("hi"), At: 7}.AppendScale(nil),
		} {
			if hex.EncodeToString(got) != want {
				t.Errorf("got %x, expected %s", got, want)
			}
		}
		if _, err := scale.UnmarshalFunc([]byte{99, 0, 9 << 2, 1, 2, 3, 4, 5, 6, 7, 8, 9}, frame.DecodeCall); err == nil {
			t.Error("a text of 9 bytes was read, with a MaxLength of 8")
		}
	})
}

func TestDescription(t *testing.T) {
	run(t, func(_ *native.Ext, p *Pallet) {
		m, err := describe.Build(describe.Runtime{Pallets: []frame.Pallet{p}, Extensions: []string{"CheckNonce"}, APIs: []string{"Core"}})
		if err != nil {
			t.Fatal(err)
		}
		book := m.Pallet("Book")
		if calls, events, errors := m.Variants(book.Calls), m.Variants(book.Event), m.Variants(book.Error); len(calls) != 3 || len(events) != 3 || len(errors) != 4 ||
			len(book.Storage.Entries) != 4 || len(book.Constants) != 3 || calls[2].Name != "set_open" || errors[0].Docs[0] != " The book takes no entries. Wait until root opens it." {
			t.Errorf("%+v", book)
		}
	})
}
