package main

import (
	"encoding/hex"
	"errors"
	"fmt"
	"math"
	"os"
	"slices"
	"strings"
	"time"

	"github.com/urfave/cli/v2"

	"github.com/gotensor/gotensor/primitives/hash"
	"github.com/gotensor/gotensor/storage/trie"
	"github.com/gotensor/gotensor/wasmhost"
)

func benchmarkCommand() *cli.Command {
	return &cli.Command{
		Name:  "benchmark",
		Usage: "measure the host, the machine, the store and the runtime's calls",
		Subcommands: []*cli.Command{
			{
				Name:      "host",
				Usage:     "measure how fast this host loads and calls a runtime",
				ArgsUsage: "FILE|SPEC",
				Description: `Every call is checked: its answer must be the same each time, and the same from a fresh instance. Compare ratios within one run; times of
different runs drift with the machine's load.

   gotensor benchmark host raw_spec.json
   gotensor benchmark host --duration 5s --json runtime.wasm`,
				Flags: []cli.Flag{
					&cli.DurationFlag{Name: "duration", Value: time.Second, Usage: "measure each row for this `TIME`"},
					interpreterFlag, resetFlag,
				},
				Action: benchmarkHost,
			},
			{
				Name:  "machine",
				Usage: "measure the machine as Substrate's \"benchmark machine\" does",
				Description: `Rows, units and inputs are Substrate's, and so is the reference hardware. The exit code is 1 where a row is below its minimum, less the
tolerance; --allow-fail only reports it. The disk rows write 64 MiB to --base-path, and read them back to see that they arrived.

   gotensor benchmark machine
   gotensor benchmark machine --base-path /var/lib/gotensor --tolerance 20`,
				Flags: []cli.Flag{
					&cli.StringFlag{Name: "base-path", Aliases: []string{"d"}, Usage: "measure the disk below this `FOLDER`", DefaultText: "the folder of temporary files"},
					&cli.Float64Flag{Name: "tolerance", Value: 10, Usage: "`PERCENT` by which a row may miss its minimum"},
					&cli.DurationFlag{Name: "cpu-duration", Value: time.Second, Usage: "measure each CPU and memory row for this `TIME`"},
					&cli.DurationFlag{Name: "disk-duration", Value: 5 * time.Second, Usage: "measure each disk row for this `TIME`"},
					&cli.BoolFlag{Name: "allow-fail", Usage: "exit with 0 where a row is below its minimum", DisableDefaultText: true},
				},
				Action: benchmarkMachine,
			},
			benchmarkPalletCommand(),
			benchmarkStorageCommand(),
			benchmarkBlockCommand(), benchmarkExtrinsicCommand(), benchmarkOverheadCommand(),
		},
	}
}

type hostReport struct {
	CodeHash hash.H256 `json:"codeHash"`
	Reset    string    `json:"wasmReset"`
	Rows     []hostRow `json:"rows"`
}

// hostRow is one measurement. Times are of one call.
type hostRow struct {
	Name   string        `json:"name"`
	Calls  int           `json:"calls"`
	Least  time.Duration `json:"leastNanoseconds"`
	Median time.Duration `json:"medianNanoseconds"`
}

func (r *hostReport) text(p *printer) {
	p.row("code hash", "%s", r.CodeHash)
	p.row("reset mode", "%s", r.Reset)
	p.line("\nrow\tleast\tmedian\tcalls")
	for _, row := range r.Rows {
		p.line("%s\t%s\t%s\t%d", row.Name, short(row.Least), short(row.Median), row.Calls)
	}
}

// short keeps three digits of a time.
func short(d time.Duration) time.Duration {
	for unit := time.Duration(1); ; unit *= 10 {
		if d < 1000*unit {
			return d.Round(unit)
		}
	}
}

// measure calls f until the time is over, at least five times and at most a million times.
func measure(name string, total time.Duration, f func() error) (hostRow, error) {
	if err := f(); err != nil { // caches and pools fill
		return hostRow{}, fmt.Errorf("%s: %w", name, err)
	}
	var times []time.Duration
	for start := time.Now(); len(times) < 5 || time.Since(start) < total && len(times) < 1_000_000; {
		begin := time.Now()
		if err := f(); err != nil {
			return hostRow{}, fmt.Errorf("%s: call %d: %w", name, len(times)+1, err)
		}
		times = append(times, time.Since(begin))
	}
	slices.Sort(times)
	return hostRow{Name: name, Calls: len(times), Least: times[0], Median: times[len(times)/2]}, nil
}

func benchmarkHost(c *cli.Context) error {
	args, err := arguments(c, 1, 1)
	if err != nil {
		return err
	}
	cfg, err := hostConfig(c)
	if err != nil {
		return err
	}
	src, err := readSource(args[0])
	if err != nil {
		return err
	}
	if r, err := runHostRows(c, src, cfg); err != nil {
		return fmt.Errorf("%s: %w", args[0], err)
	} else {
		return emit(c, r)
	}
}

// errDiffers is a benchmark whose answers are not all the same.
var errDiffers = errors.New("answer differs from that of a fresh instance")

