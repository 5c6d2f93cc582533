package aura

import (
	"github.com/gotensor/gotensor/pallets/frame/json"
)

// BuildGenesis reads {"authorities": [address, …]} and puts them in place. Error: *json.Error that names the entry, or says that there are
// more than MaxAuthorities.
func (p *Pallet) BuildGenesis(config []byte) error {
	if config == nil {
		return nil
	}
	v, err := json.Parse(config)
	if err != nil {
		return err
	}
	list := v.Field("authorities")
	if list.IsNull() {
		return nil
	}
	var authorities Authorities
	err = list.Items(func(_ int, item json.Value) error {
		if len(authorities) == MaxAuthorities {
			return &json.Error{What: "more authorities than the runtime allows"}
		}
		id, err := item.Account()
		authorities = append(authorities, AuthorityID(id))
		return err
	})
	if err != nil {
		return json.At("authorities", err)
	}
	if len(authorities) > 0 {
		p.Authorities.Put(authorities)
	}
	return nil
}
