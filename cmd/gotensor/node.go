package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"os/signal"
	"path/filepath"
	"runtime"
	"runtime/debug"
	"strings"
	"syscall"
	"time"

	"github.com/urfave/cli/v2"

	"github.com/gotensor/gotensor/node"
	"github.com/gotensor/gotensor/node/logging"
	"github.com/gotensor/gotensor/storage/kv"
	"github.com/gotensor/gotensor/wasmhost"
)

func nodeCommand() *cli.Command {
	return &cli.Command{
		Name:  "node",
		Usage: "run a node of a chain",
		Description: `The flags are those of Substrate's and Subtensor's nodes. The node authors and votes with the keys it holds, keeps the chain, and answers
JSON-RPC; it talks to no peers yet. SIGINT or SIGTERM stops it in order, a second one at once. docs/node.md says more about each flag, and what is logged.
--json prints a document with the addresses once the node listens; the log goes to stderr.

   gotensor node --dev
   gotensor node --chain local --validator --one --base-path /var/lib/gotensor
   gotensor node --dev --chain chain.json --rpc-port 9955 -lruntime=debug`,
		Flags:  nodeFlags(),
		Action: runNode,
	}
}

func runNode(c *cli.Context) error {
	if _, err := arguments(c, 0, 0); err != nil {
		return hint(err, "a flag with several values is given several times, or once with commas between them")
	}
	s, err := nodeSetup(c)
	if err != nil {
		return err
	}
	return s.run(c, func(up *upReport) error {
		if !wantsJSON(c) {
			return nil // the log has it
		}
		return emit(c, up)
	})
}

// upReport is what others need to know of a node that listens.
type upReport struct {
	Chain   string   `json:"chain"` // the id
	Name    string   `json:"name"`
	Folder  string   `json:"folder"`
	RPC     []string `json:"rpc"` // host:port, each for HTTP and WebSocket
	Metrics string   `json:"metrics,omitempty"`
}

func (r *upReport) text(p *printer) {
	p.row("chain", "%s", r.Chain)
	p.row("folder", "%s", r.Folder)
	p.row("JSON-RPC", "%s", strings.Join(r.RPC, ", "))
}

// run runs the node until a signal comes. up is called once it listens.
func (s *setup) run(c *cli.Context, up func(*upReport) error) (err error) {
	// A reader of the log who goes away takes the lines, and not the node: what is written then fails. Without this a write to a closed pipe kills the process as it is.
	signal.Ignore(syscall.SIGPIPE)
	ctx, stop := signal.NotifyContext(c.Context, os.Interrupt, syscall.SIGTERM)
	defer stop()
	context.AfterFunc(ctx, stop) // the second signal does what signals do

	log, err := newLog(c)
	if err != nil {
		return err
	}
	defer log.Close()
	s.config.Log = log

	if s.temporary = s.base == ""; s.temporary {
		if s.base, err = os.MkdirTemp("", "gotensor-"); err != nil {
			return fmt.Errorf("folder for --tmp: %w", err)
		}
		defer func() { err = errors.Join(err, os.RemoveAll(s.base)) }()
	}
	if err := s.openEngine(log.Logger()); err != nil {
		return err
	}
	defer func() { err = errors.Join(err, s.config.Engine.Close()) }()
	if err := s.readSpec(ctx, c, log.Logger()); err != nil {
		return ended(ctx, err)
	}
	limitNodeMemory(s.config.StoreMemory)
	if s.keep && !hasStore(s.config.Folder) {
		if err := keepSpec(s.config.Folder, s.config.Spec); err != nil {
			return err
		}
		s.keep = false
	}

	n, err := node.New(ctx, s.config)
	if err != nil {
		return ended(ctx, s.startHint(err))
	}
	defer func() { err = errors.Join(err, n.Close()) }()
	if s.keep { // the store was made without: the spec has its genesis, or there would be no node
		if err := keepSpec(s.config.Folder, s.config.Spec); err != nil {
			return err
		}
	}
	report := &upReport{Chain: s.config.Spec.ID, Name: s.config.Name, Folder: s.config.Folder, RPC: n.RPCAddresses(), Metrics: n.MetricsAddress()}
	if err := up(report); err != nil {
		return err
	}
	return n.Run(ctx)
}

