package main

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"strconv"
	"strings"
	"sync/atomic"
	"time"

	"github.com/urfave/cli/v2"

	"github.com/gotensor/gotensor/consensus/queue"
	"github.com/gotensor/gotensor/node"
	"github.com/gotensor/gotensor/node/authoring"
	"github.com/gotensor/gotensor/node/blockfile"
	"github.com/gotensor/gotensor/node/chainspec"
	"github.com/gotensor/gotensor/node/client"
	"github.com/gotensor/gotensor/node/finality"
	"github.com/gotensor/gotensor/primitives/chain"
	"github.com/gotensor/gotensor/primitives/hash"
	"github.com/gotensor/gotensor/storage/db"
	"github.com/gotensor/gotensor/wasmhost"
)

var binaryFlag = &cli.BoolFlag{Name: "binary", Usage: "the blocks are in binary form (SCALE) instead of JSON", DisableDefaultText: true}

func exportBlocksCommand() *cli.Command {
	return &cli.Command{
		Name:      "export-blocks",
		Usage:     "write the blocks of the best chain to a file",
		ArgsUsage: "[FILE]",
		Description: `Both forms are Substrate's. Without FILE, or with "-", the blocks go to stdout. A file appears under its name when all of it is on the disk, and none is
written over. The node must be stopped.

   gotensor export-blocks --chain local blocks.json
   gotensor export-blocks --from 1000 --to 2000 --binary --chain bittensor blocks.bin`,
		Flags: append(storeFlags(), binaryFlag,
			&cli.UintFlag{Name: "from", Usage: "begin with block `NUMBER`", Value: 1},
			&cli.UintFlag{Name: "to", Usage: "end with block `NUMBER`", DefaultText: "the best block"}),
		Action: exportBlocks,
	}
}

func importBlocksCommand() *cli.Command {
	return &cli.Command{
		Name:      "import-blocks",
		Usage:     "verify, execute and store blocks from a file",
		ArgsUsage: "[FILE]",
		Description: `Each block is checked as one from the network would be: its author, its inherents, its execution, its justification. Blocks that are there already are passed
over. It stops at the first that is bad, and keeps those before. Without FILE, or with "-", the blocks come from stdin. A chain without a store is begun where --chain
says how: a file, or dev or local.

   gotensor import-blocks --chain chain.json blocks.json
   gotensor import-blocks --binary --base-path /tmp/copy --chain dev < blocks.bin`,
		Flags:  append(append(storeFlags(), binaryFlag, runtimeFlag, fastBlocksFlag), pruningFlags("256", "archive-canonical")...),
		Action: importBlocks,
	}
}

func checkBlockCommand() *cli.Command {
	return &cli.Command{
		Name:      "check-block",
		Usage:     "verify and execute a stored block again",
		ArgsUsage: "HASH|NUMBER",
		Description: `The state after its parent has to be kept. The store is not changed. The exit code is 1 where the block is not what it says.

   gotensor check-block --chain local 100
   gotensor check-block --chain chain.json 0x…`,
		Flags:  storeFlags(),
		Action: checkBlock,
	}
}

func revertCommand() *cli.Command {
	return &cli.Command{
		Name:      "revert",
		Usage:     "take back blocks that are not final",
		ArgsUsage: "[NUMBER]",
		Description: `Takes back that many blocks from the best one, 256 unless NUMBER says otherwise, but none that is final. What is above the new best block goes, on
every fork.

   gotensor revert --chain local 10`,
		Flags:  storeFlags(),
		Action: revertBlocks,
	}
}

// stoppedChain is the chain of a store while no node runs.
type stoppedChain struct {
	*client.Client
	engine *wasmhost.Engine
	store  *db.DB
}

// openChain opens the chain that the flags mean, with what the spec says about its blocks where --chain names one; a nil o looks at the store as it is.
func openChain(c *cli.Context, o *db.Options) (*stoppedChain, error) {
	memory, err := storeMemory(c)
	if err != nil {
		return nil, err
	}
	dir, spec, err := chosenChain(c)
	if err != nil {
		return nil, err
	}
	if o == nil {
		o = &db.Options{Still: true}
	}
	store, err := db.OpenFolder(dir, memory, ready(c, memory, *o))
	if err != nil {
		return nil, err
	}
	return newStoppedChain(c, store, spec, nil)
}

// chosenChain is chosenStore, which also knows that --fast-blocks stands for another chain.
func chosenChain(c *cli.Context) (dir string, spec *chainspec.Spec, err error) {
	local, ours := lookupLocal(c.String(chainFlag.Name), c.Bool(fastBlocksFlag.Name))
	if !ours {
		return chosenStore(c)
	}
	base, err := basePath(c)
	if err != nil {
		return "", nil, err
	}
	dir, err = storeFolder(base, local.id)
	return dir, nil, err
}

