package rpc

import (
	"bytes"
	"encoding/json"
	"strings"
	"testing"

	"github.com/gotensor/gotensor/node/finality"
	"github.com/gotensor/gotensor/node/jsonrpc"
	"github.com/gotensor/gotensor/node/pool"
	"github.com/gotensor/gotensor/primitives/chain"
	"github.com/gotensor/gotensor/primitives/hash"
	"github.com/gotensor/gotensor/storage/db"
)

func filled(b byte) (h hash.H256) {
	for i := range h {
		h[i] = b
	}
	return h
}

func x32(digits string) string { return "0x" + strings.Repeat(digits, 32) }

// The forms of results. Sources, all in paritytech/polkadot-sdk below substrate/: primitives/runtime/src/generic/header.rs and tests (the header), primitives/version/
// src/lib.rs (the version), client/rpc-api/src/system/helpers.rs (health, sync state), client/transaction-pool/api/src/lib.rs, tests (statuses),
// frame/transaction-payment/src/types.rs, tests (dispatch info, fee details), primitives/storage/src/lib.rs (change sets).
func TestShapes(t *testing.T) {
	justifications := chain.Justifications{{Engine: chain.EngineGrandpa, Data: []byte{1, 255}}}
	h := chain.Header{ParentHash: filled(1), Number: 66, StateRoot: filled(2), ExtrinsicsRoot: filled(3), Digest: []chain.DigestItem{
		{Kind: chain.DigestPreRuntime, Engine: chain.EngineAura, Data: []byte{1, 2, 3, 4, 5, 6, 7, 8}},
		{Kind: chain.DigestRuntimeEnvironmentUpdated},
	}}
	headerText := `{"parentHash":"` + x32("01") + `","number":"0x42","stateRoot":"` + x32("02") + `","extrinsicsRoot":"` + x32("03") +
		`","digest":{"logs":["0x0661757261200102030405060708","0x08"]}}`
	one := filled(9)
	version := chain.RuntimeVersion{SpecName: "node-subtensor", ImplName: "node \"x\"", AuthoringVersion: 1, SpecVersion: 425, ImplVersion: 2,
		APIs: []chain.API{{ID: chain.APIIDOf("Core"), Version: 5}, {ID: chain.APIIDOf("Metadata"), Version: 2}}, TransactionVersion: 1, SystemVersion: 1}
	info, err := decodeDispatchInfo([]byte{4, 8, 0, 0, 0xca, 0x9a, 0x3b, 0, 0, 0, 0})
	if err != nil {
		t.Fatal(err)
	}
	wide, err := decodeDispatchInfo([]byte{0x07, 0, 0, 0, 0, 1, 0, 2, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255})
	if err != nil {
		t.Fatal(err)
	}
	amounts := func(width int) (b []byte) {
		for i := range 4 {
			b = append(b, byte(i+10))
			b = append(b, make([]byte, width-1)...)
		}
		return b
	}
	details, err := decodeFeeDetails(append([]byte{1}, amounts(8)...))
	if err != nil {
		t.Fatal(err)
	}
	details16, err := decodeFeeDetails(append([]byte{1}, amounts(16)...))
	if err != nil {
		t.Fatal(err)
	}
	none, err := decodeFeeDetails(append([]byte{0}, amounts(8)[:8]...))
	if err != nil {
		t.Fatal(err)
	}
	status := func(s pool.Status) jsonrpc.Appender { return transactionStatus(s) }
	for _, test := range []struct {
		name string
		v    jsonrpc.Appender
		want string
	}{
		{"header", header{&h}, headerText},
		{"header of block 0", header{&chain.Header{}}, `{"parentHash":"` + x32("00") + `","number":"0x0","stateRoot":"` + x32("00") + `","extrinsicsRoot":"` + x32("00") + `","digest":{"logs":[]}}`},
		{"head", newHead(h2p(h), h), headerText},
		{"block", signedBlock{&chain.SignedBlock{Block: chain.Block{Header: h, Extrinsics: []chain.OpaqueExtrinsic{{4, 5}, bytes.Repeat([]byte{7}, 64)}}}},
			`{"block":{"header":` + headerText + `,"extrinsics":["0x080405","0x0101` + strings.Repeat("07", 64) + `"]},"justifications":null}`},
		{"justified block", signedBlock{&chain.SignedBlock{Block: chain.Block{Header: h}, Justifications: &justifications}},
			`{"block":{"header":` + headerText + `,"extrinsics":[]},"justifications":[[[70,82,78,75],[1,255]]]}`},
		{"version", runtimeVersion{version}, `{"specName":"node-subtensor","implName":"node \"x\"","authoringVersion":1,"specVersion":425,"implVersion":2,` +
			`"apis":[["0xdf6acb689907609b",5],["0x37e397fc7c91f5e4",2]],"transactionVersion":1,"systemVersion":1,"stateVersion":1}`},
		{"hash", option{&one}, `"` + x32("09") + `"`},
		{"no hash", option{}, `null`},
		{"hashes", optionList{{&one}, {}}, `["` + x32("09") + `",null]`},
		{"change sets", changeSets{{block: one, changes: []entry{{key: []byte{1}, value: []byte{2}, ok: true}, {key: []byte{3}}, {key: nil, ok: true}}}},
			`[{"block":"` + x32("09") + `","changes":[["0x01","0x02"],["0x03",null],["0x","0x"]]}]`},
		{"no change sets", changeSets{}, `[]`},
		{"pairs", pairs{{[]byte{1}, []byte{2}, true}}, `[["0x01","0x02"]]`},
		{"keys", hexList{{1}, {}}, `["0x01","0x"]`},
		{"entries", hexOptions{{[]byte{1}, true}, {}}, `["0x01",null]`},
		{"proof", readProof{one, [][]byte{{1, 2}, {3}}}, `{"at":"` + x32("09") + `","proof":["0x0102","0x03"]}`},
		{"chain type", chainType("Local"), `"Local"`},
		{"custom chain type", chainType("Moon"), `{"Custom":"Moon"}`},
		{"dispatch info", info, `{"weight":{"ref_time":1,"proof_size":2},"class":"normal","partialFee":"1000000000"}`},
		{"dispatch info of a u128 runtime", wide, `{"weight":{"ref_time":4294967296,"proof_size":0},"class":"mandatory","partialFee":"340282366920938463463374607431768211455"}`},
		{"fee details", details, `{"inclusionFee":{"baseFee":10,"lenFee":11,"adjustedWeightFee":12}}`},
		{"fee details of a u128 runtime", details16, `{"inclusionFee":{"baseFee":"0xa","lenFee":"0xb","adjustedWeightFee":"0xc"}}`},
		{"no fee", none, `{"inclusionFee":null}`},
		{"future", status(pool.Status{Kind: pool.StatusFuture}), `"future"`},
		{"ready", status(pool.Status{Kind: pool.StatusReady}), `"ready"`},
		{"broadcast", status(pool.Status{Kind: pool.StatusBroadcast, Peers: []string{"hello", "world"}}), `{"broadcast":["hello","world"]}`},
		{"in a block", status(pool.Status{Kind: pool.StatusInBlock, Block: one, Index: 1}), `{"inBlock":"` + x32("09") + `"}`},
		{"retracted", status(pool.Status{Kind: pool.StatusRetracted, Block: one}), `{"retracted":"` + x32("09") + `"}`},
		{"finality timeout", status(pool.Status{Kind: pool.StatusFinalityTimeout, Block: one}), `{"finalityTimeout":"` + x32("09") + `"}`},
		{"finalized", status(pool.Status{Kind: pool.StatusFinalized, Block: one, Index: 1}), `{"finalized":"` + x32("09") + `"}`},
		{"usurped", status(pool.Status{Kind: pool.StatusUsurped, By: one}), `{"usurped":"` + x32("09") + `"}`},
		{"dropped", status(pool.Status{Kind: pool.StatusDropped}), `"dropped"`},
		{"invalid", status(pool.Status{Kind: pool.StatusInvalid}), `"invalid"`},
		{"pending", extrinsicList{{4}}, `["0x0404"]`},
	} {
		got := string(test.v.AppendJSON([]byte("·")))
		if got != "·"+test.want {
			t.Errorf("%s:\n got %s\nwant %s", test.name, got, test.want)
		}
		if !json.Valid([]byte(strings.TrimPrefix(got, "·"))) {
			t.Errorf("%s is no JSON", test.name)
		}
	}
}

