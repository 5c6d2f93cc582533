package wasmhost

import (
	"encoding/binary"
	"math/bits"

	bls "github.com/consensys/gnark-crypto/ecc/bls12-381"
	"github.com/consensys/gnark-crypto/ecc/bls12-381/fp"
	"github.com/consensys/gnark-crypto/ecc/bls12-381/fr"
)

// The arithmetic behind bls.go, over the fields of gnark-crypto. Field arithmetic has one answer, so the tower (u² = -1, v³ = 1 + u, w² = v,
// as in arkworks) is taken from there, and so is the doubling of Jacobian points, whose formulas give the values of arkworks' own.
// What gnark-crypto does otherwise stands here: its line functions have another scale, its sums of Jacobian points the other sign of Y and Z, its
// affine points no infinity apart from (0, 0), and its multi-scalar multiplication another order.

const blsX uint64 = 0xd201000000010000 // the curve's parameter is -blsX

// blsGroup is G1 or G2 with Jacobian points P.
type blsGroup[P any] struct {
	size       int                            // bytes of an affine point
	fromAffine func(p *P, data []byte) bool   // size bytes; infinity is (1, 1, 0)
	fromBytes  func(p *P, data []byte) bool   // size/2*3 bytes
	append     func(data []byte, p *P) []byte // what fromBytes reads
	infinite   func(p *P) bool
	infinity   P
	add        func(p, q *P) // p += q; p and q are not the same variable
	double     func(p *P)    // of a point that is not infinite
	neg        func(p *P)
}

var blsG1 = &blsGroup[bls.G1Jac]{
	size: 96,
	fromAffine: func(p *bls.G1Jac, data []byte) bool {
		p.X.SetOne()
		p.Y.SetOne()
		p.Z.SetZero()
		x, infinite, ok := zcashFirst(data)
		if !ok || infinite {
			return ok
		}
		p.Z.SetOne()
		return p.X.SetBytesCanonical(x[:]) == nil && p.Y.SetBytesCanonical(data[48:96]) == nil
	},
	fromBytes: func(p *bls.G1Jac, data []byte) bool { return setElements(data, &p.X, &p.Y, &p.Z) },
	append:    func(data []byte, p *bls.G1Jac) []byte { return appendElements(data, &p.X, &p.Y, &p.Z) },
	infinite:  func(p *bls.G1Jac) bool { return p.Z.IsZero() },
	infinity:  bls.G1Jac{X: fp.One(), Y: fp.One()},
	add:       addG1,
	double:    func(p *bls.G1Jac) { p.DoubleAssign() },
	neg:       func(p *bls.G1Jac) { p.Y.Neg(&p.Y) },
}

var blsG2 = &blsGroup[bls.G2Jac]{
	size: 192,
	fromAffine: func(p *bls.G2Jac, data []byte) bool {
		p.X.SetOne()
		p.Y.SetOne()
		p.Z.SetZero()
		x, infinite, ok := zcashFirst(data)
		if !ok || infinite {
			return ok
		}
		p.Z.SetOne()
		return p.X.A1.SetBytesCanonical(x[:]) == nil && p.X.A0.SetBytesCanonical(data[48:96]) == nil &&
			p.Y.A1.SetBytesCanonical(data[96:144]) == nil && p.Y.A0.SetBytesCanonical(data[144:192]) == nil
	},
	fromBytes: func(p *bls.G2Jac, data []byte) bool {
		return setElements(data, &p.X.A0, &p.X.A1, &p.Y.A0, &p.Y.A1, &p.Z.A0, &p.Z.A1)
	},
	append: func(data []byte, p *bls.G2Jac) []byte {
		return appendElements(data, &p.X.A0, &p.X.A1, &p.Y.A0, &p.Y.A1, &p.Z.A0, &p.Z.A1)
	},
	infinite: func(p *bls.G2Jac) bool { return p.Z.IsZero() },
	infinity: bls.G2Jac{X: bls.E2{A0: fp.One()}, Y: bls.E2{A0: fp.One()}},
	add:      addG2,
	double:   func(p *bls.G2Jac) { p.DoubleAssign() },
	neg:      func(p *bls.G2Jac) { p.Y.Neg(&p.Y) },
}

