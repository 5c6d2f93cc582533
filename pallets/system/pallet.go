package system

import (
	"github.com/gotensor/gotensor/pallets/frame"
	"github.com/gotensor/gotensor/primitives/chain"
	"github.com/gotensor/gotensor/primitives/hash"
	"github.com/gotensor/gotensor/primitives/scale"
	"github.com/gotensor/gotensor/primitives/units"
)

//go:generate go run ../frame/gen

// Pallet is the system pallet.
type Pallet struct {
	Constants
	Storage

	// MaxConsumers is how many consumers an account may have.
	MaxConsumers uint32
	// Migrator moves the state to a new form over several blocks; nil where the runtime has none.
	Migrator Migrator
}

// Migrator is a migration over several blocks. While one is under way, blocks hold inherents only and the code cannot change.
type Migrator interface {
	// Ongoing tells whether a migration is under way.
	Ongoing() bool
	// Step goes on with it and returns what that cost.
	Step() frame.Weight
}

// Constants are set by the runtime.
type Constants struct {
	// How much weight a block may hold: in all, of each class, and for one extrinsic.
	BlockWeights BlockWeights
	// How many bytes the extrinsics of a block may have together, by class.
	BlockLength BlockLength
	// How many block numbers keep their hash, the oldest going first. A mortal transaction cannot live longer.
	BlockHashCount chain.BlockNumber
	// What one read and one write of the state weigh.
	DbWeight DbWeight
	// The version of the runtime.
	Version chain.RuntimeVersion
	// The prefix of the chain's addresses in text form (SS58).
	//
	// It stands here too, and not only in the chain specification, so that the runtime knows what its chain is called.
	SS58Prefix uint16
}

// DbWeight is what the state costs, in picoseconds.
//
//frame:type sp_weights::RuntimeDbWeight
type DbWeight struct {
	Read, Write uint64
}

// Storage is all that the pallet keeps.
type Storage struct {
	// All that is known of an account: nonce, reference counts, and its data.
	//
	// Blake2_128Concat, as users choose accounts. Size: one entry for each account that has a provider or a sufficient.
	Account frame.Map[frame.Blake2_128Concat, chain.AccountID, AccountInfo] `default:"DefaultAccount()"`
	// How many extrinsics the block has. There while a block ends.
	ExtrinsicCount frame.OptionValue[uint32]
	// Whether all inherents of the block have run. There during a block.
	InherentsApplied frame.Value[bool]
	// The weight that the block has used, by class.
	BlockWeight frame.Value[ConsumedWeight]
	// How many bytes the extrinsics of the block have together. There during a block.
	AllExtrinsicsLen frame.OptionValue[uint32]
	// The hashes of past blocks by number: the last BlockHashCount ones, and genesis.
	BlockHash frame.Map[frame.Twox64Concat, chain.BlockNumber, hash.H256]
	// The extrinsics of the block by index, as they came. There during a block: the extrinsics root is made of them.
	ExtrinsicData frame.Map[frame.Twox64Concat, uint32, []byte]
	// The number of the block.
	Number frame.Value[chain.BlockNumber]
	// The hash of the block before.
	ParentHash frame.Value[hash.H256]
	// The digest of the block, as it will stand in the header.
	Digest frame.Value[chain.Digest]
	// What has happened in the block.
	//
	// Nothing bounds how long the list gets, so no pallet reads it: it is for clients.
	Events frame.Value[[]EventRecord]
	// How many events the list Events has.
	EventCount frame.Value[uint32]
	// Where events with a topic stand: the block, and the index in Events.
	//
	// The block is part of it so that the value changes with every block that has such an event: light clients watch for that.
	EventTopics frame.Map[frame.Blake2_128Concat, hash.H256, []EventPlace]
	// Name and version of the runtime whose migrations have run.
	LastRuntimeUpgrade frame.OptionValue[LastRuntimeUpgradeInfo]
	// Whether reference counts are 32 bits wide: always true here.
	UpgradedToU32RefCount frame.Value[bool]
	// Whether accounts have three reference counts: always true here.
	UpgradedToTripleRefCount frame.Value[bool]
	// Where in the block execution is. There during a block.
	ExecutionPhase frame.OptionValue[Phase]
	// The hash of the code that may be applied, where an upgrade is authorized.
	AuthorizedUpgrade frame.OptionValue[CodeUpgradeAuthorization]
	// How much weight of the extrinsic in hand was given back already.
	//
	// It goes when the extrinsic has been applied. Whoever reduces the block's weight after a dispatch keeps it up to date, so that
	// nothing is given back twice.
	ExtrinsicWeightReclaimed frame.Value[frame.Weight]
}

