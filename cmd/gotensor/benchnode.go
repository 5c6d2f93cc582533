package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"go/format"
	"math"
	"os"
	"strings"
	"time"

	"github.com/urfave/cli/v2"

	"github.com/gotensor/gotensor/consensus/aura"
	"github.com/gotensor/gotensor/node/authoring"
	"github.com/gotensor/gotensor/node/chainspec"
	"github.com/gotensor/gotensor/primitives/chain"
	"github.com/gotensor/gotensor/primitives/hash"
	"github.com/gotensor/gotensor/primitives/keys"
	"github.com/gotensor/gotensor/primitives/metadata"
	"github.com/gotensor/gotensor/primitives/scale"
)

// The benchmarks of whole blocks. What they do, and the names of their flags, are Substrate's: utils/frame/benchmarking-cli/src/{block,extrinsic,overhead}
// (paritytech/polkadot-sdk).

func benchmarkBlockCommand() *cli.Command {
	return &cli.Command{
		Name:  "block",
		Usage: "compare how long stored blocks take with the weight that they consumed",
		Description: `Each block is executed again on the state after its parent, which has to be kept. What it consumed is read where FRAME runtimes write it.

   gotensor benchmark block --chain local --from 1 --to 100`,
		Flags: append(storeFlags(),
			&cli.UintFlag{Name: "from", Usage: "begin with block `NUMBER`", DefaultText: "required"},
			&cli.UintFlag{Name: "to", Usage: "end with block `NUMBER`", DefaultText: "required"},
			&cli.UintFlag{Name: "repeat", Value: 10, Usage: "execute each block this `NUMBER` of times"}),
		Action: benchmarkBlock,
	}
}

// measuredChainText says which chain extrinsic and overhead measure.
const measuredChainText = `With --base-path or without --chain FILE it is done on top of the best block of the chain's store; with --chain FILE alone, on block 0 of the spec. Nothing is
stored. --suri is an account with money there. Signatures are verified each time.`

func blockFlags(more ...cli.Flag) []cli.Flag {
	return append(append(storeFlags(),
		&cli.UintFlag{Name: "warmup", Value: 10, Usage: "execute each block this `NUMBER` of times before"},
		&cli.UintFlag{Name: "repeat", Value: 100, Usage: "execute each block this `NUMBER` of times"},
		&cli.UintFlag{Name: "max-ext-per-block", Usage: "put at most this `NUMBER` of extrinsics into a block", DefaultText: "as many as fit"},
		&cli.StringFlag{Name: "suri", Value: "//Alice", Usage: "secret `URI` of the account that signs, or a file that holds it"}), more...)
}

func benchmarkExtrinsicCommand() *cli.Command {
	return &cli.Command{
		Name:  "extrinsic",
		Usage: "measure what one extrinsic takes in a full block",
		Description: `A block is filled with the extrinsic and executed; the time of a block without it is taken off, and the rest divided by their number.
` + measuredChainText + `

   gotensor benchmark extrinsic --list
   gotensor benchmark extrinsic --chain raw.json --pallet system --extrinsic remark`,
		Flags: blockFlags(
			&cli.BoolFlag{Name: "list", Usage: "print which extrinsics there are", DisableDefaultText: true},
			&cli.StringFlag{Name: "pallet", Usage: "`NAME` of the extrinsic's pallet"},
			&cli.StringFlag{Name: "extrinsic", Usage: "`NAME` of the extrinsic"}),
		Action: benchmarkExtrinsic,
	}
}

func benchmarkOverheadCommand() *cli.Command {
	return &cli.Command{
		Name:  "overhead",
		Usage: "measure what a block without extrinsics takes, and an extrinsic that does nothing",
		Description: `They are the runtime's BlockExecutionWeight and ExtrinsicBaseWeight. The extrinsic is system.remark.
` + measuredChainText + `

   gotensor benchmark overhead --chain raw.json
   gotensor benchmark overhead --chain raw.json --metric p95 --mul 1.1 --weight-path overhead_gen.go`,
		Flags: blockFlags(
			&cli.StringFlag{Name: "metric", Value: "average", Usage: "`NAME` of what becomes the weight: max, average, median, p99, p95 or p75"},
			&cli.Float64Flag{Name: "mul", Value: 1, Usage: "multiply the weight by this `FACTOR`"},
			&cli.Uint64Flag{Name: "add", Usage: "add this many `NANOSECONDS` to the weight, after --mul"},
			&cli.StringFlag{Name: "weight-path", Usage: "write the weights to this `FILE`, as Go constants"}),
		Action: benchmarkOverhead,
	}
}

