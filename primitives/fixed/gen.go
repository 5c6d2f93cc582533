//go:build ignore

// Gen writes the source of the fixed types, one file a type, and the table that
// runs the vectors over them. The types differ in representation, binary point
// and signedness only, and Go's generics would put a dictionary lookup into
// every multiplication; so the text is written out.
//
//	go run gen.go [-out DIR]
package main

import (
	"bytes"
	"flag"
	"fmt"
	"go/format"
	"log"
	"os"
	"path/filepath"
	"strings"
	"text/template"
)

// num is a fixed type or, with Frac 0, an integer at the edge of the arithmetic.
type num struct {
	Name   string // as in the names of functions
	Rep    string // Go type of the bits
	K      string // suffix of the kernels
	Width  int
	Frac   int
	Signed bool
}

func (n num) IntBits() int { return n.Width - n.Frac }

// fits reports whether every value of n, rounded down, is in range of m.
func (n num) fits(m num) bool {
	switch {
	case n.Signed == m.Signed:
		return m.IntBits() >= n.IntBits()
	case n.Signed:
		return false
	}
	return m.IntBits() > n.IntBits()
}

var types = []num{
	{"I32F32", "int64", "I64", 64, 32, true},
	{"I64F64", "Int128", "I128", 128, 64, true},
	{"I96F32", "Int128", "I128", 128, 32, true},
	{"U64F64", "Uint128", "U128", 128, 64, false},
	{"U96F32", "Uint128", "U128", 128, 32, false},
}

var (
	i32  = num{"Int32", "int32", "I64", 32, 0, true}
	i64  = num{"Int64", "int64", "I64", 64, 0, true}
	u16  = num{"Uint16", "uint16", "U16", 16, 0, false}
	u32  = num{"Uint32", "uint32", "U32", 32, 0, false}
	u64  = num{"Uint64", "uint64", "U64", 64, 0, false}
	i128 = num{"Int128", "Int128", "I128", 128, 0, true}
	u128 = num{"Uint128", "Uint128", "U128", 128, 0, false}
)

// conv is a conversion from Src to Dst.
type conv struct {
	Src, Dst num
	Plain    bool // cannot overflow, has one form
}

// Shift is the call that moves the binary point, or nothing.
func (c conv) Shift() string {
	switch n := c.Dst.Frac - c.Src.Frac; {
	case n == 64 && c.Src.Name == "Uint128":
		return ".shlFull()"
	case n > 0:
		return fmt.Sprintf(".shl(%d)", n)
	case n < 0:
		return fmt.Sprintf(".shr(%d)", -n)
	}
	return ""
}

// Rounding ends the sentence that describes the conversion.
func (c conv) Rounding() string {
	if c.Src.Frac > c.Dst.Frac {
		return "rounded towards minus infinity"
	}
	return "exactly"
}

// Widen turns the bits of Src, in the expression e, into a wide, or into a word
// where the conversion stays in one.
func (c conv) Widen(e string) string {
	if c.Src.Rep == "int32" {
		e = "int64(" + e + ")"
	}
	if c.Src.Name == "I32F32" && c.Dst.Frac == 0 && c.Dst.Width <= 64 {
		return "word(" + e + ")"
	}
	return "wide" + c.Src.K + "(" + e + ")"
}

// Min and Max are Dst's bounds as Go expressions.
func (c conv) Min() string { return c.Dst.bound(false) }
func (c conv) Max() string { return c.Dst.bound(true) }

func (n num) bound(max bool) string {
	switch {
	case n.Frac > 0 && max:
		return "Max" + n.Name + "()"
	case n.Frac > 0:
		return "Min" + n.Name + "()"
	case n.Name == "Int128" && max:
		return "Int128{1<<63 - 1, 1<<64 - 1}"
	case n.Name == "Int128":
		return "Int128{1 << 63, 0}"
	case n.Name == "Uint128" && max:
		return "Uint128{1<<64 - 1, 1<<64 - 1}"
	case n.Name == "Uint128":
		return "Uint128{}"
	case n.Signed && max:
		return fmt.Sprintf("1<<%d - 1", n.Width-1)
	case n.Signed:
		return fmt.Sprintf("-1 << %d", n.Width-1)
	case max:
		return fmt.Sprintf("1<<%d - 1", n.Width)
	}
	return "0"
}

