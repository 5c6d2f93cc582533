package main

import (
	"go/ast"
	"go/token"
	"strings"
)

// directive is the text behind "//frame:name ".
type directive struct {
	text string
	pos  token.Pos
}

// directives are those of one comment, by name. A name that stands twice keeps its last text; known reports it.
type directives map[string]directive

const directivePrefix = "//frame:"

// directivesOf returns the directives of the comments, of which any may be nil.
func directivesOf(groups ...*ast.CommentGroup) directives {
	ds := make(directives)
	for _, group := range groups {
		if group == nil {
			continue
		}
		for _, c := range group.List {
			if rest, ok := strings.CutPrefix(c.Text, directivePrefix); ok {
				name, text, _ := strings.Cut(rest, " ")
				ds[name] = directive{strings.TrimSpace(text), c.Pos()}
			}
		}
	}
	return ds
}

func (ds directives) has(name string) bool {
	_, ok := ds[name]
	return ok
}

// declaresCodec tells whether a type with these directives has a codec that is generated.
func (ds directives) declaresCodec() bool {
	return ds.has("type") || ds.has("tuple") || ds.has("enum") || ds.has("compact") || ds.has("bound")
}

// typeDirectives returns the directives of all types that have any.
func typeDirectives(files []*ast.File) map[string]directives {
	found := make(map[string]directives)
	eachType(files, func(spec *ast.TypeSpec, doc *ast.CommentGroup) {
		if ds := directivesOf(doc); len(ds) > 0 {
			found[spec.Name.Name] = ds
		}
	})
	return found
}

// eachType visits the type declarations of files in order.
func eachType(files []*ast.File, visit func(spec *ast.TypeSpec, doc *ast.CommentGroup)) {
	for _, file := range files {
		for _, decl := range file.Decls {
			gen, ok := decl.(*ast.GenDecl)
			if !ok || gen.Tok != token.TYPE {
				continue
			}
			for _, spec := range gen.Specs {
				spec := spec.(*ast.TypeSpec)
				doc := spec.Doc
				if doc == nil && !gen.Lparen.IsValid() {
					doc = gen.Doc
				}
				visit(spec, doc)
			}
		}
	}
}

// docs returns a comment as Rust's documentation comments stand in metadata: a string for each line, with the space that follows the
// slashes; directives are no part of it.
func docs(group *ast.CommentGroup) (lines []string) {
	if group == nil {
		return nil
	}
	text := strings.TrimRight(group.Text(), "\n")
	if text == "" {
		return nil
	}
	for _, line := range strings.Split(text, "\n") {
		if line != "" {
			line = " " + line
		}
		lines = append(lines, line)
	}
	return lines
}

// docsWithout returns docs without the name and colon with which a Go comment may begin, as wallets show the name already: "Added: an
// account has counted." becomes " An account has counted."
func docsWithout(group *ast.CommentGroup, name string) []string {
	lines := docs(group)
	if len(lines) == 0 {
		return nil
	}
	if rest, ok := strings.CutPrefix(lines[0], " "+name+": "); ok {
		lines[0] = " " + upperFirst(rest)
	}
	return lines
}

// snake returns a Go name in snake_case: NewFree is new_free, IPType ip_type, netUIDs net_uids.
func snake(name string) string {
	upper := func(i int) bool { return i < len(name) && name[i] >= 'A' && name[i] <= 'Z' }
	lower := func(i int) bool { return i < len(name) && name[i] >= 'a' && name[i] <= 'z' }
	var out []byte
	for i := range len(name) {
		if !upper(i) {
			out = append(out, name[i])
			continue
		}
		plural := i+1 < len(name) && name[i+1] == 's' && !lower(i+2) // the s of IDs belongs to the capitals
		if i > 0 && name[i-1] != '_' && (!upper(i-1) || lower(i+1) && !plural) {
			out = append(out, '_')
		}
		out = append(out, name[i]+'a'-'A')
	}
	return string(out)
}

// pairs splits "a=T::Balance, b=Vec<(A, B)>" into names and texts: a comma that no "name=" follows belongs to the text.
func pairs(text string) (names, texts []string, ok bool) {
	for _, part := range strings.Split(text, ",") {
		name, value, found := strings.Cut(part, "=")
		name = strings.TrimSpace(name)
		if found && token.IsIdentifier(name) {
			names = append(names, name)
			texts = append(texts, strings.TrimSpace(value))
			continue
		}
		if len(texts) == 0 {
			return nil, nil, false
		}
		texts[len(texts)-1] += "," + part
	}
	return names, texts, true
}

// topLevel splits text at the commas that stand in no bracket.
func topLevel(text string) (parts []string) {
	depth, start := 0, 0
	for i := range len(text) {
		switch text[i] {
		case '<', '[', '(', '{':
			depth++
		case '>', ']', ')', '}':
			depth--
		case ',':
			if depth == 0 {
				parts = append(parts, strings.TrimSpace(text[start:i]))
				start = i + 1
			}
		}
	}
	return append(parts, strings.TrimSpace(text[start:]))
}
