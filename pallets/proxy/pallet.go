package proxy

import (
	"slices"

	"github.com/gotensor/gotensor/pallets/frame"
	"github.com/gotensor/gotensor/pallets/frame/host"
	"github.com/gotensor/gotensor/pallets/system"
	"github.com/gotensor/gotensor/primitives/chain"
	"github.com/gotensor/gotensor/primitives/hash"
	"github.com/gotensor/gotensor/primitives/scale"
	"github.com/gotensor/gotensor/primitives/units"
)

//go:generate go run ../frame/gen

// Pallet is the proxy pallet.
type Pallet struct {
	Constants
	Storage
	Currency Currency
	// Allows tells whether a proxy of the kind may make the call.
	Allows func(kind ProxyType, c frame.Call) bool
	// Superset tells whether a proxy of the kind may do all that one of kind other may.
	Superset func(kind, other ProxyType) bool
}

// Currency is what the pallet needs of balances.
type Currency interface {
	// Reserve sets aside value of what who has free.
	Reserve(who chain.AccountID, value units.Rao) error
	// Unreserve frees value again, or as much of it as is reserved, and returns the rest.
	Unreserve(who chain.AccountID, value units.Rao) (left units.Rao)
	// ReservedBalance returns what who has in reserve.
	ReservedBalance(who chain.AccountID) units.Rao
}

// Constants are set by the runtime.
type Constants struct {
	// The deposit of an account that has proxies.
	ProxyDepositBase units.Rao `rust:"BalanceOf<T>"`
	// The deposit for each proxy, on top.
	ProxyDepositFactor units.Rao `rust:"BalanceOf<T>"`
	// The most proxies that an account may have.
	MaxProxies uint32
	// The most announcements that a delegate may have pending.
	MaxPending uint32
	// The deposit of a delegate that has announcements pending.
	AnnouncementDepositBase units.Rao `rust:"BalanceOf<T>"`
	// The deposit for each announcement, on top.
	AnnouncementDepositFactor units.Rao `rust:"BalanceOf<T>"`
}

// Storage is all that the pallet keeps.
type Storage struct {
	// The proxies of each account, and the deposit that is held for them.
	Proxies frame.Map[frame.Twox64Concat, chain.AccountID, ProxyRecord]
	// The announcements of each delegate, and the deposit that it holds for them.
	Announcements frame.Map[frame.Twox64Concat, chain.AccountID, AnnouncementRecord]
	// The result of the last call that a proxy made for the account in this block. Cleared at its end.
	LastCallResult frame.OptionMap[frame.Twox64Concat, chain.AccountID, frame.Outcome]
	// The pairs of real account and delegate in which the real account pays the fees of the delegate's proxy calls.
	RealPaysFee frame.OptionDoubleMap[frame.Twox64Concat, chain.AccountID, frame.Twox64Concat, chain.AccountID, Nothing]
}

// Proxy makes a call as the real account, whose proxy the sender is. Its result is in the event.
//
// With force_proxy_type the sender's proxy of that kind counts, else its first.
//
//frame:call 0
//frame:info p.infoProxy(call)
//frame:rust real=AccountIdLookupOf<T>, forceProxyType=Option<T::ProxyType>, call=Box<<T as Config>::RuntimeCall>
func (p *Pallet) Proxy(origin frame.Origin, real chain.MultiAddress, forceProxyType *ProxyType, call frame.Call) error {
	who, err := origin.Signed()
	if err != nil {
		return err
	}
	account, err := frame.Lookup(real)
	if err != nil {
		return err
	}
	def, err := p.find(account, who, forceProxyType)
	if err != nil {
		return err
	}
	if def.Delay != 0 {
		return Unannounced
	}
	p.run(def, account, call)
	return nil
}

// AddProxy makes the delegate a proxy of the sender, who reserves a deposit.
//
// With a delay the delegate must announce its calls so many blocks before.
//
//frame:call 1
//frame:weight p.weightAddProxy()
//frame:rust delegate=AccountIdLookupOf<T>, proxyType=T::ProxyType, delay=BlockNumberFor<T>
func (p *Pallet) AddProxy(origin frame.Origin, delegate chain.MultiAddress, proxyType ProxyType, delay chain.BlockNumber) error {
	who, err := origin.Signed()
	if err != nil {
		return err
	}
	account, err := frame.Lookup(delegate)
	if err != nil {
		return err
	}
	return p.AddDelegate(who, ProxyDefinition{account, proxyType, delay})
}

