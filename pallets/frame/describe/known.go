//go:build !wasm

package describe

import (
	"strconv"

	"github.com/gotensor/gotensor/pallets/frame"
	"github.com/gotensor/gotensor/primitives/chain"
	"github.com/gotensor/gotensor/primitives/fixed"
	"github.com/gotensor/gotensor/primitives/hash"
	"github.com/gotensor/gotensor/primitives/metadata"
	"github.com/gotensor/gotensor/primitives/scale"
)

// The types of primitives and frame, as Substrate's crates describe theirs.
func init() {
	bytes := func(path string, n uint32) func(r *Registry) metadata.Type {
		return func(r *Registry) metadata.Type {
			return Composite(path, nil, Field("", Array(r, Of[uint8](r), n), "[u8; "+strconv.Itoa(int(n))+"]"))
		}
	}
	Type[chain.AccountID](bytes("sp_core::crypto::AccountId32", 32))
	Type[hash.H256](bytes("primitive_types::H256", 32))
	Type[scale.U256](func(r *Registry) metadata.Type {
		return Composite("primitive_types::U256", nil, Field("", Array(r, Of[uint64](r), 4), "[u64; 4]"))
	})
	Type[scale.U128](func(*Registry) metadata.Type {
		return metadata.Type{Def: metadata.Def{Kind: metadata.Primitive, Primitive: 7}}
	})
	Type[chain.MultiAddress](func(r *Registry) metadata.Type {
		u8 := Of[uint8](r)
		account := Of[chain.AccountID](r)
		index := Tuple(r)
		return Enum("sp_runtime::multiaddress::MultiAddress", Params("AccountId", account, "AccountIndex", index),
			Variant("Id", 0, nil, Field("", account, "AccountId")),
			Variant("Index", 1, nil, Field("", Compact(r, index), "AccountIndex")),
			Variant("Raw", 2, nil, Field("", Seq(r, u8), "Vec<u8>")),
			Variant("Address32", 3, nil, Field("", Array(r, u8, 32), "[u8; 32]")),
			Variant("Address20", 4, nil, Field("", Array(r, u8, 20), "[u8; 20]")))
	})
	Type[chain.MultiSignature](func(r *Registry) metadata.Type {
		u8 := Of[uint8](r)
		return Enum("sp_runtime::MultiSignature", nil,
			Variant("Ed25519", 0, nil, Field("", Array(r, u8, 64), "ed25519::Signature")),
			Variant("Sr25519", 1, nil, Field("", Array(r, u8, 64), "sr25519::Signature")),
			Variant("Ecdsa", 2, nil, Field("", Array(r, u8, 65), "ecdsa::Signature")))
	})
	Type[chain.Era](func(r *Registry) metadata.Type {
		variants := []metadata.Variant{Variant("Immortal", 0, nil)}
		for i := 1; i < 256; i++ {
			variants = append(variants, Variant("Mortal"+strconv.Itoa(i), uint8(i), nil, Field("", Of[uint8](r), "")))
		}
		return Enum("sp_runtime::generic::era::Era", nil, variants...)
	})
	Type[chain.DigestItem](func(r *Registry) metadata.Type {
		engine, data := Field("", Array(r, Of[uint8](r), 4), "ConsensusEngineId"), Field("", Of[[]byte](r), "Vec<u8>")
		return Enum("sp_runtime::generic::digest::DigestItem", nil,
			Variant("PreRuntime", 6, nil, engine, data), Variant("Consensus", 4, nil, engine, data), Variant("Seal", 5, nil, engine, data),
			Variant("Other", 0, nil, data), Variant("RuntimeEnvironmentUpdated", 8, nil))
	})
	Type[chain.Digest](func(r *Registry) metadata.Type {
		return Composite("sp_runtime::generic::digest::Digest", nil, Field("logs", Of[[]chain.DigestItem](r), "Vec<DigestItem>"))
	})
	Type[chain.RuntimeVersion](func(r *Registry) metadata.Type {
		u32, text := Of[uint32](r), Of[string](r)
		apis := r.named("apis of RuntimeVersion", func() metadata.Type {
			list := Seq(r, Tuple(r, Array(r, Of[uint8](r), 8), u32))
			return Composite("Cow", Params("T", list), Field("", list, ""))
		})
		return Composite("sp_version::RuntimeVersion", nil,
			Field("spec_name", text, "Cow<'static, str>"), Field("impl_name", text, "Cow<'static, str>"), Field("authoring_version", u32, "u32"),
			Field("spec_version", u32, "u32"), Field("impl_version", u32, "u32"), Field("apis", apis, "ApisVec"),
			Field("transaction_version", u32, "u32"), Field("system_version", Of[uint8](r), "u8"))
	})
	Type[chain.Header](func(r *Registry) metadata.Type {
		h := Of[hash.H256](r)
		return Composite("sp_runtime::generic::header::Header", Params("Number", Of[uint32](r), "Hash", nil),
			Field("parent_hash", h, "Hash::Output"), Field("number", Compact(r, Of[uint32](r)), "Number"), Field("state_root", h, "Hash::Output"),
			Field("extrinsics_root", h, "Hash::Output"), Field("digest", Of[chain.Digest](r), "Digest"))
	})
	Type[frame.Weight](func(r *Registry) metadata.Type {
		part := Compact(r, Of[uint64](r))
		return Composite("sp_weights::weight_v2::Weight", nil, Field("ref_time", part, "u64"), Field("proof_size", part, "u64"))
	})
	Type[frame.Class](func(*Registry) metadata.Type {
		return Enum("frame_support::dispatch::DispatchClass", nil, Units("Normal", "Operational", "Mandatory")...)
	})
	Type[frame.Pays](func(*Registry) metadata.Type {
		return Enum("frame_support::dispatch::Pays", nil, Units("Yes", "No")...)
	})
	Type[frame.Source](func(*Registry) metadata.Type {
		return Enum("sp_runtime::transaction_validity::TransactionSource", nil, Units("InBlock", "Local", "External")...)
	})
	Type[frame.OriginCaller](func(r *Registry) metadata.Type {
		account := Of[chain.AccountID](r)
		raw := r.named("RawOrigin", func() metadata.Type {
			return Enum("frame_support::dispatch::RawOrigin", Params("AccountId", account),
				Variant("Root", 0, nil), Variant("Signed", 1, nil, Field("", account, "AccountId")), Variant("None", 2, nil), Variant("Authorized", 3, nil))
		})
		return Enum("node_subtensor_runtime::OriginCaller", nil, Variant("system", 0, nil, Field("", raw, "frame_system::Origin<Runtime>")))
	})
	Type[frame.DispatchError](dispatchError)
	Type[frame.TransactionError](transactionError)
	Type[frame.ValidTransaction](func(r *Registry) metadata.Type {
		u64, tags := Of[uint64](r), Of[[][]byte](r)
		return Composite("sp_runtime::transaction_validity::ValidTransaction", nil,
			Field("priority", u64, "TransactionPriority"), Field("requires", tags, "Vec<TransactionTag>"), Field("provides", tags, "Vec<TransactionTag>"),
			Field("longevity", u64, "TransactionLongevity"), Field("propagate", Of[bool](r), "bool"))
	})
	Type[frame.Outcome](func(r *Registry) metadata.Type {
		ok, failed := Tuple(r), Of[frame.DispatchError](r)
		return Enum("Result", Params("T", ok, "E", failed), Variant("Ok", 0, nil, Field("", ok, "")), Variant("Err", 1, nil, Field("", failed, "")))
	})

	bits := func(name string, kind metadata.PrimitiveKind) func(r *Registry) metadata.Type {
		return func(r *Registry) metadata.Type {
			k := r.primitive(kind)
			return Composite("substrate_fixed::"+name, Params("Frac", nil), Field("bits", k, kind.String()))
		}
	}
	Type[fixed.I32F32](bits("FixedI64", 12))
	Type[fixed.I64F64](bits("FixedI128", 13))
	Type[fixed.I96F32](bits("FixedI128", 13))
	Type[fixed.U64F64](bits("FixedU128", 7))
	Type[fixed.U96F32](bits("FixedU128", 7))
}

