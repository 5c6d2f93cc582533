package main

import (
	"errors"
	"fmt"
	"math"
	"os"
	"path/filepath"
	"regexp"
	"runtime"
	"runtime/debug"
	"strconv"
	"strings"
	"time"

	"github.com/urfave/cli/v2"

	"github.com/gotensor/gotensor/node/chainspec"
	"github.com/gotensor/gotensor/primitives/chain"
	"github.com/gotensor/gotensor/primitives/hash"
	"github.com/gotensor/gotensor/storage/db"
)

// Flags of all that has to do with the store of a chain. Names and values are Substrate's: sc-cli, params/shared_params.rs, database_params.rs and
// pruning_params.rs (paritytech/polkadot-sdk).
var (
	basePathFlag = &cli.StringFlag{Name: "base-path", Aliases: []string{"d"}, Usage: "keep the chains below this `FOLDER`", DefaultText: "gotensor in the user's folder of data"}
	chainFlag    = &cli.StringFlag{Name: "chain", Usage: "`SPEC` of the chain, or the id of one that is below the base path", DefaultText: "the only one below the base path"}
	dbCacheFlag  = &cli.Int64Flag{Name: "db-cache", Value: db.DefaultMemory >> 20, Usage: "`MiB` of memory that the store may take, caches and tables together"}
)

// Names of the flags that say what is kept.
const (
	statePruning  = "state-pruning"
	blocksPruning = "blocks-pruning"
)

// pruningFlags say what is kept, with what stands where they are not given. Substrate's defaults for a node are 256 and archive-canonical.
func pruningFlags(state, blocks string) []cli.Flag {
	return []cli.Flag{
		&cli.StringFlag{Name: statePruning, Aliases: []string{"pruning"}, Value: state,
			Usage: "keep the states of finalised blocks: of so many, counted from the last one, or archive or archive-canonical for all: `MODE`"},
		&cli.StringFlag{Name: blocksPruning, Aliases: []string{"keep-blocks"}, Value: blocks,
			Usage: "keep bodies of finalised blocks: of so many, counted from the last one, or archive or archive-canonical for all: `MODE`"},
	}
}

// storeFlags say which store.
func storeFlags() []cli.Flag { return []cli.Flag{basePathFlag, chainFlag, dbCacheFlag} }

// parsePruning reads a mode of --state-pruning or --blocks-pruning as db.Options has it: a number of finalised blocks, 0 for all. Both archives keep all that
// is final; blocks of forks that lost are kept by none.
func parsePruning(text string) (keep uint32, err error) {
	switch text {
	case "archive", "archive-canonical":
		return 0, nil
	}
	n, err := strconv.ParseUint(text, 10, 32)
	if err != nil || n == 0 {
		return 0, fmt.Errorf("%q: expected archive, archive-canonical or a number of blocks from 1 to %d", text, uint32(math.MaxUint32))
	}
	return uint32(n), nil
}

// pruningOptions reads what pruningFlags say.
func pruningOptions(c *cli.Context) (o db.Options, err error) {
	if o.KeepStates, err = parsePruning(c.String(statePruning)); err != nil {
		return o, usage(c, "--%s %v", statePruning, err)
	}
	if o.KeepBodies, err = parsePruning(c.String(blocksPruning)); err != nil {
		return o, usage(c, "--%s %v", blocksPruning, err)
	}
	return o, nil
}

// storeMemory reads --db-cache, in bytes.
func storeMemory(c *cli.Context) (int64, error) {
	mib := c.Int64(dbCacheFlag.Name)
	if mib < db.MinMemory>>20 || mib > math.MaxInt64>>24 {
		return 0, usage(c, "--%s %d: expected MiB, at least %d", dbCacheFlag.Name, mib, db.MinMemory>>20)
	}
	return mib << 20, nil
}

// besides is what a command about a store needs of memory besides it.
const besides = 256 << 20

// limitMemory has the collector keep the process near the bound of the store, which package badgerdb relies on. GOMEMLIMIT has the last word.
func limitMemory(memory int64) {
	if os.Getenv("GOMEMLIMIT") == "" {
		debug.SetMemoryLimit(memory + besides)
	}
}

// defaultBasePath is where chains are kept where nothing else is said: as Substrate, in the platform's folder for data of programs.
func defaultBasePath() (string, error) {
	var dir string
	switch runtime.GOOS {
	case "windows":
		dir = os.Getenv("LocalAppData")
	case "darwin":
		if home, err := os.UserHomeDir(); err == nil {
			dir = filepath.Join(home, "Library", "Application Support")
		}
	default:
		if dir = os.Getenv("XDG_DATA_HOME"); dir == "" {
			if home, err := os.UserHomeDir(); err == nil {
				dir = filepath.Join(home, ".local", "share")
			}
		}
	}
	if dir == "" {
		return "", errors.New("no folder for data is known: give --base-path")
	}
	return filepath.Join(dir, "gotensor"), nil
}

