package main

import (
	"errors"
	"fmt"
	"math"
	"time"

	"github.com/urfave/cli/v2"

	"github.com/gotensor/gotensor/testnet/palletbench"
	"github.com/gotensor/gotensor/wasmhost"
)

func benchmarkPalletCommand() *cli.Command {
	return &cli.Command{
		Name:      "pallet",
		Usage:     "compare what calls of this program's runtime cost with what they are declared to weigh",
		ArgsUsage: "[FILE|SPEC]",
		Description: `Each call runs at its worst: in Go, alone, and where a blob of the same version is given in that too, many times in one extrinsic, less what
one costs whose calls do nothing. A cost is the least time of all runs, 25 µs for each entry of the state that is read, and 100 µs for each
that is written. The exit code is 1 where a cost is
above the declared weight, where a call has no case, and where a case fails; --allow-fail only reports it.

   gotensor benchmark pallet
   gotensor benchmark pallet --pallet Proxy --pallet Multisig --json bin/gotensor_portable.compact.compressed.wasm`,
		Flags: []cli.Flag{
			&cli.IntFlag{Name: "runs", Value: palletbench.DefaultRuns, Usage: "run each case this `NUMBER` of times"},
			&cli.StringSliceFlag{Name: "pallet", Usage: "measure only the pallet with this `NAME`; may be given several times"},
			&cli.BoolFlag{Name: "allow-fail", Usage: "exit with 0 where a cost is above what is declared", DisableDefaultText: true},
			interpreterFlag, resetFlag,
		},
		Action: benchmarkPallet,
	}
}

type callsReport struct {
	Runs int       `json:"runs"`
	Rows []callRow `json:"rows"`
	// OverNative, OverWasm, Missing and Failed count rows: above what is declared, without a case, and with a case that failed.
	OverNative int `json:"overNative"`
	OverWasm   int `json:"overWasm"`
	Missing    int `json:"missing"`
	Failed     int `json:"failed"`
}

type callRow struct {
	Pallet string    `json:"pallet"`
	Case   string    `json:"case"`
	Native *callCost `json:"native,omitempty"`
	Wasm   *callCost `json:"wasm,omitempty"`
	Note   string    `json:"note,omitempty"`
}

// callCost is a cost beside what is declared, in picoseconds as weights are.
type callCost struct {
	Declared uint64 `json:"declaredPicoseconds"`
	Cost     uint64 `json:"costPicoseconds"`
	Time     uint64 `json:"timePicoseconds"`
	Reads    int    `json:"reads"`
	Writes   int    `json:"writes"`
}

func newCallCost(m *palletbench.Measure) *callCost {
	if m == nil {
		return nil
	}
	return &callCost{m.Declared, m.Cost, m.Time, m.Reads, m.Writes}
}

func (r *callsReport) add(row palletbench.Row) {
	out := callRow{row.Pallet, row.Case, newCallCost(row.Native), newCallCost(row.Wasm), row.Reason}
	switch {
	case errors.Is(row.Err, palletbench.ErrNoCase):
		out.Note = row.Err.Error()
		r.Missing++
	case row.Err != nil:
		out.Note = row.Err.Error()
		r.Failed++
	}
	for _, m := range []struct {
		over  bool
		where string
		count *int
	}{{row.Native.Over(), "above its weight natively", &r.OverNative}, {row.Wasm.Over(), "above its weight in the blob", &r.OverWasm}} {
		if m.over && row.Err == nil {
			*m.count++
			if out.Note != "" {
				out.Note += ", "
			}
			out.Note += m.where
		}
	}
	r.Rows = append(r.Rows, out)
}

func (r *callsReport) text(p *printer) {
	p.row("runs", "%d", r.Runs)
	p.line("\ncall\tdeclared\tcost\tshare\ttime\treads\twrites\tdeclared\tcost in the blob\tshare\ttime\treads\twrites\t")
	for _, row := range r.Rows {
		line := row.Pallet + "." + row.Case
		for _, m := range []*callCost{row.Native, row.Wasm} {
			if m == nil {
				line += "\t-\t-\t-\t-\t-\t-"
				continue
			}
			line += fmt.Sprintf("\t%v\t%v\t%.0f %%\t%v\t%d\t%d", duration(m.Declared), duration(m.Cost), 100*float64(m.Cost)/math.Max(1, float64(m.Declared)),
				duration(m.Time), m.Reads, m.Writes)
		}
		p.line("%s\t%s", line, row.Note)
	}
	p.line("")
	p.row("cases", "%d", len(r.Rows))
	p.row("above their weight natively", "%d", r.OverNative)
	p.row("above their weight in the blob", "%d", r.OverWasm)
	p.row("calls without a case", "%d", r.Missing)
	p.row("cases that failed", "%d", r.Failed)
}

// duration turns picoseconds into a time with three digits.
func duration(picoseconds uint64) time.Duration {
	return short(time.Duration(picoseconds / 1000))
}

func benchmarkPallet(c *cli.Context) error {
	args, err := arguments(c, 0, 1)
	if err != nil {
		return err
	}
	if c.Int("runs") < 1 {
		return usage(c, "--runs %d: expected a number above 0", c.Int("runs"))
	}
	cfg := palletbench.Config{Runs: c.Int("runs"), Only: c.StringSlice("pallet")}
	if len(args) == 1 {
		src, err := readSource(args[0])
		if err != nil {
			return err
		}
		host, err := hostConfig(c)
		if err != nil {
			return err
		}
		engine, err := wasmhost.NewEngine(host)
		if err != nil {
			return err
		}
		defer engine.Close()
		cfg.Engine, cfg.Code = engine, src.code
	}
	r := &callsReport{Runs: cfg.Runs}
	if err := palletbench.Run(c.Context, cfg, r.add); err != nil {
		return err
	}
	if err := emit(c, r); err != nil {
		return err
	}
	if bad := r.OverNative + r.OverWasm + r.Missing + r.Failed; bad > 0 && !c.Bool("allow-fail") {
		return fmt.Errorf("of %d cases %d cost more than their weight natively and %d in the blob, %d calls have no case, %d cases failed",
			len(r.Rows), r.OverNative, r.OverWasm, r.Missing, r.Failed)
	}
	return nil
}