// blockBench measures blocks on the chain of a store.
type blockBench struct {
	*stoppedChain
	ctx            context.Context
	ticker         *ticker
	warmup, repeat uint
	most           uint // extrinsics of a block
}

// measure executes a block again and again, and returns the nanoseconds of each time. The state that it leaves is held against the header's root once.
func (b *blockBench) measure(what string, block chain.Block) ([]uint64, error) {
	times := make([]uint64, 0, b.repeat)
	for i := range b.warmup + b.repeat {
		on, release, err := b.Prepare(b.ctx, block.Header.ParentHash)
		if err != nil {
			return nil, err
		}
		begin := time.Now()
		err = on.Execute(b.ctx, block)
		took := time.Since(begin)
		if err == nil && i == 0 {
			_, _, err = on.Finish(block.Header)
		}
		release()
		if err != nil {
			return nil, fmt.Errorf("%s: %w", what, err)
		}
		if i >= b.warmup {
			times = append(times, uint64(took))
		}
		b.ticker.tell("benchmark: %s, executed %d of %d times", what, i+1, b.warmup+b.repeat)
	}
	return times, nil
}

// blockRow compares a block with its weight, in nanoseconds.
type blockRow struct {
	Block      pointReport `json:"block"`
	Extrinsics int         `json:"extrinsics"`
	Took       uint64      `json:"tookNanoseconds"`
	Consumed   uint64      `json:"consumedNanoseconds"`
	Over       bool        `json:"overWeight"`
}

type blocksReport struct {
	Repeat uint       `json:"repeat"`
	Rows   []blockRow `json:"blocks"`
	Over   int        `json:"overWeight"`
}

func (r *blocksReport) text(p *printer) {
	for _, b := range r.Rows {
		over := ""
		if b.Over {
			over = " - OVER WEIGHT!"
		}
		p.line("Block %d with %5d tx used %6.2f%% of its weight (%14s of %14s ns)%s",
			b.Block.Number, b.Extrinsics, float64(b.Took)/float64(b.Consumed)*100, commas(b.Took), commas(b.Consumed), over)
	}
}

func commas(n uint64) string { return strings.ReplaceAll(underscored(n), "_", ",") }

func benchmarkBlock(c *cli.Context) (err error) {
	if _, err := arguments(c, 0, 0); err != nil {
		return err
	}
	from, to, repeat := c.Uint("from"), c.Uint("to"), c.Uint("repeat")
	switch {
	case !c.IsSet("from") || !c.IsSet("to"):
		return usage(c, "give --from and --to")
	case from == 0:
		return usage(c, "--from 0: block 0 is not executed")
	case from > to || to > math.MaxUint32:
		return usage(c, "no blocks from %d to %d", from, to)
	case repeat == 0:
		return usage(c, "--repeat 0 leaves nothing to measure")
	}
	s, err := openChain(c, nil)
	if err != nil {
		return err
	}
	defer ending(s, &err)
	ctx, stop := interruptible(c)
	defer stop()
	b := &blockBench{stoppedChain: s, ctx: ctx, ticker: newTicker(c), repeat: repeat}
	r := &blocksReport{Repeat: repeat}
	for n := chain.BlockNumber(from); uint(n) <= to; n++ {
		row, err := b.row(n)
		if err != nil {
			return err
		}
		r.Rows = append(r.Rows, row)
		if row.Over {
			r.Over++
		}
		if n == math.MaxUint32 {
			break
		}
	}
	return emit(c, r)
}

