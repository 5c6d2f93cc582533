package main

import (
	"crypto/rand"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"

	"github.com/urfave/cli/v2"

	"github.com/gotensor/gotensor/node"
)

var binFlag = &cli.BoolFlag{Name: "bin", Usage: "the secret is 32 bytes as they are, instead of hex", DisableDefaultText: true}

func generateNodeKeyCommand() *cli.Command {
	return &cli.Command{
		Name:  "generate-node-key",
		Usage: "make the secret of a node's identity",
		Description: `The secret goes to --file, into the folder of a chain (--base-path or --default-base-path, with --chain), or else to stdout; the identity that it makes goes to
stderr. No file is written over.

   gotensor key generate-node-key --file node.key
   gotensor key generate-node-key --base-path /var/lib/gotensor --chain local`,
		Flags: []cli.Flag{
			&cli.StringFlag{Name: "file", Usage: "write the secret to this `FILE`"},
			binFlag, basePathFlag, chainFlag,
			&cli.BoolFlag{Name: "default-base-path", Usage: "write it below the base path that a node takes where it is given none", DisableDefaultText: true},
		},
		Action: generateNodeKey,
	}
}

func inspectNodeKeyCommand() *cli.Command {
	return &cli.Command{
		Name:  "inspect-node-key",
		Usage: "print the identity that a node has by its secret",
		Description: `The secret comes from --file, or else from stdin.

   gotensor key inspect-node-key --file node.key`,
		Flags:  []cli.Flag{&cli.StringFlag{Name: "file", Usage: "read the secret from this `FILE`"}, binFlag},
		Action: inspectNodeKey,
	}
}

type nodeKeyReport struct {
	PeerID string `json:"peerId"`
	Secret string `json:"secret,omitempty"` // where it is in no file
	File   string `json:"file,omitempty"`
}

func (r *nodeKeyReport) text(p *printer) {
	if r.Secret != "" {
		p.line("%s", r.Secret)
	} else if r.File == "" {
		p.line("%s", r.PeerID)
	}
}

// What goes where is sc-cli's, commands/generate_node_key.rs and inspect_node_key.rs (paritytech/polkadot-sdk). That one writes over the file of --file.
func generateNodeKey(c *cli.Context) error {
	if _, err := arguments(c, 0, 0); err != nil {
		return err
	}
	file, folder := c.String("file"), c.String(basePathFlag.Name) != "" || c.Bool("default-base-path")
	switch {
	case file != "" && (folder || c.IsSet(chainFlag.Name)):
		return usage(c, "--file excludes --%s, --default-base-path and --%s", basePathFlag.Name, chainFlag.Name)
	case c.String(basePathFlag.Name) != "" && c.Bool("default-base-path"):
		return usage(c, "--%s and --default-base-path exclude each other", basePathFlag.Name)
	case folder:
		store, _, err := chosenStore(c)
		if err != nil {
			return err
		}
		file = node.KeyFile(filepath.Dir(filepath.Dir(store)))
		if err := os.MkdirAll(filepath.Dir(file), 0o700); err != nil {
			return err
		}
	}
	secret := new([32]byte)
	rand.Read(secret[:])
	data := []byte(hex.EncodeToString(secret[:]))
	if c.Bool(binFlag.Name) {
		data = secret[:]
	}
	r := &nodeKeyReport{PeerID: node.PeerID(secret), File: file}
	switch {
	case file != "":
		if err := writeSecret(file, data); errors.Is(err, os.ErrExist) {
			return hint(fmt.Errorf("node key: %w", err), "a node that gets another secret is another node to its peers: move this one away first")
		} else if err != nil {
			return fmt.Errorf("node key: %w", err)
		}
	case c.Bool(binFlag.Name) && !wantsJSON(c):
		if _, err := c.App.Writer.Write(data); err != nil {
			return err
		}
		r.File = "-" // it is said
	default:
		r.Secret = hex.EncodeToString(secret[:])
	}
	if err := emit(c, r); err != nil {
		return err
	}
	_, err := fmt.Fprintln(c.App.ErrWriter, r.PeerID)
	return err
}

func inspectNodeKey(c *cli.Context) error {
	if _, err := arguments(c, 0, 0); err != nil {
		return err
	}
	data, from := []byte(nil), "stdin"
	var err error
	if file := c.String("file"); file != "" {
		from = file
		data, err = os.ReadFile(file)
	} else {
		data, err = io.ReadAll(io.LimitReader(c.App.Reader, maxSecret))
	}
	if err != nil {
		return fmt.Errorf("node key: %w", err)
	}
	if c.Bool(binFlag.Name) && len(data) != 32 {
		return fmt.Errorf("node key of %s: expected 32 bytes, got %d", from, len(data))
	}
	secret, err := node.ParseNodeKey(data)
	if err != nil {
		return fmt.Errorf("node key of %s: %w", from, err)
	}
	return emit(c, &nodeKeyReport{PeerID: node.PeerID(secret)})
}

// writeSecret makes a file that its owner alone may read. It takes the place of no other.
func writeSecret(path string, data []byte) error {
	file, err := os.OpenFile(path, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
	if err != nil {
		return err
	}
	_, err = file.Write(data)
	return errors.Join(err, file.Sync(), file.Close())
}
