package palletbench

import (
	"context"
	"testing"
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
