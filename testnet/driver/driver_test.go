package driver

import (
	"bytes"
	"context"
	"encoding/binary"
	"encoding/hex"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/gotensor/gotensor/internal/outside"
	"github.com/gotensor/gotensor/node/chainspec"
	"github.com/gotensor/gotensor/primitives/chain"
	"github.com/gotensor/gotensor/primitives/scale"
	"github.com/gotensor/gotensor/storage"
	"github.com/gotensor/gotensor/storage/trie"
	"github.com/gotensor/gotensor/wasmhost"
)

const (
	testfinney = "opentensor/subtensor/chainspecs/raw_spec_testfinney.json"
	spec143    = "opentensor/subtensor/node/src/chain_spec/code_substitute_2585476.txt"
	blocks     = 200
	taoInRao   = 1_000_000_000
	funds      = 1_000_000 * taoInRao
	slot0      = 141_000_000 // the first slot, some time in 2023
)

func engine(t testing.TB, cfg wasmhost.Config) *wasmhost.Engine {
	e, err := wasmhost.NewEngine(cfg)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := e.Close(); err != nil {
			t.Error(err)
		}
	})
	return e
}

// subtensor is a chain under test with the accounts that drive it.
type subtensor struct {
	*Chain
	genesis  *Block
	version  chain.RuntimeVersion
	duration uint64
	alice    *Sender
	others   []*Sender // coldkeys
	hotkeys  []*Sender
}

// newSubtensor makes the testfinney genesis with the keys of the dev accounts in it, under the code at path, or the spec's own where path is empty.
func newSubtensor(t testing.TB, e *wasmhost.Engine, specPath string, code []byte) *subtensor {
	t.Helper()
	ctx := context.Background()
	spec, err := chainspec.ReadFile(specPath)
	if err != nil {
		t.Fatal(err)
	}
	s := &subtensor{Chain: New(e), alice: sender(t, "//Alice")}
	accounts := []chain.AccountID{s.alice.Account()}
	for _, name := range []string{"//Bob", "//Charlie", "//Dave", "//Eve", "//Ferdie"} {
		s.others = append(s.others, sender(t, name))
		s.hotkeys = append(s.hotkeys, sender(t, name+"//hotkey"))
		accounts = append(accounts, s.others[len(s.others)-1].Account(), s.hotkeys[len(s.hotkeys)-1].Account())
	}
	if err := DevGenesis(&spec.Genesis, code, s.alice.Account(), s.alice.Account(), s.alice.Account(), accounts, funds); err != nil {
		t.Fatal(err)
	}
	genesis, err := spec.Genesis.Build(trie.V1)
	if err != nil {
		t.Fatal(err)
	}
	s.genesis = Genesis(genesis)
	runtime, err := s.Runtime(ctx, s.genesis)
	if err != nil {
		t.Fatal(err)
	}
	if s.version, err = runtime.Version(ctx); err != nil {
		t.Fatal(err)
	}
	if s.duration, err = s.SlotDuration(ctx, s.genesis); err != nil {
		t.Fatal(err)
	}
	return s
}

