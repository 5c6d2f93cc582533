package main

import (
	"bufio"
	"bytes"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"os"
	"strconv"
	"strings"

	"github.com/urfave/cli/v2"
	"golang.org/x/term"

	"github.com/gotensor/gotensor/primitives/hash"
	"github.com/gotensor/gotensor/primitives/keys"
	"github.com/gotensor/gotensor/primitives/ss58"
)

// maxMessage bounds a message that is signed or verified, and maxSecret a secret that is read from a file or stdin.
const (
	maxMessage = 256 << 20
	maxSecret  = 2 * keys.MaxURILength
)

// networks are the address prefixes that have a name here. Others are given as a number.
var networks = []struct {
	name   string
	prefix uint16
}{
	{"substrate", ss58.Generic},
	{"bittensor", ss58.Generic}, // its chain spec says 42, and so do its wallets
	{"polkadot", 0},
	{"kusama", 2},
}

func networkName(prefix uint16) string {
	for _, n := range networks {
		if n.prefix == prefix {
			return n.name
		}
	}
	return strconv.Itoa(int(prefix))
}

var (
	schemeFlag  = &cli.StringFlag{Name: "scheme", Value: "sr25519", Usage: "signature scheme: sr25519, ed25519 or ecdsa"}
	networkFlag = &cli.StringFlag{Name: "network", Aliases: []string{"n", "ss58-prefix"}, Usage: "address `PREFIX`, as a number or name: substrate and bittensor (42), polkadot (0), kusama (2)", DefaultText: "that of the given address, or 42"}
	hexFlag     = &cli.BoolFlag{Name: "hex", Usage: "the message is hex", DisableDefaultText: true}
	messageFlag = &cli.StringFlag{Name: "message", Usage: "`TEXT` to sign or verify", DefaultText: "all of stdin"}

	passwordFlags = passwordFlagsOf("of the key")
	// storePasswordFlags are those of commands with a keystore, which has one password for all its mnemonics.
	storePasswordFlags = passwordFlagsOf("with which the keystore's mnemonics were made")
)

func passwordFlagsOf(what string) []cli.Flag {
	return []cli.Flag{
		&cli.StringFlag{Name: "password", Usage: "`PASSWORD` " + what + " (it stays in the shell's history: better one of the next two)"},
		&cli.BoolFlag{Name: "password-interactive", Usage: "ask for the password " + what, DisableDefaultText: true},
		&cli.StringFlag{Name: "password-filename", Usage: "read the password " + what + " from `FILE`"},
	}
}

func keyCommand() *cli.Command {
	withPassword := func(flags ...cli.Flag) []cli.Flag { return append(flags, passwordFlags...) }
	return &cli.Command{
		Name:  "key",
		Usage: "make, look at and use keys, as subkey does",
		Subcommands: []*cli.Command{
			{
				Name:  "generate",
				Usage: "make a new key from fresh randomness",
				Description: `Prints the phrase that restores the key: keep it secret.

   gotensor key generate
   gotensor key generate --words 24 --scheme ed25519 --json`,
				Flags:  withPassword(schemeFlag, networkFlag, &cli.IntFlag{Name: "words", Aliases: []string{"w"}, Value: 12, Usage: "`NUMBER` of words in the phrase: 12, 15, 18, 21 or 24"}),
				Action: keyGenerate,
			},
			{
				Name:      "inspect",
				Usage:     "print the public key and the address of a key",
				ArgsUsage: "[URI|FILE|ADDRESS]",
				Description: `The key is a secret URI (a phrase or 0x seed, then /soft and //hard junctions, then ///password), a file that holds one, an address, or with
--public a public key in hex. Without an argument the URI is asked for, or read from stdin.

   gotensor key inspect //Alice
   gotensor key inspect --network polkadot key.txt
   gotensor key inspect --public 0xd43593c715fdd31c61141abd04a99fd6822c8558854ccde39a5684e7a56da27d`,
				Flags: withPassword(schemeFlag, networkFlag,
					&cli.BoolFlag{Name: "public", Usage: "the key is a public key in hex", DisableDefaultText: true},
					&cli.StringFlag{Name: "expect-public", Usage: "fail unless the key without its path has this public `KEY` (0x hex, or address)"}),
				Action: keyInspect,
			},
			{
				Name:  "sign",
				Usage: "sign a message",
				Description: `Prints the signature in hex. The message is --message, or all of stdin, a line feed at its end included.

   printf hello | gotensor key sign --suri key.txt
   gotensor key sign --suri //Alice --hex --message 0x68656c6c6f`,
				Flags: withPassword(schemeFlag, messageFlag, hexFlag,
					&cli.StringFlag{Name: "suri", Usage: "secret `URI` of the key, or a file that holds it", DefaultText: "asked for"}),
				Action: keySign,
			},
			{
				Name:      "verify",
				Usage:     "verify a signature",
				ArgsUsage: "SIGNATURE URI|FILE|ADDRESS|PUBLIC-KEY",
				Description: `The exit code is 0 for a good signature and 1 for a bad one.

   printf hello | gotensor key verify 0x… 5GrwvaEF5zXb26Fz9rcQpDWS57CtERHpNehXCPcNoHGKutQY`,
				Flags:  withPassword(schemeFlag, messageFlag, hexFlag),
				Action: keyVerify,
			},
			keyInsertCommand(),
			generateNodeKeyCommand(),
			inspectNodeKeyCommand(),
		},
	}
}

