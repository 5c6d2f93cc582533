package frame

import (
	"math"
	"math/bits"

	"github.com/gotensor/gotensor/primitives/scale"
)

// Weight is what an execution may cost: picoseconds of a reference machine, and bytes of a storage proof. It saturates.
//
//frame:type sp_weights::weight_v2::Weight
type Weight struct {
	RefTime   uint64 `scale:"compact"`
	ProofSize uint64 `scale:"compact"`
}

// MaxWeight is as much as a Weight can be.
var MaxWeight = Weight{math.MaxUint64, math.MaxUint64}

// What one read and one write of the state cost in RefTime. Source: frame_support, RocksDbWeight, which Subtensor uses.
const (
	ReadTime  = 25_000_000
	WriteTime = 100_000_000
)

// RefTime returns a weight of so much time and no proof. Calls build theirs on it: RefTime(10_000_000).Reads(1).Writes(2).
func RefTime(picoseconds uint64) Weight { return Weight{RefTime: picoseconds} }

// Proof returns w with so many bytes of proof more.
func (w Weight) Proof(bytes uint64) Weight { return w.Add(Weight{ProofSize: bytes}) }

// Reads returns w with the time of n reads of the state more.
func (w Weight) Reads(n uint64) Weight { return w.Add(Weight{RefTime: saturatingMul(n, ReadTime)}) }

// Writes returns w with the time of n writes of the state more.
func (w Weight) Writes(n uint64) Weight { return w.Add(Weight{RefTime: saturatingMul(n, WriteTime)}) }

// Add returns w + v, saturating.
func (w Weight) Add(v Weight) Weight {
	return Weight{saturatingAdd(w.RefTime, v.RefTime), saturatingAdd(w.ProofSize, v.ProofSize)}
}

// Sub returns w - v, saturating at zero.
func (w Weight) Sub(v Weight) Weight {
	return Weight{w.RefTime - min(w.RefTime, v.RefTime), w.ProofSize - min(w.ProofSize, v.ProofSize)}
}

// Mul returns n times w, saturating.
func (w Weight) Mul(n uint64) Weight {
	return Weight{saturatingMul(w.RefTime, n), saturatingMul(w.ProofSize, n)}
}

// CheckedAdd returns w + v, and false where either part overflows.
func (w Weight) CheckedAdd(v Weight) (Weight, bool) {
	time, carry1 := bits.Add64(w.RefTime, v.RefTime, 0)
	proof, carry2 := bits.Add64(w.ProofSize, v.ProofSize, 0)
	return Weight{time, proof}, carry1|carry2 == 0
}

// CheckedSub returns w - v, and false where either part would be negative.
func (w Weight) CheckedSub(v Weight) (Weight, bool) {
	if !v.AllLTE(w) {
		return Weight{}, false
	}
	return w.Sub(v), true
}

// Min returns the lesser of each part.
func (w Weight) Min(v Weight) Weight {
	return Weight{min(w.RefTime, v.RefTime), min(w.ProofSize, v.ProofSize)}
}

// Max returns the greater of each part.
func (w Weight) Max(v Weight) Weight {
	return Weight{max(w.RefTime, v.RefTime), max(w.ProofSize, v.ProofSize)}
}

// AllLTE tells whether no part of w is greater than that of v.
func (w Weight) AllLTE(v Weight) bool { return w.RefTime <= v.RefTime && w.ProofSize <= v.ProofSize }

// AnyGT tells whether a part of w is greater than that of v.
func (w Weight) AnyGT(v Weight) bool { return !w.AllLTE(v) }

// AppendScale appends both parts as compact integers.
func (w Weight) AppendScale(dst []byte) []byte {
	return scale.AppendCompact(scale.AppendCompact(dst, w.RefTime), w.ProofSize)
}

// DecodeScale reads what AppendScale wrote.
func (w *Weight) DecodeScale(d *scale.Decoder) {
	w.RefTime = d.Compact()
	w.ProofSize = d.Compact()
}

func saturatingAdd(a, b uint64) uint64 {
	sum, carry := bits.Add64(a, b, 0)
	if carry != 0 {
		return math.MaxUint64
	}
	return sum
}

func saturatingMul(a, b uint64) uint64 {
	hi, lo := bits.Mul64(a, b)
	if hi != 0 {
		return math.MaxUint64
	}
	return lo
}

// Class is which part of a block's limits a call counts against. The numbers are those on the wire.
//
//frame:enum frame_support::dispatch::DispatchClass
type Class uint8

// Classes of calls.
const (
	Normal      Class = 0 // users' calls
	Operational Class = 1 // calls that keep the chain going; they may use what normal ones must leave free
	Mandatory   Class = 2 // what every block must hold: inherents, hooks
)

// AppendScale appends the class.
func (c Class) AppendScale(dst []byte) []byte { return append(dst, byte(c)) }

// DecodeScale reads a class.
func (c *Class) DecodeScale(d *scale.Decoder) {
	*c = Class(d.U8())
	if *c > Mandatory {
		d.FailVariant("dispatch class", uint8(*c))
	}
}

// Pays tells whether a call costs a fee. The numbers are those on the wire.
//
//frame:enum frame_support::dispatch::Pays
type Pays uint8

// Whether a call pays.
const (
	Yes Pays = 0
	No  Pays = 1
)

// AppendScale appends the answer.
func (p Pays) AppendScale(dst []byte) []byte { return append(dst, byte(p)) }

// DecodeScale reads an answer.
func (p *Pays) DecodeScale(d *scale.Decoder) {
	*p = Pays(d.U8())
	if *p > No {
		d.FailVariant("pays fee", uint8(*p))
	}
}

// DispatchInfo is what is known of a call before it runs.
type DispatchInfo struct {
	Call      Weight // of the call itself
	Extension Weight // of the transaction extensions; zero in what Call.Info returns
	Class     Class
	Pays      Pays
}

// Total returns the weight of the call with its extensions.
func (i DispatchInfo) Total() Weight { return i.Call.Add(i.Extension) }

// PostInfo is what is known of a call after it ran. The zero value says that it cost what was declared.
type PostInfo struct {
	Actual    Weight // where HasActual
	HasActual bool
	Pays      Pays // No also where DispatchInfo said Yes; it never becomes Yes
}

// Used returns the PostInfo of a call that cost w.
func Used(w Weight) PostInfo { return PostInfo{Actual: w, HasActual: true} }

// AddExtensions returns p with the weight of the extensions in what it cost: the form in which extensions see it.
func (p PostInfo) AddExtensions(info DispatchInfo) PostInfo {
	if !p.HasActual {
		p.Actual, p.HasActual = info.Call, true
	}
	p.Actual = p.Actual.Add(info.Extension)
	return p
}

// Refund takes w off what the call cost: an extension that cost less than it declared.
func (p *PostInfo) Refund(w Weight) { p.Actual = p.Actual.Sub(w) }

// Weight returns what the call cost, never more than was declared.
func (p PostInfo) Weight(info DispatchInfo) Weight {
	if p.HasActual {
		return p.Actual.Min(info.Total())
	}
	return info.Total()
}

// Unspent returns what of the declared weight was not used.
func (p PostInfo) Unspent(info DispatchInfo) Weight { return info.Total().Sub(p.Weight(info)) }

// PaysFee tells whether the call pays in the end: both must say Yes.
func (p PostInfo) PaysFee(info DispatchInfo) Pays {
	if p.Pays == No || info.Pays == No {
		return No
	}
	return Yes
}
