package units

import (
	"errors"
	"fmt"
	"math"
	"math/big"
	"math/rand/v2"
	"strings"
	"testing"

	"github.com/holiman/uint256"

	"github.com/gotensor/gotensor/primitives/scale"
)

func TestParseTao(t *testing.T) {
	for _, c := range []struct {
		text string
		want Rao
	}{
		{"1.5", 1_500_000_000}, {"0", 0}, {"1", Tao}, {"0.000000001", 1}, {"21000000", 21_000_000 * Tao}, {"007.10", 7_100_000_000},
		{"18446744073.709551615", math.MaxUint64}, {"0.123456789", 123_456_789},
	} {
		got, err := ParseTao(c.text)
		if err != nil || got != c.want {
			t.Errorf("%q: got %d, %v, want %d", c.text, got, err, c.want)
		}
		if again, err := ParseTao(got.Tao()); err != nil || again != got {
			t.Errorf("%q: printed as %q, read as %d, %v", c.text, got.Tao(), again, err)
		}
	}
	for text, says := range map[string]string{
		"": "digits", ".": "digits", ".5": "digits", "1.": "digits", "-1": "digits", "+1": "digits", "1e9": "digits", "1,5": "digits", "1.5.0": "digits", "1_000": "digits",
		" 1": "digits", "1 TAO": "digits", "0x1": "digits", "١": "digits", "1.0000000000": "10 decimals", "18446744073.709551616": "more than", "99999999999999999999": "more than",
	} {
		if got, err := ParseTao(text); !errors.Is(err, ErrAmount) || !strings.Contains(err.Error(), says) {
			t.Errorf("%q: got %d, %v, want ErrAmount with %q", text, got, err, says)
		}
	}
	if got := Rao(1_500_000_000).Echo(); got != "1.5 TAO = 1500000000 RAO" {
		t.Errorf("got %q", got)
	}
	if a, err := ParseAlpha("0.25"); err != nil || a != 250_000_000 || a.String() != "0.25 alpha" {
		t.Errorf("got %v, %v", a, err)
	}
	if got := fmt.Sprint(Rao(1)); got != "0.000000001 TAO" {
		t.Errorf("got %q", got)
	}
}

// Every checked and saturating operation against big integers, on the edges and on seeded values.
func TestArithmetic(t *testing.T) {
	values := []uint64{0, 1, 2, 999_999_999, 1_000_000_000, 1 << 32, 1<<63 - 1, 1 << 63, math.MaxUint64 - 1, math.MaxUint64}
	r := rand.New(rand.NewPCG(1, 2))
	for range 50 {
		values = append(values, r.Uint64()>>r.UintN(64))
	}
	limit := new(big.Int).SetUint64(math.MaxUint64)
	for _, a := range values {
		for _, b := range values {
			x, y := new(big.Int).SetUint64(a), new(big.Int).SetUint64(b)
			check := func(op string, exact *big.Int, got Rao, ok bool, saturated Rao) {
				t.Helper()
				fits := exact.Sign() >= 0 && exact.Cmp(limit) <= 0
				if ok != fits || fits && exact.Uint64() != uint64(got) {
					t.Fatalf("%d %s %d: got %d, %v, want %v", a, op, b, uint64(got), ok, exact)
				}
				want := exact
				if exact.Sign() < 0 {
					want = new(big.Int)
				} else if !fits {
					want = limit
				}
				if want.Uint64() != uint64(saturated) {
					t.Fatalf("saturating %d %s %d: got %d, want %v", a, op, b, uint64(saturated), want)
				}
			}
			got, ok := CheckedAdd(Rao(a), Rao(b))
			check("+", new(big.Int).Add(x, y), got, ok, SaturatingAdd(Rao(a), Rao(b)))
			got, ok = CheckedSub(Rao(a), Rao(b))
			check("-", new(big.Int).Sub(x, y), got, ok, SaturatingSub(Rao(a), Rao(b)))
			got, ok = CheckedMul(Rao(a), b)
			check("*", new(big.Int).Mul(x, y), got, ok, SaturatingMul(Rao(a), b))
			for _, den := range values[:12] {
				got, ok := MulDiv(Rao(a), b, den)
				if den == 0 {
					if ok {
						t.Fatalf("%d * %d / 0: got %d", a, b, uint64(got))
					}
					continue
				}
				exact := new(big.Int).Mul(x, y)
				exact.Quo(exact, new(big.Int).SetUint64(den))
				if ok != (exact.Cmp(limit) <= 0) || ok && exact.Uint64() != uint64(got) {
					t.Fatalf("%d * %d / %d: got %d, %v, want %v", a, b, den, uint64(got), ok, exact)
				}
			}
		}
	}
}