type keyReport struct {
	SecretPhrase string `json:"secretPhrase,omitempty"`
	SecretKeyURI string `json:"secretKeyUri,omitempty"`
	PublicKeyURI string `json:"publicKeyUri,omitempty"`
	NetworkID    string `json:"networkId"`
	SecretSeed   string `json:"secretSeed,omitempty"`
	PublicKey    string `json:"publicKey"`
	AccountID    string `json:"accountId"`
	SS58Public   string `json:"ss58PublicKey"`
	SS58Address  string `json:"ss58Address"`
}

func (r keyReport) text(p *printer) {
	for _, row := range []struct{ label, value string }{
		{"Secret phrase", r.SecretPhrase},
		{"Secret key URI", r.SecretKeyURI},
		{"Public key URI", r.PublicKeyURI},
		{"Network ID", r.NetworkID},
		{"Secret seed", r.SecretSeed},
		{"Public key (hex)", r.PublicKey},
		{"Account ID", r.AccountID},
		{"Public key (SS58)", r.SS58Public},
		{"SS58 Address", r.SS58Address},
	} {
		if row.value != "" {
			p.row(row.label, "%s", row.value)
		}
	}
}

// newKeyReport fills in what follows from a public key.
func newKeyReport(scheme keys.Scheme, public []byte, prefix uint16) (r keyReport, err error) {
	account := accountID(scheme, public)
	r.NetworkID = networkName(prefix)
	r.PublicKey = hexString(public)
	r.AccountID = hexString(account)
	if r.SS58Public, err = ss58.Encode(prefix, public); err != nil {
		return r, fmt.Errorf("address of the public key: %w", err)
	}
	if r.SS58Address, err = ss58.Encode(prefix, account); err != nil {
		return r, fmt.Errorf("address of the account: %w", err)
	}
	return r, nil
}

// accountID returns the account that a public key controls: itself, or its blake2b-256 where it has 33 bytes.
// Source: sp_runtime, MultiSigner::into_account.
func accountID(scheme keys.Scheme, public []byte) []byte {
	if scheme == keys.Ecdsa {
		h := hash.Blake2b256(public)
		return h[:]
	}
	return public
}

func hexString(b []byte) string { return "0x" + hex.EncodeToString(b) }

// parseHex reads hex digits behind an optional 0x.
func parseHex(s string) ([]byte, error) {
	out, err := hex.DecodeString(strings.TrimPrefix(s, "0x"))
	if err != nil {
		return nil, fmt.Errorf("hex: %v", err)
	}
	return out, nil
}

// schemeOf and networkOf read flags; networkOf returns other where the flag is not set.
func schemeOf(c *cli.Context) (keys.Scheme, error) {
	scheme, err := keys.ParseScheme(strings.ToLower(c.String(schemeFlag.Name))) // Substrate takes any case
	if err != nil {
		return 0, usage(c, "--scheme %q: expected sr25519, ed25519 or ecdsa", c.String(schemeFlag.Name))
	}
	return scheme, nil
}

func networkOf(c *cli.Context, other uint16) (uint16, error) {
	if !c.IsSet(networkFlag.Name) {
		return other, nil
	}
	text := c.String(networkFlag.Name)
	for _, n := range networks {
		if n.name == text {
			return n.prefix, nil
		}
	}
	n, err := strconv.ParseUint(text, 10, 16)
	if err != nil || n > ss58.MaxPrefix || n == 46 || n == 47 {
		return 0, usage(c, "--network %q: expected a number from 0 to %d (46 and 47 are reserved), or substrate, bittensor, polkadot, kusama", text, ss58.MaxPrefix)
	}
	return uint16(n), nil
}

