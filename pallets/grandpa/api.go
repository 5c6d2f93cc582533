package grandpa

import "github.com/gotensor/gotensor/primitives/scale"

// The runtime API GrandpaApi, version 3, as functions of the arguments' bytes; the first two methods are plain storage:
// grandpa_authorities answers with Authorities, current_set_id with CurrentSetID.

// SubmitReport answers submit_report_equivocation_unsigned_extrinsic: always None, an encoded byte 0, as no proof of key ownership
// decodes. Error: args are no equivocation proof and opaque bytes.
func (p *Pallet) SubmitReport(args []byte) ([]byte, error) {
	d := scale.NewDecoder(args)
	var proof EquivocationProof
	proof.DecodeScale(d)
	d.View() // the proof of key ownership
	if err := d.Finish(); err != nil {
		return nil, err
	}
	return []byte{0}, nil
}

// GenerateKeyOwnershipProof answers generate_key_ownership_proof: always None, as there is no such proof. Error: args are no number of
// a set and key.
func (p *Pallet) GenerateKeyOwnershipProof(args []byte) ([]byte, error) {
	d := scale.NewDecoder(args)
	d.U64()
	d.Array32()
	if err := d.Finish(); err != nil {
		return nil, err
	}
	return []byte{0}, nil
}
