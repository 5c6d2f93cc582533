package proxy

import (
	"testing"

	"github.com/gotensor/gotensor/internal/vectors"
	"github.com/gotensor/gotensor/pallets/balances"
	"github.com/gotensor/gotensor/pallets/frame"
	"github.com/gotensor/gotensor/pallets/frame/host"
	tc "github.com/gotensor/gotensor/pallets/internal/testchain"
	"github.com/gotensor/gotensor/pallets/system"
	"github.com/gotensor/gotensor/pallets/utility"
	"github.com/gotensor/gotensor/primitives/chain"
	"github.com/gotensor/gotensor/primitives/hash"
	"github.com/gotensor/gotensor/primitives/units"
)

// The kinds of the original tests, at numbers that have other names here.
const (
	justTransfer ProxyType = 1
	justUtility  ProxyType = 2
)

// newChain is the chain of the original tests: deposits of one, four proxies, two announcements, a filter that lets nothing of System through
// but remarks.
func newChain(t testing.TB) (*tc.Chain, *Pallet) {
	t.Helper()
	p := &Pallet{
		Constants: Constants{1, 1, 4, 2, 1, 1},
		Allows: func(kind ProxyType, c frame.Call) bool {
			switch kind {
			case justTransfer:
				_, ok := c.(*balances.TransferAllowDeathCall)
				return ok
			case justUtility:
				pallet, _ := c.CallIndex()
				return pallet == 11
			}
			return kind == Any
		},
		Superset: func(kind, other ProxyType) bool { return kind == Any || kind == other },
	}
	allow := func(c frame.Call) bool {
		pallet, call := c.CallIndex()
		return pallet != tc.System || call == 0
	}
	c := tc.New(t, allow, map[uint64]units.Rao{1: 10, 2: 10, 3: 10, 4: 10, 5: 3},
		frame.Entry{Index: 11, Name: "Utility", Pallet: &utility.Pallet{Constants: utility.Constants{BatchedCallsLimit: utility.BatchedCallsLimit}}},
		frame.Entry{Index: 16, Name: "Proxy", Pallet: p},
		frame.Entry{Index: 40, Name: "Example", Pallet: &tc.Example{}})
	p.Currency = c.Balances
	return c, p
}

func on(f func(v *vectors.Test, c *tc.Chain, p *Pallet)) func(v *vectors.Test) {
	return func(v *vectors.Test) {
		c, p := newChain(v)
		c.Run(func() { f(v, c, p) })
	}
}