func (b *blockBench) row(n chain.BlockNumber) (row blockRow, err error) {
	at, err := b.store.Hash(n)
	if err != nil {
		return row, fmt.Errorf("block %d: %w", n, err)
	}
	signed, err := b.store.SignedBlock(at)
	if err != nil {
		return row, fmt.Errorf("block %d: %w", n, err)
	}
	consumed, err := b.consumed(at)
	if err != nil {
		return row, fmt.Errorf("block %d: %w", n, err)
	}
	times, err := b.measure(fmt.Sprintf("block %d", n), signed.Block)
	if err != nil {
		return row, err
	}
	took := newStats(times).Average
	return blockRow{pointReport{n, at}, len(signed.Block.Extrinsics), took, consumed, took > consumed}, nil
}

// blockWeightKey is System.BlockWeight: twox128 of both names, as every FRAME runtime has it.
var blockWeightKey = func() []byte {
	pallet, item := hash.Twox128([]byte("System")), hash.Twox128([]byte("BlockWeight"))
	return append(pallet[:], item[:]...)
}()

var errNoWeight = errors.New("state has no System.BlockWeight, or another one than FRAME's")

// consumed reads the weight of a block in nanoseconds: the reference times, in picoseconds, of the three classes of dispatch.
func (b *blockBench) consumed(at hash.H256) (uint64, error) {
	state, err := b.store.State(at)
	if err != nil {
		return 0, err
	}
	defer state.Close()
	value, ok, err := state.Get(nil, blockWeightKey)
	if err != nil {
		return 0, err
	}
	if !ok {
		return 0, errNoWeight
	}
	d := scale.NewDecoder(value)
	var total uint64
	for range 3 {
		total += d.Compact()
		d.Compact() // proof size
	}
	if err := d.Finish(); err != nil || total == 0 {
		return 0, errNoWeight
	}
	return total / 1000, nil
}

// extrinsicNames are what can be measured; call encodes it from the runtime's metadata.
var extrinsicNames = []struct {
	pallet, extrinsic string
	arguments         func(m *metadata.Metadata, to []byte) ([]byte, error)
}{
	{"balances", "transfer_keep_alive", func(m *metadata.Metadata, to []byte) ([]byte, error) {
		pallet := m.Pallet("Balances")
		for _, constant := range pallet.Constants {
			if constant.Name == "ExistentialDeposit" && len(constant.Value) <= 16 {
				amount := make([]byte, 16)
				copy(amount, constant.Value)
				d := scale.NewDecoder(amount)
				low, high := d.U64(), d.U64()
				if high == 0 {
					return scale.AppendCompact(append([]byte{0}, to...), low), nil
				}
			}
		}
		return nil, errors.New("balances has no ExistentialDeposit")
	}},
	{"system", "remark", func(*metadata.Metadata, []byte) ([]byte, error) { return []byte{0}, nil }},
}

// caller signs extrinsics as the runtime's metadata says.
type caller struct {
	pair     keys.Pair
	metadata *metadata.Metadata
	version  chain.RuntimeVersion
	genesis  hash.H256
	nonce    uint32
}

// newCaller reads metadata, version and nonce after the best block.
func (b *blockBench) newCaller(c *cli.Context) (*caller, error) {
	uri, fromArgs, err := readURI(c, c.String("suri"))
	if err != nil {
		return nil, err
	}
	pair, err := pairFrom(c, keys.Sr25519, uri, "", fromArgs)
	if err != nil {
		return nil, err
	}
	at := b.Head().Best.Hash
	x := &caller{pair: pair, genesis: b.Genesis()}
	if x.version, err = b.Version(b.ctx, at); err != nil {
		return nil, err
	}
	raw, err := b.Call(b.ctx, at, "Metadata_metadata", nil)
	if err != nil {
		return nil, err
	}
	raw, err = scale.UnmarshalFunc(raw, (*scale.Decoder).Bytes)
	if err == nil {
		x.metadata, err = metadata.Decode(raw)
	}
	if err != nil {
		return nil, fmt.Errorf("metadata: %w", err)
	}
	answer, err := b.Call(b.ctx, at, "AccountNonceApi_account_nonce", pair.Public())
	if err != nil {
		return nil, err
	}
	x.nonce, err = scale.UnmarshalFunc(answer, (*scale.Decoder).U32)
	return x, err
}

