// Package keys holds the three signature schemes of a Substrate chain, sr25519, ed25519 and ecdsa, and the secret URIs
// that name keys.
//
// The picture: a URI is a recipe. "bottom drive … walk//Alice/stash///secret" says: stretch this phrase with this
// password into a 32-byte seed, make the scheme's root key of it, then walk the path, "//" hard and "/" soft, to the
// key pair. The recipe is the same for all schemes and the keys are not: //Alice is three unrelated accounts.
//
//	pair, err := keys.FromURI(keys.Sr25519, "//Alice", "")
//	sig := pair.Sign(message)
//	ok := keys.Verify(keys.Sr25519, sig, message, pair.Public())
//
// # Rules
//
// Verification is consensus: whether a signature is good decides whether a block is. So each verifier accepts exactly
// what Substrate's accepts, to the last malformed input:
//
//   - sr25519: schnorrkel in the context "substrate". The marker bit must be set, except for Sr25519VerifyDeprecated.
//   - ed25519: ZIP-215, as ed25519-zebra. Go's standard library accepts less and must not stand in.
//   - ecdsa: the key is recovered from the signature and compared; the message is hashed by blake2b-256 unless it comes
//     prehashed. High s is good. The two versions of the host functions differ in r and s at or above the group
//     order: EcdsaParsing.
//
// Verifiers are pure functions, take any bytes, and never panic. Messages may be of any length and are not kept.
//
// There is no memory of public keys, though the library can keep them expanded. Measured over 256 keys, a hit saved
// 8 percent of an sr25519 and 4 percent of an ed25519 verification, and a miss cost 7 and 12: callers that have many
// signatures at hand gain more from a Batch, which takes a fifth off sr25519 at 16 signatures and a third at 256.
//
// A Pair prints its scheme and public key only, whatever the verb; errors never quote a URI.
//
// # What it does not do
//
// Secrets are not wiped from memory: Go's collector may have copied them. Signing and derivation use constant-time
// arithmetic where the libraries have it; parsing a phrase does not. Mnemonics are English only. A URI is at most
// MaxURILength bytes, where Substrate has no bound. Keys at rest are the business of node/keystore.
//
// A runtime does not import this package, though it compiles to Wasm: it asks the host. Linking it brings 1.2 MB of
// compressed code and tables into a blob, even where only Scheme is used.
//
// Spec: Polkadot Protocol Specification, "Cryptographic algorithms" (appendix A.4) and the host API's crypto chapter.
// Sources: paritytech/polkadot-sdk substrate/primitives/core (sr25519.rs, ed25519.rs, ecdsa.rs, crypto.rs,
// address_uri.rs), substrate/primitives/io, w3f/schnorrkel, zcash ZIP-215.
package keys
