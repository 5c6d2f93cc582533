package chainspec

import (
	"bytes"
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"slices"
	"strconv"
	"strings"

	"github.com/gotensor/gotensor/primitives/hash"
)

// childPrefix starts the keys of the top trie under which the roots of child tries stand.
const childPrefix = ":child_storage:"

// ReadFile parses the chain spec in the file at path. Faults of the content are of type *[Error].
func ReadFile(path string) (*Spec, error) {
	file, err := os.Open(path)
	if err != nil {
		return nil, fmt.Errorf("chain spec: %w", err)
	}
	defer file.Close()
	return Parse(file)
}

// Parse reads one chain spec from r, up to its end. Faults of the content are of type *[Error].
func Parse(r io.Reader) (*Spec, error) {
	limited := &limitedReader{r: r, left: MaxSize}
	p := &parser{dec: json.NewDecoder(limited), in: limited}
	spec := &Spec{ChainType: "Live"}
	if err := p.spec(spec); err != nil {
		return nil, err
	}
	return spec, nil
}

// limitedReader fails with ErrTooLarge, where io.LimitReader would feign the end of the file.
type limitedReader struct {
	r    io.Reader
	left int64
	err  error // first error of r other than io.EOF
}

func (l *limitedReader) Read(b []byte) (int, error) {
	if l.left <= 0 {
		l.err = ErrTooLarge
		return 0, ErrTooLarge
	}
	if int64(len(b)) > l.left {
		b = b[:l.left]
	}
	n, err := l.r.Read(b)
	l.left -= int64(n)
	if err != nil && err != io.EOF {
		l.err = err
	}
	return n, err
}

type parser struct {
	dec  *json.Decoder
	in   *limitedReader
	path []string // members down to the present place
}

// fail reports err at the present place.
func (p *parser) fail(err error) error {
	var path strings.Builder
	for i, name := range p.path {
		switch name = shorten(name); {
		case strings.HasPrefix(name, "0x"):
			path.WriteString("[" + name + "]")
		case i == 0:
			path.WriteString(name)
		default:
			path.WriteString("." + name)
		}
	}
	return &Error{Path: path.String(), Offset: p.dec.InputOffset(), Err: err}
}

// unexpected reports a value of the wrong type or form.
func (p *parser) unexpected(format string, args ...any) error {
	return p.fail(fmt.Errorf("%w: "+format, append([]any{ErrType}, args...)...))
}

// broken reports an error of the decoder, which is one of syntax, or of the reader below.
func (p *parser) broken(err error) error {
	if p.in.err != nil {
		return p.fail(p.in.err)
	}
	if errors.Is(err, io.EOF) {
		err = io.ErrUnexpectedEOF
	}
	var wrong *json.UnmarshalTypeError
	if errors.As(err, &wrong) {
		return p.unexpected("expected %s, got %s", wrong.Type, wrong.Value)
	}
	return p.fail(fmt.Errorf("%w: %v", ErrSyntax, err))
}

func (p *parser) token() (json.Token, error) {
	tok, err := p.dec.Token()
	if err != nil {
		return nil, p.broken(err)
	}
	return tok, nil
}

// object reads an object and calls member for each of its members, with the decoder before the value. null reads as
// an object without members. Members that stand twice are refused.
func (p *parser) object(member func(name string) error) error {
	names := make(map[string]bool)
	return p.members(func(name string) error {
		if names[name] {
			return p.fail(ErrDuplicate)
		}
		names[name] = true
		return member(name)
	})
}

// members is object without the check for doubles, for objects with many members whose reader finds doubles itself.
func (p *parser) members(member func(name string) error) error {
	tok, err := p.token()
	if err != nil {
		return err
	}
	if tok == nil {
		return nil
	}
	if tok != json.Delim('{') {
		return p.unexpected("expected an object, got %s", show(tok))
	}
	for p.dec.More() {
		tok, err := p.token()
		if err != nil {
			return err
		}
		name := tok.(string) // the decoder accepts nothing else as a member's name
		p.path = append(p.path, name)
		if err := member(name); err != nil {
			return err
		}
		p.path = p.path[:len(p.path)-1]
	}
	_, err = p.token()
	return err
}

// shorten keeps error messages readable: storage keys may be long.
func shorten(s string) string {
	const most = 140
	if len(s) <= most {
		return strings.ToValidUTF8(s, "?")
	}
	return strings.ToValidUTF8(s[:most], "?") + "…"
}

// show names a token in an error message.
func show(tok json.Token) string {
	switch t := tok.(type) {
	case json.Delim:
		if t == '{' {
			return "an object"
		}
		return "a list"
	case string:
		return strconv.Quote(shorten(t))
	case nil:
		return "null"
	}
	return fmt.Sprint(tok)
}

// value decodes the next value into to, which stays as it is for null.
func (p *parser) value(to any) error {
	if err := p.dec.Decode(to); err != nil {
		return p.broken(err)
	}
	return nil
}

