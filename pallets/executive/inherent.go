package executive

import (
	"slices"

	"github.com/gotensor/gotensor/pallets/frame"
	"github.com/gotensor/gotensor/primitives/chain"
	"github.com/gotensor/gotensor/primitives/scale"
)

// entry is one of a map from an inherent's id to bytes: what authors give to pallets, and what pallets complain of. Source: sp_inherents,
// InherentData.
type entry struct {
	id   [8]byte
	data []byte
}

func (n entry) AppendScale(dst []byte) []byte {
	return scale.AppendBytes(append(dst, n.id[:]...), n.data)
}

func (n *entry) DecodeScale(d *scale.Decoder) {
	d.Read(n.id[:])
	n.data = d.View()
}

// inherentData is what the author of a block knows and the runtime does not: the time, and the like.
type inherentData []entry

// of returns the data under an id, or nil.
func (n inherentData) of(id [8]byte) []byte {
	for i := len(n) - 1; i >= 0; i-- { // the last counts, as in a map that was filled in order
		if n[i].id == id {
			return n[i].data
		}
	}
	return nil
}

// InherentExtrinsics returns the inherent extrinsics for encoded InherentData as an encoded Vec<Extrinsic>. It panics with a Panic where data does not
// decode.
func (e *Executive) InherentExtrinsics(data []byte) []byte {
	given, err := scale.UnmarshalFunc(data, scale.DecodeSlice[entry])
	must(err, "inherent data")
	var list [][]byte
	for _, p := range e.pallets {
		provider := e.inherents[p.Index()]
		if provider == nil {
			continue
		}
		if call := provider.CreateInherent(inherentData(given).of(provider.InherentID())); call != nil {
			// Version 5, as sp_runtime makes bare extrinsics.
			list = append(list, scale.AppendBytes(nil, call.AppendScale([]byte{5})))
		}
	}
	return scale.AppendSeq(nil, list, scale.AppendFixed)
}

// verdict is what checking the inherents of a block comes to. Source: sp_inherents, CheckInherentsResult.
type verdict struct {
	fatal  bool
	errors []entry
}

// add puts an error under an id, and tells whether it is fatal. A fatal one is the only one.
func (v *verdict) add(id [8]byte, err *frame.InherentError) (fatal bool) {
	if err.Fatal {
		v.errors = nil
	}
	if inherentData(v.errors).of(id) == nil { // else: one of the pallet was reported already
		v.errors = append(v.errors, entry{id, append([]byte{}, err.Data...)})
		v.fatal = err.Fatal
	}
	return err.Fatal
}

func (v *verdict) AppendScale(dst []byte) []byte {
	dst = scale.AppendBool(scale.AppendBool(dst, len(v.errors) == 0), v.fatal)
	slices.SortFunc(v.errors, func(a, b entry) int { return slices.Compare(a.id[:], b.id[:]) })
	return scale.AppendSlice(dst, v.errors)
}

// CheckInherents judges the inherents of an encoded block against encoded InherentData, and returns an encoded CheckInherentsResult. It panics
// with a Panic where either does not decode.
func (e *Executive) CheckInherents(block, data []byte) []byte {
	given, err := scale.UnmarshalFunc(data, scale.DecodeSlice[entry])
	must(err, "inherent data")
	var v verdict
	e.checkInherents(&v, block, given)
	return v.AppendScale(nil)
}

func (e *Executive) checkInherents(v *verdict, block []byte, given inherentData) {
	d := scale.NewDecoder(block)
	scale.Decode[chain.Header](d)
	count := d.Len()
	var seen [256]bool
	inherents, fatal := true, false
	for range count {
		xt := d.Span(func(d *scale.Decoder) { d.View() })
		must(d.Err(), "block")
		e.decode(xt)
		if inherents = inherents && !fatal && e.isInherent(); !inherents {
			e.forget()
			continue // the rest must decode, and is not looked at
		}
		pallet, _ := e.xt.call.CallIndex()
		provider := e.inherents[pallet]
		seen[pallet] = true
		if err := provider.CheckInherent(e.xt.call, given.of(provider.InherentID())); err != nil {
			fatal = v.add(provider.InherentID(), err)
		}
	}
	must(d.Finish(), "block")
	if fatal {
		return
	}
	for _, p := range e.pallets {
		provider, ok := e.inherents[p.Index()].(frame.RequiredInherent)
		if !ok || seen[p.Index()] {
			continue
		}
		id := e.inherents[p.Index()].InherentID()
		if err := provider.IsInherentRequired(given.of(id)); err != nil && v.add(id, err) {
			return
		}
	}
}
