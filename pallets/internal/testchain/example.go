package testchain

import (
	"github.com/gotensor/gotensor/pallets/frame"
	"github.com/gotensor/gotensor/pallets/frame/host"
	"github.com/gotensor/gotensor/primitives/chain"
	"github.com/gotensor/gotensor/primitives/scale"
)

// Example is a pallet whose calls do what tests of calls in calls need. It is what the original tests call example, logger, root testing
// and timestamp.
type Example struct {
	index uint8
	name  string
}

// example is the one that is bound.
var example *Example

// Bind implements frame.Pallet.
func (p *Example) Bind(index uint8, name string) { p.index, p.name, example = index, name, p }

// Index implements frame.Pallet.
func (p *Example) Index() uint8 { return p.index }

// Name implements frame.Pallet.
func (p *Example) Name() string { return p.name }

// DecodeCall implements frame.Pallet.
func (p *Example) DecodeCall(d *scale.Decoder) frame.Call {
	switch index := d.U8(); index {
	case 0:
		c := &Foobar{Err: d.Bool(), Start: scale.Decode[frame.Weight](d), End: scale.DecodeOption(d, scale.Decode[frame.Weight])}
		return c
	case 1:
		return &Log{Value: d.U32(), Privileged: d.Bool(), Weight: scale.Decode[frame.Weight](d)}
	case 2:
		return &Inherent{}
	case 3:
		return &Free{}
	default:
		d.FailVariant("call of example", index)
		return nil
	}
}

// Foobar fails or does not, weighs Start before and End afterwards where there is one.
type Foobar struct {
	Err   bool
	Start frame.Weight
	End   *frame.Weight
}

// CallIndex implements frame.Call.
func (c *Foobar) CallIndex() (pallet, call uint8) { return example.index, 0 }

// AppendScale implements frame.Call.
func (c *Foobar) AppendScale(dst []byte) []byte {
	dst = scale.AppendBool(append(dst, example.index, 0), c.Err)
	return scale.AppendOption(c.Start.AppendScale(dst), c.End, scale.Append[frame.Weight])
}

// Info implements frame.Call.
func (c *Foobar) Info() frame.DispatchInfo { return frame.DispatchInfo{Call: c.Start} }

// Run implements frame.Call.
func (c *Foobar) Run(origin frame.Origin) (post frame.PostInfo, err error) {
	if _, err := origin.Signed(); err != nil {
		return post, err
	}
	if c.End != nil {
		post = frame.Used(*c.End)
	}
	if c.Err {
		err = frame.Other
	}
	return post, err
}

// Log notes a value: privileged for root alone, else with the account that signed.
type Log struct {
	Value      uint32
	Privileged bool
	Weight     frame.Weight
}

// Keys of what Log noted.
var (
	valuesKey   = []byte("example values")
	accountsKey = []byte("example accounts")
)

// CallIndex implements frame.Call.
func (c *Log) CallIndex() (pallet, call uint8) { return example.index, 1 }

// AppendScale implements frame.Call.
func (c *Log) AppendScale(dst []byte) []byte {
	dst = scale.AppendU32(append(dst, example.index, 1), c.Value)
	return c.Weight.AppendScale(scale.AppendBool(dst, c.Privileged))
}

// Info implements frame.Call.
func (c *Log) Info() frame.DispatchInfo { return frame.DispatchInfo{Call: c.Weight} }

// Run implements frame.Call.
func (c *Log) Run(origin frame.Origin) (frame.PostInfo, error) {
	if c.Privileged {
		if err := origin.Root(); err != nil {
			return frame.PostInfo{}, err
		}
	} else {
		who, err := origin.Signed()
		if err != nil {
			return frame.PostInfo{}, err
		}
		raw, _ := host.Get(accountsKey)
		host.Set(accountsKey, append(raw, who[:]...))
	}
	raw, _ := host.Get(valuesKey)
	host.Set(valuesKey, scale.AppendU32(raw, c.Value))
	return frame.PostInfo{}, nil
}

// Values returns what Log noted.
func Values() (values []uint32) {
	raw, _ := host.Get(valuesKey)
	for d := scale.NewDecoder(raw); d.Remaining() > 0; {
		values = append(values, d.U32())
	}
	return values
}

// Accounts returns for whom Log noted values that were not privileged.
func Accounts() (accounts []chain.AccountID) {
	raw, _ := host.Get(accountsKey)
	for d := scale.NewDecoder(raw); d.Remaining() > 0; {
		accounts = append(accounts, d.Array32())
	}
	return accounts
}

// Inherent needs the none origin, as the call that sets the time does. It is mandatory.
type Inherent struct{}

// CallIndex implements frame.Call.
func (c *Inherent) CallIndex() (pallet, call uint8) { return example.index, 2 }

// AppendScale implements frame.Call.
func (c *Inherent) AppendScale(dst []byte) []byte { return append(dst, example.index, 2) }

// Info implements frame.Call.
func (c *Inherent) Info() frame.DispatchInfo {
	return frame.DispatchInfo{Call: frame.RefTime(1000), Class: frame.Mandatory}
}

// Run implements frame.Call.
func (c *Inherent) Run(origin frame.Origin) (frame.PostInfo, error) {
	return frame.PostInfo{}, origin.None()
}

// Free does nothing and pays no fee. It is operational.
type Free struct{}

// CallIndex implements frame.Call.
func (c *Free) CallIndex() (pallet, call uint8) { return example.index, 3 }

// AppendScale implements frame.Call.
func (c *Free) AppendScale(dst []byte) []byte { return append(dst, example.index, 3) }

// Info implements frame.Call.
func (c *Free) Info() frame.DispatchInfo {
	return frame.DispatchInfo{Call: frame.RefTime(10), Class: frame.Operational, Pays: frame.No}
}

// Run implements frame.Call.
func (c *Free) Run(frame.Origin) (frame.PostInfo, error) { return frame.PostInfo{}, nil }
