package chainspec

import (
	"bufio"
	"bytes"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"slices"
	"strconv"
)

// Write writes the spec in the form that [Parse] reads and that other clients do: the genesis in the form that it has. The bytes depend on
// the spec alone: entries stand in the order of their keys. Errors are those of w; a settings value that is no JSON is one of encoding/json's.
func (s *Spec) Write(w io.Writer) error {
	out := bufio.NewWriterSize(w, 64<<10)
	settings, err := s.settings()
	if err != nil {
		return fmt.Errorf("write chain spec: %w", err)
	}
	if plain := s.Genesis.Plain; plain != nil && !json.Valid(plain.Config) {
		return fmt.Errorf("write chain spec: genesis configuration: %w", ErrSyntax)
	}
	// bufio keeps the first error, which Flush returns.
	out.WriteString("{\n")
	for _, member := range settings {
		fmt.Fprintf(out, "  %s: %s,\n", quote(member.name), member.value)
	}
	if len(s.CodeSubstitutes) > 0 {
		out.WriteString(`  "codeSubstitutes": {`)
		for i, c := range s.CodeSubstitutes {
			separate(out, i, "    ")
			writePair(out, quote(strconv.FormatUint(c.Number, 10)), c.Code)
		}
		out.WriteString("\n  },\n")
	}
	out.WriteString(`  "genesis": `)
	s.Genesis.write(out)
	out.WriteString("\n}\n")
	if err := out.Flush(); err != nil {
		return fmt.Errorf("write chain spec: %w", err)
	}
	return nil
}

// member is a member of the file's object, its value as JSON.
type member struct {
	name  string
	value json.RawMessage
}

// settings are the members besides genesis and code substitutes, in Substrate's order.
func (s *Spec) settings() (out []member, err error) {
	add := func(name string, value any) {
		raw, e := json.Marshal(value)
		if e != nil && err == nil {
			err = fmt.Errorf("%s: %w", name, e)
		}
		out = append(out, member{name, raw})
	}
	add("name", s.Name)
	add("id", s.ID)
	add("chainType", s.ChainType)
	add("bootNodes", append([]string{}, s.BootNodes...))
	endpoints := make([][2]any, len(s.Telemetry))
	for i, t := range s.Telemetry {
		endpoints[i] = [2]any{t.URL, t.Verbosity}
	}
	add("telemetryEndpoints", endpoints)
	if s.ProtocolID != "" {
		add("protocolId", s.ProtocolID)
	}
	if s.ForkID != "" {
		add("forkId", s.ForkID)
	}
	if s.Properties != nil {
		add("properties", s.Properties)
	}
	if s.ForkBlocks != nil {
		blocks := make([][2]any, len(s.ForkBlocks))
		for i, b := range s.ForkBlocks {
			blocks[i] = [2]any{b.Number, b.Hash.String()}
		}
		add("forkBlocks", blocks)
	}
	if s.BadBlocks != nil {
		blocks := make([]string, len(s.BadBlocks))
		for i, b := range s.BadBlocks {
			blocks[i] = b.String()
		}
		add("badBlocks", blocks)
	}
	if s.LightSyncState != nil {
		add("lightSyncState", s.LightSyncState)
	}
	for _, name := range slices.Sorted(maps.Keys(s.Extensions)) {
		add(name, s.Extensions[name])
	}
	return out, err
}

func (g *Genesis) write(out *bufio.Writer) {
	if g.StateRoot != nil {
		fmt.Fprintf(out, `{"stateRootHash": "%s"}`, g.StateRoot)
		return
	}
	if g.Plain != nil {
		out.WriteString("{\"runtimeGenesis\": {\n    ")
		writePair(out, `"code"`, g.Plain.Code)
		form := "config"
		if g.Plain.Patch {
			form = "patch"
		}
		fmt.Fprintf(out, ",\n    %q: ", form)
		// A configuration that is no JSON was refused before the first byte went out.
		var pretty bytes.Buffer
		if err := json.Indent(&pretty, g.Plain.Config, "    ", "  "); err != nil {
			panic("BUG: a genesis configuration is no JSON: " + err.Error())
		}
		out.Write(pretty.Bytes())
		out.WriteString("\n  }}")
		return
	}
	out.WriteString("{\"raw\": {\n    \"top\": ")
	g.Top.write(out)
	out.WriteString(",\n    \"childrenDefault\": {")
	n := 0
	for _, key := range slices.Sorted(maps.Keys(g.children)) {
		if child := g.children[key]; child.Len() > 0 {
			separate(out, n, "    ")
			fmt.Fprintf(out, `"0x%x": `, key)
			child.write(out)
			n++
		}
	}
	out.WriteString("}\n  }}")
}

func (e *Entries) write(out *bufio.Writer) {
	out.WriteString("{")
	n := 0
	for key, value := range e.All() {
		separate(out, n, "      ")
		writePair(out, `"0x`+hex.EncodeToString(key)+`"`, value)
		n++
	}
	out.WriteString("}")
}

// writePair writes a quoted name and a value in hex, without the text of a runtime ever being whole in memory.
func writePair(out *bufio.Writer, name string, value []byte) {
	out.WriteString(name)
	out.WriteString(`: "0x`)
	hex.NewEncoder(out).Write(value)
	out.WriteString(`"`)
}

// separate begins element i of a list of members.
func separate(out *bufio.Writer, i int, indent string) {
	if i > 0 {
		out.WriteString(",")
	}
	out.WriteString("\n" + indent)
}

func quote(text string) string {
	raw, err := json.Marshal(text)
	if err != nil {
		panic("BUG: a string has no JSON: " + err.Error())
	}
	return string(raw)
}