func dispatchError(r *Registry) metadata.Type {
	u8 := Of[uint8](r)
	module := r.named("ModuleError", func() metadata.Type {
		return Composite("sp_runtime::ModuleError", nil, Field("index", u8, "u8"), Field("error", Array(r, u8, 4), "[u8; MAX_MODULE_ERROR_ENCODED_SIZE]"))
	})
	token := r.named("TokenError", func() metadata.Type {
		return Enum("sp_runtime::TokenError", nil, Units("FundsUnavailable", "OnlyProvider", "BelowMinimum", "CannotCreate", "UnknownAsset", "Frozen",
			"Unsupported", "CannotCreateHold", "NotExpendable", "Blocked")...)
	})
	arithmetic := r.named("ArithmeticError", func() metadata.Type {
		return Enum("sp_arithmetic::ArithmeticError", nil, Units("Underflow", "Overflow", "DivisionByZero")...)
	})
	transactional := r.named("TransactionalError", func() metadata.Type {
		return Enum("sp_runtime::TransactionalError", nil, Units("LimitReached", "NoLayer")...)
	})
	trie := r.named("TrieError", func() metadata.Type {
		return Enum("sp_runtime::proving_trie::TrieError", nil, Units("InvalidStateRoot", "IncompleteDatabase", "ValueAtIncompleteKey", "DecoderError",
			"InvalidHash", "DuplicateKey", "ExtraneousNode", "ExtraneousValue", "ExtraneousHashReference", "InvalidChildReference", "ValueMismatch",
			"IncompleteProof", "RootMismatch", "DecodeError")...)
	})
	return Enum("sp_runtime::DispatchError", nil,
		Variant("Other", 0, nil), Variant("CannotLookup", 1, nil), Variant("BadOrigin", 2, nil),
		Variant("Module", 3, nil, Field("", module, "ModuleError")),
		Variant("ConsumerRemaining", 4, nil), Variant("NoProviders", 5, nil), Variant("TooManyConsumers", 6, nil),
		Variant("Token", 7, nil, Field("", token, "TokenError")),
		Variant("Arithmetic", 8, nil, Field("", arithmetic, "ArithmeticError")),
		Variant("Transactional", 9, nil, Field("", transactional, "TransactionalError")),
		Variant("Exhausted", 10, nil), Variant("Corruption", 11, nil), Variant("Unavailable", 12, nil), Variant("RootNotAllowed", 13, nil),
		Variant("Trie", 14, nil, Field("", trie, "TrieError")))
}

