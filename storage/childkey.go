package storage

import "strings"

// The keys of the top trie under which the roots of child tries live. Nobody writes them by hand: a root is the
// function of its child trie's content. Source: sp_core storage, well_known_keys::CHILD_STORAGE_KEY_PREFIX.
const (
	childPrefix        = ":child_storage:"
	defaultChildPrefix = ":child_storage:default:"
)

// ChildRootKey returns the key of the top trie that holds the root of a default child trie.
func ChildRootKey(child []byte) []byte {
	return append([]byte(defaultChildPrefix), child...)
}

// isChildKey tells whether a key of the top trie is that of a child root, of whatever kind of child.
func isChildKey(key []byte) bool {
	return len(key) >= len(childPrefix) && string(key[:len(childPrefix)]) == childPrefix
}

// touchesChildKeys tells whether keys with this prefix may be those of child roots: it is a part of the prefix of
// child roots, or goes on from it. The empty prefix is a part of it, so nothing clears the whole top trie.
func touchesChildKeys(prefix []byte) bool {
	return isChildKey(prefix) || strings.HasPrefix(childPrefix, string(prefix))
}

// prefixed tells whether key starts with prefix; the key is a string because the overlay indexes by strings.
func prefixed(key string, prefix []byte) bool {
	return len(key) >= len(prefix) && key[:len(prefix)] == string(prefix)
}
