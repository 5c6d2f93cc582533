package sudo

import (
	"testing"

	"github.com/gotensor/gotensor/internal/vectors"
	"github.com/gotensor/gotensor/pallets/frame"
	tc "github.com/gotensor/gotensor/pallets/internal/testchain"
	"github.com/gotensor/gotensor/pallets/system"
	"github.com/gotensor/gotensor/primitives/chain"
	"github.com/gotensor/gotensor/primitives/units"
)

// newChain is the chain of the original tests: the filter lets nothing through, and account 1 is the sudo key.
func newChain(t testing.TB) (*tc.Chain, *Pallet) {
	t.Helper()
	p := &Pallet{}
	c := tc.New(t, func(frame.Call) bool { return false }, map[uint64]units.Rao{},
		frame.Entry{Index: 12, Name: "Sudo", Pallet: p}, frame.Entry{Index: 40, Name: "Logger", Pallet: &tc.Example{}})
	c.Run(func() {
		if err := p.BuildGenesis([]byte(`{"key":"` + tc.ID(1).String() + `"}`)); err != nil {
			t.Fatal(err)
		}
	})
	return c, p
}

func run(f func(v *vectors.Test, c *tc.Chain, p *Pallet)) func(v *vectors.Test) {
	return func(v *vectors.Test) {
		c, p := newChain(v)
		c.Run(func() { f(v, c, p) })
	}
}

func ok(_ frame.PostInfo, err error) error { return err }

func key(p *Pallet) any {
	if who, ok := p.Key.Get(); ok {
		return who
	}
	return nil
}