// str reads a string; null reads as "".
func (p *parser) str(to *string) error {
	tok, err := p.token()
	if err != nil {
		return err
	}
	switch s := tok.(type) {
	case string:
		*to = s
	case nil:
	default:
		return p.unexpected("expected a string, got %s", show(tok))
	}
	return nil
}

// raw keeps a value as it stands, without blanks around its parts; nil stands for null.
func (p *parser) raw() (json.RawMessage, error) {
	var raw json.RawMessage
	if err := p.value(&raw); err != nil {
		return nil, err
	}
	if string(raw) == "null" {
		return nil, nil
	}
	var out bytes.Buffer
	if err := json.Compact(&out, raw); err != nil {
		return nil, p.broken(err)
	}
	return out.Bytes(), nil
}

func unhex(s string) ([]byte, error) {
	digits, ok := strings.CutPrefix(s, "0x")
	if !ok {
		return nil, fmt.Errorf("%w: expected 0x and hex digits, got %q", ErrType, shorten(s))
	}
	if len(digits)%2 != 0 {
		return nil, fmt.Errorf("%w: odd number of hex digits: %d", ErrType, len(digits))
	}
	out := make([]byte, len(digits)/2)
	for i := range out {
		high, low := nibble(digits[2*i]), nibble(digits[2*i+1])
		if high > 15 || low > 15 {
			return nil, fmt.Errorf("%w: byte %d: %q is no pair of hex digits", ErrType, i, digits[2*i:2*i+2])
		}
		out[i] = high<<4 | low
	}
	return out, nil
}

func nibble(c byte) byte {
	switch {
	case '0' <= c && c <= '9':
		return c - '0'
	case 'a' <= c && c <= 'f':
		return c - 'a' + 10
	case 'A' <= c && c <= 'F':
		return c - 'A' + 10
	}
	return 0xff
}

// bytes reads a hex string.
func (p *parser) bytes() ([]byte, error) {
	tok, err := p.token()
	if err != nil {
		return nil, err
	}
	s, ok := tok.(string)
	if !ok {
		return nil, p.unexpected("expected hex digits, got %s", show(tok))
	}
	out, err := unhex(s)
	if err != nil {
		return nil, p.fail(err)
	}
	return out, nil
}

func (p *parser) spec(s *Spec) error {
	var named, genesis bool
	err := p.object(func(name string) error {
		switch name {
		case "name":
			named = true
			return p.str(&s.Name)
		case "id":
			return p.str(&s.ID)
		case "chainType":
			return p.chainType(s)
		case "bootNodes":
			return p.value(&s.BootNodes)
		case "telemetryEndpoints":
			return p.telemetry(s)
		case "protocolId":
			return p.str(&s.ProtocolID)
		case "forkId":
			return p.str(&s.ForkID)
		case "properties":
			return p.value(&s.Properties)
		case "forkBlocks":
			return p.forkBlocks(s)
		case "badBlocks":
			var texts []string
			if err := p.value(&texts); err != nil {
				return err
			}
			for i, text := range texts {
				h, err := parseHash(text)
				if err != nil {
					return p.fail(fmt.Errorf("item %d: %w", i, err))
				}
				s.BadBlocks = append(s.BadBlocks, h)
			}
			return nil
		case "codeSubstitutes":
			return p.codeSubstitutes(s)
		case "lightSyncState":
			raw, err := p.raw()
			s.LightSyncState = raw
			return err
		case "genesis":
			genesis = true
			return p.genesis(&s.Genesis)
		}
		raw, err := p.raw()
		if err != nil || raw == nil {
			return err
		}
		if s.Extensions == nil {
			s.Extensions = make(map[string]json.RawMessage)
		}
		s.Extensions[name] = raw
		return nil
	})
	if err != nil {
		return err
	}
	if _, err := p.dec.Token(); err != io.EOF {
		if p.in.err != nil {
			return p.fail(p.in.err)
		}
		return p.fail(fmt.Errorf("%w: more follows after the spec", ErrSyntax))
	}
	if !named {
		return p.unexpected("no member %q", "name")
	}
	if !genesis {
		return p.fail(ErrNoGenesis)
	}
	return nil
}

func (p *parser) chainType(s *Spec) error {
	raw, err := p.raw()
	if err != nil || raw == nil {
		return err
	}
	if json.Unmarshal(raw, &s.ChainType) == nil {
		return nil
	}
	var custom map[string]string
	if err := json.Unmarshal(raw, &custom); err != nil || len(custom) != 1 || custom["Custom"] == "" {
		return p.unexpected(`expected a name or {"Custom": name}, got %s`, shorten(string(raw)))
	}
	s.ChainType = custom["Custom"]
	return nil
}