func basePath(c *cli.Context) (string, error) {
	if dir := c.String(basePathFlag.Name); dir != "" {
		return dir, nil
	}
	return defaultBasePath()
}

// chainID are the ids that can name a folder. A spec comes from elsewhere, so its id may be anything.
var chainID = regexp.MustCompile(`^[A-Za-z0-9_-][A-Za-z0-9_.-]{0,99}$`)

// storeFolder is where the store of a chain is, with Substrate's names: below the base path, chains/ID/db/full.
func storeFolder(base, id string) (string, error) {
	if !chainID.MatchString(id) {
		return "", fmt.Errorf("chain id %q cannot name a folder: expected letters, digits, '-', '_' and '.', at most 100", id)
	}
	return filepath.Join(base, "chains", id, "db", "full"), nil
}

// chosenStore says which store the flags mean. spec is what --chain names where that is a file.
func chosenStore(c *cli.Context) (dir string, spec *chainspec.Spec, err error) {
	base, err := basePath(c)
	if err != nil {
		return "", nil, err
	}
	name := c.String(chainFlag.Name)
	if name == "" {
		name, err = onlyChain(base)
		if err != nil {
			return "", nil, err
		}
	} else if info, err := os.Stat(name); err == nil && !info.IsDir() {
		if spec, err = chainspec.ReadFile(name); err != nil {
			return "", nil, specHint(name, err)
		}
		name = spec.ID
	} else if !chainID.MatchString(name) {
		return "", nil, fmt.Errorf("--%s %q: neither a file nor the id of a chain", chainFlag.Name, name)
	}
	dir, err = storeFolder(base, name)
	return dir, spec, err
}

// onlyChain returns the id of the chain that alone has a store below base.
func onlyChain(base string) (string, error) {
	found, err := filepath.Glob(filepath.Join(escapeGlob(base), "chains", "*", "db", "full"))
	if err != nil {
		return "", err
	}
	var ids []string
	for _, dir := range found {
		ids = append(ids, filepath.Base(filepath.Dir(filepath.Dir(dir))))
	}
	switch len(ids) {
	case 0:
		return "", hint(fmt.Errorf("no store of a chain below %q", base), "--base-path says where to look, --chain which chain is meant")
	case 1:
		return ids[0], nil
	}
	return "", hint(fmt.Errorf("%s below %q", count(len(ids), "chain"), base), "give one of them with --chain: %s", strings.Join(ids, ", "))
}

func escapeGlob(path string) string {
	if runtime.GOOS == "windows" { // where the backslash parts folders, and nothing is escaped
		return path
	}
	return regexp.MustCompile(`[\\*?[]`).ReplaceAllString(path, `\$0`)
}

// openStore opens the store that the flags mean.
func openStore(c *cli.Context, o db.Options) (store *db.DB, dir string, err error) {
	memory, err := storeMemory(c)
	if err != nil {
		return nil, "", err
	}
	if dir, _, err = chosenStore(c); err != nil {
		return nil, "", err
	}
	store, err = db.OpenFolder(dir, memory, ready(c, memory, o))
	return store, dir, err
}

// ready is for the moment before a store is opened with options: what a process with a store needs is set, and the store's log is the command's.
func ready(c *cli.Context, memory int64, o db.Options) db.Options {
	limitMemory(memory)
	o.Log = func(err error) { printHint(c.App.ErrWriter, "work in the background: %v", err) }
	return o
}

// ticker prints how far a long work is, on stderr, every two seconds.
type ticker struct {
	c    *cli.Context
	next time.Time
}

const tick = 2 * time.Second

func newTicker(c *cli.Context) *ticker { return &ticker{c, time.Now().Add(tick)} }

func (t *ticker) tell(format string, args ...any) {
	if now := time.Now(); now.After(t.next) {
		t.next = now.Add(tick)
		fmt.Fprintf(t.c.App.ErrWriter, "gotensor: "+format+"\n", args...)
	}
}

// size prints bytes in the largest unit that fits.
func size(bytes uint64) string {
	for _, unit := range []struct {
		bytes uint64
		name  string
	}{{1 << 30, "GiB"}, {1 << 20, "MiB"}, {1 << 10, "KiB"}} {
		if bytes >= unit.bytes {
			return fmt.Sprintf("%.1f %s", float64(bytes)/float64(unit.bytes), unit.name)
		}
	}
	return count(int(bytes), "byte")
}

// pointReport is a block in JSON.
type pointReport struct {
	Number chain.BlockNumber `json:"number"`
	Hash   hash.H256         `json:"hash"`
}

func newPointReport(p db.Point) pointReport { return pointReport{p.Number, p.Hash} }

func (p pointReport) String() string { return fmt.Sprintf("%d %s", p.Number, p.Hash) }
