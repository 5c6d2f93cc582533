package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"strings"
	"time"

	"github.com/urfave/cli/v2"

	"github.com/gotensor/gotensor/primitives/hash"
	"github.com/gotensor/gotensor/primitives/metadata"
	"github.com/gotensor/gotensor/primitives/scale"
	"github.com/gotensor/gotensor/storage"
	"github.com/gotensor/gotensor/storage/trie"
	"github.com/gotensor/gotensor/wasmhost"
)

var (
	timeoutFlag     = &cli.DurationFlag{Name: "timeout", Value: time.Minute, Usage: "stop the call after this `TIME`"}
	interpreterFlag = &cli.BoolFlag{Name: "interpreter", Usage: "run in the interpreter instead of compiling: slow, same results", DisableDefaultText: true}
	resetFlag       = &cli.StringFlag{Name: "wasm-reset", Value: wasmhost.ResetPagemap.String(), Usage: "how memory gets fresh between calls: pagemap, copy or fresh"}
	logFlag         = &cli.StringFlag{Name: "log", Value: "warn", Usage: "print what the runtime logs from this `LEVEL` on, on stderr: off, error, warn, info, debug or trace"}
)

// logLevels are the names of wasmhost's log levels, in the order of their numbers.
var logLevels = []string{"off", "error", "warn", "info", "debug", "trace"}

func runtimeCommand() *cli.Command {
	return &cli.Command{
		Name:  "runtime",
		Usage: "look into runtimes and call them",
		Subcommands: []*cli.Command{
			{
				Name:      "inspect",
				Usage:     "print the version of a runtime, what it needs from its host, and what it offers",
				ArgsUsage: "FILE|SPEC",
				Description: `The file is a runtime (Wasm, compressed or not, as bytes or as 0x hex), or a chain spec whose genesis runtime is meant.

   gotensor runtime inspect runtime.compact.compressed.wasm
   gotensor runtime inspect --json raw_spec.json`,
				Action: runtimeInspect,
			},
			{
				Name:      "call",
				Usage:     "call a function of a runtime API",
				ArgsUsage: "FILE|SPEC FUNCTION [ARGUMENTS]",
				Description: `FUNCTION is the API's name, an underscore and the function's. ARGUMENTS are the SCALE-encoded arguments in hex; "-" reads them from stdin.
The answer is SCALE in hex. With a chain spec the call runs on the genesis state, with a runtime alone on an empty one.
What the call writes is dropped.

   gotensor runtime call raw_spec.json Core_version
   gotensor runtime call raw_spec.json AccountNonceApi_account_nonce 0xd43593c715fdd31c61141abd04a99fd6822c8558854ccde39a5684e7a56da27d
   gotensor runtime call --log info --timeout 10s runtime.wasm Metadata_metadata`,
				Flags:  []cli.Flag{timeoutFlag, logFlag, interpreterFlag, resetFlag},
				Action: runtimeCall,
			},
		},
	}
}

type runtimeReport struct {
	CodeHash     hash.H256       `json:"codeHash"`
	Size         int             `json:"size"`
	ModuleSize   int             `json:"moduleSize"`
	Compressed   bool            `json:"compressed"`
	Instructions uint64          `json:"instructions"`
	Version      *versionFields  `json:"version,omitempty"`
	Embedded     bool            `json:"versionEmbedded"`
	Memory       memoryReport    `json:"memory"`
	Features     []string        `json:"features"` // extensions of WebAssembly 1.0
	Imports      []string        `json:"imports"`
	Exports      []string        `json:"exports"`
	Sections     []sectionPair   `json:"customSections"`
	Metadata     *metadataReport `json:"metadata,omitempty"`
	Note         string          `json:"note,omitempty"` // why version or metadata are missing
}

type memoryReport struct {
	Imported bool   `json:"imported"`
	MinPages uint32 `json:"minPages"` // of 64 KiB
	MaxPages uint32 `json:"maxPages,omitempty"`
	HeapBase uint32 `json:"heapBase"`
	Globals  int    `json:"mutableGlobals"`
}

