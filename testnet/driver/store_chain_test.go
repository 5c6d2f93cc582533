package driver

import (
	"context"
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/gotensor/gotensor/internal/outside"
	"github.com/gotensor/gotensor/internal/tinyruntime"
	"github.com/gotensor/gotensor/node/execution"
	"github.com/gotensor/gotensor/primitives/chain"
	"github.com/gotensor/gotensor/primitives/hash"
	"github.com/gotensor/gotensor/primitives/scale"
	"github.com/gotensor/gotensor/storage"
	"github.com/gotensor/gotensor/storage/trie"
	"github.com/gotensor/gotensor/wasmhost"
)

// maker is a chain that TestStoreBlocks drives: it makes a block on a parent, another one in each slot, and executes it on the parent again.
type maker interface {
	start() *Block
	make(parent *Block, slot uint64) (*Block, error)
	execute(parent *Block, block chain.Block) (*Block, error)
}

// subtensorMaker makes blocks of Subtensor 143. It knows the nonces of all senders after each block, as each fork has its own.
type subtensorMaker struct {
	*subtensor
	nonces map[hash.H256][]uint32
}

func newSubtensorMaker(t *testing.T, cases int) maker {
	specPath := outside.Path(t, cases, testfinney)
	code := unhex(t, outside.Read(t, cases, spec143))
	s := &subtensorMaker{newSubtensor(t, engine(t, wasmhost.Config{}), specPath, code), map[hash.H256][]uint32{}}
	s.nonces[s.genesis.Hash] = make([]uint32, len(s.senders()))
	return s
}

func (s *subtensorMaker) senders() []*Sender {
	return slices.Concat([]*Sender{s.alice}, s.others, s.hotkeys)
}

func (s *subtensorMaker) start() *Block { return s.genesis }

func (s *subtensorMaker) make(parent *Block, slot uint64) (*Block, error) {
	for i, sender := range s.senders() {
		sender.Nonce = s.nonces[parent.Hash][i]
	}
	n := uint64(parent.Header.Number) + 1
	to := s.others[(n+1)%5].Account()
	extrinsics := []chain.OpaqueExtrinsic{s.sign(s.others[n%5], parent, true, transfer(to, (n%500+1)*taoInRao/10))}
	for _, op := range s.operations143(parent) {
		extrinsics = append(extrinsics, op.x)
	}
	digest, inherents := Slot(slot0+slot, s.duration)
	block, applied, err := s.Author(context.Background(), parent, digest, inherents, extrinsics)
	if err != nil {
		return nil, err
	}
	for i, a := range applied {
		if !a.Included {
			return nil, fmt.Errorf("block %d: extrinsic %d was refused: 0x%x, %w", n, i, a.Result, a.Err)
		}
	}
	nonces := make([]uint32, len(s.senders()))
	for i, sender := range s.senders() {
		nonces[i] = sender.Nonce
	}
	s.nonces[block.Hash] = nonces
	return block, nil
}

func (s *subtensorMaker) execute(parent *Block, block chain.Block) (*Block, error) {
	return s.Execute(context.Background(), parent, block)
}

// tinyMaker makes blocks with the runtime of package tinyruntime, which needs no file of another project. It knows no blocks, only calls; so the test is what
// a real runtime is besides: an extrinsic is a key, which the runtime writes, and the test writes and deletes others by it.
type tinyMaker struct {
	*Chain
	genesis *Block
}

func newTinyMaker(t *testing.T) maker {
	changes := []storage.Change{{Key: codeKey, Value: tinyruntime.Module()}}
	for i := range 1000 {
		changes = append(changes, storage.Change{Key: fmt.Appendf(nil, "key %03d", i), Value: fmt.Appendf(nil, "%0*d", i%100, i)})
	}
	state, err := storage.NewMemoryState(&storage.Changes{Top: changes}, trie.V1)
	if err != nil {
		t.Fatal(err)
	}
	header := chain.Header{StateRoot: state.Root()}
	return &tinyMaker{New(engine(t, wasmhost.Config{})), &Block{Block: chain.Block{Header: header}, Hash: header.Hash(), State: state}}
}

func (c *tinyMaker) start() *Block { return c.genesis }

// run begins an execution and takes extrinsics.
func (c *tinyMaker) run(parent *Block, extrinsics []chain.OpaqueExtrinsic) (*execution.Execution, error) {
	ctx := context.Background()
	on, err := c.begin(ctx, parent)
	if err != nil {
		return nil, err
	}
	for _, x := range extrinsics {
		if _, err := on.Call(ctx, "Tiny_put", x); err != nil {
			return nil, err
		}
		// What was written before is read through the runtime.
		read, err := on.Call(ctx, "Tiny_get", x)
		if err != nil {
			return nil, err
		}
		if got, err := scale.UnmarshalFunc(read, func(d *scale.Decoder) []byte { d.U8(); return d.Bytes() }); err != nil || string(got) != string(x) {
			return nil, fmt.Errorf("the runtime read %q of %q: %v", got, x, err)
		}
		sum := hash.Blake2b256(x)
		r := rand.New(rand.NewPCG(uint64(sum[0])|uint64(sum[1])<<8|uint64(sum[2])<<16, 1))
		for range 5 {
			key := fmt.Appendf(nil, "key %03d", r.IntN(1000))
			if r.IntN(4) == 0 {
				err = on.Overlay().Delete(nil, key)
			} else {
				err = on.Overlay().Set(nil, key, fmt.Appendf(nil, "%x%0*d", sum[:4], r.IntN(60), 0))
			}
			if err != nil {
				return nil, err
			}
		}
	}
	return on, nil
}

func (c *tinyMaker) make(parent *Block, slot uint64) (*Block, error) {
	var extrinsics []chain.OpaqueExtrinsic
	for i := range slot % 4 {
		extrinsics = append(extrinsics, fmt.Appendf(nil, "put %d in slot %d", i, slot))
	}
	on, err := c.run(parent, extrinsics)
	if err != nil {
		return nil, err
	}
	state, changes, err := on.Overlay().Finish(trie.Version(on.Version().StateVersion()))
	if err != nil {
		return nil, err
	}
	digest, _ := Slot(slot, 1)
	header := chain.Header{ParentHash: parent.Hash, Number: parent.Header.Number + 1, StateRoot: state.Root(), Digest: digest}
	return &Block{Block: chain.Block{Header: header, Extrinsics: extrinsics}, Hash: header.Hash(), State: state, Changes: changes}, nil
}

func (c *tinyMaker) execute(parent *Block, block chain.Block) (*Block, error) {
	on, err := c.run(parent, block.Extrinsics)
	if err != nil {
		return nil, err
	}
	return finish(on, block)
}