// RemoveProxy takes from the delegate a proxy of the sender, and returns its deposit.
//
//frame:call 2
//frame:weight p.weightRemoveProxy()
//frame:rust delegate=AccountIdLookupOf<T>, proxyType=T::ProxyType, delay=BlockNumberFor<T>
func (p *Pallet) RemoveProxy(origin frame.Origin, delegate chain.MultiAddress, proxyType ProxyType, delay chain.BlockNumber) error {
	who, err := origin.Signed()
	if err != nil {
		return err
	}
	account, err := frame.Lookup(delegate)
	if err != nil {
		return err
	}
	return p.RemoveDelegate(who, ProxyDefinition{account, proxyType, delay})
}

// RemoveProxies removes all proxies of the sender and returns the deposit. A pure account that does this is lost for good.
//
//frame:call 3
//frame:weight p.weightRemoveProxies()
func (p *Pallet) RemoveProxies(origin frame.Origin) error {
	who, err := origin.Signed()
	if err != nil {
		return err
	}
	p.Currency.Unreserve(who, p.Proxies.Take(who).Deposit)
	p.RealPaysFee.ClearUnder(who, ^uint32(0))
	return nil
}

// CreatePure makes a new account that has no key, and the sender its proxy of the given kind. The sender reserves the deposit.
//
// The index tells apart what one sender makes in one extrinsic.
//
//frame:call 4
//frame:weight p.weightCreatePure()
//frame:rust proxyType=T::ProxyType, delay=BlockNumberFor<T>, index=u16
func (p *Pallet) CreatePure(origin frame.Origin, proxyType ProxyType, delay chain.BlockNumber, index uint16) error {
	who, err := origin.Signed()
	if err != nil {
		return err
	}
	extrinsic, _ := system.ExtrinsicIndex()
	pure := PureAccount(who, proxyType, index, system.Number(), extrinsic)
	if p.Proxies.Has(pure) {
		return Duplicate
	}
	deposit := units.SaturatingAdd(p.ProxyDepositBase, p.ProxyDepositFactor)
	if err := p.Currency.Reserve(who, deposit); err != nil {
		return err
	}
	p.Proxies.Put(pure, ProxyRecord{Definitions{{who, proxyType, delay}}, deposit})
	system.Deposit(PureCreated{pure, who, proxyType, index})
	return nil
}

// KillPure ends the pure account that sends this, with what it still holds, and returns the deposit to who made it.
//
// Spawner, kind, index, height and extrinsic index are those of its creation.
//
//frame:call 5
//frame:weight p.weightKillPure()
//frame:compact height, extIndex
//frame:rust spawner=AccountIdLookupOf<T>, proxyType=T::ProxyType, index=u16, height=BlockNumberFor<T>, extIndex=u32
func (p *Pallet) KillPure(origin frame.Origin, spawner chain.MultiAddress, proxyType ProxyType, index uint16, height chain.BlockNumber, extIndex uint32) error {
	who, err := origin.Signed()
	if err != nil {
		return err
	}
	maker, err := frame.Lookup(spawner)
	if err != nil {
		return err
	}
	if PureAccount(maker, proxyType, index, height, extIndex) != who {
		return NoPermission
	}
	p.Currency.Unreserve(maker, p.Proxies.Take(who).Deposit)
	system.Deposit(PureKilled{who, maker, proxyType, index})
	return nil
}

// Announce says by its hash that the sender will make a call as the real account, whose proxy it is. The sender reserves a deposit.
//
//frame:call 6
//frame:weight p.weightAnnounce()
//frame:rust real=AccountIdLookupOf<T>, callHash=CallHashOf<T>
func (p *Pallet) Announce(origin frame.Origin, real chain.MultiAddress, callHash hash.H256) error {
	who, err := origin.Signed()
	if err != nil {
		return err
	}
	account, err := frame.Lookup(real)
	if err != nil {
		return err
	}
	if _, err := p.find(account, who, nil); err != nil {
		return err
	}
	a := p.Announcements.Get(who)
	if len(a.Pending) >= int(p.MaxPending) {
		return TooMany
	}
	a.Pending = append(a.Pending, Announcement{account, callHash, system.Number()})
	if a.Deposit, err = p.adjust(who, a.Deposit, p.announcementDeposit(len(a.Pending))); err != nil {
		return err
	}
	p.Announcements.Put(who, a)
	system.Deposit(Announced{account, who, callHash})
	return nil
}