// passwordOf reads the password from where the flags say; "" stands for none.
func passwordOf(c *cli.Context) (string, error) {
	var set int
	for _, f := range passwordFlags {
		if c.IsSet(f.Names()[0]) {
			set++
		}
	}
	if set > 1 {
		return "", usage(c, "more than one of --password, --password-interactive, --password-filename")
	}
	switch {
	case c.IsSet("password"):
		warnHistory(c, "--password", "--password-interactive or --password-filename")
		return c.String("password"), nil
	case c.Bool("password-interactive"):
		return ask(c, "Password: ")
	case c.IsSet("password-filename"):
		return readSecretFile(c.String("password-filename"))
	}
	return "", nil
}

func warnHistory(c *cli.Context, what, instead string) {
	printHint(c.App.ErrWriter, "a secret in %s stays in the shell's history and shows in the list of processes: use %s", what, instead)
}

// ask reads a line: from the terminal without showing it, or from stdin where that is something else.
func ask(c *cli.Context, prompt string) (string, error) {
	if file, ok := c.App.Reader.(*os.File); ok && term.IsTerminal(int(file.Fd())) {
		fmt.Fprint(c.App.ErrWriter, prompt)
		secret, err := term.ReadPassword(int(file.Fd()))
		fmt.Fprintln(c.App.ErrWriter)
		if err != nil {
			return "", fmt.Errorf("read from the terminal: %w", err)
		}
		return string(secret), nil
	}
	line, err := bufio.NewReader(io.LimitReader(c.App.Reader, maxSecret)).ReadString('\n')
	if err != nil && !errors.Is(err, io.EOF) {
		return "", fmt.Errorf("read stdin: %w", err)
	}
	line = strings.TrimRight(line, "\r\n")
	if line == "" {
		return "", hint(errors.New("stdin is empty, and a secret was expected on it"), "%s", strings.TrimSuffix(prompt, ": ")+" is read from a terminal, from a file, or as one line of stdin")
	}
	return line, nil
}

func readSecretFile(path string) (string, error) {
	file, err := os.Open(path)
	if err != nil {
		return "", err
	}
	defer file.Close()
	data, err := io.ReadAll(io.LimitReader(file, maxSecret))
	if err != nil {
		return "", err
	}
	return strings.TrimRight(string(data), "\r\n \t"), nil
}

// readURI returns a key URI: the contents of the file that text names, or text; where it is empty, what the user types.
// fromArgs tells that the URI itself stood on the command line.
func readURI(c *cli.Context, text string) (uri string, fromArgs bool, err error) {
	if text == "" {
		uri, err = ask(c, "URI: ")
		return uri, false, err
	}
	if info, err := os.Stat(text); err == nil && info.Mode().IsRegular() {
		uri, err = readSecretFile(text)
		return uri, false, err
	}
	return text, true, nil
}

// pairFrom makes the pair of a secret URI, with a hint where the secret was on the command line. Keys under the development phrase are no secret.
func pairFrom(c *cli.Context, scheme keys.Scheme, uri, password string, fromArgs bool) (keys.Pair, error) {
	pair, err := keys.FromURI(scheme, uri, password)
	if err != nil {
		return nil, err
	}
	if fromArgs && !strings.HasPrefix(uri, "/") && !strings.HasPrefix(uri, keys.DevPhrase) {
		warnHistory(c, "an argument", "a file, or leave it out and be asked")
	}
	return pair, nil
}

// readMessage returns the message of --message or stdin.
func readMessage(c *cli.Context) ([]byte, error) {
	var message []byte
	if c.IsSet(messageFlag.Name) {
		message = []byte(c.String(messageFlag.Name))
	} else {
		var err error
		if message, err = io.ReadAll(io.LimitReader(c.App.Reader, maxMessage+1)); err != nil {
			return nil, fmt.Errorf("read stdin: %w", err)
		}
		if len(message) > maxMessage {
			return nil, fmt.Errorf("message on stdin is larger than %d bytes", maxMessage)
		}
	}
	if !c.Bool(hexFlag.Name) {
		return message, nil
	}
	message, err := parseHex(string(bytes.TrimSpace(message)))
	if err != nil {
		return nil, fmt.Errorf("message: %w", err)
	}
	return message, nil
}

