package wasmhost

import (
	"bytes"
	"context"
	"errors"
	"testing"
	"time"

	"github.com/gotensor/gotensor/internal/codeblob"
	"github.com/gotensor/gotensor/internal/wasmbin"
)

// loadErrors are what Load may end in for any bytes.
var loadErrors = []error{ErrNotWasm, ErrZstd, ErrCodeTooBig, ErrMissingMemory, ErrMissingHeapBase, ErrStartFunction, ErrMemoryLimit, ErrVersion, ErrTooComplex}

// Any code loads or is refused with a typed error, and what it loads to can be called: it answers or traps, within its ceilings.
func FuzzLoad(f *testing.F) {
	f.Add(echo().Encode())
	f.Add(churn().Encode())
	f.Add(append(bytes.Clone(codeblob.Prefix), 0x28, 0xb5, 0x2f, 0xfd, 0x20, 0x01, 9, 0, 0))
	for i := range hostileCalls {
		f.Add(hostileCalls[i].guest().Encode())
	}
	imported := echo()
	imported.Imports = append(imported.Imports, wasmbin.Import{Module: "env", Name: "memory", Kind: wasmbin.KindMemory, Memory: wasmbin.Limits{Min: 1}})
	imported.Memories = nil
	f.Add(imported.Encode())
	e := newTestEngine(f, Config{MaxPages: 64, VerifyEvery: 1})
	f.Fuzz(func(t *testing.T, code []byte) {
		ctx, cancel := context.WithTimeout(context.Background(), 5*time.Second)
		defer cancel()
		r, err := e.Load(ctx, code)
		if ctx.Err() != nil {
			return // how long the compiler takes is the machine's matter
		}
		if err != nil {
			var unknown *UnknownImportsError
			for _, known := range loadErrors {
				if errors.Is(err, known) {
					return
				}
			}
			if !errors.As(err, &unknown) {
				t.Fatalf("error of another kind: %v", err)
			}
			return
		}
		args := []byte("\x01\x00\x00\x00\x10\x00\x00\x00")
		first, firstErr := callBriefly(r, args)
		second, secondErr := callBriefly(r, args)
		if errors.Is(firstErr, ErrDeadline) || errors.Is(secondErr, ErrDeadline) {
			return
		}
		if !bytes.Equal(first, second) || (firstErr == nil) != (secondErr == nil) {
			t.Fatalf("the first call answers %x, %v; the second %x, %v", first, firstErr, second, secondErr)
		}
		var trap *Trap
		if firstErr != nil && !errors.As(firstErr, &trap) && !errors.Is(firstErr, ErrUnknownAPI) && !errors.Is(firstErr, ErrNotWasm) {
			t.Fatalf("error of another kind: %v", firstErr)
		}
	})
}

func callBriefly(r *Runtime, args []byte) ([]byte, error) {
	ctx, cancel := context.WithTimeout(context.Background(), 20*time.Millisecond)
	defer cancel()
	return r.Call(ctx, &Env{}, "run", args)
}

// Any bytes unpack to something within bounds or end in a typed error.
func FuzzDecompress(f *testing.F) {
	f.Add([]byte("\x00asm\x01\x00\x00\x00"))
	f.Add(append(bytes.Clone(codeblob.Prefix), 0x28, 0xb5, 0x2f, 0xfd, 0x20, 0x01, 9, 0, 0))
	packed, err := codeblob.Compress(echo().Encode())
	if err != nil {
		f.Fatal(err)
	}
	f.Add(packed)
	f.Fuzz(func(t *testing.T, data []byte) {
		if out, err := Decompress(data); err != nil {
			if !errors.Is(err, ErrZstd) && !errors.Is(err, ErrCodeTooBig) {
				t.Fatalf("error of another kind: %v", err)
			}
		} else if len(out) > MaxCode {
			t.Fatalf("%d bytes come out", len(out))
		}
	})
}

// Compressed code unpacks to what was compressed, and loads as the same runtime does that is not.
func TestCompress(t *testing.T) {
	e := newTestEngine(t, Config{})
	code := echo().Encode()
	packed, err := codeblob.Compress(code)
	if err != nil {
		t.Fatal(err)
	}
	if out, err := Decompress(packed); err != nil || !bytes.Equal(out, code) {
		t.Fatalf("what was compressed comes out as %d bytes, %v", len(out), err)
	}
	r, err := e.Load(context.Background(), packed)
	if err != nil {
		t.Fatal(err)
	}
	if got := mustCall(t, r, &Env{}, "run", []byte("packed")); string(got) != "packed" || !r.Info().Compressed {
		t.Errorf("answer %q, %+v", got, r.Info())
	}
}
