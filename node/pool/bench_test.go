package pool

import (
	"context"
	"encoding/binary"
	"testing"

	"github.com/gotensor/gotensor/primitives/chain"
	"github.com/gotensor/gotensor/storage/db"
)

// instantChain says at once that any transfer is valid: what is left of a benchmark is the pool's own share. It is no chain.
func instantChain() *fakeChain {
	c := newFakeChain()
	c.validate = func(_ db.Point, _ Source, xt chain.OpaqueExtrinsic) (Validity, error) {
		tag := func(nonce uint64) Tag {
			var tag [36]byte
			copy(tag[:], xt[3:11])
			binary.LittleEndian.PutUint32(tag[32:], uint32(nonce))
			return Tag(tag[:])
		}
		nonce := binary.LittleEndian.Uint64(xt[11:])
		v := Validity{Priority: uint64(xt[2]), Provides: []Tag{tag(nonce)}, Longevity: 64, Propagate: true}
		if nonce > 0 {
			v.Requires = []Tag{tag(nonce - 1)}
		}
		return v, nil
	}
	return c
}

// benchTransfer is as long as a signed transfer. Accounts send chains of nonces.
func benchTransfer(i, accounts uint64) chain.OpaqueExtrinsic {
	xt := make(chain.OpaqueExtrinsic, 148)
	xt[0], xt[2] = 0x84, 1
	binary.LittleEndian.PutUint64(xt[3:], i%accounts)
	binary.LittleEndian.PutUint64(xt[11:], i/accounts)
	return xt
}

// BenchmarkSubmit submits to a chain that answers at once: into a pool that fills up, and into a full one, where each transaction pushes another one out or is
// refused.
func BenchmarkSubmit(b *testing.B) {
	const accounts = 100
	b.Run("filling", func(b *testing.B) {
		b.ReportAllocs()
		xts := make([]chain.OpaqueExtrinsic, b.N)
		for i := range xts {
			xts[i] = benchTransfer(uint64(i), accounts)
		}
		p := newPool(b, Config{Ready: Limit{b.N, b.N * 200}}, instantChain())
		b.ResetTimer()
		for _, xt := range xts {
			if _, err := p.Submit(context.Background(), External, xt); err != nil {
				b.Fatal(err)
			}
		}
		b.StopTimer()
		if got := p.Status().Ready; got != b.N {
			b.Fatalf("%d are ready, expected %d", got, b.N)
		}
	})
	b.Run("full", func(b *testing.B) {
		b.ReportAllocs()
		p := newPool(b, Config{}, instantChain())
		for i := range uint64(DefaultCount) {
			xt := benchTransfer(i, 1<<40)
			if _, err := p.Submit(context.Background(), External, xt); err != nil {
				b.Fatal(err)
			}
		}
		xts := make([]chain.OpaqueExtrinsic, b.N)
		for i := range xts {
			xts[i] = benchTransfer(uint64(i)+1<<20, 1<<40)
			xts[i][2] = byte(1 + i%2)
		}
		b.ResetTimer()
		for _, xt := range xts {
			_, _ = p.Submit(context.Background(), External, xt)
		}
		b.StopTimer()
		if got := p.Status().Ready; got != DefaultCount {
			b.Fatalf("%d are ready", got)
		}
	})
	b.Run("known", func(b *testing.B) {
		p := newPool(b, Config{}, instantChain())
		xt := benchTransfer(0, 1)
		if _, err := p.Submit(context.Background(), External, xt); err != nil {
			b.Fatal(err)
		}
		b.ResetTimer()
		for range b.N {
			if _, err := p.Submit(context.Background(), External, xt); err == nil {
				b.Fatal("taken twice")
			}
		}
	})
}

// BenchmarkReady begins an iteration over a full pool, and takes all of it.
func BenchmarkReady(b *testing.B) {
	c := instantChain()
	p := newPool(b, Config{}, c)
	for i := range uint64(DefaultCount) {
		if _, err := p.Submit(context.Background(), External, benchTransfer(i, 100)); err != nil {
			b.Fatal(err)
		}
	}
	best := c.Head().Best.Hash
	b.Run("first", func(b *testing.B) {
		for b.Loop() {
			if _, ok := p.Ready(context.Background(), best).Next(); !ok {
				b.Fatal("nothing is ready")
			}
		}
	})
	b.Run("all", func(b *testing.B) {
		for b.Loop() {
			n := 0
			it := p.Ready(context.Background(), best)
			for _, ok := it.Next(); ok; _, ok = it.Next() {
				n++
			}
			if n != DefaultCount {
				b.Fatalf("%d are ready", n)
			}
		}
		b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/DefaultCount, "ns/tx")
	})
}

// BenchmarkHandle handles blocks of 1,000 transactions that the pool has.
func BenchmarkHandle(b *testing.B) {
	const size = 1000
	for b.Loop() {
		b.StopTimer()
		c := instantChain()
		p := newPool(b, Config{}, c)
		for i := range uint64(DefaultCount) {
			if _, err := p.Submit(context.Background(), External, benchTransfer(i, 100)); err != nil {
				b.Fatal(err)
			}
		}
		event := c.best(c.push(c.Head().Best.Hash, p.Pending()[:size]...))
		b.StartTimer()
		if err := p.Handle(context.Background(), event); err != nil {
			b.Fatal(err)
		}
		if got := p.Status().Ready; got != DefaultCount-size {
			b.Fatalf("%d are left", got)
		}
	}
	b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/size, "ns/tx")
}

// BenchmarkNextNonce asks for the next nonce of an account with 80 transactions in a full pool.
func BenchmarkNextNonce(b *testing.B) {
	p := newPool(b, Config{}, instantChain())
	for i := range uint64(8000) {
		if _, err := p.Submit(context.Background(), External, benchTransfer(i, 100)); err != nil {
			b.Fatal(err)
		}
	}
	for b.Loop() {
		if got := p.NextNonce(chain.AccountID{7}, 0); got != 80 {
			b.Fatalf("nonce %d", got)
		}
	}
}
