package main

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"

	"github.com/urfave/cli/v2"

	"github.com/gotensor/gotensor/storage/kv"
	"github.com/gotensor/gotensor/storage/kv/badgerdb"
)

func purgeChainCommand() *cli.Command {
	return &cli.Command{
		Name:  "purge-chain",
		Usage: "remove a chain's store",
		Description: `Blocks and states go, for good, and the spec that a chain of our own began with; keys and the node's identity stay. It asks first.

   gotensor purge-chain --chain dev
   gotensor purge-chain -y --base-path /var/lib/gotensor --chain bittensor`,
		Flags: []cli.Flag{
			&cli.BoolFlag{Name: "y", Usage: "do not ask", DisableDefaultText: true},
			basePathFlag, chainFlag,
		},
		Action: purgeChain,
	}
}

// purgeReport tells what became of a folder.
type purgeReport struct {
	Folder  string `json:"folder"`
	Removed bool   `json:"removed"`
	Asked   bool   `json:"-"` // and the answer was no
}

func (r *purgeReport) text(p *printer) {
	switch {
	case r.Removed:
		p.line("%q removed.", r.Folder)
	case r.Asked:
		p.line("Aborted")
	default:
		p.line("%q did not exist.", r.Folder)
	}
}

// Texts and behaviour are those of sc-cli, commands/purge_chain_cmd.rs; a store that a node has open is refused here.
func purgeChain(c *cli.Context) error {
	if _, err := arguments(c, 0, 0); err != nil {
		return err
	}
	store, _, err := chosenStore(c)
	if err != nil {
		return err
	}
	r := &purgeReport{Folder: filepath.Dir(store)}
	if err := badgerdb.InUse(store); errors.Is(err, kv.ErrLocked) {
		return hint(fmt.Errorf("%q: %w", r.Folder, kv.ErrLocked), "stop the node first")
	}
	if !c.Bool("y") {
		fmt.Fprintf(c.App.ErrWriter, "Are you sure to remove %q? [y/N]: ", r.Folder)
		line, err := bufio.NewReader(io.LimitReader(c.App.Reader, 1<<10)).ReadString('\n')
		if err != nil && !errors.Is(err, io.EOF) {
			return fmt.Errorf("read stdin: %w", err)
		}
		if line = strings.TrimSpace(line); !strings.HasPrefix(line, "y") && !strings.HasPrefix(line, "Y") {
			r.Asked = true
			return emit(c, r)
		}
	}
	switch _, err := os.Lstat(r.Folder); {
	case errors.Is(err, os.ErrNotExist):
		return emit(c, r)
	case err != nil:
		return err
	}
	if err := os.RemoveAll(r.Folder); err != nil {
		return err
	}
	if err := os.Remove(specFile(filepath.Dir(r.Folder))); err != nil && !errors.Is(err, os.ErrNotExist) {
		return err
	}
	r.Removed = true
	return emit(c, r)
}