// ended is the error of what a signal may have ended, which is none then.
func ended(ctx context.Context, err error) error {
	if ctx.Err() != nil && errors.Is(err, ctx.Err()) {
		return nil
	}
	return err
}

// newLog makes the log of a node, on stderr.
func newLog(c *cli.Context) (*logging.Log, error) {
	file, isFile := c.App.ErrWriter.(*os.File)
	log, err := logging.New(logging.Config{
		Out:      c.App.ErrWriter,
		Filters:  strings.Join(c.StringSlice("log"), ","),
		Detailed: c.Bool("detailed-log-output"),
		Color:    isFile && !c.Bool("disable-log-color") && os.Getenv("NO_COLOR") == "" && logging.IsTerminal(file),
	})
	if err != nil {
		return nil, usage(c, "--log: %v", err)
	}
	return log, nil
}

// chainFolder is where a chain is kept, with Substrate's names.
func chainFolder(base, id string) (string, error) {
	dir, err := storeFolder(base, id)
	if err != nil {
		return "", err
	}
	return filepath.Dir(filepath.Dir(dir)), nil
}

// readSpec reads the chain spec and makes its genesis state. A chain that the program makes itself, and that was begun, goes on under the spec that it began with.
// It says hello before anything is compiled, which takes seconds.
func (s *setup) readSpec(ctx context.Context, c *cli.Context, log *slog.Logger) error {
	cfg := &s.config
	if local, ours := lookupLocal(s.chain, c.Bool(fastBlocksFlag.Name)); ours {
		folder, err := chainFolder(s.base, local.id)
		if err != nil {
			return err
		}
		spec, err := keptSpec(folder)
		if spec != nil {
			cfg.Spec, cfg.Folder, s.kept = spec, folder, specFile(folder)
			if err := s.compareRuntime(c, local); err != nil {
				return err
			}
			s.hello(log, spec.Name)
			return nil
		}
		if err != nil {
			return err
		}
		code, err := local.code(c.String(runtimeFlag.Name))
		if err != nil {
			return err
		}
		cfg.Folder, s.keep = folder, !s.temporary
		s.hello(log, localName)
		defer s.tellCompiling(log)()
		if cfg.Spec, err = local.spec(ctx, cfg.Engine, code); err != nil {
			return err
		}
	} else {
		spec, err := readChain(ctx, c, cfg.Engine, s.chain)
		if err != nil {
			return err
		}
		if cfg.Folder, err = chainFolder(s.base, spec.ID); err != nil {
			return err
		}
		cfg.Spec = spec
		s.hello(log, spec.Name)
		defer s.tellCompiling(log)()
	}
	if err := cfg.Spec.Genesis.MakeRaw(ctx, cfg.Engine); err != nil {
		return fmt.Errorf("genesis of chain %q: %w", cfg.Spec.ID, err)
	}
	return nil
}

// patience is how long the genesis may take without a word about it: with the runtime compiled it takes a tenth of that.
const patience = time.Second

// tellCompiling says what takes so long where the runtime was not compiled before, until the function that it returns is called.
func (s *setup) tellCompiling(log *slog.Logger) (done func()) {
	text := "🔨 Compiling the runtime (each time: it is not kept)"
	if s.cache != "" {
		text = "🔨 Compiling the runtime (once for each code; kept in " + s.cache + ")"
	}
	if s.config.Wasm.Interpreter {
		text = "🔨 Making the genesis state"
	}
	timer := time.AfterFunc(patience, func() { log.With("target", "wasm").Info(text) })
	return func() { timer.Stop() }
}

// compareRuntime warns where --runtime names another runtime than the chain began with.
func (s *setup) compareRuntime(c *cli.Context, local localChain) error {
	file := c.String(runtimeFlag.Name)
	if file == "" {
		return nil
	}
	code, err := local.code(file)
	if err != nil {
		return err
	}
	began, err := s.config.Spec.Genesis.Code()
	if err != nil {
		return err
	}
	if !bytes.Equal(code, began) {
		s.warnings = append(s.warnings, fmt.Sprintf("--%s %s: the chain began with another runtime, and goes on with the one in its state. System.set_code changes that.", runtimeFlag.Name, file))
	}
	return nil
}

