package runtime

import (
	"github.com/gotensor/gotensor/pallets/frame"
	"github.com/gotensor/gotensor/pallets/payment"
	"github.com/gotensor/gotensor/pallets/payment/payers"
	"github.com/gotensor/gotensor/pallets/sudo"
	"github.com/gotensor/gotensor/pallets/system"
)

// extensions returns the transaction extensions in the order in which transactions carry them. hash is the digest of the metadata, or nil. Those whose pallets the runtime
// does not have hold their places.
func extensions(hash *[32]byte) []frame.Extension {
	return []frame.Extension{
		system.CheckNonZeroSender{},
		system.CheckSpecVersion{},
		system.CheckTxVersion{},
		system.CheckGenesis{},
		&system.CheckMortality{},
		&system.CheckNonce{},
		&system.CheckWeight{},
		&payment.ChargeReal{Charge: payment.Charge{Pallet: Payment}, Payer: payers.Of(Proxy).Find},
		sudo.Extension{Pallet: Sudo},
		frame.Passive{Name: "CheckShieldedTxValidity"},
		frame.Passive{Name: "SubtensorTransactionExtension"},
		frame.Passive{Name: "DrandPriority"},
		&system.CheckMetadataHash{Hash: hash},
	}
}

// Extensions returns the identifiers of the transaction extensions, in their order.
func Extensions() (identifiers []string) {
	for _, e := range extensions(nil) {
		identifiers = append(identifiers, e.Identifier())
	}
	return identifiers
}
