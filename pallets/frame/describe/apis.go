//go:build !wasm

package describe

import (
	"github.com/gotensor/gotensor/pallets/frame"
	"github.com/gotensor/gotensor/primitives/chain"
	"github.com/gotensor/gotensor/primitives/hash"
	"github.com/gotensor/gotensor/primitives/metadata"
	"github.com/gotensor/gotensor/primitives/units"
)

// input is a parameter of a runtime API's function.
func input(name string, t metadata.TypeID) metadata.Input { return metadata.Input{Name: name, Type: t} }

func method(name string, output metadata.TypeID, doc string, inputs ...metadata.Input) metadata.Method {
	return metadata.Method{Name: name, Inputs: inputs, Output: output, Docs: []string{" " + doc}}
}

func api(name, doc string, methods ...metadata.Method) metadata.API {
	return metadata.API{Name: name, Methods: methods, Docs: []string{" " + doc}}
}

// apis are Substrate's runtime APIs by their name; extrinsic is the number of the runtime's extrinsic.
var apis = map[string]func(r *Registry, extrinsic metadata.TypeID) metadata.API{
	"Core": func(r *Registry, x metadata.TypeID) metadata.API {
		return api("Core", "What every runtime has.",
			method("version", Of[chain.RuntimeVersion](r), "The version of the runtime."),
			method("execute_block", Tuple(r), "Executes a block; fails where it is not valid.", input("block", r.block(x))),
			method("initialize_block", r.enum("sp_runtime::ExtrinsicInclusionMode", "AllExtrinsics", "OnlyInherents"), "Begins a block with the given header.", input("header", Of[chain.Header](r))))
	},
	"Metadata": func(r *Registry, _ metadata.TypeID) metadata.API {
		opaque := r.opaque("sp_core::OpaqueMetadata")
		return api("Metadata", "The runtime's description of itself.",
			method("metadata", opaque, "The metadata in version 14."),
			method("metadata_at_version", Option(r, opaque), "The metadata in a version, if the runtime has it.", input("version", Of[uint32](r))),
			method("metadata_versions", Of[[]uint32](r), "The versions of metadata that the runtime has."))
	},
	"BlockBuilder": func(r *Registry, x metadata.TypeID) metadata.API {
		data := r.named("InherentData", func() metadata.Type {
			id := Array(r, Of[uint8](r), 8)
			entries := r.named("BTreeMap InherentIdentifier", func() metadata.Type {
				return Composite("BTreeMap", Params("K", id, "V", Of[[]byte](r)), Field("", Seq(r, Tuple(r, id, Of[[]byte](r))), ""))
			})
			return Composite("sp_inherents::InherentData", nil, Field("data", entries, "BTreeMap<InherentIdentifier, Vec<u8>>"))
		})
		checked := r.named("CheckInherentsResult", func() metadata.Type {
			b := Of[bool](r)
			return Composite("sp_inherents::CheckInherentsResult", nil, Field("okay", b, "bool"), Field("fatal_error", b, "bool"), Field("errors", data, "InherentData"))
		})
		return api("BlockBuilder", "What authors of blocks need.",
			method("apply_extrinsic", Result(r, Of[frame.Outcome](r), Of[frame.TransactionError](r)), "Applies an extrinsic to the block that was begun.", input("extrinsic", x)),
			method("finalize_block", Of[chain.Header](r), "Ends the block and returns its header."),
			method("inherent_extrinsics", Seq(r, x), "The inherents of a block for the author's data.", input("inherent", data)),
			method("check_inherents", checked, "Judges the inherents of a block by the importing node's data.", input("block", r.block(x)), input("data", data)))
	},
	"TaggedTransactionQueue": func(r *Registry, x metadata.TypeID) metadata.API {
		return api("TaggedTransactionQueue", "What the transaction pool needs.",
			method("validate_transaction", Result(r, Of[frame.ValidTransaction](r), Of[frame.TransactionError](r)), "Judges a transaction.",
				input("source", Of[frame.Source](r)), input("tx", x), input("block_hash", Of[hash.H256](r))))
	},
	"OffchainWorkerApi": func(r *Registry, _ metadata.TypeID) metadata.API {
		return api("OffchainWorkerApi", "Work that nodes do off the chain.", method("offchain_worker", Tuple(r), "Starts the offchain workers after a block.", input("header", Of[chain.Header](r))))
	},
	"AuraApi": func(r *Registry, _ metadata.TypeID) metadata.API {
		duration := r.named("SlotDuration", func() metadata.Type {
			return Composite("sp_consensus_slots::SlotDuration", nil, Field("", Of[uint64](r), "u64"))
		})
		return api("AuraApi", "What authors under Aura need.",
			method("slot_duration", duration, "How long a slot lasts, in milliseconds."),
			method("authorities", Seq(r, r.key("sp_consensus_aura::sr25519::app_sr25519::Public")), "The authorities of the next block."))
	},
	"GrandpaApi": func(r *Registry, _ metadata.TypeID) metadata.API {
		key, u64 := r.key("sp_consensus_grandpa::app::Public"), Of[uint64](r)
		proof := r.opaque("sp_runtime::OpaqueValue")
		equivocation := r.equivocationProof()
		return api("GrandpaApi", "What finality under GRANDPA needs.",
			method("grandpa_authorities", Seq(r, Tuple(r, key, u64)), "The authorities of the current set with their weights."),
			method("submit_report_equivocation_unsigned_extrinsic", Option(r, Tuple(r)), "Reports an equivocation.",
				input("equivocation_proof", equivocation), input("key_owner_proof", proof)),
			method("generate_key_ownership_proof", Option(r, proof), "Proves who owned a key in a set.", input("set_id", u64), input("authority_id", key)),
			method("current_set_id", u64, "The number of the current set of authorities."))
	},
	"SessionKeys": func(r *Registry, _ metadata.TypeID) metadata.API {
		keyType := r.named("KeyTypeId", func() metadata.Type {
			return Composite("sp_core::crypto::KeyTypeId", nil, Field("", Array(r, Of[uint8](r), 4), "[u8; 4]"))
		})
		return api("SessionKeys", "Keys of authorities.",
			method("generate_session_keys", Of[[]byte](r), "Makes a set of session keys in the node's keystore.", input("seed", Of[*[]byte](r))),
			method("decode_session_keys", Option(r, Seq(r, Tuple(r, Of[[]byte](r), keyType))), "Takes a set of public session keys apart.", input("encoded", Of[[]byte](r))))
	},
	"AccountNonceApi": func(r *Registry, _ metadata.TypeID) metadata.API {
		return api("AccountNonceApi", "Nonces of accounts.", method("account_nonce", Of[uint32](r), "The nonce of an account's next transaction.", input("account", Of[chain.AccountID](r))))
	},
	"TransactionPaymentApi": func(r *Registry, x metadata.TypeID) metadata.API {
		info, details := r.feeTypes()
		return api("TransactionPaymentApi", "What transactions cost.", append([]metadata.Method{
			method("query_info", info, "Weight, class and fee of a transaction.", input("uxt", x), input("len", Of[uint32](r))),
			method("query_fee_details", details, "The parts of a transaction's fee.", input("uxt", x), input("len", Of[uint32](r)))}, r.feeQueries()...)...)
	},
	"TransactionPaymentCallApi": func(r *Registry, _ metadata.TypeID) metadata.API {
		info, details := r.feeTypes()
		return api("TransactionPaymentCallApi", "What calls cost.", append([]metadata.Method{
			method("query_call_info", info, "Weight, class and fee of a call.", input("call", r.call), input("len", Of[uint32](r))),
			method("query_call_fee_details", details, "The parts of a call's fee.", input("call", r.call), input("len", Of[uint32](r)))}, r.feeQueries()...)...)
	},
	"GenesisBuilder": func(r *Registry, _ metadata.TypeID) metadata.API {
		text, bytes := Of[string](r), Of[[]byte](r)
		id := Option(r, r.named("RuntimeString", func() metadata.Type { return Composite("Cow", Params("T", text), Field("", text, "")) }))
		return api("GenesisBuilder", "The first state of a chain.",
			method("build_state", Result(r, Tuple(r), text), "Writes the state of a genesis configuration, a JSON object.", input("json", bytes)),
			method("get_preset", Option(r, bytes), "The configuration with that name; the default one for no name.", input("id", id)),
			method("preset_names", Seq(r, text), "The names of the configurations that the runtime brings."))
	},
}