// call encodes a call. Names of pallets are looked up without regard to case, as those of the flags are Substrate's.
func (x *caller) call(pallet, extrinsic string) ([]byte, error) {
	for _, known := range extrinsicNames {
		if !strings.EqualFold(known.pallet, pallet) || known.extrinsic != extrinsic {
			continue
		}
		for _, p := range x.metadata.Pallets {
			if !strings.EqualFold(p.Name, pallet) {
				continue
			}
			for _, v := range x.metadata.Variants(p.Calls) {
				if v.Name != extrinsic {
					continue
				}
				to, err := keys.FromURI(keys.Sr25519, "//Bob", "")
				if err != nil {
					return nil, err
				}
				arguments, err := known.arguments(x.metadata, to.Public())
				if err != nil {
					return nil, err
				}
				return append([]byte{p.Index, v.Index}, arguments...), nil
			}
		}
		return nil, fmt.Errorf("the runtime has no %s.%s", pallet, extrinsic)
	}
	return nil, hint(fmt.Errorf("no extrinsic %s.%s is known", pallet, extrinsic), "--list prints those that are")
}

// sign makes an immortal extrinsic of version 4 without a tip, and counts the nonce up. Extensions that are not known here must have nothing to say.
func (x *caller) sign(call []byte) (chain.OpaqueExtrinsic, error) {
	var extra, additional []byte
	for _, e := range x.metadata.Extrinsic.Extensions {
		switch e.Name {
		case "CheckSpecVersion":
			additional = scale.AppendU32(additional, x.version.SpecVersion)
		case "CheckTxVersion":
			additional = scale.AppendU32(additional, x.version.TransactionVersion)
		case "CheckGenesis":
			additional = append(additional, x.genesis[:]...)
		case "CheckMortality", "CheckEra":
			extra, additional = append(extra, 0), append(additional, x.genesis[:]...)
		case "CheckNonce":
			extra = scale.AppendCompact(extra, uint64(x.nonce))
		case "ChargeTransactionPayment":
			extra = scale.AppendCompact(extra, 0)
		case "ChargeAssetTxPayment":
			extra = append(scale.AppendCompact(extra, 0), 0)
		case "CheckMetadataHash":
			extra, additional = append(extra, 0), append(additional, 0)
		default:
			if !emptyType(x.metadata, e.Type, 0) || !emptyType(x.metadata, e.AdditionalSigned, 0) {
				return nil, fmt.Errorf("transaction extension %q is not known here", e.Name)
			}
		}
	}
	payload := append(append(bytes.Clone(call), extra...), additional...)
	if len(payload) > 256 {
		h := hash.Blake2b256(payload)
		payload = h[:]
	}
	x.nonce++
	out := append([]byte{0x84, 0}, x.pair.Public()...) // version 4, signed; MultiAddress::Id
	out = append(append(out, 1), x.pair.Sign(payload)...)
	return append(append(out, extra...), call...), nil
}

// emptyType tells whether values of a type have no bytes.
func emptyType(m *metadata.Metadata, id metadata.TypeID, depth int) bool {
	t := m.Type(id)
	if t == nil || depth > 8 {
		return false
	}
	switch t.Def.Kind {
	case metadata.Composite:
		for _, f := range t.Def.Fields {
			if !emptyType(m, f.Type, depth+1) {
				return false
			}
		}
		return true
	case metadata.Tuple:
		for _, e := range t.Def.Elems {
			if !emptyType(m, e, depth+1) {
				return false
			}
		}
		return true
	}
	return false
}

// exhausts is the answer to an extrinsic for which a block has no room: an error of validity, InvalidTransaction, ExhaustsResources.
var exhausts = []byte{1, 0, 6}

