// Stand-in for the generator's output.

package system

import (
	"github.com/gotensor/gotensor/pallets/frame"
	"github.com/gotensor/gotensor/primitives/chain"
	"github.com/gotensor/gotensor/primitives/hash"
	"github.com/gotensor/gotensor/primitives/scale"
)

var (
	instance      *Pallet
	instanceIndex uint8
	instanceName  string
)

// Bind implements frame.Pallet.
func (p *Pallet) Bind(index uint8, name string) {
	instance, instanceIndex, instanceName = p, index, name
	x := func(item string) frame.Prefix { return frame.PrefixOf(name, item) }
	u32 := frame.Codec[uint32]{scale.AppendU32, (*scale.Decoder).U32}
	number := frame.Codec[chain.BlockNumber]{
		func(dst []byte, v chain.BlockNumber) []byte { return scale.AppendU32(dst, uint32(v)) },
		func(d *scale.Decoder) chain.BlockNumber { return chain.BlockNumber(d.U32()) },
	}
	boolean := frame.Codec[bool]{scale.AppendBool, (*scale.Decoder).Bool}
	h256 := frame.Codec[hash.H256]{
		func(dst []byte, v hash.H256) []byte { return append(dst, v[:]...) },
		func(d *scale.Decoder) hash.H256 { return d.Array32() },
	}
	bytes := frame.Codec[[]byte]{scale.AppendBytes, (*scale.Decoder).Bytes}
	p.Account.Bind(x("Account"), frame.Scale[chain.AccountID](), frame.Scale[AccountInfo](), func() AccountInfo { return DefaultAccount() })
	p.ExtrinsicCount.Bind(x("ExtrinsicCount"), u32)
	p.InherentsApplied.Bind(x("InherentsApplied"), boolean, nil)
	p.BlockWeight.Bind(x("BlockWeight"), frame.Scale[ConsumedWeight](), nil)
	p.AllExtrinsicsLen.Bind(x("AllExtrinsicsLen"), u32)
	p.BlockHash.Bind(x("BlockHash"), number, h256, nil)
	p.ExtrinsicData.Bind(x("ExtrinsicData"), u32, bytes, nil)
	p.Number.Bind(x("Number"), number, nil)
	p.ParentHash.Bind(x("ParentHash"), h256, nil)
	p.Digest.Bind(x("Digest"), frame.Scale[Digest](), nil)
	p.Events.Bind(x("Events"), frame.Codec[[]EventRecord]{scale.AppendSlice[EventRecord], func(d *scale.Decoder) []EventRecord { return scale.DecodeSlice[EventRecord](d) }}, nil)
	p.EventCount.Bind(x("EventCount"), u32, nil)
	p.EventTopics.Bind(x("EventTopics"), h256, frame.Codec[[]EventPlace]{}, nil)
	p.LastRuntimeUpgrade.Bind(x("LastRuntimeUpgrade"), frame.Scale[LastRuntimeUpgradeInfo]())
	p.UpgradedToU32RefCount.Bind(x("UpgradedToU32RefCount"), boolean, nil)
	p.UpgradedToTripleRefCount.Bind(x("UpgradedToTripleRefCount"), boolean, nil)
	p.ExecutionPhase.Bind(x("ExecutionPhase"), frame.Scale[Phase]())
	p.AuthorizedUpgrade.Bind(x("AuthorizedUpgrade"), frame.Scale[CodeUpgradeAuthorization]())
	p.ExtrinsicWeightReclaimed.Bind(x("ExtrinsicWeightReclaimed"), frame.Scale[frame.Weight](), nil)
}

// Index implements frame.Pallet.
func (p *Pallet) Index() uint8 { return instanceIndex }

// Name implements frame.Pallet.
func (p *Pallet) Name() string { return instanceName }

// DecodeCall implements frame.Pallet.
func (p *Pallet) DecodeCall(d *scale.Decoder) frame.Call {
	switch index := d.U8(); index {
	case 0:
		return &RemarkCall{d.Bytes()}
	case 11:
		return &ApplyAuthorizedUpgradeCall{Code: d.Bytes()}
	default:
		d.FailVariant("call of System", index)
		return nil
	}
}

// RemarkCall is the call remark.
type RemarkCall struct{ Remark []byte }

// CallIndex implements frame.Call.
func (c *RemarkCall) CallIndex() (uint8, uint8) { return instanceIndex, 0 }

// AppendScale implements frame.Call.
func (c *RemarkCall) AppendScale(dst []byte) []byte {
	return scale.AppendBytes(append(dst, instanceIndex, 0), c.Remark)
}

// Info implements frame.Call.
func (c *RemarkCall) Info() frame.DispatchInfo {
	return frame.DispatchInfo{Call: weightRemark(uint64(len(c.Remark)))}
}

// Run implements frame.Call.
func (c *RemarkCall) Run(origin frame.Origin) (frame.PostInfo, error) {
	return frame.PostInfo{}, instance.Remark(origin, c.Remark)
}

