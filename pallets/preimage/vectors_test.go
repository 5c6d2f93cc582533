package preimage

import (
	"bytes"
	"testing"

	"github.com/gotensor/gotensor/internal/vectors"
	"github.com/gotensor/gotensor/pallets/balances"
	"github.com/gotensor/gotensor/pallets/frame"
	"github.com/gotensor/gotensor/pallets/frame/host"
	"github.com/gotensor/gotensor/pallets/internal/testchain"
	"github.com/gotensor/gotensor/pallets/system"
	"github.com/gotensor/gotensor/primitives/hash"
	"github.com/gotensor/gotensor/primitives/scale"
	"github.com/gotensor/gotensor/primitives/units"
)

// newChain returns a chain with the deposits of the original's tests, 2 and 1 per byte, and 100 in the accounts 1 to 5.
func newChain(t testing.TB) (*testchain.Chain, *Pallet) {
	p := &Pallet{BaseDeposit: 2, ByteDeposit: 1}
	c := testchain.New(t, nil, map[uint64]units.Rao{1: 100, 2: 100, 3: 100, 4: 100, 5: 100}, frame.Entry{Index: 14, Name: "Preimage", Pallet: p})
	p.Currency = c.Balances
	return c, p
}

// pallet is the pallet's calls without their post infos.
type pallet struct{ *Pallet }

func (p pallet) note(origin frame.Origin, bytes []byte) error {
	_, err := p.NotePreimage(origin, bytes)
	return err
}

func (p pallet) get(h hash.H256) []byte {
	bytes, _ := p.Fetch(h)
	return bytes
}

func (p pallet) have(h hash.H256) bool {
	_, ok := p.Len(h)
	return ok
}

func (p pallet) statuses() (n int) {
	for range p.RequestStatusFor.All() {
		n++
	}
	return n
}

func (p pallet) preimages() (n int) {
	for range p.PreimageFor.All() {
		n++
	}
	return n
}

// dump is all that is stored.
func (p pallet) dump() (raw [][]byte) {
	for _, prefix := range []frame.Prefix{p.RequestStatusFor.Prefix(), p.PreimageFor.Prefix()} {
		for key, ok := host.NextKey(prefix[:]); ok && bytes.HasPrefix(key, prefix[:]); key, ok = host.NextKey(key) {
			value, _ := host.Get(key)
			raw = append(raw, key, value)
		}
	}
	return raw
}

