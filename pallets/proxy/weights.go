package proxy

import "github.com/gotensor/gotensor/pallets/frame"

// Dispatch weights. Source: opentensor/subtensor pallets/proxy/src/weights.rs, SubstrateWeight (benchmarked 2026-06-23). All are taken at
// the most announcements (a) and proxies (n) that the constants allow.

// slope returns a weight for n units.
func slope(picoseconds, proof uint64, n uint32) frame.Weight {
	return frame.RefTime(picoseconds).Proof(proof).Mul(uint64(n))
}

func (c *Constants) weightProxy() frame.Weight {
	return frame.RefTime(28_026_265).Proof(4254).Add(slope(53_205, 37, c.MaxProxies)).Reads(3).Writes(1)
}

func (c *Constants) weightProxyAnnounced() frame.Weight {
	return frame.RefTime(53_234_507).Proof(8615).Add(slope(228_831, 68, c.MaxPending)).Add(slope(54_037, 37, c.MaxProxies)).Reads(5).Writes(3)
}

func (c *Constants) weightRemoveAnnouncement() frame.Weight {
	return frame.RefTime(25_595_226).Proof(8615).Add(slope(205_163, 0, c.MaxPending)).Add(slope(40_277, 0, c.MaxProxies)).Reads(2).Writes(2)
}

func (c *Constants) weightRejectAnnouncement() frame.Weight {
	return frame.RefTime(26_388_332).Proof(8615).Add(slope(199_703, 0, c.MaxPending)).Add(slope(17_846, 0, c.MaxProxies)).Reads(2).Writes(2)
}

func (c *Constants) weightAnnounce() frame.Weight {
	return frame.RefTime(34_286_251).Proof(8615).Add(slope(194_092, 0, c.MaxPending)).Add(slope(53_615, 0, c.MaxProxies)).Reads(3).Writes(2)
}

func (c *Constants) weightAddProxy() frame.Weight {
	return frame.RefTime(25_770_804).Proof(4254).Add(slope(80_892, 0, c.MaxProxies)).Reads(1).Writes(1)
}

func (c *Constants) weightRemoveProxy() frame.Weight {
	return frame.RefTime(27_827_049).Proof(4254).Add(slope(64_054, 0, c.MaxProxies)).Reads(1).Writes(2)
}

func (c *Constants) weightRemoveProxies() frame.Weight {
	return frame.RefTime(27_407_028).Proof(4254).Add(slope(55_808, 0, c.MaxProxies)).Reads(1).Writes(1)
}

func (c *Constants) weightCreatePure() frame.Weight {
	return frame.RefTime(27_853_436).Proof(4254).Add(slope(20_160, 0, c.MaxProxies)).Reads(1).Writes(1)
}

func (c *Constants) weightKillPure() frame.Weight {
	return frame.RefTime(26_529_087).Proof(4254).Add(slope(48_014, 0, c.MaxProxies)).Reads(1).Writes(1)
}

func (c *Constants) weightSetRealPaysFee() frame.Weight {
	return frame.RefTime(14_259_931).Proof(4254).Add(slope(42_799, 0, c.MaxProxies)).Reads(1).Writes(1)
}

var weightPokeDeposit = frame.RefTime(46_757_000).Proof(8615).Reads(3).Writes(3)

// infoProxy is what is known of proxy before it runs: it pays if the inner call does. The read and the write are the account that the
// call runs as.
func (c *Constants) infoProxy(call frame.Call) frame.DispatchInfo {
	inner := call.Info()
	return frame.DispatchInfo{Call: c.weightProxy().Reads(1).Writes(1).Add(inner.Call), Class: frame.Normal, Pays: inner.Pays}
}
