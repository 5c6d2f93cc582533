package lint

import (
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"unicode"
)

var (
	inlineLink = regexp.MustCompile(`\[[^\]]*\]\(([^)\s]+)(?:\s+"[^"]*")?\)`)
	inlineCode = regexp.MustCompile("`[^`]*`")
	heading    = regexp.MustCompile(`^#{1,6}\s+(.*?)\s*#*$`)
)

// document is a Markdown file without its code blocks.
type document struct {
	lines   []string // text lines, code blocks blanked
	anchors []string
	blocks  []block
}

// block is a code block with its language.
type block struct {
	lang  string
	line  int
	lines []string
}

func parseMarkdown(text string) document {
	var doc document
	var open *block
	for i, line := range strings.Split(text, "\n") {
		if fence, ok := strings.CutPrefix(strings.TrimSpace(line), "```"); ok {
			if open == nil {
				open = &block{lang: strings.TrimSpace(fence), line: i + 1}
			} else {
				doc.blocks = append(doc.blocks, *open)
				open = nil
			}
			doc.lines = append(doc.lines, "")
			continue
		}
		if open != nil {
			open.lines = append(open.lines, line)
			doc.lines = append(doc.lines, "")
			continue
		}
		doc.lines = append(doc.lines, line)
		if m := heading.FindStringSubmatch(line); m != nil {
			doc.anchors = append(doc.anchors, slug(m[1]))
		}
	}
	return doc
}

// slug is the anchor that hosts of Git repositories give to a heading.
func slug(title string) string {
	var b strings.Builder
	for _, r := range strings.ToLower(title) {
		switch {
		case unicode.IsLetter(r), unicode.IsDigit(r), r == '-', r == '_':
			b.WriteRune(r)
		case r == ' ':
			b.WriteByte('-')
		}
	}
	return b.String()
}

// badLinks returns the links of a document that lead nowhere. read returns a file by its path below the module; directories are "".
func badLinks(name, text string, read func(path string) (string, bool)) []string {
	var bad []string
	for _, line := range parseMarkdown(text).lines {
		for _, m := range inlineLink.FindAllStringSubmatch(inlineCode.ReplaceAllString(line, ""), -1) {
			link := m[1]
			if strings.Contains(link, "://") || strings.HasPrefix(link, "mailto:") {
				continue
			}
			path, anchor, _ := strings.Cut(link, "#")
			target, content := name, text
			if path != "" {
				target = filepath.ToSlash(filepath.Join(filepath.Dir(name), path))
				var ok bool
				if content, ok = read(target); !ok {
					bad = append(bad, link+": no such file")
					continue
				}
			}
			if anchor != "" && strings.HasSuffix(target, ".md") && !slices.Contains(parseMarkdown(content).anchors, anchor) {
				bad = append(bad, link+": no such heading")
			}
		}
	}
	return bad
}

func readFile(path string) (string, bool) {
	full := filepath.Join(root(), path)
	if info, err := os.Stat(full); err != nil {
		return "", false
	} else if info.IsDir() {
		return "", true
	}
	data, err := os.ReadFile(full)
	return string(data), err == nil
}

// TestLinks: links between the documents of the repository lead somewhere.
func TestLinks(t *testing.T) {
	for _, name := range files(t, ".md") {
		text, ok := readFile(name)
		if !ok {
			continue
		}
		for _, bad := range badLinks(name, text, readFile) {
			t.Errorf("%s: link to %s", name, bad)
		}
	}
}

func TestBadLinks(t *testing.T) {
	text := "# A *title*, here\n[ok](b.md) [ok](b.md#part-2) [ok](#a-title-here) [ok](https://x.example/y)\n" +
		"[gone](c.md) [no part](b.md#part-3) `[code](d.md)`\n```\n[block](e.md)\n```\n[up](../docs/b.md)"
	got := badLinks("docs/a.md", text, func(path string) (string, bool) {
		return "## Part 2\n", path == "docs/b.md"
	})
	if want := []string{"c.md: no such file", "b.md#part-3: no such heading"}; !slices.Equal(got, want) {
		t.Errorf("got %q, want %q", got, want)
	}
}

// shown returns the commands of the code blocks that show a session: lines that begin with "$ ".
func shown(text string) []string {
	var commands []string
	for _, b := range parseMarkdown(text).blocks {
		for _, line := range b.lines {
			if command, ok := strings.CutPrefix(line, "$ "); ok {
				command, _, _ = strings.Cut(command, "  #")
				commands = append(commands, strings.TrimSpace(command))
			}
		}
	}
	return commands
}