// RemoveAnnouncement takes back what the sender announced, and returns the deposit.
//
//frame:call 7
//frame:weight p.weightRemoveAnnouncement()
//frame:rust real=AccountIdLookupOf<T>, callHash=CallHashOf<T>
func (p *Pallet) RemoveAnnouncement(origin frame.Origin, real chain.MultiAddress, callHash hash.H256) error {
	who, err := origin.Signed()
	if err != nil {
		return err
	}
	account, err := frame.Lookup(real)
	if err != nil {
		return err
	}
	return p.removeAnnouncements(who, func(a Announcement) bool { return a.Real == account && a.CallHash == callHash })
}

// RejectAnnouncement refuses what a delegate announced to do as the sender; the delegate gets the deposit back.
//
//frame:call 8
//frame:weight p.weightRejectAnnouncement()
//frame:rust delegate=AccountIdLookupOf<T>, callHash=CallHashOf<T>
func (p *Pallet) RejectAnnouncement(origin frame.Origin, delegate chain.MultiAddress, callHash hash.H256) error {
	who, err := origin.Signed()
	if err != nil {
		return err
	}
	account, err := frame.Lookup(delegate)
	if err != nil {
		return err
	}
	return p.removeAnnouncements(account, func(a Announcement) bool { return a.Real == who && a.CallHash == callHash })
}

// ProxyAnnounced makes an announced call as the real account, whose proxy the delegate is, and removes the announcement. Anybody may send
// it, when the delay is over. Its result is in the event.
//
// With force_proxy_type the delegate's proxy of that kind counts, else its first.
//
//frame:call 9
//frame:weight p.weightProxyAnnounced().Reads(1).Writes(1).Add(call.Info().Call)
//frame:rust delegate=AccountIdLookupOf<T>, real=AccountIdLookupOf<T>, forceProxyType=Option<T::ProxyType>, call=Box<<T as Config>::RuntimeCall>
func (p *Pallet) ProxyAnnounced(origin frame.Origin, delegate, real chain.MultiAddress, forceProxyType *ProxyType, call frame.Call) error {
	if _, err := origin.Signed(); err != nil {
		return err
	}
	acting, err := frame.Lookup(delegate)
	if err != nil {
		return err
	}
	account, err := frame.Lookup(real)
	if err != nil {
		return err
	}
	def, err := p.find(account, acting, forceProxyType)
	if err != nil {
		return err
	}
	callHash, now := hashOf(call), system.Number()
	err = p.removeAnnouncements(acting, func(a Announcement) bool {
		return a.Real == account && a.CallHash == callHash && now-min(now, a.Height) >= def.Delay
	})
	if err != nil {
		return Unannounced
	}
	p.run(def, account, call)
	return nil
}

// PokeDeposit brings the sender's deposits for proxies and announcements to what the constants now ask for. It costs no fee if one of
// them has changed.
//
//frame:call 10
//frame:weight weightPokeDeposit
func (p *Pallet) PokeDeposit(origin frame.Origin) (frame.PostInfo, error) {
	who, err := origin.Signed()
	if err != nil {
		return frame.PostInfo{}, err
	}
	proxies := p.Proxies.Get(who)
	before := proxies.Deposit
	if proxies.Deposit, err = p.adjust(who, before, p.proxyDeposit(len(proxies.Proxies))); err != nil {
		return frame.PostInfo{}, err
	}
	changed := proxies.Deposit != before
	if changed {
		p.putProxies(who, proxies)
		system.Deposit(DepositPoked{who, Proxies, before, proxies.Deposit})
	}

	announcements := p.Announcements.Get(who)
	before = announcements.Deposit
	if announcements.Deposit, err = p.adjust(who, before, p.announcementDeposit(len(announcements.Pending))); err != nil {
		return frame.PostInfo{}, err
	}
	if announcements.Deposit != before {
		changed = true
		p.putAnnouncements(who, announcements)
		system.Deposit(DepositPoked{who, Announcements, before, announcements.Deposit})
	}
	if changed {
		return frame.PostInfo{Pays: frame.No}, nil
	}
	return frame.PostInfo{}, nil
}