// addG1 adds q, another point than p in memory, to p. https://hyperelliptic.org/EFD/g1p/auto-shortw-jacobian-0.html#addition-add-2007-bl
func addG1(p, q *bls.G1Jac) {
	if p.Z.IsZero() {
		*p = *q
		return
	}
	if q.Z.IsZero() {
		return
	}
	var zz1, zz2, u1, u2, s1, s2, h, i, j, r, v fp.Element
	zz1.Square(&p.Z)
	zz2.Square(&q.Z)
	u1.Mul(&p.X, &zz2)
	u2.Mul(&q.X, &zz1)
	s1.Mul(&p.Y, &q.Z).Mul(&s1, &zz2)
	s2.Mul(&q.Y, &p.Z).Mul(&s2, &zz1)
	if u1.Equal(&u2) && s1.Equal(&s2) {
		p.DoubleAssign()
		return
	}
	h.Sub(&u2, &u1)
	i.Double(&h).Square(&i)
	j.Mul(&h, &i)
	r.Sub(&s2, &s1).Double(&r)
	v.Mul(&u1, &i)
	p.X.Square(&r).Sub(&p.X, &j).Sub(&p.X, &v).Sub(&p.X, &v)
	s1.Mul(&s1, &j).Double(&s1)
	p.Y.Sub(&v, &p.X).Mul(&p.Y, &r).Sub(&p.Y, &s1)
	p.Z.Mul(&p.Z, &q.Z).Double(&p.Z).Mul(&p.Z, &h)
}

// addG2 adds q, another point than p in memory, to p. https://hyperelliptic.org/EFD/g1p/auto-shortw-jacobian-0.html#addition-add-2007-bl
func addG2(p, q *bls.G2Jac) {
	if p.Z.IsZero() {
		*p = *q
		return
	}
	if q.Z.IsZero() {
		return
	}
	var zz1, zz2, u1, u2, s1, s2, h, i, j, r, v bls.E2
	zz1.Square(&p.Z)
	zz2.Square(&q.Z)
	u1.Mul(&p.X, &zz2)
	u2.Mul(&q.X, &zz1)
	s1.Mul(&p.Y, &q.Z).Mul(&s1, &zz2)
	s2.Mul(&q.Y, &p.Z).Mul(&s2, &zz1)
	if u1.Equal(&u2) && s1.Equal(&s2) {
		p.DoubleAssign()
		return
	}
	h.Sub(&u2, &u1)
	i.Double(&h).Square(&i)
	j.Mul(&h, &i)
	r.Sub(&s2, &s1).Double(&r)
	v.Mul(&u1, &i)
	p.X.Square(&r).Sub(&p.X, &j).Sub(&p.X, &v).Sub(&p.X, &v)
	s1.Mul(&s1, &j).Double(&s1)
	p.Y.Sub(&v, &p.X).Mul(&p.Y, &r).Sub(&p.Y, &s1)
	p.Z.Mul(&p.Z, &q.Z).Double(&p.Z).Mul(&p.Z, &h)
}

// zcashFirst reads the first 48 bytes of an affine point: the number without the flags, and whether the point is infinity.
func zcashFirst(data []byte) (number [48]byte, infinite, ok bool) {
	const compressed, infinity, flags = 0x80, 0x40, 0xe0
	number = [48]byte(data)
	first := number[0]
	number[0] &^= flags
	return number, first&infinity != 0, first&compressed == 0
}

// setElements reads field elements in the little endian form.
func setElements(data []byte, to ...*fp.Element) bool {
	if len(data) < len(to)*fp.Bytes {
		return false
	}
	for i, e := range to {
		value, err := fp.LittleEndian.Element((*[fp.Bytes]byte)(data[i*fp.Bytes:]))
		if err != nil {
			return false
		}
		*e = value
	}
	return true
}

