package palletbench

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"maps"
	goruntime "runtime"
	"strings"

	"github.com/gotensor/gotensor/pallets/frame"
	"github.com/gotensor/gotensor/pallets/frame/benchmark"
	"github.com/gotensor/gotensor/pallets/frame/host"
	"github.com/gotensor/gotensor/pallets/sudo"
	"github.com/gotensor/gotensor/pallets/system"
	"github.com/gotensor/gotensor/pallets/utility"
	"github.com/gotensor/gotensor/primitives/chain"
	"github.com/gotensor/gotensor/primitives/hash"
	"github.com/gotensor/gotensor/primitives/scale"
	"github.com/gotensor/gotensor/primitives/units"
	"github.com/gotensor/gotensor/runtime-wasm/runtime"
	"github.com/gotensor/gotensor/storage"
	"github.com/gotensor/gotensor/storage/trie"
	"github.com/gotensor/gotensor/testnet/driver"
	"github.com/gotensor/gotensor/wasmhost"
)

// DefaultRuns is how often a case runs where Config does not say.
const DefaultRuns = 20

// Config says what is measured.
type Config struct {
	// Engine runs Code, a blob of this runtime, compressed or not. Where Code is nil calls are measured natively alone.
	Engine *wasmhost.Engine
	Code   []byte
	// Runs is how often each case runs; the least time counts. 0 takes DefaultRuns.
	Runs int
	// Only are the pallets to measure, by name; none means all.
	Only []string
}

// Row is what was found of one case, or of a call without one.
type Row struct {
	Pallet string
	Case   string   // name of the call, and what is special about the case behind a slash
	Native *Measure // nil where it was not measured
	Wasm   *Measure // nil where it was not measured
	Reason string   // why there is nothing to measure; empty where there is
	Err    error    // why it could not be measured
}

// Measure is a cost beside what is declared. Times are in picoseconds.
type Measure struct {
	Declared      uint64 // weight
	Cost          uint64 // Time, Reads and Writes together
	Time          uint64 // the least of all runs
	Reads, Writes int    // entries of the state
}

// Over tells whether the cost is above what is declared; a measurement that there is not is not.
func (m *Measure) Over() bool { return m != nil && m.Cost > m.Declared }

func (m *Measure) settle() {
	m.Cost = m.Time + uint64(m.Reads)*frame.ReadTime + uint64(m.Writes)*frame.WriteTime
}

// Errors of cases.
var (
	ErrNoCase   = errors.New("no benchmark case")
	ErrNoCall   = errors.New("the runtime has no such call")
	ErrCheck    = errors.New("the call did not do what was to be measured")
	ErrNoEffect = errors.New("the extrinsic failed")
)

// bench is a measurement under way.
type bench struct {
	ctx     context.Context
	cfg     Config
	blob    *wasmhost.Runtime
	next    []byte // code that may replace the runtime's
	base    storage.State
	genesis hash.H256
	caller  *driver.Sender
	ignored map[string]bool
}

// Run measures all cases and hands out each row as it is done.
func Run(ctx context.Context, cfg Config, each func(Row)) error {
	goruntime.LockOSThread()
	defer goruntime.UnlockOSThread()
	b := &bench{ctx: ctx, cfg: cfg, genesis: hash.Blake2b256([]byte("genesis of benchmarks"))}
	if b.cfg.Runs == 0 {
		b.cfg.Runs = DefaultRuns
	}
	if err := b.prepare(); err != nil {
		return err
	}
	meta, err := runtime.Describe()
	if err != nil {
		return fmt.Errorf("metadata: %w", err)
	}
	known := make(map[string]bool)
	for i := range meta.Pallets {
		p := &meta.Pallets[i]
		known[p.Name] = true
		if !b.wanted(p.Name) {
			continue
		}
		var cases []benchmark.Case
		if pallet, ok := frame.Current().Pallet(p.Index).(benchmark.Benchmarked); ok {
			cases = pallet.Benchmarks()
		}
		measured := make(map[string]bool)
		for _, c := range cases {
			call, _, _ := strings.Cut(c.Call, "/")
			measured[call] = true
		}
		for _, call := range meta.Variants(p.Calls) {
			if !measured[call.Name] {
				each(Row{Pallet: p.Name, Case: call.Name, Err: ErrNoCase})
			}
			delete(measured, call.Name)
		}
		for n := range cases {
			if err := ctx.Err(); err != nil {
				return err
			}
			c := &cases[n]
			row := Row{Pallet: p.Name, Case: c.Call, Reason: c.Reason}
			call, _, _ := strings.Cut(c.Call, "/")
			switch {
			case measured[call]:
				row.Err = ErrNoCall
			case c.Reason == "":
				b.measure(c, &row)
			}
			each(row)
		}
	}
	for _, name := range cfg.Only {
		if !known[name] {
			return fmt.Errorf("no pallet %q in the runtime", name)
		}
	}
	return nil
}

