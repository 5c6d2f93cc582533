package upgrades_test

import (
	"bytes"
	"errors"
	"strings"
	"testing"

	"github.com/gotensor/gotensor/primitives/chain"
	"github.com/gotensor/gotensor/primitives/metadata"
	"github.com/gotensor/gotensor/primitives/scale"
	"github.com/gotensor/gotensor/testnet/driver"
	"github.com/gotensor/gotensor/testnet/localchain"
	"github.com/gotensor/gotensor/testnet/upgrades"
	"github.com/gotensor/gotensor/wasmhost"
)

// The runtimes follow each other without a node: Base is replaced by Next, whose migration runs once, and Next by Broken, on which no block can be made.
func TestUpgrades(t *testing.T) {
	ctx := t.Context()
	base, next, broken := upgrades.Base(t), upgrades.Next(t), upgrades.Broken(t)
	engine, err := wasmhost.NewEngine(wasmhost.Config{})
	if err != nil {
		t.Fatal(err)
	}
	defer engine.Close() //nolint:errcheck // the test is over
	c := driver.New(engine)
	parent, err := localchain.Genesis(ctx, engine, base.Compressed, "development")
	if err != nil {
		t.Fatal(err)
	}
	genesis := parent.Hash
	alice, err := driver.NewSender("//Alice")
	if err != nil {
		t.Fatal(err)
	}
	slot := uint64(141_000_000)
	author := func(calls ...[]byte) (*driver.Block, error) {
		rt, err := c.Runtime(ctx, parent)
		if err != nil {
			return nil, err
		}
		version, err := rt.Version(ctx)
		if err != nil {
			return nil, err
		}
		var extrinsics []chain.OpaqueExtrinsic
		for _, call := range calls {
			extrinsics = append(extrinsics, alice.Sign(call, driver.Terms{Version: version, Genesis: genesis, Birth: genesis, MetadataHash: true}))
		}
		slot++
		digest, inherents := driver.Slot(slot, 250)
		block, applied, err := c.Author(ctx, parent, digest, inherents, extrinsics)
		for i, a := range applied {
			if !a.OK {
				t.Fatalf("extrinsic %d: %x, %v", i, a.Result, a.Err)
			}
		}
		return block, err
	}
	// Sudo.sudo(System.set_code(code))
	setCode := func(code []byte) []byte { return append([]byte{12, 0, 0, 2}, scale.AppendBytes(nil, code)...) }
	step := func(calls ...[]byte) {
		t.Helper()
		if parent, err = author(calls...); err != nil {
			t.Fatal(err)
		}
	}
	entry := func() []byte {
		value, _, err := parent.State.Get(nil, driver.StorageKey(upgrades.GuestBook, "Entries", driver.Blake2_128Concat(upgrades.Migrated[:])))
		if err != nil {
			t.Fatal(err)
		}
		return value
	}
	has := func() bool {
		rt, err := c.Runtime(ctx, parent)
		if err != nil {
			t.Fatal(err)
		}
		data, err := rt.Metadata(ctx)
		if err != nil {
			t.Fatal(err)
		}
		m, err := metadata.Decode(data)
		if err != nil {
			t.Fatal(err)
		}
		return m.Pallet(upgrades.GuestBook) != nil
	}

	step(setCode(next.Compressed))
	if entry() != nil || !has() {
		t.Errorf("the block that sets the code: entry %x, the code after it has the guest book: %v", entry(), has())
	}
	for range 3 {
		step()
		// One byte of text, 1, then the number of the block, which is still that of the block before when migrations run.
		if want := []byte{4, 1, 1, 0, 0, 0}; !bytes.Equal(entry(), want) {
			t.Errorf("block %d: entry %x, expected %x", parent.Header.Number, entry(), want)
		}
	}
	step(append([]byte{99, 0}, scale.AppendString(nil, "was here")...))
	before, nonce := parent, alice.Nonce
	step(setCode(broken.Compressed))
	for range 2 {
		_, err := author()
		var guest *wasmhost.GuestPanic
		if !errors.As(err, &guest) || !strings.Contains(guest.Message, upgrades.Trap) {
			t.Errorf("a block of the runtime that traps: %v", err)
		}
	}
	// The same version without the trap counts on where Next began.
	parent, alice.Nonce = before, nonce
	step(setCode(upgrades.Mended(t).Compressed))
	step()
	if want := []byte{4, 2, 6, 0, 0, 0}; !bytes.Equal(entry(), want) {
		t.Errorf("entry %x, expected %x", entry(), want)
	}
}

// A changed version section is what the host reads.
func TestStating(t *testing.T) {
	other := upgrades.Stating(t, upgrades.Base(t), func(v *chain.RuntimeVersion) { v.SpecName = "other" })
	engine, err := wasmhost.NewEngine(wasmhost.Config{})
	if err != nil {
		t.Fatal(err)
	}
	defer engine.Close() //nolint:errcheck // the test is over
	rt, err := engine.Load(t.Context(), other.Compressed)
	if err != nil {
		t.Fatal(err)
	}
	if v, err := rt.Version(t.Context()); err != nil || v.SpecName != "other" || v.SpecVersion != other.Version.SpecVersion {
		t.Errorf("got %+v, %v", v, err)
	}
}