func (r *Registry) enum(path string, names ...string) metadata.TypeID {
	return r.named(path, func() metadata.Type { return Enum(path, nil, Units(names...)...) })
}

// opaque returns the number of a composite around a Vec<u8>.
func (r *Registry) opaque(path string) metadata.TypeID {
	return r.named(path, func() metadata.Type { return Composite(path, nil, Field("", Of[[]byte](r), "Vec<u8>")) })
}

// key returns the number of a public key of 32 bytes.
func (r *Registry) key(path string) metadata.TypeID {
	return r.named(path, func() metadata.Type { return Composite(path, nil, Field("", Array(r, Of[uint8](r), 32), "[u8; 32]")) })
}

func (r *Registry) block(extrinsic metadata.TypeID) metadata.TypeID {
	return r.named("Block", func() metadata.Type {
		header := Of[chain.Header](r)
		return Composite("sp_runtime::generic::block::Block", Params("Header", header, "Extrinsic", extrinsic),
			Field("header", header, "Header"), Field("extrinsics", Seq(r, extrinsic), "Vec<Extrinsic>"))
	})
}

func (r *Registry) feeTypes() (info, details metadata.TypeID) {
	amount := Of[units.Rao](r)
	info = r.named("RuntimeDispatchInfo", func() metadata.Type {
		w := Of[frame.Weight](r)
		return Composite("pallet_transaction_payment::types::RuntimeDispatchInfo", Params("Balance", amount, "Weight", w),
			Field("weight", w, "Weight"), Field("class", Of[frame.Class](r), "DispatchClass"), Field("partial_fee", amount, "Balance"))
	})
	details = r.named("FeeDetails", func() metadata.Type {
		inclusion := r.named("InclusionFee", func() metadata.Type {
			return Composite("pallet_transaction_payment::types::InclusionFee", Params("Balance", amount),
				Field("base_fee", amount, "Balance"), Field("len_fee", amount, "Balance"), Field("adjusted_weight_fee", amount, "Balance"))
		})
		return Composite("pallet_transaction_payment::types::FeeDetails", Params("Balance", amount),
			Field("inclusion_fee", Option(r, inclusion), "Option<InclusionFee<Balance>>"), Field("tip", amount, "Balance"))
	})
	return info, details
}