func sender(t testing.TB, uri string) *Sender {
	t.Helper()
	s, err := NewSender(uri)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func (s *subtensor) sign(from *Sender, parent *Block, mortal bool, call []byte) chain.OpaqueExtrinsic {
	terms := Terms{Version: s.version, Genesis: s.genesis.Hash, Birth: s.genesis.Hash}
	if mortal { // born now: its birth is the parent
		number := uint64(parent.Header.Number)
		terms.Era = chain.MortalEra(64, number)
		if terms.Era.Birth(number) == number {
			terms.Birth = parent.Hash
		} else {
			terms.Era = chain.Era{}
		}
	}
	return from.Sign(call, terms)
}

// Calls, by the indices that the metadata of the runtime states.
func transfer(to chain.AccountID, amount uint64) []byte {
	return scale.AppendCompact(append([]byte{5, 3, 0}, to[:]...), amount)
}

func remark(text string) []byte { return scale.AppendString([]byte{0, 7}, text) }

// refused ends the name of a call that is to fail: its block is valid, and all that stays of it is the fee.
const refused = " (refused)"

// operation is an extrinsic with a name to count it by.
type operation struct {
	name string
	x    chain.OpaqueExtrinsic
}

// operations103 are the Subtensor calls of block n under spec 103, whose SubtensorModule has index 8 and Sudo index 7.
func (s *subtensor) operations103(parent *Block) (ops []operation) {
	n := int(parent.Header.Number) + 1
	add := func(name string, from *Sender, call []byte) {
		ops = append(ops, operation{name, s.sign(from, parent, n%2 == 0, call)})
	}
	sudo := func(name string, call []byte) { add(name, s.alice, append([]byte{7, 0}, call...)) }
	u16, u64 := scale.AppendU16, scale.AppendU64
	i := n % len(s.others)
	if n > 3*len(s.others) { // everybody is registered: let who calls vary against what is called
		i = (n + n/5) % len(s.others)
	}
	cold, hot := s.others[i], s.hotkeys[i]
	hotkey, coldkey := hot.Account(), cold.Account()
	switch {
	case n == 1:
		sudo("sudo_add_network", u16(u16(u16([]byte{8, 9}, 1), 10), 0))
	case n == 2:
		sudo("sudo_set_weights_set_rate_limit", u64(u16([]byte{8, 22}, 1), 0))
		sudo("sudo_set_max_registrations_per_block", u16(u16([]byte{8, 45}, 1), 100))
		sudo("sudo_set_min_allowed_weights", u16(u16([]byte{8, 33}, 1), 1))
		sudo("sudo_set_max_weight_limit", u16(u16([]byte{8, 44}, 1), 65535))
	case n < 3+len(s.others):
		call := u16([]byte{8, 8}, 1)
		call = append(append(call, hotkey[:]...), coldkey[:]...)
		sudo("sudo_register", u64(u64(call, 2000*taoInRao), 10*taoInRao))
	case n%5 == 0:
		add("become_delegate", cold, append([]byte{8, 1}, hotkey[:]...))
		add("add_stake", cold, u64(append([]byte{8, 2}, hotkey[:]...), uint64(n)*taoInRao))
	case n%5 == 1:
		call := u16([]byte{8, 4}, 1)            // serve_axon: netuid
		call = scale.AppendU32(call, uint32(n)) // version
		call = scale.AppendU128(call, scale.U128{Lo: 0x01020304 + uint64(n)})
		call = u16(call, 8091)
		add("serve_axon", hot, append(call, 4, 0, 0, 0))
	case n%5 == 2:
		call := u16([]byte{8, 0}, 1)
		uids := []uint16{0, 1, 2, 3, 4}
		call = scale.AppendSeq(call, uids, scale.AppendU16)
		call = scale.AppendSeq(call, []uint16{1, uint16(n), 7, 1000, 3}, scale.AppendU16)
		add("set_weights", hot, u64(call, 0))
	case n%5 == 3:
		add("remove_stake", cold, u64(append([]byte{8, 3}, hotkey[:]...), taoInRao))
	default:
		add("burned_register"+refused, cold, append(u16([]byte{8, 7}, 1), coldkey[:]...)) // RegistrationDisabled on this network
	}
	return ops
}

// operations143 are the Subtensor calls of block n under spec 143, whose SubtensorModule has index 7, Sudo 12, AdminUtils 18.
func (s *subtensor) operations143(parent *Block) (ops []operation) {
	n := int(parent.Header.Number) + 1
	add := func(name string, from *Sender, call []byte) {
		ops = append(ops, operation{name, s.sign(from, parent, n%2 == 0, call)})
	}
	sudo := func(name string, call []byte) { add(name, s.alice, append([]byte{12, 0}, call...)) }
	u16, u64 := scale.AppendU16, scale.AppendU64
	i := n % len(s.others)
	if n > 3*len(s.others) { // everybody is registered: let who calls vary against what is called
		i = (n + n/5) % len(s.others)
	}
	cold, hot := s.others[i], s.hotkeys[i]
	hotkey := hot.Account()
	switch {
	case n == 1:
		sudo("sudo_set_network_rate_limit", u64([]byte{18, 29}, 0))
		sudo("sudo_set_tx_rate_limit", u64([]byte{18, 2}, 0))
	case n == 2:
		add("register_network", s.alice, []byte{7, 59})
	case n == 3:
		sudo("sudo_set_weights_set_rate_limit", u64(u16([]byte{18, 7}, 1), 0))
		sudo("sudo_set_tempo", u16(u16([]byte{18, 30}, 1), 10))
		sudo("sudo_set_max_registrations_per_block", u16(u16([]byte{18, 27}, 1), 100))
		sudo("sudo_set_target_registrations_per_interval", u16(u16([]byte{18, 21}, 1), 100))
		sudo("sudo_set_activity_cutoff", u16(u16([]byte{18, 18}, 1), 5000))
	case n < 4+len(s.others):
		add("burned_register", cold, append(u16([]byte{7, 7}, 1), hotkey[:]...))
	case n < 4+2*len(s.others):
		add("become_delegate", cold, append([]byte{7, 1}, hotkey[:]...))
	case n%5 == 0:
		// The sum of what thousands of blocks stake stays below the funds.
		add("add_stake", cold, u64(append([]byte{7, 2}, hotkey[:]...), uint64(n%100+1)*20*taoInRao))
	case n%5 == 1:
		call := u16([]byte{7, 4}, 1)
		call = scale.AppendU32(call, uint32(n))
		call = scale.AppendU128(call, scale.U128{Lo: 0x01020304 + uint64(n)})
		call = u16(call, 8091)
		add("serve_axon", hot, append(call, 4, 0, 0, 0))
	case n%5 == 2:
		call := u16([]byte{7, 0}, 1)
		call = scale.AppendSeq(call, []uint16{0, 1, 2, 3, 4}, scale.AppendU16)
		call = scale.AppendSeq(call, []uint16{1, uint16(n), 7, 1000, 3}, scale.AppendU16)
		add("set_weights", hot, u64(call, 0))
	case n%5 == 3:
		add("remove_stake", cold, u64(append([]byte{7, 3}, hotkey[:]...), taoInRao))
	default:
		add("root_register", cold, append([]byte{7, 62}, hotkey[:]...))
		// utility.batch_all of two transfers
		batch := append([]byte{11, 2}, scale.AppendCompact(nil, 2)...)
		batch = append(batch, transfer(s.alice.Account(), 5*taoInRao)...)
		add("batch_all", cold, append(batch, transfer(hotkey, 7*taoInRao)...))
	}
	return ops
}

// TestSubtensorBlocks authors blocks with the real Subtensor runtimes on the testfinney genesis and executes each of them again from its parent's state.
func TestSubtensorBlocks(t *testing.T) {
	specPath := outside.Path(t, 2*blocks, testfinney)
	for _, c := range []struct {
		name       string
		code       []byte
		spec       uint32
		operations func(*subtensor, *Block) []operation
	}{
		{"spec 103", nil, 103, (*subtensor).operations103},
		{"spec 143", unhex(t, outside.Read(t, blocks, spec143)), 143, (*subtensor).operations143},
	} {
		t.Run(c.name, func(t *testing.T) {
			s := newSubtensor(t, engine(t, wasmhost.Config{}), specPath, c.code)
			if s.version.SpecVersion != c.spec {
				t.Fatalf("got spec version %d, want %d", s.version.SpecVersion, c.spec)
			}
			succeeded, failed := map[string]int{}, map[string]string{}
			head := s.genesis
			for range blocks {
				head = s.step(t, head, c.operations, succeeded, failed)
			}
			checkIssuance(t, head.State)
			names := []string{}
			total := 0
			for name, count := range succeeded {
				names = append(names, fmt.Sprintf("%s %d", name, count))
				total += count
			}
			slices.Sort(names)
			t.Logf("%d blocks authored and executed again with equal roots, last root %s; calls that succeeded: %d: %s", blocks, head.Header.StateRoot, total, strings.Join(names, ", "))
			for name, result := range failed {
				if succeeded[name] == 0 && !strings.HasSuffix(name, refused) {
					t.Errorf("%s never succeeded: %s", name, result)
				}
			}
		})
	}
}

// checkIssuance wants the sum of all balances to be the total issuance of the Balances pallet. Stake is no balance: it left this issuance.
func checkIssuance(t *testing.T, state storage.State) {
	t.Helper()
	raw, ok, err := state.Get(nil, StorageKey("Balances", "TotalIssuance"))
	if err != nil || !ok || len(raw) != 8 {
		t.Fatalf("Balances.TotalIssuance: got 0x%x, %v", raw, err)
	}
	var sum uint64
	accounts := 0
	prefix := StorageKey("System", "Account")
	for key, ok, err := state.NextKey(nil, prefix); ok && bytes.HasPrefix(key, prefix); key, ok, err = state.NextKey(nil, key) {
		info, _, getErr := state.Get(nil, key)
		if err != nil || getErr != nil || len(info) != 48 {
			t.Fatalf("account 0x%x: got 0x%x, %v, %v", key, info, err, getErr)
		}
		sum += binary.LittleEndian.Uint64(info[16:]) + binary.LittleEndian.Uint64(info[24:]) // free, reserved
		accounts++
	}
	if total := binary.LittleEndian.Uint64(raw); sum != total || accounts == 0 {
		t.Fatalf("%d accounts hold %d RAO, total issuance is %d", accounts, sum, total)
	}
}

// step authors the block after head, executes it again, and returns it.
func (s *subtensor) step(t *testing.T, head *Block, operations func(*subtensor, *Block) []operation, succeeded map[string]int, failed map[string]string) *Block {
	t.Helper()
	ctx := context.Background()
	n := uint64(head.Header.Number) + 1
	from, to := s.others[n%5], s.others[(n+1)%5]
	ops := []operation{{"transfer", s.sign(from, head, true, transfer(to.Account(), n*taoInRao/10))}}
	ops = append(ops, operation{"remark", s.sign(s.hotkeys[(n+2)%5], head, false, remark(fmt.Sprintf("block %d", n)))})
	ops = append(ops, operations(s, head)...)
	extrinsics := make([]chain.OpaqueExtrinsic, len(ops))
	for i, op := range ops {
		extrinsics[i] = op.x
	}
	digest, inherents := Slot(slot0+n, s.duration)
	block, applied, err := s.Author(ctx, head, digest, inherents, extrinsics)
	if err != nil {
		t.Fatal(err)
	}
	for i, a := range applied {
		switch {
		case !a.Included:
			t.Fatalf("block %d: %s was refused: 0x%x, %v", n, ops[i].name, a.Result, a.Err)
		case a.OK && strings.HasSuffix(ops[i].name, refused):
			t.Fatalf("block %d: %s succeeded", n, ops[i].name)
		case a.OK:
			succeeded[ops[i].name]++
		default:
			failed[ops[i].name] = fmt.Sprintf("block %d: 0x%x", n, a.Result)
		}
	}
	again, err := s.Execute(ctx, head, block.Block)
	if err != nil {
		t.Fatal(err)
	}
	if again.State.Root() != block.State.Root() || again.Hash != block.Hash {
		t.Fatalf("block %d: executed to %s, authored as %s", n, again.State.Root(), block.State.Root())
	}
	return again
}

// TestEnginesAndProofsAgree executes blocks that the compiler authored in the interpreter, and again on nothing but the proof of what an execution read.
func TestEnginesAndProofsAgree(t *testing.T) {
	const some = 12
	specPath := outside.Path(t, 2*some, testfinney)
	code := unhex(t, outside.Read(t, some, spec143))
	s := newSubtensor(t, engine(t, wasmhost.Config{}), specPath, code)
	interpreter := New(engine(t, wasmhost.Config{Interpreter: true}))
	ctx, head := context.Background(), s.genesis
	proofBytes := 0
	for range some {
		next := s.step(t, head, (*subtensor).operations143, map[string]int{}, map[string]string{})
		if _, err := interpreter.Execute(ctx, head, next.Block); err != nil {
			t.Fatalf("interpreter: %v", err)
		}
		view, recorder, err := storage.Record(head.State)
		if err != nil {
			t.Fatal(err)
		}
		recording := *head
		recording.State = view
		if _, err := s.Execute(ctx, &recording, next.Block); err != nil {
			t.Fatalf("recording: %v", err)
		}
		proof := recorder.Proof()
		for _, node := range proof {
			proofBytes += len(node)
		}
		partial, err := storage.StateFromProof(head.Header.StateRoot, proof)
		if err != nil {
			t.Fatal(err)
		}
		stateless := *head
		stateless.State = partial
		if _, err := s.Execute(ctx, &stateless, next.Block); err != nil {
			t.Fatalf("on the proof alone: %v", err)
		}
		head = next
	}
	t.Logf("%d blocks: compiler, interpreter and execution on %d bytes of proof agree", some, proofBytes)
}

func unhex(t testing.TB, text []byte) []byte {
	t.Helper()
	code, err := hex.DecodeString(strings.TrimPrefix(strings.TrimSpace(string(text)), "0x"))
	if err != nil {
		t.Fatal(err)
	}
	return code
}