func transactionError(r *Registry) metadata.Type {
	code := Field("", Of[uint8](r), "u8")
	invalid := r.named("InvalidTransaction", func() metadata.Type {
		return Enum("sp_runtime::transaction_validity::InvalidTransaction", nil,
			Variant("Call", 0, nil), Variant("Payment", 1, nil), Variant("Future", 2, nil), Variant("Stale", 3, nil), Variant("BadProof", 4, nil),
			Variant("AncientBirthBlock", 5, nil), Variant("ExhaustsResources", 6, nil), Variant("Custom", 7, nil, code), Variant("BadMandatory", 8, nil),
			Variant("MandatoryValidation", 9, nil), Variant("BadSigner", 10, nil), Variant("IndeterminateImplicit", 11, nil), Variant("UnknownOrigin", 12, nil))
	})
	unknown := r.named("UnknownTransaction", func() metadata.Type {
		return Enum("sp_runtime::transaction_validity::UnknownTransaction", nil,
			Variant("CannotLookup", 0, nil), Variant("NoUnsignedValidator", 1, nil), Variant("Custom", 2, nil, code))
	})
	return Enum("sp_runtime::transaction_validity::TransactionValidityError", nil,
		Variant("Invalid", 0, nil, Field("", invalid, "InvalidTransaction")), Variant("Unknown", 1, nil, Field("", unknown, "UnknownTransaction")))
}