// typ is what the templates see.
type typ struct {
	num
	Tos, Froms []conv
}

func newTyp(n num) typ {
	t := typ{num: n}
	for _, d := range append([]num{u16, u32, u64, i64, u128, i128}, types...) {
		if d.Name != n.Name {
			t.Tos = append(t.Tos, conv{n, d, n.fits(d)})
		}
	}
	for _, s := range []num{i32, i64, u64, i128, u128} {
		if s.Name == "Int32" && i64.fits(n) || s.Name == "Int32" && !n.Signed {
			continue // Int64 serves
		}
		t.Froms = append(t.Froms, conv{s, n, s.fits(n)})
	}
	return t
}

// Mask covers the bits after the binary point.
func (t typ) Mask() string { return fmt.Sprintf("1<<%d - 1", t.Frac) }

// Word is the composite of an unsigned integer below 2⁶⁴·2^Frac, v·2^Frac.
func (t typ) word(hi, lo string) string {
	if t.Rep == "int64" {
		return t.Name + "{" + lo + "}"
	}
	return t.Name + "{" + t.Rep + "{" + hi + ", " + lo + "}}"
}

func (t typ) One() string  { return t.Int(1) }
func (t typ) Zero() string { return t.Name + "{}" }

// Int is the small positive integer i.
func (t typ) Int(i int) string {
	if t.Frac == 64 {
		return t.word(fmt.Sprint(i), "0")
	}
	return t.word("0", fmt.Sprintf("%d << %d", i, t.Frac))
}

// Const is a constant below 2³², given by its integer part and 64 bits of
// fraction, in the type's precision: truncated, or rounded half to even.
func (t typ) Const(i, frac uint64, round bool) string {
	if t.Frac == 64 {
		return t.word(fmt.Sprint(i), fmt.Sprintf("%#x", frac))
	}
	drop := 64 - t.Frac
	v := i<<t.Frac | frac>>drop
	rest, half := frac&(1<<drop-1), uint64(1)<<(drop-1)
	if round && (rest > half || rest == half && v&1 == 1) {
		v++
	}
	return t.word("0", fmt.Sprintf("%#x", v))
}

func (t typ) MinBits() string { return t.bits(false) }
func (t typ) MaxBits() string { return t.bits(true) }

func (t typ) bits(max bool) string {
	n := t.num
	n.Frac = 0
	if n.Width == 64 {
		return n.bound(max)
	}
	n.Name = n.Rep
	return n.bound(max)
}

// E and Log2E are the crate's constants: I9F23, so 23 bits of fraction.
func (t typ) E() string     { return t.Const(2, 0xb7e15162_8aed2a6a>>41<<41, false) }
func (t typ) Log2E() string { return t.Const(1, 0x71547652_b82fe177>>41<<41, false) }

func (t typ) Half() string { return fmt.Sprintf("uint64(1) << %d", t.Frac-1) }

func (t typ) Bytes() int { return t.Width / 8 }

func (t typ) Roundings() []string { return []string{"Ceil", "Round", "RoundTiesToEven"} }

// LnCoefficients are 1/2 to 1/8 as safe-math has them: the nearest binary64
// numbers, converted, each here with its 64 bits of fraction.
func (t typ) LnCoefficients() []string {
	var c []string
	for _, f := range []uint64{
		0x8000000000000000, 0x5555555555555400, 0x4000000000000000, 0x3333333333333400,
		0x2aaaaaaaaaaaaa00, 0x2492492492492400, 0x2000000000000000,
	} {
		c = append(c, t.Const(0, f, true))
	}
	return c
}

// Ln2 is ln 2 as safe-math has it, by way of binary64 too.
func (t typ) Ln2() string { return t.Const(0, 0xb17217f7d1cf7800, true) }

func (t typ) Plus2(i int) int { return i + 2 }

// FromExp converts the int64 exp.
func (t typ) FromExp() string {
	switch {
	case !t.Signed:
		return t.Name + "WrappingFromInt64(exp)"
	case i64.fits(t.num):
		return t.Name + "FromInt64(exp)"
	}
	return t.Name + "FromInt32(int32(exp))"
}

// binary is what the template of the four forms of an operation sees.
type binary struct{ T, K, Op, Doc, More, Guard, Kernel, Saturate string }