func keyGenerate(c *cli.Context) error {
	if _, err := arguments(c, 0, 0); err != nil {
		return err
	}
	scheme, err := schemeOf(c)
	if err != nil {
		return err
	}
	prefix, err := networkOf(c, ss58.Generic)
	if err != nil {
		return err
	}
	password, err := passwordOf(c)
	if err != nil {
		return err
	}
	words := c.Int("words")
	if words < 12 || words > 24 || words%3 != 0 {
		return usage(c, "--words %d: expected 12, 15, 18, 21 or 24", words)
	}
	phrase, err := keys.GenerateMnemonic(words)
	if err != nil {
		return err
	}
	pair, err := keys.FromURI(scheme, phrase, password)
	if err != nil {
		return err
	}
	r, err := newKeyReport(scheme, pair.Public(), prefix)
	if err != nil {
		return err
	}
	r.SecretPhrase = phrase
	if seed, ok := pair.Seed(); ok {
		r.SecretSeed = hexString(seed)
	}
	return emit(c, r)
}

func keyInspect(c *cli.Context) error {
	args, err := arguments(c, 0, 1)
	if err != nil {
		return err
	}
	scheme, err := schemeOf(c)
	if err != nil {
		return err
	}
	uri, fromArgs, err := readURI(c, strings.Join(args, ""))
	if err != nil {
		return err
	}
	if c.Bool("public") {
		if c.IsSet("expect-public") {
			return usage(c, "--public and --expect-public exclude each other")
		}
		public, err := parsePublic(scheme, uri)
		if err != nil {
			return err
		}
		return emitPublic(c, scheme, public, "", ss58.Generic)
	}
	if prefix, public, err := ss58.Decode(uri); err == nil && !c.IsSet("expect-public") {
		if len(public) != scheme.PublicKeySize() {
			return hint(fmt.Errorf("address holds %s, and a %s public key has %d", count(len(public), "byte"), scheme, scheme.PublicKeySize()),
				"an account's address does not show the scheme of its key: choose it by --scheme")
		}
		return emitPublic(c, scheme, public, uri, prefix)
	}
	password, err := passwordOf(c)
	if err != nil {
		return err
	}
	pair, err := pairFrom(c, scheme, uri, password, fromArgs)
	if err != nil {
		// Substrate tries the readings in this order: phrase, secret URI, public URI.
		if public, publicErr := keys.PublicFromURI(scheme, uri, addressKey); publicErr == nil {
			return emitPublic(c, scheme, public, uri, ss58.Generic)
		}
		if looksLikeAddress(uri) {
			_, err = addressKey(uri)
		}
		return hint(err, "expected a secret URI, a file that holds one, or an address; --public takes a public key in hex")
	}
	if c.IsSet("expect-public") {
		if err := expectPublic(scheme, uri, password, c.String("expect-public")); err != nil {
			return err
		}
	}
	prefix, err := networkOf(c, ss58.Generic)
	if err != nil {
		return err
	}
	r, err := newKeyReport(scheme, pair.Public(), prefix)
	if err != nil {
		return err
	}
	if _, err := keys.MnemonicEntropy(uri); err == nil {
		r.SecretPhrase = uri
	} else {
		r.SecretKeyURI = uri
	}
	r.SecretSeed = "n/a"
	if seed, ok := pair.Seed(); ok {
		r.SecretSeed = hexString(seed)
	}
	return emit(c, r)
}

func emitPublic(c *cli.Context, scheme keys.Scheme, public []byte, uri string, prefix uint16) error {
	prefix, err := networkOf(c, prefix)
	if err != nil {
		return err
	}
	r, err := newKeyReport(scheme, public, prefix)
	if err != nil {
		return err
	}
	r.PublicKeyURI = uri
	return emit(c, r)
}

// looksLikeAddress tells text that is no URI but was meant to be an address, so that the error speaks of that.
func looksLikeAddress(text string) bool {
	_, err := addressKey(text)
	return err != nil && len(text) > 40 && len(text) < 60 && !strings.HasPrefix(text, "0x") && !strings.ContainsAny(text, "/ ")
}

// addressKey returns the payload of an address.
func addressKey(address string) ([]byte, error) {
	_, public, err := ss58.Decode(address)
	return public, err
}

// parsePublic reads a public key in hex.
func parsePublic(scheme keys.Scheme, text string) ([]byte, error) {
	public, err := parseHex(text)
	if err != nil {
		return nil, fmt.Errorf("public key %q: %w", text, err)
	}
	if len(public) != scheme.PublicKeySize() {
		return nil, fmt.Errorf("public key %q: expected %d bytes for %s, got %d", text, scheme.PublicKeySize(), scheme, len(public))
	}
	return public, nil
}