// AccountInfo is the value of an account.
//
//frame:type frame_system::AccountInfo<Nonce=uint32, AccountData=AccountData>
type AccountInfo struct {
	// How many transactions the account has sent.
	Nonce uint32 `rust:"Nonce"`
	// How many others need the account to exist.
	Consumers uint32 `rust:"RefCount"`
	// How many others let the account exist.
	Providers uint32 `rust:"RefCount"`
	// How many others let the account exist for their own purposes alone.
	Sufficients uint32 `rust:"RefCount"`
	// The balances.
	Data AccountData `rust:"AccountData"`
}

// AccountData is what package balances keeps of an account, in its value here.
type AccountData struct {
	Free     units.Rao  // what the account may use, as far as it is not frozen
	Reserved units.Rao  // what is on hold
	Frozen   units.Rao  // how much of the total must stay: the greatest of all locks and freezes
	Flags    scale.U128 // bit 127: the account counts references as balances does since holds exist
}

// NewLogic is the flag of an account whose references are counted as balances does since holds exist. Accounts begin with it.
var NewLogic = scale.U128{Hi: 1 << 63}

// DefaultAccount is the account that is not there.
func DefaultAccount() AccountInfo { return AccountInfo{Data: AccountData{Flags: NewLogic}} }

// AppendScale appends the three amounts and the flags.
func (a AccountData) AppendScale(dst []byte) []byte {
	dst = scale.AppendU64(dst, uint64(a.Free))
	dst = scale.AppendU64(dst, uint64(a.Reserved))
	dst = scale.AppendU64(dst, uint64(a.Frozen))
	return scale.AppendU128(dst, a.Flags)
}

// DecodeScale reads what AppendScale wrote.
func (a *AccountData) DecodeScale(d *scale.Decoder) {
	a.Free = units.Rao(d.U64())
	a.Reserved = units.Rao(d.U64())
	a.Frozen = units.Rao(d.U64())
	a.Flags = d.U128()
}

// EventPlace is where an event stands: in which block, and at which index.
type EventPlace = frame.Pair[chain.BlockNumber, uint32]

// LastRuntimeUpgradeInfo is the runtime whose migrations have run.
//
//frame:type frame_system::LastRuntimeUpgradeInfo
type LastRuntimeUpgradeInfo struct {
	SpecVersion uint32 `scale:"compact" rust:"codec::Compact<u32>"`
	SpecName    string `rust:"Cow<'static, str>"`
}

// CodeUpgradeAuthorization is the permission to apply a code.
//
//frame:type frame_system::CodeUpgradeAuthorization<T>
type CodeUpgradeAuthorization struct {
	// The blake2-256 hash of the code.
	CodeHash hash.H256 `rust:"T::Hash"`
	// Whether name and version of the code are checked when it is applied.
	CheckVersion bool
}

// Error is why the pallet refuses a call.
type Error uint8

// The errors of the pallet.
const (
	// InvalidSpecName: The new runtime has another name than the current one.
	InvalidSpecName Error = 0
	// SpecVersionNeedsToIncrease: The new runtime's version is not greater than the current one's.
	SpecVersionNeedsToIncrease Error = 1
	// FailedToExtractRuntimeVersion: The new code does not say its version, or says it in a way that does not decode.
	FailedToExtractRuntimeVersion Error = 2
	// NonDefaultComposite: The account still holds data and cannot be removed.
	NonDefaultComposite Error = 3
	// NonZeroRefCount: Somebody still refers to the account, so it cannot be removed.
	NonZeroRefCount Error = 4
	// CallFiltered: The origin may not make this call.
	CallFiltered Error = 5
	// MultiBlockMigrationsOngoing: The state is being migrated over several blocks; until that is done the code cannot be replaced.
	MultiBlockMigrationsOngoing Error = 6
	// NothingAuthorized: No upgrade is authorized.
	NothingAuthorized Error = 7
	// Unauthorized: The code is not the one that was authorized.
	Unauthorized Error = 8
)
