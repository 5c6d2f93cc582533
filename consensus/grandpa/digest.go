package grandpa

import (
	"github.com/gotensor/gotensor/primitives/chain"
	"github.com/gotensor/gotensor/primitives/scale"
)

// ScheduledChange is a change of the set of authorities that a block announces.
type ScheduledChange struct {
	Next  []Authority
	Delay chain.BlockNumber // in blocks after the one that announces it
}

// AppendScale appends authorities and delay.
func (c ScheduledChange) AppendScale(dst []byte) []byte {
	return scale.AppendU32(scale.AppendSlice(dst, c.Next), uint32(c.Delay))
}

// DecodeScale reads a change.
func (c *ScheduledChange) DecodeScale(d *scale.Decoder) {
	c.Next = scale.DecodeSlice[Authority](d)
	c.Delay = chain.BlockNumber(d.U32())
}

// LogKind is what a consensus digest item tells the voters. The numbers are those on the wire.
type LogKind uint8

// Kinds of consensus digest items. The last three are obsolete: runtimes may write them, nodes act on none of them.
const (
	LogScheduledChange LogKind = 1
	LogForcedChange    LogKind = 2
	LogOnDisabled      LogKind = 3
	LogPause           LogKind = 4
	LogResume          LogKind = 5
)

// Log is a consensus digest item of engine "FRNK". Source: sp_consensus_grandpa, ConsensusLog.
type Log struct {
	Kind   LogKind
	Change ScheduledChange // of ScheduledChange and ForcedChange
	// Median is, of ForcedChange, the block that most voters had seen final when it was announced.
	Median   chain.BlockNumber
	Disabled uint64            // of OnDisabled: the index of the authority
	Delay    chain.BlockNumber // of Pause and Resume
}

// AppendScale appends the item.
func (l Log) AppendScale(dst []byte) []byte {
	dst = append(dst, byte(l.Kind))
	switch l.Kind {
	case LogScheduledChange:
		return l.Change.AppendScale(dst)
	case LogForcedChange:
		return l.Change.AppendScale(scale.AppendU32(dst, uint32(l.Median)))
	case LogOnDisabled:
		return scale.AppendU64(dst, l.Disabled)
	}
	return scale.AppendU32(dst, uint32(l.Delay))
}

// DecodeScale reads an item.
func (l *Log) DecodeScale(d *scale.Decoder) {
	l.Kind = LogKind(d.U8())
	switch l.Kind {
	case LogScheduledChange:
		l.Change.DecodeScale(d)
	case LogForcedChange:
		l.Median = chain.BlockNumber(d.U32())
		l.Change.DecodeScale(d)
	case LogOnDisabled:
		l.Disabled = d.U64()
	case LogPause, LogResume:
		l.Delay = chain.BlockNumber(d.U32())
	default:
		d.FailVariant("GRANDPA digest item", uint8(l.Kind))
	}
}

// FindChange returns the change that a header announces: the first forced one, or else the first scheduled one. Items that do not decode are passed over, as
// Substrate does it: what they mean, nobody acts on.
func FindChange(header *chain.Header) (PendingChange, bool) {
	for _, kind := range []LogKind{LogForcedChange, LogScheduledChange} {
		for _, item := range header.Digest {
			if item.Kind != chain.DigestConsensus || item.Engine != chain.EngineGrandpa {
				continue
			}
			log, err := scale.Unmarshal[Log](item.Data)
			if err != nil || log.Kind != kind {
				continue
			}
			return PendingChange{
				Next:        log.Change.Next,
				Delay:       log.Change.Delay,
				AnnouncedAt: Target{header.Hash(), header.Number},
				Forced:      kind == LogForcedChange,
				Median:      log.Median,
			}, true
		}
	}
	return PendingChange{}, false
}
