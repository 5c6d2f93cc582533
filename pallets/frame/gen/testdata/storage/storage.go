// Package storage has items and constants that the generator refuses.
package storage

import (
	"github.com/gotensor/gotensor/pallets/frame"
	"github.com/gotensor/gotensor/primitives/chain"
)

type Pallet struct {
	Constants
	Storage
}

type Constants struct {
	Size int
	Max  uint32 `default:"1"`
}

type Storage struct {
	Count   uint32
	Missing frame.Valeu[uint32]
	Unknown frame.Value[Unknown]
	Plain   frame.Value[plain]
	Half    frame.Value[half]
	Inner   frame.Value[inner]
	NoCall  frame.Value[frame.Call]
	None    frame.OptionValue[uint32] `default:"1"`
	Odd     frame.Value[uint32]       `default:"1 +"`
	Tagged  frame.Value[uint32]       `scale:"compact" default:"1"`
	Hasher  frame.Map[chain.AccountID, frame.Identity, uint32]
	Key     frame.Map[frame.Identity, map[uint8]bool, uint32]
	Parts   frame.NMap[uint32, uint32]
	Parts2  frame.NMap[untagged, uint32]
	Endless frame.Value[endless]
	Parts3  frame.NMap[single, uint32]
	Same    frame.Value[uint32] `name:"Odd"`
	frame.Prefix
	private uint32
}

type plain struct{ A uint32 }

type half struct{ A uint32 }

func (half) AppendScale(dst []byte) []byte { return dst }

// inner has the codec of what it embeds, which leaves B out.
type inner struct {
	chain.AccountID
	B uint32
}

type untagged struct {
	A uint32 `hasher:"Identity"`
	B uint32
}

type single struct {
	A uint32 `hasher:"Identity"`
}

type endless [][]endless
