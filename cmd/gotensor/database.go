package main

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"maps"
	"os"
	"os/signal"
	"path/filepath"
	"runtime"
	"slices"
	"time"

	"github.com/urfave/cli/v2"

	"github.com/gotensor/gotensor/primitives/chain"
	"github.com/gotensor/gotensor/primitives/hash"
	"github.com/gotensor/gotensor/storage/db"
	"github.com/gotensor/gotensor/storage/kv/badgerdb"
)

func databaseCommand() *cli.Command {
	return &cli.Command{
		Name:  "database",
		Usage: "look after the store of a chain",
		Description: `The store of a chain is the folder chains/ID/db/full below the base path. One process at a time has it open: stop the node first.
Info, check and backup leave what a node has still to fold or to prune as it is.
What is on the disk, and what to do about each refusal, is in docs/store.md.`,
		Subcommands: []*cli.Command{
			{
				Name:  "info",
				Usage: "print how far the chain is, and what is kept",
				Description: `   gotensor database info
   gotensor database info --base-path /var/lib/gotensor --chain bittensor --counts`,
				Flags:  append(storeFlags(), &cli.BoolFlag{Name: "counts", Usage: "read all, and count records and bytes by kind: takes long", DisableDefaultText: true}),
				Action: databaseInfo,
			},
			{
				Name:  "check",
				Usage: "read everything, compare all checksums, and hold the records against each other",
				Description: `The checksums of all files are compared, and then the records: each belongs to something, none is missing, and states give their roots. Nothing is
repaired. The exit code is 1 where something is wrong.

   gotensor database check
   gotensor database check --states 100 --chain bittensor`,
				Flags:  append(storeFlags(), &cli.IntFlag{Name: "states", Value: 3, Usage: "walk `N` states besides those of the best, the last finalised and the oldest block"}),
				Action: databaseCheck,
			},
			{
				Name:      "backup",
				Usage:     "write all that is in the store to a file",
				ArgsUsage: "FILE|-",
				Description: `"-" writes to stdout. A file appears under its name when all of it is on the disk, and none is written over. The same store gives the same bytes; they
are not compressed.

   gotensor database backup --chain bittensor bittensor.backup
   gotensor database backup - | zstd > bittensor.backup.zst`,
				Flags:  storeFlags(),
				Action: databaseBackup,
			},
			{
				Name:      "restore",
				Usage:     "make a store of a backup",
				ArgsUsage: "FILE|-",
				Description: `"-" reads from stdin. The chain has no store yet below the base path. Where it is interrupted, the store is refused from then on: delete its folder and
restore again.

   gotensor database restore --chain bittensor bittensor.backup
   zstd -d < bittensor.backup.zst | gotensor database restore --chain bittensor -`,
				Flags:  storeFlags(),
				Action: databaseRestore,
			},
			{
				Name:  "prune",
				Usage: "take away states or bodies of old blocks",
				Description: `A node prunes as it goes, with the same flags. This does it at once, and can be interrupted and done again. Where one of the flags is not given,
nothing of its kind is taken away. Room on the disk comes back as tables are rewritten, some of it later. Headers are always kept; what was pruned does not come back.

   gotensor database prune --state-pruning 256
   gotensor database prune --state-pruning 5000 --blocks-pruning 100000`,
				Flags:  append(storeFlags(), pruningFlags("archive-canonical", "archive-canonical")...),
				Action: databasePrune,
			},
		},
	}
}

type storeReport struct {
	Path        string                 `json:"path"`
	Genesis     hash.H256              `json:"genesis"`
	Best        pointReport            `json:"best"`
	Finalised   pointReport            `json:"finalised"`
	Folded      pointReport            `json:"folded"`
	Leaves      []pointReport          `json:"leaves"`
	Unfolded    int                    `json:"unfoldedBlocks"`
	OldestState chain.BlockNumber      `json:"oldestState"`
	OldestBody  chain.BlockNumber      `json:"oldestBody"`
	DiskBytes   uint64                 `json:"diskBytes"`
	Records     map[string]countReport `json:"records,omitempty"`
}

type countReport struct {
	Keys  uint64 `json:"keys"`
	Bytes uint64 `json:"bytes"`
}

func newStoreReport(store *db.DB, dir string) *storeReport {
	s := store.Stats()
	r := &storeReport{
		Path: dir, Genesis: store.Genesis(), Best: newPointReport(s.Head.Best), Finalised: newPointReport(s.Head.Finalised), Folded: newPointReport(s.Folded),
		Unfolded: s.Unfolded, OldestState: s.OldestState, OldestBody: s.OldestBody, DiskBytes: s.Store.DiskBytes,
	}
	for _, leaf := range store.Leaves() {
		r.Leaves = append(r.Leaves, newPointReport(leaf))
	}
	return r
}

