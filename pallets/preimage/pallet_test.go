package preimage

import (
	"bytes"
	"encoding/hex"
	"strings"
	"testing"

	"github.com/gotensor/gotensor/pallets/frame"
	"github.com/gotensor/gotensor/pallets/internal/testchain"
	"github.com/gotensor/gotensor/pallets/system"
	"github.com/gotensor/gotensor/primitives/hash"
	"github.com/gotensor/gotensor/primitives/scale"
	"github.com/gotensor/gotensor/primitives/units"
)

// Whether noting pays: not for root, and not for bytes that are requested.
func TestFees(t *testing.T) {
	c, p := newChain(t)
	c.Run(func() {
		for _, x := range []struct {
			origin frame.Origin
			bytes  string
			want   frame.Pays
		}{{testchain.Signed(2), "a", frame.Yes}, {frame.Root(), "b", frame.No}, {testchain.Signed(2), "b", frame.No}, {frame.Root(), "a", frame.No}} {
			post, err := p.NotePreimage(x.origin, []byte(x.bytes))
			if err != nil || post.Pays != x.want {
				t.Errorf("%s: pays %d, %v", x.bytes, post.Pays, err)
			}
		}
		if err := p.RequestPreimage(testchain.Signed(2), hash.H256{}); err != frame.BadOrigin {
			t.Errorf("got %v", err)
		}
		if err := p.UnrequestPreimage(testchain.Signed(2), hash.H256{}); err != frame.BadOrigin {
			t.Errorf("got %v", err)
		}
		if err := p.UnnotePreimage(frame.None(), hash.H256{}); err != frame.BadOrigin {
			t.Errorf("got %v", err)
		}
	})
}

func TestEvents(t *testing.T) {
	c, p := newChain(t)
	h := hash.Blake2b256([]byte("a"))
	c.Run(func() {
		system.ResetEvents()
		p.Request(h)
		p.Request(h) // no event: it is requested already
		if _, err := p.NotePreimage(testchain.Signed(2), []byte("a")); err != nil {
			t.Fatal(err)
		}
		p.Unrequest(h)
		p.Unrequest(h)
		var got []string
		for _, e := range testchain.Last(3) {
			got = append(got, hex.EncodeToString(e[:2]))
		}
		if want := "0e01 0e00 0e02"; strings.Join(got, " ") != want || len(system.EventRecords()) != 3 {
			t.Errorf("events %v, expected %s", got, want)
		}
	})
}

// What earlier versions stored moves over: the reserve becomes a hold.
func TestEnsureUpdated(t *testing.T) {
	c, p := newChain(t)
	unrequested, requested, both := hash.Blake2b256([]byte("a")), hash.Blake2b256([]byte("bb")), hash.Blake2b256([]byte("ccc"))
	c.Run(func() {
		if err := c.Balances.Reserve(testchain.ID(2), 60); err != nil {
			t.Fatal(err)
		}
		p.PreimageFor.Put(Key{unrequested, 1}, Bytes("a"))
		p.PreimageFor.Put(Key{both, 3}, Bytes("ccc"))
		p.StatusFor.Put(unrequested, OldRequestStatus{Ticket: &Ticket{testchain.ID(2), 20}, HasLen: true, Len: 1})
		p.StatusFor.Put(requested, OldRequestStatus{Requested: true, Ticket: &Ticket{testchain.ID(2), 20}, Count: 3})
		p.StatusFor.Put(both, OldRequestStatus{Requested: true, Ticket: &Ticket{testchain.ID(2), 20}, Count: 3, HasLen: true, Len: 3})
		post, err := p.EnsureUpdated(testchain.Signed(5), []hash.H256{unrequested, requested, both})
		if err != nil || post.Pays != frame.No {
			t.Errorf("pays %d, %v", post.Pays, err)
		}
		for h, want := range map[hash.H256]RequestStatus{
			unrequested: {Ticket: &Ticket{testchain.ID(2), 3}, HasLen: true, Len: 1},
			requested:   {Requested: true, Count: 3},
			both:        {Requested: true, Ticket: &Ticket{testchain.ID(2), 5}, Count: 3, HasLen: true, Len: 3},
		} {
			got, ok := p.RequestStatusFor.Get(h)
			if !ok || !bytes.Equal(got.AppendScale(nil), want.AppendScale(nil)) || p.StatusFor.Has(h) {
				t.Errorf("%s: got %v", h, got)
			}
		}
		if held := c.Balances.BalanceOnHold(p.HoldReason(), testchain.ID(2)); held != 8 || c.Free(2) != 92 {
			t.Errorf("%v on hold, %v free", held, c.Free(2))
		}
		if post, err := p.EnsureUpdated(testchain.Signed(5), []hash.H256{both}); err != nil || post.Pays != frame.Yes {
			t.Errorf("nothing to update: pays %d, %v", post.Pays, err)
		}
		if _, err := p.EnsureUpdated(testchain.Signed(5), nil); err != TooFew {
			t.Errorf("got %v", err)
		}
		if _, err := p.EnsureUpdated(testchain.Signed(5), make([]hash.H256, 1025)); err != TooMany {
			t.Errorf("got %v", err)
		}
		if _, err := p.EnsureUpdated(frame.Root(), []hash.H256{both}); err != frame.BadOrigin {
			t.Errorf("got %v", err)
		}
	})
}