// build makes a block after the best one, with its inherents and, where next is not nil, as many extrinsics as fit.
func (b *blockBench) build(next func() (chain.OpaqueExtrinsic, error)) (block chain.Block, extrinsics int, err error) {
	parent := b.Head().Best
	header, err := b.store.Header(parent.Hash)
	if err != nil {
		return block, 0, err
	}
	answer, err := b.Call(b.ctx, parent.Hash, "AuraApi_slot_duration", nil)
	if err != nil {
		return block, 0, err
	}
	milliseconds, err := scale.UnmarshalFunc(answer, (*scale.Decoder).U64)
	if err != nil {
		return block, 0, fmt.Errorf("answer of AuraApi_slot_duration: %w", err)
	}
	duration, err := aura.SlotDuration(milliseconds)
	if err != nil {
		return block, 0, fmt.Errorf("answer of AuraApi_slot_duration: %w", err)
	}
	slot := aura.SlotAt(time.Now(), duration)
	if parent.Number > 0 {
		last, err := aura.SlotOf(&header)
		if err != nil {
			return block, 0, fmt.Errorf("%s: %w", parent, err)
		}
		slot = max(slot, last+1)
	}
	making, err := b.Build(b.ctx, parent.Hash, chain.Digest{aura.PreDigest(slot)})
	if err != nil {
		return block, 0, err
	}
	defer making.Close()
	if _, err := making.Inherents(b.ctx, authoring.Inherents(slot, slot.Start(duration))); err != nil {
		return block, 0, err
	}
	for next != nil && (b.most == 0 || uint(extrinsics) < b.most) {
		x, err := next()
		if err != nil {
			return block, 0, err
		}
		applied, err := making.Apply(b.ctx, x)
		if err != nil {
			return block, 0, err
		}
		switch {
		case applied.OK:
			extrinsics++
		case !applied.Included && bytes.Equal(applied.Result, exhausts) && extrinsics > 0:
			next = nil
		case applied.Err != nil:
			return block, 0, fmt.Errorf("extrinsic %d: %w", extrinsics+1, applied.Err)
		default:
			return block, 0, hint(fmt.Errorf("extrinsic %d: the runtime answers 0x%x", extrinsics+1, applied.Result), "--suri names an account with money")
		}
		b.ticker.tell("benchmark: %s in the block", count(extrinsics, "extrinsic"))
	}
	built, err := making.Finish(b.ctx)
	if err != nil {
		return block, 0, err
	}
	built.Close()
	return built.Block, extrinsics, nil
}

// blockTimes measures a block without extrinsics.
func (b *blockBench) blockTimes() ([]uint64, error) {
	block, _, err := b.build(nil)
	if err != nil {
		return nil, err
	}
	return b.measure("empty block", block)
}

// extrinsicTimes measures one extrinsic in a full block: the block less an empty one, divided by how many there are.
func (b *blockBench) extrinsicTimes(x *caller, call []byte, empty uint64) (times []uint64, extrinsics int, err error) {
	block, extrinsics, err := b.build(func() (chain.OpaqueExtrinsic, error) { return x.sign(call) })
	if err != nil {
		return nil, 0, err
	}
	if times, err = b.measure("full block", block); err != nil {
		return nil, 0, err
	}
	n := uint64(extrinsics)
	for i, t := range times {
		times[i] = (t - min(t, empty) + n - 1) / n
	}
	return times, extrinsics, nil
}

// withBench runs f on the chain that extrinsic and overhead measure.
func withBench(c *cli.Context, f func(b *blockBench, spec *chainspec.Spec) error) (err error) {
	if c.Uint("repeat") == 0 {
		return usage(c, "--repeat 0 leaves nothing to measure")
	}
	if c.IsSet("max-ext-per-block") && c.Uint("max-ext-per-block") == 0 {
		return usage(c, "--max-ext-per-block 0 leaves nothing to measure")
	}
	ctx, stop := interruptible(c)
	defer stop()
	store, spec, remove, err := storeToMeasure(ctx, c)
	if err != nil {
		return err
	}
	defer func() {
		if removed := remove(); err == nil {
			err = removed
		}
	}()
	s, err := newStoppedChain(c, store, spec, nil)
	if err != nil {
		return err
	}
	defer ending(s, &err)
	return f(&blockBench{stoppedChain: s, ctx: ctx, ticker: newTicker(c), warmup: c.Uint("warmup"), repeat: c.Uint("repeat"), most: c.Uint("max-ext-per-block")}, spec)
}