// Wei against github.com/holiman/uint256.
func TestWei(t *testing.T) {
	r := rand.New(rand.NewPCG(3, 4))
	factor := uint256.NewInt(WeiPerRao)
	random := func() (w Wei) {
		for i := range 1 + r.IntN(4) {
			w[i] = r.Uint64() >> r.UintN(64)
		}
		return w
	}
	within := 0
	for range 20_000 {
		a, b := random(), random()
		x, y := uint256.Int(a), uint256.Int(b)
		sum, overflow := new(uint256.Int).AddOverflow(&x, &y)
		if got, ok := a.CheckedAdd(b); ok == overflow || got != Wei(*sum) {
			t.Fatalf("%v + %v: got %v, %v", a, b, got, ok)
		}
		difference, underflow := new(uint256.Int).SubOverflow(&x, &y)
		if got, ok := a.CheckedSub(b); ok == underflow || got != Wei(*difference) {
			t.Fatalf("%v - %v: got %v, %v", a, b, got, ok)
		}
		if got := a.Cmp(b); got != x.Cmp(&y) {
			t.Fatalf("%v cmp %v: got %d", a, b, got)
		}
		q, m := new(uint256.Int).DivMod(&x, factor, new(uint256.Int))
		rao, rest, ok := a.Rao()
		if ok != q.IsUint64() || ok && (uint64(rao) != q.Uint64() || rest != m.Uint64()) {
			t.Fatalf("%v: got %d RAO and %d, %v; want %v and %v", a, uint64(rao), rest, ok, q, m)
		}
		if ok {
			within++
			back, fits := rao.Wei().CheckedAdd(Wei{rest})
			if !fits || back != a {
				t.Fatalf("%v: %d RAO and %d wei make %v", a, uint64(rao), rest, back)
			}
		}
		if a.Bytes32() != x.Bytes32() || WeiFromBytes32(a.Bytes32()) != a {
			t.Fatalf("%v: got bytes %x, want %x", a, a.Bytes32(), x.Bytes32())
		}
		if back, ok := WeiFromBig(a.Big()); !ok || back != a || a.String() != x.Dec()+" wei" {
			t.Fatalf("%v: by way of big integers %v, %v", a, back, ok)
		}
	}
	if within == 0 {
		t.Fatal("no amount fitted RAO")
	}
	if got := Rao(math.MaxUint64).Wei().String(); got != "18446744073709551615000000000 wei" {
		t.Errorf("got %s", got)
	}
	if got := Tao.Wei().String(); got != "1000000000000000000 wei" {
		t.Errorf("got %s", got)
	}
}

// The expectations of opentensor/subtensor, runtime/src/lib.rs, tests of into_substrate_balance and into_evm_balance.
func TestSubtensorConversions(t *testing.T) {
	most, _ := new(big.Int).SetString("18446744073709551615000000000", 10) // u64::MAX RAO
	for _, c := range []struct {
		wei  *big.Int
		want Rao
		rest uint64
		ok   bool
	}{
		{big.NewInt(1_000_000_000_000_000_000), Tao, 0, true},
		{most, math.MaxUint64, 0, true},
		{new(big.Int).Add(most, big.NewInt(WeiPerRao)), 0, 0, false},
		{big.NewInt(1_000_000_000_123_456_789), Tao, 123_456_789, true},
		{new(big.Int), 0, 0, true},
	} {
		w, fits := WeiFromBig(c.wei)
		got, rest, ok := w.Rao()
		if !fits || got != c.want || rest != c.rest || ok != c.ok {
			t.Errorf("%v wei: got %d RAO and %d, %v, want %d and %d, %v", c.wei, uint64(got), rest, ok, uint64(c.want), c.rest, c.ok)
		}
	}
}

func TestScale(t *testing.T) {
	if got, err := scale.Unmarshal[Rao](scale.Marshal(Rao(1 << 40))); err != nil || got != 1<<40 {
		t.Errorf("got %v, %v", got, err)
	}
	if got, err := scale.Unmarshal[Alpha](scale.Marshal(Alpha(7))); err != nil || got != 7 {
		t.Errorf("got %v, %v", got, err)
	}
}

func FuzzParseTao(f *testing.F) {
	for _, text := range []string{"1.5", "0.000000001", "18446744073.709551615", "1.", "-1", "1e9"} {
		f.Add(text)
	}
	f.Fuzz(func(t *testing.T, text string) {
		v, err := ParseTao(text)
		if err != nil {
			return
		}
		exact, ok := new(big.Rat).SetString(text)
		if !ok || exact.Mul(exact, big.NewRat(WeiPerRao, 1)).Cmp(new(big.Rat).SetInt(new(big.Int).SetUint64(uint64(v)))) != 0 {
			t.Fatalf("%q read as %d RAO", text, uint64(v))
		}
		if again, err := ParseTao(v.Tao()); err != nil || again != v {
			t.Fatalf("%q printed as %q, read as %d, %v", text, v.Tao(), uint64(again), err)
		}
	})
}

func ExampleParseTao() {
	amount, err := ParseTao("1.5")
	fmt.Println(amount.Echo(), err)
	// Output: 1.5 TAO = 1500000000 RAO <nil>
}