func (t typ) Binary(op string) binary {
	b := binary{T: t.Name, K: t.K, Op: op}
	args := "(x.bits, y.bits)"
	switch op {
	case "Add":
		b.Doc = "x + y"
	case "Sub":
		b.Doc = "x - y"
	case "Mul":
		b.Doc = "x · y, rounded towards minus infinity"
	case "Div":
		b.Doc = "x / y, rounded towards zero"
		b.More = " Panics if y is 0."
		b.Guard = "if y.IsZero() {\n\tpanic(divisionByZero)\n}\n"
	}
	if op == "Mul" || op == "Div" {
		args = fmt.Sprintf("(x.bits, y.bits, %d)", t.Frac)
	}
	b.Kernel = strings.ToLower(op) + t.K + args
	switch {
	case t.Signed && (op == "Mul" || op == "Div"):
		b.Saturate = "v = productBound" + t.K + "(x.bits, y.bits)"
	case t.Signed:
		b.Saturate = "v = signBound" + t.K + "(x.bits)"
	case op == "Sub":
		b.Saturate = "v = " + t.Rep + "{}"
	default:
		b.Saturate = "v = " + t.MaxBits()
	}
	return b
}

func (t typ) NoNeg() string {
	if t.Signed {
		return ""
	}
	return " Only zero has a negative that fits."
}

// op is one entry of the table of the vectors: the original's name and our call.
type op struct{ Name, Body string }

func snake(s string) string {
	var b strings.Builder
	for i, r := range s {
		if r >= 'A' && r <= 'Z' {
			if i > 0 {
				b.WriteByte('_')
			}
			r += 'a' - 'A'
		}
		b.WriteRune(r)
	}
	return b.String()
}