// The original's tests, by name. Source: paritytech/polkadot-sdk substrate/frame/sudo/src/tests.rs (pallet-sudo 41.0.0).
func TestVectors(t *testing.T) {
	s := vectors.New(t, "pallet_sudo")
	privileged := &tc.Log{Value: 42, Privileged: true, Weight: frame.RefTime(1_000)}
	open := &tc.Log{Value: 42, Weight: frame.RefTime(1)}
	noop := func(v *vectors.Test, f func() (frame.PostInfo, error), want error) {
		v.Helper()
		tc.Noop(v, func() error { return ok(f()) }, want)
		v.True(true, "nothing changed")
	}

	s.Test("test_setup_works", run(func(v *vectors.Test, c *tc.Chain, p *Pallet) {
		v.Equal(key(p), tc.ID(1))
		v.Equal(len(tc.Values()), 0)
		v.Equal(len(tc.Accounts()), 0)
	}))
	s.Test("sudo_basics", run(func(v *vectors.Test, c *tc.Chain, p *Pallet) {
		v.Ok(ok(p.Sudo(tc.Signed(1), privileged)))
		v.Equal(tc.Values(), []uint32{42})
		noop(v, func() (frame.PostInfo, error) { return p.Sudo(tc.Signed(2), privileged) }, RequireSudo)
	}))
	s.Test("sudo_emits_events_correctly", run(func(v *vectors.Test, c *tc.Chain, p *Pallet) {
		v.Ok(ok(p.Sudo(tc.Signed(1), privileged)))
		v.True(tc.Has(Sudid{}), "event Sudid")
	}))
	s.Test("sudo_unchecked_weight_basics", run(func(v *vectors.Test, c *tc.Chain, p *Pallet) {
		weight := frame.RefTime(1_000)
		v.Ok(ok(p.SudoUncheckedWeight(tc.Signed(1), privileged, weight)))
		v.Equal(tc.Values(), []uint32{42})
		noop(v, func() (frame.PostInfo, error) { return p.SudoUncheckedWeight(tc.Signed(2), privileged, weight) }, RequireSudo)
		v.Equal(tc.Values(), []uint32{42})
		v.Equal((&SudoUncheckedWeightCall{open, weight}).Info().Call, weight)
	}))
	s.Test("sudo_unchecked_weight_emits_events_correctly", run(func(v *vectors.Test, c *tc.Chain, p *Pallet) {
		v.Ok(ok(p.SudoUncheckedWeight(tc.Signed(1), privileged, frame.RefTime(1_000))))
		v.True(tc.Has(Sudid{}), "event Sudid")
	}))
	s.Test("set_key_basics", func(v *vectors.Test) {
		run(func(v *vectors.Test, c *tc.Chain, p *Pallet) {
			v.Ok(ok(p.SetKey(tc.Signed(1), tc.Address(2))))
			v.Equal(key(p), tc.ID(2))
		})(v)
		run(func(v *vectors.Test, c *tc.Chain, p *Pallet) {
			noop(v, func() (frame.PostInfo, error) { return p.SetKey(tc.Signed(2), tc.Address(3)) }, RequireSudo)
		})(v)
	})
	s.Test("set_key_emits_events_correctly", run(func(v *vectors.Test, c *tc.Chain, p *Pallet) {
		one, two := tc.ID(1), tc.ID(2)
		v.Ok(ok(p.SetKey(tc.Signed(1), tc.Address(2))))
		v.True(tc.Has(KeyChanged{&one, tc.ID(2)}), "event KeyChanged from 1 to 2")
		v.Ok(ok(p.SetKey(tc.Signed(2), tc.Address(4))))
		v.True(tc.Has(KeyChanged{&two, tc.ID(4)}), "event KeyChanged from 2 to 4")
	}))
	s.Test("remove_key_works", run(func(v *vectors.Test, c *tc.Chain, p *Pallet) {
		v.Ok(ok(p.RemoveKey(tc.Signed(1))))
		v.Equal(key(p), nil)
		v.True(tc.Has(KeyRemoved{}), "event KeyRemoved")
		noop(v, func() (frame.PostInfo, error) { return p.RemoveKey(tc.Signed(1)) }, RequireSudo)
		noop(v, func() (frame.PostInfo, error) { return p.SetKey(tc.Signed(1), tc.Address(1)) }, RequireSudo)
	}))
	s.Test("using_root_origin_works", run(func(v *vectors.Test, c *tc.Chain, p *Pallet) {
		v.Ok(ok(p.RemoveKey(frame.Root())))
		v.Equal(key(p), nil)
		v.True(tc.Has(KeyRemoved{}), "event KeyRemoved")
		v.Ok(ok(p.SetKey(frame.Root(), tc.Address(1))))
		v.Equal(key(p), tc.ID(1))
	}))
	s.Test("sudo_as_basics", run(func(v *vectors.Test, c *tc.Chain, p *Pallet) {
		v.Ok(ok(p.SudoAs(tc.Signed(1), tc.Address(2), privileged)))
		v.Equal(len(tc.Values()), 0)
		v.Equal(len(tc.Accounts()), 0)
		noop(v, func() (frame.PostInfo, error) { return p.SudoAs(tc.Signed(3), tc.Address(2), open) }, RequireSudo)
		v.Ok(ok(p.SudoAs(tc.Signed(1), tc.Address(2), open)))
		v.Equal(tc.Values(), []uint32{42})
		v.Equal(tc.Accounts(), tc.IDs(2))
	}))
	s.Test("sudo_as_emits_events_correctly", run(func(v *vectors.Test, c *tc.Chain, p *Pallet) {
		v.Ok(ok(p.SudoAs(tc.Signed(1), tc.Address(2), open)))
		v.True(tc.Has(SudoAsDone{}), "event SudoAsDone")
	}))
	s.Done()
}

