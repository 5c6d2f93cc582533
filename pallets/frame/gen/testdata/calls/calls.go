// Package calls has calls that the generator refuses.
package calls

import "github.com/gotensor/gotensor/pallets/frame"

type Pallet struct{}

// AddCall stands where the call type of Add would.
type AddCall struct{}

// Add adds.
//
//frame:call 0
//frame:weight frame.RefTime(1)
func (p *Pallet) Add(origin frame.Origin) error { return nil }

//frame:call 1
func (p *Pallet) NoWeight(origin frame.Origin) error { return nil }

//frame:call 1
//frame:weight frame.RefTime(1
func (p *Pallet) Twice(origin frame.Origin) error { return nil }

//frame:call
//frame:weight frame.RefTime(1)
func (p *Pallet) NoIndex(origin frame.Origin) error { return nil }

//frame:call 256
//frame:weight frame.RefTime(1)
func (p *Pallet) BigIndex(origin frame.Origin) error { return nil }

//frame:call 3 other
//frame:weight frame.RefTime(1)
func (p *Pallet) BadName(origin frame.Origin) error { return nil }

//frame:call 4
//frame:weight frame.RefTime(1)
func (p Pallet) OnValue(origin frame.Origin) error { return nil }

//frame:call 5
//frame:weight frame.RefTime(1)
func (p *Pallet) hidden(origin frame.Origin) error { return nil }

//frame:call 6
//frame:weight frame.RefTime(1)
func (p *Pallet) NoOrigin(n uint32) error { return nil }

//frame:call 7
//frame:weight frame.RefTime(1)
func (p *Pallet) NoError(origin frame.Origin) {}

//frame:call 8
//frame:weight frame.RefTime(1)
//frame:wait frame.RefTime(1)
//frame:weight frame.RefTime(2)
func (p *Pallet) Directives(origin frame.Origin) error { return nil }

//frame:call 9
//frame:weight frame.RefTime(1)
//frame:compact text, missing
//frame:rust text=Text, absent=u8
func (p *Pallet) Arguments(origin frame.Origin, text string, _ uint32, n int, f float64, m map[uint8]bool, more ...uint8) error {
	return nil
}

//frame:call 10
//frame:weight frame.RefTime(1)
//frame:compact text
func (p *Pallet) Types(origin frame.Origin, text string, n int, f float64, m map[uint8]bool, s struct{ A uint8 }, u Unknown, w any) error {
	return nil
}

//frame:call 11
//frame:info frame.DispatchInfo{}
//frame:pays No
func (p *Pallet) TwoInfos(origin frame.Origin) error { return nil }

//frame:call 12
//frame:weight frame.RefTime(1)
func Function(origin frame.Origin) error { return nil }

// The directive is in no comment of a declaration.

//frame:call 13

func (p *Pallet) Apart(origin frame.Origin) error { return nil }
