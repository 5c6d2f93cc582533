package system

import (
	"github.com/gotensor/gotensor/pallets/frame"
	"github.com/gotensor/gotensor/pallets/frame/host"
	"github.com/gotensor/gotensor/primitives/chain"
	"github.com/gotensor/gotensor/primitives/hash"
	"github.com/gotensor/gotensor/primitives/scale"
)

// Remark leaves some bytes in the block, and does nothing with them. For everybody.
//
//frame:call 0
//frame:weight weightRemark(uint64(len(remark)))
func (p *Pallet) Remark(_ frame.Origin, remark []byte) error { return nil }

// SetHeapPages sets how many pages of memory the node gives to the runtime. For root.
//
//frame:call 1
//frame:weight weightSetHeapPages()
//frame:class frame.Operational
func (p *Pallet) SetHeapPages(origin frame.Origin, pages uint64) error {
	if err := origin.Root(); err != nil {
		return err
	}
	scratch = scale.AppendU64(scratch[:0], pages)
	host.Set(keyHeapPages, scratch)
	DepositLog(chain.DigestItem{Kind: chain.DigestRuntimeEnvironmentUpdated})
	return nil
}

// SetCode makes code the runtime, from the next block on. Its name must be that of this runtime, and its version greater. For root.
//
//frame:call 2
//frame:weight weightSetCode()
//frame:class frame.Operational
func (p *Pallet) SetCode(origin frame.Origin, code []byte) (frame.PostInfo, error) {
	return p.setCode(origin, code, true)
}

// SetCodeWithoutChecks makes code the runtime, from the next block on, whatever it is. For root.
//
// Migrations do not run where the version of the new code is not greater than that of this runtime.
//
//frame:call 3
//frame:weight weightSetCode()
//frame:class frame.Operational
func (p *Pallet) SetCodeWithoutChecks(origin frame.Origin, code []byte) (frame.PostInfo, error) {
	return p.setCode(origin, code, false)
}

func (p *Pallet) setCode(origin frame.Origin, code []byte, check bool) (frame.PostInfo, error) {
	if err := origin.Root(); err != nil {
		return frame.PostInfo{}, err
	}
	if err := p.canSetCode(code, check); err != nil {
		return frame.PostInfo{}, err
	}
	UpdateCode(code)
	// The whole weight of a block, so that nothing follows that the new code may see otherwise.
	return frame.Used(p.BlockWeights.MaxBlock), nil
}

// KeyValue is an entry of the state.
type KeyValue = frame.Pair[[]byte, []byte]

// SetStorage sets entries of the state. For root.
//
//frame:call 4
//frame:weight weightSetStorage(uint64(len(items)))
//frame:class frame.Operational
//frame:rust items=Vec<KeyValue>
func (p *Pallet) SetStorage(origin frame.Origin, items []KeyValue) error {
	if err := origin.Root(); err != nil {
		return err
	}
	for _, item := range items {
		host.Set(item.A, item.B)
	}
	return nil
}

// KillStorage removes entries of the state. For root.
//
//frame:call 5
//frame:weight weightKillStorage(uint64(len(keys)))
//frame:class frame.Operational
//frame:rust keys=Vec<Key>
func (p *Pallet) KillStorage(origin frame.Origin, keys [][]byte) error {
	if err := origin.Root(); err != nil {
		return err
	}
	for _, key := range keys {
		host.Clear(key)
	}
	return nil
}

// KillPrefix removes all entries of the state whose key begins with prefix. For root.
//
// The sender says how many there are, as the weight is counted from that.
//
//frame:call 6
//frame:weight weightKillPrefix(min(uint64(subkeys)+1, 1<<32-1))
//frame:class frame.Operational
//frame:rust prefix=Key
func (p *Pallet) KillPrefix(origin frame.Origin, prefix []byte, subkeys uint32) error {
	if err := origin.Root(); err != nil {
		return err
	}
	host.ClearPrefix(prefix, subkeys)
	return nil
}

// RemarkWithEvent leaves some bytes in the block, and an event with their hash. For signed origins.
//
//frame:call 7
//frame:weight weightRemarkWithEvent(uint64(len(remark)))
func (p *Pallet) RemarkWithEvent(origin frame.Origin, remark []byte) error {
	who, err := origin.Signed()
	if err != nil {
		return err
	}
	Deposit(Remarked{Sender: who, Hash: host.Blake2_256(remark)})
	return nil
}

// AuthorizeUpgrade allows everybody to make the code with this hash the runtime; its name and version are checked then. For root.
//
//frame:call 9
//frame:weight weightAuthorizeUpgrade()
//frame:class frame.Operational
//frame:rust codeHash=T::Hash
func (p *Pallet) AuthorizeUpgrade(origin frame.Origin, codeHash hash.H256) error {
	return p.authorizeUpgrade(origin, codeHash, true)
}

