// Package metadata reads and writes the metadata of a runtime: the self-description from which clients learn what a
// chain can do, in the versions 14 and 15.
//
// Picture a phone book in two parts. The front lists, pallet by pallet, what there is: storage items, calls, events,
// errors, constants; version 15 adds runtime APIs. It never says what a thing looks like, but gives a number. The back, the
// registry, has under each number the shape of one type, and that shape may name further numbers. So a client
// decodes any value of the chain by walking numbers, and the host needs to know no pallet.
//
// Rules:
//
//   - Every [TypeID] in a decoded [Metadata] leads to a type; [Decode] refuses numbers that lead nowhere, and numbers
//     that stand twice. Types may contain themselves: whoever walks them bounds the depth.
//   - Decoding is bounded as in package scale, and Encode(Decode(x)) = x to the byte.
//   - Orders are those of the runtime. Wire indices of pallets and variants are the fields Index, never a position.
//
// Not promised: that types fit together, for instance that a call type is an enum. Accessors such as [Metadata.Variants] answer nil
// where it is none.
//
// Versions before 14 have no registry and version 16 is not in use by the runtimes that this project follows: both give a
// [VersionError]. [Versions] reads the list that a runtime offers.
//
// Source: paritytech/frame-metadata (v14.rs, v15.rs) and paritytech/scale-info (portable registry); vectors are the answers
// of real runtimes.
//
//	m, err := metadata.Decode(raw) // the bytes behind the length that Metadata_metadata answers with
//	for _, pallet := range m.Pallets {
//		fmt.Println(pallet.Index, pallet.Name, len(m.Variants(pallet.Calls)))
//	}
package metadata
