package keys

import (
	"fmt"

	"github.com/ChainSafe/go-schnorrkel"
	"github.com/gtank/merlin"
)

// VRFItem is one labelled message of a VRF transcript. A number goes in as u64, little-endian.
type VRFItem struct {
	Label string
	Data  []byte
}

// VRFTranscript is what a VRF is evaluated on: the label of a protocol and its items, in order.
type VRFTranscript struct {
	Label string
	Items []VRFItem
}

func (t VRFTranscript) merlin() *merlin.Transcript {
	m := merlin.NewTranscript(t.Label)
	for _, item := range t.Items {
		m.AppendMessage([]byte(item.Label), item.Data)
	}
	return m
}

// VRFSign evaluates the VRF: output is the unique 32-byte pre-output of key and transcript, proof the 64 bytes that
// VRFVerify checks. The layout is Kusama's, the one that Substrate uses. Source: sp_core sr25519.rs, vrf.
func (p *Sr25519Pair) VRFSign(t VRFTranscript) (output [32]byte, proof [64]byte, err error) {
	sk := schnorrkel.NewSecretKey([32]byte(p.secret[:32]), [32]byte(p.secret[32:]))
	inout, pf, err := sk.VrfSign(t.merlin())
	if err != nil {
		return output, proof, fmt.Errorf("sign VRF: %v", err)
	}
	return inout.Output().Encode(), pf.Encode(), nil
}

// VRFVerify reports whether proof shows that output is public's pre-output for the transcript. The identity is no output.
func VRFVerify(public [32]byte, t VRFTranscript, output [32]byte, proof [64]byte) bool {
	key, out, ok := vrfParts(public, output)
	if !ok {
		return false
	}
	var pf schnorrkel.VrfProof
	if pf.Decode(proof) != nil {
		return false
	}
	good, err := key.VrfVerify(t.merlin(), out, &pf)
	return err == nil && good
}

// VRFBytes makes size (1 to 64) bytes of randomness from a verified pre-output, under a context.
// Errors: ErrPublicKey (key or output is no point), a size out of range.
func VRFBytes(public [32]byte, t VRFTranscript, output [32]byte, context []byte, size int) ([]byte, error) {
	key, out, ok := vrfParts(public, output)
	if !ok {
		return nil, fmt.Errorf("%w: VRF key 0x%x or output 0x%x is no point", ErrPublicKey, public, output)
	}
	inout, err := out.AttachInput(key, t.merlin())
	if err != nil {
		return nil, fmt.Errorf("attach VRF input: %v", err)
	}
	b, err := inout.MakeBytes(size, context)
	if err != nil {
		return nil, fmt.Errorf("VRF bytes: size %d, expected 1 to %d", size, schnorrkel.MAX_VRF_BYTES)
	}
	return b, nil
}

func vrfParts(public, output [32]byte) (*schnorrkel.PublicKey, *schnorrkel.VrfOutput, bool) {
	key, err := schnorrkel.NewPublicKey(public)
	if err != nil || output == [32]byte{} {
		return nil, nil, false
	}
	out, err := schnorrkel.NewOutput(output)
	return key, out, err == nil
}
