package main

import (
	"path/filepath"

	"github.com/urfave/cli/v2"

	"github.com/gotensor/gotensor/node"
	"github.com/gotensor/gotensor/node/keystore"
	"github.com/gotensor/gotensor/primitives/keys"
)

func keyInsertCommand() *cli.Command {
	return &cli.Command{
		Name:  "insert",
		Usage: "put a key into the keystore of a node",
		Description: `The file has the name and the content that a Substrate node gives it. A running node sees it at once. aura signs with sr25519, gran with ed25519.

   gotensor key insert --key-type aura --scheme sr25519 --suri key.txt --chain local
   gotensor key insert --key-type gran --scheme ed25519 --suri //Alice --base-path /var/lib/gotensor --chain chain.json`,
		Flags: append([]cli.Flag{
			&cli.StringFlag{Name: "suri", Usage: "secret `URI` of the key, or a file that holds it", DefaultText: "asked for"},
			&cli.StringFlag{Name: "key-type", Usage: "what the key is for, in four letters: `TYPE`, as aura or gran"},
			schemeFlag, basePathFlag, chainFlag,
			&cli.StringFlag{Name: "keystore-path", Usage: "the keystore is this `FOLDER`", DefaultText: "that of the chain, below the base path"},
		}, storePasswordFlags...),
		Action: keyInsert,
	}
}

type insertReport struct {
	KeyType   string `json:"keyType"`
	PublicKey string `json:"publicKey"`
	Keystore  string `json:"keystore"`
}

func (r *insertReport) text(p *printer) {
	p.row("key type", "%s", r.KeyType)
	p.row("public key", "%s", r.PublicKey)
	p.row("keystore", "%s", r.Keystore)
}

// Source: sc-cli, commands/insert_key.rs.
func keyInsert(c *cli.Context) error {
	if _, err := arguments(c, 0, 0); err != nil {
		return err
	}
	var id keys.TypeID
	if kind := c.String("key-type"); copy(id[:], kind) != len(id) || len(kind) != len(id) {
		return usage(c, "--key-type %q: expected four letters, as aura or gran", kind)
	}
	if !c.IsSet(schemeFlag.Name) {
		return usage(c, "give --scheme: the keystore does not tell keys of different schemes apart")
	}
	scheme, err := schemeOf(c)
	if err != nil {
		return err
	}
	folder, err := chosenKeystore(c)
	if err != nil {
		return err
	}
	password, err := passwordOf(c)
	if err != nil {
		return err
	}
	uri, fromArgs, err := readURI(c, c.String("suri"))
	if err != nil {
		return err
	}
	pair, err := pairFrom(c, scheme, uri, password, fromArgs)
	if err != nil {
		return err
	}
	store, err := keystore.Open(folder, password)
	if err != nil {
		return err
	}
	if err := store.Insert(id, uri, pair.Public()); err != nil {
		return err
	}
	return emit(c, &insertReport{c.String("key-type"), hexString(pair.Public()), folder})
}

// chosenKeystore says which keystore the flags mean. A chain need not have been begun to have one.
func chosenKeystore(c *cli.Context) (string, error) {
	if folder := c.String("keystore-path"); folder != "" {
		return folder, nil
	}
	store, _, err := chosenStore(c)
	if err != nil {
		return "", err
	}
	return node.KeystoreFolder(filepath.Dir(filepath.Dir(store))), nil
}