type sectionPair struct {
	Name string `json:"name"`
	Size int    `json:"size"`
}

type metadataReport struct {
	Version    uint8          `json:"version"`
	Size       int            `json:"size"`
	Types      int            `json:"types"`
	Calls      int            `json:"calls"`
	Storage    int            `json:"storageItems"`
	Constants  int            `json:"constants"`
	Pallets    []palletReport `json:"pallets"`
	APIMethods int            `json:"runtimeApiMethods,omitempty"` // version 15 lists them
	Extrinsic  uint8          `json:"extrinsicVersion"`
	Extensions []string       `json:"extensions"`
}

type palletReport struct {
	Index     uint8  `json:"index"`
	Name      string `json:"name"`
	Calls     int    `json:"calls"`
	Storage   int    `json:"storageItems"`
	Events    int    `json:"events"`
	Errors    int    `json:"errors"`
	Constants int    `json:"constants"`
}

func newMetadataReport(m *metadata.Metadata, size int) *metadataReport {
	r := &metadataReport{
		Version: m.Version, Size: size, Types: len(m.Types),
		Pallets: make([]palletReport, 0, len(m.Pallets)), Extrinsic: m.Extrinsic.Version, Extensions: []string{},
	}
	for _, p := range m.Pallets {
		row := palletReport{
			Index: p.Index, Name: p.Name, Calls: len(m.Variants(p.Calls)), Events: len(m.Variants(p.Event)),
			Errors: len(m.Variants(p.Error)), Constants: len(p.Constants),
		}
		if p.Storage != nil {
			row.Storage = len(p.Storage.Entries)
		}
		r.Calls += row.Calls
		r.Storage += row.Storage
		r.Constants += row.Constants
		r.Pallets = append(r.Pallets, row)
	}
	for _, api := range m.APIs {
		r.APIMethods += len(api.Methods)
	}
	for _, e := range m.Extrinsic.Extensions {
		r.Extensions = append(r.Extensions, e.Name)
	}
	return r
}

func (r *runtimeReport) text(p *printer) {
	p.row("code hash", "%s", r.CodeHash)
	if r.Compressed {
		p.row("size", "%s, %d unpacked", count(r.Size, "byte"), r.ModuleSize)
	} else {
		p.row("size", "%s, not compressed", count(r.Size, "byte"))
	}
	p.row("instructions", "%d", r.Instructions)
	if r.Version != nil {
		r.Version.row(p)
		if r.Embedded {
			p.row("version from", "custom sections")
		} else {
			p.row("version from", "Core_version")
		}
	}
	kind := "own"
	if r.Memory.Imported {
		kind = "imported"
	}
	most := "no maximum"
	if r.Memory.MaxPages > 0 {
		most = fmt.Sprintf("at most %d", r.Memory.MaxPages)
	}
	p.row("memory", "%s, %s of 64 KiB, %s; heap from 0x%x", kind, count(int(r.Memory.MinPages), "page"), most, r.Memory.HeapBase)
	features := "WebAssembly 1.0"
	if len(r.Features) > 0 {
		features += " with " + strings.Join(r.Features, ", ")
	}
	p.row("features", "%s", features)

	if r.Version != nil {
		p.line("\nruntime APIs (%d):", len(r.Version.APIs))
		for _, api := range r.Version.APIs {
			name := api.Name
			if name == "" {
				name = api.ID
			}
			p.line("  %s\tversion %d", name, api.Version)
		}
	}
	p.line("\nimports (%d):", len(r.Imports))
	for _, name := range r.Imports {
		p.line("  %s", name)
	}
	if m := r.Metadata; m != nil {
		p.line("\nmetadata version %d, %s, %s, extrinsic version %d", m.Version, count(m.Size, "byte"), count(m.Types, "type"), m.Extrinsic)
		p.line("  index\tpallet\tcalls\tstorage\tevents\terrors\tconstants")
		for _, row := range m.Pallets {
			p.line("  %d\t%s\t%d\t%d\t%d\t%d\t%d", row.Index, row.Name, row.Calls, row.Storage, row.Events, row.Errors, row.Constants)
		}
		p.line("  \t%s\t%d\t%d", count(len(m.Pallets), "pallet"), m.Calls, m.Storage)
		if len(m.Extensions) > 0 {
			p.line("  extensions: %s", strings.Join(m.Extensions, ", "))
		}
	}
	if r.Note != "" {
		p.line("\nnot known: %s", r.Note)
	}
}

