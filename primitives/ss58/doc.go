// Package ss58 reads and writes SS58 addresses, the text form of account ids in the Substrate world.
//
// # Picture
//
// An address is base58 (Bitcoin's alphabet) of three parts in a row:
//
//	prefix (1 or 2 bytes) | payload (an account id or index) | checksum (1 to 8 bytes)
//
// The prefix says which network the address is for: 42 is "any Substrate chain", and Bittensor's; 0 is Polkadot, 2 Kusama. Prefixes below 64 take
// one byte, those up to 16383 take two. The checksum is the start of blake2b-512("SS58PRE" | prefix | payload).
//
// # Rules
//
//   - Payloads of 1, 2, 4, 8, 32 and 33 bytes exist. Those of 32 and 33 bytes (account ids and compressed public keys) have 2 bytes of checksum, always. For the
//     short ones (account indices) several checksum lengths are legal: one byte up to the payload's length. Encode writes one byte.
//   - Each address has one text: a two-byte prefix below 64 is refused, and so are the prefixes 46 and 47, which are reserved.
//   - Errors say what is wrong: which character is no base58, which length is impossible, which checksum was expected.
//
// The package does not know which prefixes are registered, nor whether a payload is a public key.
//
//	address := ss58.Encode(42, publicKey)
//	prefix, payload, err := ss58.Decode(address)
//
// Source: docs.substrate.io "SS58 address format", paritytech/ss58-registry; sp_core::crypto::Ss58Codec for 32-byte ids.
package ss58
