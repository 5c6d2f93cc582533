// Package chain has the nouns of a Substrate chain and their exact bytes: account ids, headers and digests, extrinsic envelopes,
// eras, runtime versions, blocks and justifications.
//
// # Picture
//
// A block is a [Header] and a list of [OpaqueExtrinsic]. Of an extrinsic the node understands the envelope only:
//
//	length | version and type | preamble (who signed, how, extensions) | call
//
// where the preamble ends and the call begins is known to the runtime alone, through its metadata. So [DecodeExtrinsic] asks a [Layout] to
// step over the parts, and everything in the result is bytes. Encoding needs no such help.
//
// # Rules
//
//   - Each type encodes with AppendScale and decodes with DecodeScale (package scale), and what decodes encodes to the same bytes.
//   - Indices on the wire are written as numbers in the code and never reused: digest items 0, 4, 5, 6, 8; addresses 0 to 4; signatures 0 to 2.
//   - A header's hash is blake2b-256 of its encoding, seal included.
//   - What the chain of today does not know (digest items of the removed changes tries, extrinsic versions below 4) is an error.
//
// # What it does not do
//
// It does not verify: not seals, signatures, the order of digest items, or roots. It does not know pallets; a call is bytes.
//
//	header, err := scale.Unmarshal[chain.Header](data)
//	fmt.Println(header.Number, header.Hash())
//
// Source: Polkadot specification, chapters "Block format" and "Extrinsics"; sp_runtime::generic, sp_version in paritytech/polkadot-sdk.
package chain
