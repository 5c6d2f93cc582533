package driver

import (
	"bytes"
	"context"
	"errors"
	"testing"

	"github.com/gotensor/gotensor/internal/outside"
	"github.com/gotensor/gotensor/primitives/chain"
	"github.com/gotensor/gotensor/wasmhost"
)

// A real runtime traps over an extrinsic that does not decode. The block is made of the others.
func TestUndecodableExtrinsic(t *testing.T) {
	s := newSubtensor(t, engine(t, wasmhost.Config{}), outside.Path(t, 1, testfinney), nil)
	ctx := context.Background()
	good := s.sign(s.others[0], s.genesis, true, transfer(s.alice.Account(), taoInRao))
	digest, inherents := Slot(slot0+1, s.duration)
	block, applied, err := s.Author(ctx, s.genesis, digest, inherents, []chain.OpaqueExtrinsic{chain.OpaqueExtrinsic("no extrinsic at all"), good})
	if err != nil {
		t.Fatal(err)
	}
	var trap *wasmhost.Trap
	if !errors.As(applied[0].Err, &trap) || applied[0].Included {
		t.Errorf("undecodable: got %+v", applied[0])
	}
	if applied[1].Err != nil || !applied[1].OK {
		t.Errorf("the one after it: got %+v", applied[1])
	}
	again, err := s.Execute(ctx, s.genesis, block.Block)
	if err != nil {
		t.Fatal(err)
	}
	if again.State.Root() != block.State.Root() || !bytes.Equal(block.Extrinsics[len(block.Extrinsics)-1], good) {
		t.Errorf("the block has root %s and %d extrinsics, executed %s", block.State.Root(), len(block.Extrinsics), again.State.Root())
	}
	t.Logf("the runtime: %v", applied[0].Err)
}