// appendElements writes what setElements reads.
func appendElements(data []byte, from ...*fp.Element) []byte {
	for _, e := range from {
		var buf [fp.Bytes]byte
		fp.LittleEndian.PutElement(&buf, *e)
		data = append(data, buf[:]...)
	}
	return data
}

// e12Elements are the numbers of f, from the lowest on.
func e12Elements(f *bls.GT) []*fp.Element {
	return []*fp.Element{
		&f.C0.B0.A0, &f.C0.B0.A1, &f.C0.B1.A0, &f.C0.B1.A1, &f.C0.B2.A0, &f.C0.B2.A1,
		&f.C1.B0.A0, &f.C1.B0.A1, &f.C1.B1.A0, &f.C1.B1.A1, &f.C1.B2.A0, &f.C1.B2.A1,
	}
}

// points reads a list of affine points.
func (g *blsGroup[P]) points(data []byte, tick func()) ([]P, error) {
	elements, n, err := blsList(data, g.size)
	if err != nil {
		return nil, err
	}
	points := make([]P, n)
	for i := range points {
		tick()
		if !g.fromAffine(&points[i], elements[i*g.size:(i+1)*g.size]) {
			return nil, errBLS
		}
	}
	return points, nil
}

// mul multiplies a Jacobian point with a number by doubling and adding, from the number's highest bit on.
func (g *blsGroup[P]) mul(base, scalar []byte, tick func()) ([]byte, error) {
	var p P
	if len(base) < g.size/2*3 || !g.fromBytes(&p, base) {
		return nil, errBLS
	}
	limbs, n, err := blsList(scalar, 8)
	if err != nil {
		return nil, err
	}
	product := g.infinity
	bit := func(i int) bool { return limbs[i/8]>>(i%8)&1 == 1 }
	i := n*64 - 1
	for i >= 0 && !bit(i) {
		i--
	}
	for ; i >= 0; i-- {
		tick()
		g.doubleN(&product, 1)
		if bit(i) {
			g.add(&product, &p)
		}
	}
	return g.append(nil, &product), nil
}

// doubleN doubles p n times. An infinite point stays as it is, where the formulas would change its X and Y.
func (g *blsGroup[P]) doubleN(p *P, n int) {
	for range n {
		if g.infinite(p) {
			return
		}
		g.double(p)
	}
}

// msm is the sum of the products of affine points with scalars, by buckets: a scalar is a row of signed digits; for each digit's place the points
// go to the bucket of their digit, and the buckets are added up, each as often as its digit says.
func (g *blsGroup[P]) msm(bases, scalars []byte, tick func()) ([]byte, error) {
	points, err := g.points(bases, tick)
	if err != nil {
		return nil, err
	}
	numbers, n, err := blsList(scalars, fr.Bytes)
	if err != nil || n != len(points) {
		return nil, errBLS
	}
	for i := range n {
		if _, err := fr.LittleEndian.Element((*[fr.Bytes]byte)(numbers[i*fr.Bytes:])); err != nil {
			return nil, errBLS
		}
	}
	width := 3 // bits of a digit
	if n >= 32 {
		width = bits.Len(uint(n-1))*69/100 + 2
	}
	places := (fr.Bits + width - 1) / width
	sums := make([]P, places)
	buckets := make([]P, 1<<width)
	carries := make([]uint8, n) // by number, from the place below
	running, negative := new(P), new(P)
	for place := range places {
		for i := range buckets {
			buckets[i] = g.infinity
		}
		for i := range points {
			digit := int(carries[i]) + digitAt(numbers[i*fr.Bytes:], place*width, width)
			if place < places-1 {
				// to [-2^width/2, 2^width/2)
				carries[i] = uint8((digit + 1<<width/2) >> width)
				digit -= int(carries[i]) << width
			}
			if digit == 0 || g.infinite(&points[i]) {
				continue
			}
			tick()
			if digit > 0 {
				g.add(&buckets[digit-1], &points[i])
				continue
			}
			*negative = points[i]
			g.neg(negative)
			g.add(&buckets[-digit-1], negative)
		}
		sums[place], *running = g.infinity, g.infinity
		for i := range buckets {
			tick()
			g.add(running, &buckets[len(buckets)-1-i])
			g.add(&sums[place], running)
		}
	}
	total := g.infinity
	for place := places - 1; place > 0; place-- {
		g.add(&total, &sums[place])
		g.doubleN(&total, width)
	}
	g.add(&sums[0], &total)
	return g.append(nil, &sums[0]), nil
}

