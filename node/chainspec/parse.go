package chainspec

import (
	"bytes"
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math"
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
	spec := &Spec{ChainType: "Live"}
	if err := newParser(r, MaxSize).spec(spec); err != nil {
		return nil, err
	}
	return spec, nil
}

// limitedReader fails with ErrTooLarge, where io.LimitReader would feign the end of the file.
type limitedReader struct {
	r       io.Reader
	read    int64
	max     int64
	ceiling int64 // where the settings end at the latest; math.MaxInt64 while no settings are read
	config  int64 // where the genesis configuration ends at the latest; math.MaxInt64 while none is read
	err     error // first error of r other than io.EOF
}

func (l *limitedReader) Read(b []byte) (int, error) {
	if l.read >= l.max {
		l.err = ErrTooLarge
		return 0, ErrTooLarge
	}
	// The parser asks for more where all that was read before is used, or belongs to the value in hand.
	if l.read >= l.ceiling {
		l.err = ErrSettings
		return 0, ErrSettings
	}
	if l.read >= l.config {
		l.err = ErrLargeConfig
		return 0, ErrLargeConfig
	}
	if int64(len(b)) > l.max-l.read {
		b = b[:l.max-l.read]
	}
	n, err := l.r.Read(b)
	l.read += int64(n)
	if err != nil && err != io.EOF {
		l.err = err
	}
	return n, err
}

// parser reads the file token by token. What is neither raw genesis nor code to substitute, the settings, has a budget of
// [MaxSettings]: every byte of it counts, and every element and member another elementSize, so that many small values cannot take
// many times the memory of their text.
type parser struct {
	dec  *json.Decoder
	in   *limitedReader
	path []string // members down to the present place

	ceiling int64 // offset where the budget ends, if nothing but settings follows
	apart   bool  // the present place is outside of the settings
	began   int64 // offset where it left them
}

// elementSize is about what an element costs in memory beyond its text.
const elementSize = 128

func newParser(r io.Reader, max int64) *parser {
	in := &limitedReader{r: r, max: max, ceiling: MaxSettings, config: math.MaxInt64}
	p := &parser{dec: json.NewDecoder(in), in: in, ceiling: MaxSettings}
	p.dec.UseNumber()
	return p
}

// outside runs read for a value that is not among the settings.
func (p *parser) outside(read func() error) error {
	p.apart, p.began = true, p.dec.InputOffset()
	p.in.ceiling = math.MaxInt64
	if err := read(); err != nil {
		return err
	}
	p.ceiling += p.dec.InputOffset() - p.began
	p.apart, p.in.ceiling = false, p.ceiling
	return nil
}

// count takes an element off the budget.
func (p *parser) count() error {
	p.ceiling -= elementSize
	if !p.apart {
		p.in.ceiling = p.ceiling
	}
	return p.within()
}

// within reports whether the budget lasts.
func (p *parser) within() error {
	offset := p.began
	if !p.apart {
		offset = p.dec.InputOffset()
	}
	if offset > p.ceiling {
		return p.fail(ErrSettings)
	}
	return nil
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
	return p.fail(fmt.Errorf("%w: %v", ErrSyntax, err))
}

func (p *parser) token() (json.Token, error) {
	tok, err := p.dec.Token()
	if err != nil {
		return nil, p.broken(err)
	}
	return tok, p.within()
}

// object reads an object or null and calls member for each of its members, with the decoder before the value. Members that stand
// twice are refused. It serves the settings; those with names that differ in writing alone are for member to find.
func (p *parser) object(member func(name string) error) error {
	tok, err := p.token()
	if err != nil || tok == nil {
		return err
	}
	return p.objectAfter(tok, member)
}

// objectAfter is object where its first token was read.
func (p *parser) objectAfter(tok json.Token, member func(name string) error) error {
	names := make(map[string]bool)
	return p.membersAfter(tok, func(name string) error {
		if names[name] {
			return p.fail(ErrDuplicate)
		}
		names[name] = true
		if err := p.count(); err != nil {
			return err
		}
		return member(name)
	})
}

// members reads an object, without a check for doubles: its reader finds them itself.
func (p *parser) members(member func(name string) error) error {
	tok, err := p.token()
	if err != nil {
		return err
	}
	return p.membersAfter(tok, member)
}

// membersAfter is members where its first token was read.
func (p *parser) membersAfter(tok json.Token, member func(name string) error) error {
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
	_, err := p.token()
	return err
}

// list reads a list or null and calls item for each of its items, with the decoder before it.
func (p *parser) list(item func(i int) error) error {
	tok, err := p.token()
	if err != nil || tok == nil {
		return err
	}
	return p.listAfter(tok, item)
}

