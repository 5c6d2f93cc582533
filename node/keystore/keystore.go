package keystore

import (
	"bytes"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"sync"

	"github.com/gotensor/gotensor/primitives/keys"
)

// maxPublicKey is the longest public key whose file name stays within 255 bytes. maxFile bounds what is read of a key
// file: a URI of keys.MaxURILength, each byte escaped, in quotes.
const (
	maxPublicKey = 255/2 - len(keys.TypeID{})
	maxFile      = 6*keys.MaxURILength + 16
)

// MaxInMemory bounds the keys held in memory: an offchain worker may make them without end.
const MaxInMemory = 10_000

// Errors that callers may match.
var (
	// ErrMismatch is a key file whose URI makes another public key than its name says: another scheme, a wrong
	// password, or a mixed-up file.
	ErrMismatch = errors.New("secret URI does not make the public key")
	// ErrPublicKeyLength is a public key that no file can be named by.
	ErrPublicKeyLength = errors.New("public key length")
	// ErrFull is a key too many in memory.
	ErrFull = errors.New("keystore full")
)

// Keystore holds keys in memory and, where it was opened on a folder, in files.
type Keystore struct {
	dir      string // empty: in memory only
	password string

	mu     sync.RWMutex
	memory map[entry]secret
}

type entry struct {
	id     keys.TypeID
	public string
}

// secret is a secret URI and the password to read it with.
type secret struct{ uri, password string }

// New returns an empty keystore in memory. password is as in Open.
func New(password string) *Keystore {
	return &Keystore{password: password, memory: map[entry]secret{}}
}

// Open returns the keystore in dir, which is made where it is missing. password, where not empty, is the one that the
// mnemonics of the files were made with.
func Open(dir, password string) (*Keystore, error) {
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return nil, fmt.Errorf("open keystore: %w", err)
	}
	k := New(password)
	k.dir = dir
	return k, nil
}

// Format implements fmt.Formatter and prints no secret, whatever the verb.
func (k *Keystore) Format(f fmt.State, _ rune) {
	if k.dir == "" {
		fmt.Fprint(f, "keystore in memory")
	} else {
		fmt.Fprintf(f, "keystore %q", k.dir)
	}
}

// Keys returns all public keys of a purpose, whatever their length, sorted.
func (k *Keystore) Keys(id keys.TypeID) ([][]byte, error) {
	var public [][]byte
	k.mu.RLock()
	for e := range k.memory { // the order goes in the sort below
		if e.id == id {
			public = append(public, []byte(e.public))
		}
	}
	k.mu.RUnlock()
	if k.dir != "" {
		files, err := os.ReadDir(k.dir)
		if err != nil {
			return nil, fmt.Errorf("list keystore: %w", err)
		}
		for _, file := range files {
			name, err := hex.DecodeString(file.Name())
			if err == nil && len(name) > len(id) && keys.TypeID(name[:len(id)]) == id && hex.EncodeToString(name) == file.Name() {
				public = append(public, name[len(id):])
			}
		}
	}
	slices.SortFunc(public, bytes.Compare)
	return slices.CompactFunc(public, bytes.Equal), nil
}

// PublicKeys returns the public keys of a purpose that have the length of scheme's, sorted.
func (k *Keystore) PublicKeys(scheme keys.Scheme, id keys.TypeID) ([][]byte, error) {
	public, err := k.Keys(id)
	if err != nil {
		return nil, err
	}
	return slices.DeleteFunc(public, func(p []byte) bool { return len(p) != scheme.PublicKeySize() }), nil
}

// Has reports whether a secret is held for a public key, without making the pair.
func (k *Keystore) Has(id keys.TypeID, public []byte) (bool, error) {
	_, ok, err := k.secret(id, public)
	return ok, err
}

// Generate makes a key, stores it and returns its public key. A given uri is kept in memory only, and the store's
// password is not applied to it; without one a fresh 12-word mnemonic is made, with the password, and written.
// Errors: those of keys.FromURI, ErrFull, failing to write.
func (k *Keystore) Generate(scheme keys.Scheme, id keys.TypeID, uri string) ([]byte, error) {
	if uri != "" {
		pair, err := keys.FromURI(scheme, uri, "")
		if err != nil {
			return nil, fmt.Errorf("generate key: %w", err)
		}
		return pair.Public(), k.keep(id, pair.Public(), secret{uri, ""})
	}
	pair, phrase, err := keys.Generate(scheme, k.password)
	if err != nil {
		return nil, fmt.Errorf("generate key: %w", err)
	}
	return pair.Public(), k.Insert(id, phrase, pair.Public())
}