func TestStructs(t *testing.T) {
	missing := []chain.AccountID{chain.AccountID(filled(2)), chain.AccountID(filled(1))}
	best, err := reportRound(finality.Round{Number: 2, Total: 100, Threshold: 67, Prevotes: 50, NoPrevote: missing[:1], NoPrecommit: []chain.AccountID{missing[1], missing[0]}})
	if err != nil {
		t.Fatal(err)
	}
	past, err := reportRound(finality.Round{Number: 1, Total: 100, Threshold: 67, Prevotes: 100, Precommits: 100})
	if err != nil {
		t.Fatal(err)
	}
	for _, test := range []struct {
		v    any
		want string
	}{
		{health{Peers: 1, ShouldHavePeers: true}, `{"peers":1,"isSyncing":false,"shouldHavePeers":true}`},
		{syncState{12, 50, 128}, `{"startingBlock":12,"currentBlock":50,"highestBlock":128}`},
		{[]Role{RoleAuthority}, `["Authority"]`},
		{blockStats{1, 2, 3, 4}, `{"witnessLen":1,"witnessCompactLen":2,"blockLen":3,"numExtrinsics":4}`},
		// The answer that substrate/client/consensus/grandpa/rpc/src/lib.rs, working_rpc_handler, expects.
		{roundStates{1, best, []roundState{past}}, `{"setId":1,"best":{"round":2,"totalWeight":100,"thresholdWeight":67,` +
			`"prevotes":{"currentWeight":50,"missing":["5C7LYpP2ZH3tpKbvVvwiVe54AapxErdPBbvkYhe6y9ZBkqWt"]},` +
			`"precommits":{"currentWeight":0,"missing":["5C62Ck4UrFPiBtoCmeSrgF7x9yv9mn38446dhCpsi2mLHiFT","5C7LYpP2ZH3tpKbvVvwiVe54AapxErdPBbvkYhe6y9ZBkqWt"]}},` +
			`"background":[{"round":1,"totalWeight":100,"thresholdWeight":67,"prevotes":{"currentWeight":100,"missing":[]},"precommits":{"currentWeight":100,"missing":[]}}]}`},
	} {
		got, err := json.Marshal(test.v)
		if err != nil || string(got) != test.want {
			t.Errorf("got  %s\nwant %s: %v", got, test.want, err)
		}
	}
}