// The original's tests, by name. Source: opentensor/subtensor pallets/proxy/src/tests.rs, which are those of paritytech/polkadot-sdk
// substrate/frame/proxy and those of real-pays-fee.
func TestVectors(t *testing.T) {
	s := vectors.New(t, "pallet_subtensor_proxy")
	h := func(b byte) (out hash.H256) {
		for i := range out {
			out[i] = b
		}
		return out
	}
	noop := func(v *vectors.Test, f func() error, want error) {
		v.Helper()
		tc.Noop(v, f, want)
		v.True(true, "nothing changed")
	}
	add := func(p *Pallet, real, delegate uint64, kind ProxyType, delay chain.BlockNumber) error {
		return p.AddProxy(tc.Signed(real), tc.Address(delegate), kind, delay)
	}
	remove := func(p *Pallet, real, delegate uint64, kind ProxyType) error {
		return p.RemoveProxy(tc.Signed(real), tc.Address(delegate), kind, 0)
	}
	announce := func(p *Pallet, delegate, real uint64, call hash.H256) error {
		return p.Announce(tc.Signed(delegate), tc.Address(real), call)
	}
	pending := func(v *vectors.Test, c *tc.Chain, p *Pallet, delegate uint64, want ...Announcement) {
		v.Helper()
		a := p.Announcements.Get(tc.ID(delegate))
		v.Equal(a.Pending, Pending(want))
		v.Equal(c.Reserved(delegate), a.Deposit)
	}
	hashOfCall := func(c frame.Call) hash.H256 { return host.Blake2_256(frame.AppendCall(nil, c)) }
	executed := func(err error) frame.Event { return ProxyExecuted{frame.OutcomeOf(err)} }
	last := func(v *vectors.Test, events ...frame.Event) {
		v.Helper()
		v.Equal(tc.Last(len(events)), tc.Encode(events...))
	}
	// proxied makes a call as real and expects the last events.
	proxied := func(v *vectors.Test, p *Pallet, delegate, real uint64, call frame.Call, events ...frame.Event) {
		v.Helper()
		v.Ok(p.Proxy(tc.Signed(delegate), tc.Address(real), nil, call))
		last(v, events...)
	}

	s.Test("announcement_works", on(func(v *vectors.Test, c *tc.Chain, p *Pallet) {
		v.Ok(add(p, 1, 3, Any, 1))
		last(v, ProxyAdded{tc.ID(1), tc.ID(3), Any, 1})
		v.Ok(add(p, 2, 3, Any, 1))
		v.Equal(c.Reserved(3), units.Rao(0))
		v.Ok(announce(p, 3, 1, h(1)))
		pending(v, c, p, 3, Announcement{tc.ID(1), h(1), 1})
		v.Ok(announce(p, 3, 2, h(2)))
		pending(v, c, p, 3, Announcement{tc.ID(1), h(1), 1}, Announcement{tc.ID(2), h(2), 1})
		noop(v, func() error { return announce(p, 3, 2, h(3)) }, TooMany)
	}))
	twoAnnounced := func(v *vectors.Test, p *Pallet) {
		v.Ok(add(p, 1, 3, Any, 1))
		v.Ok(add(p, 2, 3, Any, 1))
		v.Ok(announce(p, 3, 1, h(1)))
		v.Ok(announce(p, 3, 2, h(2)))
	}
	s.Test("remove_announcement_works", on(func(v *vectors.Test, c *tc.Chain, p *Pallet) {
		twoAnnounced(v, p)
		noop(v, func() error { return p.RemoveAnnouncement(tc.Signed(3), tc.Address(1), h(0)) }, NotFound)
		v.Ok(p.RemoveAnnouncement(tc.Signed(3), tc.Address(1), h(1)))
		pending(v, c, p, 3, Announcement{tc.ID(2), h(2), 1})
	}))
	s.Test("reject_announcement_works", on(func(v *vectors.Test, c *tc.Chain, p *Pallet) {
		twoAnnounced(v, p)
		noop(v, func() error { return p.RejectAnnouncement(tc.Signed(1), tc.Address(3), h(0)) }, NotFound)
		noop(v, func() error { return p.RejectAnnouncement(tc.Signed(4), tc.Address(3), h(1)) }, NotFound)
		v.Ok(p.RejectAnnouncement(tc.Signed(1), tc.Address(3), h(1)))
		pending(v, c, p, 3, Announcement{tc.ID(2), h(2), 1})
	}))
	s.Test("announcer_must_be_proxy", on(func(v *vectors.Test, c *tc.Chain, p *Pallet) {
		noop(v, func() error { return announce(p, 2, 1, h(0)) }, NotProxy)
	}))
	s.Test("calling_proxy_doesnt_remove_announcement", on(func(v *vectors.Test, c *tc.Chain, p *Pallet) {
		v.Ok(add(p, 1, 2, Any, 0))
		call := tc.Transfer(6, 1)
		v.Ok(announce(p, 2, 1, hashOfCall(call)))
		v.Ok(p.Proxy(tc.Signed(2), tc.Address(1), nil, call))
		v.Equal(p.Announcements.Get(tc.ID(2)).Pending, Pending{{tc.ID(1), hashOfCall(call), 1}})
	}))
	s.Test("delayed_requires_pre_announcement", on(func(v *vectors.Test, c *tc.Chain, p *Pallet) {
		v.Ok(add(p, 1, 2, Any, 1))
		call := tc.Transfer(6, 1)
		noop(v, func() error { return p.Proxy(tc.Signed(2), tc.Address(1), nil, call) }, Unannounced)
		announced := func() error {
			return p.ProxyAnnounced(tc.Signed(0), tc.Address(2), tc.Address(1), nil, call)
		}
		noop(v, announced, Unannounced)
		v.Ok(announce(p, 2, 1, hashOfCall(call)))
		system.SetNumber(2)
		v.Ok(announced())
	}))
	s.Test("proxy_announced_removes_announcement_and_returns_deposit", on(func(v *vectors.Test, c *tc.Chain, p *Pallet) {
		v.Ok(add(p, 1, 3, Any, 1))
		v.Ok(add(p, 2, 3, Any, 1))
		call := tc.Transfer(6, 1)
		v.Ok(announce(p, 3, 1, hashOfCall(call)))
		v.Ok(announce(p, 3, 2, hashOfCall(call)))
		announced := func() error {
			return p.ProxyAnnounced(tc.Signed(0), tc.Address(3), tc.Address(1), nil, call)
		}
		noop(v, announced, Unannounced)
		system.SetNumber(2)
		v.Ok(announced())
		pending(v, c, p, 3, Announcement{tc.ID(2), hashOfCall(call), 1})
	}))
	s.Test("filtering_works", on(func(v *vectors.Test, c *tc.Chain, p *Pallet) {
		c.SetFree(tc.ID(1), 1000)
		v.Ok(add(p, 1, 2, Any, 0))
		v.Ok(add(p, 1, 3, justTransfer, 0))
		v.Ok(add(p, 1, 4, justUtility, 0))
		filtered := executed(tc.CallFiltered)
		inner := tc.Transfer(6, 1)
		proxied(v, p, 2, 1, inner, executed(nil))
		proxied(v, p, 3, 1, inner, executed(nil))
		proxied(v, p, 4, 1, inner, filtered)

		c.SetFree(utility.DerivativeAccount(tc.ID(1), 0), 1000)
		var call frame.Call = &utility.AsDerivativeCall{Index: 0, Call: inner}
		proxied(v, p, 2, 1, call, executed(nil))
		proxied(v, p, 3, 1, call, filtered)
		proxied(v, p, 4, 1, call, filtered)

		interrupted := utility.BatchInterrupted{Index: 0, Error: tc.CallFiltered}
		call = &utility.BatchCall{Calls: []frame.Call{inner}}
		proxied(v, p, 2, 1, call, utility.BatchCompleted{}, executed(nil))
		proxied(v, p, 3, 1, call, filtered)
		proxied(v, p, 4, 1, call, interrupted, executed(nil))

		call = &utility.BatchCall{Calls: []frame.Call{&AddProxyCall{tc.Address(5), Any, 0}}}
		proxied(v, p, 2, 1, call, utility.BatchCompleted{}, executed(nil))
		proxied(v, p, 3, 1, call, filtered)
		proxied(v, p, 4, 1, call, interrupted, executed(nil))

		call = &RemoveProxiesCall{}
		proxied(v, p, 3, 1, call, filtered)
		proxied(v, p, 4, 1, call, filtered)
		proxied(v, p, 2, 1, call, balances.Unreserved{Who: tc.ID(1), Amount: 5}, executed(nil))
	}))
	s.Test("add_remove_proxies_works", on(func(v *vectors.Test, c *tc.Chain, p *Pallet) {
		v.Ok(add(p, 1, 2, Any, 0))
		noop(v, func() error { return add(p, 1, 2, Any, 0) }, Duplicate)
		v.Equal(c.Reserved(1), units.Rao(2))
		v.Ok(add(p, 1, 2, justTransfer, 0))
		v.Equal(c.Reserved(1), units.Rao(3))
		v.Ok(add(p, 1, 3, Any, 0))
		v.Equal(c.Reserved(1), units.Rao(4))
		v.Ok(add(p, 1, 4, justUtility, 0))
		v.Equal(c.Reserved(1), units.Rao(5))
		noop(v, func() error { return add(p, 1, 4, Any, 0) }, TooMany)
		noop(v, func() error { return remove(p, 1, 3, justTransfer) }, NotFound)
		for _, step := range []struct {
			delegate uint64
			kind     ProxyType
			left     units.Rao
		}{{4, justUtility, 4}, {3, Any, 3}, {2, Any, 2}, {2, justTransfer, 0}} {
			v.Ok(remove(p, 1, step.delegate, step.kind))
			last(v, ProxyRemoved{tc.ID(1), tc.ID(step.delegate), step.kind, 0})
			v.Equal(c.Reserved(1), step.left)
		}
		noop(v, func() error { return add(p, 1, 1, Any, 0) }, NoSelfProxy)
	}))
	s.Test("cannot_add_proxy_without_balance", on(func(v *vectors.Test, c *tc.Chain, p *Pallet) {
		v.Ok(add(p, 5, 3, Any, 0))
		v.Equal(c.Reserved(5), units.Rao(2))
		noop(v, func() error { return add(p, 5, 4, Any, 0) }, frame.ConsumerRemaining)
	}))
	s.Test("proxying_works", on(func(v *vectors.Test, c *tc.Chain, p *Pallet) {
		v.Ok(add(p, 1, 2, justTransfer, 0))
		v.Ok(add(p, 1, 3, Any, 0))
		call := tc.Transfer(6, 1)
		noop(v, func() error { return p.Proxy(tc.Signed(4), tc.Address(1), nil, call) }, NotProxy)
		forced := Any
		noop(v, func() error { return p.Proxy(tc.Signed(2), tc.Address(1), &forced, call) }, NotProxy)
		proxied(v, p, 2, 1, call, executed(nil))
		v.Equal(c.Free(6), units.Rao(1))
		proxied(v, p, 3, 1, &system.SetCodeCall{}, executed(tc.CallFiltered))
		call = tc.KeepAlive(6, 1)
		_, err := frame.Dispatch(&ProxyCall{tc.Address(1), nil, call}, tc.Signed(2))
		v.Ok(err)
		last(v, executed(tc.CallFiltered))
		proxied(v, p, 3, 1, call, executed(nil))
		v.Equal(c.Free(6), units.Rao(2))
	}))
	s.Test("pure_works", on(func(v *vectors.Test, c *tc.Chain, p *Pallet) {
		c.SetFree(tc.ID(1), 11)
		create := func(who uint64, kind ProxyType, index uint16) error {
			return p.CreatePure(tc.Signed(who), kind, 0, index)
		}
		pure := func(who uint64) chain.AccountID {
			extrinsic, _ := system.ExtrinsicIndex()
			return PureAccount(tc.ID(who), Any, 0, system.Number(), extrinsic)
		}
		v.Ok(create(1, Any, 0))
		anon := pure(1)
		last(v, PureCreated{anon, tc.ID(1), Any, 0})
		v.Ok(create(1, justTransfer, 0))
		v.Ok(create(1, Any, 1))
		anon2 := pure(2)
		v.Ok(create(2, Any, 0))
		noop(v, func() error { return create(1, Any, 0) }, Duplicate)
		setExtrinsicIndex(1)
		v.Ok(create(1, Any, 0))
		setExtrinsicIndex(0)
		system.SetNumber(2)
		v.Ok(create(1, Any, 0))

		v.Ok(c.Balances.TransferAllowDeath(tc.Signed(3), chain.AddressOf(anon), 5))
		v.Ok(p.Proxy(tc.Signed(1), chain.AddressOf(anon), nil, tc.Transfer(6, 1)))
		last(v, executed(nil))
		v.Equal(c.Free(6), units.Rao(1))
		kill := &KillPureCall{Spawner: tc.Address(1), ProxyType: Any, Index: 0, Height: 1, ExtIndex: 0}
		v.Ok(p.Proxy(tc.Signed(2), chain.AddressOf(anon2), nil, kill))
		last(v, executed(NoPermission))
		noop(v, func() error { return p.KillPure(tc.Signed(1), tc.Address(1), Any, 0, 1, 0) }, NoPermission)
		v.Equal(c.Free(1), units.Rao(1))
		v.Ok(p.Proxy(tc.Signed(1), chain.AddressOf(anon), nil, kill))
		v.Equal(c.Free(1), units.Rao(3))
		noop(v, func() error { return p.Proxy(tc.Signed(1), chain.AddressOf(anon), nil, kill) }, NotProxy)
	}))

	poke := func(v *vectors.Test, p *Pallet, who uint64, pays frame.Pays) {
		v.Helper()
		post, err := p.PokeDeposit(tc.Signed(who))
		v.Ok(err)
		v.Equal(post.Pays, pays)
	}
	s.Test("poke_deposit_works_for_proxy_deposits", on(func(v *vectors.Test, c *tc.Chain, p *Pallet) {
		v.Ok(add(p, 1, 2, Any, 0))
		v.Equal(c.Reserved(1), units.Rao(2))
		p.ProxyDepositBase = 2
		poke(v, p, 1, frame.No)
		v.Equal(c.Reserved(1), units.Rao(3))
		last(v, DepositPoked{tc.ID(1), Proxies, 2, 3})
		v.True(tc.Count(DepositPoked{}) > 0, "an event DepositPoked")
	}))
	s.Test("poke_deposit_works_for_announcement_deposits", on(func(v *vectors.Test, c *tc.Chain, p *Pallet) {
		v.Ok(add(p, 1, 3, Any, 1))
		v.Equal(c.Reserved(1), units.Rao(2))
		v.Ok(announce(p, 3, 1, h(1)))
		pending(v, c, p, 3, Announcement{tc.ID(1), h(1), 1})
		before := c.Reserved(3)
		p.AnnouncementDepositBase = 2
		poke(v, p, 3, frame.No)
		v.Equal(c.Reserved(3), before+1)
		last(v, DepositPoked{tc.ID(3), Announcements, before, before + 1})
		v.True(tc.Count(DepositPoked{}) > 0, "an event DepositPoked")
	}))
	s.Test("poke_deposit_charges_fee_when_deposit_unchanged", on(func(v *vectors.Test, c *tc.Chain, p *Pallet) {
		v.Ok(add(p, 1, 3, Any, 0))
		v.Equal(c.Reserved(1), units.Rao(2))
		poke(v, p, 1, frame.Yes)
		v.Equal(c.Reserved(1), units.Rao(2))
		v.Equal(tc.Count(DepositPoked{}), 0)
		v.Ok(announce(p, 3, 1, h(1)))
		pending(v, c, p, 3, Announcement{tc.ID(1), h(1), 1})
		before := c.Reserved(3)
		poke(v, p, 3, frame.Yes)
		v.Equal(c.Reserved(3), before)
		v.Equal(tc.Count(DepositPoked{}), 0)
	}))
	s.Test("poke_deposit_handles_insufficient_balance", on(func(v *vectors.Test, c *tc.Chain, p *Pallet) {
		v.Ok(add(p, 5, 3, Any, 0))
		before := c.Reserved(5)
		p.ProxyDepositBase = 10
		noop(v, func() error { _, err := p.PokeDeposit(tc.Signed(5)); return err }, balances.InsufficientBalance)
		v.Equal(c.Reserved(5), before)
	}))
	s.Test("poke_deposit_updates_both_proxy_and_announcement_deposits", on(func(v *vectors.Test, c *tc.Chain, p *Pallet) {
		v.Ok(add(p, 1, 2, Any, 0))
		v.Equal(c.Reserved(1), units.Rao(2))
		v.Ok(add(p, 2, 3, Any, 1))
		v.Equal(c.Reserved(2), units.Rao(2))
		v.Ok(announce(p, 2, 1, h(1)))
		v.Equal(p.Announcements.Get(tc.ID(2)).Pending, Pending{{tc.ID(1), h(1), 1}})
		v.Equal(p.Announcements.Get(tc.ID(2)).Deposit, units.Rao(2))
		v.Equal(c.Reserved(2), p.Proxies.Get(tc.ID(2)).Deposit+p.Announcements.Get(tc.ID(2)).Deposit)
		p.ProxyDepositBase, p.AnnouncementDepositBase = 2, 2
		poke(v, p, 2, frame.No)
		v.Equal(p.Proxies.Get(tc.ID(2)).Deposit, units.Rao(3))
		v.Equal(p.Announcements.Get(tc.ID(2)).Deposit, units.Rao(3))
		v.Equal(c.Reserved(2), units.Rao(6))
		v.Equal(tc.Count(DepositPoked{}), 2)
		// Each is preceded by the event of its reserve.
		reserved := balances.Reserved{Who: tc.ID(2), Amount: 1}
		last(v, reserved, DepositPoked{tc.ID(2), Proxies, 2, 3}, reserved, DepositPoked{tc.ID(2), Announcements, 2, 3})
		poke(v, p, 2, frame.Yes)
		v.Equal(p.Proxies.Get(tc.ID(2)).Deposit, units.Rao(3))
		v.Equal(p.Announcements.Get(tc.ID(2)).Deposit, units.Rao(3))
		v.Equal(c.Reserved(2), units.Rao(6))
	}))
	s.Test("poke_deposit_fails_for_unsigned_origin", on(func(v *vectors.Test, c *tc.Chain, p *Pallet) {
		noop(v, func() error { _, err := p.PokeDeposit(frame.None()); return err }, frame.BadOrigin)
	}))

	pays := func(p *Pallet, who frame.Origin, delegate uint64, yes bool) error {
		return p.SetRealPaysFee(who, tc.Address(delegate), yes)
	}
	s.Test("set_real_pays_fee_works", on(func(v *vectors.Test, c *tc.Chain, p *Pallet) {
		v.Ok(add(p, 1, 3, Any, 0))
		for _, yes := range []bool{true, false} {
			v.Ok(pays(p, tc.Signed(1), 3, yes))
			v.Equal(p.PaysFee(tc.ID(1), tc.ID(3)), yes)
			last(v, RealPaysFeeSet{tc.ID(1), tc.ID(3), yes})
		}
	}))
	s.Test("set_real_pays_fee_fails_without_proxy", on(func(v *vectors.Test, c *tc.Chain, p *Pallet) {
		noop(v, func() error { return pays(p, tc.Signed(1), 3, true) }, NotProxy)
	}))
	s.Test("set_real_pays_fee_fails_unsigned", on(func(v *vectors.Test, c *tc.Chain, p *Pallet) {
		noop(v, func() error { return pays(p, frame.None(), 3, true) }, frame.BadOrigin)
	}))
	s.Test("set_real_pays_fee_fails_root", on(func(v *vectors.Test, c *tc.Chain, p *Pallet) {
		noop(v, func() error { return pays(p, frame.Root(), 3, true) }, frame.BadOrigin)
	}))
	s.Test("real_pays_fee_cleaned_on_remove_proxy", on(func(v *vectors.Test, c *tc.Chain, p *Pallet) {
		v.Ok(add(p, 1, 3, Any, 0))
		v.Ok(pays(p, tc.Signed(1), 3, true))
		v.True(p.PaysFee(tc.ID(1), tc.ID(3)), "1 pays for 3")
		v.Ok(remove(p, 1, 3, Any))
		v.True(!p.PaysFee(tc.ID(1), tc.ID(3)), "1 does not pay for 3")
	}))
	s.Test("real_pays_fee_cleaned_on_remove_proxies", on(func(v *vectors.Test, c *tc.Chain, p *Pallet) {
		for delegate := uint64(2); delegate <= 3; delegate++ {
			v.Ok(add(p, 1, delegate, Any, 0))
		}
		for delegate := uint64(2); delegate <= 3; delegate++ {
			v.Ok(pays(p, tc.Signed(1), delegate, true))
		}
		v.True(p.PaysFee(tc.ID(1), tc.ID(2)) && p.PaysFee(tc.ID(1), tc.ID(3)), "1 pays for 2 and 3")
		v.Ok(p.RemoveProxies(tc.Signed(1)))
		v.True(!p.PaysFee(tc.ID(1), tc.ID(2)), "1 does not pay for 2")
		v.True(!p.PaysFee(tc.ID(1), tc.ID(3)), "1 does not pay for 3")
	}))
	s.Done()
}

// setExtrinsicIndex sets the number of the extrinsic that runs.
func setExtrinsicIndex(n byte) { host.Set([]byte(":extrinsic_index"), []byte{n, 0, 0, 0}) }
