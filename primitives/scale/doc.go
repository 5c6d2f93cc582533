// Package scale is the SCALE codec, the one byte format of the chain: storage values, extrinsics, headers, runtime call
// arguments and results, network messages.
//
// # Picture
//
// SCALE has no tags and no schema on the wire: a value is the concatenation of its parts, in order. So a codec is two short
// functions by hand, one that appends the parts to a byte slice and one that reads them back in the same order:
//
//	type Account struct {
//		Nonce uint32
//		Free  scale.U128
//		Tags  [][]byte
//	}
//
//	func (a Account) AppendScale(dst []byte) []byte {
//		dst = scale.AppendU32(dst, a.Nonce)
//		dst = scale.AppendU128(dst, a.Free)
//		return scale.AppendSeq(dst, a.Tags, scale.AppendBytes)
//	}
//
//	func (a *Account) DecodeScale(d *scale.Decoder) {
//		a.Nonce = d.U32()
//		a.Free = d.U128()
//		a.Tags = scale.DecodeSeq(d, (*scale.Decoder).Bytes)
//	}
//
//	account, err := scale.Unmarshal[Account](data)
//
// Items of a sequence that have such a codec themselves go through [AppendSlice] and [DecodeSlice].
//
// There is no reflection. Integers are little-endian. Lengths and most counters on the wire are compact integers: the two low
// bits of the first byte say whether 1, 2, 4 or a counted number of bytes hold the value.
//
// # The sticky error
//
// A [Decoder] remembers its first error and from then on has no input left: every read returns the zero value, every count is 0
// and so every loop ends. A codec therefore reads straight through and nobody checks an error between two fields. The check is
// made once, by [Unmarshal], [UnmarshalFunc] or [Decoder.Finish], and the value is worth nothing unless it passes.
//
// # What decoding promises on untrusted bytes
//
//   - It never panics and never reads outside the input.
//   - A claimed length is compared with the bytes that remain before anything is allocated. Every item of a sequence is taken to
//     need at least one byte; sequences of zero-size items do not occur on the chain and are refused unless empty.
//   - Allocation grows with what was really read: at most 64 KiB or twice the remaining input ahead of it, and in sum
//     no more than the memory budget ([Decoder.SetBudget]). Where 16 MiB of it or less are left, a sequence that fits is allocated at once.
//   - Nesting through [DecodeSeq], [DecodeSlice], [DecodeBox] and [Decoder.Enter] is at most [MaxDepth] deep, as in Substrate.
//   - A value has one encoding. Compact integers that are longer than needed, booleans other than 0 and 1, options and results
//     with another tag, strings that are not UTF-8, and (in [Unmarshal]) bytes left over are errors. The bits behind the end of
//     a [BitVec] are ignored, as parity-scale-codec does, and read as zero.
//
// # What it does not promise
//
// Maps and sets are sequences of pairs and items; that they are sorted and free of duplicates is the caller's to check where it matters.
// Views ([Decoder.View], [Decoder.Rest]) alias the input.
//
// Source: Polkadot specification, appendix "SCALE codec"; the behaviour on malformed input is that of parity-scale-codec 3.
package scale