// listAfter is list where its first token was read.
func (p *parser) listAfter(tok json.Token, item func(i int) error) error {
	if tok != json.Delim('[') {
		return p.unexpected("expected a list, got %s", show(tok))
	}
	for i := 0; p.dec.More(); i++ {
		if err := p.count(); err != nil {
			return err
		}
		if err := item(i); err != nil {
			return err
		}
	}
	_, err := p.token()
	return err
}

// pair reads item i of a list: a list of two values that are neither objects nor lists. form says what was expected.
func (p *parser) pair(i int, form string) (first, second json.Token, err error) {
	var toks [4]json.Token
	for n := range toks {
		if toks[n], err = p.token(); err != nil {
			return nil, nil, err
		}
		ok := false
		switch _, delim := toks[n].(json.Delim); n {
		case 0:
			ok = toks[n] == json.Delim('[')
		case 3:
			ok = toks[n] == json.Delim(']')
		default:
			ok = !delim
		}
		if !ok {
			return nil, nil, p.unexpected("item %d: expected %s", i, form)
		}
	}
	return toks[1], toks[2], nil
}

// number reads a JSON number, or the digits in a string, as a whole number without leading zeros.
func number(digits string, bits int) (uint64, bool) {
	n, err := strconv.ParseUint(digits, 10, bits)
	return n, err == nil && (digits[0] != '0' || len(digits) == 1)
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
	if err := p.dec.Decode(&raw); err != nil {
		return nil, p.broken(err)
	}
	if err := p.within(); err != nil {
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
			return p.list(func(i int) error {
				address, err := p.item(i)
				s.BootNodes = append(s.BootNodes, address)
				return err
			})
		case "telemetryEndpoints":
			return p.telemetry(s)
		case "protocolId":
			return p.str(&s.ProtocolID)
		case "forkId":
			return p.str(&s.ForkID)
		case "properties":
			return p.properties(s)
		case "forkBlocks":
			return p.forkBlocks(s)
		case "badBlocks":
			return p.list(func(i int) error {
				text, err := p.item(i)
				if err != nil {
					return err
				}
				h, err := parseHash(text)
				if err != nil {
					return p.fail(fmt.Errorf("item %d: %w", i, err))
				}
				s.BadBlocks = append(s.BadBlocks, h)
				return nil
			})
		case "codeSubstitutes":
			return p.outside(func() error { return p.codeSubstitutes(s) })
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

// item reads item i of a list, a string.
func (p *parser) item(i int) (string, error) {
	tok, err := p.token()
	if err != nil {
		return "", err
	}
	text, ok := tok.(string)
	if !ok {
		return "", p.unexpected("item %d: expected a string, got %s", i, show(tok))
	}
	return text, nil
}

func (p *parser) chainType(s *Spec) error {
	tok, err := p.token()
	if err != nil || tok == nil {
		return err
	}
	if name, ok := tok.(string); ok {
		s.ChainType = name
		return nil
	}
	custom := ""
	err = p.objectAfter(tok, func(name string) error {
		if name != "Custom" {
			return p.unexpected(`expected {"Custom": name}, got %q`, shorten(name))
		}
		return p.str(&custom)
	})
	if err == nil && custom == "" {
		return p.unexpected(`expected a name or {"Custom": name}`)
	}
	s.ChainType = custom
	return err
}

func (p *parser) properties(s *Spec) error {
	return p.object(func(name string) error {
		raw, err := p.raw()
		if err != nil {
			return err
		}
		if raw == nil {
			raw = json.RawMessage("null")
		}
		if s.Properties == nil {
			s.Properties = make(map[string]json.RawMessage)
		}
		s.Properties[name] = raw
		return nil
	})
}

func (p *parser) telemetry(s *Spec) error {
	const form = "[url, verbosity]"
	return p.list(func(i int) error {
		first, second, err := p.pair(i, form)
		if err != nil {
			return err
		}
		url, isText := first.(string)
		digits, _ := second.(json.Number)
		verbosity, ok := number(digits.String(), 8)
		if !isText || !ok {
			return p.unexpected("item %d: expected %s", i, form)
		}
		s.Telemetry = append(s.Telemetry, TelemetryEndpoint{url, uint8(verbosity)})
		return nil
	})
}

// forkBlocks reads a list of pairs, which Substrate writes, or an object from number to hash, as in older files.
func (p *parser) forkBlocks(s *Spec) error {
	const form = "[number, hash]"
	tok, err := p.token()
	if err != nil || tok == nil {
		return err
	}
	add := func(digits, text string, i int) error {
		n, ok := number(digits, 64)
		if !ok {
			return p.unexpected("item %d: expected a block number, got %q", i, shorten(digits))
		}
		h, err := parseHash(text)
		if err != nil {
			return p.fail(fmt.Errorf("item %d: %w", i, err))
		}
		s.ForkBlocks = append(s.ForkBlocks, ForkBlock{n, h})
		return nil
	}
	switch tok {
	case json.Delim('{'):
		err = p.objectAfter(tok, func(name string) error {
			var text string
			if err := p.str(&text); err != nil {
				return err
			}
			return add(name, text, len(s.ForkBlocks))
		})
	case json.Delim('['):
		err = p.listAfter(tok, func(i int) error {
			first, second, err := p.pair(i, form)
			if err != nil {
				return err
			}
			digits, isNumber := first.(json.Number)
			text, isText := second.(string)
			if !isNumber || !isText {
				return p.unexpected("item %d: expected %s", i, form)
			}
			return add(digits.String(), text, i)
		})
	default:
		return p.unexpected("expected a list of %s, got %s", form, show(tok))
	}
	if err != nil {
		return err
	}
	slices.SortFunc(s.ForkBlocks, func(a, b ForkBlock) int { return cmp.Compare(a.Number, b.Number) })
	for i := 1; i < len(s.ForkBlocks); i++ {
		if n := s.ForkBlocks[i].Number; n == s.ForkBlocks[i-1].Number {
			return p.fail(fmt.Errorf("block %d: %w", n, ErrDuplicate))
		}
	}
	return nil
}

// codeSubstitutes reads an object from number to code. Numbers have one form, so that equal ones are the same name.
func (p *parser) codeSubstitutes(s *Spec) error {
	err := p.object(func(name string) error {
		n, ok := number(name, 64)
		if !ok {
			return p.unexpected("expected a block number, got %q", shorten(name))
		}
		code, err := p.bytes()
		s.CodeSubstitutes = append(s.CodeSubstitutes, CodeSubstitute{Number: n, Code: code})
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
	var raw bool
	err := p.object(func(name string) error {
		switch name {
		case "raw":
			raw = true
			return p.outside(func() error { return p.rawGenesis(g) })
		case "stateRootHash":
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
		case "runtimeGenesis":
			return p.outside(func() error { return p.plainGenesis(g) })
		case "runtime", "runtimeAndCode":
			return p.fail(ErrNativeGenesis)
		}
		return p.unexpected("expected raw, runtimeGenesis or stateRootHash, got %q", shorten(name))
	})
	if err != nil {
		return err
	}
	forms := 0
	for _, given := range []bool{raw, g.StateRoot != nil, g.Plain != nil} {
		if given {
			forms++
		}
	}
	switch forms {
	case 0:
		return p.fail(ErrNoGenesis)
	case 1:
		return nil
	}
	return p.unexpected("several of raw, runtimeGenesis and stateRootHash")
}

// plainGenesis reads an object of code and either config or patch.
func (p *parser) plainGenesis(g *Genesis) error {
	g.Plain = new(Plain)
	var code, config bool
	err := p.members(func(name string) (err error) {
		switch name {
		case "code":
			if code {
				return p.fail(ErrDuplicate)
			}
			code = true
			g.Plain.Code, err = p.bytes()
			return err
		case "config", "patch":
			if config {
				return p.unexpected("one configuration is there already")
			}
			config = true
			g.Plain.Patch = name == "patch"
			p.in.config = p.in.read + MaxConfig
			defer func() { p.in.config = math.MaxInt64 }()
			if g.Plain.Config, err = p.raw(); err == nil && len(g.Plain.Config) > MaxConfig {
				return p.fail(ErrLargeConfig)
			}
			return err
		}
		return p.unexpected("expected code, config or patch, got %q", shorten(name))
	})
	switch {
	case err != nil:
		return err
	case !config:
		return p.unexpected("no member %q or %q", "config", "patch")
	case g.Plain.Config == nil:
		g.Plain.Config = json.RawMessage("null")
	}
	return nil
}

// rawGenesis reads an object of top and childrenDefault, both of which Substrate asks for. A spec without one of them is
// no chain of that state but a file that lost something.
func (p *parser) rawGenesis(g *Genesis) error {
	var top, children bool
	err := p.members(func(name string) error {
		switch name {
		case "top":
			if top {
				return p.fail(ErrDuplicate)
			}
			top = true
			return p.entries(&g.Top, func(key []byte) error {
				if bytes.HasPrefix(key, []byte(childPrefix)) {
					return ErrChildKey
				}
				return nil
			})
		case "childrenDefault":
			if children {
				return p.fail(ErrDuplicate)
			}
			children = true
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
	switch {
	case err != nil:
		return err
	case !top:
		return p.unexpected("no member %q", "top")
	case !children:
		return p.unexpected("no member %q", "childrenDefault")
	}
	return nil
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