// ApplyAuthorizedUpgradeCall is the call apply_authorized_upgrade.
type ApplyAuthorizedUpgradeCall struct{ Code []byte }

// CallIndex implements frame.Call.
func (c *ApplyAuthorizedUpgradeCall) CallIndex() (uint8, uint8) { return instanceIndex, 11 }

// AppendScale implements frame.Call.
func (c *ApplyAuthorizedUpgradeCall) AppendScale(dst []byte) []byte {
	return scale.AppendBytes(append(dst, instanceIndex, 11), c.Code)
}

// Info implements frame.Call.
func (c *ApplyAuthorizedUpgradeCall) Info() frame.DispatchInfo {
	return frame.DispatchInfo{Call: weightApplyAuthorizedUpgrade(), Class: frame.Operational}
}

// Run implements frame.Call.
func (c *ApplyAuthorizedUpgradeCall) Run(origin frame.Origin) (frame.PostInfo, error) {
	return instance.ApplyAuthorizedUpgrade(origin, c.Code)
}

// Error names the error.
func (e Error) Error() string { return "system error" }

// Dispatch implements frame.PalletError.
func (e Error) Dispatch() frame.DispatchError { return frame.Module(instanceIndex, uint8(e)) }

func (i DispatchEventInfo) append(dst []byte) []byte {
	return append(i.Weight.AppendScale(dst), byte(i.Class), byte(i.PaysFee))
}

func (e ExtrinsicSuccess) AppendEvent(dst []byte) []byte {
	return e.DispatchInfo.append(append(dst, instanceIndex, 0))
}
func (e ExtrinsicFailed) AppendEvent(dst []byte) []byte {
	return e.DispatchInfo.append(e.DispatchError.AppendScale(append(dst, instanceIndex, 1)))
}
func (e CodeUpdated) AppendEvent(dst []byte) []byte { return append(dst, instanceIndex, 2) }
func (e NewAccount) AppendEvent(dst []byte) []byte {
	return append(append(dst, instanceIndex, 3), e.Account[:]...)
}
func (e KilledAccount) AppendEvent(dst []byte) []byte {
	return append(append(dst, instanceIndex, 4), e.Account[:]...)
}
func (e Remarked) AppendEvent(dst []byte) []byte {
	return append(append(append(dst, instanceIndex, 5), e.Sender[:]...), e.Hash[:]...)
}
func (e UpgradeAuthorized) AppendEvent(dst []byte) []byte {
	return scale.AppendBool(append(append(dst, instanceIndex, 6), e.CodeHash[:]...), e.CheckVersion)
}
func (e RejectedInvalidAuthorizedUpgrade) AppendEvent(dst []byte) []byte {
	return e.Error.AppendScale(append(append(dst, instanceIndex, 7), e.CodeHash[:]...))
}

// AppendScale appends the account.
func (a AccountInfo) AppendScale(dst []byte) []byte {
	dst = scale.AppendU32(dst, a.Nonce)
	dst = scale.AppendU32(dst, a.Consumers)
	dst = scale.AppendU32(dst, a.Providers)
	dst = scale.AppendU32(dst, a.Sufficients)
	return a.Data.AppendScale(dst)
}

// DecodeScale reads an account.
func (a *AccountInfo) DecodeScale(d *scale.Decoder) {
	a.Nonce, a.Consumers, a.Providers, a.Sufficients = d.U32(), d.U32(), d.U32(), d.U32()
	a.Data.DecodeScale(d)
}

// AppendScale appends the weights.
func (c ConsumedWeight) AppendScale(dst []byte) []byte {
	return c.Mandatory.AppendScale(c.Operational.AppendScale(c.Normal.AppendScale(dst)))
}

// DecodeScale reads the weights.
func (c *ConsumedWeight) DecodeScale(d *scale.Decoder) {
	c.Normal.DecodeScale(d)
	c.Operational.DecodeScale(d)
	c.Mandatory.DecodeScale(d)
}

// AppendScale appends the info.
func (l LastRuntimeUpgradeInfo) AppendScale(dst []byte) []byte {
	return scale.AppendString(scale.AppendCompact(dst, uint64(l.SpecVersion)), l.SpecName)
}

// DecodeScale reads the info.
func (l *LastRuntimeUpgradeInfo) DecodeScale(d *scale.Decoder) {
	l.SpecVersion, l.SpecName = d.CompactU32(), d.Text()
}

// AppendScale appends the authorization.
func (c CodeUpgradeAuthorization) AppendScale(dst []byte) []byte {
	return scale.AppendBool(append(dst, c.CodeHash[:]...), c.CheckVersion)
}

// DecodeScale reads the authorization.
func (c *CodeUpgradeAuthorization) DecodeScale(d *scale.Decoder) {
	c.CodeHash, c.CheckVersion = d.Array32(), d.Bool()
}
