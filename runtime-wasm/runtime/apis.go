package runtime

import (
	"github.com/gotensor/gotensor/pallets/frame"
	"github.com/gotensor/gotensor/pallets/frame/host"
	"github.com/gotensor/gotensor/pallets/system"
	"github.com/gotensor/gotensor/primitives/chain"
	"github.com/gotensor/gotensor/primitives/scale"
)

// APIs are the runtime APIs, in the order in which the version lists them.
var APIs = []API{
	{"Core", id("df6acb689907609b"), 5, []Method{
		{"version", CoreVersion},
		{"execute_block", CoreExecuteBlock},
		{"initialize_block", CoreInitializeBlock},
	}},
	{"Metadata", id("37e397fc7c91f5e4"), 2, []Method{
		{"metadata", MetadataMetadata},
		{"metadata_at_version", MetadataMetadataAtVersion},
		{"metadata_versions", MetadataMetadataVersions},
	}},
	{"BlockBuilder", id("40fe3ad401f8959a"), 6, []Method{
		{"apply_extrinsic", BlockBuilderApplyExtrinsic},
		{"finalize_block", BlockBuilderFinalizeBlock},
		{"inherent_extrinsics", BlockBuilderInherentExtrinsics},
		{"check_inherents", BlockBuilderCheckInherents},
	}},
	{"GenesisBuilder", id("fbc577b9d747efd6"), 1, []Method{
		{"build_state", GenesisBuilderBuildState},
		{"get_preset", GenesisBuilderGetPreset},
		{"preset_names", GenesisBuilderPresetNames},
	}},
	{"TaggedTransactionQueue", id("d2bc9897eed08f15"), 3, []Method{
		{"validate_transaction", TaggedTransactionQueueValidateTransaction},
	}},
	{"OffchainWorkerApi", id("f78b278be53f454c"), 2, []Method{
		{"offchain_worker", OffchainWorkerOffchainWorker},
	}},
	{"AuraApi", id("dd718d5cc53262d4"), 1, []Method{
		{"slot_duration", AuraSlotDuration},
		{"authorities", AuraAuthorities},
	}},
	{"SessionKeys", id("ab3c0572291feb8b"), 1, []Method{
		{"generate_session_keys", SessionKeysGenerateSessionKeys},
		{"decode_session_keys", SessionKeysDecodeSessionKeys},
	}},
	{"GrandpaApi", id("ed99c5acb25eedf5"), 3, []Method{
		{"grandpa_authorities", GrandpaGrandpaAuthorities},
		{"submit_report_equivocation_unsigned_extrinsic", GrandpaSubmitReportEquivocation},
		{"generate_key_ownership_proof", GrandpaGenerateKeyOwnershipProof},
		{"current_set_id", GrandpaCurrentSetID},
	}},
	{"AccountNonceApi", id("bc9d89904f5b923f"), 1, []Method{
		{"account_nonce", AccountNonceAccountNonce},
	}},
	{"TransactionPaymentApi", id("37c8bb1350a9a2a8"), 4, []Method{
		{"query_info", TransactionPaymentQueryInfo},
		{"query_fee_details", TransactionPaymentQueryFeeDetails},
		{"query_weight_to_fee", TransactionPaymentQueryWeightToFee},
		{"query_length_to_fee", TransactionPaymentQueryLengthToFee},
	}},
	{"TransactionPaymentCallApi", id("f3ff14d5ab527059"), 3, []Method{
		{"query_call_info", TransactionPaymentQueryCallInfo},
		{"query_call_fee_details", TransactionPaymentQueryCallFeeDetails},
		{"query_weight_to_fee", TransactionPaymentQueryWeightToFee},
		{"query_length_to_fee", TransactionPaymentQueryLengthToFee},
	}},
}

// id reads 16 hex digits.
func id(digits string) (id chain.APIID) {
	for i := range digits {
		c := digits[i] - '0'
		if c > 9 {
			c = digits[i] - 'a' + 10
		}
		id[i/2] = id[i/2]<<4 | c
	}
	return id
}

// finish panics where arguments have not decoded, or bytes are left over, as the original does.
func finish(d *scale.Decoder, export string) {
	if err := d.Finish(); err != nil {
		panic(frame.Panic("Bad input data provided to " + export + ": " + err.Error()))
	}
}

// header reads a header that is all there is.
func header(args []byte, export string) *chain.Header {
	d := scale.NewDecoder(args)
	h := scale.Decode[chain.Header](d)
	finish(d, export)
	return &h
}

// CoreVersion answers with the version: nothing → RuntimeVersion.
func CoreVersion(args []byte) []byte {
	finish(scale.NewDecoder(args), "Core_version")
	return encodedVersion
}

// CoreExecuteBlock executes a block, and panics where it is not valid: Block → nothing.
func CoreExecuteBlock(args []byte) []byte {
	Executive.ExecuteBlock(args)
	return nil
}