func runHostRows(c *cli.Context, src *source, cfg wasmhost.Config) (*hostReport, error) {
	ctx, total := c.Context, c.Duration("duration")
	r := new(hostReport)
	add := func(row hostRow, err error) error {
		r.Rows = append(r.Rows, row)
		return err
	}
	// Compiling is measured on engines of its own, with nothing in a cache.
	begin := time.Now()
	cold, err := wasmhost.NewEngine(wasmhost.Config{Interpreter: cfg.Interpreter, Reset: wasmhost.ResetFresh})
	if err != nil {
		return nil, err
	}
	defer cold.Close()
	fresh, err := cold.Load(ctx, src.code)
	if err != nil {
		return nil, err
	}
	took := time.Since(begin)
	r.CodeHash = fresh.CodeHash()
	r.Rows = append(r.Rows, hostRow{Name: "load, nothing cached", Calls: 1, Least: took, Median: took})

	engine, err := newEngine(c, cfg)
	if err != nil {
		return nil, err
	}
	defer engine.Close()
	runtime, version, err := src.load(ctx, engine)
	if err != nil {
		return nil, err
	}
	r.Reset = engine.Reset().String()
	overlay, err := src.overlay(trie.Version(version.StateVersion()))
	if err != nil {
		return nil, err
	}
	env := &wasmhost.Env{Storage: overlay}
	for _, call := range []struct{ api, name string }{{"Core_version", "Core_version"}, {"Metadata_metadata", "Metadata_metadata"}} {
		if !runtime.Has(call.api) {
			continue
		}
		want, err := fresh.Call(ctx, env, call.api, nil)
		if err != nil {
			return nil, err
		}
		check := func(rt *wasmhost.Runtime) func() error {
			return func() error {
				got, err := rt.Call(ctx, env, call.api, nil)
				if err != nil {
					return err
				}
				if string(got) != string(want) {
					return fmt.Errorf("%w: got %s", errDiffers, abbreviate(got))
				}
				return nil
			}
		}
		if err := add(measure(call.name+", fresh state", total, check(runtime))); err != nil {
			return nil, err
		}
		if err := add(measure(call.name+", new instance each time", total, check(fresh))); err != nil {
			return nil, err
		}
	}
	if err := add(hostCallCost(ctx, cfg, total)); err != nil {
		return nil, err
	}
	return r, nil
}

func abbreviate(b []byte) string {
	if len(b) > 32 {
		return "0x" + hex.EncodeToString(b[:32]) + "…"
	}
	return hexString(b)
}

type machineReport struct {
	Tolerance float64      `json:"tolerancePercent"`
	Rows      []machineRow `json:"rows"`
	Pass      bool         `json:"pass"`
}

// machineRow is a row of Substrate's table. Scores are in bytes a second.
type machineRow struct {
	Category string  `json:"category"`
	Function string  `json:"function"`
	Score    float64 `json:"scoreBytesPerSecond"`
	Minimum  float64 `json:"minimumBytesPerSecond"`
	Pass     bool    `json:"pass"`
}

// throughput prints bytes a second in the largest unit that fits.
func throughput(v float64) string {
	for _, unit := range []struct {
		bytes float64
		name  string
	}{{1 << 30, "GiB/s"}, {1 << 20, "MiB/s"}} {
		if v >= unit.bytes {
			return fmt.Sprintf("%.2f %s", v/unit.bytes, unit.name)
		}
	}
	return fmt.Sprintf("%.2f KiB/s", v/(1<<10))
}

func (r *machineReport) text(p *printer) {
	p.line("category\tfunction\tscore\tminimum\tresult")
	for _, row := range r.Rows {
		result := "fail"
		if row.Pass {
			result = "pass"
		}
		p.line("%s\t%s\t%s\t%s\t%s (%.1f %%)", row.Category, row.Function, throughput(row.Score), throughput(row.Minimum), result, 100*row.Score/row.Minimum)
	}
}

// errBelow is a machine that is too slow.
var errBelow = errors.New("below the reference hardware")

func benchmarkMachine(c *cli.Context) error {
	if _, err := arguments(c, 0, 0); err != nil {
		return err
	}
	tolerance := c.Float64("tolerance")
	if math.IsNaN(tolerance) || tolerance < 0 || tolerance > 100 {
		return usage(c, "--tolerance %v: expected a percentage", tolerance)
	}
	dir := c.String("base-path")
	if dir == "" {
		dir = os.TempDir()
	}
	r := &machineReport{Tolerance: tolerance, Pass: true}
	var below []string
	for _, row := range machineRows {
		limit := c.Duration("cpu-duration")
		if row.category == "Disk" {
			limit = c.Duration("disk-duration")
		}
		score, err := row.run(limit, dir)
		if err != nil {
			return fmt.Errorf("%s: %w", row.function, err)
		}
		pass := score >= row.minimum*(100-tolerance)/100
		if !pass {
			r.Pass = false
			below = append(below, row.function)
		}
		r.Rows = append(r.Rows, machineRow{row.category, row.function, score, row.minimum, pass})
	}
	if err := emit(c, r); err != nil {
		return err
	}
	if !r.Pass && !c.Bool("allow-fail") {
		return hint(fmt.Errorf("%w: %s", errBelow, strings.Join(below, ", ")), "an idle machine scores higher; --allow-fail reports without failing")
	}
	return nil
}
