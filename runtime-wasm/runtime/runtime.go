package runtime

import (
	"github.com/gotensor/gotensor/pallets/aura"
	"github.com/gotensor/gotensor/pallets/balances"
	"github.com/gotensor/gotensor/pallets/executive"
	"github.com/gotensor/gotensor/pallets/frame"
	"github.com/gotensor/gotensor/pallets/grandpa"
	"github.com/gotensor/gotensor/pallets/multisig"
	"github.com/gotensor/gotensor/pallets/payment"
	"github.com/gotensor/gotensor/pallets/preimage"
	"github.com/gotensor/gotensor/pallets/proxy"
	"github.com/gotensor/gotensor/pallets/proxy/kinds"
	"github.com/gotensor/gotensor/pallets/scheduler"
	"github.com/gotensor/gotensor/pallets/sudo"
	"github.com/gotensor/gotensor/pallets/system"
	"github.com/gotensor/gotensor/pallets/timestamp"
	"github.com/gotensor/gotensor/pallets/utility"
	"github.com/gotensor/gotensor/primitives/chain"
	"github.com/gotensor/gotensor/primitives/units"
)

// The pallets of the runtime.
var (
	System    *system.Pallet
	Timestamp *timestamp.Pallet
	Aura      *aura.Pallet
	Grandpa   *grandpa.Pallet
	Balances  *balances.Pallet
	Payment   *payment.Pallet
	Utility   *utility.Pallet
	Sudo      *sudo.Pallet
	Multisig  *multisig.Pallet
	Preimage  *preimage.Pallet
	Scheduler *scheduler.Pallet
	Proxy     *proxy.Pallet
)

// Executive runs blocks of these pallets.
var Executive *executive.Executive

// Limits of a block.
const (
	maxBlockTime = 4_000_000_000_000 // picoseconds: four seconds of computation
	maxBlockSize = 10 << 20          // bytes
	normalPart   = 75                // percent of either that is for normal calls
)

// deposit returns what storing so many entries of the state with so many bytes is worth.
func deposit(entries, bytes units.Rao) units.Rao { return entries*20_000_000 + bytes*1_000_000 }

// Compose makes the runtime and installs it. It runs when the program starts; tests run it again for variables as they were then.
func Compose() *frame.Runtime {
	block := frame.Weight{RefTime: maxBlockTime, ProofSize: frame.MaxWeight.ProofSize}
	System = &system.Pallet{
		Constants: system.Constants{
			BlockWeights:   system.SensibleBlockWeights(block, normalPart),
			BlockLength:    system.BlockLengthOf(maxBlockSize, normalPart),
			BlockHashCount: 2400,
			DbWeight:       system.DbWeight{Read: frame.ReadTime, Write: frame.WriteTime},
			Version:        Version,
			SS58Prefix:     42,
		},
		MaxConsumers: 16,
	}
	Aura = &aura.Pallet{
		Constants: aura.Constants{SlotDuration: SlotDuration},
		Now:       func() uint64 { return Timestamp.Now.Get() },
	}
	Timestamp = &timestamp.Pallet{
		Constants:      timestamp.Constants{MinimumPeriod: SlotDuration / 2},
		OnTimestampSet: Aura.OnTimestampSet,
	}
	Grandpa = &grandpa.Pallet{Constants: grandpa.Constants{MaxAuthorities: 32, MaxNominators: 20, MaxSetIDSessionEntries: 0}}
	Balances = &balances.Pallet{
		Constants: balances.Constants{ExistentialDeposit: 500, MaxLocks: 50, MaxReserves: 50, MaxFreezes: 50},
		MaxHolds:  1,
	}
	Payment = &payment.Pallet{
		Constants:     payment.Constants{OperationalFeeMultiplier: 5},
		WeightToFee:   payment.LinearWeightToFee,
		LengthToFee:   payment.LengthToRao,
		FeeMultiplier: payment.One,
		OnCharge:      payment.Tao{Balances: Balances, Author: author},
		BlockLength:   System.BlockLength,
	}
	Utility = &utility.Pallet{Constants: utility.Constants{BatchedCallsLimit: utility.BatchedCallsLimit}}
	Sudo = &sudo.Pallet{}
	Multisig = &multisig.Pallet{
		Constants: multisig.Constants{DepositBase: deposit(1, 112), DepositFactor: deposit(0, 32), MaxSignatories: 100},
		Currency:  Balances,
	}
	Preimage = &preimage.Pallet{Currency: Balances, BaseDeposit: deposit(2, 64), ByteDeposit: deposit(0, 1)}
	Scheduler = &scheduler.Pallet{
		Constants: scheduler.Constants{MaximumWeight: frame.Weight{RefTime: maxBlockTime / 5 * 4, ProofSize: frame.MaxWeight.ProofSize / 5 * 4}, MaxScheduledPerBlock: 50},
		Preimages: Preimage,
	}
	Proxy = &proxy.Pallet{
		Constants: proxy.Constants{
			ProxyDepositBase: deposit(1, 40), ProxyDepositFactor: deposit(0, 33), MaxProxies: 20,
			MaxPending: 75, AnnouncementDepositBase: deposit(1, 16), AnnouncementDepositFactor: deposit(0, 68),
		},
		Currency: Balances,
		Allows:   kinds.Allows,
		Superset: kinds.Superset,
	}
	current := frame.Install(allow,
		frame.Entry{Index: 0, Name: "System", Pallet: System},
		frame.Entry{Index: 2, Name: "Timestamp", Pallet: Timestamp},
		frame.Entry{Index: 3, Name: "Aura", Pallet: Aura},
		frame.Entry{Index: 4, Name: "Grandpa", Pallet: Grandpa},
		frame.Entry{Index: 5, Name: "Balances", Pallet: Balances},
		frame.Entry{Index: 6, Name: "TransactionPayment", Pallet: Payment},
		frame.Entry{Index: 11, Name: "Utility", Pallet: Utility},
		frame.Entry{Index: 12, Name: "Sudo", Pallet: Sudo},
		frame.Entry{Index: 13, Name: "Multisig", Pallet: Multisig},
		frame.Entry{Index: 14, Name: "Preimage", Pallet: Preimage},
		frame.Entry{Index: 15, Name: "Scheduler", Pallet: Scheduler},
		frame.Entry{Index: 16, Name: "Proxy", Pallet: Proxy},
	)
	Executive = executive.New(current, extensions(metadataHash()))
	Executive.FreeExtensions, Executive.PoolDepth = true, 8
	return current
}

// author returns the account of whom the block is: the one whose key is that of the author.
func author() (chain.AccountID, bool) {
	key, ok := Aura.Author()
	return chain.AccountID(key), ok
}

// allow is the base filter: batches are not nested directly in batches. Source: NoNestingCallFilter.
func allow(c frame.Call) bool {
	for _, inner := range batched(c) {
		if isBatch(inner) {
			return false
		}
	}
	return true
}

func isBatch(c frame.Call) bool {
	switch c.(type) {
	case *utility.BatchCall, *utility.BatchAllCall, *utility.ForceBatchCall:
		return true
	}
	return false
}

// batched returns the calls of a batch of Utility.
func batched(c frame.Call) []frame.Call {
	switch c := c.(type) {
	case *utility.BatchCall:
		return c.Calls
	case *utility.BatchAllCall:
		return c.Calls
	case *utility.ForceBatchCall:
		return c.Calls
	}
	return nil
}