// SetRealPaysFee says whether the sender pays the fees of the delegate's calls as its proxy.
//
//frame:call 11
//frame:weight p.weightSetRealPaysFee()
//frame:rust delegate=AccountIdLookupOf<T>
func (p *Pallet) SetRealPaysFee(origin frame.Origin, delegate chain.MultiAddress, paysFee bool) error {
	real, err := origin.Signed()
	if err != nil {
		return err
	}
	account, err := frame.Lookup(delegate)
	if err != nil {
		return err
	}
	if _, err := p.find(real, account, nil); err != nil {
		return err
	}
	if paysFee {
		p.RealPaysFee.Put(real, account, Nothing{})
	} else {
		p.RealPaysFee.Remove(real, account)
	}
	system.Deposit(RealPaysFeeSet{real, account, paysFee})
	return nil
}

// OnFinalize implements frame.Finalizer: results of calls are kept for one block.
func (p *Pallet) OnFinalize(chain.BlockNumber) { p.LastCallResult.Clear(^uint32(0)) }

// PaysFee tells whether the real account has chosen to pay the fees of the delegate's calls as its proxy.
func (p *Pallet) PaysFee(real, delegate chain.AccountID) bool {
	return p.RealPaysFee.Has(real, delegate)
}

// AddDelegate adds a proxy of who and reserves its deposit. Errors: NoSelfProxy, Duplicate, TooMany, those of the currency. Deposits
// ProxyAdded.
func (p *Pallet) AddDelegate(who chain.AccountID, def ProxyDefinition) error {
	if who == def.Delegate {
		return NoSelfProxy
	}
	d := p.Proxies.Get(who)
	place, found := slices.BinarySearchFunc(d.Proxies, def, ProxyDefinition.compare)
	switch {
	case found:
		return Duplicate
	case len(d.Proxies) >= int(p.MaxProxies):
		return TooMany
	}
	d.Proxies = slices.Insert(d.Proxies, place, def)
	var err error
	if d.Deposit, err = p.adjust(who, d.Deposit, p.proxyDeposit(len(d.Proxies))); err != nil {
		return err
	}
	p.Proxies.Put(who, d)
	system.Deposit(ProxyAdded{who, def.Delegate, def.ProxyType, def.Delay})
	return nil
}

// RemoveDelegate removes a proxy of who and frees its deposit. Errors: NotFound, those of the currency where the constants have grown.
// Deposits ProxyRemoved.
func (p *Pallet) RemoveDelegate(who chain.AccountID, def ProxyDefinition) error {
	d := p.Proxies.Get(who)
	place, found := slices.BinarySearchFunc(d.Proxies, def, ProxyDefinition.compare)
	if !found {
		return NotFound
	}
	d.Proxies = slices.Delete(d.Proxies, place, place+1)
	var err error
	if d.Deposit, err = p.adjust(who, d.Deposit, p.proxyDeposit(len(d.Proxies))); err != nil {
		return err
	}
	p.putProxies(who, d)
	p.RealPaysFee.Remove(who, def.Delegate)
	system.Deposit(ProxyRemoved{who, def.Delegate, def.ProxyType, def.Delay})
	return nil
}

// find returns the first proxy of real that is delegate's, of the kind where one is given. Error: NotProxy.
func (p *Pallet) find(real, delegate chain.AccountID, kind *ProxyType) (ProxyDefinition, error) {
	for _, def := range p.Proxies.Get(real).Proxies {
		if def.Delegate == delegate && (kind == nil || def.ProxyType == *kind) {
			return def, nil
		}
	}
	return ProxyDefinition{}, NotProxy
}

// run makes the call as real. The origin is fresh: real has authorised it, so no filter of the sender's applies.
func (p *Pallet) run(def ProxyDefinition, real chain.AccountID, call frame.Call) {
	origin := frame.SignedBy(real).Restrict(func(c frame.Call) bool { return p.permits(def.ProxyType, c) })
	_, err := frame.Dispatch(call, origin)
	outcome := frame.OutcomeOf(err)
	p.LastCallResult.Put(real, outcome)
	system.Deposit(ProxyExecuted{outcome})
}

// permits tells whether a proxy of the kind may make the call: what the runtime allows, and nothing that widens its own rights.
func (p *Pallet) permits(kind ProxyType, c frame.Call) bool {
	switch c := c.(type) {
	case *AddProxyCall:
		if !p.Superset(kind, c.ProxyType) {
			return false
		}
	case *RemoveProxyCall:
		if !p.Superset(kind, c.ProxyType) {
			return false
		}
	case *RemoveProxiesCall, *KillPureCall:
		if kind != Any {
			return false
		}
	}
	return p.Allows(kind, c)
}

