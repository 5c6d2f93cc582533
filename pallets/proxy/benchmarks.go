//go:build !wasm

package proxy

import (
	"slices"

	"github.com/gotensor/gotensor/pallets/frame"
	"github.com/gotensor/gotensor/pallets/frame/benchmark"
	"github.com/gotensor/gotensor/pallets/system"
	"github.com/gotensor/gotensor/primitives/chain"
)

// Benchmarks implements benchmark.Benchmarked: as many proxies and announcements as there may be.
func (p *Pallet) Benchmarks() []benchmark.Case {
	must := func(err error) {
		if err != nil {
			panic("BUG: state of a benchmark: " + err.Error())
		}
	}
	// proxies gives who n proxies: delegate, and others.
	proxies := func(e *benchmark.Env, who, delegate chain.AccountID, n int, delay chain.BlockNumber) {
		e.Fund(who, 1000*p.proxyDeposit(n))
		must(p.AddDelegate(who, ProxyDefinition{delegate, Any, delay}))
		for i := range n - 1 {
			must(p.AddDelegate(who, ProxyDefinition{e.Account(1000 + i), Any, 0}))
		}
	}
	// announcements lets the delegate announce n calls for real, the last of them callHash.
	announcements := func(e *benchmark.Env, delegate, real chain.AccountID, n int, call frame.Call) {
		e.Fund(delegate, 1000*p.announcementDeposit(n))
		deposit := p.announcementDeposit(n)
		must(p.Currency.Reserve(delegate, deposit))
		record := AnnouncementRecord{Deposit: deposit}
		for i := range n - 1 {
			record.Pending = append(record.Pending, Announcement{real, hashOf(e.Noop(1 + i)), 0})
		}
		record.Pending = append(record.Pending, Announcement{real, hashOf(call), 0})
		p.Announcements.Put(delegate, record)
	}
	most, pending := int(p.MaxProxies), int(p.MaxPending)
	count := func(who func(e *benchmark.Env) chain.AccountID, n int) func(e *benchmark.Env) bool {
		return func(e *benchmark.Env) bool { return len(p.Proxies.Get(who(e)).Proxies) == n }
	}
	caller := func(e *benchmark.Env) chain.AccountID { return e.Caller }
	announced := func(who func(e *benchmark.Env) chain.AccountID, n int) func(e *benchmark.Env) bool {
		return func(e *benchmark.Env) bool { return len(p.Announcements.Get(who(e)).Pending) == n }
	}
	target := func(e *benchmark.Env) chain.AccountID { return e.Account(0) }
	executed := func(e *benchmark.Env) bool {
		result, ok := p.LastCallResult.Get(e.Account(0))
		return ok && !result.Failed
	}
	return []benchmark.Case{
		// The caller is one of as many proxies as there may be.
		{Call: "proxy", Check: executed, Setup: func(e *benchmark.Env) (frame.Call, frame.Origin) {
			proxies(e, target(e), e.Caller, most, 0)
			return &ProxyCall{e.Address(0), nil, e.Noop(0)}, e.Signed()
		}},
		{Call: "add_proxy", Check: count(caller, most), Setup: func(e *benchmark.Env) (frame.Call, frame.Origin) {
			proxies(e, e.Caller, e.Account(1), most-1, 0)
			return &AddProxyCall{e.Address(2), Any, 0}, e.Signed()
		}},
		{Call: "remove_proxy", Check: count(caller, most-1), Setup: func(e *benchmark.Env) (frame.Call, frame.Origin) {
			proxies(e, e.Caller, e.Account(1), most, 0)
			return &RemoveProxyCall{e.Address(1), Any, 0}, e.Signed()
		}},
		{Call: "remove_proxies", Check: count(caller, 0), Setup: func(e *benchmark.Env) (frame.Call, frame.Origin) {
			proxies(e, e.Caller, e.Account(1), most, 0)
			return &RemoveProxiesCall{}, e.Signed()
		}},
		{Call: "create_pure", Setup: func(e *benchmark.Env) (frame.Call, frame.Origin) {
			return &CreatePureCall{Any, 0, 0}, e.Signed()
		}},
		// Nobody can sign for a pure account: its calls come through its proxies.
		{Call: "kill_pure", Setup: func(e *benchmark.Env) (frame.Call, frame.Origin) {
			extrinsic, _ := system.ExtrinsicIndex()
			pure := PureAccount(e.Caller, Any, 0, system.Number(), extrinsic)
			must(p.CreatePure(e.Signed(), Any, 0, 0))
			e.Fund(pure, 1000*p.proxyDeposit(most))
			for i := range most - 1 {
				must(p.AddDelegate(pure, ProxyDefinition{e.Account(1000 + i), Any, 0}))
			}
			return &KillPureCall{e.CallerAddress(), Any, 0, system.Number(), extrinsic}, frame.SignedBy(pure)
		}},
		{Call: "announce", Check: announced(caller, pending), Setup: func(e *benchmark.Env) (frame.Call, frame.Origin) {
			proxies(e, target(e), e.Caller, most, 0)
			announcements(e, e.Caller, target(e), pending-1, e.Noop(0))
			return &AnnounceCall{e.Address(0), hashOf(e.Noop(0))}, e.Signed()
		}},
		{Call: "remove_announcement", Check: announced(caller, pending-1), Setup: func(e *benchmark.Env) (frame.Call, frame.Origin) {
			announcements(e, e.Caller, target(e), pending, e.Noop(0))
			return &RemoveAnnouncementCall{e.Address(0), hashOf(e.Noop(0))}, e.Signed()
		}},
		{Call: "reject_announcement", Check: announced(target, pending-1), Setup: func(e *benchmark.Env) (frame.Call, frame.Origin) {
			announcements(e, target(e), e.Caller, pending, e.Noop(0))
			return &RejectAnnouncementCall{e.Address(0), hashOf(e.Noop(0))}, e.Signed()
		}},
		{Call: "proxy_announced", Check: executed, Setup: func(e *benchmark.Env) (frame.Call, frame.Origin) {
			delegate := e.Account(1)
			proxies(e, target(e), delegate, most, 0)
			announcements(e, delegate, target(e), pending, e.Noop(0))
			return &ProxyAnnouncedCall{e.Address(1), e.Address(0), nil, e.Noop(0)}, e.Signed()
		}},
		{Call: "poke_deposit", Check: func(e *benchmark.Env) bool {
			return p.Proxies.Get(e.Caller).Deposit == p.proxyDeposit(most) && p.Announcements.Get(e.Caller).Deposit == p.announcementDeposit(pending)
		}, Setup: func(e *benchmark.Env) (frame.Call, frame.Origin) {
			proxies(e, e.Caller, e.Account(1), most, 0)
			announcements(e, e.Caller, target(e), pending, e.Noop(0))
			// As if the constants had been lower.
			d, a := p.Proxies.Get(e.Caller), p.Announcements.Get(e.Caller)
			d.Deposit--
			a.Deposit--
			p.Proxies.Put(e.Caller, d)
			p.Announcements.Put(e.Caller, a)
			return &PokeDepositCall{}, e.Signed()
		}},
		{Call: "set_real_pays_fee", Check: func(e *benchmark.Env) bool { return p.PaysFee(e.Caller, last(e, most)) },
			Setup: func(e *benchmark.Env) (frame.Call, frame.Origin) {
				proxies(e, e.Caller, e.Account(1), most, 0)
				return &SetRealPaysFeeCall{chain.AddressOf(last(e, most)), true}, e.Signed()
			}},
	}
}

// last returns the delegate that stands at the end of a list of proxies.
func last(e *benchmark.Env, n int) chain.AccountID {
	list := []chain.AccountID{e.Account(1)}
	for i := range n - 1 {
		list = append(list, e.Account(1000+i))
	}
	return slices.MaxFunc(list, func(a, b chain.AccountID) int {
		return ProxyDefinition{Delegate: a}.compare(ProxyDefinition{Delegate: b})
	})
}