// digitAt returns the bits [from, from+width) of the little endian number of 32 bytes in data; width is at most 32.
func digitAt(data []byte, from, width int) int {
	word := binary.LittleEndian.Uint64(data[from/64*8:]) >> (from % 64)
	if from/64 < 3 {
		word |= binary.LittleEndian.Uint64(data[from/64*8+8:]) << (64 - from%64)
	}
	return int(word & (1<<width - 1))
}

// millerChunk is the number of pairs that share the squarings of one loop. It bounds memory.
const millerChunk = 64

// millerPair is a pair in the loop: P, Q, and the multiple R of Q that it has come to, in homogeneous coordinates.
type millerPair struct {
	p          *bls.G1Jac
	q          *bls.G2Jac
	rx, ry, rz bls.E2
}

// multiMillerLoop is the product of the Miller loops of the pairs of affine points in the lists a and b. Pairs with an infinite point count as 1.
func multiMillerLoop(a, b []byte, tick func()) ([]byte, error) {
	ps, err := blsG1.points(a, tick)
	if err != nil {
		return nil, err
	}
	qs, err := blsG2.points(b, tick)
	if err != nil {
		return nil, err
	}
	if len(ps) != len(qs) {
		return nil, errBLSPairs(len(ps), len(qs))
	}
	var product bls.GT
	product.SetOne()
	pairs := make([]millerPair, 0, min(len(ps), millerChunk))
	for i := range ps {
		if p, q := &ps[i], &qs[i]; !p.Z.IsZero() && !q.Z.IsZero() {
			pairs = append(pairs, millerPair{p: p, q: q, rx: q.X, ry: q.Y, rz: q.Z}) // Z is 1
		}
		if len(pairs) == millerChunk || i == len(ps)-1 {
			f := millerLoop(pairs, tick)
			product.Mul(&product, &f)
			pairs = pairs[:0]
		}
	}
	product.Conjugate(&product) // the parameter is negative
	return appendElements(nil, e12Elements(&product)...), nil
}

// millerLoop is the product of the Miller loops of pairs for the parameter blsX.
func millerLoop(pairs []millerPair, tick func()) bls.GT {
	var f bls.GT
	f.SetOne()
	for i := bits.Len64(blsX) - 2; i >= 0; i-- {
		tick()
		f.Square(&f)
		for j := range pairs {
			pairs[j].double(&f)
			if blsX>>i&1 == 1 {
				pairs[j].add(&f)
			}
		}
	}
	return f
}

// double doubles R and multiplies f with the tangent in R, at P. https://eprint.iacr.org/2013/722, in the scaling of arkworks.
func (m *millerPair) double(f *bls.GT) {
	var a, b, c, e, e3, g, h, i, j, t bls.E2
	a.Mul(&m.rx, &m.ry).Halve()
	b.Square(&m.ry)
	c.Square(&m.rz)
	t.Double(&c).Add(&t, &c)
	e.MulBybTwistCurveCoeff(&t)
	e3.Double(&e).Add(&e3, &e)
	g.Add(&b, &e3).Halve()
	t.Add(&b, &c)
	h.Add(&m.ry, &m.rz).Square(&h).Sub(&h, &t)
	i.Sub(&e, &b)
	j.Square(&m.rx)

	t.Sub(&b, &e3)
	m.rx.Mul(&a, &t)
	e.Square(&e)
	t.Double(&e).Add(&t, &e)
	m.ry.Square(&g).Sub(&m.ry, &t)
	m.rz.Mul(&b, &h)

	t.Double(&j).Add(&t, &j)
	h.Neg(&h)
	m.line(f, &i, &t, &h)
}