func (p *parser) telemetry(s *Spec) error {
	var list [][]json.RawMessage
	if err := p.value(&list); err != nil {
		return err
	}
	for i, pair := range list {
		var t TelemetryEndpoint
		if len(pair) != 2 || json.Unmarshal(pair[0], &t.URL) != nil || json.Unmarshal(pair[1], &t.Verbosity) != nil {
			return p.unexpected("item %d: expected [url, verbosity]", i)
		}
		s.Telemetry = append(s.Telemetry, t)
	}
	return nil
}

func (p *parser) forkBlocks(s *Spec) error {
	raw, err := p.raw()
	if err != nil || raw == nil {
		return err
	}
	// Substrate writes a list of pairs; older files have an object from number to hash.
	var list [][]json.RawMessage
	if json.Unmarshal(raw, &list) != nil {
		var object map[string]json.RawMessage
		if json.Unmarshal(raw, &object) != nil {
			return p.unexpected("expected a list of [number, hash]")
		}
		for number, h := range object {
			list = append(list, []json.RawMessage{json.RawMessage(number), h})
		}
	}
	for i, pair := range list {
		var block ForkBlock
		var text string
		if len(pair) != 2 || json.Unmarshal(pair[0], &block.Number) != nil || json.Unmarshal(pair[1], &text) != nil {
			return p.unexpected("item %d: expected [number, hash]", i)
		}
		if block.Hash, err = parseHash(text); err != nil {
			return p.fail(fmt.Errorf("item %d: %w", i, err))
		}
		s.ForkBlocks = append(s.ForkBlocks, block)
	}
	slices.SortFunc(s.ForkBlocks, func(a, b ForkBlock) int {
		return cmp.Or(cmp.Compare(a.Number, b.Number), bytes.Compare(a.Hash[:], b.Hash[:]))
	})
	return nil
}

func (p *parser) codeSubstitutes(s *Spec) error {
	err := p.object(func(name string) error {
		number, err := strconv.ParseUint(name, 10, 64)
		if err != nil {
			return p.unexpected("expected a block number, got %q", shorten(name))
		}
		code, err := p.bytes()
		s.CodeSubstitutes = append(s.CodeSubstitutes, CodeSubstitute{Number: number, Code: code})
		return err
	})
	slices.SortFunc(s.CodeSubstitutes, func(a, b CodeSubstitute) int { return cmp.Compare(a.Number, b.Number) })
	return err
}

// parseHash reads 0x and 64 hex digits.
func parseHash(text string) (h hash.H256, err error) {
	raw, err := unhex(text)
	if err != nil {
		return h, err
	}
	if len(raw) != len(h) {
		return h, fmt.Errorf("%w: expected a hash of 32 bytes, got %d", ErrType, len(raw))
	}
	return hash.H256(raw), nil
}

func (p *parser) genesis(g *Genesis) error {
	var found bool
	err := p.object(func(name string) error {
		switch name {
		case "raw":
			found = true
			return p.rawGenesis(g)
		case "stateRootHash":
			found = true
			var text string
			if err := p.str(&text); err != nil {
				return err
			}
			root, err := parseHash(text)
			if err != nil {
				return p.fail(err)
			}
			g.StateRoot = &root
			return nil
		case "runtime", "runtimeGenesis", "runtimeAndCode":
			return p.fail(ErrPlainGenesis)
		}
		return p.unexpected("expected raw, stateRootHash or runtimeGenesis, got %q", shorten(name))
	})
	if err != nil {
		return err
	}
	if !found {
		return p.fail(ErrNoGenesis)
	}
	if g.StateRoot != nil && (g.Top.Len() > 0 || len(g.children) > 0) {
		return p.unexpected("both raw and stateRootHash")
	}
	return nil
}

func (p *parser) rawGenesis(g *Genesis) error {
	return p.object(func(name string) error {
		switch name {
		case "top":
			return p.entries(&g.Top, func(key []byte) error {
				if bytes.HasPrefix(key, []byte(childPrefix)) {
					return ErrChildKey
				}
				return nil
			})
		case "childrenDefault":
			return p.members(func(name string) error {
				child, err := unhex(name)
				if err != nil {
					return p.fail(err)
				}
				if _, ok := g.children[string(child)]; ok {
					return p.fail(ErrDuplicate)
				}
				return p.entries(g.Child(child), nil)
			})
		}
		return p.unexpected("expected top or childrenDefault, got %q", shorten(name))
	})
}

// entries reads an object of raw keys and values; check, where not nil, judges each key.
func (p *parser) entries(to *Entries, check func(key []byte) error) error {
	return p.members(func(name string) error {
		key, err := unhex(name)
		if err == nil && check != nil {
			err = check(key)
		}
		if err != nil {
			return p.fail(err)
		}
		if _, ok := to.Get(key); ok {
			return p.fail(ErrDuplicate)
		}
		value, err := p.bytes()
		if err != nil {
			return err
		}
		to.Set(key, value)
		return nil
	})
}
