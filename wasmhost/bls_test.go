package wasmhost

import (
	"bufio"
	"bytes"
	"compress/gzip"
	"context"
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"errors"
	"fmt"
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	bls "github.com/consensys/gnark-crypto/ecc/bls12-381"
)

// blsVector is one call of the original, from testdata/bls.
type blsVector struct {
	args   [][]byte
	result []byte // value of Ok; nil where the call did not return Ok
	panics bool   // the original panicked
}

// ret is the SCALE Result that the call returns, in the bytes of a guest.
func (v *blsVector) ret() []byte {
	if v.result == nil {
		return []byte{1}
	}
	return append(compact([]byte{0}, len(v.result)), v.result...)
}

// compact writes a compact number below 2^14, as SCALE says.
func compact(dst []byte, n int) []byte {
	if n < 64 {
		return append(dst, byte(n<<2))
	}
	return append(dst, byte(n<<2|1), byte(n>>6))
}

func readBLS(t testing.TB, name string) []blsVector {
	t.Helper()
	file, err := os.Open("testdata/bls/" + name + ".txt.gz")
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	text, err := gzip.NewReader(file)
	if err != nil {
		t.Fatal(err)
	}
	unhex := func(s string) []byte {
		if s == "-" {
			return []byte{}
		}
		data, err := hex.DecodeString(s)
		if err != nil {
			t.Fatal(err)
		}
		return data
	}
	var out []blsVector
	lines := bufio.NewScanner(text)
	lines.Buffer(nil, 1<<20)
	for lines.Scan() {
		fields := strings.Fields(lines.Text())
		var v blsVector
		for _, f := range fields[:len(fields)-1] {
			v.args = append(v.args, unhex(f))
		}
		switch last := fields[len(fields)-1]; last {
		case "err":
		case "panic":
			v.panics = true
		default:
			v.result = unhex(last)
		}
		out = append(out, v)
	}
	if lines.Err() != nil {
		t.Fatal(lines.Err())
	}
	return out
}

// blsNames are the functions, with the number of vectors.
var blsNames = map[string]int{
	"multi_miller_loop":    259,
	"final_exponentiation": 231,
	"msm_g1":               217,
	"msm_g2":               223,
	"mul_projective_g1":    201,
	"mul_projective_g2":    207,
}

func blsExport(name string) string { return "ext_host_calls_bls12_381_" + name + "_version_1" }

// TestBLSVectors makes the calls of testdata/bls through a guest. What the original answered is what the guest reads, to the last bit.
func TestBLSVectors(t *testing.T) {
	for name, count := range blsNames {
		t.Run(name, func(t *testing.T) {
			vectors := readBLS(t, name)
			if len(vectors) != count {
				t.Fatalf("%d vectors, expected %d", len(vectors), count)
			}
			bad := 0
			for i, v := range vectors {
				g := newTester(t, &Env{})
				args := make([]any, len(v.args))
				for j, a := range v.args {
					args[j] = a
				}
				got, err := g.call(blsExport(name), args...)
				switch {
				case v.panics:
					wantTrap(t, err, blsExport(name), -1, ErrArgument)
				case err != nil:
					t.Errorf("vector %d: %v", i, err)
				case !bytes.Equal(g.read(got), v.ret()):
					bad++
					if bad <= 3 {
						t.Errorf("vector %d: got 0x%x, expected 0x%x", i, g.read(got), v.ret())
					}
				}
			}
			if bad > 0 {
				t.Errorf("%d of %d results differ", bad, len(vectors))
			}
		})
	}
}

