package sudo

import (
	"github.com/gotensor/gotensor/pallets/frame"
)

// Extension refuses signed transactions whose call is one of this pallet's and whose signer is not the sudo key, so that they neither
// fill the pool nor stand in blocks. Calls inside of calls are left to the pallet. Source: opentensor/subtensor
// runtime/src/sudo_wrapper.rs.
type Extension struct {
	frame.Plain
	Pallet *Pallet
}

var _ frame.Extension = Extension{}

// Identifier implements frame.Extension.
func (e Extension) Identifier() string { return "SudoTransactionExtension" }

// Validate implements frame.Extension. Error: InvalidBadSigner.
func (e Extension) Validate(tx *frame.Tx) (frame.ValidTransaction, error) {
	who, err := tx.Origin.Signed()
	if err != nil {
		return frame.DefaultValid(), nil // not signed: not this extension's business
	}
	if pallet, _ := tx.Call.CallIndex(); pallet == e.Pallet.Index() {
		if key, ok := e.Pallet.Key.Get(); !ok || key != who {
			return frame.ValidTransaction{}, frame.InvalidBadSigner
		}
	}
	return frame.DefaultValid(), nil
}