// Insert stores a secret URI for a public key: in a file, or in memory where there is no folder. It does not check that
// they belong together, because it is not told the scheme; Pair does. Errors: ErrPublicKeyLength,
// keys.ErrURISyntax, ErrFull, failing to write.
func (k *Keystore) Insert(id keys.TypeID, uri string, public []byte) error {
	if len(public) == 0 || len(public) > maxPublicKey {
		return fmt.Errorf("insert key: %w: %d bytes, expected 1 to %d", ErrPublicKeyLength, len(public), maxPublicKey)
	}
	if _, err := keys.ParseURI(uri); err != nil {
		return fmt.Errorf("insert key: %w", err)
	}
	if k.dir == "" {
		return k.keep(id, public, secret{uri, k.password})
	}
	if err := writeFile(k.path(id, public), uri); err != nil {
		return fmt.Errorf("insert key: %w", err)
	}
	return nil
}

func (k *Keystore) keep(id keys.TypeID, public []byte, s secret) error {
	k.mu.Lock()
	defer k.mu.Unlock()
	e := entry{id, string(public)}
	if _, held := k.memory[e]; !held && len(k.memory) >= MaxInMemory {
		return fmt.Errorf("%w: %d keys in memory", ErrFull, len(k.memory))
	}
	k.memory[e] = s
	return nil
}

// Pair returns the key pair of a public key; ok is false when it is not held. Errors: ErrMismatch, a file that cannot be
// read, and those of keys.FromURI.
func (k *Keystore) Pair(scheme keys.Scheme, id keys.TypeID, public []byte) (pair keys.Pair, ok bool, err error) {
	s, ok, err := k.secret(id, public)
	if err != nil || !ok {
		return nil, false, err
	}
	if pair, err = keys.FromURI(scheme, s.uri, s.password); err != nil {
		return nil, false, fmt.Errorf("key 0x%x: %w", public, err)
	}
	if !bytes.Equal(pair.Public(), public) {
		return nil, false, fmt.Errorf("key 0x%x as %s: %w", public, scheme, ErrMismatch)
	}
	return pair, true, nil
}

// Sign signs message; ok is false when the key is not held. ECDSA signs blake2b-256(message). Errors: as Pair.
func (k *Keystore) Sign(scheme keys.Scheme, id keys.TypeID, public, message []byte) (signature []byte, ok bool, err error) {
	pair, ok, err := k.Pair(scheme, id, public)
	if err != nil || !ok {
		return nil, false, err
	}
	return pair.Sign(message), true, nil
}

// SignPrehashed signs a digest with ECDSA; ok is false when the key is not held. Errors: as Pair.
func (k *Keystore) SignPrehashed(id keys.TypeID, public []byte, digest [32]byte) (signature []byte, ok bool, err error) {
	pair, ok, err := k.Pair(keys.Ecdsa, id, public)
	if err != nil || !ok {
		return nil, false, err
	}
	sig := pair.(*keys.EcdsaPair).SignPrehashed(digest)
	return sig[:], true, nil
}

// secret returns what is held for a public key, from memory first.
func (k *Keystore) secret(id keys.TypeID, public []byte) (s secret, ok bool, err error) {
	k.mu.RLock()
	s, ok = k.memory[entry{id, string(public)}]
	k.mu.RUnlock()
	if ok || k.dir == "" || len(public) == 0 || len(public) > maxPublicKey {
		return s, ok, nil
	}
	file, err := os.Open(k.path(id, public))
	if errors.Is(err, fs.ErrNotExist) {
		return s, false, nil
	}
	if err != nil {
		return s, false, fmt.Errorf("read key: %w", err)
	}
	defer file.Close()
	content, err := io.ReadAll(io.LimitReader(file, maxFile+1))
	if err != nil {
		return s, false, fmt.Errorf("read key: %w", err)
	}
	if len(content) > maxFile {
		return s, false, fmt.Errorf("read key 0x%x: file above %d bytes", public, maxFile)
	}
	// The decoder's error would quote the content.
	if content = bytes.TrimSpace(content); len(content) == 0 || content[0] != '"' || json.Unmarshal(content, &s.uri) != nil {
		return s, false, fmt.Errorf("read key 0x%x: file is not a JSON string", public)
	}
	s.password = k.password
	return s, true, nil
}

func (k *Keystore) path(id keys.TypeID, public []byte) string {
	return filepath.Join(k.dir, hex.EncodeToString(id[:])+hex.EncodeToString(public))
}

// writeFile writes uri as a JSON string to path, durably and all or nothing.
func writeFile(path, uri string) (err error) {
	var content bytes.Buffer
	encoder := json.NewEncoder(&content)
	encoder.SetEscapeHTML(false)
	if err := encoder.Encode(uri); err != nil {
		return err
	}
	dir := filepath.Dir(path)
	file, err := os.CreateTemp(dir, ".key-*") // mode 0600
	if err != nil {
		return err
	}
	defer func() {
		if err != nil {
			_ = os.Remove(file.Name())
		}
	}()
	_, err = file.Write(bytes.TrimSuffix(content.Bytes(), []byte("\n")))
	if err = errors.Join(err, file.Sync(), file.Close()); err != nil {
		return err
	}
	if err = os.Rename(file.Name(), path); err != nil {
		return err
	}
	folder, err := os.Open(dir)
	if err != nil {
		return err
	}
	return errors.Join(folder.Sync(), folder.Close())
}
