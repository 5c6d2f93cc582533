package fixed

import (
	"bufio"
	"bytes"
	"compress/gzip"
	"encoding/binary"
	"encoding/hex"
	"fmt"
	"math/bits"
	"os"
	"strconv"
	"strings"
	"testing"

	"golang.org/x/crypto/blake2b"
)

// The vectors are outputs of the original crate; testdata/README.md says how the
// inputs are drawn and what a line holds.

const (
	vectorCount = 10_000 // inputs of each operation
	vectorChunk = 100    // inputs under one check
)

// input is what one call takes: up to three numbers as bits, or a shift or power.
type input struct {
	a, b, c Uint128
	n       uint32
}

// output is a status byte (0 a value, 1 overflow or no value, 2 a panic) and the
// value's bytes in little-endian order.
type output []byte

type encoder interface{ encode() []byte }

func value[T any](v T) output { return append(output{0}, encode(v)...) }

func checked[T any](v T, ok bool) output {
	if !ok {
		return output{1}
	}
	return value(v)
}

func overflowing[T any](v T, over bool) output {
	o := value(v)
	if over {
		o[0] = 1
	}
	return o
}

func small(v int) output { return output{0, byte(v)} }

func truth(v bool) output {
	if v {
		return output{0, 1}
	}
	return output{0, 0}
}

func encode(v any) []byte {
	switch v := v.(type) {
	case encoder:
		return v.encode()
	case uint16:
		return binary.LittleEndian.AppendUint16(nil, v)
	case uint32:
		return binary.LittleEndian.AppendUint32(nil, v)
	case uint64:
		return binary.LittleEndian.AppendUint64(nil, v)
	case int64:
		return binary.LittleEndian.AppendUint64(nil, uint64(v))
	case Uint128:
		return U64F64FromBits(v).encode()
	case Int128:
		return I64F64FromBits(v).encode()
	}
	panic(fmt.Sprintf("BUG: no encoding of %T", v))
}

// splitmix is the SplitMix64 generator.
type splitmix uint64

func (s *splitmix) next() uint64 {
	*s += 0x9E3779B97F4A7C15
	z := uint64(*s)
	z = (z ^ z>>30) * 0xBF58476D1CE4E5B9
	z = (z ^ z>>27) * 0x94D049BB133111EB
	return z ^ z>>31
}

// shape is the format of a number: its width, binary point and signedness.
type shape struct {
	w, f   uint
	signed bool
}

func u(v uint64) Uint128        { return Uint128{Lo: v} }
func plus(a, b Uint128) Uint128 { v, _ := addU128(a, b); return v }
func less(a, b Uint128) Uint128 { v, _ := subU128(a, b); return v }
func minus(a Uint128) Uint128   { return less(Uint128{}, a) }

func (s shape) mask(v Uint128) Uint128 {
	if s.w == 128 {
		return v
	}
	return u(v.Lo & (1<<s.w - 1))
}

func (s shape) max() Uint128 {
	if s.signed {
		return less(shlU128(u(1), s.w-1), u(1))
	}
	return s.mask(minus(u(1)))
}

func (s shape) min() Uint128 {
	if s.signed {
		return shlU128(u(1), s.w-1)
	}
	return Uint128{}
}

// bitLen is the length of the magnitude.
func (s shape) bitLen(v Uint128) int {
	if s.signed && shrU128(v, s.w-1).Lo&1 == 1 {
		v = s.mask(minus(v))
	}
	if v.Hi != 0 {
		return 64 + bits.Len64(v.Hi)
	}
	return bits.Len64(v.Lo)
}

func (s shape) random(g *splitmix) Uint128 {
	if s.w == 128 {
		hi := g.next()
		return Uint128{hi, g.next()}
	}
	return u(g.next() >> (64 - s.w))
}

