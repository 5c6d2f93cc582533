// Package work is what the benchmarks of package blob measure, natively and in a blob.
package work

import (
	"encoding/binary"
	"math/bits"
	"slices"

	"golang.org/x/crypto/blake2b"
)

// account is a record as a chain keeps them.
type account struct {
	id               [32]byte
	nonce, consumers uint32
	free, reserved   [2]uint64
	frozen           uint64
	name             []byte
}

func (a *account) append(b []byte) []byte {
	b = append(b, a.id[:]...)
	b = binary.LittleEndian.AppendUint32(b, a.nonce)
	b = binary.LittleEndian.AppendUint32(b, a.consumers)
	for _, v := range [...]uint64{a.free[0], a.free[1], a.reserved[0], a.reserved[1], a.frozen} {
		b = binary.LittleEndian.AppendUint64(b, v)
	}
	b = append(b, byte(len(a.name)<<2))
	return append(b, a.name...)
}

func (a *account) decode(b []byte) []byte {
	copy(a.id[:], b)
	a.nonce = binary.LittleEndian.Uint32(b[32:])
	a.consumers = binary.LittleEndian.Uint32(b[36:])
	a.free = [2]uint64{binary.LittleEndian.Uint64(b[40:]), binary.LittleEndian.Uint64(b[48:])}
	a.reserved = [2]uint64{binary.LittleEndian.Uint64(b[56:]), binary.LittleEndian.Uint64(b[64:])}
	a.frozen = binary.LittleEndian.Uint64(b[72:])
	n := int(b[80] >> 2)
	a.name = b[81 : 81+n]
	return b[81+n:]
}

// Codec encodes 100 records and decodes them again, a round.
func Codec(rounds int) uint64 {
	var sum uint64
	var buf []byte
	var records [100]account
	for r := range rounds {
		buf = buf[:0]
		for i := range records {
			a := &records[i]
			a.id[i%32] = byte(r)
			a.nonce = uint32(i * r)
			a.free[0] = uint64(r) << 20
			if len(a.name) == 0 {
				a.name = []byte("some name")
			}
			buf = a.append(buf)
		}
		var a account
		for rest := buf; len(rest) > 0; {
			rest = a.decode(rest)
			sum += uint64(a.nonce) + a.free[0] + uint64(a.id[7]) + uint64(len(a.name))
		}
	}
	return sum
}

// Hashing hashes 1 KiB a round.
func Hashing(rounds int) uint64 {
	data := make([]byte, 1<<10)
	for range rounds {
		sum := blake2b.Sum256(data)
		copy(data, sum[:])
	}
	return binary.LittleEndian.Uint64(data)
}

// Maps counts 100 keys in a map and reads them again, a round.
func Maps(rounds int) uint64 {
	m := make(map[uint64]uint64)
	var sum uint64
	for r := range rounds {
		for i := range uint64(100) {
			m[i*0x9e3779b97f4a7c15>>uint(r%8+40)] += i
		}
		for i := range uint64(100) {
			sum += m[i*0x9e3779b97f4a7c15>>uint(r%8+40)]
		}
	}
	return sum
}

// Sorting sorts 1,000 numbers a round.
func Sorting(rounds int) uint64 {
	var sum uint64
	list := make([]uint64, 1000)
	x := uint64(1)
	for range rounds {
		for i := range list {
			x ^= x << 13
			x ^= x >> 7
			x ^= x << 17
			list[i] = x
		}
		slices.Sort(list)
		sum += list[0] ^ list[len(list)-1]
	}
	return sum
}

type node struct {
	next  *node
	value [4]uint64
}

// Allocation makes a list of 100 items a round.
func Allocation(rounds int) uint64 {
	var sum uint64
	for r := range rounds {
		var list *node
		for i := range 100 {
			list = &node{next: list, value: [4]uint64{uint64(i), uint64(r)}}
		}
		for ; list != nil; list = list.next {
			sum += list.value[0] * list.value[1]
		}
	}
	return sum
}

// Arithmetic multiplies a matrix of 32 by 32 numbers of 64 bits with a vector, in 128 bits, a round.
func Arithmetic(rounds int) uint64 {
	const n = 32
	var matrix [n * n]uint64
	var vector, out [n]uint64
	for i := range matrix {
		matrix[i] = uint64(i) << 30
	}
	for i := range vector {
		vector[i] = uint64(i+1) << 31
	}
	for range rounds {
		for i := range out {
			var hi, lo uint64
			row := matrix[i*n : i*n+n]
			for j, v := range row {
				h, l := bits.Mul64(v, vector[j])
				var c uint64
				lo, c = bits.Add64(lo, l, 0)
				hi, _ = bits.Add64(hi, h, c)
			}
			out[i] = hi<<32 | lo>>32
		}
		vector[int(out[3])%n] ^= out[5] & 0xffff
	}
	return out[1] ^ out[n-1]
}

// Copies copies 4,096 bytes up, down, and clears them, a round.
func Copies(rounds int) uint64 {
	a, b := make([]byte, 4096+8), make([]byte, 4096)
	for r := range rounds {
		a[r%4096] = byte(r)
		copy(b, a)
		copy(a[8:], a)
		copy(a, b)
		clear(b[r%100:])
	}
	return uint64(a[17]) + uint64(b[3])
}

// Moves copies 100 pieces of 1 to 40 bytes a round.
func Moves(rounds int) uint64 {
	a, b := make([]byte, 200), make([]byte, 200)
	for r := range rounds {
		a[r%200] = byte(r)
		for i := range 100 {
			n := (i*7+r)%40 + 1
			copy(b[i:], a[i:i+n])
		}
		a, b = b, a
	}
	return binary.LittleEndian.Uint64(a[50:])
}
