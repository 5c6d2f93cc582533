package system

import (
	"errors"

	"github.com/gotensor/gotensor/pallets/frame"
	"github.com/gotensor/gotensor/pallets/frame/host"
	"github.com/gotensor/gotensor/primitives/chain"
	"github.com/gotensor/gotensor/primitives/hash"
	"github.com/gotensor/gotensor/primitives/scale"
)

// Keys of the state that belong to no pallet. Source: sp_storage, well_known_keys.
var (
	keyCode              = []byte(":code")
	keyHeapPages         = []byte(":heappages")
	keyExtrinsicIndex    = []byte(":extrinsic_index")
	keyIntrablockEntropy = []byte(":intrablock_entropy")
)

// Number returns the number of the block.
func Number() chain.BlockNumber { return instance.Number.Get() }

// SetNumber sets the number of the block: for tests that need no more of a block than that.
func SetNumber(n chain.BlockNumber) { instance.Number.Put(n) }

// ParentHash returns the hash of the block before.
func ParentHash() hash.H256 { return instance.ParentHash.Get() }

// BlockHash returns the hash of block n, or zero where it is not kept: see BlockHashCount.
func BlockHash(n chain.BlockNumber) hash.H256 { return instance.BlockHash.Get(n) }

// PutBlockHash sets the hash of block n: for offchain workers, which run when the hash of their block is known.
func PutBlockHash(n chain.BlockNumber, h hash.H256) { instance.BlockHash.Put(n, h) }

// CurrentDigest returns the digest of the block as far as it is known.
func CurrentDigest() chain.Digest { return instance.Digest.Get() }

// DepositLog adds an item to the digest of the block.
func DepositLog(item chain.DigestItem) {
	scratch = item.AppendScale(scratch[:0])
	host.Append(instance.Digest.Key(), scratch)
}

// ExtrinsicIndex returns the index of the extrinsic in hand, and false where none is.
func ExtrinsicIndex() (index uint32, ok bool) {
	raw, found := host.Borrow(keyExtrinsicIndex)
	if found {
		index, ok = le32(raw)
		host.Return(raw)
	}
	return index, ok
}

func le32(raw []byte) (uint32, bool) {
	if len(raw) < 4 {
		return 0, false
	}
	return uint32(raw[0]) | uint32(raw[1])<<8 | uint32(raw[2])<<16 | uint32(raw[3])<<24, true
}

func putExtrinsicIndex(n uint32) {
	scratch = scale.AppendU32(scratch[:0], n)
	host.Set(keyExtrinsicIndex, scratch)
}

// AllExtrinsicsLen returns how many bytes the extrinsics of the block have so far.
func AllExtrinsicsLen() uint32 {
	n, _ := instance.AllExtrinsicsLen.Get()
	return n
}

// BlockWeight returns the weight that the block has used so far.
func BlockWeight() ConsumedWeight { return instance.BlockWeight.Get() }

// Weights returns the limits of a block's weight. They must not be changed.
func Weights() *BlockWeights { return &instance.BlockWeights }

// Version returns the version of the runtime. It must not be changed.
func Version() *chain.RuntimeVersion { return &instance.Version }

// MigratorOf returns the migration over several blocks that the runtime has, or nil.
func MigratorOf() Migrator { return instance.Migrator }

// RegisterExtraWeightUnchecked adds to the weight that the block has used: for what is not known before it runs. It does not look at
// limits.
func RegisterExtraWeightUnchecked(w frame.Weight, class frame.Class) {
	used := instance.BlockWeight.Get()
	of := used.Of(class)
	*of = of.Add(w)
	instance.BlockWeight.Put(used)
}

// Initialize begins a block. It keeps the events, as those of a migration come before: see ResetEvents.
func Initialize(number chain.BlockNumber, parent hash.H256, digest []chain.DigestItem) {
	instance.ExecutionPhase.Put(Phase{Kind: PhaseInitialization})
	putExtrinsicIndex(0)
	scratch = append(append(scratch[:0], "frame_system::initialize"...), parent[:]...)
	entropy := host.Blake2_256(scratch)
	host.Set(keyIntrablockEntropy, entropy[:])
	instance.Number.Put(number)
	instance.Digest.Put(digest)
	instance.ParentHash.Put(parent)
	instance.BlockHash.Put(number-1, parent)
	instance.InherentsApplied.Kill()
	instance.BlockWeight.Kill()
}

// NoteFinishedInitialize ends the hooks at the beginning of a block: extrinsics come.
func NoteFinishedInitialize() { instance.ExecutionPhase.Put(Phase{Kind: PhaseApplyExtrinsic}) }

// InherentsApplied tells whether all inherents of the block have run.
func InherentsApplied() bool { return instance.InherentsApplied.Get() }

// NoteInherentsApplied says that all inherents of the block have run.
func NoteInherentsApplied() { instance.InherentsApplied.Put(true) }

// NoteExtrinsic keeps an extrinsic, with its length prefix, for the extrinsics root. It comes before the extrinsic is applied.
func NoteExtrinsic(xt []byte) {
	index, _ := ExtrinsicIndex()
	instance.ExtrinsicData.Put(index, xt)
}