// statsHead and statsLine print times as "benchmark storage" does.
const statsHead = "\nnanoseconds\tcount\tmin\tmax\taverage\tmedian\tstddev\t99th\t95th\t75th"

func statsLine(p *printer, name string, s stats) {
	p.line("%s\t%d\t%d\t%d\t%d\t%d\t%.2f\t%d\t%d\t%d", name, s.Count, s.Min, s.Max, s.Average, s.Median, s.StdDev, s.P99, s.P95, s.P75)
}

type listReport struct {
	Extrinsics []extrinsicName `json:"extrinsics"`
}

type extrinsicName struct {
	Pallet    string `json:"pallet"`
	Extrinsic string `json:"extrinsic"`
}

func (r *listReport) text(p *printer) {
	p.line("pallet, extrinsic")
	for _, e := range r.Extrinsics {
		p.line("%s, %s", e.Pallet, e.Extrinsic)
	}
}

type extrinsicReport struct {
	Pallet     string      `json:"pallet"`
	Extrinsic  string      `json:"extrinsic"`
	Parent     pointReport `json:"parent"`
	Extrinsics int         `json:"extrinsicsPerBlock"`
	Block      stats       `json:"blockNanoseconds"` // without extrinsics
	Times      stats       `json:"extrinsicNanoseconds"`
}

func (r *extrinsicReport) text(p *printer) {
	p.row("extrinsic", "%s.%s", r.Pallet, r.Extrinsic)
	p.row("on top of", "%s", r.Parent)
	p.row("extrinsics per block", "%d", r.Extrinsics)
	p.line(statsHead)
	statsLine(p, "empty block", r.Block)
	statsLine(p, "extrinsic", r.Times)
}

func benchmarkExtrinsic(c *cli.Context) error {
	if _, err := arguments(c, 0, 0); err != nil {
		return err
	}
	if c.Bool("list") {
		r := new(listReport)
		for _, e := range extrinsicNames {
			r.Extrinsics = append(r.Extrinsics, extrinsicName{e.pallet, e.extrinsic})
		}
		return emit(c, r)
	}
	if !c.IsSet("pallet") || !c.IsSet("extrinsic") {
		return usage(c, "give --pallet and --extrinsic, or --list")
	}
	return withBench(c, func(b *blockBench, _ *chainspec.Spec) error {
		r, err := b.extrinsic(c, c.String("pallet"), c.String("extrinsic"))
		if err != nil {
			return err
		}
		return emit(c, r)
	})
}

func (b *blockBench) extrinsic(c *cli.Context, pallet, extrinsic string) (*extrinsicReport, error) {
	x, err := b.newCaller(c)
	if err != nil {
		return nil, err
	}
	call, err := x.call(pallet, extrinsic)
	if err != nil {
		return nil, err
	}
	empty, err := b.blockTimes()
	if err != nil {
		return nil, err
	}
	r := &extrinsicReport{Pallet: pallet, Extrinsic: extrinsic, Parent: newPointReport(b.Head().Best), Block: newStats(empty)}
	times, extrinsics, err := b.extrinsicTimes(x, call, r.Block.Average)
	r.Extrinsics, r.Times = extrinsics, newStats(times)
	return r, err
}

type overheadReport struct {
	Chain      string      `json:"chain,omitempty"`
	Runtime    string      `json:"runtime"`
	Parent     pointReport `json:"parent"`
	Extrinsics int         `json:"extrinsicsPerBlock"`
	Metric     string      `json:"metric"`
	Mul        float64     `json:"mul"`
	Add        uint64      `json:"add"`
	Block      stats       `json:"blockNanoseconds"`
	Extrinsic  stats       `json:"extrinsicNanoseconds"`
	// The weights, in picoseconds.
	BlockWeight     uint64 `json:"blockExecutionWeight"`
	ExtrinsicWeight uint64 `json:"extrinsicBaseWeight"`
}