func runtimeInspect(c *cli.Context) error {
	args, err := arguments(c, 1, 1)
	if err != nil {
		return err
	}
	src, err := readSource(args[0])
	if err != nil {
		return err
	}
	info, err := wasmhost.Inspect(src.code)
	if err != nil {
		return fmt.Errorf("%s: %w", args[0], err)
	}
	r := &runtimeReport{
		CodeHash: hash.Blake2b256(src.code), Size: info.CodeSize, ModuleSize: info.ModuleSize, Compressed: info.Compressed,
		Embedded: info.Version != nil, Instructions: info.Instructions,
		Memory:   memoryReport{info.ImportsMemory, info.MinPages, info.MaxPages, info.HeapBase, info.MutableGlobals},
		Features: append([]string{}, info.Features...), Imports: append([]string{}, info.Imports...), Exports: info.Exports,
		Sections: []sectionPair{},
	}
	for _, s := range info.CustomSections {
		r.Sections = append(r.Sections, sectionPair{s.Name, s.Size})
	}
	if info.Version != nil {
		r.Version = newVersionFields(*info.Version, info.Exports)
	}
	if err := r.describe(c, src); err != nil {
		r.Note = err.Error()
	}
	return emit(c, r)
}

// describe runs the runtime and asks it for its metadata, and for its version where the code does not say.
func (r *runtimeReport) describe(c *cli.Context, src *source) error {
	ctx, cancel := context.WithTimeout(c.Context, time.Minute)
	defer cancel()
	engine, err := newEngine(c, wasmhost.Config{})
	if err != nil {
		return err
	}
	defer engine.Close()
	runtime, version, err := src.load(ctx, engine)
	if err != nil {
		return err
	}
	r.Version = newVersionFields(version, r.Exports)
	overlay, err := src.overlay(trie.Version(version.StateVersion()))
	if err != nil {
		return err
	}
	pages, err := wasmhost.HeapPages(overlay)
	if err != nil {
		return err
	}
	// Some runtimes read the state while they describe themselves.
	answer, err := runtime.Call(ctx, &wasmhost.Env{Storage: overlay, HeapPages: pages}, "Metadata_metadata", nil)
	if err != nil {
		return err
	}
	raw, err := scale.UnmarshalFunc(answer, (*scale.Decoder).View)
	if err != nil {
		return fmt.Errorf("answer of Metadata_metadata: %w", err)
	}
	m, err := metadata.Decode(raw)
	if err != nil {
		return err
	}
	r.Metadata = newMetadataReport(m, len(raw))
	return nil
}

type callReport struct {
	Result string `json:"result"`
	Nanos  int64  `json:"nanoseconds"` // the call alone, without loading the runtime
	Writes int    `json:"writes"`      // entries that the call wrote, now dropped
}

func (r callReport) text(p *printer) { p.line("%s", r.Result) }