// removeAnnouncements removes what matches of the delegate's announcements and frees their deposit. Errors: NotFound, those of the
// currency where the constants have grown.
func (p *Pallet) removeAnnouncements(delegate chain.AccountID, matches func(Announcement) bool) error {
	a := p.Announcements.Get(delegate)
	before := len(a.Pending)
	a.Pending = slices.DeleteFunc(a.Pending, matches)
	if len(a.Pending) == before {
		return NotFound
	}
	var err error
	if a.Deposit, err = p.adjust(delegate, a.Deposit, p.announcementDeposit(len(a.Pending))); err != nil {
		return err
	}
	p.putAnnouncements(delegate, a)
	return nil
}

func (p *Pallet) putProxies(who chain.AccountID, d ProxyRecord) {
	if len(d.Proxies) == 0 {
		p.Proxies.Remove(who)
	} else {
		p.Proxies.Put(who, d)
	}
}

func (p *Pallet) putAnnouncements(who chain.AccountID, a AnnouncementRecord) {
	if len(a.Pending) == 0 {
		p.Announcements.Remove(who)
	} else {
		p.Announcements.Put(who, a)
	}
}

func (p *Pallet) proxyDeposit(n int) units.Rao {
	return deposit(p.ProxyDepositBase, p.ProxyDepositFactor, n)
}

func (p *Pallet) announcementDeposit(n int) units.Rao {
	return deposit(p.AnnouncementDepositBase, p.AnnouncementDepositFactor, n)
}

func deposit(base, factor units.Rao, n int) units.Rao {
	if n == 0 {
		return 0
	}
	return units.SaturatingAdd(base, units.SaturatingMul(factor, uint64(n)))
}

// adjust changes what who has reserved from before to after, and returns after.
func (p *Pallet) adjust(who chain.AccountID, before, after units.Rao) (units.Rao, error) {
	switch {
	case after > before:
		return after, p.Currency.Reserve(who, after-before)
	case after < before:
		p.Currency.Unreserve(who, before-after)
	}
	return after, nil
}

// PureAccount returns the account that CreatePure makes: blake2-256 of "modlpy/proxy____", the maker, block and extrinsic of the creation,
// the kind and the index.
func PureAccount(who chain.AccountID, kind ProxyType, index uint16, height chain.BlockNumber, extrinsic uint32) chain.AccountID {
	preimage := make([]byte, 0, 16+32+4+4+1+2)
	preimage = append(preimage, "modlpy/proxy____"...)
	preimage = append(preimage, who[:]...)
	preimage = scale.AppendU32(preimage, uint32(height))
	preimage = scale.AppendU32(preimage, extrinsic)
	preimage = append(preimage, byte(kind))
	return host.Blake2_256(scale.AppendU16(preimage, index))
}

// encoded is where calls are encoded for their hash, as they can be large.
var encoded []byte

func init() { frame.Scratch(&encoded) }

func hashOf(call frame.Call) hash.H256 {
	encoded = frame.AppendCall(encoded[:0], call)
	return host.Blake2_256(encoded)
}

// IntegrityTest implements frame.IntegrityTester.
func (p *Pallet) IntegrityTest() error {
	if p.MaxProxies > maxProxies || p.MaxPending > maxPending {
		return errLimits
	}
	return nil
}

// TryState implements frame.StateTrier.
func (p *Pallet) TryState(chain.BlockNumber) error {
	for _, d := range p.Proxies.All() {
		if len(d.Proxies) == 0 || len(d.Proxies) > int(p.MaxProxies) {
			return errProxies
		}
		for i := 1; i < len(d.Proxies); i++ {
			if d.Proxies[i-1].compare(d.Proxies[i]) >= 0 {
				return errProxies
			}
		}
	}
	for who, a := range p.Announcements.All() {
		if len(a.Pending) == 0 || len(a.Pending) > int(p.MaxPending) {
			return errAnnouncements
		}
		if p.Currency.ReservedBalance(who) < a.Deposit {
			return errReserve
		}
	}
	return nil
}

// violation is a broken rule of the configuration or the state.
type violation string

func (v violation) Error() string { return string(v) }

const (
	errLimits        = violation("proxy: MaxProxies or MaxPending is above what the stored types hold")
	errProxies       = violation("proxy: proxies are not between one and MaxProxies in ascending order")
	errAnnouncements = violation("proxy: announcements are not between one and MaxPending")
	errReserve       = violation("proxy: a delegate has less in reserve than its announcements' deposit")
)
