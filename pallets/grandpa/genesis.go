package grandpa

import (
	"github.com/gotensor/gotensor/pallets/frame/json"
)

// BuildGenesis reads {"authorities": [[address, weight], …]} and puts them in place as set 0. Error: *json.Error that names the entry, or says
// that there are more than MaxAuthorities.
func (p *Pallet) BuildGenesis(config []byte) error {
	authorities, err := p.readGenesis(config)
	if err != nil {
		return json.At("authorities", err)
	}
	p.CurrentSetID.Put(0)
	if len(authorities) > 0 {
		p.Authorities.Put(authorities)
	}
	p.SetIDSession.Put(0, 0)
	return nil
}

func (p *Pallet) readGenesis(config []byte) (authorities BoundedAuthorities, err error) {
	if config == nil {
		return nil, nil
	}
	v, err := json.Parse(config)
	if err != nil {
		return nil, err
	}
	list := v.Field("authorities")
	if list.IsNull() {
		return nil, nil
	}
	err = list.Items(func(_ int, item json.Value) error {
		if uint32(len(authorities)) == p.MaxAuthorities {
			return &json.Error{What: "more authorities than the runtime allows"}
		}
		pair, err := item.Tuple(2)
		if err != nil {
			return err
		}
		id, err := pair[0].Account()
		if err != nil {
			return json.At(json.Index(0), err)
		}
		weight, err := pair[1].Uint64()
		if err != nil {
			return json.At(json.Index(1), err)
		}
		authorities = append(authorities, Authority{AuthorityID(id), weight})
		return nil
	})
	return authorities, err
}