// openEngine makes the engine of the genesis and of the node, which then compile a runtime once, and settles where compiled code is kept. It goes without
// such a folder, unless it was told which.
func (s *setup) openEngine(log *slog.Logger) (err error) {
	cfg := s.config.Wasm
	log = log.With("target", "wasm")
	cfg.OnFault = func(err error) { log.Warn(err.Error()) }
	told := cfg.CacheDir != ""
	if !told && !cfg.Interpreter {
		cfg.CacheDir = codeCache()
	}
	s.config.Engine, err = wasmhost.NewEngine(cfg)
	if err != nil && !told && cfg.CacheDir != "" {
		log.Warn(fmt.Sprintf("Compiled runtimes are not kept, so that the next start is slow: %v", err))
		cfg.CacheDir = ""
		s.config.Engine, err = wasmhost.NewEngine(cfg)
	}
	s.cache = cfg.CacheDir
	return err
}

// aroundStore is what a node takes of memory besides its store: the pool, what RPC answers, compiled runtimes and instances.
const aroundStore = 1 << 30

// limitNodeMemory has the collector keep the process near what the node is bounded by. GOMEMLIMIT has the last word.
func limitNodeMemory(store int64) {
	if os.Getenv("GOMEMLIMIT") == "" {
		debug.SetMemoryLimit(store + aroundStore)
	}
}

// copyrightStart is the year in which the project began.
const copyrightStart = 2026

// hello logs what a Substrate node says first: sc-cli, runner.rs, print_node_infos.
func (s *setup) hello(log *slog.Logger, chain string) {
	cfg := &s.config
	role := "FULL"
	if cfg.Authority {
		role = "AUTHORITY"
	}
	log = log.With("target", "sc_cli::runner")
	log.Info("Gotensor Node")
	log.Info("✌️  version " + cfg.Version)
	log.Info(fmt.Sprintf("❤️  by the gotensor authors, %d-%d", copyrightStart, max(copyrightStart, time.Now().Year())))
	spec := "📋 Chain specification: " + chain
	if s.kept != "" {
		spec += ", as it began: " + s.kept
	}
	log.Info(spec)
	log.Info("🏷  Node name: " + cfg.Name)
	log.Info("👤 Role: " + role)
	log.Info("💾 Database: Badger at " + node.StoreFolder(cfg.Folder))
	log.Info(fmt.Sprintf("💻 %s/%s, %s, %s", runtime.GOOS, runtime.GOARCH, count(runtime.NumCPU(), "CPU core"), runtime.Version()))
	for _, text := range s.warnings {
		log.Warn(text)
	}
}

// startHint adds to the error of a node that did not start what helps to mend it.
func (s *setup) startHint(err error) error {
	var genesis *node.GenesisError
	folder := node.StoreFolder(s.config.Folder)
	switch {
	case errors.As(err, &genesis):
		again := "gotensor purge-chain --base-path " + s.base + " --chain " + s.config.Spec.ID
		if _, ours := lookupLocal(s.config.Spec.ID, false); ours {
			return hint(hint(err, "to begin a new chain: %s", again),
				"a chain of an earlier build of the runtime goes on under the spec of its genesis: gotensor build-spec --raw writes one, --chain takes it")
		}
		return hint(err, "give the chain spec that the store was made from, or begin anew: %s", again)
	case errors.Is(err, kv.ErrFull), errors.Is(err, syscall.ENOSPC):
		return hint(err, "make room on the disk of %q; what is in the store is whole", folder)
	case errors.Is(err, syscall.EADDRINUSE):
		return hint(err, "another program listens there: give another port by %s, 0 takes a free one", s.portFlags)
	case errors.Is(err, os.ErrPermission):
		return hint(err, "the node reads and writes below %q: who runs it must be allowed to", s.config.Folder)
	case errors.Is(err, wasmhost.ErrNotWasm), errors.Is(err, wasmhost.ErrTooComplex):
		return hint(err, "codeSubstitutes in the chain spec can replace a runtime from a block on")
	}
	return err
}
