package preimage

import (
	"github.com/gotensor/gotensor/primitives/chain"
	"github.com/gotensor/gotensor/primitives/hash"
	"github.com/gotensor/gotensor/primitives/scale"
	"github.com/gotensor/gotensor/primitives/units"
)

// Key is the key of a preimage.
//
//frame:tuple
type Key struct {
	Hash hash.H256
	Len  uint32
}

// Bytes are a preimage: at most MaxSize of them.
//
//frame:type bounded_collections::bounded_vec::BoundedVec
//frame:bound 4194304
type Bytes []byte

// Ticket says who has a deposit on hold for a preimage, and how much. Amounts stay what they were when the deposit was taken.
type Ticket struct {
	Who    chain.AccountID
	Amount units.Rao
}

// RequestStatus is what is known of a preimage. Where it is not Requested it has a Ticket and a length.
type RequestStatus struct {
	Requested bool
	Ticket    *Ticket // nil: nobody has a deposit
	Count     uint32  // of requests; above 0 where Requested
	HasLen    bool    // the bytes are here
	Len       uint32
}

// OldRequestStatus is RequestStatus as earlier versions stored it, with reserves in place of holds. The bytes are the same.
type OldRequestStatus RequestStatus

// AppendScale appends the status: Unrequested 0, Requested 1.
func (s RequestStatus) AppendScale(dst []byte) []byte {
	if !s.Requested {
		return scale.AppendU32(appendTicket(append(dst, 0), *s.Ticket), s.Len)
	}
	dst = scale.AppendOption(append(dst, 1), s.Ticket, appendTicket)
	dst = scale.AppendU32(dst, s.Count)
	if !s.HasLen {
		return append(dst, 0)
	}
	return scale.AppendU32(append(dst, 1), s.Len)
}

// DecodeScale reads a status.
func (s *RequestStatus) DecodeScale(d *scale.Decoder) {
	switch kind := d.U8(); kind {
	case 0:
		ticket := decodeTicket(d)
		s.Ticket, s.HasLen, s.Len = &ticket, true, d.U32()
	case 1:
		s.Requested = true
		s.Ticket = scale.DecodeOption(d, decodeTicket)
		s.Count = d.U32()
		if length := scale.DecodeOption(d, (*scale.Decoder).U32); length != nil {
			s.HasLen, s.Len = true, *length
		}
	default:
		d.FailVariant("request status", kind)
	}
}

// AppendScale appends the status.
func (s OldRequestStatus) AppendScale(dst []byte) []byte { return RequestStatus(s).AppendScale(dst) }

// DecodeScale reads a status.
func (s *OldRequestStatus) DecodeScale(d *scale.Decoder) { (*RequestStatus)(s).DecodeScale(d) }

func appendTicket(dst []byte, t Ticket) []byte {
	return t.Amount.AppendScale(t.Who.AppendScale(dst))
}

func decodeTicket(d *scale.Decoder) (t Ticket) {
	t.Who.DecodeScale(d)
	t.Amount.DecodeScale(d)
	return t
}
