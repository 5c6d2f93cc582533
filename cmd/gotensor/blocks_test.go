package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"testing"
	"time"

	"github.com/rogpeppe/go-internal/testscript"

	"github.com/gotensor/gotensor/consensus/aura"
	"github.com/gotensor/gotensor/consensus/grandpa"
	"github.com/gotensor/gotensor/node"
	"github.com/gotensor/gotensor/node/chainspec"
	"github.com/gotensor/gotensor/node/client"
	"github.com/gotensor/gotensor/node/finality"
	"github.com/gotensor/gotensor/node/keystore"
	"github.com/gotensor/gotensor/primitives/chain"
	"github.com/gotensor/gotensor/primitives/keys"
	"github.com/gotensor/gotensor/primitives/scale"
	"github.com/gotensor/gotensor/runtime-wasm/runtime"
	"github.com/gotensor/gotensor/storage/db"
	"github.com/gotensor/gotensor/testnet/driver"
	"github.com/gotensor/gotensor/testnet/ourruntime"
	"github.com/gotensor/gotensor/wasmhost"
)

// The chain of the scripts in testdata/chain: blocks of our runtime, with transfers, whose first part is final.
const (
	chainBlocks = 12
	chainFinal  = 8
)

// TestChainScripts runs the sessions of testdata/chain. Each begins in a folder with base, where the chain "mine" is kept, mine.json, its raw spec, and ours.wasm, our runtime.
func TestChainScripts(t *testing.T) {
	if testing.Short() {
		t.Skip("it compiles the standard library for Wasm")
	}
	made := t.TempDir()
	hashes := makeChain(t, made)
	testscript.Run(t, testscript.Params{
		Dir:                 filepath.Join("testdata", "chain"),
		RequireExplicitExec: true,
		RequireUniqueNames:  true,
		Setup: func(env *testscript.Env) error {
			env.Setenv("XDG_CACHE_HOME", filepath.Join(made, "cache")) // compiled code, once for all
			env.Setenv("MIN_CACHE", strconv.Itoa(db.MinMemory>>20))
			for n, hash := range hashes {
				env.Setenv(fmt.Sprint("BLOCK", n), hash)
			}
			if err := os.CopyFS(filepath.Join(env.WorkDir, "base"), os.DirFS(filepath.Join(made, "base"))); err != nil {
				return err
			}
			if err := os.Link(filepath.Join(made, "mine.json"), filepath.Join(env.WorkDir, "mine.json")); err != nil {
				return err
			}
			return os.WriteFile(filepath.Join(env.WorkDir, "ours.wasm"), ourruntime.Code(t), 0o644)
		},
	})
}

// makeChain makes the chain below dir and returns the hashes of its blocks.
func makeChain(t *testing.T, dir string) (hashes []string) {
	ctx := t.Context()
	check := func(err error) {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
	}
	engine, err := wasmhost.NewEngine(wasmhost.Config{})
	check(err)
	defer engine.Close()
	genesis, err := chainspec.FromPreset(ctx, engine, ourruntime.Code(t), "development")
	check(err)
	spec := &chainspec.Spec{Name: "Mine", ID: "mine", ChainType: "Local", Genesis: *genesis}
	file, err := os.Create(filepath.Join(dir, "mine.json"))
	check(err)
	check(errors.Join(spec.Write(file), file.Close()))
	folder, err := chainFolder(filepath.Join(dir, "base"), spec.ID)
	check(err)
	store, block0, err := node.OpenStore(ctx, engine, spec, folder, db.MinMemory, db.Options{})
	check(err)
	defer func() { check(store.Close()) }()
	c, err := client.New(ctx, client.Config{Engine: engine, Store: store})
	check(err)

	held := keystore.New("")
	_, err = held.Generate(keys.Ed25519, grandpa.KeyType, "//One")
	check(err)
	voter, err := finality.New(ctx, finality.Config{Client: c, Keystore: held, JustificationPeriod: 1})
	check(err)
	author, err := keys.FromURI(keys.Sr25519, "//One", "")
	check(err)
	alice, err := driver.NewSender("//Alice")
	check(err)
	bob, err := driver.NewSender("//Bob")
	check(err)
	version, err := c.Version(ctx, block0.Hash)
	check(err)
	terms := driver.Terms{Version: version, Genesis: block0.Hash, Birth: block0.Hash, MetadataHash: true}
	to := bob.Account()
	hashes = append(hashes, block0.Hash.String())
	for n := range uint64(chainBlocks) {
		if n == chainFinal+2 { // GRANDPA leaves the best two blocks to the next round
			running, stop := context.WithCancel(ctx)
			ended := make(chan error, 1)
			go func() { ended <- voter.Run(running) }()
			for start := time.Now(); c.Head().Finalised.Number < chainFinal; time.Sleep(time.Millisecond) {
				if time.Since(start) > time.Minute {
					t.Fatalf("nothing becomes final: %+v", c.Head())
				}
			}
			stop()
			check(<-ended)
		}
		digest, inherents := driver.Slot(141_000_000+n, runtime.SlotDuration)
		b, err := c.Build(ctx, c.Head().Best.Hash, digest)
		check(err)
		_, err = b.Inherents(ctx, inherents)
		check(err)
		applied, err := b.Apply(ctx, alice.Sign(scale.AppendCompact(append([]byte{5, 3, 0}, to[:]...), uint64(1_000_000)), terms))
		if err != nil || !applied.OK {
			t.Fatalf("%+v, %v", applied, err)
		}
		built, err := b.Finish(ctx)
		check(err)
		whole := built.Block
		hash := whole.Header.Hash()
		whole.Header.Digest = append(whole.Header.Digest, aura.Seal([64]byte(author.Sign(hash[:]))))
		imported, err := voter.Import(ctx, &client.Block{Origin: client.OriginOwn, Block: whole, Built: built})
		check(err)
		hashes = append(hashes, imported.String())
	}
	if head := c.Head(); head.Best.Number != chainBlocks || head.Finalised.Number != chainFinal {
		t.Fatalf("head %+v", head)
	}
	if js, err := store.Justifications(mustHash(t, store, chainFinal)); err != nil || len(js) != 1 {
		t.Fatalf("justifications %v, %v", js, err)
	}
	return hashes
}

func mustHash(t *testing.T, store *db.DB, n chain.BlockNumber) (h [32]byte) {
	t.Helper()
	hash, err := store.Hash(n)
	if err != nil {
		t.Fatal(err)
	}
	return hash
}