func (b *bench) wanted(pallet string) bool {
	for _, name := range b.cfg.Only {
		if name == pallet {
			return true
		}
	}
	return len(b.cfg.Only) == 0
}

// prepare makes the state that all cases begin with: the first block after genesis, begun.
func (b *bench) prepare() (err error) {
	if b.caller, err = driver.NewSender("//Alice"); err != nil {
		return err
	}
	if b.cfg.Code != nil {
		if b.blob, err = b.cfg.Engine.Load(b.ctx, b.cfg.Code); err != nil {
			return fmt.Errorf("load the blob: %w", err)
		}
		if b.next, err = successor(b.cfg.Code); err != nil {
			return err
		}
	}
	empty, err := storage.NewMemoryState(&storage.Changes{}, trie.V1)
	if err != nil {
		return err
	}
	digest, _ := driver.Slot(1, runtime.SlotDuration)
	header := chain.Header{ParentHash: b.genesis, Number: 1, Digest: digest}
	n := newNative(newTracked(empty, nil), nil)
	err = n.on(func() error {
		if answer, ok := runtime.Call("GenesisBuilder_build_state", scale.AppendString(nil, runtime.Presets[0].JSON)); !ok || answer[0] != 0 {
			return fmt.Errorf("genesis: %q", answer)
		}
		if _, ok := runtime.Call("Core_initialize_block", header.AppendScale(nil)); !ok {
			return errors.New("no Core_initialize_block")
		}
		author, _ := runtime.Aura.Author()
		b.ignored = everyday(b.caller.Account(), chain.AccountID(author))
		return nil
	})
	if err != nil {
		return fmt.Errorf("first block: %w", err)
	}
	b.base, _, err = n.state.Finish(trie.V1)
	return err
}

// successor returns the blob with a higher version: code that set_code takes.
func successor(code []byte) ([]byte, error) {
	plain, err := wasmhost.Decompress(code)
	if err != nil {
		return nil, err
	}
	v := &runtime.Version
	section := scale.AppendU32(scale.AppendString(scale.AppendString(nil, v.SpecName), v.ImplName), v.AuthoringVersion)
	this := scale.AppendU32(bytes.Clone(section), v.SpecVersion)
	if !bytes.Contains(plain, this) {
		return nil, errors.New("the blob is not of this runtime: its version is another")
	}
	// It stands in the section that tells it, and in the memory of the runtime that it becomes.
	return bytes.ReplaceAll(plain, this, scale.AppendU32(bytes.Clone(section), v.SpecVersion+1)), nil
}

// scene is a case whose state is set up.
type scene struct {
	state  storage.State
	env    *benchmark.Env
	call   []byte
	origin frame.Origin
}

// stage sets up a case.
func (b *bench) stage(c *benchmark.Case) (s scene, err error) {
	n := newNative(newTracked(b.base, nil), b.version())
	s.env = &benchmark.Env{Caller: b.caller.Account(), Code: b.next, Fund: fund, Noop: noop}
	err = n.on(func() error {
		call, origin := c.Setup(s.env)
		s.call, s.origin = frame.AppendCall(nil, call), origin
		system.ResetEvents()
		return nil
	})
	if err != nil {
		return s, fmt.Errorf("set up: %w", err)
	}
	s.state, _, err = n.state.Finish(trie.V1)
	return s, err
}

func fund(who chain.AccountID, amount units.Rao) {
	made := runtime.Balances.DepositCreating(who, amount)
	runtime.Balances.DropPositive(made)
}

