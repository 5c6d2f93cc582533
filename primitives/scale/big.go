//go:build !wasm

package scale

import (
	"errors"
	"math/big"
)

// Big integers are not there in Wasm: package math/big would add 400 kB to a runtime, and what a runtime counts fits 128 bits.

// U128FromBig returns v, and false where v is negative or has more than 128 bits.
func U128FromBig(v *big.Int) (U128, bool) {
	if v.Sign() < 0 || v.BitLen() > 128 {
		return U128{}, false
	}
	return U128{Hi: new(big.Int).Rsh(v, 64).Uint64(), Lo: new(big.Int).And(v, new(big.Int).SetUint64(1<<64-1)).Uint64()}, true
}

// Big returns v as a big integer.
func (v U128) Big() *big.Int {
	b := new(big.Int).SetUint64(v.Hi)
	return b.Lsh(b, 64).Or(b, new(big.Int).SetUint64(v.Lo))
}

// U256FromBig returns v, and false where v is negative or has more than 256 bits.
func U256FromBig(v *big.Int) (u U256, ok bool) {
	if v.Sign() < 0 || v.BitLen() > 256 {
		return u, false
	}
	var le [32]byte
	v.FillBytes(le[:])
	for i, j := 0, 31; i < j; i, j = i+1, j-1 {
		le[i], le[j] = le[j], le[i]
	}
	return NewDecoder(le[:]).U256(), true
}

// Big returns v as a big integer.
func (v U256) Big() *big.Int {
	b := new(big.Int)
	for i := len(v) - 1; i >= 0; i-- {
		b.Lsh(b, 64).Or(b, new(big.Int).SetUint64(v[i]))
	}
	return b
}

// String returns v in decimal.
func (v U256) String() string { return v.Big().String() }

// ErrCompactRange reports an integer that has no compact form: negative, or 2^536 and more.
var ErrCompactRange = errors.New("compact integers reach from 0 to 2^536-1")

// AppendCompactBig appends v as a compact integer of up to 68 bytes. It returns ErrCompactRange, and dst as it was, when v is
// negative or has more than 536 bits.
func AppendCompactBig(dst []byte, v *big.Int) ([]byte, error) {
	if v.Sign() < 0 || v.BitLen() > 536 {
		return dst, ErrCompactRange
	}
	if v.IsUint64() {
		return AppendCompact(dst, v.Uint64()), nil
	}
	be := v.Bytes()
	dst = append(dst, byte(len(be)-4)<<2|3)
	for i := len(be) - 1; i >= 0; i-- {
		dst = append(dst, be[i])
	}
	return dst, nil
}

// CompactBig reads a compact integer of any size, up to 2^536-1. It never returns nil.
func (d *Decoder) CompactBig() *big.Int {
	le, ok := d.wide(67, "compact integer")
	if !ok {
		return new(big.Int).SetUint64(d.compact(64, "compact integer"))
	}
	be := make([]byte, len(le))
	for i := range be {
		be[i] = le[len(le)-1-i]
	}
	return new(big.Int).SetBytes(be)
}