func (r *overheadReport) text(p *printer) {
	if r.Chain != "" {
		p.row("chain", "%s", r.Chain)
	}
	p.row("runtime", "%s", r.Runtime)
	p.row("on top of", "%s", r.Parent)
	p.row("extrinsics per block", "%d", r.Extrinsics)
	p.line(statsHead)
	statsLine(p, "empty block", r.Block)
	statsLine(p, "extrinsic", r.Extrinsic)
	p.line("\nweights: %s of the times x %v + %d, in picoseconds", r.Metric, r.Mul, r.Add)
	p.line("BlockExecution\t%s", underscored(r.BlockWeight))
	p.line("ExtrinsicBase\t%s", underscored(r.ExtrinsicWeight))
}

func benchmarkOverhead(c *cli.Context) error {
	if _, err := arguments(c, 0, 0); err != nil {
		return err
	}
	o := &storageOptions{metric: c.String("metric"), mul: c.Float64("mul"), add: c.Uint64("add")}
	switch {
	case metrics[o.metric] == nil:
		return usage(c, "--metric %q: expected max, average, median, p99, p95 or p75", o.metric)
	case !(o.mul >= 0x1p-1022 && o.mul <= math.MaxFloat64):
		return usage(c, "--mul %v: expected a positive factor", o.mul)
	}
	return withBench(c, func(b *blockBench, spec *chainspec.Spec) error {
		version, err := b.Version(b.ctx, b.Head().Best.Hash)
		if err != nil {
			return err
		}
		e, err := b.extrinsic(c, "system", "remark")
		if err != nil {
			return err
		}
		r := &overheadReport{
			Runtime: fmt.Sprintf("%s %d", version.SpecName, version.SpecVersion), Parent: e.Parent, Extrinsics: e.Extrinsics,
			Metric: o.metric, Mul: o.mul, Add: o.add, Block: e.Block, Extrinsic: e.Times, BlockWeight: o.weight(e.Block) * 1000, ExtrinsicWeight: o.weight(e.Times) * 1000,
		}
		if spec != nil {
			r.Chain = spec.Name
		}
		if path := c.String("weight-path"); path != "" {
			text, err := r.file(c.App.Metadata[commandLine])
			if err == nil {
				err = os.WriteFile(path, text, 0o644)
			}
			if err != nil {
				return err
			}
		}
		return emit(c, r)
	})
}

// file is a Go file with the weights as constants, as that of "benchmark storage".
func (r *overheadReport) file(words any) ([]byte, error) {
	var out bytes.Buffer
	line := func(format string, args ...any) { fmt.Fprintf(&out, format+"\n", args...) }
	line("// Code generated by \"gotensor benchmark overhead\"; DO NOT EDIT.")
	line("//")
	if list, ok := words.([]string); ok {
		line("// command: gotensor %s", strings.Join(strings.Fields(strings.Join(list[min(1, len(list)):], " ")), " ")) // on one line
	}
	line("// runtime: %s", r.Runtime)
	line("// block: %s", r.Parent)
	line("// gotensor: %s\n", version)
	line("package weights\n")
	line("// Dispatch weights as reference time in picoseconds: the %s of the measured nanoseconds times %v plus %d.", r.Metric, r.Mul, r.Add)
	line("const (")
	constant := func(name, what string, t stats, weight uint64) {
		line("// %s is the weight of %s.", name, what)
		line("//")
		line("//\tmin, max:      %s, %s", underscored(t.Min), underscored(t.Max))
		line("//\taverage:       %s", underscored(t.Average))
		line("//\tmedian:        %s", underscored(t.Median))
		line("//\tstddev:        %.2f", t.StdDev)
		line("//\t99th 95th 75th: %s, %s, %s", underscored(t.P99), underscored(t.P95), underscored(t.P75))
		line("%s uint64 = %s * 1_000", name, underscored(weight/1000))
	}
	constant("BlockExecution", "a block without extrinsics", r.Block, r.BlockWeight)
	constant("ExtrinsicBase", "an extrinsic that does nothing", r.Extrinsic, r.ExtrinsicWeight)
	line(")")
	return format.Source(out.Bytes())
}