func (t typ) Ops() []op {
	var ops []op
	a, b, c := "in"+t.Name+"(i.a)", "in"+t.Name+"(i.b)", "in"+t.Name+"(i.c)"
	add := func(name, call, form string) {
		ops = append(ops, op{name, "return " + form + "(" + call + ")"})
	}
	// forms adds the original's forms of an operation, from ours.
	forms := func(name, our, args string, kinds ...string) {
		for _, k := range kinds {
			form := map[string]string{"Wrapping": "value", "Saturating": "value", "Checked": "checked", "Overflowing": "overflowing"}[k]
			add(snake(k)+"_"+name, a+"."+k+our+args, form)
		}
	}
	all := []string{"Wrapping", "Saturating", "Checked", "Overflowing"}
	for _, o := range []string{"Add", "Sub", "Mul", "Div"} {
		add(snake(o), a+".Wrapping"+o+"("+b+")", "value")
		forms(snake(o), o, "("+b+")", all...)
	}
	add("rem", a+".Rem("+b+")", "value")
	add("checked_rem", a+".CheckedRem("+b+")", "checked")
	forms("neg", "Neg", "()", all...)
	for _, o := range []string{"Shl", "Shr"} {
		add(snake(o), a+".Wrapping"+o+"(i.n)", "value")
		forms(snake(o), o, "(i.n)", "Wrapping", "Checked", "Overflowing")
	}
	add("cmp", a+".Cmp("+b+")", "small")
	add("lt", a+".Less("+b+")", "truth")
	add("eq", a+" == "+b, "truth")
	add("min", a+".Min("+b+")", "value")
	add("max", a+".Max("+b+")", "value")
	add("int", a+".Floor()", "value")
	for _, o := range []string{"Frac", "Floor", "RoundToZero"} {
		add(snake(o), a+"."+o+"()", "value")
	}
	for _, o := range t.Roundings() {
		add(snake(o), a+".Wrapping"+o+"()", "value")
		forms(snake(o), o, "()", all...)
	}
	add("le_bytes", t.Name+"FromLE([...]byte("+a+".AppendLE(nil)))", "value")
	ops[len(ops)-1].Body = strings.Replace(ops[len(ops)-1].Body, "[...]", fmt.Sprintf("[%d]", t.Bytes()), 1)
	add("safe_div", a+".SafeDiv("+b+")", "value")
	add("safe_div_or", a+".SafeDivOr("+b+", "+c+")", "value")
	add("abs_diff", a+".AbsDiff("+b+")", "value")
	add("checked_pow", a+".CheckedPow(int32(i.n))", "checked")
	add("checked_sqrt", a+".CheckedSqrt("+b+")", "checked")
	add("checked_ln", a+".CheckedLn()", "checked")
	add("checked_log", a+".CheckedLog("+b+")", "checked")
	add("sqrt", a+".Sqrt()", "checked")
	add("sqrt_near", a+".Sqrt()", "checked")
	add("checked_ln_near", a+".CheckedLn()", "checked")
	add("checked_sqrt_near", a+".CheckedSqrt("+b+")", "checked")
	if t.Signed {
		add("neg", a+".WrappingNeg()", "value")
		add("abs", a+".WrappingAbs()", "value")
		forms("abs", "Abs", "()", all...)
		add("signum", a+".Signum()", "value")
		add("is_negative", a+".IsNegative()", "truth")
		add("is_positive", a+".IsPositive()", "truth")
		for _, o := range []string{"Exp", "Log2", "Ln"} {
			add(snake(o), a+"."+o+"()", "checked")
			add(snake(o)+"_near", a+"."+o+"()", "checked")
		}
		add("pow", a+".Pow("+b+")", "checked")
		add("pow_near", a+".Pow("+b+")", "checked")
		add("powi", a+".Powi(int32(i.n))", "checked")
	}
	convert := func(c conv, name, plain, wrapping, saturating, checked, overflowing string) {
		if c.Plain {
			for _, k := range []string{"", "wrapping_", "saturating_"} {
				add(k+name, plain, "value")
			}
			add("checked_"+name, plain, "value")
			add("overflowing_"+name, plain, "value")
			return
		}
		add(name, wrapping, "value")
		add("wrapping_"+name, wrapping, "value")
		add("saturating_"+name, saturating, "value")
		add("checked_"+name, checked, "checked")
		add("overflowing_"+name, overflowing, "overflowing")
	}
	short := func(n num) string {
		s := strings.Replace(strings.Replace(n.Name, "Uint", "u", 1), "Int", "i", 1)
		return s
	}
	for _, c := range t.Froms {
		v := map[string]string{
			"int32": "int32(i.a.Lo)", "int64": "int64(i.a.Lo)", "uint64": "i.a.Lo", "Int128": "Int128(i.a)", "Uint128": "i.a",
		}[c.Src.Rep]
		f := func(k string) string { return t.Name + k + "From" + c.Src.Name + "(" + v + ")" }
		convert(c, "from_"+short(c.Src), f(""), f("Wrapping"), f("Saturating"), f("Checked"), f("Overflowing"))
	}
	for _, c := range t.Tos {
		f := func(k string) string { return a + "." + k + "To" + c.Dst.Name + "()" }
		convert(c, "to_"+short(c.Dst), f(""), f("Wrapping"), f("Saturating"), f("Checked"), f("Overflowing"))
	}
	switch t.Name {
	case "I32F32":
		add("exp_safe", "ExpSafe("+a+")", "value")
		add("sigmoid_safe", "SigmoidSafe("+a+", "+b+", "+c+")", "value")
		add("exp_safe_near", "ExpSafe("+a+")", "value")
		add("sigmoid_safe_near", "SigmoidSafe("+a+", "+b+", "+c+")", "value")
		add("safe_ln", "SafeLn("+a+")", "value")
	case "U64F64":
		add("safe_pow", "SafePow("+a+", "+b+")", "value")
		add("safe_pow_near", "SafePow("+a+", "+b+")", "value")
	}
	return ops
}

func main() {
	out := flag.String("out", ".", "directory to write to")
	flag.Parse()
	log.SetFlags(0)
	tmpl, err := template.ParseGlob("gen_*.tmpl")
	if err != nil {
		log.Fatal(err)
	}
	write := func(name, tm string, data any) {
		var b bytes.Buffer
		if err := tmpl.ExecuteTemplate(&b, tm, data); err != nil {
			log.Fatal(err)
		}
		src, err := format.Source(b.Bytes())
		if err != nil {
			log.Fatalf("%s: %v\n%s", name, err, b.Bytes())
		}
		if err := os.WriteFile(filepath.Join(*out, name), src, 0o644); err != nil {
			log.Fatal(err)
		}
	}
	var all []typ
	for _, n := range types {
		t := newTyp(n)
		all = append(all, t)
		write(strings.ToLower(n.Name)+"_gen.go", "gen_type.tmpl", t)
	}
	write("ops_gen_test.go", "gen_ops.tmpl", all)
}