// add adds Q to R and multiplies f with the line through both, at P.
func (m *millerPair) add(f *bls.GT) {
	var theta, lambda, c, d, e, g, h, t bls.E2
	q := m.q
	t.Mul(&q.Y, &m.rz)
	theta.Sub(&m.ry, &t)
	t.Mul(&q.X, &m.rz)
	lambda.Sub(&m.rx, &t)
	c.Square(&theta)
	d.Square(&lambda)
	e.Mul(&lambda, &d)
	g.Mul(&m.rx, &d)
	h.Mul(&m.rz, &c).Add(&h, &e).Sub(&h, &g).Sub(&h, &g)

	m.rx.Mul(&lambda, &h)
	t.Mul(&e, &m.ry)
	g.Sub(&g, &h)
	m.ry.Mul(&theta, &g).Sub(&m.ry, &t)
	m.rz.Mul(&m.rz, &e)

	c.Mul(&theta, &q.X)
	d.Mul(&lambda, &q.Y)
	c.Sub(&c, &d)
	theta.Neg(&theta)
	m.line(f, &c, &theta, &lambda)
}

// line multiplies f with c0 + c1·x(P)·v + c2·y(P)·v·w.
func (m *millerPair) line(f *bls.GT, c0, c1, c2 *bls.E2) {
	c1.MulByElement(c1, &m.p.X)
	c2.MulByElement(c2, &m.p.Y)
	f.MulBy014(c0, c1, c2)
}

// finalExponentiation raises an E12 to 3·(p¹² - 1)/r. Not to (p¹² - 1)/r: the multiple has the cheaper chain
// (https://eprint.iacr.org/2020/875), and every reader of the result must take the same one.
func finalExponentiation(data []byte) ([]byte, error) {
	var f bls.GT
	if !setElements(data, e12Elements(&f)...) || f.IsZero() {
		return nil, errBLS
	}
	// (p⁶ - 1)(p² + 1): from here on an inverse is a conjugate, and CyclotomicSquare a square
	var r, t bls.GT
	t.Inverse(&f)
	t.Mul(r.Conjugate(&f), &t)
	r.FrobeniusSquare(&t).Mul(&r, &t)

	// 3·(p⁴ - p² + 1)/r = (x - 1)²·(x + p)·(x² + p² - 1) + 3
	var y, inverse bls.GT
	y = powX(&r)
	y.Mul(&y, inverse.Conjugate(&r)) // x - 1
	t = powX(&y)
	y.Mul(&t, inverse.Conjugate(&y)) // (x - 1)²
	t = powX(&y)
	y.Frobenius(&y).Mul(&y, &t) // …·(x + p)
	t = powX(&y)
	t = powX(&t)
	t.Mul(&t, inverse.Conjugate(&y))
	y.FrobeniusSquare(&y).Mul(&y, &t) // …·(x² + p² - 1)
	t.CyclotomicSquare(&r)
	r.Mul(&r, &t).Mul(&r, &y)
	return appendElements(nil, e12Elements(&r)...), nil
}

// powX raises an element of the cyclotomic subgroup to the curve's parameter, which is negative.
func powX(f *bls.GT) bls.GT {
	r := *f
	for i := bits.Len64(blsX) - 2; i >= 0; i-- {
		r.CyclotomicSquare(&r)
		if blsX>>i&1 == 1 {
			r.Mul(&r, f)
		}
	}
	r.Conjugate(&r)
	return r
}
