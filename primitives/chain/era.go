package chain

import (
	"math"
	"math/bits"

	"github.com/gotensor/gotensor/primitives/internal/text"
	"github.com/gotensor/gotensor/primitives/scale"
)

// Era is how long a transaction is valid. The zero value is immortal. A mortal era has a period, a power of two from 4 to 65536 blocks, and a
// phase below it: it lives in each window of period blocks that starts at a block number ≡ phase (mod period), and the signature, which covers the hash of
// the window's first block, ties it to one of them. On the wire a mortal era is two bytes that hold phase / max(1, period/4096), so phases of periods above
// 4096 are multiples of that quantize factor.
type Era struct {
	Period uint64 // 0 for immortal
	Phase  uint64
}

// MortalEra returns the era for a transaction made at block current that shall live about period blocks. The period is rounded up to a power
// of two, at least 4 and at most 65536.
func MortalEra(period, current uint64) Era {
	switch {
	case period <= 4:
		period = 4
	case period > 1<<16:
		period = 1 << 16
	default:
		period = 1 << bits.Len64(period-1)
	}
	q := quantizeFactor(period)
	return Era{Period: period, Phase: current % period / q * q}
}

func quantizeFactor(period uint64) uint64 { return max(period>>12, 1) }

// IsImmortal reports whether the era has no end.
func (e Era) IsImmortal() bool { return e.Period == 0 }

// Birth returns the first block of the window that current lies in: the block whose hash the signature covers. It is 0 for an immortal era.
func (e Era) Birth(current uint64) uint64 {
	if e.IsImmortal() {
		return 0
	}
	return (max(current, e.Phase)-e.Phase)/e.Period*e.Period + e.Phase
}

// Death returns the first block at which the transaction is no longer valid; MaxUint64 for an immortal era.
func (e Era) Death(current uint64) uint64 {
	if e.IsImmortal() {
		return math.MaxUint64
	}
	birth := e.Birth(current)
	if birth > math.MaxUint64-e.Period {
		return math.MaxUint64
	}
	return birth + e.Period
}

// String returns "immortal" or "mortal(period 64, phase 42)".
func (e Era) String() string {
	if e.IsImmortal() {
		return "immortal"
	}
	return "mortal(period " + text.Uint(e.Period) + ", phase " + text.Uint(e.Phase) + ")"
}

// AppendScale appends one zero byte for an immortal era and two bytes for a mortal one, whose period must be a power of two from 4 to 65536 and
// whose phase must lie below it (as MortalEra and DecodeScale make them).
func (e Era) AppendScale(dst []byte) []byte {
	if e.IsImmortal() {
		return append(dst, 0)
	}
	low := min(max(bits.TrailingZeros64(e.Period)-1, 1), 15)
	return scale.AppendU16(dst, uint16(low)|uint16(e.Phase/quantizeFactor(e.Period)<<4))
}

// DecodeScale reads an era. A period below 4, or a phase that is not below the period, is an error.
func (e *Era) DecodeScale(d *scale.Decoder) {
	*e = Era{}
	first := d.U8()
	if first == 0 {
		return
	}
	v := uint64(first) | uint64(d.U8())<<8
	period := uint64(2) << (v & 15)
	phase := v >> 4 * quantizeFactor(period)
	if period < 4 || phase >= period {
		d.Fail(d.Offset()-2, "era", scale.ErrInvalid, "period "+text.Uint(period)+", phase "+text.Uint(phase))
		return
	}
	*e = Era{period, phase}
}