// Subtensor's deposit: 104,000,000 RAO and 1,000,000 for each byte.
func TestDeposit(t *testing.T) {
	p := &Pallet{BaseDeposit: 104_000_000, ByteDeposit: 1_000_000}
	c := testchain.New(t, nil, map[uint64]units.Rao{2: units.Tao}, frame.Entry{Index: 14, Name: "Preimage", Pallet: p})
	p.Currency = c.Balances
	c.Run(func() {
		if _, err := p.NotePreimage(testchain.Signed(2), make([]byte, 10)); err != nil {
			t.Fatal(err)
		}
		if held := c.Balances.BalanceOnHold(frame.HoldReason{Pallet: 14}, testchain.ID(2)); held != 114_000_000 {
			t.Errorf("%v on hold", held)
		}
		if _, err := p.NotePreimage(testchain.Signed(2), make([]byte, 1000)); err != frame.TokenFundsUnavailable {
			t.Errorf("got %v", err)
		}
		if _, err := p.NotePreimage(testchain.Signed(2), make([]byte, MaxSize+1)); err != TooBig {
			t.Errorf("got %v", err)
		}
	})
}

func TestPeekOfWhatIsNoCall(t *testing.T) {
	c, p := newChain(t)
	c.Run(func() {
		for _, raw := range [][]byte{{}, {200}, {0, 200}, append([]byte{0}, make([]byte, 200)...)[:1]} {
			b, err := p.BoundBytes(raw)
			if err != nil {
				t.Fatal(err)
			}
			if _, _, _, err := p.Peek(&b); err != frame.Corruption {
				t.Errorf("%x: got %v", raw, err)
			}
		}
		// A million empty keys decode, and would take 24 MiB.
		b, err := p.BoundBytes(append(scale.AppendLen([]byte{0, 5}, 1<<20), make([]byte, 1<<20)...))
		if err != nil {
			t.Fatal(err)
		}
		if _, _, _, err := p.Peek(&b); err != frame.Corruption {
			t.Errorf("a call of 24 MiB: got %v", err)
		}
		remark := &system.RemarkCall{Remark: make([]byte, 120)}
		inline, _ := p.Bound(remark)
		if _, _, looked, err := p.Realize(&inline); err != nil || looked || inline.Kind != Inline {
			t.Errorf("%v, %v", looked, err)
		}
		h, _ := p.Note(remark.AppendScale(nil))
		legacy := Bounded{Kind: Legacy, Hash: h}
		if _, length, looked, err := p.Realize(&legacy); err != nil || !looked || length != 124 {
			t.Errorf("%d, %v, %v", length, looked, err)
		}
		if p.Have(&legacy) {
			t.Error("the request was not given up")
		}
	})
}

// The bytes of what is stored and of Bounded. Source of the shapes: the SCALE codec of pallet_preimage's and frame_support's enums.
func TestGolden(t *testing.T) {
	who := "02" + strings.Repeat("00", 31)
	ticket := &Ticket{testchain.ID(2), 5}
	for _, x := range []struct {
		v    scale.Encodable
		want string
	}{
		{RequestStatus{Ticket: ticket, HasLen: true, Len: 3}, "00" + who + "0500000000000000" + "03000000"},
		{RequestStatus{Requested: true, Count: 7}, "01" + "00" + "07000000" + "00"},
		{RequestStatus{Requested: true, Ticket: ticket, Count: 7, HasLen: true, Len: 3}, "01" + "01" + who + "0500000000000000" + "07000000" + "0103000000"},
		{Bounded{Kind: Legacy, Hash: hash.H256{9}}, "0009" + strings.Repeat("00", 31)},
		{Bounded{Kind: Inline, Bytes: []byte{1, 2}}, "01080102"},
		{Bounded{Kind: Lookup, Hash: hash.H256{9}, Len: 300}, "0209" + strings.Repeat("00", 31) + "2c010000"},
	} {
		if got := hex.EncodeToString(x.v.AppendScale(nil)); got != x.want {
			t.Errorf("%v: got %s, expected %s", x.v, got, x.want)
		}
	}
	_, p := newChain(t)
	h := hash.Blake2b256([]byte("a"))
	prefix := p.PreimageFor.Prefix()
	if got, want := p.PreimageFor.Key(Key{h, 1}), append(append(prefix[:], h[:]...), 1, 0, 0, 0); !bytes.Equal(got, want) {
		t.Errorf("key %x, expected %x", got, want)
	}
}

func FuzzRequestStatus(f *testing.F) {
	f.Add(RequestStatus{Requested: true, Ticket: &Ticket{}, Count: 1, HasLen: true, Len: 2}.AppendScale(nil))
	f.Add(RequestStatus{Ticket: &Ticket{}, HasLen: true, Len: 2}.AppendScale(nil))
	f.Fuzz(func(t *testing.T, data []byte) {
		status, err := scale.Unmarshal[RequestStatus](data)
		if err == nil && !bytes.Equal(status.AppendScale(nil), data) {
			t.Errorf("%x decodes as %v", data, status)
		}
	})
}

func FuzzBounded(f *testing.F) {
	f.Add(Bounded{Kind: Lookup, Len: 2}.AppendScale(nil))
	f.Add(Bounded{Kind: Inline, Bytes: make([]byte, 128)}.AppendScale(nil))
	f.Add(Bounded{Kind: Inline, Bytes: make([]byte, 129)}.AppendScale(nil))
	f.Fuzz(func(t *testing.T, data []byte) {
		b, err := scale.Unmarshal[Bounded](data)
		if err != nil {
			return
		}
		if len(b.Bytes) > MaxInline {
			t.Errorf("%d bytes inline", len(b.Bytes))
		}
		if !bytes.Equal(b.AppendScale(nil), data) {
			t.Errorf("%x decodes as %v", data, b)
		}
	})
}