func (r *storeReport) text(p *printer) {
	p.row("store", "%s", r.Path)
	p.row("genesis", "%s", r.Genesis)
	p.row("best block", "%s", r.Best)
	p.row("finalised", "%s", r.Finalised)
	p.row("folded", "%s", r.Folded)
	p.row("not folded", "%s", count(r.Unfolded, "block"))
	p.row("leaves", "%d", len(r.Leaves))
	p.row("states", "from block %d on", r.OldestState)
	p.row("bodies", "from block %d on", r.OldestBody)
	p.row("on the disk", "%s", size(r.DiskBytes))
	if r.Records == nil {
		return
	}
	p.line("\nrecords\tkeys\tbytes")
	var total countReport
	for _, kind := range slices.Sorted(maps.Keys(r.Records)) {
		n := r.Records[kind]
		p.line("%s\t%d\t%d", kind, n.Keys, n.Bytes)
		total.Keys += n.Keys
		total.Bytes += n.Bytes
	}
	p.line("all\t%d\t%d", total.Keys, total.Bytes)
}

// closing closes a store at the end of a command, whose error is the more important one.
func closing(store *db.DB, err *error) {
	if closed := store.Close(); *err == nil {
		*err = closed
	}
}

func databaseInfo(c *cli.Context) (err error) {
	if _, err := arguments(c, 0, 0); err != nil {
		return err
	}
	store, dir, err := openStore(c, db.Options{Still: true})
	if err != nil {
		return err
	}
	defer closing(store, &err)
	r := newStoreReport(store, dir)
	if c.Bool("counts") {
		counts, err := store.Counts()
		if err != nil {
			return err
		}
		r.Records = map[string]countReport{}
		for kind, n := range counts {
			r.Records[kind] = countReport(n)
		}
	}
	return emit(c, r)
}

type checkReport struct {
	Path     string   `json:"path"`
	Blocks   uint64   `json:"blocks"`
	Journals uint64   `json:"journalRecords"`
	Heads    uint64   `json:"headRecords"`
	History  uint64   `json:"historyRecords"`
	States   uint64   `json:"states"`
	Found    uint64   `json:"problemsFound"`
	Problems []string `json:"problems"` // the first of them
}

func (r *checkReport) text(p *printer) {
	p.row("store", "%s", r.Path)
	p.row("files", "all checksums are right")
	p.row("blocks", "%d", r.Blocks)
	p.row("journal records", "%d", r.Journals)
	p.row("head records", "%d", r.Heads)
	p.row("history records", "%d", r.History)
	p.row("states walked", "%d", r.States)
	p.row("problems", "%d", r.Found)
	for _, text := range r.Problems {
		p.line("  %s", text)
	}
}

// errProblems is a store that contradicts itself.
var errProblems = errors.New("store is damaged")

func databaseCheck(c *cli.Context) (err error) {
	if _, err := arguments(c, 0, 0); err != nil {
		return err
	}
	states := c.Int("states")
	if states < 0 {
		return usage(c, "--states %d: expected a number of states", states)
	}
	dir, _, err := chosenStore(c)
	if err != nil {
		return err
	}
	if err := badgerdb.Check(dir); err != nil {
		return err
	}
	store, _, err := openStore(c, db.Options{Still: true})
	if err != nil {
		return err
	}
	defer closing(store, &err)
	found, err := store.Check(states)
	if err != nil {
		return err
	}
	r := &checkReport{
		Path: dir, Blocks: found.Blocks, Journals: found.Journals, Heads: found.Heads, History: found.History, States: found.States,
		Found: found.Found, Problems: append([]string{}, found.Problems...),
	}
	if err := emit(c, r); err != nil {
		return err
	}
	if found.Found > 0 {
		return hint(fmt.Errorf("%w: %s", errProblems, count(int(found.Found), "problem")), "restore a backup, or move the folder away and synchronise again")
	}
	return nil
}

type backupReport struct {
	Path      string      `json:"path,omitempty"`
	Genesis   hash.H256   `json:"genesis"`
	Best      pointReport `json:"best"`
	Finalised pointReport `json:"finalised"`
	Records   countReport `json:"records"`
}

func newBackupReport(path string, info db.BackupInfo) *backupReport {
	return &backupReport{path, info.Genesis, newPointReport(info.Head.Best), newPointReport(info.Head.Finalised), countReport(info.Records)}
}

func (r *backupReport) text(p *printer) {
	if r.Path != "" {
		p.row("written", "%s", r.Path)
	}
	p.row("genesis", "%s", r.Genesis)
	p.row("best block", "%s", r.Best)
	p.row("finalised", "%s", r.Finalised)
	p.row("records", "%d, %s", r.Records.Keys, size(r.Records.Bytes))
}

// interruptible returns a context that ends with an interrupt, so that what was begun is left in order.
func interruptible(c *cli.Context) (context.Context, context.CancelFunc) {
	return signal.NotifyContext(c.Context, os.Interrupt)
}