// Weights, class and fees follow from what the inner call says.
func TestInfo(t *testing.T) {
	c, p := newChain(t)
	c.Run(func() {
		inner := frame.Call(&tc.Free{})
		for _, test := range []struct {
			name string
			call frame.Call
			want frame.DispatchInfo
		}{
			{"sudo", &SudoCall{inner}, frame.DispatchInfo{Call: frame.RefTime(7_939_000 + 25_000_000 + 10).Proof(1517), Class: frame.Operational}},
			{"sudo_as", &SudoAsCall{tc.Address(2), inner}, frame.DispatchInfo{Call: frame.RefTime(7_870_000 + 25_000_000 + 10).Proof(1517), Class: frame.Operational}},
			{"sudo_unchecked_weight", &SudoUncheckedWeightCall{inner, frame.RefTime(7)}, frame.DispatchInfo{Call: frame.RefTime(7), Class: frame.Operational}},
			{"set_key", &SetKeyCall{tc.Address(2)}, frame.DispatchInfo{Call: frame.RefTime(7_237_000 + 125_000_000).Proof(1517)}},
			{"remove_key", &RemoveKeyCall{}, frame.DispatchInfo{Call: frame.RefTime(6_417_000 + 125_000_000).Proof(1517)}},
		} {
			if got := test.call.Info(); got != test.want {
				t.Errorf("%s: info %+v, expected %+v", test.name, got, test.want)
			}
		}
		for _, call := range []frame.Call{&SudoCall{inner}, &SudoUncheckedWeightCall{inner, frame.Weight{}}, &SudoAsCall{tc.Address(2), inner}, &SetKeyCall{tc.Address(1)}} {
			post, err := frame.DispatchBypassFilter(call, tc.Signed(1))
			if err != nil || post.Pays != frame.No || post.HasActual {
				t.Errorf("%T by the key: %+v, %v; expected no fee and no refund", call, post, err)
			}
			post, err = frame.DispatchBypassFilter(call, tc.Signed(2))
			if err != error(RequireSudo) || post.Pays != frame.Yes {
				t.Errorf("%T by another: %+v, %v; expected RequireSudo and a fee", call, post, err)
			}
			if _, err = frame.DispatchBypassFilter(call, frame.None()); err != error(frame.BadOrigin) {
				t.Errorf("%T by nobody: %v, expected BadOrigin", call, err)
			}
		}
		raw := chain.MultiAddress{Kind: chain.AddressRaw, Bytes: []byte{1}}
		if _, err := p.SetKey(tc.Signed(1), raw); err != error(frame.CannotLookup) {
			t.Errorf("set_key to an address that is no account: %v, expected CannotLookup", err)
		}
	})
}

// A failed inner call has written nothing, and the outer one succeeds.
func TestFailedInnerCall(t *testing.T) {
	c, p := newChain(t)
	c.Run(func() {
		system.ResetEvents()
		if _, err := p.SudoAs(tc.Signed(1), tc.Address(2), &tc.Log{Value: 1, Privileged: true}); err != nil {
			t.Error(err)
		}
		want := tc.Encode(SudoAsDone{frame.OutcomeOf(frame.BadOrigin)})
		if got := tc.Last(2); len(got) != 1 || string(got[0]) != string(want[0]) {
			t.Errorf("events %x, expected %x", got, want)
		}
	})
}

func TestExtension(t *testing.T) {
	c, p := newChain(t)
	e := Extension{Pallet: p}
	c.Run(func() {
		sudo, other := frame.Call(&SudoCall{&tc.Free{}}), frame.Call(&tc.Free{})
		check := func(name string, origin frame.Origin, call frame.Call, want error) {
			t.Helper()
			valid, err := e.Validate(&frame.Tx{Origin: origin, Call: call, Info: call.Info()})
			if err != want {
				t.Errorf("%s: %v, expected %v", name, err, want)
			}
			if err == nil && (valid.Priority != 0 || valid.Longevity != ^uint64(0) || !valid.Propagate || valid.Requires != nil || valid.Provides != nil) {
				t.Errorf("%s: %+v", name, valid)
			}
		}
		check("the key", tc.Signed(1), sudo, nil)
		check("another", tc.Signed(2), sudo, frame.InvalidBadSigner)
		check("another, another pallet's call", tc.Signed(2), other, nil)
		check("not signed", frame.None(), sudo, nil)
		p.Key.Kill()
		check("no key", tc.Signed(1), sudo, frame.InvalidBadSigner)
		check("no key, another pallet's call", tc.Signed(1), other, nil)
	})
	if e.Identifier() != "SudoTransactionExtension" || e.Weight(nil) != (frame.Weight{}) {
		t.Error("identifier or weight")
	}
}

func TestGenesis(t *testing.T) {
	p := &Pallet{}
	c := tc.New(t, nil, nil, frame.Entry{Index: 12, Name: "Sudo", Pallet: p})
	for _, test := range []struct{ config, err string }{
		{`{}`, ""},
		{`{"key":null}`, ""},
		{`{"key":3}`, "key: "},
		{`{"key":"5Grw"}`, "key: "},
		{`[`, ""},
	} {
		c.Unchanged(func() {
			err := p.BuildGenesis([]byte(test.config))
			if bad := test.config == "[" || test.err != ""; bad != (err != nil) || err != nil && len(err.Error()) > 0 && test.err != "" && err.Error()[:5] != test.err {
				t.Errorf("%s: %v", test.config, err)
			}
		})
	}
	c.Unchanged(func() {
		if err := p.BuildGenesis(nil); err != nil {
			t.Error(err)
		}
	})
}