// newStoppedChain takes the store over, also where it fails. signatures is the client's.
func newStoppedChain(c *cli.Context, store *db.DB, spec *chainspec.Spec, signatures *wasmhost.Signatures) (*stoppedChain, error) {
	engine, err := newEngine(c, wasmhost.Config{})
	if err != nil {
		return nil, errors.Join(err, store.Close())
	}
	s := &stoppedChain{engine: engine, store: store}
	cfg := client.Config{Engine: engine, Store: store, Signatures: signatures}
	if spec != nil {
		cfg.Substitutes, cfg.ForkBlocks, cfg.BadBlocks = spec.CodeSubstitutes, spec.ForkBlocks, spec.BadBlocks
	}
	if s.Client, err = client.New(c.Context, cfg); err != nil {
		return nil, errors.Join(err, s.Close())
	}
	return s, nil
}

// Close closes store and engine.
func (s *stoppedChain) Close() error { return errors.Join(s.store.Close(), s.engine.Close()) }

// ending closes a chain at the end of a command, whose error is the more important one.
func ending(s *stoppedChain, err *error) {
	if closed := s.Close(); *err == nil {
		*err = closed
	}
}

// exportReport tells what was written.
type exportReport struct {
	Path   string            `json:"path"`
	From   chain.BlockNumber `json:"from"`
	To     chain.BlockNumber `json:"to"`
	Blocks uint64            `json:"blocks"`
}

func (r *exportReport) text(p *printer) {
	p.row("written", "%s", r.Path)
	p.row("blocks", "%d to %d", r.From, r.To)
}

func exportBlocks(c *cli.Context) (err error) {
	args, err := arguments(c, 0, 1)
	if err != nil {
		return err
	}
	path := "-"
	if len(args) == 1 {
		path = args[0]
	}
	if path != "-" {
		if _, err := os.Lstat(path); err == nil {
			return taken(path)
		}
	}
	store, _, err := openStore(c, db.Options{Still: true})
	if err != nil {
		return err
	}
	defer closing(store, &err)
	best := store.Head().Best.Number
	from, to := uint64(c.Uint("from")), uint64(best)
	if c.IsSet("to") {
		to = max(uint64(c.Uint("to")), 1) // as in Substrate
	}
	switch {
	case from > to:
		return fmt.Errorf("no blocks from %d to %d", from, to)
	case to > uint64(best):
		return fmt.Errorf("no block %d: the best one is %d", to, best)
	}
	r := &exportReport{path, chain.BlockNumber(from), chain.BlockNumber(to), to - from + 1}
	ctx, stop := interruptible(c)
	defer stop()
	t := newTicker(c)
	write := func(w io.Writer) error {
		buffer := bufio.NewWriterSize(w, 1<<16)
		out, err := blockfile.NewWriter(buffer, c.Bool(binaryFlag.Name), r.Blocks)
		if err != nil {
			return err
		}
		for n := r.From; ; n++ {
			if err := ctx.Err(); err != nil {
				return fmt.Errorf("export block %d: %w", n, err)
			}
			block, err := store.Hash(n)
			if err != nil {
				return fmt.Errorf("export block %d: %w", n, err)
			}
			b, err := store.SignedBlock(block)
			if err != nil {
				return fmt.Errorf("export block %d: %w", n, err)
			}
			if err := out.Write(&b); err != nil {
				return err
			}
			if n == r.To {
				return buffer.Flush()
			}
			t.tell("export: block %d of %d", n, r.To)
		}
	}
	if path == "-" {
		return write(c.App.Writer)
	}
	if err := writeWhole(path, write); err != nil {
		return err
	}
	return emit(c, r)
}

// importReport tells what became of a file of blocks.
type importReport struct {
	Read      uint64      `json:"read"`
	Imported  uint64      `json:"imported"`
	Known     uint64      `json:"known"`
	Best      pointReport `json:"best"`
	Finalised pointReport `json:"finalised"`
}

func (r *importReport) text(p *printer) {
	p.row("imported", "%s", count(int(r.Imported), "block"))
	if r.Known > 0 {
		p.row("known before", "%s", count(int(r.Known), "block"))
	}
	p.row("best block", "%s", r.Best)
	p.row("finalised", "%s", r.Finalised)
}

