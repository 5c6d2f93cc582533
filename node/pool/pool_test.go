package pool

import (
	"testing"

	"github.com/gotensor/gotensor/primitives/chain"
	"github.com/gotensor/gotensor/storage/db"
)

// nonceChain takes transfers whose nonces follow one another, from 0 for every account.
func nonceChain() *fakeChain {
	c := newFakeChain()
	c.validate = func(at db.Point, _ Source, xt chain.OpaqueExtrinsic) (Validity, error) {
		used := uint64(0)
		for block := at.Hash; ; {
			body, err := c.Body(block)
			if err != nil {
				return Validity{}, err
			}
			for _, other := range body {
				if other[1] == xt[1] {
					used++
				}
			}
			header, err := c.Header(block)
			if err != nil {
				return Validity{}, err
			}
			if header.Number == 0 {
				break
			}
			block = header.ParentHash
		}
		nonce := transferNonce(xt)
		if nonce < used {
			return Validity{}, &InvalidError{Kind: InvalidStale}
		}
		tag := func(nonce uint64) Tag { return Tag(transfer(xt[1], nonce, 0)) }
		v := Validity{Priority: uint64(xt[2]), Provides: []Tag{tag(nonce)}, Longevity: 64, Propagate: true}
		if nonce > used {
			v.Requires = []Tag{tag(nonce - 1)}
		}
		return v, nil
	}
	return c
}

func TestLife(t *testing.T) {
	c := nonceChain()
	p := newPool(t, Config{}, c)
	first, second := transfer(1, 0, 1), transfer(1, 1, 1)
	_, later, err := p.SubmitAndWatch(t.Context(), External, second)
	if err != nil {
		t.Fatal(err)
	}
	_, soon, err := p.SubmitAndWatch(t.Context(), External, first)
	if err != nil {
		t.Fatal(err)
	}
	if got := p.Status(); got != (PoolStatus{Ready: 2, ReadyBytes: 24}) {
		t.Fatalf("got %+v", got)
	}
	if got := p.Pending(); len(got) != 2 || string(got[0]) != string(first) || string(got[1]) != string(second) {
		t.Fatalf("got %x", got)
	}
	one := c.push(c.Head().Best.Hash, first)
	handle(t, p, c.best(one))
	two := c.push(one.Hash, second)
	handle(t, p, c.best(two), c.finalise(t, two))
	for _, test := range []struct {
		watch *Watch
		want  []Status
	}{
		{soon, []Status{{Kind: StatusReady}, {Kind: StatusInBlock, Block: one.Hash}, {Kind: StatusFinalized, Block: one.Hash}}},
		{later, []Status{{Kind: StatusFuture}, {Kind: StatusReady}, {Kind: StatusInBlock, Block: two.Hash}, {Kind: StatusFinalized, Block: two.Hash}}},
	} {
		got := statuses(t, test.watch)
		if len(got) != len(test.want) {
			t.Fatalf("got %v, want %v", got, test.want)
		}
		for i := range got {
			if got[i].String() != test.want[i].String() {
				t.Errorf("status %d: got %v, want %v", i, got[i], test.want[i])
			}
		}
	}
	if got := p.Status(); got != (PoolStatus{}) {
		t.Fatalf("got %+v", got)
	}
}
