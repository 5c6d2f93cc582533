// Package logger is the pallet whose calls the tests of the scheduler schedule: each run is noted with the origin that it had.
//
// Source: paritytech/polkadot-sdk substrate/frame/scheduler/src/mock.rs, module logger.
package logger

import (
	"github.com/gotensor/gotensor/pallets/frame"
	"github.com/gotensor/gotensor/pallets/system"
	"github.com/gotensor/gotensor/primitives/chain"
)

//go:generate go run ../../../frame/gen

// Pallet is the logger.
type Pallet struct {
	Storage

	// Entries is what ran, the earliest first.
	Entries []Entry
}

// Entry is one run of a call.
type Entry struct {
	Origin frame.OriginCaller
	I      uint32
}

// Storage is all that the pallet keeps.
type Storage struct {
	// The first and the last block in which TimedLog does not fail.
	Threshold frame.OptionValue[frame.Pair[chain.BlockNumber, chain.BlockNumber]]
}

// Log notes i. The tests' base filter stops it.
//
//frame:call 0
//frame:weight weight
func (p *Pallet) Log(origin frame.Origin, i uint32, weight frame.Weight) error {
	system.Deposit(Logged{i, weight})
	p.Entries = append(p.Entries, Entry{origin.Caller, i})
	return nil
}

// LogWithoutFilter notes i.
//
//frame:call 1
//frame:weight weight
func (p *Pallet) LogWithoutFilter(origin frame.Origin, i uint32, weight frame.Weight) error {
	return p.Log(origin, i, weight)
}

// TimedLog notes i, in the blocks of Threshold.
//
//frame:call 2
//frame:weight weight
func (p *Pallet) TimedLog(origin frame.Origin, i uint32, weight frame.Weight) error {
	if threshold, ok := p.Threshold.Get(); ok {
		switch now := system.Number(); {
		case now < threshold.A:
			return TooEarly
		case now > threshold.B:
			return TooLate
		}
	}
	return p.Log(origin, i, weight)
}

// Logged: a call has noted its number.
//
//frame:event 0
type Logged struct {
	F0 uint32
	F1 frame.Weight
}

// Error is why the pallet refuses a call.
type Error uint8

const (
	// TooEarly: the block is before the threshold.
	TooEarly Error = 0
	// TooLate: the block is behind the threshold.
	TooLate Error = 1
)
