// Package keystore holds a node's keys: block authoring, voting, whatever else a runtime asks for by a four-byte purpose.
//
// The picture is a drawer of sealed notes. Each note is a secret URI (see primitives/keys), filed under purpose and public
// key; the scheme is not written on it. To sign, the store takes the note of that public key, makes the pair by the
// scheme the caller names, and checks that the public key comes out.
//
//	store, err := keystore.Open(filepath.Join(base, "chains", id, "keystore"), password)
//	public, err := store.Generate(keys.Sr25519, keys.TypeID{'a', 'u', 'r', 'a'}, "")
//	sig, ok, err := store.Sign(keys.Sr25519, keys.TypeID{'a', 'u', 'r', 'a'}, public, message)
//
// # Files
//
// One file a key, as a Substrate node keeps them, so that either reads what the other wrote: the name is the purpose
// and the public key in lower-case hexadecimal, the content the secret URI as a JSON string. Folder 0700, files 0600,
// written beside and renamed, so that a crash leaves no half key. Names that are no such hexadecimal are ignored.
//
// # Rules
//
//   - Public keys come sorted by their bytes and without duplicates, whatever the file system says.
//   - A key made from a given URI lives in memory only; a key that the store makes itself is written. Insert writes.
//   - The password is the one that mnemonics were made with; it encrypts nothing. Whoever reads the files and knows the
//     password has the keys, and where there is none the files suffice.
//   - As in Substrate, PublicKeys tells schemes apart by the length of the key alone: sr25519 and ed25519 keys under one
//     purpose are listed for both.
//
// The store reads the file at each signature: a file that is put in, or removed, counts at once. Callers that sign often
// hold the Pair. All methods are safe for concurrent use. It is no wallet: no encryption at rest.
//
// Source: paritytech/polkadot-sdk substrate/client/keystore/src/local.rs.
package keystore