// CoreInitializeBlock begins a block: Header → ExtrinsicInclusionMode.
func CoreInitializeBlock(args []byte) []byte {
	return []byte{byte(Executive.InitializeBlock(header(args, "Core_initialize_block")))}
}

// BlockBuilderApplyExtrinsic applies an extrinsic to the block that was begun: Extrinsic → ApplyExtrinsicResult.
func BlockBuilderApplyExtrinsic(args []byte) []byte { return Executive.ApplyExtrinsic(args) }

// BlockBuilderFinalizeBlock ends the block: nothing → Header.
func BlockBuilderFinalizeBlock(args []byte) []byte {
	finish(scale.NewDecoder(args), "BlockBuilder_finalize_block")
	return Executive.FinalizeBlock().AppendScale(nil)
}

// BlockBuilderInherentExtrinsics makes the inherents of a block: InherentData → Vec<Extrinsic>.
func BlockBuilderInherentExtrinsics(args []byte) []byte { return Executive.InherentExtrinsics(args) }

// BlockBuilderCheckInherents judges the inherents of a block: Block, InherentData → CheckInherentsResult.
func BlockBuilderCheckInherents(args []byte) []byte {
	d := scale.NewDecoder(args)
	block := d.Span(func(d *scale.Decoder) {
		scale.Decode[chain.Header](d)
		for range d.Len() {
			d.View()
		}
	})
	data := d.Rest()
	finish(d, "BlockBuilder_check_inherents")
	return Executive.CheckInherents(block, data)
}

// TaggedTransactionQueueValidateTransaction judges a transaction: TransactionSource, Extrinsic, block hash → TransactionValidity.
func TaggedTransactionQueueValidateTransaction(args []byte) []byte {
	d := scale.NewDecoder(args)
	source := frame.Source(d.U8())
	if source > frame.External {
		d.FailVariant("transaction source", uint8(source))
	}
	xt := d.Span(func(d *scale.Decoder) { d.View() })
	parent := d.Array32()
	finish(d, "TaggedTransactionQueue_validate_transaction")
	return Executive.ValidateTransaction(source, xt, parent)
}

// OffchainWorkerOffchainWorker runs the offchain workers: Header → nothing.
func OffchainWorkerOffchainWorker(args []byte) []byte {
	Executive.OffchainWorker(header(args, "OffchainWorkerApi_offchain_worker"))
	return nil
}

// AuraSlotDuration answers with milliseconds: nothing → u64.
func AuraSlotDuration(args []byte) []byte {
	finish(scale.NewDecoder(args), "AuraApi_slot_duration")
	return scale.AppendU64(nil, Aura.SlotDuration)
}

// AuraAuthorities answers with the block authors: nothing → Vec<sr25519::Public>.
func AuraAuthorities(args []byte) []byte {
	finish(scale.NewDecoder(args), "AuraApi_authorities")
	return scale.AppendSlice(nil, Aura.Authorities.Get())
}

// The ids under which the node keeps its keys. Source: sp_core::crypto::key_types.
var (
	keyAura    = [4]byte([]byte("aura"))
	keyGrandpa = [4]byte([]byte("gran"))
)

// SessionKeysGenerateSessionKeys makes keys in the node's keystore: Option<Vec<u8>>, a secret URI → Vec<u8>, the public keys behind one another.
func SessionKeysGenerateSessionKeys(args []byte) []byte {
	d := scale.NewDecoder(args)
	seed := scale.DecodeOption(d, (*scale.Decoder).Bytes)
	finish(d, "SessionKeys_generate_session_keys")
	var uri []byte
	if seed != nil {
		uri = *seed
	}
	aura := host.Sr25519Generate(keyAura, uri, seed != nil)
	grandpa := host.Ed25519Generate(keyGrandpa, uri, seed != nil)
	return scale.AppendBytes(nil, append(aura[:], grandpa[:]...))
}

// SessionKeysDecodeSessionKeys takes such public keys apart: Vec<u8> → Option<Vec<(Vec<u8>, KeyTypeId)>>.
func SessionKeysDecodeSessionKeys(args []byte) []byte {
	d := scale.NewDecoder(args)
	encoded := d.View()
	finish(d, "SessionKeys_decode_session_keys")
	if len(encoded) < 64 {
		return []byte{0}
	}
	out := scale.AppendBytes([]byte{1, 2 << 2}, encoded[:32])
	out = append(out, keyAura[:]...)
	out = scale.AppendBytes(out, encoded[32:64])
	return append(out, keyGrandpa[:]...)
}

// GrandpaGrandpaAuthorities answers with the voters: nothing → Vec<(ed25519::Public, u64)>.
func GrandpaGrandpaAuthorities(args []byte) []byte {
	finish(scale.NewDecoder(args), "GrandpaApi_grandpa_authorities")
	return scale.AppendSlice(nil, Grandpa.Authorities.Get())
}