// AuthorizeUpgradeWithoutChecks allows everybody to make the code with this hash the runtime. For root.
//
// Neither the name of the new runtime nor its version is checked: use authorize_upgrade unless that is what is wanted.
//
//frame:call 10
//frame:weight weightAuthorizeUpgrade()
//frame:class frame.Operational
//frame:rust codeHash=T::Hash
func (p *Pallet) AuthorizeUpgradeWithoutChecks(origin frame.Origin, codeHash hash.H256) error {
	return p.authorizeUpgrade(origin, codeHash, false)
}

func (p *Pallet) authorizeUpgrade(origin frame.Origin, codeHash hash.H256, check bool) error {
	if err := origin.Root(); err != nil {
		return err
	}
	p.AuthorizedUpgrade.Put(CodeUpgradeAuthorization{codeHash, check})
	Deposit(UpgradeAuthorized{codeHash, check})
	return nil
}

// ApplyAuthorizedUpgrade makes code the runtime, from the next block on, if its hash is the one that was authorized. For everybody, signed or not.
//
// Where the authorization asks for it, the name of the new runtime must be that of this one, and its version greater; if not, the
// authorization is gone. An upgrade that goes through costs no fee.
//
//frame:call 11
//frame:weight weightApplyAuthorizedUpgrade()
//frame:class frame.Operational
func (p *Pallet) ApplyAuthorizedUpgrade(_ frame.Origin, code []byte) (frame.PostInfo, error) {
	authorized, err := p.authorizationOf(code)
	if err != nil {
		return frame.PostInfo{}, err
	}
	p.AuthorizedUpgrade.Kill()
	switch err := p.canSetCode(code, authorized.CheckVersion); err {
	case nil:
	case MultiBlockMigrationsOngoing:
		return frame.PostInfo{}, err
	default:
		// Trying again would not help, and the sender has done nothing wrong.
		Deposit(RejectedInvalidAuthorizedUpgrade{authorized.CodeHash, frame.AsDispatchError(err)})
		return frame.PostInfo{Pays: frame.No}, nil
	}
	UpdateCode(code)
	post := frame.Used(p.BlockWeights.MaxBlock)
	post.Pays = frame.No
	return post, nil
}

// authorizationOf returns the authorization of the code. Errors: NothingAuthorized, Unauthorized.
func (p *Pallet) authorizationOf(code []byte) (CodeUpgradeAuthorization, error) {
	authorized, ok := p.AuthorizedUpgrade.Get()
	if !ok {
		return authorized, NothingAuthorized
	}
	if authorized.CodeHash != host.Blake2_256(code) {
		return authorized, Unauthorized
	}
	return authorized, nil
}

// canSetCode returns why code cannot become the runtime; check says whether its version matters. Errors: MultiBlockMigrationsOngoing,
// FailedToExtractRuntimeVersion, InvalidSpecName, SpecVersionNeedsToIncrease.
func (p *Pallet) canSetCode(code []byte, check bool) error {
	if p.Migrator != nil && p.Migrator.Ongoing() {
		return MultiBlockMigrationsOngoing
	}
	if !check {
		return nil
	}
	raw, ok := host.RuntimeVersion(code)
	if !ok {
		return FailedToExtractRuntimeVersion
	}
	d := scale.NewDecoder(raw)
	version := scale.Decode[chain.RuntimeVersion](d)
	switch {
	case d.Err() != nil:
		return FailedToExtractRuntimeVersion
	case version.SpecName != p.Version.SpecName:
		return InvalidSpecName
	case version.SpecVersion <= p.Version.SpecVersion:
		return SpecVersionNeedsToIncrease
	}
	return nil
}

// UpdateCode makes code the runtime, from the next block on. It checks nothing.
func UpdateCode(code []byte) {
	host.Set(keyCode, code)
	DepositLog(chain.DigestItem{Kind: chain.DigestRuntimeEnvironmentUpdated})
	Deposit(CodeUpdated{})
}

// ValidateUnsigned implements frame.UnsignedValidator: the code of an authorized upgrade needs no signature.
func (p *Pallet) ValidateUnsigned(_ frame.Source, c frame.Call) (frame.ValidTransaction, error) {
	call, ok := c.(*ApplyAuthorizedUpgradeCall)
	if !ok {
		return frame.ValidTransaction{}, frame.InvalidCall
	}
	authorized, err := p.authorizationOf(call.Code)
	if err != nil || p.canSetCode(call.Code, false) != nil {
		return frame.ValidTransaction{}, frame.InvalidCall
	}
	valid := frame.DefaultValid()
	valid.Priority = ^uint64(0)
	valid.Provides = [][]byte{append([]byte(nil), authorized.CodeHash[:]...)}
	return valid, nil
}

// PreDispatch implements frame.UnsignedValidator.
func (p *Pallet) PreDispatch(c frame.Call) error {
	_, err := p.ValidateUnsigned(frame.InBlock, c)
	return err
}
