package keys

import (
	"crypto/pbkdf2"
	"crypto/rand"
	"crypto/sha256"
	"crypto/sha512"
	"fmt"
	"strings"

	"github.com/cosmos/go-bip39"
)

// GenerateMnemonic returns a fresh English BIP-39 phrase of 12, 15, 18, 21 or 24 words (128 to 256 bits).
func GenerateMnemonic(words int) (string, error) {
	if words < 12 || words > 24 || words%3 != 0 {
		return "", fmt.Errorf("%w: %d words, expected 12, 15, 18, 21 or 24", ErrPhrase, words)
	}
	entropy := make([]byte, words/3*4)
	_, _ = rand.Read(entropy) // never fails: crypto/rand ends the process instead
	return EncodeMnemonic(entropy)
}

// EncodeMnemonic writes 16, 20, 24, 28 or 32 bytes of entropy as an English BIP-39 phrase.
func EncodeMnemonic(entropy []byte) (string, error) {
	if len(entropy) < 16 || len(entropy) > 32 || len(entropy)%4 != 0 {
		return "", fmt.Errorf("%w: %d bytes, expected 16, 20, 24, 28 or 32", errMnemonicEntropy, len(entropy))
	}
	sum := sha256.Sum256(entropy)
	bits := append(append(make([]byte, 0, len(entropy)+1), entropy...), sum[0])
	words := make([]string, len(entropy)/4*3)
	for i := range words {
		index := 0
		for bit := i * 11; bit < i*11+11; bit++ {
			index = index<<1 | int(bits[bit/8]>>(7-bit%8)&1)
		}
		words[i] = bip39.WordList[index]
	}
	return strings.Join(words, " "), nil
}

// MnemonicEntropy reads an English BIP-39 phrase of 12 to 24 lower-case words, any number of spaces between them,
// and checks its checksum. Errors: ErrPhrase.
func MnemonicEntropy(phrase string) ([]byte, error) {
	words := strings.Fields(phrase)
	if len(words) < 12 || len(words) > 24 || len(words)%3 != 0 {
		return nil, fmt.Errorf("%w: %d words, expected 12, 15, 18, 21 or 24", ErrPhrase, len(words))
	}
	bits := make([]byte, len(words)/3*4+1)
	for i, word := range words {
		index, ok := bip39.ReverseWordMap[word]
		if !ok {
			return nil, fmt.Errorf("%w: word %d is not in the list", ErrPhrase, i+1)
		}
		for bit := range 11 {
			at := i*11 + bit
			bits[at/8] |= byte(index>>(10-bit)&1) << (7 - at%8)
		}
	}
	entropy := bits[:len(bits)-1]
	sum := sha256.Sum256(entropy)
	if kept := 8 - len(words)/3; bits[len(bits)-1]>>kept != sum[0]>>kept {
		return nil, fmt.Errorf("%w: checksum", ErrPhrase)
	}
	return entropy, nil
}

// MnemonicSeed stretches a phrase into 64 bytes, the first 32 of which are the seed of every scheme. It departs from
// BIP-39: PBKDF2-HMAC-SHA512 (2,048 rounds, salt "mnemonic" and the password) runs over the entropy, not over the
// words. The password's bytes are taken as they are. Errors: ErrPhrase. Source: substrate-bip39, seed_from_entropy.
func MnemonicSeed(phrase, password string) ([64]byte, error) {
	entropy, err := MnemonicEntropy(phrase)
	if err != nil {
		return [64]byte{}, err
	}
	return entropySeed(entropy, password), nil
}

func entropySeed(entropy []byte, password string) [64]byte {
	seed, err := pbkdf2.Key(sha512.New, string(entropy), []byte("mnemonic"+password), 2048, 64)
	if err != nil {
		panic("BUG: pbkdf2 of a fixed length: " + err.Error()) // only FIPS mode and absurd lengths can fail
	}
	return [64]byte(seed)
}