// GrandpaCurrentSetID answers with the number of the voters' set: nothing → u64.
func GrandpaCurrentSetID(args []byte) []byte {
	finish(scale.NewDecoder(args), "GrandpaApi_current_set_id")
	return scale.AppendU64(nil, Grandpa.CurrentSetID.Get())
}

// GrandpaSubmitReportEquivocation answers with nothing, as no proof of key ownership exists: EquivocationProof, OpaqueKeyOwnershipProof → Option<()>.
func GrandpaSubmitReportEquivocation(args []byte) []byte {
	return grandpaAnswer(Grandpa.SubmitReport, args, "GrandpaApi_submit_report_equivocation_unsigned_extrinsic")
}

// GrandpaGenerateKeyOwnershipProof answers with nothing: SetId, ed25519::Public → Option<OpaqueKeyOwnershipProof>.
func GrandpaGenerateKeyOwnershipProof(args []byte) []byte {
	return grandpaAnswer(Grandpa.GenerateKeyOwnershipProof, args, "GrandpaApi_generate_key_ownership_proof")
}

func grandpaAnswer(f func([]byte) ([]byte, error), args []byte, export string) []byte {
	answer, err := f(args)
	if err != nil {
		panic(frame.Panic("Bad input data provided to " + export + ": " + err.Error()))
	}
	return answer
}

// AccountNonceAccountNonce answers with the number of an account's next transaction: AccountId32 → u32.
func AccountNonceAccountNonce(args []byte) []byte {
	d := scale.NewDecoder(args)
	who := chain.AccountID(d.Array32())
	finish(d, "AccountNonceApi_account_nonce")
	return scale.AppendU32(nil, system.AccountNonce(who))
}

// inspect reads an extrinsic, which may be unsigned, and its length.
func inspect(args []byte, export string) (info frame.DispatchInfo, length uint32, bare bool) {
	d := scale.NewDecoder(args)
	xt := d.Span(func(d *scale.Decoder) { d.View() })
	length = d.U32()
	finish(d, export)
	info, bare, err := Executive.Inspect(xt)
	if err != nil {
		panic(frame.Panic("Bad input data provided to " + export + ": " + err.Error()))
	}
	return info, length, bare
}

// inspectCall reads a call, and the length of an extrinsic with it.
func inspectCall(args []byte, export string) (info frame.DispatchInfo, length uint32) {
	d := scale.NewDecoder(args)
	d.SetBudget(frame.MaxCallMemory)
	call := frame.DecodeCall(d)
	length = d.U32()
	finish(d, export)
	return call.Info(), length
}

// TransactionPaymentQueryInfo answers with what an extrinsic weighs and costs: Extrinsic, u32 length → RuntimeDispatchInfo.
func TransactionPaymentQueryInfo(args []byte) []byte {
	info, length, bare := inspect(args, "TransactionPaymentApi_query_info")
	return Payment.QueryInfo(info, length, bare).AppendScale(nil)
}

// TransactionPaymentQueryFeeDetails answers with what the fee of an extrinsic is made of: Extrinsic, u32 length → FeeDetails.
func TransactionPaymentQueryFeeDetails(args []byte) []byte {
	info, length, bare := inspect(args, "TransactionPaymentApi_query_fee_details")
	return Payment.QueryFeeDetails(info, length, bare).AppendScale(nil)
}

// TransactionPaymentQueryCallInfo answers with what a call weighs and costs: RuntimeCall, u32 length → RuntimeDispatchInfo.
func TransactionPaymentQueryCallInfo(args []byte) []byte {
	info, length := inspectCall(args, "TransactionPaymentCallApi_query_call_info")
	return Payment.QueryInfo(info, length, false).AppendScale(nil)
}

// TransactionPaymentQueryCallFeeDetails answers with what the fee of a call is made of: RuntimeCall, u32 length → FeeDetails.
func TransactionPaymentQueryCallFeeDetails(args []byte) []byte {
	info, length := inspectCall(args, "TransactionPaymentCallApi_query_call_fee_details")
	return Payment.QueryFeeDetails(info, length, false).AppendScale(nil)
}

// TransactionPaymentQueryWeightToFee answers with what weight costs: Weight → u64.
func TransactionPaymentQueryWeightToFee(args []byte) []byte {
	d := scale.NewDecoder(args)
	weight := scale.Decode[frame.Weight](d)
	finish(d, "query_weight_to_fee")
	return Payment.FeeOfWeight(weight).AppendScale(nil)
}

// TransactionPaymentQueryLengthToFee answers with what so many bytes cost: u32 → u64.
func TransactionPaymentQueryLengthToFee(args []byte) []byte {
	d := scale.NewDecoder(args)
	length := d.U32()
	finish(d, "query_length_to_fee")
	return Payment.FeeOfLength(length).AppendScale(nil)
}
