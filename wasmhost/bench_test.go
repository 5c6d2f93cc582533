package wasmhost

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"testing"
	"time"

	"github.com/gotensor/gotensor/internal/wasmbin"
)

// Every benchmark checks its result, so that it cannot measure a call that does nothing.

// A call of a real runtime that starts from a state no other call touched, under each way to get there: "fresh" is a new
// instance for every call. Compare the rows of one run.
func BenchmarkCoreVersion(b *testing.B) { benchmarkCall(b, "Core_version") }

// The same for a call that makes 8,846 host calls and writes 298 pages.
func BenchmarkMetadata(b *testing.B) { benchmarkCall(b, "Metadata_metadata") }

func benchmarkCall(b *testing.B, api string) {
	code := sub143.code(b)
	for _, mode := range resetModes {
		b.Run(mode.String(), func(b *testing.B) {
			e := newTestEngine(b, Config{Reset: mode, CacheDir: testCache()})
			r, err := e.Load(context.Background(), code)
			if err != nil {
				b.Fatal(err)
			}
			env := &Env{}
			want := mustCall(b, r, env, api, nil)
			b.ReportAllocs()
			best := time.Hour
			for b.Loop() {
				start := time.Now()
				got, err := r.Call(context.Background(), env, api, nil)
				best = min(best, time.Since(start))
				if err != nil || !bytes.Equal(got, want) {
					b.Fatalf("%d bytes, %v", len(got), err)
				}
			}
			b.ReportMetric(float64(best.Nanoseconds()), "ns/best") // the mean carries what else the machine does
		})
	}
}

// Metadata that was asked for before, by the hash of the code.
func BenchmarkMetadataCached(b *testing.B) {
	r := loadShared(b, sub143)
	first, err := r.Metadata(context.Background())
	if err != nil {
		b.Fatal(err)
	}
	if sum := sha256.Sum256(first); hex.EncodeToString(sum[:]) != sub143.metadataHash {
		b.Fatal("the metadata is not what it should be")
	}
	b.ReportAllocs()
	for b.Loop() {
		got, err := r.Metadata(context.Background())
		if err != nil || &got[0] != &first[0] || len(got) != len(first) {
			b.Fatalf("%d bytes, %v", len(got), err)
		}
	}
}

// Loading a real runtime: compiled, and read from the folder of compiled code.
func BenchmarkLoad(b *testing.B) {
	code := sub143.code(b)
	warm := b.TempDir()
	load := func(b *testing.B, cache string) {
		e := newTestEngine(b, Config{CacheDir: cache})
		r, err := e.Load(context.Background(), code)
		if err != nil {
			b.Fatal(err)
		}
		if v, err := r.Version(context.Background()); err != nil || v.SpecVersion != sub143.specVersion {
			b.Fatalf("version %+v, %v", v, err)
		}
	}
	b.Run("compile", func(b *testing.B) {
		for b.Loop() {
			load(b, "")
		}
	})
	load(b, warm)
	b.Run("cached", func(b *testing.B) {
		for b.Loop() {
			load(b, warm)
		}
	})
}

// What a call costs that ends in a trap and takes its instance with it.
func BenchmarkTrap(b *testing.B) {
	e := newTestEngine(b, Config{})
	r, err := e.Load(context.Background(), newModule().run(asm(wasmbin.OpUnreachable)).Encode())
	if err != nil {
		b.Fatal(err)
	}
	for b.Loop() {
		var trap *Trap
		if _, err := r.Call(context.Background(), &Env{}, "run", nil); !errors.As(err, &trap) {
			b.Fatal(err)
		}
	}
}
