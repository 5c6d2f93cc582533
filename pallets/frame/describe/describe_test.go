package describe

import (
	"bytes"
	"testing"

	"github.com/gotensor/gotensor/primitives/chain"
	"github.com/gotensor/gotensor/primitives/metadata"
)

// TestEmptyRuntime builds the metadata of a runtime without pallets, with all extensions and runtime APIs that are known.
func TestEmptyRuntime(t *testing.T) {
	var rt Runtime
	rt.Extensions = []string{"CheckNonZeroSender", "CheckSpecVersion", "CheckTxVersion", "CheckGenesis", "CheckMortality", "CheckNonce", "CheckWeight",
		"ChargeTransactionPayment", "SudoTransactionExtension", "CheckShieldedTxValidity", "SubtensorTransactionExtension", "DrandPriority", "CheckMetadataHash"}
	rt.APIs = []string{"Core", "Metadata", "BlockBuilder", "TaggedTransactionQueue", "OffchainWorkerApi", "AuraApi", "GrandpaApi", "SessionKeys",
		"AccountNonceApi", "TransactionPaymentApi", "TransactionPaymentCallApi", "GenesisBuilder"}
	m, err := Build(rt)
	if err != nil {
		t.Fatal(err)
	}
	if len(rt.APIs) != len(apis) || len(rt.Extensions) != len(extensions) {
		t.Errorf("the test names %d APIs and %d extensions, there are %d and %d", len(rt.APIs), len(rt.Extensions), len(apis), len(extensions))
	}
	for _, m := range []*metadata.Metadata{m, V14(m)} {
		encoded := m.Encode()
		back, err := metadata.Decode(encoded)
		if err != nil {
			t.Fatalf("version %d: %v", m.Version, err)
		}
		if !bytes.Equal(back.Encode(), encoded) {
			t.Errorf("version %d encodes to other bytes when it was decoded", m.Version)
		}
		if path := back.Type(0).Path; len(path) != 3 || path[2] != "AccountId32" {
			t.Errorf("version %d: type 0 is %q, expected AccountId32", m.Version, path)
		}
	}
}

// TestUndescribed names a type that has no description.
func TestUndescribed(t *testing.T) {
	type secret struct{ A, B chain.AccountID }
	defer func() {
		if recover() == nil {
			t.Error("a struct without description was described")
		}
	}()
	Of[secret](newRegistry())
}