func (r *Registry) feeQueries() []metadata.Method {
	return []metadata.Method{
		method("query_weight_to_fee", Of[units.Rao](r), "What a weight costs.", input("weight", Of[frame.Weight](r))),
		method("query_length_to_fee", Of[units.Rao](r), "What bytes cost.", input("length", Of[uint32](r))),
	}
}

// equivocationProof returns the number of a proof that a GRANDPA voter voted twice.
func (r *Registry) equivocationProof() metadata.TypeID {
	return r.named("EquivocationProof", func() metadata.Type {
		h, n, u64 := Of[hash.H256](r), Of[uint32](r), Of[uint64](r)
		key, signature := r.key("sp_consensus_grandpa::app::Public"), r.named("grandpa signature", func() metadata.Type {
			return Composite("sp_consensus_grandpa::app::Signature", nil, Field("", Array(r, Of[uint8](r), 64), "ed25519::Signature"))
		})
		vote := func(kind string) metadata.TypeID {
			v := r.named(kind, func() metadata.Type {
				return Composite("finality_grandpa::"+kind, Params("H", h, "N", n), Field("target_hash", h, "H"), Field("target_number", n, "N"))
			})
			return r.named("Equivocation "+kind, func() metadata.Type {
				return Composite("finality_grandpa::Equivocation", Params("Id", key, "V", v, "S", signature),
					Field("round_number", u64, "u64"), Field("identity", key, "Id"), Field("first", Tuple(r, v, signature), "(V, S)"), Field("second", Tuple(r, v, signature), "(V, S)"))
			})
		}
		equivocation := r.named("grandpa equivocation", func() metadata.Type {
			return Enum("sp_consensus_grandpa::Equivocation", Params("H", h, "N", n),
				Variant("Prevote", 0, nil, Field("", vote("Prevote"), "grandpa::Equivocation<AuthorityId, grandpa::Prevote<H, N>, AuthoritySignature,>")),
				Variant("Precommit", 1, nil, Field("", vote("Precommit"), "grandpa::Equivocation<AuthorityId, grandpa::Precommit<H, N>, AuthoritySignature,>")))
		})
		return Composite("sp_consensus_grandpa::EquivocationProof", Params("H", h, "N", n), Field("set_id", u64, "SetId"), Field("equivocation", equivocation, "Equivocation<H, N>"))
	})
}