// printed returns the lines of output that the sessions of a document show.
func printed(text string) []string {
	var lines []string
	for _, b := range parseMarkdown(text).blocks {
		if b.lang != "console" {
			continue
		}
		for _, line := range b.lines {
			if !strings.HasPrefix(line, "$ ") && strings.TrimSpace(line) != "" {
				lines = append(lines, line)
			}
		}
	}
	return lines
}

// runs reports whether a script contains the command as a line, in the script's own spelling.
func runs(script, command string) bool {
	for line := range strings.SplitSeq(script, "\n") {
		line = strings.TrimSpace(line)
		for _, prefix := range []string{"exec ", "! exec ", "stdin "} {
			line = strings.TrimPrefix(line, prefix)
		}
		if line == command {
			return true
		}
	}
	return false
}

// sessions are the documents whose commands are run.
var sessions = []string{"README.md", "docs/node.md", "docs/store.md", "docs/runtime.md"}

// elsewhere are commands of these that neither a script of cmd/gotensor nor CI can run as they stand.
var elsewhere = map[string]string{
	"git clone https://github.com/gotensor/gotensor && cd gotensor": "is where the reader starts; CI begins in a clone",
	"make check": "is CI itself",
	"make test":  "runs go test ./..., as CI does",
}

// TestReadmeCommands: what the README and the other sessions show was run. Commands of gotensor stand, word for word, in a script below
// cmd/gotensor/testdata; the others stand in .ci/run.
func TestReadmeCommands(t *testing.T) {
	var scripts strings.Builder
	for _, name := range files(t, ".txt") {
		if under(name, "cmd/gotensor/testdata") {
			text, _ := readFile(name)
			scripts.WriteString(text + "\n")
		}
	}
	ci, _ := readFile(".ci/run")
	excuse := newExcuses(elsewhere)
	for _, name := range sessions {
		text, ok := readFile(name)
		if !ok {
			t.Errorf("no %s", name)
			continue
		}
		commands := shown(text)
		if len(commands) == 0 {
			t.Errorf("%s shows no commands (lines that begin with \"$ \" in code blocks)", name)
		}
		for _, command := range commands {
			plain := strings.Replace(command, "bin/gotensor", "gotensor", 1)
			if !runs(scripts.String(), plain) && !runs(ci, command) && !excuse.has(command) {
				t.Errorf("%s shows %q, which no test runs: put it into a script below cmd/gotensor/testdata or into .ci/run", name, command)
			}
		}
		for _, line := range printed(text) {
			if !strings.Contains(scripts.String(), "\n"+line+"\n") {
				t.Errorf("%s shows the output %q, which no script below cmd/gotensor/testdata expects", name, line)
			}
		}
	}
	excuse.finish(t)
}

func TestShown(t *testing.T) {
	got := shown("text\n$ not this\n```console\n$ gotensor version  # prints it\ngotensor 1\n$ make test\n```\n")
	if want := []string{"gotensor version", "make test"}; !slices.Equal(got, want) {
		t.Errorf("got %q, want %q", got, want)
	}
	if !runs("# x\n exec gotensor version\n", "gotensor version") || runs("exec gotensor version --json", "gotensor version") {
		t.Error("runs compares whole lines")
	}
}

// outsideLiteral is a path below the folder of outside files, as tests write it.
var outsideLiteral = regexp.MustCompile(`"((?:opentensor|smol-dot|ChainSafe|LimeChain|w3f|paritytech|polkadot-js)/[A-Za-z0-9._-]+/[^"]*)"`)

// TestOutsideFiles: the page about outside files lists all that tests ask for.
func TestOutsideFiles(t *testing.T) {
	page, ok := readFile("docs/outside-files.md")
	if !ok {
		t.Fatal("no docs/outside-files.md")
	}
	var found int
	for _, name := range files(t, "_test.go") {
		text, _ := readFile(name)
		if under(name, "internal/lint") || !strings.Contains(text, "internal/outside") {
			continue
		}
		for _, m := range outsideLiteral.FindAllStringSubmatch(text, -1) {
			found++
			// A path that goes on in the code stands on the page with what follows.
			if !strings.Contains(page, m[1]) {
				t.Errorf("%s reads %s, which docs/outside-files.md does not list", name, m[1])
			}
		}
	}
	if found == 0 {
		t.Error("no test names an outside file")
	}
}
