package palletbench

import (
	"context"
	"errors"
	"testing"

	"github.com/gotensor/gotensor/testnet/ourruntime"
	"github.com/gotensor/gotensor/wasmhost"
)

// Every case of the pallets that have some runs, does what it is to do, and is counted. What it costs is for the command to judge: times of a test
// depend on what else the machine does.
func TestCases(t *testing.T) {
	rows := 0
	err := Run(context.Background(), Config{Runs: 1}, func(r Row) {
		rows++
		switch {
		case r.Reason != "":
			t.Logf("%s.%s: %s", r.Pallet, r.Case, r.Reason)
		case r.Err != nil:
			t.Errorf("%s.%s: %v", r.Pallet, r.Case, r.Err)
		default:
			t.Logf("%-12s %-32s declared %12d cost %12d time %10d reads %4d writes %4d", r.Pallet, r.Case, r.Native.Declared, r.Native.Cost, r.Native.Time, r.Native.Reads, r.Native.Writes)
		}
	})
	if err != nil || rows == 0 {
		t.Errorf("%d rows, %v", rows, err)
	}
}

// Every case runs in the blob too, but for those that nobody can sign, and reads and writes what it does natively.
func TestBlob(t *testing.T) {
	if testing.Short() {
		t.Skip("builds the blob")
	}
	engine, err := wasmhost.NewEngine(wasmhost.Config{})
	if err != nil {
		t.Fatal(err)
	}
	defer engine.Close()
	native, wasm := 0, 0
	err = Run(context.Background(), Config{Engine: engine, Code: ourruntime.Code(t), Runs: 1}, func(r Row) {
		switch {
		case r.Reason != "":
		case r.Err != nil:
			t.Errorf("%s.%s: %v", r.Pallet, r.Case, r.Err)
		case r.Wasm == nil:
			native++
			t.Logf("%s.%s: natively alone", r.Pallet, r.Case)
		default:
			wasm++
			if r.Wasm.Declared != r.Native.Declared || r.Wasm.Writes != r.Native.Writes {
				t.Errorf("%s.%s: natively %+v, in the blob %+v", r.Pallet, r.Case, *r.Native, *r.Wasm)
			}
		}
	})
	if err != nil {
		t.Fatal(err)
	}
	if native > 5 || wasm < 70 {
		t.Errorf("%d cases in the blob, %d natively alone", wasm, native)
	}
}

// Pallets that are not there, and blobs of other runtimes, are told of.
func TestRefused(t *testing.T) {
	if err := Run(context.Background(), Config{Only: []string{"Nowhere"}}, func(Row) {}); err == nil {
		t.Error("a pallet that is not there is measured")
	}
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	if err := Run(ctx, Config{}, func(Row) {}); !errors.Is(err, context.Canceled) {
		t.Errorf("%v, expected an end", err)
	}
}