func TestAnswersOfRuntimes(t *testing.T) {
	for _, bad := range [][]byte{nil, {4}, {4, 8}, {4, 8, 3, 0, 0, 0, 0, 0, 0, 0, 0}, {4, 8, 0, 1, 2, 3}, {3, 8, 0, 0, 0, 0, 0, 0, 0, 0, 0}} {
		if got, err := decodeDispatchInfo(bad); err == nil {
			t.Errorf("dispatch info %x: %+v", bad, got)
		}
	}
	for _, bad := range [][]byte{nil, {0}, {1}, {2, 0, 0, 0, 0, 0, 0, 0, 0}, append([]byte{1}, make([]byte, 33)...), append([]byte{1}, make([]byte, 12)...)} {
		if got, err := decodeFeeDetails(bad); err == nil {
			t.Errorf("fee details %x: %+v", bad, got)
		}
	}
	if n, wide, err := decodeNonce([]byte{1, 2, 0, 0}); n != 0x201 || wide || err != nil {
		t.Error(n, wide, err)
	}
	if n, wide, err := decodeNonce([]byte{1, 2, 0, 0, 0, 0, 0, 1}); n != 1<<56|0x201 || !wide || err != nil {
		t.Error(n, wide, err)
	}
	if _, _, err := decodeNonce([]byte{1}); err == nil {
		t.Error("a nonce of one byte")
	}
}

func h2p(h chain.Header) db.Point { return db.Point{Number: h.Number, Hash: h.Hash()} }