func noop(bytes int) frame.Call { return &system.RemarkCall{Remark: make([]byte, bytes)} }

// version returns what the code of the case set_code answers when it is asked for its version.
func (b *bench) version() []byte {
	v := runtime.Version
	v.SpecVersion++
	return v.AppendScale(nil)
}

func (b *bench) measure(c *benchmark.Case, row *Row) {
	s, err := b.stage(c)
	if err == nil {
		row.Native, err = b.native(c, s)
	}
	if err == nil && b.blob != nil && b.signable(s.origin) {
		if row.Wasm, err = b.wasm(s); err != nil {
			err = fmt.Errorf("in the blob: %w", err)
		}
	}
	row.Err = err
}

// signable tells whether an extrinsic can bring the origin about: of an account that is not the caller nobody has the key.
func (b *bench) signable(o frame.Origin) bool {
	return o.Caller.Kind != frame.OriginSigned || o.Caller.Who == b.caller.Account()
}

// native measures the call alone. The first run counts entries and checks, and its time does not count.
func (b *bench) native(c *benchmark.Case, s scene) (*Measure, error) {
	n := newNative(newTracked(s.state, b.ignored), b.version())
	if s.origin.Caller.Kind == frame.OriginSigned {
		n.state.ignored = maps.Clone(b.ignored)
		n.state.ignored[string(runtime.System.Account.Key(s.origin.Caller.Who))] = true
	}
	m := &Measure{Time: ^uint64(0)}
	err := n.on(func() error {
		call, err := scale.UnmarshalFunc(s.call, frame.DecodeUnboxedCall)
		if err != nil {
			return err
		}
		m.Declared = call.Info().Call.RefTime
		for i := range b.cfg.Runs + 1 {
			host.Begin()
			n.state.forget()
			begin := clock()
			_, err := frame.Dispatch(call, s.origin)
			took := clock() - begin
			if i == 0 {
				m.Reads, m.Writes = len(n.state.reads), len(n.state.writes)
				if err == nil && c.Check != nil && !c.Check(s.env) {
					err = ErrCheck
				}
			} else {
				m.Time = min(m.Time, uint64(took.Nanoseconds())*1000)
			}
			host.Rollback()
			if err != nil {
				return err
			}
		}
		return nil
	})
	m.settle()
	return m, err
}

// wasm measures the call in the blob. First it runs as an extrinsic, which counts entries and shows that it succeeds; then the time is that of an
// extrinsic in which it runs many times, each from the same state, less that of one in which a remark takes its place. Entering the blob, signature and
// extensions are in both. They run by turns, so that both meet the same machine.
func (b *bench) wasm(s scene) (*Measure, error) {
	m := &Measure{Time: ^uint64(0)}
	t := newTracked(s.state, b.ignored)
	if s.origin.Caller.Kind == frame.OriginRoot { // the call comes by sudo, whose key is none of its entries
		t.ignored = maps.Clone(b.ignored)
		t.ignored[string(runtime.Sudo.Key.Key())] = true
	}
	var once, with, without []byte
	copies := 1
	err := newNative(t, nil).on(func() error {
		call, err := scale.UnmarshalFunc(s.call, frame.DecodeUnboxedCall)
		if err != nil {
			return err
		}
		m.Declared = call.Info().Call.RefTime
		once = b.extrinsic(call, s.origin)
		if copies = timesOf(call, s.call); copies > 1 && s.origin.Caller.Kind != frame.OriginNone {
			with, without = b.extrinsic(repeat(call, s.origin, copies), s.origin), b.extrinsic(repeat(noop(0), s.origin, copies), s.origin)
		} else {
			copies, with, without = 1, once, b.extrinsic(noop(0), frame.SignedBy(s.env.Caller))
		}
		return nil
	})
	if err != nil {
		return nil, err
	}
	if err := b.count(t, once, s.origin, m); err != nil {
		return nil, err
	}
	least := ^uint64(0)
	for range b.cfg.Runs {
		one, err := b.timed(t, without)
		if err != nil {
			return nil, fmt.Errorf("an extrinsic that does nothing: %w", err)
		}
		other, err := b.timed(t, with)
		if err != nil {
			return nil, err
		}
		least, m.Time = min(least, one), min(m.Time, other)
	}
	m.Time = (m.Time - min(m.Time, least)) / uint64(copies)
	m.settle()
	return m, nil
}