// expectPublic compares the key of a URI without its path with a public key.
func expectPublic(scheme keys.Scheme, uri, password, want string) error {
	var public []byte
	var err error
	if strings.HasPrefix(want, "0x") {
		public, err = parsePublic(scheme, want)
	} else {
		public, err = addressKey(want)
	}
	if err != nil {
		return fmt.Errorf("--expect-public: %w", err)
	}
	parsed, err := keys.ParseURI(uri)
	if err != nil {
		return err
	}
	if password == "" && parsed.Password != nil {
		password = *parsed.Password
	}
	base, err := keys.FromURI(scheme, parsed.Phrase, password)
	if err != nil {
		return err
	}
	// An address of an ecdsa account holds the hash of its key.
	if !bytes.Equal(base.Public(), public) && !bytes.Equal(accountID(scheme, base.Public()), public) {
		return fmt.Errorf("expected public key %q, got %s", want, hexString(base.Public()))
	}
	return nil
}

type signReport struct {
	Signature string `json:"signature"`
}

func (r signReport) text(p *printer) { p.line("%s", r.Signature) }

func keySign(c *cli.Context) error {
	if _, err := arguments(c, 0, 0); err != nil {
		return err
	}
	scheme, err := schemeOf(c)
	if err != nil {
		return err
	}
	suri := c.String("suri")
	if file, ok := c.App.Reader.(*os.File); suri == "" && !c.IsSet(messageFlag.Name) && !(ok && term.IsTerminal(int(file.Fd()))) {
		return hint(usage(c, "the secret URI and the message cannot both come from stdin"), "put the URI into a file and give it as --suri, or give --message")
	}
	uri, fromArgs, err := readURI(c, suri)
	if err != nil {
		return err
	}
	password, err := passwordOf(c)
	if err != nil {
		return err
	}
	pair, err := pairFrom(c, scheme, uri, password, fromArgs)
	if err != nil {
		return err
	}
	message, err := readMessage(c)
	if err != nil {
		return err
	}
	return emit(c, signReport{hexString(pair.Sign(message))})
}

type verifyReport struct {
	Valid bool `json:"valid"`
}

func (r verifyReport) text(p *printer) { p.line("signature verifies") }

// errBadSignature is the answer of a verification that failed.
var errBadSignature = errors.New("signature does not verify")

func keyVerify(c *cli.Context) error {
	args, err := arguments(c, 2, 2)
	if err != nil {
		return err
	}
	scheme, err := schemeOf(c)
	if err != nil {
		return err
	}
	signature, err := parseHex(args[0])
	if err != nil {
		return fmt.Errorf("signature %q: %w", args[0], err)
	}
	if len(signature) != scheme.SignatureSize() {
		return fmt.Errorf("signature: expected %d bytes for %s, got %d", scheme.SignatureSize(), scheme, len(signature))
	}
	public, err := publicOf(c, scheme, args[1])
	if err != nil {
		return err
	}
	message, err := readMessage(c)
	if err != nil {
		return err
	}
	if !keys.Verify(scheme, signature, message, public) {
		if wantsJSON(c) {
			if err := emit(c, verifyReport{false}); err != nil {
				return err
			}
		}
		return hint(errBadSignature, "the message counts to the byte: printf adds no line feed, echo does")
	}
	return emit(c, verifyReport{true})
}

// publicOf returns the public key that text names: hex, an address, or the key of a URI or file.
func publicOf(c *cli.Context, scheme keys.Scheme, text string) ([]byte, error) {
	if public, err := parseHex(text); err == nil && len(public) == scheme.PublicKeySize() {
		return public, nil
	}
	if public, err := addressKey(text); err == nil && len(public) == scheme.PublicKeySize() {
		return public, nil
	}
	uri, fromArgs, err := readURI(c, text)
	if err != nil {
		return nil, err
	}
	password, err := passwordOf(c)
	if err != nil {
		return nil, err
	}
	if public, err := keys.PublicFromURI(scheme, uri, addressKey); err == nil {
		return public, nil
	}
	pair, err := pairFrom(c, scheme, uri, password, fromArgs)
	if err != nil {
		if looksLikeAddress(uri) {
			_, err = addressKey(uri)
		}
		return nil, hint(err, "expected a public key in hex, an address, a secret URI, or a file that holds one")
	}
	return pair.Public(), nil
}