func databaseBackup(c *cli.Context) (err error) {
	args, err := arguments(c, 1, 1)
	if err != nil {
		return err
	}
	if args[0] != "-" {
		if _, err := os.Lstat(args[0]); err == nil {
			return taken(args[0])
		}
	}
	store, _, err := openStore(c, db.Options{Still: true})
	if err != nil {
		return err
	}
	defer closing(store, &err)
	ctx, stop := interruptible(c)
	defer stop()
	t := newTicker(c)
	write := func(w io.Writer) (db.BackupInfo, error) {
		buffer := bufio.NewWriter(w)
		info, err := store.Backup(ctx, buffer, func(n db.Count) { t.tell("backup: %d records, %s", n.Keys, size(n.Bytes)) })
		if err == nil {
			err = buffer.Flush()
		}
		return info, err
	}
	if args[0] == "-" {
		info, err := write(c.App.Writer)
		if err != nil {
			return err
		}
		// stdout is the backup's.
		fmt.Fprintf(c.App.ErrWriter, "gotensor: backup of %s: %d records, %s\n", info.Head.Best, info.Records.Keys, size(info.Records.Bytes))
		return nil
	}
	var info db.BackupInfo
	err = writeWhole(args[0], func(w io.Writer) (err error) {
		info, err = write(w)
		return err
	})
	if err != nil {
		return err
	}
	return emit(c, newBackupReport(args[0], info))
}

// writeWhole makes a file that is there when all of it is on the disk, and not before. It takes the place of no other.
func writeWhole(path string, write func(io.Writer) error) (err error) {
	part := path + ".part"
	file, err := os.OpenFile(part, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o644)
	if errors.Is(err, os.ErrExist) {
		return hint(err, "another command is writing there; or one was interrupted: then delete this file")
	}
	if err != nil {
		return err
	}
	defer func() {
		if err != nil {
			os.Remove(part)
		}
	}()
	if err = write(file); err == nil {
		err = file.Sync()
	}
	if closed := file.Close(); err == nil {
		err = closed
	}
	if err == nil {
		err = appear(part, path)
	}
	return err
}

// appear gives a file its name, for good, unless there is one of that name.
func appear(part, path string) error {
	switch err := os.Link(part, path); {
	case errors.Is(err, os.ErrExist):
		return taken(path)
	case err != nil: // there are file systems without links
		if _, err := os.Lstat(path); err == nil {
			return taken(path)
		}
		if err := os.Rename(part, path); err != nil {
			return err
		}
	default:
		if err := os.Remove(part); err != nil {
			return err
		}
	}
	if runtime.GOOS == "windows" { // where folders cannot be synced
		return nil
	}
	dir, err := os.Open(filepath.Dir(path))
	if err != nil {
		return err
	}
	return errors.Join(dir.Sync(), dir.Close())
}

func taken(path string) error {
	return hint(fmt.Errorf("%s: there is such a file already", path), "what is written goes to a new file")
}

func databaseRestore(c *cli.Context) error {
	args, err := arguments(c, 1, 1)
	if err != nil {
		return err
	}
	if !c.IsSet(chainFlag.Name) {
		return usage(c, "restore which chain? give --chain")
	}
	memory, err := storeMemory(c)
	if err != nil {
		return err
	}
	dir, _, err := chosenStore(c)
	if err != nil {
		return err
	}
	in := c.App.Reader
	if args[0] != "-" {
		file, err := os.Open(args[0])
		if err != nil {
			return err
		}
		defer file.Close()
		in = file
	}
	limitMemory(memory)
	ctx, stop := interruptible(c)
	defer stop()
	t := newTicker(c)
	info, err := db.RestoreFolder(ctx, bufio.NewReaderSize(in, 1<<16), dir, memory, func(n db.Count) {
		t.tell("restore: %d records, %s", n.Keys, size(n.Bytes))
	})
	if err != nil {
		return err
	}
	return emit(c, newBackupReport(dir, info))
}

func databasePrune(c *cli.Context) (err error) {
	if _, err := arguments(c, 0, 0); err != nil {
		return err
	}
	o, err := pruningOptions(c)
	if err != nil {
		return err
	}
	if !c.IsSet(statePruning) && !c.IsSet(blocksPruning) {
		return usage(c, "prune what? give --%s or --%s", statePruning, blocksPruning)
	}
	store, dir, err := openStore(c, o)
	if err != nil {
		return err
	}
	defer closing(store, &err)
	ctx, stop := interruptible(c)
	defer stop()
	done := make(chan error, 1)
	go func() { done <- store.Settle() }()
	if err := await(ctx, c, store, done); err != nil {
		return err
	}
	return emit(c, newStoreReport(store, dir))
}

// await waits for the end of the background work, or of ctx, after which the rest is done when the store is opened again.
func await(ctx context.Context, c *cli.Context, store *db.DB, done <-chan error) error {
	for t := time.NewTicker(tick); ; {
		select {
		case err := <-done:
			t.Stop()
			return err
		case <-ctx.Done():
			t.Stop()
			return context.Cause(ctx)
		case <-t.C:
			s := store.Stats()
			fmt.Fprintf(c.App.ErrWriter, "gotensor: prune: states from block %d on, bodies from block %d on\n", s.OldestState, s.OldestBody)
		}
	}
}