func runtimeCall(c *cli.Context) error {
	args, err := arguments(c, 2, 3)
	if err != nil {
		return err
	}
	cfg, err := hostConfig(c)
	if err != nil {
		return err
	}
	level := -1
	for i, name := range logLevels {
		if name == c.String(logFlag.Name) {
			level = i
		}
	}
	if level < 0 {
		return usage(c, "--log %q: expected %s", c.String(logFlag.Name), strings.Join(logLevels, ", "))
	}
	var params []byte
	if len(args) == 3 {
		if params, err = readParams(c, args[2]); err != nil {
			return err
		}
	}
	src, err := readSource(args[0])
	if err != nil {
		return err
	}
	engine, err := newEngine(c, cfg)
	if err != nil {
		return err
	}
	defer engine.Close()
	runtime, version, err := src.load(c.Context, engine)
	if err != nil {
		return fmt.Errorf("%s: %w", args[0], err)
	}
	overlay, err := src.overlay(trie.Version(version.StateVersion()))
	if err != nil {
		return fmt.Errorf("%s: %w", args[0], err)
	}
	pages, err := wasmhost.HeapPages(overlay)
	if err != nil {
		return fmt.Errorf("%s: %w", args[0], err)
	}
	env := &wasmhost.Env{
		Storage:     overlay,
		HeapPages:   pages,
		MaxLogLevel: wasmhost.LogLevel(level),
		Log: func(level wasmhost.LogLevel, target, message string) {
			fmt.Fprintf(c.App.ErrWriter, "%s %s: %s\n", logLevels[level], target, message)
		},
	}
	ctx, cancel := context.WithTimeout(c.Context, c.Duration(timeoutFlag.Name))
	defer cancel()
	start := time.Now()
	answer, err := runtime.Call(ctx, env, args[1], params)
	took := time.Since(start)
	if err != nil {
		return callHint(args[0], args[1], runtime, err)
	}
	changes := overlay.Changes()
	writes := len(changes.Top)
	for _, child := range changes.Child {
		writes += len(child.Changes)
	}
	return emit(c, callReport{Result: hexString(answer), Nanos: took.Nanoseconds(), Writes: writes})
}

// hostConfig reads the flags about the engine.
func hostConfig(c *cli.Context) (wasmhost.Config, error) {
	mode, err := wasmhost.ParseResetMode(c.String(resetFlag.Name))
	if err != nil {
		return wasmhost.Config{}, usage(c, "--wasm-reset %q: expected pagemap, copy or fresh", c.String(resetFlag.Name))
	}
	return wasmhost.Config{Interpreter: c.Bool(interpreterFlag.Name), Reset: mode}, nil
}

// readParams reads the arguments of a runtime call.
func readParams(c *cli.Context, text string) ([]byte, error) {
	if text == "-" {
		data, err := io.ReadAll(io.LimitReader(c.App.Reader, maxMessage))
		if err != nil {
			return nil, fmt.Errorf("read stdin: %w", err)
		}
		text = trimSpace(data)
	}
	params, err := parseHex(text)
	if err != nil {
		return nil, fmt.Errorf("arguments of the call: %w", err)
	}
	return params, nil
}

// overlay returns the state that a call runs on: the genesis state of a spec, or an empty one.
func (s *source) overlay(version trie.Version) (*storage.Overlay, error) {
	changes := new(storage.Changes)
	if s.spec != nil {
		changes = s.spec.Genesis.Changes()
	}
	state, err := storage.NewMemoryState(changes, version)
	if err != nil {
		return nil, err
	}
	return storage.NewOverlay(state), nil
}

// callHint adds to the error of a call what helps to mend it.
func callHint(path, api string, runtime *wasmhost.Runtime, err error) error {
	switch {
	case errors.Is(err, wasmhost.ErrUnknownAPI):
		prefix, _, _ := strings.Cut(api, "_")
		var near []string
		for _, name := range runtime.Info().Exports {
			if strings.HasPrefix(name, prefix+"_") {
				near = append(near, name)
			}
		}
		if len(near) > 0 {
			return hint(err, "the runtime has %s", strings.Join(near, ", "))
		}
		return hint(err, "gotensor runtime inspect %s lists the APIs", path)
	case errors.Is(err, wasmhost.ErrDeadline):
		return hint(err, "--timeout sets the ceiling")
	}
	return err
}
