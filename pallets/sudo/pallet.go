package sudo

import (
	"github.com/gotensor/gotensor/pallets/frame"
	"github.com/gotensor/gotensor/pallets/frame/json"
	"github.com/gotensor/gotensor/pallets/system"
	"github.com/gotensor/gotensor/primitives/chain"
)

//go:generate go run ../frame/gen

// Pallet is the sudo pallet.
type Pallet struct {
	Storage
}

// Storage is all that the pallet keeps.
type Storage struct {
	// The account that may act as root; nobody may where there is none.
	Key frame.OptionValue[chain.AccountID]
}

// Sudo runs a call with the root origin, past all filters. For the sudo key and root.
//
// The result of the call is in the event. The sudo key pays no fee.
//
//frame:call 0
//frame:info around(weightSudo, call)
//frame:rust call=Box<<T as Config>::RuntimeCall>
func (p *Pallet) Sudo(origin frame.Origin, call frame.Call) (frame.PostInfo, error) {
	return p.sudo(origin, call)
}

// SudoUncheckedWeight runs a call with the root origin, past all filters, and counts it with the weight that the caller gives. For the
// sudo key and root.
//
// The result of the call is in the event. The sudo key pays no fee.
//
//frame:call 1
//frame:weight weight
//frame:class call.Info().Class
//frame:rust call=Box<<T as Config>::RuntimeCall>
func (p *Pallet) SudoUncheckedWeight(origin frame.Origin, call frame.Call, weight frame.Weight) (frame.PostInfo, error) {
	return p.sudo(origin, call)
}

func (p *Pallet) sudo(origin frame.Origin, call frame.Call) (frame.PostInfo, error) {
	if err := p.ensure(origin); err != nil {
		return frame.PostInfo{}, err
	}
	_, err := frame.DispatchBypassFilter(call, frame.Root())
	system.Deposit(Sudid{frame.OutcomeOf(err)})
	return frame.PostInfo{Pays: frame.No}, nil
}

// SetKey makes another account the sudo key. For the sudo key and root.
//
//frame:call 2
//frame:weight weightSetKey
//frame:rust new=AccountIdLookupOf<T>
func (p *Pallet) SetKey(origin frame.Origin, new chain.MultiAddress) (frame.PostInfo, error) {
	if err := p.ensure(origin); err != nil {
		return frame.PostInfo{}, err
	}
	key, err := frame.Lookup(new)
	if err != nil {
		return frame.PostInfo{}, err
	}
	event := KeyChanged{New: key}
	if old, ok := p.Key.Get(); ok {
		event.Old = &old
	}
	system.Deposit(event)
	p.Key.Put(key)
	return frame.PostInfo{Pays: frame.No}, nil
}

// SudoAs runs a call as another account would, past all filters. For the sudo key and root.
//
// The result of the call is in the event. The sudo key pays no fee.
//
//frame:call 3
//frame:info around(weightSudoAs, call)
//frame:rust who=AccountIdLookupOf<T>, call=Box<<T as Config>::RuntimeCall>
func (p *Pallet) SudoAs(origin frame.Origin, who chain.MultiAddress, call frame.Call) (frame.PostInfo, error) {
	if err := p.ensure(origin); err != nil {
		return frame.PostInfo{}, err
	}
	account, err := frame.Lookup(who)
	if err != nil {
		return frame.PostInfo{}, err
	}
	_, err = frame.DispatchBypassFilter(call, frame.SignedBy(account))
	system.Deposit(SudoAsDone{frame.OutcomeOf(err)})
	return frame.PostInfo{Pays: frame.No}, nil
}

// RemoveKey removes the sudo key for good: only root can set one again. For the sudo key and root.
//
//frame:call 4
//frame:weight weightRemoveKey
func (p *Pallet) RemoveKey(origin frame.Origin) (frame.PostInfo, error) {
	if err := p.ensure(origin); err != nil {
		return frame.PostInfo{}, err
	}
	system.Deposit(KeyRemoved{})
	p.Key.Kill()
	return frame.PostInfo{Pays: frame.No}, nil
}

// ensure lets root and the sudo key pass. Errors: BadOrigin, RequireSudo.
func (p *Pallet) ensure(origin frame.Origin) error {
	who, signed, err := origin.SignedOrRoot()
	if err != nil || !signed {
		return err
	}
	if key, ok := p.Key.Get(); !ok || key != who {
		return RequireSudo
	}
	return nil
}

// BuildGenesis implements frame.Genesis: {"key": address}, or no key where there is none or null.
func (p *Pallet) BuildGenesis(config []byte) error {
	if config == nil {
		return nil
	}
	v, err := json.Parse(config)
	if err != nil {
		return err
	}
	key := v.Field("key")
	if key.IsNull() {
		return nil
	}
	who, err := key.Account()
	if err != nil {
		return json.At("key", err)
	}
	p.Key.Put(who)
	return nil
}

// Sudid: a call ran as root.
//
//frame:event 0
type Sudid struct {
	// What became of the call.
	SudoResult frame.Outcome `rust:"DispatchResult"`
}

// KeyChanged: another account is the sudo key.
//
//frame:event 1
type KeyChanged struct {
	// The key before, if there was one.
	Old *chain.AccountID `rust:"Option<T::AccountId>"`
	// The key from now on.
	New chain.AccountID `rust:"T::AccountId"`
}

// KeyRemoved: there is no sudo key any more.
//
//frame:event 2
type KeyRemoved struct{}

// SudoAsDone: a call ran as another account.
//
//frame:event 3
type SudoAsDone struct {
	// What became of the call.
	SudoResult frame.Outcome `rust:"DispatchResult"`
}

// Error is why the pallet refuses a call.
type Error uint8

const (
	// RequireSudo: only the sudo key, or root, may do this.
	RequireSudo Error = 0
)