// Bounds of an extrinsic in which a call runs many times.
const (
	mostTimes  = 100
	mostWeight = 1_000_000_000_000 // picoseconds
	mostBytes  = 1 << 20
)

// timesOf returns how often a call can run in one extrinsic. A batch_all cannot stand in another.
func timesOf(call frame.Call, encoded []byte) int {
	if _, is := call.(*utility.BatchAllCall); is {
		return 1
	}
	return int(min(mostTimes, mostWeight/max(1, call.Info().Call.RefTime), uint64(mostBytes/len(encoded))))
}

// repeat returns a call in which a call runs many times, each time from the same state: together with one that fails, which takes everything back. The
// base filter lets no batch stand in a batch, but in another call in a batch.
func repeat(call frame.Call, origin frame.Origin, times int) frame.Call {
	var failing frame.Call = &system.SetHeapPagesCall{} // which needs root
	if origin.Caller.Kind == frame.OriginRoot {
		failing = &utility.AsDerivativeCall{Call: noop(0)} // which root cannot use
	}
	switch call.(type) {
	case *utility.BatchCall, *utility.ForceBatchCall:
		call = &utility.IfElseCall{Main: call, Fallback: noop(0)}
	}
	item := &utility.IfElseCall{Main: &utility.BatchAllCall{Calls: []frame.Call{call, failing}}, Fallback: noop(0)}
	all := new(utility.ForceBatchCall)
	for range times {
		all.Calls = append(all.Calls, item)
	}
	return all
}

// extrinsic returns an encoded extrinsic that runs the call with the origin: bare, of the caller, or of the caller by sudo.
func (b *bench) extrinsic(call frame.Call, origin frame.Origin) []byte {
	encoded := frame.AppendCall(nil, call)
	switch origin.Caller.Kind {
	case frame.OriginNone:
		return scale.AppendBytes(nil, chain.NewBare(encoded).Opaque())
	case frame.OriginRoot:
		encoded = append([]byte{runtime.Sudo.Index(), 0}, encoded...)
	}
	b.caller.Nonce = 0
	return scale.AppendBytes(nil, b.caller.Sign(encoded, driver.Terms{Version: runtime.Version, Genesis: b.genesis, Birth: b.genesis, MetadataHash: true}))
}

// count applies an extrinsic once, counts its entries, and sees that its call succeeded: sudo tells so in its event alone.
func (b *bench) count(t *tracked, xt []byte, origin frame.Origin, m *Measure) error {
	if err := t.Begin(); err != nil {
		return err
	}
	t.forget()
	_, err := b.apply(t, xt)
	m.Reads, m.Writes = len(t.reads), len(t.writes)
	key := runtime.System.Events.Key()
	events, _, getErr := t.Overlay.Get(nil, key)
	if err == nil && getErr == nil && origin.Caller.Kind == frame.OriginRoot {
		done := system.EventRecord{Event: sudo.Sudid{}.AppendEvent(nil)} // of extrinsic 0
		if !bytes.Contains(events, done.AppendScale(nil)) {
			err = fmt.Errorf("%w: sudo tells of a failure", ErrNoEffect)
		}
	}
	return errors.Join(err, getErr, t.Rollback())
}

// timed applies an extrinsic and takes back what it wrote. It returns picoseconds.
func (b *bench) timed(t *tracked, xt []byte) (uint64, error) {
	if err := t.Begin(); err != nil {
		return 0, err
	}
	took, err := b.apply(t, xt)
	return took, errors.Join(err, t.Rollback())
}

// apply applies an extrinsic in the blob. It returns picoseconds.
func (b *bench) apply(t *tracked, xt []byte) (uint64, error) {
	begin := clock()
	answer, err := b.blob.Call(b.ctx, &wasmhost.Env{Storage: t}, "BlockBuilder_apply_extrinsic", xt)
	took := clock() - begin
	switch {
	case err != nil:
		return 0, err
	case !bytes.Equal(answer, []byte{0, 0}):
		return 0, fmt.Errorf("%w: 0x%x", ErrNoEffect, answer)
	}
	return uint64(took.Nanoseconds()) * 1000, nil
}
