package wasmhost

import (
	"slices"

	"github.com/gotensor/gotensor/primitives/keys"
)

// keyring is a keystore in memory. The node's own is above this package.
type keyring struct {
	pairs []ringPair
	err   error // what every request ends with, where set
}

type ringPair struct {
	id   keys.TypeID
	pair keys.Pair
}

func (k *keyring) PublicKeys(scheme keys.Scheme, id keys.TypeID) (public [][]byte, err error) {
	for _, p := range k.pairs {
		if p.id == id && p.pair.Scheme() == scheme {
			public = append(public, p.pair.Public())
		}
	}
	return public, k.err
}

func (k *keyring) Generate(scheme keys.Scheme, id keys.TypeID, uri string) ([]byte, error) {
	if k.err != nil {
		return nil, k.err
	}
	if uri == "" {
		pair, _, err := keys.Generate(scheme, "")
		k.pairs = append(k.pairs, ringPair{id, pair})
		return pair.Public(), err
	}
	pair, err := keys.FromURI(scheme, uri, "")
	if err != nil {
		return nil, err
	}
	k.pairs = append(k.pairs, ringPair{id, pair})
	return pair.Public(), nil
}

func (k *keyring) find(scheme keys.Scheme, id keys.TypeID, public []byte) keys.Pair {
	for _, p := range k.pairs {
		if p.id == id && p.pair.Scheme() == scheme && slices.Equal(p.pair.Public(), public) {
			return p.pair
		}
	}
	return nil
}

func (k *keyring) Sign(scheme keys.Scheme, id keys.TypeID, public, message []byte) ([]byte, bool, error) {
	pair := k.find(scheme, id, public)
	if pair == nil || k.err != nil {
		return nil, false, k.err
	}
	return pair.Sign(message), true, nil
}

func (k *keyring) SignPrehashed(id keys.TypeID, public []byte, digest [32]byte) ([]byte, bool, error) {
	pair, ok := k.find(keys.Ecdsa, id, public).(*keys.EcdsaPair)
	if !ok || k.err != nil {
		return nil, false, k.err
	}
	sig := pair.SignPrehashed(digest)
	return sig[:], true, nil
}