// What a list claims to hold beyond its bytes is not allocated.
func TestBLSLengths(t *testing.T) {
	claim := []byte{0, 0, 0, 0, 0, 0, 0, 1, 1, 2, 3}
	for name := range blsNames {
		if name == "final_exponentiation" {
			continue
		}
		g := newTester(t, &Env{})
		base := claim
		if strings.HasPrefix(name, "mul_") {
			base = make([]byte, 288)
		}
		got, err := g.call(blsExport(name), base, claim)
		if err != nil || !bytes.Equal(g.read(got), []byte{1}) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// A call whose time is over ends within the work of a host function.
func TestBLSDeadline(t *testing.T) {
	const n = 2000
	affine := func(size int) []byte { // (1, 1), which is on no curve; n times
		p := make([]byte, size)
		p[47], p[size-1] = 1, 1
		return append(blsCount(n), bytes.Repeat(p, n)...)
	}
	for name, args := range map[string][]any{
		"multi_miller_loop": {affine(96), affine(192)},
		"msm_g1":            {affine(96), append(blsCount(n), bytes.Repeat([]byte{0x37}, 32*n)...)},
		"mul_projective_g2": {bytes.Repeat([]byte{1}, 288), append(blsCount(n), bytes.Repeat([]byte{0x37}, 8*n)...)},
	} {
		g := newTester(t, &Env{})
		ctx, cancel := context.WithCancel(context.Background())
		defer cancel()
		g.in.call.ctx, g.in.call.done = ctx, ctx.Done()
		time.AfterFunc(time.Millisecond, cancel) // after hostFunction looked at the deadline, before the function is through
		_, err := g.call(blsExport(name), args...)
		if !errors.Is(err, ErrDeadline) {
			t.Errorf("%s: got %v, expected %v", name, err, ErrDeadline)
		}
	}
}

func blsCount(n int) []byte { return []byte{byte(n), byte(n >> 8), 0, 0, 0, 0, 0, 0} }

// The two halves together are gnark-crypto's pairing: e(aG, bH) = e(abG, H), and not 1.
func TestBLSPairing(t *testing.T) {
	_, _, g1, g2 := bls.Generators()
	a, b := g1.RawBytes(), g2.RawBytes()
	f, err := multiMillerLoop(append(blsCount(1), a[:]...), append(blsCount(1), b[:]...), func() {})
	if err != nil {
		t.Fatal(err)
	}
	got, err := finalExponentiation(f)
	if err != nil {
		t.Fatal(err)
	}
	want, err := bls.Pair([]bls.G1Affine{g1}, []bls.G2Affine{g2})
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(got, appendElements(nil, e12Elements(&want)...)) {
		t.Errorf("got 0x%x", got)
	}
}

// A pulse of the drand network quicknet, verified with the two calls that pallet-drand makes: e(-signature, G)·e(H(message), public key) is 1.
// Key and pulse: opentensor/subtensor, pallets/drand/src/tests.rs.
func TestBLSDrandPulse(t *testing.T) {
	const (
		publicKey = "83cf0f2896adee7eb8b5f01fcad3912212c437e0073e911fb90022d3e760183c8c4b450b6a0a6c3ac6a5776a2d1064510d1fec758c921cc22b0e17e63aaf4bcb5ed66304de9cf809bd274ca73bab4af5a6e9c76a4bc09e76eae8991ef5ece45a"
		signature = "b44679b9a59af2ec876b1a6b1ad52ea9b1615fc3982b19576350f93447cb1125e342b73a8dd2bacbe47e4b6b63ed5e39"
		round     = 1000
	)
	unhex := func(s string) []byte {
		data, err := hex.DecodeString(s)
		if err != nil {
			t.Fatal(err)
		}
		return data
	}
	var key bls.G2Affine
	var sig bls.G1Affine
	if _, err := key.SetBytes(unhex(publicKey)); err != nil {
		t.Fatal(err)
	}
	if _, err := sig.SetBytes(unhex(signature)); err != nil {
		t.Fatal(err)
	}
	sig.Neg(&sig)
	_, _, _, generator := bls.Generators()
	verify := func(round uint64) bool {
		digest := sha256.Sum256(binary.BigEndian.AppendUint64(nil, round))
		message, err := bls.HashToG1(digest[:], []byte("BLS_SIG_BLS12381G1_XMD:SHA-256_SSWU_RO_NUL_"))
		if err != nil {
			t.Fatal(err)
		}
		a, b, c, d := sig.RawBytes(), message.RawBytes(), generator.RawBytes(), key.RawBytes()
		g := newTester(t, &Env{})
		ok := func(name string, args ...any) []byte { // the value of Ok
			data := g.read(g.must(blsExport(name), args...))
			if len(data) != 3+576 || data[0] != 0 {
				t.Fatalf("%s: %d bytes", name, len(data))
			}
			return data[3:]
		}
		looped := ok("multi_miller_loop", slices.Concat(blsCount(2), a[:], b[:]), slices.Concat(blsCount(2), c[:], d[:]))
		var one bls.GT
		one.SetOne()
		return bytes.Equal(ok("final_exponentiation", looped), appendElements(nil, e12Elements(&one)...))
	}
	if !verify(round) || verify(round+1) {
		t.Errorf("pulse %d: %v, and for the round after it: %v", round, verify(round), verify(round+1))
	}
}

// FuzzBLS: no input of any function panics, and what it returns is an error or has the size that it must.
func FuzzBLS(f *testing.F) {
	for name := range blsNames {
		for i, v := range readBLS(f, name) {
			if len(v.args) == 2 && i%40 == 0 && len(v.args[0])+len(v.args[1]) < 2000 {
				f.Add(v.args[0], v.args[1])
			}
		}
	}
	f.Fuzz(func(t *testing.T, a, b []byte) {
		if len(a) > 4096 || len(b) > 4096 {
			return
		}
		tick := func() {}
		if v, err := multiMillerLoop(a, b, tick); err == nil && len(v) != 576 {
			t.Fatalf("Miller loop of %d bytes", len(v))
		}
		finalExponentiation(a) //nolint:errcheck // it must return
		for _, r := range []func([]byte, []byte, func()) ([]byte, error){blsG1.msm, blsG1.mul, blsG2.msm, blsG2.mul} {
			if v, err := r(a, b, tick); err == nil && len(v) != 144 && len(v) != 288 {
				t.Fatalf("point of %d bytes", len(v))
			}
		}
	})
}

// BenchmarkBLS repeats vectors and checks their results.
func BenchmarkBLS(b *testing.B) {
	_, _, g1, g2 := bls.Generators()
	p, q := g1.RawBytes(), g2.RawBytes()
	ps, qs := append(blsCount(2), bytes.Repeat(p[:], 2)...), append(blsCount(2), bytes.Repeat(q[:], 2)...)
	tick := func() {}
	f, err := multiMillerLoop(ps, qs, tick)
	if err != nil {
		b.Fatal(err)
	}
	b.Run("multi_miller_loop/pairs=2", func(b *testing.B) {
		for b.Loop() {
			if got, err := multiMillerLoop(ps, qs, tick); err != nil || !bytes.Equal(got, f) {
				b.Fatal(err)
			}
		}
	})
	b.Run("gnark_miller_loop/pairs=2", func(b *testing.B) {
		for b.Loop() {
			if _, err := bls.MillerLoop([]bls.G1Affine{g1, g1}, []bls.G2Affine{g2, g2}); err != nil {
				b.Fatal(err)
			}
		}
	})
	b.Run("final_exponentiation", func(b *testing.B) {
		want, _ := finalExponentiation(f) //nolint:errcheck // compared below
		for b.Loop() {
			if got, err := finalExponentiation(f); err != nil || !bytes.Equal(got, want) {
				b.Fatal(err)
			}
		}
	})
	for _, of := range []struct {
		name string
		run  func(a, b []byte, tick func()) ([]byte, error)
	}{
		{"msm_g1", blsG1.msm}, {"msm_g2", blsG2.msm}, {"mul_projective_g1", blsG1.mul}, {"mul_projective_g2", blsG2.mul},
	} {
		largest := blsVector{args: make([][]byte, 2)}
		for _, v := range readBLS(b, of.name) {
			if v.result != nil && len(v.args[0]) >= len(largest.args[0]) {
				largest = v
			}
		}
		b.Run(fmt.Sprintf("%s/bytes=%d", of.name, len(largest.args[0])), func(b *testing.B) {
			for b.Loop() {
				if got, err := of.run(largest.args[0], largest.args[1], tick); err != nil || !bytes.Equal(got, largest.result) {
					b.Fatal(err)
				}
			}
		})
	}
}