func importBlocks(c *cli.Context) (err error) {
	args, err := arguments(c, 0, 1)
	if err != nil {
		return err
	}
	options, err := pruningOptions(c)
	if err != nil {
		return err
	}
	in := c.App.Reader
	if len(args) == 1 && args[0] != "-" {
		file, err := os.Open(args[0])
		if err != nil {
			return err
		}
		defer file.Close()
		in = file
	}
	blocks, err := blockfile.NewReader(bufio.NewReaderSize(in, 1<<16), c.Bool(binaryFlag.Name))
	if err != nil {
		return err
	}
	s, err := openOrBegin(c, &options)
	if err != nil {
		return err
	}
	defer ending(s, &err)
	ctx, stop := interruptible(c)
	defer stop()
	r := new(importReport)
	if err := s.importFile(ctx, c, blocks, r); err != nil {
		return fmt.Errorf("%s are imported: %w", count(int(r.Imported), "block"), err)
	}
	head := s.Head()
	r.Best, r.Finalised = newPointReport(head.Best), newPointReport(head.Finalised)
	return emit(c, r)
}

// openOrBegin opens the chain that the flags mean, and begins one that has no store where --chain says how.
func openOrBegin(c *cli.Context, o *db.Options) (*stoppedChain, error) {
	s, err := openChain(c, o)
	name := c.String(chainFlag.Name)
	_, ours := lookupLocal(name, c.Bool(fastBlocksFlag.Name))
	if !errors.Is(err, db.ErrEmpty) || !ours && !isFile(name) {
		return s, err
	}
	memory, err := storeMemory(c)
	if err != nil {
		return nil, err
	}
	engine, err := newEngine(c, wasmhost.Config{})
	if err != nil {
		return nil, err
	}
	defer engine.Close()
	spec, err := readChain(c.Context, c, engine, name)
	if err != nil {
		return nil, err
	}
	if err := spec.Genesis.MakeRaw(c.Context, engine); err != nil {
		return nil, fmt.Errorf("genesis of chain %q: %w", spec.ID, err)
	}
	base, err := basePath(c)
	if err != nil {
		return nil, err
	}
	folder, err := chainFolder(base, spec.ID)
	if err != nil {
		return nil, err
	}
	if ours {
		if err := keepSpec(folder, spec); err != nil {
			return nil, err
		}
	}
	store, _, err := node.OpenStore(c.Context, engine, spec, folder, memory, ready(c, memory, *o))
	if err != nil {
		return nil, err
	}
	return newStoppedChain(c, store, spec, nil)
}

// importLimits are those of a queue whose blocks come in order: what has no parent is bad at once.
var importLimits = queue.Limits{Orphans: -1, Future: -1, Blocks: 1024}

// importFile imports all blocks of a file, until one is refused.
func (s *stoppedChain) importFile(ctx context.Context, c *cli.Context, blocks *blockfile.Reader, r *importReport) error {
	f, err := finality.New(ctx, finality.Config{Client: s.Client})
	if err != nil {
		return err
	}
	q := authoring.NewQueue(authoring.QueueConfig{Client: s.Client, Import: f.Import, Limits: importLimits, Justify: f.Justify})
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		_ = q.Run(ctx) // it returns why ctx ended
	}()
	defer func() {
		cancel(nil)
		<-ended
	}()

	var imported, known atomic.Uint64
	settled := make(chan struct{}, 1)
	done := func(result queue.Result) {
		switch result.Outcome {
		case queue.Imported:
			imported.Add(1)
		case queue.Known:
			known.Add(1)
		default:
			cancel(fmt.Errorf("block %d %s is %s: %w", result.Number, result.Hash, result.Outcome, result.Err)) // the first reason stays
			return
		}
		select {
		case settled <- struct{}{}:
		default:
		}
	}
	total, counted := blocks.Count()
	t := newTicker(c)
	tell := func() {
		r.Imported, r.Known = imported.Load(), known.Load()
		if counted {
			t.tell("import: %d of %d blocks, best block %d", r.Imported+r.Known, total, s.Head().Best.Number)
		} else {
			t.tell("import: %s, best block %d", count(int(r.Imported+r.Known), "block"), s.Head().Best.Number)
		}
	}
	defer tell()
	for {
		b, err := blocks.Next()
		if err == io.EOF {
			break
		}
		if err != nil {
			return err
		}
		block := &queue.Block{Block: b.Block, Origin: uint8(client.OriginFile)}
		if b.Justifications != nil {
			block.Justifications = *b.Justifications
		}
		if _, err := q.Submit(ctx, []*queue.Block{block}, done); err != nil {
			return context.Cause(ctx)
		}
		r.Read++
		tell()
	}
	for imported.Load()+known.Load() < r.Read {
		select {
		case <-settled:
			tell()
		case <-ctx.Done():
			return context.Cause(ctx)
		}
	}
	return nil
}