// draw draws a number.
func (s shape) draw(g *splitmix) Uint128 {
	r := g.next()
	one := shlU128(u(1), s.f)
	flip := func(v Uint128) Uint128 {
		if r>>40&1 == 1 {
			v = minus(v)
		}
		return s.mask(v)
	}
	switch r % 8 {
	case 0:
		return s.mask([...]Uint128{
			{}, u(1), minus(u(1)), s.min(), s.max(), plus(s.min(), u(1)), less(s.max(), u(1)),
			one, minus(one), plus(one, u(1)), less(one, u(1)), shrU128(one, 1), plus(one, one),
			less(plus(one, one), u(1)), plus(one, plus(one, one)), minus(plus(one, plus(one, one))),
		}[r>>8%16])
	case 1:
		return flip(less(plus(shlU128(u(1), uint(r>>8%uint64(s.w))), u(r>>32%3)), u(1)))
	case 2:
		if r>>8&1 == 1 {
			return s.mask(less(s.max(), u(r>>32%1024)))
		}
		return s.mask(plus(s.min(), u(r>>32%1024)))
	case 3, 4:
		v := shlU128(u(r>>8%(1<<20)), s.f)
		if r%8 == 4 {
			v = plus(v, shrU128(one, 1))
		}
		return flip(less(plus(v, u(r>>32%3)), u(1)))
	}
	return flip(shrU128(s.random(g), uint(r>>8%uint64(s.w))))
}

// drawSecond draws a number to go with a, often near where a sum, a product or a
// quotient saturates.
func (s shape) drawSecond(a Uint128, g *splitmix) Uint128 {
	r := g.next()
	wm := int(s.w)
	if s.signed {
		wm--
	}
	d := int(r>>8%3) - 1
	switch r % 8 {
	case 0, 1, 2, 3:
		return s.draw(g)
	case 4, 5:
		n := wm + int(s.f) - s.bitLen(a) + d
		if r%8 == 5 {
			n = s.bitLen(a) + int(s.f) - wm + d
		}
		n = min(max(n, 1), int(s.w))
		v := shrU128(s.random(g), s.w-uint(n))
		top := shlU128(u(1), uint(n-1))
		v = Uint128{v.Hi | top.Hi, v.Lo | top.Lo}
		if r>>40&1 == 1 {
			v = minus(v)
		}
		return s.mask(v)
	case 6:
		return s.mask(less(plus(less(s.max(), a), u(uint64(d+1))), u(1)))
	}
	if r>>8&1 == 1 {
		return a
	}
	return s.mask(less(plus(less(s.min(), a), u(r>>32%3)), u(1)))
}

// near draws a number whose magnitude is below 2⁵ by less places, evenly.
func (s shape) near(g *splitmix, less uint) Uint128 {
	r := g.next()
	v := shrU128(s.random(g), s.w-s.f-5+less)
	if r>>40&1 == 1 {
		v = minus(v)
	}
	return s.mask(v)
}

// inputs draws the arguments that kind names.
func (s shape) inputs(kind string, g *splitmix) (i input) {
	switch kind {
	case "v", "vv", "vvv", "vs", "vi", "vj":
		i.a = s.draw(g)
	}
	switch kind {
	case "v":
	case "vv":
		i.b = s.drawSecond(i.a, g)
	case "vvv":
		i.b = s.drawSecond(i.a, g)
		i.c = s.draw(g)
	case "vs":
		r := g.next()
		i.n = uint32(r >> 8 % uint64(2*s.w))
		if r%8 == 0 {
			i.n = uint32(r >> 32)
		}
	case "vi", "vj":
		r := g.next()
		i.n = uint32(r>>8%129) - 64
		switch {
		case r%32 == 0:
			i.n = 1 << 31
		case r%32 == 1 && kind == "vi":
			i.n = 1<<31 + 1
		case r%32 == 2 && kind == "vi":
			i.n = 1<<31 - 1
		}
	case "r":
		i.a = s.near(g, 0)
	case "rr":
		i.a = s.near(g, 0)
		i.b = s.near(g, 3)
	case "rrr":
		i.a = s.near(g, 5)
		i.b = s.near(g, 0)
		i.c = s.near(g, 5)
	case "i32", "i64", "i128", "u64", "u128":
		w, _ := strconv.Atoi(kind[1:])
		i.a = shape{uint(w), 0, kind[0] == 'i'}.draw(g)
	default:
		panic("BUG: kind " + kind)
	}
	return i
}

