// Package kinds says what each kind of proxy may call in Subtensor's runtime, and which kinds can do all that others can.
//
// Calls are named by the indices of their pallet and in it, so that the table also holds for pallets that a runtime does not have: their
// calls never come.
//
//	proxies.Allows, proxies.Superset = kinds.Allows, kinds.Superset
//
// A kind bounds what a proxy calls, at any depth: package proxy asks for the outer call and each inner one. So a kind that lets utility
// batches through, as NonTransfer does, still refuses the transfers in them; and one that lists what it allows, as Staking does, allows no batch
// at all.
//
// Source: opentensor/subtensor runtime/src/lib.rs, define_proxy_filters and InstanceFilter for ProxyType; common/src/lib.rs for the limits.
package kinds

import (
	"slices"

	"github.com/gotensor/gotensor/pallets/frame"
	"github.com/gotensor/gotensor/pallets/proxy"
	"github.com/gotensor/gotensor/pallets/sudo"
	"github.com/gotensor/gotensor/primitives/chain"
	"github.com/gotensor/gotensor/primitives/scale"
)

// SmallLimit is what a small transfer stays below: RAO of a transfer, or alpha of transferred stake.
const SmallLimit = 500_000_000

// mode is how a rule is to be read.
type mode uint8

const (
	nothing        mode = iota
	everything          // whatever the base filter lets through
	only                // calls and whole pallets, without the exceptions
	allBut              // neither calls nor whole pallets
	smallTransfers      // transfers of money or stake below SmallLimit
	setCodeBySudo       // set_code of System inside of sudo_unchecked_weight
)

// id names a call.
type id struct{ pallet, call uint8 }

// rule is what a kind allows.
type rule struct {
	mode   mode
	whole  []uint8 // pallets, all calls of them
	calls  []id
	except []id
}

// Allows tells whether a proxy of the kind may make the call. Kinds that are none may make no call.
func Allows(kind proxy.ProxyType, c frame.Call) bool {
	if int(kind) >= len(table) {
		return false
	}
	r := &table[kind]
	var call id
	call.pallet, call.call = c.CallIndex()
	switch r.mode {
	case everything:
		return true
	case only:
		return r.names(call) && !slices.Contains(r.except, call)
	case allBut:
		return !r.names(call)
	case smallTransfers:
		value, ok := transferred(call, c)
		return ok && value < SmallLimit
	case setCodeBySudo:
		outer, ok := c.(*sudo.SudoUncheckedWeightCall)
		if !ok || call.pallet != sudoPallet {
			return false
		}
		var inner id
		inner.pallet, inner.call = outer.Call.CallIndex()
		return inner == setCode
	}
	return false
}

func (r *rule) names(c id) bool {
	return slices.Contains(r.whole, c.pallet) || slices.Contains(r.calls, c)
}

// Calls whose arguments matter.
var (
	transferAllowDeath = id{balancesPallet, 0}
	transferKeepAlive  = id{balancesPallet, 3}
	transferStake      = id{subtensor, 86}
	setCode            = id{systemPallet, 2}
)

// transferred returns the amount that a transfer of money or stake moves, and false for all other calls. It reads the call as it is
// encoded, as the pallet of the stake may not be there.
func transferred(call id, c frame.Call) (uint64, bool) {
	var d scale.Decoder
	switch call {
	case transferAllowDeath, transferKeepAlive: // dest, compact value
		d.Reset(frame.AppendCall(nil, c))
		d.Take(2)
		scale.Decode[chain.MultiAddress](&d)
		value := d.Compact()
		return value, d.Finish() == nil
	case transferStake: // coldkey, hotkey, two subnets, amount
		d.Reset(frame.AppendCall(nil, c))
		d.Take(2 + 32 + 32 + 2 + 2)
		value := d.U64()
		return value, d.Finish() == nil
	}
	return 0, false
}

// Superset tells whether a proxy of the kind may do all that one of kind other may.
func Superset(kind, other proxy.ProxyType) bool {
	switch {
	case kind == other, kind == proxy.Any:
		return true
	case other == proxy.Any:
		return false
	case kind == proxy.NonTransfer:
		return other != proxy.Transfer && other != proxy.SmallTransfer
	}
	return kind == proxy.Transfer && other == proxy.SmallTransfer
}
