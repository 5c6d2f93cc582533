package frame

import (
	"github.com/gotensor/gotensor/pallets/frame/host"
	"github.com/gotensor/gotensor/primitives/hash"
	"github.com/gotensor/gotensor/primitives/scale"
)

// Versioned is a pallet whose state has had other forms: the number of the form that its code knows. Pallets without the method have 0.
type Versioned interface {
	StorageVersion() uint16
}

// storageVersionKey returns where the number of the form that the state of a pallet has is kept.
func storageVersionKey(pallet string) []byte {
	p := PrefixOf(pallet, ":__STORAGE_VERSION__:")
	return p[:]
}

// StorageVersion returns the number of the form that the state of a pallet has; 0 where it is not kept.
func StorageVersion(p Pallet) uint16 {
	raw, ok := host.Get(storageVersionKey(p.Name()))
	if !ok || len(raw) < 2 {
		return 0
	}
	return uint16(raw[0]) | uint16(raw[1])<<8
}

// PutStorageVersion says that the state of a pallet has the form that its code knows: in genesis, and when its migrations have run.
func PutStorageVersion(p Pallet) {
	var version uint16
	if v, ok := p.(Versioned); ok {
		version = v.StorageVersion()
	}
	host.Set(storageVersionKey(p.Name()), scale.AppendU16(nil, version))
}

// HasState tells whether anything is kept under the name of a pallet.
func HasState(p Pallet) bool {
	prefix := hash.Twox128([]byte(p.Name()))
	key, ok := host.NextKey(prefix[:])
	return ok && len(key) >= len(prefix) && string(key[:len(prefix)]) == string(prefix[:])
}
