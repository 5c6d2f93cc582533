package proxy

import (
	"bytes"
	"cmp"

	"github.com/gotensor/gotensor/primitives/chain"
	"github.com/gotensor/gotensor/primitives/hash"
	"github.com/gotensor/gotensor/primitives/units"
)

// ProxyType is a kind of proxy. What a kind allows is the runtime's to say. The numbers are those on the wire. Source: opentensor/subtensor
// common/src/lib.rs.
//
//frame:enum subtensor_runtime_common::ProxyType
type ProxyType uint8

// The kinds of proxies.
const (
	Any                    ProxyType = 0 // everything
	Owner                  ProxyType = 1 // what the owner of a subnet does
	NonCritical            ProxyType = 2
	NonTransfer            ProxyType = 3
	Senate                 ProxyType = 4 // nothing any more
	NonFungible            ProxyType = 5 // nothing that moves TAO
	Triumvirate            ProxyType = 6 // nothing any more
	Governance             ProxyType = 7 // nothing any more
	Staking                ProxyType = 8
	Registration           ProxyType = 9
	Transfer               ProxyType = 10
	SmallTransfer          ProxyType = 11
	RootWeights            ProxyType = 12 // nothing any more
	ChildKeys              ProxyType = 13
	SudoUncheckedSetCode   ProxyType = 14
	SwapHotkey             ProxyType = 15
	SubnetLeaseBeneficiary ProxyType = 16 // what whoever leases a subnet does
	RootClaim              ProxyType = 17
)

// ProxyDefinition is who may act, in which way, and how long after an announcement.
//
//frame:type pallet_subtensor_proxy::ProxyDefinition<AccountId=chain.AccountID, ProxyType=ProxyType, BlockNumber=chain.BlockNumber>
type ProxyDefinition struct {
	// Who may act.
	Delegate chain.AccountID `rust:"AccountId"`
	// What they may do.
	ProxyType ProxyType `rust:"ProxyType"`
	// How many blocks before they must announce it; none where it is zero.
	Delay chain.BlockNumber `rust:"BlockNumber"`
}

func (d ProxyDefinition) compare(other ProxyDefinition) int {
	return cmp.Or(
		bytes.Compare(d.Delegate[:], other.Delegate[:]),
		cmp.Compare(d.ProxyType, other.ProxyType),
		cmp.Compare(d.Delay, other.Delay),
	)
}

// Definitions are the proxies of an account, in ascending order.
//
//frame:type bounded_collections::bounded_vec::BoundedVec
//frame:bound maxProxies
type Definitions []ProxyDefinition

// ProxyRecord is the proxies of an account and what is reserved for them.
//
//frame:tuple
type ProxyRecord struct {
	Proxies Definitions
	Deposit units.Rao
}

// Announcement is that a call will be made.
//
//frame:type pallet_subtensor_proxy::Announcement<AccountId=chain.AccountID, Hash=hash.H256, BlockNumber=chain.BlockNumber>
type Announcement struct {
	// The account for which the call will be made.
	Real chain.AccountID `rust:"AccountId"`
	// The hash of the call.
	CallHash hash.H256 `rust:"Hash"`
	// The block in which it was announced.
	Height chain.BlockNumber `rust:"BlockNumber"`
}

// Pending are announcements, the oldest first.
//
//frame:type bounded_collections::bounded_vec::BoundedVec
//frame:bound maxPending
type Pending []Announcement

// AnnouncementRecord is what a delegate has announced and what is reserved for them.
//
//frame:tuple
type AnnouncementRecord struct {
	Pending Pending
	Deposit units.Rao
}

// Bounds of the stored types. The runtime's constants must not be above them.
const (
	maxProxies = 20
	maxPending = 75
)

// Nothing is what a map holds whose entries matter by being there.
//
//frame:tuple
type Nothing struct{}

// DepositKind is what a deposit is for. The numbers are those on the wire.
//
//frame:enum pallet_subtensor_proxy::DepositKind
type DepositKind uint8

// Kinds of deposits.
const (
	// For proxies.
	Proxies DepositKind = 0
	// For announcements.
	Announcements DepositKind = 1
)