// The expectations of substrate/frame/preimage/src/tests.rs. The manager there is account 1; here it is root, as in this runtime.
func TestVectors(t *testing.T) {
	s := vectors.New(t, "pallet_preimage")
	root, two, three := frame.Root(), func() frame.Origin { return testchain.Signed(2) }, func() frame.Origin { return testchain.Signed(3) }
	one := []byte{1}
	h1, h2 := hash.Blake2b256(one), hash.Blake2b256([]byte{2})
	test := func(name string, f func(v *vectors.Test, c *testchain.Chain, p pallet)) {
		s.Test(name, func(v *vectors.Test) {
			c, p := newChain(v.T)
			c.Run(func() { f(v, c, pallet{p}) })
		})
	}
	noop := func(v *vectors.Test, f func() error, want error) {
		v.Helper()
		v.Fails(frame.Transaction(f), want)
	}
	onHold := func(c *testchain.Chain, p pallet, n uint64) units.Rao {
		return c.Balances.BalanceOnHold(p.HoldReason(), testchain.ID(n))
	}

	test("user_note_preimage_works", func(v *vectors.Test, c *testchain.Chain, p pallet) {
		v.Ok(p.note(two(), one))
		v.Equal(onHold(c, p, 2), units.Rao(3))
		v.Equal(c.Free(2), units.Rao(97))
		v.True(p.have(h1), "the preimage is there")
		v.Equal(p.get(h1), one)
		noop(v, func() error { return p.note(two(), one) }, AlreadyNoted)
		noop(v, func() error { return p.note(testchain.Signed(0), []byte{2}) }, frame.TokenFundsUnavailable)
	})
	test("manager_note_preimage_works", func(v *vectors.Test, c *testchain.Chain, p pallet) {
		v.Ok(p.note(root, one))
		v.Equal(c.Reserved(1), units.Rao(0))
		v.Equal(c.Free(1), units.Rao(100))
		v.True(p.have(h1), "the preimage is there")
		v.Equal(p.get(h1), one)
		v.Ok(p.note(root, one))
	})
	test("user_unnote_preimage_works", func(v *vectors.Test, c *testchain.Chain, p pallet) {
		v.Ok(p.note(two(), one))
		noop(v, func() error { return p.UnnotePreimage(three(), h1) }, NotAuthorized)
		noop(v, func() error { return p.UnnotePreimage(two(), h2) }, NotNoted)
		v.Ok(p.UnnotePreimage(two(), h1))
		noop(v, func() error { return p.UnnotePreimage(two(), h1) }, NotNoted)
		v.True(!p.have(h1), "the preimage is gone")
		v.Equal(p.get(h1), []byte(nil))
	})
	test("manager_unnote_preimage_works", func(v *vectors.Test, c *testchain.Chain, p pallet) {
		v.Ok(p.note(root, one))
		v.Ok(p.UnnotePreimage(root, h1))
		noop(v, func() error { return p.UnnotePreimage(root, h1) }, NotNoted)
		v.True(!p.have(h1), "the preimage is gone")
		v.Equal(p.get(h1), []byte(nil))
	})
	test("manager_unnote_user_preimage_works", func(v *vectors.Test, c *testchain.Chain, p pallet) {
		v.Ok(p.note(two(), one))
		noop(v, func() error { return p.UnnotePreimage(three(), h1) }, NotAuthorized)
		noop(v, func() error { return p.UnnotePreimage(two(), h2) }, NotNoted)
		v.Ok(p.UnnotePreimage(root, h1))
		v.True(!p.have(h1), "the preimage is gone")
		v.Equal(p.get(h1), []byte(nil))
	})
	test("requested_then_noted_preimage_cannot_be_unnoted", func(v *vectors.Test, c *testchain.Chain, p pallet) {
		v.Ok(p.note(root, one))
		v.Ok(p.RequestPreimage(root, h1))
		v.Ok(p.UnnotePreimage(root, h1))
		v.True(p.have(h1), "the preimage is there")
		v.Equal(p.get(h1), one)
		v.Ok(p.UnrequestPreimage(root, h1))
		v.True(!p.have(h1), "the preimage is gone")
	})
	for _, name := range []string{"request_note_order_makes_no_difference", "request_user_note_order_makes_no_difference"} { // the same there too
		s.Test(name, func(v *vectors.Test) {
			var oneWay [][]byte
			c, p := newChain(v.T)
			c.Run(func() {
				v.Ok(p.RequestPreimage(root, h1))
				v.Ok(pallet{p}.note(two(), one))
				oneWay = pallet{p}.dump()
			})
			c, p = newChain(v.T)
			c.Run(func() {
				v.Ok(pallet{p}.note(two(), one))
				v.Ok(p.RequestPreimage(root, h1))
				v.Ok(p.UnnotePreimage(two(), h1))
				v.Equal(pallet{p}.dump(), oneWay)
			})
		})
	}
	test("requested_then_user_noted_preimage_is_free", func(v *vectors.Test, c *testchain.Chain, p pallet) {
		v.Ok(p.RequestPreimage(root, h1))
		v.Ok(p.note(two(), one))
		v.Equal(c.Reserved(2), units.Rao(0))
		v.Equal(c.Free(2), units.Rao(100))
		v.True(p.have(h1), "the preimage is there")
		v.Equal(p.get(h1), one)
	})
	test("unrequest_preimage_works", func(v *vectors.Test, c *testchain.Chain, p pallet) {
		v.Ok(p.RequestPreimage(root, h1))
		v.Ok(p.RequestPreimage(root, h1))
		v.Ok(p.note(two(), one))
		noop(v, func() error { return p.UnrequestPreimage(root, h2) }, NotRequested)
		v.Ok(p.UnrequestPreimage(root, h1))
		v.True(p.have(h1), "the preimage is there")
		v.Ok(p.UnrequestPreimage(root, h1))
		noop(v, func() error { return p.UnrequestPreimage(root, h1) }, NotRequested)
	})
	test("user_noted_then_requested_preimage_is_refunded_once_only", func(v *vectors.Test, c *testchain.Chain, p pallet) {
		v.Ok(p.note(two(), []byte{1, 1, 1}))
		v.Equal(onHold(c, p, 2), units.Rao(5))
		v.Ok(p.note(two(), one))
		v.Equal(onHold(c, p, 2), units.Rao(8))
		v.Ok(p.RequestPreimage(root, h1))
		v.Ok(p.UnrequestPreimage(root, h1))
		v.Ok(p.UnnotePreimage(two(), h1))
		v.Equal(onHold(c, p, 2), units.Rao(5))
	})
	test("noted_preimage_use_correct_map", func(v *vectors.Test, c *testchain.Chain, p pallet) {
		for i := range 7 {
			v.Ok(p.note(root, make([]byte, 128<<(2*i))))
		}
		v.Ok(p.note(root, make([]byte, MaxSize)))
		v.Equal(p.preimages(), 8)
		v.Equal(p.statuses(), 8)
		for i := range 7 {
			v.Ok(p.UnnotePreimage(root, hash.Blake2b256(make([]byte, 128<<(2*i)))))
		}
		v.Equal(p.preimages(), 1)
		v.Ok(p.UnnotePreimage(root, hash.Blake2b256(make([]byte, MaxSize))))
		v.Equal(p.preimages(), 0)
		v.Equal(p.statuses(), 0)
	})

	// These leave the state as it was; in block 0, as there, events are not kept.
	unchanged := func(name string, f func(v *vectors.Test, c *testchain.Chain, p pallet)) {
		test(name, func(v *vectors.Test, c *testchain.Chain, p pallet) {
			system.SetNumber(0)
			before := host.Root(1)
			f(v, c, p)
			v.True(host.Root(1) == before, "the state is as it was")
		})
	}
	count := func(p pallet, h hash.H256) uint32 {
		status, _ := p.RequestStatusFor.Get(h)
		if !status.Requested {
			return 0
		}
		return status.Count
	}
	remark := &system.RemarkCall{Remark: bytes.Repeat(one, 512)} // there: a Vec of that length
	encoded := remark.AppendScale(nil)
	unchanged("query_and_store_preimage_workflow", func(v *vectors.Test, c *testchain.Chain, p pallet) {
		bound, err := p.Bound(remark)
		v.Ok(err)
		size, _ := bound.Size()
		h := bound.CallHash()
		v.Equal(h, hash.Blake2b256(encoded))
		v.Equal(size, uint32(len(encoded)))
		_, lookup := bound.LookupHash()
		v.True(lookup, "not inline")
		length, ok := bound.LookupLen()
		v.True(ok && length == size, "the length is known")
		v.True(p.IsRequested(h), "requested")
		v.True(p.Have(&bound), "there")
		length, ok = p.Len(h)
		v.True(ok && length == size, "the length is known")
		got, err := p.FetchLen(h, size)
		v.Ok(err)
		v.Equal(got, encoded)
		v.Equal(p.get(h), encoded)
		_, err = p.FetchLen(h, 0)
		v.Fails(err, frame.Unavailable)
		peek := func(f func(*Bounded) (frame.Call, uint32, bool, error)) {
			v.Helper()
			call, length, looked, err := f(&bound)
			v.Ok(err)
			v.True(looked && length == size, "the length of the preimage")
			v.Equal(call, remark)
		}
		peek(p.Peek)
		p.Request(h) // pick, which requests, and a request
		p.Request(h)
		v.Equal(count(p, h), uint32(3))
		peek(p.Realize)
		v.Equal(count(p, h), uint32(2))
		p.Drop(&bound)
		v.Equal(count(p, h), uint32(1))
		v.True(p.Have(&bound), "there")
		p.Unnote(h)
		v.True(!p.Have(&bound), "gone")
		_, err = p.FetchLen(h, size)
		v.Fails(err, frame.Unavailable)
		v.True(!p.IsRequested(h), "not requested")
	})
	unchanged("query_preimage_request_works", func(v *vectors.Test, c *testchain.Chain, p pallet) {
		h := hash.Blake2b256(bytes.Repeat(one, 10))
		for range 2 {
			p.Request(h)
			v.True(p.IsRequested(h), "requested")
			v.True(!p.have(h), "the length is not known")
			noop(v, func() error { _, err := p.Fetch(h); return err }, frame.Unavailable)
		}
		v.Equal(p.statuses(), 1)
		p.Unrequest(h)
		v.True(p.IsRequested(h), "requested")
		p.Unrequest(h)
		v.True(!p.IsRequested(h), "not requested")
		v.Equal(p.statuses(), 0)
	})
	unchanged("query_preimage_hold_and_drop_work", func(v *vectors.Test, c *testchain.Chain, p pallet) {
		inline := Bounded{Kind: Inline, Bytes: one}
		lookup := Bounded{Kind: Lookup, Hash: hash.Blake2b256([]byte{1, 2}), Len: 2}
		legacy := Bounded{Kind: Legacy, Hash: hash.Blake2b256([]byte{1, 2, 3})}
		before := host.Root(1)
		p.Hold(&inline)
		v.True(host.Root(1) == before, "nothing to hold of inline values")
		p.Hold(&lookup)
		v.True(p.IsRequested(lookup.CallHash()), "requested")
		p.Hold(&legacy)
		v.True(p.IsRequested(legacy.CallHash()), "requested")
		v.Equal(p.statuses(), 2)
		p.Drop(&lookup)
		v.True(!p.IsRequested(lookup.CallHash()), "not requested")
		p.Drop(&legacy)
		v.True(!p.IsRequested(legacy.CallHash()), "not requested")
		v.Equal(p.statuses(), 0)
	})
	unchanged("store_preimage_basic_works", func(v *vectors.Test, c *testchain.Chain, p pallet) {
		bound, err := p.Bound(remark)
		v.Ok(err)
		peek := func() error { _, _, _, err := p.Peek(&bound); return err }
		note := func(bytes []byte) error { _, err := p.Note(bytes); return err }
		v.Ok(peek())
		p.Unnote(bound.CallHash())
		v.Fails(peek(), frame.Unavailable)
		v.Ok(note(remark.Remark))
		v.Fails(peek(), frame.Unavailable)
		v.Ok(note(encoded))
		v.Ok(note(encoded))
		v.Ok(peek())
		p.Unnote(bound.CallHash())
		p.Unnote(hash.Blake2b256(remark.Remark))
	})
	test("store_preimage_note_too_large_errors", func(v *vectors.Test, c *testchain.Chain, p pallet) {
		_, err := p.Note(make([]byte, MaxSize))
		v.Ok(err)
		_, err = p.Note(make([]byte, MaxSize+1))
		v.Fails(err, frame.Exhausted)
	})
	test("store_preimage_bound_too_large_errors", func(v *vectors.Test, c *testchain.Chain, p pallet) {
		_, err := p.BoundBytes(scale.AppendBytes(nil, make([]byte, MaxSize)))
		v.Fails(err, frame.Exhausted)
		_, err = p.BoundBytes(scale.AppendBytes(nil, make([]byte, MaxSize-4)))
		v.Ok(err)
	})
	s.Done()
}

var _ Currency = (*balances.Pallet)(nil)
