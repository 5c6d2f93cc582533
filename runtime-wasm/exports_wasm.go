//go:build wasm

package main

import (
	"github.com/gotensor/gotensor/runtime-wasm/abi"
	"github.com/gotensor/gotensor/runtime-wasm/runtime"
)

// The exports, in the order of runtime.APIs. A test compares them.

//go:wasmexport Core_version
func coreVersion(pointer, length uint32) uint64 {
	return abi.Serve(runtime.CoreVersion, pointer, length)
}

//go:wasmexport Core_execute_block
func coreExecuteBlock(pointer, length uint32) uint64 {
	return abi.Serve(runtime.CoreExecuteBlock, pointer, length)
}

//go:wasmexport Core_initialize_block
func coreInitializeBlock(pointer, length uint32) uint64 {
	return abi.Serve(runtime.CoreInitializeBlock, pointer, length)
}

//go:wasmexport Metadata_metadata
func metadataMetadata(pointer, length uint32) uint64 {
	return abi.Serve(runtime.MetadataMetadata, pointer, length)
}

//go:wasmexport Metadata_metadata_at_version
func metadataMetadataAtVersion(pointer, length uint32) uint64 {
	return abi.Serve(runtime.MetadataMetadataAtVersion, pointer, length)
}

//go:wasmexport Metadata_metadata_versions
func metadataMetadataVersions(pointer, length uint32) uint64 {
	return abi.Serve(runtime.MetadataMetadataVersions, pointer, length)
}

//go:wasmexport BlockBuilder_apply_extrinsic
func blockBuilderApplyExtrinsic(pointer, length uint32) uint64 {
	return abi.Serve(runtime.BlockBuilderApplyExtrinsic, pointer, length)
}

//go:wasmexport BlockBuilder_finalize_block
func blockBuilderFinalizeBlock(pointer, length uint32) uint64 {
	return abi.Serve(runtime.BlockBuilderFinalizeBlock, pointer, length)
}

//go:wasmexport BlockBuilder_inherent_extrinsics
func blockBuilderInherentExtrinsics(pointer, length uint32) uint64 {
	return abi.Serve(runtime.BlockBuilderInherentExtrinsics, pointer, length)
}

//go:wasmexport BlockBuilder_check_inherents
func blockBuilderCheckInherents(pointer, length uint32) uint64 {
	return abi.Serve(runtime.BlockBuilderCheckInherents, pointer, length)
}

//go:wasmexport GenesisBuilder_build_state
func genesisBuilderBuildState(pointer, length uint32) uint64 {
	return abi.Serve(runtime.GenesisBuilderBuildState, pointer, length)
}

//go:wasmexport GenesisBuilder_get_preset
func genesisBuilderGetPreset(pointer, length uint32) uint64 {
	return abi.Serve(runtime.GenesisBuilderGetPreset, pointer, length)
}

//go:wasmexport GenesisBuilder_preset_names
func genesisBuilderPresetNames(pointer, length uint32) uint64 {
	return abi.Serve(runtime.GenesisBuilderPresetNames, pointer, length)
}

//go:wasmexport TaggedTransactionQueue_validate_transaction
func taggedTransactionQueueValidateTransaction(pointer, length uint32) uint64 {
	return abi.Serve(runtime.TaggedTransactionQueueValidateTransaction, pointer, length)
}

//go:wasmexport OffchainWorkerApi_offchain_worker
func offchainWorkerApiOffchainWorker(pointer, length uint32) uint64 {
	return abi.Serve(runtime.OffchainWorkerOffchainWorker, pointer, length)
}

//go:wasmexport AuraApi_slot_duration
func auraApiSlotDuration(pointer, length uint32) uint64 {
	return abi.Serve(runtime.AuraSlotDuration, pointer, length)
}

//go:wasmexport AuraApi_authorities
func auraApiAuthorities(pointer, length uint32) uint64 {
	return abi.Serve(runtime.AuraAuthorities, pointer, length)
}