// NoteAppliedExtrinsic ends an extrinsic whose call returned err: it deposits ExtrinsicSuccess or ExtrinsicFailed, with the weight that was used
// and the base weight of the class, and moves on to the next index.
func NoteAppliedExtrinsic(post frame.PostInfo, err error, info frame.DispatchInfo) {
	event := DispatchEventInfo{
		Weight:  post.Weight(info).Add(instance.BlockWeights.Of(info.Class).BaseExtrinsic),
		Class:   info.Class,
		PaysFee: post.PaysFee(info),
	}
	if err == nil {
		Deposit(ExtrinsicSuccess{event})
	} else {
		Deposit(ExtrinsicFailed{frame.AsDispatchError(err), event})
	}
	index, _ := ExtrinsicIndex()
	putExtrinsicIndex(index + 1)
	instance.ExecutionPhase.Put(Phase{Kind: PhaseApplyExtrinsic, Extrinsic: index + 1})
	instance.ExtrinsicWeightReclaimed.Kill()
}

// NoteFinishedExtrinsics ends the extrinsics of a block: the hooks at its end come.
func NoteFinishedExtrinsics() {
	index, _ := ExtrinsicIndex()
	host.Clear(keyExtrinsicIndex)
	instance.ExtrinsicCount.Put(index)
	instance.ExecutionPhase.Put(Phase{Kind: PhaseFinalization})
}

// Finalize ends a block: it removes what is of no use behind it, and returns the header with both roots.
func Finalize() chain.Header {
	size := int(AllExtrinsicsLen())
	instance.ExecutionPhase.Kill()
	instance.AllExtrinsicsLen.Kill()
	host.Clear(keyIntrablockEntropy)
	instance.InherentsApplied.Kill()

	header := chain.Header{Number: Number(), ParentHash: ParentHash(), Digest: instance.Digest.Get()}
	count, _ := instance.ExtrinsicCount.Take()
	// What is stored are the items of the list, so that one copy of them does.
	extrinsics := scale.AppendLen(make([]byte, 0, size+5*int(count)+5), int(count))
	for i := range count {
		var ok bool
		if extrinsics, ok = instance.ExtrinsicData.TakeEncoded(extrinsics, i); !ok {
			extrinsics = append(extrinsics, 0)
		}
	}
	header.ExtrinsicsRoot = host.OrderedRoot(extrinsics, instance.Version.ExtrinsicsRootVersion())
	// The hash of genesis stays.
	if kept := uint64(instance.BlockHashCount) + 1; uint64(header.Number) > kept {
		instance.BlockHash.Remove(header.Number - chain.BlockNumber(kept))
	}
	header.StateRoot = host.Root(instance.Version.StateVersion())
	return header
}

// ReclaimWeight takes off the block's weight what the call in hand declared and did not use, as far as that was not taken off before.
func ReclaimWeight(info frame.DispatchInfo, post frame.PostInfo) {
	before := instance.ExtrinsicWeightReclaimed.Get()
	all := before.Max(post.Unspent(info))
	if more := all.Sub(before); more != (frame.Weight{}) {
		used := instance.BlockWeight.Get()
		of := used.Of(info.Class)
		*of = of.Sub(more)
		instance.BlockWeight.Put(used)
		instance.ExtrinsicWeightReclaimed.Put(all)
	}
}

// hash69 stands for the parent of genesis.
var hash69 = func() (h hash.H256) {
	for i := range h {
		h[i] = 69
	}
	return h
}()

// BuildGenesis implements frame.Genesis. There is nothing to configure: config may be nil or an empty object.
func (p *Pallet) BuildGenesis(config []byte) error {
	for _, c := range config {
		switch c {
		case ' ', '\t', '\n', '\r', '{', '}':
		default:
			return errors.New("genesis of system: it has no entries")
		}
	}
	p.BlockHash.Put(0, hash69)
	p.ParentHash.Put(hash69)
	NoteRuntimeUpgraded()
	p.UpgradedToU32RefCount.Put(true)
	p.UpgradedToTripleRefCount.Put(true)
	putExtrinsicIndex(0)
	return nil
}

// RuntimeUpgraded tells whether this runtime is newer than the one whose migrations have run last: its version is greater, or it has another
// name.
func RuntimeUpgraded() bool {
	last, ok := instance.LastRuntimeUpgrade.Get()
	return !ok || instance.Version.SpecVersion > last.SpecVersion || instance.Version.SpecName != last.SpecName
}

// NoteRuntimeUpgraded says that the migrations of this runtime have run.
func NoteRuntimeUpgraded() {
	instance.LastRuntimeUpgrade.Put(LastRuntimeUpgradeInfo{instance.Version.SpecVersion, instance.Version.SpecName})
}

// IntegrityTest implements frame.IntegrityTester: the limits of a block must not contradict each other.
func (p *Pallet) IntegrityTest() error { return p.BlockWeights.Validate() }