// call runs f and turns a panic for division by zero into its output.
func call(f func(input) output, i input) (o output) {
	defer func() {
		if e := recover(); e != nil {
			if e != divisionByZero {
				panic(e)
			}
			o = output{2}
		}
	}()
	return f(i)
}

func readVectors(t testing.TB, name string) []string {
	f, err := os.Open("testdata/" + name + ".txt.gz")
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	z, err := gzip.NewReader(f)
	if err != nil {
		t.Fatal(err)
	}
	var lines []string
	for s := bufio.NewScanner(z); s.Scan(); {
		lines = append(lines, s.Text())
	}
	return lines
}

func TestVectors(t *testing.T) {
	total, operations := 0, 0
	for _, ty := range []struct {
		name string
		shape
	}{
		{"I32F32", shape{64, 32, true}},
		{"I64F64", shape{128, 64, true}},
		{"I96F32", shape{128, 32, true}},
		{"U64F64", shape{128, 64, false}},
		{"U96F32", shape{128, 32, false}},
	} {
		lines := readVectors(t, ty.name)
		ops := vectorOps[ty.name]
		if len(lines) != len(ops) {
			t.Errorf("%s: %d operations in the vectors, %d in the table", ty.name, len(lines), len(ops))
		}
		for _, line := range lines {
			name, _, _ := strings.Cut(line, " ")
			t.Run(ty.name+"/"+name, func(t *testing.T) {
				f := ops[name]
				if f == nil {
					t.Fatalf("no function for %q", name)
				}
				n := checkVectors(t, ty.name, ty.shape, line, f)
				t.Logf("%d vectors", n)
				total += n
				operations++
			})
		}
	}
	if total == 0 || total != operations*vectorCount {
		t.Errorf("checked %d vectors of %d operations", total, operations)
	}
	t.Logf("checked %d vectors: %d operations of 5 types, %d inputs each", total, operations, vectorCount)
}

// checkVectors replays one line and returns the number of outputs that agreed.
func checkVectors(t *testing.T, typ string, s shape, line string, f func(input) output) int {
	p := strings.Split(line, " ")
	if len(p) != 6 || p[2] != strconv.Itoa(vectorCount) || len(p[4]) != vectorCount/vectorChunk*8 {
		t.Fatalf("malformed line %.60q", line)
	}
	first := strings.Split(p[5], ",")
	seed := blake2b.Sum256([]byte("gotensor fixed vectors v1/" + typ + "/" + p[0]))
	g := splitmix(binary.LittleEndian.Uint64(seed[:]))
	all, _ := blake2b.New256(nil)
	var chunk bytes.Buffer
	good := 0
	for k := range vectorCount {
		in := s.inputs(p[1], &g)
		out := call(f, in)
		if k < len(first) && hex.EncodeToString(out) != first[k] {
			t.Fatalf("input %d (%+v): expected %s, got %x", k, in, first[k], out)
		}
		all.Write(out)
		chunk.Write(out)
		if (k+1)%vectorChunk != 0 {
			continue
		}
		sum := blake2b.Sum256(chunk.Bytes())
		c := k / vectorChunk * 8
		if want := p[4][c : c+8]; hex.EncodeToString(sum[:4]) != want {
			t.Fatalf("inputs %d to %d: expected digest %s…, got %x…", k+1-vectorChunk, k, want, sum[:4])
		}
		chunk.Reset()
		good += vectorChunk
	}
	if got := hex.EncodeToString(all.Sum(nil)); got != p[3] {
		t.Fatalf("digest of all outputs: expected %s, got %s", p[3], got)
	}
	return good
}
