package subtensortrial

import (
	"github.com/gotensor/gotensor/pallets/frame"
	"github.com/gotensor/gotensor/primitives/chain"
	"github.com/gotensor/gotensor/primitives/fixed"
	"github.com/gotensor/gotensor/primitives/units"
)

// NetworkAdded: a subnet was added.
//
//frame:event 0
type NetworkAdded struct {
	F0 NetUID
	F1 uint16
}

// StakeAdded: coldkey, hotkey, TAO, alpha, subnet, fee.
//
//frame:event 2
type StakeAdded struct {
	F0, F1 chain.AccountID
	F2     units.Rao
	F3     units.Alpha
	F4     NetUID
	F5     uint64
}

// WeightsSet: a neuron has set weights.
//
//frame:event 5
type WeightsSet struct {
	F0 MechanismIndex
	F1 uint16
}

// Sudid: a call of root was made.
//
//frame:event 49
type Sudid struct {
	F0 frame.Outcome
}

// HotkeySwapped: another hotkey stands in place of one.
//
//frame:event 66
type HotkeySwapped struct {
	Coldkey, OldHotkey, NewHotkey chain.AccountID
}

// BatchWeightsCompleted: a batch of weights was set.
//
//frame:event 88
type BatchWeightsCompleted struct {
	F0 []CompactNetUID
	F1 chain.AccountID
}

// BatchWeightItemFailed: an item of a batch failed.
//
//frame:event 90
type BatchWeightItemFailed struct {
	F0 NetUID
	F1 frame.DispatchError
}

// EvmKeyAssociated: a hotkey has an Ethereum address.
//
//frame:event 98
type EvmKeyAssociated struct {
	Netuid          NetUID
	Hotkey          chain.AccountID
	EvmKey          H160
	BlockAssociated uint64
}

// SubnetLeaseCreated: a subnet is leased.
//
//frame:event 103
type SubnetLeaseCreated struct {
	Beneficiary chain.AccountID
	LeaseID     uint32
	Netuid      NetUID
	EndBlock    *chain.BlockNumber
}

// IncentiveAlphaEmittedToMiners: what each miner got.
//
//frame:event 110
type IncentiveAlphaEmittedToMiners struct {
	Netuid    MechanismIndex
	Emissions []units.Alpha
}

// RootClaimTypeSet: a coldkey has said what becomes of its root earnings.
//
//frame:event 115
type RootClaimTypeSet struct {
	Coldkey       chain.AccountID
	RootClaimType RootClaimType
}

// BurnIncreaseMultSet: the factor of a subnet's burn was set.
//
//frame:event 125
type BurnIncreaseMultSet struct {
	Netuid           NetUID
	BurnIncreaseMult fixed.U64F64
}
