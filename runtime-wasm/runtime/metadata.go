package runtime

import "github.com/gotensor/gotensor/primitives/scale"

// MetadataMetadata answers with the metadata of version 14: nothing → OpaqueMetadata.
func MetadataMetadata(args []byte) []byte {
	finish(scale.NewDecoder(args), "Metadata_metadata")
	return some(14)[1:]
}

// MetadataMetadataAtVersion answers with the metadata of a version: u32 → Option<OpaqueMetadata>.
func MetadataMetadataAtVersion(args []byte) []byte {
	d := scale.NewDecoder(args)
	version := d.U32()
	finish(d, "Metadata_metadata_at_version")
	if version != 14 && version != 15 {
		return []byte{0}
	}
	return some(version)
}

// MetadataMetadataVersions answers with the versions of metadata that there are: nothing → Vec<u32>.
func MetadataMetadataVersions(args []byte) []byte {
	finish(scale.NewDecoder(args), "Metadata_metadata_versions")
	return scale.AppendSeq(nil, []uint32{14, 15}, scale.AppendU32)
}