// checkBlockReport tells what a block that is as it says gave.
type checkBlockReport struct {
	Block      pointReport   `json:"block"`
	Extrinsics int           `json:"extrinsics"`
	StateRoot  hash.H256     `json:"stateRoot"`
	Took       time.Duration `json:"executionNanoseconds"`
}

func (r *checkBlockReport) text(p *printer) {
	p.row("block", "%s", r.Block)
	p.row("extrinsics", "%d", r.Extrinsics)
	p.row("state root", "%s", r.StateRoot)
	p.row("executed in", "%s", short(r.Took))
}

// parseBlock reads a hash or a number of the best chain.
func parseBlock(store *db.DB, text string) (hash.H256, error) {
	if strings.HasPrefix(text, "0x") {
		raw, err := parseHex(text)
		if err != nil || len(raw) != 32 {
			return hash.H256{}, fmt.Errorf("block %q: expected a hash of 32 bytes in hex, or a number", text)
		}
		return hash.H256(raw), nil
	}
	n, err := strconv.ParseUint(text, 10, 32)
	if err != nil {
		return hash.H256{}, fmt.Errorf("block %q: expected a hash of 32 bytes in hex, or a number", text)
	}
	block, err := store.Hash(chain.BlockNumber(n))
	if err != nil {
		return hash.H256{}, fmt.Errorf("block %d: %w", n, err)
	}
	return block, nil
}

func checkBlock(c *cli.Context) (err error) {
	args, err := arguments(c, 1, 1)
	if err != nil {
		return err
	}
	s, err := openChain(c, nil)
	if err != nil {
		return err
	}
	defer ending(s, &err)
	ctx, stop := interruptible(c)
	defer stop()
	at, err := parseBlock(s.store, args[0])
	if err != nil {
		return err
	}
	b, err := s.store.SignedBlock(at)
	if err != nil {
		return fmt.Errorf("block %s: %w", at, err)
	}
	block := db.Point{Number: b.Block.Header.Number, Hash: at}
	if block.Number == 0 {
		return errors.New("block 0 is given by the chain spec: there is nothing to execute")
	}
	verifier := authoring.NewVerifier(authoring.QueueConfig{Client: s.Client})
	if err := verifier.Verify(ctx, &queue.Block{Block: b.Block}, nil); err != nil {
		return fmt.Errorf("%s: %w", block, err)
	}
	took, err := s.execute(ctx, b.Block)
	if err != nil {
		return fmt.Errorf("%s: %w", block, err)
	}
	return emit(c, &checkBlockReport{newPointReport(block), len(b.Block.Extrinsics), b.Block.Header.StateRoot, took})
}

// execute runs a stored block again on the state after its parent, and tells how long the runtime took. It compares the state root.
func (s *stoppedChain) execute(ctx context.Context, b chain.Block) (time.Duration, error) {
	on, release, err := s.Prepare(ctx, b.Header.ParentHash)
	if err != nil {
		return 0, err
	}
	defer release()
	begin := time.Now()
	if err := on.Execute(ctx, b); err != nil {
		return 0, err
	}
	took := time.Since(begin)
	_, _, err = on.Finish(b.Header)
	return took, err
}

// revertReport tells how far the chain was taken back.
type revertReport struct {
	Reverted  int         `json:"reverted"`
	Best      pointReport `json:"best"`
	Finalised pointReport `json:"finalised"`
}

func (r *revertReport) text(p *printer) {
	if r.Reverted == 0 {
		p.line("There aren't any non-finalized blocks to revert.")
		return
	}
	p.line("Reverted %d blocks. Best: #%d (%s)", r.Reverted, r.Best.Number, r.Best.Hash)
}

// Texts are those of sc-service, chain_ops/revert_chain.rs.
func revertBlocks(c *cli.Context) (err error) {
	args, err := arguments(c, 0, 1)
	if err != nil {
		return err
	}
	n := uint64(256)
	if len(args) == 1 {
		if n, err = strconv.ParseUint(args[0], 10, 32); err != nil {
			return usage(c, "%q: expected a number of blocks", args[0])
		}
	}
	s, err := openChain(c, &db.Options{})
	if err != nil {
		return err
	}
	defer ending(s, &err)
	f, err := finality.New(c.Context, finality.Config{Client: s.Client})
	if err != nil {
		return err
	}
	before := s.Head().Best.Number
	moved, err := f.Revert(chain.BlockNumber(n))
	if err != nil {
		return err
	}
	return emit(c, &revertReport{int(before - moved.Head.Best.Number), newPointReport(moved.Head.Best), newPointReport(moved.Head.Finalised)})
}