//go:wasmexport SessionKeys_generate_session_keys
func sessionKeysGenerateSessionKeys(pointer, length uint32) uint64 {
	return abi.Serve(runtime.SessionKeysGenerateSessionKeys, pointer, length)
}

//go:wasmexport SessionKeys_decode_session_keys
func sessionKeysDecodeSessionKeys(pointer, length uint32) uint64 {
	return abi.Serve(runtime.SessionKeysDecodeSessionKeys, pointer, length)
}

//go:wasmexport GrandpaApi_grandpa_authorities
func grandpaApiGrandpaAuthorities(pointer, length uint32) uint64 {
	return abi.Serve(runtime.GrandpaGrandpaAuthorities, pointer, length)
}

//go:wasmexport GrandpaApi_submit_report_equivocation_unsigned_extrinsic
func grandpaApiSubmitReportEquivocationUnsignedExtrinsic(pointer, length uint32) uint64 {
	return abi.Serve(runtime.GrandpaSubmitReportEquivocation, pointer, length)
}

//go:wasmexport GrandpaApi_generate_key_ownership_proof
func grandpaApiGenerateKeyOwnershipProof(pointer, length uint32) uint64 {
	return abi.Serve(runtime.GrandpaGenerateKeyOwnershipProof, pointer, length)
}

//go:wasmexport GrandpaApi_current_set_id
func grandpaApiCurrentSetId(pointer, length uint32) uint64 {
	return abi.Serve(runtime.GrandpaCurrentSetID, pointer, length)
}

//go:wasmexport AccountNonceApi_account_nonce
func accountNonceApiAccountNonce(pointer, length uint32) uint64 {
	return abi.Serve(runtime.AccountNonceAccountNonce, pointer, length)
}

//go:wasmexport TransactionPaymentApi_query_info
func transactionPaymentApiQueryInfo(pointer, length uint32) uint64 {
	return abi.Serve(runtime.TransactionPaymentQueryInfo, pointer, length)
}

//go:wasmexport TransactionPaymentApi_query_fee_details
func transactionPaymentApiQueryFeeDetails(pointer, length uint32) uint64 {
	return abi.Serve(runtime.TransactionPaymentQueryFeeDetails, pointer, length)
}

//go:wasmexport TransactionPaymentApi_query_weight_to_fee
func transactionPaymentApiQueryWeightToFee(pointer, length uint32) uint64 {
	return abi.Serve(runtime.TransactionPaymentQueryWeightToFee, pointer, length)
}

//go:wasmexport TransactionPaymentApi_query_length_to_fee
func transactionPaymentApiQueryLengthToFee(pointer, length uint32) uint64 {
	return abi.Serve(runtime.TransactionPaymentQueryLengthToFee, pointer, length)
}

//go:wasmexport TransactionPaymentCallApi_query_call_info
func transactionPaymentCallApiQueryCallInfo(pointer, length uint32) uint64 {
	return abi.Serve(runtime.TransactionPaymentQueryCallInfo, pointer, length)
}

//go:wasmexport TransactionPaymentCallApi_query_call_fee_details
func transactionPaymentCallApiQueryCallFeeDetails(pointer, length uint32) uint64 {
	return abi.Serve(runtime.TransactionPaymentQueryCallFeeDetails, pointer, length)
}

//go:wasmexport TransactionPaymentCallApi_query_weight_to_fee
func transactionPaymentCallApiQueryWeightToFee(pointer, length uint32) uint64 {
	return abi.Serve(runtime.TransactionPaymentQueryWeightToFee, pointer, length)
}

//go:wasmexport TransactionPaymentCallApi_query_length_to_fee
func transactionPaymentCallApiQueryLengthToFee(pointer, length uint32) uint64 {
	return abi.Serve(runtime.TransactionPaymentQueryLengthToFee, pointer, length)
}
